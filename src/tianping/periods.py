"""Days, windows and zones. Instants are naive datetimes in UTC; days are whole days of a shop's zone."""

import datetime as dt
from dataclasses import dataclass
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

HOME_ZONE = "Asia/Shanghai"
_WEEK = dt.timedelta(days=7)
"""No zone has changed its clock twice within one since 2000 (tried on all; those that do it most are tested)."""


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Whole days, both ends counted."""

    first: dt.date
    last: dt.date


@dataclass(frozen=True, slots=True)
class Window:
    """`days` whole days, the last of which is T - `lag` (spec README, Terms)."""

    days: int
    lag: int

    def at(self, date: dt.date) -> Period:
        last = date - dt.timedelta(days=self.lag)
        return Period(last - dt.timedelta(days=self.days - 1), last)


def is_zone(name: str) -> bool:
    """Whether the zone database knows `name`."""
    return name in _zones()


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def day_start(day: dt.date, zone: str = HOME_ZONE) -> dt.datetime:
    """The instant (naive UTC) at which `day` begins in `zone`."""
    return to_instant(dt.datetime.combine(day, dt.time()), zone)


def to_instant(wall: dt.datetime, zone: str = HOME_ZONE) -> dt.datetime:
    """A wall time of `zone`, or a time with its own offset, as a naive UTC instant, floored to the second.

    A wall time that a clock change skips moves forward; one that comes twice is the first.
    """
    aware = wall if wall.tzinfo else wall.replace(tzinfo=ZoneInfo(zone))
    return aware.astimezone(dt.UTC).replace(tzinfo=None, microsecond=0)


def to_wall(instant: dt.datetime, zone: str = HOME_ZONE) -> dt.datetime:
    """A naive UTC instant as the wall time of `zone`."""
    return instant.replace(tzinfo=dt.UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)


@cache
def offsets(zone: str, first_year: int = 2000, last_year: int = 2050) -> tuple[tuple[dt.datetime, int], ...]:
    """The zone's offsets from UTC: (from this instant on, seconds), oldest first.

    Engines turn this into plain arithmetic, which means the same everywhere and costs a hundredth of a zone look-up per row.
    """
    info = ZoneInfo(zone)

    def offset(at: dt.datetime) -> int:
        delta = at.replace(tzinfo=dt.UTC).astimezone(info).utcoffset()
        assert delta is not None
        return int(delta.total_seconds())

    at, end = dt.datetime(first_year, 1, 1), dt.datetime(last_year, 1, 1)
    found = [(at, offset(at))]
    while at < end:
        after = at + _WEEK
        if offset(after) != found[-1][1]:
            low, high = at, after
            while high - low > dt.timedelta(seconds=1):
                middle = low + (high - low) // 2
                middle = middle.replace(microsecond=0)
                low, high = (middle, high) if offset(middle) == found[-1][1] else (low, middle)
            found.append((high, offset(high)))
        at = after
    return tuple(found)
