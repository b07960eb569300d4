"""Errors of the API as problem+json (RFC 9457): what, where, and what now."""

import logging
import uuid
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from tianping.errors import NotFound, TianpingError
from tianping.web.access import Forbidden, OneTime, SignedOut
from tianping.web.api.answers import Problem
from tianping.work.intake.uploads import plain

log = logging.getLogger("tianping.api")
KIND = "application/problem+json"
_TOLD: Mapping[type[Exception], tuple[int, str]] = {
    SignedOut: (401, "nobody is signed in; send a token of yours: Authorization: Bearer tp_…"),
    OneTime: (403, "this account's password was told once; sign in and change it first"),
    Forbidden: (403, "this account may not do that; ask an administrator"),
}
"""Errors that say nothing to a program by themselves."""


def handle(app: FastAPI) -> None:
    """Have this application answer errors so."""
    for error, (status, detail) in _TOLD.items():
        app.add_exception_handler(error, _saying(status, detail))
    app.add_exception_handler(NotFound, _as(404))
    app.add_exception_handler(TianpingError, _as(409))
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _fault)


def titled(status: int) -> dict[str, Any]:
    """The fields that say what the status says."""
    return {"title": HTTPStatus(status).phrase, "status": status}


def problem(status: int, detail: str) -> Response:
    said = Problem(**titled(status), detail=detail)
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return JSONResponse(said.model_dump(), status, headers, media_type=KIND)


def _saying(status: int, detail: str) -> Callable[[Request, Exception], Response]:
    return lambda request, error: problem(status, detail)


def _as(status: int) -> Callable[[Request, Exception], Response]:
    return lambda request, error: problem(status, plain(request.app.state.console.home, str(error)))


def _invalid(_request: Request, error: Exception) -> Response:
    wrong = error.errors() if isinstance(error, RequestValidationError) else []
    return problem(400, "; ".join(f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}" for each in wrong))


def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    said = f"there is no {request.url.path}; see /api/v1/openapi.json" if status == 404 else str(error)
    return problem(status, said)


def _fault(request: Request, error: Exception) -> Response:
    """A fault of the program: a number to find it by."""
    number = uuid.uuid4().hex[:8]
    log.error("fault %s at %s %s", number, request.method, request.url.path, exc_info=error)
    return problem(500, f"a fault of the program, number {number}; tell an administrator, the log has the details")
