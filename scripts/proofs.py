"""Which rows of the specification no test proves yet: `make spec`.

A row is proved when a test marked `@pytest.mark.spec("ID")` passed when it last ran, and none so marked failed.
"""

import io
import json
import sys
from collections.abc import Iterable, Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import TypedDict

import pytest

HOUSE = Path(__file__).resolve().parent.parent
ROWS = HOUSE / "docs" / "spec.tsv"
RECORD = "tianping/proofs"  # name in pytest's cache
_RECORD_FILE = HOUSE / ".pytest_cache" / "v" / RECORD


class Proof(TypedDict):
    """One marked test as it last ran. `outcome` is passed, skipped or failed."""

    rows: list[str]
    outcome: str


class Marks:
    """A pytest plug-in: test id → rows it is marked with, of every test collected; `broken` are files that did not load."""

    def __init__(self) -> None:
        self.rows: dict[str, list[str]] = {}
        self.broken: list[str] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            self.rows[item.nodeid] = [row for mark in item.iter_markers("spec") for row in mark.args]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.broken.append(report.nodeid)


def titles() -> dict[str, str]:
    """Row → title, in the order of the specification."""
    lines = ROWS.read_text(encoding="utf-8").splitlines()[1:]
    return dict(line.split("\t") for line in lines)


def collect() -> Marks:
    marks = Marks()
    with redirect_stdout(io.StringIO()):
        pytest.main(["--collect-only", "-q", "--rootdir", str(HOUSE), str(HOUSE / "tests")], plugins=[marks])
    return marks


def record() -> dict[str, Proof]:
    """What the last runs said; empty where the tests never ran here."""
    found: dict[str, Proof] = json.loads(_RECORD_FILE.read_text(encoding="utf-8")) if _RECORD_FILE.exists() else {}
    return found


def state(row: str, marks: Mapping[str, Iterable[str]], proofs: Mapping[str, Proof]) -> str:
    """`proved`, or what is missing: `no test`, `not run`, `skipped`, `failed`."""
    tests = [test for test, rows in marks.items() if row in rows]
    outcomes = {proofs[test]["outcome"] for test in tests if test in proofs and row in proofs[test]["rows"]}
    if not tests:
        return "no test"
    if "failed" in outcomes:
        return "failed"
    if "passed" in outcomes:
        return "proved"
    return "skipped" if outcomes else "not run"


def is_stale() -> bool:
    """Whether the sources or tests changed after the record was written."""
    files = (path for folder in ("src", "tests") for path in (HOUSE / folder).rglob("*.*") if "__pycache__" not in path.parts)
    return max(path.stat().st_mtime for path in files) > _RECORD_FILE.stat().st_mtime


def main() -> int:
    marks, proofs = collect(), record()
    rows = titles()
    states = {row: state(row, marks.rows, proofs) for row in rows}
    lines = [f"{row}  {states[row]:8}{title}" for row, title in rows.items() if states[row] != "proved"]
    lines.append(f"# {len(rows) - len(lines)} of {len(rows)} rows proved by the last run of the tests{_doubt(proofs)}")
    print("\n".join(lines))
    for broken in marks.broken:
        print(f"{broken} could not be read: run make test to see why", file=sys.stderr)
    return 1 if marks.broken else 0


def _doubt(proofs: Mapping[str, Proof]) -> str:
    if not proofs:
        return ": none is recorded here, run make test"
    return ", which is older than the sources: run make test" if is_stale() else ""


if __name__ == "__main__":
    sys.exit(main())
