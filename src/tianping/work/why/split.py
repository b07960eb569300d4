"""What changed between two closes: a figure's change split over its rows, its benchmark and its rule.

`assess.split` says how."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from tianping.assess.split import Counts, Held, Moved, Rows, Split, of_figure, of_ratio
from tianping.errors import NotFound, did_you_mean
from tianping.metrics.proof import Scope
from tianping.policy.model import Metric, Pack, Version
from tianping.store.closes import Close
from tianping.work.closing.benchmark import beside
from tianping.work.closing.closed import Filter, find, shelf
from tianping.work.figures.explain import Disagrees, Named
from tianping.work.home import Home
from tianping.work.why.then import Then, then, version_of


@dataclass(frozen=True, slots=True)
class Change:
    """A figure at two closes. `ratio` is None where one of them has no benchmark, or one of 0."""

    metric: Metric
    versions: tuple[Version, Version]
    scope: Scope
    closes: tuple[Close, Close]
    counts: tuple[Counts, Counts]
    benchmarks: tuple[Fraction | None, Fraction | None]
    rows: Rows
    value: Split
    ratio: Split | None


def changed(home: Home, packs: Mapping[str, Pack], named: Named, wanted: Scope, before: dt.date) -> Change:
    """How a figure came from its value at the close of `before` to that at the close of `wanted.date`."""
    pack = pack_of(packs, wanted.platform)
    old, new = find(home, before), find(home, wanted.date)
    earlier = Scope(wanted.platform, wanted.by, wanted.subject, before, wanted.days)
    was = then(home, pack, old, named, earlier)
    now = then(home, pack, new, named, wanted, ruled=before)
    versions = version_of(pack, named, before), version_of(pack, named, wanted.date)
    after = now if versions[0] == versions[1] else then(home, pack, new, named, wanted)
    counts, ruled = (was.counts, after.counts), after.counts if after is not now else None
    benchmarks = _beside(home, old, named, earlier, counts[0]), _beside(home, new, named, wanted, counts[1])
    rows = moved(was, now)
    metric = pack.metrics[named.metric, named.variant]
    value = of_figure(rows, ruled, whole=was.whole, greatest=was.definition.greatest)
    ratio = None
    if benchmarks[0] and benchmarks[1] and was.whole is None:
        ratio = of_ratio(rows, Held(*(each for each in benchmarks if each)), ruled)
    return Change(metric, versions, wanted, (old, new), counts, benchmarks, rows, value, ratio)


def pack_of(packs: Mapping[str, Pack], platform: str) -> Pack:
    """Raises NotFound."""
    if platform not in packs:
        raise NotFound(f'no pack for the platform "{platform}": {did_you_mean(platform, list(packs))}')
    return packs[platform]


def moved(was: Then, now: Then) -> Rows:
    """The rows of both, joined by their keys. Rows that never counted are left aside."""
    con = shelf()
    for name, each in (("was", was), ("now", now)):
        con.register(
            name,
            each.con.sql(
                f"select key, sum(n)::bigint as n, sum(d)::bigint as d from ({each.each}) group by key"
            ).to_arrow_table(),
        )
    found = con.execute(
        "select case when now.key is null then 'left' when was.key is null then 'came' "
        "when was.n = now.n and was.d = now.d then 'same' else 'rejudged' end as kind, count(*), "
        f"{', '.join(f'coalesce({was.joins}({side}.n), 0), coalesce(sum({side}.d), 0)' for side in ('was', 'now'))} "
        "from was full join now on was.key = now.key "
        "where coalesce(was.n, 0) <> 0 or coalesce(was.d, 0) <> 0 or coalesce(now.n, 0) <> 0 or coalesce(now.d, 0) <> 0 "
        "group by kind"
    ).fetchall()
    kinds = {kind: Moved(rows, Counts(int(a), int(b)), Counts(int(c), int(d))) for kind, rows, a, b, c, d in found}
    return Rows(**kinds)


def _beside(home: Home, done: Close, named: Named, wanted: Scope, counted: Counts) -> Fraction | None:
    """The benchmark that rules use. Raises Disagrees where the rows do not add up to the figure closed."""
    asked = Filter(wanted.platform, named.metric, named.variant, wanted.by, wanted.subject, wanted.days)
    each = next(iter(beside(home, done, asked)), None)
    if each is None:
        return None
    closed = Counts(int(str(each.figure["numerator"])), int(str(each.figure["denominator"])))
    if closed != counted:
        raise Disagrees(
            f"the rows give {counted.numerator}/{counted.denominator} but the close of {done.date} has "
            f"{closed.numerator}/{closed.denominator}; close the day again, and report it if it stays"
        )
    return each.benchmark
