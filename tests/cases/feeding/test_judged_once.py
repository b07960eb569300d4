"""A dispute is one in the figures, whatever its verdict makes of the case; what becomes of a buyer's case is theirs."""

from pathlib import Path
from typing import Any

import pytest

from tianping.cases.case import Act, Case, Doer
from tianping.store.desk.evidence import listing
from tianping.work.desk.factrows import rows
from tianping.work.desk.sitting import Desk, sitting

from ..disputes.hall import CLOSED, does, heard, parent
from ..market import HOUR, REFUSAL, T, ask, do, family, order, read


def fact(case: Case, opener: str) -> dict[str, Any]:
    return dict(rows(case, opener))["cases"]


@pytest.mark.parametrize("platform", ["kuaishou", "taobao"])
def test_a_verdict_that_makes_it_a_return_is_judged_once(desk: Desk, tmp_path: Path, platform: str) -> None:
    dispute = heard(desk, tmp_path, "buyer", "merchant", kind="refund_only", platform=platform, reason="quality")
    found: dict[str, Any] = (
        {"buyer_proof": "proves", "parts": "complete"} if platform == "kuaishou" else {"buyer_proof": "proves"}
    )
    does(desk, dispute, "find", "Anna", CLOSED + HOUR, **found)
    with sitting(desk, CLOSED + HOUR) as sat:
        shown = ",".join(str(each.id) for each in listing(sat.connection, [dispute.id]))
    does(
        desk, dispute, "verdict", "Anna", CLOSED + HOUR, liability="seller", remedy="return_refund", departure="back first",
        evidence_ids=shown,
    )  # fmt: skip
    (returned,) = (each for each in family(desk, dispute) if each.kind == "return_refund")
    assert fact(parent(desk, dispute), "buyer")["liability"] == "seller"
    judged = fact(returned, "system")
    assert (judged["liability"], judged["judged_at"], judged["opened_by"]) == (None, None, "buyer")


def test_what_was_escalated_itself_keeps_its_judgement(desk: Desk) -> None:
    order(desk, shipped_at=T, signed_at=T)
    taken = {"reason": "quality", "refund_fen": 3_000}
    with sitting(desk, T) as sat:
        case = sat.open(
            "return_refund", Act("take_over", Doer("system"), taken), platform="kuaishou", shop_id="S1", order_id="O1"
        ).after
    do(desk, case, "post_back", "buyer", T, return_waybill="W1")
    do(desk, case, "dispute_receipt", "merchant", T + HOUR, **REFUSAL)
    do(desk, case, "escalate", "buyer", T + 2 * HOUR, talk="called")
    dispute = next(each for each in family(desk, case) if each.kind == "dispute")
    with sitting(desk, T + 80 * HOUR) as sat:
        sat.lapse(dispute.id)
    assert fact(read(desk, case.id), "system")["liability"] == "seller"


def test_a_refund_that_an_exchange_turned_to_is_not_the_platforms(desk: Desk) -> None:
    order(desk, shipped_at=T, signed_at=T)
    assert fact(ask(desk), "system")["opened_by"] == "buyer"
    assert (
        fact(read(desk, next(each.id for each in family(desk, "order/O1") if each.kind != "order")), "rule")["opened_by"]
        == "platform"
    )
