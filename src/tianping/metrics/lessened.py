"""Definitions that leave out some rows more: the same tallies over views that say of each row whether it is marked.

A mark is one more column of a view and one more rule of the tallies that heed it, so whatever counts or proves a figure does
so here too, and a proof names the rule that left a row out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from tianping.metrics.compile import Side, Tally, View
from tianping.metrics.rows import joined

_SAME = frozenset({"platform", "region", "timezone"})
"""What all days of a buyer share."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A column that says whether a row is marked: `sql`, a condition over the columns `reads` and those of the tallies that
    heed it, is never null. `rule`: under which name the row is left out."""

    column: str
    rule: str
    sql: str
    reads: frozenset[str] = frozenset()

    @property
    def some(self) -> str:
        """The column that says of a buyer's days folded into one row whether some of them are marked."""
        return f"some_{self.column}"


@dataclass(frozen=True, slots=True)
class Marked:
    """A view with marks. Of a view that is folded the marked days add nothing, and a row of them alone is marked; `plain`: they
    are as they are, for who folds nothing. `shops`, a condition over `shop_id`: the rows of other shops are not there."""

    view: View
    marks: tuple[Mark, ...]
    shops: str = "true"
    plain: bool = False

    @property
    def key(self) -> tuple[str, ...]:
        return self.view.key

    @property
    def by_product(self) -> bool:
        return self.view.by_product

    @property
    def tables(self) -> tuple[str, ...]:
        return self.view.tables

    @property
    def columns(self) -> Mapping[str, str]:
        return {**self.view.columns, **dict.fromkeys(self._made, "bool")}

    @property
    def folds(self) -> Mapping[str, str]:
        if not self.view.folds:
            return {}
        every = {mark.column: f"bool_and({mark.column})" for mark in self.marks}
        return {**self.view.folds, **every, **{mark.some: f"bool_or({mark.some})" for mark in self.marks}}

    @property
    def _made(self) -> dict[str, Mark]:
        return {name: mark for mark in self.marks for name in (mark.column, mark.some)}

    def needs(self, columns: Iterable[str], needed: Iterable[str]) -> Mapping[str, set[str]]:
        """Nobody has to supply a mark: what it reads may lack."""
        own = [[name for name in names if name not in self._made] for names in (columns, needed)]
        return self.view.needs(*own)

    def select(self, columns: Iterable[str], *, since: date | None = None, where: Sequence[str] = (), shops: str = "") -> str:
        return joined(self.staged(columns, since=since, where=where, shops=shops))

    def staged(
        self, columns: Iterable[str], *, since: date | None = None, where: Sequence[str] = (), shops: str = ""
    ) -> tuple[str, str]:
        wanted, made = list(dict.fromkeys(columns)), self._made
        marks = list(dict.fromkeys(made[name] for name in wanted if name in made))
        own = [name for name in wanted if name not in made]
        read = dict.fromkeys((*own, "shop_id", *sorted(name for mark in marks for name in mark.reads)))
        whose = f"({shops}) and {self.shops}" if shops else self.shops
        ours, rows = self.view.staged(read, since=since, where=[*where, self.shops], shops=whose)
        marked = ", ".join(["*", *(f"({mark.sql}) as {mark.column}" for mark in marks)])
        listed = [self._value(name, marks) if name in own else f'{made[name].column} as "{name}"' for name in wanted]
        return ours, f"select {', '.join(listed)} from (select {marked} from ({rows}) where {self.shops})"

    def _value(self, name: str, marks: Sequence[Mark]) -> str:
        if self.plain or name in _SAME or name not in self.view.folds or not marks:
            return f'"{name}"'
        return f'case when not ({" or ".join(mark.column for mark in marks)}) then "{name}" end as "{name}"'


def lessen(side: Side, marks: Sequence[Mark]) -> Side:
    """The side without the rows that are marked. Its rules come first: they say why, whatever else holds."""
    tally = side.tally
    rules = (*((mark.rule, mark.column) for mark in marks), *tally.rules)
    return replace(side, tally=replace(tally, rules=rules, columns=tally.columns | {mark.column for mark in marks}))


def marked_rows(tally: Tally, marks: Sequence[Mark]) -> Side:
    """A numerator that counts the rows that `lessen` leaves out (of a buyer's days, the buyers with some of them), whatever
    the other rules say: whose figures may change."""
    heeded = [mark.some if tally.once_per else mark.column for mark in marks]
    count = " or ".join(heeded)
    columns = tally.columns | set(heeded)
    return Side("numerator", replace(tally, rules=(), count=count, total=None, greatest=False, columns=columns))
