"""The rows of `transfer`: money from one account to another, in fen. It only grows, and balances by its shape.

Accounts are text: `shop/S1/deposit`, `shop/S1/funds`, `shop/S1/own` (what the merchant pays in from outside),
`platform/fines`, `platform/advances`, `platform/kept` (under 0: what buyers keep of payments that were reversed), `gateway/in`
(what buyers paid), `gateway/out` (what they got back). A balance is what came less what went.

Of a shop's accounts the database itself keeps it (a trigger, in the transaction of the transfer), a row a day: asking costs the
same whatever the shop has moved before. Of the few others the transfers are summed: everybody moves them, and a row that all
change is one for which all wait.

Whoever moves a shop's money holds it alone from there to the end of the transaction (`alone_with`), the desk as well as
penalties. Who moves that of several shops in one transaction takes them in the order of their names: two who want the same ones
then wait, and never for one another.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, Select, bindparam, case, exists, func, insert, or_, select, text, union_all

from tianping.store.schema import balance as kept
from tianping.store.schema import transfer

FINES = "platform/fines"
ADVANCES = "platform/advances"
KEPT = "platform/kept"
GATEWAY_IN = "gateway/in"
GATEWAY_OUT = "gateway/out"
SHOP = "shop/"
"""Before every account of a shop."""
MANY = 50
"""From so many shops on, PostgreSQL locks the money of all by one lock: a lock of each would fill its table of locks."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """One transfer. `cause` says why (`violation 12 event 3`); `reverses`: it gives that one back."""

    id: int
    at: dt.datetime
    from_account: str
    to_account: str
    amount_fen: int
    cause: str
    effect_id: int | None
    reverses: int | None


def deposit(shop: str) -> str:
    """The account of a shop's deposit. What it held before this ledger stands in the facts (`deposit_fen`)."""
    return f"{SHOP}{shop}/deposit"


def funds(shop: str) -> str:
    """The account of a shop's settlement funds."""
    return f"{SHOP}{shop}/funds"


def outside(shop: str) -> str:
    """The merchant's own money, outside of the platform."""
    return f"{SHOP}{shop}/own"


def alone_with(connection: Connection, *shops: str) -> None:
    """Nobody else weighs and takes these shops' money until the transaction ends. SQLite has one writer anyway."""
    if connection.dialect.name != "postgresql" or not shops:
        return
    wanted = sorted(set(shops))
    if len(wanted) >= MANY:
        connection.execute(_ALONE_WITH_ALL)
        return
    for shop in wanted:
        connection.execute(_ALONE, {"shop": f"{SHOP}{shop}"})


def pay(
    connection: Connection, shop: str, fen: int, to: str, *, at: dt.datetime, cause: str, effect_id: int | None = None
) -> None:
    """Take money of a shop: from its settlement funds as far as they go, the rest from its deposit (KS-P12)."""
    alone_with(connection, shop)
    own = min(max(balance(connection, funds(shop)), 0), fen)
    for account, part in ((funds(shop), own), (deposit(shop), fen - own)):
        if part:
            _add(connection, account, to, part, at=at, cause=cause, effect_id=effect_id)


def move(connection: Connection, from_account: str, to_account: str, fen: int, *, at: dt.datetime, cause: str) -> int:
    """One transfer; its id. Raises IntegrityError for one that cannot be."""
    alone_with(connection, *_shops(from_account, to_account))
    return _add(connection, from_account, to_account, fen, at=at, cause=cause)


def _shops(*accounts: str) -> set[str]:
    """The shops whose accounts these are."""
    return {account.removeprefix(SHOP).rpartition("/")[0] for account in accounts if account.startswith(SHOP)}


def _add(
    connection: Connection,
    from_account: str,
    to_account: str,
    fen: int,
    *,
    at: dt.datetime,
    cause: str,
    effect_id: int | None = None,
    reverses: int | None = None,
) -> int:
    """The row of a transfer; its id. Raises IntegrityError for one that cannot be, or is reversed already."""
    row = {
        "at": at, "from_account": from_account, "to_account": to_account, "amount_fen": fen, "cause": cause,
        "effect_id": effect_id, "reverses": reverses,
    }  # fmt: skip
    return int(connection.execute(_ADD, row).scalar_one())


def give_back(connection: Connection, effect_id: int, *, at: dt.datetime, cause: str) -> None:
    """Reverse the transfers that an effect caused, from where it went to where it came from."""
    _reverse(connection, of_effect(connection, effect_id), at=at, cause=cause)


def give_back_all(
    connection: Connection, accounts: Sequence[str], causes: Sequence[str], *, at: dt.datetime, cause: str
) -> int:
    """Reverse the transfers from these accounts that one of `causes` caused, so far as they have not been; how many."""
    caused = _read(connection, _OF_CAUSE, {"causes": list(causes)})
    return _reverse(connection, [each for each in caused if each.from_account in accounts], at=at, cause=cause)


def _reverse(connection: Connection, moved: Sequence[Transfer], *, at: dt.datetime, cause: str) -> int:
    """All of these that are no reversals themselves; how many."""
    there = [each for each in moved if each.reverses is None]
    alone_with(connection, *_shops(*(each.from_account for each in there), *(each.to_account for each in there)))
    for each in there:
        _add(
            connection, each.to_account, each.from_account, each.amount_fen,
            at=at, cause=cause, effect_id=each.effect_id, reverses=each.id,
        )  # fmt: skip
    return len(there)


def balance(connection: Connection, account: str, at: dt.datetime | None = None) -> int:
    """What came less what went, up to and with `at` (None: ever)."""
    asked: dict[str, Any] = {"account": account}
    if not account.startswith(SHOP):
        return _sum(connection, _SUM if at is None else _SUM_UNTIL, asked | {"at": at})
    if at is None:
        return _sum(connection, _KEPT, asked)
    morning = dt.datetime.combine(at, dt.time())
    return _sum(connection, _KEPT_BEFORE, asked | {"day": at.date()}) + sum(
        _sum(connection, query, asked | {"from": morning, "at": at}) for query in (_CAME, _WENT)
    )


def _sum(connection: Connection, query: Select[Any], asked: Mapping[str, Any]) -> int:
    return int(connection.execute(query, asked).scalar() or 0)


def unbalanced(connection: Connection) -> Sequence[tuple[str, int, int]]:
    """Shops' accounts whose balance kept is not what their transfers come to: both, in fen. There are none."""
    moved = {account: int(fen) for account, fen in connection.execute(_MOVED)}
    told = {account: int(fen) for account, fen in connection.execute(_TOLD)}
    both = ((account, told.get(account, 0), moved.get(account, 0)) for account in sorted({*moved, *told}))
    return [each for each in both if each[1] != each[2]]


def of_effect(connection: Connection, effect_id: int) -> Sequence[Transfer]:
    """The transfers that an effect caused, and those back, in order."""
    return _read(connection, _OF_EFFECT, {"effect": effect_id})


def of_account(connection: Connection, account: str) -> Sequence[Transfer]:
    """All transfers to or from an account, in order."""
    return _read(connection, _OF_ACCOUNT, {"account": account})


def _read(connection: Connection, query: Select[Any], asked: Mapping[str, Any]) -> Sequence[Transfer]:
    return [Transfer(*row) for row in connection.execute(query, asked)]


# The statements are made once: making them costs more than running them.

_ADD = insert(transfer).returning(transfer.c.id)
_ALL = select(*(transfer.c[field.name] for field in fields(Transfer))).order_by(transfer.c.id)
_ALONE = text("SELECT pg_advisory_xact_lock_shared(4, 0), pg_advisory_xact_lock(hashtextextended(:shop, 0))")
_ALONE_WITH_ALL = text("SELECT pg_advisory_xact_lock(4, 0)")
_BACK = transfer.alias("back")
_OF_CAUSE = _ALL.where(
    transfer.c.cause.in_(bindparam("causes", expanding=True)),
    ~exists().where(_BACK.c.reverses == transfer.c.id),
)
_COMES, _GOES = (column == bindparam("account") for column in (transfer.c.to_account, transfer.c.from_account))
_OF_EFFECT = _ALL.where(transfer.c.effect_id == bindparam("effect"))
_OF_ACCOUNT = _ALL.where(or_(_COMES, _GOES))
_SUM = select(func.sum(case((_COMES, transfer.c.amount_fen), else_=-transfer.c.amount_fen))).where(or_(_COMES, _GOES))
_SUM_UNTIL = _SUM.where(transfer.c.at <= bindparam("at"))
_KEPT = select(func.sum(kept.c.fen)).where(kept.c.account == bindparam("account"))
_KEPT_BEFORE = _KEPT.where(kept.c.day < bindparam("day"))
_OF_DAY = transfer.c.at.between(bindparam("from"), bindparam("at"))
_CAME = select(func.sum(transfer.c.amount_fen)).where(_COMES, _OF_DAY)
_WENT = select(func.sum(-transfer.c.amount_fen)).where(_GOES, _OF_DAY)
_TOLD = select(kept.c.account, func.sum(kept.c.fen)).group_by(kept.c.account)
_BOTH = union_all(
    select(transfer.c.to_account.label("account"), transfer.c.amount_fen.label("fen")),
    select(transfer.c.from_account, -transfer.c.amount_fen),
).subquery()
_MOVED = select(_BOTH.c.account, func.sum(_BOTH.c.fen)).where(_BOTH.c.account.startswith(SHOP)).group_by(_BOTH.c.account)
