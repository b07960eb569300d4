"""What a view is: a FROM clause and its columns; parts are joins that are added only when a column of theirs is asked for, so
that a metric pays for what it reads. All of it stands on the schema `dated` (see `asof.py`)."""

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tianping.facts.asof import CAME_WITH
from tianping.facts.schema import TABLES

Typed = dict[str, tuple[str, str]]  # column → (type of the formulas, SQL)
Sources = tuple[tuple[str, str], ...]  # (table, column)
Made = Mapping[str, Sources]
"""A made column → what it is made from."""

# Stands in a source for an instant that comes before the first day asked for: by two days, one for any zone and one because
# what a day's first messages are depends on the day before.
SINCE, MARGIN = "$since", dt.timedelta(days=2)

# Stands in a source for the shops: those of one platform, so that nobody else's rows are sorted into windows in vain.
SHOPS = "$shops"

SECONDS = "cast(epoch({1}) as bigint) - cast(epoch({0}) as bigint)"
_TYPE = {"id": "text", "text": "text", "int": "int", "fen": "int", "bool": "bool", "time": "time", "day": "day"}


@dataclass(frozen=True, slots=True)
class Part:
    """A join that brings some columns, from a fact table, to `ours`: the rows asked for, numbered by `rowid`, of which it
    `reads` some columns. Its groups are by that number, `_row`: cheaper than by text, and nothing is grouped that nobody asked
    for."""

    table: str
    join: str
    columns: Typed
    reads: tuple[str, ...] = ("order_id",)
    made: Made = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class View:
    """`key` names one row; `by_product` says whether its figures go down to products; `tables` are the facts that every metric
    over it needs; `folds` says how a buyer's days become one row; `made`, what its made columns are made from."""

    name: str
    key: tuple[str, ...]
    source: str
    own: Typed
    parts: tuple[Part, ...] = ()
    by_product: bool = True
    tables: tuple[str, ...] = ()
    folds: Mapping[str, str] = field(default_factory=dict)
    made: Made = field(default_factory=dict)

    @property
    def columns(self) -> dict[str, str]:
        """Column → type, for checking formulas."""
        every = {**self.own, **{name: column for part in self.parts for name, column in part.columns.items()}}
        return {name: kind for name, (kind, _) in every.items()}

    def select(
        self, columns: Iterable[str], *, since: dt.date | None = None, where: Sequence[str] = (), shops: str = ""
    ) -> str:
        """`select …` of the named columns, with only the joins they need. Rows of days before `since` may be missing, and so
        may rows for which a condition of `where` over the named columns, or one of `shops` over the shops, does not hold."""
        ours, rows = self.staged(columns, since=since, where=where, shops=shops)
        return f"with ours as (select *, row_number() over () as rowid from ({ours})) {rows}" if ours else rows

    def staged(
        self, columns: Iterable[str], *, since: dt.date | None = None, where: Sequence[str] = (), shops: str = ""
    ) -> tuple[str, str]:
        """The same in two steps: the SELECT of what may be held as a table `ours`, "" where that is nothing, and what reads it.
        Where `ours` is a table DuckDB knows how large it is, and builds its joins on that instead of on all parcels; and its
        rows have their `rowid`, where numbering those of a SELECT is one core's work."""
        wanted = list(dict.fromkeys(columns))
        parts = [part for part in self.parts if any(column in part.columns for column in wanted)]
        ours, rows = self._with_parts(wanted, parts, where) if parts else ("", self._alone(wanted))
        some = f"(select * from dated.shops where {shops})" if shops else "dated.shops"
        first = f"timestamp '{since - MARGIN if since else '0001-01-01'}'"
        return ours.replace(SHOPS, some).replace(SINCE, first), rows.replace(SHOPS, some).replace(SINCE, first)

    def _alone(self, wanted: Sequence[str]) -> str:
        return f"select {_listed(wanted, self.own)} {self.source}"

    def _with_parts(self, wanted: Sequence[str], parts: Sequence[Part], where: Sequence[str]) -> tuple[str, str]:
        """First the view's own columns of the rows asked for; then the parts' columns of those rows."""
        made = {column: typed for part in parts for column, typed in part.columns.items()}
        read = (*wanted, *(column for part in parts for column in part.reads))
        own = [column for column in dict.fromkeys(read) if column not in made]
        ours_alone = [condition for condition in where if not made.keys() & set(re.findall(r"\w+", condition))]
        asked = f"where {' and '.join(f'({each})' for each in ours_alone)}" if ours_alone else ""
        ours = f"select * from (select {_listed(own, self.own)} {self.source}) {asked}"
        listed = _listed(wanted, {column: ("", f'ours."{column}"') for column in own} | made)
        return ours, f"select {listed} from (select *, rowid as _row from ours) ours {' '.join(part.join for part in parts)}"

    def needs(self, columns: Iterable[str], needed: Iterable[str]) -> dict[str, set[str]]:
        """The fact tables behind `columns`, with their columns behind `needed`. A table's booleans need only the table: empty
        is false."""
        wanted = set(columns)
        needs: dict[str, set[str]] = {table: set() for table in self.tables}
        needs.update({part.table: set() for part in self.parts if wanted & set(part.columns)})
        made = {**{name: sources for part in self.parts for name, sources in part.made.items()}, **self.made}
        for column in wanted:
            for table, source in made.get(column) or self._own_sources(column):
                needs.setdefault(table, set())
                if column in needed and (column in made or self.columns[column] != "bool"):
                    needs[table].add(source)
        return needs

    def _own_sources(self, column: str) -> Sources:
        """The column of the innermost table that has it, and the time it comes with."""
        table = next((table for table in reversed(self.tables) if column in TABLES[table].by_name), None)
        if table is None:
            return ()
        times = (time for time, names in CAME_WITH.get(table, {}).items() if column in names)
        return (table, column), *((table, time) for time in times)


def _listed(columns: Iterable[str], typed: Typed) -> str:
    return ", ".join(f'{typed[column][1]} as "{column}"' for column in columns)


def of_table(table: str, alias: str, *, but: Iterable[str] = ()) -> Typed:
    """A table's own columns; an empty boolean is false."""
    return {
        column.name: (
            _TYPE[column.type],
            f"coalesce({alias}.{column.name}, false)" if column.type == "bool" else f"{alias}.{column.name}",
        )
        for column in TABLES[table].columns
        if column.name not in but
    }


def plain(alias: str, **columns: str) -> Typed:
    """Columns of one FROM item that keep their names: name → type."""
    return {name: (kind, f"{alias}.{name}") for name, kind in columns.items()}


SHOP: Typed = plain("s", platform="text", region="text", timezone="text")
