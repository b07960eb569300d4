"""A figure's rows as they were known at some close, by any version of its rule, and as a track of judgement reads them."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import duckdb

from tianping.assess.split import Counts
from tianping.errors import NotFound, did_you_mean
from tianping.facts.engine import name, records
from tianping.facts.views import VIEWS
from tianping.metrics.compile import Definition, Side, Views, define
from tianping.metrics.proof import Scope, proof_sql
from tianping.policy.model import Pack, Version
from tianping.store.closes import Close
from tianping.work.closing.closed import find
from tianping.work.figures.explain import EVERY, Named, Only, PackChanged, Sides, every_row, opened, ordered
from tianping.work.home import Home
from tianping.work.judgement.leaving import Track, without


@dataclass(frozen=True, slots=True)
class Then:
    """The rows of a figure on a connection of their own, one SQL a side."""

    definition: Definition
    scope: Scope
    seq: int
    sides: Sides
    con: duckdb.DuckDBPyConnection

    @property
    def columns(self) -> list[str]:
        return self.con.sql(every_row(self.sides)).columns

    def rows(self, only: Only = EVERY) -> Iterator[Mapping[str, object]]:
        """In the order of their side, role and key."""
        yield from records(self.con, ordered(self.definition, self.sides, only))

    @property
    def each(self) -> str:
        """The SQL of what every thing adds: `key`, `n`, `d`. Things of several sides stand once a side."""
        parts = (_each(side, self._side(index), sql) for index, (side, sql) in enumerate(self.sides))
        return " union all ".join(parts)

    @property
    def joins(self) -> str:
        return "max" if self.definition.greatest else "sum"

    @property
    def counts(self) -> Counts:
        """Numerator and denominator as the rows give them."""
        found = self.con.execute(f"select coalesce({self.joins}(n), 0), coalesce(sum(d), 0) from ({self.each})").fetchall()[0]
        return Counts(int(found[0]), int(found[1]) if self.whole is None else self.whole)

    @property
    def whole(self) -> int | None:
        """The denominator of counts: nothing divides them."""
        return 1 if self.definition.is_count or self.definition.greatest else None

    def _side(self, index: int) -> Side:
        return self.definition.sides[index]


def _each(side: str, of: Side, sql: str) -> str:
    folded = {"day"} if of.tally.once_per else set()  # once a window, whatever its last day
    keys = ", ".join(f"{name(key)}::varchar" for key in VIEWS[of.tally.view].key if key not in folded)
    numerator = "0" if side == "denominator" else "adds"
    denominator = {"denominator": "adds", "numerator": "0"}.get(side, "(role <> 'left_out')::int")
    return f"select '{side}' || chr(31) || to_json([{keys}])::varchar as key, {numerator} as n, {denominator} as d from ({sql})"


def then(
    home: Home,
    pack: Pack,
    done: Close,
    named: Named,
    wanted: Scope,
    *,
    track: Track | None = None,
    ruled: dt.date | None = None,
) -> Then:
    """The rows of a figure as known at a close. `ruled`: by the version in force on that day. Raises NotFound, PackChanged."""
    if done.packs.get(pack.platform) != pack.digest:
        raise PackChanged(f"the pack {pack.platform} has changed since {done.date} was closed; close it again, then ask")
    definition = define(
        pack, VIEWS, (named.metric, named.variant), version_of(pack, named, ruled or done.date), done.date, (wanted.days,)
    )
    con = opened(home, done, wanted)
    views: Views = VIEWS
    if track:
        definition, views = without(con, definition, done.date, track)
    sides = tuple((_name(side), proof_sql(views[side.tally.view], side, wanted)) for side in definition.sides)
    return Then(definition, wanted, done.seq, sides, con)


def _name(side: Side) -> str:
    return side.gives if side.gives in ("numerator", "denominator") else "both"


def version_of(pack: Pack, named: Named, date: dt.date) -> Version:
    """The version in force on a day. Raises NotFound."""
    metric = pack.metrics.get((named.metric, named.variant))
    if metric is None:
        known = ["/".join(filter(None, key)) for key in pack.metrics]
        raise NotFound(f'no metric "{named}" in the pack {pack.platform}: {did_you_mean(str(named), known)}')
    version = metric.at(date)
    if version is None:
        raise NotFound(f"{named} is not defined yet on {date}; its first version is of {metric.versions[0].since}")
    return version


def close_at(home: Home, date: dt.date, seq: int) -> Close:
    """The close of a day as it was known at a seq. Raises NotFound."""
    return find(home, date, known_at=seq)
