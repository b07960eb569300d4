"""Definitions to numbers: one pass per view, all metrics, windows and levels together.

Reads the views over schema `dated` of a DuckDB connection (see facts). Makes the temp table `figures` there, with the columns
of `figure.Figure`, sorted. Any (T, seq) is computed directly from the rows: this is the definition of right.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

import duckdb

from tianping.errors import TianpingError
from tianping.metrics.compile import Definition, Side, Tally, View, Views
from tianping.metrics.coverage import judge, skip
from tianping.metrics.levels import roll_up
from tianping.metrics.rows import bucket_sql, folded_sql, rows_sql


def compute(
    con: duckdb.DuckDBPyConnection,
    views: Views,
    platform: str,
    defined: Sequence[Definition],
    date: dt.date,
    *,
    covered: bool = True,
) -> None:
    """Fill the temp table `figures` for one platform's definitions as of T. Raises where rows are lost or counted twice.
    `covered=False`: the facts are all there is, and coverage is not asked for."""
    con.execute(
        "create or replace temp table cells "
        "(metric integer, days integer, shop_id varchar, product_id varchar, numerator hugeint, denominator hugeint)"
    )
    uses = [Use(index, each.days, side) for index, each in enumerate(defined) for side in each.sides]
    for name, group in groupby(sorted(uses, key=_pass_of), key=lambda use: use.side.tally.view):
        _count_view(con, name, views[name], platform, date, list(group))
    (judge if covered else skip)(con, views, platform, defined, date)
    roll_up(con, platform, defined, date)


@dataclass(frozen=True, slots=True)
class Use:
    """What one side of a metric (by its index) takes from a tally, and for which windows."""

    metric: int
    days: tuple[int, ...]
    side: Side


def _pass_of(use: Use) -> tuple[str, str, int]:
    """Uses with the same answer are counted in the same pass. Folding is per window, so each lag folds apart."""
    tally = use.side.tally
    return tally.view, tally.once_per or "", tally.lag if tally.once_per else 0


def _count_view(
    con: duckdb.DuckDBPyConnection, name: str, view: View, platform: str, date: dt.date, uses: Sequence[Use]
) -> None:
    """Count everything that reads one view. Its rows are made once, even where some metrics fold them and some do not."""
    windows = tuple(sorted({days for use in uses for days in use.days}))
    rows = rows_sql(view, [use.side.tally for use in uses], windows, date, where=f"platform = '{platform}'")
    passes = [tuple(group) for _, group in groupby(uses, key=_pass_of)]
    if len(passes) > 1:
        con.execute(f"create or replace temp table shared as {rows}")
        rows = "select * from shared"
    for each in passes:
        tallies = [use.side.tally for use in each]
        source = folded_sql(view, rows, tallies, windows, date) if tallies[0].once_per else rows
        _count(con, Pass(name, view, source, platform, date, windows, each))


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass over the rows of a view. They are grouped by shop, product and, for each event in play, the smallest window
    they fall into (`bucket`): the windows of one event lie inside one another, so every window is a sum over such groups."""

    name: str
    view: View
    rows: str
    platform: str
    date: dt.date
    windows: tuple[int, ...]
    uses: tuple[Use, ...]

    @property
    def tallies(self) -> list[Tally]:
        return list(dict.fromkeys(use.side.tally for use in self.uses))

    @property
    def buckets(self) -> list[str]:
        """SQL of the bucket of each tally, each once."""
        return list(dict.fromkeys(self.bucket_of(tally) for tally in self.tallies))

    def bucket_of(self, tally: Tally) -> str:
        return bucket_sql(tally, self.windows, self.date)

    def bucket_name(self, tally: Tally) -> str:
        return f"bucket_{self.buckets.index(self.bucket_of(tally))}"


def _count(con: duckdb.DuckDBPyConnection, each: Pass) -> None:
    con.execute(f"create or replace temp table groups as {groups_sql(each)}")
    _assert_population(con, each)
    for use in each.uses:
        con.execute(f"insert into cells {_cells_sql(each, use)}")
    con.execute("drop table groups")


def groups_sql(each: Pass) -> str:
    """The one scan: rows marked, then counted by shop, product and buckets."""
    product = "product_id" if each.view.by_product else "null::varchar as product_id"
    marks = [f"{sql} as bucket_{number}" for number, sql in enumerate(each.buckets)]
    sums: list[str] = []
    for number, tally in enumerate(each.tallies):
        marks += _marks(number, tally)
        sums += _sums(number, tally)
    names = [f"bucket_{number}" for number in range(len(each.buckets))]
    some = " or ".join(f"{name} is not null" for name in names)
    marked = f"select shop_id, {product}, {', '.join(marks)} from ({each.rows}) where platform = '{each.platform}'"
    return f"select shop_id, product_id, {', '.join(names + sums)} from ({marked}) where {some} group by all"


def _marks(number: int, tally: Tally) -> Iterable[str]:
    """Of each row: whether the tally leaves it out, whether it counts it, what it adds."""
    yield f"({tally.left_out}) as out_{number}"
    if tally.count:
        yield f"({tally.count}) as hit_{number}"
    if tally.total:
        yield f"{tally.total} as add_{number}"


def _sums(number: int, tally: Tally) -> Iterable[str]:
    """Four counts, each taken by itself, so that the population's identity can fail."""
    hit = f"hit_{number}" if tally.count else "true"
    yield f"count(*) as rows_{number}"
    yield f"count(*) filter (where out_{number}) as outs_{number}"
    yield f"count(*) filter (where not out_{number} and {hit}) as hits_{number}"
    yield f"count(*) filter (where not out_{number} and not {hit}) as rests_{number}"
    if tally.total:
        yield f"sum(add_{number}) filter (where not out_{number}) as adds_{number}"


def _assert_population(con: duckdb.DuckDBPyConnection, each: Pass) -> None:
    """Population = counted + in the denominator only + left out, for every measure, each time."""
    for number, tally in enumerate(each.tallies):
        inside = f"where {each.bucket_name(tally)} is not null"
        row = con.execute(
            f"select sum(rows_{number}), sum(outs_{number} + hits_{number} + rests_{number}) from groups {inside}"
        ).fetchone()
        if row is not None and row[0] != row[1]:
            raise TianpingError(
                f"a count over the view {each.name} has {row[0]} rows but {row[1]} counted and left out: a fault of the "
                "program; no figures were kept; report it with the packs you use"
            )


def _cells_sql(each: Pass, use: Use) -> str:
    tally = use.side.tally
    number, bucket = each.tallies.index(tally), each.bucket_name(tally)
    added, kept = f"{'adds' if tally.total else 'hits'}_{number}", f"hits_{number} + rests_{number}"
    numerator, denominator = {
        "both": (added, kept), "numerator": (added, "0"), "denominator": ("0", added),
        "count_numerator": (added, kept), "count_denominator": (kept, kept),
    }[use.side.gives]  # fmt: skip
    compare = "=" if tally.once_per else "<="
    return " union all ".join(
        f"select {use.metric}, {days}, shop_id, product_id, coalesce(sum({numerator}), 0), coalesce(sum({denominator}), 0) "
        f"from groups where {bucket} {compare} {days} group by all"
        for days in use.days
    )
