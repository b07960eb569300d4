"""Views that no test of the specification reads by themselves: their rows as of T, column by column."""

import datetime as dt
from collections.abc import Sequence

import duckdb
import pytest

from tianping.facts.asof import as_of
from tianping.facts.views import VIEWS
from tianping.work.trials.trial import Rows, load

Row = dict[str, object]

T = dt.date(2024, 6, 30)
ORDER: Row = {"order_id": "O", "shop_id": "S", "product_id": "P", "buyer_id": "B", "paid_at": "2024-06-28 12:00"}
CASE: Row = {"order_id": "O", "kind": "refund_only", "reason": "other", "requested_at": "2024-06-28 13:00"}
MESSAGE: Row = {"shop_id": "S", "buyer_id": "B", "session_id": "X"}
SESSION: Row = {"session_id": "X", "shop_id": "S", "buyer_id": "B", "opened_at": "2024-06-28 09:00"}
RATING: Row = {"shop_id": "S", "buyer_id": "B", "session_id": "X"}
SHIFT: Row = {"shift_id": "F", "shop_id": "S", "agent_id": "A", "online_at": "2024-06-29 09:00"}


def rows(view: str, columns: Sequence[str], facts: Rows, *, where: str = "") -> list[tuple[object, ...]]:
    """The view's rows, times as "29 12:00" on the shop's wall."""
    con = duckdb.connect()
    load(con, facts, platform="jd")
    as_of(con, T)
    kinds = VIEWS[view].columns
    shown = [f"strftime(wall({name}, timezone), '%d %H:%M:%S')" if kinds[name] == "time" else f'"{name}"' for name in columns]
    select = VIEWS[view].select([*columns, "timezone"], where=[where] if where else [])
    return con.sql(f"select {', '.join(shown)} from ({select}) order by all").fetchall()


def test_a_session_is_answered_by_a_person_from_its_assignment_on() -> None:
    """Not by the bot, not before it, not in another session."""
    said = [
        ("a", "agent", "2024-06-28 09:59:59", "X"), ("b", "bot", "2024-06-28 10:00:01", "X"),
        ("c", "agent", "2024-06-28 10:00:02", "Y"), ("d", "agent", "2024-06-28 10:00:03", "X"),
        ("e", "agent", "2024-06-28 10:00:09", "X"),
    ]  # fmt: skip
    messages = [
        MESSAGE | {"message_id": name, "sender": by, "sent_at": at, "session_id": session} for name, by, at, session in said
    ]
    for assigned_at, expected in (("2024-06-28 10:00", "28 10:00:03"), ("2024-06-28 09:59:59", "28 09:59:59"), (None, None)):
        sessions = [SESSION | {"assigned_at": assigned_at}]
        assert rows("session", ["first_agent_at"], {"chat_sessions": sessions, "messages": messages}) == [(expected,)]


def test_the_last_rating_of_a_session() -> None:
    """Ties: the greater id. One of T itself has not happened."""
    rated = [("a", "2024-06-29 10:00", "5"), ("c", "2024-06-29 11:00", "2"), ("b", "2024-06-29 11:00", "bad"),
             ("d", "2024-06-30 00:00", "good")]  # fmt: skip
    ratings = [RATING | {"rating_id": name, "rated_at": at, "score": score} for name, at, score in rated]
    other = SESSION | {"session_id": "Y", "human": True}
    facts: Rows = {"chat_sessions": [SESSION, other], "chat_ratings": ratings}
    assert rows("session", ["session_id", "human", "last_rating", "last_rated_at"], facts) == [
        ("X", False, "2", "29 11:00:00"), ("Y", True, None, None),
    ]  # fmt: skip


def test_sessions_are_joined_to_their_own_messages_where_some_are_asked_for() -> None:
    messages = [MESSAGE | {"message_id": "a", "sender": "agent", "sent_at": "2024-06-28 10:00"}]
    sessions = [SESSION | {"session_id": name, "assigned_at": "2024-06-28 09:00"} for name in ("W", "X", "Y")]
    facts: Rows = {"chat_sessions": sessions, "messages": messages}
    assert rows("session", ["session_id", "first_agent_at"], facts, where="session_id <> 'W'") == [
        ("X", "28 10:00:00"), ("Y", None),
    ]  # fmt: skip


@pytest.mark.parametrize(("offline_at", "seconds"), [("2024-06-29 10:00:01", 3601), ("2024-06-30 00:00", None), (None, None)])
def test_a_shift_is_online_until_it_is_offline(offline_at: str | None, seconds: int | None) -> None:
    shift = SHIFT | {"offline_at": offline_at, "suspended_s": 60, "longest_suspension_s": 40}
    columns = ["agent_id", "online_s", "suspended_s", "longest_suspension_s"]
    assert rows("shift", columns, {"agent_shifts": [shift]}) == [("A", seconds, 60, 40)]


def test_a_complaint_has_its_orders_columns() -> None:
    complaints = [
        {"complaint_id": "a", "order_id": "O", "complained_at": "2024-06-29 10:00", "kind": "late", "verdict": "merchant"},
        {"complaint_id": "b", "order_id": "O", "complained_at": "2024-06-30 00:00", "kind": "late", "verdict": "open"},
    ]
    columns = ["complaint_id", "complained_at", "complaint_kind", "verdict", "complaint", "shop_id", "product_id", "paid_at"]
    assert rows("complaint", columns, {"orders": [ORDER], "complaints": complaints}) == [
        ("a", "29 10:00:00", "late", "merchant", "merchant", "S", "P", "28 12:00:00")
    ]


@pytest.mark.parametrize(
    ("case", "refunded"),
    [
        ({"ended_at": "2024-06-29 23:59:59", "outcome": "refunded"}, True),
        ({"ended_at": "2024-06-30 00:00", "outcome": "refunded"}, False),
        ({"outcome": "refunded"}, False),
        ({"ended_at": "2024-06-29 12:00", "outcome": "closed"}, False),
        ({"ended_at": "2024-06-29 12:00", "outcome": "refunded", "kind": "exchange"}, False),
        ({"ended_at": "2024-06-29 12:00"}, False),
    ],
)
def test_an_order_is_refunded_when_some_refund_of_it_ended_so(case: dict[str, object], refunded: bool) -> None:
    cases = [CASE | {"case_id": "a"}, CASE | {"case_id": "b"} | case]
    assert rows("order", ["refunded"], {"orders": [ORDER], "cases": cases}) == [(refunded,)]
    assert rows("order", ["refunded"], {"orders": [ORDER]}) == [(False,)]


def test_what_the_reviews_before_it_gave() -> None:
    """Of the same order, of those that count; ties by id; the first has none, and neither has one before it without stars."""
    given: list[tuple[str, int, int, int | None, Row]] = [
        ("c", 29, 12, 4, {}), ("a", 29, 12, 2, {}), ("b", 29, 13, 1, {}), ("d", 29, 11, None, {}),
        ("e", 28, 12, 5, {"automatic": True}), ("f", 28, 12, 5, {"order_id": "Q"}),
    ]  # fmt: skip
    reviews = [
        {"review_id": name, "order_id": "O", "reviewed_at": f"2024-06-{day} {hour}:00", "quality": stars} | more
        for name, day, hour, stars, more in given
    ]
    facts: Rows = {"orders": [ORDER, ORDER | {"order_id": "Q"}], "reviews": reviews}
    found = rows("review", ["review_id", "quality", "best_earlier_review"], facts, where="review_id <> 'a'")
    assert found == [("b", 1, 4), ("c", 4, 2), ("d", None, None), ("f", 5, None)]


def test_days_on_which_an_agent_served_a_buyer() -> None:
    """By a message that carries the agent, by an order paid, by a rating; each day of the shop's clock by itself."""
    messages = [
        MESSAGE | {"message_id": "a", "sender": "buyer", "agent_id": "A", "sent_at": "2024-06-28 23:59:59"},
        MESSAGE | {"message_id": "b", "sender": "agent", "agent_id": "A", "sent_at": "2024-06-29 00:00"},
        MESSAGE | {"message_id": "c", "sender": "system", "agent_id": "C", "sent_at": "2024-06-29 00:00"},
        MESSAGE | {"message_id": "d", "sender": "buyer", "sent_at": "2024-06-27 00:00"},
        MESSAGE | {"message_id": "e", "sender": "buyer", "agent_id": "A", "sent_at": "2024-06-30 00:00"},
    ]
    orders = [ORDER | {"agent_id": "A"}, ORDER | {"order_id": "Q", "agent_id": "A", "paid_at": None}]
    rated = [("r", "2024-06-29 11:00", "good", "late"), ("s", "2024-06-29 11:00", "bad", "attitude")]
    ratings = [
        RATING | {"rating_id": name, "rated_at": at, "score": score, "reason": why, "agent_id": "B"}
        for name, at, score, why in rated
    ]
    facts: Rows = {"messages": messages, "orders": orders, "chat_ratings": ratings}
    columns = ["agent_id", "day", "consulted", "replied", "paid", "last_score", "last_reason"]
    eve, day = dt.date(2024, 6, 28), dt.date(2024, 6, 29)
    assert rows("served", columns, facts) == [
        ("A", eve, True, False, True, None, None),
        ("A", day, True, True, False, None, None),
        ("B", day, False, False, False, "bad", "attitude"),
        ("C", day, True, False, False, None, None),
    ]


@pytest.mark.parametrize(
    ("reply", "agent"),
    [
        ({"sender": "agent", "agent_id": "A"}, "A"),
        ({"sender": "agent"}, None),
        ({"sender": "bot"}, None),
        ({"sender": "system", "agent_id": "A"}, "Z"),
        (None, "Z"),
    ],
)
def test_a_burst_is_of_who_answered_or_of_whom_it_was_put_to(reply: dict[str, object] | None, agent: str | None) -> None:
    messages = [MESSAGE | {"message_id": "a", "sender": "buyer", "agent_id": "Z", "sent_at": "2024-06-29 10:00"}]
    messages += [MESSAGE | {"message_id": "b", "sent_at": "2024-06-29 10:01"} | reply] if reply else []
    assert rows("burst", ["agent_id"], {"messages": messages}) == [(agent,)]
