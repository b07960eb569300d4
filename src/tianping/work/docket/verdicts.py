"""What judgement says of a shop, as people read it: scores, rights, level, warnings, points, deposit, measures in force.

Scores, rights and levels are read from the files of a judged close, measures from the database.
"""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import groupby
from typing import Any, NamedTuple

from tianping.assess import evidence
from tianping.assess.finding import Seen, Subject, Whole, weigh
from tianping.facts.versions import newest
from tianping.policy.judging import By, Item, Level, LevelsVersion, RightVersion, ScoreVersion
from tianping.policy.model import Pack
from tianping.policy.words import Words
from tianping.store import docket, effects, violations
from tianping.store.docket import Counts, Wanted
from tianping.store.effects import Effect
from tianping.store.judgements import Judgement
from tianping.store.violations import Violation
from tianping.work.docket import charging, points
from tianping.work.docket.deposits import Told, told
from tianping.work.docket.history import Office, Past
from tianping.work.docket.points import Deposit
from tianping.work.figures import boards
from tianping.work.figures.boards import Look
from tianping.work.home import Home, facts
from tianping.work.judgement import judged
from tianping.work.judgement.watch import Warned, done_of, itself, warnings

Row = dict[str, Any]
Json = Mapping[str, Any]


# Who judges


class Known(NamedTuple):
    """What the facts know of measures and money from before this system: by shop."""

    past: Mapping[str, Sequence[Past]]
    deposits: Mapping[str, Told]


@lru_cache(maxsize=4)
def _known(home: Home, seq: int) -> Known:
    """Of the shops that have any. As of the version `seq`: reading them takes as long as opening the facts."""
    con, _ = facts(home, known_at=seq)
    with con:
        before = charging.office(home, {}, con).past
        shops = con.execute("select shop_id from facts.shops").fetchall()
        deposits = told(home, con, seq)
    return Known({str(shop): found for (shop,) in shops if (found := before(str(shop)))}, deposits)


def office(home: Home, packs: Mapping[str, Pack]) -> Office:
    """Who judges, with the rules of all packs and what was before."""
    past = _known(home, newest(home.versions())).past
    return Office(home.database, {name: pack.judging for name, pack in packs.items()}, lambda shop: past.get(shop, ()))


# A shop


class ScoredItem(NamedTuple):
    """An item of a score, as it was judged; `item` None where the pack has it no more. `reading` is JSON of assess.evidence."""

    name: str
    item: Item | None
    points: Fraction | None
    share: Fraction
    capped: bool
    why: str
    reading: Json


class ScoredGroup(NamedTuple):
    name: str
    label: Words | None
    points: Fraction | None
    share: Fraction
    items: Sequence[ScoredItem]


class ScoreSheet(NamedTuple):
    """A score with all that it was made of, on one track."""

    name: str
    label: Words
    version: ScoreVersion | None
    points: Fraction | None
    out_of: Fraction
    why: str
    grade: Words | None
    groups: Sequence[ScoredGroup]


class ScoreOf(NamedTuple):
    """A score as measured, and as adjusted where that is another."""

    measured: ScoreSheet
    adjusted: ScoreSheet | None


class RightOf(NamedTuple):
    """A right, held or withdrawn, and by which conditions (JSON). `subject`: the shop, or a product."""

    name: str
    label: Words
    version: RightVersion | None
    subject: str
    held: bool
    findings: Sequence[Json]


class LevelOf(NamedTuple):
    """Where a shop stands: the row of the judgement, what the pack says of its level and of the next. `missing`: the conditions
    of the way up that do not hold today (JSON), None at the top."""

    row: Row
    version: LevelsVersion
    level: Level
    next: Level | None
    missing: Sequence[Json] | None
    uses: Sequence[Json]


class InForce(NamedTuple):
    """A violation whose penalty is at work, and the effects that are; points apart."""

    row: Violation
    effects: Sequence[Effect]


class PointsOf(NamedTuple):
    """Points that count now, and from how many on a removal is proposed."""

    held: int
    line: int | None
    days: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """All that judgement says of one shop. `counts`: its measures by state."""

    done: Judgement
    scores: Sequence[ScoreOf]
    rights: Sequence[RightOf]
    products: Sequence[RightOf]
    level: LevelOf | None
    warnings: Sequence[Warned]
    measures: Sequence[InForce]
    counts: Counts
    points: PointsOf | None
    deposit: Deposit | None


def of_shop(look: Look, platform: str, shop: str, *, at: dt.datetime) -> Verdict | None:
    """What judgement says of a shop at the close that `look` is about, measures as of `at`; None where it was not judged.
    Raises NotFound out of reach."""
    look.reach.require(shop)
    done, pack = done_of(look.home, look.done.date), boards.pack_of(look.packs, platform)
    if done is None:
        return None
    given = {"platform": [platform], "shop_id": [shop]}
    rights = [_right(pack, row) for row in judged.read(look.home, done, "rights", given)]
    levels = judged.read(look.home, done, "levels", given)
    judging = pack.judging
    return Verdict(
        done=done,
        scores=_scores(pack, judged.read(look.home, done, "scores", given)),
        rights=[each for each in rights if each.subject == shop],
        products=[each for each in rights if each.subject != shop],
        level=_level(look, pack, levels[0]) if levels else None,
        warnings=warnings(look, look.reach, shop=shop, limit=100).listed,
        measures=in_force(look, shop, at),
        counts=_counts(look.home, platform, shop),
        points=_points(look, platform, shop, at) if judging.points or judging.penalties else None,
        deposit=_deposit(look.home, shop, at),
    )


def in_force(look: Look, shop: str, at: dt.datetime) -> list[InForce]:
    """What penalties do to a shop at a time, newest first."""
    with look.home.database.connect() as connection:
        every = [each for each in effects.in_force(connection, shop, at) if each.kind != "points"]
        found = []
        for id_, some in groupby(
            sorted(every, key=lambda each: (-each.violation_id, each.id)), key=lambda each: each.violation_id
        ):
            row = violations.get(connection, id_)
            found += [InForce(row, list(some))] if row else []
    return found


def _counts(home: Home, platform: str, shop: str) -> Counts:
    with home.database.connect() as connection:
        return docket.counts(connection, Wanted(platform=platform, shop=shop))


def _points(look: Look, platform: str, shop: str, at: dt.datetime) -> PointsOf:
    who = office(look.home, look.packs)
    rule = points.rule(who.rules, platform, at.date())
    return PointsOf(points.points_of(who, platform, shop, at), rule.line if rule else None, points.days_of(rule))


def _deposit(home: Home, shop: str, at: dt.datetime) -> Deposit | None:
    """None where the facts know of none."""
    held = _known(home, newest(home.versions())).deposits.get(shop)
    if held is None:
        return None
    with home.database.connect() as connection:
        return points.deposit_of(connection, shop, held, at)


def _scores(pack: Pack, rows: Sequence[Row]) -> list[ScoreOf]:
    """In the order of the pack, those that the pack has no more last."""
    sheets = {key: _sheet(pack, list(some)) for key, some in groupby(rows, key=lambda row: (row["name"], row["track"]))}
    order = [*pack.judging.scores, *sorted({name for name, _ in sheets} - set(pack.judging.scores))]
    found = ((sheets[name, "measured"], sheets.get((name, "adjusted"))) for name in order if (name, "measured") in sheets)
    return [ScoreOf(one, other if other and other != one else None) for one, other in found]


def _sheet(pack: Pack, rows: Sequence[Row]) -> ScoreSheet:
    total = next(row for row in rows if row["part"] == "total")
    score = pack.judging.scores.get(total["name"])
    version = next((each for each in score.versions if each.since.isoformat() == total["version"]), None) if score else None
    grades = (each.label for each in version.grades if each.label.zh == total["grade"]) if version else iter(())
    return ScoreSheet(
        name=total["name"],
        label=score.label if score else itself(total["name"]),
        version=version,
        points=fraction(total["points"]),
        out_of=Fraction(total["out_of"]),
        why=total["why"] or "",
        grade=next(grades, itself(total["grade"]) if total["grade"] else None),
        groups=[_group(version, row, rows) for row in rows if row["part"] == "group"],
    )


def _group(version: ScoreVersion | None, group: Row, rows: Sequence[Row]) -> ScoredGroup:
    known = version.groups.get(group["group"]) if version else None
    items = [
        ScoredItem(
            row["item"], known.items.get(row["item"]) if known else None, fraction(row["points"]), Fraction(row["share"]),
            bool(row["capped"]), row["why"] or "", json.loads(row["reading"]),
        )
        for row in rows
        if row["part"] == "item" and row["group"] == group["group"]
    ]  # fmt: skip
    label = known.label if known else None
    return ScoredGroup(group["group"], label, fraction(group["points"]), Fraction(group["share"]), items)


def _right(pack: Pack, row: Row) -> RightOf:
    right = pack.judging.rights.get(row["name"])
    version = next((each for each in right.versions if each.since.isoformat() == row["version"]), None) if right else None
    label = right.label if right else itself(row["name"])
    return RightOf(row["name"], label, version, row["subject_id"], row["held"], json.loads(row["findings"] or "[]"))


def _level(look: Look, pack: Pack, row: Row) -> LevelOf | None:
    levels = pack.judging.levels
    version = next((each for each in levels.versions if each.since.isoformat() == row["version"]), None) if levels else None
    if version is None or row["level"] not in version.levels:
        return None
    names = list(version.levels)
    above = names[names.index(row["level"]) + 1 :]
    missing = _missing(look, pack, version, row) if above else None
    level = version.levels[row["level"]]
    return LevelOf(row, version, level, version.levels[above[0]] if above else None, missing, json.loads(row["uses"]))


class _Figures(NamedTuple):
    """One shop's figures of a close; benchmarks as the pages show them."""

    seen: Mapping[tuple[str, int], tuple[Seen, Fraction | None]]

    def of(self, metric: str, by: By, subject: str, days: int) -> Seen | None:
        del by, subject
        found = self.seen.get((metric, days))
        return found[0] if found else None

    def benchmark(self, metric: str, against: By, subject: str, days: int) -> Whole | None:
        del against, subject
        rate = self.seen[metric, days][1] if (metric, days) in self.seen else None
        return Whole(rate) if rate is not None else None

    def score(self, name: str, shop: str) -> Fraction | None:
        del name, shop
        return None


def _missing(look: Look, pack: Pack, version: LevelsVersion, row: Row) -> list[Json]:
    """What of the way up does not hold today, or cannot be said. Evaluated or not: a shop that is not due yet wants to know."""
    shop = row["shop_id"]
    found = boards.of_shop(look, pack.platform, shop)
    seen = {("/".join(filter(None, each.key)), each.days): (_seen(each.figure), each.benchmark) for each in found}
    values = version.levels[row["level"]].values
    weighed = (weigh(each, Subject(pack.platform, shop), _Figures(seen), values) for each in version.up)
    return [evidence.finding(each) for each in weighed if not each.holds]


def _seen(figure: Mapping[str, object]) -> Seen:
    counts = [int(str(figure[name])) for name in ("numerator", "denominator")]
    return Seen(counts[0], counts[1], str(figure["status"]), str(figure["why"]))


def fraction(text: str | None) -> Fraction | None:
    """`41/1277` as judgement wrote it."""
    return None if text is None else Fraction(text)
