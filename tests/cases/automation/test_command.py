"""`tianping rules`: from a file to a rule that acts."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tianping.cli.main import main
from tianping.work.desk.serving import desk_of
from tianping.work.home import open_home

from ..market import ask, order

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    def said(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["tianping", "--home", str(tmp_path / "home"), "rules", *map(str, words)])
        capsys.readouterr()
        status = 0
        try:
            main()
        except SystemExit as left:
            status = left.code if isinstance(left.code, int) else 1
        return status, *capsys.readouterr()

    return said


def test_a_rule_from_the_command_line(run: Run, tmp_path: Path) -> None:
    desk = desk_of(open_home(tmp_path / "home", create=True))
    order(desk)
    case = ask(desk).id
    rule = tmp_path / "rule.yaml"
    rule.write_text(
        "of: custom\nkinds: [refund_only]\nstates: [requested]\nverb: agree\nwhen: {fact: refund_fen, at_most: 3000}\n"
    )
    status, out, err = run("try", "--shop", "S1", "--days", 3660, "--format", "csv", rule)
    assert (status, case in out, "acted on 1, for 30.00 yuan" in err) == (0, True, True)
    status, out, _ = run("add", "--shop", "S1", "--name", "small", rule)
    assert (status, out.strip()) == (0, "1")
    assert run("switch", 1, "on")[0] == 0
    assert "small" in run("list", "--shop", "S1", "--format", "csv")[1]
    assert "switch_seven_days,True" in run("shop", "S1", "switch_seven_days", "on", "--format", "csv")[1]
    assert run("returns", "--format", "csv")[0] == 0
    rule.write_text("of: custom\nkinds: [refund_only]\nstates: [requested]\nverb: refuse\n")
    status, _, err = run("add", "--shop", "S1", "--name", "bad", rule)
    assert (status, "does not refuse" in err) == (1, True)
