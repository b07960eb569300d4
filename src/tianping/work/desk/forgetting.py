"""A buyer who asked to be forgotten, at the desk: their cases become nobody's; what was decided, and for how much, stays."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, or_, select, update

from tianping.errors import ImportRefused
from tianping.store.desk import evidence
from tianping.store.desk.schema import desk_case, desk_event, desk_outbox, idempotency
from tianping.work.desk.effects import PAYMENT

WORDS = (
    "reason_text", "refusal_text", "refusal_evidence", "appeal_text", "departure", "contact_text", "return_contact", "address",
    "pickup_address", "note", "talk", "intercept", "intercept_failure", "check_result", "voucher",
)  # fmt: skip
"""What people wrote of a case, and where the buyer lives. Emptied, as in the facts."""
TRACED = ("waybill", "return_waybill", "reship_waybill", "buyer_id")
"""Numbers by which somebody else knows the buyer. Replaced by the pseudonym, as in the facts."""


def in_cases(connection: Connection, buyer: str, pseudonym: str) -> None:
    """All cases of the buyer's orders, in the caller's transaction, while an erasure runs. Files of evidence can go once it is
    committed. Raises ImportRefused while money is on its way to them: nobody could pay a pseudonym."""
    ids = theirs(connection, buyer)
    under_way = connection.execute(_UNDER_WAY, {"ids": ids}).scalars().first()
    if under_way:
        raise ImportRefused(f"the payment {under_way} to this buyer is under way; erase them when it has ended")
    for case in connection.execute(_CASES, {"ids": ids}).all():
        connection.execute(_PUT_CASE, {"its_id": case.id, "facts": _nobodys(case.facts, pseudonym)})
    for event in connection.execute(_EVENTS, {"ids": ids}).all():
        put = {"its_id": event.case_id, "its_n": event.n, "facts": _nobodys(event.facts, pseudonym), "why": ""}
        connection.execute(_PUT_EVENT, put)
    for letter in connection.execute(_LETTERS, {"ids": ids}).all():
        connection.execute(_PUT_LETTER, {"its_id": letter.id, "payload": _nobodys(letter.payload, pseudonym)})
    if ids:
        connection.execute(idempotency.delete())  # answers hold cases; a request that comes again is a new one
    evidence.forget(connection, ids)


def theirs(connection: Connection, buyer: str) -> Sequence[str]:
    """The ids of the cases of a buyer's orders."""
    return connection.execute(_THEIRS, {"buyer": buyer}).scalars().all()


def _nobodys(facts: Mapping[str, Any], pseudonym: str) -> dict[str, Any]:
    """At any depth: letters hold facts within other things."""
    return {name: _cell(name, value, pseudonym) for name, value in facts.items()}


def _cell(name: str, value: Any, pseudonym: str) -> Any:
    if isinstance(value, dict):
        return _nobodys(value, pseudonym)
    if isinstance(value, list):
        return [_cell(name, each, pseudonym) for each in value]
    if value is None or name not in (*WORDS, *TRACED):
        return value
    return "" if name in WORDS else pseudonym


_OF_BUYER = desk_case.c.facts["buyer_id"].as_string() == bindparam("buyer")
_ORDERS = select(desk_case.c.order_id).where(_OF_BUYER, desk_case.c.order_id.is_not(None))
_THEIRS = select(desk_case.c.id).where(or_(_OF_BUYER, desk_case.c.order_id.in_(_ORDERS))).order_by(desk_case.c.id)
_IDS: BindParameter[str] = bindparam("ids", expanding=True)
_UNDER_WAY = select(desk_case.c.id).where(desk_case.c.id.in_(_IDS), desk_case.c.kind == PAYMENT, desk_case.c.ended_at.is_(None))
_CASES = select(desk_case.c.id, desk_case.c.facts).where(desk_case.c.id.in_(_IDS))
_EVENTS = select(desk_event.c.case_id, desk_event.c.n, desk_event.c.facts).where(desk_event.c.case_id.in_(_IDS))
_LETTERS = select(desk_outbox.c.id, desk_outbox.c.payload).where(desk_outbox.c.case_id.in_(_IDS))
_PUT_CASE = update(desk_case).where(desk_case.c.id == bindparam("its_id")).values(facts=bindparam("facts"))
_PUT_EVENT = (
    update(desk_event)
    .where(desk_event.c.case_id == bindparam("its_id"), desk_event.c.n == bindparam("its_n"))
    .values(facts=bindparam("facts"), why=bindparam("why"))
)
_PUT_LETTER = update(desk_outbox).where(desk_outbox.c.id == bindparam("its_id")).values(payload=bindparam("payload"))
