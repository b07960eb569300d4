"""The verbs: what each does, and when it is refused."""

import pytest

from tianping.errors import NotFound
from tianping.policy.judging import Severity
from tianping.store import effects
from tianping.store.violations import State, Verb
from tianping.work.docket import measures
from tianping.work.docket.history import Office
from tianping.work.docket.measures import FROM, Choice, possible

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
    call,
    charge,
    fines,
    imposed,
    look,
    of_shop,
    proposed,
    refused,
    repeated,
    running,
    score,
    state,
)


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
    id_ = imposed(bench, who=ANNA, choice=Choice(0, {"money": 3_00}))
    refused("twice", lambda: measures.revoke(bench, by(ANNA), id_, "mine"))
    measures.appeal(bench, by(MERCHANT), id_, "no")
    for who in (ANNA, MERCHANT):
        for verb in ("uphold", "reduce", "overturn"):
            refused("twice", lambda verb=verb, who=who: call(bench, verb, id_, who))  # type: ignore[misc]
    less = Choice(0, {"money": 2_00})
    measures.reduce(bench, by(BO), id_, "less", choice=less)
    measures.appeal(bench, by(ANNA), id_, "not mine any more")
    assert possible(bench, id_, by(BO)) == ("fulfil",)
    measures.overturn(bench, by(CHI), id_, "right")


def test_every_notice_is_appealed_once(bench: Office) -> None:
    """What was upheld is not appealed again, by nobody; a reduction is a new notice, with days of its own."""
    id_ = imposed(bench, charge(base="serious"), choice=Choice(0, {"money": 9_00}))
    measures.appeal(bench, by(MERCHANT), id_, "no")
    measures.uphold(bench, by(BO), id_, "yes")
    for who in (MERCHANT, DAN):
        error = refused("late", lambda who=who: measures.appeal(bench, by(who), id_, "again"))  # type: ignore[misc]
        assert "so many times: 1" in str(error)
    assert "appeal" not in possible(bench, id_, by(MERCHANT))

    other = imposed(bench, charge(base="serious", shop="S2"), choice=Choice(0, {"money": 9_00}))
    measures.appeal(bench, by(MERCHANT, AT + 6 * DAY), other, "no")
    measures.reduce(bench, by(BO, AT + 9 * DAY), other, "less", choice=Choice(0, {"money": 8_00}))
    last = AT + 16 * DAY
    refused("late", lambda: measures.appeal(bench, by(MERCHANT, last + SECOND), other, "still"))
    measures.appeal(bench, by(MERCHANT, last), other, "still")
    measures.uphold(bench, by(CHI, last), other, "yes")
    refused("late", lambda: measures.appeal(bench, by(MERCHANT, last), other, "again"))


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
