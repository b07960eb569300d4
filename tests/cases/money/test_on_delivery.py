"""Paid on delivery: what a merchant is to pay by voucher is spoken for from then on; a voucher that falls leaves a claim."""

import pytest

from tianping.cases.case import Case
from tianping.store import ledger
from tianping.work.desk.sitting import Desk

from ..flows.walks import on_delivery, passes, payments, returned
from ..market import DAY, HOUR, REFUSAL, T, ask, do, family, pass_time, read, refused
from .till import FUNDS, balances, only


def confirmed(desk: Desk, *sums: int) -> list[Case]:
    """Returns of so much, all asked for and posted at T; the merchant confirms one, an hour later the next."""
    cases = [ask(desk, "return_refund", refund_fen=fen) for fen in sums]
    for case in cases:
        do(desk, case, "agree", "merchant", T)
        do(desk, case, "post_back", "buyer", T, return_waybill="SF1")
    return [do(desk, case, "confirm", "merchant", T + number * HOUR) for number, case in enumerate(cases)]


def settled(desk: Desk, fen: int) -> Case:
    """The merchant gives so much back of its own accord, by voucher."""
    return ask(desk, verb="settle", by="merchant", refund_fen=fen)


def refunded(desk: Desk) -> int:
    return int(read(desk, "order/O1").facts["refunded_fen"])


def test_what_the_first_is_to_pay_the_second_does_not_find(any_desk: Desk) -> None:
    """¥50: ¥5 and ¥25, and of ¥25 the ¥20 that are left. All vouchers are taken, nobody is told a sum twice."""
    on_delivery(any_desk, quantity=2)
    other = settled(any_desk, 500)
    first, second = confirmed(any_desk, 2_500, 2_500)
    assert [each.facts["refund_fen"] for each in (first, second)] == [2_500, 2_000]
    assert refunded(any_desk) == 5_000
    for case in (other, first, second):
        assert do(any_desk, case, "upload_voucher", "merchant", T + 2 * HOUR, voucher="bank").state == "refunded"
    assert (refunded(any_desk), read(any_desk, "order/O1").state, balances(any_desk)) == (5_000, "closed", {})


def test_what_another_refund_took_is_not_asked_of_the_merchant(desk: Desk) -> None:
    on_delivery(desk)
    case = returned(desk, refund_fen=1)
    assert settled(desk, 5_000).state == "awaiting_voucher"
    assert do(desk, case, "confirm", "merchant", T + 3 * HOUR).state == "closed"


def test_unpaid_in_time_the_platform_advances_just_the_sum_spoken_for(desk: Desk) -> None:
    on_delivery(desk, quantity=2)
    settled(desk, 500)
    first, second = confirmed(desk, 2_500, 2_500)
    do(desk, first, "upload_voucher", "merchant", T + 2 * HOUR, voucher="bank")
    advanced = passes(desk, second, T + 49 * HOUR, "awaiting_voucher", "refunding")
    assert (payments(desk, advanced), refunded(desk)) == ({"advance": 2_000}, 5_000)


def test_overturned_before_it_was_paid_the_sum_is_free_again(desk: Desk) -> None:
    on_delivery(desk)
    (case,) = confirmed(desk, 3_000)
    do(desk, case, "overturned_open", "system", T + HOUR)
    assert (refunded(desk), read(desk, case.id).state) == (0, "closed")
    do(desk, case, "overturned_to_refund", "system", T + HOUR, refund_fen=5_000)
    assert (refunded(desk), read(desk, case.id).state) == (5_000, "awaiting_voucher")
    do(desk, case, "overturned_open", "system", T + HOUR)
    assert refunded(desk) == 0


def test_advanced_and_overturned_the_sum_is_freed_once(desk: Desk) -> None:
    on_delivery(desk)
    (case,) = confirmed(desk, 3_000)
    pass_time(desk, case, T + 2 * DAY)
    do(desk, case, "overturned_open", "system", T + 2 * DAY)
    assert (refunded(desk), only(desk, case, "payment").facts["recalled"]) == (3_000, True)  # not known to be unpaid yet
    do(desk, only(desk, case, "payment"), "void", "gateway", T + 2 * DAY, failure="refused")
    assert refunded(desk) == 0


def test_a_rules_doing_taken_back_frees_the_sum(desk: Desk) -> None:
    on_delivery(desk)
    case = ask(desk)
    do(desk, case, "agree", "rule", T)
    assert refunded(desk) == 3_000
    do(desk, case, "take_back", "platform", T + HOUR, note="a mistake")
    assert (refunded(desk), read(desk, case.id).state) == (0, "requested")
    do(desk, case, "agree", "merchant", T + HOUR)
    assert refunded(desk) == 3_000


def test_taken_back_while_the_platform_advances_nothing_is_paid_twice(desk: Desk) -> None:
    on_delivery(desk)
    case = ask(desk)
    do(desk, case, "agree", "rule", T)
    pass_time(desk, case, T + 2 * DAY)
    do(desk, case, "take_back", "platform", T + 2 * DAY, note="a mistake")
    assert only(desk, case, "payment").facts["recalled"]


# A voucher that falls


def fallen(desk: Desk) -> Case:
    """The merchant paid ¥30 by voucher; the verdict fell."""
    on_delivery(desk)
    (case,) = confirmed(desk, 3_000)
    do(desk, case, "upload_voucher", "merchant", T + HOUR, voucher="bank")
    return do(desk, case, "overturned", "system", T + DAY)


def test_a_voucher_that_falls_frees_the_merchant_and_is_the_buyers_debt(any_desk: Desk) -> None:
    """The platform owes the shop ¥30 and the buyer owes them to the platform, as with any payment that falls."""
    case = fallen(any_desk)
    facts = read(any_desk, "order/O1").facts
    assert (case.state, facts["refunded_fen"], facts["kept_fen"]) == ("closed", 0, 3_000)
    assert balances(any_desk) == {FUNDS: 3_000, ledger.KEPT: -3_000}


@pytest.mark.parametrize(
    ("then", "state", "paid", "kept"),
    [(1_000, "refunded", 0, 2_000), (3_000, "refunded", 0, 0), (4_500, "refunding", 1_500, 0)],
)
def test_a_new_verdict_is_set_off_against_what_the_voucher_gave(
    desk: Desk, then: int, state: str, paid: int, kept: int
) -> None:
    """The buyer has ¥30: of a new ¥45 only ¥15 are paid; the merchant bears the new sum alone."""
    case = fallen(desk)
    again = do(desk, case, "overturned_to_refund", "system", T + DAY, refund_fen=then)
    pay = only(desk, case, "payment")
    assert (again.state, pay.facts["due_fen"], read(desk, "order/O1").facts["kept_fen"]) == (state, paid, kept)
    if paid:
        do(desk, pay, "succeed", "gateway", T + DAY)
    assert (refunded(desk), read(desk, case.id).state) == (then, "refunded")
    own = balances(desk)
    # What was credited for the voucher less the new sum; the platform advances what the shop has not.
    assert own.get(FUNDS, 0) + own.get(ledger.ADVANCES, 0) == 3_000 - then
    assert own.get(ledger.KEPT, 0) == -kept


def test_it_falls_once(desk: Desk) -> None:
    case = fallen(desk)
    assert refused(desk, case, "claim_back", "platform", T + DAY, note="x") == "state"
    do(desk, case, "overturned", "system", T + 2 * DAY)
    assert balances(desk) == {FUNDS: 3_000, ledger.KEPT: -3_000}


def test_a_rules_voucher_claimed_back_is_the_buyers_debt_too(desk: Desk) -> None:
    on_delivery(desk)
    case = ask(desk)
    do(desk, case, "agree", "rule", T)
    do(desk, case, "upload_voucher", "merchant", T + HOUR, voucher="bank")
    do(desk, case, "claim_back", "platform", T + DAY, note="a mistake")
    assert (refunded(desk), read(desk, "order/O1").facts["kept_fen"]) == (0, 3_000)
    assert balances(desk) == {FUNDS: 3_000, ledger.KEPT: -3_000}


def test_in_dispute_what_is_decided_is_spoken_for(desk: Desk) -> None:
    on_delivery(desk)
    case = ask(desk, refund_fen=4_000)
    do(desk, case, "refuse", "merchant", T, **REFUSAL)
    do(desk, case, "escalate", "buyer", T)
    assert do(desk, case, "rule_refund", "system", T, refund_fen=4_000).state == "awaiting_voucher"
    assert refunded(desk) == 4_000
    assert not [each for each in family(desk, case) if each.kind == "payment"]
