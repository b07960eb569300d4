"""Killed at any moment a home is as it was before, or as it is after; of two imports at once none is lost in silence."""

import subprocess
import sys
from pathlib import Path

import crash
from tianping.work.home import facts, open_home

KILLS = 6  # scripts/crash.py with no number runs a thousand


def test_killed(tmp_path: Path) -> None:
    """Imports, compactions, erasures: kill -9, at a random point each."""
    done = subprocess.run([sys.executable, crash.__file__, str(KILLS)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    ends = [line.split() for line in done.stdout.splitlines()]
    assert {end for _, end, _ in ends} <= {"before", "after", "same"}
    assert sum(int(count) for *_, count in ends) == KILLS


def test_two_imports_at_once(tmp_path: Path) -> None:
    """Two processes, one home: each lands, or is told to try again and then lands."""
    program = "from tianping.cli.main import main; main()"
    waiting, home = [f"o{number}" for number in range(2)], tmp_path / "home"
    for order in waiting:
        text = f"order_id,shop_id,product_id,created_at\n{order},s1,p1,2024-04-01\n"
        (tmp_path / f"orders-{order}.csv").write_text(text, encoding="utf-8")
    tries = 0
    while waiting and tries < 4:
        tries += 1
        words = [sys.executable, "-c", program, "--home", str(home), "import"]
        running = {
            order: subprocess.Popen(
                [*words, str(tmp_path / f"orders-{order}.csv")], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            for order in waiting
        }
        for order, process in running.items():
            _, error = process.communicate(timeout=120)
            if process.returncode == 0:
                waiting.remove(order)
            else:
                assert "another import into" in error
                assert "try again" in error
    con, _ = facts(open_home(tmp_path / "home"))
    with con:
        assert con.execute("SELECT order_id FROM facts.orders ORDER BY 1").fetchall() == [("o0",), ("o1",)]
    assert [version.seq for version in open_home(tmp_path / "home").versions()] == [1, 2]
