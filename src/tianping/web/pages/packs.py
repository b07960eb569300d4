"""The rules: each platform's pack, its metrics, their versions with sources and what is assumed, and faults of the files."""

import datetime as dt
from collections.abc import Iterator
from typing import NamedTuple

from fastapi import APIRouter, Request
from starlette.responses import Response

from tianping.errors import NotFound
from tianping.policy.load import Key
from tianping.policy.model import Metric, Pack, Version
from tianping.web.access import Seen
from tianping.web.console import Console, Desk, NothingClosed
from tianping.web.frame import fragment, page
from tianping.work import rulebook

router = APIRouter()


class Line(NamedTuple):
    """One metric of a pack, with the version in force on the day looked at (None: not yet)."""

    key: Key
    metric: Metric
    version: Version | None


class Head(NamedTuple):
    """A pack, counted."""

    pack: Pack
    versions: int
    assumed: int


@router.get("/packs")
def packs(request: Request, desk: Desk, seen: Seen) -> Response:
    return page(request, seen, "packs/packs.html", heads=[_head(each) for each in desk.packs.values()])


@router.get("/packs/faults")
def faults(request: Request, seen: Seen) -> Response:
    """Reading every file takes longer than a page may."""
    whole = "hx-request" not in request.headers
    return (page if whole else fragment)(
        request, seen, "packs/faults.html" if whole else "packs/_faults.html", faults=rulebook.faults()
    )


@router.get("/packs/{platform}")
def pack(request: Request, desk: Desk, seen: Seen, platform: str, date: dt.date | None = None) -> Response:
    found, day = _pack(desk, platform), _day(desk, date)
    lines = [Line(key, metric, metric.at(day)) for key, metric in found.metrics.items()]
    return page(request, seen, "packs/pack.html", pack=found, head=_head(found), lines=lines, day=day)


@router.get("/packs/{platform}/{metric}")
def metric(
    request: Request, desk: Desk, seen: Seen, platform: str, metric: str, variant: str = "", date: dt.date | None = None
) -> Response:
    found, day, key = _pack(desk, platform), _day(desk, date), (metric, variant)
    if key not in found.metrics:
        raise NotFound(f'no metric "{metric}" in the pack {platform}')
    others = [each for each in found.metrics if each[0] == metric and each != key]
    each = found.metrics[key]
    return page(
        request,
        seen,
        "packs/metric.html",
        day=day,
        pack=found,
        key=key,
        metric=each,
        force=each.at(day),
        others=others,
        counted=list(_counts(found, key)),
    )


def _pack(desk: Console, platform: str) -> Pack:
    """Raises NotFound."""
    if platform not in desk.packs:
        raise NotFound(f'no pack for the platform "{platform}"')
    return desk.packs[platform]


def _day(desk: Console, date: dt.date | None) -> dt.date:
    """Which day's rules: those of the close looked at; before the first close, today's."""
    try:
        return date or desk.close_of(None).date
    except NothingClosed:
        return desk.clock().date()


def _head(pack: Pack) -> Head:
    versions = [version for metric in pack.metrics.values() for version in metric.versions]
    return Head(pack, len(versions), sum(version.assumed for version in versions))


def _counts(pack: Pack, key: Key) -> Iterator[Key]:
    """The metrics that are one side of this one, shown as a count."""
    for name, metric in pack.metrics.items():
        if any(version.count_of and (version.count_of.metric, version.count_of.variant) == key for version in metric.versions):
            yield name
