"""A figure beside its benchmark: ratios of sums, with and without the shop."""

import datetime as dt
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from tianping.facts import schema
from tianping.metrics import levels
from tianping.store.closes import Close
from tianping.work.closing.benchmark import Beside, Imported, beside, rounded
from tianping.work.closing.closed import Filter, find, read
from tianping.work.home import Home, open_home, set_scope

from .homes import bring, closed, rules, table

T = dt.date(2024, 6, 1)
REFUSALS = {"a": (1, 4), "b": (3, 6), "c": (0, 10)}
"""Refunds refused and requested, by shop; `c` sells in another category."""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = open_home(tmp_path / "home", create=True)
    orders, cases = [], []
    for shop, (refused, asked) in REFUSALS.items():
        for n in range(asked):
            key, at = f"{shop}{n}", "2024-05-30"
            orders.append((key, shop, f"p{shop}", at, at, "flash"))
            cases.append((key, key, "refund_only", "other", at, at, "refused" if n < refused else "agreed"))
    products = [(f"p{shop}", shop, "Toys/Games", "x" if shop != "c" else "y") for shop in REFUSALS]
    bring(
        home,
        {
            "shops": table("shop_id,platform", *((shop, "kuaishou") for shop in REFUSALS)),
            "products": table("product_id,shop_id,category_l1,category_l2", *products),
            "orders": table("order_id,shop_id,product_id,created_at,paid_at,channel", *orders),
            "cases": table("case_id,order_id,kind,reason,requested_at,answered_at,answer", *cases),
        },
    )
    closed(home, T)
    set_scope(home, "market")
    return home


def placed(home: Home, metric: str = "refusal_rate", **wanted: str) -> Iterator[Beside]:
    return beside(home, find(home, T), Filter(metric=metric, days=30, **wanted))


def test_sums_over_all_shops(home: Home) -> None:
    """4/20 over all, this shop included: not the mean of 1/4, 3/6 and 0/10."""
    found = {each.figure["subject"]: each for each in placed(home, by="shop")}
    assert {shop: each.whole for shop, each in found.items()} == dict.fromkeys(REFUSALS, (4, 20))
    assert found["a"].own == Fraction(1, 4)
    assert found["a"].benchmark == Fraction(1, 5)
    assert found["a"].others == Fraction(3, 16)
    assert found["a"].ratio == Fraction(5, 4)
    assert found["c"].ratio == 0


def test_categories_beside_categories(home: Home) -> None:
    """A shop's category stands beside the same category of all shops, also where its name holds a stroke."""
    found = {each.figure["subject"]: each.whole for each in placed(home, by="shop_category_l2")}
    assert found == {"a/Toys／Games/x": (4, 10), "b/Toys／Games/x": (4, 10), "c/Toys／Games/y": (0, 10)}
    assert {each.whole for each in placed(home, by="shop_category_l1")} == {(4, 20)}


def test_what_has_no_benchmark(home: Home) -> None:
    """The whole itself, products, and counts."""
    for by in ("platform", "product", "category_l1"):
        each = next(placed(home, by=by))
        assert (each.whole, each.benchmark, each.others, each.ratio) == (None,) * 4
    counts = frozenset({("refusal_rate", "")})
    assert {each.whole for each in beside(home, find(home, T), Filter(metric="refusal_rate"), counts=counts)} == {None}


def test_a_benchmark_may_be_by_whatever_a_figure_is() -> None:
    assert tuple(by for by, _, _ in levels.LEVELS) == schema.LEVELS


def test_nothing_to_compare_with() -> None:
    """A benchmark of 0 gives no ratio, one without rows no benchmark; a shop alone has no others; nothing is 0/0."""
    figure = {"numerator": 0, "denominator": 5}
    assert (Beside(figure, (0, 9)).benchmark, Beside(figure, (0, 9)).ratio) == (Fraction(0), None)
    assert (Beside(figure, (0, 5)).others, Beside(figure, (0, 0)).benchmark) == (None, None)
    assert Beside({"numerator": 0, "denominator": 0}, (1, 2)).ratio is None


def test_rounded_like_figures() -> None:
    """Exactly, half-even, six decimals."""
    ties = {
        Fraction(1, 128): "0.007812",
        Fraction(3, 128): "0.023438",
        Fraction(-1, 128): "-0.007812",
        Fraction(2, 3): "0.666667",
    }
    assert {rate: str(rounded(rate)) for rate in ties} == ties


def test_demo_benchmarks_are_the_platforms_figures(demo: Home) -> None:
    """Every shop's benchmark is the platform's own figure; every shop's figures together give it."""
    done: Close = find(demo, T)
    whole = {
        (row["platform"], row["metric"], row["variant"]): (row["numerator"], row["denominator"])
        for row in read(demo, done, Filter(by="platform", days=30))
    }
    sums = dict.fromkeys(whole, (0, 0))
    for each in beside(demo, done, Filter(by="shop", days=30)):
        key = (each.figure["platform"], each.figure["metric"], each.figure["variant"])
        assert each.whole == whole[key]
        up, down = sums[key]
        sums[key] = (up + int(str(each.figure["numerator"])), down + int(str(each.figure["denominator"])))
    alone = {(name, *key) for name, pack in rules().items() for key, metric in pack.metrics.items() if metric.is_count}
    rates = whole.keys() - alone
    assert {platform for platform, _, _ in rates} == {"kuaishou", "douyin", "taobao", "tmall", "jd"}
    assert {key: sums[key] for key in rates} == {key: whole[key] for key in rates}


def test_own_shops_are_no_benchmark(home: Home) -> None:
    """In a home of own shops the average is only "your shops"; the benchmark is the newest imported one not after T."""
    rows = [("kuaishou", "refusal_rate", "", "platform", "kuaishou", day, 30, 1, 50) for day in ("2024-05-01", "2024-05-20")]
    rows += [("kuaishou", "refusal_rate", "", "platform", "kuaishou", "2024-06-02", 30, 1, 2)]
    bring(home, {"benchmarks": table("platform,metric,variant,by,subject,date,days,numerator,denominator", *rows)})
    done = closed(home, T)
    set_scope(home, "own_shops")
    [alone] = beside(home, done, Filter(metric="refusal_rate", by="shop", subject="a", days=30))
    assert (alone.market, alone.benchmark) == (False, Fraction(1, 50))
    assert alone.imported == Imported(dt.date(2024, 5, 20), Fraction(1, 50))
    set_scope(home, "market")
    [among] = beside(home, done, Filter(metric="refusal_rate", by="shop", subject="a", days=30))
    assert among.benchmark == among.all_shops == alone.all_shops
    assert among.imported == alone.imported
