"""A draft of a pack over a stretch of the past, beside the pack in force: who would have stood otherwise.

Both judge every closed day in memory, on the closes there are, each with a history of its own in which everything it finds is
confirmed as proposed. Only what the draft may change is judged (`replay_scope`). Nothing in the home is written.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import NamedTuple

from tianping.assess.level import Standing
from tianping.errors import NotFound
from tianping.facts.asof import as_of
from tianping.policy.judging import Judging
from tianping.policy.model import Pack
from tianping.store import judgements
from tianping.store.closes import Close
from tianping.work.closing.benchmark import yardsticks
from tianping.work.closing.closed import up_to
from tianping.work.docket import charging
from tianping.work.docket.history import Past
from tianping.work.home import Home, facts
from tianping.work.judgement import judged
from tianping.work.judgement.openings import openings
from tianping.work.replay.grounds import Laid, benches
from tianping.work.replay.scope import Scope, scope
from tianping.work.replay.side import Charged, Day, Memory, Side


@dataclass(frozen=True, slots=True)
class Asked:
    """Which stretch, and which packs stand beside which: by platform, those in force and the drafts."""

    first: dt.date
    last: dt.date
    in_force: Mapping[str, Pack]
    drafts: Mapping[str, Pack]


@dataclass
class Replayed:
    """What came of one platform. `days`: those closed; `last`: what both say of the last one; all charges of both sides."""

    packs: tuple[Pack, Pack]
    scope: Scope
    days: list[dt.date] = field(default_factory=list)
    last: tuple[Day, Day] | None = None
    charged: tuple[list[Charged], list[Charged]] = field(default_factory=lambda: ([], []))
    removals: tuple[set[str], set[str]] = field(default_factory=lambda: (set(), set()))


Scoping = Callable[[Pack, Pack, dt.date, dt.date], Scope]


def replay(home: Home, asked: Asked, *, scoping: Scoping = scope) -> list[Replayed]:
    """Both packs over the stretch, platform by platform. Raises NotFound where no day of it is closed."""
    done = _closes(home, asked.first, asked.last)
    with ExitStack() as stack:
        turns = [_turn(home, stack, asked, name, scoping) for name in sorted(asked.drafts)]
        final = {name: close.date for close in done for name in close.packs}
        for close in done:
            _day(home, close, [each for each in turns if each.platform in close.packs], final)
        return [each.result for each in turns]


def _closes(home: Home, first: dt.date, last: dt.date) -> list[Close]:
    """The best informed close of each day, oldest first."""
    found = [each for each in up_to(home, last, (last - first).days + 1) if each.date >= first]
    if not found:
        raise NotFound(
            f"no day from {first} to {last} is closed in {home.path}; run tianping close --from {first} --date {last}"
        )
    return found[::-1]


class _Turn(NamedTuple):
    """One platform being replayed."""

    platform: str
    packs: tuple[Pack, Pack]
    sides: tuple[Side, Side]
    result: Replayed


def _turn(home: Home, stack: ExitStack, asked: Asked, platform: str, scoping: Scoping) -> _Turn:
    draft = asked.drafts[platform]
    present = asked.in_force.get(platform)
    if present is None:
        raise NotFound(f'no pack of "{platform}" is in force; there is nothing to hold the draft against')
    packs = (present, draft)
    found = scoping(present, draft, asked.first, asked.last)
    connection = stack.enter_context(home.database.connect())
    past = _past(home, platform)
    standings = _standings(home, platform, asked.first) if found.levels else {}
    sides = tuple(Side(Memory(connection, asked.first, past), dict(standings)) for _ in packs)
    return _Turn(platform, packs, (sides[0], sides[1]), Replayed(packs, found))


def _day(home: Home, done: Close, turns: Sequence[_Turn], final: Mapping[str, dt.date]) -> None:
    """Scores and rights are told of the last day only (`final`, by platform); where nothing is judged nothing is read."""
    busy = []
    for each in turns:
        each.result.days.append(done.date)
        last = final[each.platform] == done.date
        one, other = (each.result.scope.narrowed(pack, done.date, last=last) for pack in each.packs)
        if any(_judges(pack.judging) for pack in (one, other)):
            busy.append((each, (one, other)))
    if not busy:
        return
    con, _ = facts(home, known_at=done.seq)
    with con:
        as_of(con, done.date)
        laid = Laid(home, con, done, yardsticks(home, done))
        for turn, packs in busy:
            _judge(laid, turn, packs)


def _judges(judging: Judging) -> bool:
    return bool(judging.scores or judging.rights or judging.violations or judging.levels)


def _judge(laid: Laid, turn: _Turn, packs: tuple[Pack, Pack]) -> None:
    result, found = turn.result, turn.result.scope
    both = benches(laid, packs, turn.packs, found.metrics)
    opened = openings(laid.con, turn.platform) if found.levels else {}
    one, other = turn.sides
    first = one.day(both[0], opened)
    same = {key: each for key, each in first.scored.items() if key[0] not in found.scores}
    second = other.day(both[1], opened, known=same)
    for day, charged, removed in zip((first, second), result.charged, result.removals, strict=True):
        charged.extend(day.charged)
        removed.update(shop for shop, (_, happened) in day.levels.items() if happened == "removal")
    result.last = (first, second)


def _past(home: Home, platform: str) -> Mapping[str, Sequence[Past]]:
    """The measures from before this system of the platform's shops, by shop."""
    con, _ = facts(home)
    with con:
        office = charging.office(home, {}, con)
        shops = con.execute("select shop_id from facts.shops where platform = ?", [platform]).fetchall()
        return {shop: found for (shop,) in shops if (found := office.past(shop))}


def _standings(home: Home, platform: str, first: dt.date) -> Mapping[str, Standing]:
    """Where the shops stood after the last day judged before the stretch."""
    done = next((each for each in judgements.every(home.database) if each.date < first and platform in each.packs), None)
    rows = judged.read(home, done, "levels", {"platform": [platform]}) if done else []
    return {row["shop_id"]: Standing(**{name: row[name] for name in Standing.__slots__}) for row in rows}
