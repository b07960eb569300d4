"""While it is not known whether a recalled payment was paid, nothing is closed as refunded; no sum counts twice."""

import datetime as dt

import pytest

from tianping.cases.case import Case
from tianping.policy.cases.flowing import Actor
from tianping.work.desk import clock, serving
from tianping.work.desk.sitting import CaseRefused, Desk

from ..market import DAY, HOUR, REFUSAL, T, ask, do, family, order, pass_time, read, refused
from .walks import children, had, paid_out, payments, returned

VOID = {"failure": "recalled"}


def recalled(desk: Desk, fen: int = 5_000) -> tuple[Case, Case]:
    """A refund that a rule agreed to at T + 1 h and the platform took back an hour later, and its payment, not known yet."""
    order(desk, T)
    case = do(desk, ask(desk, refund_fen=fen), "agree", "rule", T + HOUR)
    (payment,) = children(desk, case, "payment")
    return do(desk, case, "take_back", "platform", T + 2 * HOUR, note="no"), payment


def void(desk: Desk, payment: Case, at: dt.datetime) -> None:
    """The gateway never paid it."""
    do(desk, payment, "void", "gateway", at, **VOID)


def last_due(desk: Desk, case: Case) -> int:
    return int(children(desk, case, "payment")[-1].facts["due_fen"])


# What is left is not known


@pytest.mark.parametrize(("answer", "takes", "due"), [("void", VOID, 5_000), ("succeed", {"receipt": "R1"}, 0)])
def test_a_merchant_who_agrees_is_told_to_wait(desk: Desk, answer: str, takes: dict[str, str], due: int) -> None:
    """Then all is paid, or set off against what the buyer has got after all."""
    case, payment = recalled(desk)
    assert refused(desk, case, "agree", "merchant", T + 3 * HOUR) == "refund_known"
    assert (read(desk, case.id).state, read(desk, "order/O1").facts["recalled_fen"]) == ("requested", 5_000)
    do(desk, payment, answer, "gateway", T + 4 * HOUR, **takes)
    agreed = do(desk, case, "agree", "merchant", T + 5 * HOUR)
    assert (agreed.state, agreed.facts["refund_fen"]) == ("refunding" if due else "refunded", 5_000)
    assert last_due(desk, case) == due


@pytest.mark.parametrize(("fen", "guard"), [(2_500, ""), (2_501, "refund_known")])
def test_what_is_left_beside_it_is_paid_at_once(desk: Desk, fen: int, guard: str) -> None:
    """Of an order of ¥50.00 a refund of half waits for nothing; of a fen more it does."""
    case, _ = recalled(desk, fen)
    assert refused(desk, case, "agree", "merchant", T + 3 * HOUR) == guard


def test_the_clock_comes_again(desk: Desk) -> None:
    """The merchant's 24 hours are over while nobody knows: it stays open, and is paid whole once it is known."""
    case, payment = recalled(desk)
    over = read(desk, case.id).timers[0].due_at
    clock.run_down(desk, over)
    waiting = read(desk, case.id)
    assert (waiting.state, waiting.timers[0].tries) == ("requested", 1)
    assert "not yet known" in waiting.timers[0].said
    void(desk, payment, over + HOUR)
    clock.run_down(desk, over + DAY)
    assert (read(desk, case.id).state, last_due(desk, case)) == ("refunding", 5_000)


def test_while_the_clock_waits_the_buyer_may_give_up(desk: Desk) -> None:
    """The merchant's time is over, and what it leads to waits: what leaves the case as it is, or ends it, wins nobody time."""
    case, payment = recalled(desk)
    over = read(desk, case.id).timers[0].due_at
    shown = {part: _deeds(desk, case, part, over) for part in ("buyer", "merchant")}
    assert (shown["buyer"], "refuse" in shown["merchant"]) == ({"talk", "withdraw"}, False)
    late: list[tuple[str, Actor, dict[str, str]]] = [
        ("refuse", "merchant", REFUSAL), ("escalate", "buyer", {}), ("change_reason", "buyer", {"reason_now": "quality"}),
        ("agree", "merchant", {}),
    ]  # fmt: skip
    for verb, who, takes in late:
        assert refused(desk, case, verb, who, over, **takes) == "refund_known", verb
    assert do(desk, case, "talk", "buyer", over, talk="where is it?").state == "requested"
    assert clock.tick(desk, over).failed == 1
    closed = do(desk, case, "withdraw", "buyer", over + HOUR)
    facts = read(desk, "order/O1").facts
    assert (closed.state, facts["open_cases"], facts["claimed_fen"]) == ("closed", 0, 0)
    void(desk, payment, over + 2 * HOUR)
    assert read(desk, "order/O1").facts["refunded_fen"] == 0


def _deeds(desk: Desk, case: Case, part: Actor, at: dt.datetime) -> set[str]:
    """What a part is shown to be possible."""
    with serving.reading(desk, at) as sat:
        sat.bring([case.id])
        return {each.verb for each in serving.tell(sat, sat.case(case.id), [part]).deeds}


def test_a_clock_that_need_not_wait_comes_first(desk: Desk) -> None:
    """Nothing was recalled: late is late, for a buyer who withdraws too."""
    order(desk, T)
    case = ask(desk, refund_fen=5_000)
    over = case.timers[0].due_at
    assert _deeds(desk, case, "buyer", over) == set()
    assert refused(desk, case, "withdraw", "buyer", over) == "state"
    assert read(desk, case.id).state == "refunding"


def test_goods_that_came_back_are_paid_for(desk: Desk) -> None:
    """A rule's confirmation is taken back; the merchant's own, before the gateway has answered, waits."""
    had(desk)
    case = do(desk, returned(desk, refund_fen=5_000), "confirm", "rule", T + DAY)
    (payment,) = children(desk, case, "payment")
    do(desk, case, "take_back", "platform", T + DAY, note="no")
    assert refused(desk, case, "confirm", "merchant", T + DAY) == "receipt_known"
    assert refused(desk, case, "confirm", "merchant", T + DAY, received_quantity=0) == "receipt_known"
    void(desk, payment, T + DAY)
    again = do(desk, case, "confirm", "merchant", T + DAY)
    assert (again.state, last_due(desk, case)) == ("refunding", 5_000)


def test_an_exchange_is_not_closed_for_it(desk: Desk) -> None:
    """The goods may not have been refunded at all."""
    had(desk)
    first = do(desk, ask(desk, refund_fen=5_000), "agree", "rule", T + HOUR)
    (payment,) = children(desk, first, "payment")
    do(desk, first, "take_back", "platform", T + HOUR, note="no")
    do(desk, first, "withdraw", "buyer", T + HOUR)
    void(desk, payment, T + 2 * HOUR)
    exchange = ask(desk, "exchange", T + 2 * HOUR, refund_fen=None)
    other = do(desk, ask(desk, "refund_only", T + 2 * HOUR, verb="settle", by="merchant", refund_fen=5_000), "overturned_open",
               "system", T + 3 * HOUR)  # fmt: skip
    assert refused(desk, exchange, "agree", "merchant", T + 4 * HOUR) == "goods_known"
    void(desk, children(desk, other, "payment")[0], T + 5 * HOUR)
    assert do(desk, exchange, "agree", "merchant", T + 6 * HOUR).state == "agreed"


def test_an_order_never_shipped_is_closed_once_it_is_known(desk: Desk) -> None:
    """The buyer withdrew what the platform took back; at thirty days nobody knows yet: what is left is refunded then."""
    case, payment = recalled(desk)
    do(desk, case, "withdraw", "buyer", T + 3 * HOUR)
    late = pass_time(desk, "order/O1", T + 3 * DAY)
    assert (late.state, late.timers[0].paused_at is None) == ("late", False)
    assert pass_time(desk, "order/O1", T + 40 * DAY).state == "late"
    void(desk, payment, T + 40 * DAY)
    closed = pass_time(desk, "order/O1", T + 71 * DAY)
    assert closed.state == "closed"
    assert [each.facts["fen"] for each in children(desk, closed, "payment")] == [5_000]


def test_a_verdict_waits(desk: Desk) -> None:
    case, payment = recalled(desk)
    do(desk, case, "refuse", "merchant", T + 3 * HOUR, **REFUSAL)
    do(desk, case, "escalate", "buyer", T + 3 * HOUR)
    ruled = {"refund_fen": 5_000, "judged_at": T + 4 * HOUR}
    assert refused(desk, case, "rule_refund", "system", T + 4 * HOUR, **ruled) == "refund_known"
    void(desk, payment, T + 5 * HOUR)
    assert do(desk, case, "rule_refund", "system", T + 6 * HOUR, **ruled).facts["refund_fen"] == 5_000


# Refunded, or being asked for


@pytest.mark.parametrize(("fen", "guard"), [(2_000, ""), (2_001, "not_being_refunded")])
def test_no_return_is_asked_for_beside_a_refund_of_it(desk: Desk, fen: int, guard: str) -> None:
    """¥30.00 of ¥50.00 are being asked for."""
    had(desk)
    first = ask(desk, refund_fen=3_000)
    if not guard:
        assert ask(desk, "return_refund", refund_fen=fen).state == "requested"
        return
    with pytest.raises(CaseRefused) as error:
        ask(desk, "return_refund", refund_fen=fen)
    assert error.value.refusal.guard == guard
    do(desk, first, "withdraw", "buyer", T)
    assert ask(desk, "return_refund", refund_fen=5_000).state == "requested"


@pytest.mark.parametrize(("fen", "state"), [(4_999, "agreed"), (5_000, "refunded_elsewhere")])
def test_nothing_is_sent_back_for_nothing(desk: Desk, fen: int, state: str) -> None:
    """The merchant refunded it alone meanwhile; the clock agrees, and the goods go back only if money is left."""
    had(desk)
    case = ask(desk, "return_refund", refund_fen=5_000)
    ask(desk, verb="settle", by="merchant", refund_fen=fen)
    (timer,) = read(desk, case.id).timers
    assert pass_time(desk, case, timer.due_at).state == state
    facts = read(desk, "order/O1").facts
    assert (facts["open_cases"], facts["claimed_quantity"]) == ((1, 0) if state != "agreed" else (2, 1))


def test_freight_noted_is_freight_paid(desk: Desk) -> None:
    """Refunded elsewhere while it was under way: the goods are back, the buyer paid ¥9.00 to send them."""
    had(desk)
    case = ask(desk, "return_refund", refund_fen=5_000)
    do(desk, case, "agree", "merchant", T)
    do(desk, case, "post_back", "buyer", T, return_waybill="W1", freight_claim_fen=900)
    ask(desk, verb="settle", by="merchant", refund_fen=5_000)
    closed = do(desk, case, "confirm", "merchant", T + HOUR)
    assert (closed.state, payments(desk, closed), read(desk, "order/O1").facts["freights_fen"]) == (
        "closed",
        {"freight": 900},
        900,
    )


def test_what_is_being_refunded_is_no_claim_beside_it(desk: Desk) -> None:
    """Of three, one is being refunded, and not paid yet: the other two can be exchanged. Taken back, it is a claim again."""
    had(desk, quantity=3, amount_fen=6_000)
    case = ask(desk, refund_fen=2_000)
    assert read(desk, "order/O1").facts["claimed_fen"] == 2_000
    do(desk, case, "agree", "rule", T)
    assert read(desk, "order/O1").facts["claimed_fen"] == 0
    do(desk, case, "take_back", "platform", T, note="no")
    assert read(desk, "order/O1").facts["claimed_fen"] == 2_000
    void(desk, children(desk, case, "payment")[0], T)
    do(desk, case, "agree", "merchant", T)
    assert ask(desk, "exchange", quantity=2, refund_fen=None).state == "requested"
    assert paid_out(desk, case, T).state == "refunded"
    facts = read(desk, "order/O1").facts
    assert (facts["claimed_fen"], facts["refunded_fen"], facts["open_cases"]) == (0, 2_000, 1)


# Costs beside the price


def with_costs(desk: Desk, at: dt.datetime = T) -> Case:
    case = ask(desk, "refund_only", at, refund_fen=5_000, coupon_fen=3_000, difference_fen=400)
    do(desk, case, "agree", "rule", at)
    return paid_out(desk, case, at)


def costs(desk: Desk) -> tuple[int, int]:
    facts = read(desk, "order/O1").facts
    return facts["coupons_fen"], facts["differences_fen"]


def test_costs_that_were_reversed_are_given_again(desk: Desk) -> None:
    """¥50.00, a coupon of ¥30.00 and a difference of ¥4.00, claimed back; then agreed to: the coupon as well, of at most
    ¥50.00, and all is set off against what the buyer kept."""
    had(desk)
    first = with_costs(desk)
    paid_out(desk, first, T)
    assert costs(desk) == (3_000, 400)
    do(desk, first, "claim_back", "platform", T + HOUR, note="no")
    facts = read(desk, "order/O1").facts
    assert (costs(desk), facts["kept_fen"], facts.get("coupon_fen")) == ((0, 0), 8_400, None)
    again = with_costs(desk, T + 2 * HOUR)
    assert payments(desk, again) == {"refund": 5_000, "difference": 3_400}
    assert (costs(desk), read(desk, "order/O1").facts["kept_fen"]) == ((3_000, 400), 0)
    assert {each.state for each in children(desk, again, "payment")} == {"paid"}


def test_costs_never_paid_can_be_given_again(desk: Desk) -> None:
    """An operator cancels the payment that failed."""
    had(desk)
    first = with_costs(desk)
    coupon = next(each for each in children(desk, first, "payment") if each.facts["fen"] == 3_000)
    do(desk, coupon, "fail", "gateway", T, failure="account closed")
    do(desk, coupon, "cancel", "operator", T, why="no such account")
    assert costs(desk) == (0, 400)


def test_freight_of_an_exchange_that_fell(desk: Desk) -> None:
    """Paid on the receipt of the goods, and reversed with the verdict that gave it."""
    had(desk)
    case = ask(desk, "exchange", refund_fen=None)
    do(desk, case, "agree", "merchant", T)
    do(desk, case, "post_back", "buyer", T, return_waybill="W1", freight_claim_fen=900)
    paid_out(desk, do(desk, case, "confirm", "merchant", T), T)
    assert read(desk, "order/O1").facts["freights_fen"] == 900
    do(desk, case, "overturned_open", "system", T + HOUR)
    assert read(desk, "order/O1").facts["freights_fen"] == 0


def test_freight_of_a_return_that_was_claimed_back(desk: Desk) -> None:
    """Noted by the receipt, paid with the refund, withdrawn once; taken back before it was paid, withdrawn once, too."""
    had(desk)
    case = ask(desk, "return_refund", refund_fen=5_000)
    do(desk, case, "agree", "merchant", T)
    do(desk, case, "post_back", "buyer", T, return_waybill="W1", freight_claim_fen=900)
    do(desk, case, "confirm", "rule", T)
    do(desk, case, "take_back", "platform", T, note="no")
    assert read(desk, "order/O1").facts["freights_fen"] == 0
    void(desk, children(desk, case, "payment")[0], T)
    paid_out(desk, paid_out(desk, do(desk, case, "confirm", "rule", T), T), T)
    assert (payments(desk, case)["freight"], read(desk, "order/O1").facts["freights_fen"]) == (900, 900)
    do(desk, case, "claim_back", "platform", T + HOUR, note="no")
    assert read(desk, "order/O1").facts["freights_fen"] == 0
    assert {each.state for each in family(desk, case) if each.kind == "payment"} == {"cancelled", "reversed"}
