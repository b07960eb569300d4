"""Figures of many subjects by hand, a history by hand, and the violations that the shipped packs name."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache

from tianping.assess.finding import Seen, Subject, Whole
from tianping.assess.violation import Earlier, Found, find
from tianping.policy.judging import By, Severity, SubjectKind, Violation, ViolationVersion
from tianping.policy.load import packs

MONDAY = dt.date(2024, 7, 1)  # also the first of a month
TUESDAY = dt.date(2024, 7, 2)
PATHS = ("Food", "Food/Snacks", "Food/Snacks/Nuts")
SHOP = Subject("kuaishou", "S1")
PRODUCT = Subject("kuaishou", "S1", "P1", PATHS)

Of = tuple[str, str, str, int]
"""Metric, by, subject, days."""


@dataclass(frozen=True)
class Crowd:
    """Figures and benchmarks by (metric, by, subject, days)."""

    seen: Mapping[Of, Seen] = field(default_factory=dict)
    wholes: Mapping[Of, Whole] = field(default_factory=dict)

    def of(self, metric: str, by: By, subject: str, days: int) -> Seen | None:
        return self.seen.get((metric, by, subject, days))

    def benchmark(self, metric: str, against: By, subject: str, days: int) -> Whole | None:
        return self.wholes.get((metric, against, subject, days))

    def score(self, name: str, shop: str) -> Fraction | None:
        del name, shop
        return None


@dataclass(frozen=True)
class Past:
    """A history in which these were confirmed, and this was the last day it was found."""

    earlier: Sequence[Earlier] = ()
    last: dt.date | None = None
    last_recorded: dt.date | None = None

    def confirmed(
        self, violation: str, kind: SubjectKind, subject: str, shop: str, first: dt.date, last: dt.date
    ) -> Sequence[Earlier]:
        del violation, kind, subject, shop
        return [each for each in self.earlier if first <= each.date <= last]

    def last_found(
        self, violation: str, kind: SubjectKind, subject: str, shop: str, before: dt.date, *, records: bool
    ) -> dt.date | None:
        del violation, kind, subject, shop
        days = [self.last, self.last_recorded] if records else [self.last]
        return max((day for day in days if day is not None and day < before), default=None)


@cache
def judged_packs() -> Mapping[str, Mapping[str, Violation]]:
    """The violations of the shipped packs, by platform and name."""
    return {name: pack.judging.violations for name, pack in packs().items()}


def shipped(name: str, platform: str = "kuaishou") -> ViolationVersion:
    """The newest version of a violation of a shipped pack."""
    return judged_packs()[platform][name].versions[-1]


def shop_figures(
    seen: Mapping[tuple[str, int], tuple[int, int]], means: Mapping[tuple[str, int], Whole | Fraction] | None = None
) -> Crowd:
    """Figures of shop S1 by (metric, days), and the platform's benchmarks."""
    wholes = {key: mean if isinstance(mean, Whole) else Whole(mean) for key, mean in (means or {}).items()}
    return Crowd(
        {(metric, "shop", "S1", days): Seen(*counts) for (metric, days), counts in seen.items()},
        {(metric, "platform", "kuaishou", days): whole for (metric, days), whole in wholes.items()},
    )


def found_in(name: str, figures: Crowd, *subjects: Subject, date: dt.date = MONDAY, platform: str = "kuaishou") -> list[Found]:
    """What the shipped violation finds."""
    return list(find(name, shipped(name, platform), date, subjects or (SHOP,), figures, {}))


def severities(found: Sequence[Found]) -> list[Severity]:
    return [each.severity for each in found]
