"""Whatever anybody does in whatever order: the books balance, nobody gets more than was paid, and all can be taken back."""

import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from tianping.cases.case import Case
from tianping.errors import TianpingError
from tianping.policy.cases.casebook import Casebook
from tianping.policy.cases.flowing import Actor
from tianping.store.database import open_database, sqlite_url
from tianping.work.desk.opening import open_desk
from tianping.work.desk.sitting import Desk, sitting

from ..market import HOUR, T, do, family, order
from .till import DEPOSIT, FUNDS, OWN, balances, drain, payment, told

PAID = 5_000
TOLD = 1_200
"""What the shop's facts tell of its deposit."""
DEEDS: Mapping[str, tuple[Actor, Mapping[str, Any]]] = {
    "succeed": ("gateway", {"receipt": "R"}),
    "fail": ("gateway", {"failure": "x"}),
    "doubt": ("gateway", {"failure": "x"}),
    "void": ("gateway", {"failure": "x"}),
    "retry": ("operator", {}),
    "cancel": ("operator", {}),
    "confirm_paid": ("operator", {"receipt": "R"}),
    "confirm_unpaid": ("operator", {"failure": "x"}),
    "claim_back": ("operator", {"receipt": "R"}),
    "take_money_back": ("platform", {"fen": 700, "receipt": "R"}),
    "reverse": ("system", {}),
    "recall": ("system", {}),
    "repay": ("operator", {"receipt": "R"}),
    "take": ("merchant", {}),
    "write_off": ("operator", {"note": "x"}),
}
PURPOSES = ("refund", "refund", "advance", "freight", "compensation")
MOVES: Mapping[str, st.SearchStrategy[tuple[Any, ...]]] = {
    "ask": st.tuples(st.sampled_from(PURPOSES), st.integers(1, 3_000), st.booleans()),
    "do": st.tuples(st.integers(0, 99)),
    "wait": st.tuples(st.integers(1, 130)),
    "sell": st.tuples(st.integers(1, 3_000)),
    "lose": st.tuples(st.integers(1, 6_000)),
}
ODDS = ("ask",) * 3 + ("do",) * 6 + ("wait", "sell", "lose", "lose")
moves = st.sampled_from(ODDS).flatmap(lambda name: st.tuples(st.just(name), MOVES[name]))
Move = tuple[str, tuple[Any, ...]]


class Market:
    """One shop and its order O1, which everything happens to; other orders only bring money."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.at, self.orders, self.lost = told(desk, deposit_fen=TOLD), T, 1, 0
        self.back = 0
        order(self.desk, amount_fen=PAID)

    def ask(self, purpose: str, fen: int, by_platform: bool) -> None:
        by = "platform" if by_platform or purpose == "advance" else "merchant"
        payment(self.desk, purpose, fen, self.at, by=by)

    def do(self, which: int) -> None:
        """One of all the verbs that the states of all payments and advances allow."""
        able = [(each, verb) for each in family(self.desk, "order/O1") for verb in self.verbs(each)]
        if able:
            each, verb = able[which % len(able)]
            who, takes = DEEDS[verb]
            do(self.desk, each, verb, who, self.at, **takes)
            self.back += takes["fen"] if verb == "take_money_back" else 0

    def verbs(self, case: Case) -> list[str]:
        flow = self.desk.book(case.platform).flows[case.kind].at(case.began)
        return [name for name, verb in flow.verbs.items() if name in DEEDS and case.state in verb.from_]

    def wait(self, hours: int) -> None:
        self.at += hours * HOUR
        for each in family(self.desk, "order/O1"):
            with sitting(self.desk, self.at) as sat:
                sat.lapse(each.id)

    def sell(self, fen: int) -> None:
        self.orders += 1
        order(self.desk, self.at, id_=f"O{self.orders}", amount_fen=fen)

    def lose(self, fen: int) -> None:
        """Money leaves the shop otherwise, as far as there is some."""
        fen = min(fen, balances(self.desk).get(FUNDS, 0))
        if fen:
            self.lost += fen
            drain(self.desk, fen, self.at)

    def cases(self, kind: str, *states: str) -> list[Case]:
        found = (each for each in family(self.desk, "order/O1") if each.kind == kind)
        return [each for each in found if not states or each.state in states]

    def total(self, name: str, cases: list[Case]) -> int:
        return sum(each.facts.get(name, 0) for each in cases)


def made(market: Market, move: Move) -> None:
    """One move; what is refused changes nothing."""
    name, given_ = move
    with suppress(TianpingError):
        getattr(market, name)(*given_)


def check(market: Market) -> None:
    now = balances(market.desk)
    assert sum(_all(market.desk).values()) == 0
    assert now.get(FUNDS, 0) >= 0
    assert TOLD + now.get(DEPOSIT, 0) >= 0
    refunds = [each for each in market.cases("payment") if each.facts["purpose"] in ("refund", "advance")]
    promised = market.total("fen", [each for each in refunds if each.state in ("asked", "unclear", "failed", "paid")])
    (placed,) = (each for each in market.cases("order") if each.id == "order/O1")
    assert promised == placed.facts["refunded_fen"] <= PAID
    _kept(market, placed, now)
    owed = market.total("owed_fen", market.cases("advance", "noticed", "owing", "written_off"))
    own = [each for each in market.cases("payment", "paid") if not _claimed(each)]
    assert -now.get("platform/advances", 0) == owed + market.total("advance_fen", own)
    _reversals(market.desk)


def _kept(market: Market, placed: Case, now: Mapping[str, int]) -> None:
    """What was reversed the buyer has, until it is set off; what the gateway paid is what it was asked for."""
    paid = market.cases("payment", "paid")
    overpaid = [each for each in market.cases("payment", "overpaid", "reversed") if _too_much(each)]
    standing = [each for each in market.cases("payment") if "cancelled_at" not in each.facts]
    back = [each for each in standing if each.state == "reversed"]
    assert now.get("gateway/out", 0) == market.total("due_fen", [*paid, *overpaid, *back])
    assert (
        now.get("platform/kept", 0) == market.total("had_fen", paid) - market.total("due_fen", [*back, *overpaid]) + market.back
    )
    kept = market.total("fen", back) - market.total("had_fen", standing) + market.total("due_fen", overpaid) - market.back
    assert kept >= 0
    assert placed.facts.get("kept_fen", 0) == kept


def _too_much(pay: Case) -> bool:
    """Paid though cancelled, and not claimed back as a whole."""
    return "cancelled_at" in pay.facts and "reversed_at" not in pay.facts


def _claimed(pay: Case) -> bool:
    by_merchant = pay.facts["borne_by"] == "merchant" or pay.facts["purpose"] == "advance"
    return by_merchant and "cancelled_at" not in pay.facts


def _all(desk: Desk) -> Mapping[str, int]:
    """Every account that any transfer names."""
    rows = """SELECT account, sum(fen) FROM (SELECT to_account AS account, amount_fen AS fen FROM transfer
      UNION ALL SELECT from_account, -amount_fen FROM transfer) AS moved GROUP BY account"""
    with desk.database.connect() as connection:
        return {account: int(fen) for account, fen in connection.execute(text(rows))}


def _reversals(desk: Desk) -> None:
    """Each the mirror of what it reverses, each transfer reversed once at most, none of them a reversal itself."""
    wrong = """SELECT count(*) FROM transfer b JOIN transfer a ON b.reverses = a.id WHERE a.reverses IS NOT NULL
      OR b.amount_fen <> a.amount_fen OR b.from_account <> a.to_account OR b.to_account <> a.from_account"""
    twice = "SELECT count(reverses) - count(DISTINCT reverses) FROM transfer"
    with desk.database.connect() as connection:
        assert [connection.execute(text(query)).scalar_one() for query in (wrong, twice)] == [0, 0]


def take_all_back(market: Market) -> None:
    """Every payment that was made is reversed."""
    for pay in market.cases("payment", "paid"):
        do(market.desk, pay, "reverse", "system", market.at)
    for pay in market.cases("payment", "overpaid"):
        with suppress(TianpingError):  # set off in part
            do(market.desk, pay, "claim_back", "operator", market.at, receipt="R")


@given(steps=st.lists(moves, min_size=16, max_size=40))
@settings(max_examples=30)
def test_the_books_balance_and_all_can_be_taken_back(
    empty_database: Path, books: Mapping[str, Casebook], steps: list[Move]
) -> None:
    path = empty_database.parent / f"{uuid.uuid4().hex}.sqlite"
    path.write_bytes(empty_database.read_bytes())
    desk = open_desk(open_database(sqlite_url(path)), books)
    market = Market(desk)
    for step in steps:
        made(market, step)
        check(market)
    take_all_back(market)
    check(market)
    now = balances(market.desk)
    sold = -now["gateway/in"] - market.back
    assert now.get(FUNDS, 0) == sold - market.lost
    assert not {DEPOSIT, OWN, "platform/advances"} & set(now)
    assert now.get("gateway/out", 0) == market.back - now.get("platform/kept", 0)
    desk.database.dispose()
    path.unlink()
