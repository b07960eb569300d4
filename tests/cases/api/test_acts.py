"""Orders, cases and verbs through the API: who may act as what, and how a refusal is told."""

import pytest

from ..market import HOUR, REFUSAL, SECOND, T
from .office import Office


def test_a_refund_from_order_to_answer(any_office: Office) -> None:
    """The front end acts as the buyer, the merchant's program as the merchant."""
    office = any_office
    office.order()
    made = office.ask()
    assert (made["state"], made["owner"], made["n"]) == ("requested", "merchant", 1)
    told = office.get("mei", f"/cases/{made['id']}")
    assert told["facts"]["refund_fen"] == 3_000
    assert {each["noun"] for each in told["possible"]} >= {"agreement", "refusal"}
    assert {each["part"] for each in told["possible"]} == {"merchant"}
    office.at += HOUR
    agreed = office.done("mei", f"/cases/{made['id']}/agreement", {"why": "a good customer", "seen": 1})
    assert (agreed["state"], agreed["n"]) == ("refunding", 2)
    events = office.get("mei", f"/cases/{made['id']}/events")
    assert [(each["n"], each["actor"], each["verb"], each["why"]) for each in events] == [
        (1, "buyer", "request", ""),
        (2, "merchant", "agree", "a good customer"),
    ]
    order = office.get("mei", "/orders/O1")
    assert (order["kind"], order["facts"]["refunded_fen"]) == ("order", 3_000)


def test_time_left_is_the_clocks(office: Office) -> None:
    office.order(shipped_at=T.isoformat())
    made = office.ask()
    office.at = T + 47 * HOUR
    [clock] = office.get("mei", f"/cases/{made['id']}")["deadlines"]
    assert (clock["clock"], clock["owner"], clock["left"]) == ("answer", "merchant", 3_600)
    [running] = office.get("mei", "/deadlines", owner="merchant", kind="refund_only")["items"]
    assert (running["case_id"], running["left"]) == (made["id"], 3_600)
    office.at = T + 48 * HOUR
    late = office.get("mei", f"/cases/{made['id']}")
    assert (late["deadlines"][0]["left"], late["possible"]) == (0, [])
    facts = {**REFUSAL, "intercept": "asked the carrier", "intercept_failure": "delivered already"}
    told = office.post("mei", f"/cases/{made['id']}/refusal", {"facts": facts})
    assert (told.status_code, told.json()["guard"]) == (409, "state"), "late is late, worker or not"
    assert office.get("mei", f"/cases/{made['id']}")["state"] == "refunding"  # as the refusal said


def test_a_second_before_the_end_is_in_time(office: Office) -> None:
    office.order(shipped_at=T.isoformat())
    made = office.ask()
    office.at = T + 48 * HOUR - SECOND
    facts = {**REFUSAL, "intercept": "asked the carrier", "intercept_failure": "delivered already"}
    assert office.done("mei", f"/cases/{made['id']}/refusal", {"facts": facts})["state"] == "refused"


def test_a_refusal_says_why_in_the_callers_language(office: Office) -> None:
    office.order()
    made = office.ask()
    path = f"/cases/{made['id']}/agreement"
    zh = office.post("op", path + "?as=buyer")
    en = office.post("op", path + "?as=buyer", headers={"Accept-Language": "en-GB"})
    assert (zh.status_code, zh.headers["content-type"]) == (409, "application/problem+json")
    assert set(zh.json()) == {"type", "title", "status", "detail", "guard", "possible"}
    assert zh.json()["detail"] != en.json()["detail"]
    assert en.json()["detail"].isascii()
    assert not zh.json()["detail"].isascii()
    assert (zh.json()["guard"], "withdrawal" in zh.json()["possible"]) == ("who", True)


def test_an_unknown_noun_names_the_possible_ones(office: Office) -> None:
    office.order()
    made = office.ask()
    told = office.post("mei", f"/cases/{made['id']}/dance")
    assert told.status_code == 404
    assert "agreement" in told.json()["detail"]


def test_every_fault_of_the_facts_is_named(office: Office) -> None:
    office.order()
    made = office.ask()
    facts = {"refusal_reason": 7, "nothing": "x", "answered_at": "yesterday", "refund_fen": -1, "intact": "yes"}
    told = office.post("mei", f"/cases/{made['id']}/refusal", {"facts": facts})
    assert told.status_code == 400
    assert len(told.json()["faults"]) == 5
    assert office.get("mei", f"/cases/{made['id']}")["n"] == 1


def test_who_has_seen_less_is_told(office: Office) -> None:
    office.order()
    made = office.ask()
    office.done("mei", f"/cases/{made['id']}/refusal", {"facts": REFUSAL})
    told = office.post("op", f"/cases/{made['id']}/withdrawal?as=buyer", {"seen": 1})
    assert (told.status_code, told.json()["guard"]) == (409, "seen")


@pytest.mark.parametrize(
    ("who", "part", "status"),
    [
        ("mei", "buyer", 403), ("mei", "platform", 403), ("mei", "merchant", 201),
        ("op", "merchant", 403), ("op", "adjudicator", 403), ("adm", "merchant", 201),
        ("op", "clock", 400), ("adm", "clock", 400), ("adm", "system", 400), ("adm", "rule", 400), ("adm", "gateway", 400),
    ],
)  # fmt: skip
def test_as_what_accounts_act(office: Office, who: str, part: str, status: int) -> None:
    office.order()
    made = office.ask()
    told = office.post(who, f"/cases/{made['id']}/agreement?as={part}")
    assert told.status_code == status, told.text


def test_an_operator_is_no_buyer_unless_it_says_so(office: Office) -> None:
    office.order()
    made = office.ask()
    told = office.post("op", f"/cases/{made['id']}/withdrawal")
    assert (told.status_code, told.json()["guard"]) == (409, "who")
    assert office.done("op", f"/cases/{made['id']}/withdrawal?as=buyer")["state"] == "closed"


def test_an_auditor_reads_only(office: Office) -> None:
    """With a browser: it has no tokens."""
    office.order()
    made = office.ask()
    client, headers = office.browser("aud"), {"X-CSRF-Token": "", "Idempotency-Key": "a"}
    told = client.get(f"/api/v1/cases/{made['id']}")
    assert (told.status_code, told.json()["possible"]) == (200, [])
    assert client.get("/api/v1/worklists").status_code == 200
    headers["X-CSRF-Token"] = office.csrf("aud")
    for path in (f"/cases/{made['id']}/agreement", "/webhooks"):
        said = {"url": "https://example.com/x"} if path == "/webhooks" else {}
        assert client.post(f"/api/v1{path}", json=said, headers=headers).status_code == 403


def test_a_browsers_request_comes_from_our_page(office: Office) -> None:
    """A session alone, which any page could use, changes nothing."""
    office.order()
    made = office.ask()
    client, path = office.browser("adm"), f"/api/v1/cases/{made['id']}/agreement?as=merchant"
    key = {"Idempotency-Key": "b"}
    assert client.post(path, json={}, headers=key).status_code == 403
    assert client.post(path, json={}, headers={**key, "X-CSRF-Token": "x"}).status_code == 403
    ours = {**key, "X-CSRF-Token": office.csrf("adm")}
    assert client.post(path, json={}, headers={**ours, "Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert client.post(path, json={}, headers=ours).status_code == 201


def test_an_order_comes_once(office: Office) -> None:
    office.order()
    said = {
        "order_id": "O1", "platform": "kuaishou", "shop_id": "S1",
        "facts": {"product_id": "P1", "amount_fen": 1, "created_at": T.isoformat()},
    }  # fmt: skip
    told = office.post("op", "/orders", said)
    assert (told.status_code, told.json()["guard"]) == (409, "twice")
    assert office.post("mei", "/orders", {**said, "order_id": "O2"}).status_code == 409, "merchants place none"
    assert office.post("op", "/orders", {**said, "platform": "nowhere"}).status_code == 404


def test_who_places_no_orders_hears_nothing_of_other_shops(office: Office) -> None:
    """Whether the id is another shop's order or nobody's: the same words."""
    office.order(shop="S2")
    facts = {"product_id": "P1", "amount_fen": 1, "created_at": T.isoformat()}
    told = [
        office.post("mei", "/orders", {"order_id": id_, "platform": "kuaishou", "shop_id": "S1", "facts": facts}).json()
        for id_ in ("O1", "O2")
    ]
    assert (told[0]["guard"], told[0]) == ("who", told[1])


def test_what_is_overdue_with_the_order_happens_before_a_case_opens(office: Office) -> None:
    """Unpaid for a day: it has closed, whether or not a worker was there."""
    office.order(paid_at=None)
    office.at += 24 * HOUR
    told = office.post("op", "/cases?as=buyer", {
        "kind": "refund_only", "order_id": "O1", "facts": {"reason": "quality", "refund_fen": 1},
    })  # fmt: skip
    assert told.status_code == 409


def test_verbs_of_an_order(office: Office) -> None:
    office.order()
    shipped = office.done("mei", "/orders/O1/shipment", {"facts": {"waybill": "W1", "carrier": "SF"}})
    assert shipped["state"] == "shipped"
    assert [each["verb"] for each in office.get("mei", "/orders/O1/events")][:2] == ["place", "ship"]
