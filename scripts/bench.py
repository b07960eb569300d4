"""Seconds and peak memory of the commands a large market waits for: `make bench`.

Usage: bench.py [ORDERS]. Works in a scratch folder through the command line, as a user would.
"""

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

TIANPING = Path(sys.executable).with_name("tianping")
STEPS = {
    "simulate": "simulate --shops {shops} --orders {orders} --days 90 --seed 1 --out {folder}/files",
    "import": "import {folder}/files",
    "import again": "import {folder}/files",
    "close": "close --date {date}",
    "metrics": "metrics --date {date} --by platform --format csv",
}
DATE = "2024-04-01"  # the day after the made-up market ends
_SHOPS_PER_ORDER = 1 / 5_000


class Cost(NamedTuple):
    seconds: float
    megabytes: float
    status: int


def measure(*argv: str) -> Cost:
    """Runs a command with its output put away; peak memory is that of the process alone."""
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    began = time.perf_counter()
    child = os.posix_spawn(argv[0], argv, os.environ, file_actions=quiet)
    _, status, usage = os.wait4(child, 0)
    return Cost(time.perf_counter() - began, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status))


def main(orders: int = 1_000_000) -> int:
    with tempfile.TemporaryDirectory(prefix="tianping-bench-") as folder:
        words = {"orders": orders, "shops": max(1, round(orders * _SHOPS_PER_ORDER)), "folder": folder, "date": DATE}
        print(f"{orders} orders, {words['shops']} shops, {os.cpu_count()} cores")
        for step, command in STEPS.items():
            cost = measure(str(TIANPING), "--home", f"{folder}/home", *command.format(**words).split())
            print(f"{step:14}{cost.seconds:8.1f} s {cost.megabytes:8.0f} MB", flush=True)
            if cost.status:
                return cost.status
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
