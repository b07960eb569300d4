"""What a large market waits for, in seconds and memory, beside the aims; and four metrics counted in three ways: `make bench`.

Works in a scratch folder (TMPDIR says on which disk) through the command line, as a user would; each step is its own process.
"""

import argparse
import datetime as dt
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from ratios.checks import SAID
from ratios.costs import CELLS, Cost, Failed, measure, verdict
from ratios.page import head, row
from ratios.steps import RATIOS, SAME, STEPS, Step
from ratios.ways import compare

FIRST_DAY, DAYS = dt.date(2024, 3, 1), 90
DATE = FIRST_DAY + dt.timedelta(days=DAYS)
"""T: the day after the made-up market ends."""
BYTES_PER_ORDER = {"parquet": 2_000, "csv": 1_200}
"""On the disk, at most at any time, by the forms in which the market is imported: its files, the home, an import's scratch."""
_SHOPS_PER_ORDER = 1 / 5_000


def refusal(orders: int, forms: Sequence[str]) -> str:
    """What to say where the disk has too little room; else ""."""
    needed = orders * sum(BYTES_PER_ORDER[form] for form in forms) / 1e9
    free = shutil.disk_usage(tempfile.gettempdir()).free / 1e9
    if needed <= free:
        return ""
    return (
        f"{orders:,} orders take about {needed:.1f} GB in {tempfile.gettempdir()}, where {free:.1f} GB are free; "
        "set TMPDIR to a folder on a larger disk, or ask for fewer ORDERS"
    )


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that is taken away, unless a step failed: then it can be looked at."""
    folder = Path(tempfile.mkdtemp(prefix="tianping-bench-"))
    try:
        yield folder
    except Failed as failed:
        sys.exit(f"failed: {failed}\n{folder} is left to be looked at; remove it then")
    except BaseException:
        shutil.rmtree(folder)
        raise
    shutil.rmtree(folder)


def run(steps: Sequence[Step], folder: Path, words: Mapping[str, object]) -> dict[str, Cost]:
    """All steps in turn, printed as they end. `words` are put into their commands. Raises Failed."""
    costs, found = {}, {}
    orders = int(str(words["orders"]))
    head("step", *CELLS, "an order", "aims", "what came of it")
    for step in steps:
        command = step.command.format(folder=folder, shop=biggest_shop(folder), **words)
        costs[step.name] = cost = measure(command.split(), folder / SAID)
        found[step.name] = step.found(folder)
        aims = ", ".join(filter(None, (aim.judge(cost, orders) for aim in step.aims)))
        row(step.name, *cost.cells, f"{cost.seconds / orders * 1e6:.1f} µs", aims, found[step.name])
        if step.drops:
            shutil.rmtree(folder / step.drops, ignore_errors=True)
    alike = {name: found[name] for name in SAME if name in found}
    if len(set(alike.values())) > 1:
        raise Failed(" and ".join(f"{name}: {what}" for name, what in alike.items()) + " should be the same")
    return costs


def biggest_shop(folder: Path) -> str:
    """Of the platform of which four metrics are counted; "" before there is a market."""
    truth = folder / "made" / "_truth.json"
    return str(json.loads(truth.read_text())["roles"]["big"][0]) if truth.exists() else ""


def print_ratios(costs: Mapping[str, Cost], orders: int) -> None:
    head("ratio", "clock", "cores", "aim")
    for ratio in RATIOS:
        if ratio.step in costs:
            one, other = costs[ratio.step], costs[ratio.over]
            times, cores = one.seconds / other.seconds / ratio.parts, one.cpu / other.cpu / ratio.parts
            row(ratio.name, f"{times:.3f}", f"{cores:.3f}", verdict(f"≤ {ratio.most}", orders, reached=times <= ratio.most))


def main() -> None:
    asks = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asks.add_argument("orders", type=int, nargs="?", default=1_000_000)
    asks.add_argument("--all", action="store_true", help="also the steps that are left out with so many orders")
    asked = asks.parse_args()
    orders, shops = asked.orders, max(1, round(asked.orders * _SHOPS_PER_ORDER))
    steps = [step for step in STEPS if asked.all or orders <= step.most]
    forms = [form for form in BYTES_PER_ORDER if any(f"files/{form}" in step.command for step in steps)]
    if said := refusal(orders, forms):
        sys.exit(said)
    words = {
        "orders": orders,
        "market": f"--shops {shops} --orders {orders} --days {DAYS} --first-day {FIRST_DAY}",
        "forms": " ".join(forms),
        "date": DATE, "first": DATE - dt.timedelta(days=1), "sixty": DATE - dt.timedelta(days=59),
    }  # fmt: skip
    print(f"{orders:,} orders, {shops:,} shops, {DAYS} days; {os.cpu_count()} cores, {platform.machine()}", flush=True)
    with scratch() as folder:
        print_ratios(run(steps, folder, words), orders)
        compare(folder, str(DATE), orders)


if __name__ == "__main__":
    main()
