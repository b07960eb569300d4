"""Letters in the outbox: taken by one, put off, sent again, never lost."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection

from tianping.policy.cases.casebook import Casebook
from tianping.store import database
from tianping.store.database import open_database
from tianping.store.desk import outbox
from tianping.store.desk.outbox import Letter
from tianping.work.desk.opening import open_desk
from tianping.work.desk.sitting import Desk

from ..market import HOUR, SECOND, T, order
from .till import letter


@contextmanager
def writing(desk: Desk) -> Iterator[Connection]:
    with database.writing(desk.database) as connection:
        yield connection


def put(desk: Desk, *keys: str, after: int = 0) -> None:
    with writing(desk) as connection:
        outbox.add(
            connection,
            [Letter("notice", key, "order/O1", 1, {"n": n}, T + (n + after) * SECOND) for n, key in enumerate(keys)],
        )


def keys(desk: Desk, at_seconds: int, most: int = 10) -> list[str]:
    with writing(desk) as connection:
        return [row.key for row in outbox.due(connection, "notice", T + at_seconds * SECOND, most)]


def test_due_are_those_whose_time_has_come_longest_waiting_first(any_desk: Desk) -> None:
    order(any_desk)
    put(any_desk, "a", "b", "c")
    assert keys(any_desk, 1) == ["a", "b"]
    assert keys(any_desk, 9, most=2) == ["a", "b"]
    with writing(any_desk) as connection:
        assert outbox.due(connection, "webhook", T + HOUR, 10) == []
        first = outbox.due(connection, "notice", T + HOUR, 1)[0]
        assert (first.payload, first.tries, first.said) == ({"n": 0}, 0, "")
        outbox.put_off(connection, [first.id], T + HOUR)
    assert keys(any_desk, 9) == ["b", "c"]


def test_what_failed_comes_again_and_what_is_done_or_dropped_does_not(any_desk: Desk) -> None:
    order(any_desk)
    put(any_desk, "a", "b", "c")
    with writing(any_desk) as connection:
        failed, done, dropped = outbox.due(connection, "notice", T + HOUR, 10)
        outbox.failed(connection, failed.id, T + HOUR, "x" * 2_000)
        outbox.done(connection, done.id)
        outbox.dropped(connection, dropped.id, "no use")
    assert keys(any_desk, 3_600) == ["a"]
    row = letter(any_desk, "a")
    assert (row.tries, len(row.said)) == (1, 1_000)


@pytest.mark.parametrize(("ended", "again"), [("done", []), ("dropped", ["a"])])
def test_put_in_again_it_is_sent_again_unless_it_has_arrived(any_desk: Desk, ended: str, again: list[str]) -> None:
    order(any_desk)
    put(any_desk, "a")
    with writing(any_desk) as connection:
        (row,) = outbox.due(connection, "notice", T, 1)
        outbox.failed(connection, row.id, T + HOUR, "x")
        getattr(outbox, ended)(connection, row.id, *([] if ended == "done" else ["no"]))
    put(any_desk, "a", after=5)
    assert keys(any_desk, 5) == again
    assert letter(any_desk, "a").tries == 1


def test_put_in_again_while_it_waits_it_keeps_what_was_said(any_desk: Desk) -> None:
    """Else a payment of which nobody knows would be asked for anew without being looked up."""
    order(any_desk)
    put(any_desk, "a")
    with writing(any_desk) as connection:
        (row,) = outbox.due(connection, "notice", T, 1)
        outbox.trying(connection, row.id, T + HOUR, "asking")
    put(any_desk, "a", after=5)
    assert letter(any_desk, "a").said == "asking"
    assert keys(any_desk, 5) == ["a"]


def test_what_one_holds_another_passes_over(postgres_made: str, books: dict[str, Casebook]) -> None:
    desk = open_desk(open_database(postgres_made), books)
    order(desk)
    put(desk, "a", "b")
    with writing(desk) as first:
        assert [row.key for row in outbox.due(first, "notice", T + HOUR, 1)] == ["a"]
        assert keys(desk, 3_600) == ["b"]
