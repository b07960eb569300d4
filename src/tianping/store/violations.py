"""The rows of `violation` and `violation_event`: what was found, and all that happened to it since. Both only grow.

The state, the severity and the penalty of a violation are those of its last event (of the last that set one).
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, NamedTuple, get_args

from sqlalchemy import Connection, Engine, Select, and_, func, insert, select, text

from tianping.policy.judging import Severity, SubjectKind
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


@contextmanager
def alone(engine: Engine, *shops: str) -> Iterator[Connection]:
    """One transaction, with nobody else deciding about these shops meanwhile: what is read in it holds until it ends."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            for shop in sorted(set(shops)):  # in order: two who want the same shops do not wait for one another
                connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:shop, 5))"), {"shop": shop})
        try:
            yield connection
        except BaseException:
            connection.rollback()
            raise
        connection.commit()


def add(connection: Connection, row: Mapping[str, Any]) -> int:
    """A new violation (its columns without `id`); its id. Raises IntegrityError where it is there."""
    return int(connection.execute(insert(violation).values(**row).returning(violation.c.id)).scalar_one())


def append(connection: Connection, event: Event) -> None:
    """What happened. Raises IntegrityError where something else happened meanwhile."""
    connection.execute(insert(violation_event).values(**asdict(event)))


def get(connection: Connection, id_: int) -> Violation | None:
    row = connection.execute(select(violation).where(violation.c.id == id_)).mappings().one_or_none()
    return Violation(**row) if row else None


def events(connection: Connection, id_: int) -> Sequence[Event]:
    """All that happened to one, in order."""
    query = select(violation_event).where(violation_event.c.violation_id == id_).order_by(violation_event.c.n)
    return [Event(**row) for row in connection.execute(query).mappings()]


def of_shop(connection: Connection, shop: str) -> Sequence[Present]:
    """All of a shop, newest first."""
    return _present(connection, _with_last().where(violation.c.shop_id == shop).order_by(*_NEWEST))


def in_state(connection: Connection, states: Sequence[State], *, limit: int | None = None) -> Sequence[Present]:
    """All in these states, newest first."""
    query = _with_last().where(violation_event.c.state.in_(states)).order_by(*_NEWEST)
    return _present(connection, query if limit is None else query.limit(limit))


def of_date(connection: Connection, platform: str, date: dt.date) -> Sequence[Present]:
    """All found as of T, in the order they were found."""
    query = _with_last().where(violation.c.platform == platform, violation.c.date == date)
    return _present(connection, query.order_by(violation.c.id))


def of_subject(connection: Connection, name: str, subject_kind: SubjectKind, subject_id: str, shop: str) -> Sequence[Present]:
    """All of one kind of one subject, oldest first."""
    query = _of_subject(name, subject_kind, subject_id, shop)
    return _present(connection, query.order_by(violation.c.date, violation.c.id))


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
    query = _of_subject(name, subject_kind, subject_id, shop).where(
        violation.c.date.between(first, last), violation_event.c.state.in_(CONFIRMED), violation.c.records.is_(False)
    )
    found = _present(connection, query.order_by(violation.c.date, violation.c.id))
    return [Confirmed(each.row.id, each.severity, each.row.date) for each in found]


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
    query = _of_subject(name, subject_kind, subject_id, shop).where(
        violation.c.date < before, violation_event.c.state != "withdrawn"
    )
    query = query if records else query.where(violation.c.records.is_(False))
    found = connection.execute(query.with_only_columns(func.max(violation.c.date))).scalar()
    return found if found is None else dt.date.fromisoformat(str(found))


_NEWEST = (violation.c.date.desc(), violation.c.id.desc())
_NAMES = tuple(field.name for field in fields(Violation))


def _with_last() -> Select[Any]:
    """Violations with the state and severity of their last event."""
    last = violation_event.alias("last")
    newest = select(func.max(last.c.n)).where(last.c.violation_id == violation.c.id).scalar_subquery()
    joined = violation.join(
        violation_event, and_(violation_event.c.violation_id == violation.c.id, violation_event.c.n == newest)
    )
    return select(
        violation, violation_event.c.state.label("state"), violation_event.c.severity.label("present_severity")
    ).select_from(joined)


def _of_subject(name: str, subject_kind: SubjectKind, subject_id: str, shop: str) -> Select[Any]:
    return _with_last().where(
        violation.c.violation == name,
        violation.c.subject_kind == subject_kind,
        violation.c.subject_id == subject_id,
        violation.c.shop_id == shop,
    )


def _present(connection: Connection, query: Select[Any]) -> list[Present]:
    found = connection.execute(query).mappings()
    return [Present(Violation(**{n: row[n] for n in _NAMES}), row["state"], row["present_severity"]) for row in found]
