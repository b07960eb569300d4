"""Return freight that a verdict gives: at most ¥100 for each item bought, all cases of an order together (KS-W20)."""

from pathlib import Path
from typing import Any

import pytest

from tianping.cases.case import Case
from tianping.work.desk.sitting import Desk

from ..market import DAY, HOUR, REFUSAL, T, ask, do, family, read
from .hall import CLOSED, RAISED, cited, denied, does, heard, show

PROVEN: dict[str, Any] = {"buyer_proof": "proves", "parts": "complete"}
GIVEN: dict[str, Any] = {"liability": "seller", "remedy": "refund_only"}


def found(desk: Desk, home: Path, **given: Any) -> Case:
    """A refund in dispute, the buyer's claim proven."""
    case = heard(desk, home, "buyer", "merchant", kind="refund_only", asks=1_000, **given)
    return does(desk, case, "find", "Anna", CLOSED, **PROVEN)


@pytest.mark.parametrize(("items", "fen"), [(1, 10_000), (3, 30_000)])
def test_a_hundred_yuan_an_item(desk: Desk, tmp_path: Path, items: int, fen: int) -> None:
    case = found(desk, tmp_path, quantity=items)
    cites = cited(desk, case)
    assert denied(desk, case, "verdict", "Anna", CLOSED, **GIVEN, evidence_ids=cites, freight_fen=fen + 1) == "freight_fits"
    assert denied(desk, case, "verdict", "Anna", CLOSED, **GIVEN, evidence_ids=cites, freight_fen=fen) == ""
    assert read(desk, "order/O1").facts["freights_fen"] == fen


def test_all_cases_of_an_order_together(desk: Desk, tmp_path: Path) -> None:
    first = found(desk, tmp_path)
    does(desk, first, "verdict", "Anna", CLOSED, **GIVEN, evidence_ids=cited(desk, first), freight_fen=6_000)
    again = ask(desk, "refund_only", CLOSED + HOUR, refund_fen=1_000)
    do(desk, again, "refuse", "merchant", CLOSED + 2 * HOUR, **REFUSAL)
    do(desk, again, "escalate", "buyer", CLOSED + 3 * HOUR)
    second = next(each for each in family(desk, again) if each.kind == "dispute" and each.parent_id == again.id)
    for party in ("buyer", "merchant"):
        show(desk, tmp_path, second, party, CLOSED + 4 * HOUR)
    at = CLOSED + 3 * HOUR + (CLOSED - RAISED)
    does(desk, second, "find", "Anna", at, **PROVEN)
    cites = cited(desk, second)
    assert denied(desk, second, "verdict", "Anna", at, **GIVEN, evidence_ids=cites, freight_fen=4_001) == "freight_fits"
    assert denied(desk, second, "verdict", "Anna", at, **GIVEN, evidence_ids=cites, freight_fen=4_000) == ""


def test_on_appeal_what_the_verdict_gave_is_taken_back_first(desk: Desk, tmp_path: Path) -> None:
    case = found(desk, tmp_path)
    cites = cited(desk, case)
    does(desk, case, "verdict", "Anna", CLOSED, **GIVEN, evidence_ids=cites, freight_fen=10_000)
    does(desk, case, "appeal", "Merchant", CLOSED + DAY, by="merchant", appeal_text="x")
    given: dict[str, Any] = {
        "liability": "both",
        "remedy": "partial_refund",
        "refund_fen": 500,
        "evidence_ids": cites,
        "why": "both",
    }
    at = CLOSED + DAY + HOUR
    assert denied(desk, case, "overturn", "Bo", at, **given, freight_fen=10_001) == "freight_fits"
    assert denied(desk, case, "overturn", "Bo", at, **given, freight_fen=9_000) == ""
    assert read(desk, "order/O1").facts["freights_fen"] == 9_000


def test_freight_of_goods_still_to_come_back_is_noted_when_they_come(desk: Desk, tmp_path: Path) -> None:
    case = heard(desk, tmp_path, "buyer", "merchant")
    does(desk, case, "find", "Anna", CLOSED, **PROVEN)
    does(
        desk, case, "verdict", "Anna", CLOSED,
        liability="seller", remedy="return_refund", evidence_ids=cited(desk, case), freight_fen=3_000,
    )  # fmt: skip
    assert read(desk, "order/O1").facts.get("freights_fen", 0) == 0
    assert case.parent_id
    do(desk, case.parent_id, "post_back", "buyer", T + 10 * DAY, return_waybill="R1", freight_claim_fen=1_200)
    do(desk, case.parent_id, "confirm", "merchant", T + 11 * DAY)
    assert read(desk, "order/O1").facts["freights_fen"] == 1_200
