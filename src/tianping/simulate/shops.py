"""The shops: a few big ones, many small, and some of every special kind."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from tianping.simulate import columns as col
from tianping.simulate import names
from tianping.simulate.draws import DAY, HOUR, NEVER, Flags, Floats, Ints, Rng, between, chance, stream, weighted
from tianping.simulate.families import SKEWS
from tianping.simulate.plan import Market

SPECIAL: Final = ("new", "without_categories", "closed", "nearly_dead")  # taken in turn by the last sixth of the ranks
SWITCHES: Final = ("instant_refund", "assistant", "seven_days", "return_freight")
NEARLY_DEAD_ORDERS: Final = 12


@dataclass(frozen=True, slots=True)
class Shops:
    """One entry per shop, the biggest first. `opened` and `closed` are seconds of the market (NEVER: still open)."""

    id: tuple[str, ...]
    role: tuple[str, ...]
    platform: Ints
    main: Ints
    weight: Floats
    opened: Ints
    closed: Ints
    promise_s: Ints
    answer: Floats
    reply: Floats
    quality: Floats
    bot: Floats
    chats: Floats
    agents: Ints
    instant: Flags

    def open_at(self, shop: Ints, at: Ints) -> Flags:
        return np.asarray((at >= self.opened[shop]) & (at < self.closed[shop]))

    def always_open(self) -> Flags:
        return np.asarray((self.opened < 0) & (self.closed >= NEVER))

    def shares(self) -> Floats:
        return np.asarray(self.weight / self.weight.sum())


def make(market: Market) -> Shops:
    rng, n = stream(market.seed, "shops"), market.shops
    roles = _roles(n)
    special = np.array([role in SPECIAL for role in roles])
    turn = np.array(names.FEW_TURN if n < names.FEW_SHOPS else names.PLATFORM_TURN)
    weight = SKEWS["shops"].weights(n)
    dead = np.array([role == "nearly_dead" for role in roles])
    weight[dead] = min(NEARLY_DEAD_ORDERS / market.orders, 0.02) * weight.sum()
    return Shops(
        id=tuple(f"S{number:0{max(3, len(str(n)))}}" for number in range(1, n + 1)),
        role=roles,
        platform=np.where(special, 0, turn[np.arange(n) % len(turn)]),
        main=np.array(names.MAIN_TURN)[np.arange(n) % len(names.MAIN_TURN)],
        weight=weight,
        opened=_opened(rng, market, roles),
        closed=np.array([_day(market, 0.62) if role == "closed" else NEVER for role in roles]),
        promise_s=np.array([24, 48, 48, 48, 72])[weighted(rng, (1, 2, 2, 2, 1), n)] * HOUR,
        answer=_factor(rng, n, 0.45),
        reply=_factor(rng, n, 0.40),
        quality=_factor(rng, n, 0.30),
        bot=rng.uniform(0.25, 0.80, n),
        chats=_factor(rng, n, 0.25),
        agents=np.clip(2 + 30 * weight / weight.sum(), 2, 8).astype(np.int64),
        instant=chance(rng, 0.5, n),
    )


def _roles(n: int) -> tuple[str, ...]:
    """big, ordinary, small by rank; the last sixth special."""
    ordinary = n - n // 6
    plain = ["big" if rank < max(1, n // 8) else "ordinary" if rank < n // 2 else "small" for rank in range(ordinary)]
    return (*plain, *(SPECIAL[k % len(SPECIAL)] for k in range(n - ordinary)))


def _opened(rng: Rng, market: Market, roles: tuple[str, ...]) -> Ints:
    before = -between(rng, 60, 1800, len(roles)) * DAY
    return np.where([role == "new" for role in roles], _day(market, 0.70), before)


def _day(market: Market, share: float) -> int:
    return int(market.days * share) * DAY


def _factor(rng: Rng, n: int, sigma: float) -> Floats:
    return np.asarray(np.exp(rng.standard_normal(n) * sigma))


def table(market: Market, shops: Shops) -> col.Columns:
    """The file `shops`."""
    rng, n = stream(market.seed, "shops", "file"), market.shops
    every = np.arange(n, dtype=np.int64)
    required = np.array([2_000_00, 5_000_00, 10_000_00])[weighted(rng, (5, 3, 1), n)]
    held = np.where(chance(rng, 0.06, n), required // 2, required + between(rng, 0, 50, n) * 100_00)
    opened = shops.opened + market.epoch + between(rng, 9, 18, n) * HOUR * (shops.opened < 0)
    return {
        "shop_id": col.names(shops.id, every),
        "platform": col.names(names.PLATFORMS, shops.platform),
        "name": col.names([_name(rank, int(main)) for rank, main in enumerate(shops.main)], every),
        "main_category": col.names(names.L1, shops.main, np.array([role != "without_categories" for role in shops.role])),
        "opened_at": col.moments(opened),
        "closed_at": col.times(market, shops.closed),
        "region": col.names([region for region, _, _ in names.REGIONS], weighted(rng, [w for _, w, _ in names.REGIONS], n)),
        "timezone": col.names(("Asia/Shanghai",), 0 * every),
        "deposit_fen": col.numbers(held),
        "required_deposit_fen": col.numbers(required),
        **{
            f"phone_{use}": _phones(rng, n, p)
            for use, p in (("manager", 0.02), ("service", 0.05), ("shipping", 0.08), ("return", 0.08))
        },
        "type": col.names(names.SHOP_TYPES, every % len(names.SHOP_TYPES)),
        "switches": col.names(_switches(rng, shops), every),
    }


def _name(rank: int, main: int) -> str:
    word = names.SHOP_WORDS[rank % len(names.SHOP_WORDS)]
    again = rank // len(names.SHOP_WORDS)
    return f"{word}{names.L1[main][:2]}{names.SHOP_KINDS[rank % len(names.SHOP_KINDS)]}{again + 1 if again else ''}"


def _phones(rng: Rng, n: int, missing: float) -> col.Column:
    """Numbers of a series that is never given to anyone (1990000xxxx)."""
    return col.ids("", 19_900_000_000 + between(rng, 0, 10_000, n), where=~chance(rng, missing, n))


def _switches(rng: Rng, shops: Shops) -> list[str | None]:
    on = rng.random((len(shops.id), len(SWITCHES))) < 0.5
    on[:, 0] = shops.instant
    return [",".join(name for name, is_on in zip(SWITCHES, row, strict=True) if is_on) or None for row in on]
