"""What commands are told in words of their own: days, moments, what was known when; and the home they work on."""

import datetime as dt
import re
from typing import Any

import click

from tianping.app import Settings
from tianping.periods import HOME_ZONE, Period, to_instant
from tianping.work.home import Home, open_home

DAY = click.DateTime(["%Y-%m-%d"])
lang_option = click.option(
    "--lang", type=click.Choice(["zh", "en"]), default="zh", envvar="TIANPING_LANG", show_default=True, help="words"
)


class Days(click.ParamType[Any]):
    """`2024-03-01..2024-03-31`, both days counted."""

    name = "A..B"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Period:
        if isinstance(value, Period):
            return value
        try:
            first, last = (dt.date.fromisoformat(day) for day in str(value).split(".."))
        except ValueError:
            self.fail(f"{value} is not a period; write 2024-03-01..2024-03-31", param, ctx)
        if last < first:
            self.fail(f"{value} ends before it begins", param, ctx)
        return Period(first, last)


class Moment(click.ParamType[Any]):
    """An ISO time; without an offset it is wall time of the home's zone. Converts to naive UTC."""

    name = "TIME"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> dt.datetime:
        if isinstance(value, dt.datetime):
            return value
        try:
            return to_instant(dt.datetime.fromisoformat(str(value)), HOME_ZONE)
        except ValueError:
            self.fail(f"{value} is not a time; write 2024-03-31T08:00:00 or 2024-03-31T08:00:00+08:00", param, ctx)


class KnownAt(click.ParamType[Any]):
    """The number of an import, or a time: what was known then."""

    name = "TIME or SEQ"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int | dt.datetime:
        if isinstance(value, int | dt.datetime):
            return value
        return int(str(value)) if re.fullmatch(r"\d+", str(value)) else Moment().convert(value, param, ctx)


def home_of(settings: Settings, *, create: bool = False) -> Home:
    """The home that this command works on."""
    return open_home(settings.home, create=create, url=settings.database, memory=settings.memory)


def now() -> dt.datetime:
    """The one place where commands look at the clock."""
    return to_instant(dt.datetime.now(dt.UTC))
