"""`tianping case`: the same functions from the shell."""

import json
from pathlib import Path

import pytest

from shell import Tianping
from tianping.work.home import open_home


@pytest.fixture
def run(tianping: Tianping, tmp_path: Path) -> Tianping:
    """`run("list", "--kind", "order")`: of `tianping case`, in a home of its own."""
    open_home(tmp_path / "home", create=True)
    return lambda *words, command="case": tianping(command, *words, home=tmp_path / "home")


ORDER = (
    "place", "O1", "--platform", "kuaishou", "--shop", "S1", "product_id=P1", "amount_fen=5000",
    "created_at=2024-03-01T16:00", "paid_at=2024-03-01T16:00",
)  # fmt: skip


def opened(run: Tianping) -> str:
    assert run(*ORDER).status == 0
    said = run("open", "refund_only", "--order", "O1", "--as", "buyer", "reason=quality", "refund_fen=3000")
    assert said.status == 0, said.err
    return said.out.strip()


def test_a_refund_from_the_shell(run: Tianping) -> None:
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


def test_refused_is_one_sentence_that_names_what_is_possible(run: Tianping) -> None:
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
def test_exit_codes(run: Tianping, words: tuple[str, ...], status: int, needle: str) -> None:
    said = run(*words)
    assert said.status == status, said.err
    assert needle in said.err


def test_private_hosts_are_allowed_by_who_runs_the_home(run: Tianping) -> None:
    """Each at a port: every port would be too much."""
    allowed = run("allow", "localhost:8080", "10.0.0.5:8443", command="webhooks")
    assert allowed.out.split() == ["10.0.0.5:8443", "localhost:8080"]
    assert (run("allow", "10.0.0.5", command="webhooks").status) == 1
    assert run("allow", command="webhooks").out == ""


def test_without_a_home_it_is_said_how_to_begin_one(tianping: Tianping, tmp_path: Path) -> None:
    """A desk needs no facts."""
    said = tianping("case", "list", home=tmp_path / "none")
    assert (said.status, said.out) == (1, "")
    assert "begin one with `tianping serve`" in said.err
