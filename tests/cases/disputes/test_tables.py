"""What the tables say, rule by rule, and that they always say one thing."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tianping.cases.conditions import Known
from tianping.cases.liability import Open, Proposal, propose, table_for
from tianping.facts.schema import REASONS
from tianping.policy.cases.casebook import Casebook, casebooks
from tianping.policy.cases.tables import TableVersion

from ..market import DAY, HOUR, SECOND, T

BOOKS = casebooks()
DAY_OF = dt.date(2024, 3, 1)
SHOWN = {"buyer_files": 1, "merchant_files": 1, "asked": "return_refund"}


def says(platform: str, reason: str, order: Mapping[str, Any] | None = None, **facts: Any) -> Proposal:
    """The ruling on a claim, both sides having shown something. Fails where something is still to be found."""
    found = ask(BOOKS[platform], reason, order, **facts)
    assert isinstance(found, Proposal), found
    return found


def ask(book: Casebook, reason: str, order: Mapping[str, Any] | None = None, **facts: Any) -> Proposal | Open:
    known = Known(T + 9 * DAY, {**SHOWN, "reason": reason, **facts}, order or {}, {"requested_at": T + DAY})
    name = table_for(book.tables, DAY_OF, known)
    return propose(name, book.tables[name].at(DAY_OF), known)


def outcome(found: Proposal) -> tuple[str, str, bool | None, bool | None]:
    return found.liability, found.remedy, found.outbound_by_merchant, found.return_by_merchant


def cites(found: Proposal) -> set[str]:
    return {row for source in found.row.source for row in source.spec}


BY_MERCHANT = ("seller", "return_refund", True, True)
SPLIT = ("none", "return_refund", True, False)
REJECTED = ("buyer", "reject", None, None)
SILENT_MERCHANT = {"merchant_proof": "none"}


@pytest.mark.spec("DY-D02")
@pytest.mark.parametrize(("visible", "proof", "enough"), [
    ("visible", "photos", True), ("visible", "report", True), ("visible", "none", False),
    ("hidden", "photos", False), ("hidden", "report", True), ("hidden", "words_and_pictures", True), ("hidden", "none", False),
])  # fmt: skip
def test_photos_suffice_for_what_is_visible(visible: str, proof: str, enough: bool) -> None:
    found = says("douyin", "quality", defect="defective", visible=visible, buyer_proof=proof, merchant_proof="none")
    assert outcome(found) == (BY_MERCHANT if enough else SPLIT)
    asked = BOOKS["douyin"].tables["quality"].at(DAY_OF).evidence_needed.buyer
    assert [need.kind for need in asked] == ["photo", "report"]


@pytest.mark.spec("DY-D03")
def test_a_mismatch_proven_is_returned_with_freight_both_ways_by_the_merchant() -> None:
    found = says("douyin", "not_as_described", buyer_proof="proves")
    assert (outcome(found), "DY-D03" in cites(found)) == (BY_MERCHANT, True)
    assert says("douyin", "not_as_described", buyer_proof="proves", asked="exchange").remedy == "return_refund"


@pytest.mark.spec("DY-D04")
def test_a_mismatch_unproven_with_the_freight_open_splits_the_freight() -> None:
    found = says("douyin", "not_as_described", buyer_proof="no_talk", agreement="refund_agreed")
    assert (outcome(found), cites(found)) == (SPLIT, {"DY-D04"})


@pytest.mark.spec("DY-D05")
def test_a_mismatch_unproven_and_nothing_agreed_is_returned_with_split_freight() -> None:
    found = says("douyin", "not_as_described", buyer_proof="no_talk", agreement="none")
    assert (outcome(found), cites(found)) == (SPLIT, {"DY-D05"})
    neither = says("douyin", "not_as_described", buyer_proof="none", merchant_proof="none", agreement="none")
    assert outcome(neither) == SPLIT


@pytest.mark.spec("DY-D06")
def test_without_evidence_of_the_buyers_the_merchants_is_the_reference() -> None:
    found = says("douyin", "not_as_described", buyer_proof="none", merchant_proof="proves", agreement="none")
    assert (outcome(found), cites(found)) == (REJECTED, {"DY-D06"})
    absent = says("douyin", "not_as_described", buyer_files=0, buyer_proof="proves", merchant_proof="proves", agreement="none")
    assert outcome(absent) == REJECTED  # no file, no proof, whatever anybody says


@pytest.mark.spec("DY-D04")
@pytest.mark.parametrize("merchant", ["proves", "none"])
def test_a_refund_that_was_agreed_stays_agreed_whatever_the_merchant_shows(merchant: str) -> None:
    shown: dict[str, Any] = {"buyer_proof": "none", "merchant_proof": merchant}
    found = says("douyin", "not_as_described", **shown, agreement="refund_agreed")
    assert (outcome(found), cites(found)) == (SPLIT, {"DY-D04"})


@pytest.mark.spec("DY-D07")
@pytest.mark.parametrize(("danger", "buyer", "merchant", "expected"), [
    ("none", "none", "genuine", REJECTED),
    ("none", "none", "none", SPLIT),
    ("none", "valid", "genuine", BY_MERCHANT),
    ("danger", "valid", "genuine", BY_MERCHANT),
    ("danger", "none", "genuine", ("none", "return_refund", True, True)),  # the buyer is assisted, nothing is proven
])  # fmt: skip
def test_counterfeit_claims(danger: str, buyer: str, merchant: str, expected: tuple[Any, ...]) -> None:
    found = says("douyin", "counterfeit", danger=danger, buyer_proof=buyer, merchant_proof=merchant)
    assert (outcome(found), found.assists) == (expected, "buyer" if danger == "danger" else None)


@pytest.mark.spec("DY-D08")
@pytest.mark.parametrize(("waited", "expected"), [(48 * 3600, "seller"), (48 * 3600 - 1, "none")])
def test_late_from_48_hours_after_the_order(waited: int, expected: str) -> None:
    found = says("douyin", "late_shipment", {}, waited_s=waited, asked="refund_only")
    assert (found.liability, found.remedy) == (expected, "refund_only")


@pytest.mark.spec("DY-D08")
@pytest.mark.parametrize(("logistics", "expected"), [("blank", "seller"), ("elsewhere", "seller"), ("real", "buyer")])
def test_a_blank_track_or_another_address_is_a_fake_shipment(logistics: str, expected: str) -> None:
    shipped = {"shipped_at": T + HOUR}
    assert says("douyin", "late_shipment", shipped, waited_s=200_000, logistics=logistics).liability == expected
    unshipped = says("douyin", "late_shipment", {"shipped_at": T + DAY + SECOND}, waited_s=200_000)
    assert unshipped.rule == "shipment/late"  # shipped a second after the buyer asked


@pytest.mark.spec("DY-D08")
@pytest.mark.parametrize(("took", "liability"), [(48 * 3600 - 1, "buyer"), (48 * 3600, "none"), (60 * 3600, "none")])
def test_what_was_truly_shipped_but_late_is_not_the_buyers_fault(took: int, liability: str) -> None:
    shipped = {"shipped_at": T + HOUR}
    found = says("douyin", "late_shipment", shipped, waited_s=70 * 3600, shipped_after_s=took, logistics="real")
    assert (found.liability, found.remedy) == (liability, "reject")


@pytest.mark.spec("DY-D09")
@pytest.mark.parametrize("facts", [
    {"reason": "quality", "defect": "defective", "visible": "visible", "buyer_proof": "photos"},
    {"reason": "not_as_described", "buyer_proof": "proves"},
    {"reason": "counterfeit", "danger": "none", "buyer_proof": "valid"},
])  # fmt: skip
def test_a_claim_that_stands_is_returned_at_the_merchants_freight_with_nothing_deducted(facts: dict[str, Any]) -> None:
    found = says("douyin", **facts)
    assert (found.return_by_merchant, found.remedy, "DY-D09" in cites(found)) == (True, "return_refund", True)  # not in part


@pytest.mark.spec("DY-D10")
@pytest.mark.parametrize("cause", ["wrong_address", "refused_to_sign"])
@pytest.mark.parametrize(("parcel", "remedy"), [("came_back", "refund_only"), ("gone", "reject")])
def test_a_wrong_address_or_a_refusal_to_sign_is_the_buyers(cause: str, parcel: str, remedy: str) -> None:
    found = says("douyin", "logistics", delivery=cause, parcel=parcel)
    assert (outcome(found), found.assists) == (("buyer", remedy, False, False), "merchant")


@pytest.mark.spec("DY-D11")
@pytest.mark.parametrize(("cause", "remedy"), [
    ("not_to_address", "refund_only"), ("signed_not_received", "refund_only"), ("differs_signed_by_courier", "return_refund"),
])  # fmt: skip
def test_what_was_not_delivered_is_at_the_merchants_freight(cause: str, remedy: str) -> None:
    assert outcome(says("douyin", "logistics", delivery=cause)) == ("seller", remedy, True, True)
    assert says("douyin", "logistics", delivery="delivered").remedy == "reject"


@pytest.mark.spec("DY-D12")
@pytest.mark.parametrize("fault", ["not_as_agreed", "too_late", "damaged"])
def test_a_return_that_is_late_or_not_as_agreed_is_the_buyers(fault: str) -> None:
    found = says("douyin", "quality", claim="returned", return_fault=fault)
    assert (found.liability, found.remedy, found.assists) == ("buyer", "reject", "merchant")
    in_order = says("douyin", "quality", claim="returned", return_fault="none")
    assert outcome(in_order) == BY_MERCHANT
    wish = says("douyin", "seven_days", claim="returned", return_fault="none")
    assert outcome(wish) == ("seller", "return_refund", False, False)  # D09 is of quality, mismatch and fake


@pytest.mark.spec("DY-D13")
@pytest.mark.parametrize("default", ["no_address", "no_reshipment", "not_reached"])
def test_a_merchants_default_is_refunded_and_not_weighed(default: str) -> None:
    found = says("douyin", "quality", claim="merchant_default", merchant_default=default)
    assert (found.liability, found.remedy, found.row.assumed) == ("seller", "refund_only", True)


@pytest.mark.spec("DY-D16")
def test_a_quality_problem_lacks_the_properties_of_use_or_has_defects() -> None:
    shown: dict[str, Any] = {"visible": "visible", "buyer_proof": "photos"}
    for defect in ("lacks_use", "defective"):
        assert outcome(says("douyin", "quality", defect=defect, **shown)) == BY_MERCHANT
    assert outcome(says("douyin", "quality", defect="neither", **shown)) == REJECTED


@pytest.mark.spec("DY-D16")
def test_goods_without_maker_are_treated_as_counterfeit() -> None:
    found = says("douyin", "quality", claim="counterfeit", danger="none", buyer_proof="no_maker", merchant_proof="genuine")
    assert (found.rule, outcome(found)) == ("counterfeit/proven", BY_MERCHANT)


@pytest.mark.spec("KS-W09")
@pytest.mark.parametrize(("parts", "remedy"), [
    ("complete", "return_refund"), ("packaging_missing", "return_refund"), ("parts_missing", "partial_refund"),
])  # fmt: skip
@pytest.mark.parametrize("reason", ["quality", "not_as_described", "counterfeit"])
def test_quality_is_the_merchants_whatever_packaging_is_missing(reason: str, parts: str, remedy: str) -> None:
    found = says("kuaishou", reason, buyer_proof="proves", parts=parts)
    assert outcome(found) == ("seller", remedy, True, True)
    assert says("kuaishou", reason, buyer_proof="proves", parts="complete", asked="exchange").remedy == "exchange"


@pytest.mark.spec("KS-W10")
@pytest.mark.parametrize(("when", "liability"), [
    ("in_transit", "seller"), ("before_shipping", "seller"), ("after_signing", "buyer"), ("not_damaged", "buyer"),
])  # fmt: skip
def test_damage_in_transit_is_the_merchants(when: str, liability: str) -> None:
    assert says("kuaishou", "damaged", damaged_when=when).liability == liability


SEVEN = 7 * 86_400


@pytest.mark.spec("KS-W11")
@pytest.mark.parametrize(("after", "supports", "shown", "goods", "liability"), [
    (SEVEN, True, "shown", "intact", "seller"),
    (SEVEN + 1, True, "shown", "intact", "buyer"),
    (SEVEN, False, "shown", "intact", "buyer"),
    (SEVEN, True, "shown", "used", "buyer"),
    (SEVEN, False, "not_shown", "used", "seller"),  # what the page does not say holds for the buyer
])  # fmt: skip
def test_seven_days_without_reason(after: int, supports: bool, shown: str, goods: str, liability: str) -> None:
    order = {"shipped_at": T, "seven_days": supports}
    found = says("kuaishou", "seven_days", order, after_signing_s=after, shown=shown, goods=goods)
    assert found.liability == liability
    assert found.remedy == ("return_refund" if liability == "seller" else "reject")


@pytest.mark.spec("KS-W13")
@pytest.mark.parametrize(("promise", "goods", "liability"), [
    ("better", "intact", "seller"), ("better", "used", "buyer"), ("none", "intact", "buyer"),
])  # fmt: skip
def test_a_longer_promise_of_the_merchants_prevails_over_the_seven_days(promise: str, goods: str, liability: str) -> None:
    order = {"shipped_at": T, "seven_days": True, "promise_return_days": 30}
    found = says("kuaishou", "not_wanted", order, after_signing_s=SEVEN + 1, promise=promise, goods=goods)
    assert found.liability == liability
    without = says("kuaishou", "not_wanted", {"shipped_at": T, "seven_days": True}, after_signing_s=SEVEN + 1, promise="better")
    assert without.rule == "no_reason/too_late"  # none was made


@pytest.mark.spec("KS-A07")
def test_goods_of_a_shop_that_promised_seven_days_support_them() -> None:
    order = {"shipped_at": T, "promise_seven_days": True, "intact_shown": True}
    assert says("kuaishou", "not_wanted", order, after_signing_s=SEVEN, goods="intact").rule == "no_reason/in_time"
    virtual = says("kuaishou", "not_wanted", {**order, "virtual": True}, after_signing_s=SEVEN, goods="intact")
    assert virtual.rule == "no_reason/unsupported"


@pytest.mark.spec("KS-W12", "KS-W13")
@pytest.mark.parametrize(("promise", "national", "local", "liability", "row"), [
    ("none", "covers", "excludes", "seller", "KS-W12"),  # the nation's rule comes first
    ("none", "excludes", "covers", "buyer", "KS-W12"),
    ("none", "silent", "covers", "seller", "KS-W12"),
    ("none", "silent", "excludes", "buyer", "KS-W12"),
    ("better", "excludes", "excludes", "seller", "KS-W13"),
])  # fmt: skip
def test_which_guarantee_prevails(promise: str, national: str, local: str, liability: str, row: str) -> None:
    found = says("kuaishou", "needs_repair", promise=promise, national_rule=national, local_rule=local, asked="repair")
    assert (found.liability, cites(found)) == (liability, {row})


@pytest.mark.parametrize("platform", ["taobao", "tmall", "jd"])
def test_platforms_without_a_table_borrow_one_and_say_so(platform: str) -> None:
    assert all(table.versions[0].note for name, table in BOOKS[platform].tables.items() if name != "no_reason")
    assert says(platform, "quality", buyer_proof="proves").liability == "seller"


def test_only_what_matters_is_asked() -> None:
    found = ask(BOOKS["douyin"], "not_as_described", buyer_proof="no_talk")
    assert isinstance(found, Open)
    assert set(found.questions) == {"agreement"}  # not what the merchant showed
    assert says("kuaishou", "seven_days", {"shipped_at": T}, after_signing_s=SEVEN + 1).rule == "no_reason/too_late"


def test_a_proposal_says_why() -> None:
    found = says("douyin", "not_as_described", buyer_proof="proves")
    ((question, answer),) = found.because
    assert (question.en, answer.en) == ("Does the buyer's evidence prove the mismatch?", "it proves it")


TABLES = [
    (platform, name, version)
    for platform, book in BOOKS.items()
    for name, table in book.tables.items()
    for version in table.versions
]


@pytest.mark.parametrize(("platform", "name", "version"), TABLES, ids=[f"{platform}-{name}" for platform, name, _ in TABLES])
def test_every_combination_of_answers_has_exactly_one_row(platform: str, name: str, version: TableVersion) -> None:
    for answers in version.combinations():
        assert len(version.fitting(answers)) == 1, (platform, name, answers)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_whatever_is_found_there_is_one_result_or_a_question(data: st.DataObject) -> None:
    """Any reason, findings, files and order, right or nonsense: one row, or questions whose every answer leads on to one."""
    book = BOOKS[data.draw(st.sampled_from(sorted(BOOKS)))]
    facts = {
        "reason": data.draw(st.sampled_from(REASONS)),
        "claim": data.draw(st.sampled_from([None, "nonsense", *book.tables])),
        "asked": data.draw(st.sampled_from(["refund_only", "return_refund", "exchange"])),
        "buyer_files": data.draw(st.integers(0, 2)),
        "merchant_files": data.draw(st.integers(0, 2)),
        "waited_s": data.draw(st.integers(-1, 300_000)),
        "after_signing_s": data.draw(st.one_of(st.none(), st.integers(-90_000, 700_000))),
    }
    order = {"seven_days": data.draw(st.booleans()), "shipped_at": data.draw(st.sampled_from([None, T, T + 2 * DAY]))}
    for _ in range(12):
        known = Known(T + 9 * DAY, facts, order, {"requested_at": T + DAY})
        name = table_for(book.tables, DAY_OF, known)
        found = propose(name, book.tables[name].at(DAY_OF), known)
        if isinstance(found, Proposal):
            assert found.remedy in ("refund_only", "return_refund", "exchange", "reissue", "repair", "partial_refund", "reject")
            break
        assert found.questions
        asked = found.questions[data.draw(st.sampled_from(sorted(found.questions)))]
        assert asked.fact  # what facts alone tell is never asked
        facts[asked.fact] = data.draw(st.sampled_from(sorted(asked.answers)))
    else:
        raise AssertionError("it asks for ever")
