"""What changed in a shop's score between two judged closes: item after item, then the rule."""

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tianping.assess import score as scoring
from tianping.assess.finding import Seen, Subject, Whole
from tianping.assess.split import Name, Split, of_score, total
from tianping.errors import NotFound, did_you_mean
from tianping.policy.judging import By, ScoreVersion
from tianping.policy.load import key_of
from tianping.policy.model import Pack
from tianping.store.closes import Close
from tianping.store.judgements import Judgement
from tianping.work.closing import closed
from tianping.work.closing.benchmark import Yardsticks, yardsticks
from tianping.work.closing.closed import Filter
from tianping.work.figures.explain import PackChanged
from tianping.work.home import Home
from tianping.work.judgement import judged

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ScoreChange:
    """A score of a shop at two judged closes. `points`: of every item before, and after by the old rule."""

    name: str
    shop: str
    versions: tuple[ScoreVersion, ScoreVersion]
    judged: tuple[Judgement, Judgement]
    points: tuple[Mapping[Name, Fraction | None], Mapping[Name, Fraction | None]]
    split: Split


def changed_score(home: Home, pack: Pack, name: str, shop: str, date: dt.date, before: dt.date) -> ScoreChange:
    """How a score, as measured, came from that of the close of `before` to that of `date`. Raises NotFound, PackChanged."""
    old, new = judged.find(home, before), judged.find(home, date)
    was, now = rows_of(home, old, pack, name, shop), rows_of(home, new, pack, name, shop)
    versions = _version(pack, name, was), _version(pack, name, now)
    points = _points(was)
    _require_same(old, versions[0], points, _total(was))
    after = _points(now) if versions[0] == versions[1] else _by_old_rule(home, pack, name, shop, new, versions[0])
    split = of_score(versions[0], points, after, _total(now))
    return ScoreChange(name, shop, versions, (old, new), (points, after), split)


def rows_of(home: Home, done: Judgement, pack: Pack, name: str, shop: str, track: str = "measured") -> Sequence[Row]:
    """The rows of one score of a shop; as measured where the adjusted track has no other. Raises NotFound."""
    if name not in pack.judging.scores:
        raise NotFound(f'no score "{name}" in the pack {pack.platform}: {did_you_mean(name, list(pack.judging.scores))}')
    wanted = {"platform": [pack.platform], "name": [name], "shop_id": [shop], "track": [track, "measured"]}
    found = judged.read(home, done, "scores", wanted)
    if not found:
        raise NotFound(f'the shop "{shop}" has no score "{name}" as of {done.date}; see `tianping scores`')
    kept = track if any(row["track"] == track for row in found) else "measured"
    return [row for row in found if row["track"] == kept]


def _version(pack: Pack, name: str, rows: Sequence[Row]) -> ScoreVersion:
    found = next((each for each in pack.judging.scores[name].versions if each.since.isoformat() == rows[0]["version"]), None)
    if found is None:
        raise PackChanged(
            f"the pack {pack.platform} has no version {rows[0]['version']} of {name} any more; close the days again"
        )
    return found


def _points(rows: Sequence[Row]) -> dict[Name, Fraction | None]:
    return {(row["group"], row["item"]): exact(row["points"]) for row in rows if row["part"] == "item"}


def _total(rows: Sequence[Row]) -> Fraction | None:
    return exact(next(row["points"] for row in rows if row["part"] == "total"))


def exact(said: str | None) -> Fraction | None:
    """A number of a judgement's files."""
    return None if said is None else Fraction(said)


def _require_same(
    done: Judgement, version: ScoreVersion, points: Mapping[Name, Fraction | None], said: Fraction | None
) -> None:
    """Raises PackChanged where the rule the day was judged by is not the pack's any more."""
    if total(version, points) != said:
        raise PackChanged(f"the pack's scores have changed since {done.date} was judged; close it again, then ask")


def _by_old_rule(
    home: Home, pack: Pack, name: str, shop: str, done: Judgement, version: ScoreVersion
) -> dict[Name, Fraction | None]:
    """The points of the new figures by the old rule."""
    found = closed.find(home, done.date, known_at=done.seq)
    figures = _Closed(home, found, yardsticks(home, found), pack.platform, _totals(home, done, pack.platform, shop))
    full = {key: each.out_of for key, score in pack.judging.scores.items() if (each := score.at(version.since))}
    made = scoring.score(name, version, Subject(pack.platform, shop), figures, full)
    return {(group.name, each.name): each.points for group in made.groups for each in group.items}


def _totals(home: Home, done: Judgement, platform: str, shop: str) -> Mapping[str, Fraction | None]:
    wanted = {"platform": [platform], "shop_id": [shop], "track": ["measured"], "part": ["total"]}
    return {row["name"]: exact(row["points"]) for row in judged.read(home, done, "scores", wanted)}


@dataclass(frozen=True, slots=True)
class _Closed:
    """`assess.finding.Figures` of one shop, each read from the close when it is asked for."""

    home: Home
    done: Close
    sticks: Yardsticks
    platform: str
    totals: Mapping[str, Fraction | None]

    def of(self, metric: str, by: By, subject: str, days: int) -> Seen | None:
        for row in self._read(metric, by, subject, days):
            return Seen(row["numerator"], row["denominator"], row["status"], row["why"])
        return None

    def benchmark(self, metric: str, against: By, subject: str, days: int) -> Whole | None:
        if not self.sticks.market:
            given = self.sticks.imported.get((self.platform, *key_of(metric), against, subject, days))
            return Whole(given.rate) if given else None
        for row in self._read(metric, against, subject, days):
            counts = row["numerator"], row["denominator"]
            return Whole(Fraction(*counts), *counts) if row["denominator"] else None
        return None

    def score(self, name: str, shop: str) -> Fraction | None:
        return self.totals.get(name)

    def _read(self, metric: str, by: By, subject: str, days: int) -> Iterator[Row]:
        return iter(closed.read(self.home, self.done, Filter(self.platform, *key_of(metric), by, subject, days)))


def reading_of(row: Row) -> Mapping[str, Any]:
    """What an item read."""
    said: Mapping[str, Any] = json.loads(row["reading"])
    return said
