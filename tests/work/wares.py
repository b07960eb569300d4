"""A small market of four Kuaishou products, at T = 2024-06-30, whose figures a wrong reading would get wrong.

The quality refund rate over 30 days counts the payment days 05-17 to 06-15: P1 has 3/8, P2 0/1, P3 1/4, P9 (which no row of
`products` names) 1/2.
"""

import datetime as dt
from pathlib import Path

from tianping.periods import Period
from tianping.work.home import Home, open_home, set_scope

from .homes import bring, closed, table

T = dt.date(2024, 6, 30)
RATE = ("quality_refund_rate", "")
COUNT = ("quality_refund_count", "")
_PAID, _SIGNED = "2024-06-10 12:00:00", "2024-06-12 12:00:00"
_ORDERS = [  # order, shop, product, paid, risk_flagged, signed
    *((f"a{n}", "S1", "P1", _PAID, "true" if n == 5 else "", _SIGNED) for n in range(10) if n != 6),
    ("a6", "S1", "P1", _PAID, "", "2024-06-24 12:00:01"),  # signed a second after 14 days
    ("b0", "S1", "P2", "2024-06-15 23:59:59", "", "2024-06-17 12:00:00"),
    ("b1", "S1", "P2", "2024-06-16 00:00:00", "", "2024-06-17 12:00:00"),  # a day that is not final yet
    *((f"c{n}", "S2", "P3", _PAID, "", _SIGNED) for n in range(4)),
    *((f"d{n}", "S1", "P9", _PAID, "", _SIGNED) for n in range(2)),
]
_CASES = [  # case, order, kind, reason, reason_now, words, text, requested
    ("k0", "a0", "refund_only", "quality", "", "质量问题", "两天就坏", "2024-06-24 12:00:00"),  # 14 days to the second
    ("k1", "a1", "refund_only", "quality", "", "质量问题", "晚了一秒", "2024-06-24 12:00:01"),
    ("k2", "a2", "return_refund", "not_as_described", "not_wanted", "描述不符", "颜色不对", "2024-06-15 09:00:00"),
    ("k3", "a3", "refund_only", "seven_days", "", "七天无理由", "不合适", "2024-06-13 09:00:00"),
    ("k4", "a3", "refund_only", "quality", "", "质量问题", "第二次才说质量", "2024-06-14 09:00:00"),
    ("k5", "a4", "exchange", "quality", "", "质量问题", "先换货", "2024-06-13 09:00:00"),
    ("k6", "a4", "refund_only", "quality", "", "质量问题", "", "2024-06-16 09:00:00"),
    ("k7", "a5", "refund_only", "quality", "", "质量问题", "风控单", "2024-06-13 09:00:00"),
    ("k8", "a6", "refund_only", "quality", "", "质量问题", "签收太晚", "2024-06-13 09:00:00"),
    ("k9", "b1", "refund_only", "damaged", "", "破损", "盒子烂了", "2024-06-29 23:59:59"),
    ("k10", "b0", "refund_only", "quality", "", "质量问题", "统计日才申请", "2024-06-30 00:00:00"),
    ("k11", "c0", "refund_only", "quality", "", "质量问题", "别家的退款", "2024-06-13 09:00:00"),
    ("k12", "d0", "refund_only", "quality", "", "质量问题", "没有商品资料", "2024-06-13 09:00:00"),
]
_REVIEWS = [  # review, order, reviewed, stars, text, valid, automatic, overturned
    ("r1", "a7", "2024-06-29 23:59:59", (1, 1, 1), "差到底", "", "", ""),
    ("r2", "a8", "2024-06-30 00:00:00", (1, 1, 1), "明天的话", "", "", ""),
    ("r3", "a9", "2024-06-20 12:00:00", (5, 5, 5), "系统默认好评", "", "true", ""),
    ("r4", "a9", "2024-06-20 12:00:00", (1, 1, 1), "隐藏的话", "false", "", ""),
    ("r5", "a1", "2024-06-18 12:00:00", (1, 1, 1), "恶意的话", "", "", "2024-06-20 12:00:00"),
    ("r6", "a2", "2024-06-18 12:00:00", (2, 2, 3), "还没撤销", "", "", "2024-06-30 00:00:00"),
    ("r7", "a3", "2024-06-20 12:00:00", (5, 5, 5), "很好", "", "", ""),
    ("r8", "a4", "2024-05-31 00:00:00", (2, 2, 2), "正好在内", "", "", ""),
    ("r9", "a5", "2024-05-30 23:59:59", (1, 1, 1), "早了一秒评", "", "", ""),
    ("r10", "a0", "2024-06-21 12:00:00", (1, 1, 1), "", "", "", ""),
    ("r11", "c0", "2024-06-20 12:00:00", (1, 1, 1), "别家的评价", "", "", ""),
]


def wares(folder: Path) -> Home:
    """The home, closed as of T."""
    home = open_home(folder, create=True)
    products = [("P1", "S1", "红裙子", "服饰", "女装", "连衣裙"), ("P2", "S1", "=蓝裙子", "服饰", "女装", "半身裙")]
    products += [("P3", "S2", "别家裙子", "服饰", "女装", "连衣裙"), ("P4", "S1", "没有订单", "服饰", "男装", "裤")]
    bring(
        home,
        {
            "shops": table("shop_id,platform,name", ("S1", "kuaishou", "一号店"), ("S2", "kuaishou", "二号店")),
            "products": table("product_id,shop_id,title,category_l1,category_l2,category_l3", *products),
            "orders": table(
                "order_id,shop_id,product_id,created_at,paid_at,risk_flagged,buyer_id,channel",
                *((o, s, p, at, at, risk, "买家甲", "self_built") for o, s, p, at, risk, _ in _ORDERS),
            ),
            "parcels": table(
                "parcel_id,order_id,shipped_at,signed_at", *((f"w-{o}", o, at, signed) for o, _, _, at, _, signed in _ORDERS)
            ),
            "cases": table("case_id,order_id,kind,reason,reason_now,reason_words,reason_text,requested_at", *_CASES),
            "reviews": table(
                "review_id,order_id,reviewed_at,quality,logistics,service,text,valid,automatic,overturned_at",
                *((r, o, at, *stars, *rest) for r, o, at, stars, *rest in _REVIEWS),
            ),
        },
        covers=Period(dt.date(2024, 3, 1), T),
    )
    set_scope(home, "market")
    closed(home, T)
    return home
