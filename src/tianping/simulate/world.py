"""The market before its first order: parameters, shops, products, and what is wrong with them."""

from dataclasses import dataclass

from tianping.simulate import faults, products, shops
from tianping.simulate.plan import Market


@dataclass(frozen=True, slots=True)
class World:
    market: Market
    shops: shops.Shops
    products: products.Products
    faults: faults.Faults


def make(market: Market) -> World:
    their_shops = shops.make(market)
    goods = products.make(market, their_shops)
    return World(market, their_shops, goods, faults.plant(market, their_shops, goods))
