"""The program against the oracles of Douyin, Taobao, Tmall and JD, over markets full of boundaries.

`TIANPING_EXAMPLES` as in test_kuaishou.
"""

import datetime as dt
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from . import douyin, jd, taobao
from .compare import differences, first_culprit, pairs, program, shown, well_formed
from .desks import DOUYIN, JD, TAOBAO, TMALL
from .markets import Market, Size, Trade, crowd, markets, seeded
from .reckon import Key, Metric, figures
from .test_kuaishou import EXAMPLES, quick

SIZE = Size(views=0, videos=0)
METRICS: dict[Trade, tuple[Metric, ...]] = {
    DOUYIN: douyin.METRICS,
    TAOBAO: taobao.TAOBAO,
    TMALL: taobao.METRICS,
    JD: jd.METRICS,
}
SPEC = {DOUYIN: ("DY-S03", "DY-S04"), TAOBAO: ("TB-M01",), TMALL: ("TB-M01",), JD: ("JD-K01",)}
ROWS = [pytest.param(trade, marks=pytest.mark.spec(*SPEC[trade]), id=trade.platform) for trade in METRICS]


def expected(market: Market, trade: Trade) -> dict[Key, tuple[int, int]]:
    return figures(METRICS[trade], market.facts, date=market.date, platform=trade.platform, days=market.days)


@pytest.mark.parametrize("trade", ROWS)
@quick
@given(data=st.data())
def test_every_figure_is_the_oracle_s(trade: Trade, data: st.DataObject) -> None:
    """Same numerator and denominator for every metric, subject and window."""
    market = data.draw(markets(SIZE, trade))
    found = differences(pairs(program(market, trade)), expected(market, trade), METRICS[trade])
    assert not found, "\n".join(["", *found, shown(market)])


@pytest.mark.parametrize(
    ("trade", "date"),
    [pytest.param(trade, date, id=f"{trade.platform}-{date}") for trade in METRICS for date in trade.dates],
)
def test_many_markets_side_by_side(trade: Trade, date: dt.date) -> None:
    """A hundred markets in one call; where they differ, the first market that differs is shown."""
    whole = crowd(range(int(EXAMPLES or 100)), date=date, trade=trade)
    rows = program(whole, trade)
    well_formed(rows, METRICS[trade], date)
    found = differences(pairs(rows), expected(whole, trade), METRICS[trade])
    assert not found, first_culprit(found, date, trade)


@pytest.mark.parametrize("trade", ROWS)
def test_the_markets_hit_every_metric(trade: Trade) -> None:
    """Of 600 markets, for every metric, some have a denominator, a numerator, and a figure of the last day alone."""
    hits: Counter[tuple[str, str]] = Counter()
    for seed in range(600):
        found = expected(seeded(seed, size=SIZE, trade=trade), trade).items()
        hits.update({(metric, "all") for (metric, *_), (_, under) in found if under})
        hits.update({(metric, "some") for (metric, *_), (over, _) in found if over})
        hits.update({(metric, "last day") for (metric, *_, days), _ in found if days == 1})
    wanted = {(metric.name, what) for metric in METRICS[trade] for what in ("all", "some", "last day")}
    assert {what: hits[what] for what in wanted if hits[what] < 3} == {}
