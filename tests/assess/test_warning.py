"""Early warnings: how near, how many more, and until when; each against trying it out."""

import datetime as dt
from collections.abc import Mapping
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tianping.assess.finding import Figures, Seen, Subject, Whole
from tianping.assess.trigger import Ranks, judged, ranked, reading_of
from tianping.assess.warning import advice, eased, leaves, more_until, near, next_due, share_of, window
from tianping.policy.judging import Trigger

from .crowd import MONDAY, PATHS, PRODUCT, SHOP, TUESDAY, Crowd, shipped
from .test_violation import month, stepped, trigger, version

RATES = st.fractions(Fraction(1, 50), 1, max_denominator=50)
TEN = {"metric": "m", "take": "numerator", "at_least": 10}
SHIFT = {"metric": "m", "by": "shop", "take": "ratio", "up_above": 1.3, "down_below": 0.7}


def tried(
    one: Trigger, most: int, figures: Mapping[int, Crowd], subject: Subject = SHOP, ranks: Ranks | None = None
) -> int | None:
    """The first of k = 0, 1, 2 … for which the trigger holds."""
    return next((more for more in range(most + 1) if judged(one, subject, figures[more], ranks)), None)


@given(st.integers(0, 30), st.integers(2, 40), RATES, st.integers(0, 12), st.sampled_from(["at_least", "more_than"]))
def test_how_many_more_is_the_first_that_holds(hits: int, size: int, rate: Fraction, gate: int, way: str) -> None:
    """Gate and line together, strict or not."""
    hits = min(hits, size)
    one = stepped("ratio", way, when=[{"metric": "m", "take": "numerator", "at_least": gate}])
    figures = {more: month(hits + more, size, rate) for more in range(size - hits + 1)}
    assert more_until(one, SHOP, figures[0]) == tried(one, size - hits, figures)


@given(st.integers(0, 60), st.integers(2, 60), st.fractions(0, 1, max_denominator=20), st.integers(1, 9))
def test_how_many_more_that_are_missing(hits: int, size: int, line: Fraction, few: int) -> None:
    """Where failing is not to be counted (late orders), each one more takes one from the numerator."""
    hits = min(hits, size)
    one = trigger(
        when=[{"metric": "m", "less_than": line}],
        steps={"metric": "m", "take": "rest", "at_least": {"minor": few, "serious": 50}},
    )
    alone = trigger(when=[{"metric": "m", "less_than": line}], severity="minor")
    figures = {more: month(hits - more, size) for more in range(hits + 1)}
    assert more_until(one, SHOP, figures[0]) == tried(one, hits, figures)
    assert more_until(alone, SHOP, figures[0]) == tried(alone, hits, figures)


@given(st.integers(0, 15), st.integers(2, 30), RATES, st.integers(0, 40), st.integers(40, 200), RATES)
def test_how_many_more_with_the_shops_shift(
    hits: int, size: int, rate: Fraction, others: int, orders: int, mean: Fraction
) -> None:
    """A product's refunds are its shop's too: they also bring the shop above the line under which there is none."""
    hits = min(hits, size)
    steps = {"metric": "m", "take": "ratio", "against": "category_l3", "at_least": {"minor": 2, "serious": 5}}
    one = trigger(steps=steps, when=[TEN], shift=SHIFT)

    def figures(more: int) -> Crowd:
        own, shops = Seen(hits + more, size), Seen(hits + others + more, size + orders)
        seen = {("m", "product", "P1", 30): own, ("m", "shop", "S1", 30): shops}
        wholes = {("m", "category_l3", PATHS[2], 30): Whole(rate), ("m", "platform", "kuaishou", 30): Whole(mean)}
        return Crowd(seen, wholes)

    every = {more: figures(more) for more in range(size - hits + 1)}
    assert more_until(one, PRODUCT, every[0]) == tried(one, size - hits, every, PRODUCT)


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(2, 12)), min_size=1, max_size=14),
    st.fractions(Fraction(1, 12), 1, max_denominator=12),
    st.integers(1, 12),
)
def test_how_many_more_until_the_tail(counts: list[tuple[int, int]], share: Fraction, one_from: int) -> None:
    """Among the others as they are; one more in the gate can make the tail longer."""
    counts = [(min(hits, size), size) for hits, size in counts]
    shops = [Subject("kuaishou", f"S{n + 1:02}") for n in range(len(counts))]
    tail = {"metric": "m", "share": share, "one_from": one_from, "severity": "minor"}
    one = trigger(when=[{"metric": "m", "take": "numerator", "at_least": 3}], tail=tail)

    def figures(more: int) -> Crowd:
        seen = {("m", "shop", shop.shop, 30): Seen(*each) for shop, each in zip(shops, counts, strict=True)}
        seen["m", "shop", "S01", 30] = Seen(counts[0][0] + more, counts[0][1])
        return Crowd(seen)

    def holds(more: int) -> bool:
        whole = figures(more)
        return judged(one, shops[0], whole, ranked(one, shops, whole)) is not None

    slowly = next((more for more in range(counts[0][1] - counts[0][0] + 1) if holds(more)), None)
    assert more_until(one, shops[0], figures(0), ranked(one, shops, figures(0))) == slowly


def test_what_cannot_be_counted_in_rows() -> None:
    """Seconds are no rows; and where failing rows also lead away from the line, nothing is said."""
    assert more_until(stepped(), SHOP, month(30_000, 10, Fraction(3600))) is None
    both_ways = stepped("value", when=[{"metric": "m", "take": "numerator", "at_most": 3}])
    assert more_until(both_ways, SHOP, month(1, 10)) is None
    assert more_until(stepped(), SHOP, month(1, 10, status="incomplete")) is None


def share(one: Trigger, figures: Figures) -> Fraction | None:
    reading = reading_of(one)
    assert reading is not None
    return share_of(one, reading, SHOP, figures)


@pytest.mark.parametrize(
    ("one", "numerator", "expected"),
    [
        (stepped(), 14, "7/10"),  # 1.4 times of 2
        (stepped(when=[TEN]), 9, "9/20"),
        (stepped(when=[TEN]), 5, "1/4"),
        (stepped(when=[{**TEN, "at_least": 40}]), 14, "7/20"),
        (trigger(when=[{"metric": "m", "less_than": "80 %"}], severity="minor"), 86, "7/10"),
        (trigger(when=[{"metric": "m", "more_than": "6 %"}], severity="minor"), 3, "1/2"),
        (trigger(when=[{"metric": "m", "take": "denominator", "at_least": 101}, TEN], severity="minor"), 9, None),
        (trigger(when=[{"metric": "m", "take": "denominator", "at_least": 100}, TEN], severity="minor"), 9, "9/10"),
    ],
)
def test_how_near(one: Trigger, numerator: int, expected: str | None) -> None:
    """The least share of gate and line, of a hundred at 10 %; gates on other counts hold or there is nothing near."""
    assert share(one, month(numerator, 100, Fraction(1, 10))) == (None if expected is None else Fraction(expected))


def test_warnings_begin_at_their_share() -> None:
    """At 70 % of twice the benchmark, not below; daily, though the trigger is weekly; not at all without `warn_from`."""
    weekly = stepped(cadence={"every": "week", "on": 1})
    warned = version(weekly, warn_from="70 %")
    found = list(near("v", warned, TUESDAY, [SHOP], month(14, 100, Fraction(1, 10))))
    assert [(each.share, each.more, each.failing, each.due) for each in found] == [(Fraction(7, 10), 6, 1, dt.date(2024, 7, 8))]
    assert list(near("v", warned, TUESDAY, [SHOP], month(13, 100, Fraction(1, 10)))) == []
    assert list(near("v", version(weekly), TUESDAY, [SHOP], month(14, 100, Fraction(1, 10)))) == []


def test_a_line_already_crossed_is_due() -> None:
    """No more are needed: it is found on Monday."""
    weekly = stepped(cadence={"every": "week", "on": 1})
    (found,) = near("v", version(weekly, warn_from="70 %"), TUESDAY, [SHOP], month(20, 100, Fraction(1, 10)))
    assert (found.share, found.more, found.due) == (Fraction(1), 0, dt.date(2024, 7, 8))


def test_what_is_only_recorded_is_not_warned_of() -> None:
    """No penalty follows; and a worklist has no line."""
    recording = stepped(records=True)
    listing = trigger(name="list", worklist={"metric": "m", "limit": 9})
    assert (
        list(near("v", version(recording, listing, warn_from="70 %"), TUESDAY, [SHOP], month(19, 100, Fraction(1, 10)))) == []
    )


@pytest.mark.parametrize(
    ("cadence", "date", "due"),
    [
        ({}, TUESDAY, TUESDAY),
        ({"every": "week", "on": 1}, MONDAY, MONDAY),
        ({"every": "month", "on": 1}, TUESDAY, dt.date(2024, 8, 1)),
    ],
)
def test_the_day_it_is_looked_at(cadence: dict[str, object], date: dt.date, due: dt.date) -> None:
    assert next_due(stepped(cadence=cadence), date) == due


@pytest.mark.parametrize(("lag", "gone"), [(1, "2024-07-08"), (15, "2024-07-22")])
def test_a_day_leaves_the_window(lag: int, gone: str) -> None:
    """Seven days up to T − lag: 30 June was the last of them at T = 1 July (lag 1), and is out seven days later."""
    day, out = dt.date(2024, 6, 30), dt.date.fromisoformat(gone)
    assert leaves(day, 7, lag) == out
    assert window({day: (3, 9)}, out - dt.timedelta(days=1), 7, lag) == (3, 9, "ok", "")
    assert window({day: (3, 9)}, out, 7, lag) == (0, 0, "ok", "")


DAYS = st.dictionaries(st.integers(-12, 3), st.tuples(st.integers(0, 6), st.integers(0, 9)), max_size=12)


@given(DAYS, st.integers(1, 8), st.integers(0, 4), RATES, st.booleans())
def test_when_it_is_over_is_the_first_day_of_the_last_stretch(
    counts: dict[int, tuple[int, int]], days: int, lag: int, rate: Fraction, near_it: bool
) -> None:
    """The windows of the days to come, one by one: from that day on none holds (or comes near), and the day before one did."""
    per_day = {MONDAY + dt.timedelta(days=n): (min(each), max(each)) for n, each in counts.items()}
    one = trigger(
        when=[{"metric": "m", "days": days, "take": "numerator", "at_least": 3}],
        steps={"metric": "m", "days": days, "take": "ratio", "at_least": {"minor": 2}},
    )
    below = Fraction(1, 2) if near_it else None

    def holds(date: dt.date) -> bool:
        first, last = date - dt.timedelta(days=days + lag - 1), date - dt.timedelta(days=lag)
        inside = [each for day, each in per_day.items() if first <= day <= last]
        hits, size = sum(each[0] for each in inside), sum(each[1] for each in inside)
        part = Fraction(1, 2) if near_it else 1
        return size > 0 and hits >= 3 * part and Fraction(hits, size) >= 2 * rate * part

    figures = Crowd({}, {("m", "platform", "kuaishou", days): Whole(rate)})
    found = eased(one, SHOP, figures, MONDAY, per_day=per_day, lag=lag, below=below)
    assert found > MONDAY
    assert not any(holds(found + dt.timedelta(days=n)) for n in range(40))
    assert found == MONDAY + dt.timedelta(days=1) or holds(found - dt.timedelta(days=1))


@pytest.mark.spec("KS-B07")
def test_a_product_near_the_line_is_warned_of() -> None:
    """Nuts sell with 4 % quality refunds: 7 of 100 are 1.75 times that and 7 of the 10 needed; three more reach
    both. Six are not yet near. What to do is said; packaging and carrier when the words point to logistics."""
    kind = shipped("quality_anomaly")

    def figures(refunds: int) -> Crowd:
        key = "product_quality_refund_rate"
        seen = {(key, "product", "P1", 7): Seen(refunds, 100), (key, "shop", "S1", 7): Seen(refunds, 100)}
        wholes = {
            (key, "category_l3", PATHS[2], 7): Whole(Fraction(4, 100)),
            (key, "platform", "kuaishou", 7): Whole(Fraction(7, 100)),
        }
        return Crowd(seen, wholes)

    (warning,) = near("quality_anomaly", kind, TUESDAY, [PRODUCT], figures(7))
    assert (warning.trigger.name, warning.share, warning.more, warning.due) == ("category", Fraction(7, 10), 3, TUESDAY)
    assert list(near("quality_anomaly", kind, TUESDAY, [PRODUCT], figures(6))) == []
    assert [each.zh for each in advice(kind)] == ["停止推广", "更换推广素材", "更换包装或承运商", "更换货源"]
    assert [each.zh for each in advice(kind, {"damaged"})] == ["停止推广", "更换包装或承运商"]
    assert [each.zh for each in advice(kind, ())] == ["停止推广"]


@pytest.mark.spec("KS-B07")
def test_bad_days_leave_the_window() -> None:
    """Eight refunds of payment day 10 June, window 15: in the seven days until T = 1 July, out of them on 2 July; below
    the line again once fewer than ten are left."""
    one = shipped("quality_anomaly").triggers[0].model_copy(update={"shift": None})
    key = "product_quality_refund_rate"
    per_day = {dt.date(2024, 6, 10): (8, 50), dt.date(2024, 6, 13): (1, 20), dt.date(2024, 6, 14): (2, 30)}
    wholes = {(key, "category_l3", PATHS[2], 7): Whole(Fraction(4, 100))}
    figures = Crowd({}, wholes)
    assert leaves(dt.date(2024, 6, 10), 7, 15) == dt.date(2024, 7, 2)
    assert eased(one, PRODUCT, figures, dt.date(2024, 6, 29), per_day=per_day, lag=15) == dt.date(2024, 7, 2)


@pytest.mark.spec("KS-B07")
@pytest.mark.parametrize(
    ("own", "category", "more"),
    [((9, 300), (20, 1000), 8), ((21, 64), (26, 132), None)],  # held still, the benchmark would give 3 and 5
)
def test_more_rows_are_rows_of_the_benchmark_too(own: tuple[int, int], category: tuple[int, int], more: int | None) -> None:
    """A product is part of its category: each further refund raises both. Half of it never reaches twice it."""
    key = "product_quality_refund_rate"
    seen = {(key, "product", "P1", 7): Seen(*own), (key, "shop", "S1", 7): Seen(*own)}
    wholes = {
        (key, "category_l3", PATHS[2], 7): Whole(Fraction(*category), *category),
        (key, "platform", "kuaishou", 7): Whole(Fraction(*own)),
    }
    trigger = shipped("quality_anomaly").triggers[0]
    assert more_until(trigger, PRODUCT, Crowd(seen, wholes)) == more
