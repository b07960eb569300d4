"""A product selection as an address says it, so that a page, a link and a saved view are the same thing.

`platform`, `days`, `show` (a column; several), `metric` `part` `low` `high` (a bound; several, side by side), `shop`,
`category`, `q`, `sort` (`-quality_refund_rate.numerator`, `title`), `page`, `date`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import zip_longest
from typing import NamedTuple
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from tianping.metrics.compile import Key
from tianping.policy.model import Unit
from tianping.work.figures.goods import Goods
from tianping.work.figures.goodsql import NAMES, PARTS, Bound, Order, Part, Selection

USUAL_COLUMNS = 6
MOST_COLUMNS = 40
MOST_BOUNDS = 12
IN_UNIT: Mapping[Unit, Fraction] = {
    "rate": Fraction(1, 100), "seconds": Fraction(3600), "stars": Fraction(1), "count": Fraction(1), "fen": Fraction(100),
}  # fmt: skip
"""What one of what people type is in a metric's own unit: per cent, hours, stars, pieces, yuan."""
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,6})?")


class Row(NamedTuple):
    """A bound as it was typed; `wrong`: its numbers cannot be read."""

    metric: str
    part: str
    low: str
    high: str
    wrong: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for: the selection, the columns to show, the bounds as typed, which page."""

    selection: Selection
    columns: tuple[Key, ...]
    rows: tuple[Row, ...]
    page: int
    chose_columns: bool
    date: str

    def query(self, **changes: object) -> str:
        """The query string that asks for this, or with changes (`sort`, `days`, `page` …); a first page goes unsaid."""
        chosen = self.selection
        said: dict[str, object] = {
            "platform": chosen.platform,
            "days": chosen.days,
            "show": [name_of(key) for key in self.columns] if self.chose_columns else [],
            "metric": [row.metric for row in self.rows],
            "part": [row.part for row in self.rows],
            "low": [row.low for row in self.rows],
            "high": [row.high for row in self.rows],
            "shop": chosen.shop,
            "category": chosen.category,
            "q": chosen.text,
            "sort": sort_of(chosen.order),
            "page": self.page if self.page > 1 else "",
            "date": self.date,
        } | changes
        return urlencode({name: value for name, value in said.items() if value not in ("", [], None)}, doseq=True)


def name_of(key: Key) -> str:
    """`quality_refund_rate`, `dispute_rate/all_channels`."""
    return "/".join(filter(None, key))


def key_of(name: str) -> Key:
    metric, _, variant = name.partition("/")
    return metric, variant


def sort_of(order: Order) -> str:
    """How an address says an order."""
    way = "-" if order.down else ""
    if isinstance(order.column, str):
        return way + order.column
    return way + name_of(order.column) + ("" if order.part == "value" else f".{order.part}")


def asked(params: QueryParams, seen: Goods) -> Asked:
    """What is not understood (a metric of another platform, a number of days there is none of) is left away."""
    chosen = [key for name in params.getlist("show") if (key := key_of(name)) in seen.offered][:MOST_COLUMNS]
    columns = tuple(dict.fromkeys(chosen)) or usual(seen)
    rows = tuple(_rows(params, seen))[:MOST_BOUNDS]
    selection = Selection(
        platform=seen.pack.platform,
        days=_days(params.get("days", ""), seen),
        order=_order(params.get("sort", ""), seen, columns),
        bounds=tuple(_bound(row, seen) for row in rows if not row.wrong),
        shop=params.get("shop", "").strip(),
        category=params.get("category", "").strip(),
        text=params.get("q", "").strip(),
    )
    page = params.get("page", "")
    at = int(page) if page.isdecimal() and len(page) < 7 else 1
    return Asked(selection, columns, rows, max(at, 1), bool(chosen), params.get("date", ""))


def usual(seen: Goods) -> tuple[Key, ...]:
    """The columns shown where none are chosen: those that head the pack's board, else rates that are better when lower."""
    if head := [key for name in seen.pack.board.headline if (key := key_of(name)) in seen.offered]:
        return tuple(head[:USUAL_COLUMNS])
    rates = [key for key, each in seen.offered.items() if each.metric.unit == "rate" and not each.metric.is_count]
    first = [key for key in rates if seen.offered[key].metric.better == "lower" and not key[1]]
    return tuple((first or rates or list(seen.offered))[:USUAL_COLUMNS])


def _days(text: str, seen: Goods) -> int:
    days = int(text) if text.isdecimal() and len(text) < 5 else 0
    return days if days in seen.days else 30 if 30 in seen.days else max(seen.days, default=30)


def _order(text: str, seen: Goods, columns: Sequence[Key]) -> Order:
    """Where nothing is said, the products with the most behind the first column's numerator."""
    name, _, part = text.removeprefix("-").partition(".")
    down = text.startswith("-")
    if name in NAMES:
        return Order(name, down=down)
    if key_of(name) in seen.offered:
        return Order(key_of(name), _part(part), down)
    return Order(columns[0], "numerator") if columns else Order("id", down=False)


def _part(text: str) -> Part:
    return next((part for part in PARTS if part == text), "value")


def _rows(params: QueryParams, seen: Goods) -> Iterator[Row]:
    """Bounds with a metric and at least one end."""
    given = (params.getlist(name) for name in ("metric", "part", "low", "high"))
    for metric, part, low, high in zip_longest(*given, fillvalue=""):
        ends = low.strip(), high.strip()
        if key_of(metric) in seen.offered and any(ends):
            yield Row(metric, _part(part), *ends, wrong=not all(_NUMBER.fullmatch(end) for end in ends if end))


def _bound(row: Row, seen: Goods) -> Bound:
    key, part = key_of(row.metric), _part(row.part)
    one = IN_UNIT[seen.offered[key].metric.unit] if part == "value" else Fraction(1)
    low, high = (Fraction(end) * one if end else None for end in (row.low, row.high))
    return Bound(key, part, low, high)
