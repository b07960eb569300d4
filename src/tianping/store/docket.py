"""Violations as a docket: those of some states, platforms and shops, newest first, page by page."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, func, select

from tianping.store.schema import violation, violation_event
from tianping.store.violations import Present, State, Violation

_NAMES = tuple(field.name for field in fields(Violation))
_LATER = violation_event.alias("later")
_NONE_LATER = ~(
    select(_LATER.c.n).where(_LATER.c.violation_id == violation_event.c.violation_id, _LATER.c.n > violation_event.c.n).exists()
)

_JOINED = violation.join(violation_event, violation_event.c.violation_id == violation.c.id)
_BEGUN = violation_event.alias("begun")
_SINCE = violation_event.alias("since")
_NOT_SINCE = ~(
    select(_SINCE.c.n)
    .where(_SINCE.c.violation_id == _BEGUN.c.violation_id, _SINCE.c.n > _BEGUN.c.n, _SINCE.c.verb.in_(("appeal", "reduce")))
    .exists()
)


class Wanted(NamedTuple):
    """Which violations: each empty means all. `shops`: those within reach, None: every shop; `before`: an id; `records`: those
    only recorded, or not; None: both."""

    states: Sequence[State] = ()
    platform: str = ""
    violation: str = ""
    shop: str = ""
    shops: frozenset[str] | None = None
    before: int | None = None
    records: bool | None = None


def page(connection: Connection, wanted: Wanted, limit: int) -> list[Present]:
    """The newest of those wanted."""
    last = violation_event
    query = (
        select(violation, last.c.state.label("state"), last.c.severity.label("present_severity"))
        .select_from(last.join(violation, violation.c.id == last.c.violation_id))
        .where(_NONE_LATER, *_tests(wanted), *_states(wanted))
        .order_by(last.c.violation_id.desc())  # by the events' own index: the newest are found first
        .limit(limit)
    )
    found = connection.execute(query).mappings()
    return [Present(Violation(**{n: row[n] for n in _NAMES}), row["state"], row["present_severity"]) for row in found]


Counts = Mapping[tuple[State, bool], int]
"""How many there are by state, and whether they are only recorded."""


def counts(connection: Connection, wanted: Wanted) -> Counts:
    """Of each state, whatever states are wanted."""
    keys = (violation_event.c.state, violation.c.records)
    query = select(*keys, func.count()).select_from(_JOINED).where(_NONE_LATER, *_tests(wanted)).group_by(*keys)
    return {(state, bool(records)): int(count) for state, records, count in connection.execute(query)}


def shops(connection: Connection, wanted: Wanted) -> int:
    """How many shops have any of those wanted."""
    query = select(func.count(violation.c.shop_id.distinct())).select_from(_JOINED)
    return int(connection.execute(query.where(_NONE_LATER, *_tests(wanted), *_states(wanted))).scalar() or 0)


class Confirmed(NamedTuple):
    """One in force (or served), and since when."""

    platform: str
    violation: str
    date: dt.date
    at: dt.datetime


def confirmed(connection: Connection, since: dt.datetime, within: frozenset[str] | None, limit: int) -> list[Confirmed]:
    """Those in force or served that were confirmed or reduced at a time or later and not appealed since, the oldest first."""
    last = select(violation_event.c.violation_id).where(
        _NONE_LATER, violation_event.c.violation_id == violation.c.id, violation_event.c.state.in_(("in_force", "served"))
    )
    query = (
        select(violation.c.platform, violation.c.violation, violation.c.date, _BEGUN.c.at)
        .select_from(violation.join(_BEGUN, _BEGUN.c.violation_id == violation.c.id))
        .where(_BEGUN.c.verb.in_(("confirm", "reduce")), _BEGUN.c.at >= since, last.exists(), _NOT_SINCE)
        .where(*_tests(Wanted(shops=within)))
        .order_by(_BEGUN.c.at)
        .limit(limit)
    )
    return [Confirmed(*row) for row in connection.execute(query)]


Subject = tuple[str, str, str]
"""(platform, violation, subject)."""


class Last(NamedTuple):
    """One that a close found: its id, and T."""

    id: int
    date: dt.date


def latest(connection: Connection, of: Sequence[str], until: dt.date) -> dict[Subject, Last]:
    """The last that a close found of each subject of these shops, up to a T; not what was only recorded, or withdrawn."""
    row, state = violation.c, violation_event.c.state
    query = (
        select(row.platform, row.violation, row.subject_id, row.id, row.date)
        .select_from(_JOINED)
        .where(_NONE_LATER, row.shop_id.in_(of), row.date <= until, state != "withdrawn")
        .where(row.account_id.is_(None), row.records.is_(False))
        .order_by(row.date, row.id)
    )
    return {(each[0], each[1], each[2]): Last(each[3], each[4]) for each in connection.execute(query)}


def newest(connection: Connection) -> int:
    """The greatest id; about as many as there are."""
    return int(connection.execute(select(func.max(violation.c.id))).scalar() or 0)


def names(connection: Connection, shops: frozenset[str] | None) -> list[tuple[str, str]]:
    """(platform, violation) of all that there are."""
    query = select(violation.c.platform, violation.c.violation).distinct().where(*_tests(Wanted(shops=shops)))
    return sorted((str(platform), str(name)) for platform, name in connection.execute(query))


def _states(wanted: Wanted) -> list[ColumnElement[bool]]:
    return [violation_event.c.state.in_(wanted.states)] if wanted.states else []


def _tests(wanted: Wanted) -> list[ColumnElement[bool]]:
    given: list[tuple[ColumnElement[Any], object]] = [
        (violation.c.platform, wanted.platform), (violation.c.violation, wanted.violation), (violation.c.shop_id, wanted.shop),
    ]  # fmt: skip
    tests: list[ColumnElement[bool]] = [column == value for column, value in given if value]
    if wanted.shops is not None:
        tests.append(violation.c.shop_id.in_(sorted(wanted.shops)))
    if wanted.records is not None:
        tests.append(violation.c.records.is_(wanted.records))
    if wanted.before is not None:
        tests.append(violation_event.c.violation_id < wanted.before)
    return tests
