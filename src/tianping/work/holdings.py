"""What a home holds: coverage, rows, waiting rows, quarantine."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches

import duckdb

from tianping.errors import NotFound, did_you_mean
from tianping.facts import lake, versions
from tianping.facts.engine import name, names, quoted, same_key
from tianping.facts.schema import TABLES, Table
from tianping.work.home import Home, facts, reading
from tianping.work.intake.badrows import sights
from tianping.work.people.reach import EVERYTHING, Reach


@contextmanager
def quarantine(
    home: Home,
    *,
    seq: int | None = None,
    table: str = "",
    whole: bool = False,
    closed: bool = False,
    reach: Reach = EVERYTHING,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The faults of imports not undone, executed: seq, file, line, table, key, column, value, reason; with `whole` also the
    source row as JSON. Rows that were imported again are left out, unless `closed`."""
    _known_table(table)
    known = home.versions()
    tests = ([f"seq = {seq}"] if seq is not None else []) + ([f'"table" = {quoted(table)}'] if table else [])
    tests += sights(known, reach)
    columns = "* EXCLUDE (form)" if whole else "* EXCLUDE (form, row)"
    with reading(home) as con:
        rows = (lake.quarantine if closed else lake.to_mend)(home.lake, versions.known(known))
        yield con.execute(
            f'SELECT {columns} FROM ({rows}) WHERE {" AND ".join(tests) or "true"} ORDER BY seq, file, line, "column"'
        )


@contextmanager
def held(
    home: Home,
    *,
    known_at: int | dt.datetime | None = None,
    shop: str = "",
    table: str = "",
    whole: bool = False,
    reach: Reach = EVERYTHING,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Per shop and table, executed: first_day, last_day, missing_days, rows, waiting; with `whole` the columns ever given.
    Rows that name no shop, or whose order is unknown, stand under an empty shop_id, which only those see who see all."""
    _known_table(table)
    if shop:
        reach.require(shop)
    con, _ = facts(home, known_at=known_at)
    counts = " UNION ALL ".join(count(one) for one in TABLES.values())
    if shop and reach.everything:
        _known_shop(con, counts, shop)
    tests = ([f"shop_id = {quoted(shop)}"] if shop else []) + ([f'"table" = {quoted(table)}'] if table else [])
    if reach.shops is not None:
        tests.append(f"list_contains([{', '.join(map(quoted, sorted(reach.shops)))}]::VARCHAR[], shop_id)")
    columns = 'shop_id, "table", first_day, last_day, missing_days' + (', "columns"' if whole else "")
    with con:
        yield con.execute(f"""
            WITH counts AS ({counts}), covered AS ({_COVERED})
            SELECT {columns}, coalesce(rows, 0) AS rows, coalesce(waiting, 0) AS waiting
            FROM covered FULL JOIN counts USING (shop_id, "table")
            WHERE {" AND ".join(tests) or "true"} ORDER BY shop_id, "table"
        """)


def _known_table(table: str) -> None:
    """Raises NotFound for a name that is no table's."""
    if table and table not in TABLES:
        raise NotFound(f'there is no table "{table}"; {did_you_mean(table, list(TABLES))}')


def _known_shop(con: duckdb.DuckDBPyConnection, counts: str, shop: str) -> None:
    """Raises NotFound for a shop that neither coverage nor rows name; rows are looked through last, for they may be many."""
    shops: list[str] = []
    for names_shops in ("facts.coverage", f"({counts})"):
        found = con.execute(f"SELECT DISTINCT shop_id FROM {names_shops} WHERE shop_id <> ''").fetchall()
        shops = sorted(str(shop_id) for (shop_id,) in found)
        if shop in shops:
            return
    near = " or ".join(f'"{one}"' for one in get_close_matches(shop, shops, n=3))
    raise NotFound(f'there is no shop "{shop}" here; ' + (f"did you mean {near}?" if near else "`tianping data` lists them"))


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


def clashing(home: Home, seq: int, reach: Reach = EVERYTHING) -> int:
    """How many open bad rows of imports after `seq` clashed with what was known then: without it they may be good."""
    known = home.versions()
    with reading(home) as con:
        rows = lake.to_mend(home.lake, versions.known(known))
        clashed = " AND ".join([f"seq > {seq} AND reason LIKE 'this % is known under %'", *sights(known, reach)])
        found = con.execute(f"SELECT count(DISTINCT ({names(lake.BAD_ROW)})) FROM ({rows}) WHERE {clashed}").fetchone()
    return int(found[0]) if found else 0


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
