"""The oracle itself, by examples small enough to reckon by hand; and what the markets hit."""

import datetime as dt
from collections import Counter
from typing import Any

import pytest

from .kuaishou import METRICS, figures
from .markets import Row, seeded

T = dt.date(2024, 3, 31)


def order(**more: Any) -> Row:
    """A self-built order of shop S and product P, paid at noon of T-15 and signed four days later."""
    return {
        "order_id": "O1",
        "shop_id": "S",
        "product_id": "P",
        "channel": "self_built",
        "created_at": "2024-03-16 12:00:00",
        "paid_at": "2024-03-16 12:00:00",
        **more,
    }


def parcel(**more: Any) -> Row:
    return {"parcel_id": "K1", "order_id": "O1", "direction": "out", "shipped_at": "2024-03-17 12:00:00", **more}


def case(**more: Any) -> Row:
    usual = {
        "case_id": "C1",
        "order_id": "O1",
        "kind": "refund_only",
        "reason": "quality",
        "requested_at": "2024-03-20 00:00:00",
    }
    return {**usual, **more}


def message(number: int, at: str, sender: str = "buyer") -> Row:
    return {"message_id": f"M{number}", "shop_id": "S", "buyer_id": "B", "sent_at": at, "sender": sender}


def of_shop(
    facts: dict[str, list[Row]], metric: str, variant: str = "", *, days: int = 1, date: dt.date = T
) -> tuple[int, int]:
    return figures(facts, date=date, days=(days,)).get((metric, variant, "shop", "S", days), (0, 0))


@pytest.mark.parametrize(
    ("signed", "requested", "expected"),
    [
        ("2024-03-30 12:00:00", "2024-03-30 12:00:00", (1, 1)),
        ("2024-03-30 12:00:00", "2024-03-30 12:00:01", (0, 1)),
        ("2024-03-30 12:00:01", "2024-03-20 12:00:00", (0, 0)),
        (None, "2024-03-20 12:00:00", (0, 0)),
    ],
)
def test_m01_both_sides_end_fourteen_days_after_payment(signed: str | None, requested: str, expected: tuple[int, int]) -> None:
    """Signed and first asked within 14 x 24 h, to the second."""
    facts = {"orders": [order()], "parcels": [parcel(signed_at=signed)], "cases": [case(requested_at=requested)]}
    assert of_shop(facts, "quality_refund_rate") == expected


def test_m01_first_cause_is_of_the_first_request() -> None:
    """Two refunds at the same second: the smaller id is first; an exchange is no refund; a changed reason does not count."""
    cases = [
        case(case_id="C3"),
        case(case_id="C2", reason="not_wanted", reason_now="quality"),
        case(case_id="C1", kind="exchange"),
    ]
    assert of_shop(
        {"orders": [order()], "parcels": [parcel(signed_at="2024-03-20")], "cases": cases}, "quality_refund_rate"
    ) == (0, 1)


def test_m02_before_the_change_neither_screened_nor_signed() -> None:
    """On 2022-12-31 a risk-flagged, unsigned order still counts; on 2023-01-01 it does not."""
    facts = {"orders": [order(paid_at="2022-12-16 12:00:00", risk_flagged=True)]}
    assert of_shop(facts, "quality_refund_rate", date=dt.date(2022, 12, 31)) == (0, 1)
    assert of_shop(facts, "quality_refund_rate", date=dt.date(2023, 1, 1), days=7) == (0, 0)


def test_m05_the_next_review_that_counts_is_the_first() -> None:
    """An overturned review is skipped; 2+2+2 is negative; the fourteenth calendar day still counts."""
    reviews = [
        {
            "review_id": "R1",
            "order_id": "O1",
            "reviewed_at": "2024-03-17",
            "overturned_at": "2024-03-30 23:59:59",
            "quality": 5,
        },
        {"review_id": "R2", "order_id": "O1", "reviewed_at": "2024-03-30 23:59:59", "quality": 2, "service": 2, "logistics": 2},
    ]
    facts = {"orders": [order(paid_at="2024-03-17 00:00:00")], "reviews": reviews}
    assert of_shop(facts, "negative_review_rate") == (1, 1)
    assert of_shop(facts, "negative_review_count") == (1, 1)


def test_m06_the_last_rating_counts_and_only_of_those_who_consulted() -> None:
    """Good, then bad at the same second with a greater id: bad. Over all of them one buyer."""
    ratings = [
        {
            "rating_id": "G2",
            "shop_id": "S",
            "buyer_id": "B",
            "rated_at": "2024-03-30 10:00:00",
            "score": "1",
            "reason": "attitude",
        },
        {"rating_id": "G1", "shop_id": "S", "buyer_id": "B", "rated_at": "2024-03-30 10:00:00", "score": "good"},
        {"rating_id": "G3", "shop_id": "S", "buyer_id": "silent", "rated_at": "2024-03-30 10:00:00", "score": "good"},
    ]
    facts = {"messages": [message(1, "2024-03-30 00:00:00")], "chat_ratings": ratings}
    assert of_shop(facts, "service_satisfaction") == (0, 1)
    assert of_shop(facts, "attitude_dissatisfaction") == (1, 1)
    assert of_shop(facts, "rating_participation") == (1, 1)


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([message(1, "2024-03-30 08:00:00"), message(2, "2024-03-30 08:03:00", "bot")], (1, 1)),
        ([message(1, "2024-03-30 08:00:00"), message(2, "2024-03-30 08:03:01", "agent")], (0, 1)),
        ([message(1, "2024-03-30 08:00:00"), message(2, "2024-03-30 08:01:00", "system")], (0, 1)),
        ([message(1, "2024-03-30 07:59:59"), message(2, "2024-03-30 09:00:00")], (0, 0)),
        (
            [message(1, "2024-03-29 23:59:59"), message(2, "2024-03-30 09:00:00"), message(3, "2024-03-30 09:00:00", "bot")],
            (1, 1),
        ),
        ([message(2, "2024-03-30 09:00:00"), message(1, "2024-03-30 09:00:00", "bot")], (0, 1)),
        ([message(1, "2024-03-30 23:59:00"), message(2, "2024-03-31 00:00:00", "agent")], (0, 1)),
    ],
)
def test_m10_bursts(messages: list[Row], expected: tuple[int, int]) -> None:
    """Three minutes to the second; begun before 8:00 is left out whole; a new day begins a new burst; T is not yet known."""
    assert of_shop({"messages": messages}, "response_3min") == expected


def test_m13_partly_shipped_is_unshipped() -> None:
    """The last parcel decides; a refund asked before it leaves the order out; one asked at that second does not."""
    promised = order(promised_ship_at="2024-03-30 12:00:00")
    parcels = [parcel(shipped_at="2024-03-30 11:00:00"), parcel(parcel_id="K2", shipped_at="2024-03-30 12:00:00")]
    assert of_shop({"orders": [promised], "parcels": parcels}, "timely_shipment") == (1, 1)
    asked = [case(requested_at="2024-03-30 11:59:59")]
    assert of_shop({"orders": [promised], "parcels": parcels, "cases": asked}, "timely_shipment") == (0, 0)
    asked = [case(requested_at="2024-03-30 12:00:00")]
    assert of_shop({"orders": [promised], "parcels": parcels, "cases": asked}, "timely_shipment") == (1, 1)


def test_m15_counts_under_the_day_after_shipping() -> None:
    """Shipped on T-2, due on T-1; picked up at the last second; a request before pickup leaves the parcel out."""
    shipped = {"shipped_at": "2024-03-29 10:00:00"}
    assert of_shop({"orders": [order()], "parcels": [parcel(**shipped)]}, "pickup_anomaly") == (1, 1)
    picked = parcel(**shipped, collected_at="2024-03-30 10:00:00")
    assert of_shop({"orders": [order()], "parcels": [picked]}, "pickup_anomaly") == (0, 1)
    asked = [case(kind="repair", requested_at="2024-03-30 09:59:59")]
    assert of_shop({"orders": [order()], "parcels": [picked], "cases": asked}, "pickup_24h") == (0, 0)


def test_m18_and_m19_what_is_in_the_merchants_hands() -> None:
    """Ten days from request to end, of which six wait for the buyer's waybill; two hours to answer and three to confirm."""
    returned = case(
        kind="return_refund",
        requested_at="2024-03-20 00:00:00",
        answered_at="2024-03-20 02:00:00",
        agreed_at="2024-03-20 02:00:00",
        waybill_at="2024-03-26 02:00:00",
        return_signed_at="2024-03-29 00:00:00",
        received_at="2024-03-29 03:00:00",
        ended_at="2024-03-30 00:00:00",
    )
    assert of_shop({"orders": [order()], "cases": [returned]}, "return_refund_time") == (4 * 86400, 1)
    assert of_shop({"orders": [order()], "cases": [returned]}, "return_refund_time", "merchant_hands") == (5 * 3600, 1)


def test_m20_and_m21_each_event_under_its_own_day() -> None:
    """Escalated on T-1 of an order paid long ago: 1/0. Judged but never escalated counts; overturned before T does not."""
    escalated = case(escalated_at="2024-03-30", judged_at="2024-03-30", liability="both")
    facts = {"orders": [order()], "cases": [escalated]}
    assert of_shop(facts, "dispute_rate") == (1, 0)
    assert of_shop(facts, "liable_dispute_rate", days=30) == (1, 1)
    facts["cases"] = [{**escalated, "overturned_at": "2024-03-30 23:59:59"}]
    assert of_shop(facts, "liable_dispute_rate", days=30) == (0, 1)


def test_rule_1_before_midnight_in_the_shops_own_zone() -> None:
    """23:00 of T-1 in Shanghai is known; in Sao Paulo it is the shop's own 23:00 that counts."""
    for zone in ("Asia/Shanghai", "America/Sao_Paulo"):
        shops = [{"shop_id": "S", "platform": "kuaishou", "timezone": zone}]
        late = order(channel=None, paid_at="2024-03-30 23:59:59")
        assert of_shop({"shops": shops, "orders": [late]}, "dispute_rate", "all_channels") == (0, 1)
        assert of_shop({"shops": shops, "orders": [order(paid_at="2024-03-31 00:00:00")]}, "dispute_rate", "all_channels") == (
            0,
            0,
        )


def test_fourteen_days_are_336_hours_across_a_clock_change() -> None:
    """Santiago's night of 7 April 2024 has an hour more: 336 hours after noon is 11:00."""
    shops = [{"shop_id": "S", "platform": "kuaishou", "timezone": "America/Santiago"}]
    paid = order(paid_at="2024-04-05 12:00:00")
    for signed, expected in (("2024-04-19 11:00:00", (0, 1)), ("2024-04-19 11:00:01", (0, 0))):
        facts = {"shops": shops, "orders": [paid], "parcels": [parcel(shipped_at="2024-04-06", signed_at=signed)]}
        assert of_shop(facts, "quality_refund_rate", date=dt.date(2024, 4, 20)) == expected


def test_categories_by_path_and_other_platforms_apart() -> None:
    """Equal names on different branches stay apart; a product without a category counts for product, shop and platform."""
    products = [
        {"product_id": "P", "shop_id": "S", "category_l1": "Shoes", "category_l2": "Women"},
        {"product_id": "Q", "shop_id": "S"},
    ]
    shops = [{"shop_id": "X", "platform": "taobao"}]
    orders = [order(), order(order_id="O2", product_id="Q"), order(order_id="O3", shop_id="X")]
    found = figures({"shops": shops, "products": products, "orders": orders}, date=T)
    of_metric = {key[2:4]: pair for key, pair in found.items() if key[0] == "product_quality_refund_rate" and key[4] == 1}
    assert of_metric == {
        ("platform", "kuaishou"): (0, 2),
        ("shop", "S"): (0, 2),
        ("product", "P"): (0, 1),
        ("product", "Q"): (0, 1),
        ("category_l1", "Shoes"): (0, 1),
        ("category_l2", "Shoes/Women"): (0, 1),
        ("shop_category_l1", "S/Shoes"): (0, 1),
        ("shop_category_l2", "S/Shoes/Women"): (0, 1),
    }


def test_content_counts_a_user_once_per_room_and_video() -> None:
    """Reported in a view too short to count, of a viewer who also stayed: counts. Seven seconds of eight are enough."""
    views = [
        {
            "view_id": "V1",
            "room_id": "L",
            "user_id": "U",
            "shop_id": "S",
            "viewed_at": "2024-03-30 10:00",
            "seconds": 4,
            "reported": True,
        },
        {"view_id": "V2", "room_id": "L", "user_id": "U", "shop_id": "S", "viewed_at": "2024-03-30 11:00", "seconds": 5},
    ]
    videos = [{"video_id": "W", "shop_id": "S", "duration_s": 8, "look_reviewed_at": "2024-03-30", "look_grade": "poor"}]
    plays = [
        {"play_id": "Y1", "video_id": "W", "user_id": "U", "played_at": "2024-03-30 10:00", "watched_s": 1},
        {"play_id": "Y2", "video_id": "W", "user_id": "U", "played_at": "2024-03-30 12:00", "watched_s": 7},
    ]
    assert of_shop({"live_views": views}, "live_report_rate") == (1, 1)
    assert of_shop({"videos": videos}, "poor_video_share") == (1, 1)
    assert of_shop({"videos": videos, "video_plays": plays}, "effective_play_rate") == (1, 1)


def test_the_markets_hit_every_metric() -> None:
    """Of 600 markets, for every metric, some have a denominator, a numerator, and a figure of the last day alone."""
    hits: Counter[tuple[str, str, str]] = Counter()
    for seed in range(600):
        market = seeded(seed)
        found = figures(market.facts, date=market.date).items()
        hits.update({(m, v, "all") for (m, v, *_), (_, under) in found if under})
        hits.update({(m, v, "some") for (m, v, *_), (over, _) in found if over})
        hits.update({(m, v, "last day") for (m, v, _, _, days), _ in found if days == 1})
    wanted = {(metric.name, metric.variant, what) for metric in METRICS for what in ("all", "some", "last day")}
    assert {what: hits[what] for what in wanted if hits[what] < 3} == {}
