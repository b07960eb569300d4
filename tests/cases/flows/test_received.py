"""What came back is what is refunded: a merchant may say that nothing did, and the buyer may have that judged."""

import pytest

from tianping.cases.case import Act, Case, Doer
from tianping.work.desk.sitting import Desk, sitting

from ..disputes.hall import does, people
from ..market import DAY, HOUR, T, ask, do, family, order, pass_time, read, refused


def arrived(desk: Desk, quantity: int | None) -> Case:
    """A return of all of an order of ¥50.00, signed for by the merchant at T + 3 h; the buyer paid ¥90.00 to send it."""
    order(desk, T, created_at=T - 5 * DAY, paid_at=T - 5 * DAY, shipped_at=T - 4 * DAY, signed_at=T - DAY)
    case = ask(desk, "return_refund", T, refund_fen=5_000, quantity=quantity)
    do(desk, case, "agree", "merchant", T + HOUR)
    do(desk, case, "post_back", "buyer", T + 2 * HOUR, return_waybill="W1", freight_claim_fen=9_000)
    return do(desk, case, "return_signed", "platform", T + 3 * HOUR)


@pytest.mark.parametrize("quantity", [None, 1])
def test_nothing_came_back(desk: Desk, quantity: int | None) -> None:
    """Then nothing is refunded, nor the freight noted, until it is settled what came; said of the item or not."""
    case = do(desk, arrived(desk, quantity), "confirm", "merchant", T + 4 * HOUR, received_quantity=0)
    assert (case.state, case.facts["refund_fen"], case.facts["freight_fen"]) == ("receipt_disputed", 0, 0)
    assert {each.kind for each in family(desk, case)} == {"order", "return_refund"}
    assert "freights_fen" not in read(desk, "order/O1").facts


def test_it_came_after_all(desk: Desk) -> None:
    """All of the freight is paid, once: ¥90.00 of at most ¥100.00."""
    case = do(desk, arrived(desk, None), "confirm", "merchant", T + 4 * HOUR, received_quantity=0)
    case = do(desk, case, "confirm", "merchant", T + 5 * HOUR, received_quantity=1)
    assert (case.state, case.facts["refund_fen"], case.facts["freight_fen"]) == ("refunding", 5_000, 9_000)
    assert read(desk, "order/O1").facts["freights_fen"] == 9_000


def test_judged_it_is_worth_what_was_asked(desk: Desk) -> None:
    """A merchant who says that nothing came, and shows nothing of it, is liable for all that was asked (KS-W16)."""
    people(desk)
    case = do(desk, arrived(desk, None), "confirm", "merchant", T + 4 * HOUR, received_quantity=0)
    do(desk, case, "escalate", "buyer", T + 5 * HOUR, talk="called")
    dispute = next(each for each in family(desk, case) if each.kind == "dispute")
    assert dispute.facts["asked_fen"] == 5_000
    pass_time(desk, dispute, T + 77 * HOUR)
    judged, after = read(desk, dispute.id), read(desk, case.id)
    assert (judged.facts["liability"], judged.facts["refund_fen"]) == ("seller", 5_000)
    assert (after.state, after.facts["refund_fen"]) == ("refunding", 5_000)


def test_what_was_judged_is_not_taken_back(desk: Desk) -> None:
    """The platform takes back what its rule agreed to; what a verdict gave falls on appeal alone."""
    names = people(desk)
    case = ask_by_rule(desk)
    do(desk, case, "post_back", "buyer", T + 2 * HOUR, return_waybill="W1")
    do(desk, case, "dispute_receipt", "merchant", T + 3 * HOUR, refusal_reason="used", talk="called", refusal_evidence="1")
    do(desk, case, "escalate", "buyer", T + 4 * HOUR, talk="called")
    dispute = next(each for each in family(desk, case) if each.kind == "dispute")
    pass_time(desk, dispute, T + 76 * HOUR)
    assert read(desk, case.id).state == "refunding"
    assert refused(desk, case, "take_back", "platform", T + 77 * HOUR, note="no") == "done_by_rule"
    appealed = does(desk, dispute, "appeal", "Merchant", T + 77 * HOUR, by="merchant", appeal_text="no")
    assert (appealed.state, names["Merchant"]) == ("appealed", appealed.facts["appealed_account"])


def ask_by_rule(desk: Desk) -> Case:
    order(desk, T, created_at=T - 5 * DAY, paid_at=T - 5 * DAY, shipped_at=T - 4 * DAY, signed_at=T - DAY)
    case = ask(desk, "return_refund", T, refund_fen=5_000)
    return do(desk, case, "agree", "rule", T + HOUR)


def test_freight_of_a_receipt_that_is_taken_back(desk: Desk) -> None:
    """A rule's confirmation is taken back, and the merchant's own follows: the freight is noted once, ¥90.00 of ¥100.00."""
    case = arrived(desk, None)
    do(desk, case, "confirm", "rule", T + 4 * HOUR)
    assert read(desk, "order/O1").facts["freights_fen"] == 9_000
    do(desk, case, "take_back", "platform", T + 5 * HOUR, note="no")
    order_now = read(desk, "order/O1").facts
    assert (order_now["freights_fen"], read(desk, case.id).facts.get("freight_fen")) == (0, None)
    with sitting(desk, T + 6 * HOUR) as sat:
        payment = next(each for each in family(desk, case) if each.kind == "payment")
        sat.act(payment.id, Act("void", Doer("gateway"), {"failure": "recalled"}))
    again = do(desk, case, "confirm", "merchant", T + 7 * HOUR)
    assert (again.facts["freight_fen"], read(desk, "order/O1").facts["freights_fen"]) == (9_000, 9_000)
