"""Mappings: YAML that says how someone else's export becomes our tables. Strict: every mistake is told, with its line."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from tianping.errors import Fault, ImportRefused, did_you_mean
from tianping.facts.schema import TABLES, Table
from tianping.policy.strict import Strict, read
from tianping.policy.yamlio import load as load_yaml

PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
Fault_ = tuple[tuple[str | int, ...], str, str]


class Noted(Strict):
    """`assumed`: what the source leaves open and the mapping fixed. Allowed everywhere, read by people only."""

    note: str = ""
    assumed: bool | str = False


class File(Noted):
    """One kind of file, by the patterns of its `names`. `unused` says why no table is read from it; an `optional` one may be
    missing."""

    names: list[str]
    unused: str = ""
    optional: bool = False


class Join(Noted):
    """At most one row of `file` (in the same folder) for each row: `on` pairs a column at hand with one of that file's.
    Two differing rows for one key send the row to quarantine; no row leaves the columns empty."""

    file: str
    on: dict[str, str]


class When(Noted):
    """Rows of which a column is `empty`, or `present`, or `column` has one of `values`, and the `reason` told for them."""

    reason: str
    empty: str = ""
    present: str = ""
    column: str = ""
    values: list[str] = Field(default_factory=list)

    @property
    def ref(self) -> str:
        return self.empty or self.present or self.column

    @model_validator(mode="after")
    def _one_condition(self) -> "When":
        if sum(map(bool, (self.empty, self.present, self.column))) != 1 or bool(self.column) != bool(self.values):
            raise ValueError("give one condition: empty, or present, or column with values")
        return self


class Value(Noted):
    """Where a column's value comes from: a column (a plain string means that), the first of several that is not empty, several
    `joined` by `by` (empty ones left out), a `text` with {columns} (empty if one is), or a constant `value`."""

    from_: str = Field("", alias="from")
    first: list[str] = Field(default_factory=list)
    joined: list[str] = Field(default_factory=list)
    by: str = " "
    text: str = ""
    value: str | int | bool | None = None
    translate: dict[str, str] = Field(default_factory=dict)
    otherwise: Literal["quarantine", "keep", "empty"] = "quarantine"
    formats: list[str] = Field(default_factory=list)
    unit: Literal["yuan", "fen", ""] = ""
    optional: bool = False

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, data: Any) -> Any:
        if isinstance(data, bool | int | float):
            raise ValueError("YAML reads this as no text; put the column's name in quotes, or write {value: …} for a constant")
        return {"from": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _one_origin(self) -> "Value":
        if sum(map(bool, (self.from_, self.first, self.joined, self.text, self.value is not None))) != 1:
            raise ValueError("give one origin: from, first, joined, text or value")
        return self

    @property
    def refs(self) -> list[str]:
        """The columns it reads."""
        named = [self.from_] if self.from_ else []
        return [*named, *self.first, *self.joined, *PLACEHOLDER.findall(self.text)]


class Target(Noted):
    """One table read from one kind of file. `refuse` sends rows to quarantine, then `skip` leaves rows out that are nothing to
    this table; `once` is the reason for leaving out a row that says the same as an earlier one."""

    table: str
    from_: str = Field(alias="from")
    join: list[Join] = Field(default_factory=list)
    refuse: list[When] = Field(default_factory=list)
    skip: list[When] = Field(default_factory=list)
    once: str = ""
    columns: dict[str, Value]

    @property
    def refs(self) -> list[str]:
        """Every column it reads, plain (of its own file) or `file.column`."""
        joins = [ref for join in self.join for ref in (*join.on, *(f"{join.file}.{right}" for right in join.on.values()))]
        rules = [rule.ref for rule in (*self.refuse, *self.skip)]
        return list(dict.fromkeys([*joins, *rules, *(ref for value in self.columns.values() for ref in value.refs)]))


class Book(Noted):
    """The whole file."""

    name: str
    label: dict[str, str] = Field(default_factory=dict)
    source: str = ""
    files: dict[str, File]
    tables: list[Target]


@dataclass(frozen=True, slots=True)
class Mapping:
    """A checked mapping and the text it was read from."""

    name: str
    text: str
    files: dict[str, File]
    tables: tuple[Target, ...]

    def role_of(self, file: str) -> str:
        """Which of `files` a file is, by its name; "" for none."""
        return next((role for role, part in self.files.items() if any(fnmatch(file, pattern) for pattern in part.names)), "")


def split(ref: str, roles: "dict[str, File]") -> tuple[str, str]:
    """`orders.paid` is (orders, paid) where orders is a file of the mapping; anything else is a column of the own file."""
    role, dot, column = ref.partition(".")
    return (role, column) if dot and role in roles else ("", ref)


def load(name: str) -> Mapping:
    """A mapping by the name of one shipped, or by the path of a file. Raises ImportRefused telling every fault."""
    path = _path(name)
    document = load_yaml(path, name=str(path) if "/" in name else path.name)
    book, faults = read(Book, document)
    if book:
        faults += [Fault(document.file, document.line(place), what, now) for place, what, now in _faults(book)]
    if faults or not book:
        told = "\n".join(str(fault) for fault in faults)
        raise ImportRefused(f"the mapping {name} has {len(faults)} fault(s); mend them and try again:\n{told}")
    return Mapping(book.name, path.read_text("utf-8"), book.files, tuple(book.tables))


def shipped() -> dict[str, Path]:
    """The mappings that come with the program, by name."""
    folder = Path(str(files("tianping") / "mappings"))
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def _path(name: str) -> Path:
    if name in shipped():
        return shipped()[name]
    if Path(name).is_file():
        return Path(name)
    raise ImportRefused(f'there is no mapping "{name}"; {did_you_mean(name, list(shipped()))}, or the path of a YAML file')


def _faults(book: Book) -> Iterator[Fault_]:
    """What the model cannot see: names that name nothing."""
    for index, target in enumerate(book.tables):
        place: tuple[str | int, ...] = ("tables", index)
        if target.table not in TABLES:
            yield (*place, "table"), f'there is no table "{target.table}"', did_you_mean(target.table, list(TABLES))
        else:
            yield from _column_faults(target, TABLES[target.table], place)
        yield from _file_faults(target, book, place)


def _column_faults(target: Target, table: Table, place: tuple[str | int, ...]) -> Iterator[Fault_]:
    for name, value in target.columns.items():
        at = (*place, "columns", name)
        if name not in table.by_name:
            yield at, f'{table.name} have no column "{name}"', did_you_mean(name, list(table.by_name))
        elif table.by_name[name].type == "fen" and not value.unit and value.value is None:
            yield at, f'"{name}" is money without a unit', "add unit: yuan or unit: fen"
    missing = [key for key in table.key if table.by_name[key].required and key not in target.columns]
    if missing:
        yield (*place, "columns"), f"{table.name} need their key: {', '.join(missing)}", "map it"


def _file_faults(target: Target, book: Book, place: tuple[str | int, ...]) -> Iterator[Fault_]:
    at_hand = {target.from_, *(join.file for join in target.join)}
    for name in sorted(at_hand - set(book.files)):
        yield place, f'there is no file "{name}"', did_you_mean(name, list(book.files))
    for ref in target.refs:
        role, _ = split(ref, book.files)
        if role and role not in at_hand:
            yield place, f'"{ref}" reads a file that is not joined here', f"add a join with file: {role}"
