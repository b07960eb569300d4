"""Settings, and the one place where a command gets what it works with."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from tianping.errors import TianpingError

DEFAULT_HOME = "./tianping-data"


@dataclass(frozen=True, slots=True)
class Settings:
    """What every command knows. `database` is the operational database's SQLAlchemy URL; empty: SQLite inside the home.
    `memory` caps what reading facts may hold."""

    home: Path
    database: str = ""
    memory: str | None = None


def settings(home: str | None = None) -> Settings:
    """From the command line, else the environment (TIANPING_HOME, TIANPING_DATABASE, TIANPING_MEMORY), else the defaults."""
    chosen = home or os.environ.get("TIANPING_HOME") or DEFAULT_HOME
    return Settings(Path(chosen), os.environ.get("TIANPING_DATABASE", ""), _memory(os.environ.get("TIANPING_MEMORY", "")))


def _memory(said: str) -> str | None:
    """Raises TianpingError for what is no amount of memory."""
    if said and not re.fullmatch(r"\d+(\.\d+)? ?[KMGT]i?B", said):
        raise TianpingError(f'TIANPING_MEMORY is "{said}", which is no amount of memory; write 1GB or 800MB')
    return said or None
