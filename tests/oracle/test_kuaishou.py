"""The program against the oracle: every Kuaishou metric, every subject, every window, over markets full of boundaries.

`TIANPING_EXAMPLES=3000 pytest tests/oracle` tries more (and other) markets than the sixty fixed ones of a quick run.
"""

import datetime as dt
import os
import random
from collections.abc import Iterable, Mapping
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings

from tianping.metrics.figure import Figure
from tianping.work import trial

from .kuaishou import METRICS, Key, figures
from .markets import DATES, Market, crowd, markets, seeded, shown

EXAMPLES = os.environ.get("TIANPING_EXAMPLES")
Pairs = Mapping[Key, tuple[int, int]]
LAGS = {(metric.name, metric.variant): metric.lag for metric in METRICS}
COUNTS = {metric.name for metric in METRICS if metric.is_count}

KUAISHOU = [f"KS-M{number:02d}" for number in range(1, 30)]

quick = settings(
    max_examples=int(EXAMPLES or 60),
    derandomize=EXAMPLES is None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.spec(*KUAISHOU)
@quick
@given(markets())
def test_every_figure_is_the_oracle_s(market: Market) -> None:
    """Same numerator and denominator for every metric, variant, subject and window."""
    expected = figures(market.facts, date=market.date, days=market.days)
    found = differences(_pairs(_program(market)), expected)
    assert not found, "\n".join(["", *found, shown(market)])


@pytest.mark.parametrize("date", DATES, ids=str)
def test_many_markets_side_by_side(date: dt.date) -> None:
    """A hundred markets in one call; where they differ, the first market that differs is shown."""
    seeds = range(int(EXAMPLES or 100))
    whole = crowd(seeds, date=date)
    found = differences(_pairs(_program(whole)), figures(whole.facts, date=date, days=whole.days))
    assert not found, _first_culprit(found, date)


@pytest.mark.parametrize("date", DATES[:3], ids=str)
def test_figures_are_well_formed(date: dt.date) -> None:
    """One row per key; the value exactly rounded; the days those of the window; 0/0 undefined."""
    rows = _program(crowd(range(60), date=date))
    assert len({_key(row) for row in rows}) == len(rows)
    for row in rows:
        last = date - dt.timedelta(days=LAGS[row.metric, row.variant])
        assert (row.date, row.last_day, row.first_day) == (date, last, last - dt.timedelta(days=row.days - 1))
        if row.denominator:
            assert row.value is not None
            assert Fraction(row.value) == round(Fraction(row.numerator, row.denominator), 6)
        else:
            assert (row.value, row.status) == (None, "undefined")


@pytest.mark.parametrize("date", DATES[:3], ids=str)
def test_the_order_of_rows_never_matters(date: dt.date) -> None:
    """The tables shuffled give the same figures."""
    market = crowd(range(100, 160), date=date)
    mixed = {table: random.Random(1).sample(rows, len(rows)) for table, rows in market.facts.items()}
    assert {_key(row): row for row in _program(market._replace(facts=mixed))} == {_key(row): row for row in _program(market)}


def differences(program: Pairs, oracle: Pairs) -> list[str]:
    """One line per key on which the two do not agree; a missing row is 0/0, a count of 0 is no count."""
    lines = []
    for key in sorted({*program, *oracle}):
        ours, theirs = (_seen(key, pairs) for pairs in (program, oracle))
        if ours != theirs:
            metric, variant, by, subject, days = key
            lines.append(
                f"{metric} [{variant}] {by} {subject} {days} days: program {_fraction(ours)}, oracle {_fraction(theirs)}"
            )
    return lines


def _seen(key: Key, pairs: Pairs) -> tuple[int, int]:
    over, under = pairs.get(key, (0, 0))
    return (0, 0) if key[0] in COUNTS and not over else (over, under)


def _fraction(pair: tuple[int, int]) -> str:
    return f"{pair[0]}/{pair[1]}"


def _program(market: Market) -> list[Figure]:
    return trial.figures(market.facts, date=market.date, days=market.days)


def _key(row: Figure) -> Key:
    return row.metric, row.variant, row.by, row.subject, row.days


def _pairs(rows: Iterable[Figure]) -> Pairs:
    return {_key(row): (row.numerator, row.denominator) for row in rows}


def _first_culprit(lines: list[str], date: dt.date) -> str:
    """The differences of one market of the crowd, and its rows. Its shops' ids begin with its seed."""
    of_shops = [line for line in lines if " shop " in line]
    if not of_shops:
        return "\n".join(["", *lines])
    seed = of_shops[0].split(" shop ")[1].split("-")[0]
    own = [line for line in lines if f" {seed}-" in line]
    return "\n".join(
        ["", f"{len(lines)} differences; market {seed}:", *own, shown(seeded(int(seed), date=date, prefix=f"{seed}-"))]
    )
