"""The file `cases`: what is known of the cases at the market's end."""

from typing import Final

import numpy as np

from tianping.facts.schema import KINDS, LIABILITIES, REASONS
from tianping.simulate import columns as col
from tianping.simulate import names, words
from tianping.simulate.cases import HANDLERS, OUTCOMES, Cases
from tianping.simulate.draws import NEVER, Ints, Rng, between, chance, weighted
from tianping.simulate.families import delay
from tianping.simulate.orders import Orders
from tianping.simulate.world import World

_OPENERS: Final = ("buyer", "merchant", "platform")
_VOICES: Final = max(len(said) for said in words.BUYER_WORDS.values())
_SAID: Final = tuple(
    words.BUYER_WORDS[reason][voice % len(words.BUYER_WORDS[reason])] for reason in REASONS for voice in range(_VOICES)
)
_PLATFORM_SAYS: Final = tuple(
    words.PLATFORM_WORDS[reason][place % 3] for reason in REASONS for place in range(len(names.PLATFORMS))
)


def table(world: World, orders: Orders, cases: Cases, rng: Rng) -> col.Columns:
    """Columns of one round of cases, an answer only with its time, an outcome only with the end, and so on."""
    asked, n = cases.requests, len(cases.requests.at)
    platform = world.shops.platform[orders.shop[asked.order]]
    return {
        "case_id": col.ids("C", orders.number[asked.order], asked.round),
        "order_id": col.ids("", orders.number[asked.order]),
        "kind": col.names(KINDS, asked.kind),
        "reason": col.names(REASONS, asked.reason),
        "reason_now": col.names(REASONS, cases.reason_now),
        "reason_words": col.names(_PLATFORM_SAYS, asked.reason * len(names.PLATFORMS) + platform),
        "reason_text": col.names(_SAID, asked.reason * _VOICES + between(rng, 0, _VOICES, n), chance(rng, 0.6, n)),
        "opened_by": col.names(_OPENERS, weighted(rng, (0.985, 0.005, 0.01), n)),
        "requested_at": col.times(world.market, asked.at),
        "quantity": col.numbers(orders.quantity[asked.order]),
        **_answered(world, cases, rng),
        **_returned(world, orders, cases, rng),
        **_judged(world, cases),
        **_ended(world, orders, cases, rng),
    }


def _answered(world: World, cases: Cases, rng: Rng) -> col.Columns:
    market, (at, refused, handler) = world.market, cases.answers
    known = at < market.end
    return {
        "answered_at": col.times(market, at),
        "answer": col.names(("agreed", "refused"), refused.astype(np.int64), known),
        "refusal_reason": col.names(words.REFUSALS, between(rng, 0, len(words.REFUSALS), len(at)), known & refused),
        "agreed_at": col.times(market, at, ~refused),
        "handled_by": col.names(HANDLERS, handler, known),
    }


def _returned(world: World, orders: Orders, cases: Cases, rng: Rng) -> col.Columns:
    market, returns = world.market, cases.returns
    by_voucher = orders.cod[cases.requests.order] & cases.refunded()
    return {
        "waybill_at": col.times(market, returns.waybill),
        "return_signed_at": col.times(market, returns.signed),
        "received_at": col.times(market, returns.received),
        "voucher_at": col.times(market, returns.received + delay(rng, "voucher", len(returns.received)), by_voucher),
    }


def _judged(world: World, cases: Cases) -> col.Columns:
    market, disputes = world.market, cases.disputes
    return {
        "escalated_at": col.times(market, disputes.escalated),
        "escalated_by": col.names(("buyer", "seller"), disputes.by_seller.astype(np.int64), disputes.escalated < market.end),
        "judged_at": col.times(market, disputes.judged),
        "liability": col.names(LIABILITIES, disputes.liability, disputes.judged < market.end),
        "overturned_at": col.times(market, disputes.overturned),
    }


def _ended(world: World, orders: Orders, cases: Cases, rng: Rng) -> col.Columns:
    """Outcome, money and rating; of refunds without return after signing, some are for a part of the price."""
    market, n = world.market, len(cases.ended)
    amount = orders.amount_fen[cases.requests.order]
    over, paid = cases.ended < market.end, (cases.ended < market.end) & cases.refunded()
    partial = (cases.requests.kind == 0) & chance(rng, 0.1, n)
    sent_back = cases.returns.waybill < NEVER
    advanced = paid & (cases.answers.handler == 2) & chance(rng, 0.1, n)
    rated_at = np.where(chance(rng, 0.25, n), cases.ended + delay(rng, "rate_case", n), NEVER)
    return {
        "ended_at": col.times(market, cases.ended),
        "outcome": col.names(OUTCOMES, cases.outcome, over),
        "refund_fen": col.numbers(np.where(partial, amount * between(rng, 2, 8, n) // 10, amount), paid),
        "freight_fen": col.numbers(between(rng, 6, 15, n) * 100, paid & sent_back),
        "compensation_fen": col.numbers(between(rng, 5, 30, n) * 100, over & chance(rng, 0.02, n)),
        "advance_fen": col.numbers(amount, advanced),
        "rating": col.numbers(_stars(cases, rng), rated_at < market.end),
        "rated_at": col.times(market, rated_at),
    }


def _stars(cases: Cases, rng: Rng) -> Ints:
    """1–5: quick ends please, refusals do not."""
    days = np.minimum((cases.ended - cases.requests.at) / 86_400, 12)
    mood = 5.2 - 0.15 * days - 2.2 * cases.answers.refused + rng.standard_normal(len(days)) * 0.8
    return np.clip(np.rint(mood), 1, 5).astype(np.int64)
