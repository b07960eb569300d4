"""The facts that a casebook names: each is there, of the right type, and given by some verb where a test asks for it."""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from tianping.errors import Fault, did_you_mean
from tianping.policy.cases import flowmap
from tianping.policy.cases.casebook import OpenedCasebook
from tianping.policy.cases.casefacts import FACTS, Type
from tianping.policy.cases.flowing import COMPARISONS, SUM, Effect, Value, Verb, When
from tianping.policy.cases.flowmap import ORDER, Flow, flows
from tianping.policy.yamlio import Place

_HEADS = ("order", "parent", "shop")
_SPANS = ("since", "midnight", "days", "months")
_PRICES = ("price", "cost")
_SUMS = (
    "left_fen",
    "left_goods_fen",
    "left_coupons_fen",
    "left_differences_fen",
    "left_freight_fen",
    "unclaimed_fen",
    "unasked_fen",
)
_COUNTS = ("left_quantity", "unrefunded_quantity", "unclaimed_quantity", "whole_quantity")
_DERIVED: Mapping[str, Type] = {
    **{f"order.{name}": "fen" for name in _SUMS},
    **{f"order.{name}": "int" for name in _COUNTS},
}
_NUMBERS: tuple[Type, ...] = ("int", "fen")
_TIME: tuple[Type, ...] = ("time",)
_FEN: tuple[Type, ...] = ("fen",)
_BOOL: tuple[Type, ...] = ("bool",)
_TEXT: tuple[Type, ...] = ("text",)
_OF: Mapping[type, tuple[Type, ...]] = {bool: _BOOL, int: _NUMBERS, str: _TEXT}


class Use(NamedTuple):
    """A fact where a pack names it, and the types that fit there (none: any). `own`: only a fact of the case itself."""

    place: Place
    fact: str
    types: Collection[Type] = ()
    own: bool = False


def check(opened: OpenedCasebook) -> list[Fault]:
    """All faults of a casebook's facts."""
    return [*_facts_are_there(opened), *_tests_compare_like(opened), *_asked_facts_are_given(opened)]


def type_of(name: str) -> Type | None:
    """The type of a fact, with whatever stands before it; None where there is no such fact."""
    head, _, rest = name.partition(".")
    if name in _DERIVED:
        return _DERIVED[name]
    if head in _SPANS and rest:
        return "int" if type_of(rest) == "time" else None
    if head in _PRICES and rest:
        return "fen" if type_of(rest) == "int" else None
    return FACTS.get(rest) if head in _HEADS else FACTS.get(name)


def _fault(opened: OpenedCasebook, place: Place, name: str) -> Fault:
    head, _, rest = name.partition(".")
    if head in _SPANS and type_of(rest):
        return opened.fault(place, f'"{rest}" is a {type_of(rest)}; only of a time is it said how long ago it was')
    return opened.fault(place, f'no fact "{name}"', did_you_mean(name.rpartition(".")[2], list(FACTS)))


def _facts_are_there(opened: OpenedCasebook) -> Iterator[Fault]:
    for use in _uses(opened):
        type_ = type_of(use.fact)
        if type_ is None:
            yield _fault(opened, use.place, use.fact)
        elif use.own and use.fact not in FACTS:
            yield opened.fault(use.place, f'"{use.fact}" is not a fact of the case itself', "only its own facts can be changed")
        elif use.types and type_ not in use.types:
            yield opened.fault(use.place, f'"{use.fact}" is a {type_}', f"{' or '.join(use.types)} is needed here")


def _uses(opened: OpenedCasebook) -> Iterator[Use]:
    for flow in flows(opened.book):
        for name, state in flow.version.states.items():
            for fact, value in state.sets.items():
                yield Use((*flow.state(name), "sets", fact), fact, _OF[type(value)], own=True)
            for index, timer in enumerate(state.timers):
                if timer.since:
                    yield Use((*flow.state(name), "timers", index, "since"), timer.since, _TIME)
        for name, verb in flow.version.verbs.items():
            yield from _of_verb(flow.verb(name), verb)
    yield from _sums(opened)
    yield from _said(opened)


def _said(opened: OpenedCasebook) -> Iterator[Use]:
    """The sums that refusals name."""
    for name, guard in opened.book.guards.items():
        for index, version in enumerate(guard.versions):
            for lang in ("zh", "en"):
                place = ("guards", name, "versions", index, "refusal", lang)
                yield from (Use(place, fact, _FEN) for fact in SUM.findall(getattr(version.refusal, lang)))


def _sums(opened: OpenedCasebook) -> Iterator[Use]:
    for name, amount in opened.book.amounts.items():
        for index, version in enumerate(amount.versions):
            for number, part in enumerate(version.parts):
                place = ("amounts", name, "versions", index, "parts", number)
                named = ((key, getattr(part, key), types) for key, types in _SHARES.items())
                yield from (Use((*place, key), fact, types) for key, fact, types in named if fact)


_SHARES: Mapping[str, tuple[Type, ...]] = {"of": _NUMBERS, "times": _NUMBERS, "over": _NUMBERS, "at_most": _NUMBERS}
_TAKEN: Mapping[str, tuple[Type, ...]] = {
    "takes": (),
    "marks": _TIME,
    "signs": _TEXT,
    "copies": (),
    "computes": _NUMBERS,
    "adds": _NUMBERS,
    "clears": (),
}
"""What a verb says of its case's own facts, and their types."""


def _of_verb(place: Place, verb: Verb) -> Iterator[Use]:
    for key, types in _TAKEN.items():
        for index, fact in enumerate(getattr(verb, key)):
            yield Use((*place, key, index if key in ("marks", "signs", "clears") else fact), fact, types, own=True)
    for fact, value in verb.sets.items():
        yield Use((*place, "sets", fact), fact, _OF[type(value)], own=True)
    for fact, of in verb.copies.items():
        yield Use((*place, "copies", fact), of, _like(fact))
    for fact, added in verb.adds.items():
        if isinstance(added, str):
            yield Use((*place, "adds", fact), added.removeprefix("-"), _NUMBERS)
    for index, effect in enumerate(verb.effects):
        yield from _of_effect((*place, "effects", index), effect)


def _of_effect(place: Place, effect: Effect) -> Iterator[Use]:
    if effect.fen:
        yield Use((*place, "fen"), effect.fen, _FEN)
    for fact, of in effect.gives.items():
        yield Use((*place, "gives", fact), fact, own=True)
        yield Use((*place, "gives", fact), of, _like(fact))
    for fact, value in effect.sets.items():
        yield Use((*place, "sets", fact), fact, _OF[type(value)], own=True)


def _like(fact: str) -> tuple[Type, ...]:
    """What may become this fact: a thing of its type. A sum may get its value from any sum."""
    return (FACTS[fact],) if fact in FACTS else ()


# Tests


def _tests_compare_like(opened: OpenedCasebook) -> Iterator[Fault]:
    for place, test in tests(opened):
        for part in _parts(test):
            yield from _one(opened, place, part)


def tests(opened: OpenedCasebook) -> Iterator[tuple[Place, When]]:
    """Every condition of a casebook's flows, clocks, guards, amounts and rules that act by themselves."""
    for flow in flows(opened.book):
        yield from _of_flow(flow)
    for name, clock in opened.book.clocks.items():
        for index, version in enumerate(clock.versions):
            for number, time in enumerate(version.times):
                yield ("clocks", name, "versions", index, "times", number, "when"), time.when
    for name, guard in opened.book.guards.items():
        for index, guarded in enumerate(guard.versions):
            yield ("guards", name, "versions", index, "holds"), guarded.holds
    for name, amount in opened.book.amounts.items():
        for index, summed in enumerate(amount.versions):
            for number, part in enumerate(summed.parts):
                yield ("amounts", name, "versions", index, "parts", number, "when"), part.when
    yield from _of_rules(opened)


def _of_rules(opened: OpenedCasebook) -> Iterator[tuple[Place, When]]:
    for name, rule in opened.book.automation.items():
        for index, version in enumerate(rule.versions):
            place: Place = ("automation", name, "versions", index)
            yield (*place, "when"), version.when
            yield from (((*place, "does", number, "when"), deed.when) for number, deed in enumerate(version.does))


def _of_flow(flow: Flow) -> Iterator[tuple[Place, When]]:
    for name, state in flow.version.states.items():
        for index, timer in enumerate(state.timers):
            yield (*flow.state(name), "timers", index, "runs_while"), timer.runs_while
    for name, verb in flow.version.verbs.items():
        for index, branch in enumerate(verb.branches):
            yield (*flow.verb(name), "to", index, "when"), branch.when
        for index, effect in enumerate(verb.effects):
            yield (*flow.verb(name), "effects", index, "when"), effect.when


def _parts(test: When) -> Iterator[When]:
    if test.fact is not None:
        yield test
    for each in (*test.all, *test.any, *test.none):
        yield from _parts(each)


def _one(opened: OpenedCasebook, place: Place, test: When) -> Iterator[Fault]:
    assert test.fact is not None
    type_ = type_of(test.fact)
    if type_ is None:
        yield _fault(opened, place, test.fact)
        return
    yield from (opened.fault(place, said) for said in _unlike(test))
    for name in COMPARISONS:
        line = getattr(test, name)
        if isinstance(line, str) and type_of(line) is None:
            yield _fault(opened, place, line)


def faults_of(test: When) -> Iterator[str]:
    """What a condition by itself compares that is not alike; unknown facts are passed over."""
    for part in _parts(test):
        yield from _unlike(part)


def _unlike(test: When) -> Iterator[str]:
    type_ = type_of(test.fact or "")
    if type_ is None:
        return
    values: list[Value] = [*test.in_, *([] if test.is_ is None else [test.is_])]
    for value in values:
        if type_ not in _OF[type(value)]:
            yield f'"{test.fact}" is a {type_}, never {value!r}'
    for name in COMPARISONS:
        line = getattr(test, name)
        like: Type | None = "int" if isinstance(line, int) else type_of(line) if line else None
        if like is not None and type_ not in (_NUMBERS if isinstance(line, int) else (like,)):
            yield f'"{test.fact}" is a {type_} and cannot be compared with {line}'


# Who gives what is asked


def _asked_facts_are_given(opened: OpenedCasebook) -> Iterator[Fault]:
    """A test of a fact that nothing gives never comes out otherwise: a rule that is not one."""
    for flow in flows(opened.book):
        own = _given(flow)
        order = frozenset().union(*(_given(each) for each in flowmap.earlier(opened.book, flow, ORDER)))
        parents = [_given(each.flow) for each in flowmap.openings(opened.book) if flowmap.opened(each) == flow.kind]
        around = {"": own, "order": order, "parent": frozenset({"kind"}).union(*parents)}
        for place, fact in _asked_of(opened, flow):
            head, _, base = _bare(fact).rpartition(".")
            if type_of(fact) and fact not in _DERIVED and head in around and base not in around[head]:
                whose = {"": f"a {flow.kind}", "order": "an order"}.get(head, f"the parent of a {flow.kind}")
                yield opened.fault(place, f'no verb gives {whose} the fact "{base}", which is asked here')


def _given(flow: Flow) -> frozenset[str]:
    return frozenset({"kind"}).union(*(flowmap.gives(verb) for verb in flow.version.verbs.values()))


def _bare(fact: str) -> str:
    head, _, rest = fact.partition(".")
    return _bare(rest) if head in (*_SPANS, *_PRICES) else fact


def _asked_of(opened: OpenedCasebook, flow: Flow) -> Iterator[tuple[Place, str]]:
    """The facts that a flow, its clocks, guards and amounts ask for, and where."""
    for place, test in _of_flow(flow):
        yield from ((place, fact) for fact in flowmap.asked(test))
    names = flowmap.named(flow)
    for use in (*_uses_of(flow), *(use for use in _sums(opened) if use.place[1] in names["amounts"])):
        if not use.own:
            yield use.place, use.fact
    for part, named in names.items():
        for place, test in tests(opened):
            if place[0] == part and place[1] in named:
                yield from ((place, fact) for fact in flowmap.asked(test))


def _uses_of(flow: Flow) -> Iterator[Use]:
    for name, verb in flow.version.verbs.items():
        yield from _of_verb(flow.verb(name), verb)
