"""The rows of cases: what stands, what happened, what is due. A case changes only together with its event.

Who writes has read the case in the same transaction (`database.writing`); `keep` refuses where somebody else was faster.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, union, update

from tianping.cases.case import Case, Doer, Event, Step, Timer
from tianping.policy.cases.casefacts import FACTS
from tianping.store.desk.schema import desk_case, desk_deadline, desk_event
from tianping.store.many import Many

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
    _OPEN.write(connection, [_row(step.after, owners[step.after.id]) for step in steps if step.before is None])
    moved = [_moved(step.after, step.before.n, owners[step.after.id]) for step in steps if step.before is not None]
    if _MOVE.write(connection, moved) != len(moved):
        raise Overtaken
    _TELL.write(connection, [_event(step.event) for step in steps])
    _BEGIN.write(connection, [_timer_row(timer, step.after.shop_id) for step in steps for timer in step.begun])
    turn(connection, [timer for step in steps for timer in step.changed])
    _END.write(connection, [_over(timer) for step in steps for timer in step.ended])  # last: the next step may end one's timer


def turn(connection: Connection, timers: Sequence[Timer]) -> None:
    """Timers that changed without an event: reminded, or failed and to be tried again."""
    _TURN.write(connection, [_turned(timer) for timer in timers])


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


def children(connection: Connection, ids: Iterable[str], kinds: Sequence[str]) -> Sequence[str]:
    """The ids of cases of these kinds that came of these cases."""
    return connection.execute(_CHILDREN, {"ids": list(ids), "kinds": list(kinds)}).scalars().all()


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
    return [(shop, _timer(row)) for shop, *row in rows]


def due(connection: Connection, at: dt.datetime, most: int, *, lock: bool = True) -> Sequence[str]:
    """Ids of cases with a timer that the clock must look at by `at`, longest waiting first, at most `most`. On PostgreSQL their
    deadlines are locked, and those that another worker holds are passed over."""
    query = _DUE.with_for_update(skip_locked=True) if lock and connection.dialect.name == "postgresql" else _DUE
    return list(dict.fromkeys(connection.execute(query, {"at": at, "most": most}).scalars()))


# Rows


def _case(row: Sequence[Any], timers: tuple[Timer, ...]) -> Case:
    case = Case._make((*row, timers))
    return case._replace(facts=_from_json(case.facts))


def _row(case: Case, owner: str) -> Sequence[Any]:
    return (*case._replace(facts=_to_json(case.facts))[:-1], owner, _due_at(case))


def _moved(case: Case, n: int, owner: str) -> Sequence[Any]:
    return (case.id, n, case.state, owner, case.n, case.changed_at, case.ended_at, _to_json(case.facts), _due_at(case))


def _due_at(case: Case) -> dt.datetime | None:
    running = [timer.due_at for timer in case.timers if timer.state == "running"]
    return min(running) if running else None


def _event(event: Event) -> Sequence[Any]:
    id_, n, at, doer, verb, before, state, why, facts = event
    return (id_, n, at, *doer, verb, before, state, why, _to_json(facts))


def _timer(row: Sequence[Any]) -> Timer:
    timer = Timer(*row)
    return timer._replace(
        pauses=tuple((dt.datetime.fromisoformat(begin), dt.datetime.fromisoformat(end)) for begin, end in row[_PAUSES])
    )


def _timer_row(timer: Timer, shop_id: str) -> Sequence[Any]:
    return (*timer._replace(pauses=_spans(timer)), shop_id)


def _turned(timer: Timer) -> Sequence[Any]:
    return (*_over(timer), *(getattr(timer, name) for name in _TURNS), _spans(timer))


def _over(timer: Timer) -> Sequence[Any]:
    return (timer.case_id, timer.n, timer.clock, timer.state)


def _spans(timer: Timer) -> Any:
    return [[begin.isoformat(), end.isoformat()] for begin, end in timer.pauses]


def _to_json(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, dt.datetime) else value for name, value in facts.items()}


def _from_json(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: dt.datetime.fromisoformat(value) if name in _TIMES and value is not None else value
        for name, value in facts.items()
    }


# The statements are made once: making them costs more than running them.

_CASE_COLUMNS = Case._fields[:-1]
"""All but its timers, which have rows of their own."""
_PAUSES = Timer._fields.index("pauses")
_TURNS = ("due_at", "next_at", "remind_at", "reminded", "paused_at", "tries", "said")
_CASES = (
    select(*(desk_case.c[name] for name in _CASE_COLUMNS))
    .where(desk_case.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(desk_case.c.id)
)
_LIVE = desk_deadline.c.state.in_(("running", "paused"))
_TIMER = [desk_deadline.c[name] for name in Timer._fields]
_TIMERS = select(*_TIMER).where(desk_deadline.c.case_id.in_(bindparam("ids", expanding=True)), _LIVE)
_ORDERS = select(desk_case.c.order_id).where(
    desk_case.c.id.in_(bindparam("ids", expanding=True)), desk_case.c.order_id.is_not(None)
)
_FAMILIES = union(
    select(desk_case.c.id).where(desk_case.c.id.in_(bindparam("ids", expanding=True))),
    select(desk_case.c.id).where(desk_case.c.order_id.in_(_ORDERS)),
).order_by("id")
_EVENTS = select(desk_event).where(desk_event.c.case_id == bindparam("id")).order_by(desk_event.c.n)
_OPEN = Many(insert(desk_case), (*_CASE_COLUMNS, "owner", "due_at"))
_MOVES = ("state", "owner", "n", "changed_at", "ended_at", "facts", "due_at")
_MOVE = Many(
    update(desk_case)
    .where(desk_case.c.id == bindparam("its_id"), desk_case.c.n == bindparam("its_n"))
    .values({name: bindparam(f"new_{name}") for name in _MOVES}),
    ("its_id", "its_n", *(f"new_{name}" for name in _MOVES)),
)
_TELL = Many(
    insert(desk_event),
    ("case_id", "n", "at", "actor", "account_id", "rule", "verb", "before", "state", "why", "facts"),
)
_ITS = ("its_case", "its_n", "its_clock", "new_state")
_ITS_TIMER = (
    update(desk_deadline)
    .where(
        desk_deadline.c.case_id == bindparam("its_case"),
        desk_deadline.c.n == bindparam("its_n"),
        desk_deadline.c.clock == bindparam("its_clock"),
    )
    .values(state=bindparam("new_state"))
)
_END = Many(_ITS_TIMER, _ITS)
_BEGIN = Many(insert(desk_deadline), (*Timer._fields, "shop_id"))
_TURN = Many(
    _ITS_TIMER.values({name: bindparam(f"new_{name}") for name in (*_TURNS, "pauses")}),
    (*_ITS, *(f"new_{name}" for name in (*_TURNS, "pauses"))),
)
_DUE = (
    select(desk_deadline.c.case_id)
    .where(desk_deadline.c.state == "running", desk_deadline.c.next_at <= bindparam("at"))
    .order_by(desk_deadline.c.next_at, desk_deadline.c.case_id)
    .limit(bindparam("most"))
)
_FAILING = (
    select(desk_deadline.c.shop_id, *_TIMER)
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
_CHILDREN = select(desk_case.c.id).where(
    desk_case.c.parent_id.in_(bindparam("ids", expanding=True)), desk_case.c.kind.in_(bindparam("kinds", expanding=True))
)
_FEED = update(desk_case).where(desk_case.c.id == bindparam("its_id")).values(fed=bindparam("events"))
_FIRST = select(func.min(desk_case.c.opened_at)).where(desk_case.c.kind == "order")
