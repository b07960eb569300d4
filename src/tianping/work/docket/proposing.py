"""Violations proposed: what a judged close found, what a person entered, and a shop's removal. A newer run of a close takes
back what it finds no more."""

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
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
from tianping.work.docket.history import Confirmed, History, Office
from tianping.work.docket.matter import Basis, Matter, open_all, record, told, write
from tianping.work.people.trail import Doer

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
    """What a judged close found on one platform: T, what was known, and the charges; by which rules (their digest, "" where the
    platform has none)."""

    platform: str
    date: dt.date
    seq: int
    charges: Sequence[Charge]
    rules: str = ""

    def newer(self, row: Violation) -> str:
        """What is newer than when a violation was found, as its history says it."""
        rules = bool(self.rules) and row.evidence.get("pack", self.rules) != self.rules
        if rules:
            return "with newer facts and changed rules" if self.seq > row.seq else "by changed rules"
        return "with newer facts"


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
    entry = _Entry(charge, *rests_on(office, Confirmed(connection, office.past), charge))
    [(row, _)] = _enter(connection, doer, [entry], why)
    return row.id


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
    [(row, _)] = _enter(connection, doer, [_Entry(charge, None, Offer(worst, 0, 1, _REMOVE))], cause)
    return row.id


def take_up(office: Office, at: dt.datetime, run: Run) -> Taken:
    """Bring what a run found into the database, by the clock: the same run again changes nothing, and a newer one takes back
    what is still only proposed and not found any more. What people have decided stays. One transaction."""
    with for_run(office, run.platform, run.date, [each.shop for each in run.charges]) as connection:
        return bring(office, connection, at, run, Confirmed(connection, office.past)).taken


@contextmanager
def for_run(office: Office, platform: str, date: dt.date, shops: Sequence[str]) -> Iterator[Connection]:
    """A transaction that holds all shops that a run charges, or of which it may take something back."""
    with office.database.connect() as connection:
        before = violations.shops_of_date(connection, platform, date)
    with violations.alone(office.database, *before, *shops) as connection:
        yield connection


class Brought(NamedTuple):
    """What became of a run, with the matters proposed, as they are now."""

    new: tuple[Matter, ...]
    kept: tuple[int, ...] = ()
    withdrawn: tuple[int, ...] = ()

    @property
    def taken(self) -> Taken:
        return Taken(tuple(each.row.id for each in self.new), self.kept, self.withdrawn)


def bring(office: Office, connection: Connection, at: dt.datetime, run: Run, history: History) -> Brought:
    """`take_up` inside a transaction `for_run`; `history` was read in it."""
    there = [each for each in violations.of_date(connection, run.platform, run.date) if each.row.account_id is None]
    known = {_key(each): each for each in there if each.state != "withdrawn"}
    if any(each.row.seq > run.seq for each in there):  # judged already with newer facts
        return Brought((), tuple(each.row.id for each in known.values()))
    waiting = {each.row.id: each for each in _looked_at(office, connection, known.values(), run)}
    kept, outdated, new = list[int](), list[Matter](), list[_Entry]()
    for charge in run.charges:
        before = known.pop((charge.violation, charge.kind, charge.subject), None)
        matter = waiting.get(before.row.id) if before else None
        if before and matter is None:
            kept.append(before.row.id)
            continue
        entry = _Entry(charge, *rests_on(office, history, charge))
        if before and matter and not _outdated(matter, entry):
            kept.append(before.row.id)
            continue
        outdated += [matter] if matter else []
        new.append(entry)
    ruled, doer = _ruled(office, run), Doer(None, at)
    gone = [each.row.id for each in known.values() if each.state == "proposed" and each.row.violation in ruled]
    for matters, what in ((outdated, "found anew"), (open_all(office, connection, gone), "not found any more")):
        write(connection, [told(each, doer, "withdraw", "withdrawn", why=f"{what} {run.newer(each.row)}") for each in matters])
    return Brought(tuple(_propose(office, connection, doer, there, new)), tuple(kept), tuple(gone))


def _looked_at(office: Office, connection: Connection, known: Iterable[Present], run: Run) -> Sequence[Matter]:
    """What is only proposed, and was found by other facts or rules than the run's."""
    found = {(charge.violation, charge.kind, charge.subject): charge for charge in run.charges}
    return open_all(office, connection, [
        each.row.id for each in known
        if each.state == "proposed" and (charge := found.get(_key(each))) and _sources(each.row) != _sources_of(charge)
    ])  # fmt: skip


def _sources(row: Violation) -> tuple[object, ...]:
    return row.seq, row.version, row.evidence.get("pack"), row.evidence.get("figures")


def _sources_of(charge: Charge) -> tuple[object, ...]:
    return charge.seq, charge.version.isoformat(), charge.evidence.get("pack"), charge.evidence.get("figures")


def rests_on(office: Office, history: History, charge: Charge) -> tuple[Basis | None, Offer | None]:
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
    earlier = tuple(history.confirmed(charge.violation, charge.kind, charge.subject, charge.shop, first, last))
    basis = Basis(charge.table, version.since, charge.base, charge.up_to, charge.repeats, earlier)
    return basis, offer(version, charge.severity, [each.severity for each in earlier])


class _Entry(NamedTuple):
    """A charge with what it rests on and what is offered."""

    charge: Charge
    basis: Basis | None
    offered: Offer | None

    @property
    def severity(self) -> Severity:
        return self.offered.severity if self.offered else self.charge.severity

    @property
    def plain_basis(self) -> dict[str, Any] | None:
        return self.basis.plain() if self.basis else None

    @property
    def detail(self) -> dict[str, Any]:
        return {"offer": self.offered.plain()} if self.offered else {}

    def row(self, doer: Doer) -> dict[str, Any]:
        """Its columns, without `id`."""
        charge = self.charge
        return {
            "platform": charge.platform, "violation": charge.violation, "version": charge.version.isoformat(),
            "trigger": charge.trigger, "subject_kind": charge.kind, "subject_id": charge.subject, "shop_id": charge.shop,
            "date": charge.date, "seq": charge.seq, "severity": self.severity, "immediate": charge.immediate,
            "records": charge.records, "evidence": dict(charge.evidence), "account_id": doer.account_id, "at": doer.at,
            "proposal": {"basis": self.plain_basis, "needs_person": charge.needs_person, "why": charge.needs_why},
        }  # fmt: skip


def _enter(connection: Connection, doer: Doer, entries: Sequence[_Entry], why: str = "") -> Sequence[tuple[Violation, Event]]:
    """New ones, in order, each with its first event."""
    rows = [each.row(doer) for each in entries]
    try:
        ids = violations.add_all(connection, rows)
    except IntegrityError as error:
        charge = entries[0].charge
        which = "" if len(entries) == 1 else f" or one of {len(entries) - 1} more"
        raise TianpingError(
            f"{charge.violation} of {charge.kind} {charge.subject}{which} on {charge.date} was entered already; look there"
        ) from error
    found = [
        (
            Violation(id=id_, **row),
            Event(id_, 1, doer.at, doer.account_id, "propose", "proposed", each.severity, None, why, each.detail),
        )
        for id_, row, each in zip(ids, rows, entries, strict=True)
    ]
    violations.append_all(connection, [event for _, event in found])
    return found


def _propose(
    office: Office, connection: Connection, doer: Doer, there: Sequence[Present], entries: Sequence[_Entry]
) -> Iterator[Matter]:
    """All of them, in order. What the same facts by the same rule give again after all is proposed anew."""
    taken = {_identity(each.row): each.row.id for each in reversed(there)}
    old = {at: taken[one] for at, each in enumerate(entries) if (one := _charged(each.charge)) in taken}
    again = iter(open_all(office, connection, list(old.values())))
    fresh = iter(_enter(connection, doer, [each for at, each in enumerate(entries) if at not in old]))
    for at, each in enumerate(entries):
        if at in old:
            detail = {"basis": each.plain_basis, **each.detail, "evidence": dict(each.charge.evidence)}
            yield record(
                told(next(again), doer, "propose", "proposed", severity=each.severity, why="found again", detail=detail)
            )
        else:
            row, event = next(fresh)
            yield Matter(office, connection, row, [event])


_One = tuple[str, str, str, str, int]


def _identity(row: Violation) -> _One:
    """By what the database would take it for the same one, on one platform and day."""
    return row.violation, row.version, row.trigger, row.subject_id, row.seq


def _charged(charge: Charge) -> _One:
    return charge.violation, charge.version.isoformat(), charge.trigger, charge.subject, charge.seq


def _key(each: Present) -> tuple[str, SubjectKind, str]:
    return each.row.violation, each.row.subject_kind, each.row.subject_id


def _ruled(office: Office, run: Run) -> Sequence[str]:
    """The violations that runs look for; a removal, say, is none."""
    judging = office.rules.get(run.platform)
    return tuple(judging.violations) if judging else ()


def _outdated(matter: Matter, entry: _Entry) -> bool:
    """Whether what is only proposed should give way to what a newer run found. The packs' digests alone are no reason."""
    evidence = json.loads(json.dumps(entry.charge.evidence))  # as the database gives it back
    before = (matter.severity, matter.row.trigger, matter.offer, _shown(matter.row.evidence))
    return before != (entry.severity, entry.charge.trigger, entry.offered, _shown(evidence))


def _shown(evidence: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without the digests of the packs, of which no word or number need be another."""
    shown = {key: value for key, value in evidence.items() if key not in ("pack", "figures")}
    return shown | ({"others": [_shown(each) for each in evidence["others"]]} if "others" in evidence else {})
