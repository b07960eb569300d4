"""Facts in, and back out: staging, lake and database joined. Nothing counts until one row of `store_version` names it."""

import datetime as dt
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from tianping.errors import ImportRefused, NotFound
from tianping.facts import engine, filing, lake, read, stage, versions
from tianping.facts.cells import NO_SHOP, STROKE
from tianping.facts.desk import Desk, begin, write
from tianping.facts.engine import quoted
from tianping.facts.schema import TABLES
from tianping.facts.versions import Input, LakeFile, Tally, Version
from tianping.periods import Period
from tianping.work.home import Home, commit, importing, moment, own_versions, sweep, whole
from tianping.work.intake.brought import Before, report_of
from tianping.work.intake.brought import Report as Report  # also by this name
from tianping.work.intake.compact import compact
from tianping.work.intake.covers import Covered, cover
from tianping.work.people.reach import EVERYTHING, Reach

Progress = Callable[[str, float], None]
_STAGING = 0.5
"""The share of an import's time that staging takes, about."""
MEMORY = "1200MB"
"""What DuckDB may hold while it imports; what is more goes to the scratch folder. The whole process stays under 2 GB."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to import and how; `at` is naive UTC. `said_at`: a person gave `at` (--as-of), so that it may not be moved.
    `again`: the import whose quarantine the rows come from. `reach`: the shops whose rows may come; rows of others, or of which
    nothing says whose they are, go to quarantine. `under`: the folder that files are named without. `rules`: the mapping's
    text, kept where its file will not be. `covers_nothing`: the rows do not say that other rows of their days are known.
    `differences`: where other imports said otherwise than these rows, as JSON."""

    paths: tuple[Path, ...]
    at: dt.datetime
    said_at: bool = False
    table: str = ""
    mapping: str = ""
    shop: str = ""
    covers: Period | None = None
    covers_nothing: bool = False
    differences: str = ""
    again: int = 0
    passwords: read.Passwords = field(default_factory=read.Passwords)
    reach: Reach = EVERYTHING
    under: Path | None = None
    rules: str = ""

    @property
    def options(self) -> dict[str, str]:
        period = f"{self.covers.first}..{self.covers.last}" if self.covers else ""
        said = {"table": self.table, "mapping": self.mapping, "shop": self.shop, "covers": period}
        said |= {"again": str(self.again)} if self.again else {}
        said |= {"rules": self.rules} if self.rules else {}
        said |= {"differences": self.differences} if self.differences else {}
        return said | ({} if self.reach.shops is None else {"reach": json.dumps(sorted(self.reach.shops), ensure_ascii=False)})


@dataclass(slots=True)
class _Made:
    """What an import has filed so far."""

    files: list[LakeFile] = field(default_factory=list)
    counts: dict[str, Tally] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Again:
    """Rows of an earlier import's quarantine that come again: `rows` is the SELECT of what names them (`lake.BAD_ROW`),
    `places` that of (file, line, was_file, was_line): where they stood, for each line they stand on now."""

    of: Version
    rows: str
    places: str


def bring(home: Home, request: Request, *, progress: Progress = lambda file, done: None) -> Report:
    """Import files; the whole import or nothing. Raises ImportRefused, and then the store is as it was."""
    sources = _sources(home, request)
    with importing(home):
        known = own_versions(home)
        sweep(home, known)
        at = moment(known, request.at, said=request.said_at)
        tried = _imported(within(known, request.reach), request, stage.digests(sources))
        before = {digest: found for digest, found in tried.items() if not _bad(known, found[0])}
        return take(home, known, sources, replace(request, at=at), before=before, tried=tried, progress=progress)


def _sources(home: Home, request: Request) -> list[read.Source]:
    """The files, none said to be of a shop out of reach. Raises ImportRefused."""
    if STROKE in request.shop:
        raise ImportRefused(f'"{request.shop}" cannot be a shop: {NO_SHOP}')
    found = read.find(
        request.paths,
        table=request.table,
        mapping=request.mapping,
        shop=request.shop,
        zone=home.zone,
        passwords=request.passwords,
    )
    for source in found:
        if source.shop and not request.reach.holds(source.shop):
            raise ImportRefused(
                f'{source.name} is said to be of shop "{source.shop}", which is none of yours; name one of your shops'
            )
    return [replace(source, under=request.under) for source in found]


def take(
    home: Home,
    known: tuple[Version, ...],
    sources: Sequence[read.Source],
    request: Request,
    *,
    before: Before,
    tried: Before | None = None,
    again: Again | None = None,
    progress: Progress = lambda file, done: None,
) -> Report:
    """The same under the lock, with `known` in order; files of the digests in `before` are not read again. Those in `tried`
    have been here before with bad rows: where they bring nothing new now, they leave no trace."""
    digests = stage.digests(sources)
    if not again and all(digest in before for digest in digests):
        return report_of(None, {}, before, None)
    try:
        with whole(home, "the import"):
            staged = _stage(home, known, sources, frozenset(before), request.reach, progress)
            shops = {part: one.shop for part, one in enumerate(sources) if one.shop and digests[part] not in before}
            _refuse_days_of_nobody(staged, request, shops)
            version, covered = _file(home, known, staged, request, shops, again, progress)
            version = replace(version, inputs=_inputs(staged, before, again))
            if tried and all(digest in tried for digest in digests) and not _brings(version):
                lake.sweep(home.lake, known)
                known_files = tuple((one.file, seq) for seq, one in tried.values())
                return replace(report_of(None, version.counts, before, staged), known=known_files)
            commit(home, version)
    finally:
        shutil.rmtree(home.scratch, ignore_errors=True)
    report = report_of(version.seq, version.counts, before, staged)
    return replace(report, lacking=covered.lacking, compacted=_tidy(home, (*known, version)))


def _tidy(home: Home, known: tuple[Version, ...]) -> int | None:
    """Merge small files where they have become many. The import stands, whatever becomes of this."""
    with suppress(ImportRefused), whole(home, "merging small files"):
        return compact(home, known, known[-1].at, everything=False)
    return None


def _stage(
    home: Home,
    known: Sequence[Version],
    sources: Sequence[read.Source],
    skip: frozenset[str],
    reach: Reach,
    progress: Progress,
) -> stage.Staged:
    """Type and check the files' rows in the scratch folder."""
    shutil.rmtree(home.scratch, ignore_errors=True)
    home.scratch.mkdir(parents=True)
    with engine.connect(home.scratch / "spill", memory=MEMORY) as con:
        _know(con, home, known, reach)
        told: Progress = lambda file, done: progress(file, done * _STAGING)  # noqa: E731
        return stage.stage(con, sources, home.scratch / "staged", progress=told, skip=skip)


def _refuse_days_of_nobody(staged: stage.Staged, request: Request, shops: Mapping[int, str]) -> None:
    """Days said of files without a row would count for no shop at all. Raises ImportRefused."""
    if request.covers and not shops and not any(count.read for count in staged.counts):
        raise ImportRefused(
            f"{staged.files[0].file} has no row that says of which shop the days of --covers are; name the shop with --shop"
        )


def _file(
    home: Home,
    known: tuple[Version, ...],
    staged: stage.Staged,
    request: Request,
    shops: Mapping[int, str],
    again: Again | None,
    progress: Progress,
) -> tuple[Version, Covered]:
    """Write the staged rows into the lake, safe against a power cut; the version that will name them, and what it covers."""
    with engine.connect(home.scratch / "spill", memory=MEMORY) as con:
        files = {file.part: file.file for file in staged.files}
        rows = {table: staged.parquet(table) for table in staged.tables}
        seq, own = versions.newest(known) + 1, frozenset(version.seq for version in within(known, request.reach))
        desk = Desk(con, home.lake, home.scratch, seq, known, files, home.zone, rows, request.reach.shops, own)
        made = _file_tables(desk, staged, again, progress)
        covered = Covered(None)
        if not request.covers_nothing:
            covered = cover(desk, staged, made.files, shops, request.covers, again.of.covers if again else None)
    lake.settle(home.lake, [home.lake / file.path for file in made.files])
    version = Version(
        seq=desk.seq,
        at=request.at,
        mapping=", ".join(sorted({file.mapping for file in staged.files if file.mapping})),
        options=request.options,
        files=tuple(made.files),
        counts=made.counts,
        covers=covered.days,
    )
    return version, covered


def _imported(known: Sequence[Version], request: Request, digests: Sequence[str]) -> Before:
    """Which of these files the store already has: digest → (seq, input). A file said to cover other days is another."""
    covers = request.options["covers"]
    return {
        one.digest: (version.seq, one)
        for version in versions.live(known)
        for one in version.inputs
        if one.digest in digests and not one.known and covers in ("", version.options["covers"])
    }


def _bad(known: Sequence[Version], seq: int) -> bool:
    """Whether that import has rows in quarantine: its files are tried again, for what was wrong may be mended elsewhere."""
    return any(tally.quarantined for tally in find(known, seq).counts.values())


def _brings(version: Version) -> bool:
    """Whether the import says anything that was not known: the same bad rows again do not."""
    return any(tally.new or tally.changed for tally in version.counts.values())


def _know(con: duckdb.DuckDBPyConnection, home: Home, known: Sequence[Version], reach: Reach) -> None:
    """`known.shops` and `known.orders`, those within reach, by which times without an offset find their zone."""
    con.execute("CREATE SCHEMA known")
    mine = (
        ""
        if reach.shops is None
        else f" WHERE list_contains([{', '.join(map(quoted, sorted(reach.shops)))}]::VARCHAR[], shop_id)"
    )
    for table, columns in (("shops", "shop_id, timezone"), ("orders", "order_id, shop_id")):
        state = lake.state(home.lake, versions.known(known), TABLES[table])
        lake.view(con, f"known.{table}", f"SELECT {columns} FROM ({state}){mine}")


def _file_tables(desk: Desk, staged: stage.Staged, again: Again | None, progress: Progress) -> _Made:
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
    made.files += filing.file_bad(desk, staged.parquet("quarantine"), places=again.places if again else "")
    if again:
        made.files.append(write(desk, "retried", "all", "retried", f"SELECT *, {desk.seq}::BIGINT AS _seq FROM ({again.rows})"))
    return made


def _inputs(staged: stage.Staged, before: Before, again: Again | None) -> tuple[Input, ...]:
    """The files of this import, with the rows each gave to each table; of one that was imported before, by which import. Rows
    that come again have no digest: they may come a third time."""
    return tuple(
        Input(file.file, file.digest, 0, mapping=file.mapping, known=before[file.digest][0])
        if file.digest in before
        else Input(
            f"quarantine of import {again.of.seq}" if again else file.file,
            "" if again else file.digest,
            file.rows,
            file.unused,
            {count.table: count.read for count in staged.counts if count.part == file.part},
            file.mapping,
        )
        for file in staged.files
    )


def within(known: Sequence[Version], reach: Reach) -> tuple[Version, ...]:
    """The imports that somebody of this reach may see, take back and retry, and their undos: those brought by people all of
    whose shops are within it, which hold nothing else."""
    if reach.everything:
        return tuple(known)
    own = {version.seq for version in known if version.kind == "import" and _brought_within(version, reach)}
    return tuple(version for version in known if version.seq in own or version.undoes in own)


def _brought_within(version: Version, reach: Reach) -> bool:
    said = version.options.get("reach")
    return said is not None and all(map(reach.holds, json.loads(said)))


def find(known: Sequence[Version], seq: int) -> Version:
    """The import or undo of this number. Raises NotFound."""
    for version in known:
        if version.seq == seq:
            return version
    raise NotFound(f"there is no import {seq}; see `tianping imports list`")


def shared(known: Sequence[Version], seq: int) -> list[tuple[str, int]]:
    """The files that later imports named too, and left to import `seq`: (file, the later import)."""
    return [(one.file, version.seq) for version in versions.live(known) for one in version.inputs if one.known == seq]


def undo(home: Home, seq: int, *, at: dt.datetime, said_at: bool = False, reach: Reach = EVERYTHING) -> Version:
    """Take import `seq` back, as a new version: from there on the state is as if it had never been. Raises ImportRefused for
    an undo (import the files again instead) or an import undone before, NotFound for one that is not `within` reach."""
    with importing(home):
        known = own_versions(home)
        found = find(within(known, reach), seq)
        if found.kind == "undo":
            raise ImportRefused(f"{seq} is itself the undo of import {found.undoes}; import those files again instead")
        if found.kind != "import":
            raise ImportRefused(f"{seq} brought no facts, it only put files in order ({found.kind}); there is nothing to undo")
        if by := versions.undone_by(known).get(seq):
            raise ImportRefused(f"import {seq} is already undone, by {by}; nothing to do")
        version = Version(versions.newest(known) + 1, moment(known, at, said=said_at), "undo", seq)
        commit(home, version)
        return version
