"""A hundred of the mutated files that `scripts/fuzz.py` tries a hundred thousand of."""

from pathlib import Path

import fuzz


def test_mutated_files_lose_no_row(tmp_path: Path) -> None:
    """No traceback; rows in = imported + unchanged + waiting + quarantined."""
    found = fuzz.run(120, 0, tmp_path)
    assert found.failures == []
    assert found.rows.total() > 600
