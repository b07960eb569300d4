"""Product analysis: which products of a platform answer a selection by their figures, in which order, and those figures.

One query over the close's file and the catalogue finds a page's products: it reads only the metrics that choose and sort them,
so 100 000 products cost the same whichever columns are shown.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import duckdb
import pyarrow as pa

from tianping.errors import NotFound
from tianping.facts import lake, versions
from tianping.facts.schema import TABLES
from tianping.facts.views import VIEWS
from tianping.metrics.compile import Definition, Key, definitions
from tianping.policy.model import Pack
from tianping.work import goodsql
from tianping.work.boards import Look, Shown, Subject, level, shown
from tianping.work.catalogue import Product, catalogue
from tianping.work.close import figures_path, shelf
from tianping.work.goodsql import Selection, Source
from tianping.work.home import Home, reading
from tianping.work.reach import Reach

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

    @property
    def source(self) -> Source:
        path = figures_path(self.look.home, self.look.done)
        return Source(path, self.pack.platform, frozenset(key for key, each in self.offered.items() if each.is_count))


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
    """The catalogue's products, and those that only orders name, without a title; their shop is the order's. Reads the lake the
    first time."""
    listed = catalogue(home, seq).products
    now = versions.known(home.versions(), seq)
    with reading(home) as con:
        con.register("listed", listed)
        lake.view(con, "orders", lake.state(home.lake, now, TABLES["orders"]))
        rest = con.sql(
            "select product_id, min(shop_id) as shop_id, '' as title, '' as path, '' as path_l1, '' as path_l2, '' as path_l3 "
            "from orders anti join listed using (product_id) group by product_id order by shop_id, product_id"
        ).to_arrow_table()
    return pa.concat_tables([listed, rest.cast(listed.schema)])


def product(home: Home, seq: int, name: str, reach: Reach) -> tuple[Product, str]:
    """A product and its platform. Raises NotFound, in the same words for one that is not there and one out of reach."""
    book = catalogue(home, seq)
    found = book.product(name) or _unlisted(home, seq, name)
    if found is None or found.shop not in book.shops or not reach.holds(found.shop):
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
    answer = goodsql.chosen(_asked(seen, wanted.reads), wanted, wanted.reads)
    page = f"{goodsql.ordered(wanted.order, wanted.reads)} limit {int(take)} offset {int(skip)}"
    rows = _tables(seen).execute(
        f"{answer} select product_id, shop_id, title, path, count(*) over () from chosen {page}", dict(wanted.words)
    )
    found = rows.fetchall()
    if found or not skip:
        return Found(found[0][4] if found else 0, tuple(Product(*row[:4]) for row in found))
    [(total,)] = _tables(seen).execute(f"{answer} select count(*) from chosen", dict(wanted.words)).fetchall()
    return Found(int(total), ())


def every(seen: Goods, wanted: Selection, columns: Sequence[Key]) -> Iterator[Mapping[str, object]]:
    """All products of a selection, in its order, each with its shop and category, and of each column i of `columns` value_i (as
    figures are rounded), numerator_i, denominator_i and status_i."""
    read = list(dict.fromkeys([*wanted.reads, *columns]))
    cells = [goodsql.shown(read.index(key), place) for place, key in enumerate(columns)]
    sql = (
        f"{goodsql.chosen(_asked(seen, read), wanted, read)} "
        f"select {', '.join(['product_id', 'title', 'shop_id', 'shop_name', 'path', *cells])} from chosen "
        f"{goodsql.ordered(wanted.order, read)}"
    )
    con = _tables(seen)
    for batch in con.sql(sql, params=dict(wanted.words)).to_arrow_reader(10_000):
        yield from batch.to_pylist()


def _asked(seen: Goods, columns: Iterable[Key]) -> Source:
    for key in columns:
        if key not in seen.offered:
            raise NotFound(f"{'/'.join(filter(None, key))} has no figures by product in the pack {seen.pack.platform}")
    return seen.source


def _tables(seen: Goods) -> duckdb.DuckDBPyConnection:
    """`listed`: the products; `shops`: the platform's shops within reach. Products of other shops join none."""
    home, seq = seen.look.home, seen.look.done.seq
    mine = [each for each in catalogue(home, seq).within(seen.look.reach) if each.platform == seen.pack.platform]
    ids, names = [each.id for each in mine], [each.name or each.id for each in mine]
    shops = pa.table({"shop_id": pa.array(ids, pa.string()), "shop_name": pa.array(names, pa.string())})
    return _with_tables(listed=known(home, seq), shops=shops)


def _with_tables(**tables: pa.Table) -> duckdb.DuckDBPyConnection:
    con = shelf()
    for name, rows in tables.items():
        con.register(name, rows)
    return con


def categories(seen: Goods) -> list[str]:
    """The category paths of the products in view, of all levels."""
    found = _tables(seen).execute(
        "select distinct unnest([path_l1, path_l2, path_l3]) as path from listed semi join shops using (shop_id) order by 1"
    )
    return [path for (path,) in found.fetchall() if path]


def cells(seen: Goods, products: Sequence[Product], columns: Sequence[Key], days: int) -> dict[str, list[Shown]]:
    """By product, a figure for each column, beside its category's."""
    if not products or not columns:
        return {each.id: [] for each in products}
    now = replace(seen.look, before=None)
    found = {(each.subject.subject, each.key): each for each in of_products(now, seen.pack.platform, products, columns, days)}
    lacking = _lacking(seen, {(each.shop, key) for each in products for key in columns if (each.id, key) not in found}, days)

    def figure(whose: Product, key: Key) -> Shown:
        there = found.get((whose.id, key))
        return there or _nothing(seen, whose, key, days, lacking.get((whose.shop, key)))

    return {each.id: [figure(each, key) for key in columns] for each in products}


def of_products(
    look: Look, platform: str, products: Sequence[Product], columns: Sequence[Key] | None = None, days: int | None = None
) -> list[Shown]:
    """The figures of products, each beside its category's, the narrowest known; without one beside the platform's. Does not
    look at reach."""
    beside = {Subject(platform, "product", each.id): _category(platform, each) for each in products}
    return shown(look, beside, days=days, keys=columns, beside=beside)


def _category(platform: str, whose: Product) -> Subject:
    """Whose figure is a product's benchmark."""
    return Subject(platform, level(whose.path), whose.path) if whose.path else Subject(platform, "platform", platform)


def _lacking(seen: Goods, wanted: set[tuple[str, Key]], days: int) -> dict[tuple[str, Key], tuple[str, str]]:
    """Status and reason of the figures of shops whose data lack."""
    found: dict[tuple[str, Key], tuple[str, str]] = {}
    shops = sorted({shop for shop, _ in wanted})
    for key in {key for _, key in wanted}:
        where = f"{seen.source.where(key, days)} and {goodsql.LACKING} and subject in (select unnest(?))"
        rows = shelf().execute(f"select subject, status, why {where}", [shops]).fetchall()
        found.update({(shop, key): (status, why) for shop, status, why in rows})
    return found


def _nothing(seen: Goods, whose: Product, key: Key, days: int, lacks: tuple[str, str] | None) -> Shown:
    """The figure of a product of which nothing was counted, or of whose shop nothing is known."""
    definition, done = seen.offered[key], seen.look.done
    span, one = definition.window(days).at(done.date), int(definition.is_count)
    status, why = lacks or (("ok", "") if one else ("undefined", "nothing to divide by in these days"))
    figure = {
        "platform": seen.pack.platform, "metric": key[0], "variant": key[1], "version": definition.version.name,
        "by": "product", "subject": whose.id, "date": done.date, "days": days, "first_day": span.first, "last_day": span.last,
        "numerator": 0, "denominator": 0 if lacks else one, "value": None, "status": status, "why": why,
    }  # fmt: skip
    value = Fraction(0) if one and not lacks else None
    return Shown(figure, definition.metric, seen.pack.platform, value, None, None, None, None, "", None, worse=False)
