"""A home: the folder that holds everything the embedded default stores, and the one importer's lock."""

import datetime as dt
import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
from sqlalchemy import Engine

from tianping.errors import ImportRefused, NotFound
from tianping.facts import engine, lake
from tianping.facts.versions import Version
from tianping.periods import HOME_ZONE
from tianping.store import versions
from tianping.store.database import open_database, sqlite_url

DATABASE = "tianping.db"


@dataclass(frozen=True, slots=True)
class Home:
    """An opened home. `database` is the operational database, up to date."""

    path: Path
    database: Engine
    zone: str = HOME_ZONE

    @property
    def lake(self) -> Path:
        return self.path / "lake"

    @property
    def scratch(self) -> Path:
        return self.path / "stage"

    def versions(self) -> tuple[Version, ...]:
        """All imports and undos, oldest first."""
        return versions.read(self.database)


def open_home(path: Path, *, create: bool = False, url: str = "") -> Home:
    """Open the home at `path`; `url` is another operational database than its SQLite file. Raises NotFound where there is
    none and it is not to be created."""
    if not create and not url and not (path / DATABASE).exists():
        raise NotFound(f"there is no tianping home at {path}; import facts into it first, or name another with --home")
    if not url and not (path / DATABASE).exists():
        _refuse_other_folders(path)
    path.mkdir(parents=True, exist_ok=True)
    with _lock(path / "open.lock", wait=True):
        return Home(path, open_database(url or sqlite_url(path / DATABASE)))


def _refuse_other_folders(path: Path) -> None:
    """A home is swept of what is not its own, so it never begins in a folder that holds other things."""
    others = sorted(held.name for held in path.iterdir() if held.suffix != ".lock") if path.is_dir() else []
    if others:
        raise ImportRefused(
            f"{path} holds other things ({', '.join(others[:3])}) and is no tianping home; "
            "name a new or empty folder with --home"
        )


def facts(
    home: Home, *, known_at: int | dt.datetime | None = None, memory: str | None = None
) -> tuple[duckdb.DuckDBPyConnection, int]:
    """A fresh DuckDB with the views `facts.<table>` and `facts.coverage` as known at a seq or naive UTC time, and that seq."""
    con = engine.connect(home.path / "spill", memory=memory)
    return con, lake.attach(con, home.lake, home.versions(), known_at=known_at)


@contextmanager
def importing(home: Home) -> Iterator[None]:
    """Hold the import lock. Raises ImportRefused where another import holds it; a killed importer holds nothing."""
    with _lock(home.path / "import.lock", wait=False):
        yield


@contextmanager
def _lock(path: Path, *, wait: bool) -> Iterator[None]:
    with path.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as error:
            raise ImportRefused(f"another import into {path.parent} is running; try again when it is done") from error
        yield
