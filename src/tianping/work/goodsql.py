"""The SQL of product analysis: the products meant by words, the figures that choose and sort them, each column as cells.

A figure that is not in the close stands for 0 of 0 (a count: for 0), unless its shop's data lack: then nothing is known.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, NamedTuple

from tianping.facts.engine import quoted
from tianping.metrics.compile import Key

Part = Literal["value", "numerator", "denominator"]
PARTS: tuple[Part, ...] = ("value", "numerator", "denominator")
COUNTED = ("numerator", "denominator", "status")
"""What stands beside a value."""
NAMES = {"title": "title", "id": "product_id", "shop": "shop_name", "category": "path"}
"""What else products are sorted by → column."""
LACKING = "\"by\" = 'shop' and status in ('no_data', 'incomplete')"
"""Shops of which nothing being there does not mean 0."""


class Bound(NamedTuple):
    """A figure's value (in the metric's own unit) or count, both ends counted; None: no end."""

    column: Key
    part: Part
    low: Fraction | None
    high: Fraction | None


class Order(NamedTuple):
    """By a column's value or count, or by one of NAMES. Products without a value stand last either way."""

    column: Key | str
    part: Part = "value"
    down: bool = True


@dataclass(frozen=True, slots=True)
class Selection:
    """Which products of a platform, in which order: figures over `days` days within `bounds`; `shop` is an id or a part of a
    name, `category` a path with all below it, `text` a part of title or id."""

    platform: str
    days: int
    order: Order
    bounds: tuple[Bound, ...] = ()
    shop: str = ""
    category: str = ""
    text: str = ""

    @property
    def reads(self) -> list[Key]:
        """The metrics that choose and sort."""
        sorts = [] if isinstance(self.order.column, str) else [self.order.column]
        return list(dict.fromkeys([*sorts, *(bound.column for bound in self.bounds)]))

    @property
    def words(self) -> Mapping[str, str]:
        """The values of the SQL's parameters."""
        return {name: word for name in ("shop", "category", "text") if (word := getattr(self, name))}


class Source(NamedTuple):
    """The close's file, and which of the metrics are counts."""

    path: str
    platform: str
    counts: frozenset[Key]

    def where(self, key: Key, days: int) -> str:
        metric, variant = key
        whose = f"platform = {quoted(self.platform)} and metric = {quoted(metric)} and variant = {quoted(variant)}"
        return f"from read_parquet({quoted(self.path)}) where {whose} and days = {int(days)}"


def chosen(source: Source, wanted: Selection, columns: Sequence[Key]) -> str:
    """`with …, chosen as (…)`: the products that answer, with numerator n0, denominator d0, rounded value v0, status s0, … of
    these columns. Reads the tables `listed` (products) and `shops`."""
    cells = [cte for place, key in enumerate(columns) for cte in _column(source, place, key, wanted.days)]
    joins = [f"left join c{place} using (product_id) left join l{place} using (shop_id)" for place in range(len(columns))]
    values = [_cell(place, count=key in source.counts) for place, key in enumerate(columns)]
    bounds = [_within(bound, columns.index(bound.column)) for bound in wanted.bounds]
    mine = f"select product_id, shop_id, shop_name, title, path from listed join shops using (shop_id) where {_meant(wanted)}"
    ctes = [
        f"mine as ({mine})",
        *cells,
        f"every_one as (select {', '.join(['mine.*', *values])} from mine {' '.join(joins)})",
        f"chosen as (select * from every_one where {' and '.join(bounds) or 'true'})",
    ]
    return f"with {', '.join(ctes)}"


def _column(source: Source, place: int, key: Key, days: int) -> Iterator[str]:
    """A column's figures of products, and the shops whose data lack."""
    where = source.where(key, days)
    yield (f"c{place} as (select subject as product_id, numerator, denominator, value, status {where} and \"by\" = 'product')")
    yield f"l{place} as (select subject as shop_id, status {where} and {LACKING})"


def _cell(place: int, *, count: bool) -> str:
    unit, value, status = ("1", "0", "ok") if count else ("0", "null", "undefined")
    nothing = f"case when l{place}.status is null then"
    return (
        f"coalesce(c{place}.numerator, {nothing} 0 end) as n{place}, "
        f"coalesce(c{place}.denominator, {nothing} {unit} end) as d{place}, "
        f"coalesce(c{place}.value, {nothing} {value} end) as v{place}, "
        f"coalesce(c{place}.status, l{place}.status, '{status}') as s{place}"
    )


def _known(place: int) -> str:
    """Whether there is a value."""
    return f"d{place} <> 0 and s{place} <> 'no_data'"


def _within(bound: Bound, place: int) -> str:
    """Exactly, in whole numbers: a value is held against a bound's fraction by cross-multiplication."""
    value = bound.part == "value"
    top, below = (f"n{place}", f"d{place}") if value else (f"{bound.part[0]}{place}", "1")
    ends = [(end, sign) for end, sign in ((bound.low, ">="), (bound.high, "<=")) if end is not None]
    tests = [f"{top}::hugeint * {end.denominator} {sign} {end.numerator}::hugeint * {below}" for end, sign in ends]
    return f"coalesce({' and '.join([*([_known(place)] if value else []), *tests]) or 'true'}, false)"


def _meant(wanted: Selection) -> str:
    """The products meant by words. The id of a shop in view means that shop alone."""
    tests = {
        "shop": "case when $shop in (select shop_id from shops) then shop_id = $shop "
        "else contains(lower(shop_name), lower($shop)) end",
        "category": "(path = $category or starts_with(path, $category || '/'))",
        "text": "(contains(lower(title), lower($text)) or contains(lower(product_id), lower($text)))",
    }
    return " and ".join(tests[name] for name in wanted.words) or "true"


def ordered(order: Order, columns: Sequence[Key]) -> str:
    """`order by …`. Of equal values the one that more stands behind comes first."""
    way = f"{'desc' if order.down else 'asc'} nulls last"
    if isinstance(order.column, str):
        return f"order by {NAMES.get(order.column, 'product_id')} {way}, product_id"
    place = columns.index(order.column)
    value = f"case when {_known(place)} then n{place}::double / d{place} end"
    by = {"value": value, "numerator": f"n{place}", "denominator": f"d{place}"}[order.part]
    return f"order by {by} {way}, d{place} desc nulls last, product_id"


def shown(place: int, column: int) -> str:
    """A column as people keep it: value_i, numerator_i, denominator_i, status_i, where it was read as number `place`."""
    cells = {"value": f"case when {_known(place)} then v{place} end"} | {name: f"{name[0]}{place}" for name in COUNTED}
    return ", ".join(f"{sql} as {name}_{column}" for name, sql in cells.items())
