"""`tianping`: one executable, a command a verb.

Exit status 0: done; 1: refused or failed, with one sentence on stderr; 2: wrong usage.
"""

import atexit
import gc
import os
import sys
import threading
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import islice
from pathlib import Path

import click

from tianping import __version__
from tianping.app import settings
from tianping.errors import TianpingError

MODULES = {
    "market": ("demo", "simulate"),
    "facts": ("import", "imports", "quarantine", "data"),
    "mapping": ("mapping",),
    "care": ("doctor", "compact", "backup", "restore", "erase", "scope"),
    "closing": ("close",),
    "figures": ("metrics", "morning"),
    "judgement": ("scores", "rights", "levels", "warnings", "worklists", "violations", "penalties"),
    "deciding": ("decide",),
    "explain": ("explain",),
    "policy": ("policy",),
    "accounts": ("accounts",),
    "serve": ("serve",),
    "work": ("work",),
    "case": ("case", "webhooks"),
    "rules": ("rules",),
}
"""The commands and where they are; a module is loaded when one of its commands is asked for (all of them take 0.8 s)."""


class Commands(click.Group):
    """Takes `--home DIR` before or after the command's name, as people write it. `loaded` is called when the modules of the
    command are."""

    loaded: Callable[[], None] = staticmethod(lambda: None)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(command for commands in MODULES.values() for command in commands)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = next((module for module, commands in MODULES.items() if cmd_name in commands), None)
        if module is None:
            return None
        commands = _commands(module)
        self.loaded()
        return next(command for command in commands if command.name == cmd_name)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        homes: list[str] = []
        rest = iter(args[: args.index("--")] if "--" in args else args)
        others = [arg for arg in rest if not _take_home(arg, rest, homes)]
        return super().parse_args(ctx, [*homes, *others, *(args[args.index("--") :] if "--" in args else [])])


def _commands(module: str) -> list[click.Command]:
    """Modules stay: looking for garbage among them while they load would take a tenth of the time."""
    gc.disable()
    try:
        commands: list[click.Command] = import_module(f"tianping.cli.{module}").COMMANDS
    finally:
        gc.enable()
    return commands


def _take_home(arg: str, rest: Iterator[str], homes: list[str]) -> bool:
    if arg == "--home":
        homes += [arg, *islice(rest, 1)]
    elif arg.startswith("--home="):
        homes.append(arg)
    return arg.partition("=")[0] == "--home"


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.option(
    "--home", type=click.Path(file_okay=False, path_type=Path), help="where everything is kept [default: ./tianping-data]"
)
@click.version_option(__version__, prog_name="tianping")
@click.pass_context
def cli(context: click.Context, home: Path | None) -> None:
    """天平: the after-sales figures of Chinese shopping platforms, computed exactly, each shown down to its rows."""
    context.obj = settings(str(home) if home else None)


def _outside() -> tuple[type[Exception], ...]:
    """What can fail without anybody's mistake. DuckDB and SQLAlchemy are not loaded for a command that never fails by them."""
    found: tuple[type[Exception], ...] = import_module("tianping.work.home").OUTSIDE
    return found


def main() -> None:
    """The entry point: a process of its own."""
    cli.loaded = gc.freeze
    try:
        run()
        _leave()
    finally:
        gc.unfreeze()  # else DuckDB says on stderr that nobody took it apart


def _leave() -> None:
    """End the process, done with all it was asked for, without taking every module apart: a fifth of a short command's second.
    What the command has left is let go (connections, and with them SQLite's log and DuckDB's scratch files), and what waits for
    the end is done. Not where other threads are at work, nor where what was said finds nobody: then it ends as usual."""
    gc.collect()  # without the modules: 4 ms
    if threading.active_count() > 1:
        return
    try:
        atexit._run_exitfuncs()
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
    except (OSError, ValueError):
        return
    os._exit(0)


def run() -> None:
    """Do what the command line asks for. Raises SystemExit where that fails, or is not understood."""
    try:
        cli.main(standalone_mode=False)
    except click.UsageError as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        sys.exit("stopped; nothing half-done was kept")
    except click.ClickException as error:
        error.show()
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()  # whoever read us has gone; that is no fault
    except (TianpingError, OSError) as error:
        click.echo(f"tianping: {error}", err=True)
        sys.exit(1)
    except _outside() as error:
        what = str(error).splitlines()[0]
        click.echo(f"tianping: the machine refused (disk, memory or a lock), and nothing was kept: {what}", err=True)
        sys.exit(1)
    except Exception as error:  # the last resort: a fault of ours is one sentence too
        if str(error) == "Query interrupted":  # Ctrl-C, as DuckDB says it
            sys.exit("stopped; nothing half-done was kept")
        if os.environ.get("TIANPING_DEBUG"):
            raise
        what = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        click.echo(f"tianping: a fault of the program ({what}); run again with TIANPING_DEBUG=1 and report it", err=True)
        sys.exit(1)
