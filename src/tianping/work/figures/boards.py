"""Figures as people see them: each beside its benchmark, its interval and the previous close's value.

One query of the close's file and one of the file before it give all figures of a page, however many there are.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Literal, NamedTuple

from tianping.assess import chance
from tianping.errors import NotFound, did_you_mean
from tianping.metrics.compile import Key
from tianping.policy.model import Metric, Pack
from tianping.store.closes import Close
from tianping.work.closing import bysubject
from tianping.work.closing.benchmark import Imported, yardsticks
from tianping.work.closing.closed import figures_path, previous, rows
from tianping.work.figures.columns import ABOVE_PRODUCTS, of_shops
from tianping.work.home import Home
from tianping.work.people.reach import EVERYTHING, Reach

Severity = Literal["", "x2", "x5", "x10"]
Row = Mapping[str, object]
LINES: tuple[tuple[int, Severity], ...] = ((10, "x10"), (5, "x5"), (2, "x2"))
"""From so many times the benchmark on, where lower is better, a figure is marked."""
COUNTED = 'platform, metric, variant, version, "by", subject, date, days, numerator, denominator, status'
"""The columns that say what was counted."""


class Subject(NamedTuple):
    """Whom a figure is of. Categories of one platform and another's are two."""

    platform: str
    by: str
    subject: str

    @property
    def above(self) -> "Subject | None":
        """Whose figure is the benchmark of this one's."""
        if self.by == "shop":
            return Subject(self.platform, "platform", self.platform)
        if self.by.startswith("shop_category_l"):
            depth = int(self.by[-1])  # a shop's id may have slashes of its own
            return Subject(self.platform, self.by.removeprefix("shop_"), "/".join(self.subject.split("/")[-depth:]))
        return None


class Shown(NamedTuple):
    """A figure as people see it; `figure` has the columns of metrics/figure.Figure.

    `low`, `high`: the Wilson interval (95 %) of a rate. `severity` is a mark only: from 2, 5, 10 times the benchmark on, of
    figures that are ok and better when lower. `before` is the previous close's value by the same version, `worse` whether the
    figure is notably worse than that, both ok.
    """

    figure: Row
    metric: Metric
    platform: str
    value: Fraction | None
    low: Fraction | None
    high: Fraction | None
    benchmark: Fraction | None
    ratio: Fraction | None
    severity: Severity
    before: Fraction | None
    worse: bool

    @property
    def key(self) -> Key:
        """(metric, variant)."""
        return str(self.figure["metric"]), str(self.figure["variant"])

    @property
    def days(self) -> int:
        return int(str(self.figure["days"]))

    @property
    def status(self) -> str:
        return str(self.figure["status"])

    @property
    def subject(self) -> Subject:
        return subject_of(self.figure)


@dataclass(frozen=True, slots=True)
class Look:
    """What a page looks at: a close, the one of the day before it (or before that), the packs, and how far its viewer sees."""

    home: Home
    packs: Mapping[str, Pack]
    done: Close
    before: Close | None
    reach: Reach
    market: bool


def look(home: Home, packs: Mapping[str, Pack], done: Close, reach: Reach = EVERYTHING) -> Look:
    """Begin a page about a close."""
    return Look(home, packs, done, previous(home, done), reach, home.scope == "market")


def of_shop(seen: Look, platform: str, shop: str, *, days: int | None = None) -> list[Shown]:
    """All figures of a shop, over `days` days or all there are. Raises NotFound for a shop out of reach."""
    seen.reach.require(shop)
    return shown(seen, [Subject(platform, "shop", shop)], days=days)


def of_shop_category(seen: Look, platform: str, shop: str, path: str, *, days: int | None = None) -> list[Shown]:
    """All figures of a shop's part of a category (`Clothing/Women`), beside the category's. Raises NotFound."""
    seen.reach.require(shop)
    return shown(seen, [Subject(platform, f"shop_{level(path)}", f"{shop}/{path}")], days=days)


def of_category(seen: Look, platform: str, path: str, *, days: int | None = None) -> list[Shown]:
    """All figures of a category over all shops: the industry's in a market. Raises NotFound where the viewer sees only some
    shops of a home that is no market."""
    _require_industry(seen, path)
    return shown(seen, [Subject(platform, level(path), path)], days=days)


def of_platform(seen: Look, platform: str, *, days: int | None = None) -> list[Shown]:
    """All figures of a platform. Raises NotFound as `of_category` does."""
    _require_industry(seen, platform)
    return shown(seen, [Subject(platform, "platform", platform)], days=days)


def one(seen: Look, wanted: Subject, key: Key, days: int) -> Shown | None:
    """One figure of any subject; None where nothing was counted. Reach is the caller's matter."""
    return next(iter(shown(seen, [wanted], days=days, keys=[key])), None)


def level(path: str) -> str:
    """`category_l2` of `Clothing/Women`. Raises NotFound for more than three levels."""
    depth = path.count("/") + 1
    if depth > 3 or not path:
        raise NotFound(f'there is no category "{path}"; a category has one to three levels')
    return f"category_l{depth}"


def _require_industry(seen: Look, what: str) -> None:
    """An average over the home stands for the industry in a market; else it is of shops the viewer may not see."""
    if not seen.market and not seen.reach.everything:
        raise NotFound(f'there are no figures of "{what}" here')


def shown(
    seen: Look,
    subjects: Iterable[Subject],
    *,
    days: int | None = None,
    keys: Collection[Key] | None = None,
    beside: Mapping[Subject, Subject] | None = None,
) -> list[Shown]:
    """The figures of these subjects, in the order of the subjects, of their packs, of days; `keys` (metric, variant) are all
    where None. `beside` names whose figures are the benchmarks, where it is not the subject above. Does not look at reach."""
    wanted = list(dict.fromkeys(subjects))
    if not wanted:
        return []
    above = {each: (beside or {}).get(each) or each.above for each in wanted}
    now = _by_key(_rows(seen, seen.done, where({*wanted, *filter(None, above.values())}, days, keys)))
    then = _by_key(_rows(seen, seen.before, where(wanted, days, keys), columns=COUNTED)) if seen.before else {}
    imported = _imported(seen.home, seen.done.seq, seen.done.date)
    places = {subject: place for place, subject in enumerate(wanted)}
    found = [
        _shown(figure, metric, then.get((subject, *rest)), _benchmark(seen, now, imported, (above[subject], *rest)))
        for (subject, *rest), figure in now.items()
        if subject in places and (metric := metric_of(seen.packs, figure)) is not None
        if keys is None or (figure["metric"], figure["variant"]) in keys
    ]
    order = {name: {key: place for place, key in enumerate(pack.metrics)} for name, pack in seen.packs.items()}
    return sorted(found, key=lambda each: (places[each.subject], order[each.platform][each.key], each.days))


def where(subjects: Collection[Subject], days: int | None, keys: Collection[Key] | None) -> dict[str, Sequence[object]]:
    """The columns' values to look for: a little more than wanted, so that whole parts of the file can be skipped."""
    found: dict[str, Sequence[object]] = {name: sorted({getattr(each, name) for each in subjects}) for name in Subject._fields}
    return found | ({"days": [days]} if days is not None else {}) | ({"metric": sorted({k for k, _ in keys})} if keys else {})


def _rows(seen: Look, done: Close, given: Mapping[str, Sequence[object]], *, columns: str = "*") -> Iterable[Row]:
    by_subject = bysubject.suits(map(str, given["subject"]))
    if not by_subject and {"days", "metric"} <= given.keys() and set(given["by"]) <= ABOVE_PRODUCTS:
        return of_shops(figures_path(seen.home, done), given)
    return rows(seen.home, done, given, by_subject=by_subject, columns=columns)


def _by_key(found: Iterable[Row]) -> dict[tuple[object, ...], Row]:
    return {(subject_of(row), row["metric"], row["variant"], row["days"]): row for row in found}


def subject_of(figure: Row) -> Subject:
    """Whom a figure is of."""
    return Subject(str(figure["platform"]), str(figure["by"]), str(figure["subject"]))


def metric_of(packs: Mapping[str, Pack], figure: Row) -> Metric | None:
    """The metric of a figure; None where no pack has it any more."""
    pack = packs.get(str(figure["platform"]))
    return pack.metrics.get((str(figure["metric"]), str(figure["variant"]))) if pack else None


def _shown(figure: Row, metric: Metric, then: Row | None, beside: Fraction | None) -> Shown:
    value, benchmark = value_of(figure), None if metric.is_count else beside
    low, high = wilson(figure, metric)
    ratio = value / benchmark if value is not None and benchmark else None
    same = then is not None and then["version"] == figure["version"]
    before = value_of(then) if then is not None and same else None
    ok = figure["status"] == "ok"
    comparable = ok and then is not None and then["status"] == "ok"
    return Shown(
        figure=figure,
        metric=metric,
        platform=str(figure["platform"]),
        value=value,
        low=low,
        high=high,
        benchmark=benchmark,
        ratio=ratio,
        severity=mark(ratio) if ok and metric.better == "lower" else "",
        before=before,
        worse=comparable and is_worse(metric, value, before, int(str(figure["denominator"]))),
    )


def _benchmark(
    seen: Look,
    now: Mapping[tuple[object, ...], Row],
    imported: Mapping[tuple[object, ...], Imported],
    above: tuple[object, ...],
) -> Fraction | None:
    """In a market that over all shops, else the imported one or none. `above`: subject, metric, variant, days."""
    whose, metric, variant, days = above
    if not isinstance(whose, Subject):
        return None
    if seen.market:
        return value_of(now[above]) if above in now else None
    found = imported.get((whose.platform, metric, variant, whose.by, whose.subject, days))
    return found.rate if found else None


def benchmarks(seen: Look, whole: Subject, days: int) -> dict[Key, Fraction]:
    """The benchmarks of parts of `whole` (a platform, a category), of their figures over `days` days."""
    if not seen.market:
        held = _imported(seen.home, seen.done.seq, seen.done.date)
        return {(str(key[1]), str(key[2])): each.rate for key, each in held.items() if (key[0], *key[3:]) == (*whole, days)}
    found = [row for row in _rows(seen, seen.done, where([whole], days, None)) if subject_of(row) == whole]
    known = {(str(row["metric"]), str(row["variant"])): value_of(row) for row in found if _is_rate(seen, row)}
    return {key: value for key, value in known.items() if value is not None}


def _is_rate(seen: Look, figure: Row) -> bool:
    """Whether it is a measure for others: a count of all shops is none."""
    metric = metric_of(seen.packs, figure)
    return metric is not None and not metric.is_count


@lru_cache(maxsize=8)
def _imported(home: Home, seq: int, date: dt.date) -> Mapping[tuple[object, ...], Imported]:
    """The imported benchmarks known at a close. They are read from the lake, which takes longer than all figures of a page."""
    return yardsticks(home, Close(date, seq, "", {}, [], "", 0, dt.datetime.min)).imported


def value_of(figure: Row) -> Fraction | None:
    """The exact value; None where there is nothing to divide by, or nothing was ever supplied."""
    numerator, denominator = int(str(figure["numerator"])), int(str(figure["denominator"]))
    return Fraction(numerator, denominator) if denominator and figure["status"] != "no_data" else None


def wilson(figure: Row, metric: Metric) -> tuple[Fraction | None, Fraction | None]:
    """Between which rates the true one lies, 95 % sure; none for what is no share of its denominator, or has no value."""
    if metric.unit != "rate" or metric.is_count or value_of(figure) is None:
        return None, None
    return chance.wilson(int(str(figure["numerator"])), int(str(figure["denominator"]))) or (None, None)


def mark(ratio: Fraction | None) -> Severity:
    """The greatest line that a ratio reaches."""
    return next((severity for line, severity in LINES if ratio is not None and ratio >= line), "")


BEST = {"rate": 1, "stars": 5}
"""What a figure that is better when higher can reach at most."""
FELT = Fraction(1, 20)
"""A figure has got worse when it is a twentieth farther from where it should be than at the close before …"""
FELT_ROWS = 2
"""… and, for a rate, when at least so many rows make the difference: one order more is nothing to run for."""


def shortfall(each: Shown) -> Fraction | None:
    """Where higher is better: how many times as far from its best a figure is as its benchmark; else None."""
    best = BEST.get(each.metric.unit)
    if each.metric.better != "higher" or best is None or each.value is None or each.benchmark is None or each.status != "ok":
        return None
    return (best - each.value) / (best - each.benchmark) if each.benchmark < best else None


def is_worse(metric: Metric, value: Fraction | None, before: Fraction | None, rows: int) -> bool:
    """Whether a value over so many rows is notably farther from where it should be than the one before (as work/needs)."""
    if value is None or before is None or metric.better == "neither":
        return False
    far, was = _far(metric, value), _far(metric, before)
    return far > was and far - was >= FELT * abs(was) and (metric.unit != "rate" or (far - was) * rows >= FELT_ROWS)


def _far(metric: Metric, value: Fraction) -> Fraction:
    """How far from its best; from 0, where nothing is the best."""
    if metric.better == "lower":
        return value
    return BEST[metric.unit] - value if metric.unit in BEST else -value


def pack_of(packs: Mapping[str, Pack], platform: str) -> Pack:
    """The pack of a platform. Raises NotFound."""
    if platform not in packs:
        raise NotFound(f'there is no pack for "{platform}"; {did_you_mean(platform, list(packs))}')
    return packs[platform]
