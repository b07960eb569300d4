"""Printing data: a table for people, one JSON array, or CSV; streamed, and nothing else on stdout."""

import csv
import datetime as dt
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import click
import duckdb
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tianping.periods import HOME_ZONE

WIDE = 1000
"""Columns of a table that is not shown on a terminal: nothing is folded or cut."""
PAGE = 2000
"""Rows of a people's table that are laid out together."""

Rows = Iterable[Sequence[Any]]

format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv"]),
    default="table",
    show_default=True,
    help="how data is printed",
)


def show(columns: Sequence[str], rows: Rows, form: str) -> None:
    """Print rows in one of the three formats. Times (naive UTC) are shown in the home's zone."""
    _PRINTERS[form](columns, rows)


def paper() -> Console:
    """Where pages for people go. Into a file or pipe they are as wide as a page needs, whatever the terminal."""
    return Console() if sys.stdout.isatty() else Console(width=160)


def fetched(found: duckdb.DuckDBPyConnection) -> tuple[list[str], Iterator[Sequence[Any]]]:
    """Column names and rows of an executed query, batch by batch."""

    def rows() -> Iterator[Sequence[Any]]:
        while block := found.fetchmany(PAGE):
            yield from block

    return [str(column[0]) for column in found.description or ()], rows()


def plain(value: Any) -> Any:
    """What JSON can say: times as ISO with the offset of the home's zone."""
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=dt.UTC).astimezone(ZoneInfo(HOME_ZONE)).isoformat()
    return value.isoformat() if isinstance(value, dt.date) else value


def _number(value: Any) -> Any:
    """A decimal of at most six places as a JSON number; a float says it exactly up to 15 digits, which no figure passes."""
    return float(value) if isinstance(value, Decimal) else str(value)


def _text(value: Any) -> str:
    if value is None:
        return ""
    said = plain(value)
    return " ".join(map(str, said)) if isinstance(said, list | tuple) else str(said)


def _table(columns: Sequence[str], rows: Rows) -> None:
    console, left = Console(width=None if sys.stdout.isatty() else WIDE), iter(rows)
    block = list(islice(left, PAGE))
    while True:
        table = Table(*columns, box=None, header_style="bold", pad_edge=False)
        for row in block:
            table.add_row(*(Text(_text(value)) for value in row))
        console.print(table)
        block = list(islice(left, PAGE))
        if not block:
            return


def _json(columns: Sequence[str], rows: Rows) -> None:
    click.echo("[", nl=False)
    for number, row in enumerate(rows):
        one = dict(zip(columns, map(plain, row), strict=True))
        click.echo((",\n" if number else "\n") + json.dumps(one, ensure_ascii=False, default=_number), nl=False)
    click.echo("\n]")


def _csv(columns: Sequence[str], rows: Rows) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_text(value) for value in row] for row in rows)


_PRINTERS: dict[str, Callable[[Sequence[str], Rows], None]] = {"table": _table, "json": _json, "csv": _csv}
