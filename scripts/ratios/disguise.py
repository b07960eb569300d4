"""An export with random-looking ids, as Parquet and as CSV: disguise.py FILES OUT.

The made-up market's ids are digits in the order of time, which columns and compression like better than most platforms' ids.
"""

import sys
from pathlib import Path

import duckdb

_IDS = ("order_id", "parent_id", "parcel_id", "case_id", "review_id", "message_id", "rating_id")


def main(files: Path, out: Path) -> None:
    con = duckdb.connect()
    for form in ("parquet", "csv"):
        (out / form).mkdir(parents=True)
    for file in sorted(files.glob("*.parquet")):
        columns = [str(row[0]) for row in con.execute(f"describe from '{file}'").fetchall()]
        disguised = ", ".join(f"left(md5({column}), 20) as {column}" for column in columns if column in _IDS)
        rows = f"select *{f' replace ({disguised})' if disguised else ''} from '{file}'"
        for form in ("parquet", "csv"):
            con.execute(f"copy ({rows}) to '{out / form / file.stem}.{form}'")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
