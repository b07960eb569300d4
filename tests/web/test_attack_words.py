"""Markup, formulas and breaks in everything that people write: on pages, in downloads, in headers."""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tianping.work.intake import badrows

from .attacker import DATE, Stall, csrf

XSS = "<img src=x onerror=alert(1)>"
BREAK = "</script><script>alert(1)</script><!--"
NAME = re.compile(r"[a-zA-Z][\w:-]*")
FORMULA = '=HYPERLINK("http://evil/","x")'
PAGES = (
    "/morning", "/shops", "/shops/A", "/shops/A/products", "/shops/A/words", "/products", "/products/P1",
    "/products/P1/quality",
    "/products/P1/quality/orders", "/products/P1/quality/refunds", "/products/P1/quality/reviews", "/products/P1/trend",
    "/figures/kuaishou/quality_refund_rate?by=shop&subject=A", "/figures/kuaishou/quality_refund_rate?by=product&subject=P1",
    "/figures/kuaishou/quality_refund_rate/rows?by=shop&subject=A", "/data", "/data/uploads", "/data/imports",
    "/data/quarantine", "/data/closes", "/figure-reports", "/tokens",
    f"/categories/kuaishou/{XSS}", f"/products?q={XSS}&shop={XSS}&category={XSS}",
    f"/shops?q={XSS}", f"/data?shop={XSS}", f"/morning?date={XSS}", f"/login?next={XSS}", f"/nowhere/{XSS}",
)  # fmt: skip


@pytest.fixture(scope="module")
def stall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stall]:
    """Everything that a shop's data can say, it says in markup."""
    day, later = "2024-04-10 10:00:00", "2024-04-12 10:00:00"
    made = Stall.open(tmp_path_factory.mktemp("words"), {
        "shops.csv": _table("shop_id,platform,name,main_category", ("A", "kuaishou", XSS, BREAK)),
        "products.csv": _table("product_id,shop_id,title,category_l1", ("P1", "A", BREAK, XSS), ("P2", "A", FORMULA, BREAK)),
        "orders.csv": _table("order_id,shop_id,product_id,created_at,paid_at",
                             *((f"O{n}", "A", f"P{1 + n % 2}", day, day) for n in range(60))),
        "cases.csv": _table("case_id,order_id,kind,reason,reason_words,reason_text,requested_at",
                            *((f"C{n}", f"O{n}", "refund_only", "quality", XSS, BREAK, later) for n in range(9))),
        "reviews.csv": _table("review_id,order_id,reviewed_at,quality,text",
                              *((f"R{n}", f"O{n}", later, "1", XSS if n % 2 else BREAK) for n in range(9))),
    })  # fmt: skip
    yield made
    made.stop()


def _table(heads: str, *rows: tuple[str, ...]) -> str:
    held = io.StringIO()
    csv.writer(held).writerows([heads.split(","), *rows])
    return held.getvalue()


class _Reader(HTMLParser):
    """What of a page could run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.data = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        self.data = tag == "script" and said.get("type") == "application/json"
        if tag == "script" and not self.data and not str(said.get("src")).startswith("/static/"):
            self.found.append(f"script {said}")
        if tag in ("iframe", "object", "embed", "base") or (
            tag == "img" and not str(said.get("src")).startswith(("/", "data:"))
        ):
            self.found.append(f"{tag} {said}")
        for name, value in attrs:
            runs = (value or "").strip().lower().startswith(("javascript:", "vbscript:", "data:text"))
            if not NAME.fullmatch(name) or name.startswith(("on", "hx-on")) or name == "style" or runs:
                self.found.append(f"{tag} {name}={value}")

    def handle_data(self, data: str) -> None:
        if self.data and "<" in data:
            self.found.append(data)

    def handle_endtag(self, tag: str) -> None:
        self.data = False


def assert_harmless(text: str, where: str) -> None:
    reader = _Reader()
    reader.feed(text)
    assert not reader.found, (where, reader.found)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_markup_in_facts_stays_text(stall: Stall, lang: str) -> None:
    client = stall.as_("a")
    client.get(f"/language/{lang}")
    for path in PAGES:
        told = client.get(path)
        assert told.status_code in (200, 404), path
        assert_harmless(told.text, path)


def test_markup_that_people_write_stays_text(stall: Stall) -> None:
    """File names, headings, words of reports, names of views and tokens, labels of accounts."""
    client, adm = stall.as_("a"), stall.as_("adm")
    token = csrf(client)
    done = stall.hand_in("a", {f"{XSS}{BREAK}.csv": _table(f"{XSS},{FORMULA}", (BREAK, XSS))})
    assert_harmless(client.get(f"/data/uploads/{done.id}").text, "upload")
    assert_harmless(client.get(f"/data/uploads/{done.id}/files/0").text, "helper")
    form = {"csrf": token, "table": "orders", "heading0": XSS, "column0": "order_id", f"word kind {XSS}": BREAK}
    assert_harmless(client.post(f"/data/uploads/{done.id}/files/0/preview", data=form).text, "preview")
    for path, fields in (
        ("/tokens", {"label": XSS}),
        ("/products/views", {"name": XSS, "query": f"q={BREAK}"}),
        ("/figure-reports", {"platform": "kuaishou", "metric": "quality_refund_rate", "by": "shop", "subject": "A",
                             "days": "30", "date": str(DATE), "words": XSS + BREAK}),
    ):  # fmt: skip
        assert_harmless(client.post(path, data={"csrf": token, **fields}).text, path)
    stall.hand_in("a", {"orders-bad.csv": _table("order_id,shop_id,product_id,created_at", (XSS, "A", BREAK, XSS))})
    adm.post("/accounts", data={"csrf": csrf(adm), "name": XSS, "label": BREAK, "shops": XSS, "role": "merchant"})
    adm.post("/accounts", data={"csrf": csrf(adm), "name": XSS, "label": BREAK, "shops": XSS, "role": "nothing"})
    for path in ("/tokens", "/products", "/figure-reports", "/figure-reports/1", "/data/uploads", "/data/quarantine"):
        assert_harmless(client.get(path).text, path)
    for path in ("/accounts", "/accounts/5", "/audit", "/figure-reports/1", "/data/imports"):
        told = adm.get(path)
        assert told.status_code == 200, path
        assert_harmless(told.text, path)


def test_downloads_run_nothing(stall: Stall) -> None:
    """No cell of a download is a formula, and its name breaks no header."""
    client = stall.as_("a")
    whole = "/figures/kuaishou/quality_refund_rate/rows.csv?by=shop&subject=A"
    for path in ("/products.csv?platform=kuaishou", whole, "/products.csv?q=%0d%0aX-Evil:1&shop=%0a"):
        told = client.get(path)
        assert told.status_code == 200, path
        assert "x-evil" not in told.headers
        for row in csv.reader(io.StringIO(told.text.removeprefix("\ufeff"))):
            assert not [cell for cell in row if re.match(r"\s*[=@+＝＋＠]|-\D", cell)], path
    for path in ("/figures/kuaishou/quality%0d%0aX-Evil:1/rows.csv?by=shop&subject=A", f"{whole}%0d%0aX-Evil:1"):
        assert client.get(path).status_code == 404


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_sheet_comes_back_as_it_was(tmp_path: Path, form: str) -> None:
    """Headings and cells that a spreadsheet would run go out guarded and come back whole."""
    stall = Stall.open(tmp_path, {"shops.csv": "shop_id,platform\nA,kuaishou\n"})
    client, heads = stall.as_("a"), ("=编码", "+货号", "-客人", "@建单")
    rows = [("=1+1", "@sum", "-P", "rubbish"), ("X2", "＝y", '+"z"', "rubbish")]
    made = stall.hand_in("a", {"odd.csv": _table(",".join(heads), *rows)}, shop="A")
    chosen = dict(zip(("order_id", "product_id", "buyer_id", "created_at"), heads, strict=True))
    fields = {f"column{n}": column for n, column in enumerate(chosen)} | {f"heading{n}": head for n, head in enumerate(heads)}
    token = csrf(client)
    client.post(f"/data/uploads/{made.id}/files/0/mapping", data={"csrf": token, "table": "orders", **fields})
    client.post(f"/data/uploads/{made.id}/import", data={"csrf": token})
    stall.settle()
    assert badrows.look(stall.site.console.home).total == 2
    sheet = client.get(f"/data/quarantine/sheets.{form}").content
    mended = _mended(sheet) if form == "xlsx" else sheet.replace(b"rubbish", b"2024-04-03 10:00:00")
    told = client.post("/data/quarantine/sheets", data={"csrf": token}, files={"files": (f"s.{form}", mended)})
    assert badrows.look(stall.site.console.home).total == 0, told.text
    found = stall.ask("select order_id, product_id, buyer_id from facts.orders order by all")
    assert found == [("=1+1", "@sum", "-P"), ("X2", "＝y", '+"z"')]
    stall.stop()


def _mended(book: bytes) -> bytes:
    """The workbook with its rubbish replaced. No cell of it is a formula."""
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(held, "w") as new:
        for name in old.namelist():
            assert b"<f>" not in old.read(name)
            new.writestr(name, old.read(name).replace(b">rubbish<", b">2024-04-03 10:00:00<"))
    return held.getvalue()
