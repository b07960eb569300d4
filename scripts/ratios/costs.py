"""What a process costs, and what it may cost."""

import os
import resource
import time
from pathlib import Path
from typing import Final, Literal, NamedTuple

MILLION: Final = 1_000_000


class Failed(Exception):
    """A step ended badly, or found what it must not find."""


class Cost(NamedTuple):
    """`cpu`: seconds of all cores together, which other work on the machine does not lengthen as much. Memory is the peak, in
    MB of a million bytes."""

    seconds: float
    cpu: float
    megabytes: float

    @property
    def cells(self) -> tuple[str, str, str]:
        """As a table shows it, under CELLS."""
        return f"{self.seconds:.2f} s", f"{self.cpu:.2f} s", f"{self.megabytes:,.0f} MB"


CELLS: Final = ("clock", "cores", "memory")


class Aim(NamedTuple):
    """At most `most` seconds or megabytes: for `per` orders and in proportion, or for any number (0). It is set for the numbers
    of orders in `sizes`; smaller markets are for trying the bench."""

    of: Literal["seconds", "megabytes"]
    most: float
    per: int = 0
    sizes: range = range(MILLION, 10**12)

    def judge(self, cost: Cost, orders: int) -> str:
        """The aim at this number of orders, and whether it was reached."""
        most = self.most * orders / self.per if self.per else self.most
        shown = f"≤ {most:.2f} s" if self.of == "seconds" else f"≤ {most:,.0f} MB"
        return verdict(shown, orders, reached=getattr(cost, self.of) <= most) if orders in self.sizes else ""


def verdict(aim: str, orders: int, *, reached: bool) -> str:
    """An aim, and whether it was reached; "" for fewer orders than aims are set for."""
    return f"{aim}: {'' if reached else 'not '}reached" if orders >= MILLION else ""


def measure(argv: list[str], said: Path) -> Cost:
    """Run a program; what it prints into `said`.out and `said`.err. The peak memory is that of the process alone, but not less
    than that of the one that starts it. Raises Failed."""
    files = [str(said.with_suffix(suffix)) for suffix in (".out", ".err")]
    opened = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    actions = [(os.POSIX_SPAWN_OPEN, number, file, opened, 0o600) for number, file in enumerate(files, 1)]
    began = time.perf_counter()
    child = os.posix_spawn(argv[0], argv, os.environ, file_actions=actions)
    _, status, usage = os.wait4(child, 0)
    cost = cost_of(time.perf_counter() - began, usage)
    if status:
        raise Failed(f"{' '.join(argv)}\nended with {os.waitstatus_to_exitcode(status)}\n{Path(files[1]).read_text()[-2000:]}")
    return cost


def cost_of(seconds: float, usage: resource.struct_rusage) -> Cost:
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6)
