"""Uploads: what is kept of files handed in, how they are looked through, and what becomes of them."""

import datetime as dt
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tianping.errors import ImportRefused, NotFound
from tianping.facts import guess
from tianping.facts.guess import Choice
from tianping.facts.versions import live
from tianping.store import uploads as rows
from tianping.store.uploads import Upload
from tianping.work.home import Home, facts, open_home
from tianping.work.intake import badrows, quarantine, uploads
from tianping.work.intake.samples import sample
from tianping.work.intake.uploads import Given, Options
from tianping.work.people.accounts import Doer, Draft, create
from tianping.work.people.reach import EVERYTHING, Reach

from .homes import NOON, table

MINE = Reach(frozenset({"S1"}))
DAY = "2024-05-01 10:00:00"


class Desk:
    """A home with a merchant of one shop, who hands files in."""

    def __init__(self, home: Home, account: int) -> None:
        self.home, self.account = home, account

    def give(self, files: Mapping[str, str], *, shop: str = "", reach: Reach = MINE) -> int:
        given = [Given(name, io.BytesIO(text.encode())) for name, text in files.items()]
        return uploads.receive(self.home, self.account, given, Options(shop), reach=reach, at=NOON)

    def get(self, number: int) -> Upload:
        return uploads.get(self.home, number, account_id=self.account, reach=MINE)

    def run(self, number: int) -> Upload:
        uploads.run(self.home, number, at=NOON)
        return self.get(number)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        con, _ = facts(self.home)
        with con:
            return con.execute(query).fetchall()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    home = open_home(tmp_path / "home", create=True)
    account, _ = create(home, "m", Draft("", "merchant", MINE.shops), doer=Doer(None, NOON))
    return Desk(home, account.id)


def test_names_stay_in_their_folder(desk: Desk) -> None:
    """Whatever a browser says a file is called; two of one name are two files."""
    names = ["../../etc/passwd", "C:\\x\\orders.csv", "orders.csv", ".hidden.csv", "a\x00b.csv", "", "长" * 300 + ".csv"]
    given = [Given(name, io.BytesIO(b"a\n1\n")) for name in names]
    number = uploads.receive(desk.home, desk.account, given, Options(), reach=MINE, at=NOON)
    kept = [file["name"] for file in desk.get(number).files]
    folder = uploads.folder_of(desk.home, number)
    assert sorted(path.name for path in folder.iterdir()) == sorted(kept)
    assert kept[:6] == ["passwd", "orders.csv", "orders (2).csv", "hidden.csv", "ab.csv", "file-6"]
    assert len(kept[6].encode()) <= 255


def test_what_cannot_be_kept_leaves_nothing(desk: Desk) -> None:
    """No file, an empty one, a shop that is another's."""
    for files, shop in (({}, ""), ({"orders.csv": ""}, ""), ({"orders.csv": "a\n1\n"}, "S2")):
        with pytest.raises(ImportRefused):
            desk.give(files, shop=shop)
    assert list((desk.home.path / "uploads").glob("*")) == []
    assert rows.newest(desk.home.database) == []


def test_a_platforms_export_asks_for_its_shop_alone(desk: Desk) -> None:
    """A known export says no shop: asked for once, then it comes in under its short name; the files are gone."""
    account, _ = create(desk.home, "two", Draft("", "merchant", frozenset({"S1", "S3"})), doer=Doer(None, NOON))
    desk.account = account.id
    number = desk.give({"订单.csv": sample("kuaishou_orders").read_text("utf-8")})
    asked = desk.run(number)
    assert (asked.state, asked.files[0]["mapping"], asked.files[0]["needs_shop"]) == ("asking", "kuaishou_orders", True)
    for shop in ("S2", "S1/x"):
        with pytest.raises(ImportRefused):
            uploads.say(desk.home, asked, shop=shop, reach=MINE)
    uploads.say(desk.home, asked, shop="S1", reach=MINE)
    uploads.look_again(desk.home, desk.get(number))
    assert not uploads.asks(desk.get(number).files)
    assert uploads.queue(desk.home, number)
    done = desk.run(number)
    assert done.state == "done"
    assert desk.ask("SELECT DISTINCT shop_id FROM facts.orders") == [("S1",)]
    assert [one.file for version in live(desk.home.versions()) for one in version.inputs] == ["订单.csv"]
    assert not uploads.folder_of(desk.home, number).exists()


def test_each_platform_has_its_shop(desk: Desk) -> None:
    """Asked for by platform, of those files that need it; each shop's rows are an import of their own."""
    mine = {"快手.csv": sample("kuaishou_orders").read_text("utf-8"), "S1@抖音.csv": sample("douyin_orders").read_text("utf-8")}
    assert desk.run(desk.give(mine)).state == "done"
    account, _ = create(desk.home, "all", Draft("", "operator", None), doer=Doer(None, NOON))
    desk.account = account.id
    files = mine | {"京东.csv": sample("jd_orders").read_text("utf-8")}
    number = desk.give(files)
    asked = desk.run(number)
    assert [(file["platform"], file["needs_shop"]) for file in asked.files] == [
        ("kuaishou", True), ("douyin", False), ("jd", True)
    ]  # fmt: skip
    uploads.say(desk.home, asked, shops={"kuaishou": "K2", "jd": "J1", "": "X"}, reach=EVERYTHING)
    uploads.look_again(desk.home, desk.get(number))
    uploads.queue(desk.home, number)
    done = desk.run(number)
    assert [file["shop"] for file in done.files] == ["K2", "S1", "J1"]
    assert sorted(one["files"][0] for one in done.report["imports"]) == sorted(files)


def test_a_name_that_says_another_shop(desk: Desk) -> None:
    """Is told as that, and not as headings that nobody knows; with the file left out, the others come."""
    text = sample("kuaishou_orders").read_text("utf-8")
    number = desk.give({"S2@订单.csv": text, "S1@订单.csv": text})
    asked = desk.run(number)
    assert asked.state == "asking"
    assert (asked.files[0]["reads"], asked.files[0]["readable"]) == ("nothing", False)
    assert 'its name says shop "S2", which is none of yours' in asked.files[0]["said"]
    uploads.leave_out(desk.home, asked, 0)
    uploads.queue(desk.home, number)
    assert desk.run(number).state == "done"
    said = desk.run(desk.give({"S3@订单.csv": text}, shop="S1"))
    assert "none of yours" in said.files[0]["said"]


def test_files_of_a_persons_choice_are_imports_of_their_own(desk: Desk) -> None:
    """What others hang on comes first; bad rows of such a file come again by the mapping that is kept."""
    number = desk.give(
        {
            "退款.csv": table("单,订单,哪种,何时", ("C1", "O1", "甲", DAY), ("C2", "O1", "乙", "?")),
            "orders.csv": table("order_id,shop_id,product_id,created_at", ("O1", "S1", "P1", DAY)),
        },
        shop="S1",
    )
    asked = desk.run(number)
    index = next(at for at, file in enumerate(asked.files) if file["name"] == "退款.csv")
    columns = {"case_id": "单", "order_id": "订单", "kind": "哪种", "requested_at": "何时"}
    words = {"kind": {"甲": "refund_only", "乙": "exchange"}}
    with pytest.raises(ImportRefused, match="requested_at"):
        uploads.read_as(desk.home, asked, index, Choice("cases", columns | {"requested_at": "没有"}, words))
    uploads.read_as(desk.home, desk.get(number), index, Choice("cases", columns, words))
    uploads.queue(desk.home, number)
    done = desk.run(number)
    assert [one["files"] for one in done.report["imports"]] == [["orders.csv"], ["退款.csv"]]
    assert desk.ask("SELECT case_id, kind FROM facts.cases") == [("C1", "refund_only")]
    [bad] = quarantine_ids(desk)
    quarantine.retry(desk.home, NOON, mended={bad: {"何时": DAY}}, reach=MINE)
    assert desk.ask("SELECT case_id, kind FROM facts.cases ORDER BY 1") == [("C1", "refund_only"), ("C2", "exchange")]


def quarantine_ids(desk: Desk) -> list[str]:
    return [bad.id for bad in badrows.look(desk.home, reach=MINE).rows]


def test_one_file_may_be_left_out(desk: Desk) -> None:
    """Of several; the last one goes with its upload."""
    number = desk.give({"strange.csv": "x,y\n1,2\n", "orders.csv": table("order_id,shop_id", ("O1", "S1"))})
    asked = desk.run(number)
    index = next(at for at, file in enumerate(asked.files) if file["reads"] == "nothing")
    uploads.leave_out(desk.home, asked, index)
    assert [file["name"] for file in desk.get(number).files] == ["orders.csv"]
    with pytest.raises(ImportRefused):
        uploads.leave_out(desk.home, desk.get(number), 0)
    assert uploads.drop(desk.home, number)
    assert not uploads.folder_of(desk.home, number).exists()
    assert not uploads.drop(desk.home, number)


def test_others_uploads_are_not_there(desk: Desk) -> None:
    """But for those who see all shops."""
    number = desk.give({"orders.csv": "a\n1\n"})
    with pytest.raises(NotFound):
        uploads.get(desk.home, number, account_id=desk.account + 1, reach=MINE)
    assert uploads.get(desk.home, number, account_id=desk.account + 1, reach=EVERYTHING).id == number


def test_files_nobody_goes_on_with_are_swept(desk: Desk) -> None:
    """After a week; folders that no upload knows at once."""
    number = desk.give({"orders.csv": "a\n1\n"})
    (desk.home.path / "uploads" / "new-x").mkdir()
    uploads.sweep(desk.home, NOON + dt.timedelta(days=1))
    assert [path.name for path in (desk.home.path / "uploads").iterdir()] == [str(number)]
    uploads.sweep(desk.home, NOON + dt.timedelta(days=8))
    assert list((desk.home.path / "uploads").iterdir()) == []
    assert desk.get(number).state == "dropped"


def test_what_is_said_names_no_folder(desk: Desk) -> None:
    """Errors name files as their uploader does."""
    number = desk.give({"locked.xlsx": "no workbook at all"})
    asked = desk.run(number)
    assert asked.state == "asking"
    assert not asked.files[0]["readable"]
    assert str(desk.home.path) not in asked.files[0]["said"]
    assert "locked.xlsx" in asked.files[0]["said"]


def test_a_choice_beside_what_is_proposed(tmp_path: Path) -> None:
    """A heading known elsewhere keeps what is known of it; another is a plain column; money is yuan."""
    path = tmp_path / "x.csv"
    path.write_text(table("订单号,商品,金额,时间", ("O1", "P1", "12.50", DAY)), "utf-8")
    columns = {"order_id": "订单号", "product_id": "商品", "amount_fen": "金额", "created_at": "时间"}
    made = guess.chosen(path, Choice("orders", columns))
    assert made.lacks == ()
    found = {table: (columns, rows) for table, columns, rows in guess.facts(path, made.text, shop="S1")}
    order = dict(zip(found["orders"][0], found["orders"][1][0], strict=True))
    assert (order["order_id"], order["amount_fen"], order["shop_id"]) == ("O1", 1250, "S1")
    assert guess.chosen(path, Choice("orders", {"order_id": "订单号"})).lacks == ("product_id", "created_at")


OLIST = {
    "olist_orders_dataset.csv": "order_id,customer_id,order_status,order_purchase_timestamp,order_approved_at,"
    "order_delivered_carrier_date,order_delivered_customer_date,order_estimated_delivery_date\n"
    "o1,c1,delivered,2018-05-01 10:00:00,2018-05-01 11:00:00,2018-05-02 10:00:00,2018-05-05 10:00:00,2018-05-20 00:00:00\n",
    "olist_order_items_dataset.csv": "order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value\n"
    "o1,1,p1,s1,2018-05-04 10:00:00,12.50,3.00\n",
    "olist_customers_dataset.csv": "customer_id,customer_unique_id,customer_zip_code_prefix,customer_city,customer_state\n"
    "c1,u1,1,sp,SP\n",
    "olist_order_reviews_dataset.csv": "review_id,order_id,review_score,review_comment_title,review_comment_message,"
    "review_creation_date,review_answer_timestamp\nr1,o1,5,,,2018-05-06 00:00:00,2018-05-07 00:00:00\n",
    "olist_sellers_dataset.csv": "seller_id,seller_zip_code_prefix,seller_city,seller_state\ns1,1,sp,SP\n",
    "olist_products_dataset.csv": "product_id,product_category_name,product_name_lenght,product_description_lenght,"
    "product_photos_qty,product_weight_g,product_length_cm,product_height_cm,product_width_cm\np1,x,1,1,1,1,1,1,1\n",
}
"""Made up by us in the shape of that data set."""


def test_files_known_by_their_names_come_together(desk: Desk) -> None:
    """Where all that the mapping joins are in one upload, and where a person chooses it; a path is no mapping."""
    account, _ = create(desk.home, "all", Draft("", "operator", None), doer=Doer(None, NOON))
    desk.account = account.id
    done = desk.run(desk.give(OLIST))
    assert done.state == "done", (done.said, done.files)
    assert [len(one["files"]) for one in done.report["imports"]] == [len(OLIST)]
    assert desk.ask("SELECT DISTINCT shop_id FROM facts.orders") == [("s1",)]
    given = [Given(name, io.BytesIO(text.encode())) for name, text in OLIST.items()]
    few = uploads.receive(desk.home, desk.account, given[:2], Options(mapping="olist"), reach=EVERYTHING, at=NOON)
    assert {file["mapping"] for file in uploads.look_through(desk.home, desk.get(few))} == {"olist"}
    for name in ("/etc/passwd", "nothing"):
        with pytest.raises(ImportRefused, match="there is no mapping"):
            uploads.receive(desk.home, desk.account, given, Options(mapping=name), reach=EVERYTHING, at=NOON)
