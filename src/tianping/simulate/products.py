"""The products: each of one shop, the shop's best seller first, named and priced by its category."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from tianping.simulate import columns as col
from tianping.simulate import names
from tianping.simulate.draws import DAY, Flags, Floats, Ints, between, chance, stream, zipf
from tianping.simulate.plan import Market
from tianping.simulate.shops import Shops

MOST: Final = 3_000  # products of one shop
_KINDS: Final = tuple(kind for kind, _ in names.CATEGORIES.values())


@dataclass(frozen=True, slots=True)
class Products:
    """One entry per product; the products of shop s are first[s] … first[s] + count[s] - 1."""

    first: Ints
    count: Ints
    shop: Ints
    number: Ints
    leaf: Ints
    price_fen: Ints
    quality: Floats
    presale: Flags
    virtual: Flags

    @property
    def l1(self) -> Ints:
        return np.array(names.LEAF_L1)[self.leaf]

    def id(self, product: int) -> str:
        return f"P{self.number[product]}"


def make(market: Market, shops: Shops) -> Products:
    rng = stream(market.seed, "products")
    count = np.clip(np.sqrt(market.orders * shops.shares()) * 0.8, 3, MOST).astype(np.int64)
    first = np.cumsum(count) - count
    shop = np.repeat(np.arange(market.shops, dtype=np.int64), count)
    rank = np.arange(len(shop), dtype=np.int64) - first[shop]
    leaf = _leaves(market, shops.main[shop])
    virtual = _trait("virtual")[np.array(names.LEAF_L1)[leaf]]
    return Products(
        first=first,
        count=count,
        shop=shop,
        number=(shop + 1) * 10_000 + rank + 1,
        leaf=leaf,
        price_fen=_prices(market, leaf),
        quality=np.exp(rng.standard_normal(len(shop)) * 0.35),
        presale=chance(rng, 0.05, len(shop)) & (rank > 0) & ~virtual,
        virtual=virtual,
    )


def _leaves(market: Market, main: Ints) -> Ints:
    """A level-3 category for each product: nine of ten within the shop's main category, its first ones oftenest."""
    rng = stream(market.seed, "leaves")
    l1 = np.where(chance(rng, 0.9, len(main)), main, 4)  # 4 = household goods: nearly everybody sells some
    per_l1 = np.bincount(names.LEAF_L1)
    first = np.cumsum(per_l1) - per_l1
    return np.asarray(first[l1] + zipf(rng, per_l1[l1]), dtype=np.int64)


def _prices(market: Market, leaf: Ints) -> Ints:
    """Prices around the category's median that end in .90, as shops like them."""
    rng = stream(market.seed, "prices")
    median = np.array([kind.yuan for kind in _KINDS])[np.array(names.LEAF_L1)[leaf]]
    yuan = np.maximum(median * np.exp(rng.standard_normal(len(leaf)) * 0.55), 5)
    return np.asarray(yuan.astype(np.int64) * 100 + 90, dtype=np.int64)


def _trait(name: str) -> Flags:
    return np.array([bool(getattr(kind, name)) for kind in _KINDS])


def table(market: Market, shops: Shops, products: Products) -> col.Columns:
    """The file `products`; the shops of the role `without_categories` leave the categories empty."""
    rng, n = stream(market.seed, "products", "file"), len(products.shop)
    sorted_in = np.array([role != "without_categories" for role in shops.role])[products.shop]
    listed = shops.opened[products.shop] + between(rng, 0, 40, n) * DAY + between(rng, 0, DAY, n)
    listed = np.where(shops.opened[products.shop] < 0, listed, shops.opened[products.shop])
    l1 = products.l1
    traits = ("standard", "virtual", "seven_days", "three_guarantees", "durable")
    return {
        "product_id": col.ids("P", products.number),
        "shop_id": col.names(shops.id, products.shop),
        "title": col.names(_titles(products), np.arange(n, dtype=np.int64)),
        "category_l1": col.names([leaf[0] for leaf in names.LEAVES], products.leaf, sorted_in),
        "category_l2": col.names([leaf[1] for leaf in names.LEAVES], products.leaf, sorted_in),
        "category_l3": col.names([leaf[2] for leaf in names.LEAVES], products.leaf, sorted_in),
        **{trait: col.flags(_trait(trait)[l1]) for trait in traits},
        "listed_at": col.moments(listed + market.epoch),
        "price_fen": col.numbers(products.price_fen),
    }


def _titles(products: Products) -> list[str]:
    return [_title(number, leaf) for number, leaf in zip(products.number.tolist(), products.leaf.tolist(), strict=True)]


def _title(number: int, leaf: int) -> str:
    first, second = (names.STYLES[place % len(names.STYLES)] for place in (number, number // 12 + leaf))
    return f"{first}{second}{names.LEAVES[leaf][2]} {chr(65 + number % 26)}{number % 97:02}款"
