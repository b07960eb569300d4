"""A second copy of a close's figures, laid out by subject: a page about one shop or product reads little of it.

The close's own file is sorted by metric, which suits whoever reads one metric of all shops. This copy has all figures of a
subject in one of many files. Measured on 7 million figures: those of a product take 150 ms of a core from the close's file, 4
ms from this. It can be made again at any time, so backups leave it out.
"""

import hashlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from tianping.facts.engine import in_memory, quoted
from tianping.work.home import locked

FOLDER = "subjects"
_FILE, _MOST_FILES = 50_000, 200
"""Figures of one file, and files. Measured: to find a subject among so many figures takes 2 ms; sorting them as well would take
half as long again to write, and three times the memory, and save nothing."""
_PART, _BUFFER = 20_000, 8_192
"""Figures of one part of a file, and those of each file that are held back while it is written."""
_MAKING = "subjects.lock"
"""Held by whoever makes a copy, in any process: two would put theirs into the same place."""
MANY = 8
"""Of more subjects (apart from those of one shop) a few metrics are sooner read from the close's own file."""


def beside(home: Path, figures: Path, subjects: Iterable[str]) -> list[str]:
    """The files that hold the figures of these subjects: of the copy of a close's file `figures` (inside `home`), made where it
    is missing or older; while somebody makes it, that file itself."""
    if not lay_out(home, figures, wait=False):
        return [str(figures)]
    held = {path.name: path for path in _copy(home, figures).iterdir()}
    places = next((int(name.removesuffix(".parquet").partition(_OF)[2]) for name in held), 1)
    names = {_name(place(subject, places), places) for subject in subjects}
    return [str(held[name]) for name in sorted(names & held.keys())] or [str(figures)]


_OF = "-of-"


def _name(number: int, places: int) -> str:
    return f"{number}{_OF}{places}.parquet"


def suits(subjects: Iterable[str]) -> bool:
    """Whether the copy is the better one to read the figures of these subjects from."""
    return len({_head(subject) for subject in subjects}) <= MANY


def lay_out(home: Path, figures: Path, *, wait: bool) -> bool:
    """Make the copy where it is missing or older. Whether it is there now: not where somebody else is making one and this one
    does not `wait`."""
    copy = _copy(home, figures)
    if not _old(copy, figures):
        return True
    with locked(home / _MAKING, wait=wait) as mine:
        if mine and _old(copy, figures):  # it may have been made meanwhile
            make(figures, copy)
        return mine


def _copy(home: Path, figures: Path) -> Path:
    """Where the copy lies."""
    return home / FOLDER / figures.relative_to(home / "closes").with_suffix("")


def _old(copy: Path, figures: Path) -> bool:
    """Also where it has none of products yet, as before 22 November 2026."""
    made = any(copy.glob(f"*{_OF}*.parquet"))
    return not made or copy.stat().st_mtime_ns < figures.stat().st_mtime_ns


def place(subject: str, places: int) -> int:
    """In which of the files a subject's figures are: a shop's all in one, with those of its categories."""
    return int(hashlib.md5(_head(subject).encode(), usedforsecurity=False).hexdigest()[:8], 16) % places


def _head(subject: str) -> str:
    return subject.partition("/")[0]


def make(figures: Path, copy: Path) -> None:
    """Beside, then into place, so that a reader sees the whole copy or none."""
    fresh = copy.with_suffix(f".{os.getpid()}.tmp")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    try:
        _write(figures, fresh)
        shutil.rmtree(copy, ignore_errors=True)
        fresh.replace(copy)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _write(figures: Path, into: Path) -> None:
    rows = f"read_parquet({quoted(str(figures))})"
    with in_memory(threads=1) as con:  # else each thread holds rows of every file back
        [(count,)] = con.execute(f"select count(*) from {rows}").fetchall()
        places = min(max(1, int(count) // _FILE), _MOST_FILES)
        con.execute(f"set partitioned_write_max_open_files = {places + 1}")
        con.execute(f"set partitioned_write_flush_threshold = {_BUFFER}")
        head = f"('0x' || md5(split_part(subject, '/', 1))[:8])::bigint % {places}"
        con.execute(
            f"copy (select *, {head} as place from {rows}) to {quoted(str(into))} "
            f"(format parquet, compression zstd, row_group_size {_PART}, partition_by (place), overwrite_or_ignore)"
        )
    for part in list(into.iterdir()):
        [file] = part.iterdir()
        file.rename(into / _name(int(part.name.partition("=")[2]), places))
        part.rmdir()
