"""Packs from their folders: every fault of every file at once, and what comes with the program is whole."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from proofs import HOUSE
from tianping.errors import NotFound, PolicyError
from tianping.policy.load import SHARED, key_of, open_all, open_pack, packs, shipped

from .made import HEAD, metric, said, shares, version, write

RULE = "rules:\n  r:\n    label: {zh: 甲, en: a}\n    when: virtual\n"
METRICS = "metrics:\n" + metric("m", version(shares("virtual")))
TEST = "  - {sentence: {zh: 甲, en: a}, date: 2024-06-30, days: 1, facts: {}, figures: {m: undefined}}\n"


def faults(folder: Path, **files: str) -> list[str]:
    """What is wrong with the pack `made` of these files."""
    return said(open_pack(write(folder / "made", **files))[1])


def test_the_files_of_a_folder_are_one_pack(tmp_path: Path) -> None:
    found, wrong = open_pack(write(tmp_path / "made", head=HEAD, rules=RULE, metrics=METRICS))
    assert found is not None, wrong
    pack = found.pack
    assert (pack.platform, pack.label.en, pack.too_few_below) == ("kuaishou", "Made up", 0)
    assert (list(pack.rules), list(pack.metrics)) == (["r"], [("m", "")])


def test_all_faults_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    """Each with its file and line: broken YAML, an unknown key, a key given twice, a name in two files."""
    found = faults(tmp_path, a="label: {\n", b="metrix: {}\n", c=RULE + "    when: presale\n", d=RULE, e="é: 1\n")
    places = [fault.split(": ")[0].removeprefix("made/") for fault in found]
    assert places == ["a.yaml:2", "b.yaml:1", "c.yaml:5", "e.yaml:1", "d.yaml:2"]


@pytest.mark.parametrize(
    ("section", "body"),
    [("sets", "  x: {values: [a]}\n"), ("rules", "  x: {label: {zh: 甲, en: a}, when: virtual}\n"), ("metrics", metric("x"))],
)
def test_a_name_stands_in_one_file(tmp_path: Path, section: str, body: str) -> None:
    text = f"{section}:\n{body}"
    found = faults(tmp_path, a=HEAD + text, b="# here too\n" + text)
    assert f'made/b.yaml:3: "x" of {section} stands in two files (first in made/a.yaml:4; keep one)' in found


def test_different_kinds_may_share_a_name(tmp_path: Path) -> None:
    text = "rules:\n  x: {label: {zh: 甲, en: a}, when: virtual}\n"
    assert faults(tmp_path, a=HEAD + "sets:\n  x: {values: [a]}\n", b=text) == []


@pytest.mark.parametrize(
    ("files", "fault"),
    [
        ({"a": "note: nothing\n"}, 'made/:1: no file says "platform:" (add it to one file)'),
        ({"a": "platform: kuaishou\n"}, 'made/:1: no file says "label:" (add it to one file)'),
        ({"a": HEAD, "b": "platform: jd\n"},
         'made/b.yaml:1: "platform" stands in two files (first in made/a.yaml:1; keep one)'),
        ({"a": HEAD, "b": "label: {zh: 甲, en: a}\n"},
         'made/b.yaml:1: "label" stands in two files (first in made/a.yaml:2; keep one)'),
        ({"a": HEAD, "b": ""}, "made/b.yaml:1: the file is empty (fill it or delete it)"),
        ({"a": HEAD, "b": "rules: 品"}, "made/b.yaml:1: rules: Input should be a valid dictionary"),
    ],
)  # fmt: skip
def test_a_pack_says_once_whose_it_is(tmp_path: Path, files: dict[str, str], fault: str) -> None:
    assert fault in faults(tmp_path, **files)


def test_what_one_file_says_holds_wherever_it_stands(tmp_path: Path) -> None:
    """The label and the gate may stand in another file than the platform."""
    write(tmp_path / "made", a="platform: kuaishou\n", b="label: {zh: 假店, en: Made up}\ntoo_few_below: 7\n")
    assert packs([tmp_path / "made"])["kuaishou"].too_few_below == 7


def test_other_encodings_are_faults_too(tmp_path: Path) -> None:
    folder = write(tmp_path / "made", a=HEAD)
    (folder / "b.yaml").write_bytes("label: 品退率\n".encode("gb18030"))
    assert said(open_pack(folder)[1]) == ["made/b.yaml:1: this is not text in UTF-8 (save it as UTF-8)"]


def test_a_folder_without_files_is_no_pack(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"no pack in .*: a pack is a folder of \.yaml files"):
        open_pack(tmp_path)


def test_two_packs_of_one_platform_are_a_fault(tmp_path: Path) -> None:
    """Neither silently stands for the other."""
    folders = [write(tmp_path / name, a="# a remark\n" + HEAD) for name in ("one", "two")]
    assert said(open_all(folders)[1]) == ['two/a.yaml:2: a second pack of "kuaishou" (keep one of the folders)']


def test_packs_raise_all_faults_as_one_error(tmp_path: Path) -> None:
    write(tmp_path / "made", a=HEAD + "x: 1\ny: 2\n")
    with pytest.raises(
        PolicyError, match=r"(?s)the policy packs have 2 fault\(s\); mend them.*a\.yaml:3: .*a\.yaml:4: "
    ) as caught:
        packs([tmp_path / "made"])
    assert [fault.line for fault in caught.value.faults] == [3, 4]


def test_a_fault_stands_in_the_file_that_says_it(tmp_path: Path) -> None:
    """The nearest line around it, in the file where most of it stands."""
    found, wrong = open_pack(write(tmp_path / "made", a=HEAD, b="# rules\n" + RULE, c=METRICS))
    assert found is not None, wrong
    places = [("rules", "r", "when"), ("rules", "r", "note"), ("metrics", "m", "versions", 0, "both")]
    assert [str(found.fault(place, "x")) for place in places] == ["made/b.yaml:5: x", "made/b.yaml:3: x", "made/c.yaml:7: x"]


def test_tests_count_through_all_files(tmp_path: Path) -> None:
    found, wrong = open_pack(write(tmp_path / "made", a=HEAD + METRICS + "tests:\n" + TEST * 2, b="tests:\n" + TEST))
    assert found is not None, wrong
    assert len(found.pack.tests) == 3
    told = [str(found.test_fault(index, "figures", "x")) for index in range(3)]
    assert told == ["made/a.yaml:11: x", "made/a.yaml:12: x", "made/b.yaml:2: x"]


def test_the_digest_is_of_what_makes_figures(tmp_path: Path) -> None:
    """A file of tests alone does not change it, any other change does."""
    folder = write(tmp_path / "made", a=HEAD + METRICS)
    plain = packs([folder])["kuaishou"].digest
    tested = packs([write(folder, b="tests:\n" + TEST)])["kuaishou"].digest
    changed = packs([write(folder, a=HEAD + METRICS.replace("window: 1", "window: 2"))])["kuaishou"].digest
    assert (tested == plain, changed == plain) == (True, False)


@pytest.mark.parametrize(("name", "key"), [("a", ("a", "")), ("a/b", ("a", "b"))])
def test_keys_of_names(name: str, key: tuple[str, str]) -> None:
    assert key_of(name) == key


def test_every_version_that_comes_with_the_program_has_its_source() -> None:
    """Document, clause, and at least one row of the specification that exists."""
    rows = {line.split("\t")[0] for line in (HOUSE / "docs" / "spec.tsv").read_text("utf-8").splitlines()}
    for pack in packs().values():
        for key, metric_ in pack.metrics.items():
            for source in (each for one in metric_.versions for each in one.source):
                assert source.document, key
                assert source.clause, key
                assert source.spec, key
                assert set(source.spec) <= rows, key


def test_every_row_of_kuaishous_metrics_is_the_source_of_a_version() -> None:
    metrics = packs()["kuaishou"].metrics.values()
    named = {row for each in metrics for version_ in each.versions for source in version_.source for row in source.spec}
    assert {f"KS-M{number:02}" for number in range(1, 30)} <= named


def test_what_is_assumed_says_so() -> None:
    """In sets and rules as in versions, where the model asks for it."""
    for pack in packs().values():
        assert [name for name, each in (pack.sets | pack.rules).items() if each.assumed and not each.note] == []


def test_the_wheel_carries_every_file_of_the_packs(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=HOUSE, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        held = set(wheel.namelist())
    files = [path for folder in (*shipped(), SHARED) for path in folder.glob("*.yaml")]
    assert files
    assert {f"tianping/packs/{path.parent.name}/{path.name}" for path in files} <= held
