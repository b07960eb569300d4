"""What every request of one console process shares."""

import datetime as dt
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, cast

from fastapi import Depends, Request
from fastapi import Path as Segment

from tianping.errors import NotFound
from tianping.policy.model import Pack
from tianping.store import closes, settings
from tianping.store.closes import Close
from tianping.web.jobs import Jobs
from tianping.work import close as closing
from tianping.work.home import Home


class NothingClosed(NotFound):
    """There is no close to look at yet."""


MOST_ID = 2**31 - 1
Id = Annotated[int, Segment(ge=1, le=MOST_ID)]
"""A number of the database, as a part of an address."""
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

    def close_of(self, date: dt.date | None) -> Close:
        """The best informed close as of `date`, else the newest. Raises NothingClosed, NotFound."""
        wanted = date or next(iter(self.dates()), None)
        if wanted is None:
            raise NothingClosed("nothing is closed yet; bring data in, then close a day")
        return closing.find(self.home, wanted)

    def dates(self) -> list[dt.date]:
        """The days closed, newest first."""
        return sorted({each.date for each in closes.every(self.home.database)}, reverse=True)

    @property
    def uploads(self) -> Path:
        """Where uploaded files wait."""
        return self.home.path / "uploads"


def secret_of(home: Home) -> str:
    """What the home's cookies are signed with; made at the first start."""
    if not settings.get(home.database, "cookie_secret", ""):
        settings.put(home.database, "cookie_secret", secrets.token_hex(32))
    return settings.get(home.database, "cookie_secret", "")


def _console(request: Request) -> Console:
    return cast(Console, request.app.state.console)


Desk = Annotated[Console, Depends(_console)]
