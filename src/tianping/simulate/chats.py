"""The files of the chats: `chat_sessions`, `messages`, `chat_ratings`."""

from typing import Final

import numpy as np

from tianping.simulate import agents, words
from tianping.simulate import columns as col
from tianping.simulate.draws import NEVER, Flags, Ints, Rng, by_row, chance, weighted
from tianping.simulate.families import delay
from tianping.simulate.orders import Orders
from tianping.simulate.talks import Talks
from tianping.simulate.troubles import strength
from tianping.simulate.world import World

SENDERS: Final = ("buyer", "agent", "bot", "system")
STARS: Final = ("1", "2", "3", "4", "5")
SAID: Final = ("bad", "bad", "neutral", "good", "good")  # Kuaishou's words for the stars
BAD_REASONS: Final = ("slow_reply", "attitude", "unsolved")
RATED: Final = 0.33  # share of sessions
_MOOD: Final = np.array([(3, 2, 6, 24, 65), (14, 11, 20, 25, 30), (55, 25, 10, 6, 4)], dtype=np.float64)
"""Weights of 1–5 stars: content; waited over three minutes; met with rudeness."""
_TEXTS: Final = (*words.QUESTIONS, *words.ANSWERS, *words.BOT_ANSWERS, words.GREETING)
_FIRST_TEXT: Final = np.cumsum([0, len(words.QUESTIONS), len(words.ANSWERS), len(words.BOT_ANSWERS)])
_TEXT_COUNT: Final = np.array([len(words.QUESTIONS), len(words.ANSWERS), len(words.BOT_ANSWERS), 1])


def tables(world: World, orders: Orders, talks: Talks, rng: Rng) -> dict[str, col.Columns]:
    """The three files of one chunk."""
    return {
        "chat_sessions": _session_table(world, orders, talks),
        "messages": _message_table(world, orders, talks, rng),
        "chat_ratings": _rating_table(world, orders, talks, rng),
    }


def _session_table(world: World, orders: Orders, talks: Talks) -> col.Columns:
    market, human = world.market, talks.assigned < world.market.end
    return {
        **_who(world, orders, talks, np.arange(len(human)), human),
        "opened_at": col.times(market, talks.sessions.opened),
        "assigned_at": col.times(market, talks.assigned),
        "closed_at": col.times(market, talks.closed),
        "human": col.flags(human),
    }


def _message_table(world: World, orders: Orders, talks: Talks, rng: Rng) -> col.Columns:
    """Buyers' messages, answers, and the system's greeting when a person takes over; by session, then time. What is said
    once a person has the session carries the agent, but for the bot's words."""
    session, at, sender = _messages(world, talks)
    number = orders.number[talks.sessions.order[session]] * 10 + talks.sessions.part[session]
    place = np.arange(len(session)) - np.searchsorted(session, session) + 1
    text = _FIRST_TEXT[sender] + (rng.random(len(sender)) * _TEXT_COUNT[sender]).astype(np.int64)
    return {
        "message_id": col.ids("M", number, place),
        **_who(world, orders, talks, session, (at >= talks.assigned[session]) & (sender != 2)),
        "sent_at": col.times(world.market, at),
        "sender": col.names(SENDERS, sender),
        "text": col.names(_TEXTS, text),
    }


def _messages(world: World, talks: Talks) -> tuple[Ints, Ints, Ints]:
    """(session, when, place in SENDERS) of every message before the market's end."""
    turns = talks.turns
    turn = np.repeat(np.arange(len(turns.session)), turns.said)
    within = np.arange(len(turn)) - (np.cumsum(turns.said) - turns.said)[turn]
    greeted = np.flatnonzero(talks.assigned < NEVER)
    session = np.concatenate([turns.session[turn], turns.session, greeted])
    at = np.concatenate([turns.at[turn] + within * turns.gap[turn], turns.answered, talks.assigned[greeted]])
    sender = np.concatenate([0 * turn, np.where(turns.by_bot, 2, 1), np.full(len(greeted), 3)])
    here = np.flatnonzero(at < world.market.end)
    here = here[np.lexsort((at[here], session[here]))]
    return session[here], at[here], sender[here]


def _rating_table(world: World, orders: Orders, talks: Talks, rng: Rng) -> col.Columns:
    """One of three rates; Kuaishou in words, the others in stars; a bad one has a reason."""
    sessions = talks.sessions
    rated = talks.closed + delay(rng, "rate_chat", len(talks.closed))
    which = np.flatnonzero(chance(rng, RATED, len(rated)) & (rated < world.market.end))
    human, waited, n = talks.assigned[which] < world.market.end, talks.waited[which], len(which)
    rude = human & world.faults.acts("rude_agent", sessions.agent[which], sessions.opened[which])
    rude &= chance(rng, strength("rude_agent", "rude"), n)
    stars = by_row(rng, _MOOD, np.where(rude, 2, waited.astype(np.int64)))
    in_words = world.shops.platform[sessions.shop[which]] == 0
    return {
        "rating_id": col.ids("G", orders.number[sessions.order[which]], sessions.part[which]),
        **_who(world, orders, talks, which, human),
        "rated_at": col.times(world.market, rated[which]),
        "score": col.names((*STARS, *SAID), stars + len(STARS) * in_words),
        "reason": col.names(BAD_REASONS, _blame(waited, rude, rng), stars < 2),
    }


def _blame(waited: Flags, rude: Flags, rng: Rng) -> Ints:
    """Place in BAD_REASONS: rudeness for who met it, slowness mostly for who waited."""
    own = weighted(rng, (0.2, 0.3, 0.5), len(waited))
    return np.where(rude, 1, np.where(waited & chance(rng, 0.6, len(waited)), 0, own))


def _who(world: World, orders: Orders, talks: Talks, session: Ints, served: Flags) -> col.Columns:
    """Shop, buyer, session, and the agent where a person served."""
    sessions = talks.sessions
    return {
        "shop_id": col.names(world.shops.id, sessions.shop[session]),
        "buyer_id": col.ids("U", sessions.buyer[session]),
        "session_id": col.ids("Q", orders.number[sessions.order[session]], sessions.part[session]),
        "agent_id": agents.ids(world.staff, sessions.agent[session], served),
    }
