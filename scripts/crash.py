"""Imports, compactions and erasures killed (kill -9) at random points: a home is before or after, never between.

Usage: crash.py [KILLS] [SEED]. Each kill works on a copy of one small home. Half of them strike as the program is about to
touch the outside for the n-th time, half at a random moment. Afterwards the home must hold, at every seq, what it held before
or what it holds after; and the same act, run again, must come to its end. Prints how many ended how; exit status 1 where any
ended in between. It forks before DuckDB has any thread, so that a try does not cost a start of Python.
"""

import datetime as dt
import hashlib
import os
import random
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from tianping.errors import NotFound
from tianping.facts import versions
from tianping.work import care, holdings
from tianping.work.erase import erase
from tianping.work.home import facts, open_home
from tianping.work.intake import compact, imports

AT = dt.datetime(2024, 5, 1)
BUYER = "buyer-7"
TOUCHES = {"execute", "fsync", "mkdir", "fetchone", "unlink", "commit", "replace", "write_text"}
HEAD = "order_id,shop_id,product_id,buyer_id,created_at,paid_at\n"
FIRST = {
    "orders.csv": HEAD + f"o1,s1,p1,{BUYER},2024-03-31,\no2,s1,p1,u2,2024-04-01,\nx,,,{BUYER},,\n",
    "parcels.csv": "parcel_id,order_id,shipped_at\nk1,o1,2024-04-02\nk3,o3,2024-04-02\n",
}
SECOND = {
    "orders.csv": HEAD + f"o2,s1,p1,u2,2024-04-01,2024-04-02\no3,s1,p1,{BUYER},2024-04-03,\ny,,,,,\n",
    "parcels.csv": "parcel_id,order_id,shipped_at\nk2,o1,2024-04-02\n",
}


def bring(home: Path) -> None:
    """With so few files allowed that a compaction follows."""
    compact.MANY = 1
    imports.bring(open_home(home), imports.Request((home.parent / "second",), AT))


def tidy(home: Path) -> None:
    compact.compact_now(open_home(home), at=AT)


def forget(home: Path) -> None:
    """With a salt that is always the same, so that every try ends alike."""
    secrets.token_hex = lambda nbytes=None: "salt"
    try:
        erase(open_home(home), BUYER, at=AT)
    except NotFound:
        assert any(version.kind == "erase" for version in open_home(home).versions())


ACTS: dict[str, Callable[[Path], None]] = {"import": bring, "compact": tidy, "erase": forget}


def held(path: Path) -> str:
    """A digest of what the home holds at every import's seq, and of its quarantine."""
    home = open_home(path)
    digest = hashlib.sha256()
    for seq in sorted({versions.seq_at(home.versions(), each.seq) for each in home.versions()}):
        con, _ = facts(home, known_at=seq)
        with con:
            for table in ("orders", "parcels", "coverage"):
                digest.update(repr(con.execute(f"SELECT * FROM facts.{table} ORDER BY ALL").fetchall()).encode())
    with holdings.quarantine(home, whole=True) as bad:
        digest.update(repr(sorted(row[2:] for row in bad.fetchall())).encode())
    return digest.hexdigest()


def forked(act: Callable[[], object], *, kill_after: float | None = None) -> bool:
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
        raise SystemExit("it failed, and not because it was killed")
    return os.WIFEXITED(status)


def told(act: Callable[[], str]) -> str:
    """What `act` gives, computed in a child."""
    reads, writes = os.pipe()
    forked(lambda: os.write(writes, act().encode()))
    os.close(writes)
    with os.fdopen(reads) as pipe:
        return pipe.read()


def dying(act: Callable[[], None], point: int) -> Callable[[], None]:
    """`act`, killed as it is about to touch the outside for the `point`-th time."""
    count = [0]

    def watch(_frame: FrameType, event: str, arg: Any) -> None:
        if event == "c_call" and arg.__name__ in TOUCHES:
            count[0] += 1
            if count[0] == point:
                os.kill(os.getpid(), signal.SIGKILL)

    def acted() -> None:
        sys.setprofile(watch)
        act()
        sys.setprofile(None)

    return acted


def touches(act: Callable[[], None]) -> int:
    """How often an act touches the outside."""
    seen = [0]

    def watch(_frame: FrameType, event: str, arg: Any) -> None:
        seen[0] += event == "c_call" and arg.__name__ in TOUCHES

    def counted() -> str:
        sys.setprofile(watch)
        act()
        sys.setprofile(None)
        return str(seen[0])

    return int(told(counted))


class Trial:
    """One act on one home, to be killed again and again."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self.name, self._act = folder, name, ACTS[name]
        self._before = told(lambda: held(folder / "first-home"))
        began = time.monotonic()
        forked(lambda: self._act(self._copy("after")))
        self._seconds = time.monotonic() - began
        self._after = told(lambda: held(folder / "after"))
        self._touches = touches(lambda: self._act(self._copy("counted")))

    def _copy(self, name: str) -> Path:
        target = self._folder / name
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self._folder / "first-home", target)
        return target

    def kill(self, chance: random.Random) -> str:
        """`before`, `after`, `between`, or `unwell` where what is left is not well or cannot go on."""
        home = self._copy("home")
        if chance.random() < 0.5:
            forked(dying(lambda: self._act(home), chance.randint(1, self._touches)))
        else:
            forked(lambda: self._act(home), kill_after=chance.uniform(0, self._seconds * 1.1))
        now = told(lambda: held(home))
        known = {self._before: "before", self._after: "after"} if self._before != self._after else {self._before: "same"}
        return "unwell" if told(lambda: self._goes_on(home)) != "well" else known.get(now, "between")

    def _goes_on(self, home: Path) -> str:
        self._act(home)
        broken = [one for one in care.examine(open_home(home)) if one.state == "fault"]
        strays = sum(1 for _ in home.glob("lake/**/*.parquet*")) - len(versions.present(open_home(home).versions()))
        return "well" if held(home) == self._after and not broken and not strays else f"{broken} {strays}"


def prepare(folder: Path) -> None:
    """The home that every try begins with, and the files of the second import."""
    for name, files in {"first": FIRST, "second": SECOND}.items():
        (folder / name).mkdir()
        for file, text in files.items():
            (folder / name / file).write_text(text, encoding="utf-8")

    def made() -> None:
        home = open_home(folder / "first-home", create=True)
        for shop in ("", "s1"):
            imports.bring(home, imports.Request((folder / "first",), AT, shop=shop))

    forked(made)


def main(kills: int = 1000, seed: int = 1) -> int:
    chance, ends = random.Random(seed), Counter[tuple[str, str]]()
    with tempfile.TemporaryDirectory(prefix="tianping-crash-") as scratch:
        prepare(Path(scratch))
        trials = [Trial(Path(scratch), name) for name in ACTS]
        for number in range(kills):
            trial = trials[number % len(trials)]
            ends[trial.name, trial.kill(chance)] += 1
    for (name, end), count in sorted(ends.items()):
        print(f"{name:8} {end:8} {count:5}")
    return int(any(end in ("between", "unwell") for _, end in ends))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
