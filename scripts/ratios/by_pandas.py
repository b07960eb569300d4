"""Four metrics by pandas over a folder of exported Parquet files: by_pandas.py FOLDER T."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from ratios.answer import Row, answer

_QUALITY = ("not_as_described", "damaged", "counterfeit", "quality")
_CHANNELS = ("self_built", "flash", "auction")
_STARS = ("quality", "logistics", "service")


class Files:
    """An export's tables, of which each metric reads the columns it needs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, table: str, *columns: str) -> pd.DataFrame:
        return pd.read_parquet(self._folder / f"{table}.parquet", columns=list(columns))

    def orders(self, *columns: str) -> pd.DataFrame:
        """The platform's orders, with whether their product is virtual."""
        shops = self.read("shops", "shop_id", "platform")
        products = self.read("products", "product_id", "virtual").set_index("product_id").virtual
        orders = self.read("orders", "order_id", "shop_id", "product_id", *columns)
        orders = orders[orders.shop_id.isin(shops.shop_id[shops.platform == "kuaishou"])]
        return orders.assign(virtual=orders.product_id.map(products).eq(True))

    def parcels(self, time: str) -> "pd.Series[pd.Timestamp]":
        """By order, when the last outbound parcel was; empty while one of them is not."""
        parcels = self.read("parcels", "order_id", "direction", time)
        by_order = parcels[parcels.direction.fillna("out") == "out"].groupby("order_id")[time]
        return by_order.max()[by_order.count() == by_order.size()]

    def first_refunds(self) -> pd.DataFrame:
        """By order, its first refund."""
        cases = self.read("cases", "order_id", "case_id", "kind", "requested_at", "reason")
        cases = cases[cases.kind.isin(["refund_only", "return_refund"])].sort_values(["requested_at", "case_id"])
        return cases.drop_duplicates("order_id").set_index("order_id")


def quality_refund_rate(files: Files, t: pd.Timestamp) -> pd.DataFrame:
    orders = files.orders("paid_at", "risk_flagged")
    orders = orders[_days(orders.paid_at, t, 15) & ~orders.risk_flagged.eq(True)]
    limit = orders.paid_at + pd.Timedelta(days=14)
    orders = orders[orders.virtual | (orders.order_id.map(files.parcels("signed_at")) <= limit)]
    first = files.first_refunds().reindex(orders.order_id).set_index(orders.index)
    return _fraction(orders.shop_id, (first.requested_at <= limit[orders.index]) & first.reason.isin(_QUALITY))


def timely_shipment(files: Files, t: pd.Timestamp) -> pd.DataFrame:
    orders = files.orders("paid_at", "promised_ship_at", "cod", "channel", "closed_at")
    orders = orders[_days(orders.promised_ship_at, t, 1) & (orders.paid_at.notna() | orders.cod.eq(True))]
    orders = orders[(orders.channel == "self_built") & ~orders.virtual]
    promised, shipped = orders.promised_ship_at, orders.order_id.map(files.parcels("shipped_at"))
    asked = orders.order_id.map(files.first_refunds().requested_at)
    left_out = ((asked <= promised) & (shipped.isna() | (shipped > asked))) | ((orders.closed_at < promised) & shipped.isna())
    return _fraction(orders.shop_id[~left_out], (shipped <= promised)[~left_out])


def negative_review_rate(files: Files, t: pd.Timestamp) -> pd.DataFrame:
    orders = files.orders("paid_at", "channel")
    orders = orders[_days(orders.paid_at, t, 14) & orders.channel.isin(_CHANNELS)]
    times = ("reviewed_at", "overturned_at")
    reviews = files.read("reviews", "order_id", "review_id", *_STARS, *times, "valid", "automatic")
    counts = ~reviews.valid.eq(False) & ~reviews.automatic.eq(True) & reviews.overturned_at.isna()
    first = reviews[counts].sort_values(["reviewed_at", "review_id"]).drop_duplicates("order_id")
    found = orders.merge(first, on="order_id")
    found = found[(found.reviewed_at.dt.normalize() - found.paid_at.dt.normalize()).dt.days.between(0, 13)]
    return _fraction(found.shop_id, found[[*_STARS]].sum(axis=1) <= 6)


def refund_only_time(files: Files, t: pd.Timestamp) -> pd.DataFrame:
    cases = files.read("cases", "order_id", "kind", "requested_at", "ended_at", "escalated_at")
    cases = cases[(cases.kind == "refund_only") & _days(cases.ended_at, t, 1) & cases.escalated_at.isna()]
    orders = files.orders("channel")
    found = cases.merge(orders[orders.channel.isin(_CHANNELS)], on="order_id")
    return _fraction(found.shop_id, (found.ended_at - found.requested_at).dt.total_seconds())


def _days(at: "pd.Series[pd.Timestamp]", t: pd.Timestamp, lag: int) -> "pd.Series[bool]":
    """Whether a time falls on the 30 days of which the last is T - `lag`."""
    end = t - pd.Timedelta(days=lag - 1)
    return (at >= end - pd.Timedelta(days=30)) & (at < end)


def _fraction(shop: "pd.Series[str]", adds: "pd.Series[bool] | pd.Series[float]") -> pd.DataFrame:
    return adds.groupby(shop).agg(["sum", "size"])


METRICS = (quality_refund_rate, timely_shipment, negative_review_rate, refund_only_time)


def count(folder: Path, date: dt.date) -> Iterator[Row]:
    files = Files(folder)
    for metric in METRICS:
        for shop, numerator, denominator in metric(files, pd.Timestamp(date)).itertuples():
            yield metric.__name__, shop, int(numerator), int(denominator)


if __name__ == "__main__":
    answer(count)
