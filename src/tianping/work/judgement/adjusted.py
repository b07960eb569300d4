"""The adjusted track: figures as of T without the rows that exemptions, won appeals and the platform's own cases touch.

The same definitions over the same rows. What adds up loses what the rows touched had counted (see `lessened_sums`); of the
rest the shops that are touched are counted anew, so that a buyer who counts once per window is as exact as a sum. Whatever is
not touched is as measured, and not among the figures here.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

import duckdb

from tianping.assess.finding import Seen
from tianping.facts.views import VIEWS
from tianping.metrics.compile import Definition, define
from tianping.metrics.engine import Use, count_views, finish, prepare
from tianping.metrics.lessened import Mark, lessen
from tianping.metrics.rows import inside_sql, ours_held, staged_sql
from tianping.policy.model import Pack
from tianping.work.judgement.exempt import shops_sql
from tianping.work.judgement.leaving import HINTS, Lot, Track, lots
from tianping.work.judgement.losing import Key, Measured, lessened_sums, parted

__all__ = ["Key", "Wanted", "adjusted"]


class Wanted(NamedTuple):
    """Figures that some rule reads, of shops or products; `metric` is a name or name/variant."""

    platform: str
    metric: str
    by: str
    days: int


def adjusted(
    con: duckdb.DuckDBPyConnection,
    packs: Mapping[str, Pack],
    date: dt.date,
    track: Track,
    wanted: Iterable[Wanted],
    *,
    covered: bool = True,
    measured: Measured | None = None,
) -> dict[Key, Seen]:
    """The wanted figures that some touched row has to do with, from schemas `facts` and `dated` (as of `date`). One that
    nothing is left of is 0/0. `covered=False`: coverage is not asked for. `measured`: the figures with all rows (of products
    those with a numerator), from which sums are reckoned; without, all is counted. Replaces temp tables of the connection."""
    asked = frozenset(wanted)
    found: dict[Key, Seen] = {}
    for platform, group in groupby(sorted(asked), key=lambda each: each.platform):
        defined = _defined(packs[platform], date, list(group)) if platform in packs else []
        touching = lots(con, defined, date, track)
        if measured is not None:
            sums, touching = parted(touching, defined)
            changed = lessened_sums(con, platform, defined, date, sums, measured)
            found.update({key: each for key, each in changed.items() if Wanted(*key[:3], key[4]) in asked})
        if _count(con, platform, defined, date, touching):
            finish(con, VIEWS, platform, defined, date, covered=covered)
            found.update(_seen(con, platform, asked))
    return found


def _defined(pack: Pack, date: dt.date, asked: Sequence[Wanted]) -> list[Definition]:
    """The definitions in force at T of the metrics asked for, over the days asked for."""
    days: dict[str, set[int]] = {}
    for each in asked:
        days.setdefault(each.metric, set()).add(each.days)
    return [
        replace(define(pack, VIEWS, key, version, date), days=tuple(sorted(days[name])))
        for key, metric in sorted(pack.metrics.items())
        if (name := "/".join(filter(None, key))) in days and (version := metric.at(date))
    ]


def _count(
    con: duckdb.DuckDBPyConnection, platform: str, defined: Sequence[Definition], date: dt.date, found: Sequence[Lot]
) -> bool:
    """Fill the temp tables `cells`, of the shops that may be touched, and `touched`: whose figures, of which metric and days,
    some row touched would count in. Whether there are any."""
    prepare(con)
    for lot in found:
        if shops := _shops(con, platform, defined, lot, date):
            count_views(con, lot.views(shops), platform, list(_uses(lot, defined)), date)
    con.execute(
        f"create or replace temp table touched as select distinct metric - {len(defined)} as metric, days, shop_id, product_id "
        f"from cells where metric >= {len(defined)} and numerator > 0"
    )
    con.execute(f"delete from cells where metric >= {len(defined)}")
    return bool(con.sql("select 1 from touched limit 1").fetchall())


def _uses(lot: Lot, defined: Sequence[Definition]) -> Iterator[Use]:
    """The metrics without the rows touched, and, under a number of their own, the rows touched."""
    for metric in lot.sides:
        days = defined[metric].days
        yield from (Use(metric, days, side) for side in lot.lessened(metric))
        yield from (Use(len(defined) + metric, days, side) for side in lot.marked(metric))


def _shops(con: duckdb.DuckDBPyConnection, platform: str, defined: Sequence[Definition], lot: Lot, date: dt.date) -> str:
    """The condition over `shop_id` under which a shop's rows may be touched, or count in a product's that are; "" where there
    is no such shop. Makes the temp table `touchable`."""
    exempt = shops_sql(lot.number, lot.exemptions)
    if not exempt:
        return "true"
    con.execute(f"create or replace temp table touchable as {exempt}")
    _add_shops_of_cases(con, platform, defined, lot, date)
    if not con.sql("select 1 from touchable limit 1").fetchall():
        return ""
    con.execute(
        "insert into touchable select distinct shop_id from facts.orders where product_id in "
        "(select product_id from facts.orders where shop_id in (select shop_id from touchable)) "
        "except select shop_id from touchable"
    )
    return "shop_id in (select shop_id from touchable)"


def _add_shops_of_cases(
    con: duckdb.DuckDBPyConnection, platform: str, defined: Sequence[Definition], lot: Lot, date: dt.date
) -> None:
    """To the temp table `touchable` the shops that have a row in some window that a mark of cases marks. Few rows may be so
    marked: they are held as a table before anything is joined to them."""
    heeding: dict[tuple[str, Mark], list[Use]] = {}
    for metric, sides in lot.sides.items():
        for side, marks in sides:
            for mark in marks:
                if mark in HINTS:
                    heeding.setdefault((side.tally.view, mark), []).append(Use(metric, defined[metric].days, side))
    views, own = lot.views(), f"platform = '{platform}'"
    for (name, mark), uses in heeding.items():
        windows = sorted({days for use in uses for days in use.days})
        tallies = [lessen(use.side, [mark]).tally for use in uses]
        inside = " or ".join(dict.fromkeys(inside_sql(tally, windows, date) for tally in tallies))
        with ours_held(con, staged_sql(views[name], tallies, windows, date, where=[own, HINTS[mark]], shops=own)) as rows:
            marked = f"select distinct shop_id from ({rows}) where {own} and {mark.column} and ({inside})"
            con.execute(f"insert into touchable {marked} except select shop_id from touchable")


def _seen(con: duckdb.DuckDBPyConnection, platform: str, asked: frozenset[Wanted]) -> Iterator[tuple[Key, Seen]]:
    """From temp table `figures`, those of `touched` that were asked for."""
    rows = con.execute(
        """with whose as (
          select metric, days, 'shop' as "by", shop_id as subject, shop_id from touched group by all
          union all select metric, days, 'product', product_id, min(shop_id) from touched where product_id is not null
          group by all)
        select concat_ws('/', d.name, nullif(d.variant, '')), w."by", w.subject, w.days, coalesce(f.numerator, 0),
          coalesce(f.denominator, 0), coalesce(f.status, c.status, 'undefined'),
          coalesce(f.why, c.why, 'every row is left out')
        from whose w join defined d using (metric, days)
        left join figures f on (f.metric, f.variant, f."by", f.subject, f.days) = (d.name, d.variant, w."by", w.subject, w.days)
        left join covered c on (c.metric, c.days, c.shop_id) = (w.metric, w.days, w.shop_id)"""
    )
    while batch := rows.fetchmany(100_000):
        for metric, by, subject, days, *seen in batch:
            if Wanted(platform, metric, by, days) in asked:
                yield (platform, metric, by, subject, days), Seen(*seen)
