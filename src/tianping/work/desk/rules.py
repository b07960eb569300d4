"""Merchants' own rules: made, tried on past cases, switched on and off. What a rule may do, the platform's pack says."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from tianping.errors import NotFound, did_you_mean
from tianping.policy.cases.automation import OwnRule
from tianping.policy.cases.casebook import Casebook
from tianping.policy.cases.check_casefacts import faults_of, type_of
from tianping.policy.cases.flowing import FlowVersion
from tianping.policy.cases.flowmap import asked
from tianping.store.desk import rules
from tianping.store.desk.rules import Row
from tianping.work.desk.handed import FactsRefused, clean
from tianping.work.people.trail import Doer, leave

MOST = 50
"""Rules of a shop."""
LONGEST = 120
"""Characters of a rule's name."""
DEEPEST = 20
"""How deep the parts of a rule may stand within one another."""
MOST_SAID = 20_000
"""Characters of a rule as JSON."""
PERSONAL = frozenset({
    "buyer_id", "purchase_id", "reason_text", "contact_text", "return_contact", "address", "pickup_address", "waybill",
    "return_waybill", "reship_waybill", "talk", "note", "appeal_text",
})  # fmt: skip
"""What names a buyer, or is in a buyer's words: no rule picks people, and none keeps what must be erased."""
_HEADS = ("shop", "parent")
"""What a merchant's own rule asks nothing of: its own standing, and cases that a case came from."""


class RuleRefused(FactsRefused):
    """A rule that cannot be; every fault of it, with where it is."""


def read(book: Casebook, given: Mapping[str, Any]) -> OwnRule:
    """A rule from JSON, sound by the platform's book. Raises RuleRefused."""
    try:
        if len(said := json.dumps(given, default=str, ensure_ascii=False)) > MOST_SAID or not clean(said) or "\\u0000" in said:
            raise RuleRefused((f"a rule has at most {MOST_SAID} characters, and none that no text has",))
        if _depth(given) > DEEPEST:
            raise RuleRefused((f"when: tests stand within tests more than {DEEPEST} deep",))
        rule = OwnRule.model_validate(given)
    except ValidationError as error:
        faults = (f"{'.'.join(map(str, each['loc']))}: {each['msg'].removeprefix('Value error, ')}" for each in error.errors())
        raise RuleRefused(tuple(faults)) from None
    except RecursionError:
        raise RuleRefused(("when: tests stand too deep within tests",)) from None
    if wrong := tuple(_faults(book, rule)):
        raise RuleRefused(wrong)
    return rule


def _depth(given: Any) -> int:
    """How deep things stand within one another. Raises RecursionError."""
    inner = given.values() if isinstance(given, Mapping) else given if isinstance(given, list) else ()
    return 1 + max(map(_depth, inner), default=0)


def _faults(book: Casebook, rule: OwnRule) -> Iterator[str]:
    own = {name: each for name, each in book.automation.items() if each.versions[-1].own != "no"}
    if rule.of not in own:
        yield f'of: no rule of {book.platform} leaves anything to "{rule.of}"; {did_you_mean(rule.of, list(own))}'
        return
    deeds = own[rule.of].versions[-1].does
    for kind in rule.kinds:
        for state in rule.states:
            if not any(rule.verb == deed.verb and kind in deed.kinds and state in deed.states for deed in deeds):
                can = "; ".join(f"{deed.verb} {', '.join(deed.kinds)} in {', '.join(deed.states)}" for deed in deeds)
                yield f'verb: "{rule.of}" does not {rule.verb} {kind} in {state}; it can {can}'
    yield from _untold(book, rule)


def _untold(book: Casebook, rule: OwnRule) -> Iterator[str]:
    """Facts that there are not, or that a merchant's rule does not ask; and comparisons of unlike things."""
    for fact in dict.fromkeys(asked(rule.when)):
        if type_of(fact) is None or set(fact.split(".")) & {*_HEADS, *PERSONAL}:
            yield f'when: no fact "{fact}" that a rule can ask; {did_you_mean(fact.rpartition(".")[2], _near(book, rule))}'
    yield from (f"when: {said}" for said in faults_of(rule.when))


def _near(book: Casebook, rule: OwnRule) -> list[str]:
    versions = [version for kind in rule.kinds if kind in book.flows for version in book.flows[kind].versions]
    return sorted({name for version in versions for name in _facts(version)})


def _facts(version: FlowVersion) -> Iterator[str]:
    for verb in version.verbs.values():
        yield from (fact for fact in (*verb.takes, *verb.marks, *verb.copies) if fact not in PERSONAL)


def add(connection: Connection, book: Casebook, doer: Doer, shop: str, name: str, given: Mapping[str, Any]) -> Row:
    """A new rule, switched off. Raises RuleRefused."""
    rule = read(book, given)
    if not 0 < len(name.strip()) <= LONGEST or not clean(name):
        raise RuleRefused((f"name: give it one of at most {LONGEST} characters",))
    if rules.count(connection, shop) >= MOST:
        raise RuleRefused((f"a shop has at most {MOST} rules",))
    if any(row.name == name for row in rules.of_shop(connection, shop)):
        raise RuleRefused((f'name: there is a rule "{name}" of this shop already',))
    said = rule.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    try:
        id_ = rules.add(connection, shop, name, said, doer.account_id, doer.at)
    except IntegrityError:
        raise RuleRefused((f'name: there is a rule "{name}" of this shop already',)) from None
    leave(connection, doer, "rule_new", f"rule {id_}", shop=shop, of=rule.of, verb=rule.verb)
    return _there(connection, id_)


def listing(connection: Connection, shop: str) -> list[Row]:
    """All of a shop's, oldest first: in this order they are asked."""
    return list(rules.of_shop(connection, shop))


def one(connection: Connection, id_: int) -> Row:
    """Raises NotFound."""
    return _there(connection, id_)


def switch(connection: Connection, doer: Doer, id_: int, *, on: bool) -> Row:
    """Have it act, or no longer. Cases that are open see it at their next change. Raises NotFound."""
    row = _there(connection, id_)
    rules.turn(connection, id_, doer.at, on=on)
    leave(connection, doer, "rule_switch", f"rule {id_}", shop=row.shop_id, on=on)
    return _there(connection, id_)


def _there(connection: Connection, id_: int) -> Row:
    row = rules.get(connection, id_)
    if row is None:
        raise NotFound(f'there is no rule "{id_}" here')
    return row
