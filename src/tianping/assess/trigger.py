"""A trigger held against one subject: its gates, the severity it is by its steps, its tail or as said, and the shop's shift."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from tianping.assess.finding import Figures, Finding, Subject, Taken, take, weigh
from tianping.policy.judging import SEVERITIES, Condition, Reading, Severity, Shift, Steps, Tail, Trigger

HIGHEST_BY_RULE: Severity = "especially_serious"
"""The worst that a rule gives: extremely serious is only ever set by a person."""


class Behind(NamedTuple):
    """A subject in a tail: its rank (1 is the worst) among how many `ranked`, of which so many (`size`) are the tail."""

    rank: int
    ranked: int
    size: int


class Reached(NamedTuple):
    """What a trigger gives before any shift: the severity, what was read, and the line it was held against; where it is a tail,
    the place in it."""

    severity: Severity
    taken: Taken | None = None
    line: Fraction | None = None
    behind: Behind | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a trigger said of a subject for which it holds. `gates` all hold; `reached` is before the shift, whose reading is
    `shift`; `immediate`: the shift went up, and control begins at once."""

    severity: Severity
    reached: Reached
    gates: tuple[Finding, ...] = ()
    shift: Taken | None = None
    immediate: bool = False


Place = tuple[Fraction, int, str]
"""Where a subject stands in a tail, smallest first: −value, −numerator, id."""


class Ranks(NamedTuple):
    """All subjects for which a tail's gates hold, the worst first, and each one's own place."""

    places: Sequence[Place]
    own: Mapping[Subject, Place]


def judged(trigger: Trigger, subject: Subject, figures: Figures, ranks: Ranks | None = None) -> Verdict | None:
    """The verdict, None where the trigger does not hold or cannot be said. A tail needs `ranks`. Cadence and rows are the
    caller's."""
    gates = gates_hold(trigger.when, subject, figures)
    reached = None if gates is None else _reached(trigger, subject, figures, ranks)
    if gates is None or reached is None:
        return None
    if trigger.shift is None:
        return Verdict(reached.severity, reached, gates)
    taken = take(trigger.shift, subject, figures)
    steps = _steps(trigger.shift, taken.value)
    severity = moved(reached.severity, steps)
    return Verdict(severity, reached, gates, taken, immediate=steps > 0) if severity else None


def gates_hold(when: Iterable[Condition], subject: Subject, figures: Figures) -> tuple[Finding, ...] | None:
    """What the gates said if all hold; None from the first on that does not hold or cannot be said."""
    found = []
    for condition in when:
        one = weigh(condition, subject, figures)
        if not one.holds:
            return None
        found.append(one)
    return tuple(found)


def reading_of(trigger: Trigger) -> Reading | None:
    """The reading on which a trigger turns: that of its steps or tail, else the first gate on a rate, else the first gate."""
    if trigger.steps or trigger.tail:
        return trigger.steps or trigger.tail
    tests = list(tests_of(trigger.when))
    return next((test for test in tests if test.take in ("value", "ratio")), next(iter(tests), None))


def tests_of(when: Iterable[Condition]) -> Iterable[Condition]:
    """The single tests that must all hold. What stands inside `any` is none."""
    for condition in when:
        if condition.all:
            yield from tests_of(condition.all)
        elif not condition.any:
            yield condition


def ranked(trigger: Trigger, subjects: Iterable[Subject], figures: Figures) -> Ranks | None:
    """The subjects for which the gates of a tail hold; None for a trigger without one."""
    if trigger.tail is None:
        return None
    held = (each for each in subjects if gates_hold(trigger.when, each, figures) is not None)
    own = {each: place for each in held if (place := _place(trigger.tail, each, figures)) is not None}
    return Ranks(sorted(own.values()), own)


def tail_size(tail: Tail, count: int) -> int:
    """How many of `count` are in the tail."""
    return max(int(tail.share * count), int(count >= tail.one_from))


def tail_line(tail: Tail, ranks: Ranks) -> Fraction | None:
    """The value of the last one in the tail; None where it is empty."""
    size = tail_size(tail, len(ranks.places))
    return -ranks.places[size - 1][0] if size else None


def moved(severity: Severity, steps: int) -> Severity | None:
    """The severity so many steps up (to what a rule may give at most) or down; None below minor."""
    at = SEVERITIES.index(severity) + steps
    if steps > 0:
        at = max(SEVERITIES.index(severity), min(at, SEVERITIES.index(HIGHEST_BY_RULE)))
    return SEVERITIES[at] if at >= 0 else None


def _reached(trigger: Trigger, subject: Subject, figures: Figures, ranks: Ranks | None) -> Reached | None:
    if trigger.steps is not None:
        return _by_steps(trigger.steps, take(trigger.steps, subject, figures))
    if trigger.tail is not None:
        assert ranks is not None, f'the tail "{trigger.name}" is asked without all subjects'
        return _by_tail(trigger.tail, subject, figures, ranks)
    return Reached(trigger.severity) if trigger.severity else None


def _by_steps(steps: Steps, taken: Taken) -> Reached | None:
    value = taken.value
    if value is None:
        return None
    passed = [(name, line) for name, line in steps.lines if (value >= line if steps.at_least else value > line)]
    return Reached(passed[-1][0], taken, passed[-1][1]) if passed else None


def _by_tail(tail: Tail, subject: Subject, figures: Figures, ranks: Ranks) -> Reached | None:
    """`ranks` may be of other figures than `figures`: the subject's own place there does not count beside that it has here."""
    place, before = _place(tail, subject, figures), ranks.own.get(subject)
    if place is None:
        return None
    rank = bisect_left(ranks.places, place) - int(before is not None and before < place)
    ranked = len(ranks.places) + int(before is None)
    size = tail_size(tail, ranked)
    if rank >= size:
        return None
    return Reached(tail.severity, take(tail, subject, figures), tail_line(tail, ranks), Behind(rank + 1, ranked, size))


def _place(tail: Tail, subject: Subject, figures: Figures) -> Place | None:
    taken = take(tail, subject, figures)
    if taken.value is None or taken.seen is None:
        return None
    return -taken.value, -taken.seen.numerator, subject.product or subject.shop


def _steps(shift: Shift, value: Fraction | None) -> int:
    """One up, one down, or none; none too where the reading cannot be said."""
    if value is None:
        return 0
    return int(value > shift.up_above) - int(value < shift.down_below)
