"""Postings in the money ledger that flows may name. Accounts: `shop/S1/funds`, `shop/S1/deposit`, `platform/advances`,
`gateway/in` (what buyers paid), `gateway/out` (what they got back)."""

from collections.abc import Callable, Mapping

from sqlalchemy import Connection

from tianping.cases.case import Case, Event
from tianping.store import ledger

GATEWAY_IN = "gateway/in"
GATEWAY_OUT = "gateway/out"
ADVANCES = "platform/advances"


def _cause(case: Case, event: Event) -> str:
    return f"case {case.id} event {event.n}"


def collect(connection: Connection, case: Case, event: Event) -> None:
    """An order was paid: the money is the shop's, not yet settled."""
    fen = case.facts.get("amount_fen", 0) + case.facts.get("freight_fen", 0)
    if fen:
        ledger.move(connection, GATEWAY_IN, ledger.funds(case.shop_id), fen, at=event.at, cause=_cause(case, event))


POSTINGS: Mapping[str, Callable[[Connection, Case, Event], None]] = {"collect": collect}
