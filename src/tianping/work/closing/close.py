"""The daily close: every official figure as of T, from what was known, kept as one sorted Parquet file."""

import datetime as dt
import hashlib
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby, islice
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from tianping.errors import NotFound, TianpingError
from tianping.facts import versions
from tianping.facts.asof import as_of
from tianping.facts.lake import settle
from tianping.facts.versions import Version
from tianping.facts.views import VIEWS
from tianping.metrics.compile import definitions
from tianping.metrics.engine import count_views, figures, prepare, uses_of
from tianping.metrics.slices import UNCUT
from tianping.policy.model import Pack
from tianping.store import closes
from tianping.store.closes import Close
from tianping.work.closing import bysubject, carry
from tianping.work.closing.slicing import sliced
from tianping.work.home import Home, facts, locked

_TYPES: dict[str, pa.DataType] = {
    "platform": pa.string(), "metric": pa.string(), "variant": pa.string(), "version": pa.string(), "by": pa.string(),
    "subject": pa.string(), "date": pa.date32(), "days": pa.int32(), "first_day": pa.date32(), "last_day": pa.date32(),
    "numerator": pa.int64(), "denominator": pa.int64(), "value": pa.decimal128(24, 6), "status": pa.string(),
    "why": pa.string(),
}  # fmt: skip
COLUMNS = pa.schema(_TYPES)
_AT_ONCE = 100_000
"""Figures of one part of a close's file."""
CARRIED_FROM = {True: 5_000_000, False: math.inf}
"""Rows of all tables from which a close is carried from the one before: one of many days in a row, and one by itself, after an
import. That one is always counted: measured at 1 M orders, 9.3 s carried, 7.0 s counted (docs/performance.md)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What to close: T, what was known (a seq, a naive UTC time, or all), numbers of days besides the usual ones; whether it
    is one of many in a row."""

    date: dt.date
    known_at: int | dt.datetime | None = None
    days: tuple[int, ...] = ()
    in_a_row: bool = False


def close(home: Home, packs: Mapping[str, Pack], asked: Asked, *, at: dt.datetime) -> Close:
    """Compute and keep the close. Run again with the same facts and packs it gives the same bytes. `at` is naive UTC.
    Raises NotFound where nothing was known yet."""
    if not 2000 <= asked.date.year <= 2100:
        raise NotFound(f"{asked.date} is outside the years 2000 to 2100 that facts may have; name another --date")
    known = home.versions()  # before the facts: what is erased meanwhile must not be taken for forgotten
    con, seq = facts(home, known_at=asked.known_at)
    if seq == 0:
        when = "yet" if asked.known_at is None else f"at {asked.known_at}"
        raise NotFound(f"nothing is known in {home.path} {when}; import facts first, or see `tianping imports list`")
    as_of(con, asked.date)
    by_platform = {name: packs[name] for name in sorted(_platforms(con) & set(packs))}
    digests = {name: pack.digest for name, pack in by_platform.items()}
    digest = hashlib.sha256(repr((sorted(digests.items()), sorted(asked.days))).encode()).hexdigest()
    path = Path("closes") / asked.date.isoformat() / f"{seq}-{digest[:12]}.parquet"
    count = _write(home.path / path, _computed(home, con, by_platform, asked, (seq, known)))
    done = Close(asked.date, seq, digest, digests, sorted(asked.days), path.as_posix(), count, at)
    bysubject.folder(home.path, home.path / path)
    closes.keep(home.database, done)
    return done


def _platforms(con: duckdb.DuckDBPyConnection) -> set[str]:
    return {str(platform) for (platform,) in con.sql("select distinct platform from facts.shops").fetchall()}


def unweighed(home: Home, packs: Mapping[str, Pack], known_at: int | dt.datetime | None = None) -> Iterator[str]:
    """What no pack weighs, in sentences: shops of platforms without a pack, and shops that orders name but `shops` does not."""
    con, _ = facts(home, known_at=known_at)
    for platform, count in con.sql("select platform, count(*) from facts.shops group by all order by all").fetchall():
        if platform not in packs:
            yield f'{count} shops of the platform "{platform}" have no figures: there is no pack for it ({", ".join(packs)})'
    unknown = "from facts.orders anti join facts.shops using (shop_id) having count(*) > 0"
    for orders, lost in con.sql(f"select count(*), count(distinct shop_id) {unknown}").fetchall():
        yield f"{orders} orders of {lost} shops have no figures: no row of shops says their platform"


def _computed(
    home: Home, con: duckdb.DuckDBPyConnection, packs: Mapping[str, Pack], asked: Asked, state: tuple[int, Sequence[Version]]
) -> Iterator[pa.RecordBatch]:
    """What is known now is carried from close to close, where it pays and nobody else is at it; else all is counted."""
    defined = {name: definitions(pack, VIEWS, asked.date, asked.days) for name, pack in packs.items()}
    uses = {name: uses_of(each) for name, each in defined.items()}
    known = versions.known(home.versions(), state[0])  # read since the facts are open: none of its files will be swept
    with locked(home.path / "ledger.lock", wait=False) as free:
        carries = free and asked.known_at is None and sum(file.rows for file in known.files) >= CARRIED_FROM[asked.in_a_row]
        kept = {name: [use for use in each if carries and carry.keeps(use)] for name, each in uses.items()}
        turn = carry.Round(home, con, (asked.date, *state), kept) if carries else None
        for name, each in defined.items():
            prepare(con)
            counted = [use for use in uses[name] if use not in kept[name]]
            cut = sliced(con, home.lake, known, name) if counted else UNCUT
            count_views(con, VIEWS, name, counted, asked.date, cut)
            if turn:
                turn.fill(name)
            yield from figures(con, VIEWS, name, each, asked.date)
        if turn:
            turn.end()


def _evenly(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """The same rows, _AT_ONCE at a time: a file's bytes are then the same however its figures came."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch.cast(COLUMNS))
        while sum(each.num_rows for each in held) >= _AT_ONCE:
            table = pa.Table.from_batches(held)
            yield table.slice(0, _AT_ONCE)
            held = table.slice(_AT_ONCE).to_batches()
    if any(each.num_rows for each in held):
        yield pa.Table.from_batches(held)


def _write(path: Path, batches: Iterable[pa.RecordBatch]) -> int:
    """Beside, then into place, so that a reader sees the whole file or none; a close that fails leaves nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(f".{os.getpid()}.tmp")
    count = 0
    try:
        with pq.ParquetWriter(beside, COLUMNS, compression="zstd") as writer:
            for table in _evenly(batches):
                writer.write_table(table.combine_chunks())
                count += table.num_rows
        settle(path.parent, [beside])  # the bytes are safe before anything names them
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return count


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
    con, (where, values) = shelf(), having(given)
    query = f"select {columns} from read_parquet(?) where {where}"
    path = subjects_paths(home, done, map(str, given["subject"])) if by_subject else figures_path(home, done)
    try:
        reader = con.sql(query, params=[path, *values]).to_arrow_reader(10_000)
    except duckdb.Error as error:
        raise TianpingError(f"the figures of {done.date} cannot be read; close that day again: {error}") from error
    for batch in reader:
        yield from batch.to_pylist()


def having(given: Mapping[str, Sequence[object]]) -> tuple[str, list[object]]:
    """The condition that columns of figures have one of the values given (any where none is), and its parameters."""
    tests = [f'"{name}" in ({", ".join("?" * len(values))})' for name, values in given.items() if values]
    return " and ".join(tests) or "true", [value for values in given.values() for value in values]


def shelf() -> duckdb.DuckDBPyConnection:
    """A connection for reading figures. What one has learnt of a file's parts the next one knows; each thread needs its own."""
    return _shelf().cursor()


@cache
def _shelf() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
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
    found = duckdb.connect().execute(
        "select distinct subject from read_parquet(?) where \"by\" = 'shop' order by all", [figures_path(home, done)]
    )
    return [str(shop) for (shop,) in found.fetchall()]
