"""A small home with two merchants, an agency, and those who run the market; a token for each, and a clock to be set."""

import datetime as dt
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select
from starlette.testclient import TestClient

from tianping.store.accounts import Role
from tianping.store.schema import account, account_shop
from tianping.web.build import build
from tianping.web.console import Console, secret_of
from tianping.web.jobs import Jobs
from tianping.work.desk.serving import desk_of
from tianping.work.desk.sitting import Desk
from tianping.work.home import Home, open_home
from tianping.work.people import accounts
from tianping.work.people.accounts import Doer, Draft

from ..market import T

API = "/api/v1"
PASSWORD = "correct horse battery"
PEOPLE: Mapping[str, tuple[Role, frozenset[str] | None]] = {
    "mei": ("merchant", frozenset({"S1"})),
    "bo": ("merchant", frozenset({"S2"})),
    "yun": ("agency", frozenset({"S2", "S3"})),
    "judge": ("adjudicator", None),
    "op": ("operator", None),
    "adm": ("administrator", None),
    "aud": ("auditor", None),
}
Json = Any


@dataclass
class Office:
    """A running API. `at` is the present; `keys` are the tokens by name (adjudicators and auditors have none: they sign in)."""

    home: Home
    at: dt.datetime = T
    keys: dict[str, str] = field(default_factory=dict)
    ids: dict[str, int] = field(default_factory=dict)
    sessions: dict[str, TestClient] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.console = Console(self.home, {}, lambda: self.at, secret_of(self.home), True, Jobs(self.home, {}, lambda: self.at))
        self.app = build(self.console)
        self.program = TestClient(self.app, base_url="http://127.0.0.1", raise_server_exceptions=False)
        for member in accounts.every(self.home):
            self.ids[member.account.name] = member.account.id
            self.keys[member.account.name] = accounts.new_token(self.home, member.account.id, "test", doer=Doer(None, self.at))

    @property
    def desk(self) -> Desk:
        return desk_of(self.home)

    def headers(self, who: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys[who]}"} if who in self.keys else {}

    def get(self, who: str, path: str, **asked: Any) -> Any:
        """The answer's JSON, which must be there."""
        told = self.program.get(API + path, params=asked, headers=self.headers(who))
        assert told.status_code == 200, told.text
        return told.json()

    def status(self, who: str, path: str, **asked: Any) -> int:
        return self.program.get(API + path, params=asked, headers=self.headers(who)).status_code

    def post(self, who: str, path: str, said: Json = None, *, key: str = "", headers: Mapping[str, str] = {}) -> Any:
        """Whatever is answered."""
        given = {**self.headers(who), "Idempotency-Key": key or f"k{next(self.numbers)}", **headers}
        return self.program.post(API + path, json={} if said is None else said, headers=given)

    def done(self, who: str, path: str, said: Json = None, **more: Any) -> Any:
        """The answer's JSON to what must be done."""
        told = self.post(who, path, said, **more)
        assert told.status_code == 201, told.text
        return told.json()

    def browser(self, who: str) -> TestClient:
        """Somebody signed in with a browser."""
        if who not in self.sessions:
            client = TestClient(self.app, base_url="http://127.0.0.1", raise_server_exceptions=False)
            told = client.post("/login", data={"name": who, "password": PASSWORD}, follow_redirects=False)
            assert told.status_code == 303, told.text
            self.sessions[who] = client
        return self.sessions[who]

    def csrf(self, who: str) -> str:
        """The secret of their forms."""
        query = "select csrf from session where account_id = ?"
        with self.home.database.connect() as connection:
            return str(connection.exec_driver_sql(query, (self.ids[who],)).scalar())

    def order(self, id_: str = "O1", shop: str = "S1", platform: str = "kuaishou", **facts: Any) -> Json:
        """An order of ¥50.00, paid now unless said otherwise."""
        now = self.at.isoformat()
        given = {"product_id": "P1", "buyer_id": f"B-{shop}", "amount_fen": 5_000, "created_at": now, "paid_at": now, **facts}
        said = {"order_id": id_, "platform": platform, "shop_id": shop, "facts": given}
        return self.done("op", "/orders", said)

    def ask(self, order_id: str = "O1", kind: str = "refund_only", **facts: Any) -> Json:
        """A buyer's case of an order, ¥30.00 because of quality unless said otherwise, by the marketplace's front end."""
        given = {"reason": "quality", "refund_fen": 3_000, **facts}
        return self.done("op", "/cases?as=buyer", {"kind": kind, "order_id": order_id, "facts": given})


def make(path: Path) -> None:
    """Such a home, without anything at its desk."""
    home = open_home(path, create=True)
    for name, (role, shops) in PEOPLE.items():
        accounts.create(home, name, Draft(name, role, shops), doer=Doer(None, T), password=PASSWORD)
    home.database.dispose()


def copy_people(made: Path, home: Home) -> None:
    """The accounts of a home into another's database: hashing their passwords takes seconds."""
    with open_home(made).database.connect() as old, home.database.begin() as new:
        for table in (account, account_shop):
            new.execute(insert(table), [dict(row) for row in old.execute(select(table)).mappings()])
