"""Rights: there while nothing fails; sanction and release are one line; what cannot be said takes nothing away."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assess.hand import SHOP, Hand, Key
from tianping.assess.finding import Seen, Subject
from tianping.assess.right import held
from tianping.policy.judging import RightVersion

WORDS = {"zh": "甲", "en": "A"}
LOW = {"metric": "a", "at_most": "5 %"}
HIGH = {"metric": "b", "at_least": "90 %"}


def right(*conditions: dict[str, Any]) -> RightVersion:
    head = {"since": "2010-01-01", "source": [{"document": "S1"}], "words": WORDS}
    return RightVersion.model_validate({**head, "all": conditions})


def holds(seen: Mapping[Key, Seen | tuple[int, int]], *conditions: dict[str, Any]) -> bool:
    return held(right(*conditions), SHOP, Hand(seen)).holds


@pytest.mark.parametrize(("refunds", "expected"), [(49, True), (50, True), (51, False)])
def test_the_line_itself_is_within(refunds: int, expected: bool) -> None:
    """At most 5 %: 49 and 50 of 1,000 hold, 51 do not."""
    assert holds({"a": (refunds, 1000)}, LOW) is expected


def test_all_must_hold() -> None:
    """One broken condition of two takes the right away, and is named."""
    found = held(right(LOW, HIGH), SHOP, Hand({"a": (0, 100), "b": (89, 100)}))
    assert (found.holds, [each.condition.metric for each in found.broken]) == (False, ["b"])
    assert [each.holds for each in found.findings] == [True, False]


@pytest.mark.parametrize("status", ["incomplete", "no_data", "immature"])
def test_what_cannot_be_said_takes_nothing_away(status: str) -> None:
    """Nor a figure that is not there, nor a score that is none."""
    assert holds({"a": Seen(90, 100, status)}, LOW)
    assert holds({}, LOW)
    assert holds({}, {"score": "stars", "at_least": 3})


def test_one_known_failure_is_enough() -> None:
    """The other condition, unknown, saves nothing."""
    assert not holds({"a": (9, 100)}, LOW, HIGH)


def test_a_right_of_a_product_reads_the_product() -> None:
    """Its own figure, not its shop's."""
    product = Subject("kuaishou", "S1", "P1", ("c", "c/d", "c/d/e"))
    for subject, expected in (("P1", False), ("S1", True)):
        assert held(right(LOW), product, Hand({"a": (6, 100)}, subject=subject)).holds is expected


@given(st.lists(st.tuples(st.integers(0, 100), st.booleans()), max_size=8))
def test_withdrawn_and_given_back_at_the_same_line(days: Sequence[tuple[int, bool]]) -> None:
    """Whatever the days before were, only the figure of the day decides."""
    found = [holds({"a": (n, 100)} if known else {}, LOW) for n, known in days]
    assert found == [n <= 5 or not known for n, known in days]
