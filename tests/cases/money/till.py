"""Payments and accounts for tests of money."""

import datetime as dt
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from tianping.cases.case import Act, Case, Doer
from tianping.store import ledger
from tianping.store.desk.schema import desk_outbox
from tianping.store.schema import transfer
from tianping.work.desk.money.gateway import Answer, Paid, Unclear
from tianping.work.desk.money.purse import with_purse
from tianping.work.desk.sitting import Desk, sitting

from ..market import HOUR, T, ask, do, family, order

DEPOSIT = ledger.deposit("S1")
FUNDS = ledger.funds("S1")
OWN = ledger.outside("S1")
ACCOUNTS = (ledger.GATEWAY_IN, ledger.GATEWAY_OUT, FUNDS, DEPOSIT, OWN, ledger.ADVANCES, ledger.KEPT)


def told(desk: Desk, **facts: Any) -> Desk:
    """The same desk, where these facts are told of every shop."""
    return Desk(desk.database, desk.books, desk.follow, with_purse(lambda *_: facts))


def agreed(desk: Desk, at: dt.datetime = T, **facts: Any) -> tuple[Case, Case]:
    """A refund of ¥30.00 that the merchant has agreed to, of an order of ¥50.00, and its payment."""
    order(desk, at, **facts)
    case = ask(desk, at=at)
    do(desk, case, "agree", "merchant", at + HOUR)
    return case, only(desk, case, "payment")


def only(desk: Desk, case: Case | str, kind: str) -> Case:
    """The one case of that kind in the family."""
    (found,) = (each for each in family(desk, case) if each.kind == kind)
    return found


def payment(desk: Desk, purpose: str, fen: int, at: dt.datetime = T, *, by: str = "merchant", of: str = "O1") -> Case:
    """A payment of an order's, asked for by itself."""
    asked = Act("ask", Doer("system"), {"purpose": purpose, "fen": fen, "borne_by": by, "buyer_id": "B1"})
    with sitting(desk, at) as sat:
        parent = sat.case(f"order/{of}")
        return sat.open(
            "payment", asked, platform=parent.platform, shop_id=parent.shop_id, order_id=of, parent_id=parent.id
        ).after


def drain(desk: Desk, fen: int, at: dt.datetime = T, *, of: str = FUNDS) -> None:
    """Money leaves the shop otherwise."""
    with desk.database.begin() as connection:
        ledger.move(connection, of, "elsewhere", fen, at=at, cause="test")


def balances(desk: Desk) -> dict[str, int]:
    """What every account holds that holds anything."""
    with desk.database.connect() as connection:
        found = {account: ledger.balance(connection, account) for account in (*ACCOUNTS, "elsewhere")}
    return {account: fen for account, fen in found.items() if fen}


def with_kept(before: dict[str, int], fen: int) -> dict[str, int]:
    """The accounts as they were, but for what the buyer has of payments that were reversed: the platform bears it."""
    return before | {ledger.GATEWAY_OUT: before.get(ledger.GATEWAY_OUT, 0) + fen, ledger.KEPT: -fen}


def transfers(desk: Desk) -> int:
    with desk.database.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(transfer)).scalar_one())


def letter(desk: Desk, key: str) -> Any:
    """The letter of a payment: state, tries, said, next_at."""
    with desk.database.connect() as connection:
        return connection.execute(select(desk_outbox).where(desk_outbox.c.key == key)).one()


class Scripted:
    """A gateway that gives these answers, one after the other, and remembers what it was asked."""

    def __init__(self, *answers: Answer | Exception, looks: Answer | None = None) -> None:
        self.answers, self.looks, self.asked = list(answers), looks, list[str]()

    def pay(self, key: str, fen: int, purpose: str, buyer: str | None) -> Answer:
        self.asked.append(f"pay {fen} {purpose} {buyer}")
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def look(self, key: str) -> Answer | None:
        self.asked.append("look")
        return self.looks


def paid(*, receipt: str = "R1") -> Scripted:
    return Scripted(Paid(receipt))


def silent() -> Scripted:
    return Scripted(Unclear("timed out"))


def sandbox_path(folder: Path) -> Path:
    return folder / "gateway.sqlite"
