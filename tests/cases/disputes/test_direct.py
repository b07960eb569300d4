"""KS-W18: the platform decides at once, in extreme cases, for small sub-orders, from the merchant's funds."""

from typing import Any

import pytest

from tianping.cases.case import Case
from tianping.store import ledger
from tianping.work.desk.sitting import Desk

from ..market import DAY, HOUR, REFUSAL, T, ask, do, family, order, refused

WHY = {"decision_reason": "quality_violation", "note": "3 of 4 buyers returned it"}


def asked(desk: Desk, kind: str, fen: int, platform: str = "kuaishou") -> Case:
    order(desk, platform=platform, shipped_at=T, signed_at=T, amount_fen=fen)
    return ask(desk, kind, T + DAY, refund_fen=fen)


@pytest.mark.spec("KS-W18")
@pytest.mark.parametrize("kind", ["refund_only", "return_refund"])
def test_up_to_200_yuan_and_not_a_fen_more(desk: Desk, kind: str) -> None:
    case = asked(desk, kind, 20_000)
    assert do(desk, case, "decide_directly", "platform", T + DAY + HOUR, **WHY).state == "refunding"
    (payment,) = (each for each in family(desk, case) if each.kind == "payment")
    assert (payment.facts["fen"], payment.facts["borne_by"]) == (20_000, "merchant")
    do(desk, payment, "succeed", "gateway", T + 2 * DAY, receipt="R1")
    with desk.database.connect() as connection:
        assert ledger.balance(connection, ledger.funds("S1")) == 0  # the merchant's funds paid it


@pytest.mark.spec("KS-W18")
@pytest.mark.parametrize("kind", ["refund_only", "return_refund"])
def test_a_sub_order_of_more_is_judged_like_any_other(desk: Desk, kind: str) -> None:
    case = asked(desk, kind, 20_001)
    assert refused(desk, case, "decide_directly", "platform", T + DAY + HOUR, **WHY) == "direct_decision"


@pytest.mark.spec("KS-W18")
def test_only_for_a_violation_of_quality_or_service(desk: Desk) -> None:
    case = asked(desk, "refund_only", 20_000)
    at = T + DAY + HOUR
    no_reason: dict[str, Any] = {"decision_reason": "the buyer is dear to us", "note": "x"}
    assert refused(desk, case, "decide_directly", "platform", at, **no_reason) == "direct_reason"
    assert refused(desk, case, "decide_directly", "platform", at) == "takes"
    assert refused(desk, case, "decide_directly", "merchant", at, **WHY) == "who"
    do(desk, case, "refuse", "merchant", at, **REFUSAL)
    assert (
        refused(desk, case, "decide_directly", "platform", at, decision_reason="service_violation", note="refused 9 of 10")
        == ""
    )


@pytest.mark.parametrize("platform", ["douyin", "taobao", "tmall", "jd"])
def test_other_platforms_have_no_such_rule(desk: Desk, platform: str) -> None:
    kind = "return_refund" if platform == "douyin" else "refund_only"
    case = asked(desk, kind, 100, platform)
    assert refused(desk, case, "decide_directly", "platform", T + DAY + HOUR, **WHY) == "direct_decision"


@pytest.mark.spec("KS-W18")
def test_an_exchange_cannot_be_decided_so(desk: Desk) -> None:
    case = asked(desk, "exchange", 100)
    assert refused(desk, case, "decide_directly", "platform", T + DAY + HOUR, **WHY) in ("verb", "direct_decision")
