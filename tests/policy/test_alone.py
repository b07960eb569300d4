"""Counts, sums and greatest values that are divided by nothing."""

import datetime as dt
from pathlib import Path

import pytest

from tianping.facts.views import VIEWS
from tianping.metrics.compile import definitions
from tianping.policy.model import Pack
from tianping.work.trials.trial import figures

from . import test_check, test_load
from .made import HEAD, metric, opened, shares, version, write

T = dt.date(2024, 6, 30)
ORDER = {"shop_id": "S1", "product_id": "P1", "amount_fen": 500, "quantity": 1}
ORDERS = [
    ORDER | {"order_id": "A", "paid_at": "2024-06-29 12:00", "quantity": 2},
    ORDER | {"order_id": "B", "paid_at": "2024-06-28 12:00", "amount_fen": None, "quantity": 7},
    ORDER | {"order_id": "C", "paid_at": "2024-06-28 12:00", "product_id": "P2", "quantity": 5},
    ORDER | {"order_id": "D", "paid_at": "2024-06-28 12:00", "shop_id": "S2", "product_id": "P3", "quantity": 3},
    ORDER | {"order_id": "E", "paid_at": None, "quantity": 9},
]


def alone(folder: Path, body: str, *, unit: str = "count", rules: str = "") -> Pack:
    """A pack of the one metric `m`, which stands alone."""
    text = HEAD + rules + "metrics:\n" + metric("m", version(f"alone: {{of: order, day: paid_at{body}}}"), unit=unit)
    return opened(write(folder / "made", a=text)).pack


def counted(pack: Pack, days: int = 7) -> dict[str, tuple[int, int]]:
    """`by subject` → numerator and denominator."""
    found = figures({"orders": ORDERS}, date=T, pack=pack)
    return {f"{each.by} {each.subject}": (each.numerator, each.denominator) for each in found if each.days == days}


def test_a_count_is_of_the_rows_kept(tmp_path: Path) -> None:
    """Its denominator is 1, however many rows there are."""
    assert counted(alone(tmp_path, "")) == {
        "platform kuaishou": (4, 1), "shop S1": (3, 1), "shop S2": (1, 1),
        "product P1": (2, 1), "product P2": (1, 1), "product P3": (1, 1),
    }  # fmt: skip


def test_a_count_of_some_is_0_where_there_are_only_others(tmp_path: Path) -> None:
    """Of orders none of which is large the count is 0, and is said."""
    assert counted(alone(tmp_path, ", count: quantity > 2"))["shop S1"] == (2, 1)
    assert counted(alone(tmp_path, ", count: quantity > 2"), days=1) == {
        "platform kuaishou": (0, 1), "shop S1": (0, 1), "product P1": (0, 1),
    }  # fmt: skip


def test_a_sum_passes_over_what_is_not_known(tmp_path: Path) -> None:
    found = counted(alone(tmp_path, ", sum: amount_fen", unit="fen"))
    assert (found["platform kuaishou"], found["shop S1"], found["product P1"]) == ((1500, 1), (1000, 1), (500, 1))


def test_a_greatest_value_is_the_greatest_of_days_and_of_subjects(tmp_path: Path) -> None:
    """Not the sum of the greatest ones: of products 7 and 5 the shop has 7, of shops 7 and 3 the platform has 7."""
    assert counted(alone(tmp_path, ", max: quantity")) == {
        "platform kuaishou": (7, 1), "shop S1": (7, 1), "shop S2": (3, 1),
        "product P1": (7, 1), "product P2": (5, 1), "product P3": (3, 1),
    }  # fmt: skip
    assert counted(alone(tmp_path, ", max: quantity"), days=1)["shop S1"] == (2, 1)


def test_a_greatest_value_passes_over_what_is_left_out(tmp_path: Path) -> None:
    rules = "rules:\n  large: {label: {zh: 大, en: large}, when: quantity > 5}\n"
    found = counted(alone(tmp_path, ", max: quantity, leave_out: [large]", rules=rules))
    assert (found["shop S1"], found["platform kuaishou"]) == ((5, 1), (5, 1))


@pytest.mark.parametrize(
    ("body", "additive"),
    [
        ("both: {of: order, day: paid_at, sum: quantity}", True),
        ("alone: {of: order, day: paid_at, sum: quantity}", True),
        ("alone: {of: order, day: paid_at, max: quantity}", False),
        ("both: {of: buyer_day, day: day, once_per: buyer, count: asked}", False),
    ],
)
def test_what_adds_up_over_days_says_so(tmp_path: Path, body: str, additive: bool) -> None:
    pack = opened(write(tmp_path / "made", a=HEAD + "metrics:\n" + metric("m", version(body)))).pack
    (defined,) = definitions(pack, VIEWS, T)
    assert {side.tally.additive for side in defined.sides} == {additive}


@pytest.mark.parametrize("body", [", max: quantity, count: virtual", ", max: quantity, sum: quantity"])
def test_a_greatest_value_is_nothing_else(tmp_path: Path, body: str) -> None:
    text = HEAD + "metrics:\n" + metric("m", version(f"alone: {{of: order, day: paid_at{body}}}"))
    told = 'made/a.yaml:9: metrics.m.versions.0.alone: "max" stands alone, without "count" or "sum"'
    assert test_load.faults(tmp_path, a=text) == [told]


def test_a_greatest_value_is_divided_by_nothing(tmp_path: Path) -> None:
    text = HEAD + "metrics:\n" + metric("m", version("both: {of: order, day: paid_at, max: quantity}"))
    told = "made/a.yaml:9: metrics.m.versions.0: "
    told += '"max" goes with "alone" only: a greatest value divided by a number means nothing'
    assert test_load.faults(tmp_path, a=text) == [told]


def test_what_a_greatest_value_takes_is_a_number(tmp_path: Path) -> None:
    found = test_check.of_version(tmp_path, "alone: {of: order, day: paid_at, max: virtual}")
    assert found == ['made/a.yaml:9: "virtual" is bool (int is needed here)']


def test_what_stands_alone_has_no_sides(tmp_path: Path) -> None:
    body = version("alone: {of: order, day: paid_at}")
    text = metric("m", body, unit="count") + metric("n", version("count_of: {metric: m, side: numerator}"), unit="count")
    assert test_check.faults(tmp_path, "metrics:\n" + text) == ['made/a.yaml:15: "m" stands alone; it has no sides to count']


def test_one_shape_is_enough(tmp_path: Path) -> None:
    text = HEAD + "metrics:\n" + metric("m", version(shares("virtual") + ", alone: {of: order, day: paid_at}"))
    told = 'a version has either "both", or "numerator" and "denominator", or "count_of", or "alone"'
    assert test_load.faults(tmp_path, a=text) == [f"made/a.yaml:9: metrics.m.versions.0: {told}"]
