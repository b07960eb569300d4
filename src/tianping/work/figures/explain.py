"""Why a figure is what it is: its definition, its rows, and a check of both against the close."""

import datetime as dt
import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from tianping.errors import NotFound, TianpingError, did_you_mean
from tianping.facts import versions
from tianping.facts.asof import as_of
from tianping.facts.engine import names, quoted, records
from tianping.facts.narrow import narrow_to_products, narrow_to_shop
from tianping.facts.schema import PARENTS
from tianping.facts.versions import Known
from tianping.facts.views import VIEWS
from tianping.metrics.compile import USUAL_DAYS, Definition, Side, define
from tianping.metrics.proof import Scope, proof_sql, shop_of, staged_proof, worded
from tianping.metrics.rows import ours_held
from tianping.metrics.slices import UNCUT, Slices
from tianping.periods import Period
from tianping.policy.model import Pack, Version
from tianping.store.closes import Close
from tianping.work.closing.closed import Filter, find, read
from tianping.work.closing.slicing import sliced
from tianping.work.home import Home, facts


@dataclass(frozen=True, slots=True)
class Named:
    """A metric by name, variant and, where not the one in force at T, version."""

    metric: str
    variant: str = ""
    version: str = ""

    @classmethod
    def parse(cls, text: str) -> "Named":
        """`name`, `name/variant`, `name@2010-01-01`, `name/variant@2010-01-01`."""
        name, _, version = text.partition("@")
        metric, _, variant = name.partition("/")
        return cls(metric, variant, version)

    def __str__(self) -> str:
        return self.metric + (f"/{self.variant}" if self.variant else "") + (f"@{self.version}" if self.version else "")


@dataclass(frozen=True, slots=True)
class Part:
    """How many rows of one side play one role, by one rule, and what they add up to (of a greatest value: the greatest)."""

    side: str
    role: str
    rule: str
    rows: int
    adds: int


@dataclass(frozen=True, slots=True)
class Only:
    """Which rows of a proof; each None means all. `rule` "" are the rows kept, `shops` those of these shops."""

    side: str | None = None
    role: str | None = None
    rule: str | None = None
    shops: frozenset[str] | None = None

    def holds(self, part: Part) -> bool:
        """Whether the rows of a part are among them (`shops` aside)."""
        given = (self.side, self.role, self.rule)
        return all(want in (None, has) for want, has in zip(given, (part.side, part.role, part.rule), strict=True))

    @property
    def sql(self) -> str:
        """The condition over a proof's rows."""
        given = (("side", self.side), ("role", self.role), ("coalesce(rule, '')", self.rule))
        tests = [f"{column} = {quoted(value)}" for column, value in given if value is not None]
        if self.shops is not None:
            tests.append(f"shop_id in ({', '.join(map(quoted, sorted(self.shops))) or 'null'})")
        return " and ".join(tests) or "true"


EVERY = Only()


class PackChanged(TianpingError):
    """The pack is not the one that the day was closed by."""


class NoRows(NotFound):
    """Nothing at all has to do with the figure."""


class Disagrees(TianpingError):
    """The rows do not add up to the figure closed."""


_WIDE = ("platform", "category_l1", "category_l2", "category_l3")
"""Levels of many shops."""
_BY_ROLE = "list_position(['numerator', 'denominator', 'not_counted', 'left_out'], role)"


@dataclass(frozen=True, slots=True)
class Proof:
    """A figure with its definition and its rows, one SQL a side; `held` selects the same rows on this connection, from
    temporary tables; the connection may show no other tables than these read. `figure` is empty where the close has none:
    another version, other days, or rows that are all left out."""

    definition: Definition
    pack: Pack
    scope: Scope
    span: Period
    figure: Mapping[str, object]
    parts: tuple[Part, ...]
    sql: tuple[tuple[str, str], ...]
    held: tuple[tuple[str, str], ...]
    con: duckdb.DuckDBPyConnection

    @property
    def columns(self) -> list[str]:
        """The columns of the rows; two sides may have different ones."""
        return self.con.sql(every_row(self.held)).columns

    def rows(self, only: Only = EVERY, *, skip: int = 0, limit: int | None = None) -> Iterator[Mapping[str, object]]:
        """The rows of every side, in the order of their side, role and key, as dictionaries; `side` says which."""
        yield from records(self.con, ordered(self.definition, self.held, only, skip, limit))


Sides = Sequence[tuple[str, str]]
"""Each side's name, and the SQL of its rows."""


def every_row(sides: Sides) -> str:
    """The rows of all sides; a column that one lacks is null there."""
    return " union all by name ".join(f"(select '{side}' as side, * from ({sql}))" for side, sql in sides)


def ordered(definition: Definition, sides: Sides, only: Only = EVERY, skip: int = 0, limit: int | None = None) -> str:
    """The rows wanted, in the order of their side, role and key."""
    listed = ", ".join(quoted(side) for side, _ in sides)
    keys = names(dict.fromkeys(key for side in definition.sides for key in VIEWS[side.tally.view].key))
    some = "" if limit is None else f" limit {limit} offset {skip}"
    return (
        f"select * from ({every_row(sides)}) where {only.sql} "
        f"order by list_position([{listed}], side), {_BY_ROLE}, {keys}{some}"
    )


def explain(
    home: Home, packs: Mapping[str, Pack], named: Named, wanted: Scope, *, con: duckdb.DuckDBPyConnection | None = None
) -> Proof:
    """The proof of one figure of a close, on a connection of its own or one `opened` for that close. Raises TianpingError where
    the rows do not add up to the figure closed."""
    done = find(home, wanted.date)
    pack = _pack(packs, wanted.platform)
    _refuse_other_pack(done, pack)
    definition = _define(pack, named, wanted.date, wanted.days)
    sql = _sql(definition, wanted)
    con = con or opened(home, done, wanted, _tables(sql))
    cut = sliced(con, *_state(home, done), wanted.platform) if wanted.by in _WIDE else UNCUT
    held = tuple(_held(con, side, text, wanted, cut) for side, (_, text) in zip(definition.sides, sql, strict=True))
    joins = "max" if definition.greatest else "sum"
    parts = tuple(part for side, text in held for part in _parts(con, side, text, joins))
    figure = _closed(home, done, definition, wanted)
    if figure is not None or _is_closed(done, definition, wanted):
        _check(definition, parts, figure)
    if figure is None and not parts:
        raise NoRows(_nothing(named, wanted))
    span = definition.window(wanted.days).at(wanted.date)
    return Proof(definition, pack, wanted, span, figure or {}, parts, sql, held, con)


def _held(con: duckdb.DuckDBPyConnection, side: Side, sql: str, wanted: Scope, cut: Slices) -> tuple[str, str]:
    """A side's rows in a temporary table: they are counted first and read afterwards, and only those read get words for their
    times. Those of very many shops are found slice by slice, so that the joins for them need not be held all at once."""
    view = VIEWS[side.tally.view]
    rows = hold(con, sql, (staged_proof(view, side, wanted, some) for some in cut.over(view)))
    return _side_name(side), worded(view, side, rows)


def hold(con: duckdb.DuckDBPyConnection, sql: str, steps: Iterable[tuple[str, str]] | None = None) -> str:
    """The rows of a query in a temporary table of the connection, and the query that selects them from there. `steps`, which
    together give the same rows: what to hold as a table `ours`, and what reads it."""
    name = f"held_{hashlib.sha256(sql.encode()).hexdigest()[:16]}"
    for number, step in enumerate([("", sql)] if steps is None else steps):
        with ours_held(con, step) as rows:
            con.execute(f"insert into {name} {rows}" if number else f"create or replace temp table {name} as {rows}")
    return f"select * from {name}"


def _tables(sql: Sides) -> frozenset[str]:
    """The tables that these queries read, and those by which rows are narrowed and sliced; each other costs 2 ms."""
    named = {name for _, text in sql for name in re.findall(r"\b(?:facts|dated)\.(\w+)", text)}
    return frozenset({"shops", "products", *PARENTS, *named})


def opened(home: Home, done: Close, wanted: Scope, tables: Collection[str] = ()) -> duckdb.DuckDBPyConnection:
    """A connection on which the SQL of a close's proofs of this scope runs; `tables`: those that are read, where not all are.
    While it lives no file it reads is swept."""
    con, _ = facts(home, known_at=done.seq, tables=tables)
    if shop := shop_of(wanted):
        narrow_to_shop(con, _state(home, done), shop)
    elif wanted.by == "product":
        narrow_to_products(con, _state(home, done), [wanted.subject])
    as_of(con, done.date, tables)
    return con


def _state(home: Home, done: Close) -> tuple[Path, Known]:
    """What a close knew, and where that lies."""
    return home.lake, versions.known(home.versions(), done.seq)


def _refuse_other_pack(done: Close, pack: Pack) -> None:
    if pack.platform not in done.packs:
        raise NotFound(f"the close of {done.date} has no shops of {pack.platform}; it has {', '.join(done.packs) or 'none'}")
    if done.packs[pack.platform] != pack.digest:
        raise PackChanged(f"the pack {pack.platform} has changed since {done.date} was closed; close it again, then ask")


def _closed(home: Home, done: Close, definition: Definition, wanted: Scope) -> Mapping[str, object] | None:
    """The figure closed by just this definition."""
    found = read(home, done, Filter(wanted.platform, *definition.key, wanted.by, wanted.subject, wanted.days))
    return next((figure for figure in found if figure["version"] == definition.version.name), None)


def _is_closed(done: Close, definition: Definition, wanted: Scope) -> bool:
    """Whether the close holds this version and number of days, so that a figure not there counted nothing."""
    metric = definition.metric
    return metric.at(done.date) == definition.version and wanted.days in {*USUAL_DAYS, *metric.days, *done.days}


def _pack(packs: Mapping[str, Pack], platform: str) -> Pack:
    if platform not in packs:
        raise NotFound(f'no pack for the platform "{platform}": {did_you_mean(platform, list(packs))}')
    return packs[platform]


def _define(pack: Pack, named: Named, date: dt.date, days: int) -> Definition:
    metric = pack.metrics.get((named.metric, named.variant))
    if metric is None:
        known = ["/".join(filter(None, key)) for key in pack.metrics]
        raise NotFound(f'no metric "{named}" in the pack {pack.platform}: {did_you_mean(str(named), known)}')
    version = metric.at(date) if not named.version else _version(metric.versions, named)
    if version is None:
        raise NotFound(f"{named} is not defined yet on {date}; its first version is of {metric.versions[0].since}")
    return define(pack, VIEWS, (named.metric, named.variant), version, date, (days,))


def _version(versions: Sequence[Version], named: Named) -> Version:
    found = next((version for version in versions if version.name == named.version), None)
    if found is None:
        raise NotFound(f"no version {named.version} of {named.metric}; there are {', '.join(each.name for each in versions)}")
    return found


def _sql(definition: Definition, wanted: Scope) -> tuple[tuple[str, str], ...]:
    return tuple((_side_name(side), proof_sql(VIEWS[side.tally.view], side, wanted)) for side in definition.sides)


def _side_name(side: Side) -> str:
    return side.gives if side.gives in ("numerator", "denominator") else "both"


def _parts(con: duckdb.DuckDBPyConnection, side: str, sql: str, joins: str) -> list[Part]:
    found = con.execute(
        f"select role, coalesce(rule, ''), count(*), {joins}(adds)::bigint from ({sql}) group by role, coalesce(rule, '') "
        f"order by {_BY_ROLE}, 2"
    ).fetchall()
    return [Part(side, role, rule, rows, adds) for role, rule, rows, adds in found]


def totals(definition: Definition, parts: Sequence[Part]) -> tuple[int, int]:
    """Numerator and denominator as the rows give them."""
    if definition.greatest:
        return max((part.adds for part in parts), default=0), 1
    if definition.is_count:
        return sum(part.adds for part in parts), 1
    numerator = sum(part.adds for part in parts if part.side != "denominator")
    denominator = sum(
        part.adds if part.side == "denominator" else part.rows
        for part in parts
        if part.side != "numerator" and part.role != "left_out"
    )
    return numerator, denominator


def _check(definition: Definition, parts: Sequence[Part], figure: Mapping[str, object] | None) -> None:
    """A figure that is not there stands for 0/0."""
    counted, none = totals(definition, parts), (0, int(definition.is_count))
    closed = (figure["numerator"], figure["denominator"]) if figure else none
    if counted != closed:
        raise Disagrees(
            f"the rows give {counted[0]}/{counted[1]} but the close has {closed[0]}/{closed[1]}: a fault of the program, or "
            "the close's file was changed; close the day again, and report it if it stays"
        )


def _nothing(named: Named, wanted: Scope) -> str:
    whose = f"{wanted.by} {wanted.subject} over {wanted.days} days as of {wanted.date}"
    return (
        f"nothing to explain: {named} has no rows for {whose}; "
        f"`tianping metrics --date {wanted.date} --metric {named.metric} --by {wanted.by}` lists who has"
    )
