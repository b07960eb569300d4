"""What people have said and sent besides the facts: where it names a buyer who is erased, it does so no more."""

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
from sqlalchemy import JSON, Column, Connection, Table, Text, cast, or_, select, update

from tianping.facts.engine import in_memory, name, quoted
from tianping.facts.erased import said, without, word
from tianping.store import erasures
from tianping.store.desk.schema import desk_case, desk_event, desk_evidence, desk_outbox
from tianping.store.schema import figure_report, job, saved_view, upload, violation, violation_event
from tianping.work.desk import forgetting
from tianping.work.home import Home

TOLD: Mapping[Table, tuple[Column[Any], ...]] = {
    upload: (upload.c.files, upload.c.options, upload.c.report, upload.c.said),
    job: (job.c.said, job.c.detail),
    saved_view: (saved_view.c.query,),
    figure_report: (figure_report.c.figure, figure_report.c.definition, figure_report.c.words),
    violation: (violation.c.evidence,),
    violation_event: (violation_event.c.why, violation_event.c.detail),
    desk_case: (desk_case.c.facts,),
    desk_event: (desk_event.c.why, desk_event.c.facts),
    desk_outbox: (desk_outbox.c.payload,),
    desk_evidence: (desk_evidence.c.name, desk_evidence.c.says),
}
"""Columns in which a buyer's id may stand. The audit trail never holds one; it could not be taken out."""
TAKEN = "the files were taken away because a buyer was erased and they may name them; upload them again"


class _Told(NamedTuple):
    """A row that names the buyer: its primary key, and its columns as they read without them."""

    table: Table
    key: Mapping[str, Any]
    clean: Mapping[str, Any]


def named(home: Home, buyer: str) -> bool:
    """Whether anything in the database names the buyer."""
    with home.database.connect() as connection:
        return next(_told(connection, buyer, ""), None) is not None


def in_words(connection: Connection, buyer: str, pseudonym: str, seq: int) -> None:
    """In the database, in a transaction of the caller's: the one that commits the erasure `seq`."""
    with erasures.running(connection, seq, pseudonym):
        forgetting.in_cases(connection, buyer, pseudonym)
        for each in list(_told(connection, buyer, pseudonym)):
            key = [each.table.c[column] == value for column, value in each.key.items()]
            connection.execute(update(each.table).where(*key).values(**each.clean))


def _told(connection: Connection, buyer: str, pseudonym: str) -> Iterator[_Told]:
    for table, columns in TOLD.items():
        keys = list(table.primary_key.columns)
        about = select(*keys, *columns).where(or_(*(_may_name(column, buyer) for column in columns)))
        for row in connection.execute(about).mappings():
            clean = {each.name: _without(row[each.name], buyer, pseudonym) for each in columns}
            if changed := {column: value for column, value in clean.items() if value != row[column]}:
                yield _Told(table, {each.name: row[each.name] for each in keys}, changed)


def _may_name(column: Column[Any], buyer: str) -> Any:
    """SQL: the id stands somewhere in the column, perhaps within a longer one; the rest need not be read."""
    as_written = json.dumps(buyer)[1:-1] if isinstance(column.type, JSON) else buyer
    return cast(column, Text).contains(as_written, autoescape=True)


def _without(value: Any, buyer: str, pseudonym: str) -> Any:
    """The same text or JSON in which the id, where it stands by itself, is the pseudonym."""
    match value:
        case str():
            return without(value, buyer, pseudonym)
        case list():
            return [_without(each, buyer, pseudonym) for each in value]
        case dict():
            return {_without(key, buyer, pseudonym): _without(each, buyer, pseudonym) for key, each in value.items()}
        case _:
            return value


def in_uploads(connection: Connection) -> None:
    """Files that still wait are of any form, so all of them go. Those whose turn has come are imported under the mark."""
    waiting = upload.c.state.in_(("received", "asking", "failed"))
    connection.execute(update(upload).where(waiting).values(state="dropped", said=TAKEN))


def files(home: Home) -> None:
    """Take the files of dropped uploads away."""
    with home.database.connect() as connection:
        dropped = connection.execute(select(upload.c.id).where(upload.c.state == "dropped")).scalars().all()
    for number in dropped:
        shutil.rmtree(home.path / "uploads" / str(number), ignore_errors=True)


def in_reports(home: Home, buyer: str, pseudonym: str) -> None:
    """In the rows kept with reports, whose ids may be made of the buyer's. Each file beside, then into place."""
    for path in sorted((home.path / "reports").glob("*.parquet")):
        with in_memory() as con:
            columns = con.sql(f"FROM read_parquet({quoted(str(path))})").columns
            if con.execute(_naming(path, columns, buyer)).fetchone():
                _rewrite(con, path, columns, buyer, pseudonym)


def _naming(path: Path, columns: list[str], buyer: str) -> str:
    tests = (f"coalesce(regexp_matches({name(each)}, {quoted(word(buyer))}), false)" for each in columns)
    return f"SELECT 1 FROM read_parquet({quoted(str(path))}) WHERE {' OR '.join(tests)} LIMIT 1"


def _rewrite(con: duckdb.DuckDBPyConnection, path: Path, columns: list[str], buyer: str, pseudonym: str) -> None:
    beside = path.with_suffix(".tmp")
    cells = ", ".join(f"{said(each, buyer, pseudonym)} AS {name(each)}" for each in columns)
    rows = f"SELECT {cells} FROM read_parquet({quoted(str(path))})"
    con.execute(f"COPY ({rows}) TO {quoted(str(beside))} (FORMAT parquet, COMPRESSION zstd)")
    beside.replace(path)
