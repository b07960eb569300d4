"""Small files of one table, shelf and kind merged into one. No row is changed or lost: each carries the number of its import,
and readers of any `seq` choose their rows by it. Rows that waited for an order now known move to its shelf."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

import duckdb

from tianping.facts import engine, lake, versions
from tianping.facts.desk import WAITING, write_file
from tianping.facts.engine import names, same_key
from tianping.facts.filing import laid
from tianping.facts.schema import TABLES, Table
from tianping.facts.versions import LakeFile, Version
from tianping.work.home import Home, commit, importing, moment, own_versions, sweep, whole

MANY = 8
"""A table, shelf and kind with more small files than this is merged after an import."""
QUIET = 2
"""So is one with several that none of the last QUIET * MANY versions added to."""
SMALL = 64 << 20
"""Bytes of a file that is not worth merging."""
BATCH = 4 * SMALL
"""Bytes merged into one file at most, about."""
Place = tuple[str, str, str]


def compact(home: Home, known: Sequence[Version], at: dt.datetime, *, everything: bool = True) -> int | None:
    """Merge what is small, `everything` or only where it has become much; the number of the version that says so, None where
    nothing is to do. Only under the import lock."""
    with engine.connect(home.scratch / "spill") as con:
        made = tidied(con, home.lake, known, at, everything=everything)
    if made is None:
        return None
    lake.settle(home.lake, [home.lake / file.path for file in made.files])
    commit(home, made)
    sweep(home, (*known, made))
    return made.seq


def compact_now(home: Home, *, at: dt.datetime) -> int | None:
    """The same as a command."""
    with importing(home), whole(home, "merging small files"):
        known = own_versions(home)
        sweep(home, known)
        return compact(home, known, moment(known, at))


def tidied(
    con: duckdb.DuckDBPyConnection, folder: Path, known: Sequence[Version], at: dt.datetime, *, everything: bool
) -> Version | None:
    """The version that says what was merged in the lake at `folder`; still to be committed."""
    before = versions.present(known)
    due = [group for group in _groups(before) if everything or _is_due(group, versions.newest(known))]
    waiting = {group[0].table for group in due if group[0].shelf == WAITING} if not everything else _waiting(before)
    tidy = _Tidy(con, folder, versions.newest(known) + 1, before)
    for table in sorted(waiting & set(TABLES)):
        tidy.move(TABLES[table])
    touched = {_place(file) for group in due for file in group} | {_place(file) for file in tidy.made}
    for group in _groups(tidy.files):
        if _place(group[0]) in touched:
            tidy.merge(group)
    if not tidy.made:
        return None
    _check(tidy.replaced, tidy.made)
    return Version(tidy.seq, at, "compact", files=tuple(tidy.made), replaces=tuple(file.path for file in tidy.replaced))


def _place(file: LakeFile) -> Place:
    return (file.table, file.shelf, file.kind)


def _groups(files: Iterable[LakeFile]) -> Iterator[list[LakeFile]]:
    """Several small files of one place each, oldest first."""
    small = sorted((file for file in files if file.bytes < SMALL), key=lambda file: (_place(file), file.first, file.path))
    for _, group in groupby(small, _place):
        if len(found := list(group)) > 1:
            yield found


def _is_due(group: Sequence[LakeFile], newest: int) -> bool:
    return len(group) > MANY or max(file.last for file in group) <= newest - QUIET * MANY


def _waiting(files: Iterable[LakeFile]) -> set[str]:
    return {file.table for file in files if file.shelf == WAITING}


def _check(replaced: Sequence[LakeFile], made: Sequence[LakeFile]) -> None:
    """As many rows as before of every table and kind: or the program is wrong, and nothing is committed."""
    assert _rows(replaced) == _rows(made), (replaced, made)


def _rows(files: Iterable[LakeFile]) -> Mapping[tuple[str, str], int]:
    counted: dict[tuple[str, str], int] = {}
    for file in files:
        counted[file.table, file.kind] = counted.get((file.table, file.kind), 0) + file.rows
    return counted


class _Tidy:
    """The files while they are put in order. `made` and `replaced` say what changed since `before`."""

    def __init__(self, con: duckdb.DuckDBPyConnection, folder: Path, seq: int, before: Sequence[LakeFile]) -> None:
        self._con, self._lake, self.seq, self._before = con, folder, seq, before
        self._number = 0
        self.files = list(before)

    @property
    def made(self) -> list[LakeFile]:
        return [file for file in self.files if file not in self._before]

    @property
    def replaced(self) -> list[LakeFile]:
        return [file for file in self._before if file not in self.files]

    def merge(self, group: Sequence[LakeFile]) -> None:
        """One file for several."""
        for batch in _batches(group):
            if len(batch) > 1:
                rows = f"SELECT * FROM {self._read(batch)}"
                table = TABLES.get(batch[0].table)
                self._put(batch, [self._write(batch, batch[0].shelf, laid(table, rows) if table else f"{rows} ORDER BY ALL")])

    def move(self, table: Table) -> None:
        """Rows that waited go to the shelf of their order, all versions of a key together, and to its shop, where all that was
        ever imported names but one."""
        parts = [file for file in self.files if file.table == table.name and file.shelf == WAITING]
        orders = [file for file in self.files if file.table == "orders" and file.kind in ("base", "change")]
        if not parts or not orders:
            return
        shop = "CASE WHEN count(DISTINCT o.shop_id) = 1 THEN any_value(o.shop_id) END"
        self._con.execute(
            f"CREATE OR REPLACE TEMP TABLE moves AS SELECT {names(table.key, of='w')}, max(o._shelf) AS _to, {shop} AS _of "
            f"FROM {self._read(parts)} w JOIN {self._read(orders)} o USING (order_id) GROUP BY {names(table.key, of='w')}"
        )
        for kind in versions.FACTS:
            if of_kind := [file for file in parts if file.kind == kind]:
                self._move(table, of_kind)

    def _move(self, table: Table, parts: Sequence[LakeFile]) -> None:
        rows = (
            f"SELECT w.* REPLACE (coalesce(m._to, w._shelf) AS _shelf, coalesce(w._shop, m._of) AS _shop) "
            f"FROM {self._read(parts)} w "
            f"LEFT JOIN moves m ON {same_key(table, 'w', 'm')}"
        )
        self._con.execute(f"CREATE OR REPLACE TEMP TABLE moved AS {rows}")
        shelves = [str(shelf) for (shelf,) in self._con.execute("SELECT DISTINCT _shelf FROM moved ORDER BY 1").fetchall()]
        if shelves != [WAITING]:
            of = "SELECT * FROM moved WHERE _shelf ="
            self._put(parts, [self._write(parts, shelf, laid(table, f"{of} '{shelf}'")) for shelf in shelves])

    def _read(self, files: Sequence[LakeFile]) -> str:
        return lake.read(self._lake, files, mixed=True)

    def _write(self, parts: Sequence[LakeFile], shelf: str, select: str) -> LakeFile:
        first, last = min(file.first for file in parts), max(file.last for file in parts)
        settled = all(file.settled for file in parts)
        like = LakeFile(parts[0].table, shelf, "", parts[0].kind, 0, 0, first, last, settled=settled)
        self._number += 1
        return write_file(self._con, self._lake, like, select, seq=self.seq, number=self._number)

    def _put(self, old: Sequence[LakeFile], new: Sequence[LakeFile]) -> None:
        """What was made here and is replaced again is gone at once: nobody knows it."""
        for file in old:
            self.files.remove(file)
            if file not in self._before:
                (self._lake / file.path).unlink()
        self.files += new


def _batches(group: Sequence[LakeFile]) -> Iterator[list[LakeFile]]:
    """Runs of files of not more than BATCH bytes together."""
    batch: list[LakeFile] = []
    for file in group:
        if batch and sum(one.bytes for one in batch) + file.bytes > BATCH:
            yield batch
            batch = []
        batch.append(file)
    yield batch
