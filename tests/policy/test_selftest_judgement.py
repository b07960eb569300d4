"""A pack's own sentences about judgement: verdicts that hold and that do not, names that are none, with file and line."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tianping.policy.judging import ViolationVersion
from tianping.policy.load import open_all, packs, shipped
from tianping.policy.model import Case, Pack
from tianping.work.trials.selftest import run
from tianping.work.trials.trialjudge import Key

from .made import HEAD, metric, opened, said, shares, version, write

METRICS = "metrics:\n" + metric("cod_rate", version(shares("cod")))
_RULE = "source: [{document: S1}], words: {zh: 甲, en: a}"
RULES = f"""
scores:
  stars:
    label: {{zh: 星, en: Stars}}
    versions:
      - {{since: 2020-01-01, {_RULE}, out_of: 5, groups: {{g: {{label: {{zh: 组, en: G}}, weight: 1, items: {{
          cod: {{metric: cod_rate, weight: 1, curve: [[0, 5], [1, 0]]}}}}}}}}}}
rights:
  fair:
    label: {{zh: 权, en: Right}}
    versions: [{{since: 2020-01-01, {_RULE}, all: [{{score: stars, at_least: 3}}]}}]
  good:
    label: {{zh: 品, en: Goods}}
    versions: [{{since: 2020-01-01, {_RULE}, subject: product, all: [{{metric: cod_rate, at_most: 50 %}}]}}]
levels:
  label: {{zh: 级, en: Level}}
  versions:
    - {{since: 2020-01-01, {_RULE}, start: low, first_after_days: 0, again_after_days: 1,
       levels: {{low: {{label: {{zh: 低, en: Low}}}}, high: {{label: {{zh: 高, en: High}}}}}},
       up: [{{metric: cod_rate, at_most: 10 %}}], down: [{{metric: cod_rate, more_than: 50 %}}]}}
violations:
  bad:
    label: {{zh: 违, en: Bad}}
    versions:
      - {{since: 2020-01-01, {_RULE}, table: costs, again_after_days: 7, repeats: {{days: 365, up_to: serious}},
         triggers: [{{name: t, {_RULE}, steps: {{metric: cod_rate, at_least: {{minor: 60 %, serious: 90 %}}}}}}]}}
penalties:
  costs:
    label: {{zh: 罚, en: Costs}}
    versions:
      - {{since: 2020-01-01, {_RULE}, cells: [
          {{severity: minor, effects: [{{kind: warning}}]}},
          {{severity: serious, effects: [{{kind: exam}}, {{kind: ban, days: [3, 5]}}, {{kind: money, yuan: [100, 300]}}]}}]}}
"""


def sentence(lines: str) -> str:
    """A test whose lines stand from the fifth of its file on."""
    return "tests:\n  - sentence: {zh: 甲, en: It}\n    date: 2024-06-30\n    days: 1\n" + "".join(
        f"    {line}\n" for line in lines.split("\n")
    )


def results(folder: Path, lines: str) -> list[str]:
    return said(run(opened(write(folder / "made", a=HEAD + METRICS + RULES, tests=sentence(lines)))))


HOLDS = [
    "given: {cod_rate: 20/100}\nscores: {stars: '4'}",
    "given: {cod_rate: 20/100}\nscores: {stars: 8/2}",
    "given: {cod_rate: 1/3}\nscores: {stars: 10/3}",
    "scores: {stars: none}",
    "given: {cod_rate: 40/100}\nrights: {fair: held}",
    "given: {cod_rate: 41/100}\nrights: {fair: withdrawn}",
    "given: {score stars: '2.99'}\nrights: {fair: withdrawn}",
    "given: {cod_rate: incomplete}\nrights: {fair: held}",
    "given: {cod_rate by product P1: 51/100}\nrights: {good by product P1: withdrawn, good by product P2: held}",
    "given: {cod_rate: 10/100}\nlevels: {S1: high up}",
    "given: {cod_rate: 10/100}\nlevels: {S1: high}",
    "given: {cod_rate: 11/100}\nlevels: {S1: low none}",
    "facts: {shops: [{shop_id: S1, level: High}]}\ngiven: {cod_rate: 51/100}\nlevels: {S1: low down}",
    "given: {cod_rate: 60/100}\nviolations: {bad: minor}\npenalties: {bad: warning}",
    "given: {cod_rate: 59/100}\nviolations: {bad: none}\npenalties: {bad: none}",
    "given: {cod_rate: 90/100}\npenalties: {bad: 'exam,  ban 3, ¥100'}",
    "given: {cod_rate: 90/100}\nearlier: {bad: [2024-05-01 serious]}\npenalties: {bad: 'exam, ban 4, ¥200'}",
    "given: {cod_rate: 60/100}\nearlier: {bad: [2024-06-23 minor]}\nviolations: {bad: serious}",
    "given: {cod_rate: 60/100}\nearlier: {bad: [2024-06-24 minor]}\nviolations: {bad: none}",
    "entered: {bad: minor}\nviolations: {bad: none}\npenalties: {bad: warning}",
]


@pytest.mark.parametrize("lines", HOLDS)
def test_what_holds_is_not_told(tmp_path: Path, lines: str) -> None:
    assert results(tmp_path, lines) == []


def test_rules_read_rows_too(tmp_path: Path) -> None:
    """One order, cash on delivery: the figure, the score of it, and the violation, which reads 30 days."""
    rows = "facts: {orders: [{order_id: A, shop_id: S1, product_id: P1, paid_at: 2024-06-20 12:00, cod: true}]}\n"
    said_ = "figures: {cod_rate: undefined}\nviolations: {bad: serious}\nscores: {stars: '0'}\nrights: {fair: withdrawn}"
    assert results(tmp_path, rows + said_) == []
    assert results(tmp_path, rows + said_.replace("serious", "minor")) == ['made/tests.yaml:7: "It": bad is serious, not minor']


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("given: {cod_rate: 20/100}\nscores: {stars: '4.01'}", ":6: \"It\": stars is 4, not 4.01"),
        ("scores: {stars: '4'}", ":5: \"It\": stars is none, not 4"),
        ("given: {cod_rate: 41/100}\nrights: {fair: held}", ":6: \"It\": fair is withdrawn, not held"),
        ("given: {cod_rate: 10/100}\nlevels: {S1: low up}", ":6: \"It\": S1 is high up, not low up"),
        ("given: {cod_rate: 60/100}\nviolations: {bad: serious}", ":6: \"It\": bad is minor, not serious"),
        ("given: {cod_rate: 90/100}\npenalties: {bad: exam}", ":6: \"It\": bad is exam, ban 3, ¥100, not exam"),
    ],
)  # fmt: skip
def test_what_does_not_hold_is_told_with_file_and_line(tmp_path: Path, lines: str, told: str) -> None:
    assert results(tmp_path, lines) == ["made/tests.yaml" + told]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("scores: {star: none}", ':5: "It": no score "star" (did you mean "stars"?'),
        ("scores: {stars: good}", ':5: "It": "good" is no number of points (write'),
        ("rights: {fairr: held}", ':5: "It": no right "fairr" (did you mean "fair"?'),
        ("rights: {good: held}", ':5: "It": "good" is of a product: write "good by product P1"'),
        ("levels: {S1: hihg}", ':5: "It": no level "hihg" (did you mean "high"?'),
        ("levels: {S1: high upp}", ':5: "It": nothing is called "upp" (did you mean "up"?'),
        ("violations: {bda: none}", ':5: "It": no violation "bda" (did you mean "bad"?'),
        ("violations: {bad by product P1: none}", ':5: "It": "bad" is of a shop: write "bad by shop S1"'),
        ("violations: {bad: minro}", ':5: "It": "minro" is no severity (did you mean "minor"?'),
        ("penalties: {bda: none}", ':5: "It": no violation "bda"'),
        ("scores: {stars: none}\nentered: {bda: minor}", ':6: "It": no violation "bda"'),
        ("scores: {stars: none}\nearlier: {bda: [2024-01-01 minor]}", ':6: "It": no violation "bda"'),
        ("scores: {stars: none}\nearlier: {bad: [2024-13-01 minor]}", ':6: "It": "2024-13-01 minor" is no earlier violation'),
        ("scores: {stars: none}\nearlier: {bad: [minor]}", ':6: "It": "minor" is no earlier violation'),
        ("scores: {stars: none}\ngiven: {cod_rat: 1/2}", ':6: "It": no metric "cod_rat" (did you mean "cod_rate"?'),
        ("scores: {stars: none}\ngiven: {cod_rate by prodct P1: 1/2}", ':6: "It": no figures by "prodct" (did you'),
        ("scores: {stars: none}\ngiven: {cod_rate: half}", ':6: "It": "half" is no figure (write'),
        ("scores: {stars: none}\ngiven: {cod_rate: '0.5'}", ':6: "It": "0.5" is no figure (write'),
        ("scores: {stars: none}\ngiven: {score starz: '1'}", ':6: "It": no score "starz" (did you mean "stars"?'),
        ("scores: {stars: none}\ngiven: {score stars: incomplete}", ':6: "It": "incomplete" is no score (write'),
    ],
)  # fmt: skip
def test_bad_names_and_values_are_faults_with_lines(tmp_path: Path, lines: str, told: str) -> None:
    """Else they would be none for ever, and a test that expects that would hold."""
    (found,) = results(tmp_path, lines)
    assert found.startswith("made/tests.yaml" + told)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("facts: {}", "tests.0: a test says what comes out"),
        ("rights: {fair: gone}", "tests.0.rights.fair: Input should be 'held' or 'withdrawn'"),
        ("entered: {bad: bad}\nscores: {stars: none}", "tests.0.entered.bad: Input should be 'minor'"),
        ("verdicts: {}", 'unknown key "verdicts" in tests.0 (allowed: date, days, earlier, entered, facts'),
    ],
)  # fmt: skip
def test_the_shape_of_a_sentence_is_checked(tmp_path: Path, lines: str, told: str) -> None:
    write(tmp_path / "made", a=HEAD + METRICS + RULES, tests=sentence(lines))
    faults = said(open_all([tmp_path / "made"])[1])
    assert any(told in fault for fault in faults), faults


def test_figures_need_their_days(tmp_path: Path) -> None:
    text = sentence("figures: {cod_rate: 1/1}").replace("    days: 1\n", "")
    write(tmp_path / "made", a=HEAD + METRICS + RULES, tests=text)
    (fault,) = said(open_all([tmp_path / "made"])[1])
    assert 'figures are over some days: "days" is missing' in fault


SPOKEN = ("kuaishou", "douyin")


def of(name: str) -> Pack:
    return packs()[name]


def tables(pack: Pack, case: Case) -> Iterator[str]:
    """The penalty tables that a sentence may have come to, by the violations whose penalties it says."""
    for name in case.penalties:
        ruled: ViolationVersion | None = pack.judging.violations[Key.of(name).name].at(case.date)
        if ruled is not None:
            yield from filter(None, (ruled.table, *(each.table for each in ruled.tables)))


@pytest.mark.parametrize("platform", SPOKEN)
def test_every_rule_of_judgement_has_a_sentence(platform: str) -> None:
    pack = of(platform)
    rules, cases = pack.judging, pack.tests
    assert set(rules.scores) == {name for case in cases for name in case.scores}
    assert set(rules.rights) == {Key.of(name).name for case in cases for name in case.rights}
    spoken = {Key.of(name).name for case in cases for name in (*case.violations, *case.penalties)}
    assert set(rules.violations) == spoken
    assert set(rules.penalties) == {table for case in cases for table in tables(pack, case)}
    assert {case.levels["S1"].partition(" ")[2] for case in cases if case.levels} >= (
        {"up", "down", "fast", "removal", "none"} if rules.levels else set()
    )


MOVED = [
    ("kuaishou", "violations", "at_least: {minor: 2, serious: 5, especially_serious: 10}\n", "minor: 2,", "minor: 2.01,"),
    ("kuaishou", "violations", "days: 7, less_than: 80 %", "less_than: 80 %", "less_than: 79 %"),
    ("kuaishou", "violations", "up_above: 1.3", "up_above: 1.3", "up_above: 1.29"),
    ("kuaishou", "rights", "at_least: 3.5", "at_least: 3.5", "at_least: 3.51"),
    ("kuaishou", "scores", "[80 %, 5]", "[80 %, 5]", "[81 %, 5]"),
    ("kuaishou", "penalties", "yuan: [300, 800]", "[300, 800]", "[301, 800]"),
    ("douyin", "levels", "at_most: 3 min", "3 min", "2 min"),
    ("douyin", "levels", "times: 8}", "times: 8}", "times: 8.1}"),
    ("douyin", "levels", "days: 60}", "days: 60}", "days: 61}"),
    ("douyin", "scores", "weight: 42.5", "42.5", "43"),
    ("douyin", "penalties", "points: [2, 4]", "[2, 4]", "[3, 4]"),
]  # fmt: skip


@pytest.mark.parametrize(("platform", "file", "where", "old", "new"), MOVED)
def test_a_line_moved_a_little_breaks_a_sentence(
    tmp_path: Path, platform: str, file: str, where: str, old: str, new: str
) -> None:
    """The shipped sentences stand at the boundaries."""
    (source,) = (folder for folder in shipped() if folder.name == platform)
    texts = {path.stem: path.read_text(encoding="utf-8") for path in source.glob("*.yaml")}
    assert where in texts[file]
    head, found, rest = texts[file].partition(where)
    folder = write(tmp_path / platform, **{**texts, file: head + found.replace(old, new) + rest, "tests": "tests: []\n"})
    assert run(opened(folder))
