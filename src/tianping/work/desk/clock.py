"""The clock: does what is due, by the same verbs as people, hundreds of cases in a transaction, each as a whole or not at all.

What fails stays due: it is tried again after growing pauses, says why, and is shown to an operator. Killed at any point, the
worker leaves a transaction that never was.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from tianping.cases import clocks
from tianping.cases.case import Case, Timer
from tianping.errors import TianpingError
from tianping.store.database import writing
from tianping.store.desk import cases, outbox
from tianping.work.desk.sitting import Desk, Sitting

MOST = 500
"""Cases of one transaction."""
PAUSES = tuple(dt.timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 1440))
"""After the first, second … failure; from then on the last."""
_DATABASE_TIME = text("SELECT CAST(clock_timestamp() AT TIME ZONE 'UTC' AS timestamp(6))")


@dataclass(frozen=True, slots=True)
class Ticked:
    """What one transaction did: cases whose time passed, transitions of theirs and of cases that followed, owners reminded,
    cases that failed."""

    lapsed: int = 0
    transitions: int = 0
    reminded: int = 0
    failed: int = 0

    @property
    def cases(self) -> int:
        return self.lapsed + self.reminded + self.failed

    def __add__(self, other: "Ticked") -> "Ticked":
        return Ticked(
            self.lapsed + other.lapsed, self.transitions + other.transitions, self.reminded + other.reminded,
            self.failed + other.failed,
        )  # fmt: skip


def tick(desk: Desk, at: dt.datetime, most: int = MOST) -> Ticked:
    """One batch of what is due by `at`; nothing left: all zeros. Several workers may tick at once."""
    try:
        with writing(desk.database) as connection:
            at = _least(connection, at)
            return _batch(Sitting(desk, connection, at), cases.due(connection, at, most))
    except (DBAPIError, cases.Overtaken):
        return _singly(desk, at, most)


def run_down(desk: Desk, at: dt.datetime, most: int = MOST) -> Ticked:
    """Batches until nothing is due by `at`."""
    done = Ticked()
    while (ticked := tick(desk, at, most)).cases:
        done += ticked
    return done


def _least(connection: Connection, at: dt.datetime) -> dt.datetime:
    """The worker's clock or the database's, whichever is behind: of several workers, one that is ahead fires nothing early."""
    if connection.dialect.name != "postgresql":
        return at
    now: dt.datetime = connection.execute(_DATABASE_TIME).scalar_one()
    return min(at, now)


def _singly(desk: Desk, at: dt.datetime, most: int) -> Ticked:
    """Each case in a transaction of its own, because the database refused them together: only the one at fault fails."""
    with desk.database.connect() as connection:
        due = cases.due(connection, at, most, lock=False)
    done = Ticked()
    for id_ in due:
        try:
            with writing(desk.database) as connection:
                done += _batch(Sitting(desk, connection, at), [id_])
        except (DBAPIError, cases.Overtaken) as error:
            with writing(desk.database) as connection:
                sitting = Sitting(desk, connection, at)
                cases.turn(connection, _failed(sitting.case(id_), at, str(error)))
            done += Ticked(failed=1)
    return done


def _batch(sitting: Sitting, due: Sequence[str]) -> Ticked:
    sitting.bring(due)
    done, turned = Ticked(), list[Timer]()
    for id_ in sorted(due, key=lambda each: sitting.case(each).shop_id):  # shops' money is taken in order (`store.ledger`)
        one, timers = _one(sitting, id_)
        done += one
        turned += timers
    transitions = len(sitting.steps)
    sitting.flush()
    cases.turn(sitting.connection, turned)
    return replace(done, transitions=transitions)


def _one(sitting: Sitting, id_: str) -> tuple[Ticked, Sequence[Timer]]:
    """What is due of one case; and the timers that changed without an event. A case whose turn has passed meanwhile (another of
    this batch led to it) has nothing due any more."""
    try:
        with sitting.attempt():
            lapsed = sitting.lapse(id_)
    except TianpingError as error:
        return Ticked(failed=1), _failed(sitting.case(id_), sitting.at, str(error))
    if lapsed:
        return Ticked(lapsed=1), ()
    near = [timer for timer in sitting.case(id_).timers if _near(timer, sitting.at)]
    for timer in near:
        sitting.letters += sitting.desk.remind(sitting, sitting.case(id_), timer)
    outbox.add(sitting.connection, sitting.letters)
    sitting.letters = []
    return Ticked(reminded=bool(near)), [clocks.reminded(timer) for timer in near]


def _near(timer: Timer, at: dt.datetime) -> bool:
    return timer.state == "running" and not timer.reminded and timer.remind_at is not None and timer.remind_at <= at


def _failed(case: Case, at: dt.datetime, said: str) -> Sequence[Timer]:
    """All its timers that the clock looks at now, put off: those that are over have failed once more. None may stay due, or the
    clock would come back to this case at once, for ever."""
    pause = at + PAUSES[min(max((timer.tries for timer in case.timers), default=0), len(PAUSES) - 1)]
    now = (timer for timer in case.timers if timer.state == "running" and timer.next_at <= at)
    return [
        timer._replace(tries=timer.tries + 1, said=said[:1000], next_at=pause)
        if clocks.overdue(timer, at)
        else timer._replace(next_at=min(pause, timer.due_at))
        for timer in now
    ]
