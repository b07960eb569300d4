"""The rows of `desk_shop`: what the desk knows of shops. And which violations are in force there.

`facts` holds two maps: `told`, by the facts' table of shops, and `set`, by people, which prevails.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, insert, select, update

from tianping.policy.judging import Severity
from tianping.store.desk.schema import desk_case, desk_shop
from tianping.store.schema import violation, violation_event
from tianping.store.violations import NOW


@dataclass(frozen=True, slots=True)
class Shop:
    """A shop as the desk knows it; values are JSON, instants ISO texts (naive UTC)."""

    shop_id: str
    platform: str
    zone: str
    told: Mapping[str, Any]
    set: Mapping[str, Any]
    changed_at: dt.datetime


class Standing(NamedTuple):
    """A violation that is in force, under appeal or not."""

    platform: str
    violation: str
    severity: Severity


def get(connection: Connection, shop: str) -> Shop | None:
    row = connection.execute(_GET, {"shop": shop}).one_or_none()
    if row is None:
        return None
    return Shop(row.shop_id, row.platform, row.zone, row.facts.get("told", {}), row.facts.get("set", {}), row.changed_at)


def put(connection: Connection, shop: Shop) -> None:
    """As it now is."""
    facts = {"told": dict(shop.told), "set": dict(shop.set)}
    row = {"platform": shop.platform, "zone": shop.zone, "facts": facts, "changed_at": shop.changed_at}
    if not connection.execute(_SET, {"its_id": shop.shop_id, **row}).rowcount:
        connection.execute(_PUT, {"shop_id": shop.shop_id, **row})


def in_force(connection: Connection, shop: str) -> Sequence[Standing]:
    """Its violations that are in force now."""
    return [Standing(*row) for row in connection.execute(_IN_FORCE, {"shop": shop})]


def platform(connection: Connection, shop: str) -> str:
    """The platform of a shop that has cases at the desk; "" of one that has none."""
    return str(connection.execute(_PLATFORM, {"shop": shop}).scalar() or "")


_GET = select(desk_shop).where(desk_shop.c.shop_id == bindparam("shop"))
_SET = (
    update(desk_shop)
    .where(desk_shop.c.shop_id == bindparam("its_id"))
    .values({name: bindparam(name) for name in ("platform", "zone", "facts", "changed_at")})
)
_PLATFORM = select(desk_case.c.platform).where(desk_case.c.shop_id == bindparam("shop")).limit(1)
_PUT = insert(desk_shop)
_IN_FORCE = (
    select(violation.c.platform, violation.c.violation, violation_event.c.severity)
    .distinct()
    .select_from(NOW)
    .where(violation.c.shop_id == bindparam("shop"), violation_event.c.state.in_(("in_force", "appealed")))
)
