"""Differences: a close from what the last one kept, counting again only what was touched since.

`<home>/ledger/`: of every strand (see `metrics.ledger`) Parquet files, one a round: first all of it, then what each round
changed. `ledger.json` names them and the state they stand for, (T, seq); it is replaced as a whole, so that a killed close
leaves the ledger as it was. It holds nothing that cannot be computed again, and is, whenever it does not fit: other code, an
erasure since, days too far away. Equal to the direct close for every T, every seq, every order of imports: a test holds it.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from tianping.facts import lake, touched
from tianping.facts.asof import as_of
from tianping.facts.engine import names, parquet, quoted
from tianping.facts.lake import settle
from tianping.facts.touched import BEFORE, FAMILIES, NOW, Family, Step
from tianping.facts.versions import Version
from tianping.facts.views import VIEWS
from tianping.metrics import ledger
from tianping.metrics.engine import Use
from tianping.metrics.ledger import Strand
from tianping.work.home import Home

FAR = 14
"""Days between two T from which all is counted anew: by then most of what is in the windows was touched."""
ROUNDS = 8
"""Files of one strand from which they are made one."""

Parts = tuple[tuple[int, str], ...]
"""Files of one strand or family: (round, name)."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a ledger's files stand for: event days from `first` on, as of `date`, known at `seq`. `touched` are, by family and
    round, the things whose rows of earlier rounds are void."""

    date: str
    seq: int
    first: str
    made_by: str
    erasures: int
    round: int
    parts: Mapping[str, Parts]
    touched: Mapping[str, Parts]


def keeps(use: Use) -> bool:
    """Whether a ledger keeps it: a greatest value is neither summed nor one a buyer, and no family has shops."""
    return not use.side.tally.greatest and any(use.side.tally.view in family.views for family in FAMILIES)


class Round:
    """One close's turn with the ledger: `con` shows (T, seq) in the schemas `facts` and `dated`, of the versions beside them;
    `uses` by platform are what is to be counted. Nobody else may have a turn at the same time."""

    def __init__(
        self,
        home: Home,
        con: duckdb.DuckDBPyConnection,
        state: tuple[dt.date, int, Sequence[Version]],
        uses: Mapping[str, Sequence[Use]],
    ) -> None:
        self.con, self.lake, self.folder = con, home.lake, home.path / "ledger"
        self.date, self.seq, self.known = state
        self.folder.mkdir(parents=True, exist_ok=True)
        before = self._usable([use for each in uses.values() for use in each])
        first = dt.date.fromisoformat(before.first)
        self.strands = {platform: ledger.strands(VIEWS, platform, each, first) for platform, each in uses.items()}
        self.now = self._carried(before)

    def fill(self, platform: str) -> None:
        """Add to the temp table `cells` what the platform's uses count."""
        for strand in self.strands[platform]:
            ledger.fill(self.con, VIEWS, platform, strand, f"({self._rows(strand)})", self.date)

    def end(self) -> None:
        """Leave the ledger to the next close."""
        self._join()
        self._keep()

    @property
    def _all(self) -> list[Strand]:
        return [strand for strands in self.strands.values() for strand in strands]

    def _usable(self, uses: Sequence[Use]) -> Kept:
        """The ledger as it is, or an empty one where it cannot be carried to this state."""
        reach = max((max(use.days) + use.side.tally.lag for use in uses), default=0)
        first = self.date - dt.timedelta(days=reach + FAR)
        erasures = sum(version.kind == "erase" for version in self.known)
        fresh = Kept(self.date.isoformat(), self.seq, first.isoformat(), _code(), erasures, 0, {}, {})
        note = self.folder / "ledger.json"
        held = _read(note) or fresh
        near = abs((self.date - dt.date.fromisoformat(held.date)).days) <= FAR
        reaches = dt.date.fromisoformat(held.first) <= self.date - dt.timedelta(days=reach)
        fits = near and reaches and (held.made_by, held.erasures) == (fresh.made_by, erasures)
        return held if fits and self._there(held) else replace(fresh, round=held.round)

    def _there(self, held: Kept) -> bool:
        """Whether every file is there and whole; a person may have tidied up, a disk been full."""
        parts = [part for each in (held.parts, held.touched) for part in each.values()]
        paths = [self.folder / file for part in parts for _, file in part]
        try:
            return all(path.exists() and pq.ParquetFile(path).metadata is not None for path in paths)
        except (pa.ArrowException, OSError):
            return False

    def _carried(self, before: Kept) -> Kept:
        """Of every strand all that is now: made anew, or what was and a part more where a thing was touched."""
        number = before.round + 1
        parts = {strand.name: before.parts.get(strand.name, ()) for strand in self._all}
        voids = dict(before.touched)
        here = [strand for strand in self._all if parts[strand.name]]
        for strand in self._all:
            if strand not in here:
                ledger.make(self.con, strand, "made")
                rows = "select * from made" if strand.folds else ledger.summed(strand, "made")
                parts[strand.name] = ((number, self._write(strand.name, number, rows)),)
        for family, mine in self._touched(here, before):
            for strand, rows in self._differences(family, mine, before):
                parts[strand.name] += ((number, self._write(strand.name, number, rows)),)
            if any(strand.folds for strand in mine):
                void = self._write(family.touched, number, f"select * from {family.touched}")
                voids[family.name] = (*voids.get(family.name, ()), (number, void))
        return replace(before, date=self.date.isoformat(), seq=self.seq, round=number, parts=parts, touched=voids)

    def _touched(self, strands: Sequence[Strand], before: Kept) -> Iterator[tuple[Family, list[Strand]]]:
        """The families of which a thing was touched since, with their strands."""
        step = Step.of(self.known, (dt.date.fromisoformat(before.date), self.date), (before.seq, self.seq))
        if strands and before.seq != self.seq:
            lake.attach(self.con, self.lake, self.known, known_at=before.seq, schema=BEFORE)
        for family in FAMILIES:
            mine = [strand for strand in strands if strand.view in family.views]
            if mine and touched.find(self.con, family, self.lake, self.known, step):
                yield family, mine

    def _differences(self, family: Family, strands: Sequence[Strand], before: Kept) -> Iterator[tuple[Strand, str]]:
        """The SELECT of what to add for each strand: sums now less sums before; of rows, those there are now."""
        sums = [strand for strand in strands if not strand.folds]
        then = dt.date.fromisoformat(before.date)
        platforms = [name for name, each in self.strands.items() if set(each) & set(strands)]
        with _part(self.con, family, NOW, platforms):
            as_of(self.con, self.date)
            for strand in strands:
                ledger.make(self.con, strand, f"now_{strand.name}")
            if before.seq == self.seq:
                self._make_before(sums, then)
        if sums and before.seq != self.seq:
            with _part(self.con, family, BEFORE, platforms):
                self._make_before(sums, then)
        for strand in strands:
            fresh, old = f"now_{strand.name}", f"before_{strand.name}"
            yield strand, f"select * from {fresh}" if strand.folds else ledger.changed(strand, fresh, old)
            for table in (fresh, old):
                self.con.execute(f"drop table if exists {table}")

    def _make_before(self, sums: Sequence[Strand], then: dt.date) -> None:
        as_of(self.con, then)
        for strand in sums:
            ledger.make(self.con, strand, f"before_{strand.name}")

    def _rows(self, strand: Strand) -> str:
        """The SELECT of what is kept of a strand: all its parts; of rows, those that no later round made void."""
        parts = self.now.parts[strand.name]
        if not strand.folds:
            return f"select * from {parquet([str(self.folder / file) for _, file in parts])}"
        family = next(each for each in FAMILIES if strand.view in each.views)
        return " union all by name ".join(self._valid(family, *part) for part in parts)

    def _valid(self, family: Family, made: int, file: str) -> str:
        rows = f"select * from {parquet([str(self.folder / file)])}"
        later = [str(self.folder / void) for number, void in self.now.touched.get(family.name, ()) if number > made]
        return f"{rows} held anti join {parquet(later)} void using ({names(family.thing)})" if later else rows

    def _join(self) -> None:
        """Make the parts of a strand one, where they have become many; forget what is void since before any row left."""
        parts = dict(self.now.parts)
        for strand in self._all:
            if len(parts[strand.name]) > ROUNDS:
                rows = self._rows(strand)
                rows = rows if strand.folds else ledger.summed(strand, f"({rows})")
                parts[strand.name] = ((self.now.round, self._write(strand.name, self.now.round, rows, whole=True)),)
        oldest = {family.name: _oldest(family, self._all, parts) for family in FAMILIES}
        voids = {name: tuple(void for void in each if void[0] > oldest[name]) for name, each in self.now.touched.items()}
        self.now = replace(self.now, parts=parts, touched=voids)

    def _write(self, name: str, number: int, rows: str, *, whole: bool = False) -> str:
        file = f"{name}-{number}{'-all' if whole else ''}.parquet"
        self.con.execute(f"copy ({rows}) to {quoted(str(self.folder / file))} (format parquet, compression zstd)")
        return file

    def _keep(self) -> None:
        """From here on this is the ledger; files that it does not name are none of its."""
        named = {file for parts in (self.now.parts, self.now.touched) for part in parts.values() for _, file in part}
        beside = self.folder / "ledger.new"
        beside.write_text(json.dumps(asdict(self.now), indent=1))
        settle(self.folder, [beside, *(self.folder / file for file in named if f"-{self.now.round}" in file)])
        beside.replace(self.folder / "ledger.json")
        for path in self.folder.glob("*.parquet"):
            if path.name not in named:
                path.unlink()


def _oldest(family: Family, strands: Sequence[Strand], parts: Mapping[str, Parts]) -> int:
    """The oldest round of which rows of the family are kept."""
    return min(
        (number for each in strands if each.folds and each.view in family.views for number, _ in parts[each.name]), default=0
    )


def _read(note: Path) -> Kept | None:
    """What a ledger says it is; None where there is none, or one that another program wrote or somebody damaged."""
    try:
        held = json.loads(note.read_text())
        for name in ("parts", "touched"):
            held[name] = {key: tuple((number, file) for number, file in parts) for key, parts in held[name].items()}
        return Kept(**held)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


@contextmanager
def _part(con: duckdb.DuckDBPyConnection, family: Family, state: str, platforms: Sequence[str]) -> Iterator[None]:
    """Within, schema `facts` shows the touched things of these platforms alone, as `state` knows them."""
    touched.confine(con, family, state, "part", platforms)
    con.execute("use part")
    try:
        yield
    finally:
        con.execute("use memory")
        con.execute("detach part")


@cache
def _code() -> str:
    """A digest of all by which figures come out of facts: what other code has kept is not used."""
    here = Path(str(files("tianping")))
    sources = [here / "periods.py", *sorted(here.glob("facts/**/*.py")), *sorted(here.glob("metrics/**/*.py"))]
    return hashlib.sha256(b"\0".join([duckdb.__version__.encode(), *(path.read_bytes() for path in sources)])).hexdigest()
