"""One pack of a replay at work: day after day, with a memory of its own. Whatever it finds is taken as confirmed as proposed.

What was decided before the first day, and the measures from before this system, count as they stand.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import NamedTuple

from sqlalchemy import Connection

from tianping.assess.finding import Subject
from tianping.assess.level import Happened, Standing, begin, step
from tianping.assess.penalty import Deal, offer
from tianping.assess.right import held
from tianping.assess.score import scores
from tianping.assess.violation import Earlier, Found, find, settle
from tianping.periods import to_wall
from tianping.policy.judging import Severity, SubjectKind, ViolationVersion
from tianping.store import violations
from tianping.work.docket.history import Confirmed, Past
from tianping.work.judgement.bench import Bench
from tianping.work.judgement.grounds import by_formula
from tianping.work.judgement.openings import Opened

Whose = tuple[str, SubjectKind, str, str]
"""Violation, kind of subject, its id, its shop."""


class Charged(NamedTuple):
    """A violation with its penalty as proposed. `base`: its severity before repeats."""

    whose: Whose
    date: dt.date
    severity: Severity
    base: Severity
    records: bool
    deal: Deal

    def amount(self, unit: str) -> int:
        """What it costs in fen or points."""
        return sum(each.amount or 0 for each in self.deal if each.unit == unit)


class Marks(NamedTuple):
    """A score of a shop, on the adjusted track, which is what counts."""

    points: Fraction | None
    grade: str = ""


Scored = Mapping[tuple[str, str], Marks]
"""By score and shop."""


class Day(NamedTuple):
    """What a pack says of a day. `withdrawn`: (right, kind, subject, shop); `levels`: by shop, with what happened."""

    scored: Scored
    withdrawn: frozenset[tuple[str, SubjectKind, str, str]]
    levels: Mapping[str, tuple[str, Happened]]
    charged: Sequence[Charged]


@dataclass(frozen=True)
class Memory:
    """`assess.violation.History` of one side: what was recorded before the first day, and what this side found since."""

    connection: Connection
    first: dt.date
    past: Mapping[str, Sequence[Past]]
    before: dict[Whose, tuple[Sequence[Earlier], dt.date | None, dt.date | None]] = field(default_factory=dict)
    found: dict[Whose, list[Charged]] = field(default_factory=dict)

    def confirmed(
        self, violation: str, kind: SubjectKind, subject: str, shop: str, first: dt.date, last: dt.date
    ) -> Sequence[Earlier]:
        """Oldest first."""
        whose = (violation, kind, subject, shop)
        known, _, _ = self._before(whose)
        mine = [Earlier("replayed", each.severity, each.date) for each in self.found.get(whose, ()) if not each.records]
        told = self.past.get(shop, ()) if kind == "shop" else ()
        past = [
            Earlier(f"past {each.measure_id}", each.severity, to_wall(each.decided_at).date())
            for each in told
            if each.violation == violation
        ]
        return sorted((each for each in (*known, *past, *mine) if first <= each.date <= last), key=lambda each: each.date)

    def last_found(
        self, violation: str, kind: SubjectKind, subject: str, shop: str, before: dt.date, *, records: bool
    ) -> dt.date | None:
        whose = (violation, kind, subject, shop)
        _, last, last_recorded = self._before(whose)
        mine = [each.date for each in self.found.get(whose, ()) if each.date < before and (records or not each.records)]
        return max([*mine, *filter(None, [last_recorded if records else last])], default=None)

    def remember(self, each: Charged) -> None:
        self.found.setdefault(each.whose, []).append(each)

    def _before(self, whose: Whose) -> tuple[Sequence[Earlier], dt.date | None, dt.date | None]:
        if whose not in self.before:
            yesterday = self.first - dt.timedelta(days=1)
            last, recorded = (
                violations.last_found(self.connection, *whose, self.first, records=records) for records in (False, True)
            )
            known = Confirmed(self.connection).confirmed(*whose, dt.date.min, yesterday)
            self.before[whose] = known, last, recorded
        return self.before[whose]


@dataclass
class Side:
    """A pack's state between days. `standings`: where shops stand on its ladder."""

    memory: Memory
    standings: dict[str, Standing]

    def day(self, bench: Bench, opened: Opened, *, known: Scored = MappingProxyType({})) -> Day:
        """Judge a day after the ones before. `known`: scores that come out the same under the other pack."""
        scored = _scored(bench, known)
        bench.points.update({key: each.points for key, each in scored.items()})
        levels = dict(self._levels(bench, opened))
        charged = list(self._charged(bench))
        for each in charged:
            self.memory.remember(each)
        return Day(scored, frozenset(_withdrawn(bench)), levels, charged)

    def _levels(self, bench: Bench, opened: Opened) -> Iterator[tuple[str, tuple[str, Happened]]]:
        levels = bench.pack.judging.levels
        for shop in bench.shops if levels else ():
            assert levels is not None
            before = self.standings.get(shop.shop) or begin(levels, bench.date, *opened[shop.shop])
            if before is not None and (before.asof is None or before.asof < bench.date):
                done = step(levels, before, bench.date, shop, bench.measured)
                self.standings[shop.shop] = done.standing
                yield shop.shop, (done.standing.level, done.happened)

    def _charged(self, bench: Bench) -> Iterator[Charged]:
        for name, version in _in_force(bench):
            rows = {
                trigger.name: by_formula(bench.con, bench.pack, trigger.rows)
                for trigger in version.triggers
                if trigger.rows and trigger.cadence.due(bench.date)
            }
            for found in find(name, version, bench.date, _subjects(bench, version.subject), bench.weighed, rows):
                settled = settle(found, version, self.memory)
                if settled is not None:
                    yield self._dealt(bench, settled)

    def _dealt(self, bench: Bench, found: Found) -> Charged:
        """With what its table proposes, as it would be confirmed."""
        whose: Whose = (found.violation, found.kind, found.id, found.subject.shop)
        ruled = bench.pack.judging.penalties.get(found.table or "")
        table = ruled.at(found.date) if ruled else None
        bare = Charged(whose, found.date, found.severity, found.verdict.severity, found.records, ())
        if table is None or found.records:
            return bare
        first, last = found.date - dt.timedelta(days=table.count_days), found.date - dt.timedelta(days=1)
        earlier = [each.severity for each in self.memory.confirmed(*whose, first, last)]
        offered = offer(table, found.severity, earlier)
        return bare if offered is None else bare._replace(severity=offered.severity, deal=offered.options[0])


def _scored(bench: Bench, known: Scored) -> Scored:
    """Those not known yet are made, with what they are made of."""
    rules, told = bench.pack.judging.scores, {name for name, _ in known}
    versions = {name: each for name, score in rules.items() if (each := score.at(bench.date))}
    if set(versions) <= told:
        return {key: each for key, each in known.items() if key[0] in versions}
    return {
        (name, shop.shop): Marks(scored.total, scored.grade.label.zh if scored.grade else "")
        for shop in bench.shops
        for name, scored in scores(versions, shop, bench.scored).items()
    }


def _withdrawn(bench: Bench) -> Iterator[tuple[str, SubjectKind, str, str]]:
    for name, right in bench.pack.judging.rights.items():
        version = right.at(bench.date)
        for whom in _subjects(bench, version.subject) if version else ():
            assert version is not None
            if not held(version, whom, bench.scored).holds:
                yield name, version.subject, whom.product or whom.shop, whom.shop


def _in_force(bench: Bench) -> Iterator[tuple[str, ViolationVersion]]:
    for name, violation in bench.pack.judging.violations.items():
        version = violation.at(bench.date)
        if version is not None:
            yield name, version


def _subjects(bench: Bench, kind: SubjectKind) -> Sequence[Subject]:
    return {"shop": bench.shops, "product": bench.products, "video": ()}[kind]
