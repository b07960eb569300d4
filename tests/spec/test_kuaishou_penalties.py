"""KS-P01 to KS-P10: every cell of the penalty tables, as the specification prints it, with its bounds; DY-D14's."""

import datetime as dt
import re
from collections.abc import Iterator
from functools import cache

import pytest

from tianping.assess.penalty import Choice, Dealt, Offer, OutOfRange, choose, needs_sales, offer
from tianping.policy.judging import SEVERITIES, Judging, PenaltyVersion, PointsVersion, Severity
from tianping.policy.load import packs

DAY = dt.date(2024, 6, 3)
EVER = "delist ever; ban ever; ¥100,000; 100 pts"
TABLES: dict[str, tuple[str, dict[Severity, str]]] = {
    "qualification": ("KS-P01", {
        "minor": "exam; ads 3 d; delist; ban 7–9 d; ¥1,000; 10 pts",
        "serious": "exam; ads 5 d; delist; ban 11–14 d; campaign 11–14 d; ¥3,000–6,000; 20 pts",
        "especially_serious": "exam; ads 7–9 d; delist; ban 14–28 d; campaign 14–28 d; ¥7,000–10,000; 20–40 pts",
    }),
    "physical_performance": ("KS-P02", {
        "minor": "warning; study; ¥800",
        "serious": "warning; exam; delist; ban 3 d; campaign 3 d; ¥800–3,000; 5–10 pts",
        "especially_serious":
            "warning; exam; ads 3–5 d; delist; ban 3–21 d; campaign 3–21 d; ¥3,000–10,000; 15–20 pts",
        "extremely_serious": EVER,
    }),
    "sensory_quality": ("KS-P03", {
        "minor": "warning; study",
        "serious": "warning; exam; delist; ban 3–5 d; campaign 3–5 d; ¥300–2,000; 5–10 pts",
        "especially_serious": "warning; exam; delist; ban 5–28 d; campaign 5–28 d; ¥1,000–8,000; 10–15 pts",
        "extremely_serious": EVER,
    }),
    "quality_metric_anomaly": ("KS-P04", {
        "minor": "warning; study",
        "serious": "warning; exam; delist; ban 3–5 d; campaign 3–5 d; ¥300–2,000; 5–10 pts",
        "especially_serious": "warning; exam; delist; ban 5–28 d; campaign 5–28 d; ¥1,000–8,000; 10–15 pts",
        "extremely_serious": EVER,
    }),
    "negative_reviews": ("KS-P05", {
        "minor": "warning; study",
        "serious": "warning; exam; delist; ban 1 d; campaign 3 d; ¥300–800; 5 pts",
        "especially_serious": "exam; delist; ban 1–21 d; campaign 3–21 d; ¥1,000–5,000; 10–15 pts",
        "extremely_serious": EVER,
    }),
    "shipping": ("KS-P07", {
        "minor": "warning; study",
        "serious": "warning; exam; delist; ban 1–3 d; ¥300",
        "especially_serious": "exam; delist; ban 3–14 d; campaign 5–14 d; ¥500–5,000",
    }),
    "liable_disputes_severe": ("KS-P09", {"especially_serious": "5 pts; delist; ban 1–5 d; ¥500–1,000"}),
}  # fmt: skip
COUNTS: dict[str, tuple[str, dict[int, str]]] = {
    "service": ("KS-P06", {
        1: "warning; study; exam", 2: "warning; study; exam",
        3: "warning; exam; ¥100–300", 5: "warning; exam; ¥100–300", 6: "warning; exam; ¥100–300",
        7: "warning; exam; ¥500–1,000", 40: "warning; exam; ¥500–1,000",
    }),
    "slow_refunds": ("KS-P08", {
        1: "warning", 3: "warning", 4: "warning; study", 10: "warning; study", 11: "warning; exam", 40: "warning; exam",
    }),
    "liable_disputes": ("KS-P09", {
        1: "warning", 2: "warning", 3: "warning; study", 4: "warning; exam", 40: "warning; exam",
    }),
}  # fmt: skip
Said = dict[str, tuple[int, int] | None]


@cache
def judging(platform: str) -> Judging:
    return packs()[platform].judging


def table(name: str) -> PenaltyVersion:
    found = judging("kuaishou").penalties[name].at(DAY)
    assert found is not None
    return found


def offered(name: str, severity: Severity, n: int) -> Offer | None:
    earlier: list[Severity] = [severity] * n
    return offer(table(name), severity, earlier, sales_fen=0)


def said(cell: str) -> Said:
    """`ban 3–5 d; ¥300–2,000; 5 pts; study` → key → (low, high) in days, fen, points; None where there is nothing to choose."""
    return dict(_effect(part) for part in cell.split("; "))


def _effect(part: str) -> tuple[str, tuple[int, int] | None]:
    numbers = [int(each.replace(",", "")) for each in re.findall(r"\d[\d,]*", part)]
    name = "money" if "¥" in part else "points" if "pts" in part else part.split()[0]
    scale = 100 if name == "money" else 1
    return name, (numbers[0] * scale, numbers[-1] * scale) if numbers else None


def bounds(deal: tuple[Dealt, ...]) -> Said:
    return {each.key: None if each.amount is None else (each.low, each.high) for each in deal}


def cells() -> Iterator[object]:
    for name, (row, by) in TABLES.items():
        for severity in SEVERITIES:
            yield pytest.param(name, severity, by.get(severity), marks=pytest.mark.spec(row), id=f"{name}-{severity}")


def counts() -> Iterator[object]:
    for name, (row, by) in COUNTS.items():
        for times, cell in by.items():
            yield pytest.param(name, times, cell, marks=pytest.mark.spec(row), id=f"{name}-{times}")


@pytest.mark.parametrize(("name", "severity", "cell"), list(cells()))
def test_cells_are_as_printed(name: str, severity: Severity, cell: str | None) -> None:
    """Effects, bounds, and nothing where the source has a dash."""
    found = offered(name, severity, 0)
    assert (found and [bounds(option) for option in found.options]) == (cell and [said(cell)])


@pytest.mark.parametrize(("name", "severity", "cell"), list(cells()))
def test_amounts_by_earlier_penalties(name: str, severity: Severity, cell: str | None) -> None:
    """The low end, the middle floored, the high end from the third time on; one below and one above are refused."""
    for n in range(4) if cell else ():
        found = offered(name, severity, n)
        assert found is not None
        assert found.n == n
        for each in found.options[0]:
            span = said(cell or "")[each.key]
            if span is not None:
                low, high = span
                assert each.amount == [low, (low + high) // 2, high, high][n]
                assert_bounded(found, each)


@pytest.mark.parametrize(("name", "times", "cell"), list(counts()))
def test_cells_by_count(name: str, times: int, cell: str) -> None:
    """The n-th time within 365 days, this time included; the severities of the earlier ones change amounts only."""
    found = offer(table(name), "minor", ["minor"] * (times - 1))
    assert found is not None
    assert (found.times, [bounds(option) for option in found.options]) == (times, [said(cell)])
    for each in found.options[0]:
        if each.amount is not None:
            assert_bounded(found, each)


def assert_bounded(found: Offer, each: Dealt) -> None:
    for wanted in (each.low, each.high):
        [chosen] = [one for one in choose(found, Choice(0, {each.key: wanted})) if one.key == each.key]
        assert chosen.amount == wanted
    for wanted in (each.low - 1, each.high + 1):
        with pytest.raises(OutOfRange, match=f"{each.low} to {each.high}"):
            choose(found, Choice(0, {each.key: wanted}))


@pytest.mark.spec("KS-P06")
@pytest.mark.parametrize(("third", "fen"), [(0, 100_00), (1, 200_00), (2, 300_00), (3, 300_00)])
def test_money_by_count_starts_low(third: int, fen: int) -> None:
    """The third time is the first at ¥100–300: ¥100; then ¥200, ¥300."""
    serious: list[Severity] = ["serious"] * third
    earlier: list[Severity] = ["minor", "minor", *serious]
    found = offer(table("service"), "minor", earlier)
    assert found is not None
    assert found.options[0][-1].amount == fen


@pytest.mark.spec("KS-P02", "KS-P03", "KS-P04", "KS-P05")
@pytest.mark.parametrize("name", ["physical_performance", "sensory_quality", "quality_metric_anomaly", "negative_reviews"])
@pytest.mark.parametrize(
    ("sales", "fen"), [(0, 100_000_00), (200_000_00 - 1, 100_000_00), (200_000_00 + 1, 100_000_00), (200_000_02, 100_000_01)]
)
def test_the_higher_of_money_and_half_of_all_sales(name: str, sales: int, fen: int) -> None:
    """¥100,000, or half of all sales so far where that is more; half a fen falls to the shop."""
    version = table(name)
    assert [needs_sales(version, severity) for severity in SEVERITIES] == [False, False, False, True]
    found = offer(version, "extremely_serious", [], sales_fen=sales)
    assert found is not None
    assert [each for each in found.options[0] if each.kind == "money"] == [Dealt("money", fen, fen, fen, "fen")]


@pytest.mark.parametrize("name", ["physical_performance", "sensory_quality", "quality_metric_anomaly", "negative_reviews"])
@pytest.mark.spec("KS-P02", "KS-P03", "KS-P04", "KS-P05")
def test_for_ever(name: str) -> None:
    found = offered(name, "extremely_serious", 0)
    assert found is not None
    lasts = {each.key: each.lasts for each in found.options[0]}
    assert lasts == {"delist": "ever", "ban": "ever", "money": "once", "points": "days"}


@pytest.mark.spec("KS-V15")
def test_missing_contact_numbers_cost_one_of_three() -> None:
    """No new listings (proposed), delisting, or a freeze of funds; the first and the last until the numbers are there."""
    found = offered("contact_numbers", "minor", 0)
    assert found is not None
    assert [[(each.kind, each.lasts) for each in choose(found, Choice(n))] for n in range(3)] == [
        [("ban", "duty")], [("delist", "once")], [("freeze", "duty")],
    ]  # fmt: skip
    with pytest.raises(OutOfRange, match="choose 0 to 2"):
        choose(found, Choice(3))


@pytest.mark.spec("KS-P10")
def test_points_of_the_pack() -> None:
    points = judging("kuaishou").points
    assert points is not None
    version = points.at(DAY)
    assert isinstance(version, PointsVersion)
    assert (version.days, version.line) == (365, 100)


@pytest.mark.spec("DY-D14")
def test_fake_logistics_by_seriousness() -> None:
    """Each kind of measure that the row names is somewhere, and a worse severity is never lighter."""
    version = judging("douyin").penalties["fake_logistics"].at(DAY)
    assert version is not None
    keys = [[each.key for each in found.options[0]] for each in SEVERITIES if (found := offer(version, each, []))]
    assert [sorted(each) for each in keys] == [
        ["warning"],
        ["delist", "points", "right/live", "warning"],
        ["delist", "points", "right/live", "right/sharing"],
        ["delist", "points", "right/live", "right/sharing"],
    ]


@pytest.mark.parametrize("platform", ["kuaishou", "douyin"])
def test_worse_is_never_lighter(platform: str) -> None:
    """So that easing a penalty never raises an amount; and the effects of a cell have names of their own."""
    for name, ruled in judging(platform).penalties.items():
        before: dict[str, Dealt] = {}
        for cell in ruled.versions[-1].cells:
            found = offer(ruled.versions[-1], cell.severity, ["minor"] * ((cell.times or (1, 1))[0] - 1), sales_fen=0)
            assert found is not None, name
            deal = {each.key: each for each in found.options[0]}
            assert len(deal) == len(found.options[0])
            for key in before.keys() & deal.keys():
                assert deal[key].for_ever or (before[key].low, before[key].high) <= (deal[key].low, deal[key].high)
            before = deal
