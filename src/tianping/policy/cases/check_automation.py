"""Rules that act by themselves, proved: what they do can be done, by them, at the cost they name; standings name violations."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import NamedTuple

from tianping.errors import Fault, did_you_mean
from tianping.policy.cases.automation import AutomationVersion, Deed
from tianping.policy.cases.casebook import OpenedCasebook
from tianping.policy.cases.casefacts import FACTS
from tianping.policy.cases.flowing import FlowVersion, Verb
from tianping.policy.yamlio import Place


class _Deed(NamedTuple):
    place: Place
    rule: AutomationVersion
    deed: Deed
    kind: str
    flow: FlowVersion


def check_automation(opened: OpenedCasebook, violations: Mapping[str, Collection[str]]) -> list[Fault]:
    """All faults of a casebook's rules. `violations`: those of each platform whose pack could be read."""
    faults = [fault for one in CHECKS for fault in one(opened)]
    known = violations.get(opened.book.platform)
    return list(dict.fromkeys([*faults, *(() if known is None else standings_name_violations(opened, known))]))


def _deeds(opened: OpenedCasebook) -> Iterator[_Deed]:
    """With every version of every flow that there is; a kind that a platform has not is nobody's case."""
    for name, rule in opened.book.automation.items():
        for index, version in enumerate(rule.versions):
            for number, deed in enumerate(version.does):
                place: Place = ("automation", name, "versions", index, "does", number)
                for kind in deed.kinds:
                    flows = opened.book.flows.get(kind)
                    yield from (_Deed(place, version, deed, kind, flow) for flow in (flows.versions if flows else ()))


def deeds_are_possible(opened: OpenedCasebook) -> Iterator[Fault]:
    """The verb is there, for whom the rule acts as, from these states, with nothing to hand in."""
    for each in _deeds(opened):
        verb = each.flow.verbs.get(each.deed.verb)
        if verb is None:
            now = did_you_mean(each.deed.verb, list(each.flow.verbs))
            yield opened.fault((*each.place, "verb"), f'{each.kind} has no verb "{each.deed.verb}"', now)
            continue
        if each.rule.part not in verb.who:
            yield opened.fault((*each.place, "verb"), f'"{each.deed.verb}" of {each.kind} is not for {each.rule.part}')
        needed = [name for name, need in verb.takes.items() if need == "needed"]
        if needed:
            yield opened.fault((*each.place, "verb"), f'a rule has no {", ".join(needed)} to hand in for "{each.deed.verb}"')
        yield from _states(opened, each, verb)


def _states(opened: OpenedCasebook, each: _Deed, verb: Verb) -> Iterator[Fault]:
    for number, state in enumerate(each.deed.states):
        place = (*each.place, "states", number)
        if state not in each.flow.states:
            yield opened.fault(place, f'{each.kind} has no state "{state}"', did_you_mean(state, list(each.flow.states)))
        elif state not in verb.from_:
            yield opened.fault(place, f'"{each.deed.verb}" of {each.kind} cannot be done in "{state}"')


def costs_are_as_said(opened: OpenedCasebook) -> Iterator[Fault]:
    """The money that follows from the verb is borne by whom the rule names."""
    for each in _deeds(opened):
        verb = each.flow.verbs.get(each.deed.verb)
        bearers = {effect.by for effect in verb.effects if effect.pay} if verb else set()
        if bearers - {each.rule.borne_by}:
            what = f'what "{each.deed.verb}" of {each.kind} pays is borne by {", ".join(sorted(bearers))}'
            yield opened.fault(each.place, what, f"say so, or do something else: borne_by is {each.rule.borne_by}")


def kinds_are_there(opened: OpenedCasebook) -> Iterator[Fault]:
    for name, rule in opened.book.automation.items():
        for index, version in enumerate(rule.versions):
            for number, deed in enumerate(version.does):
                for at, kind in enumerate(deed.kinds):
                    if kind not in opened.book.flows:
                        place = ("automation", name, "versions", index, "does", number, "kinds", at)
                        yield opened.fault(place, f'no flow "{kind}"', did_you_mean(kind, list(opened.book.flows)))


def standings_are_facts(opened: OpenedCasebook) -> Iterator[Fault]:
    for name in opened.book.standings:
        if FACTS.get(name) != "bool":
            yes_no = [fact for fact, type_ in FACTS.items() if type_ == "bool"]
            yield opened.fault(("standings", name), f'no fact "{name}" that is true or not', did_you_mean(name, yes_no))


def standings_name_violations(opened: OpenedCasebook, violations: Collection[str]) -> Iterator[Fault]:
    for name, standing in opened.book.standings.items():
        for index, version in enumerate(standing.versions):
            for number, violation in enumerate(version.violations):
                if violation not in violations:
                    place = ("standings", name, "versions", index, "violations", number)
                    yield opened.fault(place, f'no violation "{violation}"', did_you_mean(violation, list(violations)))


CHECKS: tuple[Callable[[OpenedCasebook], Iterator[Fault]], ...] = (
    deeds_are_possible, costs_are_as_said, kinds_are_there, standings_are_facts
)  # fmt: skip
