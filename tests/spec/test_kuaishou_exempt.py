"""Approved exemptions and won appeals leave the assessment (KS-S07, KS-S08), on the adjusted track; the metric stays."""

import datetime as dt
from functools import cache

import duckdb
import pytest

from tianping.facts.asof import as_of
from tianping.facts.views import VIEWS
from tianping.metrics.compile import define
from tianping.metrics.engine import compute
from tianping.policy.load import packs
from tianping.policy.model import Pack
from tianping.work.judgement.adjusted import Wanted, adjusted
from tianping.work.judgement.leaving import Track
from tianping.work.trials import trial

from .facts import AT_T, BEFORE_T, Counts, Facts, Row, T, case, counts, order, parcel, rating, review, shop, talk, view

TRACKS: tuple[Track, ...] = ("scores", "violations")
EPIDEMIC: Row = {
    "exemption_id": "E1",
    "from": dt.date(2024, 6, 24),
    "to": dt.date(2024, 6, 26),
    "approved": True,
    "why": "epidemic",
}


@cache
def pack() -> Pack:
    return packs()["kuaishou"]


def of(metric: str, facts: Facts, track: Track = "scores", *, by: str = "shop", subject: str = "S1", days: int = 7) -> Counts:
    """Numerator and denominator as a rule of the track reads them: as adjusted, else as measured."""
    con = duckdb.connect()
    trial.load(con, facts, platform="kuaishou")
    as_of(con, T)
    wanted = Wanted("kuaishou", metric, by, days)
    seen = adjusted(con, {"kuaishou": pack()}, T, track, [wanted], covered=False).get((*wanted[:3], subject, days))
    return (seen.numerator, seen.denominator) if seen else measured(con, metric, by, subject, days)


def measured(con: duckdb.DuckDBPyConnection, metric: str, by: str, subject: str, days: int) -> Counts:
    name, _, variant = metric.partition("/")
    version = pack().metrics[name, variant].at(T)
    assert version is not None
    compute(con, VIEWS, "kuaishou", [define(pack(), VIEWS, (name, variant), version, T)], T, covered=False)
    wanted = [by, subject, days]
    found = con.execute(
        'select numerator, denominator from figures where "by" = ? and subject = ? and days = ?', wanted
    ).fetchall()
    return found[0] if found else (0, 0)


@pytest.mark.spec("KS-S07")
@pytest.mark.parametrize("track", TRACKS)
@pytest.mark.parametrize(
    ("promised", "assessed"),
    [("06-23 23:59:59", 1), ("06-24 00:00:00", 0), ("06-26 23:59:59", 0), ("06-27 00:00:00", 1)],
)
def test_the_days_named_leave_the_assessment(track: Track, promised: str, assessed: int) -> None:
    """From the first to the last day, both whole, in the shop's zone."""
    facts = {"orders": [order("o1", "06-20 12:00", promised_ship_at=promised)], "exemptions": [EPIDEMIC]}
    assert of("timely_shipment", facts, track) == (0, assessed)


@pytest.mark.spec("KS-S07")
@pytest.mark.parametrize("track", TRACKS)
@pytest.mark.parametrize(
    ("named", "assessed"),
    [({}, 0), ({"region": "Hubei"}, 1), ({"order_id": "o1"}, 1), ({"shop_id": "S1"}, 0), ({"shop_id": "S2"}, 2)],
)
def test_the_orders_and_regions_named_leave_the_assessment(track: Track, named: Row, assessed: int) -> None:
    """Of two late orders, o1 is sent to Hubei."""
    late = [
        order("o1", "06-24 12:00", promised_ship_at="06-25 12:00", region="Hubei"),
        order("o2", "06-24 12:00", promised_ship_at="06-25 12:00", region="Gansu"),
    ]
    assert of("timely_shipment", {"orders": late, "exemptions": [EPIDEMIC | named]}, track) == (0, assessed)


@pytest.mark.spec("KS-S07")
@pytest.mark.parametrize("approved", [None, False])
def test_what_is_only_reported_stays(approved: bool | None) -> None:
    late = [order("o1", "06-24 12:00", promised_ship_at="06-25 12:00")]
    assert of("timely_shipment", {"orders": late, "exemptions": [EPIDEMIC | {"approved": approved}]}) == (0, 1)


@pytest.mark.spec("KS-S07")
def test_the_metrics_named_leave_the_assessment() -> None:
    """The parcel of o1 was never picked up; only shipping is exempt."""
    facts = {
        "orders": [order("o1", "06-24 12:00", promised_ship_at="06-25 12:00")],
        "parcels": [parcel("p1", "o1", "06-25 13:00")],
        "exemptions": [EPIDEMIC | {"metrics": "timely_shipment; shipped_48h"}],
    }
    assert of("timely_shipment", facts) == (0, 0)
    assert of("pickup_anomaly", facts) == (1, 1)


@pytest.mark.spec("KS-S07")
def test_chats_and_live_rooms_of_the_days_named_leave_too() -> None:
    """But not for an order or a region: they have none."""
    facts = {
        "shops": [shop(region="Hubei")],
        "orders": [order("o1", "06-25 12:00", region="Hubei")],
        "messages": talk("06-25 10:00:00 buyer", "06-25 10:10:00 agent", "06-27 10:00:00 buyer", "06-27 10:01:00 agent"),
        "chat_ratings": [rating("r1", "06-25 11:00", "bad")],
        "live_views": [view("v1", "06-25 12:00", 60, reported=True), view("v2", "06-28 12:00", 60, room_id="R2")],
    }
    every = ("response_3min", "service_satisfaction", "live_report_rate")
    as_measured = [(1, 2), (0, 1), (1, 2)]
    assert [of(metric, facts) for metric in every] == as_measured
    assert [of(metric, facts | {"exemptions": [EPIDEMIC]}) for metric in every] == [(1, 1), (0, 0), (0, 1)]
    for named in ({"region": "Hubei"}, {"order_id": "o1"}):
        assert [of(metric, facts | {"exemptions": [EPIDEMIC | named]}) for metric in every] == as_measured


@pytest.mark.spec("KS-S07")
def test_the_metric_itself_stays() -> None:
    facts = {"orders": [order("o1", "06-24 12:00", promised_ship_at="06-25 12:00")], "exemptions": [EPIDEMIC]}
    assert counts("timely_shipment", facts, days=7) == (0, 1)


@pytest.mark.spec("KS-S08")
@pytest.mark.parametrize("track", TRACKS)
@pytest.mark.parametrize(
    ("liability", "overturned_at", "assessed"),
    [
        ("seller", "06-28 12:00", 0),
        ("both", BEFORE_T, 0),
        ("seller", AT_T, 1),
        ("seller", None, 1),
        ("buyer", "06-28 12:00", 1),
        ("none", "06-28 12:00", 1),
    ],
)
def test_a_judgement_appealed_with_success_leaves_the_score(
    track: Track, liability: str, overturned_at: str | None, assessed: int
) -> None:
    """Judged against the merchant and overturned before T: the case leaves every metric of cases, on both sides."""
    judged = case(
        "c1", "o1", "06-26 12:00", answered_at="06-26 13:00", answer="refused", escalated_at="06-26 14:00",
        judged_at="06-27 12:00", liability=liability, overturned_at=overturned_at, ended_at="06-28 12:00",
    )  # fmt: skip
    facts = {"orders": [order("o1", "06-25 12:00")], "cases": [judged]}
    assert of("refusal_rate", facts, track) == (assessed, assessed)
    assert of("dispute_rate", facts, track) == (assessed, 1), "the order stays"
    liable = assessed * int(liability == "seller")
    assert of("liable_dispute_rate/of_ended", facts, track) == (liable, assessed)
    assert of("refusal_rate", facts, track, by="product", subject="P1") == (assessed, assessed)


@pytest.mark.spec("KS-S08")
@pytest.mark.parametrize("track", TRACKS)
def test_a_review_appealed_with_success_leaves_the_score(track: Track) -> None:
    """As in the metric: the next review of the order counts."""
    reviews = [
        review("r1", "o1", "06-17 12:00", (1, 1, 1), overturned_at="06-18 12:00"),
        review("r2", "o1", "06-19 12:00", (5, 5, 5)),
    ]
    facts = {"orders": [order("o1", "06-16 12:00")], "reviews": reviews}
    assert of("negative_review_rate", facts, track) == (0, 1)
    assert of("product_rating", facts, track, days=60) == (5, 1)
