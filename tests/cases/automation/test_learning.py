"""What the facts tell of a shop, when one of its orders comes to the desk; what people switched prevails."""

from pathlib import Path

import pytest

from tianping.policy.cases.casebook import Casebook
from tianping.store import ledger
from tianping.work.desk import rules, shops, trial
from tianping.work.desk.bringing import order_of
from tianping.work.desk.opening import open_desk
from tianping.work.desk.sitting import Desk
from tianping.work.home import Home, open_home
from tianping.work.intake.imports import Request, bring
from tianping.work.people.trail import Doer

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
    "cases.csv": "case_id,order_id,kind,reason,requested_at,answered_at,answer,escalated_at,refund_fen,waybill_at,"
    "return_signed_at\n"
    "C1,O1,refund_only,quality,2024-03-01T09:00:00Z,2024-03-01T10:00:00Z,refused,2024-03-01T11:00:00Z,1000,,\n"
    "C2,O2,refund_only,not_wanted,2024-03-01T09:00:00Z,,,,2000,,\n"
    "C3,O2,return_refund,quality,2024-03-01T09:00:00Z,,,,2000,2024-03-02T09:00:00Z,2024-03-03T09:00:00Z\n"
    "C4,O3,refund_only,quality,2024-03-01T09:00:00Z,,,,1000,,\n",
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


def test_a_rule_tried_on_imported_cases(home: Home, here: Desk) -> None:
    """As far as their times tell: when they were asked for, posted back, signed for; and the desk's own beside them."""
    given = {"of": "custom", "kinds": ["refund_only"], "states": ["requested"], "verb": "agree"}
    quality = rules.read(here.book("kuaishou"), {**given, "when": {"fact": "cause", "is": "quality"}})
    done = trial.trial(home, here, "S1", "kuaishou", quality, T, T + 9 * DAY)
    assert (done.looked, done.cases, done.fen, done.refused, done.disputed) == (2, 1, 1_000, 1, 1)
    assert [each.case_id for each in done.examples] == ["C1"]
    order_of(home, here, "O2", T + HOUR)
    with here.database.begin() as connection:
        shops.switch(connection, Doer(None, T), "S1", "switch_instant_refund", on=False)
    ask(here, of="O2", at=T + HOUR)
    assert trial.trial(home, here, "S1", "kuaishou", quality, T, T + 9 * DAY).cases == 2
    back = {"of": "custom", "kinds": ["return_refund"], "states": ["arrived"], "verb": "confirm"}
    arrived = rules.read(here.book("kuaishou"), back)
    [found] = trial.trial(home, here, "S1", "kuaishou", arrived, T, T + 9 * DAY).examples
    assert (found.case_id, found.at) == ("C3", T + 2 * DAY + HOUR)
