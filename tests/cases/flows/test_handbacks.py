"""Goods that came back and are neither refunded nor replaced go back: at each end, who has them, and who the money."""

from collections.abc import Callable
from typing import Any

import pytest

from tianping.cases.case import Case
from tianping.work.desk.sitting import Desk

from ..market import DAY, HOUR, REFUSAL, SECOND, T, ask, do, family, pass_time, read, refused
from .walks import children, had, paid_out, passes, payments, returned

SENT: dict[str, Any] = {"reship_waybill": "SF9"}
AT = T + 5 * HOUR
Way = Callable[[Desk, str], Case]


def objected(desk: Desk, kind: str = "return_refund", **takes: Any) -> Case:
    """Goods of ¥50.00 that came back, to which the merchant objects; in dispute since T + 4 h."""
    case = returned(desk, kind, refund_fen=5_000, **takes)
    do(desk, case, "dispute_receipt", "merchant", T + 3 * HOUR, **REFUSAL)
    return do(desk, case, "escalate", "buyer", T + 4 * HOUR, talk="called")


def rejected(desk: Desk, kind: str = "return_refund", **takes: Any) -> Case:
    return do(
        desk, objected(desk, kind, **takes), "rule_reject", "system", AT, judged_at=AT, liability="buyer", remedy="reject"
    )


def gave_up(desk: Desk, kind: str) -> Case:
    """The buyer withdraws the dispute."""
    return do(desk, objected(desk, kind), "dispute_over", "system", AT)


def never_came(desk: Desk, kind: str) -> Case:
    """An empty parcel, says the merchant, and so it is judged."""
    case = returned(desk, kind, refund_fen=5_000)
    do(desk, case, "confirm", "merchant", T + 3 * HOUR, received_quantity=0)
    do(desk, case, "escalate", "buyer", T + 4 * HOUR, talk="called")
    return do(desk, case, "rule_reject", "system", AT, judged_at=AT, liability="buyer", remedy="reject")


def never_posted(desk: Desk, kind: str) -> Case:
    case = do(desk, ask(desk, kind, T, refund_fen=5_000), "refuse", "merchant", T + HOUR, **REFUSAL)
    do(desk, case, "escalate", "buyer", T + 2 * HOUR)
    return do(desk, case, "rule_reject", "system", AT, judged_at=AT, liability="buyer", remedy="reject")


def not_performed(desk: Desk, kind: str) -> Case:
    """Checked, not sent in time; the buyer withdraws."""
    case = do(desk, returned(desk, kind), "confirm", "merchant", T + 3 * HOUR)
    late = pass_time(desk, case, case.timers[0].due_at)
    return do(desk, late, "withdraw", "buyer", late.changed_at)


def no_address(desk: Desk, kind: str) -> Case:
    """Agreed, and no address was given: nothing was posted; the buyer withdraws."""
    case = do(desk, ask(desk, kind, T), "agree", "merchant", T + HOUR)
    do(desk, case, "report_no_address", "buyer", T + HOUR)
    late = pass_time(desk, case, T + 49 * HOUR)
    assert late.state == "defaulted"
    return do(desk, late, "withdraw", "buyer", T + 49 * HOUR)


def sent_and_rejected(desk: Desk, kind: str) -> Case:
    """The buyer has others, or the same repaired."""
    case = do(desk, returned(desk, kind), "confirm", "merchant", T + 3 * HOUR)
    do(desk, case, "send_again", "merchant", T + 3 * HOUR, **SENT)
    do(desk, case, "escalate", "buyer", T + 4 * HOUR, talk="called")
    return do(desk, case, "rule_reject", "system", AT, judged_at=AT, liability="buyer", remedy="reject")


def not_paid(desk: Desk, kind: str) -> Case:
    """The gateway cannot pay, and the operator gives up."""
    case = do(desk, returned(desk, kind), "confirm", "merchant", T + 3 * HOUR)
    (payment,) = children(desk, case, "payment")
    do(desk, payment, "fail", "gateway", AT, failure="account closed")
    do(desk, payment, "cancel", "operator", AT)
    return read(desk, case.id)


def turned_and_not_paid(desk: Desk, kind: str) -> Case:
    """Not performed, turned to a refund, which the gateway cannot pay."""
    case = do(desk, returned(desk, kind), "confirm", "merchant", T + 3 * HOUR)
    late = pass_time(desk, case, case.timers[0].due_at)
    do(desk, late, "turn_to_refund", "buyer", late.changed_at)
    (refund,) = children(desk, case, "refund_only")
    (payment,) = children(desk, refund, "payment")
    do(desk, payment, "fail", "gateway", late.changed_at, failure="account closed")
    do(desk, payment, "cancel", "operator", late.changed_at)
    return read(desk, case.id)


def claimed_back(desk: Desk, kind: str) -> Case:
    """A rule refunded it, and the platform claims it back: the buyer still has the money."""
    case = paid_out(desk, do(desk, returned(desk, kind), "confirm", "rule", T + 3 * HOUR), AT)
    return do(desk, case, "claim_back", "platform", AT, note="a mistake")


def elsewhere(desk: Desk, kind: str) -> Case:
    """Another case has refunded the goods."""
    case = do(desk, returned(desk, kind), "confirm", "merchant", T + 3 * HOUR)
    ask(desk, verb="settle", by="merchant", refund_fen=5_000)
    return pass_time(desk, case, case.timers[0].due_at)


ENDS: tuple[tuple[Way, tuple[str, ...], str], ...] = (
    (rejected, ("return_refund", "exchange", "repair"), "to_send"),
    (gave_up, ("return_refund", "exchange", "repair"), "to_send"),
    (not_paid, ("return_refund",), "to_send"),
    (turned_and_not_paid, ("exchange", "repair"), "to_send"),
    (claimed_back, ("return_refund",), "held"),
    (not_performed, ("exchange", "repair"), "to_send"),
    (never_came, ("return_refund",), ""),
    (never_posted, ("return_refund", "exchange"), ""),
    (no_address, ("exchange", "repair"), ""),
    (sent_and_rejected, ("exchange", "repair"), ""),
    (elsewhere, ("exchange", "repair"), ""),
)
"""How it ends, of which kinds, and where the goods then are on their way back to the buyer ("": they are not)."""


@pytest.mark.parametrize(
    ("way", "kind", "state"), [pytest.param(w, kind, s, id=f"{w.__name__}-{kind}") for w, kinds, s in ENDS for kind in kinds]
)
def test_at_every_end_the_goods_go_where_they_belong(desk: Desk, way: Way, kind: str, state: str) -> None:
    had(desk, quantity=1, warranty_days=365)
    case = way(desk, kind)
    assert case.ended_at is not None
    back = children(desk, case, "handback")
    facts = read(desk, "order/O1").facts
    assert [each.state for each in back] == [state] * bool(state)
    assert (facts["open_cases"], facts["claimed_quantity"]) == (len([e for e in family(desk, case) if live(e)]), len(back))
    assert not [timer for timer in read(desk, "order/O1").timers if back and timer.paused_at is None]


def live(case: Case) -> bool:
    return case.ended_at is None and case.kind not in ("order", "payment", "dispute", "advance")


def handback(desk: Desk, case: Case) -> Case:
    (found,) = children(desk, case, "handback")
    return found


@pytest.mark.parametrize("platform", ["kuaishou", "douyin", "taobao", "tmall", "jd"])
def test_it_is_sent_in_time_or_paid_for(desk: Desk, platform: str) -> None:
    """One of three at ¥100.00: 48 hours to send, then the buyer may turn to the price; after seven days it is refunded."""
    had(desk, platform, quantity=3, amount_fen=10_000)
    case = ask(desk, "return_refund", T, refund_fen=3_000, quantity=1, goods_received=True)
    do(desk, case, "agree", "merchant", T)
    do(desk, case, "post_back", "buyer", T, return_waybill="SF1", return_contact="O1, 138")
    do(desk, case, "dispute_receipt", "merchant", T, **REFUSAL)
    at = T + (72 if platform == "tmall" else 1) * HOUR
    do(desk, case, "escalate", "buyer", at, talk="called")
    do(desk, case, "rule_reject", "system", at, judged_at=at, liability="buyer", remedy="reject")
    back = handback(desk, case)
    assert refused(desk, back, "turn_to_refund", "buyer", at) == "state"
    passes(desk, back, at + 48 * HOUR, "to_send", "defaulted")
    passes(desk, back, at + 48 * HOUR + 7 * DAY, "defaulted", "refunded")
    over = read(desk, case.id)
    assert (over.state, payments(desk, over)) == ("refunding", {"refund": 3_333})
    done = paid_out(desk, over, at + 10 * DAY)
    facts = read(desk, "order/O1").facts
    assert (done.state, done.facts["outcome"]) == ("refunded", "refunded")
    assert (facts["open_cases"], facts["claimed_quantity"], facts["returned_quantity"]) == (0, 0, 1)


def test_sent_late_is_sent_and_the_buyer_can_ask_again_when_it_came(desk: Desk) -> None:
    had(desk, quantity=1)
    case = rejected(desk)
    back = handback(desk, case)
    pass_time(desk, back, AT + 48 * HOUR)
    assert do(desk, back, "send_again", "merchant", AT + 49 * HOUR, **SENT).state == "sent"
    with pytest.raises(Exception, match="another case about them"):
        ask(desk, "exchange", AT + 50 * HOUR)
    passes(desk, back, AT + 49 * HOUR + 10 * DAY, "sent", "given_back")
    assert ask(desk, "exchange", AT + 13 * DAY).state == "requested"
    assert payments(desk, read(desk, case.id)) == {}


def test_lost_on_its_way_back_it_is_paid_for(desk: Desk) -> None:
    had(desk, quantity=1)
    case = rejected(desk, "exchange")
    back = do(desk, handback(desk, case), "send_again", "merchant", AT, **SENT)
    assert do(desk, back, "find_lost", "platform", AT + DAY, note="the carrier says so").state == "refunded"
    (refund,) = children(desk, case, "refund_only")
    assert payments(desk, refund) == {"refund": 5_000}


@pytest.mark.parametrize(("by", "verb"), [("buyer", "waive"), ("platform", "excuse")])
def test_nobody_has_to_send_what_the_buyer_does_not_want_or_what_never_came(desk: Desk, by: Any, verb: str) -> None:
    had(desk, quantity=1)
    back = handback(desk, rejected(desk))
    takes = {"note": "the parcel was empty"} if by == "platform" else {}
    assert do(desk, back, verb, by, AT, **takes).state == ("waived" if by == "buyer" else "kept")
    facts = read(desk, "order/O1").facts
    assert (facts["open_cases"], facts["claimed_quantity"], facts["returned_quantity"]) == (0, 0, int(by == "buyer"))


# Money that the buyer keeps


def kept(desk: Desk) -> Case:
    """A refund of ¥30.00 that a rule paid and the platform claimed back; the goods are with the merchant."""
    had(desk, quantity=1)
    return handback(desk, claimed_back(desk, "return_refund"))


def test_goods_wait_until_the_money_is_back(desk: Desk) -> None:
    back = kept(desk)
    do(desk, "order/O1", "take_money_back", "platform", AT + DAY, fen=2_999, receipt="B1")
    assert refused(desk, back, "money_back", "buyer", AT + DAY) == "money_is_back"
    do(desk, "order/O1", "take_money_back", "platform", AT + 2 * DAY, fen=1, receipt="B2")
    if read(desk, back.id).state == "held":
        do(desk, back, "money_back", "buyer", AT + 2 * DAY)
    assert read(desk, back.id).state == "to_send"


def test_who_keeps_the_money_leaves_the_goods_until_it_is_back(desk: Desk) -> None:
    """Late, too: else the merchant had both, and the buyer who pays neither."""
    back = kept(desk)
    passes(desk, back, AT + 15 * DAY, "held", "forfeited")
    assert counts(desk) == {"kept_fen": 3_000, "open_cases": 0, "claimed_quantity": 0, "returned_quantity": 1}
    assert refused(desk, back, "money_late", "buyer", AT + 20 * DAY) == "money_is_back"
    do(desk, "order/O1", "take_money_back", "platform", AT + 20 * DAY, fen=3_000, receipt="B1")
    assert (read(desk, back.id).state, read(desk, back.id).timers[0].due_at) == ("to_send", AT + 22 * DAY)
    assert counts(desk) == {"kept_fen": 0, "open_cases": 1, "claimed_quantity": 1, "returned_quantity": 0}


def test_it_is_not_set_off_for_nothing(desk: Desk) -> None:
    """Of two items one was refunded by a rule and claimed back; the refund of the other is set off: the first is sent."""
    had(desk, quantity=2)
    case = paid_out(desk, do(desk, returned(desk, refund_fen=2_500), "confirm", "rule", T + 3 * HOUR), AT)
    back = handback(desk, do(desk, case, "claim_back", "platform", AT, note="a mistake"))
    pass_time(desk, back, AT + 15 * DAY)
    other = do(desk, returned(desk, at=T + 12 * DAY, refund_fen=2_500), "confirm", "merchant", AT + 16 * DAY)
    assert (other.state, payments(desk, other)) == ("refunded", {"refund": 2_500})
    assert (read(desk, back.id).state, read(desk, "order/O1").facts["kept_fen"]) == ("to_send", 0)


def test_a_recalled_payment_that_may_still_be_paid_holds_them(desk: Desk) -> None:
    """One of three: what is left of the order says nothing of the money that the buyer may get for this one."""
    had(desk, quantity=3, amount_fen=9_000)
    case = do(desk, returned(desk, refund_fen=3_000), "confirm", "merchant", T + 3 * HOUR)
    back = handback(desk, do(desk, case, "overturned_open", "system", AT, hand_back=True))
    with pytest.raises(Exception, match="not yet known to be paid"):
        pass_time(desk, back, AT + 15 * DAY)
    do(desk, children(desk, case, "payment")[0], "succeed", "gateway", AT + 16 * DAY, receipt="R1")
    assert pass_time(desk, back, AT + 16 * DAY).state == "forfeited"


def counts(desk: Desk) -> dict[str, int]:
    facts = read(desk, "order/O1").facts
    return {name: facts[name] for name in ("kept_fen", "open_cases", "claimed_quantity", "returned_quantity")}


def test_not_sent_back_their_price_is_due_and_nothing_beside_it(desk: Desk) -> None:
    """Freight and coupon were given with a refund that fell: they fell with it."""
    had(desk, quantity=1)
    case = do(desk, ask(desk, "return_refund", T, refund_fen=5_000, coupon_fen=300), "agree", "merchant", T)
    do(desk, case, "post_back", "buyer", T, return_waybill="SF1", freight_claim_fen=900)
    paid_out(desk, paid_out(desk, do(desk, case, "confirm", "rule", T), AT), AT)
    back = handback(desk, do(desk, case, "claim_back", "platform", AT, note="a mistake"))
    do(desk, "order/O1", "take_money_back", "platform", AT, fen=6_200, receipt="B1")
    pass_time(desk, back, AT + 2 * DAY)
    assert pass_time(desk, back, AT + 9 * DAY).state == "refunded"
    done = paid_out(desk, read(desk, case.id), AT + 10 * DAY)
    assert payments(desk, done) == {"refund": 10_000, "freight": 900, "difference": 300}  # 6,200 were reversed
    assert read(desk, "order/O1").facts["freights_fen"] == 0


def test_what_was_never_paid_holds_nothing_up(desk: Desk) -> None:
    """Recalled, and not known to be paid or not: the clock waits; void, and the goods go back."""
    had(desk, quantity=1)
    case = do(desk, returned(desk), "confirm", "merchant", T + 3 * HOUR)
    do(desk, case, "overturned_open", "system", AT, hand_back=True)
    back = handback(desk, case)
    assert back.state == "held"
    (payment,) = children(desk, case, "payment")
    do(desk, payment, "void", "gateway", AT + DAY, failure="refused")
    if read(desk, back.id).state == "held":
        passes(desk, back, AT + 15 * DAY, "held", "to_send")
    assert read(desk, back.id).state == "to_send"


# Verdicts that fall


def test_a_rejection_that_falls_calls_it_off(desk: Desk) -> None:
    had(desk, quantity=1)
    case = rejected(desk)
    do(desk, case, "overturned_to_return", "system", AT + HOUR, refund_fen=5_000)
    back = handback(desk, case)
    assert (back.state, read(desk, case.id).state) == ("cancelled", "refunding")
    assert (read(desk, "order/O1").facts["claimed_quantity"], read(desk, "order/O1").facts["open_cases"]) == (1, 1)


@pytest.mark.parametrize("kind", ["exchange", "return_refund"])
def test_goods_that_the_buyer_gave_up_count_again(desk: Desk, kind: str) -> None:
    had(desk, quantity=1)
    case = rejected(desk, kind)
    back = do(desk, handback(desk, case), "waive", "buyer", AT)
    assert read(desk, "order/O1").facts["returned_quantity"] == 1
    do(desk, case, "overturned_to_exchange", "system", AT + HOUR)
    assert (read(desk, back.id).state, read(desk, "order/O1").facts["returned_quantity"]) == ("cancelled", 0)
    mine = case if kind == "exchange" else children(desk, case, "exchange")[0]
    assert do(desk, mine, "send_again", "merchant", AT + 2 * HOUR, **SENT).state == "sent"


def test_an_exchange_is_judged_whatever_is_left_of_the_order(desk: Desk) -> None:
    had(desk, quantity=1)
    case = objected(desk)
    ask(desk, verb="settle", by="merchant", at=AT, refund_fen=1_000)
    do(desk, case, "rule_exchange", "system", AT, remedy="exchange", judged_at=AT, liability="seller")
    (exchange,) = children(desk, case, "exchange")
    late = pass_time(desk, exchange, AT + 48 * HOUR)
    (refund,) = children(desk, do(desk, late, "turn_to_refund", "buyer", AT + 48 * HOUR), "refund_only")
    assert payments(desk, refund) == {"refund": 4_000}


def test_goods_that_were_sent_back_are_posted_again(desk: Desk) -> None:
    had(desk, quantity=1)
    case = rejected(desk)
    do(desk, handback(desk, case), "send_again", "merchant", AT, **SENT)
    assert read(desk, case.id).facts["given_back_at"] == AT
    do(desk, case, "return_again", "system", AT + HOUR)
    assert do(desk, case, "overturned_to_return", "system", AT + HOUR, refund_fen=5_000).state == "agreed"
    assert handback(desk, case).state == "cancelled"
    again = do(desk, case, "post_back", "buyer", AT + DAY, return_waybill="SF2")
    assert (again.state, again.facts["waybill_at"]) == ("returning", AT + DAY)


@pytest.mark.parametrize(("sent", "backs"), [(False, ["to_send"]), (True, [])])
def test_a_return_judged_an_exchange_has_one_handback_or_none(desk: Desk, sent: bool, backs: list[str]) -> None:
    """The exchange has the goods; overturned, it is the exchange that gives them back, unless it has sent others."""
    had(desk, quantity=1)
    case = do(desk, objected(desk), "rule_exchange", "system", AT, remedy="exchange", judged_at=AT, liability="seller")
    (exchange,) = children(desk, case, "exchange")
    if sent:
        do(desk, exchange, "send_again", "merchant", AT, **SENT)
    do(desk, case, "overturned", "system", AT + DAY, hand_back=True)
    assert [each.state for each in family(desk, case) if each.kind == "handback"] == backs
    assert [each.state for each in children(desk, read(desk, exchange.id), "handback")] == backs


@pytest.mark.parametrize("kind", ["exchange", "repair"])
def test_what_was_sent_comes_back_before_it_is_refunded(desk: Desk, kind: str) -> None:
    """Others were sent and disputed; judged a return: the buyer posts those before the money goes out."""
    had(desk, quantity=1, warranty_days=365)
    case = do(desk, returned(desk, kind), "confirm", "merchant", T + 3 * HOUR)
    do(desk, case, "send_again", "merchant", T + 3 * HOUR, **SENT)
    do(desk, case, "escalate", "buyer", T + 4 * HOUR, talk="called")
    do(desk, case, "rule_return", "system", AT, remedy="return_refund", refund_fen=5_000, judged_at=AT, liability="seller")
    (back,) = children(desk, case, "return_refund")
    assert (back.state, payments(desk, back)) == ("agreed", {})


def test_the_clock_is_over_at_its_very_second(desk: Desk) -> None:
    had(desk, quantity=1)
    back = handback(desk, rejected(desk))
    assert do(desk, back, "send_again", "merchant", AT + 48 * HOUR - SECOND, **SENT).state == "sent"


def test_who_says_it_is_worth_nothing_is_refunded_its_price(desk: Desk) -> None:
    had(desk, quantity=2, warranty_days=365)
    case = do(desk, returned(desk, "repair", refund_fen=0, quantity=1), "confirm", "merchant", T)
    late = pass_time(desk, case, case.timers[0].due_at)
    (refund,) = children(desk, do(desk, late, "turn_to_refund", "buyer", late.changed_at), "refund_only")
    assert payments(desk, refund) == {"refund": 2_500}
