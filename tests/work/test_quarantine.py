"""Bad rows out, mended, and in again: nothing is lost, and what came again is closed."""

import csv
import datetime as dt
import re
from pathlib import Path
from typing import Any

import pytest
import python_calamine as calamine

from facts.books import xlsx
from tianping.errors import ImportRefused, NotFound
from tianping.facts.versions import Tally
from tianping.work import holdings
from tianping.work.home import Home, facts, open_home
from tianping.work.intake import imports, quarantine

NOON = dt.datetime(2024, 5, 1, 4, 0)  # 12:00 in Shanghai
PATCH = "order_id,paid_at\no1,2024-04-01 10:00:00\no2,2024-04-01 11:00:00\n"
ORDERS = "order_id,shop_id,product_id,created_at\no1,s1,p1,2024-04-01\no2,s1,p1,2024-04-01\n"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return open_home(tmp_path / "home", create=True)


def bring(home: Home, name: str, text: str, **more: Any) -> imports.Report:
    path = home.path.parent / name
    path.write_text(text, encoding="utf-8")
    return imports.bring(home, imports.Request((path,), NOON, **more))


def open_rows(home: Home, *, closed: bool = False) -> list[tuple[int, str, int]]:
    with holdings.quarantine(home, closed=closed) as found:
        return [(row[0], Path(row[1]).name, row[2]) for row in found.fetchall()]


def paid(home: Home) -> list[tuple[Any, ...]]:
    con, _ = facts(home)
    with con:
        return con.execute("SELECT order_id, paid_at FROM facts.orders ORDER BY 1").fetchall()


def mend(path: Path, **cells: str) -> None:
    """Put these cells into every row of an exported file."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = [row | cells for row in csv.DictReader(file)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_kept_rows_come_again_once_their_orders_are_known(home: Home) -> None:
    """A patch of unknown orders is refused; when the orders have come, the kept rows are imported, and are open no more."""
    assert bring(home, "orders-paid.csv", PATCH).counts == {"orders": Tally(2, quarantined=2)}
    bring(home, "orders.csv", ORDERS)
    [report] = quarantine.retry(home, NOON)
    assert report.counts == {"orders": Tally(2, changed=2)}
    assert paid(home) == [("o1", dt.datetime(2024, 4, 1, 2)), ("o2", dt.datetime(2024, 4, 1, 3))]
    assert open_rows(home) == []
    assert open_rows(home, closed=True) == [(1, "orders-paid.csv", 2), (1, "orders-paid.csv", 3)]
    with pytest.raises(NotFound, match="no row in quarantine"):
        quarantine.retry(home, NOON)


def test_still_bad_rows_are_open_under_their_own_place(home: Home) -> None:
    """Retried too early they are bad again: once, where they stood at first, under the number of the retry."""
    bring(home, "orders-paid.csv", PATCH)
    for seq in (2, 3):
        [report] = quarantine.retry(home, NOON)
        assert report.counts == {"orders": Tally(2, quarantined=2)}
        assert open_rows(home) == [(seq, "orders-paid.csv", 2), (seq, "orders-paid.csv", 3)]
    imports.undo(home, 3, at=NOON)
    assert open_rows(home) == [(2, "orders-paid.csv", 2), (2, "orders-paid.csv", 3)]


def test_mended_rows(home: Home, tmp_path: Path) -> None:
    """The exported file has the source's own columns, the reasons and what names the row; mended, it comes in."""
    bring(home, "orders.csv", ORDERS.replace("o2,s1,p1,2024-04-01", '"o2",s1,"p\n1",soon') + "o3,s1,p1,2024-04-02,too many\n")
    folder = tmp_path / "out"
    written = quarantine.export(home, folder)
    assert sorted(rows for _, rows in written) == [1, 1]
    sheet = next(path for path, _ in written if "created_at" in path.read_text("utf-8-sig"))
    text = sheet.read_text("utf-8-sig")
    assert text.splitlines()[0] == "_quarantine,_reason,order_id,shop_id,product_id,created_at"
    assert "soon" in text
    mend(sheet, created_at="2024-04-03 08:00:00")
    [report] = quarantine.retry(home, NOON, paths=[sheet])
    assert report.counts == {"orders": Tally(1, new=1)}
    assert [row[0] for row in paid(home)] == ["o1", "o2"]
    assert [line for _, _, line in open_rows(home)] == [5]
    with pytest.raises(ImportRefused, match="names no row that is open"):
        quarantine.retry(home, NOON, paths=[sheet])


def test_a_row_of_the_wrong_width_is_mended_by_hand(home: Home, tmp_path: Path) -> None:
    """It stands as it was in one column; given its columns, it comes in. As it is, it cannot."""
    bring(home, "orders.csv", ORDERS + "o3,s1,p1,2024-04-02,too many\n")
    with pytest.raises(NotFound, match="export"):
        quarantine.retry(home, NOON)
    [(sheet, rows)] = quarantine.export(home, tmp_path / "out")
    assert rows == 1
    mend(sheet, order_id="o3", shop_id="s1", product_id="p1", created_at="2024-04-02")
    [report] = quarantine.retry(home, NOON, paths=[sheet])
    assert report.counts == {"orders": Tally(1, new=1)}


def test_coverage_is_that_of_the_import_they_belong_to(home: Home) -> None:
    """A row that comes again widens the days of its import, as if it had been good at once."""
    bring(home, "orders.csv", ORDERS + "o3,,p1,2024-04-05\n")
    [(sheet, _)] = quarantine.export(home, home.path.parent / "out")
    mend(sheet, shop_id="s1")
    quarantine.retry(home, NOON, paths=[sheet])
    con, _ = facts(home)
    with con:
        days = con.execute("SELECT min(first_day), max(last_day), count(*) FROM facts.coverage").fetchall()
    assert days == [(dt.date(2024, 4, 1), dt.date(2024, 4, 5), 2)]


def test_a_foreign_file_is_refused(home: Home, tmp_path: Path) -> None:
    bring(home, "orders-paid.csv", PATCH)
    with pytest.raises(ImportRefused, match="has no column _quarantine"):
        quarantine.retry(home, NOON, paths=[tmp_path / "orders-paid.csv"])


def test_what_json_lines_leave_out_stays_out(home: Home) -> None:
    """A row of JSON lines that comes again clears nothing it never named."""
    bring(home, "orders.csv", ORDERS)
    bring(home, "orders-paid.csv", "order_id,paid_at\no1,2024-04-01 10:00:00\n")
    bring(
        home, "orders-more.jsonl", '{"order_id": "o1", "amount_fen": 5}\n{"order_id": "o1", "quantity": 2, "amount_fen": -1}\n'
    )
    for sheet, _ in quarantine.export(home, home.path.parent / "out"):
        mend(sheet, amount_fen="7")
        quarantine.retry(home, NOON, paths=[sheet])
    assert paid(home)[0] == ("o1", dt.datetime(2024, 4, 1, 2))
    assert open_rows(home) == []


def test_rows_named_by_their_line_keep_it(home: Home, tmp_path: Path) -> None:
    """A mapping may make keys of lines: a row that comes again stands on its own line."""
    mapping = tmp_path / "lines.yaml"
    mapping.write_text(LINES, encoding="utf-8")
    text = "when,what\n2024-04-01,p1\nsoon,p1\n2024-04-02,p1\nlater,p1\n"
    bring(home, "sold.csv", text, mapping=str(mapping), shop="s1")
    for sheet, _ in quarantine.export(home, tmp_path / "out"):
        mend(sheet, when="2024-04-03")
        quarantine.retry(home, NOON, paths=[sheet])
    assert [row[0] for row in paid(home)] == ["L-2", "L-3", "L-4", "L-5"]
    assert open_rows(home) == []


def test_joined_rows_stay_and_others_come(home: Home, tmp_path: Path) -> None:
    """What is joined with a file that is not kept cannot come by itself: it is said so, and stops nobody else."""
    rules = tmp_path / "joined.yaml"
    rules.write_text(JOINED, encoding="utf-8")
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "sold.csv").write_text("sale,when\no1,soon\n", encoding="utf-8")
    (folder / "goods.csv").write_text("sale,what\no1,p1\n", encoding="utf-8")
    imports.bring(home, imports.Request((folder,), NOON, mapping=str(rules), shop="s1"))
    with pytest.raises(ImportRefused, match=r"sold\.csv: these rows are joined with other files, which are not kept; mend"):
        quarantine.retry(home, NOON)
    bring(home, "orders-paid.csv", PATCH)
    bring(home, "orders.csv", ORDERS)
    reports = quarantine.retry(home, NOON)
    assert [report.counts for report in reports] == [{}, {"orders": Tally(2, changed=2)}]
    assert reports[0].stay == ((str(folder / "sold.csv"), 1, quarantine.STAY),)
    assert open_rows(home) == [(1, "sold.csv", 2)]


LONG = "6917712345678901234"
CREATED = "2024-04-01 08:05:09"
BAD = f"order_id,shop_id,product_id,created_at,quantity\n{LONG},s1,007,{CREATED},x\n"


def cells_of(path: Path) -> list[list[Any]]:
    """The first sheet, as a spreadsheet has it."""
    return calamine.CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()


def test_a_workbook_keeps_ids_and_times(home: Home, tmp_path: Path) -> None:
    """Every cell of it is text: opened, mended and saved, the row comes in as it was."""
    bring(home, "orders.csv", BAD)
    [(sheet, _)] = quarantine.export(home, tmp_path / "out", form="xlsx")
    head, row = cells_of(sheet)
    assert row[2:] == [LONG, "s1", "007", CREATED, "x"]
    row[head.index("quantity")] = 2.0
    sheet.write_bytes(xlsx({"quarantine": [head, row]}))
    quarantine.retry(home, NOON, paths=[sheet])
    con, _ = facts(home)
    with con:
        found = con.execute("SELECT order_id, product_id, created_at, quantity FROM facts.orders").fetchall()
    assert found == [(LONG, "007", dt.datetime(2024, 4, 1, 0, 5, 9), 2)]
    assert open_rows(home) == []


def test_one_file_is_named_for_one_sheet(home: Home, tmp_path: Path) -> None:
    bring(home, "orders.csv", BAD)
    assert quarantine.export(home, tmp_path / "bad.xlsx") == [(tmp_path / "bad.xlsx", 1)]
    bring(home, "orders-paid.csv", PATCH)
    with pytest.raises(ImportRefused, match="the rows are of 2 files or headings; name a folder, or choose with --import"):
        quarantine.export(home, tmp_path / "bad.csv")


@pytest.mark.parametrize(
    ("column", "saved"),
    [
        ("order_id", "6.91771E+18"),
        ("order_id", "6917712345678900000"),
        ("product_id", "7"),
        ("order_id", "6.91771234567890E+18"),
    ],
)
def test_an_id_that_a_spreadsheet_destroyed_closes_no_good_record(home: Home, tmp_path: Path, column: str, saved: str) -> None:
    """The row in quarantine has the id whole; it stays open, and the file is refused."""
    bring(home, "orders.csv", BAD)
    [(sheet, _)] = quarantine.export(home, tmp_path / "out")
    mend(sheet, quantity="2", **{column: saved})
    with pytest.raises(ImportRefused, match=rf'line 2, {column}: a spreadsheet has made "{re.escape(saved)}".*--format xlsx'):
        quarantine.retry(home, NOON, paths=[sheet])
    assert open_rows(home) == [(1, "orders.csv", 2)]


def test_a_time_that_a_spreadsheet_shortened_is_as_it_was(home: Home, tmp_path: Path) -> None:
    """Excel saves what it shows, without seconds; another time is what somebody typed."""
    bring(home, "orders.csv", BAD + f"o2,s1,p1,{CREATED},x\n")
    [(sheet, _)] = quarantine.export(home, tmp_path / "out")
    text = sheet.read_text("utf-8-sig").replace(CREATED, "2024/4/1 8:05", 1).replace(CREATED, "2024/4/1 8:06")
    sheet.write_text(text, "gb18030")
    mend(sheet, quantity="2")
    quarantine.retry(home, NOON, paths=[sheet])
    con, _ = facts(home)
    with con:
        found = con.execute("SELECT created_at FROM facts.orders ORDER BY order_id").fetchall()
    assert found == [(dt.datetime(2024, 4, 1, 0, 5, 9),), (dt.datetime(2024, 4, 1, 0, 6),)]


def test_a_sheet_may_have_any_name(home: Home, tmp_path: Path) -> None:
    """Rows that are still bad stand where they stood at first, and can come again from there; a row made two is two."""
    bring(home, "orders.csv", BAD)
    quarantine.export(home, tmp_path / "mine.csv")
    mend(tmp_path / "mine.csv", quantity="many")
    quarantine.retry(home, NOON, paths=[tmp_path / "mine.csv"])
    assert open_rows(home) == [(2, "orders.csv", 2)]
    [report] = quarantine.retry(home, NOON)
    assert report.counts == {"orders": Tally(1, quarantined=1)}
    [(sheet, _)] = quarantine.export(home, tmp_path / "out")
    head, row = sheet.read_text("utf-8-sig").splitlines()
    sheet.write_text("\n".join([head, row, row.replace(LONG, "o2")]) + "\n", "utf-8")
    quarantine.retry(home, NOON, paths=[sheet])
    assert open_rows(home) == [(4, "orders.csv", 2), (4, sheet.name, 3)]


def test_rows_without_headings_stop_no_other_sheet(home: Home, tmp_path: Path) -> None:
    """A sheet of them that nobody gave columns cannot come; it says what to do, and the other one comes."""
    bring(home, "orders.csv", ORDERS + "o3,s1,p1,2024-04-02,too many\no4,s1,p1,soon\n")
    written = quarantine.export(home, tmp_path / "out")
    [unfit] = [path for path, _ in written if path.read_text("utf-8-sig").splitlines()[0].endswith(",_row")]
    [other] = [path for path, _ in written if path != unfit]
    mend(other, created_at="2024-04-03")
    reports = quarantine.retry(home, NOON, paths=[unfit, other])
    assert [report.stay for report in reports] == [(), ((str(unfit), 1, quarantine.UNFIT),)]
    assert [line for _, _, line in open_rows(home)] == [4]
    with pytest.raises(ImportRefused, match=r"its cells fit no heading; put the file's columns beside _row"):
        quarantine.retry(home, NOON, paths=[unfit])


JOINED = """
name: joined
label: {zh: 联, en: joined}
source: made up
files:
  sold: {names: ["sold.csv"]}
  goods: {names: ["goods.csv"]}
tables:
  - table: orders
    from: sold
    join: [{file: goods, on: {sale: sale}}]
    columns: {order_id: sale, shop_id: _shop, product_id: goods.what, created_at: when}
"""
LINES = """
name: lines
label: {zh: 行, en: lines}
source: made up
files:
  sold: {names: ["sold.csv"]}
tables:
  - table: orders
    from: sold
    columns:
      order_id: {text: "L-{_line}"}
      shop_id: _shop
      product_id: what
      created_at: when
"""
