"""Douyin chats: im_first_response (DY-L07) and im_dissatisfaction (DY-S04)."""

from decimal import Decimal
from functools import partial

import pytest

from .facts import AT_T, BEFORE_T, LAST_DAYS, Counts, Row, message, rating, session, shop, subjects
from .facts import counts as counts_of
from .facts import figure as figure_of

counts = partial(counts_of, platform="douyin")
figure = partial(figure_of, platform="douyin")

OPENED = "06-29 10:00"


def said(message_id: str, sent_at: str, sender: str = "agent", session_id: str | None = "x1", **more: object) -> Row:
    """A message of session x1, by agent A1 unless said."""
    return message(message_id, sent_at, sender, session_id=session_id, **{"agent_id": "A1", **more})


def response(*messages: Row, opened_at: str = OPENED, days: int = 1, **more: object) -> Counts:
    """im_first_response of the one session x1."""
    return counts("im_first_response", {"chat_sessions": [session("x1", opened_at, **more)], "messages": messages}, days=days)


def dissatisfied(*ratings: Row, opened_at: str = OPENED, days: int = 1, **more: object) -> Counts:
    """im_dissatisfaction of the one session x1."""
    facts = {"chat_sessions": [session("x1", opened_at, **more)], "chat_ratings": ratings}
    return counts("im_dissatisfaction", facts, days=days)


def rated(score: str, rated_at: str = "06-29 12:00", rating_id: str = "g1", session_id: str | None = "x1") -> Row:
    return rating(rating_id, rated_at, score, session_id=session_id)


# --- First response: DY-L07


@pytest.mark.spec("DY-L07")
def test_mean_from_assignment_to_the_first_agent_message() -> None:
    """DY-L07: assigned two minutes after opening; 60 s and 121 s later answered: 90.5 s."""
    sessions = [session(one, OPENED, assigned_at="06-29 10:02:00") for one in ("x1", "x2")]
    messages = [said("m1", "06-29 10:03:00"), said("m2", "06-29 10:04:01", session_id="x2")]
    found = figure("im_first_response", {"chat_sessions": sessions, "messages": messages})
    assert found is not None
    assert (found.numerator, found.denominator, found.value) == (181, 2, Decimal("90.5"))


@pytest.mark.spec("DY-L07")
@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([("10:00:00", "agent")], (0, 1)),
        ([("10:00:01", "agent"), ("10:05:00", "agent")], (1, 1)),
        ([("09:59:59", "agent"), ("10:05:00", "agent")], (300, 1)),
        ([("09:59:59", "agent")], (0, 0)),
        ([("10:00:01", "bot"), ("10:00:02", "system"), ("10:00:03", "buyer"), ("10:01:00", "agent")], (60, 1)),
        ([("10:00:01", "bot"), ("10:00:02", "system"), ("10:00:03", "buyer")], (0, 0)),
        ([], (0, 0)),
    ],
)
def test_the_first_agent_message_at_or_after_the_assignment(messages: list[tuple[str, str]], expected: Counts) -> None:
    """DY-L07: people only; what was said before the assignment is no answer; a session never answered is left out."""
    assert response(*(said(f"m{n}", f"06-29 {at}", sender) for n, (at, sender) in enumerate(messages))) == expected


@pytest.mark.spec("DY-L07")
def test_rows_in_whatever_order_the_first_is_the_earliest() -> None:
    """DY-L07: the greater id and the later row may be the earlier message."""
    assert response(said("m1", "06-29 10:05:00"), said("m2", "06-29 10:01:00")) == (60, 1)


@pytest.mark.spec("DY-L07")
@pytest.mark.parametrize("session_id", ["x2", None])
def test_only_messages_of_the_session_answer_it(session_id: str | None) -> None:
    """DY-L07: the same agent writing to the same buyer in another session, or in none."""
    assert response(said("m1", "06-29 10:01:00", session_id=session_id)) == (0, 0)


@pytest.mark.spec("DY-L07")
@pytest.mark.parametrize(("days", "assigned_at", "counted"), [*LAST_DAYS, (1, None, 0)])
def test_sessions_count_under_the_day_of_assignment(days: int, assigned_at: str | None, counted: int) -> None:
    """DY-L07: opened in April, answered in the last second before T: the assignment decides; not assigned, not counted."""
    found = response(said("m1", BEFORE_T), opened_at="04-01 12:00", assigned_at=assigned_at, days=days)
    assert found[1] == counted


@pytest.mark.spec("DY-L07")
@pytest.mark.parametrize(("answered_at", "expected"), [(BEFORE_T, (50399, 1)), (AT_T, (0, 0))])
def test_an_answer_at_t_is_not_known_yet(answered_at: str, expected: Counts) -> None:
    """DY-L07, rule 1: 13 h 59 min 59 s after the assignment counts; a second later it is T."""
    assert response(said("m1", answered_at)) == expected


@pytest.mark.spec("DY-L07")
def test_an_answer_of_another_day_belongs_to_the_day_of_assignment() -> None:
    """DY-L07: assigned on 28 June at 23:59:59, answered two seconds later, on 29 June."""
    found = [response(said("m1", "06-29 00:00:01"), assigned_at="06-28 23:59:59", days=days) for days in (1, 7)]
    assert found == [(0, 0), (2, 1)]


@pytest.mark.spec("DY-L07")
def test_a_colleague_may_answer() -> None:
    """DY-L07: the first human reply, whoever of the agents gives it."""
    assert response(said("m1", "06-29 10:01:00", agent_id="A2")) == (60, 1)


# --- Dissatisfaction: DY-S04


@pytest.mark.spec("DY-S04")
@pytest.mark.parametrize(("score", "numerator"), [("1", 1), ("2", 1), ("3", 1), ("4", 0), ("5", 0)])
def test_one_to_three_stars_dissatisfy(score: str, numerator: int) -> None:
    """Of the rated human sessions, those with 1, 2 or 3."""
    assert dissatisfied(rated(score)) == (numerator, 1)


@pytest.mark.spec("DY-S04")
@pytest.mark.parametrize(("score", "numerator"), [("bad", 1), ("neutral", 1), ("good", 0)])
def test_scores_in_words(score: str, numerator: int) -> None:
    """4-5 are good, 3 is neutral, 1-2 are bad: neutral and bad dissatisfy."""
    assert dissatisfied(rated(score)) == (numerator, 1)


@pytest.mark.spec("DY-S04")
@pytest.mark.parametrize(("human", "counted"), [(True, 1), (False, 0), (None, 0)])
def test_human_sessions_only(human: bool | None, counted: int) -> None:
    """A robot's session is in neither count; empty is false."""
    assert dissatisfied(rated("1"), human=human) == (counted, counted)


@pytest.mark.spec("DY-S04")
@pytest.mark.parametrize(
    ("ratings", "expected"),
    [
        ([("g1", "1", "06-29 12:00"), ("g2", "5", "06-29 13:00")], (0, 1)),
        ([("g2", "1", "06-29 12:00"), ("g1", "5", "06-29 13:00")], (0, 1)),
        ([("g1", "5", "06-29 12:00"), ("g2", "1", "06-29 12:00")], (1, 1)),
        ([("g2", "5", "06-29 12:00"), ("g1", "1", "06-29 12:00")], (0, 1)),
        ([("g1", "5", "06-29 12:00"), ("g2", "1", AT_T)], (0, 1)),
        ([("g1", "1", AT_T)], (0, 0)),
        ([], (0, 0)),
    ],
)
def test_a_session_counts_once_with_its_last_rating(ratings: list[tuple[str, str, str]], expected: Counts) -> None:
    """The last before T; in one second the greater id is the last (rule 6); without a rating in neither count."""
    assert dissatisfied(*(rated(score, at, one) for one, score, at in ratings)) == expected


@pytest.mark.spec("DY-S04")
@pytest.mark.parametrize(
    ("days", "rated_at", "counted"), [*LAST_DAYS, (90, "04-01 00:00:00", 1), (90, "03-31 23:59:59", 0), (90, AT_T, 0)]
)
def test_sessions_count_under_the_day_of_rating(days: int, rated_at: str, counted: int) -> None:
    """However long ago the session was."""
    found = dissatisfied(rated("1", rated_at), opened_at="01-10 12:00", assigned_at=None, days=days)
    assert found == (counted, counted)


@pytest.mark.spec("DY-S04")
@pytest.mark.parametrize(("days", "expected"), [(1, (0, 1)), (7, (0, 1)), (90, (0, 1))])
def test_rated_on_two_days_counts_under_the_last(days: int, expected: Counts) -> None:
    """One star on 28 June, five on 29 June: one session, not dissatisfied, over any number of days."""
    assert dissatisfied(rated("1", "06-28 12:00"), rated("5", "06-29 12:00", "g2"), days=days) == expected


@pytest.mark.spec("DY-S04")
def test_sessions_count_not_buyers() -> None:
    """One buyer, two sessions, two ratings; a rating without a session, or of one nobody knows, is of no session."""
    facts = {
        "chat_sessions": [session("x1", OPENED), session("x2", OPENED)],
        "chat_ratings": [rated("1"), rated("5", rating_id="g2", session_id="x2")],
    }
    assert counts("im_dissatisfaction", facts) == (1, 2)
    assert dissatisfied(rated("1", session_id=None), rated("1", rating_id="g2", session_id="x9")) == (0, 0)


# --- Both


def test_rule_8_subjects_of_chats() -> None:
    """Shop and platform; the product is not known. Larger subjects are sums over shops."""
    sessions = [session(one, OPENED, shop_id=where) for one, where in (("x1", "S1"), ("x2", "S2"), ("x3", "S3"))]
    facts = {
        "shops": [shop("S1", "douyin"), shop("S2", "douyin"), shop("S3", "jd")],
        "chat_sessions": sessions,
        "messages": [said(f"m{n}", "06-29 10:01:00", session_id=f"x{n}", shop_id=f"S{n}") for n in (1, 2, 3)],
        "chat_ratings": [rated("1", rating_id=f"g{n}", session_id=f"x{n}") | {"shop_id": f"S{n}"} for n in (1, 2, 3)],
    }
    for metric, expected in (("im_first_response", (120, 2)), ("im_dissatisfaction", (2, 2))):
        assert counts(metric, facts, by="platform", subject="douyin") == expected
        found = {one for one in subjects(metric, facts, platform="douyin") if one[0] != "agent"}
        assert found == {("platform", "douyin"), ("shop", "S1"), ("shop", "S2")}


def test_days_are_those_of_the_shop() -> None:
    """23:30 of 29 June in Bogota is already 30 June in Shanghai."""
    facts = {
        "shops": [shop("S1", "douyin", timezone="America/Bogota")],
        "chat_sessions": [session("x1", "06-29 23:30")],
        "messages": [said("m1", "06-29 23:31")],
        "chat_ratings": [rated("1", "06-29 23:32")],
    }
    assert [counts(metric, facts) for metric in ("im_first_response", "im_dissatisfaction")] == [(60, 1), (1, 1)]
