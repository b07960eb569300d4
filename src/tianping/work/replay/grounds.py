"""What both packs of a replay rest on at a close: the close's figures where they mean the same, and what is counted anew from
the rows as they were known at the close. Nothing is written anywhere.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import duckdb

from tianping.assess.finding import Seen
from tianping.facts.views import VIEWS
from tianping.metrics.compile import USUAL_DAYS, Definition, define
from tianping.metrics.engine import compute
from tianping.policy.judging import By
from tianping.policy.load import key_of
from tianping.policy.model import Metric, Pack
from tianping.policy.reads import Read, of_shops_and_products, reads
from tianping.store.closes import Close
from tianping.work.closing.benchmark import Yardsticks
from tianping.work.home import Home
from tianping.work.judgement.adjusted import Wanted, adjusted
from tianping.work.judgement.bench import Bench, Points
from tianping.work.judgement.grounds import Grounds, Key, computed, grounds, products, shops
from tianping.work.judgement.leaving import Track

TRACKS: tuple[Track, ...] = ("scores", "violations")


@dataclass(frozen=True, slots=True)
class Laid:
    """A close with its facts as of its date, on a connection of its own."""

    home: Home
    con: duckdb.DuckDBPyConnection
    done: Close
    sticks: Yardsticks


def benches(laid: Laid, packs: tuple[Pack, Pack], own: tuple[Pack, Pack], differing: frozenset[str]) -> tuple[Bench, Bench]:
    """The bench of the pack in force and that of the draft. `packs` are as narrowed, `own` whole; `differing`: metrics whose
    figures are not the same under both. What the close has no figures of by the present definitions is counted anew."""
    one, other = (_reads(laid, pack) for pack in packs)
    kept = laid.done.packs.get(own[0].platform) == own[0].digest
    closed = _closed(laid, own[0], one | other) if kept else frozenset()
    old = _bench(laid, packs[0], closed)
    alike = all(_asked(laid, packs[0], track) == _asked(laid, packs[1], track) for track in TRACKS)
    if one == other and alike and not any(each.metric in differing for each in other):
        points = Points()
        scored, weighed = (replace(each, points=points) for each in (old.scored, old.weighed))
        return old, replace(old, pack=packs[1], scored=scored, weighed=weighed, points=points)
    same = frozenset(each for each in (closed if kept else one) if each.metric not in differing)
    return old, _bench(laid, packs[1], same, _Base(one & same, old, measured=not kept))


class _Base(NamedTuple):
    """The other bench, and which of its figures mean the same here; `measured`: those as measured are taken of it too, where
    the close has none."""

    same: frozenset[Read]
    bench: Bench
    measured: bool


def _reads(laid: Laid, pack: Pack) -> frozenset[Read]:
    return reads(pack.judging, laid.done.date)


def _asked(laid: Laid, pack: Pack, track: Track) -> frozenset[tuple[Read, By]]:
    """What the track is read for."""
    return of_shops_and_products(pack.judging, laid.done.date, track)


def _closed(laid: Laid, pack: Pack, asked: frozenset[Read]) -> frozenset[Read]:
    """What of the figures read the close has."""
    days = {name: {*USUAL_DAYS, *laid.done.days, *metric.days} for name, metric in _by_name(pack).items()}
    return frozenset(each for each in asked if each.days in days.get(each.metric, ()))


def _by_name(pack: Pack) -> Mapping[str, Metric]:
    return {"/".join(filter(None, key)): metric for key, metric in pack.metrics.items()}


def _bench(laid: Laid, pack: Pack, same: frozenset[Read], base: _Base | None = None) -> Bench:
    """`same`: what may be taken from the close, or from `base`."""
    measured, points = _measured(laid, pack, same, base), Points()
    scored, weighed = (
        replace(measured, points=points, adjusted=_adjusted(laid, pack, track, measured, base)) for track in TRACKS
    )
    own = shops(laid.con, pack.platform), products(laid.con, pack.platform, measured.seen)
    return Bench(laid.con, pack, laid.done.date, *own, measured, scored, weighed, points)


def _adjusted(laid: Laid, pack: Pack, track: Track, measured: Grounds, base: _Base | None) -> Mapping[Key, Seen]:
    asked, known = _asked(laid, pack, track), frozenset[tuple[Read, By]]()
    there: Mapping[Key, Seen] = {}
    if base is not None:
        both = asked & _asked(laid, base.bench.pack, track)
        known = frozenset((read, by) for read, by in both if read in base.same)
        there = (base.bench.scored if track == "scores" else base.bench.weighed).adjusted
    wanted = [Wanted(pack.platform, read.metric, by, read.days) for read, by in asked - known]
    platforms, date = {pack.platform: pack}, laid.done.date
    found = adjusted(laid.con, platforms, date, track, wanted, measured=measured.seen) if wanted else {}
    here: dict[Key, Seen] = {(key[1], key[2], key[3], key[4]): each for key, each in found.items()}  # type: ignore[misc]
    return {key: each for key, each in there.items() if (Read(key[0], key[3]), key[1]) in known} | here


def _measured(laid: Laid, pack: Pack, same: frozenset[Read], base: _Base | None) -> Grounds:
    """The figures that mean the same, and those counted anew."""
    asked = _reads(laid, pack)
    anew, rest, market = asked - same, asked & same, laid.sticks.market
    closed = Grounds({}, {}) if base and base.measured and market else grounds(laid.home, laid.done, pack, laid.sticks)
    if not anew and not (base and base.measured):
        return closed
    kept = base.bench.measured if base and base.measured else closed
    fresh = dict(_counted(laid.con, pack, laid.done.date, anew)) if anew else {}
    seen = {key: each for key, each in kept.seen.items() if Read(key[0], key[3]) in rest}
    if not market:
        return Grounds({**seen, **fresh}, closed.wholes)
    wholes = {key: each for key, each in kept.wholes.items() if Read(key[0], key[3]) in rest}
    return Grounds({**seen, **fresh}, {**wholes, **computed(fresh)})


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
