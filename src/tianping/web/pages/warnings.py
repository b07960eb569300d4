"""Who is near a line before any violation, and what a person should look at first."""

import datetime as dt
from collections.abc import Sequence
from fractions import Fraction
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from tianping.assess.warning import advice, next_due
from tianping.policy.judging import Trigger, ViolationVersion
from tianping.policy.words import Words
from tianping.store.docket import Last
from tianping.web import findings
from tianping.web.access import Seen, needs
from tianping.web.addresses import address
from tianping.web.console import Desk
from tianping.web.findings import Said, Whose
from tianping.web.frame import page
from tianping.web.judging import platform_words, violation_words, whose_warned
from tianping.web.pages.product import looked
from tianping.work.figures.boards import Look
from tianping.work.figures.catalogue import Product, Shop, catalogue
from tianping.work.judgement import watch
from tianping.work.judgement.watch import Listed, Warned, Worklist

router = APIRouter()
SIZE = 50
"""Warnings, or subjects of a worklist, on a page."""
Number = Annotated[int, Query(alias="page", ge=1, le=100_000)]


class Line(NamedTuple):
    """A warning with its figure in words. `days`: until it is looked at; `next`: when again after T; `daily`: every day;
    `gate`: the line is reached, another condition is not; `advice`: what to do (KS-B07); `last`: what was found of it, and
    is not found again for so many days (`again`); None where nothing was."""

    warned: Warned
    said: Said
    shop: Shop | None
    product: Product | None
    days: int
    next: dt.date | None
    daily: bool
    gate: bool
    advice: Sequence[Words]
    last: Last | None
    again: int


def lines_of(look: Look, warned: Sequence[Warned], lang: str) -> list[Line]:
    """Warnings as the pages show them."""
    book = catalogue(look.home, look.done.seq)
    titles = book.named({each.subject for each in warned if each.kind == "product"})
    found = watch.found_before(look.home, warned, look.done.date)
    return [
        _line(look, each, lang, book.shops.get(each.shop), titles.get(each.subject), found.get(_key(each))) for each in warned
    ]


def _key(warned: Warned) -> tuple[str, str, str]:
    return warned.platform, warned.name, warned.subject


def _line(look: Look, each: Warned, lang: str, shop: Shop | None, product: Product | None, last: Last | None) -> Line:
    rule, date = rule_of(look, each), look.done.date
    trigger = next((one for one in rule.triggers if one.name == each.trigger), None) if rule else None
    again = rule.again_after_days if rule else 0
    return Line(
        warned=each,
        said=findings.said(each.reading, whose_warned(look.packs, each, date), lang),
        shop=shop,
        product=product,
        days=(each.due - date).days,
        next=next_due(trigger, date + dt.timedelta(days=1)) if trigger else None,
        daily=bool(trigger and trigger.cadence.every == "day"),
        gate=bool(trigger and _by_gate(each, trigger)),
        advice=advice(rule) if rule else (),
        last=last if last and (date - last.date).days < max(again, 1) else None,
        again=again,
    )


def _by_gate(warned: Warned, trigger: Trigger) -> bool:
    """Whether the line itself is reached, so that the share is that of another condition on the figure."""
    taken, steps = warned.reading.get("taken"), trigger.steps
    return warned.near < 1 and taken is not None and steps is not None and Fraction(str(taken)) >= steps.lines[0][1]


def rule_of(look: Look, warned: Warned) -> ViolationVersion | None:
    """The rule that a warning is about, as it stands at T."""
    pack = look.packs.get(warned.platform)
    violation = pack.judging.violations.get(warned.name) if pack else None
    return violation.at(look.done.date) if violation else None


@router.get("/warnings")
def warnings(
    request: Request, seen: Seen, desk: Desk, platform: str = "", violation: str = "", shop: str = "", number: Number = 1
) -> Response:
    """The warnings within reach, the most pressing first."""
    look = looked(request, seen, desk)
    found = watch.warnings(look, look.reach, platform=platform, name=violation, shop=shop, skip=(number - 1) * SIZE, limit=SIZE)
    names = watch.warned_names(look, look.reach)
    asked = {"platform": platform, "violation": violation, "shop": shop}
    return page(
        request, seen, "judgement/warnings.html",
        look=look,
        judged=watch.done_of(look.home, look.done.date) is not None,
        lines=lines_of(look, found.listed, seen.lang),
        total=found.total,
        number=number,
        pages=-(-found.total // SIZE),
        size=SIZE,
        asked=asked,
        platforms=[(each, platform_words(look.packs, each, seen.lang)) for each in dict.fromkeys(name for name, _ in names)],
        kinds=list(dict.fromkeys((name, violation_words(look.packs, of, name, seen.lang)) for of, name in names)),
    )  # fmt: skip


class ListLine(NamedTuple):
    """A subject of a worklist with its figure in words; `enter`: where a violation of it is entered."""

    listed: Listed
    said: Said
    shop: Shop | None
    enter: str


@router.get("/worklists", dependencies=[needs("read_reports")])
def worklists(
    request: Request, seen: Seen, desk: Desk, violation: str = "", platform: str = "", number: Number = 1
) -> Response:
    """What people find by hand: the first of each list, or one of them page by page."""
    look = looked(request, seen, desk)
    if violation:
        one = watch.worklist(look, look.reach, platform, violation, skip=(number - 1) * SIZE, limit=SIZE)
        found = [one] if one else []
    else:
        found = watch.worklists(look, look.reach, limit=10)
    return page(
        request, seen, "judgement/worklists.html",
        look=look,
        judged=watch.done_of(look.home, look.done.date) is not None,
        lists=[(each, _list_lines(look, each, seen.lang)) for each in found],
        one=bool(violation),
        number=number,
        size=SIZE,
    )  # fmt: skip


def _list_lines(look: Look, worklist: Worklist, lang: str) -> list[ListLine]:
    book = catalogue(look.home, look.done.seq)
    return [
        ListLine(
            each,
            findings.said(each.reading, _whose(look, each), lang),
            book.shops.get(each.shop),
            address("/measures/new", violation=f"{each.platform}/{each.name}", shop=each.shop) if worklist.by_hand else "",
        )
        for each in worklist.listed
    ]


def _whose(look: Look, listed: Listed) -> Whose:
    product = listed.subject if listed.kind == "product" else ""
    return Whose(look.packs.get(listed.platform), listed.platform, listed.shop, product, (), look.done.date)
