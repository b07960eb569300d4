"""A pack's own tests: sentences with rows in and figures out."""

from tianping.errors import Fault, TianpingError
from tianping.metrics.figure import Figure
from tianping.policy.load import Opened
from tianping.policy.model import Case
from tianping.work.trial import figures


def run(opened: Opened) -> list[Fault]:
    """What does not hold, each where it stands."""
    return [fault for index, case in enumerate(opened.pack.tests) for fault in _try(opened, index, case)]


def _try(opened: Opened, index: int, case: Case) -> list[Fault]:
    place = ("tests", index)
    try:
        found = {
            _name(each): each
            for each in figures(case.facts, date=case.date, days=(case.days,), pack=opened.pack)
            if each.days == case.days
        }
    except TianpingError as error:
        return [opened.fault(place, f'"{case.sentence}": {error}')]
    return [
        opened.fault((*place, "figures"), f'"{case.sentence}": {name} is {_said(found.get(name))}, not {expected}')
        for name, expected in case.figures.items()
        if not _holds(found.get(name), expected)
    ]


def _name(figure: Figure) -> str:
    """`metric/variant by subject`, as the sentences write it; the shop S1 by default."""
    metric = figure.metric + (f"/{figure.variant}" if figure.variant else "")
    return metric if (figure.by, figure.subject) == ("shop", "S1") else f"{metric} by {figure.by} {figure.subject}"


def _holds(found: Figure | None, expected: str) -> bool:
    """`2/7` is the fraction itself, unreduced; `undefined` is a denominator of 0, or no figure."""
    if expected == "undefined":
        return found is None or found.denominator == 0
    return found is not None and _said(found) == expected


def _said(found: Figure | None) -> str:
    return "undefined" if found is None else f"{found.numerator}/{found.denominator}"
