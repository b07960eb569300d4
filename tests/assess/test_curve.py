"""Curves: piecewise linear, flat beyond the ends, exact."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tianping.assess.curve import Curve, points

LINE: Curve = ((Fraction(75, 100), Fraction(0)), (Fraction(95, 100), Fraction(4)), (Fraction(1), Fraction(5)))
PLACES = st.fractions(-10, 10, max_denominator=40)


@st.composite
def curves(draw: st.DrawFn) -> Curve:
    """From two to six points."""
    places = sorted(draw(st.sets(PLACES, min_size=2, max_size=6)))
    return tuple((place, draw(PLACES)) for place in places)


def slow(curve: Curve, x: Fraction) -> Fraction:
    """Every piece in turn; left of all of them the first value, right of them the last."""
    for (left, low), (right, high) in pairwise(curve):
        if left <= x <= right:
            return low * (right - x) / (right - left) + high * (x - left) / (right - left)
    return curve[0][1] if x < curve[0][0] else curve[-1][1]


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        ("0", "0"), ("3/4", "0"), ("17/20", "2"), ("19/20", "4"), ("0.949999", "3.99998"), ("39/40", "9/2"), ("1", "5"),
        ("2", "5"),
    ],
)  # fmt: skip
def test_by_hand(x: str, expected: str) -> None:
    """Flat below 75 %, 4 at 95 % exactly and less below it, half of the way at half of the piece, flat above 100 %."""
    assert points(LINE, Fraction(x)) == Fraction(expected)


def test_exact() -> None:
    """A third stays a third."""
    assert points(((Fraction(0), Fraction(0)), (Fraction(3), Fraction(1))), Fraction(1)) == Fraction(1, 3)


@given(curves(), PLACES)
def test_as_piece_by_piece(curve: Curve, x: Fraction) -> None:
    """The same as going through the pieces one by one, and never beyond the values of its points."""
    found = points(curve, x)
    assert found == slow(curve, x)
    assert min(y for _, y in curve) <= found <= max(y for _, y in curve)


@given(curves())
def test_meets_its_points(curve: Curve) -> None:
    """At every place of its own it gives that place's points."""
    assert [points(curve, x) for x, _ in curve] == [y for _, y in curve]
