"""Webhooks: every event of one's own shops, signed, sent until it arrives or is visibly given up; nobody else's, and nowhere
private."""

import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event

from tianping.store import settings
from tianping.work.desk.clock import tick
from tianping.work.desk.letters import calling, webhooks
from tianping.work.desk.letters.calling import Told
from tianping.work.desk.letters.webhooks import PAUSES, WebhookRefused
from tianping.work.people import accounts
from tianping.work.people.accounts import Doer, Draft

from ..market import DAY, SECOND, T
from .office import Office
from .receiver import Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


def listen(office: Office, receiver: Receiver, who: str = "mei", **more: Any) -> Any:
    webhooks.allow(office.home.database, [f"127.0.0.1:{receiver.port}"])
    return office.done(who, "/webhooks", {"url": receiver.url, **more})


def deliver(office: Office) -> webhooks.Sent:
    return webhooks.deliver(office.home.database, office.at)


def test_an_event_is_told_once_and_signed(any_office: Office, receiver: Receiver) -> None:
    office = any_office
    made = listen(office, receiver)
    office.order()
    case = office.ask(reason_text="my neighbour's secret")
    assert deliver(office).arrived == 3, "the order placed, the case opened, the order told of it"
    assert deliver(office) == webhooks.Sent(), "and nothing twice"
    letter = next(each for each in receiver.letters if each.says["kind"] == "refund_only")
    assert letter.says == {
        "id": f"{made['id']}/{case['id']}/1", "type": "case.event", "case_id": case["id"], "kind": "refund_only",
        "platform": "kuaishou", "shop_id": "S1", "order_id": "O1", "n": 1, "at": "2024-03-01T08:00:00+00:00",
        "actor": "buyer", "rule": "", "verb": "request", "before": "", "state": "requested",
    }  # fmt: skip
    stamp, signed = (part.partition("=")[2] for part in letter.headers["Tianping-Signature"].split(","))
    ours = hmac.new(made["secret"].encode(), f"{stamp}.".encode() + letter.body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(signed, ours)
    assert letter.headers["Tianping-Delivery"] == letter.says["id"]
    assert b"secret" not in b"".join(each.body for each in receiver.letters)
    assert b"B-S1" not in b"".join(each.body for each in receiver.letters)


def test_the_secret_is_shown_once(office: Office, receiver: Receiver) -> None:
    made = listen(office, receiver)
    assert made["secret"].startswith("whsec_")
    [shown] = office.get("mei", "/webhooks")
    assert "secret" not in shown
    assert office.get("adm", "/webhooks") == [], "webhooks are the account's own"


def test_each_hears_of_its_own_shops(office: Office, receiver: Receiver) -> None:
    ids = {listen(office, receiver, who)["id"]: who for who in ("mei", "bo", "yun", "op")}
    for n in (1, 2, 3):
        office.order(f"O{n}", f"S{n}")
    deliver(office)
    heard = {(ids[int(each.says["id"].partition("/")[0])], each.says["shop_id"]) for each in receiver.letters}
    assert heard == {
        ("mei", "S1"), ("bo", "S2"), ("yun", "S2"), ("yun", "S3"), ("op", "S1"), ("op", "S2"), ("op", "S3"),
    }  # fmt: skip


def test_of_some_kinds_alone(office: Office, receiver: Receiver) -> None:
    listen(office, receiver, kinds=["refund_only"])
    office.order()
    office.ask()
    deliver(office)
    assert {each.says["kind"] for each in receiver.letters} == {"refund_only"}


def test_a_deadline_that_is_near_is_told(office: Office, receiver: Receiver) -> None:
    """By the clock's worker, once."""
    listen(office, receiver)
    office.order()
    case = office.ask()
    from tianping.store.desk import cases
    from tianping.work.desk.letters import announcing
    from tianping.work.desk.serving import reading

    with reading(office.desk, T) as sat:
        sat.cases |= cases.load(sat.connection, [case["id"]])
        [letter] = announcing.remind(sat, sat.cases[case["id"]], sat.cases[case["id"]].timers[0])
    assert letter.payload["says"]["type"] == "case.deadline"
    assert letter.key.endswith(f"{case['id']}/1/answer")


def test_the_clocks_acts_are_told(office: Office, receiver: Receiver) -> None:
    listen(office, receiver, kinds=["refund_only"])
    office.order()
    office.ask()
    deliver(office)
    office.at = T + 3 * DAY
    tick(office.desk, office.at)
    deliver(office)
    assert [each.says["actor"] for each in receiver.letters] == ["buyer", "clock"]


def test_what_fails_is_tried_again_after_growing_pauses_and_visibly_given_up(office: Office, receiver: Receiver) -> None:
    made = listen(office, receiver, kinds=["order"])
    receiver.answers = [500]
    office.order()
    for number, pause in enumerate(PAUSES, 1):
        assert deliver(office).waiting == 1
        assert len(receiver.letters) == number
        office.at += pause - SECOND
        assert deliver(office) == webhooks.Sent()
        office.at += SECOND
    assert deliver(office).dropped == 1
    assert deliver(office) == webhooks.Sent()
    [shown] = office.get("mei", "/webhooks")
    assert (shown["id"], shown["waiting"], shown["dropped"], shown["said"]) == (made["id"], 0, 1, "given up: HTTP 500")


def test_it_arrives_in_the_end(office: Office, receiver: Receiver) -> None:
    listen(office, receiver, kinds=["order"])
    receiver.answers = [503, 200]
    office.order()
    assert deliver(office).waiting == 1
    assert office.get("mei", "/webhooks")[0]["waiting"] == 1
    office.at += PAUSES[0]
    assert deliver(office).arrived == 1
    assert len({each.says["id"] for each in receiver.letters}) == 1
    assert office.get("mei", "/webhooks")[0]["waiting"] == 0


def test_a_dead_address_costs_one_try_for_all_its_letters(office: Office, receiver: Receiver) -> None:
    """The others wait with the first; all are given up when they are too old."""
    listen(office, receiver, kinds=["order"])
    receiver.answers = [500]
    for n in range(5):
        office.order(f"O{n}")
    assert deliver(office).waiting == 5
    assert len(receiver.letters) == 1
    office.at += webhooks.LONGEST
    assert deliver(office).dropped == 5
    assert len(receiver.letters) == 2


def test_redirects_are_not_followed(office: Office, receiver: Receiver) -> None:
    listen(office, receiver, kinds=["order"])
    receiver.answers = [302]
    office.order()
    assert deliver(office).waiting == 1
    assert len(receiver.letters) == 1
    assert "redirects are not followed" in office.get("mei", "/webhooks")[0]["said"]


def test_who_no_longer_sees_the_shop_is_not_told(office: Office, receiver: Receiver) -> None:
    """Between the event and the sending."""
    listen(office, receiver)
    office.order()
    accounts.edit(office.home, office.ids["mei"], Draft("mei", "merchant", frozenset({"S9"})), doer=Doer(None, T))
    assert deliver(office).arrived == 0
    assert receiver.letters == []


def test_deleted_means_silent(office: Office, receiver: Receiver) -> None:
    made = listen(office, receiver)
    office.order()
    path = f"/api/v1/webhooks/{made['id']}"
    assert office.program.delete(path, headers=office.headers("bo")).status_code == 404
    assert office.program.delete(path, headers=office.headers("mei")).status_code == 204
    assert office.program.delete(path, headers=office.headers("mei")).status_code == 404
    office.order("O2")
    deliver(office)
    assert receiver.letters == []
    assert office.get("mei", "/webhooks") == []


def test_an_act_that_fails_tells_nobody(office: Office, receiver: Receiver) -> None:
    listen(office, receiver, kinds=["refund_only"])
    office.order()
    case = office.ask()
    deliver(office)
    assert office.post("mei", f"/cases/{case['id']}/lapse").status_code == 409
    assert deliver(office) == webhooks.Sent()


def test_killed_while_sending_another_follows(office: Office, receiver: Receiver) -> None:
    """After the lease; the receiver knows the repeat by its id."""
    listen(office, receiver, kinds=["order"])
    office.order()

    def dies(*_: object, **__: object) -> Told:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        webhooks.deliver(office.home.database, office.at, call=dies)
    assert deliver(office) == webhooks.Sent()
    office.at += webhooks.LEASE
    assert deliver(office).arrived == 1


def test_one_query_a_sitting(office: Office) -> None:
    asked: list[str] = []

    @event.listens_for(office.home.database, "before_cursor_execute")
    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    office.order()
    case = office.ask()
    asked.clear()
    office.done("mei", f"/cases/{case['id']}/agreement")
    assert sum("webhook" in each for each in asked) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/x", "ftp://example.com", "https://", "nothing", "https://u:p@example.com/", "https://example.com/#x",
        "https://127.0.0.1/", "https://localhost/", "https://10.1.2.3/", "https://192.168.0.1/", "https://169.254.169.254/latest",
        "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[64:ff9b::7f00:1]/", "https://[fd00::1]/", "https://0.0.0.0/",
        "https://[::127.0.0.1]/", "https://[::ffff:0:10.0.0.1]/", "https://[64:ff9b:1::a00:1]/", "https://[fec0::1]/",
        "https://exa mple.com/", "https://example.com:99999/", "https://例子.中国/", "https://example.com/" + "x" * 2000,
    ],
)  # fmt: skip
def test_addresses_that_are_not_called(office: Office, url: str) -> None:
    assert office.post("mei", "/webhooks", {"url": url}).status_code == 400
    assert office.get("mei", "/webhooks") == []


def test_a_name_that_leads_to_a_private_address_is_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor one of whose addresses only one is private."""

    def leads(*_: object, **__: object) -> list[Any]:
        return [(0, 0, 0, "", (address, 443)) for address in ("93.184.216.34", "10.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", leads)
    told = calling.post("https://inside.example.com/", b"{}", {}, ())
    assert (told.status, told.said) == (0, "UrlRefused: inside.example.com leads to no public address")


def test_who_answers_byte_by_byte_is_not_waited_for() -> None:
    line = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        caller, _ = line.accept()
        with caller:
            for _ in range(100):
                time.sleep(0.05)
                try:
                    caller.send(b"H")
                except OSError:
                    return

    threading.Thread(target=drip, daemon=True).start()
    began, port = time.monotonic(), line.getsockname()[1]
    told = calling.post(f"http://127.0.0.1:{port}/", b"{}", {}, [f"127.0.0.1:{port}"], seconds=0.5)
    assert (told.status, time.monotonic() - began < 3) == (0, True)
    line.close()


def test_an_account_has_so_many_and_no_more(office: Office) -> None:
    for n in range(webhooks.MOST):
        office.done("mei", "/webhooks", {"url": f"https://example.com/{n}"})
    assert office.post("mei", "/webhooks", {"url": "https://example.com/more"}).status_code == 409


def test_private_hosts_are_allowed_one_by_one(office: Office) -> None:
    webhooks.allow(office.home.database, ["10.0.0.5:80", "10.0.0.5:8443"])
    assert settings.get(office.home.database, webhooks.ALLOWED, "") == "10.0.0.5:80\n10.0.0.5:8443"
    told = {url: office.post("mei", "/webhooks", {"url": url}).status_code for url in PRIVATE}
    assert told == PRIVATE


PRIVATE = {
    "http://10.0.0.5/x": 201,
    "https://10.0.0.5:8443/x": 201,
    "http://10.0.0.5:8444/x": 400,
    "https://10.0.0.5/x": 400,
    "http://10.0.0.6/x": 400,
}


@pytest.mark.parametrize("host", ["10.0.0.5", "10.0.0.5:", ":80", "10.0.0.5:http"])
def test_a_host_without_a_port_is_not_allowed(office: Office, host: str) -> None:
    with pytest.raises(WebhookRefused, match="names no port"):
        webhooks.allow(office.home.database, [host])


def test_a_name_that_is_none_is_told_like_one_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> list[Any]:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert calling.post("https://nowhere.example.com/", b"{}", {}, ()).said.endswith("leads to no public address")


def test_it_leaves_a_trace_without_the_secret(office: Office) -> None:
    made = office.done("mei", "/webhooks", {"url": "https://example.com/x"})
    with office.home.database.connect() as connection:
        rows = connection.exec_driver_sql("select act, object, detail from audit where act like 'webhook%'").all()
    assert [(row[0], row[1]) for row in rows] == [("webhook_new", f"webhook {made['id']}")]
    assert made["secret"] not in json.dumps([str(row) for row in rows])
