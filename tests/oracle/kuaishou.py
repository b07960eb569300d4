"""Every Kuaishou metric, KS-M01 to KS-M29, read slowly from the specification (kuaishou.md)."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from functools import partial

from . import reckon
from .reckon import DAY, FORTNIGHT, QUALITY_REASONS, Counted, Metric, Window, bursts, day, refund_asked_unshipped, shipped_by
from .world import REFUNDS, Row, World, wall

PLATFORM = "kuaishou"
CHANGE = dt.date(2023, 1, 1)
SFA = ("self_built", "flash", "auction")


def sfa(order: Row) -> bool:
    return order["channel"] in SFA


# --- Quality: KS-M01 to KS-M04


def quality_refund_rate(world: World, window: Window) -> Counted:
    """KS-M01, KS-M04; before the change KS-M02."""
    if world.date < CHANGE:
        yield from product_quality_refund_rate(world, window)
        return
    for order in world.orders:
        if window.has(order, "paid_at") and not order["risk_flagged"] and _signed_within_14_days(order):
            yield order, _quality_refund(order), 1


def product_quality_refund_rate(world: World, window: Window) -> Counted:
    """KS-M03, and the reckoning of KS-M02: all paid orders, neither screened nor signed."""
    for order in world.orders:
        if window.has(order, "paid_at"):
            yield order, _quality_refund(order), 1


def quality_refund_count(world: World, window: Window) -> Counted:
    """KS-M29: the numerators of the rate in force."""
    for order, over, _ in quality_refund_rate(world, window):
        yield order, over, 0


def _signed_within_14_days(order: Row) -> bool:
    if order["virtual"]:
        return True
    return order["signed_at"] is not None and order["signed_at"] <= order["paid_at"] + FORTNIGHT


def _quality_refund(order: Row) -> int:
    """Whether the first refund gives a quality reason and is requested within 14 x 24 h of payment."""
    if not order["refunds"]:
        return 0
    first = order["refunds"][0]
    return int(first["reason"] in QUALITY_REASONS and first["requested_at"] <= order["paid_at"] + FORTNIGHT)


# --- Reviews: KS-M05, KS-M28, KS-M29


def negative_review_rate(world: World, window: Window) -> Counted:
    """KS-M05."""
    for order in world.orders:
        if sfa(order) and window.has(order, "paid_at") and order["reviews"]:
            first = order["reviews"][0]
            paid_day = day(order, "paid_at")
            if paid_day <= day(first, "reviewed_at") <= paid_day + dt.timedelta(days=13):
                yield order, _negative(first), 1


def review_count(world: World, window: Window) -> Counted:
    for order, _, under in negative_review_rate(world, window):
        yield order, under, 0


def negative_review_count(world: World, window: Window) -> Counted:
    for order, over, _ in negative_review_rate(world, window):
        yield order, over, 0


def product_rating(world: World, window: Window) -> Counted:
    """KS-M28: the sum of the quality stars over the reviews that have them."""
    for review in world.reviews:
        if window.has(review, "reviewed_at") and review["quality"] is not None:
            yield review["order"], review["quality"], 1


def _negative(review: Row) -> int:
    stars = [review["quality"], review["service"], review["logistics"]]
    return int(None not in stars and sum(stars) <= 6)


# --- Service: KS-M06 to KS-M12


def service_satisfaction(world: World, window: Window) -> Counted:
    """KS-M06, KS-M12."""
    for rating in _rated(world, window):
        yield rating, int(rating["score"] in ("good", "4", "5")), 1


def service_dissatisfaction(world: World, window: Window) -> Counted:
    """KS-M07."""
    for rating in _rated(world, window):
        yield rating, int(_bad(rating)), 1


def rating_participation(world: World, window: Window) -> Counted:
    """KS-M08: rated over consulted."""
    for rating in _rated(world, window):
        yield rating, 1, 0
    for shop, _buyer in _consulted(world, window):
        yield Row(shop_id=shop), 0, 1


def attitude_dissatisfaction(world: World, window: Window) -> Counted:
    """KS-M09."""
    for rating in _rated(world, window):
        yield rating, int(_bad(rating) and rating["reason"] == "attitude"), 1


def response_3min(world: World, window: Window) -> Counted:
    """KS-M10."""
    yield from _answered_within(world, window, seconds=180)


def response_5min(world: World, window: Window) -> Counted:
    """KS-M11."""
    yield from _answered_within(world, window, seconds=300)


def _bad(rating: Row) -> bool:
    return rating["score"] in ("bad", "1", "2")


def _consulted(world: World, window: Window) -> set[tuple[str, str]]:
    """(shop, buyer) with at least one buyer message in the window."""
    said = [message for message in world.messages if message["sender"] == "buyer"]
    return {(message["shop_id"], message["buyer_id"]) for message in said if window.has(message, "sent_at")}


def _rated(world: World, window: Window) -> list[Row]:
    """The last rating in the window of each shop and buyer that consulted in the window (ties: the greater id)."""
    last: dict[tuple[str, str], Row] = {}
    for rating in sorted(world.ratings, key=lambda rating: (rating["rated_at"], rating["rating_id"])):
        if window.has(rating, "rated_at"):
            last[rating["shop_id"], rating["buyer_id"]] = rating
    return [rating for who, rating in last.items() if who in _consulted(world, window)]


def _answered_within(world: World, window: Window, *, seconds: int) -> Counted:
    """A buyer counts once a day and shop: answered when every burst begun that day 8:00-24:00 was, in time."""
    in_time: dict[tuple[str, str, dt.date], list[bool]] = defaultdict(list)
    for began, answer in bursts(world):
        if window.has(began, "sent_at") and wall(began["sent_at"], began["zone"]).hour >= 8:
            quick = answer is not None and answer["sent_at"] - began["sent_at"] <= dt.timedelta(seconds=seconds)
            in_time[began["shop_id"], began["buyer_id"], day(began, "sent_at")].append(quick)
    for (shop, _buyer, _day), all_of_them in in_time.items():
        yield Row(shop_id=shop), int(all(all_of_them)), 1


# --- Shipping: KS-M13 to KS-M16


def timely_shipment(world: World, window: Window) -> Counted:
    """KS-M13."""
    for order in world.orders:
        due = order["channel"] == "self_built" and not order["virtual"] and (order["paid_at"] or order["cod"])
        if not due or not window.has(order, "promised_ship_at"):
            continue
        promise = order["promised_ship_at"]
        gone = order["closed_at"] is not None and order["closed_at"] < promise and order["shipped_at"] is None
        if not gone and not refund_asked_unshipped(order, until=promise):
            yield order, shipped_by(order, promise), 1


def shipped_48h(world: World, window: Window) -> Counted:
    """KS-M14."""
    for order in world.orders:
        if window.has(order, "paid_at") and not order["virtual"] and not order["presale"]:
            promise = order["paid_at"] + 2 * DAY
            if not refund_asked_unshipped(order, until=promise):
                yield order, shipped_by(order, promise), 1


def pickup_anomaly(world: World, window: Window) -> Counted:
    """KS-M15."""
    for parcel, picked_up in _due_for_pickup(world, window):
        if sfa(parcel["order"]):
            yield parcel["order"], int(not picked_up), 1


def pickup_24h(world: World, window: Window) -> Counted:
    """KS-M16."""
    for parcel, picked_up in _due_for_pickup(world, window):
        yield parcel["order"], int(picked_up), 1


def _due_for_pickup(world: World, window: Window) -> Iterator[tuple[Row, bool]]:
    """Parcels under the day of shipped_at + 24 h, and whether they were picked up by then."""
    for parcel in world.parcels:
        due = Row(zone=parcel["zone"], at=parcel["shipped_at"] + DAY)
        end = min(parcel["collected_at"] or due["at"], due["at"])
        asked_before_pickup = any(parcel["shipped_at"] <= case["requested_at"] < end for case in parcel["order"]["cases"])
        if window.has(due, "at") and not asked_before_pickup:
            yield parcel, parcel["collected_at"] is not None and parcel["collected_at"] <= due["at"]


# --- Refund times: KS-M17 to KS-M19


def refund_only_time(world: World, window: Window) -> Counted:
    """KS-M17: seconds from request to end."""
    for case in _ended(world, window, "refund_only"):
        if sfa(case["order"]) and not case["escalated_at"]:
            yield case["order"], _seconds(case, "requested_at", "ended_at"), 1


def refund_only_time_of_ended(world: World, window: Window) -> Counted:
    """KS-M17, S4's form: the self-settled time over all refund-only cases ended, all channels."""
    for case in _ended(world, window, "refund_only"):
        yield case["order"], 0 if case["escalated_at"] else _seconds(case, "requested_at", "ended_at"), 1


def return_refund_time(world: World, window: Window) -> Counted:
    """KS-M18: (end - request) - (waybill - agreement)."""
    for case in _ended(world, window, "return_refund"):
        if sfa(case["order"]) and not case["escalated_at"]:
            yield case["order"], _seconds(case, "requested_at", "ended_at") - _seconds(case, "agreed_at", "waybill_at"), 1


def return_refund_time_merchant_hands(world: World, window: Window) -> Counted:
    """KS-M19: (request to answer, or to the end) + (return signed to received)."""
    for case in _ended(world, window, "return_refund"):
        if sfa(case["order"]) and not case["escalated_at"]:
            until = "answered_at" if case["answered_at"] else "ended_at"
            spent = _seconds(case, "requested_at", until) + _seconds(case, "return_signed_at", "received_at")
            yield case["order"], spent, 1


def _ended(world: World, window: Window, kind: str) -> list[Row]:
    return [case for case in world.cases if case["kind"] == kind and window.has(case, "ended_at")]


def _seconds(case: Row, start: str, end: str) -> int:
    """Whole seconds between two times of the case, 0 unless both exist."""
    if case[start] is None or case[end] is None:
        return 0
    return int((case[end] - case[start]).total_seconds())


# --- Disputes: KS-M20 to KS-M24


def dispute_rate(world: World, window: Window) -> Counted:
    """KS-M20: each event under its own day."""
    for order, over, under in dispute_rate_all_channels(world, window):
        if sfa(order):
            yield order, over, under


def dispute_rate_all_channels(world: World, window: Window) -> Counted:
    for case in _refunds(world):
        if window.has(case, "escalated_at"):
            yield case["order"], 1, 0
    for order in world.orders:
        if window.has(order, "paid_at"):
            yield order, 0, 1


def liable_dispute_rate(world: World, window: Window) -> Counted:
    """KS-M21."""
    for case in _refunds(world):
        if sfa(case["order"]) and window.has(case, "judged_at") and _liable(case):
            yield case["order"], 1, 0
    for order in world.orders:
        if sfa(order) and window.has(order, "paid_at"):
            yield order, 0, 1


def liable_dispute_rate_of_ended(world: World, window: Window) -> Counted:
    """KS-M22."""
    for case in _refunds(world):
        if window.has(case, "ended_at"):
            yield case["order"], int(_liable(case)), 1


def refusal_rate(world: World, window: Window) -> Counted:
    """KS-M23."""
    for case in _refunds(world):
        if sfa(case["order"]) and window.has(case, "requested_at"):
            yield case["order"], int(case["answer"] == "refused"), 1


def aftersales_praise(world: World, window: Window) -> Counted:
    """KS-M24."""
    for case in _refunds(world):
        if sfa(case["order"]) and window.has(case, "requested_at") and case["rating"] is not None:
            asked = day(case, "requested_at")
            if asked <= day(case, "rated_at") <= asked + dt.timedelta(days=13):
                yield case["order"], int(case["rating"] >= 4), 1


def _refunds(world: World) -> list[Row]:
    return [case for case in world.cases if case["kind"] in REFUNDS]


def _liable(case: Row) -> bool:
    """Judged before T, in force at T."""
    return case["liability"] in ("seller", "both") and case["overturned_at"] is None


# --- Content: KS-M25 to KS-M27


def live_report_rate(world: World, window: Window) -> Counted:
    """KS-M25: a user counts once per room, under the day of their first view of at least 5 s."""
    seen: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for view in sorted(world.views, key=lambda view: (view["viewed_at"], view["view_id"])):
        seen[view["room_id"], view["user_id"]].append(view)
    for views in seen.values():
        first = next((view for view in views if view["seconds"] >= 5), None)
        if first is not None and window.has(first, "viewed_at"):
            yield first, int(any(view["reported"] for view in views)), 1


def poor_video_share(world: World, window: Window) -> Counted:
    """KS-M26."""
    for video in world.videos:
        if _assessed(video) and window.has(video, "look_reviewed_at"):
            yield video, int(video["look_grade"] == "poor"), 1


def effective_play_rate(world: World, window: Window) -> Counted:
    """KS-M27: a user counts once per video, under the day of their first play."""
    played: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for play in sorted(world.plays, key=lambda play: (play["played_at"], play["play_id"])):
        played[play["video_id"], play["user_id"]].append(play)
    for plays in played.values():
        video = plays[0]["video"]
        if _assessed(video) and video["duration_s"] >= 3 and window.has(plays[0], "played_at"):
            enough = video["duration_s"] if video["duration_s"] <= 7 else 7
            yield video, int(any(play["watched_s"] >= enough for play in plays)), 1


def _assessed(video: Row) -> bool:
    """Near-professional streamers' videos, and all that carry a product (empty = yes)."""
    return bool(video["near_pro"] or video["with_product"] is None or video["with_product"])


# --- Counts that violations read: KS-V06 to KS-V08, KS-V10


def self_built_orders(world: World, window: Window) -> Counted:
    """KS-V06 to KS-V08: the paid orders of the self-built channel."""
    for order in world.orders:
        if order["channel"] == "self_built" and window.has(order, "paid_at"):
            yield order, 1, 0


def fake_shipments(world: World, window: Window) -> Counted:
    """KS-V10: the orders shipped with a fake parcel among theirs."""
    for order in world.orders:
        if window.has(order, "shipped_at") and any(parcel["fake"] for parcel in order["parcels"]):
            yield order, 1, 0


METRICS = (
    Metric("quality_refund_rate", "", 15, quality_refund_rate, (60,)),
    Metric("quality_refund_count", "", 15, quality_refund_count, alone=True),
    Metric("product_quality_refund_rate", "", 15, product_quality_refund_rate),
    Metric("negative_review_rate", "", 14, negative_review_rate),
    Metric("review_count", "", 14, review_count, alone=True),
    Metric("negative_review_count", "", 14, negative_review_count, alone=True),
    Metric("product_rating", "", 1, product_rating, (60,)),
    Metric("service_satisfaction", "", 1, service_satisfaction),
    Metric("service_dissatisfaction", "", 1, service_dissatisfaction),
    Metric("rating_participation", "", 1, rating_participation),
    Metric("attitude_dissatisfaction", "", 1, attitude_dissatisfaction),
    Metric("response_3min", "", 1, response_3min),
    Metric("response_5min", "", 1, response_5min),
    Metric("timely_shipment", "", 1, timely_shipment),
    Metric("shipped_48h", "", 3, shipped_48h),
    Metric("pickup_anomaly", "", 1, pickup_anomaly),
    Metric("pickup_24h", "", 1, pickup_24h),
    Metric("refund_only_time", "", 1, refund_only_time),
    Metric("refund_only_time", "of_ended", 1, refund_only_time_of_ended),
    Metric("return_refund_time", "", 1, return_refund_time),
    Metric("return_refund_time", "merchant_hands", 1, return_refund_time_merchant_hands),
    Metric("dispute_rate", "", 1, dispute_rate),
    Metric("dispute_rate", "all_channels", 1, dispute_rate_all_channels),
    Metric("liable_dispute_rate", "", 1, liable_dispute_rate),
    Metric("liable_dispute_rate", "of_ended", 1, liable_dispute_rate_of_ended),
    Metric("refusal_rate", "", 1, refusal_rate),
    Metric("aftersales_praise", "", 14, aftersales_praise),
    Metric("live_report_rate", "", 1, live_report_rate),
    Metric("poor_video_share", "", 1, poor_video_share),
    Metric("effective_play_rate", "", 1, effective_play_rate),
    Metric("self_built_orders", "", 1, self_built_orders, alone=True),
    Metric("fake_shipments", "", 1, fake_shipments, alone=True),
)

figures = partial(reckon.figures, METRICS, platform=PLATFORM)
