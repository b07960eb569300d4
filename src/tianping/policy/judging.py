"""What a pack says of judgement: scores, rights, levels, violations, penalties. Dated, sourced data without behaviour.

Numbers are exact fractions; times are seconds, money is fen (`yuan:` in penalties is turned into fen when read). Everything is
weighed as of T by the version in force at T.
"""

import datetime as dt
from functools import cached_property
from typing import Annotated, Generic, Literal, Self, TypeVar

from pydantic import BeforeValidator, Field, field_validator, model_validator

from tianping.policy.numbers import Number
from tianping.policy.strict import Strict
from tianping.policy.words import MetricName, Name, Source, Sourced, Words

Severity = Literal["minor", "serious", "especially_serious", "extremely_serious"]
SEVERITIES: tuple[Severity, ...] = ("minor", "serious", "especially_serious", "extremely_serious")
By = Literal["platform", "category_l1", "category_l2", "category_l3", "shop", "product"]
SubjectKind = Literal["shop", "product", "video"]
Take = Literal["value", "numerator", "denominator", "rest", "ratio", "times_mean_shop"]
Threshold = Number | Annotated[str, Field(pattern=r"^level\.[a-z][a-z0-9_]*$")]
COMPARISONS = ("at_least", "more_than", "at_most", "less_than")


class Dated(Sourced):
    """One dated version: since when, and what it rests on."""

    since: dt.date


V = TypeVar("V", bound=Dated)


class Ruled(Strict, Generic[V]):
    """Something with a name in two languages and dated versions, newest last."""

    label: Words
    versions: tuple[V, ...] = Field(min_length=1)

    @field_validator("versions")
    @classmethod
    def _in_order(cls, versions: tuple[V, ...]) -> tuple[V, ...]:
        dates = [version.since for version in versions]
        if dates != sorted(set(dates)):
            raise ValueError("versions stand in the order of their dates, each date once")
        return versions

    def at(self, date: dt.date) -> V | None:
        """The version in force on `date`."""
        return next((version for version in reversed(self.versions) if version.since <= date), None)


class Reading(Strict):
    """A figure, or a score, and what is taken of it.

    `days` and `by` say which figure (default: of the subject itself; `by: shop` of a product is its shop's). `take`: its value
    (seconds, fen, share), its numerator, its denominator, the rest (denominator − numerator), the ratio of its value to the
    benchmark (`against`), or the numerator as a multiple of the platform's mean shop (all shops with a denominator).
    """

    metric: MetricName | None = None
    score: Name | None = None
    days: int = Field(default=30, ge=1)
    by: By | None = None
    take: Take = "value"
    against: By = "platform"


class Condition(Reading):
    """A test of a reading, or several tests joined: `all` of them, or `any`.

    `times` multiplies the threshold; `level.orders` is a value of the shop's present level. `undefined` says what the test
    gives where nothing happened (denominator 0); else it cannot be said.
    """

    all: tuple["Condition", ...] = ()
    any: tuple["Condition", ...] = ()
    at_least: Threshold | None = None
    more_than: Threshold | None = None
    at_most: Threshold | None = None
    less_than: Threshold | None = None
    times: Number = Field(default=1, validate_default=True)
    undefined: bool | None = None

    @model_validator(mode="after")
    def _one_shape(self) -> Self:
        given = [name for name in COMPARISONS if getattr(self, name) is not None]
        shapes = [bool(self.all), bool(self.any), self.metric is not None, self.score is not None]
        if sum(shapes) != 1:
            raise ValueError('a condition has one of "metric", "score", "all" and "any"')
        if (self.metric or self.score) and len(given) != 1:
            raise ValueError(f"a test compares once: give one of {', '.join(COMPARISONS)}")
        if (self.all or self.any) and given:
            raise ValueError(f'"{given[0]}" goes with a metric or a score')
        return self

    @cached_property
    def compares(self) -> tuple[str, Threshold]:
        """Which comparison, with what."""
        name = next(name for name in COMPARISONS if getattr(self, name) is not None)
        return name, getattr(self, name)


# Scores


class Cap(Strict):
    """The most an item may give, unless one of the conditions holds of the shop."""

    at_most: Number
    unless: tuple[Condition, ...] = Field(min_length=1)
    source: tuple[Source, ...] = ()


class Item(Reading):
    """One item of a score: a reading (value or ratio) turned into points by a piecewise-linear curve, flat beyond its ends.

    `enough`: the least denominator; with less, `too_few` says what then: leave the item out and weigh the others more
    (reweight), give `start` points, or give no score at all. An item may be another score (then no curve is needed).
    """

    weight: Number
    curve: tuple[tuple[Number, Number], ...] = ()
    enough: int = Field(default=1, ge=1)
    too_few: Literal["reweight", "start", "none"] = "reweight"
    start: Number | None = None
    cap: Cap | None = None
    source: tuple[Source, ...] = ()
    assumed: bool = False
    note: Words | None = None

    @model_validator(mode="after")
    def _shaped(self) -> Self:
        if (self.metric is None) == (self.score is None):
            raise ValueError('an item has one of "metric" and "score"')
        if self.metric and len(self.curve) < 2:
            raise ValueError("a curve has at least two points")
        if [x for x, _ in self.curve] != sorted({x for x, _ in self.curve}):
            raise ValueError("the points of a curve stand from left to right, each place once")
        if self.too_few == "start" and self.start is None:
            raise ValueError('"too_few: start" needs "start"')
        if self.take not in ("value", "ratio"):
            raise ValueError("an item takes a value or a ratio")
        return self


class ScoreGroup(Strict):
    """Items weighed together inside a score."""

    label: Words
    weight: Number
    items: dict[Name, Item] = Field(min_length=1)


class Grade(Strict):
    """A grade of a score: from so many points on."""

    label: Words
    at_least: Number
    rights: tuple[Name, ...] = ()


class ScoreVersion(Dated):
    """Groups by weight; the total is their weighted mean, and full marks are `out_of`. `grades` stand from the best down."""

    out_of: Number
    groups: dict[Name, ScoreGroup] = Field(min_length=1)
    grades: tuple[Grade, ...] = ()

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        items = [item for group in self.groups.values() for item in group.items.values()]
        weights = [*(group.weight for group in self.groups.values()), *(item.weight for item in items)]
        if min(weights) <= 0:
            raise ValueError("weights are above 0; take out what should not count")
        if any(not 0 <= points <= self.out_of for item in items for _, points in item.curve):
            raise ValueError(f"curves give 0 to {self.out_of} points")
        lines = [grade.at_least for grade in self.grades]
        if lines != sorted(set(lines), reverse=True):
            raise ValueError("grades stand from the best down, each line once")
        return self


class Score(Ruled[ScoreVersion]):
    """A score of shops, from 0 to its version's `out_of`."""


class RightVersion(Dated):
    """The right is there while all conditions hold (a condition that cannot be said takes nothing away), and is withdrawn while
    one does not: sanction and release are the same line."""

    subject: SubjectKind = "shop"
    all: tuple[Condition, ...] = Field(min_length=1)
    shown: Words | None = None  # what the shop sees while it is withdrawn


class Right(Ruled[RightVersion]):
    """Something a shop or product may do, or is given, by its figures: distribution, campaigns, promotion, rank."""


# Levels


class Level(Strict):
    """One level: its values (caps and the like, by name; money in fen) and rights."""

    label: Words
    values: dict[Name, Number] = {}
    rights: tuple[Name, ...] = ()


class Fast(Strict):
    """Up at once: `now` holds at T, and `any_day` held of some one day since the last change (figures of 1 day)."""

    now: tuple[Condition, ...] = Field(min_length=1)
    any_day: tuple[Condition, ...] = Field(min_length=1)


class Removal(Strict):
    """Shops so many days in a row at a level are removed (proposed)."""

    level: Name
    days: int = Field(ge=1)


class LevelsVersion(Dated):
    """A ladder of levels, lowest first. First evaluation `first_after_days` after the start, then daily; after a change again
    `again_after_days` later. `up`: all of them, one level up; `down`: any of them, one level down; both hold: down.
    `uses`: today's use of a level's values, by name: the metric of 1 day that uses it up."""

    start: Name
    levels: dict[Name, Level] = Field(min_length=2)
    first_after_days: int = Field(ge=0)
    again_after_days: int = Field(ge=0)
    up: tuple[Condition, ...] = Field(min_length=1)
    down: tuple[Condition, ...] = Field(min_length=1)
    fast: Fast | None = None
    removal: Removal | None = None
    uses: dict[Name, MetricName] = {}


class Levels(Ruled[LevelsVersion]):
    """The merchant levels of a platform."""


# Violations


class Cadence(Strict):
    """When a trigger is looked at: daily, on a weekday, or on a day of the month."""

    every: Literal["day", "week", "month"] = "day"
    on: int = Field(default=1, ge=1, le=28)  # weekday 1 (Monday) to 7, or day of the month

    def due(self, date: dt.date) -> bool:
        """Whether T is such a day."""
        return self.every == "day" or (date.isoweekday() if self.every == "week" else date.day) == self.on


class Steps(Reading):
    """Severity by a reading: the worst whose line is reached (`at_least`) or passed (`more_than`)."""

    at_least: dict[Severity, Number] = {}
    more_than: dict[Severity, Number] = {}

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.at_least) == bool(self.more_than):
            raise ValueError('steps have one of "at_least" and "more_than"')
        lines = [line for _, line in self.lines]
        if lines != sorted(lines) or [name for name, _ in self.lines] != list(self.at_least or self.more_than):
            raise ValueError("steps stand from minor upwards, their lines rising")
        return self

    @property
    def lines(self) -> tuple[tuple[Severity, Number], ...]:
        """(severity, line), mildest first."""
        given = self.at_least or self.more_than
        return tuple((name, given[name]) for name in SEVERITIES if name in given)


class Tail(Reading):
    """The worst share of all subjects of the platform for which the trigger's gates hold: floor(share × count), at least one
    from `one_from` on. Ties: the greater numerator first, then the smaller id."""

    share: Number
    one_from: int = 10
    severity: Severity


class Shift(Reading):
    """The severity found moves a step: up where the reading is above `up_above` (and control is then immediate), down where
    it is below `down_below` (below minor: no violation)."""

    up_above: Number
    down_below: Number


class Rows(Strict):
    """Rows for which a formula holds are subjects, without any metric: of `shops` (columns of the table), or of a view."""

    of: Literal["shop", "video"]
    when: str


class Worklist(Reading):
    """No verdict: the subjects with the greatest reading, at most so many a day, for a person to look at."""

    limit: int = Field(ge=1)


Confirm = Literal["person", "itself"]


class Trigger(Strict):
    """One way a violation is found: at its cadence, for subjects for which all gates (`when`) hold, with the severity of its
    steps, its tail, or as said. `records`: it is recorded, no penalty is proposed. `confirm`: as the violation's, where it
    differs."""

    name: Name
    cadence: Cadence = Cadence()
    when: tuple[Condition, ...] = ()
    severity: Severity | None = None
    steps: Steps | None = None
    tail: Tail | None = None
    shift: Shift | None = None
    rows: Rows | None = None
    worklist: Worklist | None = None
    records: bool = False
    confirm: Confirm | None = None
    source: tuple[Source, ...] = Field(min_length=1)
    words: Words

    @model_validator(mode="after")
    def _one_verdict(self) -> Self:
        ways = [self.severity is not None, self.steps is not None, self.tail is not None, self.worklist is not None]
        if sum(ways) != 1:
            raise ValueError('a trigger has one of "severity", "steps", "tail" and "worklist"')
        if not (self.when or self.rows or self.steps or self.tail or self.worklist):
            raise ValueError('a trigger needs "when" or "rows": it would hold for everybody')
        return self


class Repeats(Strict):
    """Confirmed violations of the same kind of the same subject in so many days raise the severity, a step each, up to."""

    days: int = Field(ge=1)
    up_to: Severity


class Advice(Strict):
    """What to do about a subject near a line. `reasons`: when the first causes that lead are among these; else always."""

    words: Words
    reasons: tuple[str, ...] = ()


class ForCategory(Strict):
    """Products of these categories (by path) are punished by another table."""

    categories: tuple[str, ...]
    table: Name


class ViolationVersion(Dated):
    """How a violation is found and dealt with.

    `table`: the penalty table (`tables`: by the product's category, first that fits). `by_hand`: only a person enters it.
    `again_after_days`: the same violation of the same subject is not found again sooner. `confirm`: by a person, or by itself
    (`guard`: by itself only where a shop exactly at the benchmark would cross the line less often than this; else by a
    person). `read_first`: a person reads and labels the texts before confirming. `warn_from`: a warning from this share of the
    line on, with what to `do`. `appeal_days`: how long after a notice (what puts it in force, or reduces it)
    it can be appealed, and `appeals`: how often after each.
    """

    subject: SubjectKind = "shop"
    table: Name | None = None
    tables: tuple[ForCategory, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    by_hand: bool = False
    again_after_days: int = Field(default=0, ge=0)
    repeats: Repeats | None = None
    confirm: Confirm = "person"
    read_first: bool = False
    guard: Number | None = None
    warn_from: Number | None = None
    do: tuple[Advice, ...] = ()
    appeal_days: int = Field(default=7, ge=1)
    appeals: int = Field(default=1, ge=1)


class Violation(Ruled[ViolationVersion]):
    """A kind of violation."""


# Penalties

EffectKind = Literal[
    "warning", "study", "exam", "delist", "ban", "campaign", "ads", "points", "money", "right", "remove", "freeze", "exposure"
]
DUTIES: tuple[EffectKind, ...] = ("study", "exam")
"""What a shop has to do. They stay open until it has."""


def _range(written: object) -> object:
    return (written, written) if isinstance(written, int) else written


def _fen(written: object) -> object:
    both = _range(written)
    return tuple(int(each) * 100 for each in both) if isinstance(both, (list, tuple)) else both


Range = Annotated[tuple[int, int], BeforeValidator(_range)]
Yuan = Annotated[tuple[int, int], BeforeValidator(_fen)]


class Effect(Strict):
    """One effect of a penalty, in ranges: `days` (of ban, campaign, ads, delist, freeze …), `points`, `yuan` (kept in fen).
    `for_ever` has no end. `or_share_of_sales`: the higher of the money and that share of all the shop's sales so far."""

    kind: EffectKind
    days: Range | None = None
    points: Range | None = None
    yuan: Yuan | None = None
    for_ever: bool = False
    or_share_of_sales: Number | None = None
    right: Name | None = None

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        ranges = [each for each in (self.days, self.points, self.yuan) if each is not None]
        if any(low > high or low < 0 for low, high in ranges) or len(ranges) > 1:
            raise ValueError("an effect has at most one range, [low, high]")
        needed = {"points": self.points, "money": self.yuan, "right": self.right}
        if self.kind in needed and needed[self.kind] is None:
            raise ValueError(f'"{self.kind}" needs its {"yuan" if self.kind == "money" else self.kind}')
        return self

    @property
    def range(self) -> tuple[int, int] | None:
        """Its bounds in days, points or fen; None where there is nothing to choose."""
        return self.days or self.points or self.yuan


class Cell(Strict):
    """One cell of a penalty table: for a severity, and in tables by count for the n-th time (from, to; to null: and more)."""

    severity: Severity
    times: tuple[int, int | None] | None = None
    effects: tuple[Effect, ...] = Field(min_length=1)


class PenaltyVersion(Dated):
    """Cells by severity, or by count: how often it was confirmed in `count_days`, this time included."""

    by: Literal["severity", "count"] = "severity"
    count_days: int = Field(default=365, ge=1)
    cells: tuple[Cell, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _keyed(self) -> Self:
        if any((cell.times is None) != (self.by == "severity") for cell in self.cells):
            raise ValueError('"times" goes with every cell of a table by count, and with no other')
        return self


class PenaltyTable(Ruled[PenaltyVersion]):
    """What a violation costs."""


class PointsVersion(Dated):
    """Points count for `days`; from `line` on the shop's removal is proposed."""

    days: int = Field(ge=1)
    line: int = Field(ge=1)


class Points(Ruled[PointsVersion]):
    """How points add up."""


class Judging(Strict):
    """Everything a pack says of judgement, by name."""

    scores: dict[Name, Score] = {}
    rights: dict[Name, Right] = {}
    levels: Levels | None = None
    violations: dict[Name, Violation] = {}
    penalties: dict[Name, PenaltyTable] = {}
    points: Points | None = None
