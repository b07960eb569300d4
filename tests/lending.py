"""DuckDB's databases in memory, lent to one after the other. To make one takes 14 ms, for it registers all its functions: a
seventh of what the tests of homes took. To empty one takes one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary, finalize

import duckdb
import pytest
from duckdb import DuckDBPyConnection as Connection

_SET = (
    "enable_external_file_cache", "memory_limit", "parquet_metadata_cache", "partitioned_write_flush_threshold",
    "preserve_insertion_order", "temp_directory", "threads", "TimeZone",
)  # fmt: skip
"""What the program sets of a whole database; the rest is of a connection and goes with it."""
_EMPTY = (
    "USE other", "DETACH memory", "ATTACH ':memory:' AS memory",
    "USE memory", "DETACH other", "ATTACH ':memory:' AS other",  # so that `memory` is again what new connections begin in
    "SET enable_external_file_cache = false",  # forgets what it has read of files
    *(f"RESET {name}" for name in _SET),
)  # fmt: skip
"""New catalogs for old. Fails where one cannot become again what it was, and that one is not used again."""
_OTHERS = "FROM duckdb_connection_count()"
_SETTINGS = "SELECT name, value FROM duckdb_settings() WHERE name <> 'search_path' ORDER BY name"


@contextmanager
def lending(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """`duckdb.connect()` gives a connection to an empty database that nobody else has, and that comes back when the connection
    is closed or gone. In the end each must be set as a new one is."""
    make, free, back = duckdb.connect, list[Connection](), list[Connection]()
    lent: WeakKeyDictionary[Connection, finalize[..., Connection]] = WeakKeyDictionary()
    turn = Lock()

    def empty() -> None:
        with turn:
            while back:
                if _emptied(lender := back.pop()):
                    free.append(lender)

    def connect(*where: Any, **how: Any) -> Connection:
        if where or how:
            return make(*where, **how)
        empty()
        with turn:
            lender = free.pop() if free else None
        con = (lender := lender or _lender(make)).cursor()
        lent[con] = finalize(con, back.append, lender)
        return con

    def closing(close: Callable[..., Any]) -> Callable[..., Any]:
        def closed(con: Connection, *why: object) -> Any:
            done = close(con, *why)
            if gone := lent.pop(con, None):
                gone()
                empty()
            return done

        return closed

    patch.setattr(duckdb, "connect", connect)
    for name in ("close", "__exit__"):
        patch.setattr(Connection, name, closing(getattr(Connection, name)))
    yield
    with make() as new:
        assert all(_settings(each) == _settings(new) for each in free)


def _lender(make: Callable[[], Connection]) -> Connection:
    lender = make()
    lender.execute("ATTACH ':memory:' AS other")
    return lender


def _emptied(lender: Connection) -> bool:
    """Whether it is; it is left alone as long as a result or a cursor of whoever had it is there."""
    if lender.execute(_OTHERS).fetchall() != [(1,)]:
        return False
    try:
        lender.execute("; ".join(_EMPTY))
    except duckdb.Error:
        return False
    return True


def _settings(con: Connection) -> list[Any]:
    return con.execute(_SETTINGS).fetchall()
