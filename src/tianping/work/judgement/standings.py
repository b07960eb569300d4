"""Where shops stand on their platform's ladder, close after close: a fold over the closed days in order.

A day closed late changes the days after it, so those are folded again; the history is the same in whatever order days were
closed. Days that were not closed are not evaluated.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from itertools import groupby
from typing import Any

import duckdb

from tianping.assess import evidence
from tianping.assess.finding import Figures, Subject
from tianping.assess.level import Looked, Standing, Use, begin, step, uses
from tianping.policy.model import Pack
from tianping.store import closes, judgements
from tianping.store.judgements import Judgement
from tianping.work.closing.benchmark import yardsticks
from tianping.work.home import Home, facts
from tianping.work.judgement import judged
from tianping.work.judgement.grounds import grounds, shops
from tianping.work.judgement.openings import openings

Row = dict[str, Any]
_COLUMNS = tuple(each.name for each in fields(Standing))


def last(home: Home, platform: str) -> Sequence[Row]:
    """Where the shops of a platform stand after the last judged day."""
    done = next((each for each in _best(home) if platform in each.packs), None)
    return judged.read(home, done, "levels", {"platform": [platform]}) if done else []


def of_levels(
    home: Home, con: duckdb.DuckDBPyConnection, pack: Pack, date: dt.date, whom: Sequence[Subject], figures: Figures
) -> Iterator[Row]:
    """Each shop's level after the close of `date`, and what happened that day."""
    levels = pack.judging.levels
    rule = levels.at(date) if levels else None
    if levels is None or rule is None:
        return
    before, opened = _before(home, pack.platform, date), openings(con, pack.platform)
    for shop in whom:
        standing = before.get(shop.shop) or begin(levels, date, *opened[shop.shop])
        if standing is None:
            continue
        done = step(levels, standing, date, shop, figures)
        used = uses(rule, standing.level, shop, figures) if standing.level in rule.levels else ()  # of the day before T
        yield {
            "platform": pack.platform, "version": rule.since.isoformat(), "shop_id": shop.shop, **asdict(done.standing),
            "happened": done.happened, "why": done.why, "looked": judged.as_json(_looked(done.looked)),
            "uses": judged.as_json([_use(each) for each in used]),
        }  # fmt: skip


def forward(home: Home, packs: Mapping[str, Pack], since: Judgement) -> None:
    """Fold the days again that were judged as of later days: what they begin from may have changed."""
    ladders = [name for name in since.packs if name in packs and packs[name].judging.levels]
    later = [each for each in _best(home) if each.date > since.date] if ladders else []
    for each in reversed(later):
        _again(home, packs, each)


def _again(home: Home, packs: Mapping[str, Pack], done: Judgement) -> None:
    close = next((each for each in closes.of_date(home.database, done.date) if each.definitions == done.definitions), None)
    if close is None or close.seq != done.seq:
        return
    con, _ = facts(home, known_at=done.seq)
    sticks = yardsticks(home, close)
    pairs = [(packs[name], shops(con, name)) for name in done.packs if name in packs]
    rows = (
        row for pack, whom in pairs for row in of_levels(home, con, pack, done.date, whom, grounds(home, close, pack, sticks))
    )
    judged.replace(home.path / done.folder, "levels", rows)


def _best(home: Home) -> Iterator[Judgement]:
    """The best informed judgement of every day, newest day first."""
    for _, group in groupby(judgements.every(home.database), key=lambda each: each.date):
        yield next(group)


def _before(home: Home, platform: str, date: dt.date) -> Mapping[str, Standing]:
    """Where the shops stood after the last judged day before."""
    last = next((each for each in _best(home) if each.date < date), None)
    rows = judged.read(home, last, "levels", {"platform": [platform]}) if last else []
    return {row["shop_id"]: Standing(**{name: row[name] for name in _COLUMNS}) for row in rows}


def _looked(looked: Looked) -> Row:
    return {
        name: {"holds": each.holds, "findings": evidence.findings(each.findings)}
        for name, each in looked._asdict().items()
        if each is not None
    }


def _use(use: Use) -> Row:
    return {**use._asdict(), "cap": evidence.fraction(use.cap), "used": evidence.fraction(use.used), "over": use.over}
