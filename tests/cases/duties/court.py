"""Measures that ask for a study, an exam, or both, in force on a shop of the desk."""

import datetime as dt
from typing import Any

from tianping.cases.case import Case
from tianping.policy.judging import Judging, Severity
from tianping.store import violations
from tianping.store.desk import cases
from tianping.store.desk.duties import case_of
from tianping.store.effects import of_violation
from tianping.work.desk.duties import keep
from tianping.work.desk.sitting import Desk
from tianping.work.docket import measures
from tianping.work.docket.history import Office
from tianping.work.docket.matter import open_matter
from tianping.work.docket.measures import Charge
from tianping.work.docket.proposing import propose
from tianping.work.people.trail import Doer
from work.accused import appoint

from ..market import DAY, T

SINCE = dt.date(2020, 1, 1)
_HEAD = {"since": SINCE, "source": [{"document": "S1"}], "words": {"zh": "", "en": ""}}
_CELLS = [
    {"severity": "minor", "effects": [{"kind": "warning"}, {"kind": "study"}]},
    {"severity": "serious", "effects": [{"kind": "warning"}, {"kind": "exam"}, {"kind": "ban", "days": [3, 5]}]},
    {"severity": "especially_serious", "effects": [{"kind": "study"}, {"kind": "exam"}]},
]


def _ruled(**version: Any) -> dict[str, Any]:
    return {"label": {"zh": "", "en": ""}, "versions": [{**_HEAD, **version}]}


RULES = Judging.model_validate({
    "violations": {"dirty": _ruled(table="dirt", by_hand=True, appeals=3, appeal_days=99)},
    "penalties": {"dirt": _ruled(cells=_CELLS)},
})  # fmt: skip
ANNA, BO, CHI, MERCHANT = range(1, 5)


def office(desk: Desk) -> Office:
    """Anna, Bo and Chi judge; the fourth is the merchant's."""
    appoint(desk.database, ("Anna", "Bo", "Chi", "Merchant"), T)
    return Office(desk.database, {"kuaishou": RULES})


def measure(
    desk: Desk, severity: Severity = "minor", *, at: dt.datetime = T, shop: str = "S1", platform: str = "kuaishou"
) -> int:
    """In force since `at`; its id."""
    who = Office(desk.database, {platform: office(desk).rules["kuaishou"]})
    evidence = {"clause": ["S1 三"]}
    charge = Charge(platform, "dirty", SINCE, "daily", "shop", shop, shop, at.date(), severity, severity, table="dirt",
                    evidence=evidence)  # fmt: skip
    id_ = propose(who, Doer(None, at), charge)
    measures.confirm(who, Doer(ANNA, at), id_)
    return id_


def duty(desk: Desk, id_: int, kind: str = "study") -> Case:
    """The case of the newest duty of that kind of a measure."""
    found = duties(desk, id_, kind)
    return found[-1]


def duties(desk: Desk, id_: int, kind: str) -> list[Case]:
    with desk.database.connect() as connection:
        ids = [case_of(each.id) for each in of_violation(connection, id_) if each.kind == kind and each.reverses is None]
        found = cases.load(connection, ids)
    return [found[each] for each in ids if each in found]


def imposed(desk: Desk, severity: Severity = "minor", kind: str = "study", **more: Any) -> tuple[int, Case]:
    """A measure in force, and its duty at the desk since the same moment."""
    id_ = measure(desk, severity, **more)
    assert keep(desk, more.get("at", T)).failed == ()
    return id_, duty(desk, id_, kind)


def open_duties(desk: Desk, id_: int) -> tuple[str, ...]:
    """What the measure says is still to be done."""
    with desk.database.connect() as connection:
        return measures.duties(open_matter(office(desk), connection, id_))


def verbs(desk: Desk, id_: int) -> list[str]:
    with desk.database.connect() as connection:
        return [each.verb for each in violations.events(connection, id_)]


def served(desk: Desk, at: dt.datetime) -> tuple[int, ...]:
    return measures.serve_due(office(desk), at)


def overturn(desk: Desk, id_: int, at: dt.datetime = T + DAY) -> None:
    measures.appeal(office(desk), Doer(MERCHANT, at), id_, "no")
    measures.overturn(office(desk), Doer(BO, at), id_, "right")
