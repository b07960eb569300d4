"""What judgement would have people look at: warnings of those near a line, and worklists. Within reach, page by page."""

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from tianping.errors import NotFound
from tianping.policy.judging import Trigger, ViolationVersion
from tianping.policy.model import Pack
from tianping.policy.words import Words
from tianping.store import docket
from tianping.store.docket import Last, Subject
from tianping.store.judgements import Judgement
from tianping.work.closing.closed import having, shelf
from tianping.work.figures.boards import Look
from tianping.work.home import Home
from tianping.work.judgement import judged
from tianping.work.people.reach import Reach

Row = dict[str, Any]
Json = Mapping[str, Any]


def done_of(home: Home, date: dt.date) -> Judgement | None:
    """The best informed judgement of a day; None where it was not judged, or its files are gone."""
    try:
        found = judged.find(home, date)
    except NotFound:
        return None
    return found if (home.path / found.folder).is_dir() else None


class Warned(NamedTuple):
    """A subject near a line. `near`: the share of the line, from 1 on it is reached; `more`: so many more failing rows reach it
    (0: reached; None: the figure counts no rows); `due`: the day it is looked at; `clear`: the first T at which, if nothing
    more comes, it is not reached any more, or not near; None where that is not known. `reading` is JSON of assess.evidence."""

    platform: str
    name: str
    label: Words
    trigger: str
    says: Words | None
    records: bool
    kind: str
    subject: str
    shop: str
    near: float
    more: int | None
    due: dt.date
    clear: dt.date | None
    reading: Json


class Warnings(NamedTuple):
    """Some of the warnings of a judgement, and how many there are."""

    listed: Sequence[Warned]
    total: int


_FIRST = "near >= 1 desc, near desc, platform, name, subject_id, trigger"
"""What has reached its line, then what is nearest."""


def warnings(
    look: Look, reach: Reach, *, platform: str = "", name: str = "", shop: str = "", skip: int = 0, limit: int = 50
) -> Warnings:
    """The warnings of the judgement of `look`'s day, within reach, the most pressing first; none where it was not judged."""
    done = done_of(look.home, look.done.date)
    given = {"platform": [platform] if platform else [], "name": [name] if name else []}
    rows, count = _page(look.home, done, "warnings", _within(given, reach, shop), _FIRST, skip, limit) if done else ([], 0)
    return Warnings([_warned(look.packs, row) for row in rows], count)


def warned_names(look: Look, reach: Reach) -> list[tuple[str, str]]:
    """(platform, violation) of the warnings there are."""
    return _names(look, reach, "warnings")


def _warned(packs: Mapping[str, Pack], row: Row) -> Warned:
    said = json.loads(row["evidence"])
    label, trigger = _told(packs, row)
    return Warned(
        row["platform"], row["name"], label, row["trigger"], trigger.words if trigger else None,
        bool(trigger and trigger.records), row["subject_kind"], row["subject_id"], row["shop_id"], row["near"], row["more"],
        dt.date.fromisoformat(said["due"]), row.get("clear"), said,
    )  # fmt: skip


def found_before(home: Home, warned: Sequence[Warned], date: dt.date) -> Mapping[Subject, Last]:
    """What closes up to T have found of those at their line."""
    shops = sorted({each.shop for each in warned if each.near >= 1 and not each.records})
    if not shops:
        return {}
    with home.database.connect() as connection:
        return docket.latest(connection, shops, date)


def _told(packs: Mapping[str, Pack], row: Row) -> tuple[Words, Trigger | None]:
    """What a row of a violation is called, and the trigger that speaks, as far as the packs have them."""
    pack = packs.get(row["platform"])
    ruled = pack.judging.violations.get(row["name"]) if pack else None
    version = next((each for each in ruled.versions if each.since.isoformat() == row["version"]), None) if ruled else None
    trigger = next((each for each in version.triggers if each.name == row["trigger"]), None) if version else None
    return ruled.label if ruled else itself(row["name"]), trigger


class Listed(NamedTuple):
    """A subject on a worklist. `reading` is JSON of assess.evidence."""

    platform: str
    name: str
    kind: str
    subject: str
    shop: str
    rank: int
    reading: Json


class Worklist(NamedTuple):
    """A worklist of a day: what it is of, and its subjects, the first first."""

    platform: str
    name: str
    label: Words
    says: Words | None
    by_hand: bool
    total: int
    listed: Sequence[Listed]


def worklists(look: Look, reach: Reach, *, limit: int = 50) -> list[Worklist]:
    """The worklists of the judgement of `look`'s day, the first `limit` subjects of each within reach."""
    return [found for platform, name in _lists(look) if (found := worklist(look, reach, platform, name, limit=limit))]


def worklist(look: Look, reach: Reach, platform: str, name: str, *, skip: int = 0, limit: int = 50) -> Worklist | None:
    """One of them, with some of its subjects; None where the packs have none of that name."""
    rule = _lists(look).get((platform, name))
    if rule is None:
        return None
    label, version, trigger = rule
    done = done_of(look.home, look.done.date)
    given = _within({"platform": [platform], "name": [name]}, reach)
    rows, count = _page(look.home, done, "worklists", given, "rank", skip, limit) if done else ([], 0)
    listed = [
        Listed(platform, name, row["subject_kind"], row["subject_id"], row["shop_id"], row["rank"], json.loads(row["reading"]))
        for row in rows
    ]
    return Worklist(platform, name, label, trigger.words, version.by_hand, count, listed)


def _lists(look: Look) -> dict[tuple[str, str], tuple[Words, ViolationVersion, Trigger]]:
    """The worklists that the packs have on that day."""
    return {
        (pack.platform, name): (ruled.label, version, trigger)
        for pack in look.packs.values()
        if pack.platform in look.done.packs
        for name, ruled in pack.judging.violations.items()
        if (version := ruled.at(look.done.date))
        for trigger in version.triggers
        if trigger.worklist
    }


def itself(name: str) -> Words:
    """A name that the packs know no more."""
    return Words(zh=name, en=name)


def _within(given: Mapping[str, Sequence[object]], reach: Reach, shop: str = "") -> dict[str, Sequence[object]]:
    """With the shops within reach; of one shop, that one. Nobody's rows where it is out of reach."""
    shops = reach.narrow([shop]) if shop else sorted(reach.shops or ())
    return {**given, "shop_id": shops or ([""] if shop or not reach.everything else [])}


def _page(
    home: Home, done: Judgement, table: str, given: Mapping[str, Sequence[object]], order: str, skip: int, limit: int
) -> tuple[list[Row], int]:
    """Some rows of a table of a judgement in an order ("": as they stand), and how many there are."""
    where, values = having(given)
    path = str(home.path / done.folder / f"{table}.parquet")
    query = f"from read_parquet(?) where {where}"
    found = shelf().execute(
        f"select * {query} {f'order by {order}' if order else ''} limit ? offset ?", [path, *values, limit, skip]
    )
    columns = [column[0] for column in found.description]
    rows = [dict(zip(columns, row, strict=True)) for row in found.fetchall()]
    count = shelf().execute(f"select count(*) {query}", [path, *values]).fetchall()[0][0]
    return rows, int(count)


def _names(look: Look, reach: Reach, table: str) -> list[tuple[str, str]]:
    done = done_of(look.home, look.done.date)
    if done is None:
        return []
    where, values = having(_within({}, reach))
    path = str(look.home.path / done.folder / f"{table}.parquet")
    rows = shelf().execute(f"select distinct platform, name from read_parquet(?) where {where} order by all", [path, *values])
    return [(str(platform), str(name)) for platform, name in rows.fetchall()]


def rows_of(
    home: Home,
    done: Judgement,
    table: str,
    reach: Reach,
    given: Mapping[str, Sequence[object]],
    *,
    shop: str = "",
    skip: int,
    limit: int,
) -> Iterator[Row]:
    """Rows of a table as they stand in the file, in its order, within reach (of one shop, where named): for programs."""
    yield from _page(home, done, table, _within(given, reach, shop), "", skip, limit)[0]
