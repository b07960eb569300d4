"""Judgements, violations, effects and money in both databases: they only grow, and read back as they stand."""

import datetime as dt
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, inspect, text
from sqlalchemy.exc import DatabaseError, IntegrityError

from tianping.facts.versions import Version
from tianping.policy.judging import SubjectKind
from tianping.store import accounts, effects, judgements, ledger, versions, violations
from tianping.store.database import MIGRATIONS, open_database, sqlite_url
from tianping.store.judgements import Judgement
from tianping.store.violations import Event, State, Verb

AT = dt.datetime(2024, 5, 1, 1, 30)
DAY = dt.timedelta(days=1)
FIRST = dt.date(2024, 5, 1)
TABLES = ("judgement", "violation", "violation_event", "effect", "transfer")


def entered(connection: Connection, **other: Any) -> int:
    row = {
        "platform": "kuaishou", "violation": "negative_reviews", "version": "2010-01-01", "trigger": "daily",
        "subject_kind": "shop", "subject_id": "S1", "shop_id": "S1", "date": FIRST, "seq": 1, "severity": "minor",
        "immediate": False, "records": False, "evidence": {}, "proposal": {}, "account_id": None, "at": AT, **other,
    }  # fmt: skip
    id_ = violations.add(connection, row)
    happen(connection, id_, 1, "propose", "proposed")
    return id_


def happen(
    connection: Connection, id_: int, n: int, verb: Verb, state: State, *, at: dt.datetime = AT, **detail: object
) -> None:
    violations.append(connection, Event(id_, n, at, None, verb, state, "serious", None, "", detail))


def dealt(connection: Connection, id_: int, kind: str = "ban", days: int | None = 3, **other: Any) -> int:
    row = {
        "violation_id": id_, "n": 1, "shop_id": "S1", "subject_id": "S1", "kind": kind, "name": kind, "lasts": "days",
        "amount": days, "begins_at": AT, "ends_at": None if days is None else AT + days * DAY, "reverses": None, "at": AT,
        **other,
    }  # fmt: skip
    return effects.add(connection, row)


def filled(engine: Engine) -> int:
    with engine.begin() as connection:
        id_ = entered(connection)
        effect = dealt(connection, id_, "money", None, lasts="once", amount=500, ends_at=AT)
        ledger.pay(connection, "S1", 500, ledger.FINES, at=AT, cause=f"violation {id_} event 1", effect_id=effect)
    return id_


@pytest.mark.parametrize("table", TABLES[1:])
@pytest.mark.parametrize("act", ["UPDATE {table} SET at = at", "DELETE FROM {table}", "DELETE FROM {table} WHERE 1 = 0"])
def test_they_only_grow(either: Engine, table: str, act: str) -> None:
    """Whoever has the database's own password still meets the trigger."""
    filled(either)
    if either.dialect.name == "sqlite" and "1 = 0" in act:
        return  # its triggers are per row, and there is none
    with pytest.raises(DatabaseError, match=f"{table} is append-only"), either.begin() as connection:
        connection.execute(text(act.format(table=table)))
    with either.connect() as connection:
        assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() == 1


@pytest.mark.parametrize("table", TABLES[1:])
def test_they_are_not_truncated(postgres_made: str, table: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"), open_database(postgres_made).begin() as connection:
        connection.execute(text(f"TRUNCATE {table} CASCADE"))


def test_the_migration_goes_both_ways(either: Engine) -> None:
    """Down and up again: the tables are gone, and then as new; what was before stays."""
    filled(either)
    with either.begin() as connection:
        accounts.add(connection, {
            "name": "Anna", "label": "", "password": "hash", "one_time": False, "role": "operator", "all_shops": True,
            "demo": False, "active": True, "lang": "zh", "created_at": AT,
        })  # fmt: skip
    for ask, there in ((command.downgrade, set()), (command.upgrade, set(TABLES))):
        with either.begin() as connection:
            ask(migrations(connection), "0004" if ask is command.downgrade else "head")
        assert set(inspect(either).get_table_names()) & set(TABLES) == there
    with either.begin() as connection:
        assert [each.name for each in accounts.every(connection)] == ["Anna"]
        assert violations.get(connection, 1) is None
    test_they_only_grow(either, "transfer", "DELETE FROM {table}")


def migrations(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def test_an_older_database_comes_along(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "db.sqlite")
    old = create_engine(url)
    with old.begin() as connection:
        command.upgrade(migrations(connection), "0004")
    old.dispose()
    filled(open_database(url))


WRONG: dict[str, dict[str, object]] = {
    "a kind of effect is one of thirteen": {"kind": "exile"},
    "no effect is negative": {"amount": -1},
    "nothing ends before it begins": {"ends_at": AT - DAY},
    "an effect belongs to an event": {"n": 9},
    "what is reversed is there": {"reverses": 99},
    "it lasts in one of four ways": {"lasts": "long"},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_impossible_effects_are_refused(either: Engine, wrong: dict[str, object]) -> None:
    with either.begin() as connection:
        id_ = entered(connection)
    with pytest.raises(IntegrityError), either.begin() as connection:
        dealt(connection, id_, **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(("to", "fen"), [("shop/S1/deposit", 1), ("platform/fines", 0), ("platform/fines", -1)])
def test_impossible_transfers_are_refused(either: Engine, to: str, fen: int) -> None:
    """To itself, of nothing, backwards."""
    with pytest.raises(IntegrityError), either.begin() as connection:
        ledger.move(connection, "shop/S1/deposit", to, fen, at=AT, cause="")


def test_the_same_violation_is_entered_once(either: Engine) -> None:
    with either.begin() as connection:
        entered(connection)
        entered(connection, trigger="weekly")
    with pytest.raises(IntegrityError), either.begin() as connection:
        entered(connection)


def test_an_event_happens_once(either: Engine) -> None:
    with either.begin() as connection:
        id_ = entered(connection)
        happen(connection, id_, 2, "confirm", "in_force")
    with pytest.raises(IntegrityError), either.begin() as connection:
        happen(connection, id_, 2, "dismiss", "dismissed")


def test_violations_come_back(either: Engine) -> None:
    with either.begin() as connection:
        id_ = entered(connection, evidence={"rate": "1/3"})
        happen(connection, id_, 2, "confirm", "in_force", at=AT + DAY)
        found = violations.get(connection, id_)
        assert found is not None
        assert (found.evidence, found.date, found.severity) == ({"rate": "1/3"}, FIRST, "minor")
        assert [(each.n, each.verb, each.at) for each in violations.events(connection, id_)] == [
            (1, "propose", AT), (2, "confirm", AT + DAY),
        ]  # fmt: skip
        assert [(each.row, each.state, each.severity) for each in violations.of_shop(connection, "S1")] == [
            (found, "in_force", "serious")
        ]
        assert violations.in_state(connection, ("proposed",)) == []
        assert [each.row.id for each in violations.in_state(connection, ("in_force", "served"))] == [id_]


COUNTS: dict[State, bool] = {
    "proposed": False, "in_force": True, "served": True, "appealed": True, "revoked": False, "dismissed": False,
    "withdrawn": False, "overturned": False,
}  # fmt: skip


@pytest.mark.parametrize("state", COUNTS)
def test_what_counts_as_confirmed(either: Engine, state: State) -> None:
    """By its last state; and a day found counts whatever became of it, unless the facts took it back."""
    with either.begin() as connection:
        id_ = entered(connection)
        happen(connection, id_, 2, "confirm", "in_force")
        happen(connection, id_, 3, "uphold", state)
        found = violations.confirmed(connection, "negative_reviews", "shop", "S1", "S1", FIRST, FIRST)
        assert [(each.id, each.severity, each.date) for each in found] == [(id_, "serious", FIRST)] * COUNTS[state]
        last = violations.last_found(connection, "negative_reviews", "shop", "S1", "S1", FIRST + DAY, records=False)
        assert last == (None if state == "withdrawn" else FIRST)


@pytest.mark.parametrize(
    ("other", "counts"),
    [
        ({}, True),
        ({"date": FIRST + 9 * DAY}, True),
        ({"date": FIRST - DAY}, False),
        ({"date": FIRST + 10 * DAY}, False),
        ({"violation": "service"}, False),
        ({"subject_id": "S2"}, False),
        ({"subject_kind": "product"}, False),
        ({"shop_id": "S2"}, False),
        ({"records": True}, False),
    ],
)
def test_confirmed_of_whom_and_when(either: Engine, other: dict[str, object], counts: bool) -> None:
    """Both days are in it."""
    with either.begin() as connection:
        id_ = entered(connection, **other)
        happen(connection, id_, 2, "confirm", "in_force")
        found = violations.confirmed(connection, "negative_reviews", "shop", "S1", "S1", FIRST, FIRST + 9 * DAY)
    assert [each.id for each in found] == [id_] * counts


@pytest.mark.parametrize(("records", "found"), [(False, FIRST), (True, FIRST + DAY)])
def test_the_last_day_found(either: Engine, records: bool, found: dt.date) -> None:
    """Before a day, not on it; what is only recorded where asked for."""
    kind: SubjectKind = "shop"
    with either.begin() as connection:
        for number, date in enumerate((FIRST - DAY, FIRST, FIRST + DAY, FIRST + 2 * DAY)):
            entered(connection, date=date, records=number == 2)
        last = violations.last_found(connection, "negative_reviews", kind, "S1", "S1", FIRST + 2 * DAY, records=records)
        assert last == found
        assert violations.last_found(connection, "service", kind, "S1", "S1", FIRST, records=True) is None


def test_effects_in_force(either: Engine) -> None:
    """From their first moment, to their end, which is not in it; not before they were known, nor after they were taken back."""
    with either.begin() as connection:
        id_ = entered(connection)
        dealt(connection, id_, "ban", 3)
        dealt(connection, id_, "freeze", None, lasts="duty", at=AT + DAY)
        dealt(connection, id_, "warning", 0, lasts="once")
        [ban, freeze, _] = effects.of_violation(connection, id_)
        effects.reverse(connection, freeze, 1, AT + 2 * DAY)

        def names(at: dt.datetime) -> list[str]:
            return [each.name for each in effects.in_force(connection, "S1", at)]

        second = dt.timedelta(seconds=1)
        assert names(AT - second) == []
        assert names(AT) == names(AT + DAY - second) == ["ban"]
        assert names(AT + DAY) == names(AT + 2 * DAY - second) == ["ban", "freeze"]
        assert names(AT + 2 * DAY) == names(AT + 3 * DAY - second) == ["ban"]
        assert names(AT + 3 * DAY) == []
        assert [each.name for each in effects.standing(connection, id_)] == ["ban", "warning"]
        assert effects.in_force(connection, "S2", AT) == []
        assert ban.ends_at == AT + 3 * DAY
        with pytest.raises(IntegrityError), connection.begin_nested():
            effects.reverse(connection, freeze, 1, AT + 3 * DAY)


def test_a_duty_fulfilled_is_in_force_no_more(either: Engine) -> None:
    with either.begin() as connection:
        id_ = entered(connection)
        for duty in ("study", "exam", "freeze"):
            dealt(connection, id_, duty, None, lasts="duty")
        happen(connection, id_, 2, "fulfil", "in_force", at=AT + DAY, spares=["study", "exam"])
        assert len(effects.in_force(connection, "S1", AT)) == 3
        assert [each.name for each in effects.in_force(connection, "S1", AT + DAY)] == ["freeze"]


def test_points_add_up(either: Engine) -> None:
    """Of all that stand: now, and as was known before some were taken back."""
    with either.begin() as connection:
        id_ = entered(connection)
        for points, days in ((5, 365), (20, 10)):
            dealt(connection, id_, "points", days, amount=points)
        dealt(connection, id_, "ban", 365)
        dealt(connection, id_, "points", 365, amount=40, shop_id="S2")
        assert effects.points_of_all(connection, AT) == {"S1": 25, "S2": 40}
        assert [effects.points(connection, "S1", AT + n * DAY) for n in (-1, 0, 9, 10, 365)] == [0, 25, 25, 5, 0]
        [first, *_] = effects.of_violation(connection, id_)
        effects.reverse(connection, first, 1, AT + 2 * DAY)
        assert effects.points(connection, "S1", AT + DAY) == 25
        assert effects.points(connection, "S1", AT + DAY, known_at=AT + 2 * DAY) == 20
        assert effects.points_of_all(connection, AT + 2 * DAY) == {"S1": 20, "S2": 40}


@pytest.mark.spec("KS-P12")
@pytest.mark.parametrize(("funds", "from_funds"), [(0, 0), (299, 299), (300, 300), (301, 300), (-5, 0)])
def test_funds_pay_before_the_deposit(either: Engine, funds: int, from_funds: int) -> None:
    """As far as they go; and what was taken goes back where it came from."""
    with either.begin() as connection:
        if funds:
            way = ("bank", ledger.funds("S1")) if funds > 0 else (ledger.funds("S1"), "bank")
            ledger.move(connection, *way, abs(funds), at=AT, cause="sales")
        effect = dealt(connection, entered(connection), "money", None, lasts="once", amount=300, ends_at=AT)
        ledger.pay(connection, "S1", 300, ledger.FINES, at=AT, cause="x", effect_id=effect)
        assert ledger.balance(connection, ledger.FINES) == 300
        assert ledger.balance(connection, ledger.funds("S1")) == funds - from_funds
        assert ledger.balance(connection, ledger.deposit("S1")) == from_funds - 300
        ledger.give_back(connection, effect, at=AT + DAY, cause="y")
        assert ledger.balance(connection, ledger.FINES) == ledger.balance(connection, ledger.deposit("S1")) == 0
        assert ledger.balance(connection, ledger.funds("S1")) == funds
        assert ledger.balance(connection, ledger.FINES, AT) == 300, "as it was then"
        with pytest.raises(IntegrityError), connection.begin_nested():
            ledger.give_back(connection, effect, at=AT + DAY, cause="z")


def test_judgements_take_their_own_place(either: Engine) -> None:
    versions.commit(either, Version(1, AT))
    done = Judgement(FIRST, 1, "d", "r", {"kuaishou": "k"}, "closes/x", {"violations": 3}, AT)
    for each in (done, done, Judgement(FIRST, 1, "d", "r2", {}, "closes/y", {}, AT + DAY)):
        judgements.keep(either, each)
    assert [each.folder for each in judgements.of_date(either, FIRST)] == ["closes/y", "closes/x"]
    assert judgements.every(either)[1] == done
    assert judgements.of_date(either, FIRST + DAY) == []


def test_one_decides_at_a_time(either: Engine) -> None:
    """Who comes second waits, and reads what the first has written."""
    inside, read = threading.Event(), list[int]()

    def second() -> None:
        inside.wait(10)
        with violations.alone(either, "S1", "S2") as connection:
            read.append(len(violations.of_shop(connection, "S1")))

    other = threading.Thread(target=second)
    other.start()
    with violations.alone(either, "S2", "S1") as connection:
        entered(connection)
        inside.set()
        other.join(0.2)
        assert read == []
    other.join(30)
    assert read == [1]


def test_what_fails_leaves_nothing(either: Engine) -> None:
    with pytest.raises(ValueError, match="no"), alone_then_fail(either):
        pass
    with either.connect() as connection:
        assert violations.of_shop(connection, "S1") == []


@contextmanager
def alone_then_fail(engine: Engine) -> Iterator[None]:
    with violations.alone(engine, "S1") as connection:
        entered(connection)
        yield
        raise ValueError("no")
