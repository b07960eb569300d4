"""The daily close: every official figure as of T, from what was known, kept as one sorted Parquet file."""

import datetime as dt
import hashlib
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from tianping.errors import NotFound
from tianping.facts import recent, versions
from tianping.facts.asof import as_of
from tianping.facts.lake import settle
from tianping.facts.versions import Version
from tianping.facts.views import VIEWS
from tianping.metrics.compile import definitions
from tianping.metrics.engine import Use, count_views, figures, prepare, uses_of
from tianping.metrics.slices import UNCUT
from tianping.periods import Window
from tianping.policy.model import Pack
from tianping.store import closes
from tianping.store.closes import Close
from tianping.work.closing import carry
from tianping.work.closing.slicing import hold, sliced
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
    closes.keep(home.database, done)
    return done


def _platforms(con: duckdb.DuckDBPyConnection) -> set[str]:
    return {str(platform) for (platform,) in con.execute("select distinct platform from facts.shops").fetchall()}


def unweighed(home: Home, packs: Mapping[str, Pack], known_at: int | dt.datetime | None = None) -> Iterator[str]:
    """What no pack weighs, in sentences: shops of platforms without a pack, and shops that orders name but `shops` does not."""
    con, _ = facts(home, known_at=known_at)
    for platform, count in con.execute("select platform, count(*) from facts.shops group by all order by all").fetchall():
        if platform not in packs:
            yield f'{count} shops of the platform "{platform}" have no figures: there is no pack for it ({", ".join(packs)})'
    unknown = "from facts.orders anti join facts.shops using (shop_id) having count(*) > 0"
    for orders, lost in con.execute(f"select count(*), count(distinct shop_id) {unknown}").fetchall():
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
        first = None if carries else _first([use for each in uses.values() for use in each], asked.date)
        seen = recent.since(con, home.lake, known, first) if first else known
        held = hold(con, home.lake, seen)
        turn = carry.Round(home, con, (asked.date, *state), kept) if carries else None
        for name, each in defined.items():
            prepare(con)
            counted = [use for use in uses[name] if use not in kept[name]]
            cut = sliced(con, home.lake, seen, name, held) if counted else UNCUT
            count_views(con, VIEWS, name, counted, asked.date, cut)
            if turn:
                turn.fill(name)
            yield from figures(con, VIEWS, name, each, asked.date)
        if turn:
            turn.end()


def _first(uses: Sequence[Use], date: dt.date) -> dt.date | None:
    """The first day on which anything can have happened that falls into some window; None where that cannot be told by what
    happened to orders."""
    if any(use.side.tally.dated_by & recent.UNSEEN for use in uses):
        return None
    windows = ((Window(max(use.days), use.side.tally.lag), use.side.tally.late) for use in uses)
    return min((window.at(date).first - late for window, late in windows), default=None)


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
