"""How a split of a change reads: a heading, and its steps with their rows, counts and parts."""

from collections.abc import Callable
from fractions import Fraction

from tianping.assess.split import Split, Step
from tianping.policy.model import Unit
from tianping.policy.saying import amount
from tianping.work.why.scoresplit import ScoreChange
from tianping.work.why.split import Change
from tianping.work.why.voice import Voice
from tianping.work.why.why import Node, clauses

Saying = Callable[[Fraction], str]
"""How a part of a change is said."""


def of_metric(voice: Voice, change: Change) -> Node:
    """The split of a figure's value, and of its ratio to the benchmark where there is one."""
    unit, name = change.metric.unit, voice.say(change.metric.label)
    before, after = (
        f"{counts.numerator}/{counts.denominator} = {amount(counts.value, unit, voice.lang)}" for counts in change.counts
    )
    dates = [close.date.isoformat() for close in change.closes]
    lines = [voice.t("of_whom", kind=_by(voice, change.scope.by), id=change.scope.subject), " → ".join(dates)]
    if change.versions[0] != change.versions[1]:
        lines += [voice.t("version", since=each.since) for each in change.versions]
    if change.value.change is None:
        lines.append(voice.t("change_none"))
    parts = [_split(voice, "value", change.value, lambda part: _points(voice, part, unit))]
    if change.ratio:
        parts.append(_split(voice, "ratio", change.ratio, lambda part: _signed(part, voice.times(abs(part), 4))))
    data = {
        "metric": name, "by": change.scope.by, "subject": change.scope.subject, "dates": dates, "days": change.scope.days,
        "counts": [list(each) for each in change.counts], "benchmarks": [_text(each) for each in change.benchmarks],
    }  # fmt: skip
    return Node("change", voice.t("change", name=name, before=before, after=after), tuple(lines), data, tuple(parts))


def _by(voice: Voice, by: str) -> str:
    """Of whom, in words: a shop in a category is called by its shop."""
    return voice.t(f"by_{'shop' if by.startswith('shop') else by}")


def of_score(voice: Voice, change: ScoreChange) -> Node:
    """The split of a score's total over its items, and its rule."""
    ruled = voice.pack.judging.scores[change.name] if voice.pack else None
    name = voice.say(ruled.label) if ruled else change.name
    dates = [each.date.isoformat() for each in change.judged]
    lines = [voice.t("of_whom", kind=voice.t("by_shop"), id=change.shop), " → ".join(dates)]
    if change.versions[0] != change.versions[1]:
        lines += [line for version in change.versions for line in clauses(voice, version)]
    if change.split.change is None:
        lines.append(voice.t("change_none"))
    title = voice.t("change", name=name, before=voice.points(change.split.before), after=voice.points(change.split.after))
    part = _split(voice, "value", change.split, lambda part: _signed(part, voice.points(abs(part))))
    items = [_labelled(voice, change, each) for each in part.parts]
    data = {"score": change.name, "shop": change.shop, "dates": dates}
    return Node("change", title, tuple(lines), data, (Node(part.kind, part.title, part.lines, part.data, tuple(items)),))


def _labelled(voice: Voice, change: ScoreChange, node: Node) -> Node:
    """An item by the name of what it reads."""
    group, _, item = node.kind.partition("/")
    held = change.versions[0].groups.get(group)
    of = held.items.get(item) if held else None
    if of is None:
        return node
    said = {"metric": of.metric, "score": of.score, "days": of.days, "by": of.by, "take": of.take, "against": of.against}
    return Node(node.kind, voice.reading(said), node.lines, node.data)


def _split(voice: Voice, kind: str, split: Split, said: Saying) -> Node:
    shown = "–" if split.change is None else said(split.change)
    data = {"before": _text(split.before), "after": _text(split.after), "change": _text(split.change)}
    total = Node("sum", voice.t("step_sum"), (shown,), {"rows": 0, "counts": "", "value": None, "part": _text(split.change)})
    steps = [_step(voice, each, said) for each in split.steps if not (kind == "value" and each.name == "benchmark")]
    return Node(kind, voice.t(f"change_{kind}"), (voice.t("change_by", change=shown),), data, (*steps, total))


def _step(voice: Voice, step: Step, said: Saying) -> Node:
    title = voice.t(f"step_{step.name}") if "/" not in step.name else step.name
    counts = f"{step.counts.numerator}/{step.counts.denominator}" if step.counts else ""
    data = {"rows": step.rows, "counts": counts, "value": _text(step.value), "part": _text(step.part)}
    return Node(step.name, title, ("–" if step.part is None else said(step.part),), data)


def _points(voice: Voice, part: Fraction, unit: Unit) -> str:
    if unit == "rate":
        return _signed(part, f"{abs(float(part)) * 100:.3f} {voice.t('points_change')}")
    return _signed(part, amount(abs(part), unit, voice.lang))


def _signed(part: Fraction, text: str) -> str:
    sign = "+" if part > 0 else "−" if part < 0 else ""
    return f"{sign}{text}"


def _text(value: Fraction | None) -> str | None:
    return None if value is None else str(value)
