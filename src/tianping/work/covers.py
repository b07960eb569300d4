"""What an import covers: shops, tables, days, columns."""

import datetime as dt
from collections.abc import Iterator, Sequence

from tianping.facts import stage
from tianping.facts.desk import Desk, write
from tianping.facts.engine import name, names, parquet, quoted, wall
from tianping.facts.filing import WAITING
from tianping.facts.schema import TABLES
from tianping.facts.versions import LakeFile
from tianping.periods import Period

NO_PERIOD = ("past_measures",)
"""Tables whose times say nothing about the days an import covers: measures taken before this system."""


def cover(
    desk: Desk,
    staged: stage.Staged,
    files: list[LakeFile],
    shop: str,
    said: Period | None,
    before: tuple[str, str] | None = None,
) -> tuple[str, str] | None:
    """Add to `files` the shops, tables, days and columns this import covers; gives back the days, where any are known: those
    said, else those of the rows, widened to `before`."""
    given = {
        table: [c for c in TABLES[table].by_name if any(c in n.given for n in staged.counts if n.table == table)]
        for table in staged.tables
    }
    given = {table: columns for table, columns in given.items() if columns}
    period = said or _widened(_period(desk, files, staged), before)
    days = [f"DATE '{day}'" for day in (period.first, period.last)] if period else ["NULL::DATE", "NULL::DATE"]
    shops = " UNION ".join([*_shops(desk, files), *([f"SELECT {quoted(shop)}"] if shop else [])])
    if not shops or not given:
        return None
    tables = ", ".join(f"({quoted(table)}, [{', '.join(map(quoted, columns))}])" for table, columns in given.items())
    own = (
        f'SELECT s.shop_id, t."table", {days[0]} AS first_day, {days[1]} AS last_day, t."columns" '
        f'FROM ({shops}) s(shop_id) CROSS JOIN (VALUES {tables}) t("table", "columns")'
    )
    every = " UNION ALL ".join([own, *_taken_up(desk, files)])
    select = f"SELECT *, {desk.seq}::BIGINT AS _seq FROM ({every}) ORDER BY ALL"
    files.append(write(desk, "coverage", "all", "coverage", select))
    return (period.first.isoformat(), period.last.isoformat()) if period else None


def _taken_up(desk: Desk, files: Sequence[LakeFile]) -> Iterator[str]:
    """SELECTs of what earlier imports cover of shops that only now are known: those of rows that waited for an order of this
    import. The days are those of their import, the columns those their files had."""
    new = [str(desk.folder / file.path) for file in files if (file.table, file.kind) == ("orders", "base")]
    for table in TABLES.values():
        waited = [str(desk.folder / file.path) for file in desk.now.of(table.name) if file.shelf == WAITING]
        if new and waited and table.own_time:
            day = f"CAST({wall('w.' + name(table.own_time), desk.zone)} AS DATE)"
            had = "CASE WHEN bit_or(w._given) >> {} & 1 = 1 THEN {} END"
            given = ", ".join(had.format(number, quoted(column)) for number, column in enumerate(table.by_name))
            undone = ", ".join(map(str, sorted(desk.now.undone))) or "NULL"
            yield (
                f'SELECT p.shop_id, {quoted(table.name)} AS "table", least(min({day}), min(v.first)) AS first_day, '
                f'greatest(max({day}), max(v.last)) AS last_day, list_filter([{given}], lambda c: c IS NOT NULL) AS "columns" '
                f"FROM {parquet(waited)} w JOIN {parquet(new)} p USING (order_id) LEFT JOIN ({_days_of(desk)}) v "
                f"ON v.seq = w._seq WHERE coalesce(w._seq NOT IN ({undone}), true) GROUP BY p.shop_id"
            )


def _days_of(desk: Desk) -> str:
    """The SELECT of the days that each earlier import covers: seq, first, last."""
    said = [(version.seq, *version.covers) for version in desk.known if version.covers]
    rows = " UNION ALL ".join(f"SELECT {seq}, DATE '{first}', DATE '{last}'" for seq, first, last in said)
    return f"SELECT * FROM ({rows or 'SELECT NULL::INTEGER, NULL::DATE, NULL::DATE'}) d(seq, first, last)"


def _widened(period: Period | None, before: tuple[str, str] | None) -> Period | None:
    """Rows that an import refused at first, and that came after all, belong to its days."""
    if before is None:
        return period
    first, last = map(dt.date.fromisoformat, before)
    return Period(min(period.first, first), max(period.last, last)) if period else Period(first, last)


def _period(desk: Desk, files: Sequence[LakeFile], staged: stage.Staged) -> Period | None:
    """The first and last day, in the home's zone, on which anything happened that says of which days these files are."""
    days = []
    for table, paths in _by_table(desk, files).items():
        time = TABLES[table].own_time
        if time and table not in NO_PERIOD:
            parts = ", ".join(str(count.part) for count in staged.counts if count.table == table and count.dated)
            if parts:
                rows = f"{parquet(paths)} WHERE _part IN ({parts})"
                days.append(f"SELECT CAST({wall(name(time), desk.zone)} AS DATE) AS day FROM {rows}")
    if not days:
        return None
    found = desk.con.execute(f"SELECT min(day), max(day) FROM ({' UNION ALL '.join(days)})").fetchone()
    return Period(*found) if found and found[0] else None


def _shops(desk: Desk, files: Sequence[LakeFile]) -> list[str]:
    """SELECTs of the shops that these files name, directly or by the row theirs hangs on."""
    found = []
    for table, paths in _by_table(desk, files).items():
        rows, columns = parquet(paths), TABLES[table].by_name
        if "shop_id" in columns:
            found.append(f"SELECT shop_id FROM {rows} WHERE shop_id IS NOT NULL")
        for parent in ("orders", "videos"):
            key = TABLES[parent].key[0]
            if key in columns:
                found.append(
                    f"SELECT p.shop_id FROM {name(parent + '_now')} p SEMI JOIN {rows} r ON p.{names([key])} = r.{names([key])}"
                )
    return found


def _by_table(desk: Desk, files: Sequence[LakeFile]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for file in files:
        if file.kind in ("base", "change"):
            found.setdefault(file.table, []).append(str(desk.folder / file.path))
    return found
