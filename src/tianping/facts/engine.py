"""DuckDB: always in memory over Parquet (a DuckDB file would lock out the other processes), spilling into a scratch folder.

Also the few pieces of SQL text that every reader of facts needs: quoting, Parquet lists, wall time by plain arithmetic.
"""

from collections.abc import Generator, Iterable, Sequence
from pathlib import Path
from typing import Any

import duckdb

from tianping.facts.schema import TYPES, Table
from tianping.periods import offsets

_HELD_ROWS = 1 << 16
"""Rows of each partition and thread held back while files are written; DuckDB's own 524 288 are gigabytes of orders."""
_AT_ONCE = 10_000
"""Rows of a query that are Python's at a time."""


def in_memory(
    scratch: Path | None = None, *, memory: str | None = None, threads: int | None = None
) -> duckdb.DuckDBPyConnection:
    """A fresh in-memory database; all there are begin here. `scratch` is where it may spill; `memory` caps it (`"2GB"`), else
    80 % of the machine's; `threads`, else one a core."""
    con = duckdb.connect()
    con.execute("SET enable_progress_bar = false")  # else queries of two seconds write one among what commands print
    if scratch is not None:
        con.execute(f"SET temp_directory = {quoted(str(scratch))}")
    if memory is not None:
        con.execute(f"SET memory_limit = {quoted(memory)}")
    if threads is not None:
        con.execute(f"SET threads = {threads}")
    return con


def connect(scratch: Path | None = None, *, memory: str | None = None) -> duckdb.DuckDBPyConnection:
    """One for facts: in UTC, rows in no order unless one is asked for."""
    con = in_memory(scratch, memory=memory)
    con.execute("SET TimeZone = 'UTC'")
    con.execute("SET preserve_insertion_order = false")
    con.execute(f"SET partitioned_write_flush_threshold = {_HELD_ROWS}")
    return con


def records(con: duckdb.DuckDBPyConnection, sql: str, values: Sequence[object] = ()) -> Generator[dict[str, Any], None, None]:
    """The rows of a query by column, never all in memory. Until the last is taken, or the iterator closed, the connection can
    run nothing else."""
    found = con.execute(sql, list(values))
    names = [str(column[0]) for column in found.description or ()]
    try:
        while block := found.fetchmany(_AT_ONCE):
            yield from (dict(zip(names, row, strict=True)) for row in block)
    finally:
        con.abort()


def quoted(text: str) -> str:
    """A string as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def name(identifier: str) -> str:
    """A name as a quoted SQL identifier (`from`, `to`, `table` and `by` are columns of ours)."""
    return '"' + identifier.replace('"', '""') + '"'


def names(identifiers: Iterable[str], *, of: str = "") -> str:
    """`"a", "b"`, or `t."a", t."b"` with `of="t"`."""
    prefix = f"{of}." if of else ""
    return ", ".join(prefix + name(identifier) for identifier in identifiers)


def parquet(paths: Sequence[str], *, named: bool = False, mixed: bool = False) -> str:
    """The FROM item that reads these Parquet files; there must be one at least. A folder called `a=b` is just a folder.
    `named`: with `filename`. `mixed`: a column that some of them lack is null there (files of older versions of the program);
    costs a look at every file before the first is read."""
    more = (", filename = true" if named else "") + (", union_by_name = true" if mixed else "")
    return f"read_parquet([{', '.join(quoted(path) for path in paths)}], hive_partitioning = false{more})"


def empty(table: Table) -> str:
    """A SELECT of no rows with exactly the table's columns and types."""
    columns = ", ".join(f"NULL::{TYPES[column.type]} AS {name(column.name)}" for column in table.columns)
    return f"SELECT {columns} WHERE false"


def same_key(table: Table, left: str, right: str) -> str:
    """The join condition on the table's key; a key column that may be empty (benchmarks.variant) equals itself when empty."""
    return " AND ".join(
        f"{left}.{name(key)} {'=' if table.by_name[key].required else 'IS NOT DISTINCT FROM'} {right}.{name(key)}"
        for key in table.key
    )


def wall(instant: str, zone: str) -> str:
    """The SQL of a naive UTC instant as wall time of `zone`: arithmetic, a hundredth of the cost of a zone look-up per row."""
    steps = offsets(zone)
    if len(steps) == 1:
        return f"({instant} + to_seconds({steps[0][1]}))"
    later = " ".join(f"WHEN {instant} >= TIMESTAMP '{since}' THEN {seconds}" for since, seconds in reversed(steps))
    return f"({instant} + to_seconds(CASE {later} ELSE {steps[0][1]} END))"
