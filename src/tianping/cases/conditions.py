"""Tests of facts (`policy.flowing.When`), weighed. Time is an argument."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tianping.cases.case import Facts
from tianping.periods import day_start, to_wall
from tianping.policy.flowing import When

_NONE: Facts = {}
_COMPARES: Mapping[str, Callable[[Any, Any], bool]] = {
    "at_least": lambda value, line: value >= line,
    "more_than": lambda value, line: value > line,
    "at_most": lambda value, line: value <= line,
    "less_than": lambda value, line: value < line,
}


@dataclass(frozen=True, slots=True)
class Known:
    """All that a test may ask at `at`: facts of the case, its order, its parent, its shop, and what time makes of them."""

    at: dt.datetime
    own: Facts
    order: Facts = field(default_factory=dict)
    parent: Facts = field(default_factory=dict)
    shop: Callable[[str], Any] = _NONE.get
    zone: str = "Asia/Shanghai"

    def get(self, name: str) -> Any:
        """The value of a fact; None where it is unknown."""
        head, _, rest = name.partition(".")
        if not rest:
            return self.own.get(name)
        if head == "since":
            start = self.get(rest)
            return None if start is None else int((self.at - start).total_seconds())
        if head == "midnight":
            start = self.get(rest)
            return None if start is None else int((self.at - day_after(start, self.zone)).total_seconds())
        if head == "shop":
            return self.shop(rest)
        facts = {"order": self.order, "parent": self.parent}.get(head, _NONE)
        return _left(facts) if rest == "left_fen" else facts.get(rest)


def _left(order: Facts) -> int:
    """What was paid for an order, goods and freight, and not yet given back or promised."""
    paid = order.get("amount_fen", 0) + order.get("freight_fen", 0) if order.get("paid_at") or order.get("cod") else 0
    return int(paid - order.get("refunded_fen", 0))


def day_after(start: dt.datetime, zone: str) -> dt.datetime:
    """00:00 of the day after `start`, in the zone, as an instant."""
    return day_start(to_wall(start, zone).date() + dt.timedelta(days=1), zone)


def holds(test: When, known: Known) -> bool:
    """Whether the test holds. An unknown boolean is false; any other unknown fact passes no test but `known: false`."""
    if test.fact is not None:
        return _one(test, known)
    if test.all:
        return all(holds(each, known) for each in test.all)
    if test.any:
        return any(holds(each, known) for each in test.any)
    return not any(holds(each, known) for each in test.none)


def _one(test: When, known: Known) -> bool:
    assert test.fact is not None
    value = known.get(test.fact)
    if test.known is not None:
        return (value is not None) == test.known
    if isinstance(test.is_, bool):
        return bool(value) == test.is_
    if value is None:
        return False
    if test.is_ is not None:
        return bool(value == test.is_)
    if test.in_:
        return value in test.in_
    for name, compares in _COMPARES.items():
        line = getattr(test, name)
        if line is not None:
            against = known.get(line) if isinstance(line, str) else line
            return against is not None and compares(value, against)
    raise AssertionError("a test asks one thing")
