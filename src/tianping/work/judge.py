"""The judgement of a close: what every pack's rules say of its figures, kept beside it as files."""

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any

from tianping.facts import versions
from tianping.facts.asof import as_of
from tianping.policy.model import Pack
from tianping.store import judgements
from tianping.store.closes import Close
from tianping.store.judgements import Judgement
from tianping.work.closing import bysubject
from tianping.work.closing.benchmark import yardsticks
from tianping.work.closing.close import Asked, close
from tianping.work.closing.slicing import hold
from tianping.work.docket import charging, measures, removing
from tianping.work.docket.history import Office
from tianping.work.docket.proposing import Run, take_up
from tianping.work.home import Home, facts, locked
from tianping.work.judgement import judged, outcomes, standings
from tianping.work.judgement.bench import Bench, bench
from tianping.work.judgement.outcomes import Charged

_ONE = Lock()
"""Threads of one process close one after the other: they would write files of one name. Processes have names of their own."""


def close_day(home: Home, packs: Mapping[str, Pack], asked: Asked, *, at: dt.datetime) -> tuple[Close, Judgement]:
    """The whole close of a day: its figures, then what the rules say of them, and beside that, on a core that judging leaves
    idle, the figures laid out by subject (who reads them before that is done takes the close's own file). Raises as `close`
    does."""
    with _ONE:
        done = close(home, packs, asked, at=at)
        with ThreadPoolExecutor(1, "lay out") as beside:
            copy = beside.submit(bysubject.lay_out, home.path, home.path / done.path, wait=True)
            judgement = judge(home, packs, done, at=at)
            copy.result()
        return done, judgement


def judge(home: Home, packs: Mapping[str, Pack], done: Close, *, at: dt.datetime) -> Judgement:
    """Judge a close and keep what comes out. Run again with the same facts and packs it gives the same. `at` is naive UTC."""
    rules = {name: packs[name].judging_digest for name in sorted(done.packs) if name in packs}
    digest = hashlib.sha256(repr(sorted(rules.items())).encode()).hexdigest()
    place = Path(judged.FOLDER) / done.date.isoformat() / f"{done.seq}-{done.definitions[:12]}-{digest[:12]}"
    with locked(home.path / "judge.lock", wait=True):  # one at a time: two would charge the same people
        judged.sweep(home.path)
        return _judge(
            home, packs, done, Judgement(done.date, done.seq, done.definitions, digest, rules, place.as_posix(), {}, at)
        )


def _judge(home: Home, packs: Mapping[str, Pack], done: Close, blank: Judgement) -> Judgement:
    """Files first, then charges, then the row that says it is judged: whoever is killed between is judged again, the same."""
    con, _ = facts(home, known_at=done.seq)
    hold(con, home.lake, versions.known(home.versions(), done.seq))
    as_of(con, done.date)
    sticks = yardsticks(home, done)
    benches = [bench(home, con, packs[name], done, sticks) for name in blank.packs]
    with judged.folder(home.path, Path(blank.folder)) as into:
        written = {name: judged.write(into, name, rows(home, benches)) for name, rows in _TABLES.items()}
        found = {each.pack.platform: list(outcomes.charged(each)) for each in benches}
        written["found"] = judged.write(into, "found", (outcomes.of_found(each) for all_ in found.values() for each in all_))
    result = replace(blank, counts=written)
    knows_most, who = done.seq == versions.seq_at(home.versions()), charging.office(home, packs, con)
    if knows_most:
        _charge(who, benches, found, result)
    judgements.keep(home.database, result)
    standings.forward(home, packs, result)
    if knows_most:
        _remove(home, who, benches, result)
    return result


def _charge(who: Office, benches: Sequence[Bench], found: Mapping[str, Sequence[Charged]], result: Judgement) -> None:
    """What the close that knows most leads to. Of a platform that is gone nothing is found any more."""
    for each in benches:
        charging.charge(who, each, result.seq, found[each.pack.platform], result.at)
    for gone in sorted(set(who.rules) - set(result.packs)):
        take_up(who, result.at, Run(gone, result.date, result.seq, ()))
    measures.serve_due(who, result.at)


def _remove(home: Home, who: Office, benches: Sequence[Bench], result: Judgement) -> None:
    """Removals, by where shops stand after the last judged day, which a day closed late may have moved."""
    for each in benches:
        platform = each.pack.platform
        removing.by_level(who, platform, standings.last(home, platform), result.at)
        removing.by_points(who, platform, [shop.shop for shop in each.shops], result.date, result.at)


Rows = Callable[[Home, Sequence[Bench]], Iterator[dict[str, Any]]]


def _each(rows: Callable[[Bench], Iterator[dict[str, Any]]]) -> Rows:
    return lambda _, benches: (row for each in benches for row in rows(each))


def _levels(home: Home, benches: Sequence[Bench]) -> Iterator[dict[str, Any]]:
    for each in benches:
        yield from standings.of_levels(home, each.con, each.pack, each.date, each.shops, each.measured)


_TABLES: Mapping[str, Rows] = {
    "scores": _each(outcomes.of_scores),  # first: rights and violations may read scores
    "rights": _each(outcomes.of_rights),
    "levels": _levels,
    "warnings": _each(outcomes.of_warnings),
    "worklists": _each(outcomes.of_worklists),
}
