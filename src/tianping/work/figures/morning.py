"""What needs somebody this morning: shops in the order of their need, what is missing, what is behind a figure that got worse.

Only the figures that a pack's board calls its headline are looked at. Whole markets are ranked by the database: rows of
figures never come here but for the shops of one page.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from tianping.metrics.compile import Key
from tianping.metrics.proof import Scope
from tianping.policy.model import Metric
from tianping.work.closing.closed import figures_path, shelf
from tianping.work.figures.boards import LINES, Look, Severity
from tianping.work.figures.catalogue import Catalogue, Product, Shop
from tianping.work.figures.explain import Named, Only
from tianping.work.figures.needs import DAYS, Ranking, ranking
from tianping.work.figures.proofs import proved
from tianping.work.figures.subjects import hidden

MOVERS = 3
"""Products shown behind a figure."""
NEARLY_ALL = 0.9
"""What so great a part of the shops lacks is a lack of the home, not of each of them."""
_GAPS = 200
"""Different gaps looked at."""
REASONS = ("first_refund_reason", "reason")
"""Columns of a figure's rows that say why."""


class Worse(NamedTuple):
    """A figure that got worse: how much farther from its best, relative to before."""

    metric: str
    variant: str
    change: float

    @property
    def key(self) -> Key:
        return self.metric, self.variant


class Need(NamedTuple):
    """A shop and why it needs somebody: how many times as far from its best as the benchmark its worst figure is, what got
    worse (the most first), how many of its figures lack data that other shops of its platform have."""

    shop: str
    platform: str
    times: float
    worse: tuple[Worse, ...]
    lacking: int

    @property
    def severity(self) -> Severity:
        return next((severity for line, severity in LINES if self.times >= line), "")

    @property
    def calm(self) -> bool:
        return not (self.severity or self.worse or self.lacking)


class Gap(NamedTuple):
    """Facts that figures lack: days of a table that no import covers, or, where `first` is None, columns of it (all where none
    is named) that were never supplied."""

    platform: str
    table: str
    columns: tuple[str, ...]
    first: dt.date | None
    last: dt.date | None
    shops: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Morning:
    """`page` is the part of the shops asked for, those in the greatest need first; `needy` of all `shops` need somebody."""

    shops: int
    needy: int
    marked: int
    worse: int
    lacking: int
    page: tuple[Need, ...]


def morning(seen: Look, shops: Sequence[Shop], *, skip: int = 0, take: int = 20) -> Morning:
    """These shops by their need, `take` of them after the first `skip`."""
    with shelf() as con:
        _begin(con, shops, ranking(seen))
        con.execute(f"create temp table needs as {_NEEDS}")
        [(total, needy, marked, worse, lacking)] = con.execute(_TOTALS).fetchall()
        found = con.execute(f"select shop, platform, times, worse, lacking from needs {_ORDER} limit ? offset ?", [take, skip])
        return Morning(total, needy, marked, worse, lacking, tuple(_need(*row) for row in found.fetchall()))


def _need(shop: str, platform: str, times: float, worse: list[dict[str, object]] | None, lacking: int) -> Need:
    felt = (Worse(str(each["metric"]), str(each["variant"]), -float(str(each["less"]))) for each in worse or ())
    return Need(shop, platform, times, tuple(felt), lacking)


def _begin(con: duckdb.DuckDBPyConnection, shops: Sequence[Shop], ranked: Ranking) -> None:
    """Tables `mine` (the shops), `ranked` and `lacks`."""
    ids, platforms = ([each.id for each in shops], [each.platform for each in shops])
    con.register("mine", pa.table({"shop": pa.array(ids, pa.string()), "platform": pa.array(platforms, pa.string())}))
    con.register("ranked", ranked.needs)
    con.register("lacks", ranked.lacks)


# What nearly all shops of a platform lack (`shared`) is said once, by `gaps`, and makes none of them one that needs somebody.
# Whoever lacks a table lacks its days and columns too. A shop that is alone on its platform has needs of its own.
_NEEDS = f"""
with parts as (
  select platform, why,
    unnest(string_split(substr(why, strpos(why, ': ') + 2), if(starts_with(why, 'never'), ', ', '; '))) as part
  from (select distinct platform, why from lacks)
), shops as (
  select platform, count(*) as shops from mine semi join ranked using (shop) group by platform having shops > 1
), lacked as (
  select distinct platform, shop, part from lacks semi join mine using (shop) join parts using (platform, why)
), wanted as (
  select platform, part as "for", part from parts union
  select platform, part, regexp_extract(part, '^[a-z_]+') from parts
), shared as (
  select platform, "for" as part from wanted join lacked using (platform, part) join shops using (platform)
  group by platform, "for", shops having count(distinct shop) >= {NEARLY_ALL} * shops
), own as (
  select distinct platform, why from parts anti join shared using (platform, part)
), lacking as (
  select shop, sum(figures)::int as lacking from lacks semi join own using (platform, why) group by shop
)
select m.shop, m.platform, coalesce(times, 0) as times, worse, coalesce(lacking, 0) as lacking, coalesce(volume, 0) as volume
  from mine m left join ranked using (shop) left join lacking using (shop)
"""
_TOTALS = """select count(*), count(*) filter (times >= 2 or worse is not null or lacking > 0), count(*) filter (times >= 2),
  count(*) filter (worse is not null), count(*) filter (lacking > 0) from needs"""
_LINES = " + ".join(f"(times >= {line})::int" for line, _ in LINES)
_ORDER = f"""order by {_LINES} desc, worse is not null desc, lacking > 0 desc, volume > 0 desc, times desc,
  worse[1].less nulls last, volume desc, shop"""


def gaps(seen: Look, shops: Sequence[Shop]) -> list[Gap]:
    """The facts that the figures looked at lack, those of the most shops first."""
    with shelf() as con:
        _begin(con, shops, ranking(seen))
        found = con.execute(
            "select platform, why, list_sort(list(shop)) as shops from lacks semi join mine using (shop) "
            "group by platform, why order by len(shops) desc, why limit ?",
            [_GAPS],
        ).fetchall()
    return _joined([gap for platform, why, shops in found for gap in told(platform, why, tuple(shops))])


def told(platform: str, why: str, shops: tuple[str, ...]) -> list[Gap]:
    """What a figure's `why` says it lacks (`metrics/coverage` writes it)."""
    what, _, parts = why.partition(": ")
    if what == "never supplied":
        return [Gap(platform, table, (column,) if column else (), None, None, shops) for table, column in _columns(parts)]
    return [Gap(platform, table, (), first, last, shops) for table, first, last in _days(parts)]


def _columns(parts: str) -> list[tuple[str, str]]:
    named = (part.partition(".") for part in parts.split(", "))
    return [(table, column) for table, _, column in named]


def _days(parts: str) -> list[tuple[str, dt.date, dt.date]]:
    named = (part.partition(" ") for part in parts.split("; "))
    spans = ((table, days.partition("..")) for table, _, days in named)
    return [(table, dt.date.fromisoformat(first), dt.date.fromisoformat(last)) for table, (first, _, last) in spans]


def _joined(found: Sequence[Gap]) -> list[Gap]:
    """One for each platform, table and kind: all its columns, its first and last day, all its shops."""
    kinds: dict[tuple[str, str, bool], list[Gap]] = {}
    for gap in found:
        kinds.setdefault((gap.platform, gap.table, gap.first is None), []).append(gap)
    joined = [
        Gap(
            platform,
            table,
            tuple(sorted({column for gap in some for column in gap.columns})),
            min((gap.first for gap in some if gap.first), default=None),
            max((gap.last for gap in some if gap.last), default=None),
            tuple(sorted({shop for gap in some for shop in gap.shops})),
        )
        for (platform, table, _), some in kinds.items()
    ]
    return sorted(joined, key=lambda gap: (-len(gap.shops), gap.platform, gap.table))


class Mover(NamedTuple):
    """A product behind a change: its counts (numerator, denominator) now and at the close before, and how many more of its rows
    count against the shop."""

    product: Product
    now: tuple[int, int]
    before: tuple[int, int]
    more: int


def movers(seen: Look, book: Catalogue, shop: str, key: Key, *, take: int = MOVERS) -> list[Mover]:
    """The products of a shop whose counts moved most the wrong way since the close before. Raises NotFound for a shop out of
    reach; empty for metrics that no product has."""
    known = book.shop(shop, seen.reach)
    if seen.before is None:
        return []
    metric = seen.packs[known.platform].metrics[key]
    out = pa.array(sorted(hidden(seen.home, seen.done.seq, seen.reach)), pa.string())
    with shelf() as con:
        con.register("mine", book.of_shop(shop).select(["product_id"]).filter(~pc.field("product_id").isin(out)))
        paths = [figures_path(seen.home, seen.done), figures_path(seen.home, seen.before)]
        rows = con.execute(_movers(metric), [paths[0], *key, paths[1], *key, take]).fetchall()
    named = book.named([row[0] for row in rows])
    return [Mover(named[product], (n, d), (m, e), more) for product, n, d, m, e, more in rows]


def _movers(metric: Metric) -> str:
    """Where higher is better, the rows outside the numerator count against the shop."""
    against = "{0}.numerator" if metric.better == "lower" or metric.is_count else "({0}.denominator - {0}.numerator)"
    more = f"{against.format('n')} - coalesce({against.format('t')}, 0)"
    part = (
        "select subject, numerator, denominator from read_parquet(?) semi join mine on product_id = subject "
        f"where \"by\" = 'product' and metric = ? and variant = ? and days = {DAYS}"
    )
    return (
        "select n.subject, n.numerator, n.denominator, coalesce(t.numerator, 0), coalesce(t.denominator, 0), "
        f"({more})::bigint as more from ({part}) n left join ({part}) t using (subject) where more > 0 "
        "order by more desc, n.numerator desc, n.subject limit ?"
    )


def reasons(seen: Look, book: Catalogue, shop: str, key: Key) -> list[tuple[str, int]]:
    """The reasons of the rows that a shop's figure counts, the most first; empty for metrics whose rows have none. Reads facts.
    Raises NotFound, and TianpingError as `explain` does."""
    known = book.shop(shop, seen.reach)
    proof = proved(seen.home, seen.packs, Named(*key), Scope(known.platform, "shop", shop, seen.done.date, DAYS))
    column = next((name for name in REASONS if name in proof.columns), "")
    counts: dict[str, int] = {}
    for row in proof.rows(Only(role="numerator")) if column else ():
        counts[str(row[column] or "")] = counts.get(str(row[column] or ""), 0) + 1
    return sorted(counts.items(), key=lambda each: (-each[1], each[0]))
