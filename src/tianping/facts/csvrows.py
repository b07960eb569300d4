"""CSV in UTF-8 → batches of strings. Arrow parses; what Arrow leaves out is worked out here: the line each row stands in,
rows with a wrong number of cells, bytes that are not UTF-8, a quote never closed."""

import codecs
import contextlib
import csv
import functools
import json
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
from tianping.facts.batch import BadRow, Batch, cells, row_json

BLOCK = 1 << 21
"""Bytes parsed at a time, and so the longest row. Arrow reads up to 32 blocks ahead, which costs 64 MB."""

BATCH = 1 << 24
"""Bytes of cells given at a time, gathered from blocks: 16 MB holds about 80 thousand orders."""

_UNCLOSED = "a quote opened in this row is never closed; what follows it could not be read"
_MARK = "\ufdd0"
Ints = npt.NDArray[np.int64]


def headings(path: Path) -> list[str]:
    """The first row's cells, trimmed. Raises ImportRefused for an empty file or one not in UTF-8."""
    return _header(path)[0]


def _header(path: Path) -> tuple[list[str], int]:
    """The first row that is not blank, and how many lines go up to its end."""
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        reader = csv.reader(file)
        row = next((row for row in _rows(reader) if row), None)
    if row is None:
        raise ImportRefused(f"{path} is empty; a file of facts begins with a row of column names")
    if any("\udc80" <= letter <= "\udcff" for letter in "".join(row)):
        raise ImportRefused(f"{path} is not CSV text in UTF-8; save it as such and import it again")
    return [name.strip() for name in row], reader.line_num


def _rows(reader: Iterator[list[str]]) -> Iterator[list[str]]:
    """What the reader gives, up to a row it cannot take (a quote opened in the heading and never closed)."""
    with contextlib.suppress(csv.Error):
        yield from reader


def _mark(error: UnicodeError) -> tuple[str, int]:
    """Bytes that are not UTF-8 become noncharacters with their hexadecimal digits, which no real text holds."""
    assert isinstance(error, UnicodeDecodeError)
    return "".join(f"{_MARK}{byte:02x}" for byte in error.object[error.start : error.end]), error.end


codecs.register_error("tianping-mark", _mark)


class _Text:
    """The file as Arrow reads it: always valid UTF-8 that ends its last line; bytes and quotes are counted as they go by."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file, self._size = file, max(size, 1)
        self._decoder = codecs.getincrementaldecoder("utf-8")("tianping-mark")
        self._waiting = self._last = b""
        self._bytes = self.quotes = 0
        self.marked = self.closed = self._ended = False

    def read(self, size: int) -> bytes:
        while len(self._waiting) < size and (data := self._file.read(size)):
            self._bytes += len(data)
            self._take(self._decoder.decode(data).encode())
        if len(self._waiting) < size and not self._ended:
            self._ended = True
            self._take(self._decoder.decode(b"", final=True).encode())
            self._take(b"" if self._last == b"\n" else b"\n")
        given, self._waiting = self._waiting[:size], self._waiting[size:]
        return given

    def _take(self, text: bytes) -> None:
        self.quotes += text.count(b'"')
        self.marked = self.marked or _MARK.encode() in text
        self._waiting += text
        self._last = text[-1:] or self._last

    def close(self) -> None:
        self.closed = True

    @property
    def done(self) -> float:
        return min(self._bytes / self._size, 1.0)


class _Wrong(NamedTuple):
    """A row with a wrong number of cells; `row` counts the file's data rows from 0."""

    row: int
    text: str
    found: int
    expected: int

    def at(self, line: int) -> BadRow:
        why = f"{self.found} cells where the heading has {self.expected}: a comma or a quote is missing or too many"
        row = next(_rows(csv.reader([self.text])), [self.text])
        return BadRow(line, "", "", why, json.dumps([_shown(cell) for cell in row], ensure_ascii=False))


@dataclass(slots=True)
class _Places:
    """Where rows stand: data row `row` begins on `line`; `wrong` are wrong rows not yet placed."""

    line: int
    row: int = 0
    wrong: deque[_Wrong] = field(default_factory=deque)

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
    """The rows of `path`, about BATCH bytes at a time."""
    names, lines = _header(path)
    with path.open("rb") as file:
        text = _Text(file, path.stat().st_size)
        held: Batch | None = None
        for batch in _gathered(_parsed(path, text, names, lines)):
            if held:
                yield held
            held = batch
        if held:
            yield _closed(held, text, names)


def _gathered(blocks: Iterator[Batch]) -> Iterator[Batch]:
    waiting: list[Batch] = []
    for block in blocks:
        waiting.append(block)
        if sum(one.cells.nbytes for one in waiting) >= BATCH:
            yield _one(waiting)
            waiting = []
    if waiting:
        yield _one(waiting)


def _one(blocks: list[Batch]) -> Batch:
    rows = pa.concat_tables([block.cells for block in blocks])
    return Batch(rows, [row for block in blocks for row in block.bad], blocks[-1].done)


def _parsed(path: Path, text: _Text, names: list[str], lines: int) -> Iterator[Batch]:
    places = _Places(lines + 1)
    try:
        for block in _blocks(text, len(names), lines, places):
            begins, wrong = places.place(_breaks(block))
            rows, marked = _unmarked(cells(block.columns, pa.array(begins)), names, text)
            yield Batch(_without_blank(rows), wrong + marked, text.done)
        yield from _only_bad(places.place(np.zeros(0, dtype=np.int64))[1], len(names))
    except pa.ArrowInvalid as error:
        if "straddl" not in str(error):
            raise ImportRefused(f"{path} cannot be read as CSV near line {places.line}: {error}") from error
        yield from _only_bad([BadRow(places.line, "", "", _UNCLOSED, "[]")], len(names))


def _only_bad(bad: list[BadRow], width: int) -> Iterator[Batch]:
    if bad:
        nothing = pa.array([], pa.string())
        yield Batch(cells([nothing] * width, pa.array([], pa.int64())), bad, 1.0)


def _blocks(text: _Text, width: int, lines: int, places: _Places) -> Iterator[pa.RecordBatch]:
    """Blocks of undecoded cells; rows of a wrong width go to `places`. One thread, because only then Arrow numbers the rows."""

    def aside(row: pacsv.InvalidRow) -> Literal["skip"]:
        assert row.number is not None
        places.wrong.append(_Wrong(row.number - 1 - lines, row.text, row.actual_columns, row.expected_columns))
        return "skip"

    names = [str(index) for index in range(width)]
    yield from pacsv.open_csv(
        cast(IO[bytes], pa.PythonFile(cast(Any, text), mode="r")),
        read_options=pacsv.ReadOptions(use_threads=False, block_size=BLOCK, skip_rows=lines, column_names=names),
        parse_options=pacsv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=aside),
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


def _unmarked(rows: pa.Table, names: list[str], text: _Text) -> tuple[pa.Table, list[BadRow]]:
    """Without the rows that held bytes which are no UTF-8."""
    if not text.marked:
        return rows, []
    marked = functools.reduce(pc.or_, [pc.match_substring(column, _MARK) for column in rows.columns[:-1]])
    bad = []
    for row in rows.filter(marked).to_pylist():
        *values, line = row.values()
        column, value = next((name, value) for name, value in zip(names, values, strict=True) if _MARK in value)
        bad.append(BadRow(line, column, _shown(value), "not UTF-8 text", row_json(names, [_shown(value) for value in values])))
    return rows.filter(pc.invert(marked)), bad


def _shown(text: str) -> str:
    """Marked bytes as people write them: `\\xff`."""
    return text.replace(_MARK, "\\x")


def _without_blank(rows: pa.Table) -> pa.Table:
    """Without the rows all of whose cells are empty: blank lines, and the tails spreadsheets leave."""
    blank = pc.equal(rows.column(0), pa.scalar(""))
    if not pc.any(blank).as_py():
        return rows
    for column in rows.columns[1:-1]:
        blank = pc.and_(blank, pc.equal(column, pa.scalar("")))
    return rows.filter(pc.invert(blank))


def _closed(last: Batch, text: _Text, names: list[str]) -> Batch:
    """The file's last batch; where its last row swallowed lines because a quote was never closed, that row set aside."""
    rows = len(last.cells)
    if not rows or text.quotes % 2 == 0:
        return last
    *values, line = [str(column[-1].as_py()) for column in last.cells.columns]
    if not any("\n" in value for value in values):
        return last
    unclosed = BadRow(int(line), "", "", _UNCLOSED, row_json(names, values))
    return Batch(last.cells.slice(0, rows - 1), [*last.bad, unclosed], last.done)
