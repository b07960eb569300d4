"""The rows of what goes out: written in the transaction that causes it, sent afterwards, its key kept across every try."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, insert

from tianping.store.case_schema import desk_outbox

Topic = Literal["gateway", "webhook", "notice"]


class Letter(NamedTuple):
    """Something to be sent. `key` is the idempotency key; `n` the event of the case that caused it."""

    topic: Topic
    key: str
    case_id: str
    n: int
    payload: Mapping[str, Any]
    at: dt.datetime


def add(connection: Connection, letters: Sequence[Letter]) -> None:
    """Put letters into the outbox. Raises IntegrityError for a key that is there."""
    if letters:
        rows = [letter._asdict() | {"state": "waiting", "tries": 0, "next_at": letter.at, "said": ""} for letter in letters]
        connection.execute(_ADD, rows)


_ADD = insert(desk_outbox)
