"""The desk's cases in the figures, reckoned by hand: through the feed and a close, KS-M17 to KS-M23."""

import datetime as dt
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tianping.cases.case import Case
from tianping.policy.load import packs
from tianping.policy.model import Pack
from tianping.work.closing.close import Asked, close
from tianping.work.closing.closed import Filter, read
from tianping.work.desk.feeding import feed
from tianping.work.desk.sitting import Desk
from tianping.work.home import Home

from ..disputes.hall import does, people, show
from ..flows.walks import children, paid_out
from ..market import DAY, HOUR, REFUSAL, SECOND, T, ask, do, order, pass_time
from ..market import read as case_of
from .test_feeding import known

LAST = T + 25 * DAY
HOURS = 3_600
NONE = (0, 0)


@cache
def rules() -> dict[str, Pack]:
    return dict(packs())


def figures(home: Home) -> dict[str, tuple[int, int]]:
    """Numerator and denominator of the shop's figures of 30 days: metric, metric/variant. What had nothing to count is NONE."""
    feed(home, LAST)
    done = close(home, rules(), Asked(dt.date(2024, 3, 27)), at=LAST)
    found = read(home, done, Filter(platform="kuaishou", by="shop", subject="S1", days=30))
    return {
        f"{row['metric']}{row['variant'] and '/'}{row['variant']}": (int(str(row["numerator"])), int(str(row["denominator"])))
        for row in found
        if row["numerator"] is not None and row["denominator"]
    }


def times(found: dict[str, tuple[int, int]]) -> list[tuple[int, int]]:
    """KS-M17, M18, M19: seconds, of how many cases."""
    names = ("refund_only_time", "return_refund_time", "return_refund_time/merchant_hands")
    return [found.get(name, NONE) for name in names]


def disputed(found: dict[str, tuple[int, int]]) -> list[tuple[int, int]]:
    """KS-M20, M21 (of orders paid), M22 (of refunds ended), M23 (refused, of refunds requested)."""
    names = ("dispute_rate", "liable_dispute_rate", "liable_dispute_rate/of_ended", "refusal_rate")
    return [found.get(name, NONE) for name in names]


def bought(desk: Desk, id_: str = "O1", **facts: Any) -> None:
    """Ordered, paid and signed for before T."""
    given = {"created_at": T - 2 * DAY, "paid_at": T - 2 * DAY, "shipped_at": T - DAY, "signed_at": T - HOUR, **facts}
    order(desk, T, id_=id_, channel="self_built", **given)


def voluntary_return(desk: Desk, of: str) -> None:
    """24 hours, 8 of them with the buyer: agreed after 2, posted after 10, signed after 20, confirmed and paid after 24."""
    bought(desk, of)
    case = ask(desk, "return_refund", T, of=of)
    do(desk, case, "agree", "merchant", T + 2 * HOUR)
    do(desk, case, "post_back", "buyer", T + 10 * HOUR, return_waybill="R1")
    do(desk, case, "return_signed", "platform", T + 20 * HOUR)
    do(desk, case, "confirm", "merchant", T + 24 * HOUR)
    paid_out(desk, case, T + 24 * HOUR)


def in_dispute(desk: Desk, folder: Path, case: Case) -> tuple[Case, dt.datetime]:
    """Refused after an hour, escalated after two, both showed something; and when the evidence has ended."""
    people(desk)
    do(desk, case, "refuse", "merchant", case.opened_at + HOUR, **REFUSAL)
    do(desk, case, "escalate", "buyer", case.opened_at + 2 * HOUR)
    (dispute,) = children(desk, case, "dispute")
    for party in ("buyer", "merchant"):
        show(desk, folder, dispute, party, dispute.opened_at)
    at = dispute.opened_at + 72 * HOUR
    return pass_time(desk, dispute, at), at


def judged(desk: Desk, dispute: Case, at: dt.datetime, remedy: str, liability: str = "seller", **takes: Any) -> Case:
    """By Anna, whatever the table says."""
    does(desk, dispute, "find", "Anna", at, buyer_proof="proves", parts="complete")
    given = {"liability": liability, "remedy": remedy, "departure": "as it seems to me", "evidence_ids": "1", **takes}
    return does(desk, dispute, "verdict", "Anna", at, **given)


def came_back(desk: Desk, case: Case, at: dt.datetime) -> dt.datetime:
    """The buyer posts it, the merchant confirms a day later, it is paid at once; when that was."""
    do(desk, case, "post_back", "buyer", at, return_waybill="R1")
    do(desk, case, "confirm", "merchant", at + DAY)
    paid_out(desk, case, at + DAY)
    return at + DAY


@pytest.mark.spec("KS-M17")
def test_a_refund_that_an_exchange_became_began_when_the_exchange_was_asked_for(home: Home, here: Desk) -> None:
    """One of 1 hour, one of 3, and one of 52, which the merchant let an exchange become."""
    for of, hours in (("O1", 1), ("O2", 3)):
        bought(here, of)
        case = ask(here, "refund_only", T, of=of)
        do(here, case, "agree", "merchant", T + hours * HOUR)
        paid_out(here, case, T + hours * HOUR)
    bought(here, "O3")
    exchange = ask(here, "exchange", T, of="O3", refund_fen=None)
    do(here, exchange, "agree", "merchant", T + HOUR)
    do(here, exchange, "post_back", "buyer", T + 2 * HOUR, return_waybill="R1")
    do(here, exchange, "confirm", "merchant", T + 3 * HOUR)
    assert pass_time(here, exchange, T + 51 * HOUR).state == "defaulted"
    do(here, exchange, "turn_to_refund", "buyer", T + 52 * HOUR)
    (refund,) = children(here, exchange, "refund_only")
    paid_out(here, refund, T + 52 * HOUR)
    found = figures(home)
    assert times(found) == [((1 + 3 + 52) * HOURS, 3), NONE, NONE]
    assert disputed(found) == [(0, 3), (0, 3), (0, 3), (0, 3)]
    columns = "case_id, kind, reason, opened_by, requested_at, answered_at, agreed_at, outcome"
    told = {row[0]: row[1:] for row in known(home, columns)}
    assert told[refund.id] == ("refund_only", "quality", "buyer", T, T + HOUR, T + HOUR, "refunded")
    assert told[exchange.id][-1] == "closed"


@pytest.mark.spec("KS-M18", "KS-M19")
def test_a_return_that_a_verdict_ordered_is_no_return_of_the_merchants_own(home: Home, here: Desk, tmp_path: Path) -> None:
    """A refund disputed and judged a return: one refund asked, refused, escalated, liable, ended; beside it a voluntary one."""
    voluntary_return(here, "O2")
    bought(here)
    asked = ask(here, "refund_only", T)
    dispute, at = in_dispute(here, tmp_path, asked)
    judged(here, dispute, at, "return_refund")
    (returned,) = children(here, asked, "return_refund")
    under_way = figures(home)  # judged, and not yet ended
    assert (times(under_way), disputed(under_way)) == (
        [NONE, (16 * HOURS, 1), (6 * HOURS, 1)],
        [(1, 2), (1, 2), (0, 1), (1, 2)],
    )
    ended = came_back(here, returned, at + HOUR)
    found = figures(home)
    assert times(found) == [NONE, (16 * HOURS, 1), (6 * HOURS, 1)]
    assert disputed(found) == [(1, 2), (1, 2), (1, 2), (1, 2)]
    columns = "case_id, kind, requested_at, answer, escalated_at, judged_at, liability, ended_at, outcome, refund_fen"
    told = {row[0]: row[1:] for row in known(home, columns)}
    assert returned.id not in told
    assert told[asked.id] == ("refund_only", T, "refused", T + 2 * HOUR, at, "seller", ended, "refunded", 3_000)


@pytest.mark.spec("KS-M20", "KS-M21", "KS-M22")
def test_an_exchange_that_a_verdict_made_a_refund_counts_once(home: Home, here: Desk, tmp_path: Path) -> None:
    bought(here)
    exchange = ask(here, "exchange", T, refund_fen=3_000)
    dispute, at = in_dispute(here, tmp_path, exchange)
    judged(here, dispute, at, "refund_only", refund_fen=3_000)
    (refund,) = children(here, exchange, "refund_only")
    paid_out(here, refund, at + HOUR)
    found = figures(home)
    assert (times(found), disputed(found)) == ([NONE, NONE, NONE], [(1, 1), (1, 1), (1, 1), (1, 1)])


@pytest.mark.spec("KS-M21")
def test_a_liability_that_fell_on_appeal_falls_in_the_row_of_the_refund(home: Home, here: Desk, tmp_path: Path) -> None:
    """Only the case that was disputed hears of it; the return that came of it goes on."""
    bought(here)
    asked = ask(here, "refund_only", T)
    dispute, at = in_dispute(here, tmp_path, asked)
    judged(here, dispute, at, "return_refund")
    assert disputed(figures(home))[1] == (1, 1)
    does(here, dispute, "appeal", "Merchant", at + HOUR, by="merchant", appeal_text="x")
    given: dict[str, Any] = {
        "liability": "none",
        "departure": "a late report",
        "evidence_ids": "1",
        "ruling": "quality/disproven",
    }
    does(here, dispute, "shift_liability", "Bo", at + 2 * HOUR, by="adjudicator", **given)
    (returned,) = children(here, asked, "return_refund")
    came_back(here, returned, at + DAY)
    found = figures(home)
    assert disputed(found) == [(1, 1), (0, 1), (0, 1), (1, 1)]
    assert known(home, "outcome, liability, overturned_at") == [("refunded", "seller", at + 2 * HOUR)]


def test_a_merchants_silence_is_in_the_figures_once(home: Home, here: Desk) -> None:
    """KS-W16: found liable by the clock; the return that follows is the same refund."""
    people(here)
    bought(here)
    asked = ask(here, "return_refund", T)
    do(here, asked, "refuse", "merchant", T + HOUR, **REFUSAL)
    do(here, asked, "escalate", "buyer", T + 2 * HOUR)
    (dispute,) = children(here, asked, "dispute")
    pass_time(here, dispute, T + 74 * HOUR)
    came_back(here, case_of(here, asked.id), T + 80 * HOUR)
    found = figures(home)
    assert (times(found), disputed(found)) == ([NONE, NONE, NONE], [(1, 1), (1, 1), (1, 1), (1, 1)])


@pytest.mark.spec("KS-M19")
@pytest.mark.parametrize("late", [SECOND * 0, HOUR], ids=["on time", "an hour late"])
def test_a_worker_that_comes_late_makes_no_merchant_slower(home: Home, here: Desk, late: dt.timedelta) -> None:
    """The answer (48 h) and the confirmation (7 d from the waybill) happened when their time was over. The end is when the
    money was there: in KS-M17 and M18 an outage shows as far as the money came late."""
    bought(here, "O1")
    bought(here, "O2")
    back, only = ask(here, "return_refund", T, of="O1"), ask(here, "refund_only", T, of="O2")
    pass_time(here, back, T + 48 * HOUR + late)
    pass_time(here, only, T + 48 * HOUR + late)
    paid_out(here, only, T + 48 * HOUR + late)
    do(here, back, "post_back", "buyer", T + 60 * HOUR, return_waybill="R1")
    do(here, back, "return_signed", "platform", T + 80 * HOUR)
    confirmed = T + 60 * HOUR + 7 * DAY
    pass_time(here, back, confirmed + late)
    paid_out(here, back, confirmed + late)
    money = int(late.total_seconds())
    assert times(figures(home)) == [
        (48 * HOURS + money, 1),
        ((60 + 168) * HOURS - 12 * HOURS + money, 1),  # 12 h from the agreement to the waybill
        (48 * HOURS + (60 + 168 - 80) * HOURS, 1),
    ]
    columns = "case_id, answered_at, agreed_at, received_at"
    told = {row[0]: row[1:] for row in known(home, columns)}
    assert told[back.id] == (T + 48 * HOUR, T + 48 * HOUR, confirmed)
    assert told[only.id] == (T + 48 * HOUR, T + 48 * HOUR, None)
