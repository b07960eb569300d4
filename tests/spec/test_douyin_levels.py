"""Douyin's merchant levels LV0 to LV7 as the pack says them: caps, start, evaluation, removal, the fast way, versions."""

import datetime as dt
from dataclasses import replace
from fractions import Fraction

import pytest

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
    closed,
    douyin,
    following,
    judged,
    shown,
    silent,
    standing,
    version,
)  # fmt: skip
from tianping.assess.finding import Seen
from tianping.assess.level import Use, begin, step, uses
from tianping.policy.judging import Condition

RULE = dt.date(2020, 4, 10)


# --- Caps: DY-L01


@pytest.mark.spec("DY-L01")
def test_daily_caps() -> None:
    """DY-L01: orders and GMV; the pack has fen."""
    values = {name: each.values for name, each in version().levels.items()}
    assert values == {name: {"orders": orders, "gmv": yuan * 100} for name, (orders, yuan) in CAPS.items()} | {"lv7": {}}
    assert tuple(values) == NAMES


@pytest.mark.spec("DY-L01")
@pytest.mark.parametrize("level", CAPS)
@pytest.mark.parametrize(("more", "over"), [(-1, False), (0, False), (1, True)])
def test_use_of_the_caps(level: str, more: int, over: bool) -> None:
    """DY-L01: of the day before T, to the order and to the fen."""
    orders, yuan = CAPS[level]
    day = {"order_count": (orders + more, 1), "gmv": (yuan * 100 + more, 1)}
    used = uses(version(), level, SHOP, shown(UP, day))
    assert used == (
        Use("orders", "order_count", Fraction(orders), Fraction(orders + more)),
        Use("gmv", "gmv", Fraction(yuan * 100), Fraction(yuan * 100 + more)),
    )
    assert [each.over for each in used] == [over, over]
    assert used[0].share == Fraction(orders + more, orders)


@pytest.mark.spec("DY-L01")
def test_use_without_a_cap_without_sales_without_data() -> None:
    """DY-L01: LV7 has no caps; nothing sold is a use of 0; what is not known is no use."""
    top = uses(version(), "lv7", SHOP, shown(UP, {"order_count": (1_000_000, 1), "gmv": (10**12, 1)}))
    assert [(each.cap, each.share, each.over) for each in top] == [(None, None, False)] * 2
    nothing = Fraction(0)
    idle = uses(version(), "lv1", SHOP, shown())
    assert [(each.used, each.share, each.over) for each in idle] == [(nothing, nothing, False)] * 2
    unknown = uses(version(), "lv1", SHOP, shown(UP, {"order_count": silent("incomplete"), "gmv": silent("no_data")}))
    assert [(each.used, each.share, each.over, each.why) for each in unknown] == [
        (None, None, None, "incomplete"),
        (None, None, None, "no_data"),
    ]


# --- The start: DY-L02


@pytest.mark.spec("DY-L02")
def test_new_shops_start_at_lv1() -> None:
    """DY-L02: at LV1 from their opening on, first evaluated 30 days later."""
    begun = begin(douyin(), dt.date(2024, 3, 2), opened=START)
    assert begun == replace(standing("lv1", START, dt.date(2024, 3, 31)), begun="opened")


@pytest.mark.spec("DY-L02")
@pytest.mark.parametrize("told", ["LV4", "lv4", " Lv4 "])
def test_by_notice(told: str) -> None:
    """DY-L02: old shops start where the notice puts them, from the day it says."""
    begun = begin(douyin(), START, opened=dt.date(2018, 1, 1), level=told, level_since=dt.date(2020, 4, 20))
    assert begun is not None
    assert (begun.level, begun.since, begun.due, begun.begun) == ("lv4", dt.date(2020, 4, 20), dt.date(2020, 5, 20), "notice")


@pytest.mark.spec("DY-L02")
@pytest.mark.parametrize(
    ("level_since", "level"), [(START - DAY, "lv4"), (START, "lv1"), (START + DAY, "lv1")]
)  # fmt: skip
def test_a_notice_counts_from_the_day_before_t(level_since: dt.date, level: str) -> None:
    """DY-L02, rule 1: at or after 00:00 of T it is not known yet."""
    begun = begin(douyin(), START, opened=dt.date(2024, 1, 1), level="LV4", level_since=level_since)
    assert begun is not None
    assert begun.level == level


@pytest.mark.spec("DY-L02")
@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"opened": None}, ("lv1", START, "first_close")),
        ({"opened": START}, ("lv1", START, "first_close")),
        ({"opened": START - DAY}, ("lv1", START - DAY, "opened")),
        ({"opened": dt.date(2018, 1, 1)}, ("lv1", RULE, "opened")),
        ({"level": "LV2"}, ("lv2", START, "notice")),
        ({"level": "LV2", "level_since": dt.date(2019, 1, 1)}, ("lv2", RULE, "notice")),
        ({"opened": START - DAY, "level": "gold"}, ("lv1", START - DAY, "unread_notice")),
        ({"opened": START - DAY, "level": "gold", "level_since": START - 2 * DAY}, ("lv1", START - DAY, "unread_notice")),
    ],
)
def test_where_days_are_not_known(facts: dict[str, object], expected: tuple[object, ...]) -> None:
    """DY-L02: counted from the first close, and never from before the rule; a level that is none of the ladder is told."""
    begun = begin(douyin(), START, **facts)  # type: ignore[arg-type]
    assert begun is not None
    assert (begun.level, begun.since, begun.begun) == expected
    assert begun.due == begun.since + 30 * DAY


@pytest.mark.spec("DY-L02")
def test_no_level_before_the_rule() -> None:
    """DY-L02: in force from 10 April 2020 on."""
    assert begin(douyin(), RULE - DAY, opened=dt.date(2018, 1, 1)) is None
    assert begin(douyin(), RULE, opened=dt.date(2018, 1, 1)) is not None


# --- Evaluation: DY-L03


@pytest.mark.spec("DY-L03")
@pytest.mark.parametrize(("days", "up", "down"), [(29, "none", "none"), (30, "up", "down"), (31, "up", "down")])
def test_first_evaluation_after_thirty_days(days: int, up: str, down: str) -> None:
    """DY-L03: at the close of the thirtieth day after the start, not a day sooner."""
    assert judged(shown(), days=days).happened == up
    assert judged(shown(STAY, order_count=(0, 1)), days=days).happened == down


@pytest.mark.spec("DY-L03")
@pytest.mark.parametrize("n", range(8))
def test_one_level_up_or_down(n: int) -> None:
    """DY-L03: up to LV7, down to LV0; on the lines themselves one stays."""
    up, stay, down = (judged(shown(month), NAMES[n]) for month in (UP, STAY, {**STAY, "order_count": (0, 1)}))
    assert (up.happened, up.standing.level) == (("up", NAMES[n + 1]) if n < 7 else ("none", "lv7"))
    assert (stay.happened, stay.standing.level) == ("none", NAMES[n])
    assert (down.happened, down.standing.level) == (("down", NAMES[n - 1]) if n else ("none", "lv0"))


@pytest.mark.spec("DY-L03")
def test_unchanged_is_evaluated_again_the_next_day() -> None:
    """DY-L03: stayed on day 30 and 31, up on day 32."""
    months = (STAY, STAY, UP)
    steps = closed(douyin(), standing(), [(START + (30 + n) * DAY, shown(month)) for n, month in enumerate(months)])
    assert [each.happened for each in steps] == ["none", "none", "up"]


@pytest.mark.spec("DY-L03")
@pytest.mark.parametrize(("first", "level"), [(UP, "lv2"), ({**STAY, "order_count": (0, 1)}, "lv0")])
def test_after_a_change_again_thirty_days_later(first: Given, level: str) -> None:
    """DY-L03: changed on day 30, next on day 60."""
    closes = [(START + 30 * DAY, shown(first)), *((START + n * DAY, shown()) for n in range(31, 62))]
    steps = closed(douyin(), standing(), closes)
    assert steps[0].standing == replace(steps[0].standing, level=level, since=START + 30 * DAY, due=START + 60 * DAY)
    assert [each.standing.asof for each in steps[1:] if each.happened == "up"] == [START + 60 * DAY]


@pytest.mark.spec("DY-L03")
def test_both_up_and_down_is_down() -> None:
    """DY-L03 (assumed): where a pack's lines overlap, the worse one speaks; at the bottom nothing moves, nobody is removed."""
    overlapping = following(douyin(), dt.date(2021, 1, 1), down=(Condition(metric="order_count", more_than=Fraction(0)),))
    assert [judged(shown(), level, levels=overlapping).happened for level in ("lv0", "lv1")] == ["none", "down"]
    assert judged(shown(), "lv0", days=60, levels=overlapping).happened == "none"


@pytest.mark.spec("DY-L03")
@pytest.mark.parametrize("status", ["incomplete", "no_data", "immature"])
@pytest.mark.parametrize("metric", UP)
def test_what_cannot_be_said_moves_nobody(metric: str, status: str) -> None:
    """DY-L03: neither up, nor down on that figure's account; the reason is kept."""
    found = judged(shown(**{metric: silent(status)}))
    assert (found.happened, found.standing.level) == ("none", "lv1")
    assert f"{metric}: {status}" in found.why
    other = "order_count" if metric != "order_count" else "timely_shipment"
    worse: Given = {**STAY, metric: silent(status), other: (0, 1)}
    assert judged(shown(worse)).happened == "down"


@pytest.mark.spec("DY-L03")
def test_too_few_is_still_a_figure() -> None:
    """DY-L03: the rule has its own least numbers; the mark beside a small figure changes nothing."""
    few = {name: Seen(counts[0], counts[1], "too_few") for name, counts in UP.items()}
    assert judged(shown(few)).happened == "up"


# --- Removal: DY-L04


@pytest.mark.spec("DY-L04")
@pytest.mark.parametrize("month", [{}, STAY])
def test_sixty_days_at_lv0(month: Given) -> None:
    """DY-L04: proposed once, at the close after the sixtieth day; the shop stays until a person decides."""
    steps = closed(douyin(), standing("lv0"), [(START + n * DAY, shown(month)) for n in range(1, 100)])
    assert [(each.standing.asof, each.standing.level) for each in steps if each.happened == "removal"] == [
        (START + 60 * DAY, "lv0")
    ]
    assert {each.standing.days(START + 60 * DAY) for each in steps} == {60}
    assert {each.happened for each in steps} == {"none", "removal"}


@pytest.mark.spec("DY-L04")
def test_reaching_lv1_on_the_last_day() -> None:
    """DY-L04: up on day 60 is no removal; after it has been proposed, up is still up, and the count starts anew."""
    days = [(START + n * DAY, shown(STAY if n < 60 else UP)) for n in range(30, 62)]
    assert [each.happened for each in closed(douyin(), standing("lv0"), days)][-2:] == ["up", "none"]
    late = [(START + n * DAY, shown(STAY if n < 70 else UP)) for n in range(30, 71)]
    last = closed(douyin(), standing("lv0"), late)[-1]
    assert (last.happened, last.standing.level, last.standing.removal) == ("up", "lv1", None)


@pytest.mark.spec("DY-L04")
def test_only_lv0_is_removed_and_days_in_a_row_count() -> None:
    """DY-L04: sixty days at LV1 remove nobody, nor do thirty at LV0 before and after a time at LV1."""
    assert judged(shown(STAY), "lv1", days=90).happened == "none"
    months = {30: UP, 60: {}, 119: {}, 120: {}}  # LV0 to day 30, LV1 to day 60, LV0 again: 60 days are full on day 120
    steps = closed(douyin(), standing("lv0"), [(START + n * DAY, shown(month)) for n, month in months.items()])
    assert [each.happened for each in steps] == ["up", "down", "none", "removal"]


@pytest.mark.spec("DY-L04")
def test_no_removal_while_up_cannot_be_said() -> None:
    """DY-L04 (assumed): a shop that may have reached LV1 for all the data say is not removed."""
    days = [
        (START + 60 * DAY, shown(im_first_response=silent("incomplete"))),
        (START + 61 * DAY, shown(im_first_response=silent("incomplete"), order_count=(399, 1))),
    ]
    steps = closed(douyin(), standing("lv0"), days)
    assert [(each.happened, each.why) for each in steps] == [("none", "im_first_response: incomplete"), ("removal", "")]


# --- The fast way: DY-L12


def busy(level: str, **changes: Counts) -> Given:
    """A day exactly at the lines of the fast way: 80 % of both caps, 10 % reviews, 90 % praise."""
    orders, yuan = CAPS[level]
    usual = {
        "order_count": (orders * 8 // 10, 1), "gmv": (yuan * 80, 1), "review_rate": (1, 10),
        "service_praise": (9, 10), "product_praise": (9, 10),
    }  # fmt: skip
    return {**usual, **changes}


@pytest.mark.spec("DY-L12")
@pytest.mark.parametrize("level", CAPS)
def test_fast_upgrade(level: str) -> None:
    """DY-L12: at once, with the other indicators at rock bottom, and evaluated again 30 days later."""
    month = {**UP, "timely_shipment": (0, 1000), "fake_shipment_rate": (1, 1), "order_count": (1, 1)}
    found = judged(shown(month, busy(level)), level, days=5)
    assert (found.happened, found.standing.level) == ("fast", NAMES[NAMES.index(level) + 1])
    assert (found.standing.since, found.standing.due, found.standing.good) == (START + 5 * DAY, START + 35 * DAY, None)


@pytest.mark.spec("DY-L12")
@pytest.mark.parametrize("level", CAPS)
@pytest.mark.parametrize("metric", ["order_count", "gmv"])
def test_eighty_percent_of_both_caps(level: str, metric: str) -> None:
    """DY-L12: one order or one fen below it is not enough."""
    short = busy(level, **{metric: (busy(level)[metric][0] - 1, 1)})
    assert judged(shown(UP, short), level, days=5).happened == "none"


@pytest.mark.spec("DY-L12")
@pytest.mark.parametrize(
    ("metric", "short"),
    [
        ("review_rate", (99, 1000)), ("review_rate", (0, 0)), ("service_praise", (89, 100)), ("service_praise", (0, 0)),
        ("product_praise", (89, 100)), ("product_praise", (0, 0)), ("gmv", (0, 1)),
    ],
)  # fmt: skip
def test_that_day_lacks_one(metric: str, short: Counts) -> None:
    """DY-L12: that day's review rate of 10 %, and both praises at the upgrade value."""
    assert judged(shown(UP, busy("lv1", **{metric: short})), days=5).happened == "none"


@pytest.mark.spec("DY-L12")
@pytest.mark.parametrize(
    ("metric", "short"),
    [
        ("complaint_rate", (11, 10_000)), ("service_praise", (89, 100)), ("service_praise", (99, 99)),
        ("product_praise", (89, 100)), ("product_praise", (99, 99)), ("review_rate", (4, 100)),
    ],
)  # fmt: skip
def test_now_lacks_one(metric: str, short: Counts) -> None:
    """DY-L12: complaints and praises at the upgrade values of 30 days, with their least numbers (assumed)."""
    assert judged(shown({**UP, metric: short}, busy("lv1")), days=5).happened == "none"


@pytest.mark.spec("DY-L12")
def test_the_day_may_come_long_before() -> None:
    """DY-L12: any one day since the last change; what must hold now may hold later."""
    bad = {**UP, "complaint_rate": (11, 10_000)}
    closes = [(START + 3 * DAY, shown(bad, busy("lv1"))), *((START + n * DAY, shown(bad)) for n in range(4, 20))]
    steps = closed(douyin(), standing(), [*closes, (START + 20 * DAY, shown())])
    assert [each.standing.asof for each in steps if each.happened == "fast"] == [START + 20 * DAY]
    assert steps[0].standing.good == START + 2 * DAY


@pytest.mark.spec("DY-L12")
def test_one_day_must_have_everything() -> None:
    """DY-L12: orders of one day and GMV of another are no good day."""
    closes = [
        (START + 3 * DAY, shown(UP, busy("lv1", gmv=(0, 1)))),
        (START + 4 * DAY, shown(UP, busy("lv1", order_count=(0, 1)))),
    ]
    assert [each.happened for each in closed(douyin(), standing(), closes)] == ["none", "none"]


@pytest.mark.spec("DY-L12")
@pytest.mark.parametrize(("days", "happened"), [(0, "none"), (1, "fast")])
def test_a_day_since_the_last_change(days: int, happened: str) -> None:
    """DY-L12: the day of the change is the first; the day before it, which the close of that day measures, is none."""
    assert judged(shown(UP, busy("lv1")), days=days).happened == happened


@pytest.mark.spec("DY-L12")
def test_no_freeze_for_the_fast_way() -> None:
    """DY-L12: from LV1 to LV7 in six days, a good day at each level; then there is nowhere to go."""
    closes = [(START + n * DAY, shown(UP, busy(f"lv{min(n, 6)}"))) for n in range(1, 9)]
    steps = closed(douyin(), standing(), closes)
    assert [each.happened for each in steps] == ["fast"] * 6 + ["none"] * 2
    assert steps[-1].standing.level == "lv7"


@pytest.mark.spec("DY-L12")
def test_down_goes_before_the_fast_way() -> None:
    """DY-L12 (assumed): on a day of evaluation a downgrade value speaks first; before it, nobody asks."""
    month = {**UP, "timely_shipment": (989, 1000)}
    assert [judged(shown(month, busy("lv1")), days=days).happened for days in (29, 30)] == ["fast", "down"]
    assert [judged(shown(month, busy("lv0")), "lv0", days=days).happened for days in (29, 30)] == ["fast", "none"]


# --- Old rules for old deeds: DY-L13

STRICTER = tuple(
    each.model_copy(update={"at_least": Fraction(1)}) if each.metric == "timely_shipment" else each for each in version().up
)  # from 2024-04-10 on shipment must be timely always
SECOND = dt.date(2024, 4, 10)


@pytest.mark.spec("DY-L13")
def test_a_history_across_two_versions() -> None:
    """DY-L13: the same month is enough on 9 April, under the first version, and not on the 10th, under the second."""
    levels = following(douyin(), SECOND, up=STRICTER)
    for first in (SECOND - 2 * DAY, SECOND - DAY, SECOND, SECOND + DAY):
        closes = [(first + n * DAY, shown()) for n in range(10)]
        steps = closed(levels, standing("lv1", first - 30 * DAY), closes)
        assert [each.happened for each in steps] == ["up" if first < SECOND else "none", *["none"] * 9]


@pytest.mark.spec("DY-L13")
def test_a_later_version_leaves_the_past_as_it_was() -> None:
    """DY-L13: with the second version known or not, the days before it are the same."""
    closes = [(START + n * DAY, shown(UP if n % 7 else STAY)) for n in range(1, 120)]
    old, new = (
        closed(levels, standing("lv0"), closes)
        for levels in (douyin(), following(douyin(), SECOND, up=STRICTER, again_after_days=5))
    )
    before = (SECOND - START).days - 1
    assert old[:before] == new[:before]
    assert old[before:] != new[before:]


@pytest.mark.spec("DY-L13")
def test_the_wait_is_that_of_the_change() -> None:
    """DY-L13: changed under the rule of 30 days, a shop waits 30 days, although the new rule waits 5; so does a new shop,
    although the new rule waits 7."""
    levels = following(douyin(), SECOND, again_after_days=5, first_after_days=7)
    changed = step(levels, standing("lv1", SECOND - 31 * DAY), SECOND - DAY, SHOP, shown())
    assert changed.standing.due == SECOND + 29 * DAY
    assert step(levels, standing("lv1", SECOND - 30 * DAY), SECOND, SHOP, shown()).standing.due == SECOND + 5 * DAY
    begun = begin(levels, SECOND + 9 * DAY, opened=SECOND - DAY), begin(levels, SECOND + 9 * DAY, opened=SECOND)
    assert [each.due for each in begun if each] == [SECOND + 29 * DAY, SECOND + 7 * DAY]


@pytest.mark.spec("DY-L13")
@pytest.mark.spec("DY-L12")
def test_a_good_day_is_judged_by_the_rule_of_that_day() -> None:
    """DY-L13: the last day under the old rule is good by it, at the first close under the new, which asks twice the orders."""
    fast = version().fast
    assert fast is not None
    twice = tuple(each.model_copy(update={"times": each.times * 2}) for each in fast.any_day[:1]) + fast.any_day[1:]
    levels = following(douyin(), SECOND, fast=fast.model_copy(update={"any_day": twice}))
    happened = [
        step(levels, standing("lv1", SECOND - 9 * DAY), date, SHOP, shown(UP, busy("lv1"))).happened
        for date in (SECOND - DAY, SECOND, SECOND + DAY)
    ]
    assert happened == ["fast", "fast", "none"]
