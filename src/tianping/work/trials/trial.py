"""Figures from rows in hand: for the packs' own tests, for trials, and for checking against slow oracles.

The rows go through the same views, definitions and passes as a close; only the store is left out, and with it the coverage
statuses.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import cache

import duckdb
import pyarrow as pa

from tianping.errors import NotFound, did_you_mean
from tianping.facts.asof import as_of
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
    only: str = "",
) -> list[Figure]:
    """Every figure of one platform's pack as of T = `date`, from rows by table (canonical columns; absent and None are empty;
    times are wall times of the row's shop). Shops and products that rows name but no table lists are added. `only`: of this
    metric."""
    con = duckdb.connect()
    defined = _defined(platform, date, tuple(days)) if pack is None else definitions(pack, VIEWS, date, days)
    defined = tuple(each for each in defined if only in ("", each.key[0]))
    name = pack.platform if pack else platform
    load(con, facts, platform=name)
    as_of(con, date)
    compute(con, VIEWS, name, defined, date, covered=False)
    return [Figure(*row) for row in con.sql("select * from figures").fetchall()]


@cache
def _shipped() -> Mapping[str, Pack]:
    return packs()


@cache
def _defined(platform: str, date: dt.date, days: tuple[int, ...]) -> tuple[Definition, ...]:
    return definitions(_shipped()[platform], VIEWS, date, days)


def load(con: duckdb.DuckDBPyConnection, facts: Rows, *, platform: str) -> None:
    """Make schema `facts` from rows."""
    given = {name: [dict(row) for row in rows or ()] for name, rows in facts.items()}
    _refuse_unknown(given)
    _add_named(given, platform)
    zones = {str(row["shop_id"]): str(row.get("timezone") or HOME_ZONE) for row in given["shops"]}
    shop_of = {str(row["order_id"]): str(row["shop_id"]) for row in given.get("orders", [])}
    shop_of_video = {str(row["video_id"]): str(row["shop_id"]) for row in given.get("videos", [])}
    con.execute("create schema if not exists facts")
    for table in TABLES.values():
        rows = given.get(table.name, [])
        for row in rows:
            shop = row.get("shop_id") or shop_of.get(str(row.get("order_id"))) or shop_of_video.get(str(row.get("video_id")))
            _type(table, row, zones.get(str(shop), HOME_ZONE))
        _fill(con, table, rows)


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


def _fill(con: duckdb.DuckDBPyConnection, table: Table, rows: list[dict[str, object]]) -> None:
    names = [(column.name, TYPES[column.type]) for column in table.columns]
    listed = ", ".join(f'"{name}" {kind}' for name, kind in names)
    con.execute(f"create table facts.{table.name} ({listed})")
    if rows:
        schema = pa.schema([(name, _ARROW[kind]) for name, kind in names])
        held = pa.Table.from_pylist([{name: row.get(name) for name, _ in names} for row in rows], schema=schema)
        con.register("held", held)
        con.execute(f"insert into facts.{table.name} select * from held")
        con.unregister("held")
