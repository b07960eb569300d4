"""The pages, the guard and the errors put together into one application."""

import logging
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from tianping.errors import NotFound, TianpingError
from tianping.web import access, guard
from tianping.web.access import Forbidden, OneTime, SignedOut, Viewer, from_our_page, language, needs
from tianping.web.addresses import address
from tianping.web.api import acts as api_acts
from tianping.web.api import cases as api_cases
from tianping.web.api import desk as api_desk
from tianping.web.api import evidence as api_evidence
from tianping.web.api import judgement as api_judgement
from tianping.web.api import problems
from tianping.web.api import read as api
from tianping.web.api import rules as api_rules
from tianping.web.console import Console, NothingClosed
from tianping.web.frame import NAV, page
from tianping.web.pages import (
    admin,
    boards,
    data,
    figures,
    judgement,
    login,
    measures,
    morning,
    packs,
    parts,
    products,
    warnings,
)  # fmt: skip
from tianping.web.pages.data_words import reason
from tianping.work.intake.uploads import plain

PAGES: tuple[APIRouter, ...] = tuple(
    each.router for each in (morning, judgement, boards, products, warnings, measures, figures, data, packs, admin, parts)
)
"""Judgement before the boards: a shop's id may have slashes, so their addresses take whatever follows."""
STATIC = Path(__file__).parent / "static"
log = logging.getLogger("tianping.web")


def build(console: Console) -> FastAPI:
    """The whole console."""
    app = FastAPI(title="天平 Tianping", openapi_url=None, docs_url=None, redoc_url=None)
    app.state.console = console
    app.add_middleware(guard.Guard)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.mount("/api/v1", _api(console))
    app.include_router(login.router)
    for router in PAGES:
        app.include_router(router, dependencies=[needs("see"), Depends(from_our_page)])
    app.add_api_route("/", _home, include_in_schema=False)
    for kind, answer in ANSWERS.items():
        app.add_exception_handler(kind, answer)
    return app


def _api(console: Console) -> FastAPI:
    desk = (api_cases.router, api_desk.router, api_rules.router, api_evidence.router, api_cases.nouns)
    app = api.build(console, api_judgement.ROUTES, desk)
    api_acts.handle(app)
    return app


def _home() -> Response:
    return RedirectResponse("/morning", status_code=303)


def _signed_out(request: Request, _error: Exception) -> Response:
    """To the sign-in page and back; a piece of a page sends the whole page there."""
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if request.headers.get("hx-request"):
        return Response(status_code=204, headers={"HX-Redirect": "/login"})
    return RedirectResponse(address("/login", next=here if request.method == "GET" and here != "/" else ""), status_code=303)


def _one_time(_request: Request, _error: Exception) -> Response:
    return RedirectResponse("/password", status_code=303)


def _refused(status: int) -> Callable[[Request, Exception], Response]:
    """The error in its own sentence, without the folders of this machine."""

    def answer(request: Request, error: Exception) -> Response:
        seen, said = _seen(request), plain(request.app.state.console.home, str(error))
        return _say(request, status, "frame.error_refused", detail=reason(seen.lang if seen else language(request), said))

    return answer


def _missing(request: Request, _error: Exception) -> Response:
    """What is not there and what is out of reach are told alike."""
    return _say(request, 404, "frame.error_missing")


def _nothing_closed(request: Request, _error: Exception) -> Response:
    """The first steps. A place of the frame is there, though there is nothing to see; any other page is not."""
    seen, console = _seen(request), request.app.state.console
    status = 200 if any(item.path == request.url.path for item in NAV) else 404
    brought = seen is not None and console.last_day(seen.reach) is not None
    return page(request, seen, "first.html", status=status, brought=brought)


def _forbidden(request: Request, error: Exception) -> Response:
    return _say(request, 403, str(error))


def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if request.url.path.startswith("/api/v1/"):  # a line's end in an address: no mounted application is asked
        return problems.problem(request, status, "there is no such address; see /api/v1/openapi.json")
    return _say(request, status, "frame.error_missing" if status == 404 else "frame.error_request", status=status)


def _invalid(request: Request, error: Exception) -> Response:
    wrong = error.errors() if isinstance(error, RequestValidationError) else []
    said = "; ".join(f"{'.'.join(str(part) for part in each['loc'][1:])}: {each['msg']}" for each in wrong)
    return _say(request, 400, "frame.error_request", detail=said, status=400)


def _unkept(request: Request, error: Exception) -> Response:
    """A value that the operational database cannot hold: PostgreSQL takes no NUL in a text."""
    log.warning("refused by the database at %s %s: %s", request.method, request.url.path, type(error).__name__)
    return _say(request, 400, "frame.error_request", status=400)


def _fault(request: Request, error: Exception) -> Response:
    """A fault of the program: a number to find it by, and nothing of it on the page. This answer is made outside the guard."""
    number = uuid.uuid4().hex[:8]
    log.error("fault %s at %s %s", number, request.method, request.url.path, exc_info=error)
    told = _say(request, 500, "frame.error_fault", number=number)
    told.headers.update({**guard.HEADERS, "Cache-Control": "no-store"})
    return told


def _say(request: Request, code: int, key: str, *, detail: str = "", **values: object) -> Response:
    """The error's page, in the frame where somebody is signed in."""
    return page(request, _seen(request), "error.html", status=code, code=code, key=key, values=values, detail=detail)


def _seen(request: Request) -> Viewer | None:
    try:
        return access.viewer(request)
    except (SignedOut, OneTime):
        return None


ANSWERS: Mapping[type[Exception] | int, Callable[[Request, Exception], Response]] = {
    SignedOut: _signed_out,
    OneTime: _one_time,
    Forbidden: _forbidden,
    NothingClosed: _nothing_closed,
    NotFound: _missing,
    TianpingError: _refused(409),
    RequestValidationError: _invalid,
    HTTPException: _http,
    DataError: _unkept,
    Exception: _fault,
}
