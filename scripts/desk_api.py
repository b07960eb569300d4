"""How long a verb takes through the API: a home and a server of its own, so many requests a second from another process.

python scripts/desk_api.py [requests a second] [seconds] [database URL]
"""

import asyncio
import datetime as dt
import json
import multiprocessing
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path

import uvicorn

from tianping.cases.case import Act, Doer
from tianping.web.build import build
from tianping.web.console import Console, secret_of
from tianping.web.jobs import Jobs
from tianping.work.desk.serving import desk_of
from tianping.work.desk.sitting import Desk, sitting
from tianping.work.home import Home, open_home
from tianping.work.intake import exports
from tianping.work.people import accounts
from tianping.work.people.accounts import Draft
from tianping.work.people.trail import Doer as Signed

T = dt.datetime(2024, 3, 1, 8)
SHOPS = 50


def fill(desk: Desk, count: int) -> list[str]:
    """So many open refunds, each of an order of its own; their ids."""
    ids = []
    for first in range(0, count, 500):
        with sitting(desk, T) as sat:
            for n in range(first, min(first + 500, count)):
                shop, order = f"S{n % SHOPS}", f"O{n}"
                placed = {"product_id": "P1", "buyer_id": f"B{n}", "amount_fen": 5_000, "created_at": T, "paid_at": T}
                asked = {"reason": "quality", "refund_fen": 3_000}
                for kind, verb, facts, id_ in (
                    ("order", "place", placed, f"order/{order}"),
                    ("refund_only", "request", asked, None),
                ):
                    act = Act(verb, Doer("buyer"), facts)
                    step = sat.open(kind, act, platform="kuaishou", shop_id=shop, order_id=order, id_=id_)
                    ids += [step.after.id] if kind != "order" else []
    return ids


def served(home: Home, line: socket.socket) -> uvicorn.Server:
    """The console on a socket, in a thread."""
    at = T + dt.timedelta(hours=1)
    exports.exports()  # which a console reads when it starts, for some seconds
    console = Console(home, {}, lambda: at, secret_of(home), True, Jobs(home, {}, lambda: at))
    server = uvicorn.Server(uvicorn.Config(build(console), log_level="warning"))
    threading.Thread(target=server.run, kwargs={"sockets": [line]}, daemon=True).start()
    while not server.started:
        time.sleep(0.01)
    return server


def ask(port: int, token: str, ids: list[str], rate: float, told: "multiprocessing.Queue[list[tuple[float, int]]]") -> None:
    """Sends agreements, evenly, over connections kept open, whether or not the one before is answered."""
    told.put(asyncio.run(_ask(port, token, ids, rate)))


async def _ask(port: int, token: str, ids: list[str], rate: float) -> list[tuple[float, int]]:
    free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(32):
        free.put_nowait(await asyncio.open_connection("127.0.0.1", port))

    async def one(n: int, id_: str, due: float) -> tuple[float, int]:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        reader, writer = await free.get()
        body = json.dumps({"why": "measured", "seen": 1}).encode()
        head = (
            f"POST /api/v1/cases/{id_}/agreement?as=merchant HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
            f"Idempotency-Key: k{n}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        length = next(line for line in answer.split("\r\n") if line.lower().startswith("content-length:"))
        await reader.readexactly(int(length.partition(":")[2]))
        free.put_nowait((reader, writer))
        return time.perf_counter() - due, int(answer.split(" ", 2)[1])

    began = time.perf_counter() + 0.2
    return list(await asyncio.gather(*(one(n, id_, began + n / rate) for n, id_ in enumerate(ids))))


def measure(home: Home, rate: float, seconds: float) -> None:
    account, _ = accounts.create(
        home, "adm", Draft("adm", "administrator", None), doer=Signed(None, T), password="correct horse battery"
    )
    token = accounts.new_token(home, account.id, "bench", doer=Signed(None, T))
    warm = int(rate)
    ids = fill(desk_of(home), int(rate * seconds) + warm)
    line = socket.create_server(("127.0.0.1", 0))
    server = served(home, line)
    apart = multiprocessing.get_context("spawn")
    told: multiprocessing.Queue[list[tuple[float, int]]] = apart.Queue()
    before = time.process_time()
    asking = apart.Process(target=ask, args=(line.getsockname()[1], token, ids, rate, told))
    asking.start()
    found = told.get()[warm:]
    spent = time.process_time() - before
    asking.join()
    server.should_exit = True
    took = sorted(each for each, _ in found)
    wrong = sum(status != 201 for _, status in found)
    said = ", ".join(f"p{part} {1000 * took[len(took) * part // 100]:.1f} ms" for part in (50, 95, 99))
    print(
        f"{len(took)} agreements at {rate:g}/s: {said}, slowest {1000 * took[-1]:.1f} ms, {wrong} refused; "
        f"{1000 * spent / len(ids):.1f} ms of a core each"
    )


def main() -> None:
    rate = float(sys.argv[1]) if len(sys.argv) > 1 else 200
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 5
    with tempfile.TemporaryDirectory() as folder:
        home = open_home(Path(folder) / "home", create=True, url=sys.argv[3] if len(sys.argv) > 3 else "")
        measure(home, rate, seconds)


if __name__ == "__main__":
    main()
