"""How figures went from close to close: one query over many closes' files."""

import datetime as dt
from collections.abc import Collection, Mapping
from fractions import Fraction
from itertools import groupby
from typing import NamedTuple

from tianping.metrics.compile import Key
from tianping.work.closing.closed import having, shelf, subjects_paths, up_to
from tianping.work.figures.boards import COUNTED, Look, Row, Subject, subject_of, value_of, where

CLOSES = 30
"""Closes of a trend."""


class Point(NamedTuple):
    """A figure of one close, without its days and `why`; `version` is the definition's (a line may break where it changes)."""

    date: dt.date
    value: Fraction | None
    figure: Row

    @property
    def version(self) -> str:
        return str(self.figure["version"])


class Line(NamedTuple):
    """Whose trend: subject, metric, variant, days."""

    subject: Subject
    metric: str
    variant: str
    days: int


Trends = Mapping[Line, tuple[Point, ...]]


def trends(
    seen: Look, subjects: Collection[Subject], *, days: int, keys: Collection[Key] | None = None, closes: int = CLOSES
) -> Trends:
    """The figures of these subjects over `days` days in the newest closes up to the one looked at, oldest first. A close
    without a figure has no point. Does not look at reach."""
    names = [each.subject for each in subjects]
    files = [path for each in up_to(seen.home, seen.done.date, closes) for path in subjects_paths(seen.home, each, names)]
    test, values = having(where(subjects, days, keys))
    query = f'select {COUNTED} from read_parquet(?) where {test} order by platform, metric, variant, "by", subject, date'
    rows = shelf().sql(query, params=[files, *values]).to_arrow_table().to_pylist() if files and subjects else []
    wanted = frozenset(subjects)
    return {
        line: tuple(Point(row["date"], value_of(row), row) for row in points)
        for line, points in groupby(rows, key=_line)
        if line.subject in wanted
    }


def _line(row: Row) -> Line:
    return Line(subject_of(row), str(row["metric"]), str(row["variant"]), int(str(row["days"])))
