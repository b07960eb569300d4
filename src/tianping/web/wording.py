"""The words of the pages: `words/*.yaml`, each `name: {zh: …, en: …}`; a page asks for `family.name`."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml

FOLDER = Path(__file__).parent / "words"
LANGUAGES = ("zh", "en")


class Fault(NamedTuple):
    """What is wrong with a word, and where."""

    key: str
    what: str


@cache
def words() -> Mapping[str, Mapping[str, str]]:
    """All words by `family.name`."""
    return {
        f"{path.stem}.{name}": each
        for path in sorted(FOLDER.glob("*.yaml"))
        for name, each in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).items()
    }


def faults() -> list[Fault]:
    """Words that lack a language, or have others."""
    return [
        Fault(key, f"has {', '.join(each) if isinstance(each, dict) else each!r}; it needs {' and '.join(LANGUAGES)}")
        for key, each in words().items()
        if not isinstance(each, dict) or set(each) != set(LANGUAGES) or not all(isinstance(word, str) for word in each.values())
    ]


def t(key: str, lang: str, /, **values: object) -> str:
    """The words of `key` with its `{values}` filled in. Raises KeyError for one there is none of: a fault of the program."""
    text = words()[key][lang]
    return text.format(**values) if values else text
