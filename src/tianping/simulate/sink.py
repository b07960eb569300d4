"""Fact files, written piece by piece: `orders.parquet` or `orders.csv`, one file per table."""

from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from tianping.errors import TianpingError
from tianping.facts.schema import TABLES
from tianping.simulate.columns import Columns

Form = Literal["parquet", "csv"]


class Sink:
    """Writes columns under the names of the specification; `rows` counts what each table got. What stops the writing, an
    error or a person, takes the half-written files away."""

    def __init__(self, out: Path, form: Form) -> None:
        """Raises TianpingError where `out` holds anything already: old files would be imported along with the new."""
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise TianpingError(f"{out} is not an empty folder; name a new one or empty it first")
        out.mkdir(parents=True, exist_ok=True)
        self.rows: dict[str, int] = {}
        self._out, self._form = out, form
        self._writers: dict[Path, Any] = {}

    def write(self, table: str, columns: Columns) -> None:
        """Append rows to `table`; the first call fixes its columns."""
        spec = TABLES[table].by_name
        batch = pa.table({name: columns[name] for name in spec if name in columns})
        assert batch.num_columns == len(columns), f"{table}: {sorted(set(columns) - set(spec))} not in the specification"
        path = self._out / f"{table}.{self._form}"
        if path not in self._writers:
            self._writers[path] = _open(path, self._form, batch.schema)
        self._writers[path].write_table(batch)
        self.rows[table] = self.rows.get(table, 0) + batch.num_rows

    def __enter__(self) -> "Sink":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            for writer in self._writers.values():
                writer.close()
        finally:
            if kind is not None:
                for path in self._writers:
                    path.unlink(missing_ok=True)


def _open(path: Path, form: Form, schema: pa.Schema) -> Any:
    return pacsv.CSVWriter(path, schema) if form == "csv" else pq.ParquetWriter(path, schema)
