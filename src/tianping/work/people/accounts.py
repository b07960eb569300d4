"""People: who has an account, in which role, for which shops; the first administrator and the demo's accounts."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from tianping.errors import NotFound, TianpingError
from tianping.store import accounts, sessions, tokens
from tianping.store.accounts import Account, Lang, Role
from tianping.work.home import Home, facts
from tianping.work.people import passwords
from tianping.work.people.passwords import PasswordRefused
from tianping.work.people.reach import Reach
from tianping.work.people.roles import ROLES, Right
from tianping.work.people.signing import (
    Refused,
    Seat,
    Signed,
    bearer,
    change_password,
    new_token,
    revoke_token,
    session,
    sign_in,
    sign_out,
    tokens_of,
)
from tianping.work.people.trail import Doer, leave, record

__all__ = [
    "ROLES", "Account", "Doer", "Lang", "PasswordRefused", "Reach", "Refused", "Right", "Role", "Seat", "Signed", "bearer",
    "change_password", "new_token", "record", "revoke_token", "session", "sign_in", "sign_out", "tokens_of",
]  # fmt: skip

SELLERS: tuple[Role, ...] = ("merchant", "agency")
"""Always limited to their shops."""
ADMINISTRATOR = "admin"
DEMO_PASSWORD = "tianping-demo"
"""Everybody knows it; these accounts sign in on loopback only."""
MOST_SHOPS = 10_000

Why = Literal["name", "taken", "label", "shops", "seller", "administrator", "last"]
_SAID: dict[Why, str] = {
    "name": "a user name has 1 to 60 characters and no blanks at its ends; choose another",
    "taken": "there is an account of this name; choose another",
    "label": "say in up to 120 characters whose account it is",
    "shops": f"an account is limited to at most {MOST_SHOPS} shops, each with an id of its own; shorten the list",
    "seller": "a merchant's or agency's account is limited to shops; list them",
    "administrator": "an administrator sees all shops; take the list away or choose another role",
    "last": "this is the last administrator, and somebody must be one; make another one first",
}


class AccountRefused(TianpingError):
    """An account that cannot be so; `why` for words in other languages."""

    def __init__(self, why: Why) -> None:
        super().__init__(_SAID[why])
        self.why = why


@dataclass(frozen=True, slots=True)
class Draft:
    """What an account is to be. `shops` None: all of them."""

    label: str
    role: Role
    shops: frozenset[str] | None
    lang: Lang = "zh"

    @property
    def columns(self) -> Mapping[str, object]:
        return {"label": self.label, "role": self.role, "all_shops": self.shops is None, "lang": self.lang}


@dataclass(frozen=True, slots=True)
class Member:
    """An account with the shops it is limited to."""

    account: Account
    shops: Sequence[str]


def create(home: Home, name: str, draft: Draft, *, doer: Doer, password: str = "", demo: bool = False) -> tuple[Account, str]:
    """A new account, and its password; a one-time one where none is given. Raises AccountRefused, PasswordRefused."""
    if not 0 < len(name) <= 60 or name != name.strip() or not name.isprintable():
        raise AccountRefused("name")
    _require(draft)
    given = password or passwords.one_time()
    passwords.require(given, name)
    row = {
        **draft.columns, "name": name, "password": passwords.hashed(given), "one_time": not password, "demo": demo,
        "active": True, "created_at": doer.at,
    }  # fmt: skip
    try:
        with home.database.begin() as connection:
            id_ = accounts.add(connection, row)
            accounts.put_shops(connection, id_, draft.shops or ())
            leave(connection, doer, "account_new", f"account {id_}", name=name, **_told(draft))
            return _get(connection, id_), given
    except IntegrityError as error:
        raise AccountRefused("taken") from error


def _require(draft: Draft) -> None:
    """Raises AccountRefused."""
    if len(draft.label) > 120:
        raise AccountRefused("label")
    if draft.shops is not None and (len(draft.shops) > MOST_SHOPS or not all(draft.shops)):
        raise AccountRefused("shops")
    if draft.role in SELLERS and not draft.shops:
        raise AccountRefused("seller")
    if draft.role == "administrator" and draft.shops is not None:
        raise AccountRefused("administrator")


def _told(draft: Draft) -> dict[str, object]:
    return {"role": draft.role, "shops": None if draft.shops is None else sorted(draft.shops)}


def _get(connection: Connection, id_: int) -> Account:
    found = accounts.of_id(connection, id_)
    if found is None:
        raise NotFound(f"there is no account {id_}")
    return found


def get(home: Home, id_: int) -> Member:
    """One account. Raises NotFound."""
    with home.database.connect() as connection:
        return Member(_get(connection, id_), sorted(accounts.shops(connection, id_)))


def every(home: Home) -> list[Member]:
    """All accounts, by name; those that may no longer sign in last."""
    with home.database.connect() as connection:
        shops = accounts.shops_of_all(connection)
        return [Member(each, shops.get(each.id, ())) for each in accounts.every(connection)]


def edit(home: Home, id_: int, draft: Draft, *, doer: Doer) -> None:
    """Change role, shops and label; it holds from the next page on. Raises NotFound, AccountRefused."""
    _require(draft)
    with home.database.begin() as connection:
        _get(connection, id_)
        accounts.change(connection, id_, **draft.columns)
        accounts.put_shops(connection, id_, draft.shops or ())
        _require_administrator(connection)
        leave(connection, doer, "account_edit", f"account {id_}", **_told(draft))


def deactivate(home: Home, id_: int, *, doer: Doer) -> None:
    """Nobody signs in with it any more; its sessions end and its tokens are revoked. Raises NotFound, AccountRefused."""
    with home.database.begin() as connection:
        _get(connection, id_)
        accounts.change(connection, id_, active=False)
        sessions.end_all(connection, id_)
        tokens.revoke(connection, id_, doer.at)
        _require_administrator(connection)
        leave(connection, doer, "account_off", f"account {id_}")


def activate(home: Home, id_: int, *, doer: Doer) -> None:
    """It may sign in again. Raises NotFound."""
    with home.database.begin() as connection:
        _get(connection, id_)
        accounts.change(connection, id_, active=True)
        leave(connection, doer, "account_on", f"account {id_}")


def reset_password(home: Home, id_: int, *, doer: Doer) -> str:
    """A one-time password in place of a forgotten one; its sessions end. Raises NotFound."""
    given = passwords.one_time()
    hashed = passwords.hashed(given)
    with home.database.begin() as connection:
        _get(connection, id_)
        accounts.change(connection, id_, password=hashed, one_time=True)
        sessions.end_all(connection, id_)
        leave(connection, doer, "password_reset", f"account {id_}")
    return given


def _require_administrator(connection: Connection) -> None:
    """Raises AccountRefused where nobody could manage accounts any more."""
    if not any(each.active and each.role == "administrator" for each in accounts.every(connection)):
        raise AccountRefused("last")


def ensure_administrator(home: Home, at: dt.datetime) -> str | None:
    """At the first start: an administrator's one-time password; None where there is an administrator."""
    with home.database.connect() as connection:
        there = accounts.every(connection)
    if any(each.active and each.role == "administrator" and not each.demo for each in there):
        return None
    taken = {accounts.folded(each.name) for each in there}
    name = next(name for number in range(1, len(there) + 2) if (name := _numbered(ADMINISTRATOR, number)) not in taken)
    try:
        _, password = create(home, name, Draft("", "administrator", None), doer=Doer(None, at))
    except AccountRefused:  # another process was first
        return None
    return password


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}{number}"


DEMO: Mapping[Role, str] = {
    "merchant": "示例商家 Merchant", "agency": "示例代运营 Agency", "adjudicator": "示例判责员 Adjudicator",
    "operator": "示例运营 Operator", "administrator": "示例管理员 Administrator", "auditor": "示例审计员 Auditor",
}  # fmt: skip
"""The demo's accounts: role, which is the name too → label."""
_DEMO_SHOPS: Mapping[Role, int] = {"merchant": 2, "agency": 8}


def create_demo(home: Home, at: dt.datetime) -> list[Account]:
    """One account a role, where there is none of its name; the merchant has two shops of one platform, the agency eight of
    several (in a home without shops there is neither)."""
    with home.database.connect() as connection:
        names = {accounts.folded(each.name) for each in accounts.every(connection)}
    shops = _demo_shops(home) if set(DEMO) - names else {}
    doer = Doer(None, at)
    return [
        create(home, role, Draft(label, role, shops.get(role)), doer=doer, password=DEMO_PASSWORD, demo=True)[0]
        for role, label in DEMO.items()
        if role not in names and (role not in SELLERS or shops[role])
    ]


def _demo_shops(home: Home) -> dict[Role, frozenset[str]]:
    """The merchant's are the busiest of the busiest platform; the agency's the next busiest of each platform in turn."""
    con, _ = facts(home, tables=("shops", "orders"))
    with con:
        found = con.execute(
            "with counted as (select platform, shop_id, count(order_id) as orders from facts.shops left join facts.orders "
            "using (shop_id) group by all) select shop_id, dense_rank() over (order by busy desc, platform) = 1, "
            "row_number() over (partition by platform order by orders desc, shop_id) from "
            "(select *, sum(orders) over (partition by platform) as busy from counted)"
        ).fetchall()
    first = sorted((place, str(shop)) for shop, busiest, place in found if busiest)
    merchants = [shop for _, shop in first[: _DEMO_SHOPS["merchant"]]]
    rest = [(place - busiest * len(merchants), str(shop)) for shop, busiest, place in found if shop not in merchants]
    return {"merchant": frozenset(merchants), "agency": frozenset(shop for _, shop in sorted(rest)[: _DEMO_SHOPS["agency"]])}
