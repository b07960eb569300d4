"""`import`, `imports`, `quarantine`, `data`: facts in, what came when, what was refused, what is covered."""

import datetime as dt
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from tianping.app import Settings
from tianping.cli.show import fetched, format_option, show
from tianping.facts import versions
from tianping.facts.locked import Passwords
from tianping.facts.versions import Tally, Version
from tianping.periods import HOME_ZONE, Period, to_instant
from tianping.work import holdings, imports, quarantine
from tianping.work.home import Home, open_home

FATES = ("read", "new", "changed", "unchanged", "waiting", "quarantined")


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
    return open_home(settings.home, create=create, url=settings.database)


@click.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--mapping", default="", help="a mapping's name, or its file, for exports with other columns")
@click.option("--table", default="", help="the table of these files, where their names do not say it")
@click.option("--shop", default="", help="the shop of rows without a shop_id")
@click.option("--covers", type=Days(), help="the days these files cover; else those of their rows")
@click.option("--as-of", type=Moment(), help="the moment from which this is known; else now")
@click.option("--password", default="", help="of a locked workbook, where it is not the end of the file's name")
@format_option
@click.pass_obj
def bring(
    settings: Settings,
    paths: tuple[Path, ...],
    mapping: str,
    table: str,
    shop: str,
    covers: Period | None,
    as_of: dt.datetime | None,
    password: str,
    form: str,
) -> None:
    """Bring facts in: files, or folders of them. Bad rows go to quarantine and stop nothing."""
    now = to_instant(dt.datetime.now(dt.UTC))
    if as_of is not None and as_of > now:
        raise click.UsageError(f"--as-of {as_of} UTC has not come yet; what is known is known by now")
    at = as_of or now
    keys = Passwords(password, _ask if sys.stdin.isatty() else None)
    request = imports.Request(paths, at, as_of is not None, table, mapping, shop, covers, passwords=keys)
    with _bar() as progress:
        report = imports.bring(home_of(settings, create=True), request, progress=progress)
    show(["table", *FATES], ([table, *_fates(tally)] for table, tally in report.counts.items()), form)
    for line in _notes(report):
        click.echo(line, err=True)


def _ask(path: Path) -> str:
    return str(click.prompt(f"password of {path.name}", hide_input=True, err=True))


def _fates(tally: Tally) -> list[int]:
    return [getattr(tally, fate) for fate in FATES]


def _by_reason(report: imports.Report) -> dict[tuple[str, str], list[tuple[str, int]]]:
    """(table, reason) → the files with rows left out for it, and how many."""
    found: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for file, table, why, rows in report.left_out:
        found.setdefault((table, why), []).append((file, rows))
    return found


def _notes(report: imports.Report) -> Iterator[str]:
    """What a person should know besides the counts."""
    for file, seq in report.known:
        yield f"{file}: already imported, as {seq}; bad rows of it come again by `tianping quarantine retry`"
    for file, why in report.unused:
        yield f"{file}: not used: {why}"
    for (table, why), left in _by_reason(report).items():
        files = left[0][0] if len(left) == 1 else f"{len(left)} files"
        yield f"{files}: {sum(rows for _, rows in left)} rows give no row of {table}: {why}"
    for column, word, rows in report.told:
        yield f'{column}: {rows} rows say "{word}", which neither the mapping nor its pack translates'
    if bad := sum(tally.quarantined for tally in report.counts.values()):
        yield f"{bad} rows are in quarantine; see `tianping quarantine list`"
    if report.compacted:
        yield f"small files were merged, by {report.compacted}"
    yield f"imported as {report.seq}" if report.seq else "nothing new; the store is as it was"


@contextmanager
def _bar() -> Iterator[imports.Progress]:
    """A bar on stderr, where that is a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda file, done: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("import", total=1.0)
        yield lambda file, done: bar.update(task, description=Path(file).name, completed=done)


@click.group("imports")
def imports_group() -> None:
    """What was imported when; taking an import back."""


@imports_group.command("list")
@format_option
@click.pass_obj
def list_imports(settings: Settings, form: str) -> None:
    """Every import and undo, oldest first."""
    known = home_of(settings).versions()
    undone = versions.undone_by(known)
    columns = ["seq", "at", "kind", "undoes", "undone_by", "files", *FATES]
    show(columns, ([v.seq, v.at, v.kind, v.undoes, undone.get(v.seq), len(v.inputs), *_fates(_total(v))] for v in known), form)


def _total(version: Version) -> Tally:
    return sum(version.counts.values(), Tally())


@imports_group.command("show")
@click.argument("seq", type=int)
@format_option
@click.pass_obj
def show_import(settings: Settings, seq: int, form: str) -> None:
    """One import, table by table."""
    known = home_of(settings).versions()
    version = imports.find(known, seq)
    first, last = version.covers or (None, None)
    head = [
        version.seq,
        version.at,
        version.kind,
        version.undoes,
        versions.undone_by(known).get(seq),
        version.mapping,
        first,
        last,
    ]
    columns = ["seq", "at", "kind", "undoes", "undone_by", "mapping", "first_day", "last_day", "table", "files", *FATES]
    tables: dict[str, Tally] = version.counts or {"": Tally()}
    names = {table: [Path(one.file).name for one in version.inputs if table in one.tables] for table in tables}
    show(columns, ([*head, table, names[table], *_fates(tally)] for table, tally in tables.items()), form)


@imports_group.command("undo")
@click.argument("seq", type=int)
@click.option("--as-of", type=Moment(), help="the moment from which the undo is known; else now")
@click.pass_obj
def undo_import(settings: Settings, seq: int, as_of: dt.datetime | None) -> None:
    """Take an import back. The undo is a new import; what was known before can still be asked for."""
    home = home_of(settings)
    undone = imports.undo(home, seq, at=as_of or to_instant(dt.datetime.now(dt.UTC)), said_at=as_of is not None)
    click.echo(f"import {seq} is undone, by {undone.seq}", err=True)
    for table, keys in holdings.incomplete(home).items():
        click.echo(f"{keys} rows of {table} are now known only in part, and wait for a file that names them in full", err=True)


@click.group("quarantine")
def quarantine_group() -> None:
    """Bad rows: where each stands, and why."""


@quarantine_group.command("list")
@click.option("--import", "seq", type=int, help="only this import's")
@click.option("--table", default="", help="only this table's")
@format_option
@click.pass_obj
def list_quarantine(settings: Settings, seq: int | None, table: str, form: str) -> None:
    """Every fault of every bad row, with its file, line, column, value and reason; json and csv give the row too."""
    with holdings.quarantine(home_of(settings), seq=seq, table=table, whole=form != "table") as found:
        show(*fetched(found), form)


@quarantine_group.command("export")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--import", "seq", type=int, help="only this import's")
@click.option("--table", default="", help="only this table's")
@click.pass_obj
def export_quarantine(settings: Settings, folder: Path, seq: int | None, table: str) -> None:
    """Bad rows as CSV files to mend, each row with its reasons. Mended, they come in by `quarantine retry`."""
    for path, rows in quarantine.export(home_of(settings), folder, seq=seq, table=table):
        click.echo(f"{path}: {rows} rows", err=True)


@quarantine_group.command("retry")
@click.argument("paths", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--import", "seq", type=int, help="only rows of this import")
@click.option("--table", default="", help="only rows of this table")
@click.option("--as-of", type=Moment(), help="the moment from which they are known; else now")
@format_option
@click.pass_obj
def retry_quarantine(
    settings: Settings, paths: tuple[Path, ...], seq: int | None, table: str, as_of: dt.datetime | None, form: str
) -> None:
    """Import bad rows again: from mended files, or (none named) as they were, once what was wrong around them is mended."""
    at = as_of or to_instant(dt.datetime.now(dt.UTC))
    with _bar() as progress:
        reports = quarantine.retry(
            home_of(settings), at, paths=paths, seq=seq, table=table, said_at=as_of is not None, progress=progress
        )
    counts: dict[str, Tally] = {}
    for report in reports:
        for name, tally in report.counts.items():
            counts[name] = counts.get(name, Tally()) + tally
    show(["table", *FATES], ([name, *_fates(tally)] for name, tally in counts.items()), form)
    for report in reports:
        for line in _notes(report):
            click.echo(line, err=True)


@click.command("data")
@click.option("--shop", default="", help="only this shop")
@click.option("--table", default="", help="only this table")
@click.option("--known-at", type=KnownAt(), help="what was held then, by import or time")
@format_option
@click.pass_obj
def data(settings: Settings, shop: str, table: str, known_at: int | dt.datetime | None, form: str) -> None:
    """What the home holds, per shop and table: days covered, days missing between them, rows, rows waiting for their order."""
    home = home_of(settings)
    with holdings.held(home, known_at=known_at, shop=shop, table=table, whole=form != "table") as found:
        show(*fetched(found), form)
    click.echo(f"scope: {home.scope}", err=True)


COMMANDS: list[click.Command] = [bring, imports_group, quarantine_group, data]
