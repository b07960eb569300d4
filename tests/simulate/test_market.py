"""The made-up market is the same every time, keeps the rules of the fact tables, and shows what was planted in it."""

import datetime as dt
import json
from itertools import pairwise
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from simulate.written import FILES, FIRST_DAY, Written, small
from tianping.errors import TianpingError
from tianping.facts.schema import CHANNELS, KINDS, TABLES, Column
from tianping.simulate import demo, market, names, plan
from tianping.simulate.sink import Form


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_same_seed_same_bytes(tmp_path: Path, form: Form) -> None:
    first, second = (contents(small(tmp_path / name, form=form).folder) for name in ("first", "second"))
    assert set(first) == {"_truth.json", *(f"{table}.{form}" for table in FILES)}
    assert first == second


def test_same_bytes_on_any_number_of_cores(tmp_path: Path) -> None:
    cores = pa.cpu_count()
    try:
        pa.set_cpu_count(1)
        one = contents(small(tmp_path / "one").folder)
        pa.set_cpu_count(4)
        assert contents(small(tmp_path / "four").folder) == one
    finally:
        pa.set_cpu_count(cores)


def test_another_seed_is_another_market(tmp_path: Path) -> None:
    first, second = (contents(small(tmp_path / str(seed), seed=seed).folder) for seed in (1, 2))
    assert not [name for name in first if first[name] == second[name]]


def test_both_forms_hold_the_same_rows(tmp_path: Path) -> None:
    as_parquet, as_csv = small(tmp_path / "parquet"), small(tmp_path / "csv", form="csv")
    for table in FILES:
        rows = as_parquet.con.sql(f"SELECT COLUMNS(*)::VARCHAR FROM {table}").fetchall()
        texts = duckdb.connect().sql(f"FROM read_csv('{as_csv.folder / table}.csv', all_varchar = true)").fetchall()
        assert rows == texts, table


@pytest.mark.parametrize("table", FILES)
def test_rows_keep_the_schema(made: Written, table: str) -> None:
    """Known columns of the right kind, required ones filled, allowed values, bounds, unique keys, whole and naive times."""
    spec = TABLES[table]
    kinds = {row[0]: row[1] for row in made.con.sql(f"DESCRIBE {table}").fetchall()}
    expected = {"id": "VARCHAR", "text": "VARCHAR", "int": "BIGINT", "fen": "BIGINT", "bool": "BOOLEAN", "time": "TIMESTAMP"}
    assert kinds == {name: expected[spec.by_name[name].type] for name in kinds}
    assert {column.name for column in spec.columns if column.required} <= set(kinds)
    tests = [test for name in kinds for test in broken(spec.by_name[name])]
    assert made.one(f"SELECT count(*) FROM {table} WHERE {' OR '.join(tests)}") == [0]
    keys = made.one(f"SELECT count(*), count(DISTINCT ({', '.join(spec.key)})) FROM {table}")
    assert keys[0] == keys[1] == made.truth.rows[table] > 0


def broken(column: Column) -> list[str]:
    """Conditions that no row may meet."""
    tests = ["false"]
    if column.required:
        tests.append(f"{column.name} IS NULL")
    if column.values:
        tests.append(f"{column.name} NOT IN {column.values}")
    if column.low is not None:
        tests.append(f"{column.name} < {column.low}")
    if column.high is not None:
        tests.append(f"{column.name} > {column.high}")
    if column.type in ("id", "text"):
        tests.append(f"trim({column.name}) = ''")
    return tests


@pytest.mark.parametrize("table", FILES)
def test_nothing_is_known_after_the_end(made: Written, table: str) -> None:
    """Only a promise may lie in the future."""
    times = [column.name for column in TABLES[table].columns if column.type == "time"]
    given = {row[0] for row in made.con.sql(f"DESCRIBE {table}").fetchall()}
    for name in sorted(given & set(times) - {"promised_ship_at"}):
        (latest,) = made.one(f"SELECT max({name}) FROM {table}")
        assert latest is None or latest < dt.datetime.combine(demo.CLOSE_DAY, dt.time()), name


@pytest.mark.parametrize(
    ("table", "order"),
    [
        ("orders", "created_at <= paid_at <= succeeded_at"),
        ("orders", "created_at <= closed_at"),
        ("parcels", "shipped_at <= collected_at <= signed_at"),
        ("cases", "requested_at <= answered_at <= agreed_at <= waybill_at <= return_signed_at <= received_at <= ended_at"),
        ("cases", "answered_at <= ended_at <= rated_at"),
        ("cases", "requested_at <= escalated_at <= judged_at <= overturned_at"),
        ("chat_sessions", "opened_at <= assigned_at <= closed_at"),
        ("videos", "published_at <= look_reviewed_at"),
    ],
)
def test_one_thing_comes_after_another(made: Written, table: str, order: str) -> None:
    """Of two neighbours the later one, where both are known, is not before the earlier."""
    names = order.split(" <= ")
    wrong = " OR ".join(f"{later} < {earlier}" for earlier, later in pairwise(names))
    assert made.one(f"SELECT count(*) FROM {table} WHERE {wrong}") == [0]


@pytest.mark.parametrize(
    ("time", "what"),
    [
        ("answered_at", "answer"), ("answered_at", "handled_by"), ("ended_at", "outcome"), ("judged_at", "liability"),
        ("rated_at", "rating"), ("escalated_at", "escalated_by"),
    ],
)  # fmt: skip
def test_what_came_with_a_time_comes_with_it(made: Written, time: str, what: str) -> None:
    assert made.one(f"SELECT count(*) FROM cases WHERE ({time} IS NULL) <> ({what} IS NULL)") == [0]


@pytest.mark.parametrize(
    ("table", "key"), [("parcels", "order_id"), ("cases", "order_id"), ("reviews", "order_id"), ("complaints", "order_id")]
)
def test_every_order_named_is_there(made: Written, table: str, key: str) -> None:
    assert made.one(f"SELECT count(*) FROM {table} ANTI JOIN orders USING ({key})") == [0]


def test_shops_and_products_named_are_there(made: Written) -> None:
    assert made.one("SELECT count(*) FROM orders ANTI JOIN products USING (product_id, shop_id)") == [0]
    assert made.one("SELECT count(*) FROM messages ANTI JOIN chat_sessions USING (session_id, shop_id, buyer_id)") == [0]
    assert made.one("SELECT count(*) FROM messages WHERE agent_id NOT IN (SELECT agent_id FROM agents)") == [0]
    assert made.one("SELECT count(*) FROM video_plays ANTI JOIN videos USING (video_id)") == [0]


def test_the_demo_has_some_of_everything(made: Written) -> None:
    """Every platform, channel, kind of case; several parcels and several refunds of an order; changed reasons."""
    assert made.one("SELECT count(DISTINCT platform) FROM shops") == [5]
    assert made.one("SELECT count(DISTINCT channel) FROM orders") == [len(CHANNELS)]
    assert made.one("SELECT count(DISTINCT kind) FROM cases") == [len(KINDS)]
    assert made.one("SELECT count(DISTINCT outcome), count(DISTINCT liability) FROM cases") == [5, 4]
    some = "count_if(cod) > 20, count_if(presale) > 20, count_if(risk_flagged) > 20, count_if(paid_at IS NULL) > 100"
    assert all(made.one(f"SELECT {some} FROM orders"))
    assert all(made.one("SELECT count_if(virtual) > 0, count_if(category_l3 IS NULL) > 0 FROM products"))
    assert all(made.one("SELECT count_if(right(parcel_id, 2) = '-2') > 100, count_if(direction = 'back') > 100 FROM parcels"))
    assert all(made.one("SELECT count_if(right(case_id, 2) = '-2') > 10, count_if(reason <> reason_now) > 10 FROM cases"))


def test_the_demo_has_shops_of_every_kind(made: Written) -> None:
    shut = "created_at < s.opened_at OR coalesce(created_at >= s.closed_at, false)"
    counted = f"SELECT count(*), count_if({shut}) FROM orders JOIN shops s USING (shop_id)"
    assert set(made.truth.roles) == {"big", "ordinary", "small", "new", "without_categories", "closed", "nearly_dead"}
    for role, shops in made.truth.roles.items():
        orders, outside = made.one(f"{counted} WHERE shop_id IN {(*shops, '')}")
        assert outside == 0
        assert (5 < orders < 40) == (role == "nearly_dead")


def test_evenings_are_busy(made: Written) -> None:
    evening, morning = made.one("SELECT count_if(hour(created_at) = 21), count_if(hour(created_at) = 9) FROM orders")
    assert evening > 2 * morning


def test_sizes_are_as_asked(made: Written) -> None:
    assert (made.truth.rows["shops"], made.truth.rows["orders"]) == (demo.SHOPS, demo.ORDERS)
    assert made.truth.last_day == "2024-05-31"
    assert made.one("SELECT min(created_at)::DATE, max(created_at)::DATE FROM orders") == [FIRST_DAY, dt.date(2024, 5, 31)]


def test_truth_json_says_what_was_returned(made: Written) -> None:
    said = json.loads((made.folder / "_truth.json").read_text(encoding="utf-8"))
    assert [fault["kind"] for fault in said["faults"]] == [fault.kind for fault in made.truth.faults]
    assert all(FIRST_DAY <= dt.date.fromisoformat(fault["since"]) < demo.CLOSE_DAY for fault in said["faults"])
    assert said["rows"] == made.truth.rows


def test_chunks_cut_days_without_a_seam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Days above the chunk's size are cut: ids stay unique, no order is lost."""
    monkeypatch.setattr(plan, "CHUNK", 17)
    cut = small(tmp_path / "cut")
    assert cut.one("SELECT count(*), count(DISTINCT order_id) FROM orders") == [1500, 1500]
    assert cut.one("SELECT count(DISTINCT message_id) FROM messages") == [cut.truth.rows["messages"]]


@pytest.mark.parametrize("shops", [1, 3, 5, 12, 250])
def test_few_and_many_shops(tmp_path: Path, shops: int) -> None:
    """As many shops as asked; five are of all five platforms."""
    written = small(tmp_path / "out", shops=shops)
    assert written.one("SELECT count(*), count(DISTINCT platform) FROM shops") == [shops, min(shops, len(names.PLATFORMS))]


def test_every_platform_has_everything(made: Written) -> None:
    """Orders, cases, talks with people and bots, ratings, complaints, shifts on each of the five."""
    by_order = ("cases", "complaints", "parcels", "reviews")
    for table in ("orders", "messages", "chat_sessions", "chat_ratings", "agents", "agent_shifts", *by_order):
        order = "JOIN orders USING (order_id)" if table in by_order else ""
        assert made.one(f"SELECT count(DISTINCT platform) FROM {table} {order} JOIN shops USING (shop_id)") == [5], table


def test_what_stops_the_writing_leaves_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk, or a person who has waited long enough."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(market, "_write_cases", stop)
    with pytest.raises(KeyboardInterrupt):
        small(tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_progress_adds_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "CHUNK", 100)
    done: list[int] = []
    market.write(tmp_path, seed=1, shops=5, orders=1_000, days=30, first_day=FIRST_DAY, told=done.append)
    assert len(done) >= 10
    assert sum(done) == 1_000


def test_a_folder_with_old_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("")
    with pytest.raises(TianpingError, match="not an empty folder"):
        small(tmp_path)


@pytest.mark.parametrize("wrong", [{"shops": 0}, {"orders": 0}, {"days": 0}, {"seed": -1}])
def test_impossible_markets_are_refused(tmp_path: Path, wrong: dict[str, int]) -> None:
    good = {"seed": 1, "shops": 2, "orders": 10, "days": 5}
    seed, shops, orders, days = (good | wrong).values()
    with pytest.raises(TianpingError, match=f"{next(iter(wrong))} = "):
        market.write(tmp_path / "out", seed=seed, shops=shops, orders=orders, days=days, first_day=FIRST_DAY)
