"""A metric counted alone is what it is among all others, which share its passes: tests may count just the one they ask."""

import pytest

from tianping.work.trials import trial

from .compare import program
from .desks import DOUYIN, JD, TAOBAO, TMALL
from .markets import KUAISHOU, Trade, crowd


@pytest.mark.parametrize("trade", [KUAISHOU, DOUYIN, TAOBAO, TMALL, JD], ids=lambda trade: trade.platform)
def test_alone_as_among_all(trade: Trade) -> None:
    market = crowd(range(12), date=trade.dates[0], trade=trade)
    together = program(market, trade)
    assert len({each.metric for each in together}) > 1
    for metric in {each.metric for each in together}:
        alone = trial.figures(market.facts, date=market.date, days=market.days, platform=trade.platform, only=(metric,))
        assert set(alone) == {each for each in together if each.metric == metric}
