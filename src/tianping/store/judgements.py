"""The rows of `judgement`: which closes were judged by which rules, and where the results lie."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Engine, Select, delete, insert, select

from tianping.store.schema import judgement


@dataclass(frozen=True, slots=True)
class Judgement:
    """One judged close: of `date`, from the facts known at `seq`; `definitions` are the close's, `rules` those of judgement."""

    date: dt.date
    seq: int
    definitions: str
    rules: str
    packs: Mapping[str, str]
    folder: str
    counts: Mapping[str, Any]
    at: dt.datetime = field(compare=False)


def keep(engine: Engine, done: Judgement) -> None:
    """Record it; the same one run again takes its own place."""
    key = ("date", "seq", "definitions", "rules")
    same = [judgement.c[name] == getattr(done, name) for name in key]
    with engine.begin() as connection:
        connection.execute(delete(judgement).where(*same))
        connection.execute(insert(judgement).values(**asdict(done)))


def of_date(engine: Engine, date: dt.date) -> Sequence[Judgement]:
    """The judgements of the closes as of `date`, the best informed first, then the newest."""
    query = select(judgement).where(judgement.c.date == date)
    return _read(engine, query.order_by(judgement.c.seq.desc(), judgement.c.at.desc()))


def every(engine: Engine) -> Sequence[Judgement]:
    """All of them, newest date first."""
    return _read(engine, select(judgement).order_by(judgement.c.date.desc(), judgement.c.seq.desc(), judgement.c.at.desc()))


def _read(engine: Engine, query: Select[Any]) -> Sequence[Judgement]:
    with engine.connect() as connection:
        return [Judgement(**row) for row in connection.execute(query).mappings()]
