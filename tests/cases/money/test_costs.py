"""Whole ways from asking to the ledger: what a refund, its costs and its compensation come to, and out of whose money."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tianping.cases.case import Case
from tianping.store import ledger
from tianping.work.desk.money.sandbox import Sandbox
from tianping.work.desk.money.sending import send_due
from tianping.work.desk.sitting import Desk

from ..flows.walks import had, on_delivery
from ..market import DAY, HOUR, T, ask, do, family, order, pass_time, read
from .till import FUNDS, balances, only, with_kept

OUT, IN = ledger.GATEWAY_OUT, ledger.GATEWAY_IN


def send(desk: Desk, folder: Path, days: int) -> None:
    """Everything that is due by that day; what follows from it too."""
    at = T + days * DAY
    while send_due(desk, Sandbox(folder / "gateway"), partial(lambda at: at, at)).all:
        pass


def by_purpose(desk: Desk) -> dict[str, int]:
    return {each.facts["purpose"]: each.facts["fen"] for each in family(desk, "order/O1") if each.kind == "payment"}


def came_back(desk: Desk, **takes: Any) -> Case:
    """Asked, agreed, posted back for ¥12.00, confirmed."""
    case = ask(desk, "return_refund", **takes)
    do(desk, case, "agree", "merchant", T)
    do(desk, case, "post_back", "buyer", T, return_waybill="SF1", freight_claim_fen=1_200)
    return do(desk, case, "confirm", "merchant", T + DAY)


@pytest.mark.spec("KS-W06")
def test_the_platform_refunds_the_goods_and_not_the_postage(any_desk: Desk, tmp_path: Path) -> None:
    had(any_desk, amount_fen=5_000, freight_fen=800)
    case = came_back(any_desk, reason="other", refund_fen=5_000)
    send(any_desk, tmp_path, 1)
    assert read(any_desk, case.id).state == "refunded"
    assert balances(any_desk) == {IN: -5_800, FUNDS: 800, OUT: 5_000}


@pytest.mark.spec("KS-W06", "KS-W20")
def test_postage_and_costs_are_refunded_where_they_are_the_merchants(any_desk: Desk, tmp_path: Path) -> None:
    """The whole price with its postage, and the costs beside it: more than was paid, out of other sales."""
    had(any_desk, amount_fen=5_000, freight_fen=800)
    order(any_desk, id_="O2", amount_fen=4_000)
    case = came_back(any_desk, reason="quality", refund_fen=5_800, coupon_fen=300, difference_fen=450)
    send(any_desk, tmp_path, 1)
    assert sum(each.facts["fen"] for each in family(any_desk, case) if each.kind == "payment") == 5_800 + 1_200 + 300 + 450
    assert balances(any_desk) == {IN: -9_800, FUNDS: 9_800 - 7_750, OUT: 7_750}
    assert read(any_desk, "order/O1").facts["refunded_fen"] == 5_800


@pytest.mark.spec("KS-W20")
def test_all_of_an_agreed_compensation_is_the_merchants(desk: Desk, tmp_path: Path) -> None:
    had(desk)
    case = ask(desk, reason="other", refund_fen=5_000)
    do(desk, case, "offer", "merchant", T, offer_fen=1_000, offered_compensation_fen=9_000)
    do(desk, case, "accept_offer", "buyer", T)
    send(desk, tmp_path, 0)
    assert balances(desk) == {IN: -5_000, ledger.ADVANCES: -5_000, OUT: 10_000}
    assert only(desk, case, "advance").facts["owed_fen"] == 5_000  # what the shop has not, it owes


@pytest.mark.spec("TM-W03")
@pytest.mark.parametrize(("paid", "compensation"), [(9_999, 2_999), (166_666, 49_999), (166_667, 50_000), (400_000, 50_000)])
def test_not_shipped_the_buyer_gets_thirty_percent_at_most_500_yuan(
    desk: Desk, tmp_path: Path, paid: int, compensation: int
) -> None:
    order(desk, platform="tmall", amount_fen=paid)
    order(desk, id_="O2", platform="tmall", amount_fen=100_000)
    case = ask(desk, reason="out_of_stock", refund_fen=paid)
    do(desk, case, "agree", "merchant", T + HOUR)
    send(desk, tmp_path, 1)
    assert by_purpose(desk) == {"refund": paid, "compensation": compensation}
    assert balances(desk) == {IN: -paid - 100_000, FUNDS: 100_000 - compensation, OUT: paid + compensation}


def test_on_delivery_unpaid_by_the_merchant_the_platform_pays_and_claims_it(any_desk: Desk, tmp_path: Path) -> None:
    on_delivery(any_desk, "kuaishou")
    case = ask(any_desk, "return_refund")
    do(any_desk, case, "agree", "merchant", T)
    do(any_desk, case, "post_back", "buyer", T, return_waybill="SF1")
    do(any_desk, case, "confirm", "merchant", T)
    assert pass_time(any_desk, case, T + 48 * HOUR).state == "refunding"
    send(any_desk, tmp_path, 2)
    assert read(any_desk, case.id).state == "refunded"
    assert balances(any_desk) == {ledger.ADVANCES: -3_000, OUT: 3_000}
    assert only(any_desk, case, "advance").state == "noticed"


def test_a_cancelled_payment_ends_the_case_and_frees_the_sum(desk: Desk) -> None:
    had(desk)
    case = do(desk, ask(desk), "agree", "merchant", T)
    pay = only(desk, case, "payment")
    do(desk, pay, "fail", "gateway", T + HOUR, failure="account closed")
    do(desk, pay, "cancel", "operator", T + 2 * HOUR, why="paid in cash")
    assert read(desk, case.id).state == "closed"
    assert (read(desk, "order/O1").facts["refunded_fen"], read(desk, "order/O1").facts["open_cases"]) == (0, 0)


def test_an_orders_own_refund_is_paid_though_the_order_hears_nothing(desk: Desk, tmp_path: Path) -> None:
    """Never shipped: the clock closes the order, which pays by itself."""
    order(desk)
    assert pass_time(desk, "order/O1", T + 2 * DAY).state == "late"
    assert pass_time(desk, "order/O1", T + 32 * DAY).state == "closed"
    send(desk, tmp_path, 32)
    assert balances(desk) == {IN: -5_000, OUT: 5_000}


@pytest.mark.parametrize("sent", [True, False])
def test_a_verdict_overturned_takes_back_every_payment_of_the_case(desk: Desk, tmp_path: Path, sent: bool) -> None:
    """Paid: all reversed, costs too. Asked for and not yet paid: recalled, and never paid."""
    had(desk, amount_fen=5_000, freight_fen=800)
    before = balances(desk)
    case = came_back(desk, reason="quality", refund_fen=5_800, coupon_fen=300)
    if sent:
        send(desk, tmp_path, 1)
    do(desk, case, "overturned" if sent else "overturned_open", "system", T + 2 * DAY)
    send(desk, tmp_path, 2)
    given = sum(sum(each) for each in Sandbox(tmp_path / "gateway").paid().values())
    assert balances(desk) == (with_kept(before, given) if sent else before)
    assert (read(desk, "order/O1").facts["refunded_fen"], given) == (0, read(desk, "order/O1").facts.get("kept_fen", 0))
    states = {each.state for each in family(desk, case) if each.kind in ("payment", "advance")}
    assert states == ({"reversed", "released"} if sent else {"cancelled"})
    assert len(Sandbox(tmp_path / "gateway").paid()) == (3 if sent else 0)
