"""Versions of a key → one row: the rules of `facts.md`, "Versions", as SQL.

A raw row has the table's columns and `_clears` (bit i: column i was given empty), `_seq`, `_part`. A row without updated_at
is as new as the newest one known when it came. Column by column, the newest row that gives or clears it wins.
"""

from typing import NamedTuple

from tianping.facts.engine import empty, name, names, same_key
from tianping.facts.schema import Table

REASON_NOW = {"reason": "reason_now"}
"""Where a write-once column's later, differing value is shown."""


def columns(table: Table) -> list[str]:
    """The table's columns, in the schema's order."""
    return [column.name for column in table.columns]


def resolved(table: Table, rows: str, *, also: str = "") -> str:
    """One row per key of the FROM item `rows`, whether complete or not. `also` adds aggregates to the SELECT."""
    made = ", ".join(f"{_newest(table, index)} AS {name(column.name)}" for index, column in enumerate(table.columns))
    return f"SELECT {made}{also} FROM ({_ranked(table, rows)}) GROUP BY {names(table.key)}"


def _ranked(table: Table, rows: str) -> str:
    """`rows` with `_rank`, 1 = oldest; for a write-once column also `_first_…`, the first value ever known, and `_since_…`,
    the rank of the row that gave it."""
    key = names(table.key)
    known = f"PARTITION BY {key} ORDER BY _seq, _part"
    stamped = f"SELECT *, coalesce(updated_at, max(updated_at) OVER ({known})) AS _eff FROM {rows}"
    ranked = (
        f"SELECT *, row_number() OVER (PARTITION BY {key} ORDER BY _eff NULLS FIRST, _seq, _part) AS _rank FROM ({stamped})"
    )
    if not table.write_once:
        return ranked
    every = f"{known}, updated_at ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"
    first = ", ".join(
        f"first_value({name(column)} IGNORE NULLS) OVER ({every}) AS {name('_first_' + column)}, "
        f"first_value(CASE WHEN {name(column)} IS NOT NULL THEN _rank END IGNORE NULLS) OVER ({every}) "
        f"AS {name('_since_' + column)}"
        for column in table.write_once
    )
    return f"SELECT *, {first} FROM ({ranked})"


def _newest(table: Table, index: int) -> str:
    """The aggregate that chooses column `index` of a key's ranked rows."""
    column = table.columns[index].name
    if column in table.key:
        return name(column)
    if column == "updated_at":
        return "max(updated_at)"
    if column in table.write_once:
        return f"any_value({name('_first_' + column)})"
    value = _later_value(table, column)
    return f"arg_max_null({value}, _rank) FILTER ({value} IS NOT NULL OR (_clears >> {index}) & 1 = 1)"


def _later_value(table: Table, column: str) -> str:
    """The column's own value; for reason_now, where the row has none, a reason that came later and differs from the first."""
    for first in table.write_once:
        if REASON_NOW.get(first) == column:
            later = f"{name(first)} <> {name('_first_' + first)} AND _rank > {name('_since_' + first)}"
            return f"coalesce({name(column)}, CASE WHEN {later} THEN {name(first)} END)"
    return name(column)


def complete(table: Table, of: str = "") -> str:
    """The condition that a row has all its required columns."""
    prefix = f"{of}." if of else ""
    return " AND ".join(f"{prefix}{name(column.name)} IS NOT NULL" for column in table.columns if column.required)


class Raw(NamedTuple):
    """The FROM items of a table's raw rows, "" where there are none. `settled`: instead of the rows that changed a key, those
    that say what was made of it; the newest one holds."""

    base: str
    changes: str
    settled: bool = False


def state(table: Table, raw: Raw, *, shelf: bool = False, held: str = "") -> str:
    """A SELECT of the table's complete rows, one per key; with `_shelf` where asked. `held`: the FROM item of what `changed`
    selects, where that was looked up before.

    Base rows that nothing changed are read plainly: measured 19 % dearer than a scan; resolving all would be far more.
    """
    if not raw.base and not raw.changes:
        return empty(table) if not shelf else f"SELECT *, NULL::VARCHAR AS _shelf FROM ({empty(table)})"
    wanted = names(columns(table)) + (", _shelf" if shelf else "")
    if not raw.changes:
        return f"SELECT {wanted} FROM {raw.base} b"
    now = f"SELECT {wanted} FROM {held or f'({changed(table, raw, shelf=shelf)})'} WHERE {complete(table)}"
    if not raw.base:
        return now
    keys = held or f"(SELECT {names(table.key)} FROM {raw.changes})"
    return f"SELECT {wanted} FROM {raw.base} b ANTI JOIN {keys} c ON {same_key(table, 'b', 'c')} UNION ALL {now}"


def changed(table: Table, raw: Raw, *, shelf: bool = False) -> str:
    """A SELECT of one row, complete or not, for each key that changed; as for `state`."""
    if raw.settled:
        return _last(table, raw.changes, also=", _shelf" if shelf else "")
    rows = f"(SELECT * FROM {raw.changes})"
    if raw.base:
        keys = f"(SELECT {names(table.key)} FROM {raw.changes})"
        before = f"SELECT * FROM {raw.base} b SEMI JOIN {keys} c ON {same_key(table, 'b', 'c')}"
        rows = f"({before} UNION ALL BY NAME SELECT * FROM {raw.changes})"
    return resolved(table, rows, also=", any_value(_shelf) AS _shelf" if shelf else "")


def _last(table: Table, states: str, *, also: str = "") -> str:
    """Of each key what the newest import made of it. Which that is costs its keys alone, whatever columns are read."""
    newest = f"SELECT {names(table.key)}, max(_seq) AS _seq FROM {states} GROUP BY {names(table.key)}"
    newer = f"SEMI JOIN ({newest}) n ON {same_key(table, 's', 'n')} AND s._seq = n._seq"
    return f"SELECT {names(columns(table))}{also} FROM {states} s {newer}"
