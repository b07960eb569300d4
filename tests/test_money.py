"""Yuan as people write them, and fen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tianping.money import fen, yuan


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("12", 1200),
        ("12.3", 1230),
        ("12.34", 1234),
        ("0.07", 7),
        ("-0.07", -7),
        ("¥1,234.56", 123456),
        ("￥ 12", 1200),
        ("12.34元", 1234),
        ("1,234,567", 123456700),
    ],
)
def test_sums_of_yuan(text: str, value: int) -> None:
    assert fen(text) == value


@pytest.mark.parametrize(
    "text", ["", "1.005", "0.125", "1.500", "12,34", "1,2345", "1e3", ".5", "5.", "free", "--1", "1 2", "NaN"]
)
def test_what_is_no_sum_of_whole_fen_is_refused(text: str) -> None:
    assert fen(text) is None


@given(st.integers(-(10**15), 10**15))
def test_there_and_back(value: int) -> None:
    assert fen(yuan(value)) == value
    assert fen("¥" + yuan(value)) == value
