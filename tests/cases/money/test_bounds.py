"""Nobody gets more than was paid or agreed, however the cases of an order are put together; and nothing under nothing."""

from pathlib import Path
from typing import Any

import pytest

from tianping.cases.case import Act, Case, Doer
from tianping.work.desk import disputes
from tianping.work.desk.money.sandbox import Sandbox
from tianping.work.desk.money.sending import send_due
from tianping.work.desk.sitting import CaseRefused, Desk, sitting

from ..market import DAY, HOUR, REFUSAL, T, ask, do, family, order, pass_time, read, refused
from .till import FUNDS, agreed, balances, only


def truly_paid(desk: Desk, folder: Path) -> int:
    """All that the gateway has paid once everything was sent."""
    sandbox = Sandbox(folder / "gateway.sqlite")
    while send_due(desk, sandbox, lambda: T + 9 * DAY).all:
        pass
    return sum(sum(each) for each in sandbox.paid().values())


def sent_back(desk: Desk, **takes: Any) -> Case:
    case = ask(desk, "return_refund", **takes)
    do(desk, case, "agree", "merchant", T)
    return do(desk, case, "post_back", "buyer", T, return_waybill="W1")


@pytest.mark.parametrize(("reason", "fen", "total"), [("not_wanted", 2_500, 5_000), ("quality", 3_500, 6_000)])
def test_postage_stays_however_many_cases_ask(desk: Desk, tmp_path: Path, reason: str, fen: int, total: int) -> None:
    """Two items for ¥50.00, and ¥10.00 postage, which each of two cases may ask for, and which is given back once."""
    order(desk, freight_fen=1_000, shipped_at=T, signed_at=T, quantity=2)
    for case in [sent_back(desk, reason=reason, refund_fen=fen) for _ in range(2)]:
        do(desk, case, "confirm", "merchant", T)
    assert truly_paid(desk, tmp_path) == total


def test_postage_asked_for_before_it_was_shipped_stays_after(desk: Desk) -> None:
    order(desk, freight_fen=1_000)
    case = ask(desk, "return_refund", reason="not_wanted", refund_fen=6_000)
    do(desk, "order/O1", "ship", "merchant", T, waybill="W0")
    do(desk, case, "agree", "merchant", T)
    do(desk, case, "post_back", "buyer", T, return_waybill="W1")
    assert do(desk, case, "confirm", "merchant", T).facts["refund_fen"] == 5_000


def test_an_offer_refunds_no_postage(desk: Desk) -> None:
    order(desk, freight_fen=1_000, shipped_at=T, signed_at=T)
    cases = [ask(desk, reason="not_wanted") for _ in range(2)]
    for case in cases:
        do(desk, case, "offer", "merchant", T, offer_fen=3_000)
    do(desk, cases[0], "accept_offer", "buyer", T)
    assert refused(desk, cases[1], "accept_offer", "buyer", T) == "offer_still_fits"


def test_nothing_left_to_refund_ends_the_return(desk: Desk) -> None:
    order(desk, freight_fen=1_000, shipped_at=T, signed_at=T)
    case = sent_back(desk, reason="not_wanted", refund_fen=5_000)
    ask(desk, verb="settle", by="merchant", refund_fen=5_000)
    assert do(desk, case, "confirm", "merchant", T).state == "closed"


def test_a_return_of_several_says_how_many(desk: Desk) -> None:
    order(desk, quantity=3, shipped_at=T, signed_at=T)
    for kind in ("return_refund", "exchange", "reissue", "repair"):
        with pytest.raises(CaseRefused) as error:
            ask(desk, kind, reason="missing_item", quantity=None)
        assert error.value.refusal.guard == "within_quantity"
    case = sent_back(desk, quantity=3, refund_fen=3_000)
    assert do(desk, case, "confirm", "merchant", T, received_quantity=1).facts["refund_fen"] == 1_000


def test_coupons_and_differences_of_all_cases_are_at_most_the_price(desk: Desk, tmp_path: Path) -> None:
    order(desk, shipped_at=T, signed_at=T)
    for _ in range(3):
        case = ask(desk, refund_fen=1, coupon_fen=4_000, difference_fen=3_000)
        pass_time(desk, case, T + 2 * DAY)
        truly_paid(desk, tmp_path)
    assert truly_paid(desk, tmp_path) == 3 + 5_000 + 5_000


@pytest.mark.parametrize("claim", ["coupon_fen", "difference_fen"])
def test_no_claim_is_under_nothing(desk: Desk, claim: str) -> None:
    order(desk)
    with pytest.raises(CaseRefused) as error:
        ask(desk, **dict[str, Any]({claim: -1}))
    assert error.value.refusal.guard == "takes"


def test_no_offer_and_no_freight_is_under_nothing(desk: Desk) -> None:
    order(desk, shipped_at=T, signed_at=T)
    offered = ask(desk, refund_fen=1_000)
    assert refused(desk, offered, "offer", "merchant", T, offer_fen=1, offered_compensation_fen=-1) == "takes"
    back = ask(desk, "return_refund", refund_fen=1_000)
    do(desk, back, "agree", "merchant", T)
    assert refused(desk, back, "post_back", "buyer", T, return_waybill="W1", freight_claim_fen=-1) == "takes"


def test_the_rules_compensation_is_given_once_for_an_order(desk: Desk, tmp_path: Path) -> None:
    order(desk, platform="tmall")
    for case in [ask(desk, reason="out_of_stock", refund_fen=2_500) for _ in range(2)]:
        do(desk, case, "agree", "merchant", T)
    assert truly_paid(desk, tmp_path) == 5_000 + 1_500


def test_a_recalled_payment_that_was_paid_is_reversed(desk: Desk) -> None:
    case, pay = agreed(desk)
    do(desk, pay, "doubt", "gateway", T + 2 * HOUR, failure="timed out")
    do(desk, case, "overturned_open", "system", T + 3 * HOUR)
    assert do(desk, pay, "confirm_paid", "operator", T + 4 * HOUR, receipt="R1").state == "reversed"
    assert read(desk, "order/O1").facts["refunded_fen"] == 0
    assert balances(desk) == {"gateway/in": -5_000, FUNDS: 5_000, "gateway/out": 3_000, "platform/kept": -3_000}


def test_a_recalled_payment_cancelled_leaves_the_second_one_alone(desk: Desk) -> None:
    case, first = agreed(desk)
    do(desk, first, "doubt", "gateway", T + 2 * HOUR, failure="timed out")
    do(desk, case, "overturned_open", "system", T + 3 * HOUR)
    do(desk, case, "overturned_to_refund", "system", T + 3 * HOUR, refund_fen=1_000)
    do(desk, first, "confirm_unpaid", "operator", T + 4 * HOUR, failure="not found")
    do(desk, first, "cancel", "operator", T + 4 * HOUR)
    assert read(desk, case.id).state == "refunding"


def test_an_order_closed_as_refunded_goes_on_where_the_refund_is_taken_back(desk: Desk) -> None:
    order(desk, shipped_at=T, signed_at=T)
    case = ask(desk, refund_fen=5_000)
    do(desk, case, "agree", "merchant", T + HOUR)
    do(desk, only(desk, case, "payment"), "succeed", "gateway", T + HOUR)
    assert read(desk, "order/O1").state == "closed"
    do(desk, case, "overturned", "system", T + DAY)
    again = read(desk, "order/O1")
    assert (again.state, again.facts["refunded_fen"], again.facts["closed_at"]) == ("signed", 0, None)
    do(desk, case, "overturned_to_refund", "system", T + DAY, refund_fen=1_000)
    assert read(desk, case.id).state == "refunded"  # out of what the buyer kept


@pytest.mark.parametrize(("first", "then"), [(1_000, 5_000), (5_000, 1_000), (3_000, 3_001)])
def test_however_often_it_is_overturned_the_buyer_gets_no_more_than_was_paid(
    desk: Desk, tmp_path: Path, first: int, then: int
) -> None:
    """The second verdict pays what exceeds what the buyer has of the first; the merchant bears the second alone."""
    order(desk, shipped_at=T, signed_at=T)
    case = ask(desk, refund_fen=first)
    do(desk, case, "agree", "merchant", T + HOUR)
    assert truly_paid(desk, tmp_path) == first
    do(desk, case, "overturned", "system", T + DAY)
    assert balances(desk)[FUNDS] == 5_000
    do(desk, case, "overturned_to_refund", "system", T + DAY, refund_fen=then)
    assert truly_paid(desk, tmp_path) == max(first, then)
    assert read(desk, case.id).state == "refunded"
    assert balances(desk).get(FUNDS, 0) == 5_000 - then
    assert balances(desk).get("platform/kept", 0) == min(0, then - first)
    do(desk, case, "overturned", "system", T + 2 * DAY)
    again = ask(desk, "refund_only", T + 3 * DAY, refund_fen=5_000)
    do(desk, again, "agree", "merchant", T + 3 * DAY)
    assert truly_paid(desk, tmp_path) == 5_000
    assert {read(desk, again.id).state, read(desk, "order/O1").state} == {"refunded", "closed"}


def test_what_was_set_off_and_cancelled_is_kept_again(desk: Desk, tmp_path: Path) -> None:
    order(desk, shipped_at=T, signed_at=T)
    case = ask(desk, refund_fen=1_000)
    do(desk, case, "agree", "merchant", T + HOUR)
    truly_paid(desk, tmp_path)
    do(desk, case, "overturned", "system", T + DAY)
    do(desk, case, "overturned_to_refund", "system", T + DAY, refund_fen=3_000)
    pay = [each for each in family(desk, case) if each.kind == "payment"][1]
    assert (pay.facts["due_fen"], read(desk, "order/O1").facts["kept_fen"]) == (2_000, 0)
    do(desk, pay, "fail", "gateway", T + DAY, failure="x")
    do(desk, pay, "cancel", "operator", T + DAY)
    assert read(desk, "order/O1").facts["kept_fen"] == 1_000
    late = do(desk, pay, "succeed", "gateway", T + DAY)
    assert (late.state, read(desk, "order/O1").facts["kept_fen"]) == ("overpaid", 3_000)
    do(desk, pay, "claim_back", "operator", T + DAY, receipt="B1")
    assert read(desk, "order/O1").facts["kept_fen"] == 1_000
    assert balances(desk) == {"gateway/in": -5_000, FUNDS: 5_000, "gateway/out": 1_000, "platform/kept": -1_000}


def test_return_freight_is_bounded_over_all_returns(desk: Desk, tmp_path: Path) -> None:
    order(desk, shipped_at=T, signed_at=T)
    for _ in range(3):
        case = ask(desk, "exchange")
        do(desk, case, "agree", "merchant", T)
        do(desk, case, "post_back", "buyer", T, return_waybill="W1", freight_claim_fen=6_000)
        do(desk, case, "confirm", "merchant", T)
        do(desk, case, "send_again", "merchant", T, reship_waybill="W2")
        do(desk, case, "sign_resent", "buyer", T)
    assert truly_paid(desk, tmp_path) == 10_000


def test_a_sum_under_nothing_is_taken_by_no_verb(desk: Desk) -> None:
    order(desk, shipped_at=T, signed_at=T)
    with pytest.raises(CaseRefused) as error:
        ask(desk, refund_fen=-1)
    assert error.value.refusal.guard == "takes"
    back = sent_back(desk)
    assert refused(desk, back, "confirm", "merchant", T, received_quantity=-1) == "takes"
    assert refused(desk, back, "confirm", "merchant", T, received_quantity=2**60) == "takes"


def test_on_delivery_a_presumed_signing_paid_nothing(desk: Desk) -> None:
    """Refused at the door, and nobody told the desk. A true signing may still be noted."""
    order(desk, cod=True, paid_at=None, shipped_at=T)
    assert pass_time(desk, "order/O1", T + 30 * DAY).state == "signed"
    with pytest.raises(CaseRefused) as error:
        ask(desk, "refund_only", T + 31 * DAY)
    assert error.value.refusal.guard == "was_paid"
    assert do(desk, "order/O1", "sign", "platform", T + 32 * DAY).facts["presumed_at"] is None
    assert refused(desk, "order/O1", "sign", "platform", T + 32 * DAY) == "not_signed_for"
    assert ask(desk, "refund_only", T + 32 * DAY).state == "requested"


def test_postage_that_a_verdict_leaves_with_the_buyer_is_not_refunded(desk: Desk) -> None:
    order(desk, freight_fen=1_000, shipped_at=T, signed_at=T)
    case = ask(desk, "refund_only", refund_fen=6_000)
    do(desk, case, "refuse", "merchant", T, **REFUSAL)
    do(desk, case, "escalate", "buyer", T)
    ruled = do(desk, case, "rule_refund", "system", T, refund_fen=6_000, outbound_by_merchant=False, judged_at=T)
    assert ruled.facts["refund_fen"] == 5_000


def test_without_reason_goods_that_were_shipped_go_back(desk: Desk) -> None:
    order(desk, shipped_at=T, signed_at=T, seven_days=True)
    with pytest.raises(CaseRefused) as error:
        ask(desk, "refund_only", reason="seven_days", intact=True)
    assert error.value.refusal.guard == "seven_days_returned"
    assert ask(desk, "return_refund", reason="seven_days", intact=True).state == "requested"


def test_people_of_the_platform_agree_to_nothing_in_the_merchants_place(desk: Desk) -> None:
    order(desk)
    case = ask(desk)
    with sitting(desk, T) as sat, pytest.raises(CaseRefused) as error:
        disputes.act(sat, case.id, Act("agree", Doer("platform", 7)))
    assert error.value.refusal.guard == "who"
    with sitting(desk, T) as sat:
        disputes.act(sat, case.id, Act("agree", Doer("platform", None, "kuaishou/instant_refund")))


def test_a_closed_orders_refund_that_fails_opens_it_again(desk: Desk) -> None:
    order(desk)
    pass_time(desk, "order/O1", T + 2 * DAY)
    assert pass_time(desk, "order/O1", T + 32 * DAY).state == "closed"
    pay = only(desk, "order/O1", "payment")
    do(desk, pay, "fail", "gateway", T + 32 * DAY, failure="account closed")
    do(desk, pay, "cancel", "operator", T + 32 * DAY)
    assert read(desk, "order/O1").state == "late"
    assert ask(desk, "refund_only", T + 33 * DAY).state == "requested"


def test_a_case_closed_by_whatever_verb_says_so(desk: Desk) -> None:
    order(desk, shipped_at=T, signed_at=T)
    first, second = ask(desk, refund_fen=5_000), ask(desk, refund_fen=5_000)
    do(desk, first, "agree", "merchant", T)
    closed = do(desk, second, "agree", "merchant", T)
    assert (closed.state, closed.facts["outcome"]) == ("closed", "closed")
