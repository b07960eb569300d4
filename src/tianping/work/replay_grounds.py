"""What both packs of a replay rest on at a close: the close's figures where they mean the same, and what is counted anew from
the rows as they were known at the close. Nothing is written anywhere.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import duckdb

from tianping.assess.finding import Seen, Whole
from tianping.facts.views import VIEWS
from tianping.metrics.compile import USUAL_DAYS, Definition, define
from tianping.metrics.engine import compute
from tianping.policy.load import key_of
from tianping.policy.model import Metric, Pack
from tianping.policy.reads import Read, reads
from tianping.store.closes import Close
from tianping.work.adjusted import Wanted, adjusted
from tianping.work.bench import Bench, Points
from tianping.work.benchmark import Yardsticks
from tianping.work.grounds import Grounds, Key, grounds, products, shops
from tianping.work.home import Home
from tianping.work.leaving import Track


@dataclass(frozen=True, slots=True)
class Laid:
    """A close with its facts as of its date, on a connection of its own."""

    home: Home
    con: duckdb.DuckDBPyConnection
    done: Close
    sticks: Yardsticks


def benches(laid: Laid, packs: tuple[Pack, Pack], own: tuple[Pack, Pack], differing: frozenset[str]) -> tuple[Bench, Bench]:
    """The bench of the pack in force and that of the draft. `packs` are as narrowed, `own` whole; `differing`: metrics whose
    figures are not the same under both."""
    kept = laid.done.packs.get(own[0].platform) == own[0].digest
    read = [_reads(laid, pack) for pack in packs]
    old = _bench(laid, packs[0], _anew(laid, packs[0], own[0], frozenset() if kept else None), None)
    fresh = _anew(laid, packs[1], own[0], differing if kept else None)
    same = read[0] == read[1] and not any(each.metric in differing for each in read[1])
    return old, _bench(laid, packs[1], fresh, old if same else None)


def _reads(laid: Laid, pack: Pack) -> frozenset[Read]:
    return reads(pack.judging, laid.done.date)


def _anew(laid: Laid, pack: Pack, closed: Pack, differing: frozenset[str] | None) -> frozenset[Read]:
    """What of the figures read must be counted: of metrics that differ (None: all), and of days that the close has not."""
    asked = _reads(laid, pack)
    if differing is None:
        return asked
    days = {name: {*USUAL_DAYS, *laid.done.days, *metric.days} for name, metric in _by_name(closed).items()}
    return frozenset(each for each in asked if each.metric in differing or each.days not in days.get(each.metric, ()))


def _by_name(pack: Pack) -> Mapping[str, Metric]:
    return {"/".join(filter(None, key)): metric for key, metric in pack.metrics.items()}


def _bench(laid: Laid, pack: Pack, anew: frozenset[Read], like: Bench | None) -> Bench:
    """`like`: a bench of the same figures, whose grounds are used again."""
    if like is not None:
        points = Points()
        grounds_ = [replace(each, points=points) for each in (like.scored, like.weighed)]
        return replace(like, pack=pack, measured=like.measured, scored=grounds_[0], weighed=grounds_[1], points=points)
    measured, points = _measured(laid, pack, anew), Points()
    wanted = [Wanted(pack.platform, each.metric, by, each.days) for each in _reads(laid, pack) for by in ("shop", "product")]

    def lessened(track: Track, *, asked: bool) -> Grounds:
        found = adjusted(laid.con, {pack.platform: pack}, laid.done.date, track, wanted) if asked and wanted else {}
        here: dict[Key, Seen] = {(metric, by, subject, days): each for (_, metric, by, subject, days), each in found.items()}  # type: ignore[misc]
        return replace(measured, points=points, adjusted=here)

    judging = pack.judging
    scored = lessened("scores", asked=bool(judging.scores or judging.rights))
    weighed = lessened("violations", asked=bool(judging.violations))
    own = shops(laid.con, pack.platform), products(laid.con, pack.platform, measured.seen)
    return Bench(laid.con, pack, laid.done.date, *own, measured, scored, weighed, points)


def _measured(laid: Laid, pack: Pack, anew: frozenset[Read]) -> Grounds:
    """The close's figures, those counted anew in the place of what goes by the same name there."""
    if not anew:
        return grounds(laid.home, laid.done, pack, laid.sticks)
    rest = _reads(laid, pack) - anew
    kept = grounds(laid.home, laid.done, pack, laid.sticks) if rest else Grounds({}, {})
    seen = {key: each for key, each in kept.seen.items() if Read(key[0], key[3]) in rest}
    fresh = dict(_counted(laid.con, pack, laid.done.date, anew))
    if not laid.sticks.market:
        return Grounds({**seen, **fresh}, kept.wholes)
    wholes = {key: each for key, each in kept.wholes.items() if Read(key[0], key[3]) in rest}
    return Grounds({**seen, **fresh}, {**wholes, **dict(_wholes(fresh))})


def _counted(con: duckdb.DuckDBPyConnection, pack: Pack, date: dt.date, asked: frozenset[Read]) -> Iterator[tuple[Key, Seen]]:
    """The figures that rules read, from the rows: as a close computes them."""
    compute(con, VIEWS, pack.platform, _definitions(pack, date, asked), date)
    found = con.execute(
        """select metric, variant, "by", subject, days, numerator, denominator, status, why from figures
        where "by" not in ('agent', 'shop_category_l1', 'shop_category_l2', 'shop_category_l3')
          and ("by" <> 'product' or numerator <> 0)"""
    )
    while batch := found.fetchmany(100_000):
        for metric, variant, by, subject, days, *seen in batch:
            name = f"{metric}/{variant}" if variant else metric
            if Read(name, days) in asked:
                yield (name, by, subject, days), Seen(*seen)


def _definitions(pack: Pack, date: dt.date, asked: frozenset[Read]) -> Sequence[Definition]:
    days: dict[str, set[int]] = {}
    for each in asked:
        days.setdefault(each.metric, set()).add(each.days)
    return [
        replace(define(pack, VIEWS, key, version, date), days=tuple(sorted(wanted)))
        for name, wanted in sorted(days.items())
        if (key := key_of(name)) in pack.metrics and (version := pack.metrics[key].at(date)) is not None
    ]


def _wholes(seen: Mapping[Key, Seen]) -> Iterator[tuple[Key, Whole]]:
    """The benchmarks of a market: the same metric over all its shops."""
    counted: dict[tuple[str, int], int] = {}
    for (metric, by, _, days), each in seen.items():
        if by == "shop" and each.denominator:
            counted[metric, days] = counted.get((metric, days), 0) + 1
    for key, each in seen.items():
        if key[1] not in ("shop", "product") and each.denominator:
            rate = Fraction(each.numerator, each.denominator)
            yield key, Whole(rate, each.numerator, each.denominator, counted.get((key[0], key[3]), 0))
