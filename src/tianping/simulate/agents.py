"""The people who answer: who they are and when they are on duty."""

import numpy as np

from tianping.simulate import columns as col
from tianping.simulate import names
from tianping.simulate.draws import DAY, HOUR, Ints, between, chance, stream
from tianping.simulate.world import World


def table(world: World) -> col.Columns:
    """The file `agents`."""
    shop, agent = _everybody(world)
    rng, n = stream(world.market.seed, "agents"), len(shop)
    return {
        "agent_id": col.agents(shop, agent),
        "shop_id": col.names(world.shops.id, shop),
        "name": col.names(names.FAMILY_NAMES, between(rng, 0, len(names.FAMILY_NAMES), n)),
        "scheme": col.names(("pre", "after"), agent % 2),
        "base_wage_fen": col.numbers(between(rng, 30, 50, n) * 100_00),
        "bonus_per_buyer_fen": col.numbers(between(rng, 10, 60, n)),
    }


def shifts(world: World) -> col.Columns:
    """The file `agent_shifts`: five days of seven, by day or till midnight, while the shop is open."""
    market = world.market
    rng = stream(market.seed, "shifts")
    shop, agent = _everybody(world)
    who = np.tile(np.arange(len(shop), dtype=np.int64), market.days)
    day = np.repeat(np.arange(market.days, dtype=np.int64), len(shop))
    late = (agent[who] + day // 7) % 2 == 1
    online = day * DAY + np.where(late, 15, 9) * HOUR + between(rng, -600, 900, len(who))
    here = np.flatnonzero(((who + day) % 7 < 5) & world.shops.open_at(shop[who], online))
    who, day, late, online = who[here], day[here], late[here], online[here]
    suspended = np.where(chance(rng, 0.7, len(who)), between(rng, 60, HOUR, len(who)), 0)
    return {
        "shift_id": col.ids("D", market.stamps()[day] * 1_000_000 + who),
        "shop_id": col.names(world.shops.id, shop[who]),
        "agent_id": col.agents(shop[who], agent[who]),
        "online_at": col.times(market, online),
        "offline_at": col.times(market, np.where(late, (day + 1) * DAY - 60, online + 9 * HOUR)),
        "suspended_s": col.numbers(suspended),
        "longest_suspension_s": col.numbers(suspended * between(rng, 4, 10, len(who)) // 10),
    }


def _everybody(world: World) -> tuple[Ints, Ints]:
    """(shop, number within the shop) of every agent."""
    count = world.shops.agents
    shop = np.repeat(np.arange(len(count), dtype=np.int64), count)
    return shop, np.arange(len(shop), dtype=np.int64) - (np.cumsum(count) - count)[shop]
