"""Shops on Douyin's ladder: figures by hand for the shipped levels, and days judged one after the other."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from tianping.assess.finding import Seen, Subject, Whole
from tianping.assess.level import Standing, Step, step
from tianping.policy.judging import By, Levels, LevelsVersion
from tianping.policy.load import packs

Counts = tuple[int, int]
Given = Mapping[str, Counts | Seen]

SHOP = Subject("douyin", "S1")
START = dt.date(2024, 3, 1)
DAY = dt.timedelta(days=1)
NAMES = tuple(f"lv{n}" for n in range(8))
CAPS = {  # orders, GMV in yuan: DY-L01
    "lv0": (50, 5_000), "lv1": (500, 50_000), "lv2": (2_000, 200_000), "lv3": (6_000, 600_000),
    "lv4": (15_000, 1_500_000), "lv5": (30_000, 3_000_000), "lv6": (50_000, 5_000_000),
}  # fmt: skip

# A month exactly at every upgrade value, enough for any level; one at every downgrade value; and nothing sold at all.
UP: Given = {
    "timely_shipment": (999, 1000), "fake_shipment_rate": (10, 1000), "im_first_response": (180 * 7, 7),
    "service_praise": (90, 100), "product_praise": (90, 100), "review_rate": (5, 100), "complaint_rate": (10, 10_000),
    "order_count": (400_000, 1),
}  # fmt: skip
STAY: Given = {
    "timely_shipment": (990, 1000), "fake_shipment_rate": (40, 1000), "im_first_response": (300 * 7, 7),
    "service_praise": (83, 100), "product_praise": (83, 100), "review_rate": (5, 100), "complaint_rate": (20, 10_000),
    "order_count": (1, 1),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shown:
    """The figures of one shop at one close: of 30 days, and of the day before; what is not given had no rows."""

    month: Given
    day: Given

    def of(self, metric: str, by: By, subject: str, days: int) -> Seen | None:
        assert (by, subject) == ("shop", "S1")
        counts = {30: self.month, 1: self.day}[days].get(metric)
        return Seen(*counts) if counts is not None else None

    def benchmark(self, metric: str, against: By, subject: str, days: int) -> Whole | None:
        raise AssertionError("levels are held against no benchmark")

    def score(self, name: str, shop: str) -> Fraction | None:
        raise AssertionError("levels read no score")


def shown(month: Given = UP, day: Given | None = None, /, **changes: Counts | Seen) -> Shown:
    """A close; `changes` are of the figures of 30 days."""
    return Shown({**month, **changes}, day or {})


def silent(status: str) -> Seen:
    """A figure that says nothing, although it has counts."""
    return Seen(999, 1000, status)


@cache
def douyin() -> Levels:
    """The levels as shipped."""
    levels = packs()["douyin"].judging.levels
    assert levels is not None
    return levels


def version() -> LevelsVersion:
    """The version in force since 2020-04-10."""
    return douyin().versions[0]


def standing(level: str = "lv1", since: dt.date = START, due: dt.date | None = None, good: dt.date | None = None) -> Standing:
    """At a level since a day, first evaluated 30 days later unless said."""
    return Standing(level, since, due or since + 30 * DAY, good)


def judged(figures: Shown, level: str = "lv1", days: int = 30, levels: Levels | None = None) -> Step:
    """The close so many days after the shop came to its level."""
    return step(levels or douyin(), standing(level), START + days * DAY, SHOP, figures)


def closed(levels: Levels, begun: Standing, closes: Iterable[tuple[dt.date, Shown]]) -> list[Step]:
    """A history: one step after the other."""
    found: list[Step] = []
    for date, figures in closes:
        found.append(step(levels, found[-1].standing if found else begun, date, SHOP, figures))
    return found


def following(levels: Levels, since: dt.date, /, **changes: object) -> Levels:
    """The levels with one more version, from `since` on, that differs in `changes`."""
    newest = levels.versions[-1].model_copy(update={"since": since, **changes})
    return levels.model_copy(update={"versions": (*levels.versions, newest)})
