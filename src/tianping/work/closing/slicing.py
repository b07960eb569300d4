"""A platform's facts in slices of shops, as counting takes them.

What became of changed rows is looked up in every key of a table, which costs as much as reading it: 80,000 changed rows made a
close of 10 M orders 1.7 times as dear, and five times where every order had changed. So whoever counts many views has it looked
up once.
"""

from functools import partial
from pathlib import Path
from typing import NamedTuple

import duckdb

from tianping.facts import lake
from tianping.facts.engine import quoted
from tianping.facts.schema import TABLES
from tianping.facts.versions import Known
from tianping.metrics.slices import Slices, slices

FEW, AT_ONCE = 200_000, 1_000_000
"""Rows of all tables below which nothing is held; changed rows up to which all are held at once (some 0.5 kB each), and above
which those of one slice at a time are."""
PARTS = 3
"""Into which a slice is cut whose changed rows are held."""


class Held(NamedTuple):
    """What a connection holds of changed rows: the `tables` of which it holds all, or whether it is to hold a slice's."""

    tables: frozenset[str] = frozenset()
    by_slice: bool = False


NOTHING = Held()


def hold(con: duckdb.DuckDBPyConnection, folder: Path, known: Known) -> Held:
    """For whoever counts many views of what is known of a lake, which schema `facts` of the connection shows."""
    if known.kept:
        lake.confine(con, folder, known, "")
    changed = lake.changes(known)
    if not changed or sum(file.rows for file in known.files) < FEW:
        return NOTHING
    return Held(by_slice=True) if changed > AT_ONCE else Held(lake.hold(con, folder, known))


def sliced(con: duckdb.DuckDBPyConnection, folder: Path, known: Known, platform: str, held: Held = NOTHING) -> Slices:
    """The slices of the shops of a platform, of which schema `facts` of the connection shows what is known of a lake."""
    by_shop = lake.by_shop(known) | {table.name for table in TABLES.values() if table.has_shop}
    confine = partial(lake.confine, con, folder, known, held=held.tables)
    if not held.by_slice:
        return Slices(tuple(slices(con, platform)), by_shop, confine)

    def hold_some(some: str) -> None:
        if some:
            lake.hold(con, folder, known, some)
        else:
            confine("")

    ours = f"shop_id in (select shop_id from facts.shops where platform = {quoted(platform)})"
    return Slices(tuple(f"{some} and {ours}" for some in slices(con, platform, PARTS)), by_shop, hold_some)
