"""The executable as a program calls it, and the demo home to call it on."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tianping.cli.main import main
from tianping.work.home import Home
from work.homes import demo_home


class Said(NamedTuple):
    """What a command gave: its exit status and what it wrote."""

    status: int
    out: str
    err: str


Tianping = Callable[..., Said]


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The demo market; not to be written into."""
    return demo_home(tmp_path_factory.getbasetemp())


@pytest.fixture
def tianping(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Tianping:
    """`tianping("metrics", "--date", …, home=path)`, through the entry point."""

    def run(*words: object, home: Path | None = None) -> Said:
        given = ["--home", str(home)] if home else []
        monkeypatch.setattr(sys, "argv", ["tianping", *given, *map(str, words)])
        capsys.readouterr()
        status = 0
        try:
            main()
        except SystemExit as left:
            status = left.code if isinstance(left.code, int) else 1
        return Said(status, *capsys.readouterr())

    return run
