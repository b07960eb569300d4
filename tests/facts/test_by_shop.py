"""What hangs on orders lies by their shop: rows of one shop are read without the others', and never fewer than there are."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from duckdb import DuckDBPyConnection

from tianping.facts import engine, lake, versions
from tianping.facts.narrow import narrow_to_products, narrow_to_shop
from tianping.facts.schema import TABLES

from .hand import Row, Shop

AT = dt.datetime(2024, 4, 1)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def order(order_id: str, shop_id: str, **more: Any) -> Row:
    return {"order_id": order_id, "shop_id": shop_id, "product_id": "p", "created_at": AT} | more


def parcel(parcel_id: str, order_id: str, **more: Any) -> Row:
    return {"parcel_id": parcel_id, "order_id": order_id, "shipped_at": AT} | more


def of_shop(shop: Shop, shop_id: str, known_at: int | None = None, table: str = "parcels") -> list[tuple[Any, ...]]:
    """Key, order and, of a parcel, carrier, as read for one shop."""
    now = versions.known(shop.versions, versions.seq_at(shop.versions, known_at))
    with engine.connect() as con:
        lake.attach(con, shop.folder / "lake", shop.versions, known_at=known_at)
        lake.confine(con, shop.folder / "lake", now, f"shop_id = '{shop_id}'")
        more = ", carrier" if table == "parcels" else ""
        return con.execute(f"SELECT {TABLES[table].key[0]}, order_id{more} FROM facts.{table} ORDER BY ALL").fetchall()


def placed(shop: Shop, table: str = "parcels") -> Mapping[str, tuple[int, int]]:
    """By file that counts: rows, and those that say their shop."""
    return {file.path: (file.rows, file.placed) for file in versions.present(shop.versions) if file.table == table}


def test_rows_of_one_shop(shop: Shop) -> None:
    """Those of the shop's orders, in their newest version, whichever import brought it; those without an order, too."""
    orders = [order("o1", "s1"), order("o2", "s2"), order("o3", "s1")]
    shop.bring({"orders": [orders], "parcels": [[parcel("k1", "o1"), parcel("k2", "o2"), parcel("k9", "o9")]]})
    shop.bring({"parcels": [[{"parcel_id": "k1", "carrier": "SF"}, {"parcel_id": "k2", "carrier": "ZT"}]]}, partial=True)
    shop.bring({"parcels": [[{"parcel_id": "k1", "order_id": "o3"}]]}, partial=True)
    assert {key.split("/")[1]: count for key, count in placed(shop).items() if "/1-" in key} == {
        "2024-04": (2, 2),
        "waiting": (1, 0),
    }
    assert [count for key, count in placed(shop).items() if "/1-" not in key] == [(2, 2), (2, 2), (1, 1), (1, 1)]
    assert of_shop(shop, "s1") == [("k1", "o3", "SF"), ("k9", "o9", None)]
    assert of_shop(shop, "s1", 2) == [("k1", "o1", "SF"), ("k9", "o9", None)]
    assert of_shop(shop, "s2") == [("k2", "o2", "ZT"), ("k9", "o9", None)]


def test_the_order_that_came(shop: Shop) -> None:
    """Its parcels lie among those without a shop until files are put in order; then by its shop, every version of them."""
    shop.bring({"orders": [[order("o1", "s1"), *(order(f"p{n}", "s2") for n in range(20))]]})
    shop.bring({"parcels": [[parcel("k9", "o9"), *(parcel(f"m{n}", f"p{n}") for n in range(20))]]})
    shop.bring({"orders": [[order("o9", "s1")]], "parcels": [[{"parcel_id": "k9", "carrier": "SF"}]]}, partial=True)
    assert of_shop(shop, "s1") == [("k9", "o9", "SF")]
    assert len(of_shop(shop, "s2")) == 21
    shop.compact()
    assert all(rows == shops for rows, shops in placed(shop).values())
    assert of_shop(shop, "s1") == [("k9", "o9", "SF")]
    assert len(of_shop(shop, "s2")) == 20
    assert of_shop(shop, "s1", 2) == [("k9", "o9", None)]


@pytest.mark.parametrize("tidy", [False, True])
def test_an_order_that_came_back_under_another_shop(shop: Shop, tidy: bool) -> None:
    """After an undo nothing is sure: all is read, at every moment. (k1 was filed when o1 was of s1.)"""
    shop.bring({"orders": [[order("o1", "s1")]]})
    shop.bring({"parcels": [[parcel("k1", "o1")]]})
    shop.undo(1)
    shop.bring({"orders": [[order("o1", "s2")]], "parcels": [[parcel("k2", "o2")]]})
    shop.bring({"orders": [[order("o2", "s2")]]})
    if tidy:
        shop.compact()
    for shop_id in ("s1", "s2"):
        assert of_shop(shop, shop_id) == [("k1", "o1", None), ("k2", "o2", None)]
    assert of_shop(shop, "s1", 2) == [("k1", "o1", None)]


def test_a_piece_left_by_an_undo(shop: Shop) -> None:
    """The parcel of s1 is taken back, but for a piece that gave its carrier; it comes back as one of s2, and with the piece."""
    shop.bring({"orders": [[order("o1", "s1"), order("o2", "s2")]]})
    shop.bring({"parcels": [[parcel("k1", "o1")]]})
    shop.bring({"parcels": [[{"parcel_id": "k1", "carrier": "SF"}]]}, partial=True)
    shop.undo(2)
    shop.bring({"parcels": [[parcel("k1", "o2")]]})
    assert of_shop(shop, "s2") == [("k1", "o2", "SF")]


def test_what_an_undo_makes_doubtful(shop: Shop) -> None:
    """The tables of the import, and what waits for them; an undo of messages none."""
    rows = {"orders": [[order("o1", "s1")]], "parcels": [[parcel("k1", "o1")]]}
    review = {"review_id": "r", "order_id": "o1", "reviewed_at": AT}
    shop.bring(rows | {"reviews": [[review]]})
    hung = {"parcels", "cases", "reviews", "complaints"}

    def lying() -> frozenset[str]:
        return lake.by_shop(versions.known(shop.versions)) & hung

    message = {"message_id": "m", "shop_id": "s1", "buyer_id": "b", "sent_at": AT, "sender": "buyer"}
    for brought, left in (
        ({"messages": [[message]]}, hung),
        ({"parcels": [[parcel("k2", "o1")]]}, hung - {"parcels"}),
        ({"orders": [[order("o2", "s1")]]}, set()),
    ):
        shop.bring(brought)
        shop.undo(versions.newest(shop.versions))
        assert lying() == left


def test_files_from_before_there_were_shops(shop: Shop) -> None:
    """Files without the column are read whole, and few shops are not looked for alone; merged they keep what they have."""
    shop.bring({"orders": [[order("o1", "s1"), order("o2", "s2")]], "parcels": [[parcel("k1", "o1"), parcel("k2", "o2")]]})
    first = shop.versions[0]
    for file in first.files:
        if file.table == "parcels":
            path = shop.folder / "lake" / file.path
            pq.write_table(pq.read_table(path).drop_columns(["_shop"]), path)
    shop.versions[0] = replace(first, files=tuple(replace(file, placed=0) for file in first.files))
    shop.bring({"parcels": [[parcel("k3", "o1"), parcel("k4", "o2")]]})
    every = [(f"k{n}", f"o{2 - n % 2}", None) for n in (1, 2, 3, 4)]
    now = versions.known(shop.versions)
    assert "parcels" not in lake.by_shop(now)
    assert of_shop(shop, "s1") == every[:3]
    shop.compact()
    assert list(placed(shop).values()) == [(4, 2)]
    assert of_shop(shop, "s2") == [*every[:2], every[3]]


def test_plays_lie_by_the_shop_of_their_video(shop: Shop) -> None:
    videos = [{"video_id": f"v{n}", "shop_id": f"s{n}", "published_at": AT, "duration_s": 9} for n in (1, 2)]
    plays = [{"play_id": f"y{n}", "video_id": f"v{n}", "user_id": "u", "played_at": AT, "watched_s": 3} for n in (1, 2)]
    shop.bring({"videos": [videos], "video_plays": [plays]})
    now = versions.known(shop.versions)
    with engine.connect() as con:
        lake.attach(con, shop.folder / "lake", shop.versions)
        lake.confine(con, shop.folder / "lake", now, "shop_id = 's2'")
        assert con.execute("SELECT play_id FROM facts.video_plays").fetchall() == [("y2",)]


def test_one_shop_or_few_products(shop: Shop) -> None:
    """Of all shops whose orders name the product; a shop asked for is there without orders."""
    orders = [order("o1", "s1"), order("o2", "s2"), order("o3", "s3", product_id="q")]
    shops = [{"shop_id": f"s{n}", "platform": "jd"} for n in (1, 2, 3, 4)]
    shop.bring({"shops": [shops], "orders": [orders], "parcels": [[parcel(f"k{n}", f"o{n}") for n in (1, 2, 3)]]})
    state = shop.folder / "lake", versions.known(shop.versions)
    ways: list[tuple[Callable[[DuckDBPyConnection], None], list[str], list[str]]] = [
        (lambda con: narrow_to_products(con, state, ["p"], besides=("reviews",)), ["k1", "k2"], ["s1", "s2"]),
        (lambda con: narrow_to_shop(con, state, "s3"), ["k3"], ["s3"]),
        (lambda con: narrow_to_shop(con, state, "s4"), [], ["s4"]),
    ]
    for narrow, parcels, shown in ways:
        with engine.connect() as con:
            lake.attach(con, shop.folder / "lake", shop.versions)
            narrow(con)
            assert con.execute("SELECT parcel_id FROM facts.parcels ORDER BY ALL").fetchall() == [(key,) for key in parcels]
            assert con.execute("SELECT shop_id FROM facts.shops ORDER BY ALL").fetchall() == [(key,) for key in shown]
