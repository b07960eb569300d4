"""The headings of a canonical file → where each of the table's columns stands in it."""

from collections.abc import Sequence

from tianping.errors import ImportRefused, did_you_mean
from tianping.facts.check import Cell
from tianping.facts.formats.batch import position
from tianping.facts.schema import Table

IGNORED = ("_", "x_")
"""Columns so begun are the user's own."""


def canonical(table: Table, headings: Sequence[str], file: str) -> dict[str, Cell]:
    """The cells of `table` in a file with these headings. Raises ImportRefused for a heading that is no column of the table,
    one that stands there twice (also as …_fen and …_yuan), and a key that is missing."""
    found: dict[str, Cell] = {}
    for index, heading in enumerate(headings):
        if heading.startswith(IGNORED):
            continue
        name = _column(table, heading)
        if name is None:
            known = [*table.by_name, *(_yuan(column) for column in table.by_name if column.endswith("_fen"))]
            said = f'the column "{_short(heading)}"' if heading else f"column {index + 1} without a name"
            raise ImportRefused(f"{file}: {table.name} have no such thing as {said}; {did_you_mean(_short(heading), known)}")
        if name in found:
            raise ImportRefused(f'{file}: "{heading}" and "{found[name].heading}" are the same column; keep one of them')
        found[name] = Cell(f"CAST({position(index)} AS VARCHAR)", heading, yuan=heading != name)
    missing = [name for name in table.key if table.by_name[name].required and name not in found]
    if missing:
        raise ImportRefused(f"{file}: {table.name} need their key, the column {', '.join(missing)}; add it and import again")
    return found


def _column(table: Table, heading: str) -> str | None:
    if heading in table.by_name:
        return heading
    fen = heading.removesuffix("_yuan") + "_fen"
    return fen if heading.endswith("_yuan") and fen in table.by_name else None


def _short(heading: str) -> str:
    """The heading on one line, and not too much of it."""
    line = " ".join(heading.split())
    return line if len(line) <= 60 else line[:60] + "…"


def _yuan(column: str) -> str:
    return column.removesuffix("_fen") + "_yuan"
