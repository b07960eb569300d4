"""Violations of Kuaishou's shops as the pack says them, each line with its two sides: KS-V06 to V13, V17 to V19."""

import datetime as dt
from collections.abc import Mapping
from fractions import Fraction

import duckdb
import pytest

from assess.crowd import (
    MONDAY,
    TUESDAY,
    Crowd,
    Past,
    found_in,
    judged_packs,
    severities,
    shipped,
    shop_figures,
)
from tianping.assess.finding import Seen, Subject, Whole
from tianping.assess.violation import find, settle
from tianping.assess.worklist import worklist
from tianping.policy.judging import Severity

from .facts import Row, counts, order, parcel

Counts = tuple[int, int]
Given = Mapping[tuple[str, int], Counts]


def said(formula: str, row: Mapping[str, object]) -> bool | None:
    """What a formula says of one row."""
    names = ", ".join(f"? {name}" for name in row)
    rows = duckdb.execute(f"select {formula} from (select {names})", list(row.values())).fetchall()
    return rows[0][0]  # type: ignore[no-any-return]


SATISFIED: Given = {
    ("self_built_orders", 7): (350, 1),
    ("rating_participation", 7): (400, 1000),
    ("service_satisfaction", 7): (799, 1000),
}
ATTITUDE: Given = {
    ("self_built_orders", 30): (1500, 1),
    ("rating_participation", 30): (900, 6000),
    ("attitude_dissatisfaction", 30): (61, 1000),
}
RESPONSE: Given = {("self_built_orders", 30): (1, 1), ("rating_participation", 7): (50, 140), ("response_3min", 7): (699, 1000)}


@pytest.mark.parametrize(
    ("name", "given", "changes"),
    [
        pytest.param("low_satisfaction", SATISFIED, [(350 - 1, 1), (400, 999), (800, 1000)], marks=pytest.mark.spec("KS-V06")),
        pytest.param("bad_attitude", ATTITUDE, [(1499, 1), (900, 5999), (60, 1000)], marks=pytest.mark.spec("KS-V07")),
        pytest.param("slow_response", RESPONSE, [(0, 1), (50, 139), (700, 1000)], marks=pytest.mark.spec("KS-V08")),
    ],
)
def test_customer_service(name: str, given: Given, changes: list[Counts]) -> None:
    """Orders and consulting buyers at the gate and the rate just beyond its line: found on Monday, the 1st; one less of any:
    not. The number of buyers is of those who consulted, not of those who rated."""
    assert severities(found_in(name, shop_figures(given))) == ["minor"]
    for key, change in zip(given, changes, strict=True):
        assert found_in(name, shop_figures({**given, key: change})) == []
    without = {key: pair for key, pair in given.items() if key[0] != "self_built_orders"}
    assert found_in(name, shop_figures(without)) == []
    assert shipped(name).table == "service"
    assert shipped(name).repeats is None  # KS-V16: its table counts instead


@pytest.mark.spec("KS-V06")
@pytest.mark.spec("KS-V07")
@pytest.mark.spec("KS-V08")
@pytest.mark.parametrize(
    ("date", "found"),
    [
        (MONDAY, [True, True, True]),
        (TUESDAY, [False] * 3),
        (dt.date(2024, 7, 8), [True, False, True]),
        (dt.date(2024, 8, 1), [False, True, False]),
    ],
)
def test_customer_service_is_looked_at(date: dt.date, found: list[bool]) -> None:
    """Satisfaction and response on Mondays, attitude on the 1st of the month."""
    each = (("low_satisfaction", SATISFIED), ("bad_attitude", ATTITUDE), ("slow_response", RESPONSE))
    assert [bool(found_in(name, shop_figures(given), date=date)) for name, given in each] == found


@pytest.mark.spec("KS-V06")
@pytest.mark.parametrize(
    ("channel", "paid_at", "orders"),
    [
        ("self_built", "06-29 12:00", 1),
        ("flash", "06-29 12:00", 0),
        (None, "06-29 12:00", 0),
        ("self_built", "06-28 23:59:59", 0),
        ("self_built", None, 0),
    ],
)
def test_self_built_orders(channel: str | None, paid_at: str | None, orders: int) -> None:
    """Of the self-built channel, by the day of payment."""
    assert counts("self_built_orders", {"orders": [order("o1", paid_at, channel=channel)]})[0] == orders


@pytest.mark.spec("KS-V09")
def test_late_shipment_is_a_worklist() -> None:
    """Sorted by the number of late orders, not by the rate; nobody without one; at most 1,000; no verdict."""
    shops = [Subject("kuaishou", name) for name in ("S1", "S2", "S3", "S4")]
    given = [(5, 10), (995, 1000), (94, 100), (9, 9)]
    figures = Crowd({("timely_shipment", "shop", shop.shop, 1): Seen(*pair) for shop, pair in zip(shops, given, strict=True)})
    kind = shipped("late_shipment")
    (one,) = kind.triggers
    assert [(each.subject.shop, int(each.taken.value or 0)) for each in worklist(one, shops, figures)] == [
        ("S3", 6),
        ("S1", 5),
        ("S2", 5),
    ]
    assert (kind.by_hand, kind.table, found_in("late_shipment", figures, *shops)) == (True, "shipping", [])


@pytest.mark.spec("KS-V09")
def test_the_worklist_has_a_thousand_a_day() -> None:
    shops = [Subject("kuaishou", f"S{n:04}") for n in range(1001)]
    figures = Crowd({("timely_shipment", "shop", shop.shop, 1): Seen(0, n + 1) for n, shop in enumerate(shops)})
    listed = [each.subject.shop for each in worklist(shipped("late_shipment").triggers[0], shops, figures)]
    assert (len(listed), listed[0], "S0000" in listed) == (1000, "S1000", False)


@pytest.mark.spec("KS-V10")
def test_fake_shipment_is_a_worklist() -> None:
    """By the orders marked fake; a person enters it."""
    shops = [Subject("kuaishou", name) for name in ("S1", "S2", "S3")]
    figures = Crowd(
        {("fake_shipments", "shop", shop.shop, 7): Seen(count, 1) for shop, count in zip(shops, (1, 3, 0), strict=True)}
    )
    kind = shipped("fake_shipment")
    assert [each.subject.shop for each in worklist(kind.triggers[0], shops, figures)] == ["S2", "S1"]
    assert (kind.by_hand, kind.table) == (True, "shipping")


@pytest.mark.spec("KS-V10")
@pytest.mark.parametrize(("fakes", "counted"), [((False,), 0), ((True,), 1), ((False, True), 1), ((True, True), 1)])
def test_orders_marked_fake(fakes: tuple[bool, ...], counted: int) -> None:
    """An order counts once, under the day of shipping."""
    parcels = [parcel(f"p{n}", "o1", "06-29 12:00", fake=fake) for n, fake in enumerate(fakes)]
    facts: dict[str, list[Row]] = {"orders": [order("o1", "06-28 12:00")], "parcels": parcels}
    assert counts("fake_shipments", facts)[0] == counted


TIMES = ("refund_only_time", "return_refund_time")


@pytest.mark.spec("KS-V11")
@pytest.mark.parametrize(
    ("metric", "seconds", "expected"),
    [
        ("refund_only_time", 15_000, None), ("refund_only_time", 15_001, "records"), ("refund_only_time", 19_999, "records"),
        ("refund_only_time", 20_000, "proposes"), ("refund_only_time", 30_000, "proposes"),
        ("return_refund_time", 15_000, None), ("return_refund_time", 15_001, "proposes"),
    ],
)  # fmt: skip
def test_slow_refunds(metric: str, seconds: int, expected: str | None) -> None:
    """The platform takes 1,000 s: ten refunds in more than 15,000 s are recorded, from 20,000 s on a penalty is proposed; for
    returns from just above 15,000 s."""
    figures = shop_figures({(metric, 30): (seconds, 10)}, {(each, 30): Fraction(1000) for each in TIMES})
    found = found_in("slow_refunds", figures, date=TUESDAY)
    assert [("records" if each.records else "proposes", each.severity) for each in found] == (
        [(expected, "minor")] if expected else []
    )
    assert [each.table for each in found] == ([None] if expected == "records" else ["slow_refunds"] if expected else [])


@pytest.mark.spec("KS-V11")
@pytest.mark.spec("KS-V19")
@pytest.mark.parametrize("name", ["slow_refunds", "aftersales_above_mean"])
def test_fewer_than_ten_say_nothing(name: str) -> None:
    """However slow, and however rare the platform's disputes."""
    means = {(each, 30): Fraction(1, 100) for each in (*TIMES, "dispute_rate", "liable_dispute_rate")}
    for metric, days in means:
        assert found_in(name, shop_figures({(metric, days): (9, 9)}, means), date=TUESDAY) == []
    assert found_in(name, shop_figures({("refund_only_time", 30): (10, 10)}, means), date=TUESDAY) != []


LIABLE = ("liable_dispute_rate", 30)


@pytest.mark.spec("KS-V12")
@pytest.mark.parametrize(
    ("liable", "orders", "found"),
    [
        (4, 1777, True), (4, 1778, False), (3, 1000, False), (5, 2223, False), (5, 2222, True), (4, 100, True), (4, 10, True),
        (4, 9, False),
    ],
)  # fmt: skip
def test_merchant_liable_disputes(liable: int, orders: int, found: bool) -> None:
    """The platform has 300 liable of 200,000 orders, 3 a shop: above 1.5 times 0.15 %, more than 3, from ten orders on."""
    platform = Whole(Fraction(300, 200_000), 300, 200_000, 100)
    assert (
        severities(found_in("liable_disputes", shop_figures({LIABLE: (liable, orders)}, {LIABLE: platform})))
        == ["minor"] * found
    )
    assert shipped("liable_disputes").table == "liable_disputes"


@pytest.mark.spec("KS-V13")
@pytest.mark.parametrize(
    ("escalated", "orders", "liable", "found"),
    [(151, 30_199, 3, True), (151, 30_200, 3, False), (150, 20_000, 3, False), (151, 20_000, 2, False), (151, 20_000, 3, True)],
)
def test_especially_serious_disputes(escalated: int, orders: int, liable: int, found: bool) -> None:
    """More than 0.5 %, more than 150, more than 2, all in 30 days."""
    figures = shop_figures({("dispute_rate", 30): (escalated, orders), LIABLE: (liable, orders)})
    each = found_in("liable_disputes_severe", figures, date=TUESDAY)
    assert [(one.severity, one.table) for one in each] == [("especially_serious", "liable_disputes_severe")] * found


@pytest.mark.spec("KS-V13")
@pytest.mark.parametrize(("ago", "again"), [(1, False), (6, False), (7, True)])
def test_not_again_within_seven_days(ago: int, again: bool) -> None:
    (found,) = found_in("liable_disputes_severe", shop_figures({("dispute_rate", 30): (151, 20_000), LIABLE: (3, 20_000)}))
    settled = settle(found, shipped("liable_disputes_severe"), Past(last=MONDAY - dt.timedelta(days=ago)))
    assert (settled is not None) == again


CONTENT: Given = {
    ("live_report_rate", 30): (2, 10_000),
    ("poor_video_share", 30): (26, 100),
    ("effective_play_rate", 30): (51, 100),
}


@pytest.mark.spec("KS-V17")
@pytest.mark.parametrize(
    ("metric", "at"), [("live_report_rate", (1, 10_000)), ("poor_video_share", (25, 100)), ("effective_play_rate", (52, 100))]
)
def test_content_figures_are_watched(metric: str, at: Counts) -> None:
    """Beyond the target they are recorded, at the target not; no penalty by any of them."""
    key = (metric, 30)
    (found,) = found_in("content_watch", shop_figures({key: CONTENT[key]}))
    assert (found.records, found.table) == (True, None)
    assert found_in("content_watch", shop_figures({key: at})) == []


@pytest.mark.spec("KS-V17")
@pytest.mark.parametrize(
    ("grade", "near_pro", "with_product", "poor"),
    [
        ("poor", True, False, True),
        ("poor", False, True, True),
        ("poor", False, False, False),
        ("fair", True, True, False),
        (None, True, True, None),
    ],
)
def test_a_poor_video(grade: str | None, near_pro: bool, with_product: bool, poor: bool | None) -> None:
    """Graded poor in the look review, of a near-professional streamer or with a product: exposure and promotion end, until it
    is taken back."""
    kind = shipped("poor_video")
    rows = kind.triggers[0].rows
    assert rows is not None
    columns = {
        "look_grade": grade,
        "look_reviewed_at": dt.datetime(2024, 6, 29),
        "near_pro": near_pro,
        "with_product": with_product,
    }
    row = said(rows.when, columns)
    assert row is poor
    video = Subject("kuaishou", "S1", "V1")
    (found,) = find("poor_video", kind, TUESDAY, [], Crowd(), {"graded_poor": [video]})
    assert (found.id, found.kind, found.needs_person, found.table) == ("V1", "video", False, "poor_video")


@pytest.mark.spec("KS-V17")
def test_behaviour_in_content_is_entered_by_a_person() -> None:
    """Eight kinds; their effects are on exposure and can be taken back: no money, no points."""
    kinds = [
        each.versions[-1] for each in judged_packs()["kuaishou"].values() if each.versions[-1].table == "content_behaviour"
    ]
    assert len(kinds) == 8
    assert all(each.by_hand and not each.triggers for each in kinds)


LATE, PICKUP = ("timely_shipment", 7), ("pickup_anomaly", 7)


@pytest.mark.spec("KS-V18")
@pytest.mark.parametrize(
    ("key", "pair", "expected"),
    [
        (LATE, (0, 9), []), (LATE, (0, 10), ["minor"]), (PICKUP, (9, 9), []), (PICKUP, (10, 10), ["minor"]),
        (LATE, (95, 100), []), (LATE, (9499, 10_000), ["especially_serious"]), (LATE, (94, 100), ["minor"]),
        (LATE, (0, 49), ["minor"]),
        (LATE, (0, 50), ["serious"]), (LATE, (0, 499), ["serious"]), (LATE, (0, 500), ["especially_serious"]),
        (LATE, (950, 1000), []), (LATE, (949, 1000), ["serious"]), (PICKUP, (6, 100), []), (PICKUP, (7, 100), ["minor"]),
        (PICKUP, (49, 800), ["minor"]), (PICKUP, (50, 800), ["serious"]), (PICKUP, (499, 8000), ["serious"]),
        (PICKUP, (500, 8000), ["especially_serious"]), (PICKUP, (600, 10_000), []),
    ],
)  # fmt: skip
def test_shipping_below_the_line(key: tuple[str, int], pair: Counts, expected: list[Severity]) -> None:
    """Below 95 %, above 6 %; how serious by the number of failing orders: under 50, under 500, more."""
    assert severities(found_in("shipping_below_line", shop_figures({key: pair}))) == expected
    assert found_in("shipping_below_line", shop_figures({key: pair}), date=TUESDAY) == []


@pytest.mark.spec("KS-V18")
def test_late_and_not_picked_up_are_one_violation() -> None:
    (found,) = found_in("shipping_below_line", shop_figures({LATE: (0, 40), PICKUP: (60, 100)}))
    assert (found.severity, found.trigger.name, found.table) == ("serious", "not_picked_up", "shipping")
    assert [other.trigger.name for other in found.others] == ["late"]


@pytest.mark.spec("KS-V19")
@pytest.mark.parametrize("metric", ["dispute_rate", "liable_dispute_rate", *TIMES])
def test_after_sales_above_the_mean_is_recorded(metric: str) -> None:
    """Above 1.5 times 2, that is 3; without a penalty of its own. Refusals are only watched."""
    means = {(metric, 30): Fraction(2), ("refusal_rate", 30): Fraction(1, 100)}
    (found,) = found_in("aftersales_above_mean", shop_figures({(metric, 30): (301, 100)}, means), date=TUESDAY)
    assert (found.records, found.table, found.trigger.name) == (True, None, metric)
    assert found_in("aftersales_above_mean", shop_figures({(metric, 30): (300, 100)}, means)) == []
    assert found_in("aftersales_above_mean", shop_figures({("refusal_rate", 30): (90, 100)}, means)) == []
