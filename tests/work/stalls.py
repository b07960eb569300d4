"""Made-up shops whose figures a wrong reading would get wrong, at T = 2024-06-30, closed also the day before.

Kuaishou's quality refund rate over 30 days counts the payment days 05-17 to 06-15. 甲店 (A) has 4/15 in clothing, its main
category, and 0/10 elsewhere; 乙店 (B) has 0/15 in clothing: industry 4/30, so A stands at exactly twice. The day before, when
06-15 was not final, A had 1/12 in clothing and 0/11 elsewhere. 丙店 (C) is known by name only. 丁店 (D) is Douyin's.
"""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

from tianping.periods import Period
from tianping.work.home import Home, open_home, set_scope

from .homes import bring, closed, table

T = dt.date(2024, 6, 30)
_DAY = "2024-06-10 12:00:00"
_LAST = "2024-06-15 23:59:59"
_Row = tuple[object, ...]
PRODUCTS = (
    ("PA", "A", "红裙子", "服饰", "女装", "连衣裙"), ("PH", "A", "收纳箱", "家居", "收纳", ""),
    ("PAB", "B", "没卖过的裙子", "服饰", "女装", "连衣裙"),
    ("PB", "B", "别家裙子", "服饰", "女装", "连衣裙"), ("PD", "D", "面霜", "美妆", "", ""),
)  # fmt: skip


def _orders() -> Iterator[_Row]:
    """order, shop, product, paid, promised, signed."""
    soon = "2024-06-17 12:00:00"
    yield from ((f"a{n}", "A", "PA", _DAY, "", "2024-06-24 12:00:00") for n in range(12))  # signed at 14 days to the second
    yield "late", "A", "PA", _DAY, "", "2024-06-24 12:00:01"
    yield from ((f"l{n}", "A", "PA", _LAST, "", soon) for n in range(3))
    yield "next", "A", "PA", "2024-06-16 00:00:00", "", soon
    yield from ((f"h{n}", "A", "PH", _DAY, "", soon) for n in range(9))
    yield "first", "A", "PH", "2024-05-17 00:00:00", "", "2024-05-20 12:00:00"
    yield "before", "A", "PH", "2024-05-16 23:59:59", "", "2024-05-20 12:00:00"
    yield from ((f"b{n}", "B", "PB", _DAY, "", soon) for n in range(15))
    yield from ((f"d{n}", "D", "PD", "2024-06-01 12:00:00", "2024-06-29 12:00:00", "") for n in range(3))


CASES = (  # case, order, kind, reason, reason_now, text, requested
    ("k0", "a0", "refund_only", "quality", "", "两天就坏", "2024-06-24 12:00:00"),  # 14 days after payment to the second
    ("k1", "a1", "refund_only", "quality", "", "晚了一秒", "2024-06-24 12:00:01"),
    ("k2", "l0", "return_refund", "damaged", "not_wanted", "盒子烂了", "2024-06-18 12:00:00"),
    ("k3", "l1", "refund_only", "quality", "", "又坏了", "2024-06-18 12:00:00"),
    ("k4", "l2", "refund_only", "not_as_described", "", "颜色不对", "2024-06-18 12:00:00"),
    ("k5", "next", "refund_only", "quality", "", "还没定", "2024-06-18 12:00:00"),
    ("k6", "h0", "exchange", "quality", "", "换货不算", "2024-06-18 12:00:00"),
    ("k7", "late", "refund_only", "quality", "", "签收太晚", "2024-06-18 12:00:00"),
)
REVIEWS = (  # review, order, reviewed, stars
    ("r0", "a0", "2024-06-23 23:59:59", (2, 2, 2)),  # on the last of the 14 days; six stars are negative
    ("r1", "a1", "2024-06-24 00:00:00", (1, 1, 1)),
    ("r2", "a2", "2024-06-20 12:00:00", (2, 2, 3)),
    ("r3", "d0", "2024-05-31 00:00:00", (4, 5, 3)),
    ("r4", "d1", "2024-06-29 23:59:59", (3, 5, 5)),
    ("r5", "d2", "2024-06-30 00:00:00", (5, 5, 5)),
    ("r6", "d2", "2024-06-29 12:00:00", (5, 5, 4)),
)


def stalls(folder: Path, *, market: bool = True) -> Home:
    """The home, closed as of T and the day before."""
    home = open_home(folder, create=True)
    if market:
        set_scope(home, "market")
    shops = [("A", "kuaishou", "甲店", "服饰"), ("B", "kuaishou", "乙店", "服饰"), ("D", "douyin", "丁店", "美妆")]
    shipped = {"d0": "2024-06-29 12:00:00", "d1": "2024-06-29 12:00:01"}  # promised for the first of these seconds
    parcels = [(f"w-{o}", o, shipped.get(str(o), at), signed) for o, _, _, at, _, signed in _orders() if o != "d2"]
    bring(
        home,
        {
            "shops": table("shop_id,platform,name,main_category", *shops),
            "products": table("product_id,shop_id,title,category_l1,category_l2,category_l3", *PRODUCTS),
            "orders": table(
                "order_id,shop_id,product_id,created_at,paid_at,promised_ship_at,buyer_id,channel,risk_flagged,presale",
                *(
                    (o, s, p, at, at, promised, "买家甲", "self_built", "false", "false")
                    for o, s, p, at, promised, _ in _orders()
                ),
            ),
            "parcels": table("parcel_id,order_id,shipped_at,signed_at", *parcels),
            "cases": table("case_id,order_id,kind,reason,reason_now,reason_text,requested_at", *CASES),
            "reviews": table(
                "review_id,order_id,reviewed_at,quality,logistics,service,text",
                *((review, o, at, *stars, f"写了{review}") for review, o, at, stars in REVIEWS),
            ),
        },
        covers=Period(dt.date(2024, 3, 1), T),
    )
    bring(home, {"shops": table("shop_id,platform,name", ("C", "kuaishou", "丙店"))}, hour=1)
    for date in (T - dt.timedelta(days=1), T):
        closed(home, date)
    return home


def crowd(folder: Path, *, shops: int = 200) -> Home:
    """Many shops of Kuaishou with twelve signed orders each: the last five with eight quality refunds (66.7 %, over ten times
    the benchmark of 5 %), the twenty before them with four (over five times), the others without."""
    home = open_home(folder, create=True)
    set_scope(home, "market")
    names = [f"S{number:03}" for number in range(shops)]
    refunds = {name: 8 if number >= shops - 5 else 4 if number >= shops - 25 else 0 for number, name in enumerate(names)}
    orders = [(f"{name}-{n}", name, f"P-{name}") for name in names for n in range(12)]
    bring(
        home,
        {
            "shops": table("shop_id,platform,name,main_category", *((name, "kuaishou", f"店{name}", "服饰") for name in names)),
            "products": table("product_id,shop_id,title,category_l1", *((f"P-{name}", name, "裙子", "服饰") for name in names)),
            "orders": table(
                "order_id,shop_id,product_id,created_at,paid_at,risk_flagged,channel",
                *((*each, _DAY, _DAY, "false", "self_built") for each in orders),
            ),
            "parcels": table(
                "parcel_id,order_id,shipped_at,signed_at",
                *((f"w-{order}", order, _DAY, "2024-06-12 12:00:00") for order, _, _ in orders),
            ),
            "cases": table(
                "case_id,order_id,kind,reason,requested_at",
                *(
                    (f"k-{s}-{n}", f"{s}-{n}", "refund_only", "quality", "2024-06-13 12:00:00")
                    for s in names
                    for n in range(refunds[s])
                ),
            ),
        },
        covers=Period(dt.date(2024, 3, 1), T),
    )
    closed(home, T)
    return home
