"""`tianping …` as a shell calls it, without the cost of another process."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tianping.cli.main import run as tianping


class Said(NamedTuple):
    """What a command gave: its exit status and what it wrote."""

    status: int
    out: str
    err: str


Tianping = Callable[..., Said]
"""`tianping("metrics", "--date", …, home=path)`."""


def called(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Tianping:
    """Calls what the entry point calls."""

    def run(*words: object, home: Path | None = None) -> Said:
        given = ["--home", str(home)] if home else []
        monkeypatch.setattr(sys, "argv", ["tianping", *given, *map(str, words)])
        capsys.readouterr()
        status = 0
        try:
            tianping()
        except SystemExit as left:
            status = left.code if isinstance(left.code, int) else 1
        return Said(status, *capsys.readouterr())

    return run
