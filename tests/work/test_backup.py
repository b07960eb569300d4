"""A home in one file and back; a damaged or foreign file leaves nothing behind; a home moves by copying."""

import datetime as dt
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tianping.errors import ImportRefused
from tianping.work.backup import MANIFEST, backup, restore
from tianping.work.care import examine
from tianping.work.closing.close import Asked
from tianping.work.home import Home, facts, open_home
from tianping.work.intake.compact import compact_now
from tianping.work.judge import close_day

from .homes import NOON, bring, closed, rules

ORDERS = "order_id,shop_id,product_id,created_at\no1,s1,p1,2024-04-01\n"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = open_home(tmp_path / "home", create=True)
    bring(made, {"orders": ORDERS, "shops": "shop_id,platform\ns1,kuaishou\n"})
    bring(made, {"orders": "order_id,amount_fen\no1,5\no9,5\n"}, hour=1)
    return made


def held(home: Home) -> list[tuple[Any, ...]]:
    con, _ = facts(home)
    with con:
        return con.execute("FROM facts.orders").fetchall()


def sick(home: Home) -> list[str]:
    return [f"{one.what}: {one.told}" for one in examine(home) if one.state == "fault"]


def test_there_and_back(home: Home, tmp_path: Path) -> None:
    """Facts, versions, closes and their figures; what compaction has replaced is not in it."""
    done = closed(home, dt.date(2024, 5, 1))
    compact_now(home, at=NOON + dt.timedelta(hours=3))
    assert backup(home, tmp_path / "b.zip") == (tmp_path / "b.zip").stat().st_size
    other = restore(tmp_path / "b.zip", tmp_path / "deep" / "other")
    assert (held(other), other.versions()) == (held(home), home.versions())
    assert (other.path / done.path).read_bytes() == (home.path / done.path).read_bytes()
    assert sick(other) == []
    bring(other, {"orders": ORDERS.replace("o1", "o2")}, hour=4)
    assert len(held(other)) == 2


def test_judgements_come_along(home: Home, tmp_path: Path) -> None:
    """What was judged is in it, and doctor sees where it is gone."""
    _, judged = close_day(home, rules(), Asked(dt.date(2024, 5, 1)), at=NOON + dt.timedelta(hours=9))
    backup(home, tmp_path / "b.zip")
    other = restore(tmp_path / "b.zip", tmp_path / "other")
    files = sorted(path.name for path in (home.path / judged.folder).iterdir())
    assert sorted(path.name for path in (other.path / judged.folder).iterdir()) == files != []
    assert sick(other) == []
    shutil.rmtree(other.path / judged.folder)
    [said] = sick(other)
    assert said.startswith(f"last close: 1 judgements are gone, {judged.folder} first")


def test_an_empty_home(tmp_path: Path) -> None:
    backup(open_home(tmp_path / "home", create=True), tmp_path / "b.zip")
    assert restore(tmp_path / "b.zip", tmp_path / "other").versions() == ()


def test_never_over_anything(home: Home, tmp_path: Path) -> None:
    """Neither a file that is there nor a home that is there is touched."""
    backup(home, tmp_path / "b.zip")
    with pytest.raises(ImportRefused, match="already there"):
        backup(home, tmp_path / "b.zip")
    with pytest.raises(ImportRefused, match="not empty"):
        restore(tmp_path / "b.zip", home.path)


def test_a_folder_that_is_not_there(home: Home, tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match=r"there is no folder .*nowhere; make it, or name a file in one that is there"):
        backup(home, tmp_path / "nowhere" / "b.zip")


def test_damage_is_found(home: Home, tmp_path: Path) -> None:
    """Any byte changed: one sentence and no half home, or (a byte of the ZIP that says nothing, as a date) the whole home."""
    backup(home, tmp_path / "b.zip")
    data, before, spoilt = (tmp_path / "b.zip").read_bytes(), held(home), tmp_path / "spoilt.zip"
    refused = 0
    for number, at in enumerate(range(60, len(data), len(data) // 15)):
        spoilt.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        other = tmp_path / f"other-{number}"
        try:
            assert held(restore(spoilt, other)) == before
        except ImportRefused:
            refused += 1
            assert not list(tmp_path.glob(f"{other.name}*"))
    assert refused > 10


def test_no_backup(home: Home, tmp_path: Path) -> None:
    """Cut short, empty, or something else."""
    backup(home, tmp_path / "b.zip")
    for wrong in ((tmp_path / "b.zip").read_bytes()[:5000], b"", b"no zip at all"):
        (tmp_path / "spoilt.zip").write_bytes(wrong)
        with pytest.raises(ImportRefused, match=r"spoilt\.zip is no backup of a home"):
            restore(tmp_path / "spoilt.zip", tmp_path / "other")
        assert not list(tmp_path.glob("other*"))


def test_no_file_lands_outside(tmp_path: Path) -> None:
    """A backup that somebody made to write elsewhere is refused."""
    file = tmp_path / "b.zip"
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("../evil", "x")
        packed.writestr(MANIFEST, json.dumps({"format": 1, "revision": "0001", "files": {"../evil": {"sha256": ""}}}))
    with pytest.raises(ImportRefused, match="no backup of ours"):
        restore(file, tmp_path / "other")
    assert not (tmp_path / "evil").exists()


def test_a_home_moves_by_copying(home: Home, tmp_path: Path) -> None:
    """No file knows where the home lies."""
    before = held(home)
    shutil.move(home.path, tmp_path / "elsewhere")
    moved = open_home(tmp_path / "elsewhere")
    assert held(moved) == before
    assert sick(moved) == []
    bring(moved, {"orders": ORDERS.replace("o1", "o2")}, hour=4)
    assert len(held(moved)) == 2
