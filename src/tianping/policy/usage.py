"""Which rules and sets a pack's metrics use: what nothing uses is a mistake in waiting."""

from collections.abc import Iterator

from tianping.policy import formula
from tianping.policy.model import Measure, Pack


def formulas(measure: Measure) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """The formulas of a measure: key, text, and the types it may have there."""
    yield "day", measure.day, ("time", "day")
    for key, text, kind in (("count", measure.count, "bool"), ("sum", measure.sum, "int"), ("max", measure.max, "int")):
        if text is not None:
            yield key, text, (kind,)


def used_rules(pack: Pack) -> set[str]:
    """The rules by which some measure leaves rows out."""
    return {name for measure in _measures(pack) for name in measure.leave_out}


def used_sets(pack: Pack) -> set[str]:
    """The sets that some formula names."""
    texts = [rule.when for rule in pack.rules.values()]
    texts += [text for measure in _measures(pack) for _, text, _ in formulas(measure)]
    return {name for text in texts for name in formula.sets_of(text)}


def _measures(pack: Pack) -> Iterator[Measure]:
    for metric in pack.metrics.values():
        for version in metric.versions:
            yield from (measure for _, measure in version.measures)
