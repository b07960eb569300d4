"""Orders of one chunk, up to the moment of payment: who buys what, where, through which channel, with which promise."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from tianping.simulate import festival, names
from tianping.simulate.draws import DAY, NEVER, Flags, Ints, Rng, between, by_row, chance, turn_of, weighted, zipf
from tianping.simulate.families import SKEWS, delay
from tianping.simulate.plan import PER_DAY, Chunk, Market, moments
from tianping.simulate.world import World

UNPAID: Final = 0.05  # share of purchases never paid
CASH: Final = (0.05, 0.02, 0.0, 0.0, 0.06)  # share of cash on delivery, by platform


@dataclass(frozen=True, slots=True)
class Orders:
    """One entry per order (sub-order), by time. `begun`: paid, or created for cash on delivery; NEVER where not paid.
    `lapses`: when the order closes if it is not paid."""

    number: Ints
    parent: Ints
    shop: Ints
    product: Ints
    buyer: Ints
    region: Ints
    quantity: Ints
    amount_fen: Ints
    freight_fen: Ints
    channel: Ints
    created: Ints
    begun: Ints
    lapses: Ints
    promised: Ints
    presale: Flags
    cod: Flags
    risk: Flags
    virtual: Flags

    def __len__(self) -> int:
        return len(self.number)


def make(world: World, chunk: Chunk, rng: Rng) -> Orders:
    market, shops, products = world.market, world.shops, world.products
    at, day = moments(rng, chunk)
    number = _numbers(market, chunk, day)
    head = _heads(rng, day)
    created = at[head]
    shop = _shops(world, rng, chunk, created, head)
    product = products.first[shop] + zipf(rng, products.count[shop], SKEWS["products"].exponent)
    n, platform = len(number), shops.platform[shop]
    buyer = (max(20, market.orders * 0.4) * rng.random(n) ** 1.5).astype(np.int64)[head]
    virtual = products.virtual[product]
    deposit = _deposits(market, rng, created, head) & ~virtual
    cod = chance(rng, np.array(CASH)[platform], n)[head] & ~virtual & ~deposit
    begun, lapses = _payment(market, rng, created, deposit, head)
    begun = np.where(cod, created, begun)
    quantity = 1 + weighted(rng, (0.86, 0.10, 0.04), n)
    promise = np.where(products.presale[product], (7 + product % 9) * DAY, shops.promise_s[shop])
    return Orders(
        number=number,
        parent=number[head],
        shop=shop,
        product=product,
        buyer=buyer,
        region=_regions(buyer),
        quantity=quantity,
        amount_fen=(products.price_fen[product] * quantity * (1 - 0.2 * rng.random(n) ** 2)).astype(np.int64),
        freight_fen=np.where(chance(rng, 0.2, n) & ~virtual, between(rng, 3, 13, n) * 100, 0),
        channel=by_row(rng, np.array(names.CHANNEL_WEIGHTS), platform),
        created=created,
        begun=begun,
        lapses=lapses,
        promised=begun + promise + deposit * festival.STRENGTH["promise_days"] * DAY,
        presale=products.presale[product] | deposit,
        cod=cod,
        risk=chance(rng, 0.006, n),
        virtual=virtual,
    )


def _numbers(market: Market, chunk: Chunk, day: Ints) -> Ints:
    """yymmdd and the order's number within its day: time-ordered, and the same however chunks are cut."""
    begins = np.cumsum(chunk.counts) - chunk.counts
    within = np.arange(len(day), dtype=np.int64) - np.repeat(begins - chunk.taken, chunk.counts)
    return np.asarray(market.stamps()[day] * PER_DAY + within + 1)


def _heads(rng: Rng, day: Ints) -> Ints:
    """For each order the first order of its purchase: one of nine belongs to the purchase before it."""
    place = np.arange(len(day), dtype=np.int64)
    joined = chance(rng, 0.11, len(day))
    joined[:1] = False
    joined[1:] &= day[1:] == day[:-1]
    return np.asarray(np.maximum.accumulate(np.where(joined, 0, place)))


def _deposits(market: Market, rng: Rng, created: Ints, head: Ints) -> Flags:
    """Whether an order is a deposit for the festival: some of the purchases of the days before it."""
    wanted = chance(rng, festival.STRENGTH["deposits"], len(created))[head]
    return wanted & market.festival.taking_deposits(created) if market.festival else np.zeros(len(created), dtype=np.bool_)


def _payment(market: Market, rng: Rng, created: Ints, deposit: Flags, head: Ints) -> tuple[Ints, Ints]:
    """(when paid, when it lapses): within a day of the order; the balance of a deposit once the festival has begun."""
    n, begins = len(created), market.festival.begins if market.festival else 0
    paid = np.where(deposit, begins + delay(rng, "balance", n)[head], created + delay(rng, "pay", n)[head])
    lapses = np.where(deposit, begins + festival.BALANCE, created + DAY)
    forgotten = chance(rng, np.where(deposit, festival.STRENGTH["balance_unpaid"], UNPAID), n)[head]
    return np.where(forgotten | (paid >= lapses), NEVER, paid), lapses


def _shops(world: World, rng: Rng, chunk: Chunk, at: Ints, head: Ints) -> Ints:
    """A shop for each order; what falls to a shop not open, or above the line of one that caps its days, goes to others."""
    shops, faults = world.shops, world.faults
    capping = np.asarray(faults.since["caps_orders"] < NEVER)
    shop = weighted(rng, shops.weight, len(at))[head]
    other = weighted(rng, shops.weight * (shops.always_open() & ~capping), len(at))[head]
    shop = np.where(shops.open_at(shop, at), shop, other)
    return np.where(_above_the_line(world, chunk, shop, at, head), other, shop)


def _above_the_line(world: World, chunk: Chunk, shop: Ints, at: Ints, head: Ints) -> Flags:
    """The purchases with an order beyond what their shop takes on that day; a day that is cut takes its share in each part."""
    orders = np.flatnonzero(world.faults.acts("caps_orders", shop, at))
    day = at[orders] // DAY - chunk.first
    most, upto = world.faults.most_a_day[shop[orders]], chunk.taken + chunk.counts
    here = most * upto[day] // chunk.whole[day] - most * chunk.taken[day] // chunk.whole[day]
    above = np.zeros(len(at), dtype=np.bool_)
    above[head[orders[turn_of(shop[orders] * len(chunk.counts) + day) >= here]]] = True
    return above[head]


def _regions(buyer: Ints) -> Ints:
    """A buyer lives in one region."""
    weights = np.cumsum([weight for _, weight, _ in names.REGIONS])
    return np.asarray(np.searchsorted(weights, (buyer * 7919 + 13) % weights[-1], side="right"), dtype=np.int64)
