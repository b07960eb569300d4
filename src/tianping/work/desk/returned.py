"""The worklist of parcels that came back, longest signed first, so that refunds go out in time (KS-A06)."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from tianping.cases.case import Case
from tianping.store.desk import cases, returned
from tianping.store.desk.returned import Place, Wanted
from tianping.work.desk.serving import Caller, Told, reading, tell
from tianping.work.desk.sitting import Desk


class Parcel(NamedTuple):
    """A case whose return was signed for, and when."""

    told: Told
    signed_at: dt.datetime


class Page(NamedTuple):
    """Parcels, longest signed first; `after` asks for those that follow, None where there are none."""

    parcels: Sequence[Parcel]
    after: Place | None


def listing(
    desk: Desk, caller: Caller, wanted: Wanted, at: dt.datetime, *, after: Place | None = None, limit: int = 100
) -> Page:
    """Those within reach that are still to be checked. Raises NotFound for a shop out of reach."""
    if wanted.shop:
        caller.reach.require(wanted.shop)
    with reading(desk, at) as sat:
        places = returned.returned(sat.connection, replace(wanted, shops=caller.reach.shops), after, limit + 1)
        found = cases.load(sat.connection, [place.case_id for place in places[:limit]])
        ours = [found[place.case_id] for place in places[:limit] if place.case_id in found]
        parcels = [Parcel(tell(sat, case, ()), _signed(case)) for case in ours]
    return Page(parcels, places[limit - 1] if len(places) > limit else None)


def _signed(case: Case) -> dt.datetime:
    signed: dt.datetime = case.facts["return_signed_at"]
    return signed
