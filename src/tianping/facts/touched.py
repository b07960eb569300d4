"""Which things may look different between two states of the facts, one (T, seq) and another: all that differ, and rather more.

A *thing* is what the rows of some views hang on: an order for its parcels, cases and reviews, a buyer of a shop for what they
say. A thing looks the same in both states unless a row of it is known in only one of them, or one of its times lies between
the two T, or its shop or product changed.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from tianping.facts import versions
from tianping.facts.engine import name, names, parquet, quoted
from tianping.facts.schema import TABLES, Table
from tianping.facts.versions import Version
from tianping.periods import HOME_ZONE, day_start

BEFORE, NOW = "was", "facts"
"""The schemas of the two states."""


@dataclass(frozen=True, slots=True)
class Family:
    """Views whose rows hang on the same `thing`, a key found in each of the `tables` they are made of (besides shops and
    products)."""

    name: str
    thing: tuple[str, ...]
    tables: tuple[str, ...]
    views: tuple[str, ...]

    @property
    def touched(self) -> str:
        """The temp table of the things that may differ."""
        return f"touched_{self.name}"


FAMILIES = (
    Family("order", ("order_id",), ("orders", "parcels", "cases", "reviews", "complaints"),
           ("order", "parcel", "case", "review", "complaint")),
    Family("buyer", ("shop_id", "buyer_id"), ("messages", "chat_ratings"), ("burst", "buyer_day")),
    Family("served", ("shop_id", "buyer_id"), ("messages", "chat_ratings", "orders"), ("served",)),
    Family("session", ("session_id",), ("chat_sessions", "messages", "chat_ratings"), ("session",)),
    Family("shift", ("shift_id",), ("agent_shifts",), ("shift",)),
    Family("viewer", ("room_id", "user_id"), ("live_views",), ("view",)),
    Family("video", ("video_id",), ("videos", "video_plays"), ("video", "play")),
)  # fmt: skip
_OF_SHOP = ("shop_id", "platform", "region", "timezone")
"""What views read of a shop."""


@dataclass(frozen=True, slots=True)
class Step:
    """From one state to another: T and seq of both, and the numbers of the imports that count in only one of them."""

    dates: tuple[dt.date, dt.date]
    seqs: tuple[int, int]
    between: frozenset[int]

    @classmethod
    def of(cls, known: Sequence[Version], dates: tuple[dt.date, dt.date], seqs: tuple[int, int]) -> "Step":
        first, second = ({version.seq for version in versions.live(known, seq)} for seq in seqs)
        return cls(dates, seqs, frozenset(first ^ second))


def find(con: duckdb.DuckDBPyConnection, family: Family, folder: Path, known: Sequence[Version], step: Step) -> int:
    """Make the family's `touched` table from the schemas `was` and `facts`; how many things it holds."""
    states = (NOW,) if step.seqs[0] == step.seqs[1] else (BEFORE, NOW)
    found = [*_by_time(con, family, step.dates), *_by_rows(family, folder, known, step)]
    if len(states) > 1:
        found += [each for state in states for each in _by_shop_or_product(family, state)]
    if not found:
        return 0
    some = " and ".join(f"{name(column)} is not null" for column in family.thing)
    sql = f"select * from ({' union all '.join(found)}) where {some}"
    con.execute(f"create or replace temp table {family.touched} as select distinct {names(family.thing)} from ({sql})")
    return int(con.execute(f"select count(*) from {family.touched}").fetchall()[0][0])


def _by_time(con: duckdb.DuckDBPyConnection, family: Family, dates: tuple[dt.date, dt.date]) -> Iterable[str]:
    """Things with a time from the earlier T to the later, in whatever zone of theirs. One scan per column: each passes over
    the row groups that hold no such time."""
    earlier, later = sorted(dates)
    if earlier == later:
        return
    zones = {str(zone or HOME_ZONE) for (zone,) in con.execute("select distinct timezone from facts.shops").fetchall()} or {
        HOME_ZONE
    }
    since = min(day_start(earlier, zone) for zone in zones)
    until = max(day_start(later, zone) for zone in zones)
    for table in family.tables:
        for at in map(name, TABLES[table].times):
            yield (
                f"select {names(family.thing)} from {NOW}.{table} "
                f"where {at} >= timestamp '{since}' and {at} < timestamp '{until}'"
            )


def _by_rows(family: Family, folder: Path, known: Sequence[Version], step: Step) -> Iterable[str]:
    """Things of which a row is known in only one of the states: as both states know them."""
    for each in family.tables:
        table = TABLES[each]
        if rows := _raw(table, folder, known, step.between):
            if set(family.thing) == set(table.key):
                yield f"select {names(family.thing)} from ({rows})"
                continue
            for state in (BEFORE, NOW):
                yield f"select {names(family.thing)} from {state}.{each} semi join ({rows}) using ({names(table.key)})"


def _raw(table: Table, folder: Path, known: Sequence[Version], between: frozenset[int]) -> str:
    """The SELECT of the keys of the rows that these imports brought; "" where they brought none."""
    files = [
        str(folder / file.path)
        for file in versions.present(known)
        if file.table == table.name
        and file.kind in ("base", "change")
        and any(file.first <= seq <= file.last for seq in between)
    ]
    listed = ", ".join(str(seq) for seq in sorted(between))
    return f"select {names(table.key)} from {parquet(files)} where _seq in ({listed})" if files else ""


def _by_shop_or_product(family: Family, state: str) -> Iterable[str]:
    """Things of shops and products that are not the same in both states."""
    goods = [column.name for column in TABLES["products"].columns if column.name != "updated_at"]
    for each in family.tables:
        table = TABLES[each]
        things = f"select {names(family.thing)} from {state}.{each}"
        if table.has_shop:
            yield f"{things} semi join ({_changed('shops', _OF_SHOP)}) using (shop_id)"
        if "product_id" in table.by_name:
            yield f"{things} semi join ({_changed('products', goods)}) using (product_id)"


def _changed(table: str, columns: Sequence[str]) -> str:
    """The SELECT of the keys of the rows of `table` that are not the same in both states."""
    one, other = (f"select {names(columns)} from {state}.{table}" for state in (BEFORE, NOW))
    return f"select distinct {name(columns[0])} from (({one} except {other}) union all ({other} except {one}))"


UNREAD = {"messages": ("text",)}
"""Columns that no view has, and so no pack can read; they would be most of what is copied."""


def confine(con: duckdb.DuckDBPyConnection, family: Family, state: str, catalog: str, platforms: Sequence[str]) -> None:
    """Attach the database `catalog` with a schema `facts` of the touched things alone, as `state` knows them, and of all shops
    and products. What names its shop is only copied for shops of these platforms."""
    listed = ", ".join(quoted(platform) for platform in platforms)
    con.execute(f"create or replace temp table theirs as select shop_id from {state}.shops where platform in ({listed})")
    con.execute(f"attach ':memory:' as {catalog}")
    con.execute(f"create schema {catalog}.facts")
    for table in TABLES.values():
        empty = ", ".join(f"null::varchar as {name(column)}" for column in UNREAD.get(table.name, ()))
        rows = f"select *{f' replace ({empty})' if empty else ''} from memory.{state}.{table.name}"
        if table.name in family.tables:
            rows += " semi join temp.theirs using (shop_id)" if table.has_shop else ""
            rows += f" semi join temp.{family.touched} using ({names(family.thing)})"
        elif table.name not in ("shops", "products"):
            rows += " where false"
        con.execute(f"create table {catalog}.facts.{table.name} as {rows}")
