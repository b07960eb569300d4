"""A mapping proposed for an unknown export: what its headings are called elsewhere, and what its first rows look like.

Nothing here decides: the proposal is a file for a person to read, mend and keep.
"""

import csv
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tianping.facts import engine, pick, read, stage
from tianping.facts.headings import plain
from tianping.facts.mapping import SHOP, Value, load, shipped
from tianping.facts.schema import TABLES, Column, Table
from tianping.facts.synonyms import COMMON

ROWS = 200
"""Rows looked at."""
SHOWN = 10
"""Rows shown as facts."""
_TIMES = {"%d/%m/%Y %H:%M": r"\d\d/\d\d/\d{4} \d\d?:\d\d", "%Y.%m.%d %H:%M": r"\d{4}\.\d\d?\.\d\d? \d\d?:\d\d",
          "%Y年%m月%d日 %H:%M": r"\d{4}年\d\d?月\d\d?日 \d\d?:\d\d"}  # fmt: skip
_BRACKETS = re.compile(r"[（(].*?[）)]")
_EMPTY = ("-", "--", "—", "/", "无")
MAIN = ("cases", "orders", "reviews", "parcels", "messages", "chat_ratings", "chat_sessions", "products", "shops")
"""Tables a file may be of; of two that fit equally the first."""


class Known(NamedTuple):
    """What a heading is called in a shipped mapping."""

    table: str
    column: str
    value: Value


@dataclass(frozen=True, slots=True)
class Guess:
    """`fits`: the shipped mapping that reads the file as it is, or "". `text`: YAML. `lacks`: columns a fact needs that were
    not recognised. `unknown`: headings that were not."""

    fits: str
    text: str
    lacks: tuple[str, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person has a file be: of which table, which heading is which column (column → heading), and what words in cells
    mean (column → word → value)."""

    table: str
    columns: Mapping[str, str]
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sample:
    """The beginning of a file."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]

    def values(self, heading: str) -> list[str]:
        """The different values of a column that is not empty, in their order."""
        at = list(self.headings).index(heading)
        return list(dict.fromkeys(row[at].strip() for row in self.rows if row[at].strip() not in ("", *_EMPTY)))


def sample(path: Path) -> Sample:
    """The first rows of a file of any format that can be imported."""
    form = read.format_of(path, known=pick.all_names())
    headings = form.headings(path)
    rows: list[list[str]] = []
    for batch in form.batches(path):
        columns = [column.to_pylist() for column in batch.cells.slice(0, ROWS - len(rows)).columns[:-1]]
        rows += [["" if cell is None else str(cell) for cell in row] for row in zip(*columns, strict=True)]
        if len(rows) >= ROWS:
            break
    return Sample(headings, rows)


@lru_cache
def _elsewhere() -> Mapping[str, tuple[Known, ...]]:
    """Plain heading → what the shipped mappings and our own tables call it."""
    found: dict[str, list[Known]] = {}
    for table in TABLES.values():
        for column in table.by_name:
            found.setdefault(plain(column.replace("_", " ")), []).append(
                Known(table.name, column, Value.model_validate(column))
            )
            found.setdefault(plain(column), []).append(Known(table.name, column, Value.model_validate(column)))
    for mapping in map(load, shipped()):
        for target in mapping.tables if any(part.headings for part in mapping.files.values()) else ():
            for column, value in target.columns.items():
                for ref in (*([value.from_] if value.from_ else ()), *value.first):
                    for name in ref.split("|"):
                        found.setdefault(plain(name), []).append(Known(target.table, column, value))
    return {name: tuple(known) for name, known in found.items()}


def _columns(table: str, headings: Sequence[str]) -> dict[str, tuple[str, Known]]:
    """Column → the heading that is called so elsewhere, else commonly. Each heading once, each column once; of several columns
    that a heading is called elsewhere, one that a fact needs."""
    found: dict[str, tuple[str, Known]] = {}
    columns = TABLES[table].by_name
    for heading in headings:
        named = [known for known in _elsewhere().get(plain(heading), ()) if known.table == table]
        for known in sorted(named, key=lambda known: not columns[known.column].required):
            if known.column not in found and known.column != "updated_at" and not known.value.where:
                found[known.column] = (heading, known)
                break
    taken = {heading for heading, _ in found.values()}
    bare = {plain(_BRACKETS.sub("", heading)): heading for heading in reversed(headings) if heading not in taken}
    for column, names in COMMON.get(table, {}).items():
        heading = next((bare[plain(name)] for name in names.split() if plain(name) in bare), "")
        if heading and column not in found and heading not in {used for used, _ in found.values()}:
            found[column] = (heading, Known(table, column, Value.model_validate(heading)))
    return found


def _needed(table: Table, found: Mapping[str, object]) -> list[str]:
    """Columns a row of the table cannot be without, and that nothing here gives; keys of parcels and reviews are derived."""
    derived = {"parcel_id", "review_id", "reason", "platform"} | ({"shop_id"} - set(table.key))
    return [column.name for column in table.columns if column.required and column.name not in {*found, *derived}]


def guess(path: Path) -> Guess:
    """A proposal for the file. Raises ImportRefused for a file that cannot be read at all."""
    seen = sample(path)
    if fitting := pick.candidates(seen.headings):
        name = fitting[0].name
        return Guess(name, shipped()[name].read_text("utf-8"), (), ())
    main = _main(seen)
    return _proposal(path, seen, main, _columns(main, seen.headings), {})


def first_choice(path: Path) -> Choice:
    """What `guess` proposes, for a person to change."""
    seen = sample(path)
    main = _main(seen)
    return Choice(main, {column: heading for column, (heading, _) in _columns(main, seen.headings).items()})


def choice_for(path: Path, table: str) -> Choice:
    """What would be proposed for the file if it were of this table."""
    found = _columns(table, sample(path).headings)
    return Choice(table, {column: heading for column, (heading, _) in found.items()})


def chosen(path: Path, choice: Choice) -> Guess:
    """The mapping by what a person has chosen; headings that the file has not are passed over."""
    seen = sample(path)
    known = TABLES[choice.table].by_name
    found = {
        column: (heading, _known_as(choice.table, column, heading))
        for column, heading in choice.columns.items()
        if column in known and heading in seen.headings
    }
    return _proposal(path, seen, choice.table, found, choice.words)


def _known_as(table: str, column: str, heading: str) -> Known:
    """What the heading is elsewhere, where it is this column there."""
    elsewhere = (known for known in _elsewhere().get(plain(heading), ()) if (known.table, known.column) == (table, column))
    return next((known for known in elsewhere if not known.value.where), Known(table, column, Value.model_validate(heading)))


def _main(seen: Sample) -> str:
    """The table that the file is likely of."""
    by_table = {table: _columns(table, seen.headings) for table in MAIN}
    return max(MAIN, key=lambda table: (not _needed(TABLES[table], by_table[table]), len(by_table[table])))


def _proposal(
    path: Path,
    seen: Sample,
    main: str,
    found: dict[str, tuple[str, Known]],
    words: Mapping[str, Mapping[str, str]],
) -> Guess:
    """The mapping of a file to `main`, and to what an order's line says besides of products and parcels."""
    tables = {main: found}
    for table in ("products", "parcels") if main == "orders" else ():
        also = _columns(table, seen.headings)
        tables |= {table: also} if not _needed(TABLES[table], also) else {}
    used = {heading for columns in tables.values() for heading, _ in columns.values()}
    unknown = tuple(heading for heading in seen.headings if heading not in used)
    book = _book(path, main, tables, seen)
    for column, said in words.items():
        _translate(book["tables"][0]["columns"], column, said)
    return Guess("", _yaml(book, unknown), tuple(_needed(TABLES[main], found)), unknown)


def _translate(columns: dict[str, Any], column: str, words: Mapping[str, str]) -> None:
    """Have a column's words mean what a person says."""
    value = columns.get(column)
    if value is None or not words:
        return
    said: dict[str, Any] = {"from": value} if isinstance(value, str) else value
    columns[column] = said | {"translate": {**said.get("translate", {}), **words}}


def _book(path: Path, main: str, tables: Mapping[str, dict[str, tuple[str, Known]]], seen: Sample) -> dict[str, Any]:
    keys = [found[0] for column, found in tables[main].items() if TABLES[main].by_name[column].required]
    return {
        "name": re.sub(r"\W+", "_", path.stem).strip("_").lower() or "export",
        "label": {"zh": path.stem, "en": path.stem},
        "source": "guessed from headings and first rows; read it before you trust it",
        "empty": [word for word in _EMPTY if any(word in map(str.strip, row) for row in seen.rows)],
        "files": {"rows": {"headings": keys or list(seen.headings[:1])}},
        "tables": [_target(table, found, seen) for table, found in tables.items()],
    }


def _target(table: str, found: Mapping[str, tuple[str, Known]], seen: Sample) -> dict[str, Any]:
    target: dict[str, Any] = {"table": table, "from": "rows"}
    columns = {
        column: _value(TABLES[table].by_name[column], heading, known, seen) for column, (heading, known) in found.items()
    }
    if table == "products":
        times = [
            heading for heading in seen.headings if any(k.column == "created_at" for k in _elsewhere().get(plain(heading), ()))
        ]
        target |= {"once": "the product on another line"} | ({"newest": times[0]} if times else {})
        columns |= {"updated_at": times[0]} if times else {}
    if table == "parcels":
        shipped_at, order = found["shipped_at"][0], found["order_id"][0]
        waybill = [found["waybill"][0]] if "waybill" in found else []
        target |= {
            "dates": False,
            "needs": [shipped_at, *waybill],
            "skip": [{"empty": shipped_at, "reason": "not shipped yet"}],
        }
        columns = {"parcel_id": {"joined": [order, *waybill], "by": "-"}} | columns
    if table == "reviews" and "review_id" not in columns:
        columns = {
            "review_id": {"joined": [found[name][0] for name in ("order_id", "reviewed_at") if name in found], "by": "-"}
        } | columns
    if table == "cases" and "reason" in found:
        columns["reason_words"] = found["reason"][0]
    elif table == "cases":
        columns["reason"] = {"value": "other", "assumed": "the file gives no reason"}
    if "shop_id" in TABLES[table].by_name and "shop_id" not in columns:
        columns["shop_id"] = SHOP
    return target | {"columns": columns}


def _value(column: Column, heading: str, known: Known, seen: Sample) -> Any:
    """The value as the mapping file says it; a plain heading where nothing needs to be said."""
    said: dict[str, Any] = {"from": heading} | dict(_said(column, known, seen.values(heading)))
    return heading if len(said) == 1 else said


def _said(column: Column, known: Known, values: Sequence[str]) -> Iterator[tuple[str, Any]]:
    if column.type == "fen":
        yield "unit", known.value.unit or "yuan"
    if known.value.of_shop:
        yield "of_shop", True
    if column.name in ("reason", "reason_now"):
        yield from {"pack": "reasons", "default": "other", "missing": "other"}.items()
    elif column.values and set(values) - set(column.values):
        words = usual_words(column.name)
        strange = [word for word in values if word not in words]
        yield "translate", {word: words[word] for word in values if word in words}
        yield (
            "assumed",
            f"as other exports use the words; add: {', '.join(strange)}" if strange else "as other exports use the words",
        )
    if column.type == "time" and (form := _form(values)):
        yield "formats", [form]


@lru_cache
def usual_words(column: str) -> dict[str, str]:
    """The words that shipped mappings translate for a column."""
    all_known = (known.value.translate for each in _elsewhere().values() for known in each if known.column == column)
    return {word: ours for translate in all_known for word, ours in translate.items()}


def _form(values: Sequence[str]) -> str:
    return next((form for form, pattern in _TIMES.items() if values and all(re.match(pattern, value) for value in values)), "")


def _yaml(book: Mapping[str, Any], unknown: Sequence[str]) -> str:
    head = f"# Not recognised, and left out: {', '.join(unknown)}\n" if unknown else ""
    return head + yaml.safe_dump(dict(book), allow_unicode=True, sort_keys=False, width=120, default_flow_style=None)


def facts(path: Path, text: str, *, shop: str) -> Iterator[tuple[str, list[str], list[tuple[Any, ...]]]]:
    """The first rows of the file as a mapping makes them facts: (table, columns with a value, rows), quarantine last."""
    seen = sample(path)
    with tempfile.TemporaryDirectory() as scratch:
        rows, rules, folder = Path(scratch) / f"{path.stem}.csv", Path(scratch) / "guess.yaml", Path(scratch) / "out"
        rules.write_text(text, "utf-8")
        with rows.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([seen.headings, *seen.rows[:SHOWN]])
        with engine.connect(Path(scratch) / "spill") as con:
            con.execute("CREATE SCHEMA known; CREATE TABLE known.shops(shop_id VARCHAR, timezone VARCHAR)")
            con.execute("CREATE TABLE known.orders(order_id VARCHAR, shop_id VARCHAR)")
            staged = stage.stage(con, read.find([rows], mapping=str(rules), shop=shop), folder)
            for table in [*staged.tables, "quarantine"]:
                if paths := staged.parquet(table):
                    hidden = "file, row" if table == "quarantine" else "_clears, _given, _zone, _part, _line"
                    found = con.execute(f"SELECT * EXCLUDE ({hidden}) FROM {engine.parquet(paths)} ORDER BY ALL LIMIT {SHOWN}")
                    names, data = [str(column[0]) for column in found.description or ()], found.fetchall()
                    full = [index for index, _ in enumerate(names) if any(row[index] is not None for row in data)]
                    yield table, [names[index] for index in full], [tuple(row[index] for index in full) for row in data]
