"""What the store holds at a moment: the imports so far, which of them count, and the files they brought.

Knowledge time is `seq`: the number of the import. Nothing is overwritten; an undo is a version too, which names another.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from tianping.errors import NotFound

Kind = Literal["base", "change", "quarantine", "coverage"]


@dataclass(frozen=True, slots=True)
class LakeFile:
    """One Parquet file of an import; `path` is relative to the lake's folder. `base` holds the first row of keys never
    seen before, `change` every other row."""

    table: str
    shelf: str
    path: str
    kind: Kind
    rows: int
    bytes: int


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
    """One file of an import: its name, digest, rows, why nothing was read from it, and the rows typed or not per table."""

    file: str
    digest: str
    rows: int
    unused: str = ""
    tables: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Version:
    """One committed import, or the undo of one. `at` is naive UTC. `covers` is the period it was said, or found, to cover:
    (first day, last day) as ISO dates, or nothing."""

    seq: int
    at: dt.datetime
    kind: Literal["import", "undo"] = "import"
    undoes: int | None = None
    mapping: str = ""
    options: dict[str, str] = field(default_factory=dict)
    files: tuple[LakeFile, ...] = ()
    counts: dict[str, Tally] = field(default_factory=dict)
    inputs: tuple[Input, ...] = ()
    covers: tuple[str, str] | None = None


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
    """The version that was the newest at `known_at`: a seq, a naive UTC time, or None for now. 0 = before the first import.
    Raises NotFound for a seq that does not exist."""
    if isinstance(known_at, dt.datetime):
        return max((version.seq for version in versions if version.at <= known_at), default=0)
    last = newest(versions)
    if known_at is None:
        return last
    if not 0 <= known_at <= last:
        raise NotFound(f"there is no import {known_at}: imports go from 1 to {last}; see `tianping imports list`")
    return known_at


def files(versions: Sequence[Version], table: str, *kinds: Kind) -> list[LakeFile]:
    """The files that `versions` brought for `table`, of these kinds (base and change where none is named)."""
    wanted = kinds or ("base", "change")
    return [file for version in versions for file in version.files if file.table == table and file.kind in wanted]
