"""The rows of `session` and `login_try`: who is signed in, and who tried and was wrong. Keys are known by digest alone."""

import datetime as dt
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, delete, func, insert, select, update

from tianping.store.schema import login_try, session


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody signed in. Times are naive UTC; `csrf` is what forms of this session must carry."""

    digest: str
    account_id: int
    csrf: str
    begun_at: dt.datetime
    seen_at: dt.datetime
    expires_at: dt.datetime


def begin(connection: Connection, begun: Session) -> None:
    connection.execute(insert(session).values(**asdict(begun)))


def of_digest(connection: Connection, digest: str) -> Session | None:
    row = connection.execute(select(session).where(session.c.digest == digest)).mappings().one_or_none()
    return Session(**row) if row else None


def see(connection: Connection, digest: str, at: dt.datetime) -> None:
    """It was used at `at`."""
    connection.execute(update(session).where(session.c.digest == digest).values(seen_at=at))


def end(connection: Connection, digest: str) -> None:
    connection.execute(delete(session).where(session.c.digest == digest))


def end_all(connection: Connection, account_id: int, *, but: str = "") -> None:
    """End an account's sessions, all but one."""
    connection.execute(delete(session).where(session.c.account_id == account_id, session.c.digest != but))


def end_every(connection: Connection) -> None:
    """Nobody is signed in any more."""
    connection.execute(delete(session))


def sweep(connection: Connection, at: dt.datetime, idle_since: dt.datetime) -> None:
    """Forget the sessions that are over."""
    connection.execute(delete(session).where((session.c.expires_at <= at) | (session.c.seen_at <= idle_since)))


@dataclass(frozen=True, slots=True)
class Tries:
    """Wrong tries to sign in, of one name from one address, and of all names from it."""

    here: int
    address: int


def try_once(connection: Connection, name: str, address: str, at: dt.datetime, since: dt.datetime) -> tuple[int, Tries]:
    """Write a try down before it is judged, so that tries at the same time count too; its id, and the tries since `since`
    with it. Older ones are forgotten. `name` is a digest."""
    connection.execute(delete(login_try).where(login_try.c.at <= since))
    values = {"name": name, "address": address, "at": at}
    id_ = connection.execute(insert(login_try).values(values).returning(login_try.c.id)).scalar_one()
    here = func.count().filter(login_try.c.name == name)
    found = connection.execute(select(here, func.count()).where(login_try.c.address == address)).one()
    return int(id_), Tries(*found)


def untry(connection: Connection, id_: int) -> None:
    """Forget one try: it was not judged."""
    connection.execute(delete(login_try).where(login_try.c.id == id_))


def forgive(connection: Connection, name: str, address: str) -> None:
    """Forget the tries of a name from an address: it was right at last."""
    connection.execute(delete(login_try).where(login_try.c.name == name, login_try.c.address == address))
