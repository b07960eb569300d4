"""Study and exam: what a measure asks for, as cases of the desk with a clock (KS-P11).

The measure is the truth: its effects say which duties stand, its `fulfil` events which are done. A case follows each effect.
Who does a duty at the desk fulfils it in the measure, in the same transaction. What becomes of it in the measure (imposed,
taken back, done there, spared by an exam) is brought to the desk by `keep`: in what order and how often does not matter, and
what was forgotten it finds, since it compares the two.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from tianping.cases.case import Act, Case, Doer, Event, Facts, Refusal
from tianping.errors import TianpingError
from tianping.periods import HOME_ZONE
from tianping.policy.judging import DUTIES
from tianping.store import effects, violations
from tianping.store.desk import cases, duties, shops
from tianping.store.effects import Effect
from tianping.work.desk.sitting import CaseRefused, Desk, Sitting
from tianping.work.docket import measures
from tianping.work.docket.history import Office
from tianping.work.docket.matter import Matter, open_all
from tianping.work.docket.measures import MeasureRefused
from tianping.work.home import Home
from tianping.work.people.trail import Doer as Person

KIND = "duty"
MOST = 200
"""Measures of one transaction."""


def done(connection: Connection, case: Case, event: Event) -> None:
    """Done at the desk: fulfilled in its measure. Raises CaseRefused where the measure does not ask for it any more."""
    violations.hold(connection, case.shop_id)
    office, doer = Office(connection.engine, {}), Person(event.doer.account_id, event.at)
    try:
        measures.fulfil_in(office, connection, doer, case.facts["measure"], case.facts["duty"], event.why)
    except MeasureRefused as error:
        raise CaseRefused(
            Refusal("measure", "该处罚已不再要求此项", f"its measure asks for it no more: {error.said}")
        ) from error


class Kept(NamedTuple):
    """How many cases opened or ended, and what could not be, each in a sentence."""

    turned: int = 0
    failed: tuple[str, ...] = ()


def keep(desk: Desk, at: dt.datetime, *, since: dt.datetime | None = None) -> Kept:
    """Bring the duties of measures to the desk. `since`: look only at measures to which something happened then or later."""
    with desk.database.connect() as connection:
        asked = duties.to_look_at(connection, since)
    done = [_together(desk, at, asked[first : first + MOST]) for first in range(0, len(asked), MOST)]
    return Kept(sum(each.turned for each in done), tuple(said for each in done for said in each.failed))


def follow(home: Home, desk: Callable[[Home], Desk], id_: int, at: dt.datetime) -> None:
    """Tell the desk at once what was just decided of a measure, where it knows of its duties; else the worker will."""
    with home.database.connect() as connection:
        told = duties.any_open(connection, id_)
    if told:
        _together(desk(home), at, [id_])


def due(connection: Connection, ids: Iterable[int]) -> dict[int, dt.datetime | None]:
    """By when the duties of these effects are to be done, by the effects' ids: those open at the desk. None: they are late."""
    wanted = {duties.case_of(id_): id_ for id_ in ids}
    open_ = [each for each in cases.load(connection, list(wanted)).values() if each.timers]
    return {wanted[each.id]: None if each.facts.get("late_at") else each.timers[0].due_at for each in open_}


def _together(desk: Desk, at: dt.datetime, asked: Sequence[int]) -> Kept:
    with duties.alone(desk.database) as connection:
        sat = Sitting(desk, connection, at)
        matters = [each for each in open_all(Office(desk.database, {}), connection, asked) if _has_duties(desk, each)]
        asked_for = [(matter, each) for matter in matters for each in _effects(matter)]
        sat.bring(duties.case_of(each.id) for _, each in asked_for)
        turned, failed = 0, list[str]()
        for matter, each in asked_for:
            try:
                with sat.attempt():
                    turned += _bring(sat, matter, each)
            except TianpingError as error:
                failed.append(f"the {each.kind} of measure {matter.row.id}: {error}")
        sat.flush()
    return Kept(turned, tuple(failed))


def _has_duties(desk: Desk, matter: Matter) -> bool:
    """Whether its platform has duties at the desk; without, the measure alone keeps them."""
    book = desk.books.get(matter.row.platform)
    return book is not None and KIND in book.flows


def _effects(matter: Matter) -> Iterator[Effect]:
    found = effects.of_violation(matter.connection, matter.row.id)
    return (each for each in found if each.kind in DUTIES and each.reverses is None)


def _bring(sat: Sitting, matter: Matter, effect: Effect) -> bool:
    """Whether the case of an effect changed by it: opened where the duty stands, ended where it does not any more."""
    id_ = duties.case_of(effect.id)
    taken = effect.id not in {each.id for each in effects.standing(matter.connection, matter.row.id)}
    stands = not taken and effect.name in measures.duties(matter)
    case = sat.cases.get(id_)
    if case is None and stands:
        shop = shops.get(sat.connection, effect.shop_id)
        sat.open(
            KIND, _act("impose", _given(matter, effect)),
            platform=matter.row.platform, shop_id=effect.shop_id, id_=id_, zone=shop.zone if shop else HOME_ZONE,
        )  # fmt: skip
    elif case and case.ended_at is None and taken:
        sat.act(id_, _act("revoke", {}))
    elif case and case.ended_at is None and not stands:
        _end(sat, case, _fulfilled_at(matter, effect))
    else:
        return False
    return True


def _end(sat: Sitting, case: Case, at: dt.datetime) -> None:
    """Done in the measure. What ran out before that was over first; what has since, never ran out."""
    late = any(timer.due_at <= at for timer in case.timers)
    sat.act(case.id, _act("count_done", {"fulfilled_at": at}), depth=0 if late else 1)


def _fulfilled_at(matter: Matter, effect: Effect) -> dt.datetime:
    """When it was done, or spared."""
    times = (each.at for each in matter.events if each.verb == "fulfil" and effect.name in each.detail["spares"])
    return max(next(times, effect.begins_at), effect.begins_at)


def _given(matter: Matter, effect: Effect) -> Facts:
    """What there is to study is in the clauses that the violation rests on, and in its table."""
    basis, clauses = matter.basis, matter.row.evidence.get("clause", ())
    rules = "; ".join([*clauses, *([basis.table] if basis else [])])
    given = {"duty": effect.kind, "measure": matter.row.id, "violation": matter.row.violation, "rules": rules}
    return {name: value for name, value in given.items() if value != ""}


def _act(verb: str, takes: Facts) -> Act:
    return Act(verb, Doer("measure"), takes)
