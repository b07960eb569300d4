"""`close`, `metrics`, `morning`: compute the figures, print them, and look at them over a coffee."""

import datetime as dt
from collections.abc import Iterator

import click

from tianping.app import Settings
from tianping.cli.morning import print_morning
from tianping.cli.options import DAY, KnownAt, home_of, now
from tianping.cli.show import format_option, show
from tianping.errors import NotFound, did_you_mean
from tianping.metrics.figure import BY, Figure
from tianping.policy.load import packs
from tianping.store.closes import Close
from tianping.work import judge
from tianping.work.closing import close as closing
from tianping.work.closing.benchmark import beside, rounded
from tianping.work.desk import feeding
from tianping.work.home import Home

_BENCHMARK = (
    "benchmark_numerator",
    "benchmark_denominator",
    "benchmark",
    "others",
    "ratio",
    "all_shops",
    "imported",
    "imported_date",
)
lang_option = click.option(
    "--lang", type=click.Choice(["zh", "en"]), default="zh", envvar="TIANPING_LANG", show_default=True, help="words"
)


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
        asked = closing.Asked(day, known_at, days, in_a_row=last - start >= ROW)
        done, judgement = judge.close_day(home, rules, asked, at=now())
        found = judgement.counts
        said = f"{done.figures} figures, {found['found']} violations found, {found['warnings']} warnings"
        click.echo(f"{day}: {said}, from import {done.seq}, packs {', '.join(done.packs) or 'none'}", err=True)
    for line in closing.unweighed(home, rules, known_at):
        click.echo(line, err=True)


def _take_up(home: Home) -> None:
    """What has happened at the desk since the last close."""
    fed = feeding.feed(home, now())
    if fed.seq is not None:
        taken = ", ".join(f"{count} {table}" for table, count in fed.rows.items())
        click.echo(f"import {fed.seq}: {taken} taken up from the desk", err=True)
    if fed.differences:
        said = f"{len(fed.differences)} values of cases that the desk runs were imported otherwise; the desk's stand"
        click.echo(f"{said} (see `tianping imports show {fed.seq}`)", err=True)


@click.command()
@click.option("--date", type=DAY, required=True, help="T of the close")
@click.option("--platform")
@click.option("--metric")
@click.option("--variant", help='the plain form is ""')
@click.option("--by", type=click.Choice(BY))
@click.option("--subject")
@click.option("--days", type=int)
@click.option("--known-at", "seq", type=int, help="the close that knew just this import; else the best informed")
@click.option("--benchmark", is_flag=True, help="add the benchmark (with and without the subject) and the ratio to it")
@format_option
@click.pass_obj
def metrics(
    settings: Settings, date: dt.datetime, platform: str | None, metric: str | None, variant: str | None, by: str | None,
    subject: str | None, days: int | None, seq: int | None, benchmark: bool, form: str,  # noqa: FBT001
) -> None:  # fmt: skip
    """The figures of a close."""
    home = home_of(settings)
    done = closing.find(home, date.date(), known_at=seq)
    _refuse_unknown(metric)
    wanted = closing.Filter(platform, metric, variant, by, subject, days)
    if benchmark:
        show([*Figure._fields, *_BENCHMARK], _with_benchmark(home, done, wanted), form)
    else:
        show(Figure._fields, ([row[name] for name in Figure._fields] for row in closing.read(home, done, wanted)), form)


def _refuse_unknown(metric: str | None) -> None:
    known = sorted({name for pack in packs().values() for name, _ in pack.metrics})
    if metric is not None and metric not in known:
        raise NotFound(f'no pack has a metric "{metric}": {did_you_mean(metric, known)}')


def _with_benchmark(home: Home, done: Close, wanted: closing.Filter) -> Iterator[list[object]]:
    counts = frozenset(key for pack in packs().values() for key, metric in pack.metrics.items() if metric.is_count)
    for each in beside(home, done, wanted, counts=counts):
        whole = each.whole if each.market and each.whole else (None, None)
        rates = (each.benchmark, each.others, each.ratio, each.all_shops, each.imported.rate if each.imported else None)
        shown = [None if rate is None else rounded(rate) for rate in rates]
        date = each.imported.date if each.imported else None
        yield [*(each.figure[name] for name in Figure._fields), *whole, *shown, date]


@click.command()
@click.option("--date", type=DAY, required=True, help="T of the close")
@click.option("--shop", "shops", multiple=True, help="which shops; else the first few")
@click.option("--days", type=int, default=30, show_default=True)
@lang_option
@click.pass_obj
def morning(settings: Settings, date: dt.datetime, shops: tuple[str, ...], days: int, lang: str) -> None:
    """Where each shop stands: value, fraction, benchmark, ratio, status."""
    home = home_of(settings)
    print_morning(home, closing.find(home, date.date()), packs(), shops, days, lang)


COMMANDS: list[click.Command] = [close, metrics, morning]
