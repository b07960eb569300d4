"""The rows of what goes out: written in the transaction that causes it, sent afterwards, its key kept across every try.

Who sends takes what is `due` and puts it off, commits, sends, and writes the answer in a second transaction: killed between the
two, it finds the letter again with its `tries` and what was last `said`.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, bindparam, case, select, update
from sqlalchemy.dialects import postgresql, sqlite

from tianping.store.desk.schema import desk_outbox
from tianping.store.many import Many

Topic = Literal["gateway", "webhook", "notice"]
_MOST_SAID = 1_000
"""Characters kept of an answer."""


class Letter(NamedTuple):
    """Something to be sent. `key` is the idempotency key; `n` the event of the case that caused it."""

    topic: Topic
    key: str
    case_id: str
    n: int
    payload: Mapping[str, Any]
    at: dt.datetime


class Row(NamedTuple):
    """A letter as it lies in the outbox. `tries`: how often it was sent; `said`: the last answer, "" before the first."""

    id: int
    topic: Topic
    key: str
    case_id: str
    n: int
    payload: Mapping[str, Any]
    at: dt.datetime
    tries: int
    said: str


def add(connection: Connection, letters: Sequence[Letter]) -> None:
    """Put letters into the outbox. One whose key is there is sent again at once, as a new one where it had been dropped; one
    that is done stays done."""
    if letters:
        rows = [(*letter, "waiting", 0, letter.at, "") for letter in letters]
        _ADD[connection.dialect.name].write(connection, rows)


def due(connection: Connection, topic: Topic, at: dt.datetime, most: int) -> Sequence[Row]:
    """Letters to be sent by `at`, longest waiting first, at most `most`. On PostgreSQL they are locked until the transaction
    ends, and those that another sender holds are passed over. Put them off before it ends."""
    query = _DUE.with_for_update(skip_locked=True) if connection.dialect.name == "postgresql" else _DUE
    return [Row(*row) for row in connection.execute(query, {"topic": topic, "at": at, "most": most})]


def put_off(connection: Connection, ids: Sequence[int], next_at: dt.datetime) -> None:
    """Nobody sends these before `next_at`; no try is counted."""
    for id_ in ids:
        connection.execute(_CHANGE, {"its_id": id_, "next_at": next_at})


def trying(connection: Connection, id_: int, next_at: dt.datetime, said: str) -> None:
    """One more try, noted before it is made: until `said` is said anew, nobody knows whether it arrived."""
    connection.execute(_TRY, {"its_id": id_, "next_at": next_at, "said": said[:_MOST_SAID]})


def failed(connection: Connection, id_: int, next_at: dt.datetime, said: str) -> None:
    """One more try, which failed; again at `next_at`."""
    trying(connection, id_, next_at, said)


def answered(connection: Connection, id_: int, said: str) -> None:
    """What was said to the last try; it waits on."""
    connection.execute(_SAY, {"its_id": id_, "said": said[:_MOST_SAID]})


def done(connection: Connection, id_: int) -> None:
    """It has arrived."""
    connection.execute(_END, {"its_id": id_, "state": "done", "said": ""})


def dropped(connection: Connection, id_: int, said: str) -> None:
    """It is not sent any more, unless it is put in again."""
    connection.execute(_END, {"its_id": id_, "state": "dropped", "said": said[:_MOST_SAID]})


def of_key(connection: Connection, key: str) -> Row | None:
    """The letter of that key."""
    row = connection.execute(_OF_KEY, {"key": key}).first()
    return Row(*row) if row else None


# The statements are made once: making them costs more than running them.

_WAS = desk_outbox.c
_AGAIN = {"state": "waiting", "said": case((_WAS.state == "dropped", ""), else_=_WAS.said)}
_Adding = sqlite.Insert | postgresql.Insert
_ADDS: Mapping[str, _Adding] = {"sqlite": sqlite.insert(desk_outbox), "postgresql": postgresql.insert(desk_outbox)}
_ADD = {
    name: Many(
        added.on_conflict_do_update(
            index_elements=[desk_outbox.c.key],
            set_=_AGAIN | {"next_at": added.excluded.next_at},
            where=_WAS.state != "done",
        ),
        (*Letter._fields, "state", "tries", "next_at", "said"),
    )
    for name, added in _ADDS.items()
}
_ROWS = select(*(desk_outbox.c[name] for name in Row._fields))
_DUE = (
    _ROWS.where(
        desk_outbox.c.state == "waiting",
        desk_outbox.c.topic == bindparam("topic"),
        desk_outbox.c.next_at <= bindparam("at"),
    )
    .order_by(desk_outbox.c.next_at, desk_outbox.c.id)
    .limit(bindparam("most"))
)
_OF_KEY = _ROWS.where(desk_outbox.c.key == bindparam("key"))
_ITS = update(desk_outbox).where(desk_outbox.c.id == bindparam("its_id"))
_CHANGE = _ITS.values(next_at=bindparam("next_at"))
_TRY = _ITS.values(next_at=bindparam("next_at"), said=bindparam("said"), tries=desk_outbox.c.tries + 1)
_SAY = _ITS.values(said=bindparam("said"))
_END = _ITS.values(state=bindparam("state"), said=bindparam("said"))
