"""Whole files through staging: every row typed or quarantined, files refused, digests, what is left out."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tianping.errors import ImportRefused
from tianping.facts import engine, read, stage
from tianping.facts.formats import batch as reading
from tianping.facts.formats import csvrows
from tianping.facts.schema import TABLES, TYPES
from tianping.periods import HOME_ZONE

from .stagehand import Bad, Result, known, put, write


def test_the_output_has_the_schemas_columns_and_types(tmp_path: Path) -> None:
    """Absent columns are null; four columns of our own follow."""
    result = put(tmp_path, {f"{table}.csv": ",".join(TABLES[table].key) for table in TABLES})
    assert result.staged.tables == tuple(sorted(TABLES))
    assert all(result.staged.parquet(table) == [] for table in TABLES)
    result = put(tmp_path, {"orders.csv": "order_id\nO1\n"})
    found = result.con.execute(f"DESCRIBE FROM {engine.parquet(result.staged.parquet('orders'))}").fetchall()
    ours = {"_clears": "BIGINT", "_given": "BIGINT", "_zone": "VARCHAR", "_part": "INTEGER", "_line": "BIGINT"}
    assert {name: kind for name, kind, *_ in found} == {c.name: TYPES[c.type] for c in TABLES["orders"].columns} | ours


def test_files_are_numbered_by_path_and_told_apart(tmp_path: Path) -> None:
    result = put(tmp_path, {"orders-2.csv": "order_id\nO2\n", "orders-1.csv": "order_id,x_mine,_own\nO1,a,b\n,c,d\n"})
    assert result.rows("orders", "order_id, _part, _line") == [
        {"order_id": "O1", "_part": 0, "_line": 2},
        {"order_id": "O2", "_part": 1, "_line": 2},
    ]
    assert result.bad() == [Bad(3, "orders", "", "order_id", "", "required and empty")]
    assert result.counts() == [("orders-1.csv", "orders", 2, 1, 1), ("orders-2.csv", "orders", 1, 1, 0)]
    assert [(file.part, file.rows) for file in result.staged.files] == [(0, 2), (1, 1)]
    assert [count.given for count in result.staged.counts] == [("order_id",), ("order_id",)]


def test_unreadable_rows_stand_beside_untyped_ones(tmp_path: Path) -> None:
    result = put(tmp_path, {"orders.csv": b"order_id,quantity\nO1,1\nO2\nO3,x\nO4,\xff\n"})
    assert [(bad.line, bad.key, bad.column, bad.value) for bad in result.bad()] == [
        (3, "", "", ""),
        (4, "O3", "quantity", "x"),
        (5, "", "quantity", "\\xff"),
    ]
    assert result.counts() == [("orders.csv", "orders", 4, 1, 3)]
    assert result.column("orders", "_line") == [2]


@pytest.mark.parametrize(
    ("headings", "said"),
    [
        ("order_id,paidat", r'orders\.csv: orders have no such thing as the column "paidat"; did you mean "paid_at"'),
        ("order_id,amount_yaun", 'did you mean "amount_yuan"'),
        ("order_id,region,", "column 3 without a name"),
        ("order_id,region,region", '"region" and "region" are the same column'),
        ("order_id,amount_fen,amount_yuan", '"amount_yuan" and "amount_fen" are the same column'),
        ("shop_id,region", "orders need their key, the column order_id"),
        ("x_order_id", "orders need their key"),
    ],
)
def test_headings_that_are_refused(tmp_path: Path, headings: str, said: str) -> None:
    with pytest.raises(ImportRefused, match=said):
        put(tmp_path, {"orders.csv": f"{headings}\n", "shops.csv": "shop_id\nS1\n"})
    assert not (tmp_path / "out").exists(), "refused before anything is staged"


def test_parquet_of_any_types(tmp_path: Path) -> None:
    """Typed columns read as what they say; an id in floating point is destroyed."""
    shanghai = dt.timezone(dt.timedelta(hours=8))
    table = pa.table({
        "order_id": pa.array([6917700000000000001, 2], pa.int64()),
        "buyer_id": pa.array([None, 6.9177e18], pa.float64()),
        "quantity": pa.array([2.0, None], pa.float64()),
        "amount_yuan": pa.array([Decimal("12.34"), None], pa.decimal128(10, 2)),
        "freight_yuan": pa.array([0.1, None], pa.float64()),
        "cod": pa.array([True, None], pa.bool_()),
        "created_at": pa.array([dt.datetime(2024, 3, 1, 8), dt.datetime(2024, 3, 1)], pa.timestamp("ns")),
        "paid_at": pa.array([dt.datetime(2024, 3, 1, 8, tzinfo=shanghai), None], pa.timestamp("us", "Asia/Shanghai")),
        "region": pa.array(["浙江", None]).dictionary_encode(),
    })  # fmt: skip
    (tmp_path / "in").mkdir()
    pq.write_table(table, tmp_path / "in" / "orders.parquet")
    result = put(tmp_path, {})
    assert result.bad()[0][:5] == (2, "orders", "2", "buyer_id", "6.9177e+18")
    [row] = result.rows("orders", "order_id, quantity, amount_fen, freight_fen, cod, created_at, paid_at, region, _clears")
    assert row == {
        "order_id": "6917700000000000001",
        "quantity": 2,
        "amount_fen": 1234,
        "freight_fen": 10,
        "cod": True,
        "created_at": dt.datetime(2024, 3, 1),
        "paid_at": dt.datetime(2024, 3, 1),
        "region": "浙江",
        "_clears": 1 << 3,
    }


CELLS = st.one_of(
    st.sampled_from(
        ["", " ", "1", "-1", "2.5", "true", "2024-03-01", "2024-03-01 08:00:00+08:00", "6.9E+18", '"', '""', "flash", "¥1,2"]
    ),
    # A bare carriage return breaks the row but not the line, so that two rows stand in one line.
    st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=12),
)
COLUMNS = ("order_id", "shop_id", "quantity", "amount_yuan", "freight_fen", "channel", "paid_at", "cod", "region")


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(CELLS, min_size=8, max_size=10), max_size=8), block=st.sampled_from([1 << 9, 1 << 24]))
def test_no_row_is_lost(tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], block: int) -> None:
    """Whatever stands in the file: each row is typed or in quarantine with a reason, under a line of its own."""
    folder = tmp_path_factory.mktemp("any")
    text = "\n".join([",".join(COLUMNS), *(",".join(row) for row in rows)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csvrows, "BLOCK", block)
        patch.setattr(reading, "BATCH", block)
        result = put(folder, {"orders.csv": text.encode()})
    [(_, _, read_, typed, quarantined)] = result.counts()
    assert read_ == typed + quarantined == result.staged.files[0].rows
    told = {bad.line for bad in result.bad()}
    lines = [row["_line"] for row in result.rows("orders", "_line")]
    assert (len(lines), len(told)) == (typed, quarantined)
    assert len(told | set(lines)) == read_
    assert all(bad.reason for bad in result.bad())


def small_blocks(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(csvrows, "BLOCK", size)
    monkeypatch.setattr(reading, "BATCH", size)


def test_many_blocks_give_what_one_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = "".join(f'O{n},"{n}\n",{n % 7 - 1}\n' for n in range(200))
    files: dict[str, str | bytes] = {"orders.csv": f"order_id,region,quantity\n{rows}"}
    whole = put(tmp_path, files)
    small_blocks(monkeypatch, 1 << 8)
    (tmp_path / "again").mkdir()
    pieces = put(tmp_path / "again", files)
    assert len(pieces.staged.parquet("orders")) > 5
    assert whole.rows("orders") == pieces.rows("orders")
    assert whole.bad() == pieces.bad()
    assert whole.counts() == pieces.counts()


def test_progress_rises_to_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_blocks(monkeypatch, 1 << 8)
    folder = write(tmp_path, {"orders.csv": "order_id\n" + "O1\n" * 300, "shops.csv": "shop_id\nS1\n"})
    told: list[tuple[str, float]] = []
    stage.stage(
        known(), read.find([folder]), tmp_path / "out", progress=lambda file, done: told.append((Path(file).name, done))
    )
    shares = [done for _, done in told]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1)
    assert told[0][0] == "shops.csv", "shops first: they say the zones"


def digests(folder: Path, content: str = "order_id\nO1\n", shop: str = "", zone: str = HOME_ZONE) -> tuple[str, ...]:
    return stage.digests(read.find([write(folder, {"orders.csv": content})], shop=shop, zone=zone))


def test_a_digest_is_of_bytes_and_options(tmp_path: Path) -> None:
    one = digests(tmp_path)
    assert digests(tmp_path) == one
    assert len({one, digests(tmp_path, "order_id\nO2\n"), digests(tmp_path, shop="S1"), digests(tmp_path, zone="UTC")}) == 4


def test_a_file_known_by_its_digest_is_left_out(tmp_path: Path) -> None:
    sources = read.find([write(tmp_path, {"orders-1.csv": "order_id\nO1\n", "orders-2.csv": "order_id\nO2\n"})])
    first, second = stage.digests(sources)
    con = known()
    staged = stage.stage(con, sources, tmp_path / "out", skip=frozenset({first}))
    assert Result(con, staged).column("orders", "order_id") == ["O2"]
    assert [(file.digest, file.rows) for file in staged.files] == [(first, 0), (second, 1)]
    assert [count.part for count in staged.counts] == [1]


def test_memory_stays_bounded_by_the_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the file, no batch holds more than a batch's bytes and one block."""
    small_blocks(monkeypatch, 1 << 12)
    path = write(tmp_path, {"orders.csv": "order_id\n" + "O123456\n" * 10_000}) / "orders.csv"
    assert max(batch.cells.nbytes for batch in csvrows.batches(path)) <= 4 * (1 << 12)


def test_the_connection_is_left_usable(tmp_path: Path) -> None:
    con = known()
    put(tmp_path, {"orders.csv": "order_id\nO1\n"}, con)
    assert con.execute("SELECT 1").fetchall() == [(1,)]
    with pytest.raises(duckdb.CatalogException):
        con.execute("FROM batch")
