"""The rows of `account` and `account_shop`: who may sign in, in which role, and for which shops."""

import datetime as dt
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, RowMapping, bindparam, delete, insert, select, update

from tianping.store.schema import account, account_shop

Role = Literal["merchant", "agency", "adjudicator", "operator", "administrator", "auditor"]
Lang = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Account:
    """An account as others see it. `all_shops`: no list of shops limits it; `one_time`: its password is to be changed before
    anything else."""

    id: int
    name: str
    label: str
    role: Role
    all_shops: bool
    demo: bool
    active: bool
    one_time: bool
    lang: Lang
    created_at: dt.datetime


_SHOWN = [account.c[name] for name in Account.__slots__]
_OF_ID = select(*_SHOWN).where(account.c.id == bindparam("its_id"))
_SHOPS = select(account_shop.c.shop_id).where(account_shop.c.account_id == bindparam("its_id"))
"""Made once, as every request asks them."""


def folded(name: str) -> str:
    """The name without regard to case or width: two accounts may not differ by these alone."""
    return unicodedata.normalize("NFKC", name).casefold().strip()


def add(connection: Connection, values: Mapping[str, Any]) -> int:
    """Add an account (the columns of `Account`, and `password`); its id. Raises IntegrityError where the name is taken."""
    row = {**values, "folded": folded(values["name"])}
    return int(connection.execute(insert(account).values(row).returning(account.c.id)).scalar_one())


def change(connection: Connection, id_: int, **values: object) -> None:
    """Change columns of an account (never its name)."""
    connection.execute(update(account).where(account.c.id == id_).values(**values))


def of_id(connection: Connection, id_: int) -> Account | None:
    row = connection.execute(_OF_ID, {"its_id": id_}).one_or_none()
    return Account(*row) if row else None


def of_name(connection: Connection, name: str) -> tuple[Account, str] | None:
    """The account of a name, with the hash of its password."""
    row = (
        connection.execute(select(*_SHOWN, account.c.password).where(account.c.folded == folded(name))).mappings().one_or_none()
    )
    return (read(row), row["password"]) if row else None


def password(connection: Connection, id_: int) -> str:
    """The hash of an account's password."""
    return str(connection.execute(select(account.c.password).where(account.c.id == id_)).scalar_one())


def every(connection: Connection) -> Sequence[Account]:
    """All accounts, by name; those that may no longer sign in last."""
    query = select(*_SHOWN).order_by(account.c.active.desc(), account.c.folded)
    return [read(row) for row in connection.execute(query).mappings()]


def read(row: RowMapping) -> Account:
    """From a row that has the account's columns, and others perhaps."""
    return Account(**{name: row[name] for name in Account.__slots__})


def shops(connection: Connection, id_: int) -> frozenset[str]:
    """The shops an account is limited to, where it is."""
    return frozenset(connection.execute(_SHOPS, {"its_id": id_}).scalars())


def shops_of_all(connection: Connection) -> dict[int, list[str]]:
    """Account → its shops, in order."""
    listed: dict[int, list[str]] = {}
    for id_, shop in connection.execute(select(account_shop.c.account_id, account_shop.c.shop_id).order_by(*account_shop.c)):
        listed.setdefault(id_, []).append(shop)
    return listed


def acting(connection: Connection, roles: Collection[Role], shop: str) -> frozenset[int]:
    """The active accounts in these roles that see a shop."""
    theirs = select(account_shop.c.account_id).where(account_shop.c.shop_id == shop)
    sees = account.c.all_shops | account.c.id.in_(theirs)
    found = select(account.c.id).where(account.c.active, account.c.role.in_(roles), sees)
    return frozenset(connection.execute(found).scalars())


def put_shops(connection: Connection, id_: int, shops: Iterable[str]) -> None:
    """Limit an account to these shops, and to no others."""
    connection.execute(delete(account_shop).where(account_shop.c.account_id == id_))
    rows = [{"account_id": id_, "shop_id": shop} for shop in sorted(set(shops))]
    if rows:
        connection.execute(insert(account_shop), rows)
