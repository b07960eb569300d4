"""Boards: all shops, one shop, a category with the industry beside it, a platform."""

from collections.abc import Iterator, Sequence
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from tianping.errors import NotFound
from tianping.metrics.compile import Key
from tianping.policy.model import Pack
from tianping.policy.saying import say
from tianping.web import grouping
from tianping.web.access import Seen, Viewer
from tianping.web.addresses import address, category_url
from tianping.web.console import Console, Desk
from tianping.web.frame import fragment, page
from tianping.web.pages.morning import tables, weighed
from tianping.web.pages.product import looked
from tianping.work.figures import boards, goods, voices
from tianping.work.figures import morning as mornings
from tianping.work.figures.boards import Look, Shown, Subject
from tianping.work.figures.catalogue import Catalogue, Product, Shop, catalogue
from tianping.work.figures.goodsql import Order, Selection
from tianping.work.figures.needs import DAYS, headline

router = APIRouter()
Days = Annotated[int, Query(ge=1, le=3660)]
SHOPS = 25
"""Shops of a page of the list."""
PRODUCTS = 10
"""Products of a shop's short list."""
_VOICED, _TEXTS = 2, 3
"""Products whose buyers are heard on the shop's page, and texts of each."""
_CATEGORIES = 60
"""Categories shown of a shop."""


class Opened(NamedTuple):
    """A shop within reach, at a close that has figures of its platform."""

    look: Look
    book: Catalogue
    shop: Shop
    pack: Pack


def _open(request: Request, seen: Viewer, desk: Console, shop: str) -> Opened:
    """Raises NotFound for a shop that is not there, or not within reach."""
    look = looked(request, seen, desk)
    book = catalogue(look.home, look.done.seq)
    known = book.shop(shop, look.reach)
    return Opened(look, book, known, boards.pack_of(look.packs, known.platform))


@router.get("/shops")
def shops(
    request: Request,
    seen: Seen,
    desk: Desk,
    platform: str = "",
    q: str = "",
    number: Annotated[int, Query(alias="page", ge=1, le=100_000)] = 1,
) -> Response:
    """The shops within reach by platform, those in the greatest need first."""
    look = looked(request, seen, desk)
    book = catalogue(look.home, look.done.seq)
    mine = weighed(look, book)
    platforms = [name for name in look.packs if any(each.platform == name for each in mine)]
    chosen = platform if platform in platforms else next(iter(platforms), "")
    named = [each for each in mine if each.platform == chosen and q.casefold() in f"{each.id} {each.name}".casefold()]
    found = mornings.morning(look, named, skip=(number - 1) * SHOPS, take=SHOPS)
    counts = {name: sum(each.platform == name for each in mine) for name in platforms}
    tabs = [
        (name, say(look.packs[name].label, seen.lang), address("/shops", platform=name), counts[name]) for name in platforms
    ]
    return page(
        request, seen, "boards/shops.html",
        look=look, found=found, tables=tables(look, book, found.page), tabs=tabs, chosen=chosen, q=q, number=number,
        pages=-(-found.shops // SHOPS), size=SHOPS, days=DAYS,
    )  # fmt: skip


def _standing(at: Opened) -> list[Shown]:
    """The figures of the shop and of its main category in it, read at once."""
    whole, path = Subject(at.shop.platform, "shop", at.shop.id), at.shop.main_category
    depth = path.count("/") + 1 if path else 4
    main = [Subject(at.shop.platform, f"shop_category_l{depth}", f"{at.shop.id}/{path}")] if depth <= 3 else []
    return boards.shown(at.look, [whole, *main])


def _main(found: Sequence[Shown]) -> dict[Key, Shown]:
    """The rates for the shop's main category beside the industry's (KS-B02)."""
    return {each.key: each for each in found if each.subject.by != "shop" and not each.metric.is_count}


def _of_shop(at: Opened, days: int) -> grouping.Categories:
    paths = at.book.paths([at.shop.id])[:_CATEGORIES]
    return grouping.categories(at.look, at.pack, paths, days, shop=at.shop.id)


@router.get("/shops/{shop:path}/products")
def products(request: Request, seen: Seen, desk: Desk, shop: str, days: Days = DAYS) -> Response:
    """A piece: the products of a shop that count most in the first metric of the pack's short list."""
    at = _open(request, seen, desk, shop)
    found, cells = _products(at, days)
    keys = grouping.short(at.pack)
    return fragment(
        request, seen, "boards/_products.html",
        at=at, found=found, cells=cells, metrics=[at.pack.metrics[key] for key in keys], days=days,
    )  # fmt: skip


def _products(at: Opened, days: int) -> tuple[list[Product], dict[str, list[Shown]]]:
    view = goods.goods(at.look, at.pack)
    keys = [key for key in grouping.short(at.pack) if key in view.offered]
    if not keys:
        return [], {}
    rate = next((key for key in keys if not at.pack.metrics[key].is_count), keys[0])
    found = _first(at, view, days, Order(keys[0], "value" if at.pack.metrics[keys[0]].is_count else "numerator"))
    cells = goods.cells(view, found, keys, days)
    if found and not cells[found[0].id][0].value:  # nothing counts: those that sell most
        found = _first(at, view, days, Order(rate, "denominator"))
        cells = goods.cells(view, found, keys, days)
    return found, cells


def _first(at: Opened, view: goods.Goods, days: int, order: Order) -> list[Product]:
    wanted = Selection(at.shop.platform, days, order, shop=at.shop.id)
    return [each for each in goods.find(view, wanted, take=PRODUCTS).products if each.shop == at.shop.id]


@router.get("/shops/{shop:path}/words")
def words(request: Request, seen: Seen, desk: Desk, shop: str, days: Days = DAYS) -> Response:
    """A piece: what buyers wrote of the products that count most."""
    at = _open(request, seen, desk, shop)
    products = _products(at, days)[0][:_VOICED]
    with voices.opened(at.look.home, at.look.done, [each.id for each in products]) as con:
        found = [(product, *_texts(at, con, product, days)) for product in products]
    return fragment(request, seen, "boards/_words.html", at=at, found=[each for each in found if any(each[1:])], days=days)


def _texts(at: Opened, con: voices.Facts, product: Product, days: int) -> tuple[list[voices.Refund], list[voices.Review]]:
    done, reach = at.look.done, at.look.reach
    refunds = voices.refunds(con, done, product.id, days, reach, take=_TEXTS).page
    reviews = voices.reviews(con, done, product.id, days, reach, take=_TEXTS).page
    return [each for each in refunds if each.text], [each for each in reviews if each.negative]


@router.get("/shops/{shop:path}")
def shop(request: Request, seen: Seen, desk: Desk, shop: str, days: Days = DAYS) -> Response:
    """Where a shop stands: its main category beside the industry, all its metrics, its categories."""
    at = _open(request, seen, desk, shop)
    every = _standing(at)
    counts, chosen = grouping.day_counts((each for each in every if each.subject.by == "shop"), days)
    there = [each for each in every if each.days == chosen]
    found, main = [each for each in there if each.subject.by == "shop"], _main(there)
    first = [key for key in headline(at.pack) if key in main]
    went = grouping.trends_of(at.look, {each.subject for each in there}, chosen)
    return page(
        request, seen, "boards/shop.html",
        at=at,
        days=counts,
        chosen=chosen,
        main=grouping.lines((main[key] for key in first), went),
        more=grouping.lines((each for key, each in main.items() if key not in first), went),
        main_href=_main_href(at, chosen),
        groups=grouping.shelves(at.pack, found, went),
        spans=grouping.spans(found),
        categories=_of_shop(at, chosen),
        listed=bool(at.pack.board.products),
    )  # fmt: skip


def _main_href(at: Opened, days: int) -> str:
    path = at.shop.main_category
    return category_url(at.shop.platform, path, shop=at.shop.id, days=days, date=at.look.done.date) if path else ""


@router.get("/categories/{platform}/{path:path}")
def category(request: Request, seen: Seen, desk: Desk, platform: str, path: str, shop: str = "", days: Days = DAYS) -> Response:
    """A category over all shops, the shop's part of it beside that, and the categories below."""
    look = looked(request, seen, desk)
    book, pack = catalogue(look.home, look.done.seq), boards.pack_of(look.packs, platform)
    mine = [each for each in book.within(look.reach) if each.platform == platform]
    whose = _whose(look, book, mine, path, shop)
    paths = book.paths([whose.id]) if whose else book.paths_of(platform)
    if path not in paths:
        raise NotFound(f'there is no category "{path}" here')
    stood = _stand(look, pack, _figures(look, platform, path, whose), days)
    below = [each for each in paths if each.rpartition("/")[0] == path]
    return page(
        request, seen, "boards/category.html",
        look=look,
        pack=pack,
        path=path,
        shop=whose,
        shops=[(each.id, each.name or each.id) for each in _with(book, mine, path)],
        industry=look.market or look.reach.everything,
        **stood._asdict(),
        above=list(_above(path, platform, look, whose, stood.chosen)),
        below=grouping.categories(look, pack, below, stood.chosen, shop=whose.id if whose else ""),
    )  # fmt: skip


class Stood(NamedTuple):
    """The figures of a board: the numbers of days there are, the one chosen, its figures by group, the days that they count."""

    days: Sequence[int]
    chosen: int
    groups: Sequence[grouping.Shelf]
    spans: Sequence[grouping.Span]


def _stand(look: Look, pack: Pack, every: Sequence[Shown], days: int) -> Stood:
    counts, chosen = grouping.day_counts(every, days)
    found = [each for each in every if each.days == chosen]
    went = grouping.trends_of(look, {each.subject for each in found}, chosen)
    return Stood(counts, chosen, grouping.shelves(pack, found, went), grouping.spans(found))


def _whose(look: Look, book: Catalogue, mine: Sequence[Shop], path: str, shop: str) -> Shop | None:
    """The shop to show beside the industry, if any. Who may not see the average sees a shop of theirs, the first that has the
    category. Raises NotFound."""
    if shop:
        known = book.shop(shop, look.reach)
        if known not in mine:
            raise NotFound(f'the shop "{shop}" is of another platform')
        return known
    if look.market or look.reach.everything:
        return None
    found = next(iter(_with(book, mine, path)), None)
    if found is None:
        raise NotFound(f'there is no category "{path}" here')
    return found


def _with(book: Catalogue, mine: Sequence[Shop], path: str) -> list[Shop]:
    """The shops of `mine` that have products of a category; nobody chooses from more than a few."""
    return [each for each in mine if path in book.paths_in(each.id)] if len(mine) <= 200 else []


def _figures(look: Look, platform: str, path: str, whose: Shop | None) -> list[Shown]:
    if whose:
        return boards.of_shop_category(look, platform, whose.id, path)
    return boards.of_category(look, platform, path)


def _above(path: str, platform: str, look: Look, whose: Shop | None, days: int) -> Iterator[tuple[str, str]]:
    """The way down to the category: names and addresses."""
    parts = path.split("/")
    asked = {"shop": whose.id if whose else "", "days": days, "date": look.done.date}
    for depth, name in enumerate(parts, start=1):
        yield name, category_url(platform, "/".join(parts[:depth]), **asked)


@router.get("/platforms/{platform}")
def platform(request: Request, seen: Seen, desk: Desk, platform: str, days: Days = DAYS) -> Response:
    """A platform over all shops, and its first categories. For those who see all shops."""
    look = looked(request, seen, desk)
    pack = boards.pack_of(look.packs, platform)
    if not look.reach.everything:
        raise NotFound(f'there are no figures of "{platform}" here')
    stood = _stand(look, pack, boards.of_platform(look, platform), days)
    book = catalogue(look.home, look.done.seq)
    return page(
        request, seen, "boards/platform.html",
        look=look,
        pack=pack,
        **stood._asdict(),
        below=grouping.categories(look, pack, [each for each in book.paths_of(platform) if "/" not in each], stood.chosen),
    )  # fmt: skip
