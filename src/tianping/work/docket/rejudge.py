"""What follows for others when a violation is taken back or eased: later ones that counted it are judged as if it had been so
all along, and a removal for points that are no longer reached falls.

Nobody is worse off for it: no effect grows, and what a person chose other than proposed stays while the severity does
(assumed).
"""

import datetime as dt
from collections.abc import Collection, Mapping
from typing import NamedTuple

from sqlalchemy import Connection

from tianping.assess.penalty import Offer, Standing, eased, offer
from tianping.assess.violation import Earlier, raised
from tianping.policy.judging import SEVERITIES, PointsVersion, Severity
from tianping.store import violations
from tianping.store.violations import CONFIRMED, State
from tianping.work.docket import points
from tianping.work.docket.history import Office
from tianping.work.docket.matter import Basis, Matter, deal_out, open_matter, record, told
from tianping.work.docket.proposing import propose_removal
from tianping.work.people.trail import Doer

LIVE: tuple[State, ...] = ("proposed", *CONFIRMED)
REMOVAL = "points_line"
"""The violation by which a shop's removal for its points is proposed."""


class _Now(NamedTuple):
    state: State
    severity: Severity


def follow(matter: Matter) -> None:
    """After a violation was taken back or eased, or took effect: what it means for later ones and for the shop's points."""
    rejudge_later(matter)
    follow_points(matter)


def rejudge_later(matter: Matter) -> None:
    """Judge again, by the clock, all later ones of the same kind and subject that counted this one, oldest first; and those
    that counted one of these whose severity changed by it."""
    now = _now(matter)
    changed: set[int | str] = {matter.row.id}
    for id_ in now:
        later = open_matter(matter.office, matter.connection, int(id_))
        basis = later.basis
        if later.state not in LIVE or basis is None or not changed & basis.ids:
            continue
        after = _rejudged(later, basis, now, matter)
        if after.severity != later.severity:
            now[id_] = _Now(after.state, after.severity)
            changed.add(id_)


def earlier_now(matter: Matter) -> list[Severity]:
    """The severities, as they stand, of what the amounts of a violation count and was not taken back."""
    basis = matter.basis
    return _severities(basis, _now(matter)) if basis else []


def follow_points(matter: Matter) -> None:
    """Propose the shop's removal where its points have reached the line; take a removal back whose points would never have."""
    rule, row = points.rule(matter.office.rules, matter.row.platform, matter.row.date), matter.row
    if rule is not None:
        weigh_points(matter.office, matter.connection, row.platform, row.shop_id, rule, matter.last.at, cause=matter.cause)


def weigh_points(
    office: Office,
    connection: Connection,
    platform: str,
    shop: str,
    rule: PointsVersion,
    at: dt.datetime,
    *,
    cause: str,
    falls: Collection[State] = LIVE,
) -> None:
    """The same inside a transaction that holds the shop. `falls`: the states from which a removal is taken back."""
    past, live = office.past(shop), False
    removals = violations.of_subject(connection, REMOVAL, "shop", shop, shop)
    for each in (each for each in removals if each.state in LIVE):
        reached = points.counted(connection, past, shop, each.row.at, days=rule.days, known_at=at)
        if reached >= rule.line or each.state not in falls:
            live = True
        else:
            why = f"the points at the time would have been {reached}: {cause}"
            _fall(open_matter(office, connection, each.row.id), at, why)
    total = points.counted(connection, past, shop, at, days=rule.days)
    if total >= rule.line and not live:
        evidence = {"points": total, "line": rule.line, "days": rule.days}
        propose_removal(
            connection, Doer(None, at), platform, shop, name=REMOVAL, since=rule.since, cause=cause, evidence=evidence
        )


def _fall(removal: Matter, at: dt.datetime, why: str) -> None:
    """By the clock: withdrawn, revoked or overturned, as far as it had come."""
    ends: Mapping[State, tuple[violations.Verb, State]] = {
        "proposed": ("withdraw", "withdrawn"), "in_force": ("revoke", "revoked"), "served": ("revoke", "revoked"),
        "appealed": ("overturn", "overturned"),
    }  # fmt: skip
    verb, state = ends[removal.state]
    deal_out(record(told(removal, Doer(None, at), verb, state, why=why)), ())


def _rejudged(later: Matter, basis: Basis, now: Mapping[int | str, _Now], cause: Matter) -> Matter:
    table, was = later.table, later.offer
    assert table is not None, "what rests on something rests on a table"
    repeats = sum(_counts(each, now) for each in basis.repeats)
    severity = raised(basis.base, repeats, basis.up_to) if basis.up_to else basis.base
    offered = offer(table, severity, _severities(basis, now))
    if was is None or offered is None or offered == was:
        return later
    clock, detail = Doer(None, cause.last.at), {"offer": offered.plain(), "cause": cause.row.id}
    standing = later.standing
    if standing is None:
        return record(told(later, clock, "rejudge", severity=offered.severity, why=_why(cause), detail=detail))
    after = _after(standing, offered, was)
    written = record(told(later, clock, "rejudge", standing=after, why=_why(cause), detail=detail))
    deal_out(written, after.deal)
    return written


def _after(standing: Standing, offered: Offer, was: Offer) -> Standing:
    """What a person made worse than proposed stays, and so does what is as mild already."""
    ranks = [SEVERITIES.index(each.severity) for each in (standing, offered, was)]
    return standing if ranks[0] > ranks[2] or ranks[1] > ranks[0] else eased(offered, standing)


def _now(matter: Matter) -> dict[int | str, _Now]:
    """All of the same kind and subject, oldest first, as they stand."""
    row = matter.row
    whole = violations.of_subject(matter.connection, row.violation, row.subject_kind, row.subject_id, row.shop_id)
    return {each.row.id: _Now(each.state, each.severity) for each in whole}


def _severities(basis: Basis, now: Mapping[int | str, _Now]) -> list[Severity]:
    return [now[each.id].severity if each.id in now else each.severity for each in basis.earlier if _counts(each, now)]


def _counts(each: Earlier, now: Mapping[int | str, _Now]) -> bool:
    """A measure from before this system always counts."""
    return each.id not in now or now[each.id].state in CONFIRMED


def _why(cause: Matter) -> str:
    return f"violation {cause.row.id}, which was counted here: {cause.last.verb}"
