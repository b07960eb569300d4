"""What the store holds at a moment: the imports so far, which of them count, and the files they brought.

Knowledge time is `seq`: the number of the import. Nothing is overwritten; an undo is a version too, which names another.
Compacting and erasing put other files in the place of some; they say the same (an erasure: all but who), so that no state
at any `seq` changes by them.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from tianping.errors import NotFound

Kind = Literal["base", "change", "state", "quarantine", "coverage", "retried"]
FACTS: tuple[Kind, Kind, Kind] = ("base", "change", "state")
"""The kinds of file that hold rows of a table."""
KNOWING = ("import", "undo")
"""The kinds of version by which something becomes known; the others only put files in order."""


@dataclass(frozen=True, slots=True)
class LakeFile:
    """One Parquet file; `path` is relative to the lake's folder. `base` holds the first row of keys never seen before, `change`
    every other row, `state` what an import's changes made of their keys: nothing that the others do not say, but no reader has
    to look for it. `first`..`last` are the numbers of the imports whose rows it holds; each row carries its own, `_seq`.
    `placed`: rows of a table that waits for another, beside which `_shop` says whose they are; they lie by it. `settled`: of
    changes, those whose states are kept."""

    table: str
    shelf: str
    path: str
    kind: Kind
    rows: int
    bytes: int
    first: int = 0
    last: int = 0
    placed: int = 0
    settled: bool = False


@dataclass(frozen=True, slots=True)
class Tally:
    """Rows of one table in one import: read = new + changed + unchanged + waiting + quarantined."""

    read: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    waiting: int = 0
    quarantined: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(*(getattr(self, part) + getattr(other, part) for part in Tally.__slots__))

    @property
    def adds_up(self) -> bool:
        return self.read == self.new + self.changed + self.unchanged + self.waiting + self.quarantined


@dataclass(frozen=True, slots=True)
class Input:
    """One file of an import: its name, digest, rows, why nothing was read from it, the rows typed or not per table, and the
    mapping that read it. `known`: the import that had brought this very file before, so that nothing was read; 0 for none."""

    file: str
    digest: str
    rows: int
    unused: str = ""
    tables: dict[str, int] = field(default_factory=dict)
    mapping: str = ""
    known: int = 0


@dataclass(frozen=True, slots=True)
class Version:
    """One committed import, the undo of one, a compaction or an erasure. `at` is naive UTC. `covers` is the period it was
    said, or found, to cover: (first day, last day) as ISO dates, or nothing. `replaces`: the paths of files that its files
    stand for from here on, for every `seq`. `mapping` names the mappings used, said or known by headings."""

    seq: int
    at: dt.datetime
    kind: Literal["import", "undo", "compact", "erase"] = "import"
    undoes: int | None = None
    mapping: str = ""
    options: dict[str, str] = field(default_factory=dict)
    files: tuple[LakeFile, ...] = ()
    counts: dict[str, Tally] = field(default_factory=dict)
    inputs: tuple[Input, ...] = ()
    covers: tuple[str, str] | None = None
    replaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """The rows known at a moment: the files that hold any of them, and which of their rows they are. `doubted`: the tables of
    imports undone, whenever: a key of theirs may have come back under another shop. `kept`: the tables of which a connection
    has kept rows of more files (`recent.since`)."""

    files: tuple[LakeFile, ...]
    seq: int
    undone: frozenset[int] = frozenset()
    doubted: frozenset[str] = frozenset()
    kept: frozenset[str] = frozenset()

    def of(self, table: str, *kinds: Kind) -> list[LakeFile]:
        """The files of `table` and of these kinds (base and change where none is named)."""
        wanted = kinds or ("base", "change")
        return [file for file in self.files if file.table == table and file.kind in wanted]

    def saying(self, table: str) -> Literal["change", "state"]:
        """The kind of file that says what became of the table's keys since their first rows. States are only kept since 23
        November 2026, and what an import made of a key is something else once an earlier one is undone."""
        kept = table not in self.doubted and all(file.settled for file in self.of(table, "change"))
        return "state" if kept else "change"

    def test(self, files: Sequence[LakeFile]) -> str:
        """The SQL by which a row of these files is known, over its `_seq`; "" where all of them are."""
        undone = sorted(seq for seq in self.undone if any(file.first <= seq <= file.last for file in files))
        later = [f"_seq <= {self.seq}"] if any(file.last > self.seq for file in files) else []
        return " AND ".join(later + ([f"_seq NOT IN ({', '.join(map(str, undone))})"] if undone else []))


def known(versions: Sequence[Version], seq: int | None = None) -> Known:
    """What is known at `seq` (the newest where None): rows of the imports up to it that no undo up to it names."""
    upto = newest(versions) if seq is None else seq
    undone = frozenset(version.undoes for version in versions if version.undoes is not None and version.seq <= upto)
    files = [
        file for file in present(versions) if file.first <= upto and not (file.first == file.last and file.first in undone)
    ]
    ever_undone = undone_by(versions).keys()
    doubted = frozenset(file.table for version in versions if version.seq in ever_undone for file in version.files)
    return Known(tuple(files), upto, undone, doubted)


def ever(versions: Sequence[Version]) -> Known:
    """All rows that were ever imported, undone or not."""
    return Known(present(versions), newest(versions))


def present(versions: Sequence[Version]) -> tuple[LakeFile, ...]:
    """The files that no others have replaced."""
    replaced = {path for version in versions for path in version.replaces}
    return tuple(file for version in versions for file in version.files if file.path not in replaced)


def live(versions: Sequence[Version], seq: int | None = None) -> tuple[Version, ...]:
    """The imports that make up the state at `seq` (the newest where None): those up to it that no undo up to it names."""
    known = [version for version in versions if seq is None or version.seq <= seq]
    undone = {version.undoes for version in known}
    return tuple(version for version in known if version.kind == "import" and version.seq not in undone)


def undone_by(versions: Sequence[Version]) -> dict[int, int]:
    """For each import that was undone: the number of the undo."""
    return {version.undoes: version.seq for version in versions if version.undoes is not None}


def newest(versions: Sequence[Version]) -> int:
    """The number of the last version, 0 before the first."""
    return max((version.seq for version in versions), default=0)


def seq_at(versions: Sequence[Version], known_at: int | dt.datetime | None = None) -> int:
    """The import or undo that was the newest at `known_at`: a seq, a naive UTC time, or None for now. 0 = before the first.
    Raises NotFound for a seq that does not exist."""
    last = newest(versions)
    if isinstance(known_at, int) and not 0 <= known_at <= last:
        raise NotFound(f"there is no import {known_at}: imports go from 1 to {last}; see `tianping imports list`")
    known = [version for version in versions if version.kind in KNOWING]
    if isinstance(known_at, dt.datetime):
        return newest([version for version in known if version.at <= known_at])
    return newest([version for version in known if known_at is None or version.seq <= known_at])
