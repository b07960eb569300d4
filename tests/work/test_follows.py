"""What follows for others when a violation is taken back; points and deposits; runs of the close; two people at once."""

import datetime as dt
from threading import Barrier, Thread

import pytest
from sqlalchemy import Engine

from tianping.errors import NotFound, TianpingError
from tianping.store import violations
from tianping.store.violations import State, Verb
from tianping.work.docket import measures, points
from tianping.work.docket.deposits import Told
from tianping.work.docket.hearing import Post, hear
from tianping.work.docket.history import Office, Past
from tianping.work.docket.measures import Choice, MeasureRefused, Run, take_up
from tianping.work.people.reach import Reach

from .bench import (
    ANNA,
    AT,
    BO,
    CHI,
    CLOCK,
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
    office,
    proposed,
    refused,
    repeated,
    running,
    score,
    state,
)


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


def test_what_was_reduced_further_stays(bench: Office) -> None:
    """Especially serious, reduced to minor; then it would have been serious."""
    ids = [imposed(bench, charge(day=T + n * DAY)) for n in range(3)]
    measures.appeal(bench, by(MERCHANT), ids[2], "no")
    measures.reduce(bench, by(BO), ids[2], "so", severity="minor")
    before = amounts(bench, ids[2])
    measures.revoke(bench, by(BO), ids[0], "ours")
    assert (look(bench, ids[2]).severity, amounts(bench, ids[2])) == ("minor", before)


def test_what_counted_one_that_changed_by_it(bench: Office) -> None:
    """The third is too late to count the first; but the second, serious for it, is minor without it."""
    ids = [imposed(bench, charge(day=T + n * 200 * DAY)) for n in range(3)]
    assert [look(bench, id_).severity for id_ in ids] == ["minor", "serious", "serious"]
    assert amounts(bench, ids[2])["money"] == 11_50, "for the second time"
    measures.revoke(bench, by(BO), ids[0], "ours")
    assert [look(bench, id_).severity for id_ in ids[1:]] == ["minor", "serious"]
    assert amounts(bench, ids[2])["money"] == 3_00


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
    measures.revoke(bench, by(BO, AT + DAY), id_, "ours")
    assert (state(bench, removal), running(bench, AT + DAY)) == (ends, {})


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
        told = Told(13_00, required, AT - DAY)
        found = points.deposit_of(connection, "S1", told)
        assert (found.balance, found.short) == (10_00, short)
        assert points.deposit_of(connection, "S1", told, AT - SECOND).balance == 13_00


@pytest.mark.spec("KS-P12")
@pytest.mark.parametrize(("told", "then"), [(-DAY, (10_00, 13_00)), (0 * DAY, (13_00, 16_00)), (DAY, (13_00, 16_00))])
def test_a_deposit_told_after_the_fine_has_it_in_it(bench: Office, told: dt.timedelta, then: tuple[int, int]) -> None:
    """A fine is not taken twice from what a newer export says; given back later, it comes on top."""
    id_ = imposed(bench, charge(base="serious"))
    deposit = Told(13_00, None, AT + told)
    with bench.database.connect() as connection:
        assert points.deposit_of(connection, "S1", deposit, AT + 2 * DAY).balance == then[0]
    measures.revoke(bench, by(BO, AT + 3 * DAY), id_, "ours")
    with bench.database.connect() as connection:
        assert points.deposit_of(connection, "S1", deposit, AT + 3 * DAY).balance == then[1]


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


def by_rules(rules: str, *, seq: int = 1, **evidence: object) -> Run:
    """What a pack with this digest finds, if anything."""
    kept = {"pack": rules, "figures": rules, **evidence}
    charges = (charge(evidence={**kept, "others": [{**kept, "line": "1"}]}),) if evidence else ()
    return run(*charges, seq=seq)._replace(rules=rules)


def test_other_rules_with_the_same_facts(bench: Office) -> None:
    """Another line under the same `since`: found anew, with what it rests on now, and the history says why. Of which only the
    digest is another, stays."""
    [id_] = take_up(bench, AT, by_rules("a", line="2")).new
    assert take_up(bench, AT + DAY, by_rules("b", line="2")).kept == (id_,)
    assert take_up(bench, AT + 2 * DAY, by_rules("c", line="3")).new == (id_,)
    assert take_up(bench, AT + 3 * DAY, by_rules("c", line="3")).kept == (id_,), "and then it stays"
    found = look(bench, id_)
    assert [(each.verb, each.why) for each in found.events] == [
        ("propose", ""), ("withdraw", "found anew by changed rules"), ("propose", "found again"),
    ]  # fmt: skip
    assert (found.row.evidence["line"], found.row.evidence["pack"]) == ("3", "c")
    assert hear(bench, id_, Post(ANNA, Reach(None), judges=True, appeals=False), AT).row.evidence["line"] == "3"


@pytest.mark.parametrize(
    ("rules", "seq", "why"),
    [("a", 2, "with newer facts"), ("b", 1, "by changed rules"), ("b", 2, "with newer facts and changed rules")],
)
def test_why_it_is_found_no_more(bench: Office, rules: str, seq: int, why: str) -> None:
    [id_] = take_up(bench, AT, by_rules("a", line="2")).new
    assert take_up(bench, AT + DAY, by_rules(rules, seq=seq)).withdrawn == (id_,)
    assert look(bench, id_).last.why == f"not found any more {why}"


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
