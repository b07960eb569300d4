"""The festival shows: deposits before it, more orders, later shipping, slower parcels, more regret after it."""

import datetime as dt
from itertools import pairwise

import pytest

from simulate.written import Written
from tianping.simulate import festival, plan
from tianping.simulate.truth import Sale


@pytest.fixture(scope="module")
def sale(wide: Written) -> Sale:
    assert wide.truth.festival is not None
    return wide.truth.festival


def during(sale: Sale, at: str) -> str:
    return f"{at}::DATE BETWEEN '{sale.first_day}' AND '{sale.last_day}'"


def rest(sale: Sale, at: str) -> str:
    """Days that the festival does not touch, and before the faults that would be taken for it."""
    return f"({at} < '{sale.presale}' OR {at} BETWEEN '{sale.last_day}'::DATE + 10 AND '2024-04-20')"


def test_it_lies_inside_the_market_before_the_faults(wide: Written, sale: Sale) -> None:
    days = [wide.truth.first_day, sale.presale, sale.first_day, sale.last_day, str(min(f.since for f in wide.truth.faults))]
    assert all(before < after for before, after in pairwise(days))


def test_its_days_are_busy_and_those_around_it_quiet(wide: Written, sale: Sale) -> None:
    rows = wide.con.sql("SELECT created_at::DATE, count(*) FROM orders GROUP BY 1").fetchall()
    counts = dict(rows)
    usual = sum(counts.values()) / len(counts)
    first, last = dt.date.fromisoformat(sale.first_day), dt.date.fromisoformat(sale.last_day)
    assert counts[first] > 2 * usual
    assert all(counts[first + dt.timedelta(days=n)] > 1.3 * usual for n in range(festival.LASTS))
    assert counts[last + dt.timedelta(days=1)] < 0.9 * usual


def test_deposits_are_paid_when_it_begins(wide: Written, sale: Sale) -> None:
    """A quarter of the purchases of the week before; balances within two days; who does not pay loses the order then."""
    week = f"created_at >= '{sale.presale}' AND created_at < '{sale.first_day}'"
    deposit = f"presale AND NOT cod AND coalesce(paid_at >= '{sale.first_day}', closed_at > created_at + INTERVAL 25 hour)"
    share, paid = wide.one(f"""
        SELECT avg(({deposit})::INT), avg((paid_at IS NOT NULL)::INT) FILTER ({deposit}) FROM orders WHERE {week}""")
    assert 0.18 < share < 0.3
    assert 0.85 < paid < 0.97
    due = f"'{sale.first_day}'::DATE + 2"
    late, early = wide.one(f"""
        SELECT count_if(paid_at >= {due}), count_if(closed_at < {due} AND paid_at IS NULL)
        FROM orders WHERE {week} AND {deposit}""")
    assert (late, early) == (0, 0)


def test_deposits_have_a_longer_promise(wide: Written, sale: Sale) -> None:
    (least,) = wide.one(f"""
        SELECT min(promised_ship_at - paid_at) FROM orders WHERE presale AND paid_at > created_at + INTERVAL 1 day
        AND created_at BETWEEN '{sale.presale}' AND '{sale.first_day}'""")
    assert least >= dt.timedelta(days=festival.STRENGTH["promise_days"] + 1)


@pytest.mark.parametrize(
    ("value", "rows", "at", "times"),
    [
        (
            "avg((shipped_at > promised_ship_at)::INT)",
            "orders JOIN parcels USING (order_id) WHERE direction = 'out' AND NOT presale AND NOT cod",
            "paid_at",
            3.0,
        ),
        ("median(epoch(signed_at - collected_at))", "parcels WHERE direction = 'out'", "collected_at", 1.15),
        (
            "avg((c.order_id IS NOT NULL)::INT)",
            f"orders LEFT JOIN (SELECT DISTINCT order_id FROM cases WHERE reason IN {festival.REGRETS}) c USING (order_id)",
            "paid_at",
            1.3,
        ),
    ],
    ids=["ships later", "travels longer", "regrets more"],
)
def test_what_it_does(wide: Written, sale: Sale, value: str, rows: str, at: str, times: float) -> None:
    rush, usual = wide.one(f"SELECT {value} FILTER ({during(sale, at)}), {value} FILTER ({rest(sale, at)}) FROM {rows}")
    assert rush > times * usual


@pytest.mark.parametrize("days", [festival.LEAST_DAYS, 40, 92, 3650])
def test_it_fits_into_any_market(days: int) -> None:
    placed = festival.place(days)
    assert placed is not None
    assert 0 <= placed.presale < placed.first <= placed.last < days
    assert placed.busy(days).shape == (days,)


def test_weeks_go_on_through_it() -> None:
    """The weights of a market's days are finite and positive."""
    weights = plan.day_weights(plan.Market(seed=1, shops=5, orders=10, days=28, first_day=dt.date(2024, 3, 1)))
    assert weights.min() > 0.5
