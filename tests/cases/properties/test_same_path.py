"""What the clock does is what a person would have done: the same case, the same payments, the same order after it; and what is
over is over, whoever comes."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from tianping.cases.case import Case
from tianping.errors import TianpingError
from tianping.policy.cases.flowing import Actor
from tianping.store.desk.schema import desk_deadline
from tianping.work.desk import clock
from tianping.work.desk.sitting import Desk, Sitting

from ..market import DAY, HOUR, SECOND, T, ask, do, events, family, order, pass_time, read

PLATFORMS = ("kuaishou", "douyin", "taobao", "tmall", "jd")
BY_HAND = "handled_by"
"""Who did it: of course another."""


def asked(desk: Desk, kind: str, of: str) -> Case:
    return ask(desk, kind, T, of=of, reason="wrong_item", goods_received=None if kind == "refund_only" else True)


def agreed(desk: Desk, kind: str, of: str) -> Case:
    return do(desk, asked(desk, kind, of), "agree", "merchant", T + HOUR)


def posted(desk: Desk, kind: str, of: str) -> Case:
    return do(desk, agreed(desk, kind, of), "post_back", "buyer", T + 2 * HOUR, return_waybill="W1", return_contact="Li")


def sent(desk: Desk, kind: str, of: str) -> Case:
    case = (
        agreed(desk, kind, of) if kind == "reissue" else do(desk, posted(desk, kind, of), "confirm", "merchant", T + 3 * HOUR)
    )
    return do(desk, case, "send_again", "merchant", T + 4 * HOUR, reship_waybill="W2")


def defaulted(desk: Desk, kind: str, of: str) -> Case:
    case = (
        agreed(desk, kind, of) if kind == "reissue" else do(desk, posted(desk, kind, of), "confirm", "merchant", T + 3 * HOUR)
    )
    return pass_time(desk, case, case.timers[0].due_at)


Way = Callable[[Desk, str, str], Case]
WAYS: tuple[tuple[Way, tuple[str, ...], str, Actor], ...] = (
    (asked, ("refund_only", "return_refund", "exchange", "reissue", "repair"), "agree", "merchant"),
    (posted, ("return_refund", "exchange", "repair"), "confirm", "merchant"),
    (sent, ("exchange", "reissue", "repair"), "sign_resent", "buyer"),
    (defaulted, ("exchange", "reissue", "repair"), "turn_to_refund", "buyer"),
)


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(
    ("way", "kind", "verb", "by"), [(way, kind, verb, by) for way, kinds, verb, by in WAYS for kind in kinds]
)
def test_by_a_person_and_by_the_clock(desk: Desk, way: Way, kind: str, verb: str, by: Actor, platform: str) -> None:
    """A person at the last second, the clock at the next, of two orders that are alike."""
    cases = {}
    for of in ("O1", "O2"):
        order(desk, T - DAY, id_=of, platform=platform, shipped_at=T - DAY, signed_at=T - DAY, warranty_days=365)
        cases[of] = way(desk, kind, of)
    due = min(timer.due_at for timer in cases["O1"].timers)
    do(desk, cases["O1"], verb, by, due - SECOND)
    assert pass_time(desk, cases["O2"], due).state == read(desk, cases["O1"].id).state
    assert events(desk, cases["O2"])[-1].doer.actor == "clock" or events(desk, cases["O2"])[-2].doer.actor == "clock"
    assert alike(desk, "O1") == alike(desk, "O2")


def alike(desk: Desk, of: str) -> Counter[str]:
    """All cases of an order, without ids, times and who did it."""

    def plain(value: Any) -> Any:
        return "then" if hasattr(value, "year") else value

    return Counter(
        f"{each.kind} {each.state} {[timer.clock for timer in each.timers]} "
        f"{sorted((name, plain(value)) for name, value in each.facts.items() if name != BY_HAND)}"
        for each in family(desk, f"order/{of}")
    )


def test_what_is_over_happens_before_a_case_is_opened(desk: Desk) -> None:
    """Signed ten days ago, the worker late: a request at that very second finds the deal succeeded, as it would in time."""
    order(desk, T, platform="tmall", shipped_at=T, signed_at=T)
    ask(desk, "return_refund", T + 10 * DAY + HOUR, reason="quality")
    done = events(desk, "order/O1")
    assert [event.verb for event in done] == ["place", "complete", "case_opened"]


def test_a_late_worker_gives_nobody_a_right(desk: Desk) -> None:
    """Tmall takes `not_wanted` while shipped, and no more once the deal has succeeded (TM-W06)."""
    order(desk, T, platform="tmall", shipped_at=T, signed_at=T)
    with pytest.raises(Exception, match="not accepted"):
        ask(desk, "return_refund", T + 10 * DAY + HOUR, reason="not_wanted", goods_received=True)


def test_only_what_was_over_has_lapsed(desk: Desk) -> None:
    """An exchange is signed for after an hour: its inspection is over after 48 hours, not its seven days."""
    order(desk, T - DAY, platform="douyin", shipped_at=T - DAY, signed_at=T - DAY)
    case = posted(desk, "exchange", "O1")
    do(desk, case, "return_signed", "platform", T + 3 * HOUR)
    pass_time(desk, case, T + 3 * HOUR + 48 * HOUR)
    with desk.database.connect() as connection:
        rows = connection.execute(select(desk_deadline).where(desk_deadline.c.case_id == case.id)).all()
    states = {row.clock: row.state for row in rows if row.clock.startswith("confirm_")}
    assert states == {"confirm_signed": "lapsed", "confirm_arrived": "met"}


def stuck(desk: Desk) -> Case:
    """An exchange that was not performed, of an order whose goods were all refunded, and whose postage was not."""
    order(desk, T - DAY, freight_fen=600, shipped_at=T - DAY, signed_at=T - DAY)
    case = defaulted(desk, "exchange", "O1")
    refund = ask(desk, "refund_only", case.changed_at, verb="settle", by="merchant", refund_fen=5_000, reason="not_wanted")
    payment = next(each for each in family(desk, refund) if each.kind == "payment")
    do(desk, payment, "succeed", "gateway", case.changed_at)
    return case


def test_a_default_is_refunded_though_the_order_is_closed(desk: Desk) -> None:
    case = stuck(desk)
    assert pass_time(desk, case, case.changed_at + 7 * DAY).ended_at


def test_a_failing_case_is_put_off_with_its_reminders(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """One clock of it fails, another is near: it fails once, and is looked at again after a pause."""
    order(desk, T - DAY, shipped_at=T - DAY, signed_at=T - DAY)
    case = defaulted(desk, "exchange", "O1")
    near = min(timer.remind_at for timer in case.timers if timer.clock == "turn" and timer.remind_at)
    clock.run_down(desk, case.changed_at)
    assert near > case.changed_at + 7 * DAY

    def fails(_desk: Sitting, id_: str) -> int:
        raise TianpingError("the flow is broken")

    monkeypatch.setattr(Sitting, "lapse", fails)
    failed = [clock.tick(desk, near).failed for _ in range(4)]
    assert failed == [1, 0, 0, 0]
