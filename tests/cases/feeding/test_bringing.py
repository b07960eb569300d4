"""Orders that the facts know come to the desk when they are asked for, with what was refunded elsewhere."""

import datetime as dt
from pathlib import Path

import pytest

from tianping.errors import NotFound
from tianping.policy.cases.casebook import Casebook
from tianping.work.desk.bringing import order_of
from tianping.work.desk.feeding import feed
from tianping.work.desk.opening import open_desk
from tianping.work.desk.sitting import CaseRefused, Desk
from tianping.work.home import Home, facts, open_home
from tianping.work.intake.imports import Request, bring

from ..market import DAY, T, ask

FILES = {
    "shops.csv": "shop_id,platform,timezone\nS1,kuaishou,Asia/Urumqi\n",
    "products.csv": "product_id,shop_id,virtual,seven_days\nP1,S1,false,true\n",
    "orders.csv": "order_id,shop_id,product_id,buyer_id,amount_fen,freight_fen,created_at,paid_at\n"
    "O1,S1,P1,B1,5000,300,2024-03-01T08:00:00Z,2024-03-01T08:01:00Z\n",
    "parcels.csv": "parcel_id,order_id,direction,shipped_at,signed_at\n"
    "A1,O1,out,2024-03-01T10:00:00Z,2024-03-03T10:00:00Z\n"
    "A2,O1,out,2024-03-01T09:00:00Z,2024-03-04T10:00:00Z\n"
    "A3,O1,back,2024-03-05T10:00:00Z,\n",
    "cases.csv": "case_id,order_id,kind,reason,requested_at,outcome,refund_fen,freight_fen\n"
    "C1,O1,refund_only,quality,2024-03-05T10:00:00Z,refunded,1000,100\n"
    "C2,O1,refund_only,quality,2024-03-05T10:00:00Z,closed,2000,\n",
}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    folder = tmp_path / "given"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    made = open_home(tmp_path / "home", create=True)
    bring(made, Request((folder,), T + 6 * DAY))
    return made


@pytest.fixture
def here(home: Home, books: dict[str, Casebook]) -> Desk:
    return open_desk(home.database, books)


def test_an_order_comes_as_the_facts_know_it(home: Home, here: Desk) -> None:
    order = order_of(home, here, "O1", T + 6 * DAY)
    assert (order.state, order.shop_id, order.platform, order.zone) == ("signed", "S1", "kuaishou", "Asia/Urumqi")
    assert order.facts["shipped_at"] == dt.datetime(2024, 3, 1, 9)
    assert order.facts["signed_at"] == dt.datetime(2024, 3, 4, 10)  # the last of its outbound parcels
    assert (order.facts["seven_days"], order.facts["refunded_fen"]) == (True, 1_100)
    assert order_of(home, here, "O1", T + 7 * DAY) == order


def test_what_was_refunded_elsewhere_cannot_be_refunded_again(home: Home, here: Desk) -> None:
    order_of(home, here, "O1", T + 6 * DAY)
    with pytest.raises(CaseRefused, match="more than was paid"):
        ask(here, at=T + 6 * DAY, refund_fen=4_201)
    assert ask(here, at=T + 6 * DAY, refund_fen=4_200).state == "requested"


def test_an_order_brought_is_not_given_back(home: Home, here: Desk) -> None:
    order_of(home, here, "O1", T + 6 * DAY)
    case = ask(here, at=T + 6 * DAY)
    assert feed(home, T + 7 * DAY).rows == {"cases": 1}
    con, _ = facts(home)
    assert con.execute("SELECT buyer_id FROM facts.orders").fetchall() == [("B1",)]
    assert con.execute("SELECT case_id FROM facts.cases ORDER BY 1").fetchall() == sorted([(case.id,), ("C1",), ("C2",)])


def test_an_order_that_nobody_knows(home: Home, here: Desk) -> None:
    with pytest.raises(NotFound, match="neither at the desk nor in the facts"):
        order_of(home, here, "O9", T)
