"""Definitions to numbers: one pass per view, all metrics, windows and levels together.

Reads the views over schema `dated` of a DuckDB connection (see facts). Makes the temp table `figures` there, with the columns
of `figure.Figure`, sorted. Any (T, seq) is computed directly from the rows: this is the definition of right.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

import duckdb
import pyarrow as pa

from tianping.errors import TianpingError
from tianping.metrics.compile import Definition, Side, Tally, View, Views
from tianping.metrics.coverage import judge, skip
from tianping.metrics.levels import batches, roll_up
from tianping.metrics.rows import bucket_sql, folded_sql, ours_held, staged_sql
from tianping.metrics.slices import UNCUT, Slices

ORDER = 'metric, variant, "by", subject, days'
"""In which figures stand, of each platform."""


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
    prepare(con)
    count_views(con, views, platform, uses_of(defined), date)
    finish(con, views, platform, defined, date, covered=covered)


def prepare(con: duckdb.DuckDBPyConnection) -> None:
    """The empty temp table `cells`: what each metric (by its index) has over so many days, by shop, and product or agent."""
    con.execute(
        "create or replace temp table cells (metric integer, days integer, shop_id varchar, product_id varchar, "
        "agent_id varchar, numerator hugeint, denominator hugeint)"
    )


def uses_of(defined: Sequence[Definition]) -> list["Use"]:
    """What the definitions take from which tallies."""
    return [Use(index, each.days, side) for index, each in enumerate(defined) for side in each.sides]


def count_views(
    con: duckdb.DuckDBPyConnection,
    views: Views,
    platform: str,
    uses: Sequence["Use"],
    date: dt.date,
    slices: Slices = UNCUT,
) -> None:
    """Add the cells of all uses, from the rows: in each slice all views that are cut, then the others."""
    passes = groupby(sorted(uses, key=_pass_of), key=lambda use: use.side.tally.view)
    takings = [Taking(name, platform, date, tuple(group)) for name, group in passes]
    cut = [taking for taking in takings if slices.cuts(views[taking.view])]
    for some in slices.each() if cut else ():
        for taking in cut:
            _count_view(con, views[taking.view], taking, f"platform = '{platform}' and {some}")
    for taking in takings:
        if taking not in cut:
            _count_view(con, views[taking.view], taking, f"platform = '{platform}'")


def finish(
    con: duckdb.DuckDBPyConnection,
    views: Views,
    platform: str,
    defined: Sequence[Definition],
    date: dt.date,
    *,
    covered: bool = True,
) -> None:
    """From `cells` to `figures`, all at once."""
    (judge if covered else skip)(con, views, platform, defined, date)
    roll_up(con, platform, defined, date, range(len(defined)))


def figures(
    con: duckdb.DuckDBPyConnection, views: Views, platform: str, defined: Sequence[Definition], date: dt.date
) -> Iterator[pa.RecordBatch]:
    """The figures of `cells`, in order; never all in memory."""
    judge(con, views, platform, defined, date)
    for some in batches(con, defined):
        roll_up(con, platform, defined, date, some)
        yield from con.sql(f"select * from figures order by {ORDER}").to_arrow_reader(100_000)


@dataclass(frozen=True, slots=True)
class Use:
    """What one side of a metric (by its index) takes from a tally, and for which windows."""

    metric: int
    days: tuple[int, ...]
    side: Side


def _pass_of(use: Use) -> tuple[str, str, int, str]:
    """Uses with the same answer are counted in the same pass. Folding is per window, so each lag folds apart."""
    tally = use.side.tally
    return tally.view, tally.once_per or "", tally.lag if tally.once_per else 0, tally.by


def _count_view(con: duckdb.DuckDBPyConnection, view: View, taking: "Taking", own: str) -> None:
    """Count everything that reads one view, of the shops for which `own` holds. Its rows are made once, even where some
    metrics fold them and some do not."""
    tallies = [use.side.tally for use in taking.uses]
    with ours_held(con, staged_sql(view, tallies, taking.windows, taking.date, where=[own], shops=own)) as found:
        rows = f"select * from ({found}) where {own}"
        if len({_pass_of(use) for use in taking.uses}) > 1:
            con.execute(f"create or replace temp table shared as {rows}")
            rows = "select * from shared"
        count_rows(con, view, rows, taking)
    con.execute("drop table if exists shared")


@dataclass(frozen=True, slots=True)
class Taking:
    """What is taken of the rows of one view, of one platform as of T."""

    view: str
    platform: str
    date: dt.date
    uses: tuple[Use, ...]

    @property
    def windows(self) -> tuple[int, ...]:
        return tuple(sorted({days for use in self.uses for days in use.days}))


def count_rows(con: duckdb.DuckDBPyConnection, view: View, rows: str, taking: Taking) -> None:
    """Add the cells of these uses, from the view's rows as `rows` selects them."""
    windows = taking.windows
    for _, group in groupby(sorted(taking.uses, key=_pass_of), key=_pass_of):
        uses = tuple(group)
        tallies = [use.side.tally for use in uses]
        source = folded_sql(view, rows, tallies, windows, taking.date) if tallies[0].once_per else rows
        count(con, Pass(taking.view, view, source, taking.platform, taking.date, windows, uses))


@dataclass(frozen=True)
class Pass:
    """One pass over the rows of a view. They are grouped by shop, product or agent and, for each event in play, the smallest
    window they fall into (`bucket`): the windows of one event lie inside one another, so every window is a sum over such
    groups."""

    name: str
    view: View
    rows: str
    platform: str
    date: dt.date
    windows: tuple[int, ...]
    uses: tuple[Use, ...]

    @cached_property
    def tallies(self) -> list[Tally]:
        return list(dict.fromkeys(use.side.tally for use in self.uses))

    @cached_property
    def days(self) -> list[str]:
        """SQL of the day of each tally, each once."""
        return list(dict.fromkeys(tally.day for tally in self.tallies))

    @cached_property
    def buckets(self) -> list[str]:
        """SQL of the bucket of each tally, each once, from rows that have its day as `day_…`."""
        return list(dict.fromkeys(self._bucket_of.values()))

    @cached_property
    def _bucket_of(self) -> dict[Tally, str]:
        days = {tally: f"day_{self.days.index(tally.day)}" for tally in self.tallies}
        return {tally: bucket_sql(tally, self.windows, self.date, day) for tally, day in days.items()}

    def bucket_name(self, tally: Tally) -> str:
        return f"bucket_{self.buckets.index(self._bucket_of[tally])}"


def count(con: duckdb.DuckDBPyConnection, each: Pass) -> None:
    """Add the cells of one pass, from its rows. Raises where rows are lost or counted twice."""
    con.execute(f"create or replace temp table groups as {groups_sql(each)}")
    assert_population(con, each.name, each.tallies, "groups", lambda tally: f"{each.bucket_name(tally)} is not null")
    fill_cells(con, each)


def fill_cells(con: duckdb.DuckDBPyConnection, each: Pass) -> None:
    """Add the cells of one pass from the temp table `groups`, and drop that."""
    con.execute(f"insert into cells {_cells_sql(each)}")
    con.execute("drop table groups")


def group_columns(view: View, tally: Tally) -> str:
    """`shop_id, product_id, agent_id` of a view's rows, empty those that the tally's rows do not go to."""
    product = "product_id" if view.by_product and tally.by != "agent" else "null::varchar as product_id"
    return f"shop_id, {product}, {'agent_id' if tally.by == 'agent' else 'null::varchar as agent_id'}"


def groups_sql(each: Pass) -> str:
    """The one scan: rows marked, then counted by subject and buckets."""
    marked = [f"{sql} as bucket_{number}" for number, sql in enumerate(each.buckets)]
    counted: list[str] = []
    for number, tally in enumerate(each.tallies):
        marked += marks(number, tally)
        counted += sums(number, tally)
    names = [f"bucket_{number}" for number in range(len(each.buckets))]
    some = " or ".join(f"{name} is not null" for name in names)
    columns = group_columns(each.view, each.tallies[0])
    dated = "".join(f", {day} as day_{number}" for number, day in enumerate(each.days))
    rows = f"select *{dated} from ({each.rows}) where platform = '{each.platform}'"
    rows = f"select {columns}, {', '.join(marked)} from ({rows})"
    return f"select shop_id, product_id, agent_id, {', '.join(names + counted)} from ({rows}) where {some} group by all"


def marks(number: int, tally: Tally) -> Iterable[str]:
    """Of each row: whether the tally leaves it out, whether it counts it, what it adds."""
    yield f"({tally.left_out}) as out_{number}"
    if tally.count:
        yield f"({tally.count}) as hit_{number}"
    if tally.total:
        yield f"{tally.total} as add_{number}"


def sums(number: int, tally: Tally) -> Iterable[str]:
    """Four counts, each taken by itself, so that the population's identity can fail."""
    hit = f"hit_{number}" if tally.count else "true"
    yield f"count(*) as rows_{number}"
    yield f"count(*) filter (where out_{number}) as outs_{number}"
    yield f"count(*) filter (where not out_{number} and {hit}) as hits_{number}"
    yield f"count(*) filter (where not out_{number} and not {hit}) as rests_{number}"
    if tally.total:
        yield f"{_joins(tally)}(add_{number}) filter (where not out_{number}) as adds_{number}"


def _joins(tally: Tally) -> str:
    """How what the rows of a tally add becomes one number."""
    return "max" if tally.greatest else "sum"


def assert_population(
    con: duckdb.DuckDBPyConnection,
    view: str,
    tallies: Sequence[Tally],
    table: str,
    inside: Callable[[Tally], str] = lambda tally: "true",
) -> None:
    """Population = counted + in the denominator only + left out, for every measure, each time, over the rows of `table`
    that are `inside`."""
    parts = "[sum(rows_{0}) filter (where {1}), sum(outs_{0} + hits_{0} + rests_{0}) filter (where {1})]"
    pairs = ", ".join(parts.format(number, inside(tally)) for number, tally in enumerate(tallies))
    for rows, sorted_out in con.execute(f"select {pairs} from {table}").fetchall()[0]:
        if rows != sorted_out:
            raise TianpingError(
                f"a count over the view {view} has {rows} rows but {sorted_out} counted and left out: a fault of the "
                "program; no figures were kept; report it with the packs you use"
            )


def _cells_sql(each: Pass) -> str:
    """The cells of all uses and windows at once: a statement for each costs a third more. A cell of 0 and 0 says nothing."""
    cells = [(use.metric, days, *_sides(each, use, days)) for use in each.uses for days in use.days]
    names = {sql: f"sum_{number}" for number, sql in enumerate(dict.fromkeys(sql for _, _, *both in cells for sql in both))}
    listed = ", ".join(
        f"{{'metric': {metric}, 'days': {days}, 'numerator': {names[numerator]}, 'denominator': {names[denominator]}}}"
        for metric, days, numerator, denominator in cells
    )
    whose, summed = "shop_id, product_id, agent_id", ", ".join(f"{sql} as {name}" for sql, name in names.items())
    return (
        f"select metric, days, {whose}, numerator, denominator from (select {whose}, unnest([{listed}], recursive := true) "
        f"from (select {whose}, {summed} from groups group by {whose})) where numerator <> 0 or denominator <> 0"
    )


def _sides(each: Pass, use: Use, days: int) -> tuple[str, str]:
    """SQL of the numerator and denominator that a use has over so many days, as sums over `groups`."""
    tally = use.side.tally
    number, compare = each.tallies.index(tally), "=" if tally.once_per else "<="
    inside = f"filter (where {each.bucket_name(tally)} {compare} {days})"
    added, kept = f"{'adds' if tally.total else 'hits'}_{number}", f"hits_{number} + rests_{number}"
    numerator, denominator = {
        "both": (added, kept), "numerator": (added, "0"), "denominator": ("0", added),
        "count_numerator": (added, kept), "count_denominator": (kept, kept),
    }[use.side.gives]  # fmt: skip
    return _total(_joins(tally), numerator, inside), _total("sum", denominator, inside)


def _total(joins: str, what: str, inside: str) -> str:
    return f"coalesce({joins}({what}) {inside}, 0)" if what != "0" else what
