"""A mapping's target → one SELECT over a batch of its file: the table's columns as text, and what to do with each row."""

from collections.abc import Sequence
from dataclasses import dataclass

from tianping.errors import ImportRefused, did_you_mean
from tianping.facts import cells
from tianping.facts.batch import position
from tianping.facts.check import Cell
from tianping.facts.engine import parquet, quoted
from tianping.facts.mapping import PLACEHOLDER, File, Join, Target, Value, When, split
from tianping.facts.schema import TABLES, Column

_KEY = Column("key", "id")


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a mapping as it was read: its Parquet files of raw cells, and its headings in their order."""

    file: str
    parquet: tuple[str, ...]
    headings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """What one target sees from one of its files: that file, and the files it joins, by their name in the mapping."""

    target: Target
    roles: dict[str, File]
    own: Part
    others: dict[str, tuple[Part, ...]]

    def joined(self, role: str) -> list[str]:
        """The columns read from a joined file, each once."""
        pairs = [split(ref, self.roles) for ref in self.target.refs]
        return list(dict.fromkeys(column for name, column in pairs if name == role and role != self.target.from_))

    def sql(self, ref: str) -> str:
        """SQL of a column at hand, trimmed, empty null."""
        role, column = split(ref, self.roles)
        if role in ("", self.target.from_):
            return cells.clean(_cell(self.own, column, "own."), Column(column, "text"))
        return f'"of_{role}".k{self.joined(role).index(column)}'


def _cell(part: Part, column: str, relation: str = "") -> str:
    """Where `column` stands in the raw cells of `part`. Raises ImportRefused where the file has none."""
    if column not in part.headings:
        now = did_you_mean(column, list(part.headings))
        raise ImportRefused(f'{part.file} has no column "{column}", which the mapping reads; {now}')
    return f"CAST({relation}{position(part.headings.index(column))} AS VARCHAR)"


def check(scope: Scope) -> None:
    """Raises ImportRefused where a file lacks a column the target reads."""
    rows_sql(scope, "nothing")
    for role, parts in scope.others.items():
        for part in parts:
            _part_sql(part, scope.joined(role), set())


def join_sql(scope: Scope, join: Join) -> str:
    """SELECT of a joined file: the columns read (`k0`, …), one row a key, and in `_rows` how many differing rows it has."""
    columns = scope.joined(join.file)
    keys = [f"k{columns.index(right)}" for right in join.on.values()]
    rest = [f"any_value(k{index}) AS k{index}" for index in range(len(columns)) if f"k{index}" not in keys]
    parts = " UNION ".join(_part_sql(part, columns, set(join.on.values())) for part in scope.others[join.file] if part.parquet)
    if not parts:
        parts = "SELECT " + ", ".join(f"NULL::VARCHAR AS k{index}" for index in range(len(columns))) + " WHERE false"
    return f"SELECT {', '.join([*keys, *rest])}, count(*) AS _rows FROM ({parts}) GROUP BY {', '.join(keys)}"


def _part_sql(part: Part, columns: Sequence[str], keys: set[str]) -> str:
    cleaned = [
        f"{cells.clean(_cell(part, column), _KEY if column in keys else Column(column, 'text'))} AS k{index}"
        for index, column in enumerate(columns)
    ]
    return f"SELECT DISTINCT {', '.join(cleaned)} FROM {parquet(part.parquet)}"


def rows_sql(scope: Scope, batch: str) -> str:
    """SELECT over `batch` joined with the tables `of_<file>`: `_line`, `_faults` (list of column, value, reason), `_skip` (a
    reason or null), and the target's columns as text."""
    target = scope.target
    values = {name: _value(value, scope) for name, value in target.columns.items()}
    columns = ", ".join(f'{sql} AS "{name}"' for name, sql in values.items())
    faults = [*_join_faults(scope), *(_rule_fault(rule, scope) for rule in target.refuse), *_translation_faults(scope)]
    skips = [f"WHEN {_holds(rule, scope)} THEN {quoted(rule.reason)}" for rule in target.skip]
    skip = f"CASE {' '.join(skips)} END" if skips else "NULL::VARCHAR"
    listed = f"list_filter([{', '.join(faults)}], lambda fault: fault IS NOT NULL)" if faults else "[]"
    rows = f"SELECT own._line AS _line, {listed} AS _faults, {skip} AS _skip, {columns} FROM {batch} AS own {_joins(scope)}"
    return _once(rows, target.once, list(values)) if target.once else rows


def _once(rows: str, reason: str, columns: list[str]) -> str:
    """Rows that say the same as an earlier one of their batch are skipped; which of them stays makes no difference."""
    same = ", ".join(f'"{name}"' for name in columns)
    window = f"PARTITION BY {same}, _skip, len(_faults) ORDER BY _line"
    again = f"_skip IS NULL AND len(_faults) = 0 AND row_number() OVER ({window}) > 1"
    return f"SELECT * REPLACE (CASE WHEN {again} THEN {quoted(reason)} ELSE _skip END AS _skip) FROM ({rows})"


def _joins(scope: Scope) -> str:
    return " ".join(f'LEFT JOIN "of_{join.file}" ON {_on(scope, join)}' for join in scope.target.join)


def _on(scope: Scope, join: Join) -> str:
    columns = scope.joined(join.file)
    pairs = [(cells.clean(scope.sql(left), _KEY), columns.index(right)) for left, right in join.on.items()]
    return " AND ".join(f'{left} = "of_{join.file}".k{index}' for left, index in pairs)


def _record(column: str, value: str, reason: str) -> str:
    return f"{{'column': {quoted(column)}, 'value': coalesce({value}, ''), 'reason': {quoted(reason)}}}"


def _join_faults(scope: Scope) -> list[str]:
    """More than one row to join: none of them is better than the others."""
    found = []
    for join in scope.target.join:
        left = next(iter(join.on))
        record = _record(left, scope.sql(left), f"{join.file} has differing rows for it")
        found.append(f'CASE WHEN "of_{join.file}"._rows > 1 THEN {record} END')
    return found


def _holds(rule: When, scope: Scope) -> str:
    value = scope.sql(rule.ref)
    if rule.column:
        return f"coalesce({value} IN {cells.one_of(rule.values)}, false)"
    return f"{value} IS {'NULL' if rule.empty else 'NOT NULL'}"


def _rule_fault(rule: When, scope: Scope) -> str:
    return f"CASE WHEN {_holds(rule, scope)} THEN {_record(rule.ref, scope.sql(rule.ref), rule.reason)} END"


def _translation_faults(scope: Scope) -> list[str]:
    found = []
    for name, value in scope.target.columns.items():
        if value.translate and value.otherwise == "quarantine":
            origin = _origin(value, scope)
            allowed = cells.one_of(list(value.translate))
            why = "the mapping does not translate it; add it to the mapping's translate"
            found.append(f"CASE WHEN {origin} NOT IN {allowed} THEN {_record(heading(name, value), origin, why)} END")
    return found


def _value(value: Value, scope: Scope) -> str:
    sql = _origin(value, scope)
    if value.translate:
        sql = _translated(sql, value)
    if value.formats:
        parsed = f"try_strptime({sql}, [{', '.join(map(quoted, value.formats))}])"
        sql = f"coalesce(strftime({parsed}, '%Y-%m-%d %H:%M:%S'), {sql})"
    return sql


def _translated(sql: str, value: Value) -> str:
    cases = " ".join(f"WHEN {quoted(word)} THEN {quoted(ours)}" for word, ours in value.translate.items())
    return f"CASE {sql} {cases} ELSE {sql if value.otherwise == 'keep' else 'NULL'} END"


def _origin(value: Value, scope: Scope) -> str:
    """SQL of the value before translation and formats."""
    if value.value is not None:
        return f"{quoted(str(value.value).lower() if isinstance(value.value, bool) else str(value.value))}::VARCHAR"
    if value.text:
        return _filled(value.text, scope)
    columns = [_read(ref, value, scope) for ref in value.refs]
    if value.joined:
        return f"nullif(concat_ws({quoted(value.by)}, {', '.join(columns)}), '')"
    return f"coalesce({', '.join(columns)})" if len(columns) > 1 else columns[0]


def _read(ref: str, value: Value, scope: Scope) -> str:
    role, column = split(ref, scope.roles)
    part = scope.own if role in ("", scope.target.from_) else None
    if value.optional and part and column not in part.headings:
        return "NULL::VARCHAR"
    return scope.sql(ref)


def _filled(text: str, scope: Scope) -> str:
    """`{a}-{b}` as SQL; null where a column in it is empty."""
    pieces = PLACEHOLDER.split(text)
    return " || ".join(scope.sql(piece) if index % 2 else quoted(piece) for index, piece in enumerate(pieces) if piece)


def heading(name: str, value: Value) -> str:
    """What a fault calls the column: the export's own name where there is just one."""
    return value.refs[0] if len(value.refs) == 1 else name


def plan_cells(target: Target) -> dict[str, Cell]:
    """The cells of the mapped batch for `check`."""
    known = TABLES[target.table].by_name
    return {
        name: Cell(f'"{name}"', heading(name, target.columns[name]), target.columns[name].unit == "yuan")
        for name in known
        if name in target.columns
    }
