"""The order: closed unpaid, cancelled by whom and when, shipped, signed for, completed; an open case freezes completion."""

from typing import Any

import pytest

from tianping.work.desk.sitting import Desk

from ..market import DAY, HOUR, SECOND, T, ask, do, order, pass_time, read, refused
from .walks import PLATFORMS, SIGNED, children, had, paid_out, passes, payments

UNPAID: dict[str, Any] = {"paid_at": None}
WHY = {"close_reason": "x"}


@pytest.mark.spec("KS-W01")
@pytest.mark.parametrize("platform", PLATFORMS)
def test_unpaid_orders_close_after_24_hours(desk: Desk, platform: str) -> None:
    placed = order(desk, platform=platform, **UNPAID)
    closed = passes(desk, placed, T + 24 * HOUR, "unpaid", "closed")
    assert closed.facts["close_reason"] == "unpaid"


@pytest.mark.spec("KS-W01")
def test_a_buyer_cancels_while_payment_is_pending_and_not_once_paid(desk: Desk) -> None:
    placed = order(desk, id_="O1", **UNPAID)
    assert do(desk, placed, "cancel", "buyer", T + HOUR).state == "closed"
    paid = order(desk, id_="O2", **UNPAID)
    do(desk, paid, "pay", "buyer", T + HOUR)
    assert refused(desk, paid, "cancel", "buyer", T + HOUR) == "state"
    assert ask(desk, at=T + HOUR, of="O2").state == "requested"  # the buyer asks instead


@pytest.mark.spec("KS-W01")
@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_merchant_can_never_cancel_an_online_order(desk: Desk, platform: str) -> None:
    unpaid = order(desk, id_="O1", platform=platform, **UNPAID)
    paid = order(desk, id_="O2", platform=platform)
    for each in (unpaid, paid):
        assert refused(desk, each, "cancel_by_merchant", "merchant", T, **WHY) == "merchant_cancels"
        assert refused(desk, each, "cancel", "merchant", T) in ("who", "state")
        assert refused(desk, each, "close_unpaid", "merchant", T) in ("who", "state")
    pass_time(desk, paid, T + 48 * HOUR)
    assert refused(desk, paid, "cancel_by_merchant", "merchant", T + 48 * HOUR, **WHY) == "merchant_cancels"
    assert refused(desk, paid, "cancel_by_platform", "platform", T + 48 * HOUR, **WHY) == "is_cod"


@pytest.mark.spec("KS-W01")
def test_a_merchant_does_not_cancel_by_refunding_what_nobody_asked_back(desk: Desk) -> None:
    order(desk)
    asked: dict[str, Any] = {"reason": "out_of_stock", "refund_fen": 5_000}
    with pytest.raises(Exception, match="buyer's to ask"):
        ask(desk, verb="settle", by="merchant", **asked)
    had(desk, id_="O2")
    assert ask(desk, verb="settle", by="merchant", of="O2", **asked).state == "refunding"


@pytest.mark.spec("KS-W02")
@pytest.mark.parametrize("platform", PLATFORMS)
def test_cash_on_delivery_is_cancelled_by_the_merchant_until_it_is_shipped(desk: Desk, platform: str) -> None:
    cod: dict[str, Any] = {"platform": platform, "paid_at": None, "cod": True}
    awaiting = order(desk, id_="O1", **cod)
    assert awaiting.state == "confirming"
    assert refused(desk, awaiting, "cancel", "buyer", T) == "state"
    assert do(desk, awaiting, "cancel_by_merchant", "merchant", T, **WHY).state == "closed"
    preparing = order(desk, id_="O2", **cod)
    assert do(desk, preparing, "confirm_order", "merchant", T).state == "preparing"
    assert refused(desk, preparing, "cancel", "buyer", T) == "state"
    assert do(desk, preparing, "cancel_by_merchant", "merchant", T, **WHY).state == "closed"


@pytest.mark.spec("KS-W02")
def test_once_shipped_only_the_platforms_service_cancels_cash_on_delivery(desk: Desk) -> None:
    shipped = order(desk, paid_at=None, cod=True)
    do(desk, shipped, "confirm_order", "merchant", T)
    do(desk, shipped, "ship", "merchant", T, waybill="SF1")
    assert refused(desk, shipped, "cancel", "buyer", T) == "state"
    assert refused(desk, shipped, "cancel_by_merchant", "merchant", T, **WHY) == "state"
    assert refused(desk, shipped, "cancel_by_platform", "merchant", T, **WHY) == "who"
    assert do(desk, shipped, "cancel_by_platform", "platform", T, **WHY).state == "closed"


def test_cash_on_delivery_is_confirmed_by_itself_and_nothing_is_refunded_that_nobody_paid(desk: Desk) -> None:
    placed = order(desk, paid_at=None, cod=True)
    passes(desk, placed, T + 24 * HOUR, "confirming", "preparing")
    passes(desk, placed, T + 72 * HOUR, "preparing", "late")
    closed = passes(desk, placed, T + 72 * HOUR + 30 * DAY, "late", "closed")
    assert payments(desk, closed) == {}


def test_what_is_never_shipped_closes_and_is_refunded(desk: Desk) -> None:
    placed = order(desk, freight_fen=600)
    passes(desk, placed, T + 48 * HOUR, "paid", "late")
    closed = passes(desk, placed, T + 48 * HOUR + 30 * DAY, "late", "closed")
    assert payments(desk, closed) == {"refund": 5_600}
    assert paid_out(desk, closed, T + 33 * DAY).facts["refunded_fen"] == 5_600


def test_closing_the_unshipped_waits_for_an_open_case(desk: Desk) -> None:
    placed = order(desk)
    pass_time(desk, placed, T + 48 * HOUR)
    case = ask(desk, at=T + 3 * DAY)
    assert pass_time(desk, placed, T + 40 * DAY).state == "late"
    do(desk, case, "withdraw", "buyer", T + 3 * DAY + HOUR)
    passes(desk, placed, T + 48 * HOUR + 30 * DAY + HOUR, "late", "closed")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_order_completes_ten_days_after_signing(desk: Desk, platform: str) -> None:
    completed = passes(desk, had(desk, platform), SIGNED + 10 * DAY, "signed", "completed")
    assert completed.facts["succeeded_at"] == SIGNED + 10 * DAY


def test_an_open_case_freezes_completion_by_just_its_span(desk: Desk) -> None:
    placed = had(desk)
    case = ask(desk, "return_refund", T)
    assert pass_time(desk, placed, SIGNED + 10 * DAY).state == "signed"
    assert refused(desk, placed, "confirm_receipt", "buyer", T + DAY) == "no_open_case"
    do(desk, case, "withdraw", "buyer", T + DAY)
    passes(desk, placed, SIGNED + 11 * DAY, "signed", "completed")


def test_a_parcel_whose_signing_nobody_reports_is_presumed_signed(desk: Desk) -> None:
    placed = order(desk)
    shipped = do(desk, placed, "ship", "merchant", T, waybill="SF1")
    passes(desk, shipped, T + 30 * DAY, "shipped", "signed")


def test_what_is_refunded_in_full_is_neither_shipped_nor_completed(desk: Desk) -> None:
    placed = order(desk)
    case = do(desk, ask(desk, refund_fen=5_000), "agree", "merchant", T)
    assert refused(desk, placed, "ship", "merchant", T, waybill="SF1") == "something_left"
    paid_out(desk, case, T + HOUR)
    after = read(desk, placed.id)
    assert (after.state, after.facts["close_reason"], after.facts["open_cases"]) == ("closed", "refunded", 0)


def test_what_is_refunded_in_part_is_shipped_and_completes(desk: Desk) -> None:
    placed = order(desk)
    paid_out(desk, do(desk, ask(desk, refund_fen=4_999), "agree", "merchant", T), T)
    do(desk, placed, "ship", "merchant", T, waybill="SF1")
    assert do(desk, placed, "confirm_receipt", "buyer", T + SECOND).state == "completed"
    assert children(desk, placed, "payment") == []


def test_who_confirms_the_receipt_has_received_and_paid_on_delivery(desk: Desk) -> None:
    """Completed straight from the road: it counts as signed for then, and can be claimed of."""
    order(desk, cod=True, paid_at=None, shipped_at=T)
    done = do(desk, "order/O1", "confirm_receipt", "buyer", T + DAY)
    assert (done.state, read(desk, "order/O1").facts["signed_at"]) == ("completed", T + DAY)
    assert ask(desk, "return_refund", T + DAY, refund_fen=5_000).state == "requested"


def test_a_true_signing_stays_and_a_presumed_one_becomes_true(desk: Desk) -> None:
    assert do(desk, had(desk), "confirm_receipt", "buyer", T).facts["signed_at"] == SIGNED
    order(desk, id_="O2", shipped_at=T)
    pass_time(desk, "order/O2", T + 30 * DAY)
    do(desk, "order/O2", "confirm_receipt", "buyer", T + 31 * DAY)
    facts = read(desk, "order/O2").facts
    assert (facts["signed_at"], facts["presumed_at"]) == (T + 31 * DAY, None)


def test_completed_by_the_clock_on_a_presumed_signing_the_true_one_can_still_be_noted(desk: Desk) -> None:
    order(desk, cod=True, paid_at=None, shipped_at=T)
    at = T + 40 * DAY
    pass_time(desk, "order/O1", T + 30 * DAY)
    assert pass_time(desk, "order/O1", at).state == "completed"
    with pytest.raises(Exception, match="signing"):
        ask(desk, "return_refund", at, refund_fen=5_000)
    signed = do(desk, "order/O1", "sign_late", "buyer", at)
    assert (signed.state, signed.facts["presumed_at"], signed.facts["succeeded_at"]) == ("completed", None, at)
    assert signed.facts["signed_at"] == T + 30 * DAY  # seven days and guarantees do not begin anew
    assert ask(desk, "return_refund", at, refund_fen=5_000).state == "requested"
    assert refused(desk, "order/O1", "sign_late", "buyer", at) == "not_signed_for"


def test_reopened_after_its_ten_days_it_has_ten_days_again(desk: Desk) -> None:
    """Closed as refunded for two months; the refund falls: the buyer can ask again, and it completes ten days later."""
    placed = had(desk)
    refund = paid_out(desk, do(desk, ask(desk, refund_fen=5_000), "agree", "merchant", T), T)
    assert read(desk, placed.id).state == "closed"
    again = T + 60 * DAY
    do(desk, refund, "overturned", "system", again)
    assert pass_time(desk, placed, again + DAY).state == "signed"
    case = ask(desk, "return_refund", again + DAY, refund_fen=5_000)
    do(desk, case, "withdraw", "buyer", again + 2 * DAY)
    passes(desk, placed, again + 11 * DAY, "signed", "completed")
    assert read(desk, placed.id).facts["signed_at"] == SIGNED


def test_reopened_on_its_way_it_is_not_presumed_signed_at_once(desk: Desk) -> None:
    placed = order(desk, shipped_at=T)
    refund = paid_out(desk, do(desk, ask(desk, refund_fen=5_000), "agree", "merchant", T), T)
    do(desk, refund, "overturned", "system", T + 60 * DAY)
    passes(desk, placed, T + 90 * DAY, "shipped", "signed")
