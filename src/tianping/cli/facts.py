"""`import`, `imports`, `quarantine`, `data`: facts in, what came when, what was refused, what is covered."""

import datetime as dt
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from tianping.app import Settings
from tianping.cli.options import Days, KnownAt, Moment, home_of, now
from tianping.cli.show import fetched, format_option, show
from tianping.facts import read, versions
from tianping.facts.formats.locked import Passwords
from tianping.facts.formats.source import called
from tianping.facts.versions import Tally, Version
from tianping.periods import Period
from tianping.policy.load import packs
from tianping.work import holdings
from tianping.work.closing import benchmark
from tianping.work.home import Home
from tianping.work.intake import imports, quarantine, sheets

FATES = ("read", "new", "changed", "unchanged", "waiting", "quarantined")


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
    started = now()
    if as_of is not None and as_of > started:
        raise click.UsageError(f"--as-of {as_of} UTC has not come yet; what is known is known by now")
    at = as_of or started
    home = home_of(settings, create=True)
    with _bar() as bar:
        keys = Passwords(password, bar.ask if sys.stdin.isatty() else None)
        request = imports.Request(paths, at, as_of is not None, table, mapping, shop, covers, passwords=keys)
        report = imports.bring(home, request, progress=bar.tell)
    show(["table", *FATES], ([table, *_fates(tally)] for table, tally in report.counts.items()), form)
    for line in [*_passed_over(paths), *_unused_benchmarks(home, report), *_notes(report)]:
        click.echo(line, err=True)


def _passed_over(paths: tuple[Path, ...]) -> Iterator[str]:
    for path in read.passed_over(paths):
        yield f"{called(path)}: not used: in a folder, names that begin with _ are passed over; name it itself to import it"


def _unused_benchmarks(home: Home, report: imports.Report) -> Iterator[str]:
    """Where benchmarks came: those that stand beside no figure."""
    if report.seq and "benchmarks" in report.counts:
        for platform, metric in benchmark.unused(home, packs()):
            yield f'benchmarks: no pack of "{platform}" has the metric "{metric}"; it is kept, and used once one has'


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
    for table, shops, count in report.lacking:
        more = f" and {count - len(shops)} more shops" if count > len(shops) else ""
        yield f"{', '.join(shops)}{more}: no file here speaks for their {table}, so they are not covered (or say --covers)"
    for file, rows, why in report.stay:
        yield f"{file}: {rows} rows stay in quarantine: {why}"
    if bad := sum(tally.quarantined for tally in report.counts.values()):
        yield f"{bad} rows are in quarantine; see `tianping quarantine list`"
    if report.compacted:
        yield f"small files were merged, by {report.compacted}"
    if report.seq or not report.stay:
        yield f"imported as {report.seq}" if report.seq else "nothing new; the store is as it was"


class Bar(NamedTuple):
    """How far an import is: `tell` it; `ask` for the password of a file without the bar writing over the question."""

    tell: imports.Progress
    ask: Callable[[Path], str]


@contextmanager
def _bar() -> Iterator[Bar]:
    """A bar on stderr, where that is a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield Bar(lambda file, done: None, _ask)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("import", total=1.0)

        def ask(path: Path) -> str:
            bar.stop()
            try:
                return _ask(path)
            finally:
                bar.start()

        yield Bar(lambda file, done: bar.update(task, description=Path(file).name, completed=done), ask)


def _ask(path: Path) -> str:
    return str(click.prompt(f"password of {path.name}", hide_input=True, err=True))


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
    show(columns, ([v.seq, v.at, v.kind, v.undoes, undone.get(v.seq), _files(v), *_fates(_total(v))] for v in known), form)


def _files(version: Version) -> int:
    """Of those that were named, the files that were read."""
    return sum(not one.known for one in version.inputs)


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
    head = [version.seq, version.at, version.kind, version.undoes, versions.undone_by(known).get(seq), first, last]
    columns = ["seq", "at", "kind", "undoes", "undone_by", "first_day", "last_day", "table", "mapping", "files", *FATES]
    tables: dict[str, Tally] = version.counts or {"": Tally()}
    show(columns, ([*head, table, *_read_by(version, table), *_fates(tally)] for table, tally in tables.items()), form)


def _read_by(version: Version, table: str) -> tuple[str, list[str]]:
    """The mappings that read a table in an import, and the names of its files."""
    files = [one for one in version.inputs if table in one.tables]
    mappings = sorted({one.mapping for one in files if one.mapping})
    return ", ".join(mappings) or version.mapping, [Path(one.file).name for one in files]


@imports_group.command("undo")
@click.argument("seq", type=int)
@click.option("--as-of", type=Moment(), help="the moment from which the undo is known; else now")
@click.pass_obj
def undo_import(settings: Settings, seq: int, as_of: dt.datetime | None) -> None:
    """Take an import back. The undo is a new import; what was known before can still be asked for."""
    home = home_of(settings)
    undone = imports.undo(home, seq, at=as_of or now(), said_at=as_of is not None)
    click.echo(f"import {seq} is undone, by {undone.seq}", err=True)
    for file, later in imports.shared(home.versions(), seq):
        click.echo(f"{file}: import {later} named it too and is without it now; import it again if it is to stay", err=True)
    if rows := holdings.clashing(home, seq):
        click.echo(f"{rows} rows in quarantine clashed with what was known then; see `tianping quarantine retry`", err=True)
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
@click.argument("target", metavar="FOLDER", type=click.Path(path_type=Path))
@click.option(
    "--format", "form", type=click.Choice(sheets.FORMS), default="csv", show_default=True, help="xlsx keeps long ids whole"
)
@click.option("--import", "seq", type=int, help="only this import's")
@click.option("--table", default="", help="only this table's")
@click.pass_obj
def export_quarantine(settings: Settings, target: Path, form: str, seq: int | None, table: str) -> None:
    """Bad rows as files to mend, each row with its reasons. Mended, they come in by `quarantine retry`. FOLDER may be one file,
    ending in .csv or .xlsx."""
    written = quarantine.export(home_of(settings), target, form=form, seq=seq, table=table)
    for path, rows in written:
        click.echo(f"{path}: {rows} rows", err=True)
    if any(path.suffix.lower() == ".csv" for path, _ in written):
        click.echo("a spreadsheet rounds long ids in CSV; to mend these rows in one, give --format xlsx", err=True)


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
    at = as_of or now()
    with _bar() as bar:
        reports = quarantine.retry(
            home_of(settings), at, paths=paths, seq=seq, table=table, said_at=as_of is not None, progress=bar.tell
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
