"""What people have said and sent besides the facts: where it names a buyer who is erased, it does so no more."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import Column, Connection, Table, select, update

from tianping.facts.engine import name, quoted
from tianping.facts.erased import said, without, word
from tianping.store.schema import figure_report, job, saved_view, upload
from tianping.work.home import Home

TOLD: Mapping[Table, tuple[Column[Any], ...]] = {
    upload: (upload.c.files, upload.c.options, upload.c.report, upload.c.said),
    job: (job.c.said, job.c.detail),
    saved_view: (saved_view.c.query,),
    figure_report: (figure_report.c.figure, figure_report.c.definition, figure_report.c.words),
}
"""Columns in which a buyer's id may stand. The audit trail never holds one; it could not be taken out."""
TAKEN = "the files were taken away because a buyer was erased and they may name them; upload them again"


def in_words(connection: Connection, buyer: str, pseudonym: str) -> None:
    """In the database, in a transaction of the caller's."""
    for table, columns in TOLD.items():
        for row in connection.execute(select(table.c.id, *columns)).mappings().all():
            clean = {each.name: _without(row[each.name], buyer, pseudonym) for each in columns}
            if changed := {key: value for key, value in clean.items() if value != row[key]}:
                connection.execute(update(table).where(table.c.id == row["id"]).values(**changed))


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
        with duckdb.connect() as con:
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
