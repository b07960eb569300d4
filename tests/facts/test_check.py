"""Every rule of typing: what a cell becomes, and what is said of one that will not do."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from .stagehand import Bad, known, put

GOOD: list[tuple[str, str, str, Any]] = [
    # table, column, cell as written in the file, value
    ("orders", "buyer_id", "B1", "B1"),
    ("orders", "buyer_id", "  B1\t", "B1"),
    ("orders", "buyer_id", "", None),
    ("orders", "buyer_id", "   ", None),
    ("orders", "buyer_id", "\u3000B1\u00a0", "B1"),
    ("orders", "buyer_id", '"=""6917700000000000001"""', "6917700000000000001"),
    ("orders", "buyer_id", "'6917700000000000001", "6917700000000000001"),
    ("orders", "buyer_id", "\t6917700000000000001", "6917700000000000001"),
    ("orders", "buyer_id", "\t'6917700000000000001", "6917700000000000001"),
    ("orders", "buyer_id", "691e10", "691e10"),
    ("orders", "buyer_id", "1.2.3", "1.2.3"),
    ("orders", "buyer_id", "买家", "买家"),
    ("orders", "region", " 浙江 杭州 ", "浙江 杭州"),
    ("orders", "region", '="x"', '="x"'),
    ("orders", "region", "6.9E+18", "6.9E+18"),
    ("orders", "quantity", "3", 3),
    ("orders", "quantity", "+3", 3),
    ("orders", "quantity", "3.0", 3),
    ("orders", "quantity", "0", 0),
    ("orders", "amount_fen", "9223372036854775807", 9223372036854775807),
    ("orders", "amount_fen", '"1,234"', 1234),
    ("orders", "amount_yuan", "1.500", 150),
    ("orders", "amount_yuan", "12.", 1200),
    ("orders", "amount_yuan", "¥ +3.00 元", 300),
    ("orders", "amount_yuan", "12", 1200),
    ("orders", "amount_yuan", "12.3", 1230),
    ("orders", "amount_yuan", "0.07", 7),
    ("orders", "amount_yuan", "¥12.34", 1234),
    ("orders", "amount_yuan", "￥ 12.34", 1234),
    ("orders", "amount_yuan", "12.34元", 1234),
    ("orders", "amount_yuan", '"1,234,567.80"', 123456780),
    ("orders", "presale", "true", True),
    ("orders", "presale", "TRUE", True),
    ("orders", "presale", "1", True),
    ("orders", "presale", "Yes", True),
    ("orders", "presale", "t", True),
    ("orders", "presale", "是", True),
    ("orders", "presale", "false", False),
    ("orders", "presale", "0", False),
    ("orders", "presale", "no", False),
    ("orders", "presale", "F", False),
    ("orders", "presale", "否", False),
    ("orders", "presale", "有", True),
    ("orders", "presale", "真", True),
    ("orders", "presale", "√", True),
    ("orders", "presale", "无", False),
    ("orders", "presale", "假", False),
    ("orders", "presale", "", None),
    ("orders", "paid_at", "2024-03-01T08:30:05", dt.datetime(2024, 3, 1, 0, 30, 5)),
    ("orders", "paid_at", "2024-03-01 08:30:05", dt.datetime(2024, 3, 1, 0, 30, 5)),
    ("orders", "paid_at", "2024-03-01 08:30", dt.datetime(2024, 3, 1, 0, 30)),
    ("orders", "paid_at", "2024-03-01", dt.datetime(2024, 2, 29, 16, 0)),
    ("orders", "paid_at", "2024-03-01T08:30:05Z", dt.datetime(2024, 3, 1, 8, 30, 5)),
    ("orders", "paid_at", "2024-03-01T08:30Z", dt.datetime(2024, 3, 1, 8, 30)),
    ("orders", "paid_at", "2024-03-01T08:30:05+02:00", dt.datetime(2024, 3, 1, 6, 30, 5)),
    ("orders", "paid_at", "2024-03-01T08:30+02", dt.datetime(2024, 3, 1, 6, 30)),
    ("orders", "paid_at", "2024-03-01 08:30:05 -0330", dt.datetime(2024, 3, 1, 12, 0, 5)),
    ("orders", "paid_at", "2024-03-01 08:30:05.999999", dt.datetime(2024, 3, 1, 0, 30, 5)),
    ("orders", "paid_at", "2024-03-01T08:30:05.999Z", dt.datetime(2024, 3, 1, 8, 30, 5)),
    ("orders", "updated_at", "2024-03-01T08:30:05.123456Z", dt.datetime(2024, 3, 1, 8, 30, 5, 123456)),
    ("orders", "updated_at", "2024-03-01 08:30:05.5", dt.datetime(2024, 3, 1, 0, 30, 5, 500000)),
    ("orders", "paid_at", "2000-01-01 00:00:00", dt.datetime(1999, 12, 31, 16, 0)),
    ("orders", "paid_at", "2100-12-31 23:59:59", dt.datetime(2100, 12, 31, 15, 59, 59)),
    ("orders", "paid_at", "2024/3/1 8:05", dt.datetime(2024, 3, 1, 0, 5)),
    ("orders", "paid_at", "2024/03/01 08:05:09", dt.datetime(2024, 3, 1, 0, 5, 9)),
    ("orders", "paid_at", "2024-3-1", dt.datetime(2024, 2, 29, 16)),
    ("orders", "paid_at", "2024.3.1 8:05", dt.datetime(2024, 3, 1, 0, 5)),
    ("orders", "paid_at", "2024年3月1日 8:05", dt.datetime(2024, 3, 1, 0, 5)),
    ("orders", "paid_at", "2024年3月1日8:05:30", dt.datetime(2024, 3, 1, 0, 5, 30)),
    ("orders", "paid_at", "2024年03月01日 08时05分", dt.datetime(2024, 3, 1, 0, 5)),
    ("orders", "paid_at", "2024年3月1日8时5分9秒", dt.datetime(2024, 3, 1, 0, 5, 9)),
    ("orders", "paid_at", "2024年3月1日", dt.datetime(2024, 2, 29, 16)),
    ("orders", "paid_at", "45352.336805555555", dt.datetime(2024, 3, 1, 0, 5)),
    ("orders", "paid_at", "45352", dt.datetime(2024, 2, 29, 16)),
    ("orders", "paid_at", "1709253005", dt.datetime(2024, 3, 1, 0, 30, 5)),
    ("orders", "paid_at", "1709253005.9", dt.datetime(2024, 3, 1, 0, 30, 5)),
    ("orders", "paid_at", "1709253005999", dt.datetime(2024, 3, 1, 0, 30, 5)),
    ("orders", "updated_at", "1709253005999", dt.datetime(2024, 3, 1, 0, 30, 5, 999000)),
    ("exemptions", "from", "2024/3/1", dt.date(2024, 3, 1)),
    ("exemptions", "from", "2024-03-01 00:00:00", dt.date(2024, 3, 1)),
    ("exemptions", "from", "45352", dt.date(2024, 3, 1)),
    ("orders", "paid_at", "", None),
    ("orders", "channel", "flash", "flash"),
    ("cases", "rating", "5", 5),
    ("shops", "timezone", "Asia/Urumqi", "Asia/Urumqi"),
]

DESTROYED = "a spreadsheet has destroyed this id; export the column as text and import the file again"
NO_TIME = "not a time; write 2024-03-01 08:30:00"
FAR = "the year is outside 2000 to 2100"
NO_FEN = "not a whole number of fen; name the column …_yuan if it is yuan"
NO_BOOL = "neither yes nor no; allowed: true, false, 1, 0, yes, no, t, f, 是, 否, 有, 无, 真, 假, √"
CHANNELS = "not one of the values allowed: self_built, flash, auction, distribution, other"

BAD: list[tuple[str, str, str, str]] = [
    # table, column, cell, reason
    ("orders", "buyer_id", "6.9177E+18", DESTROYED),
    ("orders", "buyer_id", "6.9177e18", DESTROYED),
    ("orders", "buyer_id", "7E+18", DESTROYED),
    ("orders", "buyer_id", "123.0", DESTROYED),
    ("orders", "shop_id", "1.5", DESTROYED),
    ("orders", "shop_id", "", "required and empty"),
    ("orders", "created_at", "  ", "required and empty"),
    ("orders", "quantity", "1.5", "not a whole number"),
    ("orders", "quantity", "1e3", "not a whole number"),
    ("orders", "quantity", "two", "not a whole number"),
    ("orders", "quantity", "99999999999999999999", "not a whole number"),
    ("orders", "quantity", "-1", "negative"),
    ("orders", "amount_fen", "12.34", NO_FEN),
    ("orders", "amount_fen", "¥12", NO_FEN),
    ("orders", "amount_fen", "-5", "negative"),
    ("orders", "amount_yuan", "12.345", "more than 2 decimals: no whole number of fen"),
    ("orders", "amount_yuan", "1.005", "more than 2 decimals: no whole number of fen"),
    ("orders", "amount_yuan", "-1.00", "negative"),
    ("orders", "amount_yuan", "¥-1.00", "negative"),
    ("orders", "amount_yuan", "12,34", "not a sum of yuan"),
    ("orders", "amount_yuan", "free", "not a sum of yuan"),
    ("orders", "amount_yuan", "99999999999999999999", "not a sum of yuan"),
    ("orders", "amount_yuan", "1¥2", "not a sum of yuan"),
    ("orders", "amount_yuan", "-￥ 1,234.50元", "negative"),
    ("orders", "amount_yuan", "12.5%", "a percentage is no sum of money"),
    ("orders", "amount_yuan", "1.5001", "more than 2 decimals: no whole number of fen"),
    ("orders", "amount_yuan", "1.2.3", "not a sum of yuan"),
    ("orders", "amount_fen", "1,23", NO_FEN),
    ("orders", "paid_at", "2024/3-1", NO_TIME),
    ("orders", "paid_at", "2024/13/1", NO_TIME),
    ("orders", "paid_at", "2024/2/30 8:05", NO_TIME),
    ("orders", "paid_at", "2024年3月", NO_TIME),
    ("orders", "paid_at", "2024-03-01 8:61", NO_TIME),
    ("orders", "paid_at", "3/1/2024", NO_TIME),
    ("orders", "paid_at", "36525", NO_TIME),
    ("orders", "paid_at", "73416", NO_TIME),
    ("orders", "paid_at", "946684799", NO_TIME),
    ("orders", "paid_at", "99999999999999", NO_TIME),
    ("orders", "paid_at", "9999/12/31", FAR),
    ("orders", "presale", "maybe", NO_BOOL),
    ("orders", "presale", "2", NO_BOOL),
    ("orders", "paid_at", "20240301", NO_TIME),
    ("orders", "paid_at", "2024-02-30", NO_TIME),
    ("orders", "paid_at", "2024-03-01 25:00:00", NO_TIME),
    ("orders", "paid_at", "infinity", NO_TIME),
    ("orders", "paid_at", "yesterday", NO_TIME),
    ("orders", "paid_at", "1999-12-31 23:59:59", FAR),
    ("orders", "paid_at", "2101-01-01", FAR),
    ("orders", "paid_at", "0001-01-01 00:00:00", FAR),
    ("orders", "paid_at", "9999-12-31", FAR),
    ("orders", "channel", "Flash", CHANNELS),
    ("orders", "channel", "live", CHANNELS),
    ("cases", "rating", "0", "not between 1 and 5"),
    ("cases", "rating", "6", "not between 1 and 5"),
    ("cases", "rating", "good", "not a whole number"),
    ("shops", "timezone", "Asia/Peking", "the zone database knows no such zone; names are like Asia/Shanghai"),
    ("exemptions", "from", "2024-03-01 08:00", "not a day; write 2024-03-01"),
    ("exemptions", "from", "45352.5", "not a day; write 2024-03-01"),
    ("exemptions", "from", "1999-03-01", FAR),
]
KEYS = {"orders": "order_id", "cases": "case_id", "shops": "shop_id", "exemptions": "exemption_id"}


def stored(column: str) -> str:
    return column.replace("_yuan", "_fen")


@pytest.mark.parametrize(("table", "column", "cell", "value"), GOOD)
def test_a_cell_becomes_a_value(tmp_path: Path, table: str, column: str, cell: str, value: Any) -> None:
    result = put(tmp_path, {f"{table}.csv": f"{KEYS[table]},{column}\nK1,{cell}\n"})
    assert result.column(table, stored(column)) == [value]
    assert not result.bad()


@pytest.mark.parametrize(("table", "column", "cell", "reason"), BAD)
def test_a_cell_that_will_not_do_is_told(tmp_path: Path, table: str, column: str, cell: str, reason: str) -> None:
    shown = f'"{cell}"' if "," in cell else cell
    result = put(tmp_path, {f"{table}.csv": f"{KEYS[table]},{column}\nK1,{shown}\n"})
    assert result.bad() == [Bad(2, table, "K1", column, cell.strip(), reason)]
    assert result.rows(table) == []
    assert result.counts() == [(f"{table}.csv", table, 1, 0, 1)]


def test_a_row_with_several_faults_has_a_record_each_and_counts_once(tmp_path: Path) -> None:
    result = put(tmp_path, {"orders.csv": "order_id,quantity,cod,region\nO1,x,y,z\nO2,1,1,z\n"})
    assert [(bad.line, bad.column, bad.value) for bad in result.bad()] == [(2, "cod", "y"), (2, "quantity", "x")]
    assert result.counts() == [("orders.csv", "orders", 2, 1, 1)]
    [row, _] = result.column("quarantine", "row")
    assert row == '{"order_id":"O1","quantity":"x","cod":"y","region":"z"}'


def test_clears_are_the_optional_columns_given_and_empty(tmp_path: Path) -> None:
    """Bits in the schema's order: buyer_id is column 3, quantity 5, paid_at 10; region is not in the file."""
    result = put(tmp_path, {"orders.csv": "order_id,quantity,buyer_id,paid_at\nO1,,B1,\nO2,1,,2024-03-01\n"})
    assert result.column("orders", "_clears") == [1 << 5 | 1 << 10, 1 << 3]
    assert result.column("orders", "_given") == [1 << 0 | 1 << 3 | 1 << 5 | 1 << 10] * 2


def test_an_exemption_cannot_end_before_it_begins(tmp_path: Path) -> None:
    result = put(tmp_path, {"exemptions.csv": "exemption_id,from,to\nE1,2024-03-02,2024-03-01\nE2,2024-03-01,2024-03-01\n"})
    assert result.bad() == [Bad(2, "exemptions", "E1", "to", "2024-03-01", "the exemption ends before it begins")]


def test_a_benchmark_needs_counts_or_a_value(tmp_path: Path) -> None:
    key = "platform,metric,by,subject,date,days"
    rows = "k,m,platform,k,2024-03-01,30,1,2,\nk,m,platform,k,2024-03-02,30,,,0.5\nk,m,platform,k,2024-03-03,30,1,,\n"
    result = put(tmp_path, {"benchmarks.csv": f"{key},numerator,denominator,value\n{rows}"})
    assert [(bad.line, bad.column) for bad in result.bad()] == [(4, "value")]
    assert result.column("benchmarks", "variant") == ["", ""]


BENCHMARKS = [
    # by, days, numerator, denominator, value; the column told, or "" where the row will do
    ("platform,30,1,200,", ""),
    ("shop_category_l2,30,,,0.003", ""),
    ("platform,30,,,3E-05", ""),
    ("platform,30,,,-2", ""),
    ("platform,30,,,0.3%", "value"),
    ("platform,30,,,abc", "value"),
    ("platform,30,,,1/3", "value"),
    ("platform,30,,,", "value"),
    ("platform,30,5,0,", "denominator"),
    ("platform,30,5,-1,", "denominator"),
    ("planet,30,1,200,", "by"),
    ("platform,0,1,200,", "days"),
]


@pytest.mark.parametrize(("row", "column"), BENCHMARKS)
def test_a_benchmark_is_a_number_over_something(tmp_path: Path, row: str, column: str) -> None:
    by, rest = row.split(",", 1)
    text = f"platform,metric,by,subject,date,days,numerator,denominator,value\nk,m,{by},k,2024-03-01,{rest}\n"
    result = put(tmp_path, {"benchmarks.csv": text})
    assert [(bad.line, bad.column) for bad in result.bad()] == ([(2, column)] if column else [])


def test_a_share_is_no_percentage(tmp_path: Path) -> None:
    head = "platform,metric,by,subject,date,days,value"
    [bad] = put(tmp_path, {"benchmarks.csv": f"{head}\nk,m,platform,k,2024-03-01,30,0.3%\n"}).bad()
    assert (bad.value, bad.reason) == ("0.3%", "no decimal number; a share is written as one: 0.003 for 0.3%")


ZONES = "2024-07-01 12:00"


@pytest.mark.parametrize(
    ("files", "column", "hours"),
    [
        # The hour UTC of noon at: the shop known before, of this import, of the order known before, of this import, unknown
        ({"orders.csv": f"order_id,shop_id,paid_at\nO1,berlin,{ZONES}"}, "paid_at", [10]),
        (
            {"shops.csv": "shop_id,timezone\nnew,America/Lima", "orders.csv": f"order_id,shop_id,paid_at\nO1,new,{ZONES}"},
            "paid_at",
            [17],
        ),
        ({"parcels.csv": f"parcel_id,order_id,shipped_at\nP1,OB,{ZONES}"}, "shipped_at", [10]),
        (
            {"orders.csv": "order_id,shop_id\nO2,berlin", "parcels.csv": f"parcel_id,order_id,shipped_at\nP1,O2,{ZONES}"},
            "shipped_at",
            [10],
        ),
        ({"parcels.csv": f"parcel_id,order_id,shipped_at\nP1,nowhere,{ZONES}\nP2,OB,{ZONES}"}, "shipped_at", [4, 10]),
        ({"orders.csv": f"order_id,paid_at\nOB,{ZONES}\nOX,{ZONES}"}, "paid_at", [10, 4]),
        ({"shops.csv": f"shop_id,timezone,opened_at\nnew,America/Lima,{ZONES}\nberlin,,{ZONES}"}, "opened_at", [17, 10]),
        ({"shops.csv": f"shop_id,opened_at\nberlin,{ZONES}\nplain,{ZONES}"}, "opened_at", [10, 4]),
    ],
)
def test_wall_time_is_of_the_shops_zone(tmp_path: Path, files: dict[str, str | bytes], column: str, hours: list[int]) -> None:
    con = known([("berlin", "Europe/Berlin"), ("plain", None)], [("OB", "berlin")])
    result = put(tmp_path, files, con)
    table = next(name.removesuffix(".csv") for name, content in files.items() if column in str(content))
    assert [at.hour for at in result.column(table, column)] == hours


@pytest.mark.parametrize(
    ("wall", "instant"),
    [
        ("2024-03-31 01:59:59", "2024-03-31 00:59:59"),
        ("2024-03-31 02:30:00", "2024-03-31 01:30:00"),  # skipped: moves forward
        ("2024-03-31 03:00:00", "2024-03-31 01:00:00"),
        ("2024-10-27 02:30:00", "2024-10-27 00:30:00"),  # comes twice: the first
        ("2024-10-27 03:00:00", "2024-10-27 02:00:00"),
        ("2060-07-01 12:00:00", "2060-07-01 10:00:00"),
        ("2024-10-27T02:30:00+01:00", "2024-10-27 01:30:00"),
    ],
)
def test_clock_changes(tmp_path: Path, wall: str, instant: str) -> None:
    result = put(tmp_path, {"orders.csv": f"order_id,shop_id,paid_at\nO1,S,{wall}"}, known([("S", "Europe/Berlin")]))
    assert result.column("orders", "paid_at") == [dt.datetime.fromisoformat(instant)]


def test_the_shop_of_the_command_line(tmp_path: Path) -> None:
    """It stands in where a row must have a shop and says none; its zone is that of rows whose order is unknown."""
    files: dict[str, str | bytes] = {
        "orders.csv": "order_id,paid_at\nO1,2024-07-01 12:00",
        "messages.csv": "message_id,shop_id\nM1,\nM2,other",
        "exemptions.csv": "exemption_id\nE1",
        "parcels.csv": "parcel_id,order_id,shipped_at\nP1,unknown,2024-07-01 12:00",
    }
    result = put(tmp_path, files, known([("S1", "Europe/Berlin")]), shop="S1")
    assert result.column("orders", "shop_id") == ["S1"]
    assert result.column("messages", "shop_id") == ["S1", "other"]
    assert result.column("exemptions", "shop_id") == [None]
    assert result.column("orders", "paid_at") == result.column("parcels", "shipped_at") == [dt.datetime(2024, 7, 1, 10)]
