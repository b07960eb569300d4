"""What a dispute's verdict makes of the case it came from, and what an appeal unmakes (disputes: `tests/cases/disputes`)."""

from typing import Any

import pytest

from tianping.cases.case import Case
from tianping.work.desk.sitting import Desk

from ..market import DAY, HOUR, REFUSAL, T, do, family, read, refused
from .walks import children, had, on_delivery, paid_out, payments, refused_one, returned

AT = T + 2 * HOUR
JUDGED: dict[str, Any] = {"liability": "seller", "judged_at": AT}
REASON = {"reissue": "wrong_item"}


def disputed(desk: Desk, kind: str = "refund_only", **takes: Any) -> Case:
    case = refused_one(desk, kind, reason=REASON.get(kind, "quality"), **takes)
    return do(desk, case, "escalate", "buyer", AT)


def ruled(desk: Desk, case: Case, verb: str, **takes: Any) -> Case:
    return do(desk, case, verb, "system", AT, **takes)


@pytest.mark.parametrize("kind", ["refund_only", "return_refund"])
def test_judged_a_refund_it_is_paid_with_its_costs(desk: Desk, kind: str) -> None:
    had(desk)
    case = ruled(desk, disputed(desk, kind), "rule_refund", refund_fen=2_000, freight_fen=500, compensation_fen=300, **JUDGED)
    assert case.state == "refunding"
    done = paid_out(desk, case, AT)
    assert payments(desk, done) == {"refund": 2_000, "freight": 500, "compensation": 300}
    assert (done.state, done.facts["liability"]) == ("refunded", "seller")


def test_judged_on_delivery_the_merchant_pays_or_the_platform_advances(desk: Desk) -> None:
    on_delivery(desk)
    case = ruled(desk, disputed(desk), "rule_refund", refund_fen=2_000, **JUDGED)
    assert case.state == "awaiting_voucher"


def test_at_the_platforms_cost(desk: Desk) -> None:
    had(desk)
    case = ruled(desk, disputed(desk), "rule_refund", refund_fen=2_000, borne_by="platform", **JUDGED)
    (payment,) = children(desk, case, "payment")
    assert (payment.facts["borne_by"], payment.facts["fen"]) == ("platform", 2_000)


def test_judged_a_return_the_buyer_sends_it_back_and_who_bears_the_freight_is_as_judged(desk: Desk) -> None:
    had(desk, quantity=2)
    for bears, freight in ((True, {"freight": 700}), (False, {})):
        case = ruled(desk, disputed(desk, "return_refund", refund_fen=1_000), "rule_return", return_by_merchant=bears, **JUDGED)
        assert case.state == "agreed"
        do(desk, case, "post_back", "buyer", AT, return_waybill="SF1", freight_claim_fen=700)
        done = paid_out(desk, do(desk, case, "confirm", "merchant", AT), AT)
        assert payments(desk, done) == {"refund": 1_000, **freight}


def test_judged_a_return_of_what_is_back_already_only_the_money_is_left(desk: Desk) -> None:
    had(desk)
    case = do(desk, returned(desk), "dispute_receipt", "merchant", T + DAY, **REFUSAL)
    case = do(desk, case, "escalate", "buyer", T + DAY)
    assert do(desk, case, "rule_return", "system", T + DAY, **JUDGED).state == "refunding"


@pytest.mark.parametrize("kind", ["refund_only", "exchange", "reissue", "repair"])
def test_judged_another_remedy_another_case_takes_over(desk: Desk, kind: str) -> None:
    had(desk, warranty_days=365)
    case = ruled(desk, disputed(desk, kind), "rule_return", **JUDGED)
    (child,) = children(desk, case, "return_refund")
    assert (case.state, child.state, child.facts["liability"]) == ("closed", "agreed", "seller")
    assert read(desk, "order/O1").facts["open_cases"] == 1


@pytest.mark.parametrize(
    ("kind", "verb", "state"),
    [("exchange", "rule_exchange", "agreed"), ("reissue", "rule_exchange", "to_send"), ("repair", "rule_repair", "agreed")],
)
def test_judged_to_be_performed(desk: Desk, kind: str, verb: str, state: str) -> None:
    had(desk, warranty_days=365)
    assert ruled(desk, disputed(desk, kind), verb, **JUDGED).state == state


@pytest.mark.parametrize("kind", ["refund_only", "return_refund", "repair"])
def test_judged_an_exchange(desk: Desk, kind: str) -> None:
    had(desk, warranty_days=365)
    case = ruled(desk, disputed(desk, kind), "rule_exchange", **JUDGED)
    assert (case.state, children(desk, case, "exchange")[0].state) == ("closed", "agreed")


@pytest.mark.parametrize("kind", ["refund_only", "return_refund", "exchange", "reissue", "repair"])
def test_rejected_it_closes_and_the_order_goes_on(desk: Desk, kind: str) -> None:
    had(desk, warranty_days=365)
    case = ruled(desk, disputed(desk, kind), "rule_reject", liability="buyer", judged_at=AT)
    assert (case.state, read(desk, "order/O1").facts["open_cases"]) == ("closed", 0)
    again = ruled(desk, case, "overturned_to_refund", refund_fen=1_500, liability="seller", judged_at=AT)
    paid = [each for each in family(desk, again) if each.kind == "payment"]
    assert [each.facts["fen"] for each in paid] == [1_500]


@pytest.mark.parametrize("kind", ["refund_only", "return_refund", "exchange", "reissue", "repair"])
@pytest.mark.parametrize("paid", [True, False])
def test_overturned_the_refund_is_undone_to_the_last_fen(desk: Desk, kind: str, paid: bool) -> None:
    had(desk, warranty_days=365)
    case = ruled(desk, disputed(desk, kind), "rule_refund", refund_fen=2_000, freight_fen=500, **JUDGED)
    holder = next(iter(children(desk, case, "refund_only")), case)
    if paid:
        paid_out(desk, paid_out(desk, holder, AT), AT)  # the refund, then its costs
    for verb in ("overturned", "overturned_open"):
        refused(desk, case, verb, "system", AT + DAY, overturned_at=AT + DAY, liability="buyer")
    for payment in children(desk, holder, "payment") if not paid else ():
        do(desk, payment, "void", "gateway", AT + DAY, failure="recalled")
    order = read(desk, "order/O1")
    assert (read(desk, holder.id).state, order.facts["open_cases"], order.facts["refunded_fen"]) == ("closed", 0, 0)
    assert {each.state for each in children(desk, holder, "payment")} == {"reversed" if paid else "cancelled"}


@pytest.mark.parametrize(("by", "after"), [("escalate", "closed"), ("escalate_by_merchant", "requested")])
def test_a_withdrawn_dispute(desk: Desk, by: str, after: str) -> None:
    had(desk)
    case = do(desk, refused_one(desk), by, "buyer" if by == "escalate" else "merchant", AT)
    over = ruled(desk, case, "dispute_over")
    assert (over.state, read(desk, "order/O1").facts["open_cases"]) == (after, int(after != "closed"))
    if after != "closed":
        assert refused(desk, over, by, "merchant", AT, talk="x") == "escalated_once"


def test_found_liable_on_recheck_a_settled_case_keeps_its_state_and_its_end(desk: Desk) -> None:
    had(desk)
    done = paid_out(desk, do(desk, refused_one(desk), "agree", "merchant", AT), AT)
    found = do(desk, done, "rule_liability", "system", AT + DAY, liability="seller", judged_at=AT + DAY)
    assert (found.state, found.ended_at, found.facts["liability"]) == ("refunded", AT, "seller")


def test_outbound_postage_judged_the_merchants_comes_back_once(desk: Desk) -> None:
    had(desk, amount_fen=5_000, freight_fen=800)
    case = ruled(desk, disputed(desk), "rule_refund", refund_fen=5_000, outbound_fen=800, **JUDGED)
    done = paid_out(desk, paid_out(desk, case, AT), AT)
    assert (done.state, payments(desk, done)) == ("refunded", {"refund": 5_800})
    order = read(desk, "order/O1").facts
    assert (order["refunded_fen"], order["open_cases"]) == (5_800, 0)


def test_outbound_postage_that_came_back_already_does_not_again(desk: Desk) -> None:
    had(desk, amount_fen=5_000, freight_fen=800)
    case = ruled(desk, disputed(desk, refund_fen=5_500), "rule_refund", refund_fen=5_500, outbound_fen=800, **JUDGED)
    assert payments(desk, paid_out(desk, case, AT)) == {"refund": 5_800}


@pytest.mark.parametrize("signed", [True, False])
def test_what_a_rule_confirmed_is_taken_back_to_where_the_goods_are(desk: Desk, signed: bool) -> None:
    had(desk)
    case = returned(desk)
    if signed:
        do(desk, case, "return_signed", "platform", T + DAY)
    done = do(desk, case, "confirm", "rule", T + DAY)
    assert (done.state, done.facts["handled_by"]) == ("refunding", "rule")
    back = do(desk, case, "take_back", "platform", T + DAY, note="the wrong goods came back")
    assert back.state == ("arrived" if signed else "returning")
    assert refused(desk, back, "confirm", "merchant", T + 2 * DAY) == "receipt_known"  # ¥20.00 are left of ¥30.00
    do(desk, children(desk, case, "payment")[0], "void", "gateway", T + 2 * DAY, failure="recalled")
    assert do(desk, back, "confirm", "merchant", T + 2 * DAY).state == "refunding"
    assert refused(desk, case, "take_back", "platform", T + 2 * DAY, note="x") == "done_by_rule"


def test_a_payment_taken_back_does_not_end_the_case_that_pays_again(desk: Desk) -> None:
    had(desk)
    case = do(desk, returned(desk, refund_fen=1_000), "confirm", "rule", T + DAY)
    (first,) = children(desk, case, "payment")
    do(desk, case, "take_back", "platform", T + DAY, note="x")
    do(desk, case, "confirm", "merchant", T + DAY)
    do(desk, first, "void", "gateway", T + DAY, failure="recalled")
    assert read(desk, case.id).state == "refunding"
    assert paid_out(desk, case, T + 2 * DAY).state == "refunded"
    assert read(desk, "order/O1").facts["refunded_fen"] == 1_000
