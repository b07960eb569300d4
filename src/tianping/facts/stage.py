"""Files of facts → typed Parquet in a scratch folder, with every row typed, skipped for a named reason, or quarantined.

Shops are staged first, then orders, then the rest: a time without an offset is wall time of its row's shop's zone.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from tianping.facts.formats.source import Source
from tianping.facts.intake import Intake, Job, Progress, unused
from tianping.facts.schema import TABLES

__all__ = ["Count", "Progress", "Staged", "StagedFile", "digests", "stage"]
"""Progress is called after every batch with the file's name and how much of the whole staging is done, 0..1."""


NO_ROW = "it has no row under its heading"


@dataclass(frozen=True, slots=True)
class Count:
    """Rows of one file for one table: `read` = `typed` + `quarantined`. `skipped` are rows of the file that are nothing to
    this table, by the mapping's named reason: (reason, rows). `told` are words no one translates: (column, word, rows).
    `dated`: the rows' times say of which days the file is."""

    part: int
    file: str
    table: str
    read: int
    typed: int
    quarantined: int
    given: tuple[str, ...]
    skipped: tuple[tuple[str, int], ...] = ()
    told: tuple[tuple[str, str, int], ...] = ()
    dated: bool = True


@dataclass(frozen=True, slots=True)
class StagedFile:
    """One file: `digest` is sha256 of its bytes, the mapping's text, the options and the files it is joined with;
    `rows` counts all its rows; `unused` says why no table was read from it, or what of it is not read ("" where all is);
    `mapping` names the one that read it ("" for a canonical file)."""

    part: int
    file: str
    digest: str
    rows: int
    unused: str = ""
    mapping: str = ""


@dataclass(frozen=True, slots=True)
class Staged:
    """What is in `folder`: `<table>/<part>-<n>.parquet` and `quarantine/<part>-<n>.parquet`."""

    folder: Path
    files: tuple[StagedFile, ...]
    counts: tuple[Count, ...]

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that any file supplied, also where all rows went to quarantine."""
        return tuple(sorted({count.table for count in self.counts}))

    def parquet(self, table: str) -> list[str]:
        """The Parquet files of `table` (or of "quarantine"), by part; empty where no row came through."""
        found = (self.folder / table).glob("*.parquet")
        return [str(path) for path in sorted(found, key=lambda path: [int(word) for word in path.stem.split("-")])]


def digests(sources: Sequence[Source]) -> tuple[str, ...]:
    """The digest of each source, in order, so that files imported before can be left out by `skip`."""
    own = {source.path: _sha(source) for source in sources}
    joined = [[own[other.path] for other in _joined(source, sources)] for source in sources]
    return tuple(_digest(source, others, own[source.path]) for source, others in zip(sources, joined, strict=True))


def _sha(source: Source) -> str:
    with source.path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _joined(source: Source, sources: Sequence[Source]) -> list[Source]:
    """The files of the same folder that the mapping joins with this one."""
    targets = source.mapping.tables if source.mapping else ()
    roles = {join.file for target in targets if target.from_ == source.role for join in target.join}
    return [other for other in sources if other.role in roles and other.path.parent == source.path.parent]


def _digest(source: Source, joined: Sequence[str], own: str) -> str:
    mapping = source.mapping.text if source.mapping else ""
    said = [own, source.table, source.role, mapping, source.shop, source.zone, *sorted(joined)]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def stage(
    con: duckdb.DuckDBPyConnection,
    sources: Sequence[Source],
    folder: Path,
    *,
    progress: Progress = lambda file, done: None,
    skip: frozenset[str] = frozenset(),
) -> Staged:
    """Stage `sources` (as `read.find` gives them) into `folder`; `con` holds known.shops(shop_id, timezone) and
    known.orders(order_id, shop_id). Files whose digest is in `skip` are not staged, only used by the joins of others.
    Raises ImportRefused for a file that cannot be read as its table at all; bad rows go to quarantine."""
    keys = digests(sources)
    intake = Intake(con, folder, sources, [key in skip for key in keys], progress)
    intake.run()
    told = zip(intake.jobs, keys, strict=True)
    files = tuple(_file(job, key) for job, key in told)
    return Staged(folder, files, tuple(_count(job, table) for job in intake.jobs for table in job.tallies))


def _file(job: Job, digest: str) -> StagedFile:
    name = job.source.mapping.name if job.source.mapping else ""
    nothing = "" if job.rows or job.known else NO_ROW
    return StagedFile(job.part, job.name, digest, job.rows, unused(job.source) or job.note or nothing, name)


def _count(job: Job, table: str) -> Count:
    tally = job.tallies[table]
    assert tally.adds_up, (job.name, table, tally)
    given = tuple(name for name in TABLES[table].by_name if name in tally.given)
    skipped = tuple(sorted(tally.skipped.items()))
    told = tuple((*word, rows) for word, rows in sorted(tally.told.items()))
    read = tally.typed + tally.quarantined
    return Count(job.part, job.name, table, read, tally.typed, tally.quarantined, given, skipped, told, _dated(job, table))


def _dated(job: Job, table: str) -> bool:
    targets = job.source.mapping.tables if job.source.mapping else ()
    mine = [target for target in targets if target.from_ == job.source.role and target.table == table]
    return not mine or any(target.covers and target.dates for target in mine)
