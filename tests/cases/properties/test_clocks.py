"""Every line of the specification's table of clocks, copied here, one second before its time and at it.

A line: platforms, kinds, step, how long, from when the case begins (None: whenever), what it leads to.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from tianping.cases.case import Case, Timer
from tianping.cases.clocks import left
from tianping.store.desk import cases
from tianping.store.desk.outbox import Letter
from tianping.work.desk import clock
from tianping.work.desk.sitting import CaseRefused, Desk, Sitting

from ..market import DAY, HOUR, REFUSAL, SECOND, SHIPPED_REFUSAL, T, ask, do, events, family, order, pass_time, read, refused

Way = Callable[[Desk, str, str, dt.datetime], tuple[Case | str, dt.datetime]]
"""Brings a case of a kind to a step; the case, and when its time began."""
ALL = ("kuaishou", "douyin", "taobao", "tmall", "jd")
TB = ("taobao", "tmall")
REFUNDS = ("refund_only", "return_refund")
BACK = ("return_refund", "exchange", "repair")
KINDS = ("refund_only", "return_refund", "exchange", "reissue", "repair")
DAY_2023 = dt.datetime(2022, 12, 31, 16)
"""00:00 of 2023 in Shanghai."""
JULY, AUGUST = dt.datetime(2022, 7, 3, 16), dt.datetime(2022, 8, 9, 16)
"""00:00 of 2022-07-04 and of 2022-08-10 in Shanghai."""
FESTIVAL = dt.datetime(2022, 2, 1, 4)
"""Noon of New Year's Day of the lunar year, in Shanghai."""


class Line(NamedTuple):
    step: str
    platforms: tuple[str, ...]
    kinds: tuple[str, ...]
    way: Way
    time: dt.timedelta
    leads: str
    at: dt.datetime = T
    rows: tuple[str, ...] = ()


# Ways


def bought(desk: Desk, platform: str, at: dt.datetime, **facts: Any) -> Case:
    """An order that was signed for at `at`, unless said otherwise."""
    given = {"shipped_at": at, "signed_at": at, "warranty_days": 365, **facts}
    return order(desk, at, platform=platform, **given)


def asked_of(desk: Desk, kind: str, at: dt.datetime) -> Case:
    return ask(desk, kind, at, reason="wrong_item", goods_received=None if kind == "refund_only" else True)


def unpaid(desk: Desk, platform: str, _kind: str, at: dt.datetime) -> tuple[str, dt.datetime]:
    return order(desk, at, platform=platform, paid_at=None).id, at


def signed(desk: Desk, platform: str, _kind: str, at: dt.datetime) -> tuple[str, dt.datetime]:
    return bought(desk, platform, at).id, at


def unshipped(desk: Desk, platform: str, kind: str, at: dt.datetime) -> tuple[Case, dt.datetime]:
    order(desk, at, platform=platform)
    return asked_of(desk, kind, at), at


def shipped(desk: Desk, platform: str, kind: str, at: dt.datetime) -> tuple[Case, dt.datetime]:
    bought(desk, platform, at)
    return asked_of(desk, kind, at), at


def agreed(desk: Desk, platform: str, kind: str, at: dt.datetime) -> tuple[Case, dt.datetime]:
    case, _ = shipped(desk, platform, kind, at)
    return do(desk, case, "agree", "merchant", at + HOUR), at + HOUR


def posted(desk: Desk, platform: str, kind: str, at: dt.datetime) -> tuple[Case, dt.datetime]:
    case, began = agreed(desk, platform, kind, at)
    return do(desk, case, "post_back", "buyer", began + HOUR, return_waybill="W1", return_contact="Li"), began + HOUR


def arrived(desk: Desk, platform: str, kind: str, at: dt.datetime) -> tuple[Case, dt.datetime]:
    case, began = posted(desk, platform, kind, at)
    return do(desk, case, "return_signed", "platform", began + HOUR), began + HOUR


def received(desk: Desk, platform: str, kind: str, at: dt.datetime) -> tuple[Case, dt.datetime]:
    if kind == "reissue":
        return agreed(desk, platform, kind, at)
    case, began = posted(desk, platform, kind, at)
    return do(desk, case, "confirm", "merchant", began + HOUR), began + HOUR


def on_delivery(desk: Desk, platform: str, kind: str, at: dt.datetime) -> tuple[Case, dt.datetime]:
    bought(desk, platform, at, cod=True, paid_at=None)
    case = do(desk, asked_of(desk, kind, at), "agree", "merchant", at + HOUR)
    do(desk, case, "post_back", "buyer", at + 2 * HOUR, return_waybill="W1", return_contact="Li")
    return do(desk, case, "confirm", "merchant", at + 3 * HOUR), at + 3 * HOUR


def refused_one(desk: Desk, platform: str, kind: str, at: dt.datetime) -> tuple[Case, dt.datetime]:
    case, _ = shipped(desk, platform, kind, at)
    return do(desk, case, "refuse", "merchant", at + HOUR, **REFUSAL), at + HOUR


def escalated(desk: Desk, platform: str, kind: str, at: dt.datetime) -> tuple[Case, dt.datetime]:
    """The dispute, raised 72 hours after the request by a merchant who did not refuse (Douyin's buyer has but 48 hours)."""
    case, _ = shipped(desk, platform, kind, at)
    do(desk, case, "refuse", "merchant", at + 40 * HOUR, **REFUSAL)
    do(desk, case, "escalate", "buyer", at + 73 * HOUR)
    return next(each for each in family(desk, case) if each.kind == "dispute"), at + 73 * HOUR


def shown(desk: Desk, platform: str, kind: str, at: dt.datetime) -> tuple[Case, dt.datetime]:
    """To be judged: the merchant showed something."""
    dispute, began = escalated(desk, platform, kind, at)
    do(desk, dispute, "submit_merchant", "merchant", began + HOUR)
    return pass_time(desk, dispute, began + 72 * HOUR), began + 72 * HOUR


def judged(desk: Desk, platform: str, kind: str, at: dt.datetime) -> tuple[Case, dt.datetime]:
    """A verdict against the merchant, who showed something."""
    dispute, began = shown(desk, platform, kind, at)
    proposed = {"proposed_rule": "other/proven", "proposed_liability": "seller", "proposed_remedy": kind}
    do(desk, dispute, "find", "adjudicator", began, **proposed)
    sum_ = dispute.facts["asked_fen"]
    do(
        desk, dispute, "verdict", "adjudicator", began,
        liability="seller", remedy=kind, ruling="other/proven", judged_by=1, refund_fen=sum_,
    )  # fmt: skip
    return read(desk, dispute.id), began


def appealed(desk: Desk, platform: str, kind: str, at: dt.datetime) -> tuple[Case, dt.datetime]:
    dispute, began = judged(desk, platform, kind, at)
    do(desk, dispute, "appeal", "merchant", began + HOUR, appealed_by="seller", appeal_text="no")
    return read(desk, dispute.id), began + HOUR


def paid_by_platform(desk: Desk, platform: str, kind: str, at: dt.datetime) -> tuple[Case, dt.datetime]:
    """The advance, noticed when the gateway had paid; the shop has money meanwhile (another order's)."""
    case, began = on_delivery(desk, platform, kind, at)
    pass_time(desk, case, began + 48 * HOUR)
    payment = next(each for each in family(desk, case) if each.kind == "payment")
    do(desk, payment, "succeed", "gateway", began + 49 * HOUR)
    order(desk, at, platform=platform, id_="O2")
    return next(each for each in family(desk, case) if each.kind == "advance"), began + 49 * HOUR


def failed(desk: Desk, platform: str, kind: str, at: dt.datetime) -> tuple[Case, dt.datetime]:
    case, _ = shipped(desk, platform, kind, at)
    do(desk, case, "agree", "merchant", at + HOUR)
    payment = next(each for each in family(desk, case) if each.kind == "payment")
    return do(desk, payment, "fail", "gateway", at + 2 * HOUR, failure="no such account"), at + 2 * HOUR


# The table

H, D = HOUR, DAY
LINES = (
    Line("unpaid", ALL, ("order",), unpaid, 24 * H, "closed"),
    Line("completes", ALL, ("order",), signed, 10 * D, "completed"),
    Line("answer, shipped", ("kuaishou", "douyin"), REFUNDS, shipped, 48 * H, "agreed"),
    Line("answer, unshipped", ("kuaishou", "douyin"), ("refund_only",), unshipped, 24 * H, "agreed"),
    Line("answer, unshipped, from 2023", ("kuaishou", "douyin"), ("refund_only",), unshipped, 24 * H, "agreed", DAY_2023),
    Line("answer, unshipped, before", ("kuaishou",), ("refund_only",), unshipped, 48 * H, "agreed", DAY_2023 - SECOND),
    Line("answer, shipped, before", ("kuaishou", "douyin"), REFUNDS, shipped, 48 * H, "agreed", DAY_2023 - SECOND),
    Line("waybill", ("kuaishou", "douyin"), BACK, agreed, 7 * D, "closed", rows=("KS-W04",)),
    Line("receipt", ("kuaishou", "douyin"), ("return_refund",), posted, 7 * D, "refunding", rows=("KS-W05",)),
    Line("voucher", ("kuaishou", "douyin"), ("return_refund",), on_delivery, 48 * H, "refunding"),
    Line("escalation", ("douyin",), KINDS, refused_one, 48 * H, "closed"),
    Line("escalation", ("kuaishou",), KINDS, refused_one, 7 * D, "closed"),
    Line("inspection", ("douyin",), ("exchange",), arrived, 48 * H, "to_send"),
    Line("sending again", ALL, ("exchange", "reissue"), received, 48 * H, "defaulted"),
    Line("repairing", ALL, ("repair",), received, 15 * D, "defaulted"),
    Line("answer, unshipped", TB, ("refund_only",), unshipped, 24 * H, "agreed"),
    Line("answer, shipped", TB, REFUNDS, shipped, 2 * D, "agreed"),
    Line("answer, shipped, from August 2022", TB, REFUNDS, shipped, 2 * D, "agreed", AUGUST),
    Line("answer, shipped, before", TB, REFUNDS, shipped, 3 * D, "agreed", AUGUST - SECOND),
    Line("waybill", TB, ("return_refund",), agreed, 7 * D, "closed"),
    Line("receipt", TB, ("return_refund",), posted, 10 * D, "refunding"),
    Line("receipt, signed", TB, ("return_refund",), arrived, 3 * D, "refunding"),
    Line("receipt, signed, from July 2022", TB, ("return_refund",), arrived, 3 * D, "refunding", JULY),
    Line("receipt, signed, before", TB, ("return_refund",), arrived, 10 * D - HOUR, "refunding", JULY - SECOND),
    Line("answer", ("jd",), REFUNDS, shipped, 48 * H, "agreed"),
    Line("answer, unshipped", ("jd",), ("refund_only",), unshipped, 48 * H, "agreed"),
    Line("waybill", ("jd",), ("return_refund",), agreed, 7 * D, "closed"),
    Line("receipt", ("jd",), ("return_refund",), posted, 7 * D, "refunding"),
    Line("evidence, a silent merchant", ("kuaishou",), KINDS, escalated, 72 * H, "judged"),
    Line("evidence", tuple(each for each in ALL if each != "kuaishou"), KINDS, escalated, 72 * H, "judging"),
    Line("verdict", ALL, ("refund_only", "return_refund"), shown, 5 * D, "senior"),
    Line("appeal", ALL, ("refund_only", "return_refund"), judged, 7 * D, "in_force"),
    Line("appeal decided", ALL, ("refund_only",), appealed, 5 * D, "appeal_senior"),
    Line("repayment", ("kuaishou",), ("return_refund",), paid_by_platform, 5 * D, "taken"),
    Line("payment mended", ALL, ("refund_only",), failed, 24 * H, "asked"),
    Line("festival, 24 h", TB, ("refund_only",), unshipped, 48 * H, "agreed", FESTIVAL),
    Line("festival, 48 h", ("kuaishou",), ("refund_only",), unshipped, 5 * D, "agreed", FESTIVAL),
    Line("festival, 7 d", ("kuaishou", "taobao"), ("return_refund",), agreed, 15 * D, "closed", FESTIVAL),
    Line("festival, 10 d", TB, ("return_refund",), posted, 15 * D, "refunding", FESTIVAL),
    Line("festival, unpaid as ever", ALL, ("order",), unpaid, 24 * H, "closed", FESTIVAL),
    Line("festival, evidence as ever", ("kuaishou",), ("refund_only",), escalated, 72 * H, "judged", FESTIVAL),
)  # fmt: skip


def every() -> Iterator[Any]:
    for line in LINES:
        for platform in line.platforms:
            for kind in line.kinds:
                marks = [pytest.mark.spec(row) for row in line.rows if platform == "kuaishou" and kind == "return_refund"]
                yield pytest.param(line, platform, kind, id=f"{line.step}-{platform}-{kind}", marks=marks)


def due_in(case: Case) -> Timer:
    return min(case.timers, key=lambda timer: timer.due_at)


@pytest.mark.parametrize(("line", "platform", "kind"), list(every()))
def test_a_line_of_the_table(desk: Desk, line: Line, platform: str, kind: str) -> None:
    """Not one second before, and at its second; what is left then is nothing."""
    made, began = line.way(desk, platform, kind, line.at)
    case = read(desk, made if isinstance(made, str) else made.id)
    leads = "refunding" if (kind, line.leads) == ("refund_only", "agreed") else line.leads
    due = began + line.time
    before = pass_time(desk, case, due - SECOND)
    assert before.state == case.state
    assert left(due_in(before), due - SECOND) == SECOND
    after = pass_time(desk, case, due)
    assert after.state == leads
    assert any(event.doer.actor == "clock" and event.at == due for event in events(desk, case))


@pytest.mark.parametrize(
    ("platform", "kind"), [("kuaishou", "refund_only"), ("tmall", "return_refund"), ("douyin", "exchange")]
)
def test_the_worker_does_it_on_both(any_desk: Desk, platform: str, kind: str) -> None:
    """The same by ticks, on both databases; a second tick finds nothing."""
    case, at = shipped(any_desk, platform, kind, T)
    hours = 48
    assert clock.run_down(any_desk, at + hours * HOUR - SECOND).lapsed == 0
    assert clock.run_down(any_desk, at + hours * HOUR).lapsed == 1
    assert clock.run_down(any_desk, at + hours * HOUR).lapsed == 0
    assert read(any_desk, case.id).facts["answer"] == "agreed"


@pytest.mark.parametrize("platform", ALL)
def test_completion_stands_still_while_a_case_is_open(desk: Desk, platform: str) -> None:
    """Open from day 1 to day 2: it completes on day 11, to the second."""
    id_, _ = signed(desk, platform, "order", T)
    case = asked_of(desk, "return_refund", T + DAY)
    do(desk, case, "withdraw", "buyer", T + 2 * DAY)
    assert pass_time(desk, id_, T + 11 * DAY - SECOND).state == "signed"
    assert pass_time(desk, id_, T + 11 * DAY).state == "completed"


@pytest.mark.parametrize("kind", ["exchange", "reissue", "repair"])
@pytest.mark.parametrize("platform", ALL)
def test_who_is_not_sent_anything_may_turn_to_a_refund(desk: Desk, platform: str, kind: str) -> None:
    made, began = received(desk, platform, kind, T)
    due = began + (15 * DAY if kind == "repair" else 48 * HOUR)
    assert refused(desk, made, "turn_to_refund", "buyer", due - SECOND) == "state"
    do(desk, made, "turn_to_refund", "buyer", due)
    assert [each.state for each in family(desk, made) if each.kind == "refund_only"] == ["refunding"]


@pytest.mark.parametrize("platform", ALL)
def test_a_repair_that_is_late_may_turn_to_an_exchange(desk: Desk, platform: str) -> None:
    made, began = received(desk, platform, "repair", T)
    assert refused(desk, made, "turn_to_exchange", "buyer", began + 15 * DAY - SECOND) == "state"
    do(desk, made, "turn_to_exchange", "buyer", began + 15 * DAY)
    assert any(each.kind == "exchange" for each in family(desk, made))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("by", ["buyer", "merchant"])
def test_tmall_opens_escalation_after_72_hours(desk: Desk, kind: str, by: Any) -> None:
    made, _ = shipped(desk, "tmall", kind, T)
    do(desk, made, "refuse", "merchant", T + HOUR, **REFUSAL)
    verb = "escalate" if by == "buyer" else "escalate_by_merchant"
    assert refused(desk, made, verb, by, T + 72 * HOUR - SECOND) == "escalation_open"
    assert do(desk, made, verb, by, T + 72 * HOUR).state == "disputed"


@pytest.mark.parametrize("kind", ["refund_only", "return_refund", "exchange", "reissue"])
def test_tmall_takes_requests_for_15_days_after_success(desk: Desk, kind: str) -> None:
    bought(desk, "tmall", T - DAY, succeeded_at=T)
    made = asked_of(desk, kind, T + 15 * DAY)
    assert made.state == "requested"
    do(desk, made, "withdraw", "buyer", T + 15 * DAY)
    with pytest.raises(CaseRefused, match="15 days"):
        asked_of(desk, kind, T + 15 * DAY + SECOND)


@pytest.mark.spec("DY-D01")
@pytest.mark.parametrize(
    ("goods", "reason", "last"),
    [
        ({}, "quality", T + 15 * DAY),
        ({}, "not_as_described", T + 15 * DAY),
        ({}, "counterfeit", T + 15 * DAY),
        ({"three_guarantees": True}, "quality", T + 90 * DAY),
        ({"durable": True}, "quality", dt.datetime(2024, 9, 1, 8)),
        ({"durable": True}, "counterfeit", dt.datetime(2024, 9, 1, 8)),
        ({"durable": True}, "not_as_described", T + 15 * DAY),
    ],
)
def test_how_long_douyin_takes_disputes(desk: Desk, goods: dict[str, Any], reason: str, last: dt.datetime) -> None:
    bought(desk, "douyin", T - DAY, succeeded_at=T, **goods)
    made = ask(desk, "return_refund", last, reason=reason, goods_received=True)
    assert made.state == "requested"
    do(desk, made, "withdraw", "buyer", last)
    with pytest.raises(CaseRefused, match="too late"):
        ask(desk, "return_refund", last + SECOND, reason=reason, goods_received=True)


def test_both_are_reminded_24_hours_before_evidence_ends(desk: Desk) -> None:
    """Once, not a second early."""
    told = list[Timer]()

    def tell(_sitting: Sitting, _case: Case, timer: Timer) -> tuple[Letter, ...]:
        told.append(timer)
        return ()

    desk = replace(desk, remind=tell)
    dispute, began = escalated(desk, "kuaishou", "return_refund", T)
    clock.run_down(desk, began + 48 * HOUR - SECOND)
    assert not [timer for timer in told if timer.clock == "evidence"]
    for _ in range(2):
        clock.run_down(desk, began + 48 * HOUR)
    assert [timer.owner for timer in told if timer.clock == "evidence"] == ["both"]
    assert read(desk, dispute.id).state == "evidence"


def test_a_payment_that_failed_alarms_and_is_asked_for_again_under_its_key(desk: Desk) -> None:
    payment, began = failed(desk, "kuaishou", "refund_only", T)
    again = pass_time(desk, payment, began + 24 * HOUR)
    assert (again.state, again.facts["alarms"]) == ("asked", 1)


@pytest.mark.spec("KS-W03")
def test_silence_of_the_merchant_agrees_to_a_return(desk: Desk) -> None:
    """48 hours from the request, before 2023 and after."""
    for number, at in enumerate((DAY_2023 - SECOND, DAY_2023, T)):
        order(desk, at, id_=f"W{number}", shipped_at=at, signed_at=at)
        case = ask(desk, "return_refund", at, of=f"W{number}")
        assert pass_time(desk, case, at + 48 * HOUR - SECOND).state == "requested"
        after = pass_time(desk, case, at + 48 * HOUR)
        assert (after.state, after.facts["answer"]) == ("agreed", "agreed")


def test_what_the_platform_advanced_is_taken_after_five_days(desk: Desk) -> None:
    """Repaid within five days of the notice: nothing is taken; else from the shop's money."""
    advance, began = paid_by_platform(desk, "kuaishou", "return_refund", T)
    with desk.database.connect() as connection:
        assert cases.load(connection, [advance.id])[advance.id].facts["owed_fen"] == 3_000
    assert pass_time(desk, advance, began + 5 * DAY - SECOND).state == "noticed"
    taken = pass_time(desk, advance, began + 5 * DAY)
    assert (taken.state, taken.facts["taken_fen"], taken.facts["owed_fen"]) == ("taken", 3_000, 0)


def test_what_is_repaid_in_the_last_second_is_not_taken(desk: Desk) -> None:
    advance, began = paid_by_platform(desk, "kuaishou", "return_refund", T)
    assert do(desk, advance, "repay", "operator", began + 5 * DAY - SECOND, receipt="R").state == "repaid"
    assert pass_time(desk, advance, began + 6 * DAY).facts.get("taken_fen") is None


def test_intercepted_or_not_a_parcel_on_its_way_has_the_time_of_what_is_shipped(desk: Desk) -> None:
    order(desk, shipped_at=T)
    case = ask(desk)
    assert pass_time(desk, case, T + 48 * HOUR - SECOND).state == "requested"
    assert do(desk, case, "refuse", "merchant", T + 48 * HOUR - SECOND, **SHIPPED_REFUSAL).state == "refused"
