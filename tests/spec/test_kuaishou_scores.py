"""Kuaishou's scores and the rights that hang on them: KS-S01 to KS-S06, KS-S09 to KS-S11."""

from collections.abc import Mapping
from fractions import Fraction

import pytest

from assess.hand import SHOP, Hand, Key, shipped, shipped_right, shipped_scores
from tianping.assess.finding import Seen, Subject
from tianping.assess.right import held
from tianping.assess.score import Scored, ScoredItem, scores

Counts = tuple[int, int]
FULL: Mapping[Key, Counts] = {
    "response_5min": (80, 100), "service_satisfaction": (94, 100), "shipped_48h": (100, 100), "pickup_24h": (100, 100),
    ("quality_refund_rate", 60): (0, 100), ("product_rating", 60): (500, 100),
    "refund_only_time": (100 * 1800, 100), "return_refund_time": (100 * 36000, 100), "liable_dispute_rate": (0, 100),
}  # fmt: skip
"""A shop with full marks in everything."""
MEANS: Mapping[Key, Fraction | int] = {
    "refund_only_time": 3900, "return_refund_time": 72000, ("quality_refund_rate", 60): Fraction(1, 100),
    "refund_only_time/of_ended": 3900, "return_refund_time/merchant_hands": 72000, "quality_refund_rate": Fraction(1, 100),
}  # fmt: skip


def scored(seen: Mapping[Key, Seen | Counts], means: Mapping[Key, Fraction | int] = MEANS) -> dict[str, Scored]:
    return scores(shipped_scores("kuaishou"), SHOP, Hand(seen, means))


def stars(more: Mapping[Key, Seen | Counts], means: Mapping[Key, Fraction | int] = MEANS) -> Scored:
    """The stars of the shop with full marks, some figures apart."""
    return scored({**FULL, **more}, means)["shopping_experience"]


def item(found: Scored, name: str) -> ScoredItem:
    return next(each for each in found.items if each.name == name)


def total(found: Scored) -> Fraction:
    assert found.total is not None
    return found.total


# Shopping experience stars


@pytest.mark.spec("KS-S01")
def test_stars_from_four_groups() -> None:
    """3.25 of service, 4.25 of logistics, 3.8 of product and 11/3 of after-sales are 449/120 stars."""
    found = stars({
        "response_5min": (40, 100), "service_satisfaction": (87, 100),  # 2.5 and 4
        "shipped_48h": (95, 100), "pickup_24h": (97, 100),  # 4 and 4.5
        ("quality_refund_rate", 60): (2, 100), ("product_rating", 60): (460, 100),  # twice the platform: 3; and 4.6
        "refund_only_time": (100 * 5850, 100), "return_refund_time": (100 * 72000, 100),  # 1.5 times and once: 3 and 4
        "liable_dispute_rate": (35, 10000),  # 4
    })  # fmt: skip
    expected = {
        "service": Fraction(13, 4),
        "logistics": Fraction(17, 4),
        "product": Fraction(19, 5),
        "after_sales": Fraction(11, 3),
    }
    assert {group.name: group.points for group in found.groups} == expected
    assert found.total == Fraction(449, 120)
    assert found.version.out_of == 5


@pytest.mark.spec("KS-S01")
@pytest.mark.parametrize("metric", sorted(FULL, key=str))
def test_every_item_counts_and_none_besides(metric: Key) -> None:
    """Without any one item of nine the shop keeps five stars; with that one alone it has a score, with none it has none."""
    left = {key: counts for key, counts in FULL.items() if key != metric}
    assert len(scored(FULL)["shopping_experience"].items) == len(FULL) == 9
    assert scored(left)["shopping_experience"].total == 5
    assert scored({metric: FULL[metric]})["shopping_experience"].total == 5
    assert scored({})["shopping_experience"].total is None


@pytest.mark.spec("KS-S01")
def test_quality_and_rating_are_of_60_days() -> None:
    """Bad figures of 30 days change nothing; bad figures of 60 days do."""
    names: Mapping[str, Counts] = {"quality_refund_rate": (9, 100), "product_rating": (100, 100)}
    assert stars({(name, 30): counts for name, counts in names.items()}).total == 5
    assert stars({(name, 60): counts for name, counts in names.items()}).groups[2].points == Fraction(1, 2)


@pytest.mark.spec("KS-S01")
def test_stars_shop_score_and_grade_are_apart() -> None:
    """What ruins the shop score and the grade leaves the stars at five; the stars are read by neither."""
    bad: Mapping[Key, Counts] = {
        "refund_only_time/of_ended": (100 * 90000, 100), "return_refund_time/merchant_hands": (100 * 900000, 100),
        "liable_dispute_rate/of_ended": (90, 100), "timely_shipment": (1, 100), "pickup_anomaly": (99, 100),
        "dispute_rate/all_channels": (50, 100), "response_3min": (1, 100), "quality_refund_rate": (90, 100),
    }  # fmt: skip
    found = scored({**FULL, **bad})
    assert [found[name].total for name in ("shopping_experience", "shop_score", "logistics")] == [5, 0, 0]
    assert total(found["merchant_grade"]) < 1
    assert scored({**bad, "service_satisfaction": (94, 100)})["merchant_grade"].total == found["merchant_grade"].total


@pytest.mark.spec("KS-S02")
@pytest.mark.parametrize(
    ("metric", "full", "less"),
    [
        ("response_5min", (800, 1000), (799, 1000)),
        ("service_satisfaction", (940, 1000), (939, 1000)),
        ("shipped_48h", (1000, 1000), (999, 1000)),
        ("pickup_24h", (1000, 1000), (999, 1000)),
    ],
)
def test_lines_of_full_marks(metric: str, full: Counts, less: Counts) -> None:
    """80 %, 94 %, all, all: five stars at the line and above; one in a thousand less is less than five."""
    assert stars({metric: full}).total == 5
    assert stars({metric: (1000, 1000)}).total == 5
    assert total(stars({metric: less})) < 5


@pytest.mark.spec("KS-S03")
@pytest.mark.parametrize(
    ("timely", "anomaly", "points"),
    [
        (950, 60, (4, 4)), (949, 60, (Fraction(398, 100), 4)), (951, 60, (Fraction(402, 100), 4)),
        (950, 59, (4, 4 + Fraction(1, 60))), (950, 61, (4, 4 - Fraction(1, 60))), (1000, 0, (5, 5)), (750, 300, (0, 0)),
    ],
)  # fmt: skip
def test_lines_of_four_points(timely: int, anomaly: int, points: tuple[Fraction, Fraction]) -> None:
    """Timely shipment 95 % and pickup anomaly 6 % are four points each; one in a thousand off is off four on its side."""
    found = scored({"timely_shipment": (timely, 1000), "pickup_anomaly": (anomaly, 1000)})["logistics"]
    assert tuple(each.points for each in found.items) == points
    assert found.total == sum(points, Fraction(0)) / 2


@pytest.mark.spec("KS-S04")
@pytest.mark.parametrize("metric", ["refund_only_time", "return_refund_time"])
@pytest.mark.parametrize(
    ("seconds", "mean", "points"),
    [
        (3900, 3900, 4), (3900, 7800, 5), (7800, 7800, 4), (5850, 3900, 3), (1950, 3900, 5), (1900, 3900, 5), (11700, 3900, 0),
        (11700, 11700, 4),
    ],
)  # fmt: skip
def test_times_against_the_platform(metric: str, seconds: int, mean: int, points: int) -> None:
    """The same time is worth more where the platform takes longer: only the ratio counts."""
    found = stars({metric: (100 * seconds, 100)}, {**MEANS, metric: mean})
    assert item(found, metric).points == points


@pytest.mark.spec("KS-S04")
def test_times_without_a_mean_are_left_out() -> None:
    """No benchmark, no points for the times: the merchant-liable rate alone is the group."""
    found = stars({"refund_only_time": (10**9, 100)}, {})
    assert (item(found, "refund_only_time").why, item(found, "refund_only_time").points) == ("no_benchmark", None)
    assert found.groups[3].points == 5


# Distribution, campaigns, promotion


def has(name: str, seen: Mapping[Key, Seen | Counts], points: Mapping[str, Fraction | int], subject: Subject = SHOP) -> bool:
    figures = Hand(seen, points=points, subject=subject.product or subject.shop)
    return held(shipped_right("kuaishou", name), subject, figures).holds


@pytest.mark.spec("KS-S05")
@pytest.mark.parametrize(
    ("given", "expected"), [(Fraction(35, 10), True), (Fraction(34999, 10000), False), (Fraction(36, 10), True), (0, False)]
)
def test_distribution_from_three_and_a_half_stars(given: Fraction, expected: bool) -> None:
    """Below 3.5 stars it is withdrawn; at 3.5 exactly it is there, and comes back."""
    assert has("distribution", {}, {"shopping_experience": given}) is expected


@pytest.mark.spec("KS-S05")
def test_low_stars_are_shown_to_buyers() -> None:
    """What the shop sees says that buyers see them; other scores take nothing away."""
    shown = shipped_right("kuaishou", "distribution").shown
    assert shown
    assert "展示给买家" in shown.zh
    assert "buyers see low stars" in shown.en
    assert has("distribution", {}, {"shop_score": 0, "merchant_grade": 0, "logistics": 0})


@pytest.mark.spec("KS-S11")
@pytest.mark.parametrize(("name", "line"), [("distribution", 50), ("campaigns", 30)])
@pytest.mark.parametrize(("more", "expected"), [(-1, True), (0, True), (1, False)])
def test_quality_lines_of_a_shop(name: str, line: int, more: int, expected: bool) -> None:
    """Distribution ends above 5 %, campaigns above 3 % of quality refunds in 30 days, however good the scores are."""
    best = {"shopping_experience": 5, "merchant_grade": 5}
    assert has(name, {"quality_refund_rate": (line + more, 1000)}, best) is expected
    assert has(name, {("quality_refund_rate", 60): (999, 1000)}, best)


@pytest.mark.spec("KS-S11")
@pytest.mark.parametrize("name", ["distribution", "campaigns"])
@pytest.mark.parametrize(("signed", "expected"), [(29, True), (30, False)])
def test_small_shops_are_not_measured_by_quality(name: str, signed: int, expected: bool) -> None:
    """Two quality refunds of 29 signed orders say nothing yet, of 30 they do."""
    assert has(name, {"quality_refund_rate": (2, signed)}, {}) is expected


@pytest.mark.spec("KS-S11")
@pytest.mark.parametrize(
    ("refunds", "orders", "expected"), [(50, 1000, True), (51, 1000, False), (29, 29, True), (2, 30, False), (1, 30, True)]
)
def test_products_with_many_quality_refunds_are_throttled(refunds: int, orders: int, expected: bool) -> None:
    """Above 5 % of a product's own orders, from 30 orders on; the shop's rate does not matter."""
    version = shipped_right("kuaishou", "paid_promotion")
    product = Subject("kuaishou", "S1", "P1")
    assert version.subject == "product"
    assert has("paid_promotion", {"product_quality_refund_rate": (refunds, orders)}, {}, product) is expected


# Shop score

SHOP_SCORE: Mapping[Key, Counts] = {
    "refund_only_time/of_ended": (100 * 1950, 100), "return_refund_time/merchant_hands": (100 * 54000, 100),
}  # fmt: skip
"""Half the platform's time: 5 points. Three quarters of it: 4.5."""


def shop_score(liable: int, ended: int, more: Mapping[Key, Counts] | None = None) -> Scored:
    found: Mapping[Key, Counts] = {**SHOP_SCORE, "liable_dispute_rate/of_ended": (liable, ended), **(more or {})}
    return scored(found)["shop_score"]


@pytest.mark.spec("KS-S06")
def test_shop_score_of_three_items() -> None:
    """5, 4.5 and, with 0.175 % liable, 4.5: 14/3. The metrics of the stars are not those."""
    found = shop_score(
        35, 20000, {"liable_dispute_rate": (9, 10), "refund_only_time": (10**9, 10), "return_refund_time": (10**9, 10)}
    )
    assert [(each.name, each.points) for each in found.items] == [
        ("refund_only_time", 5), ("return_refund_time", Fraction(9, 2)), ("liable_disputes", Fraction(9, 2)),
    ]  # fmt: skip
    assert found.total == Fraction(14, 3)


@pytest.mark.spec("KS-S06")
@pytest.mark.parametrize(
    ("liable", "ended", "capped"),
    [
        (3, 100, False), (4, 100, True), (3, 3, False), (5, 100, True),  # fewer than four, whatever the rate
        (7, 2000, False), (7, 1999, True), (7, 2001, False), (4, 1143, False), (4, 1142, True),  # 0.35 % exactly is within
        (0, 0, False),
    ],
)  # fmt: skip
def test_the_two_times_are_capped(liable: int, ended: int, capped: bool) -> None:
    """At most four points each unless there are fewer than four merchant-liable cases, or at most 0.35 %."""
    found = shop_score(liable, ended)
    times = [(each.points, each.capped) for each in found.items[:2]]
    assert times == ([(4, True), (4, True)] if capped else [(5, False), (Fraction(9, 2), False)])


@pytest.mark.spec("KS-S06")
def test_the_cap_is_of_the_times_alone() -> None:
    """The merchant-liable rate keeps its own points, and slower times theirs below four."""
    found = shop_score(4, 1142, {"refund_only_time/of_ended": (100 * 5850, 100)})
    assert [each.points for each in found.items[:2]] == [3, 4]
    assert [each.capped for each in found.items] == [False, True, False]
    assert item(found, "liable_disputes").points == 4 - (Fraction(4, 1142) - Fraction(35, 10000)) / Fraction(14, 1000) * 4


# Merchant grade

REST: Mapping[Key, Counts] = {
    "response_3min": (70, 100), "service_satisfaction": (94, 100),  # 3 and 5
    "timely_shipment": (95, 100), "pickup_anomaly": (6, 100), "quality_refund_rate": (1, 300),  # 4, 4 and 14/3
}  # fmt: skip
ALL = ["all_orders", "pk_selling", "certification", "rewards", "campaigns"]
GRADES = [
    ("A", ALL),
    ("B", ["all_orders", "pk_selling", "certification", "campaigns"]),
    ("C", ["all_orders", "campaigns"]),
    ("D", []),
]


@pytest.mark.spec("KS-S10")
@pytest.mark.parametrize(
    ("escalated", "dispute", "service", "grade"),
    [
        (0, 5, Fraction(13, 3), Fraction(13, 3)),
        (5, 3, Fraction(11, 3), Fraction(37, 9)),
        (6, Fraction(13, 5), Fraction(53, 15), Fraction(61, 15)),
        (13, 0, Fraction(8, 3), Fraction(34, 9)),
    ],
)
def test_disputes_in_service_in_the_grade(escalated: int, dispute: Fraction, service: Fraction, grade: Fraction) -> None:
    """0.5 % intervention are 3 points of dispute experience, a third of service (3 and 5 besides), a third of the grade (4 of
    logistics and 14/3 of quality besides)."""
    found = scored({**REST, "dispute_rate/all_channels": (escalated, 1000)})
    assert [found[name].total for name in ("dispute_experience", "service", "merchant_grade")] == [dispute, service, grade]


@pytest.mark.spec("KS-S10")
def test_disputes_of_all_channels_are_meant() -> None:
    """S0's rate is over all channels; the rate of self-built, flash and auction alone is not read. Nine orders are too few."""
    assert scored({"dispute_rate": (9, 10)})["dispute_experience"].total is None
    assert scored({"dispute_rate": (9, 10), "dispute_rate/all_channels": (0, 10)})["dispute_experience"].total == 5
    few = scored({**REST, "dispute_rate/all_channels": (9, 9)})
    assert few["dispute_experience"].total is None
    assert few["service"].total == 4


@pytest.mark.spec("KS-S09")
@pytest.mark.parametrize(
    ("refunds", "points", "grade"),
    [
        (500, "4.5", "A"), (501, "4.499", "B"), (1000, "4", "B"), (1001, "3.999", "C"), (2000, "3", "C"), (2001, "2.999", "D"),
        (5000, "0", "D"),
    ],
)  # fmt: skip
def test_the_score_decides_the_grade(refunds: int, points: str, grade: str) -> None:
    """A from 4.5, B from 4, C from 3, else D: by quality refunds alone, against a platform with one in a hundred."""
    found = scored({"quality_refund_rate": (refunds, 100000)})["merchant_grade"]
    assert found.total == Fraction(points)
    assert found.grade
    assert (found.grade.label.en, found.grade.rights) == (f"Grade {grade}", tuple(dict(GRADES)[grade]))


@pytest.mark.spec("KS-S09")
@pytest.mark.parametrize("name", ALL)
def test_the_grade_moves_the_rights(name: str) -> None:
    """A right of the grade is there at the lowest grade that lists it, to the point, and gone just below it."""
    grades = shipped_scores("kuaishou")["merchant_grade"].grades
    assert [grade.label.en for grade in grades] == [f"Grade {letter}" for letter, _ in GRADES]
    for grade in grades:
        assert has(name, {}, {"merchant_grade": grade.at_least}) is (name in grade.rights)
    line = min(grade.at_least for grade in grades if name in grade.rights)
    assert not has(name, {}, {"merchant_grade": line - Fraction(1, 1000)})


@pytest.mark.spec("KS-S09")
def test_a_grade_lists_what_there_is() -> None:
    """Every right that a grade names is one of the pack's; and without a score nothing is taken away."""
    listed = {name for grade in shipped_scores("kuaishou")["merchant_grade"].grades for name in grade.rights}
    assert listed <= set(shipped("kuaishou").judging.rights)
    assert all(has(name, {}, {}) for name in listed)
