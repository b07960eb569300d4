"""What an import covers: shops, tables, days, columns.

A file with rows of several shops speaks for all shops of the import: a shop without refunds is not a shop without data. One
whose rows are all of one shop, or that is said to be of it, as an agency's files are, speaks for that shop alone: a shop whose
file is missing is not covered.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import pyarrow as pa

from tianping.facts import lake, stage
from tianping.facts.desk import WAITING, Desk, write
from tianping.facts.engine import name, names, parquet, quoted, wall
from tianping.facts.schema import TABLES, Table
from tianping.facts.versions import LakeFile
from tianping.periods import Period

NO_PERIOD = ("past_measures",)
"""Tables whose times say nothing about the days an import covers: measures taken before this system."""
FEW = 3
"""Shops named of those that are not covered."""
Days = tuple[str, str]
_SEEN = "_part INTEGER, shop_id VARCHAR, first_day DATE, last_day DATE"


class Covered(NamedTuple):
    """The days an import covers, where any are known; and of each table that no file brings for some of its shops: the table, a
    few of these shops, how many they are."""

    days: Days | None
    lacking: tuple[tuple[str, tuple[str, ...], int], ...] = ()


def cover(
    desk: Desk,
    staged: stage.Staged,
    files: list[LakeFile],
    named: Mapping[int, str],
    said: Period | None,
    before: Days | None = None,
) -> Covered:
    """Add to `files` the shops, tables, days and columns this import covers. The days are those said, for all shops and tables;
    else those of the rows, widened to `before`. `named` are the shops that were said for files, by part."""
    _see(desk, files, named)
    _give(desk, staged)
    days = (said.first.isoformat(), said.last.isoformat()) if said else _widened(_days(desk), before)
    own = _all_by_all(days) if said else _by_shop(days, alone=_alone(desk))
    every = " UNION ALL ".join([f"SELECT *, NULL::BIGINT AS _of FROM ({own})", *_taken_up(desk, files)])
    desk.make("covered", every)
    [(rows,)] = desk.con.execute("SELECT count(*) FROM covered").fetchall()
    if rows:
        select = f"SELECT *, {desk.seq}::BIGINT AS _seq FROM covered ORDER BY ALL"
        files.append(write(desk, "coverage", "all", "coverage", select))
    return Covered(days, tuple(_lacking(desk)))


def _lacking(desk: Desk) -> Iterator[tuple[str, tuple[str, ...], int]]:
    """The tables with days that no file brings for some shops of the import."""
    missing = f'SELECT shop_id, "table" FROM ({_all_by_all(None)}) ANTI JOIN covered USING (shop_id, "table")'
    found = f'SELECT "table", list_sort(list(shop_id)), count(*) FROM ({missing}) GROUP BY "table" ORDER BY "table"'
    for table, shops, count in desk.con.execute(found).fetchall():
        if TABLES[table].own_time:
            yield table, tuple(shops[:FEW]), count


def _see(desk: Desk, files: Sequence[LakeFile], named: Mapping[int, str]) -> None:
    """`seen`: the shops that each part's rows of a table name, directly or by what they hang on, and the days of these rows;
    also the shops said for parts, under no table."""
    found = [
        f'SELECT {quoted(table)} AS "table", _part, shop_id, min(day) AS first_day, max(day) AS last_day '
        f"FROM ({_rows(desk, TABLES[table], paths)}) GROUP BY ALL"
        for table, paths in _by_table(desk, files).items()
    ]
    found += [f"SELECT '', {part}, {quoted(shop)}, NULL::DATE, NULL::DATE" for part, shop in named.items()]
    desk.con.execute(f'CREATE OR REPLACE TEMP TABLE seen ("table" VARCHAR, {_SEEN})')
    for select in found:
        desk.con.execute(f"INSERT INTO seen {select}")


def _rows(desk: Desk, table: Table, paths: Sequence[str]) -> str:
    """The SELECT of (_part, shop_id, day) of a table's new rows."""
    timed = table.own_time and table.name not in NO_PERIOD
    day = f"CAST({wall(f'r.{name(table.own_time or str())}', desk.zone)} AS DATE)" if timed else "NULL::DATE"
    if "shop_id" in table.by_name:
        return f"SELECT _part, shop_id, {day} AS day FROM {parquet(paths)} r"
    if table.waits_for:
        key = TABLES[table.waits_for].key
        parent = name(table.waits_for + "_now")
        return f"SELECT _part, p.shop_id, {day} AS day FROM {parquet(paths)} r LEFT JOIN {parent} p USING ({names(key)})"
    return f"SELECT _part, NULL::VARCHAR AS shop_id, {day} AS day FROM {parquet(paths)} r"


def _give(desk: Desk, staged: stage.Staged) -> None:
    """`given`: the columns that each part gives a table, and whether its rows say of which days it is."""
    counts = [{"table": n.table, "_part": n.part, "columns": list(n.given), "dated": n.dated} for n in staged.counts if n.given]
    kinds: dict[str, pa.DataType] = {
        "table": pa.string(),
        "_part": pa.int32(),
        "columns": pa.list_(pa.string()),
        "dated": pa.bool_(),
    }
    desk.con.register("counts", pa.Table.from_pylist(counts, schema=pa.schema(kinds)))
    desk.make("given", "FROM counts")
    desk.con.unregister("counts")


def _days(desk: Desk) -> Days | None:
    """The first and last day, in the home's zone, on which anything happened that says of which days these files are."""
    dated = 'FROM seen JOIN given USING ("table", _part) WHERE dated'
    [(first, last)] = desk.con.execute(f"SELECT min(first_day)::VARCHAR, max(last_day)::VARCHAR {dated}").fetchall()
    return (first, last) if first else None


def _widened(days: Days | None, before: Days | None) -> Days | None:
    """Rows that an import refused at first, and that came after all, belong to its days."""
    if days is None or before is None:
        return days or before
    return min(days[0], before[0]), max(days[1], before[1])


_PARTS = """(SELECT _part, count(DISTINCT shop_id) AS shops, any_value(shop_id) AS shop_id
    FROM seen WHERE shop_id IS NOT NULL GROUP BY _part)"""


def _alone(desk: Desk) -> bool:
    """Whether each file with times is of one shop, and no row of it of one not known yet: then its days are that shop's own."""
    dated = 'seen JOIN given USING ("table", _part) WHERE dated AND first_day IS NOT NULL'
    timed = f"SELECT _part, shop_id IS NULL AS open FROM {dated}"
    many = f"SELECT 1 FROM ({timed}) LEFT JOIN {_PARTS} p USING (_part) WHERE open OR p.shops > 1 LIMIT 1"
    return not desk.con.execute(many).fetchall()


def _all_by_all(days: Days | None) -> str:
    """The SELECT of all shops that this import names by all tables that it brings, on its days."""
    first, last = _dates(days)
    columns = 'list_sort(list_distinct(flatten(list("columns")))) AS "columns"'
    tables = f'SELECT "table", {first} AS first_day, {last} AS last_day, {columns} FROM given GROUP BY "table"'
    return f"SELECT * FROM (SELECT DISTINCT shop_id FROM seen WHERE shop_id IS NOT NULL) CROSS JOIN ({tables})"


def _by_shop(days: Days | None, *, alone: bool) -> str:
    """The SELECT of the shops by the tables of their own files, and of all shops by those of files of several. The days are
    those of the import; those of the shop's own rows where each file is of one shop `alone`."""
    first, last = _dates(days)
    own = ("min(first_day)", "max(last_day)") if alone else (first, last)
    return f"""
        WITH shop_days AS (
            SELECT shop_id, {own[0]} AS first_day, {own[1]} AS last_day
            FROM seen JOIN given USING ("table", _part) WHERE dated GROUP BY shop_id
        ), rows AS (
            SELECT p.shop_id, "table", d.first_day, d.last_day, "columns"
            FROM given JOIN {_PARTS} p USING (_part) LEFT JOIN shop_days d USING (shop_id) WHERE p.shops = 1
            UNION ALL
            SELECT s.shop_id, "table", {first}, {last}, "columns" FROM given JOIN {_PARTS} p USING (_part)
            CROSS JOIN (SELECT DISTINCT shop_id FROM seen WHERE shop_id IS NOT NULL) s WHERE p.shops > 1
        )
        SELECT shop_id, "table", min(first_day) AS first_day, max(last_day) AS last_day,
            list_sort(list_distinct(flatten(list("columns")))) AS "columns"
        FROM rows GROUP BY shop_id, "table"
    """


def _dates(days: Days | None) -> Days:
    """The days in SQL."""
    return (f"DATE '{days[0]}'", f"DATE '{days[1]}'") if days else ("NULL::DATE", "NULL::DATE")


def _taken_up(desk: Desk, files: Sequence[LakeFile]) -> Iterator[str]:
    """SELECTs of what earlier imports cover of shops that only now are known: those of rows that waited for an order of this
    import, unless that is known already. The days are those of their import, `_of`, the columns those their files had."""
    new = [str(desk.folder / file.path) for file in files if file.table == "orders" and file.kind in ("base", "change")]
    known = f"SELECT * FROM ({lake.coverage(desk.folder, desk.now, whole=True)})"
    for table in TABLES.values():
        waited = [file for file in desk.now.of(table.name) if file.shelf == WAITING]
        if new and waited and table.own_time:
            day = f"CAST({wall('w.' + name(table.own_time), desk.zone)} AS DATE)"
            had = "CASE WHEN bit_or(w._given) >> {} & 1 = 1 THEN {} END"
            given = ", ".join(had.format(number, quoted(column)) for number, column in enumerate(table.by_name))
            rows = f"SELECT * FROM {lake.read(desk.folder, waited)} WHERE {desk.now.test(waited) or 'true'}"
            yield (
                f'(SELECT o.shop_id, {quoted(table.name)} AS "table", least(min({day}), min(v.first)) AS first_day, '
                f"greatest(max({day}), max(v.last)) AS last_day, "
                f'list_sort(list_filter([{given}], lambda c: c IS NOT NULL)) AS "columns", w._seq AS _of '
                f"FROM ({rows}) w JOIN (SELECT DISTINCT order_id FROM {parquet(new)}) p USING (order_id) "
                f"JOIN orders_now o USING (order_id) LEFT JOIN ({_days_of(desk)}) v ON v.seq = w._seq "
                f"GROUP BY o.shop_id, w._seq EXCEPT {known})"
            )


def _days_of(desk: Desk) -> str:
    """The SELECT of the days that each earlier import covers: seq, first, last."""
    said = [(version.seq, *version.covers) for version in desk.known if version.covers]
    rows = " UNION ALL ".join(f"SELECT {seq}, DATE '{first}', DATE '{last}'" for seq, first, last in said)
    return f"SELECT * FROM ({rows or 'SELECT NULL::INTEGER, NULL::DATE, NULL::DATE'}) d(seq, first, last)"


def _by_table(desk: Desk, files: Sequence[LakeFile]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for file in files:
        if file.kind in ("base", "change"):
            found.setdefault(file.table, []).append(str(desk.folder / file.path))
    return found
