"""A past that no window reaches need not be read: orders on which nothing happened since a day, and what hangs on them.

An order is quiet since a day if no time of its row, or of one that hangs on it, is of that day or later. Whatever begins then
counts nothing of it. What hangs on an order lies on its shelf, so on old shelves those that are not quiet are looked for, by
their times and keys alone, and kept; the others' rows are left in their files.
"""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb

from tianping.facts import lake, resolve
from tianping.facts.engine import name, names
from tianping.facts.schema import TABLES, Table
from tianping.facts.versions import Known, LakeFile
from tianping.facts.viewsql import MARGIN

YOUNG = dt.timedelta(days=31)
"""Before a day, shelves that are read whole: of so many orders something happens after it that keeping them costs memory."""
WORTH = 1.0
"""Rows of old shelves to one of the others from which they are left out. Measured at five to one: looking costs a third of what
it spares."""
UNSEEN = frozenset({"updated_at", *TABLES["products"].times})
"""Times in the views of orders that are not looked at: by these an order can count though it is quiet."""
_MONTH = r"\d{4}-\d{2}"
_ORDERS = [table for table in TABLES.values() if table.name == "orders" or table.waits_for == "orders"]


def since(con: duckdb.DuckDBPyConnection, folder: Path, known: Known, day: dt.date) -> Known:
    """What is known without the rows of orders that are quiet since `day`, in whatever zone; those kept are temporary tables
    of the connection. All of it where that is not worth it, or not sure."""
    old, young, others = _parted(known, f"{day - YOUNG:%Y-%m}")
    if _rows(old) < max(1, WORTH * _rows(young)) or not all(_sure(known, table, old) for table in _ORDERS):
        return known
    stirred = " UNION ".join(_stirred(folder, replace(known, files=(*old, *others)), day))
    con.execute(f"CREATE OR REPLACE TEMP TABLE stirred AS {stirred}")
    for table in _ORDERS:
        if rows := lake.rows(folder, replace(known, files=old), table, "base"):
            columns = names([*resolve.columns(table), *(["_shop"] if table.waits_for else [])])
            kept = f"SELECT {columns} FROM {rows} SEMI JOIN stirred USING (order_id)"
            con.execute(f"CREATE OR REPLACE TEMP TABLE {lake.kept(table)} AS {kept}")
    return replace(known, files=(*young, *others), kept=frozenset(file.table for file in old))


Files = tuple[LakeFile, ...]


def _parted(known: Known, limit: str) -> tuple[Files, Files, Files]:
    """The first rows of orders and of what hangs on them, on shelves before a month and from it on, and all other files."""
    hung = {table.name for table in _ORDERS}
    ours = [file for file in known.files if file.table in hung and file.kind == "base" and re.fullmatch(_MONTH, file.shelf)]
    old = tuple(file for file in ours if file.shelf < limit)
    young = tuple(file for file in ours if file.shelf >= limit)
    return old, young, tuple(file for file in known.files if file not in ours)


def _rows(files: Files) -> int:
    return sum(file.rows for file in files)


def _sure(known: Known, table: Table, old: Files) -> bool:
    """Whether what became of the table's keys is known by whole rows, and its first rows lie on the shelves of their orders,
    beside their shops: not after an undo, nor of imports before there was either."""
    placed = all(file.placed for file in old if file.table == table.name) or not table.waits_for
    return placed and known.saying(table.name) == "state"


def _stirred(folder: Path, known: Known, day: dt.date) -> Iterator[str]:
    """The SELECT of orders, a table at a time, on which something happened since."""
    for table in _ORDERS:
        happened = " OR ".join(f"{name(time)} >= TIMESTAMP '{day - MARGIN}'" for time in table.times)
        for rows in filter(None, (lake.rows(folder, known, table, kind) for kind in ("base", "state"))):
            yield f"SELECT order_id FROM {rows} WHERE {happened}"
