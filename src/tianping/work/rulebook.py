"""The packs as files: whether what stands on the disk now could be used."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from tianping.errors import Fault
from tianping.facts.views import VIEWS
from tianping.policy import load
from tianping.policy.check import check_all, idle_shared

Stamp = tuple[tuple[str, int, int], ...]


def faults() -> Sequence[Fault]:
    """Every fault of the packs that come with the program; found again when one of their files changes."""
    return _faults(_stamp((*load.shipped(), load.SHARED)))


def _stamp(folders: Sequence[Path]) -> Stamp:
    """What tells that a file has changed: name, time and size of each."""
    files = sorted(path for folder in folders for path in folder.glob("*.yaml"))
    return tuple((str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in files)


@lru_cache(maxsize=1)
def _faults(_stamp: Stamp) -> Sequence[Fault]:
    opened, found = load.open_all()
    return found + check_all(opened, VIEWS) + ([] if found else idle_shared(opened))
