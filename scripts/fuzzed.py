"""Made-up files of every format, changed as tables and damaged as bytes; the same seed gives the same file."""

import gzip
import io
import json
import random
import zipfile
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple, cast

import msoffcrypto.format.ooxml  # type: ignore[import-untyped]
import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter  # type: ignore[import-untyped]

NASTY = (
    "", " ", "-", "0", "-1", "1.5", "1e9", "6.9177E+18", "6917700000000000001", "99999999999999999999", "1,234.50", "-¥3.20",
    "12%", "1.500", "1.005", "¥", "O1", "S1", "P1", "true", "是", "无", "√", "2024-03-01", "2024/3/1 8:05",
    "2024-03-01T08:05:00+08:00", "2024年3月1日 8:05", "2024-02-30", "9999-12-31 23:59:59", "0001-01-01",
    "45352.3368", "1709251500",
    "1709251500000", "25:00",
    "infinity", "NaN", "null", "None", '="69177"', "'69177", "\t69177", '"', '""', "'", "a\nb", "a\r\nb", "\r", "a,b;c\td",
    "\\", "\0",
    "\u0085", "\u2028", "\ufeff", "\u200b", "\u3000", "\ufdd0ff", "\ufffd", "😀", "龘龘", "é", "x" * 5000, "1" * 400,
    "1." + "0" * 400,
    "flash", "refund_only", "damaged", "Asia/Urumqi", "America/Lima", "Mars/Base", "order_id", "shop_id", "orders", "{}", "[1]",
    "SELECT 1; --", "$1", "%s", "{0}",
)  # fmt: skip
"""Cells and headings that might break something."""

SECRET = "abc123"
_PIECES = (
    b'"',
    b"\0",
    b"\r",
    b"\r\n",
    b"\n\n",
    b",",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"{",
    b"]",
    b"\\",
    b"\x1f\x8b",
    b"x" * 3000,
)
Row = list[str]


class Table(NamedTuple):
    """A table as text."""

    name: str
    columns: Row
    rows: list[Row]

    @property
    def full(self) -> int:
        """Rows that hold anything."""
        return sum(any(row) for row in self.rows)


class Format(NamedTuple):
    """How a file of this `ending` is written; `rows` it then holds, where that can be said. `zipped`: it is a zip of parts."""

    ending: str
    write: Callable[[Table], bytes]
    rows: Callable[[Table], int | None] = lambda table: table.full
    zipped: bool = False


class File(NamedTuple):
    """A mutated file. `rows` is how many it holds, where that is known."""

    name: str
    content: bytes
    rows: int | None


def columns(names: str) -> Row:
    return names.split()


@cache
def market() -> tuple[Table, ...]:
    """A few rows of the tables that matter."""
    days = [f"2024-03-{day:02d} 0{day % 10}:15:00" for day in range(1, 13)]
    orders = [
        [
            f"O{n}",
            f"S{n % 3}",
            f"P{n % 4}",
            f"B{n}",
            str(n % 3),
            f"{n}.50",
            "flash",
            days[n],
            "" if n % 4 else days[n],
            "否",
            "浙江",
        ]
        for n in range(12)
    ]
    shops = [[f"S{n}", "kuaishou", f"店铺{n}", "Asia/Shanghai" if n else "Asia/Urumqi", "100.00"] for n in range(3)]
    parcels = [[f"K{n}", f"O{n}", "out", f"YT{n}", days[n], days[n], ""] for n in range(10)]
    cases = [[f"C{n}", f"O{n}", "refund_only", "damaged", "破损", days[n], "refunded", f"{n}", "3"] for n in range(8)]
    reviews = [[f"R{n}", f"O{n}", days[n], "5", "很好\n“不错”", "true"] for n in range(8)]
    messages = [[f"M{n}", "S1", f"B{n}", days[n], "buyer", '他说 "你好", 再见'] for n in range(8)]
    return (
        Table(
            "orders",
            columns("order_id shop_id product_id buyer_id quantity amount_yuan channel created_at paid_at cod region"),
            orders,
        ),
        Table("shops", columns("shop_id platform name timezone deposit_yuan"), shops),
        Table("parcels", columns("parcel_id order_id direction waybill shipped_at collected_at signed_at"), parcels),
        Table("cases", columns("case_id order_id kind reason reason_words requested_at outcome refund_fen rating"), cases),
        Table("reviews", columns("review_id order_id reviewed_at quality text valid"), reviews),
        Table("messages", columns("message_id shop_id buyer_id sent_at sender text"), messages),
    )


def _text(table: Table, separator: str = ",", ends: str = "\n") -> str:
    return "".join(separator.join(_quoted(cell, separator) for cell in row) + ends for row in (table.columns, *table.rows))


def _quoted(cell: str, separator: str) -> str:
    """Quoted where it must be (csv.writer leaves a bare carriage return as it is)."""
    doubled = cell.replace('"', '""')
    return f'"{doubled}"' if any(letter in cell for letter in f'{separator}"\r\n') else cell


def _objects(table: Table) -> list[dict[str, str]]:
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def _lines(table: Table) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in _objects(table)).encode()


def _array(table: Table) -> bytes:
    return json.dumps(_objects(table), ensure_ascii=False, indent=1).encode()


def _parquet(table: Table) -> bytes:
    made = io.BytesIO()
    columns = [pa.array(list(column), pa.string()) for column in zip(*table.rows, strict=True)]
    pq.write_table(pa.Table.from_arrays(columns, names=table.columns), made)
    return made.getvalue()


def _typed(table: Table) -> bytes:
    """With numbers where all cells are."""
    made = io.BytesIO()
    columns = [pa.array(cast(Any, _numbers(column))) for column in zip(*table.rows, strict=True)]
    pq.write_table(pa.Table.from_arrays(columns, names=table.columns), made, row_group_size=5)
    return made.getvalue()


def _numbers(column: Sequence[str]) -> Sequence[object]:
    try:
        return [float(cell) for cell in column]
    except ValueError:
        return column


def _xlsx(table: Table) -> bytes:
    """Numbers as numbers, half of the time."""
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True, "nan_inf_to_errors": True}) as book:
        sheet = book.add_worksheet()
        for at, row in enumerate([table.columns, *table.rows]):
            for column, cell in enumerate(row):
                number = (
                    at
                    and at % 2
                    and cell.replace(".", "", 1).isascii()
                    and cell.replace(".", "", 1).isdigit()
                    and len(cell) < 300
                )
                if number:
                    sheet.write_number(at, column, float(cell))
                elif cell:
                    sheet.write_string(at, column, cell)
    return made.getvalue()


def _locked(table: Table) -> bytes:
    made = io.BytesIO()
    msoffcrypto.format.ooxml.OOXMLFile(io.BytesIO(_xlsx(table))).encrypt(SECRET, made)
    return made.getvalue()


def _uncertain(table: Table) -> int | None:
    return None


FORMATS = (
    *[Format(".csv", lambda table: _text(table).encode())] * 6,
    Format(".csv", lambda table: _text(table, ends="\r\n").encode("utf-8-sig")),
    *[Format(".csv", lambda table: _text(table).encode("gb18030"))] * 2,
    Format(".csv", lambda table: _text(table).encode("utf-16")),
    Format(".csv", lambda table: _text(table, ";").encode()),
    Format(".tsv", lambda table: _text(table, "\t").encode("gb18030")),
    Format(".csv.gz", lambda table: gzip.compress(_text(table).encode(), 1, mtime=0)),
    Format(".csv.zst", lambda table: bytes(pa.compress(_text(table).encode(), codec="zstd", asbytes=True))),
    *[Format(".jsonl", _lines, lambda table: len(table.rows))] * 2,
    Format(".jsonl.gz", lambda table: gzip.compress(_lines(table), 1, mtime=0), lambda table: len(table.rows)),
    Format(".json", _array, lambda table: len(table.rows)),
    *[Format(".parquet", _parquet, lambda table: len(table.rows))] * 2,
    Format(".parquet", _typed, lambda table: len(table.rows)),
    *[Format(".xlsx", _xlsx, _uncertain, zipped=True)] * 4,
)
RARE = Format(f"-{SECRET}.xlsx", _locked, _uncertain)
"""A workbook with a password costs a fifth of a second to open."""


def _replace(table: Table, chance: random.Random) -> Table:
    """Some cells become nasty."""
    rows = [list(row) for row in table.rows]
    for _ in range(chance.randint(1, 6)):
        row = chance.choice(rows)
        row[chance.randrange(len(row))] = chance.choice(NASTY)
    return table._replace(rows=rows)


def _swap(table: Table, chance: random.Random) -> Table:
    """Two columns change places, their headings with them or not."""
    first, second = chance.randrange(len(table.columns)), chance.randrange(len(table.columns))
    columns = _swapped(table.columns, first, second) if chance.random() < 0.7 else table.columns
    return table._replace(columns=columns, rows=[_swapped(row, first, second) for row in table.rows])


def _swapped(row: Row, first: int, second: int) -> Row:
    made = list(row)
    made[first], made[second] = row[second], row[first]
    return made


def _drop(table: Table, chance: random.Random) -> Table:
    """A column is lost."""
    at = chance.randrange(len(table.columns))
    if len(table.columns) == 1:
        return table
    columns, *rows = [[*row[:at], *row[at + 1 :]] for row in (table.columns, *table.rows)]
    return table._replace(columns=columns, rows=rows)


def _rename(table: Table, chance: random.Random) -> Table:
    """A heading becomes nasty."""
    columns = list(table.columns)
    columns[chance.randrange(len(columns))] = chance.choice(NASTY)
    return table._replace(columns=columns)


def _repeat(table: Table, chance: random.Random) -> Table:
    """Rows stand there again, some of them changed."""
    again = [list(chance.choice(table.rows)) for _ in range(chance.randint(1, 5))]
    return table._replace(rows=[*table.rows, *again, *_replace(table._replace(rows=again), chance).rows])


CHANGES = (_replace, _replace, _replace, _replace, _swap, _drop, _rename, _repeat)


def _flip(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 5, 30))):
        changed[chance.randrange(len(changed))] = chance.choice((chance.randrange(256), 0, 0x22, 0x0A, 0x0D, 0x2C, 0xFF))
    return bytes(changed)


def _cut(data: bytes, chance: random.Random) -> bytes:
    """Without a piece, or without its end."""
    start = chance.randrange(len(data))
    end = len(data) if chance.random() < 0.4 else start + chance.randrange(1, 40)
    return data[:start] + data[end:]


def _insert(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    piece = chance.choice((chance.randbytes(chance.randint(1, 20)), data[at : at + 50], *_PIECES))
    return data[:at] + piece + data[at:]


def _shuffle(data: bytes, chance: random.Random) -> bytes:
    """A line cut away, another put in, or a piece of it."""
    lines = data.split(b"\n")
    lines.insert(chance.randrange(len(lines)), chance.choice(lines)[: chance.choice((3, 10, 1000))])
    del lines[chance.randrange(len(lines))]
    return b"\n".join(lines)


DAMAGE = (_flip, _flip, _cut, _insert, _shuffle)


def _inside(content: bytes, damage: Callable[[bytes, random.Random], bytes], chance: random.Random) -> bytes:
    """One part of a zipped file damaged, and the whole zipped again."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new:
        names = old.namelist()
        hit = chance.choice(
            [name for name in names if "sheet" in name.lower() or "Strings" in name] if chance.random() < 0.8 else names
        )
        for name in names:
            data = old.read(name)
            new.writestr(name, damage(data, chance) if name == hit and data else data)
    return made.getvalue()


def file(seed: int) -> File:
    """The file of a seed: changed as a table, damaged as bytes, both, or neither."""
    chance = random.Random(seed)
    form = RARE if chance.random() < 0.005 else chance.choice(FORMATS)
    table = chance.choice(market())
    for _ in range(chance.choice((0, 1, 1, 2))):
        table = chance.choice(CHANGES)(table, chance)
    content, rows = form.write(table), form.rows(table)
    if chance.random() < 0.45:
        damage = chance.choice(DAMAGE)
        content = _inside(content, damage, chance) if form.zipped and chance.random() < 0.7 else damage(content, chance)
        rows = None
    return File(f"{table.name}-{seed}{form.ending}", content, rows)
