"""The list of specification rows is whole, and marks name its rows."""

import re

import pytest

from conftest import find_program
from proofs import HOUSE, ROWS, Proof, state, titles

SPECIFICATION = HOUSE.parent / "shared" / "spec"
RULE_FILES = ("kuaishou.md", "douyin.md", "taobao-tmall.md", "jd.md")
_ROW = re.compile(r"^\| ([A-Z]{2}-[A-Z]\d\d) \|", re.MULTILINE)


def test_the_list_names_every_row_of_the_specification() -> None:
    missing = [name for name in RULE_FILES if not (SPECIFICATION / name).exists()]
    if missing:
        pytest.skip(f"the specification's own files are not beside the repository: {', '.join(missing)}")
    rows = [row for name in RULE_FILES for row in _ROW.findall((SPECIFICATION / name).read_text(encoding="utf-8"))]
    assert sorted(rows) == sorted(titles())


def test_rows_are_named_once() -> None:
    lines = ROWS.read_text(encoding="utf-8").splitlines()[1:]
    assert len(titles()) == len(lines)


def test_marks_name_rows_of_the_list(request: pytest.FixtureRequest) -> None:
    marked = {row for item in request.session.items for mark in item.iter_markers("spec") for row in mark.args}
    assert marked <= set(titles())


PASSED, FAILED, SKIPPED = (Proof(rows=["KS-M01"], outcome=outcome) for outcome in ("passed", "failed", "skipped"))


@pytest.mark.parametrize(
    ("tests", "proofs", "expected"),
    [
        ([], {}, "no test"),
        ([], {"gone": PASSED}, "no test"),
        (["a"], {}, "not run"),
        (["a"], {"a": SKIPPED}, "skipped"),
        (["a"], {"a": PASSED}, "proved"),
        (["a", "b"], {"a": PASSED, "b": SKIPPED}, "proved"),
        (["a", "b"], {"a": PASSED, "b": FAILED}, "failed"),
        (["a"], {"a": Proof(rows=["KS-M02"], outcome="passed")}, "not run"),
    ],
)
def test_a_row_is_proved_by_a_passing_test_and_no_failing_one(
    tests: list[str], proofs: dict[str, Proof], expected: str
) -> None:
    assert state("KS-M01", {test: ["KS-M01"] for test in tests}, proofs) == expected


def test_a_missing_program_is_named_and_fails_only_under_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match='"no-such-program" is missing'):
        find_program("no-such-program")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="scripts/system"):
        find_program("no-such-program")
    assert find_program("sh").endswith("sh")
