"""Bad rows on their way back: out as sheets to be mended, and in again. What was bad stays on record; a row that came again is
no longer open, and is open again where that import is undone."""

import csv
import datetime as dt
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from tianping.errors import ImportRefused, NotFound
from tianping.facts import lake, read
from tianping.facts.engine import parquet
from tianping.facts.formats.source import called
from tianping.facts.read import Source
from tianping.facts.versions import Version
from tianping.work.home import Home, importing, moment, own_versions, reading, sweep
from tianping.work.intake import sheets
from tianping.work.intake.badrows import Bad, open_rows
from tianping.work.intake.imports import Again, Progress, Report, Request, find, take
from tianping.work.people.reach import EVERYTHING, Reach

ID, REASON, RAW = "_quarantine", "_reason", "_row"
"""Columns of ours in an exported file; in a file of facts such names are passed over."""
STAY = "these rows are joined with other files, which are not kept; mend the export itself and import its whole folder again"
UNFIT = (
    "its cells fit no heading; put the file's columns beside _row and its cells into them, or mend the file and import it again"
)
"""Why some rows cannot come again by themselves."""
MEND_AS_TEXT = "mend it as text: export the rows anew as a workbook (`tianping quarantine export FOLDER --format xlsx`)"


class Row(NamedTuple):
    """A bad row's cells, mended or as they were, and where they stand for people: where they stood at first, but for a second
    row that somebody made of one."""

    bad: Bad
    cells: Mapping[str, str]
    file: str
    line: int

    @property
    def full(self) -> bool:
        return any(self.cells.values())


def export(
    home: Home,
    target: Path,
    *,
    form: str = "csv",
    seq: int | None = None,
    table: str = "",
    reach: Reach = EVERYTHING,
    reason: Callable[[str], str] = str,
) -> list[tuple[Path, int]]:
    """Write the open bad rows as sheets of a form of `sheets.FORMS` into a folder, one for each import, table, file and
    heading, each row with its reasons (as `reason` says them; nobody reads them back); where `target` ends like a file, into
    that. Gives the files and their rows. Raises NotFound where there are none, ImportRefused where the rows need more files
    than the one that was named."""
    with reading(home) as con:
        found = sorted(open_rows(home, con, seq, table, reach), key=_sheet)
    if not found:
        raise NotFound("no row is in quarantine" + (f" for import {seq}" if seq else "") + "; there is nothing to export")
    groups = [list(group) for _, group in groupby(found, key=_sheet)]
    named = target.suffix.lower().lstrip(".") in sheets.FORMS
    if named and len(groups) > 1:
        raise ImportRefused(
            f"the rows are of {len(groups)} files or headings; name a folder, or choose with --import and --table"
        )
    folder = target.parent if named else target
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for number, rows in enumerate(groups, start=1):
        path = target if named else folder / f"{rows[0].table}-{rows[0].seq}-{number}.{form}"
        headings = list(rows[0].cells) if isinstance(rows[0].cells, Mapping) else []
        sheets.write(path, [ID, REASON, *(headings or [RAW])], [_written(bad, reason) for bad in rows])
        written.append((path, len(rows)))
    return written


def _sheet(bad: Bad) -> tuple[Any, ...]:
    """Rows that can stand in one sheet together."""
    headings = tuple(bad.cells) if isinstance(bad.cells, Mapping) else ()
    return (bad.seq, bad.table, bad.form, bad.file, headings)


def _written(bad: Bad, reason: Callable[[str], str]) -> list[str]:
    cells = list(bad.cells.values()) if isinstance(bad.cells, Mapping) else [json.dumps(bad.cells, ensure_ascii=False)]
    return [bad.id, reason(bad.reasons), *(cells or [""])]


def retry(
    home: Home,
    at: dt.datetime,
    *,
    paths: Sequence[Path] = (),
    mended: Mapping[str, Mapping[str, str]] | None = None,
    seq: int | None = None,
    table: str = "",
    said_at: bool = False,
    reach: Reach = EVERYTHING,
    progress: Progress = lambda file, done: None,
) -> list[Report]:
    """Import open bad rows again: those of the mended files `paths`, or those `mended` (id → cells), else all that can come as
    they are (after what was wrong around them is mended). One import for each that they came from, read as that one was.
    Raises NotFound where there is none, ImportRefused for a file that was not exported from here."""
    scratch = home.path / "again"
    with importing(home):
        known = own_versions(home)
        sweep(home, known)
        moment(known, at, said=said_at)
        with reading(home) as con:
            bad = {one.id: one for one in open_rows(home, con, seq, table, reach)}
        sheets_of = {path: list(_mended(path, bad)) for path in paths}
        if mended:
            rows = list(_by_id(mended, bad))
        else:
            rows = [row for path in paths for row in sheets_of[path] if row.full] if paths else _as_kept(bad.values())
        unfit = Counter(str(path) for path in paths for row in sheets_of[path] if not row.full)
        if unfit and not rows:
            raise ImportRefused(f"{next(iter(unfit))}: {UNFIT}")
        if not rows:
            raise NotFound("no row in quarantine can come again as it is; see `tianping quarantine export` to mend rows")
        try:
            reports = [
                _again(home, scratch, of, list(group), Request((), at, said_at, reach=reach), progress)
                for of, group in groupby(sorted(rows, key=lambda row: row.bad.seq), key=lambda row: row.bad.seq)
            ]
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    if all(report.stay and not report.counts for report in reports):
        raise ImportRefused(f"{reports[0].stay[0][0]}: {STAY}")
    return [*reports, *(Report(None, {}, stay=((file, count, UNFIT),)) for file, count in unfit.items())]


def _as_kept(bad: Iterable[Bad]) -> list[Row]:
    return [Row(one, one.cells, one.file, one.line) for one in bad if one.kept and isinstance(one.cells, Mapping)]


def _by_id(mended: Mapping[str, Mapping[str, str]], bad: Mapping[str, Bad]) -> Iterator[Row]:
    """Rows mended one by one: cells that are not given stay. Raises NotFound for one that is not open."""
    for id_, given in mended.items():
        one = bad.get(id_)
        if one is None or not isinstance(one.cells, Mapping):
            raise NotFound("this row is not open in quarantine any more; see the list")
        yield Row(one, {name: given.get(name, cell) for name, cell in one.cells.items()}, one.file, one.line)


def _mended(path: Path, bad: Mapping[str, Bad]) -> Iterator[Row]:
    """The rows of a mended file; columns of ours are left out of their cells."""
    seen = set[str]()
    for begins, cells in sheets.lines(path, ID):
        one = bad.get(cells[ID])
        if one is None:
            raise ImportRefused(
                f"{path}, line {begins}: {cells[ID][:200]!r} names no row that is open in quarantine; take the row away (what "
                "came again is closed), or export anew"
            )
        given = {_heading(one, name): cell for name, cell in cells.items() if not name.startswith("_")}
        place = (called(path), begins) if one.id in seen else (one.file, one.line)
        seen.add(one.id)
        yield Row(one, _saved(one, given, f"{path}, line {begins}"), *place)


def _heading(bad: Bad, name: str) -> str:
    """The column's own name, without the apostrophe that guards it in a sheet."""
    return sheets.unguarded("", name) if name not in bad.cells else name


def _saved(bad: Bad, given: Mapping[str, str], where: str) -> Mapping[str, str]:
    """The cells without what a spreadsheet did to them in passing. Raises ImportRefused for an id that it destroyed: the row in
    quarantine has it whole."""
    was = bad.cells if isinstance(bad.cells, Mapping) else {}
    for name, cell in given.items():
        if sheets.spoiled(was.get(name, ""), cell):
            whole = f' of "{was[name]}"' if was.get(name) else ""
            raise ImportRefused(f'{where}, {name}: a spreadsheet has made "{cell}"{whole}; {MEND_AS_TEXT}')
    return {name: sheets.whole(was.get(name, ""), sheets.unguarded(was.get(name, ""), cell)) for name, cell in given.items()}


def _again(home: Home, scratch: Path, seq: int, rows: Sequence[Row], request: Request, progress: Progress) -> Report:
    """Import the rows of one earlier import's quarantine, but for those that are joined with other files."""
    known = home.versions()
    of = find(known, seq)
    shutil.rmtree(scratch, ignore_errors=True)
    sources, places, stay, come = list[Source](), list[tuple[str, int, str, int]](), list[tuple[str, int, str]](), list[Row]()
    for number, (_, group) in enumerate(groupby(sorted(rows, key=_origin), key=_origin)):
        listed = sorted(group, key=lambda row: row.bad.line)
        path = scratch / str(number) / f"{Path(listed[0].bad.file).stem}.csv"
        written = _write_rows(path, listed)
        if source := _source(home, path, of, listed[0].bad, scratch):
            come, places, sources = [*come, *listed], [*places, *written], [*sources, source]
        else:
            stay.append((listed[0].bad.file, len(listed), STAY))
    if not come:
        return Report(None, {}, stay=tuple(stay))
    request = replace(
        request,
        at=moment(known, request.at),
        mapping=_said_mapping(of),
        table=of.options["table"],
        shop=of.options["shop"],
        rules=of.options.get("rules", ""),
        again=seq,
    )
    again = Again(of, _kept(scratch / "rows.parquet", come), _placed(scratch / "places.parquet", places))
    report = take(home, known, sources, request, before={}, again=again, progress=progress)
    return replace(report, stay=tuple(stay))


def _said_mapping(of: Version) -> str:
    """The mapping that was named for an import; "" where its files were known by their headings."""
    return of.options.get("mapping", of.mapping)


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


def _rules(of: Version, scratch: Path) -> str:
    """The mapping to read by: the one named, or, where it was kept with the import, that."""
    kept = of.options.get("rules", "")
    if not kept:
        return _said_mapping(of)
    path = scratch / "rules.yaml"
    path.write_text(kept, "utf-8")
    return str(path)


def _source(home: Home, path: Path, of: Version, bad: Bad, scratch: Path) -> Source | None:
    """The file, to be read as the one was that its rows came from; of a mapping only what makes rows of their table. None
    where that joins other files, which are not kept."""
    if bad.form == "canonical":
        return Source(path, bad.table, shop=of.options["shop"], zone=home.zone)
    shop, table = of.options["shop"], of.options["table"]
    [source] = read.find([path], table=table, mapping=_rules(of, scratch), shop=shop, zone=home.zone)
    if source.mapping is None:
        return source
    tables = [target for target in source.mapping.tables if target.table == bad.table]
    if any(target.join for target in tables):
        return None
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
