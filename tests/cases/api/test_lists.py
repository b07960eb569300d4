"""Lists of cases: filters, pages without gap or repeat, what runs out first, what waits for whom."""

import datetime as dt
import json
from base64 import urlsafe_b64encode
from itertools import pairwise
from typing import Any

import pytest

from tianping.work.desk.clock import run_down
from tianping.work.intake import imports

from ..market import DAY, HOUR, T
from .office import Office


def pages(office: Office, who: str, path: str, name: str, **asked: Any) -> list[Any]:
    """All items, page by page."""
    found: list[Any] = []
    after = None
    while True:
        told = office.get(who, path, **asked, **({name: after} if after else {}))
        assert len(told["items"]) <= asked.get("limit", 1000)
        found += told["items"]
        after = told["next"]
        if after is None:
            return found


@pytest.fixture
def many(any_office: Office) -> Office:
    """Twelve orders with a refund each, an hour apart, every third of shop S2; the first has been agreed."""
    for n in range(12):
        any_office.at = T + n * HOUR
        any_office.order(f"O{n}", "S2" if n % 3 == 0 else "S1")
        any_office.ask(f"O{n}")
    [first] = any_office.get("op", "/cases", order="O1", kind="refund_only")["items"]
    any_office.done("mei", f"/cases/{first['id']}/agreement")
    return any_office


def test_pages_hold_each_case_once(many: Office) -> None:
    whole = [each["id"] for each in many.get("op", "/cases", kind="refund_only", limit=1000)["items"]]
    assert len(whole) == 12
    assert [each["id"] for each in pages(many, "op", "/cases", "before", kind="refund_only", limit=5)] == whole
    assert many.get("op", "/cases", kind="refund_only", limit=1)["items"][0]["order_id"] == "O11"


def test_a_case_opened_between_two_pages_moves_nothing(many: Office) -> None:
    first = many.get("op", "/cases", kind="refund_only", limit=6)
    many.order("LATE", "S1")
    many.ask("LATE")
    second = many.get("op", "/cases", kind="refund_only", limit=100, before=first["next"])
    ids = [each["order_id"] for each in first["items"] + second["items"]]
    assert ids == [f"O{n}" for n in reversed(range(12))]


def test_filters(many: Office) -> None:
    def ids(**asked: Any) -> set[str]:
        return {each["order_id"] for each in many.get("op", "/cases", **asked)["items"]}

    assert ids(state="requested") == {f"O{n}" for n in range(12)} - {"O1"}
    assert ids(kind="payment") == {"O1"}
    assert ids(kind="refund_only", owner="merchant", shop="S2") == {"O0", "O3", "O6", "O9"}
    assert ids(order="O4") == {"O4"}
    assert ids(kind="refund_only", known="agreed_at") == {"O1"}
    assert ids(kind="refund_only", open=False) == set()
    due = {(each["due_at"], each["order_id"]) for each in _due(many, kind="refund_only")}
    line = sorted(due)[4][0]
    assert ids(kind="refund_only", due_before=line) == {order for at, order in due if at < line}
    assert ids(kind="order") == {f"O{n}" for n in range(12)}
    assert "order" not in {each["kind"] for each in many.get("op", "/cases")["items"]}


def _due(office: Office, **asked: Any) -> list[Any]:
    return pages(office, "op", "/deadlines", "after", limit=5, **asked)


def test_deadlines_what_runs_out_first_first(many: Office) -> None:
    found = _due(many)
    assert len({(each["case_id"], each["clock"]) for each in found}) == len(found) >= 24
    assert all(one["due_at"] <= other["due_at"] for one, other in pairwise(found))
    mine = pages(many, "mei", "/deadlines", "after", limit=3, owner="merchant", kind="refund_only")
    assert [each["order_id"] for each in mine] == ["O2", "O4", "O5", "O7", "O8", "O10", "O11"]
    assert {each["shop_id"] for each in mine} == {"S1"}


def test_a_page_that_is_none_of_ours(office: Office) -> None:
    ours = ["2024-01-01T00:00:00", "C1", 1, "answer"]
    first, *rest = ours
    wrong: list[Any] = [
        ["x"], None, "x", [[[[]]]], [first, "C1", "b", "c"], [f"{first}Z", *rest], ["0001-01-01T00:00:00", *rest],
        [first, "a\0", 1, "c"], [first, "C1", 2**31, "c"],
    ]  # fmt: skip
    texts = ["x", "é", *(urlsafe_b64encode(json.dumps(each).encode()).decode() for each in wrong)]
    assert {text: office.status("op", "/deadlines", after=text) for text in texts} == dict.fromkeys(texts, 404)
    assert office.status("op", "/deadlines", after=urlsafe_b64encode(json.dumps(ours).encode()).decode()) == 200


def test_worklists_say_what_waits_and_how_long(many: Office) -> None:
    many.at = T + DAY + 5 * HOUR
    found = {(each["kind"], each["state"]): each for each in many.get("mei", "/worklists")}
    heap = found["refund_only", "requested"]
    assert (heap["owner"], heap["cases"]) == ("merchant", 7)
    first = dt.datetime.fromisoformat(heap["first_due"])
    assert (heap["overdue"] > 0) == (first <= many.at.replace(tzinfo=dt.UTC))
    assert heap["overdue"] + heap["soon"] == 7
    assert set(heap["label"]) == {"zh", "en"}
    assert {each["owner"] for each in many.get("mei", "/worklists")} <= {"merchant", "both"}
    assert {each["owner"] for each in many.get("op", "/worklists", **{"as": "buyer"})} <= {"buyer", "both"}
    assert many.status("mei", "/worklists", **{"as": "buyer"}) == 403


def test_worklists_are_empty_once_the_clock_has_acted(many: Office) -> None:
    many.at = T + 10 * DAY
    run_down(many.desk, many.at)
    assert not [each for each in many.get("mei", "/worklists") if each["kind"] == "refund_only"]
    assert {each["state"] for each in many.get("mei", "/cases", kind="refund_only")["items"]} == {"refunding"}


ORDERS = "order_id,shop_id,product_id,buyer_id,created_at,paid_at,amount_fen\n"


def test_an_order_that_the_facts_know_comes_with_its_first_case(office: Office, tmp_path: Any) -> None:
    """For who may see its shop; for others it is not there, and does not come."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "shops.csv").write_text("shop_id,platform,name\nS1,kuaishou,Alpha\nS2,kuaishou,Beta\n", "utf-8")
    row = "F1,S1,P1,B7,2024-03-01 10:00:00,2024-03-01 10:00:00,5000\n"
    (tmp_path / "in" / "orders.csv").write_text(ORDERS + row, "utf-8")
    imports.bring(office.home, imports.Request((tmp_path / "in",), T))
    said = {"kind": "refund_only", "order_id": "F1", "noun": "settlement", "facts": {"reason": "quality", "refund_fen": 100}}
    told = office.post("bo", "/cases", said, headers={"Accept-Language": "en"})
    assert (told.status_code, told.json()["detail"]) == (404, 'there is no order "F1" here')
    client = office.browser("aud")
    ours = {"X-CSRF-Token": office.csrf("aud"), "Idempotency-Key": "a"}
    assert client.post("/api/v1/cases", json=said, headers=ours).status_code == 403
    assert office.status("op", "/orders/F1") == 404, "nobody brought it"
    made = office.done("op", "/cases?as=buyer", {**said, "noun": ""})
    assert (made["order_id"], made["shop_id"]) == ("F1", "S1")
    assert office.get("mei", "/orders/F1")["facts"]["amount_fen"] == 5_000
    assert office.post("op", "/cases?as=buyer", {**said, "order_id": "F2"}).status_code == 404
