"""Reviews: what buyers say afterwards, and what some of them say later."""

from typing import Final

import numpy as np

from tianping.simulate import columns as col
from tianping.simulate import words
from tianping.simulate.cases import Cases
from tianping.simulate.causes import IS_QUALITY, Course
from tianping.simulate.draws import DAY, NEVER, Flags, Ints, Rng, between, by_row, chance
from tianping.simulate.endings import Endings
from tianping.simulate.families import delay
from tianping.simulate.orders import Orders
from tianping.simulate.world import World

_STARS: Final = np.array(
    [(2, 2, 7, 19, 70), (46, 26, 14, 9, 5)], dtype=np.float64
)  # 1–5 stars, by whether the buyer was let down
_VOICES: Final = max(len(said) for said in words.REVIEWS)
_SAID: Final = (*(said[voice % len(said)] for said in words.REVIEWS for voice in range(_VOICES)), words.AUTOMATIC)
APPENDS: Final = (0.04, 0.15)  # share of reviews followed by a second one, by whether the buyer was let down
WON_BACK: Final = 0.5  # share of the second ones that are as of a buyer who was not


def table(world: World, orders: Orders, course: Course, endings: Endings, sad: Flags, rng: Rng) -> col.Columns:
    """The file `reviews`: people's, automatic ones after 15 days of silence, and second ones; `sad`: see `let_down`."""
    order, at, part, automatic = _written(world, orders, endings, sad, rng)
    n = len(order)
    still_sad = sad[order] & ~((part == 2) & chance(rng, WON_BACK, n))
    stars = [
        np.where(automatic, 5, by_row(rng, _STARS, sorrow.astype(np.int64)) + 1)
        for sorrow in _sorrows(orders, course, order, still_sad)
    ]
    text = np.where(automatic, len(_SAID) - 1, (stars[0] - 1) * _VOICES + between(rng, 0, _VOICES, n))
    bad = stars[0] + stars[1] + stars[2] <= 6
    overturned = np.where(bad & chance(rng, 0.04, n), at + between(rng, DAY, 9 * DAY, n), NEVER)
    return {
        "review_id": col.ids("V", orders.number[order], part),
        "order_id": col.ids("", orders.number[order]),
        "reviewed_at": col.times(world.market, at),
        "quality": col.numbers(stars[0]),
        "logistics": col.numbers(stars[1]),
        "service": col.numbers(stars[2]),
        "text": col.names(_SAID, text, automatic | chance(rng, 0.7, n)),
        "valid": col.flags(chance(rng, 0.98, n)),
        "automatic": col.flags(automatic),
        "overturned_at": col.times(world.market, overturned),
    }


def _written(world: World, orders: Orders, endings: Endings, sad: Flags, rng: Rng) -> tuple[Ints, Ints, Ints, Flags]:
    """(order, when, part, automatic) of every review before the market's end; who is let down writes oftener."""
    n = len(orders)
    human = chance(rng, np.where(sad, 0.54, 0.24), n)
    silent = ~human & chance(rng, 0.4, n)
    first = np.where(human, endings.signed + delay(rng, "review", n), np.where(silent, endings.signed + 15 * DAY, NEVER))
    second = np.where(human & chance(rng, np.array(APPENDS)[sad.astype(np.int64)], n), first + delay(rng, "append", n), NEVER)
    place = np.arange(n, dtype=np.int64)
    order, at = np.concatenate([place, place]), np.concatenate([first, second])
    part, automatic = np.repeat(np.array([1, 2]), n), np.concatenate([silent, np.zeros(n, dtype=np.bool_)])
    here = at < world.market.end
    return order[here], at[here], part[here], automatic[here]


def let_down(world: World, orders: Orders, course: Course, rounds: list[Cases]) -> Flags:
    """Per order: whether the goods gave reason to complain."""
    bad = world.faults.acts("product_turns_bad", orders.product, orders.begun)
    sad: Flags = bad | (course.crushed & (orders.number % 4 == 0))
    for cases in rounds:
        sad[cases.requests.order[IS_QUALITY[cases.requests.reason]]] = True
    return sad


def _sorrows(orders: Orders, course: Course, order: Ints, let_down: Flags) -> tuple[Flags, Flags, Flags]:
    """Whether goods, logistics, service gave reason for few stars; who is let down is hard on everything."""
    slow = (course.signed[order] - orders.begun[order] > 7 * DAY) & (orders.begun[order] < NEVER)
    return let_down, slow | (let_down & (orders.number[order] % 2 == 0)), let_down & (orders.number[order] % 3 > 0)
