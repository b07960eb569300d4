"""Live rooms and short videos: what is shown, who watches, for how long."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from tianping.simulate import columns as col
from tianping.simulate.draws import DAY, HOUR, NEVER, Flags, Ints, Rng, between, chance, stream, weighted
from tianping.simulate.families import delay
from tianping.simulate.orders import Orders
from tianping.simulate.talks import FIRST_STRANGER
from tianping.simulate.world import World

VIEWS_PER_ORDER: Final = 0.30
PLAYS_PER_ORDER: Final = 0.35
VIDEO_EVERY_DAYS: Final = 6  # days between two videos of a shop
GRADES: Final = ("poor", "fair", "good")


@dataclass(frozen=True, slots=True)
class Videos:
    """One entry per video, by time of publishing."""

    shop: Ints
    published: Ints
    duration_s: Ints


def make(world: World) -> Videos:
    rng, market, shops = stream(world.market.seed, "videos"), world.market, world.shops
    live = np.flatnonzero(shops.platform <= 1)
    n = max(1, len(live) * market.days // VIDEO_EVERY_DAYS)
    shop = live[(len(live) * rng.random(n) ** 1.4).astype(np.int64)]
    published = np.sort(between(rng, 0, market.end, n))
    here = shops.open_at(shop, published)
    return Videos(shop[here], published[here], between(rng, 2, 75, n)[here])


def video_table(world: World, videos: Videos) -> col.Columns:
    """The file `videos`: most enter the look review, and a fifth of those are poor."""
    rng, market, n = stream(world.market.seed, "videos", "file"), world.market, len(videos.shop)
    looked = np.where(chance(rng, 0.85, n), videos.published + delay(rng, "look", n), NEVER)
    return {
        "video_id": col.ids("W", np.arange(1, n + 1)),
        "shop_id": col.names(world.shops.id, videos.shop),
        "published_at": col.times(market, videos.published),
        "duration_s": col.numbers(videos.duration_s),
        "near_pro": col.flags(chance(rng, 0.3, n)),
        "with_product": col.flags(chance(rng, 0.85, n)),
        "look_reviewed_at": col.times(market, looked),
        "look_grade": col.names(GRADES, weighted(rng, (0.2, 0.45, 0.35), n), looked < market.end),
    }


def play_table(world: World, videos: Videos, orders: Orders, rng: Rng) -> col.Columns:
    """The file `video_plays`: one for some orders, mostly of the newest videos."""
    order = np.flatnonzero(chance(rng, PLAYS_PER_ORDER, len(orders)))
    known = np.searchsorted(videos.published, orders.created[order], side="right")
    order, known = order[known > 0], known[known > 0]
    n = len(order)
    video = (known * (1 - rng.random(n) ** 3)).astype(np.int64).clip(max=known - 1)
    return {
        "play_id": col.ids("Y", orders.number[order]),
        "video_id": col.ids("W", video + 1),
        "user_id": col.ids("U", _viewers(orders, order, rng)),
        "played_at": col.times(world.market, orders.created[order]),
        "watched_s": col.numbers(np.minimum(delay(rng, "watch_video", n), videos.duration_s[video])),
    }


def view_table(world: World, orders: Orders, rng: Rng) -> col.Columns:
    """The file `live_views`: each shop of a live platform has one room an evening, from 19:00 to midnight."""
    market, n = world.market, len(orders)
    live: Flags = (world.shops.platform[orders.shop] <= 1) & chance(rng, VIEWS_PER_ORDER, n)
    order = np.flatnonzero(live)
    day = orders.created[order] // DAY
    at = day * DAY + 19 * HOUR + (5 * HOUR * rng.random(len(order)) ** 0.9).astype(np.int64)
    here = world.shops.open_at(orders.shop[order], at)
    order, day, at = order[here], day[here], at[here]
    return {
        "view_id": col.ids("X", orders.number[order]),
        "room_id": col.ids("L", orders.shop[order] + 1, market.stamps()[day]),
        "user_id": col.ids("U", _viewers(orders, order, rng)),
        "shop_id": col.names(world.shops.id, orders.shop[order]),
        "viewed_at": col.times(market, at),
        "seconds": col.numbers(delay(rng, "watch_live", len(order))),
        "reported": col.flags(chance(rng, 0.0006, len(order))),
    }


def _viewers(orders: Orders, order: Ints, rng: Rng) -> Ints:
    """Half of those who watch buy; the other half never did."""
    n = len(order)
    return np.where(chance(rng, 0.5, n), orders.buyer[order], FIRST_STRANGER + between(rng, 0, 5_000_000, n))
