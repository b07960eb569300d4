"""What a pack says of cases: flows, clocks, guards, amounts, calendars. Dated, sourced data without behaviour.

A *case* is anything with a state, an owner and a clock: a refund, an exchange, a repair, a dispute; the order itself, a
payment, an advance to be repaid, a study. Flows are shared between platforms where they agree; clocks, guards and amounts are
each platform's. A case keeps the version of everything that was in force on the day it began. Durations are seconds, money fen.
"""

import datetime as dt
import re
from typing import Annotated, Generic, Literal, Self, TypeVar

from pydantic import Field, model_validator

from tianping.policy.judging import Dated, Ruled
from tianping.policy.numbers import Number
from tianping.policy.strict import Strict
from tianping.policy.words import Name, Source, Words

Actor = Literal[
    "buyer", "merchant", "platform", "adjudicator", "senior", "operator", "gateway", "rule", "measure", "clock", "system"
]
"""Who acts. `rule`: an automatic rule, named in the event; `system`: what follows from another case's event."""
Owner = Literal["buyer", "merchant", "both", "platform", "adjudicator", "senior", "operator", "clock"]
FactName = Annotated[str, Field(pattern=r"^([a-z]+\.)*[a-z][a-z0-9_]*$")]
"""A fact of the case itself (`refund_fen`), of its order (`order.paid_at`), of the case it came from (`parent.reason`), of its
shop (`shop.points`). Derived: `since.requested_at` (seconds since then), `midnight.order.signed_at` (seconds since 00:00 of the
day after), `days.order.signed_at`, `months.order.succeeded_at` (days of 24 hours, calendar months begun since then: within six
is `at_most: 6`), `order.left_fen` (paid and not refunded), `order.left_goods_fen` (the same without postage),
`order.left_coupons_fen`, `order.left_differences_fen`, `order.left_freight_fen` (what of such costs may still be given back),
`order.left_quantity` (items that no open case is about and that have not come back), `order.unrefunded_quantity`,
`order.unclaimed_quantity`, `order.unclaimed_fen` (items and money neither refunded nor being asked for), `order.whole_quantity`
(items of whose price nothing is, not in part either), `order.unasked_fen` (what is left beside what open refunds without return
ask), `price.quantity`, `cost.quantity` (what so many of the order's items cost, and with its postage), `kind`."""
Value = bool | int | str
COMPARISONS = ("at_least", "more_than", "at_most", "less_than")


class When(Strict):
    """A test of a fact, or several joined: `all`, `any` or `none` of them. Nothing at all: always true.

    An unknown boolean is false; any other unknown fact passes no test but `known: false`. A threshold is a number or another
    fact.
    """

    fact: FactName | None = None
    is_: Value | None = Field(default=None, alias="is")
    in_: tuple[Value, ...] = Field(default=(), alias="in")
    known: bool | None = None
    at_least: int | FactName | None = None
    more_than: int | FactName | None = None
    at_most: int | FactName | None = None
    less_than: int | FactName | None = None
    all: tuple["When", ...] = ()
    any: tuple["When", ...] = ()
    none: tuple["When", ...] = ()

    @model_validator(mode="after")
    def _one_shape(self) -> Self:
        tests = [self.is_ is not None, bool(self.in_), self.known is not None]
        tests += [getattr(self, name) is not None for name in COMPARISONS]
        joined = [bool(self.all), bool(self.any), bool(self.none)]
        if self.fact is None and any(tests):
            raise ValueError('a test names its "fact"')
        if self.fact is not None and sum(tests) != 1:
            raise ValueError(f"a test asks one thing: is, in, known, {', '.join(COMPARISONS)}")
        if (self.fact is not None) + sum(joined) > 1:
            raise ValueError('a test has one of "fact", "all", "any" and "none"')
        return self


ALWAYS = When()
V = TypeVar("V", bound=Dated)


class Labelled(Ruled[V], Generic[V]):
    """Something ruled that a case always has a version of."""

    def at(self, date: dt.date) -> V:
        """The version in force on `date`; before the first, the first."""
        return self.versions[0] if len(self.versions) == 1 else super().at(date) or self.versions[0]


# Clocks


class Time(Strict):
    """How long, where the test holds; hours and days add up. `by_day`: counted from 00:00 of the day after the start."""

    when: When = ALWAYS
    days: int = Field(default=0, ge=0)
    hours: int = Field(default=0, ge=0)
    by_day: bool = False

    @property
    def seconds(self) -> int:
        return self.days * 86_400 + self.hours * 3_600


class ClockVersion(Dated):
    """The first time whose test holds when the clock starts. `remind`: hours before the end at which the owner is told."""

    times: tuple[Time, ...] = Field(min_length=1)
    remind: int | None = Field(default=None, ge=1)
    extends: bool = True
    """Whether a calendar's extension reaches it."""


class Extension(Strict):
    """Days on which clocks that start have more time: from so many seconds to so many (`24 h: 48 h`)."""

    label: Words
    first: dt.date
    last: dt.date
    source: tuple[Source, ...] = Field(min_length=1)
    hours: dict[int, int]
    """Ordinary hours → extended hours (7 d is 168)."""

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.first > self.last:
            raise ValueError('"first" is after "last"')
        if any(longer < shorter for shorter, longer in self.hours.items()):
            raise ValueError("an extension never shortens")
        return self


class Calendar(Strict):
    label: Words
    extensions: tuple[Extension, ...] = ()


# Guards and amounts

SUM = re.compile(r"\{([^{}]*)\}")
"""A sum that a refusal names."""


class GuardVersion(Dated):
    """What must hold for a verb; `refusal` is what is said where it does not, `{order.left_fen}` and other sums in yuan."""

    holds: When = ALWAYS
    refusal: Words
    passing: bool = False
    """Whether it holds again by itself: a clock may be refused by it, and is tried again."""


class Share(Strict):
    """`share` of a fact in fen, times a number of things over another (floored), at most `at_most_fen` or another fact, where
    the test holds. Without `of`: `fen` itself."""

    when: When = ALWAYS
    share: Number = Field(default=1, validate_default=True)
    of: FactName | None = None
    times: FactName | None = None
    over: FactName | None = None
    at_most: FactName | None = None
    fen: int = Field(default=0, ge=0)
    at_most_fen: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.times is None) != (self.over is None) or (self.times and not self.of):
            raise ValueError('"times" and "over" go together, with "of"')
        return self


class AmountVersion(Dated):
    """A sum of money, or a number of things: the first part whose test holds; none: 0."""

    parts: tuple[Share, ...] = Field(min_length=1)


# Flows


class Timer(Strict):
    """A clock of a state, and the verb that it does when it passes. It starts on entering the state or at the time `since`.
    It pauses while `runs_while` does not hold."""

    clock: Name
    passes: Name
    since: FactName | None = None
    runs_while: When = ALWAYS


class State(Strict):
    """A state. Every one that is not final has an owner, and a timer or a case of the kind that it `waits` for, whose timers
    are then its own (`policy check` proves it). `sets`: facts that a case has which has come to it, by whatever verb."""

    label: Words
    sets: dict[FactName, Value] = {}
    owner: Owner | None = None
    timers: tuple[Timer, ...] = ()
    waits: Name | None = None
    final: bool = False


class Branch(Strict):
    """Where a verb leads, where the test holds, and the guards, which may be each platform's own."""

    when: When = ALWAYS
    guards: tuple[Name, ...] = ()
    state: Name


class Effect(Strict):
    """What follows from a verb, in the same transaction. One of:

    `open`: a case of that kind, with this one as its parent. `tell` the parent, the order, the children (`kind`: only those)
    or, from an order, all its cases: they do `verb`, by `system`, where they can (`must: true`: else all is refused). `pay`: a
    payment of the sum `fen` (a fact) to the buyer, borne by `by`; nothing where it is 0. `undo`: payments of this case for that
    purpose are reversed, or cancelled where they have not been made. `send` asks the payment gateway, by the outbox. `post`: a
    posting in the money ledger, or to a measure, by name. `gives`, `sets`: facts handed over, and plain values.
    """

    when: When = ALWAYS
    open: Name | None = None
    tell: Literal["parent", "order", "children", "cases"] | None = None
    kind: Name | None = None
    verb: Name | None = None
    must: bool = False
    pay: Literal["refund", "freight", "compensation", "difference", "advance"] | None = None
    fen: FactName | None = None
    by: Literal["merchant", "platform"] = "merchant"
    undo: Literal["refund", "freight", "compensation", "difference", "advance", "all"] | None = None
    send: Literal["gateway"] | None = None
    post: Name | None = None
    gives: dict[FactName, FactName] = {}
    """Fact of the other case → fact of this one."""
    sets: dict[FactName, Value] = {}

    @model_validator(mode="after")
    def _one_shape(self) -> Self:
        if sum(each is not None for each in (self.open, self.tell, self.pay, self.undo, self.send, self.post)) != 1:
            raise ValueError('an effect has one of "open", "tell", "pay", "undo", "send" and "post"')
        if (self.tell is None) != (self.verb is None):
            raise ValueError('"tell" goes with "verb"')
        if (self.pay is None) != (self.fen is None):
            raise ValueError('"pay" goes with "fen"')
        return self


class Verb(Strict):
    """What somebody may do. No `from_`: it opens a case. No `to`: the state stays, and its timers run on (`restarts`: begin
    anew).

    `takes`: facts handed in, needed or not; `marks`: facts that become the time of the act; `signs`: facts that become who did
    it (`person` for the merchant, `rule`, `platform`; nobody else signs); `sets` plain values; `copies` other facts, where they
    are known; `computes` amounts; `adds` numbers or other facts (minus in front: taken away); `clears`: facts that become
    unknown. In this order.
    """

    label: Words
    noun: Name | None = None
    """How the API calls it (`/cases/{id}/refusal`); without one, by its name."""
    who: tuple[Actor, ...] = Field(min_length=1)
    from_: tuple[Name, ...] = Field(default=(), alias="from")
    to: Name | tuple[Branch, ...] | None = None
    restarts: bool = False
    takes: dict[FactName, Literal["needed", "may"]] = {}
    guards: tuple[Name, ...] = ()
    marks: tuple[FactName, ...] = ()
    signs: tuple[FactName, ...] = ()
    sets: dict[FactName, Value] = {}
    copies: dict[FactName, FactName] = {}
    computes: dict[FactName, Name] = {}
    adds: dict[FactName, int | Annotated[str, Field(pattern=r"^-?([a-z]+\.)*[a-z][a-z0-9_]*$")]] = {}
    clears: tuple[FactName, ...] = ()
    effects: tuple[Effect, ...] = ()
    source: tuple[Source, ...] = ()
    undone_by: Name | None = None
    """The verb that takes this one's effects back."""

    @property
    def branches(self) -> tuple[Branch, ...]:
        if self.to is None:
            return ()
        return (Branch(state=self.to),) if isinstance(self.to, str) else self.to


class FlowVersion(Dated):
    states: dict[Name, State]
    verbs: dict[Name, Verb]

    @property
    def openings(self) -> tuple[str, ...]:
        return tuple(name for name, verb in self.verbs.items() if not verb.from_)
