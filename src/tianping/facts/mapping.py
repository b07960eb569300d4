"""Mappings: YAML that says how someone else's export becomes our tables. Strict: every mistake is told, with its line."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from tianping.errors import Fault, ImportRefused, did_you_mean
from tianping.facts.headings import find
from tianping.facts.schema import REASONS, TABLES, Table
from tianping.policy import reasons
from tianping.policy.strict import Strict, read
from tianping.policy.yamlio import load as load_yaml

PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
Fault_ = tuple[tuple[str | int, ...], str, str]
SHOP, LINE = "_shop", "_line"
"""Columns that every file has: the shop given for it, a row's line."""
SHOP_IN_NAME = r"([^@/]+)@.*"
"""`S1@订单.xlsx` is of shop S1."""


class Noted(Strict):
    """`assumed`: what the source leaves open and the mapping fixed. Allowed everywhere, read by people only."""

    note: str = ""
    assumed: bool | str = False


class File(Noted):
    """One kind of file, known by the patterns of its `names`, or by `headings` it must have (and others it must be `without`):
    then its other columns may be missing. `unused` says why no table is read from it; an `optional` one may be missing."""

    names: list[str] = Field(default_factory=list)
    headings: list[str] = Field(default_factory=list)
    without: list[str] = Field(default_factory=list)
    unused: str = ""
    optional: bool = False

    @model_validator(mode="after")
    def _known_by_something(self) -> "File":
        if not self.names and not self.headings:
            raise ValueError("say by which names or headings the file is known")
        return self

    def lacks(self, headings: Sequence[str]) -> list[str]:
        """Which of the headings it is known by are not there."""
        return [column for column in self.headings if find(column, headings) is None]

    def fits(self, headings: Sequence[str]) -> bool:
        """Whether a file with these headings is one."""
        has = [column for column in self.without if find(column, headings) is not None]
        return bool(self.headings) and not self.lacks(headings) and not has


class Join(Noted):
    """At most one row of `file` (in the same folder) for each row: `on` pairs a column at hand with one of that file's.
    Two differing rows for one key send the row to quarantine; no row leaves the columns empty."""

    file: str
    on: dict[str, str]


class When(Noted):
    """Rows of which a column is `empty`, or `present`, or `column` has one of `values` or `matches` a pattern from end to end;
    and the `reason` told for them. `column` may be several in braces: `{Quantity}{UnitPrice}`."""

    reason: str
    empty: str = ""
    present: str = ""
    column: str = ""
    values: list[str] = Field(default_factory=list)
    matches: str = ""

    @property
    def ref(self) -> str:
        return self.refs[0]

    @property
    def refs(self) -> list[str]:
        """The columns it reads."""
        named = self.empty or self.present or self.column
        return PLACEHOLDER.findall(named) or [named]

    @model_validator(mode="after")
    def _one_condition(self) -> "When":
        if sum(map(bool, (self.empty, self.present, self.column))) != 1 or bool(self.column) != bool(
            self.values or self.matches
        ):
            raise ValueError("give one condition: empty, or present, or column with values or matches")
        return self


class Value(Noted):
    """Where a column's value comes from: a column (a plain string means that), the first of several that is not empty, several
    `joined` by `by` (empty ones left out), a `text` with {columns} (empty if one is), several multiplied (`times`), or a
    constant `value`. Then, in this order: the group of a `pattern`; only `where` other columns have one of these words ("*":
    any); translated by these words, or by those of the platform's pack, `otherwise` saying what becomes of other words (`tell`:
    `default`, and told at the import); `missing` for an empty cell; for an empty key the `digest` of several columns, empty
    ones too; the `positive` or `negative` part of a number. `of_shop`: an id that only its shop knows (a title, a merchant's
    own code), so the row's shop stands before it (`S1/KH-01`)."""

    from_: str = Field("", alias="from")
    first: list[str] = Field(default_factory=list)
    joined: list[str] = Field(default_factory=list)
    by: str = " "
    text: str = ""
    times: list[str] = Field(default_factory=list)
    value: str | int | bool | None = None
    pattern: str = ""
    where: dict[str, list[str]] = Field(default_factory=dict)
    translate: dict[str, str] = Field(default_factory=dict)
    pack: Literal["reasons", ""] = ""
    otherwise: Literal["quarantine", "keep", "empty", "tell"] = "quarantine"
    default: str = ""
    missing: str = ""
    digest: list[str] = Field(default_factory=list)
    formats: list[str] = Field(default_factory=list)
    unit: Literal["yuan", "fen", ""] = ""
    part: Literal["positive", "negative", ""] = ""
    of_shop: bool = False
    optional: bool = False

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, data: Any) -> Any:
        if isinstance(data, bool | int | float):
            raise ValueError("YAML reads this as no text; put the column's name in quotes, or write {value: …} for a constant")
        return {"from": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _one_origin(self) -> "Value":
        given = (self.from_, self.first, self.joined, self.text, self.times, self.value is not None)
        if sum(map(bool, given)) != 1:
            raise ValueError("give one origin: from, first, joined, text, times or value")
        if self.translate and self.pack:
            raise ValueError("give translate, or pack; not both")
        return self

    @property
    def refs(self) -> list[str]:
        """The columns its value is made of."""
        named = [self.from_] if self.from_ else []
        return [*named, *self.first, *self.joined, *self.times, *PLACEHOLDER.findall(self.text)]


class Split(Noted):
    """A cell of several values parted by one of the signs in `by`: a row for each."""

    column: str
    by: str


class Target(Noted):
    """One table read from one kind of file. `refuse` sends rows to quarantine, then `skip` leaves rows out that are nothing to
    this table; `once` is the reason for leaving out a row that says the same as an earlier one, or, with `newest`, a row of the
    same key as one with a later value there. A file without a column it `needs` gives no such rows. `covers: false`: the file
    brings some rows of the table, not all of its days. `dates: false`: it has all of them, but is not of the days that they
    say (parcels of the orders of a week are sent in the next)."""

    table: str
    from_: str = Field(alias="from")
    needs: list[str] = Field(default_factory=list)
    split: Split | None = None
    join: list[Join] = Field(default_factory=list)
    refuse: list[When] = Field(default_factory=list)
    skip: list[When] = Field(default_factory=list)
    once: str = ""
    newest: str = ""
    covers: bool = True
    dates: bool = True
    columns: dict[str, Value]

    @model_validator(mode="after")
    def _reason_for_newest(self) -> "Target":
        if self.newest and not self.once:
            raise ValueError("newest needs once: the reason told for the rows left out")
        return self

    @property
    def refs(self) -> list[str]:
        """Every column it reads, plain (of its own file) or `file.column`."""
        joins = [ref for join in self.join for ref in (*join.on, *(f"{join.file}.{right}" for right in join.on.values()))]
        rules = [ref for rule in (*self.refuse, *self.skip) for ref in rule.refs]
        values = [ref for value in self.columns.values() for ref in (*value.refs, *value.digest, *value.where)]
        return list(dict.fromkeys([*joins, *rules, *values, *([self.newest] if self.newest else [])]))


class Book(Noted):
    """The whole file. `platform`: whose words the reasons are in. `empty`: words that stand for an empty cell. `prefix`: put
    before every id but a shop's. `shop_in_name`: the pattern by which a file's name says its shop. `not_with`: mappings that
    read the same orders from another export."""

    name: str
    label: dict[str, str] = Field(default_factory=dict)
    source: str = ""
    platform: str = ""
    empty: list[str] = Field(default_factory=list)
    prefix: str = ""
    shop_in_name: str = SHOP_IN_NAME
    not_with: list[str] = Field(default_factory=list)
    files: dict[str, File]
    tables: list[Target]


@dataclass(frozen=True, slots=True)
class Mapping:
    """A checked mapping. `text` is all that it depends on: the file it was read from and the words of its platform's pack."""

    name: str
    text: str
    book: Book
    reasons: dict[str, str] = field(default_factory=dict)

    @property
    def files(self) -> dict[str, File]:
        return self.book.files

    @property
    def tables(self) -> list[Target]:
        return self.book.tables

    def role_of(self, file: str) -> str:
        """Which of `files` a file is, by its name; "" for none."""
        return next((role for role, part in self.files.items() if any(fnmatch(file, pattern) for pattern in part.names)), "")

    def role_by(self, headings: Sequence[str]) -> str:
        """Which of `files` a file is, by its headings; "" for none."""
        return next((role for role, part in self.files.items() if part.fits(headings)), "")

    def shop_of(self, file: str) -> str:
        """The shop that a file's name says, or ""."""
        found = re.fullmatch(self.book.shop_in_name, file)
        return found[1].strip() if found else ""


def split(ref: str, roles: "dict[str, File]") -> tuple[str, str]:
    """`orders.paid` is (orders, paid) where orders is a file of the mapping; anything else is a column of the own file."""
    role, dot, column = ref.partition(".")
    return (role, column) if dot and role in roles else ("", ref)


def load(name: str) -> Mapping:
    """A mapping by the name of one shipped, or by the path of a file. Raises ImportRefused telling every fault."""
    path = path_of(name)
    document = load_yaml(path, name=str(path) if "/" in name else path.name)
    book, faults = read(Book, document)
    if book:
        faults += [Fault(document.file, document.line(place), what, now) for place, what, now in _faults(book)]
    if faults or not book:
        told = "\n".join(str(fault) for fault in faults)
        raise ImportRefused(f"the mapping {name} has {len(faults)} fault(s); mend them and try again:\n{told}")
    packed = any(value.pack for target in book.tables for value in target.columns.values())
    words = dict(reasons.words(book.platform)) if packed else {}
    if strange := sorted({*words.values()} - {*REASONS}):
        now = did_you_mean(strange[0], list(REASONS))
        raise ImportRefused(
            f"the packs translate words into what is no reason: {', '.join(strange)}; mend their `reasons:`; {now}"
        )
    text = path.read_text("utf-8") + (json.dumps(words, sort_keys=True) if packed else "")
    return Mapping(book.name, text, book, words)


def shipped() -> dict[str, Path]:
    """The mappings that come with the program, by name."""
    folder = Path(str(files("tianping") / "mappings"))
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def path_of(name: str) -> Path:
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
    yield from _name_faults(book)
    yield from _pattern_faults(book)


def _name_faults(book: Book) -> Iterator[Fault_]:
    """Names of files stand in columns' names and in SQL: they are words."""
    for role in book.files:
        if not re.fullmatch(r"\w+", role):
            yield ("files", role), f'"{role}" is no name for a file', "write one word of letters, digits and _"


def _pattern_faults(book: Book) -> Iterator[Fault_]:
    patterns: list[tuple[tuple[str | int, ...], str]] = [(("shop_in_name",), book.shop_in_name)]
    for index, target in enumerate(book.tables):
        patterns += [(("tables", index, "columns", name, "pattern"), value.pattern) for name, value in target.columns.items()]
        patterns += [(("tables", index, "skip", n, "matches"), rule.matches) for n, rule in enumerate(target.skip)]
    for place, pattern in patterns:
        try:
            groups = re.compile(pattern).groups
        except re.error as error:
            yield place, f'"{pattern}" is no pattern: {error}', "mend it"
            continue
        if pattern and place[-1] != "matches" and groups < 1:
            yield place, f'"{pattern}" has no group', "put what is wanted in round brackets"


def _column_faults(target: Target, table: Table, place: tuple[str | int, ...]) -> Iterator[Fault_]:
    for name, value in target.columns.items():
        at = (*place, "columns", name)
        if name not in table.by_name:
            yield at, f'{table.name} have no column "{name}"', did_you_mean(name, list(table.by_name))
        elif table.by_name[name].type == "fen" and not value.unit and value.value is None:
            yield at, f'"{name}" is money without a unit', "add unit: yuan or unit: fen"
        elif table.by_name[name].values == REASONS and value.translate:
            yield at, f'"{name}" is translated by packs only', "write pack: reasons, and put new words into the pack's reasons"
        elif value.of_shop and (table.by_name[name].type != "id" or name == "shop_id" or "shop_id" not in target.columns):
            yield at, f'"{name}" is no id beside a shop_id of these rows', "map shop_id, or take of_shop away"
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
