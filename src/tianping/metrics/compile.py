"""A pack's definitions at T, as SQL conditions ready to be counted."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, Literal, Protocol, TypeVar

from tianping.periods import Period, Window
from tianping.policy import formula
from tianping.policy.model import CountOf, Measure, Metric, Pack, Version

Thing = TypeVar("Thing")
Key = tuple[str, str]
Gives = Literal["both", "numerator", "denominator", "count_numerator", "count_denominator"]  # alone: count_numerator
By = Literal["product", "shop", "agent"]
USUAL_DAYS = (1, 7, 30)  # reading rule 10


class View(Protocol):
    """What the metrics need to know of a view of the facts."""

    @property
    def key(self) -> tuple[str, ...]: ...
    @property
    def by_product(self) -> bool: ...
    @property
    def tables(self) -> tuple[str, ...]: ...
    @property
    def columns(self) -> Mapping[str, str]: ...
    @property
    def folds(self) -> Mapping[str, str]: ...
    def select(
        self, columns: Iterable[str], *, since: dt.date | None = None, where: Sequence[str] = (), shops: str = ""
    ) -> str: ...
    def staged(
        self, columns: Iterable[str], *, since: dt.date | None = None, where: Sequence[str] = (), shops: str = ""
    ) -> tuple[str, str]: ...
    def needs(self, columns: Iterable[str], needed: Iterable[str]) -> Mapping[str, set[str]]: ...


Views = Mapping[str, View]


@dataclass(frozen=True, slots=True)
class Tally:
    """A measure in SQL: which rows of `view`, under which day, left out by which rules, and what each row kept adds.

    `day` gives a date; the rules and `count` are conditions that are never null; `total` is an integer, or None: each row
    adds one. `greatest`: the rows' greatest `total` is taken, not their sum. `columns` are those it reads, `needed` those of
    them without which it means nothing. `clip` bounds the event days (a version that applies by deed counts only the days it
    was in force). `by`: what its rows go to, besides shops and platforms. `dated_by`: the columns that its day is made of, and
    `late`, how long after the last of them it can be.
    """

    view: str
    once_per: str | None
    day: str
    rules: tuple[tuple[str, str], ...]
    count: str | None
    total: str | None
    lag: int
    columns: frozenset[str]
    needed: frozenset[str]
    clip: Period | None = None
    greatest: bool = False
    by: By = "shop"
    dated_by: frozenset[str] = frozenset()
    late: dt.timedelta = dt.timedelta()

    @property
    def additive(self) -> bool:
        """Whether the figures of two sets of rows add up to that of both: not where a window is folded, nor of a greatest."""
        return not self.greatest and self.once_per is None

    @property
    def left_out(self) -> str:
        """The condition under which some rule leaves the row out."""
        return " or ".join(rule for _, rule in self.rules) or "false"


@dataclass(frozen=True, slots=True)
class Side:
    """What a tally gives to a metric."""

    gives: Gives
    tally: Tally


@dataclass(frozen=True, slots=True)
class Definition:
    """A metric as it is defined at T."""

    key: Key
    metric: Metric
    version: Version
    days: tuple[int, ...]
    sides: tuple[Side, ...]
    too_few_below: int

    @property
    def is_count(self) -> bool:
        """Whether it is divided by nothing, so that its denominator is 1."""
        return self.version.is_count

    @property
    def greatest(self) -> bool:
        """Whether subjects take the greatest of their parts, not the sum."""
        return any(side.tally.greatest for side in self.sides)

    def window(self, days: int) -> Window:
        return Window(days, self.version.window)


def definitions(pack: Pack, views: Views, date: dt.date, days: Sequence[int] = ()) -> tuple[Definition, ...]:
    """Every metric of the pack that is in force at T, for the usual days, those it names and those asked for."""
    return tuple(
        define(pack, views, key, version, date, days)
        for key, metric in sorted(pack.metrics.items())
        if (version := metric.at(date)) is not None
    )


def define(pack: Pack, views: Views, key: Key, version: Version, date: dt.date, days: Sequence[int] = ()) -> Definition:
    """One version of a metric, whether in force at T or not (so that two versions can be compared)."""
    metric = pack.metrics[key]
    wanted = tuple(sorted({*USUAL_DAYS, *metric.days, *days}))
    few = metric.too_few_below if metric.too_few_below is not None else pack.too_few_below
    return Definition(key, metric, version, wanted, tuple(_sides(pack, views, metric, version, date)), few)


def _sides(pack: Pack, views: Views, metric: Metric, version: Version, date: dt.date) -> Iterator[Side]:
    if version.count_of is not None:
        yield from _counted_side(pack, views, version.count_of, date)
        return
    for each, clip in _in_force(metric, version):
        for side, measure in each.measures:
            tally = _tally(_The(pack), _The(views[measure.of]), _The(measure), each.window, clip, metric.by)
            yield Side("count_numerator" if side == "alone" else side, tally)


def _in_force(metric: Metric, version: Version) -> Iterator[tuple[Version, Period | None]]:
    """By close: the one version, for the whole window. By deed: every version up to this one, each for its own days (reading
    rule 12); days before the first are under none."""
    if version.applies == "close":
        yield version, None
        return
    earlier = [each for each in metric.versions if each.since <= version.since]
    for each, after in zip(earlier, [*earlier[1:], None], strict=True):
        yield each, Period(each.since, after.since - dt.timedelta(days=1) if after else dt.date.max)


def _counted_side(pack: Pack, views: Views, count_of: CountOf, date: dt.date) -> Iterator[Side]:
    metric = pack.metrics[count_of.metric, count_of.variant]
    version = metric.at(date)
    for side in _sides(pack, views, metric, version, date) if version else ():
        if side.gives in ("both", count_of.side):
            whole = side.gives == "both" and count_of.side == "denominator"
            yield Side("count_denominator" if whole else "count_numerator", side.tally)


class _The(Generic[Thing]):
    """This very thing, not one that equals it: a pack is not changed once it is read."""

    def __init__(self, it: Thing) -> None:
        self.it = it

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _The) and self.it is other.it

    def __hash__(self) -> int:
        return id(self.it)


@lru_cache(maxsize=2_000)
def _tally(
    its_pack: _The[Pack], its_view: _The[View], its_measure: _The[Measure], lag: int, clip: Period | None, by: By | None
) -> Tally:
    """Formulas are read once, however many days are closed: all of a pack's take 50 ms."""
    pack, view, measure = its_pack.it, its_view.it, its_measure.it
    event = formula.check(measure.day, view.columns, pack.sets).type
    day = formula.compile(f"day({measure.day})" if event == "time" else measure.day, pack.sets)
    rules = [(name, formula.compile(pack.rules[name].when, pack.sets)) for name in measure.leave_out]
    count = formula.compile(measure.count, pack.sets) if measure.count else None
    adds = measure.sum or measure.max
    total = formula.compile(adds, pack.sets) if adds else None
    counted = [day, *(tree for tree in (count, total) if tree is not None)]
    needed = counted + [tree for name, tree in rules if not pack.rules[name].may_lack]
    agent = {"agent_id"} if by == "agent" else set()
    return Tally(
        view=measure.of,
        once_per=measure.once_per,
        day=formula.sql(day),
        rules=tuple((name, formula.condition(tree)) for name, tree in rules),
        count=formula.condition(count) if count is not None else None,
        total=f"coalesce({formula.sql(total)}, 0)" if total is not None else None,
        lag=lag,
        columns=frozenset(
            agent | {name for tree in (*counted, *(tree for _, tree in rules)) for name in formula.columns_of(tree)}
        ),
        needed=frozenset(agent | {name for tree in needed for name in formula.needed_columns(tree)}),
        clip=clip,
        greatest=measure.max is not None,
        by=by or ("product" if view.by_product else "shop"),
        dated_by=frozenset(formula.columns_of(day)),
        late=formula.lateness(day),
    )
