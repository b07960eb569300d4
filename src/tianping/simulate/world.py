"""The market before its first order: parameters, shops, products, staff, and what is wrong with them."""

from dataclasses import dataclass

from tianping.simulate import agents, faults, products, shops
from tianping.simulate.plan import Market


@dataclass(frozen=True, slots=True)
class World:
    market: Market
    shops: shops.Shops
    products: products.Products
    staff: agents.Staff
    faults: faults.Faults


def make(market: Market) -> World:
    their_shops = shops.make(market)
    goods = products.make(market, their_shops)
    staff = agents.make(market, their_shops)
    return World(market, their_shops, goods, staff, faults.plant(market, their_shops, goods, staff))
