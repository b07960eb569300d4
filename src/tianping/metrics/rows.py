"""The rows that tallies count, and the window each falls into."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import duckdb

from tianping.metrics.compile import Tally, View
from tianping.periods import Window


def columns_of(view: View, tallies: Sequence[Tally], besides: Iterable[str] = ()) -> set[str]:
    """What has to be read of a view to count these tallies."""
    columns = {"shop_id", "platform", "timezone", *view.key, *besides, *(name for tally in tallies for name in tally.columns)}
    return columns | ({"product_id"} if view.by_product else set())


def joined(staged: tuple[str, str]) -> str:
    """Both steps as one SELECT."""
    ours, rows = staged
    return f"with ours as (select *, row_number() over () as rowid from ({ours})) {rows}" if ours else rows


@contextmanager
def ours_held(con: duckdb.DuckDBPyConnection, staged: tuple[str, str]) -> Iterator[str]:
    """Both steps, the first one done: within, `ours` is a table, and what is given selects the rows."""
    ours, rows = staged
    if ours:
        con.execute(f"create or replace temp table ours as {ours}")
    yield rows
    con.execute("drop table if exists ours")


def staged_sql(
    view: View,
    tallies: Sequence[Tally],
    windows: Sequence[int],
    date: dt.date,
    besides: Iterable[str] = (),
    *,
    where: Sequence[str] = (),
    shops: str = "",
) -> tuple[str, str]:
    """The view's rows with the columns that the tallies read, and some besides, in two steps, as the view stages them: what may
    be held as a table `ours`, and what reads it. Rows that fall into no window may be missing, and so may those for which a
    condition of `where` over those columns, or one of `shops` over the shops, does not hold."""
    first, inside = _inside(tallies, windows, date)
    return view.staged(sorted(columns_of(view, tallies, besides)), since=first, where=[*where, *inside], shops=shops)


def _inside(tallies: Sequence[Tally], windows: Sequence[int], date: dt.date) -> tuple[dt.date, list[str]]:
    """The first day of any window, and the condition that a row falls into one, where that can be said of it alone."""
    first = min(Window(max(windows), tally.lag).at(date).first for tally in tallies)
    if any(tally.once_per for tally in tallies):
        return first, []
    inside = dict.fromkeys(inside_sql(tally, windows, date) for tally in tallies)
    return first, [f"({' or '.join(inside)})"]


def folded_sql(view: View, rows: str, tallies: Sequence[Tally], windows: Sequence[int], date: dt.date) -> str:
    """A buyer's days inside each window as one row, with `window_days` and the window's last day as its `day`; by agent, those
    with one agent."""
    spans = [(days, Window(days, tallies[0].lag).at(date)) for days in windows]
    listed = ", ".join(f"({days}, date '{span.first}', date '{span.last}')" for days, span in spans)
    folded = ", ".join(f"{view.folds[name]} as {name}" for name in sorted(columns_of(view, tallies)) if name in view.folds)
    whose = "shop_id, agent_id, buyer_id" if tallies[0].by == "agent" else "shop_id, buyer_id"
    return (
        f"select w.days as window_days, max(w.last) as day, {whose}, {folded} from ({rows}) d "
        f"join (values {listed}) w(days, first, last) on d.day between w.first and w.last group by w.days, {whose}"
    )


def inside_sql(tally: Tally, windows: Iterable[int], date: dt.date) -> str:
    """Whether any window holds the row's day; it may be null where none does."""
    if tally.once_per:
        return "window_days is not null"
    span, clip = Window(max(windows), tally.lag).at(date), tally.clip
    first, last = (max(span.first, clip.first), min(span.last, clip.last)) if clip else (span.first, span.last)
    return f"{tally.day} between date '{first}' and date '{last}'"


def bucket_sql(tally: Tally, windows: Iterable[int], date: dt.date, day: str) -> str:
    """The smallest window that holds the row's day, null where none does. `day`: the column that has the tally's day by now;
    what works that out may be long, and would stand here once for each window."""
    if tally.once_per:
        return "window_days"
    spans = [(days, Window(days, tally.lag).at(date)) for days in sorted(windows)]
    whens = " ".join(f"when {day} >= date '{span.first}' then {days}" for days, span in spans)
    return f"case when {inside_sql(replace(tally, day=day), windows, date)} then case {whens} end end"
