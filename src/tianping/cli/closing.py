"""`close`: compute the figures of a day, or of many in a row, and judge by them."""

import datetime as dt

import click

from tianping.app import Settings
from tianping.cli.options import DAY, KnownAt, home_of, now
from tianping.policy.load import packs
from tianping.work.closing.close import Asked, unweighed
from tianping.work.desk.feeding import feed
from tianping.work.home import Home
from tianping.work.judge import close_day

ROW = dt.timedelta(days=7)
"""From so many days in a row on they are worth keeping what one leaves to the next."""


@click.command()
@click.option("--date", type=DAY, required=True, help="T: the figures know all that happened before 00:00 of this day")
@click.option("--from", "first", type=DAY, help="close every day from this one to --date")
@click.option("--known-at", type=KnownAt(), help="with what was known at this time, or import")
@click.option("--days", type=click.IntRange(1, 3660), multiple=True, help="another number of days besides the usual ones")
@click.pass_obj
def close(
    settings: Settings, date: dt.datetime, first: dt.datetime | None, known_at: int | dt.datetime | None, days: tuple[int, ...]
) -> None:
    """Compute every official figure as of a day, and judge by them. Run again, it gives the same."""
    home, rules, last = home_of(settings), packs(), date.date()
    start = first.date() if first else last
    if start > last:
        raise click.UsageError(f"--from {start} is after --date {last}")
    if known_at is None:
        _take_up(home)
    for number in range((last - start).days + 1):
        day = start + dt.timedelta(days=number)
        asked = Asked(day, known_at, days, in_a_row=last - start >= ROW)
        done, judgement = close_day(home, rules, asked, at=now())
        found = judgement.counts
        said = f"{done.figures} figures, {found['found']} violations found, {found['warnings']} warnings"
        click.echo(f"{day}: {said}, from import {done.seq}, packs {', '.join(done.packs) or 'none'}", err=True)
    for line in unweighed(home, rules, known_at):
        click.echo(line, err=True)


def _take_up(home: Home) -> None:
    """What has happened at the desk since the last close."""
    fed = feed(home, now())
    if fed.seq is not None:
        taken = ", ".join(f"{count} {table}" for table, count in fed.rows.items())
        click.echo(f"import {fed.seq}: {taken} taken up from the desk", err=True)
    if fed.differences:
        said = f"{len(fed.differences)} values of cases that the desk runs were imported otherwise; the desk's stand"
        click.echo(f"{said} (see `tianping imports show {fed.seq}`)", err=True)


COMMANDS: list[click.Command] = [close]
