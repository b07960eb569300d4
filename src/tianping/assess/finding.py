"""A condition weighed on a subject's figures: what was read, what it was held against, what came out. Exact throughout.

Three-valued: a finding holds, does not hold, or cannot be said (None, with the reason).
"""

import datetime as dt
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple, Protocol

from tianping.policy.judging import By, Condition, Reading, Threshold

SILENT = frozenset({"incomplete", "no_data", "immature"})
"""Statuses under which a figure is no ground for a rule. `too_few` is: rules have gates of their own."""
_COMPARE: Mapping[str, Callable[[Fraction, Fraction], bool]] = {
    "at_least": operator.ge, "more_than": operator.gt, "at_most": operator.le, "less_than": operator.lt,
}  # fmt: skip


class Subject(NamedTuple):
    """Whom a rule weighs: a shop, or a product of a shop with its category paths (l1, l1/l2, l1/l2/l3)."""

    platform: str
    shop: str
    product: str = ""
    categories: tuple[str, str, str] = ("", "", "")

    @property
    def by(self) -> By:
        return "product" if self.product else "shop"

    def named(self, by: By) -> str:
        """The subject of the figure by `by` that this one is, or is part of."""
        if by.startswith("category"):
            return self.categories[int(by[-1]) - 1]
        return {"platform": self.platform, "shop": self.shop, "product": self.product}[by]


class Seen(NamedTuple):
    """A figure as a rule sees it."""

    numerator: int
    denominator: int
    status: str = "ok"
    why: str = ""


class Whole(NamedTuple):
    """What a figure is held against: the benchmark's rate; its counts where it was computed, and how many shops of the platform
    have a denominator there; where it was imported, the day it is of; whose it is, where that is a category's (its path)."""

    rate: Fraction
    numerator: int | None = None
    denominator: int | None = None
    shops: int | None = None
    imported: dt.date | None = None
    of: str = ""


class Figures(Protocol):
    """The figures as of T that rules read. All of one track: as measured, or as adjusted (benchmarks are always measured)."""

    def of(self, metric: str, by: By, subject: str, days: int) -> Seen | None:
        """`metric` is a name or name/variant; None where there is no figure (no rows: 0/0)."""

    def benchmark(self, metric: str, against: By, subject: str, days: int) -> Whole | None:
        """None where no rule may use one: a home of own shops without an imported benchmark, or 0/0."""

    def score(self, name: str, shop: str) -> Fraction | None:
        """The points of a score at T; None where it has none."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a condition said. `taken`: what was read of the figure; `line`: the threshold it was held against; `parts` are those
    of `all` and `any`. `why`: why it cannot be said."""

    condition: Condition
    holds: bool | None
    taken: Fraction | None = None
    line: Fraction | None = None
    seen: Seen | None = None
    whole: Whole | None = None
    parts: tuple["Finding", ...] = ()
    why: str = ""


class Taken(NamedTuple):
    """What a reading gave: the number, or None and why."""

    value: Fraction | None
    seen: Seen | None = None
    whole: Whole | None = None
    why: str = ""


def weigh(condition: Condition, subject: Subject, figures: Figures, level: Mapping[str, Fraction] | None = None) -> Finding:
    """Weigh one condition. `level`: the values of the shop's present level, for thresholds that name one."""
    parts = condition.all or condition.any
    if parts:
        found = tuple(weigh(part, subject, figures, level) for part in parts)
        holds = _all(each.holds for each in found) if condition.all else _any(each.holds for each in found)
        why = "" if holds is not None else "; ".join(each.why for each in found if each.why)
        return Finding(condition, holds, parts=found, why=why)
    name, threshold = condition.compares
    line = _line(threshold, level)
    line = line * condition.times if condition.times != 1 else line
    taken = take(condition, subject, figures)
    if taken.value is None and not taken.why and condition.undefined is not None:
        return Finding(condition, condition.undefined, None, line, taken.seen, taken.whole)
    if taken.value is None:
        return Finding(condition, None, None, line, taken.seen, taken.whole, why=taken.why or "undefined")
    return Finding(condition, _COMPARE[name](taken.value, line), taken.value, line, taken.seen, taken.whole)


def take(reading: Reading, subject: Subject, figures: Figures) -> Taken:
    """What a reading gives of a subject. `why` is empty where only nothing happened (0/0)."""
    if reading.score is not None:
        points = figures.score(reading.score, subject.shop)
        return Taken(points, why="" if points is not None else "no_score")
    assert reading.metric is not None
    by = reading.by or subject.by
    seen = figures.of(reading.metric, by, subject.named(by), reading.days) or Seen(0, 0, "undefined")
    if seen.status in SILENT:
        return Taken(None, seen, why=seen.status)
    if reading.take in ("numerator", "denominator", "rest"):
        counts = {"numerator": seen.numerator, "denominator": seen.denominator, "rest": seen.denominator - seen.numerator}
        return Taken(Fraction(counts[reading.take]), seen)
    value = Fraction(seen.numerator, seen.denominator) if seen.denominator else None
    if reading.take == "value" or value is None:
        return Taken(value, seen)
    whole = figures.benchmark(reading.metric, reading.against, subject.named(reading.against), reading.days)
    if whole is None:
        return Taken(None, seen, why="no_benchmark")
    if reading.take == "ratio":
        return Taken(value / whole.rate, seen, whole) if whole.rate else Taken(None, seen, whole, "benchmark_zero")
    if not whole.numerator or whole.shops is None:
        return Taken(None, seen, whole, "benchmark_zero" if whole.numerator == 0 else "no_benchmark")
    return Taken(Fraction(seen.numerator * whole.shops, whole.numerator), seen, whole)


def _line(threshold: Threshold, level: Mapping[str, Fraction] | None) -> Fraction:
    if isinstance(threshold, Fraction):
        return threshold
    assert level is not None, f"{threshold} is asked where there are no levels"
    return level[threshold.removeprefix("level.")]


def _all(each: Iterable[bool | None]) -> bool | None:
    found = list(each)
    return False if False in found else None if None in found else True


def _any(each: Iterable[bool | None]) -> bool | None:
    found = list(each)
    return True if True in found else None if None in found else False
