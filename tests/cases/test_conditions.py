"""What time and money make of facts, and sums in proportion: to the second and the fen."""

import datetime as dt
from typing import Any

import pytest

from tianping.cases.conditions import Known
from tianping.cases.flow import sum_of
from tianping.policy.cases.flowing import AmountVersion

SOURCE = {"since": "2020-01-01", "source": [{"document": "x"}], "words": {"zh": "x", "en": "x"}}


def asked(fact: str, start: str, at: str, zone: str = "Asia/Shanghai") -> Any:
    """A derived fact of the order's signing, walls of the zone UTC+8 unless said otherwise."""
    shift = dt.timedelta(hours=8) if zone == "Asia/Shanghai" else dt.timedelta(0)
    first, now = (dt.datetime.fromisoformat(each) - shift for each in (start, at))
    return Known(now, {}, {"signed_at": first}, zone=zone).get(f"{fact}.order.signed_at")


@pytest.mark.parametrize(
    ("at", "days"),
    [
        ("2024-03-01T16:00:00", 0),
        ("2024-03-01T16:00:01", 1),
        ("2024-03-02T16:00:00", 1),
        ("2024-03-02T16:00:01", 2),
        ("2024-02-29T16:00:00", -1),
    ],
)
def test_days_begun(at: str, days: int) -> None:
    assert asked("days", "2024-03-01T16:00:00", at) == days


@pytest.mark.parametrize(
    ("start", "at", "months"),
    [
        ("2024-03-01T16:00:00", "2024-03-01T16:00:00", 0),
        ("2024-03-01T16:00:00", "2024-09-01T16:00:00", 6),
        ("2024-03-01T16:00:00", "2024-09-01T16:00:01", 7),
        ("2024-08-31T10:00:00", "2025-02-28T10:00:00", 6),  # a month without that day ends on its last
        ("2024-08-31T10:00:00", "2025-02-28T10:00:01", 7),
        ("2023-12-15T00:00:00", "2024-01-15T00:00:00", 1),
        ("2024-03-01T00:30:00", "2024-04-01T00:30:00", 1),  # in the zone, though it is another day in UTC
    ],
)
def test_calendar_months_begun(start: str, at: str, months: int) -> None:
    assert asked("months", start, at) == months


def test_what_is_unknown_has_no_span() -> None:
    assert [
        Known(dt.datetime(2024, 3, 1), {}).get(f"{head}.order.signed_at") for head in ("since", "midnight", "days", "months")
    ] == ([None] * 4)


@pytest.mark.parametrize(
    ("refunded", "left", "goods"), [(0, 5_800, 5_000), (4_999, 801, 1), (5_000, 800, 0), (5_300, 500, 0), (5_800, 0, 0)]
)
def test_what_is_left_with_postage_and_without(refunded: int, left: int, goods: int) -> None:
    order = {"amount_fen": 5_000, "freight_fen": 800, "refunded_fen": refunded, "paid_at": dt.datetime(2024, 3, 1)}
    known = Known(dt.datetime(2024, 3, 1), {}, order)
    assert (known.get("order.left_fen"), known.get("order.left_goods_fen")) == (left, goods)


@pytest.mark.parametrize(
    ("facts", "fen"),
    [
        ({"fen": 10_000, "received_quantity": 2, "quantity": 3}, 6_666),
        ({"fen": 10_000, "received_quantity": 3, "quantity": 3}, 9_000),  # the bound
        ({"fen": 10_000, "received_quantity": 0, "quantity": 3}, 0),
        ({"fen": 10_000, "received_quantity": 1, "quantity": 0}, 0),
        ({"fen": 10_000, "quantity": 3}, 0),
        ({"received_quantity": 1, "quantity": 3}, 0),
    ],
)
def test_a_sum_in_proportion(facts: dict[str, int], fen: int) -> None:
    part = {"of": "fen", "times": "received_quantity", "over": "quantity", "at_most": "order.left_fen"}
    amount = AmountVersion.model_validate({**SOURCE, "parts": [part]})
    order = {"amount_fen": 9_000, "paid_at": dt.datetime(2024, 3, 1)}
    assert sum_of(amount, Known(dt.datetime(2024, 3, 1), facts, order)) == fen


def test_a_proportion_names_both() -> None:
    with pytest.raises(ValueError, match="go together"):
        AmountVersion.model_validate({**SOURCE, "parts": [{"of": "fen", "times": "quantity"}]})
