"""What every request of one console process shares."""

import datetime as dt
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, cast

from fastapi import Depends, Request
from fastapi import Path as Segment

from tianping.errors import NotFound
from tianping.policy.model import Pack
from tianping.store import closes, settings, versions
from tianping.store.closes import Close
from tianping.web.jobs import Jobs
from tianping.work.closing import closed
from tianping.work.home import Home
from tianping.work.intake import gaps
from tianping.work.people.reach import EVERYTHING, Reach


class NothingClosed(NotFound):
    """There is no close to look at yet."""


MOST_ID = 2**31 - 1
Id = Annotated[int, Segment(ge=1, le=MOST_ID)]
"""A number of the database, as a part of an address."""
LATE = dt.timedelta(days=7)
"""Who brings data in a few days late still sees the newest close first, and there what is missing."""
Clock = Callable[[], dt.datetime]
"""Gives naive UTC. The console looks at the time by this alone."""


@dataclass(frozen=True, slots=True)
class Console:
    """`local`: it listens on loopback only, so the demo's accounts, whose password everybody knows, may sign in."""

    home: Home
    packs: Mapping[str, Pack]
    clock: Clock
    secret: str
    local: bool
    jobs: Jobs

    def close_of(self, date: dt.date | None, reach: Reach = EVERYTHING) -> Close:
        """The best informed close as of `date`, else of the day that those of this reach see first. Raises NothingClosed,
        NotFound."""
        return closed.find(self.home, date or self.first_date(reach))

    def first_date(self, reach: Reach) -> dt.date:
        """The newest day closed that is not more than LATE after the data within reach end; the newest one where there is
        none, or no data: somebody may have closed days that these data are far from. Raises NothingClosed."""
        dates, last = self.dates(), self.last_day(reach)
        if not dates:
            raise NothingClosed("nothing is closed yet; bring data in, then close a day")
        return next((date for date in dates if last is None or date - last <= LATE), dates[0])

    def last_day(self, reach: Reach) -> dt.date | None:
        """The last day that any data within reach cover."""
        return _last_day(self.home, versions.newest(self.home.database), reach)

    def dates(self) -> list[dt.date]:
        """The days closed, newest first."""
        return list(closes.dates(self.home.database))

    @property
    def uploads(self) -> Path:
        """Where uploaded files wait."""
        return self.home.path / "uploads"


@lru_cache(maxsize=256)
def _last_day(home: Home, _seq: int, reach: Reach) -> dt.date | None:
    """As of the version `_seq`, the newest: covers are read from the lake, which takes 50 ms."""
    return gaps.last_day(home, reach)


def secret_of(home: Home) -> str:
    """What the home's cookies are signed with; made at the first start."""
    if not settings.get(home.database, "cookie_secret", ""):
        settings.put(home.database, "cookie_secret", secrets.token_hex(32))
    return settings.get(home.database, "cookie_secret", "")


async def _console(request: Request) -> Console:
    return cast(Console, request.app.state.console)


Desk = Annotated[Console, Depends(_console)]
