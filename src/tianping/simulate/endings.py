"""How orders end: refunds stop parcels that were not yet shipped, unpaid orders close, the others succeed."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from tianping.facts.schema import CHANNELS
from tianping.simulate import agents, names
from tianping.simulate import columns as col
from tianping.simulate.cases import Cases
from tianping.simulate.draws import DAY, NEVER, Ints
from tianping.simulate.orders import Orders
from tianping.simulate.parcels import Trips
from tianping.simulate.world import World

CLOSE_REASONS: Final = ("unpaid", "refunded")
_REGIONS: Final = tuple(region for region, _, _ in names.REGIONS)


@dataclass(frozen=True, slots=True)
class Endings:
    """Per order; NEVER where it does not happen. `closed_why`: place in CLOSE_REASONS."""

    paid: Ints
    signed: Ints
    closed: Ints
    closed_why: Ints
    succeeded: Ints


def stop_refunded(orders: Orders, trips: Trips, rounds: list[Cases]) -> Trips:
    """The trips without the parcels that were to ship after the order's refund."""
    return trips.keep(trips.shipped < refunded_at(orders, rounds)[trips.order])


def refunded_at(orders: Orders, rounds: list[Cases]) -> Ints:
    """Per order when its first refund was paid."""
    return _earliest(orders, [(cases.requests.order, np.where(cases.refunded(), cases.ended, NEVER)) for cases in rounds])


def make(orders: Orders, trips: Trips, rounds: list[Cases]) -> Endings:
    """Cash on delivery is paid when signed; an order succeeds ten days after signing, not before its cases ended."""
    signed = trips.last("signed", orders)
    paid = np.where(orders.cod, signed, orders.begun)
    refunded = refunded_at(orders, rounds)
    unpaid = ~orders.cod & (orders.begun >= NEVER)
    last_end = np.zeros(len(orders), dtype=np.int64)
    for cases in rounds:
        np.maximum.at(last_end, cases.requests.order, cases.ended)
    wait = np.where(orders.virtual, 0, 10 * DAY)
    return Endings(
        paid=paid,
        signed=signed,
        closed=np.where(unpaid, orders.lapses, refunded),
        closed_why=np.where(unpaid, 0, 1),
        succeeded=np.where(refunded < NEVER, NEVER, np.maximum(signed + wait, last_end)),
    )


def _earliest(orders: Orders, marks: list[tuple[Ints, Ints]]) -> Ints:
    found = np.full(len(orders), NEVER, dtype=np.int64)
    for order, at in marks:
        np.minimum.at(found, order, at)
    return found


def table(world: World, orders: Orders, endings: Endings, agent: Ints) -> col.Columns:
    """The file `orders`; `agent`: who served the buyer before each order, -1 where nobody did."""
    market, shops = world.market, world.shops
    promise = ~orders.virtual & (
        orders.begun < market.end
    )  # a promise may lie after the end: it is known when the order begins
    return {
        "order_id": col.ids("", orders.number),
        "shop_id": col.names(shops.id, orders.shop),
        "product_id": col.ids("P", world.products.number[orders.product]),
        "buyer_id": col.ids("U", orders.buyer),
        "parent_id": col.ids("", orders.parent),
        "quantity": col.numbers(orders.quantity),
        "amount_fen": col.numbers(orders.amount_fen),
        "freight_fen": col.numbers(orders.freight_fen),
        "channel": col.names(CHANNELS, orders.channel),
        "created_at": col.times(market, orders.created),
        "paid_at": col.times(market, endings.paid),
        "promised_ship_at": col.moments(orders.promised + market.epoch, promise),
        "presale": col.flags(orders.presale),
        "cod": col.flags(orders.cod),
        "risk_flagged": col.flags(orders.risk),
        "closed_at": col.times(market, endings.closed),
        "close_reason": col.names(CLOSE_REASONS, endings.closed_why, endings.closed < market.end),
        "succeeded_at": col.times(market, endings.succeeded),
        "region": col.names(_REGIONS, orders.region),
        "agent_id": agents.ids(world.staff, agent, agent >= 0),
    }
