"""A case and what happens to it: plain values. Instants are naive UTC.

Named tuples: a frozen dataclass of fifteen fields takes six times as long to make (1.6 against 0.26 microseconds).
"""

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from tianping.policy.cases.flowing import Actor, Effect, Owner, Value

Facts = Mapping[str, Any]
"""Facts by name: bool, int, str or datetime; None or absent: unknown."""
NO_FACTS: Facts = MappingProxyType({})
TimerState = Literal["running", "paused", "met", "lapsed"]


class Timer(NamedTuple):
    """A deadline as a row. Its key is (case, `n` of the event that started it, clock). `pauses`: spans [from, to) not counted.

    `next_at`: when the clock looks at it: the reminder, the due time, or after a failure the next try.
    """

    case_id: str
    n: int
    clock: str
    passes: str
    owner: Owner
    started_at: dt.datetime
    due_at: dt.datetime
    next_at: dt.datetime
    version: str
    calendar: str = ""
    remind_at: dt.datetime | None = None
    reminded: bool = False
    paused_at: dt.datetime | None = None
    pauses: tuple[tuple[dt.datetime, dt.datetime], ...] = ()
    state: TimerState = "running"
    tries: int = 0
    said: str = ""


class Case(NamedTuple):
    """A case as it stands. `began` chooses the versions of its rules; `n` counts its events; `timers` are those not ended."""

    id: str
    kind: str
    platform: str
    shop_id: str
    order_id: str | None
    parent_id: str | None
    began: dt.date
    state: str
    n: int
    opened_at: dt.datetime
    changed_at: dt.datetime
    ended_at: dt.datetime | None
    facts: Facts
    zone: str = "Asia/Shanghai"
    timers: tuple[Timer, ...] = ()


class Doer(NamedTuple):
    """Who acts: as what, with which account (None: none), by which rule or clock."""

    actor: Actor
    account_id: int | None = None
    rule: str = ""


class Act(NamedTuple):
    """What somebody wants to do. `seen`: the number of events they had seen (None: they do not say). `due`: when a clock's time
    was over; what the verb marks happened then, however late the clock was looked at."""

    verb: str
    doer: Doer
    takes: Facts = NO_FACTS
    why: str = ""
    seen: int | None = None
    due: dt.datetime | None = None


class Event(NamedTuple):
    """What happened. `facts`: those that it changed."""

    case_id: str
    n: int
    at: dt.datetime
    doer: Doer
    verb: str
    before: str
    state: str
    why: str
    facts: Facts


class Due(NamedTuple):
    """An effect that follows, with the sums and facts it hands over."""

    effect: Effect
    fen: int
    gives: Mapping[str, Value | dt.datetime | None]


class Step(NamedTuple):
    """One verb done: the case before and after, its event, the timers that ended, began or changed, and what follows."""

    before: Case | None
    after: Case
    event: Event
    ended: tuple[Timer, ...]
    begun: tuple[Timer, ...]
    changed: tuple[Timer, ...]
    follows: tuple[Due, ...]


class Refusal(NamedTuple):
    """Why a verb cannot be, and what this doer can do now. `guard`: a guard's name, or verb, state, who, takes, seen."""

    guard: str
    zh: str
    en: str
    possible: tuple[str, ...] = ()
