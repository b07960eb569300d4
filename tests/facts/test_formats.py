"""The same facts in every format a merchant may have them in."""

import datetime as dt
import os
from pathlib import Path

import pytest
import xlsxwriter  # type: ignore[import-untyped]

from tianping.errors import ImportRefused
from tianping.facts import mapping, read, stage
from tianping.facts.formats.locked import Passwords

from .books import gz, jsonl, locked, parquet, xlsx, zst
from .stagehand import Result, known, put, write

TEXT = 'order_id,region,amount_yuan,paid_at\nA1,浙江,"1,234.50",2024/3/1 8:05\nA2,"杭州\n西湖",¥2,2024-03-01 08:05\n'
SAID = [
    {"order_id": "A1", "region": "浙江", "amount_fen": 123450, "paid_at": dt.datetime(2024, 3, 1, 0, 5)},
    {"order_id": "A2", "region": "杭州\n西湖", "amount_fen": 200, "paid_at": dt.datetime(2024, 3, 1, 0, 5)},
]
OBJECTS = [
    {"order_id": "A1", "region": "浙江", "amount_yuan": 1234.50, "paid_at": 1709251500},
    {"order_id": "A2", "region": "杭州\n西湖", "amount_yuan": "¥2", "paid_at": 1709251500000},
]
ARRAY = ("[\n" + jsonl(OBJECTS).decode().strip().replace("}\n{", "},\n{") + "\n]").encode()
SHEET: list[list[object]] = [
    ["order_id", "region", "amount_yuan", "paid_at"],
    ["A1", "浙江", 1234.5, dt.datetime(2024, 3, 1, 8, 5)],
    ["A2", "杭州\n西湖", "¥2", ("n", 45352.336805555555)],
]
BOOK = xlsx({"订单": SHEET}, formats={3: "yyyy/m/d h:mm"})
TITLED = xlsx({"说明": [], "订单": [["快手小店订单导出"], [], *SHEET]}, formats={3: "yyyy/m/d h:mm"})
COLUMNS: dict[str, list[object]] = {
    "order_id": ["A1", "A2"],
    "region": ["浙江", "杭州\n西湖"],
    "amount_yuan": [1234.5, 2.0],
    "paid_at": [dt.datetime(2024, 3, 1, 8, 5)] * 2,
}

FILES: list[tuple[str, bytes, list[int]]] = [
    ("orders.csv", TEXT.encode(), [2, 3]),
    ("orders.csv", TEXT.encode("utf-8-sig"), [2, 3]),
    ("orders.csv", TEXT.encode("gb18030"), [2, 3]),
    ("orders.csv", TEXT.encode("utf-16"), [2, 3]),
    ("orders.csv", TEXT.replace("\n", "\r\n").replace("州\r\n", "州\n").encode("gb18030"), [2, 3]),
    ("orders.csv", TEXT.replace("\n", "\r").encode(), [2, 3]),
    ("orders.csv", TEXT.replace("\n", "\r").replace("州\r", "州\n").encode("gb18030"), [2, 3]),
    ("orders.csv", TEXT.replace("\n", "\r").encode("utf-16"), [2, 3]),
    ("orders.tsv", TEXT.replace('"1,234.50"', "1;234").replace(",", "\t").replace("1;234", "1,234.50").encode(), [2, 3]),
    ("orders.csv", TEXT.replace('"1,234.50"', "1 234").replace(",", ";").replace("1 234", "1,234.50").encode(), [2, 3]),
    ("orders.csv.gz", gz(TEXT.encode("gb18030")), [2, 3]),
    ("orders.csv.zst", zst(TEXT.encode()), [2, 3]),
    ("orders.csv", gz(TEXT.encode()), [2, 3]),
    ("orders.jsonl", jsonl(OBJECTS), [1, 2]),
    ("orders.ndjson", b"\n" + jsonl(OBJECTS), [2, 3]),
    ("orders.jsonl.gz", gz(jsonl(OBJECTS)), [1, 2]),
    ("orders.jsonl.zst", zst(jsonl(OBJECTS)), [1, 2]),
    ("orders.json", ARRAY, [2, 3]),
    ("orders.json.gz", gz(ARRAY), [2, 3]),
    ("orders.json", jsonl(OBJECTS), [1, 2]),
    ("orders.xlsx", BOOK, [2, 3]),
    ("orders.xlsx", TITLED, [4, 5]),
    ("orders-202403abc123.xlsx", locked(BOOK, "abc123"), [2, 3]),
    ("orders.parquet", parquet(COLUMNS), [1, 2]),
]


@pytest.mark.parametrize(("name", "content", "lines"), FILES, ids=[f"{n}-{name}" for n, (name, _, _) in enumerate(FILES)])
def test_the_same_facts_in_every_format(tmp_path: Path, name: str, content: bytes, lines: list[int]) -> None:
    result = put(tmp_path, {name: content})
    assert result.bad() == []
    assert result.rows("orders", "order_id, region, amount_fen, paid_at") == SAID
    assert result.column("orders", "_line") == lines


def test_a_workbook_types_its_cells(tmp_path: Path) -> None:
    """Dates, serials, numbers as Excel shows them; an id that is a number too great to be exact is destroyed."""
    rows: list[list[object]] = [
        ["order_id", "buyer_id", "quantity", "freight_yuan", "presale", "paid_at", "created_at"],
        [("n", 12345678901.0), "\t69177", 3.0, 0.1 + 0.2, True, dt.datetime(2024, 3, 1, 8, 5, 59), "2024年3月1日 8:05"],
        [("n", 6917700000000000001.0), "='x", 1, 1, False, dt.date(2024, 3, 1), ("n", 45352.0)],
        ["A3", ("n", 9007199254740993.0), 1, 1, "是", None, ("n", 45352.0)],
        ["A4", ("n", 2.5), 1, "50%", "√", None, dt.datetime(9999, 12, 31)],
    ]
    result = put(tmp_path, {"orders.xlsx": xlsx({"a": rows}, formats={5: "yyyy-mm-dd hh:mm:ss", 6: "yyyy-mm-dd"})})
    [row] = result.rows("orders", "order_id, buyer_id, quantity, freight_fen, presale, paid_at, created_at, _line")
    assert row == {
        "order_id": "12345678901",
        "buyer_id": "69177",
        "quantity": 3,
        "freight_fen": 30,
        "presale": True,
        "paid_at": dt.datetime(2024, 3, 1, 0, 5, 59),
        "created_at": dt.datetime(2024, 3, 1, 0, 5),
        "_line": 2,
    }
    assert [(bad.line, bad.column, bad.value) for bad in result.bad()] == [
        (3, "order_id", "6.91770000000000e+18"),
        (4, "buyer_id", "9.00719925474099e+15"),
        (5, "buyer_id", "2.5"),
        (5, "created_at", "9999-12-31"),
        (5, "freight_yuan", "50%"),
    ]
    assert "export the column as text" in result.bad()[0].reason


def test_only_the_first_sheet_with_data_is_read_and_that_is_said(tmp_path: Path) -> None:
    result = put(tmp_path, {"orders.xlsx": xlsx({"空": [], "一": SHEET, "二": SHEET})})
    assert [(file.rows, file.unused) for file in result.staged.files] == [(2, "only the first sheet with data is read, not 二")]


def test_a_cell_beside_the_heading_is_quarantined(tmp_path: Path) -> None:
    result = put(tmp_path, {"orders.xlsx": xlsx({"a": [["order_id", None], ["A1", None], ["A2", "合计"]]})})
    assert result.column("orders", "order_id") == ["A1"]
    assert [(bad.line, bad.value, bad.reason) for bad in result.bad()] == [
        (3, "合计", "stands in a column without a name; name it in the heading")
    ]


def test_an_absent_member_keeps_and_an_empty_one_clears(tmp_path: Path) -> None:
    """Bits in the schema's order: shop_id is column 1 of orders, quantity 5, cod 13; given is what stands in the object."""
    rows: list[dict[str, object]] = [
        {"order_id": "A1", "quantity": None},
        {"order_id": "A2", "shop_id": "S", "cod": ""},
        {"order_id": "A3", "shop_id": ""},
    ]
    result = put(tmp_path, {"orders.jsonl": jsonl(rows)})
    assert result.rows("orders", "order_id, _given, _clears") == [
        {"order_id": "A1", "_given": 1 | 1 << 5, "_clears": 1 << 5},
        {"order_id": "A2", "_given": 1 | 1 << 1 | 1 << 13, "_clears": 1 << 13},
    ]
    assert [(bad.line, bad.column, bad.reason) for bad in result.bad()] == [(3, "shop_id", "required and empty")]


JSON_FAULTS = [
    (b"nonsense", "not a JSON object: Expecting value"),
    (b"[1, 2]", "not a JSON object: give one object a line"),
    (b'{"order_id": "1", "order_id": "2"}', '"order_id" stands twice in one object'),
    (b'{"order_id": NaN}', "not a JSON object: NaN is no number of JSON"),
    (b'{"order_id": "\\ud800"}', "half of a surrogate pair is no text"),
    (b'{"order_id": "\\u0000"}', "holds a NUL byte"),
    (b'{"order_id": "\xff"}', "not UTF-8 text"),
    (b'{"order_id": ' + b"[" * 100_000, "not a JSON object"),
]


@pytest.mark.parametrize(("line", "reason"), JSON_FAULTS, ids=[reason for _, reason in JSON_FAULTS])
def test_a_line_that_is_no_object_is_quarantined(tmp_path: Path, line: bytes, reason: str) -> None:
    result = put(tmp_path, {"orders.jsonl": b'{"order_id": "A1"}\n' + line + b'\n{"order_id": 6917700000000000001}\n'})
    assert result.column("orders", "order_id") == ["A1", "6917700000000000001"]
    [bad] = result.bad()
    assert (bad.line, bad.reason[: len(reason)]) == (2, reason)


def test_numbers_in_json_are_what_was_written(tmp_path: Path) -> None:
    result = put(tmp_path, {"orders.jsonl": b'{"order_id": 1, "amount_yuan": 1.10}\n{"order_id": 6.9177E+18}\n'})
    assert result.rows("orders", "order_id, amount_fen") == [{"order_id": "1", "amount_fen": 110}]
    assert [(bad.line, bad.value) for bad in result.bad()] == [(2, "6.9177E+18")]


def staged(folder: Path, files: dict[str, str | bytes], passwords: Passwords) -> Result:
    con = known()
    return Result(con, stage.stage(con, read.find([write(folder, files)], passwords=passwords), folder / "out"))


def test_a_password_that_was_said_or_asked_for(tmp_path: Path) -> None:
    """What was said is tried, then the name's end, then a person is asked; what fitted is kept."""
    asked: list[Path] = []

    def ask(path: Path) -> str:
        asked.append(path)
        return "wrong" if len(asked) == 1 else "third"

    files: dict[str, str | bytes] = {
        "orders-1.xlsx": locked(BOOK, "said"),
        "orders-2.xlsx": locked(BOOK, "third"),
        "orders-3.xlsx": locked(BOOK, "third"),
    }
    result = staged(tmp_path, files, Passwords("said", ask))
    assert [count.typed for count in result.staged.counts] == [2, 2, 2]
    assert [path.name for path in asked] == ["orders-2.xlsx"] * 2


def test_a_workbook_that_stays_locked_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match=r"orders\.xlsx has a password.*--password"):
        put(tmp_path, {"orders.xlsx": locked(BOOK, "secret")})


EMPTY_WORDS = """\
name: shop
files:
  lines: {names: [lines*]}
tables:
  - table: orders
    from: lines
    columns: {order_id: 订单号, region: 省份, paid_at: 支付时间}
"""


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_words_for_an_empty_cell(tmp_path: Path, ending: str) -> None:
    """`-` means empty only where a mapped file says so."""
    rows = [["订单号", "省份", "支付时间"], ["A1", "-", " -- "], ["A2", "无锡", "2024-03-01"]]
    content = xlsx({"a": rows}) if ending == "xlsx" else "".join(",".join(row) + "\n" for row in rows).encode()
    (tmp_path / "shop.yaml").write_text(EMPTY_WORDS, "utf-8")
    [plain] = read.find([write(tmp_path, {f"lines.{ending}": content})], mapping=str(tmp_path / "shop.yaml"))
    source = read.Source(plain.path, mapping=plain.mapping, role=plain.role, empty_words=frozenset({"-", "--"}))
    con = known()
    result = Result(con, stage.stage(con, [source], tmp_path / "out"))
    assert result.column("orders", "region") == [None, "无锡"]
    assert result.column("orders", "paid_at") == [None, dt.datetime(2024, 2, 29, 16)]
    assert not result.bad()


OLD_NAMES = {"orders-订单.csv": TEXT.encode(), "orders-订单.xlsx": BOOK, "orders-订单.parquet": parquet(COLUMNS)}


@pytest.mark.parametrize("name", OLD_NAMES)
def test_a_name_that_is_no_utf8(tmp_path: Path, name: str) -> None:
    """As a ZIP of a Chinese Windows is unpacked: read, and called by its name."""
    folder = tmp_path / "in"
    folder.mkdir()
    Path(os.fsdecode(bytes(folder) + b"/" + name.encode("gb18030"))).write_bytes(OLD_NAMES[name])
    con = known()
    result = Result(con, stage.stage(con, read.find([folder]), tmp_path / "out"))
    assert result.rows("orders", "order_id, region, amount_fen, paid_at") == SAID
    assert [file.file for file in result.staged.files] == [str(folder / name)]


def test_such_a_name_says_its_shop(tmp_path: Path) -> None:
    sample = mapping.path_of("kuaishou_orders").with_name("samples") / "kuaishou_orders.csv"
    file = Path(os.fsdecode(bytes(tmp_path) + "/甲店@订单.csv".encode("gb18030")))
    file.write_bytes(sample.read_bytes())
    con = known()
    result = Result(con, stage.stage(con, read.find([tmp_path]), tmp_path / "out"))
    assert {*result.column("orders", "shop_id")} == {"甲店"}


def test_a_workbook_says_where_it_shows_what_its_cells_do_not_hold(tmp_path: Path) -> None:
    """An id shown as 000123 is the number 123; a time without a format is counted from a day that only the workbook knows."""
    path = tmp_path / "orders.xlsx"
    rows: list[list[object]] = [["order_id", "created_at"], ["A1", "2024-03-01"], ["A2", 123]]
    path.write_bytes(xlsx({"a": rows}, formats={0: "@", 1: "000000"}))
    assert read.reader(read.Source(path, "orders")).notes(path) == (
        "the zeros that a number format (000000) shows before a number: format ids as text"
    )
    with xlsxwriter.Workbook(str(path), {"date_1904": True}) as made:
        made.add_worksheet("a").write_row(0, 0, ["order_id"])
    assert "its calendar of 1904" in read.reader(read.Source(path, "orders")).notes(path)
    path.write_bytes(BOOK)
    assert read.reader(read.Source(path, "orders")).notes(path) == ""
