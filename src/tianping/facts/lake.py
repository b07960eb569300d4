"""The lake: Parquet files that only committed versions name, and the state at any `seq` as DuckDB views.

`<lake>/<table>/<shelf>/<seq>-<n>-<kind>.parquet`. Other readers get the file list of a version, never a folder: a folder
also holds what was undone and what an interrupted import left.
"""

import datetime as dt
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb

from tianping.facts import resolve, versions
from tianping.facts.engine import name, parquet
from tianping.facts.schema import TABLES, Table
from tianping.facts.versions import Version

COVERAGE = {"shop_id": "VARCHAR", "table": "VARCHAR", "first_day": "DATE", "last_day": "DATE", "columns": "VARCHAR[]"}
QUARANTINE = {
    "file": "VARCHAR", "line": "BIGINT", "table": "VARCHAR", "key": "VARCHAR", "column": "VARCHAR", "value": "VARCHAR",
    "reason": "VARCHAR", "row": "VARCHAR",
}  # fmt: skip


def attach(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    known: Sequence[Version],
    *,
    known_at: int | dt.datetime | None = None,
    schema: str = "facts",
) -> int:
    """Views `<schema>.<table>` of the state at `known_at`, one per table of TABLES with exactly its columns and types,
    and `<schema>.coverage`. Gives back the seq. Rows whose order is unknown are there; joins leave them out."""
    seq = versions.seq_at(known, known_at)
    alive = versions.live(known, seq)
    con.execute(f"CREATE SCHEMA IF NOT EXISTS {name(schema)}")
    for table in TABLES.values():
        view(con, f"{name(schema)}.{name(table.name)}", state(folder, alive, table))
    view(con, f"{name(schema)}.coverage", coverage(folder, alive))
    return seq


def view(con: duckdb.DuckDBPyConnection, target: str, select: str) -> None:
    """Create or replace one view."""
    con.execute(f"CREATE OR REPLACE VIEW {target} AS {select}")


def state(folder: Path, alive: Sequence[Version], table: Table, *, shelf: bool = False) -> str:
    """The SELECT of one table's state, `alive` being what `versions.live` gave."""
    return resolve.state(table, paths(folder, alive, table, "base"), paths(folder, alive, table, "change"), shelf=shelf)


def paths(folder: Path, of: Sequence[Version], table: Table, *kinds: versions.Kind) -> list[str]:
    """The Parquet files of `table`, absolute."""
    return [str(folder / file.path) for file in versions.files(of, table.name, *kinds)]


def coverage(folder: Path, alive: Sequence[Version]) -> str:
    """The SELECT of (shop_id, "table", first_day, last_day, columns): one row per import, shop and table. The days are
    those of the home's zone, both ends counted, null where no row had a time; the columns are those the files held."""
    return _side(folder, alive, "coverage", COVERAGE)


def quarantine(folder: Path, alive: Sequence[Version]) -> str:
    """The SELECT of the bad rows: one per fault, with the `seq` of the import."""
    return _side(folder, alive, "quarantine", {"seq": "BIGINT", **QUARANTINE})


def _side(folder: Path, alive: Sequence[Version], kind: versions.Kind, columns: dict[str, str]) -> str:
    files = [str(folder / file.path) for file in versions.files(alive, kind, kind)]
    wanted = ", ".join(map(name, columns))
    if files:
        return f"SELECT {wanted} FROM {parquet(files)}"
    return "SELECT " + ", ".join(f"NULL::{of} AS {name(column)}" for column, of in columns.items()) + " WHERE false"


_OURS = re.compile(r"\d+-\d+-(base|change|quarantine|coverage)\.parquet(\.\w+)?")


def sweep(folder: Path, known: Iterable[Version]) -> int:
    """Delete the Parquet files that no version names (an interrupted import's); how many. Only under the import lock."""
    named = {file.path for version in known for file in version.files}
    ours = (path for path in folder.rglob("*.parquet*") if _OURS.fullmatch(path.name))
    strays = [path for path in ours if path.relative_to(folder).as_posix() not in named]
    for path in strays:
        path.unlink()
    return len(strays)


def mark(folder: Path, seq: int) -> None:
    """Note beside the files the newest version that was ever committed."""
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / "newest.new"
    with fresh.open("w") as note:
        note.write(str(seq))
        note.flush()
        os.fsync(note.fileno())
    fresh.replace(folder / "newest")


def marked(folder: Path) -> int:
    """What `mark` noted, 0 where nothing. A database that knows less is another one, or an old copy: sweeping by it would
    delete facts."""
    note = folder / "newest"
    return int(note.read_text() or 0) if note.exists() else 0


def settle(folder: Path, files: Iterable[Path]) -> None:
    """Make these files of the lake, and the folders they are in, safe against a power cut."""
    paths = list(files)
    folders = {above for file in paths for above in file.parents if above.is_relative_to(folder)}
    for path in [*paths, *sorted(folders), folder.parent]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
