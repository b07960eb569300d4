"""A pack, as read from its files: dated, labelled, sourced data. No behaviour beyond looking things up."""

import datetime as dt
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from tianping.policy.judging import Judging, Severity
from tianping.policy.strict import Strict
from tianping.policy.words import MetricName, Name, Source, Words

Unit = Literal["rate", "seconds", "stars", "count", "fen"]
MeasureSide = Literal["both", "numerator", "denominator", "alone"]


class Rule(Strict):
    """A named reason for leaving a row out of a metric. `may_lack`: where its columns were never supplied, it leaves nothing
    out and the metric stands."""

    label: Words
    when: str
    may_lack: bool = False
    assumed: bool = False
    note: str = ""


class Narrower(Strict):
    """Other values of a set inside one category (by path, `Jewellery/Gold`)."""

    category: Annotated[str, Field(pattern=r"^[^/]+(/[^/]+){0,2}$")]
    values: tuple[str, ...]


class Set(Strict):
    """A named set of values, which categories may change; the narrowest category speaks."""

    values: tuple[str, ...]
    inside: tuple[Narrower, ...] = ()
    assumed: bool = False
    note: str = ""

    @field_validator("inside")
    @classmethod
    def _once(cls, inside: tuple[Narrower, ...]) -> tuple[Narrower, ...]:
        if len({each.category for each in inside}) < len(inside):
            raise ValueError("each category stands once")
        return inside


class Measure(Strict):
    """What is counted: rows of a view, under the day of an event, some left out by name.

    `count` says which of the rows kept are in the numerator; `sum` what each adds to it; neither: each adds one. `max` takes
    the greatest instead, of days and of subjects alike. `once_per: buyer` folds a buyer's days of the window into one row.
    """

    of: str
    day: str
    leave_out: tuple[str, ...] = ()
    count: str | None = None
    sum: str | None = None
    max: str | None = None
    once_per: Literal["buyer"] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.max is not None and (self.count is not None or self.sum is not None):
            raise ValueError('"max" stands alone, without "count" or "sum"')
        return self


class CountOf(Strict):
    """A count shown beside a rate: one side of another metric."""

    metric: str
    variant: str = ""
    side: Literal["numerator", "denominator"]


class Version(Strict):
    """One dated definition. Either both sides from one measure, or a measure for each, or a side of another metric, or one
    measure alone, which is divided by nothing."""

    since: dt.date
    applies: Literal["close", "deed"] = "close"
    source: tuple[Source, ...] = Field(min_length=1)
    words: Words
    window: int = Field(ge=0)
    matures_days: int = Field(default=0, ge=0)
    both: Measure | None = None
    numerator: Measure | None = None
    denominator: Measure | None = None
    count_of: CountOf | None = None
    alone: Measure | None = None
    assumed: bool = False
    note: Words | None = None

    @model_validator(mode="after")
    def _one_shape(self) -> Self:
        sides = self.numerator is not None and self.denominator is not None
        shapes = (self.both is not None, sides, self.count_of is not None, self.alone is not None)
        if sum(shapes) != 1 or (self.numerator is None) != (self.denominator is None):
            raise ValueError('a version has either "both", or "numerator" and "denominator", or "count_of", or "alone"')
        if any(measure.max is not None for side, measure in self.measures if side != "alone"):
            raise ValueError('"max" goes with "alone" only: a greatest value divided by a number means nothing')
        if self.assumed and not self.note:
            raise ValueError('"assumed: true" needs a note that says what was decided')
        return self

    @property
    def name(self) -> str:
        """What figures call this version: the day it came into force."""
        return self.since.isoformat()

    @property
    def measures(self) -> tuple[tuple[MeasureSide, Measure], ...]:
        """What it counts itself, by side."""
        each: tuple[tuple[MeasureSide, Measure | None], ...] = (
            ("both", self.both), ("numerator", self.numerator), ("denominator", self.denominator), ("alone", self.alone),
        )  # fmt: skip
        return tuple((side, measure) for side, measure in each if measure is not None)

    @property
    def is_count(self) -> bool:
        """Whether its figures are divided by nothing: their denominator is 1."""
        return self.count_of is not None or self.alone is not None


class Metric(Strict):
    """A metric: what its figures are called and how they read, and its dated definitions, newest last.

    `by: agent`: its figures are of agents, shops and platforms; else of all levels down to products, where its views go so far.
    """

    label: Words
    unit: Unit
    better: Literal["lower", "higher", "neither"]
    by: Literal["agent"] | None = None
    days: tuple[int, ...] = ()
    too_few_below: int | None = None
    versions: tuple[Version, ...] = Field(min_length=1)

    @field_validator("versions")
    @classmethod
    def _dated(cls, versions: tuple[Version, ...]) -> tuple[Version, ...]:
        dates = [version.since for version in versions]
        if dates != sorted(set(dates)):
            raise ValueError("versions stand in the order of their dates, each date once")
        return versions

    def at(self, date: dt.date) -> Version | None:
        """The version in force on `date`."""
        return next((version for version in reversed(self.versions) if version.since <= date), None)

    @property
    def is_count(self) -> bool:
        """Whether its figures are divided by nothing, so that those of one subject are no measure for another's."""
        return any(version.is_count for version in self.versions)


class Case(Strict):
    """A pack's own test: a sentence; rows in, figures out; and what the rules then say.

    Figures are keyed by `metric` or `metric/variant` for shop S1, or `metric by product P1`; their values are unreduced
    fractions as text ("2/4"), or "undefined".

    `given`: figures without any rows, by the same keys, over whatever days the rules read ("10/125"; of a platform or category,
    which are the benchmarks, also "10/125 of 40 shops"), a status ("incomplete"), or points ("score NAME": "3.5").
    `entered`: violations that a person enters, with their severity; `earlier`: those confirmed before ("2024-05-01 serious").
    `scores`: points, exact ("4.25", "13/3"), or "none". `rights`: "held" or "withdrawn". `levels`: by shop, the level after T
    and, where said, what happened ("lv2 up"). `violations`: severity ("minor", "minor recorded"), or "none". `penalties`: all
    that is proposed ("exam, ban 3, ¥300, 5 points"), or "none".
    """

    sentence: Words
    date: dt.date
    days: int = 30
    facts: dict[str, list[dict[str, object]]] = {}
    figures: dict[str, str] = {}
    given: dict[str, str] = {}
    entered: dict[str, Severity] = {}
    earlier: dict[str, tuple[str, ...]] = {}
    scores: dict[str, str] = {}
    rights: dict[str, Literal["held", "withdrawn"]] = {}
    levels: dict[str, str] = {}
    violations: dict[str, str] = {}
    penalties: dict[str, str] = {}

    @model_validator(mode="after")
    def _says(self) -> Self:
        if not (self.figures or self.scores or self.rights or self.levels or self.violations or self.penalties):
            raise ValueError('a test says what comes out: "figures", "scores", "rights", "levels", "violations" or "penalties"')
        if self.figures and "days" not in self.model_fields_set:
            raise ValueError('figures are over some days: "days" is missing')
        return self


class Group(Strict):
    """Metrics shown together. `told_by`: what buyers rate, or what the platform measures, told apart where a platform does."""

    label: Words
    told_by: Literal["buyers", "platform"] | None = None
    note: Words | None = None
    metrics: tuple[MetricName, ...] = Field(min_length=1)


class Board(Strict):
    """How a pack's metrics stand on a page: those that matter every morning, those shown of products and categories in short
    lists (sorted by the first), and all in groups. No figure depends on it."""

    headline: tuple[MetricName, ...] = ()
    products: tuple[MetricName, ...] = ()
    groups: tuple[Group, ...] = ()


class SharedFile(Strict):
    """One YAML file of `packs/shared`: definitions written once, for every pack whose file says `shares: [its name]`."""

    note: str = ""
    sets: dict[Name, Set] = {}
    rules: dict[Name, Rule] = {}
    metrics: dict[MetricName, Metric] = {}


class PackFile(SharedFile, Judging):
    """One YAML file of a pack; a pack is all files of its folder, and the shared ones they name."""

    platform: Name | None = None
    label: Words | None = None
    too_few_below: int | None = None
    shares: tuple[Name, ...] = ()
    reasons: dict[Name, tuple[str, ...]] = {}
    tests: tuple[Case, ...] = ()
    board: Board | None = None


class Pack(Strict):
    """Everything a platform's rule book says. Metrics are keyed by (name, variant); `reasons` are the platform's own words by
    our reason; `digest` is of the files that figures depend on, `judging_digest` of those that judgement depends on besides (a
    file of tests, of words or of the board alone changes neither)."""

    platform: str
    label: Words
    too_few_below: int
    digest: str
    sets: dict[str, Set]
    rules: dict[str, Rule]
    metrics: dict[tuple[str, str], Metric]
    tests: tuple[Case, ...]
    reasons: dict[str, tuple[str, ...]] = {}
    board: Board = Board()
    judging: Judging = Judging()
    judging_digest: str = ""
