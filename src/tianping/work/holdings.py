"""What a home holds: coverage, rows, waiting rows, quarantine."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from tianping.facts import lake, versions
from tianping.facts.engine import name, names, quoted, same_key
from tianping.facts.schema import TABLES, Table
from tianping.work.home import Home, facts, reading


@contextmanager
def quarantine(
    home: Home, *, seq: int | None = None, table: str = "", whole: bool = False, closed: bool = False
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The faults of imports not undone, executed: seq, file, line, table, key, column, value, reason; with `whole` also the
    source row as JSON. Rows that were imported again are left out, unless `closed`."""
    tests = ([f"seq = {seq}"] if seq is not None else []) + ([f'"table" = {quoted(table)}'] if table else [])
    columns = "* EXCLUDE (form)" if whole else "* EXCLUDE (form, row)"
    with reading(home) as con:
        rows = (lake.quarantine if closed else lake.to_mend)(home.lake, versions.known(home.versions()))
        yield con.execute(
            f'SELECT {columns} FROM ({rows}) WHERE {" AND ".join(tests) or "true"} ORDER BY seq, file, line, "column"'
        )


@contextmanager
def held(
    home: Home, *, known_at: int | dt.datetime | None = None, shop: str = "", table: str = "", whole: bool = False
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Per shop and table, executed: first_day, last_day, missing_days, rows, waiting; with `whole` the columns ever given.
    Rows that name no shop, or whose order is unknown, stand under an empty shop_id."""
    con, _ = facts(home, known_at=known_at)
    counts = " UNION ALL ".join(count(one) for one in TABLES.values())
    tests = ([f"shop_id = {quoted(shop)}"] if shop else []) + ([f'"table" = {quoted(table)}'] if table else [])
    columns = 'shop_id, "table", first_day, last_day, missing_days' + (', "columns"' if whole else "")
    with con:
        yield con.execute(f"""
            WITH counts AS ({counts}), covered AS ({_COVERED})
            SELECT {columns}, coalesce(rows, 0) AS rows, coalesce(waiting, 0) AS waiting
            FROM covered FULL JOIN counts USING (shop_id, "table")
            WHERE {" AND ".join(tests) or "true"} ORDER BY shop_id, "table"
        """)


_COVERED = """
    WITH days AS (
        SELECT DISTINCT shop_id, "table", unnest(generate_series(first_day, last_day, INTERVAL 1 DAY)) AS day
        FROM facts.coverage
    ), missing AS (
        SELECT shop_id, "table", date_diff('day', min(day), max(day)) + 1 - count(*) AS missing_days FROM days GROUP BY ALL
    )
    SELECT shop_id, "table", min(first_day) AS first_day, max(last_day) AS last_day, any_value(missing_days) AS missing_days,
        list_sort(list_distinct(flatten(list("columns")))) AS "columns"
    FROM facts.coverage LEFT JOIN missing USING (shop_id, "table") GROUP BY ALL
"""


def count(table: Table) -> str:
    """SELECT shop_id, table, rows, waiting of one table."""
    shop, waiting, rows = "''", "0", f"facts.{table.name} r"
    if table.waits_for:
        key = name(TABLES[table.waits_for].key[0])
        shop, waiting = "coalesce(p.shop_id, '')", f"count(*) FILTER (p.{key} IS NULL)"
        rows += f" LEFT JOIN facts.{table.waits_for} p ON p.{key} = r.{key}"
    elif table.has_shop:
        shop = "coalesce(r.shop_id, '')"
    counts = f'{quoted(table.name)} AS "table", count(*) AS rows, {waiting} AS waiting'
    return f"SELECT {shop} AS shop_id, {counts} FROM {rows} GROUP BY ALL HAVING count(*) > 0"


def incomplete(home: Home) -> dict[str, int]:
    """Per table, how many keys are known only in part: what first named them in full was undone. They count nowhere until
    such a row comes again."""
    con, _ = facts(home)
    known, found = versions.known(home.versions()), {}
    with con:
        for table in TABLES.values():
            if rows := lake.rows(home.lake, known, table, "change"):
                keys = f"SELECT DISTINCT {names(table.key)} FROM {rows}"
                on = same_key(table, "k", "t")
                lost = con.execute(f"SELECT count(*) FROM ({keys}) k ANTI JOIN facts.{name(table.name)} t ON {on}").fetchone()
                found[table.name] = int(lost[0]) if lost else 0
    return {table: keys for table, keys in found.items() if keys}
