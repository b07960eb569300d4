"""Bad files: one clear sentence or a quarantined row, and never more memory than a file of that size may cost."""

import gzip
import io
import json
import os
import random
import resource
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tianping.errors import ImportRefused
from tianping.facts import read
from tianping.facts.formats import csvrows, encoding, jsonlines, packed

from .books import gz, xlsx, zst
from .stagehand import put, write

ENDINGS = ("csv", "tsv", "csv.gz", "csv.zst", "jsonl", "json", "xlsx", "parquet")


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("content", [b"", random.Random(1).randbytes(5000)], ids=["empty", "rubbish"])
def test_empty_files_and_rubbish_are_refused(tmp_path: Path, ending: str, content: bytes) -> None:
    with pytest.raises(ImportRefused, match=rf"orders\.{ending}") as told:
        put(tmp_path, {f"orders.{ending}": content})
    assert "\n" not in str(told.value)
    assert len(str(told.value)) < 400


SHEET: list[list[object]] = [["order_id", "region"], ["A1", "x"]]


def edited(edit: Callable[[str, bytes], bytes]) -> bytes:
    """A workbook whose parts were edited."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(xlsx({"a": SHEET}))) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, edit(name, old.read(name)))
    return made.getvalue()


def more_rows(rows: bytes) -> Callable[[str, bytes], bytes]:
    return lambda name, data: data.replace(b"</sheetData>", rows + b"</sheetData>") if name.endswith("sheet1.xml") else data


BOMBS = [
    ("orders.csv.gz", gz(b"order_id\n" + b"A1\n" * 15_000_000), "unpacks to more than 100 times its own size"),
    ("orders.csv.zst", zst(b"order_id\n" + b"0" * 90_000_000), "unpacks to more than 100 times its own size"),
    ("orders.xlsx", edited(more_rows(b" " * 90_000_000)), "unpacks to 85 MB"),
    (
        "orders.xlsx",
        edited(more_rows(b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')),
        "1048576 rows and 16384 columns",
    ),
    ("orders.xlsx", edited(more_rows(b"<x:row><x:c r = 'ZZZ9'/></x:row>" + b"<row/>" * 1200)), "18278 columns"),
    ("orders.xlsx", edited(more_rows(b"<x:row><x:c r = 'ZZZZZZ9'/></x:row>")), "a cell is said to stand at ZZZZZZ9"),
    (
        "orders.xlsx",
        edited(more_rows(b'<row><c s="1" r="C' + b"x" * 700 + b'7"><v>1</v></c></row>')),
        "said to stand at Cxxxxxxxxxxxx,",
    ),
    ("orders.xlsx", edited(more_rows(b'<row r="99999999"/>')), "said to stand at 99999999"),
]


@pytest.mark.parametrize(("name", "content", "said"), BOMBS, ids=[f"{n}-{name}" for n, (name, *_) in enumerate(BOMBS)])
def test_bombs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes, said: str) -> None:
    monkeypatch.setattr(packed, "FREE", 1 << 24)
    with pytest.raises(ImportRefused, match=said):
        put(tmp_path, {name: content})


def test_a_packed_file_cut_off_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match="was cut off or damaged; fetch it again"):
        put(tmp_path, {"orders.csv.gz": gz(b"order_id\n" + b"A1\n" * 1000)[:-9]})


def test_too_many_columns_are_refused(tmp_path: Path) -> None:
    names = ",".join(f"c{n}" for n in range(2001))
    with pytest.raises(ImportRefused, match="has 2001 columns and at most 2000 are read"):
        put(tmp_path, {"orders.csv": f"{names}\n"})
    with pytest.raises(ImportRefused, match="no line break in its first 512 KB"):
        put(tmp_path, {"orders.csv": "order_id," * 200_000})


def test_a_nul_byte_and_a_line_too_long_cost_their_own_rows(tmp_path: Path) -> None:
    long = b"y" * (encoding.LONGEST * 3)
    result = put(tmp_path, {"orders.csv": b"order_id,region\nA1,x\0\nA2," + long + b"\nA3,z\nA4," + long})
    assert result.column("orders", "order_id") == ["A3"]
    assert sorted((bad.line, bad.reason) for bad in result.bad()) == [
        (2, "holds a NUL byte"),
        (3, "the line is longer than 1 MB; its rest was left out"),
        (5, "the line is longer than 1 MB; its rest was left out"),
    ]


def test_a_line_of_json_too_long_costs_its_own_row(tmp_path: Path) -> None:
    long = b'{"order_id": "' + b"y" * (encoding.LONGEST * 3) + b'"}'
    result = put(tmp_path, {"orders.jsonl": long + b'\n{"order_id": "A2"}\n'})
    assert result.column("orders", "_line") == [2]
    assert [(bad.line, bad.reason) for bad in result.bad()] == [(1, "the line is longer than 1 MB; its rest was left out")]


def test_an_array_too_long_or_broken_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ImportRefused, match="is broken near line 3"):
        put(tmp_path, {"orders.json": '[\n{"order_id": "A1"},\n{"order_id": ]'})
    monkeypatch.setattr(jsonlines, "WHOLE", 100)
    with pytest.raises(ImportRefused, match="write one object a line"):
        put(tmp_path, {"orders.json": json.dumps([{"order_id": f"A{n}"} for n in range(20)], indent=1)})


def test_a_file_of_misshapen_rows_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csvrows, "MOST_WRONG", 10)
    with pytest.raises(ImportRefused, match="is no table of 2 columns"):
        put(tmp_path, {"orders.csv": "order_id,region\n" + "only one cell\n" * 20})


def test_links_in_circles_and_folders_named_like_files(tmp_path: Path) -> None:
    folder = write(tmp_path, {"orders.csv": "order_id\nA1\n"})
    (folder / "again").symlink_to(folder)
    (folder / "shops.csv").mkdir()
    assert [source.path.name for source in read.find([folder])] == ["orders.csv"]
    (folder / "cases.csv").symlink_to("cases.csv")
    with pytest.raises(ImportRefused, match=r"cases\.csv is a link that leads nowhere or round in a circle"):
        read.find([folder])
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(ImportRefused, match="neither a file nor a folder"):
        read.find([tmp_path / "pipe.csv"])


BIG = """
import resource, sys
from pathlib import Path
from tianping.facts.formats import csvrows, packed
packed.FREE = 1 << 30
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
rows = sum(len(batch.cells) + len(batch.bad) for batch in csvrows.batches(Path(sys.argv[1])))
print(rows, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10)
"""


def test_a_line_of_300_mb_costs_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b"order_id,region\nA1,x\nA2,")
        for _ in range(300):
            file.write(random.Random(1).randbytes(1000).hex().encode() * 500)
        file.write(b"\nA3,z\n")
    told = subprocess.run([sys.executable, "-c", BIG, path], capture_output=True, text=True, check=True)
    rows, megabytes = map(int, told.stdout.split())
    assert rows == 3
    assert megabytes < 150


def test_a_full_disk_stops_with_a_sentence(tmp_path: Path) -> None:
    """A limit on the size of files stands for a disk that is full: the import fails, and the store is as it was."""
    folder = write(tmp_path, {"orders.csv": "order_id,region\n" + "".join(f"A{n},{n * 7919}\n" for n in range(160_000))})
    command = [sys.executable, "-c", "from tianping.cli.main import main; main()", "--home", str(tmp_path / "home"), "import"]
    limit = (700_000, 700_000)
    told = subprocess.run(
        [*command, folder], capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit),
    )  # fmt: skip
    assert told.returncode == 1
    assert "Traceback" not in told.stderr
    assert "the store is as it was" in told.stderr
    assert not list((tmp_path / "home" / "lake").rglob("*.parquet"))
