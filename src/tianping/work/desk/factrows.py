"""What the desk knows, as rows of the fact tables: its orders, their parcels, its after-sales cases."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
_REFUNDS = ("refund_only", "return_refund")
_REQUEST = (
    "reason", "reason_now", "reason_words", "reason_text", "requested_at", "answered_at", "answer", "refusal_reason",
    "agreed_at",
)  # fmt: skip
"""What a case that another became has from the first: the buyer asked once, and once the merchant answered."""
_END = ("ended_at", "outcome", "refund_fen")
_ESCALATION = ("escalated_at", "escalated_by")
_JUDGEMENT = ("judged_at", "liability", "overturned_at")
_OWN = ("order_id", "case_id", "shop_id", "kind", "opened_by", "ended_at", "escalated_by", "updated_at")


class Kin:
    """After-sales cases with those that they came from and those that came of them, as a verdict or a default has it."""

    def __init__(self, cases: Mapping[str, Case]) -> None:
        self.cases = {case.id: case for case in cases.values() if case.kind in KINDS}
        self._came: dict[str, list[Case]] = defaultdict(list)
        for case in sorted(self.cases.values(), key=lambda each: (each.opened_at, each.id)):
            self._came[case.parent_id or ""].append(case)

    def before(self, case: Case) -> list[Case]:
        """Those that it came from, the first one first."""
        parent = self.cases.get(case.parent_id or "")
        return [*self.before(parent), parent] if parent else []

    def after(self, case: Case) -> list[Case]:
        """Those that came of it, in order."""
        return [each for child in self._came[case.id] for each in (child, *self.after(child))]

    def row_of(self, case: Case) -> Case:
        """The case whose row tells of this one: what a verdict makes of a refund is still that refund, and counts once."""
        return next((each for each in self.before(case) if each.kind in _REFUNDS), case)

    def told(self, case: Case) -> Iterable[Case]:
        """The cases whose rows change with this one."""
        return {each.id: each for each in map(self.row_of, (case, *self.after(case)))}.values()


def rows(case: Case) -> Iterator[tuple[str, Row]]:
    """(table, row) of an order, and of what was posted. An order that was brought from the facts gives no row back."""
    known = _floored(case.changed_at)
    if case.kind != "order":
        if case.facts.get("waybill_at"):
            yield "parcels", _parcel(case, "back", known)
        return
    if case.facts.get("exempts"):
        yield "exemptions", _exemption(case, known)
    if not case.facts.get("brought"):
        yield "orders", _picked("orders", case) | {"order_id": case.order_id, "shop_id": case.shop_id, "updated_at": known}
        if case.facts.get("shipped_at"):
            yield "parcels", _parcel(case, "out", known)


def case_row(case: Case, kin: Kin, opener: str, at: dt.datetime | None = None) -> Row:
    """The row of an after-sales case: asked as the first was that it came from (somebody opened it as `opener`), ended as the
    last that came of it. A fact holds the first escalation and the judgement in force. `at` is the time of the row's
    knowledge: that of the last event, unless it has to prevail over a later import."""
    before, after = kin.before(case), kin.after(case) if case.kind in _REFUNDS else []
    story = [*before, case, *after]
    named = {
        "case_id": case.id,
        "order_id": case.order_id,
        "kind": case.kind,
        "opened_by": story[0].facts.get("opened_by") or _OPENED.get(opener, "platform"),
        "updated_at": _floored(at or max(each.changed_at for each in story)),
    }
    return (_own(case) if len(story) == 1 else _joined(story, len(before))) | named


def _joined(story: Sequence[Case], itself: int) -> Row:
    """What the cases of a story say together, told as that of the one at `itself`."""
    rows_ = [_own(each) for each in story]
    escalated = [row for row in rows_ if row["escalated_at"]]
    judged = [row for row in escalated if row["judged_at"]]
    return (
        rows_[itself]
        | {name: value for row in rows_[itself + 1 :] for name, value in row.items() if value is not None}
        | _part(rows_[-1], _END)
        | _part(rows_[0], _REQUEST)
        | _part(escalated[0] if escalated else {}, _ESCALATION)
        | _part(judged[-1] if judged else {}, _JUDGEMENT)
    )


def _own(case: Case) -> Row:
    escalated = str(case.facts.get("escalated_by") or "")
    return _picked(TABLE, case) | {
        "ended_at": _floored(case.ended_at),
        "escalated_by": _ESCALATED.get(escalated, escalated) or None,
    }


def _part(row: Row, names: Iterable[str]) -> Row:
    return {name: row.get(name) for name in names}


def _picked(table: str, case: Case) -> Row:
    columns = (column.name for column in TABLES[table].columns if column.name not in _OWN)
    return {name: _floored(case.facts.get(_OTHER_NAMES.get(name, name))) for name in columns}


def _floored(value: Any) -> Any:
    """Facts are to the second."""
    return value.replace(microsecond=0) if isinstance(value, dt.datetime) else value


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
