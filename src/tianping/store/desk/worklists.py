"""Which cases and deadlines there are: by filters, within reach, page by page. The rows themselves are read by `cases.load`."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, bindparam, case, func, select, tuple_, union_all

from tianping.store.desk.schema import desk_case, desk_deadline

_APART = 20
"""Shops of which each has a list of its own; of more, the lists of all shops are read through."""


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
    """Ids of cases, the last opened first (ids sort by time; orders among themselves by theirs), those after `before`.

    One list a kind, and of few shops a shop, each in an index's order, and the first of all of them: so nothing is sorted that
    is not shown, and orders, which are many and sort first, are not walked through.
    """
    kinds = [wanted.kind] if wanted.kind else [kind for kind in _kinds(connection, wanted) if kind not in wanted.leave_out]
    shops = _shops(wanted)
    apart: list[str | None] = [*shops] if shops is not None and len(shops) <= _APART else [None]
    row = desk_case.c
    tests = [*_tests(wanted), *([row.id < before] if before else [])]
    lists = [
        select(row.id)
        .where(row.kind == kind, *([row.shop_id == shop] if shop is not None else []), *tests)
        .order_by(row.id.desc())
        .limit(limit)
        .subquery()
        for kind in kinds
        for shop in apart
    ]
    if not lists:
        return []
    every = union_all(*(select(each.c.id) for each in lists)).subquery()
    return connection.execute(select(every.c.id).order_by(every.c.id.desc()).limit(limit)).scalars().all()


def _kinds(connection: Connection, wanted: Wanted) -> Iterator[str]:
    """The kinds of the cases there are, or that wait for the owner: each found by the index, behind the one before."""
    if wanted.owner:
        yield from dict.fromkeys(heap["kind"] for heap in _heaps(connection, wanted.owner))
        return
    kind: str | None = ""
    while kind := connection.execute(_NEXT_KIND, {"kind": kind}).scalar():
        yield kind


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
    """What waits for these owners, by platform, kind and state: open cases, each by its deadline that runs out first. Each heap
    is counted by itself, in the index: a shop's among those of the whole market is found, not looked for."""
    alike = [column == bindparam(f"its_{column.name}") for column in _HEAP]
    query = select(*_COUNTS).where(_ROW.ended_at.is_(None), *alike, *_tests(wanted))
    found = []
    for heap in (heap for owner in owners for heap in _heaps(connection, owner)):
        asked = {f"its_{name}": value for name, value in heap.items()}
        many, over, near, due = connection.execute(query, asked | {"now": now, "soon": soon}).one()
        if many:
            found.append(Heap(**heap, cases=many, overdue=over, soon=near - over, first_due=due))
    return sorted(found, key=lambda each: (each.first_due is None, each.first_due or now, each[:4]))


def _heaps(connection: Connection, owner: str) -> Iterator[Mapping[str, str]]:
    """The heaps of an owner: each found by the index, behind the one before."""
    heap = {"owner": owner, "platform": "", "kind": "", "state": ""}
    while found := next(filter(None, (connection.execute(query, heap).mappings().first() for query in _NEXT_HEAPS)), None):
        yield (heap := {str(name): value for name, value in found.items()})


def _shops(wanted: Wanted) -> Sequence[str] | None:
    """Those that a list is of; None: of all there are."""
    if wanted.shop:
        return [wanted.shop]
    return None if wanted.shops is None else sorted(wanted.shops)


def _tests(wanted: Wanted) -> list[ColumnElement[bool]]:
    row = desk_case.c
    tests = [*_reach(row.shop_id, wanted), *_of_case(wanted)]
    if wanted.owner:
        tests.append(row.owner == wanted.owner)
    if wanted.due_before is not None:
        tests.append(row.due_at < wanted.due_before)
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


_ROW = desk_case.c
_HEAP = (_ROW.owner, _ROW.platform, _ROW.kind, _ROW.state)
_COUNTS = (
    func.count(),
    func.count(case((_ROW.due_at <= bindparam("now"), 1))),
    func.count(case((_ROW.due_at <= bindparam("soon"), 1))),
    func.min(_ROW.due_at),
)
_NEXT_HEAPS = [
    select(*_HEAP)
    .where(
        _ROW.ended_at.is_(None),
        *(column == bindparam(column.name) for column in _HEAP[:alike]),
        _HEAP[alike] > bindparam(_HEAP[alike].name),
    )
    .order_by(*_HEAP)
    .limit(1)
    for alike in (3, 2, 1)
]
"""Of the same owner the next state of the same kind; else the next kind of the same platform; else the next platform. (SQLite
walks through what is alike where all three are compared at once.)"""
_NEXT_KIND = select(_ROW.kind).where(_ROW.kind > bindparam("kind")).order_by(_ROW.kind).limit(1)
