"""Which counts of a figure cross a line: every test of one figure, turned into bounds of its numerator, exactly.

Beside a verdict stands how often a subject exactly at the benchmark would cross by chance at this size.
"""

from collections.abc import Iterator
from fractions import Fraction
from math import ceil, floor
from typing import NamedTuple

from tianping.assess.chance import Interval, between, wilson
from tianping.assess.finding import Figures, Seen, Subject, Whole, take
from tianping.assess.trigger import Reached, reading_of, tests_of
from tianping.policy.judging import Reading, Trigger


class Span(NamedTuple):
    """The counts from `low` to `high`, both in it."""

    low: int
    high: int

    def meet(self, other: "Span") -> "Span":
        return Span(max(self.low, other.low), min(self.high, other.high))


class Crossing(NamedTuple):
    """Of a figure that is a share: its interval, the counts that cross the line at its size, and the chance of one of them for
    a subject exactly at the benchmark (None where there is none)."""

    seen: Seen
    span: Span
    benchmark: Fraction | None
    interval: Interval
    chance: float | None


def crossing(trigger: Trigger, reached: Reached, subject: Subject, figures: Figures) -> Crossing | None:
    """Of the figure on which the trigger turns; None where that is no share (times, sums)."""
    reading = reading_of(trigger)
    if reading is None or reading.metric is None:
        return None
    seen, whole = take(reading, subject, figures).seen, benchmark_of(reading, subject, figures)
    if seen is None or not is_share(seen, whole):
        return None
    span = Span(0, seen.denominator)
    for test, comparison, line in _tests(trigger, reading, reached):
        span = span.meet(bounds(test, comparison, line, seen, whole))
    interval = wilson(seen.numerator, seen.denominator)
    assert interval is not None
    rate = whole.rate if whole else None
    chance = None if rate is None else between(span.low, span.high, seen.denominator, rate)
    return Crossing(seen, span, rate, interval, chance)


def same_figure(one: Reading, other: Reading) -> bool:
    """Whether two readings read one figure."""
    return one.metric is not None and (one.metric, one.days, one.by) == (other.metric, other.days, other.by)


def is_share(seen: Seen, whole: Whole | None) -> bool:
    """Whether a figure counts some of its denominator: sums of seconds, stars and fen do not."""
    return 0 <= seen.numerator <= seen.denominator > 1 and (whole is None or whole.rate <= 1)


def benchmark_of(reading: Reading, subject: Subject, figures: Figures) -> Whole | None:
    """What the reading's figure stands beside, whatever the reading takes of it."""
    assert reading.metric is not None
    return figures.benchmark(reading.metric, reading.against, subject.named(reading.against), reading.days)


def bounds(reading: Reading, comparison: str, line: Fraction, seen: Seen, whole: Whole | None) -> Span:
    """The numerators 0 … denominator for which the test holds, all else as it is."""
    factor, constant = _linear(reading, seen, whole)
    every = Span(0, seen.denominator)
    if not factor:
        return every
    exact = (line - constant) / factor
    upward = comparison in ("at_least", "more_than")
    closed = comparison in ("at_least", "at_most")
    if upward == (factor > 0):
        return every.meet(Span(ceil(exact) if closed else floor(exact) + 1, seen.denominator))
    return every.meet(Span(0, floor(exact) if closed else ceil(exact) - 1))


def _tests(trigger: Trigger, reading: Reading, reached: Reached) -> Iterator[tuple[Reading, str, Fraction]]:
    """The tests of the same figure: the gates on it, and the line of the steps or tail that was reached."""
    for test in tests_of(trigger.when):
        name, line = test.compares
        if same_figure(test, reading) and isinstance(line, Fraction):
            yield test, name, line * test.times
    if reached.line is not None:
        yield reading, "more_than" if trigger.steps and trigger.steps.more_than else "at_least", reached.line


def _linear(reading: Reading, seen: Seen, whole: Whole | None) -> tuple[Fraction, Fraction]:
    """(a, b): what the reading takes is a × numerator + b. a is 0 where the numerator does not matter or cannot be told."""
    size, zero = seen.denominator, Fraction(0)
    if reading.take == "numerator":
        return Fraction(1), zero
    if reading.take == "rest":
        return Fraction(-1), Fraction(size)
    if reading.take == "value" and size:
        return Fraction(1, size), zero
    if reading.take == "ratio" and size and whole and whole.rate:
        return 1 / (size * whole.rate), zero
    if reading.take == "times_mean_shop" and whole and whole.numerator and whole.shops:
        return Fraction(whole.shops, whole.numerator), zero
    return zero, Fraction(size)
