"""Accounts, tokens and the audit trail through their pages."""

import re
from collections.abc import Mapping

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from tianping.web.pages.admin import detail_words, thing_words
from web.conftest import Site, csrf_of


def post(client: TestClient, path: str, data: Mapping[str, str] | None = None) -> Response:
    told: Response = client.post(path, data={"csrf": csrf_of(client), **(data or {})}, follow_redirects=False)
    return told


def made(client: TestClient, **data: str) -> tuple[int, str]:
    """A new account: its number and one-time password."""
    told = post(client, "/accounts", {"name": "anna", "label": "安娜", "role": "merchant", "shops": "S1", **data})
    assert told.status_code == 200, told.text
    [number], [password] = (
        re.findall(r'href="/accounts/(\d+)"', told.text),
        re.findall(r"<code>(\w{5}-\w{5}-\w{5})</code>", told.text),
    )
    return int(number), password


def test_a_new_account_is_limited_to_its_shop(own_site: Site) -> None:
    boss = own_site.as_("administrator")
    number, password = made(boss)
    told = own_site.client().post("/login", data={"name": "anna", "password": password, "next": "/"}, follow_redirects=False)
    assert told.status_code == 303
    text = boss.get(f"/accounts/{number}").text
    assert "安娜" in text
    assert "S1" in text
    assert "安娜" in boss.get("/accounts").text
    assert password not in boss.get("/accounts").text + boss.get("/audit").text


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"shops": " "}, "必须列出店铺"),
        ({"all_shops": "true"}, "必须列出店铺"),
        ({"name": "Merchant"}, "同名"),
        ({"name": ""}, "1 至 60"),
        ({"role": "administrator"}, "全部店铺"),
    ],
)  # fmt: skip
def test_what_cannot_be(site: Site, data: dict[str, str], said: str) -> None:
    """The form comes back with what was typed and why."""
    told = post(
        site.as_("administrator"), "/accounts", {"name": "bo", "label": "<b>", "role": "merchant", "shops": "S1,S2", **data}
    )
    assert told.status_code == 400
    assert said in told.text
    assert 'value="&lt;b&gt;"' in told.text


def test_shops_however_they_are_typed(own_site: Site) -> None:
    boss = own_site.as_("administrator")
    number, _ = made(boss, shops="S1, S2\r\nS3；S1、 S4")
    area = re.findall(r"<textarea[^>]*>([^<]*)</textarea>", boss.get(f"/accounts/{number}").text)
    assert area == ["S1\nS2\nS3\nS4"]


def test_an_account_through_its_life(own_site: Site) -> None:
    boss = own_site.as_("administrator")
    number, password = made(boss, role="operator", all_shops="true", shops="")
    edited = {"label": "安娜", "role": "merchant", "shops": "S9", "lang": "zh"}
    assert post(boss, f"/accounts/{number}", edited).headers["location"] == f"/accounts/{number}"
    assert "S9" in boss.get(f"/accounts/{number}").text
    again = post(boss, f"/accounts/{number}/password").text
    assert password not in again
    assert re.search(r"<code>\w{5}-\w{5}-\w{5}</code>", again)
    for act, word in (("deactivation", "已停用"), ("activation", "可登录")):
        assert post(boss, f"/accounts/{number}/{act}").status_code == 303
        assert word in boss.get("/accounts").text
    acts = re.findall(r"<td data-label=\"操作\">([^<]*)</td>", boss.get(f"/audit?thing=account+{number}").text)
    assert acts == ["启用账号", "停用账号", "重置密码", "修改账号", "新建账号"]


def test_the_last_administrator_stays(own_site: Site) -> None:
    boss = own_site.as_("administrator")
    [number] = re.findall(r'<a href="/accounts/(\d+)">administrator</a>', boss.get("/accounts").text)
    told = post(boss, f"/accounts/{number}/deactivation")
    assert told.status_code == 400
    assert "最后一个管理员" in told.text
    assert boss.get("/accounts").status_code == 200


def test_numbers_that_are_none(site: Site) -> None:
    boss = site.as_("administrator")
    assert boss.get("/accounts/999999").status_code == 404
    assert boss.get(f"/accounts/{2**70}").status_code == 400
    assert boss.get(f"/audit?account={2**70}&before=1&first=never").status_code == 200


@pytest.mark.parametrize("role", ["merchant", "agency", "adjudicator", "operator", "auditor"])
def test_accounts_are_the_administrators(site: Site, role: str) -> None:
    client = site.as_(role)
    for path in ("/accounts", "/accounts/new", "/accounts/1"):
        assert client.get(path).status_code == 403
    for path in ("/accounts", "/accounts/1", "/accounts/1/password", "/accounts/1/deactivation", "/accounts/1/activation"):
        assert post(client, path, {"name": "x"}).status_code == 403


@pytest.mark.parametrize(("role", "status"), [("merchant", 403), ("operator", 403), ("auditor", 200), ("administrator", 200)])
def test_who_reads_the_trail(site: Site, role: str, status: int) -> None:
    assert site.as_(role).get("/audit").status_code == status


def test_forms_need_their_token(site: Site) -> None:
    told = site.as_("administrator").post("/accounts", data={"name": "bo"}, follow_redirects=False)
    assert told.status_code == 403


def test_a_token_is_shown_once(own_site: Site) -> None:
    client = own_site.as_("merchant")
    told = post(client, "/tokens", {"label": "收银机"})
    [key] = set(re.findall(r"tp_[\w-]{20,}", told.text))
    text = client.get("/tokens").text
    assert key not in text
    assert "收银机" in text
    program = own_site.client()
    assert program.get("/api/v1/shops", headers={"Authorization": f"Bearer {key}"}).status_code == 200
    [number] = re.findall(r"/tokens/(\d+)/revocation", text)
    assert post(own_site.as_("agency"), f"/tokens/{number}/revocation").status_code == 404, "nobody else's"
    assert post(client, f"/tokens/{number}/revocation").status_code == 303
    assert program.get("/api/v1/shops", headers={"Authorization": f"Bearer {key}"}).status_code == 401
    assert post(client, "/tokens", {"label": " "}).status_code == 400


def test_the_trail_by_pages(own_site: Site) -> None:
    boss = own_site.as_("administrator")
    for _ in range(101):
        post(boss, "/tokens", {"label": "t"})
    first = boss.get("/audit?act=token_new").text
    [older] = re.findall(r'rel="next" href="([^"]*)"', first)
    second = boss.get(older.replace("&amp;", "&")).text
    objects = re.compile(r">令牌 (\d+)</td>")
    assert [int(n) for n in objects.findall(first) + objects.findall(second)] == list(range(101, 0, -1))


def test_the_trail_is_in_words(own_site: Site) -> None:
    """What was done to what, and its details, in the reader's language; asked for in these words too."""
    boss = own_site.as_("administrator")
    number, _ = made(boss)
    for asked in (f"账号 {number}", f"account {number}"):
        text = boss.get("/audit", params={"thing": asked, "act": "account_new"}).text
        assert f">账号 {number}</td>" in text
        assert '<span class="hush">角色</span> 商家' in text
        assert '<span class="hush">店铺</span> S1' in text


def test_things_of_the_trail() -> None:
    assert thing_words("zh", "figure rows") == "指标明细"
    assert thing_words("zh", "figure_report 3") == "数值疑问 3"
    assert thing_words("zh", "products-kuaishou") == "products-kuaishou"
    assert detail_words("zh", "last", False)[1] == "否"
