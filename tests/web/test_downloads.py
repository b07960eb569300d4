"""Files to keep: no cell runs as a formula, all digits stay, names travel, and what does not fit is said."""

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from io import BytesIO

import anyio
import pytest
from python_calamine import CalamineWorkbook
from starlette.responses import StreamingResponse

from tianping.web import downloads
from tianping.web.downloads import cell, csv_chunks, csv_response, guarded, write_xlsx, xlsx_response

RUNS = (
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "  =1+1",
    "＝1+1",
    "＋1",
    "－2x",
    "＠x",
    "-",
    "=",
    "+86 139",
    "--1",
)
STAYS = ("", "1-1", "a=b", "-12", "+3.50", "-0", "2024-05-01", "S=1", "商品", "'=1")


@pytest.mark.parametrize("text", RUNS)
def test_what_would_run_is_text(text: str) -> None:
    assert guarded(text) == "'" + text
    assert cell([text]) == "'" + text


@pytest.mark.parametrize("text", STAYS)
def test_other_text_stays(text: str) -> None:
    assert guarded(text) == text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""), (True, "true"), (False, "false"), (7, "7"), (-7, "-7"), (Decimal("-0.50"), "-0.50"),
        (dt.date(2024, 5, 1), "2024-05-01"), (dt.datetime(2024, 5, 1, 9, 0, 1), "2024-05-01 09:00:01"), (["a", "b"], "a; b"),
    ],
)  # fmt: skip
def test_cells(value: object, shown: str) -> None:
    assert cell(value) == shown


def test_a_column_s_name_is_guarded_too() -> None:
    assert b"".join(csv_chunks(["=cmd"], [])) == "\ufeff'=cmd\r\n".encode()


def test_csv_in_pieces() -> None:
    """Quotes, commas and lines inside a cell come back as they went in; a piece is sent while rows are still read."""
    asked: list[int] = []

    def rows() -> Iterable[Sequence[object]]:
        for number in range(20_000):
            asked.append(number)
            yield f'"{number}", and\nmore', number

    chunks = csv_chunks(["text", "n"], rows())
    assert next(chunks).startswith("\ufefftext,n\r\n".encode())
    assert len(asked) < 20_000
    assert b"".join(chunks).endswith(b'"""19999"", and\nmore",19999\r\n')


def test_an_error_comes_before_the_file() -> None:
    def rows() -> Iterable[Sequence[object]]:
        raise ValueError("no rows")
        yield ()

    with pytest.raises(ValueError, match="no rows"):
        csv_response("x", ["a"], rows())


def read(told: StreamingResponse) -> bytes:
    """The whole body."""

    async def body() -> bytes:
        return b"".join([bytes(piece) if not isinstance(piece, str) else piece.encode() async for piece in told.body_iterator])

    return anyio.run(body)


def test_names_that_are_not_ascii() -> None:
    """Old browsers get letters they know, others the name itself; nothing breaks the header."""
    said = csv_response('品退率 "x"\r\nX: 1', ["a"], []).headers["content-disposition"]
    assert said.startswith("attachment; filename=\"x_X_1.csv\"; filename*=UTF-8''%E5%93%81%E9%80%80%E7%8E%87%20%22x%22%0D%0A")
    assert "\r" not in said
    assert csv_response("品退率", ["a"], []).headers["content-disposition"].startswith('attachment; filename="tianping.csv"')


def test_xlsx() -> None:
    """Numbers are numbers while all their digits stay; ids and what would run are text."""
    row = ["C1", 41, Decimal("3.5"), True, dt.date(2024, 5, 1), dt.datetime(2024, 5, 1, 9, 0, 1), None, 10**15, "=1+1", "007"]
    told = xlsx_response("x", [f"c{n}" for n in range(len(row))], [row])
    raw = read(told)
    assert told.headers["content-length"] == str(len(raw))
    head, first = CalamineWorkbook.from_filelike(BytesIO(raw)).get_sheet_by_index(0).to_python()
    assert head[0] == "c0"
    assert first == [
        "C1", 41, 3.5, True, dt.date(2024, 5, 1), dt.datetime(2024, 5, 1, 9, 0, 1), "", "1000000000000000", "'=1+1", "007",
    ]  # fmt: skip


def test_what_a_sheet_cannot_hold_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "MOST_ROWS", 3)
    for count, last in ((3, 2.0), (4, None)):
        made = BytesIO()
        write_xlsx(made, ["n"], ([n] for n in range(count)))
        made.seek(0)
        rows = CalamineWorkbook.from_filelike(made).get_sheet_by_index(0).to_python()
        if last is None:
            assert str(rows[-1][0]).startswith("… 只容得下 3 行")
            assert len(rows) == 5
        else:
            assert rows[-1] == [last]
