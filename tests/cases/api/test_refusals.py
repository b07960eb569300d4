"""How the API refuses: in the caller's language, with words that say what is wrong, and what it does not take at all."""

import ast
import datetime as dt
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tianping
from tianping.cases.case import Case
from tianping.policy.cases.flowing import Actor
from tianping.web.api.problems import translated
from tianping.work.desk import bringing, serving
from tianping.work.desk.evidence import keep
from tianping.work.desk.serving import Caller, Refused, Wish
from tianping.work.desk.sitting import Desk, sitting
from tianping.work.home import DATABASE, Home, facts, open_home
from tianping.work.people.reach import EVERYTHING

from ..disputes.hall import CLOSED, RAISED, dispute, heard, judged
from ..disputes.test_dispute import DISPROVEN, PROVEN
from ..flows.test_recalled import recalled
from ..market import DAY, REFUSAL, T
from .office import API, Office

EN = {"Accept-Language": "en-GB"}


def placing(id_: str = "O1", **facts: object) -> dict[str, object]:
    given = {"product_id": "P1", "amount_fen": 5_000, "created_at": T.isoformat(), **facts}
    return {"order_id": id_, "platform": "kuaishou", "shop_id": "S1", "facts": given}


def ahead(seconds: int) -> str:
    return (T + dt.timedelta(seconds=seconds)).isoformat()


def test_that_an_order_was_brought_only_the_desk_says(office: Office) -> None:
    """Else nothing would be collected for it."""
    told = office.post("op", "/orders", placing(brought=True), headers=EN)
    assert (told.status_code, told.json()["faults"]) == (400, ["brought is noted by the desk alone; leave it out"])
    assert office.status("op", "/orders/O1") == 404


@pytest.mark.parametrize("name", ["created_at", "paid_at", "shipped_at", "signed_at", "succeeded_at"])
@pytest.mark.parametrize(("seconds", "status"), [(0, 201), (300, 201), (301, 409), (175 * 365 * 86_400, 409)])
def test_what_happened_to_an_order_is_not_ahead(office: Office, name: str, seconds: int, status: int) -> None:
    """But for five minutes between two clocks."""
    told = office.post("op", "/orders", placing(**{name: ahead(seconds)}))
    assert told.status_code == status
    assert status == 201 or told.json()["guard"] == "not_ahead"


def test_what_is_promised_may_lie_ahead(office: Office) -> None:
    office.done("op", "/orders", placing(paid_at=T.isoformat(), promised_ship_at=ahead(86_400)))


@pytest.mark.parametrize("id_", [".", "..", "a\u202eb", "a\u200bb"])
def test_ids_that_no_address_can_say_are_refused(office: Office, id_: str) -> None:
    assert office.post("op", "/orders", placing(id_)).status_code == 400


def test_a_method_that_is_none_names_those_that_are(office: Office) -> None:
    told = office.program.put(f"{API}/webhooks", headers=office.headers("op"))
    assert (told.status_code, told.json()["status"]) == (405, 405)
    assert {each.strip() for each in told.headers["allow"].split(",")} & {"GET", "POST"}


def test_webhooks_of_no_kind_are_refused(office: Office) -> None:
    """Their letters would never come."""
    said = {"url": "https://example.com/x", "kinds": ["refund_only", "refund_onyl"]}
    told = office.post("mei", "/webhooks", said, headers=EN)
    assert told.status_code == 400
    assert told.json()["faults"][0].startswith('there is no kind "refund_onyl"; did you mean "refund_only"?')
    assert office.get("mei", "/webhooks") == []
    office.done("mei", "/webhooks", {**said, "kinds": ["refund_only", "order"]})


@pytest.mark.parametrize(("fen", "status"), [(2**53 - 1, 201), (2**53, 400), (-1, 400)])
def test_a_sum_out_of_bounds_is_told_its_bounds(office: Office, fen: int, status: int) -> None:
    told = office.post("op", "/orders", placing(amount_fen=fen), headers=EN)
    assert told.status_code == status
    assert status == 201 or told.json()["faults"] == ["amount_fen is a number from 0 to 9007199254740991"]


@pytest.mark.parametrize(
    ("path", "name"),
    [("/cases", "due_before"), ("/deadlines", "due_before"), ("/returns", "signed_since"), ("/returns", "signed_before")],
)
def test_a_time_out_of_range_is_named_as_it_was_asked(office: Office, path: str, name: str) -> None:
    for time in ("0001-01-01T00:00:00+14:00", "2200-01-01T00:00:00", "1989-12-31T23:59:59"):
        told = office.program.get(API + path, params={name: time}, headers={**office.headers("op"), **EN})
        assert (told.status_code, told.json()["faults"]) == (400, [f"{name} is a time between 1990 and 2200"])
    assert office.status("op", path, **{name: "2199-12-31T23:59:59"}) == 200


@pytest.mark.parametrize(
    ("who", "path", "said", "status", "zh", "en"),
    [
        ("nobody", "/cases/C1/agreement", {}, 401, "没有登录", "nobody is signed in"),
        ("mei", "/cases/C1/agreement?as=buyer", {}, 403, "此账号不能以 buyer 的身份操作", "this account does not act as buyer"),
        ("mei", "/cases/C1/agreement", {}, 404, "这里没有工单“C1”", 'there is no case "C1" here'),
        ("mei", "/orders/O9/payment", {}, 404, "这里没有订单“O9”", 'there is no order "O9" here'),
        ("mei", "/nowhere", {}, 404, "没有 /api/v1/nowhere 这个地址", "there is no /api/v1/nowhere"),
        ("mei", "/worklists", {}, 405, "此地址不接受这种方法", "this address takes no such method"),
        ("mei", "/cases/C1/shipment", {"facts": {"feb": 1}}, 400, '没有 "feb" 这一项', 'there is no fact "feb"'),
        ("mei", "/cases/C1/shipment", {"why": "x" * 4_001}, 400, "body.why：太长，至多 4000", "body.why: too long, at most"),
        ("mei", "/cases/C1/agreement", {"whi": "x"}, 400, "body.whi：没有此项", "body.whi: there is nothing of this name"),
        ("mei", "/cases/C1/agreement", {"seen": "x"}, 400, "body.seen：应为整数", "body.seen: is a whole number"),
        ("mei", "/webhooks", {"url": "http://example.com"}, 400, "只访问 https", "only https is called"),
    ],
)  # fmt: skip
def test_errors_are_told_in_both_languages(
    office: Office, who: str, path: str, said: object, status: int, zh: str, en: str
) -> None:
    """As `Accept-Language` asks, else as the account reads; not only 409."""
    for lang, words in ((None, zh), ("zh-CN", zh), ("en", en)):
        told = office.post(who, path, said, headers={"Accept-Language": lang} if lang else {})
        assert (told.status_code, told.json()["detail"][: len(words)]) == (status, words)
        assert told.json()["title"].isascii() == (lang == "en")


def test_a_key_used_twice_is_told_in_both_languages(office: Office) -> None:
    office.order()
    made = office.ask()
    office.done("mei", f"/cases/{made['id']}/agreement", key="k")
    zh = office.post("mei", f"/cases/{made['id']}/refusal", key="k")
    en = office.post("mei", f"/cases/{made['id']}/refusal", key="k", headers=EN)
    assert (zh.status_code, zh.json()["detail"][:20]) == (422, "此 Idempotency-Key 已用")
    assert en.json()["detail"].startswith("this Idempotency-Key was used for another request")


def shown(desk: Desk, case: Case, part: Actor, at: dt.datetime) -> set[str]:
    return {each.noun for each in serving.look(desk, Caller(None, (part,), EVERYTHING), case.id, at).deeds}


@pytest.mark.parametrize(("found", "won", "lost"), [(PROVEN, "buyer", "merchant"), (DISPROVEN, "merchant", "buyer")])
def test_who_won_is_shown_no_appeal(desk: Desk, tmp_path: Path, found: dict[str, Any], won: Actor, lost: Actor) -> None:
    case = judged(desk, heard(desk, tmp_path, "buyer", "merchant"), **found)
    at = CLOSED + DAY
    assert ("appeal" in shown(desk, case, won, at), "appeal" in shown(desk, case, lost, at)) == (False, True)


def test_who_did_not_raise_it_is_shown_no_withdrawal(desk: Desk) -> None:
    case = dispute(desk)
    assert "withdrawal" in shown(desk, case, "buyer", RAISED)
    assert "withdrawal" not in shown(desk, case, "merchant", RAISED)


def test_before_a_clock_that_waits_only_what_wins_nobody_time(desk: Desk) -> None:
    """By their nouns too: of a refund whose recalled payment nobody knows about yet, the buyer may withdraw."""
    case, _ = recalled(desk)
    over = case.timers[0].due_at
    merchant, buyer = (Caller(None, (part,), EVERYTHING) for part in ("merchant", "buyer"))
    with sitting(desk, over) as sat, pytest.raises(Refused) as late:
        serving.do(sat, merchant, case.id, "refusal", Wish(facts=REFUSAL))
    possible = {each.noun for each in late.value.deeds}
    assert (late.value.refusal.guard, possible & {"talk", "refusal", "agreement"}) == ("refund_known", {"talk"})
    with sitting(desk, over) as sat:
        assert serving.do(sat, buyer, case.id, "withdrawal", Wish()).state == "closed"


SAYING = {"NotFound", "NotAllowed", "UrlRefused", "WebhookRefused", "FactsRefused", "RuleRefused"}
ROOT = Path(tianping.__file__).parent
HEARD = [path for room in ("work/desk", "work/desk/letters", "web/api") for path in sorted((ROOT / room).glob("*.py"))]


def sentences(path: Path) -> Iterator[str]:
    """What a module says where it refuses, its parts filled in with `7`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        called = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
        if called in SAYING or (path.name == "handed.py" and isinstance(node, ast.Yield)):
            yield from (text for each in ast.walk(node) if (text := _filled(each)) and " " in text)


def _filled(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else "7" for part in node.values)
        return "".join(str(part) for part in parts)
    return ""


@pytest.mark.parametrize("path", HEARD, ids=lambda path: f"{path.parent.stem}-{path.stem}")
def test_every_sentence_that_the_api_says_has_chinese_words(path: Path) -> None:
    assert [said for said in sentences(path) if translated("zh", said) == said] == []


def test_an_unknown_order_is_looked_for_once(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening the facts takes longer than all the rest."""
    opened: list[Home] = []

    def open_facts(home: Home) -> object:
        opened.append(home)
        return facts(home)

    monkeypatch.setattr(bringing, "facts", open_facts)
    said = {"kind": "refund_only", "order_id": "F1", "facts": {"reason": "quality", "refund_fen": 100}}
    assert {office.post("op", "/cases?as=buyer", said).status_code for _ in range(3)} == {404}
    assert len(opened) == 1


def test_a_home_is_its_owners_alone(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home", create=True)
    kept = keep(home.path, b"a photo")
    with home.database.begin() as connection:
        connection.exec_driver_sql("insert into setting (name, value) values ('a', 'b')")
        beside = list(home.path.glob(f"{DATABASE}*"))
        assert {stat.S_IMODE(path.stat().st_mode) for path in [*beside, kept]} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (home.path, kept.parent, kept.parent.parent)} == {0o700}
