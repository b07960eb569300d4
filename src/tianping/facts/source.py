"""One file of an import: what it is to be read as."""

from dataclasses import dataclass, field
from pathlib import Path

from tianping.facts.locked import Passwords
from tianping.facts.mapping import Mapping
from tianping.periods import HOME_ZONE


@dataclass(frozen=True, slots=True)
class Source:
    """One file to import: as `table` (canonical columns), or by its place in a `mapping` (`role`, a name of `mapping.files`).
    `shop` fills a missing shop_id; `zone` is the home's, for times without an offset whose shop has none. `empty_words` are
    what this export writes for an empty cell (`-`, `无`)."""

    path: Path
    table: str = ""
    mapping: Mapping | None = None
    role: str = ""
    shop: str = ""
    zone: str = HOME_ZONE
    empty_words: frozenset[str] = frozenset()
    passwords: Passwords = field(default_factory=Passwords, compare=False)
