"""Intervals and chances against exact fractions."""

import math
from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tianping.assess.chance import at_least, between, wilson

RATES = st.fractions(min_value=0, max_value=1, max_denominator=1000)


def exactly(low: int, high: int, size: int, rate: Fraction) -> Fraction:
    """P(low ≤ X ≤ high), by summing whole numbers."""
    hit, miss = rate.numerator, rate.denominator - rate.numerator
    chosen = range(max(low, 0), min(high, size) + 1)
    return Fraction(sum(comb(size, k) * hit**k * miss ** (size - k) for k in chosen), rate.denominator**size)


@given(st.integers(0, 80), st.integers(-2, 82), RATES)
def test_the_chance_is_that_of_exact_fractions(size: int, count: int, rate: Fraction) -> None:
    assert math.isclose(at_least(count, size, rate), float(exactly(count, size, size, rate)), rel_tol=1e-11)


@given(st.integers(0, 60), st.integers(-2, 62), st.integers(-2, 62), RATES)
def test_the_chance_of_a_span(size: int, low: int, high: int, rate: Fraction) -> None:
    """Both sides in it; spans with two ends are differences, and lose digits where they are small."""
    assert math.isclose(between(low, high, size, rate), float(exactly(low, high, size, rate)), rel_tol=1e-9, abs_tol=1e-12)


@pytest.mark.parametrize("count", [0, 1, 10, 12, 25, 60, 1200])
def test_small_chances_of_large_samples(count: int) -> None:
    """1,200 trials at 1 %: 25 or more happen about once in 1,560 times."""
    rate = Fraction(1, 100)
    assert math.isclose(at_least(count, 1200, rate), float(exactly(count, 1200, 1200, rate)), rel_tol=1e-11)


@pytest.mark.parametrize("rate", [Fraction(1, 2), Fraction(1, 1000), Fraction(3, 7)])
@pytest.mark.parametrize("off", [-3000, -17, 0, 1, 250, 4000])
def test_ten_million_trials_add_up(rate: Fraction, off: int) -> None:
    """P(X ≥ k) + P(X ≤ k − 1) = 1, the two summed from different sides; and one count more is never likelier."""
    size = 10**7
    count = int(size * rate) + off
    assert math.isclose(at_least(count, size, rate) + between(0, count - 1, size, rate), 1, rel_tol=1e-11)
    assert at_least(count + 1, size, rate) < at_least(count, size, rate) or at_least(count, size, rate) == 1


def test_ten_million_trials_are_nearly_normal() -> None:
    """Half and half: at least the mean is a half and half the greatest term; five deviations are 2.87e-7."""
    size = 10**7
    top = 1 / math.sqrt(math.pi * size / 2)
    assert math.isclose(at_least(size // 2, size, Fraction(1, 2)), 0.5 + top / 2, rel_tol=1e-7)
    five = size // 2 + round(5 * math.sqrt(size) / 2)
    assert math.isclose(at_least(five, size, Fraction(1, 2)), 2.8665e-7, rel_tol=0.01)


@given(st.integers(1, 500), st.integers(0, 500))
def test_the_interval_holds_the_rate(size: int, hits: int) -> None:
    interval = wilson(hits, size)
    if hits > size:
        assert interval is None
    else:
        assert interval is not None
        assert 0 <= interval.low <= Fraction(hits, size) + Fraction(1, 10**9)
        assert Fraction(hits, size) - Fraction(1, 10**9) <= interval.high <= 1


@pytest.mark.parametrize(
    ("hits", "size", "low", "high"), [(0, 10, 0.0, 0.277533), (5, 10, 0.236593, 0.763407), (10, 10, 0.722467, 1.0)]
)
def test_intervals_of_the_textbook(hits: int, size: int, low: float, high: float) -> None:
    interval = wilson(hits, size)
    assert interval is not None
    assert (round(float(interval.low), 6), round(float(interval.high), 6)) == (low, high)


@pytest.mark.parametrize(("hits", "size"), [(0, 0), (3, 2), (-1, 5)])
def test_no_interval_of_what_is_no_share(hits: int, size: int) -> None:
    assert wilson(hits, size) is None
