"""Sanctioned shops and obstructive merchants: what is refunded by itself, at whose cost, and that no sanction feeds itself."""

import datetime as dt
from collections.abc import Callable

import pytest

from tianping.store import ledger
from tianping.store.desk import shops
from tianping.work.desk.automation import over_shop
from tianping.work.desk.factrows import Kin, case_row
from tianping.work.desk.sitting import Desk

from ..market import DAY, HOUR, REFUSAL, SECOND, T, ask, do, events, family, order, pass_time, read
from .shops import EARLIER, effect, give_points, punish, switch, tell

SANCTION = "kuaishou/sanctioned_shop 2010-01-01"
YEAR = dt.timedelta(days=365)


def state_of(desk: Desk, at: dt.datetime = T, of: str = "O1") -> str:
    order(desk, at, id_=of)
    return read(desk, ask(desk, at=at, of=of).id).state


AGAINST: list[tuple[Callable[[Desk], object], bool]] = [
    (lambda desk: None, False),
    (lambda desk: tell(desk, closed_at=T.isoformat()), True),
    (lambda desk: tell(desk, closed_at=(T + SECOND).isoformat()), False),
    (lambda desk: effect(desk, "remove", None, T, None), True),
    (lambda desk: effect(desk, "remove", None, T + SECOND, None), False),
    (lambda desk: effect(desk, "ban", 9, T, None), False),
    (lambda desk: give_points(desk, 100), True),
    (lambda desk: give_points(desk, 99), False),
    (lambda desk: [give_points(desk, n, at=EARLIER + n * SECOND) for n in (60, 40)], True),
    (lambda desk: give_points(desk, 100, at=T - YEAR + SECOND), True),
    (lambda desk: give_points(desk, 100, at=T - YEAR), False),
    (lambda desk: punish(desk, "quality_anomaly", "serious"), True),
    (lambda desk: punish(desk, "quality_anomaly", "serious", subject="P1"), True),
    (lambda desk: punish(desk, "quality_anomaly", "extremely_serious"), True),
    (lambda desk: punish(desk, "quality_anomaly", "minor"), False),
    (lambda desk: punish(desk, "quality_anomaly", "serious", state="proposed"), False),
    (lambda desk: punish(desk, "quality_anomaly", "serious", state="appealed"), True),
    (lambda desk: punish(desk, "quality_anomaly", "serious", state="overturned"), False),
    (lambda desk: punish(desk, "quality_anomaly", "serious", state="served"), False),
    (lambda desk: punish(desk, "quality_anomaly", "serious", shop="S2"), False),
    (lambda desk: punish(desk, "late_shipment", "serious"), True),
    (lambda desk: punish(desk, "fake_shipment", "especially_serious"), True),
    (lambda desk: punish(desk, "shipping_below_line", "serious"), True),
    (lambda desk: punish(desk, "shipping_below_line", "minor"), False),
    (lambda desk: punish(desk, "liable_disputes_severe", "especially_serious"), True),
    (lambda desk: punish(desk, "liable_disputes", "minor"), False),
    (lambda desk: punish(desk, "negative_reviews", "extremely_serious"), False),
    (lambda desk: switch(desk, "abandoned"), True),
    (lambda desk: switch(desk, "abandoned", on=False), False),
]


@pytest.mark.spec("KS-A04")
@pytest.mark.parametrize(("against", "refunded"), AGAINST, ids=range(len(AGAINST)))
def test_whom_the_platform_refunds_for(desk: Desk, against: Callable[[Desk], object], refunded: bool) -> None:
    against(desk)
    assert state_of(desk) == ("refunding" if refunded else "requested")


@pytest.mark.spec("KS-P10")
@pytest.mark.spec("KS-A04")
def test_a_hundred_points_in_both_databases(any_desk: Desk) -> None:
    """From the very second on at which the hundredth point counts, and no longer than 365 days; points of measures from before
    this system count with them. At the merchant's cost, in the platform's name, by the rule."""
    desk = any_desk
    tell(desk, past=[[(T - YEAR + HOUR).isoformat(), 40], [(T - YEAR).isoformat(), 500]])
    give_points(desk, 60, at=T + SECOND)
    assert state_of(desk, T, "O1") == "requested"
    assert state_of(desk, T + SECOND, "O2") == "refunding"
    assert state_of(desk, T + HOUR - SECOND, "O3") == "refunding"
    assert state_of(desk, T + HOUR, "O4") == "requested"
    case = next(each for each in family(desk, "order/O2") if each.kind == "refund_only")
    last = events(desk, case)[-1]
    assert (last.verb, last.doer.actor, last.doer.rule) == ("agree", "platform", SANCTION)
    [payment] = (each for each in family(desk, case) if each.kind == "payment")
    assert payment.facts["borne_by"] == "merchant"


@pytest.mark.spec("KS-A04")
def test_a_return_to_a_sanctioned_shop(desk: Desk) -> None:
    """Agreed at once, refunded as soon as it is signed for; the goods still come back first."""
    switch(desk, "abandoned")
    order(desk, shipped_at=T, signed_at=T)
    case = read(desk, ask(desk, "return_refund", T + DAY).id)
    assert case.state == "agreed"
    assert do(desk, case, "post_back", "buyer", T + 2 * DAY, return_waybill="SF1").state == "returning"
    assert do(desk, case, "return_signed", "platform", T + 3 * DAY).state == "refunding"


@pytest.mark.spec("KS-A04")
def test_what_was_refused_before_stays_refused(desk: Desk) -> None:
    order(desk)
    case = ask(desk)
    do(desk, case, "refuse", "merchant", T + HOUR, **REFUSAL)
    give_points(desk, 100)
    assert do(desk, case, "talk", "buyer", T + 2 * HOUR, talk="please").state == "refused"


def test_open_cases_when_a_sanction_begins(any_desk: Desk) -> None:
    """They see it at their next change, or when somebody has the rules go over the shop; once."""
    desk = any_desk
    for n in range(3):
        order(desk, id_=f"O{n}")
    asked = [ask(desk, of=f"O{n}").id for n in range(2)]
    do(desk, asked[0], "withdraw", "buyer", T)
    give_points(desk, 100)
    assert read(desk, asked[1]).state == "requested"
    assert [over_shop(desk, "S1", T + HOUR) for _ in range(2)] == [1, 0]
    assert [read(desk, each).state for each in asked] == ["closed", "refunding"]


@pytest.mark.spec("KS-A05")
@pytest.mark.parametrize(("kind", "state"), [("refund_only", "refunding"), ("return_refund", "agreed")])
def test_an_obstructive_merchant(desk: Desk, kind: str, state: str) -> None:
    """The operator says so; then what is asked is approved, and what was refused."""
    order(desk, shipped_at=T, signed_at=T)
    case = ask(desk, kind)
    do(desk, case, "refuse", "merchant", T + HOUR, **REFUSAL)
    switch(desk, "obstructive", at=T + 2 * HOUR)
    after = do(desk, case, "talk", "buyer", T + 3 * HOUR, talk="they do not answer")
    assert (after.state, after.facts["handled_by"]) == (state, "platform")
    order(desk, id_="O2", shipped_at=T, signed_at=T)
    assert read(desk, ask(desk, kind, T + 3 * HOUR, of="O2").id).state == state


@pytest.mark.spec("KS-A05")
def test_an_idle_merchant_pays_from_the_deposit(desk: Desk) -> None:
    """Not answered in time, it is approved; what the settlement funds do not hold is taken from the deposit."""
    tell(desk, deposit_fen=10_000)
    order(desk, shipped_at=T)
    with desk.database.begin() as connection:
        ledger.move(connection, ledger.funds("S1"), "elsewhere", 4_000, at=T, cause="test")
    case = ask(desk)
    due = T + 48 * HOUR
    assert pass_time(desk, case, due - SECOND).state == "requested"
    assert pass_time(desk, case, due).state == "refunding"
    [payment] = (each for each in family(desk, case) if each.kind == "payment")
    do(desk, payment, "succeed", "gateway", due + HOUR)
    assert read(desk, case.id).state == "refunded"
    with desk.database.connect() as connection:
        assert ledger.balance(connection, ledger.funds("S1")) == 0
        assert ledger.balance(connection, ledger.deposit("S1")) == -2_000, "¥20 of the ¥100 that the facts tell"
    assert not [each for each in family(desk, case) if each.kind == "advance"]


@pytest.mark.spec("KS-A05")
def test_an_obstructive_merchant_pays_from_the_deposit(desk: Desk) -> None:
    tell(desk, deposit_fen=10_000)
    switch(desk, "obstructive")
    order(desk, brought=True)
    case = ask(desk)
    [payment] = (each for each in family(desk, case) if each.kind == "payment")
    do(desk, payment, "succeed", "gateway", T + HOUR)
    with desk.database.connect() as connection:
        assert ledger.balance(connection, ledger.deposit("S1")) == -3_000


@pytest.mark.spec("KS-A04")
def test_a_sanction_does_not_feed_itself(desk: Desk) -> None:
    """The refund it makes adds nothing against the shop: no liability, no escalation, no case that the buyer did not ask for.
    A case that the platform opens itself says so, and leaves the adjusted population of violations (`judgement/leaving.py`)."""
    give_points(desk, 100)
    order(desk)
    mine = read(desk, ask(desk).id)
    row = case_row(mine, Kin({}), "buyer")
    assert (row["opened_by"], row["handled_by"]) == ("buyer", "platform")
    assert [row[name] for name in ("liability", "judged_at", "escalated_at", "compensation_fen", "refusal_reason")] == [
        None, None, None, row["compensation_fen"], None
    ]  # fmt: skip
    assert not row["compensation_fen"]
    order(desk, id_="O2")
    theirs = read(desk, ask(desk, of="O2", by="platform").id)
    assert theirs.state == "refunding"
    row = case_row(theirs, Kin({}), "platform")
    assert row["opened_by"] == "platform"


def test_points_are_not_looked_up_where_nothing_is_asked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Most verbs lead where no rule acts: those cost no query of the shop's standing."""
    order(desk, shipped_at=T)
    case = ask(desk)
    monkeypatch.setattr(shops, "in_force", lambda *_: pytest.fail("asked"))
    do(desk, case, "agree", "merchant", T + HOUR)
