"""Yuan as people write them, and fen."""

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tianping.facts.cells import TYPED, Names
from tianping.facts.schema import Column
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
        ("1.500", 150),
        ("-¥5.", -500),
        ("¥-5", -500),
    ],
)
def test_sums_of_yuan(text: str, value: int) -> None:
    assert fen(text) == value


@pytest.mark.parametrize("text", ["", "1.005", "0.125", "12,34", "1,2345", "1e3", ".5", "¥", "١", "free", "--1", "1 2", "NaN"])
def test_what_is_no_sum_of_whole_fen_is_refused(text: str) -> None:
    assert fen(text) is None


@given(st.integers(-(10**15), 10**15))
def test_there_and_back(value: int) -> None:
    assert fen(yuan(value)) == value
    assert fen("¥" + yuan(value)) == value


@given(st.lists(st.text("0123456789.,-+¥￥元 ", max_size=9), max_size=20))
def test_files_are_read_alike(texts: list[str]) -> None:
    """SQL over a file's cells and Python agree on every text."""
    cells = [text.strip() or None for text in texts]
    sql = TYPED["fen"](Column("amount_fen", "fen"), Names("c", "w", "z", (), yuan=True))
    found = duckdb.connect().execute(f"SELECT {sql} FROM (SELECT unnest($1::VARCHAR[]) AS c)", [cells]).fetchall()
    assert [value for (value,) in found] == [None if cell is None else fen(cell) for cell in cells]
