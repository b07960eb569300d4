"""What a pack says of judgement, checked: every metric, day, score, level value, table and right that is named is there."""

from collections.abc import Callable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Protocol

from tianping.errors import Fault, did_you_mean
from tianping.policy import formula
from tianping.policy.judging import (
    SEVERITIES,
    Condition,
    Item,
    LevelsVersion,
    PenaltyVersion,
    Severity,
    Trigger,
    ViolationVersion,
)
from tianping.policy.load import Opened, key_of
from tianping.policy.reads import Named, readings
from tianping.policy.yamlio import Place

USUAL_DAYS = (1, 7, 30)  # reading rule 10


class View(Protocol):
    """What these checks need to know of a view."""

    @property
    def columns(self) -> Mapping[str, str]: ...


Views = Mapping[str, View]


def _all_readings(opened: Opened) -> Iterator[Named]:
    yield from readings(opened.pack.judging)


def readings_are_known(opened: Opened, views: Views) -> Iterator[Fault]:
    """Metrics and scores by name; a metric over days it has figures of."""
    del views
    known = {"/".join(filter(None, key)): metric for key, metric in opened.pack.metrics.items()}
    for place, reading in _all_readings(opened):
        if reading.score is not None and reading.score not in opened.pack.judging.scores:
            yield opened.fault(
                (*place, "score"), f'no score "{reading.score}"', did_you_mean(reading.score, list(opened.pack.judging.scores))
            )
        metric = known.get(reading.metric) if reading.metric else None
        if reading.metric and metric is None:
            yield opened.fault((*place, "metric"), f'no metric "{reading.metric}"', did_you_mean(reading.metric, list(known)))
        if metric and reading.days not in (*USUAL_DAYS, *metric.days):
            what = f'"{reading.metric}" has no figures of {reading.days} days'
            yield opened.fault((*place, "days"), what, f"add {reading.days} to the metric's days, or take one of {USUAL_DAYS}")


def curves_run_the_right_way(opened: Opened, views: Views) -> Iterator[Fault]:
    """More points never for a worse figure."""
    del views
    for place, reading in _all_readings(opened):
        if isinstance(reading, Item) and reading.metric and (metric := opened.pack.metrics.get(key_of(reading.metric))):
            given = [points for _, points in reading.curve]
            rising, falling = given == sorted(given), given == sorted(given, reverse=True)
            if (metric.better == "lower" and not falling) or (metric.better == "higher" and not rising):
                what = f'the curve gives more points for a worse "{reading.metric}" ({metric.better} is better)'
                yield opened.fault((*place, "curve"), what)


def scores_do_not_turn_in_circles(opened: Opened, views: Views) -> Iterator[Fault]:
    del views
    scores = opened.pack.judging.scores
    for index in range(max((len(score.versions) for score in scores.values()), default=0)):
        graph = {
            name: {each.score for _, each in readings(score.versions[min(index, len(score.versions) - 1)]) if each.score}
            for name, score in scores.items()
        }
        try:
            tuple(TopologicalSorter(graph).static_order())
        except CycleError as error:
            circle = " → ".join(str(name) for name in error.args[1])
            yield opened.fault(("scores", error.args[1][0]), f"these scores are made of one another: {circle}")


def grades_give_rights_there_are(opened: Opened, views: Views) -> Iterator[Fault]:
    del views
    rights = list(opened.pack.judging.rights)
    for name, score in opened.pack.judging.scores.items():
        for index, version in enumerate(score.versions):
            for number, right in ((n, right) for n, grade in enumerate(version.grades) for right in grade.rights):
                if right not in rights:
                    place: Place = ("scores", name, "versions", index, "grades", number, "rights")
                    yield opened.fault(place, f'no right "{right}"', did_you_mean(right, rights))


def levels_stand(opened: Opened, views: Views) -> Iterator[Fault]:
    """A ladder begins on one of its levels, and every value that a condition names stands at every level but the last."""
    del views
    for index, version in enumerate(opened.pack.judging.levels.versions if opened.pack.judging.levels else ()):
        place: Place = ("levels", "versions", index)
        names = list(version.levels)
        for key, name in (("start", version.start), ("removal", version.removal.level if version.removal else names[0])):
            if name not in names:
                yield opened.fault((*place, key), f'no level "{name}"', did_you_mean(name, names))
        yield from _values(opened, place, version)


def ladders_keep_their_names(opened: Opened, views: Views) -> Iterator[Fault]:
    """What uses a value up is a metric, going down asks for no value of the level, and a later version has the levels of the
    earlier ones: shops stand on them."""
    del views
    known = ["/".join(filter(None, key)) for key in opened.pack.metrics]
    earlier: set[str] = set()
    for index, version in enumerate(opened.pack.judging.levels.versions if opened.pack.judging.levels else ()):
        place: Place = ("levels", "versions", index)
        for name, metric in version.uses.items():
            if metric not in known:
                yield opened.fault((*place, "uses", name), f'no metric "{metric}"', did_you_mean(metric, known))
        if any(isinstance(each, Condition) and isinstance(each.compares[1], str) for _, each in readings(version.down)):
            yield opened.fault((*place, "down"), "going down asks for a value of the level, and the last level has none")
        for gone in sorted(earlier - set(version.levels)):
            yield opened.fault(
                (*place, "levels"), f'the level "{gone}" of an earlier version is gone', "keep it: shops are there"
            )
        earlier |= set(version.levels)


def _values(opened: Opened, place: Place, version: LevelsVersion) -> Iterator[Fault]:
    """The highest level needs no values of what leads further up."""
    needed = {
        threshold.removeprefix("level.")
        for _, each in readings(version)
        if isinstance(each, Condition) and isinstance(threshold := each.compares[1], str)
    }
    for name in list(version.levels)[:-1]:
        for value in sorted((needed | set(version.uses)) - set(version.levels[name].values)):
            yield opened.fault((*place, "levels", name, "values"), f'the level "{name}" has no "{value}"', "add it")


def violations_have_tables(opened: Opened, views: Views) -> Iterator[Fault]:
    """Every severity that a violation can get has a cell in each of its tables."""
    del views
    tables = opened.pack.judging.penalties
    for name, violation in opened.pack.judging.violations.items():
        for index, version in enumerate(violation.versions):
            place: Place = ("violations", name, "versions", index)
            named = [(("table",), version.table)] if version.table else []
            named += [(("tables", n, "table"), each.table) for n, each in enumerate(version.tables)]  # type: ignore[misc]
            for key, table in named:
                if table not in tables:
                    yield opened.fault((*place, *key), f'no penalty table "{table}"', did_you_mean(str(table), list(tables)))
                else:
                    last = tables[str(table)].versions[-1]
                    yield from (
                        opened.fault((*place, *key), f'the table "{table}" has no cell for "{severity}"', "add it")
                        for severity in _missing(version, last)
                    )


def _missing(version: ViolationVersion, table: PenaltyVersion) -> list[Severity]:
    """Severities that can come up and have no cell. By count the cell says the severity."""
    if table.by == "count":
        return []
    can = {severity for trigger in version.triggers if not trigger.records for severity in _severities(trigger)}
    if version.repeats and can:
        lowest, highest = min(map(SEVERITIES.index, can)), SEVERITIES.index(version.repeats.up_to)
        can |= set(SEVERITIES[lowest : highest + 1])
    return sorted(can - {cell.severity for cell in table.cells}, key=SEVERITIES.index)


def _severities(trigger: Trigger) -> set[Severity]:
    if trigger.steps:
        return {name for name, _ in trigger.steps.lines}
    said = trigger.tail.severity if trigger.tail else trigger.severity
    return {said} if said else set()


def counted_tables_have_no_gap(opened: Opened, views: Views) -> Iterator[Fault]:
    """By count: from the first time on, every time has a cell."""
    del views
    for name, table in opened.pack.judging.penalties.items():
        for index, version in enumerate(table.versions):
            if version.by == "count" and (fault := _gap(version)):
                yield opened.fault(("penalties", name, "versions", index, "cells"), fault)


def _gap(version: PenaltyVersion) -> str:
    spans = sorted({cell.times for cell in version.cells if cell.times}, key=lambda span: span[0])
    expected = 1
    for low, high in spans:
        if low > expected:
            return f"no cell for time {expected}"
        if high is None:
            return ""
        expected = max(expected, high + 1)
    return f"no cell for time {expected} and more; end with [{expected}, null]"


def triggers_are_named_once(opened: Opened, views: Views) -> Iterator[Fault]:
    """By name the evidence says which trigger it was; formulas fit the rows they are about."""
    for name, violation in opened.pack.judging.violations.items():
        for index, version in enumerate(violation.versions):
            seen: set[str] = set()
            for number, trigger in enumerate(version.triggers):
                place: Place = ("violations", name, "versions", index, "triggers", number)
                if trigger.name in seen:
                    yield opened.fault((*place, "name"), f'a second trigger "{trigger.name}"', "name it otherwise")
                seen.add(trigger.name)
                yield from _formula(opened, views, (*place, "rows", "when"), trigger)


def _formula(opened: Opened, views: Views, place: Place, trigger: Trigger) -> Iterator[Fault]:
    if trigger.rows is None or trigger.rows.of not in views:
        return
    found = formula.check(trigger.rows.when, views[trigger.rows.of].columns, opened.pack.sets)
    yield from (opened.fault(place, what) for what in found.faults)
    if not found.faults and found.type != "bool":
        yield opened.fault(place, f'"{trigger.rows.when}" is {found.type}', "bool is needed here")


Check = Callable[[Opened, Views], Iterator[Fault]]
JUDGING: tuple[Check, ...] = (
    readings_are_known,
    curves_run_the_right_way,
    scores_do_not_turn_in_circles,
    grades_give_rights_there_are,
    levels_stand,
    ladders_keep_their_names,
    violations_have_tables,
    counted_tables_have_no_gap,
    triggers_are_named_once,
)
