"""Orders and cases for tests, with as few words as possible. Instants are naive UTC; T is a Friday, 16:00 in Shanghai."""

import datetime as dt
from typing import Any

from tianping.cases.case import Act, Case, Doer, Event
from tianping.policy.cases.flowing import Actor
from tianping.store.desk import cases
from tianping.work.desk import sitting as desks
from tianping.work.desk.sitting import CaseRefused, Desk, sitting

T = dt.datetime(2024, 3, 1, 8)
SECOND = dt.timedelta(seconds=1)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
REFUSAL = {"refusal_reason": "used", "talk": "called on Friday", "refusal_evidence": "photo 1"}
"""What a merchant needs to refuse what was not shipped, or was signed for (KS-W19)."""
SHIPPED_REFUSAL = {**REFUSAL, "intercept": "asked the carrier", "intercept_failure": "out for delivery"}
"""The same of a refund while the parcel is on its way."""


def order(
    desk: Desk, at: dt.datetime = T, *, id_: str = "O1", platform: str = "kuaishou", shop: str = "S1", **facts: Any
) -> Case:
    """An order of ¥50.00, paid at `at` unless `paid_at=None`."""
    given = {"product_id": "P1", "buyer_id": "B1", "amount_fen": 5_000, "created_at": at, "paid_at": at, **facts}
    placed = Act("place", Doer("buyer"), {name: value for name, value in given.items() if value is not None})
    with sitting(desk, at) as sat:
        return sat.open("order", placed, platform=platform, shop_id=shop, order_id=id_, id_=f"order/{id_}").after


def ask(
    desk: Desk,
    kind: str = "refund_only",
    at: dt.datetime = T,
    *,
    of: str = "O1",
    verb: str = "request",
    by: Actor = "buyer",
    **takes: Any,
) -> Case:
    """A case of an order, ¥30.00 because of quality unless said otherwise, of one item of several (at most what that costs)."""
    case = read(desk, f"order/{of}")
    bought = case.facts.get("quantity") or 1
    one = 1 if kind != "refund_only" and bought > 1 else None
    fen = min(3_000, case.facts["amount_fen"] // bought) if one else 3_000
    given = {"reason": "quality", "refund_fen": fen, "quantity": one, **takes}
    asked = Act(verb, Doer(by), {name: value for name, value in given.items() if value is not None})
    with sitting(desk, at) as sat:
        return sat.open(kind, asked, platform=case.platform, shop_id=case.shop_id, order_id=of).after


def do(desk: Desk, case: Case | str, verb: str, by: Actor, at: dt.datetime, **takes: Any) -> Case:
    """One verb; the case after it."""
    return desks.act(desk, case if isinstance(case, str) else case.id, verb, Doer(by), at, **takes)


def refused(desk: Desk, case: Case | str, verb: str, by: Actor, at: dt.datetime, **takes: Any) -> str:
    """The name of the guard that refuses a verb; "" where nothing does (and then it was done)."""
    try:
        do(desk, case, verb, by, at, **takes)
    except CaseRefused as error:
        return error.refusal.guard
    return ""


def pass_time(desk: Desk, case: Case | str, at: dt.datetime) -> Case:
    """What the clock does to a case by `at`; the case after it."""
    id_ = case if isinstance(case, str) else case.id
    with sitting(desk, at) as sat:
        sat.lapse(id_)
        return sat.cases[id_]


def read(desk: Desk, id_: str) -> Case:
    """A case as it is written."""
    with desk.database.connect() as connection:
        return cases.load(connection, [id_])[id_]


def family(desk: Desk, case: Case | str) -> list[Case]:
    """A case and all others of its order, oldest first."""
    with desk.database.connect() as connection:
        ids = cases.families(connection, [case if isinstance(case, str) else case.id])
        return sorted(cases.load(connection, ids).values(), key=lambda each: (each.opened_at, each.id))


def events(desk: Desk, case: Case | str) -> list[Event]:
    """All that happened to a case."""
    with desk.database.connect() as connection:
        return list(cases.history(connection, case if isinstance(case, str) else case.id))
