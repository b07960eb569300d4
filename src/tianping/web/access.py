"""Who looks: the session's cookie to a viewer, what a viewer may, and that a form came from our own page."""

import hmac
import ipaddress
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from fastapi import Depends, Request, Response
from itsdangerous import BadSignature, URLSafeSerializer

from tianping.store.accounts import Account
from tianping.web.console import Console
from tianping.work.people import accounts
from tianping.work.people.reach import Reach

COOKIE = "tianping"
SAFE = ("GET", "HEAD", "OPTIONS")
BEFORE_CHANGE = ("/password", "/logout")
"""What a one-time password opens."""


class SignedOut(Exception):
    """Nobody is signed in."""


class OneTime(Exception):
    """The account's password was told once, and is to be changed before anything else."""


class Forbidden(Exception):
    """The account has not this right, or the form is not ours. `what`: the key of the words for it."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks at a page."""

    account: Account
    reach: Reach
    rights: frozenset[str]
    lang: Literal["zh", "en"]
    csrf: str
    key: str

    def may(self, right: str) -> bool:
        return right in self.rights


def language(request: Request) -> Literal["zh", "en"]:
    """The language that the reader chose, else Chinese."""
    return "en" if request.cookies.get("lang") == "en" else "zh"


def viewer(request: Request) -> Viewer:
    """The account signed in. Raises SignedOut, OneTime."""
    desk: Console = request.app.state.console
    key = _key(request)
    found = accounts.session(desk.home, key, desk.clock()) if key else None
    if found is None or (found.account.demo and not nearby(request)):
        raise SignedOut
    if found.account.one_time and request.url.path not in BEFORE_CHANGE:
        raise OneTime
    return Viewer(found.account, found.reach, accounts.ROLES[found.account.role], language(request), found.csrf, key)


Seen = Annotated[Viewer, Depends(viewer)]


def needs(right: str) -> Any:
    """A dependency: the viewer must have this right. Raises Forbidden."""

    def check(seen: Seen) -> None:
        if not seen.may(right):
            raise Forbidden("frame.no_right")

    return Depends(check)


async def from_our_page(request: Request) -> None:
    """Of a request that may change something: that it came from a page of ours, by the session's token. Raises Forbidden."""
    if request.method in SAFE:
        return
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("frame.not_our_form")
    given = request.headers.get("x-csrf-token") or str((await request.form()).get("csrf", ""))
    if not hmac.compare_digest(given.encode(), viewer(request).csrf.encode()):
        raise Forbidden("frame.not_our_form")


def sign_in(request: Request, told: Response, key: str) -> None:
    """Put the session's key into the reader's cookie."""
    told.set_cookie(
        COOKIE, str(_signer(request).dumps(key)), httponly=True, samesite="lax", secure=request.url.scheme == "https"
    )


def sign_out(told: Response) -> None:
    told.delete_cookie(COOKIE)


def address_of(request: Request) -> str:
    """The reader's network address."""
    return request.client.host if request.client else ""


def nearby(request: Request) -> bool:
    """Whether the reader sits at this machine, so that the demo's accounts may come in: the console listens on loopback, is
    called by a loopback name (not by one that somebody has point here), and no proxy brings requests from elsewhere."""
    desk: Console = request.app.state.console
    passed_on = any(name in request.headers for name in ("forwarded", "x-forwarded-for", "x-real-ip", "via"))
    return desk.local and not passed_on and _is_loopback(request.headers.get("host", ""))


def _is_loopback(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _key(request: Request) -> str:
    try:
        return str(_signer(request).loads(request.cookies.get(COOKIE, "")))
    except BadSignature:
        return ""


def _signer(request: Request) -> URLSafeSerializer:
    return URLSafeSerializer(request.app.state.console.secret, salt="session")
