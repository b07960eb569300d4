"""JD's indicators of the agents, read slowly from the specification (jd.md, JD-K01). What names no agent is nobody's."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator

from .reckon import Counted, Metric, Window, bursts, day
from .world import Row, World, wall

GOOD = ("good", "4", "5")


def of(row: Row, agent: str) -> Row:
    """What counts for an agent, shop and platform."""
    return Row(shop_id=row["shop_id"], agent=agent)


def reply_rate(world: World, window: Window) -> Counted:
    """Days of a buyer with a message that names the agent; of them, those with a message by the agent."""
    talks: dict[tuple[str, str, str, dt.date], list[Row]] = defaultdict(list)
    for message in world.messages:
        if message["agent_id"] and window.has(message, "sent_at"):
            talks[message["shop_id"], message["buyer_id"], message["agent_id"], day(message, "sent_at")].append(message)
    for (_shop, _buyer, agent, _day), talk in talks.items():
        yield of(talk[0], agent), int(any(message["sender"] == "agent" for message in talk)), 1


def response_30s(world: World, window: Window) -> Counted:
    """Bursts first answered within 30 s; those not answered count against the agent whom the buyer's message names."""
    for began, answer in _bursts(world, window):
        agent = began["agent_id"] if answer is None else answer["agent_id"]
        if agent:
            yield of(began, agent), int(answer is not None and _seconds(began, answer) <= 30), 1


def first_response(world: World, window: Window) -> Counted:
    for began, answer in _bursts(world, window):
        if answer is not None and answer["agent_id"]:
            yield of(began, answer["agent_id"]), _seconds(began, answer), 1


def _bursts(world: World, window: Window) -> Iterator[tuple[Row, Row | None]]:
    """Rule 8: begun in the window, not before 8:00; without those that a bot answers first."""
    for began, answer in bursts(world):
        of_the_day = window.has(began, "sent_at") and wall(began["sent_at"], began["zone"]).hour >= 8
        if of_the_day and (answer is None or answer["sender"] == "agent"):
            yield began, answer


def _seconds(began: Row, answer: Row) -> int:
    return int((answer["sent_at"] - began["sent_at"]).total_seconds())


def conversion(world: World, window: Window) -> Counted:
    """Buyers with a message of the window that names the agent; of them, those who paid that agent's order in it."""
    talks = [row for row in world.messages if row["agent_id"] and window.has(row, "sent_at")]
    sales = [row for row in world.orders if row["agent_id"] and row["buyer_id"] and window.has(row, "paid_at")]
    paid = {_who(order) for order in sales}
    for who in {_who(message) for message in talks}:
        shop, _buyer, agent = who
        yield Row(shop_id=shop, agent=agent), int(who in paid), 1


def _who(row: Row) -> tuple[str, str, str]:
    return row["shop_id"], row["buyer_id"], row["agent_id"]


def praise_rate(world: World, window: Window) -> Counted:
    """The last rating in the window of each buyer, shop and agent (ties: the greater id)."""
    last: dict[tuple[str, str, str], Row] = {}
    for rating in sorted(world.ratings, key=lambda rating: (rating["rated_at"], rating["rating_id"])):
        if rating["agent_id"] and window.has(rating, "rated_at"):
            last[_who(rating)] = rating
    for rating in last.values():
        yield of(rating, rating["agent_id"]), int(rating["score"] in GOOD), 1


def return_rate(world: World, window: Window) -> Counted:
    """Orders of the agent by payment; of them, those with a refund that succeeded."""
    for order in world.orders:
        if order["agent_id"] and window.has(order, "paid_at"):
            yield of(order, order["agent_id"]), int(any(case["outcome"] == "refunded" for case in order["refunds"])), 1


def changed_reviews(world: World, window: Window) -> Counted:
    """The first review at most 2, under the day of the first later one of at least 4."""
    for order in world.orders:
        stars = [review["quality"] for review in order["reviews"]]
        praise = next((review for review in order["reviews"][1:] if (review["quality"] or 0) >= 4), None)
        if order["agent_id"] and praise and stars[0] is not None and stars[0] <= 2 and window.has(praise, "reviewed_at"):
            yield of(order, order["agent_id"]), 1, 0


def workload(world: World, window: Window) -> Counted:
    for session in world.sessions:
        if session["agent_id"] and window.has(session, "opened_at"):
            yield of(session, session["agent_id"]), 1, 0


def online_time(world: World, window: Window) -> Counted:
    for shift in _ended(world, window):
        yield of(shift, shift["agent_id"]), int((shift["offline_at"] - shift["online_at"]).total_seconds()), 0


def suspended_time(world: World, window: Window) -> Counted:
    for shift in _ended(world, window):
        yield of(shift, shift["agent_id"]), shift["suspended_s"] or 0, 0


def longest_suspension(world: World, window: Window) -> Counted:
    for shift in _ended(world, window):
        yield of(shift, shift["agent_id"]), shift["longest_suspension_s"] or 0, 0


def _ended(world: World, window: Window) -> list[Row]:
    return [shift for shift in world.shifts if window.has(shift, "offline_at")]


METRICS = (
    Metric("reply_rate", "", 1, reply_rate),
    Metric("response_30s", "", 1, response_30s),
    Metric("first_response", "", 1, first_response),
    Metric("conversion", "", 1, conversion),
    Metric("praise_rate", "", 1, praise_rate),
    Metric("return_rate", "", 1, return_rate),
    Metric("changed_reviews", "", 1, changed_reviews, alone=True),
    Metric("workload", "", 1, workload, alone=True),
    Metric("online_time", "", 1, online_time, alone=True),
    Metric("suspended_time", "", 1, suspended_time, alone=True),
    Metric("longest_suspension", "", 1, longest_suspension, alone=True, greatest=True),
)
