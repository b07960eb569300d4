"""Violations found in the figures of one close, and what history does with them: cool-down and repeats.

Several triggers at once on one subject are one violation: the worst severity stands, the others stay in its evidence. The order
of adjustments is: steps or tail, the shop's shift, repeats.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from tianping.assess.crossing import Crossing, crossing
from tianping.assess.finding import Figures, Subject
from tianping.assess.trigger import Verdict, judged, ranked
from tianping.policy.judging import SEVERITIES, Severity, SubjectKind, Trigger, ViolationVersion


class Earlier(NamedTuple):
    """An earlier violation that counts: confirmed (or a measure from before this system, whose id is text), not overturned."""

    id: int | str
    severity: Severity
    date: dt.date


class History(Protocol):
    """The violations of one platform, as they stand. Days are those they were found on; `first` and `last` are in it."""

    def confirmed(
        self, violation: str, kind: SubjectKind, subject: str, shop: str, first: dt.date, last: dt.date
    ) -> Sequence[Earlier]:
        """Those confirmed and not overturned, past measures too (these know no product: they are the shop's)."""

    def last_found(
        self, violation: str, kind: SubjectKind, subject: str, shop: str, before: dt.date, *, records: bool
    ) -> dt.date | None:
        """The last day before `before` it was found, whatever became of it since, unless it was withdrawn. `records`: those
        only recorded count too."""


@dataclass(frozen=True, slots=True)
class Found:
    """A violation of a subject. `records`: no penalty is proposed. `others`: what its other triggers found on the same day.

    `table`: the penalty table. `crossing`: the statistics beside it, None where there are none. `needs_person`: it takes effect
    only when a person confirms it, for the reason `why`. `repeats`: what `settle` raised the severity by.
    """

    violation: str
    date: dt.date
    subject: Subject
    kind: SubjectKind
    trigger: Trigger
    verdict: Verdict
    severity: Severity
    table: str | None = None
    crossing: Crossing | None = None
    needs_person: bool = True
    why: str = ""
    others: tuple["Found", ...] = ()
    repeats: tuple[Earlier, ...] = ()

    @property
    def id(self) -> str:
        """The subject's id: the shop's, or what stands in the place of the product (a video's id for videos)."""
        return self.subject.product or self.subject.shop

    @property
    def records(self) -> bool:
        return self.trigger.records

    @property
    def immediate(self) -> bool:
        """Control begins at once: some trigger's shift went up."""
        return self.verdict.immediate or any(other.immediate for other in self.others)


def find(
    name: str,
    version: ViolationVersion,
    date: dt.date,
    subjects: Sequence[Subject],
    figures: Figures,
    rows: Mapping[str, Sequence[Subject]],
) -> Iterator[Found]:
    """The violations found at T, one per subject. `subjects`: all of the platform of the violation's kind; `rows`: by trigger,
    the subjects for which its formula held. Worklists give none (see `worklist`)."""
    each: dict[Subject, list[Found]] = {}
    for trigger in version.triggers:
        if trigger.worklist is None and trigger.cadence.due(date):
            asked = rows.get(trigger.name, ()) if trigger.rows else subjects
            for found in _by_trigger(name, version, trigger, date, asked, figures):
                each.setdefault(found.subject, []).append(found)
    for subject in sorted(each):
        yield _worst(each[subject])


def settle(found: Found, version: ViolationVersion, history: History) -> Found | None:
    """What history does with it: None within the cool-down; else raised a step by every repeat, up to where the rule goes."""
    if _cools(found, version, history):
        return None
    if version.repeats is None:
        return found
    first, yesterday = found.date - dt.timedelta(days=version.repeats.days), found.date - dt.timedelta(days=1)
    whose = (found.violation, found.kind, found.id, found.subject.shop)
    repeats = tuple(history.confirmed(*whose, first, yesterday))
    severity = raised(found.severity, len(repeats), version.repeats.up_to)
    held = severity != found.severity and not found.needs_person  # what repeats make worse is for a person
    return replace(
        found, severity=severity, repeats=repeats, needs_person=found.needs_person or held, why="repeats" if held else found.why
    )


def _cools(found: Found, version: ViolationVersion, history: History) -> bool:
    """Whether it was found less than so many days before, or after, where days are closed out of order."""
    whose = (found.violation, found.kind, found.id, found.subject.shop)
    span = dt.timedelta(days=version.again_after_days)
    last = history.last_found(*whose, found.date, records=found.records)
    following = history.last_found(*whose, found.date + span, records=found.records) if span else None
    return (last is not None and found.date - last < span) or (following is not None and following > found.date)


def raised(severity: Severity, repeats: int, up_to: Severity) -> Severity:
    """A step up for every repeat, no further than `up_to`; never down."""
    at = SEVERITIES.index(severity)
    return SEVERITIES[max(at, min(at + repeats, SEVERITIES.index(up_to)))]


def table_of(version: ViolationVersion, subject: Subject) -> str | None:
    """The penalty table: by the product's category, the first that fits; else the violation's."""
    fitting = (each.table for each in version.tables if any(path in subject.categories for path in each.categories))
    return next(fitting, version.table)


def _by_trigger(
    name: str, version: ViolationVersion, trigger: Trigger, date: dt.date, subjects: Iterable[Subject], figures: Figures
) -> Iterator[Found]:
    ranks = ranked(trigger, subjects, figures)
    for subject in subjects:
        verdict = judged(trigger, subject, figures, ranks)
        if verdict is not None:
            beside = crossing(trigger, verdict.reached, subject, figures)
            why = _held_back(version, trigger, beside)
            yield Found(
                violation=name,
                date=date,
                subject=subject,
                kind=version.subject,
                trigger=trigger,
                verdict=verdict,
                severity=verdict.severity,
                table=None if trigger.records else table_of(version, subject),
                crossing=beside,
                needs_person=bool(why),
                why=why,
            )


def _held_back(version: ViolationVersion, trigger: Trigger, beside: Crossing | None) -> str:
    """Why a person must confirm; empty where it may confirm itself."""
    if (trigger.confirm or version.confirm) == "person":
        return "the rule"
    if version.read_first:
        return "texts to read"
    if version.guard is None:
        return ""
    if beside is None or beside.chance is None:
        return "chance unknown"
    return "chance" if beside.chance >= version.guard else ""


def _worst(found: Sequence[Found]) -> Found:
    """The one that stands: what is punished before what is recorded, then the worst severity, then the first trigger."""
    stands = min(found, key=lambda one: (one.records, -SEVERITIES.index(one.severity)))
    return replace(stands, others=tuple(one for one in found if one is not stands))
