"""Evidence through the API: handed in by its side, seen by both, handed out to be saved and nothing else."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tianping.store.desk import evidence as stored
from tianping.work.desk import evidence
from tianping.work.people import accounts
from tianping.work.people.accounts import Draft
from tianping.work.people.trail import Doer

from ..market import HOUR, REFUSAL
from .office import API, Office

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


@pytest.fixture
def dispute(office: Office) -> Any:
    """Refused, and escalated by the buyer."""
    office.order()
    made = office.ask()
    office.done("mei", f"/cases/{made['id']}/refusal", {"facts": REFUSAL})
    office.at += HOUR
    office.done("op", f"/cases/{made['id']}/escalation?as=buyer")
    [found] = office.get("op", "/cases", kind="dispute")["items"]
    return found


def show(
    office: Office, who: str, dispute: Any, content: bytes = PNG, *, key: str = "", part: str = "", name: str = "a.png"
) -> Any:
    headers = {**office.headers(who), "Idempotency-Key": key or f"e{next(office.numbers)}"}
    form = {"kind": "photo", "says": "the goods as they came"}
    path = f"{API}/cases/{dispute['id']}/evidence{part and '?as=' + part}"
    return office.program.post(path, files={"file": (name, content, "image/png")}, data=form, headers=headers)


def test_a_file_is_shown_once_and_saved_as_it_was(office: Office, dispute: Any) -> None:
    told = show(office, "mei", dispute, key="one", name="../../<script>.html")
    assert told.status_code == 201, told.text
    shown = told.json()
    assert (shown["party"], shown["media_type"], shown["bytes"]) == ("merchant", "image/png", len(PNG))
    assert show(office, "mei", dispute, key="one", name="../../<script>.html").json() == shown
    assert show(office, "mei", dispute, PNG + b"x", key="one").status_code == 422
    again = show(office, "mei", dispute)
    assert (again.status_code, again.json()["guard"]) == (409, "evidence_twice")
    words = {"name": "<script>.html", "says": "the goods as they came"}
    assert office.get("op", f"/cases/{dispute['id']}/evidence") == [{**shown, **words}], "words stand in one place alone"
    file = office.program.get(f"{API}/cases/{dispute['id']}/evidence/{shown['id']}", headers=office.headers("mei"))
    assert file.content == PNG
    assert file.headers["content-disposition"] == f'attachment; filename="evidence-{shown["id"]}.png"'
    assert file.headers["content-type"] == "application/octet-stream"
    assert file.headers["x-content-type-options"] == "nosniff"
    assert file.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert (office.home.path / "evidence" / shown["digest"][:2] / shown["digest"][2:]).read_bytes() == PNG


def test_the_downloads_are_in_the_trail(office: Office, dispute: Any) -> None:
    shown = show(office, "mei", dispute).json()
    office.program.get(f"{API}/cases/{dispute['id']}/evidence/{shown['id']}", headers=office.headers("mei"))
    with office.home.database.connect() as connection:
        rows = connection.exec_driver_sql("select object, account_id from audit where act = 'download'").all()
    assert [tuple(row) for row in rows] == [(f"evidence {shown['id']}", office.ids["mei"])]


def test_only_ones_own_side_and_only_within_reach(office: Office, dispute: Any) -> None:
    assert show(office, "mei", dispute, part="buyer").status_code == 403
    assert show(office, "bo", dispute).status_code == 404
    shown = show(office, "op", dispute, part="buyer").json()
    assert shown["party"] == "buyer"
    for path in ("", f"/{shown['id']}"):
        assert office.status("bo", f"/cases/{dispute['id']}/evidence{path}") == 404
        assert office.status("mei", f"/cases/{dispute['id']}/evidence{path}") == 200
    [parent] = office.get("mei", "/cases", kind="refund_only")["items"]
    assert office.status("mei", f"/cases/{parent['id']}/evidence/{shown['id']}") == 404, "a file of another case"


@pytest.mark.parametrize(
    ("content", "guard"),
    [
        (b"", "evidence_size"),
        (b"MZ\x90\0", "evidence_type"),
        (b"<html>\0", "evidence_type"),
        (PNG + bytes(10 << 20), "evidence_size"),
    ],
)
def test_what_is_not_taken(office: Office, dispute: Any, content: bytes, guard: str) -> None:
    told = show(office, "mei", dispute, content)
    assert (told.status_code, told.json()["guard"]) == (409, guard)
    assert office.get("mei", f"/cases/{dispute['id']}/evidence") == []


def test_more_than_any_file_may_have_is_not_read(office: Office, dispute: Any) -> None:
    assert show(office, "mei", dispute, bytes(12 << 20)).status_code == 413


def test_nobody_is_asked_for_what_the_desk_fills_in(office: Office, dispute: Any) -> None:
    """Who withdraws or judges is who asks."""
    told = office.get("op", f"/cases/{dispute['id']}", **{"as": "buyer"})["possible"]
    assert {each["noun"]: each["takes"] for each in told}["withdrawal"] == []
    assert office.done("op", f"/cases/{dispute['id']}/withdrawal?as=buyer")["state"] == "withdrawn"


def test_a_request_beyond_every_bound_is_a_problem(office: Office, dispute: Any) -> None:
    told = show(office, "mei", dispute, bytes(12 << 20))
    assert (told.status_code, told.headers["content-type"], told.json()["status"]) == (413, "application/problem+json", 413)


def test_both_sides_see_what_the_dispute_goes_by(office: Office, dispute: Any) -> None:
    told = office.get("mei", f"/cases/{dispute['id']}/ruling")
    assert told["buyer"]
    assert told["merchant"]
    assert bool(told["questions"]) != bool(told["proposal"])
    [parent] = office.get("mei", "/cases", kind="refund_only")["items"]
    assert office.status("mei", f"/cases/{parent['id']}/ruling") == 404
    assert office.status("bo", f"/cases/{dispute['id']}/ruling") == 404


def test_who_lost_the_shop_is_not_told_again_what_they_showed(office: Office, dispute: Any) -> None:
    first = show(office, "mei", dispute, key="one")
    assert (first.status_code, show(office, "mei", dispute, key="one").status_code) == (201, 201)
    accounts.edit(office.home, office.ids["mei"], Draft("mei", "merchant", frozenset({"S9"})), doer=Doer(None, office.at))
    told = show(office, "mei", dispute, key="one")
    assert (told.status_code, first.json()["digest"] in told.text) == (404, False)


def test_nobody_waits_for_the_disk_of_a_file(office: Office, dispute: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, free, keep = threading.Event(), threading.Event(), evidence.keep

    def slowly(*given: Any) -> Any:
        begun.set()
        assert free.wait(10)
        return keep(*given)

    monkeypatch.setattr(evidence, "keep", slowly)
    with ThreadPoolExecutor(1) as pool:
        shown = pool.submit(show, office, "mei", dispute)
        assert begun.wait(10)
        try:
            office.order("O2")
        finally:
            free.set()
        assert shown.result(10).status_code == 201


def test_of_a_file_that_is_not_taken_nothing_is_left(office: Office, dispute: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Out of reach it is not even written; a fault between file and row takes it away; asked again, it is shown."""

    def lie() -> list[str]:
        return [each.name for each in (office.home.path / "evidence").glob("??/*")]

    written: list[object] = []
    with monkeypatch.context() as patched:
        patched.setattr(evidence, "keep", lambda *given: written.append(given))
        assert show(office, "bo", dispute).status_code == 404
    assert written == []

    def die(*_: object) -> None:
        raise OSError("the power went")

    with monkeypatch.context() as patched:
        patched.setattr(stored, "add", die)
        assert show(office, "mei", dispute, key="one").status_code == 500
    assert (lie(), office.get("mei", f"/cases/{dispute['id']}/evidence")) == ([], [])
    shown = show(office, "mei", dispute, key="one")
    assert (shown.status_code, len(lie())) == (201, 1)
    with monkeypatch.context() as patched:
        patched.setattr(evidence, "keep", lambda *given: written.append(given))
        assert show(office, "mei", dispute, key="two").json()["guard"] == "evidence_twice"
        assert show(office, "mei", dispute, key="one").json() == shown.json()
        with monkeypatch.context() as overtaken:
            overtaken.setattr(evidence, "fits", lambda *_: False)
            assert show(office, "mei", dispute, PNG + b"new").json()["guard"] == "seen"
        office.done("op", f"/cases/{dispute['id']}/withdrawal?as=buyer")
        assert show(office, "mei", dispute, PNG + b"late").json()["guard"] == "state"
    assert (written, len(lie())) == ([], 1), "what is not taken is not even written"
