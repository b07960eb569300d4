"""`mapping`: how other people's exports become our tables: listed, shown, proposed."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tianping.cli.show import WIDE, format_option, show
from tianping.facts import guess as guesses
from tianping.facts import mapping as mappings


@click.group("mapping")
def mapping_group() -> None:
    """Mappings: how other people's exports become our tables."""


@mapping_group.command("list")
@format_option
def list_mappings(form: str) -> None:
    """The mappings that come with the program: what they read, by which headings they know it, where the headings are from."""
    columns = ["name", "label_zh", "label_en", "tables", "known_by", "source"]
    show(columns, (_line(mappings.load(name)) for name in mappings.shipped()), form)


def _line(mapping: mappings.Mapping) -> list[object]:
    known_by = [word for part in mapping.files.values() for word in part.headings or part.names]
    tables = list(dict.fromkeys(target.table for target in mapping.tables))
    label = mapping.book.label
    return [mapping.name, label.get("zh", ""), label.get("en", ""), tables, known_by, mapping.book.source]


@mapping_group.command("show")
@click.argument("name")
def show_mapping(name: str) -> None:
    """A mapping's own text: a file to copy, change and give to `import --mapping`."""
    click.echo(mappings.path_of(name).read_text("utf-8"), nl=False)


@mapping_group.command("guess")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--shop", default="SHOP", show_default=True, help="the shop of the rows, where the file does not say it")
@click.option("--rows/--no-rows", default=True, show_default=True, help="show the first rows as facts, on stderr")
def guess(file: Path, shop: str, *, rows: bool) -> None:
    """Propose a mapping for FILE: YAML on stdout to mend and keep; what its first rows would become on stderr."""
    found = guesses.guess(file)
    click.echo(found.text, nl=False)
    for note in _notes(file, found):
        click.echo(note, err=True)
    if rows and not found.lacks:
        for table, columns, data in guesses.facts(file, found.text, shop=shop):
            _print(table, columns, data)


def _print(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """On stderr, so that stdout holds the YAML alone. Times are naive UTC, as the facts keep them."""
    table = Table(*columns, box=None, header_style="bold", pad_edge=False, title=f"{title} (UTC)", title_justify="left")
    for row in rows:
        table.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    console = Console(stderr=True)
    (console if console.is_terminal else Console(stderr=True, width=WIDE)).print(table)


def _notes(file: Path, found: guesses.Guess) -> list[str]:
    if found.fits:
        return [f'{file} is what the mapping "{found.fits}" reads: import it as it is']
    notes = [f"{file}: keep the proposal as a file and import with --mapping, once every line of it is checked"]
    if found.unknown:
        notes.append(f"not recognised: {', '.join(found.unknown)}")
    if found.lacks:
        notes.append(f"nothing in the file is recognised as {', '.join(found.lacks)}: add it, or these rows cannot be facts")
    return notes


COMMANDS: list[click.Command] = [mapping_group]
