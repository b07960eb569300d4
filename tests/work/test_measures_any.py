"""Any sequence of verbs at any times, on both databases at once, against a plain model of what is printed."""

import datetime as dt
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.engine import URL

from tianping.policy.judging import Severity
from tianping.store import effects, ledger
from tianping.store.database import open_database, sqlite_url
from tianping.store.violations import State, Verb
from tianping.work.docket import measures, points
from tianping.work.docket.history import Office
from tianping.work.docket.measures import FROM, Choice, MeasureRefused

from .bench import AT, DAY, T, amounts, by, charge, look, of_shop, office, repeated

SEVERITIES: tuple[Severity, ...] = ("minor", "serious", "especially_serious", "extremely_serious")
CONFIRMED = ("in_force", "served", "appealed")
CELLS: dict[str, dict[str, tuple[int, int] | None]] = {
    "minor": {"warning": None, "study": None, "money": (1_00, 3_00)},
    "serious": {"exam": None, "ban": (3, 5), "money": (3_00, 20_00), "points": (5, 10)},
    "especially_serious": {"delist": None, "ban": (5, 28), "money": (10_00, 80_00), "points": (20, 40)},
    "extremely_serious": {"ban": None, "money": (100_00, 100_00), "points": (100, 100)},
}
APPEAL = {"dirty": 7, "plain": 3}
VERBS: tuple[Verb, ...] = (
    "propose", "propose", "confirm", "dismiss", "appeal", "appeal", "uphold", "reduce", "reduce", "overturn", "fulfil", "serve",
    "revoke", "withdraw",
)  # fmt: skip
SHOPS = itertools.count(1)


class Act(NamedTuple):
    """What somebody tries: a verb on one of the violations so far, so many hours after the last; `number` says who and how."""

    verb: Verb
    which: int
    hours: int
    number: int


ACTS = st.lists(
    st.builds(
        Act, st.sampled_from(VERBS), st.integers(0, 3), st.sampled_from([0, 1, 24, 24, 72, 3000]), st.integers(0, 9)
    ),
    min_size=6,
    max_size=30,
)  # fmt: skip


@dataclass(eq=False)
class Plain:
    """A violation as the model sees it."""

    kind: str
    base: Severity
    day: dt.date
    earlier: list["Plain"]
    offer: tuple[Severity, int] = ("minor", 0)
    severity: Severity = "minor"
    state: State = "proposed"
    deal: dict[str, int | None] | None = None
    picked: set[str] = field(default_factory=set)
    fulfilled: set[str] = field(default_factory=set)
    spoken: set[int | None] = field(default_factory=set)
    begun: dt.datetime = AT
    told: dt.datetime = AT
    appealed: bool = False

    @property
    def stands(self) -> bool:
        return self.state in CONFIRMED


class Model:
    """All of one shop."""

    def __init__(self) -> None:
        self.all: list[Plain] = []

    def offered(self, one: Plain) -> tuple[Severity, int]:
        counted = [each for each in one.earlier if each.stands]
        up = min(SEVERITIES.index(one.base) + len(counted), 2) if one.kind == "dirty" else SEVERITIES.index(one.base)
        return SEVERITIES[up], sum(each.severity == SEVERITIES[up] for each in counted)

    def enter(self, kind: str, base: Severity, day: dt.date) -> None:
        earlier = [each for each in self.all if each.kind == kind and each.stands and day - 365 * DAY <= each.day <= day - DAY]
        one = Plain(kind, base, day, earlier)
        one.offer = self.offered(one)
        one.severity = one.offer[0]
        self.all.append(one)

    def settle(self) -> None:
        """What every one would be if those taken back had never been; never heavier than it is."""
        for one in sorted(self.all, key=lambda each: each.day):
            was, one.offer = one.offer, self.offered(one)
            if one.offer == was or not (one.stands or one.state == "proposed"):
                continue
            rank, before, after = (SEVERITIES.index(each) for each in (one.severity, was[0], one.offer[0]))
            if one.deal is None:
                one.severity = one.offer[0]
            elif rank <= before and after <= rank:
                one.picked = one.picked if after == rank else set()
                one.deal = self.eased(one, *one.offer)
                one.severity = one.offer[0]

    def eased(self, one: Plain, severity: Severity, n: int) -> dict[str, int | None]:
        return {key: self.least(one, key, amount) for key, amount in fresh(severity, n).items()}

    def least(self, one: Plain, key: str, amount: int | None) -> int | None:
        held = (one.deal or {}).get(key)
        return amount if held is None or amount is None else held if key in one.picked else min(held, amount)

    def points(self, at: dt.datetime) -> int:
        living = [each for each in self.all if each.stands and each.begun <= at < each.begun + 365 * DAY]
        return sum((each.deal or {}).get("points") or 0 for each in living)

    def money(self) -> int:
        return sum((each.deal or {}).get("money") or 0 for each in self.all if each.stands)

    def open_(self, one: Plain) -> set[str]:
        done = one.fulfilled | ({"study"} if "exam" in one.fulfilled else set())
        return ({"study", "exam"} & set(one.deal or {})) - done

    def over(self, one: Plain, at: dt.datetime) -> bool:
        ban = (one.deal or {}).get("ban", 0)
        return one.severity != "extremely_serious" and not self.open_(one) and one.begun + (ban or 0) * DAY <= at


def fresh(severity: Severity, n: int) -> dict[str, int | None]:
    return {
        key: None if span is None else [span[0], (span[0] + span[1]) // 2, span[1]][min(n, 2)]
        for key, span in CELLS[severity].items()
    }


class Play:
    """The same acts on the model and on one database."""

    def __init__(self, bench: Office) -> None:
        self.bench, self.model, self.shop = bench, Model(), f"S{next(SHOPS)}"
        self.ids: list[int] = []
        self.at = AT

    def act(self, act: Act) -> None:
        self.at += dt.timedelta(hours=act.hours)
        if act.verb == "propose":
            self.propose(act.number)
        elif self.ids:
            self.try_(act, max(0, len(self.ids) - 1 - act.which))
        self.check()

    def propose(self, number: int) -> None:
        kind, base = ("dirty", "plain")[number % 2], SEVERITIES[number % 3]
        day = T + (self.at - AT)
        self.model.enter(kind, base, day)
        found = charge(kind, base, day=day, shop=self.shop, trigger=f"t{len(self.ids)}")
        found = repeated(self.bench, found) if kind == "dirty" else found
        self.ids.append(measures.propose(self.bench, by(None, self.at), found))
        if number > 2:
            self.try_(Act("confirm", 0, 0, number), len(self.ids) - 1)

    def try_(self, act: Act, index: int) -> None:
        one, id_ = self.model.all[index], self.ids[index]
        who = self.who(act, one)
        refusal = self.refusal(act.verb, one, who)
        if refusal is None:
            refusal = getattr(self, act.verb)(one, id_, act.number, who)
            if refusal is None:
                one.spoken |= {who} if act.verb in (*measures.DECIDES, "appeal") else set()
                if act.verb in ("confirm", "reduce", "appeal"):  # every notice once, so many days from it
                    one.appealed, one.told = act.verb == "appeal", one.told if act.verb == "appeal" else self.at
                self.model.settle()
                return
        with pytest.raises(MeasureRefused) as caught:
            self.plainly(act, id_, who)
        assert caught.value.why == refusal

    def who(self, act: Act, one: Plain) -> int | None:
        """Mostly somebody who has not spoken yet."""
        fresh = [each for each in range(1, 6) if each not in one.spoken or act.number == 0] or [1]
        return None if act.verb in measures.BY_THE_CLOCK else fresh[act.number % len(fresh)]

    def refusal(self, verb: Verb, one: Plain, who: int | None) -> str | None:
        if one.state not in FROM[verb]:
            return "state"
        if who is not None and verb in measures.DECIDES and who in one.spoken:
            return "twice"
        if verb == "appeal" and (one.appealed or self.at > one.told + APPEAL[one.kind] * DAY):
            return "late"
        if verb == "fulfil" and not self.model.open_(one):
            return "duty"
        return "running" if verb == "serve" and not self.model.over(one, self.at) else None

    def plainly(self, act: Act, id_: int, who: int | None) -> None:
        more = {"confirm": (), "serve": (), "fulfil": (("study", "exam")[act.number % 2],)}.get(act.verb, ("because",))
        getattr(measures, act.verb)(self.bench, by(who, self.at), id_, *more)

    def confirm(self, one: Plain, id_: int, number: int, who: int) -> None:
        """As proposed, with the money picked, or as extremely serious."""
        severity, n = one.offer if number != 9 else (SEVERITIES[3], 0)
        one.deal, one.severity, one.begun, one.state = fresh(severity, n), severity, self.at, "in_force"
        picked: dict[str, int] = {}
        if number in (1, 2):
            span = CELLS[severity]["money"]
            assert span is not None
            picked = {"money": span[number - 1]}
        one.deal |= picked
        one.picked = set(picked)
        worst = SEVERITIES[3] if number == 9 else None
        measures.confirm(self.bench, by(who, self.at), id_, Choice(0, picked), severity=worst, sales_fen=0)

    def reduce(self, one: Plain, id_: int, number: int, who: int) -> str | None:
        """To the next milder severity, or to the least money."""
        assert one.deal is not None
        lower = SEVERITIES[SEVERITIES.index(one.severity) - 1]
        if number < 5 and one.severity != "minor":
            n = sum(each.severity == lower for each in one.earlier if each.stands)
            one.picked = set()
            one.deal, one.severity, one.state = self.model.eased(one, lower, n), lower, "in_force"
            measures.reduce(self.bench, by(who, self.at), id_, "so", severity=lower)
            return None
        span = CELLS[one.severity]["money"]
        assert span is not None
        if one.deal["money"] == span[0]:
            return "milder"
        one.deal, one.state = one.deal | {"money": span[0]}, "in_force"
        one.picked = one.picked | {"money"}
        measures.reduce(self.bench, by(who, self.at), id_, "so", choice=Choice(0, {"money": span[0]}))
        return None

    def fulfil(self, one: Plain, id_: int, number: int, who: int) -> str | None:
        duty = ("study", "exam")[number % 2]
        if duty not in self.model.open_(one):
            return "duty"
        one.fulfilled |= {duty}
        measures.fulfil(self.bench, by(who, self.at), id_, duty)
        return None

    def __getattr__(self, verb: str) -> object:
        """The others lead to a state."""
        ends: dict[str, State] = {
            "dismiss": "dismissed", "withdraw": "withdrawn", "appeal": "appealed", "uphold": "in_force",
            "overturn": "overturned", "revoke": "revoked", "serve": "served",
        }  # fmt: skip

        def lead(one: Plain, id_: int, _number: int, who: int | None) -> None:
            one.state = ends[verb]
            getattr(measures, verb)(self.bench, by(who, self.at), id_, *(() if verb == "serve" else ("because",)))

        return lead

    def check(self) -> None:
        """The database says what the model says; money and points are what the effects say."""
        for one, id_ in zip(self.model.all, self.ids, strict=True):
            matter = look(self.bench, id_)
            assert (matter.state, matter.severity) == (one.state, one.severity)
            assert [each.n for each in matter.events] == list(range(1, len(matter.events) + 1))
            assert amounts(self.bench, id_) == (one.deal or {})
            with self.bench.database.connect() as connection:
                held = {each.name: each.amount for each in effects.standing(connection, id_)}
            assert held == ((one.deal or {}) if one.stands else {})
        assert points.points_of(self.bench, "kuaishou", self.shop, self.at) == self.model.points(self.at) >= 0
        with self.bench.database.connect() as connection:
            assert ledger.balance(connection, ledger.deposit(self.shop)) == -self.model.money()
            moved = ledger.of_account(connection, ledger.deposit(self.shop))
        assert {frozenset((each.from_account, each.to_account)) for each in moved} <= {
            frozenset((ledger.deposit(self.shop), ledger.FINES))
        }

    def take_all_back(self) -> None:
        """Whoever has not spoken yet takes every one back that can be."""
        for index, one in enumerate(self.model.all):
            verb: Verb = "overturn" if one.state == "appealed" else "revoke"
            if one.state in FROM[verb]:
                self.try_(Act(verb, 0, 0, 5), index)
                self.check()
        if not any(each.stands for each in self.model.all):
            removals = [each.state for each in of_shop(self.bench, self.shop) if each.row.violation == "points_line"]
            assert set(removals) <= {"withdrawn"}
            assert self.model.points(self.at) == self.model.money() == 0


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, postgres_server: URL) -> Iterator[list[Office]]:
    url = make_url(postgres_server).set(database="test_measures_any")
    with create_engine(postgres_server, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("CREATE DATABASE test_measures_any"))
    sqlite = sqlite_url(tmp_path_factory.mktemp("any") / "db.sqlite")
    engines = [open_database(each) for each in (sqlite, url.render_as_string(hide_password=False))]
    yield [office(engine) for engine in engines]
    for engine in engines:
        engine.dispose()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(acts=ACTS)
def test_any_sequence_of_verbs(both: list[Office], acts: list[Act]) -> None:
    """Every state, amount, point and fen, after every act; then all is taken back, and nothing is left."""
    for bench in both:
        play = Play(bench)
        for act in acts:
            play.act(act)
        play.take_all_back()


def test_a_sequence_known_to_matter(both: list[Office]) -> None:
    """Severities that fall where a middle amount is more than the worse cell's low end; reduced, picked, and taken back."""
    acts = [
        *(Act("propose", 0, 24, 6) for _ in range(4)),
        Act("appeal", 3, 1, 4), Act("uphold", 3, 1, 1), Act("appeal", 1, 1, 4), Act("reduce", 1, 1, 1),
        Act("appeal", 1, 0, 4), Act("overturn", 1, 1, 2), Act("revoke", 3, 1, 2), Act("revoke", 2, 1, 1),
    ]  # fmt: skip
    for bench in both:
        play = Play(bench)
        for act in acts:
            play.act(act)
        assert [each.stands for each in play.model.all] == [False, False, False, True]
        play.take_all_back()
