"""The counts of some subjects' figures by the day their rows count under: which days a figure is made of."""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, NamedTuple

import duckdb
from sqlglot import exp

from tianping.metrics.compile import Definition, Side, Views
from tianping.metrics.rows import inside_sql, ours_held, staged_sql


@dataclass(frozen=True, slots=True)
class Figures:
    """One metric's figures of some shops, or products, over so many days."""

    definition: Definition
    by: Literal["shop", "product"]
    subjects: Collection[str]
    days: int

    @property
    def adds_up(self) -> bool:
        """Whether its days add up; of others there are none."""
        return bool(self.subjects) and all(side.tally.additive for side in self.definition.sides)

    @property
    def whose(self) -> str:
        listed = ", ".join(exp.Literal.string(each).sql("duckdb") for each in sorted(self.subjects))
        return f"{self.by}_id in ({listed})"


class Use(NamedTuple):
    """One side of one of the figures (by its index)."""

    number: int
    figures: Figures
    side: Side


def daily(
    con: duckdb.DuckDBPyConnection, views: Views, asked: Sequence[Figures], date: dt.date
) -> Mapping[tuple[int, str], dict[dt.date, tuple[int, int]]]:
    """By the index in `asked` and the subject: numerator and denominator of each day, as of T. One pass for each view and
    number of days; needs schema `dated`."""
    uses = [Use(index, each, side) for index, each in enumerate(asked) if each.adds_up for side in each.definition.sides]
    found: dict[tuple[int, str], dict[dt.date, tuple[int, int]]] = {}
    for (name, _), group in groupby(sorted(uses, key=_pass), key=_pass):
        for index, subject, day, numerator, denominator in _of_view(con, views, name, list(group), date):
            days = found.setdefault((index, subject), {})
            before = days.get(day, (0, 0))
            days[day] = (before[0] + numerator, before[1] + denominator)
    return found


def _pass(use: Use) -> tuple[str, int]:
    """Long windows mostly read few columns and short ones many: one pass for both would join all for all."""
    return use.side.tally.view, use.figures.days


def _of_view(
    con: duckdb.DuckDBPyConnection, views: Views, name: str, uses: Sequence[Use], date: dt.date
) -> Iterator[tuple[int, str, dt.date, int, int]]:
    windows = [uses[0].figures.days]
    whose = " or ".join(dict.fromkeys(use.figures.whose for use in uses))
    shops = f"({whose})" if all(use.figures.by == "shop" for use in uses) else ""
    tallies = [use.side.tally for use in uses]
    inside = " or ".join(dict.fromkeys(inside_sql(tally, windows, date) for tally in tallies))
    with ours_held(con, staged_sql(views[name], tallies, windows, date, where=[f"({whose})"], shops=shops)) as rows:
        con.execute(f"create or replace temp table daily_rows as select * from ({rows}) where ({whose}) and ({inside})")
    parts = " union all ".join(_side(use, date) for use in uses)
    yield from con.execute(f"select * from ({parts}) order by all").fetchall()
    con.execute("drop table daily_rows")


def _side(use: Use, date: dt.date) -> str:
    tally, figures = use.side.tally, use.figures
    hit, total = tally.count or "true", tally.total or "1"
    adds = f"sum(case when {tally.left_out} then 0 when {hit} then {total} else 0 end)"
    kept = f"count(*) filter (where not ({tally.left_out}))"
    sides = {"both": (adds, kept), "denominator": ("0", adds), "count_denominator": (kept, "0")}
    numerator, denominator = sides.get(use.side.gives, (adds, "0"))
    return (
        f"select {use.number} as index, {figures.by}_id as subject, {tally.day} as day, {numerator} as numerator, "
        f"{denominator} as denominator from daily_rows where {figures.whose} "
        f"and {inside_sql(tally, (figures.days,), date)} group by all"
    )
