"""The facts as of T, by the reading rules of the specification (README.md), in plain Python.

Written from the specification only. Slow on purpose: every rule is a loop over rows that a person can check by reading.
Instants are aware datetimes in UTC; days are whole days of the shop's zone.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

Facts = Mapping[str, Sequence[Mapping[str, object]] | None]

HOME_ZONE = "Asia/Shanghai"
REFUNDS = ("refund_only", "return_refund")
REPLIES = ("agent", "bot")

# Rule 1: what came with a time goes when the time goes.
CAME_WITH = {
    "answered_at": ("answer",),
    "ended_at": ("outcome", "refund_fen"),
    "judged_at": ("liability",),
    "rated_at": ("rating",),
    "look_reviewed_at": ("look_grade",),
    "closed_at": ("close_reason",),
}


class Row(dict[str, Any]):
    """One row; a column that is absent is empty."""

    def __missing__(self, column: str) -> None:
        return None


@dataclass(frozen=True, slots=True)
class World:
    """What was known of one platform's shops before 00:00 of `date`. Rows carry their shop's `zone`.

    Parcels (outbound), cases, reviews (those that count) and complaints carry their `order`, plays their `video`.
    """

    date: dt.date
    orders: list[Row]
    parcels: list[Row]
    cases: list[Row]
    reviews: list[Row]
    messages: list[Row]
    ratings: list[Row]
    sessions: list[Row]
    shifts: list[Row]
    complaints: list[Row]
    views: list[Row]
    videos: list[Row]
    plays: list[Row]


def instant(value: object, zone: str) -> dt.datetime | None:
    """A wall time of `zone` as an instant. Of a time that comes twice the first, a skipped one moves forward."""
    if value is None:
        return None
    wall = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    assert isinstance(wall, dt.datetime)
    return wall.replace(tzinfo=ZoneInfo(zone)).astimezone(dt.UTC)


def wall(at: dt.datetime, zone: str) -> dt.datetime:
    """The instant on the shop's clock."""
    return at.astimezone(ZoneInfo(zone))


def look(facts: Facts, *, date: dt.date, platform: str) -> World:
    """The world as of T = `date`, of one platform."""
    shops = _shops(facts, platform)
    products = {row["product_id"]: row for row in _rows(facts, "products")}

    def of_shop(table: str) -> list[Row]:
        rows = [row for row in _rows(facts, table) if row["shop_id"] in shops]
        return [_as_of(row, shops[row["shop_id"]], date) for row in rows]

    orders = of_shop("orders")
    by_order = {order["order_id"]: order for order in orders}
    parcels = [parcel for parcel in _hang(facts, "parcels", "order", by_order, date) if _counts_as_outbound(parcel)]
    cases = [case for case in _hang(facts, "cases", "order", by_order, date) if case["requested_at"]]
    reviews = [review for review in _hang(facts, "reviews", "order", by_order, date) if _review_counts(review)]
    for order in orders:
        _complete(order, products.get(order["product_id"], Row()), parcels, cases, reviews)
    videos = of_shop("videos")
    by_video = {video["video_id"]: video for video in videos}
    return World(
        date=date,
        orders=orders,
        parcels=parcels,
        cases=cases,
        reviews=reviews,
        messages=[message for message in of_shop("messages") if message["sent_at"]],
        ratings=[rating for rating in of_shop("chat_ratings") if rating["rated_at"]],
        sessions=[session for session in of_shop("chat_sessions") if session["opened_at"]],
        shifts=[shift for shift in of_shop("agent_shifts") if shift["online_at"]],
        complaints=[made for made in _hang(facts, "complaints", "order", by_order, date) if made["complained_at"]],
        views=[view for view in of_shop("live_views") if view["viewed_at"]],
        videos=videos,
        plays=[play for play in _hang(facts, "video_plays", "video", by_video, date) if play["played_at"]],
    )


def _rows(facts: Facts, table: str) -> list[Row]:
    return [Row(row) for row in facts.get(table) or ()]


def _shops(facts: Facts, platform: str) -> dict[str, str]:
    """Zone by shop, of the shops of `platform`. A shop that is only named is taken for one of them."""
    listed = {row["shop_id"]: row for row in _rows(facts, "shops")}
    for table in ("orders", "messages", "chat_ratings", "chat_sessions", "agent_shifts", "live_views", "videos"):
        for row in _rows(facts, table):
            listed.setdefault(row["shop_id"], Row(platform=platform))
    return {shop: row["timezone"] or HOME_ZONE for shop, row in listed.items() if row["platform"] == platform}


def _as_of(row: Row, zone: str, date: dt.date) -> Row:
    """Rule 1: a time at or after 00:00 of T is empty, and so is what came with it."""
    midnight = instant(dt.datetime.combine(date, dt.time()), zone)
    assert midnight is not None
    seen = Row(row, zone=zone)
    for column in row:
        if column.endswith("_at"):
            at = instant(row[column], zone)
            seen[column] = at if at is not None and at < midnight else None
    for time, columns in CAME_WITH.items():
        if time in row and seen[time] is None:
            seen.update(dict.fromkeys(columns))
    return seen


def _hang(facts: Facts, table: str, on: str, known: Mapping[str, Row], date: dt.date) -> list[Row]:
    """Rows of `table` as of T, each with the order (or video) it belongs to; without it a row waits and does not count."""
    hung = []
    for row in _rows(facts, table):
        if row[f"{on}_id"] in known:
            owner = known[row[f"{on}_id"]]
            seen = _as_of(row, owner["zone"], date)
            seen[on] = owner
            hung.append(seen)
    return hung


def _counts_as_outbound(parcel: Row) -> bool:
    return parcel["direction"] != "back" and parcel["shipped_at"] is not None


def _review_counts(review: Row) -> bool:
    """Rule 7: valid (empty = true), not automatic, not overturned before T."""
    valid = review["valid"] is None or review["valid"]
    return bool(review["reviewed_at"] and valid and not review["automatic"] and review["overturned_at"] is None)


def _complete(order: Row, product: Row, parcels: list[Row], cases: list[Row], reviews: list[Row]) -> None:
    """What an order knows of its product, parcels (rule 4), refunds and reviews (rules 6 and 7)."""
    order["category"] = _path(product)
    order["virtual"] = bool(product["virtual"])
    order["parcels"] = own_parcels = [parcel for parcel in parcels if parcel["order"] is order]
    for time in ("shipped_at", "collected_at", "signed_at"):
        order[time] = _last([parcel[time] for parcel in own_parcels])
    order["cases"] = sorted(
        (case for case in cases if case["order"] is order),
        key=lambda case: (case["requested_at"], case["case_id"]),
    )
    order["refunds"] = [case for case in order["cases"] if case["kind"] in REFUNDS]
    order["reviews"] = sorted(
        (review for review in reviews if review["order"] is order),
        key=lambda review: (review["reviewed_at"], review["review_id"]),
    )


def _last(times: list[dt.datetime | None]) -> dt.datetime | None:
    """Rule 4: the last of all parcels; one without it, and the order has none."""
    known = [time for time in times if time is not None]
    return max(known) if known and len(known) == len(times) else None


def _path(product: Row) -> list[str]:
    """Rule 11: `["Clothing", "Clothing/Women"]`; a level without the one above it has no path."""
    names: list[str] = []
    for level in ("category_l1", "category_l2", "category_l3"):
        if not product[level]:
            break
        names.append(product[level])
    return ["/".join(names[: depth + 1]) for depth in range(len(names))]
