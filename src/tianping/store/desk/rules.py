"""The rows of `desk_rule`: merchants' own rules."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from tianping.cases.case import Event
from tianping.store.desk.cases import event_of
from tianping.store.desk.schema import desk_case, desk_event, desk_rule


@dataclass(frozen=True, slots=True)
class Row:
    """A rule as it is kept: `rule` is `policy.cases.automation.OwnRule` as JSON. Times are naive UTC."""

    id: int
    shop_id: str
    name: str
    rule: Mapping[str, Any]
    active: bool
    account_id: int | None
    at: dt.datetime
    changed_at: dt.datetime


def add(connection: Connection, shop: str, name: str, rule: Mapping[str, Any], account_id: int | None, at: dt.datetime) -> int:
    """A new one, switched off; its id. Raises IntegrityError where the shop has one of that name."""
    row = {
        "shop_id": shop, "name": name, "rule": dict(rule), "active": False, "account_id": account_id, "at": at, "changed_at": at
    }  # fmt: skip
    return int(connection.execute(_ADD, row).scalar_one())


def get(connection: Connection, id_: int) -> Row | None:
    row = connection.execute(_GET, {"id": id_}).mappings().one_or_none()
    return Row(**row) if row else None


def of_shop(connection: Connection, shop: str) -> Sequence[Row]:
    """All of a shop's, oldest first."""
    return [Row(**row) for row in connection.execute(_OF_SHOP, {"shop": shop}).mappings()]


def active(connection: Connection, shop: str) -> Sequence[Row]:
    """Those that are switched on, oldest first."""
    return [Row(**row) for row in connection.execute(_ACTIVE, {"shop": shop}).mappings()]


def count(connection: Connection, shop: str) -> int:
    return int(connection.execute(_COUNT, {"shop": shop}).scalar_one())


def turn(connection: Connection, id_: int, at: dt.datetime, *, on: bool) -> None:
    connection.execute(_TURN, {"its_id": id_, "on": on, "now": at})


def past(connection: Connection, shop: str, kinds: Sequence[str], since: dt.datetime, until: dt.datetime) -> Sequence[str]:
    """The ids of cases of a shop opened from `since` on and before `until`, oldest first."""
    asked = {"shop": shop, "kinds": list(kinds), "since": since, "until": until}
    return connection.execute(_PAST, asked).scalars().all()


def histories(connection: Connection, ids: Sequence[str]) -> Mapping[str, Sequence[Event]]:
    """All that happened to these cases, by id, in order."""
    found: dict[str, list[Event]] = {}
    for row in connection.execute(_HISTORIES, {"ids": list(ids)}):
        found.setdefault(row.case_id, []).append(event_of(row))
    return found


_ADD = insert(desk_rule).returning(desk_rule.c.id)
_GET = select(desk_rule).where(desk_rule.c.id == bindparam("id"))
_OF_SHOP = select(desk_rule).where(desk_rule.c.shop_id == bindparam("shop")).order_by(desk_rule.c.id)
_ACTIVE = _OF_SHOP.where(desk_rule.c.active)
_COUNT = select(func.count()).select_from(desk_rule).where(desk_rule.c.shop_id == bindparam("shop"))
_TURN = (
    update(desk_rule).where(desk_rule.c.id == bindparam("its_id")).values(active=bindparam("on"), changed_at=bindparam("now"))
)
_PAST = (
    select(desk_case.c.id)
    .where(
        desk_case.c.shop_id == bindparam("shop"),
        desk_case.c.kind.in_(bindparam("kinds", expanding=True)),
        desk_case.c.opened_at >= bindparam("since"),
        desk_case.c.opened_at < bindparam("until"),
    )
    .order_by(desk_case.c.opened_at, desk_case.c.id)
)
_HISTORIES = (
    select(desk_event)
    .where(desk_event.c.case_id.in_(bindparam("ids", expanding=True)))
    .order_by(desk_event.c.case_id, desk_event.c.n)
)
