"""The adjusted track: which rows leave, whose figures change, and that they are those of a market without these rows."""

import datetime as dt
import os
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oracle import kuaishou
from oracle.compare import Pairs, differences, shown
from oracle.kuaishou import METRICS
from oracle.markets import DATES, Market, crowd, markets
from spec.facts import Facts, Row, T, case, message, order, product, rating, shift, shop, talk
from tianping.assess.finding import Seen
from tianping.facts.asof import as_of
from tianping.facts.views import VIEWS
from tianping.metrics.compile import define
from tianping.metrics.proof import Scope, proof_sql
from tianping.policy.judging import By
from tianping.work.home import facts as facts_of
from tianping.work.home import open_home
from tianping.work.judgement.adjusted import Key, Wanted, adjusted
from tianping.work.judgement.leaving import Track, without
from tianping.work.judgement.losing import NOTHING_LEFT
from tianping.work.trials import trial

from .homes import bring, table
from .lessening import every_metric, expected, measured, program, rules, troubled

EXAMPLES = os.environ.get("TIANPING_EXAMPLES")
TRACKS: tuple[Track, ...] = ("scores", "violations")
quick = settings(
    max_examples=int(EXAMPLES or 15),
    derandomize=EXAMPLES is None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def read(market: Market, track: Track, *, sums: bool = True) -> Pairs:
    """The figures a rule reads: as adjusted where there is such a figure, else as measured."""
    measured = kuaishou.figures(market.facts, date=market.date, days=market.days)
    figures = {key: pair for key, pair in measured.items() if key[2] in ("shop", "product")}
    adjusted_ = program(market.facts, market.date, track, every_metric(market.days), sums=sums)
    for (_, metric, by, subject, days), seen in adjusted_.items():
        name, _, variant = metric.partition("/")
        figures[name, variant, by, subject, days] = (seen.numerator, seen.denominator)
    return figures


@pytest.mark.parametrize("track", TRACKS)
@quick
@given(markets(), st.integers(0, 10_000))
def test_the_figures_are_those_of_a_market_without_the_rows(track: Track, market: Market, seed: int) -> None:
    with_troubles = troubled(market, seed)
    found = differences(read(with_troubles, track), expected(with_troubles, track), METRICS)
    assert not found, "\n".join(["", *found, shown(with_troubles)])


@pytest.mark.parametrize("date", DATES[:2], ids=str)
@pytest.mark.parametrize("track", TRACKS)
@pytest.mark.parametrize("sums", [False, True])
def test_many_markets_side_by_side(track: Track, date: dt.date, *, sums: bool) -> None:
    market = troubled(crowd(range(60), date=date), date.toordinal())
    assert not differences(read(market, track, sums=sums), expected(market, track), METRICS)


@pytest.mark.parametrize("track", TRACKS)
def test_sums_that_lose_are_counted_anew(track: Track) -> None:
    """The figure with all rows less those that leave is the figure of those that stay, with its status; what loses nothing is
    not adjusted."""
    date = DATES[2]
    market = troubled(crowd(range(40), date=date), date.toordinal())
    asked, con = every_metric(market.days), duckdb.connect()
    trial.load(con, market.facts, platform="kuaishou")
    as_of(con, date)
    whole = measured(con, date, asked, covered=False)
    counted, lost = (adjusted(con, rules(), date, track, asked, covered=False, measured=each) for each in (None, whole))
    for key in sorted(counted.keys() | lost.keys()):
        before = whole.get(_plain(key), NOTHING_LEFT)
        assert lost.get(key, before) == counted.get(key, before), key
    assert 20 < len(lost) < len(counted)


def _plain(key: Key) -> tuple[str, By, str, int]:
    _, metric, by, subject, days = key
    return metric, by, subject, days  # type: ignore[return-value]


# --- By examples

DAY = dt.date(2024, 6, 29)
DISPUTES = Wanted("kuaishou", "dispute_rate", "shop", 7)
SHIPPED = Wanted("kuaishou", "timely_shipment", "shop", 7)
SATISFIED = Wanted("kuaishou", "service_satisfaction", "shop", 7)
Rows = dict[str, list[Row]]


def exempt(first: dt.date = DAY, last: dt.date = DAY, /, **more: object) -> Row:
    return {"exemption_id": f"E{first}{more}", "from": first, "to": last, "approved": True} | more


def due(order_id: str, at: str, **more: object) -> Row:
    """An order of S1 promised for then."""
    return order(order_id, "06-10 12:00", promised_ship_at=at, **more)


def of(facts: Facts, wanted: Wanted = SHIPPED, *, subject: str = "S1", track: Track = "scores") -> tuple[int, int] | None:
    """Numerator and denominator of the adjusted figure; None where it is as measured."""
    seen = program(facts, T, track, [wanted]).get((*wanted[:3], subject, wanted.days))
    return seen and (seen.numerator, seen.denominator)


@pytest.mark.parametrize(("track"), TRACKS)
def test_nothing_touched_is_nothing_adjusted(track: Track) -> None:
    """No exemption, none approved, one of other days, a case the buyer opened, an appeal of the buyer's."""
    facts: Rows = {
        "orders": [due("o1", "06-29 12:00")],
        "cases": [case("c1", "o1", "06-28 12:00", opened_by="buyer", judged_at="06-28 13:00", liability="buyer",
                       overturned_at="06-28 14:00")],
    }  # fmt: skip
    assert program(facts, T, track, every_metric()) == {}
    facts["exemptions"] = [exempt(approved=None), exempt(approved=False), exempt(dt.date(2024, 6, 30), dt.date(2024, 7, 9))]
    assert program(facts, T, track, every_metric()) == {}


@pytest.mark.parametrize(
    ("at", "left"),
    [("06-26 23:59:59", 1), ("06-27 00:00:00", 0), ("06-28 23:59:59", 0), ("06-29 00:00:00", 1)],
)
@pytest.mark.parametrize("zone", [None, "America/Bogota"])
def test_first_and_last_day_in_the_shop_s_zone(zone: str | None, at: str, left: int) -> None:
    """Exempt from the 27th to the 28th, of the day the row counts under. A second order keeps the shop touched."""
    facts: Rows = {
        "shops": [shop(timezone=zone)],
        "orders": [due("o1", at), due("o2", "06-27 12:00")],
        "exemptions": [exempt(dt.date(2024, 6, 27), dt.date(2024, 6, 28))],
    }
    assert of(facts) == (0, left)


@pytest.mark.parametrize(
    ("named", "left"),
    [
        ({}, (0, 0)),
        ({"shop_id": "S1"}, (0, 0)),
        ({"shop_id": "S2"}, None),
        ({"region": "Hubei"}, (0, 1)),
        ({"region": "Shanghai"}, (0, 1)),
        ({"region": "Gansu"}, None),
        ({"order_id": "o1"}, (0, 1)),
        ({"order_id": "o9"}, None),
        ({"order_id": "o1", "region": "Hubei", "shop_id": "S1"}, (0, 1)),
        ({"order_id": "o1", "region": "Shanghai"}, None),
        ({"order_id": "o1", "shop_id": "S2"}, None),
        ({"metrics": "timely_shipment"}, (0, 0)),
        ({"metrics": "pickup_24h, timely_shipment"}, (0, 0)),
        ({"metrics": "pickup_24h；timely_shipment"}, (0, 0)),
        ({"metrics": "pickup_24h"}, None),
        ({"metrics": "timely"}, None),
    ],
)
def test_whom_an_exemption_names(named: Row, left: tuple[int, int] | None) -> None:
    """Two orders, one of Hubei, one of its shop's region, Shanghai."""
    facts: Rows = {
        "shops": [shop(region="Shanghai")],
        "orders": [due("o1", "06-29 12:00", region="Hubei"), due("o2", "06-29 12:00")],
        "exemptions": [exempt(**named)],
    }
    assert of(facts) == left


def test_a_variant_is_named_with_its_name() -> None:
    """`dispute_rate` is the plain form, `dispute_rate/all_channels` the other."""
    facts: Rows = {"orders": [order("o1", "06-29 12:00")], "exemptions": [exempt(metrics="dispute_rate/all_channels")]}
    every = Wanted("kuaishou", "dispute_rate/all_channels", "shop", 7)
    assert (of(facts), of(facts, DISPUTES), of(facts, every)) == (None, None, (0, 0))


def test_a_count_is_exempt_with_its_rate() -> None:
    facts: Rows = {
        "products": [product(virtual=True)],
        "orders": [order("o1", "06-15 12:00"), order("o2", "06-14 12:00")],
        "cases": [case("c1", "o1", "06-16 12:00"), case("c2", "o2", "06-16 12:00")],
        "exemptions": [exempt(dt.date(2024, 6, 15), metrics="quality_refund_rate")],
    }
    assert of(facts, Wanted("kuaishou", "quality_refund_rate", "shop", 7)) == (1, 1)
    assert of(facts, Wanted("kuaishou", "quality_refund_count", "shop", 7)) == (1, 1)
    assert of(facts, Wanted("kuaishou", "product_quality_refund_rate", "shop", 7)) is None


def test_two_exemptions_over_one_row_leave_it_out_once() -> None:
    facts: Rows = {
        "orders": [due("o1", "06-29 12:00"), due("o2", "06-26 12:00")],
        "exemptions": [exempt(dt.date(2024, 6, 27)), exempt(shop_id="S1"), exempt(order_id="o1", metrics="timely_shipment")],
    }
    assert of(facts) == (0, 1)


def test_each_side_by_its_own_day() -> None:
    """Escalated on the exempt day of an order paid on another: only the numerator loses it."""
    facts: Rows = {
        "orders": [order("o1", "06-28 12:00"), order("o2", "06-29 12:00")],
        "cases": [case("c1", "o1", "06-28 13:00", escalated_at="06-29 12:00")],
        "exemptions": [exempt()],
    }
    assert of(facts, DISPUTES) == (0, 1)


def test_a_buyer_counts_once_over_the_days_that_are_left() -> None:
    """B1 rated good on the 27th and bad on the exempt 28th; B2 only then. Of two buyers one is left, with the good one."""
    facts: Rows = {
        "shops": [shop(region="Hubei")],
        "orders": [order("o1", "06-28 12:00", region="Hubei")],
        "messages": [message("m1", "06-27 10:00"), message("m2", "06-28 10:00"), message("m3", "06-28 10:00", buyer_id="B2")],
        "chat_ratings": [rating("r1", "06-27 11:00", "good"), rating("r2", "06-28 11:00", "bad"),
                         rating("r3", "06-28 11:00", "bad", buyer_id="B2")],
    }  # fmt: skip
    on_28th = exempt(dt.date(2024, 6, 28), dt.date(2024, 6, 28))
    assert of(facts, SATISFIED) is None
    assert of(facts | {"exemptions": [on_28th]}, SATISFIED) == (1, 1)
    assert of(facts | {"exemptions": [on_28th | {"shop_id": "S1"}]}, SATISFIED) == (1, 1)
    for named in ({"region": "Hubei"}, {"order_id": "o1"}):
        assert of(facts | {"exemptions": [on_28th | named]}, SATISFIED) is None, "chats have no order and no region"


@pytest.mark.parametrize("sums", [False, True])
def test_exempt_days_of_buyers_lose_what_they_had_counted(*, sums: bool) -> None:
    """On the exempt 28th B1 was answered in time, B2 was not, and B3 asked at 7:59:59, too early; B4 the day before."""
    lines = [("m1", "06-28 10:00", "B1", "buyer"), ("m2", "06-28 10:03", "B1", "agent"), ("m3", "06-28 10:00", "B2", "buyer"),
             ("m4", "06-28 07:59:59", "B3", "buyer"), ("m5", "06-27 10:00", "B4", "buyer")]  # fmt: skip
    facts: Rows = {
        "messages": [message(id_, at, sender, buyer_id=buyer) for id_, at, buyer, sender in lines],
        "exemptions": [exempt(dt.date(2024, 6, 28), dt.date(2024, 6, 28))],
    }
    [seen] = program(facts, T, "scores", [Wanted("kuaishou", "response_3min", "shop", 7)], sums=sums).values()
    assert (seen.numerator, seen.denominator) == (0, 1)


def test_cases_that_the_platform_opened_leave_only_violations() -> None:
    """o1: a first refund by the platform; o2: a second one by it, which leaves the order where the first is read."""
    facts: Rows = {
        "products": [product(virtual=True)],
        "orders": [order("o1", "06-15 12:00"), order("o2", "06-15 12:00"), order("o3", "06-15 12:00")],
        "cases": [
            case("c1", "o1", "06-28 12:00", opened_by="platform"),
            case("c2", "o2", "06-28 12:00"),
            case("c3", "o2", "06-29 12:00", opened_by="platform"),
        ],
    }
    rate, product_rate = (Wanted("kuaishou", "quality_refund_rate", by, 7) for by in ("shop", "product"))
    refused = Wanted("kuaishou", "refusal_rate", "shop", 7)
    assert (of(facts, rate), of(facts, refused)) == (None, None)
    assert (of(facts, rate, track="violations"), of(facts, refused, track="violations")) == ((1, 2), (0, 1))
    assert of(facts, product_rate, subject="P1", track="violations") == (1, 2)
    assert of(facts, Wanted("kuaishou", "dispute_rate", "shop", 30), track="violations") is None, "it reads no first refund"


def test_a_product_that_several_shops_sell_is_counted_whole() -> None:
    """The order of S2 stays in the product's figure, though nothing of S2 is touched; S2's own is as measured."""
    facts: Rows = {
        "products": [product(virtual=True)],
        "orders": [order("o1", "06-15 12:00"), order("o2", "06-15 12:00"), order("o3", "06-15 12:00", shop_id="S2")],
        "exemptions": [exempt(dt.date(2024, 6, 15), order_id="o1")],
    }
    shops, products = (Wanted("kuaishou", "product_quality_refund_rate", by, 7) for by in ("shop", "product"))
    found = program(facts, T, "scores", [shops, products])
    assert {key[2:4]: seen[:2] for key, seen in found.items()} == {("shop", "S1"): (0, 1), ("product", "P1"): (0, 2)}


def test_only_what_is_wanted_of_the_platforms_that_are() -> None:
    """By shop alone, of two platforms; there is a third without a pack."""
    facts: Rows = {
        "shops": [shop(), shop("D1", "douyin"), shop("X1", "elsewhere")],
        "orders": [order("o1", "06-29 12:00"), order("o2", "06-29 12:00", shop_id="D1"), order("o3", None, shop_id="X1")],
        "exemptions": [exempt()],
    }
    orders = Wanted("douyin", "order_count", "shop", 7)
    found = program(facts, T, "scores", [DISPUTES, orders, Wanted("elsewhere", "orders", "shop", 7)])
    assert {key[:4] for key in found} == {("kuaishou", "dispute_rate", "shop", "S1"), ("douyin", "order_count", "shop", "D1")}


def test_what_nothing_is_left_of_says_so() -> None:
    seen = program({"orders": [due("o1", "06-29 12:00")], "exemptions": [exempt()]}, T, "scores", [SHIPPED])
    assert list(seen.values()) == [Seen(0, 0, "undefined", "every row is left out")]


def test_a_proof_names_the_rule_that_left_a_row_out() -> None:
    """By the definition as the track reads it; a row that is left out anyway is left out as exempt."""
    facts: Rows = {
        "orders": [due("o1", "06-29 12:00"), due("o2", "06-28 12:00"), due("o3", "06-29 12:00", channel="other")],
        "exemptions": [exempt()],
    }
    con = duckdb.connect()
    trial.load(con, facts, platform="kuaishou")
    as_of(con, T)
    pack = rules()["kuaishou"]
    metric = pack.metrics["timely_shipment", ""].at(T)
    assert metric is not None
    definition, views = without(con, define(pack, VIEWS, ("timely_shipment", ""), metric, T), T, "scores")
    side = definition.sides[0]
    sql = proof_sql(views[side.tally.view], side, Scope("kuaishou", "shop", "S1", T, 7))
    found = con.sql(f"select order_id, role, rule from ({sql}) order by 1").fetchall()
    assert found == [("o1", "left_out", "exemption"), ("o2", "denominator", None), ("o3", "left_out", "exemption")]


def test_a_home_gives_status_and_coverage(tmp_path: Path) -> None:
    """Of a home: the figures that are touched, with the statuses of a close; those of rows as known at the close only."""
    home = open_home(tmp_path / "home", create=True)
    orders = [(f"o{n}", "S1", "P1", f"2024-06-{n:02d}T12:00", f"2024-06-{n:02d}T13:00") for n in range(10, 29)]
    bring(
        home,
        {
            "shops": table("shop_id,platform", ("S1", "kuaishou")),
            "orders": table("order_id,shop_id,product_id,created_at,paid_at", *orders),
            "exemptions": table("exemption_id,from,to,shop_id,approved", ("E1", "2024-06-20", "2024-06-21", "S1", "true")),
        },
    )
    con, _ = facts_of(home)
    as_of(con, dt.date(2024, 6, 29))
    wanted = [
        Wanted("kuaishou", "product_quality_refund_rate", "shop", 7),
        Wanted("kuaishou", "dispute_rate/all_channels", "shop", 30),
    ]
    for whole in (None, measured(con, dt.date(2024, 6, 29), wanted)):
        found = adjusted(con, rules(), dt.date(2024, 6, 29), "scores", wanted, measured=whole)
        assert {key[1]: (seen.denominator, seen.status) for key, seen in found.items()} == {
            "dispute_rate/all_channels": (17, "no_data"),
        }


def test_the_greatest_of_what_is_left_and_a_day_of_an_agent() -> None:
    """Of two shifts the one with the longer suspension is exempt, by the day of its end; what a shop takes is the other's."""
    facts: Rows = {
        "shops": [shop(platform="jd")],
        "agent_shifts": [
            shift("h1", "06-27 09:00", "06-27 18:00", longest_suspension_s=900, suspended_s=900),
            shift("h2", "06-28 09:00", "06-28 18:00", longest_suspension_s=60, suspended_s=60),
        ],
        "exemptions": [exempt(dt.date(2024, 6, 27), dt.date(2024, 6, 27), shop_id="S1")],
    }
    longest = Wanted("jd", "longest_suspension", "shop", 7)
    found = program(facts, T, "scores", [longest], platform="jd")
    assert [seen[:2] for seen in found.values()] == [(60, 1)]


def test_a_buyer_served_by_an_agent_counts_once_over_the_days_that_are_left() -> None:
    """Rated 5 on the 27th and 1 on the exempt 28th; replied to on both."""
    metrics = [Wanted("jd", name, "shop", 7) for name in ("praise_rate", "reply_rate")]
    facts: Rows = {
        "shops": [shop(platform="jd")],
        "messages": talk("06-27 10:00:00 buyer", "06-27 10:01:00 agent", "06-28 10:00:00 buyer", "06-28 10:01:00 agent"),
        "chat_ratings": [rating("r1", "06-27 11:00", "5", agent_id="A1"), rating("r2", "06-28 11:00", "1", agent_id="A1")],
        "exemptions": [exempt(dt.date(2024, 6, 28), dt.date(2024, 6, 28))],
    }
    found = program(facts, T, "scores", metrics, platform="jd")
    assert {key[1]: seen[:2] for key, seen in found.items()} == {"praise_rate": (1, 1), "reply_rate": (1, 1)}
