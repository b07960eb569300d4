"""How adjudicators judge: like cases alike, departures, reversals."""

from fractions import Fraction
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tianping.work.desk.sitting import Desk
from tianping.work.desk.verdicts import LEAST_PAIRS, Agreement, Verdict, agreement, judges, verdicts

from ..market import DAY, family
from .hall import CLOSED, cited, does, heard, judged, people

SELLER, BUYER = ("seller", "refund_only"), ("buyer", "reject")


def verdict(judge: int, result: tuple[str, str] = SELLER, alike: str = "a", **other: bool) -> Verdict:
    given: dict[str, Any] = {"departed": False, "appealed": False, "overturned": False, **other}
    return Verdict("C", alike, judge, *result, **given)


def test_agreement_counts_pairs_of_like_cases_by_two_people() -> None:
    some = [verdict(1), verdict(2), verdict(2, BUYER), verdict(1), verdict(3, BUYER, alike="b")]
    assert agreement(some) == Agreement(agreed=2, pairs=4)
    one, two, three = judges(some)
    assert (one.agreement, two.agreement, three.agreement) == (Agreement(2, 4), Agreement(2, 4), Agreement(0, 0))


def test_too_few_pairs_have_no_rate() -> None:
    assert Agreement(LEAST_PAIRS - 1, LEAST_PAIRS - 1).rate is None
    assert Agreement(0, 0).rate is None
    assert Agreement(5, LEAST_PAIRS).rate == Fraction(1, 2)


@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from([SELLER, BUYER]), st.sampled_from("ab")), max_size=12))
def test_agreement_is_as_counted_pair_by_pair(given_: list[tuple[int, tuple[str, str], str]]) -> None:
    some = [verdict(judge, result, alike) for judge, result, alike in given_]
    pairs = [
        (one, other)
        for n, one in enumerate(some)
        for other in some[n + 1 :]
        if one.judge != other.judge and one.alike == other.alike
    ]
    assert agreement(some) == Agreement(sum(one.result == other.result for one, other in pairs), len(pairs))


def test_departures_appeals_and_reversals_are_each_judges() -> None:
    some = [verdict(1, departed=True), verdict(1, appealed=True, overturned=True), verdict(2)]
    one, two = judges(some)
    assert (one.verdicts, one.departed, one.appealed, one.overturned) == (2, 1, 1, 1)
    assert (two.verdicts, two.departed, two.appealed, two.overturned) == (1, 0, 0, 0)


def test_verdicts_are_read_as_they_were_first_given(desk: Desk, tmp_path: Path) -> None:
    """Findings of the appeal, and what the clock decided, change nothing."""
    case = judged(desk, heard(desk, tmp_path, "merchant"), merchant_proof="proves", buyer_proof="none")
    does(desk, case, "appeal", "Buyer", CLOSED + DAY, by="buyer", appeal_text="x")
    does(desk, case, "find", "Bo", CLOSED + DAY, merchant_proof="none")
    does(
        desk, case, "overturn", "Bo", CLOSED + DAY,
        liability="seller", remedy="return_refund", evidence_ids=cited(desk, case), why="the report is of another shop",
    )  # fmt: skip
    heard(desk, tmp_path, of="O2")  # the merchant silent: nobody's verdict
    (found,) = verdicts([*family(desk, case), *family(desk, "order/O2")])
    assert found == Verdict(
        case.id, "kuaishou quality: buyer_proof=none; merchant_proof=proves", people(desk)["Anna"], "buyer", "reject",
        departed=False, appealed=True, overturned=True,
    )  # fmt: skip
