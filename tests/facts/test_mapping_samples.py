"""Every shipped mapping: its sample export, made up by us, and the facts that come of it."""

from pathlib import Path

import pytest

from tianping.errors import ImportRefused
from tianping.facts import mapping, pick, read, stage

from .stagehand import Bad, Result, known

SAMPLES = Path(mapping.__file__).parents[1] / "mappings" / "samples"
NO_SAMPLE = {"olist", "not_facts"}
"""Tested with the real data; a list of what is not read."""
FACTS: dict[str, dict[str, list[str]]] = {
    "kuaishou_orders": {
        "shops(shop_id platform)": ["S1 kuaishou"],
        "products(product_id title price_fen)": ["77001 样品羽绒服 129990", "77002 样品茶杯（新） 2500", "77003 样品月饼 -"],
        "orders(order_id shop_id product_id quantity amount_fen freight_fen channel paid_at presale close_reason)": [
            "2406100000000001 S1 77001 1 129990 0 self_built 2024-03-01T02:00:30 - -",
            "2406100000000002 S1 77002 2 5900 500 distribution 2024-03-01T03:01:00 - -",
            "2406100000000003 S1 77002 1 2500 - other - - 交易关闭",
            "2406100000000004 S1 77003 1 8800 - - 2024-03-02T05:00:10 True -",
        ],
        "parcels(parcel_id order_id waybill shipped_at)": [
            "2406100000000001-SF0001 2406100000000001 SF0001 2024-03-02T01:00:00",
            "2406100000000001-SF0002 2406100000000001 SF0002 2024-03-02T01:00:00",
            "2406100000000004 2406100000000004 - 2024-03-04T00:00:00",
        ],
    },
    "kuaishou_aftersales": {
        "cases(case_id order_id kind reason reason_words outcome ended_at refund_fen handled_by)": [
            "S1001 2406100000000001 return_refund quality 质量问题_/_开线 refunded 2024-03-09T10:00:00 129990 -",
            "S1002 2406100000000002 refund_only wrong_order 拍错/多拍 - - 5900 rule",
            "S1003 2406100000000004 refund_only other 月饼不够圆 closed 2024-03-07T01:00:00 1000 -",
        ],
        "orders(order_id buyer_id product_id)": [
            "2406100000000001 B1 77001", "2406100000000002 B2 77002", "2406100000000004 B3 77003",
        ],
    },
    "kuaishou_parcels": {
        "parcels(parcel_id order_id collected_at signed_at)": [
            "2406100000000001-SF0001 2406100000000001 2024-03-02T10:00:00 2024-03-04T04:00:00",
            "2406100000000002-SF0009 2406100000000002 2024-03-04T11:00:00 -",
            "2406100000000003-SF0009 2406100000000003 2024-03-04T11:00:00 -",
        ],
    },
    "douyin_orders": {
        "orders(order_id parent_id product_id quantity amount_fen paid_at succeeded_at closed_at close_reason region)": [
            "6920000001 6920000001 3501 1 102890 2024-03-01T02:00:20 2024-03-10T02:00:00 - - 浙江省",
            "6920000003 6920000002 3502 2 9900 2024-03-01T03:00:20 - - - -",
            "6920000004 6920000002 3502 1 4900 - - 2024-03-01T03:30:00 超时未支付 -",
        ],
        "parcels(parcel_id)": [],
    },
    "douyin_orders_by_main_order": {
        "orders(order_id amount_fen)": ["6920000001 102890", "6920000003 9900", "6920000004 4900"],
        "products(product_id price_fen)": ["3501 4900", "3502 4900"],
        "parcels(parcel_id order_id waybill carrier shipped_at)": [
            "6920000001-SF-A 6920000001 SF-A 样品速运 2024-03-02T00:00:00",
        ],
    },
    "douyin_parcels": {
        "parcels(parcel_id order_id shipped_at collected_at)": [
            "6920000001-SF-A 6920000001 2024-03-02T00:00:00 2024-03-02T12:00:00",
            "6920000003-YT1 6920000003 2024-03-03T00:00:00 -",
            "6920000004-YT1 6920000004 2024-03-03T00:00:00 -",
        ],
    },
    "douyin_aftersales": {
        "cases(case_id kind reason answer agreed_at waybill_at ended_at outcome refund_fen)": [
            "7001 return_refund seven_days agreed 2024-03-11T04:00:00 2024-03-12T02:00:00 2024-03-15T02:00:00 refunded 102890",
            "7002 refund_only not_wanted - - - - - 9900",
        ],
        "parcels(parcel_id direction waybill)": ["7001-ZT9 back ZT9"],
    },
    "taobao_orders": {
        "orders(order_id buyer_id quantity amount_fen freight_fen paid_at close_reason region)": [
            "300000000000000001 样品买家甲 1 10500 500 2024-03-01T02:01:00 - 浙江省",
            "300000000000000002 样品买家乙 3 0 0 - 买家未付款 -",
        ],
    },
    "taobao_orders_2026": {
        "orders(order_id product_id amount_fen created_at promised_ship_at succeeded_at close_reason region)": [
            "300000000000000003 S1/样品书架 8000 2024-03-01T02:00:00 2024-03-03T02:05:00 - - 江苏省",
            "300000000000000004 S1/样品书立 2000 2024-03-02T02:00:00 - 2024-03-08T02:00:00 - -",
        ],
        "parcels(parcel_id waybill)": ["300000000000000003-YD1 YD1"],
    },
    "taobao_order_details": {
        "orders(order_id parent_id product_id amount_fen close_reason)": [
            "300000000000000011 300000000000000010 880001 2400 -",
            "300000000000000012 300000000000000010 880002 5000 交易关闭",
        ],
        "parcels(parcel_id)": ["300000000000000011-YD2"],
    },
    "taobao_refunds": {
        "cases(case_id kind reason requested_at waybill_at outcome refund_fen handled_by)": [
            "T1 return_refund quality 2024-03-05T02:00:00 2024-03-06T02:00:00 refunded 2400 person",
            "T2 refund_only wrong_order 2024-03-01T04:00:00 - closed 5000 rule",
        ],
        "parcels(parcel_id order_id)": ["T1-ZT1 300000000000000011"],
    },
    "taobao_refunds_2026": {"cases(case_id kind)": ["T1 return_refund", "T2 refund_only"]},
    "jd_orders": {
        "shops(shop_id platform)": ["S1 jd"],
        "orders(order_id parent_id product_id buyer_id amount_fen paid_at succeeded_at)": [
            "2900001-100001 2900001 100001 jd_sample_1 18900 2024-03-01T02:00:40 2024-03-05T02:00:00",
            "2900002-100002 2900002 100002 jd_sample_2 120000 - -",
            "2900002-100003 2900002 100003 jd_sample_2 5900 - -",
        ],
    },
    "jd_aftersales": {
        "cases(case_id order_id kind reason reason_words answer received_at refund_fen quantity)": [
            "F1 2900001-100001 return_refund quality 质量问题_/_左耳无声 agreed 2024-03-09T02:00:00 18900 1",
            "F2 2900002-100003 exchange other 其他 - - - 1",
        ],
        "parcels(parcel_id direction collected_at signed_at)": ["F1-JD1 back 2024-03-07T02:00:00 2024-03-09T02:00:00"],
    },
    "pinduoduo_orders": {
        "orders(order_id quantity amount_fen created_at succeeded_at)": [
            "240301-000000000001 2 1990 2024-03-01T02:00:00 2024-03-06T02:00:00",
            "240301-000000000002 1 990 2024-03-01T04:00:00 -",
        ],
        "parcels(parcel_id waybill)": ["240301-000000000001-JT1 JT1"],
    },
    "jushuitan_orders": {
        "orders(order_id parent_id product_id quantity amount_fen)": [
            "6920000003 6920000002 S1/KH-01 2 9900", "6920000004 6920000002 S1/KH-02 1 4900",
        ],
        "parcels(parcel_id)": ["6920000003-YT7"],
    },
    "jushuitan_details": {
        "orders(order_id parent_id amount_fen)": ["6920000002-KH-01 6920000002 9900", "6920000002-KH-02 6920000002 4900"],
        "cases(case_id order_id kind reason refund_fen)": ["900-KH-01 6920000002-KH-01 refund_only quality 2000"],
        "parcels(parcel_id)": ["6920000002-KH-01-YT7"],
    },
    "wangdiantong_outstock": {
        "orders(order_id parent_id quantity amount_fen region)": ["6920000003 6920000002 2 9900 浙江省"],
        "parcels(parcel_id shipped_at)": ["6920000003-CK1 2024-03-02T02:00:00"],
    },
    "reviews": {
        "reviews(order_id reviewed_at quality text)": [
            "2406100000000001 2024-03-06T02:00:00 5 很暖和", "2406100000000002 2024-03-07T02:00:00 2 有磕碰",
        ],
    },
    "online_retail": {
        "products(product_id title)": ["X1 SAMPLE_MUG_BLUE", "X2 broken"],
        "orders(order_id quantity amount_fen paid_at)": [
            "100001-2 6 1530 2024-03-01T08:26:00", "100001-3 6 1530 2024-03-01T08:26:00", "100003-5 0 0 -", "C100002-4 0 0 -",
        ],
        "cases(case_id order_id quantity refund_fen)": ["100003-5 100003-5 5 0", "C100002-4 C100002-4 2 510"],
    },
}  # fmt: skip

BUYERS = {"kuaishou": "B1", "douyin": "样品用户甲", "taobao": "样品买家甲", "jd": "jd_sample_1"}
for platform, buyer in BUYERS.items():
    FACTS[f"{platform}_chats"] = {
        "messages(shop_id buyer_id agent_id sent_at sender text)": [
            f"S1 {buyer} - 2024-03-01T02:00:00 buyer 这件有_L_码吗",
            f"S1 {buyer} - 2024-03-01T02:00:01 bot 亲，稍等",
            f"S1 {buyer} - 2024-03-01T02:02:00 buyer 好",
            f"S1 {buyer} - 2024-03-01T02:02:00 buyer 好",
            f"S1 {buyer} - 2024-03-01T02:02:00 system 买家已下单",
            f"S1 {buyer} 样品店:小样 2024-03-01T02:01:30 agent 有的，喜欢可以拍",
        ],
    }
    FACTS[f"{platform}_sessions"] = {
        "chat_sessions(session_id buyer_id agent_id assigned_at closed_at human)": [
            f"C1 {buyer} 样品店:小样 2024-03-01T02:00:20 2024-03-01T02:05:00 True",
            f"C2 {buyer} 样品店:小样 - 2024-03-02T01:01:00 False",
            f"C3 {buyer} - - 2024-03-03T01:01:00 False",
        ],
        "chat_ratings(rating_id session_id buyer_id agent_id rated_at score reason)": [
            f"C1 C1 {buyer} 样品店:小样 2024-03-01T02:06:00 bad attitude",
            f"C2 C2 {buyer} 样品店:小样 2024-03-02T01:01:00 5 -",
        ],
    }
FACTS |= {
    "kuaishou_reviews": {
        "reviews(review_id order_id quality logistics service text valid automatic)": [
            "R1 2406100000000001 5 5 4 很暖和 - False", "R2 2406100000000002 1 3 5 有磕碰 False False",
        ],
    },
    "douyin_reviews": {"reviews(order_id quality logistics text)": ["6920000001 5 5 好用", "6920000003 2 - 色差大"]},
    "taobao_reviews": {
        "reviews(order_id quality logistics service)": ["300000000000000011 5 4 5", "300000000000000012 2 - -"],
    },
    "jd_reviews": {"reviews(order_id reviewed_at quality)": [
        "2900001-100001 2024-03-06T02:00:00 5", "2900002-100003 2024-03-07T02:00:00 1",
    ]},
}  # fmt: skip


def bring(folder: Path, name: str, *, shop: str = "S1") -> Result:
    con = known()
    return Result(con, stage.stage(con, read.find([SAMPLES / f"{name}.csv"], shop=shop), folder / "out"))


def shown(value: object) -> str:
    return "-" if value is None else str(value).replace(" ", "T" if str(value)[:2] == "20" else "_")


def test_every_mapping_has_a_sample() -> None:
    assert {path.stem for path in SAMPLES.iterdir()} == {*mapping.shipped()} - NO_SAMPLE == {*FACTS}


@pytest.mark.parametrize("name", FACTS)
def test_a_sample_gives_these_facts(tmp_path: Path, name: str) -> None:
    """It is known by its headings alone."""
    result = bring(tmp_path, name)
    for head, rows in FACTS[name].items():
        table, columns = head.rstrip(")").split("(")
        found = result.rows(table, columns.replace(" ", ", "))
        assert sorted(" ".join(map(shown, row.values())) for row in found) == rows, head


def test_an_unknown_kind_goes_to_quarantine_and_an_unknown_reason_is_told(tmp_path: Path) -> None:
    result = bring(tmp_path / "a", "douyin_aftersales")
    why = "the mapping does not translate it; add it to the mapping's translate"
    assert result.bad() == [Bad(4, "cases", "7003", "售后类型", "上门取件", why)]
    told = [count.told for count in bring(tmp_path / "b", "kuaishou_aftersales").staged.counts if count.table == "cases"]
    assert told == [(("售后原因", "月饼不够圆", 1),)]


def test_a_message_without_a_number_has_one_made_of_it(tmp_path: Path) -> None:
    """The same words at the same time are the same message, also in another export, and of another shop another."""
    ids = [bring(tmp_path / place, "taobao_chats", shop=shop).column("messages", "message_id")
           for place, shop in (("a", "S1"), ("b", "S1"), ("c", "S2"))]  # fmt: skip
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 5
    assert not set(ids[0]) & set(ids[2])
    assert bring(tmp_path / "d", "jd_chats").column("messages", "message_id") == ["M1", "M2", "M3", "M4", "M5", "M6"]


def test_who_spoke_is_not_guessed(tmp_path: Path) -> None:
    [bad] = bring(tmp_path, "douyin_chats").bad()
    assert (bad.line, bad.column, bad.value) == (8, "发送方", "神秘人")


@pytest.mark.parametrize(
    "name", ["taobao_orders", "taobao_orders_2026", "jushuitan_orders", "jushuitan_details", "wangdiantong_outstock"]
)
def test_a_title_or_a_merchants_own_code_names_a_product_of_its_shop_alone(tmp_path: Path, name: str) -> None:
    """Two shops may sell the same title: their products are two. Orders name the product as the products do."""
    products = [{*bring(tmp_path / shop, name, shop=shop).column("products", "product_id")} for shop in ("S1", "S2")]
    assert products[0]
    assert not products[0] & products[1]
    assert {one.removeprefix("S1/") for one in products[0]} == {one.removeprefix("S2/") for one in products[1]}
    assert {*bring(tmp_path / "again", name).column("orders", "product_id")} == products[0]


def test_an_export_says_no_shop(tmp_path: Path) -> None:
    """The file's name can say it; else --shop must."""
    with pytest.raises(ImportRefused, match=r"kuaishou_orders\.csv does not say whose it is; name its shop with --shop"):
        bring(tmp_path, "kuaishou_orders", shop="")
    named = tmp_path / "甲店@订单.csv"
    named.write_bytes((SAMPLES / "kuaishou_orders.csv").read_bytes())
    [source] = read.find([named])
    assert source.shop == "甲店"


def test_a_columns_absence_is_not_emptiness(tmp_path: Path) -> None:
    """An older export without the waybill gives no parcels and claims no such column."""
    text = (SAMPLES / "kuaishou_orders.csv").read_text("utf-8-sig")
    (tmp_path / "older.csv").write_text(text.replace("快递单号", "旧列").replace("渠道", "旧渠道"), "utf-8")
    con = known()
    result = Result(con, stage.stage(con, read.find([tmp_path / "older.csv"], shop="S1"), tmp_path / "out"))
    assert set(result.staged.tables) == {"shops", "products", "orders"}
    [given] = [count.given for count in result.staged.counts if count.table == "orders"]
    assert "channel" not in given
    assert "paid_at" in given


def test_headings_are_matched_by_name_never_by_position(tmp_path: Path) -> None:
    """Columns in another order, with blanks and other brackets, give the same facts."""
    lines = (SAMPLES / "douyin_aftersales.csv").read_text("utf-8-sig").splitlines()
    turned = "\n".join(",".join(reversed(line.replace("1,028.90", "1028.90").replace('"', "").split(","))) for line in lines)
    (tmp_path / "turned.csv").write_text(turned.replace("商品单号", " 商品 单号 ").replace("（元）", "(元)"), "utf-8")
    con = known()
    result = Result(con, stage.stage(con, read.find([tmp_path / "turned.csv"], shop="S1"), tmp_path / "out"))
    assert result.column("cases", "case_id") == ["7001", "7002"]
    assert result.column("cases", "refund_fen") == [102890, 9900]
    assert result.column("cases", "order_id") == ["6920000001", "6920000003"]


def test_two_exports_of_the_same_orders_are_refused_together() -> None:
    with pytest.raises(ImportRefused, match="read the same orders, each in its own way, and would count them twice"):
        read.find([SAMPLES / "taobao_orders_2026.csv", SAMPLES / "taobao_order_details.csv"], shop="S1")


def test_a_prefix_keeps_platforms_apart(tmp_path: Path) -> None:
    """Every id has it, but the shop's and the waybill; an id that a spreadsheet destroyed still goes to quarantine."""
    rules = tmp_path / "mine.yaml"
    text = mapping.path_of("kuaishou_orders").read_text("utf-8")
    rules.write_text(text.replace("platform: kuaishou\n", "platform: kuaishou\nprefix: ks-\n", 1), "utf-8")
    rows = (SAMPLES / "kuaishou_orders.csv").read_text("utf-8-sig").replace("2406100000000004", "2.4061E+15")
    (tmp_path / "o.csv").write_text(rows, "utf-8")
    con = known()
    result = Result(con, stage.stage(con, read.find([tmp_path / "o.csv"], mapping=str(rules), shop="S1"), tmp_path / "out"))
    assert result.column("orders", "order_id") == [f"ks-240610000000000{n}" for n in (1, 2, 3)]
    assert result.column("orders", "product_id")[0] == "ks-77001"
    assert result.rows("parcels", "parcel_id, waybill, order_id")[0] == {
        "parcel_id": "ks-2406100000000001-SF0001", "waybill": "SF0001", "order_id": "ks-2406100000000001",
    }  # fmt: skip
    assert result.column("orders", "shop_id") == ["S1"] * 3
    assert {bad.value for bad in result.bad()} == {"2.4061E+15"}


def test_a_file_that_fits_no_mapping_says_which_is_near(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("订单号,订单创建时间,订单支付时间,订单状态,实付款,成交数量\n", "utf-8")
    with pytest.raises(ImportRefused, match='near the mapping "kuaishou_orders" but lacks 商品ID'):
        read.find([tmp_path / "x.csv"])
    with pytest.raises(ImportRefused, match='not what the mapping "kuaishou_orders" reads: it has no column "商品ID"'):
        read.find([tmp_path / "x.csv"], mapping="kuaishou_orders")


def test_several_fitting_mappings_are_named() -> None:
    both = [heading for name in ("kuaishou_orders", "kuaishou_parcels") for heading in pick.names(mapping.load(name))]
    with pytest.raises(ImportRefused, match=r"fit several mappings; choose with --mapping, one of: .*kuaishou_parcels"):
        pick.pick("x.csv", both)
