"""Bare times that were read in another zone than that of the shop they turn out to be of.

A time without an offset is wall time of the shop's zone, so a row that comes before its shop's zone, or before its order, is
read in the home's. Where the shop is elsewhere that was wrong, and the times as they were written are gone; so the row that
says it, the shop's or the order's, goes to quarantine with what to do, and nothing is figured from a mixture.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

import pyarrow as pa

from tianping.facts import lake, versions
from tianping.facts.desk import WAITING, Desk
from tianping.facts.engine import name
from tianping.facts.schema import TABLES, Table
from tianping.facts.versions import LakeFile
from tianping.periods import offsets

_SCHEMA = pa.schema(dict.fromkeys(("key", "column", "value", "reason"), pa.string()))


class Misread(NamedTuple):
    """A row of `incoming` by its key, and what is wrong with it."""

    key: str
    column: str
    value: str
    reason: str


class Reading(NamedTuple):
    """Rows of one import of a shop or order (`key`) whose bare times were read in `zone`."""

    key: str
    zone: str
    seq: int


def misread(desk: Desk, table: Table) -> None:
    """Make `misread`: the keys of `incoming` by which earlier rows turn out to be misread, each with column, value, reason."""
    found = list(_FINDERS[table.name](desk)) if desk.known and table.name in _FINDERS else []
    desk.con.register("found", pa.Table.from_pylist([one._asdict() for one in found], schema=_SCHEMA))
    keys = ", ".join(f"{'key' if key == table.key[0] else 'NULL::VARCHAR'} AS {name(key)}" for key in table.key)
    desk.make("misread", f'SELECT {keys}, "column", value, reason FROM found')
    desk.con.unregister("found")


def _shops(desk: Desk) -> Iterator[Misread]:
    """Shops that are given another zone than their earlier rows were read in."""
    new = _new_zones(desk)
    if new:
        yield from _faults(_readings(desk, new), new, "timezone", "rows of this shop")


def _new_zones(desk: Desk) -> dict[str, str]:
    """The shops of `incoming` whose zone now ticks otherwise than it was known to, or that were known once and undone."""
    said = desk.con.execute("SELECT shop_id, max(timezone) FROM incoming WHERE timezone IS NOT NULL GROUP BY 1").fetchall()
    known = _zones(desk)
    ever = lake.rows(desk.folder, versions.ever(desk.known), TABLES["shops"])
    seen = {shop for (shop,) in desk.con.execute(f"SELECT DISTINCT shop_id FROM {ever}").fetchall()} if ever else set()
    undone = seen - {*known}
    return {shop: zone for shop, zone in said if shop in undone or not _alike(zone, known.get(shop, desk.zone))}


def _zones(desk: Desk) -> dict[str, str]:
    return dict(desk.con.execute("SELECT shop_id, timezone FROM zones_now").fetchall())


def _alike(one: str, other: str) -> bool:
    """Whether two zones have the same clocks."""
    return one == other or offsets(one) == offsets(other)


def _readings(desk: Desk, shops: Iterable[str]) -> Iterator[Reading]:
    """How the earlier rows of these shops were read, by what they say themselves or what they hang on says."""
    desk.con.register("wanted_shops", pa.table({"shop_id": pa.array(sorted(shops), pa.string())}))
    for table in TABLES.values():
        rows = _bare(desk, desk.now.of(table.name))
        if rows and "shop_id" in table.by_name:
            of_shops = f"SELECT DISTINCT shop_id, _zone, _seq FROM {rows} SEMI JOIN wanted_shops USING (shop_id)"
        elif rows and table.waits_for:
            parent = TABLES[table.waits_for]
            theirs = f"({lake.state(desk.folder, desk.now, parent)}) SEMI JOIN wanted_shops USING (shop_id)"
            of_shops = f"SELECT DISTINCT shop_id, _zone, _seq FROM (FROM {theirs}) JOIN {rows} r USING ({parent.key[0]})"
        else:
            continue
        yield from map(Reading._make, desk.con.execute(of_shops).fetchall())
    desk.con.unregister("wanted_shops")


def _orders(desk: Desk) -> Iterator[Misread]:
    """Orders of a shop elsewhere, for which rows waited that were read before that was known."""
    waiting = [table for table in TABLES.values() if table.waits_for == "orders"]
    files = {table.name: [file for file in desk.now.of(table.name) if file.shelf == WAITING] for table in waiting}
    rows = [f"SELECT order_id, _zone, _seq FROM {bare}" for table in waiting if (bare := _bare(desk, files[table.name]))]
    if not rows:
        return
    waited = f"({' UNION ALL '.join(rows)})"
    found = (
        f"SELECT DISTINCT order_id, i.shop_id, w._zone, w._seq FROM incoming i JOIN {waited} w USING (order_id) "
        "WHERE i.shop_id IS NOT NULL"
    )
    zones, of_order, readings = _zones(desk), dict[str, str](), list[Reading]()
    for order, shop, zone, seq in desk.con.execute(found).fetchall():
        of_order[order] = zones.get(shop, desk.zone)
        readings.append(Reading(order, zone, seq))
    yield from _faults(readings, of_order, "shop_id", "rows that waited for this order")


_FINDERS: Mapping[str, Callable[[Desk], Iterator[Misread]]] = {"shops": _shops, "orders": _orders}


def _bare(desk: Desk, files: list[LakeFile]) -> str:
    """The FROM item of those rows known of these files that had bare times; "" where there are no files."""
    if not files:
        return ""
    test = " AND ".join(["_zone IS NOT NULL", *filter(None, [desk.now.test(files)])])
    return f"(SELECT * FROM {lake.read(desk.folder, files, mixed=True)} WHERE {test})"


def _faults(readings: Iterable[Reading], zones: Mapping[str, str], column: str, what: str) -> Iterator[Misread]:
    """A fault for every key whose rows were read in a zone of other clocks than its own."""
    wrong: dict[str, dict[str, set[int]]] = {}
    for one in readings:
        if not _alike(one.zone, zones[one.key]):
            wrong.setdefault(one.key, {}).setdefault(one.zone, set()).add(one.seq)
    for key, read in wrong.items():
        seqs = ", ".join(map(str, sorted(set().union(*read.values()))))
        told = (
            f"{what} came before it with times without an offset, and were read in {', '.join(sorted(read))}, while its zone "
            f"is {zones[key]}; undo import {seqs}, retry this row (`tianping quarantine retry`), then import those files again"
        )
        yield Misread(key, column, zones[key], told)
