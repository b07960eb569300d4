"""Coverage does not depend on the order in which files come."""

import datetime as dt
from itertools import permutations
from pathlib import Path

import pytest

from tianping.errors import ImportRefused
from tianping.facts import mapping
from tianping.periods import Period
from tianping.work.holdings import incomplete
from tianping.work.home import Home, facts, open_home
from tianping.work.intake.imports import undo

from .homes import NOON, bring, table

FILES = {
    "shops": table("shop_id,platform", ("S1", "kuaishou")),
    "orders": table("order_id,shop_id,product_id,created_at", ("o1", "S1", "p", "2024-03-01")),
    "cases": table("case_id,order_id,kind,reason,requested_at", ("c1", "o1", "refund_only", "quality", "2024-03-02")),
    "parcels": table("parcel_id,order_id,shipped_at", ("k1", "o1", "2024-03-03"), ("k2", "unknown", "2024-03-09")),
}


@pytest.mark.parametrize("order", list(permutations(FILES)))
def test_rows_that_waited_cover_their_shop(tmp_path: Path, order: tuple[str, ...]) -> None:
    """Cases and parcels imported before their order cover the shop as if they had come after it, days and columns."""
    home = open_home(tmp_path / "home", create=True)
    for hour, name in enumerate(order):
        bring(home, {name: FILES[name]}, hour=hour)
    con, _ = facts(home)
    found = con.execute(
        'select "table", min(first_day)::varchar, max(last_day)::varchar, list_sort(list_distinct(flatten(list("columns")))) '
        "from facts.coverage where shop_id = 'S1' and \"table\" in ('cases', 'parcels') group by all order by all"
    ).fetchall()
    assert found == [
        ("cases", "2024-03-02", "2024-03-02", ["case_id", "kind", "order_id", "reason", "requested_at"]),
        ("parcels", "2024-03-03", "2024-03-09", ["order_id", "parcel_id", "shipped_at"]),
    ]


def test_what_an_undo_leaves_in_part_is_told(tmp_path: Path) -> None:
    """A patch whose full row was undone is not lost in silence: it is counted, and counts again when the row comes back."""
    home = open_home(tmp_path / "home", create=True)
    bring(home, {"shops": FILES["shops"]})
    full = bring(home, {"orders": FILES["orders"]}, hour=1)
    bring(home, {"orders": table("order_id,promised_ship_at", ("o1", "2024-03-05"))}, hour=2)
    assert incomplete(home) == {}
    undo(home, full.seq or 0, at=NOON + dt.timedelta(hours=3))
    assert incomplete(home) == {"orders": 1}
    bring(home, {"orders": FILES["orders"]}, hour=4)
    assert incomplete(home) == {}
    con, _ = facts(home)
    assert con.execute("select promised_ship_at is not null from facts.orders").fetchall() == [(True,)]


HEADING = "case_id,order_id,kind,reason,requested_at\n"
SAID = Period(dt.date(2024, 3, 1), dt.date(2024, 3, 31))


def covered(home: Home) -> list[tuple[str, str, str]]:
    con, _ = facts(home)
    return con.execute("select shop_id, \"table\", first_day || '..' || last_day from facts.coverage order by all").fetchall()


def test_a_heading_alone_covers_the_days_said(tmp_path: Path) -> None:
    """No case in March is something known, where somebody says of which shop and days; else the file is of no days."""
    home = open_home(tmp_path / "home", create=True)
    bring(home, {"cases": HEADING}, shop="S1", covers=SAID)
    assert covered(home) == [("S1", "cases", "2024-03-01..2024-03-31")]
    with pytest.raises(ImportRefused, match="of which shop the days of --covers are; name the shop with --shop"):
        bring(home, {"cases": HEADING + "\n"}, covers=SAID)
    assert len(home.versions()) == 1


def test_the_name_of_a_file_says_of_which_shop_its_days_are(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home", create=True)
    heading = mapping.path_of("douyin_aftersales").parent.joinpath("samples", "douyin_aftersales.csv").read_text("utf-8-sig")
    bring(home, {"S2@cases": heading.splitlines()[0] + "\n"}, covers=SAID)
    assert ("S2", "cases", "2024-03-01..2024-03-31") in covered(home)


def order(number: int, shop: str, day: str) -> str:
    return table("order_id,shop_id,product_id,created_at", (f"o{number}", shop, "p", day))


def case(number: int, day: str) -> str:
    return table("case_id,order_id,kind,reason,requested_at", (f"c{number}", f"o{number}", "refund_only", "other", day))


REVIEW = table("review_id,order_id,reviewed_at", ("r2", "o2", "2024-03-04"))


def test_files_of_one_shop_each_cover_their_own(tmp_path: Path) -> None:
    """An agency's folder: a shop whose refund file is missing has no refunds known, and each shop its own days."""
    home = open_home(tmp_path / "home", create=True)
    files = {
        "shops": table("shop_id,platform", *((shop, "kuaishou") for shop in ("S1", "S2", "S3"))),
        "orders-S1": order(1, "S1", "2024-03-01"),
        "orders-S2": order(2, "S2", "2024-01-01"),
        "orders-S3": order(3, "S3", "2024-03-01"),
        "cases-S1": case(1, "2024-03-05"),
        "cases-S3": case(3, "2024-03-03"),
    }
    report = bring(home, files)
    assert report.lacking == (("cases", ("S2",), 1),)
    assert [row for row in covered(home) if row[1] != "shops"] == [
        ("S1", "cases", "2024-03-01..2024-03-05"),
        ("S1", "orders", "2024-03-01..2024-03-05"),
        ("S2", "orders", "2024-01-01..2024-01-01"),
        ("S3", "cases", "2024-03-01..2024-03-03"),
        ("S3", "orders", "2024-03-01..2024-03-03"),
    ]


def test_one_file_of_all_shops_covers_them_all(tmp_path: Path) -> None:
    """An operator's files: a shop without refunds is not a shop without data."""
    home = open_home(tmp_path / "home", create=True)
    shops = [(1, "S1", "2024-03-01"), (2, "S2", "2024-03-02"), (3, "S3", "2024-03-02")]
    orders = order(1, "S1", "2024-03-01") + "".join(order(*one).splitlines()[1] + "\n" for one in shops[1:])
    cases = case(1, "2024-03-05") + case(2, "2024-03-03").splitlines()[1] + "\n"
    report = bring(home, {"orders": orders, "cases": cases, "reviews": REVIEW})
    whole = "2024-03-01..2024-03-05"
    expected = [(shop, name, whole) for shop in ("S1", "S2", "S3") for name in ("cases", "orders")]
    assert covered(home) == sorted([*expected, ("S2", "reviews", whole)])
    assert report.lacking == (("reviews", ("S1", "S3"), 2),)


def test_days_that_are_said_are_of_all_shops_and_tables(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home", create=True)
    bring(
        home,
        {"orders-1": order(1, "S1", "2024-03-01"), "orders-2": order(2, "S2", "2024-03-01"), "reviews": REVIEW},
        covers=SAID,
    )
    assert len(covered(home)) == 4
    assert {days for *_, days in covered(home)} == {"2024-03-01..2024-03-31"}


def test_an_orders_file_without_a_good_row(tmp_path: Path) -> None:
    """What hangs on orders is filed all the same, and waits."""
    home = open_home(tmp_path / "home", create=True)
    for hour, orders in enumerate((FILES["orders"].splitlines()[0] + "\n", order(1, "S1", "soon"))):
        counts = bring(home, {"orders": orders, "cases": case(1, f"2024-03-0{hour + 1}")}, hour=hour).counts
        assert counts["cases"].waiting == 1


def test_coverage_is_undone_with_either_import(tmp_path: Path) -> None:
    """Of rows that waited, with the import that brought them, and with that of their order; as if it had never been."""
    home = open_home(tmp_path / "home", create=True)
    waits = bring(home, {"cases": case(1, "2024-03-05")}).seq or 0
    orders = bring(home, {"orders": order(1, "S1", "2024-03-01")}, hour=1).seq or 0
    both = [("S1", "cases", "2024-03-05..2024-03-05"), ("S1", "orders", "2024-03-01..2024-03-01")]
    assert covered(home) == both
    undo(home, orders, at=NOON + dt.timedelta(hours=2))
    assert covered(home) == []
    again = bring(home, {"orders": order(1, "S1", "2024-03-01")}, hour=3).seq or 0
    assert covered(home) == both
    bring(home, {"orders": order(1, "S1", "2024-03-01") + "\n"}, hour=4)
    assert covered(home).count(both[0]) == 1
    undo(home, waits, at=NOON + dt.timedelta(hours=5))
    assert covered(home) == [both[1], both[1]]
    con, _ = facts(home, known_at=again)
    assert con.execute("select count(*) from facts.coverage where \"table\" = 'cases'").fetchall() == [(1,)]
