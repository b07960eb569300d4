"""`import`, `imports`, `quarantine`, `data` as a person or a program runs them."""

import json
import shutil
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from tianping.app import Settings
from tianping.cli.facts import COMMANDS
from tianping.errors import ImportRefused, NotFound
from tianping.facts import mapping

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


def test_unknown_names_are_said_to_be_none(folder: Path) -> None:
    """A shop or table there is none of is no empty table."""
    run(folder, "import", str(folder / "orders.csv"))
    for words, told_ in [
        (["data", "--shop", "s"], 'there is no shop "s" here; did you mean "s1"?'),
        (["data", "--shop", "NOPE"], 'there is no shop "NOPE" here; `tianping data` lists them'),
        (["data", "--table", "ordrs"], 'there is no table "ordrs"; did you mean "orders"?'),
        (["quarantine", "list", "--table", "ordrs"], 'there is no table "ordrs"; did you mean "orders"?'),
    ]:
        error = run(folder, *words).exception
        assert isinstance(error, NotFound)
        assert str(error).startswith(told_)
    assert told(folder, "data", "--shop", "s1", "--table", "cases") == []


def test_a_shops_id_holds_no_stroke(folder: Path) -> None:
    """`S1/Clothing` is a shop and its category, and nothing else."""
    (folder / "orders.csv").write_text(ORDERS.replace("o1,s1", "o1,s/1"), encoding="utf-8")
    run(folder, "import", str(folder / "orders.csv"))
    [stroke, _] = told(folder, "quarantine", "list")
    assert (stroke["column"], stroke["value"]) == ("shop_id", "s/1")
    assert stroke["reason"].startswith("a shop's id may hold no /")
    refused = run(folder, "import", str(folder / "orders.csv"), "--shop", "a/b").exception
    assert isinstance(refused, ImportRefused)


def test_show_says_which_mapping_read_a_table(folder: Path) -> None:
    """Also one that the headings chose."""
    sample = mapping.path_of("kuaishou_orders").parent / "samples" / "kuaishou_orders.csv"
    shutil.copy(sample, folder / "both.csv")
    assert run(folder, "import", str(folder / "both.csv"), str(folder / "orders.csv"), "--shop", "s1").exit_code == 0
    tables = {one["table"]: one["mapping"] for one in told(folder, "imports", "show", "1")}
    assert tables == dict.fromkeys(("shops", "products", "orders", "parcels"), "kuaishou_orders")


@pytest.mark.parametrize("words", [["--covers", "2024-04-01..2024-03-01"], ["--covers", "March"], ["--as-of", "soon"]])
def test_wrong_usage(folder: Path, words: list[str]) -> None:
    assert run(folder, "import", str(folder / "orders.csv"), *words).exit_code == 2


def test_refusals_are_errors_of_the_family(folder: Path) -> None:
    """`main` turns them into one sentence and exit status 1."""
    assert isinstance(run(folder, "data").exception, NotFound)
    assert isinstance(run(folder, "import", str(folder / "nothing.csv")).exception, ImportRefused)
    assert not (folder / "home" / "lake").exists()


def test_benchmarks_of_metrics_that_no_pack_has_are_kept_and_told(folder: Path) -> None:
    """Those beside no figure would be missed in silence."""
    rows = [f"kuaishou,{metric},platform,kuaishou,2024-03-01,30,1,200" for metric in ("refusal_rate", "no_such_metric")]
    rows.append("mars,refusal_rate,platform,mars,2024-03-01,30,1,200")
    path = folder / "benchmarks.csv"
    path.write_text("\n".join(["platform,metric,by,subject,date,days,numerator,denominator", *rows]) + "\n", encoding="utf-8")
    done = run(folder, "import", str(path))
    told = [line for line in done.stderr.splitlines() if "is kept" in line]
    assert [line.split("; ")[0] for line in told] == [
        'benchmarks: no pack of "kuaishou" has the metric "no_such_metric"',
        'benchmarks: no pack of "mars" has the metric "refusal_rate"',
    ]
    assert "3" in done.output


def test_what_a_folder_holds_and_is_passed_over_is_told(folder: Path) -> None:
    """Names that begin with _ may be facts; hidden files and a spreadsheet's locks are not."""
    (folder / "in" / "_old").mkdir(parents=True)
    for name in ("orders.csv", "_orders.csv", "_old/_orders.csv", "_truth.json", ".orders.csv", "~$orders.xlsx", "README.txt"):
        shutil.copy(folder / "orders.csv", folder / "in" / name)
    told = run(folder, "import", str(folder / "in")).stderr.splitlines()
    assert [Path(line.split(":")[0]).name for line in told if "passed over" in line] == ["_old", "_orders.csv"]


def test_a_file_without_a_row_is_told(folder: Path) -> None:
    path = folder / "parcels.csv"
    path.write_text("parcel_id,order_id,shipped_at\n", encoding="utf-8")
    assert "parcels.csv: not used: it has no row under its heading" in run(folder, "import", str(path)).stderr
