"""Ends that were open in the console: locked workbooks, mappings of one's own, rows still bad, reasons, phones."""

import re
import urllib.parse
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from facts.books import locked, xlsx
from tianping.facts.mapping import shipped
from tianping.store.uploads import Upload
from tianping.web.pages import products
from tianping.web.pages.data_words import reason
from tianping.work.home import facts
from tianping.work.intake import sheets, uploads

from .conftest import Site, csrf_of
from .test_data import DAY, ORDERS, hand_in, own_shops, post, settled, sheet

SECRET = "geheim-4711"
RULES = """
name: my_shop
label: {zh: 我的店铺系统, en: my shop's system}
files:
  rows: {headings: [编码, 货号, 建单]}
tables:
  - table: orders
    from: rows
    columns: {order_id: 编码, product_id: 货号, created_at: 建单, shop_id: _shop}
"""


@pytest.fixture
def mine(own_site: Site) -> str:
    return own_shops(own_site, "merchant")[0]


def book(order: str, shop: str) -> bytes:
    return xlsx({"Sheet": [ORDERS.split(","), [order, shop, "P1", DAY, DAY]]})


def send(site: Site, client: TestClient, files: dict[str, bytes], rules: bytes = b"", **fields: str) -> Upload:
    """Hand in files of any kind, and a mapping of one's own."""
    sent = [("files", (name, data, "application/octet-stream")) for name, data in files.items()]
    own = [("rules", ("my shop.yaml", rules, "text/yaml"))] if rules else []
    told = client.post(
        "/data/uploads", data={"csrf": csrf_of(client), **fields}, files=[*sent, *own], follow_redirects=False
    )  # fmt: skip
    assert told.status_code == 303, told.text
    return settled(site, int(told.headers["location"].rsplit("/", 1)[1]))


def count(site: Site, *orders: str) -> int:
    con, _ = facts(site.console.home)
    with con:
        [(rows,)] = con.execute("SELECT count(*) FROM facts.orders WHERE list_contains(?, order_id)", [list(orders)]).fetchall()
    return int(rows)


def written(home: Path) -> bytes:
    """Everything that the home keeps."""
    return b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())


def test_locked_workbooks_open_by_the_password_that_was_said(own_site: Site, mine: str) -> None:
    """All of them in one upload; it is written nowhere."""
    client = own_site.as_("merchant")
    files = {f"orders {n}.xlsx": locked(book(f"L{n}", mine), SECRET) for n in (1, 2)}
    done = send(own_site, client, {**files, "orders 3.xlsx": book("L3", mine)}, password=SECRET)
    assert done.state == "done", done.said
    assert count(own_site, "L1", "L2", "L3") == 3
    assert SECRET.encode() not in written(own_site.console.home.path)


def test_a_locked_workbook_asks_for_its_password(own_site: Site, mine: str) -> None:
    """Without one, or with a wrong one, the page has a field for it, and what is said there is not shown again."""
    client = own_site.as_("merchant")
    files = {"orders 1.xlsx": locked(book("L1", mine), SECRET), "kuaishou 2.xlsx": locked(book("L2", mine), SECRET)}
    asked = send(own_site, client, files, password="wrong")
    at = f"/data/uploads/{asked.id}"
    assert asked.state == "asking"
    page = client.get(at).text
    assert "请填写工作簿密码" in page
    assert f'action="{at}/password"' in page
    post(client, f"{at}/password", password="also wrong")
    again = client.get(at).text
    assert "密码不对" in again
    assert "also wrong" not in again
    assert "请再试" not in client.get(at).text
    post(client, f"{at}/password", password=SECRET)
    assert settled(own_site, asked.id).state == "asking", "kuaishou 2 is read by no mapping"
    assert f'action="{at}/password"' not in client.get(at).text
    post(client, f"{at}/files/1/omission")
    post(client, f"{at}/import")
    assert settled(own_site, asked.id).state == "done"
    assert count(own_site, "L1") == 1
    told = client.post(f"{at}/password", data={"csrf": csrf_of(client), "password": SECRET})
    assert told.status_code == 409
    assert "正在处理或已经结束" in told.text


def test_a_password_is_said_of_own_uploads_only(own_site: Site, mine: str) -> None:
    asked = send(own_site, own_site.as_("merchant"), {"orders 1.xlsx": locked(book("L1", mine), SECRET)})
    client = own_site.as_("agency")
    told = client.post(f"/data/uploads/{asked.id}/password", data={"csrf": csrf_of(client), "password": SECRET})
    assert told.status_code == 404


def test_a_mapping_of_ones_own_reads_this_upload(own_site: Site, mine: str) -> None:
    """Files of one upload, in one import; the next upload does not know it."""
    client = own_site.as_("merchant")
    one, two = (sheet("编码,货号,建单", (f"X{n}", "P1", DAY)).encode() for n in (1, 2))
    done = send(own_site, client, {"一.csv": one, "二.csv": two}, RULES.encode(), shop=mine)
    assert done.state == "done", done.said
    assert len(done.report["imports"]) == 1
    assert count(own_site, "X1", "X2") == 2
    assert "我的店铺系统" in client.get(f"/data/uploads/{done.id}").text
    assert hand_in(own_site, client, {"三.csv": one.decode().replace("X1", "X3")}, shop=mine).state == "asking"


def test_rows_that_a_mapping_of_ones_own_read_can_be_mended(own_site: Site, mine: str) -> None:
    """The mapping is kept with the import. A row that stays bad stays at its form, with the new reason."""
    client = own_site.as_("merchant")
    send(own_site, client, {"一.csv": sheet("编码,货号,建单", ("X1", "P1", "rubbish")).encode()}, RULES.encode(), shop=mine)
    [link] = re.findall(r'"/data/quarantine/row\?id=([^"]+)"', client.get("/data/quarantine").text)
    id_ = urllib.parse.unquote(link)
    to = post(client, "/data/quarantine/rows", id=id_, cell0="X1", cell1="P1", cell2="1999-01-01 10:00:00")
    assert to.startswith("/data/quarantine/row?id=")
    page = client.get(to).text
    assert "这一行还是进不来" in page
    assert "年份不在 2000 至 2100 之间" in page
    again = urllib.parse.unquote_plus(to.partition("?id=")[2])
    assert again != id_
    assert post(client, "/data/quarantine/rows", id=again, cell0="X1", cell1="P1", cell2=DAY) == "/data/quarantine"
    assert count(own_site, "X1") == 1


def test_faults_of_a_mapping_are_told_with_their_lines(own_site: Site, mine: str) -> None:
    client = own_site.as_("merchant")
    wrong = RULES.replace("order_id: 编码", "order: 编码").replace("from: rows", "form: rows")
    for lang, head in (("zh", "映射文件 my shop.yaml 有"), ("en", "the mapping my shop.yaml has")):
        client.get(f"/language/{lang}")
        told = client.post(
            "/data/uploads", data={"csrf": csrf_of(client), "shop": mine}, headers={"Accept": "application/json"},
            files=[("files", ("一.csv", b"a\n1\n", "text/csv")), ("rules", ("my shop.yaml", wrong.encode(), "text/yaml"))],
        )  # fmt: skip
        assert told.status_code == 409, told.text
        said = told.json()["said"]
        assert said.startswith(head), said
        assert re.search(r"my shop\.yaml:\d+: ", said), said
        assert str(own_site.console.home.path) not in said
    client.get("/language/zh")


FAULTY = {
    "too long": (b"#" * (uploads.MOST_RULES + 1), "太长"),
    "no text": (b"\xff\xfe\x00", "1 处错误"),
    "a pattern that may never end": (RULES.encode() + b'shop_in_name: "((a+)+)+@.*"\n', "shop_in_name"),
    "SQL for a name": (RULES.replace("rows", 'r" FROM x --').encode(), "处错误"),
    "an empty one": (b"\n", "1 处错误"),
}


@pytest.mark.parametrize("kind", FAULTY)
def test_mappings_that_are_none_are_refused(own_site: Site, kind: str) -> None:
    data, told = FAULTY[kind]
    client = own_site.as_("operator")
    sent = client.post(
        "/data/uploads", data={"csrf": csrf_of(client)}, headers={"Accept": "application/json"},
        files=[("files", ("一.csv", b"a\n1\n", "text/csv")), ("rules", ("my.yaml", data, "text/yaml"))],
    )  # fmt: skip
    assert sent.status_code == 409
    assert told in sent.json()["said"], sent.json()
    assert not list((own_site.console.home.path / "uploads").glob("new-*"))


def test_one_mapping_is_enough(own_site: Site) -> None:
    client = own_site.as_("operator")
    sent = client.post(
        "/data/uploads", data={"csrf": csrf_of(client), "mapping": next(iter(shipped()))},
        headers={"Accept": "application/json"},
        files=[("files", ("一.csv", b"a\n1\n", "text/csv")), ("rules", ("my.yaml", RULES.encode(), "text/yaml"))],
    )  # fmt: skip
    assert "请只给一个" in sent.json()["said"]


def test_a_file_that_the_own_mapping_does_not_read_says_so(own_site: Site, mine: str) -> None:
    client = own_site.as_("merchant")
    asked = send(own_site, client, {"一.csv": b"a,b\n1,2\n"}, RULES.encode(), shop=mine)
    assert asked.state == "asking"
    assert "一.csv 不是映射 my_shop 读的文件：缺少列" in client.get(f"/data/uploads/{asked.id}").text


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize(("lang", "why"), [("zh", "不是时间"), ("en", "not a time")])
def test_sheets_say_why_in_the_readers_language(
    own_site: Site, mine: str, form: str, lang: str, why: str, tmp_path: Path
) -> None:
    """And come back whichever it was."""
    client = own_site.as_("merchant")
    hand_in(own_site, client, {"orders.csv": sheet(ORDERS, ("N1", mine, "P1", "rubbish", DAY))})
    client.get(f"/language/{lang}")
    path = tmp_path / f"sheet.{form}"
    path.write_bytes(client.get(f"/data/quarantine/sheets.{form}").content)
    client.get("/language/zh")
    [line] = sheets.lines(path, "_quarantine")
    assert why in line.cells["_reason"]
    sheets.write(path, list(line.cells), [[DAY if cell == "rubbish" else cell for cell in line.cells.values()]])
    sent = client.post(
        "/data/quarantine/sheets", data={"csrf": csrf_of(client)}, files=[("files", (path.name, path.read_bytes()))]
    )
    assert sent.status_code == 200, sent.text
    assert count(own_site, "N1") == 1


def test_imports_of_mended_rows_are_called_in_words(own_site: Site, mine: str) -> None:
    client = own_site.as_("merchant")
    done = hand_in(own_site, client, {"orders.csv": sheet(ORDERS, ("N1", mine, "P1", "rubbish", DAY))})
    told = client.get("/data/quarantine/sheets.csv").content.decode("utf-8-sig").replace("rubbish", DAY).encode()
    client.post("/data/quarantine/sheets", data={"csrf": csrf_of(client)}, files=[("files", ("x.csv", told))])
    assert f"导入 {done.seq} 的隔离区" in client.get("/data/imports").text


def test_work_that_failed_says_why_in_the_readers_language(own_site: Site) -> None:
    client = own_site.as_("operator")
    to = post(client, "/data/quarantine/retrials")
    own_site.console.jobs.wait(int(to.partition("job=")[2]))
    assert "隔离区里没有能原样重新导入的行" in client.get(to).text


@pytest.mark.parametrize(
    "said",
    [
        "the server stopped while this was under way; what was not finished left no trace, so do it again",
        "another import into here is running; try again when it is done",
        "sheet.csv has no column _quarantine; mend a file that `tianping quarantine export` wrote",
        "nothing in the file is chosen for order_id, shop_id; choose a column for each",
        "upload 3 is under way or over; it cannot be taken away",
        "this is the only file of the upload; take the upload itself away",
        'a.csv: its headings fit several mappings; choose with --mapping, one of: one, two',
    ],
)  # fmt: skip
def test_rare_refusals_are_said_in_chinese(said: str) -> None:
    assert re.match("[\u4e00-\u9fff]|a.csv [\u4e00-\u9fff]", reason("zh", said)), reason("zh", said)
    assert reason("en", said) == said


def test_phones_get_fewer_cards_a_page(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them, page after page."""
    assert products.CARDS == 20
    monkeypatch.setattr(products, "CARDS", 7)
    client = site.as_("operator")

    def listed(path: str, browser: str) -> list[str]:
        return re.findall(
            r'<th scope="row"><a href="/products/([^"?]+)', client.get(path, headers={"User-Agent": browser}).text
        )

    phone, every = "Mozilla/5.0 (Linux; Android 14) Chrome/130.0 Mobile Safari/537.36", listed("/products", "Mozilla/5.0 (X11)")
    assert listed("/products", phone) == every[:7]
    assert listed("/products?page=2", phone) == every[7:14]
