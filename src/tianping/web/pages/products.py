"""Product analysis: `/products`, its downloads and saved views."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from tianping.errors import NotFound
from tianping.policy.saying import say
from tianping.store import views
from tianping.web.access import Seen, Viewer, address_of, needs
from tianping.web.console import Console, Desk, Id
from tianping.web.downloads import csv_response, xlsx_response
from tianping.web.frame import page, seen_other
from tianping.web.pages import product
from tianping.web.pages.product import looked
from tianping.web.selecting import MOST_BOUNDS, Asked, Row, asked, name_of, sort_of
from tianping.web.wording import t
from tianping.work.figures import goods
from tianping.work.figures.boards import Look, Shown
from tianping.work.figures.catalogue import Catalogue, Product, catalogue
from tianping.work.figures.goods import PAGE, Goods
from tianping.work.figures.goodsql import NAMES, Order
from tianping.work.people import trail

router = APIRouter()
SAVED = "products"
"""The page that saved views are of."""
CARDS = 20
"""Products of a page on a phone."""
_EMPTY_ROWS = 2
"""For bounds, besides those in use."""
_LONGEST_VIEW = 4_000


class Line(NamedTuple):
    """A product with its shop's name and its figures, one for each column."""

    product: Product
    shop: str
    cells: Sequence[Shown]


@dataclass(frozen=True, slots=True)
class Heading:
    """A column's heading: its words, and the address that sorts by it, the other way round where it does already."""

    label: str
    href: str
    sorted: str
    hint: str = ""
    kind: str = ""


@router.get("/products")
def products(request: Request, seen: Seen, desk: Desk) -> Response:
    """The products of a platform that answer a selection, page by page."""
    look = looked(request, seen, desk)
    names = platforms(look)
    if not names:
        return page(request, seen, "products/none.html")
    view = goods.goods(look, desk.packs[_platform(request, names)])
    asks = asked(request.query_params, view)
    most = page_of(request)
    found = goods.find(view, asks.selection, skip=(asks.page - 1) * most, take=most)
    return page(
        request, seen, "products/list.html",
        asks=asks,
        found=found,
        lines=_lines(view, asks, found.products),
        headings=_headings(view, asks, seen.lang),
        platforms=[(name, say(desk.packs[name].label, seen.lang), f"/products?{_elsewhere(asks, name)}") for name in names],
        days={days: f"/products?{asks.query(days=days, page='')}" for days in view.days},
        offered=[(name_of(key), say(each.metric.label, seen.lang), key in asks.columns) for key, each in view.offered.items()],
        rows=[*asks.rows, *[Row("", "value", "", "")] * min(_EMPTY_ROWS, MOST_BOUNDS - len(asks.rows))],
        sorts=_sorts(view, asks, seen.lang),
        sorted_by=sort_of(asks.selection.order),
        spans=_spans(view, asks, seen.lang),
        categories=goods.categories(view),
        shops=_shops(look, view.pack.platform),
        around=_around(asks, found.total, most),
        downloads={kind: f"/products.{kind}?{asks.query(page='')}" for kind in ("csv", "xlsx")},
        saved=views.of_account(desk.home.database, seen.account.id, SAVED),
        as_view=asks.query(page="", date=""),
    )  # fmt: skip


def page_of(request: Request) -> int:
    """Products of a page: on a phone, where each is a card, fewer. Phones say Mobi in the name of their browser."""
    return CARDS if "Mobi" in request.headers.get("user-agent", "") else PAGE


def platforms(look: Look) -> list[str]:
    """The platforms of the shops within reach that the close has figures of, where some metric goes down to products."""
    mine = {each.platform for each in _book(look).within(look.reach)}
    closed = [name for name in look.packs if name in mine and name in look.done.packs]
    return [name for name in closed if goods.goods(look, look.packs[name]).offered]


def _book(look: Look) -> Catalogue:
    return catalogue(look.home, look.done.seq)


def _platform(request: Request, names: Sequence[str]) -> str:
    name = request.query_params.get("platform", "") or names[0]
    if name not in names:
        raise NotFound(f'there are no products of "{name}" here')
    return name


def _elsewhere(asks: Asked, platform: str) -> str:
    """Another platform has other metrics, so only its name and the day go along."""
    kept = {"platform": platform, "days": asks.selection.days, "date": asks.date}
    return urlencode({name: value for name, value in kept.items() if value})


def _lines(view: Goods, asks: Asked, found: Sequence[Product]) -> list[Line]:
    cells, shops = goods.cells(view, found, asks.columns, asks.selection.days), _book(view.look).shops
    return [Line(each, shops[each.shop].name or each.shop, cells[each.id]) for each in found]


def _headings(view: Goods, asks: Asked, lang: str) -> list[Heading]:
    named = [_heading(asks, Order("title", down=False), t("products.product", lang))]
    for key in asks.columns:
        metric, order = view.offered[key].metric, asks.selection.order
        part = order.part if order.column == key else "value"
        spans = view.offered[key].window(asks.selection.days).at(view.look.done.date)
        hint = t("products.counts_days", lang, first=spans.first, last=spans.last)
        named.append(_heading(asks, Order(key, part), say(metric.label, lang), hint))
    return named


def _heading(asks: Asked, order: Order, label: str, hint: str = "") -> Heading:
    now = asks.selection.order
    here = (now.column, now.part) == (order.column, order.part)
    turned = Order(order.column, order.part, not now.down if here else order.down)
    href = f"/products?{asks.query(sort=sort_of(turned), page='')}"
    return Heading(label, href, ("desc" if now.down else "asc") if here else "", hint, "" if order.column == "title" else "num")


def _sorts(view: Goods, asks: Asked, lang: str) -> list[tuple[str, str]]:
    """The ways to sort, as (address, words)."""
    keys = dict.fromkeys([*asks.columns, *([asks.selection.order.column] if asks.selection.order.column not in NAMES else [])])
    found = []
    for key in keys:
        metric = view.offered[key].metric  # type: ignore[index]  # names are left out above
        parts = ("value",) if metric.is_count else ("value", "numerator", "denominator")
        for part in parts:
            words = (
                f"{say(metric.label, lang)} · {t(f'products.part_{part}', lang)}" if len(parts) > 1 else say(metric.label, lang)
            )
            found += [(sort_of(Order(key, part, down)), f"{words} {'↓' if down else '↑'}") for down in (True, False)]  # type: ignore[arg-type]
    return found + [(name, f"{t(f'products.{name}', lang)} ↑") for name in NAMES]


def _spans(view: Goods, asks: Asked, lang: str) -> list[tuple[str, dt.date, dt.date]]:
    """Which days the columns count: (their names, first, last), one for each window."""
    found: dict[tuple[dt.date, dt.date], list[str]] = {}
    for key in asks.columns:
        span = view.offered[key].window(asks.selection.days).at(view.look.done.date)
        found.setdefault((span.first, span.last), []).append(say(view.offered[key].metric.label, lang))
    return [("、".join(names) if lang == "zh" else ", ".join(names), *span) for span, names in found.items()]


def _shops(look: Look, platform: str) -> list[tuple[str, str]]:
    """For the shop's field: (id, name)."""
    mine = (each for each in _book(look).within(look.reach) if each.platform == platform)
    return [(each.id, each.name) for each, _ in zip(mine, range(500), strict=False)]


def _around(asks: Asked, total: int, most: int) -> tuple[str, str, int, int]:
    """Addresses of the pages before and after, first and last product of this one."""
    before = f"/products?{asks.query(page=asks.page - 1 if asks.page > 2 else '')}" if asks.page > 1 else ""
    after = f"/products?{asks.query(page=asks.page + 1)}" if asks.page * most < total else ""
    return before, after, min((asks.page - 1) * most + 1, total), min(asks.page * most, total)


@router.get("/products.csv")
def as_csv(request: Request, seen: Seen, desk: Desk) -> Response:
    """The whole selection."""
    return csv_response(*_download(request, seen, desk))


@router.get("/products.xlsx")
def as_xlsx(request: Request, seen: Seen, desk: Desk) -> Response:
    """The whole selection."""
    return xlsx_response(*_download(request, seen, desk))


def _download(request: Request, seen: Viewer, desk: Console) -> tuple[str, list[str], Iterator[Sequence[object]]]:
    look = looked(request, seen, desk)
    view = goods.goods(look, desk.packs[_platform(request, platforms(look))])
    asks = asked(request.query_params, view)
    name = f"products-{view.pack.platform}-{look.done.date}-{asks.selection.days}d"
    trail.record(desk.home, seen.account.id, "download", name, desk.clock(), address=address_of(request))
    rows = (list(row.values()) for row in goods.every(view, asks.selection, asks.columns))
    return name, _titles(view, asks, seen.lang), rows


def _titles(view: Goods, asks: Asked, lang: str) -> list[str]:
    """Headings of a download: as `goods.every` gives its columns."""
    fixed = [t(f"products.{name}", lang) for name in ("id", "title", "shop_id", "shop", "category")]
    parts = [t(f"products.part_{part}", lang) for part in ("value", "numerator", "denominator", "status")]
    return fixed + [f"{say(view.offered[key].metric.label, lang)} · {part}" for key in asks.columns for part in parts]


@router.post("/products/views", dependencies=[needs("save_views")])
def save_view(
    request: Request, seen: Seen, desk: Desk, name: Annotated[str, Form()] = "", query: Annotated[str, Form()] = ""
) -> Response:
    """Keep a selection under a name."""
    name, kept = name.strip()[:60], urlencode(parse_qsl(query[:_LONGEST_VIEW]))
    back = f"/products?{kept}"
    if not name:
        return seen_other(request, back, "products.view_needs_name")
    id_ = views.save(desk.home.database, seen.account.id, SAVED, name, kept)
    trail.record(desk.home, seen.account.id, "view", f"view {id_}", desk.clock(), address=address_of(request))
    return seen_other(request, back, "products.view_saved", name=name)


@router.post("/products/views/{view_id}/removal", dependencies=[needs("save_views")])
def drop_view(request: Request, seen: Seen, desk: Desk, view_id: Id) -> Response:
    """Forget a selection of one's own. Raises NotFound."""
    if not views.drop(desk.home.database, seen.account.id, view_id):
        raise NotFound("there is no such view here")
    trail.record(desk.home, seen.account.id, "view_dropped", f"view {view_id}", desk.clock(), address=address_of(request))
    return seen_other(request, "/products", "products.view_dropped")


router.include_router(product.router)
