"""The files of one import on their way in: canonical ones straight, mapped ones by way of raw cells; shops and orders first."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow.parquet as pq

from tianping.errors import ImportRefused
from tianping.facts import mapsql
from tianping.facts.canon import canonical
from tianping.facts.check import Plan, Zoning
from tianping.facts.engine import parquet
from tianping.facts.formats.batch import Batch, ahead, emptied, placed
from tianping.facts.mapping import Mapping, Target
from tianping.facts.mapsql import Part, Scope
from tianping.facts.read import Source, reader
from tianping.facts.schema import TABLES
from tianping.facts.sieve import Sieve, Tally
from tianping.facts.zones import Zones

FIRST = ("shops", "orders")
"""Tables by which the times of the others find their zone."""

TOGETHER = 1 << 16
"""Rows of small files that are worked on at once."""

Progress = Callable[[str, float], None]


class Task(NamedTuple):
    """One file for one table; those of lower rank first."""

    rank: int
    part: int
    run: Callable[[], None]


@dataclass(slots=True)
class Job:
    """One file of the import. `known`: imported before, so that only joins read it. `rows` counts all its rows."""

    part: int
    source: Source
    known: bool
    headings: tuple[str, ...]
    sieve: Sieve
    rows: int = 0
    note: str = ""
    raw: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def tallies(self) -> dict[str, Tally]:
        """What became of its rows, by table."""
        return {table: tally for (part, table), tally in self.sieve.tallies.items() if part == self.part}


class Intake:
    """Stages the files of one import into `folder`."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, folder: Path, sources: Sequence[Source], known: Sequence[bool], progress: Progress
    ) -> None:
        self._con, self._folder, self._progress = con, folder, progress
        self._zones = Zones(con, folder)
        self._sieves: dict[tuple[object, ...], Sieve] = {}
        self._rows: dict[str, int] = {}
        self.jobs = [self._job(part, source, known=known[part]) for part, source in enumerate(sources)]
        self._bytes = max(sum(job.source.path.stat().st_size for job in self.jobs), 1)
        self._read = 0

    def _job(self, part: int, source: Source, *, known: bool) -> Job:
        used = unused(source) == ""
        headings = tuple(reader(source).headings(source.path)) if used else ()
        note = reader(source).notes(source.path) if used else ""
        alike = _alike(source, headings) if used and not known else (part,)
        sieve = self._sieves.setdefault(alike, Sieve(self._con, self._folder, headings))
        sieve.files[part] = source.name
        return Job(part, source, known, headings, sieve, note=note)

    def run(self) -> None:
        """Everything. Refuses, before anything is staged, what cannot be read as its table at all."""
        tasks = [*self._straight_tasks(), *self._mapped_tasks()]
        for job in self.jobs:
            if job.source.mapping and not unused(job.source):
                self._lay_out(job, job.source.mapping)
        for task in sorted(tasks, key=lambda task: (task.rank, task.part)):
            task.run()

    def _straight_tasks(self) -> Iterator[Task]:
        for job in self.jobs:
            if not job.source.mapping and not job.known:
                table = TABLES[job.source.table]
                cells, sparse = canonical(table, job.headings, job.name), reader(job.source).sparse
                plan = Plan(table, cells, Zoning(()), clears=True, sparse=sparse, fill_shop=job.source.shop)
                yield Task(_rank(table.name), job.part, partial(self._straight, job, plan))

    def _mapped_tasks(self) -> Iterator[Task]:
        for sieve in self._sieves.values():
            jobs = [self.jobs[part] for part in sieve.files]
            job = jobs[0]
            for target in job.source.mapping.tables if job.source.mapping and not job.known else ():
                if target.from_ == job.source.role and mapsql.gives(target, job.headings):
                    mapsql.check(self._scope(job, target))
                    yield Task(_rank(target.table), job.part, partial(self._mapped, jobs, target))

    def _batches(self, job: Job) -> Iterator[Batch]:
        """The file's batches, counted and told."""
        size = job.source.path.stat().st_size
        for batch in ahead(reader(job.source).batches(job.source.path)):
            job.rows += len(batch.cells) + len(batch.bad)
            yield batch
            self._progress(job.name, (self._read + size * batch.done) / self._bytes)
        self._read += size

    def _straight(self, job: Job, plan: Plan) -> None:
        job.sieve.tally(job.part, plan.table.name).given |= set(plan.given)
        for batch in self._batches(job):
            job.sieve.unreadable(job.part, plan.table.name, batch.bad)
            self._con.register("batch", placed(batch.cells, job.part))
            job.sieve.sift(self._zoned(plan, "batch", job), "batch", "batch")
            self._con.unregister("batch")

    def _zoned(self, plan: Plan, batch: str, job: Job) -> Plan:
        return replace(plan, zoning=self._zones.zoning(plan, batch, home=job.source.zone))

    def _lay_out(self, job: Job, mapping: Mapping) -> None:
        """The raw cells of a mapped file as Parquet, for its targets and the joins of others to read."""
        table = _home_table(mapping, job.source.role)
        for number, batch in enumerate(self._batches(job)):
            if not job.known:
                job.sieve.unreadable(job.part, table, batch.bad)
            path = self._folder / "raw" / f"{job.part}-{number}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(placed(emptied(batch.cells, job.source.empty_words), job.part), path, compression="lz4")
            job.raw.append(str(path))
            self._rows[str(path)] = len(batch.cells)

    def _mapped(self, jobs: Sequence[Job], target: Target) -> None:
        """One table from files that are read alike."""
        job = jobs[0]
        scope = self._scope(job, target)
        plan = Plan(
            scope.table, mapsql.plan_cells(scope), Zoning(()), clears=False, fill_shop=job.source.shop, covers=target.covers
        )
        for each in jobs:
            each.sieve.tally(each.part, target.table).given |= set(plan.covered)
        for join in target.join:
            self._con.execute(f'CREATE OR REPLACE TEMP TABLE "of_{join.file}" AS {mapsql.join_sql(scope, join)}')
        for paths in self._together([path for each in jobs for path in each.raw]):
            raw = parquet(paths)
            self._con.execute(f"CREATE OR REPLACE TEMP TABLE mapped AS {mapsql.rows_sql(scope, raw)}")
            job.sieve.sift_mapped(self._zoned(plan, "mapped", job), "mapped", raw)

    def _together(self, paths: Sequence[str]) -> Iterator[list[str]]:
        """Raw cells that are worked on at once: many small files, or a batch of a large one."""
        taken: list[str] = []
        for path in paths:
            if taken and sum(self._rows[each] for each in taken) + self._rows[path] > TOGETHER:
                yield taken
                taken = []
            taken.append(path)
        if taken:
            yield taken

    def _scope(self, job: Job, target: Target) -> Scope:
        assert job.source.mapping is not None
        mapping = job.source.mapping
        others = {join.file: self._parts(job, join.file) for join in target.join}
        for role, parts in others.items():
            if not parts and not mapping.files[role].optional:
                names = " or ".join(mapping.files[role].names)
                raise ImportRefused(f"{job.name} is joined with {names}, which is not there; import the folder that holds both")
        return Scope(target, mapping, _part(job), others, job.source.shop)

    def _parts(self, job: Job, role: str) -> tuple[Part, ...]:
        folder = job.source.path.parent
        return tuple(_part(other) for other in self.jobs if other.source.role == role and other.source.path.parent == folder)


def _alike(source: Source, headings: tuple[str, ...]) -> tuple[object, ...]:
    """What files have in common that one mapping reads in one go: where nothing is joined, small files cost little then."""
    mapping = source.mapping
    if mapping is None or any(target.join for target in mapping.tables if target.from_ == source.role):
        return (source.path,)
    return (mapping.text, source.role, headings, source.shop, source.zone)


def _part(job: Job) -> Part:
    return Part(job.name, tuple(job.raw), job.headings)


def _rank(table: str) -> int:
    return FIRST.index(table) if table in FIRST else len(FIRST)


def _home_table(mapping: Mapping, role: str) -> str:
    """The table that unreadable rows of a file count to: the first read from it, else the first joined with it."""
    own = [target.table for target in mapping.tables if target.from_ == role]
    joined = [target.table for target in mapping.tables for join in target.join if join.file == role]
    return [*own, *joined][0]


def unused(source: Source) -> str:
    """Why no table is read from a file; "" where one is."""
    if source.mapping is None:
        return ""
    if not source.role:
        return f'the mapping "{source.mapping.name}" knows no file of this name'
    return source.mapping.files[source.role].unused
