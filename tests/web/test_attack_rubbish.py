"""Rubbish in every parameter, field, address and file: an answer in words each time, never a fault of the program."""

import gzip
import io
import os
import zipfile
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from urllib.parse import quote

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from starlette.routing import Mount

from .attacker import ORDERS, SHOPS, Stall, csrf, orders, words

RUBBISH = ("9" * 25, "-1", "0001-01-01", "a\x00'\"</script>{0}%s", "9999-12-31")
IDS = {
    "platform": "kuaishou", "metric": "quality_refund_rate", "shop": "A", "path": "c1", "product_id": "P1", "index": "0",
    "mapping": "kuaishou_orders", "lang": "zh", "theme": "dark", "form": "csv",
}  # fmt: skip
USUAL = {"by": "shop", "subject": "A", "days": "30", "metric": "quality_refund_rate", "shop": "A", "id": "x", "with": "x"}
READ_BY_HAND = {
    "/products": ("platform", "days", "show", "metric", "part", "low", "high", "shop", "category", "q", "sort", "page", "date"),
    "/products/{product_id:path}/quality/refunds": ("days", "metric", "reason", "skip", "date"),
}
"""Parameters that routes do not declare."""
FIELDS = (
    "id",
    "cell0",
    "table",
    "heading0",
    "column0",
    "word kind x",
    "shop",
    "first",
    "last",
    "query",
    "sure",
    "date",
    "label",
)

EVERY = int(os.environ.get("TIANPING_RUBBISH", "3"))
"""Of so many cases one is tried; TIANPING_RUBBISH=1 tries all, in minutes."""


@pytest.fixture(scope="module")
def stall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stall]:
    listed = "product_id,shop_id,title,category_l1\nP1,A,T,c1\n"
    files = {"shops.csv": SHOPS, "orders.csv": ORDERS + orders("A", "P1"), "products.csv": listed}
    made = Stall.open(tmp_path_factory.mktemp("rubbish"), files, scope="market")
    made.hand_in("a", {"orders.csv": ORDERS + "Z1,A,P1,,rubbish,\n"})
    made.hand_in("a", {"strange.csv": "foo,bar\n1,2\n"})
    yield made
    made.stop()


def routes(stall: Stall, method: str) -> Iterator[tuple[str, RouteContext]]:
    """Every address that answers to a method, the API's too."""
    for each in iter_route_contexts(stall.site.app.routes):
        if isinstance(each.original_route, Mount):
            below = iter_route_contexts(getattr(each.original_route.app, "routes", ()))
            yield from ((f"{each.path}{one.path}", one) for one in below if isinstance(one.original_route, APIRoute))
        elif isinstance(each.original_route, APIRoute) and method in (each.methods or ()):
            yield str(each.path), each


def filled(path: str, route: RouteContext, said: Mapping[str, str] = MappingProxyType({})) -> str:
    for name in route.param_convertors:
        value = quote(said.get(name, IDS.get(name, "2")), safe="")
        path = path.replace(f"{{{name}:path}}", value).replace(f"{{{name}}}", value)
    return path


def asked(found: Dependant) -> Iterator[str]:
    yield from (each.alias for each in found.query_params)
    for below in found.dependencies:
        yield from asked(below)


def cases(path: str, route: RouteContext) -> Iterator[tuple[str, dict[str, str]]]:
    names = {*asked(route.dependant), *READ_BY_HAND.get(path, ()), "date"}
    usual = {name: value for name, value in USUAL.items() if name in names}
    yield filled(path, route), usual
    for rubbish in RUBBISH:
        yield from ((filled(path, route, {name: rubbish}), usual) for name in route.param_convertors)
        yield from ((filled(path, route), usual | {name: rubbish}) for name in names)


def test_no_address_brings_the_program_down(stall: Stall) -> None:
    client, found = stall.as_("adm"), []
    every = [each for path, route in routes(stall, "GET") for each in cases(path, route)]
    for where, query in every[::EVERY]:
        told = client.get(where, params=query, follow_redirects=False)
        if told.status_code >= 500:
            found.append((where[:80], query))
    assert not found
    assert len(every) > 1000


def test_no_form_brings_the_program_down(stall: Stall) -> None:
    found = []
    every = [each for path, route in routes(stall, "POST") if changes(path) for each in forms(path, route)]
    for name in ("adm", "a"):
        client = stall.as_(name)
        token = csrf(client)
        for where, fields in every[::EVERY]:
            told = client.post(where, data=fields | {"csrf": token}, follow_redirects=False)
            if told.status_code >= 500:
                found.append((where[:80], fields))
    assert not found
    assert len(every) > 400


def changes(path: str) -> bool:
    """Whether forms may be sent there again and again: not where they end the session, or an account."""
    return (
        path not in ("/logout", "/login") and "/api" not in path and "activation" not in path and not path.endswith("/password")
    )


def forms(path: str, route: RouteContext) -> Iterator[tuple[str, dict[str, str]]]:
    for rubbish in RUBBISH:
        for number in ("1", "9" * 25, "x") if "{" in path else ("1",):
            where = filled(path, route, dict.fromkeys(route.param_convertors, number))
            fields = dict.fromkeys([*FIELDS, *_fields(route)], rubbish)
            yield from ((where, fields), (where, fields | {"table": "orders"}))


def _fields(route: RouteContext) -> Iterator[str]:
    for each in route.dependant.body_params:
        yield from getattr(each.field_info.annotation, "model_fields", (each.alias,))


def _bomb() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("[Content_Types].xml", "<x/>")
        book.writestr("xl/worksheets/sheet1.xml", b"0" * 150_000_000)
    return held.getvalue()


FILES: Mapping[str, Callable[[], bytes]] = {
    "x.zip": lambda: b"PK\x05\x06" + b"\0" * 18, "bomb.xlsx": _bomb, "orders.xlsx": lambda: b"PK\x03\x04rubbish",
    "orders.csv.gz": lambda: gzip.compress(b"0" * 300_000_000, 1), "orders.parquet": lambda: b"PAR1rubbish",
    "orders.json": lambda: b"{", "orders.csv": lambda: b"\xff\xfe\x00",
    "cases.csv": lambda: ",".join(f"h{n}" for n in range(20_000)).encode(),
}  # fmt: skip


@pytest.mark.parametrize("name", [
    *FILES, "rules", "../../../etc/x.csv", "..", "a\nb.csv", "c\x00.csv", "B@orders.csv", "a" * 400 + ".csv",
    "é" * 300 + ".csv", "x." + "y" * 300,
])  # fmt: skip
def test_no_file_brings_the_program_down(stall: Stall, name: str) -> None:
    """What is said of it names no folder of this machine; nothing lies outside its own folder."""
    client, home = stall.as_("b"), stall.site.console.home.path
    sent = {"files": (name, FILES.get(name, lambda: b"foo,bar\n1,2\n")())}
    told = client.post("/data/uploads", data={"csrf": csrf(client), "shop": "B"}, files=sent, follow_redirects=False)
    assert told.status_code in (303, 409), words(told.text)
    stall.settle()
    at, form = told.headers.get("location", "/data/uploads"), {"csrf": csrf(client), "table": "orders", "column0": "order_id"}
    answers = [client.get(at), client.get(f"{at}/state"), client.get(f"{at}/files/0")]
    answers += [client.post(f"{at}/files/0/{what}", data={**form, "heading0": "foo"}) for what in ("preview", "mapping")]
    answers += [client.post(f"{at}/import", data=form), client.post(f"{at}/shop", data={**form, "shop": "B"})]
    stall.settle()
    answers += [client.get(at), client.get("/data/uploads")]
    assert [each.status_code for each in answers if each.status_code >= 500] == []
    assert not [each.url for each in answers if str(home) in each.text]
    assert {each.name for each in home.parent.iterdir()} <= {"home", "given"}


@pytest.mark.parametrize("sheet", [
    b"_quarantine,a\n" + b"x" * 300_000 + b",1\n", b"_quarantine\n\xff\xff\xfe\x81\n", b"", b"a,b\n1,2\n",
    b"_quarantine\n\x00\n",
    b'_quarantine,"a\n1,2\n', b"_quarantine,a,a,,\n1,2,3,4,5\n",
])  # fmt: skip
@pytest.mark.parametrize("name", ["s.csv", "s.xlsx", "s.\x00", "s.zip"])
def test_no_sheet_brings_the_program_down(stall: Stall, sheet: bytes, name: str) -> None:
    client = stall.as_("b")
    told = client.post("/data/quarantine/sheets", data={"csrf": csrf(client)}, files={"files": (name, sheet)})
    assert told.status_code in (400, 409), words(told.text)
    assert len(told.text) < 40_000
    assert str(stall.site.console.home.path) not in told.text


@pytest.mark.parametrize(("first", "last"), [("2024-01-01", "9999-12-31"), ("0001-01-01", "2024-01-01"), ("2024-01-01", "")])
def test_days_beyond_the_calendar(stall: Stall, first: str, last: str) -> None:
    """One merchant's days once stopped a page for everybody."""
    client = stall.as_("b")
    form = {"csrf": csrf(client), "first": first, "last": last}
    sent = {"files": ("orders.csv", ORDERS + f"C{first},B,PB,,2024-04-03 10:00:00,\n")}
    assert client.post("/data/uploads", data=form, files=sent, follow_redirects=False).status_code == 409
    for path in ("/data", "/data/closes", "/data/uploads", "/morning"):
        assert stall.as_("op").get(path).status_code == 200


@pytest.mark.parametrize("host", ["[", "[::", "a b", "evil.example:99999999", "x" * 5000])
def test_odd_hosts(stall: Stall, host: str) -> None:
    told = stall.as_("a").get("/morning", headers={"host": host}, follow_redirects=False)
    assert told.status_code < 500
    assert host not in told.headers.get("location", "")
