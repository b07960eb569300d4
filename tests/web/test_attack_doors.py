"""Sessions, forms, keys and the demo's accounts, tried from outside."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from tianping.web.build import build
from tianping.work.people import accounts
from tianping.work.people.accounts import Doer, Draft

from .attacker import NOW, ORDERS, PASSWORD, SHOPS, Stall, csrf, orders
from .conftest import Site

LATER = Doer(None, NOW)


@pytest.fixture(scope="module")
def stall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stall]:
    made = Stall.open(tmp_path_factory.mktemp("doors"), {"shops.csv": SHOPS, "orders.csv": ORDERS + orders("A", "P1")})
    yield made
    made.stop()


def number_of(stall: Stall, name: str) -> int:
    return next(each.account.id for each in accounts.every(stall.site.console.home) if each.account.name == name)


def person(stall: Stall, name: str) -> TestClient:
    """A new merchant of shop A, signed in."""
    draft = Draft(name, "merchant", frozenset({"A"}))
    accounts.create(stall.site.console.home, name, draft, doer=LATER, password=PASSWORD)
    return stall.sign_in(name)


@pytest.mark.parametrize("there", [
    "//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "javascript:alert(1)", "/\t/evil.example",
    "/\r\nX-Evil:1", "///evil.example", " //evil.example", "/\n/evil.example", "evil.example",
    "/%2f/evil.example", "/.//evil.example",
])  # fmt: skip
def test_no_way_leads_out(stall: Stall, there: str) -> None:
    """After signing in, or another language, one is still here."""
    client = stall.site.client()
    for told in (
        client.get("/language/en", params={"back": there}, follow_redirects=False),
        client.get("/theme/dark", params={"back": there}, follow_redirects=False),
        client.post("/login", data={"name": "a", "password": PASSWORD, "next": there}, follow_redirects=False),
    ):
        assert told.status_code == 303
        at = told.headers["location"]
        assert at.startswith("/")
        assert not at.startswith(("//", "/\\", "/\t", "/\n", "/\r"))
        assert "x-evil" not in told.headers


def test_the_cookie_is_ours_alone(stall: Stall) -> None:
    """Not to be read by script, not sent along from elsewhere, signed, another one at each sign-in, dead after signing out."""
    first, second = (stall.site.client() for _ in range(2))
    told = [each.post("/login", data={"name": "a", "password": PASSWORD}, follow_redirects=False) for each in (first, second)]
    said = told[0].headers["set-cookie"]
    assert "HttpOnly" in said
    assert "samesite=lax" in said.lower()
    keys = [each.cookies["tianping"] for each in told]
    assert keys[0] != keys[1]
    fixed = stall.site.client()
    fixed.cookies.set("tianping", keys[0][:-2] + "xx")
    assert fixed.get("/packs", follow_redirects=False).status_code == 303
    kept = csrf(first)
    first.post("/logout", data={"csrf": kept})
    stolen = stall.site.client()
    stolen.cookies.set("tianping", keys[0])
    assert stolen.get("/packs", follow_redirects=False).status_code == 303
    assert stolen.get("/api/v1/shops").status_code == 401
    assert second.get("/packs").status_code == 200


def test_anothers_token_of_forms_is_none(stall: Stall) -> None:
    for headers, token in (({}, csrf(stall.as_("b"))), ({}, ""), ({"sec-fetch-site": "cross-site"}, csrf(stall.as_("a")))):
        told = stall.as_("a").post("/tokens", data={"csrf": token, "label": "x"}, headers=headers)
        assert told.status_code == 403


def test_what_an_administrator_changes_holds_at_once(stall: Stall) -> None:
    """Other shops, another role, an end: from the next request on, for sessions and for keys of programs."""
    home = stall.site.console.home
    client = person(stall, "turned")
    number = number_of(stall, "turned")
    key = accounts.new_token(home, number, "x", doer=LATER)
    api = {"authorization": f"Bearer {key}"}
    program = stall.site.client()
    assert client.get("/shops/A").status_code == 200
    accounts.edit(home, number, Draft("t", "merchant", frozenset({"B"})), doer=LATER)
    assert (client.get("/shops/A").status_code, client.get("/shops/B").status_code) == (404, 200)
    assert [each["id"] for each in program.get("/api/v1/shops", headers=api).json()["items"]] == ["B"]
    accounts.edit(home, number, Draft("t", "auditor", frozenset({"B"})), doer=LATER)
    assert client.post("/data/uploads", data={"csrf": csrf_of_any(client)}).status_code == 403
    assert program.get("/api/v1/shops", headers=api).status_code == 401
    accounts.edit(home, number, Draft("t", "merchant", frozenset({"B"})), doer=LATER)
    accounts.deactivate(home, number, doer=LATER)
    assert client.get("/shops", follow_redirects=False).status_code == 303
    accounts.activate(home, number, doer=LATER)
    assert client.get("/shops", follow_redirects=False).status_code == 303
    assert program.get("/api/v1/shops", headers=api).status_code == 401


def csrf_of_any(client: TestClient) -> str:
    return client.get("/packs").text.split('<meta name="csrf" content="', 1)[1].split('"', 1)[0]


def test_a_one_time_password_opens_nothing_else(stall: Stall) -> None:
    home = stall.site.console.home
    person(stall, "fresh")
    given = accounts.reset_password(home, number_of(stall, "fresh"), doer=LATER)
    client = stall.site.client()
    client.post("/login", data={"name": "fresh", "password": given})
    for path in ("/shops", "/api/v1/shops", "/products.csv", "/data/quarantine/sheets.csv"):
        told = client.get(path, follow_redirects=False)
        assert (told.status_code, told.headers.get("location")) in ((303, "/password"), (403, None)), path


def test_guessing_is_slow_and_tells_nothing(stall: Stall) -> None:
    """One sentence for a wrong name and a wrong password; a right one is not judged after too many wrong ones."""
    client = stall.site.client()
    told = {name: client.post("/login", data={"name": name, "password": "wrong wrong"}).text for name in ("adm", "zzz")}
    assert told["adm"].replace('"adm"', '"zzz"') == told["zzz"]
    person(stall, "guessed")
    for n in range(6):
        client.post("/login", data={"name": "guessed", "password": f"wrong {n}"}, headers={"x-forwarded-for": f"10.0.0.{n}"})
    late = client.post("/login", data={"name": "guessed", "password": PASSWORD}, follow_redirects=False)
    assert late.status_code == 401


@pytest.mark.parametrize("headers", [
    {"host": "evil.example"}, {"host": "evil.example:8650"}, {"x-forwarded-for": "203.0.113.9"}, {"via": "1.1 proxy"},
    {"forwarded": "for=203.0.113.9"}, {"host": "127.0.0.1.evil.example"}, {"host": "["},
])  # fmt: skip
def test_the_demo_stays_at_this_machine(site: Site, headers: dict[str, str]) -> None:
    """Everybody knows its password: not by a name that somebody points at us, not through a proxy."""
    form = {"name": "administrator", "password": accounts.DEMO_PASSWORD}
    client = site.client()
    assert client.post("/login", data=form, headers=headers, follow_redirects=False).status_code == 401
    for host in ("localhost:8650", "127.0.0.1", "[::1]:8650"):
        assert client.post("/login", data=form, headers={"host": host}, follow_redirects=False).status_code == 303
    assert site.as_("operator").get("/shops", headers=headers, follow_redirects=False).status_code == 303
    assert site.as_("operator").get("/api/v1/shops", headers=headers).status_code == 401


def test_the_demo_stays_out_where_all_may_call(site: Site) -> None:
    far = Site(replace(site.console, local=False), build(replace(site.console, local=False)))
    told = far.client().post("/login", data={"name": "administrator", "password": accounts.DEMO_PASSWORD})
    assert told.status_code == 401


def test_a_session_ends(stall: Stall) -> None:
    """After half a day unused."""
    console = replace(stall.site.console, clock=lambda: NOW + dt.timedelta(hours=13))
    client = TestClient(build(console), base_url="http://127.0.0.1")
    client.cookies.update(stall.sign_in("a").cookies)
    assert client.get("/shops", follow_redirects=False).status_code == 303


def test_headers_stand_on_every_answer(stall: Stall) -> None:
    for path in (
        "/login",
        "/nowhere",
        "/static/app.css",
        "/api/v1/shops",
        "/api/v1/nothing",
        "/static/../access.py",
        "/morning",
    ):
        told = stall.site.client().get(path, follow_redirects=False)
        assert "default-src 'self'" in told.headers["content-security-policy"], path
        assert told.headers["x-content-type-options"] == "nosniff"
        assert told.headers["x-frame-options"] == "DENY"
    for path in (
        "/static/../web/access.py",
        "/static/%2e%2e/access.py",
        "/static/..%2faccess.py",
        "/static/%2e%2e%2f%2e%2e%2fapp.py",
    ):
        assert stall.site.client().get(path).status_code == 404
