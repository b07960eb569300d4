"""What a shop's money can bear, for tests and sums of flows: `shop.funds_fen`, `shop.reach_fen`. Weighed anew each time it is
asked, with the shop's money held until the transaction ends: what one payment takes, the next does not find.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection

from tianping.cases.case import Facts
from tianping.store import ledger
from tianping.work.desk.sitting import ShopFacts


class Purse(Mapping[str, Any]):
    """The facts of a shop and those of its money. `deposit_fen` is what the shop's facts tell, 0 where they do not;
    `deposit_at` the time that is of: the ledger's transfers before it are in it already (unknown: none are)."""

    def __init__(self, connection: Connection, shop: str, told: Facts) -> None:
        self._connection, self._shop, self._told = connection, shop, told

    def __getitem__(self, name: str) -> Any:
        return self._money()[name] if name in MONEY else self._told[name]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*self._told, *MONEY)))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def _money(self) -> Mapping[str, int]:
        ledger.alone_with(self._connection, self._shop)
        funds = max(ledger.balance(self._connection, ledger.funds(self._shop)), 0)
        return {"funds_fen": funds, "reach_fen": funds + max(self._deposit(), 0)}

    def _deposit(self) -> int:
        account = ledger.deposit(self._shop)
        moved = ledger.balance(self._connection, account)
        of = self._told.get("deposit_at")
        if of is not None:
            moved -= ledger.balance(self._connection, account, of)
        return int((self._told.get("deposit_fen") or 0) + moved)


MONEY = ("funds_fen", "reach_fen")
"""Settlement funds, and with them what is left of the deposit; never under 0."""


def with_purse(shops: ShopFacts) -> ShopFacts:
    """Facts of shops, and of their money."""

    def found(connection: Connection, shop: str, at: dt.datetime) -> Facts:
        return Purse(connection, shop, shops(connection, shop, at))

    return found
