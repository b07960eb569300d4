"""Douyin's experience score: DY-S01 to DY-S05."""

import datetime as dt
from collections.abc import Mapping
from fractions import Fraction

import pytest

from assess.hand import Hand, Key, shipped_scores
from tianping.assess.finding import Seen, Subject
from tianping.assess.score import Scored, scores

Counts = tuple[int, int]
BEFORE, SINCE, LATER = dt.date(2022, 6, 20), dt.date(2022, 6, 21), dt.date(2024, 6, 30)
SHOP = Subject("douyin", "S1")
FULL: Mapping[Key, Counts] = {
    "product_praise": (90, 100), ("negative_feedback_rate", 90): (0, 100),
    "timely_shipment": (999, 1000), "fake_shipment_rate": (1, 100), ("logistics_return_rate", 90): (0, 100),
    "im_first_response": (100 * 180, 100), "service_praise": (90, 100), "complaint_rate": (1, 1000),
    ("im_dissatisfaction", 90): (0, 100),
}  # fmt: skip
"""A shop with full marks in everything."""
NEW = {"negative_feedback_rate", "logistics_return_rate", "im_dissatisfaction"}
RUINED: tuple[Mapping[Key, Counts], ...] = (
    {"product_praise": (0, 100), ("negative_feedback_rate", 90): (100, 100)},
    {"timely_shipment": (0, 100), "fake_shipment_rate": (100, 100), ("logistics_return_rate", 90): (100, 100)},
    {
        "im_first_response": (6000, 10), "service_praise": (0, 10), "complaint_rate": (1, 10),
        ("im_dissatisfaction", 90): (5, 10),
    },
)  # fmt: skip
"""Product, logistics, service without a point."""


def experience(more: Mapping[Key, Seen | Counts] = FULL, date: dt.date = LATER) -> Scored:
    """The score of the shop with full marks, some figures apart."""
    return scores(shipped_scores("douyin", date), SHOP, Hand({**FULL, **more}))["experience"]


def points(name: str, more: Mapping[Key, Seen | Counts], date: dt.date = LATER) -> Fraction | None:
    return next(each.points for each in experience(more, date).items if each.name == name)


@pytest.mark.spec("DY-S01")
@pytest.mark.parametrize(
    ("date", "weights"),
    [
        (dt.date(2021, 1, 1), (Fraction(50), Fraction(15), Fraction(35))), (BEFORE, (Fraction(50), Fraction(15), Fraction(35))),
        (SINCE, (Fraction(85, 2), Fraction(20), Fraction(75, 2))), (LATER, (Fraction(85, 2), Fraction(20), Fraction(75, 2))),
    ],
)  # fmt: skip
def test_weights_by_date(date: dt.date, weights: tuple[Fraction, Fraction, Fraction]) -> None:
    """A close before 2022-06-21 weighs 50/15/35, from that day on 42.5/20/37.5: a ruined group takes its weight from 100."""
    assert experience(date=date).total == 100
    assert [experience(bad, date).total for bad in RUINED] == [100 - weight for weight in weights]


@pytest.mark.spec("DY-S01", "DY-S02", "DY-S03", "DY-S04")
def test_items_by_date() -> None:
    """The three new items of 90 days come in on 2022-06-21, one in each group; before it they change nothing."""
    for date, there in ((BEFORE, False), (SINCE, True)):
        read = [{(each.item.metric, each.item.days) for each in group.items} for group in experience(date=date).groups]
        assert [{metric for metric, days in group if days == 90} for group in read] == (
            [{"negative_feedback_rate"}, {"logistics_return_rate"}, {"im_dissatisfaction"}] if there else [set(), set(), set()]
        )
    bad = {key: (100, 100) for key in FULL if key[0] in NEW}
    assert experience(bad, BEFORE).total == 100
    assert experience(bad, SINCE).total == 100 - Fraction(85, 2) / 2 - Fraction(20) / 3 - Fraction(75, 2) / 4


@pytest.mark.spec("DY-S02")
@pytest.mark.parametrize(
    ("negative", "expected"),
    [(0, 100), (50, 60), (51, Fraction(594, 10)), (49, Fraction(608, 10)), (149, Fraction(6, 10)), (150, 0), (900, 0)],
)
def test_negative_feedback(negative: int, expected: Fraction) -> None:
    """Of 90 days: 5 % are 60 points, 15 % none; half of the product group, beside the base score. Not that of 30 days."""
    found = experience({("negative_feedback_rate", 90): (negative, 1000), "negative_feedback_rate": (1, 1)})
    assert [each.name for each in found.groups[0].items] == ["base", "negative_feedback"]
    assert found.groups[0].points == Fraction(100 + expected) / 2


@pytest.mark.spec("DY-S03")
@pytest.mark.parametrize(
    ("returns", "expected"),
    [(0, 100), (100, 60), (101, Fraction(597, 10)), (99, Fraction(604, 10)), (300, 0), (299, Fraction(3, 10))],
)
def test_logistics_returns(returns: int, expected: Fraction) -> None:
    """Of 90 days: 1 % are 60 points, 3 % none; a third of the logistics group."""
    found = experience({("logistics_return_rate", 90): (returns, 10000), "logistics_return_rate": (1, 1)})
    assert found.groups[1].points == Fraction(200 + expected) / 3


@pytest.mark.spec("DY-S04")
@pytest.mark.parametrize(("bad", "expected"), [(0, 100), (20, 60), (21, 58), (19, 62), (50, 0), (49, 2)])
def test_dissatisfaction_in_chats(bad: int, expected: int) -> None:
    """Of 90 days: 20 % are 60 points, half none; a quarter of the service group."""
    found = experience({("im_dissatisfaction", 90): (bad, 100), "im_dissatisfaction": (1, 1)})
    assert found.groups[2].points == Fraction(300 + expected, 4)


@pytest.mark.spec("DY-S05")
@pytest.mark.parametrize("date", [BEFORE, SINCE])
@pytest.mark.parametrize(
    ("name", "metric", "full", "less", "lowered", "none"),
    [
        ("timely_shipment", "timely_shipment", (9990, 10000), (9989, 10000), (9900, 10000), (9500, 10000)),
        ("fake_shipment", "fake_shipment_rate", (100, 10000), (101, 10000), (400, 10000), (1000, 10000)),
        ("im_first_response", "im_first_response", (180 * 10, 10), (1801, 10), (3000, 10), (6000, 10)),
        ("service_praise", "service_praise", (9000, 10000), (8999, 10000), (8300, 10000), (5000, 10000)),
        ("complaints", "complaint_rate", (10, 10000), (11, 10000), (20, 10000), (50, 10000)),
    ],
)
def test_curves(date: dt.date, name: str, metric: str, full: Counts, less: Counts, lowered: Counts, none: Counts) -> None:
    """100 at the value that lifts a merchant level (and less just beside it), 60 at the one that lowers it, then down to 0."""
    assert points(name, {metric: full}, date) == 100
    beside = points(name, {metric: less}, date)
    assert beside is not None
    assert 90 <= beside < 100
    assert points(name, {metric: lowered}, date) == 60
    assert points(name, {metric: none}, date) == 0


@pytest.mark.spec("DY-S05")
@pytest.mark.parametrize(("date", "name"), [(BEFORE, "product_praise"), (SINCE, "base")])
def test_curve_of_praise(date: dt.date, name: str) -> None:
    """90 % are full marks, 83 % are 60, half of it none."""
    found = [points(name, {"product_praise": (praise, 1000)}, date) for praise in (900, 899, 830, 829, 500)]
    assert found == [100, 100 - Fraction(4, 7), 60, 60 - Fraction(2, 11), 0]


@pytest.mark.spec("DY-S05")
@pytest.mark.parametrize("date", [BEFORE, SINCE])
def test_curves_are_said_to_be_ours(date: dt.date) -> None:
    """Out of a hundred, and marked assumed."""
    version = shipped_scores("douyin", date)["experience"]
    assert version.out_of == 100
    assert version.assumed
    assert version.note
    assert "曲线为约定" in version.note.zh


def test_too_few_chats_are_left_out() -> None:
    """Nine rated sessions say nothing: the other three are the service."""
    assert experience({("im_dissatisfaction", 90): (9, 9)}).total == 100
    assert experience({("im_dissatisfaction", 90): (10, 10)}).groups[2].points == 75
