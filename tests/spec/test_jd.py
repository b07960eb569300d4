"""What JD's agents bring about (JD-K01): buyers, ratings, orders, sessions and shifts; what all indicators have in common."""

from functools import partial

import pytest

from .facts import (
    AT_T,
    BEFORE_T,
    LAST_DAYS,
    Counts,
    Facts,
    Row,
    case,
    order,
    rating,
    review,
    session,
    shift,
    shop,
    subjects,
    talk,
)
from .facts import counts as counts_of

counts = partial(counts_of, platform="jd", by="agent", subject="A1")

pytestmark = pytest.mark.spec("JD-K01")


def served(order_id: str, paid_at: str | None = "06-29 12:00", **more: object) -> Row:
    """An order of B1, whom A1 served."""
    return order(order_id, paid_at, **{"agent_id": "A1", "created_at": "06-01 12:00", **more})


# --- Conversion


def converted(*orders: Row, days: int = 1, at: str = "06-29 10:00:00") -> Counts:
    """conversion of A1, whom B1 asked then."""
    return counts("conversion", {"messages": talk(f"{at} buyer"), "orders": orders}, days=days)


@pytest.mark.parametrize(
    ("change", "numerator"),
    [
        ({}, 1),
        ({"agent_id": "A2"}, 0),
        ({"agent_id": None}, 0),
        ({"buyer_id": "B2"}, 0),
        ({"buyer_id": None}, 0),
        ({"paid_at": None}, 0),
        ({"paid_at": None, "cod": True}, 0),
    ],
)
def test_served_buyers_who_paid_an_order_of_that_agent(change: Row, numerator: int) -> None:
    """Another's order, another buyer's, or one not paid, does not convert."""
    assert converted(served("o1", "06-29 12:00") | change) == (numerator, 1)


def test_paid_before_the_talk() -> None:
    """Served and paid in the period: which came first does not matter."""
    assert converted(served("o1", "06-29 09:00")) == (1, 1)


def test_a_buyer_converts_once() -> None:
    """Three messages on two days and two orders paid: one buyer of one; over one day as well."""
    messages = talk("06-28 10:00 buyer", "06-29 10:00 buyer", "06-29 11:00 agent")
    facts = {"messages": messages, "orders": [served("o1"), served("o2", "06-28 12:00")]}
    assert [counts("conversion", facts, days=days) for days in (1, 7, 30)] == [(1, 1)] * 3


def test_served_and_paid_in_the_period_not_on_one_day() -> None:
    """Asked on 25 June, paid on 28 June: over seven days converted; over one day neither."""
    facts = {"messages": talk("06-25 10:00 buyer"), "orders": [served("o1", "06-28 12:00")]}
    assert [counts("conversion", facts, days=days) for days in (1, 7)] == [(0, 0), (1, 1)]


@pytest.mark.parametrize(("days", "paid_at", "numerator"), LAST_DAYS)
def test_paid_in_the_period(days: int, paid_at: str, numerator: int) -> None:
    """The buyer asked on 29 June; payments outside of the window do not convert."""
    assert converted(served("o1", paid_at), days=days) == (numerator, 1)


@pytest.mark.parametrize(("days", "asked_at", "counted"), LAST_DAYS)
def test_served_in_the_period(days: int, asked_at: str, counted: int) -> None:
    """Who paid on 29 June and was served outside of the window is no buyer served."""
    assert converted(served("o1"), days=days, at=asked_at) == (counted, counted)


def test_buyers_served() -> None:
    """Three buyers served, the third by A2 as well; one of A1's and that one of A2's paid."""
    messages = [row for n in (1, 2, 3) for row in talk("06-29 10:00 buyer", first=n, buyer_id=f"B{n}")]
    messages += talk("06-29 11:00 agent A2", first=9, buyer_id="B3")
    orders = [served("o1", buyer_id="B2"), served("o2", buyer_id="B3", agent_id="A2")]
    facts = {"messages": messages, "orders": orders}
    assert [counts("conversion", facts, subject=agent) for agent in ("A1", "A2")] == [(1, 3), (1, 1)]
    assert counts("conversion", facts, by="shop", subject="S1") == (2, 4)


# --- Praise


def praised(*ratings: Row, days: int = 1) -> Counts:
    return counts("praise_rate", {"chat_ratings": ratings}, days=days)


def rated(score: str, rated_at: str = "06-29 12:00", rating_id: str = "g1", **more: object) -> Row:
    return rating(rating_id, rated_at, score, **{"agent_id": "A1", **more})


@pytest.mark.parametrize(
    ("score", "good"),
    [("good", 1), ("5", 1), ("4", 1), ("neutral", 0), ("3", 0), ("bad", 0), ("2", 0), ("1", 0)],
)
def test_good_ratings(score: str, good: int) -> None:
    """Good, four and five stars."""
    assert praised(rated(score)) == (good, 1)


def test_rule_8_a_buyer_counts_once_with_the_last_rating() -> None:
    """Once a window, not once a day; in one second the greater id is the last (rule 6)."""
    assert praised(rated("good", "06-28 12:00"), rated("bad", "06-29 12:00", "g0"), days=7) == (0, 1)
    assert praised(rated("good"), rated("bad", rating_id="g2")) == (0, 1)
    assert praised(rated("good", rating_id="g2"), rated("bad")) == (1, 1)
    assert praised(rated("good"), rated("bad", rating_id="g2", buyer_id="B2")) == (1, 2)


@pytest.mark.parametrize(("days", "rated_at", "counted"), LAST_DAYS)
def test_ratings_in_the_period(days: int, rated_at: str, counted: int) -> None:
    """By the moment of the rating."""
    assert praised(rated("good", rated_at), days=days) == (counted, counted)


def test_ratings_are_the_agents_they_name() -> None:
    """A buyer who rated two agents counts for both; a rating that names nobody for none."""
    facts = {"chat_ratings": [rated("good"), rated("bad", "06-29 13:00", "g2", agent_id="A2")]}
    assert [counts("praise_rate", facts, subject=agent) for agent in ("A1", "A2")] == [(1, 1), (0, 1)]
    assert praised(rated("good", agent_id=None)) == (0, 0)


# --- Returns and changed reviews


def returned(*cases: Row, paid_at: str | None = "06-29 12:00", days: int = 1) -> Counts:
    """return_rate of A1 with the one order o1."""
    return counts("return_rate", {"orders": [served("o1", paid_at)], "cases": cases}, days=days)


@pytest.mark.parametrize(
    ("change", "numerator"),
    [
        ({}, 1),
        ({"kind": "return_refund"}, 1),
        ({"kind": "exchange", "outcome": "exchanged"}, 0),
        ({"outcome": "closed"}, 0),
        ({"outcome": None}, 0),
        ({"ended_at": BEFORE_T}, 1),
        ({"ended_at": AT_T}, 0),
        ({"ended_at": None}, 0),
    ],
)
def test_refunded_orders(change: Row, numerator: int) -> None:
    """With or without return, if the refund succeeded before T; the outcome comes with its time (rule 1)."""
    one = case("c1", "o1", "06-29 13:00", **{"ended_at": "06-29 14:00", "outcome": "refunded", **change})
    assert returned(one) == (numerator, 1)


def test_orders_are_counted_not_refunds() -> None:
    """Refused first and refunded then: refunded; twice refunded: one order."""
    ends = ("closed", "refunded", "refunded")
    cases = [case(f"c{n}", "o1", f"06-29 1{n}:00", ended_at="06-29 20:00", outcome=end) for n, end in enumerate(ends)]
    assert returned(*cases) == (1, 1)


@pytest.mark.parametrize(("days", "paid_at", "counted"), [*LAST_DAYS, (30, None, 0)])
def test_orders_of_the_agent_by_payment(days: int, paid_at: str | None, counted: int) -> None:
    """Paid in the window, refunded at any time before T; an unpaid order is no order of the agent."""
    one = case("c1", "o1", "06-02 13:00", ended_at="06-29 14:00", outcome="refunded")
    assert returned(one, paid_at=paid_at, days=days) == (counted, counted)


@pytest.mark.parametrize("agent", ["A2", None])
def test_orders_of_others_are_not_the_agents(agent: str | None) -> None:
    """Without an agent nobody's, with another's that one's."""
    facts = {"orders": [served("o1"), served("o2", agent_id=agent)]}
    assert counts("return_rate", facts) == (0, 1)
    assert counts("return_rate", facts, by="shop", subject="S1") == (0, 2 if agent else 1)


def changed(*stars: tuple[str, int | None] | Row, days: int = 1, **more: object) -> Counts:
    """changed_reviews of A1 with reviews r1, r2, … of the one order o1, not paid: when, and the product stars."""
    made = [
        one if isinstance(one, dict) else review(f"r{n}", "o1", one[0], (one[1], 3, 3)) for n, one in enumerate(stars, start=1)
    ]
    return counts("changed_reviews", {"orders": [served("o1", None, **more)], "reviews": made}, days=days)


BAD = ("06-20 12:00", 2)


@pytest.mark.parametrize(
    ("first", "later", "number"),
    [(2, 4, 1), (1, 5, 1), (2, 3, 0), (3, 5, 0), (5, 1, 0), (4, 4, 0), (None, 5, 0), (2, None, 0)],
)
def test_first_at_most_two_and_later_at_least_four(first: int | None, later: int | None, number: int) -> None:
    """By the product stars."""
    assert changed(("06-20 12:00", first), ("06-29 12:00", later))[0] == number


def test_an_order_changes_once() -> None:
    """Two good reviews after the bad one: one order, under the day of the first of them."""
    reviews = (BAD, ("06-28 12:00", 3), ("06-28 13:00", 5), ("06-29 12:00", 5))
    assert [changed(*reviews, days=days)[0] for days in (1, 7, 30)] == [0, 1, 1]


@pytest.mark.parametrize(("days", "changed_at", "number"), LAST_DAYS)
def test_changed_under_the_day_of_the_later_review(days: int, changed_at: str, number: int) -> None:
    """The bad review is of 15 May, outside of every window."""
    assert changed(("05-15 12:00", 1), (changed_at, 4), days=days)[0] == number


@pytest.mark.parametrize(
    ("change", "number"),
    [
        ({"valid": False}, 0), ({"automatic": True}, 0), ({"overturned_at": BEFORE_T}, 0), ({"overturned_at": AT_T}, 1),
    ],
)  # fmt: skip
def test_rule_7_only_reviews_that_count(change: Row, number: int) -> None:
    """A praise that does not count changes nothing; nor does a bad first review that does not count."""
    assert changed(BAD, review("r2", "o1", "06-29 12:00", (5, 5, 5), **change))[0] == number
    assert changed(review("r1", "o1", "06-20 12:00", (1, 1, 1), **change), ("06-29 12:00", 5))[0] == number


def test_rule_6_of_two_reviews_in_one_second_the_smaller_id_is_first() -> None:
    """r1 bad and r2 good is a change, r1 good and r2 bad is none."""
    at = "06-29 12:00"
    assert [changed((at, 1), (at, 5))[0], changed((at, 5), (at, 1))[0]] == [1, 0]


@pytest.mark.parametrize("agent", ["A2", None])
def test_changed_reviews_of_the_orders_agent(agent: str | None) -> None:
    """The order's agent, not the shop's others."""
    assert changed(BAD, ("06-29 12:00", 5), agent_id=agent)[0] == 0


# --- Sessions and shifts


@pytest.mark.parametrize(("days", "opened_at", "counted"), LAST_DAYS)
def test_workload_is_sessions_opened(days: int, opened_at: str, counted: int) -> None:
    """By the day of opening; with whom, robot or person, assigned or not."""
    sessions = [
        session("x1", opened_at, assigned_at="06-29 12:00"),
        session("x2", opened_at, human=None, assigned_at=None, closed_at="06-29 13:00"),
        session("x3", opened_at, agent_id="A2"),
        session("x4", opened_at, agent_id=None),
    ]
    found = [counts("workload", {"chat_sessions": sessions}, days=days, subject=agent)[0] for agent in ("A1", "A2")]
    assert found == [2 * counted, counted]
    assert counts("workload", {"chat_sessions": sessions}, days=days, by="shop", subject="S1")[0] == 3 * counted


SHIFTS = ("online_time", "suspended_time", "longest_suspension")


def worked(*shifts: Row, days: int = 1, by: str = "agent", subject: str = "A1") -> list[int]:
    """online_time, suspended_time, longest_suspension in seconds."""
    return [counts(metric, {"agent_shifts": shifts}, days=days, by=by, subject=subject)[0] for metric in SHIFTS]


def test_shifts_add_up_and_the_longest_suspension_is_the_longest() -> None:
    """Two hours and three, suspended 900 s and 700 s, at the longest 600 s and 650 s; unknown suspensions add nothing."""
    shifts = [
        shift("h1", "06-29 08:00", "06-29 10:00", suspended_s=900, longest_suspension_s=600),
        shift("h2", "06-29 12:00", "06-29 15:00", suspended_s=700, longest_suspension_s=650),
        shift("h3", "06-29 16:00", "06-29 16:00:01"),
        shift("h4", "06-29 08:00", "06-29 18:00", suspended_s=3600, longest_suspension_s=3600, agent_id="A2"),
    ]
    assert worked(*shifts) == [5 * 3600 + 1, 1600, 650]
    assert worked(*shifts, by="shop", subject="S1") == [15 * 3600 + 1, 5200, 3600]
    assert worked(*shifts, by="platform", subject="jd") == [15 * 3600 + 1, 5200, 3600]


@pytest.mark.parametrize(("days", "offline_at", "counted"), [*LAST_DAYS, (30, None, 0)])
def test_a_shift_counts_whole_under_the_day_it_ended(days: int, offline_at: str | None, counted: int) -> None:
    """Begun in May; still running (or ended at T) it counts nowhere yet."""
    found = worked(shift("h1", "05-30 12:00", offline_at, suspended_s=60, longest_suspension_s=50), days=days)
    assert found[1:] == [60 * counted, 50 * counted]
    assert (found[0] > 0) == bool(counted)


def test_a_shift_over_midnight() -> None:
    """From 22:00 of 28 June to 2:00 of 29 June: four hours of 29 June."""
    assert worked(shift("h1", "06-28 22:00", "06-29 02:00"))[0] == 4 * 3600


def test_the_longest_of_the_window() -> None:
    """600 s on 25 June and 60 s on 29 June, when it was 70 s in all."""
    shifts = [
        shift("h1", "06-25 08:00", "06-25 10:00", suspended_s=600, longest_suspension_s=600),
        shift("h2", "06-29 08:00", "06-29 10:00", suspended_s=70, longest_suspension_s=60),
    ]
    assert [worked(*shifts, days=days)[1:] for days in (1, 7)] == [[70, 60], [670, 600]]


# --- All of them

METRICS = (
    "reply_rate",
    "response_30s",
    "first_response",
    "conversion",
    "praise_rate",
    "return_rate",
    "changed_reviews",
    "workload",
    *SHIFTS,
)


def desk() -> Facts:
    """A1 of S1 and A2 of S2 with everything the metrics count; A3 of S3, which is Douyin's."""
    shops = [shop("S1", "jd"), shop("S2", "jd"), shop("S3", "douyin")]
    facts: dict[str, list[Row]] = {"shops": shops}
    for n in (1, 2, 3):
        who = {"shop_id": f"S{n}", "agent_id": f"A{n}"}
        rows = {
            "orders": [served(f"o{n}", product_id=f"P{n}", **who)],
            "reviews": [review(f"r{n}{i}", f"o{n}", f"06-29 1{i}:00", (1 + 4 * i, 3, 3)) for i in (0, 1)],
            "messages": talk("06-29 10:00:00 buyer", "06-29 10:00:05 agent", first=10 * n, **who),
            "chat_ratings": [rated("good", rating_id=f"g{n}", **who)],
            "chat_sessions": [session(f"x{n}", "06-29 10:00", **who)],
            "agent_shifts": [shift(f"h{n}", "06-29 09:00", "06-29 10:00", suspended_s=9, longest_suspension_s=8, **who)],
        }
        for table, made in rows.items():
            facts.setdefault(table, []).extend(made)
    return facts


@pytest.mark.parametrize("metric", METRICS)
def test_rules_10_and_11_agents_shops_and_the_platform(metric: str) -> None:
    """By agent; a shop and the platform are the sums over their agents; no products, and no other platform's shops."""
    wanted = {("platform", "jd"), ("shop", "S1"), ("shop", "S2"), ("agent", "A1"), ("agent", "A2")}
    assert subjects(metric, desk(), platform="jd") == wanted
    one, two, whole = (
        counts(metric, desk(), by=by, subject=of) for by, of in (("agent", "A1"), ("shop", "S2"), ("platform", "jd"))
    )
    assert one == two
    assert whole[0] == (one[0] if metric == "longest_suspension" else one[0] + two[0])


@pytest.mark.parametrize("days", [1, 7, 30])
def test_units(days: int) -> None:
    """Counts and times stand over 1; the others are shares and means."""
    expected = {"first_response": (5, 1), "workload": (1, 1), "online_time": (3600, 1), "suspended_time": (9, 1)}
    expected |= {"longest_suspension": (8, 1), "changed_reviews": (1, 1), "return_rate": (0, 1), "reply_rate": (1, 1)}
    assert {metric: counts(metric, desk(), days=days) for metric in expected} == expected
