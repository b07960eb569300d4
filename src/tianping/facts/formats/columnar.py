"""Parquet → batches; cells keep their types until they are cast to text. A row's line is its number, from 1."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tianping.errors import ImportRefused
from tianping.facts.formats.batch import BadRow, Batch, cells, named, row_json
from tianping.facts.formats.source import called

ROWS = 1 << 16
RATIO = 1000
"""How many times its packed size a column may unpack to, beyond FREE; what is repeated packs 100 times."""

FREE = 1 << 28
DENSE = 10_000
"""Rows that a file may hold for each of its bytes; a key alone costs more than a byte a row."""

_BROKEN = (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError, NotImplementedError)


@contextmanager
def _opened(path: Path) -> Iterator[pq.ParquetFile]:
    """Raises ImportRefused for what is no whole Parquet file, also while it is read."""
    try:
        with ExitStack() as opened:  # Arrow takes no name that is not UTF-8
            where = path if called(path) == str(path) else opened.enter_context(path.open("rb"))
            yield _small(path, opened.enter_context(pq.ParquetFile(where)))
    except _BROKEN as error:
        now = "or was not written to its end; write it again"
        raise ImportRefused(
            f"{path} is not a Parquet file, {now} ({str(error).splitlines()[0] if str(error) else error!r})"
        ) from error


def _small(path: Path, file: pq.ParquetFile) -> pq.ParquetFile:
    data = file.metadata
    sizes = [data.row_group(index).total_byte_size for index in range(data.num_row_groups)]
    size = path.stat().st_size
    if sum(sizes) > max(FREE, RATIO * size) or data.num_rows > DENSE * size:
        raise ImportRefused(f"{path} says that it holds far more than a file of its size can; write it again")
    return file


def headings(path: Path) -> list[str]:
    """The columns' names. Raises ImportRefused for what is no Parquet file."""
    if not path.stat().st_size:
        raise ImportRefused(f"{path} is empty; a file of facts has at least its column names")
    with _opened(path) as file:
        return named(path, file.schema_arrow.names)


def batches(path: Path) -> Iterator[Batch]:
    """The rows of `path`."""
    names = headings(path)
    with _opened(path) as file:
        rows, done = max(file.metadata.num_rows, 1), 0
        for block in file.iter_batches(ROWS):
            lines = pa.array(range(done + 1, done + len(block) + 1), pa.int64())
            done += len(block)
            plain = [_plain(column) for column in block.columns]
            yield _sound(names, plain, lines, done / rows)


def _plain(column: "pa.Array[Any]") -> "pa.Array[Any]":
    """A column of a type that DuckDB reads; bytes are taken as text."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _plain(pc.cast(column, kind.value_type))
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return _texts(pc.cast(column, pa.binary()))
    if pa.types.is_float16(kind):
        return pc.cast(column, pa.float32())
    return column


def _texts(column: "pa.Array[Any]") -> "pa.Array[Any]":
    """Bytes as text, unchecked."""
    return pa.Array.from_buffers(pa.string(), len(column), column.buffers(), column.null_count, column.offset)


def _sound(names: list[str], columns: "list[pa.Array[Any]]", lines: "pa.Array[Any]", done: float) -> Batch:
    """Without the rows that hold bytes which are no text."""
    bad: npt.NDArray[np.bool_] = np.zeros(len(lines), dtype=bool)
    faults: list[BadRow] = []
    for name, column in zip(names, columns, strict=True):
        if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)) or _valid(column):
            continue
        raw = pc.cast(column, pa.large_binary()).to_pylist()
        wrong = [row for row, value in enumerate(raw) if value is not None and not bad[row] and not _is_text(value)]
        bad[wrong] = True
        faults += [_fault(name, raw[row], lines[row].as_py()) for row in wrong]
    if not faults:
        return Batch(cells(columns, lines), [], done)
    keep = pa.array(~bad)
    return Batch(cells([column.filter(keep) for column in columns], lines.filter(keep)), faults, done)


def _valid(column: "pa.Array[Any]") -> bool:
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _is_text(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _fault(name: str, value: bytes | None, line: int) -> BadRow:
    shown = (value or b"").decode(errors="backslashreplace")
    return BadRow(line, name, shown, "not UTF-8 text", row_json([name], [shown]))
