"""`tianping rules`: from a file to a rule that acts."""

from pathlib import Path

import pytest

from shell import Tianping
from tianping.work.desk.serving import desk_of
from tianping.work.home import open_home

from ..market import ask, order


@pytest.fixture
def run(tianping: Tianping, tmp_path: Path) -> Tianping:
    return lambda *words: tianping("rules", *words, home=tmp_path / "home")


def test_a_rule_from_the_command_line(run: Tianping, tmp_path: Path) -> None:
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
