"""What every answer carries and every request must keep to, before any page is asked: headers, and sizes."""

import re
from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tianping.web.api.problems import problem

POLICY = "; ".join(
    (
        "default-src 'self'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "object-src 'none'",
        "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'",
    )
)  # fmt: skip
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "X-Frame-Options": "DENY",
}
KEPT = "public, max-age=31536000, immutable"
"""Static files: their address carries their digest."""
MOST_BYTES = 1 << 20
"""Of a request's body, but for uploads."""
MOST_UPLOADED = 2 << 30
UPLOADS = ("/data/uploads", "/data/quarantine/sheets")
MOST_SHOWN = 11 << 20
"""Of a file shown in a case, and the form around it."""
_TOO_LARGE = "the request is too large; send fewer or smaller files at once"
_SHOWN = re.compile(r"/api/v1/cases/[^/]+/evidence")


class TooLarge(Exception):
    """A body went on after its bound."""


class Guard:
    """Adds the headers to every answer and ends requests whose body is too large: said ones at once, others as they grow."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        most = _most(scope["path"])
        said = Headers(scope=scope).get("content-length", "0")
        if not said.isdecimal() or int(said) > most:
            return await _refuse(scope, receive, _dressed(scope, send))
        try:
            await self.app(scope, _bounded(receive, most), _dressed(scope, send))
        except TooLarge:
            await _refuse(scope, receive, _dressed(scope, send))


def _most(path: str) -> int:
    """How large the body of a request there may be."""
    if path.rstrip("/") in UPLOADS:
        return MOST_UPLOADED
    return MOST_SHOWN if _SHOWN.fullmatch(path) else MOST_BYTES


def _bounded(receive: Receive, most: int) -> Receive:
    taken = 0

    async def bounded() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > most:
            raise TooLarge
        return message

    return bounded


def _dressed(scope: Scope, send: Send) -> Send:
    async def dressed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)  # a file that somebody showed has a stricter policy of its own
            headers.setdefault("Cache-Control", KEPT if scope["path"].startswith("/static/") else "no-store")
        await send(message)

    return dressed


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """In words on a page, as a problem to a program."""
    program = scope["path"].startswith("/api/v1/")
    told = problem(Request(scope), 413, _TOO_LARGE) if program else PlainTextResponse(f"请求过大 · {_TOO_LARGE}", 413)
    told.headers["connection"] = "close"
    await told(scope, receive, send)
