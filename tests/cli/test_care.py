"""`doctor`, `compact`, `backup`, `restore`, `erase`, `scope`, `quarantine export` and `retry`, as a person runs them."""

import json
from pathlib import Path

import pytest

from shell import Tianping

ORDERS = "order_id,shop_id,product_id,buyer_id,created_at\no1,s1,p1,buyer-7,2024-03-31\no2,s1,p1,buyer-8,soon\n"


@pytest.fixture
def home(tmp_path: Path, tianping: Tianping) -> Path:
    (tmp_path / "orders.csv").write_text(ORDERS, encoding="utf-8")
    assert tianping("import", tmp_path / "orders.csv", home=tmp_path / "home").status == 0
    return tmp_path / "home"


def test_doctor(home: Path, tianping: Tianping) -> None:
    """A table for people, data for programs; exit status 1 where something is broken."""
    said = tianping("doctor", "--format", "json", home=home)
    told = {one["what"]: one["state"] for one in json.loads(said.out)}
    assert (said.status, told["store"], told["quarantine"]) == (0, "ok", "look")
    next((home / "lake" / "orders").rglob("*.parquet")).unlink()
    said = tianping("doctor", home=home)
    assert (said.status, said.err.startswith("tianping: store, waiting: broken")) == (1, True)
    said = tianping("data", home=home)
    assert (said.status, "tianping doctor" in said.err) == (1, True)


def test_compact(home: Path, tianping: Tianping) -> None:
    (home.parent / "orders.csv").write_text(ORDERS.replace("o1", "o3"), encoding="utf-8")
    tianping("import", home.parent / "orders.csv", home=home)
    assert tianping("compact", home=home).err == "6 files are now 3, by 3\n"
    assert tianping("compact", home=home).err == "nothing to merge: 3 files\n"
    kinds = [one["kind"] for one in json.loads(tianping("imports", "list", "--format", "json", home=home).out)]
    assert kinds == ["import", "import", "compact"]
    assert tianping("imports", "undo", "3", home=home).status == 1


def test_backup_and_restore(home: Path, tianping: Tianping, tmp_path: Path) -> None:
    assert tianping("backup", tmp_path / "b.zip", home=home).status == 0
    assert tianping("restore", tmp_path / "b.zip", home=tmp_path / "new").err.endswith("new: 1 versions restored\n")
    listed = [tianping("data", "--format", "csv", home=folder).out for folder in (home, tmp_path / "new")]
    assert listed[0] == listed[1] != ""
    assert tianping("restore", tmp_path / "b.zip", home=home).status == 1


def test_erase(home: Path, tianping: Tianping) -> None:
    said = tianping("erase", "--buyer", "buyer-7", home=home)
    assert (said.status, "buyer-7" in said.err, "backups and exports made before" in said.err) == (0, False, True)
    assert tianping("erase", "--buyer", "buyer-7", home=home).status == 1


def test_scope(home: Path, tianping: Tianping) -> None:
    assert tianping("scope", home=home).out == "own_shops\n"
    assert tianping("scope", "market", home=home).out == "market\n"
    assert tianping("data", home=home).err == "scope: market\n"
    assert tianping("scope", "galaxy", home=home).status == 2


def test_quarantine_out_and_in(home: Path, tianping: Tianping, tmp_path: Path) -> None:
    said = tianping("quarantine", "export", tmp_path / "out", home=home)
    assert said.err.splitlines()[0].endswith("orders-1-1.csv: 1 rows")
    assert said.err.endswith("to mend these rows in one, give --format xlsx\n")
    sheet = tmp_path / "out" / "orders-1-1.csv"
    sheet.write_text(sheet.read_text("utf-8-sig").replace(",soon", ",2024-04-01"), encoding="utf-8")
    said = tianping("quarantine", "retry", sheet, "--format", "json", home=home)
    [counts] = json.loads(said.out)
    assert (counts["read"], counts["new"]) == (1, 1)
    assert json.loads(tianping("quarantine", "list", "--format", "json", home=home).out) == []
    assert tianping("quarantine", "retry", home=home).status == 1
