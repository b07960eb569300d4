"""The worker's rounds: what is due at the desk, payments and webhooks that wait to go out, once a night the close."""

import datetime as dt
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from tianping.errors import TianpingError
from tianping.periods import to_wall
from tianping.policy.model import Pack
from tianping.store import closes
from tianping.store.violations import decided_since
from tianping.work.closing.close import Asked
from tianping.work.desk import automation, clock, duties, evidence, idempotency
from tianping.work.desk.clock import Ticked
from tianping.work.desk.feeding import feed
from tianping.work.desk.letters import webhooks
from tianping.work.desk.money import sending
from tianping.work.desk.money.gateway import Gateway
from tianping.work.desk.sitting import Desk
from tianping.work.home import Home, require_own
from tianping.work.judge import close_day

AGAIN = dt.timedelta(hours=1)
"""After a nightly close that failed; and how far back a worker that has just begun looks for measures."""
LOOK = dt.timedelta(minutes=1)
"""Between two looks for measures decided."""
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Round:
    """What one round did."""

    ticked: Ticked = field(default_factory=Ticked)
    sent: sending.Sent = field(default_factory=sending.Sent)
    delivered: int = 0
    ruled: int = 0
    duties: int = 0

    @property
    def idle(self) -> bool:
        """Whether there was nothing to do."""
        return not (self.ticked.cases or self.sent.all or self.delivered or self.ruled or self.duties)

    def __str__(self) -> str:
        parts = {
            "cases whose time passed": self.ticked.lapsed, "reminded": self.ticked.reminded, "failed": self.ticked.failed,
            "payments made": self.sent.paid, "payments refused": self.sent.refused, "payments unclear": self.sent.unclear,
            "payments stuck": self.sent.stuck, "webhooks delivered": self.delivered,
            "rules acted": self.ruled, "duties begun or ended": self.duties,
        }  # fmt: skip
        return ", ".join(f"{count} {what}" for what, count in parts.items() if count)


def _done(sent: webhooks.Sent) -> Future[webhooks.Sent]:
    future: Future[webhooks.Sent] = Future()
    future.set_result(sent)
    return future


@dataclass(slots=True)
class Worker:
    """`close_at`: wall time of the home's zone from which on the day is closed; None: never."""

    home: Home
    desk: Desk
    packs: Mapping[str, Pack]
    gateway: Gateway
    now: Callable[[], dt.datetime]
    tell: Tell
    close_at: dt.time | None = None
    _close_from: dt.datetime = field(default=dt.datetime.min)
    _looked_at: dt.datetime = field(default=dt.datetime.min)
    _kept_at: dt.datetime = field(default=dt.datetime.min)
    _post: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "tianping post"))
    _delivery: Future[webhooks.Sent] = field(default_factory=lambda: _done(webhooks.Sent()))

    def round(self) -> Round:
        """One batch of everything that is due. Several workers may be at it at once."""
        brought = self._duties()
        ticked = clock.tick(self.desk, self.now())
        sent = sending.send_due(self.desk, self.gateway, self.now)
        delivered = self._delivered()
        ruled = self._sanctioned()
        self._close()
        return Round(ticked, sent, delivered, ruled, brought)

    def drain(self) -> Round:
        """Rounds until nothing is due; all of them together."""
        done = Round()
        while not (one := self._to_the_end()).idle:
            sent = sending.Sent(*(a + b for a, b in zip(done.sent, one.sent, strict=True)))
            done = Round(
                done.ticked + one.ticked, sent, done.delivered + one.delivered, done.ruled + one.ruled, done.duties + one.duties
            )
        return done

    def _to_the_end(self) -> Round:
        """A round, and its letters' answers."""
        one = self.round()
        arrived, self._delivery = self._delivery.result().arrived, _done(webhooks.Sent())
        return replace(one, delivered=one.delivered + arrived)

    def _delivered(self) -> int:
        """Letters that the last pass delivered. The next begins in a thread of its own: who answers slowly keeps no clock."""
        if not self._delivery.done():
            return 0
        arrived = self._delivery.result().arrived
        self._delivery = self._post.submit(webhooks.deliver, self.home.database, self.now())
        return arrived

    def _duties(self) -> int:
        """Duties of measures, before their clocks are looked at. All of them once a day, between what was decided lately."""
        at = self.now()
        if at < self._kept_at + LOOK:
            return 0
        since = at - AGAIN if at.date() == self._kept_at.date() else None
        self._kept_at = at
        kept = duties.keep(self.desk, at, since=since)
        for said in kept.failed:
            self.tell(f"cannot be brought to the desk and is tried again: {said}")
        return kept.turned

    def _sanctioned(self) -> int:
        """Rules act on the open cases of shops whose measures have just begun or fallen, not only at their next change."""
        at = self.now()
        if at < self._looked_at + LOOK:
            return 0
        since = max(self._looked_at, at - AGAIN)
        self._looked_at = at
        with self.home.database.connect() as connection:
            shops = decided_since(connection, since)
        return sum(automation.over_shop(self.desk, shop, at) for shop in shops)

    def _close(self) -> None:
        """The day's close, once, where facts are there."""
        at = self.now()
        wall = to_wall(at, self.home.zone)
        if self.close_at is None or wall.time() < self.close_at or at < self._close_from:
            return
        self._close_from = at + AGAIN
        idempotency.sweep(self.desk, at)
        self._sweep()
        try:
            feed(self.home, at)
            if not self.home.versions() or closes.of_date(self.home.database, wall.date()):
                return
            done, _ = close_day(self.home, self.packs, Asked(wall.date()), at=at)
            self.tell(f"closed {done.date}: {done.figures} figures")
        except TianpingError as error:
            self.tell(f"the close of {wall.date()} failed and is tried again in an hour: {error}")

    def _sweep(self) -> None:
        try:
            require_own(self.home)  # another home's database names none of these files
            evidence.sweep(self.home.database, self.home.path)
        except (TianpingError, OSError) as error:
            self.tell(f"files of evidence that no row names are left, which is tried again in an hour: {error}")
