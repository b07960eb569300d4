"""One batch through the sieve: what can be typed to `<table>/`, what cannot to `quarantine/`, all of it counted."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import duckdb
import pyarrow as pa

from tianping.facts import check
from tianping.facts.batch import BadRow, position
from tianping.facts.check import Plan
from tianping.facts.engine import quoted

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
    """Of one file: `part` is its number, `headings` name the raw cells c0, c1, … of its batches."""

    def __init__(self, con: duckdb.DuckDBPyConnection, folder: Path, part: int, file: str, headings: Sequence[str]) -> None:
        self._con, self._folder, self._part, self._file, self._headings = con, folder, part, file, headings
        self._numbers = count()
        self.tallies: dict[str, Tally] = {}

    def tally(self, table: str) -> Tally:
        return self.tallies.setdefault(table, Tally())

    def unreadable(self, table: str, bad: Sequence[BadRow]) -> None:
        """Rows that could not even be read; they are told as rows of `table`."""
        if not bad:
            return
        tally = self.tally(table)
        tally.rows += len(bad)
        tally.quarantined += len(bad)
        schema = pa.schema({"line": pa.int64()} | dict.fromkeys(BadRow._fields[1:], pa.string()))
        rows = pa.Table.from_pylist([row._asdict() for row in bad], schema=schema)
        self._con.register("unread", rows)
        where = f"""{quoted(self._file)} AS file, line, {quoted(table)} AS "table", '' AS key"""
        self._copy(f'SELECT {where}, "column", value, reason, "row" FROM unread', "quarantine")
        self._con.unregister("unread")

    def sift(self, plan: Plan, batch: str, raw: str) -> None:
        """Type the rows of the relation `batch`; `raw` holds the file's own cells under the same `_line`."""
        self._con.execute(f"CREATE OR REPLACE TEMP TABLE sifted AS {check.rows_sql(plan, batch, self._part)}")
        rows, bad = self._two("SELECT count(*), count(*) FILTER (_bad) FROM sifted")
        tally = self.tally(plan.table.name)
        tally.given |= set(plan.covered)
        tally.rows, tally.typed, tally.quarantined = tally.rows + rows, tally.typed + rows - bad, tally.quarantined + bad
        if rows > bad:
            self._copy("SELECT * EXCLUDE (_bad) FROM sifted WHERE NOT _bad", plan.table.name)
        if bad:
            faulty = f"SELECT * FROM {batch} SEMI JOIN (FROM sifted WHERE _bad) USING (_line)"
            self._con.execute(f"CREATE OR REPLACE TEMP TABLE faulty AS {faulty}")
            self._quarantine(check.faults_sql(plan, "faulty"), raw)

    def sift_mapped(self, plan: Plan, mapped: str, raw: str) -> None:
        """The same for a batch that a mapping made: first its `_faults` and `_skip` are followed."""
        tally = self.tally(plan.table.name)
        skips = f"SELECT _skip, count(*) FROM {mapped} WHERE len(_faults) = 0 AND _skip IS NOT NULL GROUP BY _skip"
        for reason, rows in self._con.execute(skips).fetchall():
            tally.rows += rows
            tally.skipped[reason] += rows
        self._refused(plan, mapped, raw, tally)
        self._con.execute(f"CREATE OR REPLACE TEMP VIEW kept AS FROM {mapped} WHERE len(_faults) = 0 AND _skip IS NULL")
        words = 'SELECT told."column", told.value, count(*) FROM (SELECT unnest(_told) AS told FROM kept) GROUP BY ALL'
        for column, word, rows in self._con.execute(words).fetchall():
            tally.told[column, word] += rows
        self.sift(replace(plan, clears=False), "kept", raw)

    def _refused(self, plan: Plan, mapped: str, raw: str, tally: Tally) -> None:
        bad, _ = self._two(f"SELECT count(*), 0 FROM {mapped} WHERE len(_faults) > 0")
        if not bad:
            return
        tally.rows += bad
        tally.quarantined += bad
        key = ", ".join(plan.cells[name].sql for name in plan.table.key if name in plan.cells)
        faults = f"SELECT _line, concat_ws('/', {key}) AS key, unnest(_faults) AS fault FROM {mapped} WHERE len(_faults) > 0"
        told = 'fault."column" AS "column", fault.value AS value, fault.reason AS reason'
        self._quarantine(f'SELECT _line, {quoted(plan.table.name)} AS "table", key, {told} FROM ({faults})', raw)

    def _quarantine(self, faults: str, raw: str) -> None:
        cells = ", ".join(f"{quoted(name)}, CAST({position(index)} AS VARCHAR)" for index, name in enumerate(self._headings))
        where = f'{quoted(self._file)} AS file, _line AS line, "table", key'
        row = f'json_object({cells})::VARCHAR AS "row"'
        self._copy(f'SELECT {where}, "column", value, reason, {row} FROM ({faults}) JOIN {raw} USING (_line)', "quarantine")

    def _copy(self, select: str, table: str) -> None:
        path = self._folder / table / f"{self._part}-{next(self._numbers)}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        self._con.execute(f"COPY ({select}) TO {quoted(str(path))} (FORMAT parquet, COMPRESSION lz4_raw)")

    def _two(self, sql: str) -> tuple[int, int]:
        [(first, second)] = self._con.execute(sql).fetchall()
        return int(first), int(second)
