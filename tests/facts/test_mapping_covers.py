"""What an import of exports covers, and what it tells: the days and tables a file is of, not what it happens to bring along."""

import datetime as dt
from pathlib import Path

import pytest

from tianping.work import home as homes
from tianping.work.intake import imports

from .test_mapping_samples import SAMPLES

AT = dt.datetime(2024, 4, 1)


def covered(folder: Path, *names: str) -> tuple[imports.Report, list[tuple[str, str, str]]]:
    """The report of importing these samples, and what is covered: table, first day, last day."""
    home = homes.open_home(folder / "home", create=True)
    paths = tuple(SAMPLES / f"{name}.csv" for name in names)
    report = imports.bring(home, imports.Request(paths, AT, shop="S1"))
    con, _ = homes.facts(home)
    rows = con.execute('SELECT "table", first_day, last_day FROM facts.coverage ORDER BY ALL').fetchall()
    return report, [(table, str(first), str(last)) for table, first, last in rows]


def test_orders_cover_the_days_they_were_made(tmp_path: Path) -> None:
    """Parcels of these orders were sent until 4 March; that says nothing about orders of those days."""
    _, found = covered(tmp_path, "kuaishou_orders")
    assert [row for row in found if row[0] in ("orders", "parcels")] == [
        ("orders", "2024-03-01", "2024-03-02"), ("parcels", "2024-03-01", "2024-03-02"),
    ]  # fmt: skip


def test_an_after_sales_export_covers_cases_alone(tmp_path: Path) -> None:
    """It brings orders with their buyers, and a shop's other orders are not in it."""
    report, found = covered(tmp_path, "kuaishou_aftersales")
    assert found == [("cases", "2024-03-01", "2024-03-06")]
    assert report.counts["orders"].new == 3
    assert report.told == (("售后原因", "月饼不够圆", 1),)


def test_an_order_export_makes_cases_and_orders_whole(tmp_path: Path) -> None:
    """Both in one import: buyers come to the orders, nothing waits, and a second import changes nothing."""
    report, _ = covered(tmp_path, "kuaishou_orders", "kuaishou_aftersales")
    assert sum(tally.waiting + tally.quarantined for tally in report.counts.values()) == 0
    con, _ = homes.facts(homes.open_home(tmp_path / "home"))
    found = con.execute("SELECT order_id, buyer_id, amount_fen FROM facts.orders ORDER BY order_id").fetchall()
    assert [(buyer, amount) for _, buyer, amount in found] == [("B1", 129990), ("B2", 5900), (None, 2500), ("B3", 8800)]
    again, _ = covered(tmp_path, "kuaishou_orders", "kuaishou_aftersales")
    assert again.seq is None


@pytest.mark.parametrize("order", [("kuaishou_orders", "kuaishou_parcels"), ("kuaishou_parcels", "kuaishou_orders")])
def test_a_parcel_file_completes_the_parcels_of_the_orders(tmp_path: Path, order: tuple[str, str]) -> None:
    """In either order of coming: the derived keys are the same."""
    for name in order:
        covered(tmp_path, name)
    con, _ = homes.facts(homes.open_home(tmp_path / "home"))
    found = con.execute(
        "SELECT shipped_at, signed_at FROM facts.parcels WHERE parcel_id = '2406100000000001-SF0001'"
    ).fetchall()
    assert found == [(dt.datetime(2024, 3, 2, 1), dt.datetime(2024, 3, 4, 4))]
