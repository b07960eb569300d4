"""The products: each of one shop, the shop's best seller first, named and priced by its category."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from tianping.simulate import columns as col
from tianping.simulate import names
from tianping.simulate.draws import DAY, Flags, Floats, Ints, between, chance, stream, zipf
from tianping.simulate.families import SKEWS
from tianping.simulate.plan import Market
from tianping.simulate.shops import Shops

MOST: Final = 3_000  # products of one shop
BLOCK: Final = 200_000  # products written at once
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
    return np.asarray(first[l1] + zipf(rng, per_l1[l1], SKEWS["categories"].exponent), dtype=np.int64)


def _prices(market: Market, leaf: Ints) -> Ints:
    """Prices around the category's median that end in .90, as shops like them."""
    rng = stream(market.seed, "prices")
    median = np.array([kind.yuan for kind in _KINDS])[np.array(names.LEAF_L1)[leaf]]
    yuan = np.maximum(median * np.exp(rng.standard_normal(len(leaf)) * 0.55), 5)
    return np.asarray(yuan.astype(np.int64) * 100 + 90, dtype=np.int64)


def _trait(name: str) -> Flags:
    return np.array([bool(getattr(kind, name)) for kind in _KINDS])


def tables(market: Market, shops: Shops, products: Products) -> Iterator[col.Columns]:
    """The file `products`, in blocks; the shops of the role `without_categories` leave the categories empty."""
    sorted_in = np.array([role != "without_categories" for role in shops.role])
    for first in range(0, len(products.shop), BLOCK):
        these = np.arange(first, min(first + BLOCK, len(products.shop)), dtype=np.int64)
        yield _table(market, shops, products, these, sorted_in[products.shop[these]])


def _table(market: Market, shops: Shops, products: Products, these: Ints, sorted_in: Flags) -> col.Columns:
    rng, n = stream(market.seed, "products", "file", int(these[0])), len(these)
    shop, leaf, number = products.shop[these], products.leaf[these], products.number[these]
    opened = shops.opened[shop]
    listed = np.where(opened < 0, opened + between(rng, 0, 40, n) * DAY + between(rng, 0, DAY, n), opened)
    l1 = np.array(names.LEAF_L1)[leaf]
    traits = ("standard", "virtual", "seven_days", "three_guarantees", "durable")
    return {
        "product_id": col.ids("P", number),
        "shop_id": col.names(shops.id, shop),
        "title": col.names(_titles(number, leaf), np.arange(n, dtype=np.int64)),
        **{
            f"category_l{level}": col.names(path, leaf, sorted_in)
            for level, path in enumerate(zip(*names.LEAVES, strict=True), 1)
        },
        **{trait: col.flags(_trait(trait)[l1]) for trait in traits},
        "listed_at": col.moments(listed + market.epoch),
        "price_fen": col.numbers(products.price_fen[these]),
    }


def _titles(number: Ints, leaf: Ints) -> list[str]:
    return [_title(*pair) for pair in zip(number.tolist(), leaf.tolist(), strict=True)]


def _title(number: int, leaf: int) -> str:
    first, second = (names.STYLES[place % len(names.STYLES)] for place in (number, number // 12 + leaf))
    return f"{first}{second}{names.LEAVES[leaf][2]} {chr(65 + number % 26)}{number % 97:02}款"
