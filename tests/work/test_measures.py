"""The verbs: what each does, when it is refused, and what follows for others."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from threading import Barrier, Thread

import pytest
from sqlalchemy import Engine

from tianping.errors import NotFound, TianpingError
from tianping.policy.judging import Severity
from tianping.store import effects, ledger, violations
from tianping.store.database import open_database, sqlite_url
from tianping.store.violations import State, Verb
from tianping.work import measures, points
from tianping.work.history import Office, Past
from tianping.work.measures import FROM, Choice, MeasureRefused, Run, possible, take_up

from .bench import (
    ANNA,
    AT,
    BO,
    CHI,
    CLOCK,
    DAN,
    DAY,
    MERCHANT,
    SECOND,
    T,
    amounts,
    by,
    charge,
    imposed,
    look,
    of_shop,
    office,
    proposed,
    repeated,
    state,
)


@pytest.fixture(params=["sqlite", "postgres"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Office:
    url = sqlite_url(tmp_path / "db.sqlite") if request.param == "sqlite" else request.getfixturevalue("postgres")
    return office(open_database(url))


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return open_database(sqlite_url(tmp_path / "db.sqlite"))


@pytest.fixture
def bench(engine: Engine) -> Office:
    return office(engine)


def fines(bench: Office) -> int:
    with bench.database.connect() as connection:
        total = ledger.balance(connection, ledger.FINES)
        assert ledger.balance(connection, ledger.deposit("S1")) == -total
        return total


def running(bench: Office, at: dt.datetime, shop: str = "S1") -> dict[str, int | None]:
    with bench.database.connect() as connection:
        return {each.name: each.amount for each in effects.in_force(connection, shop, at)}


def score(bench: Office, at: dt.datetime = AT) -> int:
    return points.points_of(bench, "kuaishou", "S1", at)


def refused(why: str, act: Callable[[], object]) -> MeasureRefused:
    with pytest.raises(MeasureRefused) as caught:
        act()
    assert caught.value.why == why
    return caught.value


def test_a_penalty_takes_effect_when_confirmed(either: Office) -> None:
    """As proposed: the low end the first time; bans run from that moment, money comes from the deposit."""
    id_ = proposed(either, charge(base="serious"))
    assert running(either, AT) == {}
    later = AT + DAY
    measures.confirm(either, by(ANNA, later), id_)
    assert running(either, later - SECOND) == {}
    assert running(either, later) == {"exam": None, "ban": 3, "points": 5}
    assert running(either, later + 3 * DAY - SECOND) == {"exam": None, "ban": 3, "points": 5}
    assert running(either, later + 3 * DAY) == {"exam": None, "points": 5}
    assert fines(either) == 3_00
    assert (score(either), score(either, later + 365 * DAY - SECOND), score(either, later + 365 * DAY)) == (0, 5, 0)


def test_a_choice_within_the_ranges(bench: Office) -> None:
    id_ = imposed(bench, charge(base="serious"), choice=Choice(0, {"ban": 5, "money": 20_00}))
    assert amounts(bench, id_) == {"exam": None, "ban": 5, "money": 20_00, "points": 5}
    other = proposed(bench, charge(base="serious", shop="S2"))
    error = refused("range", lambda: measures.confirm(bench, by(ANNA), other, Choice(0, {"ban": 6})))
    assert "ban: 6 days lies outside 3 to 5" in str(error)
    assert (state(bench, other), running(bench, AT, "S2")) == ("proposed", {})


def test_one_of_several_penalties(bench: Office) -> None:
    assert amounts(bench, imposed(bench, charge("phones"), choice=Choice(1))) == {"freeze": None}


@pytest.mark.parametrize("verb", FROM)
def test_verbs_lead_on_from_their_states_only(bench: Office, verb: Verb) -> None:
    """A refusal says what it is, and what is possible. Whoever has done nothing yet asks."""
    doer = by(None if verb in measures.BY_THE_CLOCK else DAN)
    for now, id_ in in_every_state(bench).items():
        if now not in FROM[verb]:
            assert verb not in possible(bench, id_, doer)
            error = refused("state", lambda id_=id_: call(bench, verb, id_, doer.account_id))  # type: ignore[misc]
            assert now in str(error)
            assert error.possible == possible(bench, id_, doer)
            assert state(bench, id_) == now


def in_every_state(bench: Office) -> dict[State, int]:
    """One violation in each."""
    made: dict[State, int] = {"proposed": proposed(bench, charge(shop="P1"))}
    for now, shop in (("dismissed", "P2"), ("withdrawn", "P3")):
        made[now] = proposed(bench, charge(shop=shop))  # type: ignore[index]
    for now, shop in (("in_force", "P4"), ("served", "P5"), ("revoked", "P6"), ("appealed", "P7"), ("overturned", "P8")):
        made[now] = imposed(bench, charge(shop=shop))  # type: ignore[index]
    measures.dismiss(bench, by(ANNA), made["dismissed"], "no")
    measures.withdraw(bench, CLOCK, made["withdrawn"], "gone")
    measures.fulfil(bench, CLOCK, made["served"], "study")
    measures.serve(bench, CLOCK, made["served"])
    measures.revoke(bench, by(BO), made["revoked"], "ours")
    for now in ("appealed", "overturned"):
        measures.appeal(bench, by(MERCHANT), made[now], "no")  # type: ignore[index]
    measures.overturn(bench, by(BO), made["overturned"], "right")
    assert {now: state(bench, id_) for now, id_ in made.items()} == {now: now for now in made}
    return made


def call(bench: Office, verb: Verb, id_: int, who: int | None, at: dt.datetime = AT) -> None:
    """Any verb, in its plainest form."""
    act = getattr(measures, verb)
    more: dict[Verb, tuple[object, ...]] = {"label": ({},), "confirm": (), "serve": (), "fulfil": ("study",)}
    act(bench, by(who, at), id_, *more.get(verb, ("because",)))


def test_there_is_no_such_violation(bench: Office) -> None:
    for act in (lambda: measures.confirm(bench, by(ANNA), 9), lambda: possible(bench, 9, by(ANNA))):
        with pytest.raises(NotFound, match="no violation 9"):
            act()


def test_reasons_are_given(bench: Office) -> None:
    id_ = proposed(bench)
    refused("reason", lambda: measures.dismiss(bench, by(ANNA), id_, "  "))


def test_persons_and_the_clock(bench: Office) -> None:
    id_ = proposed(bench)
    refused("person", lambda: measures.dismiss(bench, CLOCK, id_, "no"))
    refused("person", lambda: measures.confirm(bench, CLOCK, id_))
    refused("clock", lambda: measures.withdraw(bench, by(ANNA), id_, "no"))
    assert possible(bench, id_, CLOCK) == ("withdraw",)
    assert possible(bench, id_, by(ANNA)) == ("label", "confirm", "dismiss")


def test_the_clock_confirms_where_the_pack_says_so(bench: Office) -> None:
    """Unless this one was held back for a person."""
    id_ = proposed(bench, charge("plain", needs_person=False))
    measures.confirm(bench, CLOCK, id_)
    held = proposed(bench, charge("plain", needs_person=True, shop="S2"))
    refused("person", lambda: measures.confirm(bench, CLOCK, held))
    other = proposed(bench, charge("rude", needs_person=False))
    refused("person", lambda: measures.confirm(bench, CLOCK, other))


def test_texts_are_read_first(bench: Office) -> None:
    id_ = proposed(bench, charge("unread"))
    refused("unread", lambda: measures.confirm(bench, by(ANNA), id_))
    measures.label(bench, by(ANNA), id_, {"R1": "negative"})
    measures.confirm(bench, by(ANNA), id_)
    assert look(bench, id_).events[1].detail == {"labels": {"R1": "negative"}}


def test_what_is_recorded_costs_nothing(bench: Office) -> None:
    """It is no repeat either."""
    id_ = proposed(bench, charge(records=True, day=T - DAY))
    refused("records", lambda: measures.confirm(bench, by(ANNA), id_))
    assert look(bench, id_).offer is None
    assert repeated(bench, charge()).repeats == ()


def test_nobody_decides_twice(bench: Office) -> None:
    """Not who confirmed, not who appealed, not who decided an appeal before."""
    id_ = imposed(bench, who=ANNA)
    refused("twice", lambda: measures.revoke(bench, by(ANNA), id_, "mine"))
    measures.appeal(bench, by(MERCHANT), id_, "no")
    for who in (ANNA, MERCHANT):
        for verb in ("uphold", "reduce", "overturn"):
            refused("twice", lambda verb=verb, who=who: call(bench, verb, id_, who))  # type: ignore[misc]
    measures.uphold(bench, by(BO), id_, "yes")
    measures.appeal(bench, by(ANNA), id_, "not mine any more")
    assert possible(bench, id_, by(BO)) == ("fulfil",)
    measures.overturn(bench, by(CHI), id_, "right")


@pytest.mark.parametrize(("violation", "days"), [("dirty", 7), ("plain", 3)])
def test_appeals_in_time(bench: Office, violation: str, days: int) -> None:
    """Until the last second, counted from when it took effect, also when it is served."""
    id_ = imposed(bench, charge(violation), at=AT)
    last = AT + days * DAY
    error = refused("late", lambda: measures.appeal(bench, by(MERCHANT, last + SECOND), id_, "no"))
    assert str(last) in str(error)
    measures.fulfil(bench, by(None, last), id_, "study")
    measures.serve(bench, by(None, last), id_)
    measures.appeal(bench, by(MERCHANT, last), id_, "no")
    assert state(bench, id_) == "appealed"


def test_an_upheld_penalty_goes_on(bench: Office) -> None:
    id_ = imposed(bench, charge(base="serious"))
    before = running(bench, AT + DAY)
    measures.appeal(bench, by(MERCHANT), id_, "no")
    assert running(bench, AT + DAY) == before, "while it is decided, too"
    measures.uphold(bench, by(BO), id_, "yes")
    assert (state(bench, id_), running(bench, AT + DAY), fines(bench)) == ("in_force", before, 3_00)


def test_an_overturned_penalty_never_was(either: Office) -> None:
    """From then on; what was known before stays known."""
    id_ = imposed(either, charge(base="especially_serious"))
    assert (fines(either), score(either)) == (10_00, 20)
    measures.appeal(either, by(MERCHANT), id_, "no")
    measures.overturn(either, by(BO, AT + DAY), id_, "right")
    assert (fines(either), score(either, AT + DAY), running(either, AT + DAY)) == (0, 0, {})
    assert running(either, AT + DAY - SECOND) == {"ban": 5, "points": 20}
    assert repeated(either, charge(day=T + DAY)).repeats == ()


def test_a_reduced_penalty_within_its_range(bench: Office) -> None:
    """The ban ends sooner, counted from its beginning; the money is given back and less is taken; what stays is left alone."""
    id_ = imposed(bench, charge(base="serious"), choice=Choice(0, {"ban": 5, "money": 9_00}))
    with bench.database.connect() as connection:
        exam = [each.id for each in effects.standing(connection, id_) if each.name == "exam"]
    measures.appeal(bench, by(MERCHANT), id_, "no")
    refused("milder", lambda: measures.reduce(bench, by(BO), id_, "so"))
    refused("range", lambda: measures.reduce(bench, by(BO), id_, "so", choice=Choice(0, {"ban": 2})))
    milder = Choice(0, {"ban": 4, "money": 9_01})
    refused("milder", lambda: measures.reduce(bench, by(BO), id_, "so", choice=milder))
    measures.reduce(bench, by(BO, AT + DAY), id_, "so", choice=Choice(0, {"ban": 4, "money": 4_00}))
    assert amounts(bench, id_) == {"exam": None, "ban": 4, "money": 4_00, "points": 5}
    assert fines(bench) == 4_00
    assert "ban" in running(bench, AT + 4 * DAY - SECOND)
    assert "ban" not in running(bench, AT + 4 * DAY)
    with bench.database.connect() as connection:
        assert [each.id for each in effects.standing(connection, id_) if each.name == "exam"] == exam


def test_a_reduced_severity(bench: Office) -> None:
    """A milder cell; nothing in it may be more than before. One step worse is refused."""
    id_ = imposed(bench, charge(base="serious"))
    measures.appeal(bench, by(MERCHANT), id_, "no")
    refused("milder", lambda: measures.reduce(bench, by(BO), id_, "so", severity="especially_serious"))
    heavier = Choice(0, {"money": 3_00})
    measures.reduce(bench, by(BO), id_, "so", severity="minor", choice=heavier)
    assert amounts(bench, id_) == {"warning": None, "study": None, "money": 3_00}
    assert (look(bench, id_).severity, score(bench), fines(bench)) == ("minor", 0, 3_00)


def test_reduced_in_a_table_by_count(bench: Office) -> None:
    ids = [imposed(bench, charge("rude", day=T + n * DAY), AT + n * DAY) for n in range(3)]
    assert [amounts(bench, id_) for id_ in ids] == [{"warning": None}, {"warning": None}, {"warning": None, "study": None}]
    assert [look(bench, id_).severity for id_ in ids] == ["minor", "minor", "serious"]
    measures.appeal(bench, by(MERCHANT, AT + 2 * DAY), ids[2], "no")
    measures.reduce(bench, by(BO, AT + 2 * DAY), ids[2], "so", severity="minor")
    assert amounts(bench, ids[2]) == {"warning": None}


@pytest.mark.spec("KS-V16")
@pytest.mark.parametrize(("sales", "fen"), [(0, 100_00), (300_00, 150_00)])
def test_only_a_person_calls_it_extremely_serious(bench: Office, sales: int, fen: int) -> None:
    """And says the sales that the penalty depends on. With 100 points the shop's removal is proposed."""
    id_ = proposed(bench, charge(base="serious"))
    worst: Severity = "extremely_serious"
    refused("severity", lambda: measures.confirm(bench, by(ANNA), id_, severity="especially_serious"))
    refused("sales", lambda: measures.confirm(bench, by(ANNA), id_, severity=worst))
    measures.confirm(bench, by(ANNA), id_, severity=worst, sales_fen=sales)
    assert amounts(bench, id_) == {"ban": None, "money": fen, "points": 100}
    assert running(bench, AT + 9999 * DAY) == {"ban": None}
    assert [(each.row.violation, each.state) for each in of_shop(bench)] == [
        ("points_line", "proposed"), ("dirty", "in_force"),
    ]  # fmt: skip
    by_clock = proposed(bench, charge("plain", base="serious", needs_person=False))
    refused("severity", lambda: measures.confirm(bench, CLOCK, by_clock, severity=worst, sales_fen=0))


@pytest.mark.spec("KS-P11")
def test_a_penalty_is_served(bench: Office) -> None:
    """When every timed effect has ended and every duty is done; points run on. An exam passed spares the study."""
    id_ = imposed(bench, charge(base="serious"))
    end = AT + 3 * DAY
    error = refused("running", lambda: measures.serve(bench, by(None, end - SECOND), id_))
    assert "ban, exam" in str(error)
    assert "exam" in str(refused("running", lambda: measures.serve(bench, by(None, end), id_)))
    refused("duty", lambda: measures.fulfil(bench, by(MERCHANT, end), id_, "study"))
    measures.fulfil(bench, by(None, AT + DAY), id_, "exam")
    assert measures.serve_due(bench, end - SECOND) == ()
    assert measures.serve_due(bench, end) == (id_,)
    assert measures.serve_due(bench, end) == ()
    assert (state(bench, id_), score(bench, end)) == ("served", 5)


def test_what_lasts_until_a_fault_is_remedied(bench: Office) -> None:
    id_ = imposed(bench, charge("phones"), choice=Choice(1))
    assert running(bench, AT + 999 * DAY) == {"freeze": None}
    measures.fulfil(bench, by(None, AT + DAY), id_, "freeze", "the numbers are there")
    assert running(bench, AT + DAY) == {}
    assert measures.serve_due(bench, AT + DAY) == (id_,)


def test_clocks_that_differ(bench: Office) -> None:
    """An event is never earlier than the one before it."""
    id_ = proposed(bench, at=AT)
    measures.confirm(bench, by(ANNA, AT - SECOND), id_)
    assert [each.at for each in look(bench, id_).events] == [AT, AT]


# What follows for others


@pytest.mark.spec("KS-V16")
def test_later_repeats_are_judged_as_if_it_had_never_been(either: Office) -> None:
    """Minor, then serious, then especially serious; the first falls: serious at its low end, and the second minor."""
    ids = [imposed(either, charge(day=T + n * DAY), AT + n * DAY) for n in range(3)]
    assert [look(either, id_).severity for id_ in ids] == ["minor", "serious", "especially_serious"]
    assert (fines(either), score(either, AT + 2 * DAY)) == (1_00 + 3_00 + 10_00, 25)
    measures.appeal(either, by(MERCHANT, AT + 3 * DAY), ids[0], "no")
    measures.overturn(either, by(BO, AT + 3 * DAY), ids[0], "right")
    assert [look(either, id_).severity for id_ in ids] == ["minor", "minor", "serious"]
    assert amounts(either, ids[1]) == {"warning": None, "study": None, "money": 1_00}
    assert amounts(either, ids[2]) == {"exam": None, "ban": 3, "money": 3_00, "points": 5}
    assert (fines(either), score(either, AT + 3 * DAY)) == (4_00, 5)
    last = look(either, ids[2]).last
    assert (last.verb, last.account_id, last.state) == ("rejudge", None, "in_force")
    assert last.why == f"violation {ids[0]}, which was counted here: overturn"
    assert "ban" not in running(either, AT + 5 * DAY), "three days from when it took effect"


@pytest.mark.parametrize("how", ["dismissed", "unchanged"])
def test_only_what_counted_it_is_judged_again(bench: Office, how: str) -> None:
    first = imposed(bench)
    other = proposed(bench, charge(shop="S2", day=T + DAY))
    second = proposed(bench, charge(day=T + DAY))
    if how == "dismissed":
        measures.dismiss(bench, by(ANNA), second, "no")
    measures.revoke(bench, by(BO), first, "ours")
    assert look(bench, other).last.verb == "propose"
    assert look(bench, second).last.verb == ("dismiss" if how == "dismissed" else "rejudge")


def test_what_is_only_proposed_is_judged_again_too(bench: Office) -> None:
    """And takes effect as it is then."""
    first = imposed(bench)
    second = proposed(bench, charge(day=T + DAY))
    assert look(bench, second).severity == "serious"
    measures.revoke(bench, by(BO), first, "ours")
    assert look(bench, second).severity == "minor"
    measures.confirm(bench, by(ANNA), second)
    assert amounts(bench, second) == {"warning": None, "study": None, "money": 1_00}


def test_amounts_that_counted_it(bench: Office) -> None:
    """Three serious ones of one kind that repeats do not raise: low, middle, high. The first falls: low and middle are left."""
    ids = [imposed(bench, charge("plain", "serious", day=T + n * DAY), AT + n * DAY) for n in range(3)]
    assert [(each["ban"], each["money"], each["points"]) for each in (amounts(bench, id_) for id_ in ids)] == [
        (3, 3_00, 5), (4, 11_50, 7), (5, 20_00, 10),
    ]  # fmt: skip
    measures.revoke(bench, by(BO, AT + 3 * DAY), ids[0], "ours")
    assert [amounts(bench, id_)["money"] for id_ in ids[1:]] == [3_00, 11_50]
    assert (fines(bench), score(bench, AT + 3 * DAY)) == (14_50, 12)
    measures.revoke(bench, by(BO, AT + 3 * DAY), ids[1], "ours")
    assert (amounts(bench, ids[2])["money"], fines(bench)) == (3_00, 3_00)


def test_what_a_person_picked_stays(bench: Office) -> None:
    first = imposed(bench, charge("plain", "serious"))
    picked = Choice(0, {"ban": 5})
    second = imposed(bench, charge("plain", "serious", day=T + DAY), choice=picked)
    assert amounts(bench, second) == {"exam": None, "ban": 5, "money": 11_50, "points": 7}
    measures.revoke(bench, by(BO), first, "ours")
    assert amounts(bench, second) == {"exam": None, "ban": 5, "money": 3_00, "points": 5}


def test_what_a_person_made_worse_stays(bench: Office) -> None:
    first = imposed(bench)
    second = imposed(bench, charge(day=T + DAY), severity="extremely_serious", sales_fen=0)
    before = amounts(bench, second)
    measures.revoke(bench, by(BO), first, "ours")
    assert (look(bench, second).severity, amounts(bench, second)) == ("extremely_serious", before)


def test_a_reduced_one_still_counts_as_what_it_is(bench: Office) -> None:
    """Serious became minor: it is no earlier penalty at this severity any more."""
    first = imposed(bench, charge("plain", "serious"))
    second = imposed(bench, charge("plain", "serious", day=T + DAY))
    measures.appeal(bench, by(MERCHANT), first, "no")
    measures.reduce(bench, by(BO), first, "so", severity="minor")
    assert amounts(bench, second)["money"] == 3_00


def test_counts_go_down(bench: Office) -> None:
    """The fourth time is the third when the first falls: study instead of the exam; who has passed that need not study."""
    ids = [imposed(bench, charge("rude", day=T + n * DAY), AT + n * DAY) for n in range(4)]
    other = imposed(bench, charge("rude", day=T + 4 * DAY), AT + 4 * DAY)
    measures.fulfil(bench, by(None, AT + 4 * DAY), ids[3], "exam")
    measures.revoke(bench, by(BO, AT + 5 * DAY), ids[0], "ours")
    assert [sorted(amounts(bench, id_)) for id_ in (*ids[1:], other)] == [
        ["warning"], ["warning"], ["study", "warning"], ["exam", "warning"],
    ]  # fmt: skip
    assert measures.serve_due(bench, AT + 5 * DAY) == (ids[1], ids[2], ids[3])


def test_later_findings_count_only_what_was_confirmed_before(bench: Office) -> None:
    """Frozen when it is proposed; and what lies outside 365 days, or on the same day, never counts."""
    first = proposed(bench)
    second = imposed(bench, charge(day=T + DAY))
    measures.confirm(bench, by(ANNA), first)
    assert look(bench, second).severity == "minor"
    assert len(repeated(bench, charge(day=T + 365 * DAY)).repeats) == 2
    assert len(repeated(bench, charge(day=T + 366 * DAY)).repeats) == 1
    assert repeated(bench, charge()).repeats == ()


def test_measures_from_before_this_system(engine: Engine) -> None:
    """They are repeats, they count in amounts, and their points add up; for shops, since they name no product."""
    at = AT - 10 * DAY
    past = [Past("M1", "S1", "dirty", "serious", at, points=80), Past("M2", "S1", "rude", "minor", at, points=3)]
    bench = office(engine, past)
    assert (score(bench, at - SECOND), score(bench), score(bench, at + 365 * DAY)) == (0, 83, 0)
    id_ = imposed(bench)
    basis = look(bench, id_).basis
    assert basis is not None
    assert [(each.id, each.severity) for each in basis.repeats] == [("past M1", "serious")]
    assert amounts(bench, id_)["money"] == 11_50, "serious, for the second time"
    assert score(bench) == 83 + 7
    product = charge()._replace(kind="product", subject="P1")
    assert repeated(bench, product).repeats == ()


@pytest.mark.spec("KS-P10")
@pytest.mark.parametrize(("before", "proposes"), [(79, False), (80, True), (81, True)])
def test_a_hundred_points_propose_removal(engine: Engine, before: int, proposes: bool) -> None:
    """Proposed, once; a person decides."""
    bench = office(engine, [Past("M1", "S1", "other", "serious", AT - DAY, points=before)])
    imposed(bench, charge("plain", "especially_serious"))
    found = [each for each in of_shop(bench) if each.row.violation == "points_line"]
    assert [(each.state, each.row.evidence) for each in found] == [
        ("proposed", {"points": before + 20, "line": 100, "days": 365})
    ] * proposes
    imposed(bench, charge("plain", "especially_serious", day=T + DAY), AT + DAY)
    found = [each for each in of_shop(bench) if each.row.violation == "points_line"]
    assert len(found) == 1
    if proposes:
        refused("person", lambda: measures.confirm(bench, CLOCK, found[0].row.id))
        measures.confirm(bench, by(CHI, AT + DAY), found[0].row.id)
        assert "remove" in running(bench, AT + 999 * DAY)


@pytest.mark.parametrize(
    ("verbs", "ends"),
    [((), "withdrawn"), (("confirm",), "revoked"), (("confirm", "appeal"), "overturned"), (("dismiss",), "dismissed")],
)
def test_a_removal_falls_with_its_points(engine: Engine, verbs: tuple[Verb, ...], ends: State) -> None:
    """Whatever had become of it, unless it was dismissed."""
    bench = office(engine, [Past("M1", "S1", "other", "serious", AT - DAY, points=80)])
    id_ = imposed(bench, charge("plain", "especially_serious"))
    [removal] = [each.row.id for each in of_shop(bench) if each.row.violation == "points_line"]
    for verb in verbs:
        call(bench, verb, removal, MERCHANT if verb == "appeal" else CHI)
    measures.revoke(bench, by(BO), id_, "ours")
    assert (state(bench, removal), running(bench, AT)) == (ends, {})


def test_a_removal_stays_where_its_points_were_reached(engine: Engine) -> None:
    """Points that have run out since do not matter; those taken back do."""
    bench = office(engine, [Past("M1", "S1", "other", "serious", AT - 364 * DAY, points=80)])
    small = imposed(bench, charge("rude"))
    imposed(bench, charge("plain", "especially_serious"))
    measures.revoke(bench, by(BO, AT + 2 * DAY), small, "ours")
    assert score(bench, AT + 2 * DAY) == 20
    assert [each.state for each in of_shop(bench) if each.row.violation == "points_line"] == ["proposed"]


@pytest.mark.spec("KS-P12")
@pytest.mark.parametrize(("required", "short"), [(9_99, False), (10_00, False), (10_01, True), (None, False)])
def test_a_deposit_under_its_line_is_flagged(bench: Office, required: int | None, short: bool) -> None:
    imposed(bench, charge(base="serious"))
    with bench.database.connect() as connection:
        found = points.deposit_of(connection, "S1", 13_00, required)
        assert (found.balance, found.short) == (10_00, short)
        assert points.deposit_of(connection, "S1", 13_00, required, AT - SECOND).balance == 13_00


# Runs of the close


def run(*charges: measures.Charge, seq: int = 1) -> Run:
    return Run("kuaishou", T, seq, [each._replace(seq=seq) for each in charges])


def test_the_same_run_changes_nothing(either: Office) -> None:
    found = run(charge(shop="S1"), charge(shop="S2"))
    first = take_up(either, AT, found)
    assert (len(first.new), first.kept, first.withdrawn) == (2, (), ())
    again = take_up(either, AT + DAY, found)
    assert (again.new, sorted(again.kept), again.withdrawn) == ((), sorted(first.new), ())


def test_a_newer_run_takes_back_what_it_finds_no_more(bench: Office) -> None:
    """What is only proposed. What people have decided or entered stays."""
    taken = take_up(bench, AT, run(*(charge(shop=f"S{n}") for n in range(3))))
    measures.confirm(bench, by(ANNA), taken.new[0])
    by_hand = measures.propose(bench, by(ANNA), charge(shop="S1", violation="rude", trigger="by hand"))
    newer = take_up(bench, AT + DAY, run(seq=2))
    assert newer == ((), (), taken.new[1:])
    assert [state(bench, id_) for id_ in (*taken.new, by_hand)] == ["in_force", "withdrawn", "withdrawn", "proposed"]


def test_a_newer_run_finds_it_otherwise(bench: Office) -> None:
    """Its evidence or severity has changed: the old one gives way; what is as it was stays."""
    old = take_up(bench, AT, run(*(charge(shop=f"S{n}", evidence={"rate": "1/3"}) for n in range(3))))
    same, other = charge(shop="S0", evidence={"rate": "1/3"}), charge(shop="S1", evidence={"rate": "1/2"})
    worse = charge("dirty", "serious", shop="S2", evidence={"rate": "1/3"})
    newer = take_up(bench, AT + DAY, run(same, other, worse, seq=2))
    assert (newer.kept, len(newer.new)) == (old.new[:1], 2)
    assert [state(bench, id_) for id_ in old.new] == ["proposed", "withdrawn", "withdrawn"]
    assert look(bench, newer.new[1]).severity == "serious"


def test_what_was_decided_is_not_found_again(bench: Office) -> None:
    [id_] = take_up(bench, AT, run(charge())).new
    measures.dismiss(bench, by(ANNA), id_, "no")
    assert take_up(bench, AT, run(charge(evidence={"more": 1}), seq=2)) == ((), (id_,), ())


def test_an_older_run_changes_nothing(bench: Office) -> None:
    """A close run again with what was known then accuses nobody."""
    [id_] = take_up(bench, AT, run(charge(), seq=5)).new
    assert take_up(bench, AT, run(charge(shop="S2"), seq=4)) == ((), (id_,), ())
    assert len(of_shop(bench, "S2")) == 0


def test_it_is_found_again_after_all(bench: Office) -> None:
    """The rule was changed and changed back, with the same facts."""
    [id_] = take_up(bench, AT, run(charge())).new
    assert take_up(bench, AT, run()).withdrawn == (id_,)
    assert take_up(bench, AT, run(charge())).new == (id_,)
    measures.confirm(bench, by(ANNA), id_)
    assert amounts(bench, id_)["money"] == 1_00


def test_the_same_is_entered_once(bench: Office) -> None:
    measures.propose(bench, by(ANNA), charge())
    with pytest.raises(TianpingError, match="was entered already"):
        measures.propose(bench, by(BO), charge())


def test_a_table_that_the_pack_has_not(bench: Office) -> None:
    with pytest.raises(NotFound, match='no penalty table "mud"'):
        measures.propose(bench, by(ANNA), charge(table="mud"))


# Two at once


@pytest.mark.parametrize("seen", [1, None])
def test_two_people_at_once(either: Office, seen: int | None) -> None:
    """One wins; the other is told what happened meanwhile, and nothing of theirs is left."""
    id_ = proposed(either, charge(base="serious"))
    told: list[MeasureRefused] = []
    start = Barrier(2)

    def act(who: int, verb: Verb) -> None:
        start.wait(10)
        try:
            if verb == "confirm":
                measures.confirm(either, by(who), id_, seen=seen)
            else:
                measures.dismiss(either, by(who), id_, "no", seen=seen)
        except MeasureRefused as error:
            told.append(error)

    people: list[tuple[int, Verb]] = [(ANNA, "confirm"), (BO, "dismiss")]
    threads = [Thread(target=act, args=each) for each in people]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    [error] = told
    won = look(either, id_).last
    assert error.why == ("state" if seen is None else "meanwhile")
    assert f"by account {won.account_id}" in str(error)
    assert (won.n, bool(running(either, AT))) == (2, won.verb == "confirm")


def test_the_database_itself_tells_of_the_other(bench: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever way around the lock somebody came: the event's number is taken."""
    id_ = proposed(bench, charge(base="serious"))
    stale = look(bench, id_).events
    measures.dismiss(bench, by(BO), id_, "no")
    real = violations.events
    reads = iter([stale])
    monkeypatch.setattr(violations, "events", lambda connection, asked: next(reads, None) or real(connection, asked))
    error = refused("meanwhile", lambda: measures.confirm(bench, by(ANNA), id_))
    assert "dismissed" in str(error)
    assert running(bench, AT) == {}
