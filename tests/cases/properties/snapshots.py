"""All that is written of a market, read at once, without the desk's own functions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, select

from tianping.cases.case import Case
from tianping.store.desk import cases
from tianping.store.desk.schema import desk_case, desk_deadline, desk_event, desk_outbox
from tianping.store.schema import transfer
from tianping.work.desk.money.sandbox import Sandbox
from tianping.work.desk.sitting import Desk

KINDS = ("refund_only", "return_refund", "exchange", "reissue", "repair")
HANDBACK = "handback"
"""Goods that go back to the buyer: a case of an order as the others."""
COUNTED = ("refund", "advance")
"""Payments that give the price back; all others are costs beside it."""
PENDING = ("asked", "unclear", "failed")
FALLEN = ("cancelled", "reversed", "overpaid")


@dataclass(frozen=True)
class Snapshot:
    """All that is written, and what the gateway truly paid: key → sums."""

    cases: Mapping[str, Case]
    owners: Mapping[str, str]
    deadlines: Sequence[Any]
    events: Sequence[Any]
    letters: Sequence[Any]
    transfers: Sequence[Any]
    paid: Mapping[str, Sequence[int]]

    def history(self, id_: str) -> list[Any]:
        return [each for each in self.events if each.case_id == id_]

    def of(self, order_id: str | None, *kinds: str) -> list[Case]:
        return [case for case in self.cases.values() if case.order_id == order_id and case.kind in kinds]

    def children(self, id_: str, *kinds: str) -> list[Case]:
        return [case for case in self.cases.values() if case.parent_id == id_ and case.kind in kinds]


class Row(dict[str, Any]):
    """A row, by names."""

    def __getattr__(self, name: str) -> Any:
        return self[name]


def snapshot(desk: Desk, gateway: Sandbox) -> Snapshot:
    with desk.database.connect() as connection:

        def rows(table: Table, *order: str) -> list[Row]:
            query = select(table).order_by(*(table.c[name] for name in order))
            return [Row(row._mapping) for row in connection.execute(query)]

        standing = rows(desk_case, "id")
        found = cases.load(connection, [row.id for row in standing])
        events = [_event(row) for row in rows(desk_event, "case_id", "n")]
        return Snapshot(
            found, {row.id: row.owner for row in standing}, rows(desk_deadline, "case_id", "n", "clock"), events,
            rows(desk_outbox, "id"), rows(transfer, "id"), dict(gateway.paid()),
        )  # fmt: skip


class Doing(Row):
    """An event, with its actor also as `doer.actor`."""

    @property
    def doer(self) -> Any:
        return self


def _event(row: Row) -> Doing:
    return Doing(row)


def open_cases(seen: Snapshot, order_id: str | None) -> list[Case]:
    return [case for case in seen.of(order_id, *KINDS, HANDBACK) if not case.ended_at]
