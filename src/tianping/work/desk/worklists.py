"""Lists of cases: all within reach by filters, what runs out first, and what waits for whom."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from tianping.cases.case import Case, Timer
from tianping.policy.cases.flowing import Actor, Owner
from tianping.policy.words import Words
from tianping.store.desk import cases, worklists
from tianping.store.desk.worklists import Heap, Place, Wanted
from tianping.work.desk.serving import ORDER_KIND, Caller, Deadline, Told, deadlines, reading, tell
from tianping.work.desk.sitting import Desk

SOON = dt.timedelta(hours=24)
OWNERS: tuple[Owner, ...] = ("merchant", "both", "buyer", "platform", "adjudicator", "senior", "operator")


class Page(NamedTuple):
    """Cases, the last opened first; `before` asks for those that follow, None where there are none. What can be done with each
    is told one by one (`serving.look`)."""

    cases: Sequence[Told]
    before: str | None


class Running(NamedTuple):
    """A deadline with its case."""

    told: Told
    deadline: Deadline


class Due(NamedTuple):
    """Deadlines, what runs out first first; `after` asks for those that follow, None where there are none."""

    running: Sequence[Running]
    after: Place | None


class Worklist(NamedTuple):
    """Cases that wait for the same owner in the same state, and the state's name."""

    heap: Heap
    label: Words


def listing(desk: Desk, caller: Caller, wanted: Wanted, at: dt.datetime, *, before: str = "", limit: int = 100) -> Page:
    """Cases within reach; orders only where they are asked for. Raises NotFound for a shop out of reach."""
    within = replace(_within(caller, wanted), leave_out=(ORDER_KIND,))
    with reading(desk, at) as sat:
        ids = worklists.ids(sat.connection, within, before, limit + 1)
        found = cases.load(sat.connection, ids[:limit])
        told = [tell(sat, found[id_], ()) for id_ in ids[:limit] if id_ in found]
    return Page(told, ids[limit - 1] if len(ids) > limit else None)


def due(
    desk: Desk, caller: Caller, wanted: Wanted, at: dt.datetime, *,
    clock: str = "", after: Place | None = None, limit: int = 100,
) -> Due:  # fmt: skip
    """Running deadlines within reach. Raises NotFound for a shop out of reach."""
    with reading(desk, at) as sat:
        places = worklists.deadlines(sat.connection, _within(caller, wanted), clock, after, limit + 1)
        found = cases.load(sat.connection, [place.case_id for place in places[:limit]])
        told = {id_: tell(sat, case, ()) for id_, case in found.items()}
    running = [
        Running(told[place.case_id], deadline)
        for place in places[:limit]
        if place.case_id in told and (deadline := _of_place(found[place.case_id], place, at))
    ]
    return Due(running, places[limit - 1] if len(places) > limit else None)


def _of_place(case: Case, place: Place, at: dt.datetime) -> Deadline | None:
    """None: it ended while we read."""
    return next((each for each in deadlines(case, at) if _is(each.timer, place)), None)


def _is(timer: Timer, place: Place) -> bool:
    return (timer.n, timer.clock) == (place.n, place.clock)


def waiting(desk: Desk, caller: Caller, at: dt.datetime, said: Actor | None = None, shop: str = "") -> list[Worklist]:
    """What waits for the parts that the caller plays (who plays none sees everybody's), what runs out first first. Raises
    NotFound for a shop out of reach, NotAllowed."""
    with reading(desk, at) as sat:
        wanted = _within(caller, Wanted(shop=shop))
        found = worklists.heaps(sat.connection, wanted, owners(caller, said), at, at + SOON)
        return [Worklist(heap, _label(desk, heap)) for heap in found if heap.platform in desk.books]


def owners(caller: Caller, said: Actor | None = None) -> tuple[Owner, ...]:
    """Whose turn is theirs."""
    parts = caller.plays(said)
    both = {"both"} if {"merchant", "buyer"} & set(parts) else set[str]()
    return tuple(owner for owner in OWNERS if owner in parts or owner in both) if parts else OWNERS


def _label(desk: Desk, heap: Heap) -> Words:
    """A state's name as the newest version has it, else an older one."""
    versions = desk.books[heap.platform].flows[heap.kind].versions
    flow = next((each for each in reversed(versions) if heap.state in each.states), None)
    return flow.states[heap.state].label if flow else Words(zh=heap.state, en=heap.state)


def _within(caller: Caller, wanted: Wanted) -> Wanted:
    if wanted.shop:
        caller.reach.require(wanted.shop)
    return replace(wanted, shops=caller.reach.shops)
