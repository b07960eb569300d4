"""The rows of `webhook`, and the letters of the outbox that go to them."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, bindparam, delete, func, insert, or_, select, update

from tianping.store.desk.schema import desk_outbox, webhook
from tianping.store.schema import account, account_shop


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that hears of the cases its account may see. `kinds`: of these alone; none: of all. Times are naive UTC."""

    id: int
    account_id: int
    url: str
    secret: str
    kinds: Sequence[str]
    active: bool
    at: dt.datetime


class Listener(NamedTuple):
    """A webhook, and a shop that it hears of; None: of all shops."""

    id: int
    kinds: Sequence[str]
    shop_id: str | None


class Post(NamedTuple):
    """Letters of a webhook: how many wait, how many were given up, and what the last that failed said."""

    waiting: int = 0
    dropped: int = 0
    said: str = ""


def add(connection: Connection, row: dict[str, Any]) -> int:
    return int(connection.execute(insert(webhook).values(row).returning(webhook.c.id)).scalar_one())


def of_account(connection: Connection, account_id: int) -> Sequence[Webhook]:
    """An account's webhooks, oldest first; not those taken away."""
    query = select(webhook).where(webhook.c.account_id == account_id, webhook.c.active).order_by(webhook.c.id)
    return [Webhook(**row) for row in connection.execute(query).mappings()]


def drop(connection: Connection, account_id: int, id_: int) -> bool:
    """Take an account's webhook away, and what waits for it; whether there was one."""
    ours = and_(webhook.c.id == id_, webhook.c.account_id == account_id, webhook.c.active)
    if not connection.execute(update(webhook).where(ours).values(active=False, secret="")).rowcount:
        return False
    connection.execute(delete(desk_outbox).where(_letters_of(id_), desk_outbox.c.state == "waiting"))
    return True


def listening(connection: Connection, shops: Collection[str]) -> Sequence[Listener]:
    """Who hears of these shops."""
    return [Listener(*row) for row in connection.execute(_LISTENING, {"shops": sorted(shops)})]


def hearing(connection: Connection, id_: int, shop: str) -> Webhook | None:
    """A webhook that is still there and whose account sees the shop."""
    query = select(webhook).join(account, account.c.id == webhook.c.account_id).outerjoin(account_shop, _SEES)
    row = connection.execute(query.where(webhook.c.id == id_, _LISTENS), {"shops": [shop]}).mappings().one_or_none()
    return Webhook(**row) if row else None


def post(connection: Connection, id_: int) -> Post:
    """How its letters fare."""
    query = select(desk_outbox.c.state, func.count()).where(_letters_of(id_)).group_by(desk_outbox.c.state)
    counts = {str(state): int(count) for state, count in connection.execute(query)}
    last = select(desk_outbox.c.said).where(_letters_of(id_), desk_outbox.c.said != "").order_by(desk_outbox.c.id.desc())
    said = connection.execute(last.limit(1)).scalar()
    return Post(counts.get("waiting", 0), counts.get("dropped", 0), said or "")


def _letters_of(id_: int) -> Any:
    return and_(desk_outbox.c.topic == "webhook", desk_outbox.c.key.startswith(f"{id_}/", autoescape=True))


_SEES = and_(
    account_shop.c.account_id == account.c.id,
    account.c.all_shops.is_(False),
    account_shop.c.shop_id.in_(bindparam("shops", expanding=True)),
)
_LISTENS = and_(webhook.c.active, account.c.active, or_(account.c.all_shops, account_shop.c.shop_id.is_not(None)))
_LISTENING = (
    select(webhook.c.id, webhook.c.kinds, account_shop.c.shop_id)
    .join(account, account.c.id == webhook.c.account_id)
    .outerjoin(account_shop, _SEES)
    .where(_LISTENS)
    .order_by(webhook.c.id)
)
