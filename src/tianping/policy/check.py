"""What the formulas of a pack mean: every name known, every type right, every fault with file and line."""

from collections.abc import Iterator, Mapping
from typing import Protocol

from tianping.errors import Fault, did_you_mean
from tianping.policy import formula
from tianping.policy.load import Opened
from tianping.policy.model import CountOf, Measure, Version
from tianping.policy.yamlio import Place


class View(Protocol):
    """What a check needs to know of a view of the facts."""

    @property
    def columns(self) -> Mapping[str, str]: ...
    @property
    def folds(self) -> Mapping[str, str]: ...


Views = Mapping[str, View]


def check(opened: Opened, views: Views) -> list[Fault]:
    """All faults of a pack whose form is right."""
    return [fault for one in CHECKS for fault in one(opened, views)]


def _versions(opened: Opened) -> Iterator[tuple[Place, Version]]:
    for (metric, variant), each in opened.pack.metrics.items():
        name = f"{metric}/{variant}" if variant else metric
        for index, version in enumerate(each.versions):
            yield ("metrics", name, "versions", index), version


def _measures(opened: Opened) -> Iterator[tuple[Place, Measure]]:
    for place, version in _versions(opened):
        for side, measure in (("both", version.both), ("numerator", version.numerator), ("denominator", version.denominator)):
            if measure is not None:
                yield (*place, side), measure


def measures_read_known_views(opened: Opened, views: Views) -> Iterator[Fault]:
    for place, measure in _measures(opened):
        if measure.of not in views:
            yield opened.fault((*place, "of"), f'no view "{measure.of}"', did_you_mean(measure.of, list(views)))
        elif measure.once_per and not views[measure.of].folds:
            yield opened.fault(
                (*place, "once_per"), f'the view "{measure.of}" does not fold by {measure.once_per}', "take it out"
            )


def formulas_are_typed(opened: Opened, views: Views) -> Iterator[Fault]:
    for place, measure in _measures(opened):
        if measure.of in views:
            for step, text, kinds in _formulas(measure):
                yield from _typed(opened, views[measure.of], (*place, step), text, kinds)


def _formulas(measure: Measure) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    yield "day", measure.day, ("time", "day")
    if measure.count is not None:
        yield "count", measure.count, ("bool",)
    if measure.sum is not None:
        yield "sum", measure.sum, ("int",)


def _typed(opened: Opened, view: View, place: Place, text: str, kinds: tuple[str, ...]) -> Iterator[Fault]:
    found = formula.check(text, view.columns, opened.pack.sets)
    for what in found.faults:
        yield opened.fault(place, what)
    if not found.faults and found.type not in kinds:
        yield opened.fault(place, f'"{text}" is {found.type}', f"{' or '.join(kinds)} is needed here")


def rules_fit_their_views(opened: Opened, views: Views) -> Iterator[Fault]:
    for place, measure in _measures(opened):
        for index, name in enumerate(measure.leave_out):
            rule = opened.pack.rules.get(name)
            at = (*place, "leave_out", index)
            if rule is None:
                yield opened.fault(at, f'no rule "{name}"', did_you_mean(name, list(opened.pack.rules)))
            elif measure.of in views:
                for fault in _typed(opened, views[measure.of], ("rules", name, "when"), rule.when, ("bool",)):
                    yield opened.fault(at, f'the rule "{name}" does not fit the view "{measure.of}": {fault.what}', fault.now)


def counts_are_of_something(opened: Opened, views: Views) -> Iterator[Fault]:
    del views
    for place, version in _versions(opened):
        if version.count_of is not None and (fault := _not_countable(opened, version, version.count_of)):
            yield opened.fault((*place, "count_of"), fault)


def _not_countable(opened: Opened, version: Version, count_of: CountOf) -> str:
    metric = opened.pack.metrics.get((count_of.metric, count_of.variant))
    if metric is None:
        return f'no metric "{count_of.metric}": {did_you_mean(count_of.metric, [name for name, _ in opened.pack.metrics])}'
    if any(each.count_of for each in metric.versions):
        return f'"{count_of.metric}" is itself a count of another metric; name that one'
    if any((each.window, each.matures_days) != (version.window, version.matures_days) for each in metric.versions):
        return f'window and matures_days differ from those of "{count_of.metric}"; a count is shown beside its rate'
    return ""


def nothing_is_idle(opened: Opened, views: Views) -> Iterator[Fault]:
    """A rule or set that nothing uses is a mistake in waiting."""
    del views
    used = {name for _, measure in _measures(opened) for name in measure.leave_out}
    texts = [rule.when for rule in opened.pack.rules.values()]
    texts += [text for _, measure in _measures(opened) for _, text, _ in _formulas(measure)]
    for name in opened.pack.rules:
        if name not in used:
            yield opened.fault(("rules", name), f'no metric uses the rule "{name}"', "use it or take it out")
    named = {name for text in texts for name in formula.sets_of(text)}
    for name in opened.pack.sets:
        if name not in named:
            yield opened.fault(("sets", name), f'no formula uses the set "{name}"', "use it or take it out")


CHECKS = (measures_read_known_views, formulas_are_typed, rules_fit_their_views, counts_are_of_something, nothing_is_idle)
