"""What a verdict makes of goods that came back, and what becomes of them where it falls: real disputes, from the finding on."""

from pathlib import Path
from typing import Any

import pytest

from tianping.cases.case import Case
from tianping.work.desk.sitting import Desk

from ..flows.walks import children, paid_out
from ..market import DAY, HOUR, do, family, read
from . import hall
from .hall import cited, does, judged, parent
from .test_posted_freight import CLOSED, IN_ORDER, LATE, RAISED, heard, objected

AT = CLOSED + DAY


def overturned(desk: Desk, case: Case, who: str, remedy: str, **takes: Any) -> Case:
    """On appeal by who lost, in the next hour."""
    does(desk, case, "appeal", who, AT, by="buyer" if who == "Buyer" else "merchant", appeal_text="x")
    given: dict[str, Any] = {"liability": "both", "remedy": remedy, "evidence_ids": cited(desk, case), **takes}
    return does(desk, case, "overturn", "Bo", AT + HOUR, **given, why="seen otherwise")


def backs(desk: Desk, case: Case) -> list[str]:
    return [each.state for each in family(desk, case) if each.kind == "handback"]


@pytest.mark.parametrize("kind", ["return_refund", "exchange", "repair"])
def test_rejected_they_go_back_and_the_order_waits(desk: Desk, tmp_path: Path, kind: str) -> None:
    case = judged(desk, heard(desk, tmp_path, objected(desk, kind=kind, warranty_days=365)), **LATE)
    assert (parent(desk, case).state, backs(desk, case)) == ("closed", ["to_send"])
    assert read(desk, "order/O1").facts["open_cases"] == 1


def test_turned_away_too(desk: Desk) -> None:
    case = objected(desk)
    do(desk, case, "turn_away", "platform", RAISED, note="hopeless")
    assert (parent(desk, case).state, backs(desk, case)) == ("closed", ["to_send"])


@pytest.mark.parametrize(("sent", "state", "back"), [(False, "refunding", "cancelled"), (True, "agreed", "cancelled")])
def test_a_rejection_that_falls(desk: Desk, tmp_path: Path, sent: bool, state: str, back: str) -> None:
    """Not sent yet, they stay with the merchant, who refunds; sent, the buyer posts them again."""
    case = judged(desk, heard(desk, tmp_path, objected(desk)), **LATE)
    if sent:
        (handback,) = children(desk, parent(desk, case), "handback")
        do(desk, handback, "send_again", "merchant", CLOSED + 2 * HOUR, reship_waybill="W2")
    overturned(desk, case, "Buyer", "return_refund", return_by_merchant=True)
    assert (parent(desk, case).state, backs(desk, case)) == (state, [back])
    assert read(desk, "order/O1").facts["claimed_quantity"] == 1


def test_refunded_as_they_were_not_sent_and_then_judged_a_refund_it_is_paid_once(desk: Desk, tmp_path: Path) -> None:
    """¥50.00: refunded by default nine days later; on appeal ¥50.00 are judged: what the buyer has is set off."""
    case = judged(desk, heard(desk, tmp_path, objected(desk)), **LATE)
    does(desk, case, "appeal", "Buyer", case.changed_at, by="buyer", appeal_text="x")
    (handback,) = children(desk, parent(desk, case), "handback")
    at = handback.timers[0].due_at
    do(desk, handback, "turn_to_refund", "buyer", at)
    assert paid_out(desk, parent(desk, case), at).state == "refunded"
    given: dict[str, Any] = {"liability": "seller", "remedy": "return_refund", "evidence_ids": cited(desk, case)}
    does(desk, case, "overturn", "Bo", at, **given, why="seen otherwise")
    facts = read(desk, "order/O1").facts
    assert (parent(desk, case).state, facts["refunded_fen"], facts["kept_fen"]) == ("refunded", 5_000, 0)


@pytest.mark.parametrize(("remedy", "kind", "state"), [("reject", "handback", "held"), ("exchange", "exchange", "money_owed")])
def test_a_refund_that_falls_waits_for_the_money(desk: Desk, tmp_path: Path, remedy: str, kind: str, state: str) -> None:
    """Paid, and overturned: nobody has both the money and the goods, nor neither."""
    case = judged(desk, heard(desk, tmp_path, objected(desk, freight=0)), **IN_ORDER)
    paid_out(desk, parent(desk, case), CLOSED + 2 * HOUR)
    overturned(desk, case, "Merchant", remedy, liability="none", ruling="returned/buyers_fault")
    (child,) = children(desk, parent(desk, case), kind)
    assert (child.state, read(desk, "order/O1").facts["kept_fen"]) == (state, 5_000)
    do(desk, "order/O1", "take_money_back", "platform", AT + DAY, fen=5_000, receipt="B1")
    assert read(desk, child.id).state == "to_send"


def test_a_refund_without_return_overturned_to_an_exchange_becomes_one(desk: Desk, tmp_path: Path) -> None:
    case = judged(
        desk, hall.heard(desk, tmp_path, "buyer", "merchant", kind="refund_only"), buyer_proof="proves", parts="complete"
    )
    overturned(desk, case, "Merchant", "exchange", ruling="quality/quality")
    (exchange,) = children(desk, parent(desk, case), "exchange")
    assert exchange.state == "money_owed"  # whether the refund was paid is not known yet
