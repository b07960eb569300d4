"""What is wrong with a market, with whom, and since when: the causes that a good analysis should find again."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from tianping.simulate import names
from tianping.simulate.agents import Staff
from tianping.simulate.draws import DAY, NEVER, Flags, Ints
from tianping.simulate.plan import Market
from tianping.simulate.products import Products
from tianping.simulate.shops import SPECIAL, Shops
from tianping.simulate.troubles import KINDS, Kind, strength

PER_SHOPS: Final = 100  # shops of a market for each further fault of a kind


@dataclass(frozen=True, slots=True)
class Planted:
    """One fault of the truth: what is wrong with whom since when, how strongly, and where it shows."""

    kind: str
    subject: str
    platform: str | None
    shop_id: str | None
    since: dt.date
    what: str
    strength: Mapping[str, float]
    shows_in: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Faults:
    """`since[kind][subject number]` is the second from which it is wrong, NEVER where all is well; `most_a_day` the orders
    that each shop takes a day once it caps them."""

    since: Mapping[str, Ints]
    most_a_day: Ints
    planted: tuple[Planted, ...]

    def acts(self, kind: str, subject: Ints, at: Ints) -> Flags:
        return np.asarray((at >= self.since[kind][subject]) & (at < NEVER))


@dataclass(frozen=True, slots=True)
class Subjects:
    """Who can go wrong."""

    shops: Shops
    products: Products
    staff: Staff

    def count(self, kind: str) -> int:
        shops, products = len(self.shops.id), len(self.products.shop)
        return {"shop": shops, "product": products, "carrier": len(names.CARRIERS), "agent": len(self.staff.shop)}[kind]

    def first_of(self, kind: str, shop: int) -> int:
        """The number of the shop's best seller, of its first agent, or of the shop itself."""
        return {"product": int(self.products.first[shop]), "agent": int(self.staff.first[shop])}.get(kind, shop)

    def named(self, kind: str, number: int) -> tuple[str, int | None]:
        """The subject's id or name, and its shop's number."""
        if kind == "carrier":
            return names.CARRIERS[number], None
        shop = {"product": self.products.shop, "agent": self.staff.shop}[kind][number] if kind != "shop" else number
        ids = {"product": self.products.id, "agent": self.staff.id, "shop": self.shops.id.__getitem__}
        return ids[kind](number), int(shop)


def plant(market: Market, shops: Shops, products: Products, staff: Staff) -> Faults:
    """One fault of each kind per hundred shops, on the platform's shops that are not special, the big ones first.
    A kind whose platform has no shop is left out."""
    them = Subjects(shops, products, staff)
    most_a_day = _most_a_day(market, shops)
    since = {kind.name: np.full(them.count(kind.subject), NEVER, dtype=np.int64) for kind in KINDS}
    planted = []
    for copy in range(1 + market.shops // PER_SHOPS):
        for kind in KINDS:
            number = _subject(kind, copy, them)
            begins = int(market.days * kind.share)
            if number is not None and since[kind.name][number] == NEVER:
                since[kind.name][number] = begins * DAY
                planted.append(_planted(kind, number, market.day(begins), them, most_a_day))
    return Faults(since, most_a_day, tuple(planted))


def _most_a_day(market: Market, shops: Shops) -> Ints:
    mean = market.orders / market.days * shops.shares()
    return np.maximum(1, mean * strength("caps_orders", "of_mean")).astype(np.int64)


def _subject(kind: Kind, copy: int, them: Subjects) -> int | None:
    """The number of the carrier, or of the shop's subject, that goes wrong."""
    if kind.subject == "carrier":
        return kind.place
    platform = names.PLATFORMS.index(kind.platform)
    shops = [n for n, role in enumerate(them.shops.role) if role not in SPECIAL and them.shops.platform[n] == platform]
    if not shops:
        return None
    step = sum(other.platform == kind.platform for other in KINDS)
    return them.first_of(kind.subject, shops[(kind.place + copy * step) % len(shops)])


def _planted(kind: Kind, number: int, since: dt.date, them: Subjects, most_a_day: Ints) -> Planted:
    subject, shop = them.named(kind.subject, number)
    more = {"orders_a_day": int(most_a_day[number])} if kind.name == "caps_orders" else {}
    return Planted(
        kind=kind.name,
        subject=subject,
        platform=None if shop is None else names.PLATFORMS[them.shops.platform[shop]],
        shop_id=None if shop is None else them.shops.id[shop],
        since=since,
        what=kind.what,
        strength={**kind.strength, **more},
        shows_in=kind.shows_in,
    )
