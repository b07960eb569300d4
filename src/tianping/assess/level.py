"""Merchant levels: a ladder, one step a day at most. A history is a fold of `step` over the closes in order; nothing else
enters, so that a replay gives the same.

A day is judged at the close of T, by the rule in force on T; the fast way's one good day by the rule in force on that day.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal, NamedTuple

from tianping.assess.finding import Figures, Finding, Subject, take, weigh
from tianping.policy.judging import Condition, Levels, LevelsVersion, Reading

Begun = Literal["opened", "notice", "first_close", "unread_notice"]
Happened = Literal["none", "up", "down", "fast", "removal"]
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a shop stands after the close of `asof` (None: no close yet). Plain values, one row of a table.

    since: the day the level began; due: the first T at which it is evaluated; good: the fast way's good day since then;
    removal: the T at which its removal was proposed. `begun` says by what its first level was set.
    """

    level: str
    since: dt.date
    due: dt.date
    good: dt.date | None = None
    removal: dt.date | None = None
    asof: dt.date | None = None
    begun: Begun = "opened"

    def days(self, date: dt.date) -> int:
        """Whole days in a row at this level, before 00:00 of `date`."""
        return (date - self.since).days


class Asked(NamedTuple):
    """Conditions weighed together, in the pack's order, and whether they hold as the rule joins them; None: cannot be said."""

    holds: bool | None
    findings: tuple[Finding, ...]


class Looked(NamedTuple):
    """What was weighed at a close; None: it was not asked. `day`: the fast way's one day; `now`: what must hold with it."""

    up: Asked | None = None
    down: Asked | None = None
    day: Asked | None = None
    now: Asked | None = None


class Step(NamedTuple):
    """A close of one shop: where it stands then, what happened, and on what grounds.

    `why`: why nothing could be said (`timely_shipment: incomplete`), or that no rule speaks of the shop's level.
    """

    standing: Standing
    happened: Happened = "none"
    why: str = ""
    looked: Looked = Looked()


class Use(NamedTuple):
    """What a shop used of a value of its level on the day before T. `cap` None: the level has none. `used` None: see `why`."""

    name: str
    metric: str
    cap: Fraction | None
    used: Fraction | None
    why: str = ""

    @property
    def share(self) -> Fraction | None:
        """Of the cap; None without one."""
        return self.used / self.cap if self.used is not None and self.cap else None

    @property
    def over(self) -> bool | None:
        """Whether more was used than the cap allows; None where the use is not known."""
        return None if self.used is None else self.cap is not None and self.used > self.cap


def begin(
    levels: Levels, date: dt.date, opened: dt.date | None = None, level: str = "", level_since: dt.date | None = None
) -> Standing | None:
    """Where a shop stands before its first close, that of `date`; None where no rule is in force.

    By notice (`level`, `level_since` of the shop's facts), if it is known before `date`; else at the start level from its
    opening on. Not from before the first rule, and from `date` on where no day is known.
    """
    ladder = levels.at(date)
    if ladder is None:
        return None
    told = level.strip() if level_since is None or level_since < date else ""
    named = _named(ladder, told)
    day = level_since if named else opened
    known = day is not None and day < date
    since = max(day, levels.versions[0].since) if day is not None and known else date
    begun: Begun = "notice" if named else "unread_notice" if told else "opened" if known else "first_close"
    rule = levels.at(since) or ladder
    return Standing(named or rule.start, since, since + dt.timedelta(days=rule.first_after_days), begun=begun)


def _named(rule: LevelsVersion, told: str) -> str | None:
    """The level of that name or label: `LV3` is lv3."""
    names = ((name, {name, each.label.zh.casefold(), each.label.en.casefold()}) for name, each in rule.levels.items())
    return next((name for name, known in names if told.casefold() in known), None)


def step(levels: Levels, before: Standing, date: dt.date, shop: Subject, figures: Figures) -> Step:
    """The close of `date`, after that of `before.asof`."""
    if before.asof is not None and date <= before.asof:
        raise ValueError(f"the level after the close of {before.asof} is known; {date} does not come after it")
    rule = levels.at(date)
    if rule is None or before.level not in rule.levels:
        return Step(replace(before, asof=date), why="no_rule" if rule is None else "unknown_level")
    day = _good_day(levels, before, date, shop, figures)
    good = before.good or (date - _DAY if day is not None and day.holds else None)
    looked = _look(rule, before, good, date, shop, figures)._replace(day=day)
    happened = _happened(rule, before, date, looked)
    why = "; ".join(dict.fromkeys(_unsaid(looked))) if happened == "none" else ""
    return Step(_after(rule, replace(before, good=good, asof=date), date, happened), happened, why, looked)


def _good_day(levels: Levels, before: Standing, date: dt.date, shop: Subject, figures: Figures) -> Asked | None:
    """The day before T weighed for the fast way, where it lies since the last change and no day was good yet."""
    day = date - _DAY
    rule = levels.at(day)
    if before.good or day < before.since or rule is None or rule.fast is None or before.level not in list(rule.levels)[:-1]:
        return None
    return _all(rule.fast.any_day, shop, figures, rule.levels[before.level].values)


def _look(
    rule: LevelsVersion, before: Standing, good: dt.date | None, date: dt.date, shop: Subject, figures: Figures
) -> Looked:
    """Up and down on the days of evaluation, the fast way since a good day; at the top nothing asks for more."""
    values = rule.levels[before.level].values
    below_top = before.level != list(rule.levels)[-1]
    due = date >= before.due
    return Looked(
        up=_all(rule.up, shop, figures, values) if due and below_top else None,
        down=_any(rule.down, shop, figures, values) if due else None,
        now=_all(rule.fast.now, shop, figures, values) if rule.fast and good and below_top else None,
    )


def _all(conditions: tuple[Condition, ...], shop: Subject, figures: Figures, values: Mapping[str, Fraction]) -> Asked:
    findings = tuple(weigh(each, shop, figures, values) for each in conditions)
    said = [each.holds for each in findings]
    return Asked(False if False in said else None if None in said else True, findings)


def _any(conditions: tuple[Condition, ...], shop: Subject, figures: Figures, values: Mapping[str, Fraction]) -> Asked:
    findings = tuple(weigh(each, shop, figures, values) for each in conditions)
    said = [each.holds for each in findings]
    return Asked(True if True in said else None if None in said else False, findings)


def _happened(rule: LevelsVersion, before: Standing, date: dt.date, looked: Looked) -> Happened:
    """Down goes before up, by either way, and at the bottom leaves the shop there; up needs that down is known not to hold."""
    up, down, now = (None if each is None else each.holds for each in (looked.up, looked.down, looked.now))
    if down and before.level != next(iter(rule.levels)):
        return "down"
    if up and down is False:
        return "up"
    if now and not down:
        return "fast"
    return "removal" if up is False and _stayed(rule, before, date) else "none"


def _stayed(rule: LevelsVersion, before: Standing, date: dt.date) -> bool:
    """So long at the level of removal, and not proposed yet."""
    removal = rule.removal
    if removal is None or before.removal is not None or before.level != removal.level:
        return False
    return before.days(date) >= removal.days


def _after(rule: LevelsVersion, standing: Standing, date: dt.date, happened: Happened) -> Standing:
    if happened in ("none", "removal"):
        return replace(standing, removal=date) if happened == "removal" else standing
    names = list(rule.levels)
    level = names[names.index(standing.level) + (-1 if happened == "down" else 1)]
    due = date + dt.timedelta(days=rule.again_after_days)
    return Standing(level, since=date, due=due, asof=date, begun=standing.begun)


def _unsaid(looked: Looked) -> Iterator[str]:
    """What kept an evaluation from saying up or down: the readings and their reasons."""
    for each in (looked.up, looked.down):
        if each is not None and each.holds is None:
            yield from _silent(each.findings)


def _silent(findings: tuple[Finding, ...]) -> Iterator[str]:
    for each in findings:
        if each.holds is None and not each.parts:
            yield f"{each.condition.metric or each.condition.score}: {each.why}"
        elif each.holds is None:
            yield from _silent(each.parts)


def uses(version: LevelsVersion, level: str, shop: Subject, figures: Figures) -> tuple[Use, ...]:
    """The use of each value of a level by the metric of 1 day, whole orders or fen: at T that of the day before."""
    values = version.levels[level].values
    return tuple(_use(name, metric, values.get(name), shop, figures) for name, metric in version.uses.items())


def _use(name: str, metric: str, cap: Fraction | None, shop: Subject, figures: Figures) -> Use:
    taken = take(Reading(metric=metric, days=1, take="numerator"), shop, figures)
    return Use(name, metric, cap, taken.value, taken.why)
