"""What changed between two closes: an exact split of the change of a figure, of its ratio to the benchmark, and of a score.

The order is a sequential replacement. Of a figure: the rows that **left** are taken away, those **re-judged** (there both
times, counting otherwise) take their new part, those that **came** are added; then the **benchmark** becomes the new one; then
the **rule**. A part is the value after its step less the value before it, so that the parts sum exactly to the change. A state
in between without a value (0/0) keeps the one before. Of a score: item after item in the pack's order, by the old rule; then
the rule (weights, curves, items that came or went).
"""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Literal, NamedTuple

from tianping.policy.judging import Item, ScoreVersion

Name = tuple[str, str]
"""Group and item of a score."""
StepName = Literal["left", "rejudged", "came", "benchmark", "rule"]
ZERO = Fraction(0)


class Counts(NamedTuple):
    """What rows add up to."""

    numerator: int = 0
    denominator: int = 0

    @property
    def value(self) -> Fraction | None:
        return Fraction(self.numerator, self.denominator) if self.denominator else None


class Moved(NamedTuple):
    """Rows that moved alike, and what they added up to before and after (of a greatest value, from 0 up: the greatest)."""

    rows: int = 0
    before: Counts = Counts()
    after: Counts = Counts()


class Rows(NamedTuple):
    """The rows of both closes by what became of them. `same`: they count as they did."""

    same: Moved = Moved()
    left: Moved = Moved()
    rejudged: Moved = Moved()
    came: Moved = Moved()


class Step(NamedTuple):
    """One replacement: how many rows it moved, the counts after it, the value after it, and its part of the change (None where
    there is no change to speak of)."""

    name: str
    rows: int
    counts: Counts | None
    value: Fraction | None
    part: Fraction | None


class Split(NamedTuple):
    """The value before and after, and the steps between. Where both are there, Σ parts is the change."""

    before: Fraction | None
    after: Fraction | None
    steps: tuple[Step, ...]

    @property
    def change(self) -> Fraction | None:
        return None if self.before is None or self.after is None else self.after - self.before


class Held(NamedTuple):
    """What a figure is divided by to give its ratio, before and after."""

    before: Fraction
    after: Fraction


def of_figure(rows: Rows, ruled: Counts | None = None, *, whole: int | None = None, greatest: bool = False) -> Split:
    """The change of a figure's value. `rows` are counted by the old rule; `ruled`: the new rows by the new rule, where that is
    another. `whole`: the denominator of counts, which rows do not add up to."""
    counts = states(rows, whole=whole, greatest=greatest)
    after = ruled or counts[-1]
    values = [each.value for each in (*counts, counts[-1], after)]
    return _split(values, rows, (*counts[1:], None, after))


def of_ratio(rows: Rows, held: Held, ruled: Counts | None = None, *, whole: int | None = None, greatest: bool = False) -> Split:
    """The change of a figure's ratio to its benchmark. Raises ZeroDivisionError for a benchmark of 0: that is no ratio."""
    counts = states(rows, whole=whole, greatest=greatest)
    after = ruled or counts[-1]
    old = [_over(each, held.before) for each in counts]
    return _split([*old, _over(counts[-1], held.after), _over(after, held.after)], rows, (*counts[1:], None, after))


def states(rows: Rows, *, whole: int | None = None, greatest: bool = False) -> tuple[Counts, Counts, Counts, Counts]:
    """What there is before, after rows left, after rows were judged anew, after rows came."""
    same, left, rejudged, came = rows
    pieces = (
        (same.before, rejudged.before, left.before),
        (same.before, rejudged.before),
        (same.before, rejudged.after),
        (same.before, rejudged.after, came.after),
    )
    first, second, third, fourth = (_joined(each, whole, greatest) for each in pieces)
    return first, second, third, fourth


def _joined(pieces: Iterable[Counts], whole: int | None, greatest: bool) -> Counts:  # noqa: FBT001
    numerators, denominators = zip(*pieces, strict=True)
    numerator = max(numerators) if greatest else sum(numerators)
    return Counts(numerator, sum(denominators) if whole is None else whole)


def _over(counts: Counts, benchmark: Fraction) -> Fraction | None:
    return None if counts.value is None else counts.value / benchmark


_STEPS: tuple[StepName, ...] = ("left", "rejudged", "came", "benchmark", "rule")


def _split(values: Sequence[Fraction | None], rows: Rows, counts: Sequence[Counts | None]) -> Split:
    moved = {"left": rows.left.rows, "rejudged": rows.rejudged.rows, "came": rows.came.rows}
    named = zip(_STEPS, values[1:], _parts(values), counts, strict=True)
    steps = tuple(Step(name, moved.get(name, 0), count, value, part) for name, value, part, count in named)
    return Split(values[0], values[-1], steps)


def _parts(values: Sequence[Fraction | None]) -> list[Fraction | None]:
    """Each step's part; those in between without a value keep the one before."""
    first, *others = values
    if first is None or values[-1] is None:
        return [None for _ in others]
    parts: list[Fraction | None] = []
    for each in others:
        after = first if each is None else each
        parts.append(after - first)
        first = after
    return parts


# Scores


def of_score(
    old: ScoreVersion,
    before: Mapping[Name, Fraction | None],
    after: Mapping[Name, Fraction | None],
    ruled: Fraction | None,
) -> Split:
    """The change of a score's total. `before` and `after`: the items' points by the old rule; `ruled`: the new total by the new
    rule (the same as the old one's where that is still in force)."""
    points = dict(before)
    values, names = [total(old, points)], [(group, item) for group, each in old.groups.items() for item in each.items]
    for name in names:
        points[name] = after.get(name)
        values.append(total(old, points))
    values.append(ruled)
    said = zip((*("/".join(name) for name in names), "rule"), values[1:], _parts(values), strict=True)
    return Split(values[0], ruled, tuple(Step(name, 0, None, value, part) for name, value, part in said))


def total(version: ScoreVersion, points: Mapping[Name, Fraction | None]) -> Fraction | None:
    """The weighted mean of the groups' weighted means, over what has points; as `assess.score` has it."""
    needed = ((name, key) for name, group in version.groups.items() for key, item in group.items.items() if _needed(item))
    if any(points.get(each) is None for each in needed):
        return None
    groups = [
        (group.weight, _mean((item.weight, points.get((name, key))) for key, item in group.items.items()))
        for name, group in version.groups.items()
    ]
    return _mean(groups)


def _needed(item: Item) -> bool:
    return item.too_few == "none"


def _mean(weighed: Iterable[tuple[Fraction, Fraction | None]]) -> Fraction | None:
    having = [(weight, points) for weight, points in weighed if points is not None]
    whole = sum((weight for weight, _ in having), ZERO)
    return sum((weight * points for weight, points in having), ZERO) / whole if whole else None
