"""Delimited text → batches of strings. Arrow parses; what Arrow leaves out is worked out here: the line each row stands in,
rows with a wrong number of cells, bytes that are no text, a quote never closed."""

import contextlib
import csv
import functools
import io
import json
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from tianping.errors import ImportRefused
from tianping.facts.formats import quoting
from tianping.facts.formats.batch import BadRow, Batch, cells, gathered, named, no_cells, row_json
from tianping.facts.formats.encoding import CUT, MARK, Text, head, no_text, shown, text

BLOCK = 1 << 21
"""Bytes parsed at a time, and so the longest row. Arrow reads up to 32 blocks ahead, which costs 64 MB."""

SEPARATORS = ",\t;"
"""What may part cells: the one that parts the heading into most; the first where they are equal."""

MOST_UNCLOSED = 100
"""Quotes never closed that a file may have; one with more is no CSV."""

MOST_WRONG = 100_000
"""Rows with a wrong number of cells that a file may have, where they are more than half: beyond it is no table."""

_SAYS_SEPARATOR = re.compile(r"sep=.?")
"""Excel's own first line, which says what parts cells."""
_UNCLOSED = "a quote opened in this row is never closed"
SHOWN = 200
"""Letters of a cell that is no text which are told; the row is kept whole."""
Ints = npt.NDArray[np.int64]


class _Heading(NamedTuple):
    """The column names, how many lines go up to their end, and what parts cells."""

    names: list[str]
    lines: int
    separator: str


def headings(path: Path) -> list[str]:
    """The first row's cells, trimmed. Raises ImportRefused for an empty file or one that is no text."""
    return _heading(path).names


def _heading(path: Path) -> _Heading:
    """The first row that is not blank."""
    begins = head(path)
    found = [heading for separator in SEPARATORS if (heading := _split(begins.text, separator))]
    if not found:
        raise ImportRefused(f"{path} is empty; a file of facts begins with its column names")
    best = max(found, key=lambda heading: len(heading.names))
    if not begins.whole and best.lines > begins.text.count("\n"):
        raise ImportRefused(
            f"{path} has no line break in its first {len(begins.text) >> 10} KB; a file of facts has a row a line"
        )
    return best._replace(names=named(path, best.names))


def _split(begins: str, separator: str) -> _Heading | None:
    reader = csv.reader(io.StringIO(begins, newline=""), delimiter=separator)
    row = next((row for row in _rows(reader) if any(row) and not _SAYS_SEPARATOR.fullmatch(separator.join(row))), None)
    return _Heading(row, reader.line_num, separator) if row else None


def _rows(reader: Iterator[list[str]]) -> Iterator[list[str]]:
    """What the reader gives, up to a row it cannot take (a quote opened in the heading and never closed)."""
    with contextlib.suppress(csv.Error):
        yield from reader


class _Wrong(NamedTuple):
    """A row with a wrong number of cells; `row` counts the file's data rows from 0."""

    row: int
    text: str
    found: int
    expected: int
    separator: str

    def at(self, line: int) -> BadRow:
        parts = {"\t": "tab", ";": "semicolon"}.get(self.separator, "comma")
        why = f"{self.found} cells where the heading has {self.expected}: a {parts} or a quote is missing or too many"
        if MARK in self.text:
            why = no_text(self.text, "UTF-8") if MARK + CUT in self.text else why
        row = next(_rows(csv.reader([self.text], delimiter=self.separator)), [self.text])
        return BadRow(line, "", "", why, _as_json(row))


def _as_json(row: list[str]) -> str:
    return json.dumps([shown(cell) for cell in row], ensure_ascii=False)


@dataclass(slots=True)
class _Places:
    """Where rows stand: data row `row` begins on `line`; `wrong` are wrong rows not yet placed, `wrongs` all of them so far."""

    line: int
    row: int = 0
    wrong: deque[_Wrong] = field(default_factory=deque)
    wrongs: int = 0

    def place(self, breaks: Ints) -> tuple[Ints, list[BadRow]]:
        """The lines of the next good rows, which hold so many line breaks each, and the wrong rows standing among them."""
        mine = self._among(len(breaks))
        is_wrong = np.zeros(len(breaks) + len(mine), dtype=bool)
        is_wrong[[wrong.row - self.row for wrong in mine]] = True
        heights = np.ones(len(is_wrong), dtype=np.int64)
        heights[~is_wrong] += breaks
        heights[is_wrong] += np.array([wrong.text.count("\n") for wrong in mine], dtype=np.int64)
        begins = self.line + np.cumsum(heights) - heights
        self.row += len(heights)
        self.line += int(heights.sum())
        bad = [wrong.at(int(line)) for line, wrong in zip(begins[is_wrong], mine, strict=True)]
        return begins[~is_wrong], bad

    def _among(self, good: int) -> list[_Wrong]:
        mine: list[_Wrong] = []
        while self.wrong and self.wrong[0].row <= self.row + good + len(mine):
            mine.append(self.wrong.popleft())
        return mine


def batches(path: Path) -> Iterator[Batch]:
    """The rows of `path`. Where a quote is never closed, its line is set aside and the next one read as if it began a row."""
    heading = _heading(path)
    run = _Run(path, heading, heading.lines + 1, "")
    for _ in range(MOST_UNCLOSED):
        yield from gathered(run.batches())
        if run.unclosed is None:
            return
        run = _Run(path, heading, run.unclosed + 1, _UNCLOSED)
    raise ImportRefused(f"{path} has more than {MOST_UNCLOSED} quotes that are never closed; mend its quoting")


@dataclass(slots=True)
class _Run:
    """One reading of the file from `line` on; `because` is why the line before it is set aside. `unclosed` is the line of a row
    whose quote is never closed, where the reading stopped at one."""

    path: Path
    heading: _Heading
    line: int
    because: str
    unclosed: int | None = None

    def batches(self) -> Iterator[Batch]:
        """Up to the end, or to a row that swallowed others."""
        names = self.heading.names
        with text(self.path) as stream:
            stream.skip(self.line - (2 if self.because else 1))
            if self.because:
                yield no_cells(
                    len(names), [BadRow(self.line - 1, "", "", self.because, _as_json([stream.line()]))], stream.done
                )
            if stream.more():
                yield from self._parsed(stream)

    def _parsed(self, stream: Text) -> Iterator[Batch]:
        places, width = _Places(self.line), len(self.heading.names)
        kept = quoting.Kept(stream, self.line)
        try:
            for block in self._blocks(kept, places):
                breaks = _breaks(block)
                begins, wrong = places.place(breaks)
                self.unclosed = kept.swallower(self._tall(begins, breaks, wrong), width, self.heading.separator)
                rows, marked = _unmarked(cells(block.columns, pa.array(begins)), self.heading.names, stream)
                yield self._upto(Batch(_without_blank(rows), wrong + marked, stream.done))
                if self.unclosed:
                    return
                kept.forget(places.line)
            wrong = places.place(np.zeros(0, dtype=np.int64))[1]
            self.unclosed = kept.swallower(
                self._tall(np.zeros(0, np.int64), np.zeros(0, np.int64), wrong), width, self.heading.separator
            )
            if wrong:
                yield self._upto(no_cells(width, wrong, 1.0))
        except pa.ArrowInvalid as error:
            if places.wrongs > max(MOST_WRONG, places.row // 2):
                raise ImportRefused(
                    f"{self.path} is no table of {width} columns: more than {MOST_WRONG} rows, and most of all, have another "
                    "number of cells; export it again"
                ) from error
            if "straddl" not in str(error):
                raise ImportRefused(f"{self.path} cannot be read as CSV near line {places.line}: {error}") from error
            self.unclosed = places.line

    @staticmethod
    def _tall(begins: Ints, breaks: Ints, wrong: list[BadRow]) -> list[tuple[int, int]]:
        """(line, lines) of the rows that stand on several lines, in their order."""
        tall = breaks > 0
        rows = list(zip(begins[tall].tolist(), (breaks[tall] + 1).tolist(), strict=True))
        return sorted([*rows, *((row.line, row.row.count("\\n") + 1) for row in wrong if "\\n" in row.row)])

    def _upto(self, batch: Batch) -> Batch:
        """The batch without the row that swallowed others, and what comes after it."""
        if not self.unclosed:
            return batch
        before = pc.less(batch.cells.column("_line"), pa.scalar(self.unclosed, pa.int64()))
        return Batch(batch.cells.filter(before), [row for row in batch.bad if row.line < self.unclosed], batch.done)

    def _blocks(self, stream: "quoting.Kept", places: _Places) -> Iterator[pa.RecordBatch]:
        """Blocks of undecoded cells; rows of a wrong width go to `places`. One thread: only then Arrow numbers the rows."""

        def aside(row: pacsv.InvalidRow) -> Literal["skip", "error"]:
            assert row.number is not None
            places.wrongs += 1
            if places.wrongs > max(MOST_WRONG, places.row // 2):
                return "error"
            places.wrong.append(_Wrong(row.number - 1, row.text, row.actual_columns, row.expected_columns, separator))
            return "skip"

        separator = self.heading.separator
        names = [str(index) for index in range(len(self.heading.names))]
        yield from pacsv.open_csv(
            cast(IO[bytes], pa.PythonFile(cast(Any, stream), mode="r")),
            read_options=pacsv.ReadOptions(use_threads=False, block_size=BLOCK, column_names=names),
            parse_options=pacsv.ParseOptions(
                delimiter=separator, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=aside
            ),
            convert_options=pacsv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), check_utf8=False),
        )


def _breaks(block: pa.RecordBatch) -> Ints:
    """Line breaks inside the cells of each row; nearly always none, which costs a search through the bytes."""
    found = np.zeros(len(block), dtype=np.int64)
    for column in block.columns:
        data = column.buffers()[2]
        if data and b"\n" in data.to_pybytes():
            found += pc.count_substring(cast(pa.StringArray, column), "\n").to_numpy(zero_copy_only=False)
    return found


def _unmarked(rows: pa.Table, names: list[str], stream: Text) -> tuple[pa.Table, list[BadRow]]:
    """Without the rows that held bytes which are no text."""
    if not stream.marked:
        return rows, []
    marked = functools.reduce(pc.or_, [pc.match_substring(column, MARK) for column in rows.columns[:-1]])
    bad = []
    for row in rows.filter(marked).to_pylist():
        *values, line = row.values()
        column, value = next((name, value) for name, value in zip(names, values, strict=True) if MARK in value)
        row_text = row_json(names, [shown(value) for value in values])
        bad.append(BadRow(line, column, shown(value)[:SHOWN], no_text(value, stream.encoding), row_text))
    return rows.filter(pc.invert(marked)), bad


def _without_blank(rows: pa.Table) -> pa.Table:
    """Without the rows all of whose cells are empty: blank lines, and the tails spreadsheets leave."""
    blank = pc.equal(rows.column(0), pa.scalar(""))
    if not pc.any(blank).as_py():
        return rows
    for column in rows.columns[1:-1]:
        blank = pc.and_(blank, pc.equal(column, pa.scalar("")))
    return rows.filter(pc.invert(blank))
