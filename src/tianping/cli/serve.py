"""`serve`: the console and the API, until somebody stops it."""

import ipaddress
import logging
import socket
from contextlib import suppress

import click
import uvicorn

from tianping.app import Settings
from tianping.cli.options import home_of, now
from tianping.errors import TianpingError
from tianping.policy.load import packs
from tianping.web.build import build
from tianping.web.console import Console, secret_of
from tianping.web.jobs import Jobs
from tianping.web.warm import Warmer
from tianping.work.home import Home, locked
from tianping.work.people.accounts import ensure_administrator


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="the address to listen on")
@click.option("--port", type=click.IntRange(0, 65535), default=8650, show_default=True)
@click.option("--behind", default="", help="the address of the proxy in front, which is believed who asks and how (TLS)")
@click.pass_obj
def serve(settings: Settings, host: str, port: int, behind: str) -> None:
    """The console in a browser, and the API under /api/v1. Ctrl-C stops it."""
    home = home_of(settings, create=True)
    with locked(home.path / "serve.lock", wait=False) as alone:
        if not alone:
            raise TianpingError(f"{home.path} is being served already; stop that one, or give another --home")
        _serve(home, host, port, behind)


def _serve(home: Home, host: str, port: int, behind: str) -> None:
    rules = packs()
    password = ensure_administrator(home, now())
    if password:
        click.echo(f"first start: sign in as admin with the password {password} (shown this once), then change it", err=True)
    local = is_loopback(host)
    if not local:
        click.echo(
            f"listening beyond this machine ({host}): put TLS in front (--behind); the demo's accounts cannot sign in", err=True
        )
    jobs = Jobs(home, rules, now)
    console = Console(home, rules, now, secret_of(home), local, jobs)
    warmer = Warmer(console)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    try:
        config = uvicorn.Config(
            build(console),
            host=host,
            port=port,
            log_level="warning",
            server_header=False,
            proxy_headers=bool(behind),
            forwarded_allow_ips=behind or None,
        )
        with suppress(KeyboardInterrupt):
            _Server(config).run()
    finally:
        warmer.stop()
        jobs.stop()


class _Server(uvicorn.Server):
    """Says its address once it listens and an interrupt ends it cleanly, not before."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            click.echo(f"http://{self.config.host}:{self.config.port}", err=True)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


COMMANDS: list[click.Command] = [serve]
