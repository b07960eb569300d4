"""An export with random-looking ids, cut into what a home holds and a day on top of it: disguise.py FILES OUT FORM...

The made-up market's ids are digits in the order of time, which columns and compression like better than most platforms' ids.
Every file of FILES is taken away once it is disguised, for there may be no room for both. OUT gets, as Parquet, `whole` (what
the four metrics are counted from); in every FORM (parquet, csv) `<form>/orders` and `<form>/rest`, all that happened before the
day; and as CSV `day/orders` and `day/rest`. The day has a fiftieth of the orders, all else that happened since the first of
them, and late changes: for each table of LATE, a 250th of the orders' number is known to `<form>` without what the day tells.
"""

import sys
from pathlib import Path

import duckdb

from tianping.facts.schema import TABLES

ORDERS = ("shops", "products", "orders", "parcels", "cases", "reviews")
"""Orders with their refunds, parcels and reviews; a folder of their own."""
LATE = {"orders": "succeeded_at", "parcels": "signed_at"}
_IDS = {key for table in TABLES.values() if table.own_time for key in table.key} | {"parent_id", "buyer_id", "user_id"}


class Export:
    """The disguised tables as views of their names, the day's beginning in `cut`, and in `late_…` the keys that change late."""

    def __init__(self, files: Path) -> None:
        self.con = duckdb.connect()
        self.files = {file.stem: file for file in sorted(files.glob("*.parquet"))}
        for table, file in self.files.items():
            self.con.execute(f"create view {table} as {self._disguised(file)}")
        self.con.execute(
            "create table cut as select quantile_disc(created_at, 0.98) as since, count(*) // 250 as late from orders"
        )
        for table, time in LATE.items():
            (key,), own = TABLES[table].key, TABLES[table].own_time
            some = f"{own} < (select since from cut) and {time} >= (select since from cut)"
            few = f"order by {key} limit (select late from cut)"
            self.con.execute(f"create table late_{table} as select {key} from {table} where {some} {few}")

    def _disguised(self, file: Path) -> str:
        columns = [str(row[0]) for row in self.con.execute(f"describe from '{file}'").fetchall()]
        ids = ", ".join(f"left(md5({column}), 20) as {column}" for column in columns if column in _IDS)
        return f"select *{f' replace ({ids})' if ids else ''} from '{file}'"

    def before(self, table: str) -> str:
        """The SELECT of what is known before the day."""
        time, own, (key, *_) = LATE.get(table), TABLES[table].own_time, TABLES[table].key
        unknown = f" replace (case when {key} in (from late_{table}) then null else {time} end as {time})" if time else ""
        return f"select *{unknown} from {table}" + (f" where {own} < (select since from cut)" if own else "")

    def day(self, table: str) -> str:
        """The SELECT of what the day tells; "" for a table without a time."""
        own, (key, *_) = TABLES[table].own_time, TABLES[table].key
        late = f" or {key} in (from late_{table})" if table in LATE else ""
        return f"select * from {table} where {own} >= (select since from cut){late}" if own else ""

    def copy(self, rows: str, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self.con.execute(f"copy ({rows}) to '{file}'")


def main(files: Path, out: Path, *forms: str) -> None:
    export = Export(files)
    for table, file in export.files.items():
        group = "orders" if table in ORDERS else "rest"
        if group == "orders":
            export.copy(f"from {table}", out / "whole" / f"{table}.parquet")
        for form in forms:
            export.copy(export.before(table), out / form / group / f"{table}.{form}")
        if rows := export.day(table):
            export.copy(rows, out / "day" / group / f"{table}.csv")
        file.unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
