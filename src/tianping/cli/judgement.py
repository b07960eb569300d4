"""`scores`, `rights`, `levels`, `warnings`, `worklists`, `violations`, `penalties`: the results of a judged close."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, get_args

import click

from tianping.app import Settings
from tianping.cli.options import DAY, home_of, now
from tianping.cli.show import format_option, show
from tianping.store import effects, violations
from tianping.store.violations import State
from tianping.work.home import Home
from tianping.work.judgement import judged

_SUBJECT = ("platform", "name", "version", "subject_kind", "subject_id", "shop_id")
COLUMNS: Mapping[str, Sequence[str]] = {
    "scores": (
        "platform", "name", "version", "shop_id", "track", "part", "group", "item", "value", "points", "share", "out_of",
        "grade", "capped", "why", "reading",
    ),
    "rights": (*_SUBJECT, "held", "findings"),
    "levels": (
        "platform", "version", "shop_id", "level", "since", "due", "happened", "why", "good", "removal", "begun", "asof",
        "uses", "looked",
    ),
    "found": (*_SUBJECT, "trigger", "severity", "table", "records", "immediate", "needs_person", "evidence"),
    "warnings": (*_SUBJECT, "trigger", "near", "more", "clear", "evidence"),
    "worklists": (*_SUBJECT, "trigger", "rank", "reading"),
}  # fmt: skip
LONG = frozenset({"points", "share", "reading", "findings", "looked", "uses", "evidence", "good", "removal", "begun", "asof"})
"""Columns that a table for people leaves out."""
_SUBJECT_OPTIONS = (
    click.option("--date", type=DAY, required=True, help="T of the close"),
    click.option("--platform"),
    click.option("--shop"),
    click.option("--name", help="which score, right or violation"),
)


def _with(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def wrapped(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return wrapped


def _print(settings: Settings, table: str, date: dt.datetime, form: str, **given: object) -> None:
    home = home_of(settings)
    done = judged.find(home, date.date())
    wanted = {name: [value] for name, value in given.items() if value is not None}
    rows = judged.read(home, done, table, wanted)
    columns = [name for name in COLUMNS[table] if form != "table" or name not in LONG]
    show(columns, ([row[name] for name in columns] for row in rows), form)


@click.command()
@_with(*_SUBJECT_OPTIONS)
@click.option("--items", is_flag=True, help="groups and items too, not only the totals")
@click.option("--track", type=click.Choice(["measured", "adjusted"]), help="adjusted: exemptions and won appeals taken out")
@format_option
@click.pass_obj
def scores(
    settings: Settings, date: dt.datetime, platform: str | None, shop: str | None, name: str | None, items: bool,  # noqa: FBT001
    track: str | None, form: str,
) -> None:  # fmt: skip
    """The shops' scores; of a shop without an adjusted line both tracks are the same."""
    part = None if items else "total"
    _print(settings, "scores", date, form, platform=platform, shop_id=shop, name=name, part=part, track=track)


@click.command()
@_with(*_SUBJECT_OPTIONS)
@click.option("--withdrawn", is_flag=True, help="only those that are withdrawn")
@format_option
@click.pass_obj
def rights(
    settings: Settings, date: dt.datetime, platform: str | None, shop: str | None, name: str | None, withdrawn: bool,  # noqa: FBT001
    form: str,
) -> None:  # fmt: skip
    """What shops may do by their figures; of products those from which it is withdrawn."""
    held = False if withdrawn else None
    _print(settings, "rights", date, form, platform=platform, shop_id=shop, name=name, held=held)


@click.command()
@_with(*_SUBJECT_OPTIONS[:3])
@format_option
@click.pass_obj
def levels(settings: Settings, date: dt.datetime, platform: str | None, shop: str | None, form: str) -> None:
    """The merchant levels after a close, and what happened that day."""
    _print(settings, "levels", date, form, platform=platform, shop_id=shop)


@click.command()
@_with(*_SUBJECT_OPTIONS)
@format_option
@click.pass_obj
def warnings(
    settings: Settings, date: dt.datetime, platform: str | None, shop: str | None, name: str | None, form: str
) -> None:
    """Who is near a line, and how many more failing rows it takes."""
    _print(settings, "warnings", date, form, platform=platform, shop_id=shop, name=name)


@click.command()
@_with(*_SUBJECT_OPTIONS)
@format_option
@click.pass_obj
def worklists(
    settings: Settings, date: dt.datetime, platform: str | None, shop: str | None, name: str | None, form: str
) -> None:
    """What a person should look at first."""
    _print(settings, "worklists", date, form, platform=platform, shop_id=shop, name=name)


_VIOLATION = (
    "id", "date", "platform", "violation", "trigger", "subject_kind", "subject_id", "shop_id", "severity", "state", "records",
    "immediate", "seq",
)  # fmt: skip


@click.command("violations")
@click.option("--date", type=DAY, help="T of the close that found them; else all days")
@click.option("--platform")
@click.option("--shop")
@click.option("--state", type=click.Choice(get_args(State)))
@click.option("--found", is_flag=True, help="what the figures of --date show, before cool-downs and repeats")
@format_option
@click.pass_obj
def list_violations(
    settings: Settings, date: dt.datetime | None, platform: str | None, shop: str | None, state: str | None, found: bool,  # noqa: FBT001
    form: str,
) -> None:  # fmt: skip
    """Violations and where they stand: proposed, in force, appealed …"""
    if found:
        if date is None:
            raise click.UsageError("--found needs --date: what which close found?")
        _print(settings, "found", date, form, platform=platform, shop_id=shop)
        return
    rows = (
        [{**_row(each), "severity": each.severity, "state": each.state}[name] for name in _VIOLATION]
        for each in _violations(home_of(settings), shop)
        if (platform or each.row.platform) == each.row.platform
        and (state or each.state) == each.state
        and (date.date() if date else each.row.date) == each.row.date
    )
    show(_VIOLATION, rows, form)


def _row(each: violations.Present) -> Mapping[str, object]:
    return {name: getattr(each.row, name) for name in _VIOLATION if name != "state"}


def _violations(home: Home, shop: str | None) -> Sequence[violations.Present]:
    with home.database.connect() as connection:
        if shop is not None:
            return violations.of_shop(connection, shop)
        return violations.in_state(connection, get_args(State))


_EFFECT = (
    "violation_id",
    "violation",
    "shop_id",
    "subject_id",
    "state",
    "severity",
    "effect",
    "amount",
    "begins_at",
    "ends_at",
    "stands",
)


@click.command()
@click.option("--shop")
@click.option("--all", "every", is_flag=True, help="also what has ended or was taken back")
@format_option
@click.pass_obj
def penalties(settings: Settings, shop: str | None, every: bool, form: str) -> None:  # noqa: FBT001
    """What penalties do to shops, from when to when."""
    home, at = home_of(settings), now()
    show(_EFFECT, _effects(home, shop, None if every else at), form)


def _effects(home: Home, shop: str | None, at: dt.datetime | None) -> Iterator[Sequence[object]]:
    found = _violations(home, shop)
    with home.database.connect() as connection:
        for each in found:
            of = effects.of_violation(connection, each.row.id)
            reversed_ = {one.reverses for one in of if one.reverses}
            for one in of:
                stands = one.id not in reversed_ and (one.ends_at is None or at is None or one.ends_at > at)
                if one.reverses is None and (at is None or stands):
                    yield [
                        each.row.id, each.row.violation, one.shop_id, one.subject_id, each.state, each.severity, one.name,
                        one.amount, one.begins_at, one.ends_at, one.id not in reversed_,
                    ]  # fmt: skip


COMMANDS: list[click.Command] = [scores, rights, levels, warnings, worklists, list_violations, penalties]
