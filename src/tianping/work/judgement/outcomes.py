"""What a pack's rules say of every subject at a close, as rows of the judgement's tables."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from tianping.assess import evidence
from tianping.assess.finding import Subject
from tianping.assess.right import held
from tianping.assess.score import Scored, ScoredItem, scores
from tianping.assess.trigger import reading_of
from tianping.assess.violation import Found, find
from tianping.assess.warning import near
from tianping.assess.worklist import worklist
from tianping.policy.judging import SubjectKind, ViolationVersion
from tianping.work.closing.benchmark import rounded
from tianping.work.judgement.bench import Bench
from tianping.work.judgement.easing import clears
from tianping.work.judgement.grounds import read_by_formula
from tianping.work.judgement.judged import as_json

Row = dict[str, Any]
Read = Mapping[str, Mapping[Subject, Mapping[str, Any]]]
"""By trigger and subject: what its formula read of the row."""


def of_scores(bench: Bench) -> Iterator[Row]:
    """Every score of every shop, as measured, and as adjusted where that differs in some figure; fills `bench.points`."""
    versions = {name: each for name, score in bench.pack.judging.scores.items() if (each := score.at(bench.date))}
    touched = bench.touched if versions else frozenset()
    for shop in bench.shops if versions else ():
        made = scores(versions, shop, bench.measured)
        yield from (row for each in made.values() for row in _score(shop, "measured", each))
        if shop.shop in touched:
            made = scores(versions, shop, bench.scored)
            yield from (row for each in made.values() for row in _score(shop, "adjusted", each))
        bench.points.update({(name, shop.shop): each.total for name, each in made.items()})


def _score(shop: Subject, track: str, scored: Scored) -> Iterator[Row]:
    head = {
        "platform": shop.platform, "name": scored.name, "version": scored.version.since.isoformat(), "shop_id": shop.shop,
        "track": track, "out_of": str(scored.version.out_of),
    }  # fmt: skip
    grade = scored.grade.label.zh if scored.grade else ""
    yield {**head, "part": "total", **_points(scored.total, Fraction(1)), "grade": grade, "why": scored.why}
    for group in scored.groups:
        yield {**head, "part": "group", "group": group.name, **_points(group.points, group.share)}
        yield from ({**head, "part": "item", "group": group.name, **_item(each)} for each in group.items)


def _points(points: Fraction | None, share: Fraction) -> Row:
    value = None if points is None else rounded(points)
    return {"points": evidence.fraction(points), "value": value, "share": str(share)}


def _item(each: ScoredItem) -> Row:
    read = evidence.taken(each.item, each.taken) | ({"cap": evidence.findings(each.cap)} if each.cap else {})
    return {
        "item": each.name,
        **_points(each.points, each.share),
        "capped": each.capped,
        "why": each.why,
        "reading": as_json(read),
    }


def of_rights(bench: Bench) -> Iterator[Row]:
    """Every right: of all shops; of products those that are withdrawn."""
    for name, right in bench.pack.judging.rights.items():
        version = right.at(bench.date)
        for whom in _subjects(bench, version.subject) if version else ():
            assert version is not None
            found = held(version, whom, bench.scored)
            if version.subject == "shop" or not found.holds:
                said = as_json(evidence.findings(found.broken)) if not found.holds else ""
                yield {**_whom(name, version.since.isoformat(), version.subject, whom), "held": found.holds, "findings": said}


class Charged(NamedTuple):
    """A violation that the figures show, before history has its say, with the rule that says so and its evidence."""

    version: ViolationVersion
    found: Found
    evidence: Row


def charged(bench: Bench) -> Iterator[Charged]:
    """The violations of one pack."""
    for name, version in _violations(bench):
        read = {
            trigger.name: read_by_formula(bench.con, bench.pack, trigger.rows)
            for trigger in version.triggers
            if trigger.rows and trigger.cadence.due(bench.date)
        }
        rows = {trigger: list(each) for trigger, each in read.items()}
        for each in find(name, version, bench.date, _subjects(bench, version.subject), bench.weighed, rows):
            yield Charged(version, each, proved(each, bench, read))


def of_found(each: Charged) -> Row:
    """As a row."""
    found = each.found
    return {
        **_whom(found.violation, each.version.since.isoformat(), found.kind, found.subject),
        "trigger": found.trigger.name, "severity": found.severity, "table": found.table, "records": found.records,
        "immediate": found.immediate, "needs_person": found.needs_person, "evidence": as_json(each.evidence),
    }  # fmt: skip


def _violations(bench: Bench) -> Iterator[tuple[str, ViolationVersion]]:
    for name, violation in bench.pack.judging.violations.items():
        version = violation.at(bench.date)
        if version is not None:
            yield name, version


def proved(each: Found, bench: Bench, read: Read) -> Row:
    """The evidence of a violation, frozen with it: figures, fractions, benchmark, chance, what a formula read of its row, and
    what the other triggers found."""
    verdict = each.verdict
    tail, reached = each.trigger.tail, verdict.reached
    steps = each.trigger.steps or tail
    data: Row = {
        "subject": evidence.subject(each.subject),
        "trigger": each.trigger.name,
        "clause": [str(source) for source in each.trigger.source],
        "pack": bench.pack.judging_digest,
        "figures": bench.pack.digest,
        "gates": evidence.findings(verdict.gates),
        "reached": {
            "severity": reached.severity, "line": evidence.fraction(reached.line),
            **({"reading": evidence.taken(steps, reached.taken)} if steps and reached.taken else {}),
            **({"tail": {**reached.behind._asdict(), "share": str(tail.share)}} if tail and reached.behind else {}),
        },
        "severity": each.severity,
        "needs_person": each.why,
    }  # fmt: skip
    if verdict.shift and each.trigger.shift:
        data["shift"] = evidence.taken(each.trigger.shift, verdict.shift)
    if each.trigger.rows:
        data["row"] = dict(read[each.trigger.name][each.subject])
    if each.crossing:
        data["chance"] = _chance(each)
    if each.others:
        data["others"] = [proved(other, bench, read) for other in each.others]
    return data


def _chance(each: Found) -> Row:
    beside = each.crossing
    assert beside is not None
    return {
        "interval": [float(bound) for bound in beside.interval], "counts": list(beside.span),
        "benchmark": evidence.fraction(beside.benchmark), "chance": beside.chance,
    }  # fmt: skip


def of_warnings(bench: Bench) -> Iterator[Row]:
    """Who is near a line, before any violation; with the day from which on that is less, if nothing comes."""
    warned = [
        (name, version, each)
        for name, version in _violations(bench)
        for each in near(name, version, bench.date, _subjects(bench, version.subject), bench.weighed)
    ]
    warn_from = {name: version.warn_from for name, version, _ in warned if version.warn_from is not None}
    clear = clears(bench, [each for _, _, each in warned], warn_from)
    for name, version, each in warned:
        reading = reading_of(each.trigger)
        assert reading is not None  # a warning turns on a figure
        said = {**evidence.taken(reading, each.taken), "failing": each.failing, "due": each.due.isoformat()}
        head = _whom(name, version.since.isoformat(), version.subject, each.subject)
        share = {"near": float(each.share), "more": each.more, "clear": clear.get(id(each))}
        yield {**head, "trigger": each.trigger.name, **share, "evidence": as_json(said)}


def of_worklists(bench: Bench) -> Iterator[Row]:
    """What a person should look at first."""
    for name, version in _violations(bench):
        for trigger in version.triggers:
            if trigger.worklist and trigger.cadence.due(bench.date):
                listed = worklist(trigger, _subjects(bench, version.subject), bench.weighed)
                for rank, each in enumerate(listed, start=1):
                    head = _whom(name, version.since.isoformat(), version.subject, each.subject)
                    read = as_json(evidence.taken(trigger.worklist, each.taken))
                    yield {**head, "trigger": trigger.name, "rank": rank, "reading": read}


def _subjects(bench: Bench, kind: SubjectKind) -> Sequence[Subject]:
    """All of a kind; videos have no figures, only rows."""
    return {"shop": bench.shops, "product": bench.products, "video": ()}[kind]


def _whom(name: str, version: str, kind: SubjectKind, subject: Subject) -> Row:
    return {
        "platform": subject.platform, "name": name, "version": version, "subject_kind": kind,
        "subject_id": subject.product or subject.shop, "shop_id": subject.shop,
    }  # fmt: skip
