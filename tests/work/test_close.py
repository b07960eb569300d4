"""The close as a file: the same bytes whenever the same is known, exact values, and nothing half-done."""

import datetime as dt
import random
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tianping.errors import NotFound, TianpingError
from tianping.facts import engine
from tianping.metrics.compile import Tally
from tianping.metrics.slices import slices
from tianping.periods import Period
from tianping.simulate import demo as demo_market
from tianping.simulate import market
from tianping.store import closes
from tianping.store.closes import Close
from tianping.work.closing.benchmark import rounded
from tianping.work.closing.close import COLUMNS, _evenly
from tianping.work.closing.closed import find, read, shops
from tianping.work.home import Home, facts, open_home
from tianping.work.intake import imports

from .homes import NOON, bring, closed, copy, counts, figures, rules, table

T = dt.date(2024, 6, 1)
DAY = dt.timedelta(days=1)
ORDERS = "order_id,shop_id,product_id,created_at,paid_at,channel"
SHOPS = "shop_id,platform"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return open_home(tmp_path / "home", create=True)


def held(home: Home, done: Close) -> bytes:
    return (home.path / done.path).read_bytes()


def test_again_gives_the_same_bytes(demo: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run again, on one thread or many, a close is the same file and the same row; only its hour is new."""
    again = copy(demo, tmp_path / "home")
    first = find(demo, T)
    connect: Callable[..., duckdb.DuckDBPyConnection] = engine.connect
    for threads in (1, 7):

        def limited(*args: object, threads: int = threads, **more: object) -> duckdb.DuckDBPyConnection:
            con = connect(*args, **more)
            con.execute(f"set threads = {threads}")
            return con

        monkeypatch.setattr("tianping.facts.engine.connect", limited)
        second = closed(again, T)
        assert second == first
        assert held(again, second) == held(demo, first)
    assert [each.at for each in closes.of_date(again.database, T)] == [NOON + dt.timedelta(hours=9)]


def test_in_slices_and_batches_the_same_bytes(demo: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However few orders are counted, and cells rolled up, at a time."""
    again = copy(demo, tmp_path / "home")
    monkeypatch.setattr("tianping.metrics.slices.MOST", 2_000)
    monkeypatch.setattr("tianping.metrics.levels.MOST", 5_000)
    assert held(again, closed(again, T)) == held(demo, find(demo, T))


@pytest.mark.parametrize("sizes", [[], [0], [3, 0, 9], [5, 5], [23], [1] * 11])
def test_parts_of_a_file_are_even(sizes: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Five at a time and then the rest, whatever they came in."""
    monkeypatch.setattr("tianping.work.closing.close._AT_ONCE", 5)
    one = pa.RecordBatch.from_pylist([dict.fromkeys(COLUMNS.names) | {"days": n} for n in range(sum(sizes))], COLUMNS)
    found = list(_evenly(one.slice(sum(sizes[:number]), size) for number, size in enumerate(sizes)))
    assert [table.column("days").to_pylist() for table in found] == [
        list(range(at, min(at + 5, sum(sizes)))) for at in range(0, sum(sizes), 5)
    ]


@pytest.mark.parametrize("most", [1, 3, 4, 100])
def test_every_shop_is_in_one_slice(home: Home, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shops without orders and those of odd names, too; no shop is cut in two."""
    names = ["A", "a'b", "z", "zz", "ä", "店"]
    some = [shop for shop in names if shop != "z"]
    bring(home, {
        "shops": table(SHOPS, *((shop, "kuaishou") for shop in names), ("other", "jd")),
        "orders": table(ORDERS, *((f"{shop}-{n}", shop, "P" + shop, NOON, NOON, None) for shop in some for n in range(3))),
    })  # fmt: skip
    monkeypatch.setattr("tianping.metrics.slices.MOST", most)
    con, _ = facts(home)
    cut = slices(con, "kuaishou")
    assert len(cut) == {1: 5, 3: 5, 4: 4, 100: 1}[most]
    ours = "select shop_id from facts.shops where platform = 'kuaishou'"
    for (shop,) in con.sql(ours).fetchall():
        in_it = (con.execute(f"select {each} from (select ? as shop_id)", [shop]).fetchall() for each in cut)
        assert sorted(in_it) == [[(False,)]] * (len(cut) - 1) + [[(True,)]]
    assert slices(con, "taobao") == ["true"]


def piece(folder: Path, out: Path, number: int, *, of: int) -> Path:
    """Every `of`-th row of every file of a market, its rows in another order."""
    out.mkdir()
    for file in sorted(folder.glob("*.parquet")):
        rows = pq.read_table(file)
        some = list(range(number, rows.num_rows, of))
        random.Random(number).shuffle(some)
        pq.write_table(rows.take(pa.array(some, pa.int64())), out / file.name)
    return out


def test_pieces_in_another_order_give_the_same_bytes(tmp_path: Path) -> None:
    """Two homes that know the same, one from one import, one from two in disorder, close alike to the byte."""
    first_day, covers = dt.date(2024, 3, 1), Period(dt.date(2024, 3, 1), dt.date(2024, 4, 9))
    market.write(tmp_path / "all", seed=5, shops=4, orders=1200, days=40, first_day=first_day)
    pieces = [piece(tmp_path / "all", tmp_path / f"piece-{n}", n, of=2) for n in (1, 0)]
    files = []
    for name, folders in (("whole", [tmp_path / "all"]), ("parts", pieces)):
        home = open_home(tmp_path / name, create=True)
        for folder in folders:
            imports.bring(home, imports.Request((folder,), NOON, covers=covers))
        files.append(held(home, closed(home, dt.date(2024, 4, 10))))
    assert files[0] == files[1]


def test_keys_are_sorted_and_unique(demo: Home) -> None:
    """One row a platform, metric, variant, by, subject and days, in that order; the columns are those promised."""
    done = find(demo, T)
    held = pq.read_table(demo.path / done.path)
    assert held.schema.equals(COLUMNS)
    keys = list(
        zip(*(held[name].to_pylist() for name in ("platform", "metric", "variant", "by", "subject", "days")), strict=True)
    )
    assert keys == sorted(set(keys))
    assert len(keys) == done.figures > 20_000


def test_values_are_exact(demo: Home) -> None:
    """Every value is numerator / denominator, half-even to 6 decimals; with denominator 0 there is none."""
    for row in read(demo, find(demo, T)):
        numerator, denominator = int(str(row["numerator"])), int(str(row["denominator"]))
        assert row["value"] == (rounded(Fraction(numerator, denominator)) if denominator else None)
        assert (row["status"] == "undefined") == (denominator == 0)


def test_ties_and_negative_values(home: Home) -> None:
    """n / 128 ends in a 5 at the seventh decimal: 7812.5 millionths are 7812, 23437.5 are 23438, below zero as well."""
    sums = {"up": 3, "down": 1, "minus-up": -3, "minus-down": -1}
    orders, cases = [], []
    for shop, total in sums.items():
        for n in range(128):
            add = total // abs(total) if n < abs(total) else 0
            orders.append((f"{shop}{n}", shop, "p", "2024-05-20", None, "flash"))
            agreed, waybill = ("2024-05-30T08:00:02", f"2024-05-30T08:00:0{2 - add}") if add else (None, None)
            at = "2024-05-30T09:00:00"
            cases.append((f"c{shop}{n}", f"{shop}{n}", "return_refund", "other", at, at, agreed, waybill, None))
    columns = "case_id,order_id,kind,reason,requested_at,ended_at,agreed_at,waybill_at,escalated_at"
    listed = table(SHOPS, *((shop, "kuaishou") for shop in sums))
    bring(home, {"shops": listed, "orders": table(ORDERS, *orders), "cases": table(columns, *cases)})
    found = read(home, closed(home, T))
    values = {
        str(row["subject"]): str(row["value"])
        for row in found
        if (row["metric"], row["variant"], row["by"], row["days"]) == ("return_refund_time", "", "shop", 7)
    }
    assert values == {"up": "0.023438", "down": "0.007812", "minus-up": "-0.023438", "minus-down": "-0.007812"}


def test_what_was_known_stays(home: Home) -> None:
    """A close at an earlier import, by its number or by the time, is the same after anything that comes later."""
    shops_file = table(SHOPS, ("s1", "kuaishou"))
    bring(home, {"shops": shops_file, "orders": table(ORDERS, ("o1", "s1", "p1", "2024-05-01", "2024-05-01", "flash"))})
    before = held(home, closed(home, T))
    bring(
        home,
        {
            "orders": table(ORDERS, ("o2", "s1", "p1", "2024-05-02", "2024-05-02", "flash")),
            "products": table("product_id,shop_id,category_l1", ("p1", "s1", "Toys")),
            "cases": table("case_id,order_id,kind,reason,requested_at", ("c", "o1", "refund_only", "quality", "2024-05-02")),
        },
        hour=1,
    )
    after = closed(home, T)
    assert held(home, after) != before
    assert held(home, closed(home, T, known_at=1)) == before
    assert held(home, closed(home, T, known_at=NOON)) == before
    assert (find(home, T), find(home, T, known_at=1).seq) == (after, 1)
    imports.undo(home, 2, at=NOON + dt.timedelta(hours=2))
    assert held(home, closed(home, T)) == before


def test_before_the_first_import(home: Home) -> None:
    """There is nothing to close, and the sentence says so."""
    with pytest.raises(NotFound, match="nothing is known"):
        closed(home, T)
    bring(home, {"shops": table(SHOPS, ("s1", "kuaishou"))})
    with pytest.raises(NotFound, match="nothing is known"):
        closed(home, T, known_at=NOON - dt.timedelta(hours=1))


def wrong_hits(number: int, tally: Tally) -> Sequence[str]:
    """A count that forgets to leave rows out."""
    hit = f"hit_{number}" if tally.count else "true"
    sums = [
        f"count(*) as rows_{number}",
        f"count(*) filter (where out_{number}) as outs_{number}",
        f"count(*) filter (where {hit}) as hits_{number}",
        f"count(*) filter (where not out_{number} and not {hit}) as rests_{number}",
    ]
    return [*sums, f"sum(add_{number}) as adds_{number}"] if tally.total else sums


def test_population_must_add_up(demo: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows counted and left out at once are a fault of the program: no figures, no row, no scrap; the old close stays."""
    home = copy(demo, tmp_path / "home")
    before = held(home, find(home, T))
    for module in ("engine", "ledger"):
        monkeypatch.setattr(f"tianping.metrics.{module}.sums", wrong_hits)
    for date in (T, T - DAY):
        with pytest.raises(TianpingError, match=r"has \d+ rows but \d+ counted and left out"):
            closed(home, date)
    assert [each.date for each in closes.every(home.database)] == [T]
    assert [path.name for path in (home.path / "closes").rglob("*.*")] == [Path(find(home, T).path).name]
    assert held(home, find(home, T)) == before


def test_readers_keep_the_file_they_opened(demo: Home, tmp_path: Path) -> None:
    """A close run again puts a whole file in the place of the old one; who reads the old one reads it to its end."""
    home = copy(demo, tmp_path / "home")
    with (home.path / find(home, T).path).open("rb") as reader:
        start = reader.read(1000)
        closed(home, T)
        assert start + reader.read() == held(demo, find(demo, T))


def test_a_file_that_is_gone(demo: Home, tmp_path: Path) -> None:
    """Figures taken away or spoilt are one sentence, with what to do now."""
    home = copy(demo, tmp_path / "home")
    path = home.path / find(home, T).path
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(TianpingError, match="cannot be read; close that day again"):
        next(read(home, find(home, T)))
    path.unlink()
    for ask in (shops, lambda home, done: next(read(home, done))):
        with pytest.raises(NotFound, match="run tianping close --date 2024-06-01 again"):
            ask(home, find(home, T))


def test_only_shops_of_the_packs_platform(demo: Home) -> None:
    """The demo has shops of several platforms in one home; figures are of all that a pack rules."""
    con, _ = facts(demo)
    listed = [
        {"shop_id": shop, "platform": name} for shop, name in con.sql("select shop_id, platform from facts.shops").fetchall()
    ]
    ruled = sorted(str(row["shop_id"]) for row in listed if row["platform"] in rules())
    assert {row["platform"] for row in listed} == set(find(demo, T).packs)
    assert list(shops(demo, find(demo, T))) == ruled


def test_two_platforms_two_packs(home: Home) -> None:
    """Each pack counts its own shops, even where both sell one product; a platform without a pack counts nowhere."""
    other = rules()["kuaishou"].model_copy(update={"platform": "elsewhere"})
    shops_file = table(SHOPS, ("a", "kuaishou"), ("b", "elsewhere"), ("c", "nowhere"))
    orders = [(f"o{n}", shop, "p", "2024-05-30", "2024-05-30", "flash") for n, shop in enumerate("abbccc")]
    bring(home, {"shops": shops_file, "orders": table(ORDERS, *orders)})
    done = closed(home, T, packs={**rules(), "elsewhere": other})
    for by, subjects in (("platform", ("kuaishou", "elsewhere")), ("shop", "ab"), ("product", "pp")):
        for platform, subject, rows in zip(("kuaishou", "elsewhere"), subjects, (1, 2), strict=True):
            found = counts(home, done, "dispute_rate", platform=platform, by=by)
            assert found == {subject: (0, rows)}


def test_a_product_that_two_shops_sell(home: Home) -> None:
    """The product's figure is of both; the shops keep their own."""
    shops_file = table(SHOPS, ("a", "kuaishou"), ("b", "kuaishou"))
    orders = [(f"o{n}", shop, "p", "2024-05-30", "2024-05-30", "flash") for n, shop in enumerate("abb")]
    products = table("product_id,shop_id,category_l1", ("p", "a", "Toys"))
    bring(home, {"shops": shops_file, "orders": table(ORDERS, *orders), "products": products})
    done = closed(home, T)
    assert counts(home, done, "dispute_rate", by="product") == {"p": (0, 3)}
    assert counts(home, done, "dispute_rate") == {"a": (0, 1), "b": (0, 2)}
    assert counts(home, done, "dispute_rate", by="shop_category_l1") == {"a/Toys": (0, 1), "b/Toys": (0, 2)}


def test_categories_go_by_their_path(home: Home) -> None:
    """Equal names on different branches stay apart, also where a name holds a stroke (it is written full-width); a product
    whose upper levels are empty has no path; no key comes twice."""
    paths = [("x", "y/z"), ("x/y", "z"), ("y", "z"), (None, "z"), ("x", None)]
    products = [(f"p{n}", "s", *path) for n, path in enumerate(paths)]
    orders = [(f"o{n}", "t" if n == 2 else "s", f"p{n}", "2024-05-30", "2024-05-30", "flash") for n in range(len(paths))]
    bring(
        home,
        {
            "shops": table(SHOPS, ("s", "kuaishou"), ("t", "kuaishou")),
            "products": table("product_id,shop_id,category_l1,category_l2", *products),
            "orders": table(ORDERS, *orders),
        },
    )
    found = figures(home, closed(home, T), "dispute_rate", variant="all_channels", days=7)
    by = {
        name: [(row["subject"], row["denominator"]) for row in found if row["by"] == name]
        for name in {row["by"] for row in found}
    }
    assert by["category_l1"] == [("x", 2), ("x／y", 1), ("y", 1)]
    assert by["category_l2"] == [("x/y／z", 1), ("x／y/z", 1), ("y/z", 1)]
    assert by["shop_category_l2"] == [("s/x/y／z", 1), ("s/x／y/z", 1), ("t/y/z", 1)]
    assert by["shop"] == [("s", 4), ("t", 1)]
    assert by["platform"] == [("kuaishou", 5)]


def test_windows(home: Home) -> None:
    """1, 7, 30 and the 60 the metric names; --days adds 90 and changes no other row."""
    last = T - 15 * DAY
    orders = []
    for back in (0, 6, 7, 29, 30, 59, 60, 89, 90):
        day = last - back * DAY
        orders.append((f"o{back}", "s", "p", day, day, "flash"))
    products = table("product_id,shop_id,virtual", ("p", "s", "true"))
    shops_file = table(SHOPS, ("s", "kuaishou"))
    bring(home, {"shops": shops_file, "orders": table(ORDERS, *orders), "products": products})
    usual = [*read(home, closed(home, T))]
    done = closed(home, T, days=(90,), hour=10)
    found = {
        int(str(row["days"])): (row["denominator"], T - dt.date.fromisoformat(str(row["first_day"])))
        for row in read(home, done)
        if (row["metric"], row["by"]) == ("quality_refund_rate", "shop")
    }
    assert found == {days: (rows, (14 + days) * DAY) for days, rows in ((1, 1), (7, 2), (30, 4), (60, 6), (90, 8))}
    assert [row for row in read(home, done) if row["days"] != 90] == usual


def test_shops_of_two_zones(home: Home) -> None:
    """A day begins where the shop is: the same instant is the last day's in New York, and today's in Shanghai."""
    shops_file = table("shop_id,platform,timezone", ("cn", "kuaishou", None), ("us", "kuaishou", "America/New_York"))
    orders = [
        (f"{shop}{n}", shop, f"p{shop}", at, at, "flash")
        for shop in ("cn", "us")
        for n, at in enumerate(["2024-05-30T23:59:59-04:00", "2024-05-31T23:30:00-04:00", "2024-06-01T00:00:00-04:00"])
    ]
    bring(home, {"shops": shops_file, "orders": table(ORDERS, *orders)})
    assert counts(home, closed(home, T), "dispute_rate", days=1) == {"cn": (0, 1), "us": (0, 1)}
    assert counts(home, closed(home, T), "dispute_rate", days=7) == {"cn": (0, 1), "us": (0, 2)}
    assert counts(home, closed(home, T + DAY), "dispute_rate", days=1, by="platform") == {"kuaishou": (0, 3)}


def test_demo_is_closed_at_its_end(demo: Home) -> None:
    """The day after the last of its facts, by every pack that has shops there."""
    done = find(demo, demo_market.CLOSE_DAY)
    assert (done.seq, sorted(done.packs)) == (1, sorted(rules()))
