"""Whole imports into a home: files in, counts out, undone, known at a time, refused; and what a home then holds."""

import datetime as dt
import fcntl
from pathlib import Path
from typing import Any

import pytest

from tianping.errors import ImportRefused, NotFound
from tianping.facts.versions import Tally
from tianping.periods import Period
from tianping.work import holdings
from tianping.work.home import Home, facts, open_home
from tianping.work.intake import imports

NOON = dt.datetime(2024, 5, 1, 4, 0)  # 12:00 in Shanghai
ORDERS = """order_id,shop_id,product_id,created_at,paid_at,amount_yuan
o1,s1,p1,2024-03-31 23:30:00,2024-03-31 23:31:00,12.50
o2,s1,p2,2024-04-01 00:30:00,,3
"""
PARCELS = """parcel_id,order_id,shipped_at
k1,o1,2024-04-02 10:00:00
k2,o9,2024-04-03 10:00:00
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return open_home(tmp_path / "home", create=True)


def bring(home: Home, files: dict[str, str], *, hour: int = 0, **more: Any) -> imports.Report:
    """Write the files into one folder and import it, `hour` hours after NOON."""
    folder = home.path.parent / f"in-{len(list(home.path.parent.iterdir()))}"
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return imports.bring(home, imports.Request((folder,), NOON + dt.timedelta(hours=hour), **more))


def rows(home: Home, select: str, known_at: int | dt.datetime | None = None) -> list[tuple[Any, ...]]:
    con, _ = facts(home, known_at=known_at)
    with con:
        return con.execute(select).fetchall()


def orders(home: Home, known_at: int | dt.datetime | None = None) -> list[tuple[Any, ...]]:
    return rows(home, "SELECT order_id, amount_fen, paid_at FROM facts.orders ORDER BY order_id", known_at)


def test_import_counts_and_reads_back(home: Home) -> None:
    """Per table: read, new, changed, unchanged, waiting, quarantined; instants in UTC, money in fen."""
    report = bring(home, {"orders.csv": ORDERS, "parcels.csv": PARCELS})
    assert (report.seq, report.counts) == (1, {"orders": Tally(2, 2), "parcels": Tally(2, 1, waiting=1)})
    assert orders(home) == [("o1", 1250, dt.datetime(2024, 3, 31, 15, 31)), ("o2", 300, None)]


def test_same_files_again_change_nothing(home: Home) -> None:
    """Known by their digest, whatever they are called: no new version, all rows unchanged."""
    bring(home, {"orders.csv": ORDERS, "parcels.csv": PARCELS})
    report = bring(home, {"orders-again.csv": ORDERS, "parcels.csv": PARCELS})
    assert (report.seq, report.counts) == (None, {"orders": Tally(2, unchanged=2), "parcels": Tally(2, unchanged=2)})
    assert [seq for _, seq in report.known] == [1, 1]
    assert len(home.versions()) == 1


def test_one_new_file_among_known_ones(home: Home) -> None:
    bring(home, {"orders.csv": ORDERS})
    report = bring(home, {"orders.csv": ORDERS, "parcels.csv": PARCELS})
    assert (report.seq, report.counts) == (2, {"orders": Tally(2, unchanged=2), "parcels": Tally(2, 1, waiting=1)})


def test_undo_and_known_at(home: Home) -> None:
    """The undo is a version; what was known before it, by number or by time, stays."""
    bring(home, {"orders.csv": ORDERS})
    bring(home, {"orders.csv": "order_id,paid_at\no2,2024-04-02 08:00:00\n"}, hour=1)
    before = orders(home)
    imports.undo(home, 2, at=NOON + dt.timedelta(hours=2))
    assert orders(home) == orders(home, 1) == orders(home, NOON) != before
    assert orders(home, 2) == orders(home, NOON + dt.timedelta(hours=1)) == before
    assert orders(home, NOON - dt.timedelta(seconds=1)) == []


def test_undone_file_comes_again(home: Home) -> None:
    """After an undo the same file is imported, not skipped."""
    bring(home, {"orders.csv": ORDERS})
    first = orders(home)
    imports.undo(home, 1, at=NOON)
    assert bring(home, {"orders.csv": ORDERS}).counts == {"orders": Tally(2, 2)}
    assert orders(home) == first


def test_undo_refusals(home: Home) -> None:
    bring(home, {"orders.csv": ORDERS})
    imports.undo(home, 1, at=NOON)
    with pytest.raises(ImportRefused, match="already undone, by 2"):
        imports.undo(home, 1, at=NOON)
    with pytest.raises(ImportRefused, match="itself the undo of import 1"):
        imports.undo(home, 2, at=NOON)
    with pytest.raises(NotFound, match="no import 7"):
        imports.undo(home, 7, at=NOON)


def test_past_knowledge_does_not_change(home: Home) -> None:
    """--as-of before the last import is refused; a clock that went back is not."""
    bring(home, {"orders.csv": ORDERS})
    with pytest.raises(ImportRefused, match="may not change"):
        bring(home, {"parcels.csv": PARCELS}, hour=-1, said_at=True)
    bring(home, {"parcels.csv": PARCELS}, hour=-1)
    assert [version.at for version in home.versions()] == [NOON, NOON]


def test_bad_rows(home: Home) -> None:
    """Staging's and the lake's bad rows lie in one quarantine with file, line and reason, until the import is undone."""
    lines = ["o3,s1,p1,yesterday", "o4,s1,p1,2024-04-01", "o4,s2,p1,2024-04-01", "o5,,p1,2024-04-01"]
    text = "\n".join(["order_id,shop_id,product_id,created_at", *lines, ""])
    assert bring(home, {"orders.csv": text}).counts == {"orders": Tally(4, quarantined=4)}
    with holdings.quarantine(home) as found:
        columns = [column[0] for column in found.description or ()]
        listed = [dict(zip(columns, row, strict=True)) for row in found.fetchall()]
    assert [(row["seq"], row["line"], row["column"]) for row in listed] == [
        (1, 2, "created_at"),
        (1, 3, "order_id"),
        (1, 4, "order_id"),
        (1, 5, "shop_id"),
    ]
    imports.undo(home, 1, at=NOON)
    with holdings.quarantine(home) as found:
        assert found.fetchall() == []


def test_another_database_is_refused(home: Home) -> None:
    """By an empty or old database all files of the lake would look like strays; nothing is swept."""
    bring(home, {"orders.csv": ORDERS})
    held = orders(home)
    other = open_home(home.path, url=f"sqlite:///{home.path / 'other.db'}")
    with pytest.raises(ImportRefused, match="holds imports up to 1, its database knows them up to 0"):
        bring(other, {"parcels.csv": PARCELS})
    assert orders(home) == held


def test_one_importer_at_a_time(home: Home) -> None:
    with (home.path / "import.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ImportRefused, match="is running; try again"):
            bring(home, {"orders.csv": ORDERS})
    assert bring(home, {"orders.csv": ORDERS}).seq == 1


def test_coverage(home: Home) -> None:
    """Every shop named, directly or by its order, in every table of the import, for the days of the rows; and the columns."""
    bring(home, {"orders.csv": ORDERS, "parcels.csv": PARCELS})
    day = dt.date
    assert rows(home, "SELECT * FROM facts.coverage ORDER BY ALL") == [
        (
            "s1",
            "orders",
            day(2024, 3, 31),
            day(2024, 4, 3),
            ["amount_fen", "created_at", "order_id", "paid_at", "product_id", "shop_id"],
        ),
        ("s1", "parcels", day(2024, 3, 31), day(2024, 4, 3), ["order_id", "parcel_id", "shipped_at"]),
    ]


def test_coverage_said(home: Home) -> None:
    """--covers and --shop say more than the rows; and the same file for another period is no longer the same."""
    bring(
        home,
        {"parcels.csv": "parcel_id,order_id,shipped_at\n"},
        shop="s7",
        covers=Period(dt.date(2024, 1, 1), dt.date(2024, 1, 31)),
    )
    assert rows(home, 'SELECT shop_id, "table", first_day, last_day FROM facts.coverage') == [
        ("s7", "parcels", dt.date(2024, 1, 1), dt.date(2024, 1, 31))
    ]
    assert home.versions()[0].covers == ("2024-01-01", "2024-01-31")


def test_held(home: Home) -> None:
    """Days, days missing between them, rows, and rows that wait, under no shop."""
    bring(home, {"orders.csv": ORDERS, "parcels.csv": PARCELS})
    bring(home, {"orders.csv": "order_id,shop_id,product_id,created_at\no3,s1,p1,2024-04-06\n"})
    day = dt.date
    with holdings.held(home) as found:
        assert found.fetchall() == [
            ("", "parcels", None, None, None, 1, 1),
            ("s1", "orders", day(2024, 3, 31), day(2024, 4, 6), 2, 3, 0),
            ("s1", "parcels", day(2024, 3, 31), day(2024, 4, 3), 0, 1, 0),
        ]


def test_no_home(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no tianping home"):
        open_home(tmp_path / "nowhere")


def test_scratch_and_strays_are_swept(home: Home) -> None:
    """What an interrupted import left goes at the next one; nothing of a finished one stays but its files."""
    stray = home.lake / "orders" / "2024-03" / "1-0-base.parquet"
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"half")
    bring(home, {"parcels.csv": PARCELS})
    assert not stray.exists()
    assert not home.scratch.exists()
    assert {path.relative_to(home.lake).as_posix() for path in home.lake.rglob("*.parquet")} == {
        file.path for version in home.versions() for file in version.files
    }


def test_a_small_import_knows_former_orders(home: Home) -> None:
    """A row moves to another order of its shop, however few rows come beside how many are known."""
    orders = "".join(f"n{n},s{n % 2 + 1},p1,2024-04-01\n" for n in range(40))
    parcels = "".join(f"k{n},n{n},2024-04-02\n" for n in range(40))
    bring(
        home,
        {
            "orders.csv": "order_id,shop_id,product_id,created_at\n" + orders,
            "parcels.csv": "parcel_id,order_id,shipped_at\n" + parcels,
        },
    )
    report = bring(home, {"parcels.csv": "parcel_id,order_id\nk20,n22\nk21,n22\n"})
    assert report.counts["parcels"] == Tally(2, changed=1, quarantined=1)
    assert rows(home, "SELECT order_id FROM facts.parcels WHERE parcel_id IN ('k20', 'k21') ORDER BY ALL") == [
        ("n21",),
        ("n22",),
    ]


def test_an_undo_says_what_was_left_to_it(home: Home) -> None:
    """A file that a later import named too was left to the first; a row that clashed with the first may be good without it."""
    bring(home, {"orders-1.csv": ORDERS})
    bring(home, {"orders-1.csv": ORDERS, "orders-2.csv": ORDERS.replace("o1", "o3").replace("o2", "o4")}, hour=1)
    bring(home, {"orders-3.csv": ORDERS.replace(",s1,", ",s2,")}, hour=2)
    assert holdings.clashing(home, 1) == 2
    imports.undo(home, 1, at=NOON + dt.timedelta(hours=3))
    [(file, later)] = imports.shared(home.versions(), 1)
    assert (Path(file).name, later) == ("orders-1.csv", 2)
    assert bring(home, {"orders-1.csv": ORDERS}, hour=4).seq == 5
    assert [order for order, *_ in orders(home)] == ["o1", "o2", "o3", "o4"]


def test_a_files_name_and_the_command_line_name_one_shop(home: Home) -> None:
    """Neither beats the other in silence; a canonical file may be named so too."""
    named = {"S1@orders.csv": ORDERS.replace("shop_id,", "").replace(",s1,", ",")}
    with pytest.raises(ImportRefused, match='is of shop "S1" by its name, and --shop says "S2"; name the file otherwise'):
        bring(home, named, shop="S2")
    bring(home, named, shop="S1")
    assert rows(home, "SELECT DISTINCT shop_id FROM facts.orders") == [("S1",)]
