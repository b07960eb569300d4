"""Made-up markets written for the tests, with a database over their files."""

import datetime as dt
from pathlib import Path
from typing import Any

import duckdb

from tianping.simulate import market
from tianping.simulate.faults import Planted
from tianping.simulate.sink import Form
from tianping.simulate.truth import Truth

FILES = (
    "shops", "products", "orders", "parcels", "cases", "reviews", "messages", "chat_ratings", "chat_sessions", "agent_shifts",
    "agents", "complaints", "live_views", "videos", "video_plays",
)  # fmt: skip
FIRST_DAY = dt.date(2024, 3, 1)
QUALITY = "('not_as_described', 'damaged', 'counterfeit', 'quality')"


class Written:
    """A market that was written: its folder, its truth, and a database with a view per table."""

    def __init__(self, folder: Path, truth: Truth, form: str = "parquet") -> None:
        self.folder, self.truth, self.con = folder, truth, duckdb.connect()
        for table in FILES:
            self.con.execute(f"CREATE VIEW {table} AS FROM '{folder / table}.{form}'")

    def one(self, query: str) -> list[Any]:
        """The only row of a query."""
        (row,) = self.con.sql(query).fetchall()
        return list(row)

    def fault(self, kind: str) -> Planted:
        (found,) = [fault for fault in self.truth.faults if fault.kind == kind]
        return found


def small(folder: Path, *, seed: int = 7, shops: int = 8, form: Form = "parquet") -> Written:
    truth = market.write(folder, seed=seed, shops=shops, orders=1_500, days=40, first_day=FIRST_DAY, form=form)
    return Written(folder, truth, form)
