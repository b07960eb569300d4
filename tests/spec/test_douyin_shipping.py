"""Douyin orders and their parcels: timely_shipment (DY-L05), fake_shipment_rate (DY-L06), logistics_return_rate (DY-S03)."""

import datetime as dt
from functools import partial

import pytest

from .facts import AT_T, BEFORE_T, LAST_DAYS, Counts, Row, case, order, parcel, product, shop, subjects
from .facts import counts as counts_of

counts = partial(counts_of, platform="douyin")

PAID = "06-27 12:00"
PROMISED = "06-29 12:00"
SENT = "06-15 18:00"  # T-15, the last day of DY-S03; its 14×24 h end on 06-29 18:00


def timely(shipped_at: str | None, *cases: Row, paid_at: str | None = PAID, days: int = 1, **more: object) -> Counts:
    """timely_shipment of the one order o1, promised for 12:00 on 29 June unless said."""
    orders = [order("o1", paid_at, **{"promised_ship_at": PROMISED, **more})]
    parcels = [parcel("p1", "o1", shipped_at)] if shipped_at else []
    return counts("timely_shipment", {"orders": orders, "parcels": parcels, "cases": cases}, days=days)


def fake(*parcels: Row, days: int = 1, **more: object) -> Counts:
    """fake_shipment_rate of the one order o1."""
    return counts("fake_shipment_rate", {"orders": [order("o1", PAID, **more)], "parcels": parcels}, days=days)


def sent_back(requested_at: str = "06-20 12:00", case_id: str = "c1", **more: str) -> Row:
    """A return-refund because of the logistics."""
    return case(case_id, "o1", requested_at, **{"kind": "return_refund", "reason": "logistics", **more})


def returns(
    *cases: Row, paid_at: str | None = "06-15 12:00", sent_at: str | None = SENT, days: int = 1, **more: object
) -> Counts:
    """logistics_return_rate of the one order o1."""
    parcels = [parcel("p1", "o1", sent_at)] if sent_at else []
    facts = {"orders": [order("o1", paid_at, **more)], "parcels": parcels, "cases": cases}
    return counts("logistics_return_rate", facts, days=days)


@pytest.mark.spec("DY-L05")
@pytest.mark.parametrize(
    ("shipped_at", "expected"),
    [("06-29 12:00:00", (1, 1)), ("06-29 12:00:01", (0, 1)), (AT_T, (0, 1)), (None, (0, 1)), ("06-27 12:00:00", (1, 1))],
)
def test_shipped_by_the_promise(shipped_at: str | None, expected: Counts) -> None:
    """DY-L05: at the promised second in time; a second later, at T or never not, but due all the same."""
    assert timely(shipped_at) == expected


@pytest.mark.spec("DY-L05")
@pytest.mark.parametrize(("days", "promised", "counted"), [*LAST_DAYS, (1, None, 0)])
def test_orders_are_due_on_the_day_of_the_promise(days: int, promised: str | None, counted: int) -> None:
    """DY-L05: not on the day of payment or shipping."""
    found = timely("05-01 12:00", paid_at="04-30 12:00", promised_ship_at=promised, days=days)
    assert found == (counted, counted)


@pytest.mark.spec("DY-L05")
@pytest.mark.parametrize(
    ("paid_at", "cod", "due"),
    [
        (None, True, 1), (None, False, 0), (None, None, 0), (PAID, True, 1),
        (BEFORE_T, None, 1), (AT_T, None, 0), (AT_T, True, 1),
    ],
)  # fmt: skip
def test_due_are_orders_paid_or_cash_on_delivery(paid_at: str | None, cod: bool | None, due: int) -> None:
    """DY-L05: an order paid at T is not paid yet."""
    assert timely(None, paid_at=paid_at, cod=cod, created_at="06-27 11:00") == (0, due)


@pytest.mark.spec("DY-L05")
@pytest.mark.parametrize("channel", ["self_built", "flash", "auction", "distribution", "other", None])
def test_due_over_all_channels(channel: str | None) -> None:
    """DY-L05: Douyin names no channels; presale and risk do not matter either."""
    assert timely(None, channel=channel, presale=True, risk_flagged=True) == (0, 1)


@pytest.mark.spec("DY-L05")
@pytest.mark.parametrize(("virtual", "due"), [(True, 0), (False, 1), (None, 1)])
def test_virtual_goods_are_not_due(virtual: bool | None, due: int) -> None:
    """DY-L05: physical goods only."""
    orders = [order("o1", PAID, promised_ship_at=PROMISED)]
    assert counts("timely_shipment", {"orders": orders, "products": [product(virtual=virtual)]}) == (0, due)


@pytest.mark.spec("DY-L05")
@pytest.mark.parametrize(
    ("requested_at", "shipped_at", "expected"),
    [
        ("06-29 11:59:59", None, (0, 0)),
        ("06-29 12:00:00", None, (0, 0)),
        ("06-29 12:00:01", None, (0, 1)),
        ("06-29 11:59:59", "06-29 13:00:00", (0, 0)),
        ("06-29 12:00:01", "06-29 13:00:00", (0, 1)),
        ("06-28 09:59:59", "06-28 10:00:00", (0, 0)),
        ("06-28 10:00:00", "06-28 10:00:00", (1, 1)),
        ("06-28 10:00:01", "06-28 10:00:00", (1, 1)),
    ],
)
def test_a_refund_asked_while_unshipped_leaves_the_order_out(
    requested_at: str, shipped_at: str | None, expected: Counts
) -> None:
    """DY-L05: asked up to the promise, as on Kuaishou, while unshipped; in the second of shipping it is shipped (rule 5)."""
    assert timely(shipped_at, case("c1", "o1", requested_at)) == expected


@pytest.mark.spec("DY-L05")
@pytest.mark.parametrize(
    ("kind", "due"), [("refund_only", 0), ("return_refund", 0), ("exchange", 1), ("reissue", 1), ("repair", 1)]
)
def test_only_refunds_leave_an_order_out(kind: str, due: int) -> None:
    """DY-L05: an exchange asked before the promise does not; whatever the reason of the refund."""
    assert timely(None, case("c1", "o1", "06-28 12:00", kind=kind, reason="not_wanted")) == (0, due)


@pytest.mark.spec("DY-L05")
def test_closing_alone_leaves_nothing_out() -> None:
    """DY-L05: closed before the promise without a refund and never shipped: due and not shipped."""
    assert timely(None, closed_at="06-28 12:00") == (0, 1)


@pytest.mark.spec("DY-L05")
def test_any_refund_leaves_an_order_out_not_only_the_first() -> None:
    """DY-L05: between two parcels (partly shipped is unshipped) a second refund is asked."""
    orders = [order("o1", PAID, promised_ship_at=PROMISED)]
    parcels = [parcel("p1", "o1", "06-27 13:00"), parcel("p2", "o1", "06-29 10:00")]
    late, early = case("c1", "o1", "06-29 11:00"), case("c2", "o1", "06-29 09:59:59")
    assert counts("timely_shipment", {"orders": orders, "parcels": parcels, "cases": [late]}) == (1, 1)
    assert counts("timely_shipment", {"orders": orders, "parcels": parcels, "cases": [early, late]}) == (0, 0)


@pytest.mark.spec("DY-L05")
def test_rule_4_the_last_outbound_parcel_ships_the_order() -> None:
    """DY-L05: one parcel in time, one not: late; a return parcel does not ship anything."""
    orders = [order("o1", PAID, promised_ship_at=PROMISED), order("o2", PAID, promised_ship_at=PROMISED)]
    parcels = [parcel("p1", "o1", "06-28 12:00"), parcel("p2", "o1", "06-29 12:00:01")]
    parcels += [parcel("p3", "o2", "06-28 12:00"), parcel("p4", "o2", "06-29 13:00", direction="back")]
    assert counts("timely_shipment", {"orders": orders, "parcels": parcels}) == (1, 2)


def test_a_fake_parcel_ships_like_any_other() -> None:
    """Rule 4: fake parcels count like others, except in the fake shipment rate."""
    facts = {"orders": [order("o1", PAID, promised_ship_at=PROMISED)], "parcels": [parcel("p1", "o1", PAID, fake=True)]}
    assert counts("timely_shipment", facts) == (1, 1)


@pytest.mark.spec("DY-L06")
@pytest.mark.parametrize(
    ("flags", "expected"),
    [([True], (1, 1)), ([False], (0, 1)), ([None], (0, 1)), ([True, False], (1, 1)), ([True, True], (1, 1)), ([], (0, 0))],
)
def test_an_order_with_a_fake_parcel_counts_once(flags: list[bool | None], expected: Counts) -> None:
    """DY-L06: orders are counted, not parcels; one never shipped is in neither count."""
    parcels = [parcel(f"p{n}", "o1", f"06-29 1{n}:00", fake=flag) for n, flag in enumerate(flags)]
    assert fake(*parcels) == expected


@pytest.mark.spec("DY-L06")
@pytest.mark.parametrize(("days", "shipped_at", "counted"), LAST_DAYS)
def test_fake_orders_count_under_the_day_of_shipping(days: int, shipped_at: str, counted: int) -> None:
    """DY-L06: both sides by the day the order was shipped."""
    assert fake(parcel("p1", "o1", shipped_at, fake=True), days=days) == (counted, counted)


@pytest.mark.spec("DY-L06")
@pytest.mark.parametrize(("last", "days", "counted"), [("06-29 10:00", 1, 1), ("06-28 10:00", 1, 0), ("06-28 10:00", 7, 1)])
def test_the_day_of_shipping_is_the_last_parcels(last: str, days: int, counted: int) -> None:
    """DY-L06: faked on 24 June, the order counts when its other parcel left (rule 4)."""
    parcels = [parcel("p1", "o1", "06-24 10:00", fake=True), parcel("p2", "o1", last)]
    assert fake(*parcels, days=days) == (counted, counted)


@pytest.mark.spec("DY-L06")
def test_a_parcel_of_t_is_not_known_yet() -> None:
    """DY-L06, rule 1: shipped on 29 June by its first parcel; the fake one comes at T."""
    assert fake(parcel("p1", "o1", "06-29 12:00"), parcel("p2", "o1", AT_T, fake=True)) == (0, 1)


@pytest.mark.spec("DY-L06")
def test_a_fake_return_parcel_is_the_buyers() -> None:
    """DY-L06: outbound parcels only."""
    assert fake(parcel("p1", "o1", "06-29 10:00"), parcel("p2", "o1", "06-29 11:00", direction="back", fake=True)) == (0, 1)
    assert fake(parcel("p2", "o1", "06-29 11:00", direction="back", fake=True)) == (0, 0)


@pytest.mark.spec("DY-L06")
@pytest.mark.parametrize("channel", ["self_built", "distribution", None])
def test_fake_shipments_of_all_channels_paid_or_not(channel: str | None) -> None:
    """DY-L06: orders shipped, nothing else is asked (rule 3)."""
    facts = {
        "orders": [order("o1", None, channel=channel), order("o2", PAID, channel=channel)],
        "parcels": [parcel("p1", "o1", "06-29 10:00", fake=True), parcel("p2", "o2", "06-29 10:00")],
    }
    assert counts("fake_shipment_rate", facts) == (1, 2)


@pytest.mark.spec("DY-S03")
@pytest.mark.parametrize(
    ("requested_at", "numerator"),
    [("06-15 17:59:59", 0), ("06-15 18:00:00", 1), ("06-29 18:00:00", 1), ("06-29 18:00:01", 0), ("06-20 12:00", 1), (AT_T, 0)],
)
def test_returned_within_fourteen_days_of_shipping(requested_at: str, numerator: int) -> None:
    """From shipping to 14×24 h after it, to the second; the order is in the denominator either way."""
    assert returns(sent_back(requested_at)) == (numerator, 1)


@pytest.mark.spec("DY-S03")
@pytest.mark.parametrize(
    ("sent_at", "requested_at", "numerator"),
    [
        ("06-20 12:00", "06-29 23:00", 1),
        ("06-14 23:00", "06-28 23:00:00", 1),
        ("06-14 23:00", "06-28 23:00:01", 0),
        (None, "06-20 12:00", 0),
        (AT_T, "06-20 12:00", 0),
    ],
)
def test_the_clock_starts_with_shipping_not_payment(sent_at: str | None, requested_at: str, numerator: int) -> None:
    """Shipped five days after payment, asked for on the fourteenth day of payment: counts. Never shipped has no clock."""
    assert returns(sent_back(requested_at), sent_at=sent_at, created_at="06-14 12:00") == (numerator, 1)


@pytest.mark.spec("DY-S03")
def test_the_last_parcel_starts_the_clock() -> None:
    """Rule 4: two parcels, the second five days later; asked 14×24 h after that one."""
    parcels = [parcel("p1", "o1", "06-10 12:00"), parcel("p2", "o1", "06-15 12:00")]
    orders = [order("o1", "06-10 12:00")]
    for requested_at, numerator in (("06-29 12:00:00", 1), ("06-29 12:00:01", 0)):
        facts = {"orders": orders, "parcels": parcels, "cases": [sent_back(requested_at)]}
        assert counts("logistics_return_rate", facts, days=7) == (numerator, 1)


@pytest.mark.spec("DY-S03")
@pytest.mark.parametrize(
    ("change", "numerator"),
    [
        ({}, 1),
        ({"kind": "refund_only"}, 0),
        ({"kind": "exchange"}, 0),
        ({"reason": "late_shipment"}, 0),
        ({"reason": "damaged"}, 0),
        ({"reason_now": "quality"}, 1),
        ({"reason": "quality", "reason_now": "logistics"}, 0),
    ],
)
def test_return_refunds_whose_first_reason_is_logistics(change: dict[str, str], numerator: int) -> None:
    """Kind and reason both; what the reason was changed to does not matter."""
    assert returns(sent_back(**change)) == (numerator, 1)


@pytest.mark.spec("DY-S03")
@pytest.mark.parametrize(
    ("earlier", "numerator"),
    [
        ({"kind": "exchange"}, 1),
        ({"kind": "refund_only"}, 0),
        ({"reason": "quality"}, 0),
        ({}, 1),
    ],
)
def test_only_the_first_refund_gives_the_cause(earlier: dict[str, str], numerator: int) -> None:
    """An exchange before it is no refund; a refund alone, or for another reason, is the first; an order counts once."""
    assert returns(sent_back("06-18 12:00", "c9", **earlier), sent_back("06-20 12:00", "c1")) == (numerator, 1)


@pytest.mark.spec("DY-S03")
def test_rule_6_of_two_refunds_in_one_second_the_smaller_id_is_first() -> None:
    """c1 and c2 in the same second, in whatever order the rows come."""
    one, two = sent_back(case_id="c1"), sent_back(case_id="c2", reason="quality")
    assert [returns(one, two), returns(two, one)] == [(1, 1)] * 2
    one, two = sent_back(case_id="c1", reason="quality"), sent_back(case_id="c2")
    assert [returns(one, two), returns(two, one)] == [(0, 1)] * 2


@pytest.mark.spec("DY-S03")
@pytest.mark.parametrize(
    ("days", "paid_at", "counted"),
    [
        (1, "06-15 00:00:00", 1), (1, "06-15 23:59:59", 1), (1, "06-14 23:59:59", 0), (1, "06-16 00:00:00", 0),
        (7, "06-09 00:00:00", 1), (7, "06-08 23:59:59", 0), (30, "05-17 00:00:00", 1), (30, "05-16 23:59:59", 0),
        (90, "06-15 23:59:59", 1), (90, "06-16 00:00:00", 0), (90, "03-18 00:00:00", 1), (90, "03-17 23:59:59", 0),
        (90, None, 0),
    ],
)  # fmt: skip
def test_payment_days_15_to_104_before_t(days: int, paid_at: str | None, counted: int) -> None:
    """By payment day, not by the day of shipping or of the request; unpaid orders never."""
    found = returns(sent_back("06-20 12:00"), paid_at=paid_at, sent_at="06-16 12:00", created_at="03-01 12:00", days=days)
    assert found == (counted, counted)


@pytest.mark.spec("DY-S03")
def test_late_shipments_still_ripen() -> None:
    """Paid on 15 June, sent on the 28th, sent back on 2 July: not known at 30 June, counted under the same day later."""
    facts = {
        "orders": [order("o1", "06-15 12:00")],
        "parcels": [parcel("p1", "o1", "06-28 12:00")],
        "cases": [sent_back("07-02 12:00")],
    }
    assert counts("logistics_return_rate", facts, days=7) == (0, 1)
    assert counts("logistics_return_rate", facts, days=7, date=dt.date(2024, 7, 3)) == (1, 1)


@pytest.mark.spec("DY-S03")
def test_returns_are_over_all_paid_orders() -> None:
    """Every channel, shipped or not, cash on delivery by its payment, virtual or not; without orders there is no rate."""
    orders = [
        order("o1", "06-15 12:00"),
        order("o2", "06-15 12:00", channel="distribution"),
        order("o3", "06-15 12:00", product_id="P2", risk_flagged=True),
        order("o4", "06-15 12:00", cod=True, created_at="06-01 12:00"),
        order("o5", None, cod=True, created_at="06-15 12:00"),
    ]
    facts = {
        "products": [product("P2", virtual=True)],
        "orders": orders,
        "parcels": [parcel("p1", "o1", SENT)],
        "cases": [sent_back()],
    }
    assert counts("logistics_return_rate", facts) == (1, 4)
    assert counts("logistics_return_rate", {"orders": orders[-1:]}) == (0, 0)


ORDER_METRICS = ("timely_shipment", "fake_shipment_rate", "logistics_return_rate")


@pytest.mark.parametrize("metric", ORDER_METRICS)
def test_rule_11_subjects_of_orders(metric: str) -> None:
    """Product, its categories, shop and platform; without a category product, shop and platform only."""
    orders = [order(one, "06-15 12:00", product_id=one, promised_ship_at=PROMISED) for one in ("P1", "P2")]
    parcels = [parcel(one, one, shipped) for one, shipped in (("P1", "06-29 10:00"), ("P2", "06-29 11:00"))]
    facts = {"products": [product("P1", "Food/Fruit"), product("P2")], "orders": orders, "parcels": parcels}
    assert subjects(metric, facts, platform="douyin") == {
        ("platform", "douyin"), ("shop", "S1"), ("product", "P1"), ("product", "P2"),
        ("category_l1", "Food"), ("category_l2", "Food/Fruit"),
        ("shop_category_l1", "S1/Food"), ("shop_category_l2", "S1/Food/Fruit"),
    }  # fmt: skip
    assert counts(metric, facts, by="platform", subject="douyin")[1] == 2
    assert counts(metric, facts, by="product", subject="P2")[1] == 1


@pytest.mark.parametrize("metric", ORDER_METRICS)
def test_rule_10_only_douyins_shops(metric: str) -> None:
    """A shop of another platform is not counted, and days are those of the shop's zone."""
    shops = [shop("S1", "douyin", timezone="America/Bogota"), shop("S2", "kuaishou")]
    orders = [
        order(f"o{n}", "06-15 23:30", shop_id=f"S{n}", product_id=f"P{n}", promised_ship_at="06-29 23:30") for n in (1, 2)
    ]
    parcels = [parcel(f"p{n}", f"o{n}", "06-29 23:00") for n in (1, 2)]
    found = counts(metric, {"shops": shops, "orders": orders, "parcels": parcels}, by="platform", subject="douyin")
    assert found[1] == 1


@pytest.mark.spec("DY-L05", "DY-L06", "DY-L13")
@pytest.mark.parametrize(("day", "counted"), [("2020-04-09", 0), ("2020-04-10", 1)])
def test_rule_12_the_levels_judge_deeds_from_their_first_day_on(day: str, counted: int) -> None:
    """DY-L05, DY-L06, DY-L13: old rules for old deeds: what fell under 9 April 2020 is not of these rules."""
    orders = [order("o1", f"{day} 08:00", promised_ship_at=f"{day} 12:00")]
    facts = {"orders": orders, "parcels": [parcel("p1", "o1", f"{day} 10:00", fake=True)]}
    found = [counts(metric, facts, days=30, date=dt.date(2020, 4, 20)) for metric in ORDER_METRICS[:2]]
    assert found == [(counted, counted)] * 2


@pytest.mark.spec("DY-S03")
@pytest.mark.parametrize(("date", "counted"), [(dt.date(2022, 6, 20), 0), (dt.date(2022, 6, 21), 1)])
def test_rule_12_the_score_holds_for_the_whole_window(date: dt.date, counted: int) -> None:
    """In force from 21 June 2022, and then for payments of long before."""
    facts = {
        "orders": [order("o1", "2022-05-01 12:00")],
        "parcels": [parcel("p1", "o1", "2022-05-01 18:00")],
        "cases": [sent_back("2022-05-02 12:00")],
    }
    assert counts("logistics_return_rate", facts, days=90, date=date) == (counted, counted)


@pytest.mark.parametrize("metric", ORDER_METRICS)
@pytest.mark.parametrize("days", [1, 7, 30])
def test_nothing_due_nothing_shipped_nothing_paid(metric: str, days: int) -> None:
    """0/0 is never 0: an order outside of every window has no rate."""
    facts = {
        "orders": [order("o1", "01-10 12:00", promised_ship_at="01-12 12:00")],
        "parcels": [parcel("p1", "o1", "01-11 12:00")],
    }
    assert counts(metric, facts, days=days) == (0, 0)
