"""What came of a step, in a line; Failed where it is not what it should be."""

import hashlib
import json
import re
from pathlib import Path

from ratios.costs import Failed

SAID = "said"
"""In the scratch folder: what the last step printed, `.out` and `.err`."""
_CLOSED = re.compile(r"^(\d{4}-\d\d-\d\d): (\d+) figures", re.MULTILINE)


def landed(folder: Path) -> str:
    """An import's rows by what became of them: none may wait or lie in quarantine."""
    tables = json.loads((folder / SAID).with_suffix(".out").read_text())
    fates = {fate: sum(table[fate] for table in tables) for fate in tables[0] if fate != "table"}
    if not fates["read"] or fates["waiting"] or fates["quarantined"]:
        raise Failed(f"an import of the bench leaves rows out, or reads none: {fates}")
    return ", ".join(f"{rows:,} {fate}" for fate, rows in fates.items() if rows)


def closed(folder: Path) -> str:
    """The last day closed, its figures, and a digest of their file."""
    days = _CLOSED.findall((folder / SAID).with_suffix(".err").read_text())
    date, figures = days[-1]
    files = sorted((folder / "home" / "closes" / date).glob("*.parquet"), key=lambda file: file.stat().st_mtime)
    with files[-1].open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return f"{date}: {int(figures):,} figures, {digest[:12]}"
