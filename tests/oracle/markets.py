"""Small made-up markets full of boundaries, for hypothesis (`markets()`) or from a seed (`seeded`).

Everything is chosen through one function, `pick(n)`, an integer 0..n-1; 0 is the plainest choice, so that hypothesis shrinks
towards few, plain rows. Times are drawn from short tables of moments at which some rule turns, and a second either side.
"""

import datetime as dt
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

Pick = Callable[[int], int]
Wall = dt.datetime
Row = dict[str, Any]
T = TypeVar("T")

HOME_ZONE = "Asia/Shanghai"
HOUR, DAY = 3600, 86_400
FORTNIGHT = 14 * DAY

# Month ends, a leap day, the change of KS-M01, and days around clock changes at midnight (Sao Paulo 2018, Santiago 2023-24).
DATES = tuple(
    dt.date.fromisoformat(day)
    for day in (
        "2024-03-01", "2023-01-01", "2022-12-31", "2024-01-01", "2023-09-03", "2023-09-04", "2023-09-17", "2024-04-07",
        "2024-04-08", "2024-04-21", "2018-11-04", "2018-11-05", "2018-11-18", "2018-02-18", "2018-03-04",
    )
)  # fmt: skip
ZONES = (None, HOME_ZONE, "America/Sao_Paulo", "America/Santiago", "America/Bogota")

# Whole days before T where some window begins or ends: lags 1, 3, 14, 15 and widths 1, 7, 30, 60.
NEAR_DAYS = (1, 2, 3, 14, 15, 16, 4)
EDGE_DAYS = (1, 3, 14, 15, 2, 14, 15, 4, 7, 8, 9, 10, 13, 16, 20, 21, 22, 30, 31, 32, 33, 43, 44, 45, 60, 61, 74, 75, 0)
CLOCK = (12 * HOUR, 0, 1, DAY - 1, 8 * HOUR, 8 * HOUR - 1, 8 * HOUR + 1)
SECOND = (0, -1, 1)

CATEGORIES = (
    ("Clothing", "Women", "Dresses"), ("Shoes", "Women", "Dresses"), ("Clothing", "Men", "Dresses"),
    ("Clothing", "Women", None), ("Clothing", None, None), (None, None, None),
)  # fmt: skip
CHANNELS = ("self_built", "flash", "auction", "distribution", "other", None)
KINDS = ("refund_only", "return_refund", "exchange", "reissue", "repair")
REASONS = ("quality", "not_wanted", "damaged", "counterfeit", "not_as_described", "wrong_item", "other")
STARS = (
    (5, 5, 5), (2, 2, 2), (2, 2, 3), (1, 1, 5), (4, 1, 1), (1, None, 1), (None, 2, 2), (3, 3, None), (1, 1, 1), (2, 3, 1),
)  # fmt: skip
STATES = (None, True, False)
GAPS = (30, 0, 1, 179, 180, 181, 299, 300, 301, HOUR, 12 * HOUR, DAY)


class Market(NamedTuple):
    """The arguments of `figures`: fact tables of rows with wall times, T, more window widths."""

    facts: dict[str, list[Row]]
    date: dt.date
    days: tuple[int, ...]


class Size(NamedTuple):
    """The most there is of each."""

    orders: int = 8
    buyers: int = 3
    messages: int = 8
    views: int = 8
    videos: int = 3
    plays: int = 5


SMALL = Size()


class Shop(NamedTuple):
    """A shop as the draws need it."""

    shop_id: str
    zone: str


class Trade(NamedTuple):
    """What a platform's markets have of their own: days of T, days before T where its windows turn, and more rows."""

    platform: str = "kuaishou"
    dates: tuple[dt.date, ...] = DATES
    edges: tuple[int, ...] = EDGE_DAYS
    more: Callable[["Maker", list[Shop]], None] | None = None


KUAISHOU = Trade()


@dataclass
class Maker:
    """Draws one market. `prefix` keeps the ids of several markets apart."""

    pick: Pick
    date: dt.date
    size: Size = SMALL
    prefix: str = ""
    trade: Trade = KUAISHOU
    facts: dict[str, list[Row]] = field(default_factory=dict)

    # --- drawing

    def one_of(self, options: Sequence[T]) -> T:
        return options[self.pick(len(options))]

    def mostly(self, usual: T, others: Sequence[T], *, out_of: int = 6) -> T:
        """`usual`, but once in `out_of` one of `others`."""
        return self.one_of(others) if self.pick(out_of) == out_of - 1 else usual

    def flag(self, *, out_of: int = 6) -> bool | None:
        """False or empty, but once in `out_of` true."""
        return self.mostly(None, (True, True, False), out_of=out_of)

    def new_id(self, table: str, letter: str) -> str:
        """Ids of one length whose order is not the order of making, so that ties do not break by chance."""
        number = len(self.facts.setdefault(table, [])) + 1
        return f"{self.prefix}{letter}{number * 7919 % 997:03d}"

    def add(self, table: str, **row: Any) -> Row:
        self.facts.setdefault(table, []).append(row)
        return row

    # --- moments

    def edge(self, days: Sequence[int] = ()) -> Wall:
        """A day that matters to some window, at an hour that matters to some rule."""
        back, clock = self.one_of(days or self.trade.edges), self.one_of(CLOCK)
        return dt.datetime.combine(self.date, dt.time()) - dt.timedelta(days=back) + dt.timedelta(seconds=clock)

    def around(self, zone: str, *moments: tuple[Wall | None, int]) -> Wall | None:
        """One of the moments (a time and seconds after it), or a second either side; None where that time is missing."""
        start, seconds = self.one_of(moments)
        return None if start is None else after(start, seconds + self.one_of(SECOND), zone)

    def not_before(self, start: Wall, zone: str, *moments: tuple[Wall | None, int]) -> Wall | None:
        """As `around`, or an edge day; None sometimes, and never before `start`."""
        choice = self.pick(5)
        if choice == 0:
            return None
        found = self.edge((*NEAR_DAYS, 0)) if choice == 1 else self.around(zone, *moments)
        return found if found is None or found >= start else after(start, self.one_of(GAPS), zone)


def after(start: Wall, seconds: int, zone: str) -> Wall:
    """The wall time that many seconds later, by the instants."""
    instant = start.replace(tzinfo=ZoneInfo(zone)).astimezone(dt.UTC) + dt.timedelta(seconds=seconds)
    return instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)


def draw(pick: Pick, *, size: Size = SMALL, date: dt.date | None = None, prefix: str = "", trade: Trade = KUAISHOU) -> Market:
    """One market, by way of `pick`."""
    day = trade.dates[pick(len(trade.dates))] if date is None else date
    maker = Maker(pick=pick, date=day, size=size, prefix=prefix, trade=trade)
    shops = _shops(maker)
    products = _products(maker, shops)
    for _ in range(pick(size.orders + 1)):
        _order(maker, maker.one_of(shops), maker.one_of(products))
    for _ in range(pick(size.buyers + 1)):
        _talk(maker, maker.one_of(shops))
    _live(maker, shops)
    _videos(maker, shops)
    if trade.more:
        trade.more(maker, shops)
    as_text = pick(4) == 3
    facts = {table: [_texts(row) for row in rows] if as_text else rows for table, rows in maker.facts.items()}
    return Market(facts, day, maker.one_of(((), (3,), (2, 14))))


def markets(size: Size = SMALL, trade: Trade = KUAISHOU) -> st.SearchStrategy[Market]:
    """Markets for hypothesis."""

    @st.composite
    def strategy(draw_from: st.DrawFn) -> Market:
        return draw(lambda n: draw_from(st.integers(0, n - 1)), size=size, trade=trade)

    return strategy()


def crowd(seeds: Sequence[int], *, date: dt.date, days: tuple[int, ...] = (3,), trade: Trade = KUAISHOU) -> Market:
    """The markets of many seeds side by side, the ids of each beginning with its seed: one call instead of many."""
    facts: dict[str, list[Row]] = {}
    for seed in seeds:
        for table, rows in seeded(seed, date=date, prefix=f"{seed}-", trade=trade).facts.items():
            facts.setdefault(table, []).extend(_texts(row) for row in rows)
    return Market(facts, date, days)


def seeded(seed: int, *, size: Size = SMALL, date: dt.date | None = None, prefix: str = "", trade: Trade = KUAISHOU) -> Market:
    """The market of a seed: no shrinking, but many in little time."""
    return draw(random.Random(seed).randrange, size=size, date=date, prefix=prefix, trade=trade)


def _texts(row: Row) -> Row:
    return {column: value.isoformat(" ") if isinstance(value, dt.datetime) else value for column, value in row.items()}


def _shops(maker: Maker) -> list[Shop]:
    """Shops of the platform, in several zones; some on another platform, some named by nobody's list."""
    shops = []
    for number in range(1 + maker.pick(3)):
        shop_id = f"{maker.prefix}S{3 - number}"
        zone = maker.one_of(ZONES)
        if maker.pick(8) == 7:
            zone = None
        else:
            other = "taobao" if maker.trade.platform != "taobao" else "tmall"
            platform = maker.mostly(maker.trade.platform, (other,), out_of=8)
            maker.add("shops", shop_id=shop_id, platform=platform, timezone=zone)
        shops.append(Shop(shop_id, zone or HOME_ZONE))
    return shops


def _products(maker: Maker, shops: list[Shop]) -> list[str]:
    """Products with and without a category; one may be named by orders only."""
    made = []
    for number in range(1 + maker.pick(4)):
        product_id = f"{maker.prefix}P{number}"
        made.append(product_id)
        if maker.pick(8) < 7:
            levels = dict(zip(("category_l1", "category_l2", "category_l3"), maker.one_of(CATEGORIES), strict=True))
            shop = maker.one_of(shops).shop_id
            maker.add("products", product_id=product_id, shop_id=shop, virtual=maker.flag(out_of=5), **levels)
    return made


# --- Orders and what hangs on them


def _order(maker: Maker, shop: Shop, product_id: str) -> None:
    zone = shop.zone
    paid = maker.edge()
    created = after(paid, -maker.one_of((0, 1, HOUR)), zone)
    promised = maker.not_before(created, zone, (paid, 2 * DAY), (paid, DAY), (_midnight(maker, 1), 0), (_midnight(maker, 7), 0))
    order_id = maker.new_id("orders", "O")
    maker.add(
        "orders",
        order_id=order_id,
        shop_id=shop.shop_id,
        product_id=product_id,
        buyer_id=f"{maker.prefix}B{maker.pick(3)}",
        channel=maker.mostly("self_built", CHANNELS, out_of=3),
        created_at=created,
        paid_at=None if maker.pick(8) == 7 else paid,
        promised_ship_at=promised,
        presale=maker.flag(),
        cod=maker.flag(),
        risk_flagged=maker.flag(),
        closed_at=maker.around(zone, (promised, 0), (paid, HOUR), (_midnight(maker, 0), 0)) if maker.pick(4) == 3 else None,
    )
    shipped = [_parcel(maker, order_id, zone, paid, promised) for _ in range(maker.one_of((1, 1, 0, 2, 3)))]
    requested: Wall | None = None
    for _ in range(maker.one_of((0, 1, 2, 3))):
        requested = _case(maker, order_id, zone, paid, promised, requested, *shipped)
    reviewed: Wall | None = None
    for _ in range(maker.one_of((0, 1, 2, 3))):
        reviewed = _review(maker, order_id, zone, paid, reviewed)


def _midnight(maker: Maker, back: int) -> Wall:
    return dt.datetime.combine(maker.date, dt.time()) - dt.timedelta(days=back)


def _parcel(maker: Maker, order_id: str, zone: str, paid: Wall, promised: Wall | None) -> tuple[Wall, Wall | None]:
    """An outbound parcel (a returned one sometimes); its shipping and pickup."""
    moments = (
        (paid, 2 * DAY),
        (promised, 0),
        (paid, HOUR),
        (_midnight(maker, 0), 0),
        (_midnight(maker, 1), 0),
        (_midnight(maker, 8), 0),
    )
    shipped = maker.around(zone, *moments) or maker.edge()
    if shipped < paid:
        shipped = after(paid, maker.one_of((HOUR, DAY)), zone)
    collected = maker.not_before(after(shipped, -60, zone), zone, (shipped, DAY), (shipped, HOUR), (shipped, 0))
    signed = maker.not_before(shipped, zone, (paid, FORTNIGHT), (shipped, DAY), (_midnight(maker, 0), 0))
    maker.add(
        "parcels",
        parcel_id=maker.new_id("parcels", "K"),
        order_id=maker.mostly(order_id, ("nowhere",), out_of=20),
        direction=maker.mostly("out", ("back",), out_of=8),
        shipped_at=shipped,
        collected_at=collected,
        signed_at=signed,
        fake=maker.flag(),
    )
    return shipped, collected


def _case(
    maker: Maker,
    order_id: str,
    zone: str,
    paid: Wall,
    promised: Wall | None,
    earlier: Wall | None,
    *parcels: tuple[Wall, Wall | None],
) -> Wall:
    """A case of any kind; returns when it was requested."""
    requested = _request(maker, zone, paid, promised, earlier, parcels)

    def later(start: Wall, *moments: tuple[Wall | None, int]) -> Wall | None:
        return maker.not_before(
            start, zone, *moments, (start, HOUR), (start, DAY), (_midnight(maker, 0), 0), (_midnight(maker, 1), 0)
        )

    def by_then(odds: int) -> Wall | None:
        return later(requested) if maker.pick(odds) == odds - 1 else None

    answered, agreed = by_then(2), by_then(2)
    waybill, signed = by_then(2), by_then(3)
    reason = maker.one_of(REASONS)
    maker.add(
        "cases",
        case_id=maker.new_id("cases", "C"),
        order_id=order_id,
        kind=maker.mostly(maker.one_of(KINDS[:2]), KINDS),
        reason=reason,
        reason_now=maker.mostly(None, REASONS, out_of=3),
        requested_at=requested,
        answered_at=answered,
        answer=maker.one_of(("agreed", "refused", "refused", None)) if answered else None,
        agreed_at=agreed,
        waybill_at=waybill,
        return_signed_at=signed,
        received_at=maker.around(zone, (signed, HOUR), (signed, DAY), (requested, 3 * DAY))
        if signed and maker.pick(4)
        else None,
        ended_at=later(requested),
        outcome=maker.one_of(("refunded", "closed", None)),
        escalated_at=by_then(3),
        escalated_by=maker.one_of(("buyer", "seller", None)),
        **_judgement(maker, requested, later),
        **_praise(maker, requested, later),
    )
    return requested


def _request(
    maker: Maker,
    zone: str,
    paid: Wall,
    promised: Wall | None,
    earlier: Wall | None,
    parcels: Sequence[tuple[Wall, Wall | None]],
) -> Wall:
    """When a case is requested: on some edge of payment, promise, shipping or pickup, or together with the earlier case."""
    if earlier is not None and maker.pick(4) == 0:
        return earlier
    moments: list[tuple[Wall | None, int]] = [
        (paid, FORTNIGHT),
        (paid, HOUR),
        (paid, 2 * DAY),
        (promised, 0),
        (_midnight(maker, 0), 0),
    ]
    for shipped, collected in parcels:
        moments += [(shipped, 0), (shipped, DAY), (collected, 0), (shipped, HOUR)]
    found = maker.edge(NEAR_DAYS) if maker.pick(4) == 0 else maker.around(zone, *moments)
    return found or after(paid, -HOUR, zone)


Later = Callable[..., Wall | None]


def _judgement(maker: Maker, requested: Wall, later: Later) -> Row:
    judged = later(requested) if maker.pick(3) else None
    overturned = later(requested) if judged and maker.pick(3) == 2 else None
    liability = maker.one_of(("seller", "both", "buyer", "none", None)) if judged else None
    return {"judged_at": judged, "liability": liability, "overturned_at": overturned}


def _praise(maker: Maker, requested: Wall, later: Later) -> Row:
    last_day = dt.datetime.combine(requested.date(), dt.time()) + dt.timedelta(days=14)
    rated = later(requested, (last_day, 0), (last_day, 0)) if maker.pick(2) else None
    return {"rated_at": rated, "rating": maker.one_of((5, 4, 3, 1)) if rated else None}


def _review(maker: Maker, order_id: str, zone: str, paid: Wall, earlier: Wall | None) -> Wall:
    """A review near the ends of the fourteen calendar days, or together with the earlier one; returns when."""
    first_day = dt.datetime.combine(paid.date(), dt.time())
    moments = ((first_day, DAY), (first_day, 14 * DAY), (first_day, 0), (_midnight(maker, 0), 0), (_midnight(maker, 1), 0))
    reviewed = maker.around(zone, *moments) if maker.pick(4) else maker.edge()
    if reviewed is None or (earlier is not None and maker.pick(4) == 0):
        reviewed = earlier or paid
    quality, logistics, service = maker.one_of(STARS)
    maker.add(
        "reviews",
        review_id=maker.new_id("reviews", "R"),
        order_id=order_id,
        reviewed_at=reviewed,
        quality=quality,
        logistics=logistics,
        service=service,
        valid=maker.mostly(None, (True, False, False), out_of=3),
        automatic=maker.flag(),
        overturned_at=maker.around(zone, (_midnight(maker, 0), 0), (reviewed, HOUR)) if maker.pick(5) == 4 else None,
    )
    return reviewed


# --- Chats, live rooms, videos


def _talk(maker: Maker, shop: Shop) -> None:
    """One buyer's messages and ratings; buyers of one name may talk to several shops."""
    buyer_id = f"{maker.prefix}B{maker.pick(3)}"
    said = _speech_start(maker, shop.zone)
    for _ in range(maker.pick(maker.size.messages + 1)):
        maker.add(
            "messages",
            message_id=maker.new_id("messages", "M"),
            shop_id=shop.shop_id,
            buyer_id=buyer_id,
            session_id=maker.one_of((None, "X1", "X2")),
            sent_at=said,
            sender=maker.one_of(("buyer", "agent", "buyer", "bot", "system")),
        )
        said = after(said, maker.one_of(GAPS), shop.zone)
    rated = said
    for _ in range(maker.one_of((0, 1, 2, 3))):
        rated = rated if maker.pick(4) == 3 else maker.one_of((said, maker.edge()))
        maker.add(
            "chat_ratings",
            rating_id=maker.new_id("chat_ratings", "G"),
            shop_id=shop.shop_id,
            buyer_id=buyer_id,
            rated_at=rated,
            score=maker.one_of(("good", "bad", "neutral", "5", "4", "3", "2", "1")),
            reason=maker.one_of((None, "attitude", "slow", "attitude")),
        )


def _speech_start(maker: Maker, zone: str) -> Wall:
    day = _midnight(maker, maker.one_of((1, 1, 2, 7, 8, 30, 31)))
    clock = maker.one_of((8 * HOUR, 12 * HOUR, 8 * HOUR - 1, 8 * HOUR - 30, DAY - 1, DAY - 180, DAY - 300, DAY - 30, 0))
    return after(day + dt.timedelta(seconds=clock), 0, zone)


def _live(maker: Maker, shops: list[Shop]) -> None:
    """Views of two rooms, each of one shop, by two users."""
    rooms = [maker.one_of(shops), maker.one_of(shops)]
    viewed = maker.edge()
    for _ in range(maker.pick(maker.size.views + 1)):
        room = maker.pick(2)
        viewed = viewed if maker.pick(3) == 0 else maker.edge()
        maker.add(
            "live_views",
            view_id=maker.new_id("live_views", "V"),
            room_id=f"{maker.prefix}L{room}",
            user_id=f"U{maker.pick(2)}",
            shop_id=rooms[room].shop_id,
            viewed_at=viewed,
            seconds=maker.one_of((5, 4, 6, 0, 600)),
            reported=maker.flag(out_of=4),
        )


def _videos(maker: Maker, shops: list[Shop]) -> None:
    for number in range(maker.pick(maker.size.videos + 1)):
        shop = maker.one_of(shops)
        video_id = f"{maker.prefix}W{number}"
        looked = maker.edge() if maker.pick(4) else None
        maker.add(
            "videos",
            video_id=video_id,
            shop_id=shop.shop_id,
            published_at=_midnight(maker, 90),
            duration_s=maker.one_of((7, 8, 3, 2, 4, 30)),
            near_pro=maker.one_of(STATES),
            with_product=maker.one_of(STATES),
            look_reviewed_at=looked,
            look_grade=maker.one_of(("poor", "fair", "good", None)) if looked else None,
        )
        played = maker.edge()
        for _ in range(maker.pick(maker.size.plays + 1)):
            played = played if maker.pick(3) == 0 else maker.edge()
            maker.add(
                "video_plays",
                play_id=maker.new_id("video_plays", "Y"),
                video_id=maker.mostly(video_id, ("nowhere",), out_of=20),
                user_id=f"U{maker.pick(2)}",
                played_at=played,
                watched_s=maker.one_of((7, 6, 8, 3, 2, 4, 30, 0)),
            )
