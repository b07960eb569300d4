"""What page modules build on: who looks, what they may, and how a template becomes an answer."""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

from fastapi import Request
from itsdangerous import BadSignature, URLSafeTimedSerializer
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse

from tianping import __version__
from tianping.errors import NotFound
from tianping.policy.saying import amount, say, span
from tianping.store.closes import Close
from tianping.web import charts
from tianping.web.access import Viewer, language
from tianping.web.addresses import address, category_url, figure_url
from tianping.web.console import Console
from tianping.web.wording import t
from tianping.work.people.reach import EVERYTHING

HERE = Path(__file__).parent
NOTICE = "notice"
_NOTICE_SECONDS = 60


class NavItem(NamedTuple):
    """A place in the frame: the word `frame.<key>`, its address, the right that it needs."""

    key: str
    path: str
    right: str


NAV = (
    NavItem("morning", "/morning", "see"),
    NavItem("shops", "/shops", "see"),
    NavItem("products", "/products", "see"),
    NavItem("warnings", "/warnings", "see"),
    NavItem("measures", "/measures", "see"),
    NavItem("data", "/data", "see"),
    NavItem("packs", "/packs", "see"),
    NavItem("reports", "/figure-reports", "report"),
    NavItem("accounts", "/accounts", "manage_accounts"),
    NavItem("audit", "/audit", "read_audit"),
)
"""Cases and disputes take their places here."""


@dataclass(frozen=True, slots=True)
class Looked:
    """The close that a page looks at, none where there is none; the days there are, newest first; whether one was asked for."""

    close: Close | None
    dates: tuple[dt.date, ...]
    asked: bool


@cache
def _version_of(name: str) -> str:
    return hashlib.sha256((HERE / "static" / name).read_bytes()).hexdigest()[:12]


def static(name: str) -> str:
    """The address of a static file; another one when the file changes."""
    return f"/static/{name}?v={_version_of(name)}"


@cache
def templates() -> Environment:
    """The templates. An unknown name is a fault of the program, never an empty place."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(amount=amount, span=span, static=static, version=__version__, figure_url=figure_url)
    made.globals.update(charts.TEMPLATE_GLOBALS, category_url=category_url)
    made.filters["n"] = lambda number: f"{number:,}".replace(",", "\u2009")
    return made


def page(request: Request, viewer: Viewer | None, template: str, *, status: int = 200, **context: object) -> HTMLResponse:
    """A whole page."""
    words = _words(request, viewer)
    said = _notice(request)
    told = HTMLResponse(templates().get_template(template).render({**words, "notice": said, **context}), status)
    if said:
        told.delete_cookie(NOTICE)
    return told


def fragment(request: Request, viewer: Viewer, template: str, *, status: int = 200, **context: object) -> HTMLResponse:
    """A piece of a page, for htmx."""
    return HTMLResponse(templates().get_template(template).render({**_words(request, viewer), **context}), status)


def _words(request: Request, viewer: Viewer | None) -> Mapping[str, Any]:
    lang = viewer.lang if viewer else language(request)
    asked = request.query_params.get("date", "")
    return {
        "t": lambda key, **values: t(key, lang, **values),
        "say": partial(_say, lang),
        "amount": partial(amount, lang=lang),
        "span": partial(span, lang=lang),
        "lang": lang,
        "request": request,
        "theme": request.cookies.get("theme", ""),
        "viewer": viewer,
        "csrf": viewer.csrf if viewer else "",
        "here": request.url.path,
        "url": partial(_kept, asked),
        "nav": [item for item in NAV if viewer and viewer.may(item.right)],
        "here_full": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        "looked": _looked(request, viewer, asked),
    }


def _say(lang: str, words: Any) -> str:
    return say(words, lang)


def _kept(asked: str, path: str, *segments: object, **query: object) -> str:
    """Links keep the day that the page looks at."""
    return address(path, *segments, **{"date": asked, **query})


def _looked(request: Request, viewer: Viewer | None, asked: str) -> Looked:
    console: Console = request.app.state.console
    dates = tuple(console.dates()) if viewer else ()
    reach = viewer.reach if viewer else EVERYTHING
    try:
        close = console.close_of(dt.date.fromisoformat(asked) if asked else None, reach) if dates else None
    except (NotFound, ValueError):
        close = None
    return Looked(close, dates, bool(asked))


def _signer(request: Request) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(request.app.state.console.secret, salt=NOTICE)


def _notice(request: Request) -> Mapping[str, Any] | None:
    """What the page before has to say: the key of its words, and their values."""
    try:
        said: Mapping[str, Any] = json.loads(_signer(request).loads(request.cookies[NOTICE], max_age=_NOTICE_SECONDS))
    except (KeyError, BadSignature, ValueError):
        return None
    return said


def seen_other(request: Request, path: str, said: str = "", **values: object) -> RedirectResponse:
    """On to another page, which says the words `said` once."""
    told = RedirectResponse(path, status_code=303)
    if said:
        packed = _signer(request).dumps(json.dumps({"key": said, "values": values}))
        told.set_cookie(NOTICE, str(packed), max_age=_NOTICE_SECONDS, httponly=True, samesite="lax")
    return told
