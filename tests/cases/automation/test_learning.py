"""What the facts tell of a shop, when one of its orders comes to the desk; what people switched prevails."""

from pathlib import Path

import pytest

from tianping.policy.casebook import Casebook
from tianping.store import ledger
from tianping.work.desk import shops
from tianping.work.desk.bringing import order_of
from tianping.work.desk.opening import open_desk
from tianping.work.desk.sitting import Desk
from tianping.work.home import Home, open_home
from tianping.work.imports import Request, bring
from tianping.work.trail import Doer

from ..market import DAY, HOUR, T, ask, do, family, read

FILES = {
    "shops.csv": "shop_id,platform,switches,deposit_fen,closed_at,updated_at\n"
    'S1,kuaishou,"instant_refund, return_freight",10000,,2024-02-01T00:00:00Z\n'
    "S2,kuaishou,,,2024-03-01T10:00:00Z,2024-02-01T00:00:00Z\n",
    "products.csv": "product_id,shop_id\nP1,S1\nP2,S2\n",
    "orders.csv": "order_id,shop_id,product_id,buyer_id,amount_fen,created_at,paid_at\n"
    "O1,S1,P1,B1,5000,2024-03-01T08:00:00Z,2024-03-01T08:00:00Z\n"
    "O2,S1,P1,B1,5000,2024-03-01T08:00:00Z,2024-03-01T08:00:00Z\n"
    "O3,S2,P2,B1,5000,2024-03-01T08:00:00Z,2024-03-01T08:00:00Z\n"
    "O4,S2,P2,B1,5000,2024-03-01T08:00:00Z,2024-03-01T08:00:00Z\n",
    "past_measures.csv": "measure_id,shop_id,violation,severity,decided_at,points\n"
    "M1,S1,quality_anomaly,minor,2024-02-01T00:00:00Z,60\n",
}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    folder = tmp_path / "given"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    made = open_home(tmp_path / "home", create=True)
    bring(made, Request((folder,), T + DAY))
    return made


@pytest.fixture
def here(home: Home, books: dict[str, Casebook]) -> Desk:
    return open_desk(home.database, books)


def test_switches_start_as_the_facts_tell(home: Home, here: Desk) -> None:
    """Refunded at once, from the deposit: what was paid for a brought order is not with us. Switched off, it stays off."""
    order = order_of(home, here, "O1", T + HOUR)
    assert (order.facts["promise_return_freight"], order.facts["promise_seven_days"]) == (True, False)
    case = ask(here, at=T + HOUR)
    assert read(here, case.id).state == "refunding"
    [payment] = (each for each in family(here, case) if each.kind == "payment")
    do(here, payment, "succeed", "gateway", T + 2 * HOUR)
    with here.database.connect() as connection:
        assert ledger.balance(connection, ledger.deposit("S1")) == -3_000
        known = shops.shop_facts(here.books)(connection, "S1", T + HOUR)
        assert (known["points"], known["deposit_fen"], known["closed"]) == (60, 10_000, False)
    with here.database.begin() as connection:
        shops.switch(connection, Doer(None, T), "S1", "switch_instant_refund", on=False)
    order_of(home, here, "O2", T + 2 * HOUR)
    shops.learn(home, "S1", T + 2 * HOUR)
    assert read(here, ask(here, of="O2", at=T + 2 * HOUR).id).state == "requested"


def test_a_shop_that_closes(home: Home, here: Desk) -> None:
    """From the very second on."""
    order_of(home, here, "O3", T + HOUR)
    order_of(home, here, "O4", T + HOUR)
    assert read(here, ask(here, of="O3", at=T + 2 * HOUR - DAY / 86_400).id).state == "requested"
    assert read(here, ask(here, of="O4", at=T + 2 * HOUR).id).state == "refunding"
