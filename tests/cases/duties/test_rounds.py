"""The worker brings duties to the desk, before it looks at their clocks."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import pytest

from tianping.policy.cases.casebook import Casebook
from tianping.work.desk.money.sandbox import Sandbox
from tianping.work.desk.opening import open_desk
from tianping.work.desk.worker import Worker
from tianping.work.docket import measures
from tianping.work.home import open_home
from tianping.work.people.trail import Doer

from ..market import DAY, HOUR, SECOND, T, events
from .court import MERCHANT, duties, duty, measure, office

MINUTE = dt.timedelta(minutes=1)


@dataclass
class Watch:
    """A clock that tests set."""

    at: dt.datetime = T

    def __call__(self) -> dt.datetime:
        return self.at


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def worker(tmp_path: Path, books: dict[str, Casebook], watch: Watch) -> Worker:
    home = open_home(tmp_path / "home", create=True)
    return Worker(home, open_desk(home.database, books), {}, Sandbox(tmp_path / "sandbox.db"), watch, lambda _: None)


@pytest.mark.spec("KS-P11")
def test_within_a_minute_of_the_measure(worker: Worker, watch: Watch) -> None:
    worker.round()
    id_ = measure(worker.desk, at=T + SECOND)
    watch.at = T + MINUTE - SECOND
    assert (worker.round().duties, duties(worker.desk, id_, "study")) == (0, [])
    watch.at = T + MINUTE
    assert (worker.round().duties, duty(worker.desk, id_).state) == (1, "open")
    assert worker.drain().duties == 0


def test_what_was_imposed_while_nobody_worked(worker: Worker, watch: Watch) -> None:
    """A worker that begins looks at everything; one that runs, once a day again."""
    first = measure(worker.desk, at=T - 40 * DAY)
    assert worker.round().duties == 1
    old = measure(worker.desk, at=T - 20 * DAY, shop="S2")  # of a clock that is far behind
    watch.at = T + 15 * HOUR
    assert worker.round().duties == 0
    watch.at = T + 16 * HOUR  # 00:00 UTC
    assert worker.round().duties == 1
    assert [duty(worker.desk, id_).facts["imposed_at"] for id_ in (first, old)] == [T, T + 16 * HOUR]


def test_what_was_done_in_time_is_not_called_late(worker: Worker, watch: Watch) -> None:
    """The worker was away when the time ended; the merchant had studied before, and told the measure."""
    id_ = measure(worker.desk)
    worker.round()
    study = duty(worker.desk, id_)
    measures.fulfil(office(worker.desk), Doer(MERCHANT, T + DAY), id_, "study")
    watch.at = T + 30 * DAY
    assert worker.drain().duties == 1
    assert [each.verb for each in events(worker.desk, study)] == ["impose", "count_done"]
