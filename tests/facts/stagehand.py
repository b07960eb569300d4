"""Files written by hand, staged, and read back as plain rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from tianping.facts import engine, read, stage


class Bad(NamedTuple):
    """A record of the quarantine, without its file and row."""

    line: int
    table: str
    key: str
    column: str
    value: str
    reason: str


@dataclass(frozen=True)
class Result:
    """What was staged, and the means to look at it."""

    con: duckdb.DuckDBPyConnection
    staged: stage.Staged

    def rows(self, table: str, columns: str = "*") -> list[dict[str, Any]]:
        """By file and line."""
        paths = self.staged.parquet(table)
        order = 'file, line, "column"' if table == "quarantine" else "_part, _line"
        return self._dicts(f"SELECT {columns} FROM {engine.parquet(paths)} ORDER BY {order}") if paths else []

    def column(self, table: str, name: str) -> list[Any]:
        return [row[name] for row in self.rows(table, f'"{name}"')]

    def bad(self) -> list[Bad]:
        return [Bad(**row) for row in self.rows("quarantine", 'line, "table", key, "column", value, reason')]

    def counts(self) -> list[tuple[str, str, int, int, int]]:
        """(file's name, table, read, typed, quarantined)"""
        return [(Path(n.file).name, n.table, n.read, n.typed, n.quarantined) for n in self.staged.counts]

    def _dicts(self, sql: str) -> list[dict[str, Any]]:
        found = self.con.execute(sql)
        names = [name for name, *_ in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def known(shops: Iterable[tuple[str, str | None]] = (), orders: Iterable[tuple[str, str]] = ()) -> duckdb.DuckDBPyConnection:
    """A connection that knows these (shop, timezone) and (order, shop)."""
    con = engine.connect()
    con.execute("CREATE SCHEMA known")
    con.execute("CREATE TABLE known.shops(shop_id VARCHAR, timezone VARCHAR)")
    con.execute("CREATE TABLE known.orders(order_id VARCHAR, shop_id VARCHAR)")
    for table, rows in (("shops", shops), ("orders", orders)):
        for row in rows:
            con.execute(f"INSERT INTO known.{table} VALUES ($1, $2)", row)
    return con


def write(folder: Path, files: dict[str, str | bytes]) -> Path:
    """`folder/in` with these files."""
    made = folder / "in"
    made.mkdir(exist_ok=True)
    for name, content in files.items():
        (made / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return made


def put(
    folder: Path,
    files: dict[str, str | bytes],
    con: duckdb.DuckDBPyConnection | None = None,
    *,
    mapping: str = "",
    shop: str = "",
) -> Result:
    """Write files into a folder and stage it."""
    con = con or known()
    sources = read.find([write(folder, files)], mapping=mapping, shop=shop)
    return Result(con, stage.stage(con, sources, folder / "out"))
