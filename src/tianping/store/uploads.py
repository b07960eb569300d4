"""The rows of `upload`: files somebody handed in, what was said of them, and what became of them."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Engine, Select, insert, select, update

from tianping.store.schema import upload

State = Literal["received", "asking", "queued", "running", "done", "failed", "dropped"]
"""received → asking (no mapping knows a file) → queued → running → done | failed; dropped by the uploader before."""


@dataclass(frozen=True, slots=True)
class Upload:
    """Files handed in at once. `seq` is the import they became; `report` what it said of itself; `said` why it did not."""

    id: int
    account_id: int
    at: dt.datetime
    state: State
    files: list[dict[str, Any]]
    options: dict[str, Any]
    seq: int | None
    report: dict[str, Any]
    said: str


def add(
    engine: Engine, account_id: int, at: dt.datetime, files: Sequence[Mapping[str, Any]], options: Mapping[str, Any]
) -> int:
    """Write down that files were received; the upload's id."""
    values = {"account_id": account_id, "at": at, "state": "received", "files": list(files), "options": dict(options)}
    with engine.begin() as connection:
        made = insert(upload).values(**values, report={}, said="").returning(upload.c.id)
        return int(connection.execute(made).scalar_one())


def get(engine: Engine, id_: int) -> Upload | None:
    return next(iter(_read(engine, select(upload).where(upload.c.id == id_))), None)


def newest(engine: Engine, *, account_id: int | None = None, before: int | None = None, limit: int = 50) -> Sequence[Upload]:
    """The newest uploads, of one account or of all; `before` is the id of the last one seen."""
    query = select(upload).order_by(upload.c.id.desc()).limit(limit)
    query = query if account_id is None else query.where(upload.c.account_id == account_id)
    return _read(engine, query if before is None else query.where(upload.c.id < before))


def of_state(engine: Engine, state: State) -> Sequence[Upload]:
    """The uploads in a state, oldest first."""
    return _read(engine, select(upload).where(upload.c.state == state).order_by(upload.c.id))


def change(engine: Engine, id_: int, *, was: Sequence[State] = (), **values: object) -> bool:
    """Change columns of an upload, where its state is one of `was`; whether it was."""
    which = upload.c.id == id_
    which = which & upload.c.state.in_(was) if was else which
    with engine.begin() as connection:
        return connection.execute(update(upload).where(which).values(**values)).rowcount == 1


def drop_open(engine: Engine, said: str) -> None:
    """Say of all uploads that are not over that they are dropped: their files are gone."""
    with engine.begin() as connection:
        connection.execute(update(upload).where(upload.c.state.not_in(("done", "dropped"))).values(state="dropped", said=said))


def _read(engine: Engine, query: Select[Any]) -> Sequence[Upload]:
    with engine.connect() as connection:
        return [Upload(**row) for row in connection.execute(query).mappings()]
