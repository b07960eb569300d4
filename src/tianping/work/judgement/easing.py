"""From which day on a warning is less, if nothing comes: as the bad days leave the window (KS-B07)."""

import datetime as dt
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Literal, NamedTuple

from tianping.assess.trigger import reading_of
from tianping.assess.warning import Near, eased
from tianping.facts.views import VIEWS
from tianping.metrics.compile import Definition, define
from tianping.metrics.daily import Figures, daily
from tianping.policy.load import key_of
from tianping.work.judgement.bench import Bench


class _Figure(NamedTuple):
    """A figure that some warnings turn on."""

    metric: str
    by: Literal["shop", "product"]
    days: int


def clears(bench: Bench, warned: Sequence[Near], warn_from: Mapping[str, Fraction]) -> Mapping[int, dt.date]:
    """The day of each warning (by its `id()`), of figures whose days add up, as measured: of what has reached its line, when it
    no longer does; else when it is nearer than `warn_from` (by violation) no more. None of a tail: the others decide there."""
    groups: dict[_Figure, list[Near]] = {}
    for each in warned:
        if each.trigger.tail is None:
            groups.setdefault(_figure(each), []).append(each)
    defined = {figure: found for figure in groups if (found := _definition(bench, figure))}
    asked = [Figures(found, figure.by, _named(figure, groups[figure]), figure.days) for figure, found in defined.items()]
    held = daily(bench.con, VIEWS, asked, bench.date)
    return {
        id(one): eased(
            one.trigger, one.subject, bench.weighed, bench.date,
            per_day=per_day, lag=found.version.window, below=warn_from.get(one.violation) if one.share < 1 else None,
        )
        for index, (figure, found) in enumerate(defined.items())
        for one in groups[figure]
        if (per_day := held.get((index, one.subject.named(figure.by))))
    }  # fmt: skip


def _named(figure: _Figure, group: Sequence[Near]) -> frozenset[str]:
    return frozenset(each.subject.named(figure.by) for each in group)


def _figure(each: Near) -> _Figure:
    reading = reading_of(each.trigger)
    assert reading is not None, f'"{each.trigger.name}" turns on no figure'
    assert reading.metric is not None
    by = reading.by or each.subject.by
    return _Figure(reading.metric, "product" if by == "product" else "shop", reading.days)


def _definition(bench: Bench, figure: _Figure) -> Definition | None:
    key = key_of(figure.metric)
    version = bench.pack.metrics[key].at(bench.date)
    return define(bench.pack, VIEWS, key, version, bench.date) if version else None
