"""The rows of cases: what stands, what happened, what is due. A case changes only together with its event.

Who writes has read the case in the same transaction (`database.writing`); `keep` refuses where somebody else was faster.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, and_, bindparam, func, insert, select, union, update

from tianping.cases.case import Case, Doer, Event, Step, Timer
from tianping.policy.cases.casefacts import FACTS
from tianping.store.desk.schema import desk_case, desk_deadline, desk_event

_TIMES = frozenset(name for name, type_ in FACTS.items() if type_ == "time")


class Overtaken(Exception):
    """Somebody else has changed one of these cases meanwhile."""


def load(connection: Connection, ids: Iterable[str], *, lock: bool = False) -> dict[str, Case]:
    """These cases, as far as they are there, with their timers. `lock` (PostgreSQL): to the transaction's end."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    query = _CASES.with_for_update() if lock and connection.dialect.name == "postgresql" else _CASES
    rows = connection.execute(query, {"ids": wanted}).all()
    timers: dict[str, list[Timer]] = {}
    for row in connection.execute(_TIMERS, {"ids": wanted}):
        timers.setdefault(row.case_id, []).append(_timer(row))
    return {row.id: _case(row, tuple(timers.get(row.id, ()))) for row in rows}


def families(connection: Connection, ids: Iterable[str]) -> Sequence[str]:
    """The ids of these cases and of all others of their orders (the order's own among them), sorted."""
    wanted = sorted(set(ids))
    return connection.execute(_FAMILIES, {"ids": wanted}).scalars().all() if wanted else ()


def history(connection: Connection, id_: str) -> Sequence[Event]:
    """All that happened to a case, in order."""
    return [event_of(row) for row in connection.execute(_EVENTS, {"id": id_})]


def event_of(row: Any) -> Event:
    """An event from its row."""
    return Event(
        row.case_id, row.n, row.at, Doer(row.actor, row.account_id, row.rule), row.verb, row.before, row.state, row.why,
        _from_json(row.facts),
    )  # fmt: skip


def keep(connection: Connection, steps: Sequence[Step], owners: Mapping[str, str]) -> None:
    """Write steps, in order. `owners`: whose turn it is after them, by case id. Raises Overtaken where a case is no longer as
    it was read; then nothing of this transaction may be committed."""
    opened = [_row(step.after, owners[step.after.id]) for step in steps if step.before is None]
    if opened:
        connection.execute(_OPEN, opened)
    moved = [
        _row(step.after, owners[step.after.id]) | {"its_id": step.after.id, "its_n": step.before.n}
        for step in steps
        if step.before is not None
    ]
    if moved and connection.execute(_MOVE, moved).rowcount != len(moved):
        raise Overtaken
    connection.execute(_TELL, [_event(step.event) for step in steps])
    begun = [_timer_row(timer, step.after.shop_id) for step in steps for timer in step.begun]
    if begun:
        connection.execute(_BEGIN, begun)
    turned = [_turn_row(timer) for step in steps for timer in step.changed]
    if turned:
        connection.execute(_TURN, turned)
    ended = [_over(timer) for step in steps for timer in step.ended]
    if ended:  # last: one step's timer may be ended by the next
        connection.execute(_END, ended)


def turn(connection: Connection, timers: Sequence[Timer]) -> None:
    """Timers that changed without an event: reminded, or failed and to be tried again."""
    if timers:
        connection.execute(_TURN, [_turn_row(timer) for timer in timers])


def any_of(connection: Connection, kinds: Sequence[str]) -> bool:
    """Whether there is a case of one of these kinds."""
    return connection.execute(_ANY, {"kinds": list(kinds)}).first() is not None


def first_order(connection: Connection) -> dt.datetime | None:
    """When the desk's first order was opened."""
    return connection.execute(_FIRST).scalar()


def unfed(connection: Connection) -> Sequence[str]:
    """The ids of cases with events that the facts have not taken up."""
    return connection.execute(_UNFED).scalars().all()


def taken(connection: Connection, kinds: Sequence[str]) -> Sequence[str]:
    """The ids of cases of these kinds that the facts have taken up as they stand."""
    return connection.execute(_TAKEN, {"kinds": list(kinds)}).scalars().all()


def openers(connection: Connection, ids: Iterable[str]) -> dict[str, str]:
    """As what somebody opened these cases, by id."""
    return {row.case_id: row.actor for row in connection.execute(_OPENERS, {"ids": list(ids)})}


def fed(connection: Connection, events: Mapping[str, int]) -> None:
    """The facts have taken up so many events of these cases."""
    if events:
        connection.execute(_FEED, [{"its_id": id_, "events": n} for id_, n in events.items()])


def failing(connection: Connection, least: int, most: int = 100) -> Sequence[tuple[str, Timer]]:
    """Timers whose verb has failed at least so often, with their case's shop, longest overdue first: for an operator."""
    rows = connection.execute(_FAILING, {"least": least, "most": most})
    return [(row.shop_id, _timer(row)) for row in rows]


def due(connection: Connection, at: dt.datetime, most: int, *, lock: bool = True) -> Sequence[str]:
    """Ids of cases with a timer that the clock must look at by `at`, longest waiting first, at most `most`. On PostgreSQL their
    deadlines are locked, and those that another worker holds are passed over."""
    query = _DUE.with_for_update(skip_locked=True) if lock and connection.dialect.name == "postgresql" else _DUE
    return list(dict.fromkeys(connection.execute(query, {"at": at, "most": most}).scalars()))


# Rows


def _case(row: Any, timers: tuple[Timer, ...]) -> Case:
    return Case(
        row.id, row.kind, row.platform, row.shop_id, row.order_id, row.parent_id, row.began, row.state, row.n, row.opened_at,
        row.changed_at, row.ended_at, _from_json(row.facts), row.zone, timers,
    )  # fmt: skip


def _row(case: Case, owner: str) -> dict[str, Any]:
    row = {name: getattr(case, name) for name in _CASE_COLUMNS}
    return row | {"owner": owner, "facts": _to_json(case.facts)}


def _event(event: Event) -> dict[str, Any]:
    return {
        "case_id": event.case_id, "n": event.n, "at": event.at, "actor": event.doer.actor, "account_id": event.doer.account_id,
        "rule": event.doer.rule, "verb": event.verb, "before": event.before, "state": event.state, "why": event.why,
        "facts": _to_json(event.facts),
    }  # fmt: skip


def _timer(row: Any) -> Timer:
    given = {name: getattr(row, name) for name in _TIMER_COLUMNS}
    spans = tuple((dt.datetime.fromisoformat(begin), dt.datetime.fromisoformat(end)) for begin, end in row.pauses)
    return Timer(**given | {"pauses": spans})


def _timer_row(timer: Timer, shop_id: str) -> dict[str, Any]:
    row = {name: getattr(timer, name) for name in _TIMER_COLUMNS}
    return row | {"pauses": _spans(timer), "shop_id": shop_id}


def _turn_row(timer: Timer) -> dict[str, Any]:
    row = {name: getattr(timer, name) for name in _TURNS}
    return row | _key(timer) | {"pauses": _spans(timer)}


def _over(timer: Timer) -> dict[str, Any]:
    return _key(timer) | {"state": timer.state}


def _key(timer: Timer) -> dict[str, Any]:
    return {"its_case": timer.case_id, "its_n": timer.n, "its_clock": timer.clock}


def _spans(timer: Timer) -> list[list[str]]:
    return [[begin.isoformat(), end.isoformat()] for begin, end in timer.pauses]


def _to_json(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, dt.datetime) else value for name, value in facts.items()}


def _from_json(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: dt.datetime.fromisoformat(value) if name in _TIMES and value is not None else value
        for name, value in facts.items()
    }


# The statements are made once: making them costs more than running them.

_CASE_COLUMNS = (
    "id", "kind", "platform", "shop_id", "order_id", "parent_id", "began", "state", "n", "opened_at", "changed_at", "ended_at",
    "zone",
)  # fmt: skip
_TIMER_COLUMNS = tuple(field.name for field in fields(Timer))
_TURNS = ("due_at", "next_at", "remind_at", "reminded", "paused_at", "state", "tries", "said")
_CASES = select(desk_case).where(desk_case.c.id.in_(bindparam("ids", expanding=True))).order_by(desk_case.c.id)
_LIVE = desk_deadline.c.state.in_(("running", "paused"))
_TIMERS = select(desk_deadline).where(desk_deadline.c.case_id.in_(bindparam("ids", expanding=True)), _LIVE)
_ORDERS = select(desk_case.c.order_id).where(
    desk_case.c.id.in_(bindparam("ids", expanding=True)), desk_case.c.order_id.is_not(None)
)
_FAMILIES = union(
    select(desk_case.c.id).where(desk_case.c.id.in_(bindparam("ids", expanding=True))),
    select(desk_case.c.id).where(desk_case.c.order_id.in_(_ORDERS)),
).order_by("id")
_EVENTS = select(desk_event).where(desk_event.c.case_id == bindparam("id")).order_by(desk_event.c.n)
_OPEN = insert(desk_case)
_MOVE = (
    update(desk_case)
    .where(desk_case.c.id == bindparam("its_id"), desk_case.c.n == bindparam("its_n"))
    .values({name: bindparam(name) for name in ("state", "owner", "n", "changed_at", "ended_at", "facts")})
)
_TELL = insert(desk_event)
_ITS_KEY = and_(
    desk_deadline.c.case_id == bindparam("its_case"),
    desk_deadline.c.n == bindparam("its_n"),
    desk_deadline.c.clock == bindparam("its_clock"),
)
_END = update(desk_deadline).where(_ITS_KEY).values(state=bindparam("state"))
_BEGIN = insert(desk_deadline)
_TURN = update(desk_deadline).where(_ITS_KEY).values({name: bindparam(name) for name in (*_TURNS, "pauses")})
_DUE = (
    select(desk_deadline.c.case_id)
    .where(desk_deadline.c.state == "running", desk_deadline.c.next_at <= bindparam("at"))
    .order_by(desk_deadline.c.next_at, desk_deadline.c.case_id)
    .limit(bindparam("most"))
)
_FAILING = (
    select(desk_deadline)
    .where(desk_deadline.c.state == "running", desk_deadline.c.tries >= bindparam("least"))
    .order_by(desk_deadline.c.due_at)
    .limit(bindparam("most"))
)
_ANY = select(desk_case.c.id).where(desk_case.c.kind.in_(bindparam("kinds", expanding=True))).limit(1)
_UNFED = select(desk_case.c.id).where(desk_case.c.fed < desk_case.c.n).order_by(desk_case.c.id)
_TAKEN = select(desk_case.c.id).where(
    desk_case.c.fed == desk_case.c.n, desk_case.c.kind.in_(bindparam("kinds", expanding=True))
)
_OPENERS = select(desk_event.c.case_id, desk_event.c.actor).where(
    desk_event.c.case_id.in_(bindparam("ids", expanding=True)), desk_event.c.n == 1
)
_FEED = update(desk_case).where(desk_case.c.id == bindparam("its_id")).values(fed=bindparam("events"))
_FIRST = select(func.min(desk_case.c.opened_at)).where(desk_case.c.kind == "order")
