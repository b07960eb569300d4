"""What a rate over so many cases can tell: its interval, and how often chance alone gives a count.

`math` floats, never part of a verdict's comparison. The binomial is Loader's saddle-point form with the tail summed from its
greatest term: relative error under 1e-11 up to 10^7 trials (see tests); a chance under 1e-300 may be said as 0.
"""

from fractions import Fraction
from math import exp, lgamma, log, pi, sqrt
from typing import NamedTuple

_Z = 1.959963984540054  # 95 % of a normal distribution lie within so many deviations
_NINE = 10**9
_ENOUGH = 1e-17  # a term this small beside the sum no longer changes it


class Interval(NamedTuple):
    """Between which rates the true one lies, 95 % sure."""

    low: Fraction
    high: Fraction


def wilson(hits: int, size: int) -> Interval | None:
    """The Wilson interval of hits / size, to nine decimals; None where hits are no part of size, or size is 0."""
    if size <= 0 or not 0 <= hits <= size:
        return None
    rate, z2 = hits / size, _Z * _Z
    middle = (rate + z2 / (2 * size)) / (1 + z2 / size)
    half = _Z / (1 + z2 / size) * sqrt(rate * (1 - rate) / size + z2 / (4 * size * size))
    low, high = (Fraction(round(min(max(end, 0.0), 1.0) * _NINE), _NINE) for end in (middle - half, middle + half))
    return Interval(low, high)


def at_least(count: int, size: int, rate: Fraction) -> float:
    """P(X ≥ count) for X binomial of `size` trials at `rate` (0 ≤ rate ≤ 1)."""
    if count <= 0:
        return 1.0
    if count > size or not rate:
        return 0.0
    if rate == 1:
        return 1.0
    if count <= size * rate:  # the other tail is the shorter, and nothing is lost by taking it from 1
        return 1.0 - _tail(size - count + 1, size, 1 - rate)
    return _tail(count, size, rate)


def between(low: int, high: int, size: int, rate: Fraction) -> float:
    """P(low ≤ X ≤ high). One-sided spans keep their small chances exact: none is taken from 1 but the greater."""
    if low > high:
        return 0.0
    if low <= 0:
        return at_least(size - high, size, 1 - rate)
    if high >= size:
        return at_least(low, size, rate)
    return max(0.0, at_least(low, size, rate) - at_least(high + 1, size, rate))


def _tail(count: int, size: int, rate: Fraction) -> float:
    """P(X ≥ count) above the mean: the terms fall, each by its ratio to the one before."""
    odds = float(rate / (1 - rate))
    total = term = 1.0
    for k in range(count, size):
        term *= (size - k) / (k + 1) * odds
        total += term
        if term < total * _ENOUGH:
            break
    return min(1.0, _exactly(count, size, rate) * total)


def _exactly(count: int, size: int, rate: Fraction) -> float:
    """P(X = count)."""
    if count == size:
        return exp(size * log(rate))
    missed, expected = size - count, float(size * rate)
    loss = _stirling(size) - _stirling(count) - _stirling(missed)
    loss -= _deviance(count, expected) + _deviance(missed, float(size * (1 - rate)))
    return exp(loss) * sqrt(size / (2 * pi * count * missed))


def _stirling(count: int) -> float:
    """log(count!) less Stirling's formula for it."""
    if count < 16:
        return lgamma(count + 1.0) - (count + 0.5) * log(count) + count - 0.5 * log(2 * pi)
    square = float(count) * count
    return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / 1188 / square) / square) / square) / square) / count


def _deviance(count: int, expected: float) -> float:
    """count × log(count / expected) + expected − count, also where the two are so near that the plain form loses its digits."""
    gap = count - expected
    if abs(gap) >= 0.1 * (count + expected):
        return count * log(count / expected) + expected - count
    ratio = gap / (count + expected)
    total, term, n = gap * ratio, 2 * count * ratio, 1
    while True:
        term *= ratio * ratio
        more = total + term / (2 * n + 1)
        if more == total:
            return total
        total, n = more, n + 1
