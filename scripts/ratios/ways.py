"""Four metrics counted in three ways: what each costs, if all find the same fractions."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from ratios.answer import METRICS
from ratios.costs import CELLS, Cost, Failed, verdict
from ratios.page import head, row


class Way(NamedTuple):
    """A module of this package, what it reads, up to how many orders it is asked, and how often by hand it may take."""

    module: str
    reads: str
    orders: int = 10**12
    most: float | None = None


HAND: Final = Way("by_hand", "files/whole")
WAYS: Final = (Way("by_packs", "home", most=1.5), HAND, Way("by_pandas", "files/whole", orders=10_000_000))
TIMES: Final = 3


def compare(folder: Path, date: str, orders: int) -> None:
    """All ways in turn, several times; medians. Raises Failed where they do not find the same fractions, or none."""
    ways = [way for way in WAYS if orders <= way.orders]
    rounds = [[_ask(way, folder, date) for way in ways] for _ in range(TIMES)]
    answers = {answer for each in rounds for answer, _ in each}
    if len(answers) > 1 or not all(answers):
        raise Failed("the ways of counting differ: " + "; ".join(f"python -m ratios.{way.module} {way.reads}" for way in ways))
    print(f"\n{', '.join(METRICS)}: {len(answers.pop().splitlines())} fractions, the same by each way; medians of {TIMES}")
    head("way", *CELLS, "× by hand", "of cores", "aim")
    costs = {way: _median([each[number][1] for each in rounds]) for number, way in enumerate(ways)}
    for way, cost in costs.items():
        row(way.module, *cost.cells, *_beside(way, cost, costs[HAND], orders))


def _ask(way: Way, folder: Path, date: str) -> tuple[str, Cost]:
    """What one way of counting finds, and its cost by its own clock."""
    argv = [sys.executable, "-m", f"ratios.{way.module}", str(folder / way.reads), date]
    done = subprocess.run(argv, check=False, capture_output=True, text=True, cwd=Path(__file__).parents[1])
    if done.returncode:
        raise Failed(f"{' '.join(argv)}\n{done.stderr[-2000:]}")
    return done.stdout.strip(), Cost(*map(float, done.stderr.split()[-3:]))


def _median(costs: Sequence[Cost]) -> Cost:
    return Cost(*map(median, zip(*costs, strict=True)))


def _beside(way: Way, cost: Cost, hand: Cost, orders: int) -> tuple[str, str, str]:
    """The ratios to counting by hand, and the aim."""
    times = cost.seconds / hand.seconds
    aim = "" if way.most is None else verdict(f"≤ {way.most}", orders, reached=times <= way.most)
    return f"{times:.2f}", f"{cost.cpu / hand.cpu:.2f}", aim
