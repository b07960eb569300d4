"""The truth about a made-up market: what was planted where and when, its festival, and the families everything comes from."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tianping.simulate import families, festival, names, orders, talks
from tianping.simulate.causes import CAUSES
from tianping.simulate.complain import GRIEVANCES
from tianping.simulate.faults import Planted
from tianping.simulate.world import World


@dataclass(frozen=True, slots=True)
class Sale:
    """The festival: deposits from `presale`, the sale from `first_day` to `last_day`, and how strongly it acts."""

    presale: str
    first_day: str
    last_day: str
    busy: Mapping[str, object]
    strength: Mapping[str, float]
    shows_in: tuple[str, ...] = ("orders a day", "presale orders paid at its beginning", "timely_shipment", "refund_rate")


@dataclass(frozen=True, slots=True)
class Truth:
    """The content of truth.json. `rows`: rows written per table; `roles`: the shops of each role; `festival`: none in a
    market of less than four weeks."""

    seed: int
    shops: int
    orders: int
    days: int
    first_day: str
    last_day: str
    rows: Mapping[str, int]
    roles: Mapping[str, tuple[str, ...]]
    festival: Sale | None
    faults: tuple[Planted, ...]

    def write(self, path: Path) -> None:
        text = json.dumps({**asdict(self), **_stated()}, ensure_ascii=False, indent=1, default=str)
        path.write_text(text + "\n", encoding="utf-8")


def make(world: World, rows: Mapping[str, int]) -> Truth:
    market, shops = world.market, world.shops
    roles = {
        role: tuple(id_ for id_, own in zip(shops.id, shops.role, strict=True) if own == role)
        for role in sorted(set(shops.role))
    }
    return Truth(
        seed=market.seed,
        shops=market.shops,
        orders=market.orders,
        days=market.days,
        first_day=str(market.first_day),
        last_day=str(market.last_day),
        rows=dict(rows),
        roles=roles,
        festival=_sale(world),
        faults=world.faults.planted,
    )


def _sale(world: World) -> Sale | None:
    market, sale = world.market, world.market.festival
    if sale is None:
        return None
    presale, first, last = (str(market.day(day)) for day in (sale.presale, sale.first, sale.last))
    busy = {"before": festival.BEFORE, "days": festival.RUSH, "after": festival.AFTER}
    return Sale(presale, first, last, busy, festival.STRENGTH)


def _stated() -> dict[str, Any]:
    """What is the same in every market."""
    return {
        "delays": families.stated(families.DELAYS),
        "skews": families.stated(families.SKEWS),
        "refund_reasons": [cause._asdict() for cause in CAUSES],
        "categories": {
            name: {"median_yuan": kind.yuan, "reasons_times": dict(kind.more)} for name, (kind, _) in names.CATEGORIES.items()
        },
        "complaints": [grievance._asdict() for grievance in GRIEVANCES],
        "chats": {
            "sessions_per_order": talks.PER_ORDER,
            "before_the_order": talks.BEFORE,
            "not_buying": talks.STRANGERS,
            "bot_goes_on": talks.BOT_GOES_ON,
            "turns": talks.TURNS,
        },
        "unpaid": orders.UNPAID,
        "cash_on_delivery": dict(zip(names.PLATFORMS, orders.CASH, strict=True)),
        "regions": names.REGIONS,
    }
