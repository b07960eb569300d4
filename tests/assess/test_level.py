"""The ladder as a machine: histories of any figures, held against an oracle written from the rows; what never happens; what
a fold promises."""

import datetime as dt
import io
from collections.abc import Callable, Iterator
from dataclasses import asdict

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assess.ladder import (
    CAPS,
    DAY,
    NAMES,
    SHOP,
    START,
    STAY,
    UP,
    Counts,
    Given,
    Shown,
    closed,
    douyin,
    following,
    judged,
    shown,
    standing,
)
from assess.ladder import silent as unsaid
from tianping.assess.finding import Seen
from tianping.assess.level import Standing, Step, begin, step

Close = tuple[dt.date, Shown]
Answer = bool | None  # None: cannot be said

# --- Histories: stretches of days whose figures are on, beside and off the lines

WORSE: dict[str, Counts] = {
    "timely_shipment": (989, 1000), "fake_shipment_rate": (41, 1000), "im_first_response": (301, 1), "service_praise": (0, 1),
    "product_praise": (82, 100), "review_rate": (4, 100), "complaint_rate": (2, 999), "order_count": (0, 1),
}  # fmt: skip
NEAR: dict[str, Counts] = {  # short of the upgrade value by one
    "timely_shipment": (998, 1000), "fake_shipment_rate": (11, 1000), "im_first_response": (181, 1),
    "service_praise": (99, 99), "product_praise": (89, 100), "review_rate": (49, 1000), "complaint_rate": (1, 999),
    "order_count": (3_999, 1),
}  # fmt: skip
EMPTY: dict[str, Counts] = dict.fromkeys(UP, (0, 0))
MONTHS = st.one_of(
    st.sampled_from([UP, UP, STAY, EMPTY, {**UP, "order_count": (4_000, 1)}]),
    st.builds(
        lambda month, changes: {**month, **changes},
        st.sampled_from([UP, STAY]),
        st.sampled_from(sorted(UP)).flatmap(
            lambda name: st.sampled_from([WORSE[name], NEAR[name], (0, 0), unsaid("incomplete"), unsaid("no_data")]).map(
                lambda counts: {name: counts}
            )
        ),
    ),
)
BUSY: dict[str, Counts] = {  # enough for every level
    "order_count": (40_000, 1), "gmv": (400_000_000, 1), "review_rate": (1, 10), "service_praise": (9, 10),
    "product_praise": (9, 10),
}  # fmt: skip
DAYS: st.SearchStrategy[Given] = st.sampled_from(
    [
        {}, {}, BUSY, {**BUSY, "order_count": (400, 1)}, {**BUSY, "gmv": (4_000_000, 1)}, {**BUSY, "review_rate": (99, 1000)},
        {**BUSY, "product_praise": (0, 0)}, {**BUSY, "service_praise": unsaid("incomplete")},
    ]
)  # fmt: skip


@st.composite
def histories(draw: st.DrawFn) -> tuple[Standing, list[Close]]:
    """A level at 1 March 2024, and the closes after it."""
    date, closes = START, []
    for _ in range(draw(st.integers(1, 8))):
        month, day = draw(MONTHS), draw(DAYS)
        for n in range(draw(st.sampled_from([1, 2, 10, 30, 31, 61]))):
            date += draw(st.sampled_from([1, 1, 1, 2])) * DAY if n == 0 else DAY
            closes.append((date, shown(month, day if n == 0 else {})))
    return standing(draw(st.sampled_from(NAMES))), closes


# --- The oracle, from DY-L03 to DY-L12


def answer(seen: object, test: Callable[[int, int], bool]) -> Answer:
    counts = seen if seen is not None else (0, 0)
    assert isinstance(counts, tuple)
    return None if len(counts) == 4 and counts[2] in ("incomplete", "no_data") else test(counts[0], counts[1])


def every(answers: list[Answer]) -> Answer:
    return False if False in answers else None if None in answers else True


def some(answers: list[Answer]) -> Answer:
    return True if True in answers else None if None in answers else False


def better(close: Shown, level: int) -> Answer:
    """All indicators at or better than the upgrade values (0/0 of complaints or review rate: cannot be said)."""
    month = close.month
    rates = [None if month[name] == (0, 0) else True for name in ("complaint_rate", "review_rate")]
    return every(
        [
            *rates, *praised(close),
            answer(month["timely_shipment"], lambda n, d: d == 0 or 1000 * n >= 999 * d),
            answer(month["fake_shipment_rate"], lambda n, d: 100 * n <= d),
            answer(month["im_first_response"], lambda n, d: n <= 180 * d),
            answer(month["order_count"], lambda n, _: n >= 8 * CAPS[NAMES[level]][0]),
        ]
    )  # fmt: skip


def praised(close: Shown) -> list[Answer]:
    """What the fast way asks of 30 days."""
    month = close.month
    return [
        answer(month["service_praise"], lambda n, d: d >= 100 and 10 * n >= 9 * d),
        answer(month["product_praise"], lambda n, d: d >= 100 and 10 * n >= 9 * d),
        None if month["review_rate"] == (0, 0) else answer(month["review_rate"], lambda n, d: 20 * n >= d),
        None if month["complaint_rate"] == (0, 0) else answer(month["complaint_rate"], lambda n, d: 1000 * n <= d),
    ]


def worse(close: Shown) -> Answer:
    """Any one worse than its downgrade value."""
    month = close.month
    return some(
        [
            answer(month["timely_shipment"], lambda n, d: 100 * n < 99 * d),
            answer(month["fake_shipment_rate"], lambda n, d: 100 * n > 4 * d),
            answer(month["im_first_response"], lambda n, d: n > 300 * d),
            answer(month["service_praise"], lambda n, d: d >= 1 and 100 * n < 83 * d),
            answer(month["product_praise"], lambda n, d: d >= 1 and 100 * n < 83 * d),
            answer(month["complaint_rate"], lambda n, d: n > 1 and 1000 * n > 2 * d),  # never 2/0 here
            answer(month["order_count"], lambda n, _: n == 0),
        ]
    )


def busy(close: Shown, level: int) -> bool:
    """The day before T has 80 % of both caps, 10 % reviews and both praises."""
    orders, yuan = CAPS[NAMES[level]]
    day = close.day
    return every(
        [
            answer(day.get("order_count"), lambda n, _: 10 * n >= 8 * orders),
            answer(day.get("gmv"), lambda n, _: n >= 80 * yuan),
            answer(day.get("review_rate"), lambda n, d: d > 0 and 10 * n >= d),
            answer(day.get("service_praise"), lambda n, d: d > 0 and 10 * n >= 9 * d),
            answer(day.get("product_praise"), lambda n, d: d > 0 and 10 * n >= 9 * d),
        ]
    ) is True  # fmt: skip


def oracle(begun: Standing, closes: list[Close]) -> Iterator[tuple[str, str]]:
    """(level, what happened) at each close."""
    level, since, good, proposed = NAMES.index(begun.level), begun.since, False, False
    for date, close in closes:
        days = (date - since).days
        good = good or (level < 7 and days >= 1 and busy(close, level))
        down = worse(close) if days >= 30 else False
        up = better(close, level) if days >= 30 and level < 7 else False
        change = 0
        happened = "none"
        if down and level > 0:
            change, happened = -1, "down"
        elif up and down is False:
            change, happened = 1, "up"
        elif good and level < 7 and not down and every(praised(close)):
            change, happened = 1, "fast"
        elif level == 0 and days >= 60 and not proposed and up is False:
            proposed, happened = True, "removal"
        if change:
            level, since, good, proposed = level + change, date, False, False
        yield NAMES[level], happened


@given(histories())
def test_the_oracle_agrees(history: tuple[Standing, list[Close]]) -> None:
    """DY-L03, DY-L04, DY-L12: step by step, whatever the figures."""
    found = closed(douyin(), *history)
    assert [(each.standing.level, each.happened) for each in found] == list(oracle(*history))


# --- What never happens


@given(histories())
def test_what_never_happens(history: tuple[Standing, list[Close]]) -> None:
    """DY-L03: never outside the ladder, one level a close at most, by an evaluation not within 30 days of the last change.
    DY-L04: no removal before 60 days at LV0, and one per stay."""
    begun, closes = history
    before, stays = begun, []
    for each in closed(douyin(), begun, closes):
        after = each.standing
        moved = NAMES.index(after.level) - NAMES.index(before.level)
        assert moved == {"up": 1, "fast": 1, "down": -1, "none": 0, "removal": 0}[each.happened]
        if each.happened in ("up", "down"):
            assert (after.since - before.since).days >= 30
        if each.happened == "removal":
            assert after.level == "lv0"
            assert after.days(after.asof or START) >= 60
            stays.append(after.since)
        before = after
    assert len(stays) == len(set(stays))


@given(histories())
def test_reasons_are_given(history: tuple[Standing, list[Close]]) -> None:
    """A close that changes something has its grounds; one that cannot say names every figure that is silent, and only such."""
    for each, (_, close) in zip(closed(douyin(), *history), history[1], strict=True):
        grounds = {"up": each.looked.up, "down": each.looked.down, "fast": each.looked.now}.get(each.happened)
        assert (each.happened in ("up", "down", "fast")) == (grounds is not None and grounds.holds is True)
        silent = {name for name, seen in close.month.items() if isinstance(seen, Seen) or seen == (0, 0)}
        assert {reason.partition(":")[0] for reason in each.why.split("; ") if reason} <= silent


# --- What a fold promises


@given(histories(), st.data())
def test_batches_make_no_difference(history: tuple[Standing, list[Close]], data: st.DataObject) -> None:
    """Closed at once, or once more in two batches with the standing written to a Parquet file between them: the same steps,
    to the last finding."""
    begun, closes = history
    cut = data.draw(st.integers(1, len(closes)))
    first = closed(douyin(), begun, closes[:cut])
    second = closed(douyin(), reread(first[-1].standing), closes[cut:])
    assert first + second == closed(douyin(), begun, closes)


@given(histories(), st.integers(0, 200))
def test_a_version_changes_nothing_before_its_day(history: tuple[Standing, list[Close]], days: int) -> None:
    """DY-L13: whatever a later version says."""
    begun, closes = history
    since = START + days * DAY
    newest = douyin().versions[-1]
    later = following(douyin(), since, up=newest.up[:1], fast=None, removal=None, again_after_days=1)
    old, new = (closed(levels, begun, closes) for levels in (douyin(), later))
    count = sum(date < since for date, _ in closes)
    assert old[:count] == new[:count]


def reread(held: Standing) -> Standing:
    """A standing as it comes back from a Parquet file."""
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([asdict(held)]), file)
    return Standing(**pq.read_table(file).to_pylist()[0])


def test_a_standing_is_a_row() -> None:
    begun = begin(douyin(), START + DAY, opened=START)
    assert begun is not None
    assert reread(begun) == begun
    good = judged(shown({**UP, "complaint_rate": (2, 999)}, BUSY), days=2).standing
    assert (good.good, reread(good)) == (START + DAY, good)


# --- Edges


@pytest.mark.parametrize("date", [START, START - DAY])
def test_closes_come_in_order(date: dt.date) -> None:
    """A close judged twice, or judged late, is a fault of the program."""
    done = step(douyin(), standing(), START, SHOP, shown())
    with pytest.raises(ValueError, match="does not come after it"):
        step(douyin(), done.standing, date, SHOP, shown())


def test_a_level_that_the_rule_does_not_know_stays() -> None:
    """Levels renamed by a later version: nothing happens, and the reason says so."""
    found = judged(shown(), "gold", days=30)
    assert (found.happened, found.why, found.standing.level) == ("none", "unknown_level", "gold")
    assert step(douyin(), standing(), dt.date(2020, 4, 9), SHOP, shown()).why == "no_rule"


def test_a_ladder_cut_short() -> None:
    """A shop on what has become the highest level stays there, with a good day from before as well."""
    lower = {name: each for name, each in douyin().versions[0].levels.items() if name != "lv7"}
    levels = following(douyin(), START, levels=lower)
    before = standing("lv6", good=START)
    assert [step(levels, before, START + days * DAY, SHOP, shown()).happened for days in (5, 30)] == ["none", "none"]
    assert step(douyin(), before, START + 5 * DAY, SHOP, shown()).happened == "fast"


def test_down_is_certain_although_something_else_is_not_known() -> None:
    """One figure worse than its value is enough; the others are not asked to be known."""
    month: Given = {**dict.fromkeys(UP, unsaid("no_data")), "order_count": (0, 1)}
    assert judged(Shown(month, {})).happened == "down"


def test_up_needs_to_know_that_down_does_not_hold() -> None:
    """With a figure that only the way down reads, and which is silent, nobody rises."""
    levels = following(douyin(), dt.date(2021, 1, 1), up=douyin().versions[0].up[3:])
    steps: list[Step] = [judged(shown(fake_shipment_rate=seen), levels=levels) for seen in ((0, 0), unsaid("incomplete"))]
    assert [(each.happened, each.why) for each in steps] == [("up", ""), ("none", "fake_shipment_rate: incomplete")]
