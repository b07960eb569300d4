"""`metrics`, `morning`: print the figures of a close, and look at them over a coffee."""

import datetime as dt
from collections.abc import Iterator

import click

from tianping.app import Settings
from tianping.cli.morning import print_morning
from tianping.cli.options import DAY, home_of, lang_option
from tianping.cli.show import format_option, show
from tianping.errors import NotFound, did_you_mean
from tianping.metrics.figure import BY, Figure
from tianping.policy.load import packs
from tianping.store.closes import Close
from tianping.work.closing import closed
from tianping.work.closing.benchmark import beside, rounded
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
    done = closed.find(home, date.date(), known_at=seq)
    _refuse_unknown(metric)
    wanted = closed.Filter(platform, metric, variant, by, subject, days)
    if benchmark:
        show([*Figure._fields, *_BENCHMARK], _with_benchmark(home, done, wanted), form)
    else:
        show(Figure._fields, ([row[name] for name in Figure._fields] for row in closed.read(home, done, wanted)), form)


def _refuse_unknown(metric: str | None) -> None:
    if metric is None:
        return
    known = sorted({name for pack in packs().values() for name, _ in pack.metrics})
    if metric not in known:
        raise NotFound(f'no pack has a metric "{metric}": {did_you_mean(metric, known)}')


def _with_benchmark(home: Home, done: Close, wanted: closed.Filter) -> Iterator[list[object]]:
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
    print_morning(home, closed.find(home, date.date()), packs(), shops, days, lang)


COMMANDS: list[click.Command] = [metrics, morning]
