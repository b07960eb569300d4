"""Duties that measures ask for (study, exam): the rows of `effect` on one side, their cases on the other. The effects say what
stands; a case of the desk follows each, under an id made of the effect's: there is never a second."""

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, String, bindparam, cast, literal, or_, select, text

from tianping.policy.judging import DUTIES
from tianping.store.database import writing
from tianping.store.desk.schema import desk_case
from tianping.store.schema import effect, violation_event

_PREFIX = "duty-"


def case_of(effect_id: int) -> str:
    """The id of the case that follows this effect."""
    return f"{_PREFIX}{effect_id}"


def to_look_at(connection: Connection, since: dt.datetime | None = None) -> Sequence[int]:
    """The violations whose duties may be otherwise at the desk, in order: one that stands has no case yet, or a case is still
    open. `since`: only of those to which something happened at that time or later."""
    query = _ALL if since is None else _RECENT
    return connection.execute(query, {} if since is None else {"since": since}).scalars().all()


def any_open(connection: Connection, violation_id: int) -> bool:
    """Whether a duty of this violation is open at the desk."""
    return connection.execute(_OPEN, {"id": violation_id}).first() is not None


@contextmanager
def alone(engine: Engine) -> Iterator[Connection]:
    """One transaction that writes, with nobody else bringing duties to the desk meanwhile."""
    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(_KEEPING)
        yield connection


_KEEPING = text("SELECT pg_advisory_xact_lock(7, 0)")
_TAKER = effect.alias("taker")
_TAKEN = select(_TAKER.c.id).where(_TAKER.c.reverses == effect.c.id).exists()
_FOLLOWS = desk_case.c.id == literal(_PREFIX).concat(cast(effect.c.id, String))
_OPEN = (
    select(desk_case.c.id)
    .select_from(effect.join(desk_case, _FOLLOWS))
    .where(effect.c.violation_id == bindparam("id"), effect.c.kind.in_(DUTIES), desk_case.c.owner != "")
    .limit(1)
)
_ALL = (
    select(effect.c.violation_id)
    .select_from(effect.outerjoin(desk_case, _FOLLOWS))
    .where(
        effect.c.kind.in_(DUTIES),
        effect.c.reverses.is_(None),
        or_(desk_case.c.owner != "", desk_case.c.id.is_(None) & ~_TAKEN),
    )
    .distinct()
    .order_by(effect.c.violation_id)
)
_RECENT = _ALL.where(
    effect.c.violation_id.in_(select(violation_event.c.violation_id).where(violation_event.c.at >= bindparam("since")))
)
