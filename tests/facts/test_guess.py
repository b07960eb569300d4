"""A mapping proposed for an export that nobody knows: what it recognises, what it leaves open, and what the rows become."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from tianping.cli.main import cli
from tianping.facts import guess, mapping

from .test_mapping_samples import SAMPLES

AFTERSALES = """\
订单编号,售后编号,售后类型,申请时间,退款金额(元),原因,颜色
2001,A1,仅退款,01/03/2024 10:00,¥12.50,质量问题,红
2002,A2,换新机,02/03/2024 10:00,3,月饼不圆,-
"""


def book(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "某平台售后.csv"
    path.write_text(text, "utf-8")
    return path


def test_a_known_export_is_named() -> None:
    found = guess.guess(SAMPLES / "kuaishou_orders.csv")
    assert found.fits == "kuaishou_orders"
    assert found.text == mapping.path_of("kuaishou_orders").read_text("utf-8")


def test_headings_and_values_make_a_mapping_that_can_be_used(tmp_path: Path) -> None:
    """Units, forms of dates and words are from the values; a strange heading is said, a strange word left to quarantine."""
    path = book(tmp_path, AFTERSALES)
    found = guess.guess(path)
    assert (found.fits, found.lacks, found.unknown) == ("", (), ("颜色",))
    tables = {table: (columns, rows) for table, columns, rows in guess.facts(path, found.text, shop="S1")}
    columns, rows = tables["cases"]
    [row] = [dict(zip(columns, row, strict=True)) for row in rows]
    assert {name: str(value) for name, value in row.items()} == {
        "case_id": "A1", "order_id": "2001", "kind": "refund_only", "reason": "quality", "reason_words": "质量问题",
        "requested_at": "2024-03-01 02:00:00", "refund_fen": "1250",
    }  # fmt: skip
    columns, rows = tables["quarantine"]
    assert [dict(zip(columns, row, strict=True))["value"] for row in rows] == ["换新机"]


def test_an_order_export_gives_products_and_parcels_too(tmp_path: Path) -> None:
    head = "订单号,商品编号,商品名称,件数,下单时间,付款时间,实付金额,运单号,发货时间"
    path = book(tmp_path, f"{head}\n9,P1,杯,2,2024/3/1 8:05,,12.5,Y1,2024/3/2 8:00\n")
    made = {table: (columns, rows) for table, columns, rows in guess.facts(path, guess.guess(path).text, shop="S1")}
    assert set(made) == {"orders", "products", "parcels"}
    assert made["parcels"][1][0][0] == "9-Y1"


def test_what_a_fact_needs_and_is_not_there_is_said(tmp_path: Path) -> None:
    found = guess.guess(book(tmp_path, "订单号,金额\n9,1\n"))
    assert found.lacks == ("product_id", "created_at")


@pytest.mark.parametrize("arguments", [["list"], ["list", "--format", "json"], ["show", "olist"]])
def test_the_commands_print(arguments: list[str]) -> None:
    done = CliRunner().invoke(cli, ["mapping", *arguments])
    assert done.exit_code == 0
    assert "olist" in done.stdout


def test_guess_prints_yaml_on_stdout_and_facts_on_stderr(tmp_path: Path) -> None:
    path = book(tmp_path, AFTERSALES)
    done = CliRunner().invoke(cli, ["mapping", "guess", str(path), "--shop", "S1"])
    assert done.exit_code == 0
    kept = tmp_path / "kept.yaml"
    kept.write_text(done.stdout, "utf-8")
    assert mapping.load(str(kept)).name == "某平台售后"
    assert "refund_only" in done.stderr
    assert "not recognised: 颜色" in done.stderr
