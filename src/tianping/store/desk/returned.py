"""Parcels that came back and are still to be checked, by their signing (KS-A06)."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, select, tuple_

from tianping.store.desk.schema import desk_case


@dataclass(frozen=True, slots=True)
class Wanted:
    """Signed for from `since` on and before `until` (None: whenever); of this shop, of these shops alone."""

    since: dt.datetime | None = None
    until: dt.datetime | None = None
    shop: str = ""
    shops: Collection[str] | None = None


class Place(NamedTuple):
    """A parcel's place in the list; `signed_at` as it is kept: an ISO text of naive UTC."""

    signed_at: str
    case_id: str


def returned(connection: Connection, wanted: Wanted, after: Place | None, limit: int) -> Sequence[Place]:
    """Open cases of the merchant's turn whose return was signed for and not yet received, longest signed first."""
    row = desk_case.c
    signed = row.facts["return_signed_at"].as_string()
    key = (signed, row.id)
    tests = [
        row.owner == "merchant",
        row.ended_at.is_(None),
        signed.is_not(None),
        row.facts["received_at"].as_string().is_(None),
    ]
    tests += [signed >= wanted.since.isoformat()] if wanted.since else []
    tests += [signed < wanted.until.isoformat()] if wanted.until else []
    tests += [row.shop_id == wanted.shop] if wanted.shop else []
    tests += [] if wanted.shops is None else [row.shop_id.in_(sorted(wanted.shops))]
    tests += [tuple_(*key) > tuple_(*after)] if after else []
    return [Place(*found) for found in connection.execute(select(*key).where(*tests).order_by(*key).limit(limit))]
