"""Who can do what where: all else is refused, and a refusal changes nothing. Pure: the step itself, without a database."""

import datetime as dt
from collections.abc import Iterator
from itertools import product
from typing import Any, get_args

import pytest

from tianping.cases.case import Act, Case, Doer, Refusal
from tianping.cases.conditions import Known
from tianping.cases.flow import possible, step
from tianping.policy.cases.casebook import Casebook
from tianping.policy.cases.flowing import Actor, FlowVersion

from ..market import T
from .walks import PLATFORMS

KINDS = ("order", "refund_only", "return_refund", "exchange", "reissue", "repair")
ACTORS: tuple[Actor, ...] = get_args(Actor)
PEOPLE: tuple[Actor, ...] = ("buyer", "merchant", "platform")


def case_in(kind: str, state: str, platform: str = "kuaishou", **facts: Any) -> Case:
    return Case(
        "C1", kind, platform, "S1", "O1", None, dt.date(2024, 3, 1), state, 1, T, T, None, {"reason": "quality", **facts}
    )


def tried(book: Casebook, case: Case, verb: str, actor: Actor) -> Any:
    return step(book, case, Act(verb, Doer(actor)), Known(T, {"kind": case.kind, **case.facts}))


def flow_in(books: dict[str, Casebook], platform: str, kind: str) -> FlowVersion:
    return books[platform].flows[kind].versions[-1]


def every(flow: FlowVersion) -> Iterator[tuple[str, str, Actor]]:
    yield from product(flow.states, flow.verbs, ACTORS)


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_what_the_flow_does_not_say_is_refused(books: dict[str, Casebook], platform: str, kind: str) -> None:
    """Every state × verb × actor."""
    book, flow = books[platform], flow_in(books, platform, kind)
    for state, name, actor in every(flow):
        verb = flow.verbs[name]
        if state in verb.from_ and actor in verb.who:
            continue
        case = case_in(kind, state, platform)
        answer = tried(book, case, name, actor)
        assert isinstance(answer, Refusal), (state, name, actor)
        assert answer.guard == ("who" if state in verb.from_ else "state")
        assert answer.zh
        assert answer.en
        assert case == case_in(kind, state, platform)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["set_state", "", "refunded", "__class__"])
def test_verbs_that_are_not_there_are_refused_everywhere(books: dict[str, Casebook], kind: str, name: str) -> None:
    for state, actor in product(flow_in(books, "kuaishou", kind).states, ACTORS):
        answer = tried(books["kuaishou"], case_in(kind, state), name, actor)
        assert isinstance(answer, Refusal)
        assert answer.guard == "verb"


@pytest.mark.parametrize("kind", KINDS[1:])
def test_a_case_in_dispute_hears_only_the_dispute(books: dict[str, Casebook], kind: str) -> None:
    verbs = {name: verb for name, verb in flow_in(books, "kuaishou", kind).verbs.items() if "disputed" in verb.from_}
    assert verbs
    assert all(verb.who == ("system",) for verb in verbs.values())


@pytest.mark.parametrize("kind", KINDS)
def test_what_has_ended_stays_so_for_people_and_the_clock(books: dict[str, Casebook], kind: str) -> None:
    """But for what is noted afterwards without a change of state, and what the platform claims back of a rule's doing."""
    flow = flow_in(books, "kuaishou", kind)
    final = {name for name, state in flow.states.items() if state.final}
    moving = [name for name, verb in flow.verbs.items() if final & set(verb.from_) and verb.to and set(verb.who) != {"system"}]
    assert set(moving) <= {"claim_back"}


@pytest.mark.parametrize("kind", KINDS)
def test_the_clocks_acts_need_nothing(books: dict[str, Casebook], kind: str) -> None:
    """What a person may be refused for want of something, the clock never is; it may have to wait for what passes by itself."""
    flow = flow_in(books, "kuaishou", kind)
    passes = {timer.passes for state in flow.states.values() for timer in state.timers}
    for name in passes:
        verb = flow.verbs[name]
        assert "needed" not in verb.takes.values(), name
        passing = {guard for guard in verb.guards if books["kuaishou"].guards[guard].at(T.date()).passing}
        assert set(verb.guards) - passing <= {"no_open_case"}, name  # which is just what its clock waits for


CAN: dict[tuple[str, str], dict[str, set[str]]] = {
    ("refund_only", "requested"): {
        "buyer": {"withdraw", "talk", "escalate", "change_reason", "accept_offer"},
        "merchant": {
            "agree", "refuse", "offer", "talk", "note_contact", "try_intercept", "intercept_failed", "question_reason",
            "escalate_by_merchant",
        },
        "platform": {"agree", "change_reason", "decide_directly", "intercept_failed"},
    },
    ("refund_only", "refused"): {
        "buyer": {"withdraw", "talk", "escalate", "accept_offer"},
        "merchant": {"agree", "offer", "talk", "note_contact", "escalate_by_merchant"},
        "platform": {"agree", "decide_directly"},
    },
    ("refund_only", "refunding"): {"buyer": set(), "merchant": {"note_invoice"}, "platform": {"take_back"}},
    ("refund_only", "awaiting_voucher"): {
        "buyer": {"talk"}, "merchant": {"upload_voucher", "talk", "note_contact", "note_invoice"},
        "platform": {"take_back"},
    },
    ("return_refund", "agreed"): {
        "buyer": {"withdraw", "talk", "post_back", "book_pickup", "report_no_address"},
        "merchant": {"give_address", "offer_refund", "talk", "note_contact", "note_invoice"},
        "platform": {"give_address", "post_back", "decide_directly", "take_back"},
    },
    ("return_refund", "no_address"): {
        "buyer": {"withdraw", "talk", "post_back"},
        "merchant": {"give_address", "offer_refund", "talk", "note_contact", "note_invoice"},
        "platform": {"give_address", "post_back", "decide_directly"},
    },
    ("return_refund", "defaulted"): {
        "buyer": {"withdraw", "talk", "turn_to_refund"}, "merchant": {"talk", "note_contact", "note_invoice"},
        "platform": set(),
    },
    ("return_refund", "returning"): {
        "buyer": {"talk"},
        "merchant": {"confirm", "dispute_receipt", "check_goods", "talk", "note_contact", "note_invoice"},
        "platform": {"confirm", "return_signed"},
    },
    ("return_refund", "receipt_disputed"): {
        "buyer": {"talk", "escalate", "accept_offer"},
        "merchant": {"confirm", "offer", "talk", "note_contact", "escalate_by_merchant"},
        "platform": {"confirm", "decide_directly"},
    },
    ("exchange", "to_send"): {
        "buyer": {"talk"}, "merchant": {"send_again", "talk", "note_contact", "note_invoice"}, "platform": set(),
    },
    ("exchange", "defaulted"): {
        "buyer": {"withdraw", "talk", "turn_to_refund"}, "merchant": {"send_again", "talk", "note_contact"}, "platform": set(),
    },
    ("exchange", "sent"): {
        "buyer": {"sign_resent", "talk", "escalate"}, "merchant": {"talk", "note_contact", "note_invoice"},
        "platform": {"sign_resent"},
    },
    ("repair", "defaulted"): {
        "buyer": {"withdraw", "talk", "turn_to_refund", "turn_to_exchange"}, "merchant": {"send_again", "talk", "note_contact"},
        "platform": set(),
    },
    ("handback", "held"): {
        "buyer": {"money_back", "talk"}, "merchant": {"talk", "note_contact"}, "platform": {"money_back"},
    },
    ("handback", "to_send"): {
        "buyer": {"waive", "talk"}, "merchant": {"send_again", "talk", "note_contact"}, "platform": {"excuse"},
    },
    ("handback", "defaulted"): {
        "buyer": {"waive", "talk", "turn_to_refund"}, "merchant": {"send_again", "talk", "note_contact"},
        "platform": {"excuse"},
    },
    ("handback", "sent"): {
        "buyer": {"sign_resent", "talk"}, "merchant": {"talk", "note_contact"}, "platform": {"sign_resent", "find_lost"},
    },
    ("order", "unpaid"): {"buyer": {"pay", "cancel"}, "merchant": {"cancel_by_merchant"}, "platform": {"pay"}},
    ("order", "confirming"): {
        "buyer": set(), "merchant": {"confirm_order", "cancel_by_merchant"}, "platform": {"cancel_by_platform"},
    },
    ("order", "shipped"): {
        "buyer": {"sign", "confirm_receipt"}, "merchant": {"note_contact"},
        "platform": {"sign", "cancel_by_platform", "excuse_lateness", "take_money_back"},
    },
}  # fmt: skip
"""State by state, what people can do there, said a second time and not read from the flows."""


@pytest.mark.parametrize(("kind", "state"), list(CAN))
def test_who_can_do_what(books: dict[str, Casebook], kind: str, state: str) -> None:
    flow = flow_in(books, "kuaishou", kind)
    can = {actor: {name for name, verb in flow.verbs.items() if state in verb.from_ and actor in verb.who} for actor in PEOPLE}
    assert can == CAN[kind, state]


def test_what_is_possible_leaves_out_what_a_guard_refuses(books: dict[str, Casebook]) -> None:
    case = case_in("refund_only", "requested", refund_fen=1_000, cause="seven_days")
    known = Known(T, {"kind": "refund_only", **case.facts}, {"amount_fen": 30_000, "paid_at": T})
    can = possible(books["kuaishou"], case, "buyer", known)
    assert "accept_offer" not in can
    assert "withdraw" in can
    assert "decide_directly" not in possible(books["kuaishou"], case, "platform", known)
