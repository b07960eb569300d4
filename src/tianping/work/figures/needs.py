"""How much each shop needs somebody, by the figures of a close that a pack calls its headline.

All shops of a close are ranked at once, by the database, and the ranking is kept in the process: closes do not change. Measured
at 10 000 shops: 300 ms for the first page after a close, 10 ms for those after it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import duckdb
import pyarrow as pa

from tianping.facts.engine import quoted
from tianping.metrics.compile import Key
from tianping.policy.load import key_of
from tianping.policy.model import Pack
from tianping.work.closing.closed import figures_path, shelf
from tianping.work.figures.boards import BEST, FELT, FELT_ROWS, Look, Subject, benchmarks

DAYS = 30  # KS-B09: the period is the last 30 days, computed every day
_SIGN = {"lower": 1, "higher": -1, "neither": 0}
_TYPES: dict[str, pa.DataType] = {
    "platform": pa.string(), "metric": pa.string(), "variant": pa.string(), "sign": pa.int32(), "best": pa.int32(),
    "rate": pa.bool_(), "benchmark": pa.float64(),
}  # fmt: skip
_KEYS = pa.schema(_TYPES)


@dataclass(frozen=True, slots=True)
class Ranking:
    """`needs`: shop, times, worse (list of less, metric, variant), volume (the most rows that a rate stands on). `lacks`:
    platform, why, shop, figures (so many of the shop lack data, and why)."""

    needs: pa.Table
    lacks: pa.Table


@dataclass(frozen=True, slots=True)
class _State:
    """What a ranking depends on, and what it is read from."""

    marks: tuple[object, ...]
    seen: Look = field(compare=False)


def headline(pack: Pack) -> list[Key]:
    """The metrics that matter every morning; all of a pack that does not say."""
    return [key_of(name) for name in pack.board.headline] or list(pack.metrics)


def ranking(seen: Look) -> Ranking:
    """Of all shops of the close, whoever looks."""
    packs = tuple((pack.digest, pack.board.headline) for pack in _packs(seen))
    before = seen.before.path if seen.before else ""
    written = figures_path(seen.home, seen.done)
    return _ranking(_State((written, seen.done.seq, before, packs, seen.market), seen))


def _packs(seen: Look) -> list[Pack]:
    return [pack for name, pack in sorted(seen.packs.items()) if name in seen.done.packs]


@lru_cache(maxsize=8)
def _ranking(state: _State) -> Ranking:
    with shelf() as con:
        _begin(state.seen, con)
        needs: pa.Table = con.sql(_NEEDS).to_arrow_table()
        lacks: pa.Table = con.sql(_LACKS).to_arrow_table()
        return Ranking(needs, lacks)


def _begin(seen: Look, con: duckdb.DuckDBPyConnection) -> None:
    """Table `keys` (what is looked at) and views `now`, `then` of figures."""
    keys = [row for pack in _packs(seen) for row in _keys(seen, pack)]
    con.register("looked", pa.Table.from_pylist([dict(zip(_KEYS.names, row, strict=True)) for row in keys], schema=_KEYS))
    con.execute("create temp table keys as from looked")
    metrics = ", ".join(quoted(name) for name in sorted({str(row[1]) for row in keys})) or "''"
    for name, done in (("now", seen.done), ("then", seen.before)):
        rows = f"read_parquet({quoted(figures_path(seen.home, done or seen.done))})"
        some = "" if done else " and false"
        con.execute(
            f'create temp view "{name}" as select * from {rows} '
            f"where \"by\" = 'shop' and days = {DAYS} and metric in ({metrics}){some}"
        )


def _keys(seen: Look, pack: Pack) -> Iterator[tuple[object, ...]]:
    """What ranking needs to know of each metric looked at."""
    above = benchmarks(seen, Subject(pack.platform, "platform", pack.platform), DAYS)
    for key in headline(pack):
        metric, beside = pack.metrics[key], above.get(key)
        number = None if beside is None else float(beside)
        yield pack.platform, *key, _SIGN[metric.better], BEST.get(metric.unit), metric.unit == "rate", number


# `far`: how far a figure is from its best, 0 where lower is better. Beside the benchmark's that counts only where the figure is
# ok and, for a rate, where at least FELT_ROWS rows make the difference. A figure got worse by the same version, both closes ok.
_NEEDS = f"""
with seen as (
  select n.subject, n.metric, n.variant, n.status, n.numerator / n.denominator as value, n.denominator,
    k.sign, k.rate, k.best, k.benchmark, t.numerator / t.denominator as before,
    n.status = 'ok' and t.status = 'ok' and t.version = n.version as comparable
  from "now" n join keys k using (platform, metric, variant) left join "then" t using (platform, metric, variant, subject)
), away as (
  select *, case when sign = 1 then value when best is not null then best - value else -value end as far,
    case when sign = 1 then before when best is not null then best - before else -before end as was,
    case when sign = 1 then benchmark when best is not null then best - benchmark end as beside
  from seen
), weighed as (
  select *, case when status = 'ok' and beside > 0 and (not rate or (far - beside) * denominator >= {FELT_ROWS})
      then far / beside end as times,
    case when comparable and sign <> 0 and far > was then least(coalesce((far - was) / nullif(abs(was), 0), 99), 99) end as more
  from away
), felt as (
  select *, more >= {float(FELT)} and (not rate or (far - was) * denominator >= {FELT_ROWS}) as is_felt from weighed
)
select subject as shop, coalesce(max(times), 0) as times,
  list({{'less': -more, 'metric': metric, 'variant': variant}} order by -more, metric, variant) filter (is_felt) as worse,
  coalesce(max(denominator) filter (rate), 0)::bigint as volume
from felt group by subject
"""
_LACKS = """select platform, why, subject as shop, count(*)::int as figures
  from "now" semi join keys using (platform, metric, variant) where status in ('incomplete', 'no_data') group by all"""
