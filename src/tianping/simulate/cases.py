"""Cases: what becomes of each request — the answer, the goods' way back, the platform's judgement, the end."""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from tianping.facts.schema import KINDS, LIABILITIES, REASONS
from tianping.simulate.causes import IS_QUALITY, Course, Requests, asked_again, first_requests
from tianping.simulate.draws import DAY, HOUR, NEVER, Flags, Ints, Rng, between, by_row, chance, weighted
from tianping.simulate.families import delay
from tianping.simulate.orders import Orders
from tianping.simulate.plan import to_daytime
from tianping.simulate.troubles import strength
from tianping.simulate.world import World

HANDLERS: Final = ("person", "rule", "platform")
OUTCOMES: Final = ("refunded", "exchanged", "reissued", "repaired", "closed")
CLOSED: Final = OUTCOMES.index("closed")
CLOCK: Final = 48 * HOUR  # without an answer, the platform agrees then
ROUNDS: Final = 3  # requests of one order, at most
_OUTCOME: Final = np.array([0, 0, 1, 2, 3])  # of a case that is granted, by kind
_LIABLE: Final = np.array(
    [(25, 45, 8, 22), (62, 13, 10, 15)], dtype=np.float64
)  # LIABILITIES, by whether quality is the reason


class Answers(NamedTuple):
    """The merchant's answer. `handler`: place in HANDLERS."""

    at: Ints
    refused: Flags
    handler: Ints


class Returns(NamedTuple):
    """The goods' way back; NEVER where none. `lapsed`: when the case closes because the buyer never sent them."""

    waybill: Ints
    signed: Ints
    received: Ints
    lapsed: Ints


class Disputes(NamedTuple):
    """Escalation and judgement; NEVER where none. `liability`: place in LIABILITIES, of judged cases."""

    escalated: Ints
    by_seller: Flags
    judged: Ints
    liability: Ints
    overturned: Ints


@dataclass(frozen=True, slots=True)
class Cases:
    """Everything of a chunk's cases; times may lie beyond the market's end."""

    requests: Requests
    reason_now: Ints
    answers: Answers
    returns: Returns
    disputes: Disputes
    ended: Ints
    outcome: Ints

    def refunded(self) -> Flags:
        return np.asarray(self.outcome == 0)


def make(world: World, orders: Orders, course: Course, rng: Rng) -> list[Cases]:
    """The cases of a chunk, a list entry for each round of requests."""
    rounds = []
    asked = first_requests(world, orders, course, rng)
    for _ in range(ROUNDS):
        rounds.append(_handle(world, orders, course, asked, rng))
        closed = np.where(rounds[-1].outcome == CLOSED, rounds[-1].ended, NEVER)
        asked = asked_again(orders, course, rng, asked, closed, world.market.end)
    return rounds


def _handle(world: World, orders: Orders, course: Course, asked: Requests, rng: Rng) -> Cases:
    answers = _answers(world, orders, course, asked, rng)
    returns = _returns(world, orders, asked, answers, rng)
    granted = _granted(asked, answers, returns, rng)
    disputes = _disputes(world, orders, asked, answers, granted, rng)
    ended, outcome = _ends(asked, answers, returns, disputes, granted, rng)
    return Cases(asked, _reasons_now(world, orders, asked, rng), answers, returns, disputes, ended, outcome)


def _answers(world: World, orders: Orders, course: Course, asked: Requests, rng: Rng) -> Answers:
    """By rule within a minute, by a person in the day time, by the platform after 48 h of silence; people may refuse."""
    shops, n = world.shops, len(asked.at)
    shop, begun = orders.shop[asked.order], orders.begun[asked.order]
    unshipped = asked.at < course.shipped[asked.order]
    instant = shops.instant[shop] & unshipped & (asked.at - begun <= 6 * HOUR) & (orders.amount_fen[asked.order] < 300_00)
    at = to_daytime(rng, asked.at + delay(rng, "answer", n, shops.answer[shop]))
    at = np.where(_held(world, shop, asked.at, rng), asked.at + CLOCK - between(rng, 1, HOUR, n), at)
    at = np.where(instant, asked.at + between(rng, 2, 60, n), at)
    silent = chance(rng, 0.005, n) & ~instant | (at > asked.at + CLOCK)
    on_the_way = ~unshipped & (asked.at < course.signed[asked.order])
    hard = world.faults.acts("refuses_refunds", shop, asked.at) * strength("refuses_refunds")
    refuses = chance(rng, 0.03 + 0.06 * IS_QUALITY[asked.reason] + 0.12 * on_the_way + hard, n) & ~instant & ~silent
    return Answers(np.where(silent, asked.at + CLOCK, at), refuses, np.where(instant, 1, np.where(silent, 2, 0)))


def _held(world: World, shop: Ints, at: Ints, rng: Rng) -> Flags:
    """The requests whose answer is put off until the clock has nearly run out."""
    return world.faults.acts("holds_refunds", shop, at) & chance(rng, strength("holds_refunds"), len(at))


def _returns(world: World, orders: Orders, asked: Requests, answers: Answers, rng: Rng) -> Returns:
    """Return, exchange and repair need the goods back; not sent within seven days, the case lapses."""
    n = len(asked.at)
    needed = np.isin(asked.kind, [KINDS.index(kind) for kind in ("return_refund", "exchange", "repair")]) & ~answers.refused
    sent = answers.at + delay(rng, "send_back", n)
    lapses = needed & (sent > answers.at + 7 * DAY)
    sent = np.where(needed & ~lapses, sent, NEVER)
    signed = np.where(sent < NEVER, to_daytime(rng, sent + delay(rng, "back_transit", n)), NEVER)
    check = delay(rng, "check", n, world.shops.answer[orders.shop[asked.order]])
    received = np.where(sent < NEVER, signed + np.minimum(check, 5 * DAY), NEVER)
    return Returns(sent, signed, received, np.where(lapses, answers.at + 7 * DAY, NEVER))


def _granted(asked: Requests, answers: Answers, returns: Returns, rng: Rng) -> Ints:
    """When the case would end by what was agreed; NEVER where refused or lapsed."""
    ready = np.where(np.isin(asked.kind, (1, 2, 4)), returns.received, answers.at)
    goods = delay(rng, "send_again", len(ready))
    done = ready + np.where(asked.kind >= 2, goods, between(rng, 3, 90, len(ready)))
    return np.where(answers.refused | (returns.lapsed < NEVER), NEVER, done)


def _disputes(world: World, orders: Orders, asked: Requests, answers: Answers, granted: Ints, rng: Rng) -> Disputes:
    """Three of ten refused buyers go to the platform, and a few of those who wait; a few sellers do too."""
    n = len(asked.at)
    hard = world.faults.acts("refuses_refunds", orders.shop[asked.order], asked.at)
    refused = answers.refused & chance(rng, np.where(hard, strength("refuses_refunds", "escalated"), 0.3), n)
    waiting = (granted < NEVER) & (granted - asked.at > 6 * HOUR) & chance(rng, 0.012, n)
    while_waiting = asked.at + (np.where(waiting, granted - asked.at, 0) * rng.random(n)).astype(np.int64)
    escalated = np.where(refused, answers.at + delay(rng, "escalate", n), np.where(waiting, while_waiting, NEVER))
    judged = np.where(refused | (waiting & chance(rng, 0.6, n)), escalated + delay(rng, "judge", n), NEVER)
    liability = by_row(rng, _LIABLE, IS_QUALITY[asked.reason].astype(np.int64))
    overturned = np.where(chance(rng, 0.07, n) & (judged < NEVER), judged + delay(rng, "overturn", n), NEVER)
    return Disputes(escalated, (escalated < NEVER) & chance(rng, 0.1, n), judged, liability, overturned)


def _ends(
    asked: Requests, answers: Answers, returns: Returns, disputes: Disputes, granted: Ints, rng: Rng
) -> tuple[Ints, Ints]:
    """(when, outcome): as agreed; lapsed; refused and given up; refused and judged."""
    judged = answers.refused & (disputes.judged < NEVER)
    seller_pays = np.isin(disputes.liability, [LIABILITIES.index(side) for side in ("seller", "both")])
    given_up = answers.at + delay(rng, "give_up", len(granted))
    refused_end = np.where(judged, disputes.judged + between(rng, 60, 1800, len(granted)), given_up)
    ended = np.where(answers.refused, refused_end, np.minimum(granted, returns.lapsed))
    outcome = np.where(returns.lapsed < NEVER, CLOSED, _OUTCOME[asked.kind])
    return ended, np.where(answers.refused, np.where(judged & seller_pays, 0, CLOSED), outcome)


def _reasons_now(world: World, orders: Orders, asked: Requests, rng: Rng) -> Ints:
    """The reason as it stands now: two of a hundred buyers change it themselves; a steering shop makes many."""
    n = len(asked.at)
    own = np.where(chance(rng, 0.02, n), weighted(rng, np.ones(len(REASONS)), n), asked.reason)
    steered = world.faults.acts("steers_reasons", orders.shop[asked.order], asked.at) & IS_QUALITY[asked.reason]
    steered &= chance(rng, strength("steers_reasons"), n)
    return np.where(steered, REASONS.index("not_wanted"), own)
