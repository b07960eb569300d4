"""What every reader of files gives: batches of cells with the line each row stands in, and the rows it could not read."""

import json
import unicodedata
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from tianping.errors import ImportRefused

BATCH = 1 << 24
"""Bytes of cells given at a time: 16 MB holds about 80 thousand orders."""

MOST_COLUMNS = 2000
"""Columns a file may have; real exports have a hundred."""


class Stamp(NamedTuple):
    """A file as it is now, for what is remembered of it."""

    path: Path
    changed: int
    size: int


def stamp(path: Path) -> Stamp:
    found = path.stat()
    return Stamp(path, found.st_mtime_ns, found.st_size)


class BadRow(NamedTuple):
    """A row that could not be read at all. `row` is what stands there, as JSON text."""

    line: int
    column: str
    value: str
    reason: str
    row: str


class Batch(NamedTuple):
    """`cells`: columns `c0`, `c1`, … in the order of the headings and `_line`. `done`: how much of the file was read, 0..1."""

    cells: pa.Table
    bad: list[BadRow]
    done: float


_BITS = 40
"""A `_line` says its file too, above this bit, so that the rows of many small files can be worked on together."""


def placed(rows: pa.Table, part: int) -> pa.Table:
    """Cells whose `_line` says that they are of file number `part`."""
    return rows.set_column(rows.num_columns - 1, "_line", pc.add(rows.column("_line"), part << _BITS)) if part else rows


def part_sql(line: str = "_line") -> str:
    """SQL: the number of a row's file."""
    return f"({line} >> {_BITS})"


def line_sql(line: str = "_line") -> str:
    """SQL: where a row stands in its file."""
    return f"({line} & {(1 << _BITS) - 1})"


def position(index: int) -> str:
    """The name of a file's column in a batch: headings may clash in ways SQL does not forgive."""
    return f"c{index}"


def cells(columns: "Sequence[pa.Array[Any]]", lines: "pa.Array[Any]") -> pa.Table:
    """The cells of a batch from its columns, in slices small enough for several cores."""
    names = [position(index) for index in range(len(columns))]
    whole = pa.RecordBatch.from_arrays([*columns, lines], names=[*names, "_line"])
    step = 1 << 14
    slices = [whole.slice(start, step) for start in range(0, len(whole), step)]
    return pa.Table.from_batches(slices, schema=whole.schema)


def no_cells(width: int, bad: list[BadRow], done: float) -> Batch:
    """A batch of bad rows only."""
    nothing = pa.array([], pa.string())
    return Batch(cells([nothing] * width, pa.array([], pa.int64())), bad, done)


def gathered(blocks: Iterator[Batch]) -> Iterator[Batch]:
    """The same rows in batches of about BATCH bytes."""
    waiting: list[Batch] = []
    held = 0
    for block in blocks:
        waiting.append(block)
        held += block.cells.nbytes + sum(len(row.row) + 500 for row in block.bad)
        if held >= BATCH:
            yield _one(waiting)
            waiting, held = [], 0
    if waiting:
        yield _one(waiting)


def _one(blocks: list[Batch]) -> Batch:
    rows = pa.concat_tables([block.cells for block in blocks])
    return Batch(rows, [row for block in blocks for row in block.bad], blocks[-1].done)


def named(path: Path, names: Sequence[str]) -> list[str]:
    """The headings, trimmed. Raises ImportRefused for too many, and for rubbish."""
    if len(names) > MOST_COLUMNS:
        raise ImportRefused(f"{path} has {len(names)} columns and at most {MOST_COLUMNS} are read; keep those that hold facts")
    trimmed = [name.strip(" \t\r\n\u00a0\u3000\ufeff") for name in names]
    if any(unicodedata.category(letter) in _RUBBISH for name in trimmed for letter in name if letter not in "\t\r\n"):
        raise ImportRefused(f"{path} does not begin with column names: it is no table in UTF-8 or GB18030; export it as CSV")
    return trimmed


_RUBBISH = ("Cc", "Cn", "Co", "Cs")
"""Kinds of letters that no column name holds: control characters, those that are none, private ones."""


def emptied(rows: pa.Table, words: frozenset[str]) -> pa.Table:
    """The same cells, those that hold one of `words` and nothing else empty."""
    if not words:
        return rows
    said = pa.array(sorted(words), pa.string())
    for index, column in enumerate(rows.columns[:-1]):
        if pa.types.is_string(column.type):
            bare = pc.is_in(pc.utf8_trim_whitespace(column), value_set=said)
            if pc.any(bare).as_py():
                rows = rows.set_column(index, rows.schema.names[index], pc.if_else(bare, "", column))
    return rows


def row_json(headings: Sequence[str], values: Sequence[str | None]) -> str:
    """A source row as the quarantine keeps it."""
    return json.dumps(dict(zip(headings, values, strict=False)), ensure_ascii=False)


def ahead(batches: Iterator[Batch]) -> Iterator[Batch]:
    """The same batches, the next one read while this one is worked on. Costs the memory of one batch."""
    with ThreadPoolExecutor(1, thread_name_prefix="read-ahead") as pool:
        coming = pool.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = pool.submit(next, batches, None)
            yield batch
