"""Penalties: amounts, choices, what is milder, what eases."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tianping.assess.penalty import (
    Choice,
    Dealt,
    Offer,
    OutOfRange,
    Standing,
    amount,
    cells_of,
    choose,
    deal_of,
    eased,
    is_milder,
    lighter,
    offer,
    plain,
    still_open,
)
from tianping.policy.judging import SEVERITIES, PenaltyVersion, Severity

AT = dt.datetime(2024, 5, 1, 1, 30)
WORDS = {"zh": "", "en": ""}
HEAD = {"since": "2020-01-01", "source": [{"document": "S1"}], "words": WORDS}
BY_SEVERITY = PenaltyVersion.model_validate({**HEAD, "cells": [
    {"severity": "minor", "effects": [{"kind": "study"}, {"kind": "money", "yuan": 8}]},
    {"severity": "serious", "effects": [{"kind": "exam"}, {"kind": "ban", "days": [3, 6]}, {"kind": "money", "yuan": [8, 31]}]},
    {"severity": "extremely_serious", "effects": [{"kind": "ban", "for_ever": True}]},
]})  # fmt: skip
BY_COUNT = PenaltyVersion.model_validate({**HEAD, "by": "count", "cells": [
    {"severity": "minor", "times": [1, 2], "effects": [{"kind": "warning"}]},
    {"severity": "serious", "times": [3, None], "effects": [{"kind": "money", "yuan": [1, 3]}]},
]})  # fmt: skip


def got(severity: Severity, *earlier: Severity, table: PenaltyVersion = BY_SEVERITY) -> Offer:
    found = offer(table, severity, earlier)
    assert found is not None
    return found


@given(low=st.integers(0, 10**9), wide=st.integers(0, 10**9), n=st.integers(0, 9))
def test_amounts_lie_in_the_range_and_rise(low: int, wide: int, n: int) -> None:
    found = amount(low, low + wide, n)
    assert low <= found <= amount(low, low + wide, n + 1) <= low + wide
    assert found == low + [0, wide // 2, wide][min(n, 2)]


def test_only_earlier_ones_at_this_severity_count() -> None:
    """A raise of severity starts again at the low end."""
    assert got("serious", "minor", "minor", "extremely_serious").n == 0
    assert [each.amount for each in got("serious", "minor", "serious").options[0]] == [None, 4, 19_50]


def test_no_such_cell() -> None:
    assert offer(BY_SEVERITY, "especially_serious", []) is None
    assert cells_of(BY_COUNT, "minor", 0) == ()


def test_offers_and_deals_survive_json() -> None:
    for each in (got("serious", "serious"), got("minor", "minor", "minor", table=BY_COUNT)):
        assert Offer.of(each.plain()) == each
        assert deal_of(plain(each.options[0])) == each.options[0]


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (Choice(1), "no option 1"),
        (Choice(-1), "no option -1"),
        (Choice(0, {"exam": 1}), 'no amount of "exam"; to choose: ban, money'),
        (Choice(0, {"ban": 7}), "ban: 7 days lies outside 3 to 6"),
        (Choice(0, {"money": 7_99}), "money: 799 fen lies outside 800 to 3100"),
    ],
)
def test_choices_outside_are_refused(choice: Choice, said: str) -> None:
    with pytest.raises(OutOfRange, match=said):
        choose(got("serious"), choice)


def test_what_is_not_chosen_is_as_proposed() -> None:
    chosen = choose(got("serious"), Choice(0, {"ban": 6}))
    assert [(each.key, each.amount) for each in chosen] == [("exam", None), ("ban", 6), ("money", 8_00)]


@pytest.mark.parametrize(
    ("dealt", "ends"),
    [
        (Dealt("warning"), AT),
        (Dealt("money", 5, 5, 5, "fen"), AT),
        (Dealt("delist"), AT),
        (Dealt("delist", for_ever=True), None),
        (Dealt("ban", 3, 1, 3, "days"), AT + dt.timedelta(days=3)),
        (Dealt("ban"), None),
        (Dealt("points", 3, 1, 3, "points"), AT + dt.timedelta(days=365)),
        (Dealt("study"), None),
        (Dealt("remove"), None),
    ],
)
def test_ends(dealt: Dealt, ends: dt.datetime | None) -> None:
    assert dealt.ends(AT, 365) == ends


def stands(severity: Severity, *earlier: Severity, **amounts: int) -> Standing:
    return Standing(severity, 0, choose(got(severity, *earlier), Choice(0, amounts)))


@pytest.mark.parametrize(
    ("after", "before", "milder"),
    [
        (stands("serious", ban=4), stands("serious", ban=5), True),
        (stands("serious", ban=5), stands("serious", ban=5), False),
        (stands("serious", ban=4, money=900), stands("serious", ban=5), False),
        (stands("minor"), stands("serious"), True),
        (stands("serious"), stands("minor"), False),
        (stands("serious"), stands("extremely_serious"), True),
        (stands("serious")._replace(option=1), stands("serious", ban=5), False),
    ],
)
def test_milder(after: Standing, before: Standing, milder: bool) -> None:
    assert is_milder(after, before) == milder


def test_a_penalty_of_money_alone_is_not_milder_where_it_is_more() -> None:
    assert not is_milder(Standing("minor", 0, (Dealt("money", 801),)), Standing("serious", 0, (Dealt("money", 800),)))


def test_easing_takes_the_new_proposal() -> None:
    was, now = got("serious", "serious", "serious"), got("serious", "serious")
    assert eased(now, Standing("serious", 0, was.options[0])).deal == now.options[0]


def test_easing_leaves_what_a_person_picked() -> None:
    """While the severity stays."""
    was, now = got("serious", "serious", "serious"), got("serious")
    present = Standing("serious", 0, choose(was, Choice(0, {"ban": 5})), ("ban",))
    assert [each.amount for each in eased(now, present).deal] == [None, 5, 8_00]
    assert eased(got("minor"), present) == Standing("minor", 0, got("minor").options[0])


def test_easing_never_raises() -> None:
    """One step milder, where it was the second time already: the middle is more than the low end of the worse cell was."""
    was = Offer("serious", 0, 1, ((Dealt("money", 10, 10, 50, "fen"),),))
    now = Offer("minor", 1, 1, ((Dealt("money", 12, 5, 20, "fen"), Dealt("study")),))
    assert eased(now, Standing("serious", 0, was.options[0])) == Standing(
        "minor", 0, (Dealt("money", 10, 5, 20, "fen"), Dealt("study"))
    )


@given(
    earlier=st.lists(st.sampled_from(SEVERITIES[:2]), max_size=4),
    fewer=st.integers(0, 4),
    severity=st.sampled_from(SEVERITIES[:2]),
    money=st.integers(8_00, 31_00),
)
def test_eased_is_never_heavier(earlier: list[Severity], fewer: int, severity: Severity, money: int) -> None:
    deal = choose(got("serious", *earlier), Choice(0, {"money": money}))
    for present in (Standing("serious", 0, deal, ("money",)), Standing("serious", 0, deal)):
        after = eased(got(severity, *earlier[fewer:]), present)
        assert after == present or is_milder(after, present)


def test_lighter_in_a_table_by_count() -> None:
    """As at the last time that had the severity."""
    earlier: list[Severity] = ["minor", "minor", "serious"]
    assert lighter(BY_COUNT, "minor", earlier) == offer(BY_COUNT, "minor", earlier[2:])
    assert lighter(BY_COUNT, "serious", earlier) == offer(BY_COUNT, "minor", earlier)
    assert lighter(BY_COUNT, "especially_serious", earlier) is None
    assert lighter(BY_SEVERITY, "especially_serious", earlier) is None


@pytest.mark.parametrize(
    ("fulfilled", "open_"),
    [
        ((), ("study", "exam", "freeze")),
        (("study",), ("exam", "freeze")),
        (("exam",), ("freeze",)),
        (("freeze",), ("study", "exam")),
    ],
)
def test_duties_still_open(fulfilled: tuple[str, ...], open_: tuple[str, ...]) -> None:
    """Who has passed the exam need not study."""
    deal = (Dealt("study"), Dealt("exam"), Dealt("freeze"), Dealt("ban", 3, 3, 3, "days"), Dealt("delist", for_ever=True))
    assert still_open(deal, fulfilled) == open_
