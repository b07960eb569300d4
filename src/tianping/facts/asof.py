"""The facts as of T: a time at or after 00:00 of T in the shop's zone is empty, and so is what came with it (reading rule 1).

What comes with a time is empty too where that time was never given: nobody could say whether it was known before T.

Reads schema `facts` (the state at some seq) of a DuckDB connection; makes schema `dated` with the same tables, and the macro
`wall(instant, zone)`.
"""

import datetime as dt
from collections.abc import Collection

import duckdb

from tianping.facts.engine import quoted, wall
from tianping.facts.schema import TABLES, Table
from tianping.periods import HOME_ZONE, day_start

CAME_WITH: dict[str, dict[str, tuple[str, ...]]] = {
    "orders": {"closed_at": ("close_reason",)},
    "cases": {
        "answered_at": ("answer", "refusal_reason"),
        "ended_at": ("outcome", "refund_fen"),
        "escalated_at": ("escalated_by",),
        "judged_at": ("liability",),
        "rated_at": ("rating",),
    },
    "videos": {"look_reviewed_at": ("look_grade",)},
}


def as_of(con: duckdb.DuckDBPyConnection, date: dt.date, tables: Collection[str] = ()) -> None:
    """Make schema `dated` for T = `date`, in the place of another T's; of the shops and `tables` alone for who reads only
    these. Shops keep their row and have a `cutoff`: the instant at which T begins there."""
    zones = zones_of(con)
    con.execute("drop schema if exists dated cascade")
    con.execute("create schema dated")
    con.execute(f"create or replace macro wall(instant, zone) as {_wall(zones)}")
    starts = " ".join(f"when {quoted(zone)} then timestamp '{day_start(date, zone)}'" for zone in zones)
    con.execute(
        f"create view dated.shops as select * replace (coalesce(timezone, '{HOME_ZONE}') as timezone), "
        f"case coalesce(timezone, '{HOME_ZONE}') {starts} end as cutoff from facts.shops"
    )
    one = f"timestamp '{day_start(date, zones[0])}'" if len(zones) == 1 else None
    for table in TABLES.values():
        if table.own_time and (not tables or table.name in tables):
            con.execute(f"create view dated.{table.name} as {_emptied(table, one)}")


def zones_of(con: duckdb.DuckDBPyConnection) -> list[str]:
    """The zones of the shops in schema `facts`, in order."""
    found = con.execute(f"select distinct coalesce(timezone, '{HOME_ZONE}') from facts.shops").fetchall()
    return sorted(str(zone) for (zone,) in found) or [HOME_ZONE]


def _wall(zones: list[str]) -> str:
    """The wall time of any zone in use."""
    if len(zones) == 1:
        return wall("instant", zones[0])
    return "case zone " + " ".join(f"when {quoted(zone)} then {wall('instant', zone)}" for zone in zones) + " end"


def _emptied(table: Table, one: str | None) -> str:
    """`one`: the cutoff where all shops share it; then no join is needed to know it."""
    cutoff = one or "clock.cutoff"
    with_time = {name: time for time, names in CAME_WITH.get(table.name, {}).items() for name in names}
    columns, times = [], table.times
    for column in table.columns:
        if column.name in times:
            columns.append(f"case when t.{column.name} < {cutoff} then t.{column.name} end as {column.name}")
        elif column.name in with_time:
            columns.append(f"case when t.{with_time[column.name]} < {cutoff} then t.{column.name} end as {column.name}")
        else:
            columns.append(f't."{column.name}"')
    return f"select {', '.join(columns)} from facts.{table.name} t" + ("" if one else f" {_to_clock(table)}")


def _to_clock(table: Table) -> str:
    """The join from a row to its shop's clock; rows still waiting for their order have none and count nowhere."""
    if table.has_shop:
        return "join dated.shops clock using (shop_id)"
    parent = table.waits_for
    key = TABLES[str(parent)].key[0]
    return f"join facts.{parent} parent using ({key}) join dated.shops clock on clock.shop_id = parent.shop_id"
