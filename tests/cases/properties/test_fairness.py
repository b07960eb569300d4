"""Sanctions and figures, of all packs: what sanctions is what releases; what is not known is not nothing; reviews that no buyer
wrote never count; what a shop may say is never taken away."""

import datetime as dt
from collections.abc import Iterator
from typing import Any, get_args

import pytest

from spec.facts import Row, case, order, parcel, product, review, shop
from spec.facts import T as DATE
from tianping.cases.conditions import Known, holds
from tianping.cases.flow import asked, flow_of, possible
from tianping.policy.cases import flowing
from tianping.policy.cases.casebook import Casebook
from tianping.policy.cases.flowing import Actor
from tianping.policy.judging import Condition, EffectKind
from tianping.policy.load import open_all
from tianping.policy.model import Pack
from tianping.work.desk.factrows import Kin, case_row
from tianping.work.desk.money.purse import with_purse
from tianping.work.desk.sitting import Desk
from tianping.work.trials.trial import figures

from ..market import DAY, HOUR, REFUSAL, T, ask, do, family, pass_time, read
from ..market import order as placed

PACKS = {opened.pack.platform: opened.pack for opened in open_all()[0]}
PLATFORMS = ("kuaishou", "douyin", "taobao", "tmall", "jd")
MARKED = ("closed", "abandoned", "points", "punished_quality", "punished_shipping", "liable_masses")
"""What a sanction leaves on a shop, for tests of flows."""


def leaves(conditions: tuple[Condition, ...]) -> Iterator[Condition]:
    for each in conditions:
        inner = (*each.all, *each.any)
        if inner:
            yield from leaves(inner)
        else:
            yield each


def read_by(one: Condition) -> tuple[object, ...]:
    return (one.metric, one.score, one.days, one.by, one.take)


# 10: sanction and release


@pytest.mark.parametrize("platform", [name for name, pack in PACKS.items() if pack.judging.levels])
def test_what_lowers_a_level_is_what_raises_it(platform: str) -> None:
    """Each figure that brings a level down brings it up again: the same metric, window and side, and never both at once."""
    ladder = PACKS[platform].judging.levels
    assert ladder is not None
    for version in ladder.versions:
        raising = {read_by(one): one for one in leaves(version.up)}
        for one in leaves(version.down):
            if one.take in ("numerator", "denominator"):  # a gate: enough of them to say anything
                assert any(one.metric == other.metric for other in raising.values()), (platform, one)
                continue
            assert read_by(one) in raising, (platform, read_by(one))
            apart(one, raising[read_by(one)])


def apart(down: Condition, up: Condition) -> None:
    """No value is on both sides."""
    (falls, low), (rises, high) = down.compares, up.compares
    if isinstance(low, str) or isinstance(high, str):
        return
    if rises in ("at_least", "more_than"):
        assert falls in ("less_than", "at_most"), (down, up)
        assert low <= high, (down, up)
        assert low < high or (falls, rises) != ("at_most", "at_least"), (down, up)
    else:
        assert falls in ("more_than", "at_least"), (down, up)
        assert low >= high, (down, up)
        assert low > high or (falls, rises) != ("at_least", "at_most"), (down, up)


@pytest.mark.parametrize("platform", PACKS)
def test_a_right_is_given_and_withdrawn_by_the_same_conditions(platform: str) -> None:
    """There is one list of conditions: while it holds the right stands, else not."""
    for name, right in PACKS[platform].judging.rights.items():
        for version in right.versions:
            assert version.all, name
            assert set(type(version).model_fields) - {"since", "source", "words", "assumed", "note", "subject", "shown"} == {
                "all"
            }


# 11: sanctions do not feed themselves


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_the_platform_opens_says_so_in_the_facts(desk: Desk, platform: str) -> None:
    """By this the judgement's rule knows it, and leaves it out of what shops are accused by (tests of `adjusted`)."""
    placed(desk, platform=platform)
    openers: tuple[tuple[Actor, str], ...] = (("buyer", "buyer"), ("platform", "platform"))
    for opener, says in openers:
        made = ask(desk, at=T, by=opener, refund_fen=100)
        assert case_row(read(desk, made.id), Kin({}), opener)["opened_by"] == says


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_case_that_becomes_another_stays_whose_it_was(desk: Desk, platform: str) -> None:
    """An exchange that was not performed becomes a refund, the buyer's: it counts."""
    placed(desk, T - DAY, platform=platform, shipped_at=T, signed_at=T)
    made = ask(desk, "exchange", T, goods_received=True)
    do(desk, made, "agree", "merchant", T + HOUR)
    do(desk, made, "post_back", "buyer", T + 2 * HOUR, return_waybill="W", return_contact="Li")
    do(desk, made, "confirm", "merchant", T + 3 * HOUR)
    do(desk, made, "turn_to_refund", "buyer", T + 3 * DAY)
    its = {each.id: each for each in family(desk, made)}
    refund = next(each for each in its.values() if each.kind == "refund_only")
    assert case_row(refund, Kin(its), "buyer")["opened_by"] == "buyer"


# 12: sanctioned shops keep their rights


@pytest.mark.parametrize("platform", PLATFORMS)
def test_nothing_that_a_party_may_do_hangs_on_sanctions(books: dict[str, Casebook], platform: str) -> None:
    """No guard of anything that a merchant or a buyer may do, in any version, asks whether the shop is closed, has points, was
    punished."""
    book = books[platform]
    for kind, flow in book.flows.items():
        for version in flow.versions:
            for name, verb in version.verbs.items():
                if {"merchant", "buyer"} & set(verb.who):
                    facts = {
                        fact for guard in verb.guards for each in book.guards[guard].versions for fact in asked(each.holds)
                    }
                    assert not {f"shop.{mark}" for mark in MARKED} & facts, (kind, name)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_sanctioned_shop_answers_shows_and_appeals(desk: Desk, platform: str) -> None:
    """Closed, with 150 points, abandoned: what it may do in each state is what others may do."""
    marks = {"closed": True, "points": 150, "abandoned": True, "punished_quality": True, "punished_shipping": True}
    placed(desk, T - DAY, platform=platform, shipped_at=T, signed_at=T)
    made = ask(desk, "return_refund", T, goods_received=True)
    do(desk, made, "refuse", "merchant", T + 40 * HOUR, **REFUSAL)
    assert same_for(desk, made.id, T + 41 * HOUR, marks)
    do(desk, made, "escalate", "buyer", T + 73 * HOUR)
    dispute = next(each for each in family(desk, made) if each.kind == "dispute").id
    assert "submit_merchant" in same_for(desk, dispute, T + 74 * HOUR, marks)
    pass_time(desk, dispute, T + 73 * HOUR + 3 * DAY)
    if read(desk, dispute).state == "judging":  # on Kuaishou a silent merchant is judged by the clock (KS-W16)
        proposed = {"proposed_rule": "other/proven", "proposed_liability": "seller", "proposed_remedy": "return_refund"}
        do(desk, dispute, "find", "adjudicator", T + 73 * HOUR + 3 * DAY, **proposed)
        said = {"liability": "seller", "remedy": "return_refund", "ruling": "other/proven", "judged_by": 1, "refund_fen": 5000}
        do(desk, dispute, "verdict", "adjudicator", T + 73 * HOUR + 3 * DAY, **said)
    assert "appeal" in same_for(desk, dispute, T + 73 * HOUR + 4 * DAY, marks)


def same_for(desk: Desk, id_: str, at: dt.datetime, marks: dict[str, Any]) -> tuple[str, ...]:
    """What the merchant may do, which is the same with and without these marks."""
    one, all_ = read(desk, id_), {each.id: each for each in family(desk, id_)}
    ways = []
    for told in ({}, marks):
        with desk.database.connect() as connection:
            purse = with_purse(lambda *_, told=told: told)(connection, "S1", at)
            of = all_[f"order/{one.order_id}"].facts
            above = {**all_[one.parent_id].facts, "kind": all_[one.parent_id].kind} if one.parent_id else {}
            known = Known(at, {"kind": one.kind, **one.facts}, of, above, purse.get)
            ways.append(possible(desk.book(one.platform), one, "merchant", known))
    assert ways[0] == ways[1]
    assert ways[0], f"{one.kind} {one.state}: the merchant may do nothing"
    assert flow_of(desk.book(one.platform), one).states[one.state].owner
    return ways[0]


def test_no_effect_of_a_penalty_takes_away_a_voice(books: dict[str, Casebook]) -> None:
    """What penalties can do is a closed list; among it nothing that could stop an answer, evidence or an appeal; and the rights
    that they name are those of the pack."""
    assert not {"answer", "evidence", "appeal", "talk", "mute"} & set(get_args(EffectKind))
    for pack in PACKS.values():
        for penalty in pack.judging.penalties.values():
            for version in penalty.versions:
                named = {effect.right for cell in version.cells for effect in cell.effects if effect.right}
                assert not {one for one in named if any(word in one for word in ("answer", "evidence", "appeal"))}


@pytest.mark.parametrize("platform", [name for name, pack in PACKS.items() if pack.judging.violations])
def test_every_violation_can_be_appealed(platform: str) -> None:
    for name, violation in PACKS[platform].judging.violations.items():
        for version in violation.versions:
            assert min(version.appeal_days, version.appeals) >= 1, name


# 13: automatic reviews never count

NO_REVIEWS = ("tmall", "jd")
"""Packs without a figure that these reviews could change."""


def reviewed(pack: Pack, *more: Row) -> dict[tuple[object, ...], tuple[object, ...]]:
    facts = {
        "shops": [shop(platform=pack.platform)],
        "products": [product()],
        "orders": [order(f"o{n}", f"06-{10 + n} 12:00") for n in range(1, 15)],
        "parcels": [parcel(f"p{n}", f"o{n}", f"06-{11 + n} 12:00", signed_at=f"06-{12 + n} 12:00") for n in range(1, 15)],
        "reviews": [review("v1", "o1", "06-20 12:00", [5, 4, 1]), review("v2", "o2", "06-25 12:00", [2, 2, 2]), *more],
    }  # fmt: skip
    return {
        (each.metric, each.variant, each.by, each.subject, each.days): (
            each.numerator,
            each.denominator,
            each.value,
            each.status,
        )
        for each in figures(facts, date=DATE, platform=pack.platform)
    }


@pytest.mark.parametrize("stars", [[5, 5, 5], [1, 1, 1]])
@pytest.mark.parametrize("platform", PACKS)
def test_automatic_reviews_change_no_figure(platform: str, stars: list[int | None]) -> None:
    """Twelve that nobody wrote, on orders with a review and without, on every day: each figure of the pack stays as it was."""
    automatic = [review(f"a{n}", f"o{n}", f"06-{15 + n} 12:00", stars, automatic=True) for n in range(1, 13)]
    before, after = reviewed(PACKS[platform]), reviewed(PACKS[platform], *automatic)
    assert before == after
    written = [{**each, "automatic": None} for each in automatic]
    assert reviewed(PACKS[platform], *written) != before or platform in NO_REVIEWS, "written by buyers they count"


# 14: undefined is not 0


@pytest.mark.parametrize("platform", PACKS)
def test_nothing_over_nothing_is_not_a_number(platform: str) -> None:
    """In a market with orders and without, with cases of none of them: no figure with nothing below is a number."""
    markets: list[dict[str, list[Row]]] = [
        {"shops": [shop(platform=platform)], "products": [product()]},
        {"shops": [shop(platform=platform)], "products": [product()], "orders": [order("o1", "06-29 12:00")]},
        {"shops": [shop(platform=platform)], "products": [product()], "orders": [order("o1", None)],
         "cases": [case("c1", "o1", "06-28 12:00")]},
    ]  # fmt: skip
    seen = 0
    for facts in markets:
        for each in figures(facts, date=DATE, platform=platform):
            if each.denominator == 0:
                seen += 1
                assert (each.value, each.status) == (None, "undefined"), each
            else:
                assert each.value is not None, each
    assert seen or platform in ("taobao", "tmall", "jd", "douyin", "kuaishou")


@pytest.mark.parametrize(
    "test", [{"at_most": 5}, {"less_than": 5}, {"at_least": -5}, {"more_than": -5}, {"is": 0}, {"in": [0]}]
)
def test_what_is_not_known_passes_no_line(test: dict[str, Any]) -> None:
    """Neither upwards nor downwards, nor as 0; of the case, its order, its parent, its shop, or as a span of time."""
    for fact in (
        "refund_fen",
        "order.quantity",
        "parent.refund_fen",
        "shop.points",
        "since.requested_at",
        "days.order.signed_at",
    ):
        assert not holds(flowing.When(fact=fact, **test), Known(T, {}))
        assert holds(flowing.When(fact=fact, known=False), Known(T, {}))
