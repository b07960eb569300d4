"""What must hold of a desk at any moment, weighed from its rows alone, without the desk's own functions.

Each check returns what is wrong, in words; nothing: all is well.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from tianping.cases import clocks
from tianping.cases.case import Case
from tianping.policy.cases.casebook import Casebook

from .goods import claims_counted, goods_once, items_priced, whose_goods
from .snapshots import COUNTED, FALLEN, KINDS, PENDING, Snapshot, open_cases

NOTHING = dt.timedelta(0)


def wrong(seen: Snapshot, book: Casebook, at: dt.datetime) -> list[str]:
    """All that is wrong."""
    checks = (
        owned(seen, book), fired_once(seen), in_order(seen), freezes(seen), frozen(seen, book), left_right(seen, at),
        refunds_bounded(seen), buyer_has(seen), paid_once(seen), undone(seen), one_letter(seen),
        claims_counted(seen), goods_once(seen), items_priced(seen), whose_goods(seen),
    )  # fmt: skip
    return [each for check in checks for each in check]


# 1, 6: everything open has an owner, and an end


def owned(seen: Snapshot, book: Casebook) -> Iterator[str]:
    for case in seen.cases.values():
        state = book.flows[case.kind].at(case.began).states[case.state]
        name, owner = f"{case.kind} {case.id} {case.state}", seen.owners[case.id]
        if state.final:
            if owner or case.timers or case.ended_at is None:
                yield f"{name} has ended, with owner {owner!r}, {len(case.timers)} timers, ended at {case.ended_at}"
            continue
        if not owner or case.ended_at is not None:
            yield f"{name} is open, with owner {owner!r}, ended at {case.ended_at}"
        yield from _ends(seen, book, case, name, state)


def _ends(seen: Snapshot, book: Casebook, case: Case, name: str, state: Any) -> Iterator[str]:
    flow = book.flows[case.kind].at(case.began)
    waited = seen.children(case.id, state.waits) if state.waits else []
    if not case.timers and not [child for child in waited if not child.ended_at]:
        yield f"{name} has no clock, and waits for no open {state.waits}"
    for timer in case.timers:
        verb = flow.verbs[timer.passes]
        if case.state not in verb.from_ or "clock" not in verb.who or "needed" in verb.takes.values():
            yield f"{name}: the clock {timer.clock} cannot do {timer.passes}"
        if timer.paused_at and not stands_still(seen, case, timer):
            yield f"{name}: {timer.clock} stands still, and nothing is open"


def stands_still(seen: Snapshot, case: Case, timer: Any) -> bool:
    """Whether an order's clock has to: while a case is open; unshipped, also while a recalled payment is not known."""
    unknown = timer.clock == "ship_late" and case.facts.get("recalled_fen")
    return bool(open_cases(seen, case.order_id) or unknown)


# 3: once, never early


def fired_once(seen: Snapshot) -> Iterator[str]:
    """What a clock does follows from a deadline of its that is over; a lapsed deadline is followed by its verb, once."""
    for event in seen.events:
        if event.actor == "clock":
            row = _last_before(seen, event)
            if row is None or row.state != "lapsed":
                yield f"{event.case_id}: {event.verb} by clock {event.rule}, whose deadline is {row and row.state}"
            elif event.at < row.due_at:
                yield f"{event.case_id}: {event.verb} by clock {event.rule} at {event.at}, due {row.due_at}"
    acts = Counter((event.case_id, event.verb, event.rule) for event in seen.events if event.actor == "clock")
    lapsed = Counter((row.case_id, row.passes, row.clock) for row in seen.deadlines if row.state == "lapsed")
    for case_id, verb, rule in lapsed.keys() | acts.keys():
        verbs = sum(n for (its, does, _), n in acts.items() if (its, does) == (case_id, verb))
        if lapsed[case_id, verb, rule] > verbs or acts[case_id, verb, rule] > lapsed[case_id, verb, rule]:
            yield f"{case_id} {verb}: {lapsed[case_id, verb, rule]} times {rule} lapsed, {acts[case_id, verb, rule]} times done"


def _last_before(seen: Snapshot, event: Any) -> Any:
    rows = [row for row in seen.deadlines if row.case_id == event.case_id and row.clock == event.rule and row.n < event.n]
    return max(rows, key=lambda row: int(row.n), default=None)


def in_order(seen: Snapshot) -> Iterator[str]:
    """Events are numbered 1, 2, 3 …, each begins where the last one ended, and time does not run backwards."""
    for case in seen.cases.values():
        history = seen.history(case.id)
        if [event.n for event in history] != list(range(1, case.n + 1)):
            yield f"{case.id}: events {[event.n for event in history]}, case {case.n}"
        states = [(a.state, b.before) for a, b in pairwise(history)]
        if any(one != other for one, other in states) or history[-1].state != case.state:
            yield f"{case.id}: states do not follow one another: {states}"
        if any(b.at < a.at for a, b in pairwise(history)):
            yield f"{case.id}: time runs backwards"


# 4, 5: what stands still


def freezes(seen: Snapshot) -> Iterator[str]:
    """An order counts its open cases rightly, and does not complete while there are any."""
    for order in (case for case in seen.cases.values() if case.kind == "order"):
        really = len(open_cases(seen, order.order_id))
        if order.facts["open_cases"] != really:
            yield f"{order.id} counts {order.facts['open_cases']} open cases; there are {really}"
        for timer in order.timers:
            if timer.clock in ("complete", "ship_late") and (timer.paused_at is None) == stands_still(seen, order, timer):
                yield f"{order.id}: {timer.clock} is {timer.state} with {really} open cases"
        count = 0
        for event in seen.history(order.id):
            count += {"case_opened": 1, "case_ended": -1}.get(event.verb, 0)
            if event.verb in ("complete", "close_unshipped") and count:
                yield f"{order.id}: {event.verb} with {count} open cases"


UNDECIDED = ("evidence", "silent", "judging", "senior")
"""Disputes that still have a say in the case; a conceded one may be looked into again while the next runs."""


def frozen(seen: Snapshot, book: Casebook) -> Iterator[str]:
    """Out of `disputed` only the system leads, and it has just one dispute that goes on."""
    for event in seen.events:
        if event.before == "disputed" and event.actor != "system":
            yield f"{event.case_id}: {event.verb} by {event.actor} in dispute"
    for case in seen.cases.values():
        if case.state == "disputed":
            going = [child for child in seen.children(case.id, "dispute") if child.state in UNDECIDED]
            if len(going) != 1:
                yield f"{case.id} is disputed, with {len(going)} disputes to be decided"


# 7: one function says what time is left


def left_right(seen: Snapshot, at: dt.datetime) -> Iterator[str]:
    """What is left is the whole time less what has passed, without what was passed standing still."""
    rows = {(row.case_id, row.n, row.clock): row for row in seen.deadlines}
    for case in seen.cases.values():
        for timer in case.timers:
            row = rows[case.id, timer.n, timer.clock]
            spans = [(dt.datetime.fromisoformat(a), dt.datetime.fromisoformat(b)) for a, b in row.pauses]
            still = sum((b - a for a, b in spans), NOTHING)
            until = row.paused_at or at
            whole = row.due_at - row.started_at - still
            if clocks.left(timer, at) != whole - (until - row.started_at) + still:
                yield f"{case.id} {timer.clock}: {clocks.left(timer, at)} left of {whole}"
            if case.kind == "order" and timer.clock == "complete":
                yield from _frozen_spans(seen, case, row, spans)


def _frozen_spans(seen: Snapshot, order: Case, row: Any, spans: Sequence[tuple[dt.datetime, dt.datetime]]) -> Iterator[str]:
    """An order's clock stood still just while cases were open, by its events; and it is of ten days."""
    count, begun, should = 0, None, list[tuple[dt.datetime, dt.datetime]]()
    for event in seen.history(order.id):
        was, count = count, count + {"case_opened": 1, "case_ended": -1}.get(event.verb, 0)
        if event.n < row.n:
            begun = None
            continue
        if event.n == row.n or (count and not was):
            begun = event.at if count else None
        if was and not count and begun is not None and event.n > row.n:
            should.append((begun, event.at))
            begun = None
    if [span for span in spans if span[0] != span[1]] != [
        span for span in should if span[0] != span[1]
    ] or row.paused_at != begun:
        yield f"{order.id}: stood still {spans}, {row.paused_at}; cases were open {should}, {begun}"
    if row.due_at - row.started_at - sum((b - a for a, b in spans), NOTHING) != dt.timedelta(days=10):
        yield f"{order.id}: not ten days: {row.started_at} to {row.due_at}, still {spans}"


# 8: money out


def refunds_bounded(seen: Snapshot) -> Iterator[str]:
    """All refunds of an order together are at most what was paid; the order counts them rightly."""
    for order in (case for case in seen.cases.values() if case.kind == "order"):
        payments = [case for case in seen.of(order.order_id, "payment") if case.facts["purpose"] in COUNTED]
        standing = [case for case in payments if case.state not in FALLEN]
        promised = sum(case.facts["fen"] for case in standing)
        vouched = sum(vouched_for(case) for case in seen.of(order.order_id, *KINDS))
        paid = order.facts["amount_fen"] + order.facts.get("freight_fen", 0)
        if order.facts["refunded_fen"] != promised + vouched:
            yield f"{order.id} counts {order.facts['refunded_fen']} refunded; {promised} in payments, {vouched} by vouchers"
        if promised + vouched > paid or order.facts["refunded_fen"] > paid:
            yield f"{order.id}: {promised} + {vouched} refunded of {paid}"
        if promised and not (order.facts.get("paid_at") or order.facts.get("cod")):
            yield f"{order.id}: refunded though never paid"
        truly = sum(sum(seen.paid.get(case.id, ())) for case in standing)
        if truly > paid:
            yield f"{order.id}: the gateway paid {truly} of {paid}"


def vouched_for(case: Case) -> int:
    """What the merchant paid by voucher, or is to pay so."""
    return int(case.facts.get("voucher_fen") or 0) if case.state in ("awaiting_voucher", "refunded") else 0


def buyer_has(seen: Snapshot) -> Iterator[str]:
    """What the buyer of an order truly has, from the gateway and by vouchers, less what was given back, is what payments that
    stand and vouchers gave, and what the order knows to be kept; and never more than was paid, with the costs beside it."""
    for order in (case for case in seen.cases.values() if case.kind == "order"):
        payments = seen.of(order.order_id, "payment")
        truly = sum(sum(seen.paid.get(each.id, ())) for each in payments)
        truly += sum(uploaded(seen, case) for case in seen.of(order.order_id, *KINDS)) - given_back(seen, order)
        truly -= sum(asked_for(each) for each in payments if {"cancelled_at", "reversed_at"} <= set(each.facts))
        vouchers = sum(vouched_for(case) for case in seen.of(order.order_id, *KINDS) if case.state == "refunded")
        stands = vouchers + sum(each.facts["fen"] for each in payments if each.state == "paid")
        pending = [each for each in payments if each.state in PENDING]
        under_way = sum(each.facts.get("had_fen", 0) + sum(seen.paid.get(each.id, ())) for each in pending)
        kept = order.facts.get("kept_fen", 0)
        if truly != stands + kept + under_way or kept < 0:
            yield f"{order.id}: the buyer has {truly}; {stands} stand, {kept} are kept, {under_way} under way"
        costs = sum(each.facts["fen"] for each in payments if each.state == "paid" and each.facts["purpose"] not in COUNTED)
        if stands - costs > order.facts["amount_fen"] + order.facts.get("freight_fen", 0):
            yield f"{order.id}: {stands - costs} stand, more than was paid"


def uploaded(seen: Snapshot, case: Case) -> int:
    """What a case's vouchers gave the buyer, whatever became of them."""
    total = noted = 0
    for event in seen.history(case.id):
        noted = int(event.facts.get("voucher_fen", noted) or 0)
        total += noted if event.verb == "upload_voucher" else 0
    return total


def given_back(seen: Snapshot, order: Case) -> int:
    """What the buyer gave back of what they had kept."""
    total = kept = 0
    for event in seen.history(order.id):
        before, kept = kept, int(event.facts.get("kept_fen", kept) or 0)
        total += before - kept if event.verb == "take_money_back" else 0
    return total


def asked_for(payment: Case) -> int:
    """What the gateway is asked for: the sum, less what the buyer was left of an earlier one that was reversed."""
    return int(payment.facts.get("due_fen", payment.facts["fen"]))


def paid_once(seen: Snapshot) -> Iterator[str]:
    """The gateway pays each key once, and just its sum; what counts as paid was, and what counts as not was not."""
    for key, sums in seen.paid.items():
        case = seen.cases.get(key)
        if case is None or list(sums) != [asked_for(case)]:
            yield f"the gateway paid {key}: {sums}; wanted {case and asked_for(case)}"
    for case in seen.cases.values():
        if case.kind != "payment":
            continue
        was = case.id in seen.paid or not asked_for(case)
        if case.state in ("paid", "reversed", "overpaid") and not was:
            yield f"{case.id} is {case.state}, but was not paid"
        if case.state in ("failed", "cancelled") and case.id in seen.paid:
            yield f"{case.id} is {case.state}, but was paid"
        if case.state == "overpaid":
            yield f"{case.id} was paid though cancelled"
        if case.facts["fen"] <= 0:
            yield f"{case.id} is of {case.facts['fen']}"


def one_letter(seen: Snapshot) -> Iterator[str]:
    """A payment is asked for by the one letter under its own id, whatever happens; by none where nothing is to be paid."""
    keys = Counter(letter.case_id for letter in seen.letters if letter.topic == "gateway")
    for case in seen.cases.values():
        if case.kind == "payment" and keys[case.id] != bool(asked_for(case)):
            yield f"{case.id} has {keys[case.id]} letters"
    for letter in seen.letters:
        if letter.topic == "gateway" and letter.key != letter.case_id:
            yield f"{letter.case_id} is asked for under {letter.key}"


# 9: what is taken back


def undone(seen: Snapshot) -> Iterator[str]:
    """What was reversed, released or never paid has moved nothing, account by account; nothing is reversed twice."""
    moved = by_case(seen)
    for case in seen.cases.values():
        yield from _booked(case, {account: fen for account, fen in moved[case.id].items() if fen})
        if case.facts.get("overturned_at") and case.kind in ("refund_only", "return_refund") and case.state == "closed":
            stand = {each.state for each in seen.children(case.id, "payment") if not each.facts.get("recalled")}
            if stand - {"reversed", "cancelled", "asked", "unclear"}:
                yield f"{case.kind} {case.id} was overturned and closed, with payments {stand}"
    twice = [one for one, n in Counter(each.reverses for each in seen.transfers if each.reverses).items() if n > 1]
    if twice:
        yield f"transfers reversed twice: {twice}"


def _booked(case: Case, left: Mapping[str, int]) -> Iterator[str]:
    """Of a reversed payment the buyer may have the money still, and owe it."""
    if (case.kind, case.state) == ("payment", "reversed") and left.get("gateway/out") == asked_for(case):
        left = {} if left == {"gateway/out": asked_for(case), "platform/kept": -asked_for(case)} else left
    if (case.kind, case.state) in NEVER and left:
        yield f"{case.kind} {case.id} is {case.state}, and has moved {left}"
    for (kind, states), (account, fact) in BOOKED.items():
        if case.kind == kind and case.state in states and left.get(account, 0) != case.facts.get(fact, case.facts.get("fen")):
            yield f"{kind} {case.id} is {case.state}, {case.facts.get(fact)} booked as {left}"


NEVER = {("payment", state) for state in ("reversed", "cancelled", "asked", "failed", "unclear")} | {("advance", "released")}
BOOKED = {
    ("payment", ("paid",)): ("gateway/out", "due_fen"),
    ("advance", ("taken", "repaid")): ("platform/advances", "advance_fen"),
}
"""What stands in which account at the end, by the fact that says how much."""


def by_case(seen: Snapshot) -> Mapping[str, Counter[str]]:
    """What each case has moved: account → fen."""
    moved: dict[str, Counter[str]] = defaultdict(Counter)
    for each in seen.transfers:
        if each.cause.startswith("case "):
            case_id = each.cause.removeprefix("case ").rsplit(" event ", 1)[0]
            moved[case_id][each.to_account] += each.amount_fen
            moved[case_id][each.from_account] -= each.amount_fen
    return moved
