"""What is refunded for goods, asked for them, and sent again speaks for the same goods once: to the fen, and to the item."""

from typing import Any

import pytest

from tianping.cases.case import Case, Refusal
from tianping.work.desk import clock
from tianping.work.desk.sitting import CaseRefused, Desk

from ..disputes.hall import dispute
from ..flows.walks import children, had, on_delivery, paid_out, returned
from ..market import DAY, HOUR, SECOND, T, ask, do, pass_time, read

REPLACING = ("exchange", "reissue", "repair")


def asked(desk: Desk, kind: str, of: str, **takes: Any) -> Refusal | None:
    """Why a request is refused; None where it is not (and then it was made, and withdrawn)."""
    try:
        case = ask(desk, kind, of=of, **{"reason": "wrong_item", **takes})
    except CaseRefused as error:
        return error.refusal
    do(desk, case, "withdraw", "buyer", T)
    return None


def denied(desk: Desk, kind: str, of: str = "O1", **takes: Any) -> str:
    refusal = asked(desk, kind, of, **takes)
    return refusal.guard if refusal else ""


def facts(desk: Desk, *names: str) -> tuple[Any, ...]:
    known = read(desk, "order/O1").facts
    return tuple(known.get(name) for name in names)


# Refunded, and sent again


@pytest.mark.spec("KS-W08")
@pytest.mark.parametrize(
    ("bought", "postage", "refunded", "open_", "wanted", "reissue", "exchange"),
    [
        (1, 0, 0, 0, 1, "", ""),
        (1, 0, 1, 0, 1, "goods_whole", ""),
        (1, 0, 0, 1, 1, "goods_whole", ""),
        (1, 0, 4_999, 0, 1, "goods_whole", ""),
        (1, 0, 5_000, 0, 1, "goods_whole", "goods_unrefunded"),
        (1, 600, 600, 0, 1, "", ""),
        (1, 600, 601, 0, 1, "goods_whole", ""),
        (3, 0, 5_000, 0, 2, "", ""),
        (3, 0, 5_001, 0, 2, "goods_whole", ""),
        (3, 0, 5_001, 0, 1, "", ""),
        (3, 0, 3_000, 2_000, 2, "", ""),
        (3, 0, 3_000, 2_001, 2, "goods_whole", ""),
    ],
)
def test_what_money_was_given_back_for_is_not_sent_again(
    desk: Desk, bought: int, postage: int, refunded: int, open_: int, wanted: int, reissue: str, exchange: str
) -> None:
    """Items of ¥50.00: of a reissue nothing comes back, so that one fen refunded of an item speaks for it. An exchange gives no
    goods that the buyer does not return: something left of the price is enough."""
    had(desk, quantity=bought, amount_fen=5_000 * bought, freight_fen=postage or None)
    if refunded:
        ask(desk, verb="settle", by="merchant", reason="missing_item", refund_fen=refunded, return_confirmed=True)
    if open_:
        ask(desk, refund_fen=open_)
    assert denied(desk, "reissue", quantity=wanted, refund_fen=None) == reissue
    assert denied(desk, "exchange", quantity=wanted, refund_fen=None) == exchange


def test_money_that_the_buyer_keeps_of_a_reversed_refund_counts(desk: Desk) -> None:
    """¥50.00 were claimed back and not given back yet: no goods beside them. A fen given back: an exchange; all: a reissue."""
    had(desk, quantity=1)
    case = paid_out(desk, do(desk, ask(desk, refund_fen=5_000), "agree", "rule", T), T)
    do(desk, case, "claim_back", "platform", T, note="no")
    assert [denied(desk, kind, refund_fen=None) for kind in ("exchange", "reissue")] == ["goods_unrefunded", "goods_whole"]
    do(desk, "order/O1", "take_money_back", "platform", T, fen=1, receipt="R1")
    assert [denied(desk, kind, refund_fen=None) for kind in ("exchange", "reissue")] == ["", "goods_whole"]
    do(desk, "order/O1", "take_money_back", "platform", T, fen=4_999, receipt="R2")
    assert denied(desk, "reissue", refund_fen=None) == ""


# Asked for some of the items


@pytest.mark.spec("KS-W08")
def test_what_is_asked_for_items_is_at_most_what_they_cost(desk: Desk) -> None:
    """Three for ¥100.00 and ¥6.00 postage: one is ¥33.34, two ¥66.67, a fen begun whole; postage where the merchant is at
    fault. The refusal says the most."""
    had(desk, quantity=3, amount_fen=10_000, freight_fen=600, warranty_days=365)
    merchants, buyers = {"reason": "wrong_item"}, {"reason": "not_wanted"}
    table: list[tuple[str, dict[str, Any], int, str, str]] = [
        ("return_refund", {**merchants, "quantity": 1}, 3_934, "price_of_items", "¥39.34"),
        ("return_refund", {**merchants, "quantity": 2}, 7_267, "price_of_items", "¥72.67"),
        ("return_refund", {**merchants, "quantity": 3}, 10_600, "within_left", "¥106.00"),
        ("return_refund", {**buyers, "quantity": 1}, 3_334, "price_without_postage", "¥33.34"),
        ("return_refund", {**buyers, "quantity": 2}, 6_667, "price_without_postage", "¥66.67"),
        ("return_refund", {**buyers, "quantity": 3}, 10_000, "postage_stays", "¥100.00"),
        ("refund_only", {**merchants, "quantity": 1}, 3_934, "price_of_items", "¥39.34"),
        ("refund_only", {**buyers, "quantity": 2}, 6_667, "price_without_postage", "¥66.67"),
        ("refund_only", merchants, 10_600, "within_left", "¥106.00"),
        ("exchange", {**merchants, "quantity": 1}, 3_934, "worth_of_items", "¥39.34"),
        ("reissue", {**merchants, "quantity": 2}, 7_267, "worth_of_items", "¥72.67"),
        ("repair", {**merchants, "quantity": 1}, 3_934, "worth_of_items", "¥39.34"),
        ("repair", {**merchants, "quantity": 3}, 10_600, "worth_in_bounds", "¥106.00"),
    ]
    for kind, takes, most, guard, said in table:
        assert asked(desk, kind, "O1", **takes, refund_fen=most) is None, (kind, takes)
        refusal = asked(desk, kind, "O1", **takes, refund_fen=most + 1)
        assert refusal is not None, (kind, takes)
        assert (refusal.guard, said in refusal.zh, said in refusal.en) == (guard, True, True), refusal


@pytest.mark.parametrize("kind", ["refund_only", "return_refund"])
def test_a_reason_that_is_changed_leaves_no_postage(desk: Desk, kind: str) -> None:
    """One of three for ¥100.00 was asked for with ¥6.00 postage, as the merchant's fault, which it was not."""
    had(desk, quantity=3, amount_fen=10_000, freight_fen=600)
    case = ask(desk, kind, reason="quality", quantity=1, refund_fen=3_934)
    same = do(desk, case, "change_reason", "buyer", T, reason_now="damaged")
    assert (same.facts["refund_fen"], same.facts["asked_fen"]) == (3_934, 3_934)
    do(desk, case, "change_reason", "buyer", T, reason_now="not_wanted")
    do(desk, case, "agree", "merchant", T)
    if kind == "return_refund":
        do(desk, case, "post_back", "buyer", T, return_waybill="SF1")
        do(desk, case, "confirm", "merchant", T)
    assert facts(desk, "refunded_fen", "claimed_fen")[0] == 3_334
    paid_out(desk, case, T)
    assert facts(desk, "open_cases", "claimed_fen", "claimed_quantity") in ((0, 0, None), (0, 0, 0))


@pytest.mark.parametrize(("asks", "room"), [(3_934, 0), (3_400, 534), (3_334, 600), (3_000, 934)])
def test_a_verdict_gives_the_postage_of_some_items_once(desk: Desk, asks: int, room: int) -> None:
    """One of three for ¥100.00 was asked for with all, or a part, of the ¥6.00: a verdict may give the rest beside it."""
    case = dispute(desk, asks=asks, quantity=3, amount_fen=10_000, freight_fen=600)
    assert case.facts["room_fen"] == room


def test_where_the_order_does_not_say_how_many_it_is_all(desk: Desk) -> None:
    had(desk)
    assert denied(desk, "return_refund", quantity=1, refund_fen=5_000) == ""


# Being paid


@pytest.mark.parametrize("cod", [False, True])
def test_a_return_that_is_being_paid_counts_once(desk: Desk, cod: bool) -> None:
    """Of three for ¥60.00 one came back, and its ¥20.00 are on their way: the other two, or their ¥40.00, can be asked for."""
    (on_delivery if cod else had)(desk, quantity=3, amount_fen=6_000)
    case = returned(desk, quantity=1, refund_fen=2_000)
    assert denied(desk, "exchange", quantity=3, refund_fen=None) == "goods_free"
    do(desk, case, "confirm", "merchant", T + DAY)
    assert facts(desk, "claimed_quantity", "paying_quantity", "refunded_fen") == (1, 1, 2_000)
    assert denied(desk, "exchange", quantity=2, refund_fen=None) == ""
    assert denied(desk, "refund_only", refund_fen=4_000) == ""
    assert denied(desk, "exchange", quantity=3, refund_fen=None) == "goods_free"
    if cod:
        do(desk, case, "upload_voucher", "merchant", T + DAY, voucher="V1")
    paid_out(desk, case, T + DAY)
    assert facts(desk, "claimed_quantity", "paying_quantity", "returned_quantity", "open_cases") == (0, 0, 1, 0)
    assert denied(desk, "exchange", quantity=2, refund_fen=None) == ""


def test_taken_back_it_is_a_claim_again(desk: Desk) -> None:
    had(desk, quantity=3, amount_fen=6_000)
    case = do(desk, returned(desk, quantity=1, refund_fen=2_000), "confirm", "rule", T + DAY)
    assert facts(desk, "claimed_quantity", "paying_quantity") == (1, 1)
    do(desk, case, "take_back", "platform", T + DAY, note="no")
    assert facts(desk, "claimed_quantity", "paying_quantity") == (1, 0)
    (payment,) = children(desk, case, "payment")
    do(desk, payment, "void", "gateway", T + DAY, failure="recalled")
    do(desk, case, "confirm", "merchant", T + DAY)
    assert facts(desk, "claimed_quantity", "paying_quantity") == (1, 1)
    do(desk, case, "overturned_open", "system", T + DAY)
    assert facts(desk, "claimed_quantity", "paying_quantity", "open_cases") == (0, 0, 0)


# Overturned to goods while the buyer has the money


def overturned(desk: Desk, kind: str, *, posted: bool = False, paid: bool = True) -> Case:
    """Judged a refund of ¥50.00 at T + 1 d, which was paid (or is not known to be), and on appeal to be performed."""
    had(desk, quantity=1, warranty_days=365)
    case = ask(desk, kind, reason="wrong_item", refund_fen=None)
    if posted:
        do(desk, case, "agree", "merchant", T)
        do(desk, case, "post_back", "buyer", T, return_waybill="SF1")
        do(desk, case, "dispute_receipt", "merchant", T, refusal_reason="used", talk="x", refusal_evidence="photo")
    do(desk, case, "talk", "buyer", T, talk="no agreement")
    do(desk, case, "escalate", "buyer", T)
    do(desk, case, "rule_refund", "system", T + DAY, refund_fen=5_000, judged_at=T + DAY, liability="seller")
    (refund,) = children(desk, case, "refund_only")
    if paid:
        paid_out(desk, refund, T + DAY)
    do(desk, case, "overturned", "system", AT, overturned_at=AT)
    verb = "overturned_to_repair" if kind == "repair" else "overturned_to_exchange"
    return do(desk, case, verb, "system", AT, overturned_at=AT)


AT = T + 2 * DAY
DUE = AT + 7 * DAY


@pytest.mark.spec("KS-W15")
@pytest.mark.parametrize(
    ("kind", "posted", "goes_on"),
    [("exchange", False, "agreed"), ("exchange", True, "to_send"), ("reissue", False, "to_send"), ("repair", False, "agreed"),
     ("repair", True, "repairing")],
)  # fmt: skip
def test_first_the_money_then_the_goods(desk: Desk, kind: str, posted: bool, goes_on: str) -> None:
    """Nobody has to send anything while the buyer keeps a fen; from then on all the time there is."""
    case = overturned(desk, kind, posted=posted)
    assert (case.state, case.timers[0].due_at, facts(desk, "kept_fen", "open_cases")) == ("money_owed", DUE, (5_000, 1))
    do(desk, "order/O1", "take_money_back", "platform", DUE - HOUR, fen=4_999, receipt="R1")
    assert pass_time(desk, case, DUE - SECOND).state == "money_owed"
    do(desk, "order/O1", "take_money_back", "platform", DUE - SECOND, fen=1, receipt="R2")
    now = read(desk, case.id)
    assert (now.state, now.timers[0].started_at) == (goes_on, DUE - SECOND)


@pytest.mark.parametrize("kind", REPLACING)
def test_who_keeps_the_money_gets_no_goods(desk: Desk, kind: str) -> None:
    """At the end of the seventh day it closes; the money is owed as before."""
    case = overturned(desk, kind)
    assert pass_time(desk, case, DUE - SECOND).state == "money_owed"
    closed = pass_time(desk, case, DUE)
    assert (closed.state, closed.facts["outcome"]) == ("closed", "closed")
    assert facts(desk, "kept_fen", "open_cases", "claimed_quantity") == (5_000, 0, 0)


@pytest.mark.parametrize("kind", ["exchange", "repair"])
def test_goods_that_were_posted_are_held_for_the_money(desk: Desk, kind: str) -> None:
    closed = pass_time(desk, overturned(desk, kind, posted=True), DUE)
    (back,) = children(desk, closed, "handback")
    assert (closed.state, back.state, facts(desk, "kept_fen", "open_cases")) == ("closed", "held", (5_000, 1))


@pytest.mark.parametrize(("answer", "takes", "state"), [("void", {"failure": "x"}, "to_send"), ("succeed", {}, "money_owed")])
def test_while_nobody_knows_whether_the_buyer_has_it_all_wait(
    desk: Desk, answer: str, takes: dict[str, str], state: str
) -> None:
    """The refund was recalled before the gateway answered: never paid, the merchant sends; paid, the buyer owes it."""
    case = overturned(desk, "reissue", paid=False)
    assert (case.state, facts(desk, "kept_fen", "recalled_fen")) == ("money_owed", (None, 5_000))
    clock.run_down(desk, DUE)
    waiting = read(desk, case.id)
    assert (waiting.state, waiting.timers[0].tries) == ("money_owed", 1)
    (payment,) = children(desk, children(desk, case, "refund_only")[0], "payment")
    do(desk, payment, answer, "gateway", DUE + HOUR, **takes)
    assert read(desk, case.id).state == state
