"""Points and deposits of shops: how many points count, what they lead to, what is left of a deposit (KS-P10, KS-P12)."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from tianping.policy.judging import Judging, PointsVersion
from tianping.store import effects, ledger
from tianping.work.docket.deposits import Told
from tianping.work.docket.history import Office, Past

DAYS = 365
"""How long points count where a platform's pack says nothing of points."""


class Deposit(NamedTuple):
    """A shop's deposit in fen. `short`: it lies under what is required."""

    balance: int
    required: int | None

    @property
    def short(self) -> bool:
        return self.required is not None and self.balance < self.required


def rule(rules: Mapping[str, Judging], platform: str, date: dt.date) -> PointsVersion | None:
    """What the platform's pack says of points on a day."""
    judging = rules.get(platform)
    return judging.points.at(date) if judging and judging.points else None


def days_of(version: PointsVersion | None) -> int:
    return version.days if version else DAYS


def points_of(office: Office, platform: str, shop: str, at: dt.datetime) -> int:
    """The points of a shop that count at `at`: those of its penalties in force, and of measures from before this system."""
    days = days_of(rule(office.rules, platform, at.date()))
    with office.database.connect() as connection:
        return counted(connection, office.past(shop), shop, at, days=days)


def counted(
    connection: Connection,
    past: Sequence[Past],
    shop: str,
    at: dt.datetime,
    *,
    days: int,
    known_at: dt.datetime | None = None,
) -> int:
    """The same inside a transaction; `known_at`: with what was taken back by then left out."""
    return of_past(past, shop, at, days=days) + effects.points(connection, shop, at, known_at=known_at)


def of_past(past: Sequence[Past], shop: str, at: dt.datetime, *, days: int) -> int:
    """Those of measures from before this system."""
    span = dt.timedelta(days=days)
    return sum(each.points for each in past if each.shop_id == shop and each.decided_at <= at < each.decided_at + span)


def deposit_of(connection: Connection, shop: str, told: Told, at: dt.datetime | None = None) -> Deposit:
    """The deposit that the facts tell of, with what the ledger has moved since they told it, up to and with `at`."""
    account = ledger.deposit(shop)
    moved = ledger.balance(connection, account, at) - ledger.balance(connection, account, told.at)
    return Deposit(told.fen + moved, told.required)
