"""The words of explanations and statements: `statement/words.yaml`, each `name: {zh: …, en: …}`."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

import yaml

Lang = Literal["zh", "en"]
LANGS: tuple[Lang, ...] = ("zh", "en")
FOLDER = Path(__file__).parent / "statement"


@cache
def words() -> Mapping[str, Mapping[str, str]]:
    """All words by name."""
    read: Mapping[str, Mapping[str, str]] = yaml.safe_load((FOLDER / "words.yaml").read_text(encoding="utf-8"))
    return read


def t(key: str, lang: Lang, /, **values: object) -> str:
    """The words of `key` with its `{values}` filled in. Raises KeyError for one there is none of: a fault of the program."""
    return words()[key][lang].format(**values)
