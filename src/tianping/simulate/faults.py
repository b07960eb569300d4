"""What is wrong with the market, and since when: the causes that a good analysis should find again."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from tianping.simulate import names
from tianping.simulate.draws import DAY, NEVER, Flags, Ints
from tianping.simulate.plan import Market
from tianping.simulate.products import Products
from tianping.simulate.shops import SPECIAL, Shops


class Kind(NamedTuple):
    """One kind of fault. `place` is its turn among the candidates, `share` the part of the market's days before it begins."""

    name: str
    subject: str
    place: int
    share: float
    what: str
    strength: Mapping[str, float]
    shows_in: tuple[str, ...]


KINDS: Final = (
    Kind("product_turns_bad", "product", 0, 0.60, "the product's quality turns bad: refunds for quality, bad reviews",
         {"quality": 0.22, "not_as_described": 0.13},
         ("product_quality_refund_rate", "quality_refund_rate", "negative_review_rate", "product_rating")),
    Kind("carrier_crushes", "carrier", 3, 0.55, "the carrier crushes boxes: refunds for damage, whatever the shop",
         {"damaged": 0.14}, ("quality_refund_rate", "negative_review_rate")),
    Kind("silent_at_night", "shop", 1, 0.30, "nobody and no bot answers between 19:00 and 9:00; buyers ask more",
         {"asked_times": 2.8}, ("response_3min", "response_5min", "service_satisfaction")),
    Kind("slow_answers", "shop", 2, 0.35, "people answer chats ten times slower, and there is no bot; buyers ask more",
         {"times": 10, "asked_times": 2.2}, ("response_3min", "response_5min", "service_satisfaction")),
    Kind("steers_reasons", "shop", 3, 0.40, "buyers are talked into changing a quality reason to not_wanted",
         {"share": 0.7}, ("quality_refund_rate by first reason against the last",)),
    Kind("bunched_shipments", "shop", 4, 0.45, "parcels are clicked as shipped just before the promise and handed over later",
         {"share": 0.75, "pickup_times": 4}, ("pickup_anomaly", "pickup_24h")),
    Kind("ships_late", "shop", 5, 0.65, "the warehouse cannot keep up: shipping takes four times as long",
         {"times": 4}, ("timely_shipment", "shipped_48h")),
)  # fmt: skip
BY_NAME: Final = {kind.name: kind for kind in KINDS}


@dataclass(frozen=True, slots=True)
class Planted:
    """One fault of truth.json: what is wrong with whom since when, how strongly, and where it shows."""

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
    """`since[kind][subject number]` is the second from which it is wrong, NEVER where all is well."""

    since: Mapping[str, Ints]
    planted: tuple[Planted, ...]

    def acts(self, kind: str, subject: Ints, at: Ints) -> Flags:
        return np.asarray((at >= self.since[kind][subject]) & (at < NEVER))


def plant(market: Market, shops: Shops, products: Products) -> Faults:
    """One fault of each kind per hundred shops, on Kuaishou shops that are not special, the big ones first."""
    sizes = {"shop": market.shops, "product": len(products.shop), "carrier": len(names.CARRIERS)}
    since = {kind.name: np.full(sizes[kind.subject], NEVER, dtype=np.int64) for kind in KINDS}
    planted = []
    for copy in range(1 + market.shops // 100):
        for kind in KINDS:
            number = _subject(kind, copy, shops, products)
            begins = int(market.days * kind.share)
            if since[kind.name][number] == NEVER:
                since[kind.name][number] = begins * DAY
                planted.append(_planted(kind, number, market.day(begins), shops, products))
    return Faults(since, tuple(planted))


def _subject(kind: Kind, copy: int, shops: Shops, products: Products) -> int:
    """The number of the carrier, shop or product (the shop's best seller) that goes wrong."""
    if kind.subject == "carrier":
        return kind.place
    candidates = [n for n, role in enumerate(shops.role) if role not in SPECIAL and shops.platform[n] == 0]
    shop = candidates[(kind.place + copy * len(KINDS)) % len(candidates)]
    return int(products.first[shop]) if kind.subject == "product" else shop


def _planted(kind: Kind, number: int, since: dt.date, shops: Shops, products: Products) -> Planted:
    subject, shop = _named(kind.subject, number, shops, products)
    return Planted(
        kind=kind.name,
        subject=subject,
        platform=None if shop is None else names.PLATFORMS[shops.platform[shop]],
        shop_id=None if shop is None else shops.id[shop],
        since=since,
        what=kind.what,
        strength=kind.strength,
        shows_in=kind.shows_in,
    )


def _named(subject: str, number: int, shops: Shops, products: Products) -> tuple[str, int | None]:
    """The subject's id or name, and its shop's number."""
    if subject == "carrier":
        return names.CARRIERS[number], None
    if subject == "shop":
        return shops.id[number], number
    return products.id(number), int(products.shop[number])
