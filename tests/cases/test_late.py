"""A verb that comes too late is refused, and the case then reads as the refusal said: what the clock did before it stays."""

import datetime as dt

import pytest

from tianping.cases.case import Act, Doer
from tianping.policy.cases.flowing import Actor
from tianping.work.desk import disputes
from tianping.work.desk.sitting import CaseRefused, Desk, sitting

from .market import DAY, HOUR, REFUSAL, SECOND, T, ask, do, events, order, read

DUE = T + 48 * HOUR


def returned(desk: Desk) -> str:
    """A return asked for at T, of goods that were signed for."""
    order(desk, T, created_at=T - 2 * DAY, paid_at=T - 2 * DAY, shipped_at=T - DAY, signed_at=T)
    return ask(desk, "return_refund", T).id


def says(desk: Desk, id_: str, verb: str, by: Actor, at: dt.datetime, **takes: str) -> str:
    """What a person is told who comes too late."""
    with pytest.raises(CaseRefused) as refused, sitting(desk, at) as sat:
        disputes.act(sat, id_, Act(verb, Doer(by), takes))
    return refused.value.refusal.en


@pytest.mark.parametrize("late", [SECOND * 0, HOUR])
def test_what_the_refusal_says_the_case_says(any_desk: Desk, late: dt.timedelta) -> None:
    case = returned(any_desk)
    assert says(any_desk, case, "refuse", "merchant", DUE + late, **REFUSAL) == 'not while the case is "waiting for the return"'
    now = read(any_desk, case)
    assert (now.state, now.facts["answered_at"], now.changed_at) == ("agreed", DUE, DUE + late)
    assert [(each.verb, each.doer.actor) for each in events(any_desk, case)] == [("request", "buyer"), ("agree", "clock")]
    assert do(any_desk, case, "post_back", "buyer", DUE + late, return_waybill="R1").state == "returning"


def test_a_second_before_it_is_in_time(desk: Desk) -> None:
    case = returned(desk)
    assert do(desk, case, "refuse", "merchant", DUE - SECOND, **REFUSAL).state == "refused"


def test_nothing_else_of_a_refused_sitting_is_written(desk: Desk) -> None:
    """Of two verbs the second is too late: the first is taken back, what the clock did stays."""
    case, other = returned(desk), "order/O2"
    order(desk, T, id_="O2")

    def both() -> None:
        with sitting(desk, DUE) as sat:
            sat.act(other, Act("ship", Doer("merchant"), {"waybill": "W1", "carrier": "SF"}))
            sat.act(case, Act("refuse", Doer("merchant"), REFUSAL))

    with pytest.raises(CaseRefused):
        both()
    assert read(desk, other).facts.get("shipped_at") is None
    assert read(desk, case).state == "agreed"
