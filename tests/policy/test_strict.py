"""From plain data to a model: unknown keys refused with the allowed ones, all mistakes at once, each with its line."""

import datetime as dt
from pathlib import Path

import pytest
from pydantic import ValidationError

from tianping.errors import Fault
from tianping.policy.model import PackFile
from tianping.policy.strict import read
from tianping.policy.words import Words
from tianping.policy.yamlio import load

from .made import HEAD, metric, said, shares, version

KEYS = (
    "board, label, levels, metrics, note, penalties, platform, points, reasons, rights, rules, scores, sets, shares, tests, "
    "too_few_below, violations"
)
MEASURE = "count, day, leave_out, max, of, once_per, sum"


def faults(folder: Path, text: str) -> list[Fault]:
    """What is wrong with a pack's file, `one.yaml`."""
    path = folder / "one.yaml"
    path.write_text(text, encoding="utf-8")
    return read(PackFile, load(path))[1]


def test_an_unknown_key_is_told_with_the_allowed_ones(tmp_path: Path) -> None:
    found = faults(tmp_path, HEAD + "metrix: {}\n")
    assert said(found) == [f'one.yaml:3: unknown key "metrix" (did you mean "metrics"? allowed: {KEYS})']


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("rules:\n  r:\n    label: {zh: 甲, en: a}\n    wen: virtual\n    when: virtual\n",
         'one.yaml:4: unknown key "wen" in rules.r (did you mean "when"? allowed: assumed, label, may_lack, note, when)'),
        ("sets:\n  s:\n    values: [a]\n    inside:\n      - category: A\n        valuse: [b]\n        values: [b]\n",
         'one.yaml:6: unknown key "valuse" in sets.s.inside.0 (did you mean "values"? allowed: category, values)'),
        ("label:\n  zh: 甲\n  en: a\n  fr: a\n", 'one.yaml:4: unknown key "fr" in label (allowed: en, zh)'),
        ("metrics:\n" + metric("m", version("both: {of: order, day: paid_at, cuont: virtual}")),
         f'one.yaml:7: unknown key "cuont" in metrics.m.versions.0.both (did you mean "count"? allowed: {MEASURE})'),
    ],
)  # fmt: skip
def test_unknown_keys_wherever_they_stand(tmp_path: Path, text: str, fault: str) -> None:
    """In lists, in named things, behind what may be left out."""
    assert said(faults(tmp_path, text)) == [fault]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("label: {zh: 甲}\n", 'one.yaml:1: "en" is missing in label (add it)'),
        ("rules:\n  r:\n    label: {zh: 甲, en: a}\n", 'one.yaml:2: "when" is missing in rules.r (add it)'),
        ("metrics:\n  m: {unit: rate, better: lower, versions: []}\n",
         'one.yaml:2: "label" is missing in metrics.m (add it)'),
        ("label: 假店\n", "one.yaml:1: label: keys with values belong here (allowed: en, zh)"),
        ("- a\n- b\n", f"one.yaml:1: the file: keys with values belong here (allowed: {KEYS})"),
        ("too_few_below: few\n",
         "one.yaml:1: too_few_below: Input should be a valid integer, unable to parse string as an integer"),
        ("label: {zh: 甲, en: no}\n", "one.yaml:1: label.en: Input should be a valid string"),
    ],
)  # fmt: skip
def test_what_is_missing_or_of_another_kind(tmp_path: Path, text: str, fault: str) -> None:
    assert fault in said(faults(tmp_path, text))


@pytest.mark.parametrize(
    ("versions", "what"),
    [
        ((version(shares("virtual"), "2024-01-01"), version(shares("virtual"), "2023-01-01")),
         "metrics.m.versions: versions stand in the order of their dates, each date once"),
        ((version(shares("virtual")), version(shares("virtual"))),
         "metrics.m.versions: versions stand in the order of their dates, each date once"),
        ((version("numerator: {of: order, day: paid_at}"),),
         'metrics.m.versions.0: a version has either "both", or "numerator" and "denominator", or "count_of", or "alone"'),
        ((version(shares("virtual") + ", denominator: {of: order, day: paid_at}"),),
         'metrics.m.versions.0: a version has either "both", or "numerator" and "denominator", or "count_of", or "alone"'),
        ((version(shares("virtual"), more="assumed: true, "),),
         'metrics.m.versions.0: "assumed: true" needs a note that says what was decided'),
        ((version(shares("virtual"), more="applies: sometimes, "),),
         "metrics.m.versions.0.applies: Input should be 'close' or 'deed'"),
        ((version(shares("virtual"), "soon"),),
         "metrics.m.versions.0.since: Input should be a valid date or datetime, input is too short"),
    ],
)  # fmt: skip
def test_a_version_has_one_shape_and_its_date(tmp_path: Path, versions: tuple[str, ...], what: str) -> None:
    assert [fault.what for fault in faults(tmp_path, "metrics:\n" + metric("m", *versions))] == [what]


def test_a_version_names_its_source(tmp_path: Path) -> None:
    bare = "      - {since: 2020-01-01, source: [], words: {zh: 甲, en: a}, window: 1, both: {of: order, day: paid_at}}\n"
    found = faults(tmp_path, "metrics:\n" + metric("m", bare))
    assert [(fault.line, fault.what.split(":")[0]) for fault in found] == [(7, "metrics.m.versions.0.source")]


@pytest.mark.parametrize("name", ["Rate", "1st", "a b", "a'b", 'x" or true', "拒绝率", "a-b", "", "a;b"])
@pytest.mark.parametrize("section", ["sets", "rules", "metrics"])
def test_names_are_plain_words(tmp_path: Path, section: str, name: str) -> None:
    """They become part of SQL, of file names and of links."""
    quoted = "'" + name.replace("'", "''") + "'"
    found = faults(tmp_path, f"{section}:\n  {quoted}: {{}}\n")
    assert f'{section}.{name}: "{name}" is no name' in [fault.what for fault in found]


@pytest.mark.parametrize(("name", "right"), [("a/b", True), ("a/b/c", False), ("/b", False), ("a/", False)])
def test_a_metric_may_have_one_variant(tmp_path: Path, name: str, right: bool) -> None:
    found = faults(tmp_path, "metrics:\n" + metric(name, version(shares("virtual"))))
    assert (found == []) == right


@pytest.mark.parametrize("path", ["", "/A", "A/", "A//B", "A/B/C/D"])
def test_a_category_is_a_path_of_at_most_three(tmp_path: Path, path: str) -> None:
    found = faults(tmp_path, f'sets:\n  s: {{values: [a], inside: [{{category: "{path}", values: [b]}}]}}\n')
    assert [fault.what for fault in found] == [f'sets.s.inside.0.category: "{path}" is no name']


def test_a_category_differs_once(tmp_path: Path) -> None:
    twice = "[{category: A, values: [b]}, {category: A, values: [c]}]"
    found = faults(tmp_path, f"sets:\n  s: {{values: [a], inside: {twice}}}\n")
    assert [fault.what for fault in found] == ["sets.s.inside: each category stands once"]


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """Of form and of YAML, each with its own line."""
    text = "platfrom: x\nlabel: {zh: 甲}\nrules:\n  r: {label: {zh: 甲, en: a}, when: 1}\n  r: {}\nsets:\n  s: {}\n"
    found = faults(tmp_path, text)
    assert sorted(fault.line for fault in found) == [1, 2, 4, 5, 7]


def test_broken_yaml_is_one_fault_not_two(tmp_path: Path) -> None:
    assert len(faults(tmp_path, "label: {zh: [\n")) == 1
    assert len(faults(tmp_path, "")) == 1


def test_models_never_change() -> None:
    words = Words(zh="甲", en="a")
    with pytest.raises(ValidationError):
        words.zh = "乙"


def test_the_version_in_force_is_the_last_that_has_begun(tmp_path: Path) -> None:
    """From its first day on; before all of them there is none."""
    both = metric("m", version(shares("virtual"), "2023-01-01"), version(shares("virtual"), "2024-01-01"))
    path = tmp_path / "one.yaml"
    path.write_text("metrics:\n" + both, encoding="utf-8")
    part, found = read(PackFile, load(path))
    assert part is not None, found
    days = [dt.date(2022, 12, 31), dt.date(2023, 1, 1), dt.date(2023, 12, 31), dt.date(2024, 1, 1)]
    names = [each.name if (each := part.metrics["m"].at(day)) else None for day in days]
    assert names == [None, "2023-01-01", "2023-01-01", "2024-01-01"]
