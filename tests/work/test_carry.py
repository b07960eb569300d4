"""What a close carries from the one before is what it counts directly: for every T, every order of imports, every undo.

`TIANPING_HISTORIES=500 pytest tests/work/test_carry.py -k history` tries more than the few histories of a quick run.
"""

import datetime as dt
import json
import os
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from policy.made import HEAD, metric, opened, shares, version, write
from tianping.facts import touched
from tianping.facts.asof import as_of
from tianping.facts.schema import TABLES
from tianping.facts.touched import FAMILIES
from tianping.facts.views import VIEWS
from tianping.policy.model import Pack
from tianping.work.backup import backup, restore
from tianping.work.closing import carry
from tianping.work.erase import erase
from tianping.work.home import Home, locked, open_home
from tianping.work.intake import imports
from tianping.work.intake.compact import compact_now
from tianping.work.trials.trial import load

from .histories import STARTS, History, carried_and_counted, differences, market
from .homes import NOON, bring, closed, copy, counts, table

HISTORIES = int(os.environ.get("TIANPING_HISTORIES") or 1)
CLOSES = 3
T = dt.date(2024, 6, 1)
DAY = dt.timedelta(days=1)
LATER = NOON + dt.timedelta(hours=1)
Packs = Mapping[str, Pack]


@pytest.fixture(autouse=True)
def _carries(monkeypatch: pytest.MonkeyPatch) -> None:
    """However small the home."""
    monkeypatch.setattr("tianping.work.closing.close.CARRIED_FROM", {True: 0, False: 0})


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_a_history(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every close of it is carried as it is counted."""
    rng = random.Random(seed)
    monkeypatch.setattr(carry, "ROUNDS", rng.choice((1, 2, 8)))
    date = rng.choice(STARTS)
    history = History(open_home(tmp_path / "home", create=True), rng, date, market(rng, date))
    for _ in range(CLOSES):
        for _ in range(rng.choice((1, 1, 2))):
            history.happen()
        history.close()


# --- One home, one made pack, one thing that happens

COUNTED = {
    "asked_for": shares("first_refund_at is not null"),
    "spoke": "both: {of: buyer_day, day: day, once_per: buyer, count: bursts > 1}",
    "parted": shares("parcels > 1"),
    "longest": "alone: {of: case, day: requested_at, max: in_hands_s}",
    "virtual": shares("virtual", of="parcel", day="shipped_at"),
}
BUYERS = ("b0", "b1", "b2")
ORDER = "order_id,shop_id,product_id,buyer_id,created_at,paid_at"
PARCEL, MAY = "parcel_id,order_id,shipped_at", "2024-05-24T00:00Z"
SHOP, SESSION = "shop_id,platform,timezone", "session_id,shop_id,buyer_id,opened_at,assigned_at"
CASE, MESSAGE = "case_id,order_id,kind,reason,requested_at", "message_id,shop_id,buyer_id,sent_at,sender"


def made(folder: Path, **counted: str) -> dict[str, Pack]:
    """A pack of these metrics, each with one version of this shape."""
    metrics = (metric(name, version(body), unit="seconds" if "max:" in body else "rate") for name, body in counted.items())
    return {"kuaishou": opened(write(folder, a=f"{HEAD}metrics:\n{''.join(metrics)}")).pack}


@pytest.fixture(scope="session")
def packs(tmp_path_factory: pytest.TempPathFactory) -> Packs:
    return made(tmp_path_factory.mktemp("packs") / "made", **COUNTED)


@pytest.fixture(scope="session")
def first(tmp_path_factory: pytest.TempPathFactory, packs: Packs) -> Home:
    """A home of two imports, closed once: T, carried. Nobody writes into it."""
    found = open_home(tmp_path_factory.mktemp("carried") / "home", create=True)
    bring(found, facts())
    bring(found, {"orders": table(ORDER, ("o", "s1", "s1p", None, MAY, MAY))})
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("tianping.work.closing.close.CARRIED_FROM", {True: 0, False: 0})
        carries(found, packs, T)
    return found


@pytest.fixture
def home(first: Home, tmp_path: Path) -> Home:
    """The same, to do with as one likes."""
    return copy(first, tmp_path / "home")


def facts() -> dict[str, str]:
    """Two shops, an order, a parcel and a word a day, every third day a case; up to four days after T."""
    rows = [(n, f"s{n % 2 + 1}", BUYERS[n % 3], T + (n - 40) * DAY) for n in range(45)]
    orders = [(f"o{n}", shop, f"{shop}p", who, f"{day}T00:00Z", f"{day}T0{n % 9}:00Z") for n, shop, who, day in rows]
    parcels = [(f"k{n}", f"o{n}", f"{day}T09:00Z") for n, *_, day in rows]
    cases = [
        (f"c{n}", f"o{n}", "refund_only", "quality", f"{day + DAY}T10:00Z", f"{day + 3 * DAY}T{n % 9 + 10}:00Z")
        for n, *_, day in rows[::3]
    ]
    messages = [(f"m{n}", shop, who, f"{day}T06:00Z", "buyer") for n, shop, who, day in rows]
    return {
        "shops": table(SHOP, ("s1", "kuaishou", None), ("s2", "kuaishou", "America/Sao_Paulo")),
        "products": table("product_id,shop_id,virtual", ("s1p", "s1", "true"), ("s1q", "s1", None), ("s2p", "s2", None)),
        "orders": table(ORDER, *orders),
        "parcels": table(PARCEL, *parcels),
        "cases": table(f"{CASE},ended_at", *cases),
        "messages": table(MESSAGE, *messages),
    }


def kept(home: Home) -> dict[str, Any]:
    """What the ledger says of itself."""
    note = home.path / "ledger" / "ledger.json"
    found: dict[str, Any] = json.loads(note.read_text()) if note.exists() else {"round": 0, "parts": {}, "touched": {}}
    return found


def named(home: Home) -> set[str]:
    """The files that the ledger names."""
    held = kept(home)
    return {file for parts in (*held["parts"].values(), *held["touched"].values()) for _, file in parts}


def there(home: Home) -> set[str]:
    return {path.name for path in (home.path / "ledger").glob("*.parquet")}


def carries(home: Home, packs: Packs, *dates: dt.date) -> None:
    """One day after the other is carried as it is counted, by a round of the ledger each."""
    for date in dates:
        before = kept(home)["round"]
        assert differences(home, date, packs=packs) == []
        assert kept(home)["round"] == before + 1
        assert there(home) == named(home)


def test_any_day_after_any_other(home: Home, packs: Packs) -> None:
    """The same day again, days forwards and backwards, near and far."""
    day = T
    for move in (0, 1, 3, -5, 1, 15, -14, 14, -15):
        day += move * DAY
        carries(home, packs, day)


def imported(name: str, columns: str, *rows: Sequence[object]) -> Callable[[Home], None]:
    """An import of which every row counts."""

    def bring_it(home: Home) -> None:
        tally = bring(home, {name: table(columns, *rows)}, hour=1).counts[name]
        assert tally.new + tally.changed + tally.waiting == len(rows)

    return bring_it


HAPPENED: dict[str, Callable[[Home], object]] = {
    "a case more": imported("cases", CASE, ("c", "o31", "refund_only", "other", MAY)),
    "a case of an order to come": imported("cases", CASE, ("d", "p", "refund_only", "other", MAY)),
    "the order that came": imported("orders", ORDER, ("p", "s1", "s1p", "b0", MAY, MAY)),
    "a case of another order": imported(
        "cases", CASE, ("c30", "o28", "refund_only", "quality", MAY), ("e", "o30", "exchange", "other", MAY)
    ),
    "a parcel of another order": imported("parcels", PARCEL, ("k20", "o22", MAY), ("k", "o20", MAY)),
    "an order not paid": imported("orders", "order_id,paid_at", ("o24", "")),
    "an order of another product": imported("orders", "order_id,product_id", ("o26", "s1q")),
    "words before": imported("messages", MESSAGE, ("m", "s1", "b0", MAY, "buyer")),
    "words of another": imported("messages", "message_id,buyer_id", ("m20", "b0")),
    "a product that is not virtual": imported("products", "product_id,virtual", ("s1p", "false")),
    "an undo": lambda home: imports.undo(home, 2, at=LATER),
    "nothing": lambda home: None,
    "files in order": lambda home: compact_now(home, at=LATER),
    "a shop more": imported("shops", SHOP, ("s3", "kuaishou", "America/Bogota")),
    "a shop of other clocks": imported("shops", "shop_id,timezone", ("s2", "Asia/Shanghai")),
    "a shop of another platform": imported("shops", "shop_id,platform", ("s1", "taobao")),
    "a buyer forgotten": lambda home: erase(home, "b1", at=LATER),
}


def test_what_happened_since(home: Home, packs: Packs) -> None:
    """Two things and then a close, on the same day or the next."""
    for number, happen in enumerate(HAPPENED.values()):
        happen(home)
        if number % 2:
            carries(home, packs, T + number // 4 * DAY)
    carries(home, packs, T)


@pytest.mark.parametrize(
    ("way", "what", "days"),
    [
        ("_by_time", "a shop more", 1),
        ("_by_rows", "a case more", 0),
        ("_by_rows", "a parcel of another order", 0),
        ("_by_shop_or_product", "a product that is not virtual", 0),
        ("_by_shop_or_product", "a shop of another platform", 0),
        ("_by_shop_or_product", "a shop of other clocks", 0),
    ],
)
def test_no_way_may_be_left_out(
    way: str, what: str, days: int, home: Home, packs: Packs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The property can fail: it does without one of the ways by which a thing is touched."""
    HAPPENED[what](home)
    monkeypatch.setattr(touched, way, lambda *_: ())
    assert differences(home, T + days * DAY, packs=packs) != []


def test_what_is_void_may_not_stay(home: Home, packs: Packs, monkeypatch: pytest.MonkeyPatch) -> None:
    """It fails too where the rows kept of a buyer who has spoken since count beside the new ones."""
    HAPPENED["words before"](home)
    monkeypatch.setattr(carry.Round, "_valid", lambda self, family, made, file: f"select * from '{self.folder / file}'")
    assert any("spoke" in line for line in differences(home, T, packs=packs))


# --- Kept, lost, damaged


class Killed(BaseException):
    """What a kill is, to those who are killed."""


def test_killed_before_the_files_are_named(home: Home, packs: Packs, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger is as it was, whatever lies beside it; the next close goes on from there and tidies up."""

    def kill(self: carry.Round) -> None:
        raise Killed

    before = kept(home)
    with monkeypatch.context() as patched:
        patched.setattr(carry.Round, "_keep", kill)
        with pytest.raises(Killed):
            closed(home, T + DAY, packs=packs)
    assert kept(home) == before
    assert there(home) > named(home)
    (home.path / "ledger" / "strand_half-2.parquet").write_bytes(b"PAR1")
    carries(home, packs, T + DAY, T + 2 * DAY)


@pytest.mark.parametrize("lost", ["strand_*.parquet", "touched_*.parquet", "ledger.json", "*"])
def test_files_lost(lost: str, home: Home, packs: Packs) -> None:
    """What is not there is counted again."""
    carries(home, packs, T + DAY)
    gone = sorted((home.path / "ledger").glob(lost))
    assert gone
    for path in gone if lost == "*" else gone[:1]:
        path.unlink()
    assert differences(home, T + 2 * DAY, packs=packs) == []
    assert there(home) == named(home)


@pytest.mark.parametrize("damaged", ["strand_*.parquet", "touched_*.parquet", "ledger.json"])
def test_files_damaged(damaged: str, home: Home, packs: Packs) -> None:
    """What cannot be read is counted again."""
    carries(home, packs, T + DAY)
    path = min((home.path / "ledger").glob(damaged))
    path.write_bytes(path.read_bytes()[:20])
    assert differences(home, T + 2 * DAY, packs=packs) == []


def test_two_closes_at_once(home: Home, packs: Packs) -> None:
    """While somebody has the ledger another counts directly: the same bytes, and nothing of the ledger is touched."""
    before = {path.name: path.read_bytes() for path in (home.path / "ledger").iterdir()}
    with locked(home.path / "ledger.lock", wait=False) as held:
        assert held
        alone, counted = carried_and_counted(home, T + DAY, packs=packs)
    assert alone.read_bytes() == counted.read_bytes()
    assert {path.name: path.read_bytes() for path in (home.path / "ledger").iterdir()} == before
    carries(home, packs, T + DAY)


def test_many_rounds_become_one(home: Home, packs: Packs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carry, "ROUNDS", 2)
    joined = set()
    for days in range(5):
        carries(home, packs, T + days * DAY)
        parts = kept(home)["parts"]
        joined |= {name for name, files in parts.items() if "-all" in files[0][1]}
        assert max(len(files) for files in parts.values()) <= 2
    assert joined == set(kept(home)["parts"])


def test_a_home_restored_has_no_ledger_and_needs_none(home: Home, packs: Packs, tmp_path: Path) -> None:
    backup(home, tmp_path / "home.zip")
    again = restore(tmp_path / "home.zip", tmp_path / "again" / "home")
    assert not (again.path / "ledger").exists()
    carries(again, packs, T + DAY)


# --- Who is forgotten


def names_in(home: Home) -> set[str]:
    """Every text of the ledger."""
    con = duckdb.connect()
    rows = [row for file in there(home) for row in con.sql(f"from '{home.path / 'ledger' / file}'").fetchall()]
    return {cell for row in rows for cell in row if isinstance(cell, str)}


def test_a_forgotten_buyer_is_nowhere_in_it(home: Home, packs: Packs) -> None:
    """At once, not only when somebody closes again."""
    assert set(BUYERS) <= names_in(home)
    erase(home, "b1", at=LATER)
    assert "b1" not in names_in(home)
    carries(home, packs, T, T + DAY)
    assert "b1" not in names_in(home)


def test_a_buyer_forgotten_while_a_close_runs(home: Home, packs: Packs, monkeypatch: pytest.MonkeyPatch) -> None:
    """A close that began before still sees the buyer; what it leaves does not, or is not used again."""
    begin = carry.Round.__init__

    def erased_meanwhile(self: carry.Round, *args: Any) -> None:
        erase(home, "b1", at=LATER)
        begin(self, *args)

    monkeypatch.setattr("tianping.work.erase.PATIENCE", 0)
    with monkeypatch.context() as patched:
        patched.setattr(carry.Round, "__init__", erased_meanwhile)
        closed(home, T, packs=packs)
    carries(home, packs, T + DAY)
    assert "b1" not in names_in(home)


# --- Packs that change


def test_a_rule_that_changes(home: Home, packs: Packs, tmp_path: Path) -> None:
    """What is kept is kept by what it says, not by the metric's name."""
    other = made(tmp_path / "other", **COUNTED | {"asked_for": shares("first_refund_at < paid_at + interval 1 day")})
    carries(home, other, T, T + DAY)
    carries(home, packs, T + DAY)


@pytest.mark.parametrize("applies", ["close", "deed"])
def test_a_version_that_begins_between_two_days(applies: str, home: Home, tmp_path: Path) -> None:
    bodies = {"2020-01-01": shares("virtual"), str(T): shares("first_refund_at is not null")}
    versions = (version(body, since, f"applies: {applies}, ") for since, body in bodies.items())
    folder = write(tmp_path / "dated", a=f"{HEAD}metrics:\n{metric('m', *versions)}")
    carries(home, {"kuaishou": opened(folder).pack}, T - 2 * DAY, T, T + DAY, T - DAY)


def test_a_pack_that_reads_words(home: Home, tmp_path: Path) -> None:
    """What a buyer wrote is a column of the views like any other."""
    packs = made(tmp_path / "made", worded=shares("reason_words = '碎'", of="case", day="requested_at"))
    bring(home, {"cases": "case_id,reason_words\nc30,碎\nc39,碎\n"})
    carries(home, packs, T, T + DAY)
    bring(home, {"cases": "case_id,quantity\nc30,1\n"}, hour=1)
    carries(home, packs, T + DAY)


@pytest.mark.parametrize("shop", ["s1", "s2", "elsewhere", "unlisted"])
def test_a_session_is_answered_in_its_own_shop(shop: str, tmp_path: Path) -> None:
    """Sessions of two shops may have one id; what is said in another answers nothing, whether its clocks are known or not."""
    packs = made(tmp_path / "made", answered="both: {of: session, day: opened_at, count: first_agent_at is not null}")
    home, noon = open_home(tmp_path / "home", create=True), "2024-05-30T04:00Z"
    listed = [("s1", "kuaishou", None), ("s2", "kuaishou", None), ("elsewhere", "taobao", None)]
    bring(home, {"shops": table(SHOP, *listed), "chat_sessions": table(SESSION, ("x", "s1", "b", noon, noon))})
    bring(home, {"messages": table(f"{MESSAGE},session_id", ("m", "s1", "b", noon, "buyer", "x"))}, hour=1)
    carries(home, packs, T)
    bring(home, {"messages": table(f"{MESSAGE},session_id", ("n", shop, "b", noon, "agent", "x"))}, hour=2)
    carries(home, packs, T)
    assert counts(home, closed(home, T, packs=packs), "answered")["s1"] == (int(shop == "s1"), 1)
    bring(home, {"shops": table(SHOP, ("far", "taobao", "America/Bogota"))}, hour=3)
    carries(home, packs, T)


# --- What a thing is made of


def test_every_view_hangs_on_one_thing() -> None:
    """All but that of shops, whose metrics are counted anew at each close."""
    assert sorted(view for family in FAMILIES for view in family.views) == sorted(VIEWS.keys() - {"shop"})


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_views_read_no_table_besides_their_family_s(family: touched.Family) -> None:
    """With these, shops and products alone, every column of every view can be read; each has the thing's key."""
    con = duckdb.connect()
    zones = [{"shop_id": zone, "platform": "jd", "timezone": zone} for zone in ("Asia/Shanghai", "America/Bogota")]
    load(con, {"shops": zones}, platform="jd")
    as_of(con, T)
    for name in TABLES.keys() - {*family.tables, "shops", "products"}:
        con.execute(f"drop table facts.{name}")
    for view in family.views:
        assert con.sql(VIEWS[view].select(VIEWS[view].columns, since=T, shops="platform = 'jd'")).fetchall() == []
    assert all(set(family.thing) <= TABLES[name].by_name.keys() for name in family.tables)
