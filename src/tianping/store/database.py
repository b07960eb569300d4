"""Opening the operational database: SQLite by default (WAL), any SQLAlchemy URL; brought up to date by Alembic."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DatabaseError

from tianping.errors import TianpingError

HEAD = "0008"
"""The newest migration; a test holds that it is. Where the database has it, Alembic need not be loaded."""
MIGRATIONS = Path(__file__).parent / "migrations"
_BUSY_SECONDS = 30
_LEAST_FREE = 1 << 17
"""Bytes free that SQLite needs to open a database in WAL mode: its shared memory and a page or two."""
_PRAGMAS = (
    "journal_mode = WAL", "synchronous = FULL", "secure_delete = ON", "foreign_keys = ON", "recursive_triggers = ON",
    "wal_autocheckpoint = 16000", "cache_size = -16384",
)  # fmt: skip
"""A commit that makes the log longer than 16,000 pages (64 MB) brings all of it into the database's file before it returns:
with SQLite's own 1,000 every batch of the desk's clock did, and every fiftieth request. 16 MB of pages are kept for each
connection."""
_LONG = 6_000
"""Pages of the log (24 MB) from which on `ease` has it begin anew."""
_MOMENT = 100
"""Milliseconds that this may wait for others."""


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite file."""
    return URL.create("sqlite", database=str(path)).render_as_string(hide_password=False)


def open_database(url: str) -> Engine:
    """The engine of the database at `url`, its tables up to date. Raises TianpingError for a database newer than the program,
    or none at all.

    Two processes must not open a *new* database at once: `work.home` holds a lock around this.
    """
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    try:
        if revision(engine) != HEAD:
            _upgrade(engine)
    except DatabaseError as error:
        if full := _full(engine):
            raise TianpingError(f"{full}; make room on it and try again: {error.orig}") from error
        raise TianpingError(
            f"the database {engine.url!r} cannot be opened; mend it or restore a backup: {error.orig}"
        ) from error
    return engine


def _full(engine: Engine) -> str:
    """Which disk is full, where that is why SQLite cannot be opened; "" where it is not."""
    folder = Path(engine.url.database or "").parent
    if engine.dialect.name != "sqlite" or not folder.is_dir() or (free := shutil.disk_usage(folder).free) >= _LEAST_FREE:
        return ""
    return f"the disk that holds {folder} is full ({free} bytes free)"


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that writes: all of it or nothing. SQLite: the one writer, from the first read on."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.commit()
        except BaseException:  # of a commit that failed, too: the pool would lend the open transaction to the next
            connection.rollback()
            raise


def checkpoint(engine: Engine) -> None:
    """Bring what was committed into the database's own file, so that nothing older is left beside it."""
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def ease(engine: Engine) -> None:
    """Bring what was committed into the database's own file while others write, so that no commit has to wait for that; then,
    where the log is long, have it begin anew, for which writers wait a moment. For a thread of its own, now and then."""
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {_MOMENT}")
            try:
                _, pages, _ = connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)").one()
                if pages >= _LONG:
                    connection.exec_driver_sql("PRAGMA wal_checkpoint(RESTART)")
            finally:
                connection.exec_driver_sql(f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1000}")


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """WAL: readers and the one writer do not block each other. FULL: a commit survives a power cut. What is erased is
    overwritten. A row that another replaces is one deleted, to triggers too."""
    for setting in (*_PRAGMAS, f"busy_timeout = {_BUSY_SECONDS * 1000}"):
        connection.execute(f"PRAGMA {setting}")


def revision(engine: Engine) -> str | None:
    """The newest migration that the database has had; None before the first."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(engine: Engine) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.connect() as connection, _whole(connection):
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise TianpingError(
                f"this database was written by a newer tianping; use that version to open it ({error})"
            ) from error


@contextmanager
def _whole(connection: Connection) -> Iterator[None]:
    """One transaction around the migrations. SQLite changes a table by making it anew, which other tables' references would
    forbid; and its driver begins no transaction by itself where tables are made."""
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    if sqlite and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()):
        connection.rollback()
        raise TianpingError(f"this database names rows that are not there ({broken[0]}); restore it from a backup")
    connection.commit()
    if sqlite:
        connection.exec_driver_sql("PRAGMA foreign_keys = ON")
