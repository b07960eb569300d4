"""What changed in what two packs say of cases, in words and from when: the shipped rules with one thing edited at a time."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tianping.cli.policy import policy
from tianping.policy.cases import automation, flowing, tables
from tianping.policy.cases.casebook import Casebook, casebooks
from tianping.policy.cases.flowing import FlowVersion
from tianping.policy.diff import diff_cases
from tianping.policy.diffterms import FIELDS
from tianping.policy.diffwords import sentence
from tianping.policy.load import packs, shipped
from tianping.policy.model import Pack
from tianping.policy.strict import Strict

from .test_diff import Edit, put

KUAISHOU = next(path for path in shipped() if path.name == "kuaishou")


@pytest.fixture(scope="module")
def pack() -> Pack:
    return packs([KUAISHOU])["kuaishou"]


@pytest.fixture(scope="module")
def book() -> Casebook:
    return casebooks([KUAISHOU])["kuaishou"]


def said(before: Casebook | None, after: Casebook | None, pack: Pack) -> list[tuple[str, str]]:
    return [(sentence(each, "zh"), sentence(each, "en")) for each in diff_cases(before, after, (pack, pack))]


def test_rules_beside_themselves_say_nothing(pack: Pack) -> None:
    assert [change for book in casebooks().values() for change in diff_cases(book, book, (pack, pack))] == []


UNSHIPPED = "，当 order.shipped_at 未知", " if order.shipped_at unknown"
ALL_DAYS = "适用于 2010-01-01 起开始的单", "for cases that begin from 2010-01-01"
EDITS: list[tuple[str, Edit, str, str]] = [
    (
        "clocks",
        put("hours: 24}, {hours: 48}]", "hours: 12}, {days: 3}]"),
        f"商家处理：时长 24 小时{UNSHIPPED[0]}; 48 小时 → 12 小时{UNSHIPPED[0]}; 3 天，适用于 2023-01-01 起开始的单",
        f"the merchant's answer: time 24 h{UNSHIPPED[1]}; 48 h → 12 h{UNSHIPPED[1]}; 3 d, for cases that begin from 2023-01-01",
    ),
    (
        "clocks",
        put("remind: 12", "remind: 6"),
        f"商家处理：提前提醒的小时数 12 → 6，{ALL_DAYS[0]}，至 2022-12-31 止",
        f"the merchant's answer: hours before the end to remind 12 → 6, {ALL_DAYS[1]}, until 2022-12-31",
    ),
    (
        "automation",
        put("{fact: shop.points, at_least: 100}", "{fact: shop.points, at_least: 90}"),
        f"自动退款（店铺受限）：条件（之一） shop.points ≥ 100 → shop.points ≥ 90，{ALL_DAYS[0]}",
        f"automatic refund of a sanctioned shop: condition (one of) shop.points ≥ 100 → shop.points ≥ 90, {ALL_DAYS[1]}",
    ),
    (
        "automation",
        put("part: platform", "part: rule"),
        f"自动退款（店铺受限）：身份 平台 → 规则，{ALL_DAYS[0]}",
        f"automatic refund of a sanctioned shop: as the platform → rules, {ALL_DAYS[1]}",
    ),
    (
        "automation",
        put("kinds: [refund_only, return_refund], states", "kinds: [refund_only], states"),
        f"自动退款（店铺受限）（agree）：取消单据种类 退货退款，{ALL_DAYS[0]}",
        f"automatic refund of a sanctioned shop (agree): kind Return and refund removed, {ALL_DAYS[1]}",
    ),
    (
        "disputes",
        put("liability: seller, remedy: as_asked, outbound", "liability: both, remedy: as_asked, outbound"),
        f"质量、描述不符、假冒（quality）：责任 商家 → 双方，{ALL_DAYS[0]}",
        f"Quality, mismatch, counterfeit (quality): liability the seller → both, {ALL_DAYS[1]}",
    ),
    (
        "duties",
        put("shares: [duties, calendars]", "shares: [duties]"),
        "取消日历 春节时效延长",
        "calendar More time over the Spring Festival removed",
    ),
]


@pytest.mark.parametrize(("file", "edit", "zh", "en"), EDITS, ids=range(len(EDITS)))
def test_one_edit_is_one_sentence(pack: Pack, book: Casebook, tmp_path: Path, file: str, edit: Edit, zh: str, en: str) -> None:
    shutil.copytree(KUAISHOU, tmp_path / "kuaishou")
    path = tmp_path / "kuaishou" / "cases" / f"{file}.yaml"
    path.write_text(edit(path.read_text(encoding="utf-8")), encoding="utf-8")
    edited = casebooks([tmp_path / "kuaishou"])["kuaishou"]
    assert said(book, edited, pack) == [(zh, en)]


def flow(book: Casebook, kind: str, change: dict[str, Any], *, of: str = "verbs", name: str = "") -> Casebook:
    """The book with one verb (or state) of a flow changed; without `change`, taken out."""
    versions = []
    for version in book.flows[kind].versions:
        part: dict[str, Any] = dict(getattr(version, of))
        if change:
            part[name] = part[name].model_copy(update=change)
        else:
            del part[name]
        versions.append(version.model_copy(update={of: part}))
    changed = book.flows[kind].model_copy(update={"versions": tuple[FlowVersion, ...](versions)})
    return replace(book, flows={**book.flows, kind: changed})


FLOWS: list[tuple[str, str, dict[str, Any], str, str]] = [
    (
        "verbs", "study", {"who": ("merchant", "operator")}, "（完成学习）：新增可由 运营",
        " (finish the study): open to operators added",
    ),
    (
        "verbs", "study", {"to": "behind"}, "（完成学习）：去向 已完成 → 逾期未完成",
        " (finish the study): leads to fulfilled → overdue",
    ),
    ("verbs", "study", {"guards": ()}, "（完成学习）：取消前提 学习", " (finish the study): guard a study removed"),
    (
        "verbs", "study", {"effects": ()}, "（完成学习）：取消后续 记账 duty_done",
        " (finish the study): what follows post duty_done removed",
    ),
    ("verbs", "press", {"restarts": False}, "（催办）：重新计时 是 → 否", " (be pressed for): begins anew yes → no"),
    ("verbs", "press", {"adds": {"presses": 2}}, "（催办）：累加 presses 1 → 2", " (be pressed for): adds presses 1 → 2"),
    ("verbs", "fail_exam", {}, "：取消操作 未通过考试", ": verb fail the exam removed"),
    (
        "states", "open", {"owner": "operator"}, "（待完成）：轮到 商家 → 运营",
        " (to be done): turn of the merchant → operators",
    ),
    (
        "states", "open", {"timers": ()}, "（待完成）：取消计时 duty: fall_behind",
        " (to be done): timer duty: fall_behind removed",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("of", "name", "change", "zh", "en"), FLOWS, ids=range(len(FLOWS)))
def test_flows(pack: Pack, book: Casebook, of: str, name: str, change: dict[str, Any], zh: str, en: str) -> None:
    """States and verbs by their labels, who may and what follows."""
    edited = flow(book, "duty", change, of=of, name=name)
    assert said(book, edited, pack) == [(f"学习与考试{zh}，{ALL_DAYS[0]}", f"Study and exam{en}, {ALL_DAYS[1]}")]


def test_a_platform_that_comes_to_have_cases(pack: Pack, book: Casebook) -> None:
    assert said(None, book, pack) == [("新增售后单规则 快手小店", "rules of cases Kuaishou shops added")]
    assert said(book, None, pack) == [("取消售后单规则 快手小店", "rules of cases Kuaishou shops removed")]
    assert said(None, None, pack) == []


def test_every_field_of_cases_has_words() -> None:
    """A field that comes new to the models is told by its name alone until it has them."""
    whole = {"When", "Effect", "Timer", "Branch", "Time", "Share", "Labelled", "OwnRule"}
    modules = (flowing, automation, tables)
    classes = [each for of in modules for each in vars(of).values() if getattr(each, "__module__", "") == of.__name__]
    fields = {
        (each.__name__, field)
        for each in classes
        if isinstance(each, type) and issubclass(each, Strict) and each.__name__.partition("[")[0] not in whole
        for field in each.model_fields
    }
    told = {f"{of}.{field}" for of, field in fields if field not in FIELDS and f"{of}.{field}" not in FIELDS}
    assert {each for each in told if each.partition(".")[2] != "since"} == set()


def test_the_command(tmp_path: Path) -> None:
    """Changes of the pack and of its cases together, as words and as data."""
    shutil.copytree(KUAISHOU, tmp_path / "kuaishou")
    for name, old, new in (
        ("cases/money", "days: 5", "days: 7"),
        ("violations", "{minor: 2, serious: 5", "{minor: 3, serious: 5"),
    ):
        path = tmp_path / "kuaishou" / f"{name}.yaml"
        path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    words = CliRunner().invoke(policy, ["diff", str(tmp_path / "kuaishou"), "--lang", "en"])
    assert "repayment: time 5 d → 7 d, for cases that begin from 2010-01-01" in words.output
    assert "Quality metric anomaly (category): minor line 2× → 3×, from 2010-01-01" in words.output
    data = json.loads(CliRunner().invoke(policy, ["diff", str(tmp_path / "kuaishou"), "--format", "json"]).output)
    assert [(each["part"], each["name"]) for each in data] == [("violations", "quality_anomaly"), ("clocks", "repay")]
