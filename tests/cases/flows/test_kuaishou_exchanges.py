"""Exchange, reissue and repair: what a merchant has to do instead of paying, and what follows where it does not."""

import datetime as dt
from typing import Any

import pytest

from tianping.work.desk.sitting import Desk

from ..market import DAY, HOUR, T, ask, do, family, pass_time, read, refused
from .walks import PLATFORMS, children, had, paid_out, passes, payments, returned

SENT = {"reship_waybill": "SF2"}


def owed(desk: Desk, kind: str, **takes: Any) -> tuple[Any, dt.datetime]:
    """A case in which the merchant has to send something, and since when."""
    if kind == "reissue":
        return do(desk, ask(desk, kind, reason="missing_item", **takes), "agree", "merchant", T), T
    case = do(desk, returned(desk, kind, **takes), "confirm", "merchant", T + DAY)
    return case, T + DAY


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(("kind", "done"), [("exchange", "exchanged"), ("reissue", "reissued"), ("repair", "repaired")])
def test_to_the_good_end(desk: Desk, platform: str, kind: str, done: str) -> None:
    placed = had(desk, platform, warranty_days=365)
    case, at = owed(desk, kind)
    sent = do(desk, case, "send_again", "merchant", at + HOUR, **SENT)
    ended = passes(desk, sent, at + HOUR + 10 * DAY, "sent", done)
    assert (ended.facts["outcome"], payments(desk, ended)) == (done, {})
    assert read(desk, placed.id).facts["open_cases"] == 0


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(
    ("kind", "state", "span"), [("exchange", "to_send", 2), ("reissue", "to_send", 2), ("repair", "repairing", 15)]
)
def test_unsent_in_time_the_buyer_may_turn_to_a_refund(desk: Desk, platform: str, kind: str, state: str, span: int) -> None:
    had(desk, platform, warranty_days=365)
    case, at = owed(desk, kind)
    assert refused(desk, case, "turn_to_refund", "buyer", at) == "state"
    late = passes(desk, case, at + span * DAY, state, "defaulted")
    turned = do(desk, late, "turn_to_refund", "buyer", at + span * DAY)
    (refund,) = children(desk, turned, "refund_only")
    assert (turned.state, refund.state, refund.facts["refund_fen"]) == ("closed", "refunding", 3_000)
    assert (refund.facts["reason"], payments(desk, refund)) == (case.facts["cause"], {"refund": 3_000})
    assert paid_out(desk, refund, at + span * DAY).state == "refunded"
    assert read(desk, "order/O1").facts["open_cases"] == 0


@pytest.mark.parametrize("kind", ["exchange", "reissue"])
def test_late_is_better_than_never_until_the_buyer_has_chosen(desk: Desk, kind: str) -> None:
    had(desk)
    case, at = owed(desk, kind)
    pass_time(desk, case, at + 2 * DAY)
    assert do(desk, case, "send_again", "merchant", at + 3 * DAY, **SENT).state == "sent"


def test_a_late_repair_may_turn_to_an_exchange(desk: Desk) -> None:
    had(desk, warranty_days=365)
    case, at = owed(desk, "repair")
    pass_time(desk, case, at + 15 * DAY)
    turned = do(desk, case, "turn_to_exchange", "buyer", at + 15 * DAY)
    (exchange,) = children(desk, turned, "exchange")
    assert (turned.state, exchange.state) == ("closed", "to_send")  # the goods are with the merchant already
    assert do(desk, exchange, "send_again", "merchant", at + 16 * DAY, **SENT).state == "sent"


def test_nothing_is_refunded_twice_by_turning(desk: Desk) -> None:
    """What is left of the order bounds it; nothing left: it closes."""
    had(desk, amount_fen=5_000)
    case, at = owed(desk, "reissue")
    ask(desk, verb="settle", by="merchant", refund_fen=4_000)
    pass_time(desk, case, at + 2 * DAY)
    turned = do(desk, case, "turn_to_refund", "buyer", at + 2 * DAY)
    assert children(desk, turned, "refund_only")[0].facts["refund_fen"] == 1_000
    had(desk, id_="O2", amount_fen=5_000)
    other = do(desk, ask(desk, "reissue", of="O2", reason="missing_item"), "agree", "merchant", T)
    pass_time(desk, other, T + 2 * DAY)
    ask(desk, of="O2", verb="settle", by="merchant", refund_fen=5_000)
    assert pass_time(desk, other, T + 9 * DAY).state == "closed"
    assert children(desk, other, "refund_only") == []


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_exchange_is_inspected_48_hours_from_the_returns_signing(desk: Desk, platform: str) -> None:
    had(desk, platform)
    case = returned(desk, "exchange")
    signed = do(desk, case, "return_signed", "platform", T + DAY)
    passes(desk, signed, T + 3 * DAY, "arrived", "to_send")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_signed_for_late_the_seven_days_of_the_waybill_come_first(desk: Desk, platform: str) -> None:
    had(desk, platform)
    case = returned(desk, "exchange")
    signed = do(desk, case, "return_signed", "platform", T + 6 * DAY)
    passes(desk, signed, T + 2 * HOUR + 7 * DAY, "arrived", "to_send")


def test_what_was_never_sent_back_is_not_exchanged(desk: Desk) -> None:
    had(desk)
    case = do(desk, ask(desk, "exchange"), "agree", "merchant", T)
    do(desk, case, "report_no_address", "buyer", T)
    pass_time(desk, case, T + 2 * DAY)
    assert refused(desk, case, "send_again", "merchant", T + 2 * DAY, **SENT) == "goods_are_there"


def test_the_return_freight_of_an_exchange_for_quality_is_the_merchants(desk: Desk) -> None:
    had(desk)
    case = do(desk, ask(desk, "exchange"), "agree", "merchant", T)
    do(desk, case, "post_back", "buyer", T, return_waybill="SF1", freight_claim_fen=900)
    assert payments(desk, do(desk, case, "confirm", "merchant", T)) == {"freight": 900}


def test_what_never_arrives_is_a_dispute(desk: Desk) -> None:
    had(desk)
    case, at = owed(desk, "reissue")
    do(desk, case, "send_again", "merchant", at + HOUR, **SENT)
    assert refused(desk, case, "escalate", "buyer", at + DAY) == "cannot_agree"
    assert do(desk, case, "escalate", "buyer", at + DAY, talk="the parcel is lost").state == "disputed"
    assert [each.kind for each in family(desk, case)].count("dispute") == 1
    over = do(desk, case, "dispute_over", "system", at + 2 * DAY)  # found after all
    passes(desk, over, at + 12 * DAY, "sent", "reissued")
    assert read(desk, "order/O1").facts["open_cases"] == 0
