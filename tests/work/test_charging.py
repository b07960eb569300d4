"""Many violations of one close at once: the same rows as one after the other, all or nothing, and what history recalls."""

import datetime as dt
import itertools
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, event, select

from tianping.errors import TianpingError
from tianping.policy.judging import Severity, SubjectKind
from tianping.store import ledger, violations
from tianping.store.database import open_database, sqlite_url
from tianping.store.schema import effect, transfer, violation, violation_event
from tianping.work.docket import measures
from tianping.work.docket.history import Confirmed, Office, Past, looks_back, recalled
from tianping.work.docket.measures import Charge, Run, take_up
from tianping.work.docket.proposing import Brought, bring, for_run

from .bench import ANNA, AT, CLOCK, DAY, RULES, T, by, charge, imposed, office, proposed, state

SEVERITIES: tuple[Severity, ...] = ("minor", "serious", "especially_serious")
PAST = (Past("M1", "S1", "rude", "minor", AT - 40 * DAY, points=76), Past("M2", "S1", "plain", "serious", AT - 9 * DAY))
NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with people in it, to be copied."""
    path = tmp_path_factory.mktemp("charging") / "empty.sqlite"
    engine = open_database(sqlite_url(path))
    office(engine)
    engine.dispose()
    return path


def another(empty: Path) -> Office:
    """A database of one's own."""
    path = empty.with_name(f"{next(NUMBERS)}.sqlite")
    shutil.copy(empty, path)
    return office(open_database(sqlite_url(path)), PAST)


def run(charges: Iterable[Charge], day: dt.date = T, seq: int = 1) -> Run:
    return Run("kuaishou", day, seq, [each._replace(date=day, seq=seq) for each in charges])


def together(who: Office, found: Run, at: dt.datetime) -> Brought:
    """As the close does it."""
    with for_run(who, found.platform, found.date, [each.shop for each in found.charges]) as connection:
        history = recalled(connection, who, found.platform, looks_back(RULES, found.date))
        brought = bring(who, connection, at, found, history)
        measures.confirm_by_rule(brought.new, at)
        return brought


def one_by_one(who: Office, found: Run, at: dt.datetime) -> None:
    """As a person would, each in a transaction of its own."""
    clock = CLOCK._replace(at=at)
    for id_ in take_up(who, at, found).new:
        if "confirm" in measures.possible(who, id_, clock):
            measures.confirm(who, clock, id_, why="by the rule, without a person")


def written(engine: Engine) -> list[list[tuple[object, ...]]]:
    """Every row."""
    with engine.connect() as connection:
        return [
            [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in (violation, violation_event, effect, transfer)
        ]


def to_serve(who: Office, at: dt.datetime) -> tuple[int, ...]:
    """Everything that can be served, looked for one by one."""
    with who.database.connect() as connection:
        waiting = [each.row.id for each in violations.in_state(connection, ("in_force",))]
    return tuple(id_ for id_ in reversed(waiting) if "serve" in measures.possible(who, id_, CLOCK._replace(at=at)))


class Day(NamedTuple):
    """What a close finds, so many days after the last, and whether with newer facts; a duty done before."""

    charges: list[Charge]
    days: int
    newer: bool
    duty: str


CHARGES = st.builds(
    lambda name, base, shop, needs: charge(name, base, shop=f"S{shop}", needs_person=needs, evidence={"of": [base]}),
    st.sampled_from(["plain", "plain", "dirty"]),
    st.sampled_from(SEVERITIES),
    st.integers(1, 4),
    st.booleans(),
)
LISTS = st.lists(CHARGES, max_size=8, unique_by=lambda each: (each.violation, each.shop))
DAYS = st.builds(Day, LISTS, st.sampled_from([0, 1, 30]), st.booleans(), st.sampled_from(["", "study", "exam"]))


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(days=st.lists(DAYS, min_size=1, max_size=5))
def test_together_is_one_by_one(empty: Path, days: list[Day]) -> None:
    """The same rows with the same numbers, whatever was before: repeats, money, points that reach the line, newer facts; and
    all that is over is served."""
    both, day, seq, at = (another(empty), another(empty)), T, 1, AT
    for each in days:
        day, seq, at = day + each.days * DAY, seq + each.newer, at + max(each.days, 1) * DAY
        found = run(each.charges, day, seq)
        together(both[0], found, at)
        one_by_one(both[1], found, at)
        for who in both:
            fulfil_all(who, each.duty, at)
            assert to_serve(who, at) == measures.serve_due(who, at)
    one, other = (written(who.database) for who in both)
    assert one == other


def fulfil_all(who: Office, duty: str, at: dt.datetime) -> None:
    with who.database.connect() as connection:
        waiting = [each.row.id for each in violations.in_state(connection, ("in_force",))]
    for id_ in waiting:
        with suppress(measures.MeasureRefused):  # no such duty is open
            measures.fulfil(who, CLOCK._replace(at=at), id_, duty)


def test_points_that_reach_the_line_together(empty: Path) -> None:
    """76 of before, 5 and 20 are 101: a removal of that shop alone, which names the violation that reached it."""
    both = another(empty), another(empty)
    for days, base in enumerate(SEVERITIES[1:]):
        shops = ("S2", "S1", "S3", "S4")
        found = run((charge("plain", base, shop=shop, needs_person=False) for shop in shops), T + days * DAY)
        together(both[0], found, AT + days * DAY)
        one_by_one(both[1], found, AT + days * DAY)
    assert written(both[0].database) == written(both[1].database)
    with both[0].database.connect() as connection:
        assert violations.shops_with(connection, "points_line", ("proposed",)) == ["S1"]


@pytest.mark.parametrize("table", ["violation", "violation_event", "effect", "transfer"])
def test_all_or_nothing(empty: Path, table: str) -> None:
    """A write that fails, early or late, leaves nothing of the whole run; the next time it goes through."""
    who = another(empty)
    before = written(who.database)
    found = run(charge("plain", shop=f"S{n}", needs_person=False) for n in range(4))
    broken = [0]

    def breaks(_conn: object, _cursor: object, statement: str, *_more: object) -> None:
        broken[0] += statement.startswith(f"INSERT INTO {table} ")
        if broken[0] == (3 if table == "transfer" else 1):
            raise OSError("disk full")

    event.listen(who.database, "before_cursor_execute", breaks)
    with pytest.raises(OSError, match="disk full"):
        together(who, found, AT)
    event.remove(who.database, "before_cursor_execute", breaks)
    assert written(who.database) == before
    assert {state(who, each.row.id) for each in together(who, found, AT).new} == {"in_force"}


def test_one_that_is_there_already(either: Office) -> None:
    """A person entered the very same: nothing of the run is left."""
    measures.propose(either, by(ANNA), charge("plain", shop="S2", seq=1))
    with pytest.raises(TianpingError, match=r"plain of shop S1 or one of 1 more on 2024-06-03 was entered already"):
        together(either, run(charge("plain", shop=shop) for shop in ("S1", "S2")), AT)
    with either.database.connect() as connection:
        assert violations.of_shop(connection, "S1") == []


def test_thousands_at_once(either: Office) -> None:
    """More than one statement can name or lock one by one, on both databases."""
    found = run(charge("plain", shop=f"S{n}", needs_person=False) for n in range(1500))
    new = together(either, found, AT).taken.new
    assert new == tuple(sorted(new))
    assert len(new) == len(set(new)) == 1500
    with either.database.connect() as connection:
        rows = violations.get_all(connection, new)
        happened = violations.events_of_all(connection, new)
    assert [rows[id_].shop_id for id_ in new] == [each.shop for each in found.charges]
    assert {tuple(each.verb for each in one) for one in happened.values()} == {("propose", "confirm")}
    assert together(either, found, AT + DAY).taken == ((), new, ())
    assert together(either, run([], seq=2), AT + DAY).taken == ((), (), ()), "what is in force stays"


@pytest.mark.parametrize("back", [0, 1, 2, 400])
def test_recalled_is_confirmed(either: Office, back: int) -> None:
    """History read at once says the same as history asked one by one, as far back as it goes."""
    who = Office(either.database, either.rules, lambda shop: PAST if shop == "S1" else ())
    for days in range(4):
        day, at = T - days * DAY, AT - days * DAY
        for shop in ("S1", "S2"):
            imposed(who, charge("plain", SEVERITIES[days % 3], shop=shop, day=day), at)
            proposed(who, charge("plain", shop=shop, day=day, trigger="seen", records=True), at)
            measures.withdraw(who, CLOCK._replace(at=at), proposed(who, charge("rude", shop=shop, day=day), at), "gone")
    first = T - back * DAY
    with who.database.connect() as connection:
        one, all_ = Confirmed(connection, who.past), recalled(connection, who, "kuaishou", first)
        for name, shop in itertools.product(("plain", "rude", "dirty"), ("S1", "S2", "S3")):
            whose: tuple[str, SubjectKind, str, str] = (name, "shop", shop, shop)
            for days in range(back + 1 if back < 5 else 5):
                span = (max(first, T - 30 * DAY), T - days * DAY)
                assert all_.confirmed(*whose, *span) == one.confirmed(*whose, *span)
                for records in (True, False):
                    asked, known = (each.last_found(*whose, span[1], records=records) for each in (one, all_))
                    assert known == (asked if asked and asked >= first else None)


def test_how_far_history_is_asked() -> None:
    assert looks_back(RULES, T) == T - 365 * DAY
    assert looks_back(None, T) == T


@pytest.mark.parametrize("many_first", [True, False])
def test_one_and_many_wait_for_one_another(either: Office, *, many_first: bool) -> None:
    """Who decides about one shop and who decides about thousands: one at a time."""
    many = [f"S{n}" for n in range(violations.MANY)]
    first, second = (many, ["S1"]) if many_first else (["S1"], many)
    inside, done = Event(), Event()

    def other() -> None:
        inside.wait(10)
        with violations.alone(either.database, *second):
            done.set()

    thread = Thread(target=other)
    thread.start()
    with violations.alone(either.database, *first):
        inside.set()
        assert not done.wait(0.2)
    thread.join(60)
    assert done.is_set()


def test_the_money_of_all_who_are_fined_is_held_in_order(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before any of it is taken, whatever the order of the charges: the desk takes it in the same order."""
    held, alone_with = list[tuple[str, ...]](), ledger.alone_with

    def noted(connection: Connection, *shops: str) -> None:
        held.append(tuple(sorted(shops)))
        alone_with(connection, *shops)

    monkeypatch.setattr(ledger, "alone_with", noted)
    named = (("plain", "S9"), ("rude", "S5"), ("plain", "S2"))
    charges = [charge(name, shop=shop, needs_person=False) for name, shop in named]
    together(another(empty), run(charges), AT)
    assert held == [("S2", "S9"), ("S9",), ("S2",)]
