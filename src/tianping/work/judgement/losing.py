"""Figures that are sums, without the rows that a track leaves out: the figure with all rows less what those few had counted.

Exact, because each row goes to one shop and product and adds what it adds whatever the others are. Not so a buyer who counts
once, nor a greatest; and of a count alone its figure does not say how many rows were kept.
"""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

import duckdb

from tianping.assess.finding import Seen
from tianping.metrics.compile import Definition
from tianping.metrics.engine import Taking, Use, count_rows, prepare
from tianping.metrics.lessened import Mark
from tianping.metrics.rows import columns_of, ours_held
from tianping.periods import Window
from tianping.policy.judging import By
from tianping.work.judgement.exempt import shops_sql
from tianping.work.judgement.leaving import HINTS, Lot

Key = tuple[str, str, str, str, int]
"""Platform, metric (or metric/variant), by, subject, days."""
Measured = Mapping[tuple[str, By, str, int], Seen]
"""By metric, by, subject, days."""
NOTHING_LEFT = Seen(0, 0, "undefined", "every row is left out")
_LACKS = frozenset({"incomplete", "no_data"})


def parted(lots: Sequence[Lot], defined: Sequence[Definition]) -> tuple[list[Lot], list[Lot]]:
    """The lots of the metrics that are sums, and those of the others."""
    sums = {index for index, each in enumerate(defined) if _is_sum(each)}
    both = ([_of(lot, sums, inside=inside) for lot in lots] for inside in (True, False))
    one, other = ([lot for lot in each if lot.sides] for each in both)
    return one, other


def _is_sum(each: Definition) -> bool:
    return not each.is_count and all(side.tally.additive for side in each.sides)


def _of(lot: Lot, metrics: set[int], *, inside: bool) -> Lot:
    return replace(lot, sides={metric: sides for metric, sides in lot.sides.items() if (metric in metrics) == inside})


def lessened_sums(
    con: duckdb.DuckDBPyConnection,
    platform: str,
    defined: Sequence[Definition],
    date: dt.date,
    lots: Sequence[Lot],
    measured: Measured,
) -> dict[Key, Seen]:
    """The figures of shops and products that lose something. Replaces temp tables of the connection."""
    prepare(con)
    for lot in lots:
        _count_lost(con, platform, defined, lot, date)
    return dict(_changed(con, platform, defined, measured))


def _count_lost(con: duckdb.DuckDBPyConnection, platform: str, defined: Sequence[Definition], lot: Lot, date: dt.date) -> None:
    """Add the cells of what each metric loses, from the rows that are marked: these are few, and the rest need not be read."""
    uses = [Use(metric, defined[metric].days, side) for metric in lot.sides for side in lot.lost(metric)]
    own, views = f"platform = '{platform}'", lot.views(plain=True)
    for name, group in groupby(sorted(uses, key=lambda use: use.side.tally.view), key=lambda use: use.side.tally.view):
        some = tuple(group)
        marks, columns = _marks(lot, name), columns_of(views[name], [use.side.tally for use in some])
        first = min(Window(max(use.days), use.side.tally.lag).at(date).first for use in some)
        with ours_held(
            con, views[name].staged(sorted(columns), since=first, where=[own, _hint(lot, marks)], shops=own)
        ) as rows:
            marked = f"select * from ({rows}) where {' or '.join(sorted(mark.column for mark in marks))}"
            count_rows(con, views[name], marked, Taking(name, platform, date, some))


def _marks(lot: Lot, view: str) -> set[Mark]:
    """What is heeded of a view's rows."""
    return {mark for sides in lot.sides.values() for side, heeded in sides if side.tally.view == view for mark in heeded}


def _hint(lot: Lot, marks: Collection[Mark]) -> str:
    """What holds of every row that may be marked."""
    hints = {HINTS[mark] for mark in marks if mark in HINTS}
    if len(hints) < len(marks):  # exemptions
        shops = shops_sql(lot.number, lot.exemptions)
        if not shops:
            return "true"
        hints.add(f"shop_id in ({shops})")
    return f"({' or '.join(sorted(hints))})"


def _changed(
    con: duckdb.DuckDBPyConnection, platform: str, defined: Sequence[Definition], measured: Measured
) -> Iterator[tuple[Key, Seen]]:
    """From the temp table `cells`."""
    rows = con.execute(
        """select metric, days, 'shop', shop_id, sum(numerator), sum(denominator) from cells group by all
        union all select metric, days, 'product', product_id, sum(numerator), sum(denominator) from cells
        where product_id is not null group by all"""
    )
    while batch := rows.fetchmany(100_000):
        for metric, days, by, subject, numerator, denominator in batch:
            each = defined[metric]
            name = "/".join(filter(None, each.key))
            before = measured.get((name, by, subject, days))
            if before is not None and (numerator or denominator):
                yield (platform, name, by, subject, days), less(each, before, numerator, denominator)


def less(each: Definition, before: Seen, numerator: int, denominator: int) -> Seen:
    """A figure without what it loses, with the status that a close would give it."""
    over, under = before.numerator - numerator, before.denominator - denominator
    if before.status in _LACKS:
        return before._replace(numerator=over, denominator=under)
    if not over and not under:
        return NOTHING_LEFT
    if not under:
        return Seen(over, 0, "undefined", "nothing to divide by in these days")
    if before.status == "immature":
        return before._replace(numerator=over, denominator=under)
    if under < each.too_few_below:
        return Seen(over, under, "too_few", f"fewer than {each.too_few_below} counted")
    return Seen(over, under)
