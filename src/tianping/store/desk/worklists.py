"""Which cases and deadlines there are: by filters, within reach, page by page. The rows themselves are read by `cases.load`."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, case, func, select, tuple_

from tianping.store.desk.schema import desk_case, desk_deadline


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which cases. Empty and None: any. `known`: a fact that must be known of them; `shops`: these alone; `leave_out`: kinds
    that are left out unless `kind` names one."""

    kind: str = ""
    state: str = ""
    owner: str = ""
    shop: str = ""
    order: str = ""
    known: str = ""
    open: bool | None = None
    due_before: dt.datetime | None = None
    shops: frozenset[str] | None = None
    leave_out: tuple[str, ...] = ()


class Place(NamedTuple):
    """A deadline's place in the list of what runs out first."""

    due_at: dt.datetime
    case_id: str
    n: int
    clock: str


class Heap(NamedTuple):
    """Cases that stand alike: how many, with how many deadlines over and how many soon, and the first of them."""

    platform: str
    kind: str
    state: str
    owner: str
    cases: int
    overdue: int
    soon: int
    first_due: dt.datetime | None


def ids(connection: Connection, wanted: Wanted, before: str, limit: int) -> Sequence[str]:
    """Ids of cases, the last opened first (ids sort by time; orders among themselves by theirs), those after `before`."""
    query = select(desk_case.c.id).where(*_tests(wanted)).order_by(desk_case.c.id.desc()).limit(limit)
    return connection.execute(query.where(desk_case.c.id < before) if before else query).scalars().all()


def deadlines(connection: Connection, wanted: Wanted, clock: str, after: Place | None, limit: int) -> Sequence[Place]:
    """Running deadlines, what runs out first first, those after `after`."""
    row = desk_deadline.c
    key = (row.due_at, row.case_id, row.n, row.clock)
    tests = [row.state == "running", *_reach(row.shop_id, wanted)]
    tests += [row.clock == clock] if clock else []
    tests += [row.owner == wanted.owner] if wanted.owner else []
    tests += [row.due_at < wanted.due_before] if wanted.due_before else []
    tests += [tuple_(*key) > tuple_(*after)] if after else []
    of_case = _of_case(wanted)
    table = desk_deadline.join(desk_case, desk_case.c.id == row.case_id) if of_case else desk_deadline
    query = select(*key).select_from(table).where(*tests, *of_case).order_by(*key).limit(limit)
    return [Place(*found) for found in connection.execute(query)]


def heaps(connection: Connection, wanted: Wanted, owners: Sequence[str], now: dt.datetime, soon: dt.datetime) -> Sequence[Heap]:
    """What waits for these owners, by platform, kind and state. A deadline is of its case's owner; a case has one or more."""
    row, due = desk_case.c, desk_deadline.c.due_at
    timed = desk_case.outerjoin(desk_deadline, (desk_deadline.c.case_id == row.id) & (desk_deadline.c.state == "running"))
    by = (row.platform, row.kind, row.state, row.owner)
    counts = (
        func.count(row.id.distinct()),
        func.count(case((due <= now, row.id)).distinct()),
        func.count(case(((due > now) & (due <= soon), row.id)).distinct()),
        func.min(due),
    )
    query = select(*by, *counts).select_from(timed).where(row.owner.in_(owners), *_tests(wanted)).group_by(*by)
    found = [Heap(*found) for found in connection.execute(query)]
    return sorted(found, key=lambda each: (each.first_due is None, each.first_due or now, each[:4]))


def _tests(wanted: Wanted) -> list[ColumnElement[bool]]:
    row = desk_case.c
    tests = [*_reach(row.shop_id, wanted), *_of_case(wanted)]
    if wanted.owner:
        tests.append(row.owner == wanted.owner)
    if wanted.due_before is not None:
        due = select(desk_deadline.c.case_id).where(
            desk_deadline.c.case_id == row.id, desk_deadline.c.state == "running", desk_deadline.c.due_at < wanted.due_before
        )
        tests.append(due.exists())
    return tests


def _of_case(wanted: Wanted) -> list[ColumnElement[bool]]:
    """Tests that only the case itself can answer."""
    row = desk_case.c
    given: Mapping[str, ColumnElement[Any]] = {"kind": row.kind, "state": row.state, "order": row.order_id}
    tests: list[ColumnElement[bool]] = [column == value for name, column in given.items() if (value := getattr(wanted, name))]
    if wanted.leave_out and not wanted.kind:
        tests.append(row.kind.not_in(wanted.leave_out))
    if wanted.open is not None:
        tests.append(row.ended_at.is_(None) if wanted.open else row.ended_at.is_not(None))
    if wanted.known:
        tests.append(row.facts[wanted.known].as_string().is_not(None))
    return tests


def _reach(shop_id: ColumnElement[Any], wanted: Wanted) -> list[ColumnElement[bool]]:
    tests: list[ColumnElement[bool]] = [shop_id == wanted.shop] if wanted.shop else []
    return tests if wanted.shops is None else [*tests, shop_id.in_(sorted(wanted.shops))]
