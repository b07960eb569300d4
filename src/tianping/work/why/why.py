"""Why a judgement is what it is: trees from penalties and violations, scores, rights and levels down to figures, to the clause
of the pack, and to how their rows are got. Violations speak from their frozen evidence, all else from the judged files.
"""

import datetime as dt
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tianping.assess.violation import raised
from tianping.policy.judging import Dated, Trigger
from tianping.policy.model import Pack
from tianping.policy.words import Source
from tianping.work.docket.brief import LOWEST, Brief
from tianping.work.docket.matter import Basis, Matter
from tianping.work.docket.rejudge import REMOVAL
from tianping.work.judgement.grounds import MISSING
from tianping.work.why import dealt
from tianping.work.why.voice import Said, Voice, exact, readings, rows_command


@dataclass(frozen=True, slots=True)
class Node:
    """A piece of an explanation: its words in one language, the exact numbers as JSON, and what it rests on."""

    kind: str
    title: str
    lines: tuple[str, ...] = ()
    data: Mapping[str, Any] | None = None
    parts: tuple["Node", ...] = ()

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "kind": self.kind, "title": self.title, "lines": list(self.lines), "data": dict(self.data or {}),
            "parts": [each.plain() for each in self.parts],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose figures, of which close."""

    platform: str
    shop: str
    date: dt.date
    product: str = ""

    def plain(self) -> dict[str, str]:
        return {"platform": self.platform, "shop": self.shop, "product": self.product}


# Figures and conditions


def figure(voice: Voice, said: Said, whose: Whose) -> Node:
    """A figure with its fraction, its status, its rule, and how to get its rows; with its benchmark below."""
    if said.get("score"):
        words = ("tianping", "explain", "score", said["score"], "--platform", whose.platform, "--subject", whose.shop)
        command = shlex.join((*words, "--date", str(whose.date)))
        return Node("score", voice.named(said), (voice.t("rows_of", command=command),), {"score": said["score"]})
    own, metric = said["figure"] or {}, voice.metric(said["metric"])
    version = metric.at(whose.date) if metric else None
    lines = [voice.t("status", status=voice.known(str(own.get("status", "undefined"))))]
    if version:
        lines += rule_lines(voice, version)
    command = rows_command(said, whose.plain(), whose.date)
    lines.append(voice.t("rows_of", command=command))
    data = {
        "metric": said["metric"], "days": said["days"], "by": said.get("by"), "figure": own,
        "version": version.name if version else None, "rows": command,
    }  # fmt: skip
    beside = _benchmark(voice, said)
    return Node(
        "figure", f"{voice.named(said)}{voice.t('colon')}{voice.value(said)}", tuple(lines), data, (beside,) if beside else ()
    )


def _benchmark(voice: Voice, said: Said) -> Node | None:
    text = voice.benchmark(said)
    return Node("benchmark", text, (voice.t("whole_platform"),), said["benchmark"]) if text else None


def rule_lines(voice: Voice, version: Any) -> list[str]:
    """A rule's words, clause, version, and what is assumed."""
    lines = [voice.t("definition", words=voice.say(version.words)), clause(voice, version.source)]
    lines.append(voice.t("version", since=version.since))
    return lines + ([voice.t("assumed", note=voice.say(version.note))] if version.note else [])


def clause(voice: Voice, sources: Sequence[Source | str]) -> str:
    return voice.t("clause", clause=voice.t("semicolon").join(map(str, sources)))


def condition(voice: Voice, said: Said, whose: Whose) -> Node:
    """A condition with what it said, down to its figures."""
    if "parts" in said:
        parts = tuple(condition(voice, each, whose) for each in said["parts"])
        title = f"{voice.t(said['joined'])}{voice.t('colon')}{voice.result(said['holds'])}"
        return Node("condition", title, (), {"joined": said["joined"], "holds": said["holds"]}, parts)
    title = f"{voice.reading(said)}{voice.t('colon')}{voice.compared(said)}{voice.t('comma')}{voice.result(said['holds'])}"
    return Node("condition", title, (voice.calculation(said),), _exactly(said), (figure(voice, said, whose),))


def _exactly(said: Said) -> dict[str, Any]:
    kept = ("metric", "score", "days", "by", "take", "against", "taken", "comparison", "line", "holds", "why")
    return {name: said[name] for name in kept if name in said}


# Violations and penalties


def of_violation(voice: Voice, known: Brief) -> Node:
    """A violation: its rule, its trigger with gates and line, the statistics beside it, the repeats counted."""
    row = known.matter.row
    named = name_of(voice, known)
    parts = [each for each in (_rule(voice, known), *_found(voice, known), *_repeats(voice, known)) if each]
    return Node(
        "violation",
        voice.t("violation", id=row.id, name=named),
        tuple(_heading(voice, known)),
        {
            "id": row.id, "violation": row.violation, "platform": row.platform, "shop": row.shop_id,
            "subject": row.subject_id, "subject_kind": row.subject_kind, "date": row.date.isoformat(), "seq": row.seq,
            "version": row.version, "trigger": row.trigger, "severity": known.matter.severity, "state": known.matter.state,
            "evidence": dict(row.evidence),
        },
        tuple(parts),
    )  # fmt: skip


def name_of(voice: Voice, known: Brief) -> str:
    """What the violation is called."""
    if known.ruled:
        return voice.say(known.ruled.label)
    name = known.matter.row.violation
    return voice.t("violation_removal") if name in (REMOVAL, LOWEST) else name


def _heading(voice: Voice, known: Brief) -> Iterator[str]:
    matter, row = known.matter, known.matter.row
    shop = " ".join(filter(None, (voice.t("of_whom", kind=voice.t("by_shop"), id=row.shop_id), known.shop)))
    yield shop
    if row.subject_kind != "shop":
        kind = voice.t(f"by_{row.subject_kind}")
        yield " ".join(filter(None, (voice.t("of_whom", kind=kind, id=row.subject_id), known.product)))
    yield voice.t("as_of", date=row.date, seq=row.seq)
    yield voice.t("severity_state", severity=voice.t(matter.severity), state=voice.t(state_word(matter)))
    if known.changed:
        yield voice.t("pack_changed")
    if known.judged:
        yield voice.t("rows_of", command=f"tianping explain violation {row.id} --rows csv")


def _rule(voice: Voice, known: Brief) -> Node | None:
    rule = known.rule
    if rule is None:
        return Node("rule", voice.t("unruled" if known.judged else "by_hand"))
    return Node("rule", voice.t("rule", words=voice.say(rule.words)), tuple(clauses(voice, rule)), {"version": str(rule.since)})


def clauses(voice: Voice, version: Dated) -> Iterator[str]:
    """Clause, version, and what is assumed."""
    yield clause(voice, version.source)
    yield voice.t("version", since=version.since)
    if version.note:
        yield voice.t("assumed", note=voice.say(version.note))


def _found(voice: Voice, known: Brief) -> Iterator[Node]:
    data, row = known.matter.row.evidence, known.matter.row
    if not known.judged:
        yield from (Node("kept", text) for text in kept(voice, data))
        return
    whose = Whose(row.platform, row.shop_id, row.date, row.subject_id if row.subject_kind == "product" else "")
    yield found_by(voice, data, known.trigger, whose)
    if data.get("chance"):
        lines = (*chance_lines(voice, data), *dealt.confirming(voice, known))
        yield Node("chance", voice.t("chance"), lines, data["chance"])
    for other in data.get("others", ()):
        triggers = known.version.triggers if known.version else ()
        beside = next((each for each in triggers if each.name == other["trigger"]), None)
        words = voice.say(beside.words) if beside else other["trigger"]
        yield Node("other", voice.t("others", words=words), (), {}, (found_by(voice, other, beside, whose),))


def kept(voice: Voice, data: Said) -> Iterator[str]:
    """What a person, or the program, gave as evidence, as it was written."""
    for key, value in data.items():
        if key not in _TOLD_ELSEWHERE:
            yield voice.t("kept_evidence", key=voice.t(_KEPT[key]) if key in _KEPT else key, value=value)


_KEPT = {
    "level_since": "level_since", "points": "points_total", "line": "points_line", "days": "points_days",
    "words": "entered_words",
}  # fmt: skip
_TOLD_ELSEWHERE = ("subject", "trigger", "clause", "pack", "figures")


def row_lines(voice: Voice, data: Said) -> Iterator[str]:
    """What the formula of a trigger read of the row of a shop or video: `负责人电话：未填写`."""
    for column, value in data.get("row", {}).items():
        yield f"{voice.column(column)}{voice.t('colon')}{voice.cell(value)}"


def missing(voice: Voice, data: Said) -> list[str]:
    """The columns that should have been filled in."""
    return [voice.column(column) for column, value in data.get("row", {}).items() if value == MISSING]


def found_by(voice: Voice, data: Said, trigger: Trigger | None, whose: Whose) -> Node:
    """What one trigger found: gates, line, shift."""
    parts = [condition(voice, each, whose) for each in data["gates"]]
    reached = data["reached"]
    if reached.get("reading"):
        parts.append(_line(voice, reached, trigger, whose))
    if data.get("shift"):
        moved = (data["reached"]["severity"], data["severity"])
        parts.append(_shift(voice, data["shift"], trigger, whose, moved))
    lines = [clause(voice, data["clause"]), voice.t("said_severity", severity=voice.t(data["severity"]))]
    if not parts:
        lines += [voice.t("by_formula"), *row_lines(voice, data)]
    words = voice.say(trigger.words) if trigger else data["trigger"]
    return Node("trigger", voice.t("trigger", words=words), tuple(lines), {"trigger": data["trigger"]}, tuple(parts))


def comparison_of(trigger: Trigger | None) -> str:
    """How the line of the steps or tail is held against."""
    return "more_than" if trigger and trigger.steps and trigger.steps.more_than else "at_least"


def _line(voice: Voice, reached: Said, trigger: Trigger | None, whose: Whose) -> Node:
    said = {**reached["reading"], "line": reached["line"], "tail": reached.get("tail")}
    text = f"{voice.reading(said)}{voice.t('colon')}{voice.compared(said, comparison_of(trigger))}"
    key = "tail" if trigger and trigger.tail else "line"
    lines = (voice.calculation(said), voice.place(said), voice.t("said_severity", severity=voice.t(reached["severity"])))
    data = _exactly(said) | ({"tail": said["tail"]} if said["tail"] else {})
    return Node("line", voice.t(key, said=text), tuple(filter(None, lines)), data, (figure(voice, said, whose),))


def _shift(voice: Voice, said: Said, trigger: Trigger | None, whose: Whose, moved: tuple[str, str]) -> Node:
    """`moved`: the severity before and after."""
    text = f"{voice.reading(said)}{voice.t('colon')}{voice.amount(said, exact(said['taken']))}"
    lines = [voice.calculation(said), *shift_lines(voice, said, trigger, moved)]
    return Node("shift", voice.t("shift", said=text), tuple(lines), _exactly(said), (figure(voice, said, whose),))


def shift_lines(voice: Voice, said: Said, trigger: Trigger | None, moved: tuple[str, str]) -> Iterator[str]:
    """Where the severity moves, and that it did: from what to what."""
    if trigger and trigger.shift:
        up, down = (voice.amount(said, each) for each in (trigger.shift.up_above, trigger.shift.down_below))
        yield voice.t("shifted", up=up, down=down)
    before, after = (voice.t(each) for each in moved)
    yield voice.t("shift_moved", before=before, after=after) if before != after else voice.t("shift_stays", severity=after)


def state_word(matter: Matter) -> str:
    """What the state is called; what is only recorded waits for nothing."""
    return "only_recorded" if matter.row.records and matter.state == "proposed" else matter.state


def chance_lines(voice: Voice, data: Said) -> Iterator[str]:
    """The statistics beside the verdict: interval, counts that cross, how often by chance."""
    beside = data["chance"]
    low, high = (voice.share(Fraction(str(each))) for each in beside["interval"])
    yield voice.t("interval", low=low, high=high)
    yield voice.t(
        "crosses", size=_size(voice, data), low=voice.number(beside["counts"][0]), high=voice.number(beside["counts"][1])
    )
    if beside["chance"] is not None:
        benchmark = voice.share(Fraction(beside["benchmark"]))
        yield voice.t("by_chance", benchmark=benchmark, chance=_percent(voice, beside["chance"]))


def _size(voice: Voice, data: Said) -> str:
    """The denominator of the figure on which the trigger turns."""
    tests = list(readings(data))
    turns = next((each for each in tests if each["place"] == "line"), None)
    turns = turns or next((each for each in tests if each.get("take") in ("value", "ratio")), tests[0] if tests else None)
    return voice.number(turns["figure"]["denominator"]) if turns and turns.get("figure") else "–"


def _percent(voice: Voice, chance: float) -> str:
    if 0 < chance < 1e-6:
        return voice.t("below")
    return f"{chance * 100:.3g} %"


def _repeats(voice: Voice, known: Brief) -> Iterator[Node]:
    basis = known.matter.basis
    if basis is None or not basis.repeats:
        return
    first, *lines = repeat_lines(voice, basis)
    yield Node("repeats", first, tuple(lines), {"ids": [each.id for each in basis.repeats]})


def repeat_lines(voice: Voice, basis: Basis) -> Iterator[str]:
    """How many repeats are counted, which, and what they raise the severity to: as the rule says, whatever people chose."""
    yield voice.t("repeats", n=len(basis.repeats))
    yield from (voice.t("earlier", date=each.date, severity=voice.t(each.severity), id=each.id) for each in basis.repeats)
    severity = raised(basis.base, len(basis.repeats), basis.up_to) if basis.up_to else basis.base
    if severity != basis.base:
        yield voice.t("raised", base=voice.t(basis.base), severity=voice.t(severity))


def of_penalty(voice: Voice, known: Brief) -> Node:
    """What a violation costs: every effect with why so much, the table it comes from, what was counted before; then why."""
    each = [
        Node("effect", " ".join(filter(None, (one.name, one.amount))), tuple(filter(None, (one.span, one.reason))), one.exact)
        for one in dealt.lines(voice, known)
    ]
    parts = (*each, *_table(voice, known), *_earlier(voice, known), of_violation(voice, known))
    row = known.matter.row
    data = {"id": row.id, "state": known.matter.state, "severity": known.matter.severity}
    return Node("penalty", voice.t("penalty", id=row.id), tuple(dealt.told(voice, known)), data, parts)


def _table(voice: Voice, known: Brief) -> Iterator[Node]:
    table = known.table
    if table is None:
        return
    if table.version is None:
        yield Node("table", voice.t("table", words=table.name), (voice.t("unruled"),))
        return
    lines = tuple(clauses(voice, table.version))
    yield Node("table", voice.t("table", words=voice.say(table.version.words)), lines, {"table": table.name})


def _earlier(voice: Voice, known: Brief) -> Iterator[Node]:
    """What the amounts, or the number of times, count."""
    basis = known.matter.basis
    if basis and basis.earlier:
        lines = tuple(voice.t("earlier", date=each.date, severity=voice.t(each.severity), id=each.id) for each in basis.earlier)
        yield Node("repeats", voice.t("repeats", n=len(basis.earlier)), lines, {"ids": [each.id for each in basis.earlier]})


def voice_of(packs: Mapping[str, Pack], platform: str, lang: Any) -> Voice:
    """The voice of a platform's pack."""
    return Voice(lang, packs.get(platform))
