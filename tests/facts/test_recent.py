"""A long past: orders on which nothing happened since a day are not read; who counts from that day on misses nothing."""

import datetime as dt
from pathlib import Path

import pytest

from tianping.facts import engine, lake, recent, versions
from tianping.facts.versions import Known

from .hand import Row, Shop
from .test_lake import case, order, parcel

DAY = dt.date(2024, 6, 1)
EDGE = dt.datetime(2024, 5, 30)
"""Two days before: no zone's day begins earlier."""
SECOND = dt.timedelta(seconds=1)
JANUARY, JUNE = dt.datetime(2024, 1, 5), dt.datetime(2024, 6, 2)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def old(order_id: str, **more: object) -> Row:
    return order(order_id, created_at=JANUARY, **more)


def sent(parcel_id: str, order_id: str, **more: object) -> Row:
    return parcel(parcel_id, order_id, **({"shipped_at": JANUARY} | more))


def read(shop: Shop, shops: str = "") -> tuple[Known, dict[str, list[str]]]:
    """What is left to be read since DAY, and by table the keys and orders that the views then show."""
    with engine.connect() as con:
        folder, known = shop.folder / "lake", versions.known(shop.versions)
        lake.attach(con, folder, shop.versions)
        left = recent.since(con, folder, known, DAY)
        lake.confine(con, folder, left, shops)
        keys = {"orders": "order_id", "parcels": "parcel_id || ':' || order_id", "cases": "case_id || ':' || order_id"}
        found = {table: con.execute(f"SELECT {key} FROM facts.{table} ORDER BY 1").fetchall() for table, key in keys.items()}
        return left, {table: [str(key) for (key,) in each] for table, each in found.items()}


def test_only_what_stirred(shop: Shop) -> None:
    """By the second; whichever row it is of; by what became of it, and by what waited for it."""
    shop.bring(
        {
            "orders": [
                [old(f"o{number}") for number in range(1, 7)] + [old("o7", paid_at=EDGE), order("new", created_at=JUNE)]
            ],
            "parcels": [
                [
                    sent("k1", "o1", signed_at=EDGE - SECOND),
                    sent("k2", "o2", signed_at=EDGE),
                    sent("k2b", "o2"),
                    sent("k4", "o4"),
                    sent("k6", "o6"),
                    sent("k7", "o7"),
                    sent("kn", "new", shipped_at=JUNE),
                ]
            ],
            "cases": [[{**case("c3", "o3"), "requested_at": EDGE}, {**case("c9", "o9"), "requested_at": EDGE}]],
        }
    )
    assert read(shop)[1]["parcels"] == ["k2:o2", "k2b:o2", "k7:o7", "kn:new"]
    shop.bring({"parcels": [[{"parcel_id": "k4", "signed_at": EDGE}]]}, partial=True)  # stirs o4
    shop.bring({"parcels": [[{"parcel_id": "k6", "order_id": "o5", "signed_at": EDGE}]]}, partial=True)  # o5's now
    shop.bring({"orders": [[old("o9")]]})  # for which c9 waited
    left, found = read(shop)
    assert left.kept >= {"orders", "parcels"}
    assert found["orders"] == ["new", "o2", "o3", "o4", "o5", "o7", "o9"]
    assert found["parcels"] == ["k2:o2", "k2b:o2", "k4:o4", "k6:o5", "k7:o7", "kn:new"]
    assert found["cases"] == ["c3:o3", "c9:o9"]
    assert read(shop, "shop_id = 'nobody'")[1] == {"orders": [], "parcels": [], "cases": ["c9:o9"]}


def test_read_whole_where_that_is_not_sure_or_not_worth_it(shop: Shop) -> None:
    """After an undo; where the past is short."""
    shop.bring({"orders": [[old("o1"), order("new", created_at=JUNE), order("new2", created_at=JUNE)]]})
    assert read(shop)[0] == versions.known(shop.versions)
    shop.bring({"orders": [[old(f"p{number}") for number in range(4)]], "parcels": [[sent("k1", "p1")]]})
    left, found = read(shop)
    assert left.kept
    assert found["orders"] == ["new", "new2"]
    shop.undo(1)
    left, found = read(shop)
    assert not left.kept
    assert found["orders"] == ["p0", "p1", "p2", "p3"]
