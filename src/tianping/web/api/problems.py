"""Errors of the API as problem+json (RFC 9457): what, where, and what now, in the caller's language."""

import logging
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, Literal

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from tianping.errors import NotFound, TianpingError
from tianping.web.access import Forbidden, OneTime, SignedOut
from tianping.web.access import language as of_page
from tianping.web.api.answers import Problem
from tianping.web.wording import t, words
from tianping.work.intake.uploads import plain

log = logging.getLogger("tianping.api")
KIND = "application/problem+json"
Lang = Literal["zh", "en"]
_TOLD: Mapping[type[Exception], tuple[int, str]] = {
    SignedOut: (401, "problems.signed_out"),
    OneTime: (403, "problems.one_time"),
    Forbidden: (403, "problems.forbidden"),
}
"""Errors that say nothing to a program by themselves, and the words for them."""
_HTTP: Mapping[int, str] = {400: "problems.no_parse", 404: "problems.no_address", 405: "problems.no_method"}


def handle(app: FastAPI) -> None:
    """Have this application answer errors so."""
    for error, (status, key) in _TOLD.items():
        app.add_exception_handler(error, _saying(status, key))
    app.add_exception_handler(NotFound, saying(404))
    app.add_exception_handler(TianpingError, saying(409))
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _fault)


def language(request: Request, own: Lang | None = None) -> Lang:
    """The language that the program asks for, else the account's (`own`, or whoever was found to ask), else the page's."""
    said = request.headers.get("accept-language", "")[:2].lower()
    if said in ("zh", "en"):
        return "en" if said == "en" else "zh"
    known: Lang | None = own or getattr(request.state, "lang", None)
    return known or of_page(request)


def titled(status: int, lang: Lang) -> dict[str, Any]:
    """The fields that say what the status says."""
    return {"title": t(f"problems.title_{status}", lang), "status": status}


def problem(request: Request, status: int, detail: str) -> Response:
    """`detail`: in the language of `language`, or a sentence of the program, which is then translated."""
    lang = language(request)
    said = Problem(**titled(status, lang), detail=translated(lang, detail))
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return JSONResponse(said.model_dump(), status, headers, media_type=KIND)


def saying(status: int) -> Callable[[Request, Exception], Response]:
    """The error in its own sentence, without the folders of this machine."""
    return lambda request, error: problem(request, status, plain(request.app.state.console.home, str(error)))


def translated(lang: Lang, said: str) -> str:
    """A sentence of the program in the reader's language; what has no words there stands as it is."""
    if lang == "en":
        return said
    for pattern, zh in _sentences():
        if found := pattern.fullmatch(said):
            return zh.format(**{name: translated(lang, part) for name, part in found.groupdict().items()})
    return said


@cache
def _sentences() -> list[tuple[re.Pattern[str], str]]:
    """Each English sentence as a pattern of its parts, and the Chinese one."""
    told = [pair for key, pair in words().items() if re.match(r"problems\.(?!title_|invalid_)", key)]
    return [(re.compile(_PART.sub(r"(?P<\1>.*?)", re.escape(pair["en"])), re.DOTALL), pair["zh"]) for pair in told]


_PART = re.compile(r"\\\{(\w+)\\\}")


def _saying(status: int, key: str) -> Callable[[Request, Exception], Response]:
    return lambda request, error: problem(request, status, t(key, language(request)))


def _invalid(request: Request, error: Exception) -> Response:
    wrong: Iterable[Mapping[str, Any]] = error.errors() if isinstance(error, RequestValidationError) else []
    return problem(request, 400, "; ".join(_fault_of(language(request), each) for each in wrong))


def _fault_of(lang: Lang, each: Mapping[str, Any]) -> str:
    """What is wrong with one part of a request."""
    where = ".".join(str(part) for part in each["loc"])
    known = f"problems.invalid_{each['type']}"
    if known not in words():
        what = translated(lang, each["msg"].removeprefix("Value error, "))
        return t("problems.invalid_other", lang, where=where, what=what)
    return t(known, lang, where=where, **each.get("ctx", {}))


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    key = _HTTP.get(error.status_code)
    told = problem(request, error.status_code, t(key, language(request), path=request.url.path) if key else error.detail)
    told.headers.update(error.headers or {})
    return told


def _fault(request: Request, error: Exception) -> Response:
    """A fault of the program: a number to find it by."""
    number = uuid.uuid4().hex[:8]
    log.error("fault %s at %s %s", number, request.method, request.url.path, exc_info=error)
    return problem(request, 500, t("problems.fault", language(request), number=number))
