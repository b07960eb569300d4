"""A score: items to points, groups and the total by weight, caps, too little data; and why. Exact throughout.

Both means are over what has points: an item left out, or a group without items left, makes the others weigh more.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from graphlib import TopologicalSorter
from typing import NamedTuple

from tianping.assess.curve import points
from tianping.assess.finding import Figures, Finding, Seen, Subject, Taken, Whole, take, weigh
from tianping.policy.judging import By, Cap, Grade, Item, ScoreVersion

ZERO = Fraction(0)
TOO_FEW = "too_few"
NOTHING_LEFT = "nothing_left"


class ScoredItem(NamedTuple):
    """An item's points and its share of the total. `points` are None where it was left out; `why` says why there was too little
    of it (also where `start` points stand instead). `cap`: what the ways out of the cap said; `capped`: it took points away."""

    name: str
    item: Item
    taken: Taken
    points: Fraction | None
    share: Fraction = ZERO
    capped: bool = False
    cap: tuple[Finding, ...] = ()
    why: str = ""


class ScoredGroup(NamedTuple):
    """The weighted mean of the items that have points, and the group's share of the total; None where no item has."""

    name: str
    items: tuple[ScoredItem, ...]
    points: Fraction | None
    share: Fraction = ZERO


@dataclass(frozen=True, slots=True)
class Scored:
    """A score of a shop. Σ share × points over all items is the total. `total` is None, with the reason, where there is none:
    `too_few` where an item without which there is no score had too little, `nothing_left` where no item has points."""

    name: str
    version: ScoreVersion
    total: Fraction | None
    groups: tuple[ScoredGroup, ...]
    grade: Grade | None = None
    why: str = ""

    @property
    def items(self) -> tuple[ScoredItem, ...]:
        """All items, through the groups."""
        return tuple(item for group in self.groups for item in group.items)


class _Points(NamedTuple):
    """Figures with the scores that were just made of them."""

    figures: Figures
    totals: Mapping[str, Fraction | None]

    def of(self, metric: str, by: By, subject: str, days: int) -> Seen | None:
        return self.figures.of(metric, by, subject, days)

    def benchmark(self, metric: str, against: By, subject: str, days: int) -> Whole | None:
        return self.figures.benchmark(metric, against, subject, days)

    def score(self, name: str, shop: str) -> Fraction | None:
        return self.totals.get(name)


def scores(versions: Mapping[str, ScoreVersion], shop: Subject, figures: Figures) -> dict[str, Scored]:
    """All scores in force, those that others are made of first. Raises graphlib.CycleError where one is made of itself."""
    full = {name: version.out_of for name, version in versions.items()}
    found: dict[str, Scored] = {}
    totals: dict[str, Fraction | None] = {}
    for name in order(versions):
        found[name] = score(name, versions[name], shop, _Points(figures, totals), full)
        totals[name] = found[name].total
    return found


def order(versions: Mapping[str, ScoreVersion]) -> tuple[str, ...]:
    """The names, each after the scores it reads (as an item, or in the condition of a cap)."""
    graph = {name: {each for each in _reads(version) if each in versions} for name, version in versions.items()}
    return tuple(TopologicalSorter(graph).static_order())


def score(
    name: str, version: ScoreVersion, shop: Subject, figures: Figures, full: Mapping[str, Fraction] | None = None
) -> Scored:
    """One score. `full`: the full marks of the scores that are items without a curve of their own, by name."""
    parts = [
        (key, group.weight, tuple(_item(*each, version, shop, figures, full or {}) for each in group.items.items()))
        for key, group in version.groups.items()
    ]
    means = [_mean((each.item.weight, each.points) for each in items) for _, _, items in parts]
    total = _mean((weight, mean.points) for (_, weight, _), mean in zip(parts, means, strict=True))
    groups = tuple(_group(*part, mean, total.weight) for part, mean in zip(parts, means, strict=True))
    needed = any(each.points is None and each.item.too_few == "none" for _, _, items in parts for each in items)
    if needed or total.points is None:
        return Scored(name, version, None, groups, why=TOO_FEW if needed else NOTHING_LEFT)
    grade = next((each for each in version.grades if total.points >= each.at_least), None)
    return Scored(name, version, total.points, groups, grade)


class _Mean(NamedTuple):
    """A weighted mean of what has points, and the weight of all that; None where nothing has."""

    points: Fraction | None
    weight: Fraction


def _mean(parts: Iterable[tuple[Fraction, Fraction | None]]) -> _Mean:
    """(weight, points) each. The sum is kept in whole numbers and reduced once, which took a third off a whole score."""
    top, bottom, whole = 0, 1, ZERO
    for weight, given in parts:
        if given is not None:
            over = weight.denominator * given.denominator
            top, bottom = top * over + weight.numerator * given.numerator * bottom, bottom * over
            whole += weight
    return _Mean(Fraction(top * whole.denominator, bottom * whole.numerator) if whole else None, whole)


def _group(name: str, weight: Fraction, items: tuple[ScoredItem, ...], mean: _Mean, whole: Fraction) -> ScoredGroup:
    """A group with its share, and its items with theirs, of a total that weighs `whole`."""
    if mean.points is None or not whole:
        return ScoredGroup(name, items, mean.points)
    share = weight / whole
    per_weight = share / mean.weight
    shared = (each if each.points is None else each._replace(share=per_weight * each.item.weight) for each in items)
    return ScoredGroup(name, tuple(shared), mean.points, share)


def _item(
    name: str, item: Item, version: ScoreVersion, shop: Subject, figures: Figures, full: Mapping[str, Fraction]
) -> ScoredItem:
    taken = take(item, shop, figures)
    why = _too_few(item, taken)
    if why and item.too_few != "start":
        return ScoredItem(name, item, taken, None, why=why)
    given = item.start if why or taken.value is None else _points(item, taken.value, version, full)
    assert given is not None  # "too_few: start" has a start
    most, ways_out = _most(item.cap, shop, figures)
    capped = most is not None and given > most
    return ScoredItem(name, item, taken, most if capped else given, capped=capped, cap=ways_out, why=why)


def _too_few(item: Item, taken: Taken) -> str:
    """Why there is too little of an item; "" where there is enough."""
    if taken.value is None:
        return taken.why or "undefined"
    return TOO_FEW if taken.seen is not None and taken.seen.denominator < item.enough else ""


def _points(item: Item, value: Fraction, version: ScoreVersion, full: Mapping[str, Fraction]) -> Fraction:
    if item.curve:
        return points(item.curve, value)
    assert item.score is not None  # a metric has a curve
    return value * version.out_of / full[item.score]


def _most(cap: Cap | None, shop: Subject, figures: Figures) -> tuple[Fraction | None, tuple[Finding, ...]]:
    """The most an item may give. What cannot be said takes nothing away: the cap holds only where every way out fails."""
    ways_out = tuple(weigh(each, shop, figures) for each in cap.unless) if cap else ()
    held = cap is not None and all(each.holds is False for each in ways_out)
    return cap.at_most if cap and held else None, ways_out


def _reads(version: ScoreVersion) -> set[str]:
    """The scores that a score reads."""
    items = [item for group in version.groups.values() for item in group.items.values()]
    conditions = [each for item in items if item.cap for each in item.cap.unless]
    found = {item.score for item in items if item.score}
    while conditions:
        each = conditions.pop()
        conditions += (*each.all, *each.any)
        found |= {each.score} if each.score else set()
    return found
