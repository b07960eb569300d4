"""`tianping work`: rounds until nothing is due, money out and heard of, the nightly close once, killed and begun again."""

import datetime as dt
import random
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text

from tianping.errors import ImportRefused
from tianping.facts.lake import mark
from tianping.policy.cases.casebook import Casebook
from tianping.policy.load import packs
from tianping.store.closes import dates
from tianping.store.database import sqlite_url
from tianping.store.desk import cases
from tianping.store.desk import evidence as rows
from tianping.store.desk.evidence import Evidence
from tianping.work.desk import evidence
from tianping.work.desk.letters import webhooks
from tianping.work.desk.letters.calling import Told
from tianping.work.desk.money.sandbox import Sandbox
from tianping.work.desk.opening import open_desk
from tianping.work.desk.worker import Worker
from tianping.work.home import Home, open_home
from tianping.work.intake.imports import Request, bring
from tianping.work.people import accounts
from tianping.work.people.accounts import Draft
from tianping.work.people.trail import Doer

from .automation.shops import punish
from .market import DAY, HOUR, T, ask, family, order, read

DUE = T + 48 * HOUR
TIANPING = (sys.executable, "-c", "from tianping.cli.main import main; main()")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return open_home(tmp_path / "home", create=True)


def worker(
    home: Home, books: dict[str, Casebook], at: dt.datetime, close_at: dt.time | None = None
) -> tuple[Worker, list[str]]:
    told: list[str] = []
    sandbox = Sandbox(home.path / "sandbox.db")
    return Worker(home, open_desk(home.database, books), packs(), sandbox, lambda: at, told.append, close_at), told


def test_a_round_does_all_that_is_due(home: Home, books: dict[str, Casebook]) -> None:
    one, _ = worker(home, books, DUE)
    order(one.desk, shipped_at=T)
    case = ask(one.desk, at=T)
    done = one.drain()
    assert (done.ticked.lapsed, done.sent.paid) == (1, 1)
    assert read(one.desk, case.id).state == "refunded"
    assert one.round().idle


def test_the_nightly_close_is_once_and_after_its_hour(home: Home, books: dict[str, Casebook]) -> None:
    folder = home.path.parent / "given"
    folder.mkdir()
    (folder / "shops.csv").write_text("shop_id,platform\nS1,kuaishou\n")
    bring(home, Request((folder,), T))
    half_past_four = dt.datetime(2024, 3, 4, 20, 30)  # 04:30 of the 5th in Shanghai
    early, told = worker(home, books, half_past_four - dt.timedelta(seconds=1), dt.time(4, 30))
    early.round()
    assert (dates(home.database), told) == ([], [])
    late, told = worker(home, books, half_past_four, dt.time(4, 30))
    late.round()
    late.round()
    assert dates(home.database) == [dt.date(2024, 3, 5)]
    assert len(told) == 1


def test_files_are_swept_by_their_own_database_alone(
    home: Home, books: dict[str, Casebook], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever works with another database than the home's, empty or an old copy, takes nothing away; nor does the worker end
    where a file cannot be."""
    left, named = evidence.keep(home.path, b"of a program that died before its row"), evidence.keep(home.path, b"shown")
    (named.parent / "folder").mkdir()

    def fails(*_: object, **__: object) -> None:
        raise OSError("the disk is ill")

    def lie(of: Home) -> tuple[bool, bool, str]:
        one, told = worker(of, books, DUE, dt.time(0))
        one.round()
        return named.exists(), left.exists(), " ".join(told)

    assert lie(open_home(home.path, create=True, url=sqlite_url(tmp_path / "empty.db"))) == (True, True, "")
    one, _ = worker(home, books, T)
    order(one.desk)
    row = Evidence(
        0, ask(one.desk, at=T).id, "buyer", None, "photo", "x", "text/plain", 5, named.parent.name + named.name, "", T
    )
    with home.database.begin() as connection:
        rows.add(connection, row)
    mark(home.lake, 7)
    there, still, told = lie(home)
    assert (there, still, "the lake in" in told) == (True, True, True)
    mark(home.lake, 0)
    with monkeypatch.context() as patched:
        patched.setattr(evidence, "_remove", fails)
        there, still, told = lie(home)
        assert (there, still, "the disk is ill" in told) == (True, True, True)
    assert lie(home)[:2] == (True, False)


def test_once_from_the_command_line(home: Home) -> None:
    done = subprocess.run([*TIANPING, "--home", home.path, "work", "--once"], capture_output=True, text=True, check=True)
    assert done.stderr == "nothing was due\n"
    wrong = subprocess.run([*TIANPING, "work", "--close-at", "25:00"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 2
    assert "write 04:30, or never" in wrong.stderr


def test_killed_at_random_points_nothing_is_lost_and_nothing_comes_twice(home: Home, books: dict[str, Casebook]) -> None:
    """A worker is killed again and again among sixty cases whose time has passed; then one is left to finish."""
    desk = open_desk(home.database, books)
    for n in range(60):
        order(desk, id_=f"O{n}", shipped_at=T)
        ask(desk, of=f"O{n}")
    chance = random.Random(7)
    command = [*TIANPING, "--home", str(home.path), "work", "--every", "0.1", "--close-at", "never"]
    for _ in range(6):
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.9, 1.6))
        process.send_signal(signal.SIGKILL)
        process.wait()
    one, _ = worker(home, books, dt.datetime.now(dt.UTC).replace(tzinfo=None) + DAY)
    one.drain()
    with home.database.connect() as connection:
        states = connection.execute(text("SELECT kind, state, count(*) FROM desk_case GROUP BY kind, state")).all()
        verbs = connection.execute(text("SELECT case_id FROM desk_event WHERE verb = 'agree'")).scalars().all()
    assert {(kind, state): count for kind, state, count in states if kind != "order"} == {
        ("refund_only", "refunded"): 60,
        ("payment", "paid"): 60,
    }
    assert len(set(verbs)) == len(verbs) == 60
    paid = Sandbox(home.path / "sandbox.db").paid()
    assert len(paid) == 60
    assert all(len(sums) == 1 for sums in paid.values())
    with home.database.connect() as connection:
        assert not cases.failing(connection, least=1)
    assert all(each.state in ("refunded", "paid") for each in family(desk, "order/O0") if each.kind != "order")


def test_rules_act_on_open_cases_when_a_measure_begins(home: Home, books: dict[str, Casebook]) -> None:
    """A shop punished while a case of it waits: the worker has the rule refund it, rather than the merchant's clock."""
    one, _ = worker(home, books, T + HOUR)
    order(one.desk, shipped_at=T)
    case = ask(one.desk, at=T)
    one.drain()
    assert read(one.desk, case.id).state == "requested"
    punish(one.desk, "quality_anomaly", "serious", at=T + 2 * HOUR)
    later, _ = worker(home, books, T + 3 * HOUR)
    later.drain()
    assert read(one.desk, case.id).facts["handled_by"] == "platform"
    assert read(one.desk, case.id).state == "refunded"


def test_a_night_that_fails_is_told_and_the_worker_goes_on(
    home: Home, books: dict[str, Casebook], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else imports just then: the cases cannot be taken up."""

    def busy(_home: Home, _at: dt.datetime) -> None:
        raise ImportRefused("another import is running")

    monkeypatch.setattr("tianping.work.desk.worker.feed", busy)
    one, told = worker(home, books, dt.datetime(2024, 3, 4, 20, 30), dt.time(4, 30))
    one.round()
    assert told == ["the close of 2024-03-05 failed and is tried again in an hour: another import is running"]


def test_who_answers_slowly_keeps_no_clock(home: Home, books: dict[str, Casebook], monkeypatch: pytest.MonkeyPatch) -> None:
    """A webhook's server that sleeps: deadlines are met meanwhile, in rounds that do not wait; its letters arrive once."""
    asleep, slept = threading.Event(), threading.Event()
    calls = []

    def slow(*_: object, **__: object) -> Told:
        calls.append(1)
        asleep.set()
        assert slept.wait(20)
        return Told(200, "HTTP 200")

    monkeypatch.setattr(webhooks, "deliver", partial(webhooks.deliver, call=slow))
    accounts.create(home, "op", Draft("op", "operator", None), doer=Doer(None, T), password="correct horse battery")
    with home.database.begin() as connection:
        account = connection.execute(text("SELECT id FROM account WHERE name = 'op'")).scalar_one()
        webhooks.register(connection, Doer(account, T), "https://example.com/", [], ())
    one, _ = worker(home, books, DUE)
    order(one.desk, shipped_at=T)
    case = ask(one.desk, at=T)
    one.round()  # its letters go out, and nobody answers
    assert asleep.wait(10)
    order(one.desk, DUE - 48 * HOUR, id_="O2", shipped_at=DUE - 48 * HOUR)
    late = ask(one.desk, of="O2", at=T)
    began = time.monotonic()
    while read(one.desk, late.id).state != "refunded":
        one.round()
        assert time.monotonic() - began < 10
    assert (read(one.desk, case.id).state, len(calls)) == ("refunded", 1)
    slept.set()
    assert one.drain().delivered > 0
    with home.database.connect() as connection:
        states = connection.execute(text("SELECT state, count(*) FROM desk_outbox WHERE topic = 'webhook' GROUP BY 1")).all()
    assert states == [("done", len(calls))]
