"""Boards name metrics there are, each once; no figure depends on them."""

from pathlib import Path

import pytest

from tianping.facts.views import VIEWS
from tianping.policy.check import check
from tianping.policy.load import key_of, open_all, open_pack, packs, shipped


def faults(folder: Path, board: str) -> list[str]:
    """Those of the pack of Taobao with another board."""
    [taobao] = [path for path in shipped() if path.name == "taobao"]
    for file in taobao.glob("*.yaml"):
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "board.yaml").write_text(board, encoding="utf-8")
    opened, found = open_pack(folder)
    return [str(each) for each in (*found, *(check(opened, VIEWS) if opened else ()))]


@pytest.mark.parametrize(
    ("board", "said"),
    [
        ("board: {headline: [refund_rat]}", 'no metric "refund_rat"'),
        ("board: {products: [refund_rate, refund_rate]}", "stands twice"),
        ("board: {groups: [{label: {zh: 退, en: r}, metrics: [nothing]}]}", 'no metric "nothing"'),
        ("board: {groups: [{label: {zh: 退, en: r}, told_by: nobody, metrics: [refund_rate]}]}", "told_by"),
    ],
)
def test_faults_are_told(tmp_path: Path, board: str, said: str) -> None:
    told = faults(tmp_path, board)
    assert any(said in each for each in told), told
    assert all("board.yaml:1" in each for each in told)


def test_a_metric_may_be_headline_and_in_a_group(tmp_path: Path) -> None:
    board = (
        "board: {headline: [refund_rate], products: [refund_rate], groups: [{label: {zh: 退, en: r}, metrics: [refund_rate]}]}"
    )
    assert faults(tmp_path, board) == []


def test_a_board_changes_no_digest(tmp_path: Path) -> None:
    faults(tmp_path, "board: {headline: [refund_rate]}")
    opened, _ = open_pack(tmp_path)
    assert opened is not None
    assert opened.pack.digest == packs()["taobao"].digest


def test_every_metric_shipped_stands_in_a_group() -> None:
    opened, _ = open_all()
    for each in opened:
        grouped = {key_of(name) for group in each.pack.board.groups for name in group.metrics}
        assert grouped == set(each.pack.metrics)
        assert each.pack.board.headline
