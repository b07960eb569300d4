"""What all figures have in common: KS-B01, KS-B09, KS-M29, with the reading rules 1, 10, 11 and 13."""

import datetime as dt
from decimal import Decimal
from functools import cache

import pytest

from tianping.metrics.figure import Figure
from tianping.work.trials.trial import figures

from .facts import (
    Counts,
    Facts,
    Row,
    T,
    case,
    counts,
    figure,
    message,
    order,
    parcel,
    play,
    product,
    rating,
    review,
    shop,
    video,
    view,
)

DRESSES = "Clothing/Women/Dresses"
PLAIN = (
    "quality_refund_rate", "product_quality_refund_rate", "negative_review_rate", "service_satisfaction",
    "service_dissatisfaction", "rating_participation", "attitude_dissatisfaction", "response_3min", "response_5min",
    "timely_shipment", "shipped_48h", "pickup_anomaly", "pickup_24h", "refund_only_time", "return_refund_time", "dispute_rate",
    "liable_dispute_rate", "refusal_rate", "aftersales_praise", "live_report_rate", "poor_video_share", "effective_play_rate",
    "product_rating", "review_count", "negative_review_count", "quality_refund_count",
)  # fmt: skip
VARIANTS = {"refund_only_time": "of_ended", "return_refund_time": "merchant_hands", "dispute_rate": "all_channels"}
METRICS = [(metric, "") for metric in PLAIN] + [*VARIANTS.items(), ("liable_dispute_rate", "of_ended")]
NO_PRODUCT = {
    "service_satisfaction", "service_dissatisfaction", "rating_participation", "attitude_dissatisfaction", "response_3min",
    "response_5min", "live_report_rate", "poor_video_share", "effective_play_rate",
}  # fmt: skip


def market() -> dict[str, list[Row]]:
    """Facts of S1 and its dress P1 that give every metric a count on the last day of its window."""
    orders = [order(f"o{day}", f"06-{day} 12:00", promised_ship_at="06-29 12:00") for day in (15, 16, 27, 29)]
    praised = case("c1", "o16", "06-16 12:00", rating=5, rated_at="06-17 12:00")
    settled = case(
        "c2", "o15", "06-16 12:00", ended_at="06-29 12:00", escalated_at=None, judged_at="06-29 12:00", liability="both"
    )
    sent_back = case("c3", "o27", "06-28 14:00", kind="return_refund", ended_at="06-29 12:00")
    disputed = case("c4", "o29", "06-29 13:00", answered_at="06-29 14:00", answer="refused", escalated_at="06-29 15:00")
    return {
        "products": [product("P1", DRESSES)],
        "orders": orders,
        "parcels": [
            parcel("p15", "o15", "06-15 13:00", signed_at="06-15 20:00"),
            parcel("p27", "o27", "06-28 13:00", collected_at="06-28 13:30"),
        ],
        "cases": [praised, settled, sent_back, disputed],
        "reviews": [review("r16", "o16", "06-18 12:00", (1, 1, 1)), review("r29", "o29", "06-29 12:00", (5, 5, 5))],
        "messages": [message("m1", "06-29 12:00")],
        "chat_ratings": [rating("g1", "06-29 12:30", "bad", reason="attitude")],
        "live_views": [view("w1", "06-29 12:00", 9)],
        "videos": [video("V1", 20, look_reviewed_at="06-29 12:00", look_grade="poor")],
        "video_plays": [play("a1", "06-29 12:00", 9)],
    }


@cache
def market_figures() -> list[Figure]:
    """Every figure of the market."""
    return figures(market(), date=T)


def paid(*paid_at: str, **more: object) -> dict[str, list[Row]]:
    """Orders o1, o2, … paid then: the denominator of dispute_rate."""
    return {"orders": [order(f"o{n}", at, **more) for n, at in enumerate(paid_at, start=1)]}


def subjects(facts: Facts, metric: str = "dispute_rate") -> set[tuple[str, str]]:
    """Every (by, subject) that has a figure over one day."""
    return {(one.by, one.subject) for one in figures(facts, date=T) if (one.metric, one.variant, one.days) == (metric, "", 1)}


@pytest.mark.spec("KS-B01")
@pytest.mark.spec("KS-B09")
@pytest.mark.parametrize(("days", "length"), [(1, 0), (7, 6), (30, 29)])
@pytest.mark.parametrize(
    ("last", "metric"),
    [
        (15, "quality_refund_rate"), (15, "product_quality_refund_rate"), (15, "quality_refund_count"),
        (16, "negative_review_rate"), (16, "review_count"), (16, "aftersales_praise"), (27, "shipped_48h"),
        (29, "dispute_rate"), (29, "response_3min"), (29, "product_rating"),
    ],
)  # fmt: skip
def test_a_figure_shows_the_days_it_means(last: int, metric: str, days: int, length: int) -> None:
    """Quality refunds end with T-15 (30 days: from 17 May), reviews with T-14, shipping with T-3, the rest with T-1."""
    found = figure(metric, market(), days=days)
    assert found is not None
    last_day = dt.date(2024, 6, last)
    assert (found.date, found.first_day, found.last_day) == (T, last_day - dt.timedelta(days=length), last_day)


@pytest.mark.spec("KS-B09")
@pytest.mark.parametrize(
    ("date", "denominator"),
    [(dt.date(2024, 6, 29), 2), (T, 3), (dt.date(2024, 7, 1), 2), (dt.date(2024, 7, 29), 1), (dt.date(2024, 7, 30), 0)],
)
def test_the_last_thirty_days_move_with_every_day(date: dt.date, denominator: int) -> None:
    """Orders of 31 May, 15 June and 29 June: each day's figure is of the thirty days before it."""
    facts = paid("05-31 00:00:00", "06-15 12:00:00", "06-29 23:59:59")
    assert counts("dispute_rate", facts, days=30, date=date) == (0, denominator)


@pytest.mark.spec("KS-M29")
def test_counts_equal_the_rates_numerators_and_denominators() -> None:
    """Three first reviews, two of them negative, and one quality refund among two signed orders."""
    orders = [order(f"o{n}", "06-16 12:00") for n in (1, 2, 3)] + [order(f"o{n}", "06-15 12:00") for n in (4, 5)]
    reviews = [review(f"r{n}", f"o{n}", "06-20 12:00", (score,) * 3) for n, score in ((1, 1), (2, 2), (3, 3))]
    parcels = [parcel(f"p{n}", f"o{n}", "06-15 12:00", signed_at="06-18 12:00") for n in (4, 5)]
    facts = {"orders": orders, "reviews": reviews, "parcels": parcels, "cases": [case("c1", "o4", "06-20 12:00")]}
    found = [counts(name, facts) for name in ("review_count", "negative_review_count", "quality_refund_count")]
    assert found == [(3, 1), (2, 1), (1, 1)]


@pytest.mark.spec("KS-M29")
@pytest.mark.parametrize(
    ("metric", "days", "count"),
    [
        ("review_count", 1, 0), ("review_count", 7, 1), ("negative_review_count", 1, 0), ("negative_review_count", 7, 1),
        ("quality_refund_count", 1, 0), ("quality_refund_count", 7, 0),
    ],
)  # fmt: skip
def test_counts_have_the_windows_and_exclusions_of_the_rates(metric: str, days: int, count: int) -> None:
    """Paid on 12 June, reviewed badly, refunded for quality, never signed; the order of another channel is not counted."""
    orders = [order("o1", "06-12 12:00"), order("o2", "06-12 12:00", channel="other")]
    reviews = [review("r1", "o1", "06-20 12:00", (1, 1, 1)), review("r2", "o2", "06-20 12:00", (1, 1, 1))]
    facts = {"orders": orders, "reviews": reviews, "cases": [case("c1", "o1", "06-13 12:00")]}
    assert counts(metric, facts, days=days)[0] == count


@pytest.mark.spec("KS-M20")
@pytest.mark.parametrize(
    ("paid_at", "denominator"),
    [("06-29 00:00:00", 1), ("06-29 23:59:59", 1), ("06-28 23:59:59", 0), ("06-30 00:00:00", 0)],
)
@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York", "Pacific/Auckland", None])
def test_rule_1_days_are_of_the_shops_zone(zone: str | None, paid_at: str, denominator: int) -> None:
    """29 June begins and T strikes at the shop's own midnight; without a zone it is Shanghai's."""
    assert counts("dispute_rate", paid(paid_at) | {"shops": [shop(timezone=zone)]}) == (0, denominator)


@pytest.mark.spec("KS-M25")
@pytest.mark.spec("KS-M27")
@pytest.mark.parametrize(
    ("at", "seen"), [("06-29 00:00:00", 1), ("06-29 23:59:59", 1), ("06-28 23:59:59", 0), ("06-30 00:00:00", 0)]
)
def test_rule_1_views_and_plays_have_the_shops_days_too(at: str, seen: int) -> None:
    """A play has no shop of its own: its video's shop gives the zone."""
    facts = {"shops": [shop(timezone="America/New_York")], "videos": [video("V1")], "video_plays": [play("a1", at, 9)]}
    assert counts("effective_play_rate", facts) == (seen, seen)
    assert counts("live_report_rate", facts | {"live_views": [view("w1", at, 9)]}) == (0, seen)


@pytest.mark.spec("KS-M20")
def test_rule_1_a_platform_sums_over_shops_of_several_zones() -> None:
    """29 June of Shanghai and 29 June of New York are one day of the platform."""
    orders = [order("o1", "06-29 00:00:00"), order("o2", "06-29 23:59:59", shop_id="S2")]
    facts = {"shops": [shop(), shop("S2", timezone="America/New_York")], "orders": orders}
    assert counts("dispute_rate", facts, by="platform", subject="kuaishou") == (0, 2)


@pytest.mark.spec("KS-B01")
@pytest.mark.parametrize(("metric", "variant"), METRICS)
def test_rule_10_every_metric_has_1_7_and_30_days(metric: str, variant: str) -> None:
    """Each metric and variant, by shop and by platform; sixty days where the row names them."""
    found = {(one.by, one.days) for one in market_figures() if (one.metric, one.variant) == (metric, variant)}
    named = {60} if metric in ("quality_refund_rate", "product_rating") else set()
    assert found >= {(by, days) for by in ("shop", "platform") for days in {1, 7, 30} | named}


@pytest.mark.spec("KS-M20")
def test_rule_10_other_numbers_of_days_can_be_asked_for() -> None:
    """Fourteen days up to T-1 begin with 16 June."""
    asked = figures(paid("06-16 00:00:00", "06-15 23:59:59"), date=T, days=(14,))
    found = [one for one in asked if (one.metric, one.variant, one.by, one.days) == ("dispute_rate", "", "shop", 14)]
    assert [(one.first_day, one.denominator) for one in found] == [(dt.date(2024, 6, 16), 1)]


@pytest.mark.spec("KS-M20")
@pytest.mark.parametrize("platform", ["douyin", "taobao", "tmall", "jd"])
def test_rule_10_a_pack_is_for_the_shops_of_its_platform(platform: str) -> None:
    """A shop of another platform has no figure here and no part in the platform's."""
    orders = [order("o1", "06-29 12:00"), order("o2", "06-29 12:00", shop_id="S2")]
    facts = {"shops": [shop(), shop("S2", platform=platform)], "orders": orders}
    assert counts("dispute_rate", facts, subject="S2") == (0, 0)
    assert counts("dispute_rate", facts, by="platform", subject="kuaishou") == (0, 1)


@pytest.mark.spec("KS-M01")
@pytest.mark.spec("KS-M15")
@pytest.mark.spec("KS-M20")
@pytest.mark.spec("KS-M28")
@pytest.mark.parametrize(("metric", "variant"), METRICS)
def test_rule_11_subjects_of_every_metric(metric: str, variant: str) -> None:
    """Categories by their path; chats, live rooms and videos have none."""
    broad = {("platform", "kuaishou"), ("shop", "S1")}
    paths = ("Clothing", "Clothing/Women", DRESSES)
    fine = {
        (f"{of}category_l{n}", f"{shop_id}{path}")
        for n, path in enumerate(paths, 1)
        for of, shop_id in (("", ""), ("shop_", "S1/"))
    }
    found = {(one.by, one.subject) for one in market_figures() if (one.metric, one.variant, one.days) == (metric, variant, 1)}
    assert found == (broad if metric in NO_PRODUCT else broad | fine | {("product", "P1")})


@pytest.mark.spec("KS-M01")
def test_rule_11_equal_names_on_different_branches_stay_apart() -> None:
    """Women's dresses and girls' dresses are two categories of level 3, and one of level 1."""
    goods = [product("P1", DRESSES), product("P2", "Clothing/Girls/Dresses")]
    orders = [order("o1", "06-29 12:00"), *(order(f"o{n}", "06-29 12:00", product_id="P2") for n in (2, 3))]
    facts = {"products": goods, "orders": orders}
    wanted = [("category_l3", DRESSES), ("category_l3", "Clothing/Girls/Dresses"), ("category_l1", "Clothing")]
    assert [counts("dispute_rate", facts, by=by, subject=subject)[1] for by, subject in wanted] == [1, 2, 3]


@pytest.mark.spec("KS-M20")
@pytest.mark.parametrize(
    ("path", "levels"),
    [("", set()), ("Clothing", {("category_l1", "Clothing"), ("shop_category_l1", "S1/Clothing")})],
)
def test_rule_11_without_a_category_there_is_product_shop_and_platform(path: str, levels: set[tuple[str, str]]) -> None:
    """No figure for a category that is not known; what is known of the path counts."""
    found = subjects(paid("06-29 12:00") | {"products": [product("P1", path)]})
    assert found == levels | {("platform", "kuaishou"), ("shop", "S1"), ("product", "P1")}


@pytest.mark.spec("KS-M20")
def test_rule_11_the_shop_is_the_orders() -> None:
    """The product is listed for S2, the order is S1's: the figure is S1's."""
    found = subjects(paid("06-29 12:00") | {"products": [product("P1", "Clothing", shop_id="S2")]})
    assert {subject for by, subject in found if by.startswith("shop")} == {"S1", "S1/Clothing"}


@pytest.mark.spec("KS-M20")
@pytest.mark.parametrize(
    ("by", "subject", "expected"),
    [
        ("platform", "kuaishou", (1, 4)), ("category_l1", "Clothing", (1, 4)), ("shop", "S1", (1, 1)), ("shop", "S2", (0, 3)),
        ("shop_category_l1", "S1/Clothing", (1, 1)), ("shop_category_l1", "S2/Clothing", (0, 3)),
    ],
)  # fmt: skip
def test_larger_subjects_are_ratios_of_sums(by: str, subject: str, expected: Counts) -> None:
    """Shops with 1/1 and 0/3 make a platform of 1/4, not of 1/2."""
    orders = [order("o1", "06-29 12:00"), *(order(f"o{n}", "06-29 12:00", shop_id="S2", product_id="P2") for n in (2, 3, 4))]
    goods = [product("P1", "Clothing"), product("P2", "Clothing", shop_id="S2")]
    facts = {"orders": orders, "products": goods, "cases": [case("c1", "o1", "06-29 12:00", escalated_at="06-29 13:00")]}
    assert counts("dispute_rate", facts, by=by, subject=subject) == expected


@pytest.mark.spec("KS-M20")
@pytest.mark.parametrize(("escalated", "value"), [(1, "0.007812"), (3, "0.023438")])
def test_values_are_rounded_half_even(escalated: int, value: str) -> None:
    """1/128 = 0.0078125 and 3/128 = 0.0234375: both halves go to the even neighbour."""
    cases = [case(f"c{n}", f"o{n}", "06-29 12:00", escalated_at="06-29 13:00") for n in range(1, escalated + 1)]
    found = figure("dispute_rate", paid(*["06-29 12:00"] * 128) | {"cases": cases})
    assert found is not None
    assert found.value == Decimal(value)


@pytest.mark.spec("KS-M01")
@pytest.mark.spec("KS-M20")
def test_rule_11_nothing_over_nothing_is_never_zero() -> None:
    """An order of May only: no figure of its day has a value."""
    found = [one for one in figures(paid("05-01 12:00"), date=T) if one.days == 1 and one.denominator == 0]
    assert {(one.value, one.status) for one in found} <= {(None, "undefined")}
    assert counts("quality_refund_rate", paid("05-01 12:00")) == counts("dispute_rate", paid("05-01 12:00")) == (0, 0)


@pytest.mark.spec("KS-M20")
@pytest.mark.spec("KS-M13")
@pytest.mark.parametrize("whose", [{"shop_id": "S1"}, {"order_id": "o1"}, {"region": "Henan"}])
def test_rule_13_exemptions_do_not_change_a_metric(whose: Row) -> None:
    """An approved exemption acts on the scores; the metric stays as measured."""
    exempt: Row = {"exemption_id": "e1", "from": dt.date(2024, 6, 1), "to": dt.date(2024, 6, 30), "approved": True} | whose
    facts = paid("06-29 09:00", region="Henan", promised_ship_at="06-29 12:00")
    facts |= {"exemptions": [exempt], "cases": [case("c1", "o1", "06-29 13:00", escalated_at="06-29 14:00")]}
    assert [counts("dispute_rate", facts), counts("timely_shipment", facts)] == [(1, 1), (0, 1)]
