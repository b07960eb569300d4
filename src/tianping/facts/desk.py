"""Where an import is filed: what the judging and the filing of its tables share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from tianping.facts import lake, resolve, versions
from tianping.facts.engine import name, names, parquet, quoted
from tianping.facts.resolve import Raw
from tianping.facts.schema import PARENTS, TABLES, Table
from tianping.facts.versions import Kind, Known, LakeFile, Version

WAITING = "waiting"
"""The shelf of rows whose order is not known."""
_FEW = 4
"""A look-up is narrowed to the keys that an import names where they are this many times fewer than all."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where an import is filed: the connection, the lake's folder, a scratch folder, the number it will have, the versions
    before it, its files' names by part, the home's zone; the staged Parquet of its tables, where look-ups need not give more
    than these name. `reach`: the only shops it may touch (None: all); `own`: the imports that were brought within that."""

    con: duckdb.DuckDBPyConnection
    folder: Path
    scratch: Path
    seq: int
    known: tuple[Version, ...]
    sources: Mapping[int, str]
    zone: str
    staged: Mapping[str, Sequence[str]] = field(default_factory=dict)
    reach: frozenset[str] | None = None
    own: frozenset[int] = frozenset()

    @property
    def now(self) -> Known:
        """What is known before this import."""
        return versions.known(self.known)

    def make(self, target: str, select: str) -> None:
        """Create or replace a temporary table."""
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE {target} AS {select}")


def begin(desk: Desk) -> None:
    """The tables that the filing of an import adds to: its sources, its bad rows; look-ups of the shops' zones, and of the
    parents it does not bring."""
    desk.con.execute("CREATE OR REPLACE TEMP TABLE sources (_part INTEGER, file VARCHAR)")
    if desk.sources:
        desk.con.executemany("INSERT INTO sources VALUES (?, ?)", list(desk.sources.items()))
    columns = ", ".join(f"{name(column)} {of}" for column, of in lake.QUARANTINE.items())
    desk.con.execute(f"CREATE OR REPLACE TEMP TABLE bad ({columns})")
    for parent in PARENTS:
        if not desk.staged.get(parent):  # none, or files without a good row
            look_up(desk, TABLES[parent], ())
    look_up_zones(desk, ())


def look_up(desk: Desk, parent: Table, files: Sequence[LakeFile]) -> None:
    """Make `<parent>_now`: key, shop, shelf and, of an order, buyer of the rows known once `files` are filed; those that the
    import names, where that is much less than all."""
    now = desk.now
    now = replace(now, files=now.files + tuple(files), seq=desk.seq)
    raw = lake.raw(desk.folder, now, parent)
    wanted = _wanted(desk, parent, sum(file.rows for file in now.of(parent.name)))
    if wanted:
        desk.make("wanted", wanted)
        raw = _of_keys(parent, raw, "wanted")
    what, target = "TABLE" if wanted else "VIEW", name(parent.name + "_now")
    desk.con.execute(f"CREATE OR REPLACE TEMP {what} {target} AS {_placing(parent, raw)}")


def look_up_also(desk: Desk, parent: Table, keys: str) -> None:
    """Where `<parent>_now` was narrowed: add to it those known of these keys (a table's name) that it lacks."""
    target = parent.name + "_now"
    desk.make("lacking", f"SELECT * FROM {keys} ANTI JOIN {name(target)} USING ({names(parent.key)})")
    narrowed = "SELECT 1 FROM duckdb_tables() WHERE temporary AND table_name = $1 AND EXISTS (FROM lacking)"
    if desk.con.execute(narrowed, [target]).fetchall():
        raw = _of_keys(parent, lake.raw(desk.folder, desk.now, parent), "lacking")
        desk.con.execute(f"INSERT INTO {name(target)} {_placing(parent, raw)}")


def _of_keys(parent: Table, raw: Raw, keys: str) -> Raw:
    """The rows of these keys."""
    base, changes = (
        item and f"(SELECT * FROM {item} SEMI JOIN {keys} USING ({names(parent.key)}))" for item in (raw.base, raw.changes)
    )
    return raw._replace(base=base, changes=changes)


def _placing(parent: Table, raw: Raw) -> str:
    """The SELECT of key, shop, shelf and, of an order, buyer of these rows."""
    wide = [*parent.key, "shop_id", *(["buyer_id"] if "buyer_id" in parent.by_name else [])]
    return f"SELECT {names(wide)}, _shelf FROM ({resolve.state(parent, raw, shelf=True)})"


def look_up_zones(desk: Desk, files: Sequence[LakeFile]) -> None:
    """Make `zones_now`: the zone of each shop that has one, as known once `files` are filed."""
    now = desk.now
    now = replace(now, files=now.files + tuple(files), seq=desk.seq)
    state = lake.state(desk.folder, now, TABLES["shops"])
    desk.make("zones_now", f"SELECT shop_id, timezone FROM ({state}) WHERE timezone IS NOT NULL")


def _wanted(desk: Desk, parent: Table, rows: int) -> str:
    """The SELECT of the keys of `parent` that this import's rows name without their shop; "" where all may as well be read."""
    key, found, named = parent.key[0], [], 0
    for table, paths in desk.staged.items():
        if key in TABLES[table].by_name and paths:
            own = "WHERE shop_id IS NULL" if table == parent.name else ""
            found.append(f"SELECT {name(key)} FROM {parquet(paths)} {own}")
            named += sum(pq.read_metadata(path).num_rows for path in paths)
    return f"SELECT DISTINCT * FROM ({' UNION ALL '.join(found)})" if found and named * _FEW < rows else ""


def write(desk: Desk, table: str, shelf: str, kind: Kind, select: str) -> LakeFile:
    """Write one file of the lake; nobody sees it until a version names it."""
    return write_file(desk.con, desk.folder, LakeFile(table, shelf, "", kind, 0, 0, desk.seq, desk.seq), select)


def write_file(
    con: duckdb.DuckDBPyConnection, folder: Path, like: LakeFile, select: str, *, seq: int | None = None, number: int = 0
) -> LakeFile:
    """Write one file of version `seq` (that of its rows where None); `like` says what is in it."""
    path = Path(like.table) / like.shelf / f"{like.last if seq is None else seq}-{number}-{like.kind}.parquet"
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    written = con.execute(f"COPY ({select}) TO {quoted(str(target))} (FORMAT parquet, COMPRESSION zstd)").fetchone()
    assert written is not None
    return replace(
        like, path=path.as_posix(), rows=int(written[0]), bytes=target.stat().st_size, placed=_placed(target, int(written[0]))
    )


def _placed(path: Path, rows: int) -> int:
    """Rows of a file that say their shop, by what the file says of its parts."""
    told = pq.read_metadata(path)
    columns = told.schema.names
    if "_shop" not in columns:
        return 0
    parts = [told.row_group(part).column(columns.index("_shop")).statistics for part in range(told.num_row_groups)]
    nulls = [part.null_count if part else None for part in parts]
    return rows - sum(count or 0 for count in nulls) if None not in nulls else 0
