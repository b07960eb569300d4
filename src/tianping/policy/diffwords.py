"""Changes of a pack in words: `品质指标异常（category）：轻微线 2× → 2.5×，自 2024-07-01 起`. Numbers as people read them."""

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from pydantic import BaseModel

from tianping.policy.cases import flowing, inshort
from tianping.policy.diff import Change, Leaf, Step, Unit, unit_of
from tianping.policy.diffterms import CASE_PARTS, EFFECTS, FIELDS, PARTIES, PARTS, SEVERITIES, WORDS
from tianping.policy.judging import Cadence, Condition, Effect, Reading
from tianping.policy.load import key_of
from tianping.policy.model import CountOf, Pack
from tianping.policy.saying import say
from tianping.policy.words import Words

_SIGNS = {"at_least": "≥", "more_than": ">", "at_most": "≤", "less_than": "<"}
_SPANS = ((86400, "天", "d"), (3600, "小时", "h"), (60, "分钟", "min"), (1, "秒", "s"))
_SILENT = frozenset(
    {"versions", "effects", "triggers", "cells", "groups", "items", "grades", "levels", "steps", "shift", "tail", "gives"}
)
"""Fields that say nothing themselves: what is inside them does."""
_OWN_NAME = (Condition, flowing.When, flowing.Effect, flowing.Timer)
"""What says itself which it is."""
_SAID_ABOVE = frozenset({"numerator", "denominator", "cap", "removal"})
"""Fields that are said before what is inside them."""


def sentence(change: Change, lang: str) -> str:
    """The change as one sentence."""
    whose = say(change.label, lang) + _context(change.leaf, lang)
    if change.leaf.steps:
        head = f"{whose}{_word('colon', lang)}{_told(change.leaf, lang)}"
    else:
        head = _form(change.leaf.kind, lang, f"{say(PARTS[change.part], lang)} {whose}")
    return _word("stop", lang).join((head, *_when(change, lang)))


def _when(change: Change, lang: str) -> Iterator[str]:
    """A case keeps the rules of the day on which it began."""
    if change.since is not None:
        yield _form("since_begun" if change.part in CASE_PARTS else "since", lang, change.since.isoformat())
    if change.until is not None:
        yield _form("until", lang, (change.until - dt.timedelta(days=1)).isoformat())


def _told(leaf: Leaf, lang: str) -> str:
    path = _path(leaf, lang)
    if leaf.is_text:
        return _form("text", lang, path)
    old, new = (value(each, leaf, lang) for each in (leaf.before, leaf.after))
    if leaf.kind == "changed":
        return f"{path} {old} → {_rest(old, new) if _is_short(leaf) else new}".strip()
    shown = f"{path} {new or old}".strip() if new or old else path
    if leaf.steps and leaf.steps[-1] == Step("Dated", "since"):
        shown += _inside(_word("same", lang), lang)
    return _form(leaf.kind, lang, shown)


def _is_short(leaf: Leaf) -> bool:
    """Whether the old and the new are one test of one figure, or one effect."""
    return isinstance(leaf.after, Effect) or (isinstance(leaf.after, Condition) and not (leaf.after.all or leaf.after.any))


def _rest(old: str, new: str) -> str:
    """What of the new is not said by the old already."""
    one, other = old.split(" "), new.split(" ")
    same = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0)
    return " ".join(other[same:])


def _context(leaf: Leaf, lang: str) -> str:
    """In which trigger, level, group and cell it is, in parentheses."""
    parts = [_named(step, lang) for step in _parents(leaf)]
    inside = " · ".join(part for part in parts if part)
    return _inside(inside, lang) if inside else ""


def _inside(said: str, lang: str) -> str:
    return f"（{said}）" if lang == "zh" else f" ({said})"


def _parents(leaf: Leaf) -> Sequence[Step]:
    """The elements above the last field."""
    last = max((n for n, step in enumerate(leaf.steps) if step.of), default=0)
    return [step for step in leaf.steps[:last] if not step.of]


def _named(step: Step, lang: str) -> str:
    if step.label is not None:
        return say(step.label, lang)
    first, _, rest = step.name.partition(" ")
    said = SEVERITIES.get(first) or EFFECTS.get(first) or WORDS.get(first)
    return step.name if said is None else " ".join(filter(None, (say(said, lang), rest)))


def _path(leaf: Leaf, lang: str) -> str:
    """What it is that changed: the last field, with the element of it where that has a name of its own."""
    last = max((n for n, step in enumerate(leaf.steps) if step.of), default=0)
    field, elements = leaf.steps[last], leaf.steps[last + 1 :]
    named = "" if isinstance(leaf.after or leaf.before, _OWN_NAME) else _element(elements, leaf, lang)
    above = leaf.steps[last - 1] if last else None
    side = _field(above, lang) + " " if above and above.of and above.name in _SAID_ABOVE else ""
    said = _field(field, lang)
    if "{}" in said:
        return side + said.format(named)
    told = "" if field.name in _SILENT and named else said
    return side + " ".join(filter(None, (told, named)))


def _element(elements: Sequence[Step], leaf: Leaf, lang: str) -> str:
    """Plain values of a list are their own names; effects say their kind themselves."""
    present = leaf.after if leaf.after is not None else leaf.before
    if isinstance(present, Effect):
        return ""
    return " ".join(_named(step, lang) for step in elements if step.name != str(present))


def _field(step: Step, lang: str) -> str:
    said = FIELDS.get(f"{step.of}.{step.name}") or FIELDS.get(step.name)
    return say(said, lang) if said else step.name


def value(each: object, leaf: Leaf, lang: str) -> str:
    """A value as people read it; "" for what its name says already."""
    pack = leaf.packs[0] if each is leaf.before else leaf.packs[1]
    if isinstance(each, Condition):
        return condition(each, pack, lang)
    if isinstance(each, Effect):
        return effect(each, lang)
    if (said := inshort.short(each, lang)) is not None:
        return said
    if isinstance(each, Cadence):
        return _form(each.every, lang, "一二三四五六日"[each.on - 1] if (each.every, lang) == ("week", "zh") else str(each.on))
    if isinstance(each, bool):
        return _word(str(each).lower(), lang)
    if isinstance(each, Fraction | int):
        return number(Fraction(each), leaf.unit, lang)
    if isinstance(each, CountOf):
        return f"{each.metric}{'/' if each.variant else ''}{each.variant} {each.side}"
    if isinstance(each, tuple):
        return _pairs(each, leaf, lang)
    if each is None:
        return "" if leaf.kind != "changed" else _word("none", lang)
    known = _known(str(each), leaf)
    return say(known, lang) if known else _text(each, pack, lang)


def _known(name: str, leaf: Leaf) -> Words | None:
    """What a name of the rules of cases is called."""
    if leaf.names and leaf.steps and leaf.steps[-1].of:
        return PARTIES.get(name) or leaf.names.get(name)
    return (leaf.names.get(name) or PARTIES.get(name)) if leaf.names else None


def _text(each: object, pack: Pack, lang: str) -> str:
    """Names by their labels; models by what their place says already."""
    if isinstance(each, Reading):
        return reading(each, pack, lang) if each.metric or each.score else ""
    if not isinstance(each, str | dt.date):
        return ""
    text = str(each)
    rule = pack.rules.get(text) or pack.metrics.get(key_of(text))
    known = SEVERITIES.get(text) or WORDS.get(text)
    return say(rule.label, lang) if rule else say(known, lang) if known and "{}" not in known.zh else text


def _pairs(each: tuple[Any, ...], leaf: Leaf, lang: str) -> str:
    """A curve, or a span of times."""
    if each and isinstance(each[0], tuple):
        return " ".join(f"({number(x, leaf.unit, lang)}, {number(y, '', lang)})" for x, y in each)
    return "–".join("" if part is None else str(part) for part in each)


def plain_value(each: object) -> object:
    """A value as plain data: models without what they leave as it is."""
    if isinstance(each, BaseModel):
        return json.dumps(each.model_dump(mode="json", exclude_defaults=True), ensure_ascii=False)
    return str(each) if isinstance(each, Fraction | tuple | dt.date) else each


def condition(test: Condition, pack: Pack, lang: str) -> str:
    """`品退率（近30天）≤ 5 %`."""
    parts = test.all or test.any
    if parts:
        said = _word("and" if test.all else "or", lang).join(condition(part, pack, lang) for part in parts)
        return f"（{said}）" if lang == "zh" else f"({said})"
    name, line = test.compares
    if isinstance(line, str):
        said = _form("level", lang, _word(line.removeprefix("level."), lang))
        said = said if test.times == 1 else f"{number(test.times, 'times', lang)} {said}"
    else:
        said = number(line * test.times, unit_of(test, pack), lang)
    empty = "" if test.undefined is None else _inside(_word("holds_empty" if test.undefined else "fails_empty", lang), lang)
    return f"{reading(test, pack, lang)} {_SIGNS[name]} {said}{empty}"


def reading(each: Reading, pack: Pack, lang: str) -> str:
    """`品退率（近30天，分子）`."""
    if each.score is not None:
        known = pack.judging.scores.get(each.score)
        return say(known.label, lang) if known else each.score
    metric = pack.metrics.get(key_of(each.metric or ""))
    label = say(metric.label, lang) if metric else str(each.metric)
    more = [_form("over", lang, str(each.days))]
    more += [_word(each.by, lang)] if each.by else []
    if each.take != "value":
        more.append(_form(each.take, lang, _word(each.against, lang)))
    return f"{label}（{'，'.join(more)}）" if lang == "zh" else f"{label} ({', '.join(more)})"


def effect(each: Effect, lang: str) -> str:
    """`限制上新 3–5 天`, `违约金 ¥300–¥2,000`."""
    said = say(EFFECTS[each.kind], lang) + (f" {each.right}" if each.right else "")
    unit: Unit = "days" if each.days else "points" if each.points else "fen"
    if each.range is not None:
        low, high = (number(Fraction(end), unit, lang) for end in each.range)
        said += f" {low}" if low == high else f" {low.split(' ')[0]}–{high}"
    said += f" {_word('ever', lang)}" if each.for_ever else ""
    if each.or_share_of_sales is not None:
        said += " " + _form("share", lang, number(each.or_share_of_sales, "rate", lang))
    return said


def number(each: Fraction, unit: Unit, lang: str) -> str:
    """`80 %`, `¥300`, `5 天`, `2.5×`, `3 分钟`, `4.5 分`."""
    if unit == "rate":
        return f"{plain(each * 100)} %"
    if unit == "times":
        return f"{plain(each)}×"
    if unit == "fen":
        return f"¥{plain(each / 100)}"
    if unit == "seconds":
        size, zh, en = next((span for span in _SPANS if each % span[0] == 0), _SPANS[-1]) if each else _SPANS[-1]
        return f"{plain(each / size)} {zh if lang == 'zh' else en}"
    if unit in ("days", "points"):
        return f"{plain(each)} {_counted(unit, each, lang)}"
    return plain(each)


def _counted(unit: Unit, each: Fraction, lang: str) -> str:
    if lang == "zh":
        return "天" if unit == "days" else "分"
    return unit.removesuffix("s") if each == 1 else unit


def plain(each: Fraction) -> str:
    """`0.35`, `1,277`, `1/3`: exact."""
    rest = each.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest > 1:
        return str(each)
    return _decimal(each)


def _decimal(each: Fraction) -> str:
    places = 0
    while (each * 10**places).denominator != 1:
        places += 1
    whole, _, rest = f"{float(each):,.{places}f}".partition(".") if places else (f"{int(each):,}", "", "")
    return whole + ("." + rest if rest else "")


def _word(name: str, lang: str) -> str:
    return say(WORDS[name], lang) if name in WORDS else name


def _form(name: str, lang: str, what: str) -> str:
    return _word(name, lang).replace("{}", what)
