"""JD: as Kuaishou, by assumption; every clock of its own to the second."""

import pytest

from tianping.policy.cases.casebook import Casebook
from tianping.work.desk.sitting import CaseRefused, Desk

from ..market import DAY, HOUR, T, ask, do, order
from .walks import had, passes, refused_one, returned


@pytest.mark.parametrize("shipped", [True, False])
def test_48_hours_to_answer_shipped_or_not(desk: Desk, shipped: bool) -> None:
    order(desk, platform="jd", shipped_at=T if shipped else None)
    passes(desk, ask(desk), T + 48 * HOUR, "requested", "refunding")


def test_seven_days_for_the_waybill_seven_to_confirm_seven_to_escalate(desk: Desk) -> None:
    had(desk, "jd", quantity=5)
    agreed = do(desk, ask(desk, "return_refund"), "agree", "merchant", T)
    passes(desk, agreed, T + 7 * DAY, "agreed", "closed")
    passes(desk, returned(desk, refund_fen=1_000), T + 2 * HOUR + 7 * DAY, "returning", "refunding")
    passes(desk, refused_one(desk, refund_fen=1_000), T + HOUR + 7 * DAY, "refused", "closed")


def test_a_platform_without_a_rule_decides_nothing_at_once(desk: Desk) -> None:
    had(desk, "jd")
    case = ask(desk)
    with pytest.raises(CaseRefused, match="no decision at once"):
        do(desk, case, "decide_directly", "platform", T, decision_reason="quality_violation", note="x")


def test_all_that_is_assumed_says_so(books: dict[str, Casebook]) -> None:
    own = ("answer", "waybill", "confirm", "confirm_signed", "escalate")
    assert all(books["jd"].clocks[name].versions[-1].assumed for name in own)
