"""The money of a verdict: outbound postage; and one that falls: money, liability and state go back, the facts say when."""

from pathlib import Path
from typing import Any

import pytest

from tianping.cases.case import Case
from tianping.store import ledger
from tianping.work.desk.sitting import Desk

from ..market import DAY, do, family, read
from .hall import CLOSED, cited, denied, does, heard, judged, parent

PROVEN: dict[str, Any] = {"buyer_proof": "proves", "merchant_proof": "none", "parts": "complete"}
DISPROVEN: dict[str, Any] = {"buyer_proof": "none", "merchant_proof": "proves", "parts": "complete"}
AT = CLOSED + DAY


def payments(desk: Desk, case: Case) -> list[Case]:
    return [each for each in family(desk, case) if each.kind == "payment"]


def funds(desk: Desk) -> int:
    with desk.database.connect() as connection:
        return ledger.balance(connection, ledger.funds("S1"))


def test_a_refund_that_was_paid_is_taken_back_exactly(desk: Desk, tmp_path: Path) -> None:
    case = judged(desk, heard(desk, tmp_path, "buyer", "merchant", kind="refund_only"), **PROVEN)
    before = 5_000
    (payment,) = payments(desk, case)
    do(desk, payment, "succeed", "gateway", AT, receipt="R1")
    assert (parent(desk, case).state, funds(desk)) == ("refunded", before - 3_000)
    does(desk, case, "appeal", "Merchant", AT, by="merchant", appeal_text="photos of another shirt")
    given: dict[str, Any] = {"liability": "buyer", "remedy": "reject", "evidence_ids": cited(desk, case)}
    assert denied(desk, case, "overturn", "Bo", AT, **given) == "takes"  # no reason
    over = does(desk, case, "overturn", "Bo", AT, **given, why="the photos are of another shirt")
    assert (over.state, over.facts["liability"], over.facts["remedy"]) == ("overturned", "buyer", "reject")
    assert (payments(desk, case)[0].state, funds(desk)) == ("reversed", before)
    above, order = parent(desk, case), read(desk, "order/O1")
    assert (above.state, above.facts["overturned_at"]) == ("closed", AT)
    assert (above.facts["liability"], above.facts["judged_at"]) == ("seller", case.facts["judged_at"])  # until it fell
    assert (order.facts["refunded_fen"], order.facts["open_cases"]) == (0, 0)
    assert order.facts["kept_fen"] == 3_000  # the buyer has it still


def test_a_return_that_has_not_come_yet_closes(desk: Desk, tmp_path: Path) -> None:
    case = judged(desk, heard(desk, tmp_path, "buyer", "merchant"), **PROVEN)
    assert parent(desk, case).state == "agreed"
    does(desk, case, "appeal", "Merchant", AT, by="merchant", appeal_text="x")
    does(desk, case, "overturn", "Bo", AT, liability="none", remedy="reject", evidence_ids=cited(desk, case), why="unproven")
    assert parent(desk, case).state == "closed"
    assert read(desk, "order/O1").facts["open_cases"] == 0


def test_a_rejection_that_falls_is_refunded_and_judged_anew(desk: Desk, tmp_path: Path) -> None:
    case = judged(desk, heard(desk, tmp_path, "buyer", "merchant", kind="refund_only"), **DISPROVEN)
    assert parent(desk, case).state == "closed"
    does(desk, case, "appeal", "Buyer", AT, by="buyer", appeal_text="x")
    does(
        desk, case, "overturn", "Bo", AT, liability="seller", remedy="refund_only", evidence_ids=cited(desk, case), why="shown"
    )
    above = parent(desk, case)
    assert (above.state, above.facts["liability"], above.facts["judged_at"]) == ("refunding", "seller", AT)
    assert "overturned_at" not in above.facts  # the judgement in force is the new one
    assert [each.facts["fen"] for each in payments(desk, case)] == [3_000]
    assert read(desk, "order/O1").facts["open_cases"] == 1


def test_a_rejection_that_falls_becomes_a_return(desk: Desk, tmp_path: Path) -> None:
    case = judged(desk, heard(desk, tmp_path, "buyer", "merchant"), **DISPROVEN)
    does(desk, case, "appeal", "Buyer", AT, by="buyer", appeal_text="x")
    does(
        desk,
        case,
        "overturn",
        "Bo",
        AT,
        liability="seller",
        remedy="return_refund",
        evidence_ids=cited(desk, case),
        why="shown",
    )
    assert (parent(desk, case).state, payments(desk, case)) == ("agreed", [])


def test_another_sum_takes_the_first_back_and_pays_anew(desk: Desk, tmp_path: Path) -> None:
    case = judged(desk, heard(desk, tmp_path, "buyer", "merchant", kind="refund_only"), **PROVEN)
    do(desk, payments(desk, case)[0], "succeed", "gateway", AT, receipt="R1")
    does(desk, case, "appeal", "Merchant", AT, by="merchant", appeal_text="x")
    given: dict[str, Any] = {"liability": "both", "remedy": "partial_refund", "evidence_ids": cited(desk, case), "why": "half"}
    assert denied(desk, case, "overturn", "Bo", AT, **given | {"remedy": "refund_only"}) == "remedy_changes"
    does(desk, case, "overturn", "Bo", AT, **given, refund_fen=1_000)
    assert [(each.state, each.facts["fen"]) for each in payments(desk, case)] == [("reversed", 3_000), ("paid", 1_000)]
    assert (parent(desk, case).state, payments(desk, case)[1].facts["due_fen"]) == ("refunded", 0)  # the buyer has it already
    assert parent(desk, case).facts["liability"] == "both"
    assert "overturned_at" not in parent(desk, case).facts  # liable before and after
    assert read(desk, "order/O1").facts["refunded_fen"] == 1_000


def test_only_the_liability_changes_and_the_money_stays(desk: Desk, tmp_path: Path) -> None:
    case = judged(desk, heard(desk, tmp_path, "buyer", "merchant", kind="refund_only"), **PROVEN)
    does(desk, case, "appeal", "Merchant", AT, by="merchant", appeal_text="we refund gladly, it was the carrier")
    given: dict[str, Any] = {"evidence_ids": cited(desk, case), "why": "the carrier's"}
    assert denied(desk, case, "shift_liability", "Bo", AT, liability="seller", **given) == "liability_changes"
    assert denied(desk, case, "shift_liability", "Anna", AT, liability="none", **given) == "another"
    over = does(desk, case, "shift_liability", "Bo", AT, liability="none", **given)
    above = parent(desk, case)
    assert (over.state, above.state, above.facts["overturned_at"]) == ("overturned", "refunding", AT)
    assert [each.state for each in payments(desk, case)] == ["asked"]


def test_a_silent_merchants_verdict_can_fall_too(desk: Desk, tmp_path: Path) -> None:
    case = heard(desk, tmp_path, "buyer", kind="refund_only")
    assert case.state == "judged"
    does(desk, case, "appeal", "Merchant", AT, by="merchant", appeal_text="the notice never came")
    given: dict[str, Any] = {"liability": "none", "remedy": "reject", "evidence_ids": cited(desk, case), "why": "true"}
    assert denied(desk, case, "overturn", "Bo", AT, **given) == "ruling"  # nobody had found anything: name the rule
    over = does(desk, case, "overturn", "Bo", AT, **given, ruling="quality/disproven")
    assert (over.facts["liability"], parent(desk, case).facts["overturned_at"]) == ("none", AT)


def test_without_an_appeal_nothing_falls(desk: Desk, tmp_path: Path) -> None:
    case = judged(desk, heard(desk, tmp_path, "buyer", "merchant"), **PROVEN)
    given: dict[str, Any] = {"liability": "none", "remedy": "reject", "evidence_ids": cited(desk, case), "why": "x"}
    assert denied(desk, case, "overturn", "Bo", AT, **given) == "state"


def paid_in_the_end(desk: Desk, case: Case) -> list[int]:
    """All that the buyer gets, once the goods are back and every payment is made."""
    for each in family(desk, case):
        if each.state == "agreed":  # the case itself, or the return that it became
            do(desk, each, "post_back", "buyer", AT, return_waybill="R1")
            do(desk, each, "confirm", "merchant", AT)
    for _ in range(3):
        for each in payments(desk, case):
            if each.state == "asked":
                do(desk, each, "succeed", "gateway", AT, receipt="R")
    return [each.facts["fen"] for each in payments(desk, case)]


@pytest.mark.spec("DY-D03", "DY-D04", "DY-D05")
@pytest.mark.parametrize("kind", ["return_refund", "exchange"])
@pytest.mark.parametrize("found", [
    {"buyer_proof": "proves"},
    {"buyer_proof": "no_talk", "agreement": "refund_agreed"},
    {"buyer_proof": "no_talk", "agreement": "none"},
])  # fmt: skip
def test_the_merchant_gives_the_outbound_postage_back(desk: Desk, tmp_path: Path, kind: str, found: dict[str, Any]) -> None:
    """¥50 and ¥8 of postage were paid; ¥30 are in dispute."""
    case = heard(desk, tmp_path, "buyer", "merchant", platform="douyin", kind=kind, reason="not_as_described", freight_fen=800)
    over = judged(desk, case, **found)
    assert (over.facts["outbound_by_merchant"], over.facts["outbound_fen"]) == (True, 800)
    assert sorted(paid_in_the_end(desk, case)) == [800, 3_000]
    assert read(desk, "order/O1").facts["refunded_fen"] == 3_800


def test_postage_that_the_refund_holds_already_is_not_given_back_twice(desk: Desk, tmp_path: Path) -> None:
    case = heard(desk, tmp_path, "buyer", "merchant", asks=5_500, freight_fen=800)
    assert judged(desk, case, **PROVEN).facts["outbound_fen"] == 300
    assert sum(paid_in_the_end(desk, case)) == 5_800


def test_a_silent_merchant_gives_the_postage_back_too_and_a_rejection_nothing(desk: Desk, tmp_path: Path) -> None:
    silent = heard(desk, tmp_path, "buyer", kind="refund_only", freight_fen=800)
    assert sorted(paid_in_the_end(desk, silent)) == [800, 3_000]
    does(desk, silent, "appeal", "Merchant", AT, by="merchant", appeal_text="x")
    given: dict[str, Any] = {"liability": "none", "remedy": "reject", "evidence_ids": cited(desk, silent), "why": "true"}
    does(desk, silent, "overturn", "Bo", AT, **given, ruling="quality/disproven")
    assert {each.state for each in payments(desk, silent)} == {"reversed"}
    assert (read(desk, "order/O1").facts["refunded_fen"], funds(desk)) == (0, 5_800)
