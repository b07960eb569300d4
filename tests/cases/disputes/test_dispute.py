"""A dispute from its raising to the end: evidence, silence, verdict, appeal, every clock at its very second."""

from pathlib import Path
from typing import Any

import pytest

from tianping.cases.case import Case
from tianping.cases.liability import Open, Proposal
from tianping.policy.cases.flowing import Actor
from tianping.work.desk import disputes, evidence
from tianping.work.desk.sitting import Desk, sitting

from ..market import DAY, HOUR, REFUSAL, SECOND, T, ask, do, events, family, order, pass_time, read, refused
from .hall import CLOSED, RAISED, cited, denied, dispute, does, heard, judged, lying, parent, people, show

PROVEN: dict[str, Any] = {"buyer_proof": "proves", "merchant_proof": "none", "parts": "complete"}
DISPROVEN: dict[str, Any] = {"buyer_proof": "none", "merchant_proof": "proves", "parts": "complete"}


def test_while_it_runs_the_case_has_no_ordinary_verbs(desk: Desk) -> None:
    case = dispute(desk)
    above = parent(desk, case)
    assert above.state == "disputed"
    for verb, actor in (("agree", "merchant"), ("withdraw", "buyer"), ("agree", "clock"), ("agree", "platform")):
        assert refused(desk, above, verb, actor, RAISED + HOUR) == "state"  # type: ignore[arg-type]


def test_evidence_is_shown_for_72_hours_and_the_parties_reminded_24_before(desk: Desk, tmp_path: Path) -> None:
    case = dispute(desk)
    (timer,) = case.timers
    assert (timer.due_at, timer.remind_at, timer.owner) == (RAISED + 72 * HOUR, RAISED + 48 * HOUR, "both")
    show(desk, tmp_path, case, "merchant", CLOSED - SECOND)
    assert pass_time(desk, case, CLOSED - SECOND).state == "evidence"
    assert pass_time(desk, case, CLOSED).state == "judging"


def test_evidence_is_a_file_and_never_a_verb_alone(desk: Desk) -> None:
    case = dispute(desk)
    assert denied(desk, case, "submit_merchant", "Merchant", RAISED, by="merchant") == "evidence"


@pytest.mark.spec("KS-W16")
def test_a_merchant_who_shows_nothing_in_time_is_liable(desk: Desk, tmp_path: Path) -> None:
    case = dispute(desk)
    show(desk, tmp_path, case, "buyer")
    assert pass_time(desk, case, CLOSED - SECOND).state == "evidence"
    over = pass_time(desk, case, CLOSED)
    assert (over.state, over.facts["merchant_silent"], over.facts["liability"]) == ("judged", True, "seller")
    assert [each.verb for each in events(desk, case)][-2:] == ["close_evidence", "presume_liable"]
    above = parent(desk, case)
    assert (above.facts["liability"], above.facts["judged_at"], above.state) == ("seller", CLOSED, "agreed")
    assert above.facts["return_by_merchant"] is True


@pytest.mark.parametrize("platform", ["douyin", "taobao", "tmall", "jd"])
def test_elsewhere_silence_goes_to_the_judge(desk: Desk, tmp_path: Path, platform: str) -> None:
    case = dispute(desk, platform=platform)
    show(desk, tmp_path, case, "buyer")
    assert pass_time(desk, case, CLOSED - SECOND).state == "evidence"
    over = pass_time(desk, case, CLOSED)
    assert (over.state, over.facts.get("merchant_silent"), over.facts.get("liability")) == ("judging", None, None)
    assert parent(desk, case).state == "disputed"


@pytest.mark.spec("KS-W16")
def test_a_merchant_whose_evidence_is_not_valid_is_liable(desk: Desk, tmp_path: Path) -> None:
    case = heard(desk, tmp_path, "merchant", "buyer")
    over = judged(desk, case, buyer_proof="none", merchant_proof="none", parts="complete")
    assert (over.facts["ruling"], over.facts["liability"]) == ("quality/no_valid_evidence", "seller")


def test_an_absent_buyer_has_shown_nothing_and_the_merchants_evidence_decides(desk: Desk, tmp_path: Path) -> None:
    case = heard(desk, tmp_path, "merchant")
    assert case.state == "judging"
    over = judged(desk, case, merchant_proof="proves")  # nobody need say what the buyer showed
    assert (over.facts["ruling"], over.facts["remedy"]) == ("quality/disproven", "reject")
    assert parent(desk, case).state == "closed"


def test_a_verdict_is_in_force_at_once_and_final_after_seven_days(desk: Desk, tmp_path: Path) -> None:
    at = CLOSED + HOUR
    case = judged(desk, heard(desk, tmp_path, "buyer", "merchant"), at, **PROVEN)
    assert (case.state, parent(desk, case).state) == ("judged", "agreed")
    assert parent(desk, case).facts["liability"] == "seller"
    assert pass_time(desk, case, at + 7 * DAY - SECOND).state == "judged"
    assert pass_time(desk, case, at + 7 * DAY).state == "in_force"


def test_no_verdict_in_five_days_goes_to_a_senior_and_then_to_the_platforms_cost(desk: Desk, tmp_path: Path) -> None:
    case = heard(desk, tmp_path, "merchant", kind="refund_only")
    assert pass_time(desk, case, CLOSED + 5 * DAY - SECOND).state == "judging"
    late = pass_time(desk, case, CLOSED + 5 * DAY)
    assert (late.state, late.timers[0].owner) == ("senior", "senior")
    assert denied(desk, case, "find", "Anna", CLOSED + 6 * DAY, **DISPROVEN) == "who"
    assert denied(desk, case, "find", "Anna", CLOSED + 6 * DAY, by="senior", **DISPROVEN) == ""
    assert pass_time(desk, case, CLOSED + 10 * DAY - SECOND).state == "senior"
    over = pass_time(desk, case, CLOSED + 10 * DAY)
    assert (over.state, over.facts["liability"], over.facts["borne_by"]) == ("judged", "none", "platform")
    (payment,) = (each for each in family(desk, case) if each.kind == "payment")
    assert (payment.facts["fen"], payment.facts["borne_by"]) == (3_000, "platform")
    assert denied(desk, case, "appeal", "Merchant", CLOSED + 10 * DAY, by="merchant", appeal_text="x") == "lost"


def test_only_who_lost_appeals_once_within_seven_days(desk: Desk, tmp_path: Path) -> None:
    at = CLOSED + HOUR
    case = judged(desk, heard(desk, tmp_path, "buyer", "merchant"), at, **PROVEN)
    assert denied(desk, case, "appeal", "Buyer", at, by="buyer", appeal_text="more") == "lost"
    assert denied(desk, case, "appeal", "Merchant", at + 7 * DAY - SECOND, by="merchant", appeal_text="x") == ""
    assert does(desk, case, "uphold", "Bo", at + 7 * DAY, note="right").state == "upheld"
    assert denied(desk, case, "appeal", "Merchant", at + 7 * DAY, by="merchant", appeal_text="x") == "state"


def test_an_appeal_after_seven_days_finds_the_verdict_in_force(desk: Desk, tmp_path: Path) -> None:
    at = CLOSED + HOUR
    case = judged(desk, heard(desk, tmp_path, "buyer", "merchant"), at, **PROVEN)
    assert denied(desk, case, "appeal", "Merchant", at + 7 * DAY, by="merchant", appeal_text="x") == "state"
    assert read(desk, case.id).state == "in_force"


def test_a_buyer_who_was_refused_appeals_and_the_merchant_does_not(desk: Desk, tmp_path: Path) -> None:
    case = judged(desk, heard(desk, tmp_path, "buyer", "merchant"), **DISPROVEN)
    assert denied(desk, case, "appeal", "Merchant", CLOSED + DAY, by="merchant", appeal_text="x") == "lost"
    after = does(desk, case, "appeal", "Buyer", CLOSED + DAY, by="buyer", appeal_text="x", appealed_by="seller")
    assert after.facts["appealed_by"] == "buyer"  # who acts says it, not what is handed in


def test_an_appeal_not_decided_in_time_goes_to_a_senior_and_then_the_verdict_stands(desk: Desk, tmp_path: Path) -> None:
    at = CLOSED + DAY
    case = judged(desk, heard(desk, tmp_path, "buyer", "merchant"), **PROVEN)
    does(desk, case, "appeal", "Merchant", at, by="merchant", appeal_text="x")
    assert pass_time(desk, case, at + 5 * DAY - SECOND).state == "appealed"
    assert pass_time(desk, case, at + 5 * DAY).state == "appeal_senior"
    assert pass_time(desk, case, at + 10 * DAY - SECOND).state == "appeal_senior"
    assert pass_time(desk, case, at + 10 * DAY).state == "upheld"


def test_nobody_decides_what_they_judged_or_appealed(desk: Desk, tmp_path: Path) -> None:
    at = CLOSED + DAY
    case = judged(desk, heard(desk, tmp_path, "buyer", "merchant"), who="Anna", **PROVEN)
    does(desk, case, "appeal", "Merchant", at, by="merchant", appeal_text="x")
    assert denied(desk, case, "uphold", "Anna", at, note="x") == "another"
    assert denied(desk, case, "find", "Anna", at, **DISPROVEN) == "another"
    assert denied(desk, case, "uphold", "Merchant", at, note="x") == "apart"
    assert denied(desk, case, "uphold", "Anna", at, note="x", decided_by=99) == "another"  # a number handed in says nothing
    assert denied(desk, case, "uphold", "Bo", at, note="x") == ""


def test_who_acted_for_a_party_cannot_judge(desk: Desk, tmp_path: Path) -> None:
    case = dispute(desk)
    show(desk, tmp_path, case, "merchant")
    assert denied(desk, case, "concede", "Chi", RAISED + HOUR, by="merchant") == ""
    assert denied(desk, case, "close_settled", "Chi", RAISED + HOUR) == "apart"
    assert denied(desk, case, "find_liable", "Chi", RAISED + HOUR, note="x") == "apart"
    assert denied(desk, case, "find_liable", "Anna", RAISED + HOUR, note="x") == ""


def test_who_showed_evidence_for_a_party_cannot_turn_the_dispute_away(desk: Desk, tmp_path: Path) -> None:
    case = dispute(desk)
    account = people(desk)["Chi"]
    with lying(desk, tmp_path) as laid, sitting(desk, RAISED) as sat:
        evidence.add(sat, case.id, "merchant", account, laid)
    assert denied(desk, case, "turn_away", "Chi", RAISED, note="x") == "apart"
    assert denied(desk, case, "turn_away", "Anna", RAISED, note="x") == ""


def test_a_verdict_needs_findings_first_and_an_account(desk: Desk, tmp_path: Path) -> None:
    case = heard(desk, tmp_path, "merchant")
    given: dict[str, Any] = {
        "liability": "buyer",
        "remedy": "reject",
        "ruling": "quality/disproven",
        "evidence_ids": cited(desk, case),
    }
    assert denied(desk, case, "verdict", "Anna", CLOSED, **given) == "proposed"
    does(desk, case, "find", "Anna", CLOSED, **DISPROVEN)
    assert refused(desk, case, "verdict", "adjudicator", CLOSED, **given) == "takes"  # not through the door: nobody judges
    assert denied(desk, case, "verdict", "Anna", CLOSED, **given) == ""


def test_departing_from_the_table_needs_a_reason(desk: Desk, tmp_path: Path) -> None:
    case = heard(desk, tmp_path, "buyer", "merchant")
    does(desk, case, "find", "Anna", CLOSED, **DISPROVEN)
    given: dict[str, Any] = {"liability": "both", "remedy": "partial_refund", "evidence_ids": cited(desk, case)}
    assert denied(desk, case, "verdict", "Anna", CLOSED, **given) == "partial"
    assert denied(desk, case, "verdict", "Anna", CLOSED, **given, refund_fen=3_000) == "partial"
    assert denied(desk, case, "verdict", "Anna", CLOSED, **given, refund_fen=1_000) == "departure_told"
    over = does(desk, case, "verdict", "Anna", CLOSED, **given, refund_fen=1_000, why="both were careless")
    assert (over.facts["departure"], over.facts["table_remedy"]) == ("both were careless", "reject")
    assert parent(desk, case).facts["refund_fen"] == 1_000


def test_a_verdict_cites_a_rule_and_evidence_that_there_are(desk: Desk, tmp_path: Path) -> None:
    case = heard(desk, tmp_path, "buyer", "merchant")
    does(desk, case, "find", "Anna", CLOSED, **DISPROVEN)
    given: dict[str, Any] = {"liability": "buyer", "remedy": "reject"}
    assert denied(desk, case, "verdict", "Anna", CLOSED, **given) == "evidence_ids"
    assert denied(desk, case, "verdict", "Anna", CLOSED, **given, evidence_ids="999") == "evidence_ids"
    assert denied(desk, case, "verdict", "Anna", CLOSED, **given, evidence_ids="1", ruling="quality/none") == "ruling"
    assert does(desk, case, "verdict", "Anna", CLOSED, **given, evidence_ids="1").facts["evidence_ids"] == "1"


def test_findings_are_answers_of_the_table(desk: Desk, tmp_path: Path) -> None:
    case = heard(desk, tmp_path, "buyer", "merchant")
    assert denied(desk, case, "find", "Anna", CLOSED, parts="half") == "answer"
    assert denied(desk, case, "find", "Anna", CLOSED, claim="nothing") == "claim"
    some = does(desk, case, "find", "Anna", CLOSED, buyer_proof="none")
    assert (some.facts["proposed_rule"], some.facts["found"]) == ("", "quality: buyer_proof=none")
    more = does(desk, case, "find", "Anna", CLOSED, merchant_proof="proves")
    assert more.facts["proposed_rule"] == "quality/disproven"  # whatever parts are missing
    other = does(desk, case, "find", "Anna", CLOSED, claim="damaged")
    assert (other.facts["proposed_rule"], other.facts["proposed_remedy"]) == ("", "")


def test_who_raised_it_may_withdraw_it(desk: Desk) -> None:
    case = dispute(desk)
    assert denied(desk, case, "withdraw", "Merchant", RAISED, by="merchant") == "raised_it"
    assert does(desk, case, "withdraw", "Buyer", RAISED, by="buyer").state == "withdrawn"
    assert parent(desk, case).state == "closed"


def test_a_hopeless_dispute_is_turned_away_with_a_reason(desk: Desk) -> None:
    case = dispute(desk)
    assert denied(desk, case, "turn_away", "Anna", RAISED) == "takes"
    assert does(desk, case, "turn_away", "Anna", RAISED, note="asked twice").state == "turned_away"
    above = parent(desk, case)
    assert (above.state, above.facts.get("liability")) == ("closed", None)


@pytest.mark.spec("KS-W15")
def test_settled_by_the_merchant_but_found_liable_on_re_check(desk: Desk) -> None:
    case = dispute(desk)
    at = RAISED + HOUR
    assert does(desk, case, "concede", "Merchant", at, by="merchant").state == "settled"
    assert (parent(desk, case).state, parent(desk, case).facts.get("liability")) == ("agreed", None)
    over = does(desk, case, "find_liable", "Anna", at + 7 * DAY - SECOND, note="the talk shows it knew")
    assert over.state == "judged"
    assert parent(desk, case).facts["liability"] == "seller"


@pytest.mark.spec("KS-W15")
def test_settled_by_the_merchant_and_not_checked_again_is_nobodys_liability(desk: Desk) -> None:
    case = dispute(desk)
    does(desk, case, "concede", "Merchant", RAISED, by="merchant")
    assert pass_time(desk, case, RAISED + 7 * DAY - SECOND).state == "settled"
    assert pass_time(desk, case, RAISED + 7 * DAY).state == "conceded"
    assert parent(desk, case).facts.get("liability") is None


@pytest.mark.spec("KS-W15")
@pytest.mark.parametrize("liability", ["seller", "both", "buyer", "none"])
def test_judged_liable_alone_or_with_the_buyer(desk: Desk, tmp_path: Path, liability: str) -> None:
    case = heard(desk, tmp_path, "buyer", "merchant")
    does(desk, case, "find", "Anna", CLOSED, **PROVEN)
    does(
        desk, case, "verdict", "Anna", CLOSED,
        liability=liability, remedy="return_refund", evidence_ids=cited(desk, case), why="as it seems to me",
    )  # fmt: skip
    facts = parent(desk, case).facts
    assert (facts["liability"], facts["judged_at"]) == (liability, CLOSED)


def test_a_dispute_over_goods_that_came_back_is_judged_by_the_returns_table(desk: Desk, tmp_path: Path) -> None:
    """The merchant objects to what came back; nobody escalates, so it goes to the platform by itself."""
    people(desk)
    order(desk, shipped_at=T, signed_at=T)
    above = ask(desk, "return_refund", T + HOUR)
    do(desk, above, "agree", "merchant", T + HOUR)
    do(desk, above, "post_back", "buyer", T + DAY, return_waybill="R1")
    do(desk, above, "dispute_receipt", "merchant", T + 2 * DAY, **REFUSAL)
    do(desk, above, "escalate", "buyer", T + 2 * DAY)
    case = next(each for each in family(desk, above) if each.kind == "dispute")
    show(desk, tmp_path, case, "merchant", T + 3 * DAY)
    at = T + 5 * DAY
    over = judged(desk, case, at, return_fault="none")
    assert over.facts["ruling"] == "returned/in_order"
    assert read(desk, above.id).state == "refunding"


def test_a_dispute_knows_how_long_the_buyer_waited(desk: Desk) -> None:
    """From the order to the request; and to the request from 00:00 (Shanghai) of the day after signing."""
    facts = dispute(desk).facts
    assert facts["waited_s"] == 2 * 86_400
    assert facts["after_signing_s"] == -8 * 3_600  # T is 16:00 there


def test_nothing_is_deducted_from_a_refund_in_full(desk: Desk, tmp_path: Path) -> None:
    case = heard(desk, tmp_path, "merchant", "buyer")
    does(desk, case, "find", "Anna", CLOSED, **PROVEN)
    given: dict[str, Any] = {"liability": "seller", "remedy": "return_refund", "evidence_ids": cited(desk, case)}
    for fen in (2_999, 3_001):
        assert denied(desk, case, "verdict", "Anna", CLOSED, **given, refund_fen=fen) == "whole"
    assert does(desk, case, "verdict", "Anna", CLOSED, **given, refund_fen=3_000).facts["verdict_fen"] == 3_000


REMEDIES = ("refund_only", "return_refund", "exchange", "reissue", "repair", "partial_refund", "reject")
KINDS = {
    "refund_only": "quality",
    "return_refund": "quality",
    "exchange": "quality",
    "reissue": "missing_item",
    "repair": "needs_repair",
}


@pytest.mark.parametrize("remedy", REMEDIES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("platform", ["kuaishou", "douyin"])
def test_every_remedy_is_carried_out_on_every_kind_and_can_fall(
    desk: Desk, tmp_path: Path, platform: str, kind: str, remedy: str
) -> None:
    """Judged so, then overturned to the contrary: the case moves each time, its order counts its open cases right."""
    case = claimed(desk, tmp_path, platform, kind)
    given: dict[str, Any] = {"evidence_ids": cited(desk, case), "why": "so it seems", "ruling": "other/proven"}
    if remedy in ("refund_only", "return_refund", "partial_refund"):
        given["refund_fen"] = 1_000 if remedy == "partial_refund" else case.facts.get("asked_fen", 3_000)
    at = RAISED + 80 * HOUR
    does(desk, case, "find", "Anna", at, claim="other", buyer_proof="none", merchant_proof="none")
    verdict: dict[str, Any] = {"liability": "none" if remedy == "reject" else "seller", "remedy": remedy}
    if remedy == "repair" and kind != "repair":
        assert denied(desk, case, "verdict", "Anna", at, **verdict, **given) == "remedy_possible"
        return
    does(desk, case, "verdict", "Anna", at, **verdict, **given)
    above = parent(desk, case)
    assert above.state != "disputed"
    assert still_open(desk, case) == read(desk, "order/O1").facts["open_cases"]
    loser: Actor = "buyer" if remedy == "reject" else "merchant"
    does(desk, case, "appeal", loser.title(), at, by=loser, appeal_text="no")
    given.pop("refund_fen", None)
    if remedy != "reject":
        given |= {"liability": "none", "remedy": "reject"}
    else:
        given |= {"liability": "seller", "remedy": kind, "refund_fen": case.facts.get("asked_fen", 3_000)}
    assert does(desk, case, "overturn", "Bo", at, **given).state == "overturned"
    assert still_open(desk, case) == read(desk, "order/O1").facts["open_cases"] == (1 if remedy == "reject" else 0)


def in_the_end(desk: Desk, case: Case) -> Case:
    """A dispute that nobody touches any more, once it is judged."""
    for days in (0, 5, 10):
        case = pass_time(desk, case, CLOSED + days * DAY)
    return case


def still_open(desk: Desk, case: Case) -> int:
    """The after-sales cases of its order that have not ended."""
    return sum(each.kind in KINDS and each.ended_at is None for each in family(desk, case))


def claimed(desk: Desk, home: Path, platform: str, kind: str) -> Case:
    """A dispute about a case of this kind, both sides heard."""
    case = dispute(desk, platform=platform, kind=kind, reason=KINDS[kind])
    show(desk, home, case, "buyer")
    show(desk, home, case, "merchant")
    return case


def test_both_sides_see_what_evidence_is_asked_for_and_where_the_table_stands(desk: Desk, tmp_path: Path) -> None:
    case = heard(desk, tmp_path, "buyer", "merchant", platform="douyin", reason="not_as_described")
    with sitting(desk, CLOSED) as sat:
        seen = disputes.view(sat, sat.case(case.id))
    assert (seen.table, seen.label["en"]) == ("not_as_described", "Not as described")
    assert [need.kind for need in seen.evidence_needed.buyer] == ["photo", "page", "chat"]
    assert isinstance(seen.says, Open)
    assert set(seen.says.questions) == {"proof", "merchant_proof", "agreement"}
    does(desk, case, "find", "Anna", CLOSED, buyer_proof="proves")
    with sitting(desk, CLOSED) as sat:
        says = disputes.view(sat, sat.case(case.id)).says
    assert isinstance(says, Proposal)
    assert (says.rule, says.row.source[0].spec) == ("not_as_described/proven", ("DY-D03", "DY-D09"))


@pytest.mark.parametrize(("other", "refunded", "state"), [(3_000, 2_000, "refunding"), (5_000, 0, "closed")])
@pytest.mark.parametrize("late", ["merchant", "platform"])
def test_the_clock_is_never_refused_because_another_case_took_the_money(
    desk: Desk, tmp_path: Path, late: str, other: int, refunded: int, state: str
) -> None:
    """¥30 of ¥50 are in dispute; meanwhile another case of the order is refunded ¥30, or all."""
    case = dispute(desk, kind="refund_only")
    second = ask(desk, "refund_only", RAISED, refund_fen=other)
    do(desk, second, "agree", "merchant", RAISED)
    if late == "platform":
        show(desk, tmp_path, case, "merchant")
    over, above = in_the_end(desk, case), parent(desk, case)
    assert (over.facts["ruling"], over.facts["refund_fen"]) == ("silence" if late == "merchant" else "platform_late", refunded)
    assert (above.state, above.facts["liability"]) == (state, over.facts["liability"])


@pytest.mark.parametrize("late", ["merchant", "platform"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("platform", ["kuaishou", "douyin", "taobao", "tmall", "jd"])
def test_absence_has_a_defined_result_for_every_kind(desk: Desk, tmp_path: Path, platform: str, kind: str, late: str) -> None:
    case = dispute(desk, platform=platform, kind=kind, reason=KINDS[kind])
    if late == "platform":
        show(desk, tmp_path, case, "merchant")
    over = in_the_end(desk, case)
    silence = late == "merchant" and platform == "kuaishou"  # that it is liability is Kuaishou's rule alone (KS-W16)
    assert (over.facts["ruling"], over.facts["liability"]) == (("silence", "seller") if silence else ("platform_late", "none"))
    assert parent(desk, case).state not in ("disputed", "closed")
