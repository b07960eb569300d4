"""Who bears what a buyer gets: settlement funds, then the deposit, then the platform, which claims it back."""

import datetime as dt

import pytest

from tianping.store import ledger
from tianping.work.desk.sitting import Desk

from ..market import DAY, HOUR, SECOND, T, ask, do, events, family, order, pass_time, read, refused
from .till import DEPOSIT, FUNDS, OWN, balances, drain, only, payment, told

OUT, ADVANCES = ledger.GATEWAY_OUT, ledger.ADVANCES


def advanced(desk: Desk, fen: int = 3_000) -> str:
    """The advance of a refund that the shop could bear nothing of: paid at T + 1 h."""
    order(desk)
    drain(desk, 5_000)
    do(desk, payment(desk, "refund", fen), "succeed", "gateway", T + HOUR)
    return only(desk, "order/O1", "advance").id


@pytest.mark.parametrize(
    ("left", "deposit", "by_funds", "by_deposit", "by_platform"),
    [
        (3_000, 0, 3_000, 0, 0),
        (2_999, 1, 2_999, 1, 0),
        (2_999, 0, 2_999, 0, 1),
        (0, 3_000, 0, 3_000, 0),
        (0, 2_999, 0, 2_999, 1),
        (1_000, 1_000, 1_000, 1_000, 1_000),
        (0, 0, 0, 0, 3_000),
    ],
)
def test_funds_first_then_the_deposit_then_the_platform(
    any_desk: Desk, left: int, deposit: int, by_funds: int, by_deposit: int, by_platform: int
) -> None:
    desk = told(any_desk, deposit_fen=deposit)
    order(desk)
    if left < 5_000:
        drain(desk, 5_000 - left)
    before = balances(desk)
    do(desk, payment(desk, "refund", 3_000), "succeed", "gateway", T + HOUR)
    now = balances(desk)
    moved = {account: now.get(account, 0) - before.get(account, 0) for account in (FUNDS, DEPOSIT, ADVANCES, OUT)}
    assert moved == {FUNDS: -by_funds, DEPOSIT: -by_deposit, ADVANCES: -by_platform, OUT: 3_000}
    owed = [each.facts["owed_fen"] for each in family(desk, "order/O1") if each.kind == "advance"]
    assert owed == ([by_platform] if by_platform else [])


def test_what_the_event_says_is_what_the_ledger_moved(desk: Desk) -> None:
    order(desk)
    drain(desk, 4_000)
    pay = payment(desk, "refund", 3_000)
    do(desk, pay, "succeed", "gateway", T + HOUR)
    facts = events(desk, pay)[-1].facts
    assert (facts["covered_fen"], facts["advance_fen"]) == (1_000, 2_000)
    assert balances(desk) == {ledger.GATEWAY_IN: -5_000, ADVANCES: -2_000, OUT: 3_000, "elsewhere": 4_000}


def test_a_deposit_told_after_a_transfer_has_it_in_it_already(desk: Desk) -> None:
    order(desk)
    drain(desk, 5_000)
    drain(desk, 400, of=DEPOSIT)
    late = told(desk, deposit_fen=1_000, deposit_at=T + SECOND)
    do(late, payment(late, "refund", 1_000), "succeed", "gateway", T + HOUR)
    assert balances(desk)[DEPOSIT] == -1_400
    assert not [each for each in family(desk, "order/O1") if each.kind == "advance"]


def test_a_deposit_told_before_a_transfer_has_it_still_to_lose(desk: Desk) -> None:
    order(desk)
    drain(desk, 5_000)
    drain(desk, 400, of=DEPOSIT)
    early = told(desk, deposit_fen=1_000, deposit_at=T - SECOND)
    do(early, payment(early, "refund", 1_000), "succeed", "gateway", T + HOUR)
    assert only(desk, "order/O1", "advance").facts["advance_fen"] == 400


def test_two_payments_do_not_take_the_same_money(any_desk: Desk) -> None:
    order(any_desk)
    drain(any_desk, 3_000)
    first, second = (payment(any_desk, "compensation", 1_500) for _ in range(2))
    do(any_desk, first, "succeed", "gateway", T + HOUR)
    do(any_desk, second, "succeed", "gateway", T + HOUR)
    assert FUNDS not in balances(any_desk)  # 2,000 and not a fen more
    assert only(any_desk, "order/O1", "advance").facts["advance_fen"] == 1_000


@pytest.mark.parametrize("purpose", ["freight", "compensation", "difference"])
def test_costs_and_compensation_are_the_merchants(desk: Desk, purpose: str) -> None:
    order(desk)
    do(desk, payment(desk, purpose, 800), "succeed", "gateway", T + HOUR)
    assert balances(desk) == {ledger.GATEWAY_IN: -5_000, FUNDS: 4_200, OUT: 800}
    assert read(desk, "order/O1").facts["refunded_fen"] == 0


def test_what_the_platform_bears_is_not_claimed_back(desk: Desk) -> None:
    order(desk)
    do(desk, payment(desk, "compensation", 800, by="platform"), "succeed", "gateway", T + HOUR)
    assert balances(desk) == {ledger.GATEWAY_IN: -5_000, FUNDS: 5_000, ADVANCES: -800, OUT: 800}
    assert not [each for each in family(desk, "order/O1") if each.kind == "advance"]


@pytest.mark.spec("KS-W22")
def test_the_platform_pays_first_and_claims_it_back(any_desk: Desk) -> None:
    """Though the merchant could: paid in advance it comes from the platform, and is then owed."""
    order(any_desk)
    do(any_desk, payment(any_desk, "advance", 3_000, by="platform"), "succeed", "gateway", T + HOUR)
    assert balances(any_desk) == {ledger.GATEWAY_IN: -5_000, FUNDS: 5_000, ADVANCES: -3_000, OUT: 3_000}
    owed = only(any_desk, "order/O1", "advance")
    assert (owed.state, owed.facts["owed_fen"], owed.timers[0].owner) == ("noticed", 3_000, "merchant")
    assert read(any_desk, "order/O1").facts["refunded_fen"] == 3_000
    pass_time(any_desk, owed, T + HOUR + 5 * DAY)
    assert balances(any_desk) == {ledger.GATEWAY_IN: -5_000, FUNDS: 2_000, OUT: 3_000}


@pytest.mark.spec("KS-W17")
@pytest.mark.parametrize(("funds", "deposit"), [(3_000, 0), (0, 3_000), (1_000, 2_000)])
def test_an_advance_is_repaid_in_five_days_or_taken_from_funds_or_deposit(any_desk: Desk, funds: int, deposit: int) -> None:
    desk = told(any_desk, deposit_fen=0)
    id_ = advanced(desk)
    noticed = T + HOUR
    assert read(desk, id_).timers[0].due_at == noticed + 5 * DAY
    if funds:
        order(desk, noticed, id_="O2", amount_fen=funds)
    desk = told(any_desk, deposit_fen=deposit)
    assert pass_time(desk, id_, noticed + 5 * DAY - SECOND).state == "noticed"
    before = balances(desk)
    taken = pass_time(desk, id_, noticed + 5 * DAY)
    assert (taken.state, taken.facts["owed_fen"], taken.facts["taken_fen"]) == ("taken", 0, 3_000)
    now = balances(desk)
    moved = {account: now.get(account, 0) - before.get(account, 0) for account in (FUNDS, DEPOSIT, ADVANCES)}
    assert moved == {FUNDS: -funds, DEPOSIT: -deposit, ADVANCES: 3_000}


@pytest.mark.spec("KS-W17")
@pytest.mark.parametrize("before_the_end", [SECOND, 5 * DAY - SECOND])
def test_repaid_in_time_nothing_is_taken(desk: Desk, before_the_end: dt.timedelta) -> None:
    id_ = advanced(desk)
    order(desk, T + HOUR, id_="O2")
    at = T + HOUR + 5 * DAY - before_the_end
    assert do(desk, id_, "repay", "operator", at, receipt="M1").state == "repaid"
    assert balances(desk) == {
        ledger.GATEWAY_IN: -10_000, FUNDS: 5_000, OUT: 3_000, OWN: -3_000, "elsewhere": 5_000,
    }  # fmt: skip
    assert pass_time(desk, id_, at + 5 * DAY).state == "repaid"


def test_what_cannot_be_taken_stays_owed_and_is_taken_as_it_comes_in(any_desk: Desk) -> None:
    id_, due = advanced(any_desk), T + HOUR + 5 * DAY
    order(any_desk, T + HOUR, id_="O2", amount_fen=1_000)
    owing = pass_time(any_desk, id_, due)
    assert (owing.state, owing.facts["owed_fen"], owing.timers[0].due_at) == ("owing", 2_000, due + DAY)
    assert pass_time(any_desk, id_, due + DAY).facts["owed_fen"] == 2_000  # nothing there: nothing moved
    order(any_desk, due + DAY, id_="O3", amount_fen=5_000)
    assert pass_time(any_desk, id_, due + 2 * DAY - SECOND).state == "owing"
    assert pass_time(any_desk, id_, due + 2 * DAY).state == "taken"
    assert balances(any_desk) == {ledger.GATEWAY_IN: -11_000, FUNDS: 3_000, OUT: 3_000, "elsewhere": 5_000}


def test_the_merchant_may_have_it_taken_at_once(desk: Desk) -> None:
    id_ = advanced(desk)
    order(desk, T + HOUR, id_="O2")
    assert do(desk, id_, "take", "merchant", T + 2 * HOUR).state == "taken"


def test_what_can_never_be_taken_is_written_off_with_a_note(desk: Desk) -> None:
    id_ = advanced(desk)
    assert refused(desk, id_, "write_off", "operator", T + 2 * HOUR, note="x") == "state"  # not before it was tried
    pass_time(desk, id_, T + HOUR + 5 * DAY)
    assert refused(desk, id_, "write_off", "operator", T + 7 * DAY) == "takes"
    assert do(desk, id_, "write_off", "operator", T + HOUR + 5 * DAY, note="shop gone").state == "written_off"
    assert balances(desk)[ADVANCES] == -3_000


@pytest.mark.spec("KS-A05")
@pytest.mark.parametrize(("funds", "deposit"), [(5_000, 0), (1_000, 10_000), (0, 10_000)])
def test_an_idle_merchants_refund_is_at_their_cost_from_the_deposit_where_needed(
    any_desk: Desk, funds: int, deposit: int
) -> None:
    desk = told(any_desk, deposit_fen=deposit)
    order(desk, shipped_at=T)
    if funds < 5_000:
        drain(desk, 5_000 - funds)
    case = ask(desk, at=T)
    assert pass_time(desk, case, T + 48 * HOUR - SECOND).state == "requested"
    pass_time(desk, case, T + 48 * HOUR)
    do(desk, only(desk, case, "payment"), "succeed", "gateway", T + 48 * HOUR)
    assert read(desk, case.id).state == "refunded"
    now, by_funds = balances(desk), min(funds, 3_000)
    assert (now.get(FUNDS, 0), now.get(DEPOSIT, 0), now[OUT]) == (funds - by_funds, by_funds - 3_000, 3_000)
    assert ADVANCES not in now
