"""A quote too many takes its own row to quarantine, and no other."""

from pathlib import Path

import pytest

from .stagehand import Result, put

HEAD = "order_id,shop_id,product_id,region,created_at"


def orders(folder: Path, rows: dict[int, str], count: int = 1000, head: str = HEAD) -> Result:
    """Orders 1 to `count`, some of them written otherwise."""
    lines = [rows.get(n, f"o{n},s1,p1,北京,2024-03-01") for n in range(1, count + 1)]
    return put(folder, {"orders.csv": "\n".join([head, *lines]) + "\n"})


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param({10: 'o10,s1,p1,"北京,2024-03-01', 900: 'o900,s1,p1,"北京,2024-03-01'}, id="both opened, none closed"),
        pytest.param(
            {10: 'o10,s1,p1,5"北京,2024-03-01', 500: 'o500,s1,p1,"好的,2024-03-01'}, id="one within a cell, one opened"
        ),
        pytest.param({10: 'o10,s1,p1,"北京,2024-03-01', 11: 'o11,s1,p1,5",2024-03-01'}, id="closed by a row's own quote"),
        pytest.param({10: 'o10,s1,p1,北京,"2024-03-01', 11: 'o11,s1,p1,北京,"2024-03-01'}, id="in the last column"),
        pytest.param({1000: 'o1000,s1,p1,"北京,2024-03-01'}, id="at the very end"),
    ],
)
def test_no_row_is_swallowed(tmp_path: Path, rows: dict[int, str]) -> None:
    """All orders but those with the quote are read; these are told, each on its line."""
    result = orders(tmp_path, rows)
    read = set(result.column("orders", "order_id"))
    bad = {row.line: row.reason for row in result.bad()}
    strange = {n for n, text in rows.items() if text.split(",")[-2].startswith('"') or text.split(",")[-1].startswith('"')}
    whole = {f"o{n}" for n in range(1, 1001)} - {f"o{n}" for n in rows}
    assert whole <= read
    assert {n + 1 for n in strange} >= set(bad)
    assert len(read) + len(bad) == 1000
    assert all("quote" in reason for reason in bad.values())


def test_cells_of_several_lines_are_cells(tmp_path: Path) -> None:
    """Well quoted, they may hold separators and quotes."""
    address = '"街道 1, 楼 2\n他说 ""好"", 门 3\n\n末行, 完"'
    result = orders(tmp_path, {n: f"o{n},s1,p1,{address},2024-03-01" for n in range(2, 400)})
    assert result.bad() == []
    assert len(result.column("orders", "order_id")) == 1000
    assert result.column("orders", "region")[1] == '街道 1, 楼 2\n他说 "好", 门 3\n\n末行, 完'


def test_a_row_of_the_wrong_width_swallows_none(tmp_path: Path) -> None:
    result = orders(tmp_path, {10: 'o10,s1,"p1,北京,2024-03-01', 12: 'o12,s1,p1,"北京,2024-03-01'}, count=20)
    assert len(result.column("orders", "order_id")) == 18
    assert [row.line for row in result.bad()] == [11, 13]
