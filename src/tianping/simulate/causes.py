"""Why buyers ask for their money: one cause at most per order, drawn from its category, its shop, and what went wrong."""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from tianping.facts.schema import KINDS, REASONS
from tianping.simulate import festival, names
from tianping.simulate.draws import DAY, NEVER, Flags, Floats, Ints, Rng, by_row, chance, weighted
from tianping.simulate.families import delay
from tianping.simulate.orders import Orders
from tianping.simulate.troubles import BY_NAME, strength
from tianping.simulate.world import World

QUALITY: Final = ("not_as_described", "damaged", "counterfeit", "quality")
IS_QUALITY: Final = np.array([reason in QUALITY for reason in REASONS])


class Cause(NamedTuple):
    """A reason, the moment its clock starts from, its family of delays, and its share of orders while all is well."""

    reason: str
    start: str
    family: str
    share: float


CAUSES: Final = (
    Cause("not_wanted", "begun", "regret", 0.030),
    Cause("wrong_order", "begun", "regret", 0.010),
    Cause("out_of_stock", "promised", "impatience", 0.000),
    Cause("late_shipment", "promised", "impatience", 0.000),
    Cause("logistics", "signed", "trial", 0.001),
    Cause("logistics", "shipped", "lost_patience", 0.002),
    Cause("quality", "signed", "trial", 0.0075),
    Cause("not_as_described", "signed", "trial", 0.006),
    Cause("damaged", "signed", "trial", 0.004),
    Cause("counterfeit", "signed", "trial", 0.0005),
    Cause("wrong_item", "signed", "trial", 0.003),
    Cause("missing_item", "signed", "trial", 0.003),
    Cause("not_wanted", "signed", "trial", 0.008),
    Cause("seven_days", "signed", "trial", 0.026),
    Cause("needs_repair", "signed", "trial", 0.0015),
    Cause("invoice", "signed", "trial", 0.0007),
    Cause("other", "signed", "trial", 0.003),
)
_REASON: Final = np.array([REASONS.index(cause.reason) for cause in CAUSES])
_BEFORE_SIGNING: Final = np.array([cause.start != "signed" for cause in CAUSES])
RISKY: Final = 3.0  # orders flagged by risk control are refunded so many times as often: some claim for a living
_REGRETS: Final = np.array([cause.reason in festival.REGRETS for cause in CAUSES])
# of two causes of one reason the later is meant: `not_wanted` once signed, `logistics` on the way
_AT: Final = {cause.reason: place for place, cause in enumerate(CAUSES)}

KIND_WEIGHTS: Final[dict[str, tuple[float, ...]]] = {  # KINDS, after signing
    "quality": (28, 60, 9, 1, 2),
    "not_as_described": (22, 70, 8, 0, 0),
    "damaged": (45, 38, 10, 7, 0),
    "counterfeit": (15, 85, 0, 0, 0),
    "wrong_item": (15, 40, 40, 5, 0),
    "missing_item": (50, 4, 0, 46, 0),
    "seven_days": (0, 96, 4, 0, 0),
    "not_wanted": (4, 94, 2, 0, 0),
    "logistics": (25, 75, 0, 0, 0),
    "needs_repair": (5, 10, 15, 0, 70),
    "wrong_order": (5, 80, 15, 0, 0),
    "other": (40, 50, 6, 2, 2),
}
_KINDS: Final = np.array([KIND_WEIGHTS.get(reason, (1, 0, 0, 0, 0)) for reason in REASONS], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Requests:
    """One entry per request. `order`: place in the chunk; `round`: 1 = the order's first; `reason`, `kind`: schema's places."""

    order: Ints
    round: Ints
    reason: Ints
    kind: Ints
    at: Ints

    def keep(self, which: Flags) -> "Requests":
        return Requests(*(getattr(self, name)[which] for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Course:
    """Per order: when it was (or will be) shipped and signed in full, and whether a carrier crushed it."""

    shipped: Ints
    signed: Ints
    crushed: Flags


def first_requests(world: World, orders: Orders, course: Course, rng: Rng) -> Requests:
    """The first request of each order that has one before the market's end."""
    chances = _chances(world, orders, course)
    steps = np.cumsum(chances, axis=1)
    cause = (steps <= rng.random(len(orders))[:, None]).sum(axis=1)
    order = np.flatnonzero(cause < len(CAUSES))
    cause = cause[order]
    at = _moments(orders, course, rng, order, cause)
    here = at < world.market.end
    order, at, reason = order[here], at[here], _REASON[cause[here]]
    return requests(orders, course, rng, order, np.ones(len(order), dtype=np.int64), reason, at)


def requests(orders: Orders, course: Course, rng: Rng, order: Ints, round_: Ints, reason: Ints, at: Ints) -> Requests:
    """Requests with their kind: money only, before the goods are there; afterwards by the reason."""
    kind = by_row(rng, _KINDS, reason)
    early = (at < course.signed[order]) | orders.virtual[order]
    return Requests(order, round_, reason, np.where(early, KINDS.index("refund_only"), kind), at)


def _base() -> Floats:
    """Chance of each cause (columns) in each level-1 category (rows)."""
    table = np.tile(np.array([cause.share for cause in CAUSES]), (len(names.L1), 1))
    for row, (kind, _) in enumerate(names.CATEGORIES.values()):
        for reason, times in kind.more:
            table[row, _AT[reason]] *= times
    return table


_BASE: Final = _base()


def _chances(world: World, orders: Orders, course: Course) -> Floats:
    """Chance of each cause for each order: its category's, times its product's and shop's quality and the festival's haste,
    plus what is wrong."""
    products, faults = world.products, world.faults
    chances = _BASE[products.l1[orders.product]]
    worse = products.quality[orders.product] * world.shops.quality[orders.shop]
    for reason in QUALITY:
        chances[:, _AT[reason]] *= worse
    chances[:, _REGRETS] *= festival.times(world.market.festival, "refund_times", orders.begun)[:, np.newaxis]
    chances[orders.risk] *= RISKY
    bad = faults.acts("product_turns_bad", orders.product, orders.begun)
    for reason, share in BY_NAME["product_turns_bad"].strength.items():
        chances[:, _AT[reason]] += bad * share
    chances[:, _AT["damaged"]] += course.crushed * strength("carrier_crushes", "damaged")
    late = (course.shipped > orders.promised) & ~orders.virtual
    chances[:, _AT["late_shipment"]] = late * 0.13
    chances[:, _AT["out_of_stock"]] = (late & (course.shipped >= NEVER)) * 0.5
    slow = (course.signed - course.shipped > 6 * DAY) & (course.shipped < NEVER)
    chances[:, _AT["logistics"]] += slow * 0.08
    chances[np.ix_(orders.cod, _BEFORE_SIGNING)] = 0  # who pays at the door refuses the parcel there
    return np.asarray(np.where((orders.begun < NEVER)[:, None], chances, 0.0))


def _moments(orders: Orders, course: Course, rng: Rng, order: Ints, cause: Ints) -> Ints:
    """When each request is made: its cause's clock, plus a delay of its family."""
    starts = {"begun": orders.begun, "promised": orders.promised, "shipped": course.shipped, "signed": course.signed}
    at = np.empty(len(order), dtype=np.int64)
    for place, known in enumerate(CAUSES):
        mine = np.flatnonzero(cause == place)
        at[mine] = starts[known.start][order[mine]] + delay(rng, known.family, len(mine))
    return at


def asked_again(orders: Orders, course: Course, rng: Rng, before: Requests, closed: Ints, end: int) -> Requests:
    """Two of five whose case was closed without anything ask again, some with another reason."""
    again = np.flatnonzero(chance(rng, 0.4, len(closed)) & (closed < end))
    at = closed[again] + delay(rng, "ask_again", len(again))
    again, at = again[at < end], at[at < end]
    other = weighted(rng, IS_QUALITY + 0.1, len(again))
    reason = np.where(chance(rng, 0.3, len(again)), other, before.reason[again])
    return requests(orders, course, rng, before.order[again], before.round[again] + 1, reason, at)
