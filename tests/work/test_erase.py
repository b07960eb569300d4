"""A buyer forgotten: nothing names them any more, nothing else changes, and no figure does."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from tianping.errors import NotFound
from tianping.work import holdings
from tianping.work.erase import Erased, erase
from tianping.work.home import Home, facts, open_home
from tianping.work.intake import imports

from .homes import NOON, bring, closed, copy

BUYER = "U-张三.7"
OTHER = "U-张三.70"
LATER = NOON + dt.timedelta(days=1)
FILES = {
    "orders": f"""order_id,shop_id,product_id,buyer_id,created_at,amount_fen
o1,s1,p1,{BUYER},2024-04-01,1
o2,s1,p1,{OTHER},2024-04-01,2
{BUYER}-9,s1,p1,{BUYER},2024-04-02,3
o4,s1,p1,{BUYER},soon,4
""",
    "parcels": "parcel_id,order_id,shipped_at,waybill\nk1,o1,2024-04-02,SF1\nk2,o2,2024-04-02,SF2\n",
    "reviews": "review_id,order_id,reviewed_at,text\nr1,o1,2024-04-05,我是张三\nr2,o2,2024-04-05,好\nr3,o1,when,电话 139\n",
    "messages": f"""message_id,shop_id,buyer_id,session_id,sent_at,sender,text
m1,s1,{BUYER},s1/{BUYER}/1,2024-04-01,buyer,住在
m2,s1,{OTHER},s1/{OTHER}/1,2024-04-01,buyer,你好
""",
    f"cases-{BUYER}": "case_id,order_id,kind,reason,requested_at,reason_text\n"
    "c1,o1,refund_only,quality,2024-04-03,碎了\nc2,o2,refund_only,quality,2024-04-03,坏了\n",
}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = open_home(tmp_path / "home", create=True)
    bring(made, FILES)
    bring(made, {"orders": "order_id,amount_fen\no1,5\no2,6\n"}, hour=1)
    return made


def table(home: Home, columns: str, of: str, known_at: int | None = None) -> list[tuple[Any, ...]]:
    con, _ = facts(home, known_at=known_at)
    with con:
        return con.execute(f"SELECT {columns} FROM facts.{of} ORDER BY ALL").fetchall()


def bytes_of(home: Home) -> bytes:
    """Everything the home holds, Parquet unpacked."""
    con, _ = facts(home, known_at=0)
    told = [
        repr(con.execute(f"SELECT * FROM read_parquet('{path}')").fetchall()).encode() for path in home.lake.rglob("*.parquet")
    ]
    return b"\n".join([*told, *(path.read_bytes() for path in home.path.glob("tianping.db*"))])


def test_nothing_names_the_buyer(home: Home) -> None:
    """Neither facts of any version, nor quarantine, nor names of files, nor the database's own bytes."""
    assert OTHER.encode() in bytes_of(home)
    done = erase(home, BUYER, at=LATER)
    assert done == Erased(3, done.pseudonym, done.files, gone=True)
    left = bytes_of(home).replace(OTHER.encode(), b"")
    for word in (BUYER, "住在", "我是张三", "电话", "SF1", "碎了"):
        assert word.encode() not in left, word


def test_all_else_stays(home: Home) -> None:
    """Rows, keys that do not name them, money and times, at every seq; others' rows to the letter; bad rows' places."""
    columns = "order_id, amount_fen, created_at, buyer_id"
    before = {seq: table(home, columns, "orders", seq) for seq in (1, 2)}
    done = erase(home, BUYER, at=LATER)
    for seq, rows in before.items():
        expected = [tuple(done.pseudonym + "-9" if cell == f"{BUYER}-9" else cell for cell in row) for row in rows]
        expected = [tuple(done.pseudonym if cell == BUYER else cell for cell in row) for row in expected]
        assert table(home, columns, "orders", seq) == sorted(expected)
    assert table(home, "parcel_id, waybill", "parcels") == [("k1", done.pseudonym), ("k2", "SF2")]
    assert table(home, "review_id, text", "reviews") == [("r1", ""), ("r2", "好")]
    assert table(home, "session_id, text", "messages") == [(f"s1/{OTHER}/1", "你好"), (f"s1/{done.pseudonym}/1", "")]
    assert table(home, "case_id, reason_text", "cases") == [("c1", ""), ("c2", "坏了")]
    with holdings.quarantine(home, whole=True) as found:
        bad = [(row[2], row[5], row[6], row[8]) for row in found.fetchall()]
    assert [(column, value, row) for _, column, value, row in bad] == [("created_at", "", "{}"), ("reviewed_at", "", "{}")]


def test_they_stay_forgotten(home: Home) -> None:
    """Facts that come later under the id are filed under the same pseudonym; erased again, too."""
    done = erase(home, BUYER, at=LATER)
    more = {
        "orders": f"order_id,shop_id,product_id,buyer_id,created_at\no7,s1,p1,{BUYER},2024-04-09\no8,s1,p1,u8,2024-04-09\n",
        "messages": f"message_id,shop_id,buyer_id,sent_at,sender,text\nm7,s1,{BUYER},2024-04-09,buyer,又是我\n",
    }
    bring(home, more, hour=48)
    assert table(home, "order_id, buyer_id", "orders")[-2:] == [("o7", done.pseudonym), ("o8", "u8")]
    assert ("m7", "") in table(home, "message_id, text", "messages")
    with pytest.raises(NotFound, match="no fact"):
        erase(home, BUYER, at=LATER)


def test_the_same_exports_again_bring_nothing_back(home: Home) -> None:
    """Overlapping exports: no text, waybill or id of theirs comes again, and no row is there twice."""
    erase(home, BUYER, at=LATER)
    tables = {"parcels": "*", "reviews": "*", "messages": "*", "cases": "*", "orders": "order_id, buyer_id, amount_fen"}
    before = {name: table(home, columns, name) for name, columns in tables.items()}
    bring(home, {name.split("-")[0]: text + "\n" for name, text in FILES.items()}, hour=48)
    bring(home, {"orders": "order_id,amount_fen\no1,5\no2,6\n\n"}, hour=49)
    assert {name: table(home, columns, name) for name, columns in tables.items()} == before


def test_rows_that_do_not_say_whose_they_are(tmp_path: Path) -> None:
    """Rows that give only a key and a few columns: of keys of theirs they are the buyer's, come they before or after."""
    home = open_home(tmp_path / "home", create=True)
    few = {
        "cases": "case_id,reason_text\nc1,{0}甲\nc2,{0}乙\n",
        "parcels": "parcel_id,waybill\nk1,{0}SF11\nk2,{0}SF22\n",
        "messages": "message_id,text\nm1,{0}丙\nm2,{0}丁\n",
    }
    bring(home, FILES)
    bring(home, {name: text.format("早") for name, text in few.items()}, hour=1)
    bring(home, {"cases": "case_id,requested_at,reason_text\nc1,soon,坏甲\nc2,soon,坏乙\n"}, hour=2)  # to quarantine
    assert table(home, "reason_text", "cases") == [("早乙",), ("早甲",)]
    done = erase(home, BUYER, at=LATER)
    bring(home, {name: text.format("晚") for name, text in few.items()}, hour=48)
    left = bytes_of(home)
    assert [word for word in ("早甲", "早SF11", "早丙", "晚甲", "晚SF11", "晚丙", "坏甲") if word.encode() in left] == []
    assert "坏乙".encode() in left
    assert table(home, "case_id, reason_text", "cases") == [("c1", ""), ("c2", "晚乙")]
    assert table(home, "parcel_id, waybill", "parcels", 2) == [("k1", done.pseudonym), ("k2", "早SF22")]
    assert [row for row in table(home, "message_id, text", "messages") if row[0] == "m2"] == [("m2", "晚丁")]


def test_rows_that_came_to_somebody_else(tmp_path: Path) -> None:
    """Of a case or message that was said to be theirs before it was another's, their words go and the other's stay, before and
    after; what imports had made of it is looked up anew."""
    home = open_home(tmp_path / "home", create=True)
    bring(home, FILES)
    bring(home, {"cases": "case_id,refund_fen\nc1,1\n"}, hour=1)
    moved = {"cases": "case_id,order_id\nc1,o2\n", "messages": f"message_id,buyer_id,text\nm1,{OTHER},问\n"}
    bring(home, moved, hour=2)
    assert table(home, "case_id, reason_text", "cases") == [("c1", "碎了"), ("c2", "坏了")]
    erase(home, BUYER, at=LATER)
    assert table(home, "case_id, order_id, reason_text", "cases") == [("c1", "o2", ""), ("c2", "o2", "坏了")]
    assert table(home, "message_id, buyer_id, text", "messages")[-1] == ("m2", OTHER, "你好")
    assert [row[1:] for row in table(home, "text, buyer_id, text", "messages")] == [(OTHER, "你好"), (OTHER, "问")]
    assert [word for word in ("碎了", "住在") if word.encode() in bytes_of(home)] == []
    bring(home, {"cases": "case_id,reason_text\nc1,新的\n", "messages": "message_id,text\nm1,又问\n"}, hour=48)
    assert table(home, "reason_text", "cases") == [("坏了",), ("新的",)]
    assert table(home, "text", "messages") == [("你好",), ("又问",)]


def test_what_turns_out_to_be_theirs_later(tmp_path: Path) -> None:
    """Words of a case that waits for its order are the buyer's only once that has come: erasing again reaches them, and then
    nothing is left to erase."""
    home = open_home(tmp_path / "home", create=True)
    bring(home, FILES)
    bring(
        home,
        {"cases": "case_id,order_id,kind,reason,requested_at,reason_text\nc9,o9,refund_only,quality,2024-04-03,等着\n"},
        hour=1,
    )
    done = erase(home, BUYER, at=LATER)
    with pytest.raises(NotFound):
        erase(home, BUYER, at=LATER)
    bring(home, {"orders": f"order_id,shop_id,product_id,buyer_id,created_at\no9,s1,p1,{BUYER},2024-04-01\n"}, hour=48)
    assert ("c9", "等着") in table(home, "case_id, reason_text", "cases")
    again = erase(home, BUYER, at=LATER + dt.timedelta(days=2))
    assert (again.pseudonym, again.files) == (done.pseudonym, 1)
    assert ("c9", "") in table(home, "case_id, reason_text", "cases")
    with pytest.raises(NotFound):
        erase(home, BUYER, at=LATER + dt.timedelta(days=3))


def test_unknown_buyer(home: Home) -> None:
    with pytest.raises(NotFound, match=r"no fact .* is of buyer 'nobody'"):
        erase(home, "nobody", at=LATER)
    assert len(home.versions()) == 2


def test_a_past_close_run_again_gives_the_same_bytes(demo: Home, tmp_path: Path) -> None:
    """The demo market: whoever bought most is forgotten; T closed again is the same file."""
    home = copy(demo, tmp_path / "home")
    done = closed(home, dt.date(2024, 5, 20))
    before = (home.path / done.path).read_bytes()
    buyer, orders = max(table(home, "buyer_id, count(*)", "orders GROUP BY 1"), key=lambda row: (row[1], row[0]))
    erased = erase(home, buyer, at=LATER)
    assert table(home, "count(*)", f"orders WHERE buyer_id = '{erased.pseudonym}'") == [(orders,)]
    again = closed(home, dt.date(2024, 5, 20))
    assert again == done
    assert (home.path / again.path).read_bytes() == before


@pytest.mark.parametrize("forgotten", ["before", "after"])
def test_a_shop_is_nobodys_buyer(tmp_path: Path, forgotten: str) -> None:
    """A buyer whose id is also that of a shop, a product and an agent: those keep their orders, and their figures."""
    home = open_home(tmp_path / "home", create=True)
    same = "u1,u1,u1,u1,2024-05-20,2024-05-20,u1"
    orders = "order_id,shop_id,product_id,buyer_id,created_at,paid_at,agent_id\n"
    bring(home, {"shops": "shop_id,platform\nu1,jd\n", "orders": f"{orders}{same}\n", "parcels": PARCELS.format("k1", "u1")})
    if forgotten == "after":
        bring(home, {"orders": f"{orders}o2{same[2:]}\n", "parcels": PARCELS.format("k2", "o2")}, hour=1)
    done = erase(home, "u1", at=LATER)
    if forgotten == "before":
        bring(home, {"orders": f"{orders}o2{same[2:]}\n", "parcels": PARCELS.format("k2", "o2")}, hour=48)
    rows = [(name, "u1", "u1", done.pseudonym, "u1") for name in ("o2", done.pseudonym)]
    assert table(home, "order_id, shop_id, product_id, buyer_id, agent_id", "orders") == sorted(rows)
    assert table(home, "parcel_id, shop_id", "parcels JOIN facts.orders USING (order_id)") == [("k1", "u1"), ("k2", "u1")]
    assert {file.placed for version in home.versions() for file in version.files if file.table == "parcels"} == {1}


PARCELS = "parcel_id,order_id,shipped_at\n{},{},2024-05-21\n"


def test_undo_after_an_erasure(home: Home) -> None:
    """What was imported can still be taken back."""
    erase(home, BUYER, at=LATER)
    imports.undo(home, 2, at=LATER)
    assert table(home, "order_id, amount_fen", "orders")[-2:] == [("o1", 1), ("o2", 2)]
