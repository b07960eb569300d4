"""One file of an import: what it is to be read as."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from tianping.facts.formats.locked import Passwords
from tianping.facts.mapping import Mapping
from tianping.periods import HOME_ZONE


def called(path: Path) -> str:
    """A path as text. A name that is no UTF-8 is taken for GB18030: so a Chinese Windows packs names into a ZIP."""
    return str(Path(*(_text(os.fsencode(part)) for part in path.parts)))


def _text(name: bytes) -> str:
    for encoding in ("utf-8", "gb18030"):
        try:
            return name.decode(encoding)
        except UnicodeDecodeError:
            continue
    return name.decode("utf-8", "backslashreplace")


@dataclass(frozen=True, slots=True)
class Source:
    """One file to import: as `table` (canonical columns), or by its place in a `mapping` (`role`, a name of `mapping.files`).
    `shop` fills a missing shop_id; `zone` is the home's, for times without an offset whose shop has none. `empty_words` are
    what this export writes for an empty cell (`-`, `无`). `under`: the folder that it is named without."""

    path: Path
    table: str = ""
    mapping: Mapping | None = None
    role: str = ""
    shop: str = ""
    zone: str = HOME_ZONE
    empty_words: frozenset[str] = frozenset()
    passwords: Passwords = field(default_factory=Passwords, compare=False)
    under: Path | None = None

    @property
    def name(self) -> str:
        """What the file is called, for people and for the lake."""
        return called(self.path.relative_to(self.under) if self.under else self.path)
