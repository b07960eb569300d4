"""Reading YAML: every thing has its line, and whatever a person would misread is a fault."""

from pathlib import Path

import pytest
import yaml

from tianping.policy.load import SHARED, shipped
from tianping.policy.yamlio import Document, load

from .made import said


def read(folder: Path, text: str | bytes) -> Document:
    """The document of one file, `one.yaml`."""
    path = folder / "one.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load(path)


def test_every_place_knows_its_line(tmp_path: Path) -> None:
    found = read(tmp_path, "# first\na:\n  b: 1\n  c:\n    - x\n    - {d: 2}\n")
    places = {("a",): 2, ("a", "b"): 3, ("a", "c"): 4, ("a", "c", 0): 5, ("a", "c", 1): 6, ("a", "c", 1, "d"): 6}
    assert {place: found.line(place) for place in places} == places
    assert found.data == {"a": {"b": 1, "c": ["x", {"d": 2}]}}


def test_the_line_of_something_missing_is_that_of_what_is_around_it(tmp_path: Path) -> None:
    found = read(tmp_path, "a: 1\nb:\n  c: 1\n")
    assert [found.line(("b", "d", "e")), found.line(("x",))] == [2, 1]


def test_a_key_given_twice_is_told_with_both_lines(tmp_path: Path) -> None:
    """All of them at once, on every level; the first one is kept."""
    found = read(tmp_path, "a: 1\nb:\n  c: 1\n  c: 2\na: 3\n")
    assert said(found.faults) == [
        'one.yaml:4: "c" stands here a second time (first on line 3; keep one)',
        'one.yaml:5: "a" stands here a second time (first on line 1; keep one)',
    ]
    assert found.data == {"a": 1, "b": {"c": 1}}


def test_keys_are_text_as_written(tmp_path: Path) -> None:
    """`on`, `no` and `1` are words when they are keys."""
    assert read(tmp_path, "on: a\nno: b\n1: c\n").data == {"on": "a", "no": "b", "1": "c"}


def test_a_key_is_one_word(tmp_path: Path) -> None:
    found = read(tmp_path, "a: 1\n? [b, c]\n: 2\n")
    assert said(found.faults) == ["one.yaml:2: a key is one word (put a list or a mapping behind a key)"]


def test_aliases_are_refused_each_with_its_line(tmp_path: Path) -> None:
    found = read(tmp_path, "a: &x [1, 2]\nb: *x\nc:\n  <<: *y\n")
    assert said(found.faults) == [
        'one.yaml:2: "*x" stands for another place (write it out; aliases are refused)',
        'one.yaml:4: "*y" stands for another place (write it out; aliases are refused)',
    ]


@pytest.mark.parametrize(
    "text", ["a: 1\n{} : 2\n", "a: 1\na: [b, {}]\n", "a: 1\n? [b, {}]\n: 2\n", "a: 1\n? [b]\n: {{c: {}}}\n"]
)
@pytest.mark.parametrize(
    ("what", "told"), [("*x", '"*x" stands for another place'), ("!x y", 'the tag "!x" means nothing here')]
)
def test_aliases_and_tags_are_told_of_keys_too_and_of_what_is_passed_over(
    tmp_path: Path, text: str, what: str, told: str
) -> None:
    faults = read(tmp_path, text.format(what)).faults
    assert told in [fault.what for fault in faults]
    assert len(faults) == (1 if text.startswith("a: 1\n{}") else 2)


def test_an_anchor_that_nothing_refers_to_is_harmless(tmp_path: Path) -> None:
    found = read(tmp_path, "a: &x [1, 2]\n")
    assert (found.data, found.faults) == ({"a": [1, 2]}, ())


def test_a_file_that_unfolds_itself_is_read_in_no_time(tmp_path: Path) -> None:
    """Each line doubles the one before; and a list that contains itself."""
    doubling = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
    assert len(read(tmp_path, doubling).faults) == 118
    assert len(read(tmp_path, "a: &a [*a]\n").faults) == 1


@pytest.mark.parametrize(
    "tag", ["!mine", "!!python/object/apply:os.system", "!!python/name:os.system", "!!timestamp", "!!bool"]
)
@pytest.mark.parametrize(("value", "data"), [("x", "x"), ("[x]", ["x"]), ("{x: y}", {"x": "y"})])
def test_tags_do_nothing(tmp_path: Path, tag: str, value: str, data: object) -> None:
    """They are told, and the value is what it is without."""
    found = read(tmp_path, f"a: 1\nb: {tag} {value}\n")
    assert [(fault.line, fault.what.split(' "')[0]) for fault in found.faults] == [(2, "the tag")]
    assert found.data == {"a": 1, "b": data}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: 1\nb: [1, 2\n", "one.yaml:3: this is not YAML: expected ',' or ']', but got '<stream end>'"),
        ("a: 1\n b: 2\n", "one.yaml:2: this is not YAML: mapping values are not allowed here"),
        ("a: 1\n\tb: 2\n", "one.yaml:2: this is not YAML: found character '\\t' that cannot start any token"),
        ('a: 1\nb: "never closed\n', "one.yaml:3: this is not YAML: found unexpected end of stream"),
        ("a: 1\n---\nb: 2\n", "one.yaml:2: this is not YAML: but found another document"),
        ("a: 1\nb: \x07\n", "one.yaml:2: this is not YAML: the character U+0007 is not allowed (take it out)"),
    ],
)
def test_broken_yaml_is_told_with_its_line(tmp_path: Path, text: str, fault: str) -> None:
    found = read(tmp_path, text)
    assert (said(found.faults), found.data) == ([fault], None)


@pytest.mark.parametrize("text", ["", "\n\n", "# only a remark\n", "---\n", "~\n"])
def test_an_empty_file_is_a_fault(tmp_path: Path, text: str) -> None:
    assert said(read(tmp_path, text).faults) == ["one.yaml:1: the file is empty (fill it or delete it)"]


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16"])
def test_other_encodings_are_refused(tmp_path: Path, encoding: str) -> None:
    """As an old editor saves Chinese."""
    found = read(tmp_path, "a: 1\nb: 品退率\n".encode(encoding))
    line = 2 if encoding == "gb18030" else 1
    assert said(found.faults) == [f"one.yaml:{line}: this is not text in UTF-8 (save it as UTF-8)"]


def test_the_mark_that_windows_puts_before_utf8_is_no_fault(tmp_path: Path) -> None:
    found = read(tmp_path, "a: 品退率\n".encode("utf-8-sig"))
    assert (found.data, found.faults) == ({"a": "品退率"}, ())


def test_a_day_that_does_not_exist_is_told(tmp_path: Path) -> None:
    found = read(tmp_path, "a: 1\nb: 2023-02-29\n")
    assert [(fault.line, fault.what.startswith('"2023-02-29" cannot be read')) for fault in found.faults] == [(2, True)]


def test_endless_nesting_is_a_fault(tmp_path: Path) -> None:
    assert said(read(tmp_path, "[" * 5000).faults) == ["one.yaml:1: this is nested too deep to be read"]


def test_faults_call_the_file_by_the_name_given(tmp_path: Path) -> None:
    path = tmp_path / "one.yaml"
    path.write_text("a: [\n", encoding="utf-8")
    assert load(path, name="kuaishou/one.yaml").faults[0].file == "kuaishou/one.yaml"


@pytest.mark.parametrize(
    "path",
    [path for folder in (*shipped(), SHARED) for path in sorted(folder.glob("*.yaml"))],
    ids=lambda path: f"{path.parent.name}-{path.stem}",
)
def test_both_parsers_read_the_same(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one in C is the faster; where there is none the other one reads every file as it does."""
    fast = load(path)
    monkeypatch.setattr("tianping.policy.yamlio._Fast", yaml.SafeLoader)
    assert load(path) == fast


def test_what_is_not_yaml_is_said_in_the_same_words_by_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fast = read(tmp_path, "a: 1\nb: [1, 2\nc: }\n")
    monkeypatch.setattr("tianping.policy.yamlio._Fast", yaml.SafeLoader)
    assert read(tmp_path, "a: 1\nb: [1, 2\nc: }\n") == fast
    assert fast.faults
