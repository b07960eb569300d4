"""What a casebook says, in short and in either language: `48 h`, `shop.points ≥ 100`, `0.3 × refund_fen, at most 50000 fen`."""

from collections.abc import Mapping, Sequence
from typing import Any

from tianping.policy.cases.flowing import ALWAYS, Branch, Effect, Share, Time, Timer, When

_SIGNS = {"at_least": "≥", "more_than": ">", "at_most": "≤", "less_than": "<"}
_ZH = {
    "all": "同时满足", "any": "满足其一", "none": "均不满足", "known": "已知", "unknown": "未知", "in": "属于", "if": "，当",
    "from midnight": "从次日零点起", "at most": "至多", "fen": "分", "h": "小时", "d": "天", "true": "是", "false": "否",
    "pay": "付款", "tell": "告知", "open": "开单", "undo": "撤回付款", "send": "请求", "post": "记账",
}  # fmt: skip
"""The words that join names and numbers; in English they are themselves."""


def _w(word: str, lang: str) -> str:
    return _ZH[word] if lang == "zh" else word


def short(each: object, lang: str = "en") -> str | None:
    """A part of a casebook that is said as a whole; None for what is no such part."""
    if isinstance(each, When):
        return condition(each, lang)
    if isinstance(each, Timer):
        return timer(each, lang)
    if isinstance(each, Effect):
        return effect(each, lang)
    if isinstance(each, Mapping) and all(isinstance(key, int) for key in each):
        return ", ".join(f"{span(before, lang)} → {span(after, lang)}" for before, after in each.items())
    if not isinstance(each, tuple):
        return None
    said = [_element(one, lang) for one in each]
    return "; ".join(filter(None, said)) if said and None not in said else None


def _element(each: object, lang: str) -> str | None:
    """One of several that are said together."""
    if isinstance(each, Time):
        return time(each, lang)
    if isinstance(each, Share):
        return share(each, lang)
    return branch(each, lang) if isinstance(each, Branch) else None


def span(hours: int, lang: str = "en") -> str:
    """Hours as a person says them: `48 h`, `10 d`."""
    return f"{hours // 24} {_w('d', lang)}" if hours % 24 == 0 and hours > 48 else f"{hours} {_w('h', lang)}"


def time(each: Time, lang: str = "en") -> str:
    """`48 h`, `7 d from midnight if …`."""
    from_midnight = f" {_w('from midnight', lang)}" if each.by_day else ""
    return f"{span(each.seconds // 3600, lang)}{from_midnight}{_if(each.when, lang)}"


def share(part: Share, lang: str = "en") -> str:
    """`0.3 × refund_fen, at most 50000 fen`."""
    sum_ = f"{float(part.share):.4g} × {part.of}" if part.of else f"{part.fen} {_w('fen', lang)}"
    sum_ += f" × {part.times} ÷ {part.over}" if part.times else ""
    sum_ += f", {_w('at most', lang)} {part.at_most_fen} {_w('fen', lang)}" if part.at_most_fen is not None else ""
    sum_ += f", {_w('at most', lang)} {part.at_most}" if part.at_most else ""
    return sum_ + _if(part.when, lang)


def branch(each: Branch, lang: str = "en") -> str:
    """`closed if …`."""
    guards = f" [{', '.join(each.guards)}]" if each.guards else ""
    return f"{each.state}{guards}{_if(each.when, lang)}"


def timer(each: Timer, lang: str = "en") -> str:
    """`answer: agree`."""
    since = f" ({each.since})" if each.since else ""
    return f"{each.clock}{since}: {each.passes}{_if(each.runs_while, lang)}"


def effect(each: Effect, lang: str = "en") -> str:
    """`pay refund refund_fen`, `tell order case_ended`, with what is handed over."""
    what = next(name for name in ("open", "tell", "pay", "undo", "send", "post") if getattr(each, name) is not None)
    names = (getattr(each, what), each.kind, each.verb, each.fen)
    gives = [
        *(f"{name}={of}" for name, of in each.gives.items()),
        *(f"{name}={_value(of, lang)}" for name, of in each.sets.items()),
    ]
    given = f" ({', '.join(gives)})" if gives else ""
    return " ".join([_w(what, lang), *filter(None, names)]) + given + _if(each.when, lang)


def named(each: Effect) -> str:
    """What an effect is known by among those of its verb, whatever it hands over."""
    what = next(name for name in ("open", "tell", "pay", "undo", "send", "post") if getattr(each, name) is not None)
    return " ".join(filter(None, (what, getattr(each, what), each.kind, each.verb)))


def condition(when: When, lang: str = "en") -> str:
    """A condition; "" where it always holds."""
    if when.fact is None:
        for name in ("all", "any", "none"):
            if parts := getattr(when, name):
                return _joined(name, [condition(part, lang) for part in parts], lang)
        return ""
    if when.known is not None:
        return f"{when.fact} {_w('known' if when.known else 'unknown', lang)}"
    if when.is_ is not None:
        return f"{when.fact} = {_value(when.is_, lang)}"
    if when.in_:
        return f"{when.fact} {_w('in', lang)} {', '.join(map(str, when.in_))}"
    return "".join(f"{when.fact} {sign} {line}" for name, sign in _SIGNS.items() if (line := getattr(when, name)) is not None)


def _joined(how: str, parts: Sequence[str], lang: str) -> str:
    return f"{_w(how, lang)}（{'；'.join(parts)}）" if lang == "zh" else f"{how} of ({'; '.join(parts)})"


def _if(when: When, lang: str) -> str:
    if when == ALWAYS:
        return ""
    return f"{_w('if', lang)} {condition(when, lang)}" if lang == "zh" else f" if {condition(when)}"


def _value(each: Any, lang: str) -> str:
    return _w(str(each).lower(), lang) if isinstance(each, bool) else str(each)
