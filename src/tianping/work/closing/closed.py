"""Closes that there are: finding them, and reading their figures.

Apart from `close`, for whoever reads figures needs nothing of what computes them, which takes longer to load than to read.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby, islice
from pathlib import Path

import duckdb

from tianping.errors import NotFound, TianpingError
from tianping.facts.engine import in_memory, records
from tianping.store import closes
from tianping.store.closes import Close
from tianping.work.closing import bysubject
from tianping.work.home import Home


def find(home: Home, date: dt.date, *, known_at: int | None = None) -> Close:
    """The best informed close as of `date` (that of one seq where asked). Raises NotFound."""
    done = [each for each in closes.of_date(home.database, date) if known_at is None or each.seq == known_at]
    if done:
        return _best(done)
    dates = [day.isoformat() for day in reversed(closes.dates(home.database))]
    had = f"closed are {', '.join(dates[-5:])}" if dates else "nothing is closed yet"
    raise NotFound(f"{date} is not closed in {home.path}; run tianping close --date {date} ({had})")


def _best(done: Sequence[Close]) -> Close:
    """Of the closes of one day, best informed and newest first: the first, or one with the same figures and more of them."""
    alike = [each for each in done if (each.seq, each.packs) == (done[0].seq, done[0].packs)]
    return max(alike, key=lambda each: len(each.days))


def up_to(home: Home, last: dt.date, count: int) -> list[Close]:
    """The best informed closes of the newest `count` days up to `last` whose files are there, newest first."""
    days = groupby((each for each in closes.every(home.database) if each.date <= last), key=lambda each: each.date)
    best = (_best(list(done)) for _, done in days)
    return list(islice((each for each in best if (home.path / each.path).exists()), count))


@dataclass(frozen=True, slots=True)
class Filter:
    """Which figures: each None means all."""

    platform: str | None = None
    metric: str | None = None
    variant: str | None = None
    by: str | None = None
    subject: str | None = None
    days: int | None = None


def read(home: Home, done: Close, wanted: Filter = Filter()) -> Iterator[Mapping[str, object]]:
    """The figures of a close, row by row, in order; never all in memory."""
    given = {name: [value] for name in Filter.__slots__ if (value := getattr(wanted, name)) is not None}
    yield from rows(home, done, given)


def rows(
    home: Home,
    done: Close,
    given: Mapping[str, Sequence[object]],
    *,
    by_subject: bool = False,
    columns: str = "*",
) -> Iterator[Mapping[str, object]]:
    """The figures of a close whose columns have one of the values given, in order. `by_subject`: from the copy that finds those
    of a few subjects fast."""
    where, values = having(given)
    query = f"select {columns} from read_parquet(?) where {where}"
    path = subjects_paths(home, done, map(str, given["subject"])) if by_subject else figures_path(home, done)
    try:
        yield from records(shelf(), query, [path, *values])
    except duckdb.Error as error:
        raise TianpingError(f"the figures of {done.date} cannot be read; close that day again: {error}") from error


def having(given: Mapping[str, Sequence[object]]) -> tuple[str, list[object]]:
    """The condition that columns of figures have one of the values given (any where none is), and its parameters."""
    tests = [f'"{name}" in ({", ".join("?" * len(values))})' for name, values in given.items() if values]
    return " and ".join(tests) or "true", [value for values in given.values() for value in values]


def shelf() -> duckdb.DuckDBPyConnection:
    """A connection for reading figures. What one has learnt of a file's parts the next one knows; each thread needs its own."""
    return _shelf().cursor()


@cache
def _shelf() -> duckdb.DuckDBPyConnection:
    con = in_memory()
    con.execute("set parquet_metadata_cache = true")
    return con


def previous(home: Home, done: Close) -> Close | None:
    """The best informed close of the newest day before; None where there is none, or its file is gone."""
    found = up_to(home, done.date - dt.timedelta(days=1), 1)
    return found[0] if found else None


def figures_path(home: Home, done: Close) -> str:
    """The file of a close. Raises NotFound where somebody has taken it away."""
    path = home.path / done.path
    if not path.exists():
        raise NotFound(f"the figures of {done.date} are gone from {path}; run tianping close --date {done.date} again")
    return str(path)


def subjects_paths(home: Home, done: Close, subjects: Iterable[str]) -> list[str]:
    """The files of these subjects in the close's copy that is laid out by subject. Raises NotFound as `figures_path`."""
    return bysubject.beside(home.path, Path(figures_path(home, done)), subjects)


def shops(home: Home, done: Close) -> Sequence[str]:
    """The shops that have figures in a close."""
    found = in_memory().execute(
        "select distinct subject from read_parquet(?) where \"by\" = 'shop' order by all", [figures_path(home, done)]
    )
    return [str(shop) for (shop,) in found.fetchall()]
