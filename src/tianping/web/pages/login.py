"""Coming and going: sign in, sign out, the password, language and theme."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from tianping.web import access
from tianping.web.access import Seen, from_our_page
from tianping.web.console import Desk
from tianping.web.frame import page, seen_other
from tianping.work.people import accounts
from tianping.work.people.passwords import PasswordRefused

router = APIRouter()
_YEAR = 365 * 86400


@router.get("/login")
def login(request: Request, next: str = "/") -> Response:  # noqa: A002  # the address's own word
    return page(request, None, "login.html", next=local(next), said="", name="")


@router.post("/login")
def sign_in(
    request: Request,
    desk: Desk,
    name: Annotated[str, Form()],
    password: Annotated[str, Form()],
    next: Annotated[str, Form()] = "/",  # noqa: A002
) -> Response:
    """No session yet, so no token of one: a form from elsewhere could at most sign the reader in as somebody else, and browsers
    that say where a form came from are believed."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise access.Forbidden("frame.not_our_form")
    found = accounts.sign_in(
        desk.home, name, password, address=access.address_of(request), at=desk.clock(), demo=access.nearby(request)
    )
    if isinstance(found, accounts.Refused):
        return page(request, None, "login.html", status=401, next=local(next), said=f"frame.{found.why}", name=name)
    told = seen_other(request, local(next))
    access.sign_in(request, told, found.key)
    if "lang" not in request.cookies:
        _remember("lang", found.account.lang, told)
    return told


@router.post("/logout", dependencies=[Depends(from_our_page)])
def logout(request: Request, desk: Desk, seen: Seen) -> Response:
    accounts.sign_out(desk.home, seen.key, seen.account, address=access.address_of(request), at=desk.clock())
    told = seen_other(request, "/login", "frame.signed_out")
    access.sign_out(told)
    return told


@router.get("/password")
def password(request: Request, seen: Seen) -> Response:
    return page(request, seen, "password.html", said="frame.password_one_time" if seen.account.one_time else "")


@router.post("/password", dependencies=[Depends(from_our_page)])
def change_password(
    request: Request,
    desk: Desk,
    seen: Seen,
    old: Annotated[str, Form()],
    new: Annotated[str, Form()],
    again: Annotated[str, Form()],
) -> Response:
    if new != again:
        return page(request, seen, "password.html", status=400, said="frame.passwords_differ")
    address = access.address_of(request)
    try:
        accounts.change_password(desk.home, seen.account, old, new, key=seen.key, at=desk.clock(), address=address)
    except PasswordRefused as error:
        return page(request, seen, "password.html", status=400, said=f"frame.password_{error.why}")
    return seen_other(request, "/", "frame.password_changed")


@router.get("/language/{lang}")
def language(lang: Literal["zh", "en"], back: str = "/") -> Response:
    return _remember("lang", lang, RedirectResponse(local(back), status_code=303))


@router.get("/theme/{theme}")
def theme(theme: Literal["light", "dark", "auto"], back: str = "/") -> Response:
    return _remember("theme", "" if theme == "auto" else theme, RedirectResponse(local(back), status_code=303))


def _remember(name: str, value: str, told: Response) -> Response:
    told.set_cookie(name, value, max_age=_YEAR, httponly=True, samesite="lax")
    return told


def local(path: str) -> str:
    """An address of ours; anything else is our first page."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) and "\n" not in path else "/"
