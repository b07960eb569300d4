"""A pack's own tests: sentences with rows in and figures out, and what the rules say of them."""

from collections.abc import Iterator, Mapping

import duckdb

from tianping.errors import Fault, TianpingError, did_you_mean
from tianping.metrics.figure import BY, Figure
from tianping.policy.load import Key, Opened, key_of
from tianping.policy.model import Case, Pack
from tianping.work.trials.selftest_judging import unknown_names, wrong_verdicts
from tianping.work.trials.trial import figures

# What rows that a person wrote can set off on their way into the engine.
_BAD_ROWS = (TianpingError, ValueError, TypeError, KeyError, duckdb.Error)


def run(opened: Opened) -> list[Fault]:
    """What does not hold, each where it stands."""
    return [fault for index, case in enumerate(opened.pack.tests) for fault in _try(opened, index, case)]


def _try(opened: Opened, index: int, case: Case) -> list[Fault]:
    said = f'"{case.sentence.en}"'
    unknown = [
        opened.test_fault(index, key, f"{said}: {what}", now)
        for names in (_unknown(opened.pack, case), unknown_names(opened.pack, case))
        for key, what, now in names
    ]
    if unknown:
        return unknown
    try:
        wrong = [*_wrong_figures(opened.pack, case), *wrong_verdicts(opened.pack, case)]
    except _BAD_ROWS as error:
        what = (
            str(error) if isinstance(error, TianpingError) else f"these rows cannot be read ({type(error).__name__}: {error})"
        )
        return [opened.test_fault(index, "facts", f"{said}: {what}")]
    return [opened.test_fault(index, key, f"{said}: {what}") for key, what in wrong]


def _wrong_figures(pack: Pack, case: Case) -> Iterator[tuple[str, str]]:
    found = _figures(pack, case) if case.figures else {}
    for name, expected in case.figures.items():
        if _said(found.get(name)) != expected:
            yield "figures", f"{name} is {_said(found.get(name))}, not {expected}"


def _figures(pack: Pack, case: Case) -> Mapping[str, Figure]:
    """The figures of the metrics that the case names, by the name it gives them. The others would cost most of the time."""
    only = {_key(name)[0] for name in case.figures}
    found = figures(case.facts, date=case.date, days=(case.days,), pack=pack, only=only)
    return {_name(each): each for each in found if each.days == case.days}


def _unknown(pack: Pack, case: Case) -> Iterator[tuple[str, str, str]]:
    """A misspelt name would be undefined, and a test that expects that would hold for ever."""
    known = [metric + (f"/{variant}" if variant else "") for metric, variant in pack.metrics]
    for name in case.figures:
        metric, _, whose = name.partition(" by ")
        if metric not in known:
            yield "figures", f'no metric "{metric}"', did_you_mean(metric, known)
        elif whose and whose.split(" ")[0] not in BY:
            yield "figures", f'no figures by "{whose.split(" ")[0]}"', did_you_mean(whose, list(BY))


def _key(name: str) -> Key:
    return key_of(name.partition(" by ")[0])


def _name(figure: Figure) -> str:
    """`metric/variant by subject`, as the sentences write it; the shop S1 by default."""
    metric = figure.metric + (f"/{figure.variant}" if figure.variant else "")
    return metric if (figure.by, figure.subject) == ("shop", "S1") else f"{metric} by {figure.by} {figure.subject}"


def _said(found: Figure | None) -> str:
    """`2/8` is the fraction itself, unreduced; `undefined` is a denominator of 0, or no figure."""
    return f"{found.numerator}/{found.denominator}" if found and found.denominator else "undefined"
