"""Product analysis and a product through their pages."""

import csv
import html
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tianping.work.people.accounts import Draft, create
from tianping.work.people.trail import Doer
from web.conftest import NOW, Site, csrf_of
from work.wares import wares

PASSWORD = "a-long-password"
TITLES = {"P1": "红裙子", "P2": "=蓝裙子", "P3": "别家裙子", "P4": "没有订单", "P9": "（未导入商品标题）"}
_ROW = re.compile(r"<tr>(.*?)</tr>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


@pytest.fixture(scope="module")
def shop_site(tmp_path_factory: pytest.TempPathFactory, open_site: Callable[[Path], Site]) -> Site:
    """Four products of two shops, and accounts: `all` sees every shop, `one` the shop S1 alone, `reader` changes nothing."""
    home = wares(tmp_path_factory.mktemp("wares") / "home")
    doer = Doer(None, NOW)
    create(home, "all", Draft("全部", "operator", None), doer=doer, password=PASSWORD)
    create(home, "one", Draft("一号店", "merchant", frozenset({"S1"})), doer=doer, password=PASSWORD)
    create(home, "reader", Draft("审计", "auditor", None), doer=doer, password=PASSWORD)
    home.database.dispose()
    return open_site(home.path)


@pytest.fixture
def one(shop_site: Site) -> TestClient:
    return shop_site.sign_in("one", PASSWORD)


@pytest.fixture
def boss(shop_site: Site) -> TestClient:
    return shop_site.sign_in("all", PASSWORD)


def text_of(markup: str) -> str:
    return " ".join(html.unescape(_TAG.sub(" ", markup)).split())


def rows(client: TestClient, address: str, **headers: str) -> list[str]:
    """The words of each row of the page's tables."""
    told = client.get(address, headers=headers)
    assert told.status_code == 200, told.text
    return [text_of(row) for row in _ROW.findall(told.text) if '<th scope="row"' in row]


def listed(client: TestClient, query: str) -> list[str]:
    """The products of a page, by id."""
    names = {title: name for name, title in TITLES.items()}
    return [names[next(title for title in names if row.startswith(title))] for row in rows(client, f"/products?{query}")]


RATE = "metric=quality_refund_rate&part={part}&low={low}&high={high}"


@pytest.mark.spec("KS-B04")
@pytest.mark.parametrize(
    ("part", "low", "high", "left"),
    [
        ("value", "25", "", ["P9", "P1", "P3"]),
        ("value", "", "25", ["P3", "P2"]),
        ("value", "25", "37.5", ["P1", "P3"]),
        ("value", "37.500001", "", ["P9"]),
        ("numerator", "1", "1", ["P9", "P3"]),
        ("denominator", "2", "4", ["P9", "P3"]),
    ],
)
def test_filter_by_values(boss: TestClient, part: str, low: str, high: str, left: list[str]) -> None:
    """Per cent as people type them; both ends counted; sorted by value; what has no value last."""
    assert listed(boss, f"sort=-quality_refund_rate&{RATE.format(part=part, low=low, high=high)}") == left


@pytest.mark.spec("KS-B04")
def test_choose_the_columns(boss: TestClient) -> None:
    """Those chosen, in their order, each with its fraction; a count too."""
    address = "/products?show=quality_refund_rate&show=quality_refund_count&sort=-quality_refund_rate.numerator"
    [heading] = re.findall(r"<thead>(.*?)</thead>", boss.get(address).text, re.DOTALL)
    assert text_of(heading).startswith("商品 品退率（首因） ↓ 品退单量")
    first = rows(boss, address)[0]
    assert first.startswith("红裙子 P1 · 一号店 · 服饰/女装/连衣裙 37.50 % 3/8 样本过少")
    assert "33.33 %" in first  # its category's: 4/12
    assert rows(boss, address)[-1].startswith("没有订单")
    assert "– 0/0 无意义" in rows(boss, address)[-1]


@pytest.mark.spec("KS-B04")
def test_several_bounds_and_words(boss: TestClient) -> None:
    both = f"{RATE.format(part='value', low='20', high='')}&metric=quality_refund_count&part=value&low=2&high="
    assert listed(boss, both) == ["P1"]
    assert listed(boss, "category=服饰/女装/连衣裙&sort=title") == ["P3", "P1"]
    assert listed(boss, "q=p2") == ["P2"]
    assert listed(boss, "shop=S2") == ["P3"]


def test_a_number_that_is_none(boss: TestClient) -> None:
    """It is said, and the condition is not used."""
    told = boss.get(f"/products?{RATE.format(part='value', low='abc', high='')}")
    assert "请填数字" in told.text
    assert len(_ROW.findall(told.text)) == 6


def test_nothing_found_says_what_now(boss: TestClient) -> None:
    told = boss.get("/products?q=没有这样的商品")
    assert told.status_code == 200
    assert "没有商品符合这些条件" in told.text
    assert boss.get("/products?platform=douyin").status_code == 404


def test_views_are_kept_per_account(shop_site: Site, one: TestClient, boss: TestClient) -> None:
    """A view is the query; nobody else sees it; it can be deleted by its owner alone."""
    query = "platform=kuaishou&days=7&show=quality_refund_rate&sort=title"
    told = one.post("/products/views", data={"csrf": csrf_of(one), "name": "我的品退", "query": query}, follow_redirects=False)
    assert (told.status_code, told.headers["location"]) == (303, f"/products?{query}")
    page = one.get("/products").text
    [number] = re.findall(r'action="/products/views/(\d+)/removal"', page)
    assert f"/products?{html.escape(query)}" in page
    assert "我的品退" not in boss.get("/products").text
    assert boss.post(f"/products/views/{number}/removal", data={"csrf": csrf_of(boss)}).status_code == 404
    assert one.post(f"/products/views/{number}/removal", data={"csrf": csrf_of(one)}).status_code == 200
    assert "我的品退" not in one.get("/products?q=P1").text


def test_a_reader_saves_no_views(shop_site: Site) -> None:
    reader = shop_site.sign_in("reader", PASSWORD)
    told = reader.post("/products/views", data={"csrf": csrf_of(reader), "name": "x", "query": ""})
    assert told.status_code == 403
    assert 'action="/products/views"' not in reader.get("/products").text


@pytest.mark.spec("KS-B04")
def test_downloads_hold_the_whole_selection(boss: TestClient, one: TestClient) -> None:
    """Guarded against formulas; of a limited account its own products alone."""
    told = boss.get("/products.csv?show=quality_refund_rate&sort=title")
    table = list(csv.reader(io.StringIO(told.content.decode("utf-8-sig"))))
    assert table[0] == [
        "商品编号", "商品标题", "店铺编号", "店铺", "类目",
        *(f"品退率（首因） · {part}" for part in ("值", "分子", "分母", "状态")),
    ]  # fmt: skip
    told_of = {row[0]: row[1:] for row in table[1:]}
    assert set(told_of) == set(TITLES)
    assert told_of["P1"] == ["红裙子", "S1", "一号店", "服饰/女装/连衣裙", "0.375000", "3", "8", "too_few"]
    assert told_of["P2"][0] == "'=蓝裙子"
    assert told_of["P4"][4:] == ["", "0", "0", "undefined"]
    assert "P3" not in one.get("/products.csv").text
    assert boss.get("/products.xlsx").content[:2] == b"PK"


@pytest.mark.spec("KS-B04", "KS-B05")
def test_another_shops_product_is_not_there(one: TestClient) -> None:
    """Told in the very words for one that does not exist, on every page of it."""
    assert "P3" not in listed(one, "sort=title")
    for rest in ("", "/trend", "/quality", "/quality/orders", "/quality/refunds", "/quality/reviews"):
        told, nothing = (one.get(f"/products/{name}{rest}") for name in ("P3", "P0"))
        assert (told.status_code, nothing.status_code) == (404, 404)
        assert told.text.replace("P3", "") == nothing.text.replace("P0", "")


def test_a_product_and_its_figures(one: TestClient) -> None:
    page = text_of(one.get("/products/P1").text)
    assert "红裙子" in page
    [line] = [row for row in rows(one, "/products/P1?days=30") if row.startswith("品退率（首因）")]
    assert "37.50 % 3/8" in line
    assert "33.33 % 1.12×" in line
    assert "没有数值" in one.get("/products/P4").text


def test_a_product_has_the_groups_of_its_shops_board(one: TestClient) -> None:
    board = [text_of(each) for each in re.findall(r'<section id="group-\d+">\s*<h2>([^<]*)', one.get("/shops/S1").text)]
    groups = [text_of(each) for each in re.findall(r'<th scope="rowgroup"[^>]*>(.*?)</th>', one.get("/products/P1").text)]
    assert len(groups) > 1
    assert groups == [each for each in board if each in groups]


def test_days_that_few_metrics_have(one: TestClient) -> None:
    """They take a column only where they are asked for."""
    assert "days=60" not in one.get("/products/P1").text
    assert 'days=60" aria-current' in one.get("/products/P1?days=60").text


@pytest.mark.parametrize("metric", ["quality_refund_rate", "product_quality_refund_rate"])
def test_the_quality_tab_offers_the_days_of_its_metric(one: TestClient, metric: str) -> None:
    shell = one.get(f"/products/P1/quality?metric={metric}").text
    [picker] = re.findall(r'<p class="switch days".*?</p>', shell, re.DOTALL)
    for days in re.findall(r"days=(\d+)", picker):
        figure = f"/figures/kuaishou/{metric}?by=product&amp;subject=P1&amp;days={days}&amp;date="
        assert figure in one.get(f"/products/P1?days={days}").text


@pytest.mark.spec("KS-B05")
def test_quality_tab(one: TestClient) -> None:
    """Reasons that add up to the figure, and the words of the orders counted; without script a link leads to each piece."""
    shell = one.get("/products/P1/quality").text
    for piece in ("orders", "refunds", "reviews"):
        [address] = set(re.findall(rf'hx-get="(/products/P1/quality/{piece}[^"]*)"', shell))
        assert f'<a href="{address}">' in shell
        assert "<html" in one.get(html.unescape(address)).text
        assert "<html" not in one.get(html.unescape(address), headers={"hx-request": "true"}).text
    told = rows(one, "/products/P1/quality/orders", **{"hx-request": "true"})
    assert [row for row in told if "%" in row] == ["质量问题 2 67 %", "描述不符 1 33 %"]
    assert "a2 2024-06-10 2024-06-15 09:00:00 描述不符 描述不符 颜色不对" in told
    assert "a0 2024-06-10 2024-06-24 12:00:00 质量问题 质量问题 两天就坏" in told
    page = one.get("/products/P1/quality/orders").text
    for never in ("晚了一秒", "第二次才说质量", "先换货", "风控单", "签收太晚", "别家", "买家甲"):
        assert never not in page
    assert 'href="/figures/kuaishou/quality_refund_rate?by=product&amp;subject=P1&amp;days=30&amp;date=2024-06-30' in page


@pytest.mark.spec("KS-B05")
def test_recent_refunds(one: TestClient) -> None:
    told = rows(one, "/products/P1/quality/refunds?reason=seven_days")
    assert told == ["不合适 七天无理由 七天无理由 2024-06-13 09:00:00 a3"]
    [last] = rows(one, "/products/P2/quality/refunds")
    assert last == "盒子烂了 破损 破损 2024-06-29 23:59:59 b1"
    assert "统计日才申请" not in one.get("/products/P2/quality/refunds").text


@pytest.mark.spec("KS-B05")
def test_review_words(one: TestClient) -> None:
    """The worst first; nothing automatic, hidden, overturned, or of T itself."""
    told = rows(one, "/products/P1/quality/reviews")
    assert [row.split()[0] for row in told] == ["差到底", "正好在内", "还没撤销", "很好"]
    assert told[0] == "差到底 差评 商品 1 物流 1 服务 1 2024-06-29 a7"
    page = text_of(one.get("/products/P1/quality/reviews").text)
    assert "5 条评价，其中差评 3 条，有文字 4 条" in page
    assert "买家甲" not in page


def test_in_english(one: TestClient) -> None:
    one.get("/language/en?back=/packs")
    for path in (
        "/products",
        "/products/P1",
        "/products/P1/quality/orders",
        "/products/P1/quality/refunds",
        "/products/P1/quality/reviews",
    ):
        assert one.get(path).status_code == 200
    assert "Quality problem" in one.get("/products/P1/quality/orders").text


def test_days_that_are_none(one: TestClient) -> None:
    assert one.get("/products?date=yesterday").status_code == 404
    assert one.get("/products/P1?date=2024-06-29").status_code == 404
    assert one.get("/products/P1?days=12").status_code == 200
