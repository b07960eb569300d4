"""XLSX workbooks → batches of strings, each cell as the workbook types it: dates as ISO, numbers as Excel would show them.

The first sheet that holds data is read. Its heading is the row that holds most of the names looked for.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import closing
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import python_calamine as calamine

from tianping.errors import ImportRefused
from tianping.facts.formats.batch import BadRow, Batch, Stamp, cells, gathered, named, row_json, stamp
from tianping.facts.formats.locked import Passwords, opened
from tianping.facts.formats.survey import differs, survey

ROWS = 1 << 13
LOOKED_AT = 30
"""Rows among which the heading is looked for."""

EXACT = 1 << 53
"""From here on a workbook's numbers are not exact: an id has lost its last digits."""

Cell = Any


class _Sheet(NamedTuple):
    """A sheet with data: its heading, the (line, cells) under it, the names of others that hold data, and what the workbook
    shows that its cells do not hold."""

    names: list[str]
    rows: Iterator[tuple[int, list[Cell]]]
    height: int
    others: tuple[str, ...]
    differs: tuple[str, ...] = ()


def headings(path: Path, passwords: Passwords, known: frozenset[str]) -> list[str]:
    """The heading of the first sheet with data. `known` are names to look for."""
    return list(_looked(stamp(path), passwords, known)[0])


@lru_cache(maxsize=64)
def _looked(file: Stamp, passwords: Passwords, known: frozenset[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The heading and what is not read: asked for several times, and a workbook is read whole for them."""
    sheet = _sheet(file.path, passwords, known)
    others = (f"only the first sheet with data is read, not {', '.join(sheet.others)}",) if sheet.others else ()
    return tuple(sheet.names), (*others, *sheet.differs)


def notes(path: Path, passwords: Passwords, known: frozenset[str]) -> str:
    """What is not read of a workbook; "" where all is."""
    return "; ".join(_looked(stamp(path), passwords, known)[1])


def batches(path: Path, passwords: Passwords, known: frozenset[str]) -> Iterator[Batch]:
    """The rows under the heading; `_line` is the row's number in the sheet."""
    sheet = _sheet(path, passwords, known)
    yield from gathered(_blocks(sheet))


def _blocks(sheet: _Sheet) -> Iterator[Batch]:
    width = len(sheet.names)
    while some := list(islice(sheet.rows, ROWS)):
        rows = [(line, [_text(cell) for cell in row]) for line, row in some]
        full = [(line, row) for line, row in rows if any(row)]
        good = [(line, row) for line, row in full if not any(row[width:])]
        bad = [_too_wide(line, row, sheet.names) for line, row in full if any(row[width:])]
        columns = [pa.array([row[index] for _, row in good], pa.string()) for index in range(width)]
        yield Batch(cells(columns, pa.array([line for line, _ in good], pa.int64())), bad, min(some[-1][0] / sheet.height, 1.0))


def _too_wide(line: int, row: list[str], names: list[str]) -> BadRow:
    value = next(cell for cell in row[len(names) :] if cell)
    return BadRow(line, "", value, "stands in a column without a name; name it in the heading", row_json(names, row))


def _sheet(path: Path, passwords: Passwords, known: frozenset[str]) -> _Sheet:
    with opened(path, passwords) as file:
        survey(path, file)
        told = tuple(differs(file))
        try:
            with closing(calamine.load_workbook(file)) as book:
                return _first(path, book, known)._replace(differs=told)
        except (calamine.CalamineError, OSError, ValueError) as error:
            raise ImportRefused(f"{path} is no whole XLSX workbook; open it and save it again ({error})") from error


def _first(path: Path, book: calamine.CalamineWorkbook, known: frozenset[str]) -> _Sheet:
    kinds = {sheet.name for sheet in book.sheets_metadata if sheet.typ == calamine.SheetTypeEnum.WorkSheet}
    sheets = [book.get_sheet_by_name(name) for name in book.sheet_names if name in kinds]
    full = [sheet for sheet in sheets if sheet.start is not None]
    if not full:
        raise ImportRefused(f"{path} is empty; the first row of a sheet of facts names its columns")
    sheet = full[0]
    rows = enumerate(iter(sheet.iter_rows()), start=1)
    first = list(islice(((line, row) for line, row in rows if any(cell != "" for cell in row)), LOOKED_AT))
    at = _heading(first, known)
    names = [_text(cell) for cell in first[at][1]] if first else []
    while names and not names[-1].strip():
        names.pop()
    if not names:
        raise ImportRefused(f"{path} is empty; the first row of a sheet of facts names its columns")
    return _Sheet(named(path, names), _after(first[at + 1 :], rows), sheet.total_height, tuple(one.name for one in full[1:]))


def _after(first: Sequence[tuple[int, list[Cell]]], rows: Iterator[tuple[int, list[Cell]]]) -> Iterator[tuple[int, list[Cell]]]:
    yield from first
    yield from rows


def _heading(rows: Sequence[tuple[int, list[Cell]]], known: frozenset[str]) -> int:
    """Which of these is the heading: the first that holds most of the names looked for, else the first nearly full of text."""
    matches = [sum(str(cell).strip() in known for cell in row) for _, row in rows]
    if any(matches):
        return matches.index(max(matches))
    texts = [sum(isinstance(cell, str) and bool(cell.strip()) for cell in row) for _, row in rows]
    widest = max((sum(cell != "" for cell in row) for _, row in rows), default=0)
    return next((index for index, count in enumerate(texts) if count * 5 >= widest * 4), 0)


def _text(cell: Cell) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int | float):
        return _number(float(cell))
    if isinstance(cell, dt.datetime):
        return _moment(cell)
    return cell.isoformat() if isinstance(cell, dt.date | dt.time) else str(cell)


def _number(number: float) -> str:
    """As Excel shows it, to 15 digits; one too great to be exact with an exponent, which says so."""
    if abs(number) >= EXACT:
        return f"{number:.14e}"
    if number.is_integer():
        return str(int(number))
    return format(Decimal(f"{number:.15g}"), "f")


def _moment(moment: dt.datetime) -> str:
    """To the millisecond: a serial number holds no more."""
    to_milli = moment + dt.timedelta(microseconds=500) if moment < dt.datetime.max - dt.timedelta(seconds=1) else moment
    return to_milli.isoformat(sep=" ", timespec="milliseconds" if to_milli.microsecond >= 1000 else "seconds")
