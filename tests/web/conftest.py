"""A small made-up market with accounts of every role, and clients signed in as each."""

import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from sparing import once_a_run
from tianping.policy.load import packs
from tianping.simulate import market
from tianping.web.build import build
from tianping.web.console import Console, secret_of
from tianping.web.jobs import Jobs
from tianping.work.closing.close import Asked, close
from tianping.work.home import open_home, set_scope
from tianping.work.intake import imports
from tianping.work.judge import judge
from tianping.work.people.accounts import DEMO_PASSWORD, create_demo

FIRST, DAYS = dt.date(2024, 3, 1), 60
DATE = FIRST + dt.timedelta(days=DAYS)
"""T of the newest close."""
NOW = dt.datetime(2024, 5, 1, 1, 30)


@pytest.fixture(scope="session")
def market_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with ten shops of five platforms, closed on three days, the last of them judged. To be read only."""
    folder = tmp_path_factory.mktemp("market") / "home"
    shutil.copytree(once_a_run(tmp_path_factory, "market-made", _make_market) / "home", folder)
    return folder


def _make_market(folder: Path) -> None:
    market.write(folder / "facts", seed=7, shops=10, orders=4_000, days=DAYS, first_day=FIRST)
    home, rules = open_home(folder / "home", create=True), packs()
    imports.bring(home, imports.Request((folder / "facts",), NOW))
    set_scope(home, "market")
    closed = [close(home, rules, Asked(DATE - dt.timedelta(days=back)), at=NOW) for back in (2, 1, 0)]
    judge(home, rules, closed[-1], at=NOW)
    create_demo(home, NOW)
    home.database.dispose()


@dataclass
class Site:
    """A running console, and clients of it signed in as one of the demo's accounts: they are called by their roles."""

    console: Console
    app: FastAPI
    clients: dict[str, TestClient] = field(default_factory=dict)

    def as_(self, role: str) -> TestClient:
        """The same client each time it is asked for."""
        if role not in self.clients:
            self.clients[role] = self.sign_in(role, DEMO_PASSWORD)
        return self.clients[role]

    def sign_in(self, name: str, password: str) -> TestClient:
        client = self.client()
        told = client.post("/login", data={"name": name, "password": password, "next": "/packs"}, follow_redirects=False)
        assert told.status_code == 303, told.text
        return client

    def client(self) -> TestClient:
        """Nobody's."""
        return TestClient(self.app, base_url="http://127.0.0.1")


@pytest.fixture(scope="session")
def open_site() -> Iterator[Callable[[Path], Site]]:
    """Runs consoles on homes; all stop in the end."""
    running: list[Console] = []

    def run(path: Path) -> Site:
        home, rules = open_home(path), packs()
        console = Console(home, rules, lambda: NOW, secret_of(home), True, Jobs(home, rules, lambda: NOW))
        running.append(console)
        return Site(console, build(console))

    yield run
    for console in running:
        console.jobs.stop()


@pytest.fixture(scope="session")
def site(market_home: Path, open_site: Callable[[Path], Site]) -> Site:
    """The market's console, to be read only."""
    return open_site(market_home)


@pytest.fixture
def own_site(market_home: Path, open_site: Callable[[Path], Site], tmp_path: Path) -> Site:
    """A console on a copy of the market, to be changed."""
    shutil.copytree(market_home, tmp_path / "home")
    return open_site(tmp_path / "home")


def csrf_of(client: TestClient) -> str:
    """The token that this client's forms carry."""
    text = client.get("/packs").text
    return text.split('<meta name="csrf" content="', 1)[1].split('"', 1)[0]
