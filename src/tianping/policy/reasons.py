"""The platforms' own words for a reason → our reasons.

Common words stand in `packs/reasons.yaml`; a pack's own `reasons:` come before them.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from pydantic import Field

from tianping.errors import Fault, PolicyError
from tianping.policy.load import packs
from tianping.policy.strict import Strict, read
from tianping.policy.yamlio import load

COMMON = Path(str(files("tianping") / "packs" / "reasons.yaml"))


class Common(Strict):
    """Words by reason, whatever the platform."""

    assumed: bool | str = False
    note: str = ""
    reasons: dict[str, tuple[str, ...]] = Field(min_length=1)


def words(platform: str, *, folders: Sequence[Path] | None = None) -> Mapping[str, str]:
    """Word → reason for a platform ("": only the common ones). Raises PolicyError for packs that cannot be used."""
    found = dict(_common())
    pack = packs(folders).get(platform) if platform else None
    return found | _by_word(pack.reasons if pack else {})


@lru_cache
def _common() -> Mapping[str, str]:
    document = load(COMMON)
    book, faults = read(Common, document)
    if book is None or faults:
        raise PolicyError(tuple(faults))
    if twice := sorted(word for word in book.reasons for other in book.reasons if word != other and _clash(book, word, other)):
        raise PolicyError((Fault(document.file, 1, f"one word under several reasons: {', '.join(twice)}", "keep one of them"),))
    return _by_word(book.reasons)


def _clash(book: Common, one: str, other: str) -> bool:
    return bool(set(book.reasons[one]) & set(book.reasons[other]))


def _by_word(reasons: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {word: reason for reason, each in reasons.items() for word in each}
