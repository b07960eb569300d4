"""Postings in the money ledger that flows may name. How much stands in the facts of the case, weighed by the flow."""

from collections.abc import Callable, Mapping

from sqlalchemy import Connection

from tianping.cases.case import Case, Event
from tianping.store import ledger


def _cause(case: Case, event: Event) -> str:
    return _of_event(case, event.n)


def _of_event(case: Case, n: int) -> str:
    return f"case {case.id} event {n}"


def collect(connection: Connection, case: Case, event: Event) -> None:
    """An order was paid: the money is the shop's, not yet settled."""
    fen = case.facts.get("amount_fen", 0) + case.facts.get("freight_fen", 0)
    if fen:
        ledger.move(connection, ledger.GATEWAY_IN, ledger.funds(case.shop_id), fen, at=event.at, cause=_cause(case, event))


def bear(connection: Connection, case: Case, event: Event) -> None:
    """A buyer was paid: `covered_fen` by the shop, from its funds and then its deposit; `advance_fen` by the platform. What the
    buyer kept of an earlier payment goes to who bore it since, the rest out."""
    cause, covered, advance = _cause(case, event), case.facts.get("covered_fen", 0), case.facts.get("advance_fen", 0)
    kept = covered + advance - _due(case)
    by_shop = min(kept, covered)
    for account, fen in ((ledger.KEPT, by_shop), (ledger.GATEWAY_OUT, covered - by_shop)):
        ledger.pay(connection, case.shop_id, fen, account, at=event.at, cause=cause)
    for account, fen in ((ledger.KEPT, kept - by_shop), (ledger.GATEWAY_OUT, advance - (kept - by_shop))):
        if fen:
            ledger.move(connection, ledger.ADVANCES, account, fen, at=event.at, cause=cause)


def keep(connection: Connection, case: Case, event: Event) -> None:
    """What this payment gave the buyer was reversed, and the buyer has it: the platform bears it."""
    if fen := _due(case):
        ledger.move(connection, ledger.KEPT, ledger.GATEWAY_OUT, fen, at=event.at, cause=_cause(case, event))


def keep_voucher(connection: Connection, case: Case, event: Event) -> None:
    """`released_fen`, which the merchant had paid by voucher, fell, and the buyer has it: the platform owes it the shop."""
    fen, own = case.facts.get("released_fen", 0), ledger.funds(case.shop_id)
    ledger.move(connection, ledger.KEPT, own, fen, at=event.at, cause=_cause(case, event))


def recover(connection: Connection, case: Case, event: Event) -> None:
    """The buyer gave back `fen` of what they had kept."""
    ledger.move(connection, ledger.GATEWAY_IN, ledger.KEPT, case.facts["fen"], at=event.at, cause=_cause(case, event))


def _due(case: Case) -> int:
    """What the gateway paid, or is asked to pay."""
    return int(case.facts.get("due_fen", case.facts["fen"]))


def take(connection: Connection, case: Case, event: Event) -> None:
    """`taken_fen` of what the platform advanced, from the shop's funds and then its deposit."""
    taken = case.facts.get("taken_fen", 0)
    ledger.pay(connection, case.shop_id, taken, ledger.ADVANCES, at=event.at, cause=_cause(case, event))


def repay(connection: Connection, case: Case, event: Event) -> None:
    """`repaid_fen` of it, paid in by the merchant."""
    fen, own = case.facts.get("repaid_fen", 0), ledger.outside(case.shop_id)
    if fen:
        ledger.move(connection, own, ledger.ADVANCES, fen, at=event.at, cause=_cause(case, event))


def give_back(connection: Connection, case: Case, event: Event) -> None:
    """All that this case has moved, exactly and once."""
    shop = case.shop_id
    accounts = (ledger.funds(shop), ledger.deposit(shop), ledger.outside(shop), ledger.ADVANCES, ledger.KEPT)
    causes = [_of_event(case, n) for n in range(1, event.n + 1)]
    ledger.give_back_all(connection, accounts, causes, at=event.at, cause=_cause(case, event))


POSTINGS: Mapping[str, Callable[[Connection, Case, Event], None]] = {
    "collect": collect,
    "bear": bear,
    "keep": keep,
    "keep_voucher": keep_voucher,
    "recover": recover,
    "take": take,
    "repay": repay,
    "give_back": give_back,
}
