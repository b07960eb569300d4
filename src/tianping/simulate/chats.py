"""Chats: sessions of buyers with bots and people, message by message, and what the buyers think of them."""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from tianping.simulate import columns as col
from tianping.simulate import words
from tianping.simulate.draws import DAY, HOUR, NEVER, Flags, Ints, Rng, between, by_row, chance, delay, weighted
from tianping.simulate.faults import BY_NAME
from tianping.simulate.orders import Orders
from tianping.simulate.world import World

PER_ORDER: Final = 0.40  # sessions
SENDERS: Final = ("buyer", "agent", "bot", "system")
SCORES: Final = ("good", "neutral", "bad", "5", "3", "1")
BAD_REASONS: Final = ("slow_reply", "attitude", "unsolved")
_PLEASED: Final = np.array([(89, 6, 5), (55, 20, 25)], dtype=np.float64)  # good, neutral, bad, by whether the buyer waited
_TEXTS: Final = (*words.QUESTIONS, *words.ANSWERS, *words.BOT_ANSWERS, words.GREETING)
_FIRST_TEXT: Final = np.cumsum([0, len(words.QUESTIONS), len(words.ANSWERS), len(words.BOT_ANSWERS)])
_TEXT_COUNT: Final = np.array([len(words.QUESTIONS), len(words.ANSWERS), len(words.BOT_ANSWERS), 1])


@dataclass(frozen=True, slots=True)
class Sessions:
    """One entry per session. `number` is that of its order, `part` tells sessions of one order apart."""

    number: Ints
    part: Ints
    shop: Ints
    buyer: Ints
    agent: Ints
    opened: Ints
    turns: Ints


class Turns(NamedTuple):
    """One entry per turn: `said` buyer messages, `gap` seconds apart, begun at `at`, answered (or not: NEVER) at `answered`."""

    session: Ints
    at: Ints
    said: Ints
    gap: Ints
    answered: Ints
    by_bot: Flags


def tables(world: World, orders: Orders, rng: Rng) -> dict[str, col.Columns]:
    """The files `chat_sessions`, `messages` and `chat_ratings` of one chunk."""
    sessions = _sessions(world, orders, rng)
    turns = _turns(world, sessions, rng)
    human, closed, waited = _summary(sessions, turns)
    return {
        "chat_sessions": _session_table(world, sessions, human, closed),
        "messages": _message_table(world, sessions, turns, human, rng),
        "chat_ratings": _rating_table(world, sessions, human, closed, waited, rng),
    }


def _sessions(world: World, orders: Orders, rng: Rng) -> Sessions:
    """Some orders are talked about, before or after; buyers of shops that do not answer ask more."""
    asks = PER_ORDER * world.shops.chats[orders.shop]
    for kind in ("silent_at_night", "slow_answers"):
        asks = asks * np.where(world.faults.acts(kind, orders.shop, orders.created), BY_NAME[kind].strength["asked_times"], 1.0)
    order = np.flatnonzero(chance(rng, asks, len(orders)))
    order = np.sort(np.concatenate([order, order[chance(rng, 0.08, len(order))]]))
    before = orders.created[order] - between(rng, 60, 2 * HOUR, len(order))
    after = orders.created[order] + between(rng, 0, 8, len(order)) * DAY + between(rng, -2 * HOUR, 2 * HOUR, len(order))
    opened = np.where(chance(rng, 0.55, len(order)), before, after)
    here = (opened >= 0) & (opened < world.market.end) & world.shops.open_at(orders.shop[order], opened)
    order, opened = order[here], opened[here]
    part = 1 + (np.arange(len(order)) - np.searchsorted(order, order))
    shop = orders.shop[order]
    agent = (rng.random(len(order)) * world.shops.agents[shop]).astype(np.int64)
    turns = 1 + weighted(rng, (0.40, 0.28, 0.17, 0.10, 0.05), len(order))
    return Sessions(orders.number[order], part.astype(np.int64), shop, orders.buyer[order], agent, opened, turns)


def _turns(world: World, sessions: Sessions, rng: Rng) -> Turns:
    session = np.repeat(np.arange(len(sessions.shop), dtype=np.int64), sessions.turns)
    n, first = len(session), np.cumsum(sessions.turns) - sessions.turns
    opened = sessions.opened[session]
    said, gap = 1 + weighted(rng, (0.62, 0.26, 0.12), n), between(rng, 3, 15, n)
    wait, by_bot, answers = _waits(world, sessions.shop[session], opened, rng)
    wait = wait + (said - 1) * gap
    step = np.where(answers, wait, 5 * 60) + delay(rng, "think", n)
    passed = np.cumsum(step) - step
    at = opened + passed - passed[first[session]] if n else opened
    answered = np.where(answers, at + wait, NEVER)
    silent = _silent(world, sessions.shop[session], at)
    morning = at - at % DAY + np.where(at % DAY >= 19 * HOUR, DAY, 0) + 9 * HOUR + between(rng, 0, HOUR, n)
    answered = np.where(silent & answers, np.maximum(morning, at + wait), answered)
    return Turns(session, at, said, gap, answered, by_bot & ~silent)


def _waits(world: World, shop: Ints, at: Ints, rng: Rng) -> tuple[Ints, Flags, Flags]:
    """(seconds to the answer, by the bot, whether one comes at all): at night people sleep and bots do not."""
    n, shops, faults = len(shop), world.shops, world.faults
    slow = faults.acts("slow_answers", shop, at)
    night = (at % DAY < 8 * HOUR) | (at % DAY >= 23 * HOUR + 1800)
    by_bot = chance(rng, np.minimum(shops.bot[shop] + 0.5 * night, 0.97), n) & ~slow
    scale = shops.reply[shop] * np.where(slow, BY_NAME["slow_answers"].strength["times"], 1.0) * np.where(night, 4.0, 1.0)
    wait = np.where(by_bot, between(rng, 1, 5, n), delay(rng, "reply", n, scale))
    return wait, by_bot, chance(rng, np.where(by_bot, 0.999, 0.98), n)


def _silent(world: World, shop: Ints, at: Ints) -> Flags:
    hour = at % DAY // HOUR
    return world.faults.acts("silent_at_night", shop, at) & ((hour >= 19) | (hour < 9))


def _summary(sessions: Sessions, turns: Turns) -> tuple[Ints, Ints, Flags]:
    """Per session: when a person took it (NEVER: none did), when it closed, whether the buyer waited over three minutes."""
    n = len(sessions.shop)
    human = np.full(n, NEVER, dtype=np.int64)
    np.minimum.at(human, turns.session, np.where(turns.by_bot, NEVER, turns.answered))
    closed = np.zeros(n, dtype=np.int64)
    np.maximum.at(closed, turns.session, np.where(turns.answered < NEVER, turns.answered, turns.at))
    waited = np.zeros(n, dtype=np.bool_)
    waited[turns.session[turns.answered - turns.at > 180]] = True
    return human, closed + 300, waited


def _session_table(world: World, sessions: Sessions, human: Ints, closed: Ints) -> col.Columns:
    market = world.market
    assigned = np.maximum(sessions.opened, human - 20)
    return {
        **_who(world, sessions, np.arange(len(human)), human < market.end),
        "opened_at": col.times(market, sessions.opened),
        "assigned_at": col.times(market, assigned),
        "closed_at": col.times(market, closed),
        "human": col.flags(human < market.end),
    }


def _message_table(world: World, sessions: Sessions, turns: Turns, human: Ints, rng: Rng) -> col.Columns:
    """Buyers' messages, answers, and the system's greeting when a person takes over; by session, then sender."""
    turn = np.repeat(np.arange(len(turns.session)), turns.said)
    within = np.arange(len(turn)) - (np.cumsum(turns.said) - turns.said)[turn]
    said = turns.at[turn] + within * turns.gap[turn]
    greeted = np.flatnonzero(human < NEVER)
    session = np.concatenate([turns.session[turn], turns.session, greeted])
    at = np.concatenate([said, turns.answered, np.maximum(sessions.opened, human - 20)[greeted]])
    sender = np.concatenate([0 * turn, np.where(turns.by_bot, 2, 1), np.full(len(greeted), 3)])
    here = np.flatnonzero(at < world.market.end)
    here = here[np.lexsort((at[here], session[here]))]
    session, at, sender = session[here], at[here], sender[here]
    place = np.arange(len(session)) - np.searchsorted(session, session) + 1
    text = _FIRST_TEXT[sender] + (rng.random(len(sender)) * _TEXT_COUNT[sender]).astype(np.int64)
    who = _who(world, sessions, session, sender == 1)
    return {
        "message_id": col.ids("M", sessions.number[session] * 10 + sessions.part[session], place),
        **who,
        "sent_at": col.times(world.market, at),
        "sender": col.names(SENDERS, sender),
        "text": col.names(_TEXTS, text),
    }


def _rating_table(world: World, sessions: Sessions, human: Ints, closed: Ints, waited: Flags, rng: Rng) -> col.Columns:
    """One of three rates; Kuaishou and Douyin in words, the others in stars; a bad one has a reason."""
    rated = closed + delay(rng, "rate_chat", len(closed))
    which = np.flatnonzero(chance(rng, 0.33, len(closed)) & (rated < world.market.end))
    mood = by_row(rng, _PLEASED, waited[which].astype(np.int64))
    stars = world.shops.platform[sessions.shop[which]] >= 2
    reason = np.where(waited[which] & chance(rng, 0.6, len(which)), 0, weighted(rng, (0.2, 0.3, 0.5), len(which)))
    return {
        "rating_id": col.ids("G", sessions.number[which], sessions.part[which]),
        **_who(world, sessions, which, human[which] < world.market.end),
        "rated_at": col.times(world.market, rated[which]),
        "score": col.names(SCORES, mood + 3 * stars),
        "reason": col.names(BAD_REASONS, reason, mood == 2),
    }


def _who(world: World, sessions: Sessions, session: Ints, served: Flags) -> col.Columns:
    """Shop, buyer, session, and the agent where a person served."""
    return {
        "shop_id": col.names(world.shops.id, sessions.shop[session]),
        "buyer_id": col.ids("U", sessions.buyer[session]),
        "session_id": col.ids("Q", sessions.number[session], sessions.part[session]),
        "agent_id": col.agents(sessions.shop[session], sessions.agent[session], served),
    }
