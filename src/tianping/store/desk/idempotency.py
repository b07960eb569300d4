"""The rows of `idempotency`: what was asked under a key, and what was answered, so that asking twice does once."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from tianping.store.desk.schema import idempotency


class Kept(NamedTuple):
    """What was asked before under a key (its digest), and the answer."""

    request: str
    status: int
    answer: Mapping[str, Any]


def claim(connection: Connection, account_id: int, key: str, request: str, at: dt.datetime) -> Kept | None:
    """None: the key is ours until the transaction ends, and `keep` is to follow in it. Else what it was used for.

    Who asks at the same time waits here until we have committed (PostgreSQL: at the unique key; SQLite: one writer at a time).
    """
    row = {"account_id": account_id, "key": key, "request": request, "status": 0, "answer": {}, "at": at}
    if connection.execute(_CLAIM[connection.dialect.name], row).first() is not None:
        return None
    found = connection.execute(_FIND, {"its_account": account_id, "its_key": key}).one()
    return Kept(found.request, found.status, found.answer)


def keep(connection: Connection, account_id: int, key: str, status: int, answer: Mapping[str, Any]) -> None:
    """The answer to what was claimed."""
    connection.execute(_KEEP, {"its_account": account_id, "its_key": key, "status": status, "answer": answer})


def sweep(connection: Connection, before: dt.datetime) -> int:
    """Forget what was answered before; how many keys."""
    return connection.execute(delete(idempotency).where(idempotency.c.at < before)).rowcount


_CLAIM = {
    "sqlite": sqlite.insert(idempotency).on_conflict_do_nothing().returning(idempotency.c.key),
    "postgresql": postgresql.insert(idempotency).on_conflict_do_nothing().returning(idempotency.c.key),
}
_OURS = (idempotency.c.account_id == bindparam("its_account")) & (idempotency.c.key == bindparam("its_key"))
_FIND = select(idempotency).where(_OURS)
_KEEP = update(idempotency).where(_OURS).values(status=bindparam("status"), answer=bindparam("answer"))
