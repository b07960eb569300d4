"""What must hold of goods and claims: counted rightly, in one case at a time; nobody has neither the goods nor the money."""

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from fractions import Fraction

from tianping.cases.case import Case

from .snapshots import COUNTED, FALLEN, HANDBACK, PENDING, Snapshot, open_cases

GOODS = ("return_refund", "exchange", "reissue", "repair")
REPLACING = GOODS[1:]
BEING_PAID = ("awaiting_voucher", "refunding")
LEFT = ("waived", "forfeited")
"""Ends of a handback: the buyer gave the goods up, or keeps the money."""


def claims_counted(seen: Snapshot) -> Iterator[str]:
    """An order knows what its open cases are about, what came back for money, what was recalled and is not known yet, and which
    costs were given."""
    for order in (case for case in seen.cases.values() if case.kind == "order"):
        open_ = open_cases(seen, order.order_id)
        recalled = [case for case in seen.of(order.order_id, "payment") if case.facts.get("recalled") and case.state in PENDING]
        standing = [case for case in seen.of(order.order_id, "payment") if case.state not in FALLEN]
        truly = {
            "claimed_quantity": sum(case.facts["claimed_quantity"] for case in open_ if case.kind in (*GOODS, HANDBACK)),
            "paying_quantity": sum(
                case.facts["claimed_quantity"] for case in open_ if case.kind == "return_refund" and case.state in BEING_PAID
            ),
            "claimed_fen": sum(
                case.facts["asked_fen"] for case in open_ if case.kind == "refund_only" and case.state not in BEING_PAID
            ),
            "returned_quantity": sum(
                case.facts["returned_quantity"] for case in seen.of(order.order_id, "return_refund") if case.state == "refunded"
            )
            + sum(case.facts["claimed_quantity"] for case in seen.of(order.order_id, HANDBACK) if case.state in LEFT),
            "recalled_fen": sum(case.facts["fen"] for case in recalled if case.facts["purpose"] in COUNTED),
            "compensated_fen": sum(case.facts["fen"] for case in standing if case.facts["purpose"] == "compensation"),
        }
        wrong = {name: (order.facts.get(name) or 0, fen) for name, fen in truly.items() if (order.facts.get(name) or 0) != fen}
        if wrong:
            yield f"{order.id} counts wrong: {wrong}"
        given = sum(case.facts["fen"] for case in standing if case.facts["purpose"] == "difference")
        noted = (order.facts.get("coupons_fen") or 0) + (order.facts.get("differences_fen") or 0)
        if noted != given:
            yield f"{order.id} counts {noted} of coupons and differences; {given} in payments"


def whose_goods(seen: Snapshot) -> Iterator[str]:
    """No case that is closed leaves both what the buyer posted and its price with a merchant who need not give it back."""
    for case in seen.cases.values():
        if case.state == "closed" and case.kind in ("return_refund", "exchange", "repair") and _has_them(case):
            went_on = seen.children(case.id, HANDBACK, "refund_only", "return_refund", "exchange")
            if not went_on and case.facts["claimed_quantity"] <= _unrefunded(seen, case):
                how = seen.history(case.id)[-1].verb
                yield f"{case.kind} {case.id} is closed by {how}, with the goods and the money at the merchant"


def _has_them(case: Case) -> bool:
    """Whether the merchant has what the buyer posted, and has sent nothing for it."""
    came = case.facts.get("waybill_at") and case.facts.get("received_quantity") != 0
    return bool(came) and not case.facts.get("reshipped_at")


def _unrefunded(seen: Snapshot, case: Case) -> Fraction:
    """Items of whose price nothing was refunded."""
    (order,) = seen.of(case.order_id, "order")
    return Fraction(max(0, order.facts["amount_fen"] - order.facts["refunded_fen"])) / _price(order)


def items_priced(seen: Snapshot) -> Iterator[str]:
    """What people asked for so many items of an order gives at most what these cost, with its postage."""
    for case in seen.cases.values():
        asked = case.kind in ("refund_only", "return_refund") and seen.history(case.id)[0].verb == "request"
        if not asked or not case.facts.get("quantity"):
            continue
        (order,) = seen.of(case.order_id, "order")
        paid = [
            each for each in seen.children(case.id, "payment") if each.state not in FALLEN and not each.facts.get("recalled")
        ]
        given = sum(each.facts["fen"] for each in paid if each.facts["purpose"] in COUNTED)
        if case.state in ("awaiting_voucher", "refunded"):
            given += int(case.facts.get("voucher_fen") or 0)
        if given > math.ceil(_price(order) * case.facts["quantity"]) + order.facts.get("freight_fen", 0):
            yield f"{case.kind} {case.id} gives {given} for {case.facts['quantity']} items"


def goods_once(seen: Snapshot) -> Iterator[str]:
    """What people asked for is together about no more items than were bought and have not come back; what is sent was not
    refunded; no refund was asked for beside what was being returned or replaced."""
    for order in (case for case in seen.cases.values() if case.kind == "order" and "quantity" in case.facts):
        its = seen.of(order.order_id, *GOODS)
        asked = [case for case in its if not case.ended_at and seen.history(case.id)[0].verb == "request"]
        bought, back = order.facts["quantity"], order.facts.get("returned_quantity") or 0
        told = any(
            event.verb == "take_over" or event.verb.startswith("overturned") for case in its for event in seen.history(case.id)
        )
        if not told and sum(case.facts["claimed_quantity"] for case in asked) + back > bought:
            yield f"{order.id}: open cases are about more than the {bought} bought, {back} came back"
        if order.facts.get("cod"):
            continue
        for case in (*its, *seen.of(order.order_id, HANDBACK)):
            sent = [event.at for event in seen.history(case.id) if event.verb == "send_again"]
            if sent and case.facts["claimed_quantity"] * _price(order) > _rounded(order, _left_then(seen, order, sent[-1])):
                yield f"{case.kind} {case.id} was sent at {sent[-1]} though refunded"
        if not told:
            yield from _asked_beside(seen, order, its)


def _asked_beside(seen: Snapshot, order: Case, its: Sequence[Case]) -> Iterator[str]:
    for refund in seen.of(order.order_id, "refund_only"):
        first = seen.history(refund.id)[0]
        open_ = [case for case in its if case.opened_at < first.at and (not case.ended_at or case.ended_at > first.at)]
        held = sum(case.facts["claimed_quantity"] for case in open_) * _price(order)
        if first.verb == "request" and open_ and refund.facts["asked_fen"] + held > _left_then(seen, order, first.at):
            yield f"refund_only {refund.id} was asked for beside {[case.kind for case in open_]}"


def _price(order: Case) -> Fraction:
    return Fraction(order.facts["amount_fen"], order.facts["quantity"])


def _rounded(order: Case, fen: int) -> Fraction:
    """A sum as the price of whole items, one begun counts whole."""
    return math.ceil(fen / _price(order)) * _price(order)


def _left_then(seen: Snapshot, order: Case, at: dt.datetime) -> int:
    """Of the price of the goods, what no payment asked for before then and not taken back by then has given."""

    def stood(case: Case) -> bool:
        ended = [case.facts[name] for name in ("cancelled_at", "reversed_at") if case.facts.get(name)]
        return case.opened_at < at and not (ended and min(ended) <= at)

    given = [
        case.facts["fen"] for case in seen.of(order.order_id, "payment") if case.facts["purpose"] in COUNTED and stood(case)
    ]
    return max(0, int(order.facts["amount_fen"] - sum(given)))
