"""Ways through the flows, for tests: as few words as a person would need."""

import datetime as dt
from typing import Any

from tianping.cases.case import Case
from tianping.work.desk.sitting import Desk

from ..market import DAY, HOUR, REFUSAL, SECOND, T, ask, do, family, order, pass_time, read

PLATFORMS = ("kuaishou", "douyin", "jd")
SHIPPED = T - 5 * DAY
SIGNED = T - 2 * DAY


def had(desk: Desk, platform: str = "kuaishou", **facts: Any) -> Case:
    """An order of ¥50.00 that the buyer has had for two days."""
    given = {"shipped_at": SHIPPED, "signed_at": SIGNED, "paid_at": SHIPPED, "created_at": SHIPPED, **facts}
    return order(desk, platform=platform, **given)


def on_delivery(desk: Desk, platform: str = "kuaishou", **facts: Any) -> Case:
    """The same, paid on delivery."""
    return had(desk, platform, paid_at=None, cod=True, **facts)


def returned(desk: Desk, kind: str = "return_refund", at: dt.datetime = T, **takes: Any) -> Case:
    """A case of the order whose goods are on their way back, posted at `at` + 2 h."""
    case = ask(desk, kind, at, **takes)
    do(desk, case, "agree", "merchant", at + HOUR)
    return do(desk, case, "post_back", "buyer", at + 2 * HOUR, return_waybill="SF1")


def refused_one(desk: Desk, kind: str = "refund_only", at: dt.datetime = T, **takes: Any) -> Case:
    """A case that the merchant refused at `at` + 1 h."""
    return do(desk, ask(desk, kind, at, **takes), "refuse", "merchant", at + HOUR, **REFUSAL)


def passes(desk: Desk, case: Case | str, due: dt.datetime, before: str, after: str) -> Case:
    """Nothing is over one second before `due`, and all at `due`; the case then."""
    assert pass_time(desk, case, due - SECOND).state == before
    now = pass_time(desk, case, due)
    assert now.state == after
    return now


def payments(desk: Desk, case: Case) -> dict[str, int]:
    """The payments that a case has led to: purpose → fen (several of one purpose: their sum)."""
    sums: dict[str, int] = {}
    for each in family(desk, case):
        if each.kind == "payment" and each.parent_id == case.id:
            purpose = str(each.facts["purpose"])
            sums[purpose] = sums.get(purpose, 0) + int(each.facts["fen"])
    return sums


def paid_out(desk: Desk, case: Case, at: dt.datetime) -> Case:
    """The gateway pays all that a case asked of it; the case then."""
    for each in family(desk, case):
        if each.kind == "payment" and each.parent_id == case.id and each.state == "asked":
            do(desk, each, "succeed", "gateway", at, receipt="R1")
    return read(desk, case.id)


def children(desk: Desk, case: Case, kind: str) -> list[Case]:
    """The cases of a kind that a case has led to."""
    return [each for each in family(desk, case) if each.kind == kind and each.parent_id == case.id]
