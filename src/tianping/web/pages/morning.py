"""The morning page: which shops need somebody, what got worse and what is behind it, which data are missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from tianping.errors import NotFound
from tianping.metrics.compile import Key
from tianping.policy.model import Metric, Pack
from tianping.web.access import Seen
from tianping.web.console import Desk
from tianping.web.frame import fragment, page
from tianping.web.judging import wall
from tianping.web.pages.data_words import column_word
from tianping.web.pages.product import looked
from tianping.web.pages.warnings import lines_of
from tianping.work.docket import hearing, verdicts
from tianping.work.figures import boards
from tianping.work.figures import morning as mornings
from tianping.work.figures.boards import Look, Shown, Subject
from tianping.work.figures.catalogue import Catalogue, Shop, catalogue
from tianping.work.figures.morning import Need, Worse
from tianping.work.figures.needs import DAYS, headline
from tianping.work.judgement import watch

router = APIRouter()
SHOPS = 20
"""Shops of a page."""
FEW = 3
"""Up to so many shops are all shown, whether they need somebody or not."""
WARNED = 6
"""Warnings shown of those there are."""
_WORSE = 12
"""Figures that got worse, whose causes are fetched at once; the others' when the reader comes to them."""


@dataclass(frozen=True, slots=True)
class Line:
    """A shop with its figures, one for each metric of its platform's headline."""

    need: Need
    shop: Shop
    cells: Sequence[Shown | None]


@dataclass(frozen=True, slots=True)
class Table:
    """The shops of one platform."""

    pack: Pack
    metrics: Sequence[Metric]
    lines: Sequence[Line]

    @property
    def spans(self) -> list[Shown]:
        """One figure of each column, for the days that it counts."""
        columns = zip(*(line.cells for line in self.lines), strict=True)
        return [next(filter(None, column)) for column in columns if any(column)]


@dataclass(frozen=True, slots=True)
class Turn:
    """A figure that got worse."""

    shop: Shop
    worse: Worse
    shown: Shown


@router.get("/morning")
def morning(
    request: Request, seen: Seen, desk: Desk, number: Annotated[int, Query(alias="page", ge=1, le=100_000)] = 1
) -> Response:
    """All shops within reach, those in the greatest need first."""
    look = looked(request, seen, desk)
    book = catalogue(look.home, look.done.seq)
    shops = weighed(look, book)
    found = mornings.morning(look, shops, skip=(number - 1) * SHOPS, take=SHOPS)
    first = [each for each in found.page if not each.calm or found.shops <= FEW or not found.needy]
    made = tables(look, book, first)
    warned = watch.warnings(look, look.reach, limit=WARNED)
    return page(
        request, seen, "morning/morning.html",
        look=look,
        found=found,
        tables=made,
        turns=turns(made),
        warned=lines_of(look, warned.listed, seen.lang),
        warnings=warned.total,
        reached=any(each.near >= 1 for each in warned.listed),
        afoot=hearing.afoot(verdicts.office(desk.home, desk.packs), look.reach, desk.clock()),
        wall=wall(desk),
        now=desk.clock(),
        at_once=_WORSE,
        gaps=mornings.gaps(look, shops),
        names=book.shops,
        column_word=partial(column_word, seen.lang),
        number=number,
        pages=-(-found.needy // SHOPS),
        size=SHOPS,
        newest=None if request.query_params.get("date") else max(desk.dates()),
        covered=desk.last_day(look.reach),
        rest=found.shops - found.needy if first and found.needy and found.shops > FEW else max(found.shops - len(first), 0),
        days=DAYS,
    )  # fmt: skip


def weighed(look: Look, book: Catalogue) -> list[Shop]:
    """The shops within reach whose platform the close has figures of."""
    return [each for each in book.within(look.reach) if each.platform in look.done.packs and each.platform in look.packs]


def tables(look: Look, book: Catalogue, needs: Sequence[Need]) -> list[Table]:
    """These shops by platform, the platform of the neediest first; the figures of all are read at once."""
    packs = [look.packs[name] for name in dict.fromkeys(each.platform for each in needs)]
    keys = {key for pack in packs for key in headline(pack)}
    found = boards.shown(look, [Subject(each.platform, "shop", each.shop) for each in needs], days=DAYS, keys=keys)
    held = {(each.subject.subject, each.key): each for each in found}
    return [_table(book, pack, [each for each in needs if each.platform == pack.platform], held) for pack in packs]


def _table(book: Catalogue, pack: Pack, needs: Sequence[Need], held: dict[tuple[str, Key], Shown]) -> Table:
    keys = headline(pack)
    lines = [Line(each, book.shops[each.shop], [held.get((each.shop, key)) for key in keys]) for each in needs]
    return Table(pack, [pack.metrics[key] for key in keys], lines)


def turns(made: Sequence[Table]) -> list[Turn]:
    """What got worse, by shop as they stand."""
    lines = [line for table in made for line in table.lines]
    held = {(line.shop.id, each.key): each for line in lines for each in line.cells if each}
    return [
        Turn(line.shop, worse, held[line.shop.id, worse.key])
        for line in lines
        for worse in line.need.worse
        if (line.shop.id, worse.key) in held
    ]


@router.get("/morning/behind")
def behind(request: Request, seen: Seen, desk: Desk, shop: str, metric: str, variant: str = "") -> Response:
    """The products behind a figure that got worse."""
    look = looked(request, seen, desk)
    book = catalogue(look.home, look.done.seq)
    known = _metric(look, book.shop(shop, look.reach), metric, variant)
    found = mornings.movers(look, book, shop, (metric, variant))
    return fragment(
        request, seen, "morning/_behind.html", found=found, metric=known, key=(metric, variant), shop=shop, before=look.before
    )


@router.get("/morning/reasons")
def reasons(request: Request, seen: Seen, desk: Desk, shop: str, metric: str, variant: str = "") -> Response:
    """The reasons of the rows that a figure counts."""
    look = looked(request, seen, desk)
    book = catalogue(look.home, look.done.seq)
    _metric(look, book.shop(shop, look.reach), metric, variant)
    found = mornings.reasons(look, book, shop, (metric, variant))
    return fragment(request, seen, "morning/_reasons.html", found=found, total=sum(count for _, count in found))


def _metric(look: Look, shop: Shop, metric: str, variant: str) -> Metric:
    """Raises NotFound for one that the shop's platform has not."""
    known = boards.pack_of(look.packs, shop.platform).metrics.get((metric, variant))
    if known is None:
        raise NotFound(f'there is no metric "{metric}" here')
    return known
