"""The facts that cases hold, by name: what type each is. The names of `facts.md` wherever it has one; money is fen."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Literal

Type = Literal["bool", "int", "fen", "text", "time"]

_TIMES = (
    # of the order
    "created_at", "paid_at", "promised_ship_at", "shipped_at", "collected_at", "signed_at", "succeeded_at", "closed_at",
    # of a case
    "requested_at", "answered_at", "agreed_at", "waybill_at", "return_signed_at", "received_at", "inspected_at", "reshipped_at",
    "escalated_at", "judged_at", "overturned_at", "rated_at", "voucher_at", "noticed_at", "repaid_at", "talked_at",
    "intercepted_at", "appealed_at",
    # of a payment
    "asked_at", "done_at", "failed_at",
)  # fmt: skip
_FENS = (
    "amount_fen", "freight_fen", "price_fen", "refunded_fen", "refund_fen", "compensation_fen", "difference_fen", "advance_fen",
    "coupon_fen", "fen",
)  # fmt: skip
_INTS = ("quantity", "open_cases", "rating", "points")
_BOOLS = (
    # of the order and its product
    "presale", "cod", "risk_flagged", "standard", "virtual", "seven_days", "three_guarantees", "durable",
    # of a case
    "goods_received", "intact", "return_confirmed", "outbound_by_merchant", "return_by_merchant",
    # of the shop
    "closed", "abandoned", "switch_instant_refund", "switch_assistant", "switch_seven_days", "switch_return_freight",
)  # fmt: skip
_TEXTS = (
    # of the order
    "product_id", "buyer_id", "purchase_id", "channel", "close_reason", "region", "stage",
    # of a case
    "kind", "reason", "reason_now", "reason_words", "reason_text", "opened_by", "answer", "refusal_reason", "refusal_text",
    "carrier", "waybill", "return_waybill", "reship_waybill", "outcome", "invoice_state", "handled_by", "escalated_by",
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
    if type(value) is int and not 0 <= value < 2**53:
        return f"{name} is 0 or more"
    if isinstance(value, str) and len(value) > MOST_TEXT:
        return f"{name} is longer than {MOST_TEXT} characters"
    return ""
