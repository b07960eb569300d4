"""What the API says of rules that act by themselves, of switches and of parcels that came back, as types."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from tianping.store.desk.rules import Row
from tianping.web.api.answers import Answer
from tianping.web.api.answers_cases import Head, Id, Instant, Text
from tianping.work.desk.trial import Trial

Rule = Annotated[
    dict[Text, Annotated[Any, WithJsonSchema({})]],
    Field(
        max_length=10,
        description="`of`: custom or assistant; `kinds`, `states`, `verb`; `when`: a test (`fact` with one of is, in, known, "
        "at_least, more_than, at_most, less_than) or several joined (`all`, `any`, `none`), as packs write them",
    ),
]
Switch = Literal[
    "switch_instant_refund", "switch_assistant", "switch_seven_days", "switch_return_freight", "abandoned", "obstructive"
]  # fmt: skip


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Making(_Said):
    """A new rule of a shop; it does nothing before it is switched on."""

    shop_id: Id
    name: Annotated[Text, Field(min_length=1, max_length=120)]
    rule: Rule


class Trying(_Said):
    """A rule to be tried on the past cases of a shop, of so many days."""

    shop_id: Id
    rule: Rule
    days: Annotated[int, Field(ge=1, le=366)] = 90


class Turning(_Said):
    """On or off."""

    on: bool


class Switching(_Said):
    """A switch of a shop; `abandoned` and `obstructive` are for the platform to state."""

    shop_id: Id
    name: Switch
    on: bool


class Setting(Answer):
    """A switch of a shop, or what the platform states of it."""

    name: str
    on: bool
    stated: bool


class OwnRule(Answer):
    """A shop's rule."""

    id: int
    shop_id: str
    name: str
    rule: Mapping[str, Any]
    active: bool
    at: Instant
    changed_at: Instant

    @classmethod
    def of(cls, row: Row) -> "OwnRule":
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class Example(BaseModel):
    """A case on which a rule would have acted."""

    case_id: str
    order_id: str | None
    at: Instant
    fen: int
    refused: bool
    disputed: bool


class Tried(BaseModel):
    """What a rule would have done: on how many of the cases looked at, for how much; how many of those the merchant refused
    afterwards, how many were disputed later; the newest as examples."""

    looked: int
    cases: int
    fen: int
    refused: int
    disputed: int
    examples: list[Example]

    @classmethod
    def of(cls, trial: Trial) -> "Tried":
        examples = [Example(**each._asdict()) for each in trial.examples]
        return cls(
            looked=trial.looked, cases=trial.cases, fen=trial.fen, refused=trial.refused, disputed=trial.disputed,
            examples=examples,
        )  # fmt: skip


class Parcel(Head):
    """A case whose return was signed for and is still to be checked."""

    return_signed_at: Instant


class Parcels(BaseModel):
    """Longest signed first. `next` is the `after` of the next page."""

    items: list[Parcel]
    next: str | None
