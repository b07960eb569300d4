"""What a product's buyers said: the orders counted with their first causes, recent refunds, reviews."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from tianping.metrics.proof import Scope
from tianping.policy.model import Pack
from tianping.work.closing.closed import find
from tianping.work.figures import goods, voices
from tianping.work.figures.boards import look
from tianping.work.figures.voices import Quality, Refunds, Reviews
from tianping.work.home import Home
from tianping.work.people.reach import EVERYTHING, Reach

from .homes import rules
from .wares import RATE, T, wares

OTHERS = Reach(frozenset({"S2"}))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return wares(tmp_path_factory.mktemp("wares") / "home")


@pytest.fixture
def quality(home: Home) -> Callable[..., Quality]:
    def ask(product: str, days: int = 30, reach: Reach = EVERYTHING) -> Quality:
        return voices.quality(home, rules(), Scope("kuaishou", "product", product, T, days), RATE, reach)

    return ask


@pytest.fixture
def reviews(home: Home) -> Callable[..., Reviews]:
    def ask(product: str = "P1", days: int = 30, reach: Reach = EVERYTHING, **more: int) -> Reviews:
        done = find(home, T)
        with voices.opened(home, done, [product], ()) as con:
            return voices.reviews(con, done, product, days, reach, **more)

    return ask


@pytest.fixture
def refunds(home: Home) -> Callable[..., Refunds]:
    def ask(product: str = "P1", reach: Reach = EVERYTHING, **more: Any) -> Refunds:
        done = find(home, T)
        with voices.opened(home, done, [product], ("cases",)) as con:
            return voices.refunds(con, done, product, 30, reach, **more)

    return ask


@pytest.mark.spec("KS-B05")
def test_reasons_add_up_to_the_figure(quality: Callable[..., Quality]) -> None:
    """First causes of the orders counted: not a later reason, a second refund, an exchange, one a second late, one left out."""
    found = quality("P1")
    assert (found.numerator, found.denominator) == (3, 8)
    assert found.reasons() == [("quality", 2), ("not_as_described", 1)]
    assert sum(count for _, count in found.reasons()) == found.numerator
    told = [(each.order_id, each.asked, each.reason, each.words, each.text) for each in found.orders]
    assert told == [
        ("a0", "2024-06-24 12:00:00", "quality", "质量问题", "两天就坏"),
        ("a4", "2024-06-16 09:00:00", "quality", "质量问题", ""),
        ("a2", "2024-06-15 09:00:00", "not_as_described", "描述不符", "颜色不对"),
    ]


@pytest.mark.spec("KS-B05")
def test_reasons_over_time(quality: Callable[..., Quality]) -> None:
    """Under the payment day: by day over 7 days, by week over 30; every step is there, also an empty one."""
    step, days, counts = quality("P1", 7).over_time()
    assert (step, days[0], days[-1], len(days)) == (1, dt.date(2024, 6, 9), dt.date(2024, 6, 15), 7)
    assert counts["quality"] == [0, 2, 0, 0, 0, 0, 0]
    step, days, counts = quality("P1").over_time()
    assert (step, days[0], days[-1]) == (7, dt.date(2024, 5, 13), dt.date(2024, 6, 10))
    assert counts["not_as_described"] == [0, 0, 0, 0, 1]


@pytest.mark.spec("KS-B05")
def test_refunds_of_these_days(refunds: Callable[..., Refunds]) -> None:
    """By the day asked, T itself not; exchanges are no refunds; a second refund is said to be one."""
    found = refunds()
    assert (found.total, found.reasons) == (8, [("quality", 6), ("not_as_described", 1), ("seven_days", 1)])
    assert [each.case_id for each in found.page] == ["k1", "k0", "k2", "k4", "k3", "k7", "k8", "k6"]
    assert [each.case_id for each in found.page if not each.first] == ["k4"]
    [last] = refunds("P2").page
    assert (last.asked, last.text) == ("2024-06-29 23:59:59", "盒子烂了")


def test_refunds_of_one_reason(refunds: Callable[..., Refunds]) -> None:
    found = refunds(reason="seven_days", take=5)
    assert (found.chosen, [each.text for each in found.page]) == (1, ["不合适"])


def test_several_products_at_once(home: Home, refunds: Callable[..., Refunds], reviews: Callable[..., Reviews]) -> None:
    """One connection for all of them says the same of each as one of its own."""
    done = find(home, T)
    with voices.opened(home, done, ["P1", "P2"]) as con:
        for product in ("P1", "P2"):
            assert voices.refunds(con, done, product, 30, EVERYTHING) == refunds(product)
            assert voices.reviews(con, done, product, 30, EVERYTHING) == reviews(product)


@pytest.mark.spec("KS-B05")
def test_reviews_that_count(reviews: Callable[..., Reviews]) -> None:
    """Valid, not automatic, not overturned before T, of the days before T; the worst first, then the newest."""
    found = reviews()
    assert (found.total, found.negative, found.worded) == (5, 3, 4)
    assert [each.text for each in found.page] == ["差到底", "正好在内", "还没撤销", "很好"]
    assert [each.negative for each in found.page] == [True, True, False, False]
    assert found.page[0].day == dt.date(2024, 6, 29)
    assert [each.text for each in reviews(days=7).page] == ["差到底"]
    assert [each.text for each in reviews(skip=3).page] == ["很好"]


@pytest.mark.spec("KS-B05")
def test_nothing_of_another_shop(
    quality: Callable[..., Quality], reviews: Callable[..., Reviews], refunds: Callable[..., Refunds]
) -> None:
    assert quality("P1", reach=OTHERS).orders == ()
    assert reviews(reach=OTHERS)[1:] == (0, 0, 0, ())
    assert refunds(reach=OTHERS).total == 0


def test_metrics_of_first_causes(home: Home) -> None:
    """The rates that count orders by it; other platforms may have none."""
    packs: dict[str, Pack] = rules()
    by_pack = {
        name: voices.by_first_cause(goods.goods(look(home, packs, find(home, T)), pack).offered) for name, pack in packs.items()
    }
    assert by_pack["kuaishou"] == [RATE, ("product_quality_refund_rate", "")]
    assert by_pack["jd"] == []
