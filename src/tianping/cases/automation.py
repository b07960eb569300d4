"""Rules that act by themselves: which of them would act on a case now, and how. Pure; what they do is an ordinary verb."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tianping.cases.case import Act, Case, Doer
from tianping.cases.conditions import Known, holds
from tianping.policy.cases.automation import ORDER, AutomationVersion, Deed, OwnRule
from tianping.policy.cases.casebook import Casebook

BY_HAND = "by_hand"
"""The fact of a case that a person has taken out of the rules' hands: none acts on it any more."""
OWN_RULES = "rules"
"""Under this name the facts of a shop hold the merchant's own rules that are switched on. No pack can ask for it."""


class Own(NamedTuple):
    """A merchant's own rule, switched on, by its name."""

    name: str
    rule: OwnRule


def acts(book: Casebook, case: Case, known: Known) -> Iterator[Act]:
    """What rules would do to a case now, the first in line first. Each is to be tried; what a guard refuses is not done."""
    if case.facts.get(BY_HAND):
        return
    for name, version in _in_line(book, case):
        for deed in version.does:
            if _fits(deed, case) and _weighed(version, deed, known):
                for own in _own(name, version, deed, case, known):
                    yield Act(deed.verb, Doer(version.part, None, named(book.platform, name, version, own)))


def named(platform: str, name: str, version: AutomationVersion, own: str = "") -> str:
    """How an event names a rule: `kuaishou/instant_refund 2010-01-01`, a merchant's own with its name behind."""
    return f"{platform}/{name} {version.since}" + (f": {own}" if own else "")


def _in_line(book: Casebook, case: Case) -> Iterator[tuple[str, AutomationVersion]]:
    """Rules for cases as this one stands: the platform's, then those that a switch turns on, then the merchant's own; as the
    case's day has them."""
    versions = ((name, rule.at(case.began)) for name, rule in book.automation.items())
    fitting = [each for each in versions if any(_fits(deed, case) for deed in each[1].does)]
    yield from sorted(fitting, key=lambda each: ORDER.index(each[1].own))


def _fits(deed: Deed | OwnRule, case: Case) -> bool:
    return case.state in deed.states and case.kind in deed.kinds


def _weighed(version: AutomationVersion, deed: Deed, known: Known) -> bool:
    """The switch last: it asks the database."""
    if not (holds(deed.when, known) and holds(version.when, known)):
        return False
    return not version.needs or bool(known.get(f"shop.{version.needs}"))


def _own(name: str, version: AutomationVersion, deed: Deed, case: Case, known: Known) -> Sequence[str]:
    """The merchant's own rule by which it acts ("": it needs none); none: it does not."""
    if version.own == "no":
        return ("",)
    theirs = [own for own in known.get(f"shop.{OWN_RULES}") or () if own.rule.of == name]
    if not theirs and version.own == "may":
        return ("",)
    return [own.name for own in theirs if _decides(own.rule, deed, case, known)][:1]


def _decides(rule: OwnRule, deed: Deed, case: Case, known: Known) -> bool:
    return rule.verb == deed.verb and _fits(rule, case) and holds(rule.when, known)
