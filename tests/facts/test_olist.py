"""A real marketplace's export through the shipped mapping: every row of every used file typed, left out by name, or bad.

The data are not ours to ship; the counts are those its README gives, counted there independently.
"""

from collections import Counter
from pathlib import Path

import pytest

from tianping.facts import engine, read, stage

from .stagehand import Result, known

OLIST = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "olist"
pytestmark = pytest.mark.skipif(not OLIST.is_dir(), reason=f"the Olist data are not in {OLIST.name}, beside the project")


@pytest.fixture(scope="module")
def olist(tmp_path_factory: pytest.TempPathFactory) -> Result:
    con = known()
    sources = read.find([OLIST], mapping="olist")
    return Result(con, stage.stage(con, sources, tmp_path_factory.mktemp("olist")))


def counted(olist: Result, question: str) -> int:
    """A number over the staged tables, each a view under its name."""
    for table in olist.staged.tables:
        olist.con.execute(f"CREATE OR REPLACE VIEW {table} AS FROM {engine.parquet(olist.staged.parquet(table))}")
    [(number,)] = olist.con.execute(question).fetchall()
    return int(number)


def short(file: str) -> str:
    return Path(file).stem.removeprefix("olist_").removesuffix("_dataset")


def test_every_row_of_every_used_file_is_accounted_for(olist: Result) -> None:
    rows = {short(file.file): file.rows for file in olist.staged.files}
    assert {name: rows[name] for name in ("orders", "order_items", "order_reviews", "products", "sellers", "customers")} == {
        "orders": 4000, "order_items": 4519, "order_reviews": 3986, "products": 3132, "sellers": 3095, "customers": 4000,
    }  # fmt: skip
    for count in olist.staged.counts:
        left_out = sum(number for _, number in count.skipped)
        assert count.read == count.typed + count.quarantined
        assert count.read + left_out == rows[short(count.file)], count


def test_what_became_of_them(olist: Result) -> None:
    found = {
        (short(count.file), count.table): (count.typed, count.quarantined, dict(count.skipped)) for count in olist.staged.counts
    }
    assert found == {
        ("sellers", "shops"): (3095, 0, {}),
        ("order_items", "products"): (3178, 0, {"the same product of the same seller on an earlier line": 1341}),
        ("products", "products"): (0, 0, {"read with its order lines": 3132}),
        ("order_items", "orders"): (4519, 0, {}),
        ("orders", "orders"): (0, 23, {"read with its item lines": 3977}),
        ("order_items", "parcels"): (4467, 0, {"no carrier date: no parcel yet": 52}),
        ("order_reviews", "reviews"): (3986, 0, {}),
    }


def test_files_no_table_is_read_from_say_so(olist: Result) -> None:
    unused = {short(file.file): file.unused for file in olist.staged.files if file.unused}
    assert unused == {"order_payments": "payments are read by no table"}


def test_bad_rows_say_where_and_why(olist: Result) -> None:
    bad = olist.bad()
    assert Counter(row.reason for row in bad) == {
        "no item line belongs to this order, so its product, shop and amount are unknown": 23
    }
    assert len({row.line for row in bad}) == 23
    assert all(
        key in row for row, key in zip(olist.column("quarantine", "row"), olist.column("quarantine", "key"), strict=True)
    )


PAIRS = (
    "SELECT max(shipped_at) AS shipped_at, max(promised_ship_at) AS promised_ship_at "
    "FROM orders JOIN parcels USING (order_id) GROUP BY parent_id, shop_id"
)
COUNTED = [
    ("SELECT count(DISTINCT parent_id) + 23 FROM orders", 4000),
    ("SELECT count(DISTINCT order_id) FROM orders", 4519),
    ("SELECT count(DISTINCT product_id) FROM products", 3178),
    ("SELECT count(DISTINCT split_part(product_id, '-', 1)) FROM products", 3132),
    ("SELECT count(*) FROM orders ANTI JOIN products USING (product_id, shop_id)", 0),
    ("SELECT count(*) FROM orders ANTI JOIN shops USING (shop_id)", 0),
    ("SELECT count(*) FROM orders WHERE buyer_id IS NULL OR created_at IS NULL OR amount_fen IS NULL", 0),
    # The README's figures: pairs of purchase and seller with a carrier date, those in time, deliveries, reviews.
    ("SELECT count(DISTINCT (parent_id, shop_id)) FROM orders JOIN parcels USING (order_id)", 3990),
    (f"SELECT count(*) FROM ({PAIRS}) WHERE shipped_at <= promised_ship_at", 3645),
    ("SELECT count(DISTINCT parent_id) FROM orders JOIN parcels USING (order_id) WHERE signed_at IS NOT NULL", 3898),
    ("SELECT count(*) FROM reviews WHERE quality <= 2 AND logistics <= 2 AND service <= 2", 591),
    ("SELECT count(*) FROM reviews WHERE quality = 5", 2293),
    ("SELECT count(*) FROM reviews ANTI JOIN orders USING (order_id)", 23),
]


@pytest.mark.parametrize(("question", "number"), COUNTED)
def test_counts_against_the_readme_of_the_data(olist: Result, question: str, number: int) -> None:
    assert counted(olist, question) == number


def test_times_are_of_the_sellers_zone(olist: Result) -> None:
    """São Paulo was two hours behind UTC in the summers up to 2018-02-17, else three."""
    olist.con.execute(f"CREATE OR REPLACE VIEW orders AS FROM {engine.parquet(olist.staged.parquet('orders'))}")
    raw = f"read_csv('{OLIST}/olist_orders_dataset.csv', all_varchar = true)"
    found = olist.con.execute(
        f"SELECT DISTINCT date_diff('hour', CAST(r.order_purchase_timestamp AS TIMESTAMP), o.created_at) AS hours "
        f"FROM orders o JOIN {raw} r ON r.order_id = o.parent_id ORDER BY hours"
    ).fetchall()
    assert found == [(2,), (3,)]
