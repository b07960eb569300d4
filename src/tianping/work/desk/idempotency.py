"""Asked twice, done once: the answer is kept in the transaction of the act, under the caller's key."""

import datetime as dt
import hashlib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from tianping.cases.case import Refusal
from tianping.errors import TianpingError
from tianping.store.desk import idempotency
from tianping.work.desk.serving import Refused
from tianping.work.desk.sitting import CaseRefused, Desk, Sitting, within

log = logging.getLogger("tianping.desk")
KEPT = dt.timedelta(days=7)
"""How long answers are kept at least; `sweep` forgets older ones."""


class KeyReused(TianpingError):
    """A key that another request was made with."""

    def __init__(self) -> None:
        super().__init__("this Idempotency-Key was used for another request; give each act a new one, and its repeats the same")


class Asked(NamedTuple):
    """Who asks under which key; `request` is the digest of what is asked. `sees` raises NotFound where they do not see what it
    is about: a kept answer, whatever it says, is not told again to who saw it once."""

    account_id: int
    key: str
    request: str
    sees: Callable[[Sitting], object]


class Answer(NamedTuple):
    """What is told: an HTTP status and a JSON object. `again`: it was told before. `once`: fields that are told this once, and
    kept empty."""

    status: int
    body: Mapping[str, Any]
    again: bool = False
    once: Sequence[str] = ()


def digest(*parts: object) -> str:
    """One for the same parts (JSON values), another for others."""
    text = json.dumps(parts, ensure_ascii=True, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def once(
    desk: Desk,
    connection: Connection,
    at: dt.datetime,
    asked: Asked,
    do: Callable[[Sitting], Answer],
    refuse: Callable[[Refused], Answer],
) -> Answer:
    """The answer to a request: `do`'s, or what `refuse` makes of its refusal (then nothing was done but what the clock had to
    do before it, and so it stays under this key); the kept one where it was asked before. Whatever else `do` raises is not
    kept. A part of the connection's transaction, which goes on (`clerk`). Raises KeyReused, NotFound; CaseRefused where
    somebody was faster, which shows only when all is written."""
    try:
        with within(desk, at, connection) as sat:
            return _once(sat, asked, do, refuse)
    except IntegrityError as error:  # PostgreSQL: two open a case of one id at once, and neither saw the other's
        log.warning("refused by the database: %s", error)
        raise CaseRefused(Refusal("seen", "刚被他人处理过，请重试", "somebody has just acted on this; try again")) from error


def _once(sat: Sitting, asked: Asked, do: Callable[[Sitting], Answer], refuse: Callable[[Refused], Answer]) -> Answer:
    kept = idempotency.claim(sat.connection, asked.account_id, asked.key, asked.request, sat.at)
    if kept is not None:
        if kept.request != asked.request:
            raise KeyReused
        asked.sees(sat)
        return Answer(kept.status, kept.answer, again=True)
    try:
        with sat.attempt():
            answer = do(sat)
    except Refused as error:
        answer = refuse(error)
        sat.lapse_again()
    except CaseRefused as error:
        answer = refuse(Refused(error.refusal))
        sat.lapse_again()
    body = {**answer.body, **dict.fromkeys(answer.once, "")}
    idempotency.keep(sat.connection, asked.account_id, asked.key, answer.status, body)
    return answer


def sweep(desk: Desk, at: dt.datetime) -> int:
    """Forget answers that are old; how many."""
    with desk.database.begin() as connection:
        return idempotency.sweep(connection, at - KEPT)
