"""A home: the folder that holds everything the embedded default stores, and the one importer's lock."""

import datetime as dt
import fcntl
import json
import weakref
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from tianping.errors import ImportRefused, NotFound, TianpingError
from tianping.facts import engine, lake
from tianping.facts.versions import Version, newest
from tianping.periods import HOME_ZONE
from tianping.store import settings, versions
from tianping.store.database import open_database, sqlite_url

DATABASE = "tianping.db"
READERS = "readers.lock"
"""Held, shared, by whoever reads the lake."""
OUTSIDE = (OSError, duckdb.IOException, duckdb.OutOfMemoryException, OperationalError)
"""What can fail without anybody's mistake: the disk, the memory."""
SCOPES = ("own_shops", "market")


@dataclass(frozen=True, slots=True)
class Home:
    """An opened home. `database` is the operational database, up to date. `memory` caps what reading facts holds (`"1GB"`; what
    is more spills to the disk), else 80 % of the machine's."""

    path: Path
    database: Engine
    zone: str = HOME_ZONE
    memory: str | None = None

    @property
    def lake(self) -> Path:
        return self.path / "lake"

    @property
    def scratch(self) -> Path:
        return self.path / "stage"

    @property
    def scope(self) -> str:
        """`own_shops`, or `market`: whether averages over the home stand for the platform."""
        return settings.get(self.database, "scope", SCOPES[0])

    def versions(self) -> tuple[Version, ...]:
        """All imports and undos, oldest first."""
        return versions.read(self.database)


def open_home(path: Path, *, create: bool = False, url: str = "", memory: str | None = None) -> Home:
    """Open the home at `path`; `url` is another operational database than its SQLite file. Raises NotFound where there is
    none and it is not to be created."""
    if not create and not url and not (path / DATABASE).exists():
        raise NotFound(
            f"there is no tianping home at {path}; import facts into it first, or begin one with `tianping serve` (cases need "
            "no facts), or name another with --home"
        )
    if not url and not (path / DATABASE).exists():
        _refuse_other_folders(path)
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    with locked(path / "open.lock", wait=True):
        if not url and not (path / DATABASE).exists():
            (path / DATABASE).touch(mode=0o600)  # buyers' words and digests of tokens; SQLite makes its WAL alike
        return Home(path, open_database(url or sqlite_url(path / DATABASE)), memory=memory)


def set_scope(home: Home, scope: str) -> None:
    """Say what the home is. Raises NotFound for a scope there is none of."""
    if scope not in SCOPES:
        raise NotFound(f"there is no scope {scope}; a home is {' or '.join(SCOPES)}")
    settings.put(home.database, "scope", scope)


def _refuse_other_folders(path: Path) -> None:
    """A home is swept of what is not its own, so it never begins in a folder that holds other things."""
    others = sorted(held.name for held in path.iterdir() if held.suffix != ".lock") if path.is_dir() else []
    if others:
        raise ImportRefused(
            f"{path} holds other things ({', '.join(others[:3])}) and is no tianping home; "
            "name a new or empty folder with --home"
        )


def facts(
    home: Home, *, known_at: int | dt.datetime | None = None, memory: str | None = None, tables: Collection[str] = ()
) -> tuple[duckdb.DuckDBPyConnection, int]:
    """A fresh DuckDB with the views `facts.<table>` and `facts.coverage` as known at a seq or naive UTC time, and that seq;
    with those of `tables` alone, for who reads only these.
    As long as the connection lives, no file that it may read is swept."""
    con = reading(home, memory=memory)
    try:
        return con, lake.attach(con, home.lake, home.versions(), known_at=known_at, tables=tables)
    except duckdb.IOException as error:
        raise TianpingError(f"facts in {home.path} cannot be read; see `tianping doctor`: {error}") from error


def reading(home: Home, *, memory: str | None = None) -> duckdb.DuckDBPyConnection:
    """A fresh DuckDB; from here on, until it is gone, the files of the versions read after this stay where they are."""
    con = engine.connect(home.path / "spill", memory=memory or home.memory)
    handle = (home.path / READERS).open("a")
    fcntl.flock(handle, fcntl.LOCK_SH)
    weakref.finalize(con, handle.close)
    return con


@contextmanager
def whole(home: Home, what: str) -> Iterator[None]:
    """`what` is done as a whole or not at all: where disk or memory fail, files that no version names are swept. Raises
    ImportRefused then. The versions are read anew, because the failure may have come after the commit."""
    try:
        yield
    except OUTSIDE as error:
        lake.sweep(home.lake, home.versions())
        raise ImportRefused(f"{what} failed and the store is as it was; mend this and try again: {_plain(error)}") from error


def _plain(error: Exception) -> str:
    """What went wrong, in words: DuckDB says some of it as JSON."""
    told = str(error)
    with suppress(ValueError, KeyError, TypeError):
        told = str(json.loads(told)["exception_message"])
    return told


@contextmanager
def importing(home: Home) -> Iterator[None]:
    """Hold the import lock. Raises ImportRefused where another import holds it; a killed importer holds nothing."""
    with locked(home.path / "import.lock", wait=False) as held:
        if not held:
            raise ImportRefused(f"another import into {home.path} is running; try again when it is done")
        yield


def wait_for_import(home: Home) -> None:
    """Until no other import is running. Another one may begin right after: then `importing` refuses."""
    with locked(home.path / "import.lock", wait=True):
        pass


def sweep(home: Home, known: Sequence[Version]) -> bool:
    """Delete the files that no version names, and, where nobody reads, those that others have replaced; whether so. Only
    under the import lock: a reader that begins now finds the newer files named."""
    with locked(home.path / READERS, wait=False) as alone:
        lake.sweep(home.lake, known, replaced=alone)
    return alone


def moment(known: Sequence[Version], at: dt.datetime, *, said: bool = False) -> dt.datetime:
    """When a version counts as known: never before what came before it, or a past state would change. Raises ImportRefused
    where a person said an earlier time."""
    last = known[-1].at if known else at
    if said and at < last:
        raise ImportRefused(
            f"--as-of {at} UTC is before import {known[-1].seq} of {last} UTC, and what was known then may not change; "
            "give a later time, or none"
        )
    return max(last, at)


def own_versions(home: Home) -> tuple[Version, ...]:
    """The versions, where database and lake belong together; and the lake's mark, where a killed import left it behind."""
    known = require_own(home)
    if lake.marked(home.lake) < newest(known):
        lake.mark(home.lake, newest(known))
    return known


def require_own(home: Home) -> tuple[Version, ...]:
    """The versions, where the database does not know less than the home's files. Raises ImportRefused."""
    marked = lake.marked(home.lake)  # before the versions: who imports meanwhile is not taken for another home
    known = home.versions()
    if marked > newest(known):
        raise ImportRefused(
            f"the lake in {home.path} holds imports up to {marked}, its database knows them up to {newest(known)}: "
            "name the right database, or restore both from one backup"
        )
    return known


def commit(home: Home, version: Version, *more: Callable[[Connection], None]) -> None:
    """Make a version part of the store, and with it what `more` does in the database."""
    with home.database.begin() as connection:
        versions.add(connection, version)
        for act in more:
            act(connection)
    with suppress(OSError):  # it is committed; the next import makes up for the mark
        lake.mark(home.lake, version.seq)


@contextmanager
def locked(path: Path, *, wait: bool, shared: bool = False) -> Iterator[bool]:
    """Hold a file's lock (`shared`: with others who share it); whether it is held (always, with `wait`)."""
    with path.open("a") as handle:
        try:
            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True
