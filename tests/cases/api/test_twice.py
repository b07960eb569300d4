"""Asked twice, done once: by repeats, by many at a time, and where the program dies in between."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tianping.store.desk import idempotency as stored
from tianping.work.desk import idempotency
from tianping.work.people import accounts
from tianping.work.people.accounts import Draft
from tianping.work.people.trail import Doer

from ..market import DAY, T
from .office import API, Office
from .test_rules import RULE


def events(office: Office, id_: str) -> list[str]:
    return [each["verb"] for each in office.get("mei", f"/cases/{id_}/events")]


def test_the_same_key_is_answered_alike(any_office: Office) -> None:
    office = any_office
    office.order()
    made = office.ask()
    first = office.post("mei", f"/cases/{made['id']}/agreement", {"why": "x"}, key="one")
    again = office.post("mei", f"/cases/{made['id']}/agreement", {"why": "x"}, key="one")
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert ("idempotency-replayed" in first.headers, again.headers["idempotency-replayed"]) == (False, "true")
    assert events(office, made["id"]) == ["request", "agree"]
    late = office.post("mei", f"/cases/{made['id']}/agreement", {"why": "x"}, key="two")
    assert (late.status_code, late.json()["guard"]) == (409, "state")


def test_the_same_key_for_another_request_is_refused(office: Office) -> None:
    office.order()
    made, other = office.ask(refund_fen=1), office.ask(refund_fen=2)
    office.done("mei", f"/cases/{made['id']}/agreement", {"why": "x"}, key="one")
    for path, said in ((f"/cases/{made['id']}/agreement", {"why": "y"}), (f"/cases/{other['id']}/agreement", {"why": "x"})):
        told = office.post("mei", path, said, key="one")
        assert (told.status_code, told.headers["content-type"]) == (422, "application/problem+json")
    assert events(office, other["id"]) == ["request"]


def test_keys_are_the_accounts_own(office: Office) -> None:
    office.order()
    made = office.ask()
    assert office.post("adm", f"/cases/{made['id']}/withdrawal?as=buyer", key="one").status_code == 201
    assert office.post("mei", f"/cases/{made['id']}/agreement", key="one").status_code == 409


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": ""}, {"Idempotency-Key": "x" * 201}, {"Idempotency-Key": "a b"}])
def test_without_a_key_nothing_is_done(office: Office, headers: dict[str, str]) -> None:
    office.order()
    made = office.ask()
    path = f"{API}/cases/{made['id']}/agreement"
    told = office.program.post(path, json={}, headers={**office.headers("mei"), **headers})
    assert told.status_code == 400
    assert events(office, made["id"]) == ["request"]


def test_a_refusal_stays_one_under_its_key(office: Office) -> None:
    office.order()
    made = office.ask()
    path = f"/cases/{made['id']}/lapse?as=platform"
    first = office.post("op", path, key="one")
    assert first.status_code == 409
    assert office.post("op", path, key="one").json() == first.json()
    missing = office.post("mei", "/cases/NONE/agree", key="two")
    assert missing.status_code == 404, "what was not there may come: it is not kept"


def test_many_at_once_with_one_key(any_office: Office) -> None:
    """Eight threads, one act; all hear the same."""
    office = any_office
    office.order()
    made = office.ask()
    path = f"/cases/{made['id']}/agreement"
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda _: office.post("mei", path, {"why": "x"}, key="one"), range(8)))
    assert {each.status_code for each in told} == {201}, [each.text for each in told]
    assert len({each.text for each in told}) == 1
    assert sum("idempotency-replayed" not in each.headers for each in told) == 1
    assert events(office, made["id"]) == ["request", "agree"]


def test_many_at_once_with_a_key_each(any_office: Office) -> None:
    """One wins, the others are told."""
    office = any_office
    office.order()
    made = office.ask()
    path = f"/cases/{made['id']}/agreement"
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda n: office.post("mei", path, {"seen": 1}, key=f"own{n}"), range(8)))
    assert sorted(each.status_code for each in told) == [201] + [409] * 7, [each.text for each in told]
    assert {each.json()["guard"] for each in told if each.status_code == 409} <= {"seen", "state"}
    assert events(office, made["id"]) == ["request", "agree"]


def test_cases_opened_at_once_with_one_key(any_office: Office) -> None:
    office = any_office
    office.order()
    said = {"kind": "refund_only", "order_id": "O1", "facts": {"reason": "quality", "refund_fen": 100}}
    with ThreadPoolExecutor(6) as pool:
        told = list(pool.map(lambda _: office.post("op", "/cases?as=buyer", said, key="one"), range(6)))
    assert {each.status_code for each in told} == {201}, [each.text for each in told]
    assert len(office.get("op", "/cases", kind="refund_only")["items"]) == 1


def test_an_order_placed_by_many_at_once_comes_once(any_office: Office) -> None:
    office = any_office
    facts = {"product_id": "P1", "amount_fen": 100, "created_at": office.at.isoformat()}
    said = {"order_id": "O1", "platform": "kuaishou", "shop_id": "S1", "facts": facts}
    with ThreadPoolExecutor(6) as pool:
        told = list(pool.map(lambda n: office.post("op", "/orders", said, key=f"own{n}"), range(6)))
    assert sorted(each.status_code for each in told) == [201] + [409] * 5, [each.text for each in told]
    assert {each.json()["guard"] for each in told if each.status_code == 409} <= {"seen", "twice"}
    assert [each["verb"] for each in office.get("op", "/orders/O1/events")] == ["place"]


@pytest.mark.parametrize("dies", ["keep", "claim"])
def test_dying_in_between_does_nothing_and_asking_again_does_it_once(
    any_office: Office, monkeypatch: pytest.MonkeyPatch, dies: str
) -> None:
    """The act and its key are one transaction."""
    office = any_office
    office.order()
    made = office.ask()
    path = f"/cases/{made['id']}/agreement"

    def die(*_: object) -> None:
        raise OSError("the power went")

    with monkeypatch.context() as patched:
        patched.setattr(stored, dies, die)
        assert office.post("mei", path, key="one").status_code == 500
    assert events(office, made["id"]) == ["request"]
    assert office.post("mei", path, key="one").status_code == 201
    assert office.post("mei", path, key="one").status_code == 201
    assert events(office, made["id"]) == ["request", "agree"]


def test_old_answers_are_forgotten(office: Office) -> None:
    office.order()
    assert idempotency.sweep(office.desk, office.at + idempotency.KEPT) == 0
    assert idempotency.sweep(office.desk, office.at + idempotency.KEPT + DAY) == 1


def test_what_was_told_is_not_told_again_to_who_lost_the_shop(office: Office) -> None:
    """Done or refused: of a shop's order, its cases, rules and switches; what is the account's own is."""
    office.order()
    office.order("O2")
    made = office.ask()
    new = office.done("mei", "/rules", {"shop_id": "S1", "name": "one", "rule": RULE})
    placing: dict[str, object] = {
        "order_id": "O9",
        "platform": "kuaishou",
        "shop_id": "S1",
        "facts": {"product_id": "P1", "amount_fen": 1},
    }
    asked: list[tuple[int, str, dict[str, object]]] = [
        (201, f"/cases/{made['id']}/agreement", {}),
        (409, f"/cases/{made['id']}/agreement", {"why": "again"}),
        (409, "/cases", {"kind": "refund_only", "order_id": "O1", "facts": {"reason": "quality", "refund_fen": 1}}),
        (409, "/orders", placing),
        (409, "/orders/O1/completion", {}),
        (201, "/orders/O2/shipment", {"facts": {"waybill": "SF1", "carrier": "SF"}}),
        (201, "/rules", {"shop_id": "S1", "name": "two", "rule": RULE}),
        (201, f"/rules/{new['id']}/switch", {"on": True}),
        (201, "/switches", {"shop_id": "S1", "name": "switch_assistant", "on": True}),
    ]
    first = [office.post("mei", path, said, key=f"key{n}") for n, (_, path, said) in enumerate(asked)]
    assert [told.status_code for told in first] == [status for status, _, _ in asked], [told.text for told in first]
    again = [office.post("mei", path, said, key=f"key{n}") for n, (_, path, said) in enumerate(asked)]
    assert [told.json() for told in again] == [told.json() for told in first]
    hook = {"url": "https://example.com/x"}
    office.done("mei", "/webhooks", hook, key="own")
    accounts.edit(office.home, office.ids["mei"], Draft("mei", "merchant", frozenset({"S9"})), doer=Doer(None, T))
    for n, (_, path, said) in enumerate(asked):
        told = office.post("mei", path, said, key=f"key{n}")
        assert (told.status_code, "idempotency-replayed" in told.headers) == (404, False), path
        assert told.json()["detail"] == office.post("mei", path, said).json()["detail"], "in the words for what is not there"
    assert office.post("mei", "/webhooks", hook, key="own").headers["idempotency-replayed"] == "true"


def test_a_secret_is_not_kept_with_the_answer(office: Office) -> None:
    """Who repeats a webhook's making learns that it was made, not how it signs; nor does who reads the database."""
    said = {"url": "https://example.com/x"}
    first = office.post("mei", "/webhooks", said, key="one").json()
    again = office.post("mei", "/webhooks", said, key="one")
    assert first["secret"].startswith("whsec_")
    assert (again.json(), again.headers["idempotency-replayed"]) == ({**first, "secret": ""}, "true")
    with office.home.database.connect() as connection:
        kept = connection.exec_driver_sql("select cast(answer as text) from idempotency").scalars().all()
    assert first["secret"] not in "".join(kept)
