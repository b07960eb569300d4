"""The program against the oracle: every Kuaishou metric, every subject, every window, over markets full of boundaries.

`TIANPING_EXAMPLES=3000 pytest tests/oracle` tries more (and other) markets than the thirty fixed ones of a quick run.
"""

import datetime as dt
import os
import random

import pytest
from hypothesis import HealthCheck, given, settings

from .compare import differences, first_culprit, key, pairs, program, shown, well_formed
from .kuaishou import METRICS, figures
from .markets import DATES, Market, crowd, markets

EXAMPLES = os.environ.get("TIANPING_EXAMPLES")
KUAISHOU = [f"KS-M{number:02d}" for number in range(1, 30)]

quick = settings(
    max_examples=int(EXAMPLES or 30),
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
    found = differences(pairs(program(market)), expected, METRICS)
    assert not found, "\n".join(["", *found, shown(market)])


@pytest.mark.parametrize("date", DATES, ids=str)
def test_many_markets_side_by_side(date: dt.date) -> None:
    """A hundred markets in one call; where they differ, the first market that differs is shown."""
    seeds = range(int(EXAMPLES or 100))
    whole = crowd(seeds, date=date)
    found = differences(pairs(program(whole)), figures(whole.facts, date=date, days=whole.days), METRICS)
    assert not found, first_culprit(found, date)


@pytest.mark.parametrize("date", DATES[:3], ids=str)
def test_figures_are_well_formed(date: dt.date) -> None:
    """Keys, values, days and 0/0."""
    well_formed(program(crowd(range(60), date=date)), METRICS, date)


@pytest.mark.parametrize("date", DATES[:3], ids=str)
def test_the_order_of_rows_never_matters(date: dt.date) -> None:
    """The tables shuffled give the same figures."""
    market = crowd(range(100, 160), date=date)
    mixed = {table: random.Random(1).sample(rows, len(rows)) for table, rows in market.facts.items()}
    assert {key(row): row for row in program(market._replace(facts=mixed))} == {key(row): row for row in program(market)}
