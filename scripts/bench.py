"""Seconds and peak memory of what a large market waits for, and four metrics counted in three ways: `make bench`.

Usage: bench.py [ORDERS]. Works in a scratch folder through the command line, as a user would; each step is its own process.
"""

import datetime as dt
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

from ratios.answer import METRICS

RATIOS = Path(__file__).with_name("ratios")
FIRST_DAY, DAYS = dt.date(2024, 3, 1), 90
DATE = FIRST_DAY + dt.timedelta(days=DAYS)
"""T: the day after the made-up market ends."""
_SHOPS_PER_ORDER = 1 / 5_000
_TIANPING = f"{Path(sys.executable).with_name('tianping')} --home {{folder}}"
STEPS = {
    "simulate": _TIANPING + "/none simulate {market} --out {folder}/made",
    "(random ids, and CSV)": f"{sys.executable} {RATIOS}/disguise.py {{folder}}/made {{folder}}/files",
    "import Parquet": _TIANPING + "/home import {folder}/files/parquet",
    "import CSV": _TIANPING + "/other import {folder}/files/csv",
    "import Parquet again": _TIANPING + "/home import {folder}/files/parquet",
    "close, all metrics": _TIANPING + "/home close --date {date}",
    "close again": _TIANPING + "/home close --date {date}",
    "metrics as CSV": _TIANPING + "/home metrics --date {date} --format csv",
    "explain one figure": _TIANPING + "/home explain metric quality_refund_rate --subject S001 --date {date}",
}
WAYS = {"by_packs": "home", "by_hand": "files/parquet", "by_pandas": "files/parquet"}
"""The scripts that count the same four metrics, and what they read."""
TIMES = 5


class Cost(NamedTuple):
    """`cpu`: seconds of all cores together, which other work on the machine does not lengthen as much."""

    seconds: float
    cpu: float
    megabytes: float

    def __str__(self) -> str:
        return f"{self.seconds:8.2f} s {self.cpu:8.2f} s of cores {self.megabytes:8.0f} MB"


def measure(command: str, said: Path) -> Cost:
    """Runs a command, what it says put into `said`; peak memory is that of the process alone. Ends the run where it fails."""
    argv = command.split()
    write = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    actions = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, write, 0), (os.POSIX_SPAWN_OPEN, 2, str(said), write, 0o600)]
    began = time.perf_counter()
    child = os.posix_spawn(argv[0], argv, os.environ, file_actions=actions)
    _, status, usage = os.wait4(child, 0)
    if status:
        sys.exit(f"failed: {command}\n{said.read_text()[-2000:]}")
    return Cost(time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def sizes(folder: Path) -> None:
    """Rows and bytes of what is imported."""
    for form in ("parquet", "csv"):
        files = list((folder / "files" / form).iterdir())
        print(f"  {form}: {len(files)} files, {sum(file.stat().st_size for file in files) / 1e6:.0f} MB")


def ask(way: str, folder: Path) -> tuple[str, Cost]:
    """What one way of counting finds, and its cost by its own clock."""
    done = subprocess.run(
        [sys.executable, "-m", f"ratios.{way}", str(folder / WAYS[way]), str(DATE)],
        check=True, capture_output=True, text=True, cwd=RATIOS.parent,
    )  # fmt: skip
    return done.stdout, Cost(*map(float, done.stderr.split()[-3:]))


def compare(folder: Path) -> None:
    """All ways in turn, several times; medians. Fails where they do not find the same fractions."""
    rounds = [{way: ask(way, folder) for way in WAYS} for _ in range(TIMES)]
    answers = {way: {found[way][0] for found in rounds} for way in WAYS}
    if len(set[str]().union(*answers.values())) > 1:
        sys.exit(f"the ways of counting differ: python -m ratios.{' / '.join(WAYS)} over {folder}")
    count = len(rounds[0]["by_hand"][0].splitlines())
    print(f"{', '.join(METRICS)}: {count} fractions, the same by each way (median of {TIMES})")
    costs = {way: Cost(*map(median, zip(*(found[way][1] for found in rounds), strict=True))) for way in WAYS}
    hand = costs["by_hand"]
    for way, cost in costs.items():
        print(f"{way:24}{cost} {cost.seconds / hand.seconds:8.2f} × by hand, {cost.cpu / hand.cpu:.2f} × of cores", flush=True)


def main(orders: int = 1_000_000) -> None:
    shops = max(1, round(orders * _SHOPS_PER_ORDER))
    print(f"{orders} orders, {shops} shops, {DAYS} days; {os.cpu_count()} cores, {platform.machine()}", flush=True)
    market = f"--shops {shops} --orders {orders} --days {DAYS} --first-day {FIRST_DAY}"
    with tempfile.TemporaryDirectory(prefix="tianping-bench-") as folder:
        for step, command in STEPS.items():
            cost = measure(command.format(market=market, date=DATE, folder=folder), Path(folder) / "said")
            print(f"{step:24}{cost}", flush=True)
        sizes(Path(folder))
        compare(Path(folder))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
