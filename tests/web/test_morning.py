"""The morning page: who needs somebody, what is behind it, what is missing."""

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tianping.work.home import open_home
from tianping.work.people import accounts
from tianping.work.people.accounts import Draft
from tianping.work.people.reach import Reach
from tianping.work.people.trail import Doer
from web.conftest import Site
from web.test_boards import PASSWORD, plain, text
from work.stalls import crowd, stalls

AT = Doer(None, dt.datetime(2024, 6, 30))


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory, open_site: Callable[[Path], Site]) -> Site:
    home = stalls(tmp_path_factory.mktemp("morning") / "home")
    accounts.create(home, "a", Draft("a", "merchant", frozenset({"A"})), doer=AT, password=PASSWORD)
    accounts.create(home, "c", Draft("c", "merchant", frozenset({"C"})), doer=AT, password=PASSWORD)
    home.database.dispose()
    return open_site(home.path)


@pytest.fixture(scope="module")
def a(market: Site) -> TestClient:
    return market.sign_in("a", PASSWORD)


@pytest.fixture(scope="module")
def agency(tmp_path_factory: pytest.TempPathFactory, open_site: Callable[[Path], Site]) -> TestClient:
    """An agency with all of 200 shops but one."""
    home = crowd(tmp_path_factory.mktemp("crowd") / "home")
    mine = frozenset(f"S{number:03}" for number in range(200)) - {"S199"}
    accounts.create(home, "agency", Draft("agency", "agency", mine), doer=AT, password=PASSWORD)
    home.database.dispose()
    return open_site(home.path).sign_in("agency", PASSWORD)


def test_a_merchant_sees_what_got_worse(a: TestClient) -> None:
    """From 1/23 to 4/25; nothing of the other shops."""
    words = text(a, "/morning")
    assert "1 家店铺，1 家需要处理" in words
    assert "比 2024-06-29 的日结变差" in words
    assert "16.00 % 4/25" in words
    assert "上次 4.35 % 变差" in words
    assert "乙店" not in words


def test_products_and_reasons_are_behind_it(a: TestClient) -> None:
    """The dress has three more; the reasons are the first ones."""
    page = a.get("/morning").text
    [piece] = re.findall(r'hx-get="(/morning/behind[^"]*)"', page)
    behind = a.get(piece.replace("&amp;", "&")).text
    assert "多 3 单（1/12 → 4/15）" in plain(behind)
    assert "红裙子" in behind
    [more] = re.findall(r'hx-get="(/morning/reasons[^"]*)"', behind)
    told = plain(a.get(more.replace("&amp;", "&")).text)
    assert "计入的 4 单" in told
    assert re.search(r"质量问题 2 .*描述不符 1|质量问题 2 .*破损 1", told)
    assert "不想要" not in told


def test_what_is_missing_leads_to_its_export(market: Site) -> None:
    told = market.sign_in("c", PASSWORD).get("/morning").text
    words = plain(told)
    assert "从未导入" in words
    assert "售后单" in words
    assert re.search(r'href="/data/exports\?[^"]*table=cases', told)


@pytest.mark.parametrize("path", ["/morning/behind", "/morning/reasons"])
@pytest.mark.parametrize("asked", ["shop=B&metric=quality_refund_rate", "shop=A&metric=nonsense", "shop=x&metric=gmv"])
def test_pieces_of_others_are_not_there(a: TestClient, path: str, asked: str) -> None:
    assert a.get(f"{path}?{asked}").status_code == 404


def test_an_agency_sees_the_twenty_that_need_it(agency: TestClient) -> None:
    """Of 199 shops 24 are marked: the four at ten times the benchmark first; the rest on the next page."""
    first, second = agency.get("/morning").text, agency.get("/morning?page=2").text
    assert shops(first) == ["S195", "S196", "S197", "S198", *(f"S{n}" for n in range(175, 191))]
    assert shops(second)[:4] == ["S191", "S192", "S193", "S194"]
    assert "S199" not in first + second


def shops(page: str) -> list[str]:
    """The shops of the tables, as they stand."""
    rows = page.split("</section>")[0]
    return re.findall(r'<th scope="row"><a href="/shops/(S\d+)', rows)


def test_columns_that_are_missing_have_names(a: TestClient) -> None:
    words = text(a, "/morning")
    assert "从未提供的列：判责时间、责任方" in words
    assert "judged_at" not in words


def test_days_closed_after_the_data_end_are_not_seen_first(market: Site) -> None:
    """Data end on 06-30: a close of 07-07 is late, one of 07-08 is somebody's mistake, and stays to be asked for."""
    console = market.console
    dates = [dt.date(2024, 7, 8), dt.date(2024, 7, 7), dt.date(2024, 6, 30)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(console), "dates", lambda _: dates)
        assert console.first_date(Reach(frozenset({"A"}))) == dt.date(2024, 7, 7)
        assert console.first_date(Reach(frozenset({"nobody"}))) == dt.date(2024, 7, 8)
        patch.setattr(type(console), "dates", lambda _: [dates[0], dates[2]])
        told = text(market.sign_in("a", PASSWORD), "/morning")
    assert "最新的日结是 2024-07-08，但您的数据只到 2024-06-30，所以先看 2024-06-30 的日结。" in told


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory, open_site: Callable[[Path], Site]) -> Site:
    """A new home's console: an operator and an auditor."""
    path = tmp_path_factory.mktemp("empty") / "home"
    home = open_home(path, create=True)
    accounts.create(home, "all", Draft("all", "operator", None), doer=AT, password=PASSWORD)
    accounts.create(home, "eye", Draft("eye", "auditor", None), doer=AT, password=PASSWORD)
    home.database.dispose()
    return open_site(path)


@pytest.mark.parametrize("path", ["/morning", "/shops", "/products"])
def test_before_there_is_a_close_the_first_steps_are_told(empty: Site, path: str) -> None:
    told = empty.sign_in("all", PASSWORD).get(path)
    assert told.status_code == 200
    assert "欢迎" in plain(told.text)
    places = [told.text.index(f'<a href="{place}">') for place in ("/data/exports", "/data/uploads", "/data/closes")]
    assert places == sorted(places)
    assert '<a class="button" href="/data/uploads">' in told.text


def test_who_may_only_look_is_told_whom_to_ask(empty: Site) -> None:
    told = empty.sign_in("eye", PASSWORD).get("/morning")
    assert "请管理员、运营或商家完成导入和日结" in plain(told.text)
    assert "/data/uploads" not in told.text


def test_a_failed_morning_does_not_lead_to_itself(empty: Site, a: TestClient) -> None:
    assert empty.sign_in("all", PASSWORD).get("/shops/S1").status_code == 404
    assert 'class="button" href="/morning"' in a.get("/morning?date=2020-01-01").text
