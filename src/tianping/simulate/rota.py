"""The rota: who is on duty when, and the file of shifts. Somebody is there from 8:00 to 24:00; at night only bots are.

An agent works by day one week and till midnight the next; those of shops with four or more have two days off in seven,
so laid that neither half of a day is left empty. A shop silent at night has its shifts between 9:00 and 19:00.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from tianping.simulate import columns as col
from tianping.simulate.agents import ids
from tianping.simulate.draws import DAY, HOUR, MINUTE, Flags, Ints, Rng, between, chance, stream
from tianping.simulate.troubles import strength
from tianping.simulate.world import World

HOURS: Final = 9  # of a shift
OPENS: Final = 8
SILENT: Final = (9, 19)  # the only hours at which a shop silent at night answers
MOST: Final = 8  # agents of one shop
BLOCK: Final = 200_000  # shifts written at once


def unmanned(world: World, shop: Ints, at: Ints) -> Flags:
    """Whether no person answers at that moment."""
    return np.asarray((at % DAY < OPENS * HOUR) | silent(world, shop, at))


def silent(world: World, shop: Ints, at: Ints) -> Flags:
    """Whether the shop is one that is silent at night, and it is night."""
    hour = at % DAY // HOUR
    return world.faults.acts("silent_at_night", shop, at) & ((hour >= SILENT[1]) | (hour < SILENT[0]))


def morning(world: World, rng: Rng, shop: Ints, at: Ints) -> Ints:
    """For a moment at which nobody is there: when somebody comes upon it, in the first hour of the next opening."""
    next_day = np.where(at % DAY >= SILENT[1] * HOUR, DAY, 0)
    opens = np.where(world.faults.acts("silent_at_night", shop, at), SILENT[0], OPENS) * HOUR
    return np.asarray(at - at % DAY + next_day + opens + between(rng, 0, HOUR, len(at)))


def works(world: World, agent: Ints, day: Ints) -> Flags:
    """Whether an agent works on a day."""
    staff = world.staff
    number = staff.number[agent]
    return (staff.count[staff.shop[agent]] < 4) | ((day + 2 * number) % 7 >= 2)


def begins(world: World, agent: Ints, day: Ints) -> Ints:
    """The moment the shift of an agent on a day begins."""
    late = (world.staff.number[agent] + day // 7) % 2 == 1
    short = world.faults.acts("silent_at_night", world.staff.shop[agent], day * DAY)
    return np.asarray(day * DAY + np.where(late, np.where(short, 10, 15), np.where(short, 9, OPENS)) * HOUR)


def on_duty(world: World, agent: Ints, at: Ints) -> Flags:
    day = at // DAY
    since = begins(world, agent, day)
    return works(world, agent, day) & (at >= since) & (at < since + HOURS * HOUR)


def pick(world: World, rng: Rng, shop: Ints, at: Ints, scheme: Ints) -> Ints:
    """An agent for each moment: on duty and of the scheme if any is, else on duty, else the first that comes next."""
    staff = world.staff
    at = np.where(unmanned(world, shop, at), morning(world, rng, shop, at), at)
    best, found = np.full(len(shop), -1.0), staff.first[shop]
    for number in range(int(staff.count.max(initial=0))):
        there = np.flatnonzero(number < staff.count[shop])
        agent = staff.first[shop[there]] + number
        rank = rng.random(len(there)) + (staff.scheme[agent] == scheme[there]) + 2.0 * on_duty(world, agent, at[there])
        better = rank > best[there]
        best[there[better]], found[there[better]] = rank[better], agent[better]
    return found


def shifts(world: World) -> Iterator[col.Columns]:
    """The file `agent_shifts`, in blocks of days."""
    days = max(1, BLOCK // len(world.staff.shop))
    for first in range(0, world.market.days, days):
        yield _shifts(world, np.arange(first, min(first + days, world.market.days), dtype=np.int64))


def _shifts(world: World, days: Ints) -> col.Columns:
    market, staff = world.market, world.staff
    rng = stream(market.seed, "shifts", int(days[0]))
    agent = np.tile(np.arange(len(staff.shop), dtype=np.int64), len(days))
    day = np.repeat(days, len(staff.shop))
    here = works(world, agent, day) & world.shops.open_at(staff.shop[agent], begins(world, agent, day))
    agent, day = agent[here], day[here]
    n, since = len(agent), begins(world, agent, day)
    suspended, longest = _suspended(world, rng, agent, since)
    return {
        "shift_id": col.ids("D", market.stamps()[day] * 10_000_000 + agent),
        "shop_id": col.names(world.shops.id, staff.shop[agent]),
        "agent_id": ids(staff, agent),
        "online_at": col.times(market, np.maximum(since - between(rng, 0, 10 * MINUTE, n), 0)),
        "offline_at": col.times(
            market, np.minimum(since + HOURS * HOUR + between(rng, 0, 10 * MINUTE, n), (day + 1) * DAY - 1)
        ),
        "suspended_s": col.numbers(suspended),
        "longest_suspension_s": col.numbers(longest),
    }


def _suspended(world: World, rng: Rng, agent: Ints, since: Ints) -> tuple[Ints, Ints]:
    """Seconds suspended in a shift, in all and at a stretch: mostly some minutes, for hours where an agent hides."""
    n = len(agent)
    usual = np.where(chance(rng, 0.7, n), between(rng, MINUTE, 25 * MINUTE, n), 0)
    away = between(rng, int(strength("agent_away", "from_s")), int(strength("agent_away", "to_s")), n)
    suspended = np.where(world.faults.acts("agent_away", agent, since), away, usual)
    return suspended, suspended * between(rng, 4, 10, n) // 10
