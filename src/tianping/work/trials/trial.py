"""Figures from rows in hand: for the packs' own tests, for trials, and for checking against slow oracles.

The rows go through the same views, definitions and passes as a close; only the store is left out, and with it the coverage
statuses.
"""

import datetime as dt
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache

import duckdb
import pyarrow as pa

from tianping.errors import NotFound, did_you_mean
from tianping.facts.asof import as_of, zones_of
from tianping.facts.engine import in_memory
from tianping.facts.schema import TABLES, TYPES, Table
from tianping.facts.views import VIEWS
from tianping.metrics.compile import Definition, definitions
from tianping.metrics.engine import compute
from tianping.metrics.figure import Figure
from tianping.periods import HOME_ZONE, to_instant
from tianping.policy.load import packs
from tianping.policy.model import Pack

Rows = Mapping[str, Sequence[Mapping[str, object]]]

_ARROW: dict[str, pa.DataType] = {
    "VARCHAR": pa.string(), "BIGINT": pa.int64(), "BOOLEAN": pa.bool_(), "TIMESTAMP": pa.timestamp("us"), "DATE": pa.date32(),
}  # fmt: skip


def figures(
    facts: Rows,
    *,
    date: dt.date,
    days: Sequence[int] = (),
    platform: str = "kuaishou",
    pack: Pack | None = None,
    only: Collection[str] = (),
) -> list[Figure]:
    """Every figure of one platform's pack as of T = `date`, from rows by table (canonical columns; absent and None are empty;
    times are wall times of the row's shop). Shops and products that rows name but no table lists are added. `only`: of these
    metrics."""
    defined = _defined(platform, date, tuple(days)) if pack is None else definitions(pack, VIEWS, date, days)
    defined = tuple(each for each in defined if not only or each.key[0] in only)
    name = pack.platform if pack else platform
    with laid(facts, date=date, platform=name) as con:
        compute(con, VIEWS, name, defined, date, covered=False)
        return [Figure(*row) for row in con.execute("select * from figures").fetchall()]


@dataclass
class _Bench:
    """A database that is used for one trial after the other: making one, with its tables and views, takes as long as most
    trials. `dated`: the T and the zones that its schema `dated` is for."""

    con: duckdb.DuckDBPyConnection = field(default_factory=in_memory)
    dated: tuple[dt.date, list[str]] | None = None


_KEPT = threading.local()


@contextmanager
def laid(facts: Rows, *, date: dt.date, platform: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """The schemas `facts` and, as of T = `date`, `dated`, from rows as `figures` takes them. The connection is this thread's,
    which keeps it for the next trial; one at which something went wrong is not used again."""
    bench: _Bench = _KEPT.__dict__.pop("bench", None) or _Bench()
    filled = load(bench.con, facts, platform=platform)
    if bench.dated != (wanted := (date, zones_of(bench.con))):
        as_of(bench.con, date)
        bench.dated = wanted
    yield bench.con
    for table in filled:
        bench.con.execute(f"create or replace table facts.{table} as from facts.{table} limit 0")
    _KEPT.bench = bench


@cache
def _shipped() -> Mapping[str, Pack]:
    return packs()


@cache
def _defined(platform: str, date: dt.date, days: tuple[int, ...]) -> tuple[Definition, ...]:
    return definitions(_shipped()[platform], VIEWS, date, days)


def load(con: duckdb.DuckDBPyConnection, facts: Rows, *, platform: str) -> list[str]:
    """Make schema `facts` from rows; its tables may be there, if they are empty. The names of those that have rows now."""
    given = {name: [dict(row) for row in rows or ()] for name, rows in facts.items()}
    _refuse_unknown(given)
    _add_named(given, platform)
    filled = [table for table in TABLES if given.get(table)]
    zones = {str(row["shop_id"]): str(row.get("timezone") or HOME_ZONE) for row in given["shops"]}
    shop_of = {str(row["order_id"]): str(row["shop_id"]) for row in given.get("orders", [])}
    shop_of_video = {str(row["video_id"]): str(row["shop_id"]) for row in given.get("videos", [])}
    if not con.execute("from duckdb_schemas() where schema_name = 'facts'").fetchall():
        _make_tables(con)
    for name in filled:
        table, rows = TABLES[name], given[name]
        for row in rows:
            shop = row.get("shop_id") or shop_of.get(str(row.get("order_id"))) or shop_of_video.get(str(row.get("video_id")))
            _type(table, row, zones.get(str(shop), HOME_ZONE))
        _fill(con, table, rows)
    return filled


def _refuse_unknown(given: Mapping[str, list[dict[str, object]]]) -> None:
    for name, rows in given.items():
        if name not in TABLES:
            raise NotFound(f'no table "{name}": {did_you_mean(name, list(TABLES))}')
        for column in {key for row in rows for key in row}:
            if column not in TABLES[name].by_name:
                raise NotFound(f'no column "{column}" in {name}: {did_you_mean(column, list(TABLES[name].by_name))}')


def _add_named(given: dict[str, list[dict[str, object]]], platform: str) -> None:
    """Shops and products that are only mentioned."""
    shops = given.setdefault("shops", [])
    known = {str(row["shop_id"]) for row in shops}
    for row in shops:
        row.setdefault("platform", platform)
    named = {str(row["shop_id"]) for name, rows in given.items() if name != "shops" for row in rows if row.get("shop_id")}
    shops += [{"shop_id": shop, "platform": platform} for shop in sorted(named - known)]
    products = given.setdefault("products", [])
    listed = {str(row["product_id"]) for row in products}
    sold = {str(row["product_id"]): row["shop_id"] for row in given.get("orders", []) if row.get("product_id")}
    products += [{"product_id": product, "shop_id": shop} for product, shop in sorted(sold.items()) if product not in listed]


def _type(table: Table, row: dict[str, object], zone: str) -> None:
    """Times to instants, days to dates, in place."""
    for name, value in row.items():
        kind = table.by_name[name].type
        if value is None or value == "":
            row[name] = None
        elif kind == "time":
            row[name] = to_instant(value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(str(value)), zone)
        elif kind == "day":
            row[name] = value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value))


def _make_tables(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("create schema facts")
    for table in TABLES.values():
        listed = ", ".join(f'"{column.name}" {TYPES[column.type]}' for column in table.columns)
        con.execute(f"create table facts.{table.name} ({listed})")


def _fill(con: duckdb.DuckDBPyConnection, table: Table, rows: list[dict[str, object]]) -> None:
    schema = pa.schema([(column.name, _ARROW[TYPES[column.type]]) for column in table.columns])
    held = pa.Table.from_pylist([{name: row.get(name) for name in schema.names} for row in rows], schema=schema)
    con.from_arrow(held).insert_into(f"facts.{table.name}")
