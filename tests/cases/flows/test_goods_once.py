"""Goods come once: an item is in one open case at a time; what is refunded is not sent again, what is sent is not refunded."""

from typing import Any

import pytest

from tianping.cases.case import Case
from tianping.work.desk.sitting import CaseRefused, Desk

from ..market import DAY, HOUR, SECOND, T, ask, do, pass_time, read, refused
from .walks import children, had, paid_out, payments

PLATFORMS = ("kuaishou", "douyin", "taobao", "tmall", "jd")
REPLACING = ("exchange", "reissue", "repair")
GOODS = ("return_refund", *REPLACING)
SENT = {"reship_waybill": "SF2"}


def wants(desk: Desk, kind: str, **takes: Any) -> Case:
    """A case of goods that the buyer has: a wrong item, under warranty."""
    return ask(desk, kind, **{"reason": "wrong_item", "refund_fen": None, "goods_received": True, **takes})


def denied(desk: Desk, kind: str, **takes: Any) -> str:
    """The guard that refuses the request; "" where none does (and then it was made)."""
    try:
        wants(desk, kind, **takes)
    except CaseRefused as error:
        return error.refusal.guard
    return ""


def returns(desk: Desk, fen: int, **takes: Any) -> Case:
    """The goods went back, for so much."""
    case = wants(desk, "return_refund", refund_fen=fen, **takes)
    do(desk, case, "agree", "merchant", T)
    do(desk, case, "post_back", "buyer", T, return_waybill="SF1", return_contact="Li")
    return case


def in_hand(desk: Desk, kind: str, **takes: Any) -> Case:
    """A case in which the merchant has to send something now."""
    case = do(desk, wants(desk, kind, **takes), "agree", "merchant", T)
    if kind == "reissue":
        return case
    do(desk, case, "post_back", "buyer", T, return_waybill="SF1", return_contact="Li")
    return do(desk, case, "confirm", "merchant", T)


def settled(desk: Desk, fen: int = 5_000, *, of: str = "O1") -> Case:
    """The merchant refunds that alone."""
    return ask(desk, verb="settle", by="merchant", of=of, reason="wrong_item", refund_fen=fen, return_confirmed=True)


# Asking


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("first", GOODS)
def test_an_item_is_in_one_case_at_a_time(desk: Desk, platform: str, first: str) -> None:
    had(desk, platform, quantity=1, warranty_days=365)
    case = wants(desk, first, refund_fen=5_000)
    assert {kind: denied(desk, kind, refund_fen=5_000) for kind in GOODS} == dict.fromkeys(GOODS, "goods_free")
    assert denied(desk, "refund_only", refund_fen=1, goods_received=None) == "not_being_handled"
    do(desk, case, "withdraw", "buyer", T)
    assert denied(desk, "exchange") == ""


@pytest.mark.parametrize(("quantity", "guard"), [(1, ""), (2, "goods_free")])
def test_of_three_the_third_is_still_free(desk: Desk, quantity: int, guard: str) -> None:
    """An exchange of one and a return of one are open."""
    had(desk, quantity=3, amount_fen=15_000)
    wants(desk, "exchange", quantity=1)
    wants(desk, "return_refund", quantity=1, refund_fen=5_000)
    assert denied(desk, "exchange", quantity=quantity) == guard
    claimed = read(desk, "order/O1").facts["claimed_quantity"]
    assert claimed == (3 if not guard else 2)


def test_what_came_back_for_money_is_gone_and_what_was_exchanged_is_not(desk: Desk) -> None:
    had(desk, quantity=3, amount_fen=15_000)
    back = returns(desk, 10_000, quantity=2)
    paid_out(desk, do(desk, back, "confirm", "merchant", T), T)
    changed = in_hand(desk, "exchange", quantity=1)
    do(desk, changed, "send_again", "merchant", T, **SENT)
    do(desk, changed, "sign_resent", "buyer", T)
    facts = read(desk, "order/O1").facts
    assert (facts["returned_quantity"], facts["claimed_quantity"]) == (2, 0)
    assert denied(desk, "exchange", quantity=2) == "goods_free"
    assert denied(desk, "exchange", quantity=1) == ""


def test_two_of_three_posted_came_back_and_the_third_is_asked_for_again(desk: Desk) -> None:
    had(desk, quantity=3, amount_fen=15_000)
    back = returns(desk, 15_000, quantity=3)
    paid_out(desk, do(desk, back, "confirm", "merchant", T, received_quantity=2), T)
    assert read(desk, "order/O1").facts["returned_quantity"] == 2
    assert denied(desk, "exchange", quantity=2) == "goods_free"
    assert denied(desk, "exchange", quantity=1) == ""


def test_a_return_that_fell_gives_the_item_back(desk: Desk) -> None:
    """Overturned, the goods go to the buyer again: another case may be about them."""
    had(desk, quantity=2, amount_fen=10_000)
    back = returns(desk, 5_000, quantity=1)
    paid_out(desk, do(desk, back, "confirm", "merchant", T), T)
    assert denied(desk, "repair", quantity=2) == "goods_free"
    do(desk, back, "overturned", "system", T)
    assert read(desk, "order/O1").facts["returned_quantity"] == 0


@pytest.mark.parametrize("kind", ["exchange", "repair"])
@pytest.mark.parametrize(("asked", "guard"), [(5_000, "goods_unrefunded"), (4_999, "")])
def test_what_is_asked_to_be_refunded_in_full_is_not_replaced(desk: Desk, kind: str, asked: int, guard: str) -> None:
    """For a reissue see tests/cases/money/test_same_goods.py."""
    had(desk, quantity=1, warranty_days=365)
    ask(desk, refund_fen=asked)
    assert denied(desk, kind) == guard


@pytest.mark.parametrize(("asked", "guard"), [(9_999, ""), (10_000, "goods_unrefunded")])
def test_of_three_the_third_of_the_price_is_one_item(desk: Desk, asked: int, guard: str) -> None:
    """Refunded 5,000 of 15,000, and so much more asked: of one item something is left, or of none."""
    had(desk, quantity=3, amount_fen=15_000)
    paid_out(desk, settled(desk, 5_000), T)
    ask(desk, refund_fen=asked)
    assert denied(desk, "exchange", quantity=1) == guard
    assert denied(desk, "exchange", quantity=2) in ("goods_unrefunded", "goods_free")


@pytest.mark.parametrize("state", ["sent", "to_send", "requested"])
def test_a_refund_is_not_asked_for_while_the_replacement_is_on_its_way(desk: Desk, state: str) -> None:
    """Three bought, one exchanged: two may be refunded, the third not; when it has come, it may."""
    had(desk, quantity=3, amount_fen=15_000)
    case = in_hand(desk, "exchange", quantity=1) if state != "requested" else wants(desk, "exchange", quantity=1)
    if state == "sent":
        do(desk, case, "send_again", "merchant", T, **SENT)
    assert denied(desk, "refund_only", refund_fen=10_001) == "not_being_handled"
    refund = ask(desk, refund_fen=10_000)
    do(desk, refund, "withdraw", "buyer", T)
    if state == "sent":
        do(desk, case, "sign_resent", "buyer", T)
        assert denied(desk, "refund_only", refund_fen=15_000) == ""


def test_where_the_order_does_not_say_how_many_it_is_one(desk: Desk) -> None:
    had(desk)
    case = wants(desk, "exchange", quantity=3)  # the buyer knows better
    assert denied(desk, "exchange") == "goods_free"
    assert do(desk, case, "agree", "merchant", T).state == "agreed"


def test_an_exchange_of_one_of_three_is_worth_a_third(desk: Desk) -> None:
    had(desk, quantity=3, amount_fen=10_000)
    assert wants(desk, "exchange", quantity=1).facts["refund_fen"] == 3_333


# Going on


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("kind", REPLACING)
@pytest.mark.parametrize(("refunded", "state"), [(5_000, "refunded_elsewhere"), (4_999, "agreed")])
def test_agreed_by_the_clock_after_all_was_refunded_it_closes(
    desk: Desk, platform: str, kind: str, refunded: int, state: str
) -> None:
    had(desk, platform, quantity=1, warranty_days=365)
    case = wants(desk, kind)
    settled(desk, refunded)
    due = case.timers[0].due_at
    assert pass_time(desk, case, due - SECOND).state == "requested"
    after = pass_time(desk, case, due)
    assert after.state == ("to_send" if (kind, state) == ("reissue", "agreed") else state)
    if state == "refunded_elsewhere":
        assert (after.facts["outcome"], read(desk, "order/O1").facts["claimed_quantity"]) == ("closed", 0)


@pytest.mark.parametrize("kind", REPLACING)
def test_all_refunded_meanwhile_the_merchant_sends_nothing_and_is_in_no_default(desk: Desk, kind: str) -> None:
    had(desk, quantity=1, warranty_days=365)
    case = in_hand(desk, kind)
    settled(desk)
    assert refused(desk, case, "send_again", "merchant", T + HOUR, **SENT) == "not_refunded_elsewhere"
    due = read(desk, case.id).timers[0].due_at
    assert pass_time(desk, case, due).state == "refunded_elsewhere"
    assert children(desk, case, "refund_only") == []


@pytest.mark.parametrize("kind", ["exchange", "repair"])
def test_what_comes_back_after_all_was_refunded_is_not_replaced(desk: Desk, kind: str) -> None:
    had(desk, quantity=1, warranty_days=365)
    case = do(desk, wants(desk, kind), "agree", "merchant", T)
    do(desk, case, "post_back", "buyer", T, return_waybill="SF1")
    settled(desk)
    assert do(desk, case, "confirm", "merchant", T + DAY).state == "refunded_elsewhere"


@pytest.mark.parametrize(("fen", "state"), [(10_000, "refunded_elsewhere"), (9_999, "agreed")])
def test_two_of_three_refunded_an_exchange_of_two_ends(desk: Desk, fen: int, state: str) -> None:
    had(desk, quantity=3, amount_fen=15_000)
    case = wants(desk, "exchange", quantity=2)
    settled(desk, fen)
    assert do(desk, case, "agree", "merchant", T).state == state


def test_a_refund_that_failed_lets_it_go_on(desk: Desk) -> None:
    had(desk, quantity=1)
    case = in_hand(desk, "exchange")
    (payment,) = children(desk, settled(desk), "payment")
    assert refused(desk, case, "send_again", "merchant", T, **SENT) == "not_refunded_elsewhere"
    do(desk, payment, "fail", "gateway", T, failure="account closed")
    do(desk, payment, "cancel", "operator", T)
    assert do(desk, case, "send_again", "merchant", T, **SENT).state == "sent"


def test_goods_that_cost_nothing_can_be_exchanged(desk: Desk) -> None:
    had(desk, amount_fen=0, quantity=1)
    assert do(desk, wants(desk, "exchange"), "agree", "merchant", T).state == "agreed"


# What was claimed beside the price


COSTS: dict[str, Any] = {"coupon_fen": 300, "difference_fen": 200}


@pytest.mark.parametrize("kind", REPLACING)
@pytest.mark.parametrize(
    ("reason", "paid"), [("wrong_item", {"refund": 5_000, "difference": 500}), ("other", {"refund": 5_000})]
)
def test_costs_are_handed_on_where_it_turns_to_a_refund(desk: Desk, kind: str, reason: str, paid: dict[str, int]) -> None:
    """By the table of costs: the merchant's where the merchant is the cause."""
    if (kind, reason) == ("reissue", "other"):
        pytest.skip("a reissue is for wrong or missing items")
    had(desk, quantity=1, warranty_days=365)
    case = in_hand(desk, kind, reason=reason, **COSTS)
    assert payments(desk, case) == {}
    pass_time(desk, case, read(desk, case.id).timers[0].due_at)
    at = T + 16 * DAY
    turned = do(desk, case, "turn_to_refund", "buyer", at) if kind == "repair" else pass_time(desk, case, at)
    (refund,) = children(desk, turned, "refund_only")
    assert payments(desk, paid_out(desk, refund, at)) == paid


def test_a_repair_hands_them_on_through_the_exchange_that_it_becomes(desk: Desk) -> None:
    had(desk, quantity=1, warranty_days=365)
    case = in_hand(desk, "repair", **COSTS)
    pass_time(desk, case, T + 15 * DAY)
    turned = do(desk, case, "turn_to_exchange", "buyer", T + 15 * DAY)
    (exchange,) = children(desk, turned, "exchange")
    pass_time(desk, exchange, T + 17 * DAY)
    (refund,) = children(desk, do(desk, exchange, "turn_to_refund", "buyer", T + 17 * DAY), "refund_only")
    assert payments(desk, paid_out(desk, refund, T + 17 * DAY)) == {"refund": 5_000, "difference": 500}


def test_a_refund_judged_a_return_keeps_them(desk: Desk) -> None:
    had(desk, quantity=1)
    case = ask(desk, refund_fen=5_000, reason="wrong_item", **COSTS)
    do(desk, case, "talk", "buyer", T, talk="no agreement")
    do(desk, case, "escalate", "buyer", T)
    do(desk, case, "rule_return", "system", T, refund_fen=5_000, judged_at=T, liability="seller")
    (back,) = children(desk, case, "return_refund")
    do(desk, back, "post_back", "buyer", T, return_waybill="SF1")
    done = paid_out(desk, do(desk, back, "confirm", "merchant", T), T)
    assert payments(desk, done) == {"refund": 5_000, "difference": 500}
