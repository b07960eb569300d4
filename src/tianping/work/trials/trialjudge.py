"""What a pack's rules say of figures by hand, or of rows: judgement without a home, for the packs' own sentences.

The rules go through the same functions as at a close; only the store is left out. Figures given hold over whatever days are
asked for.
"""

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple, cast

import duckdb

from tianping.assess.finding import Seen, Subject, Whole
from tianping.assess.level import begin, step
from tianping.assess.penalty import Deal, Dealt, offer
from tianping.assess.right import held
from tianping.assess.score import Scored, scores
from tianping.assess.violation import Earlier, Found, find, raised, settle, table_of
from tianping.metrics.figure import Figure
from tianping.policy.judging import By, Severity, SubjectKind, ViolationVersion
from tianping.policy.model import Case, Pack
from tianping.policy.reads import reads
from tianping.work.judgement.grounds import by_formula, products
from tianping.work.judgement.openings import openings
from tianping.work.trials import trial

SHOP = "S1"
"""Whose a thing is where nothing else is said."""
_COUNTS = re.compile(r"(-?\d+)/(\d+)(?: of (\d+) shops)?")
_SILENT = ("incomplete", "no_data", "immature")
_PLAIN = frozenset({"shops", "products"})
"""Tables that say who there is; the others make figures."""


class Key(NamedTuple):
    """What a line of a case is about: `quality_anomaly by product P1`; the shop S1 by default."""

    name: str
    by: str = "shop"
    subject: str = SHOP

    @classmethod
    def of(cls, text: str) -> "Key":
        name, _, whose = text.partition(" by ")
        by, _, subject = whose.partition(" ")
        return cls(name, by, subject) if whose else cls(name)


class Given(NamedTuple):
    """A figure given, and of how many shops its benchmark is."""

    seen: Seen
    shops: int | None = None


def given(text: str) -> Given | Fraction | None:
    """A figure, points, or None for what is neither."""
    found = _COUNTS.fullmatch(text.strip())
    if found:
        return Given(Seen(int(found[1]), int(found[2])), int(found[3]) if found[3] else None)
    if text.strip() in _SILENT:
        return Given(Seen(0, 0, text.strip()))
    return points(text)


def points(text: str) -> Fraction | None:
    """`4.25`, `13/3`; None for what is no number."""
    try:
        return Fraction(text.strip())
    except (ValueError, ZeroDivisionError):
        return None


@dataclass(frozen=True)
class Court:
    """A case's figures, subjects and history, before the rules. Implements `Figures` and `History`."""

    pack: Pack
    case: Case
    con: duckdb.DuckDBPyConnection
    counted: Mapping[tuple[str, str, str, int], Seen] = field(default_factory=dict)

    @cached_property
    def told(self) -> Mapping[Key, Given]:
        return {Key.of(name): each for name, text in self.case.given.items() if isinstance(each := given(text), Given)}

    @cached_property
    def scored(self) -> Mapping[str, Scored]:
        """The scores in force, of S1."""
        rules = self.pack.judging.scores
        versions = {name: version for name, score in rules.items() if (version := score.at(self.case.date))}
        return scores(versions, self.shop, self)

    @property
    def shop(self) -> Subject:
        return Subject(self.pack.platform, SHOP)

    def of(self, metric: str, by: By, subject: str, days: int) -> Seen | None:
        told = self.told.get(Key(metric, by, subject))
        return told.seen if told else self.counted.get((metric, by, subject, days))

    def benchmark(self, metric: str, against: By, subject: str, days: int) -> Whole | None:
        told, seen = self.told.get(Key(metric, against, subject)), self.of(metric, against, subject, days)
        if seen is None or not seen.denominator:
            return None
        counted = sum((name, by, over) == (metric, "shop", days) and bool(each.denominator)
                      for (name, by, _, over), each in self.counted.items())  # fmt: skip
        shops = told.shops if told else counted
        return Whole(Fraction(seen.numerator, seen.denominator), seen.numerator, seen.denominator, shops)

    def score(self, name: str, shop: str) -> Fraction | None:
        said = self.case.given.get(f"score {name}")
        return points(said) if said is not None else self.scored[name].total if name in self.scored else None

    def confirmed(
        self, violation: str, kind: SubjectKind, subject: str, shop: str, first: dt.date, last: dt.date
    ) -> Sequence[Earlier]:
        del shop
        known = [each for key, each in self._earlier() if key == Key(violation, kind, subject)]
        return sorted((each for each in known if first <= each.date <= last), key=lambda each: each.date)

    def last_found(
        self, violation: str, kind: SubjectKind, subject: str, shop: str, before: dt.date, *, records: bool
    ) -> dt.date | None:
        del records
        last = self.confirmed(violation, kind, subject, shop, dt.date.min, before - dt.timedelta(days=1))
        return last[-1].date if last else None

    def _earlier(self) -> Iterator[tuple[Key, Earlier]]:
        for name, several in self.case.earlier.items():
            for each in several:
                day, _, severity = each.partition(" ")
                yield Key.of(name), Earlier("earlier", cast(Severity, severity), dt.date.fromisoformat(day))

    def subject(self, key: Key) -> Subject:
        if key.by == "shop":
            return Subject(self.pack.platform, key.subject)
        known = next((each for each in self.products if each.product == key.subject), None)
        return known or Subject(self.pack.platform, SHOP, key.subject)

    @cached_property
    def products(self) -> Sequence[Subject]:
        """The products that have figures."""
        named = {Key(name, by, subject) for name, by, subject, _ in self.counted} | set(self.told)
        seen = {(key.name, cast(By, key.by), key.subject, 0): Seen(1, 1) for key in named if key.by == "product"}
        return products(self.con, self.pack.platform, seen)

    @cached_property
    def shops(self) -> Sequence[Subject]:
        """S1, and those that have figures."""
        named = {subject for _, by, subject, _ in self.counted if by == "shop"}
        named |= {key.subject for key in self.told if key.by == "shop"} | {SHOP}
        return [Subject(self.pack.platform, shop) for shop in sorted(named)]


@contextmanager
def court(pack: Pack, case: Case) -> Iterator[Court]:
    """Everything laid out, as long as it lasts. Raises as `trial.load` does for rows that cannot be read."""
    facts = {name: [dict(row) for row in rows or ()] for name, rows in case.facts.items()}
    named = [Key.of(name) for part in (case.given, case.violations, case.penalties, case.rights) for name in part]
    listed = {str(row.get("product_id")) for row in facts.get("products", ())}
    for product in sorted({key.subject for key in named if key.by == "product"} - listed):
        facts.setdefault("products", []).append({"product_id": product, "shop_id": SHOP})
    counted = dict(_counted(pack, case))
    facts["shops"] = _with_shop(facts.get("shops", []))
    with trial.laid(facts, date=case.date, platform=pack.platform) as con:
        yield Court(pack, case, con, counted)


def _with_shop(shops: list[dict[str, object]]) -> list[dict[str, object]]:
    return shops if any(str(row.get("shop_id")) == SHOP for row in shops) else [*shops, {"shop_id": SHOP}]


def _counted(pack: Pack, case: Case) -> Iterator[tuple[tuple[str, str, str, int], Seen]]:
    """The figures that rules read, from the rows."""
    if not set(case.facts) - _PLAIN:
        return
    asked = reads(pack.judging, case.date)
    for each in trial.figures(case.facts, date=case.date, days=sorted({one.days for one in asked}), pack=pack):
        yield (_named(each), each.by, each.subject, each.days), Seen(each.numerator, each.denominator, each.status, each.why)


def _named(figure: Figure) -> str:
    return figure.metric + (f"/{figure.variant}" if figure.variant else "")


# What the rules say, as the sentences write it


def score_of(at: Court, name: str) -> str:
    """`4.25`, or a fraction where no decimal is exact; `none`."""
    total = at.scored[name].total if name in at.scored else None
    return "none" if total is None else decimal(total)


def decimal(each: Fraction) -> str:
    """Exactly: `4.25`, `13/3`."""
    for places in range(12):
        if (each * 10**places).denominator == 1:
            return f"{float(each):.{places}f}"
    return str(each)


def right_of(at: Court, key: Key) -> str:
    version = at.pack.judging.rights[key.name].at(at.case.date)
    return "held" if version is None or held(version, at.subject(key), at).holds else "withdrawn"


def level_of(at: Court, shop: str) -> str:
    """`lv2 up`: the level after T, and what happened."""
    levels = at.pack.judging.levels
    assert levels is not None, "the names were checked"
    known = openings(at.con, at.pack.platform)
    before = begin(levels, at.case.date, *known.get(shop, (None, "", None)))
    if before is None:
        return "none"
    done = step(levels, before, at.case.date, Subject(at.pack.platform, shop), at)
    return f"{done.standing.level} {done.happened}"


def violation_of(at: Court, key: Key) -> str:
    """`serious`, `minor recorded`, `none`."""
    found = _found(at, key)
    return "none" if found is None else found.severity + " recorded" * found.records


def penalty_of(at: Court, key: Key) -> str:
    """`exam, ban 3, ¥300, 5 points`, or `none`."""
    version = at.pack.judging.violations[key.name].at(at.case.date)
    severity = _severity(at, version, key)
    table = table_of(version, at.subject(key)) if version and severity else None
    ruled = at.pack.judging.penalties.get(table or "")
    penalty = ruled.at(at.case.date) if ruled else None
    if penalty is None or severity is None:
        return "none"
    first = at.case.date - dt.timedelta(days=penalty.count_days)
    earlier = [each.severity for each in at.confirmed(*_whose(key), first, at.case.date - dt.timedelta(days=1))]
    offered = offer(penalty, severity, earlier, sales_fen=0)
    return deal_in_words(offered.options[0]) if offered else "none"


def deal_in_words(deal: Deal) -> str:
    return ", ".join(map(_dealt_in_words, deal)) or "none"


def _dealt_in_words(each: Dealt) -> str:
    if each.kind == "money":
        assert each.amount is not None
        return f"¥{decimal(Fraction(each.amount, 100))}"
    if each.kind == "points":
        return f"{each.amount} points"
    more = " for ever" if each.for_ever else f" {each.amount}" if each.amount is not None else ""
    return (f"{each.kind} {each.right}" if each.right else each.kind) + more


def _severity(at: Court, version: ViolationVersion | None, key: Key) -> Severity | None:
    """As a person entered it, raised by its repeats; else as found, and to be punished."""
    entered = {Key.of(name): severity for name, severity in at.case.entered.items()}.get(key)
    if entered is None or version is None:
        found = _found(at, key)
        return None if found is None or found.records else found.severity
    if version.repeats is None:
        return entered
    first, last = at.case.date - dt.timedelta(days=version.repeats.days), at.case.date - dt.timedelta(days=1)
    return raised(entered, len(at.confirmed(*_whose(key), first, last)), version.repeats.up_to)


def _found(at: Court, key: Key) -> Found | None:
    version = at.pack.judging.violations[key.name].at(at.case.date)
    if version is None:
        return None
    rows = {
        trigger.name: by_formula(at.con, at.pack, trigger.rows, covered=False)
        for trigger in version.triggers
        if trigger.rows and trigger.cadence.due(at.case.date)
    }
    subjects = {"shop": at.shops, "product": at.products, "video": ()}[version.subject]
    each = (one for one in find(key.name, version, at.case.date, subjects, at, rows) if one.id == key.subject)
    found = next(each, None)
    return settle(found, version, at) if found else None


def _whose(key: Key) -> tuple[str, SubjectKind, str, str]:
    return key.name, cast(SubjectKind, key.by), key.subject, SHOP
