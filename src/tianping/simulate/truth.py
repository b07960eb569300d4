"""The truth about a made-up market: what was planted where and when, and the families its delays come from."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from tianping.simulate import names
from tianping.simulate.causes import CAUSES
from tianping.simulate.draws import DELAYS
from tianping.simulate.faults import Planted
from tianping.simulate.world import World


@dataclass(frozen=True, slots=True)
class Truth:
    """The content of truth.json. `rows`: rows written per table; `roles`: the shops of each role."""

    seed: int
    shops: int
    orders: int
    days: int
    first_day: str
    last_day: str
    rows: Mapping[str, int]
    roles: Mapping[str, tuple[str, ...]]
    faults: tuple[Planted, ...]

    def write(self, path: Path) -> None:
        known = {
            **asdict(self),
            "delays": _delays(),
            "refund_reasons": [cause._asdict() for cause in CAUSES],
            "regions": names.REGIONS,
        }
        path.write_text(json.dumps(known, ensure_ascii=False, indent=1, default=str) + "\n", encoding="utf-8")


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
        faults=world.faults.planted,
    )


def _delays() -> list[dict[str, object]]:
    return [{"name": name, "family": "lognormal", **asdict(family)} for name, family in DELAYS.items()]
