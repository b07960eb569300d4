"""What people said and sent: an erasure and a restoration reach it too."""

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tianping.store import accounts as store
from tianping.store import jobs, reports, uploads, views
from tianping.work import accounts
from tianping.work.accounts import Doer, Draft, Signed
from tianping.work.backup import backup, restore
from tianping.work.erase import erase
from tianping.work.home import Home, open_home

from .homes import NOON, bring

BUYER = "U-张三.7"
OTHER = "U-张三.70"
LATER = NOON + dt.timedelta(days=1)
GOOD = "correct horse"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = open_home(tmp_path / "home", create=True)
    bring(made, {"orders": f"order_id,shop_id,product_id,buyer_id,created_at\no1,s1,p1,{BUYER},2024-04-01\n"})
    accounts.create(made, "anna", Draft("", "operator", None), doer=Doer(None, NOON), password=GOOD)
    return made


def write_rows(home: Home) -> Path:
    path = home.path / "reports" / "r.parquet"
    path.parent.mkdir()
    pq.write_table(pa.table({"order_id": [f"{BUYER}-9", f"{OTHER}-1", None], "day": ["a", "b", "c"]}), path)
    return path


def waiting(home: Home, state: uploads.State) -> int:
    number = uploads.add(home.database, 1, NOON, [{"name": f"{BUYER}.csv", "bytes": 1}], {"shop": "s1"})
    uploads.change(home.database, number, state=state, said=f"row of {BUYER}", report={"told": [f"({BUYER})"]})
    folder = home.path / "uploads" / str(number)
    folder.mkdir(parents=True)
    (folder / "x.csv").write_text(BUYER, encoding="utf-8")
    return number


def test_words_name_the_buyer_no_more(home: Home) -> None:
    path = write_rows(home)
    number = waiting(home, "done")
    reports.add(home.database, 1, NOON, {"subject": "s1"}, {"sql": [BUYER]}, f"看看 {BUYER} 和 {OTHER}", "reports/r.parquet")
    views.save(home.database, 1, "products", "x", f"q={BUYER}")
    jobs.queue(home.database, "import", 1, NOON, {"file": f"{BUYER}.csv"})
    name = erase(home, BUYER, at=LATER).pseudonym
    told = uploads.get(home.database, number)
    assert told is not None
    assert (told.files[0]["name"], told.said, told.report) == (f"{name}.csv", f"row of {name}", {"told": [f"({name})"]})
    [report] = reports.newest(home.database)
    assert (report.words, report.definition) == (f"看看 {name} 和 {OTHER}", {"sql": [name]})
    assert views.of_account(home.database, 1, "products")[0].query == f"q={name}"
    assert jobs.newest(home.database)[0].detail == {"file": f"{name}.csv"}
    assert pq.read_table(path).to_pydict() == {"order_id": [f"{name}-9", f"{OTHER}-1", None], "day": ["a", "b", "c"]}
    held = b"".join(each.read_bytes() for each in home.path.glob("tianping.db*"))
    assert BUYER.encode() not in held.replace(OTHER.encode(), b"")


def test_files_that_wait_go(home: Home) -> None:
    """All that wait, and those that are over; not those whose turn has come."""
    numbers = {state: waiting(home, state) for state in ("received", "asking", "failed", "queued", "running")}
    erase(home, BUYER, at=LATER)
    left = {state for state, number in numbers.items() if (home.path / "uploads" / str(number)).exists()}
    assert left == {"queued", "running"}
    told = uploads.get(home.database, numbers["asking"])
    assert told is not None
    assert (told.state, "upload them again" in told.said) == ("dropped", True)


def test_restored(home: Home, tmp_path: Path) -> None:
    """Accounts, their tokens and reports with their rows are there; nobody is signed in, nothing is under way."""
    signed = accounts.sign_in(home, "anna", GOOD, address="", at=NOON)
    assert isinstance(signed, Signed)
    token = accounts.new_token(home, signed.account.id, "till", doer=Doer(signed.account.id, NOON))
    write_rows(home)
    number = waiting(home, "queued")
    jobs.queue(home.database, "import", 1, NOON, {"upload": number})
    backup(home, tmp_path / "b.zip")
    other = restore(tmp_path / "b.zip", tmp_path / "other")
    assert accounts.session(home, signed.key, NOON) is not None
    assert accounts.session(other, signed.key, NOON) is None
    assert accounts.bearer(other, token, NOON) is not None
    assert isinstance(accounts.sign_in(other, "anna", GOOD, address="", at=NOON), Signed)
    assert [each.state for each in jobs.newest(other.database)] == ["failed"]
    assert [each.state for each in uploads.newest(other.database)] == ["dropped"]
    assert (other.path / "reports" / "r.parquet").read_bytes() == (home.path / "reports" / "r.parquet").read_bytes()
    with other.database.connect() as connection:
        assert [each.name for each in store.every(connection)] == ["anna"]
