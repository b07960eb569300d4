"""Switches, rules and parcels that came back, through the API: whose they are, and what is told of a wrong one."""

import pytest

from ..market import HOUR, T
from .office import Office

RULE = {"of": "custom", "kinds": ["refund_only"], "states": ["requested"], "verb": "agree",
        "when": {"fact": "refund_fen", "at_most": 3_000}}  # fmt: skip


def test_a_rule_from_trial_to_refund(any_office: Office) -> None:
    office = any_office
    office.order()
    past = office.ask()
    office.at += HOUR
    tried = office.post("mei", "/rules/trial", {"shop_id": "S1", "rule": RULE})
    assert tried.status_code == 200, tried.text
    assert {name: tried.json()[name] for name in ("looked", "cases", "fen", "refused", "disputed")} == {
        "looked": 1, "cases": 1, "fen": 3_000, "refused": 0, "disputed": 0,
    }  # fmt: skip
    assert tried.json()["examples"][0]["case_id"] == past["id"]
    made = office.done("mei", "/rules", {"shop_id": "S1", "name": "quick", "rule": RULE}, key="once")
    assert office.post("mei", "/rules", {"shop_id": "S1", "name": "quick", "rule": RULE}, key="once").json() == made
    assert not made["active"]
    on = office.done("mei", f"/rules/{made['id']}/switch", {"on": True})
    assert on["active"]
    assert [each["name"] for each in office.get("mei", "/rules", shop="S1")] == ["quick"]
    office.order("O2")
    case = office.get("mei", f"/cases/{office.ask('O2')['id']}")
    assert (case["state"], case["facts"]["handled_by"]) == ("refunding", "rule")


def test_a_wrong_rule_says_what_is_wrong(office: Office) -> None:
    office.order()
    said = {"shop_id": "S1", "name": "x", "rule": {**RULE, "when": {"fact": "refund_feb", "at_most": 1}}}
    told = office.post("mei", "/rules", said)
    assert (told.status_code, len(told.json()["faults"])) == (400, 1)
    assert "refund_fen" in told.json()["detail"]
    assert office.get("mei", "/rules", shop="S1") == []


def test_switches(office: Office) -> None:
    """The merchant's are the merchant's and the operator's; what the platform states is the operator's alone."""
    office.order()
    office.done("mei", "/switches", {"shop_id": "S1", "name": "switch_instant_refund", "on": True})
    assert {each["name"]: each["on"] for each in office.get("mei", "/switches", shop="S1") if each["on"]} == {
        "switch_instant_refund": True
    }
    stated = {"shop_id": "S1", "name": "abandoned", "on": True}
    assert office.post("mei", "/switches", stated).status_code == 403
    assert office.done("op", "/switches", stated)["on"]
    office.order("O2")
    case = office.get("mei", f"/cases/{office.ask('O2')['id']}")
    assert (case["state"], case["facts"]["handled_by"]) == ("refunding", "platform")


@pytest.mark.parametrize("who", ["bo", "yun"])
def test_another_shops(office: Office, who: str) -> None:
    office.order()
    made = office.done("mei", "/rules", {"shop_id": "S1", "name": "mine", "rule": RULE})
    assert office.status(who, "/rules", shop="S1") == 404
    assert office.status(who, "/switches", shop="S1") == 404
    assert office.status(who, "/returns", shop="S1") == 404
    assert office.get(who, "/returns")["items"] == []
    for path, said in {
        "/rules": {"shop_id": "S1", "name": "theirs", "rule": RULE},
        "/rules/trial": {"shop_id": "S1", "rule": RULE},
        f"/rules/{made['id']}/switch": {"on": True},
        "/switches": {"shop_id": "S1", "name": "switch_assistant", "on": True},
    }.items():
        assert office.post(who, path, said).status_code == 404, path
    assert [each["active"] for each in office.get("mei", "/rules", shop="S1")] == [False]


def test_nobody_knows_the_shop(office: Office) -> None:
    assert office.post("op", "/switches", {"shop_id": "S9", "name": "abandoned", "on": True}).status_code == 404
    assert office.post("op", "/rules", {"shop_id": "S9", "name": "x", "rule": RULE}).status_code == 404


def test_returns_page_by_page(office: Office) -> None:
    for n in range(3):
        office.order(f"O{n}", shipped_at=T.isoformat(), signed_at=T.isoformat())
        case = office.ask(f"O{n}", "return_refund")["id"]
        office.done("mei", f"/cases/{case}/agreement")
        office.done("op", f"/cases/{case}/return?as=buyer", {"facts": {"return_waybill": f"SF{n}"}})
        office.at += HOUR
        office.done("op", f"/cases/{case}/return_signed?as=platform")
    first = office.get("mei", "/returns", limit=2)
    rest = office.get("mei", "/returns", limit=2, after=first["next"])
    assert [each["order_id"] for each in (*first["items"], *rest["items"])] == ["O0", "O1", "O2"]
    assert rest["next"] is None
    assert office.status("mei", "/returns", after="rubbish") == 404
    before = first["items"][1]["return_signed_at"]
    assert [each["order_id"] for each in office.get("mei", "/returns", signed_before=before)["items"]] == ["O0"]
