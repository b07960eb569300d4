"""Zones as plain arithmetic."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from tianping.periods import HOME_ZONE, offsets

WILD = (
    "Africa/Cairo",
    "Africa/Casablanca",
    "America/Caracas",
    "Antarctica/Casey",
    "Asia/Gaza",
    "Asia/Pyongyang",
    "Europe/London",
)
"""Those that changed their clocks most often, or soonest after another change."""


@pytest.mark.parametrize("zone", [HOME_ZONE, *WILD])
def test_offsets_are_those_of_every_noon(zone: str) -> None:
    """No change is passed over, though they are looked for a week at a time."""
    steps = iter([*offsets(zone), (dt.datetime.max, 0)])
    (_, seconds), (until, after) = next(steps), next(steps)
    for day in range((dt.date(2050, 1, 1) - dt.date(2000, 1, 2)).days):
        noon = dt.datetime(2000, 1, 2, 12) + dt.timedelta(days=day)
        while noon >= until:
            seconds, (until, after) = after, next(steps)
        assert noon.replace(tzinfo=dt.UTC).astimezone(ZoneInfo(zone)).utcoffset() == dt.timedelta(seconds=seconds), noon
