"""Shipping and pickup: KS-M13 to KS-M16, with the reading rules 2, 3, 4 and 5 where they decide these."""

import datetime as dt

import pytest

from .facts import Counts, Row, case, counts, order, parcel, product, shop

PAID = "06-27 12:00"  # T-3: its 48 h end on 06-29 12:00
SHIPPED = "06-28 12:00"  # its 24 h end on 06-29 12:00
COLLECTED, ANOMALY, LEFT_OUT = ((0, 1), (1, 1)), ((1, 1), (0, 1)), ((0, 0), (0, 0))  # pickup_anomaly, pickup_24h


def timely(shipped_at: str | None, *cases: Row, paid_at: str | None = PAID, days: int = 1, **more: object) -> Counts:
    """timely_shipment of the one order o1, promised for 12:00 on 29 June unless said."""
    orders = [order("o1", paid_at, **{"promised_ship_at": "06-29 12:00", **more})]
    parcels = [parcel("p1", "o1", shipped_at)] if shipped_at else []
    return counts("timely_shipment", {"orders": orders, "parcels": parcels, "cases": cases}, days=days)


def in_48h(shipped_at: str | None, *cases: Row, paid_at: str | None = PAID, days: int = 1, **more: object) -> Counts:
    """shipped_48h of the one order o1."""
    parcels = [parcel("p1", "o1", shipped_at)] if shipped_at else []
    return counts("shipped_48h", {"orders": [order("o1", paid_at, **more)], "parcels": parcels, "cases": cases}, days=days)


def pickup(
    collected_at: str | None, *cases: Row, shipped_at: str = SHIPPED, days: int = 1, **more: object
) -> tuple[Counts, Counts]:
    """pickup_anomaly and pickup_24h of the one parcel p1; its order is unpaid."""
    parcels = [parcel("p1", "o1", shipped_at, collected_at=collected_at)]
    facts = {"orders": [order("o1", None, **more)], "parcels": parcels, "cases": cases}
    return counts("pickup_anomaly", facts, days=days), counts("pickup_24h", facts, days=days)


@pytest.mark.spec("KS-M13")
@pytest.mark.parametrize(
    ("shipped_at", "expected"),
    [
        ("06-29 12:00:00", (1, 1)),
        ("06-29 12:00:01", (0, 1)),
        (None, (0, 1)),
        ("06-30 00:00:00", (0, 1)),
        ("06-20 12:00", (1, 1)),
    ],
)
def test_shipped_by_the_promise(shipped_at: str | None, expected: Counts) -> None:
    """Shipped at the promised second is in time; later, at T or never is not."""
    assert timely(shipped_at) == expected


@pytest.mark.spec("KS-M13")
@pytest.mark.parametrize(
    ("days", "promised", "denominator"),
    [
        (1, "06-29 00:00:00", 1), (1, "06-29 23:59:59", 1), (1, "06-28 23:59:59", 0), (1, "06-30 00:00:00", 0), (1, None, 0),
        (7, "06-23 00:00:00", 1), (7, "06-22 23:59:59", 0), (30, "05-31 00:00:00", 1), (30, "05-30 23:59:59", 0),
    ],
)  # fmt: skip
def test_orders_count_under_the_day_of_the_promise(days: int, promised: str | None, denominator: int) -> None:
    """Not under the day of payment or shipping."""
    assert timely("05-01 12:00", promised_ship_at=promised, days=days, paid_at="04-30 12:00") == (denominator, denominator)


@pytest.mark.spec("KS-M13")
@pytest.mark.parametrize(
    ("channel", "denominator"),
    [("self_built", 1), ("flash", 0), ("auction", 0), ("distribution", 0), ("other", 0), (None, 0)],
)
def test_timely_shipment_of_self_built_orders(channel: str | None, denominator: int) -> None:
    """Only the channel self-built counts, not even flash and auction."""
    assert timely(None, channel=channel) == (0, denominator)


@pytest.mark.spec("KS-M13")
@pytest.mark.spec("KS-M14")
@pytest.mark.parametrize(("virtual", "expected"), [(True, (0, 0)), (False, (0, 1)), (None, (0, 1))])
def test_virtual_goods_are_not_shipped(virtual: bool | None, expected: Counts) -> None:
    """Physical orders only."""
    orders = [order("o1", PAID, promised_ship_at="06-29 12:00")]
    facts = {"orders": orders, "products": [product(virtual=virtual)]}
    assert [counts("timely_shipment", facts), counts("shipped_48h", facts)] == [expected] * 2


@pytest.mark.spec("KS-M13")
@pytest.mark.parametrize(("cod", "denominator"), [(True, 1), (False, 0), (None, 0)])
def test_unpaid_orders_count_only_with_cash_on_delivery(cod: bool | None, denominator: int) -> None:
    """Paid or cash on delivery."""
    assert timely(None, paid_at=None, cod=cod) == (0, denominator)


@pytest.mark.spec("KS-M13")
def test_neither_presale_nor_risk_matters_for_the_promise() -> None:
    """A presale order has its own promise; a flagged one must be shipped."""
    assert timely(None, presale=True, risk_flagged=True) == (0, 1)


@pytest.mark.spec("KS-M13")
@pytest.mark.parametrize(
    ("requested_at", "shipped_at", "expected"),
    [
        ("06-29 12:00:00", None, (0, 0)),
        ("06-29 12:00:01", None, (0, 1)),
        ("06-29 12:00:01", "06-29 13:00:00", (0, 1)),
        ("06-29 12:00:00", "06-29 13:00:00", (0, 0)),
        ("06-28 09:59:59", "06-28 10:00:00", (0, 0)),
        ("06-28 10:00:01", "06-28 10:00:00", (1, 1)),
    ],
)
def test_a_refund_asked_before_shipping_leaves_the_order_out(
    requested_at: str, shipped_at: str | None, expected: Counts
) -> None:
    """Asked within the promise while unshipped: out, though it was shipped in time later; asked after either: in."""
    assert timely(shipped_at, case("c1", "o1", requested_at, reason="not_wanted")) == expected


@pytest.mark.spec("KS-M13")
@pytest.mark.spec("KS-M14")
def test_rule_5_shipped_in_the_second_of_the_request_is_shipped() -> None:
    """shipped_at = requested_at: the order stays."""
    asked = case("c1", "o1", "06-28 10:00:00")
    assert timely("06-28 10:00:00", asked) == (1, 1)
    assert in_48h("06-28 10:00:00", asked) == (1, 1)


@pytest.mark.spec("KS-M13")
@pytest.mark.parametrize(
    ("kind", "expected"),
    [("refund_only", (0, 0)), ("return_refund", (0, 0)), ("exchange", (0, 1)), ("reissue", (0, 1)), ("repair", (0, 1))],
)
def test_only_refunds_leave_an_order_out(kind: str, expected: Counts) -> None:
    """An exchange asked for before shipping does not excuse."""
    assert timely(None, case("c1", "o1", "06-28 10:00", kind=kind)) == expected


@pytest.mark.spec("KS-M13")
def test_a_withdrawn_refund_leaves_the_order_out_too() -> None:
    """What became of the request, and who opened it, does not matter."""
    asked = case("c1", "o1", "06-28 10:00", opened_by="platform", ended_at="06-28 11:00", outcome="closed")
    assert timely("06-29 13:00", asked) == (0, 0)


@pytest.mark.spec("KS-M13")
@pytest.mark.parametrize(
    ("closed_at", "shipped_at", "expected"),
    [
        ("06-29 11:59:59", None, (0, 0)),
        ("06-29 12:00:00", None, (0, 1)),
        ("06-29 11:59:59", "06-29 11:00:00", (1, 1)),
        ("06-29 11:59:59", "06-29 13:00:00", (0, 1)),
        ("06-29 11:59:59", "06-30 00:00:00", (0, 0)),
    ],
)
def test_closed_before_the_promise_and_never_shipped(closed_at: str, shipped_at: str | None, expected: Counts) -> None:
    """Such an order is left out; closed at the promise, or shipped before T all the same, it counts."""
    assert timely(shipped_at, closed_at=closed_at) == expected


@pytest.mark.spec("KS-M13")
@pytest.mark.spec("KS-M14")
@pytest.mark.parametrize(
    ("second", "numerator"),
    [
        (parcel("p2", "o1", "06-29 12:00:00"), 1),
        (parcel("p2", "o1", "06-29 12:00:01"), 0),
        (parcel("p2", "o1", "06-29 12:00:01", direction="back"), 1),
        (parcel("p2", "o1", "06-29 12:00:01", fake=True), 0),
        (parcel("p2", "o1", "06-30 00:00:00"), 1),
    ],
)
def test_rule_4_partly_shipped_is_unshipped(second: Row, numerator: int) -> None:
    """The last outbound parcel shipped before T decides, fake or not."""
    parcels = [parcel("p1", "o1", "06-28 10:00", fake=True), second]
    facts = {"orders": [order("o1", PAID, promised_ship_at="06-29 12:00")], "parcels": parcels}
    assert [counts("timely_shipment", facts), counts("shipped_48h", facts)] == [(numerator, 1)] * 2


@pytest.mark.spec("KS-M13")
@pytest.mark.spec("KS-M14")
def test_rule_4_a_refund_asked_between_two_parcels_was_asked_unshipped() -> None:
    """One parcel of two had left when the buyer asked: the order is left out."""
    orders = [order("o1", PAID, promised_ship_at="06-29 12:00")]
    parcels = [parcel("p1", "o1", "06-28 10:00"), parcel("p2", "o1", "06-28 12:00")]
    facts = {"orders": orders, "parcels": parcels, "cases": [case("c1", "o1", "06-28 11:00")]}
    assert [counts("timely_shipment", facts), counts("shipped_48h", facts)] == [(0, 0)] * 2


@pytest.mark.spec("KS-M14")
@pytest.mark.parametrize(("shipped_at", "numerator"), [("06-29 12:00:00", 1), ("06-29 12:00:01", 0), (None, 0)])
def test_shipped_within_48_hours_of_payment(shipped_at: str | None, numerator: int) -> None:
    """48×3600 s after payment is in time, whatever was promised."""
    assert in_48h(shipped_at, promised_ship_at="06-28 00:00") == (numerator, 1)


@pytest.mark.spec("KS-M14")
@pytest.mark.parametrize(
    ("days", "paid_at", "denominator"),
    [
        (1, "06-27 00:00:00", 1), (1, "06-27 23:59:59", 1), (1, "06-26 23:59:59", 0), (1, "06-28 00:00:00", 0),
        (7, "06-21 00:00:00", 1), (7, "06-20 23:59:59", 0), (30, "05-29 00:00:00", 1), (30, "05-28 23:59:59", 0), (30, None, 0),
    ],
)  # fmt: skip
def test_shipped_48h_counts_under_the_payment_day(days: int, paid_at: str | None, denominator: int) -> None:
    """Payment days up to T-3; unpaid cash on delivery has none."""
    assert in_48h(None, paid_at=paid_at, days=days, cod=True) == (0, denominator)


@pytest.mark.spec("KS-M14")
@pytest.mark.parametrize(("presale", "denominator"), [(True, 0), (False, 1), (None, 1)])
def test_presale_orders_are_excepted_from_48_hours(presale: bool | None, denominator: int) -> None:
    """A presale order is in neither count, shipped or not."""
    assert in_48h("06-27 13:00", presale=presale) == (denominator, denominator)


@pytest.mark.spec("KS-M14")
@pytest.mark.parametrize("channel", ["self_built", "flash", "auction", "distribution", "other", None])
def test_shipped_48h_is_over_all_channels(channel: str | None) -> None:
    """Unlike the timely shipment."""
    assert in_48h("06-27 13:00", channel=channel) == (1, 1)


@pytest.mark.spec("KS-M14")
@pytest.mark.parametrize(
    ("requested_at", "shipped_at", "expected"),
    [
        ("06-29 12:00:00", None, (0, 0)),
        ("06-29 12:00:01", None, (0, 1)),
        ("06-27 12:59:59", "06-27 13:00:00", (0, 0)),
        ("06-27 13:00:01", "06-27 13:00:00", (1, 1)),
    ],
)
def test_a_refund_asked_within_48_hours_before_shipping(requested_at: str, shipped_at: str | None, expected: Counts) -> None:
    """The refund rule of the timely shipment with paid_at + 48 h as the promise."""
    assert in_48h(shipped_at, case("c1", "o1", requested_at), promised_ship_at="06-27 12:30") == expected


@pytest.mark.spec("KS-M14")
def test_a_closed_order_stays_in_shipped_48h() -> None:
    """Only the refund rule is taken over, not that for closed orders."""
    assert in_48h(None, closed_at="06-28 12:00") == (0, 1)


@pytest.mark.spec("KS-M15")
@pytest.mark.spec("KS-M16")
@pytest.mark.parametrize(
    ("collected_at", "expected"), [("06-29 12:00:00", COLLECTED), ("06-29 12:00:01", ANOMALY), (None, ANOMALY)]
)
def test_picked_up_within_24_hours(collected_at: str | None, expected: tuple[Counts, Counts]) -> None:
    """Collected 24×3600 s after shipping is in time, later or never is an anomaly; payment does not matter."""
    assert pickup(collected_at) == expected


@pytest.mark.spec("KS-M15")
@pytest.mark.spec("KS-M16")
@pytest.mark.parametrize(
    ("days", "shipped_at", "expected"),
    [
        (1, "06-28 00:00:00", ANOMALY), (1, "06-28 23:59:59", ANOMALY),
        (1, "06-27 23:59:59", LEFT_OUT), (1, "06-29 00:00:00", LEFT_OUT),
        (7, "06-22 00:00:00", ANOMALY), (7, "06-21 23:59:59", LEFT_OUT),
        (30, "05-30 00:00:00", ANOMALY), (30, "05-29 23:59:59", LEFT_OUT),
    ],
)  # fmt: skip
def test_parcels_count_under_the_day_their_24_hours_end(days: int, shipped_at: str, expected: tuple[Counts, Counts]) -> None:
    """A parcel shipped on 28 June counts under 29 June."""
    assert pickup(None, shipped_at=shipped_at, days=days) == expected


@pytest.mark.spec("KS-M15")
@pytest.mark.spec("KS-M16")
@pytest.mark.parametrize(
    ("requested_at", "collected_at", "expected"),
    [
        ("06-28 11:59:59", None, ANOMALY),
        ("06-28 12:00:00", None, LEFT_OUT),
        ("06-29 11:59:59", None, LEFT_OUT),
        ("06-29 12:00:00", None, ANOMALY),
        ("06-28 19:59:59", "06-28 20:00:00", LEFT_OUT),
        ("06-28 20:00:00", "06-28 20:00:00", COLLECTED),
        ("06-29 12:00:00", "06-29 13:00:00", ANOMALY),
        ("06-29 11:59:59", "06-29 13:00:00", LEFT_OUT),
        ("06-28 12:00:00", "06-28 12:00:00", COLLECTED),
    ],
)
def test_a_case_before_pickup_leaves_the_parcel_out(
    requested_at: str, collected_at: str | None, expected: tuple[Counts, Counts]
) -> None:
    """Asked from the second of shipping until just before pickup or the end of the 24 hours."""
    assert pickup(collected_at, case("c1", "o1", requested_at)) == expected


@pytest.mark.spec("KS-M15")
@pytest.mark.spec("KS-M16")
@pytest.mark.parametrize("kind", ["refund_only", "return_refund", "exchange", "reissue", "repair"])
def test_a_case_of_any_kind_leaves_the_parcel_out(kind: str) -> None:
    """Not refunds alone, and not only the order's first case."""
    assert pickup(None, case("c1", "o1", "06-20 12:00", kind=kind), case("c2", "o1", "06-28 18:00", kind=kind)) == LEFT_OUT


@pytest.mark.spec("KS-M13")
@pytest.mark.spec("KS-M14")
@pytest.mark.spec("KS-M15")
@pytest.mark.spec("KS-M16")
def test_a_request_for_another_order_does_not_matter() -> None:
    """The buyer's other order, of the same product in the same shop, was asked back: this one stays in every count."""
    other = case("c1", "o2", "06-28 18:00")
    assert [timely(None, other), in_48h(None, other), pickup(None, other)] == [(0, 1), (0, 1), ANOMALY]


@pytest.mark.spec("KS-M15")
@pytest.mark.spec("KS-M16")
@pytest.mark.parametrize(
    ("channel", "counted"),
    [("self_built", 1), ("flash", 1), ("auction", 1), ("distribution", 0), ("other", 0), (None, 0)],
)
def test_pickup_anomaly_of_three_channels(channel: str | None, counted: int) -> None:
    """The anomaly is of self-built, flash and auction orders, the 24-hour rate of all."""
    assert pickup(None, channel=channel) == ((counted, counted), (0, 1))


@pytest.mark.spec("KS-M15")
@pytest.mark.spec("KS-M16")
def test_rule_4_every_outbound_parcel_counts_fake_or_not() -> None:
    """Two outbound parcels of one order, one of them fake, are two; the return parcel is none."""
    parcels = [
        parcel("p1", "o1", SHIPPED, collected_at="06-28 13:00"),
        parcel("p2", "o1", SHIPPED, fake=True),
        parcel("p3", "o1", SHIPPED, direction="back"),
    ]
    facts = {"orders": [order("o1", PAID)], "parcels": parcels}
    assert [counts("pickup_anomaly", facts), counts("pickup_24h", facts)] == [(1, 2), (1, 2)]


@pytest.mark.spec("KS-M15")
@pytest.mark.parametrize(("date", "denominator"), [(dt.date(2024, 3, 11), 0), (dt.date(2024, 3, 12), 1)])
def test_rule_2_twenty_four_hours_over_a_clock_change(date: dt.date, denominator: int) -> None:
    """In New York 24 h after 23:30 on 9 March it is 0:30 on 11 March."""
    parcels = [parcel("p1", "o1", "03-09 23:30")]
    facts = {"shops": [shop(timezone="America/New_York")], "orders": [order("o1", "03-09 12:00")], "parcels": parcels}
    assert counts("pickup_anomaly", facts, date=date) == (denominator, denominator)
