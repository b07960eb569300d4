"""The rows of `violation` and `violation_event`: what was found, and all that happened to it since. Both only grow.

The state, the severity and the penalty of a violation are those of its last event (of the last that set one).
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any, Literal, NamedTuple, get_args

from sqlalchemy import Connection, Engine, Select, and_, bindparam, func, insert, select, text

from tianping.policy.judging import Severity, SubjectKind
from tianping.store.database import writing
from tianping.store.schema import violation, violation_event

State = Literal["proposed", "in_force", "served", "revoked", "dismissed", "withdrawn", "appealed", "overturned"]
STATES: tuple[State, ...] = get_args(State)
CONFIRMED: tuple[State, ...] = ("in_force", "served", "appealed")
"""Confirmed and not taken back: these count as repeats."""
Verb = Literal[
    "propose",  #  → proposed
    "label",  #    proposed → proposed: the texts were read
    "confirm",  #  proposed → in_force
    "dismiss",  #  proposed → dismissed
    "withdraw",  # proposed → withdrawn, by the clock: the facts have changed
    "appeal",  #   in_force, served → appealed
    "uphold",  #   appealed → in_force
    "reduce",  #   appealed → in_force, with a milder penalty
    "overturn",  # appealed → overturned: as if it had never been
    "fulfil",  #   in_force, appealed stay: a duty was done, or a fault remedied
    "serve",  #    in_force → served, by the clock: all has ended and is fulfilled
    "revoke",  #   in_force → revoked: the platform takes it back
    "rejudge",  #  proposed, in_force, served, appealed stay: an earlier one, counted here, was taken back or eased
]
VERBS: tuple[Verb, ...] = get_args(Verb)


@dataclass(frozen=True, slots=True)
class Violation:
    """One violation as it was found. Everything here is frozen; `severity` and `proposal` may since have changed by events."""

    id: int
    platform: str
    violation: str
    version: str
    trigger: str
    subject_kind: SubjectKind
    subject_id: str
    shop_id: str
    date: dt.date
    seq: int
    severity: Severity
    immediate: bool
    records: bool
    evidence: Mapping[str, Any]
    proposal: Mapping[str, Any]
    account_id: int | None
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a violation. `account_id` None: the clock. `chosen`: the penalty from here on."""

    violation_id: int
    n: int
    at: dt.datetime
    account_id: int | None
    verb: Verb
    state: State
    severity: Severity
    chosen: Mapping[str, Any] | None
    why: str
    detail: Mapping[str, Any]


class Present(NamedTuple):
    """A violation with its state and severity at present."""

    row: Violation
    state: State
    severity: Severity


class Confirmed(NamedTuple):
    """A violation that counts: its id, its severity at present, T."""

    id: int
    severity: Severity
    date: dt.date


class Known(NamedTuple):
    """What history needs to know of a violation."""

    violation: str
    subject_kind: SubjectKind
    subject_id: str
    shop_id: str
    id: int
    date: dt.date
    records: bool
    state: State
    severity: Severity


MANY = 50
"""From so many shops on, PostgreSQL locks all shops by one lock: a lock of each would fill its table of locks."""
_SHARED = text("SELECT pg_advisory_xact_lock_shared(5, 0)")
_ALL = text("SELECT pg_advisory_xact_lock(5, 0)")
_SHOP = text("SELECT pg_advisory_xact_lock(hashtextextended(:shop, 5))")


@contextmanager
def alone(engine: Engine, *shops: str) -> Iterator[Connection]:
    """One transaction, with nobody else deciding about these shops meanwhile: what is read in it holds until it ends."""
    with writing(engine) as connection:
        hold(connection, *shops)
        yield connection


def hold(connection: Connection, *shops: str) -> None:
    """From here to the end of the transaction nobody else decides about these shops."""
    if connection.dialect.name == "postgresql":
        _lock(connection, sorted(set(shops)))


def _lock(connection: Connection, shops: Sequence[str]) -> None:
    """In order: two who want the same shops do not wait for one another. Who wants many waits for all others."""
    if len(shops) >= MANY:
        connection.execute(_ALL)
        return
    connection.execute(_SHARED)
    for shop in shops:
        connection.execute(_SHOP, {"shop": shop})


def add(connection: Connection, row: Mapping[str, Any]) -> int:
    """A new violation (its columns without `id`); its id. Raises IntegrityError where it is there."""
    return add_all(connection, [row])[0]


def add_all(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> Sequence[int]:
    """The same of many; their ids, in order."""
    return connection.execute(_ADD, rows).scalars().all() if rows else ()


def append(connection: Connection, event: Event) -> None:
    """What happened. Raises IntegrityError where something else happened meanwhile."""
    append_all(connection, [event])


def append_all(connection: Connection, events: Sequence[Event]) -> None:
    """The same of many."""
    if events:
        connection.execute(_APPEND, [{name: getattr(each, name) for name in _EVENT} for each in events])


def get(connection: Connection, id_: int) -> Violation | None:
    row = connection.execute(_GET, {"ids": [id_]}).one_or_none()
    return Violation(*row) if row else None


def events(connection: Connection, id_: int) -> Sequence[Event]:
    """All that happened to one, in order."""
    return [Event(*row) for row in connection.execute(_EVENTS, {"ids": [id_]})]


def get_all(connection: Connection, ids: Sequence[int]) -> Mapping[int, Violation]:
    """Many, by id."""
    return {row.id: Violation(*row) for piece in _pieces(ids) for row in connection.execute(_GET, {"ids": piece})}


def events_of_all(connection: Connection, ids: Sequence[int]) -> Mapping[int, Sequence[Event]]:
    """All that happened to many, by id and in order."""
    found: dict[int, list[Event]] = {id_: [] for id_ in ids}
    for piece in _pieces(ids):
        for row in connection.execute(_EVENTS, {"ids": piece}):
            found[row.violation_id].append(Event(*row))
    return found


def of_shop(connection: Connection, shop: str) -> Sequence[Present]:
    """All of a shop, newest first."""
    return _present(connection, _OF_SHOP, {"shop": shop})


def in_state(connection: Connection, states: Sequence[State], *, limit: int | None = None) -> Sequence[Present]:
    """All in these states, newest first."""
    return _present(connection, _IN_STATE if limit is None else _IN_STATE.limit(limit), {"states": list(states)})


def of_date(connection: Connection, platform: str, date: dt.date) -> Sequence[Present]:
    """All found as of T, in the order they were found."""
    return _present(connection, _OF_DATE, {"platform": platform, "date": date})


def shops_of_date(connection: Connection, platform: str, date: dt.date) -> Sequence[str]:
    """The shops of those."""
    return connection.execute(_SHOPS_OF_DATE, {"platform": platform, "date": date}).scalars().all()


def shops_with(connection: Connection, name: str, states: Sequence[State]) -> Sequence[str]:
    """The shops that have a violation of this name in one of these states."""
    return connection.execute(_SHOPS_WITH, {"name": name, "states": list(states)}).scalars().all()


def of_subject(connection: Connection, name: str, subject_kind: SubjectKind, subject_id: str, shop: str) -> Sequence[Present]:
    """All of one kind of one subject, oldest first."""
    return _present(connection, _OF_SUBJECT, _whose(name, subject_kind, subject_id, shop))


def known(connection: Connection, platform: str, first: dt.date) -> Iterator[Known]:
    """Everything of a platform found from `first` on, oldest first."""
    for row in connection.execute(_KNOWN, {"platform": platform, "first": first}):
        yield Known._make(row)


def confirmed(
    connection: Connection,
    name: str,
    subject_kind: SubjectKind,
    subject_id: str,
    shop: str,
    first: dt.date,
    last: dt.date,
) -> Sequence[Confirmed]:
    """Those of one kind of one subject found from `first` to `last` (both days counted) that are confirmed, not taken back and
    not merely recorded; oldest first."""
    asked = {**_whose(name, subject_kind, subject_id, shop), "first": first, "last": last}
    return [Confirmed(*row) for row in connection.execute(_CONFIRMED, asked)]


def last_found(
    connection: Connection,
    name: str,
    subject_kind: SubjectKind,
    subject_id: str,
    shop: str,
    before: dt.date,
    *,
    records: bool,
) -> dt.date | None:
    """The last day before `before` on which one of this kind of this subject was found, unless the facts have taken it back.
    `records`: those only recorded count too."""
    asked = {**_whose(name, subject_kind, subject_id, shop), "before": before, "kinds": [False, True] if records else [False]}
    return connection.execute(_LAST_FOUND, asked).scalar()


_PIECE = 1000


def _pieces(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """What one statement can name."""
    return (ids[at : at + _PIECE] for at in range(0, len(ids), _PIECE))


def _whose(name: str, subject_kind: SubjectKind, subject_id: str, shop: str) -> dict[str, Any]:
    return {"name": name, "kind": subject_kind, "subject": subject_id, "shop": shop}


def _present(connection: Connection, query: Select[Any], asked: Mapping[str, Any]) -> list[Present]:
    return [Present(Violation(*row[:-2]), row[-2], row[-1]) for row in connection.execute(query, asked)]


def _newest() -> Any:
    last = violation_event.alias("last")
    return select(func.max(last.c.n)).where(last.c.violation_id == violation.c.id).scalar_subquery()


def decided_since(connection: Connection, at: dt.datetime) -> Sequence[str]:
    """The shops of violations that came into force, or fell, at `at` or later, in order."""
    return connection.execute(_DECIDED, {"since": at}).scalars().all()


# The statements are made once: making them costs more than running them.

NOW = violation.join(violation_event, and_(violation_event.c.violation_id == violation.c.id, violation_event.c.n == _newest()))
"""Violations with their last event."""
_EVENT = tuple(field.name for field in fields(Event))
_STATE, _SEVERITY = violation_event.c.state, violation_event.c.severity
_ROW = [violation.c[field.name] for field in fields(Violation)]
_AGE = (violation.c.date, violation.c.id)
_PRESENT = select(*_ROW, _STATE.label("state"), _SEVERITY.label("present_severity")).select_from(NOW)
_WHOSE = (
    violation.c.violation == bindparam("name"),
    violation.c.subject_kind == bindparam("kind"),
    violation.c.subject_id == bindparam("subject"),
    violation.c.shop_id == bindparam("shop"),
)
_IN_STATES = _STATE.in_(bindparam("states", expanding=True))
_ON_DATE = (violation.c.platform == bindparam("platform"), violation.c.date == bindparam("date"))
_ADD = insert(violation).returning(violation.c.id, sort_by_parameter_order=True)
_APPEND = insert(violation_event)
_GET = select(*_ROW).where(violation.c.id.in_(bindparam("ids", expanding=True)))
_EVENTS = (
    select(*(violation_event.c[name] for name in _EVENT))
    .where(violation_event.c.violation_id.in_(bindparam("ids", expanding=True)))
    .order_by(violation_event.c.violation_id, violation_event.c.n)
)
_NEWEST = tuple(column.desc() for column in _AGE)
_OF_SHOP = _PRESENT.where(violation.c.shop_id == bindparam("shop")).order_by(*_NEWEST)
_IN_STATE = _PRESENT.where(_IN_STATES).order_by(*_NEWEST)
_OF_DATE = _PRESENT.where(*_ON_DATE).order_by(violation.c.id)
_OF_SUBJECT = _PRESENT.where(*_WHOSE).order_by(*_AGE)
_SHOPS_OF_DATE = select(violation.c.shop_id).distinct().where(*_ON_DATE)
_SHOPS_WITH = (
    select(violation.c.shop_id).distinct().select_from(NOW).where(violation.c.violation == bindparam("name"), _IN_STATES)
)
_KNOWN = (
    select(*(violation.c[name] for name in Known._fields[:-2]), _STATE, _SEVERITY)
    .select_from(NOW)
    .where(violation.c.platform == bindparam("platform"), violation.c.date >= bindparam("first"))
    .order_by(*_AGE)
)
_CONFIRMED = (
    select(violation.c.id, _SEVERITY, violation.c.date)
    .select_from(NOW)
    .where(
        *_WHOSE,
        violation.c.date.between(bindparam("first"), bindparam("last")),
        _STATE.in_(CONFIRMED),
        violation.c.records.is_(False),
    )
    .order_by(*_AGE)
)
_LAST_FOUND = (
    select(func.max(violation.c.date, type_=violation.c.date.type))
    .select_from(NOW)
    .where(
        *_WHOSE,
        violation.c.date < bindparam("before"),
        _STATE != "withdrawn",
        violation.c.records.in_(bindparam("kinds", expanding=True)),
    )
)
_DECIDED = (
    select(violation.c.shop_id)
    .join(violation_event, violation_event.c.violation_id == violation.c.id)
    .where(
        violation_event.c.at >= bindparam("since"),
        violation_event.c.verb.in_(("confirm", "uphold", "reduce", "overturn", "revoke")),
    )
    .distinct()
    .order_by(violation.c.shop_id)
)
