"""A lake filled by hand: staged rows as the staging step would write them, filed without files, mappings or a database."""

import datetime as dt
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tianping.facts import engine, filing, lake, versions
from tianping.facts.desk import Desk, begin
from tianping.facts.engine import names
from tianping.facts.filing import Filed
from tianping.facts.schema import TABLES
from tianping.facts.versions import LakeFile, Version
from tianping.periods import HOME_ZONE
from tianping.work.intake.compact import tidied

Row = Mapping[str, Any]
"""A row of a file: a column with None was given and empty (it clears), a column not there was not in the file."""
ARROW: dict[str, pa.DataType] = {
    "id": pa.string(),
    "text": pa.string(),
    "int": pa.int64(),
    "fen": pa.int64(),
    "bool": pa.bool_(),
    "time": pa.timestamp("us"),
    "day": pa.date32(),
}
START = dt.datetime(2024, 1, 1)


def write_staged(folder: Path, table: str, part: int, rows: Sequence[Row], *, partial: bool = False) -> str:
    """One staged Parquet file; `partial` = mapped: empty keeps what is known."""
    columns = TABLES[table].columns
    schema = pa.schema(
        [
            *((c.name, ARROW[c.type]) for c in columns),
            ("_clears", pa.int64()),
            ("_given", pa.int64()),
            ("_zone", pa.string()),
            ("_part", pa.int32()),
            ("_line", pa.int64()),
        ]
    )
    bits = {c.name: 1 << i for i, c in enumerate(columns)}
    made = [
        {c.name: row.get(c.name) for c in columns}
        | {
            "_clears": 0 if partial else sum(bits[n] for n, v in row.items() if v is None),
            "_given": sum(bits[n] for n in row),
            "_part": part,
            "_line": line,
        }
        for line, row in enumerate(rows, start=2)
    ]
    path = folder / table / f"{part}-0.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(made, schema=schema), path)
    return str(path)


class Shop:
    """A lake with its versions in a list. `bring` imports files: for each table the rows of each file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.versions: list[Version] = []
        self.bad: list[tuple[Any, ...]] = []

    def bring(self, files: Mapping[str, Sequence[Sequence[Row]]], *, partial: bool = False) -> dict[str, Filed]:
        """File one import and commit it; the counts of each table are those of `Version.counts`."""
        seq, scratch = versions.newest(self.versions) + 1, self.folder / "stage"
        shutil.rmtree(scratch, ignore_errors=True)
        filed: dict[str, Filed] = {}
        with engine.connect(scratch / "spill") as con:
            sources = {part: f"{part}.csv" for parts in files.values() for part in range(len(parts))}
            desk = Desk(con, self.folder / "lake", scratch, seq, tuple(self.versions), sources, HOME_ZONE)
            begin(desk)
            for table in filing.order(list(files)):
                staged = [
                    write_staged(scratch, table, part, rows, partial=partial) for part, rows in enumerate(files[table]) if rows
                ]
                if staged:
                    filed[table] = filing.file_table(desk, TABLES[table], staged)
                    assert filed[table].tally.adds_up, filed[table].tally
            self.bad = con.execute('SELECT file, line, "table", key, "column", reason FROM bad ORDER BY ALL').fetchall()
            kept: list[LakeFile] = [file for one in filed.values() for file in one.files] + filing.file_bad(desk, [])
        counts = {table: one.tally for table, one in filed.items()}
        self.versions.append(Version(seq, START + dt.timedelta(days=seq), files=tuple(kept), counts=counts))
        return filed

    def undo(self, seq: int) -> None:
        made = versions.newest(self.versions) + 1
        self.versions.append(Version(made, START + dt.timedelta(days=made), "undo", seq))

    def compact(self, *, everything: bool = True) -> Version | None:
        """Merge small files; what they replace is swept at once."""
        at = START + dt.timedelta(days=versions.newest(self.versions) + 1)
        with engine.connect(self.folder / "stage" / "spill") as con:
            made = tidied(con, self.folder / "lake", self.versions, at, everything=everything)
        if made:
            self.versions.append(made)
            lake.sweep(self.folder / "lake", self.versions, replaced=True)
        return made

    def state(self, table: str, known_at: int | dt.datetime | None = None) -> list[dict[str, Any]]:
        """The state of one table, by key, empty columns left out."""
        now = versions.known(self.versions, versions.seq_at(self.versions, known_at))
        state = lake.state(self.folder / "lake", now, TABLES[table])
        with engine.connect() as con:
            found = con.execute(f"SELECT * FROM ({state}) ORDER BY {names(TABLES[table].key)}")
            columns = [str(column[0]) for column in found.description or []]
            return [{c: v for c, v in zip(columns, row, strict=True) if v is not None} for row in found.fetchall()]


def tally(filed: Filed) -> tuple[int, int, int, int, int, int]:
    """(read, new, changed, unchanged, waiting, quarantined)"""
    t = filed.tally
    return (t.read, t.new, t.changed, t.unchanged, t.waiting, t.quarantined)
