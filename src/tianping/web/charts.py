"""Plain data for static/charts.js, and the geometry of the small pictures inside tables."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from tianping.policy.model import Unit
from tianping.policy.saying import amount
from tianping.work.figures.boards import Shown, shortfall

WIDE, HIGH, EDGE = 96, 24, 3
"""A sparkline's box, in its own units, and what stays free around it."""
_THIN = 2.0
"""How wide at least a mark on a bar is, so that it is seen."""

Point = tuple[dt.date, Fraction | None]


class Series(NamedTuple):
    """One line (or row of bars) over the days of its chart; None where there is no value. `kind`: line, bar, benchmark."""

    name: str
    values: Sequence[Fraction | None]
    kind: str = "line"


class Mark(NamedTuple):
    """A day to mark: a new version, a changed rule."""

    day: dt.date
    words: str


@dataclass(frozen=True, slots=True)
class Chart:
    """What charts.js draws, and the table beside it says. `days` are the x axis, oldest first."""

    title: str
    unit: Unit
    days: Sequence[dt.date]
    series: Sequence[Series]
    marks: Sequence[Mark] = ()

    def rows(self, lang: str) -> Iterator[tuple[str, list[str]]]:
        """Each day with its values as people read them, newest first."""
        for at in reversed(range(len(self.days))):
            yield self.days[at].isoformat(), [amount(each.values[at], self.unit, lang) for each in self.series]

    def plain(self, lang: str) -> Mapping[str, object]:
        """For JSON. Numbers are to draw with; people read `text`. Bars stand on a category axis, each with its day as tick: a
        time axis has ticks on days of its own."""
        return {
            "days": [day.isoformat() for day in self.days],
            "unit": self.unit,
            "axis": "category" if any(each.kind == "bar" for each in self.series) else "time",
            "series": [
                {
                    "name": each.name,
                    "kind": each.kind,
                    "values": [None if value is None else float(value) for value in each.values],
                    "text": [amount(value, self.unit, lang) for value in each.values],
                }
                for each in self.series
            ],
            "marks": [{"day": mark.day.isoformat(), "words": mark.words} for mark in self.marks],
        }


class Spark(NamedTuple):
    """A sparkline: its pieces as SVG points (a gap where there is no value), its last point, and what it spans."""

    lines: tuple[str, ...]
    end: tuple[float, float] | None
    points: int
    first: dt.date
    last: dt.date


def sparkline(points: Sequence[Point]) -> Spark | None:
    """The line through (day, value, …) points, oldest first, days to scale; None where fewer than two have a value."""
    known = [point[1] for point in points if point[1] is not None]
    if len(known) < 2:
        return None
    first, last = points[0][0], points[-1][0]
    low, rise = min(known), max(known) - min(known)
    days = max((last - first).days, 1)

    def place(day: dt.date, value: Fraction) -> tuple[float, float]:
        across = EDGE + Fraction((day - first).days, days) * (WIDE - 2 * EDGE)
        up = Fraction(value - low) / rise if rise else Fraction(1, 2)
        return round(float(across), 1), round(float(HIGH - EDGE - up * (HIGH - 2 * EDGE)), 1)

    pieces = [[place(point[0], point[1]) for point in piece if point[1] is not None] for piece in _unbroken(points)]
    lines = tuple(" ".join(f"{x},{y}" for x, y in piece) for piece in pieces if len(piece) > 1)
    return Spark(lines, pieces[-1][-1], len(known), first, last)


def _unbroken(points: Sequence[Point]) -> list[list[Point]]:
    """The runs of points that have a value."""
    runs: list[list[Point]] = []
    gap = True
    for point in points:
        if point[1] is not None:
            if gap:
                runs.append([])
            runs[-1].append(point)
        gap = point[1] is None
    return runs


class Interval(NamedTuple):
    """Where things stand on a bar of 0 to 100: the interval's begin and width, the value, the benchmark."""

    low: float
    width: float
    value: float
    benchmark: float | None


def interval(each: Shown) -> Interval | None:
    """The bar of a rate with its 95 % interval; None without one.

    It begins where the metric is best (0, or 1 where higher is better) and is long enough for twice the benchmark's distance,
    so a value beyond the middle is worse than twice as near.
    """
    if each.value is None or each.low is None or each.high is None:
        return None
    upside = each.metric.better == "higher"

    def away(value: Fraction) -> Fraction:
        return 1 - value if upside else value

    reach = [away(each.low), away(each.high), *([] if each.benchmark is None else [2 * away(each.benchmark)])]
    whole = min(Fraction(1), max(reach)) or Fraction(1)

    def place(value: Fraction) -> float:
        near = min(away(value) / whole, Fraction(1))
        return round(float(100 * (1 - near if upside else near)), 1)

    begin = min(place(each.low), 100.0 - _THIN)
    width = max(round(place(each.high) - begin, 1), _THIN)
    notch = None if each.benchmark is None else min(place(each.benchmark), 100.0 - _THIN)
    return Interval(begin, width, min(place(each.value), 100.0 - _THIN), notch)


def fraction(each: Shown) -> str:
    """What stands beside a value: `41/1 277` of a rate, the sample's size of a mean, nothing of a count."""
    top, bottom = (amount(Fraction(int(str(each.figure[side]))), "count") for side in ("numerator", "denominator"))
    if each.metric.is_count or each.metric.unit in ("count", "fen"):
        return ""
    return f"{top}/{bottom}" if each.metric.unit == "rate" else f"n\u2009=\u2009{bottom}"


def times(ratio: Fraction) -> str:
    """A ratio as people read it: `0.99`, from 2 on `2.6`, from 10 on `13`. Cut, not rounded: it never seems to reach a line
    it has not."""
    if ratio >= 10:
        return f"{int(ratio)}"
    return f"{int(ratio * 10) / 10:.1f}" if ratio >= 2 else f"{int(ratio * 100) / 100:.2f}"


TEMPLATE_GLOBALS: Mapping[str, Callable[..., object]] = {
    "sparkline": sparkline,
    "interval": interval,
    "fraction": fraction,
    "times": times,
    "shortfall": shortfall,
}
