"""The engine says nothing of its own, and gives rows as they come."""

import datetime as dt
import subprocess
import sys
from decimal import Decimal
from itertools import islice
from pathlib import Path

from tianping.facts.engine import connect, in_memory, records

BAR = "from tianping.facts.engine import *; print(*(c().execute({!r}).fetchone()[0] for c in (in_memory, connect)))".format(
    "SELECT current_setting('enable_progress_bar')"
)


def test_a_long_query_writes_no_progress_bar() -> None:
    """It would stand among what a command prints. DuckDB has one where Python is not run from a file, as with `-c`."""
    assert subprocess.run([sys.executable, "-c", BAR], capture_output=True, text=True, check=True).stdout == "False False\n"


def test_only_facts_are_without_order() -> None:
    with connect() as facts, in_memory() as other:
        asked = "SELECT current_setting('preserve_insertion_order')"
        assert (facts.execute(asked).fetchone(), other.execute(asked).fetchone()) == ((False,), (True,))


def test_what_is_asked_of_a_database(tmp_path: Path) -> None:
    with in_memory(tmp_path / "it's", memory="300MB", threads=1) as con:
        asked = "SELECT current_setting('temp_directory'), current_setting('memory_limit'), current_setting('threads')"
        assert con.execute(asked).fetchone() == (str(tmp_path / "it's"), "286.1 MiB", 1)


def test_records() -> None:
    """By column, with values as they are; a connection whose records nobody reads on is free again."""
    with in_memory() as con:
        sql = "SELECT i AS n, i::decimal(24, 6) AS v, DATE '2024-06-01' AS day, [?, NULL] AS l FROM range(30000) AS t(i)"
        rows = records(con, sql, ["a"])
        assert next(rows) == {"n": 0, "v": Decimal("0.000000"), "day": dt.date(2024, 6, 1), "l": ["a", None]}
        assert [row["n"] for row in islice(rows, 10_001)][-1] == 10_001
        rows.close()
        assert con.execute("SELECT 1").fetchall() == [(1,)]
        assert [row["n"] for row in records(con, "SELECT 1 AS n WHERE false")] == []
