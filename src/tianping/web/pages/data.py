"""The data pages: what is covered, which export goes where, what was imported, what is closed."""

import datetime as dt
from itertools import groupby
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import FileResponse
from starlette.responses import Response

from tianping.errors import NotFound, TianpingError
from tianping.facts import versions
from tianping.facts.versions import Tally, Version
from tianping.periods import Period, to_wall
from tianping.store import closes
from tianping.web.access import Seen, Viewer, address_of, needs
from tianping.web.console import MOST_ID, Console, Desk, Id
from tianping.web.frame import fragment, page, seen_other
from tianping.web.pages import data_brought, data_quarantine, data_uploads
from tianping.web.pages.data_words import job_of, next_close, reason, said
from tianping.web.wording import t
from tianping.work import holdings
from tianping.work.intake import exports, gaps, imports, samples
from tianping.work.intake.gaps import Held
from tianping.work.people import trail

router = APIRouter()
router.include_router(data_uploads.router)
router.include_router(data_quarantine.router)
SHOPS = 10
"""Shops of a page of coverage."""
SPANS = (30, 60, 90)
_DAY = dt.timedelta(days=1)
IMPORTS = 50
"""Imports and undos of a page."""


Asked = Annotated[dt.date | None, Query(ge=dt.date(2000, 1, 1), le=dt.date(2100, 12, 31))]
"""A day that facts may have."""


class Day(NamedTuple):
    """A day of a strip."""

    date: dt.date
    covered: bool


class Late(NamedTuple):
    """A day to be closed past the data: the last day that has any, how many after it have none, and the day to close next."""

    date: dt.date
    last: dt.date
    days: int
    next: dt.date


def today(desk: Console) -> dt.date:
    """The day it is in the home's zone."""
    return to_wall(desk.clock(), desk.home.zone).date()


def _span(desk: Console, date: dt.date | None, days: int) -> Period:
    """The days before `date`, else before the newest close, else before today."""
    until = date or next(iter(desk.dates()), today(desk))
    return Period(until - dt.timedelta(days=days), until - dt.timedelta(days=1))


def strip(held: Held, span: Period) -> list[Day]:
    """Every day of the span, covered or not."""
    days = [span.first + dt.timedelta(days=n) for n in range((span.last - span.first).days + 1)]
    return [Day(day, any(one.first <= day <= one.last for one in held.covered)) for day in days]


@router.get("/data")
def coverage(
    request: Request, desk: Desk, seen: Seen, date: Asked = None, days: int = SPANS[0], shop: str = "", skip: int = 0
) -> Response:
    """What is covered, shop by shop and table by table."""
    span = _span(desk, date, days if days in SPANS else SPANS[0])
    found = gaps.shops(desk.home, seen.reach, like=shop.strip())
    skip = max(0, min(skip, len(found) - 1))
    shelves = gaps.shelves(desk.home, desk.packs, found[skip : skip + SHOPS], span)
    return page(
        request, seen, "data/coverage.html", span=span, days=days, spans=SPANS, shop=shop, skip=skip, most=SHOPS,
        total=len(found), shelves=shelves, strip=strip, span_days=(span.last - span.first).days + 1,
        known=bool(desk.home.versions()), **said(desk, seen),
    )  # fmt: skip


@router.get("/data/waiting")
def waiting(request: Request, desk: Desk, seen: Seen) -> Response:
    """Rows whose order is not known: for those who see all shops, for nobody knows whose they are."""
    if not seen.reach.everything:
        raise NotFound("rows that wait are seen by those who see all shops")
    rows = gaps.waiting(desk.home)
    told = "、".join(f"{t(f'data.table_{table}', seen.lang)} {count}" for table, count in rows.items())
    return fragment(request, seen, "data/_waiting.html", rows=rows, rows_said=told)


@router.get("/data/exports")
def ways_in(request: Request, desk: Desk, seen: Seen, platform: str = "") -> Response:
    """Which export of which platform brings what; the platforms of one's own shops first."""
    own = {shop.platform for shop in gaps.shops(desk.home, seen.reach)}
    every = exports.exports()
    groups = [(name, list(group)) for name, group in groupby(every, key=lambda one: one.platform)]
    groups.sort(key=lambda group: (not own & set(exports.SHARED.get(group[0], (group[0],))), not group[0]))
    chosen = [group for group in groups if not platform or group[0] == platform]
    return page(
        request, seen, "data/exports.html", groups=chosen, platforms=[name for name, _ in groups if name], platform=platform
    )


@router.get("/data/exports/{mapping}/sample.csv")
def sample(mapping: str) -> Response:
    """A small file of that kind, made up by us."""
    path = samples.sample(mapping)
    return FileResponse(path, media_type="text/csv; charset=utf-8", filename=path.name)


@router.get("/data/imports")
def listed(request: Request, desk: Desk, seen: Seen, before: int | None = None) -> Response:
    """Imports and undos that the viewer may see, newest first."""
    known = imports.within(desk.home.versions(), seen.reach)
    shown = [one for one in reversed(known) if one.kind in versions.KNOWING and (before is None or one.seq < before)]
    return page(
        request, seen, "data/imports.html", shown=shown[:IMPORTS], undone=versions.undone_by(known), total=total,
        name_of=name_of, **said(desk, seen), before=shown[IMPORTS - 1].seq if len(shown) > IMPORTS else None,
    )  # fmt: skip


def total(version: Version) -> Tally:
    """The rows of all its tables."""
    return sum(version.counts.values(), Tally())


def name_of(file: str) -> str:
    """A file's name without its folders."""
    return file.rsplit("/", 1)[-1]


@router.get("/data/imports/{seq}")
def one_import(request: Request, desk: Desk, seen: Seen, seq: int) -> Response:
    """What an import brought, and whether it may be taken back."""
    known = imports.within(desk.home.versions(), seen.reach)
    found = imports.find(known, seq)
    undone = versions.undone_by(known).get(seq)
    later = [(name_of(file), by) for file, by in imports.shared(known, seq)]
    return page(
        request, seen, "data/import.html", one=found, undone=undone, later=later, name_of=name_of, rows=total(found),
        most_listed=data_brought.MOST_LISTED, kept=data_brought.retried(known, seq) if found.kind == "import" else [],
        next_close=next_close(desk, seen) if _unclosed(desk, seen, undone or seq) else None,
        **said(desk, seen), may_undo=seen.may("undo") and found.kind == "import" and undone is None,
    )  # fmt: skip


def _unclosed(desk: Console, seen: Viewer, seq: int) -> bool:
    """Whether the viewer may close a day, and no close knows of this import or undo yet."""
    return seen.may("close") and all(one.seq < seq for one in closes.every(desk.home.database))


@router.post("/data/imports/{seq}/undoing", dependencies=[needs("undo")])
def undo(request: Request, desk: Desk, seen: Seen, seq: int, sure: Annotated[str, Form()] = "") -> Response:
    """Take an import back; the person has said so twice."""
    if sure != "yes":
        raise TianpingError(f"import {seq} was not taken back: tick the box that says so first")
    undone = imports.undo(desk.home, seq, at=desk.clock(), reach=seen.reach)
    trail.record(
        desk.home,
        seen.account.id,
        "undo",
        f"import {seq}",
        desk.clock(),
        address=address_of(request),
        detail={"by": undone.seq},
    )
    clashed = holdings.clashing(desk.home, seq, seen.reach)
    return seen_other(request, f"/data/imports/{seq}", "data.undone_clashed" if clashed else "data.undone", seq=seq, n=clashed)


@router.get("/data/closes")
def closed(
    request: Request, desk: Desk, seen: Seen, job: Annotated[int | None, Query(ge=0, le=MOST_ID)] = None, late: Asked = None
) -> Response:
    """The days that are closed, and the way to close one; of a day asked for past the data, what that would mean."""
    every = closes.every(desk.home.database)
    newest = {one.date: one for one in reversed(every)}
    stale = _newest_seq(desk)
    running = job_of(desk, seen, job) if job else None
    warned = _late(desk, seen, late) if late else None
    return page(
        request, seen, "data/closes.html", days=sorted(newest.values(), key=lambda one: one.date, reverse=True)[:100],
        day=next_close(desk, seen), newest=stale, job=running, here_of_job=f"/data/closes?job={job}", late=warned,
        **said(desk, seen),
    )  # fmt: skip


def _newest_seq(desk: Console) -> int:
    return versions.seq_at(desk.home.versions())


def _late(desk: Console, seen: Viewer, date: dt.date) -> Late | None:
    """That a day is later than the one after the last with data within reach; None where it is not."""
    last = desk.last_day(seen.reach)
    if last is None or not last + _DAY < date <= today(desk):
        return None
    return Late(date, last, (date - last).days - 1, next_close(desk, seen))


@router.post("/data/closes", dependencies=[needs("close")])
def close(
    request: Request, desk: Desk, seen: Seen, date: Annotated[dt.date, Form()], sure: Annotated[str, Form()] = ""
) -> Response:
    """Close a day, when its turn comes; one past the data once the person has said so twice."""
    if date > today(desk):
        raise TianpingError(reason(seen.lang, f"{date} has not come yet; close {today(desk)} or an earlier day"))
    if sure != "yes" and _late(desk, seen, date):
        return seen_other(request, f"/data/closes?late={date}")
    number = desk.jobs.queue("close", seen.account.id, {"date": date.isoformat()})
    return seen_other(request, f"/data/closes?job={number}")


@router.get("/data/jobs/{number}")
def job_state(request: Request, desk: Desk, seen: Seen, number: Id) -> Response:
    """How far a piece of work is: a piece of a page that asks for itself again."""
    job = job_of(desk, seen, number)
    page_of = "/data/closes" if job.kind == "close" else "/data/quarantine"
    told = fragment(request, seen, "data/_job.html", job=job, here_of_job=f"{page_of}?job={number}")
    if job.state in ("done", "failed"):
        told.headers["HX-Refresh"] = "true"  # the list around it, its form and the frame's day have changed too
    return told
