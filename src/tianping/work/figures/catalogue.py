"""Shops and products as known at a close: their names, and where they stand. Kept in the process, for they are asked for by
every page and change with imports only."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate, groupby
from typing import NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from tianping.facts import lake, versions
from tianping.facts.schema import TABLES
from tianping.metrics.levels import PATHS
from tianping.work.home import Home, reading
from tianping.work.people.reach import Reach, no_shop

_KEPT = 4
"""States kept: 100 000 products take about 20 MB each."""


class Shop(NamedTuple):
    """A shop as last known. `main_category` is a path or "", `closed` whether it has closed."""

    id: str
    name: str
    platform: str
    main_category: str
    closed: bool


class Product(NamedTuple):
    """A product as last known; `path` is its category's (`Clothing/Women/Dresses`), as far as it is known."""

    id: str
    shop: str
    title: str
    path: str


@dataclass(frozen=True)
class Catalogue:
    """`shops` by id, in the order of platforms and ids; `products`: a table of product_id, shop_id, title, path, path_l1,
    path_l2, path_l3 ("" where unknown), by shop and product, for a DuckDB connection to register."""

    shops: Mapping[str, Shop]
    products: pa.Table

    def shop(self, shop: str, reach: Reach) -> Shop:
        """Raises NotFound for a shop that is not there, or not within reach."""
        reach.require(shop)
        if shop not in self.shops:
            raise no_shop(shop)
        return self.shops[shop]

    def within(self, reach: Reach) -> list[Shop]:
        """The shops within reach, by platform and id."""
        return [each for each in self.shops.values() if reach.holds(each.id)]

    def product(self, product: str) -> Product | None:
        """One product; None where no row of `products` says it."""
        return self.named([product]).get(product)

    def named(self, products: Collection[str]) -> dict[str, Product]:
        """These products, those that are known, by id."""
        places = [self._places[each] for each in products if each in self._places]
        rows = self.products.take(pa.array(places, pa.int64())).select(["product_id", "shop_id", "title", "path"])
        found = (tuple(map(str, each.values())) for each in rows.to_pylist())
        return {key: Product(key, *rest) for key, *rest in found}

    def of_shop(self, shop: str) -> pa.Table:
        """The products of a shop."""
        first, rows = self._spans.get(shop, (0, 0))
        return self.products.slice(first, rows)

    def paths(self, shops: Collection[str]) -> list[str]:
        """The category paths of these shops' products, of all levels, sorted."""
        return sorted({path for shop in shops for path in self.paths_in(shop)})

    def paths_in(self, shop: str) -> frozenset[str]:
        """The category paths of a shop's products, of all levels."""
        if shop not in self._paths_in:
            self._paths_in[shop] = _paths(self.of_shop(shop))
        return self._paths_in[shop]

    def paths_of(self, platform: str) -> list[str]:
        """The category paths of a platform's products, of all levels, sorted."""
        if platform not in self._paths:
            shops = pa.array([each.id for each in self.shops.values() if each.platform == platform], pa.string())
            rows = self.products.filter(pc.is_in(self.products["shop_id"], shops))
            self._paths[platform] = sorted(_paths(rows))
        return self._paths[platform]

    @cached_property
    def _paths(self) -> dict[str, list[str]]:
        return {}

    @cached_property
    def _paths_in(self) -> dict[str, frozenset[str]]:
        return {}

    @cached_property
    def _spans(self) -> dict[str, tuple[int, int]]:
        """By shop, the place of its first product and how many it has."""
        rows = [(shop, len(list(some))) for shop, some in groupby(self.products["shop_id"].to_pylist())]
        places = accumulate((count for _, count in rows), initial=0)
        return {str(shop): (place, count) for (shop, count), place in zip(rows, places, strict=False)}

    @cached_property
    def _places(self) -> dict[str, int]:
        return {str(product): place for place, product in enumerate(self.products["product_id"].to_pylist())}


def _paths(products: pa.Table) -> frozenset[str]:
    """The category paths of products, of all levels."""
    levels = (products[f"path_l{level}"].unique().to_pylist() for level in (1, 2, 3))
    return frozenset(str(path) for level in levels for path in level if path)


@lru_cache(maxsize=_KEPT)
def catalogue(home: Home, seq: int) -> Catalogue:
    """The shops and products known at import `seq`. Reads the lake the first time."""
    now = versions.known(home.versions(), seq)
    with reading(home) as con:
        for table in ("shops", "products"):
            lake.view(con, table, lake.state(home.lake, now, TABLES[table]))
        return Catalogue({each.id: each for each in _shops(con)}, _products(con))


def _shops(con: duckdb.DuckDBPyConnection) -> Iterable[Shop]:
    found = con.sql(
        "select shop_id, coalesce(name, ''), platform, coalesce(main_category, ''), closed_at is not null from shops "
        "order by 3, 1"
    )
    return [Shop(*row) for row in found.fetchall()]


def _products(con: duckdb.DuckDBPyConnection) -> pa.Table:
    """Sorted by shop and product."""
    paths = [f"coalesce({path}, '') as path_l{level}" for level, path in enumerate(PATHS, start=1)]
    deepest = f"coalesce({', '.join(reversed(PATHS))}, '') as path"
    columns = ["product_id", "shop_id", "coalesce(title, '') as title", deepest, *paths]
    found: pa.Table = con.sql(f"select {', '.join(columns)} from products order by shop_id, product_id").to_arrow_table()
    return found
