"""A merchant's token reaches nothing of another shop: every route, with every id there is."""

import itertools
import json
import re
from collections.abc import Iterator

import pytest
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts

from ..market import HOUR, T
from .office import API, Office

SECRETS = ("B-S1", "mei-only", "S1")
_FILLED = {"webhook_id": "1", "violation_id": "1", "seq": "1", "platform": "kuaishou", "metric": "quality_refund_rate",
           "evidence_id": "1"}  # fmt: skip


@pytest.fixture
def busy(office: Office) -> Office:
    """S1 has an order, a case, and a webhook of its merchant; the other shops have none."""
    office.order()
    made = office.ask(reason_text="mei-only")
    office.done("mei", "/webhooks", {"url": "https://example.com/mei-only"})
    office.done("mei", f"/cases/{made['id']}/agreement", {"why": "mei-only"})
    return office


def routes(office: Office) -> Iterator[RouteContext]:
    """Every route of the API."""
    [mount] = (each for each in office.app.routes if getattr(each, "path", "") == API)
    app = getattr(mount, "app")  # noqa: B009  # a Mount's
    yield from (each for each in iter_route_contexts(app.routes) if isinstance(each.original_route, APIRoute))


def addresses(office: Office, route: RouteContext) -> Iterator[str]:
    """The route's address with S1's ids filled in; nouns: all verbs there are."""
    ids = [
        each["id"] for kind in ("refund_only", "payment", "order") for each in office.get("op", "/cases", kind=kind)["items"]
    ]
    nouns = ("agreement", "refusal", "withdrawal", "shipment", "escalation", "evidence", "nothing")
    choices = {"case_id": ids, "order_id": ["O1"], "noun": nouns}
    names = list(route.param_convertors)
    for values in itertools.product(*(choices.get(name, [_FILLED.get(name, "1")]) for name in names)):
        path = str(route.path_format)
        for name, value in zip(names, values, strict=True):
            path = path.replace("{" + name + "}", value.replace("/", "%2F"))
        yield path


BODIES: tuple[dict[str, object], ...] = (
    {}, {"kind": "refund_only", "order_id": "O1", "facts": {"reason": "quality", "refund_fen": 1}},
    {"order_id": "O9", "platform": "kuaishou", "shop_id": "S1", "facts": {"product_id": "P", "amount_fen": 1}},
)  # fmt: skip


@pytest.mark.parametrize("who", ["bo", "yun"])
def test_every_route_with_another_shops_ids(busy: Office, who: str) -> None:
    before = {each["id"]: each["n"] for each in busy.get("op", "/cases")["items"]}
    found = list(routes(busy))
    assert len(found) >= 25
    for route in found:
        for method, path in itertools.product(sorted(route.methods or ()), addresses(busy, route)):
            asked = ({}, {"shop": "S1"}, {"order": "O1"}, {"as": "merchant", "shop": "S1"}) if method == "GET" else ({},)
            for query, body in itertools.product(asked, (None,) if method == "GET" else BODIES):
                headers = {**busy.headers(who), "Idempotency-Key": f"{method}{path}{body and len(body)}".replace(" ", "")[:200]}
                told = busy.program.request(method, API + path, params=query, json=body, headers=headers)
                where = f"{method} {path} {query} {body}: {told.status_code} {told.text[:300]}"
                assert told.status_code < 500 or "nothing is closed" in told.text, where
                assert method == "GET" or told.status_code in (400, 401, 403, 404, 409, 422), where
                assert not _leaks(told.text), where
    assert {each["id"]: each["n"] for each in busy.get("op", "/cases")["items"]} == before
    assert len(busy.get("mei", "/webhooks")) == 1


def _leaks(text: str) -> set[str]:
    """What only S1's merchant should read; a shop that was asked for may be named in the refusal."""
    text = re.sub(r'there is no (shop|case|order) \\"[^"]*\\" here|这里没有(店铺|工单|订单)“[^”]*”', "", text)
    return {secret for secret in SECRETS if re.search(rf"\b{re.escape(secret)}\b", text)}


def test_what_is_out_of_reach_is_told_as_what_is_not_there(busy: Office) -> None:
    [made] = busy.get("op", "/cases", kind="refund_only")["items"]
    for path, other in ((f"/cases/{made['id']}", "/cases/0HQ0000000000000000A"), ("/orders/O1", "/orders/O2")):
        for rest, method in (("", "GET"), ("/events", "GET"), ("/agreement", "POST")):
            said = []
            for place in (path, other):
                headers = {**busy.headers("bo"), "Idempotency-Key": f"{place}{rest}"}
                told = busy.program.request(method, API + place + rest, json={} if method == "POST" else None, headers=headers)
                said.append((told.status_code, told.text.replace(place.rpartition("/")[2], "X")))
            assert said[0] == said[1]
            assert said[0][0] == 404


def test_lists_hold_ones_own_alone(busy: Office) -> None:
    busy.order("O2", "S2")
    busy.ask("O2")
    busy.order("O3", "S3")
    busy.ask("O3")
    shops = {who: {each["shop_id"] for each in busy.get(who, "/cases")["items"]} for who in ("mei", "bo", "yun", "op", "adm")}
    assert shops == {
        "mei": {"S1"}, "bo": {"S2"}, "yun": {"S2", "S3"}, "op": {"S1", "S2", "S3"}, "adm": {"S1", "S2", "S3"},
    }  # fmt: skip
    assert {each["shop_id"] for each in busy.get("bo", "/deadlines")["items"]} == {"S2"}
    assert sum(each["cases"] for each in busy.get("bo", "/worklists")) == 1 + 1, "the refund, and the order to be shipped"
    assert busy.status("bo", "/cases", shop="S1") == 404
    assert busy.status("bo", "/deadlines", shop="S1") == 404
    assert busy.status("bo", "/worklists", shop="S1") == 404


def test_a_shop_taken_away_is_out_of_reach_at_once(busy: Office) -> None:
    from tianping.work.people import accounts
    from tianping.work.people.accounts import Doer, Draft

    [made] = busy.get("mei", "/cases", kind="refund_only")["items"]
    accounts.edit(busy.home, busy.ids["mei"], Draft("mei", "merchant", frozenset({"S9"})), doer=Doer(None, T + HOUR))
    assert busy.status("mei", f"/cases/{made['id']}") == 404
    assert json.dumps(busy.get("mei", "/cases")["items"]) == "[]"
