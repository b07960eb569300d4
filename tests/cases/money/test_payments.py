"""A payment from asking to its end: paid, refused, not known to be either; taken back before or after."""

import pytest

from tianping.cases.case import Act, Doer
from tianping.store import ledger
from tianping.work.desk.sitting import CaseRefused, Desk, sitting

from ..market import DAY, HOUR, SECOND, T, ask, do, events, order, pass_time, read, refused
from .till import FUNDS, agreed, balances, drain, letter, only, payment, told, transfers, with_kept


def undo(desk: Desk, id_: str, verb: str) -> str:
    """What the effect `undo` does to a payment; its state after."""
    with sitting(desk, T + 4 * HOUR) as sat:
        return sat.act(id_, Act(verb, Doer("system"))).after.state


def test_a_payment_not_answered_in_a_day_is_unclear_not_failed(desk: Desk) -> None:
    _, pay = agreed(desk)
    asked = T + HOUR
    assert pass_time(desk, pay, asked + DAY - SECOND).state == "asked"
    assert pass_time(desk, pay, asked + DAY).state == "unclear"
    assert refused(desk, pay, "cancel", "operator", asked + DAY) == "state"  # it may have been paid


def test_what_failed_is_the_operators_for_a_day_then_alarms_and_is_tried_again(desk: Desk) -> None:
    _, pay = agreed(desk)
    failed = do(desk, pay, "fail", "gateway", T + 2 * HOUR, failure="refused")
    assert (failed.state, failed.timers[0].owner, failed.timers[0].due_at) == ("failed", "operator", T + 26 * HOUR)
    assert pass_time(desk, pay, T + 26 * HOUR - SECOND).state == "failed"
    again = pass_time(desk, pay, T + 26 * HOUR)
    assert (again.state, again.facts["alarms"]) == ("asked", 1)
    assert letter(desk, pay.id).next_at == T + 26 * HOUR


def test_what_is_unclear_alarms_every_day_and_is_never_cancelled(desk: Desk) -> None:
    _, pay = agreed(desk)
    do(desk, pay, "doubt", "gateway", T + 2 * HOUR, failure="timed out")
    assert pass_time(desk, pay, T + 26 * HOUR - SECOND).facts.get("alarms") is None
    assert pass_time(desk, pay, T + 26 * HOUR).facts["alarms"] == 1
    after = pass_time(desk, pay, T + 50 * HOUR)
    assert (after.state, after.facts["alarms"]) == ("unclear", 2)
    assert refused(desk, pay, "cancel", "operator", T + 51 * HOUR) == "state"


def test_the_operator_tries_again_under_the_same_key(desk: Desk) -> None:
    _, pay = agreed(desk)
    do(desk, pay, "fail", "gateway", T + 2 * HOUR, failure="refused")
    assert do(desk, pay, "retry", "operator", T + 3 * HOUR).state == "asked"
    assert letter(desk, pay.id).key == pay.id  # `one()`: still one letter


def test_the_refund_is_done_when_its_payment_is(any_desk: Desk) -> None:
    case, pay = agreed(any_desk)
    do(any_desk, pay, "succeed", "gateway", T + 2 * HOUR, receipt="R1")
    assert read(any_desk, case.id).state == "refunded"
    assert balances(any_desk) == {ledger.GATEWAY_IN: -5_000, FUNDS: 2_000, ledger.GATEWAY_OUT: 3_000}


@pytest.mark.parametrize("state", ["unclear", "failed"])
def test_the_operator_confirms_a_payment_by_its_receipt(desk: Desk, state: str) -> None:
    case, pay = agreed(desk)
    verb = {"unclear": "doubt", "failed": "fail"}[state]
    do(desk, pay, verb, "gateway", T + 2 * HOUR, failure="x")
    assert refused(desk, pay, "confirm_paid", "operator", T + 3 * HOUR) == "takes"
    assert do(desk, pay, "confirm_paid", "operator", T + 3 * HOUR, receipt="bank 17").state == "paid"
    assert read(desk, case.id).state == "refunded"
    assert balances(desk)[FUNDS] == 2_000


def test_what_is_confirmed_as_not_paid_may_be_cancelled(desk: Desk) -> None:
    _, pay = agreed(desk)
    do(desk, pay, "doubt", "gateway", T + 2 * HOUR, failure="timed out")
    assert do(desk, pay, "confirm_unpaid", "operator", T + 3 * HOUR, failure="not in the gateway's books").state == "failed"
    assert do(desk, pay, "cancel", "operator", T + 4 * HOUR).state == "cancelled"
    assert read(desk, "order/O1").facts["refunded_fen"] == 0  # the order may be refunded anew
    assert balances(desk)[FUNDS] == 5_000


def test_cancelled_and_paid_all_the_same_is_seen_and_borne_by_the_platform(desk: Desk) -> None:
    case, pay = agreed(desk)
    do(desk, pay, "fail", "gateway", T + 2 * HOUR, failure="refused")
    do(desk, pay, "cancel", "operator", T + 3 * HOUR)
    late = do(desk, pay, "succeed", "gateway", T + 4 * HOUR, receipt="R1")
    assert (late.state, late.timers[0].owner) == ("overpaid", "operator")
    assert balances(desk) == {
        ledger.GATEWAY_IN: -5_000, FUNDS: 5_000, ledger.KEPT: -3_000, ledger.GATEWAY_OUT: 3_000,
    }  # fmt: skip
    assert read(desk, case.id).state != "refunded"
    assert pass_time(desk, pay, T + 28 * HOUR).facts["alarms"] == 1
    assert do(desk, pay, "claim_back", "operator", T + 30 * HOUR, receipt="B9").state == "reversed"
    assert balances(desk) == {ledger.GATEWAY_IN: -5_000, FUNDS: 5_000}


def test_a_paid_refund_is_reversed_exactly_and_once(any_desk: Desk) -> None:
    desk = told(any_desk, deposit_fen=1_500)
    order(desk)
    drain(desk, 4_000)
    before = balances(desk)
    pay = payment(desk, "refund", 3_000)
    do(desk, pay, "succeed", "gateway", T + HOUR)
    assert undo(desk, pay.id, "reverse") == "reversed"
    assert balances(desk) == with_kept(before, 3_000)
    facts = read(desk, "order/O1").facts
    assert (facts["refunded_fen"], facts["kept_fen"]) == (0, 3_000)
    moved = transfers(desk)
    assert refused(desk, pay, "reverse", "system", T + 3 * DAY) == "state"
    assert transfers(desk) == moved


def test_a_reversed_payment_takes_its_advance_with_it(desk: Desk) -> None:
    order(desk)
    drain(desk, 5_000)
    before = balances(desk)
    pay = payment(desk, "refund", 3_000)
    do(desk, pay, "succeed", "gateway", T + HOUR)
    owed = only(desk, pay, "advance")
    do(desk, owed, "repay", "operator", T + 2 * HOUR, receipt="M1")
    undo(desk, pay.id, "reverse")
    assert read(desk, owed.id).state == "released"
    assert balances(desk) == with_kept(before, 3_000)


@pytest.mark.parametrize(("answer", "end", "kept"), [("succeed", "reversed", 3_000), ("void", "cancelled", 0)])
def test_recalled_while_under_way_the_merchant_bears_nothing(desk: Desk, answer: str, end: str, kept: int) -> None:
    _, pay = agreed(desk)
    before = balances(desk)
    assert undo(desk, pay.id, "recall") == "asked"
    takes = {"failure": "refused"} if answer == "void" else {}
    assert do(desk, pay, answer, "gateway", T + 5 * HOUR, **takes).state == end
    assert balances(desk) == (with_kept(before, kept) if kept else before)
    assert read(desk, "order/O1").facts["refunded_fen"] == 0


def test_only_what_was_recalled_is_void(desk: Desk) -> None:
    _, pay = agreed(desk)
    assert refused(desk, pay, "void", "gateway", T + 2 * HOUR, failure="x") == "recalled"


def test_nobody_but_the_gateway_says_that_it_was_paid(desk: Desk) -> None:
    _, pay = agreed(desk)
    for who in ("buyer", "merchant", "platform", "adjudicator", "operator", "system", "clock", "rule"):
        assert refused(desk, pay, "succeed", who, T + 2 * HOUR) == "who"
    assert len(events(desk, pay)) == 1


def test_a_merchant_cannot_say_that_they_repaid(desk: Desk) -> None:
    order(desk)
    drain(desk, 5_000)
    do(desk, payment(desk, "refund", 3_000), "succeed", "gateway", T + HOUR)
    owed = only(desk, "order/O1", "advance")
    assert refused(desk, owed, "repay", "merchant", T + 2 * HOUR, receipt="x") == "who"


def test_a_payment_counts_against_what_was_paid_before_it_is_asked_for(desk: Desk) -> None:
    order(desk)
    payment(desk, "refund", 5_000)
    with pytest.raises(CaseRefused, match="more than was paid"):
        payment(desk, "refund", 1)
    payment(desk, "freight", 1_000)  # a cost beside the price is not bounded by it


def test_two_cases_of_one_order_are_paid_under_two_keys(desk: Desk) -> None:
    order(desk)
    for fen in (2_000, 2_500):
        do(desk, ask(desk, refund_fen=fen), "agree", "merchant", T + HOUR)
    ids = {each.id for each in (payment(desk, "compensation", 5), payment(desk, "compensation", 5))}
    assert len(ids) == 2


def test_timers_begun_and_ended_in_one_sitting_are_over(any_desk: Desk) -> None:
    """The clock restarts a timer of a case that is found late, and the answer ends it at once."""
    _, pay = agreed(any_desk)
    do(any_desk, pay, "doubt", "gateway", T + 2 * HOUR, failure="timed out")
    do(any_desk, pay, "succeed", "gateway", T + 27 * HOUR)
    assert [each.verb for each in events(any_desk, pay)] == ["ask", "doubt", "alarm", "succeed"]
    assert read(any_desk, pay.id).timers == ()
    assert pass_time(any_desk, pay, T + 30 * DAY).state == "paid"
