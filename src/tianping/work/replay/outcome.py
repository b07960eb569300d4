"""What a replay comes to: who gains, who loses, what is found or no longer found, what it would cost. As rows, with examples.

Levels, rights and scores are those after the last day; violations, points and money are of the whole stretch.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, NamedTuple

from tianping.policy.judging import SEVERITIES, Ruled
from tianping.policy.words import Words
from tianping.work.replay.replay import Replayed
from tianping.work.replay.side import Charged

Part = Literal["scores", "grades", "rights", "levels", "violations", "penalties", "points"]
MOVED = Fraction(1, 100)
"""Scores that move by no more are taken as the same."""
EXAMPLES = 5

Example = Mapping[str, Any]


class Row(NamedTuple):
    """One thing that differs. `number`: how many subjects or violations; `in_force` and `draft`: the numbers of either pack
    (held, found, fen, points), None where it says nothing."""

    platform: str
    part: Part
    name: str
    label: Words
    change: str
    number: int
    in_force: int | None = None
    draft: int | None = None
    examples: tuple[Example, ...] = ()


def rows(done: Replayed) -> Iterator[Row]:
    """All that differs, in the order of the packs' parts."""
    for part in (_levels, _rights, _scores, _violations, _penalties, _points):
        yield from part(done)


@dataclass(frozen=True, slots=True)
class _Head:
    """Rows of one named part of a replay."""

    done: Replayed
    part: Part
    name: str

    def row(self, change: str, found: Sequence[Example], *, sides: tuple[int | None, int | None] = (None, None)) -> Row:
        return self.counted(change, len(found), found, sides=sides)

    def counted(self, change: str, count: int, found: Sequence[Example], *, sides: tuple[int | None, int | None]) -> Row:
        platform = self.done.packs[0].platform
        return Row(platform, self.part, self.name, self.label, change, count, *sides, tuple(found[:EXAMPLES]))

    @property
    def label(self) -> Words:
        known = (_ruled(pack.judging, self.part, self.name) for pack in reversed(self.done.packs))
        return next((each.label for each in known if each is not None), Words(zh=self.name, en=self.name))


def _ruled(judging: Any, part: Part, name: str) -> Ruled[Any] | None:
    kept = {
        "grades": judging.scores,
        "penalties": judging.violations,
        "levels": {"": judging.levels},
        "points": {"": judging.points},
    }
    found: Ruled[Any] | None = kept.get(part, getattr(judging, part, None) or {}).get(name)
    return found


def _levels(done: Replayed) -> Iterator[Row]:
    if done.last is None or not done.scope.levels:
        return
    ladder = [
        version
        for pack in done.packs
        for each in [pack.judging.levels]
        if each
        for version in [each.at(done.days[-1])]
        if version
    ]
    order = {name: place for version in ladder for place, name in enumerate(version.levels)}
    head, (one, other) = _Head(done, "levels", ""), (day.levels for day in done.last)
    moved = [(shop, one[shop][0], other[shop][0]) for shop in sorted({*one} & {*other}) if one[shop][0] != other[shop][0]]
    for change, up in (("gained", True), ("lost", False)):
        found: list[Example] = [
            {"shop": shop, "in_force": a, "draft": b} for shop, a, b in moved if (order.get(b, -1) > order.get(a, -1)) == up
        ]
        yield from [head.row(change, found)] * bool(found)
    for change, (gone, kept) in (("removal_only_in_force", done.removals), ("removal_only_draft", done.removals[::-1])):
        found = [{"shop": shop} for shop in sorted(gone - kept)]
        yield from [head.row(change, found)] * bool(found)


def _rights(done: Replayed) -> Iterator[Row]:
    if done.last is None:
        return
    one, other = (day.withdrawn for day in done.last)
    for name in sorted(done.scope.rights):
        sides = (sum(each[0] == name for each in one), sum(each[0] == name for each in other))
        for change, found in (("gained", one - other), ("lost", other - one)):
            told: list[Example] = [{str(kind): id_, "shop": shop} for right, kind, id_, shop in sorted(found) if right == name]
            yield from [_Head(done, "rights", name).row(change, told, sides=sides)] * bool(told)


def _scores(done: Replayed) -> Iterator[Row]:
    if done.last is None:
        return
    for name in sorted(done.scope.scores):
        sides = [{shop: marks.points for (score, shop), marks in day.scored.items() if score == name} for day in done.last]
        pairs = [(shop, sides[0].get(shop), sides[1].get(shop)) for shop in sorted({**sides[0], **sides[1]})]
        both = [(shop, a, b) for shop, a, b in pairs if a is not None and b is not None and abs(b - a) > MOVED]
        both.sort(key=lambda each: (-abs(each[2] - each[1]), each[0]))
        tests: tuple[tuple[str, Iterable[Any]], ...] = (
            ("up", [each for each in both if each[2] > each[1]]),
            ("down", [each for each in both if each[2] < each[1]]),
            ("gained", [each for each in pairs if each[1] is None and each[2] is not None]),
            ("lost", [each for each in pairs if each[1] is not None and each[2] is None]),
        )
        for change, found in tests:
            told = [{"shop": shop, "in_force": _points_of(a), "draft": _points_of(b)} for shop, a, b in found]
            yield from [_Head(done, "scores", name).row(change, told)] * bool(told)
        yield from _grades(done, name)


def _grades(done: Replayed, name: str) -> Iterator[Row]:
    """Better or worse by the order of the draft's grades; what it knows not is below all."""
    assert done.last is not None
    one, other = ({shop: marks.grade for (score, shop), marks in day.scored.items() if score == name} for day in done.last)
    order = [grade for pack in done.packs[::-1] for grade in _grade_names(pack.judging.scores.get(name), done)]
    moved = [(shop, one[shop], other[shop]) for shop in sorted({*one} & {*other}) if one[shop] != other[shop]]
    for change, better in (("up", True), ("down", False)):
        told = [
            {"shop": shop, "in_force": a, "draft": b} for shop, a, b in moved if (_place(order, b) < _place(order, a)) == better
        ]
        yield from [_Head(done, "grades", name).row(change, told)] * bool(told)


def _grade_names(score: Ruled[Any] | None, done: Replayed) -> list[str]:
    version = score.at(done.days[-1]) if score else None
    return [each.label.zh for each in version.grades] if version else []


def _place(order: Sequence[str], grade: str) -> int:
    return order.index(grade) if grade in order else len(order)


def _points_of(points: Fraction | None) -> float | None:
    return None if points is None else round(float(points), 4)


Both = tuple[Charged | None, Charged | None]


def _matched(done: Replayed, name: str) -> list[Both]:
    """The violations of both sides, those of one subject on one day beside one another."""
    one, other = ({(each.whose, each.date): each for each in side if each.whose[0] == name} for side in done.charged)
    return [(one.get(key), other.get(key)) for key in sorted({**one, **other})]


def _violations(done: Replayed) -> Iterator[Row]:
    for name in sorted(done.scope.violations):
        pairs = _matched(done, name)
        sides = sum(a is not None for a, _ in pairs), sum(b is not None for _, b in pairs)
        for change, test in _CHANGES.items():
            found = sorted((pair for pair in pairs if test(*pair)), key=_worst_first)
            told = [_told(a, b) for a, b in found]
            yield from [_Head(done, "violations", name).row(change, told, sides=sides)] * bool(told)


def _steps(a: Charged | None, b: Charged | None) -> int:
    """By how many steps the draft's is more severe; one that is only recorded is below all."""
    both = (-1 if each.records else SEVERITIES.index(each.severity) for each in (a, b) if each is not None)
    first, second = both
    return second - first


_CHANGES: Mapping[str, Callable[[Charged | None, Charged | None], bool]] = {
    "only_in_force": lambda a, b: b is None,
    "only_draft": lambda a, b: a is None,
    "milder": lambda a, b: a is not None and b is not None and _steps(a, b) < 0,
    "more_severe": lambda a, b: a is not None and b is not None and _steps(a, b) > 0,
}


def _worst_first(pair: Both) -> tuple[int, Any, Any]:
    present = next(each for each in pair if each is not None)
    return -SEVERITIES.index(present.severity), present.date, present.whose


def _told(a: Charged | None, b: Charged | None) -> Example:
    present = b or a
    assert present is not None
    _, kind, id_, shop = present.whose
    severities = {side: each.severity for side, each in (("in_force", a), ("draft", b)) if each is not None}
    return {kind: id_, "shop": shop, "date": present.date.isoformat(), **severities}


def _penalties(done: Replayed) -> Iterator[Row]:
    """By violation: the money and the points that would be proposed."""
    for name in sorted(done.scope.violations):
        pairs = _matched(done, name)
        for unit, change in (("fen", "money"), ("points", "points")):
            costs = [(a, b, _amount(a, unit), _amount(b, unit)) for a, b in pairs]
            other = sorted((each for each in costs if each[2] != each[3]), key=lambda each: -abs(each[3] - each[2]))
            told = [{**_told(a, b), "in_force": x, "draft": y} for a, b, x, y in other]
            sides = sum(each[2] for each in costs), sum(each[3] for each in costs)
            yield from [_Head(done, "penalties", name).row(change, told, sides=sides)] * bool(told)
        changed = [_told(a, b) for a, b in pairs if a and b and a.deal != b.deal]
        yield from [_Head(done, "penalties", name).row("otherwise", changed)] * bool(changed)


def _amount(each: Charged | None, unit: str) -> int:
    return each.amount(unit) if each else 0


def _points(done: Replayed) -> Iterator[Row]:
    """Shops that come to the line of removal by the points of the stretch alone."""
    if not done.days:
        return
    reached = []
    for pack, side in zip(done.packs, done.charged, strict=True):
        rule = pack.judging.points.at(done.days[-1]) if pack.judging.points else None
        totals: dict[str, int] = {}
        for each in side:
            totals[each.whose[3]] = totals.get(each.whose[3], 0) + each.amount("points")
        reached.append({shop: points for shop, points in totals.items() if rule and points >= rule.line})
    one, other = reached
    sides = len(one), len(other)
    for change, held, rest in (("line_only_in_force", one, other), ("line_only_draft", other, one)):
        told = [{"shop": shop, "points": held[shop]} for shop in sorted({*held} - {*rest})]
        yield from [_Head(done, "points", "").row(change, told, sides=sides)] * bool(told)
