"""Product analysis: which products answer, in which order, and their figures."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from tianping.errors import NotFound
from tianping.work.closing.closed import find
from tianping.work.figures import goods
from tianping.work.figures.boards import look
from tianping.work.figures.goods import Goods
from tianping.work.figures.goodsql import Bound, Order, Part, Selection
from tianping.work.home import Home
from tianping.work.people.reach import EVERYTHING, Reach

from .homes import bring, closed, rules, table
from .wares import COUNT, RATE, T, wares

NAMED = Order("id", down=False)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return wares(tmp_path_factory.mktemp("wares") / "home")


@pytest.fixture
def view(home: Home) -> Callable[..., Goods]:
    def make(*shops: str) -> Goods:
        reach = Reach(frozenset(shops)) if shops else EVERYTHING
        return goods.goods(look(home, rules(), find(home, T), reach), rules()["kuaishou"])

    return make


def ids(seen: Goods, order: Order = NAMED, *bounds: Bound, **words: str) -> list[str]:
    found = goods.find(seen, Selection("kuaishou", 30, order, bounds, **words))
    assert found.total == len(found.products)
    return [each.id for each in found.products]


def bound(part: Part, low: Fraction | int | None, high: Fraction | int | None = None, key: tuple[str, str] = RATE) -> Bound:
    return Bound(key, part, *(None if end is None else Fraction(end) for end in (low, high)))


@pytest.mark.spec("KS-B04")
@pytest.mark.parametrize(
    ("limits", "left"),
    [
        (bound("value", Fraction(1, 4)), ["P1", "P3", "P9"]),  # 1/4 itself answers
        (bound("value", None, Fraction(1, 4)), ["P2", "P3"]),  # 0/0 is not 0: P4 has no rate
        (bound("value", Fraction(25, 100), Fraction(3, 8)), ["P1", "P3"]),
        (bound("value", Fraction(375001, 10**6)), ["P9"]),  # 3/8 is not rounded up
        (bound("numerator", 1, 1), ["P3", "P9"]),
        (bound("numerator", None, 0), ["P2", "P4"]),  # nothing counted is a count of 0
        (bound("denominator", 8), ["P1"]),
        (bound("value", None, 0, COUNT), ["P2", "P4"]),
        (bound("value", 2, None, COUNT), ["P1"]),
    ],
)
def test_products_within_bounds(view: Callable[..., Goods], limits: Bound, left: list[str]) -> None:
    """Exactly, both ends counted, on value, numerator or denominator."""
    assert ids(view(), NAMED, limits) == left


@pytest.mark.spec("KS-B04")
@pytest.mark.parametrize(
    ("order", "ranked"),
    [
        (Order(RATE, "value", down=True), ["P9", "P1", "P3", "P2", "P4"]),
        (Order(RATE, "value", down=False), ["P2", "P3", "P1", "P9", "P4"]),  # without a value last either way
        (Order(RATE, "numerator", down=True), ["P1", "P3", "P9", "P2", "P4"]),  # of equal ones the greater denominator
        (Order("title", down=False), ["P9", "P2", "P3", "P4", "P1"]),
        (Order("shop", down=True), ["P3", "P1", "P2", "P4", "P9"]),
    ],
)
def test_products_in_order(view: Callable[..., Goods], order: Order, ranked: list[str]) -> None:
    assert ids(view(), order) == ranked


@pytest.mark.spec("KS-B04")
def test_products_by_words(view: Callable[..., Goods]) -> None:
    """A path means all below it, not what begins alike; a shop's id is that shop, else a part of a name."""
    assert ids(view(), category="服饰/女装") == ["P1", "P2", "P3"]
    assert ids(view(), category="服饰/女") == []
    assert ids(view(), text="裙") == ["P1", "P2", "P3"]
    assert ids(view(), text="p9") == ["P9"]
    assert (ids(view(), shop="S2"), ids(view(), shop="二号"), ids(view(), shop="S")) == (["P3"], ["P3"], [])
    assert ids(view(), text="%") == []


@pytest.mark.spec("KS-B04")
def test_no_product_of_another_shop(home: Home, view: Callable[..., Goods]) -> None:
    """Neither listed, nor counted, nor found by id; a category's benchmark is everybody's in a market."""
    limited = view("S1")
    assert ids(limited) == ["P1", "P2", "P4", "P9"]
    assert ids(limited, shop="S2") == []
    assert "别家裙子" not in str(list(goods.every(limited, Selection("kuaishou", 30, NAMED), [RATE])))
    for name in ("P3", "P0"):
        with pytest.raises(NotFound, match=f'^there is no product "{name}" here$'):
            goods.product(home, find(home, T).seq, name, Reach(frozenset({"S1"})))
    [cell] = goods.cells(limited, goods.find(limited, Selection("kuaishou", 30, NAMED)).products[:1], [RATE], 30)["P1"]
    assert (cell.value, cell.benchmark) == (Fraction(3, 8), Fraction(4, 12))


def test_a_product_that_only_orders_name(home: Home) -> None:
    """It is its order's shop's, without title and category."""
    found, platform = goods.product(home, find(home, T).seq, "P9", Reach(frozenset({"S1"})))
    assert (found.shop, found.title, found.path, platform) == ("S1", "", "", "kuaishou")


def test_cells_where_nothing_was_counted(view: Callable[..., Goods]) -> None:
    """A rate is undefined, a count 0."""
    seen = view()
    products = goods.find(seen, Selection("kuaishou", 30, NAMED, text="P4")).products
    rate, count = goods.cells(seen, products, [RATE, COUNT], 30)["P4"]
    assert (rate.value, rate.status, rate.figure["last_day"].isoformat()) == (None, "undefined", "2024-06-15")  # type: ignore[attr-defined]
    assert (count.value, count.status) == (Fraction(0), "ok")


@pytest.mark.spec("KS-B04")
def test_a_download_is_the_whole_selection(view: Callable[..., Goods]) -> None:
    rows = list(goods.every(view(), Selection("kuaishou", 30, Order(RATE, "value", down=True)), [RATE, COUNT]))
    told = [(row["product_id"], row["numerator_0"], row["denominator_0"], str(row["value_0"]), row["status_0"]) for row in rows]
    assert told[1] == ("P1", 3, 8, "0.375000", "too_few")
    assert told[-1] == ("P4", 0, 0, "None", "undefined")
    assert [row["value_1"] for row in rows] == [1, 3, 1, 0, 0]


def test_pages(view: Callable[..., Goods]) -> None:
    """A page after the end is empty, and the number of products stays known."""
    wanted = Selection("kuaishou", 30, NAMED)
    found = goods.find(view(), wanted, skip=3, take=3)
    assert (found.total, [each.id for each in found.products]) == (5, ["P4", "P9"])
    assert goods.find(view(), wanted, skip=50) == (5, ())


def test_a_metric_without_products(view: Callable[..., Goods]) -> None:
    with pytest.raises(NotFound, match="response_3min has no figures by product"):
        goods.find(view(), Selection("kuaishou", 30, Order(("response_3min", ""))))


def test_shops_whose_data_lack(tmp_path: Path) -> None:
    """Nothing counted is not 0 where the orders were never supplied: such products answer no bound, and say why."""
    home = wares(tmp_path / "home")
    bring(
        home,
        {
            "shops": table("shop_id,platform", ("S3", "kuaishou")),
            "products": table("product_id,shop_id,title", ("P7", "S3", "没有数据")),
        },
        hour=1,
    )
    seen = goods.goods(look(home, rules(), closed(home, T, hour=10)), rules()["kuaishou"])
    assert ids(seen, NAMED, bound("numerator", None, 0)) == ["P2", "P4"]
    [product] = goods.find(seen, Selection("kuaishou", 30, NAMED, text="P7")).products
    [cell] = goods.cells(seen, [product], [COUNT], 30)["P7"]
    assert (cell.value, cell.status) == (None, "no_data")
    assert cell.figure["why"]
