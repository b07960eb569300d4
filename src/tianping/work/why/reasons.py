"""The statement of reasons of a measure: what was found, by which rule, from which figures, with which effects, and what can be
done about it. In Chinese or English, as HTML and as JSON.

Figures are those of the frozen evidence. Shop names, product titles, what people wrote and the words of packs are untrusted
text: the template escapes all of it.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache
from itertools import count
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tianping.policy.judging import Trigger
from tianping.policy.model import Pack
from tianping.store.violations import Event
from tianping.work.docket import measures
from tianping.work.docket.brief import Brief, brief
from tianping.work.home import Home
from tianping.work.why import dealt
from tianping.work.why.voice import Said, Voice, exact, readings
from tianping.work.why.why import (
    chance_lines,
    clause,
    comparison_of,
    kept,
    missing,
    name_of,
    repeat_lines,
    row_lines,
    shift_lines,
    state_word,
)
from tianping.work.why.wordbook import FOLDER, Lang

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class FigureLine:
    """A figure that decided: how it was reckoned, what it was held against, and what came out. `rows`: the address of its rows
    on the console; "" elsewhere."""

    name: str
    calculation: str
    benchmark: str
    line: str
    result: str
    rows: str
    exact: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Statement:
    """Everything in one language; `data` the same for both. `rows`: the command that prints the rows; "" on the console, and
    where there are none. `measure`: the address of the measure on the console, "" elsewhere. `history`: when, who, what, what
    changed, why."""

    id: int
    lang: Lang
    made_at: str
    what: Pairs
    rule: Pairs
    figures: tuple[FigureLine, ...]
    grounds: tuple[str, ...]
    chance: tuple[str, ...]
    rows: str
    measure: str
    effects: tuple[dealt.Line, ...]
    effects_said: tuple[str, ...]
    remedy: tuple[str, ...]
    history: tuple[tuple[str, str, str, str, str], ...]
    data: Mapping[str, Any]


Addresses = Callable[[Said], str]
"""Where the console shows the rows of a reading of evidence; "" where it has no page for it."""


def statement(
    home: Home,
    packs: Mapping[str, Pack],
    id_: int,
    lang: Lang,
    *,
    at: dt.datetime,
    rows: Addresses | None = None,
    measure: str = "",
) -> Statement:
    """The statement of a violation as it stands at `at` (naive UTC). `rows`, `measure`: the console's addresses; without `rows`
    it says which command prints them. Raises NotFound."""
    known = brief(home, packs, id_)
    voice = Voice(lang, known.pack)
    evidence = known.matter.row.evidence
    return Statement(
        id=id_,
        lang=lang,
        made_at=voice.moment(at),
        what=tuple(_what(voice, known)),
        rule=tuple(_rule(voice, known)),
        figures=tuple(_figures(voice, known, rows)),
        grounds=tuple(_grounds(voice, known)),
        chance=tuple(chance_lines(voice, evidence)) if evidence.get("chance") else (),
        rows=f"tianping explain violation {id_} --rows csv" if rows is None and known.judged else "",
        measure=measure,
        effects=tuple(dealt.lines(voice, known)),
        effects_said=tuple(dealt.told(voice, known)),
        remedy=tuple(_remedy(voice, known, at)),
        history=tuple(_history(voice, known)),
        data=_data(known),
    )


def as_json(told: Statement) -> dict[str, Any]:
    """With the exact numbers under `data`, `exact` and `figures`."""
    return asdict(told) | {
        "what": dict(told.what),
        "rule": dict(told.rule),
        "effects": [asdict(each) for each in told.effects],
        "history": [dict(zip(("at", "who", "what", "change", "why"), each, strict=True)) for each in told.history],
    }


def as_html(told: Statement, *, stylesheet: str | None = None) -> str:
    """A page without scripts that prints well. `stylesheet`: the address of the console's; without one the page carries its
    own, and can be kept as a file."""
    voice = Voice(told.lang, None)
    own = None if stylesheet else (FOLDER / "statement.css").read_text(encoding="utf-8")
    page = (
        _templates()
        .get_template("statement.html")
        .render(s=told, t=voice.t, part=_numbering(voice), stylesheet=stylesheet, own=own)
    )
    return _GAP.sub("\u202f", page)


_GAP = re.compile(r"(?<=\d)\u2009(?=\d)")
"""The space within a number, at which no line breaks once it is printed."""


def _numbering(voice: Voice) -> Callable[[str], str]:
    """Headings, numbered in the order they are asked for."""
    numbers = count()
    return lambda key: voice.t("h_part", n=_ordinal(voice, next(numbers)), words=voice.t(key))


def _ordinal(voice: Voice, place: int) -> str:
    return "一二三四五六七八九"[place] if voice.lang == "zh" else str(place + 1)


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def _what(voice: Voice, known: Brief) -> Iterator[tuple[str, str]]:
    matter, row = known.matter, known.matter.row
    yield voice.t("f_violation"), name_of(voice, known)
    yield voice.t("f_severity"), voice.t(matter.severity)
    yield voice.t("f_state"), voice.t(state_word(matter))
    yield voice.t("f_shop"), " ".join(filter(None, (row.shop_id, known.shop)))
    if row.subject_kind != "shop":
        yield voice.t(f"f_{row.subject_kind}"), " ".join(filter(None, (row.subject_id, known.product)))
    yield voice.t("f_deed" if known.by_hand else "f_date"), row.date.isoformat()
    if row.seq:
        yield voice.t("f_known"), voice.t("known_seq", seq=row.seq)
    begins = matter.confirmed_at
    yield voice.t("f_since"), voice.moment(begins) if begins else voice.t("since_none")


def _rule(voice: Voice, known: Brief) -> Iterator[tuple[str, str]]:
    rule, trigger, evidence = known.rule, known.trigger, known.matter.row.evidence
    if rule is None:
        yield voice.t("f_rule"), voice.t("unruled" if known.judged else "by_hand")
    else:
        yield voice.t("f_rule"), voice.say(rule.words)
    if trigger:
        yield voice.t("f_trigger"), voice.say(trigger.words)
    elif known.by_hand:
        yield voice.t("f_trigger"), voice.t("entered_by_person")
    if rule:
        sources = trigger.source if trigger else rule.source
        yield voice.t("f_clause"), voice.t("semicolon").join(map(str, sources))
        yield voice.t("f_version"), voice.t("version", since=rule.since)
    if rule and rule.note:
        yield voice.t("f_assumed"), voice.say(rule.note)
    if known.table and known.table.version:
        version = known.table.version
        yield voice.t("f_table"), f"{voice.say(version.words)} {clause(voice, version.source)}"
    if evidence.get("pack"):
        changed = f" {voice.t('pack_changed')}" if known.changed else ""
        yield voice.t("f_pack"), f"{evidence['pack'][:12]}{changed}"


def _figures(voice: Voice, known: Brief, rows: Addresses | None) -> Iterator[FigureLine]:
    for evidence, trigger in _triggers(known):
        for each in readings(evidence):
            line = _figure(voice, each, comparison_of(trigger))
            moved = _moved(voice, each, evidence, trigger) if each["place"] == "shift" else line.result
            yield replace(line, result=moved, rows=rows(each) if rows and each.get("metric") else "")


def _triggers(known: Brief) -> Iterator[tuple[Said, Trigger | None]]:
    """The evidence of each trigger that found it, with its rule; None where the pack has it no more."""
    evidence, triggers = known.matter.row.evidence, known.version.triggers if known.version else ()
    yield evidence, known.trigger
    for other in evidence.get("others", ()):
        yield other, next((each for each in triggers if each.name == other["trigger"]), None)


def _moved(voice: Voice, said: Said, evidence: Said, trigger: Trigger | None) -> str:
    """What the shop's own figure did to the severity; and that control is immediate, if it went up."""
    moved = evidence["reached"]["severity"], evidence["severity"]
    lines = list(shift_lines(voice, said, trigger, moved))
    taken = exact(said["taken"])
    up = trigger is not None and trigger.shift is not None and taken is not None and taken > trigger.shift.up_above
    return voice.t("semicolon").join([*lines, voice.t("immediate")] if up else lines)


def _figure(voice: Voice, said: Said, comparison: str) -> FigureLine:
    line = said.get("line")
    result = (voice.result(said["holds"]), voice.place(said)) if line is not None else ()
    taken = voice.amount(said, exact(said["taken"]))
    calculation = voice.calculation(said)
    own = voice.value(said) if said.get("metric") else calculation
    return FigureLine(
        name=voice.reading(said),
        calculation=own if own == calculation else f"{own}{voice.t('semicolon')}{calculation}",
        benchmark=voice.benchmark(said),
        line=voice.compared(said, comparison) if line is not None else taken,
        result=voice.t("semicolon").join(filter(None, result)),
        rows="",
        exact={name: said.get(name) for name in _EXACT if name in said or name != "tail"},
    )


_EXACT = ("metric", "score", "days", "by", "take", "against", "taken", "figure", "benchmark", "line", "place", "tail")


def _grounds(voice: Voice, known: Brief) -> Iterator[str]:
    """What it rests on besides figures: what was entered by hand, what the row says, and the repeats counted."""
    basis = known.matter.basis
    if not known.judged:
        yield from kept(voice, known.matter.row.evidence)
    for evidence, _ in _triggers(known):
        yield from row_lines(voice, evidence)
    if basis and basis.repeats:
        yield from repeat_lines(voice, basis)


def _remedy(voice: Voice, known: Brief, at: dt.datetime) -> Iterator[str]:
    """What can be done. An appeal is in time up to and at its last moment."""
    state, until = known.matter.state, measures.appeal_until(known.matter)
    open_ = state in ("in_force", "served") and until is not None and at <= until
    yield _appeal(voice, known, at)
    if open_:
        yield voice.t("appeal_how", id=known.matter.row.id)
        yield voice.t("evidence")
    lacks = [column for evidence, _ in _triggers(known) for column in missing(voice, evidence)]
    if lacks and known.matter.state in _LIVE:
        yield voice.t("mend", columns=voice.t("and_so_on").join(dict.fromkeys(lacks)))
    if any(True for evidence, _ in _triggers(known) for _ in readings(evidence)):
        yield voice.t("ask_figure")
    if (open_ or state in ("proposed", "appealed")) and not known.matter.row.records:
        yield voice.t("remedy")
    if left := dealt.duties(voice, known):
        yield voice.t("duty", duties=voice.t("and_so_on").join(left))
    yield voice.t("a_person")
    yield voice.t("stays_open")


_LIVE = ("proposed", "in_force", "served", "appealed")


def _appeal(voice: Voice, known: Brief, at: dt.datetime) -> str:
    state, until = known.matter.state, measures.appeal_until(known.matter)
    if state == "appealed":
        return voice.t("appeal_pending")
    if state == "proposed" and known.matter.row.records:
        return voice.t("appeal_record")
    if state == "proposed":
        rule = known.matter.rule
        return voice.t("appeal_later", days=rule.appeal_days if rule else measures.APPEAL_DAYS)
    if state not in ("in_force", "served"):
        return voice.t("appeal_none")
    if until is None:
        return voice.t("appeal_used", n=measures.appeals(known.matter))
    if at > until:
        return voice.t("appeal_over", until=voice.moment(until))
    return voice.t("appeal_open", until=voice.moment(until), n=measures.appeals(known.matter))


def _history(voice: Voice, known: Brief) -> Iterator[tuple[str, str, str, str, str]]:
    for each, change in zip(known.matter.events, dealt.changes(voice, known.matter.events), strict=True):
        who = voice.t("the_clock" if each.account_id is None else "a_person_did")
        yield voice.moment(each.at), who, voice.t(f"v_{each.verb}"), change, _said(voice, each)


_CLOCK = {
    "by the rule, without a person": "w_by_the_rule",
    "found anew with newer facts": "w_found_anew",
    "found anew by changed rules": "w_found_anew_rules",
    "found anew with newer facts and changed rules": "w_found_anew_both",
    "not found any more with newer facts": "w_not_found",
    "not found any more by changed rules": "w_not_found_rules",
    "not found any more with newer facts and changed rules": "w_not_found_both",
    "found again": "w_found_again",
    "level": "w_lowest",
    "the level is another by newer facts": "w_level",
}
_REACHED = re.compile(r"violation (\d+) event \d+|the close of (\d{4}-\d\d-\d\d), .*")
"""What brought a removal for points about, or took it back."""


def _said(voice: Voice, event: Event) -> str:
    """What people wrote stays as they wrote it; the program's own words are put into the language."""
    if event.account_id is not None:
        return event.why
    if "cause" in event.detail:
        return voice.t("w_counted", id=event.detail["cause"])
    fell = event.why.startswith("the points at the time")
    if by := _REACHED.fullmatch(event.why.partition(": ")[2] if fell else event.why):
        id_, date = by.groups()
        cause = voice.t("w_by_violation", id=id_) if id_ else voice.t("w_by_close", date=date)
        return voice.t("w_points" if fell else "w_reached", cause=cause)
    key = _CLOCK.get(event.why)
    return voice.t(key) if key else ""


def _data(known: Brief) -> dict[str, Any]:
    row, matter = known.matter.row, known.matter
    until = measures.appeal_until(matter)
    return {
        "violation": row.id, "kind": row.violation, "platform": row.platform, "version": row.version, "trigger": row.trigger,
        "subject_kind": row.subject_kind, "subject": row.subject_id, "shop": row.shop_id, "date": row.date.isoformat(),
        "known_at": row.seq, "severity": matter.severity, "state": matter.state,
        "in_force_since": _iso(matter.confirmed_at), "appeal_until": _iso(until), "evidence": dict(row.evidence),
    }  # fmt: skip


def _iso(at: dt.datetime | None) -> str | None:
    return None if at is None else f"{at.isoformat()}Z"
