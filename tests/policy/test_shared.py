"""Definitions written once for several packs."""

from pathlib import Path

import pytest

from tianping.facts.views import VIEWS
from tianping.policy import check, load
from tianping.policy.load import open_all, open_pack, packs, shipped
from tianping.policy.model import SharedFile
from tianping.policy.strict import read
from tianping.policy.yamlio import load as yaml
from tianping.work.trials.selftest import run

from .made import HEAD, metric, opened, said, shares, version, write

RULES = """rules:
  virtual: {label: {zh: 虚拟, en: virtual}, when: virtual}
  presale: {label: {zh: 预售, en: presale}, when: presale}
"""
SET = "sets:\n  own: {values: [self_built]}\n"
SHARED = SET + RULES + "metrics:\n" + metric("common", version(shares("channel in own", leave_out=["virtual"])))
OWN = "metrics:\n" + metric("m", version(shares("cod", leave_out=["presale"])))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of packs, with one shared file, `goods`."""
    shared = write(tmp_path / "shared", goods=SHARED)
    monkeypatch.setattr(load, "SHARED", shared)
    monkeypatch.setattr(check, "SHARED", shared)
    return tmp_path


def head(platform: str = "kuaishou", shares: str = "goods") -> str:
    return HEAD.replace("kuaishou", platform) + f"shares: [{shares}]\n"


def test_a_pack_has_what_it_shares_as_if_it_stood_there(folder: Path) -> None:
    found = opened(write(folder / "a", a=head() + OWN))
    assert (set(found.pack.rules), set(found.pack.sets)) == ({"virtual", "presale"}, {"own"})
    assert set(found.pack.metrics) == {("common", ""), ("m", "")}


def test_its_own_sentences_may_be_of_what_it_shares(folder: Path) -> None:
    facts = "{orders: [{order_id: A, shop_id: S1, product_id: P1, channel: self_built, paid_at: 2024-06-29 12:00}]}"
    case = f"sentence: {{zh: 甲, en: a}}, date: 2024-06-30, days: 1, facts: {facts}, figures: {{common: 1/1}}"
    assert run(opened(write(folder / "a", a=head() + OWN, b=f"tests:\n  - {{{case}}}\n"))) == []


def test_the_shared_folder_is_no_pack(folder: Path) -> None:
    made = write(folder / "a", a=head() + OWN)
    assert shipped() == (made,)


def test_a_name_stands_once_there_or_here(folder: Path) -> None:
    found = open_pack(write(folder / "a", a=head() + OWN, b="sets:\n  own: {values: [flash]}\n"))[1]
    assert said(found) == ['a/b.yaml:2: "own" of sets stands in two files (first in shared/goods.yaml:2; keep one)']


def test_a_misspelt_file_is_guessed(folder: Path) -> None:
    found = open_pack(write(folder / "a", a=head(shares="goods, godds") + OWN))[1]
    assert said(found) == ['a/a.yaml:3: no shared file "godds" (did you mean "goods"? allowed: goods)']


def test_two_files_may_share_the_same(folder: Path) -> None:
    assert set(opened(write(folder / "a", a=head() + OWN, b="shares: [goods]\n")).pack.sets) == {"own"}


@pytest.mark.parametrize("key", ["platform: x", "label: {zh: 甲, en: a}", "tests: []", "shares: [goods]", "reasons: {}"])
def test_what_belongs_to_a_platform_is_not_shared(folder: Path, key: str) -> None:
    write(folder / "shared", goods=f"{key}\n{SHARED}")
    name = key.split(":")[0]
    found = said(open_pack(write(folder / "a", a=head() + OWN))[1])
    assert found[0].split(" (")[0] == f'shared/goods.yaml:1: unknown key "{name}"'


def test_a_fault_of_a_shared_file_is_told_once_and_where_it_stands(folder: Path) -> None:
    """Of form and of meaning, however many packs share it."""
    made = [write(folder / name, a=head(name) + OWN) for name in ("a", "b")]
    write(folder / "shared", goods=SHARED.replace("channel in own", "channel in owns") + "x: 1\n")
    assert [fault.split(" (")[0] for fault in said(open_all(made)[1])] == ['shared/goods.yaml:13: unknown key "x"']
    write(folder / "shared", goods=SHARED.replace("when: virtual", "when: virtul"))
    (fault,) = check.check_all(open_all(made)[0], VIEWS)
    assert str(fault).startswith('shared/goods.yaml:12: the rule "virtual" does not fit the view "order": no column "virtul"')


def test_what_one_pack_does_not_use_another_may(folder: Path) -> None:
    """`presale` is used by the first alone, which is enough; by none, it is a fault; and so is a file nobody shares."""
    first = write(folder / "a", a=head("a") + OWN)
    second = write(folder / "b", a=head("b"))
    both, _ = open_all([first, second])
    assert (check.check_all(both, VIEWS), check.idle_shared(both)) == ([], [])
    write(folder / "shared", goods=SHARED, more="rules:\n  x: {label: {zh: 甲, en: a}, when: cod}\n")
    alone, _ = open_all([second])
    assert check.check_all(alone, VIEWS) == []
    assert said(check.idle_shared(alone)) == [
        "shared/more.yaml:1: no pack shares this file (use it or take it out)",
        'shared/goods.yaml:5: no metric uses the rule "presale" (use it or take it out)',
    ]


def test_the_digest_covers_what_is_shared(folder: Path) -> None:
    """And nothing of the shared files that the pack does not name."""
    made = write(folder / "a", a=head("a") + OWN)
    plain = packs([made])["a"].digest
    write(folder / "shared", other=SET)
    assert packs([made])["a"].digest == plain
    write(folder / "shared", goods=SHARED.replace("window: 1", "window: 2"))
    assert packs([made])["a"].digest != plain


def test_a_folder_of_ones_own_may_share_what_is_shipped(tmp_path: Path) -> None:
    """The names are those of the program's files, wherever the folder lies."""
    names = sorted(path.stem for path in load.SHARED.glob("*.yaml"))
    assert names
    pack = packs([write(tmp_path / "mine", a=head(shares=", ".join(names)))])["kuaishou"]
    held = (read(SharedFile, yaml(path))[0] for path in load.SHARED.glob("*.yaml"))
    assert set(pack.rules) == {rule for file in held if file for rule in file.rules}
