"""The counts of some subjects' figures by the day their rows count under: which days a figure is made of."""

import datetime as dt
from collections.abc import Collection, Iterator
from typing import Literal, NamedTuple

import duckdb
from sqlglot import exp

from tianping.metrics.compile import Definition, Side, Views
from tianping.metrics.rows import bucket_sql, rows_sql


class Counted(NamedTuple):
    """What one day adds to a subject's figure."""

    subject: str
    day: dt.date
    numerator: int
    denominator: int


def daily(
    con: duckdb.DuckDBPyConnection,
    views: Views,
    definition: Definition,
    by: Literal["shop", "product"],
    subjects: Collection[str],
    date: dt.date,
    days: int,
) -> Iterator[Counted]:
    """The days of these subjects' figures as of T, of metrics whose days add up (nothing for others). Needs schema `dated`."""
    if not subjects or not all(side.tally.additive for side in definition.sides):
        return
    parts = " union all ".join(_side(views, side, by, subjects, date, days) for side in definition.sides)
    counted = f"select subject, day, sum(numerator), sum(denominator) from ({parts}) group by all order by all"
    for row in con.sql(counted).fetchall():
        yield Counted(*row)


def _side(views: Views, side: Side, by: str, subjects: Collection[str], date: dt.date, days: int) -> str:
    tally, view = side.tally, views[side.tally.view]
    listed = ", ".join(exp.Literal.string(each).sql("duckdb") for each in sorted(subjects))
    whose = f"{by}_id in ({listed})"
    rows = rows_sql(view, [tally], (days,), date, where=[whose], shops=whose if by == "shop" else "")
    hit, total = tally.count or "true", tally.total or "1"
    adds = f"sum(case when {tally.left_out} then 0 when {hit} then {total} else 0 end)"
    kept = f"count(*) filter (where not ({tally.left_out}))"
    numerator, denominator = {"both": (adds, kept), "numerator": (adds, "0"), "denominator": ("0", adds)}.get(
        side.gives, (adds, "0")
    )
    return (
        f"select {by}_id as subject, {tally.day} as day, {numerator} as numerator, {denominator} as denominator "
        f"from ({rows}) where {whose} and {bucket_sql(tally, (days,), date)} is not null group by all"
    )
