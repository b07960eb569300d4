"""The file `complaints`: what buyers hold against shops before the platform, and what it makes of it."""

from typing import Final, NamedTuple

import numpy as np

from tianping.simulate import columns as col
from tianping.simulate.causes import Course
from tianping.simulate.draws import DAY, NEVER, Flags, Ints, Rng, by_row, chance
from tianping.simulate.families import delay
from tianping.simulate.orders import Orders
from tianping.simulate.parcels import Trips
from tianping.simulate.world import World


class Grievance(NamedTuple):
    """What buyers complain of, how many of those who have cause do, and whether they are right."""

    words: str
    share: float
    just: bool


GRIEVANCES: Final = (
    Grievance("虚假发货", 0.08, True),
    Grievance("发货慢", 0.015, True),
    Grievance("商品与宣传不符", 0.02, True),
    Grievance("骚扰买家", 0.0008, False),
)
VERDICTS: Final = ("merchant", "buyer", "malicious", "open")
OPEN_DAYS: Final = 4  # a complaint younger than this is still open
_VERDICT: Final = np.array([(0.15, 0.60, 0.15, 0.10), (0.80, 0.10, 0.02, 0.08)])


def table(world: World, orders: Orders, trips: Trips, course: Course, sad: Flags, rng: Rng) -> col.Columns:
    """One complaint of an order at most, the gravest; `sad`: whether the goods gave reason."""
    market = world.market
    cause, since = _causes(orders, trips, course, sad, rng)
    order = np.flatnonzero(cause < len(GRIEVANCES))
    at = since[order] + delay(rng, "complain", len(order))
    order, at = order[at < market.end], at[at < market.end]
    just = np.array([one.just for one in GRIEVANCES])[cause[order]].astype(np.int64)
    verdict = np.where(at < market.end - OPEN_DAYS * DAY, by_row(rng, _VERDICT, just), VERDICTS.index("open"))
    return {
        "complaint_id": col.ids("T", orders.number[order]),
        "order_id": col.ids("", orders.number[order]),
        "complained_at": col.times(market, at),
        "kind": col.names([one.words for one in GRIEVANCES], cause[order]),
        "verdict": col.names(VERDICTS, verdict),
    }


def _causes(orders: Orders, trips: Trips, course: Course, sad: Flags, rng: Rng) -> tuple[Ints, Ints]:
    """Per order the place of its grievance in GRIEVANCES (their number: none), and since when it has it."""
    fake = np.zeros(len(orders), dtype=np.bool_)
    fake[trips.order[trips.fake]] = True
    late = (course.shipped > orders.promised) & ~orders.virtual & (orders.begun < NEVER)
    since = [course.shipped, orders.promised, course.signed, orders.created]
    cause, began = np.full(len(orders), len(GRIEVANCES), dtype=np.int64), np.full(len(orders), NEVER, dtype=np.int64)
    for place, has in reversed(list(enumerate([fake, late, sad, np.ones(len(orders), dtype=np.bool_)]))):
        complains = has & chance(rng, GRIEVANCES[place].share, len(orders))
        cause[complains], began[complains] = place, since[place][complains]
    return cause, began
