"""Violations of Kuaishou's products, reviews and papers as the pack says them, each line with its two sides: KS-V01 to V05,
V14 to V16."""

import datetime as dt
from collections.abc import Mapping
from fractions import Fraction

import duckdb
import pytest

from assess.crowd import (
    MONDAY,
    PATHS,
    PRODUCT,
    SHOP,
    TUESDAY,
    Crowd,
    Past,
    found_in,
    severities,
    shipped,
    shop_figures,
)
from tianping.assess.finding import Seen, Subject, Whole
from tianping.assess.violation import Earlier, find, settle, table_of
from tianping.policy.judging import Severity
from tianping.policy.load import packs

QUALITY, REVIEWS = "product_quality_refund_rate", "negative_review_rate"
Counts = tuple[int, int]
Given = Mapping[tuple[str, int], Counts]


def goods(*each: Counts, shop: Counts = (10, 100), platform: int = 10, category: int = 4) -> tuple[Crowd, list[Subject]]:
    """Products P01, P02, … of S1 by their counts of 7 days; the platform's and the category's rates in per cent."""
    products = [PRODUCT._replace(product=f"P{n:02}") for n in range(1, len(each) + 1)]
    seen = {(QUALITY, "product", one.product, 7): Seen(*pair) for one, pair in zip(products, each, strict=True)}
    wholes = {
        (QUALITY, "category_l3", PATHS[2], 7): Whole(Fraction(category, 100)),
        (QUALITY, "platform", "kuaishou", 7): Whole(Fraction(platform, 100)),
    }
    return Crowd(seen | {(QUALITY, "shop", "S1", 7): Seen(*shop)}, wholes), products


def anomaly(refunds: int, orders: int, *, shop: Counts = (10, 100), date: dt.date = TUESDAY) -> list[Severity]:
    """What one product's refunds are, where its category has 4 % and the platform 10 %."""
    figures, products = goods((refunds, orders), shop=shop)
    return severities(found_in("quality_anomaly", figures, *products, date=date))


@pytest.mark.spec("KS-V01")
@pytest.mark.parametrize(
    ("refunds", "orders", "expected"),
    [
        (10, 125, ["minor"]), (10, 126, []), (9, 45, []), (10, 51, ["minor"]), (10, 50, ["serious"]), (40, 101, ["serious"]),
        (40, 100, ["especially_serious"]), (9, 9, []), (100, 100, ["especially_serious"]),
    ],
)  # fmt: skip
def test_a_product_against_its_category(refunds: int, orders: int, expected: list[Severity]) -> None:
    """2, 5 and 10 times 4 %, exactly: 10 of 125 is twice, 10 of 126 is less; nine refunds are too few, however bad."""
    assert anomaly(refunds, orders) == expected


@pytest.mark.spec("KS-V01")
def test_a_product_is_held_against_level_three_over_seven_days() -> None:
    """Neither the category above nor another period decides; without the category's rate nothing is said."""
    figures, products = goods((10, 125))
    above = {
        (QUALITY, "category_l2", PATHS[1], 7): Whole(Fraction(1, 1000)),
        (QUALITY, "category_l3", PATHS[2], 30): Whole(Fraction(1, 1000)),
    }
    month = Crowd({(QUALITY, "product", "P01", 30): Seen(40, 50)}, figures.wholes)
    assert found_in("quality_anomaly", Crowd(figures.seen, above), *products, date=TUESDAY) == []
    assert found_in("quality_anomaly", month, *products, date=TUESDAY) == []


@pytest.mark.spec("KS-V02")
@pytest.mark.parametrize(
    ("shop", "expected"),
    [
        ((1300, 10_000), [("minor", False), ("serious", False), ("especially_serious", False)]),
        ((1301, 10_000), [("serious", True), ("especially_serious", True), ("especially_serious", True)]),
        ((700, 10_000), [("minor", False), ("serious", False), ("especially_serious", False)]),
        ((699, 10_000), [("minor", False), ("serious", False)]),
    ],
)
def test_the_shops_own_rate_moves_it(shop: Counts, expected: list[tuple[Severity, bool]]) -> None:
    """The platform has 10 %: above 13 % a step up and at once, below 7 % one down, below minor none; at 13 % and 7 % nothing.
    The products are at 2, 5 and 10 times their category."""
    each = [goods((10, orders), shop=shop) for orders in (125, 50, 25)]
    found = [one for figures, products in each for one in found_in("quality_anomaly", figures, *products, date=TUESDAY)]
    assert [(one.severity, one.immediate) for one in found] == expected


TEN = [(10, 1000 + n) for n in range(10)]


@pytest.mark.spec("KS-V03")
@pytest.mark.parametrize(
    ("each", "found"),
    [
        (TEN, ["P01"]), (TEN[1:], []), ([*TEN[1:], (9, 9)], []), ([(10, 1001), *TEN[1:]], ["P01"]),
        ([(11, 1100), (10, 1000), *TEN[2:]], ["P01"]), ([(10, 1000), (11, 1100), *TEN[2:]], ["P02"]),
        (TEN + [(12, 3000)] * 9, ["P01"]), (TEN + [(12, 3000)] * 10, ["P01", "P02"]),
    ],
)  # fmt: skip
def test_the_weekly_tail(each: list[Counts], found: list[str]) -> None:
    """Of those with ten refunds: one of ten to nineteen, two of twenty, none of nine. Ties: more refunds, then the smaller id.
    All are far below twice their category."""
    figures, products = goods(*each)
    tail = found_in("quality_anomaly", figures, *products, date=MONDAY)
    assert [(one.id, one.severity, one.trigger.name) for one in tail] == [(name, "minor", "weekly_tail") for name in found]
    assert found_in("quality_anomaly", figures, *products, date=TUESDAY) == []


@pytest.mark.spec("KS-V03")
def test_the_tail_knows_no_category_and_no_shift() -> None:
    """Good for its category and its shop below 0.7 times the platform: still the worst of the week."""
    figures, products = goods(*TEN, shop=(1, 100), category=90)
    assert [one.id for one in found_in("quality_anomaly", figures, *products, date=MONDAY)] == ["P01"]


@pytest.mark.spec("KS-V03")
def test_the_tail_is_minor_unless_the_category_gave_more() -> None:
    """The worst is five times its category: serious stands, and the tail stays beside it."""
    figures, products = goods((10, 50), *TEN[1:])
    (found,) = found_in("quality_anomaly", figures, *products, date=MONDAY)
    assert (found.severity, found.trigger.name) == ("serious", "category")
    assert [other.trigger.name for other in found.others] == ["weekly_tail"]


@pytest.mark.spec("KS-V04")
@pytest.mark.parametrize(
    ("category", "table"),
    [
        ("家纺布艺", "sensory_quality"), ("服饰", "sensory_quality"), ("鞋靴箱包", "sensory_quality"),
        ("帽子", "sensory_quality"),
        ("美妆护肤", "physical_performance"), ("家庭清洁", "physical_performance"), ("家居日用", "physical_performance"),
        ("食品生鲜", "quality_metric_anomaly"), ("数码家电", "quality_metric_anomaly"), ("", "quality_metric_anomaly"),
    ],
)  # fmt: skip
def test_the_kind_of_failure_is_the_categorys(category: str, table: str) -> None:
    """By the level-1 category."""
    paths = (category, f"{category}/a", f"{category}/a/b") if category else ("", "", "")
    assert table_of(shipped("quality_anomaly"), PRODUCT._replace(categories=paths)) == table


def reviews(day: Counts, week: Counts = (0, 0), date: dt.date = TUESDAY) -> list[Severity]:
    """A shop's negative reviews of 1 and 7 days; the platform has 2 %."""
    means = {(REVIEWS, days): Fraction(2, 100) for days in (1, 7)}
    return severities(found_in("negative_reviews", shop_figures({(REVIEWS, 1): day, (REVIEWS, 7): week}, means), date=date))


@pytest.mark.spec("KS-V05")
@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ((11, 275), ["minor"]), ((11, 276), []), ((10, 50), []), ((11, 110), ["serious"]), ((11, 111), ["minor"]),
        ((11, 55), ["especially_serious"]), ((11, 56), ["serious"]), ((10, 10), []),
    ],
)  # fmt: skip
def test_negative_reviews_of_a_day(day: Counts, expected: list[Severity]) -> None:
    """2, 5 and 10 times 2 %, with more than ten: eleven are needed."""
    assert reviews(day) == expected


@pytest.mark.spec("KS-V05")
@pytest.mark.parametrize(
    ("week", "expected"),
    [
        ((11, 275), ["minor"]),
        ((11, 276), []),
        ((11, 110), ["serious"]),
        ((11, 55), ["serious"]),
        ((11, 11), ["serious"]),
        ((10, 10), []),
    ],
)
def test_negative_reviews_of_a_week(week: Counts, expected: list[Severity]) -> None:
    """Mondays again at 2 and 5 times, and no worse; not on Tuesdays."""
    assert reviews((0, 9), week, MONDAY) == expected
    assert reviews((0, 9), week, TUESDAY) == []


@pytest.mark.spec("KS-V05")
def test_a_person_reads_the_texts_first() -> None:
    """Proposed until labelled; the worse of day and week stands."""
    kind = shipped("negative_reviews")
    assert (kind.read_first, kind.confirm, kind.subject, kind.table) == (True, "person", "shop", "negative_reviews")
    assert reviews((11, 55), (11, 110), MONDAY) == ["especially_serious"]
    assert reviews((11, 275), (11, 110), MONDAY) == ["serious"]


def said(formula: str, row: Mapping[str, object]) -> bool | None:
    """What a formula says of one row."""
    names = ", ".join(f"? {name}" for name in row)
    rows = duckdb.execute(f"select {formula} from (select {names})", list(row.values())).fetchall()
    return rows[0][0]  # type: ignore[no-any-return]


@pytest.mark.spec("KS-V14")
def test_qualification_papers_are_entered_by_a_person() -> None:
    kind = shipped("qualification")
    assert (kind.by_hand, kind.triggers, kind.table) == (True, (), "qualification")


@pytest.mark.spec("KS-V15")
@pytest.mark.parametrize("missing", ["manager", "service", "shipping", "return", None])
def test_one_missing_phone_number_is_enough(missing: str | None) -> None:
    """Looked at every day, and proposed."""
    kind = shipped("contact_numbers")
    rows = kind.triggers[0].rows
    assert rows is not None
    columns = {f"phone_{each}": None if each == missing else "1" for each in ("manager", "service", "shipping", "return")}
    row = said(rows.when, columns)
    assert row is (missing is not None)
    found = list(find("contact_numbers", kind, TUESDAY, [SHOP], Crowd(), {"missing": [SHOP] if row else []}))
    assert [(each.severity, each.table, each.needs_person) for each in found] == [("minor", "contact_numbers", True)] * (
        missing is not None
    )


@pytest.mark.spec("KS-V16")
@pytest.mark.parametrize(
    "name", ["quality_anomaly", "negative_reviews", "shipping_below_line", "late_shipment", "fake_shipment"]
)
def test_repeats_raise_quality_reviews_and_shipping(name: str) -> None:
    repeats = shipped(name).repeats
    assert repeats is not None
    assert (repeats.days, repeats.up_to) == (365, "especially_serious")


@pytest.mark.spec("KS-V16")
@pytest.mark.parametrize(
    "name", ["low_satisfaction", "bad_attitude", "slow_response", "slow_refunds", "liable_disputes", "liable_disputes_severe"]
)
def test_the_other_tables_count_instead(name: str) -> None:
    assert shipped(name).repeats is None


@pytest.mark.spec("KS-V16")
@pytest.mark.parametrize(
    ("ago", "severity"),
    [
        ([], "minor"),
        ([8], "serious"),
        ([365], "serious"),
        ([366], "minor"),
        ([8, 20], "especially_serious"),
        ([8, 20, 40], "especially_serious"),
    ],
)
def test_each_confirmed_repeat_is_a_step(ago: list[int], severity: Severity) -> None:
    """In 365 days, whatever their own severity; never to extremely serious."""
    figures, products = goods((10, 125))
    (found,) = found_in("quality_anomaly", figures, *products, date=TUESDAY)
    past = Past([Earlier(n, "extremely_serious", TUESDAY - dt.timedelta(days=days)) for n, days in enumerate(ago)])
    settled = settle(found, shipped("quality_anomaly"), past)
    assert settled is not None
    assert settled.severity == severity


def test_every_table_named_is_there() -> None:
    """Of all packs."""
    for pack in packs().values():
        versions = [version for one in pack.judging.violations.values() for version in one.versions]
        tables = {version.table for version in versions} | {each.table for version in versions for each in version.tables}
        assert tables - {None} <= set(pack.judging.penalties)
