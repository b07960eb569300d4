"""What was confirmed before: the violations of the database, and the measures from before this system."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, Engine

from tianping.assess.violation import Earlier, History
from tianping.periods import to_wall
from tianping.policy.judging import Judging, Severity, SubjectKind
from tianping.store import violations
from tianping.store.violations import CONFIRMED, Known

__all__ = ["Confirmed", "History", "Office", "Past", "Recalled", "looks_back", "no_past", "recalled"]


class Past(NamedTuple):
    """A measure from before this system (facts, `past_measures`). `decided_at` is naive UTC."""

    measure_id: str
    shop_id: str
    violation: str
    severity: Severity
    decided_at: dt.datetime
    points: int = 0
    amount_fen: int = 0


def no_past(_shop: str) -> Sequence[Past]:
    """Nothing was before."""
    return ()


@dataclass(frozen=True, slots=True)
class Office:
    """What judging people and the clock work with: the database, the rules by platform, what was before (by shop)."""

    database: Engine
    rules: Mapping[str, Judging]
    past: Callable[[str], Sequence[Past]] = no_past


@dataclass(frozen=True, slots=True)
class Confirmed:
    """`assess.violation.History` on the database. Past measures name no product: they count for shops only, in the favour of
    the shop."""

    connection: Connection
    past: Callable[[str], Sequence[Past]] = no_past

    def confirmed(
        self, violation: str, kind: SubjectKind, subject: str, shop: str, first: dt.date, last: dt.date
    ) -> Sequence[Earlier]:
        """Oldest first. Ids are those of violations, or `past M1`."""
        found = violations.confirmed(self.connection, violation, kind, subject, shop, first, last)
        now = [Earlier(each.id, each.severity, each.date) for each in found]
        return _oldest_first(now, self.past(shop) if kind == "shop" else (), violation, first, last)

    def last_found(
        self, violation: str, kind: SubjectKind, subject: str, shop: str, before: dt.date, *, records: bool
    ) -> dt.date | None:
        return violations.last_found(self.connection, violation, kind, subject, shop, before, records=records)


Whose = tuple[str, SubjectKind, str, str]


@dataclass(frozen=True, slots=True)
class Recalled:
    """The same of one platform, read at once, for who asks of thousands. What was found before `first` it does not know."""

    first: dt.date
    found: Mapping[Whose, Sequence[Known]]
    past: Callable[[str], Sequence[Past]] = no_past

    def confirmed(
        self, violation: str, kind: SubjectKind, subject: str, shop: str, first: dt.date, last: dt.date
    ) -> Sequence[Earlier]:
        """As `Confirmed`, from `first` of this on."""
        now = [
            Earlier(each.id, each.severity, each.date)
            for each in self.found.get((violation, kind, subject, shop), ())
            if first <= each.date <= last and each.state in CONFIRMED and not each.records
        ]
        return _oldest_first(now, self.past(shop) if kind == "shop" else (), violation, first, last)

    def last_found(
        self, violation: str, kind: SubjectKind, subject: str, shop: str, before: dt.date, *, records: bool
    ) -> dt.date | None:
        known = (
            each.date
            for each in self.found.get((violation, kind, subject, shop), ())
            if each.date < before and each.state != "withdrawn" and (records or not each.records)
        )
        return max(known, default=None)


def recalled(connection: Connection, office: Office, platform: str, first: dt.date) -> Recalled:
    """What one platform's history knows from `first` on, as it stands."""
    found: defaultdict[Whose, list[Known]] = defaultdict(list)
    for each in violations.known(connection, platform, first):
        found[each[:4]].append(each)
    return Recalled(first, found, office.past)


def looks_back(judging: Judging | None, date: dt.date) -> dt.date:
    """The earliest day that some rule of a pack asks history for, at `date`."""
    rules = [version for each in judging.violations.values() if (version := each.at(date))] if judging else []
    tables = [table for each in judging.penalties.values() if (table := each.at(date))] if judging else []
    days = [0, *(each.again_after_days for each in rules), *(each.count_days for each in tables)]
    days += [each.repeats.days for each in rules if each.repeats]
    return date - dt.timedelta(days=min(max(days), (date - dt.date.min).days))


def _oldest_first(
    now: Sequence[Earlier], past: Sequence[Past], violation: str, first: dt.date, last: dt.date
) -> Sequence[Earlier]:
    before = [
        Earlier(f"past {each.measure_id}", each.severity, day)
        for each in past
        if each.violation == violation and first <= (day := to_wall(each.decided_at).date()) <= last
    ]
    return sorted((*before, *now), key=lambda each: each.date) if before else now
