"""What changed between two packs, in words and from when: the shipped packs with one thing edited at a time."""

import datetime as dt
import json
import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import CliRunner

from tianping.cli.policy import policy
from tianping.policy import judging, model
from tianping.policy.diff import diff, differs
from tianping.policy.diffterms import FIELDS
from tianping.policy.diffwords import number, sentence
from tianping.policy.load import packs, shipped
from tianping.policy.model import Pack
from tianping.policy.strict import Strict

from .made import HEAD, metric, opened, shares, version, write

KUAISHOU = next(path for path in shipped() if path.name == "kuaishou")
DOUYIN = next(path for path in shipped() if path.name == "douyin")
Edit = Callable[[str], str]


@pytest.fixture(scope="module")
def now() -> dict[str, Pack]:
    return dict(packs())


def put(old: str, new: str, *, at: str = "") -> Edit:
    """Replace the first `old` after `at`."""

    def edit(text: str) -> str:
        head, found, rest = text.partition(at) if at else ("", "", text)
        assert old in rest, f"{old!r} is not there any more"
        return head + found + rest.replace(old, new, 1)

    return edit


def edited(folder: Path, of: Path, file: str, edit: Edit) -> Pack:
    """The pack with one file edited."""
    shutil.copytree(of, folder / of.name)
    path = folder / of.name / f"{file}.yaml"
    path.write_text(edit(path.read_text(encoding="utf-8")), encoding="utf-8")
    return next(iter(packs([folder / of.name]).values()))


def said(before: Pack | None, after: Pack | None, lang: str = "zh") -> list[str]:
    return [sentence(each, lang) for each in diff(before, after)]


def test_a_pack_beside_itself_says_nothing(now: dict[str, Pack]) -> None:
    assert [change for pack in now.values() for change in diff(pack, pack)] == []


_EMPTY = " (holds where nothing happened)"
_CURVE = "curve (0 %, 0) (80 %, 5) → (0 %, 0) (85 %, 5)"
EDITS: list[tuple[Path, str, Edit, str, str]] = [
    (
        KUAISHOU,
        "violations",
        put("{minor: 2, serious: 5", "{minor: 2.5, serious: 5"),
        "品质指标异常（category）：轻微线 2× → 2.5×，自 2010-01-01 起",
        "Quality metric anomaly (category): minor line 2× → 2.5×, from 2010-01-01",
    ),
    (
        KUAISHOU,
        "violations",
        put("less_than: 80 %", "less_than: 75 %"),
        "客服满意度不达标（weekly）：门槛 客服满意度（近7天） < 80 % → 75 %，自 2010-01-01 起",
        "Service satisfaction (weekly): gate Service satisfaction (7 days) < 80 % → 75 %, from 2010-01-01",
    ),
    (
        KUAISHOU,
        "violations",
        put("cadence: {every: week, on: 1}", "cadence: {every: month, on: 3}"),
        "品质指标异常（weekly_tail）：检查周期 每周一 → 每月3日，自 2010-01-01 起",
        "Quality metric anomaly (weekly_tail): cadence weekly on day 1 → monthly on day 3, from 2010-01-01",
    ),
    (
        KUAISHOU,
        "violations",
        put("        warn_from: 70 %\n", "        warn_from: 80 %\n"),
        "品质指标异常：预警线 70 % → 80 %，自 2010-01-01 起",
        "Quality metric anomaly: warning from 70 % → 80 %, from 2010-01-01",
    ),
    (
        KUAISHOU,
        "violations",
        put("        warn_from: 70 %\n", ""),
        "品质指标异常：取消预警线 70 %，自 2010-01-01 起",
        "Quality metric anomaly: warning from 70 % removed, from 2010-01-01",
    ),
    (
        KUAISHOU,
        "violations",
        put("again_after_days: 7", "again_after_days: 14"),
        "品质指标异常：不重复认定期 7 天 → 14 天，自 2010-01-01 起",
        "Quality metric anomaly: not found again within 7 days → 14 days, from 2010-01-01",
    ),
    (
        KUAISHOU,
        "penalties",
        put("{kind: money, yuan: [300, 2000]}", "{kind: money, yuan: [500, 2000]}", at="quality_metric_anomaly:"),
        "品质指标异常处罚（严重）：违约金 ¥300–¥2,000 → ¥500–¥2,000，自 2010-01-01 起",
        "Penalties for a quality metric anomaly (serious): money ¥300–¥2,000 → ¥500–¥2,000, from 2010-01-01",
    ),
    (
        KUAISHOU,
        "penalties",
        put("{kind: ban, days: [3, 5]}", "{kind: ban, days: 5}", at="quality_metric_anomaly:"),
        "品质指标异常处罚（严重）：限制上新 3–5 天 → 5 天，自 2010-01-01 起",
        "Penalties for a quality metric anomaly (serious): no new listings 3–5 days → 5 days, from 2010-01-01",
    ),
    (
        KUAISHOU,
        "penalties",
        put("{kind: study}]", "{kind: study}, {kind: points, points: 1}]", at="quality_metric_anomaly:"),
        "品质指标异常处罚（轻微）：新增扣分 1 分，自 2010-01-01 起",
        "Penalties for a quality metric anomaly (minor): points 1 point added, from 2010-01-01",
    ),
    (
        KUAISHOU,
        "penalties",
        put("line: 100", "line: 80"),
        "违规扣分：清退线 100 分 → 80 分，自 2010-01-01 起",
        "Violation points: removal line 100 points → 80 points, from 2010-01-01",
    ),
    (
        KUAISHOU,
        "scores",
        put("weight: 25", "weight: 30"),
        "购物体验星级（服务体验）：权重 25 → 30，自 2010-01-01 起",
        "Shopping experience stars (Service): weight 25 → 30, from 2010-01-01",
    ),
    (
        KUAISHOU,
        "scores",
        put("[[0, 0], [80 %, 5]]", "[[0, 0], [85 %, 5]]"),
        "购物体验星级（服务体验 · 5分钟回复率）：曲线 (0 %, 0) (80 %, 5) → (0 %, 0) (85 %, 5)，自 2010-01-01 起",
        f"Shopping experience stars (Service · Five-minute response): {_CURVE}, from 2010-01-01",
    ),
    (
        KUAISHOU,
        "rights",
        put("at_least: 3.5}", "at_least: 3.8}"),
        "快分销推广权限：条件 购物体验星级 ≥ 3.5 分 → 3.8 分，自 2010-01-01 起",
        "Distribution: condition Shopping experience stars ≥ 3.5 points → 3.8 points, from 2010-01-01",
    ),
    (
        KUAISHOU,
        "quality",
        put("leave_out: [risk_flagged, not_signed_in_14_days]", "leave_out: [risk_flagged, not_signed_in_14_days, presale]"),
        "品退率（首因）：新增剔除规则 预售订单，自 2023-01-01 起",
        "Quality refund rate, first cause: left out presale order added, from 2023-01-01",
    ),
    (
        KUAISHOU,
        "pack",
        put("values: [bad,", "values: [neutral, bad,"),
        "bad_scores：新增取值 neutral",
        "bad_scores: value neutral added",
    ),
    (
        DOUYIN,
        "levels",
        put("gmv: 5000000}", "gmv: 6000000}"),
        "商家等级（LV1）：取值 成交额 ¥50,000 → ¥60,000，自 2020-04-10 起",
        "Merchant level (LV1): value GMV ¥50,000 → ¥60,000, from 2020-04-10",
    ),
    (
        DOUYIN,
        "levels",
        put("at_most: 3 min", "at_most: 4 min"),
        "商家等级：升级条件 IM首次响应时长（近30天） ≤ 3 分钟（无数据视为成立） → 4 分钟（无数据视为成立），自 2020-04-10 起",
        f"Merchant level: condition up IM first response (30 days) ≤ 3 min{_EMPTY} → 4 min{_EMPTY}, from 2020-04-10",
    ),
    (
        DOUYIN,
        "levels",
        put("days: 60}", "days: 90}"),
        "商家等级：清退 连续天数 60 天 → 90 天，自 2020-04-10 起",
        "Merchant level: removal days in a row 60 days → 90 days, from 2020-04-10",
    ),
]


@pytest.mark.parametrize(("of", "file", "edit", "zh", "en"), EDITS, ids=[zh for *_, zh, _ in EDITS])
def test_one_edit_is_one_sentence(
    tmp_path: Path, now: dict[str, Pack], of: Path, file: str, edit: Edit, zh: str, en: str
) -> None:
    after = edited(tmp_path, of, file, edit)
    before = now[of.name]
    assert (said(before, after), said(before, after, "en")) == ([zh], [en])


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_whatever_differs_can_be_said(now: dict[str, Pack], lang: str) -> None:
    """Two whole packs have next to nothing in common."""
    found = [sentence(change, lang) for name in ("douyin", "taobao") for change in diff(now["kuaishou"], now[name])]
    found += [sentence(change, lang) for change in diff(now["douyin"], now["kuaishou"])]
    assert len(found) > 200
    assert [each for each in found if "{}" in each or "None" in each or not each.strip()] == []


def test_every_field_of_the_rules_has_words() -> None:
    """A field that comes new to the models is told by its name alone until it has them."""
    whole = {"Condition", "Effect", "Cadence", "CountOf", "Judging", "Reading", "Dated", "Ruled", "Advice"}
    classes = [each for each in vars(judging).values() if isinstance(each, type) and each.__module__ == judging.__name__]
    classes += [model.Rule, model.Set, model.Narrower, model.Measure, model.Version, model.Metric]
    fields = {
        (each.__name__, field)
        for each in classes
        if issubclass(each, Strict) and each.__name__.partition("[")[0] not in whole
        for field in each.model_fields
    }
    told = {f"{of}.{field}" for of, field in fields if field not in FIELDS and f"{of}.{field}" not in FIELDS}
    assert {each for each in told if each.partition(".")[2] not in ("since", "name", "category")} == set()


def dated(*lines: str) -> str:
    """A file of one metric whose versions count by these conditions."""
    return HEAD + "metrics:\n" + metric("cod_rate", *lines)


def test_a_new_version_holds_from_its_day_on(tmp_path: Path) -> None:
    one, two = version(shares("cod")), version(shares("presale"), since="2024-07-01")
    old, new = (opened(write(tmp_path / name, a=text)).pack for name, text in (("old", dated(one)), ("new", dated(one, two))))
    (change,) = diff(old, new)
    assert (change.since, change.until, change.leaf.before, change.leaf.after) == (dt.date(2024, 7, 1), None, "cod", "presale")
    (back,) = diff(new, old)
    assert (back.since, back.leaf.before, back.leaf.after) == (dt.date(2024, 7, 1), "presale", "cod")


def test_an_old_version_edited_is_over_where_the_next_begins(tmp_path: Path) -> None:
    two = version(shares("presale"), since="2024-07-01")
    texts = [dated(version(shares(count)), two) for count in ("cod", "virtual")]
    old, new = (opened(write(tmp_path / str(n), a=text)).pack for n, text in enumerate(texts))
    (change,) = diff(old, new)
    assert sentence(change, "en") == "A: counted cod → virtual, from 2020-01-01, until 2024-06-30"


def test_a_change_that_stays_is_told_once(tmp_path: Path) -> None:
    """Two versions edited alike: one change, from the first on."""
    texts = [
        dated(*(version(shares(count), since=day) for day in ("2020-01-01", "2024-07-01"))) for count in ("cod", "virtual")
    ]
    old, new = (opened(write(tmp_path / str(n), a=text)).pack for n, text in enumerate(texts))
    assert [change.since for change in diff(old, new)] == [dt.date(2020, 1, 1)]


def test_a_version_that_says_the_same_is_told_as_such(tmp_path: Path) -> None:
    one, two = version(shares("cod")), version(shares("cod"), since="2024-07-01")
    old, new = (opened(write(tmp_path / name, a=text)).pack for name, text in (("old", dated(one)), ("new", dated(one, two))))
    assert said(old, new) == ["A：新增版本 2024-07-01（规则不变），自 2024-07-01 起".replace("A", "甲")]


def test_what_is_new_or_gone_is_told_as_a_whole(tmp_path: Path, now: dict[str, Pack]) -> None:
    text = (KUAISHOU / "violations.yaml").read_text(encoding="utf-8")
    without = edited(tmp_path, KUAISHOU, "violations", lambda _: text[: text.index("  contact_numbers:")])
    assert said(now["kuaishou"], without) == ["取消违规 联系电话不全，自 2010-01-01 起"]
    assert said(without, now["kuaishou"], "en") == ["violation Missing contact numbers added, from 2010-01-01"]
    assert said(None, now["jd"], "en") == [f"pack {now['jd'].label.en} added"]


def test_words_alone_are_told_without_being_printed(tmp_path: Path, now: dict[str, Pack]) -> None:
    after = edited(tmp_path, KUAISHOU, "violations", put("label: {zh: 联系电话不全", "label: {zh: 电话不全"))
    (change,) = diff(now["kuaishou"], after)
    assert (change.leaf.is_text, sentence(change, "zh")) == (True, "电话不全：名称有改动")


def test_versions_that_differ_in_words_alone_do_not_differ(tmp_path: Path, now: dict[str, Pack]) -> None:
    after = edited(tmp_path, KUAISHOU, "violations", put("提供虚假资质，或不提供资质", "资质虚假"))
    one, other = (pack.judging.violations["qualification"].versions[0] for pack in (now["kuaishou"], after))
    assert one != other
    assert not differs(one, other, (now["kuaishou"], after))


@pytest.mark.parametrize(
    ("value", "unit", "zh", "en"),
    [
        (Fraction(4, 5), "rate", "80 %", "80 %"),
        (Fraction(35, 10000), "rate", "0.35 %", "0.35 %"),
        (Fraction(30000), "fen", "¥300", "¥300"),
        (Fraction(5), "days", "5 天", "5 days"),
        (Fraction(1), "days", "1 天", "1 day"),
        (Fraction(5, 2), "times", "2.5×", "2.5×"),
        (Fraction(86400), "seconds", "1 天", "1 d"),
        (Fraction(5400), "seconds", "90 分钟", "90 min"),
        (Fraction(1, 3), "", "1/3", "1/3"),
        (Fraction(9, 2), "points", "4.5 分", "4.5 points"),
        (Fraction(123456789), "count", "123,456,789", "123,456,789"),
        (Fraction(-1, 4), "", "-0.25", "-0.25"),
        (Fraction(0), "seconds", "0 秒", "0 s"),
    ],
)
def test_numbers_as_people_read_them(value: Fraction, unit: str, zh: str, en: str) -> None:
    assert (number(value, unit, "zh"), number(value, unit, "en")) == (zh, en)  # type: ignore[arg-type]


def test_the_command_compares_with_what_is_in_force(tmp_path: Path) -> None:
    edited(tmp_path, DOUYIN, "levels", put("days: 60}", "days: 90}"))
    done = CliRunner().invoke(policy, ["diff", str(tmp_path), "--format", "json"])
    (row,) = json.loads(done.stdout)
    assert (row["platform"], row["part"], row["since"], row["before"], row["after"]) == (
        "douyin",
        "levels",
        "2020-04-10",
        60,
        90,
    )
    assert row["en"].endswith("60 days → 90 days, from 2020-04-10")


@pytest.mark.parametrize(("lang", "told"), [("zh", "规则没有变化\n"), ("en", "the packs say the same\n")])
def test_the_command_says_where_nothing_changed(lang: str, told: str) -> None:
    done = CliRunner().invoke(policy, ["diff", str(DOUYIN), "--lang", lang])
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", told)


def test_the_command_refuses_a_faulty_draft(tmp_path: Path) -> None:
    write(tmp_path / "made", a=HEAD + "metrics:\n" + metric("cod_rate", version(shares("codd"))))
    done = CliRunner().invoke(policy, ["diff", str(tmp_path)])
    assert done.exit_code == 1
    assert "made/a.yaml" in str(done.exception)
