"""Reading a few shops' rows alone gives what reading all rows gives: for every T and seq, every order of imports, every undo.

`TIANPING_HISTORIES=500 pytest tests/work/test_by_shop.py` tries more than the few histories of a quick run.
"""

import datetime as dt
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest

from tianping.errors import NotFound
from tianping.facts import lake, recent, versions
from tianping.facts.lake import by_shop
from tianping.facts.schema import Table
from tianping.facts.versions import Known
from tianping.metrics import slices
from tianping.metrics.proof import Scope
from tianping.store.closes import Close
from tianping.work.closing import close as closing
from tianping.work.closing import slicing
from tianping.work.closing.closed import read
from tianping.work.figures import voices
from tianping.work.figures.explain import Named, explain
from tianping.work.home import Home, facts, open_home
from tianping.work.intake import imports
from tianping.work.intake.compact import compact_now
from tianping.work.people.reach import EVERYTHING

from .histories import STARTS, Fact, History, market
from .homes import NOON, bring, closed, counts, rules, table

HISTORIES = int(os.environ.get("TIANPING_HISTORIES") or 1)
MOMENTS, PROOFS = 3, 12
Way = tuple[float, int, int, int, Callable[[Known], list[Table]], int]
LOTS = 10**9
WAYS: tuple[Way, ...] = (
    (0.0, 3, LOTS, LOTS, lake._sure, 0),
    (0.0, 3, 0, LOTS, lake._sure, LOTS),
    (0.0, 9, 0, 0, lake._sure, 0),
    (2.0, LOTS, LOTS, LOTS, lambda known: [], LOTS),
)
"""How many rows must say their shop; orders of a slice; rows from which on what has changed is held, and changed ones from
which on by slice; the tables cut; how many old rows to one other there must be so that quiet orders are not read."""


@dataclass
class Moving(History):
    """A history in which orders also come back under another shop."""

    brought: dict[int, list[Fact]] = field(default_factory=dict)

    def happen(self) -> None:
        (self.move_some if self.brought and self.rng.random() < 0.15 else super().happen)()

    def move_some(self) -> None:
        """An import is undone; its orders come again, some as another shop's."""
        seq = self.rng.choice(sorted(self.brought))
        orders = [row for name, row in self.brought.pop(seq) if name == "orders" and row.get("shop_id")]
        imports.undo(self.home, seq, at=self._at())
        self.log.append(f"undo {seq}, its orders move")
        if orders:
            shops = [row["shop_id"] for row in orders]
            self._import([("orders", row | {"shop_id": self.rng.choice(shops)}) for row in orders])

    def undo_some(self) -> None:
        super().undo_some()
        live = {version.seq for version in versions.live(self.home.versions())}
        self.brought = {seq: rows for seq, rows in self.brought.items() if seq in live}

    def _import(self, facts: list[Fact]) -> None:
        super()._import(facts)
        newest = versions.live(self.home.versions())[-1:]
        if newest and newest[0].seq not in self.brought:
            self.brought[newest[0].seq] = facts


Told = tuple[bytes, list[Counter[str]]]


def told(home: Home, history: History, seq: int, chance: random.Random) -> Told:
    """The close of a day as known at `seq`, the rows of some of its figures, and what buyers of some products say."""
    done = closed(home, history.date, known_at=seq)
    figures = [row for row in read(home, done) if row["by"] != "agent"]
    rows = [_proof(home, done, row) for row in chance.sample(figures, min(len(figures), PROOFS))]
    return held(home, done), rows + list(_voices(home, done))


def _proof(home: Home, done: Close, row: Mapping[str, object]) -> Counter[str]:
    scope = Scope(str(row["platform"]), str(row["by"]), str(row["subject"]), done.date, int(str(row["days"])))
    try:
        proof = explain(home, rules(), Named(str(row["metric"]), str(row["variant"])), scope)
    except NotFound as none:  # a later close of the day, of other facts
        return Counter([str(none)])
    return Counter(map(repr, proof.rows()))


def _voices(home: Home, done: Close) -> Iterator[Counter[str]]:
    con, _ = facts(home, known_at=done.seq)
    [(products,)] = con.execute("select list(distinct product_id order by product_id)[:4] from facts.orders").fetchall()
    for product in products or ():
        with voices.opened(home, done, [product]) as one:
            yield Counter(map(repr, voices.refunds(one, done, product, 60, EVERYTHING).page))
            yield Counter(map(repr, voices.reviews(one, done, product, 60, EVERYTHING).page))


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_a_history(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut and looked up by shop wherever that may be, however few rows say theirs, what changed held or not, quiet orders read
    or not; and read whole."""
    rng = random.Random(seed)
    date = rng.choice(STARTS)
    history = Moving(open_home(tmp_path / "home", create=True), rng, date, market(rng, date))
    for _ in range(MOMENTS):
        for _ in range(rng.choice((1, 2, 3))):
            history.happen()
        seqs = [version.seq for version in history.home.versions() if version.kind in versions.KNOWING]
        seq, chance = rng.choice((seqs[-1], rng.choice(seqs))), rng.random()
        found: list[Told] = []
        for nearly, most, few, at_once, sure, worth in WAYS:
            with monkeypatch.context() as patched:
                patched.setattr(lake, "_NEARLY", nearly)
                patched.setattr(slicing, "FEW", few)
                patched.setattr(slicing, "AT_ONCE", at_once)
                patched.setattr(lake, "_sure", sure)
                patched.setattr(slices, "MOST", most)
                patched.setattr(recent, "WORTH", worth)
                patched.setattr(recent, "YOUNG", dt.timedelta(days=-400))  # every shelf is old
                found.append(told(history.home, history, seq, random.Random(chance)))
        assert found == found[:1] * len(WAYS), "\n".join(["", *history.log, f"close {history.date} at {seq}"])


def test_the_demo_lies_by_shop(demo: Home) -> None:
    """So what is tested on it goes this way."""
    assert by_shop(versions.known(demo.versions())) == {"parcels", "cases", "reviews", "complaints", "video_plays"}


ORDER, PARCEL = "order_id,shop_id,product_id,created_at,paid_at,promised_ship_at,channel", "parcel_id,order_id,shipped_at"
T = dt.date(2024, 6, 1)


def brought(home: Home, number: int, hour: int = 0) -> None:
    """An order of each of two shops, with its parcel."""
    orders = [(f"o{shop}{number}", shop, "p", "2024-05-20", "2024-05-20", "2024-05-22", "self_built") for shop in ("s1", "s2")]
    parcels = [(f"k{order}", order, "2024-05-21") for order, *_ in orders]
    bring(home, {"orders": table(ORDER, *orders), "parcels": table(PARCEL, *parcels)}, hour=hour)


@pytest.mark.parametrize("happens", ["an import", "files in order"])
def test_what_happens_while_a_close_begins(happens: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each slice sees what the close saw when it opened the facts: no older rows, no file that is gone."""
    home = open_home(tmp_path / "home", create=True)
    bring(home, {"shops": table("shop_id,platform", ("s1", "kuaishou"), ("s2", "kuaishou"))})
    for number in range(3):
        brought(home, number, number)
    monkeypatch.setattr(slices, "MOST", 1)

    def late(home: Home, **asked: int | dt.datetime | None) -> tuple[duckdb.DuckDBPyConnection, int]:
        if happens == "an import":
            brought(home, 9, 9)
        else:
            compact_now(home, at=NOON + dt.timedelta(hours=9))
        return facts(home, **asked)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(closing, "facts", late)
        found = held(home, closed(home, T))
    assert found == held(home, closed(home, T))
    many = 4 if happens == "an import" else 3
    assert counts(home, closed(home, T), "timely_shipment") == {"s1": (many, many), "s2": (many, many)}


def held(home: Home, done: Close) -> bytes:
    return (home.path / done.path).read_bytes()
