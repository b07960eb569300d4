"""Columns of figures held in memory: whoever sorts, filters and turns pages reads the same few again and again.

Those of product analysis, and those by which lists of shops show how each stands.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from tianping.metrics.compile import Key
from tianping.work.closing.closed import shelf
from tianping.work.figures import goodsql

_HELD = 32
"""Columns of products held: 100 000 products take 3 MB each."""
_HELD_SHOPS = 64
"""Columns of shops held: 10 000 shops take 1 MB each."""
ABOVE_PRODUCTS = frozenset({"platform", "shop"})
"""Whose figures the columns of shops hold."""


class Held(NamedTuple):
    """A column in memory: the tables of a goodsql.Column, the first without value."""

    figures: pa.Table
    lacking: pa.Table

    def of(self, products: Collection[str]) -> dict[str, Mapping[str, object]]:
        """The figures of some products, by id."""
        wanted = pc.is_in(self.figures["product_id"], pa.array(products, pa.string()))
        return {str(row["product_id"]): row for row in self.figures.filter(wanted).to_pylist()}

    def lacks(self) -> dict[str, tuple[str, str]]:
        """By shop, status and reason."""
        return {row["shop_id"]: (row["status"], row["why"]) for row in self.lacking.to_pylist()}


@lru_cache(maxsize=_HELD)
def held(path: str, platform: str, key: Key, days: int) -> Held:
    """Of a close's file, which never changes under its name. Measured: 60 ms for 100 000 products."""
    con = shelf()
    figures = con.sql(
        f"select * exclude (value), null::decimal(24, 6) as value from {goodsql.figures(path, platform, key, days)}"
    )
    return Held(
        _coded(figures.to_arrow_table()), con.sql(f"from {goodsql.lacking(path, platform, key, days)}").to_arrow_table()
    )


def of_shops(path: str, given: Mapping[str, Sequence[object]]) -> Iterator[Mapping[str, object]]:
    """The figures of a close's file of some shops and platforms, metrics and days: those whose columns have one of the values
    given."""
    subjects = pa.array(given["subject"], pa.string())
    for metric in given["metric"]:
        for days in given["days"]:
            held = _of_shops(path, str(metric), int(str(days)))
            found = held.filter(pc.is_in(held["subject"], subjects)).to_pylist()
            yield from (row for row in found if row["by"] in given["by"] and row["platform"] in given["platform"])


@lru_cache(maxsize=_HELD_SHOPS)
def _of_shops(path: str, metric: str, days: int) -> pa.Table:
    con = shelf()
    found: pa.Table = con.sql(
        "select * from read_parquet(?) where metric = ? and days = ? and \"by\" in ('platform', 'shop')",
        params=[path, metric, days],
    ).to_arrow_table()
    return _coded(found, "platform", "metric", "variant", "version", "by")


def _coded(figures: pa.Table, *more: str) -> pa.Table:
    """With the few words that stand in every row kept once."""
    for name in ("status", "why", *more):
        figures = figures.set_column(figures.column_names.index(name), name, figures[name].dictionary_encode())
    return figures
