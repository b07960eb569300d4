"""What the desk knows, as rows of the fact tables: its orders, their parcels, its after-sales cases."""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from tianping.cases.case import Case
from tianping.facts.schema import KINDS, TABLES
from tianping.periods import to_wall

Row = dict[str, Any]
FED = ("order", *KINDS)
"""Kinds of cases that facts take up."""
TABLE = "cases"
_OTHER_NAMES = {"parent_id": "purchase_id"}
_ESCALATED = {"merchant": "seller"}
_OPENED = {"buyer": "buyer", "merchant": "merchant", "system": "buyer"}
"""Opener → `opened_by`. What another case of the buyer's becomes (an exchange not performed: a refund) is the buyer's too."""
_NOT_JUDGED: Row = {"liability": None, "judged_at": None, "overturned_at": None}
"""Of what another case was judged to be: the judgement is that one's, whose dispute it was. It counts once."""
_OWN = ("order_id", "case_id", "shop_id", "kind", "opened_by", "ended_at", "escalated_by", "updated_at")


def rows(case: Case, opener: str, at: dt.datetime | None = None) -> Iterator[tuple[str, Row]]:
    """(table, row) of a case. `opener`: as what somebody opened it. `at` is the time of the rows' knowledge: that of the case's
    last event, unless they have to prevail over a later import. An order that was brought from the facts gives no row back."""
    known = _floored(at or case.changed_at)
    if case.kind != "order":
        yield TABLE, _case(case, opener, known)
        if case.facts.get("waybill_at"):
            yield "parcels", _parcel(case, "back", known)
        return
    if case.facts.get("exempts"):
        yield "exemptions", _exemption(case, known)
    if not case.facts.get("brought"):
        yield "orders", _picked("orders", case, known) | {"order_id": case.order_id, "shop_id": case.shop_id}
        if case.facts.get("shipped_at"):
            yield "parcels", _parcel(case, "out", known)


def _picked(table: str, case: Case, known: dt.datetime) -> Row:
    columns = (column.name for column in TABLES[table].columns if column.name not in _OWN)
    return {name: _floored(case.facts.get(_OTHER_NAMES.get(name, name))) for name in columns} | {"updated_at": known}


def _floored(value: Any) -> Any:
    """Facts are to the second."""
    return value.replace(microsecond=0) if isinstance(value, dt.datetime) else value


def _case(case: Case, opener: str, known: dt.datetime) -> Row:
    escalated = str(case.facts.get("escalated_by") or "")
    judged_elsewhere = opener == "system" and not case.facts.get("escalated_at")
    return (
        _picked(TABLE, case, known)
        | (_NOT_JUDGED if judged_elsewhere else {})
        | {
            "case_id": case.id,
            "order_id": case.order_id,
            "kind": case.kind,
            "opened_by": case.facts.get("opened_by") or _OPENED.get(opener, "platform"),
            "ended_at": _floored(case.ended_at),
            "escalated_by": _ESCALATED.get(escalated, escalated) or None,
        }
    )


def _exemption(case: Case, known: dt.datetime) -> Row:
    """What the platform excused: the order is exempt from the metrics named, from its payment's day to that of the excuse (of
    the promise, where that is later)."""
    times = [case.facts[name] for name in ("paid_at", "promised_ship_at", "excused_at") if case.facts.get(name)]
    days = [to_wall(instant, case.zone).date() for instant in times or [case.opened_at]]
    return {
        "exemption_id": f"desk-{case.order_id}", "from": min(days), "to": max(days), "metrics": case.facts["exempts"],
        "order_id": case.order_id, "approved": True, "why": case.facts.get("note"), "updated_at": known,
    }  # fmt: skip


_PARCELS: Mapping[str, tuple[str, str, str]] = {
    "out": ("waybill", "shipped_at", "signed_at"),
    "back": ("return_waybill", "waybill_at", "return_signed_at"),
}


def _parcel(case: Case, direction: str, known: dt.datetime) -> Row:
    waybill, shipped, signed = (_floored(case.facts.get(name)) for name in _PARCELS[direction])
    return {
        "parcel_id": f"{case.id}/{direction}".replace("/", "-"), "order_id": case.order_id, "direction": direction,
        "carrier": case.facts.get("carrier"), "waybill": waybill, "shipped_at": shipped, "signed_at": signed,
        "updated_at": known,
    }  # fmt: skip
