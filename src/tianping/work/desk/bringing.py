"""An order that the facts know comes to the desk when somebody asks for a case of it."""

import datetime as dt
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from tianping.cases.case import Act, Case, Doer
from tianping.errors import NotFound
from tianping.store import versions
from tianping.store.desk import cases
from tianping.work.desk.shops import learn
from tianping.work.desk.sitting import ORDER, Desk, sitting
from tianping.work.home import Home, facts

_ORDER = """
    SELECT o.*, s.platform, s.timezone, p.standard, p.virtual, p.seven_days, p.three_guarantees, p.durable, p.price_fen,
        q.shipped_at, q.signed_at, coalesce(r.refunded_fen, 0) AS refunded_fen
    FROM facts.orders o
    JOIN facts.shops s USING (shop_id)
    LEFT JOIN facts.products p ON p.product_id = o.product_id
    LEFT JOIN (
        SELECT order_id, min(shipped_at) AS shipped_at,
            CASE WHEN count(*) = count(signed_at) THEN max(signed_at) END AS signed_at
        FROM facts.parcels WHERE order_id = $id AND direction IS DISTINCT FROM 'back' GROUP BY order_id
    ) q USING (order_id)
    LEFT JOIN (
        SELECT order_id, sum(coalesce(refund_fen, 0) + coalesce(freight_fen, 0)) AS refunded_fen
        FROM facts.cases WHERE order_id = $id AND outcome = 'refunded' GROUP BY order_id
    ) r USING (order_id)
    WHERE o.order_id = $id
"""
_GIVEN = (
    "product_id", "buyer_id", "amount_fen", "created_at", "quantity", "freight_fen", "channel", "region", "price_fen",
    "paid_at", "promised_ship_at", "shipped_at", "signed_at", "succeeded_at", "presale", "cod", "risk_flagged", "standard",
    "virtual", "seven_days", "three_guarantees", "durable",
)  # fmt: skip
_SYSTEM = Doer("system", None, "facts")


def order_of(home: Home, desk: Desk, order_id: str, at: dt.datetime) -> Case:
    """The order at the desk, brought from the facts where it is not there yet. What has been refunded elsewhere is noted on it.
    Raises NotFound where nobody knows it; CaseRefused where somebody else has just brought it."""
    with desk.database.connect() as connection:
        there = cases.load(connection, [ORDER + order_id]).get(ORDER + order_id)
    if there:
        return there
    known = _required(home, order_id)
    learn(home, known["shop_id"], at)
    return _brought(desk, known, order_id, at)


def shop_of(home: Home, order_id: str) -> str:
    """The shop of an order, by the facts. Raises NotFound where they do not know it."""
    return str(_required(home, order_id)["shop_id"])


def _required(home: Home, order_id: str) -> Mapping[str, Any]:
    known = _known(home, versions.newest(home.database), order_id)
    if known is None:
        raise NotFound(f'there is no order "{order_id}": neither at the desk nor in the facts; import it, or place it first')
    return known


@lru_cache(maxsize=64)
def _known(home: Home, _seq: int, order_id: str) -> Mapping[str, Any] | None:
    """The order as of the version `_seq`, the newest. Opening the facts takes 35 to 95 ms, and who asks for an unknown one asks
    again."""
    con, _ = facts(home)
    with con:
        cursor = con.execute(_ORDER, {"id": order_id})
        names = [column[0] for column in cursor.description or ()]
        found = cursor.fetchone()
    return dict(zip(names, found, strict=True)) if found else None


def _brought(desk: Desk, known: Mapping[str, Any], order_id: str, at: dt.datetime) -> Case:
    given = {name: known[name] for name in _GIVEN if known[name] is not None}
    given |= {"amount_fen": known["amount_fen"] or 0, "brought": True}
    given |= {"purchase_id": known["parent_id"]} if known["parent_id"] else {}
    with sitting(desk, at) as sat:
        placed = sat.open(
            "order", Act("place", _SYSTEM, given),
            platform=known["platform"], shop_id=known["shop_id"], order_id=order_id, id_=ORDER + order_id,
            **({"zone": known["timezone"]} if known["timezone"] else {}),
        ).after  # fmt: skip
        refunded = min(int(known["refunded_fen"]), sat.known(placed).get("order.left_fen") or 0)
        if refunded:
            sat.act(placed.id, Act("promise_refund", _SYSTEM, {"fen": refunded}, "refunded before it came to the desk"))
        return sat.cases[placed.id]
