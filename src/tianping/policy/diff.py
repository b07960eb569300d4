"""What changed from one pack to another: a walk over both, side by side, and from when each change holds.

Dated things are compared day by day of their versions: a change holds from the first day on which the two rules in force
differ, whether a version was added or an old one edited. Lists are matched by what names their elements, never by place.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel

from tianping.policy.cases import flowing, inshort
from tianping.policy.cases.automation import Deed
from tianping.policy.cases.casebook import PARTS, Casebook
from tianping.policy.cases.tables import Need
from tianping.policy.judging import (
    Cadence,
    Cell,
    Condition,
    Dated,
    Effect,
    ForCategory,
    Grade,
    LevelsVersion,
    Reading,
    Ruled,
    Trigger,
)
from tianping.policy.load import key_of
from tianping.policy.model import CountOf, Metric, Narrower, Pack, Version
from tianping.policy.words import Words

Unit = Literal["", "rate", "seconds", "stars", "count", "fen", "times", "points", "days"]
Kind = Literal["added", "removed", "changed"]
Names = Mapping[str, Words]
TEXT = frozenset({"label", "words", "note", "source", "assumed", "shown", "board", "do", "refusal"})
"""What a person reads: no figure and no verdict hangs on it."""
_WHOLE = (Words, Condition, Effect, Cadence, CountOf, flowing.Effect, flowing.Timer)
"""Said as a whole, old and new."""
_WHOLE_FIELDS = frozenset({"source", "curve", "times", "board", "do", "to", "parts", "hours"})
_DAYS = frozenset({
    "days", "again_after_days", "appeal_days", "first_after_days", "count_days", "window", "matures_days",
})  # fmt: skip
_OF_READING = frozenset({"Steps.at_least", "Steps.more_than", "Shift.up_above", "Shift.down_below", "Item.curve"})
_UNITS: Mapping[str, Unit] = {
    "Tail.share": "rate", "ViolationVersion.warn_from": "rate", "ViolationVersion.guard": "rate", "Cap.at_most": "points",
    "Item.start": "points", "Grade.at_least": "points", "ScoreVersion.out_of": "points", "PointsVersion.line": "points",
}  # fmt: skip


class Step(NamedTuple):
    """One step down into a pack: a field of a model (`of` its class), or an element of a list or mapping, with what it is
    called."""

    of: str
    name: str
    label: Words | None = None


@dataclass(frozen=True, slots=True)
class At:
    """Where the walk is. `models`: those it is inside of, the innermost last; `names`: what rules of cases are called."""

    pack: Pack
    steps: tuple[Step, ...] = ()
    models: tuple[BaseModel, ...] = ()
    names: Names = field(default_factory=dict)

    def field(self, model: BaseModel, name: str) -> "At":
        return replace(self, steps=(*self.steps, Step(type(model).__name__, name)), models=(*self.models, model))

    def element(self, name: str, each: object) -> "At":
        return replace(self, steps=(*self.steps, Step("", name, _label(each, name, self))))

    @property
    def unit(self) -> Unit:
        """In what the numbers here are counted."""
        field = next((each for each in reversed(self.steps) if each.of), None)
        if field is None:
            return ""
        named = f"{field.of}.{field.name}"
        reading = next((each for each in reversed(self.models) if isinstance(each, Reading)), None)
        if named in _OF_READING and reading is not None:
            return unit_of(reading, self.pack)
        if named == "Level.values":
            return _unit_of_value(self)
        return "days" if field.name in _DAYS else _UNITS.get(named, "")


class Leaf(NamedTuple):
    """One difference. `before` None: it was not there; `after` None: it is no more."""

    steps: tuple[Step, ...]
    before: object
    after: object
    unit: Unit
    packs: tuple[Pack, Pack]
    names: Names = MappingProxyType({})

    @property
    def kind(self) -> Kind:
        return "added" if self.before is None else "removed" if self.after is None else "changed"

    @property
    def is_text(self) -> bool:
        """Whether only words changed."""
        return any(each.of and each.name in TEXT for each in self.steps)


class Change(NamedTuple):
    """A difference of a named part of a pack. It holds from `since` (None: on all days) and until the day before `until`."""

    platform: str
    part: str
    name: str
    label: Words
    leaf: Leaf
    since: dt.date | None = None
    until: dt.date | None = None


def diff(before: Pack | None, after: Pack | None) -> Iterator[Change]:
    """Every change, in the order of the packs' parts. Tests are no part of the rules."""
    if before is None or after is None:
        present = after or before
        assert present is not None, "there is a pack on one side"
        yield Change(present.platform, "pack", "", present.label, _whole_leaf(before, after, (present, present)))
        return
    for name in ("label", "too_few_below", "reasons", "board"):
        at = At(after).field(after, name)
        yield from (
            Change(after.platform, "pack", "", after.label, leaf)
            for leaf in _walk(getattr(before, name), getattr(after, name), at, before)
        )
    for part in ("sets", "rules", "metrics"):
        yield from _named(part, getattr(before, part), getattr(after, part), before, after)
    for part in ("scores", "rights", "levels", "violations", "penalties", "points"):
        one, other = (_by_name(getattr(pack.judging, part)) for pack in (before, after))
        yield from _named(part, one, other, before, after)


def diff_cases(before: Casebook | None, after: Casebook | None, packs: tuple[Pack, Pack]) -> Iterator[Change]:
    """Every change of what is said of cases. A change holds for the cases that begin from its day on."""
    if before is None or after is None:
        present = after or before
        if present is not None:
            yield Change(present.platform, "cases", "", packs[1].label, _whole_leaf(before, after, packs))
        return
    names = {**_names(before), **_names(after)}
    for part in PARTS:
        yield from _named(part, getattr(before, part), getattr(after, part), *packs, names)


def differs(before: BaseModel, after: BaseModel, packs: tuple[Pack, Pack]) -> bool:
    """Whether two versions say something else, words apart."""
    found = _walk(before, after, At(packs[1]), packs[0])
    return before != after and any(not leaf.is_text for leaf in found)


def unit_of(reading: Reading, pack: Pack) -> Unit:
    """In what a reading's number is counted."""
    if reading.score is not None:
        return "points"
    if reading.take in ("ratio", "times_mean_shop"):
        return "times"
    metric = pack.metrics.get(key_of(reading.metric or ""))
    unit = metric.unit if metric else "count"
    if reading.take == "value":
        return unit
    return unit if unit in ("fen", "seconds") and reading.take == "numerator" else "count"


def _by_name(part: Any) -> Mapping[str, Any]:
    """Levels and points are one thing each, without a name."""
    return part if isinstance(part, Mapping) else {"": part} if part is not None else {}


def _names(book: Casebook) -> dict[str, Words]:
    """What its kinds, clocks, guards, sums, states and verbs are called; not a name that stands for several things."""
    flows = [version for each in book.flows.values() for version in each.versions]
    inside = [part for flow in flows for part in (flow.states, flow.verbs)]
    every: list[Mapping[str, Any]] = [book.flows, book.clocks, book.guards, book.amounts, *inside]
    called: dict[str, set[Words]] = {}
    for name, each in ((name, each) for part in every for name, each in part.items()):
        called.setdefault(name, set()).add(each.label)
    return {name: next(iter(labels)) for name, labels in called.items() if len(labels) == 1}


def _named(
    part: str,
    one: Mapping[Any, Any],
    other: Mapping[Any, Any],
    before: Pack,
    after: Pack,
    names: Names = MappingProxyType({}),
) -> Iterator[Change]:
    for key in dict.fromkeys((*one, *other)):
        old, new = one.get(key), other.get(key)
        if old == new:
            continue
        name = "/".join(filter(None, key)) if isinstance(key, tuple) else key
        present = new if new is not None else old
        label = getattr(present, "label", None) or Words(zh=name, en=name)
        head = Change(after.platform, part, name, label, _whole_leaf(old, new, (before, after)))
        if old is None or new is None:
            yield head._replace(since=present.versions[0].since if isinstance(present, Ruled | Metric) else None)
        else:
            yield from _inside(head, old, new, At(after, names=names), before)


def _whole_leaf(old: object, new: object, packs: tuple[Pack, Pack]) -> Leaf:
    return Leaf((), old, new, "", packs)


def _inside(head: Change, old: BaseModel, new: BaseModel, at: At, before: Pack) -> Iterator[Change]:
    """What changed within a thing that both have: its undated fields, then its versions."""
    for name in type(new).model_fields:
        if name != "versions":
            leaves = _walk(getattr(old, name), getattr(new, name), at.field(new, name), before)
            yield from (head._replace(leaf=leaf) for leaf in leaves)
    if isinstance(old, Ruled | Metric) and isinstance(new, Ruled | Metric):
        yield from _dated(head, old, new, at, before)


def _dated(head: Change, old: Ruled[Any] | Metric, new: Ruled[Any] | Metric, at: At, before: Pack) -> Iterator[Change]:
    """Day by day of the versions: each change from where it begins to where it is over."""
    held: dict[tuple[tuple[Step, ...], str, str], Change] = {}
    done: list[Change] = []
    begun = [{each.since for each in ruled.versions} for ruled in (old, new)]
    for day in sorted(begun[0] | begun[1]):
        leaves = {_said(leaf): leaf for leaf in _walk(old.at(day), new.at(day), at, before)}
        done += [change._replace(until=day) for key, change in held.items() if key not in leaves]
        fresh = {key: head._replace(leaf=leaf, since=day) for key, leaf in leaves.items() if key not in held}
        held = {key: held.get(key) or fresh[key] for key in leaves}
        if not leaves and (day in begun[0]) != (day in begun[1]):
            packs = (before, at.pack)
            old_day, new_day = (day if day in each else None for each in begun)
            leaf = Leaf((Step("Dated", "since"),), old_day, new_day, "", packs)
            done.append(head._replace(leaf=leaf, since=day))
    yield from sorted((*done, *held.values()), key=lambda change: change.since or dt.date.min)


def _said(leaf: Leaf) -> tuple[tuple[Step, ...], str, str]:
    return leaf.steps, repr(leaf.before), repr(leaf.after)


def _walk(before: object, after: object, at: At, old: Pack) -> Iterator[Leaf]:
    if before == after:
        return
    if _is_leaf(before, after, at):
        yield Leaf(at.steps, before, after, at.unit, (old, at.pack), at.names)
    elif isinstance(after, BaseModel):
        for name in type(after).model_fields:
            if not (name == "since" and isinstance(after, Dated | Version)):
                yield from _walk(getattr(before, name), getattr(after, name), at.field(after, name), old)
    else:
        one, other = _keyed(before), _keyed(after)
        for key in dict.fromkeys((*one, *other)):
            each = other.get(key, one.get(key))
            yield from _walk(one.get(key), other.get(key), at.element(key, each), old)


def _is_leaf(before: object, after: object, at: At) -> bool:
    """What is said as a whole: plain values, what has no counterpart, and what reads better so."""
    if before is None or after is None or type(before) is not type(after) or isinstance(after, _WHOLE):
        return True
    if isinstance(before, flowing.When) and isinstance(after, flowing.When):  # of two lists, what is in one of them alone
        return not any(getattr(before, how) and getattr(after, how) for how in ("all", "any", "none"))
    if at.steps and at.steps[-1].of and at.steps[-1].name in _WHOLE_FIELDS:
        return True
    return not isinstance(after, BaseModel | Mapping | Sequence) or isinstance(after, str)


def _keyed(many: Any) -> dict[str, Any]:
    """The elements of a mapping or list by what names them; a second one of a name is `name 2`."""
    if isinstance(many, Mapping):
        return {str(key): each for key, each in many.items()}
    found: dict[str, Any] = {}
    for each in many:
        name, number = _name(each), 1
        while (key := name if number == 1 else f"{name} {number}") in found:
            number += 1
        found[key] = each
    return found


def _name(each: object) -> str:
    """What an element of a list is known by, whatever its numbers."""
    if isinstance(each, Condition):
        return _signature(each)
    if isinstance(each, Cell):
        return each.severity if each.times is None else f"{each.severity} {each.times[0]}"
    if isinstance(each, Effect):
        return f"{each.kind}/{each.right}" if each.right else each.kind
    if isinstance(each, flowing.Effect):
        return inshort.named(each)
    if isinstance(each, flowing.When):
        return each.fact or inshort.condition(each)
    if isinstance(each, flowing.Extension):
        return each.first.isoformat()
    named: Iterable[tuple[type, str]] = (
        (Trigger, "name"), (ForCategory, "table"), (Narrower, "category"), (flowing.Timer, "clock"), (Deed, "verb"),
        (Need, "kind"),
    )  # fmt: skip
    field = next((field for kind, field in named if isinstance(each, kind)), None)
    return each.label.en if isinstance(each, Grade) else str(getattr(each, field) if field else each)


def _signature(test: Condition) -> str:
    """Which figure a condition is about, and what of it."""
    parts = test.all or test.any
    if parts:
        return f"{'all' if test.all else 'any'}({', '.join(map(_signature, parts))})"
    return " ".join(map(str, (test.metric or test.score, test.days, test.by, test.take, test.against)))


def _label(each: object, name: str, at: At) -> Words | None:
    """What an element is called: its own label, that of the metric it reads, or of the rule or metric it names."""
    label = getattr(each, "label", None)
    if isinstance(label, Words):
        return label
    if name in at.names:
        return at.names[name]
    metric = at.pack.metrics.get(key_of(each.metric)) if isinstance(each, Reading) and each.metric else None
    known = metric or at.pack.metrics.get(key_of(name)) or at.pack.rules.get(name)
    return known.label if known else None


def _unit_of_value(at: At) -> Unit:
    """Of a level's value: that of the metric which uses it up."""
    levels = next((each for each in at.models if isinstance(each, LevelsVersion)), None)
    metric = at.pack.metrics.get(key_of(levels.uses.get(at.steps[-1].name, ""))) if levels else None
    return metric.unit if metric else "count"
