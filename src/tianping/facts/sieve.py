"""One batch through the sieve: what can be typed to `<table>/`, what cannot to `quarantine/`, all of it counted."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from tianping.facts import check
from tianping.facts.check import Plan
from tianping.facts.engine import quoted
from tianping.facts.formats.batch import BadRow, line_sql, part_sql, position

BAD_COLUMNS = ("file", "line", "table", "key", "column", "value", "reason", "row")


@dataclass(slots=True)
class Tally:
    """Rows of one file for one table, while they are being counted. `told`: words that a mapping does not know, by column."""

    given: set[str] = field(default_factory=set)
    rows: int = 0
    typed: int = 0
    quarantined: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    told: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def adds_up(self) -> bool:
        return self.rows == self.typed + self.quarantined + self.skipped.total()


class Sieve:
    """Of one file, or of several that are read alike: `files` are their names by their numbers, `headings` name the raw cells
    c0, c1, … of their batches. A batch's `_line` says the file too."""

    def __init__(self, con: duckdb.DuckDBPyConnection, folder: Path, headings: Sequence[str]) -> None:
        self._con, self._folder, self._headings = con, folder, headings
        self._numbers = count()
        self.files: dict[int, str] = {}
        self.tallies: dict[tuple[int, str], Tally] = {}

    def tally(self, part: int, table: str) -> Tally:
        return self.tallies.setdefault((part, table), Tally())

    def unreadable(self, part: int, table: str, bad: Sequence[BadRow]) -> None:
        """Rows that could not even be read; they are told as rows of `table`."""
        if not bad:
            return
        tally = self.tally(part, table)
        tally.rows += len(bad)
        tally.quarantined += len(bad)
        schema = pa.schema({"line": pa.int64()} | dict.fromkeys(BadRow._fields[1:], pa.string()))
        rows = pa.Table.from_pylist([row._asdict() for row in bad], schema=schema)
        self._con.register("unread", rows)
        where = f"""{quoted(self.files[part])} AS file, line, {quoted(table)} AS "table", '' AS key"""
        self._copy(f'SELECT {where}, "column", value, reason, "row" FROM unread', "quarantine")
        self._con.unregister("unread")

    def sift(self, plan: Plan, batch: str, raw: str) -> None:
        """Type the rows of the relation `batch`; `raw` holds the file's own cells under the same `_line`."""
        self._con.execute(f"CREATE OR REPLACE TEMP TABLE sifted AS {check.rows_sql(plan, batch, 0)}")
        counted = self._counted("count(*), count(*) FILTER (_bad)", "sifted")
        for part, rows, bad in counted:
            tally = self.tally(part, plan.table.name)
            tally.rows, tally.typed, tally.quarantined = tally.rows + rows, tally.typed + rows - bad, tally.quarantined + bad
        if any(rows > bad for _, rows, bad in counted):
            place = f"CAST({part_sql()} AS INTEGER) AS _part, {line_sql()} AS _line"
            self._copy(f"SELECT * EXCLUDE (_bad) REPLACE ({place}) FROM sifted WHERE NOT _bad", plan.table.name)
        if any(bad for _, _, bad in counted):
            faulty = f"SELECT * FROM {batch} SEMI JOIN (FROM sifted WHERE _bad) USING (_line)"
            self._con.execute(f"CREATE OR REPLACE TEMP TABLE faulty AS {faulty}")
            self._quarantine(check.faults_sql(plan, "faulty"), raw)

    def sift_mapped(self, plan: Plan, mapped: str, raw: str) -> None:
        """The same for a batch that a mapping made: first its `_faults` and `_skip` are followed."""
        table = plan.table.name
        for part, reason, rows in self._counted(
            "_skip, count(*)", f"{mapped} WHERE len(_faults) = 0 AND _skip IS NOT NULL", "_skip"
        ):
            self.tally(part, table).rows += rows
            self.tally(part, table).skipped[reason] += rows
        self._refused(plan, mapped, raw)
        self._con.execute(f"CREATE OR REPLACE TEMP VIEW kept AS FROM {mapped} WHERE len(_faults) = 0 AND _skip IS NULL")
        words = '"column", value, count(*)'
        told = "(SELECT _line, unnest(_told, recursive := true) FROM kept WHERE len(_told) > 0)"
        for part, column, word, rows in self._counted(words, told, '"column"', "value"):
            self.tally(part, table).told[column, word] += rows
        self.sift(replace(plan, clears=False), "kept", raw)

    def _refused(self, plan: Plan, mapped: str, raw: str) -> None:
        refused = self._counted("count(*)", f"{mapped} WHERE len(_faults) > 0")
        for part, rows in refused:
            self.tally(part, plan.table.name).rows += rows
            self.tally(part, plan.table.name).quarantined += rows
        if not refused:
            return
        key = ", ".join(plan.cells[name].sql for name in plan.table.key if name in plan.cells)
        faults = f"SELECT _line, concat_ws('/', {key}) AS key, unnest(_faults) AS fault FROM {mapped} WHERE len(_faults) > 0"
        told = 'fault."column" AS "column", fault.value AS value, fault.reason AS reason'
        self._quarantine(f'SELECT _line, {quoted(plan.table.name)} AS "table", key, {told} FROM ({faults})', raw)

    def _quarantine(self, faults: str, raw: str) -> None:
        cells = ", ".join(f"{quoted(name)}, CAST({position(index)} AS VARCHAR)" for index, name in enumerate(self._headings))
        named = ", ".join(f"{part}: {quoted(file)}" for part, file in self.files.items())
        where = f'(MAP {{{named}}})[{part_sql()}] AS file, {line_sql()} AS line, "table", key'
        row = f'json_object({cells})::VARCHAR AS "row"'
        self._copy(f'SELECT {where}, "column", value, reason, {row} FROM ({faults}) JOIN {raw} USING (_line)', "quarantine")

    def _copy(self, select: str, table: str) -> None:
        path = self._folder / table / f"{min(self.files)}-{next(self._numbers)}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        self._con.execute(f"COPY ({select}) TO {quoted(str(path))} (FORMAT parquet, COMPRESSION lz4_raw)")

    def _counted(self, counts: str, rows: str, *by: str) -> list[tuple[Any, ...]]:
        """(number of the file, *counts) of the relation `rows`, by file and `by`."""
        keys = ", ".join([part_sql(), *by])
        return self._con.execute(f"SELECT {part_sql()}, {counts} FROM {rows} GROUP BY {keys}").fetchall()
