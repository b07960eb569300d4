"""Kuaishou (and who borrows from it): refunds from the request to the money, every deadline to the second."""

import datetime as dt

import pytest

from tianping.work.desk.sitting import CaseRefused, Desk

from ..market import DAY, HOUR, REFUSAL, T, ask, do, events, family, order, pass_time, read, refused
from .walks import children, had, on_delivery, paid_out, passes, payments, refused_one, returned

BOTH = ("refund_only", "return_refund")
ANSWERED = {"refund_only": "refunding", "return_refund": "agreed"}


@pytest.mark.spec("KS-W03")
@pytest.mark.parametrize("platform", ["kuaishou", "jd"])
@pytest.mark.parametrize("kind", BOTH)
def test_unanswered_for_48_hours_counts_as_agreed(desk: Desk, platform: str, kind: str) -> None:
    had(desk, platform)
    agreed = passes(desk, ask(desk, kind), T + 48 * HOUR, "requested", ANSWERED[kind])
    assert agreed.facts["answer"] == "agreed"
    assert agreed.facts["agreed_at"] == T + 48 * HOUR


def test_unshipped_it_is_24_hours_since_2023(desk: Desk) -> None:
    before = dt.datetime(2022, 12, 31, 8)
    order(desk, before, id_="O1")
    passes(desk, ask(desk, at=before), before + 48 * HOUR, "requested", "refunding")
    order(desk, id_="O2")
    passes(desk, ask(desk, of="O2"), T + 24 * HOUR, "requested", "refunding")


def test_shipping_after_the_request_does_not_lengthen_the_answer(desk: Desk) -> None:
    placed = order(desk)
    case = ask(desk)
    do(desk, placed, "ship", "merchant", T + HOUR, waybill="SF1")
    passes(desk, case, T + 24 * HOUR, "requested", "refunding")


@pytest.mark.spec("KS-W04")
@pytest.mark.parametrize("platform", ["kuaishou", "douyin", "jd"])
@pytest.mark.parametrize("kind", ["return_refund", "exchange", "repair"])
def test_no_waybill_for_seven_days_closes_the_case(desk: Desk, platform: str, kind: str) -> None:
    had(desk, platform, warranty_days=365)
    case = do(desk, ask(desk, kind), "agree", "merchant", T + HOUR)
    closed = passes(desk, case, T + HOUR + 7 * DAY, "agreed", "closed")
    assert closed.facts["outcome"] == "closed"
    assert read(desk, "order/O1").facts["open_cases"] == 0
    assert payments(desk, closed) == {}


@pytest.mark.spec("KS-W04")
def test_the_waybill_comes_at_the_last_second(desk: Desk) -> None:
    had(desk)
    case = do(desk, ask(desk, "return_refund"), "agree", "merchant", T)
    last = T + 7 * DAY - dt.timedelta(seconds=1)
    assert do(desk, case, "post_back", "buyer", last, return_waybill="SF1").state == "returning"


@pytest.mark.spec("KS-W04")
def test_the_waybill_a_second_later_finds_the_case_closed(desk: Desk) -> None:
    had(desk)
    case = do(desk, ask(desk, "return_refund"), "agree", "merchant", T)
    assert refused(desk, case, "post_back", "buyer", T + 7 * DAY, return_waybill="SF1") == "state"
    assert read(desk, case.id).state == "closed"


@pytest.mark.spec("KS-W05")
@pytest.mark.parametrize("platform", ["kuaishou", "douyin", "jd"])
@pytest.mark.parametrize("signed_after", [None, 1, 6])
def test_unconfirmed_for_seven_days_from_the_waybill_it_is_refunded(
    desk: Desk, platform: str, signed_after: int | None
) -> None:
    had(desk, platform)
    case = returned(desk)
    state = "returning"
    if signed_after:
        state = do(desk, case, "return_signed", "platform", T + signed_after * DAY).state
    confirmed = passes(desk, case, T + 2 * HOUR + 7 * DAY, state, "refunding")
    assert payments(desk, confirmed) == {"refund": 3_000}
    assert events(desk, case)[-1].doer.actor == "clock"


@pytest.mark.spec("KS-W06")
def test_the_platform_refunds_and_postage_stays(desk: Desk) -> None:
    had(desk, amount_fen=5_000, freight_fen=800)
    with pytest.raises(CaseRefused, match="postage is not refunded"):
        ask(desk, "return_refund", reason="other", refund_fen=5_001)
    case = returned(desk, reason="other", refund_fen=5_000, freight_claim_fen=None)
    refunding = do(desk, case, "confirm", "merchant", T + DAY)
    assert payments(desk, refunding) == {"refund": 5_000}
    done = paid_out(desk, refunding, T + DAY)
    assert (done.state, done.facts["outcome"]) == ("refunded", "refunded")


@pytest.mark.spec("KS-W06")
def test_two_refunds_do_not_add_up_to_the_postage(desk: Desk) -> None:
    had(desk, amount_fen=5_000, freight_fen=800)
    do(desk, ask(desk, reason="other", refund_fen=3_000), "agree", "merchant", T)
    with pytest.raises(CaseRefused, match="postage is not refunded"):
        ask(desk, reason="other", refund_fen=2_001)
    assert ask(desk, reason="other", refund_fen=2_000).state == "requested"


@pytest.mark.spec("KS-W06")
@pytest.mark.parametrize("reason", ["quality", "damaged", "wrong_item", "logistics"])
def test_postage_comes_back_where_the_merchant_is_the_cause(desk: Desk, reason: str) -> None:
    had(desk, amount_fen=5_000, freight_fen=800)
    case = do(desk, ask(desk, reason=reason, refund_fen=5_800), "agree", "merchant", T)
    assert payments(desk, case) == {"refund": 5_800}


def test_postage_not_yet_used_comes_back_too(desk: Desk) -> None:
    order(desk, amount_fen=5_000, freight_fen=800)
    assert ask(desk, reason="not_wanted", refund_fen=5_800).state == "requested"


@pytest.mark.parametrize(("reason", "second"), [("other", 0), ("quality", 800)])
def test_cases_that_ask_for_more_than_is_left_still_end(desk: Desk, reason: str, second: int) -> None:
    """By the clock, too; and nobody gets the postage by asking twice."""
    had(desk, amount_fen=5_000, freight_fen=800)
    cases = [ask(desk, reason=reason, refund_fen=5_000) for _ in range(3)]
    states = [pass_time(desk, case, T + 48 * HOUR).state for case in cases]
    sums = [sum(payments(desk, case).values()) for case in cases]
    assert sums == [5_000, second, 0]
    assert states == ["refunding", "refunding" if second else "closed", "closed"]
    assert read(desk, "order/O1").facts["open_cases"] == states.count("refunding")


def test_returns_too(desk: Desk) -> None:
    """¥20.00 of ¥50.00 were refunded otherwise meanwhile."""
    had(desk, quantity=3)
    cases = [returned(desk, refund_fen=1_666) for _ in range(3)]
    ask(desk, verb="settle", by="merchant", refund_fen=2_000)
    done = [pass_time(desk, case, T + 2 * HOUR + 7 * DAY) for case in cases]
    assert [(case.state, case.facts["refund_fen"]) for case in done] == [
        ("refunding", 1_666),
        ("refunding", 1_334),
        ("closed", 0),
    ]


def test_a_voucher_that_nobody_uploads_advances_at_most_what_is_left(desk: Desk) -> None:
    on_delivery(desk)
    cases = [ask(desk, refund_fen=3_500) for _ in range(2)]
    asked = [do(desk, case, "agree", "merchant", T) for case in cases]
    assert [case.facts["refund_fen"] for case in asked] == [3_500, 1_500]  # what the first is to pay is spoken for
    states = [pass_time(desk, case, T + 48 * HOUR).state for case in cases]
    assert (states, [payments(desk, case) for case in cases]) == (["refunding"] * 2, [{"advance": 3_500}, {"advance": 1_500}])


# Cash on delivery


@pytest.mark.spec("KS-W07")
@pytest.mark.parametrize("platform", ["kuaishou", "douyin", "jd"])
def test_a_return_on_delivery_ends_with_the_merchants_voucher(desk: Desk, platform: str) -> None:
    on_delivery(desk, platform)
    case = ask(desk, "return_refund")
    passes(desk, case, T + 48 * HOUR, "requested", "agreed")
    posted = do(desk, case, "post_back", "buyer", T + 3 * DAY, return_waybill="SF1")
    waiting = passes(desk, posted, T + 10 * DAY, "returning", "awaiting_voucher")
    assert payments(desk, waiting) == {}
    last = T + 12 * DAY - dt.timedelta(seconds=1)
    done = do(desk, case, "upload_voucher", "merchant", last, voucher="bank 1")
    assert (done.state, done.facts["voucher_at"], payments(desk, done)) == ("refunded", last, {})
    after = read(desk, "order/O1").facts
    assert (after["refunded_fen"], after["open_cases"]) == (3_000, 0)


@pytest.mark.spec("KS-W07")
def test_without_a_voucher_the_platform_pays_in_advance_and_notes_a_violation(desk: Desk) -> None:
    on_delivery(desk)
    case = do(desk, returned(desk), "confirm", "merchant", T + DAY)
    advanced = passes(desk, case, T + 3 * DAY, "awaiting_voucher", "refunding")
    assert refused(desk, case, "upload_voucher", "merchant", T + 3 * DAY, voucher="bank 1") == "state"
    assert advanced.facts["violation"] == "cod_refund_unpaid"
    assert payments(desk, advanced) == {"advance": 3_000}
    assert paid_out(desk, advanced, T + 3 * DAY).state == "refunded"
    (claim,) = (each for each in family(desk, case) if each.kind == "advance")
    assert claim.facts["advance_fen"] == 3_000


@pytest.mark.spec("KS-W07")
def test_before_it_is_signed_for_there_is_nothing_to_return(desk: Desk) -> None:
    on_delivery(desk, signed_at=None)
    with pytest.raises(CaseRefused, match="nothing has been paid"):
        ask(desk, "return_refund")


# What came back


def test_the_refund_is_for_what_came_back(desk: Desk) -> None:
    had(desk, quantity=3, amount_fen=10_000)
    case = returned(desk, quantity=3, refund_fen=10_000)
    partly = do(desk, case, "confirm", "merchant", T + DAY, received_quantity=2)
    assert (partly.facts["asked_fen"], partly.facts["refund_fen"], partly.facts["quantity"]) == (10_000, 6_666, 3)
    assert payments(desk, partly) == {"refund": 6_666}
    paid_out(desk, partly, T + DAY)
    assert ask(desk, "return_refund", T + DAY, quantity=1, refund_fen=3_334).state == "requested"


def test_more_than_was_asked_changes_nothing_and_nothing_at_all_is_an_objection(desk: Desk) -> None:
    had(desk, quantity=3, amount_fen=9_000)
    case = returned(desk, quantity=2, refund_fen=6_000)
    empty = do(desk, case, "confirm", "merchant", T + DAY, received_quantity=0)
    assert (empty.state, payments(desk, empty)) == ("receipt_disputed", {})
    assert do(desk, case, "confirm", "merchant", T + DAY, received_quantity=3).facts["refund_fen"] == 6_000
    other = do(desk, returned(desk, refund_fen=3_000, quantity=1), "confirm", "merchant", T + DAY, received_quantity=0)
    do(desk, other, "offer", "merchant", T + DAY, offer_fen=500)
    assert payments(desk, do(desk, other, "accept_offer", "buyer", T + DAY)) == {"refund": 500}


@pytest.mark.parametrize("reason", ["x", "", "Quality"])
def test_a_reason_is_one_of_those_listed(desk: Desk, reason: str) -> None:
    had(desk)
    with pytest.raises(CaseRefused):
        ask(desk, reason=reason)


@pytest.mark.parametrize(("quantity", "fine"), [(0, False), (1, True), (3, True), (4, False)])
def test_no_more_items_than_were_bought(desk: Desk, quantity: int, fine: bool) -> None:
    had(desk, quantity=3)
    if fine:
        assert ask(desk, "return_refund", quantity=quantity).state == "requested"
    else:
        with pytest.raises(CaseRefused, match="no more than were bought"):
            ask(desk, "return_refund", quantity=quantity)


# Refusal, escalation, the platform


@pytest.mark.spec("KS-W14")
@pytest.mark.parametrize(("platform", "hours"), [("kuaishou", 168), ("jd", 168), ("douyin", 48)])
@pytest.mark.parametrize("kind", ["refund_only", "return_refund", "exchange", "reissue", "repair"])
def test_refused_the_buyer_may_escalate_and_after_its_time_it_closes(desk: Desk, platform: str, hours: int, kind: str) -> None:
    had(desk, platform, warranty_days=365)
    due = T + HOUR + hours * HOUR
    reason = "wrong_item" if kind == "reissue" else "quality"
    passes(desk, refused_one(desk, kind, reason=reason), due, "refused", "closed")
    late = refused_one(desk, kind, reason=reason)
    assert refused(desk, late, "escalate", "buyer", due) == "state"
    other = refused_one(desk, kind, reason=reason)
    escalated = do(desk, other, "escalate", "buyer", due - dt.timedelta(seconds=1))
    assert (escalated.state, escalated.facts["escalated_by"]) == ("disputed", "buyer")
    assert len(children(desk, escalated, "dispute")) == 1


@pytest.mark.spec("KS-W14")
@pytest.mark.parametrize(
    ("verb", "actor", "by"), [("escalate", "buyer", "buyer"), ("escalate_by_merchant", "merchant", "seller")]
)
def test_either_may_escalate_when_they_cannot_agree(desk: Desk, verb: str, actor: str, by: str) -> None:
    had(desk)
    case = ask(desk)
    other = "merchant" if actor == "buyer" else "buyer"
    assert refused(desk, case, verb, actor, T) == "cannot_agree"  # type: ignore[arg-type]
    assert refused(desk, case, verb, other, T) == "who"  # type: ignore[arg-type]
    do(desk, case, "talk", "merchant", T + HOUR, talk="no agreement on the price")
    escalated = do(desk, case, verb, actor, T + HOUR)  # type: ignore[arg-type]
    assert (escalated.state, escalated.facts["escalated_by"]) == ("disputed", by)


def test_in_dispute_nobody_does_anything_but_in_the_dispute(desk: Desk) -> None:
    had(desk)
    case = do(desk, refused_one(desk, "return_refund"), "escalate", "buyer", T + 2 * HOUR)
    for verb in ("agree", "offer", "offer_refund", "refuse", "talk", "decide_directly"):
        assert refused(desk, case, verb, "merchant", T + 2 * HOUR) == "state"
    assert refused(desk, case, "withdraw", "buyer", T + 2 * HOUR) == "state"
    assert pass_time(desk, case, T + 2 * HOUR).state == "disputed"


def test_a_merchant_that_objects_to_what_came_back_meets_the_platform(desk: Desk) -> None:
    had(desk)
    case = returned(desk)
    assert refused(desk, case, "dispute_receipt", "merchant", T + DAY, refusal_reason="empty_parcel") == "talked"
    objected = do(desk, case, "dispute_receipt", "merchant", T + DAY, **REFUSAL)
    assert objected.facts["answer"] == "agreed"  # the answer to the request stays
    assert refused(desk, objected, "withdraw", "buyer", T + DAY) == "state"
    escalated = passes(desk, objected, T + 8 * DAY, "receipt_disputed", "disputed")
    assert escalated.facts["escalated_by"] == "seller"


def test_a_merchant_that_relents_refunds(desk: Desk) -> None:
    had(desk)
    assert do(desk, refused_one(desk), "agree", "merchant", T + 2 * HOUR).state == "refunding"
    objected = do(desk, returned(desk, refund_fen=2_000), "dispute_receipt", "merchant", T + DAY, **REFUSAL)
    assert do(desk, objected, "confirm", "merchant", T + DAY).state == "refunding"


def test_a_partial_refund_is_agreed_by_both_and_wins_no_time(desk: Desk) -> None:
    had(desk)
    case = ask(desk, reason="missing_item", refund_fen=3_000)
    assert refused(desk, case, "accept_offer", "buyer", T) == "offered"
    assert refused(desk, case, "offer", "merchant", T, offer_fen=3_001) == "offer_in_bounds"
    assert refused(desk, case, "offer", "merchant", T, offer_fen=0) == "offer_in_bounds"
    do(desk, case, "offer", "merchant", T + 47 * HOUR, offer_fen=1_000, offered_compensation_fen=200)
    done = do(desk, case, "accept_offer", "buyer", T + 47 * HOUR)
    assert (done.facts["refund_fen"], done.facts["asked_fen"]) == (1_000, 3_000)
    assert payments(desk, paid_out(desk, done, T + 48 * HOUR)) == {"refund": 1_000, "compensation": 200}
    other = ask(desk, reason="missing_item", refund_fen=2_000)
    do(desk, other, "offer", "merchant", T + 47 * HOUR, offer_fen=1_000)
    passes(desk, other, T + 48 * HOUR, "requested", "refunding")


def test_a_parcel_under_way_is_intercepted_before_its_refund_is_refused(desk: Desk) -> None:
    order(desk, shipped_at=T)
    case = ask(desk, reason="not_wanted")
    assert refused(desk, case, "intercept_failed", "merchant", T, intercept_failure="x") == "interception_begun"
    do(desk, case, "try_intercept", "merchant", T + HOUR, intercept="asked the carrier")
    assert refused(desk, case, "refuse", "merchant", T + HOUR, **REFUSAL) == "intercept_tried"
    do(desk, case, "intercept_failed", "merchant", T + 2 * HOUR, intercept_failure="out for delivery")
    assert do(desk, case, "refuse", "merchant", T + 2 * HOUR, **REFUSAL).state == "refused"


def test_a_cancelled_payment_closes_the_case(desk: Desk) -> None:
    had(desk)
    case = do(desk, ask(desk), "agree", "merchant", T)
    (payment,) = children(desk, case, "payment")
    do(desk, payment, "fail", "gateway", T, failure="account closed")
    do(desk, payment, "cancel", "operator", T)
    assert read(desk, case.id).state == "closed"
    assert read(desk, "order/O1").facts["open_cases"] == 0
