"""Deadlines: when a clock is due, and how much time is left. The one place where this is said."""

import datetime as dt
from collections.abc import Mapping

from tianping.cases.case import Timer
from tianping.cases.conditions import Known, day_after, holds
from tianping.periods import to_wall
from tianping.policy.cases import flowing
from tianping.policy.cases.flowing import Calendar, ClockVersion, Owner

_HOUR = 3_600


def start(
    timer: flowing.Timer,
    rule: ClockVersion,
    known: Known,
    calendars: Mapping[str, Calendar],
    *,
    case_id: str,
    n: int,
    owner: Owner,
) -> Timer | None:
    """The deadline that begins now, or at the time the timer names; None where no time of the clock's holds for this case."""
    time = next((time for time in rule.times if holds(time.when, known)), None)
    began = known.get(timer.since) if timer.since else known.at
    if time is None or began is None:
        return None
    calendar, seconds = _extended(rule, calendars, began, known.zone, time.seconds)
    due = (day_after(began, known.zone) if time.by_day else began) + dt.timedelta(seconds=seconds)
    remind = due - dt.timedelta(hours=rule.remind) if rule.remind else None
    remind = remind if remind and remind > known.at else None
    made = Timer(
        case_id, n, timer.clock, timer.passes, owner, began, due, remind or due, rule.since.isoformat(), calendar, remind
    )
    return made if holds(timer.runs_while, known) else pause(made, known.at)


def _extended(
    rule: ClockVersion, calendars: Mapping[str, Calendar], began: dt.datetime, zone: str, seconds: int
) -> tuple[str, int]:
    """The calendar that gives more time to a clock that starts on one of its days, and how long the clock then is."""
    day = to_wall(began, zone).date()
    hours, rest = divmod(seconds, _HOUR)
    for name, calendar in calendars.items() if rule.extends and not rest else ():
        for extension in calendar.extensions:
            if extension.first <= day <= extension.last and hours in extension.hours:
                return f"{name}/{extension.first}", extension.hours[hours] * _HOUR
    return "", seconds


def left(timer: Timer, at: dt.datetime) -> dt.timedelta:
    """The time left: for screens, messages and gates alike. Negative once it is over; a paused clock stands still."""
    return timer.due_at - (timer.paused_at or at)


def overdue(timer: Timer, at: dt.datetime) -> bool:
    """Whether its time is over: from the very second of `due_at` on. A paused clock is not."""
    return timer.state == "running" and left(timer, at) <= dt.timedelta(0)


def pause(timer: Timer, at: dt.datetime) -> Timer:
    """Stand still from `at` on. What is over already stays over."""
    return timer if timer.paused_at else timer._replace(paused_at=at, state="paused")


def resume(timer: Timer, at: dt.datetime) -> Timer:
    """Run again: due later by just the span it stood still."""
    if timer.paused_at is None:
        return timer
    span = at - timer.paused_at
    remind = timer.remind_at + span if timer.remind_at else None
    due = timer.due_at + span
    waits = remind if remind and not timer.reminded else due
    return timer._replace(
        due_at=due, remind_at=remind, next_at=waits, paused_at=None, state="running",
        pauses=(*timer.pauses, (timer.paused_at, at)),
    )  # fmt: skip


def reminded(timer: Timer) -> Timer:
    """The owner was told; the clock looks again when it is due."""
    return timer._replace(reminded=True, next_at=timer.due_at)
