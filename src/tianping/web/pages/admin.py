"""Administration: accounts with roles and shops, the keys of programs, the audit trail."""

import datetime as dt
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form, Path, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from tianping.periods import day_start, to_wall
from tianping.store.audit import Wanted
from tianping.web.access import Seen, Viewer, address_of, needs
from tianping.web.addresses import address
from tianping.web.console import Console, Desk
from tianping.web.frame import page, seen_other
from tianping.web.wording import t, words
from tianping.work.figures.catalogue import catalogue
from tianping.work.people import accounts, trail
from tianping.work.people.accounts import AccountRefused, Doer, Draft, Lang, Member, PasswordRefused, Role

router = APIRouter()
MANAGES = [needs("manage_accounts")]
HAS_TOKENS = [needs("tokens")]
_BETWEEN = re.compile(r"[\s,，、;；]+")
_MOST = 2**31 - 1
"""Of an id in the database."""
Number = Annotated[int, Path(ge=1, le=_MOST)]
MOST_NAMED = 500
"""Shops of an account that its page names one by one."""

MOST_TOLD = 20
"""Things of a list that a line of the trail names."""


class AccountForm(BaseModel):
    """What the form of an account says. `shops`: ids with blanks, commas or line ends between them."""

    name: str = ""
    label: str = ""
    role: Role = "merchant"
    all_shops: bool = False
    shops: str = ""
    lang: Lang = "zh"

    def draft(self) -> Draft:
        named = frozenset(filter(None, _BETWEEN.split(self.shops)))
        return Draft(self.label.strip(), self.role, None if self.all_shops else named, self.lang)

    @classmethod
    def of(cls, member: Member) -> "AccountForm":
        each, shops = member.account, "\n".join(member.shops)
        return cls(name=each.name, label=each.label, role=each.role, all_shops=each.all_shops, shops=shops, lang=each.lang)


def doer(request: Request, desk: Console, seen: Viewer) -> Doer:
    """Who does it, now, from where."""
    return Doer(seen.account.id, desk.clock(), address_of(request))


@router.get("/accounts", dependencies=MANAGES)
def listed(request: Request, desk: Desk, seen: Seen) -> Response:
    return page(request, seen, "admin/accounts.html", members=accounts.every(desk.home))


@router.get("/accounts/new", dependencies=MANAGES)
def new(request: Request, seen: Seen) -> Response:
    return _form(request, seen, AccountForm())


def _form(request: Request, seen: Viewer, form: AccountForm, why: str = "") -> Response:
    status = 400 if why else 200
    return page(request, seen, "admin/new.html", status=status, form=form, why=why, roles=list(accounts.ROLES))


@router.post("/accounts", dependencies=MANAGES)
def create(request: Request, desk: Desk, seen: Seen, form: Annotated[AccountForm, Form()]) -> Response:
    """The password is shown in the answer itself: it stands in no address and no cookie."""
    try:
        made, password = accounts.create(desk.home, form.name.strip(), form.draft(), doer=doer(request, desk, seen))
    except (AccountRefused, PasswordRefused) as error:
        return _form(request, seen, form, error.why)
    return page(request, seen, "admin/given.html", account=made, password=password)


@router.get("/accounts/{number}", dependencies=MANAGES)
def account(request: Request, desk: Desk, seen: Seen, number: Number) -> Response:
    member = accounts.get(desk.home, number)
    return _account(request, desk, seen, member, AccountForm.of(member))


def _account(request: Request, desk: Console, seen: Viewer, member: Member, form: AccountForm, why: str = "") -> Response:
    return page(
        request,
        seen,
        "admin/account.html",
        status=400 if why else 200,
        member=member,
        form=form,
        why=why,
        roles=list(accounts.ROLES),
        shops=_named(desk, member.shops),
    )


@router.post("/accounts/{number}", dependencies=MANAGES)
def edit(request: Request, desk: Desk, seen: Seen, number: Number, form: Annotated[AccountForm, Form()]) -> Response:
    member = accounts.get(desk.home, number)
    try:
        accounts.edit(desk.home, number, form.draft(), doer=doer(request, desk, seen))
    except AccountRefused as error:
        return _account(request, desk, seen, member, form, error.why)
    return seen_other(request, f"/accounts/{number}", "admin.saved")


@router.post("/accounts/{number}/password", dependencies=MANAGES)
def reset(request: Request, desk: Desk, seen: Seen, number: Number) -> Response:
    password = accounts.reset_password(desk.home, number, doer=doer(request, desk, seen))
    return page(request, seen, "admin/given.html", account=accounts.get(desk.home, number).account, password=password)


@router.post("/accounts/{number}/deactivation", dependencies=MANAGES)
def deactivate(request: Request, desk: Desk, seen: Seen, number: Number) -> Response:
    member = accounts.get(desk.home, number)
    try:
        accounts.deactivate(desk.home, number, doer=doer(request, desk, seen))
    except AccountRefused as error:
        return _account(request, desk, seen, member, AccountForm.of(member), error.why)
    return seen_other(request, f"/accounts/{number}", "admin.deactivated")


@router.post("/accounts/{number}/activation", dependencies=MANAGES)
def activate(request: Request, desk: Desk, seen: Seen, number: Number) -> Response:
    accounts.activate(desk.home, number, doer=doer(request, desk, seen))
    return seen_other(request, f"/accounts/{number}", "admin.activated")


@router.get("/tokens", dependencies=HAS_TOKENS)
def tokens(request: Request, desk: Desk, seen: Seen) -> Response:
    return _tokens(request, desk, seen)


def _tokens(request: Request, desk: Console, seen: Viewer, *, key: str = "", why: str = "") -> Response:
    given = accounts.tokens_of(desk.home, seen.account.id)
    return page(
        request, seen, "admin/tokens.html", status=400 if why else 200, tokens=given, key=key, why=why, wall=_wall(desk)
    )


@router.post("/tokens", dependencies=HAS_TOKENS)
def new_token(request: Request, desk: Desk, seen: Seen, label: Annotated[str, Form()] = "") -> Response:
    """Shown in the answer itself, this once."""
    if not 0 < len(label.strip()) <= 120:
        return _tokens(request, desk, seen, why="token_label")
    key = accounts.new_token(desk.home, seen.account.id, label.strip(), doer=doer(request, desk, seen))
    return _tokens(request, desk, seen, key=key)


@router.post("/tokens/{number}/revocation", dependencies=HAS_TOKENS)
def revoke(request: Request, desk: Desk, seen: Seen, number: Number) -> Response:
    accounts.revoke_token(desk.home, seen.account.id, number, doer=doer(request, desk, seen))
    return seen_other(request, "/tokens", "admin.token_revoked")


@router.get("/audit", dependencies=[needs("read_audit")])
def audit(
    request: Request,
    desk: Desk,
    seen: Seen,
    account: str = "",
    act: str = "",
    thing: str = "",
    first: str = "",
    last: str = "",
    before: Annotated[int | None, Query(ge=0, le=_MOST)] = None,
) -> Response:
    """Days are those of the home's zone, the last one included. What the form leaves empty is not asked for."""
    since, until = _day(first), _day(last)
    wanted = Wanted(
        account_id=int(account) if account.isdecimal() and int(account) <= _MOST else None,
        act=act or None,
        object=_thing(seen.lang, thing) or None,
        since=day_start(since, desk.home.zone) if since else None,
        until=day_start(until + dt.timedelta(days=1), desk.home.zone) if until else None,
        before=before,
    )
    found = trail.page(desk.home, wanted)
    asked = {"account": account, "act": act, "thing": thing, "first": first, "last": last}
    return page(
        request,
        seen,
        "admin/audit.html",
        found=found,
        asked=asked,
        acts=trail.ACTS,
        members=accounts.every(desk.home),
        older=address("/audit", **asked, before=found.before) if found.before else "",
        newest=address("/audit", **asked) if before else "",
        wall=_wall(desk),
        thing_words=partial(thing_words, seen.lang),
        detail_words=partial(detail_words, seen.lang),
    )


def _kind(lang: Lang, kind: str) -> str:
    """What an act was done to: words of its kind, else the kind itself."""
    key = f"admin.thing_{kind.replace(' ', '_')}"
    return t(key, lang) if key in words() else kind


def thing_words(lang: Lang, thing: str) -> str:
    """`import 12`, `figure rows`, `account`: in the reader's language as far as its kind is known."""
    kind, space, name = thing.partition(" ")
    whole = _kind(lang, thing)
    return whole if whole != thing else f"{_kind(lang, kind)}{space}{name}"


def _thing(lang: Lang, asked: str) -> str:
    """The object that a reader asks for in words, as the trail names it."""
    asked = " ".join(asked.split())
    for key in words():
        if key.startswith("admin.thing_") and key != "admin.thing_hint":
            word, kind = t(key, lang), key.removeprefix("admin.thing_")
            if asked == word or asked.startswith(f"{word} "):
                return (kind.replace("_", " ") if kind == "figure_rows" else kind) + asked[len(word) :]
    return asked


def detail_words(lang: Lang, name: str, value: object) -> tuple[str, str]:
    """A detail of an act: its name and its value in the reader's language; of many, the first twenty."""
    key = f"admin.detail_{name}"
    return t(key, lang) if key in words() else name, _value(lang, name, value)


_SAID = {"role": "parts.role_", "verb": "judgement.verb_"}
"""Details whose values have words, and how these begin."""


def _value(lang: Lang, name: str, value: object) -> str:
    if isinstance(value, bool):
        return t("admin.is_true" if value else "admin.is_false", lang)
    if isinstance(value, list):
        more = f" … {len(value)}" if len(value) > MOST_TOLD else ""
        return ("、" if lang == "zh" else ", ").join(map(str, value[:MOST_TOLD])) + more
    said = _SAID.get(name, "") + str(value)
    return t(said, lang) if said in words() else str(value)


def _day(text: str) -> dt.date | None:
    """A day as a form gives it; what is none, or outside the years there are facts of, is not asked for."""
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2100 else None


def _wall(desk: Console) -> Callable[[dt.datetime], str]:
    """Instants as people here read them."""
    return lambda at: to_wall(at, desk.home.zone).isoformat(" ", "seconds")


def _named(desk: Console, shops: Sequence[str]) -> list[tuple[str, str | None]]:
    """The first of these shops, each with its name, None where the newest close does not know it."""
    if not shops or not desk.dates():
        return [(shop, None) for shop in shops[:MOST_NAMED]]
    known = catalogue(desk.home, desk.close_of(None).seq).shops
    return [(shop, known[shop].name if shop in known else None) for shop in shops[:MOST_NAMED]]
