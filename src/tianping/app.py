"""Settings, and the one place where a command gets what it works with."""

import os
from dataclasses import dataclass
from pathlib import Path

DEFAULT_HOME = "./tianping-data"


@dataclass(frozen=True, slots=True)
class Settings:
    """What every command knows. `database` is the operational database's SQLAlchemy URL; empty: SQLite inside the home."""

    home: Path
    database: str = ""


def settings(home: str | None = None) -> Settings:
    """From the command line, else the environment (TIANPING_HOME, TIANPING_DATABASE), else the defaults."""
    chosen = home or os.environ.get("TIANPING_HOME") or DEFAULT_HOME
    return Settings(Path(chosen), os.environ.get("TIANPING_DATABASE", ""))
