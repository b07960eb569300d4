"""Telling webhooks what happened: letters in the outbox, written in the transaction of the event itself.

A letter says what happened to which case, and nothing that people wrote: who may know more asks for the case.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tianping.cases.case import Case, Step, Timer
from tianping.store.desk import webhooks
from tianping.store.desk.outbox import Letter
from tianping.store.desk.webhooks import Listener
from tianping.work.desk.sitting import Sitting

EVENT = "case.event"
DEADLINE = "case.deadline"


def announce(sitting: Sitting, steps: Sequence[Step]) -> Iterator[Letter]:
    """Letters about these steps, to the webhooks that hear of their shops and kinds. One query a sitting."""
    found = webhooks.listening(sitting.connection, {step.after.shop_id for step in steps})
    for step in steps if found else ():
        for listener in found:
            if _hears(listener, step.after):
                n = step.event.n
                said = {"type": EVENT, **_of_case(step.after), **_happened(step)}
                yield _letter(listener, step.after, n, f"{step.after.id}/{n}", said, step.event.at)


def remind(sitting: Sitting, case: Case, timer: Timer) -> Iterator[Letter]:
    """Letters that a deadline is near."""
    for listener in webhooks.listening(sitting.connection, {case.shop_id}):
        if _hears(listener, case):
            key = f"{case.id}/{timer.n}/{timer.clock}"
            said = {"type": DEADLINE, **_of_case(case), **_runs_out(timer), "state": case.state, "at": _said(sitting.at)}
            yield _letter(listener, case, timer.n, key, said, sitting.at)


def _hears(listener: Listener, case: Case) -> bool:
    return listener.shop_id in (None, case.shop_id) and (not listener.kinds or case.kind in listener.kinds)


def _letter(listener: Listener, case: Case, n: int, key: str, said: Mapping[str, Any], at: dt.datetime) -> Letter:
    return Letter("webhook", f"{listener.id}/{key}", case.id, n, {"webhook": listener.id, "says": said}, at)


def _of_case(case: Case) -> dict[str, Any]:
    return {
        "case_id": case.id, "kind": case.kind, "platform": case.platform, "shop_id": case.shop_id, "order_id": case.order_id,
    }  # fmt: skip


def _happened(step: Step) -> dict[str, Any]:
    event = step.event
    return {
        "n": event.n, "at": _said(event.at), "actor": event.doer.actor, "rule": event.doer.rule, "verb": event.verb,
        "before": event.before, "state": event.state,
    }  # fmt: skip


def _runs_out(timer: Timer) -> dict[str, Any]:
    return {"n": timer.n, "clock": timer.clock, "owner": timer.owner, "due_at": _said(timer.due_at)}


def _said(at: dt.datetime) -> str:
    """With its offset: what is sent is read far away."""
    return at.replace(tzinfo=dt.UTC).isoformat()
