"""Tmall's after-sales: the process and the parcel, invoices, compensation, untrue reasons, what the seller may do alone."""

import datetime as dt
from typing import Any

import pytest

from tianping.cases.case import Case
from tianping.work.desk.sitting import CaseRefused, Desk

from ..market import DAY, HOUR, REFUSAL, SECOND, T, ask, do, events, family, order, pass_time, read, refused

DAYS_3 = 3 * DAY


def tmall(desk: Desk, at: dt.datetime = T, **facts: Any) -> Case:
    return order(desk, at, platform="tmall", **facts)


def refused_ask(desk: Desk, kind: str = "refund_only", at: dt.datetime = T, **takes: Any) -> str:
    """The guard that refuses a request; "" where it is opened."""
    try:
        ask(desk, kind, at, **takes)
    except CaseRefused as error:
        return error.refusal.guard
    return ""


def paid(desk: Desk, case: Case | str, at: dt.datetime) -> dict[str, int]:
    """All payments of a case's family, paid by the gateway at `at`: sums by purpose."""
    while waiting := [each for each in family(desk, case) if each.kind == "payment" and each.state == "asked"]:
        for each in waiting:
            do(desk, each, "succeed", "gateway", at, receipt="R")
    return {each.facts["purpose"]: each.facts["fen"] for each in family(desk, case) if each.kind == "payment"}


@pytest.mark.spec("TM-W01")
def test_the_process_of_a_return(desk: Desk) -> None:
    """Asked for, the goods come back in a parcel that says whose it is, the problem is confirmed, and it is settled; one order
    may have several."""
    tmall(desk, shipped_at=T, signed_at=T, quantity=2)
    case, other = ask(desk, "return_refund", quantity=1, refund_fen=2_000), ask(desk, "exchange", quantity=1, refund_fen=2_000)
    do(desk, case, "agree", "merchant", T + HOUR)
    assert refused(desk, case, "post_back", "buyer", T + DAY, return_waybill="W1") == "parcel_named"
    do(desk, case, "post_back", "buyer", T + DAY, return_waybill="W1", return_contact="O1, Li, 138")
    do(desk, case, "return_signed", "platform", T + 2 * DAY)
    assert refused(desk, case, "check_goods", "merchant", T + 2 * DAY, checked_by="nobody") == "checked_properly"
    do(desk, case, "check_goods", "merchant", T + 2 * DAY, checked_by="service_point", check_result="does not start")
    assert do(desk, case, "confirm", "merchant", T + 2 * DAY).state == "refunding"
    do(desk, other, "agree", "merchant", T + HOUR)
    do(desk, other, "post_back", "buyer", T + DAY, return_waybill="W2", return_contact="O1, Li, 138")
    do(desk, other, "return_signed", "platform", T + 2 * DAY)
    assert do(desk, other, "check_goods", "merchant", T + 2 * DAY, checked_by="own").facts["inspected_at"] == T + 2 * DAY


@pytest.mark.spec("TM-W01")
def test_a_repair_comes_back_in_such_a_parcel_too(desk: Desk) -> None:
    tmall(desk, shipped_at=T, signed_at=T, warranty_days=365)
    case = ask(desk, "repair", reason="needs_repair")
    do(desk, case, "agree", "merchant", T + HOUR)
    assert refused(desk, case, "post_back", "buyer", T + DAY, return_waybill="W1") == "parcel_named"
    assert refused(desk, case, "post_back", "buyer", T + DAY, return_waybill="W1", return_contact="O1, Li, 138") == ""


@pytest.mark.spec("TM-W02")
@pytest.mark.parametrize(
    ("kind", "facts", "reason", "right"),
    [
        ("return_refund", {}, "quality", "red_letter"),
        ("exchange", {}, "quality", "endorsed"),
        ("repair", {"warranty_days": 365}, "needs_repair", "original_returned"),
    ],
)
def test_what_becomes_of_the_invoice(desk: Desk, kind: str, facts: dict[str, Any], reason: str, right: str) -> None:
    tmall(desk, shipped_at=T, signed_at=T, **facts)
    case = ask(desk, kind, reason=reason, invoice_state="issued")
    assert refused(desk, case, "note_invoice", "merchant", T, invoice_state=right) == "state"
    do(desk, case, "agree", "merchant", T + HOUR)
    for wrong in {"red_letter", "endorsed", "original_returned"} - {right}:
        assert refused(desk, case, "note_invoice", "merchant", T + HOUR, invoice_state=wrong) == "invoice_right"
    assert do(desk, case, "note_invoice", "merchant", T + HOUR, invoice_state=right).facts["invoice_state"] == right


@pytest.mark.spec("TM-W03")
@pytest.mark.parametrize(
    ("amount", "reason", "fen"),
    [
        (5_000, "out_of_stock", 1_500),
        (5_003, "out_of_stock", 1_500),  # 1,500.9: a part of a fen is dropped
        (166_666, "out_of_stock", 49_999),
        (166_667, "out_of_stock", 50_000),
        (1_000_000, "out_of_stock", 50_000),
        (5_000, "late_shipment", 1_500),
        (1_000_000, "late_shipment", 50_000),
        (5_000, "not_wanted", 0),
        (5_000, "wrong_order", 0),
    ],
)
def test_compensation_for_what_was_not_shipped(desk: Desk, amount: int, reason: str, fen: int) -> None:
    tmall(desk, amount_fen=amount)
    case = ask(desk, at=T + DAYS_3, reason=reason)
    assert case.facts["compensation_fen"] == fen
    do(desk, case, "agree", "merchant", T + DAYS_3)
    assert paid(desk, case, T + DAYS_3).get("compensation", 0) == fen


@pytest.mark.spec("TM-W03")
def test_late_shipment_is_claimed_72_hours_after_payment(desk: Desk) -> None:
    tmall(desk)
    assert refused_ask(desk, at=T + DAYS_3 - SECOND, reason="late_shipment") == "claim_open"
    assert refused_ask(desk, at=T + DAYS_3, reason="late_shipment") == ""


@pytest.mark.spec("TM-W03")
def test_and_not_before_the_agreed_time(desk: Desk) -> None:
    tmall(desk, promised_ship_at=T + 5 * DAY)
    assert refused_ask(desk, at=T + 5 * DAY - SECOND, reason="late_shipment") == "claim_open"
    assert refused_ask(desk, at=T + 5 * DAY, reason="late_shipment") == ""


@pytest.mark.spec("TM-W03")
def test_shipped_it_brings_no_compensation(desk: Desk) -> None:
    tmall(desk, shipped_at=T)
    assert ask(desk, at=T + DAYS_3, reason="late_shipment").facts["compensation_fen"] == 0


@pytest.mark.spec("TM-W03")
def test_the_seller_refunds_an_unwanted_order_alone(desk: Desk) -> None:
    tmall(desk)
    assert refused_ask(desk, verb="settle", by="merchant", reason="out_of_stock") == "may_settle_alone"
    case = ask(desk, verb="settle", by="merchant", reason="not_wanted")
    assert (case.state, case.facts["opened_by"]) == ("refunding", "merchant")
    assert paid(desk, case, T) == {"refund": 3_000}


def questioned(desk: Desk) -> Case:
    """A claim for late shipment whose reason the seller says is untrue."""
    tmall(desk)
    case = ask(desk, at=T + DAYS_3, reason="late_shipment")
    return do(desk, case, "question_reason", "merchant", T + DAYS_3, note="the buyer asked to wait")


@pytest.mark.spec("TM-W04")
def test_an_untrue_reason_is_changed_by_the_buyer(desk: Desk) -> None:
    """The first cause stays what was given first."""
    case = questioned(desk)
    assert (case.state, case.facts["compensation_fen"]) == ("reason_questioned", 1_500)
    case = do(desk, case, "change_reason", "buyer", T + DAYS_3 + HOUR, reason_now="not_wanted")
    assert (case.state, case.facts["compensation_fen"]) == ("requested", 0)
    assert (case.facts["reason"], case.facts["reason_now"]) == ("late_shipment", "not_wanted")
    do(desk, case, "agree", "merchant", T + DAYS_3 + HOUR)
    assert paid(desk, case, T + DAYS_3 + HOUR) == {"refund": 3_000}


@pytest.mark.spec("TM-W04")
def test_who_is_not_reached_is_decided_by_the_platform(desk: Desk) -> None:
    case = questioned(desk)
    due = T + DAYS_3 + 48 * HOUR
    assert pass_time(desk, case, due - SECOND).state == "reason_questioned"
    assert pass_time(desk, case, due).state == "reason_checked"
    changed = do(desk, case, "change_reason", "platform", due + HOUR, reason_now="not_wanted")
    assert (changed.state, changed.facts["compensation_fen"]) == ("requested", 0)
    assert refused(desk, case, "question_reason", "merchant", due + HOUR, note="again") == "compensation_claimed"


@pytest.mark.spec("TM-W04")
def test_a_reason_stands_where_nobody_decides(desk: Desk) -> None:
    case = questioned(desk)
    do(desk, case, "not_reached", "merchant", T + DAYS_3 + HOUR)
    due = T + DAYS_3 + HOUR + 5 * DAY
    assert pass_time(desk, case, due - SECOND).state == "reason_checked"
    kept = pass_time(desk, case, due)
    assert (kept.state, kept.facts["compensation_fen"]) == ("requested", 1_500)
    assert refused(desk, case, "question_reason", "merchant", due, note="again") == "not_yet_questioned"


@pytest.mark.spec("TM-W04")
def test_a_reason_without_compensation_is_not_questioned(desk: Desk) -> None:
    tmall(desk)
    case = ask(desk, reason="not_wanted")
    assert refused(desk, case, "question_reason", "merchant", T, note="why?") == "compensation_claimed"


@pytest.mark.spec("TM-W05")
@pytest.mark.parametrize("reason", ["needs_repair", "damaged", "wrong_item", "missing_item", "counterfeit", "invoice"])
def test_the_seller_settles_a_confirmed_return_alone(desk: Desk, reason: str) -> None:
    tmall(desk, shipped_at=T)
    assert refused_ask(desk, verb="settle", by="merchant", reason=reason) == "may_settle_alone"
    assert refused_ask(desk, verb="settle", by="merchant", reason=reason, return_confirmed=False) == "may_settle_alone"
    assert ask(desk, verb="settle", by="merchant", reason=reason, return_confirmed=True).state == "refunding"


@pytest.mark.spec("TM-W05")
@pytest.mark.parametrize("reason", ["late_shipment", "out_of_stock", "not_wanted", "seven_days"])
def test_and_nothing_else_alone(desk: Desk, reason: str) -> None:
    """Not what brings compensation, nor what is the buyer's to ask for."""
    tmall(desk, shipped_at=T)
    assert refused_ask(desk, verb="settle", by="merchant", reason=reason, return_confirmed=True) == "may_settle_alone"


@pytest.mark.spec("TM-W06")
def test_fifteen_days_after_success(desk: Desk) -> None:
    tmall(desk, shipped_at=T, signed_at=T, succeeded_at=T, quantity=3)
    for at, guard in ((T, ""), (T + 15 * DAY, ""), (T + 15 * DAY + SECOND, "asked_in_time")):
        assert refused_ask(desk, "return_refund", at, refund_fen=100) == guard
    assert refused_ask(desk, "return_refund", T + DAY, reason="not_wanted") == "asked_in_time"


@pytest.mark.spec("TM-W06")
def test_compensation_completes_itself_when_the_refund_does(desk: Desk) -> None:
    tmall(desk)
    case = ask(desk, at=T, reason="out_of_stock")
    do(desk, case, "agree", "merchant", T)
    (payment,) = (each for each in family(desk, case) if each.kind == "payment")
    assert payment.facts["purpose"] == "refund"
    do(desk, payment, "succeed", "gateway", T + HOUR, receipt="R1")
    assert read(desk, case.id).state == "refunded"
    assert paid(desk, case, T + HOUR) == {"refund": 3_000, "compensation": 1_500}


@pytest.mark.spec("TM-W07")
def test_escalation_opens_72_hours_after_the_request(desk: Desk) -> None:
    tmall(desk, shipped_at=T, signed_at=T)
    case = ask(desk, "return_refund")
    do(desk, case, "refuse", "merchant", T + HOUR, **REFUSAL)
    do(desk, case, "talk", "buyer", T + HOUR, talk="it was sealed")
    for actor, verb in (("buyer", "escalate"), ("merchant", "escalate_by_merchant")):
        assert refused(desk, case, verb, actor, T + DAYS_3 - SECOND) == "escalation_open"  # type: ignore[arg-type]
    assert do(desk, case, "escalate", "buyer", T + DAYS_3).state == "disputed"


@pytest.mark.spec("TM-W07")
def test_a_hopeless_case_is_turned_away(desk: Desk) -> None:
    tmall(desk, shipped_at=T, signed_at=T)
    case = ask(desk, "return_refund")
    do(desk, case, "refuse", "merchant", T + HOUR, **REFUSAL)
    do(desk, case, "escalate", "buyer", T + DAYS_3)
    (dispute,) = (each for each in family(desk, case) if each.kind == "dispute")
    assert refused(desk, dispute, "turn_away", "platform", T + DAYS_3) == "takes"
    do(desk, dispute, "turn_away", "platform", T + DAYS_3, note="worn for a month")
    assert read(desk, case.id).state == "closed"


def test_the_seller_closes_only_what_is_unpaid(desk: Desk) -> None:
    tmall(desk, paid_at=None)
    assert do(desk, "order/O1", "cancel_by_merchant", "merchant", T + HOUR, close_reason="out_of_stock").state == "closed"
    tmall(desk, id_="O2")
    assert refused(desk, "order/O2", "cancel_by_merchant", "merchant", T + HOUR, close_reason="x") == "merchant_cancels"
    assert [each.verb for each in events(desk, "order/O2")] == ["place"]
