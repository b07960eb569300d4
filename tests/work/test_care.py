"""What `doctor` finds; the scope of a home; files stay few; readers keep theirs."""

import datetime as dt
import gc
from pathlib import Path
from typing import Any

import pytest

from tianping.errors import ImportRefused, NotFound
from tianping.facts import versions
from tianping.work.care import examine
from tianping.work.home import Home, facts, open_home, set_scope
from tianping.work.intake import imports
from tianping.work.intake.compact import MANY, compact_now
from tianping.work.judge import judge

from .homes import NOON, bring, closed, rules

ORDERS = "order_id,shop_id,product_id,created_at\no1,s1,p1,2024-04-01\n"
LATER = NOON + dt.timedelta(days=1)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return open_home(tmp_path / "home", create=True)


def found(home: Home) -> dict[str, tuple[str, str]]:
    return {one.what: (one.state, one.told) for one in examine(home)}


def held(home: Home, known_at: int | None = None) -> list[tuple[Any, ...]]:
    con, _ = facts(home, known_at=known_at)
    with con:
        tables = ("orders", "parcels", "coverage")
        return [con.execute(f"FROM facts.{table} ORDER BY ALL").fetchall() for table in tables]  # type: ignore[misc]


def test_a_home_that_is_well(home: Home) -> None:
    bring(home, {"orders": ORDERS, "shops": "shop_id,platform\ns1,kuaishou\n"})
    done = closed(home, dt.date(2024, 5, 1))
    assert found(home)["last close"] == ("look", "1 closes are not judged, 2024-05-01 first: close those days again")
    judge(home, rules(), done, at=NOON)
    told = found(home)
    assert {state for state, _ in told.values()} == {"ok"}
    assert told["versions"][1].startswith("1 import; ")
    assert told["store"][1].startswith("3 files")
    assert told["scope"][1] == "own_shops"


def test_an_empty_home_is_well(home: Home) -> None:
    assert {state for state, _ in found(home).values()} == {"ok"}


def test_what_a_person_should_see_to(home: Home) -> None:
    """Rows that wait, bad rows, no close yet."""
    bring(home, {"orders": ORDERS + "o2,,p1,2024-04-01\n", "parcels": "parcel_id,order_id,shipped_at\nk1,o7,2024-04-02\n"})
    told = found(home)
    assert told["waiting"] == ("look", "parcels 1: their orders have not come")
    assert told["quarantine"][:2] == ("look", "1 rows; see `tianping quarantine list`")
    assert told["last close"][0] == "look"


def test_what_is_broken(home: Home) -> None:
    """A file gone, figures gone, a database that is older than its lake: each is named."""
    bring(home, {"orders": ORDERS, "shops": "shop_id,platform\ns1,kuaishou\n"})
    done = closed(home, dt.date(2024, 5, 1))
    (home.path / done.path).unlink()
    (home.lake / "newest").write_text("7")
    assert [found(home)[what][0] for what in ("last close", "newest")] == ["fault", "fault"]
    next(home.lake.glob("orders/*/*.parquet")).unlink()
    assert [found(home)[what][0] for what in ("store", "waiting")] == ["fault", "fault"]


def test_scope_is_kept(home: Home) -> None:
    assert home.scope == "own_shops"
    set_scope(home, "market")
    assert open_home(home.path).scope == "market"
    with pytest.raises(NotFound, match="own_shops or market"):
        set_scope(home, "galaxy")


def test_the_demo_is_a_market(demo: Home) -> None:
    assert demo.scope == "market"


def test_files_stay_few_by_themselves(home: Home) -> None:
    """An import after which a shelf has many small files merges them; what was known at every seq is still known."""
    states = {}
    for day in range(MANY + 2):
        text = f"order_id,shop_id,product_id,created_at\nn{day},s1,p1,2024-04-{day + 1:02}\n"
        report = bring(home, {"orders": text}, hour=day)
        states[report.seq] = held(home)
    kinds = [version.kind for version in home.versions()]
    assert kinds.count("compact") == 1
    assert len([file for file in versions.present(home.versions()) if file.table == "orders"]) == 2
    assert {seq: held(home, seq) for seq in states} == states
    assert len(list(home.lake.rglob("*.parquet"))) == len(versions.present(home.versions()))


def test_waiting_rows_move_to_their_order(home: Home) -> None:
    """On compaction, with all versions of theirs; others wait on. Nothing known at any seq changes, nor does an undo."""
    bring(home, {"parcels": "parcel_id,order_id,shipped_at\nk1,o1,2024-04-02\nk2,o8,2024-04-02\n"})
    bring(home, {"parcels": "parcel_id,carrier\nk1,SF\nk2,SF\n"}, hour=1)
    bring(home, {"orders": ORDERS}, hour=2)
    states = {seq: held(home, seq) for seq in range(4)}
    assert compact_now(home, at=LATER) == 4
    shelves = {(file.shelf, file.kind): file.rows for file in versions.known(home.versions()).of("parcels")}
    assert shelves == {(shelf, kind): 1 for shelf in ("waiting", "2024-04") for kind in ("base", "change")}
    assert {seq: held(home, seq) for seq in range(4)} == states
    assert held(home) == states[3]
    imports.undo(home, 2, at=LATER)
    without = held(home)
    assert [(row[0], row[3]) for row in without[1]] == [("k1", None), ("k2", None)]
    assert compact_now(home, at=LATER) is None


def test_compaction_is_no_knowledge(home: Home) -> None:
    """It cannot be undone, and a close after it is the close before it."""
    bring(home, {"orders": ORDERS, "shops": "shop_id,platform\ns1,kuaishou\n"})
    bring(home, {"orders": ORDERS.replace("o1", "o2")}, hour=1)
    done = closed(home, dt.date(2024, 5, 1))
    seq = compact_now(home, at=LATER)
    assert seq == 3
    assert closed(home, dt.date(2024, 5, 1), known_at=seq) == closed(home, dt.date(2024, 5, 1)) == done
    with pytest.raises(ImportRefused, match="brought no facts"):
        imports.undo(home, seq, at=LATER)


def test_files_stay_while_somebody_reads(home: Home) -> None:
    """A close that began before a compaction ends by the files it began with; they go when it is done."""
    bring(home, {"orders": ORDERS})
    bring(home, {"orders": ORDERS.replace("o1", "o2")}, hour=1)
    con, _ = facts(home)
    old = [home.lake / file.path for file in versions.known(home.versions()).of("orders")]
    compact_now(home, at=LATER)
    assert con.execute("SELECT count(*) FROM facts.orders").fetchone() == (2,)
    assert all(path.exists() for path in old)
    assert found(home)["strays"][1].startswith("4 files")
    con.close()
    del con
    gc.collect()
    bring(home, {"orders": ORDERS.replace("o1", "o3")}, hour=48)
    assert not any(path.exists() for path in old)
    assert found(home)["strays"][1].startswith("0 files")


@pytest.mark.parametrize(
    "place", ["tianping.work.intake.compact.write_file", "tianping.work.home.lake.mark", "tianping.work.intake.compact.sweep"]
)
def test_a_full_disk_after_the_commit(home: Home, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever fails while small files are merged after an import: the import stands, and nothing of it is swept."""
    for day in range(MANY):
        bring(home, {"orders": ORDERS.replace("o1", f"o{day}")}, hour=day)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(place, full)
        report = bring(home, {"orders": ORDERS.replace("o1", "last")}, hour=MANY)
    assert report.counts["orders"].new == 1
    assert len(held(home)[0]) == MANY + 1
    assert not [one for one in examine(home) if one.state == "fault"]
    bring(home, {"orders": ORDERS.replace("o1", "more")}, hour=MANY + 1)
    assert len(held(home)[0]) == MANY + 2
