"""`tianping doctor` says what a person must see to at the desk."""

import datetime as dt
from pathlib import Path

import pytest
from sqlalchemy import text

from tianping.policy.cases.casebook import Casebook
from tianping.work.desk import clock
from tianping.work.desk.checkup import LATE, signs
from tianping.work.desk.opening import open_desk
from tianping.work.desk.sitting import Desk
from tianping.work.home import Home, open_home

from ..market import HOUR, SECOND, T, ask, do, family, order

DUE = T + 48 * HOUR


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return open_home(tmp_path / "home", create=True)


@pytest.fixture
def here(home: Home, books: dict[str, Casebook]) -> Desk:
    return open_desk(home.database, books)


def told(home: Home, at: dt.datetime) -> dict[str, tuple[str, str]]:
    return {one.what: (one.state, one.told) for one in signs(home, at)}


def test_nothing_of_a_home_without_cases(home: Home) -> None:
    assert told(home, T) == {}


def test_clocks_that_nobody_runs(home: Home, here: Desk) -> None:
    order(here, shipped_at=T)
    ask(here)
    assert told(home, DUE + LATE) == {"desk": ("ok", "2 cases open")}
    assert told(home, DUE + LATE + SECOND) == {"desk": ("look", "2 cases open, 1 clocks overdue; run `tianping work`")}


def test_money_that_hangs(home: Home, here: Desk) -> None:
    order(here, shipped_at=T)
    case = ask(here)
    clock.run_down(here, DUE)
    payment = next(each for each in family(here, case) if each.kind == "payment")
    do(here, payment, "fail", "gateway", DUE + HOUR, failure="no account")
    assert told(home, DUE + HOUR)["payments"] == ("look", "1 failed: an operator is to see to them")


def test_books_that_somebody_changed(home: Home, here: Desk) -> None:
    order(here)
    assert "books" not in told(home, T)
    with home.database.begin() as connection:
        connection.execute(text("UPDATE balance SET fen = fen - 1"))
    said = "1 balances are not what was moved, first shop/S1/funds is kept as 4999 fen, its transfers come to 5000"
    assert told(home, T)["books"] == ("fault", f"{said}: restore a backup")
