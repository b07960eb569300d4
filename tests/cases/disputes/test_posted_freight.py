"""Return freight of goods that were posted before the dispute: who is judged to bear it pays it, said how much or not."""

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tianping.cases.case import Case
from tianping.work.desk.sitting import Desk, sitting

from ..flows.walks import paid_out, payments
from ..market import DAY, HOUR, REFUSAL, T, ask, do, family, order, read
from .hall import cited, denied, does, judged, parent, people, show

RAISED = T + 4 * HOUR
CLOSED = RAISED + 72 * HOUR
IN_ORDER: dict[str, Any] = {"return_fault": "none"}
LATE: dict[str, Any] = {"return_fault": "too_late"}
BOTH: dict[str, Any] = {
    "liability": "both",
    "remedy": "partial_refund",
    "refund_fen": 1_000,
    "ruling": "returned/in_order",
}
"""What is judged on appeal: both are liable."""


def objected(
    desk: Desk,
    *,
    kind: str = "return_refund",
    freight: int = 900,
    reason: str = "quality",
    platform: str = "kuaishou",
    **facts: Any,
) -> Case:
    """A dispute over goods of ¥50.00 that were posted for `freight`, and to which the merchant objects."""
    people(desk)
    given = {"created_at": T - 5 * DAY, "paid_at": T - 5 * DAY, "shipped_at": T - 4 * DAY, "signed_at": T - DAY, **facts}
    order(desk, T, platform=platform, **given)
    own: dict[str, Any] = {"intact": True} if reason == "seven_days" else {}
    case = ask(desk, kind, T, refund_fen=5_000, reason=reason, **own)
    do(desk, case, "agree", "merchant", T + HOUR)
    do(desk, case, "post_back", "buyer", T + 2 * HOUR, return_waybill="W1", freight_claim_fen=freight)
    do(desk, case, "dispute_receipt", "merchant", T + 3 * HOUR, **REFUSAL)
    do(desk, case, "escalate", "buyer", RAISED, talk="called")
    return next(each for each in family(desk, case) if each.kind == "dispute")


def heard(desk: Desk, home: Path, case: Case) -> Case:
    """The dispute when both have shown something and its time for evidence is over."""
    show(desk, home, case, "buyer", RAISED)
    show(desk, home, case, "merchant", RAISED)
    return closed(desk, case)


def closed(desk: Desk, case: Case, at: dt.datetime = CLOSED) -> Case:
    with sitting(desk, at) as sat:
        sat.lapse(case.id)
        return sat.cases[case.id]


def freights(desk: Desk) -> int:
    """What of return freight is noted with the order."""
    return int(read(desk, "order/O1").facts.get("freights_fen") or 0)


def paid(desk: Desk, case: Case, at: dt.datetime = CLOSED + DAY) -> dict[str, int]:
    """What the gateway pays for the case in dispute: purpose → fen."""
    return payments(desk, paid_out(desk, paid_out(desk, parent(desk, case), at), at))


@pytest.mark.parametrize("platform", ["kuaishou", "douyin", "jd"])
def test_a_verdict_as_proposed_pays_what_it_cost(desk: Desk, tmp_path: Path, platform: str) -> None:
    case = judged(desk, heard(desk, tmp_path, objected(desk, platform=platform)), **IN_ORDER)
    assert (case.facts["return_by_merchant"], case.facts["freight_fen"], freights(desk)) == (True, 900, 900)
    assert paid(desk, case) == {"refund": 5_000, "freight": 900}


def test_what_the_adjudicator_says_comes_first(desk: Desk, tmp_path: Path) -> None:
    case = heard(desk, tmp_path, objected(desk))
    does(desk, case, "find", "Anna", CLOSED, **IN_ORDER)
    given: dict[str, Any] = {"liability": "seller", "remedy": "return_refund", "evidence_ids": cited(desk, case)}
    does(desk, case, "verdict", "Anna", CLOSED, **given, freight_fen=0)
    assert (paid(desk, case), freights(desk)) == ({"refund": 5_000}, 0)


@pytest.mark.parametrize(("before", "fen"), [(9_100, 900), (9_101, 899), (10_000, 0)])
def test_no_more_than_is_left_for_the_order(desk: Desk, tmp_path: Path, before: int, fen: int) -> None:
    case = heard(desk, tmp_path, objected(desk))
    do(desk, "order/O1", "note_freight", "system", CLOSED, fen=before)
    assert (judged(desk, case, **IN_ORDER).facts["freight_fen"], freights(desk)) == (fen, before + fen)


def test_posted_a_second_time_it_is_noted_when_it_comes(desk: Desk, tmp_path: Path) -> None:
    """Rejected, sent back, and on appeal to be returned: what the second parcel cost is paid, and noted once."""
    case = judged(desk, heard(desk, tmp_path, objected(desk)), **LATE)
    mine = parent(desk, case)
    (back,) = (each for each in family(desk, case) if each.kind == "handback")
    do(desk, back, "send_again", "merchant", CLOSED + 2 * HOUR, reship_waybill="W9")
    does(desk, case, "appeal", "Buyer", CLOSED + DAY, by="buyer", appealed_by="buyer", appeal_text="in time")
    given: dict[str, Any] = {"liability": "seller", "remedy": "return_refund", "refund_fen": 5_000, "return_by_merchant": True}
    does(desk, case, "overturn", "Bo", CLOSED + DAY, **given, departure="in time", evidence_ids=cited(desk, case))
    assert (read(desk, mine.id).state, freights(desk)) == ("agreed", 0)
    do(desk, mine, "post_back", "buyer", CLOSED + DAY, return_waybill="W2", freight_claim_fen=800)
    do(desk, mine, "confirm", "merchant", CLOSED + DAY)
    assert (paid(desk, case), freights(desk)) == ({"refund": 5_000, "freight": 800}, 800)


def test_the_buyers_own_wish_is_the_buyers_freight(desk: Desk, tmp_path: Path) -> None:
    case = judged(desk, heard(desk, tmp_path, objected(desk, reason="seven_days", seven_days=True)), **IN_ORDER)
    assert (case.facts["return_by_merchant"], case.facts["freight_fen"]) == (False, 0)
    assert paid(desk, case) == {"refund": 5_000}


def test_the_buyers_fault_is_the_buyers_freight(desk: Desk, tmp_path: Path) -> None:
    case = judged(desk, heard(desk, tmp_path, objected(desk)), **LATE)
    assert (case.facts["remedy"], case.facts["freight_fen"], freights(desk), paid(desk, case)) == ("reject", 0, 0, {})


@pytest.mark.spec("KS-W20")
def test_a_silent_merchant_pays_it(desk: Desk) -> None:
    case = closed(desk, objected(desk))
    assert (case.facts["ruling"], case.facts["freight_fen"], freights(desk)) == ("silence", 900, 900)
    assert paid(desk, case) == {"refund": 5_000, "freight": 900}


def test_a_silent_merchant_s_freight_falls_with_the_liability(desk: Desk) -> None:
    """The note is taken back, the payment reversed; what is judged instead inherits nothing."""
    case = closed(desk, objected(desk))
    assert paid(desk, case) == {"refund": 5_000, "freight": 900}
    does(desk, case, "appeal", "Merchant", CLOSED + DAY, by="merchant", appeal_text="x")
    over = does(desk, case, "overturn", "Bo", CLOSED + 2 * DAY, **BOTH, why="both")
    assert (over.facts["freight_fen"], freights(desk)) == (0, 0)
    made = [each for each in family(desk, case) if each.kind == "payment" and each.facts["purpose"] == "freight"]
    assert [each.state for each in made] == ["reversed"]


@pytest.mark.parametrize(("freight", "refused_by"), [(10_000, ""), (10_001, "freight_fits")])
def test_on_appeal_the_whole_room_is_there_again(desk: Desk, freight: int, refused_by: str) -> None:
    case = closed(desk, objected(desk))
    paid(desk, case)
    does(desk, case, "appeal", "Merchant", CLOSED + DAY, by="merchant", appeal_text="x")
    assert denied(desk, case, "overturn", "Bo", CLOSED + DAY, **BOTH, freight_fen=freight, why="x") == refused_by
    assert freights(desk) == (900 if refused_by else 10_000)


@pytest.mark.parametrize("remedy", ["refund_only", "return_refund"])
def test_a_rejection_that_falls_pays_it(desk: Desk, tmp_path: Path, remedy: str) -> None:
    """The goods are back: nobody sends them again, and the freight is noted once."""
    case = judged(desk, heard(desk, tmp_path, objected(desk)), **LATE)
    does(desk, case, "appeal", "Buyer", CLOSED + DAY, by="buyer", appeal_text="x")
    given: dict[str, Any] = {"liability": "seller", "remedy": remedy, "return_by_merchant": True}
    over = does(desk, case, "overturn", "Bo", CLOSED + DAY, **given, evidence_ids=cited(desk, case), why="it came in time")
    assert (parent(desk, case).state, over.facts["freight_fen"], freights(desk)) == ("refunding", 900, 900)
    assert paid(desk, case, CLOSED + 2 * DAY) == {"refund": 5_000, "freight": 900}
    assert (parent(desk, case).state, freights(desk)) == ("refunded", 900)


def test_on_delivery_a_rejection_that_falls_is_paid_by_voucher(desk: Desk, tmp_path: Path) -> None:
    case = judged(desk, heard(desk, tmp_path, objected(desk, cod=True, paid_at=None)), **LATE)
    does(desk, case, "appeal", "Buyer", CLOSED + DAY, by="buyer", appeal_text="x")
    given: dict[str, Any] = {"liability": "seller", "remedy": "return_refund", "return_by_merchant": True}
    does(desk, case, "overturn", "Bo", CLOSED + DAY, **given, evidence_ids=cited(desk, case), why="it came in time")
    assert (parent(desk, case).state, parent(desk, case).facts["voucher_fen"]) == ("awaiting_voucher", 5_000)
    do(desk, parent(desk, case), "upload_voucher", "merchant", CLOSED + 2 * DAY, voucher="V1")
    assert (paid(desk, case, CLOSED + 2 * DAY), parent(desk, case).state) == ({"freight": 900}, "refunded")


@pytest.mark.spec("KS-W20")
@pytest.mark.parametrize(
    ("reason", "promised", "fen"), [("quality", False, 900), ("seven_days", False, 0), ("seven_days", True, 900)]
)
def test_who_concedes_pays_what_confirming_would_have_cost(desk: Desk, reason: str, promised: bool, fen: int) -> None:
    desk = replace(desk, shops=lambda *_: {"switch_return_freight": promised})
    case = objected(desk, reason=reason, seven_days=True)
    do(desk, case, "concede", "merchant", RAISED + HOUR)
    assert (read(desk, case.id).facts["freight_fen"], freights(desk)) == (fen, fen)
    assert paid(desk, case, RAISED + DAY) == {"refund": 5_000, **({"freight": fen} if fen else {})}


def test_an_exchange_that_becomes_a_refund_pays_it(desk: Desk) -> None:
    """Posted for an exchange, and the verdict refunds: the refund pays the freight."""
    case = closed(desk, objected(desk, kind="exchange"))
    assert case.facts["remedy"] == "exchange"
    does(desk, case, "appeal", "Merchant", CLOSED + DAY, by="merchant", appeal_text="x")
    given: dict[str, Any] = {"liability": "seller", "remedy": "refund_only", "refund_fen": 5_000, "return_by_merchant": True}
    over = does(desk, case, "overturn", "Bo", CLOSED + DAY, **given, ruling="returned/in_order", why="there is none left")
    assert (over.facts["freight_fen"], freights(desk)) == (900, 900)
    (refund,) = (each for each in family(desk, case) if each.kind == "refund_only")
    assert payments(desk, paid_out(desk, refund, CLOSED + DAY)) == {"refund": 5_000, "freight": 900}


def test_what_an_exchange_has_paid_is_not_paid_again(desk: Desk, tmp_path: Path) -> None:
    """The goods were confirmed and their freight paid; then what was sent is disputed."""
    people(desk)
    order(desk, T, created_at=T - 5 * DAY, paid_at=T - 5 * DAY, shipped_at=T - 4 * DAY, signed_at=T - DAY)
    case = ask(desk, "exchange", T, refund_fen=5_000)
    do(desk, case, "agree", "merchant", T + HOUR)
    do(desk, case, "post_back", "buyer", T + 2 * HOUR, return_waybill="W1", freight_claim_fen=900)
    do(desk, case, "confirm", "merchant", T + 3 * HOUR)
    do(desk, case, "send_again", "merchant", T + 3 * HOUR, reship_waybill="W2")
    do(desk, case, "escalate", "buyer", RAISED, talk="called")
    dispute = next(each for each in family(desk, case) if each.kind == "dispute")
    assert freights(desk) == 900
    over = heard(desk, tmp_path, dispute)
    does(desk, over, "find", "Anna", CLOSED, buyer_proof="proves", parts="complete")
    given: dict[str, Any] = {
        "liability": "seller",
        "remedy": "refund_only",
        "return_by_merchant": True,
        "departure": "none left",
    }
    said = does(desk, over, "verdict", "Anna", CLOSED, **given, evidence_ids=cited(desk, over))
    assert (said.facts["freight_fen"], freights(desk)) == (0, 900)


# Exchanges and repairs that are judged to be done


def performing(desk: Desk, case: Case) -> Case:
    """The case that is to be performed: the one in dispute, or the exchange that a return became."""
    above = parent(desk, case)
    return next((each for each in family(desk, case) if each.kind == "exchange" and each.parent_id == above.id), above)


@pytest.mark.parametrize(("kind", "remedy"), [("exchange", "exchange"), ("repair", "repair"), ("return_refund", "exchange")])
def test_judged_to_be_done_goods_already_posted_have_their_freight_paid(
    desk: Desk, tmp_path: Path, kind: str, remedy: str
) -> None:
    case = heard(desk, tmp_path, objected(desk, kind=kind, warranty_days=365))
    does(desk, case, "find", "Anna", CLOSED, **IN_ORDER)
    given: dict[str, Any] = {"liability": "seller", "remedy": remedy, "return_by_merchant": True, "departure": "there are more"}
    said = does(desk, case, "verdict", "Anna", CLOSED, **given, evidence_ids=cited(desk, case))
    assert (said.facts["freight_fen"], freights(desk)) == (900, 900)
    assert (payments(desk, parent(desk, case)), parent(desk, case).facts["freight_fen"]) == ({"freight": 900}, 900)
    assert performing(desk, case).state in ("to_send", "repairing")


@pytest.mark.parametrize(
    ("reason", "kind", "fen"), [("quality", "exchange", 900), ("wrong_order", "exchange", 0), ("wrong_order", "repair", 900)]
)
def test_who_concedes_an_exchange_or_a_repair_pays_as_on_passing_it(desk: Desk, reason: str, kind: str, fen: int) -> None:
    case = objected(desk, kind=kind, reason=reason, warranty_days=365)
    do(desk, case, "concede", "merchant", RAISED + HOUR)
    assert (payments(desk, parent(desk, case)), freights(desk)) == ({"freight": fen} if fen else {}, fen)


def test_on_appeal_what_an_exchange_had_paid_falls_and_is_judged_anew(desk: Desk) -> None:
    """Checked and ¥9.00 paid; others sent and disputed, the merchant silent: to be sent again. Overturned to a refund, all that
    was paid falls, and the freight is paid once."""
    people(desk)
    order(desk, T, created_at=T - 5 * DAY, paid_at=T - 5 * DAY, shipped_at=T - 4 * DAY, signed_at=T - DAY)
    case = ask(desk, "exchange", T, refund_fen=5_000)
    do(desk, case, "agree", "merchant", T)
    do(desk, case, "post_back", "buyer", T, return_waybill="W1", freight_claim_fen=900)
    paid_out(desk, do(desk, case, "confirm", "merchant", T), T)
    do(desk, case, "send_again", "merchant", T, reship_waybill="W2")
    do(desk, case, "escalate", "buyer", RAISED, talk="called")
    dispute = closed(desk, next(each for each in family(desk, case) if each.kind == "dispute"))
    assert (dispute.facts["freight_fen"], payments(desk, read(desk, case.id))) == (0, {"freight": 900})
    does(desk, dispute, "appeal", "Merchant", CLOSED + DAY, by="merchant", appeal_text="x")
    given: dict[str, Any] = {"liability": "seller", "remedy": "refund_only", "refund_fen": 5_000, "return_by_merchant": True}
    over = does(desk, dispute, "overturn", "Bo", CLOSED + DAY, **given, ruling="quality/quality", why="none left")
    assert (over.facts["freight_fen"], freights(desk)) == (900, 900)
