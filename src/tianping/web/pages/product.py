"""A product: its figures beside its category's, their trend, and what its buyers said of its quality."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

from fastapi import APIRouter, Request
from starlette.responses import Response

from tianping.errors import NotFound, TianpingError
from tianping.metrics.compile import Key
from tianping.metrics.proof import Scope
from tianping.policy.model import Group, Metric
from tianping.policy.saying import say
from tianping.web.access import Seen, Viewer
from tianping.web.addresses import address, category_url
from tianping.web.charts import Chart, Mark, Series
from tianping.web.console import Console, Desk
from tianping.web.frame import fragment, page
from tianping.web.selecting import key_of, name_of, usual
from tianping.web.wording import t
from tianping.work.figures import boards, goods, voices
from tianping.work.figures.boards import Look, Shown, Subject
from tianping.work.figures.catalogue import Product, catalogue
from tianping.work.figures.goods import Goods
from tianping.work.figures.trends import Line, trends
from tianping.work.figures.voices import Quality

router = APIRouter()
PIECE = 20
"""Orders, refunds or reviews of one piece."""
MAIN = 4
"""Rates of the trend."""


@dataclass(frozen=True, slots=True)
class Looked:
    """A product that somebody looks at, over how many days, and by which metric of first causes (None: its pack has none)."""

    view: Goods
    product: Product
    days: int
    causes: Sequence[Key]
    cause: Key | None

    @property
    def look(self) -> Look:
        return self.view.look

    @property
    def category(self) -> str:
        """The address of its category, in its shop."""
        shop, date = self.product.shop, self.look.done.date
        return category_url(self.view.pack.platform, self.product.path, shop=shop, date=date)

    def url(self, *segments: str, **query: object) -> str:
        """An address of this product, on the same day."""
        return address("/products", self.product.id, *segments, **{"days": self.days, "date": self.look.done.date} | query)


class Each(NamedTuple):
    """A metric of the product: its figures by number of days."""

    metric: Metric
    figures: Mapping[int, Shown]


class Shelf(NamedTuple):
    """The metrics of one group of the shop's board; `group` None: those that the pack puts nowhere."""

    group: Group | None
    lines: Sequence[Each]


def looked(request: Request, seen: Viewer, desk: Console) -> Look:
    """The close that the address names, else the one that this viewer sees first. Raises NotFound."""
    text = request.query_params.get("date", "")
    try:
        date = dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise NotFound(f'"{text}" is no date; write it as 2024-06-01') from None
    return boards.look(desk.home, desk.packs, desk.close_of(date, seen.reach), seen.reach)


def _open(request: Request, seen: Viewer, desk: Console, product_id: str) -> Looked:
    """Raises NotFound for a product that is not there, not within reach, or of a platform that the close has no figures of."""
    look = looked(request, seen, desk)
    found, platform = goods.product(look.home, look.done.seq, product_id, look.reach)
    if platform not in look.packs or platform not in look.done.packs:
        raise NotFound(f"there are no figures of {platform} in the close of {look.done.date}")
    view = goods.goods(look, look.packs[platform])
    asked, causes = request.query_params.get("days", ""), voices.by_first_cause(view.offered)
    days = next((days for days in view.days if str(days) == asked), 30)
    wanted = key_of(request.query_params.get("metric", ""))
    return Looked(view, found, days, causes, wanted if wanted in causes else next(iter(causes), None))


@router.get("/products/{product_id:path}/quality/orders")
def orders(request: Request, seen: Seen, desk: Desk, product_id: str) -> Response:
    """The orders that the figure counts: reasons over time, what their buyers wrote, and each of them."""
    here = _open(request, seen, desk, product_id)
    if here.cause is None:
        return _piece(request, seen, here, "products/_no_cause.html")
    scope = Scope(here.view.pack.platform, "product", here.product.id, here.look.done.date, here.days)
    try:
        found = voices.quality(here.look.home, here.look.packs, scope, here.cause, here.look.reach)
    except NotFound:
        return _piece(request, seen, here, "products/_no_orders.html")
    except TianpingError as error:
        return _piece(request, seen, here, "products/_refused.html", said=str(error))
    skip = _skip(request)
    return _piece(
        request, seen, here, "products/_orders.html",
        found=found,
        reasons=found.reasons(),
        chart=_chart(found, seen.lang) if found.orders else None,
        metric=here.view.offered[here.cause].metric,
        span=found.span,
        listed=found.orders[skip : skip + PIECE],
        around=_around(here, "orders", skip, len(found.orders)),
        figure=_figure_of(here),
    )  # fmt: skip


def _figure_of(here: Looked) -> Shown | None:
    assert here.cause is not None
    return goods.cells(here.view, [here.product], [here.cause], here.days)[here.product.id][0]


def _chart(found: Quality, lang: str) -> Chart:
    step, days, counts = found.over_time()
    series = [
        Series(t(f"products.reason_{reason or 'none'}", lang), [Fraction(n) for n in each], "bar")
        for reason, each in counts.items()
    ]
    return Chart(t("products.reasons_by_day" if step == 1 else "products.reasons_by_week", lang), "count", days, series)


@router.get("/products/{product_id:path}/quality/refunds")
def refunds(request: Request, seen: Seen, desk: Desk, product_id: str) -> Response:
    """What buyers wrote when they asked for refunds lately, counted yet or not."""
    here, skip = _open(request, seen, desk, product_id), _skip(request)
    reason = request.query_params.get("reason", "")
    with voices.opened(here.look.home, here.look.done, [here.product.id], ("cases",)) as con:
        found = voices.refunds(
            con, here.look.done, here.product.id, here.days, here.look.reach, reason=reason, skip=skip, take=PIECE
        )
    around = _around(here, "refunds", skip, found.chosen, reason=reason)
    return _piece(request, seen, here, "products/_refunds.html", found=found, reason=reason, around=around, span=found.span)


@router.get("/products/{product_id:path}/quality/reviews")
def reviews(request: Request, seen: Seen, desk: Desk, product_id: str) -> Response:
    """The words of its reviews, the worst first."""
    here, skip = _open(request, seen, desk, product_id), _skip(request)
    with voices.opened(here.look.home, here.look.done, [here.product.id], ()) as con:
        found = voices.reviews(con, here.look.done, here.product.id, here.days, here.look.reach, skip=skip, take=PIECE)
    around = _around(here, "reviews", skip, found.worded)
    return _piece(request, seen, here, "products/_reviews.html", found=found, around=around, span=found.span)


def _piece(request: Request, seen: Viewer, here: Looked, template: str, *, tab: str = "quality", **context: Any) -> Response:
    """A piece of a page; by itself, without script, a page."""
    if request.headers.get("hx-request"):
        return fragment(request, seen, template, item=here, **context)
    return page(request, seen, "products/piece.html", item=here, tab=tab, piece=template, shop=_shop(here), **context)


def _skip(request: Request) -> int:
    text = request.query_params.get("skip", "")
    return int(text) if text.isdecimal() and len(text) < 7 else 0


def _around(here: Looked, what: str, skip: int, total: int, **more: object) -> tuple[str, str, int, int, int]:
    """Addresses of the pieces before and after, the first and last row of this one, and how many there are."""
    metric = name_of(here.cause) if here.cause else ""

    def at(skip: int) -> str:
        return here.url("quality", what, **{"metric": metric, "skip": skip or "", **more})

    before, after = at(max(skip - PIECE, 0)) if skip else "", at(skip + PIECE) if skip + PIECE < total else ""
    return before, after, min(skip + 1, total), min(skip + PIECE, total), total


@router.get("/products/{product_id:path}/quality")
def quality(request: Request, seen: Seen, desk: Desk, product_id: str) -> Response:
    """The quality tab: its pieces read facts, so they come by themselves."""
    here = _open(request, seen, desk, product_id)
    metrics = [(name_of(key), say(here.view.offered[key].metric.label, seen.lang)) for key in here.causes]
    cause = name_of(here.cause) if here.cause else ""
    line = _lines(here).get(here.cause) if here.cause else None
    days = sorted(line.figures) if line else here.view.days
    return page(request, seen, "products/quality.html", item=here, shop=_shop(here), days=days, metrics=metrics, cause=cause)


@router.get("/products/{product_id:path}/trend")
def trend(request: Request, seen: Seen, desk: Desk, product_id: str) -> Response:
    """The main rates from close to close."""
    here = _open(request, seen, desk, product_id)
    return _piece(request, seen, here, "products/_trend.html", tab="figures", chart=_trend(here, seen.lang))


@router.get("/products/{product_id:path}")
def product(request: Request, seen: Seen, desk: Desk, product_id: str) -> Response:
    """All its figures."""
    here = _open(request, seen, desk, product_id)
    lines = _lines(here)
    shelves = _shelves(here.view, lines)
    return page(request, seen, "products/product.html", item=here, shop=_shop(here), shelves=shelves, days=_days(here, lines))


def _shop(here: Looked) -> str:
    found = catalogue(here.look.home, here.look.done.seq).shops[here.product.shop]
    return found.name or found.id


def _lines(here: Looked) -> Mapping[Key, Each]:
    """Its metrics, in the pack's order."""
    found: dict[Key, dict[int, Shown]] = {}
    for each in goods.of_product(here.view, here.product):
        found.setdefault(each.key, {})[each.days] = each
    return {key: Each(each.metric, found[key]) for key, each in here.view.offered.items() if key in found}


def _shelves(view: Goods, lines: Mapping[Key, Each]) -> list[Shelf]:
    """In the groups of the shop's board; groups without any are left out."""
    groups = [(group, [key_of(name) for name in group.metrics]) for group in view.pack.board.groups]
    placed = {key for _, keys in groups for key in keys}
    made = [Shelf(group, [lines[key] for key in keys if key in lines]) for group, keys in groups]
    rest = Shelf(None, [each for key, each in lines.items() if key not in placed])
    return [each for each in (*made, rest) if each.lines]


def _days(here: Looked, lines: Mapping[Key, Each]) -> list[int]:
    """The numbers of days with a column: those that at least half of the metrics have, that asked for, and the only one of any
    metric."""
    held = [set(each.figures) for each in lines.values()]
    usual_days = {days for days in here.view.days if 2 * sum(days in each for each in held) >= len(held)}
    alone = {days for each in held if not each & usual_days for days in each}
    return [days for days in here.view.days if any(days in each for each in held) and days in usual_days | alone | {here.days}]


def _trend(here: Looked, lang: str) -> Chart | None:
    """Marked where a definition changed; None for a single close."""
    subject = Subject(here.view.pack.platform, "product", here.product.id)
    found = trends(here.look, [subject], days=here.days, keys=_main(here.view))
    lines = {key: line for key in _main(here.view) if (line := found.get(Line(subject, *key, here.days)))}
    days = sorted({point.date for line in lines.values() for point in line})
    if len(days) < 2:
        return None
    names = {key: say(here.view.offered[key].metric.label, lang) for key in lines}
    values = {key: {point.date: point.value for point in line} for key, line in lines.items()}
    series = [Series(names[key], [value.get(day) for day in days]) for key, value in values.items()]
    marks = [
        Mark(after.date, t("products.new_version", lang, metric=names[key], version=after.version))
        for key, line in lines.items()
        for before, after in pairwise(line)
        if before.version != after.version
    ]
    return Chart(t("products.trend", lang, n=here.days), "rate", days, series, marks)


def _main(view: Goods) -> list[Key]:
    """Rates that are better when lower, so that one scale serves all: those of the usual columns first."""
    rates = [key for key, each in view.offered.items() if (each.metric.unit, each.metric.better) == ("rate", "lower")]
    return sorted(rates, key=lambda key: key not in usual(view))[:MAIN]
