"""What people said and sent: an erasure and a restoration reach it too."""

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tianping.errors import NotFound
from tianping.store import accounts as store
from tianping.store import jobs, reports, uploads, views, violations
from tianping.store.violations import Event
from tianping.work.backup import backup, restore
from tianping.work.erase import erase
from tianping.work.home import Home, open_home
from tianping.work.people import accounts
from tianping.work.people.accounts import Doer, Draft, Signed

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


def test_the_words_of_measures(home: Home) -> None:
    """What was entered by hand, why something was decided, the names of files; all else of these rows stays."""
    evidence = {"words": f"退给 {BUYER}", "others": [f"{OTHER}", 1.5, None]}
    with home.database.begin() as connection:
        id_ = violations.add(connection, row(evidence))
        violations.append(connection, happened(id_, 1, f"{BUYER},{BUYER}", {"files": [f"chat-{BUYER}.png"]}))
        violations.append(connection, happened(id_, 2, f"see {OTHER}", {}))
        before = violations.get(connection, id_)
    assert before is not None
    name = erase(home, BUYER, at=LATER).pseudonym
    with home.database.connect() as connection:
        assert violations.get(connection, id_) == replace(before, evidence={**evidence, "words": f"退给 {name}"})
        assert violations.events(connection, id_) == [
            happened(id_, 1, f"{name},{name}", {"files": [f"chat-{name}.png"]}),
            happened(id_, 2, f"see {OTHER}", {}),
        ]
    held = b"".join(each.read_bytes() for each in home.path.glob("tianping.db*"))
    for written in (str, lambda text: json.dumps(text)[1:-1]):
        assert written(BUYER).encode() not in held.replace(written(OTHER).encode(), b"")


def test_words_written_afterwards(home: Home) -> None:
    """Erased once more, they are nobody's under the same name; and then nothing is left to erase."""
    name = erase(home, BUYER, at=LATER).pseudonym
    views.save(home.database, 1, "products", "x", f"q={BUYER}")
    assert erase(home, BUYER, at=LATER).pseudonym == name
    assert views.of_account(home.database, 1, "products")[0].query == f"q={name}"
    bring(home, {"orders": f"order_id,shop_id,product_id,buyer_id,created_at\no2,s1,p1,{BUYER},2024-04-02\n"}, hour=30)
    with pytest.raises(NotFound, match="no words name them"):
        erase(home, BUYER, at=LATER)


def row(evidence: object) -> dict[str, object]:
    return {
        "platform": "kuaishou", "violation": "late_shipment", "version": "2010-01-01", "trigger": "by_hand",
        "subject_kind": "shop", "subject_id": "s1", "shop_id": "s1", "date": dt.date(2024, 5, 1), "seq": 1, "severity": "minor",
        "immediate": False, "records": False, "evidence": evidence, "proposal": {}, "account_id": 1, "at": NOON,
    }  # fmt: skip


def happened(id_: int, n: int, why: str, detail: dict[str, object]) -> Event:
    return Event(id_, n, NOON, 1, "propose", "proposed", "minor", None, why, detail)


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
