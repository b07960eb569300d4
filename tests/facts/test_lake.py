"""The lake: what an import files where, how its rows are counted, which rows it refuses."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from tianping.errors import NotFound
from tianping.facts import engine, lake
from tianping.facts.schema import TABLES, TYPES
from tianping.facts.versions import FACTS

from .hand import Row, Shop, tally

AT = dt.datetime(2024, 3, 31, 16, 0)  # 1 April, 00:00 in Shanghai


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def order(order_id: str = "o1", **more: Any) -> Row:
    return {"order_id": order_id, "shop_id": "s1", "product_id": "p1", "created_at": AT} | more


def parcel(parcel_id: str = "k1", order_id: str = "o1", **more: Any) -> Row:
    return {"parcel_id": parcel_id, "order_id": order_id, "shipped_at": AT} | more


def test_new_rows(shop: Shop) -> None:
    """Rows never seen are new and read back as they came."""
    filed = shop.bring({"orders": [[order(), order("o2", amount_fen=5)]]})
    assert tally(filed["orders"]) == (2, 2, 0, 0, 0, 0)
    assert shop.state("orders") == [order(), order("o2", amount_fen=5)]


def test_every_table_has_a_view_of_its_columns(shop: Shop) -> None:
    """Before the first import too, with the schema's columns and types, in its order."""
    with engine.connect() as con:
        lake.attach(con, shop.folder / "lake", [])
        for table in TABLES.values():
            found = con.execute(f"DESCRIBE facts.{table.name}").fetchall()
            assert [(row[0], row[1]) for row in found] == [(c.name, TYPES[c.type]) for c in table.columns]


def test_every_table_files_and_reads(shop: Shop) -> None:
    """One complete row of every table goes in and comes out, first plainly, then as a change."""
    sample = {"id": "x", "text": "x", "int": 1, "fen": 1, "bool": True, "time": AT, "day": AT.date()}
    rows = {t.name: [[{c.name: (c.values or (sample[c.type],))[0] for c in t.columns}]] for t in TABLES.values()}
    for seen in ("new", "unchanged"):
        filed = shop.bring(rows)
        assert {getattr(one.tally, seen) for one in filed.values()} == {1}
        assert all(shop.state(table) == [rows[table][0][0]] for table in TABLES)


def test_files_lie_on_the_month_of_the_order(shop: Shop) -> None:
    """The month is the home zone's; what hangs on an order lies with it, whenever it happened; others wait."""
    filed = shop.bring(
        {"orders": [[order()]], "parcels": [[parcel(shipped_at=AT + dt.timedelta(days=60)), parcel("k2", "o9")]]}
    )
    assert [file.path for file in filed["orders"].files] == ["orders/2024-04/1-0-base.parquet"]
    assert {file.shelf for file in filed["parcels"].files} == {"2024-04", "waiting"}


def test_versions_of_a_key_stay_on_its_shelf(shop: Shop) -> None:
    """A corrected creation day, or an order that came late, moves nothing."""
    shop.bring({"orders": [[order()]], "parcels": [[parcel("k2", "o9")]]})
    filed = shop.bring(
        {
            "orders": [[order(created_at=AT + dt.timedelta(days=40)), order("o9")]],
            "parcels": [[parcel("k2", "o9", carrier="SF")]],
        }
    )
    assert {(file.shelf, file.kind) for file in filed["orders"].files} == {("2024-04", kind) for kind in FACTS}
    assert [(file.shelf, file.kind) for file in filed["parcels"].files] == [("waiting", "change"), ("waiting", "state")]


def test_absent_keeps_and_empty_clears(shop: Shop) -> None:
    """A column absent keeps what is known; present and empty clears it, except in a mapped export."""
    shop.bring({"orders": [[order(paid_at=AT, amount_fen=5)]]})
    shop.bring({"orders": [[{"order_id": "o1", "paid_at": None}]]}, partial=True)
    assert shop.state("orders") == [order(paid_at=AT, amount_fen=5)]
    filed = shop.bring({"orders": [[{"order_id": "o1", "paid_at": None}]]})
    assert tally(filed["orders"]) == (1, 0, 1, 0, 0, 0)
    assert shop.state("orders") == [order(amount_fen=5)]
    assert shop.state("orders", 2) == [order(paid_at=AT, amount_fen=5)]


def test_same_again_is_unchanged(shop: Shop) -> None:
    """A row that says nothing new counts unchanged, and yet is kept: an undo of the first import leaves what it said."""
    shop.bring({"orders": [[order()]]})
    assert tally(shop.bring({"orders": [[order()]]})["orders"]) == (1, 0, 0, 1, 0, 0)
    shop.undo(1)
    assert shop.state("orders") == [order()]


def test_duplicates_in_one_file(shop: Shop) -> None:
    """Identical rows are one; differing rows without a stamp are all quarantined, whatever their order."""
    rows = [order(), order(), order("o2", amount_fen=1), order("o2", amount_fen=2)]
    for number, listed in enumerate((rows, rows[::-1])):
        other = Shop(shop.folder / str(number))
        assert tally(other.bring({"orders": [listed]})["orders"]) == (4, 1, 0, 1, 0, 2)
        assert other.state("orders") == [order()]
        assert [bad[3] for bad in other.bad] == ["o2", "o2"]


def test_stamped_rows_in_one_file(shop: Shop) -> None:
    """With different updated_at all are kept and the newest wins; with equal ones they clash."""
    later = AT + dt.timedelta(days=1)
    rows = [order(updated_at=later, amount_fen=2), order(updated_at=AT, amount_fen=1)]
    clash = [order("o2", updated_at=AT, amount_fen=1), order("o2", updated_at=AT, amount_fen=2)]
    assert tally(shop.bring({"orders": [rows + clash]})["orders"]) == (4, 1, 1, 0, 0, 2)
    assert shop.state("orders") == [rows[0]]


def test_files_of_one_import_follow_each_other(shop: Shop) -> None:
    """The later file wins; an identical row of another file counts unchanged."""
    filed = shop.bring({"orders": [[order(amount_fen=1), order("o2")], [order(amount_fen=2), order("o2")]]})
    assert tally(filed["orders"]) == (4, 2, 1, 1, 0, 0)
    assert shop.state("orders") == [order(amount_fen=2), order("o2")]


def test_another_shop_is_quarantined(shop: Shop) -> None:
    """A key known under another shop is not taken over: its own shop, or that of its order."""
    shop.bring({"orders": [[order(), order("o2", shop_id="s2")]], "parcels": [[parcel()]]})
    filed = shop.bring({"orders": [[order(shop_id="s2")]], "parcels": [[parcel(order_id="o2")]]})
    assert tally(filed["orders"]) == tally(filed["parcels"]) == (1, 0, 0, 0, 0, 1)
    assert [(bad[2], bad[3], bad[4]) for bad in shop.bad] == [("orders", "o1", "shop_id"), ("parcels", "k1", "shop_id")]
    assert "known under shop s1" in shop.bad[0][5]


def case(case_id: str, order_id: str) -> Row:
    return {"case_id": case_id, "order_id": order_id, "kind": "refund_only", "reason": "other", "requested_at": AT}


@pytest.mark.parametrize("first", ["a", "b"])
def test_an_unknown_order_takes_nothing_over(shop: Shop, first: str) -> None:
    """A known case is not moved to an order that may be of any shop; the order of imports does not matter."""
    known = {"a": {"orders": [[order()]], "cases": [[case("c1", "o1")]]}, "b": {"cases": [[case("c1", "o9")]]}}
    shop.bring(known[first])
    shop.bring(known["b" if first == "a" else "a"])
    [(_, _, _, _, column, reason)] = shop.bad
    assert column == "shop_id"
    assert "order_id o9, which is not known yet" in reason
    shop.bring({"orders": [[order("o9", shop_id="s2")]]})
    assert [row["order_id"] for row in shop.state("cases")] == ["o1" if first == "a" else "o9"]
    assert shop.bring({"cases": [[case("c1", "o1")], [case("c1", "o9")]]})["cases"].tally.quarantined == 1


def test_another_shop_within_one_import(shop: Shop) -> None:
    """Of two files that claim a new key for two shops, the first is right."""
    filed = shop.bring({"orders": [[order()], [order(shop_id="s2")]]})
    assert tally(filed["orders"]) == (2, 1, 0, 0, 0, 1)
    assert shop.state("orders") == [order()]


def test_patch_of_an_unknown_key(shop: Shop) -> None:
    """A new key without its required columns is quarantined, which names them."""
    filed = shop.bring({"orders": [[{"order_id": "o1", "paid_at": AT}]]})
    assert tally(filed["orders"]) == (1, 0, 0, 0, 0, 1)
    assert shop.bad[0][4] == "shop_id, product_id, created_at"
    assert not filed["orders"].files


def test_patch_and_row_in_one_import(shop: Shop) -> None:
    """What completes the key may stand in another file of the import, before or after."""
    patch = {"order_id": "o1", "paid_at": AT}
    assert tally(shop.bring({"orders": [[patch], [order()]]})["orders"]) == (2, 1, 1, 0, 0, 0)
    assert shop.state("orders") == [order(paid_at=AT)]


def test_patch_left_alone_by_an_undo(shop: Shop) -> None:
    """A key that an undo leaves without its required columns is not there; it is new when it comes again."""
    shop.bring({"orders": [[order()]]})
    shop.bring({"orders": [[{"order_id": "o1", "paid_at": AT}]]})
    shop.undo(1)
    assert shop.state("orders") == []
    assert tally(shop.bring({"orders": [[order()]]})["orders"]) == (1, 1, 0, 0, 0, 0)
    assert shop.state("orders") == [order(paid_at=AT)]


def test_waiting(shop: Shop) -> None:
    """A parcel whose order is unknown waits, is there, and is taken up when the order comes."""
    assert tally(shop.bring({"parcels": [[parcel()]]})["parcels"]) == (1, 0, 0, 0, 1, 0)
    filed = shop.bring({"orders": [[order()]], "parcels": [[parcel("k2")]], "video_plays": []})
    assert tally(filed["parcels"]) == (1, 1, 0, 0, 0, 0)
    assert [row["parcel_id"] for row in shop.state("parcels")] == ["k1", "k2"]


def test_first_reason_is_kept(shop: Shop) -> None:
    """cases.reason keeps the first value ever known; a later one is the reason now, unless that is given itself."""
    case = {"case_id": "c1", "order_id": "o1", "kind": "refund_only", "reason": "quality", "requested_at": AT}
    shop.bring({"cases": [[case]]})
    shop.bring({"cases": [[case | {"reason": "not_wanted"}]]})
    assert shop.state("cases") == [case | {"reason_now": "not_wanted"}]
    shop.bring({"cases": [[case | {"reason": "damaged", "reason_now": "other"}]]})
    assert shop.state("cases") == [case | {"reason_now": "other"}]
    shop.undo(1)
    assert shop.state("cases") == [case | {"reason": "not_wanted", "reason_now": "other"}]


def test_empty_key_column(shop: Shop) -> None:
    """benchmarks.variant may be empty and is still part of the key."""
    row = {"platform": "jd", "metric": "m", "by": "platform", "subject": "jd", "date": AT.date(), "days": 1}
    shop.bring({"benchmarks": [[row | {"numerator": 1}, row | {"variant": "x", "numerator": 2}]]})
    filed = shop.bring({"benchmarks": [[row | {"numerator": 3}]]})
    assert tally(filed["benchmarks"]) == (1, 0, 1, 0, 0, 0)
    assert sorted(found["numerator"] for found in shop.state("benchmarks")) == [2, 3]


def test_known_at_a_time(shop: Shop) -> None:
    """A time means the last import committed at or before it; a number that does not exist is refused."""
    shop.bring({"orders": [[order()]]})
    shop.bring({"orders": [[order("o2")]]})
    assert shop.state("orders", shop.versions[0].at - dt.timedelta(seconds=1)) == []
    assert shop.state("orders", shop.versions[0].at) == [order()]
    with pytest.raises(NotFound, match="imports go from 1 to 2"):
        shop.state("orders", 3)


def test_sweep(shop: Shop) -> None:
    """Files that no version names go; the others stay."""
    shop.bring({"orders": [[order()]]})
    shop.bring({"orders": [[order("o2")]]})
    shop.versions.pop()
    assert lake.sweep(shop.folder / "lake", shop.versions) == 1
    assert shop.state("orders") == [order()]
