"""The lake: Parquet files that only committed versions name, and the state at any `seq` as DuckDB views.

`<lake>/<table>/<shelf>/<seq>-<n>-<kind>.parquet`. Every row carries the number of its import, `_seq`. Other readers get the
file list of a version, never a folder: a folder also holds what was undone or replaced, and what an interrupted import left.
"""

import datetime as dt
import os
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import duckdb

from tianping.facts import resolve, versions
from tianping.facts.engine import name, names, parquet
from tianping.facts.resolve import Raw
from tianping.facts.schema import PARENTS, TABLES, Table
from tianping.facts.versions import Kind, Known, LakeFile, Version

COVERAGE = {"shop_id": "VARCHAR", "table": "VARCHAR", "first_day": "DATE", "last_day": "DATE", "columns": "VARCHAR[]"}
QUARANTINE = {
    "file": "VARCHAR", "line": "BIGINT", "table": "VARCHAR", "key": "VARCHAR", "column": "VARCHAR", "value": "VARCHAR",
    "reason": "VARCHAR", "row": "VARCHAR",
}  # fmt: skip
ADDED: dict[Kind, str] = {
    "base": "NULL::VARCHAR AS _zone, NULL::VARCHAR AS _shop",
    "change": "NULL::VARCHAR AS _zone, NULL::VARCHAR AS _shop",
    "coverage": "NULL::BIGINT AS _of",
}
"""By kind, columns that files of the lake lack which were written before there were such columns."""
_NEARLY = 0.9
"""Of rows, so many by shop are worth looking for a few shops' alone: the others are read each time."""
BAD_ROW = {"seq": "BIGINT", "table": "VARCHAR", "file": "VARCHAR", "line": "BIGINT"}
"""What names a bad row: a row with several faults has several records in the quarantine, all under one of these."""


def attach(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    known: Sequence[Version],
    *,
    known_at: int | dt.datetime | None = None,
    schema: str = "facts",
    tables: Collection[str] = (),
) -> int:
    """Views `<schema>.<table>` of the state at `known_at`, one per table of TABLES with exactly its columns and types,
    and `<schema>.coverage`; or only those of `tables`: each takes a millisecond. Gives back the seq. Rows whose order is
    unknown are there; joins leave them out."""
    seq = versions.seq_at(known, known_at)
    now = versions.known(known, seq)
    con.execute(f"CREATE SCHEMA IF NOT EXISTS {name(schema)}")
    for table in TABLES.values():
        if not tables or table.name in tables:
            view(con, f"{name(schema)}.{name(table.name)}", state(folder, now, table))
    if not tables:
        view(con, f"{name(schema)}.coverage", coverage(folder, now))
    return seq


def view(con: duckdb.DuckDBPyConnection, target: str, select: str) -> None:
    """Create or replace one view."""
    con.execute(f"CREATE OR REPLACE VIEW {target} AS {select}")


def hold(con: duckdb.DuckDBPyConnection, folder: Path, known: Known, shops: str = "") -> frozenset[str]:
    """The same as `confine`, for whoever reads the views many times: what became of changed rows is looked up once, and kept
    in temporary tables until the next call. The tables of which that is kept."""
    held = frozenset(table.name for table in _sure(known) if known.of(table.name, known.saying(table.name)))
    for table in held:
        now = resolve.changed(TABLES[table], raw(folder, known, TABLES[table], shops))
        con.execute(f"CREATE OR REPLACE TEMP TABLE {_held(table)} AS {now}")
    confine(con, folder, known, shops, held=held)
    return held


def changes(known: Known) -> int:
    """How many raw rows `hold` would look up."""
    return sum(file.rows for table in _sure(known) for file in known.of(table.name, known.saying(table.name)))


def confine(
    con: duckdb.DuckDBPyConnection, folder: Path, known: Known, shops: str, *, held: frozenset[str] = frozenset()
) -> None:
    """Have the views of what waits for others, and of what it waits for, hold the rows of the shops for which this condition
    over `shop_id` holds, and maybe others' (of those some versions may be missing); "" for all rows again. `held`: the tables
    of which `hold` has kept what changed, in these shops and maybe others; what it has of more is let go."""
    for table in _sure(known):
        now = _held(table.name) if table.name in held else ""
        if not now:
            con.execute(f"DROP TABLE IF EXISTS {_held(table.name)}")
        view(con, f"facts.{name(table.name)}", resolve.state(table, raw(folder, known, table, shops), held=now))


def _held(table: str) -> str:
    return f"temp.{name('changed_' + table)}"


def _sure(known: Known) -> list[Table]:
    """The tables that wait for another, and those, in or beside whose rows the right shop stands wherever one does: that of a
    key never changes, as long as no import that holds it is undone. Not products: orders of other shops name them too."""
    ours = [table for table in TABLES.values() if table.waits_for or table.name in PARENTS]
    return [table for table in ours if not known.doubted & {table.name, table.waits_for}]


def by_shop(known: Known) -> frozenset[str]:
    """The tables that wait for another of which nearly all rows lie by their shop."""
    hung = [table for table in _sure(known) if table.waits_for]
    counts = {table.name: [(file.placed, file.rows) for file in known.of(table.name)] for table in hung}
    return frozenset(
        table for table, each in counts.items() if sum(placed for placed, _ in each) >= _NEARLY * sum(rows for _, rows in each)
    )


def state(folder: Path, known: Known, table: Table, *, shelf: bool = False) -> str:
    """The SELECT of one table's state."""
    return resolve.state(table, raw(folder, known, table), shelf=shelf)


def raw(folder: Path, known: Known, table: Table, shops: str = "") -> Raw:
    """A table's raw rows as known. `shops`: as for `confine`."""
    kinds: tuple[Kind, Kind] = ("base", known.saying(table.name))
    base, changes = (_items(folder, known, known.of(table.name, kind), shops=shops, owned=table.owned) for kind in kinds)
    if table.name in known.kept:
        some = f"(SELECT * FROM {_by_shop(kept(table), owned=table.owned)} WHERE {_theirs(shops)})" if shops else kept(table)
        base = f"(SELECT * FROM {base} UNION ALL BY NAME SELECT * FROM {some})" if base else some
    return Raw(base, changes, settled=kinds[1] == "state")


def kept(table: Table) -> str:
    """The temporary table of a table's rows that stand for files which are not read (`recent.since`)."""
    return f"temp.{name('kept_' + table.name)}"


def rows(folder: Path, known: Known, table: Table, *kinds: Kind) -> str:
    """The FROM item of a table's raw rows as known; "" where there are none."""
    return _items(folder, known, known.of(table.name, *kinds))


def _items(
    folder: Path, known: Known, files: Sequence[LakeFile], *, mixed: bool = False, shops: str = "", owned: bool = False
) -> str:
    """Where all rows of a file are wanted it is read plainly. `shops`: rows in which (`owned`) or beside which no shop stands
    are any shop's."""
    groups: dict[tuple[bool, bool], list[LakeFile]] = {}
    for file in files:
        groups.setdefault((bool(known.test([file])), bool(shops and (owned or file.placed))), []).append(file)
    found = []
    for (_, cut), some in groups.items():
        rows, tests = read(folder, some, mixed=mixed), [known.test(some)]
        if cut:
            rows = _by_shop(rows, owned=owned)
            tests.append(_theirs(shops))
        asked = " AND ".join(filter(None, tests))
        found.append(f"(SELECT * FROM {rows} WHERE {asked})" if asked else rows)
    every = " UNION ALL BY NAME ".join(f"SELECT * FROM {each}" for each in found)
    return f"({every})" if len(found) > 1 else "".join(found)


def _by_shop(rows: str, *, owned: bool) -> str:
    return rows if owned else f"(SELECT *, _shop AS shop_id FROM {rows})"


def _theirs(shops: str) -> str:
    return f"(shop_id IS NULL OR ({shops}))"


def read(folder: Path, files: Sequence[LakeFile], *, mixed: bool = False) -> str:
    """The FROM item of all rows of some files of one kind, known or not; `mixed`: also with the columns of ADDED."""
    rows = parquet([str(folder / file.path) for file in files], mixed=mixed)
    added = ADDED.get(files[0].kind) if mixed else None
    return f"(SELECT {added} WHERE false UNION ALL BY NAME SELECT * FROM {rows})" if added else rows


def coverage(folder: Path, known: Known, *, whole: bool = False) -> str:
    """The SELECT of (shop_id, "table", first_day, last_day, columns): one row per import, shop and table. The days are
    those of the home's zone, both ends counted, null where no row had a time; the columns are those the files held. `whole`:
    with `_of`, the earlier import whose rows are covered since a later one brought their orders."""
    columns = COVERAGE | ({"_of": "BIGINT"} if whole else {})
    undone = ", ".join(map(str, sorted(known.undone)))
    select = _side(folder, known, "coverage", COVERAGE | {"_of": "BIGINT"})
    return f"SELECT {names(columns)} FROM ({select})" + (f" WHERE coalesce(_of NOT IN ({undone}), true)" if undone else "")


def quarantine(folder: Path, known: Known) -> str:
    """The SELECT of the bad rows: one per fault, with the `seq` of the import."""
    return _side(folder, known, "quarantine", {"seq": "BIGINT", **QUARANTINE, "form": "VARCHAR"})


def retried(folder: Path, known: Known) -> str:
    """The SELECT of the bad rows that were imported again."""
    return _side(folder, known, "retried", BAD_ROW)


def to_mend(folder: Path, known: Known) -> str:
    """The SELECT of the bad rows that were not imported again."""
    return f"SELECT * FROM ({quarantine(folder, known)}) ANTI JOIN ({retried(folder, known)}) USING ({names(BAD_ROW)})"


def _side(folder: Path, known: Known, kind: Kind, columns: Mapping[str, str]) -> str:
    if found := _items(folder, known, known.of(kind, kind), mixed=kind in ADDED):
        return f"SELECT {names(columns)} FROM {found}"
    return "SELECT " + ", ".join(f"NULL::{of} AS {name(column)}" for column, of in columns.items()) + " WHERE false"


_OURS = re.compile(r"\d+-\d+-(base|change|state|quarantine|coverage|retried)\.parquet(\.\w+)?")


def sweep(folder: Path, known: Sequence[Version], *, replaced: bool = False) -> int:
    """Delete the Parquet files that no version names (an interrupted import's), and where asked those that others have
    replaced; how many. Only under the import lock; the replaced ones only when nobody reads."""
    kept = versions.present(known) if replaced else tuple(file for version in known for file in version.files)
    paths = {file.path for file in kept}
    ours = (path for path in folder.rglob("*.parquet*") if _OURS.fullmatch(path.name))
    strays = [path for path in ours if path.relative_to(folder).as_posix() not in paths]
    for path in strays:
        path.unlink()
    return len(strays)


def mark(folder: Path, seq: int) -> None:
    """Note beside the files the newest version that was ever committed."""
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / "newest.new"
    with fresh.open("w") as note:
        note.write(str(seq))
        note.flush()
        os.fsync(note.fileno())
    fresh.replace(folder / "newest")


def marked(folder: Path) -> int:
    """What `mark` noted, 0 where nothing. A database that knows less is another one, or an old copy: sweeping by it would
    delete facts."""
    note = folder / "newest"
    return int(note.read_text() or 0) if note.exists() else 0


def settle(folder: Path, files: Iterable[Path]) -> None:
    """Make these files of the lake, and the folders they are in, safe against a power cut."""
    paths = list(files)
    folders = {above for file in paths for above in file.parents if above.is_relative_to(folder)}
    for path in [*paths, *sorted(folders), folder.parent]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
