"""The real headings collected from public code: each list fits exactly one mapping."""

import csv
from pathlib import Path

import pytest

from proofs import HOUSE
from tianping.facts import mapping, pick
from tianping.facts.headings import find, plain
from tianping.facts.schema import REASONS
from tianping.policy import reasons

FOLDER = HOUSE.parent / "shared" / "data" / "export_headings"
CODES = HOUSE.parent / "shared" / "data" / "reason_codes" / "platform_reason_codes_transcribed.tsv"
LISTS = {
    "douyin_aftersales": "douyin_aftersales",
    "douyin_agent_day_report": "not_facts",
    "douyin_orders": "douyin_orders",
    "douyin_orders_by_main_order": "douyin_orders_by_main_order",
    "erp_jushuitan_order_detail_report": "jushuitan_details",
    "erp_jushuitan_orders": "jushuitan_orders",
    "erp_wangdiantong_sales_outstock": "wangdiantong_outstock",
    "jd_aftersale_services": "jd_aftersales",
    "jd_aftersale_services_newer": "jd_aftersales",
    "jd_orders": "jd_orders",
    "jd_shangzhi_details": "not_facts",
    "kuaishou_aftersales": "kuaishou_aftersales",
    "kuaishou_freight_insurance": "not_facts",
    "kuaishou_orders": "kuaishou_orders",
    "pinduoduo_orders": "pinduoduo_orders",
    "taobao_export_order_detail_list_2026": "taobao_order_details",
    "taobao_export_order_detail_list_classic": "not_facts",
    "taobao_export_order_list_2026": "taobao_orders_2026",
    "taobao_export_order_list_classic": "taobao_orders",
    "taobao_refunds": "taobao_refunds",
    "taobao_refunds_2026": "taobao_refunds_2026",
}


def headings(name: str) -> list[str]:
    path = FOLDER / f"{name}.tsv"
    if not path.exists():
        pytest.skip(f"{path} is not there: the mappings were NOT held against the real headings")
    with path.open(encoding="utf-8") as file:
        return [row["heading_zh"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]


def test_no_list_is_forgotten() -> None:
    headings("kuaishou_orders")
    assert {path.stem for path in FOLDER.glob("*.tsv")} == {*LISTS}


@pytest.mark.parametrize(("name", "expected"), LISTS.items())
def test_each_list_of_headings_fits_one_mapping(name: str, expected: str) -> None:
    assert [fitting.name for fitting in pick.candidates(headings(name))] == [expected]


@pytest.mark.parametrize("name", sorted({*LISTS.values()} - {"not_facts"}))
def test_a_mapping_asks_for_headings_that_exist(name: str) -> None:
    """Every column that a mapping reads stands in one of the lists it reads, but for those known to be elsewhere."""
    lists = [headings(one) for one, fitting in LISTS.items() if fitting == name]
    book = mapping.load(name)
    asked = {ref for target in book.tables for ref in target.refs if not ref.startswith("_")}
    missing = {ref for ref in asked if not any(find(ref, known) is not None for known in lists)}
    assert missing <= ELSEWHERE.get(name, set())


ELSEWHERE = {
    "wangdiantong_outstock": {"物流单号"},
}
"""Asked for where the list is known to be incomplete."""


def test_older_exports_fit_too() -> None:
    """The same export has 61, 62 and 64 columns by date; older files say 申请时间."""
    whole = headings("kuaishou_orders")
    for left_out in ({"国补类型", "订单销售主体"}, {"国补类型", "订单销售主体", "发货类型"}):
        assert [one.name for one in pick.candidates([name for name in whole if name not in left_out])] == ["kuaishou_orders"]
    older = [{"售后申请时间": "申请时间"}.get(name, f"{name} ") for name in headings("kuaishou_aftersales")]
    assert [one.name for one in pick.candidates(older)] == ["kuaishou_aftersales"]


def test_headings_that_differ_in_blanks_width_and_case_are_one() -> None:
    assert plain("商品 ID ") == plain("商品id")
    assert find("退款金额（元）|退款", ["x", "退款金额(元)"]) == 1
    assert find("申请时间|售后申请时间", ["售后申请时间", "申请时间"]) == 1
    assert find("缺", ["x"]) is None


def test_the_packs_words_are_reasons_and_know_the_chinese_words_collected() -> None:
    words = reasons.words("kuaishou")
    assert {*words.values()} <= {*REASONS}
    if not CODES.exists():
        pytest.skip(f"{CODES} is not there: the words were NOT held against the collected ones")
    with CODES.open(encoding="utf-8") as file:
        collected = {row["text_zh"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)}
    assert collected - {*words} == set()


def test_a_packs_own_words_come_before_the_common_ones(tmp_path: Path) -> None:
    (tmp_path / "pack.yaml").write_text(
        "platform: p\nlabel: {zh: 台, en: p}\nreasons:\n  damaged: [质量问题, 摔坏了]\n", "utf-8"
    )
    words = reasons.words("p", folders=[tmp_path])
    assert (words["质量问题"], words["摔坏了"], words["假货"]) == ("damaged", "damaged", "counterfeit")
    assert reasons.words("")["质量问题"] == "quality"
