"""Bad rows out, mended, and in again: nothing is lost, and what came again is closed."""

import csv
import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from tianping.errors import ImportRefused, NotFound
from tianping.facts.versions import Tally
from tianping.work import holdings, imports, quarantine
from tianping.work.home import Home, facts, open_home

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
