"""The map of a flow: its ways, what is reached, what is known where, and which cases open and tell which."""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from tianping.policy.cases.casebook import Casebook
from tianping.policy.cases.flowing import ALWAYS, Effect, FlowVersion, Value, Verb, When
from tianping.policy.yamlio import Place

ORDER, PAYMENT = "order", "payment"
"""The two kinds that the program itself knows."""
UNDOING = ("reverse", "cancel", "recall")
"""The verbs by which a payment is undone, according to how far it has come."""


class Flow(NamedTuple):
    """One version of a kind's flow, and the first day on which it is not in force any more (None: it still is)."""

    kind: str
    number: int
    version: FlowVersion
    until: dt.date | None

    @property
    def place(self) -> Place:
        return ("flows", self.kind, "versions", self.number)

    def state(self, name: str) -> Place:
        return (*self.place, "states", name)

    def verb(self, name: str) -> Place:
        return (*self.place, "verbs", name)


class Way(NamedTuple):
    """From one state to another by a verb, where the test holds. An opening verb comes from ""."""

    verb: str
    before: str
    state: str
    when: When


class Opening(NamedTuple):
    """An effect by which a case becomes the parent of another, and what the child then surely knows."""

    flow: Flow
    verb: str
    number: int
    effect: Effect
    given: Mapping[str, Value]

    @property
    def place(self) -> Place:
        return (*self.flow.verb(self.verb), "effects", self.number)


def flows(book: Casebook, kind: str | None = None) -> Iterator[Flow]:
    """Every version of every flow, or of one kind's (none where there is no such kind)."""
    for name, flow in book.flows.items():
        if kind in (None, name):
            ends = [version.since for version in flow.versions[1:]]
            for index, version in enumerate(flow.versions):
                yield Flow(name, index, version, ends[index] if index < len(ends) else None)


def later(book: Casebook, flow: Flow, kind: str) -> Iterator[Flow]:
    """Versions that a case begun no earlier than one of `flow` may have: its children, and whoever came from it."""
    yield from (each for each in flows(book, kind) if each.until is None or each.until > flow.version.since)


def earlier(book: Casebook, flow: Flow, kind: str) -> Iterator[Flow]:
    """Versions that a case begun no later than one of `flow` may have: its order, its parent."""
    yield from (each for each in flows(book, kind) if flow.until is None or each.number == 0 or each.version.since < flow.until)


def ways(version: FlowVersion) -> Iterator[Way]:
    """Every way of a flow. A verb that names no state leads back to where it was."""
    for name, verb in version.verbs.items():
        for before in verb.from_ or ("",):
            if verb.to is None and before:
                yield Way(name, before, before, ALWAYS)
            for branch in verb.branches:
                yield Way(name, before, branch.state, branch.when)


def reached(version: FlowVersion, start: str = "", without: Collection[str] = ()) -> frozenset[str]:
    """The states that can be reached from a state, or by opening a case; without these verbs."""
    edges = [(way.before, way.state) for way in ways(version) if way.verb not in without]
    found, fresh = {start}, {start}
    while fresh:
        fresh = {state for before, state in edges if before in fresh} - found
        found |= fresh
    return frozenset(found - {""})


def guards(verb: Verb) -> Iterator[tuple[Place, str]]:
    """The guards that a verb and its ways name, each with where in the verb."""
    yield from ((("guards", index), name) for index, name in enumerate(verb.guards))
    for number, branch in enumerate(verb.branches):
        yield from ((("to", number, "guards", index), name) for index, name in enumerate(branch.guards))


def gives(verb: Verb) -> frozenset[str]:
    """The facts that a case may have from a verb."""
    return frozenset((*verb.takes, *verb.marks, *verb.signs, *verb.sets, *verb.copies, *verb.computes, *verb.adds))


def surely(verb: Verb) -> frozenset[str]:
    """The facts that a case has after a verb, whatever was handed in."""
    needed = (name for name, need in verb.takes.items() if need == "needed")
    return frozenset((*needed, *verb.marks, *verb.sets, *verb.computes, *verb.adds))


def _shown(when: When) -> frozenset[str]:
    """The facts that are known where a test holds."""
    if when.fact is not None:
        return frozenset({when.fact}) if when.known is not False and not isinstance(when.is_, bool) else frozenset()
    return frozenset().union(*map(_shown, when.all))


def known_in(version: FlowVersion) -> Mapping[str, frozenset[str]]:
    """The facts that a case surely has in each state: those that every way to it gives, or leaves."""
    every = frozenset().union(*(gives(verb) for verb in version.verbs.values()))
    known = {"": frozenset[str](), **dict.fromkeys(version.states, every)}
    moving = True
    while moving:
        moving = False
        for way in ways(version):
            have = known.get(way.before, every) | surely(version.verbs[way.verb]) | _shown(way.when)
            if way.state in known and not known[way.state] <= have:
                known[way.state], moving = known[way.state] & have, True
    return known


def openings(book: Casebook) -> Iterator[Opening]:
    """Every effect that opens a case as the child of another."""
    for flow in flows(book):
        for name, verb in flow.version.verbs.items():
            for index, effect in enumerate(verb.effects):
                given: dict[str, Value] = {**effect.sets, "parent.kind": flow.kind}
                if effect.open:
                    yield Opening(flow, name, index, effect, given)
                if effect.pay:
                    yield Opening(flow, name, index, effect, {**given, "purpose": effect.pay, "borne_by": effect.by})


def opened(opening: Opening) -> str:
    """The kind that it opens."""
    return opening.effect.open or PAYMENT


def effects(book: Casebook) -> Iterator[tuple[Flow, Place, Effect]]:
    """Every effect of every verb, and where it stands."""
    for flow in flows(book):
        for name, verb in flow.version.verbs.items():
            for index, effect in enumerate(verb.effects):
                yield flow, (*flow.verb(name), "effects", index), effect


def whom(book: Casebook, flow: Flow, effect: Effect) -> Iterator[Flow]:
    """The flows whose cases may be told by an effect of this one."""
    if effect.tell == "order":
        yield from earlier(book, flow, ORDER)
    if effect.tell == "cases":
        yield from (each for kind in book.flows if kind != ORDER for each in later(book, flow, kind))
    for opening in openings(book):
        kind = opened(opening)
        if effect.tell == "parent" and kind == flow.kind and weigh(effect.when, opening.given) is not False:
            yield opening.flow
        if effect.tell == "children" and opening.flow.kind == flow.kind and effect.kind in (None, kind):
            yield from later(book, flow, kind)


def named(flow: Flow) -> Mapping[str, frozenset[str]]:
    """The clocks, guards and amounts that a flow names."""
    verbs = flow.version.verbs.values()
    return {
        "clocks": frozenset(timer.clock for state in flow.version.states.values() for timer in state.timers),
        "guards": frozenset(name for verb in verbs for _, name in guards(verb)),
        "amounts": frozenset(name for verb in verbs for name in verb.computes.values()),
    }


def weigh(when: When, given: Mapping[str, Value]) -> bool | None:
    """Whether a test holds with these facts; None where that hangs on others."""
    if when == ALWAYS:
        return True
    if when.fact is not None:
        return _one(when, given)
    if when.all or when.any:
        found = [weigh(each, given) for each in when.all or when.any]
        settles = bool(when.any)
        return settles if settles in found else None if None in found else not settles
    found = [weigh(each, given) for each in when.none]
    return False if True in found else None if None in found else True


def _one(when: When, given: Mapping[str, Value]) -> bool | None:
    if when.fact is None or when.fact not in given:
        return None
    value = given[when.fact]
    if when.known is not None:
        return when.known
    if when.is_ is not None:
        return value == when.is_
    return value in when.in_ if when.in_ else None


def asked(when: When) -> Iterator[str]:
    """The facts that a test asks."""
    if when.fact is not None:
        yield when.fact
        yield from (line for line in (when.at_least, when.more_than, when.at_most, when.less_than) if isinstance(line, str))
    for each in (*when.all, *when.any, *when.none):
        yield from asked(each)
