"""A shop's money is one's at a time, and that of several shops is taken in order: seen by two connections of PostgreSQL."""

import datetime as dt
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tianping.cases.case import Case, Due, Step
from tianping.policy.cases.casebook import Casebook
from tianping.store import ledger
from tianping.store.database import open_database, writing
from tianping.work.desk import clock
from tianping.work.desk.clock import Ticked
from tianping.work.desk.opening import open_desk
from tianping.work.desk.sitting import Desk, Sitting

from ..market import DAY, SECOND, T, do, order
from .till import payment, told

WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
SOON = 20.0
AT = dt.datetime(2024, 3, 1)


@pytest.fixture
def database(postgres_made: str) -> Iterator[Engine]:
    engine = open_database(postgres_made)
    yield engine
    engine.dispose()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Somebody else at it."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


def waits(database: Engine, other: Future[Any]) -> bool:
    """Whether the other comes to wait for a lock; not, where it is done without."""
    end = time.monotonic() + SOON
    with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while time.monotonic() < end and not other.done():
            if connection.execute(WAITING).scalar_one():
                return True
            time.sleep(0.01)
    return False


def penalty(database: Engine, *shops: str) -> Callable[[], None]:
    """¥50.00 of each, as a penalty takes it."""

    def taken() -> None:
        with writing(database) as connection:
            ledger.alone_with(connection, *shops[1:], shops[0])
            for shop in shops:
                ledger.pay(connection, shop, 5_000, ledger.FINES, at=AT, cause="a penalty")

    return taken


def balances(database: Engine, *accounts: str) -> list[int]:
    with database.connect() as connection:
        return [ledger.balance(connection, account) for account in accounts]


def test_a_penalty_waits_for_the_desk_that_weighs_the_same_money(database: Engine, pool: ThreadPoolExecutor) -> None:
    """¥50.00 of funds: whoever comes second finds none, and takes of the deposit."""

    def fine() -> None:
        with writing(database) as connection:
            ledger.pay(connection, "S1", 5_000, ledger.FINES, at=AT, cause="a penalty")

    with writing(database) as connection:
        ledger.move(connection, ledger.GATEWAY_IN, ledger.funds("S1"), 5_000, at=AT, cause="a sale")
    with writing(database) as connection:
        ledger.alone_with(connection, "S1")
        assert ledger.balance(connection, ledger.funds("S1")) == 5_000
        other = pool.submit(fine)
        assert waits(database, other)
        ledger.pay(connection, "S1", 5_000, ledger.GATEWAY_OUT, at=AT, cause="a refund")
    other.result(SOON)
    assert balances(database, ledger.funds("S1"), ledger.deposit("S1")) == [0, -5_000]


@pytest.mark.parametrize("many", [2, ledger.MANY])
def test_the_money_of_several_shops_is_taken_in_order(database: Engine, pool: ThreadPoolExecutor, many: int) -> None:
    """Whoever waits for the first holds none of the others."""
    shops = [f"S{n:02}" for n in range(many)]
    with writing(database) as connection:
        ledger.alone_with(connection, shops[0])
        other = pool.submit(penalty(database, *reversed(shops)))
        assert waits(database, other)
        ledger.pay(connection, shops[1], 100, ledger.GATEWAY_OUT, at=AT, cause="a refund")
    other.result(SOON)
    assert balances(database, ledger.deposit(shops[0]), ledger.deposit(shops[1])) == [-5_000, -5_100]


def test_two_workers_who_take_money_of_the_same_shops(
    database: Engine, pool: ThreadPoolExecutor, books: Mapping[str, Casebook], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One has an advance of S1 and one of S2 to take back, the other one of S2 and one of S1, each longest waiting first: none
    of them is refused and has to be done again."""
    desk = told(open_desk(database, books))
    for n, shop in enumerate(("S1", "S2", "S2", "S1")):
        at = T + n * SECOND
        times: dict[str, Any] = dict.fromkeys(("created_at", "paid_at", "shipped_at", "signed_at", "succeeded_at"), at)
        order(desk, at, id_=f"O{n}", shop=shop, brought=True, **times)
        do(desk, payment(desk, "compensation", 100, at, of=f"O{n}"), "succeed", "gateway", at)
    again, others = list[int](), list[Future[Ticked]]()

    def singly(_desk: Desk, _at: dt.datetime, most: int) -> Ticked:
        again.append(most)
        return Ticked()

    monkeypatch.setattr(clock, "_singly", singly)
    due = T + 5 * DAY + 4 * SECOND

    def first_of_two(sitting: Sitting, case: Case, cause: Step, effect: Due, depth: int) -> None:
        desk.follow(sitting, case, cause, effect, depth)
        if effect.effect.post == "take" and not others:
            others.append(pool.submit(clock.tick, desk, due, 2))
            assert waits(database, others[0])

    mine = clock.tick(replace(desk, follow=first_of_two), due, 2)
    assert (mine.lapsed, others[0].result(SOON).lapsed, again) == (2, 2, [])
