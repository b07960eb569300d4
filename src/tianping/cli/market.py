"""`demo`, `simulate`: something to look at, and markets to try things on."""

import datetime as dt
import sys
from pathlib import Path

import click

from tianping.app import Settings
from tianping.cli.morning import print_morning
from tianping.cli.options import home_of, lang_option, now
from tianping.policy.load import packs
from tianping.simulate import market
from tianping.simulate.sink import Form
from tianping.work.market import bring_demo
from tianping.work.people.accounts import DEMO_PASSWORD, ROLES


@click.command()
@lang_option
@click.pass_obj
def demo(settings: Settings, lang: str) -> None:
    """A made-up market into the home, closed up to its last day, with accounts to look at it; then its morning table."""
    home, rules = home_of(settings, create=True), packs()
    done = bring_demo(home, rules, at=now())
    print_morning(home, done, rules, (), 30, lang)
    click.echo(f"\n{sys.argv[0]} --home {settings.home} metrics --date {done.date} --by shop --days 30", err=True)
    click.echo(
        f"{sys.argv[0]} --home {settings.home} explain metric quality_refund_rate --subject S001 --date {done.date}",
        err=True,
    )
    click.echo(f"{sys.argv[0]} --home {settings.home} serve", err=True)
    click.echo(f"the console's accounts: {', '.join(ROLES)}; password {DEMO_PASSWORD}", err=True)


@click.command()
@click.option("--shops", type=click.IntRange(1), required=True)
@click.option("--orders", type=click.IntRange(1), required=True)
@click.option("--days", type=click.IntRange(1), required=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--first-day", type=click.DateTime(["%Y-%m-%d"]), default="2024-03-01", show_default=True)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="a new or empty folder")
@click.option("--form", type=click.Choice(["parquet", "csv"]), default="parquet", show_default=True)
def simulate(shops: int, orders: int, days: int, seed: int, first_day: dt.datetime, out: Path, form: Form) -> None:
    """A made-up market as fact files with known causes, which _truth.json states. Same seed, same bytes."""
    with click.progressbar(length=orders, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        truth = market.write(
            out, seed=seed, shops=shops, orders=orders, days=days, first_day=first_day.date(), form=form, told=bar.update
        )
    for table, rows in truth.rows.items():
        click.echo(f"{table}: {rows}", err=True)


COMMANDS: list[click.Command] = [demo, simulate]
