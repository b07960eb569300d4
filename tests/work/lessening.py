"""For the adjusted track: markets with exemptions, won appeals and cases the platform opened, and what their figures are,
reckoned slowly by leaving each row out where the oracle asks for its day."""

import datetime as dt
import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, cast

import duckdb

from oracle import reckon
from oracle.kuaishou import METRICS
from oracle.markets import Market
from oracle.reckon import DAY, Metric, Window
from oracle.world import Row, World, look
from tianping.assess.finding import Seen
from tianping.facts.asof import as_of
from tianping.facts.views import VIEWS
from tianping.metrics.compile import define
from tianping.metrics.engine import compute
from tianping.policy.judging import By
from tianping.policy.load import key_of, packs
from tianping.policy.model import Pack
from tianping.work.judgement.adjusted import Key, Wanted, adjusted
from tianping.work.judgement.leaving import Track
from tianping.work.trials import trial

Facts = Mapping[str, Sequence[Mapping[str, object]]]
OF_FIRST_REFUND = (
    "quality_refund_rate", "quality_refund_count", "product_quality_refund_rate", "timely_shipment", "shipped_48h",
)  # fmt: skip
COUNT_OF = {
    "quality_refund_count": "quality_refund_rate",
    "review_count": "negative_review_rate",
    "negative_review_count": "negative_review_rate",
}
REGIONS = ("Hubei", "Shanghai", None)


@cache
def rules() -> dict[str, Pack]:
    return dict(packs())


def every_metric(days: Sequence[int] = ()) -> list[Wanted]:
    """All that the oracle reckons, of shops and products."""
    return [
        Wanted("kuaishou", "/".join(filter(None, (metric.name, metric.variant))), by, x)
        for metric in METRICS
        for by in ("shop", "product")
        for x in {1, 7, 30, *metric.more_days, *days}
    ]


def program(
    facts: Facts, date: dt.date, track: Track, wanted: Collection[Wanted], *, platform: str = "kuaishou", sums: bool = False
) -> dict[Key, Seen]:
    """The adjusted figures, of rows in hand; `sums`: sums from the figures with all rows, as the close has them."""
    con = duckdb.connect()
    trial.load(con, facts, platform=platform)
    as_of(con, date)
    all_rows = measured(con, date, wanted, platform=platform, covered=False) if sums else None
    return adjusted(con, rules(), date, track, wanted, covered=False, measured=all_rows)


def measured(
    con: duckdb.DuckDBPyConnection, date: dt.date, wanted: Iterable[Wanted], *, platform: str = "kuaishou", covered: bool = True
) -> dict[tuple[str, By, str, int], Seen]:
    """The figures with all rows, of shops and products."""
    days: dict[str, set[int]] = {}
    for each in wanted:
        days.setdefault(each.metric, set()).add(each.days)
    pack = rules()[platform]
    defined = [
        define(pack, VIEWS, key_of(name), version, date, tuple(some))
        for name, some in days.items()
        if (version := pack.metrics[key_of(name)].at(date))
    ]
    compute(con, VIEWS, platform, defined, date, covered=covered)
    found = con.sql(
        """select concat_ws('/', metric, nullif(variant, '')), "by", subject, days, numerator, denominator, status, why
        from figures where "by" in ('shop', 'product')"""
    )
    return {(metric, by, subject, days): Seen(*seen) for metric, by, subject, days, *seen in found.fetchall()}


# --- Markets with something to leave out


def troubled(market: Market, seed: int) -> Market:
    """The market with regions, cases that the platform opened, and some exemptions."""
    draw = random.Random(seed)
    facts: dict[str, list[dict[str, Any]]] = {table: [dict(row) for row in rows] for table, rows in market.facts.items()}
    for row in (*facts.get("shops", ()), *facts.get("orders", ())):
        row["region"] = draw.choice(REGIONS)
    for row in facts.get("cases", ()):
        row["opened_by"] = draw.choice(("platform", "buyer", None))
    made = [_exemption(draw, market.date, facts, number) for number in range(draw.randrange(4))]
    facts["exemptions"] = made
    return market._replace(facts=facts)


def _exemption(draw: random.Random, date: dt.date, facts: Mapping[str, list[dict[str, Any]]], number: int) -> dict[str, Any]:
    first = date - dt.timedelta(days=draw.choice((1, 2, 14, 15, 16, 17, 30, 45, 100)))
    shops = sorted({row["shop_id"] for rows in facts.values() for row in rows if row.get("shop_id")} | {"nobody"})
    orders = [row["order_id"] for row in facts.get("orders", ())] or ["nothing"]
    named = [each.metric for each in every_metric()]
    return {
        "exemption_id": f"E{number}",
        "from": first,
        "to": first + dt.timedelta(days=draw.choice((0, 0, 1, 7, 60, -1))),
        "metrics": draw.choice((None, None, "", "; ".join(draw.sample(named, 8)))),
        "shop_id": draw.choice((None, draw.choice(shops))),
        "region": draw.choice((None, None, draw.choice(REGIONS))),
        "order_id": draw.choice((None, None, draw.choice(orders))),
        "approved": draw.choice((True, True, True, False, None)),
    }


# --- The slow reckoning


@dataclass(frozen=True)
class Lessened:
    """A window without the rows that are exempt. `regions`: of the shops."""

    window: Window
    exemptions: Sequence[Row]
    regions: Mapping[str, str | None]

    def has(self, row: Row, time: str) -> bool:
        return self.window.has(row, time) and not self.exempt(row, reckon.day(row, time))

    def exempt(self, row: Row, day: dt.date) -> bool:
        thing = row["order"] or row["video"] or row
        return any(each["from"] <= day <= each["to"] and self._names(each, thing) for each in self.exemptions)

    def _names(self, exemption: Row, thing: Row) -> bool:
        if exemption["shop_id"] and exemption["shop_id"] != thing["shop_id"]:
            return False
        if not (exemption["order_id"] or exemption["region"]):
            return True
        if "order_id" not in thing or exemption["order_id"] not in (None, "", thing["order_id"]):
            return False
        return exemption["region"] in (None, "", thing["region"] or self.regions.get(thing["shop_id"]))


def expected(market: Market, track: Track) -> dict[reckon.Key, tuple[int, int]]:
    """As `reckon.figures`, of the track, by shop and product."""
    world = look(market.facts, date=market.date, platform="kuaishou")
    regions = {str(row["shop_id"]): cast(str | None, row.get("region")) for row in market.facts.get("shops", ())}
    found: dict[reckon.Key, tuple[int, int]] = {}
    for metric in METRICS:
        acting = [Row(row) for row in market.facts.get("exemptions", ()) if row["approved"] and _acts_on(row, metric)]
        for x in {1, 7, 30, *metric.more_days, *market.days}:
            window = Lessened(reckon._window(metric, market.date, x), acting, regions)
            counted = metric.counted(_without_cases(world, window, metric, track), cast(Window, window))
            for (by, subject), (over, under) in reckon._sums(counted, "kuaishou", greatest=False).items():
                if by in ("shop", "product") and (over or under):
                    found[metric.name, metric.variant, by, subject, x] = (over, 1 if metric.alone else under)
    return found


def _acts_on(row: Mapping[str, object], metric: Metric) -> bool:
    names = str(row["metrics"] or "").replace(";", " ").split()
    own = "/".join(filter(None, (metric.name, metric.variant)))
    return not names or own in names or COUNT_OF.get(metric.name) in names


def _without_cases(world: World, window: Lessened, metric: Metric, track: Track) -> World:
    """Without the cases, and the orders for their first refund, that the track leaves out; without parcels that are exempt,
    of whose orders the oracle does not ask the window."""
    opened = {"platform"} if track == "violations" else set()
    reads_first = metric.name in OF_FIRST_REFUND
    return replace(
        world,
        parcels=[parcel for parcel in world.parcels if not window.exempt(parcel, _due_day(parcel))],
        cases=[case for case in world.cases if case["opened_by"] not in opened and not _won(case)],
        orders=[order for order in world.orders if not (reads_first and _first_opened_by(order) in opened)],
    )


def _due_day(parcel: Row) -> dt.date:
    return reckon.day(Row(zone=parcel["zone"], at=parcel["shipped_at"] + DAY), "at")


def _won(case: Row) -> bool:
    return case["liability"] in ("seller", "both") and case["overturned_at"] is not None


def _first_opened_by(order: Row) -> str | None:
    return order["refunds"][0]["opened_by"] if order["refunds"] else None
