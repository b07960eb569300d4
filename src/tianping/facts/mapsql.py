"""A mapping's target → one SELECT over a batch of its file: the table's columns as text, and what to do with each row."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tianping.errors import ImportRefused, did_you_mean
from tianping.facts import cells, headings, values
from tianping.facts.check import Cell
from tianping.facts.engine import name, names, parquet, quoted
from tianping.facts.formats.batch import line_sql, position
from tianping.facts.mapping import LINE, SHOP, Join, Mapping, Target, Value, When, split
from tianping.facts.schema import TABLES, Column, Table

_KEY = Column("key", "id")
_UNPREFIXED = ("shop_id", "waybill")
_NOT_ISO = "['%Y/%m/%d %H:%M:%S', '%Y/%m/%d %H:%M', '%Y/%m/%d']"


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a mapping as it was read: its Parquet files of raw cells, and its headings in their order."""

    file: str
    parquet: tuple[str, ...]
    headings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """What one target sees from one of its files: that file, the files it joins, by their name in the mapping, and the shop
    given for the file."""

    target: Target
    mapping: Mapping
    own: Part
    others: dict[str, tuple[Part, ...]]
    shop: str = ""

    @property
    def table(self) -> Table:
        return TABLES[self.target.table]

    @property
    def lenient(self) -> bool:
        """Whether columns may be missing: the file is known by its headings, and others come and go."""
        return bool(self.mapping.files[self.target.from_].headings)

    def joined(self, role: str) -> list[str]:
        """The columns read from a joined file, each once."""
        pairs = [split(ref, self.mapping.files) for ref in self.target.refs]
        return list(dict.fromkeys(column for part, column in pairs if part == role and role != self.target.from_))

    def has(self, ref: str) -> bool:
        """Whether the column is there; a joined file's always is, or the import is refused."""
        role, column = split(ref, self.mapping.files)
        own = role in ("", self.target.from_)
        return not own or column in (SHOP, LINE) or headings.find(column, self.own.headings) is not None

    def sql(self, ref: str, kind: str = "text") -> str:
        """SQL of a column at hand, trimmed, empty null."""
        role, column = split(ref, self.mapping.files)
        if role not in ("", self.target.from_):
            return f'"of_{role}".k{self.joined(role).index(column)}'
        if column in (SHOP, LINE):
            return self._said(column)
        if self.lenient and not self.has(ref):
            return "NULL::VARCHAR"
        return cells.clean(_cell(self.own, column, "own."), Column(column, kind))

    def _said(self, column: str) -> str:
        if column == LINE:
            return f"CAST({line_sql('own._line')} AS VARCHAR)"
        return f"nullif({quoted(self.shop)}, '')"

    def columns(self) -> dict[str, Value]:
        """The target's columns that this file can give."""
        return {
            column: value for column, value in self.target.columns.items() if column in self.table.key or self._gives(value)
        }

    def _gives(self, value: Value) -> bool:
        if not self.lenient and not value.optional:
            return True
        there = [self.has(ref) for ref in value.refs]
        if value.missing:
            return True
        some = any(there) if value.first or value.joined else all(there)
        return some and all(self.has(ref) for ref in value.where)


def _cell(part: Part, column: str, relation: str = "") -> str:
    """Where `column` stands in the raw cells of `part`. Raises ImportRefused where the file has none, or two."""
    found = headings.find(column, part.headings)
    if found is None:
        now = did_you_mean(column, list(part.headings))
        raise ImportRefused(f'{part.file} has no column "{column}", which the mapping reads; {now}')
    if headings.twice(column, part.headings):
        raise ImportRefused(f'{part.file} has the column "{column}" twice; keep the one that is meant')
    return f"CAST({relation}{position(found)} AS VARCHAR)"


def gives(target: Target, columns: Sequence[str]) -> bool:
    """Whether a file with these headings has what the target needs at all."""
    return all(headings.find(column, columns) is not None for column in target.needs)


def check(scope: Scope) -> None:
    """Raises ImportRefused where a file lacks a column the target reads, or its shop."""
    rows_sql(scope, "nothing")
    for role, parts in scope.others.items():
        for part in parts:
            _part_sql(part, scope.joined(role), set())
    shop = scope.table.by_name.get("shop_id")
    if scope.lenient and shop and shop.required and not scope.shop and not _names_shop(scope):
        raise ImportRefused(
            f"{scope.own.file} does not say whose it is; name its shop with --shop, or in its name: "
            f"SHOP@{Path(scope.own.file).name}"
        )


def _names_shop(scope: Scope) -> bool:
    value = scope.target.columns.get("shop_id")
    if value is None:
        return False
    return value.value is not None or any(ref != SHOP and scope.has(ref) for ref in value.refs)


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
    """SELECT over `batch` joined with the tables `of_<file>`: `_line`, `_faults` and `_told` (lists of column, value, reason),
    `_skip` (a reason or null), and the target's columns as text."""
    target = scope.target
    columns = {column: _column(scope, column, value) for column, value in scope.columns().items()}
    skips = [f"WHEN {_holds(rule, scope)} THEN {quoted(rule.reason)}" for rule in target.skip]
    skip = f"CASE {' '.join(skips)} END" if skips else "NULL::VARCHAR"
    faults = [*_join_faults(scope), *(_rule_fault(rule, scope) for rule in target.refuse), *_unknown(scope, "quarantine")]
    listed = f"{_listed(faults)} AS _faults, {_listed([*_unknown(scope, 'tell')])} AS _told, {skip} AS _skip"
    shown = "".join(f", {sql} AS {name(column)}" for column, sql in columns.items())
    order = f", {_newest(scope)} AS _newest" if target.newest else ""
    rows = f"SELECT own._line AS _line, {listed}{shown}{order} FROM {_pieces(scope, batch)} AS own {_joins(scope)}"
    return _once(rows, scope, list(columns)) if target.once else rows


def _column(scope: Scope, column: str, value: Value) -> str:
    """SQL of one column. An id has its shop and the mapping's prefix before it, where they are asked for; but one that a
    spreadsheet destroyed has not: the check must see that."""
    of = scope.table.by_name[column]
    kind = "id" if of.type == "id" or (value.text and column in scope.table.key) else "text"
    sql = values.text(value, partial(scope.sql, kind=kind), scope.mapping.reasons)
    prefixed = scope.mapping.book.prefix and of.type == "id" and column not in _UNPREFIXED
    before = [quoted(scope.mapping.book.prefix)] if prefixed else []
    if value.of_shop:
        before += [_column(scope, "shop_id", scope.target.columns["shop_id"]), quoted(cells.STROKE)]
    return f"CASE WHEN {cells.is_destroyed(sql)} THEN {sql} ELSE {' || '.join([*before, sql])} END" if before else sql


def _pieces(scope: Scope, batch: str) -> str:
    """The batch, with a row for each piece of the cell that is to be split."""
    cut = scope.target.split
    if not cut or not scope.has(cut.column):
        return batch
    cell = _cell(scope.own, cut.column)
    pieces = f"list_filter(string_split_regex({cell}, {quoted(f'[{cut.by}]')}), lambda piece: trim(piece) <> '')"
    whole = f"CASE WHEN len({pieces}) > 0 THEN {pieces} ELSE [{cell}] END"
    at = headings.find(cut.column, scope.own.headings)
    assert at is not None
    return f"(SELECT * REPLACE (unnest({whole}) AS {position(at)}) FROM {batch})"


def _newest(scope: Scope) -> str:
    """SQL by which rows of one key are ordered."""
    value = scope.sql(scope.target.newest)
    return f"coalesce(TRY_CAST({value} AS TIMESTAMP), try_strptime({value}, {_NOT_ISO}))"


def _once(rows: str, scope: Scope, columns: list[str]) -> str:
    """Rows that say the same as an earlier one of their batch are skipped, and those of a key that another says more newly."""
    by_key = bool(scope.target.newest)
    same = names(scope.table.key if by_key else columns)
    order = f"_newest DESC NULLS LAST, {names(columns)}, _line" if by_key else "_line"
    number = f"row_number() OVER (PARTITION BY {same}, _skip, len(_faults) ORDER BY {order})"
    again = f"_skip IS NULL AND len(_faults) = 0 AND {number} > 1"
    left = "* EXCLUDE (_newest)" if by_key else "*"
    return f"SELECT {left} REPLACE (CASE WHEN {again} THEN {quoted(scope.target.once)} ELSE _skip END AS _skip) FROM ({rows})"


def _joins(scope: Scope) -> str:
    return " ".join(f'LEFT JOIN "of_{join.file}" ON {_on(scope, join)}' for join in scope.target.join)


def _on(scope: Scope, join: Join) -> str:
    columns = scope.joined(join.file)
    pairs = [(cells.clean(scope.sql(left), _KEY), columns.index(right)) for left, right in join.on.items()]
    return " AND ".join(f'{left} = "of_{join.file}".k{index}' for left, index in pairs)


def _listed(records: Sequence[str]) -> str:
    """SQL: those of the records that are there."""
    if not records:
        return '[]::STRUCT("column" VARCHAR, value VARCHAR, reason VARCHAR)[]'
    return f"list_filter([{', '.join(records)}], lambda fault: fault IS NOT NULL)"


def _record(column: str, value: str, reason: str) -> str:
    return f"{{'column': {quoted(column)}, 'value': coalesce({value}, ''), 'reason': {quoted(reason)}}}"


def _join_faults(scope: Scope) -> Iterator[str]:
    """More than one row to join: none of them is better than the others."""
    for join in scope.target.join:
        left = next(iter(join.on))
        record = _record(left, scope.sql(left), f"{join.file} has differing rows for it")
        yield f'CASE WHEN "of_{join.file}"._rows > 1 THEN {record} END'


def _holds(rule: When, scope: Scope) -> str:
    value = " || ".join(f"coalesce({scope.sql(ref)}, '')" for ref in rule.refs) if len(rule.refs) > 1 else scope.sql(rule.ref)
    if rule.matches:
        return f"coalesce(regexp_full_match({value}, {quoted(rule.matches)}), false)"
    if rule.column:
        return f"coalesce({value} IN {cells.one_of(rule.values)}, false)"
    return f"{value} IS {'NULL' if rule.empty else 'NOT NULL'}"


def _rule_fault(rule: When, scope: Scope) -> str:
    return f"CASE WHEN {_holds(rule, scope)} THEN {_record(rule.ref, scope.sql(rule.ref), rule.reason)} END"


_WHY = {
    "quarantine": "the mapping does not translate it; add it to the mapping's translate",
    "tell": "no word that the mapping or its pack translates",
}


def _unknown(scope: Scope, how: str) -> Iterator[str]:
    """Words that are not translated, where this is `how` the mapping takes them."""
    for column, value in scope.columns().items():
        if condition := values.unknown(value, scope.sql, scope.mapping.reasons, how):
            record = _record(heading(scope, column, value), values.origin(value, scope.sql), _WHY[how])
            yield f"CASE WHEN {condition} THEN {record} END"


def heading(scope: Scope, column: str, value: Value) -> str:
    """What a fault calls the column: the export's own name where there is just one."""
    if len(value.refs) != 1:
        return column
    found = headings.find(value.refs[0], scope.own.headings)
    return value.refs[0] if found is None else scope.own.headings[found]


def plan_cells(scope: Scope) -> dict[str, Cell]:
    """The cells of the mapped batch for `check`."""
    given = scope.columns()
    return {
        column: Cell(name(column), heading(scope, column, given[column]), given[column].unit == "yuan")
        for column in scope.table.by_name
        if column in given
    }
