"""Opening the operational database: SQLite by default (WAL), any SQLAlchemy URL; brought up to date by Alembic."""

from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, inspect, text

from tianping.errors import TianpingError

HEAD = "0002"
"""The newest migration; a test holds that it is. Where the database has it, Alembic need not be loaded."""
MIGRATIONS = Path(__file__).parent / "migrations"
_BUSY_SECONDS = 30


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite file."""
    return URL.create("sqlite", database=str(path)).render_as_string(hide_password=False)


def open_database(url: str) -> Engine:
    """The engine of the database at `url`, its tables up to date. Raises TianpingError for a database newer than the program.

    Two processes must not open a *new* database at once: `work.home` holds a lock around this.
    """
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    if _revision(engine) != HEAD:
        _upgrade(engine)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """WAL: readers and the one writer do not block each other. FULL: a commit survives a power cut."""
    for setting in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", f"busy_timeout = {_BUSY_SECONDS * 1000}"):
        connection.execute(f"PRAGMA {setting}")


def _revision(engine: Engine) -> str | None:
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
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise TianpingError(
                f"this database was written by a newer tianping; use that version to open it ({error})"
            ) from error
