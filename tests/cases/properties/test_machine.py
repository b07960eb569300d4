"""The properties of a desk at which anybody does anything at any time, on both databases.

A step is a verb by somebody, a tick of the worker (its clock behind, or right), the gateway's turn, a power cut, or time that
passes: to one second before a deadline, to it, or just past it. After each, `oracle.wrong` weighs all rows.
"""

import datetime as dt
import os
import random
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import URL, create_engine, text

from tianping.cases.case import Act, Case, Doer, Refusal, Step, Timer
from tianping.cases.flow import flow_of, step
from tianping.policy.cases.casebook import Casebook
from tianping.policy.cases.flowing import Actor
from tianping.store.database import open_database, sqlite_url
from tianping.work.desk.opening import open_desk
from tianping.work.desk.sitting import CaseRefused, Desk

from .oracle import wrong
from .snapshots import HANDBACK
from .world import DAY, HOUR, KINDS, PLATFORMS, SECOND, Choose, T, World, unknown

Fresh = Callable[[], tuple[Desk, Path]]
EXAMPLES = os.environ.get("TIANPING_EXAMPLES")
SEEDS = st.integers(0, 2**32)
LONGEST = dt.timedelta(days=300)


class Market(RuleBasedStateMachine):
    """What may happen. `fresh` gives an empty desk and a folder."""

    def __init__(self, fresh: Fresh) -> None:
        super().__init__()
        self.fresh = fresh
        self.world: World

    @initialize(platform=st.sampled_from(PLATFORMS), seed=SEEDS)
    def opens(self, platform: str, seed: int) -> None:
        desk, home = self.fresh()
        self.world = World(desk, home, platform)
        self.world.begin(chooser(seed))

    @rule(seed=SEEDS, kind=st.sampled_from(KINDS))
    def asks(self, seed: int, kind: str) -> None:
        self.world.ask(chooser(seed), kind)

    @rule(seed=SEEDS)
    def does(self, seed: int) -> None:
        self.world.act(chooser(seed))

    @rule(seed=SEEDS)
    def goes_on(self, seed: int) -> None:
        """Some way along the road that a case usually goes."""
        choose, world = chooser(seed), self.world
        under_way = [case for case in world.live() if case.kind in (*KINDS, HANDBACK) and case.state in ROAD]
        for case in under_way and [choose(under_way)]:
            for _ in range(choose(range(1, 5))):
                now = world.seen.cases[case.id]
                if now.state in ROAD:
                    world.does(choose, now, *choose(ROAD[now.state]))

    @rule(seed=SEEDS)
    def comes_back(self, seed: int) -> None:
        """Goods that were posted, and to which the merchant objects, or which it does not replace."""
        choose, world = chooser(seed), self.world
        asked = [case for case in world.live() if case.kind in COMES_BACK and case.state == "requested"]
        for case in asked and [choose(asked)]:
            way = choose((("dispute_receipt", "escalate"), ("dispute_receipt", "escalate"), ("confirm",)))
            for verb in ("agree", "post_back", *way):
                world.does(
                    choose, world.seen.cases[case.id], "buyer" if verb in ("post_back", "escalate") else "merchant", verb
                )

    @rule(seed=SEEDS)
    def tries_anything(self, seed: int) -> None:
        self.world.act(chooser(seed), sensible=False)

    @rule(seed=SEEDS)
    def escalates(self, seed: int) -> None:
        """Disputes are rare by chance: refused, and raised by either."""
        choose, world = chooser(seed), self.world
        stuck = [
            case
            for case in world.live()
            if case.kind in KINDS and case.state in ("requested", "refused", "receipt_disputed", "sent")
        ]
        if not stuck:
            return
        case = choose(stuck)
        world.does(choose, case, "merchant", "refuse")
        if world.platform == "tmall" and choose((True, False)):
            world.now = max(world.now, world.seen.cases[case.id].opened_at + 72 * HOUR)
        world.does(choose, world.seen.cases[case.id], *choose((("buyer", "escalate"), ("merchant", "escalate_by_merchant"))))

    @rule(seed=SEEDS)
    def judges(self, seed: int) -> None:
        """On with a dispute, as far as it goes, or not quite."""
        choose, world = chooser(seed), self.world
        running = [case for case in world.live() if case.kind == "dispute" and not case.ended_at]
        for case in running[:1]:
            for _ in range(choose(range(1, 6))):
                heard(world, choose, world.seen.cases[case.id])

    @rule(seed=SEEDS, near=st.sampled_from((-SECOND, dt.timedelta(0), SECOND)))
    def time_passes(self, seed: int, near: dt.timedelta) -> None:
        choose, world = chooser(seed), self.world
        due = sorted({row.due_at for row in world.seen.deadlines if row.state == "running" and row.due_at + near >= world.now})
        if due and due[0] < T + LONGEST:
            world.now = choose(due[:4]) + near

    @rule(back=st.sampled_from((0, 0, 1, 3_600, 86_400)))
    def ticks(self, back: int) -> None:
        self.world.tick(dt.timedelta(seconds=back))

    @rule(mail=st.booleans())
    def gateway(self, mail: bool) -> None:
        self.world.now += 2 * HOUR
        self.world.pays(mail=mail)

    @rule(seed=SEEDS)
    def power_fails(self, seed: int) -> None:
        self.world.cut(chooser(seed))

    @rule()
    def is_paid_out(self) -> None:
        self.world.settles()

    @precondition(lambda self: hasattr(self, "world"))
    @invariant()
    def holds(self) -> None:
        world = self.world
        assert not wrong(world.seen, world.book, world.now)
        assert not world.untimely

    @precondition(lambda self: hasattr(self, "world"))
    @invariant()
    def expires(self) -> None:
        """Each open case's next deadline does something, at its second and not before; a person's same verb does the same."""
        world = self.world
        for case in world.seen.cases.values():
            running = [timer for timer in case.timers if timer.state == "running"]
            if running:
                passes(world, case, min(running, key=lambda timer: timer.due_at))

    def teardown(self) -> None:
        if hasattr(self, "world"):
            try:
                ends(self.world)
            finally:
                self.world.desk.database.dispose()


COMES_BACK = ("return_refund", "exchange", "repair")
ROAD: Mapping[str, Sequence[tuple[Actor, str]]] = {
    "requested": (
        ("merchant", "agree"),
        ("merchant", "offer"),
        ("merchant", "question_reason"),
        ("platform", "decide_directly"),
    ),
    "reason_questioned": (("buyer", "change_reason"), ("buyer", "keep_reason")),
    "agreed": (("buyer", "post_back"), ("buyer", "post_back"), ("buyer", "report_no_address"), ("merchant", "offer_refund")),
    "returning": (("platform", "return_signed"), ("merchant", "confirm"), ("merchant", "dispute_receipt")),
    "arrived": (("merchant", "confirm"), ("merchant", "dispute_receipt"), ("merchant", "check_goods")),
    "receipt_disputed": (("buyer", "accept_offer"), ("merchant", "confirm"), ("merchant", "offer")),
    "refused": (("merchant", "offer"), ("buyer", "accept_offer")),
    "to_send": (("merchant", "send_again"),),
    "repairing": (("merchant", "send_again"),),
    "sent": (("buyer", "sign_resent"), ("buyer", "escalate")),
    "defaulted": (
        ("buyer", "turn_to_refund"),
        ("buyer", "turn_to_exchange"),
        ("merchant", "send_again"),
        ("buyer", "withdraw"),
    ),
    "held": (("buyer", "money_back"), ("buyer", "waive")),
    "awaiting_voucher": (("merchant", "upload_voucher"),),
    "refunding": (("platform", "take_back"),),
    "refunded": (("platform", "claim_back"),),
}
NEXT: Mapping[str, Sequence[tuple[Actor, str]]] = {
    "evidence": (("merchant", "concede"), ("platform", "turn_away"), ("buyer", "withdraw"), ("merchant", "withdraw")),
    "judging": (("adjudicator", "find"), ("adjudicator", "verdict")),
    "senior": (("senior", "find"), ("senior", "verdict")),
    "judged": (("merchant", "appeal"), ("buyer", "appeal")),
    "appealed": (("adjudicator", "overturn"), ("adjudicator", "shift_liability"), ("adjudicator", "uphold")),
    "appeal_senior": (("senior", "overturn"),),
    "settled": (("adjudicator", "find_liable"),),
}


def heard(world: World, choose: Choose, case: Case) -> None:
    """One stage of a dispute: evidence until its time is over, or what leads on."""
    if case.state == "evidence" and choose((True, True, False)):
        for _ in range(4):
            world.shows(choose)
        world.now = max(world.now, case.timers[0].due_at)
        world.tick()
        return
    if case.state == "judged" and choose((True, False)):
        world.pays(mail=False)
    for by, verb in NEXT.get(case.state, ()):
        world.does(choose, world.seen.cases[case.id], by, verb)


def chooser(seed: int) -> Choose:
    """One number per step, not one per choice: ten times as many steps in the same time."""
    return random.Random(seed).choice


def passes(world: World, case: Case, timer: Timer) -> None:
    """At its second, not before, by the verb it names; and a person's verb makes the very same step."""
    if timer.due_at - SECOND >= world.now:
        with world.dry(timer.due_at - SECOND) as sat:
            assert sat.lapse(case.id) == 0, f"{timer.clock} of {case.kind} fires early"
    with world.dry(max(timer.due_at, world.now)) as sat:
        before = sat.case(case.id)
        known, verb = sat.known(before), flow_of(world.book, before).verbs[timer.passes]
        by_clock = step(world.book, before, Act(timer.passes, Doer("clock", None, timer.clock)), known)
        if isinstance(by_clock, Refusal) and world.book.guards[by_clock.guard].at(before.began).passing:
            return  # it waits, and comes again
        if isinstance(by_clock, Refusal):
            unknown([f"{case.kind} {case.state}: the clock is refused: {by_clock.en}"])
            return
        for actor in set(verb.who) - {"clock"}:
            by_person = step(world.book, before, Act(timer.passes, Doer(actor)), known)
            assert not isinstance(by_person, Refusal), f"{case.kind} {case.state}: {actor} is refused what the clock does"
            assert alike(by_person) == alike(by_clock)
        try:
            assert sat.lapse(case.id) >= 1
        except CaseRefused as refused:
            unknown([str(refused)])
        event = next(each.event for each in sat.steps if each.event.case_id == case.id)
        assert (event.doer.actor, event.doer.rule, event.verb) == ("clock", timer.clock, timer.passes)
        after = sat.case(case.id)
        assert after.state != case.state or after.timers != case.timers, f"{timer.passes} of {case.kind} changes nothing"


def alike(step: Step) -> tuple[object, ...]:
    """A step without who made it."""

    def rest(facts: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in facts.items() if name != "handled_by"}

    event, after = step.event, step.after
    return (
        after._replace(facts=rest(after.facts)),
        (event.verb, event.state, event.at, rest(event.facts)),
        step.begun,
        step.follows,
    )


def ends(world: World) -> None:
    """Nobody does anything any more, the gateway pays well: everything comes to its end, but debts that nobody can pay."""
    from tianping.work.desk.money.sandbox import Sandbox

    world.gateway = Sandbox(world.home / "gateway.sqlite")
    rest: list[Case] = []
    for _ in range(200):
        world.now += DAY
        world.tick()
        world.pays(mail=True)
        world.pays(mail=False)
        rest = [case for case in world.seen.cases.values() if not case.ended_at and case.kind != "advance"]
        if not rest:
            break
    assert not rest, [(case.kind, case.state, case.timers) for case in rest]
    assert not wrong(world.seen, world.book, world.now)


@pytest.fixture
def sqlite_desks(tmp_path: Path, empty_database: Path, books: dict[str, Casebook]) -> Fresh:
    """A new SQLite file each time."""
    empty, number = empty_database.read_bytes(), iter(range(1_000_000))

    def fresh() -> tuple[Desk, Path]:
        home = tmp_path / str(next(number))
        home.mkdir()
        (home / "desk.sqlite").write_bytes(empty)
        return open_desk(open_database(sqlite_url(home / "desk.sqlite")), books), home

    return fresh


@pytest.fixture
def postgres_desks(tmp_path: Path, postgres_server: URL, postgres_template: str, books: dict[str, Casebook]) -> Iterator[Fresh]:
    """A new PostgreSQL database each time; all gone in the end."""
    made: list[str] = []
    server = create_engine(postgres_server, isolation_level="AUTOCOMMIT")

    def fresh() -> tuple[Desk, Path]:
        made.append(f"market_{uuid.uuid4().hex}")
        home = tmp_path / made[-1]
        home.mkdir()
        with server.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {made[-1]} TEMPLATE {postgres_template}"))
        url = postgres_server.set(database=made[-1]).render_as_string(hide_password=False)
        return open_desk(open_database(url), books), home

    yield fresh
    with server.connect() as connection:
        for name in made:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


def run(fresh: Fresh, examples: int) -> None:
    class Fitted(Market):
        def __init__(self) -> None:
            super().__init__(fresh)

    house = settings(
        max_examples=int(EXAMPLES or examples), derandomize=EXAMPLES is None, stateful_step_count=30, deadline=None,
        report_multiple_bugs=False, suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(Fitted, settings=house)


def test_properties_hold_on_sqlite(sqlite_desks: Fresh) -> None:
    run(sqlite_desks, 40)


def test_properties_hold_on_postgres(postgres_desks: Fresh) -> None:
    run(postgres_desks, 6)
