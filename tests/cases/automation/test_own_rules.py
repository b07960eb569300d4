"""Merchants' own rules: what they may say, what they then do, what they would have done; promises; parcels that came back."""

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select

from tianping.policy.cases.casebook import Casebook
from tianping.store.desk import rules as store_rules
from tianping.store.desk.returned import Wanted
from tianping.store.schema import audit
from tianping.work.desk import returned, rules, trial
from tianping.work.desk.rules import RuleRefused
from tianping.work.desk.serving import EVERYBODY, Caller
from tianping.work.desk.sitting import CaseRefused, Desk
from tianping.work.people.reach import EVERYTHING, Reach
from tianping.work.people.trail import Doer

from ..market import DAY, HOUR, REFUSAL, SECOND, T, ask, do, events, order, pass_time, read
from .shops import switch

CUSTOM = {"of": "custom", "kinds": ["refund_only"], "states": ["requested"], "verb": "agree"}
BACK = {"of": "custom", "kinds": ["return_refund"], "states": ["returning", "arrived"], "verb": "confirm"}


def own(desk: Desk, name: str, rule: dict[str, Any], *, shop: str = "S1", on: bool = True, platform: str = "kuaishou") -> int:
    with desk.database.begin() as connection:
        row = rules.add(connection, desk.book(platform), Doer(None, T), shop, name, rule)
        assert not row.active, "a new rule does nothing"
        return rules.switch(connection, Doer(None, T), row.id, on=True).id if on else row.id


def state(desk: Desk, kind: str = "refund_only", at: dt.datetime = T, *, of: str = "O1", **takes: Any) -> str:
    return read(desk, ask(desk, kind, at, of=of, **takes).id).state


@pytest.mark.spec("KS-A03")
@pytest.mark.parametrize(
    ("when", "takes", "acts"),
    [
        ({}, {}, True),
        ({"fact": "refund_fen", "at_most": 3_000}, {}, True),
        ({"fact": "refund_fen", "at_most": 2_999}, {}, False),
        ({"fact": "refund_fen", "less_than": 3_001}, {}, True),
        ({"fact": "cause", "in": ["quality", "damaged"]}, {}, True),
        ({"fact": "cause", "in": ["quality", "damaged"]}, {"reason": "not_wanted"}, False),
        ({"fact": "since.order.paid_at", "at_most": 3_600}, {}, True),
        ({"fact": "since.order.paid_at", "at_most": 3_599}, {}, False),
        ({"all": [{"fact": "order.amount_fen", "is": 5_000}, {"fact": "order.shipped_at", "known": False}]}, {}, True),
        ({"none": [{"fact": "order.amount_fen", "is": 5_000}]}, {}, False),
    ],
)
def test_conditions(desk: Desk, when: dict[str, Any], takes: dict[str, Any], acts: bool) -> None:
    """On kind, reason, amount, state and time; an hour after payment."""
    own(desk, "quick", {**CUSTOM, "when": when})
    order(desk)
    assert state(desk, at=T + HOUR, **takes) == ("refunding" if acts else "requested")
    order(desk, id_="O2")
    assert state(desk, "return_refund", of="O2") == "requested", "another kind"
    order(desk, id_="O3", shop="S2")
    assert state(desk, of="O3") == "requested", "another shop"


@pytest.mark.spec("KS-A03")
def test_a_rule_of_ones_own(any_desk: Desk) -> None:
    """The event names it; switched off it does nothing; each switching is in the trail."""
    desk = any_desk
    id_ = own(desk, "小额秒退", {**CUSTOM, "when": {"fact": "refund_fen", "at_most": 5_000}})
    order(desk)
    case = ask(desk)
    assert [(each.doer.actor, each.doer.rule) for each in events(desk, case)] == [
        ("buyer", ""),
        ("rule", "kuaishou/custom 2010-01-01: 小额秒退"),
    ]
    with desk.database.begin() as connection:
        rules.switch(connection, Doer(None, T), id_, on=False)
    order(desk, id_="O2")
    assert state(desk, of="O2") == "requested"
    with desk.database.connect() as connection:
        assert [row.act for row in connection.execute(select(audit).order_by(audit.c.id))] == [
            "rule_new", "rule_switch", "rule_switch",
        ]  # fmt: skip


@pytest.mark.spec("KS-A03")
def test_a_rule_for_what_comes_back(desk: Desk) -> None:
    """By state: refunded when the parcel is signed for, not when it is posted; without one, the clock confirms."""
    own(desk, "on signing", {**BACK, "states": ["arrived"], "when": {"fact": "refund_fen", "at_most": 10_000}})
    order(desk, shipped_at=T, signed_at=T)
    case = ask(desk, "return_refund", T + DAY)
    do(desk, case, "agree", "merchant", T + DAY)
    assert do(desk, case, "post_back", "buyer", T + 2 * DAY, return_waybill="SF1").state == "returning"
    assert do(desk, case, "return_signed", "platform", T + 3 * DAY).state == "refunding"


@pytest.mark.spec("KS-A03")
def test_a_rule_acts_after_the_clock(desk: Desk) -> None:
    """The clock agrees; then the rule refunds without waiting for the goods, as after a person's act."""
    offer = {"of": "custom", "kinds": ["return_refund"], "states": ["agreed"], "verb": "offer_refund"}
    own(desk, "keep it", {**offer, "when": {"fact": "refund_fen", "at_most": 1_000}})
    order(desk, shipped_at=T, signed_at=T)
    case = ask(desk, "return_refund", T, refund_fen=1_000)
    assert pass_time(desk, case, T + 48 * HOUR - SECOND).state == "requested"
    assert pass_time(desk, case, T + 48 * HOUR).state == "refunding"


def test_the_first_that_can(desk: Desk) -> None:
    """In the order they were made; the platform's come before."""
    own(desk, "none", {**CUSTOM, "when": {"fact": "refund_fen", "at_most": 1}})
    own(desk, "first", CUSTOM)
    own(desk, "second", CUSTOM)
    order(desk)
    assert events(desk, ask(desk))[-1].doer.rule.endswith(": first")
    switch(desk, "switch_instant_refund")
    order(desk, id_="O2")
    assert events(desk, ask(desk, of="O2"))[-1].doer.rule.startswith("kuaishou/instant_refund")


@pytest.mark.spec("KS-A02")
def test_the_assistant_by_the_merchants_rules(desk: Desk) -> None:
    """Where there are some, one of them must hold; the fen that it says, and one more."""
    switch(desk, "switch_assistant")
    rule = {"of": "assistant", "kinds": ["return_refund"], "states": ["requested"], "verb": "agree"}
    own(desk, "cheap", {**rule, "when": {"fact": "refund_fen", "at_most": 3_000}})
    for id_ in ("O1", "O2"):
        order(desk, id_=id_, seven_days=True, shipped_at=T, signed_at=T)
    assert state(desk, "return_refund", T + DAY, reason="seven_days", intact=True) == "agreed"
    assert state(desk, "return_refund", T + DAY, of="O2", reason="seven_days", intact=True, refund_fen=3_001) == "requested"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"of": "nothing"}, "of: "),
        ({"of": "instant_refund"}, "of: "),
        ({"verb": "refuse"}, "verb: "),
        ({"kinds": ["dispute"]}, "verb: "),
        ({"states": ["disputed"]}, "verb: "),
        ({"when": {"fact": "refund_feb", "at_most": 1}}, "refund_fen"),
        ({"when": {"fact": "shop.points", "at_most": 1}}, "when: "),
        ({"when": {"fact": "parent.reason", "is": "quality"}}, "when: "),
        ({"when": {"fact": "shop.rules", "known": True}}, "when: "),
        ({"when": {"fact": "order.buyer_id", "is": "B1"}}, "when: "),
        ({"when": {"fact": "reason_text", "is": "bad"}}, "when: "),
        ({"when": {"fact": "refund_fen", "is": "much"}}, "never 'much'"),
        ({"when": {"fact": "reason", "at_least": 3}}, "cannot be compared"),
        ({"when": {"fact": "refund_fen", "at_most": "requested_at"}}, "cannot be compared"),
        ({"when": {"fact": "refund_fen", "at_most": 1, "at_least": 1}}, "one thing"),
        ({"when": {"fact": "reason_words", "is": "\0"}}, "characters"),
        ({"more": 1}, "more: "),
    ],
)
def test_a_rule_that_cannot_be(desk: Desk, wrong: dict[str, Any], said: str) -> None:
    """Every fault says where it is."""
    with pytest.raises(RuleRefused, match=said):
        own(desk, "x", {**CUSTOM, **wrong})
    own(desk, "x", CUSTOM)
    with pytest.raises(RuleRefused, match="name: "):
        own(desk, "x", CUSTOM)


def test_a_trial(any_desk: Desk) -> None:
    """What it would have done to past cases: those that waited for the merchant, as they stood; nothing is changed."""
    desk = any_desk
    for n, fen in enumerate((1_000, 2_000, 3_000, 4_000)):
        order(desk, id_=f"O{n}")
        ask(desk, of=f"O{n}", refund_fen=fen, at=T + n * HOUR)
    cases = [read(desk, each) for each in _ids(desk)]
    do(desk, cases[0], "refuse", "merchant", T + 5 * HOUR, **REFUSAL)
    do(desk, cases[0], "escalate", "buyer", T + 6 * HOUR, talk="called")
    do(desk, cases[1], "agree", "merchant", T + 5 * HOUR)
    rule = rules.read(desk.book("kuaishou"), {**CUSTOM, "when": {"fact": "refund_fen", "at_most": 3_000}})
    with desk.database.connect() as connection:
        pasts = trial.at_desk(connection, "S1", rule.kinds, T, T + 3 * HOUR)
        done = trial.tried(desk.book("kuaishou"), rule, pasts)
    assert (done.looked, done.cases, done.fen, done.refused, done.disputed) == (3, 3, 6_000, 1, 1)
    assert [(each.order_id, each.at, each.fen) for each in done.examples] == [
        ("O2", T + 2 * HOUR, 3_000), ("O1", T + HOUR, 2_000), ("O0", T, 1_000),
    ]  # fmt: skip
    assert [read(desk, each.id).n for each in cases] == [3, 2, 1, 1]


def _ids(desk: Desk) -> list[str]:
    with desk.database.connect() as connection:
        return list(store_rules.past(connection, "S1", ["refund_only"], T - DAY, T + DAY))


@pytest.mark.spec("KS-A06")
def test_parcels_that_came_back(any_desk: Desk) -> None:
    """Longest signed first, filtered by the signing to the second; what was received, or waits for others, is not there."""
    desk = any_desk
    made = []
    for n, shop in enumerate(("S1", "S1", "S2", "S1", "S1")):
        order(desk, id_=f"O{n}", shop=shop, shipped_at=T, signed_at=T)
        case = ask(desk, "return_refund", T, of=f"O{n}")
        do(desk, case, "agree", "merchant", T)
        do(desk, case, "post_back", "buyer", T + HOUR, return_waybill=f"SF{n}")
        made.append(case.id)
    for n, hours in ((0, 9), (1, 5), (2, 7), (3, 6)):
        do(desk, made[n], "return_signed", "platform", T + hours * HOUR)
    do(desk, made[3], "confirm", "merchant", T + 10 * HOUR)

    def listed(reach: Reach = EVERYTHING, **wanted: Any) -> list[str]:
        page = returned.listing(desk, Caller(None, EVERYBODY, reach), Wanted(**wanted), T + DAY)
        assert [each.signed_at for each in page.parcels] == sorted(each.signed_at for each in page.parcels)
        return [f"O{made.index(each.told.case.id)}" for each in page.parcels]

    assert listed() == ["O1", "O2", "O0"]
    assert listed(Reach(frozenset({"S1"}))) == ["O1", "O0"]
    assert listed(since=T + 7 * HOUR) == ["O2", "O0"]
    assert listed(since=T + 7 * HOUR + SECOND) == ["O0"]
    assert listed(until=T + 7 * HOUR) == ["O1"]
    first = returned.listing(desk, Caller(None, EVERYBODY, EVERYTHING), Wanted(), T + DAY, limit=2)
    rest = returned.listing(desk, Caller(None, EVERYBODY, EVERYTHING), Wanted(), T + DAY, after=first.after, limit=2)
    assert ([len(first.parcels), len(rest.parcels)], rest.after) == ([2, 1], None)


@pytest.mark.spec("KS-A07")
@pytest.mark.parametrize(
    ("on", "virtual", "guard"), [(True, False, ""), (False, False, "seven_days_goods"), (True, True, "seven_days_goods")]
)
def test_the_promise_of_seven_days(desk: Desk, on: bool, virtual: bool, guard: str) -> None:
    """What a shop has switched on when the order is made holds for that order, whatever it switches later."""
    switch(desk, "switch_seven_days", on=on)
    order(desk, shipped_at=T, signed_at=T, virtual=virtual)
    switch(desk, "switch_seven_days", on=not on)
    try:
        ask(desk, "return_refund", T + DAY, reason="seven_days", intact=True)
        said = ""
    except CaseRefused as error:
        said = error.refusal.guard
    assert said == guard


@pytest.mark.spec("KS-A07")
@pytest.mark.parametrize("on", [True, False])
def test_the_promise_of_return_freight(desk: Desk, on: bool) -> None:
    """Without a reason the buyer pays the way back, unless the shop had promised it."""
    switch(desk, "switch_return_freight", on=on)
    order(desk, seven_days=True, shipped_at=T, signed_at=T)
    switch(desk, "switch_return_freight", on=not on)
    case = ask(desk, "return_refund", T, reason="seven_days", intact=True)
    do(desk, case, "agree", "merchant", T)
    do(desk, case, "post_back", "buyer", T + HOUR, return_waybill="SF1", freight_claim_fen=1_200)
    done = do(desk, case, "confirm", "merchant", T + 2 * HOUR)
    assert (done.facts.get("freight_fen") or 0) == (1_200 if on else 0)


@pytest.mark.parametrize("deep", [22, 200, 5_000])
def test_tests_too_deep_within_tests_are_refused(books: dict[str, Casebook], deep: int) -> None:
    when: dict[str, Any] = {"fact": "reason", "is": "seven_days"}
    for _ in range(deep):
        when = {"all": [when]}
    with pytest.raises(RuleRefused, match="deep"):
        rules.read(books["kuaishou"], CUSTOM | {"when": when})
