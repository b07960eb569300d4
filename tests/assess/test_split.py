"""The split of a change: its parts sum to the change, and each is what the definition says, tried by brute force."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assess.hand import SHOP, Hand, shipped_scores
from assess.test_score import TWO, item, version
from tianping.assess.score import score, scores
from tianping.assess.split import Counts, Held, Moved, Rows, Split, of_figure, of_ratio, of_score, states, total
from tianping.policy.judging import ScoreVersion

Adds = Mapping[int, tuple[int, int]]
"""What each row adds to the numerator and the denominator."""
STEPS = ("left", "rejudged", "came", "benchmark", "rule")
ROWS = st.dictionaries(st.integers(0, 9), st.sampled_from([(0, 0), (0, 1), (1, 1), (3, 1), (-2, 1)]), max_size=8)
WHOLES = st.dictionaries(st.integers(0, 9), st.sampled_from([(0, 0), (0, 1), (1, 1), (3, 1), (7, 1)]), max_size=8)
RATES = st.fractions(min_value=Fraction(1, 9), max_value=5, max_denominator=9)


def rows(before: Adds, after: Adds, *, greatest: bool = False) -> Rows:
    """Rows by what became of them."""
    same = [key for key in before if before[key] == after.get(key)]
    both = [key for key in before if key in after and key not in same]
    left = [key for key in before if key not in after]
    came = [key for key in after if key not in before]

    def sums(side: Adds, keys: Iterable[int]) -> Counts:
        added = [side[key] for key in keys]
        numerators = [numerator for numerator, _ in added]
        numerator = max(numerators, default=0) if greatest else sum(numerators)
        return Counts(numerator, sum(denominator for _, denominator in added))

    return Rows(
        same=Moved(len(same), sums(before, same), sums(after, same)),
        left=Moved(len(left), sums(before, left), Counts()),
        rejudged=Moved(len(both), sums(before, both), sums(after, both)),
        came=Moved(len(came), Counts(), sums(after, came)),
    )


def value(adds: Adds) -> Fraction | None:
    """The definition: Σ numerators / Σ denominators."""
    whole = sum(denominator for _, denominator in adds.values())
    return Fraction(sum(numerator for numerator, _ in adds.values()), whole) if whole else None


def by_hand(before: Adds, after: Adds, old: Fraction, new: Fraction, ruled: Fraction | None) -> list[Fraction | None]:
    """The ratio after every step, by making each set of rows and counting it."""
    without = {key: adds for key, adds in before.items() if key in after}
    anew = {key: after[key] for key in without}
    at = [value(each) for each in (before, without, anew, after)]
    return [None if each is None else each / old for each in at] + [
        None if at[-1] is None else at[-1] / new,
        None if ruled is None else ruled / new,
    ]


def carried(values: Iterable[Fraction | None]) -> list[Fraction]:
    """Those in between without a value keep the one before."""
    found: list[Fraction] = []
    for each in values:
        found.append(found[-1] if each is None else each)
    return found


@given(ROWS, ROWS, RATES, RATES, st.one_of(st.none(), st.tuples(st.integers(0, 9), st.integers(1, 9))))
def test_the_parts_of_a_ratio_are_those_of_the_definition(
    before: Adds, after: Adds, old: Fraction, new: Fraction, anew: tuple[int, int] | None
) -> None:
    ruled = Counts(*anew) if anew else None
    found = of_ratio(rows(before, after), Held(old, new), ruled)
    tried = by_hand(before, after, old, new, ruled.value if ruled else value(after))
    assert [found.before, *(each.value for each in found.steps)] == tried
    assert tuple(each.name for each in found.steps) == STEPS
    if found.change is None:
        assert {each.part for each in found.steps} == {None}
    else:
        at = carried(tried)
        assert [each.part for each in found.steps] == [b - a for a, b in pairwise(at)]
        assert sum_of(found) == found.change == at[-1] - at[0]


@given(ROWS, ROWS)
def test_the_parts_of_a_value_sum_to_its_change(before: Adds, after: Adds) -> None:
    found = of_figure(rows(before, after))
    assert (found.before, found.after) == (value(before), value(after))
    assert found.change is None or sum_of(found) == found.change
    assert found.steps[3].part in (0, None), "a value has no benchmark"


@given(WHOLES, WHOLES, st.booleans())
def test_counts_and_greatest_values(before: Adds, after: Adds, greatest: bool) -> None:
    """Nothing divides them; the greatest of two sets of rows is no sum, and its parts still add up."""
    found = of_figure(rows(before, after, greatest=greatest), whole=1, greatest=greatest)
    joined = max if greatest else sum
    for at, adds in ((found.before, before), (found.after, after)):
        assert at == joined([numerator for numerator, _ in adds.values()] + [0]), "no rows are 0"
    assert sum_of(found) == found.change


def test_the_order_is_left_rejudged_came() -> None:
    """1/4; without the one that left 1/3; one judged anew 2/3; one more 2/4."""
    before = {1: (1, 1), 2: (0, 1), 3: (0, 1), 4: (0, 1)}
    after = {1: (1, 1), 2: (1, 1), 3: (0, 1), 5: (0, 1)}
    found = of_figure(rows(before, after))
    assert [each.part for each in found.steps[:3]] == [Fraction(1, 12), Fraction(1, 3), Fraction(-1, 6)]
    assert [each.rows for each in found.steps[:3]] == [1, 1, 1]
    assert states(rows(before, after)) == (Counts(1, 4), Counts(1, 3), Counts(2, 3), Counts(2, 4))


def test_nothing_in_between_keeps_the_value_before() -> None:
    """All rows left and others came: what the new ones changed stands under those that came."""
    found = of_figure(rows({1: (1, 1)}, {2: (0, 1)}))
    assert [each.value for each in found.steps[:3]] == [None, None, 0]
    assert [each.part for each in found.steps[:3]] == [0, 0, -1]


@pytest.mark.parametrize(("before", "after"), [({}, {1: (1, 1)}), ({1: (1, 1)}, {}), ({}, {})])
def test_no_value_no_change(before: Adds, after: Adds) -> None:
    assert of_figure(rows(before, after)).change is None


# Scores

FIGURES = st.fixed_dictionaries({name: st.one_of(st.none(), st.integers(0, 10)) for name in "abc"})


def hand(figures: Mapping[str, int | None]) -> Hand:
    return Hand({name: (at, 10) for name, at in figures.items() if at is not None})


def points(of: ScoreVersion, figures: Hand) -> dict[tuple[str, str], Fraction | None]:
    found = score("made", of, SHOP, figures)
    return {(group.name, each.name): each.points for group in found.groups for each in group.items}


@given(FIGURES, FIGURES, st.integers(1, 5))
def test_the_parts_of_a_score_sum_to_its_change(old: Mapping[str, int], new: Mapping[str, int], weight: int) -> None:
    """Item after item by the old rule, then the new one; each total is the score's own."""
    later = version({"g": (weight, {"a": item("a", 2), "b": item("b", 1)}), "h": (1, {"c": item("c")})})
    ruled = score("made", later, SHOP, hand(new)).total
    found = of_score(TWO, points(TWO, hand(old)), points(TWO, hand(new)), ruled)
    assert [each.name for each in found.steps] == ["g/a", "g/b", "h/c", "rule"]
    figures = dict(old)
    for step, name in zip(found.steps, "abc", strict=False):
        figures[name] = new[name]
        assert step.value == score("made", TWO, SHOP, hand(figures)).total
    assert found.change is None or sum_of(found) == found.change


def test_a_total_is_the_scores_own() -> None:
    """Of every shipped score."""
    for platform in ("kuaishou", "douyin"):
        found = scores(shipped_scores(platform), SHOP, Hand())
        for each in found.values():
            named = {(group.name, one.name): one.points for group in each.groups for one in group.items}
            assert total(each.version, named) == each.total


def test_without_a_needed_item_there_is_no_total() -> None:
    needed = version({"g": (1, {"a": item("a", too_few="none"), "b": item("b")})})
    assert total(needed, {("g", "a"): None, ("g", "b"): Fraction(1)}) is None


def sum_of(split: Split) -> Fraction:
    return sum((each.part for each in split.steps if each.part is not None), Fraction(0))
