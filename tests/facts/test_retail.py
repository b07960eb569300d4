"""UCI Online Retail: all 305 files through the shipped mapping, with the totals that were counted independently."""

import datetime as dt
import shutil
import subprocess
from typing import Any

import pytest

from proofs import HOUSE
from tianping.work import home as homes
from tianping.work.intake import imports

PACKED = HOUSE.parent / "shared" / "data" / "online_retail" / "by-day.tar.zst"


@pytest.fixture(scope="module")
def retail(tmp_path_factory: pytest.TempPathFactory) -> tuple[imports.Report, Any]:
    """The report of the import, and a connection to the home's facts."""
    if not PACKED.exists() or not shutil.which("zstd"):
        pytest.skip(f"{PACKED} is not there, or zstd to unpack it: the totals of Online Retail were NOT checked")
    folder = tmp_path_factory.mktemp("retail")
    subprocess.run(["tar", "--use-compress-program=zstd", "-xf", str(PACKED), "-C", str(folder)], check=True)
    home = homes.open_home(folder / "home", create=True)
    report = imports.bring(home, imports.Request((folder / "by-day",), dt.datetime(2024, 1, 1)))
    return report, homes.facts(home)[0]


def one(con: Any, sql: str) -> tuple[Any, ...]:
    return tuple(con.execute(sql).fetchone())


def test_every_line_of_all_305_files_is_there(retail: tuple[imports.Report, Any]) -> None:
    """541,909 lines are as many orders, of 25,900 invoices; nothing waits, nothing is in quarantine."""
    report, con = retail
    assert report.counts["orders"].read == report.counts["orders"].new == 541_909
    assert sum(tally.quarantined + tally.waiting for tally in report.counts.values()) == 0
    assert one(con, "SELECT count(*), count(DISTINCT parent_id) FROM facts.orders") == (541_909, 25_900)


def test_the_totals_come_out_of_the_store(retail: tuple[imports.Report, Any]) -> None:
    """Σ quantity 5,176,450; Σ quantity×price 9,747,747.93: what was sold less what was taken back."""
    _, con = retail
    sold = one(con, "SELECT sum(quantity), sum(amount_fen) FROM facts.orders")
    back = one(con, "SELECT sum(quantity), sum(refund_fen) FROM facts.cases")
    assert (sold[0] - back[0], sold[1] - back[1]) == (5_176_450, 974_774_793)


def test_cancelled_lines(retail: tuple[imports.Report, Any]) -> None:
    """9,288 cancellation lines of −896,812.49, each a case on an order of nothing that nobody paid."""
    _, con = retail
    cancelled = "FROM facts.cases JOIN facts.orders USING (order_id) WHERE case_id LIKE 'C%'"
    assert one(con, f"SELECT count(*), -sum(refund_fen), max(amount_fen), count(paid_at) {cancelled}") == (
        9_288,
        -89_681_249,
        0,
        0,
    )


def test_a_product_is_called_as_it_was_last(retail: tuple[imports.Report, Any]) -> None:
    _, con = retail
    assert one(con, "SELECT count(*), count(DISTINCT shop_id) FROM facts.products") == (4_070, 1)
