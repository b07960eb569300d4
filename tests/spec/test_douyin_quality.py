"""Douyin reviews, complaints, feedback and sales: DY-L08 to DY-L11 (how they measure) and DY-S02's feedback rate."""

import datetime as dt
from functools import partial

import pytest

from .facts import (
    AT_T,
    BEFORE_T,
    LAST_DAYS,
    Counts,
    Row,
    T,
    case,
    complaint,
    order,
    parcel,
    product,
    review,
    shop,
    subjects,
)  # fmt: skip
from .facts import counts as counts_of

counts = partial(counts_of, platform="douyin")

PAID = "06-20 12:00"
PRAISE = ("product_praise", "service_praise")


def praise(*reviews: Row, days: int = 1, **more: object) -> list[Counts]:
    """product_praise and service_praise of the one order o1."""
    facts = {"orders": [order("o1", PAID, **more)], "reviews": reviews}
    return [counts(metric, facts, days=days) for metric in PRAISE]


def both(expected: Counts) -> list[Counts]:
    return [expected, expected]


def complaints(*made: Row, days: int = 1) -> Counts:
    """complaint_rate of the one order o1, placed on 29 June."""
    return counts("complaint_rate", {"orders": [order("o1", "06-29 12:00")], "complaints": made}, days=days)


def sold(*orders: Row, days: int = 1) -> tuple[int, int]:
    """order_count and gmv (fen)."""
    return counts("order_count", {"orders": orders}, days=days)[0], counts("gmv", {"orders": orders}, days=days)[0]


def feedback(*cases: Row, reviews: tuple[Row, ...] = (), signed_at: str | None = "06-29 12:00", days: int = 1) -> Counts:
    """negative_feedback_rate of the one order o1."""
    parcels = [parcel("p1", "o1", "06-21 12:00", signed_at=signed_at)]
    facts = {"orders": [order("o1", PAID)], "parcels": parcels, "cases": cases, "reviews": reviews}
    return counts("negative_feedback_rate", facts, days=days)


# --- Praise: DY-L08, DY-L10


@pytest.mark.spec("DY-L08", "DY-L10")
@pytest.mark.parametrize(
    ("stars", "product_side", "service_side"),
    [
        ((4, 1, 3), 1, 0), ((3, 1, 4), 0, 1), ((5, 1, 5), 1, 1), ((1, 5, 1), 0, 0), ((3, 5, 3), 0, 0), ((4, None, 4), 1, 1),
    ],
)  # fmt: skip
def test_four_stars_praise(stars: tuple[int, int | None, int], product_side: int, service_side: int) -> None:
    """DY-L08, DY-L10: product by the quality stars, service by the service stars; the logistics stars in neither."""
    assert praise(review("r1", "o1", "06-29 12:00", stars)) == [(product_side, 1), (service_side, 1)]


@pytest.mark.spec("DY-L08", "DY-L10")
def test_a_review_without_stars_is_a_review() -> None:
    """DY-L08, DY-L10: without stars for the item it is a review and no praise."""
    assert praise(review("r1", "o1", "06-29 12:00", (None, 5, None))) == both((0, 1))


@pytest.mark.spec("DY-L08", "DY-L10")
@pytest.mark.parametrize(("days", "reviewed_at", "counted"), LAST_DAYS)
def test_reviews_count_under_their_own_day(days: int, reviewed_at: str, counted: int) -> None:
    """DY-L08, DY-L10: by review day, whenever the order was paid."""
    assert praise(review("r1", "o1", reviewed_at, (5, 5, 5)), days=days) == both((counted, counted))


@pytest.mark.spec("DY-L08", "DY-L10")
@pytest.mark.parametrize(
    ("change", "counted"),
    [
        ({"valid": False}, 0), ({"valid": True}, 1), ({"valid": None}, 1), ({"automatic": True}, 0), ({"automatic": False}, 1),
        ({"overturned_at": BEFORE_T}, 0), ({"overturned_at": AT_T}, 1),
    ],
)  # fmt: skip
def test_rule_7_reviews_that_count(change: Row, counted: int) -> None:
    """DY-L08, DY-L10: valid (empty is valid), not automatic, not overturned before T, on both sides."""
    assert praise(review("r1", "o1", "06-29 12:00", (5, 5, 5), **change)) == both((counted, counted))


@pytest.mark.spec("DY-L08", "DY-L10")
def test_rule_7_not_only_the_first_review_of_an_order() -> None:
    """DY-L08, DY-L10: one review of 20 June, two of 29 June: each under its own day."""
    reviews = [
        review(f"r{n}", "o1", f"06-{day} 12:00", (stars, 5, stars)) for n, day, stars in ((1, 20, 5), (2, 29, 5), (3, 29, 1))
    ]
    assert praise(*reviews) == both((1, 2))
    assert praise(*reviews, days=30) == both((2, 3))


@pytest.mark.spec("DY-L08", "DY-L10")
@pytest.mark.parametrize("change", [{"channel": "distribution"}, {"channel": None}, {"paid_at": None}, {"risk_flagged": True}])
def test_reviews_of_every_order(change: Row) -> None:
    """DY-L08, DY-L10, DY-L08's review rate: neither the channel nor the payment of the order is asked (rule 3)."""
    orders = [order("o1", PAID) | change]
    facts = {"orders": orders, "reviews": [review("r1", "o1", "06-29 12:00", (5, 5, 5))]}
    assert [counts(metric, facts) for metric in PRAISE] == both((1, 1))
    assert counts("review_rate", facts) == (1, 0)


# --- Review rate: DY-L08, DY-L10


@pytest.mark.spec("DY-L08", "DY-L10")
def test_review_rate_is_reviews_over_orders_placed() -> None:
    """Two reviews of an old order and one of a new one, two orders placed: each side under its own day."""
    orders = [order("o1", PAID), order("o2", "06-29 10:00"), order("o3", "06-29 11:00")]
    reviews = [review(f"r{n}", one, "06-29 12:00", (1, 1, 1)) for n, one in enumerate(("o1", "o1", "o2"), start=1)]
    assert counts("review_rate", {"orders": orders, "reviews": reviews}) == (3, 2)


@pytest.mark.spec("DY-L08", "DY-L10")
@pytest.mark.parametrize("change", [{"valid": False}, {"automatic": True}, {"overturned_at": BEFORE_T}])
def test_review_rate_counts_those_reviews(change: Row) -> None:
    """The reviews that the praise counts, and no others."""
    reviews = [review("r1", "o1", "06-29 12:00", (5, 5, 5), **change)]
    assert counts("review_rate", {"orders": [order("o1", "06-29 10:00")], "reviews": reviews}) == (0, 1)


PLACED = ("review_rate", "complaint_rate")


@pytest.mark.spec("DY-L08", "DY-L09", "DY-L10")
@pytest.mark.parametrize("metric", PLACED)
@pytest.mark.parametrize(("days", "created_at", "counted"), LAST_DAYS)
def test_orders_placed_count_under_their_creation(metric: str, days: int, created_at: str, counted: int) -> None:
    """By creation day: paid later, or on delivery, changes nothing."""
    orders = [order("o1", BEFORE_T, created_at=created_at), order("o2", None, cod=True, created_at=created_at)]
    assert counts(metric, {"orders": orders}, days=days) == (0, 2 * counted)


@pytest.mark.spec("DY-L08", "DY-L09", "DY-L10")
@pytest.mark.parametrize("metric", PLACED)
@pytest.mark.parametrize(
    ("paid_at", "cod", "counted"),
    [(None, None, 0), (None, False, 0), (None, True, 1), (AT_T, None, 0), (AT_T, True, 1), (BEFORE_T, None, 1)],
)
def test_unpaid_online_orders_apart(metric: str, paid_at: str | None, cod: bool | None, counted: int) -> None:
    """An online order not paid before T is no order yet; cash on delivery is placed when it is created."""
    assert counts(metric, {"orders": [order("o1", paid_at, cod=cod, created_at="06-29 12:00")]}) == (0, counted)


# --- Complaints: DY-L09


@pytest.mark.spec("DY-L09")
@pytest.mark.parametrize(("verdict", "numerator"), [("merchant", 1), ("buyer", 0), ("malicious", 0), ("open", 0), (None, 0)])
def test_complaints_judged_the_merchants(verdict: str | None, numerator: int) -> None:
    """DY-L09: malicious complaints, the buyer's and open ones do not count."""
    assert complaints(complaint("k1", "o1", "06-29 13:00", verdict)) == (numerator, 1)


@pytest.mark.spec("DY-L09")
@pytest.mark.parametrize(("days", "complained_at", "counted"), LAST_DAYS)
def test_complaints_count_under_their_own_day(days: int, complained_at: str, counted: int) -> None:
    """DY-L09: of an order of April, beside an order placed on 29 June: the day of the complaint decides."""
    orders = [order("o1", "04-01 12:00"), order("o2", "06-29 12:00")]
    facts = {"orders": orders, "complaints": [complaint("k1", "o1", complained_at)]}
    assert counts("complaint_rate", facts, days=days) == (counted, 1)


@pytest.mark.spec("DY-L09")
def test_complaints_count_each() -> None:
    """DY-L09: two of one order are two, and of an unpaid order one."""
    made = [
        complaint("k1", "o1", "06-29 13:00"),
        complaint("k2", "o1", "06-29 13:00"),
        complaint("k3", "o1", "06-29 13:00", "buyer"),
    ]
    assert complaints(*made) == (2, 1)
    unpaid = {"orders": [order("o1", None)], "complaints": made[:1]}
    assert counts("complaint_rate", unpaid) == (1, 0)


# --- Orders and money: DY-L11, DY-L01


@pytest.mark.spec("DY-L01", "DY-L11")
@pytest.mark.parametrize(("days", "paid_at", "counted"), LAST_DAYS)
def test_online_orders_count_when_they_are_paid(days: int, paid_at: str, counted: int) -> None:
    """DY-L01, DY-L11: by payment day, not by creation."""
    assert sold(order("o1", paid_at, amount_fen=1250, created_at="04-01 12:00"), days=days) == (counted, 1250 * counted)


@pytest.mark.spec("DY-L01")
@pytest.mark.parametrize(("days", "created_at", "counted"), LAST_DAYS)
@pytest.mark.parametrize("paid_at", [None, "06-29 12:00", "07-05 12:00"])
def test_cash_on_delivery_counts_when_it_is_created(days: int, created_at: str, counted: int, paid_at: str | None) -> None:
    """DY-L01: at submission, and not once more when it is paid."""
    assert sold(order("o1", paid_at, cod=True, amount_fen=1250, created_at=created_at), days=days) == (counted, 1250 * counted)


@pytest.mark.spec("DY-L01")
def test_amounts_add_up_in_fen() -> None:
    """Two paid orders, one on delivery, one not paid: 3 orders, 99.99 + 0.01 + 5 yuan; freight is not in the amount."""
    orders = [
        order("o1", "06-29 12:00", amount_fen=9999, freight_fen=800),
        order("o2", "06-29 12:00", amount_fen=1, channel="distribution", closed_at="06-29 13:00", quantity=3),
        order("o3", None, cod=True, created_at="06-29 12:00", amount_fen=500),
        order("o4", None, created_at="06-29 12:00", amount_fen=7000),
    ]
    assert sold(*orders) == (3, 10500)


def test_counts_are_not_rates() -> None:
    """The value of a count is the count, and of gmv the sum."""
    orders = [order(f"o{n}", "06-29 12:00", amount_fen=100) for n in range(3)]
    assert [counts(metric, {"orders": orders}) for metric in ("order_count", "gmv")] == [(3, 1), (300, 1)]


# --- Negative feedback: DY-S02


@pytest.mark.parametrize(("quality", "numerator"), [(1, 1), (2, 1), (3, 0), (5, 0), (None, 0)])
def test_two_product_stars_are_negative(quality: int | None, numerator: int) -> None:
    """DY-S02: the product stars alone, whatever logistics and service got."""
    assert feedback(reviews=(review("r1", "o1", "06-29 13:00", (quality, 1, 1)),)) == (numerator, 1)


@pytest.mark.parametrize(
    ("change", "numerator"),
    [
        ({}, 1), ({"kind": "return_refund"}, 1), ({"kind": "exchange"}, 0), ({"kind": "repair"}, 0),
        ({"reason": "not_wanted"}, 0), ({"reason": "seven_days"}, 0), ({"reason": "logistics"}, 0),
        ({"reason": "not_wanted", "reason_now": "quality"}, 0), ({"reason_now": "not_wanted"}, 1),
    ],
)  # fmt: skip
def test_a_first_refund_for_quality_is_negative(change: Row, numerator: int) -> None:
    """DY-S02: refunds of both kinds by their first cause."""
    assert feedback(case("c1", "o1", "06-29 13:00", **change)) == (numerator, 1)


@pytest.mark.parametrize("reason", ["not_as_described", "damaged", "counterfeit", "quality"])
def test_quality_reasons(reason: str) -> None:
    """DY-S02: Kuaishou's four."""
    assert feedback(case("c1", "o1", "06-29 13:00", reason=reason)) == (1, 1)


def test_either_or_both_count_once() -> None:
    """DY-S02: bad review and quality refund of one order: one order."""
    bad = review("r1", "o1", "06-29 13:00", (1, 5, 5))
    assert feedback(case("c1", "o1", "06-29 13:00"), case("c2", "o1", "06-29 14:00"), reviews=(bad,)) == (1, 1)
    assert feedback(case("c1", "o1", "06-29 13:00", reason="other"), reviews=(bad,)) == (1, 1)


@pytest.mark.parametrize(
    ("first", "numerator"),
    [
        ({}, 0),
        ({"valid": False}, 1),
        ({"automatic": True}, 1),
        ({"overturned_at": BEFORE_T}, 1),
        ({"overturned_at": AT_T}, 0),
    ],
)
def test_the_first_review_that_counts_decides(first: Row, numerator: int) -> None:
    """DY-S02, rule 7: five stars first, one star later; a review that does not count is skipped."""
    reviews = (review("r9", "o1", "06-29 13:00", (5, 5, 5), **first), review("r1", "o1", "06-29 14:00", (1, 5, 5)))
    assert feedback(reviews=reviews) == (numerator, 1)


def test_rule_6_of_reviews_and_refunds_in_one_second_the_smaller_id_is_first() -> None:
    """DY-S02: r1 before r2, c1 before c2, in whatever order the rows come."""
    at = "06-29 13:00"
    bad, good = (review(one, "o1", at, (stars, 5, 5)) for one, stars in (("r1", 1), ("r2", 5)))
    assert [feedback(reviews=(bad, good)), feedback(reviews=(good, bad))] == [(1, 1)] * 2
    quality, other = case("c1", "o1", at), case("c2", "o1", at, reason="other")
    assert [feedback(quality, other), feedback(other, quality)] == [(1, 1)] * 2
    other, quality = case("c1", "o1", at, reason="other"), case("c2", "o1", at)
    assert [feedback(quality, other), feedback(other, quality)] == [(0, 1)] * 2


@pytest.mark.parametrize(
    ("days", "signed_at", "counted"),
    [*LAST_DAYS, (90, "04-01 00:00:00", 1), (90, "03-31 23:59:59", 0), (90, BEFORE_T, 1), (90, AT_T, 0), (90, None, 0)],
)
def test_signed_orders_count_under_the_day_of_signing(days: int, signed_at: str | None, counted: int) -> None:
    """DY-S02: not under the day of payment or of the feedback, which may come before signing and long after it."""
    orders = [order("o1", "03-01 12:00")]
    parcels = [parcel("p1", "o1", "03-02 12:00", signed_at=signed_at)]
    facts = {"orders": orders, "parcels": parcels, "cases": [case("c1", "o1", "06-10 12:00")]}
    assert counts("negative_feedback_rate", facts, days=days) == (counted, counted)


@pytest.mark.parametrize(("asked_at", "numerator"), [("06-21 13:00", 1), (BEFORE_T, 1), (AT_T, 0)])
def test_feedback_as_known_at_t(asked_at: str, numerator: int) -> None:
    """DY-S02, rule 1: before signing or in the last second before T counts, at T it is not known."""
    assert feedback(case("c1", "o1", asked_at)) == (numerator, 1)
    assert feedback(reviews=(review("r1", "o1", asked_at, (1, 5, 5)),)) == (numerator, 1)


@pytest.mark.parametrize(
    ("other", "days", "signed"),
    [({"signed_at": "06-29 13:00"}, 1, 1), ({}, 30, 0), ({"direction": "back"}, 1, 1), ({"signed_at": AT_T}, 30, 0)],
)
def test_rule_4_one_parcel_unsigned_is_unsigned(other: Row, days: int, signed: int) -> None:
    """DY-S02: the last outbound parcel signs the order."""
    parcels = [parcel("p1", "o1", "06-21 12:00", signed_at="06-29 12:00"), parcel("p2", "o1", "06-22 12:00", **other)]
    facts = {"orders": [order("o1", None, channel="other")], "parcels": parcels}
    assert counts("negative_feedback_rate", facts, days=days) == (0, signed)


# --- All of them


def market() -> dict[str, list[Row]]:
    """One order each of P1 (with a category) and P2, with everything the metrics count on 29 June."""
    ids = ("P1", "P2")
    return {
        "products": [product("P1", "Food/Fruit/Apples"), product("P2")],
        "orders": [order(one, "06-29 10:00", product_id=one, amount_fen=100) for one in ids],
        "parcels": [parcel(one, one, "06-29 11:00", signed_at="06-29 12:00") for one in ids],
        "reviews": [review(one, one, "06-29 13:00", (1, 5, 5)) for one in ids],
        "complaints": [complaint(one, one, "06-29 13:00") for one in ids],
    }


METRICS = (*PRAISE, *PLACED, "order_count", "gmv", "negative_feedback_rate")


@pytest.mark.parametrize("metric", METRICS)
def test_rule_11_subjects(metric: str) -> None:
    """Product, its categories by path, shop and platform; without a category product, shop and platform only."""
    categories = ("Food", "Food/Fruit", "Food/Fruit/Apples")
    wanted = {("platform", "douyin"), ("shop", "S1"), ("product", "P1"), ("product", "P2")}
    wanted |= {(f"category_l{level}", path) for level, path in enumerate(categories, start=1)}
    wanted |= {(f"shop_category_l{level}", f"S1/{path}") for level, path in enumerate(categories, start=1)}
    assert subjects(metric, market(), platform="douyin") == wanted


def test_rule_10_each_pack_its_platform() -> None:
    """The same facts of a Taobao shop are not Douyin's."""
    facts = {**market(), "shops": [shop("S1", "taobao")]}
    assert [counts(metric, facts, by="platform", subject="douyin") for metric in METRICS] == [(0, 0)] * len(METRICS)


@pytest.mark.parametrize("metric", METRICS)
def test_nothing_is_undefined(metric: str) -> None:
    """Where nothing happened in the window there is no rate, and no count above nought."""
    assert counts(metric, market(), date=T + dt.timedelta(days=100))[0] == 0
    if metric not in ("order_count", "gmv"):
        assert counts(metric, market(), date=T + dt.timedelta(days=100)) == (0, 0)
