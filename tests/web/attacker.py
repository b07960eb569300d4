"""A small home of two shops with a merchant each, and what an attacker does to it over HTTP."""

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.testclient import TestClient

from tianping.policy.load import packs
from tianping.store import jobs, uploads
from tianping.store.uploads import Upload
from tianping.web.build import build
from tianping.web.console import Console, secret_of
from tianping.web.jobs import Jobs
from tianping.work.closing.close import Asked, close
from tianping.work.home import facts, open_home, set_scope
from tianping.work.intake import imports
from tianping.work.people import accounts
from tianping.work.people.accounts import Doer, Draft, Role

from .conftest import Site

NOW = dt.datetime(2024, 5, 1, 1, 30)
DATE = dt.date(2024, 4, 30)
PASSWORD = "correct horse battery"
PEOPLE: Mapping[str, tuple[Role, frozenset[str] | None]] = {
    "a": ("merchant", frozenset({"A"})),
    "b": ("merchant", frozenset({"B"})),
    "op": ("operator", None),
    "adm": ("administrator", None),
}
SHOPS = "shop_id,platform,name\nA,kuaishou,Alpha\nB,kuaishou,Beta\n"
ORDERS = "order_id,shop_id,product_id,buyer_id,created_at,paid_at\n"


def orders(shop: str, product: str, count: int = 40) -> str:
    """So many paid orders of a shop in April 2024, without the heading."""
    rows = (f"O{shop}{n},{shop},{product},buyer{shop}{n},{day},{day}" for n, day in enumerate(_days(count)))
    return "".join(f"{row}\n" for row in rows)


def _days(count: int) -> Iterator[str]:
    return (f"2024-04-{n % 20 + 1:02d} 10:00:00" for n in range(count))


@dataclass
class Stall:
    """A console on such a home."""

    site: Site

    @classmethod
    def open(cls, folder: Path, files: Mapping[str, str], *, scope: str = "own_shops", url: str = "") -> "Stall":
        folder.mkdir(exist_ok=True)
        home = open_home(folder / "home", create=True, url=url)
        for name, (role, shops) in PEOPLE.items():
            accounts.create(home, name, Draft(name, role, shops), doer=Doer(None, NOW), password=PASSWORD)
        rules = packs()
        console = Console(home, rules, lambda: NOW, secret_of(home), True, Jobs(home, rules, lambda: NOW))
        made = cls(Site(console, build(console)))
        made.bring(folder / "given", files)
        set_scope(home, scope)
        made.close()
        return made

    def bring(self, folder: Path, files: Mapping[str, str]) -> None:
        """As those who run the home do."""
        folder.mkdir()
        for name, text in files.items():
            (folder / name).write_text(text, "utf-8")
        imports.bring(self.site.console.home, imports.Request((folder,), NOW))

    def close(self) -> None:
        close(self.site.console.home, self.site.console.packs, Asked(DATE), at=NOW)

    def stop(self) -> None:
        self.site.console.jobs.stop()

    def as_(self, name: str) -> TestClient:
        if name not in self.site.clients:
            self.site.clients[name] = self.sign_in(name)
        return self.site.clients[name]

    def sign_in(self, name: str) -> TestClient:
        """Faults of the program are answers, as a browser has them."""
        client = TestClient(self.site.app, base_url="http://127.0.0.1", raise_server_exceptions=False)
        told = client.post("/login", data={"name": name, "password": PASSWORD}, follow_redirects=False)
        assert told.status_code == 303, told.text
        return client

    def hand_in(self, name: str, files: Mapping[str, str | bytes], **said: str) -> Upload:
        """Upload files, and wait for what becomes of them."""
        client = self.as_(name)
        sent = [("files", (file, text.encode() if isinstance(text, str) else text, "text/csv")) for file, text in files.items()]
        told = client.post("/data/uploads", data={"csrf": csrf(client), **said}, files=sent, follow_redirects=False)
        assert told.status_code == 303, words(told.text)
        self.settle()
        found = uploads.get(self.site.console.home.database, int(told.headers["location"].rsplit("/", 1)[1]))
        assert found is not None
        return found

    def settle(self) -> None:
        """Wait until no job is under way."""
        for job in jobs.newest(self.site.console.home.database):
            self.site.console.jobs.wait(job.id)

    def ask(self, query: str) -> Sequence[tuple[object, ...]]:
        con, _ = facts(self.site.console.home)
        with con:
            return con.execute(query).fetchall()


def csrf(client: TestClient) -> str:
    return client.get("/tokens").text.split('<meta name="csrf" content="', 1)[1].split('"', 1)[0]


def named(page: str, id_: str) -> bool:
    """Whether a page names this id anywhere, markup too; as a word of its own, for a token's random letters may hold it."""
    return re.search(rf"(?<![\w-]){re.escape(id_)}(?![\w-])", page) is not None


def words(page: str) -> str:
    """What a page says, without its markup."""
    return re.sub(r"<[^>]+>|\s+", " ", page)
