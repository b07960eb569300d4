"""What is to be said of one figure from the close alone, before any row is read: its definition, its days, how it went, and its
other definitions."""

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tianping.errors import NotFound, did_you_mean
from tianping.metrics.compile import USUAL_DAYS, Key
from tianping.metrics.proof import Scope
from tianping.periods import Period, Window
from tianping.policy.model import Measure, Metric, Pack, Version
from tianping.work.figures.boards import Look, Shown, Subject, pack_of, shown
from tianping.work.figures.explain import Named
from tianping.work.figures.trends import Line, Point, trends

_GAP = re.compile(r"(\w+) (\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)")
_NEVER = re.compile(r"never supplied: ([\w., ]+)")


@dataclass(frozen=True, slots=True)
class Gap:
    """Days of a table that no import covered."""

    table: str
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class Sibling:
    """Another definition: a variant, or a version. `each`: its figure in the close, None where the close has none."""

    named: Named
    metric: Metric
    version: Version
    each: Shown | None


@dataclass(frozen=True, slots=True)
class Dossier:
    """`version` is the definition shown, `in_force` the one the close counted by (None: none yet). `each` is None where the
    close has no such figure. `matures_on`: from this T on its last day is final."""

    named: Named
    scope: Scope
    pack: Pack
    metric: Metric
    version: Version
    in_force: Version | None
    each: Shown | None
    span: Period
    matures_on: dt.date
    too_few_below: int
    days: Sequence[int]
    line: Sequence[Point]
    benchmark: Sequence[Point]
    siblings: Sequence[Sibling]
    comparable: Sequence[Named]
    pack_changed: bool

    @property
    def closed_by_it(self) -> bool:
        """Whether the close's figure was counted by the version shown."""
        return self.version == self.in_force

    @property
    def gaps(self) -> list[Gap]:
        """The days that are missing, where the figure is incomplete."""
        return [Gap(*found) for found in _GAP.findall(self._why)]

    @property
    def never(self) -> list[str]:
        """Tables and columns never supplied, where there are no data."""
        found = _NEVER.search(self._why)
        return found.group(1).split(", ") if found else []

    @property
    def tables(self) -> list[str]:
        """The tables whose exports would help."""
        return list(dict.fromkeys([*(gap.table for gap in self.gaps), *(name.partition(".")[0] for name in self.never)]))

    @property
    def _why(self) -> str:
        return str(self.each.figure["why"]) if self.each else ""


def dossier(seen: Look, named: Named, scope: Scope) -> Dossier:
    """Raises NotFound for a metric or version that there is not, or a platform the close has no shops of. Does not look at
    reach."""
    pack = pack_of(seen.packs, scope.platform)
    if scope.platform not in seen.done.packs:
        raise NotFound(f"the close of {seen.done.date} has no shops of {scope.platform}")
    metric = _metric(pack, named)
    in_force, version = metric.at(scope.date), _version(metric, named, scope.date)
    subject = Subject(scope.platform, scope.by, scope.subject)
    figures = _figures(seen, pack, named.metric, subject, scope.days)
    key = named.metric, named.variant
    went = trends(seen, list(filter(None, (subject, subject.above))), days=scope.days, keys=[key])
    few = metric.too_few_below if metric.too_few_below is not None else pack.too_few_below
    span = Window(scope.days, version.window).at(scope.date)
    return Dossier(
        named=named,
        scope=scope,
        pack=pack,
        metric=metric,
        version=version,
        in_force=in_force,
        each=figures.get(key) if version == in_force else None,
        span=span,
        matures_on=span.last + dt.timedelta(days=1 + version.matures_days),
        too_few_below=few,
        days=sorted({*USUAL_DAYS, *metric.days, *seen.done.days}),
        line=went.get(Line(subject, *key, scope.days), ()),
        benchmark=went.get(Line(subject.above, *key, scope.days), ()) if subject.above and seen.market else (),
        siblings=tuple(_siblings(pack, named.metric, version, key, scope.date, figures)),
        comparable=tuple(_comparable(pack, key, version, scope.date)),
        pack_changed=seen.done.packs[scope.platform] != pack.digest,
    )


def _metric(pack: Pack, named: Named) -> Metric:
    metric = pack.metrics.get((named.metric, named.variant))
    if metric is None:
        known = ["/".join(filter(None, key)) for key in pack.metrics]
        raise NotFound(f'no metric "{named}" in the pack {pack.platform}: {did_you_mean(str(named), known)}')
    return metric


def _version(metric: Metric, named: Named, date: dt.date) -> Version:
    """The one named, else the one in force, else the first."""
    if not named.version:
        return metric.at(date) or metric.versions[0]
    found = next((version for version in metric.versions if version.name == named.version), None)
    if found is None:
        raise NotFound(f"{named.metric} has no version {named.version}")
    return found


def _figures(seen: Look, pack: Pack, name: str, subject: Subject, days: int) -> dict[Key, Shown]:
    """The figures of the metric in all its variants."""
    keys = [key for key in pack.metrics if key[0] == name]
    return {each.key: each for each in shown(seen, [subject], days=days, keys=keys) if each.key in keys}


def _siblings(pack: Pack, name: str, version: Version, key: Key, date: dt.date, figures: dict[Key, Shown]) -> Iterator[Sibling]:
    for other, metric in pack.metrics.items():
        if other[0] != name:
            continue
        now = metric.at(date)
        for each in metric.versions:
            if (other, each) != (key, version):
                named = Named(*other, "" if each == now else each.name)
                yield Sibling(named, metric, each, figures.get(other) if each == now else None)


def _comparable(pack: Pack, key: Key, version: Version, date: dt.date) -> Iterator[Named]:
    """The metrics in force that count the same things by one measure, so that their rows can stand side by side."""
    things = _things(pack, version, date)
    for other, metric in pack.metrics.items():
        now = metric.at(date)
        if other != key and now is not None and things is not None and _things(pack, now, date) == things:
            yield Named(*other)


def _things(pack: Pack, version: Version, date: dt.date) -> tuple[object, ...] | None:
    """What a row stands for; None where two measures make the figure, or several versions by the day of the deed."""
    if version.count_of is not None:
        counted = pack.metrics[version.count_of.metric, version.count_of.variant].at(date)
        measure = _single(counted, version.count_of.side) if counted else None
        window = counted.window if counted else 0
    else:
        measure, window = _single(version), version.window
    if measure is None or version.applies == "deed":
        return None
    return (measure.of, measure.once_per, window if measure.once_per else 0)


def _single(version: Version, side: str = "") -> Measure | None:
    """The one measure of a version, or of a side of it."""
    found = [measure for name, measure in version.measures if not side or name in ("both", side)]
    return found[0] if len(found) == 1 else None
