"""What was confirmed before: the violations of the database, and the measures from before this system."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, Engine

from tianping.assess.violation import Earlier
from tianping.periods import to_wall
from tianping.policy.judging import Judging, Severity, SubjectKind
from tianping.store import violations


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
        asked = self.past(shop) if kind == "shop" else ()
        before = [
            Earlier(f"past {each.measure_id}", each.severity, day)
            for each in asked
            if each.violation == violation and first <= (day := to_wall(each.decided_at).date()) <= last
        ]
        return sorted((*before, *now), key=lambda each: each.date)

    def last_found(
        self, violation: str, kind: SubjectKind, subject: str, shop: str, before: dt.date, *, records: bool
    ) -> dt.date | None:
        return violations.last_found(self.connection, violation, kind, subject, shop, before, records=records)
