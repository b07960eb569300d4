"""What the slow oracles share: windows, subjects, sums, and the reading rules that several platforms' metrics use."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from .world import REPLIES, Facts, Row, World, look, wall

Key = tuple[str, str, str, str, int]
"""metric, variant, by, subject, days"""
Counted = Iterator[tuple[Row, int, int]]
"""what is counted (an order, or a row with shop_id, and agent where it is an agent's), numerator, denominator"""

QUALITY_REASONS = ("not_as_described", "damaged", "counterfeit", "quality")
FORTNIGHT = dt.timedelta(hours=14 * 24)
DAY = dt.timedelta(hours=24)


class Window(NamedTuple):
    """Whole days, both ends counted."""

    first: dt.date
    last: dt.date

    def has(self, row: Row, time: str) -> bool:
        return row[time] is not None and self.first <= day(row, time) <= self.last


class Metric(NamedTuple):
    """`lag`: the window ends with T - lag. `alone`: the numerator stands over 1. `greatest`: it is the greatest, not the sum.
    `since`: its first day in force; `by_deed`: events before that day do not count (rule 12)."""

    name: str
    variant: str
    lag: int
    counted: Callable[[World, Window], Counted]
    more_days: tuple[int, ...] = ()
    alone: bool = False
    greatest: bool = False
    since: dt.date = dt.date.min
    by_deed: bool = False


def figures(
    metrics: Sequence[Metric], facts: Facts, *, date: dt.date, platform: str, days: Sequence[int] = ()
) -> dict[Key, tuple[int, int]]:
    """(metric, variant, by, subject, days) to (numerator, denominator) as of T = `date`, without 0/0."""
    world = look(facts, date=date, platform=platform)
    found: dict[Key, tuple[int, int]] = {}
    for metric in metrics:
        for x in {1, 7, 30, *metric.more_days, *days} if metric.since <= date else ():
            counted = metric.counted(world, _window(metric, date, x))
            for (by, subject), (over, under) in _sums(counted, platform, greatest=metric.greatest).items():
                if over or under:
                    found[metric.name, metric.variant, by, subject, x] = (over, 1 if metric.alone else under)
    return found


def _window(metric: Metric, date: dt.date, days: int) -> Window:
    last = date - dt.timedelta(days=metric.lag)
    first = last - dt.timedelta(days=days - 1)
    return Window(max(first, metric.since) if metric.by_deed else first, last)


def _sums(counted: Counted, platform: str, *, greatest: bool) -> dict[tuple[str, str], tuple[int, int]]:
    sums: dict[tuple[str, str], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for thing, over, under in counted:
        for subject in subjects(thing, platform):
            known, below = sums[subject]
            sums[subject] = (max(known, over) if greatest else known + over, below + under)
    return sums


def subjects(thing: Row, platform: str) -> list[tuple[str, str]]:
    """Rule 11, and of rule 8 what chats, live rooms and videos have."""
    shop = thing["shop_id"]
    found = [("platform", platform), ("shop", shop)]
    if "agent" in thing:
        found.append(("agent", thing["agent"]))
    elif "order_id" in thing:
        found.append(("product", thing["product_id"]))
        for level, category in enumerate(thing["category"], start=1):
            found += [(f"category_l{level}", category), (f"shop_category_l{level}", f"{shop}/{category}")]
    return found


def day(row: Row, time: str) -> dt.date:
    """The day of the shop's zone on which the row's time falls."""
    return wall(row[time], row["zone"]).date()


# --- Rules 2 and 5: shipping


def shipped_by(order: Row, promise: dt.datetime) -> int:
    return int(order["shipped_at"] is not None and order["shipped_at"] <= promise)


def refund_asked_unshipped(order: Row, *, until: dt.datetime) -> bool:
    """Rule 5: shipped_at <= requested_at is shipped."""
    for refund in order["refunds"]:
        shipped = order["shipped_at"] is not None and order["shipped_at"] <= refund["requested_at"]
        if refund["requested_at"] <= until and not shipped:
            return True
    return False


# --- Rule 8: bursts


def bursts(world: World) -> Iterator[tuple[Row, Row | None]]:
    """Rule 8: the message a burst begins with, and its answer."""
    talks: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for message in sorted(world.messages, key=lambda message: (message["sent_at"], message["message_id"])):
        talks[message["shop_id"], message["buyer_id"]].append(message)
    for talk in talks.values():
        for place, message in enumerate(talk):
            if message["sender"] == "buyer" and not _spoken_already(message, talk[:place]):
                yield message, next((later for later in talk[place + 1 :] if later["sender"] in REPLIES), None)


def _spoken_already(message: Row, before: list[Row]) -> bool:
    """Whether the buyer, since the last reply, has a message of the same day before this one."""
    for earlier in reversed(before):
        if earlier["sender"] in REPLIES:
            return False
        if earlier["sender"] == "buyer" and day(earlier, "sent_at") == day(message, "sent_at"):
            return True
    return False
