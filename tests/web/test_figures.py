"""A figure's page: its definition, its rows to the second, and nothing of other shops."""

import csv
import datetime as dt
import html
import re
import shutil
from collections.abc import Callable
from io import BytesIO, StringIO
from pathlib import Path

import duckdb
import pytest
from python_calamine import CalamineWorkbook
from starlette.testclient import TestClient

from tianping.web.addresses import address
from tianping.work.closing.closed import find
from tianping.work.home import open_home, set_scope
from tianping.work.people import accounts
from tianping.work.people.accounts import Draft, Role
from tianping.work.people.trail import Doer
from web.conftest import Site
from work.homes import bring, closed, rules, table

T = dt.date(2024, 6, 1)
DAY = "2024-05-01"
SECONDS = "2024-05-15T12:00:0"
"""14 days after the payment of every order, but for the last digit."""
PASSWORD = "long enough 1"
FIGURE = "/figures/kuaishou/quality_refund_rate"
ACCOUNTS: tuple[tuple[str, Role, str], ...] = (
    ("a", "merchant", "A"), ("b", "merchant", "B"), ("all", "operator", ""), ("look", "auditor", ""),
)  # fmt: skip
RISKY = "=risk"
EVIL = '=HYPERLINK("http://x")'
ORDERS = "order_id,shop_id,product_id,buyer_id,created_at,paid_at,channel,risk_flagged"


def order(name: str, shop: str = "A", product: str = "PA", risky: bool | None = None) -> tuple[object, ...]:
    return name, shop, product, "buyer", DAY, f"{DAY}T12:00:00", "flash", risky


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shop A: a refund at 14 days sharp and one a second later; a signature at 14 days sharp and one a second later; a risky
    order with a formula for an id. Shop B: one order of its own, and one that names A's product."""
    home = open_home(tmp_path_factory.mktemp("figures") / "home", create=True)
    orders = [order(name) for name in ("sharp", "late", "signed", "unsigned")]
    orders += [order(RISKY, risky=True), order("secret-b", "B", "PB"), order("stray-b", "B", "PA")]
    signed = {"signed": f"{SECONDS}0", "unsigned": f"{SECONDS}1"}
    parcels = [(f"k{n}", each[0], DAY, signed.get(str(each[0]), f"{DAY}T20:00:00")) for n, each in enumerate(orders)]
    cases = [(f"c-{name}", name, "refund_only", "quality", f"{SECONDS}{digit}") for name, digit in (("sharp", 0), ("late", 1))]
    bring(
        home,
        {
            "shops": table("shop_id,platform,name", ("A", "kuaishou", "甲店"), ("B", "kuaishou", "乙店")),
            "products": table("product_id,shop_id,title,category_l1", ("PA", "A", "Cup", "Home"), ("PB", "B", "Pot", "Home")),
            "orders": table(ORDERS, *orders),
            "parcels": table("parcel_id,order_id,shipped_at,signed_at", *parcels),
            "cases": table("case_id,order_id,kind,reason,requested_at", *cases),
        },
    )
    closed(home, T - dt.timedelta(days=1))
    closed(home, T)
    doer = Doer(None, dt.datetime(2024, 6, 3))
    for name, role, shops in (
        ("a", "merchant", {"A"}),
        ("b", "merchant", {"B"}),
        ("all", "operator", None),
        ("look", "auditor", None),
    ):
        draft = Draft(name, role, frozenset(shops) if shops else None)  # type: ignore[arg-type]
        accounts.create(home, name, draft, doer=doer, password=PASSWORD)
    home.database.dispose()
    return home.path


@pytest.fixture(scope="module")
def made(home: Path, open_site: Callable[[Path], Site]) -> Site:
    return open_site(home)


@pytest.fixture(scope="module")
def a(made: Site) -> TestClient:
    """The merchant of shop A."""
    return made.sign_in("a", PASSWORD)


@pytest.fixture(scope="module")
def every(made: Site) -> TestClient:
    """Who sees all shops."""
    return made.sign_in("all", PASSWORD)


def plain(text: str) -> str:
    """A page as its readers see it: no markup, one blank for many."""
    text = re.sub(r"<script.*?</script>|<pre.*?</pre>|<[^>]*>", " ", text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(text)).replace("\u2009", " ")


def at(*more: str, **query: object) -> str:
    return address(FIGURE, *more, **{"subject": "A", **query})


def rows(client: TestClient, **query: object) -> list[dict[str, str]]:
    """The rows of the file."""
    told = client.get(at("rows.csv", **query))
    assert told.status_code == 200, told.text
    return list(csv.DictReader(StringIO(told.text.removeprefix("\ufeff"))))


def test_the_page_says_what_the_figure_is(a: TestClient) -> None:
    """Value, fraction, interval, clause, version, days, and why they end where they do."""
    text = plain(a.get(at()).text)
    version = rules()["kuaishou"].metrics["quality_refund_rate", ""].versions[-1]
    for said in (
        "33.33 %", "1/3", "数据不全：", "订单：2024-04-18 至 2024-04-30", "看该导哪个文件", "95 % 区间", version.words.zh,
        str(version.source[0].clause),
        f"{version.name} 起生效", "2024-04-18", "2024-05-17", "止于统计日期前第 15 天", "甲店",
    ):  # fmt: skip
        assert said in text, said
    english = a.get(at(), headers={"cookie": f"{'; '.join(f'{n}={v}' for n, v in a.cookies.items())}; lang=en"})
    assert version.words.en in plain(english.text)


def test_rows_to_the_second(a: TestClient) -> None:
    """Fourteen days sharp is within them, a second more is not: for the refund and for the signature."""
    found = {row["order_id"]: (row["role"], row["rule"]) for row in rows(a)}
    assert found == {
        "sharp": ("numerator", ""),
        "late": ("denominator", ""),
        "signed": ("denominator", ""),
        "unsigned": ("left_out", "not_signed_in_14_days"),
        f"'{RISKY}": ("left_out", "risk_flagged"),
    }


def test_the_rows_add_up_to_the_figure(a: TestClient) -> None:
    """The page of rows says so, with each rule in words, what it needs, and how many rows it left out."""
    text = plain(a.get(at("rows")).text)
    assert "明细合计 1/3，与日结一致。" in text
    pack = rules()["kuaishou"]
    for rule in ("risk_flagged", "not_signed_in_14_days"):
        assert f"{pack.rules[rule].label.zh} {pack.rules[rule].when}" in text
    found = rows(a)
    assert (sum(int(row["adds"]) for row in found), sum(row["role"] != "left_out" for row in found)) == (1, 3)


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({}, {"sharp", "late", "signed", "unsigned", RISKY}),
        ({"role": "left_out"}, {"unsigned", RISKY}),
        ({"role": "left_out", "rule": "risk_flagged"}, {RISKY}),
        ({"role": "numerator"}, {"sharp"}),
        ({"role": "not_counted"}, set()),
        ({"skip": 4}, {"unsigned"}),
        ({"skip": 99}, set()),
    ],
)
def test_rows_are_filtered_and_paged(a: TestClient, query: dict[str, object], shown: set[str]) -> None:
    """By role and rule; beyond the last row there is none, and no error."""
    text = a.get(at("rows", **query)).text
    assert set(re.findall(r'<tr><th scope="row">([^<]*)</th>', html.unescape(text))) == shown


def test_the_piece_is_the_rows_without_the_frame(a: TestClient) -> None:
    told = a.get(at("rows"), headers={"HX-Request": "true"}).text
    assert "<html" not in told
    assert "与日结一致" in told
    assert 'hx-get="/figures/kuaishou/quality_refund_rate/rows?' in a.get(at()).text


def test_files_hold_every_row(a: TestClient) -> None:
    """CSV and XLSX alike; an id that a spreadsheet would run is text in both."""
    told = a.get(at("rows.xlsx"))
    head, *cells = CalamineWorkbook.from_filelike(BytesIO(told.content)).get_sheet_by_index(0).to_python()
    assert head == list(rows(a)[0])
    assert sorted(str(row[head.index("order_id")]) for row in cells) == sorted(row["order_id"] for row in rows(a))
    assert "quality_refund_rate_shop_A_30d_2024-06-01.xlsx" in told.headers["content-disposition"]


OTHERS = (
    {"subject": "B"}, {"subject": "nobody"}, {"by": "product", "subject": "PB"}, {"by": "product", "subject": "nobody"},
    {"by": "shop_category_l1", "subject": "B/Home"}, {"by": "shop_category_l1", "subject": "nobody/Home"},
    {"by": "agent", "subject": "x"},
    {"subject": ""}, {"subject": "A\x00"}, {"by": "platform", "subject": "jd"},
)  # fmt: skip


@pytest.mark.parametrize("below", ["", "rows", "rows.csv", "rows.xlsx", "difference"])
def test_other_shops_are_not_there(a: TestClient, below: str) -> None:
    """A shop, product or category of somebody else and one that does not exist give the same page."""
    told = [a.get(at(*filter(None, [below]), **query, **{"with": "review_count"})) for query in OTHERS]
    assert {each.status_code for each in told} == {404}
    pages = {each.text.split("<main", 1)[1].split("</main", 1)[0] for each in told}
    assert len(pages) == 1
    assert not any(word in page for page in pages for word in ("secret-b", "乙店", "Pot"))


@pytest.mark.parametrize("query", [{"by": "platform", "subject": ""}, {"by": "category_l1", "subject": "Home"}])
def test_rows_of_a_platform_are_not_everybody_s(made: Site, a: TestClient, every: TestClient, query: dict[str, str]) -> None:
    """Of one's own shops the average too is for those alone who see them all; of a market it is everybody's, its rows never."""
    assert a.get(at(**query)).status_code == 404
    assert len(rows(every, **query)) == 7
    set_scope(made.console.home, "market")
    try:
        text = plain(a.get(at(**query)).text)
        assert "2/5" not in text
        assert "1/5" in text
        assert "只有能看全部店铺的账号可以查看" in text
        for below in ("rows", "rows.csv", "rows.xlsx", "difference"):
            assert a.get(at(below, **query, **{"with": "review_count"})).status_code == 404
    finally:
        set_scope(made.console.home, "own_shops")


def test_a_stray_order_of_another_shop_is_not_shown(a: TestClient, every: TestClient) -> None:
    """B's order names A's product: it is in the product's figure, its row is B's alone."""
    query = {"by": "product", "subject": "PA"}
    assert {row["shop_id"] for row in rows(every, **query)} == {"A", "B"}
    assert {row["shop_id"] for row in rows(a, **query)} == {"A"}
    for below in ((), ("rows",), ("difference",)):
        assert "stray-b" not in a.get(at(*below, **query, **{"with": "product_quality_refund_rate"})).text
    assert "stray-b" in every.get(at("rows", **query)).text


def test_other_definitions_row_by_row(a: TestClient) -> None:
    """The first version leaves nobody out: the two rows left out today are the whole difference."""
    first = rules()["kuaishou"].metrics["quality_refund_rate", ""].versions[0].name
    page = a.get(at()).text
    [link] = {html.unescape(each) for each in re.findall(r'href="([^"]*/difference\?[^"]*)"', page)}
    told = plain(a.get(link).text)
    assert f"quality_refund_rate%40{first}" in link
    for said in ("1/3", "1/5", "前 2 行，共 2 行", "unsigned", RISKY, "剔除: "):
        assert said in told, said
    old = plain(a.get(at(version=first)).text)
    assert "这里看的是另一个版本" in old
    assert "明细合计 1/5" in plain(a.get(at("rows", version=first)).text)


def test_what_cannot_be_compared_is_said(a: TestClient) -> None:
    told = a.get(at("difference", **{"with": "refusal_rate"}))
    assert (told.status_code, "计的不是同一种东西" in told.text) == (404, True)
    assert a.get(at("difference", **{"with": "nothing"})).status_code == 404
    assert a.get(at("difference")).status_code == 400


def test_days_that_were_not_closed(a: TestClient) -> None:
    """The rows are counted now, and nothing pretends that the close has them."""
    assert "的日结里没有这个数值" in plain(a.get(at(days=45)).text)
    assert "明细合计 1/3（33.33 %），当场计算，不在日结里。" in plain(a.get(at("rows", days=45)).text)


def test_the_trend_has_both_closes(a: TestClient) -> None:
    page = a.get(at()).text
    assert '"days": ["2024-05-31", "2024-06-01"]' in page
    assert a.get(at(date="2020-01-01")).status_code == 404


@pytest.mark.parametrize(
    "query", [{"days": 0}, {"days": "x"}, {"by": "buyer"}, {"date": "yesterday"}, {"days": 10**6}], ids=str
)
def test_wrong_questions(a: TestClient, query: dict[str, object]) -> None:
    assert a.get(at(**query)).status_code == 400


@pytest.mark.parametrize("path", ["/figures/nowhere/x", "/figures/kuaishou/nothing", "/figures/jd/reply_rate"])
def test_what_is_not_there(a: TestClient, path: str) -> None:
    assert a.get(f"{path}?subject=A").status_code == 404


@pytest.fixture
def changed(home: Path, open_site: Callable[[Path], Site], tmp_path: Path) -> Site:
    """The same on a copy, to be changed."""
    shutil.copytree(home, tmp_path / "home")
    return open_site(tmp_path / "home")


def test_a_figure_that_its_rows_do_not_give(changed: Site) -> None:
    """Somebody changed the close's file: page and piece say what now, the piece without breaking the page around it."""
    path = changed.console.home.path / find(changed.console.home, T).path
    sql = f"copy (select * replace (numerator + 1 as numerator) from read_parquet('{path}')) to '{path}.new' (format parquet)"
    duckdb.connect().execute(sql)
    Path(f"{path}.new").replace(path)
    client = changed.sign_in("a", PASSWORD)
    for headers, status in (({}, 409), ({"HX-Request": "true"}, 200)):
        told = client.get(at("rows"), headers=headers)
        assert (told.status_code, "/data/closes" in told.text) == (status, True)
        assert "明细与 2024-06-01 日结的数值对不上" in told.text
        assert str(changed.console.home.path) not in told.text


def csrf(client: TestClient) -> str:
    found = re.search(r'<meta name="csrf" content="([^"]*)"', client.get(at()).text)
    assert found
    return found.group(1)


def form(client: TestClient, **more: str) -> dict[str, str]:
    """What the figure's own form sends."""
    page = client.get(at(**more)).text
    part = page.split('action="/figure-reports"', 1)[1].split("</form>", 1)[0]
    return dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', part))


def test_this_figure_is_wrong(changed: Site) -> None:
    """Sent from the page, kept with its rows, seen by its sender and by who looks into it, by nobody else."""
    mine, other, operator, auditor = (changed.sign_in(name, PASSWORD) for name in ("a", "b", "all", "look"))
    told = mine.post("/figure-reports", data=form(mine) | {"words": f"坏数 <b>{EVIL}"}, follow_redirects=False)
    assert (told.status_code, told.headers["location"]) == (303, "/figure-reports/1")
    page = mine.get("/figure-reports/1").text
    assert "&lt;b&gt;" in page
    assert "sharp" in page
    assert "已提交，编号 1。" in plain(page)
    for reader in (operator, auditor):
        assert "坏数" in reader.get("/figure-reports").text
        assert "sharp" in reader.get("/figure-reports/1/rows.csv").text
    assert "坏数" not in other.get("/figure-reports").text
    for path in ("/figure-reports/1", "/figure-reports/1/rows.csv", "/figure-reports/2"):
        assert other.get(path).status_code == 404
    assert mine.post("/figure-reports/1/closing", data={"csrf": csrf(mine)}).status_code == 403
    assert auditor.post("/figure-reports/1/closing", data={"csrf": csrf(auditor)}).status_code == 403
    assert "已核对" in operator.post("/figure-reports/1/closing", data={"csrf": csrf(operator)}).text


def test_reports_that_are_refused(changed: Site) -> None:
    """Without words, without our form, of another shop, by an auditor: nothing is kept."""
    mine, auditor = changed.sign_in("a", PASSWORD), changed.sign_in("look", PASSWORD)
    sent = form(mine)
    assert "请写下哪里不对" in mine.post("/figure-reports", data=sent | {"words": " "}).text
    assert mine.post("/figure-reports", data=sent | {"words": "x", "csrf": "no"}).status_code == 403
    assert mine.post("/figure-reports", data=sent | {"words": "x", "subject": "B"}).status_code == 404
    assert 'action="/figure-reports"' not in auditor.get(at()).text
    assert auditor.post("/figure-reports", data=sent | {"words": "x", "csrf": csrf(auditor)}).status_code == 403
    assert "没有人提过数值疑问" in mine.get("/figure-reports").text
