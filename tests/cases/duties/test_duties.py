"""Study and exam (KS-P11): a measure's duty is a case with a clock at the desk; done there, it is done in the measure."""

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tianping.cases.case import Act
from tianping.cases.case import Doer as Actor
from tianping.errors import TianpingError
from tianping.policy.judging import Severity
from tianping.store.accounts import Role
from tianping.store.desk import cases
from tianping.work.desk import duties as room
from tianping.work.desk import serving
from tianping.work.desk import sitting as desks
from tianping.work.desk.duties import Kept, due, follow, keep
from tianping.work.desk.serving import Caller, Wish
from tianping.work.desk.sitting import CaseRefused, Desk, Sitting, sitting
from tianping.work.docket import measures
from tianping.work.docket.measures import MeasureRefused
from tianping.work.people.reach import Reach
from tianping.work.people.trail import Doer

from ..market import DAY, HOUR, SECOND, T, do, events, pass_time, read, refused
from .court import (
    ANNA,
    BO,
    CHI,
    MERCHANT,
    duties,
    duty,
    imposed,
    measure,
    office,
    open_duties,
    overturn,
    served,
    verbs,
)

WEEK = 7 * DAY


# Imposed


@pytest.mark.spec("KS-P11")
def test_each_duty_of_a_measure_is_opened_once(any_desk: Desk) -> None:
    """From the moment on at which it takes effect; what there is to read is named."""
    id_ = measure(any_desk, "especially_serious")
    assert [keep(any_desk, T).turned for _ in range(3)] == [2, 0, 0]
    study, exam = duty(any_desk, id_, "study"), duty(any_desk, id_, "exam")
    assert (study.state, study.kind, study.shop_id) == ("open", "duty", "S1")
    assert study.facts == {
        "duty": "study", "measure": id_, "violation": "dirty", "rules": "S1 三; dirt", "imposed_at": T, "presses": 0,
        "attempts": 0,
    }  # fmt: skip
    assert [timer.due_at for timer in (*study.timers, *exam.timers)] == [T + WEEK, T + WEEK]
    assert open_duties(any_desk, id_) == ("study", "exam")


def test_only_what_is_in_force_asks_for_anything(desk: Desk) -> None:
    who, at = office(desk), Doer(None, T)
    charge = measures.Charge(
        "kuaishou", "dirty", T.date(), "daily", "shop", "S1", "S1", T.date(), "minor", "minor", table="dirt"
    )
    measures.propose(who, at, charge)
    assert keep(desk, T) == Kept(0)


def test_a_platform_without_duties_at_the_desk(desk: Desk) -> None:
    """Its measures keep them alone."""
    id_ = measure(desk, platform="elsewhere")
    assert keep(desk, T) == Kept(0)
    assert open_duties(desk, id_) == ("study",)


def test_lately(desk: Desk) -> None:
    """`since` looks only at measures to which something happened then or later."""
    id_ = measure(desk)
    assert keep(desk, T + DAY, since=T + SECOND) == Kept(0)
    assert keep(desk, T + DAY, since=T) == Kept(1)
    assert duty(desk, id_).facts["imposed_at"] == T + DAY  # nobody could hear of it before: the clock begins now


# The clock


@pytest.mark.spec("KS-P11")
def test_a_study_stays_open_until_it_is_done(any_desk: Desk) -> None:
    """Seven days, then it is pressed for every seven days, for ever; as long, the measure is not served."""
    id_, study = imposed(any_desk)
    assert pass_time(any_desk, study, T + WEEK - SECOND).state == "open"
    assert pass_time(any_desk, study, T + WEEK).state == "behind"
    for weeks in (2, 3, 4):
        assert pass_time(any_desk, study, T + weeks * WEEK - SECOND).facts["presses"] == weeks - 2
        assert pass_time(any_desk, study, T + weeks * WEEK).facts["presses"] == weeks - 1
    assert served(any_desk, T + 28 * DAY) == ()
    done = desks.act(any_desk, study.id, "study", Actor("merchant", MERCHANT), T + 29 * DAY)
    assert (done.state, done.facts["fulfilled_at"]) == ("fulfilled", T + 29 * DAY)
    assert (verbs(any_desk, id_)[-1], open_duties(any_desk, id_)) == ("fulfil", ())
    assert keep(any_desk, T + 29 * DAY) == Kept(0)
    assert served(any_desk, T + 29 * DAY) == (id_,)


@pytest.mark.spec("KS-P11")
@pytest.mark.parametrize("platform", ["kuaishou", "douyin", "taobao", "tmall", "jd"])
def test_on_every_platform(desk: Desk, platform: str) -> None:
    id_, study = imposed(desk, platform=platform)
    assert pass_time(desk, study, T + WEEK - SECOND).state == "open"
    assert pass_time(desk, study, T + WEEK).state == "behind"
    assert do(desk, study, "study", "merchant", T + 8 * DAY).state == "fulfilled"
    assert open_duties(desk, id_) == ()


# Done at the desk


@pytest.mark.spec("KS-P11")
def test_an_exam_is_passed_not_read(any_desk: Desk) -> None:
    """Who holds it notes each try; its clock runs on until it is passed, and so does the measure."""
    id_, exam = imposed(any_desk, "serious", "exam")
    assert refused(any_desk, exam, "study", "merchant", T + DAY) == "is_study"
    assert refused(any_desk, exam, "pass_exam", "merchant", T + DAY) == "who"
    failed = do(any_desk, exam, "fail_exam", "operator", T + DAY, score=11, note="11 of 20")
    assert (failed.state, failed.facts["attempts"], failed.timers) == ("open", 1, exam.timers)
    assert open_duties(any_desk, id_) == ("exam",)
    passed = do(any_desk, exam, "pass_exam", "operator", T + 2 * DAY, score=18, note="18 of 20")
    assert (passed.state, passed.facts["attempts"], passed.facts["score"]) == ("fulfilled", 2, 18)
    assert open_duties(any_desk, id_) == ()
    assert served(any_desk, T + 3 * DAY - SECOND) == ()  # its ban of three days
    assert served(any_desk, T + 3 * DAY) == (id_,)


def test_a_study_is_read_not_passed(desk: Desk) -> None:
    _, study = imposed(desk)
    assert refused(desk, study, "pass_exam", "operator", T + DAY) == "is_exam"
    assert refused(desk, study, "fail_exam", "operator", T + DAY) == "is_exam"


@pytest.mark.spec("KS-P11")
def test_who_passes_the_exam_need_not_study(any_desk: Desk) -> None:
    id_, exam = imposed(any_desk, "especially_serious", "exam")
    do(any_desk, exam, "pass_exam", "operator", T + DAY)
    assert open_duties(any_desk, id_) == ()
    assert keep(any_desk, T + DAY + HOUR).turned == 1
    study = duty(any_desk, id_)
    assert (study.state, study.facts["fulfilled_at"]) == ("fulfilled", T + DAY)


def test_nobody_imposes_or_revokes_by_hand(desk: Desk) -> None:
    """Only with the measure: else there would be two truths."""
    _, study = imposed(desk)
    for who in ("operator", "platform", "system"):
        assert refused(desk, study, "revoke", who, T + DAY) == "who"
        assert refused(desk, study, "count_done", who, T + DAY, fulfilled_at=T) == "who"


# Done, or taken back, in the measure


@pytest.mark.spec("KS-P11")
@pytest.mark.parametrize(
    ("done_at", "states"), [(T + WEEK - SECOND, ["open", "fulfilled"]), (T + WEEK, ["open", "behind", "fulfilled"])]
)
def test_fulfilled_in_the_measure(any_desk: Desk, done_at: dt.datetime, states: list[str]) -> None:
    """The case ends with it, however late the desk hears of it; who was in time is never called late."""
    id_, study = imposed(any_desk)
    measures.fulfil(office(any_desk), Doer(MERCHANT, done_at), id_, "study")
    assert [keep(any_desk, done_at + 3 * DAY).turned for _ in range(2)] == [1, 0]
    assert [each.state for each in events(any_desk, study)] == states
    assert read(any_desk, study.id).facts["fulfilled_at"] == done_at


def test_fulfilled_before_the_desk_heard_of_it(desk: Desk) -> None:
    id_ = measure(desk)
    measures.fulfil(office(desk), Doer(MERCHANT, T), id_, "study")
    assert keep(desk, T + DAY) == Kept(0)
    assert duties(desk, id_, "study") == []


@pytest.mark.spec("KS-P11")
def test_overturned_and_revoked(any_desk: Desk) -> None:
    """A duty goes with its measure: nobody has to do it any more, and nobody can."""
    overturned, study = imposed(any_desk)
    revoked, exam = imposed(any_desk, "serious", "exam", shop="S2")
    overturn(any_desk, overturned)
    measures.revoke(office(any_desk), Doer(BO, T + DAY), revoked, "ours")
    assert refused(any_desk, study, "study", "merchant", T + DAY) == "measure"  # the desk has not heard of it yet
    assert read(any_desk, study.id).state == "open"
    assert [keep(any_desk, T + DAY).turned for _ in range(2)] == [2, 0]
    assert [read(any_desk, each.id).state for each in (study, exam)] == ["revoked", "revoked"]
    assert pass_time(any_desk, study, T + 99 * DAY).state == "revoked"
    assert verbs(any_desk, overturned)[-1] == "overturn"


def test_upheld_changes_nothing(desk: Desk) -> None:
    """An appeal stops no clock, and the duty can be done meanwhile."""
    id_, study = imposed(desk)
    measures.appeal(office(desk), Doer(MERCHANT, T + DAY), id_, "no")
    assert keep(desk, T + DAY) == Kept(0)
    assert do(desk, study, "study", "merchant", T + 2 * DAY).state == "fulfilled"
    measures.uphold(office(desk), Doer(BO, T + 3 * DAY), id_, "so")
    assert (keep(desk, T + 3 * DAY), open_duties(desk, id_)) == (Kept(0), ())


@pytest.mark.spec("KS-P11")
@pytest.mark.parametrize(("passed", "open_"), [(False, ("study",)), (True, ())])
def test_reduced_from_an_exam_to_a_study(any_desk: Desk, passed: bool, open_: tuple[str, ...]) -> None:
    """The one is withdrawn, the other has its own seven days from then on; who passed the exam has studied enough."""
    id_, exam = imposed(any_desk, "serious", "exam")
    if passed:
        do(any_desk, exam, "pass_exam", "operator", T + DAY)
    measures.appeal(office(any_desk), Doer(MERCHANT, T + DAY), id_, "no")
    measures.reduce(office(any_desk), Doer(CHI, T + 2 * DAY), id_, "in part", severity="minor")
    assert keep(any_desk, T + 2 * DAY).turned == (0 if passed else 2)
    assert open_duties(any_desk, id_) == open_
    assert read(any_desk, exam.id).state == ("fulfilled" if passed else "revoked")
    if not passed:
        assert pass_time(any_desk, duty(any_desk, id_), T + 9 * DAY - SECOND).state == "open"
        assert pass_time(any_desk, duty(any_desk, id_), T + 9 * DAY).state == "behind"


# Killed, at once, twice


def test_killed_between_the_measure_and_the_desk(any_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the desk has not heard of it hears of later; half of it is never there."""
    id_, study = imposed(any_desk, "serious", "exam")
    other = measure(any_desk, shop="S2")
    overturn(any_desk, id_)
    with monkeypatch.context() as patch:
        patch.setattr(cases, "keep", _die)
        with pytest.raises(KeyboardInterrupt):
            keep(any_desk, T + DAY)
    assert (read(any_desk, study.id).state, duties(any_desk, other, "study")) == ("open", [])
    assert keep(any_desk, T + 2 * DAY).turned == 2
    assert (read(any_desk, study.id).state, duty(any_desk, other).state) == ("revoked", "open")


def test_killed_between_the_case_and_its_measure(any_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Done at the desk is one transaction: in both, or in neither."""
    id_, study = imposed(any_desk)
    with monkeypatch.context() as patch:
        patch.setattr(cases, "keep", _die)  # the measure's event is written by then
        with pytest.raises(KeyboardInterrupt):
            do(any_desk, study, "study", "merchant", T + DAY)
    assert (read(any_desk, study.id).state, open_duties(any_desk, id_)) == ("open", ("study",))
    assert do(any_desk, study, "study", "merchant", T + DAY).state == "fulfilled"
    assert verbs(any_desk, id_).count("fulfil") == 1


def _die(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


def test_several_workers_at_once(any_desk: Desk) -> None:
    """Every duty is opened once, whoever of them is faster."""
    for number in range(12):
        measure(any_desk, shop=f"S{number}")
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: keep(any_desk, T), range(4)))
    assert (sum(each.turned for each in done), [each.failed for each in done]) == (12, [()] * 4)


def test_done_in_both_places_at_once(any_desk: Desk) -> None:
    """One of them wins; the measure is fulfilled once, the case ends once, and who loses is told."""
    for number in range(6):
        id_, study = imposed(any_desk, shop=f"S{number}")
        ways: list[Callable[[], object]] = [
            lambda case=study: do(any_desk, case, "study", "merchant", T + DAY),  # type: ignore[misc]
            lambda id_=id_: measures.fulfil(office(any_desk), Doer(MERCHANT, T + DAY), id_, "study"),  # type: ignore[misc]
        ]
        with ThreadPoolExecutor(2) as pool:
            lost = [each for each in pool.map(_tried, ways) if each]
        assert len(lost) == 1
        keep(any_desk, T + DAY)
        assert (verbs(any_desk, id_).count("fulfil"), read(any_desk, study.id).state) == (1, "fulfilled")


def _tried(way: Callable[[], object]) -> Exception | None:
    try:
        way()
    except (CaseRefused, MeasureRefused) as error:
        return error
    return None


def test_one_that_cannot_be_brought_stops_no_other(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told, and tried again."""
    first, second = measure(desk), measure(desk, shop="S2")
    given = room._given

    def refusing(matter: Any, effect: Any) -> Any:
        if matter.row.id == first:
            raise TianpingError("no room")
        return given(matter, effect)

    monkeypatch.setattr(room, "_given", refusing)
    assert keep(desk, T) == Kept(1, (f"the study of measure {first}: no room",))
    assert (duties(desk, first, "study"), duty(desk, second).state) == ([], "open")


# For those who ask


@pytest.mark.spec("KS-P11")
@pytest.mark.parametrize(("severity", "role", "can"), [
    ("minor", "merchant", ["reading"]), ("minor", "operator", []), ("minor", "adjudicator", []),
    ("serious", "merchant", []), ("serious", "operator", ["exam", "failed_exam"]), ("serious", "auditor", []),
])  # fmt: skip
def test_who_is_offered_what(desk: Desk, severity: Severity, role: Role, can: list[str]) -> None:
    """A merchant studies; who holds the exam notes how it went. Within reach, by its noun."""
    id_, case = imposed(desk, severity, "study" if severity == "minor" else "exam")
    caller = Caller(ANNA, serving.PARTS[role], Reach(frozenset({"S1"})))
    assert [each.noun for each in serving.look(desk, caller, case.id, T).deeds] == can
    for noun in can[:1]:
        with sitting(desk, T + DAY) as sat:
            assert serving.do(sat, caller, case.id, noun, Wish()).state == "fulfilled"
    assert open_duties(desk, id_) == (() if can else (case.facts["duty"],))


@pytest.mark.parametrize("known", [True, False])
def test_told_at_once_where_the_desk_knows_of_it(desk: Desk, known: bool) -> None:
    id_ = measure(desk)
    if known:
        keep(desk, T)
    measures.revoke(office(desk), Doer(BO, T + DAY), id_, "ours")

    class Place:
        database = desk.database

    follow(Place(), lambda _: desk, id_, T + DAY)  # type: ignore[arg-type]
    assert [each.state for each in duties(desk, id_, "study")] == (["revoked"] if known else [])


def test_by_when(desk: Desk) -> None:
    """None once it is late; nothing of one that is done, or that the desk does not know."""
    _, study = imposed(desk)
    number = int(study.id.removeprefix("duty-"))

    def told() -> dict[int, dt.datetime | None]:
        with desk.database.connect() as connection:
            return due(connection, [number, number + 1])

    assert told() == {number: T + WEEK}
    pass_time(desk, study, T + WEEK)
    assert told() == {number: None}
    do(desk, study, "study", "merchant", T + WEEK)
    assert told() == {}


def test_a_sitting_that_fails_leaves_the_measure_alone(desk: Desk) -> None:
    """A verb of a larger act that is taken back as a whole."""
    id_, study = imposed(desk)
    with sitting(desk, T + DAY) as sat, pytest.raises(ZeroDivisionError):
        _and_fail(sat, study.id)
    assert open_duties(desk, id_) == ("study",)


def _and_fail(sat: Sitting, id_: str) -> None:
    with sat.attempt():
        sat.act(id_, Act("study", Actor("merchant", ANNA)))
        raise ZeroDivisionError
