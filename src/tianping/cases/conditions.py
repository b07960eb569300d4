"""Tests of facts (`policy.cases.flowing.When`), weighed. Time is an argument."""

import datetime as dt
from calendar import monthrange
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tianping.cases.case import NO_FACTS, Facts
from tianping.periods import day_start, to_wall
from tianping.policy.cases.flowing import ALWAYS, When

_COMPARES: Mapping[str, Callable[[Any, Any], bool]] = {
    "at_least": lambda value, line: value >= line,
    "more_than": lambda value, line: value > line,
    "at_most": lambda value, line: value <= line,
    "less_than": lambda value, line: value < line,
}


class Known(NamedTuple):
    """All that a test may ask at `at`: facts of the case, its order, its parent, its shop, and what time makes of them."""

    at: dt.datetime
    own: Facts
    order: Facts = NO_FACTS
    parent: Facts = NO_FACTS
    shop: Callable[[str], Any] = NO_FACTS.get
    zone: str = "Asia/Shanghai"

    def get(self, name: str) -> Any:
        """The value of a fact; None where it is unknown."""
        if "." not in name:
            return self.own.get(name)
        head, _, rest = name.partition(".")
        if head in _SPANS:
            start = self.get(rest)
            return None if start is None else _SPANS[head](start, self.at, self.zone)
        if head in _PRICES:
            return _PRICES[head](self.order, self.get(rest))
        if head == "shop":
            return self.shop(rest)
        facts = {"order": self.order, "parent": self.parent}.get(head, NO_FACTS)
        return _LEFT[rest](facts) if rest in _LEFT else facts.get(rest)


def _left(order: Facts) -> int:
    """What was paid for an order, goods and freight, and not yet given back or promised."""
    paid = order.get("amount_fen", 0) + order.get("freight_fen", 0) if order.get("paid_at") or order.get("cod") else 0
    return int(paid - order.get("refunded_fen", 0))


def _left_goods(order: Facts) -> int:
    """The same without postage, which stays paid; never less than nothing."""
    return max(0, _left(order) - int(order.get("freight_fen", 0)))


def _unasked(order: Facts) -> int:
    """What is left for an order beside what open requests for refunds without return ask."""
    return max(0, _left(order) - int(order.get("claimed_fen") or 0))


def _left_coupons(order: Facts) -> int:
    """What of lost coupons may still be given back: all cases of an order together, at most what the goods cost."""
    return max(0, int(order.get("amount_fen", 0)) - int(order.get("coupons_fen", 0)))


def _left_differences(order: Facts) -> int:
    """The same of price differences."""
    return max(0, int(order.get("amount_fen", 0)) - int(order.get("differences_fen", 0)))


def _left_freight(order: Facts) -> int:
    """The same of return freight: for each item bought, once, as much as the pack allowed when it was ordered."""
    most = int(order.get("freight_most_fen") or 0) * max(1, int(order.get("quantity") or 1))
    return max(0, most - int(order.get("freights_fen") or 0))


def _bought(order: Facts) -> int:
    """Items that were bought. Where the order does not say: one, or as many as its cases are about."""
    known = int(order.get("quantity") or 0)
    return known or max(1, _claimed(order), _returned(order))


def _claimed(order: Facts) -> int:
    return int(order.get("claimed_quantity") or 0)


def _returned(order: Facts) -> int:
    return int(order.get("returned_quantity") or 0)


def _left_quantity(order: Facts) -> int:
    """Items that have not come back, and that no open case of goods is about."""
    return _bought(order) - _returned(order) - _claimed(order)


def _priced(order: Facts) -> int:
    """Items of open cases whose price is left: of those whose refund is being paid it is not."""
    return _claimed(order) - int(order.get("paying_quantity") or 0)


def _worth(order: Facts, fen: int) -> int:
    """How many items a sum is the price of, one begun counts whole; all of them where they cost nothing."""
    amount = int(order.get("amount_fen", 0))
    return -(-max(0, fen) * _bought(order) // amount) if amount else _bought(order)


def _price(order: Facts, items: int | None) -> int:
    """What so many items cost without postage, a fen begun counts whole; all of them where it is not said how many."""
    amount, bought = int(order.get("amount_fen", 0)), int(order.get("quantity") or 0)
    return amount if items is None or not bought else min(amount, -(-amount * items // bought))


def _cost(order: Facts, items: int | None) -> int:
    """The same with the order's postage."""
    return _price(order, items) + int(order.get("freight_fen", 0))


_PRICES: Mapping[str, Callable[[Facts, int | None], int]] = {"price": _price, "cost": _cost}


def _unrefunded_quantity(order: Facts) -> int:
    """Items that have not come back, and of whose price something is left."""
    return min(_bought(order) - _returned(order), _worth(order, _left_goods(order)))


def _unclaimed_quantity(order: Facts) -> int:
    """Items of whose price the buyer has not all back, were every open request granted, and that no open case of goods is
    about."""
    return _worth(order, _left_goods(order) - _spoken_for(order)) - _priced(order)


def _whole_quantity(order: Facts) -> int:
    """Items of whose price the buyer has nothing back, were every open request granted, and that no open case of goods is
    about. What was given back may have been postage."""
    amount, left = int(order.get("amount_fen", 0)), _left(order) - _spoken_for(order)
    whole = max(0, min(amount, left)) * _bought(order) // amount if amount else _bought(order)
    return whole - _priced(order)


def _spoken_for(order: Facts) -> int:
    """What open requests for refunds without return ask, and what the buyer keeps of refunds that were reversed."""
    return int(order.get("claimed_fen") or 0) + int(order.get("kept_fen") or 0)


def _unclaimed(order: Facts) -> int:
    """What is left of the price of the goods without those that open cases of goods are about."""
    return max(0, _left_goods(order) - int(order.get("amount_fen", 0)) * _priced(order) // _bought(order))


_LEFT: Mapping[str, Callable[[Facts], int]] = {
    "left_quantity": _left_quantity,
    "unrefunded_quantity": _unrefunded_quantity,
    "unclaimed_quantity": _unclaimed_quantity,
    "whole_quantity": _whole_quantity,
    "unclaimed_fen": _unclaimed,
    "unasked_fen": _unasked,
    "left_fen": _left,
    "left_goods_fen": _left_goods,
    "left_coupons_fen": _left_coupons,
    "left_differences_fen": _left_differences,
    "left_freight_fen": _left_freight,
}


def _since(start: dt.datetime, at: dt.datetime, _zone: str) -> int:
    return int((at - start).total_seconds())


def _midnight(start: dt.datetime, at: dt.datetime, zone: str) -> int:
    return _since(day_after(start, zone), at, zone)


def _days(start: dt.datetime, at: dt.datetime, _zone: str) -> int:
    """Days of 24 hours begun since `start`: 0 at the very moment, 1 until 24 hours have passed."""
    return -((start - at) // dt.timedelta(days=1))


def _months(start: dt.datetime, at: dt.datetime, zone: str) -> int:
    """Calendar months begun since `start`: within six is at most 6. A month ends on the same day of the next, or its last."""
    begin, now = to_wall(start, zone), to_wall(at, zone)
    months = (now.year - begin.year) * 12 + now.month - begin.month
    return months + (now > _month_later(begin, months))


def _month_later(begin: dt.datetime, months: int) -> dt.datetime:
    year, month = divmod(begin.year * 12 + begin.month - 1 + months, 12)
    return begin.replace(year=year, month=month + 1, day=min(begin.day, monthrange(year, month + 1)[1]))


_SPANS: Mapping[str, Callable[[dt.datetime, dt.datetime, str], int]] = {
    "since": _since,
    "midnight": _midnight,
    "days": _days,
    "months": _months,
}


def day_after(start: dt.datetime, zone: str) -> dt.datetime:
    """00:00 of the day after `start`, in the zone, as an instant."""
    return day_start(to_wall(start, zone).date() + dt.timedelta(days=1), zone)


def holds(test: When, known: Known) -> bool:
    """Whether the test holds. An unknown boolean is false; any other unknown fact passes no test but `known: false`."""
    if test.fact is not None:
        return _one(test, test.fact, known)
    if test is ALWAYS:
        return True
    if test.all:
        return all(holds(each, known) for each in test.all)
    if test.any:
        return any(holds(each, known) for each in test.any)
    return not any(holds(each, known) for each in test.none)


def _one(test: When, fact: str, known: Known) -> bool:
    value, asked = known.get(fact), test.is_
    if test.known is not None:
        return (value is not None) == test.known
    if isinstance(asked, bool):
        return bool(value) == asked
    if value is None:
        return False
    if asked is not None:
        return bool(value == asked)
    if test.in_:
        return value in test.in_
    for name, compares in _COMPARES.items():
        line = getattr(test, name)
        if line is not None:
            against = known.get(line) if isinstance(line, str) else line
            return against is not None and compares(value, against)
    raise AssertionError("a test asks one thing")
