"""What the three ways of counting have in common: how they are asked, and how they say what they found."""

import datetime as dt
import resource
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

METRICS = ("negative_review_rate", "quality_refund_rate", "refund_only_time", "timely_shipment")
Row = tuple[str, str, int, int]
"""Metric, shop, numerator, denominator."""


def answer(count: Callable[[Path, dt.date], Iterable[Row]]) -> None:
    """Run `count(folder, T)` on the command line's arguments: the rows, sorted, to stdout; to stderr seconds, seconds of
    all cores, and MB. The start of Python and its imports are not in the seconds."""
    folder, date = Path(sys.argv[1]), dt.date.fromisoformat(sys.argv[2])
    began, worked = time.perf_counter(), time.process_time()
    rows = sorted(count(folder, date))
    seconds, cpu = time.perf_counter() - began, time.process_time() - worked
    print(*(",".join(map(str, row)) for row in rows), sep="\n")
    print(seconds, cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6, file=sys.stderr)
