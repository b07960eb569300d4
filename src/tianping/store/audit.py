"""The rows of `audit`: who did what to what, when, from where. The database refuses to change or delete any."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Select, insert, select

from tianping.store.schema import account, audit


@dataclass(frozen=True, slots=True)
class Entry:
    """One act, to be written down. `account_id` is None where nobody known did it; `object` is a kind and an id."""

    at: dt.datetime
    account_id: int | None
    act: str
    object: str
    detail: Mapping[str, Any]
    address: str


@dataclass(frozen=True, slots=True)
class Written:
    """One act as it is read back, with the name of the account."""

    id: int
    name: str | None
    entry: Entry


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which acts: None means all. `before` is the id of the last one seen; `until` is not itself of the time."""

    account_id: int | None = None
    act: str | None = None
    object: str | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    before: int | None = None


def write(connection: Connection, entry: Entry) -> None:
    connection.execute(insert(audit).values(**asdict(entry)))


def page(connection: Connection, wanted: Wanted, limit: int) -> Sequence[Written]:
    """The newest acts wanted, at most `limit`."""
    query = select(audit, account.c.name).select_from(audit.outerjoin(account)).order_by(audit.c.id.desc()).limit(limit)
    return [_written(dict(row)) for row in connection.execute(_narrowed(query, wanted)).mappings()]


def _narrowed(query: Select[Any], wanted: Wanted) -> Select[Any]:
    tests = {
        "account_id": audit.c.account_id.__eq__,
        "act": audit.c.act.__eq__,
        "object": audit.c.object.__eq__,
        "since": audit.c.at.__ge__,
        "until": audit.c.at.__lt__,
        "before": audit.c.id.__lt__,
    }
    return query.where(*(test(said) for name, test in tests.items() if (said := getattr(wanted, name)) is not None))


def _written(row: dict[str, Any]) -> Written:
    id_, name = row.pop("id"), row.pop("name")
    return Written(id_, name, Entry(**row))
