"""When shops opened, and at which level they say they are: what a ladder begins from."""

import datetime as dt
from collections.abc import Mapping

import duckdb

from tianping.periods import HOME_ZONE, to_wall

Opened = Mapping[str, tuple[dt.date | None, str, dt.date | None]]
"""By shop: when it opened, its level by notice, since when; days of its own zone."""


def openings(con: duckdb.DuckDBPyConnection, platform: str) -> Opened:
    """Of all shops of a platform, from schema `facts`."""
    found = con.execute(
        "select shop_id, coalesce(timezone, ?), opened_at, coalesce(level, ''), level_since "
        "from facts.shops where platform = ?",
        [HOME_ZONE, platform],
    ).fetchall()
    return {shop: (_day(opened, zone), level, _day(since, zone)) for shop, zone, opened, level, since in found}


def _day(instant: dt.datetime | None, zone: str) -> dt.date | None:
    return None if instant is None else to_wall(instant, zone).date()
