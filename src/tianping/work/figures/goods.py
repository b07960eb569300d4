"""Product analysis: which products of a platform answer a selection by their figures, in which order, and those figures.

One query over the close's file and the catalogue finds a page's products: it reads only the metrics that choose and sort them,
so 100 000 products cost the same whichever columns are shown.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from tianping.errors import NotFound
from tianping.facts import lake, versions
from tianping.facts.schema import TABLES
from tianping.facts.views import VIEWS
from tianping.metrics.compile import Definition, Key, definitions
from tianping.policy.model import Pack
from tianping.work.closing.closed import figures_path, shelf
from tianping.work.figures import goodsql
from tianping.work.figures.boards import Look, Shown, Subject, level, mark, shown, value_of, wilson
from tianping.work.figures.catalogue import Product, catalogue
from tianping.work.figures.columns import Held, held
from tianping.work.figures.goodsql import Column, Selection
from tianping.work.figures.subjects import hidden
from tianping.work.home import Home, reading
from tianping.work.people.reach import Reach

PAGE = 50
"""Products of a page."""


@dataclass(frozen=True, slots=True)
class Goods:
    """A close as product analysis sees it. `offered`: the metrics that have figures by product, as defined at the close, in the
    pack's order."""

    look: Look
    pack: Pack
    offered: Mapping[Key, Definition]

    @property
    def days(self) -> list[int]:
        """The numbers of days there are figures of."""
        return sorted({days for each in self.offered.values() for days in each.days})

    def definition(self, key: Key) -> Definition:
        """Raises NotFound for a metric without figures by product."""
        if key not in self.offered:
            raise NotFound(f"{'/'.join(filter(None, key))} has no figures by product in the pack {self.pack.platform}")
        return self.offered[key]


def goods(look: Look, pack: Pack) -> Goods:
    """Begin a page of product analysis."""
    return Goods(look, pack, _offered(_Alike(pack), look.done.date, tuple(look.done.days)))


class _Alike:
    """A pack, equal to another with the same digest."""

    def __init__(self, pack: Pack) -> None:
        self.pack = pack

    def __hash__(self) -> int:
        return hash(self.pack.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Alike) and self.pack.digest == other.pack.digest


@lru_cache(maxsize=32)
def _offered(alike: _Alike, date: dt.date, days: tuple[int, ...]) -> Mapping[Key, Definition]:
    """Kept, for it takes 50 ms."""
    found = {each.key: each for each in definitions(alike.pack, VIEWS, date, days)}
    by_product = {key for key, each in found.items() if all(side.tally.by == "product" for side in each.sides)}
    return {key: found[key] for key in alike.pack.metrics if key in by_product}


@lru_cache(maxsize=2)
def known(home: Home, seq: int) -> pa.Table:
    """The catalogue's products, and those that only orders name, without a title; their shop is that of
    most of these orders. Reads the lake the
    first time."""
    listed = catalogue(home, seq).products
    now = versions.known(home.versions(), seq)
    with reading(home) as con:
        con.register("listed", listed)
        lake.view(con, "orders", lake.state(home.lake, now, TABLES["orders"]))
        rest = con.sql(
            "select product_id, mode(shop_id order by shop_id) as shop_id, '' as title, '' as path, "
            "'' as path_l1, '' as path_l2, '' as path_l3 from orders anti join listed using (product_id) "
            "group by product_id order by shop_id, product_id"
        ).to_arrow_table()
    return pa.concat_tables([listed, rest.cast(listed.schema)])


def product(home: Home, seq: int, name: str, reach: Reach) -> tuple[Product, str]:
    """A product and its platform. Raises NotFound, in the same words for one that is not there and one out of reach."""
    book = catalogue(home, seq)
    found = book.product(name) or _unlisted(home, seq, name)
    if found is None or found.shop not in book.shops or not reach.holds(found.shop) or name in hidden(home, seq, reach):
        raise NotFound(f'there is no product "{name}" here')
    return found, book.shops[found.shop].platform


def _unlisted(home: Home, seq: int, name: str) -> Product | None:
    con = _with_tables(listed=known(home, seq))
    row = con.execute("select product_id, shop_id, title, path from listed where product_id = ?", [name]).fetchone()
    return Product(*row) if row else None


class Found(NamedTuple):
    """How many products answer a selection, and those of one page."""

    total: int
    products: tuple[Product, ...]


def find(seen: Goods, wanted: Selection, *, skip: int = 0, take: int = PAGE) -> Found:
    """The products of one page. Raises NotFound for a metric without figures by product."""
    columns = {key: Column(f"held_{at}", f"lacking_{at}", seen.definition(key).is_count) for at, key in enumerate(wanted.reads)}
    con = _tables(seen)
    for at, key in enumerate(wanted.reads):
        column = _held(seen, key, wanted.days)
        con.register(f"held_{at}", column.figures)
        con.register(f"lacking_{at}", column.lacking)
    answer, words = goodsql.chosen(wanted, columns), dict(wanted.words)
    page = f"{goodsql.ordered(wanted.order, wanted.reads)} limit {int(take)} offset {int(skip)}"
    rows = con.execute(
        f"{answer} select product_id, shop_id, title, path, count(*) over () from chosen {page}", words
    ).fetchall()
    if rows or not skip:
        return Found(rows[0][4] if rows else 0, tuple(Product(*row[:4]) for row in rows))
    [(total,)] = con.execute(f"{answer} select count(*) from chosen", words).fetchall()
    return Found(int(total), ())


def every(seen: Goods, wanted: Selection, columns: Sequence[Key]) -> Iterator[Mapping[str, object]]:
    """All products of a selection, in its order, each with its shop and category, and of each column i of `columns` value_i (as
    figures are rounded), numerator_i, denominator_i and status_i."""
    read = list(dict.fromkeys([*wanted.reads, *columns]))
    cells = [goodsql.shown(read.index(key), place) for place, key in enumerate(columns)]
    sql = (
        f"{goodsql.chosen(wanted, {key: _column(seen, key, wanted.days) for key in read})} "
        f"select {', '.join(['product_id', 'title', 'shop_id', 'shop_name', 'path', *cells])} from chosen "
        f"{goodsql.ordered(wanted.order, read)}"
    )
    con = _tables(seen)
    for batch in con.sql(sql, params=dict(wanted.words)).to_arrow_reader(10_000):
        yield from batch.to_pylist()


def _column(seen: Goods, key: Key, days: int) -> Column:
    """Straight from the close's file."""
    where = figures_path(seen.look.home, seen.look.done), seen.pack.platform, key, days
    return Column(goodsql.figures(*where), goodsql.lacking(*where), seen.definition(key).is_count)


def _held(seen: Goods, key: Key, days: int) -> Held:
    return held(figures_path(seen.look.home, seen.look.done), seen.pack.platform, key, days)


def _tables(seen: Goods) -> duckdb.DuckDBPyConnection:
    """`listed`: the products; `shops`: the platform's shops within reach. Products of other shops join none."""
    home, seq = seen.look.home, seen.look.done.seq
    return _with_tables(
        listed=_listed(home, seq, seen.look.reach), shops=_shops(home, seq, seen.pack.platform, seen.look.reach)
    )


def _listed(home: Home, seq: int, reach: Reach) -> pa.Table:
    """What is known, but for products whose figures count orders out of reach."""
    listed, out = known(home, seq), hidden(home, seq, reach)
    return listed.filter(pc.invert(pc.is_in(listed["product_id"], pa.array(sorted(out), pa.string())))) if out else listed


def _shops(home: Home, seq: int, platform: str, reach: Reach) -> pa.Table:
    mine = [each for each in catalogue(home, seq).within(reach) if each.platform == platform]
    ids, names = [each.id for each in mine], [each.name or each.id for each in mine]
    return pa.table({"shop_id": pa.array(ids, pa.string()), "shop_name": pa.array(names, pa.string())})


def _with_tables(**tables: pa.Table) -> duckdb.DuckDBPyConnection:
    con = shelf()
    for name, rows in tables.items():
        con.register(name, rows)
    return con


def categories(seen: Goods) -> Sequence[str]:
    """The category paths of the products in view, of all levels."""
    return _paths(seen.look.home, seen.look.done.seq, seen.pack.platform, seen.look.reach)


@lru_cache(maxsize=64)
def _paths(home: Home, seq: int, platform: str, reach: Reach) -> Sequence[str]:
    con = _with_tables(listed=_listed(home, seq, reach), shops=_shops(home, seq, platform, reach))
    found = con.execute(
        "select distinct unnest([path_l1, path_l2, path_l3]) as path from listed semi join shops using (shop_id) order by 1"
    )
    return tuple(path for (path,) in found.fetchall() if path)


def cells(seen: Goods, products: Sequence[Product], columns: Sequence[Key], days: int) -> dict[str, list[Shown]]:
    """By product, a figure for each column, beside its category's. Those of a page are found in the columns held in memory."""
    found: dict[str, list[Shown]] = {each.id: [] for each in products}
    beside = _benchmarks(seen, products, columns, days)
    for key in columns:
        column = _held(seen, key, days)
        there, lacks = column.of(found), column.lacks()
        for each in products:
            counted = there.get(each.id) or _nothing(seen, key, lacks.get(each.shop))
            figure = {**_figure(seen, key, days), **counted, "subject": each.id}
            found[each.id].append(_shown(seen, figure, key, beside.get((_category(seen.pack.platform, each), key))))
    return found


def _benchmarks(
    seen: Goods, products: Sequence[Product], columns: Sequence[Key], days: int
) -> dict[tuple[Subject, Key], Fraction | None]:
    """What stands beside the figures of products: in a market their categories' values, else what was imported for them."""
    subjects = {_category(seen.pack.platform, each) for each in products}
    now = replace(seen.look, before=None)
    found = shown(now, subjects, days=days, keys=columns) if subjects and columns else []
    return {(each.subject, each.key): each.value if seen.look.market else each.benchmark for each in found}


def _figure(seen: Goods, key: Key, days: int) -> Mapping[str, object]:
    """What a column's figures have in common."""
    definition, done = seen.offered[key], seen.look.done
    span = definition.window(days).at(done.date)
    return {
        "platform": seen.pack.platform, "metric": key[0], "variant": key[1], "version": definition.version.name,
        "by": "product", "date": done.date, "days": days, "first_day": span.first, "last_day": span.last, "value": None,
    }  # fmt: skip


def _nothing(seen: Goods, key: Key, lacks: tuple[str, str] | None) -> Mapping[str, object]:
    """The figure of a product of which nothing was counted, or of whose shop nothing is known."""
    one = int(seen.offered[key].is_count)
    status, why = lacks or (("ok", "") if one else ("undefined", "nothing to divide by in these days"))
    return {"numerator": 0, "denominator": 0 if lacks else one, "status": status, "why": why}


def _shown(seen: Goods, figure: Mapping[str, object], key: Key, beside: Fraction | None) -> Shown:
    metric, value = seen.offered[key].metric, value_of(figure)
    benchmark = None if metric.is_count else beside
    ratio = value / benchmark if value is not None and benchmark else None
    low, high = wilson(figure, metric)
    marked = figure["status"] == "ok" and metric.better == "lower"
    severity = mark(ratio) if marked else ""
    return Shown(figure, metric, seen.pack.platform, value, low, high, benchmark, ratio, severity, None, worse=False)


def of_product(seen: Goods, whose: Product) -> list[Shown]:
    """All figures of a product, beside its category's (the narrowest known; without one, the platform's) and the previous
    close's. Does not look at reach."""
    subject = Subject(seen.pack.platform, "product", whose.id)
    beside = _category(subject.platform, whose)
    return shown(seen.look, [subject], beside={subject: beside})


def _category(platform: str, whose: Product) -> Subject:
    """Whose figure is a product's benchmark."""
    return Subject(platform, level(whose.path), whose.path) if whose.path else Subject(platform, "platform", platform)
