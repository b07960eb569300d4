"""Which files an import is made of, and the readers of their formats."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tianping.errors import ImportRefused, did_you_mean
from tianping.facts import pick
from tianping.facts.formats import columnar, csvrows, jsonlines, workbook
from tianping.facts.formats.batch import Batch
from tianping.facts.formats.locked import Passwords
from tianping.facts.formats.packed import SUFFIXES, inner_suffix
from tianping.facts.formats.source import Source, called
from tianping.facts.mapping import SHOP_IN_NAME, Mapping
from tianping.facts.mapping import load as load_mapping
from tianping.facts.schema import TABLES
from tianping.periods import HOME_ZONE

__all__ = ["Format", "Passwords", "Source", "find", "format_of", "reader"]

PASSED_OVER = re.compile(r"[._]|~\$|README|Thumbs\.db$|desktop\.ini$")
"""How the names of files begin that stand in folders and are no facts."""


class Format(NamedTuple):
    """A file format: its column names, trimmed, and its rows in batches; both raise ImportRefused for a file that is none.
    `sparse`: a null cell was not there at all. `notes` says what of the file is not read."""

    headings: Callable[[Path], list[str]]
    batches: Callable[[Path], Iterator[Batch]]
    sparse: bool = False
    notes: Callable[[Path], str] = lambda path: ""


_TEXT = Format(csvrows.headings, csvrows.batches)
_JSON = Format(jsonlines.headings, jsonlines.batches, sparse=True)
FORMATS: dict[str, Format] = {
    ".csv": _TEXT,
    ".tsv": _TEXT,
    ".txt": _TEXT,
    ".jsonl": _JSON,
    ".ndjson": _JSON,
    ".json": _JSON,
}
"""Formats of text, which may be packed."""

PARQUET = (".parquet",)
WORKBOOKS = (".xlsx", ".xlsm")
EXPORTS = (".csv", ".tsv", ".txt", *WORKBOOKS)
"""In what form back offices export."""


def format_of(path: Path, *, passwords: Passwords | None = None, known: frozenset[str] = frozenset()) -> Format:
    """The reader of a file, by the end of its name. In a workbook the heading is looked for by `known` names."""
    suffix = inner_suffix(path)
    if suffix in FORMATS:
        return FORMATS[suffix]
    if path.suffix.lower() in PARQUET:
        return Format(columnar.headings, columnar.batches)
    if path.suffix.lower() in WORKBOOKS:
        keys = passwords or Passwords()
        return Format(
            partial(workbook.headings, passwords=keys, known=known),
            partial(workbook.batches, passwords=keys, known=known),
            notes=partial(workbook.notes, passwords=keys, known=known),
        )
    known_ends = ", ".join([*FORMATS, *PARQUET, *WORKBOOKS])
    raise ImportRefused(
        f"{path}: files of this kind are not read; export it as one of {known_ends} (text also as {' or '.join(SUFFIXES)})"
    )


def reader(source: Source) -> Format:
    """The reader of a source, which knows what its heading may hold."""
    return format_of(source.path, passwords=source.passwords, known=_names(source))


def _names(source: Source) -> frozenset[str]:
    if source.mapping is None:
        columns = TABLES[source.table].by_name if source.table in TABLES else ()
        return frozenset([*columns, *(f"{column.removesuffix('_fen')}_yuan" for column in columns if column.endswith("_fen"))])
    return pick.names(source.mapping)


def find(
    paths: Sequence[Path],
    *,
    table: str = "",
    mapping: str = "",
    shop: str = "",
    zone: str = HOME_ZONE,
    passwords: Passwords | None = None,
) -> list[Source]:
    """The sources under `paths` (folders are walked), by path. Raises ImportRefused for a file whose table cannot be known."""
    found = {os.path.realpath(file): file for path in reversed(paths) for file in _walk(path)}
    files = sorted(found.values())
    keys = passwords or Passwords()
    if not files:
        raise ImportRefused(f"there are no files under {', '.join(map(str, paths))}; name files of facts or a folder of them")
    if mapping:
        return _mapped(files, load_mapping(mapping), shop=shop, zone=zone, passwords=keys)
    if table and table not in TABLES:
        raise ImportRefused(f'there is no table "{table}"; {did_you_mean(table, list(TABLES))}')
    found_as = [_source(file, table, shop=shop, zone=zone, passwords=keys) for file in files]
    pick.together(source.mapping for source in found_as if source.mapping)
    return found_as


def _walk(path: Path) -> Iterator[Path]:
    """The file itself, or what is in the folder; there, some names are passed over."""
    if path.is_symlink() and not path.exists():
        raise ImportRefused(f"{path} is a link that leads nowhere or round in a circle; mend it or take it away")
    if not path.exists():
        raise ImportRefused(f"{path} does not exist; name a file of facts or a folder of them")
    if path.is_dir():
        yield from _inside(path, frozenset())
    elif path.is_file():
        yield path
    else:
        raise ImportRefused(f"{path} is neither a file nor a folder; name files of facts or a folder of them")


def _inside(folder: Path, above: frozenset[str]) -> Iterator[Path]:
    """The files of a folder and of those in it; links that lead back up are not followed."""
    here = os.path.realpath(folder)
    if here in above:
        return
    for path in sorted(folder.iterdir()):
        if not PASSED_OVER.match(path.name):
            yield from _inside(path, above | {here}) if path.is_dir() else _walk(path)


def passed_over(paths: Sequence[Path]) -> list[Path]:
    """What `find` leaves out of these folders although it may be somebody's export: names that begin with _."""
    found = [(path, path.relative_to(folder)) for folder in paths if folder.is_dir() for path in folder.rglob("_*")]
    seen = [path for path, inside in found if not any(map(PASSED_OVER.match, inside.parts[:-1]))]
    return sorted(path for path in seen if path.is_dir() or inner_suffix(path) in (*EXPORTS, *PARQUET))


def _source(file: Path, table: str, *, shop: str, zone: str, passwords: Passwords) -> Source:
    """A file without a mapping said: of the table that its name begins with, unless its headings are those of one mapping."""
    named = table or _table_of(file)
    straight = Source(_readable(file), named, shop=_whose(file, shop, _prefix(file)), zone=zone, passwords=passwords)
    if table or (named and inner_suffix(file) not in EXPORTS):
        return straight
    try:
        headings = format_of(file, passwords=passwords, known=pick.all_names() | _names(straight)).headings(file)
    except ImportRefused:
        if named:
            return straight  # whoever stages it says what is wrong
        raise
    if named and set(TABLES[named].key) & set(headings):
        return straight
    mapping = pick.pick(str(file), headings)
    if mapping:
        return _role(file, mapping, mapping.role_by(headings), shop=shop, zone=zone, passwords=passwords)
    if named:
        return straight
    now = pick.near(headings) or did_you_mean(re.split(r"[-. ]", file.name)[0], list(TABLES))
    raise ImportRefused(
        f"{file}: its name does not begin with the name of a table, and its headings fit no mapping (else say --table or "
        f"--mapping, or try `tianping mapping guess`); {now}"
    )


def _readable(file: Path) -> Path:
    format_of(file)
    return file


def _table_of(file: Path) -> str:
    """The table a file's name begins with, or "": `orders-2024-03.parquet` and `S1@orders.csv` are of orders."""
    name = called(Path(file.name)).removeprefix(_prefix(file) + "@")
    return max((table for table in TABLES if re.match(rf"{table}(?![a-z])", name)), key=len, default="")


def _prefix(file: Path) -> str:
    """The shop that a file's name says: `S1@orders.csv` is of shop S1."""
    found = re.fullmatch(SHOP_IN_NAME, called(Path(file.name)))
    return found[1].strip() if found else ""


def _whose(file: Path, said: str, named: str) -> str:
    """Whose rows a file holds, where they do not say it. Raises ImportRefused where its name says another shop than --shop."""
    if said and named and said != named:
        raise ImportRefused(
            f'{file} is of shop "{named}" by its name, and --shop says "{said}"; name the file otherwise, or leave --shop out'
        )
    return said or named


def _mapped(files: list[Path], mapping: Mapping, *, shop: str, zone: str, passwords: Passwords) -> list[Source]:
    by_headings = any(part.headings for part in mapping.files.values())
    seen = {file: _headings(file, mapping, passwords) if by_headings else () for file in files}
    roles = {file: mapping.role_of(called(Path(file.name))) or mapping.role_by(headings) for file, headings in seen.items()}
    found = [_role(file, mapping, roles[file], shop=shop, zone=zone, passwords=passwords) for file in files]
    if not any(source.role for source in found):
        if by_headings:
            raise pick.refuse(mapping, str(files[0]), seen[files[0]])
        patterns = ", ".join(pattern for part in mapping.files.values() for pattern in part.names)
        raise ImportRefused(f'no file is named as the mapping "{mapping.name}" expects ({patterns}); name their folder')
    return found


def _headings(file: Path, mapping: Mapping, passwords: Passwords) -> list[str]:
    return format_of(file, passwords=passwords, known=pick.names(mapping)).headings(file)


def _role(file: Path, mapping: Mapping, role: str, *, shop: str, zone: str, passwords: Passwords) -> Source:
    whose = _whose(file, shop, mapping.shop_of(called(Path(file.name))))
    return Source(_readable(file), "", mapping, role, whose, zone, frozenset(mapping.book.empty), passwords)
