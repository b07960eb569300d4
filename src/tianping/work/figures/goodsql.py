"""The SQL of product analysis: the products meant by words, the figures that choose and sort them, each column as cells.

A figure that is not in the close stands for 0 of 0 (a count: for 0), unless its shop's data lack: then nothing is known.
"""

from collections.abc import Mapping, Sequence
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


class Column(NamedTuple):
    """A metric's figures over some days, as FROM items: those of products (product_id, numerator, denominator, value, status,
    why), and the shops whose data lack (shop_id, status, why)."""

    figures: str
    lacking: str
    is_count: bool


def figures(path: str, platform: str, key: Key, days: int) -> str:
    """The FROM item of a close's figures of products."""
    wanted = "subject as product_id, numerator, denominator, value, status, why"
    return f"(select {wanted} from {_of(path, platform, key, days)} and \"by\" = 'product')"


def lacking(path: str, platform: str, key: Key, days: int) -> str:
    """The FROM item of the shops of which nothing being there does not mean 0."""
    lack = "\"by\" = 'shop' and status in ('no_data', 'incomplete')"
    return f"(select subject as shop_id, status, why from {_of(path, platform, key, days)} and {lack})"


def _of(path: str, platform: str, key: Key, days: int) -> str:
    metric, variant = map(quoted, key)
    return (
        f"read_parquet({quoted(path)}) where platform = {quoted(platform)} and metric = {metric} and variant = {variant} "
        f"and days = {int(days)}"
    )


def chosen(wanted: Selection, columns: Mapping[Key, Column]) -> str:
    """`with …, chosen as (…)`: the products that answer, with numerator n0, denominator d0, rounded value v0, status s0, … of
    these columns. Reads the tables `listed` (products) and `shops`."""
    keys = list(columns)
    cells = [
        f"c{place} as (from {each.figures}), l{place} as (from {each.lacking})" for place, each in enumerate(columns.values())
    ]
    joins = [f"left join c{place} using (product_id) left join l{place} using (shop_id)" for place in range(len(columns))]
    values = [_cell(place, count=each.is_count) for place, each in enumerate(columns.values())]
    bounds = [_within(bound, keys.index(bound.column)) for bound in wanted.bounds]
    mine = f"select product_id, shop_id, shop_name, title, path from listed join shops using (shop_id) where {_meant(wanted)}"
    ctes = [
        f"mine as ({mine})",
        *cells,
        f"every_one as (select {', '.join(['mine.*', *values])} from mine {' '.join(joins)})",
        f"chosen as (select * from every_one where {' and '.join(bounds) or 'true'})",
    ]
    return f"with {', '.join(ctes)}"


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
