"""Buyers who asked to be forgotten: where they stand in the tables, and how their rows read afterwards.

An erasure leaves a mark that does not name the buyer: a salted hash, by which rows that come later are known to be theirs.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tianping.facts.engine import name, names, quoted
from tianping.facts.schema import TABLES, Table
from tianping.facts.versions import Version

BUYERS = {
    "orders": "buyer_id", "messages": "buyer_id", "chat_ratings": "buyer_id", "chat_sessions": "buyer_id",
    "live_views": "user_id", "video_plays": "user_id",
}  # fmt: skip
"""The column of each table that says whose row it is; rows that name an order are its buyer's."""
TEXTS = {"cases": ("reason_text",), "reviews": ("text",), "messages": ("text",)}
"""What buyers wrote. Emptied, not null: whether somebody wrote anything is no secret, and figures may count it."""
TRACED = {"parcels": ("waybill",)}
"""Numbers by which somebody else knows the buyer."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One erased buyer: the hash of salt and id, and the name that stands for the id."""

    salt: str
    hash: str
    pseudonym: str

    @classmethod
    def of(cls, buyer: str, salt: str) -> "Mark":
        found = hashlib.sha256((salt + buyer).encode()).hexdigest()
        return cls(salt, found, f"erased-{found[:12]}")


def marks(versions: Iterable[Version]) -> tuple[Mark, ...]:
    """The marks that erasures have left."""
    return tuple(Mark(**version.options) for version in versions if version.kind == "erase")


def word(buyer: str) -> str:
    """The pattern of the id where it stands by itself in a longer text. DuckDB and Python read it alike; its two groups are
    what stands around it (of two ids with one sign between them it finds one)."""
    return rf"(^|[^0-9A-Za-z]){re.escape(buyer)}($|[^0-9A-Za-z])"


def without(text: str, buyer: str, pseudonym: str) -> str:
    """A text in which the id, where it stands by itself, is the pseudonym."""
    return re.sub(rf"(?<![0-9A-Za-z]){re.escape(buyer)}(?![0-9A-Za-z])", pseudonym, text)


def said(column: str, buyer: str, pseudonym: str) -> str:
    """The same in SQL, of a column. Twice: the first time leaves the second of two with one sign between them."""
    of, by = quoted(word(buyer)), quoted(rf"\1{pseudonym}\2")
    return f"regexp_replace(regexp_replace({name(column)}, {of}, {by}, 'g'), {of}, {by}, 'g')"


def belongs(table: Table) -> str:
    """SQL: a row of `table` says that it is of the buyer $buyer, by now $pseudonym where erased before, or of one of the orders
    in `theirs`; "" where none can."""
    tests = [f"coalesce({name(BUYERS[table.name])} IN ($buyer, $pseudonym), false)"] if table.name in BUYERS else []
    tests += ["coalesce(order_id IN (SELECT order_id FROM theirs), false)"] if "order_id" in table.by_name else []
    return " OR ".join(tests)


def says(table: Table) -> str:
    """The column by which a row of `table` says whose it is. Where it is empty, the row is of whom its key is."""
    return "order_id" if "order_id" in table.by_name else BUYERS[table.name]


def telling(table: Table, buyer: str, pseudonym: str) -> str:
    """SQL: a row of `table` holds something of the buyer that `rewritten` would take away."""
    words = [f"coalesce({name(column)} <> '', false)" for column in TEXTS.get(table.name, ())]
    traces = [f"coalesce({name(column)} <> {quoted(pseudonym)}, false)" for column in TRACED.get(table.name, ())]
    ids = [f"coalesce(regexp_matches({name(column)}, {quoted(word(buyer))}), false)" for column in _ids(table)]
    return " OR ".join([*words, *traces, *ids])


def rewritten(table: Table, rows: str, test: str, buyer: str, pseudonym: str) -> str:
    """The SELECT of raw rows with those that pass, a buyer's, made nobody's. An id may hold theirs (`shop-buyer-day`)."""
    cells = {column: said(column, buyer, pseudonym) for column in _ids(table)}
    for column in TRACED.get(table.name, ()):
        cells[column] = f"CASE WHEN {name(column)} IS NOT NULL THEN {quoted(pseudonym)} END"
    for column in TEXTS.get(table.name, ()):
        cells[column] = f"CASE WHEN {name(column)} IS NOT NULL THEN '' END"
    return f"SELECT {_put(cells, '_theirs', '_theirs')} FROM (SELECT *, {test} AS _theirs FROM {rows})"


def replaced(cells: Mapping[str, str], test: str) -> str:
    """SQL: all columns, with these in the place of some where a row passes."""
    put = (f"CASE WHEN {test} THEN {sql} ELSE {name(column)} END AS {name(column)}" for column, sql in cells.items())
    return f"* REPLACE ({', '.join(put)})"


def _put(cells: Mapping[str, str], test: str, helping: str) -> str:
    """The same without the columns that only helped."""
    return replaced(cells, test).replace("*", f"* EXCLUDE ({helping})", 1)


def forgotten(table: Table, rows: str, known: Iterable[Version], state: Callable[[str], str] | None) -> str:
    """The SELECT of new rows in which erased buyers stay erased: rows that name them, rows that hang on an order of theirs in
    `orders_now`, and rows that say neither, of a key that is theirs. `state`: the FROM item of a table as known; None where all
    rows say whose they are."""
    left, buyer = marks(known), BUYERS.get(table.name)
    if not left or not (buyer or table.name in {*TEXTS, *TRACED}):
        return f"SELECT * FROM {rows}"
    cells = dict.fromkeys(TEXTS.get(table.name, ()), "''") | dict.fromkeys(TRACED.get(table.name, ()), "_erased")
    key, theirs = names(table.key), ", ".join(quoted(mark.pseudonym) for mark in left)
    orders = "SELECT order_id, buyer_id FROM orders_now"
    if state:
        orders += f" UNION ALL SELECT order_id, buyer_id FROM {state('orders')} ANTI JOIN orders_now USING (order_id)"
    orders = f"SELECT order_id, buyer_id AS _said FROM ({orders}) WHERE buyer_id IN ({theirs})"
    if buyer:
        cells = {column: _said_by(column, buyer) for column in _ids(table)} | cells | {buyer: "_erased"}
        found = f"SELECT *, {_pseudonym(buyer, left)} AS _said FROM {rows}"
    else:
        found = f"SELECT * FROM {rows} LEFT JOIN ({orders}) USING (order_id)"
    marked = f"SELECT *, _said AS _erased, NULL AS _was FROM ({found})"
    if state:
        said = f"{buyer} AS _was FROM {state(table.name)} WHERE {buyer} IN ({theirs})"
        said = said if buyer else f"_said AS _was FROM {state(table.name)} JOIN ({orders}) USING (order_id)"
        was = f"SELECT {key}, {said} UNION ALL SELECT {key}, _said FROM ({found}) WHERE _said IS NOT NULL"
        whose = f"CASE WHEN {buyer or 'order_id'} IS NULL THEN _was ELSE _said END AS _erased"
        of_key = f"SELECT {key}, any_value(_was) AS _was FROM ({was}) GROUP BY {key}"
        marked = f"SELECT *, {whose} FROM ({found}) LEFT JOIN ({of_key}) USING ({key})"
    put = {column: f"CASE WHEN {name(column)} IS NOT NULL THEN {sql} END" for column, sql in cells.items()}
    return f"SELECT {_put(put, '_erased IS NOT NULL', '_said, _was, _erased')} FROM ({marked})"


def _pseudonym(buyer: str, left: Sequence[Mark]) -> str:
    """SQL: what stands for the buyer of a row, null where nobody asked to be forgotten. All marks share one salt."""
    names = " ".join(f"WHEN {quoted(mark.hash)} THEN {quoted(mark.pseudonym)}" for mark in left)
    return f"CASE sha256(concat({quoted(left[0].salt)}, {name(buyer)})) {names} END"


def _said_by(column: str, buyer: str) -> str:
    """SQL: a column in which the row's own buyer, where the row has one and the id stands by itself, is the pseudonym."""
    around = f"'(^|[^0-9A-Za-z])' || regexp_escape({name(buyer)}) || '($|[^0-9A-Za-z])'"
    return f"coalesce(regexp_replace({name(column)}, {around}, '\\1' || _erased || '\\2', 'g'), {name(column)})"


def _ids(table: Table) -> list[str]:
    """The ids that may name a buyer. That of a shop, a product, an agent is not theirs, though it be the same word: their
    rows would hang on nothing."""
    others = {key for each in TABLES.values() if not belongs(each) for key in each.key}
    return [column.name for column in table.columns if column.type == "id" and column.name not in others]


TOUCHED = tuple(table for table in TABLES.values() if belongs(table))
"""The tables that can hold anything of a buyer."""
