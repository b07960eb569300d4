"""The Douyin metrics of the merchant levels and the experience score, read slowly from the specification (douyin.md)."""

import datetime as dt
from functools import partial

from . import reckon
from .reckon import FORTNIGHT, QUALITY_REASONS, Counted, Metric, Window, refund_asked_unshipped, shipped_by
from .world import Row, World

LEVELS = dt.date(2020, 4, 10)
SCORE = dt.date(2022, 6, 21)
DISSATISFIED = ("1", "2", "3", "bad", "neutral")


def timely_shipment(world: World, window: Window) -> Counted:
    """DY-L05."""
    for order in world.orders:
        promise = order["promised_ship_at"]
        due = not order["virtual"] and (order["paid_at"] or order["cod"])
        if due and window.has(order, "promised_ship_at") and not refund_asked_unshipped(order, until=promise):
            yield order, shipped_by(order, promise), 1


def fake_shipment_rate(world: World, window: Window) -> Counted:
    """DY-L06."""
    for order in world.orders:
        if window.has(order, "shipped_at"):
            yield order, int(any(parcel["fake"] for parcel in order["parcels"])), 1


def im_first_response(world: World, window: Window) -> Counted:
    """DY-L07: seconds from the assignment to the first agent message at or after it."""
    for session in world.sessions:
        said = [row for row in world.messages if row["session_id"] == session["session_id"] and row["sender"] == "agent"]
        if window.has(session, "assigned_at"):
            waits = [row["sent_at"] - session["assigned_at"] for row in said if row["sent_at"] >= session["assigned_at"]]
            if waits:
                yield Row(shop_id=session["shop_id"]), int(min(waits).total_seconds()), 1


def service_praise(world: World, window: Window) -> Counted:
    """DY-L08."""
    yield from _praise(world, window, "service")


def product_praise(world: World, window: Window) -> Counted:
    """DY-L10."""
    yield from _praise(world, window, "quality")


def _praise(world: World, window: Window, stars: str) -> Counted:
    for review in world.reviews:
        if window.has(review, "reviewed_at"):
            yield review["order"], int(review[stars] is not None and review[stars] >= 4), 1


def review_rate(world: World, window: Window) -> Counted:
    """DY-L08, DY-L10: those reviews over the orders placed."""
    for review in world.reviews:
        if window.has(review, "reviewed_at"):
            yield review["order"], 1, 0
    yield from _placed(world, window)


def complaint_rate(world: World, window: Window) -> Counted:
    """DY-L09."""
    for complaint in world.complaints:
        if window.has(complaint, "complained_at") and complaint["verdict"] == "merchant":
            yield complaint["order"], 1, 0
    yield from _placed(world, window)


def _placed(world: World, window: Window) -> Counted:
    for order in world.orders:
        if window.has(order, "created_at") and (order["paid_at"] or order["cod"]):
            yield order, 0, 1


def order_count(world: World, window: Window) -> Counted:
    """DY-L11: online orders when paid, cash on delivery when submitted."""
    for order in world.orders:
        if window.has(order, "created_at" if order["cod"] else "paid_at"):
            yield order, 1, 0


def gmv(world: World, window: Window) -> Counted:
    """DY-L01: fen."""
    for order, _, _ in order_count(world, window):
        yield order, order["amount_fen"] or 0, 0


def logistics_return_rate(world: World, window: Window) -> Counted:
    """DY-S03."""
    for order in world.orders:
        if window.has(order, "paid_at"):
            yield order, int(_returned_for_logistics(order)), 1


def _returned_for_logistics(order: Row) -> bool:
    if not order["refunds"] or order["shipped_at"] is None:
        return False
    first = order["refunds"][0]
    in_time = order["shipped_at"] <= first["requested_at"] <= order["shipped_at"] + FORTNIGHT
    return in_time and (first["kind"], first["reason"]) == ("return_refund", "logistics")


def im_dissatisfaction(world: World, window: Window) -> Counted:
    """DY-S04: a human session under the day of its last rating."""
    for session in world.sessions:
        ratings = [rating for rating in world.ratings if rating["session_id"] == session["session_id"]]
        if session["human"] and ratings:
            last = max(ratings, key=lambda rating: (rating["rated_at"], rating["rating_id"]))
            if window.has(last, "rated_at"):
                yield Row(shop_id=session["shop_id"]), int(last["score"] in DISSATISFIED), 1


def negative_feedback_rate(world: World, window: Window) -> Counted:
    """DY-S02."""
    for order in world.orders:
        if window.has(order, "signed_at"):
            poor = [review["quality"] is not None and review["quality"] <= 2 for review in order["reviews"][:1]]
            cause = [refund["reason"] in QUALITY_REASONS for refund in order["refunds"][:1]]
            yield order, int(any(poor) or any(cause)), 1


_level = partial(Metric, variant="", lag=1, since=LEVELS, by_deed=True)
_score = partial(Metric, variant="", since=SCORE, more_days=(90,))

METRICS = (
    _level("timely_shipment", counted=timely_shipment),
    _level("fake_shipment_rate", counted=fake_shipment_rate),
    _level("im_first_response", counted=im_first_response),
    _level("service_praise", counted=service_praise),
    _level("product_praise", counted=product_praise),
    _level("review_rate", counted=review_rate),
    _level("complaint_rate", counted=complaint_rate),
    _level("order_count", counted=order_count, alone=True),
    _level("gmv", counted=gmv, alone=True),
    _score("logistics_return_rate", lag=15, counted=logistics_return_rate),
    _score("im_dissatisfaction", lag=1, counted=im_dissatisfaction),
    _score("negative_feedback_rate", lag=1, counted=negative_feedback_rate),
)

figures = partial(reckon.figures, METRICS, platform="douyin")
