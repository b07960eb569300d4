"""Quality refunds: KS-M01 to KS-M04, with the reading rules 2, 3, 4, 6 and 12 where they decide these."""

import datetime as dt
from decimal import Decimal

import pytest

from .facts import Counts, Row, case, counts, figure, order, parcel, product, shop

PAID = "06-15 12:00"  # T-15; fourteen times 24 h later it is 06-29 12:00
OLD = dt.date(2022, 12, 31)
OLD_PAID = "2022-12-16 12:00"
OTHER_REASONS = (
    "wrong_item", "missing_item", "late_shipment", "out_of_stock", "logistics", "not_wanted", "wrong_order", "seven_days",
    "invoice", "needs_repair", "other",
)  # fmt: skip


def rate(
    *cases: Row, paid_at: str | None = PAID, signed_at: str | None = "06-15 20:00", days: int = 1, **more: object
) -> Counts:
    """quality_refund_rate of the one order o1."""
    parcels = [parcel("p1", "o1", paid_at or PAID, signed_at=signed_at)]
    return counts(
        "quality_refund_rate", {"orders": [order("o1", paid_at, **more)], "parcels": parcels, "cases": cases}, days=days
    )


def old_rate(*cases: Row, paid_at: str | None = OLD_PAID, date: dt.date = OLD, **more: object) -> Counts:
    """quality_refund_rate of the one order o1, which nobody signed for, over 7 days."""
    return counts("quality_refund_rate", {"orders": [order("o1", paid_at, **more)], "cases": cases}, days=7, date=date)


def product_rate(*cases: Row, paid_at: str | None = PAID, days: int = 1, **more: object) -> Counts:
    """product_quality_refund_rate of P1 with the one order o1, which nobody signed for."""
    facts = {"orders": [order("o1", paid_at, **more)], "cases": cases}
    return counts("product_quality_refund_rate", facts, days=days, by="product", subject="P1")


@pytest.mark.spec("KS-M01")
def test_one_quality_refund_in_four_signed_orders() -> None:
    """Of four orders signed in time, one whose first refund names quality: 0.25."""
    ids = ("o1", "o2", "o3", "o4")
    parcels = [parcel(f"p-{one}", one, PAID, signed_at="06-18 12:00") for one in ids]
    facts = {"orders": [order(one, PAID) for one in ids], "parcels": parcels, "cases": [case("c1", "o1", PAID)]}
    found = figure("quality_refund_rate", facts)
    assert found is not None
    assert (found.numerator, found.denominator, found.value) == (1, 4, Decimal("0.25"))


@pytest.mark.spec("KS-M01")
@pytest.mark.parametrize(("signed_at", "expected"), [("06-29 12:00:00", (1, 1)), ("06-29 12:00:01", (0, 0)), (None, (0, 0))])
def test_signed_within_14_days_of_payment(signed_at: str | None, expected: Counts) -> None:
    """Signed 14×24 h after payment is in time; a second later, or never, leaves both sides, refund or not."""
    assert rate(case("c1", "o1", "06-20 12:00"), signed_at=signed_at) == expected


@pytest.mark.spec("KS-M01")
@pytest.mark.parametrize(("requested_at", "expected"), [("06-29 12:00:00", (1, 1)), ("06-29 12:00:01", (0, 1))])
def test_first_refund_within_14_days_of_payment(requested_at: str, expected: Counts) -> None:
    """A refund requested later than 14×24 h after payment leaves the numerator, not the denominator."""
    assert rate(case("c1", "o1", requested_at)) == expected


@pytest.mark.spec("KS-M01")
@pytest.mark.parametrize("reason", ["not_as_described", "damaged", "counterfeit", "quality"])
def test_quality_reasons(reason: str) -> None:
    """Not as described, damaged, counterfeit and quality problem are quality reasons."""
    assert rate(case("c1", "o1", "06-20 12:00", reason=reason)) == (1, 1)


@pytest.mark.spec("KS-M01")
@pytest.mark.parametrize("reason", OTHER_REASONS)
def test_other_reasons(reason: str) -> None:
    """No other reason is a quality reason."""
    assert rate(case("c1", "o1", "06-20 12:00", reason=reason)) == (0, 1)


@pytest.mark.spec("KS-M01")
@pytest.mark.parametrize(
    ("kind", "numerator"), [("refund_only", 1), ("return_refund", 1), ("exchange", 0), ("reissue", 0), ("repair", 0)]
)
def test_refunds_are_two_kinds_of_case(kind: str, numerator: int) -> None:
    """Exchange, reissue and repair are not refunds."""
    assert rate(case("c1", "o1", "06-20 12:00", kind=kind)) == (numerator, 1)


@pytest.mark.spec("KS-M01")
@pytest.mark.parametrize(
    ("first", "second", "numerator"),
    [
        ({"reason": "quality"}, {"reason": "not_wanted"}, 1),
        ({"reason": "not_wanted"}, {"reason": "quality"}, 0),
        ({"reason": "quality"}, {"reason": "damaged"}, 1),
        ({"reason": "not_wanted", "kind": "exchange"}, {"reason": "quality"}, 1),
        ({"reason": "quality", "kind": "exchange"}, {"reason": "not_wanted"}, 0),
    ],
)
def test_only_the_first_refund_of_an_order_speaks(first: Row, second: Row, numerator: int) -> None:
    """A second refund does not change the first cause; an exchange before it is no refund; an order counts once."""
    assert rate(case("c2", "o1", "06-20 12:00:00", **first), case("c1", "o1", "06-20 12:00:01", **second)) == (numerator, 1)


@pytest.mark.spec("KS-M01")
@pytest.mark.spec("KS-M04")
@pytest.mark.parametrize(("reason", "reason_now", "numerator"), [("quality", "seven_days", 1), ("seven_days", "quality", 0)])
@pytest.mark.parametrize("days", [1, 60])
def test_a_reason_changed_later_does_not_matter(days: int, reason: str, reason_now: str, numerator: int) -> None:
    """The first reason given counts, whatever it was changed to."""
    assert rate(case("c1", "o1", "06-20 12:00", reason=reason, reason_now=reason_now), days=days) == (numerator, 1)


@pytest.mark.spec("KS-M01")
@pytest.mark.parametrize(
    "end",
    [
        {"ended_at": "06-21 12:00", "outcome": "closed"},
        {"answered_at": "06-21 12:00", "answer": "refused"},
        {"escalated_at": "06-21 12:00", "judged_at": "06-22 12:00", "liability": "buyer"},
    ],
)
def test_what_became_of_the_refund_does_not_matter(end: Row) -> None:
    """Withdrawn, refused or judged against the buyer, the request stays a quality refund."""
    assert rate(case("c1", "o1", "06-20 12:00", **end)) == (1, 1)


@pytest.mark.spec("KS-M01")
@pytest.mark.parametrize(("risk_flagged", "expected"), [(True, (0, 0)), (False, (1, 1)), (None, (1, 1))])
def test_risk_flagged_orders_leave_both_sides(risk_flagged: bool | None, expected: Counts) -> None:
    """A flagged order is in neither count; an empty flag is no flag."""
    assert rate(case("c1", "o1", "06-20 12:00"), risk_flagged=risk_flagged) == expected


@pytest.mark.spec("KS-M01")
@pytest.mark.parametrize(("virtual", "expected"), [(True, (1, 1)), (False, (0, 0)), (None, (0, 0))])
def test_paying_for_virtual_goods_is_signing(virtual: bool | None, expected: Counts) -> None:
    """A virtual product needs no parcel; a physical one without a parcel was not signed."""
    products = [product(virtual=virtual)]
    facts = {"orders": [order("o1", PAID)], "products": products, "cases": [case("c1", "o1", "06-20 12:00")]}
    assert counts("quality_refund_rate", facts) == expected


@pytest.mark.spec("KS-M01")
@pytest.mark.parametrize("channel", ["self_built", "flash", "auction", "distribution", "other", None])
def test_the_channel_does_not_matter(channel: str | None) -> None:
    """Quality refunds are counted over all channels."""
    assert rate(case("c1", "o1", "06-20 12:00"), channel=channel) == (1, 1)


@pytest.mark.spec("KS-M01")
@pytest.mark.spec("KS-B01")
@pytest.mark.parametrize(
    ("days", "paid_at", "denominator"),
    [
        (1, "06-15 00:00:00", 1), (1, "06-15 23:59:59", 1), (1, "06-14 23:59:59", 0), (1, "06-16 00:00:00", 0),
        (7, "06-09 00:00:00", 1), (7, "06-08 23:59:59", 0), (30, "05-17 00:00:00", 1), (30, "05-16 23:59:59", 0),
    ],
)  # fmt: skip
def test_the_window_ends_with_t_minus_15(days: int, paid_at: str, denominator: int) -> None:
    """The last x payment days up to 15 June, both ends whole."""
    assert rate(paid_at=paid_at, signed_at=paid_at, days=days) == (0, denominator)


@pytest.mark.spec("KS-M01")
def test_sub_orders_of_one_purchase_count_each() -> None:
    """Two product lines of one purchase are two orders; one was refunded."""
    orders = [order("o1", PAID, parent_id="A"), order("o2", PAID, parent_id="A")]
    parcels = [parcel("p1", "o1", PAID, signed_at=PAID), parcel("p2", "o2", PAID, signed_at=PAID)]
    facts = {"orders": orders, "parcels": parcels, "cases": [case("c1", "o2", "06-20 12:00")]}
    assert counts("quality_refund_rate", facts) == (1, 2)


@pytest.mark.spec("KS-M01")
def test_unpaid_orders_are_not_counted() -> None:
    """An order never paid has no payment day."""
    assert rate(case("c1", "o1", "06-20 12:00"), paid_at=None, created_at=PAID) == (0, 0)


@pytest.mark.spec("KS-M01")
@pytest.mark.parametrize(("minute", "expected"), [("13:00:00", (0, 1)), ("13:00:01", (0, 0))])
def test_rule_2_fourteen_days_are_336_hours(minute: str, expected: Counts) -> None:
    """Where the clocks go forward on 10 March, 14×24 h after 12:00 is 13:00."""
    parcels = [parcel("p1", "o1", "03-05 12:00", signed_at=f"03-19 {minute}")]
    facts = {"shops": [shop(timezone="America/New_York")], "orders": [order("o1", "03-05 12:00")], "parcels": parcels}
    assert counts("quality_refund_rate", facts, date=dt.date(2024, 3, 20)) == expected


@pytest.mark.spec("KS-M01")
@pytest.mark.spec("KS-M20")
@pytest.mark.parametrize(("metric", "paid_at"), [("quality_refund_rate", "06-15 12:00"), ("dispute_rate", "06-29 12:00")])
def test_rule_3_cash_on_delivery_counts_on_the_day_it_was_paid(metric: str, paid_at: str) -> None:
    """A cash-on-delivery order made on 3 June counts under the day of paid_at."""
    orders = [order("o1", paid_at, created_at="06-03 12:00", cod=True)]
    parcels = [parcel("p1", "o1", "06-04 12:00", signed_at=paid_at)]
    assert counts(metric, {"orders": orders, "parcels": parcels}) == (0, 1)


@pytest.mark.spec("KS-M01")
@pytest.mark.parametrize(
    ("shipped_at", "more", "denominator"),
    [
        ("06-16 12:00", {"signed_at": "06-29 12:00:00"}, 1),
        ("06-16 12:00", {"signed_at": "06-29 12:00:01"}, 0),
        ("06-16 12:00", {}, 0),
        ("06-16 12:00", {"fake": True}, 0),
        ("06-16 12:00", {"direction": "back"}, 1),
        ("06-29 23:59:59", {}, 0),
        ("06-30 00:00:00", {}, 1),
    ],
)
def test_rule_4_one_parcel_unsigned_is_unsigned(shipped_at: str, more: Row, denominator: int) -> None:
    """The last outbound parcel shipped before T decides, fake or not; a return parcel never does."""
    parcels = [parcel("p1", "o1", PAID, signed_at="06-18 12:00"), parcel("p2", "o1", shipped_at, **more)]
    assert counts("quality_refund_rate", {"orders": [order("o1", PAID)], "parcels": parcels}) == (0, denominator)


@pytest.mark.spec("KS-M01")
@pytest.mark.spec("KS-M03")
def test_rule_6_of_two_refunds_in_one_second_the_smaller_id_is_first() -> None:
    """c1 and c2 in the same second: c1 gives the cause, in whatever order the rows come."""
    early, late = case("c1", "o1", "06-20 12:00", reason="quality"), case("c2", "o1", "06-20 12:00", reason="other")
    assert [rate(early, late), rate(late, early), product_rate(late, early)] == [(1, 1)] * 3
    early, late = case("c1", "o1", "06-20 12:00", reason="other"), case("c2", "o1", "06-20 12:00", reason="quality")
    assert [rate(early, late), rate(late, early), product_rate(late, early)] == [(0, 1)] * 3


@pytest.mark.spec("KS-M02")
@pytest.mark.parametrize(("requested_at", "numerator"), [("2022-12-30 12:00:00", 1), ("2022-12-30 12:00:01", 0)])
def test_before_the_change_every_paid_order_counts(requested_at: str, numerator: int) -> None:
    """At 31 December 2022 unsigned and risk-flagged orders count; the first refund still comes within 14×24 h."""
    assert old_rate(case("c1", "o1", requested_at), risk_flagged=True) == (numerator, 1)


@pytest.mark.spec("KS-M02")
def test_before_the_change_the_first_cause_decides_too() -> None:
    """The second refund's reason does not matter; an unpaid order does not count."""
    assert old_rate(case("c1", "o1", OLD_PAID, reason="other"), case("c2", "o1", "2022-12-17 12:00")) == (0, 1)
    assert old_rate(case("c1", "o1", OLD_PAID), paid_at=None, created_at=OLD_PAID) == (0, 0)


@pytest.mark.spec("KS-M02")
@pytest.mark.parametrize(
    ("paid_at", "denominator"), [("2022-12-10 00:00", 1), ("2022-12-09 23:59:59", 0), ("2022-12-17 00:00", 0)]
)
def test_before_the_change_the_window_is_the_same(paid_at: str, denominator: int) -> None:
    """Seven payment days up to T-15, 16 December."""
    assert old_rate(paid_at=paid_at) == (0, denominator)


@pytest.mark.spec("KS-M01")
@pytest.mark.spec("KS-M02")
@pytest.mark.parametrize(("date", "expected"), [(OLD, (1, 1)), (dt.date(2023, 1, 1), (0, 0))])
def test_rule_12_the_version_in_force_at_t_holds_for_the_whole_window(date: dt.date, expected: Counts) -> None:
    """One unsigned order of 16 December 2022 counts at 31 December and no longer at 1 January."""
    assert old_rate(case("c1", "o1", "2022-12-20 12:00"), date=date) == expected


@pytest.mark.spec("KS-M02")
def test_rule_12_the_figure_names_its_version() -> None:
    """The two versions of one metric have different names."""
    facts = {"orders": [order("o1", OLD_PAID)], "parcels": [parcel("p1", "o1", OLD_PAID, signed_at=OLD_PAID)]}
    before = figure("quality_refund_rate", facts, days=7, date=OLD)
    after = figure("quality_refund_rate", facts, days=7, date=dt.date(2023, 1, 1))
    assert before is not None
    assert after is not None
    assert before.version != after.version


@pytest.mark.spec("KS-M03")
@pytest.mark.parametrize(("requested_at", "numerator"), [("06-29 12:00:00", 1), ("06-29 12:00:01", 0)])
def test_product_rate_is_over_all_paid_orders(requested_at: str, numerator: int) -> None:
    """Unsigned and risk-flagged orders count; the first refund comes within 14×24 h of payment."""
    assert product_rate(case("c1", "o1", requested_at), risk_flagged=True, channel="distribution") == (numerator, 1)


@pytest.mark.spec("KS-M03")
def test_product_rate_takes_the_first_refund() -> None:
    """The first refund names another cause: not counted, whatever the second and the change of reason say."""
    first = case("c1", "o1", "06-20 12:00", reason="other", reason_now="quality")
    assert product_rate(first, case("c2", "o1", "06-21 12:00")) == (0, 1)
    assert product_rate(case("c1", "o1", "06-20 12:00", kind="exchange")) == (0, 1)


@pytest.mark.spec("KS-M03")
@pytest.mark.parametrize(
    ("days", "paid_at", "denominator"),
    [
        (1, "06-15 23:59:59", 1), (1, "06-16 00:00:00", 0), (1, "06-14 23:59:59", 0),
        (7, "06-09 00:00:00", 1), (7, "06-08 23:59:59", 0), (30, None, 0),
    ],
)  # fmt: skip
def test_product_rate_window(days: int, paid_at: str | None, denominator: int) -> None:
    """Payment days up to T-15; unpaid orders never count."""
    assert product_rate(paid_at=paid_at, days=days) == (0, denominator)


@pytest.mark.spec("KS-M03")
def test_products_are_apart() -> None:
    """A refund of P2 says nothing of P1."""
    facts = {"orders": [order("o1", PAID), order("o2", PAID, product_id="P2")], "cases": [case("c1", "o2", "06-20 12:00")]}
    found = [counts("product_quality_refund_rate", facts, by="product", subject=one) for one in ("P1", "P2")]
    assert found == [(0, 1), (1, 1)]


@pytest.mark.spec("KS-M04")
@pytest.mark.parametrize(
    ("paid_at", "denominator"),
    [("04-17 00:00:00", 1), ("04-16 23:59:59", 0), ("06-15 23:59:59", 1), ("06-16 00:00:00", 0)],
)
def test_sixty_days_of_quality_refunds(paid_at: str, denominator: int) -> None:
    """Sixty payment days: 17 April to 15 June."""
    assert rate(paid_at=paid_at, signed_at=paid_at, days=60) == (0, denominator)


@pytest.mark.spec("KS-M04")
@pytest.mark.parametrize(("kind", "reason"), [("refund_only", "counterfeit"), ("return_refund", "not_as_described")])
def test_sixty_days_take_the_kinds_and_reasons_of_the_rate(kind: str, reason: str) -> None:
    """Not only returns, and not only the reason "quality"."""
    assert rate(case("c1", "o1", "06-20 12:00", kind=kind, reason=reason), days=60) == (1, 1)
