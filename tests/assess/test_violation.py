"""How violations are found, whatever the pack: triggers, tails, shifts, cadence, cool-down, repeats, and the guard."""

import datetime as dt
from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tianping.assess.crossing import crossing
from tianping.assess.finding import Seen, Subject, Whole
from tianping.assess.trigger import Reached, judged, moved, ranked, tail_size
from tianping.assess.violation import Earlier, Found, find, raised, settle, table_of
from tianping.assess.worklist import worklist
from tianping.policy.judging import SEVERITIES, Severity, Tail, Trigger, ViolationVersion

from .crowd import MONDAY, PRODUCT, SHOP, TUESDAY, Crowd, Past, shop_figures

WORDS = {"zh": "字", "en": "words"}
SOURCE = [{"document": "S1"}]


def trigger(**given: object) -> Trigger:
    return Trigger.model_validate({"name": "t", "source": SOURCE, "words": WORDS} | given)


def version(*triggers: Trigger, **given: object) -> ViolationVersion:
    plain = {"since": "2010-01-01", "source": SOURCE, "words": WORDS, "triggers": [each.model_dump() for each in triggers]}
    return ViolationVersion.model_validate(plain | given)


def stepped(take: str = "ratio", way: str = "at_least", **more: object) -> Trigger:
    """Steps at 2, 5 and 10."""
    lines = {"minor": 2, "serious": 5, "especially_serious": 10}
    return trigger(steps={"metric": "m", "take": take, way: lines}, **more)


def held(
    version: ViolationVersion, figures: Crowd, date: dt.date = MONDAY, subjects: Sequence[Subject] = (SHOP,)
) -> list[Found]:
    return list(find("v", version, date, subjects, figures, {}))


def month(numerator: int, denominator: int, rate: Fraction | None = None, status: str = "ok") -> Crowd:
    """The shop's metric m over 30 days, and the platform's rate."""
    seen = Seen(numerator, denominator, status)
    return Crowd({("m", "shop", "S1", 30): seen}, {} if rate is None else {("m", "platform", "kuaishou", 30): Whole(rate)})


@given(st.integers(0, 40), st.integers(1, 400), st.integers(1, 30), st.integers(1, 300))
def test_steps_are_those_of_whole_numbers(numerator: int, denominator: int, hits: int, size: int) -> None:
    """n/d ≥ 5 × h/s is n × s ≥ 5 × h × d: nothing is rounded."""
    found = held(version(stepped()), month(numerator, denominator, Fraction(hits, size)))
    reached = [
        name for name, line in zip(SEVERITIES, (2, 5, 10), strict=False) if numerator * size >= line * hits * denominator
    ]
    assert [each.severity for each in found] == reached[-1:]


@pytest.mark.parametrize(
    ("way", "numerator", "found"), [("at_least", 2, ["minor"]), ("more_than", 2, []), ("more_than", 3, ["minor"])]
)
def test_a_line_is_reached_or_passed(way: str, numerator: int, found: list[Severity]) -> None:
    assert [each.severity for each in held(version(stepped("numerator", way)), month(numerator, 9))] == found


@pytest.mark.parametrize("status", ["incomplete", "no_data", "immature"])
def test_what_cannot_be_said_is_no_violation(status: str) -> None:
    """Neither a figure that is not there yet, nor one without a benchmark, nor 0/0."""
    assert held(version(stepped()), month(99, 100, Fraction(1, 100), status)) == []
    assert held(version(stepped()), month(99, 100)) == held(version(stepped()), month(0, 0, Fraction(1, 100))) == []
    assert held(version(stepped()), Crowd()) == []


def test_too_few_is_the_gates_matter() -> None:
    assert [each.severity for each in held(version(stepped()), month(2, 3, Fraction(1, 3), "too_few"))] == ["minor"]


def test_several_triggers_are_one_violation() -> None:
    """The worst stands, the others stay beside it; of equals the first; what is recorded gives way to what is punished."""
    mild, worse = trigger(name="mild", severity="minor", when=[{"metric": "m", "at_least": 0}]), stepped(name="worse")
    same = stepped(name="same")
    recorded = trigger(name="kept", severity="especially_serious", when=[{"metric": "m", "at_least": 0}], records=True)
    (found,) = held(version(recorded, mild, worse, same), month(5, 10, Fraction(1, 10)))
    assert (found.trigger.name, found.severity, found.records) == ("worse", "serious", False)
    assert [other.trigger.name for other in found.others] == ["kept", "mild", "same"]
    (alone,) = held(version(recorded), month(5, 10))
    assert alone.records
    assert alone.table is None


def test_one_violation_a_subject_in_their_order() -> None:
    """The order in which subjects are handed over does not matter."""
    shops = [Subject("kuaishou", name) for name in ("S3", "S1", "S2")]
    figures = Crowd({("m", "shop", each.shop, 30): Seen(3, 3) for each in shops})
    found = [each.id for each in held(version(stepped("numerator")), figures, subjects=shops)]
    assert (
        found == [each.id for each in held(version(stepped("numerator")), figures, subjects=shops[::-1])] == ["S1", "S2", "S3"]
    )


@pytest.mark.parametrize(
    ("cadence", "due"),
    [
        ({}, [1, 2, 3, 4, 5, 6, 7, 8, 15]), ({"every": "week", "on": 1}, [1, 8, 15]), ({"every": "week", "on": 7}, [7]),
        ({"every": "month", "on": 15}, [15]),
    ],
)  # fmt: skip
def test_a_trigger_is_looked_at_on_its_days(cadence: dict[str, object], due: list[int]) -> None:
    """July 2024 begins with a Monday."""
    one = version(stepped("numerator", cadence=cadence))
    days = [day for day in (1, 2, 3, 4, 5, 6, 7, 8, 15) if held(one, month(3, 3), dt.date(2024, 7, day))]
    assert days == due


def test_rows_are_subjects_without_a_metric() -> None:
    """Of the trigger's own rows; its gates still hold."""
    one = version(trigger(name="rows", rows={"of": "shop", "when": "phone_manager is null"}, severity="minor"))
    other = Subject("kuaishou", "S2")
    assert [each.id for each in find("v", one, MONDAY, [SHOP, other], Crowd(), {"rows": [other], "else": [SHOP]})] == ["S2"]
    assert list(find("v", one, MONDAY, [SHOP], Crowd(), {})) == []


@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(1, 12)), max_size=40),
    st.fractions(0, 1, max_denominator=12),
    st.integers(1, 12),
)
def test_a_tail_is_the_first_of_the_sorted(counts: list[tuple[int, int]], share: Fraction, one_from: int) -> None:
    """Those with three or more, by rate, then by count, then by id; floor(share × count), one from `one_from` on."""
    shops = [Subject("kuaishou", f"S{n:02}") for n in range(len(counts))]
    figures = Crowd({("m", "shop", shop.shop, 30): Seen(*each) for shop, each in zip(shops, counts, strict=True)})
    tail = {"metric": "m", "share": share, "one_from": one_from, "severity": "minor"}
    found = held(
        version(trigger(when=[{"metric": "m", "take": "numerator", "at_least": 3}], tail=tail)), figures, subjects=shops
    )
    gated = [(n / d if d else 0, n, shop.shop) for (n, d), shop in zip(counts, shops, strict=True) if n >= 3]
    first = sorted(gated, key=lambda each: (-each[0], -each[1], each[2]))
    size = max(share.numerator * len(first) // share.denominator, 1 if len(first) >= one_from else 0)
    assert [each.id for each in found] == sorted(name for *_, name in first[:size])
    places = {each.id: each.verdict.reached.behind for each in found}
    assert places == {name: (rank, len(first), size) for rank, (*_, name) in enumerate(first[:size], start=1)}


@pytest.mark.parametrize(("count", "size"), [(0, 0), (9, 0), (10, 1), (19, 1), (20, 2), (105, 10)])
def test_the_size_of_a_tenth(count: int, size: int) -> None:
    assert tail_size(Tail.model_validate({"metric": "m", "share": "10 %", "severity": "minor"}), count) == size


def shifted(ratio: str, line: int = 2) -> list[Found]:
    """A shop at `line` times the platform by m, and at `ratio` by the metric that shifts."""
    shift = {"metric": "s", "take": "ratio", "up_above": 1.3, "down_below": 0.7}
    own = Fraction(ratio) / 10
    seen = {("m", 30): (line, 10), ("s", 30): (own.numerator, own.denominator)}
    figures = shop_figures(seen, {("m", 30): Fraction(1, 10), ("s", 30): Fraction(1, 10)})
    return held(version(stepped(shift=shift)), figures)


@pytest.mark.parametrize(
    ("ratio", "line", "expected"),
    [
        ("13/10", 2, ("minor", False)), ("1301/1000", 2, ("serious", True)), ("7/10", 2, ("minor", False)),
        ("1301/1000", 5, ("especially_serious", True)), ("1301/1000", 10, ("especially_serious", True)),
        ("699/1000", 5, ("minor", False)), ("699/1000", 10, ("serious", False)),
    ],
)  # fmt: skip
def test_a_shift_moves_a_step(ratio: str, line: int, expected: tuple[Severity, bool]) -> None:
    """Above 1.3 and below 0.7 only; never beyond what a rule may give; up is immediate."""
    (found,) = shifted(ratio, line)
    assert (found.severity, found.immediate) == expected


def test_below_minor_there_is_none() -> None:
    assert shifted("699/1000", 2) == []


def test_a_shift_that_cannot_be_said_moves_nothing() -> None:
    shift = {"metric": "s", "take": "ratio", "up_above": 1.3, "down_below": 0.7}
    (found,) = held(version(stepped(shift=shift)), month(2, 10, Fraction(1, 10)))
    assert (found.severity, found.immediate) == ("minor", False)


@given(st.sampled_from(SEVERITIES), st.integers(-4, 4))
def test_moving_never_leaves_the_ladder(severity: Severity, steps: int) -> None:
    """No rule comes to extremely serious, and what a person set there is not lowered by a step up."""
    after = moved(severity, steps)
    if after is None:
        assert SEVERITIES.index(severity) + steps < 0
    else:
        assert after != "extremely_serious" or severity == "extremely_serious"
        assert (SEVERITIES.index(after) - SEVERITIES.index(severity)) * steps >= 0


def one_found(**given: object) -> tuple[Found, ViolationVersion]:
    kind = version(stepped("numerator"), **given)
    return held(kind, month(3, 9))[0], kind


@pytest.mark.parametrize(("ago", "again"), [(1, False), (6, False), (7, True), (8, True)])
def test_a_cool_down(ago: int, again: bool) -> None:
    """Again after seven days: on the seventh day after, not on the sixth."""
    found, kind = one_found(again_after_days=7)
    past = Past(last=MONDAY - dt.timedelta(days=ago))
    assert (settle(found, kind, past) is not None) == again


def test_a_record_does_not_cool_a_proposal() -> None:
    """What was only recorded yesterday may be proposed today; what was proposed is not recorded beside it."""
    found, kind = one_found(again_after_days=7)
    yesterday = MONDAY - dt.timedelta(days=1)
    assert settle(found, kind, Past(last_recorded=yesterday)) == found
    recording = version(stepped("numerator", records=True), again_after_days=7)
    (record,) = held(recording, month(3, 9))
    assert settle(record, recording, Past(last=yesterday)) is settle(record, recording, Past(last_recorded=yesterday)) is None


@pytest.mark.parametrize(
    ("days", "severity"),
    [([], "minor"), ([1], "serious"), ([365], "serious"), ([366], "minor"), ([0], "minor"), ([1, 2], "especially_serious"),
     ([1, 2, 3, 4], "especially_serious")],
)  # fmt: skip
def test_repeats_raise_a_step_each(days: list[int], severity: Severity) -> None:
    """Of the 365 days before T, up to especially serious."""
    found, kind = one_found(repeats={"days": 365, "up_to": "especially_serious"})
    past = Past([Earlier(n, "minor", MONDAY - dt.timedelta(days=ago)) for n, ago in enumerate(days)])
    settled = settle(found, kind, past)
    assert settled is not None
    assert (settled.severity, len(settled.repeats)) == (severity, sum(1 <= ago <= 365 for ago in days))


def test_without_repeats_history_raises_nothing() -> None:
    found, kind = one_found()
    assert settle(found, kind, Past([Earlier(1, "minor", MONDAY - dt.timedelta(days=3))])) == found


@given(st.sampled_from(SEVERITIES), st.integers(0, 9), st.sampled_from(SEVERITIES))
def test_repeats_never_lower(severity: Severity, repeats: int, up_to: Severity) -> None:
    after = SEVERITIES.index(raised(severity, repeats, up_to))
    assert SEVERITIES.index(severity) <= after <= max(SEVERITIES.index(severity), SEVERITIES.index(up_to))


def test_the_table_is_by_category() -> None:
    """The first that fits, at any level of the path; else the violation's own."""
    nuts, food = {"categories": ["Food/Snacks/Nuts"], "table": "nuts"}, {"categories": ["Clothing", "Food"], "table": "food"}
    assert [table_of(version(table="all", tables=each), PRODUCT) for each in ([nuts, food], [food, nuts], [])] == [
        "nuts",
        "food",
        "all",
    ]
    assert table_of(version(table="all", tables=[nuts]), PRODUCT._replace(categories=("Food", "Food/Fruit", ""))) == "all"


@pytest.mark.parametrize(
    ("given", "rate", "why"),
    [
        ({}, Fraction(1, 100), "the rule"),
        ({"confirm": "itself"}, Fraction(1, 100), ""),
        ({"confirm": "itself", "read_first": True}, Fraction(1, 100), "texts to read"),
        ({"confirm": "itself", "guard": "1 %"}, Fraction(1, 1000), ""),
        ({"confirm": "itself", "guard": "1 %"}, Fraction(1, 100), "chance"),
        ({"confirm": "itself", "guard": "1 %"}, None, "chance unknown"),
    ],
)
def test_who_confirms(given: dict[str, object], rate: Fraction | None, why: str) -> None:
    """Two of ten, where one crosses the line: by chance in 9.56 % of cases at 1 %, in 0.996 % at 0.1 %."""
    kind = version(trigger(steps={"metric": "m", "at_least": {"minor": "1/10"}}), **given)
    (found,) = held(kind, month(2, 10, rate))
    assert (found.why, found.needs_person) == (why, why != "")


def test_the_chance_is_of_the_gate_and_the_line_together() -> None:
    """Ten of a hundred at twice 4 %: the gate asks for 10, the line for 8; 10 of 100 come by chance in 0.7 % of cases."""
    one = stepped(when=[{"metric": "m", "take": "numerator", "at_least": 10}])
    (found,) = held(version(one), month(10, 100, Fraction(4, 100)))
    assert found.crossing is not None
    assert (found.crossing.span, found.crossing.benchmark) == ((10, 100), Fraction(1, 25))
    assert found.crossing.chance == pytest.approx(0.0068445, abs=1e-7)
    assert found.crossing.interval.low < Fraction(1, 10) < found.crossing.interval.high


def test_times_have_no_chance() -> None:
    """A mean of seconds is no share: neither interval nor chance stand beside it."""
    (found,) = held(version(stepped()), month(80_000, 10, Fraction(3600)))
    assert found.crossing is None


TESTS = st.fixed_dictionaries(
    {
        "take": st.sampled_from(["value", "numerator", "rest", "denominator", "ratio", "times_mean_shop"]),
        "name": st.sampled_from(["at_least", "more_than", "at_most", "less_than"]),
        "line": st.one_of(st.integers(0, 12).map(Fraction), st.fractions(0, 3, max_denominator=50)),
    }
)


@given(st.lists(TESTS, min_size=1, max_size=3), st.integers(2, 12), st.fractions(Fraction(1, 50), 1, max_denominator=50))
def test_the_counts_that_cross_are_those_that_hold(tests: list[dict[str, object]], size: int, rate: Fraction) -> None:
    """Every count from 0 to the denominator is in the span exactly where the gates hold of it."""
    when = [{"metric": "m", "take": each["take"], each["name"]: each["line"]} for each in tests]
    one = trigger(when=when, severity="minor")

    def figures(count: int) -> Crowd:
        return Crowd({("m", "shop", "S1", 30): Seen(count, size)}, {("m", "platform", "kuaishou", 30): Whole(rate, 7, 90, 3)})

    holding = [count for count in range(size + 1) if judged(one, SHOP, figures(count))]
    for count in holding:
        beside = crossing(one, Reached("minor"), SHOP, figures(count))
        assert beside is not None
        assert list(range(beside.span.low, beside.span.high + 1)) == holding


def test_a_worklist_is_the_greatest_first() -> None:
    """Nothing to look at is not listed; equals by id; at most so many."""
    shops = [Subject("kuaishou", f"S{n}") for n in range(5)]
    counts = [(3, 9), (9, 9), (1, 9), (3, 9), (0, 0)]
    figures = Crowd({("m", "shop", shop.shop, 30): Seen(*each) for shop, each in zip(shops, counts, strict=True)})
    one = trigger(worklist={"metric": "m", "take": "rest", "limit": 2})
    assert [(each.subject.shop, each.taken.value) for each in worklist(one, shops, figures)] == [
        ("S2", Fraction(8)),
        ("S0", Fraction(6)),
    ]
    wide = trigger(worklist={"metric": "m", "take": "rest", "limit": 9})
    assert [each.subject.shop for each in worklist(wide, shops, figures)] == ["S2", "S0", "S3"]
    assert held(version(one), figures, subjects=shops) == []


def test_a_tail_asks_for_everybody() -> None:
    """The place of one subject is among all; cadence is not its matter."""
    tail = trigger(tail={"metric": "m", "share": "50 %", "severity": "minor"}, cadence={"every": "week", "on": 1})
    shops = [Subject("kuaishou", name) for name in ("S1", "S2")]
    figures = Crowd({("m", "shop", "S1", 30): Seen(1, 9), ("m", "shop", "S2", 30): Seen(2, 9)})
    ranks = ranked(tail, shops, figures)
    assert [judged(tail, shop, figures, ranks) is not None for shop in shops] == [False, True]
    assert held(version(tail), figures, TUESDAY, shops) == []
