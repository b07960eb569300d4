"""Bad rows on their way back: out as CSV to be mended, and in again. What was bad stays on record; a row that came again is no
longer open, and is open again where that import is undone."""

import csv
import datetime as dt
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from tianping.errors import ImportRefused, NotFound
from tianping.facts import lake, read, versions
from tianping.facts.engine import parquet, quoted
from tianping.facts.packed import inner_suffix
from tianping.facts.read import Source
from tianping.facts.versions import Version
from tianping.work.home import Home, importing, moment, own_versions, reading, sweep
from tianping.work.imports import Again, Progress, Report, Request, find, take

ID, REASON, RAW = "_quarantine", "_reason", "_row"
"""Columns of ours in an exported file; in a file of facts such names are passed over."""


class Bad(NamedTuple):
    """A bad row: where it stood, why it is bad, and its cells by heading (as a plain list where they fit no heading). `form`:
    `source`, as the file had it, or `canonical`, as a mapping had made it."""

    seq: int
    table: str
    file: str
    line: int
    form: str
    reasons: str
    cells: Mapping[str, str] | Sequence[str]

    @property
    def id(self) -> str:
        return f"{self.seq}/{self.table}/{self.line}/{self.file}"

    @property
    def kept(self) -> bool:
        """Whether the row can come again just as it is: not where its cells fit no heading, or were erased."""
        return isinstance(self.cells, Mapping) and bool(self.cells)


class Row(NamedTuple):
    """A bad row's cells, mended or as they were, and where they stand now."""

    bad: Bad
    cells: Mapping[str, str]
    file: str
    line: int


def export(home: Home, folder: Path, *, seq: int | None = None, table: str = "") -> list[tuple[Path, int]]:
    """Write the open bad rows as CSV files into a folder, one for each import, table, file and heading, each row with its
    reasons; the files and their rows. Raises NotFound where there are none."""
    with reading(home) as con:
        found = list(_open(home, con, seq, table))
    if not found:
        raise NotFound("no row is in quarantine" + (f" for import {seq}" if seq else "") + "; there is nothing to export")
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for number, (_, group) in enumerate(groupby(sorted(found, key=_sheet), key=_sheet), start=1):
        rows = list(group)
        path = folder / f"{rows[0].table}-{rows[0].seq}-{number}.csv"
        _write_sheet(path, rows)
        written.append((path, len(rows)))
    return written


def _sheet(bad: Bad) -> tuple[Any, ...]:
    """Rows that can stand in one CSV file together."""
    headings = tuple(bad.cells) if isinstance(bad.cells, Mapping) else ()
    return (bad.seq, bad.table, bad.form, bad.file, headings)


def _write_sheet(path: Path, rows: Sequence[Bad]) -> None:
    headings = list(rows[0].cells) if isinstance(rows[0].cells, Mapping) else []
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([ID, REASON, *(headings or [RAW])])
        for bad in rows:
            cells = list(bad.cells.values()) if isinstance(bad.cells, Mapping) else [json.dumps(bad.cells, ensure_ascii=False)]
            writer.writerow([bad.id, bad.reasons, *(cells or [""])])


def _open(home: Home, con: duckdb.DuckDBPyConnection, seq: int | None, table: str) -> Iterator[Bad]:
    """The open bad rows, one each."""
    rows = lake.to_mend(home.lake, versions.known(home.versions()))
    tests = ([f"seq = {seq}"] if seq is not None else []) + ([f'"table" = {quoted(table)}'] if table else [])
    reasons = """string_agg(concat_ws(': ', nullif("column", ''), reason), '; ')"""
    found = con.execute(
        f'SELECT seq, "table", file, line, any_value(form), {reasons}, any_value("row") FROM ({rows}) '
        f"WHERE {' AND '.join(tests) or 'true'} GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
    )
    while block := found.fetchmany(1000):
        for *head, row in block:
            yield Bad._make([*head, _cells(json.loads(row or "{}"), head[2])])


def _cells(row: dict[str, Any] | list[str], file: str) -> Mapping[str, str] | Sequence[str]:
    """In JSON lines a cell that is null was not there; an empty one of CSV would clear what is known."""
    if isinstance(row, list):
        return row
    sparse = inner_suffix(Path(file)) in (".json", ".jsonl", ".ndjson")
    return {name: "" if cell is None else str(cell) for name, cell in row.items() if not (sparse and cell is None)}


def retry(
    home: Home,
    at: dt.datetime,
    *,
    paths: Sequence[Path] = (),
    seq: int | None = None,
    table: str = "",
    said_at: bool = False,
    progress: Progress = lambda file, done: None,
) -> list[Report]:
    """Import open bad rows again: those of the mended files `paths`, else all that can come as they are (after what was wrong
    around them is mended). One import for each that they came from, read as that one was. Raises NotFound where there is
    none, ImportRefused for a file that was not exported from here."""
    scratch = home.path / "again"
    with importing(home):
        known = own_versions(home)
        sweep(home, known)
        moment(known, at, said=said_at)
        with reading(home) as con:
            bad = {one.id: one for one in _open(home, con, seq, table)}
        rows = [row for path in paths for row in _mended(path, bad)] if paths else _as_kept(bad.values())
        if not rows:
            raise NotFound("no row in quarantine can come again as it is; see `tianping quarantine export` to mend rows")
        try:
            return [
                _again(home, scratch, of, list(group), Request((), at, said_at), progress)
                for of, group in groupby(sorted(rows, key=lambda row: row.bad.seq), key=lambda row: row.bad.seq)
            ]
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def _as_kept(bad: Iterable[Bad]) -> list[Row]:
    return [Row(one, one.cells, one.file, one.line) for one in bad if one.kept and isinstance(one.cells, Mapping)]


def _mended(path: Path, bad: Mapping[str, Bad]) -> Iterator[Row]:
    """The rows of a mended file; columns of ours are left out of their cells."""
    with path.open(encoding=_encoding(path), newline="") as file:
        reader = csv.DictReader(file)
        if ID not in (reader.fieldnames or []):
            raise ImportRefused(f"{path} has no column {ID}; mend a file that `tianping quarantine export` wrote")
        begins = reader.line_num + 1
        for cells in reader:
            one = bad.get(cells[ID] or "")
            if one is None:
                raise ImportRefused(
                    f"{path}, line {begins}: {cells[ID]!r} names no row that is open in quarantine; take the row away (what "
                    "came again is closed), or export anew"
                )
            given = {name: cell or "" for name, cell in cells.items() if isinstance(name, str) and not name.startswith("_")}
            yield Row(one, given, str(path), begins)
            begins = reader.line_num + 1


def _encoding(path: Path) -> str:
    """As Chinese office programs save CSV: UTF-8 or GB18030."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            while file.read(1 << 20):
                pass
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8-sig"


def _again(home: Home, scratch: Path, seq: int, rows: Sequence[Row], request: Request, progress: Progress) -> Report:
    """Import the rows of one earlier import's quarantine."""
    known = home.versions()
    of = find(known, seq)
    shutil.rmtree(scratch, ignore_errors=True)
    sources, places = [], []
    for number, (_, group) in enumerate(groupby(sorted(rows, key=_origin), key=_origin)):
        listed = sorted(group, key=lambda row: row.bad.line)
        path = scratch / str(number) / f"{Path(listed[0].bad.file).stem}.csv"
        places += _write_rows(path, listed)
        sources.append(_source(home, path, of, listed[0].bad))
    request = replace(
        request,
        at=moment(known, request.at),
        mapping=of.mapping,
        table=of.options["table"],
        shop=of.options["shop"],
        again=seq,
    )
    again = Again(of, _kept(scratch / "rows.parquet", rows), _placed(scratch / "places.parquet", places))
    return take(home, known, sources, request, before={}, again=again, progress=progress)


def _origin(row: Row) -> tuple[Any, ...]:
    return (row.bad.table, row.bad.form, row.bad.file, tuple(row.cells))


def _write_rows(path: Path, rows: Sequence[Row]) -> list[tuple[str, int, str, int]]:
    """Write the rows as a file to import, each on the line it came from, by which a mapping may have named it; for each line
    where the row stands for people."""
    path.parent.mkdir(parents=True)
    places, line = [], 2
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(rows[0].cells)
        for row in rows:
            file.write("\n" * (row.bad.line - line))
            line = max(line, row.bad.line)
            writer.writerow(row.cells.values())
            places.append((str(path), line, row.file, row.line))
            line += 1 + sum(cell.count("\n") for cell in row.cells.values())
    return places


def _source(home: Home, path: Path, of: Version, bad: Bad) -> Source:
    """The file, to be read as the one was that its rows came from; of a mapping only what makes rows of their table."""
    if bad.form == "canonical":
        return Source(path, bad.table, shop=of.options["shop"], zone=home.zone)
    [source] = read.find([path], table=of.options["table"], mapping=of.mapping, shop=of.options["shop"], zone=home.zone)
    if source.mapping is None:
        return source
    tables = [target for target in source.mapping.tables if target.table == bad.table]
    if any(target.join for target in tables):
        raise ImportRefused(
            f"rows of {bad.file} are joined with other files, which are not kept; mend the export itself and import its folder"
        )
    return replace(source, mapping=replace(source.mapping, book=source.mapping.book.model_copy(update={"tables": tables})))


def _kept(path: Path, rows: Sequence[Row]) -> str:
    """The SELECT of what names the rows."""
    named = {name: pa.array([getattr(row.bad, name) for row in rows]) for name in lake.BAD_ROW}
    pq.write_table(pa.table(named), path)
    return f"SELECT DISTINCT * FROM {parquet([str(path)])}"


def _placed(path: Path, places: Sequence[tuple[str, int, str, int]]) -> str:
    columns = zip(("file", "line", "was_file", "was_line"), zip(*places, strict=True), strict=True)
    pq.write_table(pa.table({name: pa.array(values) for name, values in columns}), path)
    return f"SELECT * FROM {parquet([str(path)])}"
