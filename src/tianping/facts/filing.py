"""Staged rows of one table → sorted Parquet files of the lake, and the count of what each row was."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from tianping.facts import lake, resolve
from tianping.facts.desk import WAITING, Desk, look_up, look_up_zones, write
from tianping.facts.engine import name, names, parquet, quoted, same_key, wall
from tianping.facts.erased import belongs, forgotten, says
from tianping.facts.judge import judge, plain
from tianping.facts.misread import misread
from tianping.facts.schema import PARENTS, TABLES, Table
from tianping.facts.versions import Kind, LakeFile, Tally

ORDER = ("shops", "products", "orders", "videos")
"""Tables to file first: others look up their rows."""
_RAW = "_clears, _given, _seq, _part, _line, _shelf, _zone"


def order(tables: Sequence[str]) -> list[str]:
    """`tables` in the order in which they can be filed."""
    return sorted(tables, key=lambda table: (ORDER.index(table) if table in ORDER else len(ORDER), table))


@dataclass(frozen=True, slots=True)
class Filed:
    """What became of one table's staged rows: its new files and the count of its rows (staged ones only)."""

    table: str
    files: tuple[LakeFile, ...]
    tally: Tally


def file_table(desk: Desk, table: Table, staged: Sequence[str]) -> Filed:
    """File the staged Parquet of one table. Bad rows go to the temporary table `bad`."""
    _take_in(desk, table, parquet(staged))
    misread(desk, table)
    judge(desk, table)
    scratch = _place(desk, table)
    files = tuple(_write(desk, table, scratch))
    filed = Filed(table.name, files, _count(desk, table, scratch))
    if table.name in PARENTS:
        look_up(desk, table, files)
    if table.name == "shops":
        look_up_zones(desk, files)
    return filed


def _take_in(desk: Desk, table: Table, rows: str) -> None:
    """Make `incoming`: the rows, in which erased buyers stay erased. Held where that takes looking up whose their keys are: it
    is read several times."""
    erased = belongs(table) and any(version.kind == "erase" for version in desk.known)
    if erased and desk.con.execute(f"SELECT 1 FROM {rows} WHERE {name(says(table))} IS NULL LIMIT 1").fetchall():
        desk.make("owned", forgotten(table, rows, desk.known, lambda of: f"({lake.state(desk.folder, desk.now, TABLES[of])})"))
        taken = "FROM owned"
    else:
        taken = forgotten(table, rows, desk.known, None)
    desk.con.execute(f"CREATE OR REPLACE TEMP VIEW incoming AS {taken}")


def _place(desk: Desk, table: Table) -> str:
    """Write every good row to scratch, by kind and shelf, with its fate; the folder."""
    parent = TABLES[table.waits_for] if table.waits_for else None
    waits = f"LEFT JOIN {name(parent.name + '_now')} p ON p.{name(parent.key[0])} = r._parent" if parent else ""
    fate = f"CASE WHEN p.{name(parent.key[0])} IS NULL THEN 'waiting' ELSE r._fate END" if parent else "r._fate"
    said = f"{names(resolve.columns(table))}, _clears, _given, _seq, _part, _line, _zone"
    rows = " UNION ALL ".join(f"SELECT {said}, _held, _kind, _fate, _time, _parent FROM ({one})" for one in _good(desk, table))
    target = desk.scratch / f"placed-{table.name}"
    whose = ", p.shop_id AS _shop" if parent else ""
    placed = f"r.* EXCLUDE (_held, _fate, _time, _parent), {fate} AS _fate, {_shelf(desk, table)} AS _shelf{whose}"
    desk.con.execute(
        f"COPY (SELECT {placed} FROM ({rows}) r {waits}) "
        f"TO {quoted(str(target))} (FORMAT parquet, PARTITION_BY (_kind, _shelf), WRITE_PARTITION_COLUMNS)"
    )
    return str(target)


def _shelf(desk: Desk, table: Table) -> str:
    """The shelf of a row: its key's, if ever seen; else its order's; else the month of its time; else the only one."""
    if table.waits_for == "orders":
        return f"coalesce(r._held, p._shelf, '{WAITING}')"
    if table.own_time:
        return f"coalesce(r._held, strftime({wall('r._time', desk.zone)}, '%Y-%m'))"
    return "'all'"


def _good(desk: Desk, table: Table) -> tuple[str, str, str]:
    """SELECTs of the good rows, plain and careful, with `_kind` (base = first row of a key never seen), `_fate`, `_held`, and
    of their key's state `_time` and `_parent`; and of the states of the keys that more than a first row made what they are."""
    columns, key = resolve.columns(table), names(table.key, of="k")
    plain_rows = (
        f"SELECT m.*, {desk.seq}::BIGINT AS _seq, NULL::VARCHAR AS _held, 'base' AS _kind, 'new' AS _fate, "
        f"{_hints(table, 'm')} FROM ({plain(table)}) m WHERE {resolve.complete(table, 'm')}"
    )
    same = f"row({names(columns, of='b')}) IS NOT DISTINCT FROM row({names(columns, of='a')})"
    first = f"row_number() OVER (PARTITION BY {key} ORDER BY k._part, k.updated_at NULLS FIRST, k._row) = 1"
    again = f"row_number() OVER (PARTITION BY {names(columns, of='k')}, k._clears ORDER BY k._part, k._row) > 1"
    return (
        plain_rows,
        f"""
        SELECT k.*, CASE WHEN k._held IS NULL AND {first} THEN 'base' ELSE 'change' END AS _kind,
            CASE WHEN b._complete THEN CASE WHEN {same} THEN 'unchanged' ELSE 'changed' END
                WHEN {first} THEN 'new' WHEN {again} THEN 'unchanged' ELSE 'changed' END AS _fate, {_hints(table, "a")}
        FROM kept k JOIN after a ON {same_key(table, "k", "a")} LEFT JOIN before b ON {same_key(table, "k", "b")}
        WHERE a._complete
    """,
        f"""
        SELECT {names(columns, of="a")}, 0 AS _clears, NULL AS _given, {desk.seq}::BIGINT AS _seq, 0 AS _part, 0 AS _line,
            NULL AS _zone, k._held, 'state' AS _kind, NULL AS _fate, {_hints(table, "a")}
        FROM (SELECT {key}, any_value(k._held) AS _held, count(*) AS _rows FROM kept k GROUP BY {key}) k
        JOIN after a ON {same_key(table, "k", "a")} LEFT JOIN before b ON {same_key(table, "k", "b")}
        WHERE a._complete AND (k._held IS NOT NULL OR k._rows > 1) AND NOT coalesce(b._complete AND {same}, false)
    """,
    )


def _hints(table: Table, of: str) -> str:
    """Of the row `of`: `_time`, when it happened, and `_parent`, the key of what it waits for; null where it has none."""
    time = f"{of}.{name(table.own_time)}" if table.own_time else "NULL::TIMESTAMP"
    parent = f"{of}.{name(TABLES[table.waits_for].key[0])}" if table.waits_for else "NULL::VARCHAR"
    return f"{time} AS _time, {parent} AS _parent"


def _write(desk: Desk, table: Table, scratch: str) -> list[LakeFile]:
    """Sort each kind and shelf into its file of the lake."""
    made = []
    for place in sorted(Path(scratch).glob("_kind=*/_shelf=*")):
        kind, shelf = (part.name.partition("=")[2] for part in (place.parent, place))
        rows = f"SELECT * FROM {parquet([str(path) for path in place.iterdir()])}"
        made.append(write(desk, table.name, shelf, cast("Kind", kind), laid(table, rows)))
    return [replace(file, settled=file.kind == "change") for file in made]


def laid(table: Table, rows: str) -> str:
    """The SELECT of raw rows as a file holds them. By shop and product where the table has them, so that one shop's figure is
    found fast; then by key. What waits for another table has the shop of that beside it, where it was known when filed."""
    whose = ["_shop"] if table.waits_for else []
    near = [column for column in ("shop_id", "product_id") if column in table.by_name]
    by = dict.fromkeys([*whose, *near, *table.key, "_seq", "_part", "_line"])
    return f"SELECT {names([*resolve.columns(table), *whose])}, {_RAW} FROM ({rows}) ORDER BY {names(by)}"


def file_bad(desk: Desk, staged: Sequence[str], *, places: str = "") -> list[LakeFile]:
    """Write the bad rows found in staging and here into the lake; no file where there are none. `places`, where rows came from
    a quarantine: the SELECT of (file, line, was_file, was_line)."""
    columns = names(lake.QUARANTINE)
    rows = f"SELECT {columns}, 'canonical' AS form FROM bad"
    rows += f" UNION ALL SELECT {columns}, 'source' FROM {parquet(staged)}" if staged else ""
    if places:
        was = "coalesce(was_file, file) AS file, coalesce(was_line, line) AS line"
        rows = f"SELECT * REPLACE ({was}) FROM ({rows}) LEFT JOIN ({places}) USING (file, line)"
        rows = f"SELECT * EXCLUDE (was_file, was_line) FROM ({rows})"
    found = desk.con.execute(f"SELECT count(*) FROM ({rows})").fetchone()
    if not found or not found[0]:
        return []
    select = f"SELECT {desk.seq}::BIGINT AS seq, {desk.seq}::BIGINT AS _seq, * FROM ({rows}) ORDER BY file, line"
    return [write(desk, "quarantine", "all", "quarantine", select)]


def _count(desk: Desk, table: Table, scratch: str) -> Tally:
    """The fates of the rows of one table."""
    total = "SELECT 'read', count(*) FROM incoming UNION ALL SELECT 'unchanged', count(*) FROM copies"
    bad = f"SELECT 'quarantined', count(*) FROM bad WHERE \"table\" = {quoted(table.name)}"
    placed = [path for kind in ("base", "change") for path in Path(scratch).glob(f"_kind={kind}/**/*.parquet")]
    fates = f" UNION ALL SELECT _fate, count(*) FROM {parquet([str(path) for path in placed])} GROUP BY 1" if placed else ""
    counted: dict[str, int] = {}
    for fate, rows in desk.con.execute(f"{total} UNION ALL {bad}{fates}").fetchall():
        counted[fate] = counted.get(fate, 0) + rows
    return Tally(**counted)
