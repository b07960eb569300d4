"""A casebook in rows: every flow, clock, guard, amount and calendar, since when, from where, in what words."""

from collections.abc import Iterator
from typing import NamedTuple

from tianping.policy.cases import inshort
from tianping.policy.cases.automation import AutomationVersion, StandingVersion
from tianping.policy.cases.casebook import Casebook
from tianping.policy.cases.flowing import ALWAYS, AmountVersion, ClockVersion, FlowVersion, GuardVersion
from tianping.policy.judging import Dated

COLUMNS = ("platform", "part", "name", "version", "label_zh", "label_en", "says", "source", "assumed", "words_zh", "words_en")


class CaseRow(NamedTuple):
    """One version of something that a casebook says. `says`: states and verbs, times, the test, the sum, in short."""

    platform: str
    part: str
    name: str
    version: str
    label_zh: str
    label_en: str
    says: str
    source: str
    assumed: str
    words_zh: str
    words_en: str


def case_rows(book: Casebook) -> Iterator[CaseRow]:
    """All of it, part by part."""
    for part in ("flows", "clocks", "guards", "amounts", "automation", "standings"):
        for name, each in getattr(book, part).items():
            for version in each.versions:
                since, source = version.since.isoformat(), "; ".join(map(str, version.source))
                label, note, words = each.label, version.note.zh if version.note else "", version.words
                yield CaseRow(
                    book.platform, part, name, since, label.zh, label.en, says(version), source, note, words.zh, words.en
                )
    for name, calendar in book.calendars.items():
        for extension in calendar.extensions:
            said = inshort.short(extension.hours) or ""
            source = "; ".join(map(str, extension.source))
            days = f"{extension.first}..{extension.last}"
            yield CaseRow(
                book.platform, "calendars", name, days, extension.label.zh, extension.label.en, said, source, "", "", ""
            )


def says(version: Dated) -> str:
    """What a version says, in short."""
    if isinstance(version, FlowVersion):
        return f"{len(version.states)} states, {len(version.verbs)} verbs"
    if isinstance(version, ClockVersion):
        return "; ".join(map(inshort.time, version.times))
    if isinstance(version, GuardVersion):
        return inshort.condition(version.holds) or "always"
    if isinstance(version, AutomationVersion):
        return _rule(version)
    if isinstance(version, StandingVersion):
        return f"{', '.join(version.violations)}: {version.at_least} or more"
    return "; ".join(map(inshort.share, version.parts)) if isinstance(version, AmountVersion) else ""


def _rule(version: AutomationVersion) -> str:
    needs = f"shop.{version.needs}: " if version.needs else ""
    does = "; ".join(f"{deed.verb} {', '.join(deed.kinds)} ({', '.join(deed.states)})" for deed in version.does)
    own = "" if version.own == "no" else f"; the merchant's own rules {version.own} decide"
    return f"{needs}{does}" + (f" if {inshort.condition(version.when)}" if version.when != ALWAYS else "") + own
