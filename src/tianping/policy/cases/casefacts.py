"""The facts that cases hold, by name: what type each is. The names of `facts.md` wherever it has one; money is fen."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Literal

Type = Literal["bool", "int", "fen", "text", "time"]

_TIMES = (
    # of talks with the buyer, of a duty
    "questioned_at", "contacted_at", "excused_at", "imposed_at", "fulfilled_at",
    # of the order
    "created_at", "paid_at", "promised_ship_at", "shipped_at", "collected_at", "signed_at", "succeeded_at", "closed_at",
    # of a case
    "requested_at", "answered_at", "agreed_at", "waybill_at", "return_signed_at", "received_at", "inspected_at", "reshipped_at",
    "escalated_at", "judged_at", "overturned_at", "rated_at", "voucher_at", "noticed_at", "repaid_at", "talked_at",
    "intercepted_at", "appealed_at",
    "confirmed_at", "late_at", "presumed_at",
    "intercept_failed_at", "pickup_booked_at", "address_missed_at", "reship_signed_at", "given_back_at", "goods_kept_at",
    # of the order: what its times of transit and completion count from
    "transit_since", "completing_since",
    # of a payment
    "asked_at", "done_at", "failed_at", "doubted_at", "cancelled_at", "recalled_at", "reversed_at",
    # of an advance
    "taken_at", "released_at", "written_off_at",
    # of the shop
    "deposit_at",
)  # fmt: skip
_FENS = (
    # of a dispute
    "verdict_fen", "outbound_fen", "room_fen", "freight_room_fen", "noted_freight_fen", "verdict_freight_fen",
    "amount_fen", "freight_fen", "price_fen", "refund_fen", "compensation_fen", "difference_fen", "advance_fen",
    # of all cases of an order together; what the buyer keeps of payments that were reversed
    "refunded_fen", "coupons_fen", "freights_fen", "differences_fen", "compensated_fen", "kept_fen",
    "claimed_fen", "recalled_fen",
    # of a case: what it is about, as its order hears it; a voucher's sum; what an offer comes to
    "case_fen", "voucher_fen", "released_fen", "released_freight_fen", "offer_beside_fen", "offer_total_fen",
    "freight_most_fen",
    "coupon_fen", "fen", "asked_fen", "offer_fen", "offered_compensation_fen", "freight_claim_fen",
    # of a payment, of an advance, of the shop
    "due_fen", "had_fen",
    "covered_fen", "owed_fen", "taken_fen", "repaid_fen", "funds_fen", "reach_fen", "deposit_fen",
)  # fmt: skip
_INTS = (
    # of a dispute: files shown, accounts that decided, seconds until the buyer asked
    "buyer_files", "merchant_files", "platform_files", "judged_by", "decided_by", "appealed_account", "waited_s",
    "after_signing_s", "shipped_after_s",
    # of talks with the buyer, of a duty
    "contacts", "measure", "presses", "attempts", "score",
    "quantity", "open_cases", "rating", "points", "alarms",
    # of the order: what law, warranty and the merchant promise
    "national_days", "local_days", "local_buyer_days", "warranty_days", "promise_days", "promise_return_days",
    # of a case, and of all of an order together: items that they are about, items that came back
    "handback_quantity", "received_quantity", "claimed_quantity", "returned_quantity", "case_quantity", "back_quantity",
    "paying_quantity", "paid_quantity", "released_quantity",
)  # fmt: skip
_BOOLS = (
    # of a dispute
    "merchant_silent",
    # of a payment
    "recalled",
    # of the order and its product
    "presale", "cod", "risk_flagged", "brought", "standard", "virtual", "seven_days", "three_guarantees", "durable",
    "gold", "intact_shown", "promise_seven_days", "promise_return_freight",
    # of a case
    "by_hand", "resize", "withdrawn", "goods_received", "intact", "return_confirmed",
    "outbound_by_merchant", "return_by_merchant", "compensation_included", "offer_accepted",
    # of goods that were posted: what becomes of them is settled; they go back to the buyer
    "goods_settled", "hand_back", "on_appeal",
    # of the shop
    "closed", "abandoned", "obstructive", "punished_quality", "punished_shipping", "liable_masses",
    "switch_instant_refund", "switch_assistant", "switch_seven_days", "switch_return_freight",
)  # fmt: skip
_TEXTS = (
    # of a dispute: what was asked, found, proposed, decided
    "claim", "asked", "found", "proposed_rule", "proposed_liability", "proposed_remedy", "ruling", "departure", "evidence_ids",
    "verdict_liability", "verdict_remedy", "verdict_found", "table_liability", "table_remedy", "appealed_by", "appeal_text",
    "withdrawn_by",
    "buyer_proof", "merchant_proof", "agreement", "danger", "defect", "visible", "goods", "parts", "damaged_when", "shown",
    "logistics", "delivery", "parcel", "return_fault", "merchant_default", "promise", "national_rule", "local_rule",
    # of talks with the buyer, of the goods that come back, of a duty
    "contact_by", "contact_text", "return_contact", "checked_by", "check_result", "duty", "rules", "exempts",
    # of the order
    "product_id", "buyer_id", "purchase_id", "channel", "close_reason", "region", "stage",
    # of a case
    "kind", "reason", "reason_now", "reason_words", "reason_text", "opened_by", "answer", "refusal_reason", "refusal_text",
    "carrier", "waybill", "return_waybill", "reship_waybill", "outcome", "invoice_state", "handled_by", "escalated_by",
    "cause", "refusal_evidence", "violation", "decision_reason", "voucher", "pickup_address",
    "liability", "remedy", "talk", "intercept", "intercept_failure", "address", "note",
    # of a payment
    "purpose", "borne_by", "receipt", "failure",
)  # fmt: skip
FACTS: dict[str, Type] = {
    **dict.fromkeys(_TIMES, "time"),
    **dict.fromkeys(_FENS, "fen"),
    **dict.fromkeys(_INTS, "int"),
    **dict.fromkeys(_BOOLS, "bool"),
    **dict.fromkeys(_TEXTS, "text"),
}
_PYTHON: Mapping[Type, type] = {"bool": bool, "int": int, "fen": int, "text": str, "time": dt.datetime}
MOST = 2**53 - 1
"""The largest number handed in: what every reader of JSON keeps exactly."""
MOST_TEXT = 4_000
"""Characters of a text handed in."""


def base(name: str) -> str:
    """The fact itself: `since.order.paid_at` is `paid_at`."""
    return name.rpartition(".")[2]


def fault(name: str, value: Any) -> str:
    """What is wrong with a value handed in for a fact; "" where nothing is."""
    type_ = FACTS.get(name)
    if type_ is None:
        return f'there is no fact "{name}"'
    if type(value) is not _PYTHON[type_]:
        return f"{name} is a {type_}, and {value!r} is none"
    if type(value) is int and not 0 <= value <= MOST:
        return f"{name} is a number from 0 to {MOST}"
    if isinstance(value, str) and len(value) > MOST_TEXT:
        return f"{name} is longer than {MOST_TEXT} characters"
    return ""
