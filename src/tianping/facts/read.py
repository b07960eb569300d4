"""Which files an import is made of, and the readers of their formats."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from tianping.errors import ImportRefused, did_you_mean
from tianping.facts import csvrows
from tianping.facts.batch import Batch, cells
from tianping.facts.mapping import Mapping
from tianping.facts.mapping import load as load_mapping
from tianping.facts.schema import TABLES
from tianping.periods import HOME_ZONE

PARQUET_ROWS = 1 << 18


@dataclass(frozen=True, slots=True)
class Source:
    """One file to import: as `table` (canonical columns), or by its place in a `mapping` (`role`, a name of `mapping.files`).
    `shop` fills a missing shop_id; `zone` is the home's, for times without an offset whose shop has none."""

    path: Path
    table: str = ""
    mapping: Mapping | None = None
    role: str = ""
    shop: str = ""
    zone: str = HOME_ZONE


class Format(NamedTuple):
    """A file format: its column names, trimmed, and its rows in batches. Both raise ImportRefused for a file that is none."""

    headings: Callable[[Path], list[str]]
    batches: Callable[[Path], Iterator[Batch]]


def _parquet(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except pa.ArrowInvalid as error:
        raise ImportRefused(f"{path} is not a Parquet file, or was not written to its end; write it again") from error


def _parquet_headings(path: Path) -> list[str]:
    with _parquet(path) as file:
        return [name.strip() for name in file.schema_arrow.names]


def _parquet_batches(path: Path) -> Iterator[Batch]:
    """A row's line is its number, from 1."""
    with _parquet(path) as file:
        rows, done = max(file.metadata.num_rows, 1), 0
        for block in file.iter_batches(PARQUET_ROWS):
            lines = pa.array(range(done + 1, done + len(block) + 1), pa.int64())
            done += len(block)
            yield Batch(cells(block.columns, lines), [], done / rows)


FORMATS: dict[str, Format] = {
    ".csv": Format(csvrows.headings, csvrows.batches),
    ".parquet": Format(_parquet_headings, _parquet_batches),
}


def format_of(path: Path) -> Format:
    """The reader of a file, by the end of its name."""
    try:
        return FORMATS[path.suffix.lower()]
    except KeyError:
        now = f"export it as {' or '.join(FORMATS)}"
        raise ImportRefused(f"{path}: files of this kind are not read; {now}") from None


def find(paths: Sequence[Path], *, table: str = "", mapping: str = "", shop: str = "", zone: str = HOME_ZONE) -> list[Source]:
    """The sources under `paths` (folders are walked), by path. Raises ImportRefused for a file whose table cannot be known."""
    files = sorted({file for path in paths for file in _walk(path)})
    if not files:
        raise ImportRefused(f"there are no files under {', '.join(map(str, paths))}; name files of facts or a folder of them")
    if mapping:
        return _mapped(files, load_mapping(mapping), shop=shop, zone=zone)
    if table and table not in TABLES:
        raise ImportRefused(f'there is no table "{table}"; {did_you_mean(table, list(TABLES))}')
    return [Source(_readable(file), table or _table_of(file), shop=shop, zone=zone) for file in files]


def _walk(path: Path) -> Iterator[Path]:
    """The file itself, or what is in the folder; there, names beginning with `.` or `_` and READMEs are not facts."""
    if not path.exists():
        raise ImportRefused(f"{path} does not exist; name a file of facts or a folder of them")
    if path.is_file():
        yield path
        return
    for file in path.rglob("*"):
        inside = file.relative_to(path).parts
        if file.is_file() and not any(part.startswith((".", "_")) for part in inside) and not file.name.startswith("README"):
            yield file


def _readable(file: Path) -> Path:
    format_of(file)
    return file


def _table_of(file: Path) -> str:
    """The table a file's name begins with: `orders-2024-03.parquet` is of orders."""
    named = [name for name in TABLES if re.match(rf"{name}(?![a-z])", file.name)]
    if not named:
        now = did_you_mean(re.split(r"[-. ]", file.name)[0], list(TABLES))
        raise ImportRefused(f"{file}: its name does not begin with the name of a table (else say --table or --mapping); {now}")
    return max(named, key=len)


def _mapped(files: list[Path], mapping: Mapping, *, shop: str, zone: str) -> list[Source]:
    found = [Source(_readable(file), mapping=mapping, role=mapping.role_of(file.name), shop=shop, zone=zone) for file in files]
    if not any(source.role for source in found):
        patterns = ", ".join(pattern for part in mapping.files.values() for pattern in part.names)
        raise ImportRefused(f'no file is named as the mapping "{mapping.name}" expects ({patterns}); name their folder')
    return found
