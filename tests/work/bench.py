"""A bench for judging by hand: made-up rules, people, and violations found on a day."""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import Engine

from tianping.policy.judging import Judging, Severity
from tianping.store import accounts, effects, ledger, violations
from tianping.store.violations import Present, State, Verb
from tianping.work.docket import measures, points
from tianping.work.docket.history import Confirmed, Office, Past, no_past
from tianping.work.docket.matter import Matter, open_matter
from tianping.work.docket.measures import Charge, MeasureRefused, confirm, propose
from tianping.work.people.trail import Doer

AT = dt.datetime(2024, 6, 3, 4, 0)
DAY = dt.timedelta(days=1)
SECOND = dt.timedelta(seconds=1)
T = dt.date(2024, 6, 3)
SINCE = dt.date(2020, 1, 1)
ANNA, BO, CHI, DAN, MERCHANT = range(1, 6)
_HEAD = {"since": SINCE, "source": [{"document": "S1"}], "words": {"zh": "", "en": ""}}
_LABEL = {"zh": "", "en": ""}


def _ruled(**version: Any) -> dict[str, Any]:
    return {"label": _LABEL, "versions": [{**_HEAD, **version}]}


def _cell(severity: Severity, *effects: Any, **more: Any) -> dict[str, Any]:
    return {"severity": severity, "effects": list(effects), **more}


RULES = Judging.model_validate({
    "violations": {
        "dirty": _ruled(table="dirt", by_hand=True, repeats={"days": 365, "up_to": "especially_serious"}),
        "rude": _ruled(table="words", by_hand=True),
        "unread": _ruled(table="dirt", by_hand=True, read_first=True),
        "plain": _ruled(table="dirt", by_hand=True, confirm="itself", appeal_days=3),
        "phones": _ruled(table="phones", by_hand=True),
    },
    "penalties": {
        "dirt": _ruled(cells=[
            _cell("minor", {"kind": "warning"}, {"kind": "study"}, {"kind": "money", "yuan": [1, 3]}),
            _cell("serious", {"kind": "exam"}, {"kind": "ban", "days": [3, 5]}, {"kind": "money", "yuan": [3, 20]},
                  {"kind": "points", "points": [5, 10]}),
            _cell("especially_serious", {"kind": "delist"}, {"kind": "ban", "days": [5, 28]},
                  {"kind": "money", "yuan": [10, 80]}, {"kind": "points", "points": [20, 40]}),
            _cell("extremely_serious", {"kind": "ban", "for_ever": True},
                  {"kind": "money", "yuan": 100, "or_share_of_sales": "50 %"}, {"kind": "points", "points": 100}),
        ]),
        "words": _ruled(by="count", cells=[
            _cell("minor", {"kind": "warning"}, times=[1, 2]),
            _cell("serious", {"kind": "warning"}, {"kind": "study"}, times=[3, 3]),
            _cell("serious", {"kind": "warning"}, {"kind": "exam"}, times=[4, None]),
        ]),
        "phones": _ruled(cells=[_cell("minor", {"kind": "ban"}), _cell("minor", {"kind": "freeze"})]),
    },
    "points": _ruled(days=365, line=100),
})  # fmt: skip


def office(engine: Engine, past: Sequence[Past] = ()) -> Office:
    """With people: Anna, Bo, Chi and Dan judge, the fifth is the merchant's."""
    with engine.begin() as connection:
        if not accounts.every(connection):
            for name in ("Anna", "Bo", "Chi", "Dan", "Merchant"):
                accounts.add(connection, {
                    "name": name, "label": "", "password": "", "one_time": False, "role": "adjudicator", "all_shops": True,
                    "demo": False, "active": True, "lang": "zh", "created_at": AT,
                })  # fmt: skip
    return Office(engine, {"kuaishou": RULES}, (lambda shop: past) if past else no_past)


def by(who: int | None, at: dt.datetime = AT) -> Doer:
    return Doer(who, at)


CLOCK = by(None)


def charge(
    violation: str = "dirty",
    base: Severity = "minor",
    *,
    day: dt.date = T,
    shop: str = "S1",
    trigger: str = "daily",
    **other: Any,
) -> Charge:
    """A violation found, without repeats."""
    table = RULES.violations[violation].versions[0].table
    plain: dict[str, Any] = {"severity": base, "base": base, "table": table, **other}
    return Charge("kuaishou", violation, SINCE, trigger, "shop", shop, shop, day, **plain)


def repeated(bench: Office, found: Charge) -> Charge:
    """The same with its repeats, as the close finds them: a plain form of `settle`."""
    with bench.database.connect() as connection:
        history = Confirmed(connection, bench.past)
        first, last = found.date - 365 * DAY, found.date - DAY
        repeats = tuple(history.confirmed(found.violation, found.kind, found.subject, found.shop, first, last))
    order: tuple[Severity, ...] = ("minor", "serious", "especially_serious")
    severity = order[min(order.index(found.base) + len(repeats), 2)]
    return found._replace(severity=severity, repeats=repeats, up_to="especially_serious")


def proposed(bench: Office, found: Charge | None = None, at: dt.datetime = AT) -> int:
    return propose(
        bench, by(None, at), repeated(bench, found or charge()) if found is None or found.violation == "dirty" else found
    )


def imposed(bench: Office, found: Charge | None = None, at: dt.datetime = AT, who: int = ANNA, **more: Any) -> int:
    """Proposed and confirmed."""
    id_ = proposed(bench, found, at)
    confirm(bench, by(who, at), id_, **more)
    return id_


def look(bench: Office, id_: int) -> Matter:
    with bench.database.connect() as connection:
        return open_matter(bench, connection, id_)


def state(bench: Office, id_: int) -> State:
    return look(bench, id_).state


def amounts(bench: Office, id_: int) -> dict[str, int | None]:
    """The penalty that stands, by its effects' keys."""
    standing = look(bench, id_).standing
    return {each.key: each.amount for each in standing.deal} if standing else {}


def of_shop(bench: Office, shop: str = "S1") -> Sequence[Present]:
    with bench.database.connect() as connection:
        return violations.of_shop(connection, shop)


def fines(bench: Office) -> int:
    with bench.database.connect() as connection:
        total = ledger.balance(connection, ledger.FINES)
        assert ledger.balance(connection, ledger.deposit("S1")) == -total
        return total


def running(bench: Office, at: dt.datetime, shop: str = "S1") -> dict[str, int | None]:
    with bench.database.connect() as connection:
        return {each.name: each.amount for each in effects.in_force(connection, shop, at)}


def score(bench: Office, at: dt.datetime = AT) -> int:
    return points.points_of(bench, "kuaishou", "S1", at)


def refused(why: str, act: Callable[[], object]) -> MeasureRefused:
    with pytest.raises(MeasureRefused) as caught:
        act()
    assert caught.value.why == why
    return caught.value


def call(bench: Office, verb: Verb, id_: int, who: int | None, at: dt.datetime = AT) -> None:
    """Any verb, in its plainest form."""
    act = getattr(measures, verb)
    more: dict[Verb, tuple[object, ...]] = {"label": ({},), "confirm": (), "serve": (), "fulfil": ("study",)}
    act(bench, by(who, at), id_, *more.get(verb, ("because",)))
