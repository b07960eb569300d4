"""Cases that others became, as rows: whose story a row tells. What a dispute makes of a case is told in test_figures."""

import datetime as dt
from typing import Any

import pytest

from tianping.cases.case import Case
from tianping.work.desk.factrows import Kin, case_row

from ..market import DAY, HOUR, T

ASKED: dict[str, Any] = {
    "reason": "quality",
    "requested_at": T,
    "answered_at": T + HOUR,
    "answer": "agreed",
    "agreed_at": T + HOUR,
}
TAKEN: dict[str, Any] = dict.fromkeys(("requested_at", "answered_at", "agreed_at"), T + 3 * DAY) | {
    "reason": "quality",
    "answer": "agreed",
}
ESCALATED: dict[str, Any] = {"escalated_at": T + DAY, "escalated_by": "buyer", "judged_at": T + 2 * DAY, "liability": "seller"}


def case(id_: str, kind: str, parent: str | None = None, *, days: int = 0, ended: int | None = None, **facts: Any) -> Case:
    at = T + days * DAY
    end = None if ended is None else T + ended * DAY
    return Case(id_, kind, "kuaishou", "S1", "O1", parent, dt.date(2024, 3, 1), "s", 1, at, at, end, facts)


def story(*cases: Case) -> Kin:
    return Kin({each.id: each for each in cases})


def test_a_row_of_its_own_says_what_its_case_says() -> None:
    kin = story(own := case("A", "refund_only", **ASKED, **ESCALATED, refund_fen=5, ended=None))
    row = case_row(own, kin, "merchant")
    assert (row["opened_by"], row["requested_at"], row["liability"], row["refund_fen"]) == ("merchant", T, "seller", 5)
    assert [each.id for each in kin.told(own)] == ["A"]


@pytest.mark.parametrize(
    ("opener", "said"), [("buyer", "buyer"), ("system", "buyer"), ("rule", "platform"), ("platform", "platform")]
)
def test_who_opened_the_first_opened_what_came_of_it(opener: str, said: str) -> None:
    kin = story(case("E", "exchange", **ASKED), refund := case("R", "refund_only", "E", days=3, **TAKEN))
    row = case_row(refund, kin, opener)
    assert (row["opened_by"], row["requested_at"], row["answered_at"], row["agreed_at"]) == (said, T, T + HOUR, T + HOUR)


def test_a_repair_became_an_exchange_became_a_refund() -> None:
    repair, exchange = case("P", "repair", **ASKED, **ESCALATED), case("E", "exchange", "P", days=3, **TAKEN)
    kin = story(repair, exchange, refund := case("R", "refund_only", "E", days=4, **TAKEN))
    row = case_row(refund, kin, "buyer")
    assert (row["requested_at"], row["escalated_at"], row["liability"]) == (T, T + DAY, "seller")
    assert [each.id for each in kin.told(repair)] == ["P", "E", "R"]  # what is judged of it is judged of them


def test_a_refund_judged_a_return_that_was_disputed_again() -> None:
    """The first escalation, the judgement in force, the end of the last; one row."""
    first = case("A", "refund_only", **ASKED, **ESCALATED, outcome="closed", refund_fen=5, rating=3, ended=2)
    again: dict[str, Any] = {
        "escalated_at": T + 9 * DAY,
        "escalated_by": "merchant",
        "judged_at": T + 12 * DAY,
        "liability": "buyer",
    }
    back = case("B", "return_refund", "A", days=2, ended=12, **TAKEN, **again, outcome="refunded", refund_fen=4)
    kin = story(first, back)
    assert [each.id for each in kin.told(back)] == ["A"]
    row = case_row(first, kin, "buyer")
    assert (row["escalated_at"], row["escalated_by"], row["judged_at"], row["liability"]) == (
        T + DAY,
        "buyer",
        T + 12 * DAY,
        "buyer",
    )
    assert (row["kind"], row["ended_at"], row["outcome"], row["refund_fen"], row["rating"]) == (
        "refund_only",
        T + 12 * DAY,
        "refunded",
        4,
        3,
    )


def test_what_is_judged_without_an_escalation_of_its_own_was_judged_of_another() -> None:
    kin = story(
        case("E", "exchange", **ASKED), refund := case("R", "refund_only", "E", **TAKEN, liability="seller", judged_at=T)
    )
    row = case_row(refund, kin, "buyer")
    assert (row["liability"], row["judged_at"], row["overturned_at"]) == (None, None, None)
