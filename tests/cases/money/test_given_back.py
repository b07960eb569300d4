"""What a buyer has of payments that fell: given back, set off, or not known yet; never taken twice."""

import pytest

from tianping.cases.case import Case
from tianping.policy.cases.flowing import Actor
from tianping.store import ledger
from tianping.work.desk.sitting import CaseRefused, Desk

from ..flows.walks import had
from ..market import DAY, HOUR, SECOND, T, ask, do, family, pass_time, read, refused
from .till import FUNDS, agreed, balances, only

IN, OUT = ledger.GATEWAY_IN, ledger.GATEWAY_OUT
BACK = {"receipt": "bank 9"}


def kept(desk: Desk) -> int:
    return int(read(desk, "order/O1").facts.get("kept_fen", 0))


def fallen(desk: Desk, fen: int = 3_000) -> Case:
    """A refund of so much of ¥50 that was paid and then overturned."""
    had(desk)
    case = do(desk, ask(desk, refund_fen=fen), "agree", "merchant", T)
    do(desk, only(desk, case, "payment"), "succeed", "gateway", T)
    return do(desk, case, "overturned", "system", T + DAY)


# The buyer gives it back


@pytest.mark.parametrize(("fen", "guard"), [(3_000, ""), (1, ""), (3_001, "still_kept"), (0, "still_kept")])
def test_a_buyer_gives_back_at_most_what_they_keep(desk: Desk, fen: int, guard: str) -> None:
    fallen(desk)
    assert refused(desk, "order/O1", "take_money_back", "platform", T + DAY, fen=fen, **BACK) == guard
    assert kept(desk) == 3_000 - (0 if guard else fen)


def test_what_was_given_back_is_in_the_books_and_paid_anew(any_desk: Desk) -> None:
    """¥30 fell, ¥20 come back: a later refund of ¥50 pays ¥40. Truly: 30 − 20 + 40 = 50."""
    fallen(any_desk)
    do(any_desk, "order/O1", "take_money_back", "platform", T + DAY, fen=2_000, **BACK)
    assert balances(any_desk) == {IN: -7_000, FUNDS: 5_000, OUT: 3_000, ledger.KEPT: -1_000}
    again = do(any_desk, ask(any_desk, "refund_only", T + DAY, refund_fen=5_000), "agree", "merchant", T + DAY)
    (pay,) = (each for each in family(any_desk, again) if each.parent_id == again.id)
    assert pay.facts["due_fen"] == 4_000
    do(any_desk, pay, "succeed", "gateway", T + DAY)
    assert balances(any_desk) == {IN: -7_000, OUT: 7_000}


@pytest.mark.parametrize("who", ["buyer", "merchant", "adjudicator", "system"])
def test_the_platform_alone_notes_it_with_its_receipt(desk: Desk, who: Actor) -> None:
    fallen(desk)
    assert refused(desk, "order/O1", "take_money_back", who, T + DAY, fen=1, **BACK) == "who"
    assert refused(desk, "order/O1", "take_money_back", "operator", T + DAY, fen=1) == "takes"


def test_nothing_kept_nothing_to_give_back(desk: Desk) -> None:
    had(desk)
    assert refused(desk, "order/O1", "take_money_back", "platform", T, fen=1, **BACK) == "money_kept"


# Paid though cancelled


def overpaid(desk: Desk) -> Case:
    """¥30 were paid after all, the refund cancelled."""
    _, pay = agreed(desk)
    do(desk, pay, "fail", "gateway", T + 2 * HOUR, failure="refused")
    do(desk, pay, "cancel", "operator", T + 3 * HOUR)
    return do(desk, pay, "succeed", "gateway", T + 4 * HOUR, receipt="R1")


def test_paid_too_much_is_kept_and_set_off_once(any_desk: Desk) -> None:
    """A later refund of ¥20 takes ¥20 of it: it is not claimed back as a whole any more, the last ¥10 can be given back."""
    pay = overpaid(any_desk)
    assert balances(any_desk) == {IN: -5_000, FUNDS: 5_000, OUT: 3_000, ledger.KEPT: -3_000}
    again = do(any_desk, ask(any_desk, "refund_only", T + 5 * HOUR, refund_fen=2_000), "agree", "merchant", T + 5 * HOUR)
    assert (again.state, kept(any_desk)) == ("refunded", 1_000)
    assert refused(any_desk, pay, "claim_back", "operator", T + 6 * HOUR, receipt="B1") == "not_set_off"
    assert balances(any_desk) == {IN: -5_000, FUNDS: 3_000, OUT: 3_000, ledger.KEPT: -1_000}
    do(any_desk, "order/O1", "take_money_back", "operator", T + 6 * HOUR, fen=1_000, **BACK)
    assert balances(any_desk) == {IN: -6_000, FUNDS: 3_000, OUT: 3_000}


def test_set_off_it_is_the_operators_no_more(desk: Desk) -> None:
    """The operator is reminded every day until it was set off; then it ends by itself."""
    pay = overpaid(desk)
    assert (pass_time(desk, pay, T + 28 * HOUR).state, read(desk, pay.id).facts["alarms"]) == ("overpaid", 1)
    do(desk, ask(desk, "refund_only", T + 29 * HOUR, refund_fen=1), "agree", "merchant", T + 29 * HOUR)
    assert pass_time(desk, pay, T + 52 * HOUR - SECOND).state == "overpaid"
    assert pass_time(desk, pay, T + 52 * HOUR).state == "reversed"
    assert kept(desk) == 2_999


def test_claimed_back_while_all_of_it_is_kept(desk: Desk) -> None:
    pay = overpaid(desk)
    assert do(desk, pay, "claim_back", "operator", T + 5 * HOUR, receipt="B1").state == "reversed"
    assert (kept(desk), balances(desk)) == (0, {IN: -5_000, FUNDS: 5_000})


# Recalled, and nobody knows


def unclear(desk: Desk) -> tuple[Case, Case]:
    """A refund of ¥30 of ¥50 that was overturned while its payment is unclear."""
    case, pay = agreed(desk, shipped_at=T, signed_at=T)
    do(desk, pay, "doubt", "gateway", T + 2 * HOUR, failure="timed out")
    do(desk, case, "overturned_open", "system", T + 3 * HOUR)
    return case, pay


def test_until_it_is_known_a_larger_verdict_says_what_it_waits_for(desk: Desk) -> None:
    case, pay = unclear(desk)
    with pytest.raises(CaseRefused, match="not yet known") as error:
        do(desk, case, "overturned_to_refund", "system", T + 4 * HOUR, refund_fen=2_001)
    assert error.value.refusal.zh.startswith("付款结果未明")
    with pytest.raises(CaseRefused, match="not yet known"):
        ask(desk, "refund_only", T + 4 * HOUR, refund_fen=2_001)
    assert do(desk, case, "overturned_to_refund", "system", T + 4 * HOUR, refund_fen=2_000).state == "refunding"
    assert read(desk, pay.id).state == "unclear"


@pytest.mark.parametrize(("answer", "takes", "left"), [("succeed", {}, 3_000), ("void", {"failure": "not found"}, 0)])
def test_once_it_is_known_it_goes_on(desk: Desk, answer: str, takes: dict[str, str], left: int) -> None:
    case, pay = unclear(desk)
    do(desk, pay, answer, "gateway", T + 5 * HOUR, **takes)
    assert (read(desk, "order/O1").facts["recalled_fen"], kept(desk)) == (0, left)
    with pytest.raises(CaseRefused, match="more than was paid"):
        do(desk, case, "overturned_to_refund", "system", T + 6 * HOUR, refund_fen=5_001)
    do(desk, case, "overturned_to_refund", "system", T + 6 * HOUR, refund_fen=5_000)
    new = [each for each in family(desk, case) if each.kind == "payment"][-1]
    assert new.facts["due_fen"] == 5_000 - left


@pytest.mark.parametrize("ends", [("confirm_paid",), ("confirm_unpaid", "cancel"), ("confirm_unpaid", "retry", "void")])
def test_an_operator_makes_it_known_too(desk: Desk, ends: tuple[str, ...]) -> None:
    _, pay = unclear(desk)
    takes = {"confirm_paid": {"receipt": "R"}, "confirm_unpaid": {"failure": "x"}, "void": {"failure": "x"}}
    for verb in ends:
        do(desk, pay, verb, "gateway" if verb == "void" else "operator", T + 5 * HOUR, **takes.get(verb, {}))
    assert read(desk, "order/O1").facts["recalled_fen"] == 0


def test_a_payment_is_recalled_once(desk: Desk) -> None:
    _, pay = unclear(desk)
    assert refused(desk, pay, "recall", "system", T + 4 * HOUR) == "not_recalled"
    assert read(desk, "order/O1").facts["recalled_fen"] == 3_000
