"""What the formulas of a pack mean: every name known, every type right, every fault with file and line."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from sqlglot import exp

from tianping.errors import Fault, did_you_mean
from tianping.policy import formula
from tianping.policy.check_judging import JUDGING
from tianping.policy.load import SHARED, Opened
from tianping.policy.model import CountOf, Measure, Metric, Pack, Version
from tianping.policy.usage import formulas, used_rules, used_sets
from tianping.policy.yamlio import Place


class View(Protocol):
    """What a check needs to know of a view of the facts."""

    @property
    def key(self) -> tuple[str, ...]: ...
    @property
    def columns(self) -> Mapping[str, str]: ...
    @property
    def folds(self) -> Mapping[str, str]: ...


Views = Mapping[str, View]


def check(opened: Opened, views: Views) -> list[Fault]:
    """All faults of a pack whose form is right."""
    return [fault for one in CHECKS for fault in one(opened, views)]


def check_all(opened: Sequence[Opened], views: Views) -> list[Fault]:
    """All faults of packs that belong together; a fault of a shared file is told once."""
    return list(dict.fromkeys(fault for each in opened for fault in check(each, views)))


def _metrics(opened: Opened) -> Iterator[tuple[Place, Metric]]:
    for (metric, variant), each in opened.pack.metrics.items():
        yield ("metrics", f"{metric}/{variant}" if variant else metric), each


def _versions(opened: Opened) -> Iterator[tuple[Place, Metric, Version]]:
    for place, metric in _metrics(opened):
        for index, version in enumerate(metric.versions):
            yield (*place, "versions", index), metric, version


def _measures(opened: Opened) -> Iterator[tuple[Place, Metric, Measure]]:
    for place, metric, version in _versions(opened):
        for side, measure in version.measures:
            yield (*place, side), metric, measure


def measures_read_known_views(opened: Opened, views: Views) -> Iterator[Fault]:
    for place, metric, measure in _measures(opened):
        if measure.of not in views:
            yield opened.fault((*place, "of"), f'no view "{measure.of}"', did_you_mean(measure.of, list(views)))
        elif measure.once_per and not views[measure.of].folds:
            what = f'the view "{measure.of}" does not fold by {measure.once_per}'
            yield opened.fault((*place, "once_per"), what, "take it out")
        elif measure.once_per and metric.by is None and "agent_id" in views[measure.of].key:
            what = f'the view "{measure.of}" folds by agent and {measure.once_per}, and this metric is not by agent'
            yield opened.fault((*place, "once_per"), what, 'give the metric "by: agent" or take it out')


def agents_are_known(opened: Opened, views: Views) -> Iterator[Fault]:
    """A metric by agent leaves out the rows that are nobody's, by name; else its shops would count more than their agents."""
    for place, metric, measure in _measures(opened):
        view = views.get(measure.of)
        if metric.by != "agent" or view is None or "agent_id" in view.key:
            continue
        if "agent_id" not in view.columns:
            yield opened.fault((*place, "of"), f'the view "{measure.of}" knows no agents', "it cannot be counted by agent")
        elif not any(_leaves_out_nobodys(opened.pack, name) for name in measure.leave_out):
            what = "rows without an agent are not left out, and this metric is by agent"
            yield opened.fault(place, what, 'add a rule "agent_id is null" to leave_out')


def _leaves_out_nobodys(pack: Pack, name: str) -> bool:
    """Whether the rule says `agent_id is null`, alone or before or after an `or`."""
    tree = formula.parse(pack.rules[name].when) if name in pack.rules else ""
    if isinstance(tree, str):
        return False
    parts = tree.flatten() if isinstance(tree, exp.Or) else [tree]
    return any(part == exp.column("agent_id").is_(exp.null()) for part in parts)


def formulas_are_typed(opened: Opened, views: Views) -> Iterator[Fault]:
    for place, _, measure in _measures(opened):
        if measure.of in views:
            for step, text, kinds in formulas(measure):
                yield from _typed(opened, views[measure.of], (*place, step), text, kinds)


def _typed(opened: Opened, view: View, place: Place, text: str, kinds: tuple[str, ...]) -> Iterator[Fault]:
    found = formula.check(text, view.columns, opened.pack.sets)
    for what in found.faults:
        yield opened.fault(place, what)
    if not found.faults and found.type not in kinds:
        yield opened.fault(place, f'"{text}" is {found.type}', f"{' or '.join(kinds)} is needed here")


def rules_fit_their_views(opened: Opened, views: Views) -> Iterator[Fault]:
    for place, _, measure in _measures(opened):
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
    for place, metric, version in _versions(opened):
        if version.count_of is not None and (fault := _not_countable(opened, metric, version, version.count_of)):
            yield opened.fault((*place, "count_of"), fault)


def _not_countable(opened: Opened, counted: Metric, version: Version, count_of: CountOf) -> str:
    metric = opened.pack.metrics.get((count_of.metric, count_of.variant))
    if metric is None:
        return f'no metric "{count_of.metric}": {did_you_mean(count_of.metric, [name for name, _ in opened.pack.metrics])}'
    if any(each.count_of for each in metric.versions):
        return f'"{count_of.metric}" is itself a count of another metric; name that one'
    if metric.is_count:
        return f'"{count_of.metric}" stands alone; it has no sides to count'
    if metric.by != counted.by:
        return f'"{count_of.metric}" is by {metric.by or "product"}; a count has the subjects of its rate'
    if any((each.window, each.matures_days) != (version.window, version.matures_days) for each in metric.versions):
        return f'window and matures_days differ from those of "{count_of.metric}"; a count is shown beside its rate'
    return ""


def deeds_share_a_window(opened: Opened, views: Views) -> Iterator[Fault]:
    """By deed one figure holds the days of several versions; it has one first and one last day, and ripens once."""
    del views
    for place, metric, version in _versions(opened):
        earlier = [each for each in metric.versions if each.since < version.since]
        for key in ("window", "matures_days"):
            differing = next((each for each in earlier if getattr(each, key) != getattr(version, key)), None)
            if version.applies == "deed" and differing is not None:
                what = f"applies by deed, and {key} differs from that of the version {differing.name}"
                yield opened.fault((*place, key), what, "one figure holds both; give them the same, or apply by close")


def nothing_is_idle(opened: Opened, views: Views) -> Iterator[Fault]:
    """A rule or set that nothing uses is a mistake in waiting. What is shared may be used by other packs: `idle_shared`."""
    del views
    yield from (fault for place, fault in _idle(opened) if not opened.is_shared(place))


def _idle(opened: Opened) -> Iterator[tuple[Place, Fault]]:
    rules, sets = used_rules(opened.pack), used_sets(opened.pack)
    for place in (("rules", name) for name in opened.pack.rules if name not in rules):
        yield place, opened.fault(place, f'no metric uses the rule "{place[1]}"', "use it or take it out")
    for place in (("sets", name) for name in opened.pack.sets if name not in sets):
        yield place, opened.fault(place, f'no formula uses the set "{place[1]}"', "use it or take it out")


def idle_shared(opened: Sequence[Opened]) -> list[Fault]:
    """What of `packs/shared` none of all packs uses: whole files, rules and sets."""
    named = {document.file for each in opened for document in each.shared}
    files = [f"{SHARED.name}/{path.name}" for path in sorted(SHARED.glob("*.yaml"))]
    faults = [Fault(file, 1, "no pack shares this file", "use it or take it out") for file in files if file not in named]
    idle = [[fault for place, fault in _idle(each) if each.is_shared(place)] for each in opened]
    for fault in dict.fromkeys(fault for found in idle for fault in found):
        sharing = (found for each, found in zip(opened, idle, strict=True) if fault.file in {doc.file for doc in each.shared})
        faults += [fault] if all(fault in found for found in sharing) else []
    return faults


def boards_name_metrics(opened: Opened, views: Views) -> Iterator[Fault]:
    """A board shows metrics there are, each once."""
    del views
    board = opened.pack.board
    grouped = [(("board", "groups", index, "metrics"), group.metrics) for index, group in enumerate(board.groups)]
    short = (("board", "headline"), board.headline), (("board", "products"), board.products)
    for lists in ([short[0]], [short[1]], grouped):
        seen = Counter(name for _, names in lists for name in names)
        for place, index, name in ((place, index, name) for place, names in lists for index, name in enumerate(names)):
            if (fault := _not_on_board(opened.pack, name, seen[name])) is not None:
                yield opened.fault((*place, index), *fault)


def _not_on_board(pack: Pack, name: str, times: int) -> tuple[str, str] | None:
    known = ["/".join(filter(None, key)) for key in pack.metrics]
    if name not in known:
        return f'no metric "{name}"', did_you_mean(name, known)
    return (f'"{name}" stands twice on the board', "keep one of them") if times > 1 else None


CHECKS = (
    measures_read_known_views,
    agents_are_known,
    formulas_are_typed,
    rules_fit_their_views,
    counts_are_of_something,
    deeds_share_a_window,
    nothing_is_idle,
    boards_name_metrics,
    *JUDGING,
)
