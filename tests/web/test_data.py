"""The data pages: what is covered, uploads by people of a shop, the mapping helper, quarantine, undo, closes."""

import csv
import io
import re
from collections.abc import Mapping

import pytest
from starlette.testclient import TestClient

from tianping.facts.mapping import load, shipped
from tianping.facts.schema import TABLES
from tianping.store import jobs, uploads
from tianping.store.uploads import Upload
from tianping.web.jobs import Jobs
from tianping.web.pages.data_words import reason
from tianping.web.wording import words
from tianping.work.home import facts
from tianping.work.intake.samples import sample
from tianping.work.people import accounts

from .conftest import DATE, Site, csrf_of

PAGES = ("/data", "/data/uploads", "/data/exports", "/data/quarantine", "/data/imports", "/data/closes")
DAY = "2024-04-20 10:00:00"
ORDERS = "order_id,shop_id,product_id,created_at,paid_at"


def own_shops(site: Site, role: str) -> list[str]:
    found = next(member for member in accounts.every(site.console.home) if member.account.name == role)
    return sorted(found.shops)


@pytest.fixture
def mine(own_site: Site) -> str:
    """A shop of the merchant's."""
    return own_shops(own_site, "merchant")[0]


def post(client: TestClient, path: str, **fields: str) -> str:
    """Send a form; where it leads."""
    told = client.post(path, data={"csrf": csrf_of(client), **fields}, follow_redirects=False)
    assert told.status_code == 303, told.text
    return told.headers["location"]


def hand_in(site: Site, client: TestClient, files: Mapping[str, str], **fields: str) -> Upload:
    """Upload files, and wait until something has become of them."""
    sent = [("files", (name, text.encode(), "text/csv")) for name, text in files.items()]
    told = client.post("/data/uploads", data={"csrf": csrf_of(client), **fields}, files=sent, follow_redirects=False)
    assert told.status_code == 303, told.text
    return settled(site, int(told.headers["location"].rsplit("/", 1)[1]))


def settled(site: Site, number: int) -> Upload:
    """The upload, once nothing is under way."""
    for job in reversed(newest_jobs(site)):
        site.console.jobs.wait(job)
    found = uploads.get(site.console.home.database, number)
    assert found is not None
    return found


def newest_jobs(site: Site) -> list[int]:
    return [job.id for job in jobs.newest(site.console.home.database)]


def sheet(columns: str, *rows: tuple[str, ...]) -> str:
    return "\n".join([columns, *(",".join(row) for row in rows)]) + "\n"


@pytest.mark.parametrize("role", ["merchant", "agency", "operator", "auditor", "adjudicator", "administrator"])
@pytest.mark.parametrize("path", PAGES)
def test_everybody_sees_the_data_pages(site: Site, role: str, path: str) -> None:
    """In Chinese and in English, with no word missing."""
    client = site.as_(role)
    for lang in ("en", "zh"):
        client.get(f"/language/{lang}")
        told = client.get(path)
        assert told.status_code == 200, told.text


def test_words_of_tables_and_columns() -> None:
    """Every table of ours has its words."""
    assert {f"data.table_{table}" for table in TABLES} <= words().keys()


def test_coverage_is_of_own_shops(site: Site) -> None:
    """A merchant's page names no other shop, also when asked for one."""
    mine = own_shops(site, "merchant")
    other = own_shops(site, "agency")[0]
    page = site.as_("merchant").get("/data").text
    assert all(shop in page for shop in mine)
    assert other not in page
    asked = site.as_("merchant").get(f"/data?shop={other}").text
    assert "没有名称或编号" in asked
    assert "没有名称或编号" in site.as_("merchant").get("/data?shop=nobody").text
    assert other in site.as_("operator").get(f"/data?shop={other}").text


def test_samples_can_be_tried(site: Site) -> None:
    """Every sample that the page offers is there; nothing else is."""
    page = site.as_("merchant").get("/data/exports").text
    links = re.findall(r'"(/data/exports/\w+/sample\.csv)"', page)
    assert len(links) > 20
    assert all(site.as_("merchant").get(link).status_code == 200 for link in links)
    assert site.as_("merchant").get("/data/exports/..%2F..%2Fsettings/sample.csv").status_code == 404


def test_an_export_of_ours_comes_in(own_site: Site, mine: str) -> None:
    """Uploaded, imported, told; the files are gone afterwards."""
    client = own_site.as_("merchant")
    done = hand_in(
        own_site, client, {"orders.csv": sheet(ORDERS, ("N1", mine, "P1", DAY, DAY), ("N2", "S-other", "P", DAY, DAY))}
    )
    assert done.state == "done", done.said
    page = client.get(f"/data/uploads/{done.id}").text
    assert f"/data/quarantine?seq={done.seq}" in page
    assert not (own_site.console.uploads / str(done.id)).exists()
    con, _ = facts(own_site.console.home)
    assert con.execute("SELECT order_id FROM facts.orders WHERE order_id IN ('N1', 'N2')").fetchall() == [("N1",)]
    assert "这一行不属于您的店铺" in client.get("/data/quarantine").text
    assert str(own_site.console.home.path) not in page


def test_nobody_else_sees_an_upload(own_site: Site, mine: str) -> None:
    """Nor its import, quarantine and job, but those who see all shops."""
    done = hand_in(own_site, own_site.as_("merchant"), {"orders.csv": sheet(ORDERS, ("N2", "S-other", "P", DAY, DAY))})
    job = newest_jobs(own_site)[0]
    for path in (
        f"/data/uploads/{done.id}",
        f"/data/uploads/{done.id}/state",
        f"/data/imports/{done.seq}",
        f"/data/jobs/{job}",
    ):
        assert own_site.as_("merchant").get(path).status_code == 200
        assert own_site.as_("operator").get(path).status_code == 200
        assert own_site.as_("agency").get(path).status_code == 404
    assert "S-other" not in own_site.as_("agency").get("/data/quarantine").text
    assert own_site.as_("merchant").get("/data/imports/1").status_code == 404
    assert "隔离区是空的" in own_site.as_("agency").get("/data/quarantine").text


def test_reading_is_not_uploading(own_site: Site) -> None:
    """An auditor changes nothing; nobody changes anything without the form's token."""
    auditor = own_site.as_("auditor")
    for path in ("/data/uploads", "/data/closes", "/data/imports/1/undoing", "/data/quarantine/retrials"):
        assert auditor.post(path, data={"csrf": csrf_of(auditor)}).status_code == 403
        assert own_site.as_("operator").post(path, data={"csrf": "x"}).status_code == 403


def test_a_strange_file_is_asked_about(own_site: Site, mine: str) -> None:
    """Headings no mapping knows: the helper proposes, a person corrects, sees the first rows, and the file comes in."""
    client = own_site.as_("merchant")
    text = sheet("编码,货号,客人,建单,收款", ("X1", "P1", "B1", DAY, DAY), ("X2", "P1", "B2", DAY, DAY))
    asked = hand_in(own_site, client, {"我的表.csv": text}, shop=mine)
    assert asked.state == "asking"
    at = f"/data/uploads/{asked.id}/files/0"
    assert client.get(f"/data/uploads/{asked.id}").status_code == 200
    assert "编码" in client.get(f"{at}?table=orders").text
    form = {"table": "orders"} | {f"heading{n}": name for n, name in enumerate(("编码", "货号", "客人", "建单", "收款"))}
    lacking = client.post(f"{at}/mapping", data={"csrf": csrf_of(client), **form, "column0": "order_id"})
    assert lacking.status_code == 400
    chosen = dict(
        zip((f"column{n}" for n in range(5)), ("order_id", "product_id", "buyer_id", "created_at", "paid_at"), strict=True)
    )
    shown = client.post(f"{at}/preview", data={"csrf": csrf_of(client), **form, **chosen}).text
    assert "X1" in shown
    assert post(client, f"{at}/mapping", **form, **chosen) == f"/data/uploads/{asked.id}"
    post(client, f"/data/uploads/{asked.id}/import")
    done = settled(own_site, asked.id)
    assert done.state == "done", done.said
    con, _ = facts(own_site.console.home)
    assert con.execute("SELECT shop_id FROM facts.orders WHERE order_id = 'X2'").fetchall() == [(mine,)]


def test_a_row_is_mended_in_place(own_site: Site, mine: str) -> None:
    """By its form, also where a person's own mapping read it and the file is long gone."""
    client = own_site.as_("merchant")
    text = sheet("编码,货号,建单", ("X1", "P1", "rubbish"))
    asked = hand_in(own_site, client, {"我的表.csv": text}, shop=mine)
    form = {"table": "orders", "heading0": "编码", "heading1": "货号", "heading2": "建单"}
    post(
        client,
        f"/data/uploads/{asked.id}/files/0/mapping",
        **form,
        column0="order_id",
        column1="product_id",
        column2="created_at",
    )
    post(client, f"/data/uploads/{asked.id}/import")
    assert settled(own_site, asked.id).state == "done"
    page = client.get("/data/quarantine").text
    [link] = re.findall(r'"(/data/quarantine/row\?id=[^"]+)"', page)
    row = client.get(link.replace("&amp;", "&")).text
    [id_] = set(re.findall(r'name="id" value="([^"]+)"', row))
    assert "rubbish" in row
    assert post(client, "/data/quarantine/rows", id=id_, cell0="X1", cell1="P1", cell2=DAY) == "/data/quarantine"
    assert "隔离区是空的" in client.get("/data/quarantine").text
    con, _ = facts(own_site.console.home)
    assert con.execute("SELECT count(*) FROM facts.orders WHERE order_id = 'X1'").fetchall() == [(1,)]


def test_rows_are_mended_in_a_sheet(own_site: Site, mine: str) -> None:
    """Downloaded without anything that a spreadsheet would run, mended, handed in again."""
    client = own_site.as_("merchant")
    hand_in(own_site, client, {"orders.csv": sheet(ORDERS, ("N1", mine, "=1+1", "rubbish", DAY))})
    told = client.get("/data/quarantine/sheets.csv")
    rows = list(csv.DictReader(io.StringIO(told.content.decode("utf-8-sig"))))
    assert rows[0]["product_id"] == "'=1+1"
    mended = told.content.decode("utf-8-sig").replace("rubbish", DAY).encode()
    sent = client.post(
        "/data/quarantine/sheets", data={"csrf": csrf_of(client)}, files=[("files", ("x.csv", mended, "text/csv"))],
        follow_redirects=False,
    )  # fmt: skip
    assert sent.status_code == 303, sent.text
    con, _ = facts(own_site.console.home)
    assert con.execute("SELECT product_id FROM facts.orders WHERE order_id = 'N1'").fetchall() == [("=1+1",)]
    assert client.get("/data/quarantine/sheets.xlsx").status_code == 404


def test_an_import_is_taken_back(own_site: Site, mine: str) -> None:
    """Once it is said twice; others' imports are not there."""
    client = own_site.as_("merchant")
    done = hand_in(own_site, client, {"orders.csv": sheet(ORDERS, ("N1", mine, "P1", DAY, DAY))})
    at = f"/data/imports/{done.seq}"
    assert client.post(f"{at}/undoing", data={"csrf": csrf_of(client)}).status_code == 409
    assert client.post("/data/imports/1/undoing", data={"csrf": csrf_of(client), "sure": "yes"}).status_code == 404
    assert post(client, f"{at}/undoing", sure="yes") == at
    con, _ = facts(own_site.console.home)
    assert con.execute("SELECT count(*) FROM facts.orders WHERE order_id = 'N1'").fetchall() == [(0,)]
    assert "撤销" in client.get("/data/imports").text


def test_a_day_is_closed(own_site: Site) -> None:
    """As a job, whose state the page shows; no day that has not come."""
    client = own_site.as_("operator")
    at = post(client, "/data/closes", date=DATE.isoformat())
    own_site.console.jobs.wait(int(at.rsplit("=", 1)[1]))
    assert f"{DATE} 的日结已完成" in client.get(at).text
    told = client.get(f"/data/jobs/{at.rsplit('=', 1)[1]}")
    assert told.headers["HX-Refresh"] == "true"
    assert client.post("/data/closes", data={"csrf": csrf_of(client), "date": "2099-01-01"}).status_code == 409


def test_what_was_under_way_when_the_server_died(own_site: Site) -> None:
    """Is said to have failed, and its upload can be tried again."""
    from tianping.store import jobs

    desk = own_site.console
    desk.jobs.stop()
    engine = desk.home.database
    upload = uploads.add(engine, 1, desk.clock(), [{"name": "x.csv", "bytes": 1}], {})
    number = jobs.queue(engine, "import", 1, desk.clock(), {"upload": upload})
    assert jobs.take(engine) is not None
    uploads.change(engine, upload, state="running")
    Jobs(desk.home, desk.packs, desk.clock).stop()
    lost, kept = jobs.get(engine, number), uploads.get(engine, upload)
    for one in (lost, kept):
        assert one is not None
        assert one.state == "failed"
        assert "the server stopped" in one.said


def test_a_file_that_says_another_shop(own_site: Site, mine: str) -> None:
    """By its name or by the form: refused in the same words whether there is such a shop or not."""
    client = own_site.as_("merchant")
    other = own_shops(own_site, "agency")[0]
    said = []
    for shop in (other, "nobody"):
        asked = hand_in(own_site, client, {f"{shop}@orders.csv": sheet("order_id,product_id,created_at", ("N1", "P1", DAY))})
        assert asked.state == "asking"
        assert f"文件名写着店铺“{shop}”，不在您的店铺范围内" in client.get(f"/data/uploads/{asked.id}").text
        said.append(str(asked.files[0]["said"]).replace(shop, ""))
        told = client.post(
            "/data/uploads",
            data={"csrf": csrf_of(client), "shop": shop},
            files=[("files", ("orders.csv", b"a\n1\n", "text/csv"))],
        )
        assert told.status_code == 409
    assert said[0] == said[1]


def test_why_files_are_refused_is_said_to_script(own_site: Site) -> None:
    """As JSON in the reader's language: too many, an empty one, half a period."""
    client = own_site.as_("operator")

    def said(*names: str, text: bytes = b"a\n1\n", **fields: str) -> str:
        sent = [("files", (name, text, "text/csv")) for name in names]
        asked = {"Accept": "application/json", "X-CSRF-Token": csrf_of(client)}
        told = client.post("/data/uploads", data=fields, files=sent, headers=asked)
        assert told.status_code == 409
        return str(told.json()["said"])

    assert said(*(f"{n}.csv" for n in range(401))) == "一次最多 400 个文件，您选了 401 个；请分几次上传"
    assert "1000 个" in said(*(f"{n}.csv" for n in range(1001)))
    assert said("空.csv", text=b"") == "空.csv 是空的；请重新导出"
    assert said("a.csv", first="2024-03-01").startswith("覆盖日期要填起止两天")
    client.get("/language/en")
    assert said("空.csv", text=b"") == "空.csv is empty; export it again"
    assert 'data-most-files="400"' in client.get("/data/uploads").text


def test_a_new_shop_can_be_named(own_site: Site) -> None:
    """Beside the known ones, by whoever sees all shops; nobody's shop stands there before it is chosen."""
    client = own_site.as_("operator")
    text = sample("kuaishou_orders").read_text("utf-8")
    asked = hand_in(own_site, client, {"订单.csv": text})
    page = client.get(f"/data/uploads/{asked.id}").text
    [field] = re.findall(r'<input id="shop-1"[^>]*>', page)
    assert 'name="shop kuaishou"' in field
    assert "value=" not in field
    assert '<datalist id="shop-1-known">' in page
    assert "required" in field
    post(client, f"/data/uploads/{asked.id}/shop", **{"shop kuaishou": "K-new"})
    done = settled(own_site, asked.id)
    assert done.state == "done", done.said
    con, _ = facts(own_site.console.home)
    assert con.execute("SELECT count(*) > 0 FROM facts.orders WHERE shop_id = 'K-new'").fetchall() == [(True,)]
    agency = own_site.as_("agency")
    page = agency.get(f"/data/uploads/{hand_in(own_site, agency, {'订单.csv': text}).id}").text
    assert re.search(r'<select id="shop-1" name="shop kuaishou" required[^>]*><option value="">请选择店铺', page)


def test_a_row_that_was_read_is_mended_in_yuan_on_the_shops_clock(own_site: Site, mine: str) -> None:
    """Not in fen and UTC, as we keep it; its cells that are left alone stay, its reason names columns in words."""
    client = own_site.as_("merchant")
    con, _ = facts(own_site.console.home)
    [(order,)] = con.execute("SELECT min(order_id) FROM facts.orders WHERE shop_id = ?", [mine]).fetchall()
    columns = "case_id,order_id,kind,reason,requested_at,refund_yuan"
    hand_in(own_site, client, {"cases.csv": sheet(columns, ("C-n", "nobodys", "refund_only", "quality", DAY, "12.5"))})
    [link] = re.findall(r'"(/data/quarantine/row\?id=[^"]+)"', client.get("/data/quarantine").text)
    page = client.get(link.replace("&amp;", "&")).text
    assert 'value="12.50"' in page
    assert f'value="{DAY}"' in page
    assert "退款金额（元）" in page
    assert "case_id:" not in page
    fields = {f"cell{at}": value for at, value in re.findall(r'name="cell(\d+)" type="text" value="([^"]*)"', page)}
    at = {value: name for name, value in fields.items()}
    [id_] = set(re.findall(r'name="id" value="([^"]+)"', page))
    wrong = client.post("/data/quarantine/rows", data={"csrf": csrf_of(client), "id": id_, **fields, at["12.50"]: "many"})
    assert wrong.status_code == 409
    assert "退款金额（元）：不是金额；请写元" in wrong.text
    mended = fields | {at["12.50"]: "¥1,299.9", at["nobodys"]: str(order), at[DAY]: "2024/04/20 11:00:00"}
    post(client, "/data/quarantine/rows", id=id_, **mended)
    con, _ = facts(own_site.console.home)
    found = con.execute("SELECT refund_fen, requested_at::VARCHAR FROM facts.cases WHERE case_id = 'C-n'").fetchall()
    assert found == [(129990, "2024-04-20 03:00:00")]


def test_the_preview_says_what_the_file_says(own_site: Site) -> None:
    """Times on the shop's clock, money in yuan, no shop of our making."""
    client = own_site.as_("operator")
    text = sheet("编码,货号,建单,实付", ("X1", "P1", DAY, '"¥1,299.90"'))
    asked = hand_in(own_site, client, {"我的表.csv": text})
    form = {"table": "orders"} | {f"heading{n}": name for n, name in enumerate(("编码", "货号", "建单", "实付"))}
    chosen = {f"column{n}": name for n, name in enumerate(("order_id", "product_id", "created_at", "amount_fen"))}
    data = {"csrf": csrf_of(client), **form, **chosen}
    page = client.post(f"/data/uploads/{asked.id}/files/0/preview", data=data).text
    for cell in (DAY, "¥1\u2009299.90", "（稍后指定）"):
        assert re.search(rf'<td data-label="[^"]*">{cell}</td>', page), cell


def left_out() -> list[str]:
    """Every reason for which a shipped mapping skips or refuses a row."""
    targets = [target for name in shipped() for target in load(name).tables]
    rules = [rule.reason for target in targets for rule in (*target.skip, *target.refuse)]
    return sorted({*rules, *(target.once for target in targets if target.once)})


@pytest.mark.parametrize("why", left_out())
def test_why_mappings_leave_rows_out_is_said_in_chinese(why: str) -> None:
    assert not re.search("[a-z]", reason("zh", why))
    assert reason("en", why) == why


@pytest.mark.parametrize(
    ("why", "told"),
    [
        ("a b.xlsx has a password; the end of its name and what was said do not fit; x", "填写工作簿密码"),
        ("x.csv does not begin with column names: it is no table in UTF-8 or GB18030; export it as CSV", "x.csv 开头不是表头"),
        ("x.xlsx is no XLSX workbook, though its name says so; open it in Excel and save it as one", "x.xlsx 不是完好的 Excel"),
        ("x.xlsx unpacks to 381 MB, 1028 times its own size: too much for a workbook; save it", "381 MB，是文件本身的 1028 倍"),
        ("x.pdf: files of this kind are not read; export it as one of .csv (text also as .gz)", "x.pdf：不读这种文件"),
        ('the mappings "a" and "b" read the same orders, each in its own way', "映射 a 和 b 读的是同样的订单"),
        ("2099-01-01 has not come yet; close 2026-11-22 or an earlier day", "2099-01-01 还没到；请选 2026-11-22"),
        ("quarantine of import 2", "导入 2 的隔离区"),
        ("x.csv is empty; a file of facts begins with its column names", "x.csv 是空的"),
    ],
)  # fmt: skip
def test_refusals_are_said_in_chinese(why: str, told: str) -> None:
    assert reason("zh", why).startswith(told) or told in reason("zh", why)
