"""A piecewise-linear curve: from a figure to points, exact, flat beyond its ends."""

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction

Curve = Sequence[tuple[Fraction, Fraction]]
"""Places and their points, from left to right, each place once."""


def points(curve: Curve, x: Fraction) -> Fraction:
    """The points at `x`."""
    right = bisect_right(curve, x, key=_place)
    if right == 0:
        return curve[0][1]
    if right == len(curve):
        return curve[-1][1]
    (x0, y0), (x1, y1) = curve[right - 1], curve[right]
    return y0 + (y1 - y0) * (x - x0) / (x1 - x0)


def _place(point: tuple[Fraction, Fraction]) -> Fraction:
    return point[0]
