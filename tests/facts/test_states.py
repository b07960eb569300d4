"""What a change made of its key is kept when it comes: readers of any seq find it without looking for the rows before."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tianping.facts import versions

from .hand import Row, Shop
from .test_lake import case, order, parcel


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def kept(shop: Shop, table: str = "orders") -> Mapping[int, int]:
    """By import: the rows of its files of states."""
    return {file.last: file.rows for file in versions.present(shop.versions) if file.table == table and file.kind == "state"}


def as_before(shop: Shop) -> None:
    """As if all had been imported by a version of the program that kept no states."""
    for index, version in enumerate(shop.versions):
        files = [replace(file, settled=False) for file in version.files if file.kind != "state"]
        shop.versions[index] = replace(version, files=tuple(files))


def states(shop: Shop, table: str) -> list[list[Row]]:
    """The table at every seq."""
    every = range(versions.newest(shop.versions) + 1)
    return [sorted(shop.state(table, seq), key=repr) for seq in every]


def test_only_of_keys_that_are_no_longer_what_they_were(shop: Shop) -> None:
    """Not of new keys with one row, nor of rows that say what is known; of two rows in one import what both made."""
    shop.bring({"orders": [[order("o1"), order("o2")], [order("o2", amount_fen=2)]]})
    assert kept(shop) == {1: 1}
    shop.bring({"orders": [[order("o1"), order("o2", amount_fen=2)]]})
    assert kept(shop) == {1: 1}
    shop.bring({"orders": [[{"order_id": "o1", "amount_fen": 1}], [{"order_id": "o1", "quantity": 3}]]}, partial=True)
    assert kept(shop) == {1: 1, 3: 1}
    shop.bring({"orders": [[{"order_id": "o2", "quantity": 4}]]}, partial=True)
    assert [(row["order_id"], row["amount_fen"], row["quantity"]) for row in states(shop, "orders")[4]] == [
        ("o1", 1, 3),
        ("o2", 2, 4),
    ]
    shop.compact()
    assert [rows for _, rows in sorted(kept(shop).items())] == [3]


@pytest.mark.parametrize("tidy", [False, True])
def test_they_say_what_the_rows_say(shop: Shop, tidy: bool) -> None:
    """At every seq, for what waited too, and where an undo takes away what they rest on."""
    shop.bring({"orders": [[order("o1")]], "cases": [[case("c1", "o1")]], "parcels": [[parcel("k1"), parcel("k9", "o9")]]})
    shop.bring(
        {
            "cases": [[{"case_id": "c1", "reason": "damaged", "refund_fen": 5}]],
            "parcels": [[{"parcel_id": "k9", "carrier": "SF"}]],
        },
        partial=True,
    )
    shop.bring({"orders": [[order("o9")]], "cases": [[{"case_id": "c1", "refund_fen": 7}]]}, partial=True)
    if tidy:
        shop.compact()
    shop.bring({"parcels": [[{"parcel_id": "k9", "waybill": "W"}]]}, partial=True)
    found = {table: states(shop, table) for table in ("orders", "cases", "parcels")}
    [told] = found["cases"][-1]
    assert (told["reason"], told["reason_now"], told["refund_fen"]) == (case("c1", "o1")["reason"], "damaged", 7)
    assert [row["carrier"] for row in found["parcels"][-1] if row["parcel_id"] == "k9"] == ["SF"]
    shop.undo(2)
    [told] = states(shop, "cases")[-1]
    assert (told.get("reason_now"), told["refund_fen"]) == (None, 7)
    assert [row.get("carrier") for row in states(shop, "parcels")[-1] if row["parcel_id"] == "k9"] == [None]
    undone = {table: states(shop, table) for table in found}
    assert {table: each[: len(found[table])] for table, each in undone.items()} == found
    as_before(shop)
    assert {table: states(shop, table) for table in found} == undone


def test_beside_imports_that_kept_none(shop: Shop) -> None:
    """While one import's changes have no states, all are looked up; merged with them, too."""
    shop.bring({"orders": [[order("o1"), order("o2")]]})
    shop.bring({"orders": [[{"order_id": "o1", "amount_fen": 1}]]}, partial=True)
    as_before(shop)
    shop.bring({"orders": [[{"order_id": "o2", "amount_fen": 2}]]}, partial=True)
    assert versions.known(shop.versions).saying("orders") == "change"
    found = states(shop, "orders")
    assert [row["amount_fen"] for row in found[-1]] == [1, 2]
    shop.compact()
    assert versions.known(shop.versions).saying("orders") == "change"
    assert states(shop, "orders")[: len(found)] == found
