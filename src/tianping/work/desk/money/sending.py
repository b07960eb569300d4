"""Payments go out: what waits in the outbox is asked of the gateway, the answer done to the payment as a verb.

Three steps, each a transaction or none: that a try is made is committed before it is made; the gateway is asked outside of any
transaction; the answer and what follows from it are written together. Killed anywhere, the letter is found again after a pause,
and then the gateway is asked what became of the key before it is asked to pay.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import NamedTuple

from sqlalchemy.exc import DBAPIError

from tianping.cases.case import Act, Case, Doer
from tianping.cases.flow import flow_of
from tianping.errors import TianpingError
from tianping.store.database import writing
from tianping.store.desk import cases, outbox
from tianping.store.desk.outbox import Row
from tianping.work.desk.money.gateway import Answer, Gateway, Paid, Refused, Unclear
from tianping.work.desk.sitting import Desk, Sitting, sitting

Now = Callable[[], dt.datetime]
"""The time, naive UTC: asked before and after the gateway, which takes its time."""
PAUSES = tuple(dt.timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240))
"""After the first, second … try without an answer; from then on the last. The first is longer than any gateway's time-out."""
ASKING = "asking"
"""What is `said` while a try is under way, or was when its sender was killed."""
_GATEWAY = Doer("gateway")


class Sent(NamedTuple):
    """What one pass came to. `stuck`: answered, but the answer could not be written; tried again later. `dropped`: not asked
    for, because the payment does not wait for it any more."""

    paid: int = 0
    refused: int = 0
    unclear: int = 0
    stuck: int = 0
    dropped: int = 0

    @property
    def all(self) -> int:
        return sum(self)


def send_due(desk: Desk, gateway: Gateway, now: Now, most: int = 100) -> Sent:
    """Ask for what is due, one after the other, at most `most`. Several senders may be at it at once."""
    counts = dict.fromkeys(Sent._fields, 0)
    for _ in range(most):
        letter = _take(desk, now())
        if letter is None:
            break
        counts[_send(desk, gateway, letter, now)] += 1
    return Sent(**counts)


def hear(desk: Desk, key: str, answer: Answer, at: dt.datetime) -> Case | None:
    """An answer that came by itself, late or a second time (a gateway's callback). The case after it; None: no such key.
    Raises CaseRefused where what follows from it cannot be."""
    with sitting(desk, at) as sat:
        letter = outbox.of_key(sat.connection, key)
        if letter is None:
            return None
        _record(sat, letter, answer)
        return sat.case(letter.case_id)


def _take(desk: Desk, at: dt.datetime) -> Row | None:
    """The letter that has waited longest, put off until this try is surely over. As it was before the try."""
    with writing(desk.database) as connection:
        letters = outbox.due(connection, "gateway", at, 1)
        for letter in letters:
            pause = PAUSES[min(letter.tries, len(PAUSES) - 1)]
            outbox.trying(connection, letter.id, at + pause, ASKING)
    return letters[0] if letters else None


def _send(desk: Desk, gateway: Gateway, letter: Row, now: Now) -> str:
    """How it went: the name of a count of `Sent`."""
    with desk.database.connect() as connection:
        case = cases.load(connection, [letter.case_id])[letter.case_id]
    if not _waits(desk, case, "fail"):
        with writing(desk.database) as connection:
            outbox.dropped(connection, letter.id, f"not asked: {case.state}")
        return "dropped"
    answer = _ask(gateway, letter, recalled=bool(case.facts.get("recalled")))
    try:
        with sitting(desk, now()) as sat:
            _record(sat, letter, answer)
    except (TianpingError, DBAPIError, cases.Overtaken) as error:
        _note(desk, letter, f"{_said(answer)}; not written: {error}")
        return "stuck"
    return _COUNTS[type(answer)]


def _waits(desk: Desk, case: Case, verb: str) -> bool:
    """Whether a payment is in a state in which the gateway may do this."""
    return case.state in flow_of(desk.book(case.platform), case).verbs[verb].from_


def _ask(gateway: Gateway, letter: Row, *, recalled: bool) -> Answer:
    """An earlier try whose answer nobody has is looked up first. What was recalled is not asked for again; what is recalled
    only now is paid, and reversed at once."""
    try:
        known = gateway.look(letter.key) if letter.said else None
        if isinstance(known, Paid | Unclear):
            return known
        if recalled:
            return known or Refused("recalled before it was paid")
        return gateway.pay(letter.key, letter.payload["fen"], letter.payload["purpose"], letter.payload["buyer_id"])
    except Exception as error:  # noqa: BLE001 - a gateway's fault says nothing about the money
        return Unclear(f"{type(error).__name__}: {error}")


def _record(sat: Sitting, letter: Row, answer: Answer) -> None:
    """The verb that the answer is, where the payment still waits for one, and what becomes of the letter. Said twice, it counts
    once."""
    sat.lapse(letter.case_id)
    case = sat.case(letter.case_id)
    verb, takes = _verb(answer, case)
    if _waits(sat.desk, case, verb):
        sat.act(case.id, Act(verb, _GATEWAY, takes))
    elif isinstance(answer, Refused):
        return
    _END[type(answer)](sat, letter, answer)


def _verb(answer: Answer, case: Case) -> tuple[str, Mapping[str, str]]:
    if isinstance(answer, Paid):
        return "succeed", {"receipt": answer.receipt} if answer.receipt else {}
    if isinstance(answer, Unclear):
        return "doubt", {"failure": answer.why}
    return "void" if case.facts.get("recalled") else "fail", {"failure": answer.why}


def _said(answer: Answer) -> str:
    return f"{type(answer).__name__.lower()}: {answer[0]}"


def _note(desk: Desk, letter: Row, said: str) -> None:
    with writing(desk.database) as connection:
        outbox.answered(connection, letter.id, said)


_COUNTS: Mapping[type[Answer], str] = {Paid: "paid", Refused: "refused", Unclear: "unclear"}
_END: Mapping[type[Answer], Callable[[Sitting, Row, Answer], None]] = {
    Paid: lambda sat, letter, _: outbox.done(sat.connection, letter.id),
    Refused: lambda sat, letter, answer: outbox.dropped(sat.connection, letter.id, _said(answer)),
    Unclear: lambda sat, letter, answer: outbox.answered(sat.connection, letter.id, _said(answer)),
}
