"""An import killed at any moment leaves the store as it was before it, or as it is after it."""

import subprocess
import sys
from pathlib import Path

from . import killed

STEP = 7
FILES = {
    "first": {"orders.csv": "order_id,shop_id,product_id,created_at\no1,s1,p1,2024-03-31\no2,s1,p1,2024-04-01\n"},
    "second": {
        "orders.csv": "order_id,shop_id,product_id,created_at,paid_at\n"
        "o2,s1,p1,2024-04-01,2024-04-02\no3,s1,p1,2024-04-03,\nx,,,,\n",
        "parcels.csv": "parcel_id,order_id,shipped_at\nk1,o1,2024-04-02\n",
    },
}


def test_killed_import(tmp_path: Path) -> None:
    for folder, files in FILES.items():
        (tmp_path / folder).mkdir()
        for name, text in files.items():
            (tmp_path / folder / name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, killed.__file__, str(tmp_path), str(STEP)], capture_output=True, text=True, check=False
    )
    states = done.stdout.split("\n")[:-1]
    assert done.returncode == 0, done.stderr
    assert set(states) == {"before", "after"}
    assert states.count("before") > 10
