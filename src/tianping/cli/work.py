"""`work`: the worker, until somebody stops it."""

import datetime as dt
import gc
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import click

from tianping.app import Settings
from tianping.cli.options import home_of, now
from tianping.policy.load import packs
from tianping.work.desk.money.sandbox import Sandbox
from tianping.work.desk.serving import desk_of
from tianping.work.desk.worker import Worker
from tianping.work.home import Home

CLOSE_AT = "04:30"
NEVER = "never"
BOOKS = "sandbox.db"
"""The books of the sandbox gateway, in the home."""


def _wall(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    if value not in (None, NEVER):
        try:
            dt.time.fromisoformat(value)
        except ValueError:
            raise click.BadParameter(f"{value} is not a time of the day; write 04:30, or {NEVER}") from None
    return value


@click.command()
@click.option("--once", is_flag=True, help="do what is due and stop")
@click.option("--every", type=click.FloatRange(0.1, 3600), default=2.0, show_default=True, help="seconds between two looks")
@click.option(
    "--close-at",
    metavar="HH:MM",
    callback=_wall,
    help="wall time of the nightly close, or never; else 04:30, with --once never",
)
@click.pass_obj
def work(settings: Settings, once: bool, every: float, close_at: str | None) -> None:  # noqa: FBT001
    """Deadlines, payments, webhooks, the nightly close. Several may run at once; Ctrl-C ends one after its transaction."""
    home = home_of(settings, create=True)
    at = close_at or (NEVER if once else CLOSE_AT)
    worker = _worker(home, None if at == NEVER else dt.time.fromisoformat(at))
    with _settled():
        if once:
            click.echo(str(worker.drain()) or "nothing was due", err=True)
        else:
            _until_stopped(worker, every)


def _until_stopped(worker: Worker, every: float) -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    click.echo("working; payments go to the sandbox gateway, which moves no money", err=True)
    while not stop.is_set():
        done = worker.round()
        if done.idle:
            stop.wait(every)
        else:
            click.echo(f"{now():%Y-%m-%d %H:%M:%S}Z {done}", err=True)


@contextmanager
def _settled() -> Iterator[None]:
    """The packs stay: to look for garbage among them again and again would cost the clock a tenth of its time."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _worker(home: Home, close_at: dt.time | None) -> Worker:
    def tell(said: str) -> None:
        click.echo(said, err=True)

    return Worker(home, desk_of(home), packs(), Sandbox(home.path / BOOKS), now, tell, close_at)


COMMANDS: list[click.Command] = [work]
