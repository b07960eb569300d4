"""Parcels: how each order travels, as the warehouse plans it, and the files' rows after refunds stopped some of them."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from tianping.simulate import columns as col
from tianping.simulate import festival, names
from tianping.simulate.draws import DAY, HOUR, MINUTE, NEVER, Flags, Ints, Rng, between, chance, weighted
from tianping.simulate.families import delay
from tianping.simulate.orders import Orders
from tianping.simulate.plan import to_daytime
from tianping.simulate.troubles import strength
from tianping.simulate.world import World

FAKE: Final = 0.002  # share of parcels clicked as shipped that never existed, where nothing is wrong
NEVER_SHIPS: Final = 0.002  # share of orders
AFTERMATH: Final = 4  # days after the festival in which carriers are still slow
_SLOW: Final = np.array([slow for _, _, slow in names.REGIONS])


@dataclass(frozen=True, slots=True)
class Trips:
    """One entry per outbound parcel, in the order of `order` (place of its order in the chunk) and `part` (1, 2, …)."""

    order: Ints
    part: Ints
    carrier: Ints
    shipped: Ints
    collected: Ints
    signed: Ints
    fake: Flags

    def keep(self, which: Flags) -> "Trips":
        return Trips(*(getattr(self, name)[which] for name in self.__slots__))

    def last(self, name: str, orders: Orders) -> Ints:
        """Per order the latest of its parcels' times; NEVER without parcels, the beginning for what is virtual."""
        latest = np.full(len(orders), -1, dtype=np.int64)
        np.maximum.at(latest, self.order, getattr(self, name))
        return np.where(latest >= 0, latest, np.where(orders.virtual, orders.begun, NEVER))


def plan(world: World, orders: Orders, rng: Rng) -> Trips:
    """Parcels of all physical orders that were paid or go cash on delivery."""
    n = len(orders)
    shipped = _shipping(world, orders, rng)
    parts = 1 + chance(rng, 0.035, n) + chance(rng, 0.006, n)
    order = np.repeat(np.arange(n, dtype=np.int64), np.where(~orders.virtual & (shipped < NEVER), parts, 0))
    first = np.searchsorted(order, order)
    part = np.arange(len(order), dtype=np.int64) - first + 1
    left = shipped[order] + (part - 1) * delay(rng, "next_parcel", len(order))
    carrier = weighted(rng, names.CARRIER_WEIGHTS, n)[order]
    return _travel(world, orders, rng, order, part, carrier, left)


def _shipping(world: World, orders: Orders, rng: Rng) -> Ints:
    """When the first parcel ships; a few never do."""
    faults, n = world.faults, len(orders)
    late = np.where(faults.acts("ships_late", orders.shop, orders.begun), strength("ships_late", "times"), 1.0)
    late = late * festival.times(world.market.festival, "ship_times", orders.begun)
    promise = np.where(orders.begun < NEVER, orders.promised - orders.begun, 0)
    shipped = to_daytime(rng, orders.begun + delay(rng, "ship", n, promise * late))
    bunched = faults.acts("bunched_shipments", orders.shop, orders.begun) & chance(rng, strength("bunched_shipments"), n)
    shipped = np.where(bunched, orders.promised - between(rng, 1, 40 * MINUTE, n), shipped)
    lacking = np.where(
        faults.acts("sells_without_stock", orders.shop, orders.begun), strength("sells_without_stock"), NEVER_SHIPS
    )
    return np.where((orders.begun < NEVER) & ~chance(rng, lacking, n), shipped, NEVER)


def _travel(world: World, orders: Orders, rng: Rng, order: Ints, part: Ints, carrier: Ints, shipped: Ints) -> Trips:
    n, shop, faults = len(order), orders.shop[order], world.faults
    bunched = faults.acts("bunched_shipments", shop, shipped)
    fake = chance(rng, np.where(faults.acts("fakes_shipments", shop, shipped), strength("fakes_shipments"), FAKE), n)
    slower = np.where(bunched, strength("bunched_shipments", "pickup_times"), 1.0)
    collected = np.where(fake, NEVER, shipped + delay(rng, "pickup", n, slower))
    crowded = festival.times(world.market.festival, "transit_times", collected, AFTERMATH)
    arrived = to_daytime(rng, collected + delay(rng, "transit", n, _SLOW[orders.region[order]] * crowded))
    signed = np.where(fake | chance(rng, 0.003, n), NEVER, arrived)
    return Trips(order, part, carrier, shipped, collected, signed, fake)


def crushed(world: World, orders: Orders, trips: Trips) -> Flags:
    """Per order: whether a parcel of it travelled with a carrier that crushes boxes."""
    hit = np.zeros(len(orders), dtype=np.bool_)
    hit[trips.order[world.faults.acts("carrier_crushes", trips.carrier, trips.shipped)]] = True
    return hit


def outbound(world: World, orders: Orders, trips: Trips) -> col.Columns:
    """The file `parcels`: what has been shipped by the market's end."""
    market = world.market
    trips = trips.keep(trips.shipped < market.end)
    number = orders.number[trips.order]
    return {
        "parcel_id": col.ids("P", number, trips.part),
        "order_id": col.ids("", number),
        "direction": col.names(("out",), 0 * trips.part),
        "carrier": col.names(names.CARRIERS, trips.carrier),
        "waybill": _waybills(trips.carrier, number * 10 + trips.part),
        "shipped_at": col.times(market, trips.shipped),
        "collected_at": col.times(market, trips.collected),
        "signed_at": col.times(market, trips.signed),
        "fake": col.flags(trips.fake),
    }


def back(world: World, rng: Rng, order_number: Ints, round_: Ints, shipped: Ints, signed: Ints) -> col.Columns:
    """The file `parcels`, goods that buyers send back: one per case with a return waybill before the market's end."""
    market = world.market
    here = shipped < market.end
    order_number, round_, shipped, signed = (values[here] for values in (order_number, round_, shipped, signed))
    n = len(shipped)
    carrier = weighted(rng, names.CARRIER_WEIGHTS, n)
    collected = np.minimum(shipped + between(rng, HOUR, DAY, n), signed - HOUR)
    return {
        "parcel_id": col.ids("R", order_number, round_),
        "order_id": col.ids("", order_number),
        "direction": col.names(("back",), 0 * shipped),
        "carrier": col.names(names.CARRIERS, carrier),
        "waybill": _waybills(carrier, order_number * 10 + 5 + round_),
        "shipped_at": col.times(market, shipped),
        "collected_at": col.times(market, np.maximum(collected, shipped)),
        "signed_at": col.times(market, signed),
        "fake": col.flags(np.zeros(n, dtype=np.bool_)),
    }


def _waybills(carrier: Ints, number: Ints) -> col.Column:
    return col.join(col.names(names.CARRIER_CODES, carrier), number)
