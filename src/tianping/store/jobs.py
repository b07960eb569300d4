"""The rows of `job`: work that takes longer than a page: waiting, under way, done or failed."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Engine, Select, insert, select, update

from tianping.store.schema import job

State = Literal["queued", "running", "done", "failed"]
"""queued → running → done | failed."""


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work. `progress` is 0 to 1; `said` how it ended, in a sentence; `detail` what it is about."""

    id: int
    kind: str
    account_id: int | None
    at: dt.datetime
    state: State
    progress: float
    said: str
    detail: dict[str, Any]


def queue(engine: Engine, kind: str, account_id: int | None, at: dt.datetime, detail: Mapping[str, Any]) -> int:
    """Write down what is to be done; the job's id."""
    values = {"kind": kind, "account_id": account_id, "at": at, "detail": dict(detail)}
    made = insert(job).values(**values, state="queued", progress=0.0, said="").returning(job.c.id)
    with engine.begin() as connection:
        return int(connection.execute(made).scalar_one())


def take(engine: Engine) -> Job | None:
    """The oldest that waits, from now on running, and nobody else's; None where none waits."""
    first = select(job.c.id).where(job.c.state == "queued").order_by(job.c.id).limit(1).scalar_subquery()
    taken = update(job).where(job.c.id == first, job.c.state == "queued").values(state="running").returning(job)
    with engine.begin() as connection:
        row = connection.execute(taken).mappings().one_or_none()
        return Job(**row) if row else None


def progress(engine: Engine, id_: int, done: float) -> None:
    """It has come so far (0 to 1)."""
    _change(engine, id_, ("running",), progress=min(max(done, 0.0), 1.0))


def end(engine: Engine, id_: int, *, failed: bool, said: str = "") -> bool:
    """It is over; whether it was running."""
    values: dict[str, object] = {"state": "failed"} if failed else {"state": "done", "progress": 1.0}
    return _change(engine, id_, ("running",), **values, said=said)


def abandon(engine: Engine, said: str, *, waiting: bool = False) -> Sequence[Job]:
    """Say of all that run, and perhaps of those that wait, that they failed: whoever ran them is gone."""
    failed = (
        update(job)
        .where(job.c.state.in_(("running", *(("queued",) if waiting else ()))))
        .values(state="failed", said=said)
        .returning(job)
    )
    with engine.begin() as connection:
        return [Job(**row) for row in connection.execute(failed).mappings()]


def get(engine: Engine, id_: int) -> Job | None:
    return next(iter(_read(engine, select(job).where(job.c.id == id_))), None)


def newest(engine: Engine, *, kind: str | None = None, state: State | None = None, limit: int = 50) -> Sequence[Job]:
    """The newest jobs, of one kind or state or of all."""
    query = select(job).order_by(job.c.id.desc()).limit(limit)
    query = query if kind is None else query.where(job.c.kind == kind)
    return _read(engine, query if state is None else query.where(job.c.state == state))


def _change(engine: Engine, id_: int, was: Sequence[State], **values: object) -> bool:
    with engine.begin() as connection:
        changed = connection.execute(update(job).where(job.c.id == id_, job.c.state.in_(was)).values(**values))
        return changed.rowcount == 1


def _read(engine: Engine, query: Select[Any]) -> Sequence[Job]:
    with engine.connect() as connection:
        return [Job(**row) for row in connection.execute(query).mappings()]
