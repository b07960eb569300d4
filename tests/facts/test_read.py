"""Reading files: which ones, as which table, which line each row stands in, and rows that cannot be read."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tianping.errors import ImportRefused
from tianping.facts import read
from tianping.facts.formats import batch, columnar, csvrows, encoding
from tianping.facts.formats.batch import BadRow, Batch
from tianping.facts.formats.encoding import decide

from .stagehand import write

TOO_FEW = "{} cells where the heading has 2: a comma or a quote is missing or too many"
UNCLOSED = "a quote opened in this row is never closed"


def batches(folder: Path, content: bytes) -> list[Batch]:
    return list(csvrows.batches(write(folder, {"x.csv": content}) / "x.csv"))


def lines(found: list[Batch]) -> list[tuple[Any, ...]]:
    """(line, cells…) of the rows."""
    return [(row.pop("_line"), *row.values()) for batch in found for row in batch.cells.to_pylist()]


def bad(found: list[Batch]) -> list[BadRow]:
    return [row for batch in found for row in batch.bad]


@pytest.fixture(params=[48, 1 << 24], ids=["small blocks", "one block"])
def blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csvrows, "BLOCK", request.param)
    monkeypatch.setattr(batch, "BATCH", request.param)


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (b"a,b\n1,2\n3,4\n", [(2, "1", "2"), (3, "3", "4")]),
        (b"a,b\n1,2\n3,4", [(2, "1", "2"), (3, "3", "4")]),
        (b"a,b\r\n1,2\r\n3,4\r\n", [(2, "1", "2"), (3, "3", "4")]),
        (b"\xef\xbb\xbfa,b\n1,2\n", [(2, "1", "2")]),
        (b'a,b\n"1\n1",2\n3,4\n', [(2, "1\n1", "2"), (4, "3", "4")]),
        (b"a,b\r1,2\r\r3,4", [(2, "1", "2"), (4, "3", "4")]),
        (b'"a\r\na",b\r"1\n1",2\r3,4\r', [(3, "1\n1", "2"), (5, "3", "4")]),
        (b'a,b\r\n"1\r\n\r\n1",2\r\n3,4\r\n', [(2, "1\r\n\r\n1", "2"), (5, "3", "4")]),
        (b'a,b\n1,"say ""hi"", then"\n', [(2, "1", 'say "hi", then')]),
        (b'a,b\n1,5" screen\n2,x\n', [(2, "1", '5" screen'), (3, "2", "x")]),
        (b"a,b\n1,2\n\n\n3,4\n\n", [(2, "1", "2"), (5, "3", "4")]),
        (b"a,b\n1,2\n,\n,4\n", [(2, "1", "2"), (4, "", "4")]),
        (b'\n"a\na",b\n1,2\n', [(4, "1", "2")]),
        (b"a\n1\n\n2\n", [(2, "1"), (4, "2")]),
        ("a,b\n商品,质量\n".encode(), [(2, "商品", "质量")]),
        (b"sep=,\r\na,b\r\n1,2\r\n", [(3, "1", "2")]),
        (b"sep=;\na;b\n1;2\n", [(3, "1", "2")]),
        (b"a,b\n", []),
        (b"a,b", []),
    ],
)
def test_rows_and_their_lines(tmp_path: Path, content: bytes, rows: list[tuple[Any, ...]]) -> None:
    found = batches(tmp_path, content)
    assert lines(found) == rows
    assert not bad(found)


@pytest.mark.usefixtures("blocks")
def test_rows_with_a_wrong_number_of_cells(tmp_path: Path) -> None:
    """They keep their line and what stood there, and the lines after them stay right."""
    content = b'a,b\n1,2\n3\n"5\n5",6,7\n8,9\n' + b"x,y\n" * 40 + b"z\n"
    found = batches(tmp_path, content)
    assert bad(found) == [
        BadRow(3, "", "", TOO_FEW.format(1), '["3"]'),
        BadRow(4, "", "", TOO_FEW.format(3), '["5\\n5", "6", "7"]'),
        BadRow(47, "", "", TOO_FEW.format(1), '["z"]'),
    ]
    assert [line for line, *_ in lines(found)] == [2, 6, *range(7, 47)]


@pytest.mark.usefixtures("blocks")
def test_bytes_that_are_not_utf8(tmp_path: Path) -> None:
    found = batches(tmp_path, "a,b\n1,好\n2,".encode() + b"\xba\xc3\n3,x\n\xff\n4,y\n5,\xe5")
    assert lines(found) == [(2, "1", "好"), (4, "3", "x"), (6, "4", "y")]
    assert bad(found) == [
        BadRow(5, "", "", TOO_FEW.format(1), json.dumps(["\\xff"])),
        BadRow(3, "b", "\\xba\\xc3", "not UTF-8 text", json.dumps({"a": "2", "b": "\\xba\\xc3"})),
        BadRow(7, "b", "\\xe5", "not UTF-8 text", json.dumps({"a": "5", "b": "\\xe5"})),
    ]


def test_a_quote_never_closed_at_the_end(tmp_path: Path) -> None:
    found = batches(tmp_path, b'a,b\n1,2\n3,"4\n5,6\n7,8\n')
    assert lines(found) == [(2, "1", "2"), (4, "5", "6"), (5, "7", "8")]
    assert bad(found) == [BadRow(3, "", "", UNCLOSED, json.dumps(['3,"4']))]


def test_a_quote_never_closed_in_a_big_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csvrows, "BLOCK", 48)
    found = batches(tmp_path, b'a,b\n1,2\n3,"4' + b"\n5,6" * 50)
    assert lines(found) == [(2, "1", "2"), *((line, "5", "6") for line in range(4, 54))]
    assert bad(found) == [BadRow(3, "", "", UNCLOSED, json.dumps(['3,"4']))]


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "is empty"), (b"\n\n", "is empty"), (b"\x89PNG\r\n\x1a\n\0\0\0", "does not begin with column names")],
)
def test_files_that_are_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = write(tmp_path, {"orders.csv": content}) / "orders.csv"
    with pytest.raises(ImportRefused, match=said):
        csvrows.headings(path)


def test_parquet_rows_are_numbered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columnar, "ROWS", 2)
    path = tmp_path / "orders.parquet"
    pq.write_table(pa.table({"order_id": ["a", "b", "c"], "quantity": [1, 2, None]}), path)
    assert read.format_of(path).headings(path) == ["order_id", "quantity"]
    found = list(read.format_of(path).batches(path))
    assert lines(found) == [(1, "a", 1), (2, "b", 2), (3, "c", None)]
    assert [round(batch.done, 2) for batch in found] == [0.67, 1.0]


def test_a_broken_parquet_file(tmp_path: Path) -> None:
    path = write(tmp_path, {"orders.parquet": b"PAR1 and no more"}) / "orders.parquet"
    with pytest.raises(ImportRefused, match="is not a Parquet file"):
        read.format_of(path).headings(path)


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("orders.csv", "orders"),
        ("orders-2024-03.parquet", "orders"),
        ("orders_2024.csv", "orders"),
        ("orders.part1.csv", "orders"),
        ("chat_ratings-1.csv", "chat_ratings"),
        ("videos.csv", "videos"),
        ("video_plays.CSV", "video_plays"),
    ],
)
def test_the_name_says_the_table(tmp_path: Path, name: str, table: str) -> None:
    assert [source.table for source in read.find([write(tmp_path, {name: "x\n"})])] == [table]


def test_files_come_by_path_and_once(tmp_path: Path) -> None:
    folder = write(tmp_path, {"orders-2.csv": "", "orders-1.csv": "", ".hidden": "", "_SUCCESS": "", "README.md": ""})
    found = read.find([folder / "orders-2.csv", folder])
    assert [source.path.name for source in found] == ["orders-1.csv", "orders-2.csv"]


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("oders.csv", {}, 'did you mean "orders"'),
        ("sales.csv", {}, "allowed: agent_shifts, agents, benchmarks"),
        ("ordersheet.csv", {}, "its name does not begin with the name of a table"),
        ("orders.pdf", {}, "export it as one of .csv"),
        ("any.csv", {"table": "oders"}, 'there is no table "oders"; did you mean "orders"'),
        ("any.csv", {"mapping": "olis"}, 'there is no mapping "olis"; did you mean "olist"'),
        ("any.csv", {"mapping": "olist"}, "no file is named as the mapping"),
    ],
)
def test_what_cannot_be_known_is_refused(tmp_path: Path, name: str, options: dict[str, Any], said: str) -> None:
    folder = write(tmp_path, {name: "x\n"})
    with pytest.raises(ImportRefused, match=said):
        read.find([folder / name], **options)


@pytest.mark.parametrize("made", [True, False])
def test_nothing_there_is_refused(tmp_path: Path, made: bool) -> None:
    with pytest.raises(ImportRefused, match="there are no files under" if made else "does not exist"):
        read.find([tmp_path if made else tmp_path / "nowhere"])


def test_the_table_may_be_said(tmp_path: Path) -> None:
    [source] = read.find([write(tmp_path, {"export.csv": "x\n"})], table="orders", shop="S1", zone="UTC")
    assert (source.table, source.shop, source.zone) == ("orders", "S1", "UTC")


def test_a_break_that_two_reads_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CR is the last byte of one read, LF the first of the next."""
    monkeypatch.setattr(encoding, "SAMPLE", 4)
    assert lines(batches(tmp_path, b"a,b\r\n1,2\r\n3,4\r\n")) == [(2, "1", "2"), (3, "3", "4")]
    assert lines(batches(tmp_path, b"a,b\r1,2\r3,4\r")) == [(2, "1", "2"), (3, "3", "4")]


CHINESE = ["鋆", "㛃", "國產機龍來", "繁體中文商品標題", "张鋆", "ABC 體驗裝", "中文"]
OTHERS = ["Müller, Grün", "été à Orléans", "naïve", "señor"]


@pytest.mark.parametrize(
    ("text", "encoding", "found"),
    [(text, "gb18030", "gb18030") for text in CHINESE]
    + [(text, "utf-8", "utf-8") for text in CHINESE]
    + [(text, "latin-1", "utf-8") for text in OTHERS],
)
def test_which_encoding(text: str, encoding: str, found: str) -> None:
    """Rare and traditional characters too; words with accents are not taken for Chinese."""
    assert decide(f"a,b\n1,{text}\n".encode(encoding)) == found


def test_damaged_utf8_is_utf8() -> None:
    assert decide("a,b\n1,好的商品\n".encode()[:-4] + b"\n") == "utf-8"
