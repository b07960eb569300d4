"""Douyin: when a claim can be raised, the buyer's path, the merchant's default, and its own clocks."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from tianping.policy.cases.casebook import Casebook
from tianping.policy.cases.flowing import Time, When
from tianping.work.desk.opening import open_desk
from tianping.work.desk.sitting import CaseRefused, Desk

from ..market import DAY, HOUR, REFUSAL, SECOND, T, ask, do, order, pass_time, refused
from .walks import children, had, on_delivery, paid_out, passes, payments, refused_one, returned

SUCCEEDED = dt.datetime(2024, 3, 1, 8)
"""16:00 in Shanghai."""


def raised_until(desk: Desk, last: dt.datetime, kind: str, reason: str, **goods: Any) -> None:
    """A claim can be raised up to `last`, with the platform too, and not a second later."""
    facts = {"shipped_at": SUCCEEDED - 9 * DAY, "signed_at": SUCCEEDED - 5 * DAY, "succeeded_at": SUCCEEDED, **goods}
    had(desk, "douyin", **facts)
    with pytest.raises(CaseRefused, match="the time to ask for after-sales is over"):
        ask(desk, kind, last + SECOND, reason=reason)
    case = refused_one(desk, kind, last, reason=reason)
    assert (
        do(desk, case, "escalate", "buyer", last + 2 * HOUR).state == "disputed"
    )  # raised in time, whatever the merchant's pace


@pytest.mark.spec("DY-D01")
@pytest.mark.parametrize("reason", ["quality", "not_as_described", "counterfeit"])
@pytest.mark.parametrize("kind", ["refund_only", "return_refund", "exchange"])
def test_a_claim_is_raised_within_15_days_of_success(desk: Desk, kind: str, reason: str) -> None:
    raised_until(desk, SUCCEEDED + 15 * DAY, kind, reason)


@pytest.mark.spec("DY-D01")
@pytest.mark.parametrize("reason", ["quality", "not_as_described", "counterfeit"])
def test_three_guarantees_goods_have_90_days(desk: Desk, reason: str) -> None:
    raised_until(desk, SUCCEEDED + 90 * DAY, "return_refund", reason, three_guarantees=True)


@pytest.mark.spec("DY-D01")
@pytest.mark.parametrize("reason", ["quality", "counterfeit"])
def test_durable_goods_of_bad_quality_or_counterfeit_have_six_calendar_months(desk: Desk, reason: str) -> None:
    raised_until(desk, dt.datetime(2024, 9, 1, 8), "return_refund", reason, durable=True)


@pytest.mark.spec("DY-D01")
def test_durable_goods_not_as_described_have_15_days(desk: Desk) -> None:
    raised_until(desk, SUCCEEDED + 15 * DAY, "return_refund", "not_as_described", durable=True)


@pytest.mark.spec("DY-D01")
def test_before_success_there_is_no_end(desk: Desk) -> None:
    had(desk, "douyin")
    assert ask(desk, "return_refund", T + DAY).state == "requested"


# The buyer's path


@pytest.mark.spec("DY-D15")
def test_refund_only_when_nothing_was_received(desk: Desk) -> None:
    order(desk, platform="douyin", shipped_at=T)
    assert ask(desk, "refund_only", goods_received=False).state == "requested"
    assert ask(desk, "refund_only", refund_fen=500).state == "requested"
    with pytest.raises(CaseRefused, match="returned or exchanged"):
        ask(desk, "refund_only", goods_received=True)


@pytest.mark.spec("DY-D15")
@pytest.mark.parametrize("kind", ["return_refund", "exchange"])
def test_return_or_exchange_when_received(desk: Desk, kind: str) -> None:
    order(desk, platform="douyin", shipped_at=T)
    with pytest.raises(CaseRefused, match="refunded without a return"):
        ask(desk, kind)
    assert ask(desk, kind, goods_received=True).state == "requested"
    had(desk, "douyin", id_="O2")
    assert ask(desk, kind, of="O2").state == "requested"


@pytest.mark.spec("DY-D15")
def test_unshipped_it_is_refunded_at_once(desk: Desk) -> None:
    """By the rule of S4; since 2023 the merchant has 24 hours (clocks)."""
    before = dt.datetime(2022, 12, 31, 8)
    order(desk, before, platform="douyin")
    case = pass_time(desk, ask(desk, at=before, refund_fen=5_000), before)
    assert (case.state, payments(desk, case)) == ("refunding", {"refund": 5_000})
    assert paid_out(desk, case, before).state == "refunded"


@pytest.mark.spec("DY-D15")
@pytest.mark.parametrize("pickup", [True, False])
def test_picked_up_at_the_door_or_sent_by_oneself(desk: Desk, pickup: bool) -> None:
    had(desk, "douyin")
    case = do(desk, ask(desk, "return_refund"), "agree", "merchant", T)
    if pickup:
        do(desk, case, "book_pickup", "buyer", T + HOUR, pickup_address="1 Road")
    posted = do(desk, case, "post_back", "platform" if pickup else "buyer", T + DAY, return_waybill="SF1")
    assert (posted.state, "pickup_booked_at" in posted.facts) == ("returning", pickup)


# The merchant's default


@pytest.mark.spec("DY-D13")
def test_no_return_address_is_a_default_and_no_dispute(desk: Desk) -> None:
    had(desk, "douyin")
    case = do(desk, ask(desk, "return_refund"), "agree", "merchant", T)
    missed = do(desk, case, "report_no_address", "buyer", T + HOUR)
    assert refused(desk, missed, "escalate", "buyer", T + HOUR, talk="x") == "state"  # the platform does not step in
    late = passes(desk, missed, T + HOUR + 48 * HOUR, "no_address", "defaulted")
    assert refused(desk, late, "escalate", "buyer", T + 49 * HOUR, talk="x") == "state"
    done = passes(desk, late, T + 49 * HOUR + 7 * DAY, "defaulted", "refunding")
    assert payments(desk, done) == {"refund": 3_000}


@pytest.mark.spec("DY-D13")
def test_the_buyer_need_not_wait_for_it(desk: Desk) -> None:
    had(desk, "douyin")
    case = do(desk, ask(desk, "return_refund"), "agree", "merchant", T)
    do(desk, case, "report_no_address", "buyer", T)
    pass_time(desk, case, T + 2 * DAY)
    assert do(desk, case, "turn_to_refund", "buyer", T + 2 * DAY).state == "refunding"


@pytest.mark.spec("DY-D13")
@pytest.mark.parametrize("kind", ["exchange", "reissue"])
def test_not_sent_again_is_a_default_that_ends_in_a_refund(desk: Desk, kind: str) -> None:
    had(desk, "douyin")
    if kind == "exchange":
        case = do(desk, returned(desk, kind), "confirm", "merchant", T + DAY)
    else:
        case = do(desk, ask(desk, kind, reason="missing_item"), "agree", "merchant", T + DAY)
    late = passes(desk, case, T + 3 * DAY, "to_send", "defaulted")
    assert refused(desk, late, "escalate", "buyer", T + 3 * DAY, talk="x") == "state"
    closed = passes(desk, late, T + 10 * DAY, "defaulted", "closed")
    (refund,) = children(desk, closed, "refund_only")
    assert (refund.state, payments(desk, refund)) == ("refunding", {"refund": 3_000})


@pytest.mark.spec("DY-D13")
def test_a_merchant_who_cannot_be_reached_is_taken_to_agree(desk: Desk) -> None:
    had(desk, "douyin", quantity=2)
    passes(desk, ask(desk, "return_refund"), T + 48 * HOUR, "requested", "agreed")
    passes(desk, returned(desk), T + 2 * HOUR + 7 * DAY, "returning", "refunding")


@pytest.mark.spec("DY-D13")
def test_the_automatic_refund_can_be_switched_off(desk: Desk, books: dict[str, Casebook]) -> None:
    """The parameter: a condition that never holds. The buyer may still turn to the refund; then it closes."""
    book = books["douyin"]
    clock = book.clocks["default_refund"]
    never = Time(when=When(**{"fact": "kind", "is": "none"}), days=7)  # type: ignore[arg-type]
    off = clock.model_copy(update={"versions": (clock.versions[0].model_copy(update={"times": (never,)}),)})
    changed = {**books, "douyin": replace(book, clocks={**book.clocks, "default_refund": off})}
    other = open_desk(desk.database, changed)
    had(other, "douyin")
    case = do(other, ask(other, "return_refund"), "agree", "merchant", T)
    do(other, case, "report_no_address", "buyer", T)
    pass_time(other, case, T + 2 * DAY)
    assert pass_time(other, case, T + 9 * DAY).state == "defaulted"
    passes(other, case, T + 17 * DAY, "defaulted", "closed")


def test_an_address_given_in_time_sets_the_return_going_again(desk: Desk) -> None:
    had(desk, "douyin")
    case = do(desk, ask(desk, "return_refund"), "agree", "merchant", T)
    do(desk, case, "report_no_address", "buyer", T + 6 * DAY)
    given = do(desk, case, "give_address", "merchant", T + 7 * DAY, address="2 Road")
    assert refused(desk, given, "report_no_address", "buyer", T + 7 * DAY) == "no_address_given"
    passes(desk, given, T + 14 * DAY, "agreed", "closed")


# Its clocks


@pytest.mark.parametrize(
    ("at", "shipped", "hours"),
    [
        (dt.datetime(2022, 6, 1), True, 48),
        (dt.datetime(2023, 1, 1), True, 48),
        (dt.datetime(2023, 1, 1), False, 24),
        (T, True, 48),
        (T, False, 24),
    ],
)
def test_the_merchants_answer(desk: Desk, at: dt.datetime, shipped: bool, hours: int) -> None:
    order(desk, at, platform="douyin", shipped_at=at if shipped else None)
    passes(desk, ask(desk, at=at), at + hours * HOUR, "requested", "refunding")


def test_48_hours_to_escalate(desk: Desk) -> None:
    had(desk, "douyin")
    case = refused_one(desk, "return_refund")
    passes(desk, case, T + HOUR + 48 * HOUR, "refused", "closed")


def test_an_objection_goes_to_the_platform_within_48_hours(desk: Desk) -> None:
    had(desk, "douyin")
    case = do(desk, returned(desk), "dispute_receipt", "merchant", T + DAY, **REFUSAL)
    passes(desk, case, T + 3 * DAY, "receipt_disputed", "disputed")


def test_the_voucher_of_a_return_on_delivery(desk: Desk) -> None:
    on_delivery(desk, "douyin")
    case = do(desk, returned(desk), "confirm", "merchant", T + DAY)
    passes(desk, case, T + 3 * DAY, "awaiting_voucher", "refunding")
