"""What the API says of cases, and what it is told, as types. Instants are UTC and say so, money is fen."""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema

from tianping.policy.cases.flowing import Actor, Owner
from tianping.web.api.answers import Answer, Problem, Words
from tianping.work.desk.handed import clean
from tianping.work.desk.serving import Deadline, Deed, Told

_TIME = {"type": "string", "format": "date-time"}


def utc(at: dt.datetime) -> str:
    """An instant with its offset, as JSON Schema's date-time wants it."""
    return f"{at.isoformat()}Z"


def plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts as JSON."""
    return {name: utc(value) if isinstance(value, dt.datetime) else value for name, value in facts.items()}


Instant = Annotated[dt.datetime, PlainSerializer(utc, return_type=str, when_used="json"), WithJsonSchema(_TIME)]


def _text(text: str) -> str:
    if not clean(text):
        raise ValueError("holds characters that no text has")
    return text


Text = Annotated[str, AfterValidator(_text)]


def _addressed(name: str) -> str:
    if name in (".", ".."):
        raise ValueError("cannot be . or .., which no address can say")
    return name


NAMED = r"^[^\x00-\x1f\x7f/\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+$"
"""No slash, and nothing that cannot be seen or turns what stands beside it round."""
Id = Annotated[Text, Field(min_length=1, max_length=100, pattern=NAMED), AfterValidator(_addressed)]
Name = Annotated[Text, Field(max_length=100, pattern=NAMED)]
Part = Literal["platform", "operator", "senior", "adjudicator", "merchant", "buyer"]
_Value = Annotated[Any, WithJsonSchema({"type": ["boolean", "integer", "string", "null"]})]
Facts = Annotated[
    dict[Text, _Value], Field(max_length=100, description="by name; times as ISO texts (without an offset: UTC), money in fen")
]


class Said(BaseModel):
    """What somebody says; nothing but these."""

    model_config = ConfigDict(extra="forbid")

    facts: Facts = {}
    why: Annotated[Text, Field(max_length=4_000)] = ""


class Placing(Said):
    """An order for the desk. `facts`: those that the platform's verb takes (`amount_fen`, `created_at`, `paid_at` …)."""

    order_id: Id
    platform: Name
    shop_id: Id


class Opening(Said):
    """A case of an order. `noun`: how it is opened; empty: the first way that the caller has."""

    kind: Name
    order_id: Id
    noun: Annotated[str, Field(max_length=100)] = ""


class Doing(Said):
    """A verb. `seen`: how many events of the case the caller knows; more meanwhile, and it is refused."""

    seen: Annotated[int | None, Field(ge=0, le=2**31 - 1)] = None


class Listening(BaseModel):
    """Where events are to be sent. `kinds`: of these cases alone; none: of all."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[Text, Field(min_length=1, max_length=2_000, description="https")]
    kinds: Annotated[list[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]], Field(max_length=50)] = []


class Takes(Answer):
    """A fact that a verb takes."""

    name: str
    type: Literal["bool", "int", "fen", "text", "time"]
    needed: bool


class Possible(BaseModel):
    """What the caller can do now: POST to the case's address and this noun. `part`: as what (`as`)."""

    noun: str
    verb: str
    part: Actor
    label: Words
    takes: list[Takes]

    @classmethod
    def of(cls, deed: Deed) -> "Possible":
        return cls(
            noun=deed.noun,
            verb=deed.verb,
            part=deed.part,
            label=Words.model_validate(deed.label),
            takes=[Takes.model_validate(each) for each in deed.takes],
        )


class Clock(Answer):
    """A deadline. `left`: seconds until `due_at`, negative once it is over; a paused one stands still. `passes`: the verb that
    the clock then does."""

    clock: str
    owner: Owner
    passes: str
    started_at: Instant
    due_at: Instant
    left: int
    state: Literal["running", "paused", "met", "lapsed"]
    version: str
    calendar: str

    @classmethod
    def of(cls, each: Deadline) -> "Clock":
        shown = {name: getattr(each.timer, name) for name in cls.model_fields if name != "left"}
        return cls(**shown, left=each.left)


class Head(BaseModel):
    """A case as it stands. `n`: how many events it has; `owner`: whose turn it is, "" where it has ended."""

    id: str
    kind: str
    platform: str
    shop_id: str
    order_id: str | None
    parent_id: str | None
    state: str
    label: Words
    owner: str
    n: int
    began: dt.date = Field(description="the day whose rules hold for it")
    opened_at: Instant
    changed_at: Instant
    ended_at: Instant | None
    deadlines: list[Clock]


class Case(Head):
    """The same with its facts."""

    facts: dict[str, Any]


class Whole(Case):
    """The same with what the caller can do with it now; nothing while a deadline is over and the clock has not acted yet."""

    possible: list[Possible]


_PLAIN = (
    "id", "kind", "platform", "shop_id", "order_id", "parent_id", "state", "n", "began", "opened_at", "changed_at", "ended_at",
)  # fmt: skip


def head(told: Told) -> Head:
    return Head(**_head(told))


def case(told: Told) -> Case:
    return Case(**_head(told), facts=plain(told.case.facts))


def whole(told: Told) -> Whole:
    return Whole(**_head(told), facts=plain(told.case.facts), possible=[Possible.of(each) for each in told.deeds])


def _head(told: Told) -> dict[str, Any]:
    shown = {name: getattr(told.case, name) for name in _PLAIN}
    label, clocks = Words.model_validate(told.label), [Clock.of(each) for each in told.deadlines]
    return {**shown, "label": label, "owner": told.owner, "deadlines": clocks}


class Cases(BaseModel):
    """A page of cases, the last opened first. `next`: what to give as `before`; null after the last."""

    items: list[Case]
    next: str | None


class Event(BaseModel):
    """One thing that happened. `actor`: as what somebody did it; `rule`: by which rule or clock; `facts`: those it changed."""

    n: int
    at: Instant
    actor: Actor
    rule: str
    verb: str
    before: str
    state: str
    why: str
    facts: dict[str, Any]


class Running(Clock):
    """A deadline with its case."""

    case_id: str
    kind: str
    platform: str
    shop_id: str
    order_id: str | None
    state_of_case: str


class Deadlines(BaseModel):
    """A page of deadlines, what runs out first first. `next`: what to give as `after`; null after the last."""

    items: list[Running]
    next: str | None


class Worklist(BaseModel):
    """Cases that wait for the same owner in the same state. `soon`: a deadline runs out within 24 hours."""

    platform: str
    kind: str
    state: str
    label: Words
    owner: Owner
    cases: int
    overdue: int
    soon: int
    first_due: Instant | None


class Webhook(BaseModel):
    """An address that hears of cases. `waiting`, `dropped`: letters that wait for another try, and that were given up; `said`:
    what the last that failed was told."""

    id: int
    url: str
    kinds: list[str]
    at: Instant
    waiting: int = 0
    dropped: int = 0
    said: str = ""


class NewWebhook(Webhook):
    """The same with the secret that signs, shown this once."""

    secret: str


class Refusal(Problem):
    """A verb that cannot be: which guard stands in the way, and the nouns of what can be done instead."""

    guard: str
    possible: list[str]


class FactsProblem(Problem):
    """Facts that are none: every fault."""

    faults: list[str]
