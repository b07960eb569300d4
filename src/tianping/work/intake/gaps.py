"""What is incomplete: per shop and table, the days that no import covers, and the export that would fill them."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import duckdb

from tianping.facts import lake, versions
from tianping.facts.engine import quoted
from tianping.facts.schema import TABLES
from tianping.facts.views import VIEWS
from tianping.metrics.compile import definitions
from tianping.periods import Period
from tianping.policy.model import Pack
from tianping.work.home import Home, facts, reading
from tianping.work.intake.exports import Export, bringing
from tianping.work.people.reach import Reach

_DAY = dt.timedelta(days=1)
DAYS = 30
"""How far back one looks for missing days."""


class Shop(NamedTuple):
    """A shop that data were brought of. `platform` "" where no row of shops says it."""

    id: str
    name: str
    platform: str


class Held(NamedTuple):
    """What is covered of one table of a shop within the days asked for, and what is not. `ever`: something was supplied once.
    `needed`: a metric of the platform cannot do without."""

    table: str
    covered: tuple[Period, ...]
    missing: tuple[Period, ...]
    ever: bool
    needed: bool
    exports: tuple[Export, ...]

    @property
    def missing_days(self) -> int:
        return sum((one.last - one.first).days + 1 for one in self.missing)

    @property
    def wanting(self) -> bool:
        """Whether figures suffer from it."""
        return self.needed and bool(self.missing)


class Shelf(NamedTuple):
    """A shop and what is held of it, table by table."""

    shop: Shop
    tables: tuple[Held, ...]

    @property
    def wanting(self) -> list[Held]:
        return [one for one in self.tables if one.wanting]


def shops(home: Home, reach: Reach, *, like: str = "") -> list[Shop]:
    """The shops within reach whose id or name holds `like`, by name; those that coverage alone names too."""
    known = versions.known(home.versions())
    named, covered = lake.state(home.lake, known, TABLES["shops"]), lake.coverage(home.lake, known)
    tests = [*_within(reach), *([f"contains(lower(concat_ws(' ', shop_id, name)), lower({quoted(like)}))"] if like else [])]
    rows = (
        "SELECT shop_id, coalesce(any_value(name), shop_id) AS name, coalesce(any_value(platform), '') AS platform "
        f"FROM (SELECT shop_id, name, platform FROM ({named}) UNION ALL SELECT DISTINCT shop_id, NULL, NULL FROM ({covered})) "
        f"GROUP BY shop_id HAVING {' AND '.join(tests) or 'true'} ORDER BY name, shop_id"
    )
    with reading(home) as con:
        return [Shop(*map(str, row)) for row in con.execute(rows).fetchall()]


def _within(reach: Reach) -> list[str]:
    if reach.shops is None:
        return ["shop_id <> ''"]
    return [f"list_contains([{', '.join(map(quoted, sorted(reach.shops)))}]::VARCHAR[], shop_id)"]


def shelves(home: Home, packs: Mapping[str, Pack], found: Sequence[Shop], span: Period) -> list[Shelf]:
    """What is held of these shops in the days of `span`."""
    covered = _covered(home, [shop.id for shop in found])
    platforms = {shop.platform for shop in found} & set(packs)
    needed = {platform: needs(packs[platform], span.last + _DAY) for platform in platforms}
    return [
        Shelf(shop, tuple(_tables(shop, needed.get(shop.platform, frozenset()), covered.get(shop.id, {}), span)))
        for shop in found
    ]


def _covered(home: Home, ids: Sequence[str]) -> dict[str, dict[str, list[Period]]]:
    """Shop → table → the periods covered; of a table without days, an empty list where it was ever supplied."""
    made: dict[str, dict[str, list[Period]]] = {}
    for shop, table, first, last in _coverage(home, ids):
        periods = made.setdefault(shop, {}).setdefault(table, [])
        if first is not None:
            periods.append(Period(first, last))
    return made


def _coverage(home: Home, ids: Sequence[str]) -> Iterator[tuple[str, str, dt.date, dt.date]]:
    with reading(home) as con:
        select = lake.coverage(home.lake, versions.known(home.versions()))
        listed = ", ".join(map(quoted, ids))
        if ids:
            yield from _rows(con, f'SELECT shop_id, "table", first_day, last_day FROM ({select}) WHERE shop_id IN ({listed})')


def _rows(con: duckdb.DuckDBPyConnection, query: str) -> list[tuple[str, str, dt.date, dt.date]]:
    return con.execute(f"{query} ORDER BY ALL").fetchall()


def _tables(shop: Shop, needed: frozenset[str], held: Mapping[str, list[Period]], span: Period) -> Iterator[Held]:
    for table in TABLES.values():
        if table.own_time and (table.name in needed or table.name in held):
            covered = tuple(_clipped(_joined(held.get(table.name, ())), span))
            yield Held(
                table.name,
                covered,
                tuple(_missing(covered, span)),
                table.name in held,
                table.name in needed,
                tuple(bringing(shop.platform, table.name)),
            )


_NEEDS: dict[tuple[str, dt.date], frozenset[str]] = {}
"""By pack and day what `needs` found: finding it takes 30 ms."""


def needs(pack: Pack, date: dt.date) -> frozenset[str]:
    """The tables that the metrics of a pack, as in force then, cannot do without."""
    key = (pack.digest, date)
    if key not in _NEEDS:
        _NEEDS[key] = _needs(pack, date)
    return _NEEDS[key]


def _needs(pack: Pack, date: dt.date) -> frozenset[str]:
    sides = [side.tally for each in definitions(pack, VIEWS, date, ()) for side in each.sides]
    direct = {table for tally in sides for table in VIEWS[tally.view].tables}
    return frozenset(direct.union(*(VIEWS[tally.view].needs(tally.columns, tally.needed) for tally in sides)))


def _joined(periods: Iterable[Period]) -> list[Period]:
    """The periods in order, those that touch made one."""
    made: list[Period] = []
    for one in sorted(periods, key=lambda each: each.first):
        if made and one.first <= made[-1].last + _DAY:
            made[-1] = Period(made[-1].first, max(made[-1].last, one.last))
        else:
            made.append(one)
    return made


def _clipped(periods: Iterable[Period], span: Period) -> Iterator[Period]:
    for one in periods:
        if one.first <= span.last and one.last >= span.first:
            yield Period(max(one.first, span.first), min(one.last, span.last))


def _missing(covered: Iterable[Period], span: Period) -> Iterator[Period]:
    """The days of `span` between what is covered."""
    at = span.first
    for one in covered:
        if one.first > at:
            yield Period(at, one.first - _DAY)
        at = one.last + _DAY
    if at <= span.last:
        yield Period(at, span.last)


def last_day(home: Home, reach: Reach) -> dt.date | None:
    """The last day that anything within reach covers."""
    with reading(home) as con:
        select = lake.coverage(home.lake, versions.known(home.versions()))
        found = con.execute(f"SELECT max(last_day) FROM ({select}) WHERE {_within(reach)[0]}").fetchall()
    last: dt.date | None = found[0][0]
    return last


class Gap(NamedTuple):
    """A table of a shop that lacks days which figures need: which, and what would fill them."""

    shop: Shop
    table: str
    missing: tuple[Period, ...]
    missing_days: int
    ever: bool
    exports: tuple[Export, ...]


def gaps(home: Home, packs: Mapping[str, Pack], reach: Reach, date: dt.date, *, days: int = DAYS) -> list[Gap]:
    """What is missing in the `days` before `date`, shop by shop, what lacks most first within each."""
    span = Period(date - dt.timedelta(days=days), date - _DAY)
    return [
        Gap(shelf.shop, one.table, one.missing, one.missing_days, one.ever, one.exports)
        for shelf in shelves(home, packs, shops(home, reach), span)
        for one in sorted(shelf.wanting, key=lambda each: -each.missing_days)
    ]


def waiting(home: Home) -> dict[str, int]:
    """Per table, the rows whose order or video is not known. Reads the keys of everything; for those who see all."""
    con, _ = facts(home)
    found: dict[str, int] = {}
    with con:
        for table in TABLES.values():
            if table.waits_for:
                key = TABLES[table.waits_for].key[0]
                query = f"SELECT count(*) FROM facts.{table.name} ANTI JOIN facts.{table.waits_for} USING ({key})"
                found[table.name] = int(con.execute(query).fetchall()[0][0])
    return {table: rows for table, rows in found.items() if rows}
