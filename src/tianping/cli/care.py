"""`doctor`, `compact`, `backup`, `restore`, `erase`, `scope`: keeping a home well."""

from pathlib import Path

import click

from tianping.app import Settings
from tianping.cli.options import home_of, now
from tianping.cli.show import format_option, show
from tianping.errors import TianpingError
from tianping.facts import versions
from tianping.work import backup as backups
from tianping.work import care
from tianping.work.desk import checkup
from tianping.work.erase import erase as erase_buyer
from tianping.work.home import SCOPES, set_scope
from tianping.work.intake.compact import compact_now


@click.command()
@format_option
@click.pass_obj
def doctor(settings: Settings, form: str) -> None:
    """Is the home well? Disk, database, versions, store, files, what waits, quarantine, the last close, the desk. Exit status 1
    where something is broken."""
    home = home_of(settings)
    found = [*care.examine(home), *(care.Finding(*sign) for sign in checkup.signs(home, now()))]
    show(["what", "state", "told"], found, form)
    if broken := [one.what for one in found if one.state == "fault"]:
        raise TianpingError(f"{', '.join(broken)}: broken in {settings.home}; see above")


@click.command()
@click.pass_obj
def compact(settings: Settings) -> None:
    """Merge small files. No answer changes, at any time; imports do it by themselves where files have become many."""
    home = home_of(settings)
    before = len(versions.present(home.versions()))
    seq = compact_now(home, at=now())
    after = len(versions.present(home.versions()))
    click.echo(f"{before} files are now {after}, by {seq}" if seq else f"nothing to merge: {before} files", err=True)


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def backup(settings: Settings, file: Path) -> None:
    """The whole home in one new file, while others may read and close."""
    size = backups.backup(home_of(settings), file)
    click.echo(f"{file}: {size} bytes; `tianping --home NEW restore {file}` makes a home of it", err=True)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def restore(settings: Settings, file: Path) -> None:
    """Make a home of a backup, in a new or empty folder (--home). All of it is checked first."""
    known = backups.restore(file, settings.home).versions()
    click.echo(f"{settings.home}: {versions.newest(known)} versions restored", err=True)


@click.command()
@click.option("--buyer", required=True, help="the buyer's id, as the exports write it")
@click.pass_obj
def erase(settings: Settings, buyer: str) -> None:
    """Forget a buyer: ids become one pseudonym, texts are emptied, in all versions and in quarantine. No figure changes."""
    done = erase_buyer(home_of(settings), buyer, at=now())
    click.echo(f"{done.files} files written anew; the buyer is {done.pseudonym} from here on, by {done.seq}", err=True)
    if not done.gone:
        click.echo("the old files are still being read; the next import takes them away", err=True)
    click.echo("backups and exports made before still name the buyer; see to those yourself", err=True)


@click.command()
@click.argument("scope", required=False, type=click.Choice(SCOPES))
@click.pass_obj
def scope(settings: Settings, scope: str | None) -> None:
    """Say, or ask, whether the home holds its own shops or a market: only a market's averages stand for the platform."""
    home = home_of(settings)
    if scope:
        set_scope(home, scope)
    click.echo(home.scope)


COMMANDS: list[click.Command] = [doctor, compact, backup, restore, erase, scope]
