"""`tianping case`: the same functions from the shell."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tianping.cli.main import main
from tianping.work.home import open_home


class Said(NamedTuple):
    """What a command gave: its exit status and what it wrote."""

    status: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """`run("list", "--kind", "order")`: of `tianping case`, in a home of its own."""
    open_home(tmp_path / "home", create=True)

    def said(*words: object, command: str = "case") -> Said:
        monkeypatch.setattr(sys, "argv", ["tianping", "--home", str(tmp_path / "home"), command, *map(str, words)])
        capsys.readouterr()
        status = 0
        try:
            main()
        except SystemExit as left:
            status = left.code if isinstance(left.code, int) else 1
        return Said(status, *capsys.readouterr())

    return said


ORDER = (
    "place", "O1", "--platform", "kuaishou", "--shop", "S1", "product_id=P1", "amount_fen=5000",
    "created_at=2024-03-01T16:00", "paid_at=2024-03-01T16:00",
)  # fmt: skip


def opened(run: Run) -> str:
    assert run(*ORDER).status == 0
    said = run("open", "refund_only", "--order", "O1", "--as", "buyer", "reason=quality", "refund_fen=3000")
    assert said.status == 0, said.err
    return said.out.strip()


def test_a_refund_from_the_shell(run: Run) -> None:
    id_ = opened(run)
    [listed] = json.loads(run("list", "--format", "json").out)
    assert (listed["id"], listed["state"], listed["owner"]) == (id_, "requested", "merchant")
    [told] = json.loads(run("show", id_, "--as", "merchant", "--format", "json").out)
    assert told["facts"]["refund_fen"] == 3_000
    assert "agreement" in {each["noun"] for each in told["possible"]}
    assert run("do", id_, "agreement", "--as", "merchant", "--why", "kept promise").status == 0
    events = json.loads(run("events", id_, "--format", "json").out)
    assert [(each["actor"], each["verb"], each["why"]) for each in events] == [
        ("buyer", "request", ""), ("merchant", "agree", "kept promise"),
    ]  # fmt: skip
    assert {each["id"] for each in json.loads(run("list", "--kind", "order", "--format", "json").out)} == {"order/O1"}
    assert run("show", id_).out.count("refunding") == 1
    assert "case_id" in run("due").out


def test_refused_is_one_sentence_that_names_what_is_possible(run: Run) -> None:
    id_ = opened(run)
    said = run("do", id_, "agreement", "--as", "buyer")
    assert (said.status, said.out) == (1, "")
    assert "withdrawal" in said.err
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "status", "needle"),
    [
        (("show", "NONE"), 1, 'there is no case "NONE" here'),
        (("do", "NONE", "agreement"), 1, "there is no case"),
        (("open", "refund_only", "--order", "O9", "--as", "buyer"), 1, 'there is no order "O9" here'),
        (("list", "--known", "nonsense"), 1, "there is no fact"),
        (("do", "X", "agreement", "--as", "clock"), 2, "clock"),
        (("do", "X", "agreement", "nonsense"), 2, "NAME=VALUE"),
        (("do", "X", "agreement", "refund_fen=-1", "nothing=1", "requested_at=now"), 1, "requested_at"),
    ],
)  # fmt: skip
def test_exit_codes(run: Run, words: tuple[str, ...], status: int, needle: str) -> None:
    said = run(*words)
    assert said.status == status, said.err
    assert needle in said.err


def test_private_hosts_are_allowed_by_who_runs_the_home(run: Run) -> None:
    assert run("allow", "localhost", "10.0.0.5", command="webhooks").out.split() == ["10.0.0.5", "localhost"]
    assert run("allow", command="webhooks").out == ""
