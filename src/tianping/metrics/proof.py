"""The rows behind a figure: each with the part it plays, the rule that left it out, and the values that decided."""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from tianping.errors import NotFound
from tianping.metrics.compile import Gives, Side, Tally, View
from tianping.metrics.levels import LEVELS
from tianping.metrics.rows import folded_sql, inside_sql, joined, staged_sql

Role = Literal["numerator", "denominator", "left_out", "not_counted"]

# What a row kept is, for each side a tally gives: where the count says yes, and where it says no.
ROLES: dict[Gives, tuple[Role, Role]] = {
    "both": ("numerator", "denominator"),
    "numerator": ("numerator", "not_counted"),
    "denominator": ("denominator", "not_counted"),
    "count_numerator": ("numerator", "not_counted"),
    "count_denominator": ("numerator", "numerator"),
}


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose rows: one subject of one level, over some days as of T."""

    platform: str
    by: str
    subject: str
    date: dt.date
    days: int


LEVELS_BELOW = {"shop": 0, "shop_category_l1": 1, "shop_category_l2": 2, "shop_category_l3": 3}
"""How many parts of a category's path follow the shop in the subject; a shop's id may have slashes of its own."""


def shop_of(scope: Scope) -> str | None:
    """The shop that the subject names; None where it names none."""
    depth = LEVELS_BELOW.get(scope.by)
    return None if depth is None else scope.subject.rsplit("/", depth)[0]


def proof_sql(view: View, side: Side, scope: Scope) -> str:
    """One row per thing counted or left out: the view's key, `day`, `role`, `rule`, `adds`, then the columns that decided.
    Times are wall times of the shop."""
    return worded(view, side, joined(staged_proof(view, side, scope)))


def worded(view: View, side: Side, rows: str) -> str:
    """What `staged_proof` gives, with its times as people read them."""
    kinds = {name: view.columns.get(name, "") for name in (*_keys(view), *_decided(view, side.tally))}
    times = [f'{_WORDS[kind].format(name)} as "{name}"' for name, kind in kinds.items() if kind in _WORDS]
    return f"select * replace ({', '.join(times)}) from ({rows})" if times else rows


def staged_proof(view: View, side: Side, scope: Scope, some: str = "true") -> tuple[str, str]:
    """The same with times as times, for words cost more than they say until somebody reads them. In two steps: what may be held
    as a table `ours` ("" for nothing), and what reads it. `some`: only the rows of the shops for which this condition over
    `shop_id` holds."""
    tally = side.tally
    apart = [some] if some != "true" else []
    whose, shops = [f"platform = '{scope.platform}'", *apart, _subject(tally, scope)], " and ".join([_shops(scope), *apart])
    besides = _levels_columns(view, scope)
    ours, rows = staged_sql(view, [tally], (scope.days,), scope.date, besides, where=whose, shops=shops)
    rows = folded_sql(view, rows, [tally], (scope.days,), scope.date) if tally.once_per else rows
    parts = [
        *(_wall(view, name) for name in _keys(view)),
        f"{tally.day} as day",
        f"{_role(side)} as role",
        f"{_rule(tally)} as rule",
        f"{_adds(side)} as adds",
        *(_wall(view, name) for name in _decided(view, tally)),
    ]
    return ours, (
        f"select {', '.join(parts)} from ({rows}) where {' and '.join(whose)} "
        f"and {inside_sql(tally, (scope.days,), scope.date)}"
    )


_WALL = {"time": 'wall("{0}", timezone)', "times": 'list_transform("{0}", lambda at: wall(at, timezone))'}
_TEXT = "strftime({}, '%Y-%m-%d %H:%M:%S')"
_WORDS = {"time": _TEXT.format('"{0}"'), "times": 'list_transform("{0}", lambda at: ' + _TEXT.format("at") + ")"}


def _wall(view: View, name: str) -> str:
    """A column, its instants as wall times of the shop."""
    return _WALL.get(view.columns.get(name, ""), '"{0}"').format(name) + f' as "{name}"'


def _keys(view: View) -> list[str]:
    return [name for name in dict.fromkeys((*view.key, "shop_id")) if name != "day"]


def _decided(view: View, tally: Tally) -> list[str]:
    return sorted(tally.columns - {*view.key, "timezone", "platform", "shop_id"})


def _shops(scope: Scope) -> str:
    """The condition over the shops under which some of the subject's rows may be theirs."""
    whose, shop = f"platform = '{scope.platform}'", shop_of(scope)
    return whose if shop is None else f"{whose} and shop_id = {exp.Literal.string(shop).sql('duckdb')}"


def _levels_columns(view: View, scope: Scope) -> tuple[str, ...]:
    """What tells the subject's rows from others."""
    return ("category_l1", "category_l2", "category_l3") if view.by_product and "category" in scope.by else ()


def _subject(tally: Tally, scope: Scope) -> str:
    """The condition that picks the subject's rows."""
    paths = {by: path for by, path, _ in LEVELS if by in _levels(tally)}
    if scope.by not in paths:
        raise NotFound(f'this metric has no figures by "{scope.by}"; it has them by {", ".join(paths)}')
    return f"({paths[scope.by]}) = {exp.Literal.string(scope.subject).sql('duckdb')}"


def _levels(tally: Tally) -> set[str]:
    return {by for by, _, _ in LEVELS} - {"agent"} if tally.by == "product" else {"platform", "shop", tally.by}


def _role(side: Side) -> str:
    hit, rest = ROLES[side.gives]
    tally = side.tally
    return f"case when {tally.left_out} then 'left_out' when {tally.count or 'true'} then '{hit}' else '{rest}' end"


def _rule(tally: Tally) -> str:
    """The first rule, in the pack's order, that leaves the row out."""
    whens = " ".join(f"when {sql} then '{name}'" for name, sql in tally.rules)
    return f"case {whens} end" if whens else "null::varchar"


def _adds(side: Side) -> str:
    """What the row adds to the sum it counts in; in a count of a denominator every row kept counts."""
    tally = side.tally
    if side.gives == "count_denominator":
        return f"case when {tally.left_out} then 0 else 1 end"
    return f"case when {tally.left_out} then 0 when {tally.count or 'true'} then {tally.total or '1'} else 0 end"
