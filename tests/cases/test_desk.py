"""The desk: one verb is one event; the clock's act is a person's; late is late; two at once: one wins."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from tianping.work.desk.sitting import CaseRefused, Desk

from .market import HOUR, REFUSAL, SECOND, SHIPPED_REFUSAL, T, ask, do, events, family, order, pass_time, read, refused


def test_a_refund_from_request_to_money(any_desk: Desk) -> None:
    order(any_desk, id_="O1")
    case = ask(any_desk, at=T)
    assert do(any_desk, case, "agree", "merchant", T + HOUR).state == "refunding"
    (payment,) = (each for each in family(any_desk, case) if each.kind == "payment")
    assert payment.facts["fen"] == 3_000
    do(any_desk, payment, "succeed", "gateway", T + 2 * HOUR, receipt="R1")
    assert read(any_desk, case.id).state == "refunded"
    assert [(each.n, each.doer.actor, each.verb, each.before, each.state) for each in events(any_desk, case)] == [
        (1, "buyer", "request", "", "requested"),
        (2, "merchant", "agree", "requested", "refunding"),
        (3, "system", "refund_done", "refunding", "refunded"),
    ]


def test_the_clock_agrees_at_the_very_second(desk: Desk) -> None:
    order(desk, shipped_at=T)
    case = ask(desk, at=T)
    assert pass_time(desk, case, T + 48 * HOUR - SECOND).state == "requested"
    assert pass_time(desk, case, T + 48 * HOUR).state == "refunding"
    last = events(desk, case)[-1]
    assert (last.doer.actor, last.doer.rule, last.verb) == ("clock", "answer", "agree")


def test_late_is_late_even_where_no_worker_was_there(desk: Desk) -> None:
    order(desk, shipped_at=T)
    case = ask(desk, at=T)
    assert refused(desk, case, "refuse", "merchant", T + 48 * HOUR, **SHIPPED_REFUSAL) == "state"
    assert read(desk, case.id).state == "refunding"  # the refusal wrote nothing but what the clock had to do before it


def test_a_second_before_the_end_is_in_time(desk: Desk) -> None:
    order(desk, shipped_at=T)
    assert refused(desk, ask(desk, at=T), "refuse", "merchant", T + 48 * HOUR - SECOND, **SHIPPED_REFUSAL) == ""


def test_refunds_together_are_at_most_what_was_paid(any_desk: Desk) -> None:
    order(any_desk, amount_fen=5_000)
    first, second = ask(any_desk, at=T, refund_fen=3_000), ask(any_desk, at=T, refund_fen=2_001)
    do(any_desk, first, "agree", "merchant", T + HOUR)
    third = ask(any_desk, at=T + HOUR, refund_fen=1_000)
    assert do(any_desk, second, "agree", "merchant", T + HOUR).facts["refund_fen"] == 2_000  # what is left
    assert do(any_desk, third, "agree", "merchant", T + HOUR).state == "closed"
    assert read(any_desk, "order/O1").facts["refunded_fen"] == 5_000
    with pytest.raises(CaseRefused, match="more than was paid"):
        ask(any_desk, at=T + HOUR, refund_fen=1)


def test_who_has_seen_less_is_told(desk: Desk) -> None:
    order(desk)
    case = ask(desk, at=T)
    do(desk, case, "refuse", "merchant", T + HOUR, seen=1, **REFUSAL)
    assert refused(desk, case, "withdraw", "buyer", T + HOUR, seen=1) == "seen"
    assert refused(desk, case, "withdraw", "buyer", T + HOUR, seen=2) == ""


def test_a_refusal_names_what_is_possible(desk: Desk) -> None:
    order(desk)
    case = ask(desk, at=T)
    with pytest.raises(CaseRefused) as caught:
        do(desk, case, "agree", "buyer", T)
    refusal = caught.value.refusal
    assert refusal.guard == "who"
    assert set(refusal.possible) == {"change_reason", "escalate", "talk", "withdraw"}


def test_the_history_refuses_to_be_changed(any_desk: Desk) -> None:
    order(any_desk)
    case = ask(any_desk, at=T)
    for change in ("UPDATE desk_event SET why = 'x'", "DELETE FROM desk_event"):
        with pytest.raises(DatabaseError, match="append-only"), any_desk.database.begin() as connection:
            connection.execute(text(change))
    assert len(events(any_desk, case)) == 1
