"""What judgement says of a shop: scores, rights, level, warnings, points, deposit, measures in force."""

import datetime as dt
from functools import partial

from fastapi import APIRouter, Request
from starlette.responses import Response

from tianping.policy.saying import say
from tianping.web import findings
from tianping.web.access import Seen
from tianping.web.console import Desk
from tianping.web.findings import Whose
from tianping.web.frame import page
from tianping.web.judging import amount_words, effect_words, violation_words, wall
from tianping.web.pages.product import looked
from tianping.web.pages.warnings import lines_of
from tianping.work.docket import verdicts
from tianping.work.docket.verdicts import LevelOf, ScoredGroup, ScoredItem, ScoreOf
from tianping.work.figures import boards
from tianping.work.figures.catalogue import catalogue

router = APIRouter()
MOST = 20
"""Measures shown of those in force, and products of those without a right."""


@router.get("/shops/{shop:path}/judgement")
def of_shop(request: Request, seen: Seen, desk: Desk, shop: str) -> Response:
    """Where a shop stands."""
    look = looked(request, seen, desk)
    book = catalogue(look.home, look.done.seq)
    known = book.shop(shop, look.reach)
    pack = boards.pack_of(look.packs, known.platform)
    verdict = verdicts.of_shop(look, known.platform, shop, at=desk.clock())
    whose = Whose(pack, known.platform, shop, "", (), look.done.date)
    named = verdict.products[:MOST] if verdict else ()
    return page(
        request, seen, "judgement/shop.html",
        look=look,
        shop=known,
        pack=pack,
        most=MOST,
        verdict=verdict,
        removal_from=removal_from(verdict.level) if verdict and verdict.level else None,
        warned=lines_of(look, verdict.warnings, seen.lang) if verdict else (),
        products=named,
        titles=book.named([each.subject for each in named]),
        left=len(verdict.products) - len(named) if verdict else 0,
        said=lambda found: findings.said(found, whose, seen.lang),
        why=lambda name: findings.why(name, seen.lang),
        group_words=lambda group: _group_words(group, seen.lang),
        points=findings.points,
        percent=findings.percent,
        adjusted_item=_other,
        violation_words=lambda name: violation_words(look.packs, known.platform, name, seen.lang),
        effect_words=partial(effect_words, lang=seen.lang),
        amount_words=partial(amount_words, lang=seen.lang),
        wall=wall(desk),
    )  # fmt: skip


def removal_from(at: LevelOf) -> dt.date | None:
    """The first T at which the removal of a shop at the lowest level can be proposed; None at any other."""
    rule = at.version.removal
    if rule is None or at.row["level"] != rule.level:
        return None
    since: dt.date = at.row["since"]
    return since + dt.timedelta(days=rule.days)


def _group_words(group: ScoredGroup, lang: str) -> str:
    return say(group.label, lang) if group.label else group.name


def _other(score: ScoreOf, group: ScoredGroup, item: ScoredItem) -> ScoredItem | None:
    """The item on the adjusted track, where it has other points."""
    if score.adjusted is None:
        return None
    found = (
        each
        for other in score.adjusted.groups
        if other.name == group.name
        for each in other.items
        if each.name == item.name and each.points != item.points
    )
    return next(found, None)
