"""Is a home well? One finding for each thing that can go wrong with it."""

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import duckdb

from tianping.errors import TianpingError
from tianping.facts import lake, versions
from tianping.facts.schema import TABLES
from tianping.facts.versions import Version
from tianping.store import closes, judgements
from tianping.store.database import HEAD, revision
from tianping.work.holdings import count, incomplete
from tianping.work.home import Home, facts, reading
from tianping.work.judgement import judged

LITTLE_DISK = 2 << 30
"""Bytes free below which an import may fail."""
MANY_FILES = 2000
"""Files above which merging is worth asking for."""
State = Literal["ok", "look", "fault"]


class Finding(NamedTuple):
    """`look`: something for a person to see to; `fault`: something is broken."""

    what: str
    state: State
    told: str


def examine(home: Home) -> Iterator[Finding]:
    """All findings. The store's files are held against what the versions say of them, not read through."""
    known = home.versions()
    yield _disk(home.path)
    yield _database(home)
    yield _versions(known)
    yield _mark(home, known)
    yield _store(home, known)
    yield _files(known)
    yield _strays(home, known)
    yield _waiting(home)
    yield _quarantine(home)
    yield _closed(home, known)
    yield Finding("scope", "ok", home.scope)


def _disk(path: Path) -> Finding:
    free = shutil.disk_usage(path).free
    return Finding("disk", "ok" if free > LITTLE_DISK else "look", f"{_size(free)} free")


def _size(count: int) -> str:
    return f"{count / (1 << 30):.1f} GB" if count >= 1 << 30 else f"{count / (1 << 20):.1f} MB"


def _database(home: Home) -> Finding:
    found = revision(home.database)
    return Finding("database", "ok" if found == HEAD else "fault", f"{home.database.dialect.name}, revision {found}")


def _versions(known: Sequence[Version]) -> Finding:
    kinds = Counter(version.kind for version in known)
    told = ", ".join(f"{kinds[kind]} {kind}" for kind in ("import", "undo", "compact", "erase") if kinds[kind])
    return Finding("versions", "ok", f"{told}; the last of {known[-1].at} UTC" if known else "nothing imported yet")


def _mark(home: Home, known: Sequence[Version]) -> Finding:
    """Whether database and lake belong together."""
    last, marked = versions.newest(known), lake.marked(home.lake)
    if marked > last:
        return Finding("newest", "fault", f"the lake knows imports up to {marked}, the database up to {last}: restore both")
    return Finding("newest", "ok", f"{marked}" if marked == last else f"{marked}; the next import makes it {last}")


def _store(home: Home, known: Sequence[Version]) -> Finding:
    present = versions.present(known)
    wrong = [file.path for file in present if _bytes(home.lake / file.path) != file.bytes]
    if wrong:
        return Finding("store", "fault", f"{len(wrong)} files gone or cut short, {wrong[0]} first: restore a backup")
    return Finding("store", "ok", f"{len(present)} files, {_size(sum(file.bytes for file in present))}")


def _bytes(path: Path) -> int:
    return path.stat().st_size if path.exists() else -1


def _files(known: Sequence[Version]) -> Finding:
    present = versions.present(known)
    tables = Counter(file.table for file in present)
    told = ", ".join(f"{table} {files}" for table, files in tables.most_common())
    many = len(present) > MANY_FILES
    return Finding("files", "look" if many else "ok", told + ("; run `tianping compact`" if many else ""))


def _strays(home: Home, known: Sequence[Version]) -> Finding:
    """Files that the next import sweeps, and what the next judged close does."""
    kept = {file.path for file in versions.present(known)}
    strays = [path for path in home.lake.rglob("*.parquet*") if path.relative_to(home.lake).as_posix() not in kept]
    size = sum(path.stat().st_size for path in strays)
    told = f"{len(strays)} files, {_size(size)}" + ("; the next import sweeps them" if strays else "")
    left = len(judged.unfinished(home.path))
    return Finding("strays", "ok", told + (f"; {left} judgements not finished, the next close sweeps them" if left else ""))


def _waiting(home: Home) -> Finding:
    counts = " UNION ALL ".join(count(table) for table in TABLES.values() if table.waits_for)
    try:
        con, _ = facts(home)
        with con:
            found = con.execute(f'SELECT "table", sum(waiting) FROM ({counts}) GROUP BY 1 HAVING sum(waiting) > 0 ORDER BY 1')
            told = ", ".join(f"{table} {rows}" for table, rows in found.fetchall())
        partly = ", ".join(f"{table} {keys}" for table, keys in incomplete(home).items())
    except (duckdb.Error, TianpingError) as error:
        return Finding("waiting", "fault", f"the facts cannot be read: {error}")
    words = [f"{told}: their orders have not come"] if told else []
    words += [f"{partly}: known only in part, what named them in full was undone"] if partly else []
    return Finding("waiting", "look" if words else "ok", "; ".join(words) or "none")


def _quarantine(home: Home) -> Finding:
    with reading(home) as con:
        rows = lake.to_mend(home.lake, versions.known(home.versions()))
        try:
            found = con.execute(f'SELECT count(*) FROM (SELECT DISTINCT seq, "table", file, line FROM ({rows}))').fetchone()
        except duckdb.Error as error:
            return Finding("quarantine", "fault", f"it cannot be read: {error}")
    bad = found[0] if found else 0
    told = f"{bad} rows; see `tianping quarantine list`" if bad else "empty"
    return Finding("quarantine", "look" if bad else "ok", told)


def _closed(home: Home, known: Sequence[Version]) -> Finding:
    done = closes.every(home.database)
    if not done:
        return Finding("last close", "look" if known else "ok", "nothing is closed yet")
    last = done[0]
    if gone := [one.path for one in done if not (home.path / one.path).exists()]:
        return Finding(
            "last close", "fault", f"{len(gone)} closes without their figures, {gone[0]} first: close those days again"
        )
    if lost := [each.folder for each in judgements.every(home.database) if not (home.path / each.folder).exists()]:
        return Finding("last close", "fault", f"{len(lost)} judgements are gone, {lost[0]} first: close those days again")
    judged = {(each.date, each.seq, each.definitions) for each in judgements.every(home.database)}
    if waiting := [each.date for each in done if (each.date, each.seq, each.definitions) not in judged]:
        return Finding(
            "last close", "look", f"{len(waiting)} closes are not judged, {waiting[0]} first: close those days again"
        )
    newer = versions.seq_at(known) - last.seq
    return Finding("last close", "ok", f"{last.date}, from import {last.seq}" + (f"; {newer} came since" if newer > 0 else ""))
