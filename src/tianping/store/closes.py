"""The rows of `close`: which closes there are, and where their figures lie."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Engine, Select, delete, insert, select

from tianping.store.schema import close


@dataclass(frozen=True, slots=True)
class Close:
    """One close as of `date`, from the facts known at `seq`, by the packs named (platform → digest)."""

    date: dt.date
    seq: int
    definitions: str
    packs: dict[str, str]
    days: list[int]
    path: str
    figures: int
    at: dt.datetime = field(compare=False)


def keep(engine: Engine, done: Close) -> None:
    """Record a close; the same one run again takes its own place."""
    same = (close.c.date == done.date) & (close.c.seq == done.seq) & (close.c.definitions == done.definitions)
    with engine.begin() as connection:
        connection.execute(delete(close).where(same))
        connection.execute(insert(close).values(**asdict(done)))


def of_date(engine: Engine, date: dt.date) -> Sequence[Close]:
    """The closes as of `date`, the best informed first, then the newest."""
    query = select(close).where(close.c.date == date).order_by(close.c.seq.desc(), close.c.at.desc())
    return _read(engine, query)


def dates(engine: Engine) -> Sequence[dt.date]:
    """The days closed, newest first."""
    with engine.connect() as connection:
        return connection.execute(select(close.c.date).distinct().order_by(close.c.date.desc())).scalars().all()


def every(engine: Engine) -> Sequence[Close]:
    """All closes, newest date first."""
    return _read(engine, select(close).order_by(close.c.date.desc(), close.c.seq.desc(), close.c.at.desc()))


def _read(engine: Engine, query: Select[Any]) -> Sequence[Close]:
    with engine.connect() as connection:
        return [Close(**row) for row in connection.execute(query).mappings()]
