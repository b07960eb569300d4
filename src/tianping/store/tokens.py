"""The rows of `token`: keys of programs, known by digest alone."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, insert, select, update

from tianping.store.schema import token


@dataclass(frozen=True, slots=True)
class Token:
    """A key that an account gave a program; `revoked_at`: it opens nothing any more. Times are naive UTC."""

    id: int
    account_id: int
    label: str
    created_at: dt.datetime
    used_at: dt.datetime | None
    revoked_at: dt.datetime | None


_SHOWN = [token.c[name] for name in Token.__slots__]
_OF_DIGEST = select(*_SHOWN).where(token.c.digest == bindparam("its_digest"), token.c.revoked_at.is_(None))
"""Made once, as every request asks it."""


def add(connection: Connection, account_id: int, label: str, digest: str, at: dt.datetime) -> int:
    values = {"account_id": account_id, "label": label, "digest": digest, "created_at": at}
    return int(connection.execute(insert(token).values(values).returning(token.c.id)).scalar_one())


def of_digest(connection: Connection, digest: str) -> Token | None:
    """The token of a digest, unless it is revoked."""
    row = connection.execute(_OF_DIGEST, {"its_digest": digest}).one_or_none()
    return Token(*row) if row else None


def of_account(connection: Connection, account_id: int) -> Sequence[Token]:
    """An account's tokens, those in use first, the newest first."""
    order = (token.c.revoked_at.is_not(None), token.c.id.desc())
    query = select(*_SHOWN).where(token.c.account_id == account_id).order_by(*order)
    return [Token(**row) for row in connection.execute(query).mappings()]


def see(connection: Connection, id_: int, at: dt.datetime) -> None:
    """It was used at `at`."""
    connection.execute(update(token).where(token.c.id == id_).values(used_at=at))


def revoke(connection: Connection, account_id: int, at: dt.datetime, id_: int | None = None) -> int:
    """Revoke one token of an account, or all; how many were in use."""
    which = (token.c.account_id == account_id) & token.c.revoked_at.is_(None)
    which = which if id_ is None else which & (token.c.id == id_)
    return connection.execute(update(token).where(which).values(revoked_at=at)).rowcount
