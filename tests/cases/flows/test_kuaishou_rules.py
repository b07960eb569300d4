"""Kuaishou's rules of who may ask for what, who may refuse it, and who bears its cost."""

import datetime as dt
from typing import Any

import pytest

from tianping.policy.cases.casebook import Casebook
from tianping.work.desk.sitting import CaseRefused, Desk

from ..market import DAY, HOUR, REFUSAL, SECOND, SHIPPED_REFUSAL, T, ask, do, order, refused
from .walks import had, paid_out, payments, returned

QUALITY = ("not_as_described", "damaged", "counterfeit", "quality")


@pytest.mark.spec("KS-W08")
def test_the_kinds_of_case(books: dict[str, Casebook]) -> None:
    for platform in ("kuaishou", "douyin", "jd"):
        assert {"refund_only", "return_refund", "exchange", "reissue", "repair", "dispute"} <= set(books[platform].flows)


@pytest.mark.spec("KS-W08")
@pytest.mark.parametrize(("kind", "agreed"), [("reissue", "to_send"), ("exchange", "agreed"), ("return_refund", "agreed")])
def test_a_reissue_wants_nothing_back_and_is_for_wrong_or_missing_items(desk: Desk, kind: str, agreed: str) -> None:
    had(desk, quantity=3)
    assert do(desk, ask(desk, kind, reason="missing_item"), "agree", "merchant", T).state == agreed
    for reason, fine in (("wrong_item", True), ("quality", kind != "reissue")):
        if fine:
            assert ask(desk, kind, reason=reason, refund_fen=1_000).state == "requested"
        else:
            with pytest.raises(CaseRefused, match="wrong or missing"):
                ask(desk, kind, reason=reason)


# Refusals


def why(desk: Desk, case: Any, reason: str, at: dt.datetime = T, verb: str = "refuse", **more: Any) -> str:
    return refused(desk, case, verb, "merchant", at, **{**REFUSAL, "refusal_reason": reason, **more})


@pytest.mark.parametrize("reason", QUALITY)
@pytest.mark.parametrize("words", ["packaging_missing", "packaging_accessories_missing"])
def test_bad_quality_is_not_refused_for_its_packaging(desk: Desk, reason: str, words: str) -> None:
    had(desk)
    case = ask(desk, "return_refund", reason=reason)
    assert why(desk, case, words) == "packaging"
    do(desk, case, "agree", "merchant", T)
    do(desk, case, "post_back", "buyer", T, return_waybill="SF1")
    assert why(desk, case, words, verb="dispute_receipt") == "packaging"


def test_without_bad_quality_packaging_may_be_a_reason(desk: Desk) -> None:
    had(desk)
    assert why(desk, ask(desk, reason="not_wanted"), "packaging_missing") == ""


@pytest.mark.spec("KS-W10")
@pytest.mark.parametrize("reason", ["damaged", "logistics"])
def test_damage_in_transit_is_the_merchants(desk: Desk, reason: str) -> None:
    had(desk, freight_fen=800)
    case = ask(desk, "return_refund", reason=reason, refund_fen=5_800)
    assert why(desk, case, "carrier_fault") == "transit_damage"
    do(desk, case, "agree", "merchant", T)
    do(desk, case, "post_back", "buyer", T, return_waybill="SF1", freight_claim_fen=1_200)
    done = paid_out(desk, do(desk, case, "confirm", "merchant", T), T)
    assert payments(desk, done) == {"refund": 5_800, "freight": 1_200}


@pytest.mark.spec("KS-W19")
def test_a_refusal_needs_a_reason_prior_talk_and_evidence(desk: Desk) -> None:
    had(desk)
    case = ask(desk)
    for missing, guard in (("refusal_reason", "takes"), ("talk", "talked"), ("refusal_evidence", "evidence_shown")):
        given = {name: value for name, value in REFUSAL.items() if name != missing}
        assert refused(desk, case, "refuse", "merchant", T, **given) == guard
    do(desk, case, "talk", "merchant", T, talk="called")  # noted before, it counts
    assert refused(desk, case, "refuse", "merchant", T, refusal_reason="used", refusal_evidence="photo") == ""


@pytest.mark.spec("KS-W19")
def test_what_is_on_its_way_is_intercepted_first(desk: Desk) -> None:
    order(desk, shipped_at=T)
    case = ask(desk, reason="not_wanted")
    assert refused(desk, case, "refuse", "merchant", T, **REFUSAL) == "intercept_tried"
    tried = {**REFUSAL, "intercept": "asked the carrier"}
    assert refused(desk, case, "refuse", "merchant", T, **tried) == "intercept_tried"  # and why it failed
    assert refused(desk, case, "refuse", "merchant", T, **SHIPPED_REFUSAL) == ""


@pytest.mark.spec("KS-W19")
def test_shipping_to_escape_a_refund(desk: Desk) -> None:
    """Shipped after the request: intercepted first. What is being refunded is not shipped at all. Fake parcels are KS-V10's."""
    placed = order(desk)
    case = ask(desk, reason="not_wanted", refund_fen=5_000)
    do(desk, placed, "ship", "merchant", T, waybill="SF1")
    assert refused(desk, case, "refuse", "merchant", T, **REFUSAL) == "intercept_tried"
    other = order(desk, id_="O2")
    do(desk, ask(desk, of="O2", refund_fen=5_000), "agree", "merchant", T)
    assert refused(desk, other, "ship", "merchant", T, waybill="SF1") == "something_left"


@pytest.mark.spec("KS-W21")
@pytest.mark.parametrize("reason", ["no_returns", "no_refund_after_payment", "flash_sale"])
@pytest.mark.parametrize("kind", ["refund_only", "return_refund", "exchange", "reissue", "repair"])
def test_invalid_refusals(desk: Desk, reason: str, kind: str) -> None:
    had(desk, warranty_days=365)
    case = ask(desk, kind, reason="wrong_item")
    assert why(desk, case, reason) == "valid_refusal"
    with pytest.raises(CaseRefused) as caught:
        do(desk, case, "refuse", "merchant", T, **{**REFUSAL, "refusal_reason": reason})
    assert "不退" in caught.value.refusal.zh
    assert "no valid reason" in caught.value.refusal.en
    assert why(desk, case, "used") == ""


# Seven days without reason

SIGNED = dt.datetime(2024, 3, 1, 8)
"""A Friday, 16:00 in Shanghai: the seven days begin on Saturday at 00:00, which is 16:00 of Friday in UTC."""
LAST = dt.datetime(2024, 3, 8, 16)
INTACT: dict[str, Any] = {"reason": "seven_days", "intact": True}


@pytest.mark.spec("KS-W11")
@pytest.mark.parametrize("kind", ["return_refund", "exchange"])
def test_seven_days_count_from_midnight_after_signing(desk: Desk, kind: str) -> None:
    had(desk, shipped_at=SIGNED - DAY, signed_at=SIGNED, seven_days=True, quantity=3)
    assert ask(desk, kind, SIGNED, **INTACT).state == "requested"
    assert ask(desk, kind, LAST, **INTACT).state == "requested"
    with pytest.raises(CaseRefused, match="seven days without reason are over"):
        ask(desk, kind, LAST + SECOND, **INTACT)


@pytest.mark.spec("KS-W11")
@pytest.mark.parametrize(
    ("goods", "asked", "guard"),
    [
        ({"seven_days": False}, INTACT, "do not support"),
        ({}, INTACT, "do not support"),
        ({"seven_days": True}, {**INTACT, "intact": False}, "intact goods"),
        ({"seven_days": True}, {"reason": "seven_days"}, "intact goods"),
    ],
)
def test_without_reason_only_intact_goods_that_support_it(
    desk: Desk, goods: dict[str, Any], asked: dict[str, Any], guard: str
) -> None:
    had(desk, **goods)
    with pytest.raises(CaseRefused, match=guard):
        ask(desk, "return_refund", **asked)


@pytest.mark.spec("KS-W11")
def test_without_reason_is_refused_only_for_goods_not_intact_as_the_page_says(desk: Desk) -> None:
    had(desk, id_="O1", seven_days=True)
    had(desk, id_="O2", seven_days=True, intact_shown=True)
    silent, shown = (ask(desk, "return_refund", of=of, **INTACT) for of in ("O1", "O2"))
    assert why(desk, silent, "not_wanted_back") == "no_reason_right"
    assert why(desk, silent, "not_intact") == "intact_terms"  # the page does not say what counts as intact
    assert why(desk, shown, "not_intact") == ""


def test_one_does_not_slip_into_no_reason(desk: Desk) -> None:
    had(desk)
    case = ask(desk, "return_refund")
    assert refused(desk, case, "change_reason", "buyer", T, reason_now="seven_days") == "not_to_no_reason"
    changed = do(desk, case, "change_reason", "buyer", T + HOUR, reason_now="not_wanted")
    assert (changed.facts["reason"], changed.facts["cause"]) == ("quality", "not_wanted")


@pytest.mark.spec("KS-W13")
def test_a_promise_that_favours_the_buyer_more_prevails(desk: Desk) -> None:
    had(desk, signed_at=SIGNED, seven_days=False, promise_return_days=30, quantity=2)
    assert ask(desk, "return_refund", SIGNED + 30 * DAY, **INTACT).state == "requested"
    with pytest.raises(CaseRefused, match="over"):
        ask(desk, "return_refund", SIGNED + 30 * DAY + SECOND, **INTACT)
    had(desk, id_="O2", signed_at=SIGNED, seven_days=True, promise_return_days=3)  # the shorter one does not
    assert ask(desk, "return_refund", LAST, of="O2", **INTACT).state == "requested"


# Three guarantees, warranty, promise


def repaired_until(desk: Desk, id_: str, **goods: Any) -> int:
    """The last of some days on whose last second a repair can be asked for; the next second it cannot."""
    had(desk, id_=id_, signed_at=SIGNED, quantity=9, **goods)
    days = [days for days in (30, 60, 90, 180, 365) if _asks_repair(desk, id_, SIGNED + days * DAY)]
    assert days
    assert not _asks_repair(desk, id_, SIGNED + days[-1] * DAY + SECOND)
    return days[-1]


def _asks_repair(desk: Desk, of: str, at: dt.datetime) -> bool:
    try:
        ask(desk, "repair", at, of=of, reason="needs_repair")
    except CaseRefused as error:
        if error.refusal.guard != "guaranteed":
            raise
        return False
    return True


@pytest.mark.spec("KS-W12")
@pytest.mark.parametrize(
    ("goods", "days"),
    [
        ({"national_days": 90, "local_days": 180}, 90),  # the national rule
        ({"national_days": 180, "local_days": 90}, 180),
        ({"local_days": 60}, 60),  # else the local one
        ({"local_days": 60, "local_buyer_days": 180}, 180),  # of conflicting ones the strictest
        ({"local_days": 180, "local_buyer_days": 60}, 180),
        ({"three_guarantees": True}, 90),
    ],
)
def test_which_rule_of_the_three_guarantees_prevails(desk: Desk, goods: dict[str, Any], days: int) -> None:
    assert repaired_until(desk, "O1", **goods) == days


@pytest.mark.spec("KS-W13")
@pytest.mark.parametrize(("promised", "days"), [(365, 365), (30, 90)])
def test_a_longer_promise_prevails_over_the_law_and_a_shorter_does_not(desk: Desk, promised: int, days: int) -> None:
    assert repaired_until(desk, "O1", national_days=90, promise_days=promised) == days


@pytest.mark.spec("KS-W23")
@pytest.mark.parametrize(
    ("goods", "days"), [({"national_days": 90}, 90), ({"warranty_days": 365}, 365), ({"promise_days": 180}, 180)]
)
def test_repair_by_law_warranty_or_promise(desk: Desk, goods: dict[str, Any], days: int) -> None:
    assert repaired_until(desk, "O1", **goods) == days


@pytest.mark.spec("KS-W23")
def test_gold_that_does_not_fit_is_resized_whenever(desk: Desk) -> None:
    had(desk, id_="O1", signed_at=SIGNED, gold=True, quantity=2)
    had(desk, id_="O2", signed_at=SIGNED)
    late = SIGNED + 900 * DAY
    assert ask(desk, "repair", late, of="O1", reason="other", resize=True).state == "requested"
    for of, resize in (("O1", False), ("O2", True)):
        with pytest.raises(CaseRefused, match="three guarantees"):
            ask(desk, "repair", late, of=of, reason="other", resize=resize)


@pytest.mark.spec("KS-W23")
def test_a_repair_from_request_to_return_at_the_merchants_cost(desk: Desk) -> None:
    had(desk, warranty_days=365)
    case = returned(desk, "repair", reason="needs_repair", refund_fen=None)
    received = do(desk, case, "confirm", "merchant", T + DAY)
    assert received.state == "repairing"
    do(desk, case, "send_again", "merchant", T + 2 * DAY, reship_waybill="SF2")
    done = do(desk, case, "sign_resent", "buyer", T + 4 * DAY)
    assert (done.state, done.facts["outcome"], payments(desk, done)) == ("repaired", "repaired", {})


# Costs


@pytest.mark.spec("KS-W20")
@pytest.mark.parametrize("reason", [*QUALITY, "wrong_item", "missing_item", "late_shipment", "out_of_stock"])
def test_costs_caused_by_the_merchant_or_the_quality_are_the_merchants(desk: Desk, reason: str) -> None:
    had(desk)
    costs: dict[str, Any] = {"coupon_fen": 300, "difference_fen": 450}
    case = ask(desk, "return_refund", reason=reason, refund_fen=5_000, **costs)
    do(desk, case, "agree", "merchant", T)
    do(desk, case, "post_back", "buyer", T, return_waybill="SF1", freight_claim_fen=1_000)
    done = paid_out(desk, do(desk, case, "confirm", "clock", T), T)
    assert payments(desk, done) == {"refund": 5_000, "freight": 1_000, "difference": 750}


@pytest.mark.spec("KS-W20")
@pytest.mark.parametrize("reason", ["seven_days", "not_wanted", "wrong_order", "other"])
def test_other_costs_are_the_buyers(desk: Desk, reason: str) -> None:
    had(desk, seven_days=True)
    case = ask(desk, "return_refund", reason=reason, refund_fen=5_000, intact=True, coupon_fen=300, difference_fen=450)
    do(desk, case, "agree", "merchant", T)
    do(desk, case, "post_back", "buyer", T, return_waybill="SF1", freight_claim_fen=1_000)
    done = paid_out(desk, do(desk, case, "confirm", "merchant", T), T)
    assert payments(desk, done) == {"refund": 5_000}


@pytest.mark.spec("KS-W20")
def test_all_of_an_agreed_compensation_is_the_merchants(desk: Desk) -> None:
    had(desk)
    case = ask(desk, reason="other", refund_fen=5_000)
    do(desk, case, "offer", "merchant", T, offer_fen=1_000, offered_compensation_fen=9_000)
    done = paid_out(desk, do(desk, case, "accept_offer", "buyer", T), T)
    assert payments(desk, done) == {"refund": 1_000, "compensation": 9_000}


@pytest.mark.parametrize(("name", "most"), [("coupon_fen", 5_000), ("difference_fen", 5_000)])
def test_what_is_claimed_has_a_bound(desk: Desk, name: str, most: int) -> None:
    had(desk)
    claimed: dict[str, Any] = {name: most}
    assert ask(desk, **claimed).state == "requested"
    with pytest.raises(CaseRefused, match="at most what the goods cost"):
        ask(desk, **{**claimed, name: most + 1})


def test_a_return_freight_has_a_bound(desk: Desk) -> None:
    had(desk)
    case = do(desk, ask(desk, "return_refund"), "agree", "merchant", T)
    over = {"return_waybill": "SF1", "freight_claim_fen": 10_001}
    assert refused(desk, case, "post_back", "buyer", T, **over) == "freight_in_bounds"
    assert refused(desk, case, "post_back", "buyer", T, **{**over, "freight_claim_fen": 10_000}) == ""
