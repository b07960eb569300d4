"""Worklists: the subjects a person should look at first, without a verdict."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tianping.assess.finding import Figures, Finding, Subject, Taken, take
from tianping.assess.trigger import gates_hold
from tianping.policy.judging import Trigger


class Listed(NamedTuple):
    """A subject on a worklist, and what put it there."""

    subject: Subject
    taken: Taken
    gates: tuple[Finding, ...] = ()


def worklist(trigger: Trigger, subjects: Sequence[Subject], figures: Figures) -> Iterator[Listed]:
    """Those for which the gates hold and there is something to look at (a reading above 0), the greatest first, then the
    smaller id, at most so many. Cadence is the caller's."""
    assert trigger.worklist is not None, f'"{trigger.name}" is no worklist'
    listed = []
    for subject in subjects:
        gates = gates_hold(trigger.when, subject, figures)
        taken = take(trigger.worklist, subject, figures)
        if gates is not None and taken.value is not None and taken.value > 0:
            listed.append((-taken.value, subject.product or subject.shop, Listed(subject, taken, gates)))
    listed.sort(key=lambda each: each[:2])
    yield from (one for *_, one in listed[: trigger.worklist.limit])
