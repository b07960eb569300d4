"""Chats: bots first, then a person on duty, who is named by session, message, rating, and the order that followed."""

import pytest

from simulate.written import Written
from tianping.simulate.rota import HOURS

OUTSIDE = """FROM messages m WHERE sender = 'agent' AND NOT EXISTS (
    FROM agent_shifts s WHERE s.agent_id = m.agent_id AND m.sent_at BETWEEN online_at AND coalesce(offline_at, '2024-06-01'))"""


def test_a_person_comes_when_assigned(made: Written) -> None:
    """No answer of a person before the session was given to one, and an assignment wherever a person answered."""
    early, missing = made.one("""
        SELECT count_if(sent_at < assigned_at), count_if(assigned_at IS NULL OR NOT human OR m.agent_id <> s.agent_id)
        FROM messages m JOIN chat_sessions s USING (session_id) WHERE sender = 'agent'""")
    assert (early, missing) == (0, 0)


def test_bots_come_first(made: Written) -> None:
    """Once a person has a session, no bot speaks in it; some sessions have only a bot."""
    assert made.one("""
        SELECT count_if(sent_at > assigned_at) FROM messages JOIN chat_sessions USING (session_id) WHERE sender = 'bot'""") == [
        0
    ]
    only, first = made.one("""
        SELECT avg((NOT human)::INT), avg((human AND b.session_id IS NOT NULL)::INT)
        FROM chat_sessions LEFT JOIN (SELECT DISTINCT session_id FROM messages WHERE sender = 'bot') b USING (session_id)""")
    assert 0.1 < only < 0.5
    assert 0.05 < first < 0.5


def test_the_first_answer_is_counted_from_the_assignment(made: Written) -> None:
    """Seconds, not none: a person takes some time to type."""
    (median,) = made.one("""
        SELECT median(wait) FROM (SELECT epoch(min(sent_at) - any_value(assigned_at)) AS wait FROM messages
            JOIN chat_sessions USING (session_id) WHERE sender = 'agent' AND hour(assigned_at) >= 9 GROUP BY session_id)""")
    assert 10 < median < 90


def test_people_answer_while_on_duty(made: Written) -> None:
    """But for talks that outlast the shift."""
    outside, all_of_them = made.one(
        f"SELECT (SELECT count(*) {OUTSIDE}), (SELECT count(*) FROM messages WHERE sender = 'agent')"
    )
    assert outside < 0.06 * all_of_them


def test_somebody_is_there_from_eight_to_midnight(made: Written) -> None:
    """Every hour of every day, in every shop that is open; the one that is silent at night apart."""
    fault = made.fault("silent_at_night")
    hours = "unnest(range(TIMESTAMP '2024-04-01 08:30', TIMESTAMP '2024-05-30', INTERVAL 1 hour)) AS moment"
    (empty,) = made.one(f"""
        SELECT count(*) FROM (SELECT shop_id, {hours} FROM shops WHERE closed_at IS NULL AND opened_at < '2024-03-01') h
        WHERE hour(moment) >= 8 AND shop_id <> '{fault.subject}' AND NOT EXISTS (
            FROM agent_shifts s WHERE s.shop_id = h.shop_id AND moment BETWEEN online_at AND offline_at)""")
    assert empty == 0


def test_nobody_works_round_the_clock(made: Written) -> None:
    longest, a_day = made.one("""
        SELECT max(epoch(offline_at - online_at)), (SELECT max(n) FROM (SELECT count(*) AS n FROM agent_shifts
            GROUP BY agent_id, online_at::DATE)) FROM agent_shifts""")
    assert longest <= (HOURS + 0.5) * 3600
    assert a_day == 1


def test_suspensions_fit_into_the_shift(made: Written) -> None:
    assert made.one("SELECT count(*) FROM agent_shifts WHERE longest_suspension_s > suspended_s OR suspended_s > 4 * 3600") == [
        0
    ]


def test_orders_name_who_served_before_them(made: Written) -> None:
    """The agent answered that buyer in that shop before the order; a tenth of the orders have one; some asked and left."""
    named, unserved = made.one("""
        SELECT avg((agent_id IS NOT NULL)::INT), count_if(agent_id IS NOT NULL AND NOT EXISTS (
            FROM messages m WHERE m.sender = 'agent' AND m.agent_id = o.agent_id AND m.buyer_id = o.buyer_id
            AND m.shop_id = o.shop_id AND m.sent_at < o.created_at)) FROM orders o""")
    assert 0.05 < named < 0.25
    assert unserved == 0
    (left,) = made.one("SELECT avg((buyer_id NOT IN (SELECT buyer_id FROM orders))::INT) FROM chat_sessions")
    assert 0.1 < left < 0.35


def test_ratings_name_session_and_agent(made: Written) -> None:
    """A session's own; the agent where a person served; Kuaishou's in words, the others' in stars; a bad one with a reason."""
    wrong, unlike = made.one("""
        SELECT count_if(s.session_id IS NULL OR r.buyer_id <> s.buyer_id OR r.agent_id IS DISTINCT FROM s.agent_id),
               count_if((platform = 'kuaishou') <> (score IN ('good', 'neutral', 'bad')))
        FROM chat_ratings r LEFT JOIN chat_sessions s USING (session_id) JOIN shops ON shops.shop_id = r.shop_id""")
    assert (wrong, unlike) == (0, 0)
    assert made.one("SELECT count_if((reason IS NOT NULL) <> (score IN ('bad', '1', '2'))) FROM chat_ratings") == [0]
    assert made.one("SELECT count(DISTINCT score) FROM chat_ratings") == [8]


@pytest.mark.parametrize("scheme", ["pre", "after"])
def test_jd_has_agents_of_both_schemes(made: Written, scheme: str) -> None:
    (served,) = made.one(f"""
        SELECT count(DISTINCT session_id) FROM chat_sessions JOIN agents USING (agent_id, shop_id) JOIN shops USING (shop_id)
        WHERE platform = 'jd' AND scheme = '{scheme}'""")
    assert served > 50


def test_some_reviews_are_changed_for_the_better(made: Written) -> None:
    (changed,) = made.one("""
        SELECT count(*) FROM reviews a JOIN reviews b USING (order_id)
        WHERE a.quality <= 2 AND b.quality >= 4 AND b.reviewed_at > a.reviewed_at""")
    assert changed > 10


def test_complaints_have_causes_and_verdicts(wide: Written) -> None:
    """All verdicts; who was let down complains oftener; the young ones are open."""
    assert wide.one("SELECT count(DISTINCT verdict) FROM complaints") == [4]
    assert wide.one("SELECT count_if(verdict <> 'open') FROM complaints WHERE complained_at >= '2024-05-28'") == [0]
    fake, plain = wide.one("""
        SELECT avg((c.order_id IS NOT NULL)::INT) FILTER (fake), avg((c.order_id IS NOT NULL)::INT) FILTER (NOT fake)
        FROM parcels LEFT JOIN complaints c USING (order_id) WHERE direction = 'out' AND shipped_at < '2024-05-20'""")
    assert fake > 10 * plain
