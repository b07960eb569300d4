"""An export with a column that nobody knows: mapped by hand, two of its rows mended, and the figure after the next close."""

import csv
import datetime as dt
from pathlib import Path

import pytest

from web.conftest import DATE, Site
from web.journeys.conftest import Visit
from web.journeys.test_rows import fraction
from web.journeys.visitor import Look, Place, Visitor

SHOP = "S001"
FIGURE = f"/figures/kuaishou/quality_refund_rate?by=shop&subject={SHOP}&days=30&date={DATE}"
HEADINGS = ("售后编号", "订单编号", "售后类型", "退款原因", "处理时间", "客户提交")
WRONG = "昨天下午"


@pytest.fixture
def orders(own_site: Site) -> list[tuple[str, dt.datetime]]:
    """Three orders that the figure counts, of which nobody has asked a refund within their fourteen days; each with a time at
    which somebody may ask for one."""
    text = own_site.as_("merchant").get(FIGURE.replace("?", "/rows.csv?")).text
    rows = csv.DictReader(text.removeprefix("\ufeff").splitlines())
    found = [row for row in rows if row["role"] == "denominator" and not row["first_refund_at"]]
    return [(row["order_id"], dt.datetime.fromisoformat(row["paid_at"]) + dt.timedelta(days=3)) for row in found[:3]]


@pytest.fixture
def export(tmp_path: Path, orders: list[tuple[str, dt.datetime]]) -> Path:
    """A quality refund of each order; of the last two the time is no time."""
    times = [str(orders[0][1]), WRONG, WRONG]
    lines = [
        (f"R{n}", order, "仅退款", "质量问题", str(asked + dt.timedelta(days=1)), time)
        for n, ((order, asked), time) in enumerate(zip(orders, times, strict=True))
    ]
    path = tmp_path / "退款.csv"
    path.write_text("\n".join(",".join(line) for line in (HEADINGS, *lines)) + "\n", "utf-8")
    return path


def test_an_export_is_mapped_mended_and_counted(
    own_place: Place, visit: Visit, either: Look, export: Path, orders: list[tuple[str, dt.datetime]]
) -> None:
    """One row comes with the upload, two by mending: three more quality refunds, of as many orders as before."""
    reader = visit(own_place, either, "merchant")
    reader.go(FIGURE)
    numerator, denominator = fraction(reader.main.locator(".lead").inner_text())
    upload(reader, export)
    map_column(reader)
    reader.check()
    for order, asked in orders[1:]:
        mend(reader, order, asked)
    assert reader.t("data.none_bad") in reader.words()
    reader.check()
    close(reader)
    reader.go(FIGURE)
    assert fraction(reader.main.locator(".lead").inner_text()) == (numerator + 3, denominator)
    assert reader.t("figures.adds_up", fraction=f"{numerator + 3}/{denominator}") in reader.words()
    reader.check()


def upload(reader: Visitor, export: Path) -> None:
    """By the form; the shop is said, for the file does not say it."""
    reader.go("/data/exports")
    reader.check()
    reader.follow(reader.link("data.tab_uploads"))
    reader.page.set_input_files("#files", export)
    reader.main.get_by_text(reader.t("data.more_options"), exact=True).click()
    reader.main.get_by_label(reader.t("data.shop_of_files")).select_option(SHOP)
    reader.check()
    reader.follow(reader.button("data.upload_now"))
    assert reader.t("data.upload_asks") in reader.words()
    reader.check()


def map_column(reader: Visitor) -> None:
    """The helper knows all columns but the one that a refund cannot be without."""
    reader.follow(reader.link("data.map_it"))
    assert reader.button("data.use_mapping").is_disabled()
    reader.check()
    reader.main.get_by_label(HEADINGS[-1], exact=True).select_option("requested_at")
    reader.follow(reader.button("data.preview"))
    assert WRONG in reader.section("data.first_rows").inner_text()
    reader.check()
    reader.follow(reader.button("data.use_mapping"))
    reader.follow(reader.button("data.import_now"))
    assert reader.t("data.bad_rows", n=2) in reader.words()
    reader.check()
    reader.follow(reader.link("data.see_quarantine"))


def mend(reader: Visitor, order: str, asked: dt.datetime) -> None:
    """In place: the row's cells as a form."""
    reader.follow(reader.main.locator("tbody tr").filter(has_text=order).get_by_role("link", name=reader.t("data.mend")))
    cell = reader.main.get_by_label(HEADINGS[-1])
    assert cell.input_value() == WRONG
    cell.fill(str(asked))
    reader.check()
    reader.follow(reader.button("data.retry_row"))
    assert reader.page.get_by_role("status").inner_text() == reader.t("data.retried", good=1, bad=0)


def close(reader: Visitor) -> None:
    """The same day again, which knows more now."""
    reader.go("/data/closes")
    reader.main.get_by_label(reader.t("data.close_date")).fill(DATE.isoformat())
    reader.follow(reader.button("data.close_it"))
    assert str(DATE) in reader.page.get_by_role("status").inner_text()
    reader.check()
