"""Instant refund, the assistant, and what a person takes back: each at the second and at the fen."""

import datetime as dt
from typing import Any

import pytest

from tianping.cases.case import Case, Refusal
from tianping.store import ledger
from tianping.work.desk import effects
from tianping.work.desk.factrows import Kin, case_row
from tianping.work.desk.sitting import CaseRefused, Desk

from ..market import DAY, HOUR, SECOND, T, ask, do, events, family, order, read, refused
from .shops import switch

RULE = "kuaishou/instant_refund 2010-01-01"


def asked(desk: Desk, kind: str = "refund_only", at: dt.datetime = T, **takes: Any) -> Case:
    """A case as it stands once the rules have acted."""
    return read(desk, ask(desk, kind, at, **takes).id)


@pytest.mark.spec("KS-A01")
def test_instant_refund(any_desk: Desk) -> None:
    """Agreed in the buyer's own transaction, by the rule, which the event names; the money is on its way."""
    desk = any_desk
    switch(desk, "switch_instant_refund")
    order(desk)
    case = asked(desk, at=T + HOUR)
    assert (case.state, case.facts["handled_by"]) == ("refunding", "rule")
    assert [(each.verb, each.doer.actor, each.doer.rule, each.at) for each in events(desk, case)] == [
        ("request", "buyer", "", T + HOUR),
        ("agree", "rule", RULE, T + HOUR),
    ]
    assert [(each.facts["fen"], each.state) for each in family(desk, case) if each.kind == "payment"] == [(3_000, "asked")]


@pytest.mark.spec("KS-A01")
@pytest.mark.parametrize(
    ("facts", "after", "instant"),
    [
        ({}, 6 * HOUR - SECOND, True),
        ({}, 6 * HOUR, True),
        ({}, 6 * HOUR + SECOND, False),
        ({"amount_fen": 29_999}, HOUR, True),
        ({"amount_fen": 30_000}, HOUR, False),
        ({"shipped_at": T + HOUR}, HOUR, False),
        ({"cod": True, "paid_at": None, "signed_at": T}, HOUR, False),
        ({"platform": "douyin"}, HOUR, False),
    ],
)
def test_where_instant_refund_ends(desk: Desk, facts: dict[str, Any], after: dt.timedelta, instant: bool) -> None:
    switch(desk, "switch_instant_refund")
    order(desk, **facts)
    assert (asked(desk, at=T + after).state == "refunding") is instant


@pytest.mark.spec("KS-A01")
def test_the_switch_and_the_kind(desk: Desk) -> None:
    """Off, switched off again, another shop, another kind: nothing happens by itself."""
    order(desk)
    assert asked(desk).state == "requested"
    switch(desk, "switch_instant_refund")
    switch(desk, "switch_instant_refund", on=False)
    order(desk, id_="O2")
    assert asked(desk, of="O2").state == "requested"
    switch(desk, "switch_instant_refund")
    order(desk, id_="O3")
    assert asked(desk, "return_refund", of="O3").state == "requested"
    order(desk, id_="O4", shop="S2")
    assert asked(desk, of="O4").state == "requested"
    order(desk, id_="O5")
    assert asked(desk, of="O5").state == "refunding"


@pytest.mark.spec("KS-A02")
@pytest.mark.parametrize(
    ("on", "reason", "state"),
    [(True, "seven_days", "agreed"), (True, "quality", "requested"), (False, "seven_days", "requested")],
)
def test_the_assistant(desk: Desk, on: bool, reason: str, state: str) -> None:
    """It agrees to returns without reason, and to nothing else; the return still has to be posted and checked."""
    switch(desk, "switch_assistant", on=on)
    order(desk, seven_days=True, shipped_at=T, signed_at=T)
    case = asked(desk, "return_refund", T + DAY, reason=reason, intact=True)
    assert case.state == state
    if state == "agreed":
        assert case.facts["handled_by"] == "rule"
        do(desk, case, "post_back", "buyer", T + 2 * DAY, return_waybill="SF1")
        assert do(desk, case, "return_signed", "platform", T + 3 * DAY).state == "arrived"


@pytest.mark.spec("KS-A02")
@pytest.mark.parametrize(("after", "given"), [(7 * DAY, True), (7 * DAY + SECOND, False)])
def test_the_assistant_within_seven_days(desk: Desk, after: dt.timedelta, given: bool) -> None:
    """Counted from 00:00 of the day after signing (T is 16:00 in Shanghai)."""
    switch(desk, "switch_assistant")
    order(desk, seven_days=True, shipped_at=T, signed_at=T)
    midnight = T + 8 * HOUR
    if given:
        assert asked(desk, "return_refund", midnight + after, reason="seven_days", intact=True).state == "agreed"
    else:
        with pytest.raises(CaseRefused, match="seven days"):
            asked(desk, "return_refund", midnight + after, reason="seven_days", intact=True)


def test_a_person_takes_it_back_before_it_is_paid(desk: Desk) -> None:
    """Once, with a reason; then it is the merchant's turn, with a new clock, and no rule touches it again."""
    switch(desk, "switch_instant_refund")
    order(desk)
    case = asked(desk)
    assert refused(desk, case, "take_back", "merchant", T + HOUR, note="fraud") == "who"
    assert refused(desk, case, "take_back", "platform", T + HOUR) == "takes"
    back = do(desk, case, "take_back", "platform", T + HOUR, note="the buyer is a known fraud")
    assert (back.state, back.facts["by_hand"], len(back.timers)) == ("requested", True, 1)
    again = do(desk, case, "talk", "merchant", T + 2 * HOUR, talk="called")
    assert again.state == "requested", "a rule would have agreed again"


def test_a_person_claims_it_back_after_it_was_paid(desk: Desk) -> None:
    """The ledger stands as before; the case is closed, and no rule opens it again."""
    switch(desk, "switch_instant_refund")
    order(desk)
    case = asked(desk)
    [payment] = (each for each in family(desk, case) if each.kind == "payment")
    do(desk, payment, "succeed", "gateway", T + HOUR)
    with desk.database.connect() as connection:
        assert ledger.balance(connection, ledger.funds("S1")) == 2_000
    back = do(desk, case, "claim_back", "platform", T + DAY, note="a known fraud")
    assert (back.state, back.facts["outcome"], read(desk, payment.id).state) == ("closed", "closed", "reversed")
    with desk.database.connect() as connection:
        assert ledger.balance(connection, ledger.funds("S1")) == 5_000
    assert read(desk, "order/O1").facts["refunded_fen"] == 0


def test_what_a_merchant_agreed_to_is_not_taken_back(desk: Desk) -> None:
    order(desk)
    case = ask(desk)
    assert do(desk, case, "agree", "merchant", T + HOUR).facts["handled_by"] == "person"
    assert refused(desk, case, "take_back", "platform", T + 2 * HOUR, note="no") == "done_by_rule"


def test_a_rule_that_fails_leaves_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The buyer's request stands as if there were no rule: no half of a payment, no event."""

    def broken(*_: object) -> None:
        raise CaseRefused(Refusal("broken", "坏了", "broken"))

    switch(desk, "switch_instant_refund")
    order(desk)
    monkeypatch.setitem(effects._EFFECTS, "send", broken)
    case = asked(desk)
    assert (case.state, case.n) == ("requested", 1)
    assert {each.kind for each in family(desk, case)} == {"order", "refund_only"}
    assert "refunded_fen" not in read(desk, "order/O1").facts or not read(desk, "order/O1").facts["refunded_fen"]


def test_the_facts_say_that_a_rule_handled_it(desk: Desk) -> None:
    switch(desk, "switch_instant_refund")
    order(desk)
    row = case_row(asked(desk), Kin({}), "buyer")
    assert (row["opened_by"], row["handled_by"], row["answer"]) == ("buyer", "rule", "agreed")
