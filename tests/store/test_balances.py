"""What a shop's money comes to is kept with each transfer, and is always what the transfers come to."""

import datetime as dt
import itertools
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from alembic import command
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, event, text

from tianping.store import ledger
from tianping.store.database import open_database, sqlite_url

from .test_judgement import migrations

MIDNIGHT = dt.datetime(2024, 3, 2)
SECOND = dt.timedelta(seconds=1)
ACCOUNTS = (
    ledger.funds("S1"),
    ledger.deposit("S1"),
    ledger.outside("S1"),
    ledger.funds("S10"),
    ledger.FINES,
    ledger.GATEWAY_IN,
)
CAUSES = ("case A event 1", "case A event 2", "case A event 10", "case AA event 1", "violation 1 event 2")


class Move(NamedTuple):
    """Which two accounts, how much, when: in seconds about a midnight; and why."""

    accounts: tuple[str, str]
    fen: int
    seconds: int
    cause: str


pairs = st.sampled_from(list(itertools.permutations(ACCOUNTS, 2)))
moves = st.builds(Move, pairs, st.integers(1, 10_000), st.integers(-100_000, 100_000), st.sampled_from(CAUSES))


def make(connection: Connection, move: Move) -> None:
    at = MIDNIGHT + move.seconds * SECOND
    ledger.move(connection, *move.accounts, move.fen, at=at, cause=move.cause)


def truly(connection: Connection, account: str, at: dt.datetime | None = None) -> int:
    """A balance by the transfers alone."""
    found = [each for each in ledger.of_account(connection, account) if at is None or each.at <= at]
    return sum(each.amount_fen if each.to_account == account else -each.amount_fen for each in found)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return open_database(sqlite_url(tmp_path_factory.mktemp("balances") / "db.sqlite"))


def agree(connection: Connection, ats: list[dt.datetime]) -> None:
    for account in ACCOUNTS:
        assert ledger.balance(connection, account) == truly(connection, account)
        for at in ats:
            assert ledger.balance(connection, account, at) == truly(connection, account, at)
    assert not ledger.unbalanced(connection)


@given(st.lists(moves, max_size=25), st.lists(st.integers(-100_000, 100_000), max_size=3), st.sampled_from(CAUSES))
@settings(max_examples=60, deadline=None)
def test_a_balance_is_what_the_transfers_come_to(database: Engine, made: list[Move], days: list[int], cause: str) -> None:
    """Ever, and up to any second; also after transfers of a cause were reversed, once."""
    ats = [MIDNIGHT + seconds * SECOND for seconds in (*days, 0, -1)]
    with database.connect() as connection:
        for each in made:
            make(connection, each)
        agree(connection, ats)
        back = [each for each in made if each.cause == cause and each.accounts[0].startswith("shop/S1/")]
        given_back = [ledger.give_back_all(connection, ACCOUNTS[:3], [cause], at=MIDNIGHT, cause="back") for _ in range(2)]
        assert given_back == [len(back), 0]
        agree(connection, ats)
        connection.rollback()


EIGHT = [
    Move((ACCOUNTS[4], ACCOUNTS[0]), 700, -1, CAUSES[0]),
    Move((ACCOUNTS[0], ACCOUNTS[1]), 300, 0, CAUSES[1]),
    Move((ACCOUNTS[1], ACCOUNTS[4]), 500, 90_000, CAUSES[2]),
]


def test_the_second_before_and_after_midnight(either: Engine) -> None:
    with either.begin() as connection:
        for each in EIGHT:
            make(connection, each)
        funds, deposit = ACCOUNTS[:2]
        asked = [(funds, -2), (funds, -1), (funds, 0), (deposit, -1), (deposit, 0), (deposit, 89_999), (deposit, 90_000)]
        told = [ledger.balance(connection, account, MIDNIGHT + seconds * SECOND) for account, seconds in asked]
        assert told == [0, 700, 400, 0, 300, 300, -200]
        agree(connection, [])


def test_the_migration_fills_balances_both_ways(either: Engine) -> None:
    with either.begin() as connection:
        for each in EIGHT:
            make(connection, each)
    with either.begin() as connection:
        command.downgrade(migrations(connection), "0007")
        make_old = text(
            "INSERT INTO transfer (at, from_account, to_account, amount_fen, cause) VALUES (:at, :a, :b, 11, 'older program')"
        )
        connection.execute(make_old, {"at": MIDNIGHT.isoformat(" ", "microseconds"), "a": ACCOUNTS[0], "b": ACCOUNTS[4]})
    with either.begin() as connection:
        command.upgrade(migrations(connection), "head")
    with either.begin() as connection:
        assert ledger.balance(connection, ACCOUNTS[0]) == 700 - 300 - 11
        make(connection, EIGHT[0])
        agree(connection, [MIDNIGHT])


def test_a_balance_that_was_changed_by_hand_is_found(either: Engine) -> None:
    with either.begin() as connection:
        for each in EIGHT:
            make(connection, each)
        connection.execute(text("UPDATE balance SET fen = fen + 1 WHERE account = 'shop/S1/deposit' AND day = '2024-03-02'"))
        assert ledger.unbalanced(connection) == [("shop/S1/deposit", -199, -200)]


def test_no_question_goes_through_a_shops_history(tmp_path: Path) -> None:
    """Found by an index, all of them: what a payment asks costs the same whatever the shop has moved before."""
    engine = open_database(sqlite_url(tmp_path / "db.sqlite"))
    plans: list[str] = []

    def explain(connection: Connection, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        plans.extend(row[3] for row in connection.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", parameters))

    event.listen(engine, "before_cursor_execute", explain)
    with engine.begin() as connection:
        ledger.balance(connection, ACCOUNTS[0])
        ledger.balance(connection, ACCOUNTS[0], MIDNIGHT)
        ledger.give_back_all(connection, ACCOUNTS, list(CAUSES), at=MIDNIGHT, cause="back")
    found = {plan.split(" (")[0] for plan in plans if "transfer" in plan or "balance" in plan}
    assert found == {
        f"SEARCH {table} USING INDEX {index}"
        for table, index in (
            ("balance", "sqlite_autoindex_balance_1"), ("transfer", "ix_transfer_to_account"),
            ("transfer", "ix_transfer_from_account"), ("transfer", "ix_transfer_cause"),
        )
    } | {"SEARCH back USING INDEX sqlite_autoindex_transfer_1"}  # fmt: skip
