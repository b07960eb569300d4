"""What else a mapping can say: split cells, patterns, conditions, products, signs, the newest row, words told, small files."""

from pathlib import Path

import pytest

from tianping.errors import ImportRefused
from tianping.facts import mapping

from .stagehand import put
from .test_mapping import book, columns

HEAD = """\
name: shop
files:
  lines: {headings: [num], without: [other]}
tables:
"""
ORDERS = "  - table: orders\n    from: lines\n"
SHOP = {"shop_id": "_shop"}

VALUES = [
    # the mapping of region, the cells of a and b, the region that comes out
    ('{from: a, pattern: "^(.+)-"}', "SF-A-顺丰,", "SF-A"),
    ('{from: a, pattern: "([0-9]+)"}', "none,", None),
    ("{from: a, where: {b: [x, y]}}", "1,y", "1"),
    ("{from: a, where: {b: [x, y]}}", "1,z", None),
    ('{value: yes-it-is, where: {b: ["*"]}}', ",z", "yes-it-is"),
    ('{value: yes-it-is, where: {b: ["*"]}}', ",", None),
    ("{from: a, missing: none}", ",", "none"),
    ("{from: a, translate: {x: one}, otherwise: tell, default: strange}", "z,", "strange"),
    ("{from: a, translate: {x: one}, otherwise: tell, default: strange}", ",", None),
    ("{from: a, translate: {x: one}, otherwise: tell}", "z,", None),
    ("{from: 甲|a}", "x,", "x"),
    ('{text: "{num}:{_line}"}', ",", "O1:2"),
]


@pytest.mark.parametrize(("value", "cells", "expected"), VALUES)
def test_values(tmp_path: Path, value: str, cells: str, expected: str | None) -> None:
    rules = book(tmp_path, HEAD + ORDERS + columns(order_id="num", region=value, **SHOP))
    result = put(tmp_path, {"x.csv": f"num,a,b\nO1,{cells}\n"}, mapping=rules, shop="S1")
    assert result.column("orders", "region") == [expected]


SUMS = [
    ("6", "2.55", 6, 1530),
    ("-6", "2.55", 0, 0),
    ("1", "-11.06", 1, 0),
    ("3", "0.001", 3, 0),
    ("1,000", "¥0.005", 1000, 500),
]


@pytest.mark.parametrize(("pieces", "price", "quantity", "fen"), SUMS)
def test_products_and_signs(tmp_path: Path, pieces: str, price: str, quantity: int, fen: int) -> None:
    money = "{times: [n, p], unit: yuan, part: positive}"
    rules = book(
        tmp_path, HEAD + ORDERS + columns(order_id="num", amount_fen=money, quantity="{from: n, part: positive}", **SHOP)
    )
    result = put(tmp_path, {"x.csv": f'num,n,p\nO1,"{pieces}",{price}\n'}, mapping=rules, shop="S1")
    assert result.rows("orders", "quantity, amount_fen") == [{"quantity": quantity, "amount_fen": fen}]


def test_a_factor_that_is_no_number_goes_to_quarantine(tmp_path: Path) -> None:
    rules = book(tmp_path, HEAD + ORDERS + columns(order_id="num", amount_fen="{times: [n, p], unit: yuan}", **SHOP))
    result = put(tmp_path, {"x.csv": "num,n,p\nO1,two,3\n"}, mapping=rules, shop="S1")
    assert [(bad.value, bad.reason) for bad in result.bad()] == [("two3", "not a sum of yuan")]


def test_several_orders_in_one_cell(tmp_path: Path) -> None:
    """A row for each; a bad one among them does not take the others with it."""
    split = '  - table: parcels\n    from: lines\n    split: {column: num, by: ",，"}\n'
    rules = book(tmp_path, HEAD + split + columns(parcel_id="{joined: [num, w], by: '-'}", order_id="num", shipped_at="t"))
    rows = 'num,w,t\n"O1, O2，",W1,2024-03-01\n"O3,6.9E+18",W2,2024-03-01\nO4,,2024-03-01\n'
    result = put(tmp_path, {"x.csv": rows}, mapping=rules)
    assert result.column("parcels", "parcel_id") == ["O1-W1", "O2-W1", "O3-W2", "O4"]
    assert [bad.value for bad in result.bad()] == ["6.9E+18"]


def test_the_newest_row_of_a_key_stays(tmp_path: Path) -> None:
    """Whatever form the time has; of two as new the smaller values, so that the order of rows never matters."""
    newest = "  - table: products\n    from: lines\n    once: an older one\n    newest: t\n"
    rules = book(tmp_path, HEAD + newest + columns(product_id="num", title="a", **SHOP))
    rows = ["P1,old,2024/3/9 8:05", "P1,new,2024/3/10 8:05", "P2,a,2024-03-01 08:00:00", "P2,b,2024-03-01 08:00:00"]
    for order in (rows, rows[::-1]):
        result = put(tmp_path, {"x.csv": "num,a,t\n" + "\n".join(order) + "\n"}, mapping=rules, shop="S1")
        assert sorted(result.column("products", "title")) == ["a", "new"]
        assert result.staged.counts[0].skipped == (("an older one", 2),)


def test_small_files_are_read_together_and_told_apart(tmp_path: Path) -> None:
    """Counts, lines, faults and words are each file's own."""
    rules = book(
        tmp_path,
        HEAD
        + ORDERS
        + columns(order_id="num", channel="{from: a, translate: {x: flash}, otherwise: tell}", paid_at="t", **SHOP),
    )
    files: dict[str, str | bytes] = {
        "a.csv": "num,a,t\nO1,x,2024-03-01\nO2,y,soon\n", "b.csv": "num,a,t\nO3,z,\nO4\n", "c.csv": "a,num,t\nx,O5,never\n",
    }  # fmt: skip
    result = put(tmp_path, files, mapping=rules, shop="S1")
    assert result.rows("orders", "order_id, _part, _line") == [
        {"order_id": "O1", "_part": 0, "_line": 2}, {"order_id": "O3", "_part": 1, "_line": 2},
    ]  # fmt: skip
    assert [(Path(row["file"]).name, row["line"], row["value"]) for row in result.rows("quarantine")] == [
        ("a.csv", 3, "soon"), ("b.csv", 3, ""), ("c.csv", 2, "never"),
    ]  # fmt: skip
    assert result.counts() == [("a.csv", "orders", 2, 1, 1), ("b.csv", "orders", 2, 1, 1), ("c.csv", "orders", 1, 0, 1)]
    assert [count.told for count in result.staged.counts] == [(("a", "y", 1),), (("a", "z", 1),), ()]


FAULTS = [
    (ORDERS + columns(order_id="{from: num, pattern: '('}"), "is no pattern"),
    (ORDERS + columns(order_id="{from: num, pattern: 'x'}"), "has no group"),
    (ORDERS + "    newest: t\n" + columns(order_id="num"), "newest needs once"),
    (
        "  - table: cases\n    from: lines\n" + columns(case_id="num", reason="{from: a, translate: {坏: quality}}"),
        "by packs only",
    ),
]


@pytest.mark.parametrize(("text", "what"), FAULTS)
def test_faults(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(ImportRefused, match=what):
        mapping.load(book(tmp_path, HEAD + text))


def test_a_mapped_column_that_stands_twice_is_refused(tmp_path: Path) -> None:
    rules = book(tmp_path, HEAD + ORDERS + columns(order_id="num", region="a", **SHOP))
    with pytest.raises(ImportRefused, match='has the column "a" twice'):
        put(tmp_path, {"x.csv": "num,a,a\nO1,x,y\n"}, mapping=rules, shop="S1")


def test_an_id_that_only_its_shop_knows(tmp_path: Path) -> None:
    """The row's own shop stands before it, wherever that comes from; one that a spreadsheet destroyed is told as it stands."""
    more = {"shop_id": "{first: [_shop, s]}", "product_id": "{from: a, of_shop: true}"}
    rules = book(tmp_path, HEAD + ORDERS + columns(order_id="num", **more))
    text = "num,a,s\nO1,KH-1,S7\nO2,KH-1,S8\nO3,6.9177E+18,S8\nO4,KH-1,\n"
    result = put(tmp_path, {"x.csv": text}, mapping=rules)
    assert result.column("orders", "product_id") == ["S7/KH-1", "S8/KH-1"]
    assert [(bad.line, bad.value) for bad in result.bad()][:1] == [(4, "6.9177E+18")]


def test_of_shop_needs_a_shop(tmp_path: Path) -> None:
    rules = book(
        tmp_path, HEAD + "  - table: orders\n    from: lines\n" + columns(order_id="num", product_id="{from: a, of_shop: true}")
    )
    with pytest.raises(ImportRefused, match='"product_id" is no id beside a shop_id of these rows'):
        mapping.load(rules)
