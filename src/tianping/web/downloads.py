"""Rows as a file to keep: CSV and XLSX, streamed, with no cell that a spreadsheet would take for a formula."""

import csv
import datetime as dt
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from io import StringIO
from itertools import chain, islice
from typing import IO, Any
from urllib.parse import quote

from starlette.responses import StreamingResponse
from xlsxwriter import Workbook  # type: ignore[import-untyped]

Row = Sequence[object]
MOST_ROWS = 1_048_576 - 2
"""Of a sheet, but for its headings and a row that says what is missing: more XLSX cannot hold."""
MOST_LETTERS = 32_767
"""Of a cell of XLSX."""
EXACT = 10**15
"""Numbers from here on lose digits in a spreadsheet, so they are written as text."""
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_CHUNK = 1 << 16
_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_BLANKS = ("\t", "\r", "\n")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


def guarded(text: str) -> str:
    """The text, with an apostrophe before what a spreadsheet would run: what begins with = + - @ (full-width too), be it after
    blanks, or with a tab or a line's end. A plain number stays one."""
    begins = text.startswith(_BLANKS) or text.lstrip().startswith(_STARTS)
    return f"'{text}" if begins and not _NUMBER.fullmatch(text) else text


def cell(value: object) -> str:
    """A value as CSV shows it: empty for none, `true` and `false`, ISO days and times, lists in one cell."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case dt.datetime():
            return value.isoformat(" ", "seconds")
        case list() | tuple():
            return guarded("; ".join(map(cell, value)))
        case _:
            return guarded(str(value))


def csv_response(name: str, columns: Sequence[str], rows: Iterable[Row]) -> StreamingResponse:
    """`<name>.csv`, UTF-8 with the mark by which spreadsheets know it. An error of the first rows is raised here, before
    anything is sent."""
    chunks = csv_chunks(columns, rows)
    return _file(chain([next(chunks)], chunks), f"{name}.csv", "text/csv; charset=utf-8")


def csv_chunks(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[bytes]:
    """The file in pieces of about 64 KB."""
    held = StringIO()
    held.write("\ufeff")
    writer = csv.writer(held)
    writer.writerow(map(cell, columns))
    for row in rows:
        writer.writerow(map(cell, row))
        if held.tell() >= _CHUNK:
            yield held.getvalue().encode()
            held.seek(0)
            held.truncate()
    yield held.getvalue().encode()


def xlsx_response(name: str, columns: Sequence[str], rows: Iterable[Row]) -> StreamingResponse:
    """`<name>.xlsx` of one sheet; what it cannot hold is said in its last row. The file is made before anything is sent."""
    made = tempfile.TemporaryFile()  # noqa: SIM115 - closed when its last piece is sent
    write_xlsx(made, columns, rows)
    size = made.seek(0, 2)
    made.seek(0)
    return _file(_pieces(made), f"{name}.xlsx", XLSX, {"Content-Length": str(size)})


def write_xlsx(made: IO[bytes], columns: Sequence[str], rows: Iterable[Row]) -> None:
    """The workbook into an open file; rows are never all in memory."""
    book = Workbook(made, {"constant_memory": True, "default_date_format": "yyyy-mm-dd"})
    bold, moment = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    sheet = book.add_worksheet()
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, max(len(columns) - 1, 0), 18)
    for at, column in enumerate(columns):
        sheet.write_string(0, at, cell(column), bold)
    left, written = iter(rows), 0
    for written, row in enumerate(islice(left, MOST_ROWS), start=1):
        for at, value in enumerate(row):
            if isinstance(value, dt.datetime):
                sheet.write_datetime(written, at, value, moment)
            else:
                _put(sheet, written, at, value)
    if next(left, None) is not None:
        sheet.write_string(
            written + 1, 0, f"… 只容得下 {written} 行，全部见 CSV · no room after {written} rows; the CSV has all"
        )
    book.close()


def _put(sheet: Any, row: int, column: int, value: object) -> None:
    """Numbers as numbers while all their digits stay, days as days, all else as text."""
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, int | float | Decimal) and abs(float(value)) < EXACT:
        sheet.write_number(row, column, float(value))
    elif isinstance(value, dt.date) and value.year >= 1900:
        sheet.write_datetime(row, column, value)
    elif value is not None:
        sheet.write_string(row, column, cell(value)[:MOST_LETTERS])


def _pieces(made: IO[bytes]) -> Iterator[bytes]:
    with made:
        while piece := made.read(_CHUNK):
            yield piece


def _file(chunks: Iterator[bytes], name: str, kind: str, more: dict[str, str] | None = None) -> StreamingResponse:
    """A download; its name twice, for browsers that know only ASCII and for all others."""
    stem, _, ending = name.rpartition(".")
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", stem).strip("_.") or "tianping"
    said = f"attachment; filename=\"{plain}.{ending}\"; filename*=UTF-8''{quote(name, safe='')}"
    return StreamingResponse(chunks, media_type=kind, headers={"Content-Disposition": said} | (more or {}))
