"""A casebook in rows: every flow, clock, guard, amount and calendar, since when, from where, in what words."""

from collections.abc import Iterator
from typing import NamedTuple

from tianping.policy.cases.automation import AutomationVersion, StandingVersion
from tianping.policy.cases.casebook import Casebook
from tianping.policy.cases.flowing import ALWAYS, AmountVersion, ClockVersion, FlowVersion, GuardVersion, Share, Time, When
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
            said = ", ".join(f"{span(before)} → {span(after)}" for before, after in extension.hours.items())
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
        return "; ".join(map(_time, version.times))
    if isinstance(version, GuardVersion):
        return condition(version.holds) or "always"
    if isinstance(version, AutomationVersion):
        return _rule(version)
    if isinstance(version, StandingVersion):
        return f"{', '.join(version.violations)}: {version.at_least} or more"
    return "; ".join(map(_part, version.parts)) if isinstance(version, AmountVersion) else ""


def _rule(version: AutomationVersion) -> str:
    needs = f"shop.{version.needs}: " if version.needs else ""
    does = "; ".join(f"{deed.verb} {', '.join(deed.kinds)} ({', '.join(deed.states)})" for deed in version.does)
    own = "" if version.own == "no" else f"; the merchant's own rules {version.own} decide"
    return f"{needs}{does}" + (f" if {condition(version.when)}" if version.when != ALWAYS else "") + own


def span(hours: int) -> str:
    """Hours as a person says them: `48 h`, `10 d`."""
    return f"{hours // 24} d" if hours % 24 == 0 and hours > 48 else f"{hours} h"


def _time(time: Time) -> str:
    from_midnight = " from midnight" if time.by_day else ""
    return f"{span(time.seconds // 3600)}{from_midnight}" + (f" if {condition(time.when)}" if time.when != ALWAYS else "")


def _part(part: Share) -> str:
    sum_ = f"{float(part.share):.4g} × {part.of}" if part.of else f"{part.fen} fen"
    sum_ += f" × {part.times} ÷ {part.over}" if part.times else ""
    sum_ += f", at most {part.at_most_fen} fen" if part.at_most_fen is not None else ""
    sum_ += f", at most {part.at_most}" if part.at_most else ""
    return sum_ + (f" if {condition(part.when)}" if part.when != ALWAYS else "")


_SIGNS = {"at_least": "≥", "more_than": ">", "at_most": "≤", "less_than": "<"}


def condition(when: When) -> str:
    """A condition in short; "" where it always holds."""
    if when.fact is None:
        for name in ("all", "any", "none"):
            if parts := getattr(when, name):
                return f"{name} of ({'; '.join(map(condition, parts))})"
        return ""
    if when.known is not None:
        return f"{when.fact} {'known' if when.known else 'unknown'}"
    if when.is_ is not None:
        return f"{when.fact} = {str(when.is_).lower() if isinstance(when.is_, bool) else when.is_}"
    if when.in_:
        return f"{when.fact} in {', '.join(map(str, when.in_))}"
    return "".join(f"{when.fact} {sign} {line}" for name, sign in _SIGNS.items() if (line := getattr(when, name)) is not None)
