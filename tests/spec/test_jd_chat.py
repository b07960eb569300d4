"""How JD's agents answer (JD-K01): reply_rate, response_30s, first_response, with the reading rules 1, 6 and 8."""

import datetime as dt
from decimal import Decimal
from functools import partial

import pytest

from .facts import AT_T, BEFORE_T, LAST_DAYS, Counts, talk
from .facts import counts as counts_of
from .facts import figure as figure_of

counts = partial(counts_of, platform="jd", by="agent", subject="A1")
figure = partial(figure_of, platform="jd", by="agent", subject="A1")

pytestmark = pytest.mark.spec("JD-K01")

TALK = ("reply_rate", "response_30s", "first_response")


def of(metric: str, *lines: str, days: int = 1, agent: str = "A1") -> Counts:
    """The metric of one agent, who talked with B1."""
    return counts(metric, {"messages": talk(*lines)}, days=days, subject=agent)


# --- Reply rate


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["10:00:00 buyer", "20:00:00 agent"], (1, 1)),
        (["10:00:00 buyer", "11:00:00 buyer", "12:00:00 agent", "13:00:00 agent"], (1, 1)),
        (["10:00:00 buyer"], (0, 1)),
        (["10:00:00 buyer", "10:00:01 bot", "10:00:02 system"], (0, 1)),
        (["07:00:00 buyer", "07:01:00 agent"], (1, 1)),
    ],
)
def test_a_buyers_day_with_a_reply_of_the_agent(lines: list[str], expected: Counts) -> None:
    """A buyer and day count once; one reply however late is enough; a robot's is none; nights count as well."""
    assert of("reply_rate", *(f"06-29 {line}" for line in lines)) == expected


def test_buyers_and_days_count_each() -> None:
    """B1 on two days, replied to on one; B2 on one day, not replied to."""
    messages = talk("06-28 10:00 buyer", "06-28 10:01 agent", "06-29 10:00 buyer")
    messages += talk("06-29 10:00 buyer", first=9, buyer_id="B2")
    assert counts("reply_rate", {"messages": messages}, days=7) == (1, 3)
    assert counts("reply_rate", {"messages": messages}) == (0, 2)


@pytest.mark.parametrize(("days", "asked_at", "counted"), LAST_DAYS)
def test_buyer_days_in_the_window(days: int, asked_at: str, counted: int) -> None:
    """A message of the second before T counts, one of T not."""
    assert of("reply_rate", f"{asked_at} buyer", days=days) == (0, counted)


def test_a_day_may_be_that_of_several_agents() -> None:
    """Begun with A1, who does not reply, and handed to A2, who does; whom no message names, nobody's."""
    lines = ("06-29 10:00 buyer A1", "06-29 11:00 buyer A2", "06-29 12:00 agent A2", "06-29 13:00 buyer -")
    assert [of("reply_rate", *lines, agent=agent) for agent in ("A1", "A2")] == [(0, 1), (1, 1)]
    assert of("reply_rate", "06-29 13:00 buyer -", "06-29 13:01 bot -") == (0, 0)


# --- Response: bursts


@pytest.mark.parametrize(("seconds", "quick"), [("10:00:00", 1), ("10:00:30", 1), ("10:00:31", 0), ("11:00:00", 0)])
def test_thirty_seconds(seconds: str, quick: int) -> None:
    """At thirty seconds in time, at thirty-one not; the first response is the mean over the same bursts."""
    lines = ("06-29 10:00:00 buyer", f"06-29 {seconds} agent")
    waited = (dt.datetime.fromisoformat(f"2024-06-29 {seconds}") - dt.datetime(2024, 6, 29, 10)).seconds
    assert [of(metric, *lines) for metric in TALK] == [(1, 1), (quick, 1), (waited, 1)]


@pytest.mark.parametrize(
    ("lines", "quick", "first"),
    [
        (["10:00:00 buyer", "10:00:20 buyer", "10:00:40 agent"], (0, 1), (40, 1)),
        (["10:00:00 buyer", "10:00:10 agent", "10:00:20 buyer", "10:01:20 agent"], (1, 2), (70, 2)),
        (["10:00:00 buyer", "10:00:10 agent", "10:01:00 agent"], (1, 1), (10, 1)),
        (["10:00:00 buyer"], (0, 1), (0, 0)),
        (["10:00:00 buyer -"], (0, 0), (0, 0)),
        (["10:00:00 buyer", "10:00:05 system", "10:00:40 agent"], (0, 1), (40, 1)),
        (["10:00:00 buyer", "10:00:05 bot", "10:00:10 agent"], (0, 0), (0, 0)),
        (["10:00:00 buyer", "10:00:05 bot -", "10:00:10 agent"], (0, 0), (0, 0)),
        (["10:00:00 buyer -", "10:00:10 agent"], (1, 1), (10, 1)),
        (["10:00:00 agent"], (0, 0), (0, 0)),
    ],
)
def test_rule_8_bursts_and_their_first_answer(lines: list[str], quick: Counts, first: Counts) -> None:
    """A burst begins with its first message and ends with a reply; answered by a robot it is nobody's; not answered, slow."""
    lines = [f"06-29 {line}" for line in lines]
    assert [of("response_30s", *lines), of("first_response", *lines)] == [quick, first]


@pytest.mark.parametrize(("began", "counted"), [("07:59:59", 0), ("08:00:00", 1), ("23:59:59", 1), ("00:00:00", 0)])
def test_rule_8_bursts_of_the_night_are_left_out(began: str, counted: int) -> None:
    """Begun before 8:00, a burst is left out whole, answered or not."""
    assert of("response_30s", f"06-29 {began} buyer") == (0, counted)
    assert of("first_response", f"06-29 {began} buyer", f"06-29 {began} agent") == (0, counted)


@pytest.mark.parametrize(
    ("lines", "quick", "first"),
    [
        (["06-29 10:00:00 buyer A1", "06-29 10:00:10 agent A2"], (0, 0), (0, 0)),
        (["06-29 10:00:00 buyer A2", "06-29 10:00:10 agent A1", "06-29 10:00:15 agent A2"], (1, 1), (10, 1)),
        (["06-29 10:00:00 buyer A1", "06-29 10:00:10 buyer A2"], (0, 1), (0, 0)),
        (["06-29 10:00:00 buyer A2", "06-29 10:00:10 buyer A1"], (0, 0), (0, 0)),
    ],
)
def test_a_burst_is_the_agents_who_answers_first(lines: list[str], quick: Counts, first: Counts) -> None:
    """Whomever the buyer's message names; not answered, it is the agent's whom its first message names."""
    assert [of("response_30s", *lines), of("first_response", *lines)] == [quick, first]


@pytest.mark.parametrize(("days", "began", "counted"), [
    (1, "06-29 08:00:00", 1), (1, BEFORE_T, 1), (1, "06-28 23:59:59", 0), (1, AT_T, 0),
    (7, "06-23 08:00:00", 1), (7, "06-22 23:59:59", 0), (30, "05-31 08:00:00", 1), (30, "05-30 23:59:59", 0),
])  # fmt: skip
def test_bursts_count_under_their_beginning(days: int, began: str, counted: int) -> None:
    """Not under the day of the answer; a burst begun before T and not answered before T is not answered."""
    assert of("response_30s", f"{began} buyer", f"{AT_T} agent", days=days) == (0, counted)
    if began != AT_T and began < BEFORE_T:
        assert of("first_response", f"{began} buyer", "06-29 23:59:59 agent", days=days)[1] == counted


def test_answered_the_next_day() -> None:
    """Asked on 28 June at 23:59:50, answered on 29 June twenty seconds later: a quick answer of 28 June."""
    lines = ("06-28 23:59:50 buyer", "06-29 00:00:10 agent")
    assert [of(metric, *lines) for metric in TALK[1:]] == [(0, 0)] * 2
    assert [of(metric, *lines, days=7) for metric in TALK[1:]] == [(1, 1), (20, 1)]


def test_a_new_day_begins_a_new_burst() -> None:
    """Not answered on 28 June, asked again on 29 June: one answer, two bursts."""
    lines = ("06-28 22:00:00 buyer", "06-29 08:00:00 buyer", "06-29 08:00:30 agent")
    assert of("response_30s", *lines, days=7) == (1, 2)
    assert of("first_response", *lines, days=7) == (36030 + 30, 2)


def test_rule_6_messages_of_one_second_go_by_their_id() -> None:
    """An answer with the smaller id was before the question."""
    lines = ("06-29 10:00:00 agent", "06-29 10:00:00 buyer")
    assert of("response_30s", *lines) == (0, 1)
    assert of("response_30s", *reversed(lines)) == (1, 1)


def test_first_response_is_a_mean_of_seconds() -> None:
    """10 s and 15 s: 12.5 s."""
    found = figure("first_response", {"messages": talk(
        "06-29 10:00:00 buyer", "06-29 10:00:10 agent", "06-29 11:00:00 buyer", "06-29 11:00:15 agent",
    )})  # fmt: skip
    assert found is not None
    assert (found.numerator, found.denominator, found.value) == (25, 2, Decimal("12.5"))
