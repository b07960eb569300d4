"""What a draft may change: the figures, scores, rights, violations and levels that could come out otherwise than under the pack
in force. The rest comes out the same whatever the facts are, and is not judged again.

A pack is narrowed to these: its `judging` keeps them and the scores they read, so that only their figures are loaded.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tianping.facts.views import VIEWS
from tianping.metrics.compile import Definition, define
from tianping.policy.diff import differs
from tianping.policy.judging import Dated, Judging, Ruled, Violation, ViolationVersion
from tianping.policy.load import Key
from tianping.policy.model import Pack
from tianping.policy.reads import readings


@dataclass(frozen=True, slots=True)
class Scope:
    """Names of what may differ on some day. `daily`: scores that its violations and levels read; `read`: these, and those that
    its rights read."""

    metrics: frozenset[str] = frozenset()
    scores: frozenset[str] = frozenset()
    rights: frozenset[str] = frozenset()
    violations: frozenset[str] = frozenset()
    levels: bool = False
    daily: frozenset[str] = frozenset()
    read: frozenset[str] = frozenset()

    @property
    def is_empty(self) -> bool:
        return not (self.scores or self.rights or self.violations or self.levels)

    def narrowed(self, pack: Pack, date: dt.date, *, last: bool) -> Pack:
        """The pack with nothing else to judge on a day: what no later day hangs on is judged on the `last` one only, and
        violations on days on which they are looked for."""
        judging = pack.judging
        due = {name: each for name, each in judging.violations.items() if name in self.violations and _is_due(each, date)}
        scores = self.scores | self.read if last else self.daily if due or self.levels else frozenset()
        kept = {
            "scores": {name: each for name, each in judging.scores.items() if name in scores},
            "rights": {name: each for name, each in judging.rights.items() if last and name in self.rights},
            "violations": due,
            "levels": judging.levels if self.levels else None,
        }
        return pack.model_copy(update={"judging": judging.model_copy(update=kept)})


def _is_due(violation: Violation, date: dt.date) -> bool:
    version = violation.at(date)
    return version is not None and any(each.worklist is None and each.cadence.due(date) for each in version.triggers)


def scope(before: Pack, after: Pack, first: dt.date, last: dt.date) -> Scope:
    """What may differ between the two from `first` to `last`."""
    found = [_on(before, after, day) for day in sorted(_turns(before, after, first, last))]
    scores, rights, violations = (
        frozenset().union(*(getattr(each, part) for each in found)) for part in ("scores", "rights", "violations")
    )
    whole = Scope(
        frozenset().union(*(each.metrics for each in found)), scores, rights, violations, any(each.levels for each in found)
    )
    return _with_read(whole, before, after)


def everything(before: Pack, after: Pack) -> Scope:
    """All there is to judge: slow, and it gives the same."""
    one, other = before.judging, after.judging
    whole = Scope(
        frozenset(),
        frozenset(one.scores) | frozenset(other.scores),
        frozenset(one.rights) | frozenset(other.rights),
        frozenset(one.violations) | frozenset(other.violations),
        levels=True,
    )
    return _with_read(whole, before, after)


def _turns(before: Pack, after: Pack, first: dt.date, last: dt.date) -> set[dt.date]:
    """The first day, and the days on which some version begins: between them nothing turns."""
    begun = {each.since for pack in (before, after) for metric in pack.metrics.values() for each in metric.versions}
    begun |= {each.since for pack in (before, after) for ruled in _ruled(pack.judging) for each in ruled.versions}
    return {first} | {day for day in begun if first < day <= last}


def _ruled(judging: Judging) -> Iterator[Ruled[Any]]:
    for part in (judging.scores, judging.rights, judging.violations, judging.penalties):
        yield from part.values()
    yield from (each for each in (judging.levels, judging.points) if each is not None)


def _on(before: Pack, after: Pack, day: dt.date) -> Scope:
    metrics = frozenset(_metrics(before, after, day))
    other = _Compared((before, after), day, metrics)
    one, two = before.judging, after.judging
    scores = _closed(other, one.scores, two.scores)
    points = other.turned(one.points, two.points)
    rights = other.moved_of(one.rights, two.rights, scores)
    violations = {name for name in {**one.violations, **two.violations} if points or other.punished(name, scores)}
    levels = other.moved(one.levels, two.levels, scores)
    return Scope(metrics, scores, frozenset(rights), frozenset(violations), levels)


def _metrics(before: Pack, after: Pack, day: dt.date) -> Iterator[str]:
    for key in {**before.metrics, **after.metrics}:
        if _counted(before, key, day) != _counted(after, key, day):
            yield "/".join(filter(None, key))


def _counted(pack: Pack, key: Key, day: dt.date) -> tuple[Any, ...] | None:
    """All that a metric's figures hang on; None where it has none."""
    metric = pack.metrics.get(key)
    version = metric.at(day) if metric else None
    if metric is None or version is None:
        return None
    made: Definition = define(pack, VIEWS, key, version, day)
    return made.sides, made.too_few_below, version.window, version.matures_days, made.is_count, metric.by, metric.unit


@dataclass(frozen=True, slots=True)
class _Compared:
    """The two packs on a day, and the metrics whose figures differ."""

    packs: tuple[Pack, Pack]
    day: dt.date
    metrics: frozenset[str]

    def turned(self, one: Ruled[Any] | None, other: Ruled[Any] | None) -> bool:
        """Whether the versions in force say something else."""
        old, new = (each.at(self.day) if each else None for each in (one, other))
        return (old is None) != (new is None) or (old is not None and new is not None and differs(old, new, self.packs))

    def moved(self, one: Ruled[Any] | None, other: Ruled[Any] | None, scores: frozenset[str]) -> bool:
        """Whether it may come out otherwise: it says something else, or reads something else."""
        versions: list[Dated] = [version for each in (one, other) if each and (version := each.at(self.day))]
        read = [each for version in versions for _, each in readings(version)]
        used = {metric for version in versions for metric in getattr(version, "uses", {}).values()}
        return (
            self.turned(one, other)
            or any(each.metric in self.metrics or each.score in scores for each in read)
            or bool(used & self.metrics)
        )

    def moved_of(self, one: Mapping[str, Ruled[Any]], other: Mapping[str, Ruled[Any]], scores: frozenset[str]) -> set[str]:
        """The names of those that may come out otherwise."""
        return {name for name in {**one, **other} if self.moved(one.get(name), other.get(name), scores)}

    def punished(self, name: str, scores: frozenset[str]) -> bool:
        """The same of a violation, its penalty tables with it."""
        one, other = (pack.judging.violations.get(name) for pack in self.packs)
        return self.moved(one, other, scores) or any(
            self.turned(*(pack.judging.penalties.get(table) for pack in self.packs)) for table in self._tables(name)
        )

    def _tables(self, name: str) -> Iterator[str]:
        for pack in self.packs:
            ruled = pack.judging.violations.get(name)
            version: ViolationVersion | None = ruled.at(self.day) if ruled else None
            if version is not None:
                yield from filter(None, (version.table, *(each.table for each in version.tables)))


def _closed(other: _Compared, one: Mapping[str, Ruled[Any]], two: Mapping[str, Ruled[Any]]) -> frozenset[str]:
    """The scores that may differ, those made of such with them."""
    return _grown(frozenset(), lambda known: other.moved_of(one, two, known))


def _with_read(found: Scope, before: Pack, after: Pack) -> Scope:
    """With the scores that are read, on any day, and those these are made of."""
    judging = [pack.judging for pack in (before, after)]
    daily: list[object] = [each.violations.get(name) for each in judging for name in found.violations]
    daily += [each.levels for each in judging if found.levels]
    rights = [each.rights.get(name) for each in judging for name in found.rights]

    def made_of(known: frozenset[str]) -> set[str]:
        return _scores_in([each.scores.get(name) for each in judging for name in known])

    asked = frozenset(_scores_in(daily))
    read = asked | _scores_in(rights)
    return replace(found, daily=_grown(asked, made_of), read=_grown(read, made_of))


def _scores_in(parts: Iterable[object]) -> set[str]:
    return {each.score for part in parts for _, each in readings(part) if each.score}


def _grown(start: frozenset[str], more: Callable[[frozenset[str]], set[str]]) -> frozenset[str]:
    """With what follows from it, until nothing more does."""
    known = start
    while not (found := frozenset(more(known))) <= known:
        known |= found
    return known
