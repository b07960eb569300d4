"""Every row of every platform's tables, reached by a real dispute: asked, refused, escalated, heard, found, judged.

The ways are made from the tables themselves; what must come out is written down here, from the specification's rows.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tianping.cases.case import Act, Case, Doer
from tianping.policy.cases.casebook import casebooks
from tianping.policy.cases.tables import Answers, TableVersion
from tianping.work.desk import disputes
from tianping.work.desk.sitting import CaseRefused, Desk, sitting

from ..market import DAY, HOUR, REFUSAL, SECOND, SHIPPED_REFUSAL, T, ask, do, family, order
from .hall import cited, does, parent, people, show

BOOKS = casebooks()
DAY_OF = T.date()
ASKED = "as asked"
M, B = "merchant", "buyer"


class Expected(NamedTuple):
    """Whose liability, what is done, who bears the freight there and back; from the rows named."""

    liability: str
    remedy: str
    outbound: str | None
    back: str | None
    spec: str


CLAIM_STANDS = Expected("seller", ASKED, M, M, "KS-W09, KS-W20, DY-D09")
CLAIM_FAILS = Expected("buyer", "reject", None, None, "DY-D06, KS-W14")
NO_VALID_EVIDENCE = Expected("seller", ASKED, M, M, "KS-W16")
UNPROVEN = Expected("none", "return_refund", M, B, "DY-D04, DY-D05, DY-D07")
EVIDENCE = {"proven": CLAIM_STANDS, "disproven": CLAIM_FAILS, "nobody_shows": NO_VALID_EVIDENCE}
SHARED: Mapping[str, Mapping[str, Expected]] = {
    "quality": EVIDENCE,
    "contents": EVIDENCE,
    "shipment": {
        "late": Expected("seller", "refund_only", M, None, "DY-D08"),
        "waiting": Expected("none", "refund_only", None, None, "DY-D15: unshipped is refunded at once; D08: not late yet"),
        "fake": Expected("seller", "refund_only", M, M, "DY-D08"),
        "true": Expected("buyer", "reject", None, None, "DY-D08: neither late nor fake"),
        "shipped_late": Expected("none", "reject", None, None, "DY-D08: late, but not fake"),
    },
    "delivery": {
        "not_received": Expected("seller", "refund_only", M, M, "DY-D11"),
        "differs": Expected("seller", ASKED, M, M, "DY-D11"),
        "buyers_fault_back": Expected("buyer", "refund_only", B, B, "DY-D10"),
        "buyers_fault_gone": Expected("buyer", "reject", B, B, "DY-D10"),
        "delivered": Expected("none", "reject", None, None, "DY-D11 does not hold"),
    },
    "no_reason": {
        "unshipped": Expected("seller", "refund_only", M, None, "DY-D15"),
        "too_late": CLAIM_FAILS,
        "promised": Expected("seller", "return_refund", B, B, "KS-W13"),
        "promised_not_intact": CLAIM_FAILS,
        "in_time": Expected("seller", "return_refund", B, B, "KS-W11, W06"),
        "not_intact": CLAIM_FAILS,
        "unsupported": CLAIM_FAILS,
        "not_shown": Expected("seller", "return_refund", B, B, "KS-W11: it must be shown on the page"),
    },
    "returned": {
        "buyers_fault": Expected("buyer", "reject", None, B, "DY-D12"),
        "in_order": Expected("seller", ASKED, M, M, "DY-D09"),
        "in_order_own_wish": Expected("seller", ASKED, B, B, "KS-W06, W11: D09 is of quality, mismatch, fake"),
    },
    "merchant_default": {
        "default": Expected("seller", "refund_only", M, M, "DY-D13"),
        "none": Expected("none", "reject", None, None, "DY-D13 does not hold"),
    },
    "other": {**EVIDENCE, "nobody_shows": Expected("none", "reject", None, None, "ours: no rule says otherwise")},
}
OWN: Mapping[str, Mapping[str, Mapping[str, Expected]]] = {
    "kuaishou": {
        "quality": {
            "quality": CLAIM_STANDS,
            "parts_missing": Expected("seller", "partial_refund", M, M, "KS-W09"),
            "disproven": CLAIM_FAILS,
            "no_valid_evidence": NO_VALID_EVIDENCE,
        },
        "damaged": {
            "in_transit": Expected("seller", ASKED, M, M, "KS-W10"),
            "after_signing": CLAIM_FAILS,
            "unknown_shown": Expected("none", "reject", None, None, "KS-W16: it has valid evidence"),
            "unknown_silent": NO_VALID_EVIDENCE,
        },
        "guarantee": {
            "promise": Expected("seller", ASKED, M, M, "KS-W13"),
            "national": Expected("seller", ASKED, M, M, "KS-W12"),
            "national_excludes": CLAIM_FAILS,
            "local": Expected("seller", ASKED, M, M, "KS-W12"),
            "not_covered": CLAIM_FAILS,
        },
        "other": {"proven": CLAIM_STANDS, "disproven": CLAIM_FAILS, "no_valid_evidence": NO_VALID_EVIDENCE},
    },
    "douyin": {
        "quality": {
            "visible": CLAIM_STANDS,  # D02, D09, D16
            "hidden": CLAIM_STANDS,
            "photos_do_not_suffice": UNPROVEN,  # D02: a report; so D05
            "visible_not_shown": UNPROVEN,
            "merchant_shows_hidden": CLAIM_FAILS,  # D06
            "merchant_shows_visible": CLAIM_FAILS,
            "no_quality_problem": CLAIM_FAILS,  # D16
        },
        "not_as_described": {
            "proven": Expected("seller", "return_refund", M, M, "DY-D03"),
            "freight_open": UNPROVEN,  # D04
            "not_agreed": UNPROVEN,  # D05
            "merchants_evidence": CLAIM_FAILS,  # D06
            "no_evidence": UNPROVEN,
        },
        "counterfeit": {
            "danger_proven": CLAIM_STANDS,
            "danger": Expected("none", ASKED, M, M, "DY-D07: the platform assists the buyer"),
            "proven": CLAIM_STANDS,  # D09, D16
            "genuine": CLAIM_FAILS,
            "neither": UNPROVEN,
        },
        "contents": {"proven": CLAIM_STANDS, "disproven": CLAIM_FAILS, "nobody_shows": UNPROVEN},
    },
}  # fmt: skip


class Way(NamedTuple):
    """To a row: by these answers. `silent`: the merchant shows nothing at all."""

    platform: str
    table: str
    row: str
    answers: Answers
    silent: bool


def version(platform: str, table: str) -> TableVersion:
    return BOOKS[platform].tables[table].at(DAY_OF)


def ways() -> Iterator[Way]:
    """To every row, by its first combination; and again by silence, where the merchant's proof is none."""
    for platform, book in sorted(BOOKS.items()):
        for table in book.tables:
            first: dict[str, Answers] = {}
            for answers in version(platform, table).combinations():
                (row,) = version(platform, table).fitting(answers)
                first.setdefault(row, answers)
            for row, answers in first.items():
                yield Way(platform, table, row, answers, silent=False)
                if answers.get("merchant_proof") == "none" and platform != "kuaishou":
                    yield Way(platform, table, row, answers, silent=True)


WAYS = list(ways())


def expected(way: Way) -> Expected:
    return {**SHARED, **OWN.get(way.platform, {})}[way.table][way.row]


class Scene(NamedTuple):
    """What was bought and asked: the order's facts, when it was asked for, what and why."""

    order: Mapping[str, Any] = {"shipped_at": T - 2 * DAY, "signed_at": T - DAY}
    at: dt.datetime = T
    kind: str = "return_refund"
    reason: str = ""
    created: dt.datetime = T - 3 * DAY


def scene(way: Way) -> Scene:
    """A scene in which facts alone answer the questions that no adjudicator is asked, as the way says."""
    answers = way.answers
    if way.table == "shipment":
        return _shipment(answers["shipped"])
    if way.table == "delivery":
        return Scene({"shipped_at": T - 2 * DAY}, kind="refund_only")
    if way.table == "no_reason":
        return _no_reason(answers)
    if way.table == "returned":
        return Scene(reason={"own_wish": "not_wanted", "claim": "quality"}[answers["cause"]])
    if way.table == "merchant_default":
        return Scene(reason="quality")
    return Scene()


def _shipment(shipped: str) -> Scene:
    """Asked 73 hours after the order, but for those that wait."""
    created = T - 73 * HOUR
    at = {"shipped": created + 48 * HOUR - SECOND, "shipped_late": created + 48 * HOUR}.get(shipped)
    facts = {"shipped_at": at} if at else {}
    if shipped == "waiting":  # on Tmall one cannot complain of lateness so early
        return Scene(facts, created + 48 * HOUR - SECOND, "refund_only", "out_of_stock", created)
    return Scene(facts, T, "refund_only", "late_shipment", created)


def _no_reason(answers: Answers) -> Scene:
    if answers["state"] == "unshipped":
        return Scene({}, kind="refund_only", reason="not_wanted")
    signed = T - (DAY if answers["state"] == "in_time" else 9 * DAY)
    facts: dict[str, Any] = {"shipped_at": signed - DAY, "signed_at": signed, "intact_shown": answers["shown"] == "shown"}
    facts["seven_days"] = answers["support"] == "supported"
    if answers["promise"] == "better":
        facts["promise_return_days"] = 30
    return Scene(facts, kind="return_refund", reason="not_wanted", created=signed - 2 * DAY)


def raised(desk: Desk, way: Way) -> Case:
    """A dispute by that way, from the request on."""
    people(desk)
    seen = scene(way)
    reason = seen.reason or next(iter(version(way.platform, way.table).reasons))
    placed: dict[str, Any] = {"created_at": seen.created, "paid_at": seen.created, "freight_fen": 500}
    order(desk, seen.at, platform=way.platform, **placed, **seen.order)
    goods: dict[str, Any] = {"goods_received": True} if seen.kind == "return_refund" else {}
    case = ask(desk, seen.kind, seen.at, reason=reason, **goods)
    at = seen.at + HOUR
    if way.table == "returned":
        do(desk, case, "agree", "merchant", at)
        do(desk, case, "post_back", "buyer", at, return_waybill="R1", return_contact="O1, 138")
        do(desk, case, "dispute_receipt", "merchant", at, **REFUSAL)
    else:
        do(desk, case, "refuse", "merchant", at, **(SHIPPED_REFUSAL if seen.kind == "refund_only" else REFUSAL))
    do(desk, case, "escalate", "buyer", seen.at + (72 if way.platform == "tmall" else 2) * HOUR)
    return next(each for each in family(desk, case) if each.kind == "dispute")


def heard(desk: Desk, home: Path, way: Way) -> Case:
    """With the evidence of those who show something, at the end of its time."""
    case = raised(desk, way)
    at = case.opened_at
    if "none" not in (way.answers.get("proof"), way.answers.get("buyer_proof")):
        show(desk, home, case, "buyer", at)
    if not way.silent:
        show(desk, home, case, "merchant", at)
    with sitting(desk, at + 72 * HOUR) as sat:
        sat.lapse(case.id)
        return sat.cases[case.id]


@pytest.mark.parametrize("way", WAYS, ids=[f"{w.platform}-{w.table}-{w.row}{'-silent' * w.silent}" for w in WAYS])
def test_every_row_is_reached_by_a_dispute_and_rules_as_the_specification_says(desk: Desk, tmp_path: Path, way: Way) -> None:
    case = heard(desk, tmp_path, way)
    assert case.state == "judging"
    at = case.changed_at + HOUR
    facts: dict[str, Any] = {
        q.fact: way.answers[name] for name, q in version(way.platform, way.table).questions.items() if q.fact
    }
    claim: dict[str, Any] = {} if version(way.platform, way.table).reasons else {"claim": way.table}
    found = does(desk, case, "find", "Anna", at, **claim, **facts)
    ruling = expected(way)
    remedy = case.facts["asked"] if ruling.remedy == ASKED else ruling.remedy
    proposed = tuple(found.facts[f"proposed_{each}"] for each in ("rule", "liability", "remedy"))
    assert proposed == (f"{way.table}/{way.row}", ruling.liability, remedy)
    sum_: dict[str, Any] = {"refund_fen": 1_000} if remedy == "partial_refund" else {}
    over = does(
        desk, case, "verdict", "Anna", at, liability=ruling.liability, remedy=remedy, evidence_ids=cited(desk, case), **sum_
    )
    told = tuple(over.facts.get(f"{each}_by_merchant") for each in ("outbound", "return"))
    assert told == tuple(None if each is None else each == M for each in (ruling.outbound, ruling.back))
    above = parent(desk, over)
    assert (above.facts["liability"], above.facts["remedy"], above.facts["judged_at"]) == (ruling.liability, remedy, at)
    assert above.state in {"reject": ("closed",), "refund_only": ("refunding", "awaiting_voucher")}.get(remedy, (above.state,))


def test_every_row_is_expected_and_every_expectation_a_row() -> None:
    for platform, book in BOOKS.items():
        said = {**SHARED, **OWN.get(platform, {})}
        assert {name: set(version(platform, name).rows) for name in book.tables} == {
            name: set(said[name]) for name in book.tables
        }, platform


@pytest.mark.parametrize(("late", "refused_by", "row"), [(SECOND * 0, "", "in_time"), (SECOND, "seven_days_time", "too_late")])
def test_the_last_second_of_the_seven_days_is_one_to_the_guard_and_to_the_table(
    desk: Desk, late: dt.timedelta, refused_by: str, row: str
) -> None:
    """Signed at 16:00: from midnight seven times 24 hours, to the very second (reading rule 2)."""
    at = T + 8 * HOUR + 7 * DAY + late
    people(desk)
    for of in ("O1", "O2"):
        order(desk, T, id_=of, created_at=T - 3 * DAY, shipped_at=T - DAY, signed_at=T, seven_days=True)
    case = ask(desk, "return_refund", at, of="O2", reason="not_wanted")
    do(desk, case, "refuse", "merchant", at, **REFUSAL)
    do(desk, case, "escalate", "buyer", at)
    dispute = next(each for each in family(desk, case) if each.kind == "dispute")
    with sitting(desk, at) as sat:
        assert disputes.view(sat, sat.case(dispute.id)).answers["state"] == row
    asked = Act("request", Doer("buyer"), {"reason": "seven_days", "refund_fen": 3_000, "intact": True})
    said = ""
    try:
        with sitting(desk, at) as sat:
            sat.open("return_refund", asked, platform="kuaishou", shop_id="S1", order_id="O1")
    except CaseRefused as error:
        said = error.refusal.guard
    assert said == refused_by
