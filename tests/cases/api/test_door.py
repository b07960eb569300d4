"""Who asks is known before anything is read, looked up once, and told when nothing could be written."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from tianping.web.api import acts
from tianping.work.people import accounts
from tianping.work.people.accounts import Doer, Seat

from .office import API, Office
from .test_reach import routes


def changing(office: Office) -> Iterator[tuple[str, str]]:
    """Methods and addresses of all that changes something, with ids that need not be there."""
    for route in routes(office):
        path = str(route.path_format)
        for name in route.param_convertors:
            path = path.replace("{" + name + "}", "1")
        yield from ((method, path) for method in sorted(set(route.methods or ()) - {"GET"}))


def answered(
    office: Office, method: str, path: str, headers: Mapping[str, str], meanwhile: Callable[[], object] = lambda: None
) -> tuple[int, bool]:
    """The status, and whether the body was read. `meanwhile` happens while it comes."""
    read, told = False, 0

    async def receive() -> dict[str, Any]:
        nonlocal read
        read = True
        meanwhile()
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(message: Mapping[str, Any]) -> None:
        nonlocal told
        told = message.get("status", told)

    form = "multipart/form-data; boundary=x" if path.endswith("/evidence") else "application/json"
    given = {"host": "127.0.0.1", "content-type": form, "idempotency-key": "k", **headers}
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 1), "method": method, "path": API + path, "raw_path": (API + path).encode(),
        "query_string": b"", "headers": [(name.lower().encode(), value.encode()) for name, value in given.items()],
    }  # fmt: skip
    asyncio.run(office.app(scope, receive, send))
    return told, read


def test_no_body_is_read_of_who_may_not_send_it(office: Office) -> None:
    """A stranger; a token that opens nothing; a browser's session in a form that is not ours."""
    cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in office.browser("adm").cookies.items())}
    strangers = {401: ({}, {"Authorization": "Bearer tp_x"}, {"Authorization": "Basic x"}), 403: (cookie,)}
    found = list(changing(office))
    assert len(found) >= 11
    for method, path in found:
        for status, given in strangers.items():
            for headers in given:
                assert answered(office, method, path, headers) == (status, False), (method, path, headers)
        known, read = answered(office, method, path, office.headers("mei"))
        assert (known != 401, read) == (True, method != "DELETE"), (method, path, known)


def test_who_asks_is_looked_up_once(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    bearer = accounts.bearer

    def look(home: Any, key: str, at: Any) -> Seat | None:
        looked.append(key)
        return bearer(home, key, at)

    monkeypatch.setattr(accounts, "bearer", look)
    office.order()
    office.ask()
    assert looked == [office.keys["op"]] * 2
    for method, path in changing(office):
        looked.clear()
        answered(office, method, path, office.headers("mei"))
        assert looked == [office.keys["mei"]], (method, path)


@pytest.mark.parametrize(("fresh", "status"), [(10.0, 201), (-1.0, 401)])
def test_a_body_that_takes_long_outlives_no_token(
    office: Office, monkeypatch: pytest.MonkeyPatch, fresh: float, status: int
) -> None:
    """What came at once was asked before."""
    office.order()
    made = office.ask()
    monkeypatch.setattr(acts, "_FRESH", fresh)

    def revoke() -> None:
        token = next(each for each in accounts.tokens_of(office.home, office.ids["mei"]) if not each.revoked_at)
        accounts.revoke_token(office.home, office.ids["mei"], token.id, doer=Doer(None, office.at))

    assert answered(office, "POST", f"/cases/{made['id']}/agreement", office.headers("mei"), revoke) == (status, True)


def test_what_cannot_be_written_is_told_and_can_be_asked_again(any_office: Office) -> None:
    office = any_office
    office.order()
    made = office.ask()
    path = f"/cases/{made['id']}/agreement"

    def full(_connection: object) -> None:
        raise OperationalError("", {}, OSError("the disk is full"))

    event.listen(office.home.database, "commit", full)
    try:
        assert office.status("mei", "/cases") == 200, "that the token is used need not be noted"
        told = office.post("mei", path, key="one", headers={"Accept-Language": "en"})
    finally:
        event.remove(office.home.database, "commit", full)
    assert (told.status_code, told.headers["retry-after"], told.json()["status"]) == (503, "1", 503)
    assert told.json()["detail"].startswith("it cannot be written just now; ask again")
    again = office.post("mei", path, key="one")
    assert (again.status_code, "idempotency-replayed" in again.headers) == (201, False)
