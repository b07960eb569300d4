"""How a board's figures stand on a page: in the groups of the pack, with their trends, and the days they count."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tianping.metrics.compile import Key
from tianping.policy.load import key_of
from tianping.policy.model import Group, Metric, Pack, Version
from tianping.policy.words import Words
from tianping.web.addresses import category_url
from tianping.work.figures import boards
from tianping.work.figures.boards import Look, Shown, Subject
from tianping.work.figures.trends import Line as Whose
from tianping.work.figures.trends import Point, Trends, trends

CLOSES = 14
"""Closes of a trend on a board; a figure's own page shows more."""


class Line(NamedTuple):
    """A figure, what it means, and how it went."""

    shown: Shown
    words: Words | None
    points: Sequence[Point]


class Shelf(NamedTuple):
    """The figures of one group; `group` None: those that the pack puts nowhere."""

    group: Group | None
    lines: Sequence[Line]


class Span(NamedTuple):
    """Days that some figures count; `lag`: by how many they end before T; `matures`: for how many days they are watched."""

    first: dt.date
    last: dt.date
    lag: int
    matures: int
    names: Sequence[Words]


def version_of(shown: Shown) -> Version | None:
    """The definition a figure was counted by; None where the pack has it no more."""
    return next((each for each in shown.metric.versions if each.name == shown.figure["version"]), None)


def trends_of(look: Look, subjects: Collection[Subject], days: int) -> Trends:
    """How the subjects' figures went."""
    return trends(look, subjects, days=days, closes=CLOSES)


def shelves(pack: Pack, found: Sequence[Shown], went: Trends) -> list[Shelf]:
    """The figures of one subject over one number of days, in the pack's groups; groups without any are left out."""
    lines = {each.key: _line(each, went) for each in found}
    groups = [(group, [key_of(name) for name in group.metrics]) for group in pack.board.groups]
    placed = {key for _, keys in groups for key in keys}
    rest = [key for key in lines if key not in placed]
    made = [Shelf(group, [lines[key] for key in keys if key in lines]) for group, keys in groups]
    return [each for each in (*made, Shelf(None, [lines[key] for key in rest])) if each.lines]


def lines(found: Iterable[Shown], went: Trends) -> list[Line]:
    """Figures as they come."""
    return [_line(each, went) for each in found]


def _line(each: Shown, went: Trends) -> Line:
    version = version_of(each)
    return Line(each, version.words if version else None, went.get(Whose(each.subject, *each.key, each.days), ()))


def spans(found: Iterable[Shown]) -> list[Span]:
    """The days that figures count, those that end first first."""
    kinds: dict[tuple[dt.date, dt.date, int, int], list[Words]] = {}
    for each in found:
        first, last, date = (_date(each.figure[name]) for name in ("first_day", "last_day", "date"))
        version = version_of(each)
        matures = version.matures_days if version else 0
        kinds.setdefault((last, first, (date - last).days, matures), []).append(each.metric.label)
    return [Span(first, last, lag, matures, names) for (last, first, lag, matures), names in sorted(kinds.items(), key=_order)]


def _order(kind: tuple[tuple[dt.date, dt.date, int, int], list[Words]]) -> tuple[dt.date, dt.date, int, int]:
    return kind[0]


def _date(value: object) -> dt.date:
    assert isinstance(value, dt.date)
    return value


def day_counts(found: Iterable[Shown], asked: int) -> tuple[list[int], int]:
    """The numbers of days there are figures of, and the one to show: that asked for, else the nearest."""
    days = sorted({each.days for each in found})
    return days, min(days, key=lambda each: abs(each - asked), default=asked)


class Category(NamedTuple):
    """A category with some of its figures. `above`: the path it stands under."""

    name: str
    above: str
    href: str
    cells: Sequence[Shown | None]


@dataclass(frozen=True, slots=True)
class Categories:
    """Categories by a few metrics."""

    metrics: Sequence[Metric]
    lines: Sequence[Category]


def categories(look: Look, pack: Pack, paths: Collection[str], days: int, *, shop: str = "") -> Categories:
    """Categories by the pack's short list of metrics: the shop's part of each beside the industry's, or, without one, the
    industry's alone. Does not look at reach."""
    keys = short(pack)
    of = {_subject(pack.platform, path, shop): path for path in paths}
    held = {(each.subject, each.key): each for each in boards.shown(look, of, days=days, keys=keys)}
    asked = {"shop": shop, "days": days, "date": look.done.date}
    made = [
        Category(
            path.rpartition("/")[2],
            path.rpartition("/")[0],
            category_url(pack.platform, path, **asked),
            [held.get((subject, key)) for key in keys],
        )
        for subject, path in of.items()
        if any((subject, key) in held for key in keys)
    ]
    return Categories([pack.metrics[key] for key in keys], made)


def _subject(platform: str, path: str, shop: str) -> Subject:
    by = boards.level(path)
    return Subject(platform, f"shop_{by}", f"{shop}/{path}") if shop else Subject(platform, by, path)


def short(pack: Pack) -> list[Key]:
    """The metrics of products and categories in short lists."""
    return [key_of(name) for name in pack.board.products]


def names_of(pack: Pack, keys: Iterable[Key]) -> Mapping[Key, Words]:
    return {key: pack.metrics[key].label for key in keys}
