"""What every reader of files gives: batches of cells with the line each row stands in, and the rows it could not read."""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pyarrow as pa


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
