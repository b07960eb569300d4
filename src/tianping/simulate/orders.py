"""Orders of one chunk, up to the moment of payment: who buys what, where, through which channel, with which promise."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from tianping.simulate import names
from tianping.simulate.draws import DAY, NEVER, Flags, Ints, Rng, between, by_row, chance, delay, weighted, zipf
from tianping.simulate.plan import PER_DAY, Chunk, Market, moments
from tianping.simulate.world import World

UNPAID: Final = 0.05  # share of purchases never paid
CASH: Final = (0.05, 0.02, 0.0, 0.0, 0.06)  # share of cash on delivery, by platform


@dataclass(frozen=True, slots=True)
class Orders:
    """One entry per order (sub-order), by time. `begun`: paid, or created for cash on delivery; NEVER where not paid.
    `paid` of cash on delivery is NEVER until the parcel is signed (see `settle`)."""

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
    promised: Ints
    presale: Flags
    cod: Flags
    risk: Flags
    virtual: Flags
    agent: Ints  # -1: nobody

    def __len__(self) -> int:
        return len(self.number)


def make(world: World, chunk: Chunk, rng: Rng) -> Orders:
    market, shops, products = world.market, world.shops, world.products
    at, day = moments(rng, chunk)
    number = _numbers(market, chunk, day)
    head = _heads(rng, day)
    created = at[head]
    shop = _shops(world, rng, created)[head]
    product = products.first[shop] + zipf(rng, products.count[shop])
    n, platform = len(number), shops.platform[shop]
    buyer = (max(20, market.orders * 0.4) * rng.random(n) ** 1.5).astype(np.int64)[head]
    virtual = products.virtual[product]
    cod = chance(rng, np.array(CASH)[platform], n)[head] & ~virtual
    paid = created + delay(rng, "pay", n)[head]
    forgotten = chance(rng, UNPAID, n)[head] | (paid - created >= DAY)
    begun = np.where(cod, created, np.where(forgotten, NEVER, paid))
    quantity = 1 + weighted(rng, (0.86, 0.10, 0.04), n)
    presale = products.presale[product]
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
        promised=begun + np.where(presale, (7 + product % 9) * DAY, shops.promise_s[shop]),
        presale=presale,
        cod=cod,
        risk=chance(rng, 0.006, n),
        virtual=virtual,
        agent=np.where(chance(rng, 0.15, n), (rng.random(n) * shops.agents[shop]).astype(np.int64), -1),
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


def _shops(world: World, rng: Rng, at: Ints) -> Ints:
    """A shop for each moment; what falls to a shop not yet or no longer open goes to those always open."""
    shops = world.shops
    shop = weighted(rng, shops.weight, len(at))
    other = weighted(rng, shops.weight * shops.always_open(), len(at))
    return np.where(shops.open_at(shop, at), shop, other)


def _regions(buyer: Ints) -> Ints:
    """A buyer lives in one region."""
    weights = np.cumsum([weight for _, weight, _ in names.REGIONS])
    return np.asarray(np.searchsorted(weights, (buyer * 7919 + 13) % weights[-1], side="right"), dtype=np.int64)
