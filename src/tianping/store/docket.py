"""Violations as a docket: those of some states, platforms and shops, newest first, page by page."""

from collections.abc import Sequence
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


class Wanted(NamedTuple):
    """Which violations: each empty means all. `shops`: those within reach, None: every shop; `before`: an id."""

    states: Sequence[State] = ()
    platform: str = ""
    violation: str = ""
    shop: str = ""
    shops: frozenset[str] | None = None
    before: int | None = None


def page(connection: Connection, wanted: Wanted, limit: int) -> list[Present]:
    """The newest of those wanted."""
    last = violation_event
    query = (
        select(violation, last.c.state.label("state"), last.c.severity.label("present_severity"))
        .select_from(last.join(violation, violation.c.id == last.c.violation_id))
        .where(_NONE_LATER, *_tests(wanted), *([last.c.state.in_(wanted.states)] if wanted.states else []))
        .order_by(last.c.violation_id.desc())  # by the events' own index: the newest are found first
        .limit(limit)
    )
    found = connection.execute(query).mappings()
    return [Present(Violation(**{n: row[n] for n in _NAMES}), row["state"], row["present_severity"]) for row in found]


def counts(connection: Connection, wanted: Wanted) -> dict[State, int]:
    """How many there are of each state, whatever states are wanted."""
    state = violation_event.c.state
    joined = violation.join(violation_event, violation_event.c.violation_id == violation.c.id)
    query = select(state, func.count()).select_from(joined)
    return {name: int(count) for name, count in connection.execute(query.where(_NONE_LATER, *_tests(wanted)).group_by(state))}


def newest(connection: Connection) -> int:
    """The greatest id; about as many as there are."""
    return int(connection.execute(select(func.max(violation.c.id))).scalar() or 0)


def names(connection: Connection, shops: frozenset[str] | None) -> list[tuple[str, str]]:
    """(platform, violation) of all that there are."""
    query = select(violation.c.platform, violation.c.violation).distinct().where(*_tests(Wanted(shops=shops)))
    return sorted((str(platform), str(name)) for platform, name in connection.execute(query))


def _tests(wanted: Wanted) -> list[ColumnElement[bool]]:
    given: list[tuple[ColumnElement[Any], object]] = [
        (violation.c.platform, wanted.platform), (violation.c.violation, wanted.violation), (violation.c.shop_id, wanted.shop),
    ]  # fmt: skip
    tests: list[ColumnElement[bool]] = [column == value for column, value in given if value]
    if wanted.shops is not None:
        tests.append(violation.c.shop_id.in_(sorted(wanted.shops)))
    if wanted.before is not None:
        tests.append(violation_event.c.violation_id < wanted.before)
    return tests
