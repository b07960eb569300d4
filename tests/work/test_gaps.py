"""What is missing, and which export fills it."""

import datetime as dt
from pathlib import Path

import pytest

from tianping.periods import Period
from tianping.work.home import Home, open_home
from tianping.work.intake import exports, gaps, samples
from tianping.work.people.reach import EVERYTHING, Reach

from .homes import bring, rules, table

DATE = dt.date(2024, 5, 11)
DAYS = Period(dt.date(2024, 5, 1), dt.date(2024, 5, 10))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A Kuaishou shop with orders of two spans and nothing else; one of no platform."""
    made = open_home(tmp_path_factory.mktemp("gaps") / "home", create=True)
    columns = "order_id,shop_id,product_id,created_at"
    bring(made, {"shops": table("shop_id,platform,name", ("S1", "kuaishou", "one"))})
    bring(
        made, {"orders": table(columns, ("O1", "S1", "P1", "2024-05-01 10:00"), ("O2", "S1", "P1", "2024-05-03 10:00"))}, hour=1
    )
    bring(
        made, {"orders": table(columns, ("O3", "S1", "P1", "2024-05-06 10:00"), ("O4", "S1", "P1", "2024-05-20 10:00"))}, hour=2
    )
    bring(made, {"orders": table(columns, ("O5", "S2", "P1", "2024-05-06 10:00"))}, hour=3)
    return made


def test_missing_days_lie_between_what_is_covered(home: Home) -> None:
    """Days before, between and after; spans that touch are one."""
    [shelf] = gaps.shelves(home, rules(), gaps.shops(home, Reach(frozenset({"S1"}))), DAYS)
    orders = next(held for held in shelf.tables if held.table == "orders")
    assert orders.missing == (Period(dt.date(2024, 5, 4), dt.date(2024, 5, 5)),)
    assert (orders.missing_days, orders.ever, orders.needed, orders.wanting) == (2, True, True, True)


def test_a_gap_names_the_export_that_fills_it(home: Home) -> None:
    """Of the shop's own platform; tables never supplied count from the first day on."""
    found = {gap.table: gap for gap in gaps.gaps(home, rules(), EVERYTHING, DATE, days=10) if gap.shop.id == "S1"}
    assert [one.mapping for one in found["cases"].exports] == ["kuaishou_aftersales"]
    assert (found["cases"].ever, found["cases"].missing_days) == (False, 10)
    assert "shops" not in found


def test_a_shop_of_no_platform_needs_nothing_yet(home: Home) -> None:
    """It is listed, with what it has."""
    shop = next(one for one in gaps.shops(home, EVERYTHING) if one.id == "S2")
    [shelf] = gaps.shelves(home, rules(), [shop], DAYS)
    assert shop.platform == ""
    assert [held.table for held in shelf.tables] == ["orders"]
    assert shelf.wanting == []


def test_every_export_says_where_it_is() -> None:
    """Each has its menu (assumed) or none is known, and a sample that is there; menus name only mappings that exist."""
    found = {one.mapping: one for one in exports.exports()}
    assert set(exports.MENUS) <= set(found)
    assert all(one.menu or one.mapping == "reviews" for one in found.values())
    assert all(samples.sample(one.mapping).is_file() for one in found.values() if one.sample)
    assert {one.mapping for one in exports.of_platform("tmall")} == {name for name in found if name.startswith("taobao")}


def test_the_day_after_the_last_is_closed_next(home: Home, tmp_path: Path) -> None:
    """Of what is within reach; of an empty home, none."""
    assert gaps.last_day(home, Reach(frozenset({"S2"}))) == dt.date(2024, 5, 6)
    assert gaps.last_day(home, EVERYTHING) == dt.date(2024, 5, 20)
    assert gaps.last_day(open_home(tmp_path / "empty", create=True), EVERYTHING) is None
