"""A batch of cells → a table's typed rows, and a record of every fault. One SQL statement each; no row passes through Python.

The batch is a relation of strings with `_line`; every canonical column stands in it once, under the schema's types afterwards.
"""

from dataclasses import dataclass

from tianping.facts import cells
from tianping.facts.cells import Names
from tianping.facts.engine import quoted
from tianping.facts.schema import TYPES, Column, Table


@dataclass(frozen=True, slots=True)
class Cell:
    """Where a column's value stands: `sql` over the batch gives it as text, `heading` is what the file calls it."""

    sql: str
    heading: str
    yuan: bool = False


@dataclass(frozen=True, slots=True)
class Zoning:
    """In which zone a row's wall times are. `sql` gives the zone over the cleaned cells (`c_<column>`) after `join`; with one
    zone in play neither is needed."""

    zones: tuple[str, ...]
    sql: str = ""
    join: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """How one file's batches become rows of `table`. `fill_shop` stands in for a missing shop_id. `clears`: an empty cell
    clears what is known (canonical files) rather than keeping it (mapped exports). `covers`: the file has all rows
    of its days."""

    table: Table
    cells: dict[str, Cell]
    zoning: Zoning
    clears: bool
    sparse: bool = False
    fill_shop: str = ""
    covers: bool = True

    @property
    def given(self) -> tuple[str, ...]:
        """The columns the file supplies, in the schema's order."""
        filled = {"shop_id"} if fills_shop(self) else set()
        return tuple(column.name for column in self.table.columns if column.name in self.cells or column.name in filled)

    @property
    def covered(self) -> tuple[str, ...]:
        """The columns whose days the file covers."""
        return self.given if self.covers else ()


@dataclass(frozen=True, slots=True)
class RowCheck:
    """A fault of a whole row: `bad` over the typed columns (`t_<column>`), told under `column`."""

    column: str
    bad: str
    reason: str


ROW_CHECKS: dict[str, tuple[RowCheck, ...]] = {
    "exemptions": (RowCheck("to", "t_from > t_to", "the exemption ends before it begins"),),
    "benchmarks": (
        RowCheck(
            "value",
            "t_value IS NULL AND (t_numerator IS NULL OR t_denominator IS NULL)",
            "a benchmark needs its numerator and denominator, or its value",
        ),
        RowCheck(
            "value",
            f"NOT regexp_full_match(t_value, '{cells.NUMBER}')",
            "no decimal number; a share is written as one: 0.003 for 0.3%",
        ),
        RowCheck("denominator", "t_denominator <= 0", "a benchmark over nothing: the denominator must be above 0"),
    ),
}


def fills_shop(plan: Plan) -> bool:
    """Whether `--shop` stands in for a shop_id: only where each row must have one that is not its own key."""
    column = plan.table.by_name.get("shop_id")
    return bool(plan.fill_shop and column and column.required and column.name not in plan.table.key)


def _names(column: Column, plan: Plan) -> Names:
    cell = plan.cells.get(column.name)
    return Names(
        f'"c_{column.name}"',
        f'"w_{column.name}"',
        "_zone",
        plan.zoning.zones,
        cell.yuan if cell else False,
        f'"b_{column.name}"',
    )


def _given(plan: Plan) -> list[Column]:
    return [plan.table.by_name[name] for name in plan.given]


def _clean(column: Column, plan: Plan) -> str:
    cell = plan.cells.get(column.name)
    cleaned = cells.clean(f"({cell.sql})", column) if cell else "NULL::VARCHAR"
    if column.name == "shop_id" and fills_shop(plan):
        return f"coalesce({cleaned}, {quoted(plan.fill_shop)})"
    if column.name in plan.table.key and not column.required:
        return f"coalesce({cleaned}, '')"
    return cleaned


def _as_names(pairs: list[tuple[str, str]]) -> str:
    return "".join(f', {sql} AS "{name}"' for name, sql in pairs)


def _value(column: Column, plan: Plan) -> str:
    if column.name not in plan.given:
        return f"NULL::{TYPES[column.type]}" if column.name not in plan.table.key else f'"c_{column.name}"'
    return cells.TYPED[column.type](column, _names(column, plan))


_WALLS = {"w": cells.wall, "b": cells.bare}


def typing_sql(plan: Plan, batch: str) -> str:
    """CTEs ending in `typed` over the relation `batch`: `_line`, then per column `c_` its cleaned cell and `t_` its value; of a
    time also `w_`, as written, and `b_`, whether it is bare."""
    columns = plan.table.columns
    cleaned = _as_names([(f"c_{column.name}", _clean(column, plan)) for column in columns] + _there(plan))
    times = [column for column in _given(plan) if column.type == "time"]
    walls = _as_names(
        [(f"{letter}_{column.name}", sql(_names(column, plan))) for column in times for letter, sql in _WALLS.items()]
    )
    values = _as_names([(f"t_{column.name}", _value(column, plan)) for column in columns])
    zone = f", {plan.zoning.sql} AS _zone" if plan.zoning.sql else ""
    return f"""clean AS (SELECT _line{cleaned} FROM {batch}),
walls AS (SELECT *{walls} FROM clean),
zoned AS (SELECT walls.*{zone} FROM walls {plan.zoning.join}),
typed AS (SELECT *{values} FROM zoned)"""


def _is_sparse(column: Column, plan: Plan) -> bool:
    """Whether a row may lack this column though the file has it."""
    filled = column.name == "shop_id" and fills_shop(plan)
    return plan.sparse and column.name in plan.cells and column.name not in plan.table.key and not filled


def _there(plan: Plan) -> list[tuple[str, str]]:
    """Where rows may lack columns: `g_` says which are there."""
    return [
        (f"g_{column.name}", f"({plan.cells[column.name].sql}) IS NOT NULL")
        for column in _given(plan)
        if _is_sparse(column, plan)
    ]


def _wrong(column: Column, plan: Plan) -> str:
    """SQL: this cell sends its row to quarantine."""
    c, t = f'"c_{column.name}"', f'"t_{column.name}"'
    if not column.required:
        return f"({c} IS NOT NULL AND {t} IS NULL)"
    return f'({t} IS NULL AND "g_{column.name}")' if _is_sparse(column, plan) else f"{t} IS NULL"


def _clears(plan: Plan) -> str:
    """SQL: bit i set where optional column i is given and empty."""
    if not plan.clears:
        return "0::BIGINT"
    at = {column.name: index for index, column in enumerate(plan.table.columns)}
    optional = [column.name for column in _given(plan) if not column.required and column.name not in plan.table.key]
    there = {name: f' AND "g_{name}"' if _is_sparse(plan.table.by_name[name], plan) else "" for name in optional}
    bits = [f'CASE WHEN "c_{name}" IS NULL{there[name]} THEN {1 << at[name]}::BIGINT ELSE 0 END' for name in optional]
    return f"({' + '.join(bits)})" if bits else "0::BIGINT"


def _given_bits(plan: Plan) -> str:
    """SQL: bit i set where column i of the schema's order is in the file, and in this row."""
    bits = [(1 << index, column) for index, column in enumerate(plan.table.columns) if column.name in plan.given]
    always = sum(bit for bit, column in bits if not _is_sparse(column, plan))
    some = [f'CASE WHEN "g_{column.name}" THEN {bit}::BIGINT ELSE 0 END' for bit, column in bits if _is_sparse(column, plan)]
    return f"({' + '.join([f'{always}::BIGINT', *some])})"


def _read_in(plan: Plan) -> str:
    """SQL: the zone in which a row's bare times were read; null where it has none."""
    bare = " OR ".join(f'coalesce("b_{column.name}", false)' for column in _given(plan) if column.type == "time")
    zone = "_zone" if plan.zoning.sql else quoted(next(iter(plan.zoning.zones), ""))
    return f"CASE WHEN {bare} THEN {zone} END" if bare else "NULL::VARCHAR"


def rows_sql(plan: Plan, batch: str, part: int) -> str:
    """SELECT of every row of `batch`: the table's columns typed, `_clears`, `_given`, `_zone`, `_part`, `_line` and `_bad`."""
    columns = ", ".join(f'"t_{column.name}" AS "{column.name}"' for column in plan.table.columns)
    wrong = [_wrong(column, plan) for column in _given(plan)]
    wrong += [f"coalesce({check.bad}, false)" for check in ROW_CHECKS.get(plan.table.name, ())]
    return f"""WITH {typing_sql(plan, batch)}
SELECT {columns}, {_clears(plan)} AS _clears, {_given_bits(plan)} AS _given,
    {_read_in(plan)} AS _zone, {part}::INTEGER AS _part,
    _line::BIGINT AS _line, ({" OR ".join(wrong)}) AS _bad FROM typed"""


def _fault(column: Column, plan: Plan) -> str:
    """SQL: a struct of the cell's fault, or null."""
    c, heading = f'"c_{column.name}"', plan.cells[column.name].heading if column.name in plan.cells else column.name
    why = cells.reason(column, _names(column, plan))
    if column.required:
        why = f"CASE WHEN {c} IS NULL THEN 'required and empty' ELSE {why} END"
    return f"CASE WHEN {_wrong(column, plan)} THEN {_record(heading, c, why)} END"


def _record(heading: str, value: str, reason: str) -> str:
    return f"""{{'column': {quoted(heading)}, 'value': coalesce({value}, ''), 'reason': {reason}}}"""


def faults_sql(plan: Plan, batch: str) -> str:
    """SELECT of one record per fault of the bad rows in `batch`: line, table, key, column, value, reason."""
    records = [_fault(column, plan) for column in _given(plan)]
    for check in ROW_CHECKS.get(plan.table.name, ()):
        value = f'"c_{check.column}"'
        records.append(f"CASE WHEN {check.bad} THEN {_record(check.column, value, quoted(check.reason))} END")
    key = ", ".join(f'"c_{name}"' for name in plan.table.key if name in plan.given)
    return f"""WITH {typing_sql(plan, batch)},
faults AS (SELECT _line, concat_ws('/', {key}) AS key, unnest([{", ".join(records)}]) AS fault FROM typed)
SELECT _line, '{plan.table.name}' AS "table", key, fault."column" AS "column", fault.value AS value, fault.reason AS reason
FROM faults WHERE fault IS NOT NULL"""
