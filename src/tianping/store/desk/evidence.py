"""The rows of evidence: which file each side showed. The files lie beside the database, under their SHA-256."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import BindParameter, Connection, bindparam, delete, exists, insert, or_, select

from tianping.store.desk.schema import desk_event, desk_evidence

PARTIES = ("buyer", "merchant")


class Evidence(NamedTuple):
    """A file that somebody showed. `kind`: what it shows; `media_type`: as its content says; `digest`: SHA-256, in hex."""

    id: int
    case_id: str
    party: str
    account_id: int | None
    kind: str
    name: str
    media_type: str
    bytes: int
    digest: str
    says: str
    at: dt.datetime


def add(connection: Connection, row: Evidence) -> Evidence:
    """Write a row (whose id is not looked at); as written. Raises IntegrityError where the party showed this file before."""
    given = {name: value for name, value in row._asdict().items() if name != "id"}
    return row._replace(id=connection.execute(_ADD, given).scalar_one())


def listing(connection: Connection, case_ids: Iterable[str], party: str | None = None) -> Sequence[Evidence]:
    """What was shown in these cases (by this party), oldest first."""
    rows = connection.execute(_LISTING, {"ids": sorted(set(case_ids))})
    return [Evidence(**row._mapping) for row in rows if party in (None, row.party)]


def one(connection: Connection, case_id: str, id_: int) -> Evidence | None:
    """The evidence of this number, if it was shown in this case."""
    row = connection.execute(_ONE, {"case_id": case_id, "id": id_}).one_or_none()
    return None if row is None else Evidence(**row._mapping)


def took_part(connection: Connection, case_ids: Iterable[str], account_id: int) -> bool:
    """Whether this account acted as buyer or merchant in any of these cases, or showed evidence for one."""
    return bool(connection.execute(_TOOK_PART, {"ids": sorted(set(case_ids)), "account": account_id}).scalar_one())


def forget(connection: Connection, case_ids: Iterable[str]) -> None:
    """Take out all rows of these cases; files that no row names any more can go once this is committed."""
    connection.execute(_FORGET, {"ids": sorted(set(case_ids))})


def digests(connection: Connection, of: Iterable[str] | None = None) -> set[str]:
    """Of the files that rows name; of these alone, where some are said."""
    query = select(desk_evidence.c.digest)
    return set(connection.execute(query if of is None else query.where(desk_evidence.c.digest.in_(of))).scalars())


_IDS: BindParameter[str] = bindparam("ids", expanding=True)
_ADD = insert(desk_evidence).returning(desk_evidence.c.id)
_LISTING = select(desk_evidence).where(desk_evidence.c.case_id.in_(_IDS)).order_by(desk_evidence.c.id)
_ONE = select(desk_evidence).where(desk_evidence.c.case_id == bindparam("case_id"), desk_evidence.c.id == bindparam("id"))
_ACTED = exists().where(
    desk_event.c.case_id.in_(_IDS), desk_event.c.account_id == bindparam("account"), desk_event.c.actor.in_(PARTIES)
)
_SHOWED = exists().where(
    desk_evidence.c.case_id.in_(_IDS), desk_evidence.c.account_id == bindparam("account"), desk_evidence.c.party.in_(PARTIES)
)
_TOOK_PART = select(or_(_ACTED, _SHOWED))
_FORGET = delete(desk_evidence).where(desk_evidence.c.case_id.in_(_IDS))
