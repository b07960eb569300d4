"""What every template and static file of ours keeps to: words in both languages, pages that a strict policy lets through."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import tianping.web
from tianping.web import wording
from tianping.web.frame import templates

WEB = Path(tianping.web.__file__).parent
TEMPLATES = sorted((WEB / "templates").rglob("*.html"))
OURS = [*TEMPLATES, *(path for path in sorted((WEB / "static").rglob("*")) if path.is_file() and "vendor" not in path.parts)]
_KEY = re.compile(r"""\bt\(\s*(["'])([a-z_]+\.[a-z0-9_]+)\1\s*([~)%,+]?)""")
_POST = re.compile(r"<form\b[^>]*method=\"post\".*?</form>", re.DOTALL | re.IGNORECASE)
_INCLUDE = re.compile(r"""include\s+["']([^"']+)["']""")
_SCRIPT = re.compile(r"<script\b([^>]*)>", re.IGNORECASE)


def name_of(path: Path) -> str:
    return path.relative_to(WEB).as_posix()


def keys(path: Path) -> Iterator[tuple[str, bool]]:
    """The keys of words that a file asks for, and whether each is only a beginning (`'parts.status_' ~ name`)."""
    for found in _KEY.finditer(path.read_text(encoding="utf-8")):
        yield found[2], found[3] in ("~", "%", "+")


def test_words_have_both_languages() -> None:
    assert wording.faults() == []


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_every_word_that_a_template_asks_for_is_there(path: Path) -> None:
    known = wording.words()
    missing = [
        key for key, begins in keys(path) if not (any(name.startswith(key) for name in known) if begins else key in known)
    ]
    assert missing == []


def test_no_words_of_the_parts_are_left_over() -> None:
    said = "".join(path.read_text(encoding="utf-8") for path in (*TEMPLATES, *WEB.rglob("*.py")))
    begun = {key for path in TEMPLATES for key, begins in keys(path) if begins} | {"parts.reason_"}
    left = [key for key in wording.words() if key.startswith("parts.") and key not in said]
    assert [key for key in left if not any(key.startswith(each) for each in begun)] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_every_template_can_be_read(path: Path) -> None:
    templates().get_template(path.relative_to(WEB / "templates").as_posix())


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_no_template_has_style_or_script_of_its_own(path: Path) -> None:
    """The policy of every answer refuses them; a block of JSON is data."""
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\sstyle\s*=|<style\b|\son[a-z]+\s*=\s*[\"']|javascript:|\bhx-on", text)
    bare = [each[1] for each in _SCRIPT.finditer(text) if "src=" not in each[1] and "application/json" not in each[1]]
    assert bare == []


@pytest.mark.parametrize("path", OURS, ids=name_of)
def test_nothing_of_ours_names_another_host(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?://|[\"'(]//", text)


def test_every_form_that_posts_carries_the_token() -> None:
    """But for the sign-in page, where there is no session yet. What a form includes is part of it."""
    for path in TEMPLATES:
        for form in _POST.findall(path.read_text(encoding="utf-8")):
            parts = [(WEB / "templates" / name).read_text(encoding="utf-8") for name in _INCLUDE.findall(form)]
            assert "csrf" in "".join([form, *parts]) or path.name == "login.html", name_of(path)


def test_what_is_not_ours_carries_its_licence() -> None:
    for folder in (WEB / "static" / "vendor").iterdir():
        assert (folder / "LICENSE").is_file(), folder.name
