"""`import`, `imports`, `quarantine`, `data` as a person or a program runs them."""

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from tianping.app import Settings
from tianping.cli.facts import COMMANDS
from tianping.errors import ImportRefused, NotFound

ORDERS = "order_id,shop_id,product_id,created_at\no1,s1,p1,2024-03-31 23:30:00\no2,s1,p1,soon\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "orders.csv").write_text(ORDERS, encoding="utf-8")
    return tmp_path


def run(folder: Path, *words: str) -> Result:
    group = click.Group("tianping", commands=COMMANDS)
    return CliRunner().invoke(group, list(words), obj=Settings(folder / "home"))


def told(folder: Path, *words: str) -> Any:
    """What a program reads: the JSON on stdout."""
    result = run(folder, *words, "--format", "json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_import_prints_counts(folder: Path) -> None:
    counts = {"read": 2, "new": 1, "changed": 0, "unchanged": 0, "waiting": 0, "quarantined": 1}
    assert told(folder, "import", str(folder / "orders.csv")) == [{"table": "orders", **counts}]


def test_import_says_what_to_do_now(folder: Path) -> None:
    result = run(folder, "import", str(folder / "orders.csv"))
    assert result.stdout.split() == [
        "table",
        "read",
        "new",
        "changed",
        "unchanged",
        "waiting",
        "quarantined",
        *["orders", "2", "1", "0", "0", "0", "1"],
    ]
    assert result.stderr.splitlines() == ["1 rows are in quarantine; see `tianping quarantine list`", "imported as 1"]
    again = run(folder, "import", str(folder / "orders.csv"))
    assert "already imported, as 1" in again.stderr
    assert "nothing new" in again.stderr


def test_imports(folder: Path) -> None:
    """List, show, undo; times with their offset."""
    run(folder, "import", str(folder / "orders.csv"), "--as-of", "2024-04-01T08:00:00")
    assert run(folder, "imports", "undo", "1").exit_code == 0
    first, undo = told(folder, "imports", "list")
    assert (first["at"], first["undone_by"], first["files"], first["read"]) == ("2024-04-01T08:00:00+08:00", 2, 1, 2)
    assert (undo["kind"], undo["undoes"], undo["read"]) == ("undo", 1, 0)
    [table] = told(folder, "imports", "show", "1")
    assert (table["table"], table["files"], table["first_day"], table["new"]) == ("orders", ["orders.csv"], "2024-03-31", 1)


def test_quarantine_list(folder: Path) -> None:
    run(folder, "import", str(folder / "orders.csv"))
    [fault] = told(folder, "quarantine", "list")
    assert (fault["line"], fault["column"], fault["value"]) == (3, "created_at", "soon")
    assert json.loads(fault["row"])["order_id"] == "o2"
    assert told(folder, "quarantine", "list", "--import", "2") == []


def test_data(folder: Path) -> None:
    run(folder, "import", str(folder / "orders.csv"), "--covers", "2024-03-01..2024-03-31")
    [held] = told(folder, "data")
    assert held.pop("columns") == ["created_at", "order_id", "product_id", "shop_id"]
    days = {"first_day": "2024-03-01", "last_day": "2024-03-31", "missing_days": 0}
    assert held == {"shop_id": "s1", "table": "orders", **days, "rows": 1, "waiting": 0}
    assert told(folder, "data", "--known-at", "0") == []
    assert run(folder, "data", "--format", "csv").stdout.splitlines()[1].startswith("s1,orders,2024-03-01")


@pytest.mark.parametrize("words", [["--covers", "2024-04-01..2024-03-01"], ["--covers", "March"], ["--as-of", "soon"]])
def test_wrong_usage(folder: Path, words: list[str]) -> None:
    assert run(folder, "import", str(folder / "orders.csv"), *words).exit_code == 2


def test_refusals_are_errors_of_the_family(folder: Path) -> None:
    """`main` turns them into one sentence and exit status 1."""
    assert isinstance(run(folder, "data").exception, NotFound)
    assert isinstance(run(folder, "import", str(folder / "nothing.csv")).exception, ImportRefused)
    assert not (folder / "home" / "lake").exists()
