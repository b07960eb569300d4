"""Mutated files of every format, imported: no traceback, no lost row.

Usage: FILES=100000 SEED=0 python scripts/fuzz.py. Each file (see fuzzed.py) is staged by itself, and imported into a home
together with others. A file may be refused, with one sentence. Of one that is not, every row must be new, changed, unchanged,
waiting or in quarantine; where its number of rows is known, it must be that. The seed being tried stands
in `now` of the scratch folder.
"""

import datetime as dt
import faulthandler
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from fuzzed import File, file
from tianping.errors import ImportRefused
from tianping.facts import engine, read, stage
from tianping.work.home import open_home
from tianping.work.intake import imports

TOGETHER = 40
"""Files imported into one home at once."""

RENEWED = 500
"""Files staged by one connection."""

LONGEST = 2000
"""Letters of the longest sentence."""

AT = dt.datetime(2024, 6, 3, 4)
FATES = ("new", "changed", "unchanged", "waiting", "quarantined")


@dataclass
class Found:
    """What a run found: outcomes counted, and the failures as (seed, what)."""

    outcomes: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[int, str]] = field(default_factory=list)


@dataclass
class Run:
    """Tries files in `folder`; those staged without fault wait in `group` to be imported together, `rows` in all."""

    folder: Path
    found: Found = field(default_factory=Found)
    tried: int = 0
    group: list[Path] = field(default_factory=list)
    rows: int = 0
    con: duckdb.DuckDBPyConnection = field(default_factory=engine.connect)

    def __post_init__(self) -> None:
        self.con = _connection()

    def attempt(self, seed: int) -> None:
        """One file, by itself."""
        made = file(seed)
        path = self.folder / "in" / made.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(made.content)
        (self.folder / "now").write_text(f"{seed}\n")
        self.tried += 1
        if self.tried % RENEWED == 0:
            self.con = _connection()
        outcome, rows, wrong = self._outcome(path, made)
        self.found.outcomes[f"{outcome} .{made.name.partition('.')[2]}"] += 1
        if wrong:
            self.found.failures.append((seed, wrong))
        if outcome == "staged" and not wrong:
            self.group.append(path)
            self.rows += rows
        else:
            path.unlink()
        if len(self.group) >= TOGETHER:
            self.bring(seed)

    def _outcome(self, path: Path, made: File) -> tuple[str, int, str]:
        try:
            staged = stage.stage(self.con, read.find([path]), self.folder / "out")
        except ImportRefused as error:
            return "refused", 0, _sentence(str(error))
        except BaseException as error:  # whatever comes is what is looked for, also a Rust panic
            if isinstance(error, KeyboardInterrupt):
                raise
            self.con = _connection()
            return "broken", 0, traceback.format_exc()
        finally:
            shutil.rmtree(self.folder / "out", ignore_errors=True)
        counted, held = sum(count.read for count in staged.counts), staged.files[0].rows
        expected = held if made.rows is None else made.rows
        return "staged", counted, "" if counted == held == expected else f"{expected} rows, {held} read, {counted} counted"

    def bring(self, seed: int) -> None:
        """Import what waits, into a new home."""
        if not self.group:
            return
        try:
            home = open_home(self.folder / "home", create=True)
            report = imports.bring(home, imports.Request((self.folder / "in",), AT))
            tallies = report.counts.values()
            told = {fate: sum(getattr(tally, fate) for tally in tallies) for fate in FATES}
            self.found.rows.update(told)
            if not self.rows == sum(tally.read for tally in tallies) == sum(told.values()):
                self.found.failures.append((seed, f"{self.rows} rows staged one by one, together {told}"))
        except Exception:  # noqa: BLE001
            self.found.failures.append((seed, f"together with {len(self.group)} before it: {traceback.format_exc()}"))
        shutil.rmtree(self.folder / "home", ignore_errors=True)
        shutil.rmtree(self.folder / "in")
        self.group, self.rows = [], 0


def _sentence(said: str) -> str:
    """What is wrong with a refusal."""
    if "\n" in said or "Traceback" in said or len(said) > LONGEST:
        return f"no sentence: {said[:500]!r}"
    return ""


def _connection() -> duckdb.DuckDBPyConnection:
    con = engine.connect()
    con.execute("SET threads = 1")
    con.execute("CREATE SCHEMA known")
    con.execute("CREATE TABLE known.shops(shop_id VARCHAR, timezone VARCHAR)")
    con.execute("CREATE TABLE known.orders(order_id VARCHAR, shop_id VARCHAR)")
    return con


def run(files: int, seed: int, folder: Path, told: Callable[[Run], None] = lambda run: None) -> Found:
    """Try the files of seeds `seed`…; `folder` is for them and their homes."""
    trial = Run(folder)
    for number in range(seed, seed + files):
        trial.attempt(number)
        told(trial)
    trial.bring(seed + files - 1)
    return trial.found


def main() -> int:
    files, seed = int(os.environ.get("FILES", "1000")), int(os.environ.get("SEED", "0"))
    began = time.monotonic()
    shown: list[tuple[int, str]] = []

    def told(trial: Run) -> None:
        if len(trial.found.failures) > len(shown):
            shown.append(trial.found.failures[-1])
            print(f"seed {shown[-1][0]}: {shown[-1][1]}", flush=True)
        if trial.tried % 1000 == 0:
            print(f"{trial.tried} files, {len(trial.found.failures)} failures, {time.monotonic() - began:.0f} s", flush=True)

    with tempfile.TemporaryDirectory(prefix="tianping-fuzz-") as folder:
        found = run(files, seed, Path(folder), told)
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in sorted(found.outcomes.items()))
    print(f"{files} files from seed {seed}, {len(found.failures)} failures. {outcomes}. Rows: {dict(found.rows)}")
    return 1 if found.failures else 0


if __name__ == "__main__":
    faulthandler.enable()
    sys.exit(main())
