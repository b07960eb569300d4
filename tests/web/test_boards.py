"""Boards through their pages: numbers that a wrong reading would get wrong, and nothing of other shops."""

import datetime as dt
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tianping.policy.load import packs
from tianping.policy.saying import amount
from tianping.web.frame import templates
from tianping.web.pages.morning import Line, Table
from tianping.work.figures.catalogue import Shop
from tianping.work.figures.morning import Need
from tianping.work.home import open_home, set_scope
from tianping.work.people import accounts
from tianping.work.people.accounts import Draft
from tianping.work.people.trail import Doer
from web.conftest import Site
from work.stalls import stalls

PASSWORD = "long enough 1"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stalls with a merchant of A and an operator."""
    home = stalls(tmp_path_factory.mktemp("stalls") / "home")
    doer = Doer(None, dt.datetime(2024, 6, 30))
    accounts.create(home, "a", Draft("a", "merchant", frozenset({"A"})), doer=doer, password=PASSWORD)
    accounts.create(home, "all", Draft("all", "operator", None), doer=doer, password=PASSWORD)
    home.database.dispose()
    return home.path


@pytest.fixture(scope="module")
def market(home: Path, open_site: Callable[[Path], Site]) -> Site:
    return open_site(home)


@pytest.fixture(scope="module")
def a(market: Site) -> TestClient:
    """The merchant of A."""
    return market.sign_in("a", PASSWORD)


@pytest.fixture(scope="module")
def operator(market: Site) -> TestClient:
    return market.sign_in("all", PASSWORD)


def text(client: TestClient, path: str) -> str:
    """A page without its markup; thin spaces are spaces."""
    told = client.get(path)
    assert told.status_code == 200, told.text
    return plain(told.text)


def plain(markup: str) -> str:
    main = markup[markup.find("<main") :] if "<main" in markup else markup
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main)).replace("\u2009", " ")


def section(client: TestClient, path: str, heading: str) -> str:
    """The section of a page under a heading that has these words."""
    found = re.findall(r"<section[^>]*>.*?</section>", client.get(path).text, re.DOTALL)
    [one] = [each for each in found if heading in plain(each.split("</h2>")[0])]
    return plain(str(one))


def row(words: str, label: str) -> str:
    """What stands in the row of a metric: from its name to the days it counts."""
    found = re.search(rf"{re.escape(label)} .*?\d\d-\d\d 至 \d\d-\d\d", words)
    assert found, words
    return found[0]


@pytest.mark.spec("KS-B02")
def test_the_main_category_stands_beside_the_industry(a: TestClient) -> None:
    """4/15 of the shop's clothing beside 4/30 of everybody's: twice; the shop as a whole has 4/25."""
    line = row(section(a, "/shops/A", "主营类目"), "品退率（首因）")
    assert "26.67 % 4/15" in line
    assert "13.33 % 2.0×" in line
    assert "▲2×" in line
    assert "16.00 % 4/25" in row(section(a, "/shops/A", "商品品质"), "品退率（首因）")


@pytest.mark.spec("KS-B02")
def test_the_benchmark_is_of_the_sums_not_of_the_rates(operator: TestClient) -> None:
    """B's 0/15 beside the same 4/30; of the platform 4/40, where the mean of both shops would be 8 %."""
    assert "0.00 % 0/15" in (line := row(section(operator, "/shops/B", "主营类目"), "品退率（首因）"))
    assert "13.33 %" in line
    assert "10.00 % 4/40" in row(section(operator, "/platforms/kuaishou", "商品品质"), "品退率（首因）")


@pytest.mark.spec("KS-B03")
@pytest.mark.parametrize("path", ["服饰", "服饰/女装", "服饰/女装/连衣裙"])
def test_every_level_has_shop_and_industry(a: TestClient, path: str) -> None:
    """Down to the third level the shop has 4/15 and everybody 4/30; the industry alone says 4/30 itself."""
    line = row(section(a, f"/categories/kuaishou/{path}?shop=A", "商品品质"), "品退率（首因）")
    assert "26.67 % 4/15" in line
    assert "13.33 % 2.0×" in line
    assert "13.33 % 4/30" in row(section(a, f"/categories/kuaishou/{path}", "商品品质"), "品退率（首因）")


@pytest.mark.spec("KS-B03")
def test_one_goes_down_and_up(a: TestClient) -> None:
    """服饰 leads to 女装, which leads back; 家居 is another branch."""
    down = section(a, "/categories/kuaishou/服饰?shop=A", "下级类目")
    assert "女装" in down
    assert "4/15" in down
    assert "收纳" not in down
    up = a.get("/categories/kuaishou/服饰/女装?shop=A").text
    assert re.search(r'href="/categories/kuaishou/%E6%9C%8D%E9%A5%B0\?[^"]*shop=A', up)


@pytest.mark.spec("KS-B06")
def test_the_phone_view_says_it_all(a: TestClient) -> None:
    """Main category; thirty mature days; the rates of categories; what the metric means: all with labels of their own."""
    page = a.get("/shops/A").text
    words = plain(page)
    assert "主营 服饰" in words
    assert "2024-05-17 至 2024-06-15" in words
    assert "首次退款在支付后14天内申请且原因为品质问题" in words
    assert 'data-label="大盘与倍数"' in page
    categories = section(a, "/shops/A", "各级类目")
    assert [name for name in ("服饰", "女装", "连衣裙", "家居", "收纳") if name not in categories] == []
    assert "0.00 % 0/10" in categories


@pytest.mark.spec("KS-B06")
@pytest.mark.spec("KS-M29")
def test_products_have_reviews_refunds_and_rates(a: TestClient) -> None:
    """The red dress: 4 quality refunds, 4/15; 2 reviews, 1 negative, 1/2."""
    words = text(a, "/shops/A/products")
    found = re.search(r"红裙子 .*?4 .*?26.67 % 4/15 .*?2 .*?1 .*?50.00 % 1/2", words)
    assert found, words
    assert "别家裙子" not in words


@pytest.mark.spec("KS-B06")
def test_where_nothing_counts_the_best_sold_come_first(operator: TestClient) -> None:
    """B has no quality refund; by id the dress never sold would come first."""
    words = text(operator, "/shops/B/products")
    assert words.index("别家裙子") < words.index("没卖过的裙子")


def test_a_shop_without_a_name_is_told_once() -> None:
    """By its name, its id below; by its id alone where it has none."""
    bits = templates().from_string("{% import 'boards/_bits.html' as bits with context %}{{ bits.matrix(table, 30) }}")
    pack = packs()["kuaishou"]
    for name, told in (("", ["S1", "服饰"]), ("一号店", ["一号店", "S1 · 服饰"])):
        line = Line(Need("S1", "kuaishou", 0, (), 0), Shop("S1", name, "kuaishou", "服饰", closed=False), [])
        made = bits.render(table=Table(pack, [], [line]), t=lambda key, **_: key, say=str, url=lambda *_, **__: "", lang="zh",
                           shortfall=None, here="", csrf="", amount=amount)  # fmt: skip
        assert re.findall(r">\s*([^<>\s][^<>]*?)\s*<", made.split("<tbody>")[1].split("</tbody>")[0]) == told


def test_buyers_words_are_of_what_had_happened(a: TestClient) -> None:
    words = text(a, "/shops/A/words")
    assert "盒子烂了" in words
    assert "写了r1" in words


@pytest.mark.spec("KS-M29")
def test_counts_stand_beside_the_rates(a: TestClient) -> None:
    """1/2 negative reviews: the review of the fifteenth day and the one of seven stars are none."""
    group = section(a, "/shops/A", "商品品质")
    assert "50.00 % 1/2" in row(group, "差评率")
    for name, count in (("品退单量", 4), ("评价量", 2), ("差评量", 1)):
        assert re.search(rf"{name} 口径 [^0-9]*.*? {count} ", row(group, name))


@pytest.mark.spec("KS-B09")
def test_the_period_is_the_last_thirty_days_of_each_close(a: TestClient) -> None:
    """The order of 05-17 00:00:00 counts on 06-30, that of a second before does not; on 06-29 both do, and 06-15 does not."""
    assert "16.00 % 4/25" in text(a, "/shops/A")
    earlier = text(a, "/shops/A?date=2024-06-29")
    assert "4.35 % 1/23" in earlier
    assert "2024-05-16 至 2024-06-14" in earlier
    assert "近 30 天，每天重算" in earlier


@pytest.mark.spec("DY-S06")
def test_what_buyers_rate_is_told_apart_from_what_is_measured(operator: TestClient) -> None:
    """Praise 3 of 4 — the review at T's midnight is none; in time 1 of 3: one a second late, one never sent."""
    rated = section(operator, "/shops/D", "买家评分（DSR）")
    assert "买家打分" in rated
    assert "66.67 % 2/3" in row(rated, "商品好评率")
    assert "及时发货率" not in rated.replace("见下一组", "")
    measured = section(operator, "/shops/D", "平台考核（商家等级）")
    assert "平台考核" in measured
    assert "33.33 % 1/3" in row(measured, "及时发货率")
    assert "商品好评率" not in measured


def test_the_picker_keeps_the_close(a: TestClient) -> None:
    """Seven days to 06-15 hold all but the orders of May: 4/24."""
    page = a.get("/shops/A?days=7&date=2024-06-30").text
    assert "4/24" in plain(page)
    assert "date=2024-06-30" in page


def test_a_shop_without_main_category_is_told_what_to_do(operator: TestClient) -> None:
    told = operator.get("/shops/C").text
    assert "没有主营类目" in plain(told)
    assert "/data/exports" in told


@pytest.mark.parametrize(
    "path",
    [
        "/shops/B", "/shops/B/products", "/shops/B/words", "/shops/nobody", "/categories/kuaishou/服饰?shop=B",
        "/categories/kuaishou/没有", "/categories/nowhere/服饰", "/platforms/kuaishou", "/platforms/nowhere",
    ],
)  # fmt: skip
def test_out_of_reach_is_not_there(a: TestClient, path: str) -> None:
    told, none = a.get(path), a.get("/shops/no-such-shop")
    assert told.status_code == 404
    assert _anonymous(told.text) == _anonymous(none.text)


def _anonymous(markup: str) -> str:
    """The page's words; its own address stands in the links of the frame."""
    return plain(markup)


def test_the_list_has_the_shops_within_reach(a: TestClient, operator: TestClient) -> None:
    mine, all_of_them = text(a, "/shops"), text(operator, "/shops?platform=kuaishou")
    assert [name in mine for name in ("甲店", "乙店", "丙店", "丁店")] == [True, False, False, False]
    assert [name in all_of_them for name in ("甲店", "乙店", "丙店", "丁店")] == [True, True, True, False]
    assert "甲店" not in text(operator, "/shops?platform=kuaishou&q=乙")


def test_own_shops_show_no_average(home: Path, open_site: Callable[[Path], Site], tmp_path: Path) -> None:
    """In a home of own shops the merchant of A sees no sum over other people's."""
    shutil.copytree(home, tmp_path / "own")
    own = open_home(tmp_path / "own")
    set_scope(own, "own_shops")
    own.database.dispose()
    merchant = open_site(tmp_path / "own").sign_in("a", PASSWORD)
    for path in ("/shops/A", "/categories/kuaishou/服饰", "/categories/kuaishou/服饰?shop=A", "/morning"):
        words = text(merchant, path)
        assert "4/25" in words or "4/15" in words
        assert "13.33 %" not in words
        assert "10.00 %" not in words
    assert "/data/exports?table=benchmarks" in merchant.get("/morning").text
    assert merchant.get("/data/exports?table=benchmarks").status_code == 200
