"""Made-up files in every format: workbooks (also locked ones), packed files, JSON."""

import gzip
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

import msoffcrypto.format.ooxml  # type: ignore[import-untyped]
import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter  # type: ignore[import-untyped]

Rows = Sequence[Sequence[object]]


def xlsx(sheets: Mapping[str, Rows], *, formats: Mapping[int, str] | None = None) -> bytes:
    """A workbook; `formats` are number formats by column. A tuple ("n", 1.5) is written as a plain number."""
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as book:
        styles = {column: book.add_format({"num_format": code}) for column, code in (formats or {}).items()}
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for at, row in enumerate(rows):
                for column, cell in enumerate(row):
                    _put(sheet, at, column, cell, styles.get(column))
    return made.getvalue()


def _put(sheet: Any, row: int, column: int, cell: object, style: object) -> None:
    if cell is None:
        return
    if isinstance(cell, str):
        sheet.write_string(row, column, cell)
    elif isinstance(cell, tuple):
        sheet.write_number(row, column, cell[1])
    else:
        sheet.write(row, column, cell, style)


def locked(book: bytes, password: str) -> bytes:
    """The same workbook with a password."""
    made = io.BytesIO()
    msoffcrypto.format.ooxml.OOXMLFile(io.BytesIO(book)).encrypt(password, made)
    return made.getvalue()


def zst(data: bytes) -> bytes:
    return bytes(pa.compress(data, codec="zstd", asbytes=True))


def gz(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def jsonl(rows: Sequence[Mapping[str, object]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def parquet(columns: Mapping[str, Sequence[object]]) -> bytes:
    made = io.BytesIO()
    pq.write_table(pa.table({name: pa.array(cast(Any, values)) for name, values in columns.items()}), made)
    return made.getvalue()
