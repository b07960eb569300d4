"""The read API under /api/v1: what the console shows, for programs, with the same reach."""

import datetime as dt
import json
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Query, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.responses import Response, StreamingResponse

from tianping import __version__
from tianping.errors import NotFound, did_you_mean
from tianping.facts.versions import Version
from tianping.metrics.proof import Scope
from tianping.store import closes as stored
from tianping.web.access import SignedOut, address_of, nearby, viewer
from tianping.web.api import answers, problems
from tianping.web.api.answers import By
from tianping.web.console import Console, Desk
from tianping.work.closing.closed import Filter
from tianping.work.figures import readings, subjects
from tianping.work.figures.catalogue import catalogue
from tianping.work.figures.explain import Named, Only
from tianping.work.figures.proofs import proved
from tianping.work.intake import imports
from tianping.work.people import accounts
from tianping.work.people.accounts import Seat
from tianping.work.people.trail import record

MOST = 10_000
"""Items of a page."""
_PIECE = 500
REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": answers.Problem, "content": {problems.KIND: {}}} for status in (400, 401, 403, 404, 409)
}
bearer_ = HTTPBearer(auto_error=False, description="a token of the page /tokens; in a browser the session does as well")
Limit = Annotated[int, Query(ge=1, le=MOST, description="items of a page")]
Before = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="`next` of the page before")]
Day = Annotated[dt.date | None, Query(description="the close as of this day; else the newest within a week after the data end")]


def caller(request: Request, desk: Desk, given: Annotated[HTTPAuthorizationCredentials | None, Security(bearer_)]) -> Seat:
    """Whose program, or whose browser, asks. Raises SignedOut."""
    if given is None and "authorization" not in request.headers:
        seen = viewer(request)
        return Seat(seen.account, seen.reach, seen.csrf)
    seat = accounts.bearer(desk.home, given.credentials, desk.clock()) if given else None
    if seat is None or (seat.account.demo and not nearby(request)):
        raise SignedOut
    request.state.lang = seat.account.lang  # for errors
    return seat


Caller = Annotated[Seat, Depends(caller)]


Route = tuple[str, Any, Any]
"""An address, what answers there, and its model."""


def build(console: Console, more: Iterable[Route] = (), routers: Iterable[APIRouter] = ()) -> FastAPI:
    """The API as an application of its own, with its description and its errors. `more`: routes of other modules that only
    read; `routers`: those that do not."""
    app = FastAPI(
        title="天平 Tianping",
        version=__version__,
        description="Every answer holds what the caller's account may see, and nothing else. Figures and judgement are read "
        "only; at the desk (orders, cases) every POST carries an Idempotency-Key.",
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        responses=REFUSALS,
    )
    app.state.console = console
    for path, answer, model in chain(ROUTES, more):
        app.add_api_route(path, answer, response_model=model, methods=["GET"])
    for router in routers:
        app.include_router(router)
    problems.handle(app)
    return app


def wanted(
    desk: Desk,
    platform: str | None = None,
    metric: str | None = None,
    variant: Annotated[str | None, Query(description='the plain form is ""')] = None,
    by: By | None = None,
    subject: str | None = None,
    days: Annotated[int | None, Query(ge=1, le=3660)] = None,
) -> Filter:
    """Which figures. Raises NotFound for a metric that no pack has."""
    known = sorted({name for pack in desk.packs.values() for name, _ in pack.metrics})
    if metric is not None and metric not in known:
        raise NotFound(f'no pack has a metric "{metric}": {did_you_mean(metric, known)}')
    return Filter(platform, metric, variant, by, subject, days)


Wanted = Annotated[Filter, Depends(wanted)]


def metrics(
    desk: Desk,
    seat: Caller,
    wanted: Wanted,
    date: Day = None,
    after: Annotated[str, Query(description="`next` of the page before")] = "",
    limit: Limit = 1000,
) -> answers.Figures:
    """Figures of a close, in its order, page by page."""
    done = desk.close_of(date, seat.reach)
    found = readings.page(desk.home, done, wanted, seat.reach, after=after, limit=limit)
    return answers.Figures(items=[answers.Figure.model_validate(each) for each in found.figures], next=found.after)


def stream(request: Request, desk: Desk, seat: Caller, wanted: Wanted, date: Day = None) -> Response:
    """The same without pages: one JSON object a line (`application/x-ndjson`), as many as there are."""
    done = desk.close_of(date, seat.reach)
    lines = _lines(readings.every(desk.home, done, wanted, seat.reach))
    first = list(islice(lines, 1))  # an error is told before anything is sent
    _downloaded(request, desk, seat, f"close {done.date}", metric=wanted.metric)
    return StreamingResponse(chain(first, lines), media_type="application/x-ndjson")


def _lines(figures: Iterable[readings.Row]) -> Iterator[bytes]:
    """Some lines at once: handing over a piece costs more than making a line."""
    rest = iter(figures)
    while some := list(islice(rest, _PIECE)):
        yield b"".join(answers.Figure.model_validate(each).model_dump_json().encode() + b"\n" for each in some)


def _downloaded(request: Request, desk: Console, seat: Seat, thing: str, **detail: object) -> None:
    record(desk.home, seat.account.id, "download", thing, desk.clock(), address=address_of(request), detail=detail)


def rows(
    request: Request,
    desk: Desk,
    seat: Caller,
    platform: str,
    metric: str,
    by: By,
    subject: str,
    days: Annotated[int, Query(ge=1, le=3660)],
    variant: str = "",
    version: str = "",
    date: Day = None,
    side: str | None = None,
    role: str | None = None,
    rule: Annotated[str | None, Query(description='"": the rows kept')] = None,
    after: Annotated[int, Query(ge=0, le=2**31 - 1, description="`next` of the page before")] = 0,
    limit: Limit = 1000,
) -> answers.Rows:
    """The rows that a figure counts, and those left out with the rule that left each out. Times are wall times of the shop."""
    done = desk.close_of(date, seat.reach)
    scope = Scope(platform, by, subject, done.date, days)
    subjects.require_rows(desk.home, done.seq, scope, seat.reach)
    proof = proved(desk.home, desk.packs, Named(metric, variant, version), scope)
    only = Only(side, role, rule, None if subjects.shop_of(scope) is not None else seat.reach.shops)
    found = list(proof.rows(only, skip=after, limit=limit + 1))
    if not after:
        _downloaded(
            request, desk, seat, "figure rows", figure=f"{platform} {metric} {variant} {by} {subject} {days}d {done.date}"
        )
    return answers.Rows(
        figure=answers.Figure.model_validate(proof.figure) if proof.figure else None,
        parts=[answers.Part.model_validate(part) for part in proof.parts],
        columns=list(proof.columns),
        items=[{name: _plain(value) for name, value in row.items()} for row in found[:limit]],
        next=after + limit if len(found) > limit else None,
    )


def _plain(value: object) -> object:
    """As JSON has it."""
    return value if isinstance(value, (str, int, float, bool, list, type(None))) else json.loads(json.dumps(value, default=str))


def definitions(desk: Desk, seat: Caller, platform: str | None = None, metric: str | None = None) -> list[answers.Defined]:
    """Every metric's definitions: since when, from where, in what words."""
    del seat
    return [
        answers.Defined.of(pack.platform, key, each)
        for pack in desk.packs.values()
        for key, each in pack.metrics.items()
        if platform in (None, pack.platform) and metric in (None, key[0])
    ]


def closes(desk: Desk, seat: Caller) -> list[answers.Close]:
    """The closes there are, newest day first, the best informed of a day before the others."""
    found = [answers.Close.model_validate(each) for each in stored.every(desk.home.database)]
    return found if seat.reach.everything else [each.model_copy(update={"figures": None}) for each in found]


def shops(
    desk: Desk,
    seat: Caller,
    platform: str | None = None,
    after: Annotated[str, Query(description="`next`")] = "",
    limit: Limit = 1000,
) -> answers.Shops:
    """The shops as known at the newest close, by id."""
    known = catalogue(desk.home, desk.close_of(None).seq).shops
    found = sorted(id_ for id_ in known if id_ > after and seat.reach.holds(id_) and platform in (None, known[id_].platform))
    items = [answers.Shop.model_validate(known[id_]) for id_ in found[:limit]]
    return answers.Shops(items=items, next=found[limit - 1] if len(found) > limit else None)


def listed(desk: Desk, seat: Caller, before: Before = None, limit: Limit = 100) -> answers.Imports:
    """The imports, newest first. Who is limited to shops sees the imports that brought rows of these shops alone."""
    known = imports.within(desk.home.versions(), seat.reach)
    found = [each for each in reversed(known) if before is None or each.seq < before]
    next_ = found[limit - 1].seq if len(found) > limit else None
    return answers.Imports(items=[answers.Import.model_validate(each) for each in found[:limit]], next=next_)


def one(desk: Desk, seat: Caller, seq: int) -> Version:
    """One import."""
    return imports.find(imports.within(desk.home.versions(), seat.reach), seq)


ROUTES: tuple[Route, ...] = (
    ("/metrics", metrics, answers.Figures),
    ("/metrics/stream", stream, None),
    ("/figures/{platform}/{metric}/rows", rows, answers.Rows),
    ("/definitions", definitions, list[answers.Defined]),
    ("/closes", closes, list[answers.Close]),
    ("/shops", shops, answers.Shops),
    ("/imports", listed, answers.Imports),
    ("/imports/{seq}", one, answers.Import),
)
