"""Times without an offset that came before their shop's zone, or before their order, are never silently wrong."""

import datetime as dt
from pathlib import Path

import pytest

from tianping.facts.versions import Tally
from tianping.work import holdings
from tianping.work.home import Home, facts, open_home
from tianping.work.intake import quarantine
from tianping.work.intake.imports import undo

from .homes import NOON, bring, table

SAO_PAULO = "America/Sao_Paulo"  # UTC-3, in summer until 2019 UTC-2
SHOPS = table("shop_id,platform,timezone", ("S1", "kuaishou", SAO_PAULO), ("S2", "kuaishou", None))
ORDERS = table("order_id,shop_id,product_id,created_at", ("o1", "S1", "p", "2024-03-01 08:00:00"))
PARCELS = table("parcel_id,order_id,shipped_at", ("k1", "o1", "2024-03-02 08:00:00"))
WITH_OFFSET = ORDERS.replace("08:00:00", "08:00:00-03:00")
EIGHT = dt.datetime(2024, 3, 1, 11)
"""08:00 in São Paulo."""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return open_home(tmp_path / "home", create=True)


def reasons(home: Home) -> list[str]:
    with holdings.quarantine(home) as found:
        return [f"{row[3]}.{row[5]}: {row[7]}" for row in found.fetchall()]


def times(home: Home) -> list[dt.datetime]:
    con, _ = facts(home)
    with con:
        said = "select created_at from facts.orders union all select shipped_at from facts.parcels order by all"
        return [at for (at,) in con.execute(said).fetchall()]


def test_together_there_is_nothing_to_mend(home: Home) -> None:
    bring(home, {"shops": SHOPS, "orders": ORDERS, "parcels": PARCELS})
    assert times(home) == [EIGHT, EIGHT + dt.timedelta(days=1)]
    assert reasons(home) == []


def test_a_zone_that_comes_after_its_orders(home: Home) -> None:
    """The shop's row goes to quarantine, and says how to put it right; done so, all is as if it had come first."""
    bring(home, {"orders": ORDERS})
    assert bring(home, {"shops": SHOPS}, hour=1).counts == {"shops": Tally(2, new=1, quarantined=1)}
    [told] = reasons(home)
    assert told.startswith(
        "shops.timezone: rows of this shop came before it with times without an offset, and were read in Asia/"
    )
    assert "its zone is America/Sao_Paulo; undo import 1, retry this row (`tianping quarantine retry`)" in told
    undo(home, 1, at=NOON + dt.timedelta(hours=2))
    [report] = quarantine.retry(home, NOON + dt.timedelta(hours=3))
    assert report.counts == {"shops": Tally(1, new=1)}
    bring(home, {"orders": ORDERS}, hour=4)
    assert times(home) == [EIGHT]
    assert reasons(home) == []


def test_an_order_that_comes_after_its_parcel(home: Home) -> None:
    """Rows that waited were read in the home's zone; an order of a shop elsewhere is not put together with them."""
    bring(home, {"parcels": PARCELS})
    assert bring(home, {"shops": SHOPS, "orders": ORDERS}, hour=1).counts["orders"] == Tally(1, quarantined=1)
    [told] = reasons(home)
    assert told.startswith("orders.shop_id: rows that waited for this order came before it with times without an offset")
    undo(home, 1, at=NOON + dt.timedelta(hours=2))
    quarantine.retry(home, NOON + dt.timedelta(hours=3))
    bring(home, {"parcels": PARCELS}, hour=4)
    assert times(home) == [EIGHT, EIGHT + dt.timedelta(days=1)]
    assert reasons(home) == []


def test_what_is_not_in_doubt_is_not_refused(home: Home) -> None:
    """Times with an offset, shops of the home's own clocks, a zone said again."""
    bring(home, {"orders": WITH_OFFSET, "parcels": PARCELS.replace("o1", "o2")})
    bring(home, {"shops": SHOPS.replace("S2,kuaishou,", "S2,kuaishou,Asia/Hong_Kong")}, hour=1)
    bring(home, {"orders": ORDERS.replace("o1,S1", "o2,S2")}, hour=2)
    bring(home, {"shops": SHOPS}, hour=3)
    assert reasons(home) == []
    assert times(home) == [dt.datetime(2024, 3, 1), EIGHT, dt.datetime(2024, 3, 2)]


def test_a_zone_that_is_corrected(home: Home) -> None:
    """Rows read in the zone that was said first do not pass for rows of another, also where that saying was undone."""
    bring(home, {"shops": SHOPS})
    bring(home, {"orders": ORDERS}, hour=1)
    bring(home, {"shops": SHOPS.replace(SAO_PAULO, "Europe/London")}, hour=2)
    assert ["read in America/Sao_Paulo, while its zone is Europe/London" in told for told in reasons(home)] == [True]
    undo(home, 1, at=NOON + dt.timedelta(hours=3))
    bring(home, {"shops": SHOPS.replace(SAO_PAULO, "Asia/Shanghai")}, hour=4)
    assert "while its zone is Asia/Shanghai" in reasons(home)[-1]
    bring(home, {"shops": SHOPS}, hour=5)
    assert len(reasons(home)) == 2
