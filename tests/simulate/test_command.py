"""The command `tianping simulate`."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tianping.cli.main import cli
from tianping.errors import TianpingError
from tianping.simulate import room

SMALL = ("--shops", "5", "--orders", "300", "--days", "30", "--seed", "3")


def simulate(out: Path, more: Sequence[str] = ()) -> Result:
    return CliRunner().invoke(cli, ["simulate", *SMALL, "--out", str(out), *more])


def test_says_what_it_wrote_on_stderr(tmp_path: Path) -> None:
    """A line for each table; no progress bar where nobody looks on; nothing on stdout."""
    said = simulate(tmp_path / "out")
    assert (said.exit_code, said.stdout) == (0, "")
    assert "orders: 300" in said.stderr.splitlines()
    assert len(said.stderr.splitlines()) == len(list((tmp_path / "out").glob("*.parquet")))


def test_csv(tmp_path: Path) -> None:
    assert simulate(tmp_path / "out", ("--form", "csv")).exit_code == 0
    assert (tmp_path / "out" / "orders.csv").exists()


def test_refuses_without_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "needed", lambda *_: 10**18)
    said = simulate(tmp_path / "out")
    assert isinstance(said.exception, TianpingError)
    assert not (tmp_path / "out").exists()


def test_again_into_the_same_folder_is_refused(tmp_path: Path) -> None:
    """And what is there stays."""
    simulate(tmp_path / "out")
    before = (tmp_path / "out" / "orders.parquet").read_bytes()
    assert isinstance(simulate(tmp_path / "out").exception, TianpingError)
    assert (tmp_path / "out" / "orders.parquet").read_bytes() == before
