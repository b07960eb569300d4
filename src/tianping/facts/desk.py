"""Where an import is filed: what the judging and the filing of its tables share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from tianping.facts import lake, resolve, versions
from tianping.facts.engine import name, names, quoted
from tianping.facts.schema import TABLES, Table
from tianping.facts.versions import Kind, LakeFile, Version


@dataclass(frozen=True, slots=True)
class Desk:
    """Where an import is filed: the connection, the lake's folder, a scratch folder, the number it will have, the versions
    before it, its files' names by part, the home's zone."""

    con: duckdb.DuckDBPyConnection
    folder: Path
    scratch: Path
    seq: int
    known: tuple[Version, ...]
    sources: Mapping[int, str]
    zone: str

    def make(self, target: str, select: str) -> None:
        """Create or replace a temporary table."""
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE {target} AS {select}")


def begin(desk: Desk) -> None:
    """The tables that the filing of an import adds to: its sources, its bad rows."""
    desk.con.execute("CREATE OR REPLACE TEMP TABLE sources (_part INTEGER, file VARCHAR)")
    if desk.sources:
        desk.con.executemany("INSERT INTO sources VALUES (?, ?)", list(desk.sources.items()))
    columns = ", ".join(f"{name(column)} {of}" for column, of in lake.QUARANTINE.items())
    desk.con.execute(f"CREATE OR REPLACE TEMP TABLE bad ({columns})")
    for parent in sorted({table.waits_for for table in TABLES.values() if table.waits_for}):
        look_up(desk, TABLES[parent], ())


def look_up(desk: Desk, parent: Table, files: Sequence[LakeFile]) -> None:
    """Make `<parent>_now`: key, shop and shelf of the rows known once `files` are filed."""
    alive = versions.live(desk.known)
    base, change = ([str(desk.folder / file.path) for file in files if file.kind == kind] for kind in ("base", "change"))
    select = resolve.state(
        parent,
        lake.paths(desk.folder, alive, parent, "base") + base,
        lake.paths(desk.folder, alive, parent, "change") + change,
        shelf=True,
    )
    columns = f"{names(parent.key)}, shop_id, _shelf"
    desk.con.execute(f"CREATE OR REPLACE TEMP VIEW {name(parent.name + '_now')} AS SELECT {columns} FROM ({select})")


def write(desk: Desk, table: str, shelf: str, kind: Kind, select: str) -> LakeFile:
    """Write one file of the lake; nobody sees it until a version names it."""
    path = Path(table) / shelf / f"{desk.seq}-0-{kind}.parquet"
    target = desk.folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    written = desk.con.execute(f"COPY ({select}) TO {quoted(str(target))} (FORMAT parquet, COMPRESSION zstd)").fetchone()
    assert written is not None
    return LakeFile(table, shelf, path.as_posix(), kind, int(written[0]), target.stat().st_size)
