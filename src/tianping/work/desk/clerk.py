"""Requests that change something, one after the other, those that wait together in one transaction.

SQLite has one writer, and a commit waits for the disk: who comes meanwhile would wait for a commit each. Each request is a
savepoint: done as a whole or not at all, and answered when the disk has it. PostgreSQL lets many write: each has a transaction.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, Engine

from tianping.store.database import ease, writing

log = logging.getLogger("tianping.desk")
T = TypeVar("T")
Do = Callable[[Connection], T]
"""What is done in the transaction."""
MOST = 32
"""Requests of one transaction."""
EASE = 0.5
"""Seconds between two looks at SQLite's log, after which no commit has to wait for it."""


class NotDone(Exception):
    """Nothing was done, whatever was asked: the transaction failed as a whole, or the turn. Who asks again loses nothing."""


class _Asked(NamedTuple):
    future: Future[Any]
    prepare: Callable[[], Do[Any]]


class Clerk:
    """Few threads: they keep one another from running (measured at 100 requests a second: 40 threads 455 ms, two 60 ms)."""

    def __init__(self, database: Engine) -> None:
        sqlite = database.dialect.name == "sqlite"
        self._database, self._most = database, MOST if sqlite else 1
        self._threads = ThreadPoolExecutor(1 if sqlite else 8, "tianping desk")
        self._waiting: deque[_Asked] = deque()
        self._easing, self._eased = ThreadPoolExecutor(1, "tianping log"), time.monotonic()
        self._looking = ThreadPoolExecutor(4, "tianping facts")

    def ask(self, prepare: Callable[[], Do[T]]) -> Future[T]:
        """Have something done. `prepare` runs before the transaction, and may read, or write in transactions of its own; what
        either raises is the future's. One that is cancelled while it waits is not done."""
        asked = _Asked(Future(), prepare)
        self._waiting.append(asked)
        self._threads.submit(self._turn)
        return asked.future

    def aside(self, look: Callable[[], T]) -> Future[T]:
        """Have something done that takes long (the facts opened: 0.3 s at 10 M orders) while others go on asking."""
        return self._looking.submit(look)

    def _turn(self) -> None:
        """All that wait, up to the most; nothing where an earlier turn has taken them. Whatever happens, each is answered."""
        taken = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
        try:
            wanted = [each for each in taken if each.future.set_running_or_notify_cancel()]
            if ready := [(each.future, do) for each in wanted if (do := _prepared(each))]:
                self._together(ready)
        except BaseException as error:
            log.exception("nothing was written of %d requests", len(taken))
            for each in taken:
                if not each.future.done():
                    each.future.set_exception(_because(NotDone(), error))

    def _together(self, ready: Sequence[tuple[Future[Any], Do[Any]]]) -> None:
        with writing(self._database) as connection:
            told = [_told(connection, do) for _, do in ready]
        for (future, _), (answer, wrong) in zip(ready, told, strict=True):
            if wrong is None:
                future.set_result(answer)
            else:
                future.set_exception(wrong)
        if time.monotonic() - self._eased >= EASE:
            self._eased = time.monotonic()
            self._easing.submit(ease, self._database)


def _prepared(asked: _Asked) -> Do[Any] | None:
    try:
        return asked.prepare()
    except BaseException as error:  # noqa: BLE001 - told to who asked
        asked.future.set_exception(_tellable(error))
        return None


def _told(connection: Connection, do: Do[Any]) -> tuple[Any, Exception | None]:
    """Raises what ended the transaction itself: then what others did in it is not written either."""
    try:
        return do(connection), None
    except BaseException as error:
        if _over(connection):
            raise
        return None, _tellable(error)


def _tellable(error: BaseException) -> Exception:
    """What is no ordinary error must end nobody who waits; and no future of asyncio takes a StopIteration."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    return _because(RuntimeError("what was asked ended otherwise than by an answer or an error"), error)


def _because(told: Exception, error: BaseException) -> Exception:
    told.__cause__ = error
    return told


def _over(connection: Connection) -> bool:
    """SQLite may take the whole transaction back by itself (the disk is full); what came then would begin another."""
    return connection.dialect.name == "sqlite" and not connection.connection.in_transaction


@lru_cache(maxsize=8)
def clerk_of(database: Engine) -> Clerk:
    return Clerk(database)
