"""Every planted fault shows in the data where the truth says, and not before its day or in other shops."""

from pathlib import Path

import pytest

from simulate.written import QUALITY, Written, small
from tianping.simulate import names, plan, troubles

FIRST_QUALITY = f"""
    SELECT o.*, c.case_id IS NOT NULL AS bad, c.reason = 'damaged' AS damaged
    FROM orders o LEFT JOIN (FROM cases WHERE right(case_id, 2) = '-1' AND reason IN {QUALITY}) c USING (order_id)
    WHERE paid_at < '2024-05-15'"""


def test_the_bad_product_shows(made: Written) -> None:
    fault = made.fault("product_turns_bad")
    rate = "avg(bad::INT) FILTER (paid_at {} '{}')"
    before, after = made.one(f"""
        SELECT {rate.format("<", fault.since)}, {rate.format(">=", fault.since)}
        FROM ({FIRST_QUALITY}) WHERE product_id = '{fault.subject}'""")
    assert before < 0.05 < 0.25 < after


def test_the_crushing_carrier_shows(made: Written) -> None:
    fault = made.fault("carrier_crushes")
    theirs, others = made.one(f"""
        SELECT avg(coalesce(damaged, false)::INT) FILTER (carrier = '{fault.subject}'),
               avg(coalesce(damaged, false)::INT) FILTER (carrier <> '{fault.subject}')
        FROM ({FIRST_QUALITY}) JOIN parcels USING (order_id) WHERE direction = 'out' AND shipped_at >= '{fault.since}'""")
    assert theirs > 0.08 > 0.02 > others


def test_the_night_is_silent(made: Written) -> None:
    fault = made.fault("silent_at_night")
    answered = f"""FROM messages WHERE shop_id = '{fault.subject}' AND sender IN ('agent', 'bot')
        AND (hour(sent_at) >= 19 OR hour(sent_at) < 9)"""
    before, after, asked = made.one(f"""SELECT
        (SELECT count(*) {answered} AND sent_at < '{fault.since}'), (SELECT count(*) {answered} AND sent_at >= '{fault.since}'),
        (SELECT count(*) FROM messages WHERE shop_id = '{fault.subject}' AND sender = 'buyer' AND hour(sent_at) >= 20)""")
    assert asked > 1000
    assert before > 100
    assert after < 20  # only answers to what was asked just before 19:00


def test_the_slow_shop_shows(made: Written) -> None:
    """Seconds from a buyer's message to the next one of a person, in the slow shop and elsewhere."""
    fault = made.fault("slow_answers")
    slow, others = made.one(f"""
        WITH said AS (SELECT *, lead(sender) OVER w AS next, epoch(lead(sent_at) OVER w - sent_at) AS wait FROM messages
                      WHERE sender <> 'system' WINDOW w AS (PARTITION BY session_id ORDER BY sent_at))
        SELECT median(wait) FILTER (shop_id = '{fault.subject}'), median(wait) FILTER (shop_id <> '{fault.subject}') FROM said
        WHERE sender = 'buyer' AND next = 'agent' AND sent_at >= '{fault.since}' AND hour(sent_at) BETWEEN 9 AND 19""")
    assert slow > 4 * others


def test_the_steering_shop_shows(made: Written) -> None:
    fault = made.fault("steers_reasons")
    steered = "avg((reason_now = 'not_wanted')::INT)"
    theirs, others = made.one(f"""
        SELECT {steered} FILTER (shop_id = '{fault.subject}'), {steered} FILTER (shop_id <> '{fault.subject}')
        FROM cases JOIN orders USING (order_id) WHERE reason IN {QUALITY} AND requested_at >= '{fault.since}'""")
    assert theirs > 0.5 > 0.05 > others


@pytest.mark.parametrize(
    ("kind", "share", "low", "high"),
    [
        ("bunched_shipments", "p.shipped_at BETWEEN promised_ship_at - INTERVAL 40 minute AND promised_ship_at", 0.02, 0.55),
        ("bunched_shipments", "p.collected_at IS NULL OR p.collected_at > p.shipped_at + INTERVAL 1 day", 0.08, 0.30),
        ("ships_late", "p.shipped_at > promised_ship_at", 0.06, 0.35),
    ],
)
def test_the_warehouses_show(made: Written, kind: str, share: str, low: float, high: float) -> None:
    fault = made.fault(kind)
    before, after = made.one(f"""
        SELECT avg(({share})::INT) FILTER (paid_at < '{fault.since}'), avg(({share})::INT) FILTER (paid_at >= '{fault.since}')
        FROM orders JOIN parcels p USING (order_id)
        WHERE direction = 'out' AND NOT presale AND NOT cod AND shop_id = '{fault.subject}' AND paid_at < '2024-05-25'""")
    assert before < low < high < after


KINDS = {kind.name for kind in troubles.KINDS}


def test_every_kind_is_planted_on_its_platform(made: Written) -> None:
    assert {fault.kind for fault in made.truth.faults} == KINDS
    asked = {kind.name: kind.platform for kind in troubles.KINDS if kind.subject != "carrier"}
    assert {fault.kind: fault.platform for fault in made.truth.faults if fault.platform} == asked


@pytest.mark.parametrize(("shops", "kinds"), [(1, 8), (5, len(KINDS)), (250, len(KINDS))])
def test_faults_of_few_and_many_shops(tmp_path: Path, shops: int, kinds: int) -> None:
    """Every fault finds a subject where its platform has a shop; with many shops there are several of each."""
    planted = [fault.kind for fault in small(tmp_path / "out", shops=shops).truth.faults]
    assert len(set(planted)) == kinds
    assert planted.count("ships_late") == (3 if shops == 250 else 1)


def before_and_after(written: Written, kind: str, value: str, rows: str, at: str) -> list[float]:
    """`value` of the rows of the fault's shop, before the fault and from it on."""
    fault = written.fault(kind)
    query = f"SELECT {value} FILTER ({at} < '{fault.since}'), {value} FILTER ({at} >= '{fault.since}') FROM {rows}"
    return [float(one) for one in written.one(f"{query} WHERE shop_id = '{fault.shop_id}'")]


WAITS = """(SELECT shop_id, sent_at, epoch(lead(sent_at) OVER w - sent_at) AS wait, sender, lead(sender) OVER w AS next,
                   lag(sender) OVER w AS last
            FROM messages WHERE sender <> 'system' WINDOW w AS (PARTITION BY session_id ORDER BY sent_at, message_id))"""


def test_the_shop_at_the_line_shows(wide: Written) -> None:
    """Of the single questions that a person answered, those answered in the half minute below three minutes."""
    share = "avg((wait BETWEEN 150 AND 180)::INT)"
    alone = f"(FROM {WAITS} WHERE sender = 'buyer' AND next = 'agent' AND last IS DISTINCT FROM 'buyer' AND hour(sent_at) >= 8)"
    before, after = before_and_after(wide, "answers_at_line", share, alone, "sent_at")
    assert before < 0.1 < 0.7 < after


def test_the_shop_that_caps_its_days_shows(wide: Written) -> None:
    """No day above the line, and many days just at it."""
    fault = wide.fault("caps_orders")
    line = fault.strength["orders_a_day"]
    days = f"(SELECT created_at::DATE AS day, count(*) AS n FROM orders WHERE shop_id = '{fault.subject}' GROUP BY 1)"
    most, at_line, above = wide.one(f"""
        SELECT max(n) FILTER (day >= '{fault.since}'), avg((n >= {line} - 2)::INT) FILTER (day >= '{fault.since}'),
               avg((n > {line})::INT) FILTER (day < '{fault.since}') FROM {days}""")
    assert most == line
    assert at_line > 0.4
    assert above > 0.1


def test_a_day_that_is_cut_keeps_the_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "CHUNK", 17)
    cut = small(tmp_path / "out")
    fault = cut.fault("caps_orders")
    (most,) = cut.one(f"""
        SELECT max(n) FROM (SELECT count(*) AS n FROM orders WHERE shop_id = '{fault.subject}' AND created_at >= '{fault.since}'
                            GROUP BY created_at::DATE)""")
    assert 1 <= most <= fault.strength["orders_a_day"]


def test_the_fake_parcels_show(wide: Written) -> None:
    """Fake ones of the parcels shipped, and complaints judged the merchant's of the orders."""
    parcels = "(SELECT * FROM parcels JOIN orders USING (order_id) WHERE direction = 'out')"
    before, after = before_and_after(wide, "fakes_shipments", "avg(fake::INT)", parcels, "shipped_at")
    assert before < 0.02 < 0.15 < after
    complaints = "orders LEFT JOIN complaints USING (order_id)"
    judged = "avg((coalesce(verdict, '') = 'merchant')::INT)"
    before, after = before_and_after(wide, "fakes_shipments", judged, complaints, "created_at")
    assert after > 4 * before


def test_fake_parcels_are_never_signed(wide: Written) -> None:
    assert wide.one("SELECT count(*) FROM parcels WHERE fake AND coalesce(collected_at, signed_at) IS NOT NULL") == [0]


CASES = "(SELECT * FROM cases JOIN orders USING (order_id))"


def test_held_refunds_show(wide: Written) -> None:
    """Answers in the last hour before the clock of 48 hours."""
    share = "avg((answered_at - requested_at BETWEEN INTERVAL 47 hour AND INTERVAL 172799 second)::INT)"
    before, after = before_and_after(wide, "holds_refunds", share, CASES, "requested_at")
    assert before < 0.02 < 0.4 < after


def test_the_refusing_shop_shows(wide: Written) -> None:
    refused = "avg((answer = 'refused')::INT)"
    before, after = before_and_after(wide, "refuses_refunds", refused, CASES, "requested_at")
    assert before < 0.15 < 0.4 < after
    before, after = before_and_after(wide, "refuses_refunds", "avg((escalated_at IS NOT NULL)::INT)", CASES, "requested_at")
    assert after > 4 * before


def test_the_shop_without_stock_shows(wide: Written) -> None:
    """Orders never shipped, and refunds for want of stock."""
    shipped = "orders LEFT JOIN (SELECT order_id, shipped_at FROM parcels WHERE direction = 'out') USING (order_id)"
    paid = f"(FROM {shipped} WHERE paid_at < '2024-05-15' AND NOT presale)"
    before, after = before_and_after(wide, "sells_without_stock", "avg((shipped_at IS NULL)::INT)", paid, "paid_at")
    assert after > before + 0.05
    lacking = "avg((reason = 'out_of_stock')::INT)"
    before, after = before_and_after(wide, "sells_without_stock", lacking, CASES, "requested_at")
    assert before < 0.1 < 0.2 < after


def test_the_rude_agent_shows(wide: Written) -> None:
    """Bad ratings for attitude, and buyers served before an order who leave without one; beside the shop's other agents."""
    fault = wide.fault("rude_agent")
    others = f"agent_id LIKE '{fault.subject.split('-')[0]}-%' AND agent_id <> '{fault.subject}'"
    rude = "avg((coalesce(reason, '') = 'attitude')::INT)"
    theirs, team = wide.one(f"""
        SELECT {rude} FILTER (agent_id = '{fault.subject}'), {rude} FILTER ({others})
        FROM chat_ratings WHERE rated_at >= '{fault.since}'""")
    assert theirs > 0.4 > 0.05 > team
    left = f"(FROM chat_sessions ANTI JOIN orders USING (buyer_id) WHERE agent_id = '{fault.subject}')"
    asked = f"(FROM chat_sessions WHERE agent_id = '{fault.subject}')"
    (left_before, left_after), (before, after) = (
        before_and_after(wide, "rude_agent", "count(*)", rows, "opened_at") for rows in (left, asked)
    )
    assert left_after / after > 1.4 * left_before / before


def test_the_absent_agent_shows(wide: Written) -> None:
    """Over an hour suspended in each shift, and slow answers."""
    fault = wide.fault("agent_away")
    away, others = wide.one(f"""
        SELECT min(suspended_s) FILTER (agent_id = '{fault.subject}'), quantile_cont(suspended_s, 0.95) FILTER (
            agent_id <> '{fault.subject}') FROM agent_shifts WHERE online_at >= '{fault.since}'::DATE + 1""")
    assert away >= troubles.strength("agent_away", "from_s") > others
    waits = WAITS.replace("shop_id, sent_at", "shop_id, lead(agent_id) OVER w AS agent, sent_at")
    slow, team = wide.one(f"""
        SELECT median(wait) FILTER (agent = '{fault.subject}'), median(wait) FILTER (agent <> '{fault.subject}') FROM {waits}
        WHERE sender = 'buyer' AND next = 'agent' AND sent_at >= '{fault.since}' AND hour(sent_at) >= 9
        AND shop_id = '{fault.shop_id}'""")
    assert slow > 3 * team


def test_the_silent_shop_has_no_shifts_at_night(made: Written) -> None:
    fault = made.fault("silent_at_night")
    shifts = f"FROM agent_shifts WHERE shop_id = '{fault.subject}' AND offline_at IS NOT NULL"
    late = f"SELECT count(*) {shifts} AND (hour(online_at) < 8 OR hour(offline_at - INTERVAL 11 minute) >= 19)"
    assert made.one(f"{late} AND online_at >= '{fault.since}'") == [0]
    assert made.one(f"{late} AND online_at < '{fault.since}'") > [10]


def test_carriers_crush_whatever_the_shop(wide: Written) -> None:
    """Damage by the carrier on each platform."""
    fault = wide.fault("carrier_crushes")
    rates = wide.con.sql(f"""
        SELECT platform, avg((c.case_id IS NOT NULL)::INT) FILTER (carrier = '{fault.subject}')
            / avg((c.case_id IS NOT NULL)::INT) FILTER (carrier <> '{fault.subject}')
        FROM parcels JOIN orders USING (order_id) JOIN shops USING (shop_id)
        LEFT JOIN (SELECT DISTINCT ON (order_id) * FROM cases WHERE reason = 'damaged') c USING (order_id)
        WHERE direction = 'out' AND shipped_at BETWEEN '{fault.since}' AND '2024-05-20' GROUP BY 1""").fetchall()
    assert {platform for platform, _ in rates} == set(names.PLATFORMS)
    assert all(times > 2 for _, times in rates)
