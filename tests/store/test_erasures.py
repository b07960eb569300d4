"""Words in tables that only grow, in both databases: an erasure puts its pseudonym in them, and nobody does anything else."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Column, Connection, Engine, text
from sqlalchemy.exc import DatabaseError, IntegrityError

from tianping.facts.versions import Version
from tianping.store import erasures, versions
from tianping.store.database import open_database, sqlite_url
from tianping.store.schema import violation, violation_event

from .test_judgement import filled, migrations

AT = dt.datetime(2024, 5, 1, 1, 30)
MARK = "erased-0123456789ab"
WORDS = (violation.c.evidence, violation_event.c.why, violation_event.c.detail)
FIXED = [column for table in (violation, violation_event) for column in table.c if column not in set(WORDS)]
REFUSED = "append-only"


@contextmanager
def erasing(engine: Engine, seq: int = 1) -> Iterator[Connection]:
    with engine.begin() as connection:
        versions.add(connection, Version(seq, AT, "erase"))
        with erasures.running(connection, seq, MARK):
            yield connection


def put(column: Column[object], value: str) -> str:
    return f"UPDATE {column.table.name} SET {column.name} = {value}"


def named(column: Column[object]) -> str:
    return f"{column.table.name}.{column.name}"


@pytest.mark.parametrize("column", WORDS, ids=named)
def test_words_take_the_pseudonym_in(either: Engine, column: Column[object]) -> None:
    """While an erasure runs, and not before or after; in words of any length, others that it leaves as they are."""
    filled(either)
    said = text(put(column, f"""'["said by {MARK}"]'"""))
    with pytest.raises(DatabaseError, match=REFUSED), either.begin() as connection:
        connection.execute(said)
    with erasing(either) as connection:
        connection.execute(said)
    with either.connect() as connection:
        table = column.table.name
        assert MARK in str(connection.execute(text(f"SELECT CAST({column.name} AS TEXT) FROM {table}")).scalar())
    for change in (said, text(put(column, column.name))):
        with pytest.raises(DatabaseError, match=REFUSED), either.begin() as connection:
            connection.execute(change)


@pytest.mark.parametrize("column", WORDS, ids=named)
def test_no_other_words(either: Engine, column: Column[object]) -> None:
    filled(either)
    with pytest.raises(DatabaseError, match=REFUSED), erasing(either) as connection:
        connection.execute(text(put(column, """'["said by nobody"]'""")))


@pytest.mark.parametrize("column", FIXED, ids=named)
def test_nothing_but_words(either: Engine, column: Column[object]) -> None:
    """Every other column stays as it is, a new one too."""
    filled(either)
    value = {"id": "2", "account_id": "1", "chosen": "'{}'"}.get(column.name, "NULL")
    with pytest.raises(DatabaseError, match=REFUSED), erasing(either) as connection:
        connection.execute(text(put(column, value)))


@pytest.mark.parametrize("act", ["UPDATE {} SET ended = seq", "UPDATE {} SET ended = -seq", "DELETE FROM {}"])
def test_erasures_stay(either: Engine, act: str) -> None:
    with erasing(either):
        pass
    with pytest.raises(DatabaseError, match=REFUSED), either.begin() as connection:
        connection.execute(text(act.format("erasure")))


def test_erasures_are_not_truncated(postgres_made: str) -> None:
    with pytest.raises(DatabaseError, match=REFUSED), open_database(postgres_made).begin() as connection:
        connection.execute(text("TRUNCATE erasure"))


def leave_open(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"INSERT INTO erasure VALUES (1, '{MARK}', -1)"))
        connection.execute(text(put(violation_event.c.why, f"'{MARK}'")))


def test_none_is_left_open(either: Engine) -> None:
    """The commit fails: what it changed is not."""
    filled(either)
    versions.commit(either, Version(1, AT, "erase"))
    with pytest.raises(IntegrityError):
        leave_open(either)
    with either.connect() as connection:
        assert connection.execute(text("SELECT why FROM violation_event")).scalar() == ""


def test_rows_are_not_replaced(tmp_path: Path) -> None:
    """SQLite's other way to change a row: its triggers are told of it."""
    engine = open_database(sqlite_url(tmp_path / "db.sqlite"))
    filled(engine)
    for table in ("violation", "violation_event", "effect", "transfer"):
        with pytest.raises(DatabaseError, match=f"{table} is append-only"), engine.begin() as connection:
            connection.execute(text(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"))


def test_both_ways(either: Engine) -> None:
    """Down again nothing at all may be changed; up again words may."""
    filled(either)
    with either.begin() as connection:
        command.downgrade(migrations(connection), "0005")
    for table in ("violation", "violation_event"):
        with pytest.raises(DatabaseError, match=REFUSED), either.begin() as connection:
            connection.execute(text(f"UPDATE {table} SET at = at"))
    with either.begin() as connection:
        command.upgrade(migrations(connection), "head")
    with erasing(either) as connection:
        connection.execute(text(put(violation_event.c.why, f"'{MARK}'")))
