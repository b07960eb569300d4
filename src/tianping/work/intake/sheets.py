"""Sheets of bad rows that people mend: out as CSV or XLSX, and back in, whichever program saved them.

A workbook's cells are text, so a spreadsheet keeps ids and times as they are. CSV cannot say so: Excel makes `6.91771E+18` of a
long id and takes the seconds off a time. Times come back as they were; ids cannot, and are refused.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import xlsxwriter  # type: ignore[import-untyped]

from tianping.errors import ImportRefused
from tianping.facts import read

FORMS = ("csv", "xlsx")
MOST_LETTERS, MOST_ROWS = 32_767, 1_048_575
"""What a workbook's cell and sheet hold."""
EXACT_DIGITS = 15
"""Digits of a number that a spreadsheet keeps; zeros stand for the others."""
_WIDTH = 22
csv.field_size_limit(1 << 24)  # a cell of what was downloaded here must come back
_RUN = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_ROUNDED = re.compile(r"[+-]?\d+(\.\d+)?[eE][+-]?\d+")
_MOMENT = re.compile(r"(\d{4})\D{1,2}(\d\d?)\D{1,2}(\d\d?)\D{1,3}(\d\d?)[:：](\d\d)((?:[:：]\d\d(?:\.\d+)?)?)")


class Line(NamedTuple):
    """A row of a sheet: its cells by heading, and the line it begins on."""

    line: int
    cells: Mapping[str, str]


def write(path: Path, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A sheet, in the form that its name ends with. Raises ImportRefused where a workbook cannot hold it."""
    if path.suffix.lower() == ".xlsx":
        _write_book(path, headings, rows)
        return
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([guarded(cell) for cell in row] for row in chain([headings], rows))


def guarded(text: str) -> str:
    """The text, with an apostrophe before what a spreadsheet would run."""
    return f"'{text}" if _RUN.match(text) and not _NUMBER.fullmatch(text) else text


def unguarded(was: str, now: str) -> str:
    """`now` without that apostrophe, where the cell had none."""
    return now[1:] if now.startswith("'") and not was.startswith("'") and guarded(now[1:]) == now else now


def _write_book(path: Path, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """All columns are text, also where somebody types into them."""
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        as_text = book.add_format({"num_format": "@"})
        sheet = book.add_worksheet("quarantine")
        sheet.set_column(0, max(len(headings) - 1, 0), _WIDTH, as_text)
        sheet.freeze_panes(1, 0)
        for at, row in enumerate([headings, *rows]):
            if at > MOST_ROWS or any(len(cell) > MOST_LETTERS for cell in row):
                raise ImportRefused(f"{path}: its rows, or the text in a cell, are too many for a workbook; export them as CSV")
            for column, cell in enumerate(row):
                sheet.write_string(at, column, cell, as_text)


def lines(path: Path, needs: str) -> Iterator[Line]:
    """The rows of a sheet. Raises ImportRefused for one without the column `needs`, or that cannot be read."""
    found = _csv_lines(path) if path.suffix.lower() not in read.WORKBOOKS else _book_lines(path, needs)
    for one in found:
        if needs not in one.cells:
            raise ImportRefused(f"{path} has no column {needs}; mend a file that `tianping quarantine export` wrote")
        yield one


def _csv_lines(path: Path) -> Iterator[Line]:
    with path.open(encoding=_encoding(path), newline="") as file:
        reader = csv.DictReader(file)
        begins = 2
        try:
            for cells in reader:
                yield Line(begins, {name: cell or "" for name, cell in cells.items() if isinstance(name, str)})
                begins = reader.line_num + 1
        except (csv.Error, UnicodeDecodeError) as error:
            raise ImportRefused(f"{path} is no CSV in UTF-8 or GB18030 near line {begins} ({error}); save it again") from error


def _encoding(path: Path) -> str:
    """As Chinese office programs save CSV: UTF-8 or GB18030."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            while file.read(1 << 20):
                pass
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8-sig"


def _book_lines(path: Path, needs: str) -> Iterator[Line]:
    form = read.format_of(path, known=frozenset({needs}))
    headings = form.headings(path)
    for batch in form.batches(path):
        if batch.bad:
            raise ImportRefused(f"{path}, line {batch.bad[0].line}: a cell {batch.bad[0].reason}")
        *columns, at = [column.to_pylist() for column in batch.cells.columns]
        for line, *row in zip(at, *columns, strict=True):
            yield Line(int(str(line)), {name: str(cell or "") for name, cell in zip(headings, row, strict=True)})


def spoiled(was: str, now: str) -> bool:
    """Whether a spreadsheet has made `now` of an id: rounded it, or taken its leading zeros off. The rest of it is lost."""
    if _ROUNDED.fullmatch(now):
        return not _ROUNDED.fullmatch(was)
    if was == now or not (was.isdecimal() and now.isdecimal()):
        return False
    rounded = len(was) > EXACT_DIGITS and now == was[:EXACT_DIGITS].ljust(len(was), "0")
    return rounded or (bool(now) and was.startswith("0") and was.lstrip("0") == now)


def whole(was: str, now: str) -> str:
    """`now`, but where it is the time that was there without its seconds, as it was."""
    old, new = _MOMENT.fullmatch(was), _MOMENT.fullmatch(now)
    if old and new and not new[6] and [*map(int, old.groups()[:5])] == [*map(int, new.groups()[:5])]:
        return was
    return now
