"""Four metrics by hand-written SQL (`by_hand.sql`) over a folder of exported Parquet files: by_hand.py FOLDER T."""

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb

from ratios.answer import Row, answer

_STATEMENT = re.compile(r"^-- (\w+)\n(.+?);$", re.MULTILINE | re.DOTALL)


def count(folder: Path, date: dt.date) -> Iterator[Row]:
    con = duckdb.connect()
    for file in folder.glob("*.parquet"):
        con.execute(f"create view {file.stem} as from '{file}'")
    for metric, select in _STATEMENT.findall(Path(__file__).with_suffix(".sql").read_text()):
        for shop, numerator, denominator in con.execute(select, {"t": dt.datetime.combine(date, dt.time())}).fetchall():
            yield metric, shop, numerator, denominator


if __name__ == "__main__":
    answer(count)
