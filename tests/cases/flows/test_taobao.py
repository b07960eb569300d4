"""Taobao's after-sales: its times (which Tmall shares) to the second, who closes an order, contacts, small values; more time
over the Spring Festival."""

import datetime as dt

import pytest

from tianping.cases.case import Case
from tianping.work.desk.sitting import Desk

from ..market import DAY, HOUR, SECOND, T, ask, do, events, family, order, pass_time, read, refused

BOTH = pytest.mark.parametrize("platform", ["taobao", "tmall"])
LATER = dt.datetime(2022, 8, 9, 16)  # 00:00 of the 10th in Shanghai


def at_the_very_second(desk: Desk, case: Case | str, due: dt.datetime, before: str, after: str) -> None:
    assert pass_time(desk, case, due - SECOND).state == before
    assert pass_time(desk, case, due).state == after
    assert events(desk, case)[-1].doer.actor == "clock"


@BOTH
def test_the_answer_to_what_is_not_shipped(desk: Desk, platform: str) -> None:
    order(desk, platform=platform)
    at_the_very_second(desk, ask(desk), T + 24 * HOUR, "requested", "refunding")


@BOTH
@pytest.mark.parametrize(("at", "days"), [(LATER - SECOND, 3), (LATER, 2), (T, 2)])
def test_the_answer_to_what_is_shipped(desk: Desk, platform: str, at: dt.datetime, days: int) -> None:
    """Three days until the 10th of August 2022, two from then on; a case keeps what it began with."""
    order(desk, at, platform=platform, shipped_at=at)
    at_the_very_second(desk, ask(desk, at=at), at + days * DAY, "requested", "refunding")


def returned(desk: Desk, platform: str, at: dt.datetime) -> Case:
    """A return whose waybill was said at `at`."""
    order(desk, at, platform=platform, shipped_at=at, signed_at=at)
    case = ask(desk, "return_refund", at)
    do(desk, case, "agree", "merchant", at)
    return do(desk, case, "post_back", "buyer", at, return_waybill="W1", return_contact="O1, Li, 138")


@BOTH
def test_the_waybill_of_a_return(desk: Desk, platform: str) -> None:
    order(desk, platform=platform, shipped_at=T, signed_at=T)
    case = ask(desk, "return_refund")
    do(desk, case, "agree", "merchant", T + HOUR)
    at_the_very_second(desk, case, T + HOUR + 7 * DAY, "agreed", "closed")


@BOTH
def test_the_receipt_of_what_nobody_signed(desk: Desk, platform: str) -> None:
    at_the_very_second(desk, returned(desk, platform, T), T + 10 * DAY, "returning", "refunding")


@BOTH
@pytest.mark.parametrize("day", [1, 9])
def test_the_receipt_once_it_is_signed(desk: Desk, platform: str, day: int) -> None:
    """Three days from the signing, be it early or late."""
    case = returned(desk, platform, T)
    do(desk, case, "return_signed", "platform", T + day * DAY)
    at_the_very_second(desk, case, T + (day + 3) * DAY, "arrived", "refunding")


@BOTH
@pytest.mark.parametrize(("began", "days"), [(dt.datetime(2022, 7, 3, 16) - SECOND, 10), (dt.datetime(2022, 7, 3, 16), 4)])
def test_signing_counts_from_july_2022(desk: Desk, platform: str, began: dt.datetime, days: int) -> None:
    """Before, ten days from the waybill, signed or not; the case keeps that though it is signed after."""
    case = returned(desk, platform, began)
    do(desk, case, "return_signed", "platform", began + DAY)
    at_the_very_second(desk, case, began + days * DAY, "arrived", "refunding")


@BOTH
def test_after_a_refusal(desk: Desk, platform: str) -> None:
    order(desk, platform=platform, shipped_at=T, signed_at=T)
    case = ask(desk, "return_refund")
    refusal = {"refusal_reason": "used", "talk": "called", "refusal_evidence": "photo"}
    do(desk, case, "refuse", "merchant", T + HOUR, **refusal)
    at_the_very_second(desk, case, T + HOUR + 7 * DAY, "refused", "closed")


@BOTH
@pytest.mark.parametrize(("kind", "reason"), [("exchange", "quality"), ("reissue", "missing_item")])
def test_sending_again(desk: Desk, platform: str, kind: str, reason: str) -> None:
    """48 hours, then the buyer may turn to a refund."""
    order(desk, platform=platform, shipped_at=T, signed_at=T)
    case = ask(desk, kind, reason=reason)
    do(desk, case, "agree", "merchant", T)
    if kind == "exchange":
        do(desk, case, "post_back", "buyer", T, return_waybill="W1", return_contact="O1, Li, 138")
        do(desk, case, "return_signed", "platform", T)
        do(desk, case, "confirm", "merchant", T)
    at_the_very_second(desk, case, T + 48 * HOUR, "to_send", "defaulted")
    assert do(desk, case, "turn_to_refund", "buyer", T + 48 * HOUR).state == "closed"
    assert [each.state for each in family(desk, case) if each.kind == "refund_only"] == ["refunding"]


@BOTH
def test_a_repair(desk: Desk, platform: str) -> None:
    """Fifteen days from the receipt, then the buyer may turn to an exchange or a refund."""
    order(desk, platform=platform, shipped_at=T, signed_at=T, warranty_days=365)
    case = ask(desk, "repair", reason="needs_repair")
    do(desk, case, "agree", "merchant", T)
    do(desk, case, "post_back", "buyer", T, return_waybill="W1", return_contact="O1, Li, 138")
    do(desk, case, "return_signed", "platform", T)
    do(desk, case, "confirm", "merchant", T)
    at_the_very_second(desk, case, T + 15 * DAY, "repairing", "defaulted")
    assert refused(desk, case, "turn_to_refund", "buyer", T + 15 * DAY) == ""


@BOTH
def test_an_order_closes_unpaid_and_completes(desk: Desk, platform: str) -> None:
    order(desk, platform=platform, paid_at=None)
    at_the_very_second(desk, "order/O1", T + 24 * HOUR, "unpaid", "closed")
    order(desk, id_="O2", platform=platform, shipped_at=T, signed_at=T)
    at_the_very_second(desk, "order/O2", T + 10 * DAY, "signed", "completed")


# Rows of the specification


@pytest.mark.spec("TB-W01")
def test_the_seller_closes_an_order_only_while_it_waits_for_payment(desk: Desk) -> None:
    order(desk, platform="taobao", paid_at=None)
    assert do(desk, "order/O1", "cancel_by_merchant", "merchant", T + HOUR, close_reason="out_of_stock").state == "closed"
    order(desk, id_="O2", platform="taobao", paid_at=None)
    do(desk, "order/O2", "pay", "buyer", T + HOUR)
    assert (
        refused(desk, "order/O2", "cancel_by_merchant", "merchant", T + HOUR, close_reason="out_of_stock") == "merchant_cancels"
    )
    pass_time(desk, "order/O2", T + 3 * DAY)
    assert read(desk, "order/O2").state == "late"
    assert (
        refused(desk, "order/O2", "cancel_by_merchant", "merchant", T + 3 * DAY, close_reason="out_of_stock")
        == "merchant_cancels"
    )


@pytest.mark.spec("TB-W01")
def test_once_paid_it_closes_through_the_buyers_request_and_the_sellers_consent(desk: Desk) -> None:
    order(desk, platform="taobao")
    case = ask(desk, reason="not_wanted", refund_fen=5_000)
    assert read(desk, "order/O1").state == "paid"
    do(desk, case, "agree", "merchant", T + HOUR)
    (payment,) = (each for each in family(desk, case) if each.kind == "payment")
    do(desk, payment, "succeed", "gateway", T + HOUR, receipt="R1")
    assert read(desk, "order/O1").state == "closed"


@pytest.mark.spec("TB-W04")
def test_a_small_value_is_refunded_without_the_return(desk: Desk) -> None:
    """At most ¥20: offered by the seller, or by its rule, before a dispute; no dispute is opened."""
    order(desk, platform="taobao", shipped_at=T, signed_at=T, quantity=2)
    dear, small = ask(desk, "return_refund", refund_fen=2_001), ask(desk, "return_refund", refund_fen=2_000)
    assert refused(desk, dear, "offer_refund", "merchant", T + HOUR) == "small_value"
    assert do(desk, small, "offer_refund", "rule", T + HOUR).state == "refunding"
    assert {each.kind for each in family(desk, small)} == {"order", "return_refund", "payment"}


@pytest.mark.spec("TB-W02")
def test_what_is_not_shipped_in_48_hours_is_late(desk: Desk) -> None:
    order(desk, platform="taobao")
    at_the_very_second(desk, "order/O1", T + 48 * HOUR, "paid", "late")
    assert do(desk, "order/O1", "ship", "merchant", T + 3 * DAY, waybill="W1").facts["late_at"] == T + 48 * HOUR


@pytest.mark.spec("TB-W03")
def test_attempts_to_reach_the_buyer_are_on_record(desk: Desk) -> None:
    """By chat, SMS, mail or notice, on the order and on the case; with them lateness can be excused."""
    order(desk, platform="taobao")
    pass_time(desk, "order/O1", T + 2 * DAY)
    assert read(desk, "order/O1").facts["late_at"] == T + 2 * DAY
    assert refused(desk, "order/O1", "excuse_lateness", "platform", T + 2 * DAY, note="flood") == "contacted_first"
    for channel in ("chat", "sms", "mail", "notice"):
        do(desk, "order/O1", "note_contact", "merchant", T + 2 * DAY, contact_by=channel, contact_text="the address is wrong")
    assert [each.facts.get("contact_by") for each in events(desk, "order/O1") if each.verb == "note_contact"] == [
        "chat", "sms", "mail", "notice",
    ]  # fmt: skip
    excused = do(desk, "order/O1", "excuse_lateness", "platform", T + 2 * DAY + HOUR, note="flood")
    assert (excused.state, excused.facts["contacts"], excused.facts["excused_at"]) == ("late", 4, T + 2 * DAY + HOUR)
    case = ask(desk, at=T + 2 * DAY, reason="out_of_stock")
    assert do(desk, case, "note_contact", "merchant", T + 2 * DAY, contact_by="sms").facts["contacts"] == 1


# More time over the Spring Festival of 2022


def shanghai(month: int, day: int, hour: int = 0) -> dt.datetime:
    """An hour of 2022 in Shanghai, as an instant."""
    return dt.datetime(2022, month, day, hour) - 8 * HOUR


EVE, AFTER = shanghai(1, 31), shanghai(2, 7)


@pytest.mark.parametrize(("at", "hours"), [(EVE - SECOND, 24), (EVE, 48), (AFTER - SECOND, 48), (AFTER, 24)])
def test_24_hours_become_48(desk: Desk, at: dt.datetime, hours: int) -> None:
    """For a clock that starts on one of the days; a clock that runs into them keeps its time."""
    order(desk, at, platform="taobao")
    at_the_very_second(desk, ask(desk, at=at), at + hours * HOUR, "requested", "refunding")


@pytest.mark.parametrize(("step", "days"), [("48 h", 5), ("7 d", 15), ("10 d", 15), ("3 d: in no line of the calendar", 3)])
def test_and_two_seven_ten_days_become_more(desk: Desk, step: str, days: int) -> None:
    at = shanghai(2, 1, 12)
    due = at + days * DAY
    if step == "48 h":
        order(desk, at, shipped_at=at)  # Kuaishou's answer
        at_the_very_second(desk, ask(desk, at=at), due, "requested", "refunding")
    elif step.startswith("3 d"):
        order(desk, at, platform="taobao", shipped_at=at)
        at_the_very_second(desk, ask(desk, at=at), due, "requested", "refunding")
    elif step == "7 d":
        order(desk, at, platform="taobao", shipped_at=at, signed_at=at)
        case = ask(desk, "return_refund", at)
        do(desk, case, "agree", "merchant", at)
        at_the_very_second(desk, case, due, "agreed", "closed")
    else:
        at_the_very_second(desk, returned(desk, "taobao", at), due, "returning", "refunding")


def test_a_deadline_says_by_which_days_it_is_longer(desk: Desk) -> None:
    order(desk, EVE, platform="taobao")
    (timer,) = ask(desk, at=EVE).timers
    assert timer.calendar == "spring_festival/2022-01-31"
