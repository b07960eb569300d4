"""Requests that wait together share a transaction, and nothing else."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event, text

from tianping.store.database import open_database, sqlite_url
from tianping.work.desk.clerk import MOST, Clerk, NotDone


@pytest.fixture
def database(tmp_path: Path) -> Engine:
    engine = open_database(sqlite_url(tmp_path / "db.sqlite"))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE note (n INTEGER PRIMARY KEY)"))
    return engine


def put(n: int) -> Callable[[], Callable[[Connection], int]]:
    def write(connection: Connection) -> int:
        with connection.begin_nested():
            connection.execute(text("INSERT INTO note VALUES (:n)"), {"n": n})
            if n < 0:
                raise ValueError(n)
        return n

    return lambda: write


def notes(database: Engine) -> list[int]:
    with database.connect() as connection:
        return list(connection.execute(text("SELECT n FROM note ORDER BY n")).scalars())


class Held:
    """A clerk that is kept busy until it is let go, while others come."""

    def __init__(self, database: Engine) -> None:
        self.clerk, self.commits, self._begun, self._free = Clerk(database), 0, threading.Event(), threading.Event()
        event.listen(database, "commit", self._count)
        self.first = self.clerk.ask(self._busy)
        assert self._begun.wait(10)

    def _busy(self) -> Callable[[Connection], None]:
        self._begun.set()
        assert self._free.wait(10)
        return lambda _: None

    def _count(self, _connection: Connection) -> None:
        self.commits += 1

    def go(self) -> None:
        self._free.set()
        self.first.result(10)


def test_who_waits_together_shares_a_commit(database: Engine) -> None:
    held = Held(database)
    asked = [held.clerk.ask(put(n)) for n in range(MOST + 1)]
    held.go()
    assert [each.result(10) for each in asked] == list(range(MOST + 1)) == notes(database)
    assert held.commits == 3  # the first, the most, and the one left


def test_one_that_fails_fails_alone(database: Engine) -> None:
    held = Held(database)
    good, bad, twice, late = (held.clerk.ask(put(n)) for n in (1, -2, 1, 3))
    held.go()
    assert (good.result(10), late.result(10)) == (1, 3)
    assert isinstance(bad.exception(10), ValueError)
    assert "UNIQUE" in str(twice.exception(10))
    assert notes(database) == [1, 3]


def test_one_that_nobody_waits_for_is_not_done(database: Engine) -> None:
    held = Held(database)
    kept, left = held.clerk.ask(put(1)), held.clerk.ask(put(2))
    assert left.cancel()
    held.go()
    assert kept.result(10) == 1
    assert notes(database) == [1]


def test_who_cannot_even_begin_is_told(database: Engine) -> None:
    def stranger() -> Callable[[Connection], None]:
        raise PermissionError

    held = Held(database)
    asked: list[Future[object]] = [held.clerk.ask(stranger), held.clerk.ask(put(5))]
    held.go()
    assert isinstance(asked[0].exception(10), PermissionError)
    assert asked[1].result(10) == 5


def test_a_commit_that_fails_is_told_to_all(database: Engine) -> None:
    """Nobody hears that something was done which is not."""
    held = Held(database)
    asked = [held.clerk.ask(put(n)) for n in (1, 2)]

    def full(_connection: Connection) -> None:
        raise OSError("the disk is full")

    event.listen(database, "commit", full)
    held._free.set()
    told = [each.exception(10) for each in asked]
    assert {(type(each), type(each and each.__cause__)) for each in told} == {(NotDone, OSError)}
    event.remove(database, "commit", full)
    assert notes(database) == []


def test_a_disk_that_is_full_within_a_group_is_told_to_all(database: Engine) -> None:
    """SQLite then takes the whole transaction back by itself: who was before is not written, who comes after must not be."""
    with database.begin() as connection:
        connection.execute(text("CREATE TABLE page (n INTEGER PRIMARY KEY, text TEXT)"))

    def fill() -> Callable[[Connection], None]:
        def write(connection: Connection) -> None:
            pages = connection.execute(text("PRAGMA page_count")).scalar_one()
            connection.execute(text(f"PRAGMA max_page_count = {pages + 2}"))
            with connection.begin_nested():
                connection.execute(text("INSERT INTO page VALUES (1, zeroblob(100000))"))

        return write

    held = Held(database)
    asked: list[Future[object]] = [held.clerk.ask(put(1)), held.clerk.ask(fill), held.clerk.ask(put(2))]
    held.go()
    assert all(each.exception(10) for each in asked)
    assert notes(database) == []


@pytest.mark.parametrize("end", [SystemExit, GeneratorExit, KeyboardInterrupt, StopIteration])
def test_one_that_ends_otherwise_ends_alone(database: Engine, end: type[BaseException]) -> None:
    """By what is no error: nobody waits for ever, and the others are done."""

    def ends(*_: object) -> Callable[[Connection], None]:
        raise end

    held = Held(database)
    asked: list[Future[object]] = [held.clerk.ask(each) for each in (put(1), ends, lambda: ends, put(2))]
    held.go()
    for bad in (asked[1].exception(10), asked[2].exception(10)):
        assert isinstance(bad, RuntimeError)
        assert type(bad.__cause__) is end
    assert (asked[0].result(10), asked[3].result(10), held.clerk.ask(put(3)).result(10)) == (1, 2, 3)
    assert notes(database) == [1, 2, 3]


def test_a_turn_that_ends_otherwise_is_told_to_all_and_the_clerk_goes_on(database: Engine) -> None:
    def ends(_connection: Connection) -> None:
        raise SystemExit

    held = Held(database)
    asked = [held.clerk.ask(put(n)) for n in (1, 2)]
    event.listen(database, "commit", ends)
    held._free.set()
    assert {type(each.exception(10)) for each in asked} == {NotDone}
    event.remove(database, "commit", ends)
    assert held.clerk.ask(put(3)).result(10) == 3
    assert notes(database) == [3]
