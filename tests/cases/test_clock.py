"""The clock's worker: never early, never twice, nothing forgotten; what fails is tried again and seen."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from tianping.cases.case import Case, Step, Timer
from tianping.errors import TianpingError
from tianping.store.desk import cases
from tianping.store.desk.outbox import Letter
from tianping.work.desk import clock
from tianping.work.desk.clock import PAUSES, run_down, tick
from tianping.work.desk.sitting import Desk, Sitting

from .market import DAY, HOUR, SECOND, T, ask, events, order, read

DUE = T + 48 * HOUR


def market(desk: Desk, many: int) -> list[str]:
    """So many cases waiting for the merchant since T."""
    for n in range(many):
        order(desk, id_=f"O{n}", shipped_at=T)
    return [ask(desk, of=f"O{n}").id for n in range(many)]


def test_never_early_never_twice_nothing_forgotten(any_desk: Desk) -> None:
    ids = market(any_desk, 7)
    assert run_down(any_desk, DUE - SECOND, most=3).lapsed == 0
    done = run_down(any_desk, DUE, most=3)
    assert (done.lapsed, done.failed) == (7, 0)
    assert {read(any_desk, id_).state for id_ in ids} == {"refunding"}
    assert not tick(any_desk, DUE).cases
    assert [each.verb for each in events(any_desk, ids[0])] == ["request", "agree"]


def test_the_owner_is_reminded_once(desk: Desk) -> None:
    told: list[tuple[str, str]] = []

    def remind(_sitting: Sitting, case: Case, timer: Timer) -> Iterable[Letter]:
        told.append((case.id, timer.clock))
        return ()

    desk = replace(desk, remind=remind)
    (id_,) = market(desk, 1)
    assert not tick(desk, DUE - 12 * HOUR - SECOND).cases
    assert tick(desk, DUE - 12 * HOUR).reminded == 1
    assert not tick(desk, DUE - HOUR).cases
    assert told == [(id_, "answer")]
    assert tick(desk, DUE).lapsed == 1


def failing(desk: Desk, bad: str, fault: Callable[[], Exception]) -> Desk:
    """A desk at which nothing can follow for one case."""

    def follow(sitting: Sitting, case: Case, cause: Step, due: object, depth: int) -> None:
        if case.id == bad:
            raise fault()
        desk.follow(sitting, case, cause, due, depth)  # type: ignore[arg-type]

    return replace(desk, follow=follow)


def test_one_that_fails_hinders_no_other_and_is_tried_again(any_desk: Desk) -> None:
    good, bad = market(any_desk, 2)
    broken = failing(any_desk, bad, lambda: TianpingError("the bank is closed"))
    done = tick(broken, DUE)
    assert (done.lapsed, done.failed) == (1, 1)
    assert (read(any_desk, good).state, read(any_desk, bad).state) == ("refunding", "requested")
    (timer,) = read(any_desk, bad).timers
    assert (timer.tries, timer.said, timer.next_at, timer.due_at) == (1, "the bank is closed", DUE + PAUSES[0], DUE)
    assert not tick(broken, DUE + PAUSES[0] - SECOND).cases
    at = DUE
    for pause in (*PAUSES, PAUSES[-1]):
        at += pause
        assert tick(broken, at).failed == 1
    with any_desk.database.connect() as connection:
        ((shop, seen),) = cases.failing(connection, least=3)
    assert (shop, seen.case_id, seen.tries) == ("S1", bad, len(PAUSES) + 2)
    assert not tick(any_desk, at + DAY).failed
    assert read(any_desk, bad).state == "refunding"


def test_what_the_database_refuses_fails_alone(any_desk: Desk) -> None:
    """A letter to nowhere: the whole batch is refused, and done again one by one."""
    good, bad = market(any_desk, 2)

    def announce(sitting: Sitting, steps: Iterable[Step]) -> Iterable[Letter]:
        for step in steps:
            topic: Any = "nowhere" if step.after.id == bad else "notice"
            yield Letter(topic, f"{step.after.id} {step.after.n}", step.after.id, step.after.n, {}, sitting.at)

    done = tick(replace(any_desk, announce=announce), DUE)
    assert (done.lapsed, done.failed) == (1, 1)
    assert (read(any_desk, good).state, read(any_desk, bad).state) == ("refunding", "requested")
    assert "ck_desk_outbox_topic" in read(any_desk, bad).timers[0].said


def test_a_clock_put_back_fires_nothing_and_time_does_not_run_backwards(desk: Desk) -> None:
    (id_,) = market(desk, 1)
    tick(desk, DUE)
    assert not tick(desk, T).cases
    payment = next(each for each in _payments(desk) if each.state == "asked")
    with desk.database.connect() as connection:
        assert [each.at for each in cases.history(connection, id_)] == [T, DUE]
    assert payment.timers[0].due_at == DUE + DAY


def _payments(desk: Desk) -> list[Case]:
    from .market import family

    return [each for each in family(desk, "order/O0") if each.kind == "payment"]


def test_a_worker_whose_clock_is_ahead_of_the_database_fires_nothing_early(any_desk: Desk) -> None:
    if any_desk.database.dialect.name != "postgresql":
        pytest.skip("one machine, one clock")
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    order(any_desk, now, shipped_at=now)
    id_ = ask(any_desk, at=now).id
    assert not clock.tick(any_desk, now + 100 * DAY).cases
    assert read(any_desk, id_).state == "requested"


def test_what_a_late_clock_does_happened_in_time(desk: Desk) -> None:
    """Nobody's figures grow by our outage: agreed when the time was over; the next clock begins when it is heard."""
    (id_,) = market(desk, 1)
    tick(desk, DUE + 5 * HOUR)
    case = read(desk, id_)
    assert (case.facts["answered_at"], case.facts["agreed_at"], case.changed_at) == (DUE, DUE, DUE + 5 * HOUR)
    payment = next(each for each in _payments(desk) if each.state == "asked")
    assert payment.timers[0].due_at == DUE + 5 * HOUR + DAY
