"""From which day on a warning is less, if nothing comes: as the bad days leave the window (KS-B07)."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import groupby
from typing import Literal, NamedTuple

from tianping.assess.trigger import reading_of
from tianping.assess.warning import Near, eased
from tianping.facts.views import VIEWS
from tianping.metrics.compile import Definition, define
from tianping.metrics.daily import daily
from tianping.policy.load import key_of
from tianping.work.bench import Bench

PerDay = dict[dt.date, tuple[int, int]]


class _Figure(NamedTuple):
    """A figure that some warnings turn on."""

    metric: str
    by: Literal["shop", "product"]
    days: int


def clears(bench: Bench, warned: Sequence[Near], warn_from: Mapping[str, Fraction]) -> Mapping[int, dt.date]:
    """The day of each warning (by its `id()`), of figures whose days add up, as measured: of what has reached its line, when it
    no longer does; else when it is nearer than `warn_from` (by violation) no more. None of a tail: the others decide there."""
    found: dict[int, dt.date] = {}
    ordered = sorted(((_figure(each), each) for each in warned if each.trigger.tail is None), key=lambda pair: pair[0])
    for figure, pairs in groupby(ordered, key=lambda pair: pair[0]):
        group = [each for _, each in pairs]
        found.update(_of(bench, figure, group, warn_from))
    return found


def _figure(each: Near) -> _Figure:
    reading = reading_of(each.trigger)
    assert reading is not None, f'"{each.trigger.name}" turns on no figure'
    assert reading.metric is not None
    by = reading.by or each.subject.by
    return _Figure(reading.metric, "product" if by == "product" else "shop", reading.days)


def _of(
    bench: Bench, figure: _Figure, group: Sequence[Near], warn_from: Mapping[str, Fraction]
) -> Iterator[tuple[int, dt.date]]:
    definition = _definition(bench, figure)
    if definition is None:
        return
    subjects = {each.subject.named(figure.by) for each in group}
    held: dict[str, PerDay] = {}
    for each in daily(bench.con, VIEWS, definition, figure.by, subjects, bench.date, figure.days):
        held.setdefault(each.subject, {})[each.day] = (each.numerator, each.denominator)
    for one in group:
        per_day = held.get(one.subject.named(figure.by))
        if per_day:
            below = warn_from.get(one.violation) if one.share < 1 else None
            lag = definition.version.window
            yield id(one), eased(one.trigger, one.subject, bench.weighed, bench.date, per_day=per_day, lag=lag, below=below)


def _definition(bench: Bench, figure: _Figure) -> Definition | None:
    key = key_of(figure.metric)
    version = bench.pack.metrics[key].at(bench.date)
    return define(bench.pack, VIEWS, key, version, bench.date) if version else None
