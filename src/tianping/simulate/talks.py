"""Talks of buyers with bots and people: who asks when, who answers after how long, turn by turn."""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from tianping.simulate import festival, rota
from tianping.simulate.draws import DAY, HOUR, NEVER, Flags, Floats, Ints, Rng, between, chance, weighted
from tianping.simulate.families import delay
from tianping.simulate.orders import Orders
from tianping.simulate.troubles import strength
from tianping.simulate.world import World

PER_ORDER: Final = 0.40  # sessions
BEFORE: Final = 0.55  # share of them before the order
STRANGERS: Final = 0.35  # share of those in which the buyer asks and does not buy
FIRST_STRANGER: Final = 50_000_000  # buyer numbers of those who never bought
BOT_GOES_ON: Final = 0.5  # chance that a bot that has answered answers the next turn too
BOT_AT_NIGHT: Final = 0.5  # more chance of a bot's answer than by day
TURNS: Final = (0.40, 0.28, 0.17, 0.10, 0.05)  # of a session: 1 … 5


@dataclass(frozen=True, slots=True)
class Sessions:
    """One entry per session. `order`: place in the chunk of the order it is about; `part` tells sessions of one order apart;
    `own`: whether the buyer is the order's; `agent`: who takes it if a person does."""

    order: Ints
    part: Ints
    shop: Ints
    buyer: Ints
    own: Flags
    agent: Ints
    opened: Ints
    turns: Ints


class Turns(NamedTuple):
    """One entry per turn, by session: `said` buyer messages, `gap` seconds apart, begun at `at`, answered (or not: NEVER) at
    `answered`; `gone`: nobody was there when it began."""

    session: Ints
    at: Ints
    said: Ints
    gap: Ints
    answered: Ints
    by_bot: Flags
    gone: Flags


@dataclass(frozen=True, slots=True)
class Talks:
    """The sessions of a chunk, their turns, and per session: when a person was given it and first answered (NEVER: no one),
    when it closed, whether the buyer waited over three minutes."""

    sessions: Sessions
    turns: Turns
    assigned: Ints
    served: Ints
    closed: Ints
    waited: Flags


def make(world: World, orders: Orders, rng: Rng) -> Talks:
    sessions = _sessions(world, orders, rng)
    turns = _turns(world, sessions, rng)
    first = np.cumsum(sessions.turns) - sessions.turns
    late = turns.answered - turns.at > 180
    return Talks(
        sessions,
        turns,
        assigned=np.minimum.reduceat(_handed(turns, rng), first),
        served=np.minimum.reduceat(np.where(turns.by_bot, NEVER, turns.answered), first),
        closed=np.maximum.reduceat(np.where(turns.answered < NEVER, turns.answered, turns.at), first) + 300,
        waited=np.logical_or.reduceat(late, first),
    )


def served_before(orders: Orders, talks: Talks) -> Ints:
    """Per order the agent who last served its buyer before it was made, -1 where nobody did."""
    sessions = talks.sessions
    before = np.flatnonzero(sessions.own & (talks.served < orders.created[sessions.order]))
    before = before[np.argsort(sessions.opened[before], kind="stable")]
    agent = np.full(len(orders), -1, dtype=np.int64)
    agent[sessions.order[before]] = sessions.agent[before]
    return agent


def _sessions(world: World, orders: Orders, rng: Rng) -> Sessions:
    """Some orders are talked about, before or after; some ask before and do not buy."""
    order = np.flatnonzero(chance(rng, _asks(world, orders), len(orders)))
    order = np.sort(np.concatenate([order, order[chance(rng, 0.08, len(order))]]))
    before = chance(rng, BEFORE, len(order))
    opened = orders.created[order] + np.where(before, -between(rng, 60, 2 * HOUR, len(order)), _afterwards(rng, len(order)))
    here = (opened >= 0) & (opened < world.market.end) & world.shops.open_at(orders.shop[order], opened)
    order, before, opened = order[here], before[here], opened[here]
    n, shop = len(order), orders.shop[order]
    agent = rota.pick(world, rng, shop, opened, np.where(before, 0, 1))
    lost = np.where(world.faults.acts("rude_agent", agent, opened), strength("rude_agent", "lost"), STRANGERS)
    stranger = before & chance(rng, lost, n)
    return Sessions(
        order=order,
        part=1 + np.arange(n, dtype=np.int64) - np.searchsorted(order, order),
        shop=shop,
        buyer=np.where(stranger, FIRST_STRANGER + between(rng, 0, 5_000_000, n), orders.buyer[order]),
        own=~stranger,
        agent=agent,
        opened=opened,
        turns=1 + weighted(rng, TURNS, n),
    )


def _asks(world: World, orders: Orders) -> Floats:
    """Chance of a session about each order; buyers of shops that do not answer ask more."""
    asks = PER_ORDER * world.shops.chats[orders.shop]
    for kind in ("silent_at_night", "slow_answers"):
        asks = asks * np.where(world.faults.acts(kind, orders.shop, orders.created), strength(kind, "asked_times"), 1.0)
    return asks


def _afterwards(rng: Rng, n: int) -> Ints:
    """Seconds from the order to a session about it."""
    return between(rng, 0, 8, n) * DAY + between(rng, -2 * HOUR, 2 * HOUR, n)


def _turns(world: World, sessions: Sessions, rng: Rng) -> Turns:
    session = np.repeat(np.arange(len(sessions.shop), dtype=np.int64), sessions.turns)
    n, first = len(session), np.cumsum(sessions.turns) - sessions.turns
    shop, agent, opened = sessions.shop[session], sessions.agent[session], sessions.opened[session]
    said, gap = 1 + weighted(rng, (0.62, 0.26, 0.12), n), between(rng, 3, 15, n)
    by_bot = _by_bot(world, sessions, session, first, rng)
    person = _at_the_line(world, shop, opened, _person(world, agent, opened, rng) + (said - 1) * gap, rng)
    wait = np.where(by_bot, between(rng, 1, 5, n) + (said - 1) * gap, person)
    answers = chance(rng, np.where(by_bot, 0.999, 0.98), n)
    step = np.where(answers, wait, 5 * 60) + delay(rng, "think", n)
    passed = np.cumsum(step) - step
    at = opened + passed - passed[first][session]
    by_bot &= ~rota.silent(world, shop, at)
    gone = rota.unmanned(world, shop, at) & ~by_bot
    answered = np.where(gone, np.maximum(rota.morning(world, rng, shop, at), at + wait), at + wait)
    return Turns(session, at, said, gap, np.where(answers, answered, NEVER), by_bot, gone)


def _by_bot(world: World, sessions: Sessions, session: Ints, first: Ints, rng: Rng) -> Flags:
    """Bots come first: once a turn is not theirs, a person has the session."""
    n = len(session)
    place = np.arange(n, dtype=np.int64)
    night = rota.unmanned(world, sessions.shop, sessions.opened)
    begins = np.minimum(world.shops.bot[sessions.shop] + BOT_AT_NIGHT * night, 0.97)
    begins[world.faults.acts("slow_answers", sessions.shop, sessions.opened)] = 0
    stays = chance(rng, np.where(place == first[session], begins[session], BOT_GOES_ON), n)
    handed = np.maximum.accumulate(np.where(stays, -1, place)) if n else place
    return np.asarray(handed < first[session])


def _person(world: World, agent: Ints, at: Ints, rng: Rng) -> Ints:
    """Seconds a person takes to answer."""
    faults, shop = world.faults, world.staff.shop[agent]
    scale = world.shops.reply[shop] * world.staff.reply[agent] * festival.times(world.market.festival, "reply_times", at)
    scale = scale * np.where(faults.acts("slow_answers", shop, at), strength("slow_answers", "times"), 1.0)
    scale = scale * np.where(faults.acts("agent_away", agent, at), strength("agent_away", "times"), 1.0)
    return delay(rng, "reply", len(agent), scale)


def _at_the_line(world: World, shop: Ints, at: Ints, wait: Ints, rng: Rng) -> Ints:
    """The seconds to a person's answer, put off to just below three minutes by the shop that answers at the line."""
    low, high = (int(strength("answers_at_line", part)) for part in ("from_s", "to_s"))
    late = world.faults.acts("answers_at_line", shop, at) & chance(rng, strength("answers_at_line"), len(at))
    return np.where(late, between(rng, low, high + 1, len(at)), wait)


def _handed(turns: Turns, rng: Rng) -> Ints:
    """Per turn when a person was given it: at once where somebody is there, else when somebody comes; NEVER for a bot's."""
    n = len(turns.at)
    given = np.where(turns.gone, turns.answered - between(rng, 5, 90, n), turns.at + between(rng, 1, 6, n))
    given = np.minimum(np.maximum(given, turns.at), turns.answered)
    return np.where(turns.by_bot | (turns.gone & (turns.answered >= NEVER)), NEVER, given)
