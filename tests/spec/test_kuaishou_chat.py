"""Customer service by chat: KS-M06 to KS-M12, with the reading rules 1, 6 and 8 where they decide these."""

import pytest

from .facts import Counts, Row, counts, message, order, product, rating, shop

ASKED = message("m0", "06-29 09:00")
OPINIONS = ("service_satisfaction", "service_dissatisfaction", "attitude_dissatisfaction", "rating_participation")


def talk(*lines: str) -> list[Row]:
    """`"06-29 10:00:00 agent"`: who wrote when, numbered m1, m2, … as they come."""
    return [message(f"m{n}", *line.rsplit(maxsplit=1)) for n, line in enumerate(lines, start=1)]


def answered(*lines: str, days: int = 1, metric: str = "response_3min") -> Counts:
    """(buyer-days answered in time, buyer-days) of S1."""
    return counts(metric, {"messages": talk(*lines)}, days=days)


def opinion(metric: str, *ratings: Row, days: int = 1) -> Counts:
    """`metric` of S1, whose buyer B1 asked on 29 June at 9:00."""
    return counts(metric, {"messages": [ASKED], "chat_ratings": ratings}, days=days)


@pytest.mark.spec("KS-M06")
@pytest.mark.spec("KS-M07")
@pytest.mark.parametrize(
    ("score", "good", "bad"),
    [
        ("good", 1, 0), ("neutral", 0, 0), ("bad", 0, 1),
        ("5", 1, 0), ("4", 1, 0), ("3", 0, 0), ("2", 0, 1), ("1", 0, 1),
    ],
)  # fmt: skip
def test_scores(score: str, good: int, bad: int) -> None:
    """4 and 5 are good, 3 is neutral, 1 and 2 are bad; a neutral rating is a rating."""
    given = rating("g1", "06-29 12:00", score)
    assert opinion("service_satisfaction", given) == (good, 1)
    assert opinion("service_dissatisfaction", given) == (bad, 1)


@pytest.mark.spec("KS-M06")
@pytest.mark.spec("KS-M07")
@pytest.mark.spec("KS-M08")
@pytest.mark.spec("KS-M09")
def test_a_buyer_counts_once_with_the_last_rating() -> None:
    """Bad for the attitude at noon, good an hour later: one satisfied buyer."""
    ratings = [rating("g2", "06-29 12:00", "bad", reason="attitude"), rating("g1", "06-29 13:00", "good")]
    assert [opinion(metric, *ratings) for metric in OPINIONS] == [(1, 1), (0, 1), (0, 1), (1, 1)]


@pytest.mark.spec("KS-M06")
@pytest.mark.spec("KS-M12")
@pytest.mark.parametrize("days", [7, 30])
def test_a_buyer_counts_once_a_period_not_once_a_day(days: int) -> None:
    """Good on 28 June and bad on 29 June: over both days one buyer, not satisfied."""
    assert opinion(
        "service_satisfaction", rating("g1", "06-28 12:00", "good"), rating("g2", "06-29 12:00", "bad"), days=days
    ) == (0, 1)


@pytest.mark.spec("KS-M06")
@pytest.mark.spec("KS-M08")
@pytest.mark.parametrize(
    ("days", "asked_at", "rated_at", "rated", "consulted"),
    [
        (1, "06-29 00:00:00", "06-29 00:00:00", 1, 1),
        (1, "06-29 23:59:59", "06-29 23:59:59", 1, 1),
        (1, "06-29 03:00:00", "06-29 02:00:00", 1, 1),
        (1, "06-28 23:59:59", "06-29 12:00:00", 0, 0),
        (7, "06-28 23:59:59", "06-29 12:00:00", 1, 1),
        (1, "06-29 12:00:00", "06-28 23:59:59", 0, 1),
        (1, "06-29 12:00:00", "06-30 00:00:00", 0, 1),
        (7, "06-23 00:00:00", "06-23 00:00:00", 1, 1),
        (7, "06-22 23:59:59", "06-29 12:00:00", 0, 0),
    ],
)
def test_asked_and_rated_in_the_period(days: int, asked_at: str, rated_at: str, rated: int, consulted: int) -> None:
    """Who asked in the period consulted; of them, who rated in the period rated; the hour does not matter."""
    facts = {"messages": [message("m1", asked_at)], "chat_ratings": [rating("g1", rated_at, "good")]}
    assert counts("rating_participation", facts, days=days) == (rated, consulted)
    assert counts("service_satisfaction", facts, days=days) == (rated, rated)


@pytest.mark.spec("KS-M06")
@pytest.mark.spec("KS-M08")
@pytest.mark.parametrize("sender", ["agent", "bot", "system"])
def test_only_a_buyers_message_consults(sender: str) -> None:
    """A buyer who was only written to has not consulted, rating or not."""
    facts = {"messages": [message("m1", "06-29 12:00", sender)], "chat_ratings": [rating("g1", "06-29 13:00", "good")]}
    assert counts("rating_participation", facts) == (0, 0)
    assert counts("service_satisfaction", facts) == (0, 0)


@pytest.mark.spec("KS-M08")
def test_participation_is_over_all_who_asked() -> None:
    """Three buyers asked, one of them rated; the fourth rated without asking."""
    asked = [message(f"m{n}", "06-29 12:00", buyer_id=f"B{n}") for n in (1, 2, 3)]
    rated = [rating("g1", "06-29 13:00", "bad", buyer_id="B2"), rating("g2", "06-29 13:00", "good", buyer_id="B4")]
    assert counts("rating_participation", {"messages": asked, "chat_ratings": rated}) == (1, 3)


@pytest.mark.spec("KS-M09")
@pytest.mark.parametrize(
    ("score", "reason", "numerator"),
    [
        ("bad", "attitude", 1),
        ("1", "attitude", 1),
        ("bad", "slow", 0),
        ("bad", None, 0),
        ("neutral", "attitude", 0),
        ("3", "attitude", 0),
    ],
)
def test_bad_for_the_attitude(score: str, reason: str | None, numerator: int) -> None:
    """Only a bad rating with the reason attitude counts; every rating is in the denominator."""
    assert opinion("attitude_dissatisfaction", rating("g1", "06-29 12:00", score, reason=reason)) == (numerator, 1)


@pytest.mark.spec("KS-M09")
def test_the_reason_is_the_last_ratings() -> None:
    """Bad for the attitude, then bad because slow: not the attitude."""
    ratings = [rating("g1", "06-29 12:00", "bad", reason="attitude"), rating("g2", "06-29 13:00", "bad", reason="slow")]
    assert opinion("attitude_dissatisfaction", *ratings) == (0, 1)


@pytest.mark.spec("KS-M12")
@pytest.mark.parametrize(("day", "expected"), [("05-31", (1, 1)), ("05-30", (0, 0))])
def test_thirty_days_of_satisfaction(day: str, expected: Counts) -> None:
    """Thirty days up to 29 June begin with 31 May."""
    facts = {"messages": [message("m1", f"{day} 12:00")], "chat_ratings": [rating("g1", f"{day} 13:00", "good")]}
    assert counts("service_satisfaction", facts, days=30) == expected


@pytest.mark.spec("KS-M06")
@pytest.mark.spec("KS-M09")
def test_rule_6_of_two_ratings_in_one_second_the_greater_id_is_last() -> None:
    """g1 and g2 in the same second: g2 is the last rating, in whatever order the rows come."""
    good, bad = rating("g1", "06-29 12:00", "good"), rating("g2", "06-29 12:00", "bad", reason="attitude")
    assert [opinion("service_satisfaction", *pair) for pair in ((good, bad), (bad, good))] == [(0, 1)] * 2
    assert [opinion("attitude_dissatisfaction", *pair) for pair in ((good, bad), (bad, good))] == [(1, 1)] * 2


@pytest.mark.spec("KS-M06")
@pytest.mark.spec("KS-M08")
@pytest.mark.spec("KS-M10")
def test_rule_8_a_buyer_of_two_shops_counts_in_each() -> None:
    """The platform's figures are sums over its shops."""
    asked = [
        message("m1", "06-29 12:00"),
        message("m2", "06-29 12:00", shop_id="S2"),
        message("m3", "06-29 12:01", "bot", shop_id="S2"),
    ]
    rated = [rating("g1", "06-29 13:00", "good"), rating("g2", "06-29 14:00", "bad", shop_id="S2")]
    facts = {"messages": asked, "chat_ratings": rated}
    metrics = ("service_satisfaction", "rating_participation", "response_3min")
    assert [counts(metric, facts, by="platform", subject="kuaishou") for metric in metrics] == [(1, 2), (2, 2), (1, 2)]


@pytest.mark.spec("KS-M06")
@pytest.mark.spec("KS-M10")
@pytest.mark.parametrize(
    ("by", "subject"), [("product", "P1"), ("category_l1", "Clothing"), ("shop_category_l1", "S1/Clothing")]
)
def test_rule_8_chats_have_no_product(by: str, subject: str) -> None:
    """Chats are figures of shops and platforms only, though the shop has products and orders."""
    goods = {"products": [product("P1", "Clothing")], "orders": [order("o1", "06-29 12:00")]}
    facts = goods | {"messages": [ASKED], "chat_ratings": [rating("g1", "06-29 13:00", "good")]}
    assert counts("service_satisfaction", facts, by=by, subject=subject) == (0, 0)
    assert counts("response_3min", facts, by=by, subject=subject) == (0, 0)


@pytest.mark.spec("KS-M10")
@pytest.mark.spec("KS-M11")
@pytest.mark.parametrize(
    ("reply", "in_3min", "in_5min"),
    [
        ("06-29 10:03:00 agent", 1, 1), ("06-29 10:03:01 agent", 0, 1), ("06-29 10:05:00 agent", 0, 1),
        ("06-29 10:05:01 agent", 0, 0), ("06-29 10:03:00 bot", 1, 1), ("06-29 10:01:00 system", 0, 0),
        ("06-30 00:00:00 agent", 0, 0),
    ],
)  # fmt: skip
def test_answered_to_the_second(reply: str, in_3min: int, in_5min: int) -> None:
    """Answered within 180 s or 300 s; bots answer, system notices do not."""
    assert answered("06-29 10:00:00 buyer", reply) == (in_3min, 1)
    assert answered("06-29 10:00:00 buyer", reply, metric="response_5min") == (in_5min, 1)


@pytest.mark.spec("KS-M10")
@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("10:00:00 buyer", "10:02:00 buyer", "10:03:01 agent"), (0, 1)),
        (("10:00:00 buyer", "10:02:00 buyer", "10:03:00 agent"), (1, 1)),
        (("10:00:00 buyer", "10:02:59 system", "10:03:01 agent"), (0, 1)),
        (("10:00:00 buyer", "10:01:00 agent", "11:00:00 buyer", "11:01:00 bot"), (1, 1)),
        (("10:00:00 buyer", "10:01:00 agent", "11:00:00 buyer", "11:03:01 bot"), (0, 1)),
        (("10:00:00 buyer", "10:04:00 agent", "11:00:00 buyer", "11:01:00 agent"), (0, 1)),
        (("10:00:00 buyer", "10:01:00 agent", "11:00:00 buyer"), (0, 1)),
        (("09:00:00 agent", "10:00:00 buyer", "10:01:00 agent"), (1, 1)),
    ],
)
def test_every_burst_must_be_answered_in_time(lines: tuple[str, ...], expected: Counts) -> None:
    """A burst's clock starts with its first message; a buyer is answered when every burst of the day was."""
    assert answered(*(f"06-29 {line}" for line in lines)) == expected


@pytest.mark.spec("KS-M10")
@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("07:59:59 buyer", "08:00:30 agent"), (0, 0)),
        (("08:00:00 buyer", "08:00:30 agent"), (1, 1)),
        (("07:59:59 buyer", "08:00:00 buyer", "09:00:00 agent"), (0, 0)),
        (("02:00:00 buyer", "20:00:00 buyer"), (0, 0)),
        (("02:00:00 buyer", "07:00:00 bot", "09:00:00 buyer", "09:01:00 bot"), (1, 1)),
        (("02:00:00 buyer", "06:00:00 system", "09:00:00 buyer", "09:01:00 bot"), (0, 0)),
        (("23:59:59 buyer",), (0, 1)),
    ],
)
def test_rule_8_a_burst_begun_before_eight_is_left_out_whole(lines: tuple[str, ...], expected: Counts) -> None:
    """Begun at 7:59:59 it does not count, though it goes on after 8:00; only a reply ends it."""
    assert answered(*(f"06-29 {line}" for line in lines)) == expected


@pytest.mark.spec("KS-M10")
@pytest.mark.parametrize(
    ("days", "lines", "expected"),
    [
        (7, ("06-28 23:59:00 buyer", "06-29 00:02:00 agent"), (1, 1)),
        (7, ("06-28 23:59:00 buyer", "06-29 00:02:01 agent"), (0, 1)),
        (1, ("06-28 23:59:00 buyer", "06-29 00:02:00 agent"), (0, 0)),
        (1, ("06-29 23:59:00 buyer", "06-30 00:00:00 agent"), (0, 1)),
        (1, ("06-28 23:59:00 buyer", "06-29 09:00:00 buyer", "06-29 09:01:00 agent"), (1, 1)),
        (7, ("06-28 23:59:00 buyer", "06-29 09:00:00 buyer", "06-29 09:01:00 agent"), (1, 2)),
        (1, ("06-28 23:59:00 buyer", "06-29 00:00:00 buyer", "06-29 09:00:00 buyer", "06-29 09:01:00 agent"), (0, 0)),
    ],
)
def test_rule_8_midnight_ends_a_burst_but_not_its_clock(days: int, lines: tuple[str, ...], expected: Counts) -> None:
    """The reply may come the next day before T; the next day's first message begins a burst of its own."""
    assert answered(*lines, days=days) == expected


@pytest.mark.spec("KS-M10")
@pytest.mark.spec("KS-M11")
@pytest.mark.parametrize(("days", "expected"), [(1, (1, 1)), (7, (1, 2)), (30, (1, 3))])
def test_a_buyer_counts_once_a_day(days: int, expected: Counts) -> None:
    """Asked on 31 May, 23 June and twice on 29 June, answered on the last day only: 1 of 3 buyer-days."""
    lines = ("05-30 10:00 buyer", "05-31 10:00 buyer", "06-23 10:00 buyer", "06-29 10:00 buyer", "06-29 10:01 agent")
    more = ("06-29 11:00 buyer", "06-29 11:01 agent")
    assert answered(*lines, *more, days=days) == expected
    assert answered(*lines, *more, days=days, metric="response_5min") == expected


@pytest.mark.spec("KS-M10")
def test_rule_8_bursts_run_over_all_sessions() -> None:
    """Asked in one session, answered in another 181 s after the first message: too late, and one burst."""
    talked = [
        message("m1", "06-29 10:00:00", session_id="s1"),
        message("m2", "06-29 10:02:00", session_id="s2"),
        message("m3", "06-29 10:03:01", "agent", session_id="s2"),
    ]
    assert counts("response_3min", {"messages": talked}) == (0, 1)
    assert counts("response_3min", {"messages": [talked[0], {**talked[2], "sent_at": talked[1]["sent_at"]}]}) == (1, 1)


@pytest.mark.spec("KS-M10")
def test_another_buyers_reply_is_no_answer() -> None:
    """B1 waits while B2 is served."""
    talked = [
        *talk("06-29 10:00 buyer"),
        message("m8", "06-29 10:00", buyer_id="B2"),
        message("m9", "06-29 10:01", "agent", buyer_id="B2"),
    ]
    assert counts("response_3min", {"messages": talked}) == (1, 2)


@pytest.mark.spec("KS-M10")
@pytest.mark.parametrize(
    ("lines", "expected"),
    [(("06-29 10:00 buyer", "06-29 10:00 agent"), (1, 1)), (("06-29 10:00 agent", "06-29 10:00 buyer"), (0, 1))],
)
def test_rule_6_of_two_messages_in_one_second_the_smaller_id_is_first(lines: tuple[str, ...], expected: Counts) -> None:
    """m1 the question and m2 the reply: answered at once; the other way round the question waits."""
    assert counts("response_3min", {"messages": talk(*lines)[::-1]}) == expected


@pytest.mark.spec("KS-M10")
@pytest.mark.parametrize(
    ("asked_at", "expected"), [("06-29 08:00:00", (0, 1)), ("06-29 07:59:59", (0, 0)), ("06-29 23:59:59", (0, 1))]
)
def test_rule_1_hours_are_the_shops(asked_at: str, expected: Counts) -> None:
    """Eight o'clock and midnight strike in New York for a shop of New York."""
    facts = {"shops": [shop(timezone="America/New_York")], "messages": [message("m1", asked_at)]}
    assert counts("response_3min", facts) == expected
