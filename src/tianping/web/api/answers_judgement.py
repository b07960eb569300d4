"""What the API says of judgement, as types. Exact numbers are text, "a/b", beside which rounded ones stand."""

import datetime as dt
from typing import Any, Literal

from pydantic import Field

from tianping.policy.judging import EffectKind, Severity, SubjectKind
from tianping.store.violations import State, Verb
from tianping.web.api.answers import Answer, Number


class ScorePart(Answer):
    """A score of a shop (`part: total`), one of its groups, or one of its items, on a track: as measured, or as adjusted for
    exemptions and won appeals where that differs. `points` is exact, `value` rounded; `reading`: the figure it rests on."""

    platform: str
    name: str
    version: str
    shop_id: str
    track: Literal["measured", "adjusted"]
    part: Literal["total", "group", "item"]
    group: str | None
    item: str | None
    points: str | None
    value: Number | None
    share: str
    out_of: str
    grade: str | None
    capped: bool | None
    why: str | None
    reading: dict[str, Any] | None


class Scores(Answer):
    """A page of scores of a judged close. `next`: what to give as `after` for the following page; null after the last."""

    date: dt.date
    items: list[ScorePart]
    next: int | None


class Right(Answer):
    """A right, held or withdrawn; of products those alone that have lost it. `findings`: the conditions that do not hold."""

    platform: str
    name: str
    version: str
    subject_kind: SubjectKind
    subject_id: str
    shop_id: str
    held: bool
    findings: list[dict[str, Any]]


class Rights(Answer):
    """A page of rights of a judged close."""

    date: dt.date
    items: list[Right]
    next: int | None


class Level(Answer):
    """Where a shop stands on its platform's ladder. `looked`: what was weighed that day; `uses`: caps and what was used."""

    platform: str
    version: str
    shop_id: str
    level: str
    since: dt.date
    due: dt.date = Field(description="the first close at which it is evaluated")
    good: dt.date | None
    removal: dt.date | None
    asof: dt.date
    begun: str
    happened: Literal["none", "up", "down", "fast", "removal"]
    why: str
    looked: dict[str, Any]
    uses: list[dict[str, Any]]


class Levels(Answer):
    """A page of levels of a judged close."""

    date: dt.date
    items: list[Level]
    next: int | None


class Warned(Answer):
    """A subject near a line. `near`: the share of the line; `more`: so many more failing rows reach it; `clear`: the first
    close at which it is not so near any more, if nothing more comes."""

    platform: str
    name: str
    version: str
    subject_kind: SubjectKind
    subject_id: str
    shop_id: str
    trigger: str
    near: float
    more: int | None
    clear: dt.date | None = None
    evidence: dict[str, Any]


class Warnings(Answer):
    """A page of warnings of a judged close."""

    date: dt.date
    items: list[Warned]
    next: int | None


class Violation(Answer):
    """A violation with its state and severity at present."""

    id: int
    platform: str
    violation: str
    version: str
    trigger: str
    subject_kind: SubjectKind
    subject_id: str
    shop_id: str
    date: dt.date
    seq: int
    severity: Severity
    state: State
    immediate: bool
    records: bool
    by_hand: bool
    at: dt.datetime = Field(description="UTC, without an offset")


class Violations(Answer):
    """A page of violations, newest first. `next`: what to give as `before`; null after the last."""

    items: list[Violation]
    next: int | None


class Happened(Answer):
    """One thing that happened to a violation. `role`: of whom did it, null: the system."""

    n: int
    at: dt.datetime
    verb: Verb
    state: State
    severity: Severity
    role: str | None
    why: str
    chosen: dict[str, Any] | None


class Effect(Answer):
    """What a penalty does, from when to when. `amount`: days, points or fen; `taken_back`: when it was."""

    id: int
    kind: EffectKind
    name: str
    lasts: str
    amount: int | None
    begins_at: dt.datetime
    ends_at: dt.datetime | None
    taken_back: dt.datetime | None


class Told(Violation):
    """A violation with its frozen evidence, all that happened, and its effects."""

    evidence: dict[str, Any]
    proposal: dict[str, Any]
    events: list[Happened]
    effects: list[Effect]
