"""What the tracks of judgement leave out of the figures as measured (KS-S07, KS-S08, reading rule 13): rows that an approved
exemption names, cases of won appeals, and cases that the platform opened.

Metrics on which the same exemptions act are a *lot*: they are counted together.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import duckdb

from tianping.facts.views import VIEWS
from tianping.metrics.compile import Definition, Side, Tally, Views
from tianping.metrics.lessened import Mark, Marked, lessen, marked_rows
from tianping.periods import Window
from tianping.work.judgement.exempt import Exemption, approved, exempt_sql, keep_days, scopes_on

Track = Literal["scores", "violations"]
"""Scores leave out what is exempt and won appeals; violations also the cases that the platform opened."""
EXEMPT, WON, OPENED = "exemption", "won_appeal", "opened_by_platform"
"""The rules that leave rows out, as a proof names them."""

_BY_PLATFORM = "select {} from dated.cases where opened_by = 'platform'"
_WON = Mark(
    "won_appeal",
    WON,
    "overturned_at is not null and coalesce(liability in ('seller', 'both'), false)",
    frozenset({"overturned_at", "liability"}),
)
_OPENED = Mark("opened_by_platform", OPENED, "coalesce(opened_by = 'platform', false)", frozenset({"opened_by"}))
_FIRST_OPENED = Mark(
    "first_opened_by_platform",
    OPENED,
    f"coalesce(first_refund_id in ({_BY_PLATFORM.format('case_id')}), false)",
    frozenset({"first_refund_id"}),
)
_FIRST_REFUND = frozenset({"first_refund_id", "first_refund_at", "first_refund_kind", "first_refund_reason"})
HINTS: Mapping[Mark, str] = {
    _WON: _WON.sql, _OPENED: _OPENED.sql, _FIRST_OPENED: f"order_id in ({_BY_PLATFORM.format('order_id')})"
}  # fmt: skip
"""By mark of a case, what holds of every row so marked, over the view's own columns: so few rows are joined with anything."""


@dataclass(frozen=True, slots=True)
class Lot:
    """Metrics on which the same exemptions act. `sides`: by the metric's place, each side with the marks it heeds."""

    number: int
    exemptions: tuple[Exemption, ...]
    sides: Mapping[int, tuple[tuple[Side, tuple[Mark, ...]], ...]]

    def views(self, shops: str = "true", *, plain: bool = False) -> Views:
        """The views with their marks; `shops`, a condition over `shop_id`: only the rows of these; `plain`: for who counts what
        is marked, and folds nothing."""
        marks: dict[str, dict[Mark, None]] = {}
        for side, heeded in (each for sides in self.sides.values() for each in sides):
            marks.setdefault(side.tally.view, {}).update(dict.fromkeys(heeded))
        return {name: Marked(VIEWS[name], tuple(made), shops, plain) for name, made in marks.items()}

    def lessened(self, metric: int) -> tuple[Side, ...]:
        """The sides of a metric without the rows that are marked."""
        return tuple(lessen(side, marks) for side, marks in self.sides[metric])

    def lost(self, metric: int) -> tuple[Side, ...]:
        """What the sides of a metric count in the rows that are marked, and nothing else: of sums, what they lose."""
        return tuple(_only(side, marks) for side, marks in self.sides[metric] if marks)

    def marked(self, metric: int) -> tuple[Side, ...]:
        """What counts the rows that are marked."""
        return tuple(marked_rows(side.tally, marks) for side, marks in self.sides[metric] if marks)


def _only(side: Side, marks: Sequence[Mark]) -> Side:
    columns = [mark.column for mark in marks]
    rules = (("unmarked", f"not ({' or '.join(columns)})"), *side.tally.rules)
    return replace(side, tally=replace(side.tally, rules=rules, columns=side.tally.columns | set(columns)))


def lots(con: duckdb.DuckDBPyConnection, defined: Sequence[Definition], date: dt.date, track: Track) -> list[Lot]:
    """What the track leaves out of each definition, by schemas `facts` and `dated`; definitions of which it leaves out nothing
    are in no lot. Replaces the temp table of the days exempt, which the marks read."""
    spans = [Window(days, side.tally.lag).at(date) for each in defined for days in each.days for side in each.sides]
    if not spans:
        return []
    first, last = min(span.first for span in spans), max(span.last for span in spans)
    exemptions = [each for each in approved(con) if each.first <= last and each.last >= first]
    alike: dict[tuple[Exemption, ...], list[int]] = {}
    for index, each in enumerate(defined):
        alike.setdefault(tuple(one for one in exemptions if one.acts_on(each)), []).append(index)
    keep_days(con, list(alike), first, last)
    marker = _Marker(_days_of(defined), *_cases(con, track))
    found = [
        Lot(number, acting, dict(_sides(marker, number, acting, defined, members)))
        for number, (acting, members) in enumerate(alike.items())
    ]
    return [lot for lot in found if lot.sides]


def without(con: duckdb.DuckDBPyConnection, definition: Definition, date: dt.date, track: Track) -> tuple[Definition, Views]:
    """The definition as the track reads it, and the views it stands on: for a proof, on the same connection."""
    for lot in lots(con, [definition], date, track):
        return replace(definition, sides=lot.lessened(0)), lot.views()
    return definition, VIEWS


def _days_of(defined: Sequence[Definition]) -> dict[str, int]:
    """A number for each event day."""
    return {day: number for number, day in enumerate(sorted({side.tally.day for each in defined for side in each.sides}), 1)}


def _cases(con: duckdb.DuckDBPyConnection, track: Track) -> tuple[bool, bool]:
    """Whether there are any cases overturned, and any to leave out that the platform opened."""
    found = con.sql(
        "select coalesce(bool_or(overturned_at is not null), false), coalesce(bool_or(opened_by = 'platform'), false) "
        "from facts.cases"
    ).fetchall()[0]
    return bool(found[0]), bool(found[1]) and track == "violations"


def _sides(
    marker: "_Marker", number: int, acting: Sequence[Exemption], defined: Sequence[Definition], members: Sequence[int]
) -> Iterator[tuple[int, tuple[tuple[Side, tuple[Mark, ...]], ...]]]:
    for index in members:
        sides = tuple((side, tuple(marker.marks(side.tally, number, acting))) for side in defined[index].sides)
        if any(marks for _, marks in sides):
            yield index, sides


@dataclass(frozen=True, slots=True)
class _Marker:
    """`days`: the number of each event day; whether there are `won` appeals, and cases `opened` by the platform."""

    days: Mapping[str, int]
    won: bool
    opened: bool

    def marks(self, tally: Tally, lot: int, acting: Sequence[Exemption]) -> Iterator[Mark]:
        """The marks that a tally heeds."""
        if scopes := scopes_on(VIEWS[tally.view], acting):
            reads = frozenset(column for scope in scopes for column in scope.split())
            yield Mark(f"exempt_{self.days[tally.day]}", EXEMPT, exempt_sql(lot, scopes, tally.day), reads)
        if tally.view == "case":
            yield from [_WON] * self.won + [_OPENED] * self.opened
        elif self.opened and tally.columns & _FIRST_REFUND:
            yield _FIRST_OPENED
