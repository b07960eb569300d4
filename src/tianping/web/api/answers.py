"""What the API says, as types: its description (OpenAPI) is made of these."""

import datetime as dt
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from tianping.policy.model import Metric, Version

Number = Annotated[Decimal, PlainSerializer(float, return_type=float, when_used="json")]
By = Literal[
    "platform", "category_l1", "category_l2", "category_l3", "shop", "shop_category_l1", "shop_category_l2", "shop_category_l3",
    "product", "agent",
]  # fmt: skip


class Answer(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class Words(Answer):
    """The same words in Chinese and English."""

    zh: str
    en: str


class Figure(Answer):
    """What a metric says of one subject over one window. `value` is numerator / denominator, rounded half-even to 6 decimals;
    durations are in seconds, money in fen; null where the denominator is 0."""

    platform: str
    metric: str
    variant: str
    version: str
    by: By
    subject: str
    date: dt.date
    days: int
    first_day: dt.date
    last_day: dt.date
    numerator: int
    denominator: int
    value: Number | None
    status: Literal["ok", "too_few", "undefined", "immature", "incomplete", "no_data"]
    why: str


class Figures(Answer):
    """A page of figures. `next`: what to give as `after` for the following page; null after the last."""

    items: list[Figure]
    next: str | None


class Part(Answer):
    """How many rows of a side play a role, by a rule, and what they add up to."""

    side: str
    role: str
    rule: str
    rows: int
    adds: int


class Rows(Answer):
    """A page of the rows behind a figure: what each is, its role (numerator, denominator, not_counted, left_out), the rule that
    left it out. `parts` counts all rows; `next` is null after the last page."""

    figure: Figure | None
    parts: list[Part]
    columns: list[str]
    items: list[dict[str, Any]]
    next: int | None


class Definition(Answer):
    """One dated version of a metric."""

    since: dt.date
    applies: Literal["close", "deed"]
    window: int = Field(description="the window's last day is so many days before the close")
    matures_days: int
    words: Words
    source: list[str]
    assumed: bool
    note: Words | None

    @classmethod
    def of(cls, version: Version) -> "Definition":
        said = {
            name: getattr(version, name) for name in ("since", "applies", "window", "matures_days", "words", "assumed", "note")
        }
        return cls.model_validate({**said, "source": [str(source) for source in version.source]}, from_attributes=True)


class Defined(Answer):
    """A metric of a platform, with its definitions, newest last."""

    platform: str
    metric: str
    variant: str
    label: Words
    unit: Literal["rate", "seconds", "stars", "count", "fen"]
    better: Literal["lower", "higher", "neither"]
    versions: list[Definition]

    @classmethod
    def of(cls, platform: str, key: tuple[str, str], metric: Metric) -> "Defined":
        return cls(
            platform=platform,
            metric=key[0],
            variant=key[1],
            label=Words.model_validate(metric.label),
            unit=metric.unit,
            better=metric.better,
            versions=[Definition.of(version) for version in metric.versions],
        )


class Close(Answer):
    """A day closed, from what was known at import `seq`."""

    date: dt.date
    seq: int
    packs: dict[str, str]
    figures: int | None = Field(description="how many, over all shops; null for those who do not see all")
    at: dt.datetime = Field(description="UTC, without an offset")


class Shop(Answer):
    """A shop as known at the newest close."""

    id: str
    name: str
    platform: str
    main_category: str
    closed: bool


class Shops(Answer):
    """A page of shops, by id."""

    items: list[Shop]
    next: str | None


class Tally(Answer):
    """What became of a table's rows."""

    read: int
    new: int
    changed: int
    unchanged: int
    waiting: int
    quarantined: int


class Input(Answer):
    """A file of an import."""

    file: str
    rows: int


class Import(Answer):
    """An import, or what took one back (`undoes`) or put files in order."""

    seq: int
    at: dt.datetime = Field(description="UTC, without an offset")
    kind: Literal["import", "undo", "compact", "erase"]
    undoes: int | None
    mapping: str
    covers: tuple[str, str] | None
    counts: dict[str, Tally]
    inputs: list[Input]


class Imports(Answer):
    """A page of imports, newest first."""

    items: list[Import]
    next: int | None


class Problem(BaseModel):
    """What was refused, and what to do now (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
