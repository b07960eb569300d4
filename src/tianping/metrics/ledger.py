"""Sums by event day, from which any later close is a sum over the days of its windows.

Tallies of one view under one event day make a *strand*. Of most strands sums are kept: what the things of each day, shop and
product add. What does not add up over days (a buyer counts once per window) keeps its rows, one per buyer and day.
A change of the facts is the sums of what is touched, now, less their sums before.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import duckdb

from tianping.metrics.compile import Tally, View, Views
from tianping.metrics.engine import Pass, Taking, Use, assert_population, count_rows, fill_cells, group_columns, marks, sums
from tianping.metrics.rows import bucket_sql, columns_of
from tianping.periods import Window


@dataclass(frozen=True, slots=True)
class Strand:
    """What is kept of some tallies: `select` gives it from the schema `dated`, for the event days from a first one on.
    `uses` are those of the day's definitions. `folds`: rows are kept, not sums."""

    view: str
    folds: bool
    tallies: tuple[Tally, ...]
    uses: tuple[Use, ...]
    select: str

    @property
    def name(self) -> str:
        """The same for the same SQL: two definitions that say the same share what is kept."""
        return "strand_" + hashlib.sha256(self.select.encode()).hexdigest()[:20]


def strands(views: Views, platform: str, uses: Sequence[Use], first: dt.date) -> list[Strand]:
    """The strands of `uses`, with event days from `first` on."""
    folded = {use.side.tally.view for use in uses if use.side.tally.once_per}
    rows = sorted((use for use in uses if use.side.tally.view in folded), key=_view_of)
    added = sorted((use for use in uses if use.side.tally.view not in folded), key=_strand_of)
    return [
        *(_of_rows(views[name], platform, tuple(group), first) for name, group in groupby(rows, key=_view_of)),
        *(_of_sums(views[key[0]], platform, tuple(group), first) for key, group in groupby(added, key=_strand_of)),
    ]


def _view_of(use: Use) -> str:
    return use.side.tally.view


def _strand_of(use: Use) -> tuple[str, str, str, str]:
    tally = use.side.tally
    return tally.view, tally.by, tally.day, str(tally.clip or "")


def _of_rows(view: View, platform: str, uses: tuple[Use, ...], first: dt.date) -> Strand:
    """A buyer's days as they are; those that other metrics count by the day are among them."""
    tallies = tuple(dict.fromkeys(use.side.tally for use in uses))
    since = " or ".join(dict.fromkeys(f"{tally.day} >= date '{first}'" for tally in tallies))
    return Strand(tallies[0].view, True, tallies, uses, _rows_sql(view, platform, tallies, first, f"({since})"))


def _of_sums(view: View, platform: str, uses: tuple[Use, ...], first: dt.date) -> Strand:
    tallies = tuple(dict.fromkeys(replace(use.side.tally, lag=0) for use in uses))
    inside = f"{tallies[0].day} >= date '{first}'"
    if clip := tallies[0].clip:
        inside += f" and {tallies[0].day} between date '{clip.first}' and date '{clip.last}'"
    rows = _rows_sql(view, platform, tallies, first, inside)
    return Strand(tallies[0].view, False, tallies, uses, _sums_sql(view, tallies, rows))


def _rows_sql(view: View, platform: str, tallies: Sequence[Tally], first: dt.date, inside: str) -> str:
    own = f"platform = '{platform}'"
    rows = view.select(sorted(columns_of(view, tallies)), since=first, where=[own, inside], shops=own)
    return f"select * from ({rows}) where {own} and {inside}"


def _sums_sql(view: View, tallies: Sequence[Tally], rows: str) -> str:
    """Counts by event day, shop, and product or agent; of each tally as `engine.sums` names them."""
    marked = [mark for number, tally in enumerate(tallies) for mark in marks(number, tally)]
    counted = [each for number, tally in enumerate(tallies) for each in sums(number, tally)]
    columns = f"{tallies[0].day} as day, {group_columns(view, tallies[0])}"
    return (
        f"select day, shop_id, product_id, agent_id, {', '.join(counted)} "
        f"from (select {columns}, {', '.join(marked)} from ({rows})) group by all"
    )


_KEYS = "day, shop_id, product_id, agent_id"


def kept_columns(strand: Strand) -> list[str]:
    """The columns that are added up of a strand of sums."""
    return [
        f"{part}_{number}"
        for number, tally in enumerate(strand.tallies)
        for part in ("hits", "rests", *(("adds",) if tally.total else ()))
    ]


def make(con: duckdb.DuckDBPyConnection, strand: Strand, into: str) -> None:
    """What is kept of the rows of schema `dated`, as the temp table `into`. Raises where rows are lost or counted twice."""
    con.execute(f"create or replace temp table {into} as {strand.select}")
    if not strand.folds:
        assert_population(con, strand.view, strand.tallies, into)


def changed(strand: Strand, now: str, before: str) -> str:
    """The SELECT of what was added between two temp tables of sums: one less the other, without what is the same."""
    less = ", ".join(f"-{column} as {column}" for column in kept_columns(strand))
    return summed(strand, f"(select * from {now} union all by name select {_KEYS}, {less} from {before})")


def summed(strand: Strand, rows: str) -> str:
    """The SELECT of the sums of the FROM item `rows` by day, shop and product or agent, without those that are all 0."""
    columns = kept_columns(strand)
    added = ", ".join(f"sum({column})::bigint as {column}" for column in columns)  # Parquet has no wider integers
    some = " or ".join(f"sum({column}) <> 0" for column in columns)
    return f"select {_KEYS}, {added} from {rows} group by all having {some}"


def fill(con: duckdb.DuckDBPyConnection, views: Views, platform: str, strand: Strand, kept: str, date: dt.date) -> None:
    """Add the cells of all uses of a strand from what is `kept` of it (a FROM item)."""
    view = views[strand.view]
    if strand.folds:
        count_rows(con, view, f"select * from {kept}", Taking(strand.view, platform, date, strand.uses))
        return
    for _, group in groupby(sorted(strand.uses, key=_lag_of), key=_lag_of):
        uses = tuple(group)
        windows = tuple(sorted({days for use in uses for days in use.days}))
        groups = _windows_sql(strand, [use.side.tally for use in uses], kept, windows, date)
        con.execute(f"create or replace temp table groups as {groups}")
        fill_cells(con, Pass(strand.view, view, "", platform, date, windows, uses))


def _lag_of(use: Use) -> int:
    return use.side.tally.lag


def _windows_sql(strand: Strand, tallies: Sequence[Tally], kept: str, windows: Sequence[int], date: dt.date) -> str:
    """The groups of a pass, from sums by day: the smallest window that holds each day."""
    lag = tallies[0].lag
    span = Window(max(windows), lag).at(date)
    bucket = bucket_sql(replace(tallies[0], clip=None), windows, date, "day")
    return (
        f"select shop_id, product_id, agent_id, {bucket} as bucket_0, {', '.join(_renumbered(strand, tallies))} from {kept} "
        f"where day between date '{span.first}' and date '{span.last}' group by all"
    )


def _renumbered(strand: Strand, tallies: Iterable[Tally]) -> Iterable[str]:
    """A strand's tallies are numbered in the order of the strand, a pass's in that of the pass."""
    for number, tally in enumerate(dict.fromkeys(tallies)):
        held = strand.tallies.index(replace(tally, lag=0))
        for part in ("hits", "rests", *(("adds",) if tally.total else ())):
            yield f"sum({part}_{held}) as {part}_{number}"
