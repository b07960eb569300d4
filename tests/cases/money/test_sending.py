"""Payments go out through a gateway that fails, times out, pays late and answers twice; every key is paid once."""

import datetime as dt
import threading
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tianping.cases.case import Act, Doer
from tianping.errors import TianpingError
from tianping.store import ledger
from tianping.work.desk.money import postings
from tianping.work.desk.money.gateway import Paid, Refused, Unclear
from tianping.work.desk.money.sandbox import Manner, Sandbox, by_seed
from tianping.work.desk.money.sending import PAUSES, Sent, hear, send_due
from tianping.work.desk.sitting import Desk, sitting

from ..market import DAY, HOUR, SECOND, T, do, events, order, pass_time, read
from .till import FUNDS, Scripted, agreed, balances, drain, letter, paid, payment

AT = T + HOUR
"""When the payment of `agreed` is asked for."""


def _same(at: dt.datetime) -> dt.datetime:
    return at


def always(manner: Manner) -> dict[Manner, int]:
    return {manner: 1}


def test_a_letter_is_sent_once_and_the_case_moves_on(any_desk: Desk) -> None:
    case, pay = agreed(any_desk)
    gateway = paid()
    assert send_due(any_desk, gateway, lambda: AT) == Sent(paid=1)
    assert send_due(any_desk, gateway, lambda: AT + 30 * DAY) == Sent()
    assert gateway.asked == ["pay 3000 refund B1"]
    assert (read(any_desk, pay.id).state, read(any_desk, case.id).state) == ("paid", "refunded")
    assert (read(any_desk, pay.id).facts["receipt"], letter(any_desk, pay.id).state) == ("R1", "done")


def test_nothing_is_sent_before_its_time(desk: Desk) -> None:
    agreed(desk)
    assert send_due(desk, paid(), lambda: AT - SECOND).all == 0


def test_the_try_is_written_down_before_it_is_made(any_desk: Desk) -> None:
    _, pay = agreed(any_desk)

    class Peeking(Scripted):
        def pay(self, key: str, fen: int, purpose: str, buyer: str | None) -> Paid:
            row = letter(any_desk, key)
            assert (row.tries, row.said, row.next_at) == (1, "asking", AT + PAUSES[0])
            assert send_due(any_desk, Scripted(), lambda: AT).all == 0  # nobody else takes it meanwhile
            return Paid("R1")

    assert send_due(any_desk, Peeking(), lambda: AT).paid == 1
    assert read(any_desk, pay.id).state == "paid"


def test_refused_is_failed_and_is_not_asked_again_by_itself(any_desk: Desk) -> None:
    _, pay = agreed(any_desk)
    assert send_due(any_desk, Scripted(Refused("account closed")), lambda: AT) == Sent(refused=1)
    assert (read(any_desk, pay.id).state, read(any_desk, pay.id).facts["failure"]) == ("failed", "account closed")
    assert send_due(any_desk, Scripted(), lambda: AT + 23 * HOUR) == Sent()
    do(any_desk, pay, "retry", "operator", AT + 23 * HOUR)
    again = paid()
    assert send_due(any_desk, again, lambda: AT + 23 * HOUR) == Sent(paid=1)
    assert again.asked == ["pay 3000 refund B1"]  # not looked up: the refusal was sure


@pytest.mark.parametrize("answer", [Unclear("timed out"), ConnectionError("reset")])
def test_without_an_answer_the_key_is_looked_up_before_it_is_paid_again(any_desk: Desk, answer: Unclear | Exception) -> None:
    _, pay = agreed(any_desk)
    assert send_due(any_desk, Scripted(answer), lambda: AT) == Sent(unclear=1)
    assert read(any_desk, pay.id).state == "unclear"
    assert send_due(any_desk, Scripted(), lambda: AT + PAUSES[0] - SECOND) == Sent()
    known = Scripted(looks=Paid("R1"))
    assert send_due(any_desk, known, lambda: AT + PAUSES[0]) == Sent(paid=1)
    assert known.asked == ["look"]
    assert read(any_desk, pay.id).state == "paid"


def test_what_the_gateway_never_heard_of_is_asked_again_under_the_same_key(desk: Desk) -> None:
    agreed(desk)
    send_due(desk, Scripted(Unclear("timed out")), lambda: AT)
    unheard = paid()
    assert send_due(desk, unheard, lambda: AT + PAUSES[0]) == Sent(paid=1)
    assert unheard.asked == ["look", "pay 3000 refund B1"]


def test_the_pauses_grow(desk: Desk) -> None:
    _, pay = agreed(desk)
    at, pauses = AT, []
    for _ in range(7):
        assert send_due(desk, Scripted(Unclear("x"), looks=Unclear("at work")), partial(_same, at)).unclear == 1
        pauses.append(letter(desk, pay.id).next_at - at)
        at = letter(desk, pay.id).next_at
    assert pauses == [*PAUSES, PAUSES[-1], PAUSES[-1]]
    assert len(events(desk, pay)) == 2  # asked, doubted: no event for every look


@pytest.mark.parametrize("manner", ["pays", "forgets", "loses", "dawdles", "repeats"])
def test_however_it_misbehaves_a_key_is_paid_once(any_desk: Desk, tmp_path: Path, manner: Manner) -> None:
    """`loses` loses the first asking only; the sandbox pays whatever it is asked twice."""
    case, pay = agreed(any_desk)
    sandbox = Sandbox(tmp_path / "gateway", lambda _, n: manner if n == 1 else "pays")
    at = AT
    for _ in range(6):
        send_due(any_desk, sandbox, partial(_same, at))
        for key, answer in (*sandbox.mail(), *sandbox.mail()):
            hear(any_desk, key, answer, at)
        at += PAUSES[-1]
    assert sandbox.paid() == {pay.id: [3_000]}
    assert read(any_desk, case.id).state == "refunded"
    assert balances(any_desk) == {ledger.GATEWAY_IN: -5_000, FUNDS: 2_000, ledger.GATEWAY_OUT: 3_000}
    assert [each.verb for each in events(any_desk, pay)].count("succeed") == 1


def test_an_answer_heard_twice_counts_once_whatever_the_second_says(any_desk: Desk) -> None:
    _, pay = agreed(any_desk)
    for answer in (Paid("R1"), Paid("R1"), Refused("x"), Unclear("y")):
        after = hear(any_desk, pay.id, answer, AT)
        assert after
        assert after.state == "paid"
    assert len(events(any_desk, pay)) == 2
    assert letter(any_desk, pay.id).state == "done"


def test_a_key_that_nobody_asked_for_is_not_heard(desk: Desk) -> None:
    assert hear(desk, "nobody's", Paid(), AT) is None


def test_an_answer_late_by_more_than_a_day_still_counts(desk: Desk) -> None:
    case, pay = agreed(desk)
    after = hear(desk, pay.id, Paid("R1"), AT + DAY + SECOND)  # unclear by then, and no worker had said so
    assert after
    assert after.state == "paid"
    assert read(desk, case.id).state == "refunded"
    assert [each.verb for each in events(desk, pay)] == ["ask", "overdue", "succeed"]


def test_what_is_recalled_before_it_is_sent_is_never_paid(desk: Desk, tmp_path: Path) -> None:
    _, pay = agreed(desk)
    with sitting(desk, AT) as sat:
        sat.act(pay.id, Act("recall", Doer("system")))
    sandbox = Sandbox(tmp_path / "gateway")
    assert send_due(desk, sandbox, lambda: AT) == Sent(refused=1)
    assert (read(desk, pay.id).state, sandbox.paid()) == ("cancelled", {})


def test_what_is_recalled_after_it_was_paid_unseen_is_reversed(desk: Desk, tmp_path: Path) -> None:
    _, pay = agreed(desk)
    sandbox = Sandbox(tmp_path / "gateway", by_seed(1, always("forgets")))
    send_due(desk, sandbox, lambda: AT)
    with sitting(desk, AT) as sat:
        sat.act(pay.id, Act("recall", Doer("system")))
    assert send_due(desk, sandbox, lambda: AT + PAUSES[0]) == Sent(paid=1)
    assert read(desk, pay.id).state == "reversed"
    kept = {ledger.GATEWAY_OUT: 3_000, ledger.KEPT: -3_000}
    assert balances(desk) == {ledger.GATEWAY_IN: -5_000, FUNDS: 5_000, **kept}


def test_what_was_confirmed_by_hand_is_not_asked_for_any_more(desk: Desk) -> None:
    _, pay = agreed(desk)
    send_due(desk, Scripted(Unclear("x")), lambda: AT)
    do(desk, pay, "confirm_paid", "operator", AT + SECOND, receipt="bank 17")
    assert send_due(desk, Scripted(), lambda: AT + PAUSES[0]) == Sent(dropped=1)
    assert send_due(desk, Scripted(), lambda: AT + DAY) == Sent()


def test_an_answer_that_cannot_be_written_is_kept_and_tried_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    _, pay = agreed(desk)
    order(desk, id_="O2")
    other = payment(desk, "compensation", 5, AT + SECOND, of="O2")

    def refuse(*_: object) -> None:
        raise TianpingError("no such account")

    with monkeypatch.context() as patch:
        patch.setitem(postings.POSTINGS, "bear", refuse)
        assert send_due(desk, Scripted(Paid("R1"), Paid("R2")), lambda: AT + SECOND) == Sent(stuck=2)
    assert letter(desk, pay.id).said == "paid: R1; not written: no such account"
    assert send_due(desk, Scripted(looks=Paid("R1")), lambda: AT + HOUR) == Sent(paid=2)
    assert {read(desk, each.id).state for each in (pay, other)} == {"paid"}


def test_two_payments_at_once_do_not_take_the_same_money(any_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two orders, so that no case is locked by both; slow between weighing and taking."""
    for id_ in ("O1", "O2"):
        order(any_desk, id_=id_)
    drain(any_desk, 7_000)
    pays = [payment(any_desk, "compensation", 2_500, of=id_) for id_ in ("O1", "O2")]
    bear = postings.POSTINGS["bear"]

    def slowly(*given: Any) -> None:
        time.sleep(0.3)
        bear(*given)

    monkeypatch.setitem(postings.POSTINGS, "bear", slowly)
    threads = [threading.Thread(target=hear, args=(any_desk, pay.id, Paid(), T + HOUR)) for pay in pays]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {read(any_desk, pay.id).state for pay in pays} == {"paid"}
    assert sorted(read(any_desk, pay.id).facts["covered_fen"] for pay in pays) == [500, 2_500]
    assert FUNDS not in balances(any_desk)


def test_two_senders_at_once_send_each_letter_once(any_desk: Desk, tmp_path: Path) -> None:
    order(any_desk, amount_fen=100_000)
    pays = [payment(any_desk, "refund", 100 + n) for n in range(12)]
    sandbox = Sandbox(tmp_path / "gateway")
    threads = [threading.Thread(target=send_due, args=(any_desk, sandbox, partial(_same, T))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sandbox.paid() == {pay.id: [pay.facts["fen"]] for pay in pays}
    assert {read(any_desk, pay.id).state for pay in pays} == {"paid"}


def test_at_most_so_many_at_a_time(desk: Desk, tmp_path: Path) -> None:
    order(desk)
    for _ in range(3):
        payment(desk, "freight", 100)
    sandbox = Sandbox(tmp_path / "gateway")
    assert [send_due(desk, sandbox, lambda: T, 2).paid for _ in range(3)] == [2, 1, 0]


@pytest.mark.parametrize("seed", range(3))
def test_in_the_end_every_key_is_paid_once_or_failed_for_good(any_desk: Desk, tmp_path: Path, seed: int) -> None:
    """Ten payments, a gateway that does all its tricks, a clock that retries what failed every day."""
    order(any_desk, amount_fen=100_000)
    pays = [payment(any_desk, "refund", 100 + n) for n in range(10)]
    odds: Mapping[Manner, int] = {"pays": 2, "refuses": 2, "loses": 2, "forgets": 2, "dawdles": 1, "repeats": 1}
    sandbox, at = Sandbox(tmp_path / "gateway", by_seed(seed, odds)), T
    for _ in range(60):
        send_due(any_desk, sandbox, partial(_same, at))
        for key, answer in sandbox.mail():
            hear(any_desk, key, answer, at)
        at += 6 * HOUR
        for pay in pays:
            pass_time(any_desk, pay, at)
    assert sandbox.paid() == {pay.id: [pay.facts["fen"]] for pay in pays}
    assert {read(any_desk, pay.id).state for pay in pays} == {"paid"}
    total = sum(pay.facts["fen"] for pay in pays)
    assert balances(any_desk) == {ledger.GATEWAY_IN: -100_000, FUNDS: 100_000 - total, ledger.GATEWAY_OUT: total}
