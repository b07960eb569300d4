"""Early warnings: how near a subject is to a violation, how many more failing rows it takes, and when the bad days leave.

A warning is before any penalty, and daily, whatever the trigger's cadence. Counts are exact, all else staying as it is: the
denominators, an imported benchmark, the other subjects of a tail. A failing row is also one of the benchmark computed from it,
and a product's is its shop's too, and moves the shift.
"""

import datetime as dt
from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from tianping.assess.crossing import benchmark_of, is_share, same_figure
from tianping.assess.finding import Figures, Seen, Subject, Taken, Whole, take, weigh
from tianping.assess.trigger import Ranks, judged, ranked, reading_of, tail_line, tests_of
from tianping.policy.judging import By, Condition, Reading, Trigger, ViolationVersion
from tianping.policy.words import Words

PerDay = Mapping[dt.date, tuple[int, int]]
"""Numerators and denominators by the day they count under. Of metrics whose days add up."""

ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class Near:
    """A subject near the line of a trigger.

    `share`: how near, the least share among the gates on the figure and the mildest line; 1 and more is reached. `more`: with
    so many more failing rows the trigger holds; 0: it holds now, and is looked at on `due`; None: with no number of them, or
    the figure counts no rows (times). `failing`: 1 where what fails is counted in the numerator, -1 where it is missing there.
    """

    violation: str
    subject: Subject
    trigger: Trigger
    share: Fraction
    taken: Taken
    more: int | None
    failing: int
    due: dt.date


class Changed(NamedTuple):
    """Figures of which one is another: that of `subject` read by `reading`; and its shop's, by the same difference."""

    figures: Figures
    reading: Reading
    subject: Subject
    seen: Seen
    plus: int = 0

    def of(self, metric: str, by: By, subject: str, days: int) -> Seen | None:
        mine = self.reading.by or self.subject.by
        if (metric, days) != (self.reading.metric, self.reading.days):
            return self.figures.of(metric, by, subject, days)
        if (by, subject) == (mine, self.subject.named(mine)):
            return self.seen
        found = self.figures.of(metric, by, subject, days)
        if found is None or (mine, by) != ("product", "shop") or subject != self.subject.shop:
            return found
        return found._replace(numerator=found.numerator + self.plus)

    def benchmark(self, metric: str, against: By, subject: str, days: int) -> Whole | None:
        """A computed benchmark has the subject's own rows in it, and moves with them."""
        found = self.figures.benchmark(metric, against, subject, days)
        if found is None or (metric, days) != (self.reading.metric, self.reading.days) or not self.plus:
            return found
        if found.numerator is None or not found.denominator or subject != self.subject.named(against):
            return found
        numerator = found.numerator + self.plus
        return found._replace(rate=Fraction(numerator, found.denominator), numerator=numerator)

    def score(self, name: str, shop: str) -> Fraction | None:
        return self.figures.score(name, shop)


def near(name: str, version: ViolationVersion, date: dt.date, subjects: Sequence[Subject], figures: Figures) -> Iterator[Near]:
    """The warnings at T, of every trigger that turns on a metric, from the version's share of the line on; not of those that
    only record. Violations found at T are among them."""
    if version.warn_from is None:
        return
    for trigger in version.triggers:
        reading = reading_of(trigger)
        if trigger.worklist or trigger.records or reading is None or reading.metric is None:
            continue
        ranks = ranked(trigger, subjects, figures)
        for subject in subjects:
            share = share_of(trigger, reading, subject, figures, ranks, least=version.warn_from)
            if share is not None:
                more, failing = more_until(trigger, subject, figures, ranks), direction(reading)
                taken = take(reading, subject, figures)
                yield Near(name, subject, trigger, share, taken, more, failing, next_due(trigger, date))


def share_of(
    trigger: Trigger,
    reading: Reading,
    subject: Subject,
    figures: Figures,
    ranks: Ranks | None = None,
    *,
    least: Fraction = ZERO,
) -> Fraction | None:
    """How near the trigger is. None where that is below `least`, where a gate on another figure does not hold, where nothing
    can be said, and where the tail is empty."""
    nearest: Fraction | None = None
    for share in _shares(trigger, reading, subject, figures, ranks):
        if share is None or share < least:
            return None
        nearest = share if nearest is None else min(nearest, share)
    return nearest


def more_until(trigger: Trigger, subject: Subject, figures: Figures, ranks: Ranks | None = None) -> int | None:
    """The smallest number of further failing rows with which the trigger holds; None where no number does, where the figure
    counts no rows, or where more rows could also lead away from the line."""
    reading = reading_of(trigger)
    if reading is None or reading.metric is None or not _leads_one_way(trigger, reading):
        return None
    seen = take(reading, subject, figures).seen
    if seen is None or not (is_share(seen, benchmark_of(reading, subject, figures))):
        return None
    step = direction(reading)
    most = seen.denominator - seen.numerator if step > 0 else seen.numerator

    def holds(more: int) -> bool:
        changed = seen._replace(numerator=seen.numerator + step * more)
        return judged(trigger, subject, Changed(figures, reading, subject, changed, step * more), ranks) is not None

    found = bisect_left(range(most + 1), True, key=holds)
    return found if found <= most else None


def direction(reading: Reading) -> int:
    """1 where what fails is counted in the numerator, -1 where it is missing there."""
    if isinstance(reading, Condition):
        return _way(reading)
    return -1 if reading.take == "rest" else 1


def next_due(trigger: Trigger, date: dt.date) -> dt.date:
    """The first day from T on on which the trigger is looked at."""
    return next(day for n in range(32) if trigger.cadence.due(day := date + dt.timedelta(days=n)))


def leaves(day: dt.date, days: int, lag: int) -> dt.date:
    """The first T whose window of so many days (up to T − lag) no longer has this day in it."""
    return day + dt.timedelta(days=days + lag)


def eased(
    trigger: Trigger,
    subject: Subject,
    figures: Figures,
    date: dt.date,
    *,
    per_day: PerDay,
    lag: int,
    below: Fraction | None = None,
    ranks: Ranks | None = None,
) -> dt.date:
    """The first T after `date` from which on the trigger no longer holds (or, given `below`, is no longer so near), if nothing
    comes to the days of `per_day`. The shop's own rate, benchmarks and other subjects stay as they are."""
    reading = reading_of(trigger)
    assert reading is not None, f'"{trigger.name}" turns on no figure'
    last = max([date, *(leaves(day, reading.days, lag) for day in per_day)])
    for n in range((last - date).days, 0, -1):
        now = window(per_day, date + dt.timedelta(days=n), reading.days, lag)
        changed = Changed(figures, reading, subject, now)
        if below is None:
            held = judged(trigger, subject, changed, ranks) is not None
        else:
            held = share_of(trigger, reading, subject, changed, ranks, least=below) is not None
        if held:
            return date + dt.timedelta(days=n + 1)
    return date + dt.timedelta(days=1)


def window(per_day: PerDay, date: dt.date, days: int, lag: int) -> Seen:
    """The figure as of a T: the days T − lag − days + 1 to T − lag."""
    last = date - dt.timedelta(days=lag)
    first = last - dt.timedelta(days=days - 1)
    inside = [counts for day, counts in per_day.items() if first <= day <= last]
    return Seen(sum(numerator for numerator, _ in inside), sum(denominator for _, denominator in inside))


def advice(version: ViolationVersion, reasons: Collection[str] | None = None) -> tuple[Words, ...]:
    """What to do about a subject near a line (KS-B07): what always helps, and what helps against the first causes that lead.
    None: these are not known, and all is said."""
    return tuple(each.words for each in version.do if not each.reasons or reasons is None or set(each.reasons) & set(reasons))


def _shares(
    trigger: Trigger, reading: Reading, subject: Subject, figures: Figures, ranks: Ranks | None
) -> Iterator[Fraction | None]:
    """Of each gate on the figure, and of the mildest line; None for a gate on another figure that does not hold."""
    for condition in trigger.when:
        if _is_on(condition, reading):
            yield _share_of_test(condition, subject, figures)
        elif not weigh(condition, subject, figures).holds:
            yield None
    if trigger.steps or trigger.tail:
        yield _share(take(reading, subject, figures).value, _mildest(trigger, ranks))


def _is_on(condition: Condition, reading: Reading) -> bool:
    """Whether it is one test, on the figure's numerator or value."""
    return not (condition.all or condition.any) and same_figure(condition, reading) and condition.take != "denominator"


def _share_of_test(test: Condition, subject: Subject, figures: Figures) -> Fraction | None:
    """Of a test that must not fall below its line: the share of what fails."""
    name, threshold = test.compares
    assert isinstance(threshold, Fraction), "violations know no levels"
    value, line = take(test, subject, figures).value, threshold * test.times
    if name in ("at_least", "more_than"):
        return _share(value, line)
    return _share(None if value is None else 1 - value, 1 - line) if test.take == "value" else None


def _share(value: Fraction | None, line: Fraction | None) -> Fraction | None:
    """A line of 0 is reached by anything above it."""
    if value is None or line is None:
        return None
    return value / line if line > 0 else Fraction(int(value > line))


def _mildest(trigger: Trigger, ranks: Ranks | None) -> Fraction | None:
    if trigger.steps is not None:
        return trigger.steps.lines[0][1]
    return tail_line(trigger.tail, ranks) if trigger.tail is not None and ranks is not None else None


def _leads_one_way(trigger: Trigger, reading: Reading) -> bool:
    """Whether every test on the figure is the nearer the more rows fail."""
    way = direction(reading)
    return all(_way(test) == way for test in tests_of(trigger.when) if _is_on(test, reading))


def _way(test: Condition) -> int:
    rising = test.compares[0] in ("at_least", "more_than")
    return 1 if rising != (test.take == "rest") else -1
