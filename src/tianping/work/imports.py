"""Facts in, and back out: staging, lake and database joined. Nothing counts until one row of `store_version` names it."""

import datetime as dt
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from tianping.errors import ImportRefused, NotFound
from tianping.facts import engine, filing, lake, read, stage, versions
from tianping.facts.desk import Desk, begin, write
from tianping.facts.engine import name, names, parquet, quoted, wall
from tianping.facts.schema import TABLES
from tianping.facts.versions import Input, LakeFile, Tally, Version
from tianping.periods import Period
from tianping.store.versions import commit
from tianping.work.home import Home, importing

NO_PERIOD = ("past_measures",)
"""Tables whose times say nothing about the days an import covers: measures taken before this system."""
Progress = Callable[[str, float], None]
_STAGING = 0.5
"""The share of an import's time that staging takes, about."""
_OUTSIDE = (OSError, duckdb.IOException, duckdb.OutOfMemoryException)
"""What can fail without anybody's mistake: the disk, the memory."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to import and how; `at` is naive UTC. `said_at`: a person gave `at` (--as-of), so that it may not be moved."""

    paths: tuple[Path, ...]
    at: dt.datetime
    said_at: bool = False
    table: str = ""
    mapping: str = ""
    shop: str = ""
    covers: Period | None = None

    @property
    def options(self) -> dict[str, str]:
        period = f"{self.covers.first}..{self.covers.last}" if self.covers else ""
        return {"table": self.table, "shop": self.shop, "covers": period}


@dataclass(frozen=True, slots=True)
class Report:
    """What an import did. `seq` is None where there was nothing left to do; `known` names the files imported before and
    the import that did; `left_out` counts rows by (file, table, reason) that a mapping says are no row of that table."""

    seq: int | None
    counts: dict[str, Tally]
    known: tuple[tuple[str, int], ...] = ()
    unused: tuple[tuple[str, str], ...] = ()
    left_out: tuple[tuple[str, str, str, int], ...] = ()


@dataclass(slots=True)
class _Made:
    """What an import has filed so far."""

    files: list[LakeFile] = field(default_factory=list)
    counts: dict[str, Tally] = field(default_factory=dict)


def bring(home: Home, request: Request, *, progress: Progress = lambda file, done: None) -> Report:
    """Import files; the whole import or nothing. Raises ImportRefused, and then the store is as it was."""
    sources = read.find(request.paths, table=request.table, mapping=request.mapping, shop=request.shop, zone=home.zone)
    with importing(home):
        known = _own_versions(home)
        lake.sweep(home.lake, known)
        at = _moment(known, request.at, said=request.said_at)
        digests = stage.digests(sources)
        tried = _imported(known, request, digests)
        before = {digest: found for digest, found in tried.items() if not _bad(known, found[0])}
        if all(digest in before for digest in digests):
            return _report(None, {}, before, None)
        try:
            staged = _stage(home, known, sources, frozenset(before), progress)
            version = replace(_file(home, known, staged, request, at, progress), inputs=_inputs(staged, before))
            if all(digest in tried for digest in digests) and not _brings(version):
                lake.sweep(home.lake, known)
                known_files = tuple((one.file, seq) for seq, one in tried.values())
                return replace(_report(None, version.counts, before, staged), known=known_files)
            commit(home.database, version)
        except _OUTSIDE as error:
            lake.sweep(home.lake, home.versions())  # asked again: a commit may have landed although its answer was lost
            raise ImportRefused(f"the import failed and the store is as it was; mend this and import again: {error}") from error
        finally:
            shutil.rmtree(home.scratch, ignore_errors=True)
        _mark(home, version.seq)
    return _report(version.seq, version.counts, before, staged)


def _stage(
    home: Home, known: Sequence[Version], sources: Sequence[read.Source], skip: frozenset[str], progress: Progress
) -> stage.Staged:
    """Type and check the files' rows in the scratch folder."""
    shutil.rmtree(home.scratch, ignore_errors=True)
    home.scratch.mkdir(parents=True)
    with engine.connect(home.scratch / "spill") as con:
        _know(con, home, known)
        told: Progress = lambda file, done: progress(file, done * _STAGING)  # noqa: E731
        return stage.stage(con, sources, home.scratch / "staged", progress=told, skip=skip)


def _file(
    home: Home, known: tuple[Version, ...], staged: stage.Staged, request: Request, at: dt.datetime, progress: Progress
) -> Version:
    """Write the staged rows into the lake, safe against a power cut; the version that will name them."""
    with engine.connect(home.scratch / "spill") as con:
        files = {file.part: file.file for file in staged.files}
        desk = Desk(con, home.lake, home.scratch, versions.newest(known) + 1, known, files, home.zone)
        made = _file_tables(desk, staged, progress)
        covers = _cover(desk, staged, made, request)
    lake.settle(home.lake, [home.lake / file.path for file in made.files])
    return Version(
        seq=desk.seq,
        at=at,
        mapping=request.mapping,
        options=request.options,
        files=tuple(made.files),
        counts=made.counts,
        covers=covers,
    )


def _own_versions(home: Home) -> tuple[Version, ...]:
    """The versions, where database and lake belong together; and the lake's mark, where a killed import left it behind."""
    known = home.versions()
    last, marked = versions.newest(known), lake.marked(home.lake)
    if marked > last:
        raise ImportRefused(
            f"the lake in {home.path} holds imports up to {marked}, its database knows them up to {last}: "
            "name the right database, or restore both from one backup"
        )
    if marked < last:
        lake.mark(home.lake, last)
    return known


def _mark(home: Home, seq: int) -> None:
    """Note the newest version beside its files. It is committed already: where the note fails, the next import writes it."""
    with suppress(OSError):
        lake.mark(home.lake, seq)


def _moment(known: Sequence[Version], at: dt.datetime, *, said: bool) -> dt.datetime:
    """When this counts as known: never before what came before it, or a past state would change."""
    last = known[-1].at if known else at
    if said and at < last:
        raise ImportRefused(
            f"--as-of {at} UTC is before import {known[-1].seq} of {last} UTC, and what was known then may not change; "
            "give a later time, or none"
        )
    return max(last, at)


def _imported(known: Sequence[Version], request: Request, digests: Sequence[str]) -> dict[str, tuple[int, Input]]:
    """Which of these files the store already has: digest → (seq, input). A file said to cover other days is another."""
    covers = request.options["covers"]
    return {
        one.digest: (version.seq, one)
        for version in versions.live(known)
        for one in version.inputs
        if one.digest in digests and covers in ("", version.options["covers"])
    }


def _bad(known: Sequence[Version], seq: int) -> bool:
    """Whether that import has rows in quarantine: its files are tried again, for what was wrong may be mended elsewhere."""
    return any(tally.quarantined for tally in find(known, seq).counts.values())


def _brings(version: Version) -> bool:
    """Whether the import says anything that was not known: the same bad rows again do not."""
    return any(tally.new or tally.changed for tally in version.counts.values())


def _know(con: duckdb.DuckDBPyConnection, home: Home, known: Sequence[Version]) -> None:
    """`known.shops` and `known.orders`, by which times without an offset find their zone."""
    con.execute("CREATE SCHEMA known")
    for table, columns in (("shops", "shop_id, timezone"), ("orders", "order_id, shop_id")):
        state = lake.state(home.lake, versions.live(known), TABLES[table])
        lake.view(con, f"known.{table}", f"SELECT {columns} FROM ({state})")


def _file_tables(desk: Desk, staged: stage.Staged, progress: Progress) -> _Made:
    """File every staged table, and its bad rows."""
    made = _Made()
    begin(desk)
    for number, table in enumerate(filing.order(staged.tables)):
        progress(table, _STAGING + (1 - _STAGING) * number / len(staged.tables))
        parts = [count for count in staged.counts if count.table == table]
        tally = Tally(read=sum(count.quarantined for count in parts), quarantined=sum(count.quarantined for count in parts))
        if rows := staged.parquet(table):
            filed = filing.file_table(desk, TABLES[table], rows)
            made.files += filed.files
            tally += filed.tally
        assert tally.adds_up, (table, tally)
        assert tally.read == sum(count.read for count in parts), (table, tally, parts)
        made.counts[table] = tally
    made.files += filing.file_bad(desk, staged.parquet("quarantine"))
    return made


def _cover(desk: Desk, staged: stage.Staged, made: _Made, request: Request) -> tuple[str, str] | None:
    """Record the shops, tables, days and columns this import covers; the days, where any are known."""
    given = {
        table: [c for c in TABLES[table].by_name if any(c in n.given for n in staged.counts if n.table == table)]
        for table in staged.tables
    }
    period = request.covers or _period(desk, made.files)
    days = [f"DATE '{day}'" for day in (period.first, period.last)] if period else ["NULL::DATE", "NULL::DATE"]
    shops = " UNION ".join([*_shops(desk, made.files), *([f"SELECT {quoted(request.shop)}"] if request.shop else [])])
    if not shops:
        return None
    tables = ", ".join(f"({quoted(table)}, [{', '.join(map(quoted, columns))}])" for table, columns in given.items())
    file = write(
        desk, "coverage", "all", "coverage",
        f'SELECT s.shop_id, t."table", {days[0]} AS first_day, {days[1]} AS last_day, t."columns" '
        f'FROM ({shops}) s(shop_id) CROSS JOIN (VALUES {tables}) t("table", "columns") ORDER BY ALL',
    )  # fmt: skip
    made.files.append(file)
    return (period.first.isoformat(), period.last.isoformat()) if period else None


def _period(desk: Desk, files: Sequence[LakeFile]) -> Period | None:
    """The first and last day, in the home's zone, on which anything in these files happened."""
    days = []
    for table, paths in _by_table(desk, files).items():
        time = TABLES[table].own_time
        if time and table not in NO_PERIOD:
            days.append(f"SELECT CAST({wall(name(time), desk.zone)} AS DATE) AS day FROM {parquet(paths)}")
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


def _inputs(staged: stage.Staged, before: dict[str, tuple[int, Input]]) -> tuple[Input, ...]:
    """The files of this import that were not imported before, with the rows each gave to each table."""
    return tuple(
        Input(
            file.file,
            file.digest,
            file.rows,
            file.unused,
            {count.table: count.read for count in staged.counts if count.part == file.part},
        )
        for file in staged.files
        if file.digest not in before
    )


def _report(
    seq: int | None, counts: dict[str, Tally], before: dict[str, tuple[int, Input]], staged: stage.Staged | None
) -> Report:
    """The counts with the rows of files imported before as unchanged, in the tables' order."""
    total = dict(counts)
    for _, one in before.values():
        for table, rows in one.tables.items():
            total[table] = total.get(table, Tally()) + Tally(read=rows, unchanged=rows)
    return Report(
        seq=seq,
        counts={table: total[table] for table in TABLES if table in total},
        known=tuple((one.file, earlier) for earlier, one in before.values()),
        unused=tuple((file.file, file.unused) for file in staged.files if file.unused) if staged else (),
        left_out=tuple((n.file, n.table, why, rows) for n in staged.counts for why, rows in n.skipped) if staged else (),
    )


def find(known: Sequence[Version], seq: int) -> Version:
    """The import or undo of this number. Raises NotFound."""
    for version in known:
        if version.seq == seq:
            return version
    raise NotFound(f"there is no import {seq}; see `tianping imports list`")


def undo(home: Home, seq: int, *, at: dt.datetime, said_at: bool = False) -> Version:
    """Take import `seq` back, as a new version: from there on the state is as if it had never been. Raises ImportRefused for
    an undo (import the files again instead) or an import undone before."""
    with importing(home):
        known = _own_versions(home)
        found = find(known, seq)
        if found.kind == "undo":
            raise ImportRefused(f"{seq} is itself the undo of import {found.undoes}; import those files again instead")
        if by := versions.undone_by(known).get(seq):
            raise ImportRefused(f"import {seq} is already undone, by {by}; nothing to do")
        version = Version(versions.newest(known) + 1, _moment(known, at, said=said_at), "undo", seq)
        commit(home.database, version)
        _mark(home, version.seq)
        return version
