"""The people who answer: who they are, for which shop, how quick."""

from dataclasses import dataclass

import numpy as np

from tianping.simulate import columns as col
from tianping.simulate import names
from tianping.simulate.draws import Floats, Ints, between, stream
from tianping.simulate.plan import Market
from tianping.simulate.shops import Shops


@dataclass(frozen=True, slots=True)
class Staff:
    """One entry per agent; those of shop s are first[s] … first[s] + count[s] - 1. `number`: its place within the shop;
    `reply`: its own factor of the seconds to an answer; `scheme`: 0 before, 1 after the sale."""

    first: Ints
    count: Ints
    shop: Ints
    number: Ints
    reply: Floats
    scheme: Ints

    def id(self, agent: int) -> str:
        return f"A{self.shop[agent] + 1}-{self.number[agent] + 1}"


def make(market: Market, shops: Shops) -> Staff:
    rng = stream(market.seed, "staff")
    count = shops.agents
    first = np.cumsum(count) - count
    shop = np.repeat(np.arange(len(count), dtype=np.int64), count)
    number = np.arange(len(shop), dtype=np.int64) - first[shop]
    reply = np.exp(rng.standard_normal(len(shop)) * 0.2)
    scheme = np.where(count[shop] >= 4, number // 2 % 2, number % 2)
    return Staff(first, count, shop, number, reply, scheme)


def ids(staff: Staff, agent: Ints, where: np.typing.NDArray[np.bool_] | None = None) -> col.Column:
    """`A7-2`: the second agent of the seventh shop; empty where not `where`."""
    known = agent if where is None else np.where(where, agent, 0)
    return col.ids("A", staff.shop[known] + 1, staff.number[known] + 1, where)


def table(market: Market, shops: Shops, staff: Staff) -> col.Columns:
    """The file `agents`."""
    rng, n = stream(market.seed, "agents"), len(staff.shop)
    return {
        "agent_id": ids(staff, np.arange(n, dtype=np.int64)),
        "shop_id": col.names(shops.id, staff.shop),
        "name": col.names(names.FAMILY_NAMES, between(rng, 0, len(names.FAMILY_NAMES), n)),
        "scheme": col.names(("pre", "after"), staff.scheme),
        "base_wage_fen": col.numbers(between(rng, 11, 21, n) * 100_00),
        "bonus_per_buyer_fen": col.numbers(between(rng, 10, 60, n)),
    }
