"""One pack at work on one close: whom it weighs, and on what grounds."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import duckdb

from tianping.assess.finding import Seen, Subject
from tianping.policy.model import Pack
from tianping.policy.reads import of_shops_and_products
from tianping.store.closes import Close
from tianping.work.closing.benchmark import Yardsticks
from tianping.work.home import Home
from tianping.work.judgement.adjusted import Wanted, adjusted
from tianping.work.judgement.grounds import Grounds, Key, grounds, products, shops
from tianping.work.judgement.leaving import Track

Points = dict[tuple[str, str], Fraction | None]
"""Scores by name and shop."""


@dataclass(frozen=True, slots=True)
class Bench:
    """`con` has the facts as of `date`. `measured`: the close's figures; `scored`: without what exemptions and won appeals
    touch; `weighed`: without the platform's own cases either, which is what violations read. `points`: the scores of the
    adjusted track, filled as they are made."""

    con: duckdb.DuckDBPyConnection
    pack: Pack
    date: dt.date
    shops: Sequence[Subject]
    products: Sequence[Subject]
    measured: Grounds
    scored: Grounds
    weighed: Grounds
    points: Points = field(default_factory=dict)

    @property
    def touched(self) -> frozenset[str]:
        """The shops some figure of which is another on the scores' adjusted track."""
        return frozenset(subject for _, by, subject, _ in self.scored.adjusted if by == "shop")


def bench(home: Home, con: duckdb.DuckDBPyConnection, pack: Pack, done: Close, sticks: Yardsticks) -> Bench:
    """The bench of one pack at a close. `con` is as of its date."""
    measured, points = grounds(home, done, pack, sticks), Points()

    def lessened(track: Track) -> Grounds:
        asked = of_shops_and_products(pack.judging, done.date, track)
        wanted = [Wanted(pack.platform, metric, by, days) for (metric, days), by in asked]
        found = adjusted(con, {pack.platform: pack}, done.date, track, wanted, measured=measured.seen)
        return replace(measured, points=points, adjusted=_here(found))

    listed = products(con, pack.platform, measured.seen)
    scored, weighed = lessened("scores"), lessened("violations")
    return Bench(con, pack, done.date, shops(con, pack.platform), listed, measured, scored, weighed, points)


def _here(figures: Mapping[tuple[str, str, str, str, int], Seen]) -> dict[Key, Seen]:
    return {(metric, by, subject, days): each for (_, metric, by, subject, days), each in figures.items()}  # type: ignore[misc]
