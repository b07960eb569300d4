"""Many at once, a server that is killed, a database that is gone for a while, a home without anything."""

import datetime as dt
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from tianping.policy.load import packs
from tianping.store import jobs, uploads
from tianping.web.build import build
from tianping.web.console import Console, secret_of
from tianping.web.jobs import Jobs
from tianping.work.home import open_home, set_scope
from tianping.work.people import accounts
from tianping.work.people.accounts import Doer, Draft

from .attacker import DATE, NOW, ORDERS, PASSWORD, SHOPS, Stall, csrf, orders

FILES = {"shops.csv": SHOPS, "orders.csv": ORDERS + orders("A", "P1", 60), "products.csv": "product_id,shop_id,title\nP1,A,T\n"}
PAGES = (
    "/morning", "/shops", "/shops/A", "/shops/A/products", "/products", "/products.csv", "/products/P1", "/platforms/kuaishou",
    "/figures/kuaishou/quality_refund_rate?by=shop&subject=A", "/figures/kuaishou/quality_refund_rate/rows?by=shop&subject=A",
    "/data", "/data/waiting", "/data/exports", "/data/uploads", "/data/quarantine", "/data/imports", "/data/closes", "/packs",
    "/packs/kuaishou", "/figure-reports", "/accounts", "/accounts/new", "/tokens", "/audit", "/parts", "/api/v1/metrics",
    "/api/v1/shops", "/api/v1/closes", "/api/v1/imports",
)  # fmt: skip


def test_many_readers_while_data_come_in(tmp_path: Path) -> None:
    """Forty at a time, with imports and closes under way; the copy by subject is made anew below them."""
    stall = Stall.open(tmp_path, FILES)
    client, merchant = stall.as_("adm"), stall.as_("a")
    token = csrf(merchant)
    for path in (stall.site.console.home.path / "subjects").rglob("*.parquet"):
        path.unlink()
    for folder in sorted((stall.site.console.home.path / "subjects").rglob("*"), reverse=True):
        folder.rmdir()

    def read(path: str) -> tuple[str, int]:
        return path, client.get(path).status_code

    def write(n: int) -> tuple[str, int]:
        sent = {"files": (f"orders-{n}.csv", ORDERS + f"N{n},A,P1,,2024-04-03 10:00:00,2024-04-03 10:00:00\n")}
        merchant.post("/data/closes", data={"csrf": token, "date": str(DATE), "sure": "yes"})
        return "upload", merchant.post("/data/uploads", data={"csrf": token}, files=sent).status_code

    with ThreadPoolExecutor(40) as pool:
        found = [*pool.map(read, PAGES), *pool.map(write, range(3)), *pool.map(read, PAGES * 2)]
    assert [each for each in found if each[1] != 200] == []
    stall.settle()
    assert {job.state for job in jobs.newest(stall.site.console.home.database)} == {"done"}
    assert stall.ask("select count(*) from facts.orders where order_id like 'N%'") == [(3,)]
    stall.stop()


def test_the_queue_outlives_its_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full for a moment, or a locked database, does not leave everything queued for good."""
    stall = Stall.open(tmp_path, FILES)
    take, failed = jobs.take, list[int]()

    def broken(engine: object) -> object:
        if len(failed) < 2:
            failed.append(1)
            raise OperationalError("update job", {}, Exception("database or disk is full"))
        return take(engine)  # type: ignore[arg-type]

    monkeypatch.setattr("tianping.web.jobs.jobs.take", broken)
    monkeypatch.setattr("tianping.web.jobs._AGAIN", 0.05)
    assert stall.hand_in("a", {"orders-1.csv": ORDERS + "N1,A,P1,,2024-04-03 10:00:00,\n"}).state == "done"
    assert len(failed) == 2
    stall.stop()


@pytest.mark.parametrize("scope", ["own_shops", "market"])
def test_a_home_without_anything(tmp_path: Path, scope: str) -> None:
    """Every page says what to do."""
    home, rules = open_home(tmp_path / "home", create=True), packs()
    set_scope(home, scope)
    accounts.create(home, "adm", Draft("", "administrator", None), doer=Doer(None, NOW), password=PASSWORD)
    accounts.create(home, "b", Draft("", "merchant", frozenset({"B"})), doer=Doer(None, NOW), password=PASSWORD)
    console = Console(home, rules, lambda: NOW, secret_of(home), True, Jobs(home, rules, lambda: NOW))
    for name in ("adm", "b"):
        client = TestClient(build(console), base_url="http://127.0.0.1", raise_server_exceptions=False)
        client.post("/login", data={"name": name, "password": PASSWORD})
        told = {path: client.get(path).status_code for path in PAGES}
        assert {path: status for path, status in told.items() if status >= 500} == {}
        assert told["/data"] == told["/data/uploads"] == told["/data/closes"] == 200
    console.jobs.stop()


def _port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _serve(home: Path, port: int) -> subprocess.Popen[bytes]:
    command = [
        sys.executable,
        "-c",
        "from tianping.cli.main import main; main()",
        "--home",
        str(home),
        "serve",
        "--port",
        str(port),
    ]
    running = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=os.environ)
    for _ in range(300):
        try:
            httpx2.get(f"http://127.0.0.1:{port}/login", timeout=5)
            return running
        except httpx2.HTTPError:
            time.sleep(0.1)
    raise AssertionError("it does not come up")


def _client(port: int) -> httpx2.Client:
    client = httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=30)
    assert client.post("/login", data={"name": "a", "password": PASSWORD}).status_code == 303
    return client


def _wait(true: Callable[[], object]) -> None:
    until = time.monotonic() + 30
    while not true() and time.monotonic() < until:
        time.sleep(0.02)


@pytest.mark.parametrize("during", ["import", "close"])
def test_killed_in_the_middle(tmp_path: Path, during: str) -> None:
    """After the next start what was under way is said to have failed, and the store is as it was before, or after."""
    Stall.open(tmp_path, FILES).stop()
    home, port = tmp_path / "home", _port()
    at = open_home(home).database
    running = _serve(home, port)
    client = _client(port)
    token = client.get("/tokens").text.split('<meta name="csrf" content="', 1)[1].split('"', 1)[0]
    if during == "import":
        day = "2024-04-03 10:00:00"
        big = ORDERS + "".join(f"K{n},A,P1,,{day},{day}\n" for n in range(200_000))
        client.post("/data/uploads", data={"csrf": token}, files={"files": ("orders-k.csv", big)})
    else:
        client.post("/data/closes", data={"csrf": token, "date": str(DATE - dt.timedelta(days=1)), "sure": "yes"})
    _wait(lambda: jobs.newest(at, state="running"))
    time.sleep(0.3)
    running.send_signal(signal.SIGKILL)
    running.wait()
    [job] = jobs.newest(at)
    again = _serve(home, port)
    try:
        [after] = jobs.newest(at)
        assert after.state == ("failed" if job.state == "running" else "done")
        client = _client(port)
        assert client.get("/data/closes").status_code == client.get("/data/uploads").status_code == 200
        if during == "import":
            [upload] = uploads.newest(at)
            assert upload.state == after.state
            token = client.get("/tokens").text.split('<meta name="csrf" content="', 1)[1].split('"', 1)[0]
            client.post(f"/data/uploads/{upload.id}/import", data={"csrf": token})
            _wait(lambda: uploads.newest(at)[0].state == "done")
            assert client.get(f"/data/uploads/{upload.id}").status_code == 200
            assert uploads.newest(at)[0].state == "done"
    finally:
        again.terminate()
        again.wait()


def test_on_postgres(tmp_path: Path, postgres_made: str) -> None:
    """Sign in, upload, close, audit; NUL and large numbers, which this database takes worse than SQLite, are answered too."""
    stall = Stall.open(tmp_path, FILES, url=postgres_made)
    client, adm = stall.as_("a"), stall.as_("adm")
    token = csrf(client)
    assert stall.hand_in("a", {"orders-1\x00.csv": ORDERS + "N1,A,P1,,2024-04-03 10:00:00,\n"}).state == "done"
    client.post("/data/closes", data={"csrf": token, "date": str(DATE), "sure": "yes"})
    stall.settle()
    assert {job.state for job in jobs.newest(stall.site.console.home.database)} == {"done"}
    report = {
        "platform": "kuaishou",
        "metric": "quality_refund_rate",
        "by": "shop",
        "subject": "A",
        "days": "30",
        "date": str(DATE),
    }
    forms: tuple[tuple[str, dict[str, str]], ...] = (
        ("/tokens", {"label": "a\x00b"}), ("/products/views", {"name": "a\x00b", "query": "q=\x00"}),
        ("/figure-reports", {**report, "words": "a\x00b"}), ("/data/uploads/1/shop", {"shop": "\x00"}),
        ("/login", {"name": "a\x00b", "password": "x\x00"}),
        ("/password", {"old": "\x00", "new": "\x00" * 12, "again": "\x00" * 12}),
    )  # fmt: skip
    told = {
        path: client.post(path, data={"csrf": token, **fields}, follow_redirects=False).status_code for path, fields in forms
    }
    account = {"csrf": csrf(adm), "name": "x", "label": "a\x00b", "shops": "A\x00", "role": "merchant"}
    told["/accounts"] = adm.post("/accounts", data=account, follow_redirects=False).status_code
    for path in ("/audit?thing=%00", f"/audit?before=-{2**63}", f"/audit?account={2**31}",
                 "/data/uploads?before=-99999999999999",
                 f"/figure-reports/{2**31}", f"/data/jobs/{2**31}", f"/data/closes?job=-{2**63}", *PAGES):  # fmt: skip
        told[path] = adm.get(path).status_code
    assert {path: status for path, status in told.items() if status >= 500} == {}
    assert "/data/closes" in told
    stall.stop()
