"""Figures by hand, and what the shipped packs say, for tests of judgement."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from typing import TypeVar

from tianping.assess.finding import Seen, Subject, Whole
from tianping.policy.judging import By, RightVersion, ScoreVersion
from tianping.policy.load import packs
from tianping.policy.model import Pack

Key = str | tuple[str, int]
"""A metric over 30 days, or a metric and its days."""
V = TypeVar("V")
T = dt.date(2024, 6, 30)
SHOP = Subject("kuaishou", "S1")


@dataclass(frozen=True)
class Hand:
    """Figures of one subject alone, written (numerator, denominator) or with their status. Others are not there."""

    seen: Mapping[Key, Seen | tuple[int, int]] = field(default_factory=dict)
    means: Mapping[Key, Whole | Fraction | int] = field(default_factory=dict)  # benchmarks of the platform
    points: Mapping[str, Fraction | int] = field(default_factory=dict)
    subject: str = "S1"

    def of(self, metric: str, by: By, subject: str, days: int) -> Seen | None:
        found = _find(self.seen, metric, days)
        return Seen(*found) if found is not None and (by, subject) in _own(self.subject) else None

    def benchmark(self, metric: str, against: By, subject: str, days: int) -> Whole | None:
        found = _find(self.means, metric, days) if against == "platform" else None
        return found if found is None or isinstance(found, Whole) else Whole(Fraction(found))

    def score(self, name: str, shop: str) -> Fraction | None:
        found = self.points.get(name) if shop == "S1" else None
        return None if found is None else Fraction(found)


def _find(given: Mapping[Key, V], metric: str, days: int) -> V | None:
    return given.get(metric if days == 30 and metric in given else (metric, days))


def _own(subject: str) -> tuple[tuple[By, str], ...]:
    return (("shop", subject), ("product", subject))


@cache
def shipped(platform: str) -> Pack:
    """A shipped pack, read once."""
    return packs()[platform]


def shipped_scores(platform: str, date: dt.date = T) -> dict[str, ScoreVersion]:
    """The scores of a shipped pack that are in force on `date`."""
    found = {name: each.at(date) for name, each in shipped(platform).judging.scores.items()}
    return {name: version for name, version in found.items() if version is not None}


def shipped_right(platform: str, name: str, date: dt.date = T) -> RightVersion:
    """A right of a shipped pack as it is on `date`."""
    version = shipped(platform).judging.rights[name].at(date)
    assert version is not None
    return version
