"""Work that takes longer than a page: one thread of the server does it in turn, and writes down how far it is."""

import datetime as dt
import logging
import threading
import time
import uuid
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress

from tianping.errors import TianpingError
from tianping.policy.model import Pack
from tianping.store import jobs
from tianping.store.jobs import Job
from tianping.store.uploads import of_state
from tianping.work.closing.close import Asked
from tianping.work.desk.feeding import feed
from tianping.work.home import Home, wait_for_import
from tianping.work.intake import exports, quarantine, uploads
from tianping.work.judge import close_day
from tianping.work.people.trail import record

log = logging.getLogger("tianping.jobs")
LOST = "the server stopped while this was under way; what was not finished left no trace, so do it again"
_TOLD_EVERY = 0.5
"""Seconds between two notes of how far a piece of work is."""
_AGAIN = 2.0
"""Seconds before the queue is looked at again when the database could not be reached."""
_MOST_WAITING = 10_000
Progress = Callable[[str, float], None]


class Jobs:
    """The queue of a console, and the thread that works on it. Raises nothing: what fails is written down."""

    def __init__(self, home: Home, packs: Mapping[str, Pack], clock: Callable[[], dt.datetime]) -> None:
        self.home, self.packs, self.clock = home, packs, clock
        self._wake, self._lock, self._stopping = threading.Event(), threading.Lock(), threading.Event()
        self._thread: threading.Thread | None = None
        for lost in jobs.abandon(home.database, LOST):
            uploads.lost(home, lost.detail, LOST)
        uploads.sweep(home, clock())
        threading.Thread(target=exports.exports, name="tianping mappings", daemon=True).start()  # takes seconds
        waiting = jobs.newest(home.database, state="queued", limit=_MOST_WAITING)
        if waiting:
            self._begin()
        self._take_up({job.detail.get("upload") for job in waiting})

    def _take_up(self, waiting: Collection[object]) -> None:
        """Uploads that were received when the server died, before a job was made of them."""
        for each in of_state(self.home.database, "received"):
            if each.id not in waiting:
                self.queue("import", each.account_id, {"upload": each.id})

    def queue(self, kind: str, account_id: int | None, detail: Mapping[str, object]) -> int:
        """Have a piece of work done when its turn comes; its number."""
        number = jobs.queue(self.home.database, kind, account_id, self.clock(), detail)
        self._begin()
        return number

    def stop(self) -> None:
        """Finish what is under way, begin nothing more."""
        self._stopping.set()
        self._wake.set()
        if self._thread:
            self._thread.join()

    def wait(self, number: int, seconds: float = 60) -> Job:
        """The job, once it is over or the time is up."""
        until = time.monotonic() + seconds
        while True:
            found = jobs.get(self.home.database, number)
            assert found is not None, number
            if found.state in ("done", "failed") or time.monotonic() > until:
                return found
            time.sleep(0.02)

    def _begin(self) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="tianping jobs", daemon=True)
                self._thread.start()
        self._wake.set()

    def _work(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                while not self._stopping.is_set() and (job := jobs.take(self.home.database)):
                    self._do(job)
            except Exception:  # the database, or the disk it is on, will be there again
                log.exception("the queue could not go on; it tries again")
                self._stopping.wait(_AGAIN)
                continue
            self._wake.wait()

    def _do(self, job: Job) -> None:
        try:
            said = KINDS[job.kind](self, job, self._teller(job))
        except TianpingError as error:
            self._failed(job, uploads.plain(self.home, str(error)))
        except Exception:
            number = uuid.uuid4().hex[:8]
            log.exception("fault %s in job %s", number, job.id)
            self._failed(job, f"a fault of the program, number {number}; tell those who run this home")
        else:
            jobs.end(self.home.database, job.id, failed=False, said=said)

    def _failed(self, job: Job, said: str) -> None:
        uploads.lost(self.home, job.detail, said)
        jobs.end(self.home.database, job.id, failed=True, said=said)

    def _teller(self, job: Job) -> Progress:
        last = 0.0

        def tell(_file: str, done: float) -> None:
            nonlocal last
            if time.monotonic() - last > _TOLD_EVERY:
                last = time.monotonic()
                with suppress(Exception):  # how far it is is worth no failure
                    jobs.progress(self.home.database, job.id, done)

        return tell


def _import(desk: Jobs, job: Job, tell: Progress) -> str:
    """Look the files of an upload through and bring them in, if nothing has to be asked."""
    wait_for_import(desk.home)
    seqs = uploads.run(desk.home, int(job.detail["upload"]), at=desk.clock(), progress=tell)
    for seq in seqs:
        record(desk.home, job.account_id, "import", f"import {seq}", desk.clock(), detail={"upload": job.detail["upload"]})
    return ", ".join(map(str, seqs))


def _retry(desk: Jobs, job: Job, tell: Progress) -> str:
    """Import rows of the quarantine again."""
    wait_for_import(desk.home)
    reach = uploads.reach_of(desk.home, job.account_id)
    seq, table = job.detail.get("seq"), str(job.detail.get("table") or "")
    reports = quarantine.retry(desk.home, desk.clock(), seq=seq, table=table, reach=reach, progress=tell)
    seqs = [report.seq for report in reports if report.seq]
    for made in seqs:
        record(desk.home, job.account_id, "retry", f"import {made}", desk.clock())
    return ", ".join(map(str, seqs))


def _close(desk: Jobs, job: Job, tell: Progress) -> str:
    """Close a day."""
    date = dt.date.fromisoformat(str(job.detail["date"]))
    tell("", 0.05)
    feed(desk.home, desk.clock())
    done, _ = close_day(desk.home, desk.packs, Asked(date), at=desk.clock())
    record(desk.home, job.account_id, "close", f"close {date}", desk.clock(), detail={"figures": done.figures})
    return str(done.figures)


KINDS: Mapping[str, Callable[[Jobs, Job, Progress], str]] = {"import": _import, "retry": _retry, "close": _close}
