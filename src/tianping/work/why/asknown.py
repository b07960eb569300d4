"""The rows behind a violation, as they were known when it was found, on the track that violations read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tianping.errors import NotFound
from tianping.facts.asof import as_of
from tianping.facts.engine import quoted
from tianping.facts.views import VIEWS
from tianping.metrics.proof import Scope
from tianping.policy import formula
from tianping.policy.judging import Rows as Formula
from tianping.policy.model import Pack
from tianping.store.violations import Violation
from tianping.work.docket.brief import Brief, brief
from tianping.work.figures.explain import EVERY, Disagrees, Named, Only, PackChanged
from tianping.work.home import Home, facts
from tianping.work.why.then import Then, close_at, then
from tianping.work.why.voice import Said, readings

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Known:
    """The rows of one figure of a violation's subject, or of its shop."""

    metric: str
    days: int
    rows: Then


@dataclass(frozen=True, slots=True)
class RowsKnown:
    """All rows behind a violation, figure after figure: `metric`, `by`, `days` before each figure's own columns. `plain`: the
    rows for which a formula held, where the violation rests on one."""

    figures: Sequence[Known]
    plain: Sequence[Row] = ()

    @property
    def columns(self) -> list[str]:
        if not self.figures:
            return list(self.plain[0]) if self.plain else []
        own = (column for each in self.figures for column in each.rows.columns)
        return list(dict.fromkeys(("metric", "by", "days", *own)))

    def rows(self, only: Only = EVERY) -> Iterator[Row]:
        """In the order of the figures, and of each one's sides, roles and keys."""
        yield from self.plain
        for each in self.figures:
            head = {"metric": each.metric, "by": each.rows.scope.by, "days": each.days}
            yield from ({**head, **row} for row in each.rows.rows(only))


def rows_of_violation(home: Home, packs: Mapping[str, Pack], id_: int) -> RowsKnown:
    """Raises NotFound where it rests on no rows, PackChanged where its definitions are not at hand any more, Disagrees where
    the rows are not those of its evidence."""
    known = brief(home, packs, id_)
    row = known.matter.row
    asked = list({_key(each): each for each in _readings(row.evidence)}.values())
    if known.by_hand:
        raise NotFound(f"violation {id_} was entered by a person, whose words are its ground; it has no rows")
    if not known.judged:
        raise NotFound(f"violation {id_} was not found in figures; it has no rows")
    if known.pack is None or row.evidence.get("figures") != known.pack.digest:
        raise PackChanged(f"the pack {row.platform} has changed since violation {id_} was found; its rows cannot be got by it")
    if asked:
        return RowsKnown([_figure(home, known.pack, row, each) for each in asked])
    return RowsKnown((), _by_formula(home, known))


def _readings(evidence: Said) -> Iterator[Said]:
    """The readings of the subject's and its shop's figures, of all triggers; the rows of a whole platform are others' too."""
    for each in (evidence, *evidence.get("others", ())):
        yield from (one for one in readings(each) if one.get("metric") and one.get("by") in (None, "shop", "product"))


def _key(said: Said) -> tuple[Any, ...]:
    return said["metric"], said.get("by"), said["days"]


def _figure(home: Home, pack: Pack, row: Violation, said: Said) -> Known:
    by = said.get("by") or ("product" if row.subject_kind == "product" else "shop")
    scope = Scope(row.platform, by, row.subject_id if by == "product" else row.shop_id, row.date, said["days"])
    found = then(home, pack, close_at(home, row.date, row.seq), Named.parse(said["metric"]), scope, track="violations")
    kept, counts = said["figure"], found.counts
    nothing = not kept["denominator"] and not counts.numerator  # a count of nothing is 0/1 by its rows
    if not nothing and counts != (kept["numerator"], kept["denominator"]):
        raise Disagrees(
            f"the rows of {said['metric']} give {counts.numerator}/{counts.denominator}, but violation {row.id} was found by "
            f"{kept['numerator']}/{kept['denominator']}: a fault of the program, or the facts were changed; report it"
        )
    return Known(said["metric"], said["days"], found)


def _by_formula(home: Home, known: Brief) -> Sequence[Row]:
    """The row of the shop or content for which the trigger's formula held, as known then."""
    row, pack, trigger = known.matter.row, known.pack, known.trigger
    if pack is None or trigger is None or trigger.rows is None:
        return ()
    con, _ = facts(home, known_at=row.seq)
    as_of(con, row.date)
    with con:
        found = con.execute(_formula_sql(pack, trigger.rows, row.subject_id))
        names = [str(column[0]) for column in found.description or ()]
        return [dict(zip(names, each, strict=True)) for each in found.fetchall()]


def _formula_sql(pack: Pack, rows: Formula, subject: str) -> str:
    tree, view = formula.compile(rows.when, pack.sets), VIEWS[rows.of]
    columns = view.select(sorted({"shop_id", "platform", *view.key, *formula.columns_of(tree)}))
    return f"select * from ({columns}) where {view.key[0]} = {quoted(subject)} and {formula.condition(tree)} order by all"
