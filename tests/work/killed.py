"""Run as a program: one import, killed again and again, at every point where it touches the outside; see test_kill.py.

It forks before DuckDB has any thread, so that each try costs an import and not a start of Python. Prints, per try, what the
store then held: `before`, `after` or something else.
"""

import datetime as dt
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from tianping.work import imports
from tianping.work.home import facts, open_home

AT = dt.datetime(2024, 5, 1)
TOUCHES = {"execute", "fsync", "mkdir", "fetchone", "unlink", "commit"}
TIMED = 12


def bring(home: Path, folder: Path) -> None:
    imports.bring(open_home(home, create=True), imports.Request((folder,), AT))


def held(home: Path) -> list[Any]:
    con, _ = facts(open_home(home))
    with con:
        tables = (
            "SELECT * FROM facts.orders ORDER BY ALL",
            "SELECT * FROM facts.parcels ORDER BY ALL",
            "SELECT * FROM facts.coverage ORDER BY ALL",
        )
        return [con.execute(select).fetchall() for select in tables]


def forked(act: Callable[[], None], *, kill_after: float | None = None) -> bool:
    """Run `act` in a child; whether it came to its end."""
    child = os.fork()
    if child == 0:
        try:
            act()
        except BaseException:  # noqa: BLE001  the parent must hear of it, whatever it is
            sys.excepthook(*sys.exc_info())
            os._exit(3)
        os._exit(0)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise SystemExit("the import itself failed")
    return os.WIFEXITED(status)


def dying_at(point: int, act: Callable[[], None]) -> Callable[[], None]:
    """`act`, killed as it is about to touch the outside for the `point`-th time."""
    left = [point]

    def watch(_frame: FrameType, event: str, arg: Any) -> None:
        if event == "c_call" and arg.__name__ in TOUCHES:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def acted() -> None:
        sys.setprofile(watch)
        act()

    return acted


def judged(home: Path, before: Path) -> None:
    """Print what the home holds, then take back an import that came through, so that the next try begins as this one did."""
    now = held(home)
    names = {"before": before, "after": before.with_name("after")}
    sys.stdout.write(next((name for name, other in names.items() if now == held(other)), f"other: {now}") + "\n")
    sys.stdout.flush()
    opened = open_home(home)
    known = opened.versions()
    undone = {version.undoes for version in known}
    for version in known[1:]:
        if version.kind == "import" and version.seq not in undone:
            imports.undo(opened, version.seq, at=AT)


def main(folder: Path, step: int) -> None:
    home, before, first, second = (folder / name for name in ("home", "before", "first", "second"))
    for made in (home, before, folder / "after"):
        forked(lambda made=made: bring(made, first))  # type: ignore[misc]
    forked(lambda: bring(folder / "after", second))
    act: Callable[[], None] = lambda: bring(home, second)  # noqa: E731
    point, ended = 1, False
    while not ended:
        ended = forked(dying_at(point, act))
        forked(lambda: judged(home, before))
        point += step
    chance = random.Random(1)
    for _ in range(TIMED):
        forked(act, kill_after=chance.uniform(0.01, 0.5))
        forked(lambda: judged(home, before))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
