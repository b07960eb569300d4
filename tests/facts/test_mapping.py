"""Mappings: strict files with every fault told, and what each of their means does to rows."""

from pathlib import Path

import pytest

from tianping.errors import ImportRefused
from tianping.facts import mapping, read, stage

from .stagehand import Bad, known, put, write

HEAD = """\
name: shop
files:
  lines: {names: [lines*.csv]}
  heads: {names: [heads.csv]}
  extra: {names: [extra.csv], optional: true}
"""
ORDERS = "tables:\n  - table: orders\n    from: lines\n"


def book(folder: Path, text: str) -> str:
    path = folder / "shop.yaml"
    path.write_text(text, "utf-8")
    return str(path)


def columns(**values: str) -> str:
    return "    columns:\n" + "".join(f"      {name}: {value}\n" for name, value in values.items())


def test_the_shipped_mappings_are_sound() -> None:
    assert {name: mapping.load(name).name for name in mapping.shipped()} == {name: name for name in mapping.shipped()}
    assert "olist" in mapping.shipped()


FAULTS = [
    ("nam: shop\n" + HEAD + ORDERS + columns(order_id="num"), 'shop.yaml:1: unknown key "nam"', "did you mean"),
    (
        HEAD + ORDERS.replace("orders", "oders") + columns(order_id="num"),
        ':7: there is no table "oders"',
        'did you mean "orders"',
    ),
    (HEAD + ORDERS + columns(order_id="num", paidat="t"), ':11: orders have no column "paidat"', 'did you mean "paid_at"'),
    (HEAD + ORDERS + columns(order_id="num", amount_fen="price"), '"amount_fen" is money without a unit', "unit: yuan"),
    (HEAD + ORDERS + columns(paid_at="t"), "orders need their key: order_id", "map it"),
    (HEAD + ORDERS.replace("lines", "lins") + columns(order_id="num"), 'there is no file "lins"', 'did you mean "lines"'),
    (HEAD + ORDERS + columns(order_id="heads.no"), '"heads.no" reads a file that is not joined here', "add a join"),
    (HEAD + ORDERS + columns(order_id="{from: num, text: x}"), "give one origin", ""),
    (HEAD + ORDERS + columns(order_id="no"), "YAML reads this as no text; put the column's name in quotes", ""),
    (HEAD + ORDERS + "    skip: [{reason: why}]\n" + columns(order_id="num"), "give one condition", ""),
    (HEAD + HEAD + ORDERS + columns(order_id="num"), '"name" stands here a second time', "first on line 1"),
]


@pytest.mark.parametrize(("text", "what", "now"), FAULTS)
def test_faults_are_told_with_their_line(tmp_path: Path, text: str, what: str, now: str) -> None:
    with pytest.raises(ImportRefused) as told:
        mapping.load(book(tmp_path, text))
    assert what in str(told.value)
    assert now in str(told.value)


def test_all_faults_at_once(tmp_path: Path) -> None:
    text = HEAD + ORDERS + columns(order_id="num", paidat="t", price_fen="p", amount_fen="price")
    with pytest.raises(ImportRefused, match=r"has 3 fault\(s\)"):
        mapping.load(book(tmp_path, text))


VALUES = [
    # the column's mapping, the cells of a and b, the region that comes out
    ("a", "x,y", "x"),
    ("{from: b, note: why, assumed: true}", "x,y", "y"),
    ('{text: "{a}-{b}!"}', "x,y", "x-y!"),
    ('{text: "{a}-{b}!"}', "x,", None),
    ("{first: [a, b]}", ",y", "y"),
    ("{first: [a, b]}", "x,y", "x"),
    ('{joined: [a, b], by: " / "}', "x,y", "x / y"),
    ('{joined: [a, b], by: " / "}', ",y", "y"),
    ("{joined: [a, b]}", ",", None),
    ("{value: fixed}", ",", "fixed"),
    ("{from: a, translate: {x: one}}", "x,", "one"),
    ("{from: a, translate: {x: one}}", ",", None),
    ("{from: a, translate: {x: one}, otherwise: keep}", "z,", "z"),
    ("{from: a, translate: {x: one}, otherwise: empty}", "z,", None),
    ("{from: c, optional: true}", "x,y", None),
]


@pytest.mark.parametrize(("value", "cells", "expected"), VALUES)
def test_values(tmp_path: Path, value: str, cells: str, expected: str | None) -> None:
    rules = book(tmp_path, HEAD + ORDERS + columns(order_id="num", region=value))
    result = put(tmp_path, {"lines.csv": f"num,a,b\nO1,{cells}\n"}, mapping=rules)
    assert result.column("orders", "region") == [expected]
    assert result.column("orders", "_clears") == [0], "an empty cell of an export keeps what is known"


def test_times_money_and_constants(tmp_path: Path) -> None:
    rules = columns(
        order_id="num",
        paid_at='{from: when, formats: ["%d/%m/%Y %H:%M", "%Y.%m.%d"]}',
        amount_fen="{from: price, unit: yuan}",
        freight_fen="{from: price, unit: fen}",
        quantity="{value: 1}",
        cod="{value: true}",
    )
    rows = "O1,01/03/2024 08:30,12\nO2,2024.03.01,1\nO3,2024-03-01 08:30,1\nO4,March,1\nO5,,0.5\n"
    result = put(tmp_path, {"lines.csv": f"num,when,price\n{rows}"}, mapping=book(tmp_path, HEAD + ORDERS + rules))
    assert [str(at) for at in result.column("orders", "paid_at")] == [
        "2024-03-01 00:30:00",
        "2024-02-29 16:00:00",
        "2024-03-01 00:30:00",
    ]
    assert result.rows("orders", "amount_fen, freight_fen, quantity, cod")[0] == {
        "amount_fen": 1200, "freight_fen": 12, "quantity": 1, "cod": True,
    }  # fmt: skip
    assert [(bad.line, bad.column, bad.value) for bad in result.bad()] == [(5, "when", "March"), (6, "price", "0.5")]


def test_a_word_without_translation(tmp_path: Path) -> None:
    rules = book(tmp_path, HEAD + ORDERS + columns(order_id="num", channel="{from: a, translate: {直播: flash}}"))
    result = put(tmp_path, {"lines.csv": "num,a\nO1,直播\nO2,短视频\n"}, mapping=rules)
    assert result.column("orders", "channel") == ["flash"]
    why = "the mapping does not translate it; add it to the mapping's translate"
    assert result.bad() == [Bad(3, "orders", "O2", "a", "短视频", why)]


JOINED = (
    HEAD
    + ORDERS
    + "    join: [{file: heads, on: {head: id}}, {file: extra, on: {heads.x: x}}]\n"
    + "    refuse: [{empty: heads.id, reason: no head}]\n"
    + "    skip: [{column: heads.state, values: [draft, void], reason: not placed}]\n"
    + columns(order_id="num", parent_id="head", region="heads.place", buyer_id="extra.buyer")
    + "  - table: orders\n    from: heads\n    join: [{file: lines, on: {id: head}}]\n"
    + "    skip: [{present: lines.head, reason: read with its lines}]\n"
    + "    refuse: [{empty: lines.head, reason: no lines}]\n"
    + columns(order_id="id")
)


def test_joins_refusals_and_skips(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "lines.csv": "num,head\nO1,H1\nO2, H1\nO3,H9\nO4,H2\nO5,H3\nO6,\n",
        "heads.csv": "id,place,state,x\nH1,浙江,paid,X\nH2,广东,draft,\nH3,北京,paid,\nH3,上海,paid,\nH4,四川,paid,\n",
        "extra.csv": "x,buyer\nX,B1\n",
        "notes.csv": "whatever",
    }
    result = put(tmp_path, files, mapping=book(tmp_path, JOINED))
    assert result.rows("orders", "order_id, region, buyer_id") == [
        {"order_id": "O1", "region": "浙江", "buyer_id": "B1"},
        {"order_id": "O2", "region": "浙江", "buyer_id": "B1"},
    ]
    assert result.bad() == [
        Bad(6, "orders", "H4", "lines.head", "", "no lines"),
        Bad(4, "orders", "O3", "heads.id", "", "no head"),
        Bad(6, "orders", "O5", "head", "H3", "heads has differing rows for it"),
        Bad(7, "orders", "O6", "heads.id", "", "no head"),
    ]
    assert result.counts() == [("heads.csv", "orders", 1, 0, 1), ("lines.csv", "orders", 5, 2, 3)]
    assert [count.skipped for count in result.staged.counts] == [(("read with its lines", 4),), (("not placed", 1),)]
    unused = {Path(file.file).name: file.unused for file in result.staged.files if file.unused}
    assert unused == {"notes.csv": 'the mapping "shop" knows no file of this name'}


def test_an_optional_file_may_be_missing_another_not(tmp_path: Path) -> None:
    rules = book(tmp_path, JOINED)
    result = put(tmp_path, {"lines.csv": "num,head\nO1,H1\n", "heads.csv": "id,place,state,x\nH1,浙江,paid,X\n"}, mapping=rules)
    assert result.column("orders", "buyer_id") == [None]
    (tmp_path / "b").mkdir()
    with pytest.raises(ImportRefused, match=r"is joined with heads\.csv, which is not there"):
        put(tmp_path / "b", {"lines.csv": "num,head\nO1,H1\n"}, mapping=rules)


def test_identical_rows_of_a_joined_file_are_one(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "lines.csv": "num,head\nO1,H1\n",
        "heads.csv": "id,place,state,x\nH1,浙江,paid,\nH1,浙江,paid,\n",
    }
    result = put(tmp_path, files, mapping=book(tmp_path, JOINED))
    assert result.column("orders", "region") == ["浙江"]


def test_the_same_said_again_is_left_out_once(tmp_path: Path) -> None:
    rules = book(tmp_path, HEAD + ORDERS + "    once: said before\n" + columns(order_id="num", region="a"))
    result = put(tmp_path, {"lines.csv": "num,a\nO1,x\nO1,x\nO1,y\n"}, mapping=rules)
    assert result.column("orders", "region") == ["x", "y"]
    assert result.staged.counts[0].skipped == (("said before", 1),)


def test_a_column_the_export_lacks_is_refused(tmp_path: Path) -> None:
    rules = book(tmp_path, HEAD + ORDERS + columns(order_id="number"))
    with pytest.raises(
        ImportRefused, match=r'lines\.csv has no column "number", which the mapping reads; did you mean "numbr"'
    ):
        put(tmp_path, {"lines.csv": "numbr\nO1\n"}, mapping=rules)


def test_one_export_feeds_several_tables_from_several_files(tmp_path: Path) -> None:
    """Unreadable rows count to the first table; the raw row is kept under the export's own headings."""
    parcels = "  - table: parcels\n    from: lines\n    skip: [{empty: sent, reason: not sent yet}]\n"
    rules = HEAD + ORDERS + columns(order_id="num") + parcels + columns(parcel_id="num", order_id="num", shipped_at="sent")
    files: dict[str, str | bytes] = {"lines-1.csv": "num,sent\nO1,2024-03-01\nO2\n", "lines-2.csv": "sent,num\n,O3\nsoon,O4\n"}
    result = put(tmp_path, files, mapping=book(tmp_path, rules))
    assert result.column("orders", "order_id") == ["O1", "O3", "O4"]
    assert result.column("parcels", "parcel_id") == ["O1"]
    assert sorted(result.counts()) == [
        ("lines-1.csv", "orders", 2, 1, 1),
        ("lines-1.csv", "parcels", 1, 1, 0),
        ("lines-2.csv", "orders", 2, 2, 0),
        ("lines-2.csv", "parcels", 1, 0, 1),
    ]
    assert '{"sent":"soon","num":"O4"}' in result.column("quarantine", "row")


def test_the_digest_covers_the_files_joined(tmp_path: Path) -> None:
    """A changed customers file makes the orders file new; an unrelated file does not."""
    rules = book(tmp_path, JOINED)
    files: dict[str, str | bytes] = {
        "lines.csv": "num,head\nO1,H1\n",
        "heads.csv": "id,place,state,x\nH1,浙江,paid,X\n",
        "notes.csv": "a",
    }

    def digest(**changed: str) -> str:
        folder = write(tmp_path, files | {f"{name}.csv": text for name, text in changed.items()})
        sources = read.find([folder], mapping=rules)
        return dict(zip((source.role for source in sources), stage.digests(sources), strict=True))["lines"]

    assert digest() == digest(notes="b")
    assert digest() != digest(heads="id,place,state,x\nH1,广东,paid,X\n")


def test_known_files_still_serve_the_joins(tmp_path: Path) -> None:
    rules = book(tmp_path, JOINED)
    sources = read.find(
        [write(tmp_path, {"lines.csv": "num,head\nO1,H1\n", "heads.csv": "id,place,state,x\nH1,浙江,paid,X\n"})], mapping=rules
    )
    heads = stage.digests(sources)[0]
    staged = stage.stage(known(), sources, tmp_path / "out", skip=frozenset({heads}))
    assert [(Path(count.file).name, count.typed) for count in staged.counts] == [("lines.csv", 1)]
