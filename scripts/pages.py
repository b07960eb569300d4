"""How long the console's pages take on a home: `python scripts/pages.py HOME [TIMES]`; the table fits docs/performance.md.

Runs `tianping serve` on the home as a process of its own and asks it over loopback as an operator and as an agency of 200
shops (accounts `bench-*`, made where there are none). Each page is asked for shops and products drawn by a fixed seed, once
the server has had time to read ahead; the first answer stands apart. `cores` is what an answer costs the server in seconds of
all cores, which says more than the clock where the machine has other things to do. Pieces are what pages load by themselves
afterwards (rows read from facts).
"""

import datetime as dt
import os
import random
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx2

from ratios.page import head, row
from tianping.store import accounts as rows
from tianping.store import closes
from tianping.work.figures.catalogue import Catalogue, catalogue
from tianping.work.home import Home, open_home
from tianping.work.people import accounts
from tianping.work.people.accounts import Doer, Draft, Role

PASSWORD = "pages are measured"
AIM = 0.3
"""Seconds: p95 of every page."""
PLATFORM = "kuaishou"
_AHEAD = 20
"""Seconds after its start in which the server reads ahead; the greatest of the homes measured takes 4 of a core."""
_FIGURE = f"/figures/{PLATFORM}/quality_refund_rate"
PAGES = (
    "/morning", "/shops", "/shops/{shop}", f"/platforms/{PLATFORM}", f"/categories/{PLATFORM}/{{path}}?shop={{shop}}",
    f"/products?platform={PLATFORM}", f"/products?platform={PLATFORM}&shop={{shop}}", "/products/{product}",
    f"{_FIGURE}?by=shop&subject={{shop}}&days=30", f"{_FIGURE}?by=product&subject={{product}}&days=30", "/data",
    "/data/exports", "/data/uploads", "/data/quarantine", "/data/imports", "/data/closes",
    "/packs", f"/packs/{PLATFORM}", "/figure-reports",
    "/tokens", f"/api/v1/metrics?platform={PLATFORM}&by=shop&subject={{shop}}",
)  # fmt: skip
PIECES = (
    f"{_FIGURE}/rows?by=shop&subject={{shop}}&days=30", "/products/{product}/quality", "/shops/{shop}/words",
    "/shops/{shop}/products",
)  # fmt: skip


class Thing(NamedTuple):
    """What fills an address."""

    shop: str
    product: str
    path: str


def known(home: Home) -> Catalogue:
    return catalogue(home, closes.every(home.database)[0].seq)


def shops(home: Home) -> frozenset[str]:
    """Those of the platform."""
    return frozenset(shop.id for shop in known(home).shops.values() if shop.platform == PLATFORM)


def things(home: Home, only: frozenset[str]) -> Iterator[Thing]:
    """Products of these shops, drawn again and again."""
    table = known(home).products.select(["shop_id", "product_id", "path_l1"]).to_pylist()
    kept = [Thing(*each.values()) for each in table if each["shop_id"] in only and each["path_l1"]]
    draw = random.Random(7)
    while True:
        yield draw.choice(kept)


def account(home: Home, role: Role, shops: frozenset[str] | None) -> str:
    """An account of the role, with a known password; its name."""
    name = f"bench-{role}"
    with home.database.connect() as connection:
        there = rows.of_name(connection, name)
    if there is None:
        accounts.create(home, name, Draft(name, role, shops), doer=Doer(None, dt.datetime(2026, 1, 1)), password=PASSWORD)
    return name


class Server(NamedTuple):
    """A console under way."""

    client: httpx2.Client
    pid: int

    @property
    def cores(self) -> float:
        """Seconds of all cores so far."""
        user, system = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    @property
    def peak(self) -> int:
        """The most memory that it held, bytes."""
        [line] = [line for line in Path(f"/proc/{self.pid}/status").read_text().splitlines() if line.startswith("VmHWM")]
        return int(line.split()[1]) * 1024


@contextmanager
def serving(home: Path) -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    tianping = Path(sys.executable).with_name("tianping")
    server = subprocess.Popen([tianping, "--home", home, "serve", "--port", str(port)], stderr=subprocess.PIPE, text=True)
    assert server.stderr
    while not (line := server.stderr.readline()).startswith("http"):
        if not line:
            sys.exit(f"tianping serve ended: {server.wait()}")
    time.sleep(_AHEAD)
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:
            yield Server(client, server.pid)
    finally:
        server.terminate()
        server.wait()


def seconds(client: httpx2.Client, path: str) -> float:
    begun = time.perf_counter()
    told = client.get(path)
    if told.status_code != 200:
        sys.exit(f"{path}: {told.status_code}")
    return time.perf_counter() - begun


def measure(server: Server, page: str, drawn: Iterator[Thing], times: int) -> None:
    def ask() -> float:
        return seconds(server.client, page.format(**next(drawn)._asdict()))

    first, before = ask(), server.cores
    later = [ask() for _ in range(times)]
    cores, p95 = (server.cores - before) / times, statistics.quantiles(later, n=20)[-1]
    cells = (f"{each * 1000:,.0f} ms" for each in (first, statistics.median(later), p95, cores))
    row(page, *cells, "reached" if p95 <= AIM else "not reached")


def ask(server: Server, who: str, drawn: Iterator[Thing], times: int) -> None:
    """Both tables of one account."""
    for kind, pages in (("page", PAGES), ("piece", PIECES)):
        head(f"{kind}, {who}", "first", "median", "p95", "cores", f"≤ {AIM * 1000:.0f} ms")
        for page in pages:
            if who == "operator" or not page.startswith("/platforms"):
                measure(server, page, drawn, times)


def main() -> None:
    path, times = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 40
    home = open_home(path)
    every = shops(home)
    agency = frozenset(sorted(every)[:200])
    limits: dict[Role, frozenset[str] | None] = {"operator": None, "agency": agency}
    for role, limit in limits.items():
        name = account(home, role, limit)
        with serving(path) as server:
            server.client.post("/login", data={"name": name, "password": PASSWORD, "next": "/packs"})
            ask(server, role, things(home, limit or every), times)
            print(f"\nPeak memory of the server: {server.peak / 1e6:,.0f} MB")


if __name__ == "__main__":
    main()
