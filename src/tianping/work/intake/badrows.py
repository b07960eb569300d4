"""Bad rows that are open: those of imports not undone that were not imported again, as far as somebody may see them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from tianping.errors import NotFound
from tianping.facts import lake, versions
from tianping.facts.engine import names, quoted
from tianping.facts.formats.packed import inner_suffix
from tianping.facts.schema import TABLES
from tianping.facts.versions import Version
from tianping.work.home import Home, reading
from tianping.work.intake.imports import within
from tianping.work.people.reach import EVERYTHING, Reach


class Bad(NamedTuple):
    """A bad row: where it stood, why it is bad, and its cells by heading (as a plain list where they fit no heading). `form`:
    `source`, as the file had it, or `canonical`, as a mapping had made it."""

    seq: int
    table: str
    file: str
    line: int
    form: str
    reasons: str
    cells: Mapping[str, str] | Sequence[str]

    @property
    def id(self) -> str:
        return f"{self.seq}/{self.table}/{self.line}/{self.file}"

    @property
    def kept(self) -> bool:
        """Whether the row can come again just as it is: not where its cells fit no heading, or were erased."""
        return isinstance(self.cells, Mapping) and bool(self.cells)


class Page(NamedTuple):
    """Some of the open bad rows, in order, and how many there are in all."""

    rows: Sequence[Bad]
    total: int


def look(
    home: Home, *, seq: int | None = None, table: str = "", reach: Reach = EVERYTHING, skip: int = 0, most: int = 50
) -> Page:
    """Open bad rows from the `skip`-th on, at most `most`."""
    with reading(home) as con:
        rows = list(open_rows(home, con, seq, table, reach, f"LIMIT {most} OFFSET {skip}"))
        counted = f"SELECT count(*) FROM (SELECT DISTINCT {names(lake.BAD_ROW)} FROM ({_faults(home, seq, table, reach)}))"
        return Page(rows, int(con.execute(counted).fetchall()[0][0]))


def one(home: Home, id_: str, *, reach: Reach = EVERYTHING) -> Bad:
    """The open bad row of this id. Raises NotFound."""
    seq, _, rest = id_.partition("/")
    with reading(home) as con:
        found = open_rows(home, con, int(seq), rest.partition("/")[0], reach) if seq.isdecimal() else iter(())
        for bad in found:
            if bad.id == id_:
                return bad
    raise NotFound("this row is not open in quarantine any more; see the list")


def zone_of(home: Home, bad: Bad, *, reach: Reach = EVERYTHING) -> str:
    """The time zone of the shop that a row is of, as far as that is known and within reach; else the home's."""
    cells = bad.cells if isinstance(bad.cells, Mapping) else {}
    known = versions.known(home.versions())
    shop, order = cells.get("shop_id", ""), cells.get("order_id", "")
    with reading(home) as con:
        if order and not shop:
            orders = lake.state(home.lake, known, TABLES["orders"])
            shop = _only(con, f"SELECT shop_id FROM ({orders}) WHERE order_id = {quoted(order)}")
        shops = lake.state(home.lake, known, TABLES["shops"])
        mine = shop and reach.holds(shop)
        return (_only(con, f"SELECT timezone FROM ({shops}) WHERE shop_id = {quoted(shop)}") if mine else "") or home.zone


def _only(con: duckdb.DuckDBPyConnection, query: str) -> str:
    return next((str(value) for (value,) in con.execute(query).fetchall() if value is not None), "")


def open_rows(
    home: Home, con: duckdb.DuckDBPyConnection, seq: int | None, table: str, reach: Reach, part: str = ""
) -> Iterator[Bad]:
    """The open bad rows, one each; `part`: LIMIT and OFFSET."""
    reasons = """string_agg(concat_ws(': ', nullif("column", ''), reason), '; ')"""
    found = con.execute(
        f'SELECT seq, "table", file, line, any_value(form), {reasons}, any_value("row") '
        f"FROM ({_faults(home, seq, table, reach)}) GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4 {part}"
    )
    while block := found.fetchmany(1000):
        for *head, row in block:
            yield Bad._make([*head, _cells(json.loads(row or "{}"), head[2])])


def _faults(home: Home, seq: int | None, table: str, reach: Reach) -> str:
    """The SELECT of the open rows' faults."""
    known = home.versions()
    rows = lake.to_mend(home.lake, versions.known(known))
    tests = ([f"seq = {seq}"] if seq is not None else []) + ([f'"table" = {quoted(table)}'] if table else [])
    return f"SELECT * FROM ({rows}) WHERE {' AND '.join([*tests, *sights(known, reach)]) or 'true'}"


def _cells(row: dict[str, Any] | list[str], file: str) -> Mapping[str, str] | Sequence[str]:
    """In JSON lines a cell that is null was not there; an empty one of CSV would clear what is known."""
    if isinstance(row, list):
        return row
    sparse = inner_suffix(Path(file)) in (".json", ".jsonl", ".ndjson")
    return {name: "" if cell is None else str(cell) for name, cell in row.items() if not (sparse and cell is None)}


def sights(known: Sequence[Version], reach: Reach) -> list[str]:
    """The SQL test, if any, by which bad rows of an import are seen: those of imports `within` reach."""
    if reach.everything:
        return []
    seqs = [str(version.seq) for version in within(known, reach)]
    return [f"seq IN ({', '.join(seqs)})" if seqs else "false"]
