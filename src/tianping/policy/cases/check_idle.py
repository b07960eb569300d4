"""What of a casebook nothing uses: names, versions in whose days nobody is, verbs that nobody does."""

import datetime as dt
from collections.abc import Iterator, Sequence

from tianping.errors import Fault
from tianping.policy.cases import flowmap
from tianping.policy.cases.casebook import SHARED_CASES, OpenedCasebook
from tianping.policy.cases.flowmap import PAYMENT, Flow, flows
from tianping.policy.yamlio import Place


def idle_own(opened: OpenedCasebook) -> Iterator[Fault]:
    """A name or a version that nothing uses is a mistake in waiting. What is shared may be used by other platforms."""
    yield from (fault for place, fault in _idle(opened) if not is_shared(opened, place[:2]))


def idle_shared(opened: Sequence[OpenedCasebook]) -> Iterator[Fault]:
    """What of the shared files none of these platforms uses."""
    idle = [{fault for place, fault in _idle(each) if is_shared(each, place[:2])} for each in opened]
    files = [{document.file for document in each.documents} for each in opened]
    for fault in dict.fromkeys(fault for found in idle for fault in sorted(found, key=lambda fault: (fault.file, fault.line))):
        if all(fault in found for found, read in zip(idle, files, strict=True) if fault.file in read):
            yield fault


def is_shared(opened: OpenedCasebook, place: Place) -> bool:
    """Whether what stands there comes from a shared file."""
    document = next((each for each in opened.documents if place in each.lines), opened.documents[0])
    return document.file.startswith(f"shared/{SHARED_CASES.name}/")


def _idle(opened: OpenedCasebook) -> Iterator[tuple[Place, Fault]]:
    for part in ("clocks", "guards", "amounts"):
        for name, each in getattr(opened.book, part).items():
            uses = [flow for flow in flows(opened.book) if name in flowmap.named(flow)[part]]
            place: Place = (part, name)
            if not uses:
                yield place, opened.fault(place, f'no flow uses "{name}" of {part}', "use it or take it out")
                continue
            ends = [version.since for version in each.versions[1:]]
            for index, until in enumerate([*ends, None]):
                if not any(_meets(flow, each.versions[index].since if index else dt.date.min, until) for flow in uses):
                    at = (*place, "versions", index)
                    yield at, opened.fault(at, f'in the days of this version no flow uses "{name}"', "use it or take it out")
    yield from _unsaid(opened)


def _meets(flow: Flow, since: dt.date, until: dt.date | None) -> bool:
    begins = flow.version.since if flow.number else dt.date.min
    return (until is None or begins < until) and (flow.until is None or since < flow.until)


def _unsaid(opened: OpenedCasebook) -> Iterator[tuple[Place, Fault]]:
    """Verbs that only another case or the clock can do, and neither is ever told to."""
    told = {
        (each.kind, effect.verb)
        for flow, _, effect in flowmap.effects(opened.book)
        for each in flowmap.whom(opened.book, flow, effect)
        if effect.tell
    }
    told |= {(PAYMENT, verb) for _, _, effect in flowmap.effects(opened.book) if effect.undo for verb in flowmap.UNDOING}
    opened_kinds = {flowmap.opened(opening) for opening in flowmap.openings(opened.book)}
    for flow in flows(opened.book):
        passes = {timer.passes for state in flow.version.states.values() for timer in state.timers}
        for name, verb in flow.version.verbs.items():
            possible = (flow.kind, name) in told or (not verb.from_ and flow.kind in opened_kinds)
            if set(verb.who) <= {"system", "clock"} and not possible and name not in passes:
                place = flow.verb(name)
                yield (
                    place,
                    opened.fault(place, f'nothing ever does "{name}"', "tell it, let a timer pass to it, or take it out"),
                )
