"""An offer beside a compensation that the buyer claims: both sides see what accepting it comes to, and that is what is paid."""

from typing import Any

import pytest

from tianping.work.desk.sitting import Desk

from ..market import T, ask, do, order
from .walks import paid_out, payments


@pytest.mark.spec("TM-W03")
@pytest.mark.parametrize(
    ("said", "total", "compensation"),
    [
        ({}, 4_500, 1_500),  # silent: the claimed ¥15 are paid beside it
        ({"compensation_included": False}, 4_500, 1_500),
        ({"compensation_included": True}, 3_000, 0),
        ({"offered_compensation_fen": 700}, 3_700, 700),
        ({"offered_compensation_fen": 0}, 3_000, 0),
        ({"offered_compensation_fen": 700, "compensation_included": True}, 3_700, 700),
    ],
)
def test_what_is_accepted_is_what_both_saw(desk: Desk, said: dict[str, Any], total: int, compensation: int) -> None:
    """Tmall: out of stock brings 30 % of ¥50."""
    order(desk, platform="tmall")
    case = ask(desk, reason="out_of_stock")
    assert case.facts["compensation_fen"] == 1_500
    offered = do(desk, case, "offer", "merchant", T, offer_fen=3_000, **said)
    assert (offered.facts["offer_total_fen"], offered.facts["offer_beside_fen"]) == (total, compensation)
    done = paid_out(desk, do(desk, case, "accept_offer", "buyer", T), T)
    assert payments(desk, done) == {"refund": 3_000, **({"compensation": compensation} if compensation else {})}
    assert sum(payments(desk, done).values()) == total


def test_another_offer_has_another_sum(desk: Desk) -> None:
    order(desk, platform="tmall")
    case = ask(desk, reason="out_of_stock")
    do(desk, case, "offer", "merchant", T, offer_fen=3_000)
    again = do(desk, case, "offer", "merchant", T, offer_fen=2_000, compensation_included=True)
    assert again.facts["offer_total_fen"] == 2_000


def test_where_the_order_was_compensated_already_nothing_stands_beside_it(desk: Desk) -> None:
    """The rule gives an order its 30 % once."""
    order(desk, platform="tmall")
    first = do(desk, ask(desk, reason="out_of_stock", refund_fen=1_000), "agree", "merchant", T)
    assert payments(desk, paid_out(desk, first, T)) == {"refund": 1_000, "compensation": 1_500}
    offered = do(desk, ask(desk, reason="out_of_stock", refund_fen=2_000), "offer", "merchant", T, offer_fen=1_500)
    assert offered.facts["offer_total_fen"] == 1_500
    assert payments(desk, paid_out(desk, do(desk, offered, "accept_offer", "buyer", T), T)) == {"refund": 1_500}


@pytest.mark.spec("TM-W03")
@pytest.mark.parametrize(("offer", "beside"), [(500, 1), (1_000, 1_500)])
@pytest.mark.parametrize("accepted", [True, False])
def test_what_was_only_offered_is_no_agreement(desk: Desk, accepted: bool, offer: int, beside: int) -> None:
    """What is offered beside is paid where the buyer takes it; else the order's 30 % were paid with its first case, once."""
    order(desk, platform="tmall")
    first, second = (ask(desk, reason="out_of_stock", refund_fen=1_000) for _ in range(2))
    do(desk, second, "offer", "merchant", T, offer_fen=offer, offered_compensation_fen=beside)
    paid_out(desk, do(desk, first, "agree", "merchant", T), T)
    done = do(desk, second, "accept_offer", "buyer", T) if accepted else do(desk, second, "agree", "merchant", T)
    paid = {"refund": offer, "compensation": beside} if accepted else {"refund": 1_000}
    assert payments(desk, paid_out(desk, done, T)) == paid


def test_a_promise_of_no_claim_comes_to_itself(desk: Desk) -> None:
    order(desk)
    offered = do(desk, ask(desk), "offer", "merchant", T, offer_fen=1_000)
    assert offered.facts["offer_total_fen"] == 1_000
