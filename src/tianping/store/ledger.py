"""The rows of `transfer`: money from one account to another, in fen. It only grows, and balances by its shape.

Accounts are text: `shop/S1/deposit`, `shop/S1/funds`, `platform/fines`. A balance is what came less what went.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, func, insert, select

from tianping.store.schema import transfer

FINES = "platform/fines"


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
    return f"shop/{shop}/deposit"


def funds(shop: str) -> str:
    """The account of a shop's settlement funds."""
    return f"shop/{shop}/funds"


def pay(
    connection: Connection, shop: str, fen: int, to: str, *, at: dt.datetime, cause: str, effect_id: int | None = None
) -> None:
    """Take money of a shop: from its settlement funds as far as they go, the rest from its deposit (KS-P12)."""
    own = min(max(balance(connection, funds(shop)), 0), fen)
    for account, part in ((funds(shop), own), (deposit(shop), fen - own)):
        if part:
            move(connection, account, to, part, at=at, cause=cause, effect_id=effect_id)


def move(
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
    """One transfer; its id. Raises IntegrityError for one that cannot be, or is reversed already."""
    row = {
        "at": at, "from_account": from_account, "to_account": to_account, "amount_fen": fen, "cause": cause,
        "effect_id": effect_id, "reverses": reverses,
    }  # fmt: skip
    return int(connection.execute(insert(transfer).values(**row).returning(transfer.c.id)).scalar_one())


def give_back(connection: Connection, effect_id: int, *, at: dt.datetime, cause: str) -> None:
    """Reverse the transfers that an effect caused, from where it went to where it came from."""
    for each in of_effect(connection, effect_id):
        if each.reverses is None:
            move(
                connection, each.to_account, each.from_account, each.amount_fen,
                at=at, cause=cause, effect_id=effect_id, reverses=each.id,
            )  # fmt: skip


def balance(connection: Connection, account: str, at: dt.datetime | None = None) -> int:
    """What came less what went, up to and with `at` (None: ever)."""
    return _sum(connection, transfer.c.to_account == account, at) - _sum(connection, transfer.c.from_account == account, at)


def of_effect(connection: Connection, effect_id: int) -> Sequence[Transfer]:
    """The transfers that an effect caused, and those back, in order."""
    return _read(connection, transfer.c.effect_id == effect_id)


def of_account(connection: Connection, account: str) -> Sequence[Transfer]:
    """All transfers to or from an account, in order."""
    return _read(connection, (transfer.c.from_account == account) | (transfer.c.to_account == account))


def _sum(connection: Connection, test: ColumnElement[bool], at: dt.datetime | None) -> int:
    query = select(func.sum(transfer.c.amount_fen)).where(test)
    return int(connection.execute(query if at is None else query.where(transfer.c.at <= at)).scalar() or 0)


def _read(connection: Connection, test: ColumnElement[bool]) -> Sequence[Transfer]:
    query = select(transfer).where(test).order_by(transfer.c.id)
    return [Transfer(**row) for row in connection.execute(query).mappings()]
