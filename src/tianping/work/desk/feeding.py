"""The desk's cases flow into the facts: an import like any other, before every close.

Exactly once in effect: a row that is there is unchanged, and only after the import stands is a case marked as taken up. Where
another import brings a case that the desk runs, the desk's wins, and what differed is kept with the import that set it right.
"""

import datetime as dt
import json
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection

from tianping.cases.case import Case
from tianping.facts.engine import records
from tianping.facts.schema import KINDS, TABLES
from tianping.periods import Period, to_wall
from tianping.store import settings
from tianping.store.desk import cases
from tianping.work.desk.factrows import FED, TABLE, Kin, Row, case_row, rows
from tianping.work.home import Home, facts

CHUNK = 10_000
"""Cases read and written at once: with those that they came from, still fewer than a statement of SQLite takes."""
MARK = "desk"
"""The folder that the files of such an import seem to lie in."""
_ARROW: Mapping[str, pa.DataType] = {
    "id": pa.string(),
    "text": pa.string(),
    "int": pa.int64(),
    "fen": pa.int64(),
    "bool": pa.bool_(),
    "time": pa.timestamp("s", "UTC"),
    "day": pa.date32(),
}
_LEFT = "desk_differences"
MOST = 1_000
"""Differences kept."""


class Difference(NamedTuple):
    """Where an import said otherwise than the desk of a case that the desk runs. Values as text; "" is none."""

    case_id: str
    column: str
    desk: str
    imported: str


@dataclass(frozen=True, slots=True)
class Fed:
    """What was taken up: the import's number (None: nothing was new), rows by table, and where other imports said otherwise."""

    seq: int | None
    rows: Mapping[str, int] = field(default_factory=dict)
    differences: Sequence[Difference] = ()


def feed(home: Home, at: dt.datetime) -> Fed:
    """Take up what has happened at the desk since the last time, and set right what other imports have said of its cases."""
    with home.database.connect() as connection:
        if not cases.any_of(connection, FED):
            return Fed(None)
    from tianping.work.intake.imports import Request, bring  # 0.15 s to load, at every close, and most homes have no desk

    different = list(differences(home))
    again = sorted({each.case_id for each in different})
    folder = home.path / "feed" / MARK
    shutil.rmtree(folder.parent, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        files = _Files(folder)
        taken = {case.id: case.n for case in _written(home, files, again, at)}
        files.close()
        if not taken:
            return Fed(None)
        seq = None
        if files.counts:
            days = _days(home, at)
            told = json.dumps(different[:MOST], ensure_ascii=False) if different else ""
            request = Request(
                tuple(files.paths), at, under=folder.parent, covers=days, covers_nothing=days is None, differences=told
            )
            done = bring(home, request)
            seq = done.seq
    finally:
        shutil.rmtree(folder.parent, ignore_errors=True)
    with home.database.begin() as connection:
        cases.fed(connection, taken)
    return Fed(seq, files.counts, tuple(different[:MOST]))


def _days(home: Home, at: dt.datetime) -> Period | None:
    """The days that the desk knows whole: from its first order to yesterday, where nobody else brings orders; else none."""
    others = any("orders" in one.tables for version in home.versions() if not _own(version.inputs) for one in version.inputs)
    with home.database.connect() as connection:
        first = cases.first_order(connection)
    if others or first is None:
        return None
    begin, end = (to_wall(instant, home.zone).date() for instant in (first, at - dt.timedelta(days=1)))
    return Period(begin, end) if begin <= end else None


def _written(home: Home, files: "_Files", again: Sequence[str], at: dt.datetime) -> Iterator[Case]:
    """The cases not yet taken up as they stand, and those to be set right (`again`), their rows put into files."""
    with home.database.connect() as connection:
        unfed = cases.unfed(connection)
        waiting, done = set(unfed), set[str]()
        for begin in range(0, len(unfed), CHUNK):
            loaded = cases.load(connection, unfed[begin : begin + CHUNK])
            fed = [case for case in loaded.values() if case.kind in FED]
            for case in fed:
                files.put(rows(case))
            done |= _put(connection, files, fed, again, at, done)
            yield from loaded.values()
        left = cases.load(connection, [id_ for id_ in again if id_ not in waiting])
        _put(connection, files, left.values(), again, at, done)
        yield from left.values()


def _put(
    connection: Connection,
    files: "_Files",
    some: Iterable[Case],
    again: Collection[str],
    at: dt.datetime,
    done: Collection[str],
) -> set[str]:
    """The rows of the after-sales cases that these change, but those `done`; their ids."""
    kin = _kin(connection, some)
    told = {each.id: each for case in some if case.id in kin.cases for each in kin.told(case) if each.id not in done}
    openers = cases.openers(connection, kin.cases)
    for each in told.values():
        files.put([(TABLE, _row(each, kin, openers, at if each.id in again else None))])
    return set(told)


def _row(case: Case, kin: Kin, openers: Mapping[str, str], at: dt.datetime | None = None) -> Row:
    return case_row(case, kin, openers[next(iter(kin.before(case)), case).id], at)


def _kin(connection: Connection, some: Iterable[Case]) -> Kin:
    """With all that they came from and that came of them."""
    found = fresh = {case.id: case for case in some if case.kind in KINDS}
    while fresh:
        ids = {case.parent_id for case in fresh.values() if case.parent_id} | {*cases.children(connection, fresh, KINDS)}
        fresh = cases.load(connection, ids - found.keys())
        found = found | fresh
    return Kin(found)


@dataclass(slots=True)
class _Files:
    """Parquet files of fact tables, written row by row in batches."""

    folder: Path
    counts: dict[str, int] = field(default_factory=dict)
    waiting: dict[str, list[Row]] = field(default_factory=dict)
    writers: dict[str, pq.ParquetWriter] = field(default_factory=dict)

    @property
    def paths(self) -> list[Path]:
        return [self.folder / f"{table}.parquet" for table in self.counts]

    def put(self, given: Iterable[tuple[str, Row]]) -> None:
        for table, row in given:
            self.counts[table] = self.counts.get(table, 0) + 1
            self.waiting.setdefault(table, []).append(row)
            if len(self.waiting[table]) >= CHUNK:
                self._write(table)

    def close(self) -> None:
        for table in list(self.waiting):
            self._write(table)
        for writer in self.writers.values():
            writer.close()

    def _write(self, table: str) -> None:
        schema = _schema(table)
        if table not in self.writers:
            self.writers[table] = pq.ParquetWriter(self.folder / f"{table}.parquet", schema)
        self.writers[table].write_table(pa.Table.from_pylist(self.waiting.pop(table), schema=schema))


def _schema(table: str) -> pa.Schema:
    names = [column.name for column in TABLES[table].columns if column.name not in ("agent_id", "updated_at")]
    columns: list[tuple[str, pa.DataType]] = [(name, _ARROW[TABLES[table].by_name[name].type]) for name in names]
    return pa.schema([*columns, ("updated_at", _ARROW["time"])])


def differences(home: Home) -> Iterator[Difference]:
    """Where the facts say otherwise than the desk of cases that they have taken up from it. Only looked for after another
    import than the desk's own."""
    if not home.versions() or all(_own(version.inputs) for version in home.versions()[_looked(home) :]):
        return
    con, _ = facts(home, tables=(TABLE,))
    with home.database.connect() as connection:
        taken = cases.taken(connection, [kind for kind in FED if kind != "order"])
        for begin in range(0, len(taken), CHUNK):
            some = taken[begin : begin + CHUNK]
            told = _told(con, some)
            kin = _kin(connection, cases.load(connection, some).values())
            openers = cases.openers(connection, kin.cases)
            for case in (kin.cases[id_] for id_ in some):
                if kin.row_of(case) is case:
                    yield from _compared(_row(case, kin, openers), told.get(case.id, {}))
    con.close()
    settings.put(home.database, _LEFT, str(len(home.versions())))


def _looked(home: Home) -> int:
    """How many versions there were when differences were last looked for."""
    return int(settings.get(home.database, _LEFT, "0"))


def _own(inputs: Sequence[Any]) -> bool:
    return bool(inputs) and all(one.file.startswith(f"{MARK}/") for one in inputs)


def _told(con: Any, ids: Sequence[str]) -> dict[str, Row]:
    """The facts' present rows of these cases."""
    con.register("asked", pa.table({"case_id": pa.array(ids, pa.string())}))
    found = list(records(con, "SELECT c.* FROM facts.cases c SEMI JOIN asked USING (case_id)"))
    con.unregister("asked")
    return {row["case_id"]: row for row in found}


def _compared(own: Row, told: Row) -> Iterator[Difference]:
    for column, value in own.items():
        if column != "updated_at" and column in TABLES[TABLE].by_name and told.get(column) != value:
            yield Difference(own["case_id"], column, _text(value), _text(told.get(column)))


def _text(value: Any) -> str:
    return "" if value is None else str(value)
