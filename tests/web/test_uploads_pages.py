"""The page of an import of many files, what an undo leaves, and closes past the data."""

import datetime as dt
import html
import re

import pytest
from starlette.testclient import TestClient

from tianping.facts import versions
from tianping.facts.versions import Version
from tianping.store import uploads
from tianping.web.pages import data_brought
from tianping.work.home import facts
from tianping.work.people.reach import EVERYTHING

from .conftest import DATE, Site
from .test_data import DAY, ORDERS, hand_in, own_shops, post, sheet

AT = dt.datetime(2024, 5, 1)
REPORT = {
    "known": [["a.csv", 3], ["b.csv", 3], ["c.csv", 2]],
    "unused": [["d.csv", "nobody reads it"]],
    "left_out": [["a.csv", "cases", "not shipped yet", 1200], ["b.csv", "cases", "not shipped yet", 34],
                 ["a.csv", "orders", "not shipped yet", 5]],
    "told": [["reason", "坏", 1000]],
    "lacking": [["cases", ["S1", "S2"], 4]],
}  # fmt: skip


@pytest.fixture
def mine(own_site: Site) -> str:
    """A shop of the merchant's."""
    return own_shops(own_site, "merchant")[0]


def words(page: str) -> str:
    """What a page says in its main part, without its tags."""
    main = page.split("<main", 1)[1].split("</main>", 1)[0]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", main)))


def test_lines_are_summed_over_files() -> None:
    assert data_brought.notes("zh", REPORT) == [
        "2 个文件：与导入 3 的文件完全相同，没有重复导入。",
        "c.csv：与导入 2 的文件完全相同，没有重复导入。",
        "d.csv：没有使用。 nobody reads it",
        "2 个文件：1\u2009234 行不是售后单，已跳过： 还没有发货",
        "a.csv：5 行不是订单，已跳过： 还没有发货",
        "reason：1\u2009000 行写着“坏”，还没有对应的含义。",
        "S1、S2（共 4 家）：这次没有文件带来它们的售后单，这些天不算有数据。",
    ]
    assert data_brought.notes("en", REPORT)[3] == "2 files: 1\u2009234 rows are no row of after-sales cases: not shipped yet"


def test_what_came_by_a_quarantine_still_counts() -> None:
    """Also what came by the quarantine of that, unless it is undone itself."""
    again = {3: 2, 4: 3, 5: 1, 6: 2}
    known = [Version(seq, AT, options={"again": str(again[seq])} if seq in again else {}) for seq in range(1, 7)]
    assert data_brought.retried(known, 2) == [3, 4, 6]
    assert data_brought.retried([*known, Version(7, AT, "undo", 3)], 2) == [4, 6]
    assert data_brought.retried(known, 4) == []


def test_many_files_are_told_like_one(own_site: Site, mine: str) -> None:
    """The result first, with what to do next; the files are folded, and their lines are one."""
    client = own_site.as_("merchant")
    text = [sheet(ORDERS, (f"N{n}", mine, "P1", DAY, DAY if n else "rubbish")) for n in range(12)]
    done = hand_in(own_site, client, {f"orders-{n}.csv": one for n, one in enumerate(text)})
    assert done.state == "done", done.said
    page = client.get(f"/data/uploads/{done.id}").text
    said = words(page)
    places = [said.index(word) for word in ("已导入：读入 12 行", "的日结", f"导入 {done.seq}", "1 行在隔离区", "12 个文件，")]
    assert places == sorted(places)
    assert "orders-0.csv、orders-1.csv、orders-2.csv 另 9 个" in said
    assert page.index("<details") < page.index("orders-11.csv")
    brought = client.get(f"/data/imports/{done.seq}").text
    assert brought.index("已导入：读入 12 行") < brought.index("12 个文件") < brought.index("orders-11.csv")
    assert brought.index("<details") < brought.index("orders-11.csv")
    assert "还没有日结用到这次的变化" in brought
    again = hand_in(own_site, client, {f"orders-{n}.csv": one for n, one in enumerate(text) if n})
    assert f"11 个文件：与导入 {done.seq} 的文件完全相同" in words(client.get(f"/data/uploads/{again.id}").text)


def test_files_to_be_done_something_about_stand_open(own_site: Site, mine: str) -> None:
    """Of many files those that nothing reads, each with the right address; the others folded."""
    client = own_site.as_("merchant")
    files = {f"orders-{n}.csv": sheet(ORDERS, (f"N{n}", mine, "P1", DAY, DAY)) for n in range(11)}
    asked = hand_in(own_site, client, {**files, "我的表.csv": sheet("编码,货号", ("X1", "P1"))}, shop=mine)
    assert asked.state == "asking"
    page = client.get(f"/data/uploads/{asked.id}").text
    assert page.index("我的表.csv") < page.index("其余 11 个文件") < page.index("orders-0.csv")
    at = f"/data/uploads/{asked.id}/files/11"
    assert f'href="{at}"' in page
    assert "编码" in client.get(at).text
    post(client, f"{at}/omission")
    left = uploads.get(own_site.console.home.database, asked.id)
    assert left is not None
    assert "我的表.csv" not in {file["name"] for file in left.files}


def test_chosen_files_are_counted_by_script(site: Site) -> None:
    page = site.as_("merchant").get("/data/uploads").text
    assert 'data-listed="10"' in page
    assert 'data-chosen-many="{n} 个文件，{size}"' in page


def bad_row(client: TestClient) -> tuple[str, dict[str, str]]:
    """The only row in quarantine: its id and cells."""
    [link] = re.findall(r'"(/data/quarantine/row\?id=[^"]+)"', client.get("/data/quarantine").text)
    page = client.get(html.unescape(link)).text
    [id_] = set(re.findall(r'name="id" value="([^"]+)"', page))
    return id_, {f"cell{at}": value for at, value in re.findall(r'name="cell(\d+)" type="text" value="([^"]*)"', page)}


def test_undo_says_what_stays(own_site: Site, mine: str) -> None:
    """Rows mended from its quarantine count until their own import is undone; the upload says that it is undone."""
    client = own_site.as_("merchant")
    done = hand_in(
        own_site, client, {"orders.csv": sheet(ORDERS, ("N1", mine, "P1", DAY, DAY), ("N2", mine, "P1", DAY, "rubbish"))}
    )
    at = f"/data/imports/{done.seq}"
    assert "改好后" not in words(client.get(at).text)
    id_, cells = bad_row(client)
    post(client, "/data/quarantine/rows", id=id_, **{name: DAY if cell == "rubbish" else cell for name, cell in cells.items()})
    mended = versions.newest(own_site.console.home.versions())
    assert f'<a href="/data/imports/{mended}">导入 {mended}</a>' in client.get(at).text
    assert "已撤销" not in client.get("/data/uploads").text
    assert post(client, f"{at}/undoing", sure="yes") == at
    page = client.get(at).text
    assert "改好后由以下导入带进来" in page
    assert f'<a href="/data/imports/{mended}">导入 {mended}</a>' in page
    assert "已撤销" in words(client.get("/data/uploads").text)
    upload = words(client.get(f"/data/uploads/{done.id}").text)
    assert "这次上传带来的导入已经撤销" in upload
    assert "已导入：" not in upload
    con, _ = facts(own_site.console.home)
    assert con.execute("SELECT order_id FROM facts.orders WHERE order_id IN ('N1', 'N2')").fetchall() == [("N2",)]
    post(client, f"/data/imports/{mended}/undoing", sure="yes")
    assert "改好后由以下导入带进来" not in client.get(at).text


def test_a_day_past_the_data_is_closed_when_said_twice(own_site: Site) -> None:
    """The page says where the data end, and offers the day after; a second press closes all the same."""
    client, late = own_site.as_("merchant"), DATE + dt.timedelta(days=1)
    assert own_site.console.last_day(EVERYTHING) == DATE - dt.timedelta(days=1)
    assert own_site.console.clock().date() == late
    assert "?job=" in post(client, "/data/closes", date=str(DATE))
    at = post(client, "/data/closes", date=str(late))
    assert at == f"/data/closes?late={late}"
    page = client.get(at).text
    assert f"您的数据到 {late - dt.timedelta(days=2)} 为止。{late} 的日结会有 1 天没有数据" in page
    assert f"现在做 {DATE} 的日结" in page
    assert f"仍要做 {late} 的日结" in page
    assert "?job=" in post(client, "/data/closes", date=str(late), sure="yes")
    for other in (DATE, DATE + dt.timedelta(days=400)):
        assert "您的数据到" not in client.get(f"/data/closes?late={other}").text
    auditor = own_site.as_("auditor")
    assert "仍要做" not in auditor.get(at).text
