"""The language of packs: SQL expressions over one row of a view, typed, with an allow-list of functions.

Types: bool, int, text, time (an instant), day (a date), span (an interval), null. Functions mean the same in every engine:

| function | gives |
|---|---|
| `day(time)` | the day of the shop's zone |
| `hour(time)` | the hour of the shop's wall clock, 0–23 |
| `seconds_between(a, b)` | whole seconds from a to b |
| `days_between(a, b)` | calendar days from day a to day b |
| `asked_before(time)` | a refund was requested no later than then, while the order was unshipped (reading rules 2 and 5) |
| `coalesce`, `least`, `greatest` | as in SQL; null arguments are passed over |
"""

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from tianping.errors import did_you_mean
from tianping.policy.model import Set

Columns = Mapping[str, str]
Sets = Mapping[str, Set]
_CLASS = re.compile(r" for <class '[^']*'>")


@dataclass(frozen=True, slots=True)
class Checked:
    """What a formula's check found: its type (None where it has faults) and the faults in words."""

    type: str | None
    faults: tuple[str, ...]


def parse(text: str) -> exp.Expr | str:
    """The tree of a formula, or what is wrong with it."""
    try:
        found = sqlglot.parse(text, read="duckdb")
    except SqlglotError as error:
        return f'"{text}" is not an expression: {_CLASS.sub("", str(error).splitlines()[0])}'
    except RecursionError:
        return f'"{text[:40]}…" is nested too deep'
    if len(found) != 1 or not isinstance(found[0], exp.Expr):
        return f'"{text}" is not one expression'
    return found[0]


def check(text: str, columns: Columns, sets: Sets) -> Checked:
    """Type a formula over the columns of a view."""
    tree = parse(text)
    if isinstance(tree, str):
        return Checked(None, (tree,))
    checker = _Checker(columns, sets)
    kind = checker.typed(tree)
    return Checked(None if checker.faults else kind, tuple(checker.faults))


_INNER = frozenset({exp.Identifier, exp.If, exp.Var})  # names, the branches of a case, the units of intervals
_LOGIC: tuple[type[exp.Expr], ...] = (exp.And, exp.Or)
_COMPARE: tuple[type[exp.Expr], ...] = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE)
_ORDERED = ("int", "time", "day", "text", "null")
_LEVELS = ("category_l1", "category_l2", "category_l3")


class _Checker:
    def __init__(self, columns: Columns, sets: Sets) -> None:
        self.columns, self.sets = columns, sets
        self.faults: list[str] = []
        self._by_node: dict[type[exp.Expr], Callable[..., str]] = {
            exp.Column: self._column, exp.Literal: self._literal, exp.Boolean: lambda _: "bool", exp.Null: lambda _: "null",
            exp.Paren: lambda node: self.type_of(node.this), exp.Not: self._not, exp.Is: self._is, exp.In: self._in,
            exp.Between: self._between, exp.Interval: self._interval, exp.Case: self._case, exp.Coalesce: self._same,
            exp.Neg: self._negative, exp.Add: self._add, exp.Sub: self._add, exp.Mul: self._multiply,
            exp.Least: self._extreme, exp.Greatest: self._extreme,
            exp.Day: self._one_time("day"), exp.Hour: self._one_time("int"), exp.Anonymous: self._named,
            **dict.fromkeys(_LOGIC, self._logic), **dict.fromkeys(_COMPARE, self._compare),
        }  # fmt: skip

    def typed(self, tree: exp.Expr) -> str:
        """The type of a whole formula. Whatever stands where no type is asked for is refused too."""
        kind = self.type_of(tree)
        strange = next((node for node in tree.walk() if type(node) not in self._by_node.keys() | _INNER), None)
        if strange is not None and not self.faults:
            self._fault(f'"{strange.sql("duckdb")}" is not allowed in a pack (allowed: {_ALLOWED})')
        return kind

    def type_of(self, node: exp.Expr) -> str:
        known = self._by_node.get(type(node))
        if known is None:
            return self._fault(f'"{node.sql("duckdb")}" is not allowed in a pack (allowed: {_ALLOWED})')
        return known(node)

    def _fault(self, what: str) -> str:
        self.faults.append(what)
        return "null"

    def _expect(self, node: exp.Expr, kind: str) -> None:
        found = self.type_of(node)
        if found not in (kind, "null"):
            self._fault(f'"{node.sql("duckdb")}" is {found}, but {kind} is needed here')

    def _column(self, node: exp.Column) -> str:
        if node.table or node.name not in self.columns:
            return self._fault(f'no column "{node.sql("duckdb")}" in this view: {did_you_mean(node.name, list(self.columns))}')
        return self.columns[node.name]

    def _literal(self, node: exp.Literal) -> str:
        if node.is_string:
            return "text"
        return "int" if node.this.isdigit() else self._fault(f"{node.this} is not a whole number; packs count in whole units")

    def _not(self, node: exp.Not) -> str:
        self._expect(node.this, "bool")
        return "bool"

    def _logic(self, node: exp.Binary) -> str:
        self._expect(node.left, "bool")
        self._expect(node.right, "bool")
        return "bool"

    def _compare(self, node: exp.Binary) -> str:
        left, right = self.type_of(node.left), self.type_of(node.right)
        if "bool" in (left, right):
            return self._fault(f'"{node.sql("duckdb")}": write the condition itself, not a comparison with it')
        self._ordered(node, left, right)
        return "bool"

    def _alike(self, node: exp.Expr, *kinds: str) -> str:
        real = sorted(set(kinds) - {"null"})
        if len(real) > 1:
            return self._fault(f'"{node.sql("duckdb")}" mixes {" and ".join(real)}')
        return real[0] if real else "null"

    def _ordered(self, node: exp.Expr, *kinds: str) -> str:
        kind = self._alike(node, *kinds)
        return kind if kind in _ORDERED else self._fault(f'"{node.sql("duckdb")}": {kind} has no order')

    def _is(self, node: exp.Is) -> str:
        self.type_of(node.this)
        return "bool" if isinstance(node.expression, exp.Null) else self._fault('"is" goes with null only')

    def _in(self, node: exp.In) -> str:
        left = self.type_of(node.this)
        named = node.args.get("field")
        if named is not None:
            self._set(named)
            self._alike(node, left, "text")
            return "bool"
        if node.args.get("query") is not None or not node.expressions:
            return self._fault(f'"{node.sql("duckdb")}": "in" goes with a list or a named set')
        self._alike(node, left, *(self.type_of(each) for each in node.expressions))
        return "bool"

    def _set(self, named: exp.Expr) -> None:
        chosen = self.sets.get(named.name)
        if chosen is None or not isinstance(named, exp.Column) or named.table:
            self._fault(f'no set "{named.sql("duckdb")}" in this pack: {did_you_mean(named.name, list(self.sets))}')
        elif chosen.inside and not self.columns.keys() >= set(_LEVELS):
            self._fault(f'the set "{named.name}" differs by category, but this view has no categories')

    def _between(self, node: exp.Between) -> str:
        self._ordered(node, *(self.type_of(each) for each in (node.this, node.args["low"], node.args["high"])))
        return "bool"

    def _interval(self, node: exp.Interval) -> str:
        unit = str(node.args.get("unit") or "").upper().rstrip("S")
        whole = isinstance(node.this, exp.Literal) and str(node.this.this).isdigit()
        if not whole or unit not in ("SECOND", "MINUTE", "HOUR", "DAY"):
            return self._fault(
                f'"{node.sql("duckdb")}": a span is a whole number of seconds, minutes, hours or days (of 24 hours)'
            )
        return "span"

    def _negative(self, node: exp.Neg) -> str:
        self._expect(node.this, "int")
        return "int"

    def _add(self, node: exp.Binary) -> str:
        left, right = self.type_of(node.left), self.type_of(node.right)
        if left == "time" and right in ("span", "null"):
            return "time"
        if {left, right} <= {"int", "null"}:
            return "int"
        return self._fault(f'"{node.sql("duckdb")}": {left} and {right} do not add up (use seconds_between for times)')

    def _multiply(self, node: exp.Mul) -> str:
        self._expect(node.left, "int")
        self._expect(node.right, "int")
        return "int"

    def _case(self, node: exp.Case) -> str:
        if node.this is not None:
            return self._fault(f'"{node.sql("duckdb")}": write "case when … then … end", each "when" a condition')
        for branch in node.args["ifs"]:
            self._expect(branch.this, "bool")
        results = [branch.args["true"] for branch in node.args["ifs"]]
        results += [node.args["default"]] if node.args.get("default") else []
        return self._alike(node, *(self.type_of(each) for each in results))

    def _same(self, node: exp.Func) -> str:
        return self._alike(node, *(self.type_of(each) for each in (node.this, *node.expressions)))

    def _extreme(self, node: exp.Func) -> str:
        return self._ordered(node, *(self.type_of(each) for each in (node.this, *node.expressions)))

    def _one_time(self, gives: str) -> Callable[[exp.Expr], str]:
        def kind(node: exp.Expr) -> str:
            self._expect(node.this, "time")
            return gives

        return kind

    def _named(self, node: exp.Anonymous) -> str:
        name = str(node.name).lower()
        if name not in _FUNCTIONS:
            return self._fault(f'no function "{node.name}" in packs: {did_you_mean(name, _NAMES)}')
        takes, gives = _FUNCTIONS[name]
        if len(node.expressions) != len(takes):
            return self._fault(f"{name} takes {len(takes)} argument(s), not {len(node.expressions)}")
        for argument, kind in zip(node.expressions, takes, strict=True):
            self._expect(argument, kind)
        if name == "asked_before" and not self.columns.keys() >= _ASKED:
            self._fault("asked_before goes with views that know the order's first refund and shipping")
        return gives


_FUNCTIONS: dict[str, tuple[tuple[str, ...], str]] = {
    "seconds_between": (("time", "time"), "int"),
    "days_between": (("day", "day"), "int"),
    "asked_before": (("time",), "bool"),
}
_NAMES = [*_FUNCTIONS, "day", "hour", "coalesce", "least", "greatest"]
_ALLOWED = "comparisons, and/or/not, in, between, is null, + - *, case, interval, " + ", ".join(_NAMES)
_ASKED = {"first_refund_at", "shipped_at"}

# Templates in SQL that every engine reads alike; `wall` (an instant as the zone's wall time) is the engine's own.
_MEANING = {
    "seconds_between": "(CAST(epoch(b) AS BIGINT) - CAST(epoch(a) AS BIGINT))",
    "days_between": "(b - a)",
    "asked_before": "(first_refund_at <= a AND (shipped_at IS NULL OR shipped_at > first_refund_at))",
    "day": "CAST(wall(a, timezone) AS DATE)",
    "hour": "HOUR(wall(a, timezone))",
}


def compile(text: str, sets: Sets) -> exp.Expr:
    """The formula as a tree in plain SQL over the view's columns. The text has passed `check`."""
    tree = parse(text)
    assert not isinstance(tree, str), tree
    root = exp.Paren(this=tree)
    for node in reversed(list(root.walk(bfs=True))):  # leaves first, so that an argument is expanded before its function
        if node is not root:
            node.replace(_expand(node, sets))
    whole = root.this
    assert isinstance(whole, exp.Expr)
    return whole


def _expand(node: exp.Expr, sets: Sets) -> exp.Expr:
    if isinstance(node, exp.In) and node.args.get("field") is not None:
        return _in_set(node.this, sets[node.args["field"].name])
    if isinstance(node, (exp.Day, exp.Hour)):
        return _fill("day" if isinstance(node, exp.Day) else "hour", [node.this])
    if isinstance(node, exp.Anonymous) and node.name.lower() in _FUNCTIONS:
        return _fill(node.name.lower(), node.expressions)
    return node


def _fill(name: str, arguments: list[exp.Expr]) -> exp.Expr:
    """The meaning of a function with its arguments put in."""
    tree = sqlglot.parse_one(_MEANING[name], read="duckdb")
    given = dict(zip("ab", arguments, strict=False))
    for column in list(tree.find_all(exp.Column)):
        if column.name in given:
            value = given[column.name].copy()
            column.replace(exp.Paren(this=value) if isinstance(value, exp.Binary) else value)
    return tree


def _in_set(value: exp.Expr, chosen: Set) -> exp.Expr:
    """Membership in a named set; inside some categories its values differ."""

    def member(values: tuple[str, ...]) -> exp.Expr:
        return exp.In(this=value.copy(), expressions=[exp.Literal.string(each) for each in values])

    if not chosen.inside:
        return member(chosen.values)
    case = exp.Case()
    for narrower in sorted(chosen.inside, key=lambda each: -each.category.count("/")):
        levels = enumerate(narrower.category.split("/"), start=1)
        where = exp.and_(*(exp.column(f"category_l{level}").eq(exp.Literal.string(name)) for level, name in levels))
        case = case.when(where, member(narrower.values))
    return exp.Paren(this=case.else_(member(chosen.values)))


def sets_of(text: str) -> Iterator[str]:
    """The sets that a formula names."""
    tree = parse(text)
    if not isinstance(tree, str):
        yield from (node.args["field"].name for node in tree.find_all(exp.In) if node.args.get("field") is not None)


def columns_of(tree: exp.Expr) -> Iterator[str]:
    """The columns that a compiled formula reads."""
    return (column.name for column in tree.find_all(exp.Column))


def needed_columns(tree: exp.Expr) -> Iterator[str]:
    """Those of them whose value counts, not only whether it is empty: what `is null` asks for may never have happened."""
    return (column.name for column in tree.find_all(exp.Column) if not isinstance(column.parent, exp.Is))


def lateness(tree: exp.Expr) -> dt.timedelta:
    """How long after the last of the times that a compiled formula reads its own can be, at most: no time has a value that
    was not read, or a span after it."""
    spans = ({f"{span.args['unit'].name.lower().rstrip('s')}s": int(span.this.name)} for span in tree.find_all(exp.Interval))
    return sum((dt.timedelta(**span) for span in spans), dt.timedelta())


def condition(tree: exp.Expr) -> str:
    """As SQL; a condition that is null did not happen."""
    return f"coalesce({sql(tree)}, false)"


def sql(tree: exp.Expr) -> str:
    """As SQL text of the engine."""
    return tree.sql("duckdb", comments=False)
