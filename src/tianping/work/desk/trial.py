"""A merchant's rule tried before it is switched on: on which past cases it would have acted, for how much, and what came of it.

Cases of the desk are gone through event by event, as they stood then; imported ones as far as their times tell: when they were
asked for, when the return was posted, when it was signed for.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Connection

from tianping.cases.case import Case, Event, Facts
from tianping.cases.conditions import Known, holds
from tianping.cases.flow import possible
from tianping.periods import HOME_ZONE, to_wall
from tianping.policy.cases.automation import AutomationVersion, OwnRule
from tianping.policy.cases.casebook import Casebook
from tianping.store.desk import cases, rules
from tianping.work.desk.handed import EARLIEST, LATEST
from tianping.work.desk.sitting import ORDER, Desk
from tianping.work.home import Home, facts

MOST_SHOWN = 20
PIECE = 500
"""Cases whose events are read at once."""


class Moment(NamedTuple):
    """A case as it stood, and what was known around it."""

    case: Case
    known: Known


class Past(NamedTuple):
    """What became of a case (its facts at last), and how it stood before."""

    facts: Facts
    moments: Iterator[Moment]


class Example(NamedTuple):
    """A case on which the rule would have acted, when, for how much (fen), and what came of it."""

    case_id: str
    order_id: str | None
    at: dt.datetime
    fen: int
    refused: bool
    disputed: bool


@dataclass(slots=True)
class Trial:
    """What a rule would have done: of how many cases, on how many, for how much (fen); how many of those the merchant refused
    afterwards, and how many were disputed later. `examples`: the newest."""

    looked: int = 0
    cases: int = 0
    fen: int = 0
    refused: int = 0
    disputed: int = 0
    examples: list[Example] = field(default_factory=list)

    def add(self, found: Example | None) -> None:
        self.looked += 1
        if found:
            self.cases += 1
            self.fen += found.fen
            self.refused += found.refused
            self.disputed += found.disputed
            self.examples = sorted([*self.examples, found], key=lambda each: (each.at, each.case_id), reverse=True)[:MOST_SHOWN]


def tried(book: Casebook, rule: OwnRule, pasts: Iterable[Past]) -> Trial:
    """The rule over these cases. Each counts once, where it would have acted first."""
    trial = Trial()
    for past in pasts:
        trial.add(_first(book, rule, past))
    return trial


def _first(book: Casebook, rule: OwnRule, past: Past) -> Example | None:
    return next((_example(moment, past.facts) for moment in past.moments if acts(book, rule, moment)), None)


def acts(book: Casebook, rule: OwnRule, moment: Moment) -> bool:
    """Whether it would have acted on a case as it stood; the switch that the platform's rule needs is taken to be on."""
    case, known = moment
    version = book.automation[rule.of].at(case.began)
    if case.kind not in rule.kinds or case.state not in rule.states or case.kind not in book.flows:
        return False
    tests = (rule.when, version.when, *(deed.when for deed in _deeds(version, rule, case)))
    return all(holds(test, known) for test in tests) and rule.verb in possible(book, case, version.part, known)


def _deeds(version: AutomationVersion, rule: OwnRule, case: Case) -> Iterator[Any]:
    return (each for each in version.does if each.verb == rule.verb and case.kind in each.kinds and case.state in each.states)


def _example(moment: Moment, last: Facts) -> Example:
    case, at = moment.case, moment.known.at
    refused = last.get("answer") == "refused" and (last.get("answered_at") or at) >= at
    disputed = last.get("escalated_at") is not None and last["escalated_at"] >= at
    return Example(case.id, case.order_id, at, int(case.facts.get("refund_fen") or 0), refused, disputed)


def trial(home: Home, desk: Desk, shop: str, platform: str, rule: OwnRule, since: dt.datetime, until: dt.datetime) -> Trial:
    """The rule over the shop's cases of this time: the desk's own, and those that the facts alone hold."""
    book = desk.book(platform)
    with desk.database.connect() as connection:
        known = frozenset(rules.past(connection, shop, rule.kinds, EARLIEST, LATEST))
        done = tried(book, rule, at_desk(connection, shop, rule.kinds, since, until))
    for past in imported(home, platform, shop, rule.kinds, since, until, known):
        done.add(_first(book, rule, past))
    return done


# At the desk


def at_desk(connection: Connection, shop: str, kinds: Sequence[str], since: dt.datetime, until: dt.datetime) -> Iterator[Past]:
    """The cases of a shop opened from `since` on and before `until`."""
    ids = rules.past(connection, shop, kinds, since, until)
    for begin in range(0, len(ids), PIECE):
        found = cases.load(connection, ids[begin : begin + PIECE])
        orders = {ORDER + case.order_id for case in found.values() if case.order_id}
        told = rules.histories(connection, [*found, *orders])
        for id_ in sorted(found):
            case = found[id_]
            yield Past(case.facts, _moments(case, told.get(id_, ()), told.get(f"{ORDER}{case.order_id}", ())))


def _moments(case: Case, own: Sequence[Event], order: Sequence[Event]) -> Iterator[Moment]:
    """After each event."""
    facts_: dict[str, Any] = {}
    for event in own:
        facts_ |= event.facts
        around = _folded(each for each in order if each.at <= event.at)
        stood = _case(case, event.state, facts_)
        yield Moment(stood, Known(event.at, {"kind": case.kind, **facts_}, around, zone=case.zone))


def _folded(events: Iterable[Event]) -> dict[str, Any]:
    known: dict[str, Any] = {}
    for event in events:
        known |= event.facts
    return known


def _case(case: Case, state: str, facts_: Mapping[str, Any]) -> Case:
    return Case(
        case.id, case.kind, case.platform, case.shop_id, case.order_id, None, case.began, state, 1, case.opened_at,
        case.opened_at, None, dict(facts_), case.zone,
    )  # fmt: skip


# In the facts

_ROWS = """
    SELECT c.*, o.shop_id, o.amount_fen, o.freight_fen AS order_freight_fen, o.paid_at, o.cod, o.created_at, o.succeeded_at,
        o.quantity AS order_quantity, p.shipped_at, p.signed_at
    FROM facts.cases c JOIN facts.orders o USING (order_id)
    LEFT JOIN (
        SELECT order_id, min(shipped_at) AS shipped_at, max(signed_at) AS signed_at
        FROM facts.parcels WHERE direction IS DISTINCT FROM 'back' GROUP BY order_id
    ) p USING (order_id)
    WHERE o.shop_id = $shop AND list_contains($kinds, c.kind) AND c.requested_at >= $since AND c.requested_at < $until
    ORDER BY c.requested_at, c.case_id
"""
_GIVEN = ("reason", "reason_words", "reason_text", "refund_fen", "quantity")
_STOOD: Mapping[str, str] = {"requested_at": "requested", "waybill_at": "returning", "return_signed_at": "arrived"}
_ORDER: Mapping[str, str] = {"order_freight_fen": "freight_fen", "order_quantity": "quantity"}
_ORDERS = (
    "amount_fen",
    "order_freight_fen",
    "paid_at",
    "cod",
    "created_at",
    "succeeded_at",
    "order_quantity",
    "shipped_at",
    "signed_at",
)


def imported(
    home: Home, platform: str, shop: str, kinds: Sequence[str], since: dt.datetime, until: dt.datetime, known: Collection[str]
) -> list[Past]:
    """The cases of a shop that the facts alone hold; `known`: ids of those of the desk."""
    con, _ = facts(home)
    cursor = con.execute(_ROWS, {"shop": shop, "kinds": list(kinds), "since": since, "until": until})
    names = [column[0] for column in cursor.description or ()]
    found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    con.close()
    return [Past(row, _stood(row, platform)) for row in found if row["case_id"] not in known]


def _stood(row: Mapping[str, Any], platform: str) -> Iterator[Moment]:
    for column, state in _STOOD.items():
        at = row[column]
        if at is None:
            continue
        own = {name: row[name] for name in (*_GIVEN, *_STOOD) if row[name] is not None and not _later(row[name], at)}
        own |= {"cause": row["reason"], "asked_fen": row["refund_fen"] or 0}
        around = {_ORDER.get(name, name): row[name] for name in _ORDERS if row[name] is not None and not _later(row[name], at)}
        began = to_wall(row["requested_at"], HOME_ZONE).date()
        case = Case(
            row["case_id"], row["kind"], platform, row["shop_id"], row["order_id"], None, began, state, 1, at, at, None, own
        )
        yield Moment(case, Known(at, {"kind": case.kind, **own}, {"refunded_fen": 0, **around}))


def _later(value: Any, at: dt.datetime) -> bool:
    return isinstance(value, dt.datetime) and value > at
