"""Violations proposed: what a judged close found, what a person entered, and a shop's removal. A newer run of a close takes
back what it finds no more."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from tianping.assess.penalty import Dealt, Offer, offer
from tianping.assess.violation import Earlier, Found
from tianping.errors import NotFound, TianpingError
from tianping.periods import to_wall
from tianping.policy.judging import Severity, SubjectKind, ViolationVersion
from tianping.store import violations
from tianping.store.violations import Event, Present, Violation
from tianping.work.history import Confirmed, Office
from tianping.work.matter import Basis, open_matter, record
from tianping.work.trail import Doer

_REMOVE = ((Dealt("remove"),),)


class Charge(NamedTuple):
    """A violation to be proposed. `base`: its severity before the `repeats` that raised it to `severity`; `table`: the penalty
    table, None where no penalty is proposed."""

    platform: str
    violation: str
    version: dt.date
    trigger: str
    kind: SubjectKind
    subject: str
    shop: str
    date: dt.date
    severity: Severity
    base: Severity
    seq: int = 0
    up_to: Severity | None = None
    repeats: tuple[Earlier, ...] = ()
    table: str | None = None
    immediate: bool = False
    records: bool = False
    needs_person: bool = True
    needs_why: str = ""
    evidence: Mapping[str, Any] = {}


class Run(NamedTuple):
    """What a judged close found on one platform: T, what was known, and the charges."""

    platform: str
    date: dt.date
    seq: int
    charges: Sequence[Charge]


class Taken(NamedTuple):
    """What became of a run: the ids proposed, those that were there already, those withdrawn."""

    new: tuple[int, ...]
    kept: tuple[int, ...]
    withdrawn: tuple[int, ...]


def charge_of(found: Found, version: ViolationVersion, seq: int, evidence: Mapping[str, Any]) -> Charge:
    """What the close found, with what history made of it, as a charge. `evidence` is JSON."""
    return Charge(
        platform=found.subject.platform,
        violation=found.violation,
        version=version.since,
        trigger=found.trigger.name,
        kind=found.kind,
        subject=found.id,
        shop=found.subject.shop,
        date=found.date,
        severity=found.severity,
        base=found.verdict.severity,
        seq=seq,
        up_to=version.repeats.up_to if version.repeats else None,
        repeats=found.repeats,
        table=found.table,
        immediate=found.immediate,
        records=found.records,
        needs_person=found.needs_person,
        needs_why=found.why,
        evidence=evidence,
    )


def propose(office: Office, doer: Doer, charge: Charge, why: str = "") -> int:
    """One violation, entered by a person or found by the clock; its id. Raises TianpingError where it is there already."""
    with violations.alone(office.database, charge.shop) as connection:
        return propose_in(office, connection, doer, charge, why)


def propose_in(office: Office, connection: Connection, doer: Doer, charge: Charge, why: str = "") -> int:
    """The same inside a transaction that holds the shop."""
    basis, offered = rests_on(office, connection, charge)
    return _enter(connection, doer, charge, why, basis, offered)


def propose_removal(
    connection: Connection,
    doer: Doer,
    platform: str,
    shop: str,
    *,
    name: str,
    since: dt.date,
    cause: str,
    evidence: Mapping[str, Any],
) -> int:
    """The removal of a shop, for a person to decide (points, KS-P10; the lowest level, DY-L04). `cause` tells it apart."""
    day = to_wall(doer.at).date()
    worst: Severity = "extremely_serious"
    charge = Charge(platform, name, since, cause, "shop", shop, shop, day, worst, worst, evidence=evidence)
    return _enter(connection, doer, charge, cause, None, Offer(worst, 0, 1, _REMOVE))


def take_up(office: Office, at: dt.datetime, run: Run) -> Taken:
    """Bring what a run found into the database, by the clock: the same run again changes nothing, and a newer one takes back
    what is still only proposed and not found any more. What people have decided stays. One transaction."""
    doer = Doer(None, at)
    with office.database.connect() as connection:
        shops = {each.row.shop_id for each in violations.of_date(connection, run.platform, run.date)}
    with violations.alone(office.database, *shops, *(each.shop for each in run.charges)) as connection:
        there = [each for each in violations.of_date(connection, run.platform, run.date) if each.row.account_id is None]
        known = {_key(each): each for each in there if each.state != "withdrawn"}
        if any(each.row.seq > run.seq for each in there):  # judged already with newer facts
            return Taken((), tuple(each.row.id for each in known.values()), ())
        new, kept = [], []
        for charge in run.charges:
            before = known.pop((charge.violation, charge.kind, charge.subject), None)
            if before is not None and not _outdated(office, connection, before, charge):
                kept.append(before.row.id)
                continue
            if before is not None:
                _withdraw(office, connection, doer, before, "found anew with newer facts")
            old = next((each for each in there if _is(each.row, charge)), None)
            new.append(_again(office, connection, doer, old, charge) if old else propose_in(office, connection, doer, charge))
        gone = [each for each in known.values() if each.state == "proposed" and each.row.violation in _ruled(office, run)]
        for each in gone:
            _withdraw(office, connection, doer, each, "not found any more with newer facts")
        return Taken(tuple(new), tuple(kept), tuple(each.row.id for each in gone))


def rests_on(office: Office, connection: Connection, charge: Charge) -> tuple[Basis | None, Offer | None]:
    """The basis of a charge, and what its table offers; nothing for what is only recorded. Raises NotFound for a table that the
    pack has not."""
    if charge.table is None or charge.records:
        return None, None
    judging = office.rules.get(charge.platform)
    ruled = judging.penalties.get(charge.table) if judging else None
    version = ruled.at(charge.date) if ruled else None
    if version is None:
        raise NotFound(f'the pack of {charge.platform} has no penalty table "{charge.table}" on {charge.date}; add it')
    first, last = charge.date - dt.timedelta(days=version.count_days), charge.date - dt.timedelta(days=1)
    history = Confirmed(connection, office.past)
    earlier = tuple(history.confirmed(charge.violation, charge.kind, charge.subject, charge.shop, first, last))
    basis = Basis(charge.table, version.since, charge.base, charge.up_to, charge.repeats, earlier)
    return basis, offer(version, charge.severity, [each.severity for each in earlier])


def _enter(connection: Connection, doer: Doer, charge: Charge, why: str, basis: Basis | None, offered: Offer | None) -> int:
    severity = offered.severity if offered else charge.severity
    row = {
        "platform": charge.platform, "violation": charge.violation, "version": charge.version.isoformat(),
        "trigger": charge.trigger, "subject_kind": charge.kind, "subject_id": charge.subject, "shop_id": charge.shop,
        "date": charge.date, "seq": charge.seq, "severity": severity, "immediate": charge.immediate,
        "records": charge.records, "evidence": dict(charge.evidence), "account_id": doer.account_id, "at": doer.at,
        "proposal": {
            "basis": basis.plain() if basis else None, "needs_person": charge.needs_person, "why": charge.needs_why,
        },
    }  # fmt: skip
    try:
        id_ = violations.add(connection, row)
    except IntegrityError as error:
        raise TianpingError(
            f"{charge.violation} of {charge.kind} {charge.subject} on {charge.date} was entered already; look at it there"
        ) from error
    detail = {"offer": offered.plain()} if offered else {}
    first = Event(id_, 1, doer.at, doer.account_id, "propose", "proposed", severity, None, why, detail)
    violations.append(connection, first)
    return id_


def _again(office: Office, connection: Connection, doer: Doer, old: Present, charge: Charge) -> int:
    """The same facts by the same rule give it again after all: it is proposed anew."""
    basis, offered = rests_on(office, connection, charge)
    detail = {"basis": basis.plain() if basis else None} | ({"offer": offered.plain()} if offered else {})
    severity = offered.severity if offered else charge.severity
    matter = open_matter(office, connection, old.row.id)
    record(matter, doer, "propose", "proposed", severity=severity, why="found again", detail=detail)
    return old.row.id


def _is(row: Violation, charge: Charge) -> bool:
    """Whether the database would take it for the same one."""
    one = (row.violation, row.version, row.trigger, row.subject_id, row.seq)
    return one == (charge.violation, charge.version.isoformat(), charge.trigger, charge.subject, charge.seq)


def _key(each: Present) -> tuple[str, SubjectKind, str]:
    return each.row.violation, each.row.subject_kind, each.row.subject_id


def _ruled(office: Office, run: Run) -> Sequence[str]:
    """The violations that runs look for; a removal, say, is none."""
    judging = office.rules.get(run.platform)
    return tuple(judging.violations) if judging else ()


def _outdated(office: Office, connection: Connection, before: Present, charge: Charge) -> bool:
    """Whether what is only proposed should give way to what a newer run found."""
    known = (before.row.seq, before.row.version)
    if before.state != "proposed" or known == (charge.seq, charge.version.isoformat()):
        return False
    _, offered = rests_on(office, connection, charge)
    severity = offered.severity if offered else charge.severity
    evidence = json.loads(json.dumps(charge.evidence))  # as the database gives it back
    return (before.severity, before.row.trigger, before.row.evidence) != (severity, charge.trigger, evidence)


def _withdraw(office: Office, connection: Connection, doer: Doer, each: Present, why: str) -> None:
    record(open_matter(office, connection, each.row.id), doer, "withdraw", "withdrawn", why=why)
