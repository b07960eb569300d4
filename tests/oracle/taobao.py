"""Taobao's and Tmall's metrics, read slowly from the specification (taobao-tmall.md)."""

from .reckon import Counted, Metric, Window, refund_asked_unshipped, shipped_by
from .world import REFUNDS, World


def dispute_refund_rate(world: World, window: Window) -> Counted:
    """TB-M01: refunds by the day of escalated_at over the orders paid."""
    yield from _over_paid(world, window, "escalated_at")


def refund_rate(world: World, window: Window) -> Counted:
    """TB-V02 and TM-M01 name it and do not say what it is: refunds by the day of the request, made like the other."""
    yield from _over_paid(world, window, "requested_at")


def _over_paid(world: World, window: Window, event: str) -> Counted:
    for case in world.cases:
        if case["kind"] in REFUNDS and window.has(case, event):
            yield case["order"], 1, 0
    for order in world.orders:
        if window.has(order, "paid_at"):
            yield order, 0, 1


def review_praise(world: World, window: Window) -> Counted:
    """TB-V02 names it and does not say what it is: four product stars or more of the reviews that count and have such stars."""
    for review in world.reviews:
        if window.has(review, "reviewed_at") and review["quality"] is not None:
            yield review["order"], int(review["quality"] >= 4), 1


def shop_rating(world: World, window: Window) -> Counted:
    """TB-V02: the mean of the product stars."""
    for review in world.reviews:
        if window.has(review, "reviewed_at") and review["quality"] is not None:
            yield review["order"], review["quality"], 1


def seller_liable_disputes(world: World, window: Window) -> Counted:
    """TB-V03: refunds judged the seller's or both sides', by the day of the judgement, in force at T."""
    for case in world.cases:
        in_force = case["liability"] in ("seller", "both") and case["overturned_at"] is None
        if case["kind"] in REFUNDS and in_force and window.has(case, "judged_at"):
            yield case["order"], 1, 0


def late_shipments(world: World, window: Window) -> Counted:
    """TB-W02: paid (or cash on delivery), not shipped by the promised time; not virtual, no refund asked and not closed
    before it."""
    for order in world.orders:
        due = not order["virtual"] and (order["paid_at"] or order["cod"])
        if due and window.has(order, "promised_ship_at"):
            limit = order["promised_ship_at"]
            gone = order["closed_at"] is not None and order["closed_at"] < limit and order["shipped_at"] is None
            if not gone and not refund_asked_unshipped(order, until=limit) and not shipped_by(order, limit):
                yield order, 1, 0


METRICS = (
    Metric("dispute_refund_rate", "", 1, dispute_refund_rate, (28,)),
    Metric("refund_rate", "", 1, refund_rate, (28,)),
)
TAOBAO = (
    *METRICS,
    Metric("review_praise", "", 1, review_praise, (28,)),
    Metric("shop_rating", "", 1, shop_rating, (28,)),
    Metric("seller_liable_disputes", "", 1, seller_liable_disputes, alone=True),
    Metric("late_shipments", "", 1, late_shipments, alone=True),
)
"""What Taobao asks besides."""
