"""Disputes for tests: opened, with evidence shown, judged, with as few words as possible."""

import datetime as dt
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from sqlalchemy import select

from tianping.cases.case import Act, Case, Doer, Step
from tianping.policy.cases.flowing import Actor
from tianping.store import accounts
from tianping.store.desk.evidence import Evidence, listing
from tianping.store.schema import account
from tianping.work.desk import disputes, evidence
from tianping.work.desk.evidence import Laid, Party
from tianping.work.desk.sitting import CaseRefused, Desk, sitting

from ..market import DAY, HOUR, REFUSAL, T, ask, do, family, order, read

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20
JPEG = b"\xff\xd8\xff\xe0" + b"\x00" * 20
RAISED = T + 3 * DAY + 2 * HOUR
"""When a dispute of `dispute` is raised."""
CLOSED = RAISED + 72 * HOUR
"""When its time for evidence ends."""
PEOPLE = ("Anna", "Bo", "Chi", "Merchant", "Buyer")


def people(desk: Desk) -> dict[str, int]:
    """Accounts by name: Anna, Bo and Chi judge."""
    with desk.database.begin() as connection:
        if not accounts.every(connection):
            for name in PEOPLE:
                accounts.add(connection, {
                    "name": name, "label": "", "password": "", "one_time": False, "role": "adjudicator", "all_shops": True,
                    "demo": False, "active": True, "lang": "zh", "created_at": T,
                })  # fmt: skip
        return {row.name: row.id for row in connection.execute(select(account.c.id, account.c.name))}


def dispute(
    desk: Desk,
    *,
    platform: str = "kuaishou",
    kind: str = "return_refund",
    reason: str = "quality",
    of: str = "O1",
    asks: int = 3_000,
    **facts: Any,
) -> Case:
    """A dispute: ordered two days before T, signed and asked about at T, refused 47 hours later, raised at RAISED."""
    people(desk)
    given = {"shipped_at": T - DAY, "signed_at": T, "seven_days": True, "warranty_days": 365, **facts}
    order(desk, T, id_=of, platform=platform, **{"created_at": T - 2 * DAY, "paid_at": T - 2 * DAY, **given})
    parent = ask(desk, kind, T, of=of, reason=reason, refund_fen=asks)
    do(desk, parent, "refuse", "merchant", T + 47 * HOUR, **REFUSAL)
    do(desk, parent, "escalate", "buyer", RAISED)
    return next(each for each in family(desk, parent) if each.kind == "dispute")


def parent(desk: Desk, case: Case) -> Case:
    assert case.parent_id is not None
    return read(desk, case.parent_id)


def show(
    desk: Desk, home: Path, case: Case, party: Party, at: dt.datetime = RAISED + HOUR, *, content: bytes = b"", **given: Any
) -> Evidence:
    """A file of a party, its own unless said otherwise."""
    named: dict[str, Any] = {"name": f"{party}.png", **given}
    with lying(desk, home, content=content or PNG + party.encode(), **named) as laid, sitting(desk, at) as sat:
        return evidence.add(sat, case.id, party, None, laid)


def lying(
    desk: Desk, home: Path, *, name: str = "x", content: bytes = PNG, kind: str = "photo", says: str = ""
) -> AbstractContextManager[Laid]:
    """A file that lies there to be shown."""
    return evidence.laid(desk.database, home, evidence.file(kind, name, content, says))


def heard(desk: Desk, home: Path, *parties: Party, **given: Any) -> Case:
    """A dispute in which these parties showed something in time, at its end."""
    case = dispute(desk, **given)
    for party in parties:
        show(desk, home, case, party)
    with sitting(desk, CLOSED) as sat:
        sat.lapse(case.id)
        return sat.cases[case.id]


def does(
    desk: Desk, case: Case, verb: str, who: str, at: dt.datetime, *, by: Actor = "adjudicator", why: str = "", **takes: Any
) -> Case:
    """A verb by somebody with an account, through the door."""
    with sitting(desk, at) as sat:
        done: Step = disputes.act(sat, case.id, Act(verb, Doer(by, people_now(sat)[who]), takes, why))
        return done.after


def people_now(sat: Any) -> dict[str, int]:
    """Accounts by name, in the sitting's own transaction."""
    return {row.name: row.id for row in sat.connection.execute(select(account.c.id, account.c.name))}


def denied(
    desk: Desk, case: Case, verb: str, who: str, at: dt.datetime, *, by: Actor = "adjudicator", why: str = "", **takes: Any
) -> str:
    """The guard that refuses it; "" where none does (and then it was done)."""
    try:
        does(desk, case, verb, who, at, by=by, why=why, **takes)
    except CaseRefused as error:
        return error.refusal.guard
    return ""


def cited(desk: Desk, case: Case) -> str:
    """The numbers of all that was shown, as a verdict cites them."""
    with sitting(desk, CLOSED) as sat:
        return ",".join(str(each.id) for each in listing(sat.connection, [case.id]))


def judged(desk: Desk, case: Case, at: dt.datetime = CLOSED + HOUR, *, who: str = "Anna", **found: Any) -> Case:
    """A verdict as the table proposes it."""
    seen = does(desk, case, "find", who, at, **found)
    assert seen.facts["proposed_rule"], seen.facts["found"]
    return does(
        desk, case, "verdict", who, at,
        liability=seen.facts["proposed_liability"], remedy=seen.facts["proposed_remedy"], evidence_ids=cited(desk, case),
    )  # fmt: skip
