"""Facts that were never, or not wholly, supplied are said with the figure: what is missing, and for which days."""

import datetime as dt
from pathlib import Path

import pytest

from tianping.periods import Period
from tianping.work.closing.closed import Filter, find, read
from tianping.work.home import Home, open_home

from .homes import bring, closed, figures, table

T = dt.date(2024, 6, 1)
DAY = dt.timedelta(days=1)
ORDERS = "order_id,shop_id,product_id,created_at,paid_at"
CASES = "case_id,order_id,kind,reason,requested_at"
WHOLE = Period(dt.date(2024, 3, 1), T - DAY)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return open_home(tmp_path / "home", create=True)


def shops(*names: str) -> str:
    return table("shop_id,platform", *((name, "kuaishou") for name in names))


def orders(*names: str, columns: str = ORDERS, more: tuple[object, ...] = ()) -> str:
    """Twelve orders a shop, paid on the tenth of May."""
    at = "2024-05-10"
    rows = ((f"o{name}{n}", name, f"p{name}", at, at, *more) for name in names for n in range(12))
    return table(columns, *rows)


def said(
    home: Home, metric: str, *, by: str = "shop", days: int = 30, variant: str = ""
) -> dict[object, tuple[object, object]]:
    """Status and why, by subject."""
    found = figures(home, find(home, T), metric, by=by, days=days, variant=variant)
    return {row["subject"]: (row["status"], row["why"]) for row in found}


def test_a_table_never_supplied(home: Home) -> None:
    """Without cases there is no rate of cases; the figure is there all the same, and names the table."""
    bring(home, {"shops": shops("s"), "orders": orders("s")}, covers=WHOLE)
    closed(home, T)
    assert said(home, "refusal_rate") == {"s": ("no_data", "never supplied: cases, orders.channel")}
    assert said(home, "product_quality_refund_rate") == {"s": ("no_data", "never supplied: cases")}
    assert said(home, "service_satisfaction") == {"s": ("no_data", "never supplied: chat_ratings, messages")}


def test_a_column_never_supplied(home: Home) -> None:
    """A table without a column that decides: the column is named, with its table; other metrics stand."""
    cases = table(CASES, ("c", "os0", "refund_only", "quality", "2024-05-12"))
    bring(home, {"shops": shops("s"), "orders": orders("s"), "cases": cases}, covers=WHOLE)
    closed(home, T)
    assert said(home, "product_quality_refund_rate") == {"s": ("ok", "")}
    assert said(home, "dispute_rate", variant="all_channels") == {"s": ("no_data", "never supplied: cases.escalated_at")}
    assert said(home, "dispute_rate") == {"s": ("no_data", "never supplied: cases.escalated_at, orders.channel")}


def test_a_column_given_and_empty_is_supplied(home: Home) -> None:
    """An empty cell says that it did not happen; only a column that is not there says nothing."""
    cases = table(f"{CASES},escalated_at", ("c", "os0", "refund_only", "quality", "2024-05-12", None))
    bring(home, {"shops": shops("s"), "orders": orders("s"), "cases": cases}, covers=WHOLE)
    closed(home, T)
    assert said(home, "dispute_rate", variant="all_channels") == {"s": ("ok", "")}


def test_a_rule_that_may_lack_its_column(home: Home) -> None:
    """Without closed_at no order was closed before its promise, and timely_shipment stands; without the promise it does not."""
    columns = f"{ORDERS},channel,promised_ship_at"
    parcels = table("parcel_id,order_id,shipped_at", ("k", "os0", "2024-05-11"))
    cases = table(CASES, ("c", "os0", "refund_only", "quality", "2024-05-12"))
    promised = orders("s", columns=columns, more=("self_built", "2024-05-12"))
    bring(home, {"shops": shops("s"), "orders": promised, "parcels": parcels, "cases": cases}, covers=WHOLE)
    closed(home, T)
    assert said(home, "timely_shipment") == {"s": ("ok", "")}
    bring(home, {"shops": shops("t"), "orders": orders("t"), "parcels": parcels, "cases": cases}, covers=WHOLE)
    closed(home, T, hour=10)
    [status, why] = said(home, "timely_shipment")["t"]
    assert status == "no_data"
    assert "orders.promised_ship_at" in str(why)


def test_days_not_covered(home: Home) -> None:
    """The table and its missing days are named; a window inside the covered days is whole."""
    bring(home, {"shops": shops("s"), "orders": orders("s")}, covers=Period(dt.date(2024, 5, 1), dt.date(2024, 5, 10)))
    cases = table(f"{CASES},escalated_at", ("c", "os0", "refund_only", "quality", "2024-05-12", None))
    bring(home, {"orders": orders("s").replace("05-10", "05-30"), "cases": cases}, covers=Period(dt.date(2024, 5, 20), T - DAY))
    closed(home, T)
    why = "days not covered: cases 2024-05-02..2024-05-19; orders 2024-05-11..2024-05-19"
    assert said(home, "dispute_rate", variant="all_channels", days=30) == {"s": ("incomplete", why)}
    assert said(home, "dispute_rate", variant="all_channels", days=7) == {"s": ("ok", "")}


@pytest.mark.parametrize(("last", "status"), [(T - DAY, "ok"), (T - 2 * DAY, "incomplete"), (T + 30 * DAY, "ok")])
def test_what_happens_later_must_be_covered_too(home: Home, last: dt.date, status: str) -> None:
    """Refunds are counted until 14 days after payment: cases that end with the window's last day would give too low a rate."""
    bring(home, {"shops": shops("s"), "orders": orders("s")}, covers=WHOLE)
    cases = table(CASES, ("c", "os0", "refund_only", "quality", "2024-05-12"))
    bring(home, {"cases": cases}, covers=Period(dt.date(2024, 3, 1), last))
    closed(home, T)
    why = "days not covered: cases 2024-05-31..2024-05-31" if status == "incomplete" else ""
    assert said(home, "product_quality_refund_rate") == {"s": (status, why)}


def test_periods_that_touch_are_one(home: Home) -> None:
    """Imports of one day after the other leave no gap between them."""
    cases = table(f"{CASES},escalated_at", ("c", "os0", "refund_only", "quality", "2024-05-12", None))
    files = {"shops": shops("s"), "orders": orders("s"), "cases": cases}
    bring(home, files, covers=Period(dt.date(2024, 4, 20), dt.date(2024, 5, 10)))
    bring(home, {"orders": orders("s") + "\n", "cases": cases + "\n"}, covers=Period(dt.date(2024, 5, 11), T - DAY))
    closed(home, T)
    assert said(home, "dispute_rate", variant="all_channels") == {"s": ("ok", "")}


def test_missing_columns_before_missing_days(home: Home) -> None:
    """no_data before incomplete before undefined before immature before too_few."""
    early = Period(dt.date(2024, 5, 1), dt.date(2024, 5, 15))
    bring(home, {"shops": shops("s"), "orders": orders("s")}, covers=early)
    closed(home, T)
    assert said(home, "product_quality_refund_rate")["s"] == ("no_data", "never supplied: cases")
    bring(home, {"cases": table(CASES, ("c", "os0", "refund_only", "quality", "2024-05-12"))}, covers=early)
    closed(home, T, hour=10)
    status, why = said(home, "product_quality_refund_rate")["s"]
    assert (status, str(why).split(";")[0]) == ("incomplete", "days not covered: cases 2024-04-18..2024-04-30")
    bring(home, {"orders": orders("s") + "\n", "cases": table(CASES)}, covers=WHOLE, shop="s")
    closed(home, T, hour=11)
    assert said(home, "product_quality_refund_rate")["s"] == ("ok", "")


def test_too_few(home: Home) -> None:
    """Fewer than the pack asks for: the value stands, and the status says so."""
    cases = table(CASES, ("c", "os0", "refund_only", "quality", "2024-05-12"))
    few = "\n".join(orders("s").splitlines()[:4]) + "\n"
    bring(home, {"shops": shops("s"), "orders": few, "cases": cases}, covers=WHOLE)
    closed(home, T)
    [row] = figures(home, find(home, T), "product_quality_refund_rate", by="shop", days=30)
    assert (row["numerator"], row["denominator"], str(row["value"])) == (1, 3, "0.333333")
    assert (row["status"], row["why"]) == ("too_few", "fewer than 10 counted")


def test_above_the_shop(home: Home) -> None:
    """The platform is incomplete where one shop is, has no data only where no shop has, and says of how many."""
    cases = table(CASES, *(((f"c{shop}", f"o{shop}0", "refund_only", "quality", "2024-05-12")) for shop in "ab"))
    bring(home, {"shops": shops("a", "b", "c"), "orders": orders("a", "b", "c")}, covers=WHOLE)
    closed(home, T)
    assert said(home, "product_quality_refund_rate", by="platform") == {
        "kuaishou": ("no_data", "3 of 3 shops: never supplied: cases")
    }
    bring(home, {"cases": cases}, covers=WHOLE)
    closed(home, T, hour=10)
    assert said(home, "product_quality_refund_rate") == {
        "a": ("ok", ""),
        "b": ("ok", ""),
        "c": ("no_data", "never supplied: cases"),
    }
    assert said(home, "product_quality_refund_rate", by="platform") == {"kuaishou": ("ok", "")}
    bring(home, {"cases": table(CASES)}, covers=Period(dt.date(2024, 5, 1), T), shop="c")
    closed(home, T, hour=11)
    why = "days not covered: cases 2024-04-18..2024-04-30"
    assert said(home, "product_quality_refund_rate")["c"] == ("incomplete", why)
    assert said(home, "product_quality_refund_rate", by="platform") == {"kuaishou": ("incomplete", f"1 of 3 shops: {why}")}
    bring(home, {"shops": shops("d"), "orders": orders("d")}, covers=WHOLE)
    closed(home, T, hour=12)
    assert said(home, "product_quality_refund_rate", by="platform") == {"kuaishou": ("incomplete", f"1 of 4 shops: {why}")}


def test_products_share_their_shops_gaps(home: Home) -> None:
    """A product's figure lacks what its shop lacks."""
    bring(home, {"shops": shops("a"), "orders": orders("a")}, covers=WHOLE)
    closed(home, T)
    assert said(home, "product_quality_refund_rate", by="product") == {"pa": ("no_data", "never supplied: cases")}


def test_demo_is_covered(demo: Home) -> None:
    """The demo market supplies everything that its metrics need; windows of three months begin before it does."""
    found = [row for row in read(demo, find(demo, T), Filter(by="shop")) if row["status"] not in ("ok", "too_few", "undefined")]
    assert {(row["status"], row["days"]) for row in found} <= {("incomplete", 90)}
